//! The clean checkout that commands run in: what is in it, what cannot be, and how it goes away.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use holdpoint::model::ObjectName;
use holdpoint::pipeline::{CheckoutError, CleanCheckout};
use holdpoint::release::{CheckedOut, Error, NamedFile, Repository as Opened, bounds};

use super::{RUN, head, make, repository, run_id, within};
use crate::context::{Context, Ran, Repository, git_command};

/// Checks a commit out into a new folder.
fn written(context: &Context, repository: &Repository, commit: &str) -> Result<CheckedOut, Error> {
    let into = context.path().join("into");
    fs::create_dir_all(&into).expect("a folder");
    let into = Dir::open_ambient_dir(into, ambient_authority()).expect("the folder");
    let opened = Opened::open(repository.path()).expect("a repository");
    let commit = ObjectName::new(commit).expect("a name");
    opened.checkout(&commit, &into, &|| false)
}

fn is_empty(context: &Context) -> bool {
    let mut entries = fs::read_dir(context.path().join("into")).expect("the folder");
    entries.next().is_none()
}

/// A commit of a tree that git itself would not make: entries of mode, name and object.
fn crafted(repository: &Repository, entries: &[(&str, &[u8], &str)]) -> String {
    let tree = tree(repository, entries);
    repository.git(["commit-tree", "-m", "feat: craft", &tree])
}

fn tree(repository: &Repository, entries: &[(&str, &[u8], &str)]) -> String {
    let mut bytes = Vec::new();
    for (mode, name, object) in entries {
        bytes.extend_from_slice(mode.as_bytes());
        bytes.push(b' ');
        bytes.extend_from_slice(name);
        bytes.push(0);
        for at in (0..object.len()).step_by(2) {
            bytes.push(u8::from_str_radix(&object[at..at + 2], 16).expect("digits"));
        }
    }
    let path = repository.path().join(".git/crafted");
    fs::write(&path, bytes).expect("a file");
    let path = path.to_str().expect("a path");
    repository.git(["hash-object", "-t", "tree", "--literally", "-w", path])
}

fn blob(repository: &Repository, content: impl AsRef<[u8]>) -> String {
    let path = repository.path().join(".git/content");
    fs::write(&path, content).expect("a file");
    repository.git([
        "hash-object",
        "-w",
        "--no-filters",
        path.to_str().expect("a path"),
    ])
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).expect("it is there").mode() & 0o7777
}

#[test]
fn files_are_written_as_they_were_committed() {
    let context = Context::new();
    let repository = context.repository("project");
    // What git would change on the way out.
    repository.write(
        ".gitattributes",
        "*.txt text eol=crlf ident filter=trap working-tree-encoding=UTF-16\n* export-subst\n",
    );
    repository.git(["config", "filter.trap.smudge", "touch sprung; cat"]);
    repository.git(["config", "core.autocrlf", "true"]);
    let text = blob(&repository, "one\n$Id$ $Format:%H$\n");
    let script = blob(&repository, "#!/bin/sh\n");
    let link = blob(&repository, "/etc/passwd");
    let bytes: Vec<u8> = (0..=255).collect();
    let binary = blob(&repository, &bytes);
    let inner = tree(
        &repository,
        &[
            ("100644", b"dev-disk\\x2d.mount", &binary),
            ("120000", b"link", &link),
        ],
    );
    let submodule = "1".repeat(40);
    let attributes = repository.git(["hash-object", "-w", "--no-filters", ".gitattributes"]);
    let commit = crafted(
        &repository,
        &[
            ("100644", b".gitattributes", &attributes),
            ("100644", b"a.txt", &text),
            ("100755", b"deploy.sh", &script),
            ("40000", b"folder", &inner),
            ("160000", b"submodule", &submodule),
        ],
    );
    let written = written(&context, &repository, &commit).expect("it is written");
    let into = context.path().join("into");
    let read = |name: &str| fs::read(into.join(name)).expect("it is there");
    assert_eq!(read("a.txt"), b"one\n$Id$ $Format:%H$\n");
    assert_eq!(read("folder/dev-disk\\x2d.mount"), bytes);
    assert_eq!(
        fs::read_link(into.join("folder/link")).expect("a link"),
        Path::new("/etc/passwd")
    );
    assert!(
        fs::read_dir(into.join("submodule"))
            .expect("a folder")
            .next()
            .is_none()
    );
    assert_eq!(mode(&into.join("a.txt")), 0o644);
    assert_eq!(mode(&into.join("deploy.sh")), 0o755);
    assert_eq!(mode(&into.join("folder")), 0o755);
    assert!(!into.join(".git").exists());
    assert!(!repository.path().join("sprung").exists());
    assert_eq!(written.entries, 7);
    assert_eq!(
        written.bytes,
        10 + 11 + 256 + 21 + attributes_size(&repository)
    );
}

