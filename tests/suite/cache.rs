//! The cache: what it gives back, whom it does not believe, and that it is never in the way.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use holdpoint::model::Digest;
use holdpoint::store::{CACHE_BYTES_MAX, CACHE_ENTRIES_MAX, Cache, Place};

use crate::context::Context;

/// A cache in folders of its own.
struct Fixture {
    context: Context,
    bytes_max: u64,
    entries_max: usize,
}

impl Fixture {
    fn new() -> Self {
        Self {
            context: Context::new(),
            bytes_max: CACHE_BYTES_MAX,
            entries_max: CACHE_ENTRIES_MAX,
        }
    }

    fn open(&self) -> Cache {
        Cache::open(Place {
            entries: &self.entries(),
            state: &self.state(),
            bytes_max: self.bytes_max,
            entries_max: self.entries_max,
        })
    }

    fn entries(&self) -> PathBuf {
        self.context.path().join("cache/holdpoint")
    }

    fn state(&self) -> PathBuf {
        self.context.path().join("state/holdpoint")
    }

    fn key(&self) -> PathBuf {
        self.state().join("cache.key")
    }

    /// The names of the files in the folder of the entries.
    fn names(&self) -> Vec<String> {
        names(&self.entries())
    }

    fn entry(&self, kind: &str, key: &Digest) -> PathBuf {
        self.entries().join(format!("{kind}-{}.entry", key.hex()))
    }

    /// Says when an entry was used last: this many minutes ago.
    fn used(&self, key: &Digest, minutes: u64) {
        age(&self.entry("number", key), minutes);
    }
}

fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    entries
        .map(|entry| entry.expect("an entry").file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .collect()
}

fn age(path: &Path, minutes: u64) {
    let file = fs::File::options()
        .write(true)
        .open(path)
        .expect("the file");
    let time = SystemTime::now() - Duration::from_mins(minutes);
    file.set_modified(time).expect("the time can be set");
}

fn key(name: &str) -> Digest {
    Digest::of(name.as_bytes())
}

fn mode(path: &Path) -> u32 {
    let metadata = fs::metadata(path).expect("it is there");
    metadata.permissions().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("the mode can be set");
}

#[test]
fn what_was_written_is_read_by_the_next_process() {
    let fixture = Fixture::new();
    let cache = fixture.open();
    assert_eq!(cache.read("number", &key("one")), None);
    for value in [Vec::new(), b"1".to_vec(), vec![7; 100_000]] {
        cache.write("number", &key("one"), &value);
        let found = fixture.open().read("number", &key("one"));
        assert_eq!(found, Some(value));
    }
    assert_eq!(cache.read("number", &key("two")), None);
    assert_eq!(cache.read("letter", &key("one")), None);
}

/// Opening a pipe waits for its other end, and nobody would come.
#[test]
fn a_pipe_is_not_waited_for() {
    let fixture = Fixture::new();
    let pipe = |path: &Path| {
        let _ = fs::remove_file(path);
        let made = std::process::Command::new("mkfifo").arg(path).status();
        assert!(made.expect("mkfifo").success());
    };
    fixture.open().write("number", &key("one"), b"1");
    pipe(&fixture.entry("number", &key("one")));
    assert_eq!(fixture.open().read("number", &key("one")), None);
    pipe(&fixture.key());
    let cache = fixture.open();
    cache.write("number", &key("two"), b"2");
    assert_eq!(cache.read("number", &key("two")), None);
}

#[test]
fn no_cache_keeps_nothing() {
    let cache = Cache::none();
    cache.write("number", &key("one"), b"1");
    assert_eq!(cache.read("number", &key("one")), None);
}

#[test]
fn folders_and_files_are_the_users_alone() {
    let fixture = Fixture::new();
    let cache = fixture.open();
    cache.write("number", &key("one"), b"1");
    assert_eq!(mode(&fixture.entries()), 0o700);
    assert_eq!(mode(&fixture.state()), 0o700);
    assert_eq!(mode(&fixture.key()), 0o600);
    assert_eq!(mode(&fixture.entry("number", &key("one"))), 0o600);
    assert_eq!(fixture.names().len(), 1, "{:?}", fixture.names());
    assert_eq!(names(&fixture.state()), ["cache.key"]);
}

