//! The releases that a commit contains, and what each of them released.

use std::fmt::Write as _;

use holdpoint::model::ObjectName;
use holdpoint::release::{EarlierReleases, Query, Repository as Opened, bounds};

use crate::context::{Context, Repository};
use crate::score::{history, import};

fn earlier(repository: &Repository, from: &str) -> EarlierReleases {
    let name = repository.git(["rev-parse", &format!("{from}^{{commit}}")]);
    let name = ObjectName::new(&name).expect("a full name");
    Opened::open(repository.path())
        .and_then(|opened| opened.earlier(&Query::default(), &name))
        .expect("the releases can be read")
}

fn versions(earlier: &EarlierReleases) -> Vec<String> {
    let releases = earlier.releases.iter();
    releases
        .map(|release| {
            let version = release.version.as_ref();
            version.expect("a tag has one").to_string()
        })
        .collect()
}

/// Each is what a run at its commit would have judged.
#[track_caller]
fn as_a_run_at_its_commit(repository: &Repository, query: &Query, earlier: &EarlierReleases) {
    let opened = Opened::open(repository.path()).expect("a repository");
    for release in &earlier.releases {
        let query = Query {
            to: Some(release.head.to_string()),
            ..query.clone()
        };
        let judged = opened.collect(&query, &|_| ());
        let read = opened
            .read_earlier(&query, release)
            .expect("it can be read");
        match judged {
            Ok(judged) => assert_eq!(
                serde_json::to_value(read).expect("JSON"),
                serde_json::to_value(judged.subject).expect("JSON")
            ),
            Err(error) => assert!(read.is_none(), "{error}"),
        }
        let committed = repository.git(["show", "-s", "--format=%ct", release.head.as_str()]);
        assert_eq!(release.committed.to_string(), committed);
    }
}

#[test]
fn each_is_what_a_run_at_its_commit_would_have_judged() {
    let context = Context::new();
    let repository = context.repository("one");
    repository.commit_file("a", "1\n", "feat: begin");
    repository.tag("v0.1.0");
    repository.commit_file("a", "2\n", "feat: go on");
    repository.tag("v1.0.0-rc.1");
    repository.commit_file("CODEOWNERS", "* @team\n", "chore: own");
    repository.git(["tag", "-a", "-m", "annotated", "v1.0.0"]);
    repository.tag("v1.0.0-rc.2");
    repository.tag("nightly");
    // A release of an older line, made later and merged; one that is not merged.
    repository.git(["checkout", "--quiet", "-b", "old", "v0.1.0"]);
    repository.commit_file("b", "1\n", "fix: the old line");
    repository.tag("v0.1.1");
    repository.commit_file("b", "2\n", "fix: the old line again");
    repository.tag("v0.1.2");
    repository.git(["checkout", "--quiet", "main"]);
    repository.commit_file("c/d", "1\n", "feat: more");
    repository.git(["merge", "--quiet", "--no-ff", "-m", "merge: old", "v0.1.1"]);
    repository.tag("v1.1.0");
    // A tag of a lower version than what it contains.
    repository.commit_file("c/d", "2\n", "fix: one");
    repository.tag("v1.0.9");
    repository.commit_file("c/d", "3\n", "fix: two");
    repository.tag("v2.0.0");
    repository.commit_file("c/d", "4\n", "fix: three");

    let found = earlier(&repository, "v2.0.0");
    assert_eq!(
        versions(&found),
        [
            "2.0.0",
            "1.1.0",
            "1.0.9",
            "1.0.0",
            "1.0.0-rc.1",
            "0.1.1",
            "0.1.0"
        ]
    );
    assert_eq!(found.unreadable, 0);
    as_a_run_at_its_commit(&repository, &Query::default(), &found);
    let path = Query {
        path: Some("c".to_owned()),
        target: Some("moon".to_owned()),
        project: Some("other".to_owned()),
        trusted_owners: Some(b"* @trusted\n".to_vec()),
        ..Query::default()
    };
    as_a_run_at_its_commit(&repository, &path, &found);
    // From a commit without a tag, those that it contains.
    assert_eq!(versions(&earlier(&repository, "HEAD")), versions(&found));
    assert_eq!(
        versions(&earlier(&repository, "old")),
        ["0.1.2", "0.1.1", "0.1.0"]
    );
    assert_eq!(versions(&earlier(&repository, "v0.1.0")), ["0.1.0"]);
}

