use holdpoint_sdk::{Commit, Factor, Location, Measures};

use crate::{Coefficients, model, words};

/// The weight from which on a part of the magnitude is said: a smaller one is shown as 0.
const WEIGHT_SAID_MIN: f64 = 0.000_5;

/// Files from which on a commit is said to touch many.
const MANY_FILES: u32 = 10;
const SECONDS_PER_DAY: i64 = 24 * 60 * 60;

/// What the commits add up to, merges left out.
#[derive(Default)]
pub(crate) struct Sum {
    pub(crate) commits: u64,
    pub(crate) magnitude: f64,
    insertions: u64,
    deletions: u64,
    files: u64,
    with_many_files: u64,
    fixes: u64,
    entropy: f64,
    largest: u64,
    widest: Option<(u32, String)>,
    most_scattered: Option<(f64, String)>,
    /// The magnitude, were the commits without what a factor is about.
    without: Without,
    oldest: Option<i64>,
    newest: Option<i64>,
}

/// Magnitudes of commits that are as they are, but for one thing.
#[derive(Default)]
struct Without {
    size: f64,
    spread: f64,
    entropy: f64,
    fix: f64,
}

impl Sum {
    pub(crate) fn add(&mut self, commit: &Commit, weight: f64, coefficients: &Coefficients) {
        let measures = &commit.measures;
        self.commits += 1;
        self.magnitude += weight;
        self.insertions += u64::from(measures.insertions);
        self.deletions += u64::from(measures.deletions);
        self.files += u64::from(measures.files);
        self.with_many_files += u64::from(measures.files > MANY_FILES);
        self.fixes += u64::from(measures.fix);
        self.entropy += measures.entropy;
        self.largest = self
            .largest
            .max(u64::from(measures.insertions) + u64::from(measures.deletions));
        if self
            .widest
            .as_ref()
            .is_none_or(|(files, _)| measures.files > *files)
        {
            self.widest = Some((measures.files, commit.id.clone()));
        }
        if self
            .most_scattered
            .as_ref()
            .is_none_or(|(entropy, _)| measures.entropy > *entropy)
        {
            self.most_scattered = Some((measures.entropy, commit.id.clone()));
        }
        self.oldest = Some(
            self.oldest
                .map_or(commit.time, |time| time.min(commit.time)),
        );
        self.newest = Some(
            self.newest
                .map_or(commit.time, |time| time.max(commit.time)),
        );
        let weigh = |measures: &Measures| model::weight(measures, coefficients);
        self.without.size += weigh(&Measures {
            insertions: 0,
            deletions: 0,
            ..*measures
        });
        self.without.spread += weigh(&Measures {
            files: measures.files.min(1),
            directories: measures.directories.min(1),
            subsystems: measures.subsystems.min(1),
            ..*measures
        });
        self.without.entropy += weigh(&Measures {
            entropy: 0.0,
            ..*measures
        });
        self.without.fix += weigh(&Measures {
            fix: false,
            ..*measures
        });
    }

    /// What the magnitude is made of. The weight of each is what the magnitude would lose without it.
    pub(crate) fn factors(&self) -> impl Iterator<Item = Factor> {
        let size = format!(
            "{} added and {} deleted by {}, of which the largest changes {}",
            words::lines(self.insertions),
            words::number(self.deletions),
            words::commits(self.commits),
            words::lines(self.largest),
        );
        let spread = format!(
            "a commit touches {} files on average; {} of {} touch more than {MANY_FILES}, the widest {}",
            self.on_average(self.files),
            words::number(self.with_many_files),
            words::commits(self.commits),
            words::number(
                self.widest
                    .as_ref()
                    .map_or(0, |(files, _)| u64::from(*files))
            ),
        );
        let entropy = format!(
            "the lines of a commit are scattered over its files with {:.1} bits on average; the \
             most scattered has {:.1} bits",
            self.entropy / as_float(self.commits),
            self.most_scattered
                .as_ref()
                .map_or(0.0, |(entropy, _)| *entropy),
        );
        let fixes = format!(
            "{} of {} ({} %) name a defect in the message; what had to be mended once is more often \
             wrong again",
            words::number(self.fixes),
            words::commits(self.commits),
            words::percent(self.fixes, self.commits),
        );
        let at = |commit: Option<&String>| {
            commit.map_or(Location::Release, |id| Location::Commit(id.clone()))
        };
        let part = |without: f64| self.magnitude - without;
        [
            ("size", size, part(self.without.size), Location::Release),
            (
                "spread",
                spread,
                part(self.without.spread),
                at(self.widest.as_ref().map(|(_, id)| id)),
            ),
            (
                "entropy",
                entropy,
                part(self.without.entropy),
                at(self.most_scattered.as_ref().map(|(_, id)| id)),
            ),
            ("fixes", fixes, part(self.without.fix), Location::Release),
        ]
        .into_iter()
        // The size is always worth knowing; of the others, what adds something.
        .filter(|(name, _, weight, _)| *name == "size" || weight.abs() >= WEIGHT_SAID_MIN)
        .map(|(name, evidence, weight, location)| Factor {
            name: name.to_owned(),
            evidence,
            weight,
            heuristic: false,
            location,
        })
    }

    /// How long the changes have gathered. When the release before was made is not known here; the
    /// oldest commit after it stands for that.
    pub(crate) fn time(&self) -> Option<Factor> {
        let days = (self.newest?.saturating_sub(self.oldest?)) / SECONDS_PER_DAY;
        (days > 0).then(|| Factor {
            name: "time-since-release".to_owned(),
            evidence: format!(
                "the commits were written over {}; the longer changes gather, the more come at once",
                words::count(days.unsigned_abs(), "day", "days")
            ),
            weight: 0.0,
            heuristic: true,
            location: Location::Release,
        })
    }

    /// With one digit after the point.
    fn on_average(&self, sum: u64) -> String {
        format!("{:.1}", as_float(sum) / as_float(self.commits))
    }
}

/// Counts stay far below 2^53, from which on a float would round them.
#[allow(
    clippy::cast_precision_loss,
    reason = "at most 2^32 commits of 2^32 lines; shown rounded"
)]
fn as_float(count: u64) -> f64 {
    count as f64
}
