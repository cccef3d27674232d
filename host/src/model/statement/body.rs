use jiff::Timestamp;
use semver::Version;
use serde::{Deserialize, Serialize};

use super::super::{Digest, EffectId, RunId, Text, write_harmless};
use super::{REASON_BYTES_MAX, STATEMENT_BYTES_MAX, STATEMENT_NAMESPACE, StatementProblem};

/// What a statement is bound to: it counts only where all of this is as it was when it was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// The run.
    pub run: RunId,
    /// Random text of the run, 32 hexadecimal digits.
    pub nonce: String,
    /// Name of the project.
    pub project: Text,
    /// Where the release is going.
    pub target: Option<Text>,
    /// Version to be released.
    pub version: Option<Version>,
    /// The stage.
    pub stage: String,
    /// Digest of the subject document.
    pub subject: Digest,
    /// Digest of everything that decides.
    pub configuration: Digest,
    /// Digest of the findings of the stage: rule, severity and place.
    pub findings: Digest,
    /// The commands that the stage runs, each with its arguments.
    pub commands: Vec<Vec<Text>>,
}

/// What a person says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// The stage may be let go.
    Approve,
    /// The stage may not be let go, until this is withdrawn.
    Refuse,
    /// What the same person said of the stage until then is taken back.
    Withdraw,
    /// The stage is let go although its verdict is another one.
    Override,
    /// What became of an effect of which nobody knows it.
    Assume {
        /// Which effect.
        effect: EffectId,
        /// What became of it.
        outcome: Assumed,
    },
}

/// What became of an effect, as a person says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Assumed {
    /// It was carried out.
    Done,
    /// It was not.
    NotDone,
}

impl Assumed {
    /// As it is written.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::NotDone => "not-done",
        }
    }
}

impl Act {
    /// As it is written.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.written().0.name()
    }

    /// Whether somebody who does this has to say why.
    #[must_use]
    pub fn needs_reason(&self) -> bool {
        !matches!(self, Self::Approve)
    }

    /// Whether it counts for a time only. What keeps a release back has no end of its own, so that
    /// waiting does not get around it.
    #[must_use]
    pub fn expires(&self) -> bool {
        !matches!(self, Self::Refuse | Self::Withdraw)
    }

    fn written(&self) -> (What, Option<EffectId>, Option<Assumed>) {
        match self {
            Self::Approve => (What::Approve, None, None),
            Self::Refuse => (What::Refuse, None, None),
            Self::Withdraw => (What::Withdraw, None, None),
            Self::Override => (What::Override, None, None),
            Self::Assume { effect, outcome } => {
                (What::Assume, Some(effect.clone()), Some(*outcome))
            }
        }
    }
}

/// The document of a statement: what is shown, signed and kept.
///
/// ```
/// use holdpoint::model::{Act, Binding, Digest, RunId, StatementBody};
///
/// let body = StatementBody {
///     act: Act::Approve,
///     binding: Binding {
///         run: RunId::from_bits(1),
///         nonce: "0123456789abcdef0123456789abcdef".to_owned(),
///         project: "payments".into(),
///         target: Some("production".into()),
///         version: None,
///         stage: "deploy".to_owned(),
///         subject: Digest::of(b"subject"),
///         configuration: Digest::of(b"configuration"),
///         findings: Digest::of(b"findings"),
///         commands: vec![vec!["./deploy.sh".into(), "1.2.0".into()]],
///     },
///     issued: "2027-01-31T10:00:00Z".parse().unwrap(),
///     expires: Some("2027-02-03T10:00:00Z".parse().unwrap()),
///     reason: None,
/// };
/// let bytes = body.write().unwrap();
/// assert_eq!(StatementBody::read(&bytes), Ok(body));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementBody {
    /// What is said.
    pub act: Act,
    /// Of what.
    pub binding: Binding,
    /// When it was said, as the clock of that machine had it.
    pub issued: Timestamp,
    /// From when on it does not count any more; none for what has no end of its own.
    pub expires: Option<Timestamp>,
    /// Why.
    pub reason: Option<Text>,
}

impl StatementBody {
    /// The bytes that are shown and signed: indented JSON, in which nothing can harm a terminal.
    ///
    /// # Errors
    ///
    /// When something is missing or contradicts itself, or when it is too large.
    pub fn write(&self) -> Result<Vec<u8>, StatementProblem> {
        self.check()?;
        let mut bytes = Vec::new();
        write_harmless(&mut bytes, &Document::of(self))
            .map_err(|error| StatementProblem::Malformed(Text::from(error.to_string())))?;
        if bytes.len() > STATEMENT_BYTES_MAX {
            return Err(StatementProblem::TooLarge);
        }
        Ok(bytes)
    }

