//! Which files differ, how large commits are, and who owns what.

use holdpoint::model::{ChangeKind, Owners, Text};
use holdpoint::release::Query;

use super::{collected, raw, told, tried};
use crate::context::{Context, Repository};

/// A repository with a release that holds these files.
fn released(context: &Context, files: &[(&str, &[u8])]) -> Repository {
    let repository = context.repository("one");
    for (path, content) in files {
        repository.write(path, content);
    }
    repository.commit("feat: first");
    repository.tag("v1.0.0");
    repository
}

#[test]
fn every_kind_of_change() {
    let context = Context::new();
    let long = "line with the same words\nand another one\n".repeat(20);
    let repository = released(
        &context,
        &[
            ("deleted", b"x\ny\n"),
            ("link", b"a file\n"),
            ("modified", b"1\n"),
            ("old", long.as_bytes()),
            ("picture", b"\0\x01"),
        ],
    );
    std::fs::remove_file(repository.path().join("deleted")).unwrap();
    std::fs::remove_file(repository.path().join("link")).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("modified", repository.path().join("link")).unwrap();
    repository.write("added", "1\n2\n3");
    repository.write("modified", "2\n3\n");
    repository.git(["mv", "old", "new"]);
    repository.write("new", format!("{long}one more\n"));
    repository.write("picture", b"\0\x02");
    repository.commit("fix: all");
    let read = collected(&repository, &Query::default());
    let seen: Vec<_> = read
        .subject
        .changes
        .iter()
        .map(|change| {
            let old = change.old_path.as_ref().map(Text::raw);
            (
                change.path.raw(),
                old,
                change.how,
                change.insertions,
                change.deletions,
                change.binary,
            )
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("added", None, ChangeKind::Added, 3, 0, false),
            ("deleted", None, ChangeKind::Deleted, 0, 2, false),
            ("link", None, ChangeKind::Retyped, 1, 1, false),
            ("modified", None, ChangeKind::Modified, 2, 1, false),
            ("new", Some("old"), ChangeKind::Renamed, 1, 0, false),
            ("picture", None, ChangeKind::Modified, 0, 0, true),
        ]
    );
    let totals = read.subject.totals;
    assert_eq!(
        (totals.files, totals.insertions, totals.deletions),
        (6, 7, 4)
    );
}

#[test]
fn a_submodule_is_one_line() {
    let context = Context::new();
    let repository = released(&context, &[("a", b"1\n")]);
    let name = "1234567890123456789012345678901234567890";
    let entry = format!("160000,{name},lib");
    repository.git(["update-index", "--add", "--cacheinfo", &entry]);
    std::fs::create_dir_all(repository.path().join("lib")).unwrap();
    repository.git(["commit", "--quiet", "-m", "feat: a submodule"]);
    let read = collected(&repository, &Query::default());
    let change = read.subject.changes.first().expect("a change");
    assert_eq!(
        (change.path.raw(), change.insertions, change.how),
        ("lib", 1, ChangeKind::Added)
    );
}

#[cfg(unix)]
#[test]
fn names_that_are_not_utf8() {
    use std::os::unix::ffi::OsStrExt;
    let context = Context::new();
    let repository = context.repository("one");
    let name = std::ffi::OsStr::from_bytes(b"na\xefve");
    std::fs::write(repository.path().join(name), "1\n").unwrap();
    repository.git(["add", "--all"]);
    let author = std::ffi::OsStr::from_bytes(b"--author=J\xfcrgen <j@example.com>");
    let encoding = "i18n.commitEncoding=ISO-8859-1";
    let arguments =
        ["-c", encoding, "commit", "--quiet", "-m", "feat: a"].map(std::ffi::OsStr::new);
    repository.git(arguments.into_iter().chain([author]));
    let read = collected(&repository, &Query::default());
    assert_eq!(
        read.subject.changes.first().expect("a change").path.raw(),
        "na\\xefve"
    );
    assert_eq!(
        read.subject
            .commits
            .first()
            .expect("a commit")
            .author
            .name
            .raw(),
        "J\\xfcrgen"
    );
}

#[test]
fn size_and_spread_of_a_commit() {
    let context = Context::new();
    let repository = context.repository("one");
    repository.write("at-the-root", "1\n");
    repository.write("a/x/1", "1\n");
    repository.write("a/x/2", "1\n");
    repository.write("a/y/1", "1\n");
    repository.commit("feat: four files");
    let read = collected(&repository, &Query::default());
    let measures = read.subject.commits.first().expect("a commit").measures;
    assert_eq!(
        (measures.files, measures.directories, measures.subsystems),
        (4, 3, 2)
    );
    assert_eq!((measures.insertions, measures.deletions), (4, 0));
    assert!(
        (measures.entropy - 2.0).abs() < 1e-12,
        "four equal parts are two bits"
    );
}

#[test]
fn the_last_owner_line_that_matches_counts() {
    let context = Context::new();
    let repository = context.repository("one");
    let files = [
        "a.rs",
        "docs/a.md",
        "docs/deep/a.md",
        "src/pay/x.rs",
        "src/x.js",
        "with space",
    ];
    for file in files {
        repository.write(file, "1\n");
    }
    repository.write(
        ".github/CODEOWNERS",
        "# everybody\n* @all\n[Section]\n*.js @js # a comment\n/docs/* docs@example.com\npay/ @pay @money\n/a.rs\nwith\\ space @space\n",
    );
    repository.write("CODEOWNERS", "* @not-read\n");
    repository.commit("feat: first");
    let owners = |query: &Query, path: &str| -> Owners {
        let read = collected(&repository, query);
        let changes = &read.subject.changes;
        let found = changes.iter().find(|change| change.path.raw() == path);
        found.expect(path).owners.clone()
    };
    let claimed = Query::default();
    for (path, expected) in [
        ("a.rs", &[][..]),
        ("docs/a.md", &["docs@example.com"]),
        ("docs/deep/a.md", &["@all"]),
        ("src/pay/x.rs", &["@pay", "@money"]),
        ("src/x.js", &["@js"]),
        ("with space", &["@space"]),
    ] {
        let owners = owners(&claimed, path);
        assert!(matches!(owners, Owners::Claimed(_)));
        assert_eq!(raw(owners.names()), expected, "{path}");
    }
    let trusted = Query {
        trusted_owners: Some(b"/src/ @trusted\n".to_vec()),
        ..Query::default()
    };
    assert_eq!(
        owners(&trusted, "src/x.js"),
        Owners::Trusted(vec!["@trusted".into()])
    );
    assert_eq!(owners(&trusted, "a.rs"), Owners::Trusted(vec![]));
    let broken = Query {
        trusted_owners: Some(b"* @all\n!x @y\n".to_vec()),
        ..Query::default()
    };
    assert!(told(tried(&repository, &broken)).contains("line 2 of the trusted CODEOWNERS"));
}
