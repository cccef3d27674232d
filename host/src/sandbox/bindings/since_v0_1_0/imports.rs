use wasmtime::Result;
use wasmtime::component::{HasSelf, Linker};

use super::interfaces::{artifacts, changes, commits, log, tree};
use super::release;
use crate::model::{Digest, HostAnswer, HostQuestion, LogLevel, TreeRefusal};
use crate::sandbox::state::State;

/// Items of one page at most: a larger `count` is answered as this many.
const PAGE_ITEMS_MAX: u32 = 500;

/// Gives a plugin the imports that there are. Evidence, history, http and secrets are not there, so
/// that a component that imports them cannot be linked; `tree` answers only what is granted.
pub(in crate::sandbox) fn add_to_linker(linker: &mut Linker<State>) -> Result<()> {
    commits::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    changes::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    artifacts::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    tree::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    log::add_to_linker::<_, HasSelf<State>>(linker, |state| state)
}

impl commits::Host for State {
    fn page(&mut self, start: u32, count: u32) -> Result<Vec<commits::Commit>> {
        let page = page(&self.release.subject.commits, start, count);
        let answer: Vec<_> = page.iter().map(release::commit).collect();
        let asked = HostQuestion::CommitsPage { start, count };
        self.answered_items(asked, answer.len(), release::bytes_of_commits(&answer))?;
        Ok(answer)
    }

    fn texts(&mut self, start: u32, count: u32) -> Result<Vec<commits::CommitText>> {
        let page = page(&self.release.subject.commits, start, count);
        let answer: Vec<_> = page.iter().map(release::commit_text).collect();
        let asked = HostQuestion::CommitsTexts { start, count };
        self.answered_items(asked, answer.len(), release::bytes_of_texts(&answer))?;
        Ok(answer)
    }
}

impl changes::Host for State {
    fn page(&mut self, start: u32, count: u32) -> Result<Vec<changes::Change>> {
        let page = page(&self.release.subject.changes, start, count);
        let answer: Vec<_> = page.iter().map(release::change).collect();
        let asked = HostQuestion::ChangesPage { start, count };
        self.answered_items(asked, answer.len(), release::bytes_of_changes(&answer))?;
        Ok(answer)
    }
}

impl artifacts::Host for State {
    fn page(&mut self, start: u32, count: u32) -> Result<Vec<artifacts::Artifact>> {
        let page = page(&self.release.subject.artifacts, start, count);
        let answer: Vec<_> = page.iter().map(release::artifact).collect();
        let asked = HostQuestion::ArtifactsPage { start, count };
        self.answered_items(asked, answer.len(), release::bytes_of_artifacts(&answer))?;
        Ok(answer)
    }
}

impl tree::Host for State {
    fn entries(&mut self, folder: String) -> Result<Result<Vec<String>, tree::TreeError>> {
        let answer = self.tree.entries(&folder);
        let answer = answer.inspect_err(|_| self.recorder.is_not_reproducible())?;
        let bytes = answer.iter().flatten().map(|name| 16 + name.len()).sum();
        let asked = HostQuestion::TreeEntries {
            folder: folder.into(),
        };
        self.answered(asked, bytes, || match &answer {
            Ok(names) => HostAnswer::Names {
                items: u32::try_from(names.len()).unwrap_or(u32::MAX),
                bytes: u64::try_from(bytes).unwrap_or(u64::MAX),
                digest: Digest::of_json(names),
            },
            Err(error) => HostAnswer::Refused(refusal(*error)),
        })?;
        Ok(answer)
    }

    fn read(&mut self, path: String) -> Result<Result<Vec<u8>, tree::TreeError>> {
        let answer = self.tree.read(&path);
        let answer = answer.inspect_err(|_| self.recorder.is_not_reproducible())?;
        let bytes = answer.as_ref().map_or(0, Vec::len);
        let asked = HostQuestion::TreeRead { path: path.into() };
        self.answered(asked, bytes, || match &answer {
            Ok(content) => HostAnswer::File {
                bytes: u64::try_from(bytes).unwrap_or(u64::MAX),
                digest: Digest::of(content),
            },
            Err(error) => HostAnswer::Refused(refusal(*error)),
        })?;
        Ok(answer)
    }
}

impl log::Host for State {
    fn write(&mut self, level: log::Level, message: String) -> Result<()> {
        let level = match level {
            log::Level::Debug => LogLevel::Debug,
            log::Level::Info => LogLevel::Info,
            log::Level::Warn => LogLevel::Warn,
            log::Level::Error => LogLevel::Error,
        };
        self.budget.answered(0, 0)?;
        let line = self.capture.line(level, message)?;
        let asked = HostQuestion::LogWrite { line };
        Ok(self.recorder.answered(asked, || HostAnswer::Nothing)?)
    }
}

fn refusal(error: tree::TreeError) -> TreeRefusal {
    match error {
        tree::TreeError::Missing => TreeRefusal::Missing,
        tree::TreeError::NotAFile => TreeRefusal::NotAFile,
        tree::TreeError::NotGranted => TreeRefusal::NotGranted,
        tree::TreeError::TooLarge => TreeRefusal::TooLarge,
    }
}

impl super::interfaces::model::Host for State {}

fn page<T>(items: &[T], start: u32, count: u32) -> &[T] {
    let start = usize::try_from(start)
        .unwrap_or(usize::MAX)
        .min(items.len());
    let count = usize::try_from(count.min(PAGE_ITEMS_MAX)).unwrap_or(usize::MAX);
    &items[start..items.len().min(start.saturating_add(count))]
}
