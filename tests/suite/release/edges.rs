//! Repositories that are not an ordinary checkout.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Stdio;

use holdpoint::model::Text;
use holdpoint::release::{Query, Repository as Opened, bounds};

use super::{collected, summaries, told, tried};
use crate::context::{Context, Repository, git_command};

/// Clones with git's command line; the copy is called `copy`.
fn clone(context: &Context, source: &Repository, options: &[&str]) -> Opened {
    let output = git_command(context.path())
        .args(["-c", "uploadpack.allowFilter=true", "clone", "--quiet"])
        .args(options)
        .arg(format!("file://{}", source.path().display()))
        .arg("copy")
        .output()
        .expect("git runs");
    assert!(output.status.success(), "{output:?}");
    Opened::open(&context.path().join("copy")).expect("the copy opens")
}

fn three_commits(context: &Context) -> Repository {
    let repository = context.repository("source");
    repository.git(["config", "uploadpack.allowFilter", "true"]);
    repository.commit_file("a", "1\n", "feat: first");
    repository.tag("v1.0.0");
    repository.commit_file("a", "2\n", "fix: second");
    repository.commit_file("a", "3\n", "fix: third");
    repository
}

#[test]
fn a_folder_that_is_no_repository() {
    let context = Context::new();
    let told = told(Opened::open(context.path()));
    assert!(told.contains("is not in a git repository"), "{told}");
    assert!(told.contains("--repo"), "{told}");
}

#[test]
fn a_folder_inside_of_a_checkout() {
    let context = Context::new();
    let repository = three_commits(&context);
    repository.write("deep/er/x", "");
    let opened = Opened::open(&repository.path().join("deep/er")).expect("it opens");
    assert_eq!(
        opened.work_tree().map(|path| path.canonicalize().unwrap()),
        Some(repository.path().canonicalize().unwrap())
    );
    assert!(opened.git_folder().ends_with(".git"));
}

#[test]
fn a_bare_repository() {
    let context = Context::new();
    let source = three_commits(&context);
    let opened = clone(&context, &source, &["--bare"]);
    assert_eq!(opened.work_tree(), None);
    let read = opened
        .collect(&Query::default(), &|_| ())
        .expect("a release");
    assert_eq!(read.subject.totals.commits, 2);
    assert_eq!(read.dirty, None);
}

#[test]
fn a_shallow_clone_with_its_end_inside_of_the_range() {
    let context = Context::new();
    let source = three_commits(&context);
    let opened = clone(&context, &source, &["--depth=1"]);
    let told = told(opened.collect(&Query::default(), &|_| ()));
    assert!(told.contains("this is a shallow clone"), "{told}");
    assert!(told.contains("git fetch --unshallow"), "{told}");
}

#[test]
fn a_shallow_clone_with_its_end_before_the_range() {
    let context = Context::new();
    let source = three_commits(&context);
    let opened = clone(&context, &source, &["--depth=2"]);
    let query = Query {
        from: Some("HEAD~1".to_owned()),
        ..Query::default()
    };
    let read = opened.collect(&query, &|_| ());
    // What comes before the end is unknown, and so is what the range leaves out.
    let told = told(read);
    assert!(told.contains("git fetch --unshallow"), "{told}");
}

#[test]
fn a_partial_clone_fetches_nothing() {
    let context = Context::new();
    let source = three_commits(&context);
    let opened = clone(&context, &source, &["--filter=blob:none", "--no-checkout"]);
    let told = told(opened.collect(&Query::default(), &|_| ()));
    assert!(told.contains("is missing"), "{told}");
    assert!(told.contains("this is a partial clone"), "{told}");
}

#[test]
fn a_missing_commit_is_named() {
    let context = Context::new();
    let repository = three_commits(&context);
    let lost = repository.git(["rev-parse", "HEAD~1"]);
    let (folder, file) = lost.split_at(2);
    std::fs::remove_file(
        repository
            .path()
            .join(".git/objects")
            .join(folder)
            .join(file),
    )
    .unwrap();
    let told = told(tried(&repository, &Query::default()));
    assert!(
        told.contains(&format!("object {} is missing", &lost[..10])),
        "{told}"
    );
    assert!(told.contains("git fsck"), "{told}");
}

#[test]
fn an_unborn_branch() {
    let context = Context::new();
    let repository = context.repository("empty");
    insta::assert_snapshot!(told(tried(&repository, &Query::default())), @"branch main has no commit yet; commit something first, or name a revision with `--to`");
}

#[test]
fn a_detached_head() {
    let context = Context::new();
    let repository = three_commits(&context);
    repository.git(["checkout", "--quiet", "--detach", "HEAD~1"]);
    assert_eq!(
        summaries(&collected(&repository, &Query::default())),
        ["fix: second"]
    );
}

#[test]
fn a_linked_working_tree() {
    let context = Context::new();
    let repository = three_commits(&context);
    let folder = context.path().join("linked");
    repository.git([
        "worktree",
        "add",
        "--quiet",
        &folder.to_string_lossy(),
        "HEAD~1",
    ]);
    let opened = Opened::open(&folder).expect("it opens");
    let read = opened
        .collect(&Query::default(), &|_| ())
        .expect("a release");
    assert_eq!(read.subject.totals.commits, 1);
    assert_eq!(read.dirty, Some(false));
    assert_eq!(read.subject.project.raw(), "linked");
    assert!(
        opened
            .git_folder()
            .canonicalize()
            .unwrap()
            .ends_with("source/.git")
    );
}

