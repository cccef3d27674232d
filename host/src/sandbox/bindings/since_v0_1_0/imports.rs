use wasmtime::Result;
use wasmtime::component::{HasSelf, Linker};

use super::interfaces::{
    artifacts, changes, commits, evidence, history, http, log, model, secrets, tree,
};
use super::release;
use crate::model::{
    Body, Digest, FileRefusal, Header, HostAnswer, HostQuestion, HttpRefusal, LogLevel, Text,
};
use crate::sandbox::failure::Refusal;
use crate::sandbox::network::Asked;
use crate::sandbox::record::Known;
use crate::sandbox::state::State;

/// Items of one page at most: a larger `count` is answered as this many.
const PAGE_ITEMS_MAX: u32 = 500;

/// Gives a plugin the imports that there are: `evidence`, `history`, `tree`, `http` and `secrets` answer
/// only what is granted.
pub(in crate::sandbox) fn add_to_linker(linker: &mut Linker<State>) -> Result<()> {
    commits::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    changes::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    artifacts::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    evidence::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    history::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    tree::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    http::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
    secrets::add_to_linker::<_, HasSelf<State>>(linker, |state| state)?;
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

impl evidence::Host for State {
    fn items(&mut self) -> Result<Vec<evidence::Item>> {
        let items = self.release.subject.evidence.iter();
        let answer: Vec<_> = items.map(release::evidence).collect();
        let bytes = release::bytes_of_evidence(&answer);
        self.answered_items(HostQuestion::EvidenceItems, answer.len(), bytes)?;
        Ok(answer)
    }

    fn read(&mut self, name: String) -> Result<Result<Vec<u8>, evidence::EvidenceError>> {
        let answer = self.reach.evidence.read(&self.release, &name);
        let answer = answer.inspect_err(|_| self.recorder.is_not_reproducible())?;
        let bytes = answer.as_ref().map_or(0, Vec::len);
        let asked = HostQuestion::EvidenceRead { name: name.into() };
        self.answered(asked, bytes, || match &answer {
            Ok(content) => HostAnswer::File {
                bytes: u64::try_from(bytes).unwrap_or(u64::MAX),
                digest: Digest::of(content),
            },
            Err(error) => HostAnswer::Refused(match error {
                evidence::EvidenceError::Unknown => FileRefusal::Missing,
                evidence::EvidenceError::NotGranted => FileRefusal::NotGranted,
                evidence::EvidenceError::TooLarge => FileRefusal::TooLarge,
            }),
        })?;
        Ok(answer)
    }
}

impl history::Host for State {
    fn page(&mut self, start: u32, count: u32) -> Result<Vec<history::PastRelease>> {
        let asked = HostQuestion::HistoryPage { start, count };
        let answer = match self.recorder.known(&asked) {
            Known::Answer(answer) => answer,
            // Refused when it is recorded.
            Known::Other => HostAnswer::Nothing,
            // A case that was written by hand says which there are.
            Known::Nothing | Known::Unanswered => {
                let page = page(&self.reach.history, start, count);
                HostAnswer::Releases(page.to_vec())
            }
        };
        self.answered_whole(asked, &answer)?;
        match answer {
            HostAnswer::Releases(releases) => {
                Ok(releases.iter().map(release::past_release).collect())
            }
            _ => Err(unfit("history.page")),
        }
    }
}

impl tree::Host for State {
    fn entries(&mut self, folder: String) -> Result<Result<Vec<String>, tree::TreeError>> {
        let answer = self.reach.tree.entries(&folder);
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
        let answer = self.reach.tree.read(&path);
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

impl http::Host for State {
    async fn send(
        &mut self,
        request: http::HttpRequest,
    ) -> Result<Result<http::HttpResponse, http::HttpError>> {
        self.reach.network.count()?;
        let headers = request.headers.iter().map(|header| Header {
            name: header.name.as_str().into(),
            value: header.value.as_str().into(),
        });
        let asked = HostQuestion::HttpSend {
            method: request.method.as_str().into(),
            url: request.url.as_str().into(),
            headers: headers.collect(),
            body: Body(request.body.clone()),
        };
        let answer = match self.recorder.known(&asked) {
            Known::Answer(answer) => answer,
            // Refused when it is recorded: nothing is asked of anybody for it.
            Known::Other => HostAnswer::Nothing,
            Known::Unanswered => {
                return Err(unanswered(&format!("{} {}", request.method, request.url)));
            }
            Known::Nothing => {
                let headers = request.headers.into_iter();
                let asked = Asked {
                    method: request.method,
                    url: request.url,
                    headers: headers.map(|header| (header.name, header.value)).collect(),
                    body: request.body,
                };
                let sent = self.reach.network.send(&asked).await;
                sent.inspect_err(|_| self.recorder.is_not_reproducible())?
            }
        };
        self.answered_whole(asked, &answer)?;
        response(answer)
    }
}

/// A response as the plugin is given it.
fn response(answer: HostAnswer) -> Result<Result<http::HttpResponse, http::HttpError>> {
    Ok(match answer {
        HostAnswer::Response {
            status,
            headers,
            body,
        } => Ok(http::HttpResponse {
            status,
            headers: headers
                .into_iter()
                .map(|header| model::Header {
                    name: header.name.raw().to_owned(),
                    value: header.value.raw().to_owned(),
                })
                .collect(),
            body: body.0,
        }),
        HostAnswer::NoResponse { why, message } => {
            let words = message.raw().to_owned();
            Err(match why {
                HttpRefusal::NotGranted => http::HttpError::NotGranted(words),
                HttpRefusal::Malformed => http::HttpError::Malformed(words),
                HttpRefusal::Unreachable => http::HttpError::Unreachable(words),
                HttpRefusal::TimedOut => http::HttpError::TimedOut,
            })
        }
        _ => return Err(unfit("http.send")),
    })
}

impl secrets::Host for State {
    fn placeholder(&mut self, name: String) -> Result<Option<String>> {
        let asked = HostQuestion::SecretsPlaceholder {
            name: name.as_str().into(),
        };
        let answer = match self.recorder.known(&asked) {
            Known::Answer(answer) => answer,
            Known::Nothing | Known::Other => {
                HostAnswer::Placeholder(self.reach.network.placeholder(&name).map(Text::from))
            }
            Known::Unanswered => HostAnswer::Placeholder(None),
        };
        self.answered_whole(asked, &answer)?;
        match answer {
            HostAnswer::Placeholder(text) => Ok(text.map(|text| text.raw().to_owned())),
            _ => Err(unfit("secrets.placeholder")),
        }
    }
}

/// A test that has no answer to a question.
fn unanswered(asked: &str) -> wasmtime::Error {
    Refusal(Text::from(format!(
        "the case has no answer to {asked}: write one under [[answers]], or record it again"
    )))
    .into()
}

/// A transcript that answers a question with what is no answer to it.
fn unfit(function: &str) -> wasmtime::Error {
    Refusal(Text::from(format!(
        "the transcript has no answer to {function}"
    )))
    .into()
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

fn refusal(error: tree::TreeError) -> FileRefusal {
    match error {
        tree::TreeError::Missing => FileRefusal::Missing,
        tree::TreeError::NotAFile => FileRefusal::NotAFile,
        tree::TreeError::NotGranted => FileRefusal::NotGranted,
        tree::TreeError::TooLarge => FileRefusal::TooLarge,
    }
}

impl model::Host for State {}

fn page<T>(items: &[T], start: u32, count: u32) -> &[T] {
    let start = usize::try_from(start)
        .unwrap_or(usize::MAX)
        .min(items.len());
    let count = usize::try_from(count.min(PAGE_ITEMS_MAX)).unwrap_or(usize::MAX);
    &items[start..items.len().min(start.saturating_add(count))]
}
