//! Edits that are written into the working tree.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use holdpoint::model::{EffectOutcome, Text};
use holdpoint::pipeline::{EditRefusal, Edited, EditedFile, edit_file};
use holdpoint::release::Repository as Opened;

use super::head;
use crate::context::{Context, Repository};

/// A repository with a file at the root and one in a folder.
fn repository(context: &Context) -> Repository {
    let repository = context.repository("project");
    repository.write("docs/guide.md", "guide\n");
    repository.write("target", "target\n");
    symlink("../target", repository.path().join("docs/committed-link")).expect("a link");
    repository.commit_file("CHANGELOG.md", "old\n", "feat: begin");
    repository
}

fn edit(repository: &Repository, path: &str, content: &str) -> Edited {
    let opened = Opened::open(repository.path()).expect("a repository");
    let tree = opened.tree(&head(repository)).expect("a tree");
    let work_tree = Dir::open_ambient_dir(repository.path(), ambient_authority());
    let edited = EditedFile {
        path: Text::from(path),
        content: Text::from(content),
    };
    edit_file(&edited, &tree, &work_tree.expect("the working tree"))
}

fn read(repository: &Repository, path: &str) -> String {
    fs::read_to_string(repository.path().join(path)).expect("a file")
}

/// Names in a folder, sorted.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> = entries
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();
    names
}

#[test]
fn a_file_as_it_was_judged_is_replaced_whole() {
    let context = Context::new();
    let repository = repository(&context);
    let path = repository.path().join("docs/guide.md");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("its mode");
    let before = names(repository.path());
    let edited = edit(&repository, "docs/guide.md", "new guide\n");
    assert!(matches!(edited, Edited::Done), "{edited:?}");
    assert_eq!(edited.outcome(), EffectOutcome::Done);
    assert_eq!(read(&repository, "docs/guide.md"), "new guide\n");
    assert_eq!(fs::metadata(&path).expect("a file").mode() & 0o7777, 0o640);
    assert_eq!(names(repository.path()), before);
    assert_eq!(
        names(&repository.path().join("docs")),
        ["committed-link", "guide.md"]
    );
    // At the root too, which is opened in another way than the folders below it.
    let edited = edit(&repository, "CHANGELOG.md", "new\n");
    assert!(matches!(edited, Edited::Done), "{edited:?}");
    assert_eq!(read(&repository, "CHANGELOG.md"), "new\n");
    // Whoever is killed between doing and recording finds it done.
    let again = edit(&repository, "docs/guide.md", "new guide\n");
    assert!(matches!(again, Edited::AlreadyDone), "{again:?}");
    assert_eq!(again.outcome(), EffectOutcome::Done);
}

#[test]
fn a_new_file_is_made_with_its_folders() {
    let context = Context::new();
    let repository = repository(&context);
    let edited = edit(&repository, "a/b/NEW.md", "new\n");
    assert!(matches!(edited, Edited::Done), "{edited:?}");
    assert_eq!(read(&repository, "a/b/NEW.md"), "new\n");
    assert_eq!(names(&repository.path().join("a/b")), ["NEW.md"]);
    let again = edit(&repository, "a/b/NEW.md", "new\n");
    assert!(matches!(again, Edited::AlreadyDone), "{again:?}");
}

#[track_caller]
fn refused(repository: &Repository, path: &str, expected: &str) -> EditRefusal {
    let edited = edit(repository, path, "edited\n");
    let outcome = edited.outcome();
    let Edited::Refused(why) = edited else {
        panic!("{path}: {edited:?}");
    };
    assert_eq!(why.to_string(), expected);
    assert_eq!(outcome, EffectOutcome::NotBegun(Text::from(expected)));
    assert!(why.help().is_some());
    why
}

#[test]
fn the_work_of_others_is_not_lost() {
    let context = Context::new();
    let repository = repository(&context);
    let differs = |path: &str| format!("`{path}` differs from the judged commit");
    repository.write("CHANGELOG.md", "somebody's work\n");
    refused(&repository, "CHANGELOG.md", &differs("CHANGELOG.md"));
    assert_eq!(read(&repository, "CHANGELOG.md"), "somebody's work\n");
    // A file that nobody has committed, and one that somebody has removed.
    repository.write("new.md", "not committed\n");
    refused(&repository, "new.md", &differs("new.md"));
    assert_eq!(read(&repository, "new.md"), "not committed\n");
    fs::remove_dir_all(repository.path().join("docs")).expect("it is there");
    refused(&repository, "docs/guide.md", &differs("docs/guide.md"));
    assert!(!repository.path().join("docs").exists());
}

