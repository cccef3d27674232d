//! Conventional Commits, and the versions that they ask for.

use holdpoint_conventional::{
    Bump, History, Problem, Rule, Versioning, bump_asked, next_version, parse,
};
use proptest::prelude::*;
use semver::{Prerelease, Version};

#[track_caller]
fn asks(message: &str, expected: Option<Bump>) {
    assert_eq!(bump_asked([message]), expected, "{message:?}");
}

#[track_caller]
fn refused(message: &str, problem: Problem, column: usize) {
    let error = parse(message).expect_err(message);
    assert_eq!(
        (error.problem, error.column),
        (problem, column),
        "{message:?}"
    );
}

#[test]
fn the_parts_of_a_message_are_read() {
    let commit =
        parse("feat(the parser)!: read more  \n\nwhy\n\nBREAKING CHANGE: all\nof it\nRefs: #1\n")
            .expect("it is one");
    assert_eq!(commit.kind, "feat");
    assert_eq!(commit.scope.as_deref(), Some("the parser"));
    assert_eq!(commit.description, "read more");
    assert_eq!(commit.breaking_note.as_deref(), Some("all of it"));
    assert!(commit.breaking && !commit.blank_line_missing);
}

#[test]
fn what_a_message_asks_for() {
    asks("fix: a", Some(Bump::Patch));
    asks("Fix: a", Some(Bump::Patch));
    asks("feat: a", Some(Bump::Minor));
    asks("FEAT(x): a", Some(Bump::Minor));
    asks("chore!: a", Some(Bump::Major));
    asks("chore(x)!: a", Some(Bump::Major));
    asks("docs: a", None);
    asks("feature: a", None);
    asks("Merge branch 'x'", None);
    asks("", None);
}

#[test]
fn a_breaking_change_is_not_lost_by_a_slip() {
    asks("fix: a\nBREAKING CHANGE: no blank line", Some(Bump::Major));
    asks("fix: a\n\nBREAKING CHANGE:\nbelow", Some(Bump::Major));
    asks("fix: a\n\nBREAKING CHANGE:", Some(Bump::Major));
    asks("fix: a\n\nBREAKING-CHANGE: b", Some(Bump::Major));
    asks("fix: a\r\n\r\nBREAKING CHANGE: b\r\n", Some(Bump::Major));
    asks(
        "fix: a\n\nbreaking change: lower case is text",
        Some(Bump::Patch),
    );
    asks(
        "fix: a\n\nno BREAKING CHANGE: inside of a line",
        Some(Bump::Patch),
    );
}

#[test]
fn a_missing_blank_line_is_noted() {
    assert!(parse("fix: a\nbody").expect("it counts").blank_line_missing);
    assert!(
        !parse("fix: a\n\nbody")
            .expect("it counts")
            .blank_line_missing
    );
    assert!(
        !parse("fix: a\r\n\r\nbody")
            .expect("it counts")
            .blank_line_missing
    );
}

#[test]
fn a_path_with_two_colons_is_not_a_footer() {
    let commit = parse("feat!: a\n\nBREAKING CHANGE: stopping\nHost::stop is gone").expect("one");
    assert_eq!(
        commit.breaking_note.as_deref(),
        Some("stopping Host::stop is gone")
    );
    asks(
        "fix: a\n\nHost::stop\nBREAKING CHANGE: b",
        Some(Bump::Major),
    );
}

#[test]
fn a_refusal_names_the_part_and_the_place() {
    refused("", Problem::Empty, 1);
    refused("   ", Problem::Empty, 1);
    refused(": a", Problem::TypeMissing, 1);
    refused("(x): a", Problem::TypeMissing, 1);
    refused("add a thing", Problem::ColonMissing, 4);
    refused("Revert \"feat: a\"", Problem::ColonMissing, 7);
    refused("feat(): a", Problem::ScopeEmpty, 6);
    refused("feat(x: a", Problem::ScopeOpen, 5);
    refused("feat(x(y)): a", Problem::ScopeOpen, 5);
    refused("feat:x", Problem::SpaceMissing, 6);
    refused("feat:", Problem::DescriptionMissing, 6);
    refused("feat:  ", Problem::DescriptionMissing, 6);
    refused("été zwei: a", Problem::ColonMissing, 4);
    assert_eq!(
        parse("feat:x").expect_err("no space").to_string(),
        "a space is expected after the colon (column 6)"
    );
}