#[test]
fn a_flipped_byte_is_noticed_and_thrown_away() {
    let fixture = Fixture::new();
    let cache = fixture.open();
    let path = fixture.entry("number", &key("one"));
    cache.write("number", &key("one"), b"some value");
    let good = fs::read(&path).expect("the entry");
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1;
        fs::write(&path, bad).expect("the entry can be written");
        assert_eq!(cache.read("number", &key("one")), None, "byte {at}");
        assert!(!path.exists(), "byte {at}");
    }
}

#[test]
fn a_truncated_or_longer_entry_is_thrown_away() {
    let fixture = Fixture::new();
    let cache = fixture.open();
    let path = fixture.entry("number", &key("one"));
    cache.write("number", &key("one"), b"some value");
    let good = fs::read(&path).expect("the entry");
    let mut long = good.clone();
    long.push(0);
    for bad in [&good[..0], &good[..31], &good[..32], &good[1..], &long] {
        fs::write(&path, bad).expect("the entry can be written");
        assert_eq!(cache.read("number", &key("one")), None);
        assert!(!path.exists());
    }
}

#[test]
fn an_entry_is_bound_to_its_kind_and_its_key() {
    let fixture = Fixture::new();
    let cache = fixture.open();
    cache.write("number", &key("one"), b"1");
    let good = fixture.entry("number", &key("one"));
    for (kind, name) in [("number", "two"), ("letter", "one")] {
        fs::copy(&good, fixture.entry(kind, &key(name))).expect("the entry can be copied");
        assert_eq!(cache.read(kind, &key(name)), None, "{kind} {name}");
    }
    assert!(cache.read("number", &key("one")).is_some());
}

#[test]
fn an_entry_of_another_key_is_not_believed() {
    let (own, other) = (Fixture::new(), Fixture::new());
    own.open().write("number", &key("one"), b"1");
    other.open().write("number", &key("one"), b"2");
    let entry = |fixture: &Fixture| fixture.entry("number", &key("one"));
    fs::copy(entry(&other), entry(&own)).expect("the entry can be copied");
    assert_eq!(own.open().read("number", &key("one")), None);
}

#[test]
fn a_key_that_is_gone_is_made_again_and_old_entries_go() {
    let fixture = Fixture::new();
    fixture.open().write("number", &key("one"), b"1");
    fs::remove_file(fixture.key()).expect("the key can be removed");
    let cache = fixture.open();
    assert_eq!(cache.read("number", &key("one")), None);
    cache.write("number", &key("one"), b"1");
    assert!(fixture.open().read("number", &key("one")).is_some());
}

#[test]
fn a_key_that_others_can_read_or_that_is_no_key_is_not_used() {
    for (bytes, mode) in [
        (32, 0o640),
        (32, 0o604),
        (32, 0o620),
        (31, 0o600),
        (33, 0o600),
        (0, 0o600),
    ] {
        let fixture = Fixture::new();
        fixture.open().write("number", &key("one"), b"1");
        fs::write(fixture.key(), vec![7; bytes]).expect("the key can be written");
        set_mode(&fixture.key(), mode);
        let cache = fixture.open();
        cache.write("number", &key("two"), b"2");
        assert_eq!(
            cache.read("number", &key("two")),
            None,
            "{bytes} bytes, {mode:o}"
        );
        assert_eq!(fixture.names().len(), 1, "{bytes} bytes, {mode:o}");
    }
}

#[test]
fn a_folder_that_others_can_write_to_is_not_used() {
    let folders: [fn(&Fixture) -> PathBuf; 2] = [Fixture::entries, Fixture::state];
    for folder in folders {
        for mode in [0o770, 0o707, 0o720, 0o702, 0o1777] {
            let fixture = Fixture::new();
            fixture.open().write("number", &key("one"), b"1");
            set_mode(&folder(&fixture), mode);
            let cache = fixture.open();
            assert_eq!(cache.read("number", &key("one")), None, "{mode:o}");
        }
    }
}

#[test]
fn a_folder_of_somebody_else_is_not_used() {
    let fixture = Fixture::new();
    // Only the administrator can give something away; the root folder is the administrator's.
    let foreign = fixture.context.path().join("foreign");
    fs::create_dir(&foreign).expect("a folder");
    let folder = match std::os::unix::fs::chown(&foreign, Some(12345), None) {
        Ok(()) => foreign.as_path(),
        Err(_) => Path::new("/"),
    };
    let cache = Cache::open(Place {
        entries: folder,
        state: &fixture.state(),
        bytes_max: CACHE_BYTES_MAX,
        entries_max: CACHE_ENTRIES_MAX,
    });
    assert_eq!(format!("{cache:?}"), "Cache { keeps: false, .. }");
    assert_eq!(names(&foreign), [""; 0]);
}

