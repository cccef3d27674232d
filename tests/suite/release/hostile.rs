//! Checkouts whose configuration would have us do things.

use std::path::{Path, PathBuf};

use holdpoint::release::{Query, Repository as Opened, bounds};

use super::{collected, told, tried};
use crate::context::{Context, Repository, git_command};

/// A command that leaves a mark when it is started, and the mark.
fn trap(context: &Context) -> (String, PathBuf) {
    let mark = context.path().join("sprung");
    (format!("touch {}; cat", mark.display()), mark)
}

/// A tag, and two commits after it that change two lines.
fn repository(context: &Context) -> Repository {
    let repository = context.repository("hostile");
    repository.write(
        ".gitattributes",
        "*.txt filter=trap diff=trap\n*.hidden -diff\n",
    );
    repository.commit_file("a.txt", "1\n", "feat: first");
    repository.tag("v1.0.0");
    repository.commit_file("a.txt", "2\n", "fix: second");
    repository.commit_file("a.txt", "3\n", "fix: third");
    repository
}

fn configure(repository: &Repository, key: &str, value: &str) {
    repository.git(["config", key, value]);
}

#[test]
fn nothing_that_the_configuration_names_is_started() {
    let context = Context::new();
    let repository = repository(&context);
    let (command, mark) = trap(&context);
    for key in [
        "filter.trap.clean",
        "filter.trap.smudge",
        "filter.trap.process",
        "diff.trap.textconv",
        "diff.trap.command",
        "diff.external",
        "core.fsmonitor",
        "core.sshCommand",
        "core.pager",
        "credential.helper",
    ] {
        configure(&repository, key, &command);
    }
    configure(&repository, "filter.trap.required", "true");
    configure(&repository, "core.hooksPath", "hooks");
    // Same size and later time, so that the content has to be compared.
    repository.write("a.txt", "4\n");
    let read = collected(&repository, &Query::default());
    assert_eq!(read.dirty, Some(true));
    assert_eq!(read.subject.totals.insertions, 1);
    assert!(!mark.exists(), "a command of the repository was started");
    // The trap works: git itself springs it.
    let _ = git_command(repository.path()).args(["diff"]).output();
    assert!(mark.exists());
}

#[test]
fn replace_refs_and_grafts_are_ignored() {
    let context = Context::new();
    let repository = repository(&context);
    let replaced = repository.git(["rev-parse", "HEAD~1"]);
    let root = repository.git(["rev-parse", "v1.0.0"]);
    repository.git(["replace", "HEAD", &root]);
    repository.write(".git/info/grafts", format!("{replaced}\n"));
    assert_eq!(repository.git(["log", "--format=%s", "-1"]), "feat: first");
    let read = collected(&repository, &Query::default());
    assert_eq!(super::summaries(&read), ["fix: third", "fix: second"]);
}

#[test]
fn a_working_tree_elsewhere_is_not_gone_to() {
    let context = Context::new();
    let repository = repository(&context);
    let elsewhere = context.path().join("elsewhere");
    std::fs::create_dir_all(&elsewhere).unwrap();
    configure(&repository, "core.worktree", &elsewhere.to_string_lossy());
    let opened = Opened::open(repository.path()).expect("it opens");
    assert_eq!(
        opened.work_tree().map(|path| path.canonicalize().unwrap()),
        Some(repository.path().canonicalize().unwrap())
    );
    let read = opened
        .collect(&Query::default(), &|_| ())
        .expect("a release");
    assert_eq!(read.dirty, Some(false));
}

#[test]
fn included_configuration_is_not_read() {
    let context = Context::new();
    let repository = repository(&context);
    let file = context.write("more", "[core]\n\tbare = nonsense\n");
    configure(&repository, "include.path", &file.to_string_lossy());
    assert_eq!(collected(&repository, &Query::default()).dirty, Some(false));
}