#[test]
fn a_repository_with_sha256() {
    let context = Context::new();
    let path = context.path().join("sha256");
    std::fs::create_dir_all(&path).unwrap();
    let git = |arguments: &[&str]| {
        let output = git_command(&path)
            .args(arguments)
            .output()
            .expect("git runs");
        assert!(output.status.success(), "{output:?}");
    };
    git(&["init", "--quiet", "--object-format=sha256"]);
    std::fs::write(path.join("a"), "1\n").unwrap();
    git(&["add", "--all"]);
    git(&["commit", "--quiet", "-m", "feat: first"]);
    let opened = Opened::open(&path).expect("it opens");
    let read = opened
        .collect(&Query::default(), &|_| ())
        .expect("a release");
    assert_eq!(read.subject.head.as_str().len(), 64);
    assert_eq!(read.subject.totals.insertions, 1);
    assert_eq!(read.dirty, Some(false));
}

#[test]
fn a_dirty_working_tree() {
    let context = Context::new();
    let repository = three_commits(&context);
    let dirty = || collected(&repository, &Query::default()).dirty;
    assert_eq!(dirty(), Some(false));
    repository.write("a", "changed\n");
    assert_eq!(dirty(), Some(true));
    repository.git(["add", "a"]);
    assert_eq!(dirty(), Some(true));
    repository.git(["reset", "--hard", "--quiet"]);
    assert_eq!(dirty(), Some(false));
    repository.write("untracked", "");
    assert_eq!(dirty(), Some(true));
    repository.write(".git/info/exclude", "untracked\n");
    assert_eq!(dirty(), Some(false));
    let earlier = Query {
        to: Some("HEAD~1".to_owned()),
        ..Query::default()
    };
    assert_eq!(collected(&repository, &earlier).dirty, None);
}

#[test]
fn files_at_a_revision() {
    let context = Context::new();
    let repository = three_commits(&context);
    let opened = Opened::open(repository.path()).expect("it opens");
    let (commit, bytes) = opened.read_at("v1.0.0", "a", 2).expect("the file");
    assert_eq!(bytes, b"1\n");
    assert_eq!(commit.as_str(), repository.git(["rev-parse", "v1.0.0"]));
    assert!(told(opened.read_at("v1.0.0", "a", 1)).contains("has more than 1 bytes"));
    assert!(told(opened.read_at("v1.0.0", "b", 1)).contains("no file `b` in commit"));
    assert!(told(opened.read_at("v9", "a", 1)).contains("no revision `v9`"));
}

#[test]
fn a_file_below_too_many_folders() {
    let context = Context::new();
    let repository = context.repository("deep");
    let told_of = |folders: usize| {
        let mut import = git_command(repository.path())
            .args(["fast-import", "--quiet", "--force"])
            .stdin(Stdio::piped())
            .spawn()
            .expect("git runs");
        let mut input = import.stdin.take().expect("a pipe");
        let stream = format!(
            "commit refs/heads/main\ncommitter C <c@example.com> 1700000000 +0000\ndata 4\n\
             deep\nM 644 inline {}f\ndata 2\n1\n\n",
            "d/".repeat(folders)
        );
        input.write_all(stream.as_bytes()).expect("git reads");
        drop(input);
        assert!(import.wait().expect("git ends").success());
        let query = Query {
            to: Some("main".to_owned()),
            ..Query::default()
        };
        let opened = Opened::open(repository.path()).expect("it opens");
        opened.collect(&query, &|_| ())
    };
    assert!(told(told_of(bounds::DEPTH_MAX + 1)).contains("1000 folders within each other"));
}

#[test]
fn twenty_thousand_commits() {
    let context = Context::new();
    let repository = context.repository("long");
    let mut import = git_command(repository.path())
        .args(["fast-import", "--quiet"])
        .stdin(Stdio::piped())
        .spawn()
        .expect("git runs");
    let mut input = import.stdin.take().expect("a pipe");
    let mut stream = String::new();
    for number in 0..20_000 {
        let message = format!("fix: number {number}");
        let line = format!("{number}\n");
        let _ = write!(
            stream,
            "commit refs/heads/main\ncommitter C <c@example.com> {} +0000\ndata {}\n{message}\n\
             M 644 inline f{}\ndata {}\n{line}\n",
            1_700_000_000 + number,
            message.len(),
            number % 50,
            line.len(),
        );
    }
    input.write_all(stream.as_bytes()).expect("git reads");
    drop(input);
    assert!(import.wait().expect("git ends").success());
    let opened = Opened::open(repository.path()).expect("it opens");
    let told = std::cell::Cell::new(0);
    let read = opened
        .collect(&Query::default(), &|count| {
            assert!(count > told.get());
            told.set(count);
        })
        .expect("a release");
    assert_eq!(told.get(), 20_000);
    assert_eq!(read.subject.totals.commits, 20_000);
    assert_eq!(read.subject.totals.files, 50);
    let newest = read.subject.commits.first().expect("a commit");
    assert_eq!(newest.summary, Text::from("fix: number 19999"));
    assert_eq!(
        (newest.measures.insertions, newest.measures.deletions),
        (1, 1)
    );
}