fn attributes_size(repository: &Repository) -> u64 {
    fs::metadata(repository.path().join(".gitattributes"))
        .expect("a file")
        .len()
}

#[track_caller]
fn refused(entries: &[(&str, &[u8], &str)], expected: &str) {
    let context = Context::new();
    let repository = context.repository("hostile");
    blob(&repository, "content");
    let commit = crafted(&repository, entries);
    let error = written(&context, &repository, &commit).expect_err(expected);
    assert_eq!(error.to_string(), expected);
    assert!(error.help().is_some());
    assert!(is_empty(&context), "nothing was written");
}

/// Name of what [`refused`] puts into its repository.
const CONTENT: &str = "6b584e8ece562ebffc15d38808cd6b98fc3d97ea";

#[test]
fn names_that_lead_elsewhere_are_refused() {
    let names: [(&[u8], &str); 12] = [
        (b"..", "its name would lead to another folder"),
        (b".", "its name would lead to another folder"),
        (b"../../escaped", "its name would lead to another folder"),
        (b"/tmp/escaped", "its name would lead to another folder"),
        (b".git", "its name is taken for the git folder"),
        (b".GIT", "its name is taken for the git folder"),
        (b".Git ", "its name is taken for the git folder"),
        (b".git...", "its name is taken for the git folder"),
        (
            b".git::$INDEX_ALLOCATION",
            "its name is taken for the git folder",
        ),
        (b"GIT~1", "its name is taken for the git folder"),
        (b".g\xe2\x80\x8cit", "its name is taken for the git folder"),
        (&[b'a'; 256], "its name is longer than file systems take"),
    ];
    for (name, why) in names {
        let shown = String::from_utf8_lossy(name).replace('\u{200c}', "\\u{200c}");
        refused(
            &[("100644", name, CONTENT)],
            &format!("`{shown}` of the judged commit cannot be written: {why}"),
        );
    }
}

#[test]
fn a_link_is_never_written_through() {
    let context = Context::new();
    let repository = context.repository("hostile");
    let file = blob(&repository, "content");
    let outside = context.path().join("outside");
    fs::create_dir(&outside).expect("a folder");
    let link = blob(&repository, outside.to_str().expect("a path"));
    let inner = tree(&repository, &[("100644", b"x", &file)]);
    for entries in [
        [
            ("120000", &b"a"[..], link.as_str()),
            ("40000", b"a", &inner),
        ],
        [("40000", b"a", &inner), ("120000", b"a", &link)],
        [("120000", b"a", &link), ("100644", b"a", &file)],
    ] {
        let commit = crafted(&repository, &entries);
        let error = written(&context, &repository, &commit).expect_err("refused");
        assert_eq!(
            error.to_string(),
            "`a` of the judged commit cannot be written: there are two of this name"
        );
    }
    // Where a link stands in the way that the commit does not have, it is an error too.
    let commit = crafted(&repository, &[("40000", b"a", &inner)]);
    symlink(&outside, context.path().join("into/a")).expect("a link");
    let error = written(&context, &repository, &commit).expect_err("refused");
    assert!(error.to_string().starts_with("cannot write `a`"), "{error}");
    let commit = crafted(&repository, &[("100644", b"a", &file)]);
    let error = written(&context, &repository, &commit).expect_err("refused");
    assert!(error.to_string().starts_with("cannot write `a`"), "{error}");
    assert!(fs::read_dir(&outside).expect("a folder").next().is_none());
}