#[test]
fn objects_from_elsewhere_are_refused() {
    let context = Context::new();
    let repository = repository(&context);
    let output = git_command(context.path())
        .args(["clone", "--quiet", "--shared", "hostile", "shared"])
        .output()
        .expect("git runs");
    assert!(output.status.success());
    let told = told(Opened::open(&context.path().join("shared")));
    assert!(told.contains("borrows objects from"), "{told}");
    assert!(told.contains("git repack -a -d"), "{told}");
    let inside = repository.path().join(".git/lent");
    std::fs::create_dir_all(inside.join("pack")).unwrap();
    repository.write(".git/objects/info/alternates", "../lent\n# a comment\n");
    assert!(Opened::open(repository.path()).is_ok());
    repository.write(".git/lent/info/alternates", "/\n");
    assert!(Opened::open(repository.path()).is_err());
}

#[test]
fn attributes_do_not_hide_lines() {
    let context = Context::new();
    let repository = repository(&context);
    repository.commit_file("a.hidden", "1\n2\n", "fix: hidden");
    let read = collected(&repository, &Query::default());
    let change = read.subject.changes.first().expect("a change");
    assert_eq!(
        (change.path.raw(), change.insertions, change.binary),
        ("a.hidden", 2, false)
    );
}

#[test]
fn a_forged_commit_graph_is_not_believed() {
    let context = Context::new();
    let repository = repository(&context);
    repository.git(["commit-graph", "write", "--reachable"]);
    let graph = repository.path().join(".git/objects/info/commit-graph");
    assert!(graph.exists());
    let mut bytes = std::fs::read(&graph).unwrap();
    // Each commit has 36 bytes, in the order of the names: its tree, the places of two parents,
    // its time. The newest one is given the oldest as its parent.
    let mut names = [("HEAD", 0), ("HEAD~1", 1), ("HEAD~2", 2)]
        .map(|(revision, age)| (repository.git(["rev-parse", revision]), age));
    names.sort();
    let place = |age| names.iter().position(|name| name.1 == age).unwrap();
    let data = bytes.windows(4).position(|four| four == b"CDAT").unwrap() + 4;
    let data = u64::from_be_bytes(bytes[data..data + 8].try_into().unwrap());
    let parent = usize::try_from(data).unwrap() + place(0) * 36 + 20;
    let forged = u32::try_from(place(2)).unwrap();
    bytes[parent..parent + 4].copy_from_slice(&forged.to_be_bytes());
    let _ = std::fs::remove_file(&graph);
    std::fs::write(&graph, bytes).unwrap();
    assert_eq!(
        collected(&repository, &Query::default())
            .subject
            .totals
            .commits,
        2
    );
}

#[test]
fn variables_of_git_are_not_read() {
    let context = Context::new();
    let repository = repository(&context);
    let folder: &Path = repository.path();
    // A process of its own: the variables of this one belong to all tests.
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "release::hostile::reads_its_own_repository",
            "--ignored",
        ])
        .env("HOLDPOINT_TEST_REPOSITORY", folder)
        .env("GIT_DIR", "/nonexistent")
        .env("GIT_WORK_TREE", "/nonexistent")
        .env("GIT_OBJECT_DIRECTORY", "/nonexistent")
        .env("GIT_ALTERNATE_OBJECT_DIRECTORIES", "/nonexistent")
        .env("GIT_INDEX_FILE", "/nonexistent")
        .env("GIT_NAMESPACE", "other")
        .env("GIT_CEILING_DIRECTORIES", folder)
        .env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", "core.worktree")
        .env("GIT_CONFIG_VALUE_0", "/nonexistent")
        .output()
        .expect("the test runs");
    let shown = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && shown.contains("1 passed"),
        "{shown}"
    );
}

