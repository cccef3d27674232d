//! Which commits a release has.

use holdpoint::model::{ObjectName, Text};
use holdpoint::release::{Jump, NarrowedBy, Query, TagPattern};
use semver::Version;

use super::{collected, raw, summaries, told, tried};
use crate::context::Context;

#[test]
fn it_starts_after_the_last_release() {
    let context = Context::new();
    let repository = context.repository("one");
    repository.commit("feat: first");
    repository.git(["tag", "-a", "-m", "annotated", "v1.0.0"]);
    let base = repository.git(["rev-parse", "HEAD"]);
    repository.commit("fix: second");
    let head = repository.commit("fix: third");
    let read = collected(&repository, &Query::default());
    assert_eq!(summaries(&read), ["fix: third", "fix: second"]);
    assert_eq!(read.subject.head.as_str(), head);
    assert_eq!(
        read.subject.base.as_ref().map(ObjectName::as_str),
        Some(base.as_str())
    );
    assert_eq!(read.subject.previous, Some(Version::new(1, 0, 0)));
    assert_eq!(read.subject.version, Some(Version::new(1, 0, 1)));
    assert_eq!(read.subject.project.raw(), "one");
    assert_eq!(read.narrowing, []);
}

#[test]
fn without_a_tag_it_is_the_whole_history() {
    let context = Context::new();
    let repository = context.repository("one");
    repository.commit_file("a", "1\n", "feat: first");
    repository.commit("fix: second");
    let read = collected(&repository, &Query::default());
    assert_eq!(
        (read.subject.totals.commits, read.subject.totals.files),
        (2, 1)
    );
    assert_eq!((read.subject.base, read.subject.previous), (None, None));
    assert_eq!(read.subject.version, Some(Version::new(0, 1, 0)));
}

#[test]
fn tags_on_the_judged_commit_give_the_version() {
    let context = Context::new();
    let repository = context.repository("one");
    repository.commit("feat: first");
    repository.tag("v1.0.0");
    repository.tag("v9.0.0");
    repository.commit("fix: second");
    repository.tag("v1.9.0");
    repository.tag("v1.10.0");
    repository.tag("nightly");
    let read = collected(&repository, &Query::default());
    assert_eq!(read.subject.version, Some(Version::new(1, 10, 0)));
    assert_eq!(raw(&read.subject.tags), ["v1.10.0", "v1.9.0"]);
    // 9.0.0 is not lower than the version that is judged.
    assert_eq!(read.subject.previous, Some(Version::new(1, 0, 0)));
}

#[test]
fn the_operators_version_comes_first() {
    let context = Context::new();
    let repository = context.repository("one");
    repository.commit("feat: first");
    repository.tag("v1.0.0");
    repository.commit("fix: second");
    let query = Query {
        version: Some(Version::new(3, 0, 0)),
        ..Query::default()
    };
    let read = collected(&repository, &query);
    assert_eq!(read.subject.version, Some(Version::new(3, 0, 0)));
}

#[test]
fn a_version_that_was_released_is_held_against_it() {
    let context = Context::new();
    let repository = context.repository("one");
    repository.commit("feat: first");
    repository.tag("v0.9.0");
    repository.commit("feat: second");
    repository.tag("v1.0.0");
    repository.commit("fix: third");
    let previous = |version: Version| {
        let query = Query {
            version: Some(version),
            ..Query::default()
        };
        collected(&repository, &query).subject.previous
    };
    for version in ["0.9.1", "1.0.0", "1.0.1"] {
        let version = Version::parse(version).expect("a version");
        assert_eq!(previous(version), Some(Version::new(1, 0, 0)));
    }
    // The judged commit is that release: what came before it counts.
    repository.git(["checkout", "--quiet", "v1.0.0"]);
    assert_eq!(previous(Version::new(1, 0, 0)), Some(Version::new(0, 9, 0)));
}