#[test]
fn links_are_not_followed() {
    let context = Context::new();
    let repository = repository(&context);
    let outside = context.write("outside/file", "mine\n");
    let folder = outside.parent().expect("a folder");
    symlink(folder, repository.path().join("way")).expect("a link");
    refused(
        &repository,
        "way/file",
        "`way/file` is reached through a link",
    );
    refused(
        &repository,
        "way/new",
        "`way/new` is reached through a link",
    );
    symlink(&outside, repository.path().join("end")).expect("a link");
    refused(&repository, "end", "`end` is reached through a link");
    // What was a file of the judged commit, with the same content at its end.
    let path = repository.path().join("CHANGELOG.md");
    fs::rename(&path, folder.join("CHANGELOG.md")).expect("it can be moved");
    symlink(folder.join("CHANGELOG.md"), &path).expect("a link");
    refused(
        &repository,
        "CHANGELOG.md",
        "`CHANGELOG.md` is reached through a link",
    );
    refused(
        &repository,
        "docs/committed-link",
        "`docs/committed-link` is not a file",
    );
    assert_eq!(fs::read_to_string(&outside).expect("a file"), "mine\n");
    assert_eq!(names(folder), ["CHANGELOG.md", "file"]);
    assert_eq!(read(&repository, "target"), "target\n");
}

#[test]
fn paths_that_lead_out_or_into_a_git_folder_are_refused() {
    let context = Context::new();
    let repository = repository(&context);
    for path in [
        "",
        "/etc/passwd",
        "../outside",
        "docs/../../outside",
        "docs/./guide.md",
        "docs//guide.md",
        "docs/",
        ".git/config",
        ".GIT/hooks/pre-commit",
        "docs/.git/config",
        ".git /config",
        "git~1/config",
        ".g\u{200c}it/config",
        ".git::$INDEX_ALLOCATION/config",
    ] {
        let why = refused(
            &repository,
            path,
            &format!(
                "`{}` is not the path of a file of the working tree",
                Text::from(path).terminal()
            ),
        );
        assert!(matches!(why, EditRefusal::Path(_)));
    }
}

#[test]
fn other_repositories_are_left_alone() {
    let context = Context::new();
    let repository = repository(&context);
    let inner = context.repository("project/vendor");
    inner.commit_file("file", "theirs\n", "feat: theirs");
    repository.commit("feat: take it along");
    let said = |path: &str| format!("`{path}` lies in another repository");
    refused(&repository, "vendor/file", &said("vendor/file"));
    refused(&repository, "vendor/a/new", &said("vendor/a/new"));
    assert_eq!(names(inner.path()), [".git", "file"]);
    // One that is not part of this one at all.
    let nested = context.repository("project/nested");
    refused(&repository, "nested/new", &said("nested/new"));
    assert_eq!(names(nested.path()), [".git"]);
    // A submodule that is not there is an empty folder.
    fs::remove_dir_all(inner.path()).expect("it is there");
    fs::create_dir(inner.path()).expect("a folder");
    refused(&repository, "vendor/new", &said("vendor/new"));
    assert_eq!(names(inner.path()), [] as [&str; 0]);
}

#[test]
fn what_is_no_file_is_refused() {
    let context = Context::new();
    let repository = repository(&context);
    refused(&repository, "docs", "`docs` is not a file");
    repository.write("folder/file", "");
    refused(&repository, "folder", "`folder` is not a file");
    repository.write("file", "");
    refused(&repository, "file/below", "`file/below` is not a file");
    let path = repository.path().join("pipe");
    let made = std::process::Command::new("mkfifo").arg(path).status();
    assert!(made.expect("mkfifo").success());
    refused(&repository, "pipe", "`pipe` is not a file");
}

#[test]
fn large_files_are_refused() {
    let context = Context::new();
    let repository = repository(&context);
    let large = fs::File::create(repository.path().join("large")).expect("a file");
    large.set_len((16 << 20) + 1).expect("a file of holes");
    refused(&repository, "large", "`large` has more than 16777216 bytes");
    repository.commit("feat: grow");
    refused(&repository, "large", "`large` has more than 16777216 bytes");
}

#[test]
fn what_cannot_be_written_leaves_nothing() {
    let context = Context::new();
    let repository = repository(&context);
    // A name that no file system takes, below a folder that has to be made.
    let long = "a".repeat(250);
    let path = format!("made/{long}/{}", "b".repeat(256));
    refused(
        &repository,
        &path,
        &format!("`{path}` is not the path of a file of the working tree"),
    );
    assert!(!repository.path().join("made").exists());
    // A whole path that is too long is fine: nothing is opened by it.
    let deep = vec!["d".repeat(200); 30].join("/");
    let edited = edit(&repository, &format!("{deep}/new.md"), "new\n");
    assert!(matches!(edited, Edited::Done), "{edited:?}");
}
