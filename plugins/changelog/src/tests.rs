use holdpoint_sdk::{Document as _, Edit, FaultCode, Release, ReleaseBuilder};

use crate::{Changelog, Settings};

/// 2026-11-23, an hour before midnight in UTC.
const TIME: i64 = 1_795_474_800;

fn release() -> ReleaseBuilder {
    Release::builder()
        .previous("1.3.0")
        .version("1.4.0")
        .circumstances(|circumstances| circumstances.time = TIME)
}

fn edits(release: ReleaseBuilder, settings: &Settings) -> Vec<Edit> {
    Changelog::render(&release.build(), settings).expect("it can decide")
}

/// What becomes of a file when `feat: add a button` is released.
fn released(old: &str) -> String {
    let release = release()
        .commit("feat: add a button")
        .file("CHANGELOG.md", old);
    let edits = edits(release, &Settings::default());
    let [edit] = edits.as_slice() else {
        panic!("{edits:?}")
    };
    edit.content.text().to_owned()
}

#[track_caller]
fn check(old: &str, expected: &str) {
    assert_eq!(released(old), expected);
    // Its own output is not changed again.
    let again = release()
        .commit("feat: add a button")
        .file("CHANGELOG.md", expected);
    assert_eq!(edits(again, &Settings::default()), []);
}

#[test]
fn a_file_that_is_not_there_is_begun() {
    let begun = edits(release().commit("feat: add a button"), &Settings::default());
    assert_eq!(
        begun[0].content.text(),
        "# Changelog\n\nAll notable changes to this project are documented in this file.\n\nThe format \
         is based on [Keep a Changelog](https://keepachangelog.com/en/1.1.0/).\n\n## [Unreleased]\n\n\
         ## [1.4.0] - 2026-11-23\n\n### Added\n\n- add a button\n"
    );
    let settings = Settings {
        create: false,
        ..Settings::default()
    };
    assert_eq!(edits(release().commit("feat: add a button"), &settings), []);
    assert_eq!(released("\n"), format!("\n{}", begun[0].content.text()));
}

#[test]
fn what_is_unreleased_is_moved_and_nothing_is_lost() {
    check(
        "# Changelog\n\n## [Unreleased]\n\nWords first.\n\n### Added\n\n* by hand\n  in two lines\n\n\
         ### Fixed\n- a fix\n\n## [1.3.0] - 2026-01-01\n\n### Added\n\n- old\n\n\
         [Unreleased]: https://example.com/a/compare/v1.3.0...HEAD\n\
         [1.3.0]: https://example.com/a/compare/v1.2.0...v1.3.0\n",
        "# Changelog\n\n## [Unreleased]\n\n## [1.4.0] - 2026-11-23\n\nWords first.\n\n### Added\n\n\
         * by hand\n  in two lines\n* add a button\n\n### Fixed\n- a fix\n\n\
         ## [1.3.0] - 2026-01-01\n\n### Added\n\n- old\n\n\
         [Unreleased]: https://example.com/a/compare/v1.4.0...HEAD\n\
         [1.4.0]: https://example.com/a/compare/v1.3.0...v1.4.0\n\
         [1.3.0]: https://example.com/a/compare/v1.2.0...v1.3.0\n",
    );
    // A section that is missing goes where Keep a Changelog has it.
    check(
        "## Unreleased\n\n### Fixed\n\n- a fix\n",
        "## Unreleased\n\n## 1.4.0 - 2026-11-23\n\n### Added\n\n- add a button\n\n### Fixed\n\n- a fix\n",
    );
    // What stands there already is not said twice.
    check(
        "## Unreleased\n### Added\n- add a button\n## 1.3.0\n",
        "## Unreleased\n\n## 1.4.0 - 2026-11-23\n### Added\n- add a button\n\n## 1.3.0\n",
    );
}