#[test]
fn an_object_that_is_not_what_its_name_says_is_not_written() {
    let context = Context::new();
    let repository = context.repository("forged");
    let commit = repository.commit_file("deploy.sh", "the judged one", "feat: begin");
    let object = |content: &str| {
        let id = blob(&repository, content);
        let folder = repository.path().join(".git/objects").join(&id[..2]);
        folder.join(&id[2..])
    };
    let (judged, forged) = (object("the judged one"), object("another one"));
    fs::set_permissions(&judged, fs::Permissions::from_mode(0o644)).expect("its mode");
    fs::copy(forged, judged).expect("a forged object");
    let error = written(&context, &repository, &commit).expect_err("refused");
    assert!(matches!(error, Error::ForgedObject { .. }), "{error}");
}

#[test]
fn a_checkout_has_only_so_many_entries() {
    let context = Context::new();
    let repository = context.repository("many");
    let file = blob(&repository, "");
    let names: Vec<String> = (0..1_001).map(|number| format!("f{number:04}")).collect();
    let all = |mode: &'static str, count: usize, object: &str| -> String {
        let entries: Vec<(&str, &[u8], &str)> = names
            .iter()
            .take(count)
            .map(|name| (mode, name.as_bytes(), object))
            .collect();
        tree(&repository, &entries)
    };
    let inner = all("100644", 1_000, &file);
    let outer = all("40000", 1_000, &inner);
    let commit = repository.git(["commit-tree", "-m", "feat: many", &outer]);
    let error = written(&context, &repository, &commit).expect_err("too many");
    let most = bounds::CHECKOUT_ENTRIES_MAX;
    let expected = format!("the judged commit has more than {most} files and folders");
    assert_eq!(error.to_string(), expected);
    assert!(is_empty(&context));
}

#[test]
fn a_checkout_has_only_so_many_bytes() {
    let context = Context::new();
    let repository = context.repository("large");
    let path = repository.path().join(".git/large");
    let sized = |bytes: u64| {
        let file = fs::File::create(&path).expect("a file");
        file.set_len(bytes).expect("a file of holes");
        let path = path.to_str().expect("a path");
        repository.git([
            "-c",
            "core.compression=1",
            "hash-object",
            "-w",
            "--no-filters",
            path,
        ])
    };
    let too_large = sized(bounds::CHECKOUT_FILE_BYTES_MAX + 1);
    let commit = crafted(&repository, &[("100644", b"large", &too_large)]);
    let error = written(&context, &repository, &commit).expect_err("too large");
    assert_eq!(error.to_string(), "`large` has more than 268435456 bytes");
    let large = sized(bounds::CHECKOUT_FILE_BYTES_MAX);
    let count = bounds::CHECKOUT_BYTES_MAX / bounds::CHECKOUT_FILE_BYTES_MAX;
    let names: Vec<String> = (0..=count).map(|number| format!("f{number:04}")).collect();
    let entries: Vec<(&str, &[u8], &str)> = names
        .iter()
        .map(|name| ("100644", name.as_bytes(), large.as_str()))
        .collect();
    let commit = crafted(&repository, &entries);
    let error = written(&context, &repository, &commit).expect_err("too much");
    assert_eq!(
        error.to_string(),
        "the judged commit has more than 17179869184 bytes"
    );
    assert!(is_empty(&context));
}

#[test]
fn a_checkout_is_only_so_deep() {
    let context = Context::new();
    let repository = context.repository("deep");
    let file = blob(&repository, "deep");
    let mut at = tree(&repository, &[("100644", b"f", &file)]);
    let mut depth = 1;
    let mut next = |until: usize| {
        while depth < until {
            at = tree(&repository, &[("40000", b"d", &at)]);
            depth += 1;
        }
        repository.git(["commit-tree", "-m", "feat: deep", &at])
    };
    let deepest = next(bounds::CHECKOUT_DEPTH_MAX);
    let too_deep = next(bounds::CHECKOUT_DEPTH_MAX + 1);
    let error = written(&context, &repository, &too_deep).expect_err("too deep");
    let expected = "the judged commit has more than 200 folders within each other";
    assert_eq!(error.to_string(), expected);
    assert!(is_empty(&context));
    written(&context, &repository, &deepest).expect("just deep enough");
}

#[test]
fn a_link_leads_only_so_far() {
    let context = Context::new();
    let repository = context.repository("links");
    let far = blob(&repository, "a".repeat(4_096));
    let commit = crafted(&repository, &[("120000", b"link", &far)]);
    let error = written(&context, &repository, &commit).expect_err("too far");
    assert_eq!(error.to_string(), "`link` has more than 4095 bytes");
    assert!(is_empty(&context));
}

