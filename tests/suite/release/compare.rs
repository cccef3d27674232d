//! The same ranges read by this program and by the git command line.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use holdpoint::model::{Change, Subject, Text};
use holdpoint::release::{Query, Repository};

use crate::context::{Context, git_command};

/// What git says of one file: lines added, lines deleted; none for a binary file.
type Numbers = Option<(u32, u32)>;

/// What was compared, and what differed.
#[derive(Default)]
struct Comparison {
    ranges: usize,
    commits: usize,
    files: usize,
    differences: Vec<String>,
    files_that_differ: usize,
}

#[test]
fn a_made_up_history_reads_as_git_reads_it() {
    let context = Context::new();
    let repository = context.repository("made-up");
    make_history(&repository);
    let comparison = compare(repository.path(), 30, 1);
    assert_eq!(comparison.differences, Vec::<String>::new());
    assert!(comparison.ranges >= 30 && comparison.commits > 100);
}

/// Renames near the bounds of the rules: a kept file name against a more alike file, and contents
/// of long lines about half of which is new.
#[test]
fn close_calls_are_paired_as_git_pairs_them() {
    let context = Context::new();
    let repository = context.repository("close");
    let mut random = Random(11);
    let mut word = || format!("{:09}", random.below(1_000_000_000));
    let mut lines = |count: usize, words: usize| -> Vec<String> {
        let line = |_| (0..words).map(|_| word()).collect::<String>() + "\n";
        (0..count).map(line).collect()
    };
    let same_name = lines(20, 2);
    repository.write("old/name.txt", same_name.concat());
    let long: Vec<Vec<String>> = (0..40).map(|_| lines(12, 30)).collect();
    for (index, long) in long.iter().enumerate() {
        repository.write(&format!("old/{index}-a"), long.concat());
    }
    let from = repository.commit("feat: before");
    std::fs::remove_dir_all(repository.path().join("old")).unwrap();
    let (more, less) = (lines(1, 2), lines(4, 2));
    repository.write("new/more.txt", [&same_name[1..], &more].concat().concat());
    repository.write("new/name.txt", [&same_name[4..], &less].concat().concat());
    for (index, long) in long.iter().enumerate() {
        // Cut in the middle of a line, so that the ends of chunks count.
        let text = long.concat();
        let kept = &text[..text.len() * (40 + index / 2) / 100];
        let fresh = lines(12, 30).concat();
        let rest = &fresh[..text.len() - kept.len()];
        repository.write(&format!("new/{index}-b"), [kept, rest].concat());
    }
    let to = repository.commit("fix: after");
    let query = Query {
        from: Some(from.clone()),
        ..Query::default()
    };
    let opened = Repository::open(repository.path()).expect("it opens");
    let subject = opened.collect(&query, &|_| ()).expect("a release").subject;
    let mut comparison = Comparison::default();
    comparison.hold(
        repository.path(),
        &format!("{from}..{to}"),
        &from,
        &to,
        &subject,
    );
    assert_eq!(comparison.differences, Vec::<String>::new());
    let renamed = subject
        .changes
        .iter()
        .filter(|change| change.old_path.is_some())
        .count();
    assert!((5..35).contains(&renamed), "{renamed} of 40 is not close");
    let kept_name = |change: &&Change| change.path.raw() == "new/name.txt";
    let kept_name = subject.changes.iter().find(kept_name).expect("the file");
    assert_eq!(
        kept_name.old_path.as_ref().map(Text::raw),
        Some("old/name.txt")
    );
}

