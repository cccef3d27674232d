use holdpoint_sdk::{FaultCode, Finding, Policy as _, Release, ReleaseBuilder, Severity};

use crate::{Adoption, ConventionalCommits, Settings};

fn check(release: ReleaseBuilder, settings: &Settings) -> Vec<Finding> {
    ConventionalCommits::check(&release.build(), settings).expect("it can decide")
}

/// The rules that one message breaks.
fn rules(message: &str, settings: &Settings) -> Vec<String> {
    check(
        Release::builder().version("9.0.0").commit(message),
        settings,
    )
    .into_iter()
    .map(|finding| finding.rule)
    .collect()
}

#[test]
fn messages_that_pass() {
    for message in [
        "feat: add a button",
        "Fix(api)!: answer 404",
        "docs: x\n\nBREAKING CHANGE: y",
        "Revert \"feat: add a button\"",
        "Reapply \"feat: add a button\"",
    ] {
        assert_eq!(rules(message, &Settings::default()), [""; 0], "{message}");
    }
}

#[test]
fn a_project_that_does_not_use_the_form_is_told_once() {
    let detected = Settings {
        adoption: Adoption::Detected,
        ..Settings::default()
    };
    let two_of_five = || {
        Release::builder()
            .version("1.0.1")
            .commit("feat!: drop it")
            .commit("fix: a")
            .commit("button: add one")
            .commit("Bump version")
            .commit("fixup! Add a button")
            .merge("Merge branch 'x'")
    };
    let findings = check(two_of_five(), &detected);
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert_eq!(findings[0].rule, "not-adopted");
    assert!(
        findings[0]
            .message
            .starts_with("2 of 5 messages have the form and a type"),
        "{}",
        findings[0].message
    );
    assert!(check(two_of_five(), &Settings::default()).len() > 3);
    // With one more, half of them have it.
    let findings = check(two_of_five().commit("docs: say how"), &detected);
    assert!(findings.iter().any(|finding| finding.rule == "form"));
    // A version that is no step forward is one under any convention.
    let findings = check(two_of_five().version("0.9.0"), &detected);
    assert!(findings.iter().any(|finding| finding.rule == "version"));
}

#[test]
fn each_rule_is_tripped_alone() {
    let scoped = Settings {
        scopes: Some(vec!["api".to_owned()]),
        scope_required: true,
        ..Settings::default()
    };
    for (message, settings, rule) in [
        ("added stuff", &Settings::default(), "form"),
        ("fix:no space", &Settings::default(), "form"),
        ("fixup! feat: a", &Settings::default(), "fixup"),
        ("squash! feat: a", &Settings::default(), "fixup"),
        ("wip: a", &Settings::default(), "type"),
        ("fix(ui): a", &scoped, "scope"),
        ("fix: a", &scoped, "scope"),
        (
            &format!("fix: {}", "x".repeat(96)),
            &Settings::default(),
            "subject-length",
        ),
    ] {
        assert_eq!(rules(message, settings), [rule], "{message}");
    }
}

#[test]
fn the_length_counts_characters_and_the_bound_belongs_to_it() {
    let message = format!("fix: {}", "é".repeat(95));
    assert_eq!(rules(&message, &Settings::default()), [""; 0]);
}

#[test]
fn only_the_merge_messages_of_git_are_exempt() {
    let merged = |message: &str| {
        let release = Release::builder().merge(message);
        check(release, &Settings::default()).len()
    };
    assert_eq!(merged("Merge branch 'topic'"), 0);
    assert_eq!(merged("bring the topic in"), 1);
    // A commit with one parent cannot hide behind the words.
    assert_eq!(
        rules("Merge branch 'topic'", &Settings::default()),
        ["form"]
    );
}

/// What is said about one message. The commit and its first line are not in it: a report puts them
/// before it.
#[track_caller]
fn says(message: &str, settings: &Settings, expected: &str) {
    let release = Release::builder().commit(message);
    let findings = check(release, settings);
    assert_eq!(findings.len(), 1, "{message}: {findings:?}");
    assert_eq!(findings[0].message, expected);
    let commit = format!("{:040x}", 1);
    assert_eq!(
        findings,
        [Finding::new(&findings[0].rule, expected).at_commit(commit)]
    );
}