/// The next version after `latest`, where `last_final` is the last one that is not a pre-release.
#[track_caller]
fn next(
    latest: &str,
    last_final: &str,
    asked: (Option<Bump>, Option<Bump>),
    pre: Option<&str>,
) -> (Option<String>, Rule) {
    let version = |text: &str| (!text.is_empty()).then(|| Version::parse(text).expect(text));
    let step = next_version(
        &History {
            latest: version(latest),
            last_final: version(last_final),
            asked_since_latest: asked.0,
            asked_since_final: asked.1,
        },
        &Version::new(0, 1, 0),
        Versioning::default(),
        pre.map(|pre| Prerelease::new(pre).expect(pre)).as_ref(),
    );
    (step.version.map(|version| version.to_string()), step.rule)
}

fn both(bump: Bump) -> (Option<Bump>, Option<Bump>) {
    (Some(bump), Some(bump))
}

fn found(version: &str, rule: Rule) -> (Option<String>, Rule) {
    (Some(version.to_owned()), rule)
}

#[test]
fn versions_are_counted_as_asked() {
    assert_eq!(
        next("1.2.3", "1.2.3", both(Bump::Patch), None),
        found("1.2.4", Rule::Counted)
    );
    assert_eq!(
        next("1.2.3", "1.2.3", both(Bump::Minor), None),
        found("1.3.0", Rule::Counted)
    );
    assert_eq!(
        next("1.2.3", "1.2.3", both(Bump::Major), None),
        found("2.0.0", Rule::Counted)
    );
    assert_eq!(
        next("1.2.3+b", "1.2.3+b", both(Bump::Patch), None),
        found("1.2.4", Rule::Counted)
    );
    assert_eq!(
        next("1.2.3", "1.2.3", (None, None), None),
        (None, Rule::NothingAsked)
    );
    assert_eq!(
        next("", "", (None, None), None),
        found("0.1.0", Rule::Initial)
    );
    let last = format!("1.2.{}", u64::MAX);
    assert_eq!(
        next(&last, &last, both(Bump::Patch), None),
        (None, Rule::OutOfOrder)
    );
}

#[test]
fn below_one_the_projects_rule_counts() {
    assert_eq!(
        next("0.2.3", "0.2.3", both(Bump::Major), None),
        found("0.3.0", Rule::CountedBelowOne)
    );
    assert_eq!(
        next("0.2.3", "0.2.3", both(Bump::Minor), None),
        found("0.2.4", Rule::CountedBelowOne)
    );
    assert_eq!(
        next("0.2.3", "0.2.3", both(Bump::Patch), None),
        found("0.2.4", Rule::Counted)
    );
    let plain = Versioning {
        zero_breaking: Bump::Major,
        zero_feature: Bump::Minor,
    };
    assert_eq!(
        plain.counted(&Version::new(0, 2, 3), Bump::Major),
        Bump::Major
    );
    assert_eq!(
        plain.counted(&Version::new(0, 2, 3), Bump::Minor),
        Bump::Minor
    );
}

#[test]
fn a_pre_release_keeps_its_numbers_unless_more_is_asked() {
    let fix_since_feature = (Some(Bump::Patch), Some(Bump::Minor));
    let nothing_since_feature = (None, Some(Bump::Minor));
    let kept = Rule::PreReleaseKept;
    assert_eq!(
        next("1.3.0-rc.1", "1.2.0", fix_since_feature, None),
        found("1.3.0", kept)
    );
    assert_eq!(
        next("1.3.0-rc.1", "1.2.0", nothing_since_feature, None),
        found("1.3.0", kept)
    );
    assert_eq!(
        next("1.3.0-rc.1", "1.2.0", both(Bump::Major), None),
        found("2.0.0", Rule::Counted)
    );
    assert_eq!(
        next("1.3.0-rc.1", "", both(Bump::Major), None),
        found("1.3.0", kept)
    );
    assert_eq!(
        next("1.3.0-rc.1", "1.2.0", fix_since_feature, Some("rc")),
        found("1.3.0-rc.2", kept)
    );
    assert_eq!(
        next("1.3.0-rc.1", "1.2.0", nothing_since_feature, Some("rc")),
        (None, Rule::NothingAsked)
    );
    assert_eq!(
        next("1.3.0-rc.9", "1.2.0", both(Bump::Major), Some("rc")),
        found("2.0.0-rc.1", Rule::Counted)
    );
    assert_eq!(
        next("1.3.0-beta.2", "1.2.0", fix_since_feature, Some("rc")),
        found("1.3.0-rc.1", kept)
    );
    assert_eq!(
        next("1.3.0-rc.2", "1.2.0", fix_since_feature, Some("beta")),
        (None, Rule::OutOfOrder)
    );
    assert_eq!(
        next("1.2.0", "1.2.0", both(Bump::Minor), Some("rc")),
        found("1.3.0-rc.1", Rule::Counted)
    );
    assert_eq!(
        next("", "", both(Bump::Minor), Some("rc")),
        found("0.1.0-rc.1", Rule::Initial)
    );
}

