use std::sync::Arc;

use super::call::Call;
use super::load::Loaded;
use super::record::{Before, Recording};
use crate::model::{Difference, Release, Text, Transcript};
use crate::release::Tree;

/// What came of running a recorded call again.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// What differs from the transcript; empty when everything is the same to the byte. When what the
    /// call is given differs, or it ran out of time, it is that, and nothing was run.
    pub differences: Vec<Difference>,
    /// The transcript of the call that was run again; none when none was.
    pub transcript: Option<Transcript>,
}

impl Replayed {
    /// Whether it came to the same, to the byte.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.differences.is_empty()
    }
}

impl Loaded {
    /// Runs a recorded call again, of this component on this subject, under the circumstances of the
    /// transcript, and says whether it comes to the same. What the guest asks the host for is answered
    /// from the subject and the tree, and has to be what was asked, and was answered, before.
    pub async fn replay(
        &self,
        transcript: &Transcript,
        release: &Arc<Release>,
        tree: Option<Arc<Tree>>,
    ) -> Replayed {
        if !transcript.reproducible {
            return Replayed {
                differences: vec![Difference {
                    part: Text::from("reproducible"),
                    recorded: Text::from("false"),
                    now: Text::from("nothing: the same call may come to something else each time"),
                }],
                transcript: None,
            };
        }
        let given = &transcript.given;
        let release = if release.circumstances == given.circumstances {
            Arc::clone(release)
        } else {
            Arc::new(Release {
                circumstances: given.circumstances.clone(),
                ..Release::clone(release)
            })
        };
        let call = Call {
            release,
            settings: given.settings.raw().to_owned(),
            input: given.question.clone(),
            limits: given.limits,
            seed: given.seed,
            recording: Some(Recording {
                plugin: given.plugin.clone(),
                stage: given.stage.clone(),
                cut: None,
                sink: None,
                answers: None,
            }),
        };
        let loaded = match tree {
            Some(tree) => self.with_tree(tree),
            None => self.clone(),
        };
        let differences = loaded
            .given(&call)
            .map_or_else(Vec::new, |now| given.differences(&now));
        if !differences.is_empty() {
            return Replayed {
                differences,
                transcript: None,
            };
        }
        let before = Before {
            calls: Arc::new(transcript.cut(transcript.host_calls.len())),
            is_whole: true,
        };
        let record = loaded.call_again(call, Some(before)).await;
        let differences = record
            .transcript
            .as_ref()
            .map_or_else(Vec::new, |now| transcript.differences(now));
        Replayed {
            differences,
            transcript: record.transcript,
        }
    }
}