#[test]
fn a_finding_points_at_its_commit_and_says_what_is_wrong_with_it() {
    let settings = &Settings::default();
    says(
        "added stuff",
        settings,
        "A colon is expected after the type, in column 6.",
    );
    says(
        "(ui): a",
        settings,
        "A type such as `feat` or `fix` is expected, in column 1.",
    );
    says(
        "fix(): a",
        settings,
        "A scope is expected between the parentheses, in column 5.",
    );
    says(
        "fix(ui: a",
        settings,
        "The parenthesis of the scope is not closed, in column 4.",
    );
    says(
        "fix:a",
        settings,
        "A space is expected after the colon, in column 5.",
    );
    says(
        "fix:",
        settings,
        "A description is expected after the colon, in column 5.",
    );
    says("", settings, "The message is empty.");
    says(
        "fixup! fix: a",
        settings,
        "It starts with `fixup!`: it was meant to be squashed into another commit.",
    );
    says(
        &format!("fix: {}", "x".repeat(96)),
        settings,
        "The first line has 101 characters; at most 100 are allowed.",
    );
    let narrow = &Settings {
        types: vec!["feat".to_owned(), "fix".to_owned()],
        scopes: Some(vec!["api".to_owned()]),
        scope_required: true,
        ..Settings::default()
    };
    says(
        "wip(api): a",
        narrow,
        "The type is `wip`; the project uses `feat`, `fix`.",
    );
    says(
        "fix(ui): a",
        narrow,
        "The scope is `ui`; the project uses `api`.",
    );
    says(
        "fix: a",
        narrow,
        "There is no scope; the project asks for one, as in `fix(scope): a`.",
    );
}

/// Whether the version is high enough for a release with these commits.
fn version_passes(previous: &str, version: &str, messages: &[&str]) -> bool {
    let release = messages.iter().fold(
        Release::builder().previous(previous).version(version),
        |release, message| release.commit(message),
    );
    let findings = check(release, &Settings::default());
    assert!(findings.iter().all(|finding| finding.rule == "version"));
    findings.is_empty()
}

#[test]
fn the_version_is_at_least_what_commits_ask_for() {
    for (previous, version, messages, passes) in [
        ("1.2.3", "1.2.4", &["fix: a"][..], true),
        ("1.2.3", "1.2.4", &["fix: a", "feat: b"], false),
        ("1.2.3", "1.3.0", &["feat: b", "fix: a"], true),
        ("1.2.3", "1.3.0", &["fix!: a"], false),
        ("1.2.3", "1.3.0", &["fix: a\n\nBREAKING CHANGE: b"], false),
        ("1.2.3", "2.0.0-rc.1", &["fix!: a"], true),
        ("1.2.3", "1.2.3", &["docs: a"], false),
        ("1.2.3", "1.2.2", &["fix: a"], false),
        ("1.2.3", "1.2.4", &["docs: a"], true),
        ("1.3.0-rc.1", "1.3.0", &["feat: a"], true),
        ("0.3.1", "0.3.2", &["feat: a"], true),
        ("0.3.1", "0.3.2", &["feat!: a"], false),
        ("0.3.1", "0.4.0", &["feat!: a"], true),
    ] {
        assert_eq!(
            version_passes(previous, version, messages),
            passes,
            "{previous} to {version}: {messages:?}"
        );
    }
}

#[test]
fn the_operators_rule_below_one_counts() {
    let release = Release::builder()
        .previous("0.3.1")
        .version("0.3.2")
        .subject(|subject| subject.versioning.zero_feature = holdpoint_sdk::Bump::Minor)
        .commit("feat: a");
    assert_eq!(check(release, &Settings::default()).len(), 1);
}

#[test]
fn a_version_that_cannot_be_read_is_a_finding() {
    assert!(!version_passes("1.0.0", "tomorrow", &[]));
    let release = Release::builder().previous("spring").version("1.0.0");
    let findings = check(release, &Settings::default());
    assert_eq!(findings[0].severity, Some(Severity::Warning));
}

#[test]
fn settings_that_let_nothing_pass_are_a_fault() {
    let settings = Settings {
        types: Vec::new(),
        ..Settings::default()
    };
    let fault = ConventionalCommits::check(&Release::builder().build(), &settings)
        .expect_err("no commit could pass");
    assert_eq!(fault.code, Some(FaultCode::Settings));
}
