use crate::model::{Effects, Holder, RunId, RunState, Text};
use crate::pipeline::{CheckoutError, ConfigurationError, MissingVariable, RenderError};
use crate::store::StoreError;

/// Why a sitting could not begin, or not go on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SittingError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Another process works on the run.
    #[error(
        "another process works on run {}: process {} on {}, since {}{}",
        .run.short(), .holder.process, .holder.host.terminal(), .holder.since, who(.holder)
    )]
    Taken {
        /// The run.
        run: RunId,
        /// That process.
        holder: Holder,
    },
    /// A command of an earlier sitting is still there.
    #[error("a command that an earlier sitting of run {} started is still running", .run.short())]
    StillRunning {
        /// The run.
        run: RunId,
    },
    /// An older run on the same target has to be settled first.
    #[error(
        "run {} on the same target stands in the way: {}", .run.short(), in_the_way(*.effects)
    )]
    InTheWay {
        /// That run.
        run: RunId,
        /// What became of its effects.
        effects: Effects,
    },
    /// The run does not go on.
    #[error("run {} is {}, and does not go on", .run.short(), .state.name())]
    Over {
        /// The run.
        run: RunId,
        /// What it is.
        state: RunState,
    },
    /// What decides is not what decided when the run was made.
    #[error("what decides has changed since run {} was made", .run.short())]
    Changed {
        /// The run.
        run: RunId,
    },
    /// What decides is read from where the change under judgement could have written it.
    #[error("run {} does not go on under a pipeline that is not trusted", .run.short())]
    Untrusted {
        /// The run.
        run: RunId,
    },
    /// The subject of the run cannot be had.
    #[error("the store has no subject for run {}", .run.short())]
    NoSubject {
        /// The run.
        run: RunId,
    },
    /// The evidence of the run cannot be had.
    #[error("the store has no evidence `{}` for run {}", .name.terminal(), .run.short())]
    NoEvidence {
        /// The run.
        run: RunId,
        /// The name of the evidence.
        name: Text,
    },
    /// The subject cannot be written or read.
    #[error("the subject document is not one")]
    Subject(#[source] serde_json::Error),
    /// What an action planned, and may have been carried out, cannot be read any more.
    #[error("the store has no plan for stage `{stage}` of run {}", .run.short())]
    Plan {
        /// The run.
        run: RunId,
        /// The stage.
        stage: String,
    },
    /// A command cannot be rendered for this release.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// A variable that a stage names is not set.
    #[error(transparent)]
    Variable(#[from] MissingVariable),
    /// There is no folder for commands to run in.
    #[error(transparent)]
    Checkout(#[from] CheckoutError),
    /// The address of a channel cannot be had.
    #[error(transparent)]
    Configuration(#[from] ConfigurationError),
    /// Edits are written into a working tree, and there is none.
    #[error("stage `{stage}` writes edits, and the repository has no working tree")]
    NoWorkTree {
        /// The stage.
        stage: String,
    },
    /// The working tree cannot be opened.
    #[error("the working tree cannot be opened")]
    WorkTree(#[source] std::io::Error),
}

impl SittingError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> Option<String> {
        Some(match self {
            Self::Store(error) => return Some(error.help().to_owned()),
            Self::Taken { run, .. } => format!(
                "wait until it is done, and look with `holdpoint status {}`",
                run.short()
            ),
            Self::StillRunning { run } => format!(
                "wait until it has ended, or end it, and then `holdpoint resume {}`",
                run.short()
            ),
            Self::InTheWay {
                run,
                effects: Effects::Unknown,
            } => format!(
                "look what became of it with `holdpoint status {0}`, say it with `holdpoint resume \
                 {0} --assume EFFECT=done` or `=not-done`, or end the run with `holdpoint abort {0}`",
                run.short()
            ),
            Self::InTheWay { run, .. } => format!(
                "undo the rest with `holdpoint resume {0}`, or by hand and then `holdpoint abort {0}`",
                run.short()
            ),
            Self::Over { .. } => "begin a new one with `holdpoint run`".to_owned(),
            Self::Changed { .. } => {
                "begin a new run with `holdpoint run`: approvals of this one do not count for it"
                    .to_owned()
            }
            Self::Untrusted { .. } => {
                "name the files that the run was made with, outside of the checkout or at a ref: \
                 `--pipeline PATH` or `--pipeline REF:PATH`"
                    .to_owned()
            }
            Self::NoSubject { run } | Self::NoEvidence { run, .. } => format!(
                "the run was cut before it could be recorded: end it with `holdpoint abort {}` and \
                 begin a new one",
                run.short()
            ),
            Self::Subject(_) => "begin a new run with `holdpoint run`".to_owned(),
            Self::Plan { run, .. } => format!(
                "look what was made with `holdpoint status {0}`, put it right by hand, and then \
                 `holdpoint abort {0}`",
                run.short()
            ),
            Self::Render(error) => error.help().to_owned(),
            Self::Variable(error) => error.help(),
            Self::Checkout(error) => return error.help(),
            Self::Configuration(error) => return error.help(),
            Self::NoWorkTree { .. } => {
                "run it in a checkout, or leave `write-edits` out".to_owned()
            }
            Self::WorkTree(_) => "check that this user may open it".to_owned(),
        })
    }
}

fn who(holder: &Holder) -> String {
    let user = holder
        .user
        .as_ref()
        .map_or_else(String::new, |user| format!(", by {}", user.terminal()));
    let job = holder
        .job
        .as_ref()
        .map_or_else(String::new, |job| format!(", {}", job.terminal()));
    format!("{user}{job}")
}

fn in_the_way(effects: Effects) -> &'static str {
    match effects {
        Effects::Unknown => "nobody knows whether one of its effects happened",
        _ => "what it carried out could not be undone",
    }
}