/// Edits of texts of few different lines, with and without a line break at the end, so that ends
/// overlap and lines stand in many places.
#[test]
fn edits_of_repeated_lines_count_as_git_counts_them() {
    let context = Context::new();
    let repository = context.repository("repeated");
    let mut random = Random(23);
    let mut text = |lines: usize, kinds: usize, ending: bool| {
        let mut text = String::new();
        for _ in 0..lines {
            text.push_str(&"x".repeat(random.below(kinds)));
            text.push('\n');
        }
        if ending {
            text.push_str("end");
        }
        text
    };
    let sizes = [0, 1, 2, 3, 5, 8, 40, 200];
    let mut names = Vec::new();
    for (index, old) in sizes.iter().enumerate() {
        for new in sizes {
            let name = format!("{index}-{new}.txt");
            repository.write(&name, text(*old, 3, index % 2 == 0) + &text(30, 90, false));
            names.push((name, *old, new));
        }
    }
    let from = repository.commit("feat: before");
    for (index, (name, old, new)) in names.iter().enumerate() {
        let before = std::fs::read_to_string(repository.path().join(name)).unwrap();
        let keep = before.len() * (index % 4) / 4;
        let after = text(*new, 3, false) + &before[keep..] + &text(old + new, 4, index % 3 == 0);
        repository.write(name, after);
    }
    let to = repository.commit("fix: after");
    let query = Query {
        from: Some(from.clone()),
        ..Query::default()
    };
    let opened = Repository::open(repository.path()).expect("it opens");
    let subject = opened.collect(&query, &|_| ()).expect("a release").subject;
    let mut comparison = Comparison::default();
    comparison.hold(
        repository.path(),
        &format!("{from}..{to}"),
        &from,
        &to,
        &subject,
    );
    assert_eq!(comparison.differences, Vec::<String>::new());
    assert!(comparison.files >= 60, "{} files", comparison.files);
}

#[test]
fn this_repository_reads_as_git_reads_it() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let is_checkout = git_command(folder)
        .args(["rev-parse", "--verify", "--quiet", "HEAD~1"])
        .output()
        .is_ok_and(|output| output.status.success());
    let is_shallow = git(folder, &["rev-parse", "--is-shallow-repository"]) == "true\n";
    if !is_checkout || is_shallow {
        eprintln!("skipped: no git checkout with its whole history");
        return;
    }
    let comparison = compare(folder, 10, 2);
    assert_eq!(comparison.differences, Vec::<String>::new());
}