#[test]
fn it_ends_when_somebody_says_so() {
    let context = Context::new();
    let repository = repository(&context);
    let opened = Opened::open(repository.path()).expect("a repository");
    let query = holdpoint::release::Query::default();
    let subject = super::subject(&repository, &query);
    let made = CleanCheckout::make(
        &opened,
        &subject,
        &[],
        &run_id(),
        &within(&context),
        &|| true,
    );
    let error = made.expect_err("cancelled");
    assert!(
        matches!(error, CheckoutError::Release(Error::Cancelled)),
        "{error}"
    );
    let left = fs::read_dir(within(&context)).expect("the folder").count();
    assert_eq!(left, 0);
}

#[test]
fn only_the_user_can_enter() {
    let context = Context::new();
    let checkout = make(&context, &repository(&context), &[]).expect("a checkout");
    let own = checkout.folder().parent().expect("a parent");
    assert!(own.starts_with(within(&context).canonicalize().expect("it is there")));
    for folder in [own, checkout.folder(), checkout.artifacts()] {
        assert_eq!(mode(folder), 0o700, "{}", folder.display());
    }
    assert_eq!(mode(&within(&context)), 0o700);
    assert_eq!(
        fs::read(checkout.folder().join("a.txt")).expect("a file"),
        b"two\n"
    );
    checkout.remove().expect("it can be removed");
    assert_eq!(
        fs::read_dir(within(&context)).expect("the folder").count(),
        0
    );
}

#[test]
fn a_folder_of_others_is_refused() {
    let context = Context::new();
    let repository = repository(&context);
    fs::create_dir_all(within(&context)).expect("a folder");
    let set = |mode| {
        let permissions = fs::Permissions::from_mode(mode);
        fs::set_permissions(within(&context), permissions).expect("its mode");
    };
    set(0o777);
    let error = make(&context, &repository, &[]).expect_err("shared");
    assert!(matches!(error, CheckoutError::Shared { .. }), "{error}");
    assert!(error.help().is_some_and(|help| help.contains("chmod go-w")));
    set(0o1777);
    make(&context, &repository, &[]).expect("nobody can move what is in such a folder");
}

fn artifact(path: &Path) -> NamedFile {
    NamedFile {
        name: "app".into(),
        path: path.to_owned(),
        within: None,
        media_type: None,
    }
}

#[test]
fn an_artifact_is_copied_as_it_was_judged() {
    let context = Context::new();
    let repository = repository(&context);
    let path = context.write("build/app", "the judged one");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).expect("its mode");
    let named = [artifact(&path)];
    let checkout = make(&context, &repository, &named).expect("a checkout");
    let copy = checkout.artifacts().join("app");
    assert_eq!(fs::read(&copy).expect("a copy"), b"the judged one");
    assert_eq!(mode(&copy), 0o755);
    fs::write(&path, "another one").expect("a change");
    assert_eq!(fs::read(&copy).expect("a copy"), b"the judged one");
}

#[test]
fn an_artifact_that_was_not_judged_is_refused() {
    let context = Context::new();
    let repository = repository(&context);
    let path = context.write("build/app", "the judged one");
    let named = [artifact(&path)];
    let query = holdpoint::release::Query {
        artifacts: named.to_vec(),
        ..Default::default()
    };
    let subject = super::subject(&repository, &query);
    let opened = Opened::open(repository.path()).expect("a repository");
    let make = |named: &[NamedFile]| {
        CleanCheckout::make(
            &opened,
            &subject,
            named,
            &run_id(),
            &within(&context),
            &|| false,
        )
    };
    assert!(make(&named).is_ok());
    for other in ["the other one!", "the judged one and more", "the"] {
        fs::write(&path, other).expect("a change");
        let error = make(&named).expect_err("it was not judged");
        let expected = format!(
            "the artifact `app` at {} is not the one that was judged",
            path.display()
        );
        assert_eq!(error.to_string(), expected);
        assert!(error.help().is_some_and(|help| help.contains("not judged")));
        assert_eq!(
            fs::read_dir(within(&context)).expect("the folder").count(),
            0
        );
    }
    fs::remove_file(&path).expect("it is there");
    assert!(matches!(
        make(&named).expect_err("it is gone"),
        CheckoutError::Release(Error::File { .. })
    ));
    assert_eq!(
        make(&[]).expect_err("nobody names it").to_string(),
        "nothing says where the artifact `app` is"
    );
}