#[test]
fn a_release_whose_commits_were_not_fetched_is_counted() {
    let context = Context::new();
    let repository = history(&context, &[2; 10], 1);
    assert_eq!(earlier(&repository, "HEAD").releases.len(), 10);
    let shallow = context.path().join("shallow");
    let url = format!("file://{}", repository.path().display());
    let path = shallow.to_str().expect("a path in UTF-8");
    repository.git(["clone", "--quiet", "--depth", "8", &url, path]);
    let opened = Opened::open(&shallow).expect("a repository");
    let head = opened.commit(Some("HEAD")).expect("a head");
    let found = opened.earlier(&Query::default(), &head).expect("releases");
    // Seven commits lie below the head: three whole releases, and a part of the next.
    assert_eq!(versions(&found), ["0.10.0", "0.9.0", "0.8.0"]);
    assert_eq!(found.unreadable, 1);
}

#[test]
fn a_history_that_each_release_merges_anew_is_not_walked_for_ever() {
    let context = Context::new();
    let repository = context.repository("one");
    let side = bounds::EARLIER_COMMITS_MAX / 50;
    let mut stream = String::new();
    let commit = |stream: &mut String, branch: &str, more: &str| {
        let _ = write!(
            stream,
            "commit refs/heads/{branch}\nmark :1\ncommitter C <c@example.com> 1700000000 +0000\n\
             data 1\nx\n{more}\n"
        );
    };
    for _ in 0..side {
        commit(&mut stream, "side", "");
    }
    commit(&mut stream, "main", "");
    for number in 1..=80 {
        commit(&mut stream, "main", "merge refs/heads/side\n");
        let _ = write!(
            stream,
            "reset refs/tags/v0.{number}.0\nfrom refs/heads/main\n\n"
        );
    }
    import(&repository, &stream);
    let found = earlier(&repository, "HEAD");
    // The rest is not reached, which is said.
    assert_eq!((found.releases.len(), found.unreadable), (49, 1));
    assert_eq!(versions(&found)[0], "0.80.0");
}

/// What is kept for later runs under the names of commits must be what these names stand for: git
/// does not look, and whoever made the checkout can have put anything there.
#[test]
fn an_object_that_is_not_what_its_name_says_is_not_read() {
    let context = Context::new();
    let repository = context.repository("one");
    repository.commit_file("a", "1\n", "feat: begin");
    repository.tag("v0.1.0");
    repository.commit("fix: go on");
    let found = earlier(&repository, "v0.1.0");
    let opened = Opened::open(repository.path()).expect("a repository");
    let release = found.releases.first().expect("a release");
    let read = || opened.read_earlier(&Query::default(), release);
    assert!(read().is_ok_and(|subject| subject.is_some()));

    let loose = |name: &str| {
        let objects = repository.path().join(".git/objects");
        objects.join(&name[..2]).join(&name[2..])
    };
    let named = repository.git(["rev-parse", "v0.1.0:a"]);
    repository.write("large", "1\n".repeat(20_000));
    let other = repository.git(["hash-object", "-w", "large"]);
    std::fs::remove_file(loose(&named)).expect("it is there");
    std::fs::copy(loose(&other), loose(&named)).expect("it can be copied");
    let opened = Opened::open(repository.path()).expect("a repository");
    let error = opened
        .read_earlier(&Query::default(), release)
        .expect_err("it is not believed");
    assert!(
        error.to_string().contains("is not what its name says"),
        "{error}"
    );
    let error = opened
        .read_at("v0.1.0", "a", 1 << 20)
        .expect_err("it is not believed");
    assert!(
        error.to_string().contains("is not what its name says"),
        "{error}"
    );
}