/// `HOLDPOINT_COMPARE_REPOSITORIES` names folders, with `:` between them, and
/// `HOLDPOINT_COMPARE_RANGES` how many ranges to compare in each. Commits, merges and files must be
/// equal; lines may differ in one file of a hundred, and each one is printed.
#[test]
#[ignore = "needs folders of repositories, see `make compare`"]
fn compare_named_repositories() {
    let folders = std::env::var("HOLDPOINT_COMPARE_REPOSITORIES")
        .expect("HOLDPOINT_COMPARE_REPOSITORIES names folders, with `:` between them");
    let ranges = std::env::var("HOLDPOINT_COMPARE_RANGES")
        .map_or(70, |text| text.parse().expect("HOLDPOINT_COMPARE_RANGES"));
    let mut wrong = Vec::new();
    for folder in folders.split(':') {
        let started = std::time::Instant::now();
        let comparison = compare(Path::new(folder), ranges, 3);
        println!(
            "{folder}: {} ranges, {} commits, {} files, {} files differ, {:.0} s",
            comparison.ranges,
            comparison.commits,
            comparison.files,
            comparison.files_that_differ,
            started.elapsed().as_secs_f64(),
        );
        for difference in &comparison.differences {
            println!("  {difference}");
        }
        let is_counts = |difference: &&String| difference.starts_with("count");
        wrong.extend(comparison.differences.iter().filter(is_counts).cloned());
        assert!(comparison.files_that_differ * 100 <= comparison.files);
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// Compares random ranges. Half of them are short; some have ends that do not contain each other.
fn compare(folder: &Path, ranges: usize, seed: u64) -> Comparison {
    let names: Vec<String> = git(folder, &["rev-list", "--topo-order", "HEAD"])
        .lines()
        .map(str::to_owned)
        .collect();
    let mut random = Random(seed);
    let mut comparison = Comparison::default();
    let repository = Repository::open(folder).expect("the repository can be opened");
    while comparison.ranges < ranges {
        let head = random.below(names.len());
        let reach = if random.below(10) == 0 { 1_500 } else { 60 };
        let base = head + random.below(reach);
        let from = names.get(base);
        let range = match from {
            Some(from) => format!("{from}..{}", names[head]),
            None => names[head].clone(),
        };
        if git(folder, &["rev-list", "--count", &range]) == "0\n" {
            if names.len() < 2 {
                break;
            }
            continue;
        }
        let Some(from) = from else { continue };
        let query = Query {
            from: Some(from.clone()),
            to: Some(names[head].clone()),
            ..Query::default()
        };
        let subject = repository
            .collect(&query, &|_| ())
            .unwrap_or_else(|error| panic!("{range}: {error}: {:?}", error.help()))
            .subject;
        comparison.ranges += 1;
        comparison.commits += subject.commits.len();
        comparison.hold(folder, &range, from, &names[head], &subject);
    }
    comparison
}

impl Comparison {
    fn hold(&mut self, folder: &Path, range: &str, from: &str, to: &str, subject: &Subject) {
        let number =
            |arguments: &[&str]| -> u32 { git(folder, arguments).trim().parse().expect("a count") };
        self.equal(
            range,
            "commits",
            subject.totals.commits,
            number(&["rev-list", "--count", range]),
        );
        self.equal(
            range,
            "merges",
            subject.totals.merges,
            number(&["rev-list", "--count", "--merges", range]),
        );
        let theirs = numstat(folder, from, to);
        self.equal(
            range,
            "files",
            subject.totals.files,
            u32::try_from(theirs.len()).unwrap(),
        );
        self.files += theirs.len();
        let ours: BTreeMap<Text, (Option<Text>, Numbers)> =
            subject.changes.iter().map(of_change).collect();
        for (path, numbers) in &theirs {
            let own = ours.get(path);
            if own != Some(numbers) {
                self.files_that_differ += 1;
                self.differences.push(format!(
                    "lines {range}: {path:?}: {own:?} here, {numbers:?} in git"
                ));
            }
        }
        self.commits_hold(folder, range, subject);
    }

    /// Each commit's own numbers.
    fn commits_hold(&mut self, folder: &Path, range: &str, subject: &Subject) {
        let log = git(
            folder,
            &["log", "--numstat", "-M", "--format=commit %H %ct", range],
        );
        let mut theirs: BTreeMap<String, (u32, u32, u32)> = BTreeMap::new();
        let mut current = String::new();
        for line in log.lines().filter(|line| !line.is_empty()) {
            if let Some(rest) = line.strip_prefix("commit ") {
                rest.split(' ')
                    .next()
                    .unwrap_or_default()
                    .clone_into(&mut current);
                theirs.insert(current.clone(), (0, 0, 0));
            } else {
                let mut columns = line.split('\t').map(|column| column.parse().unwrap_or(0));
                let entry = theirs.get_mut(&current).expect("a commit line comes first");
                entry.0 += 1;
                entry.1 += columns.next().unwrap_or(0);
                entry.2 += columns.next().unwrap_or(0);
            }
        }
        for commit in &subject.commits {
            let measures = commit.measures;
            let own = (measures.files, measures.insertions, measures.deletions);
            let git = theirs.get(commit.id.as_str()).copied();
            if git != Some(own) {
                let kind = if git.map(|numbers| numbers.0) == Some(own.0) {
                    self.files_that_differ += 1;
                    "lines"
                } else {
                    "count files"
                };
                self.differences.push(format!(
                    "{kind} {}: {own:?} here, {git:?} in git",
                    commit.id
                ));
            }
            self.files += measures.files as usize;
        }
    }

    fn equal(&mut self, range: &str, what: &str, ours: u32, theirs: u32) {
        if ours != theirs {
            self.differences.push(format!(
                "count {what} {range}: {ours} here, {theirs} in git"
            ));
        }
    }
}

fn of_change(change: &Change) -> (Text, (Option<Text>, Numbers)) {
    let numbers = (!change.binary).then_some((change.insertions, change.deletions));
    (change.path.clone(), (change.old_path.clone(), numbers))
}

/// What git says of the files that differ.
fn numstat(folder: &Path, from: &str, to: &str) -> BTreeMap<Text, (Option<Text>, Numbers)> {
    let output = git_bytes(folder, &["diff", "--numstat", "-M", "-z", from, to]);
    let mut parts = output.split(|byte| *byte == 0);
    let mut files = BTreeMap::new();
    while let Some(part) = parts.next().filter(|part| !part.is_empty()) {
        let mut columns = part.splitn(3, |byte| *byte == b'\t');
        let mut number = || {
            let column = columns.next().expect("a number");
            std::str::from_utf8(column).expect("digits").parse().ok()
        };
        let numbers = number().zip(number());
        let path = columns.next().expect("a path");
        let (old, path) = if path.is_empty() {
            let old = parts.next().expect("the old path");
            (Some(old), parts.next().expect("the new path"))
        } else {
            (None, path)
        };
        files.insert(Text::from_bytes(path), (old.map(Text::from_bytes), numbers));
    }
    files
}

/// Git with its defaults spelled out, and without attributes: they would let a change say which of
/// its own files are binary.
fn git_bytes(folder: &Path, arguments: &[&str]) -> Vec<u8> {
    let no_attributes = git_command(folder)
        .args(["hash-object", "-t", "tree", "/dev/null"])
        .output()
        .expect("git runs");
    let no_attributes = String::from_utf8(no_attributes.stdout).expect("a name");
    let output = git_command(folder)
        .arg(format!("--attr-source={}", no_attributes.trim()))
        .args(["-c", "diff.renameLimit=1000", "-c", "safe.directory=*"])
        .args(arguments)
        .output()
        .expect("git runs");
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    output.stdout
}

fn git(folder: &Path, arguments: &[&str]) -> String {
    String::from_utf8_lossy(&git_bytes(folder, arguments)).into_owned()
}

/// Numbers that are the same in every run (Knuth's MMIX generator).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % bound.max(1)
    }
}