#[test]
fn merges_are_counted_once_and_commits_stand_before_their_parents() {
    let context = Context::new();
    let repository = context.repository("one");
    repository.commit_file("a", "1\n", "feat: root");
    repository.git(["checkout", "--quiet", "-b", "side"]);
    repository.commit_file("b", "1\n", "feat: side");
    repository.git(["checkout", "--quiet", "main"]);
    repository.commit_file("c", "1\n", "feat: main");
    repository.git(["merge", "--quiet", "--no-ff", "-m", "Merge side", "side"]);
    let read = collected(&repository, &Query::default());
    assert_eq!(
        (read.subject.totals.commits, read.subject.totals.merges),
        (4, 1)
    );
    assert_eq!(
        summaries(&read),
        ["Merge side", "feat: main", "feat: side", "feat: root"]
    );
    let merge = read.subject.commits.first().expect("a merge");
    assert_eq!((merge.parents.len(), merge.measures.files), (2, 0));
}

#[test]
fn what_from_and_path_leave_out_is_counted() {
    let context = Context::new();
    let repository = context.repository("one");
    repository.commit("feat: first");
    repository.tag("v1.0.0");
    repository.commit_file("pay/a", "1\n", "fix: pay");
    let from = repository.commit_file("ship/a", "1\n", "fix: ship");
    repository.commit_file("pay/b", "1\n", "fix: pay more");
    repository.commit_file("ship/b", "1\n", "fix: ship more");
    let query = Query {
        from: Some(from.clone()),
        path: Some("./pay/".to_owned()),
        ..Query::default()
    };
    let read = collected(&repository, &query);
    assert_eq!(summaries(&read), ["fix: pay more"]);
    assert_eq!(read.subject.path.as_ref().map(Text::raw), Some("pay"));
    let narrowing: Vec<_> = read
        .narrowing
        .iter()
        .map(|narrowing| (narrowing.commits, narrowing.by, narrowing.words.raw()))
        .collect();
    let words = format!("--from {from}");
    assert_eq!(
        narrowing,
        [
            (2, NarrowedBy::From, words.as_str()),
            (1, NarrowedBy::Path, "--path ./pay/")
        ]
    );
}

#[test]
fn a_rename_over_the_border_of_the_path_is_an_addition() {
    let context = Context::new();
    let repository = context.repository("one");
    repository.commit_file("a", "1\n2\n3\n", "feat: first");
    repository.tag("v1.0.0");
    repository.git(["mv", "a", "b"]);
    repository.commit("fix: rename");
    let whole = collected(&repository, &Query::default());
    assert_eq!(whole.subject.totals.files, 1);
    assert_eq!(whole.subject.totals.insertions, 0);
    let query = Query {
        path: Some("b".to_owned()),
        ..Query::default()
    };
    let read = collected(&repository, &query);
    assert_eq!(
        (read.subject.totals.files, read.subject.totals.insertions),
        (1, 3)
    );
}

#[test]
fn an_empty_range_is_no_release() {
    let context = Context::new();
    let repository = context.repository("one");
    let head = repository.commit_file("a", "1", "feat: first");
    let query = Query {
        from: Some("main".to_owned()),
        ..Query::default()
    };
    insta::assert_snapshot!(told(tried(&repository, &query)).replace(&head[..10], "[head]"), @"no commit to release between main and [head]; everything is released already: name another range with `--from` and `--to`");
    let query = Query {
        path: Some("nowhere".to_owned()),
        ..Query::default()
    };
    insta::assert_snapshot!(told(tried(&repository, &query)).replace(&head[..10], "[head]"), @"no commit to release between the beginning and [head]; no commit of the range touches the path: check the spelling of `--path`, or leave it out");
}

#[test]
fn a_path_outside_is_refused() {
    let context = Context::new();
    let repository = context.repository("one");
    repository.commit("feat: first");
    for path in ["../x", "/etc", "a/../..", "a\\b"] {
        let query = Query {
            path: Some(path.to_owned()),
            ..Query::default()
        };
        assert!(told(tried(&repository, &query)).contains("is not a path inside the repository"));
    }
}