#[test]
fn files_in_another_form_lose_no_byte() {
    for (old, expected) in [
        // No line break at the end.
        (
            "# Changes\n\n## 1.3.0\n\n- x",
            "# Changes\n\n## 1.4.0 - 2026-11-23\n\n### Added\n\n- add a button\n\n## 1.3.0\n\n- x",
        ),
        (
            "## [Unreleased]",
            "## [Unreleased]\n\n## [1.4.0] - 2026-11-23\n\n### Added\n\n- add a button\n",
        ),
        // Line breaks of Windows, a byte order mark.
        (
            "\u{feff}## Unreleased\r\n\r\n## v1.3.0\r\n",
            "\u{feff}## Unreleased\r\n\r\n## 1.4.0 - 2026-11-23\r\n\r\n### Added\r\n\r\n\
             - add a button\r\n\r\n## v1.3.0\r\n",
        ),
        // Headings of the first level, and underlined ones.
        (
            "# 1.3.0 (2026-01-01)\n\n* x\n",
            "# 1.4.0 - 2026-11-23\n\n## Added\n\n- add a button\n\n# 1.3.0 (2026-01-01)\n\n* x\n",
        ),
        (
            "History\n=======\n\n1.3.0 / 2026\n------------\n\nx\n",
            "History\n=======\n\n## 1.4.0 - 2026-11-23\n\n### Added\n\n- add a button\n\n\
             1.3.0 / 2026\n------------\n\nx\n",
        ),
        // No headings at all.
        (
            "All is told elsewhere.\n\n[a]: https://example.com\n",
            "All is told elsewhere.\n\n## [1.4.0] - 2026-11-23\n\n### Added\n\n- add a button\n\n\
             [a]: https://example.com\n",
        ),
        // What only looks like a heading.
        (
            "```\n## 9.0.0\n```\n<!--\n## [Unreleased]\n-->\n## 1.3.0\n",
            "```\n## 9.0.0\n```\n<!--\n## [Unreleased]\n-->\n## 1.4.0 - 2026-11-23\n\n### Added\n\n\
             - add a button\n\n## 1.3.0\n",
        ),
    ] {
        check(old, expected);
    }
}

#[test]
fn links_are_continued_or_made() {
    let settings = Settings {
        repository: Some("https://example.com/a/b".to_owned()),
        ..Settings::default()
    };
    let last = |release: ReleaseBuilder, settings: &Settings| {
        let edits = edits(release, settings);
        edits[0]
            .content
            .text()
            .lines()
            .last()
            .unwrap_or_default()
            .to_owned()
    };
    assert_eq!(
        last(release(), &settings),
        "[1.4.0]: https://example.com/a/b/compare/v1.3.0...v1.4.0"
    );
    let first = release().subject(|subject| subject.previous = None);
    assert_eq!(
        last(first, &settings),
        "[1.4.0]: https://example.com/a/b/releases/tag/v1.4.0"
    );
    for (old, expected) in [
        (
            "[1.3.0]: https://example.com/releases/tag/a-1.3.0\n",
            "[1.4.0]: https://example.com/releases/tag/a-1.4.0\n",
        ),
        (
            "[1.3.0]: https://example.com/compare/a-1.2.0...a-1.3.0\n",
            "[1.4.0]: https://example.com/compare/a-1.3.0...a-1.4.0\n",
        ),
        (
            "[unreleased]: https://example.com/compare/a-1.3.0...main\n",
            "[unreleased]: https://example.com/compare/a-1.4.0...main\n\
             [1.4.0]: https://example.com/compare/a-1.3.0...a-1.4.0\n",
        ),
    ] {
        let new = released(&format!("## [1.3.0]\n\n{old}"));
        assert!(new.contains(expected), "{new}");
    }
}