/// A history with all that is read in a way of its own: renames with and without changes, several
/// candidates for one rename, binary files, links, modes, type changes, files without a last line
/// break, carriage returns, empty files, merges and paths that are not UTF-8.
fn make_history(repository: &crate::context::Repository) {
    let mut random = Random(7);
    let lines = |random: &mut Random, count: usize| -> String {
        (0..count).fold(String::new(), |text, _| {
            text + "line "
                + &random.below(40).to_string()
                + "
"
        })
    };
    let folder: PathBuf = repository.path().to_owned();
    for step in 0..60 {
        for _ in 0..=random.below(4) {
            let path = format!("d{}/f{}.txt", random.below(4), random.below(12));
            let full = folder.join(&path);
            match random.below(9) {
                0 => {
                    let to = format!("e{}/f{}.txt", random.below(3), random.below(12));
                    std::fs::create_dir_all(folder.join(&to).parent().unwrap()).unwrap();
                    let _ = std::fs::rename(&full, folder.join(&to));
                }
                1 => {
                    let _ = std::fs::remove_file(&full);
                }
                2 => repository.write(&path, [1, 0, 2, u8::try_from(step).unwrap()]),
                3 => repository.write(&path, lines(&mut random, 8).replace('\n', "\r\n")),
                4 => repository.write(&path, lines(&mut random, 5).trim_end()),
                5 => repository.write(&path, ""),
                6 => {
                    let old = std::fs::read(&full).unwrap_or_default();
                    let more = lines(&mut random, 3);
                    repository.write(&path, [old.as_slice(), more.as_bytes()].concat());
                    let to = format!("d{}/g{}.txt", random.below(4), random.below(3));
                    std::fs::create_dir_all(folder.join(&to).parent().unwrap()).unwrap();
                    let _ = std::fs::rename(&full, folder.join(&to));
                }
                7 => odd_entry(&full, step),
                _ => {
                    let count = 20 + random.below(60);
                    repository.write(&path, lines(&mut random, count));
                }
            }
        }
        if step % 10 == 5 {
            repository.git(["checkout", "--quiet", "-b", &format!("side-{step}")]);
            let count = 10;
            repository.write(&format!("side/{step}.txt"), lines(&mut random, count));
            repository.commit(&format!("feat: on the side {step}"));
            repository.git(["checkout", "--quiet", "main"]);
        }
        repository.commit(&format!("fix: step {step}"));
        if step % 10 == 5 {
            repository.git([
                "merge",
                "--quiet",
                "--no-ff",
                "-m",
                "Merge the side",
                &format!("side-{step}"),
            ]);
        }
    }
}

/// A link, an executable file or a name that is not UTF-8 in place of what is there.
#[cfg(unix)]
fn odd_entry(path: &Path, step: u32) {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{PermissionsExt, symlink};
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    match step % 3 {
        0 => {
            let _ = std::fs::remove_file(path);
            symlink(format!("target {step}"), path).unwrap();
        }
        1 if path.is_file() => {
            std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
        }
        _ => {
            let name = std::ffi::OsStr::from_bytes(b"not-\xff-utf8.txt");
            std::fs::write(path.with_file_name(name), format!("{step}\n")).unwrap();
        }
    }
}

#[cfg(not(unix))]
fn odd_entry(_path: &Path, _step: u32) {}
