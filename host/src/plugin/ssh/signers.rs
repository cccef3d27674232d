use std::collections::BTreeSet;

use jiff::Timestamp;

use super::error::{CertificateProblem, SignersError, SignersProblem};
use super::line::Line;
use super::pattern::{list_matches, names};
use super::signature::Signature;
use crate::model::Text;

/// The largest list of signers, in bytes: thousands of keys.
pub const SIGNERS_BYTES_MAX: usize = 1 << 20;

/// The most lines of a list of signers: more than fit with a key each.
pub const SIGNERS_LINES_MAX: usize = 10_000;

/// The longest line of a list of signers, in bytes: what OpenSSH takes for the longest public key.
pub const LINE_BYTES_MAX: usize = 16 << 10;

/// Whose signatures count: an `allowed_signers` file.
#[derive(Clone, Debug)]
pub struct AllowedSigners {
    lines: Vec<Line>,
}

/// Why a signature is not one of somebody in the list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotAllowed {
    /// No line has the key or the authority of its certificate.
    #[error("the key {} belongs to nobody in the list of signers", .0.terminal())]
    Stranger(Text),
    /// A line has it for other namespaces.
    #[error("line {line} of the list of signers does not allow its key the namespace")]
    Namespace {
        /// The line, counted from 1.
        line: usize,
    },
    /// A line has it from a later time on.
    #[error("line {line} of the list of signers has its key valid from a later time on")]
    NotYetValid {
        /// The line, counted from 1.
        line: usize,
    },
    /// A line has it until an earlier time.
    #[error("line {line} of the list of signers has its key valid until an earlier time")]
    Expired {
        /// The line, counted from 1.
        line: usize,
    },
    /// The certificate does not hold, or not for anybody of the line.
    #[error("{problem} (line {line} of the list of signers)")]
    Certificate {
        /// The line, counted from 1.
        line: usize,
        /// What is wrong with it.
        problem: CertificateProblem,
    },
    /// A line has it for others.
    #[error("line {line} of the list of signers has its key for others")]
    Others {
        /// The line, counted from 1.
        line: usize,
    },
    /// A line has it for a pattern, and nobody's name is known that fits.
    #[error(
        "line {line} of the list of signers has its key for a pattern, and no name is known that fits"
    )]
    Nameless {
        /// The line, counted from 1.
        line: usize,
    },
}

impl AllowedSigners {
    /// Reads a list.
    ///
    /// # Errors
    ///
    /// When it is too large, is empty, or has a line that is wrong: a list that is half read would
    /// be another one than was meant.
    pub fn read(bytes: &[u8]) -> Result<Self, SignersError> {
        if bytes.len() > SIGNERS_BYTES_MAX {
            return Err(SignersError::TooLarge);
        }
        let mut lines = Vec::new();
        for (index, bytes) in bytes.split(|byte| *byte == b'\n').enumerate() {
            let number = index + 1;
            if number > SIGNERS_LINES_MAX {
                return Err(SignersError::ManyLines);
            }
            let line = |problem| SignersError::Line {
                line: number,
                problem,
            };
            if bytes.len() > LINE_BYTES_MAX {
                return Err(line(SignersProblem::Long));
            }
            let text = std::str::from_utf8(bytes).map_err(|_| line(SignersProblem::NotUtf8))?;
            let text = text.strip_suffix('\r').unwrap_or(text);
            lines.extend(Line::read(number, text).map_err(line)?);
        }
        if lines.is_empty() {
            return Err(SignersError::Empty);
        }
        Ok(Self { lines })
    }

    /// Whether a signature is one of this principal: what `ssh-keygen -Y verify -I` asks. It must
    /// have been verified.
    ///
    /// # Errors
    ///
    /// Why it is not: what comes nearest to an agreement.
    pub fn check(
        &self,
        principal: &str,
        signature: &Signature,
        namespace: &str,
        time: Timestamp,
    ) -> Result<(), NotAllowed> {
        let mut why = NotAllowed::Stranger(Text::from(signature.key().fingerprint()));
        for line in &self.lines {
            match line.allows(signature, namespace, time) {
                None => {}
                Some(Err(not)) => why = not,
                Some(Ok(())) if line.speaks_for(principal, signature) => return Ok(()),
                Some(Ok(())) => why = line.not_for(signature),
            }
        }
        Err(why)
    }

