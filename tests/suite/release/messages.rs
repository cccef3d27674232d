//! Commit messages: first line, body, trailers, signature.

use std::io::Write as _;
use std::process::Stdio;

use holdpoint::model::Commit;
use holdpoint::release::{Query, bounds};
use proptest::prelude::*;

use super::collected;
use crate::context::{Context, git_command};

/// The commit of a repository that has only this message.
fn committed(message: &str) -> Commit {
    let context = Context::new();
    let repository = context.repository("one");
    let file = context.write("message", message);
    let file = file.to_string_lossy();
    repository.git([
        "commit",
        "--quiet",
        "--allow-empty",
        "--allow-empty-message",
        "--cleanup=verbatim",
        "--file",
        &file,
    ]);
    let read = collected(&repository, &Query::default());
    read.subject.commits.into_iter().next().expect("a commit")
}

fn trailers(commit: &Commit) -> Vec<String> {
    let lines = commit.trailers.iter();
    lines
        .map(|trailer| {
            format!("{}: {}", trailer.key.raw(), trailer.value.raw())
                .trim_end()
                .to_owned()
        })
        .collect()
}

/// The same from git.
fn of_git(message: &str) -> Vec<String> {
    let mut git = git_command(std::path::Path::new("/"))
        .args(["interpret-trailers", "--parse"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("git runs");
    let mut input = git.stdin.take().expect("a pipe");
    input.write_all(message.as_bytes()).expect("git reads");
    drop(input);
    let output = git.wait_with_output().expect("git ends");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines()
        .map(|line| line.trim_end().to_owned())
        .collect()
}

#[test]
fn a_message_in_parts() {
    let commit = committed("\n feat: first \n\n\nbody\nmore\n\nRefs: #1\n  and #2\n\n\n");
    assert_eq!(commit.summary.raw(), "feat: first");
    assert_eq!(commit.body.raw(), "body\nmore\n\nRefs: #1\n  and #2");
    assert_eq!(trailers(&commit), ["Refs: #1 and #2"]);
    assert!(!commit.signed);
    assert_eq!(commit.author.email.raw(), "ada@example.com");
    assert_eq!(commit.committer.name.raw(), "Carl Committer");
}

#[test]
fn trailers_are_those_of_git() {
    for message in [
        "a\n\nKey: value\n",
        "a\nKey: value\n",
        "Key: value\n",
        "a\n\nKey : value\nOther-key:value\n",
        "a\n\ntext\nKey: value\n",
        "a\n\ntext\nSigned-off-by: A <a@example.com>\nKey: value\n",
        "a\n\none\ntwo\nthree\nfour\nSigned-off-by: A <a@example.com>\n",
        "a\n\nKey: value\n(cherry picked from commit 1234)\n",
        "a\n\nKey: folded\n over\n\tlines\n",
        "a\n\nKey: value\n\nOther: last paragraph\n",
        "a\n\nKey: value\n---\n diff\n",
        "a\n\nHost::stop\n",
        "a\n\nKey:\n",
        "a\n\n: no key\n",
        "a\n\nKey: value\n# a comment\n",
        "a\n\nhttps://example.com\n",
        "a\n\nKey: value\r\nOther: value\r\n",
    ] {
        assert_eq!(
            trailers(&committed(message)),
            of_git(message),
            "{message:?}"
        );
    }
}

#[test]
fn a_long_message_is_cut_and_says_so() {
    let commit = committed(&format!(
        "feat: long\n\n{}",
        "x".repeat(bounds::MESSAGE_BYTES_MAX)
    ));
    assert!(commit.body.raw().ends_with(bounds::MESSAGE_CUT));
    assert!(commit.body.raw().len() <= bounds::MESSAGE_BYTES_MAX + bounds::MESSAGE_CUT.len());
    let commit = committed("feat: short\n\nx");
    assert_eq!(commit.body.raw(), "x");
}

#[test]
fn a_signature_is_seen() {
    let context = Context::new();
    let repository = context.repository("one");
    let unsigned = repository.commit("feat: first");
    let raw = repository.git(["cat-file", "commit", &unsigned]);
    let with_signature = raw.replacen("\n\n", "\ngpgsig -----BEGIN SIGNATURE-----\n abc\n\n", 1);
    let file = context.write("signed", with_signature + "\n");
    let name = repository.git(["hash-object", "-t", "commit", "-w", &file.to_string_lossy()]);
    repository.git(["reset", "--quiet", "--soft", &name]);
    let read = collected(&repository, &Query::default());
    assert!(read.subject.commits.first().expect("a commit").signed);
}

#[test]
fn a_message_names_a_defect_by_whole_words_in_any_case() {
    for (message, fix) in [
        ("fix: count from one", true),
        ("Fixed the parser", true),
        ("parser: BUGS in it", true),
        ("mend it\n\nThis is a defect.", true),
        ("mend it\n\nFixes: #12", true),
        ("add hot-fix", true),
        ("hotfix(api)!: stop", true),
        ("feat: prefix and suffixes", false),
        ("feat: debugger, dispatch, fixture", false),
        ("feat: empathy", false),
    ] {
        assert_eq!(committed(message).measures.fix, fix, "{message}");
    }
}

#[test]
fn a_merge_has_no_measures_whatever_its_message_says() {
    let context = Context::new();
    let repository = context.repository("merged");
    repository.commit_file("a", "a\n", "feat: a");
    repository.git(["checkout", "--quiet", "-b", "side"]);
    repository.commit_file("b", "b\n", "feat: b");
    repository.git(["checkout", "--quiet", "-"]);
    repository.git(["merge", "--quiet", "--no-ff", "-m", "fix: bring b", "side"]);
    let read = collected(&repository, &Query::default());
    let merge = read.subject.commits.first().expect("a commit");
    assert_eq!(merge.summary.raw(), "fix: bring b");
    assert!(!merge.measures.fix);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn generated_trailers_are_those_of_git(
        lines in prop::collection::vec(
            prop_oneof![
                Just(""), Just("text"), Just("Key: value"), Just("Other-key : b"), Just(" folded"),
                Just("Signed-off-by: A <a@example.com>"), Just("key"), Just("x y: z"), Just("a:"),
                Just("(cherry picked from commit 1234)"),
            ],
            0..9,
        ),
    ) {
        let message = format!("first\n\n{}\n", lines.join("\n"));
        prop_assert_eq!(trailers(&committed(&message)), of_git(&message), "{:?}", message);
    }

    #[test]
    fn any_message_is_read(message in "[^\0]{1,300}") {
        let commit = committed(&message);
        prop_assert!(!commit.summary.raw().contains('\n'));
    }
}
