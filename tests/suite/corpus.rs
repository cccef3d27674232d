//! The hostile corpus: everything that a stranger's component may try against the host. The table is
//! `tests/corpus/corpus.toml`, one test runs the attacks of one group, and `tests/corpus/RESULTS.md`
//! is what they saw.
//!
//! Whatever an attack is: the host ends by itself, with an exit code that it means; a plugin that
//! misbehaves is never a go; no secret is in anything that was written; and no call takes more than
//! ten times the time that it has.

mod beside;
mod compiling;
mod files;
mod guests;
mod lies;
mod page;
#[cfg(target_os = "linux")]
mod processes;
mod random;
mod state;
mod twin;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use guests::Ground;

/// Attacks that are run at one time.
const AT_ONE_TIME: usize = 3;

/// What an attack may have beside `name`, `group`, `does`, `bound` and `outcome`.
const KEYS: [&str; 12] = [
    "capabilities",
    "evidence",
    "grants",
    "guest",
    "kind",
    "limits",
    "program",
    "reaches",
    "says",
    "serves",
    "settings",
    "world",
];

/// One attack, as the table has it.
pub struct Attack {
    pub name: String,
    group: String,
    does: String,
    bound: String,
    outcome: String,
    /// Everything else.
    table: toml::Table,
}

/// What an attack came to.
pub struct Seen {
    pub outcome: String,
    /// What the host said about it.
    pub words: String,
    /// The key of `limits` that it names.
    pub limit: Option<String>,
    /// What the call took of what it has, where it was called through the program.
    pub cost: Option<Cost>,
}

/// What a call took, and what it has.
#[derive(Clone, Copy)]
pub struct Cost {
    pub milliseconds: u64,
    pub milliseconds_max: u64,
    pub memory_bytes: u64,
    pub memory_bytes_max: u64,
}

impl Seen {
    pub fn new(outcome: &str, words: impl Into<String>) -> Self {
        Self {
            outcome: outcome.to_owned(),
            words: words.into(),
            limit: None,
            cost: None,
        }
    }
}

impl Attack {
    fn new(mut table: toml::Table) -> Self {
        let mut take = |key: &str| match table.remove(key) {
            Some(toml::Value::String(text)) => text,
            other => panic!("an attack without `{key}`: {other:?} in {table:?}"),
        };
        let [name, group, does, bound, outcome] =
            ["name", "group", "does", "bound", "outcome"].map(&mut take);
        let unknown = table.keys().find(|key| !KEYS.contains(&key.as_str()));
        assert_eq!(unknown, None, "{name}");
        Self {
            name,
            group,
            does,
            bound,
            outcome,
            table,
        }
    }

    pub fn text(&self, key: &str) -> Option<&str> {
        self.table.get(key)?.as_str()
    }

    /// What is wrong with what was seen.
    fn complaint(&self, seen: &Seen) -> Option<String> {
        let says = self.text("says").unwrap_or_default();
        let is_limit = self.bound.starts_with("`limits.");
        if seen.outcome != self.outcome {
            Some(format!("it must be {}", self.outcome))
        } else if !seen.words.contains(says) {
            Some(format!("it must say {says:?}"))
        } else if is_limit != seen.limit.is_some() {
            Some(format!("the bound must be {}", self.bound))
        } else if let Some(key) = &seen.limit
            && self.bound != format!("`limits.{key}`")
        {
            Some(format!("the bound must be {}, and is {key}", self.bound))
        } else {
            None
        }
    }
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

/// The whole table: the limits where an attack names no others, and the attacks.
fn table() -> (toml::Table, Vec<Attack>) {
    let text = std::fs::read_to_string(folder().join("corpus.toml")).expect("the table");
    let mut table: toml::Table = text.parse().expect("the table is TOML");
    let Some(toml::Value::Table(limits)) = table.remove("limits") else {
        panic!("the table has no limits");
    };
    let Some(toml::Value::Array(attacks)) = table.remove("attack") else {
        panic!("the table has no attacks");
    };
    assert!(table.is_empty(), "{table:?}");
    let attacks = attacks.into_iter().map(|attack| match attack {
        toml::Value::Table(attack) => Attack::new(attack),
        other => panic!("{other:?}"),
    });
    (limits, attacks.collect())
}

/// How the attacks of a group are run.
fn runner(group: &str) -> fn(&Ground, &Attack) -> Seen {
    match group {
        "compiling" => |_, attack| compiling::run(attack),
        "files" => |_, attack| files::run(attack),
        "lies" => lies::run,
        "state" => state::run,
        _ => Ground::run,
    }
}

/// Runs the attacks of a group, holds what they came to against the table, and the page against it.
fn run_group(name: &str) {
    let (_, attacks) = table();
    let attacks: Vec<&Attack> = attacks
        .iter()
        .filter(|attack| attack.group == name)
        .collect();
    assert!(!attacks.is_empty(), "{name} has no attacks");
    let (ground, run) = (Ground::new(), runner(name));
    let next = AtomicUsize::new(0);
    let seen = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONE_TIME {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(attack) = attacks.get(number) else {
                        return;
                    };
                    let came_to = run(&ground, attack);
                    seen.lock()
                        .expect("nobody panicked")
                        .push((number, came_to));
                }
            });
        }
    });
    let mut seen = seen.into_inner().expect("nobody panicked");
    seen.sort_by_key(|(number, _)| *number);
    let complaints: Vec<String> = attacks
        .iter()
        .zip(&seen)
        .filter_map(|(attack, (_, seen))| {
            let complaint = attack.complaint(seen)?;
            Some(format!(
                "{}: {complaint}; it was {} ({:?}): {}",
                attack.name, seen.outcome, seen.limit, seen.words
            ))
        })
        .collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    let outcomes = seen.into_iter().map(|(_, seen)| seen.outcome);
    page::hold(name, attacks.into_iter().zip(outcomes));
    ground.assert_no_secret();
}

