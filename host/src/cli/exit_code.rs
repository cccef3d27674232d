use crate::model::{Effects, Verdict};
use crate::pipeline::{RunRecord, Trust};

/// What the process ends with. The numbers are public: scripts go by them, so they never change.
///
/// Where several apply, the order is: 130 and 143, 6, 5, 2, then the verdict's own.
///
/// ```
/// use holdpoint::cli::ExitCode;
/// use holdpoint::model::Verdict;
///
/// assert_eq!(ExitCode::of_verdict(Verdict::NoGo), ExitCode::NO_GO);
/// assert_eq!(ExitCode::NO_GO.number(), 1);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ExitCode(u8);

impl ExitCode {
    /// The verdict is go, or every stage that is not go was overridden; of a command without a verdict: it did what it was asked.
    pub const GO: Self = Self(0);

    /// The verdict is no-go: a finding blocks.
    pub const NO_GO: Self = Self(1);

    /// The command line, the configuration or the repository is not such that there is anything to
    /// decide. Also where 0 would mislead: the configuration is untrusted, and `--allow-untrusted`
    /// does not say that this is only a rehearsal.
    pub const USAGE: Self = Self(2);

    /// The verdict is fault: a plugin could not decide, or an effect could not begin where nothing
    /// had to be undone for it. Also a store that cannot be used, and a defect of the host itself.
    pub const FAULT: Self = Self(3);

    /// The verdict is wait: an approval, a window or a lease is missing. Come back.
    pub const WAIT: Self = Self(4);

    /// An effect failed and was undone.
    pub const UNDONE: Self = Self(5);

    /// A person is needed: an undo is incomplete, or what became of an effect is not known.
    pub const PERSON_NEEDED: Self = Self(6);

    /// Cancelled by an interrupt (SIGINT, Ctrl-C).
    pub const INTERRUPTED: Self = Self(130);

    /// Cancelled by a request to terminate (SIGTERM).
    pub const TERMINATED: Self = Self(143);

    /// The code of a verdict alone.
    #[must_use]
    pub fn of_verdict(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Go => Self::GO,
            Verdict::NoGo => Self::NO_GO,
            Verdict::Fault => Self::FAULT,
            Verdict::Wait => Self::WAIT,
        }
    }

    /// The code of a run: that of the signal that ended it, else what became of its effects, else its
    /// verdict. A go under an untrusted configuration counts only where the operator said that it is
    /// a rehearsal. A run of which every stage that is not go was overridden ends with 0: people who
    /// may do so let it go, and its report says so.
    #[must_use]
    pub fn of_run(record: &RunRecord, allow_untrusted: bool) -> Self {
        let sitting = record.sitting.as_ref();
        match sitting.and_then(|sitting| sitting.cancelled) {
            Some("SIGINT") => return Self::INTERRUPTED,
            Some(_) => return Self::TERMINATED,
            None => {}
        }
        match record.effects {
            Effects::Unknown | Effects::Incomplete => return Self::PERSON_NEEDED,
            Effects::Undone => return Self::UNDONE,
            Effects::None | Effects::Done => {}
        }
        // What was let go and could not begin is no success, whoever let it go.
        if record.has_effect_to_retry() {
            return Self::FAULT;
        }
        let untrusted = record.configuration.trust == Trust::Untrusted && !allow_untrusted;
        match Self::of_verdict(record.verdict) {
            Self::GO if untrusted => Self::USAGE,
            _ if record.overridden && record.is_let_go() => Self::GO,
            code => code,
        }
    }

    /// The number that the process ends with.
    #[must_use]
    pub fn number(self) -> u8 {
        self.0
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code.0)
    }
}
