#![expect(
    clippy::disallowed_methods,
    reason = "the command line opens the files that it is given"
)]

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::failure::Lacking;
use super::record::{StoreArguments, now};
use super::{ExitCode, Failure, Output};
use crate::model::{
    Act, Binding, Decision, Entry, Progress, Record, RunSummary, STATEMENT_BYTES_MAX,
    STATEMENT_NAMESPACE, Statement, StatementBody, Text,
};
use crate::plugin::ssh::{SIGNATURE_BYTES_MAX, Signature, Signer};
use crate::report::{Page, human_statement};
use crate::store::Store;

/// How a statement is signed.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "How it is signed")]
pub(super) struct SignArguments {
    /// Key that signs: a private key, or a public key whose private half an agent or a hardware key
    /// holds; `ssh-keygen` signs
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,

    /// Write the document to standard output and sign nothing: sign it elsewhere with
    /// `ssh-keygen -Y sign -n holdpoint-approval@v1 -f KEY DOCUMENT`
    #[arg(long, conflicts_with_all = ["key", "signature", "document"])]
    print: bool,

    /// Signature that was made elsewhere, of the document of `--document`
    #[arg(long, value_name = "FILE", requires = "document")]
    signature: Option<PathBuf>,

    /// Document that `--print` wrote
    #[arg(
        long,
        value_name = "FILE",
        requires = "signature",
        conflicts_with = "key"
    )]
    document: Option<PathBuf>,
}

impl SignArguments {
    /// Whether the document is only written.
    pub(super) fn only_prints(&self) -> bool {
        self.print
    }
}

/// What is to be said, before anybody signs it.
pub(super) struct Saying {
    pub(super) run: RunSummary,
    pub(super) entries: Vec<Entry>,
    pub(super) store: Arc<dyn Store>,
}

impl Saying {
    /// Reads what is recorded of a run.
    pub(super) async fn read(store: &StoreArguments, run: &str) -> Result<Self, Failure> {
        let store = store.open().await?;
        let run = store.run(run).await?;
        let entries = store.journal(&run.id).await?;
        Ok(Self {
            run,
            entries,
            store,
        })
    }

    /// The last decision about a stage: about the one that is named, else about the first one that
    /// `wanted` picks from the last sitting.
    pub(super) fn decision(
        &self,
        stage: Option<&str>,
        wanted: impl Fn(&Decision) -> bool,
    ) -> Result<&Decision, Failure> {
        let last = self.entries.iter().map(|entry| entry.sitting).max();
        let decisions = self.entries.iter().filter_map(|entry| match &entry.record {
            Record::Decided(decision) => Some((entry.sitting, decision)),
            _ => None,
        });
        match stage {
            Some(stage) => decisions
                .rev()
                .find(|(_, decision)| decision.stage == stage)
                .map(|(_, decision)| decision),
            None => decisions
                .filter(|(sitting, _)| Some(*sitting) == last)
                .find(|(_, decision)| wanted(decision))
                .map(|(_, decision)| decision),
        }
        .ok_or_else(|| {
            Lacking::Stage {
                run: self.run.id.clone(),
                stage: stage.map(Text::from),
            }
            .into()
        })
    }

    /// What a signature on a stage is bound to.
    pub(super) fn binding(&self, decision: &Decision) -> Binding {
        let key = &self.run.key;
        Binding {
            run: self.run.id.clone(),
            nonce: Progress::of(&self.entries).nonce().to_owned(),
            project: key.project.clone(),
            target: key.target.clone(),
            version: self.run.version.clone(),
            stage: decision.stage.clone(),
            subject: key.subject,
            configuration: key.configuration,
            findings: decision.findings,
            commands: decision.commands.clone(),
        }
    }

    /// Does it, and says what comes next.
    pub(super) async fn say(
        self,
        how: &SignArguments,
        said: (Act, Binding),
        reason: Option<&str>,
        valid: SignedDuration,
        output: Output,
    ) -> Result<ExitCode, Failure> {
        self.keep(how, said, reason, valid, output).await?;
        if !how.only_prints() {
            let mut page = output.page();
            page.text(
                0,
                &format!(
                    "Recorded. Whether it counts is decided in the next sitting: holdpoint resume {}",
                    self.run.id.short()
                ),
            );
            output.put(page)?;
        }
        Ok(ExitCode::GO)
    }

    /// Shows what is to be signed, has it signed, and keeps it; or writes it for somebody else to
    /// sign, or takes what somebody else has signed.
    pub(super) async fn keep(
        &self,
        how: &SignArguments,
        (act, binding): (Act, Binding),
        reason: Option<&str>,
        valid: SignedDuration,
        output: Output,
    ) -> Result<(), Failure> {
        let issued = seconds(now());
        let (document, signature) =
            if let (Some(document), Some(signature)) = (&how.document, &how.signature) {
                let document = bounded(document, STATEMENT_BYTES_MAX)?;
                let armour = bounded(signature, SIGNATURE_BYTES_MAX)?;
                let armour = String::from_utf8_lossy(&armour).into_owned();
                self.check(&document, &armour, &act)?;
                (document, armour)
            } else {
                let expires = act.expires().then(|| issued.saturating_add(valid));
                let body = StatementBody {
                    act,
                    binding,
                    issued,
                    expires: expires.transpose().unwrap_or(None),
                    reason: reason.map(Text::from),
                };
                let document = body.write().map_err(Failure::Statement)?;
                if how.print {
                    return output.put_bytes(&document);
                }
                let mut page = output.page();
                human_statement(&mut page, &body);
                output.put_error(page);
                let Some(key) = &how.key else {
                    return Err(Lacking::Key.into());
                };
                let armour = Signer::new(key)
                    .sign(STATEMENT_NAMESPACE, &document, &mut |line| {
                        let mut page = Page::new(100);
                        page.text(0, &line.terminal().to_string());
                        output.put_error(page);
                    })
                    .map_err(Failure::Sign)?;
                (document, armour)
            };
        let statement = Statement {
            run: self.run.id.clone(),
            time: now(),
            document,
            signature,
        };
        self.store.say(&statement).await?;
        Ok(())
    }

    /// What was signed elsewhere is a statement of this act about this run.
    fn check(&self, document: &[u8], armour: &str, act: &Act) -> Result<(), Failure> {
        let body = StatementBody::read(document).map_err(Failure::Statement)?;
        if body.binding.run != self.run.id || body.act.name() != act.name() {
            return Err(Lacking::Statement {
                run: self.run.id.clone(),
                act: act.name(),
            }
            .into());
        }
        let signature = Signature::read(armour).map_err(Failure::Signature)?;
        signature
            .verify(STATEMENT_NAMESPACE, document)
            .map_err(Failure::Signature)?;
        Ok(())
    }
}

/// A file, at most so many bytes of it and one more.
fn bounded(path: &Path, bytes_max: usize) -> Result<Vec<u8>, Failure> {
    let opened = std::fs::File::open(path).map_err(|source| Lacking::File {
        path: path.to_owned(),
        source,
    })?;
    let mut bytes = Vec::new();
    opened
        .take(bytes_max as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|source| Lacking::File {
            path: path.to_owned(),
            source,
        })?;
    Ok(bytes)
}

fn seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}