#[test]
fn loops_end() {
    run_group("loops");
}

#[test]
fn memory_is_bounded_by_every_route() {
    run_group("memory");
}

#[test]
fn what_crosses_the_boundary_is_bounded() {
    run_group("output");
}

#[test]
fn recursion_ends() {
    run_group("recursion");
}

#[test]
fn an_answer_that_is_none_is_a_fault() {
    run_group("answers");
}

#[test]
fn compiling_is_bounded() {
    run_group("compiling");
}

#[test]
fn damaged_files_are_refused() {
    run_group("files");
}

#[test]
fn lies_are_found_out() {
    run_group("lies");
}

#[test]
fn text_stays_text() {
    run_group("text");
}

#[test]
fn other_systems_are_asked_as_far_as_is_granted() {
    run_group("network");
}

#[test]
fn secrets_stay_where_they_are() {
    run_group("secrets");
}

#[test]
fn nothing_is_kept_between_calls() {
    run_group("state");
}

#[test]
fn every_attack_has_a_name_of_its_own_and_every_file_an_attack() {
    let (_, attacks) = table();
    let names: BTreeSet<&str> = attacks.iter().map(|attack| attack.name.as_str()).collect();
    assert_eq!(names.len(), attacks.len());
    let guests: BTreeSet<&str> = attacks
        .iter()
        .filter_map(|attack| attack.text("guest"))
        .collect();
    // What an honest component is made of, and what is called twice.
    let of_code = [files::HONEST, state::KEEP];
    let expected: BTreeSet<&str> = guests.into_iter().chain(of_code).collect();
    let entries = std::fs::read_dir(folder()).expect("the folder");
    let found: BTreeSet<String> = entries
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .filter(|name| name.contains(".wat"))
        .collect();
    assert!(found.iter().map(String::as_str).eq(expected), "{found:?}");
}

#[test]
fn the_page_has_every_group_and_nothing_else() {
    page::assert_groups(&table().1);
}

/// What each attack costs, one after the other: `make bench` prints it.
#[test]
#[ignore = "a measurement: make bench"]
fn costs() {
    let ground = Ground::new();
    println!("attack                         whole    call   deadline    memory    of at most");
    for attack in table().1 {
        let started = std::time::Instant::now();
        let seen = runner(&attack.group)(&ground, &attack);
        let whole = started.elapsed().as_millis();
        assert_eq!(attack.complaint(&seen), None, "{}", attack.name);
        let call = seen.cost.map_or_else(String::new, |cost| {
            format!(
                " {:>4} ms {:>7} ms {:>5} KiB {:>9} KiB",
                cost.milliseconds,
                cost.milliseconds_max,
                cost.memory_bytes >> 10,
                cost.memory_bytes_max >> 10
            )
        });
        println!("{:<28} {whole:>5} ms{call}", attack.name);
    }
}