#[test]
fn a_pattern_says_where_the_version_is() {
    for pattern in ["v", "", "v{version}{version}", "{Version}"] {
        let error = pattern.parse::<TagPattern>();
        assert!(told(error).contains("must contain `{version}` once"));
    }
    let pattern: TagPattern = "a-{version}-b".parse().expect("a pattern");
    assert_eq!(pattern.version(b"a-1.2.3-b"), Some(Version::new(1, 2, 3)));
    assert_eq!(pattern.version(b"a-1.2-b"), None);
    assert_eq!(pattern.version(b"a-b"), None);
    assert_eq!(pattern.version(b"a-\xff-b"), None);
    assert_eq!(pattern.tag(&Version::new(1, 2, 3), None), "a-1.2.3-b");
    assert_eq!(pattern.to_string(), "a-{version}-b");
}

#[test]
fn an_unknown_revision_names_the_nearest() {
    let context = Context::new();
    let repository = context.repository("one");
    repository.commit("feat: first");
    repository.tag("v1.0.0");
    repository.git(["branch", "release"]);
    for (to, hint) in [
        ("mian", "main"),
        ("v1.0.1", "v1.0.0"),
        ("relase", "release"),
    ] {
        let query = Query {
            to: Some(to.to_owned()),
            ..Query::default()
        };
        let told = told(tried(&repository, &query));
        assert!(told.contains(&format!("no revision `{to}`")), "{told}");
        assert!(told.contains(&format!("did you mean `{hint}`")), "{told}");
    }
    let query = Query {
        to: Some("HEAD:".to_owned()),
        ..Query::default()
    };
    assert!(told(tried(&repository, &query)).contains("does not name one commit"));
}

#[test]
fn a_last_release_that_skips_versions_is_reported() {
    for (tags, expected) in [
        (["v1.0.0", "v9.9.9"], true),
        (["v1.0.0", "v3.0.0"], true),
        (["v1.0.0", "v1.2.0"], true),
        (["v1.0.0", "v1.1.1"], true),
        (["v1.0.0", "v4.0.0-rc.1"], true),
        (["v1.2.3", "v2.0.0"], false),
        (["v1.2.3", "v1.3.0"], false),
        (["v1.2.3", "v1.2.4"], false),
        (["v1.2.3", "v2.0.0-rc.1"], false),
        (["v1.2.3-rc.1", "v1.2.3-rc.4"], false),
        (["v1.2.3-rc.1", "v1.2.3"], false),
    ] {
        let context = Context::new();
        let repository = context.repository("one");
        repository.commit("feat: first");
        repository.tag(tags[0]);
        repository.commit("fix: second");
        repository.commit("fix: third");
        repository.tag(tags[1]);
        repository.commit("fix: fourth");
        let read = collected(&repository, &Query::default());
        assert_eq!(summaries(&read), ["fix: fourth"]);
        assert_eq!(read.base_tag(), Some(&tags[1].into()));
        let jump = expected.then(|| Jump {
            from: tags[0].into(),
            to: tags[1].into(),
            commits: 2,
        });
        assert_eq!(read.jump, jump, "{tags:?}");
        let from = Query {
            from: Some("HEAD~1".to_owned()),
            ..Query::default()
        };
        assert_eq!(collected(&repository, &from).base_tag(), None);
    }
}

#[test]
fn a_first_release_jumps_over_nothing() {
    let context = Context::new();
    let repository = context.repository("one");
    repository.commit("feat: first");
    let read = collected(&repository, &Query::default());
    assert_eq!((read.base_tag(), read.jump.clone()), (None, None));
    repository.tag("v9.9.9");
    repository.commit("fix: second");
    assert_eq!(collected(&repository, &Query::default()).jump, None);
}