    /// Whose a signature can be: the names that a line with its key stands for, those of `known` that
    /// fit the line's patterns, and those in its certificate that the line of its authority is about.
    /// It must have been verified.
    ///
    /// # Errors
    ///
    /// When it is nobody's: what comes nearest to an agreement.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "an iterator is cheap to clone"
    )]
    pub fn principals<'a>(
        &'a self,
        signature: &'a Signature,
        namespace: &str,
        time: Timestamp,
        known: impl IntoIterator<Item = &'a str> + Clone,
    ) -> Result<BTreeSet<&'a str>, NotAllowed> {
        let mut why = NotAllowed::Stranger(Text::from(signature.key().fingerprint()));
        let mut found = BTreeSet::new();
        for line in &self.lines {
            match line.allows(signature, namespace, time) {
                None => {}
                Some(Err(not)) => why = not,
                Some(Ok(())) => {
                    let before = found.len();
                    match signature.certificate() {
                        Some(certificate) => found.extend(
                            certificate
                                .principals()
                                .iter()
                                .map(String::as_str)
                                .filter(|name| line.speaks_for(name, signature)),
                        ),
                        None => found.extend(line.names(known.clone())),
                    }
                    if found.len() == before {
                        why = line.not_for(signature);
                    }
                }
            }
        }
        if found.is_empty() {
            Err(why)
        } else {
            Ok(found)
        }
    }

    /// Names that share a key: whoever holds it can sign under each of them. Of keys that can sign
    /// for the namespace at some time; those of authorities are not shared, for each certificate says
    /// whose it is.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "an iterator is cheap to clone"
    )]
    pub fn shared<'a>(
        &'a self,
        namespace: &str,
        known: impl IntoIterator<Item = &'a str> + Clone,
    ) -> Vec<BTreeSet<&'a str>> {
        let mut keys: Vec<(&Line, BTreeSet<&str>)> = Vec::new();
        let own = self.lines.iter().filter(|line| !line.is_authority);
        for line in own.filter(|line| line.is_for(namespace)) {
            let names = line.names(known.clone());
            match keys.iter_mut().find(|(other, _)| other.key == line.key) {
                Some((_, shared)) => shared.extend(names),
                None => keys.push((line, names.collect())),
            }
        }
        keys.into_iter().map(|(_, names)| names).collect()
    }

    /// Whether there is a line by which a principal could sign for a namespace at some time.
    #[must_use]
    pub fn is_known(&self, principal: &str, namespace: &str) -> bool {
        self.lines
            .iter()
            .any(|line| line.is_for(namespace) && list_matches(&line.principals, principal))
    }
}

impl Line {
    fn is_for(&self, namespace: &str) -> bool {
        self.namespaces
            .as_deref()
            .is_none_or(|namespaces| list_matches(namespaces, namespace))
    }

    /// Whether the line has the signature's key, and whether it allows what it was made for and when;
    /// none where the key is another one.
    fn allows(
        &self,
        signature: &Signature,
        namespace: &str,
        time: Timestamp,
    ) -> Option<Result<(), NotAllowed>> {
        let line = self.number;
        let seconds = time.as_second();
        let certificate = signature.certificate();
        let is_own = match certificate {
            Some(certificate) => self.is_authority && certificate.authority == self.key,
            None => !self.is_authority && *signature.key() == self.key,
        };
        if !is_own {
            return None;
        }
        if let Some(Err(problem)) = certificate.map(|held| held.check_time(seconds)) {
            return Some(Err(NotAllowed::Certificate { line, problem }));
        }
        Some(if !self.is_for(namespace) {
            Err(NotAllowed::Namespace { line })
        } else if self.valid_after.is_some_and(|after| seconds < after) {
            Err(NotAllowed::NotYetValid { line })
        } else if self.valid_before.is_some_and(|before| seconds > before) {
            Err(NotAllowed::Expired { line })
        } else {
            Ok(())
        })
    }

    /// Whether a signature that the line allows can be one of this principal.
    fn speaks_for(&self, principal: &str, signature: &Signature) -> bool {
        let is_certified = signature
            .certificate()
            .is_none_or(|held| held.principals().iter().any(|name| name == principal));
        is_certified && list_matches(&self.principals, principal)
    }

    /// The names that the line stands for, and those of `known` that fit its patterns.
    fn names<'a>(
        &'a self,
        known: impl IntoIterator<Item = &'a str>,
    ) -> impl Iterator<Item = &'a str> {
        let known = known.into_iter();
        names(&self.principals)
            .chain(known.filter(move |name| list_matches(&self.principals, name)))
    }

    fn not_for(&self, signature: &Signature) -> NotAllowed {
        let line = self.number;
        if signature.certificate().is_some() {
            let problem = CertificateProblem::NoPrincipal;
            return NotAllowed::Certificate { line, problem };
        }
        if names(&self.principals).next().is_none() {
            NotAllowed::Nameless { line }
        } else {
            NotAllowed::Others { line }
        }
    }
}

impl NotAllowed {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Stranger(_) => {
                "sign with a key of the list of signers, or have the owners of the \
                pipeline add this one"
                    .to_owned()
            }
            Self::Namespace { .. } => format!(
                "have the owners of the pipeline add `{}` to the line's `namespaces`",
                crate::model::STATEMENT_NAMESPACE
            ),
            Self::NotYetValid { .. } | Self::Expired { .. } => {
                "sign with a key that is valid now".to_owned()
            }
            Self::Certificate { problem, .. } => problem.help().to_owned(),
            Self::Others { .. } => "sign with a key of your own".to_owned(),
            Self::Nameless { .. } => {
                "have the owners of the pipeline name the principal in a role \
                or in `identities`, or in the line itself"
                    .to_owned()
            }
        }
    }
}