fn bumps() -> impl Strategy<Value = Option<Bump>> {
    prop_oneof![
        Just(None),
        Just(Some(Bump::Patch)),
        Just(Some(Bump::Minor)),
        Just(Some(Bump::Major)),
    ]
}

fn versions() -> impl Strategy<Value = Version> {
    (
        0_u64..3,
        0_u64..4,
        0_u64..4,
        prop_oneof![Just(""), Just("rc.1"), Just("beta.3"), Just("x")],
    )
        .prop_map(|(major, minor, patch, pre)| Version {
            pre: Prerelease::new(pre).expect("a pre-release"),
            ..Version::new(major, minor, patch)
        })
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(message in "(?s).{0,200}") {
        if let Err(error) = parse(&message) {
            let characters = message.lines().next().unwrap_or_default().chars().count();
            prop_assert!((1..=characters + 1).contains(&error.column));
        }
    }

    #[test]
    fn what_is_written_is_read(
        kind in "[a-zA-Z][a-zA-Z0-9_-]{0,9}",
        scope in proptest::option::of("[a-z][a-z /,.-]{0,9}"),
        mark in any::<bool>(),
        description in "[a-zA-Z0-9][ -~]{0,40}",
        body in "([ -~]{0,20}\n){0,4}",
    ) {
        let shown = scope.as_ref().map(|scope| format!("({scope})")).unwrap_or_default();
        let mark_shown = if mark { "!" } else { "" };
        let message = format!("{kind}{shown}{mark_shown}: {description}\n\n{body}");
        let commit = parse(&message).expect("it is one");
        prop_assert_eq!(commit.kind, kind);
        prop_assert_eq!(commit.scope, scope);
        prop_assert_eq!(commit.description, description.trim());
        prop_assert!(commit.breaking || !mark);
    }

    #[test]
    fn the_order_of_messages_does_not_matter(
        mut messages in prop::collection::vec(
            prop_oneof![Just("fix: a"), Just("feat: b"), Just("x!: c"), Just("docs: d"), Just("e")],
            0..8,
        ),
    ) {
        let asked = bump_asked(messages.iter().copied());
        messages.reverse();
        prop_assert_eq!(bump_asked(messages.iter().copied()), asked);
        prop_assert_eq!(asked, messages.iter().filter_map(|message| bump_asked([*message])).max());
    }

    #[test]
    fn a_next_version_is_higher(
        latest in versions(),
        asked in bumps(),
        more in bumps(),
        pre in prop_oneof![Just(None), Just(Some("rc")), Just(Some("beta"))],
    ) {
        let last_final = if latest.pre.is_empty() { latest.clone() } else { Version::new(0, 0, 0) };
        let history = History {
            latest: Some(latest.clone()),
            last_final: Some(last_final),
            asked_since_latest: asked,
            asked_since_final: asked.max(more),
        };
        let label = pre.map(|pre| Prerelease::new(pre).expect("a label"));
        let step = next_version(&history, &Version::new(0, 1, 0), Versioning::default(), label.as_ref());
        match step.version {
            Some(next) => {
                prop_assert!(next > latest);
                prop_assert_eq!(next.pre.is_empty(), pre.is_none());
            }
            None => prop_assert!(matches!(step.rule, Rule::NothingAsked | Rule::OutOfOrder)),
        }
    }
}
