//! `tests/corpus/RESULTS.md`: what the attacks came to.

use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};

use super::{Attack, folder};

/// Set to write what was seen instead of comparing it.
const UPDATE: &str = "HOLDPOINT_UPDATE_CORPUS";

const HEAD: &str = "# What hostile plugins come to\n\n\
    Each attack is run by the test suite through the real program (those against the compiler and with\n\
    damaged files by the thousand against its library), and this page is what it saw: whatever is not\n\
    so any more fails the suite. Beside the outcome, every attack is held to this: the program ends by\n\
    itself and without a panic, what misbehaves is never a go, no secret is in anything that the host\n\
    wrote, and a call takes no more than ten times the time that it has. The attacks are described in\n\
    `corpus.toml`; `HOLDPOINT_UPDATE_CORPUS=1` has the tests of `corpus` write this page anew.\n";

/// The groups in the order of the page, and what they are called there.
const GROUPS: [(&str, &str); 12] = [
    ("loops", "Endless loops"),
    ("memory", "Memory, by every route"),
    ("output", "Floods"),
    ("recursion", "Recursion and calls back"),
    ("answers", "Answers that are none"),
    ("compiling", "Bombs for the compiler"),
    ("files", "Damaged and random files"),
    ("lies", "Lies"),
    ("text", "Text that is more than text"),
    ("network", "Other systems"),
    ("secrets", "Secrets"),
    ("state", "State and this machine"),
];

fn title(group: &str) -> &'static str {
    let found = GROUPS.iter().find(|(name, _)| *name == group);
    found
        .unwrap_or_else(|| panic!("{group} has no place in the page"))
        .1
}

fn section<'a>(group: &str, rows: impl Iterator<Item = (&'a Attack, String)>) -> String {
    let mut text = format!(
        "## {}\n\n| attack | what it does | what stops it | outcome |\n| --- | --- | --- | --- |\n",
        title(group)
    );
    for (attack, outcome) in rows {
        let cells = [&attack.name, &attack.does, &attack.bound, &outcome];
        assert!(
            cells.iter().all(|cell| !cell.contains(['|', '\n'])),
            "{}",
            attack.name
        );
        text += &format!(
            "| `{}` | {} | {} | {outcome} |\n",
            attack.name, attack.does, attack.bound
        );
    }
    text
}

/// The section of a group in the page; empty when it is not there.
fn kept<'a>(page: &'a str, group: &str) -> &'a str {
    let start = format!("## {}\n", title(group));
    let Some(at) = page.find(&start) else {
        return "";
    };
    let rest = &page[at..];
    let end = rest[1..].find("\n## ").map_or(rest.len(), |end| end + 2);
    &rest[..end]
}

/// Holds the section of a group against what was seen, or writes it.
pub fn hold<'a>(group: &str, rows: impl Iterator<Item = (&'a Attack, String)>) {
    let path = folder().join("RESULTS.md");
    let current = section(group, rows);
    if std::env::var_os(UPDATE).is_none() {
        let page = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            kept(&page, group).trim_end() == current.trim_end(),
            "the section of {group} in {} is not what was seen; run the tests of `corpus` with \
             {UPDATE}=1\n{current}",
            path.display()
        );
        return;
    }
    let mut file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .expect("the page can be written");
    // Each group is a test, and each test a process.
    file.lock().expect("a lock");
    let mut page = String::new();
    file.read_to_string(&mut page).expect("text");
    let mut text = HEAD.to_owned();
    for (name, _) in GROUPS {
        let section = if name == group {
            &current
        } else {
            kept(&page, name)
        };
        if !section.is_empty() {
            text += &format!("\n{}\n", section.trim_end());
        }
    }
    file.rewind().expect("the beginning");
    file.set_len(0).expect("an empty file");
    file.write_all(text.as_bytes())
        .expect("the page can be written");
}

/// The groups of the table are those of the page, which has nothing else.
pub fn assert_groups(attacks: &[Attack]) {
    let mut groups: Vec<&str> = attacks.iter().map(|attack| attack.group.as_str()).collect();
    groups.dedup();
    assert_eq!(groups, GROUPS.map(|(name, _)| name));
    let page = std::fs::read_to_string(folder().join("RESULTS.md")).expect("the page");
    let sections = GROUPS.map(|(name, _)| kept(&page, name).trim_end().to_owned());
    assert!(
        page == format!("{HEAD}\n{}\n", sections.join("\n\n")),
        "{page}"
    );
    for attack in attacks {
        let row = format!("| `{}` | ", attack.name);
        assert_eq!(page.matches(&row).count(), 1, "{row}");
    }
}
