//! Where a store may be, whose it has to be, and what is left there.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown, symlink};
use std::path::{Path, PathBuf};

use holdpoint::store::StoreError;

use super::{At, block, cancelled, entry, make, records, sit, told};
use crate::context::Context;
use crate::postgres::is_administrator;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it is there").mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("the mode can be set");
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("the folder");
    let mut names: Vec<_> = entries
        .map(|entry| entry.expect("an entry").file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// What opening a store says.
#[track_caller]
fn refused(at: &At) -> StoreError {
    let error = block(at.open()).expect_err("it is refused");
    assert!(!error.help().is_empty());
    error
}

/// A folder that only its user can write to, and names in it.
struct Fixture {
    context: Context,
}

impl Fixture {
    fn new() -> Self {
        let context = Context::new();
        set_mode(context.path(), 0o700);
        Self { context }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.context.path().join(name)
    }

    /// A store in a folder and one in a file, which are not there yet.
    fn both(&self) -> [At; 2] {
        [
            At::Folder(self.path("state/holdpoint")),
            At::File(self.path("run.state")),
        ]
    }
}

#[test]
fn a_new_store_is_the_users_alone() {
    let fixture = Fixture::new();
    for at in fixture.both() {
        block(async {
            let store = at.store().await;
            let run = make(&store, 1).await;
            let mut sitting = sit(&store, &run.id, 1).await;
            sitting.write(entry(1, cancelled("SIGINT"))).await.unwrap();
            let file = at.file();
            let folder = file.parent().unwrap();
            for name in names(folder) {
                let path = folder.join(name);
                if path.is_file() {
                    assert_eq!(mode(&path), 0o600, "{}", path.display());
                }
            }
        });
    }
    assert_eq!(mode(&fixture.path("state/holdpoint")), 0o700);
}

/// What a runner hands to the next one is this file, and nothing else.
#[test]
fn a_carried_store_is_one_file() {
    let fixture = Fixture::new();
    let folder = fixture.path("work");
    fs::create_dir(&folder).unwrap();
    set_mode(&folder, 0o700);
    let first = At::File(folder.join("run.state"));
    let run = block(async {
        let store = first.store().await;
        let run = make(&store, 1).await;
        assert_eq!(names(&folder), ["run.state"]);
        let mut sitting = sit(&store, &run.id, 1).await;
        sitting.write(entry(1, cancelled("SIGINT"))).await.unwrap();
        sitting.release().await.unwrap();
        // Also while the store is open.
        assert_eq!(names(&folder), ["run.state"]);
        drop(sit(&store, &run.id, 1).await);
        run
    });
    assert_eq!(names(&folder), ["run.state"]);
    // What carries it does not keep its mode.
    let second = fixture.path("run-2.state");
    fs::copy(folder.join("run.state"), &second).unwrap();
    set_mode(&second, 0o644);
    let second = At::File(second);
    block(async {
        let store = second.store().await;
        let journal = records(&store, &run.id).await;
        assert_eq!(journal.last(), Some(&cancelled("SIGINT")));
        assert_eq!(sit(&store, &run.id, 2).await.number(), 3);
    });
    assert_eq!(mode(&second.file()), 0o600);
}

/// The store of a folder is taken along by copying its file, and the other way round.
#[test]
fn the_store_of_a_folder_can_be_carried() {
    let fixture = Fixture::new();
    let [folder, file] = fixture.both();
    block(async {
        let store = folder.store().await;
        let run = make(&store, 1).await;
        // While others use it.
        let mut sitting = sit(&store, &run.id, 1).await;
        sitting.write(entry(1, cancelled("SIGINT"))).await.unwrap();
        let copy = format!("VACUUM INTO '{}'", file.file().display());
        folder.meddle(&copy).await;
        let before = told(&store, &run.id).await.unwrap();
        assert_eq!(told(&file.store().await, &run.id).await.unwrap(), before);
        assert_eq!(names(fixture.context.path()), ["run.state", "state"]);
        // And into a new folder.
        let other = At::Folder(fixture.path("other"));
        fs::create_dir(fixture.path("other")).unwrap();
        set_mode(&fixture.path("other"), 0o700);
        fs::copy(file.file(), other.file()).unwrap();
        assert_eq!(told(&other.store().await, &run.id).await.unwrap(), before);
    });
}

#[test]
fn a_store_is_not_made_in_a_working_tree() {
    let context = Context::new();
    let repository = context.repository("project");
    for below in ["", "state/deep/below"] {
        let folder = repository.path().join(below);
        let error = refused(&At::Folder(folder));
        assert!(matches!(error, StoreError::InWorkTree { .. }), "{error:?}");
        assert!(error.to_string().contains("project"), "{error}");
        assert!(error.help().contains("XDG_STATE_HOME"));
    }
    assert_eq!(names(repository.path()), [".git"]);
    // Also by way of a link, and in a tree whose `.git` is a file.
    let linked = context.path().join("linked");
    symlink(repository.path(), &linked).unwrap();
    let error = refused(&At::Folder(linked.join("state")));
    assert!(matches!(error, StoreError::InWorkTree { .. }), "{error:?}");
    context.write("other/.git", "gitdir: elsewhere");
    let error = refused(&At::Folder(context.path().join("other/state")));
    assert!(matches!(error, StoreError::InWorkTree { .. }), "{error:?}");
    // A file that the operator names can lie there.
    set_mode(repository.path(), 0o755);
    block(At::File(repository.path().join("run.state")).store());
}

#[test]
fn a_link_is_not_followed() {
    let fixture = Fixture::new();
    let elsewhere = fixture.path("elsewhere");
    fs::write(&elsewhere, "mine").unwrap();
    set_mode(&elsewhere, 0o600);
    for at in fixture.both() {
        let file = at.file();
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        set_mode(file.parent().unwrap(), 0o700);
        for target in [elsewhere.clone(), fixture.path("missing")] {
            symlink(&target, &file).unwrap();
            let error = refused(&at);
            assert!(matches!(error, StoreError::Refused { .. }), "{error:?}");
            assert!(error.to_string().contains("symbolic link"), "{error}");
            fs::remove_file(&file).unwrap();
        }
        // Nor anything else that is no file.
        fs::create_dir(&file).unwrap();
        let error = refused(&at);
        assert!(matches!(error, StoreError::Refused { .. }), "{error:?}");
        fs::remove_dir(&file).unwrap();
    }
    assert_eq!(fs::read(&elsewhere).unwrap(), b"mine");
    assert!(!fixture.path("missing").exists());
    let linked = fixture.path("linked");
    symlink(fixture.path("state/holdpoint"), &linked).unwrap();
    let error = refused(&At::Folder(linked));
    assert!(error.to_string().contains("symbolic link"), "{error}");
}

#[test]
fn what_others_can_reach_is_not_used() {
    let fixture = Fixture::new();
    for at in fixture.both() {
        block(at.store());
        let file = at.file();
        let folder = file.parent().unwrap().to_owned();
        for wrong in [0o770, 0o702, 0o720, 0o1777] {
            set_mode(&folder, wrong);
            let error = refused(&at);
            assert!(matches!(error, StoreError::Refused { .. }), "{error:?}");
            assert!(error.to_string().contains("others can write"), "{error}");
        }
        set_mode(&folder, 0o700);
        for wrong in [0o620, 0o602, 0o666] {
            set_mode(&file, wrong);
            let error = refused(&at);
            assert!(error.to_string().contains("others can write"), "{error}");
            assert!(error.to_string().contains("chmod 600"), "{error}");
        }
        set_mode(&file, 0o644);
        match at {
            At::Folder(_) => {
                let error = refused(&at);
                assert!(error.to_string().contains("others can read"), "{error}");
            }
            _ => drop(block(at.store())),
        }
    }
}

#[test]
fn what_belongs_to_somebody_else_is_not_used() {
    let fixture = Fixture::new();
    // Only the administrator can give something away; the root folder is the administrator's.
    if !is_administrator() {
        let error = refused(&At::Folder(PathBuf::from("/")));
        assert!(matches!(error, StoreError::Foreign { .. }), "{error:?}");
        return;
    }
    for at in fixture.both() {
        block(at.store());
        chown(at.file(), Some(12345), None).unwrap();
        let error = refused(&at);
        assert!(
            matches!(&error, StoreError::Foreign { owner, user, .. }
                if owner == "the user 12345" && user == "the user 0"),
            "{error:?}"
        );
        assert!(error.help().contains("XDG_STATE_HOME"));
        chown(at.file(), Some(0), None).unwrap();
        block(at.store());
    }
    chown(fixture.path("state/holdpoint"), Some(12345), None).unwrap();
    let error = refused(&fixture.both()[0]);
    assert!(matches!(error, StoreError::Foreign { .. }), "{error:?}");
}

#[test]
fn a_place_that_is_not_there_is_named() {
    let fixture = Fixture::new();
    let error = refused(&At::File(fixture.path("missing/run.state")));
    assert!(matches!(error, StoreError::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().contains("missing"), "{error}");
    for name in ["/", ".."] {
        let error = refused(&At::File(PathBuf::from(name)));
        assert!(matches!(error, StoreError::Refused { .. }), "{error:?}");
    }
    fs::write(fixture.path("file"), "mine").unwrap();
    let error = refused(&At::Folder(fixture.path("file")));
    assert!(matches!(error, StoreError::Refused { .. }), "{error:?}");
}

#[test]
fn odd_names_are_names() {
    let fixture = Fixture::new();
    for name in [
        "file:run.state?mode=memory",
        ":memory:",
        "a%20b",
        "ü 'x'.state",
    ] {
        let at = At::File(fixture.path(name));
        let run = block(async { make(&at.store().await, 1).await });
        assert!(fixture.path(name).is_file(), "{name}");
        block(async { records(&at.store().await, &run.id).await });
    }
    assert_eq!(names(fixture.context.path()).len(), 4);
}

/// A process that was killed can leave its lock behind: it is nobody's, and goes with the next one.
#[test]
fn a_lock_that_was_left_behind_is_nobodys() {
    let fixture = Fixture::new();
    for at in fixture.both() {
        block(async {
            let store = at.store().await;
            let run = make(&store, 1).await;
            let file = at.file();
            let name = format!(
                "{}-{}.lock",
                file.file_name().unwrap().to_str().unwrap(),
                run.id
            );
            let lock = file.with_file_name(name);
            fs::write(&lock, "").unwrap();
            let sitting = sit(&store, &run.id, 1).await;
            assert!(lock.exists());
            assert_eq!(mode(&lock) & 0o022, 0);
            sitting.release().await.unwrap();
            assert!(!lock.exists());
        });
    }
}
