//! Releases and settings that nobody wants, put to the shipped component.

use holdpoint::model::{
    Assessment, Change, ChangeKind, FaultCode, Measures, ObjectName, Outcome, Owners, Text,
};
use serde_json::{Value, json};

use super::{ChangeRisk, name, release_of};

fn measures(insertions: u32, files: u32) -> Measures {
    Measures {
        files,
        directories: files,
        subsystems: 1,
        insertions,
        deletions: 0,
        entropy: 0.0,
        fix: false,
    }
}

fn change(path: &str, insertions: u32) -> Change {
    Change {
        path: Text::from(path),
        old_path: None,
        how: ChangeKind::Added,
        insertions,
        deletions: 0,
        binary: false,
        owners: Owners::Claimed(Vec::new()),
    }
}

fn evidence<'a>(assessment: &'a Assessment, name: &str) -> Vec<&'a str> {
    assessment
        .factors
        .iter()
        .filter(|factor| factor.name.raw() == name)
        .map(|factor| factor.evidence.raw())
        .collect()
}

#[test]
fn one_commit_is_ranked_first_of_one() {
    let subject = release_of(&[measures(812, 14)]);
    let assessment = ChangeRisk::load().assess(subject, &json!({}));
    assert!(assessment.magnitude > 0.0 && assessment.magnitude < 1.0);
    assert_eq!(
        evidence(&assessment, "commit"),
        ["812 lines added, 0 deleted in 14 files of 14 directories; ranks 1st of 1 commit"]
    );
}

#[test]
fn a_hundred_thousand_commits_are_weighed_within_the_bounds_and_five_are_named() {
    let mut all = vec![measures(1, 1); 100_000];
    all[77_777] = measures(4_000, 40);
    let assessment = ChangeRisk::load().assess(release_of(&all), &json!({}));
    assert!(assessment.magnitude.is_finite());
    let named = evidence(&assessment, "commit");
    assert_eq!(named.len(), 5);
    assert!(
        named[0].ends_with("ranks 1st of 100,000 commits"),
        "{named:?}"
    );
    assert!(named[0].starts_with("4,000 lines added"), "{named:?}");
}

#[test]
fn only_merges_weigh_what_they_bring() {
    let mut subject = release_of(&[Measures::default()]);
    for commit in &mut subject.commits {
        commit.parents.push(name(9));
    }
    subject.totals.merges = 1;
    let plugin = ChangeRisk::load();
    let empty = plugin.assess(subject.clone(), &json!({}));
    subject.changes.push(change("src/a.rs", 500));
    subject.totals.files = 1;
    subject.totals.insertions = 500;
    let full = plugin.assess(subject, &json!({}));
    assert!(full.magnitude > empty.magnitude);
    assert_eq!(evidence(&full, "commit"), [""; 0]);
    assert!(evidence(&full, "merges")[0].contains("500 lines added"));
}

#[test]
fn only_binary_files_are_counted_as_files() {
    let mut subject = release_of(&[measures(0, 3)]);
    subject.changes.push(Change {
        binary: true,
        ..change("logo.png", 0)
    });
    subject.totals.files = 1;
    let assessment = ChangeRisk::load().assess(subject, &json!({}));
    assert!(assessment.magnitude > 0.0);
    assert_eq!(
        evidence(&assessment, "binary"),
        ["1 binary file whose lines cannot be counted: logo.png"]
    );
}

#[test]
fn a_vendored_dump_is_recognised_and_does_not_drown_the_rest() {
    let mut all = vec![measures(100, 3); 20];
    let plugin = ChangeRisk::load();
    let before = plugin.assess(release_of(&all), &json!({})).magnitude;
    all.push(measures(500_000, 2_000));
    let mut subject = release_of(&all);
    subject.changes.push(change("src/a.rs", 2_000));
    subject.changes.push(change("vendor/lib/big.c", 500_000));
    subject.totals.files = 2;
    let assessment = plugin.assess(subject, &json!({}));
    assert!(assessment.magnitude - before < 1.0);
    assert!(
        evidence(&assessment, "vendored")[0].starts_with("500,000 of 502,000 changed lines (99 %)"),
        "{assessment:?}"
    );
    let named = evidence(&assessment, "commit");
    assert!(
        named[0].contains("most of them are likely vendored"),
        "{named:?}"
    );
    assert!(!named[1].contains("vendored"), "{named:?}");
}

#[test]
fn settings_that_make_no_sense_are_a_fault_in_words() {
    let plugin = ChangeRisk::load();
    for (settings, words) in [
        (
            json!({ "coefficients": { "files": 1e300 } }),
            "`coefficients.files` is 1e300: choose a number from -1000 to 1000",
        ),
        (
            json!({ "coefficients": { "intercept": -1000.5 } }),
            "`coefficients.intercept` is -1.0005e3: choose a number from -1000 to 1000",
        ),
        (
            json!({ "commits-shown": 101 }),
            "`commits-shown` is 101: name at most 100 commits",
        ),
    ] {
        let record = plugin.call(release_of(&[measures(1, 1)]), &settings);
        let Outcome::Fault(fault) = record.outcome else {
            panic!("{settings}: {:?}", record.outcome);
        };
        assert_eq!(fault.code, Some(FaultCode::Settings));
        assert_eq!(fault.message.raw(), words);
    }
}

#[test]
fn the_largest_settings_and_counts_stay_finite() {
    let plugin = ChangeRisk::load();
    for sign in [1000.0, -1000.0] {
        let coefficients: Value = [
            "intercept",
            "lines-added",
            "lines-deleted",
            "files",
            "directories",
            "subsystems",
            "entropy",
            "fix",
        ]
        .iter()
        .map(|name| ((*name).to_owned(), json!(sign)))
        .collect();
        let most = Measures {
            files: u32::MAX,
            directories: u32::MAX,
            subsystems: u32::MAX,
            insertions: u32::MAX,
            deletions: u32::MAX,
            entropy: 32.0,
            fix: true,
        };
        let settings = json!({ "coefficients": coefficients, "commits-shown": 0 });
        let assessment = plugin.assess(release_of(&[most; 3]), &settings);
        assert!(
            (0.0..=3.0).contains(&assessment.magnitude),
            "{assessment:?}"
        );
    }
}

#[test]
fn each_place_names_a_commit_of_the_release() {
    let subject = release_of(&[measures(5, 1), measures(50, 2)]);
    let ids: Vec<ObjectName> = subject
        .commits
        .iter()
        .map(|commit| commit.id.clone())
        .collect();
    let assessment = ChangeRisk::load().assess(subject, &json!({}));
    for factor in &assessment.factors {
        if let holdpoint::model::Location::Commit(id) = &factor.location {
            assert!(ids.contains(id));
        }
    }
}