    /// Reads a document.
    ///
    /// # Errors
    ///
    /// When it is not one, or when its bytes are not exactly those that [`StatementBody::write`]
    /// gives: what was shown is what is read.
    pub fn read(bytes: &[u8]) -> Result<Self, StatementProblem> {
        if bytes.len() > STATEMENT_BYTES_MAX {
            return Err(StatementProblem::TooLarge);
        }
        let document: Document = serde_json::from_slice(bytes)
            .map_err(|error| StatementProblem::Malformed(Text::from(error.to_string())))?;
        let body = document.body()?;
        if body.write()? != bytes {
            return Err(StatementProblem::NotCanonical);
        }
        Ok(body)
    }

    fn check(&self) -> Result<(), StatementProblem> {
        let is_hex = |digit: u8| matches!(digit, b'0'..=b'9' | b'a'..=b'f');
        if self.binding.nonce.len() != RunId::DIGITS || !self.binding.nonce.bytes().all(is_hex) {
            return Err(StatementProblem::Nonce);
        }
        if self.binding.stage.is_empty() {
            return Err(StatementProblem::Stage);
        }
        match &self.reason {
            Some(reason) if reason.raw().trim().is_empty() => return Err(StatementProblem::Reason),
            Some(reason) if reason.raw().len() > REASON_BYTES_MAX => {
                return Err(StatementProblem::LongReason);
            }
            None if self.act.needs_reason() => return Err(StatementProblem::Reason),
            _ => {}
        }
        match self.expires {
            Some(_) if !self.act.expires() => return Err(StatementProblem::Expires),
            Some(expires) if expires <= self.issued => return Err(StatementProblem::Backwards),
            None if self.act.expires() => return Err(StatementProblem::Endless),
            _ => {}
        }
        match &self.act {
            Act::Assume { effect, .. } if effect.stage != self.binding.stage => {
                Err(StatementProblem::OtherStage(self.binding.stage.clone()))
            }
            _ => Ok(()),
        }
    }
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum What {
    Approve,
    Refuse,
    Withdraw,
    Override,
    Assume,
}

impl What {
    fn name(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Refuse => "refuse",
            Self::Withdraw => "withdraw",
            Self::Override => "override",
            Self::Assume => "assume",
        }
    }
}

/// The form of the document. The order of the fields is part of it: what a person looks for first
/// comes first.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format: String,
    what: What,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    effect: Option<EffectId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    outcome: Option<Assumed>,
    project: Text,
    version: Option<Version>,
    target: Option<Text>,
    stage: String,
    commands: Vec<Vec<Text>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<Text>,
    issued: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires: Option<Timestamp>,
    run: RunId,
    nonce: String,
    subject: Digest,
    configuration: Digest,
    findings: Digest,
}

impl Document {
    fn of(body: &StatementBody) -> Self {
        // Taken apart by name, so that nothing that is bound can be left out of what is signed.
        let Binding {
            run,
            nonce,
            project,
            target,
            version,
            stage,
            subject,
            configuration,
            findings,
            commands,
        } = body.binding.clone();
        let (what, effect, outcome) = body.act.written();
        Self {
            format: STATEMENT_NAMESPACE.to_owned(),
            what,
            effect,
            outcome,
            project,
            version,
            target,
            stage,
            commands,
            reason: body.reason.clone(),
            issued: body.issued,
            expires: body.expires,
            run,
            nonce,
            subject,
            configuration,
            findings,
        }
    }

    fn body(self) -> Result<StatementBody, StatementProblem> {
        if self.format != STATEMENT_NAMESPACE {
            return Err(StatementProblem::Format(Text::from(self.format)));
        }
        let act = match (self.what, self.effect, self.outcome) {
            (What::Approve, None, None) => Act::Approve,
            (What::Refuse, None, None) => Act::Refuse,
            (What::Withdraw, None, None) => Act::Withdraw,
            (What::Override, None, None) => Act::Override,
            (What::Assume, Some(effect), Some(outcome)) => Act::Assume { effect, outcome },
            _ => return Err(StatementProblem::Effect),
        };
        Ok(StatementBody {
            act,
            binding: Binding {
                run: self.run,
                nonce: self.nonce,
                project: self.project,
                target: self.target,
                version: self.version,
                stage: self.stage,
                subject: self.subject,
                configuration: self.configuration,
                findings: self.findings,
                commands: self.commands,
            },
            issued: self.issued,
            expires: self.expires,
            reason: self.reason,
        })
    }
}
