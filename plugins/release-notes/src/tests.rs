use holdpoint_sdk::{Document as _, FaultCode, Release, ReleaseBuilder};

use crate::{ReleaseNotes, Settings};

fn release() -> ReleaseBuilder {
    Release::builder()
        .previous("1.3.0")
        .version("1.4.0")
        .circumstances(|circumstances| circumstances.time = 1_795_474_800)
}

fn notes(release: ReleaseBuilder, settings: &Settings) -> String {
    let edits = ReleaseNotes::render(&release.build(), settings).expect("it can decide");
    assert_eq!(edits[0].path, settings.path);
    edits[0].content.text().to_owned()
}

#[test]
fn entries_are_grouped_by_type_and_scope_and_breaking_changes_come_first() {
    let release = release()
        .commit("fix(cli): count from one")
        .commit("feat(cli): second")
        .commit("feat(api): <b>third</b> by @ada")
        .commit("feat: first")
        .commit("feat(api): fourth")
        .commit("docs: tell it")
        .commit("made it faster")
        .commit("chore(deps)!: drop it\n\nBREAKING CHANGE: use [another](https://example.com)")
        .merge("Merge branch 'x'");
    assert_eq!(
        notes(release, &Settings::default()),
        "# 1.4.0 (2026-11-23)\n\n## Breaking changes\n\n- **deps:** drop it – use \
         `[another](https://example.com)`\n\n## Features\n\n- first\n- **api:** fourth\n\
         - **api:** &lt;b&gt;third&lt;/b&gt; by `@ada`\n- **cli:** second\n\n## Fixes\n\n\
         - **cli:** count from one\n\n## Documentation\n\n- tell it\n\n## Other changes\n\n\
         - made it faster\n"
    );
}

#[test]
fn commits_issues_and_the_comparison_are_linked() {
    let settings = Settings {
        repository: Some("https://github.com/a/b".to_owned()),
        ..Settings::default()
    };
    assert_eq!(
        notes(release().commit("fix: close #7"), &settings),
        "# 1.4.0 (2026-11-23)\n\n\
         [All changes since 1.3.0](https://github.com/a/b/compare/v1.3.0...v1.4.0)\n\n## Fixes\n\n\
         - close [#7](https://github.com/a/b/issues/7) \
         ([`0000000000`](https://github.com/a/b/commit/0000000000000000000000000000000000000001))\n"
    );
}

#[test]
fn a_release_without_a_version_has_notes_all_the_same() {
    let without = |release: ReleaseBuilder| release.subject(|subject| subject.version = None);
    assert_eq!(
        notes(
            without(release()).merge("Merge branch 'x'"),
            &Settings::default()
        ),
        "# Changes since 1.3.0\n\nNo notable changes.\n"
    );
    let first = without(release()).subject(|subject| subject.previous = None);
    assert!(notes(first, &Settings::default()).starts_with("# Changes\n"));
}

#[test]
fn people_are_named_once_when_asked_for() {
    let settings = Settings {
        authors: true,
        ..Settings::default()
    };
    let release = release()
        .commit("fix: a")
        .commit_with("fix: b", |commit, _| commit.author = "@b <i>".to_owned())
        .commit("fix: c");
    let notes = notes(release, &settings);
    assert!(
        notes.ends_with("\n## Contributors\n\n- Ada Author\n- `@b` &lt;i&gt;\n"),
        "{notes}"
    );
}

#[test]
fn more_than_the_bound_is_counted_and_others_can_be_left_out() {
    let settings = Settings {
        entries_max: 1,
        other_title: String::new(),
        ..Settings::default()
    };
    let release = release()
        .commit("fix: a")
        .commit("fix: b")
        .commit("left out");
    let notes = notes(release, &settings);
    assert!(
        notes.ends_with("\n## Fixes\n\n- b\n- … and 1 more change\n"),
        "{notes}"
    );
}

#[test]
fn settings_that_make_no_sense_are_a_fault() {
    let fault = |settings| {
        ReleaseNotes::render(&release().build(), &settings)
            .expect_err("it cannot decide")
            .code
    };
    let repository = Some("https://github.com/a b".to_owned());
    assert_eq!(
        fault(Settings {
            repository,
            ..Settings::default()
        }),
        Some(FaultCode::Settings)
    );
    assert_eq!(
        fault(Settings {
            repository: Some("https://github.com/a/b".to_owned()),
            tag: "(".to_owned(),
            ..Settings::default()
        }),
        Some(FaultCode::Settings)
    );
}