#[test]
fn commits_are_told_by_section_and_breaking_ones_first() {
    let release = release()
        .commit("fix: count from one")
        .commit("feat(api): see #12, @ada")
        .commit("chore!: drop the old flag\n\nBREAKING CHANGE: use `--new`")
        .commit("feat(cli)!: rename it")
        .commit("chore: tidy")
        .commit("made it faster")
        .commit("security: close a hole")
        .merge("Merge branch 'x'");
    let edits = edits(release, &Settings::default());
    let content = edits[0].content.text();
    let (_, section) = content.split_once("2026-11-23\n").expect("a section");
    assert_eq!(
        section,
        "\n### Added\n\n- **Breaking (cli):** rename it\n- api: see \\#12, `@ada`\n\n### Changed\n\n\
         - **Breaking:** drop the old flag – use `--new`\n\n### Fixed\n\n- count from one\n\n\
         ### Security\n\n- close a hole\n"
    );
}

#[test]
fn a_release_of_nothing_notable_says_so() {
    let edits = edits(release().commit("chore: tidy"), &Settings::default());
    let content = edits[0].content.text();
    assert!(
        content.ends_with("## [1.4.0] - 2026-11-23\n\nNo notable changes.\n"),
        "{content}"
    );
}

#[test]
fn more_than_the_bound_is_counted() {
    let settings = Settings {
        entries_max: 2,
        ..Settings::default()
    };
    let mut release = release();
    for number in 0..5 {
        release = release.commit(&format!("feat: number {number}"));
    }
    let edits = edits(release, &settings);
    let content = edits[0].content.text();
    assert!(
        content.ends_with("- number 4\n- number 3\n- … and 3 more changes\n"),
        "{content}"
    );
}

#[test]
fn the_day_is_that_of_the_zone() {
    let release = release().circumstances(|circumstances| circumstances.utc_offset = 3600);
    let edits = edits(release, &Settings::default());
    let content = edits[0].content.text();
    assert!(content.contains("## [1.4.0] - 2026-11-24"), "{content}");
}

#[test]
fn commits_can_be_left_out() {
    let settings = Settings {
        commits: false,
        ..Settings::default()
    };
    let release = release()
        .commit("feat: add a button")
        .file("CHANGELOG.md", "## Unreleased\n\n- by hand\n");
    assert_eq!(
        edits(release, &settings)[0].content.text(),
        "## Unreleased\n\n## 1.4.0 - 2026-11-23\n\n- by hand\n"
    );
}

#[track_caller]
fn refuses(release: ReleaseBuilder, settings: &Settings, code: FaultCode, words: &str) {
    let fault = Changelog::render(&release.build(), settings).expect_err("it cannot decide");
    assert_eq!(fault.code, Some(code), "{}", fault.message);
    assert!(fault.message.contains(words), "{}", fault.message);
}

#[test]
fn what_cannot_be_decided_is_said() {
    let standard = Settings::default();
    let without = |release: ReleaseBuilder| release.subject(|subject| subject.version = None);
    refuses(
        without(release()),
        &standard,
        FaultCode::Missing,
        "no version",
    );
    let file = |bytes: &[u8]| release().file("CHANGELOG.md", bytes);
    refuses(file(b"ab\xff"), &standard, FaultCode::Malformed, "byte 2");
    refuses(
        file(b"\n```\n## 1.3.0\n"),
        &standard,
        FaultCode::Malformed,
        "block of code that begins in line 2",
    );
    refuses(
        file(b"<!-- a\n"),
        &standard,
        FaultCode::Malformed,
        "comment that begins in line 1",
    );
    let settings = Settings {
        repository: Some("example.com".to_owned()),
        ..Settings::default()
    };
    refuses(release(), &settings, FaultCode::Settings, "`repository`");
    let settings = Settings {
        tag: "v".to_owned(),
        ..Settings::default()
    };
    refuses(release(), &settings, FaultCode::Settings, "`tag`");
    let settings = Settings {
        version_required: false,
        ..Settings::default()
    };
    assert_eq!(edits(without(release()), &settings), []);
}