#[test]
fn a_folder_that_is_a_link_is_not_used() {
    let fixture = Fixture::new();
    let elsewhere = fixture.context.path().join("elsewhere");
    fs::create_dir(&elsewhere).expect("a folder");
    set_mode(&elsewhere, 0o700);
    fs::create_dir(fixture.context.path().join("cache")).expect("a folder");
    symlink(&elsewhere, fixture.entries()).expect("a link");
    let cache = fixture.open();
    cache.write("number", &key("one"), b"1");
    assert_eq!(cache.read("number", &key("one")), None);
    assert_eq!(names(&elsewhere), [""; 0]);
}

#[test]
fn a_file_in_the_place_of_the_folder_is_left_alone() {
    let fixture = Fixture::new();
    fixture.context.write("cache/holdpoint", "mine");
    let cache = fixture.open();
    cache.write("number", &key("one"), b"1");
    assert_eq!(cache.read("number", &key("one")), None);
    assert_eq!(fs::read(fixture.entries()).expect("the file"), b"mine");
}

#[test]
fn what_was_used_last_stays_where_there_is_no_room() {
    let mut fixture = Fixture::new();
    fixture.bytes_max = 3 * (100 + 32);
    let cache = fixture.open();
    let (one, two, three, four) = (key("1"), key("2"), key("3"), key("4"));
    for (minutes, entry) in [(30, &one), (20, &two), (10, &three)] {
        cache.write("number", entry, &[0; 100]);
        fixture.used(entry, minutes);
    }
    // The oldest one is used again.
    assert!(cache.read("number", &one).is_some());
    cache.write("number", &four, &[0; 100]);
    let kept = [&one, &two, &three, &four].map(|entry| cache.read("number", entry).is_some());
    assert_eq!(kept, [true, false, true, true]);
}

#[test]
fn there_are_never_more_entries_than_allowed() {
    let mut fixture = Fixture::new();
    fixture.entries_max = 2;
    let cache = fixture.open();
    for (minutes, entry) in [(30, "1"), (20, "2"), (10, "3")] {
        cache.write("number", &key(entry), b"");
        fixture.used(&key(entry), minutes);
    }
    cache.write("number", &key("4"), b"");
    assert_eq!(fixture.names().len(), 2);
    assert!(cache.read("number", &key("4")).is_some());
}

#[test]
fn a_value_above_the_bound_is_not_kept_and_removes_nothing() {
    let mut fixture = Fixture::new();
    fixture.bytes_max = 100;
    let cache = fixture.open();
    cache.write("number", &key("one"), b"1");
    cache.write("number", &key("two"), &[0; 69]);
    assert_eq!(cache.read("number", &key("two")), None);
    assert!(cache.read("number", &key("one")).is_some());
    cache.write("number", &key("two"), &[0; 68]);
    assert!(cache.read("number", &key("two")).is_some());
}

#[test]
fn only_files_of_a_cache_are_removed() {
    let mut fixture = Fixture::new();
    fixture.entries_max = 1;
    let cache = fixture.open();
    fs::write(fixture.entries().join("thesis.txt"), "mine").expect("a file");
    for name in ["new-0000000000000001", "new-0000000000000002"] {
        fs::write(fixture.entries().join(name), "left").expect("a file");
    }
    age(&fixture.entries().join("thesis.txt"), 100_000);
    // One was left behind by a process that came to a sudden end, one is being written.
    age(&fixture.entries().join("new-0000000000000001"), 90);
    cache.write("number", &key("one"), b"1");
    cache.write("number", &key("two"), b"2");
    let mut names = fixture.names();
    names.sort();
    let entry = format!("number-{}.entry", key("two").hex());
    assert_eq!(names, ["new-0000000000000002", &entry, "thesis.txt"]);
}

#[test]
fn threads_and_processes_can_share_a_folder() {
    let fixture = Fixture::new();
    std::thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| {
                // Each opens it anew, as a process would, and all at first make the key.
                let cache = fixture.open();
                for number in 0..20_u8 {
                    let key = key(&format!("{}", number % 4));
                    cache.write("number", &key, &[number % 4; 1000]);
                    let value = cache.read("number", &key);
                    assert_eq!(value.as_deref(), Some(&[number % 4; 1000][..]));
                }
            });
        }
    });
    assert_eq!(fixture.names().len(), 4, "{:?}", fixture.names());
}