#[test]
#[ignore = "run by variables_of_git_are_not_read, in a process of its own"]
fn reads_its_own_repository() {
    let folder = std::env::var_os("HOLDPOINT_TEST_REPOSITORY").expect("the folder");
    let opened = Opened::open(Path::new(&folder)).expect("it opens");
    let read = opened
        .collect(&Query::default(), &|_| ())
        .expect("a release");
    assert_eq!(read.subject.totals.commits, 2);
    assert_eq!(read.dirty, Some(false));
}

#[test]
fn control_sequences_do_not_reach_the_terminal() {
    let context = Context::new();
    let repository = context.repository("hostile");
    repository.commit("feat: \u{1b}[2Jclear");
    let query = Query {
        to: Some("\u{1b}[2J".to_owned()),
        ..Query::default()
    };
    assert!(!told(tried(&repository, &query)).contains('\u{1b}'));
}

#[test]
fn a_bare_repository_among_the_files_is_not_opened() {
    let context = Context::new();
    let repository = repository(&context);
    let planted = repository.path().join("services/pay");
    let bare = context.path().join("elsewhere.git");
    for (target, expected) in [(&planted, false), (&bare, true)] {
        let output = git_command(context.path())
            .args(["clone", "--quiet", "--bare", "hostile"])
            .arg(target)
            .output()
            .expect("git runs");
        assert!(output.status.success(), "{output:?}");
        let opened = Opened::open(target);
        assert_eq!(opened.is_ok(), expected);
        if !expected {
            let told = told(opened);
            assert!(
                told.contains("bare repository inside the checkout"),
                "{told}"
            );
            assert!(told.contains("--repo"), "{told}");
        }
    }
    // From below it, the checkout is found.
    let below = planted.join("src");
    std::fs::create_dir_all(&below).unwrap();
    let opened = Opened::open(&below).expect("it opens");
    assert_eq!(
        opened.work_tree().map(|path| path.canonicalize().unwrap()),
        Some(repository.path().canonicalize().unwrap())
    );
    // The git folder of the checkout is its own.
    let opened = Opened::open(&repository.path().join(".git")).expect("it opens");
    assert!(opened.work_tree().is_some());
}

#[cfg(unix)]
#[test]
fn a_pipe_in_the_git_folder_does_not_stop_the_run() {
    let context = Context::new();
    for name in [
        "config",
        "commondir",
        "shallow",
        "objects/info/alternates",
        "packed-refs",
        "HEAD",
        "refs/tags/v2.0.0",
        "index",
    ] {
        let repository = context.repository(&name.replace('/', "-"));
        repository.commit_file("a.txt", "1\n", "feat: first");
        let path = repository.path().join(".git").join(name);
        let _ = std::fs::remove_file(&path);
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.expect("mkfifo").success());
        let folder = repository.path().to_owned();
        let (done, answer) = std::sync::mpsc::channel();
        std::thread::spawn(move || done.send(told(Opened::open(&folder))));
        let told = answer.recv_timeout(std::time::Duration::from_secs(20));
        let told = told.unwrap_or_else(|_| panic!("it waits for {name}"));
        assert!(told.contains(name) && told.contains("a pipe"), "{told}");
    }
}

#[cfg(unix)]
#[test]
fn links_out_of_the_git_folder_are_refused() {
    let context = Context::new();
    let repository = repository(&context);
    let git_folder = repository.path().join(".git");
    std::fs::rename(git_folder.join("objects"), context.path().join("objects")).unwrap();
    std::os::unix::fs::symlink(context.path().join("objects"), git_folder.join("objects")).unwrap();
    let told = told(Opened::open(repository.path()));
    assert!(told.contains("a link to a folder outside"), "{told}");
}

#[test]
fn an_oversized_configuration_is_not_read() {
    let context = Context::new();
    let repository = repository(&context);
    let bytes = usize::try_from(bounds::SETTINGS_BYTES_MAX).unwrap() + 1;
    repository.write(".git/config", "#".repeat(bytes));
    assert!(told(Opened::open(repository.path())).contains("has more than 1048576 bytes"));
}
