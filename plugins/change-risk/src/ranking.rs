use holdpoint_sdk::{Commit, Factor, Location, Measures};

use crate::heuristics::Seen;
use crate::words;

/// The commits that weigh most. It keeps no more than it shows, however many there are.
pub(crate) struct Ranking {
    shown: usize,
    commits: u64,
    /// Heaviest first; among equals, the newer one first.
    first: Vec<Ranked>,
}

struct Ranked {
    id: String,
    weight: f64,
    measures: Measures,
}

impl Ranking {
    pub(crate) fn new(shown: u32) -> Self {
        Self {
            shown: shown as usize,
            commits: 0,
            first: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, commit: &Commit, weight: f64) {
        self.commits += 1;
        let place = self
            .first
            .partition_point(|ranked| ranked.weight.total_cmp(&weight).is_ge());
        if place < self.shown {
            self.first.truncate(self.shown - 1);
            let ranked = Ranked {
                id: commit.id.clone(),
                weight,
                measures: commit.measures,
            };
            self.first.insert(place, ranked);
        }
    }

    /// One factor for each commit that deserves a look. A report names the commit itself.
    pub(crate) fn factors(&self, seen: &Seen) -> impl Iterator<Item = Factor> {
        self.first.iter().zip(1..).map(|(ranked, place)| Factor {
            name: "commit".to_owned(),
            evidence: self.evidence(ranked, place, seen),
            weight: ranked.weight,
            heuristic: false,
            location: Location::Commit(ranked.id.clone()),
        })
    }

    fn evidence(&self, ranked: &Ranked, place: u64, seen: &Seen) -> String {
        let measures = &ranked.measures;
        let mut evidence = format!(
            "{} added, {} deleted in {} of {}",
            words::lines(u64::from(measures.insertions)),
            words::number(u64::from(measures.deletions)),
            words::files(u64::from(measures.files)),
            words::count(u64::from(measures.directories), "directory", "directories"),
        );
        if measures.fix {
            evidence.push_str("; its message names a defect");
        }
        if seen.is_mostly_vendored(measures) {
            evidence.push_str(
                "; more lines than all other files of the release gained, so most of them are \
                 likely vendored or generated",
            );
        }
        evidence.push_str(&format!(
            "; ranks {} of {}",
            words::place(place),
            words::commits(self.commits)
        ));
        evidence
    }
}
