//! Which files differ, how large commits are, and who owns what.

use holdpoint::model::{ChangeKind, Owners, Text};
use holdpoint::release::{Query, bounds};

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

#[test]
fn owners_beyond_a_bound_are_an_error() {
    let context = Context::new();
    let repository = context.repository("one");
    repository.write("a.rs", "1\n");
    repository.commit("feat: first");
    let owners = |count: usize| format!("* {}\n", "@a ".repeat(count));
    let pattern = |bytes: usize| format!("{} @a\n", "a".repeat(bytes));
    let rules = |count: usize| "a.rs @a\n".repeat(count);
    for (within, beyond, expected) in [
        (
            owners(bounds::OWNERS_PER_RULE_MAX),
            owners(bounds::OWNERS_PER_RULE_MAX + 1),
            "beyond 100 owners in a rule",
        ),
        (
            pattern(bounds::OWNERS_PATTERN_BYTES_MAX),
            pattern(bounds::OWNERS_PATTERN_BYTES_MAX + 1),
            "beyond 1024 bytes in a pattern",
        ),
        (
            rules(bounds::OWNERS_RULES_MAX),
            rules(bounds::OWNERS_RULES_MAX + 1),
            "beyond 5000 rules",
        ),
    ] {
        let trusted = |content: &str| Query {
            trusted_owners: Some(content.as_bytes().to_vec()),
            ..Query::default()
        };
        assert!(tried(&repository, &trusted(&within)).is_ok(), "{expected}");
        let told_trusted = told(tried(&repository, &trusted(&beyond)));
        assert!(told_trusted.contains(expected), "{told_trusted}");
        repository.write("CODEOWNERS", &beyond);
        repository.commit("fix: claim");
        let told_claimed = told(tried(&repository, &Query::default()));
        assert!(told_claimed.contains(expected), "{told_claimed}");
    }
}

#[test]
fn owners_of_all_changes_together_are_bounded() {
    let context = Context::new();
    let repository = context.repository("one");
    for number in 0..90 {
        repository.write(&format!("{number}"), "");
    }
    repository.commit("feat: first");
    let trusted = Query {
        trusted_owners: Some(format!("* @{}\n", "a".repeat((3 << 20) - 16)).into_bytes()),
        ..Query::default()
    };
    let told = told(tried(&repository, &trusted));
    assert!(told.contains("more than 268435456 bytes"), "{told}");
}

#[test]
fn owner_patterns_reach_as_far_as_they_say() {
    let context = Context::new();
    let repository = context.repository("one");
    let files = ["a.rs", "deep/er/a.rs", "deep/a.rs", "deep/x.txt", "é?.md"];
    for file in files {
        repository.write(file, "1\n");
    }
    repository.commit("feat: first");
    for (pattern, expected) in [
        ("*", &files[..]),
        ("/", &files),
        ("**/*.rs", &["a.rs", "deep/a.rs", "deep/er/a.rs"]),
        ("/*.rs", &["a.rs"]),
        ("deep/**/a.rs", &["deep/a.rs", "deep/er/a.rs"]),
        ("deep/**", &["deep/a.rs", "deep/er/a.rs", "deep/x.txt"]),
        ("/deep/*", &["deep/a.rs", "deep/x.txt"]),
        ("er", &["deep/er/a.rs"]),
        ("er/", &["deep/er/a.rs"]),
        ("a.rs/", &[]),
        ("?.rs", &["a.rs", "deep/a.rs", "deep/er/a.rs"]),
        ("*e*p*/*e*", &["deep/er/a.rs"]),
        ("?\\?.md", &["é?.md"]),
        ("\\*", &[]),
        ("/er", &[]),
    ] {
        let trusted = Query {
            trusted_owners: Some(format!("{pattern} @a\n").into_bytes()),
            ..Query::default()
        };
        let read = collected(&repository, &trusted);
        let changes = read.subject.changes.iter();
        let mut owned: Vec<&str> = changes
            .filter(|change| !change.owners.names().is_empty())
            .map(|change| change.path.raw())
            .collect();
        owned.sort_unstable();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(owned, expected, "{pattern}");
    }
}

#[test]
fn large_files_count_as_binary() {
    let context = Context::new();
    let repository = context.repository("one");
    let bytes = usize::try_from(bounds::DIFF_BYTES_MAX).unwrap();
    let line = "a".repeat((1 << 10) - 1) + "\n";
    let full = line.repeat(bytes >> 10);
    repository.write("bytes-within", &full);
    repository.write("bytes-beyond", full + "a");
    repository.write("lines-within", "\n".repeat(bounds::DIFF_LINES_MAX));
    repository.write("lines-beyond", "\n".repeat(bounds::DIFF_LINES_MAX + 1));
    repository.commit("feat: first");
    let read = collected(&repository, &Query::default());
    let found: Vec<(&str, u32, bool)> = read
        .subject
        .changes
        .iter()
        .map(|change| (change.path.raw(), change.insertions, change.binary))
        .collect();
    assert_eq!(
        found,
        [
            ("bytes-beyond", 0, true),
            ("bytes-within", 16_384, false),
            ("lines-beyond", 0, true),
            ("lines-within", 1_000_000, false),
        ]
    );
}

#[test]
fn renames_are_looked_for_in_so_many_bytes() {
    let context = Context::new();
    let repository = context.repository("one");
    let lines = |name: &str| format!("{name}\n").repeat((10 << 20) / (name.len() + 1));
    for name in ["a", "b", "c", "d"] {
        repository.write(&format!("old/{name}"), lines(name));
    }
    repository.write("old/same", "same\n");
    repository.commit("feat: first");
    repository.tag("v1.0.0");
    std::fs::remove_dir_all(repository.path().join("old")).unwrap();
    for name in ["a", "b", "c", "d"] {
        repository.write(&format!("new/{name}1"), lines(name) + "more\n");
    }
    repository.write("new/same1", "same\n");
    repository.commit("fix: second");
    let read = collected(&repository, &Query::default());
    let renamed: Vec<&str> = read
        .subject
        .changes
        .iter()
        .filter(|change| change.how == ChangeKind::Renamed)
        .map(|change| change.path.raw())
        .collect();
    // Four deleted and two added files of ten mebibytes are looked into.
    assert_eq!(renamed, ["new/a1", "new/b1", "new/same1"]);
}