#[test]
fn what_a_killed_process_left_behind_is_removed() {
    let context = Context::new();
    let repository = repository(&context);
    let live = make(&context, &repository, &[]).expect("a checkout");
    assert!(CleanCheckout::is_in_use(&run_id(), &within(&context)).expect("it can be read"));
    let other = holdpoint::model::RunId::from_bits(7);
    assert!(!CleanCheckout::is_in_use(&other, &within(&context)).expect("it can be read"));
    // As it is after SIGKILL: the folder and its file are there, and nobody holds the lock.
    let left = within(&context).join(format!("checkout-{RUN}-0000000000000001"));
    fs::create_dir_all(left.join("checkout/deep")).expect("a folder");
    fs::write(left.join("checkout/deep/file"), "left").expect("a file");
    let lock = format!("{}.in-use", left.display());
    fs::write(&lock, "").expect("a file");
    // One whose command still lives: it has the file as its standard input.
    let held = within(&context).join(format!("checkout-{RUN}-0000000000000002"));
    fs::create_dir_all(&held).expect("a folder");
    let held_lock = fs::File::create(format!("{}.in-use", held.display())).expect("a file");
    held_lock.lock().expect("a lock");
    let mut command = std::process::Command::new("sleep");
    let mut orphan = command
        .arg("1000")
        .stdin(held_lock)
        .spawn()
        .expect("a process");
    drop(command);
    let next = make(&context, &repository, &[]).expect("a checkout");
    assert!(!left.exists() && !Path::new(&lock).exists());
    assert!(held.exists() && live.folder().exists());
    live.remove().expect("it can be removed");
    next.remove().expect("it can be removed");
    assert!(CleanCheckout::is_in_use(&run_id(), &within(&context)).expect("it can be read"));
    orphan.kill().expect("it lives");
    orphan.wait().expect("it ends");
    assert!(!CleanCheckout::is_in_use(&run_id(), &within(&context)).expect("it can be read"));
}

#[test]
fn a_link_in_its_place_is_not_followed_when_it_is_removed() {
    let context = Context::new();
    let repository = repository(&context);
    let precious = context.write("precious/file", "mine");
    let checkout = make(&context, &repository, &[]).expect("a checkout");
    let own = checkout.folder().parent().expect("a parent").to_owned();
    symlink(
        precious.parent().expect("a folder"),
        checkout.folder().join("link"),
    )
    .expect("a link");
    fs::rename(&own, own.with_extension("moved")).expect("it can be moved");
    symlink(precious.parent().expect("a folder"), &own).expect("a link");
    let error = checkout.remove().expect_err("it is another one");
    assert!(error.to_string().starts_with("cannot remove"), "{error}");
    assert_eq!(fs::read(&precious).expect("it is there"), b"mine");
    assert_eq!(head(&repository).as_str().len(), 40);
}

#[test]
fn the_same_tree_is_what_git_writes() {
    let context = Context::new();
    let repository = context.repository("project");
    for number in 0..20 {
        repository.write(&format!("d{number}/e/f{number}"), number.to_string());
    }
    repository.write("run.sh", "#!/bin/sh\n");
    let script = repository.path().join("run.sh");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("its mode");
    symlink("run.sh", repository.path().join("link")).expect("a link");
    let commit = repository.commit("feat: many");
    written(&context, &repository, &commit).expect("it is written");
    let into = context.path().join("into");
    // Git says that nothing of it differs from the commit.
    let mut git = git_command(&into);
    git.env("GIT_DIR", repository.path().join(".git"))
        .env("GIT_WORK_TREE", &into)
        .args(["status", "--porcelain"]);
    let status = Ran::of(git.output()).expect_code(0);
    assert_eq!(status.stdout, "");
    let mut changed = fs::File::options()
        .append(true)
        .open(into.join("d0/e/f0"))
        .expect("a file");
    changed.write_all(b"!").expect("a change");
    let status = Ran::of(git.output()).expect_code(0);
    assert_eq!(status.stdout, " M d0/e/f0\n");
}
