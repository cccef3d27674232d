use crate::{
    Artifact, Change, Commit, CommitText, EvidenceError, EvidenceItem, HttpError, HttpRequest,
    HttpResponse, PastRelease, TreeError,
};

use super::builder::Made;

/// Where the answers come from: the host, or what a test has made.
#[derive(Debug)]
pub(super) enum Given {
    #[cfg(target_family = "wasm")]
    Host,
    Made(Box<Made>),
}

/// Asks the host in a plugin, and what a test has made everywhere else.
macro_rules! ask {
    ($self:ident, $interface:ident . $function:ident ($($argument:expr),*), $made:ident => $answer:expr) => {
        match $self {
            #[cfg(target_family = "wasm")]
            Self::Host => {
                crate::private::bindings::imports::holdpoint::plugin::$interface::$function(
                    $($argument),*
                )
            }
            Self::Made($made) => $answer,
        }
    };
}

impl Given {
    pub(super) fn host() -> Self {
        #[cfg(target_family = "wasm")]
        return Self::Host;
        #[cfg(not(target_family = "wasm"))]
        Self::Made(Box::default())
    }

    pub(super) fn commits(&self, start: u32, count: u32) -> Vec<Commit> {
        ask!(self, commits.page(start, count), made => page(&made.commits, start, count))
    }

    pub(super) fn commit_texts(&self, start: u32, count: u32) -> Vec<CommitText> {
        ask!(self, commits.texts(start, count), made => page(&made.texts, start, count))
    }

    pub(super) fn changes(&self, start: u32, count: u32) -> Vec<Change> {
        ask!(self, changes.page(start, count), made => page(&made.changes, start, count))
    }

    pub(super) fn artifacts(&self, start: u32, count: u32) -> Vec<Artifact> {
        ask!(self, artifacts.page(start, count), made => page(&made.artifacts, start, count))
    }

    pub(super) fn past_releases(&self, start: u32, count: u32) -> Vec<PastRelease> {
        ask!(self, history.page(start, count), made => page(&made.history, start, count))
    }

    pub(super) fn evidence(&self) -> Vec<EvidenceItem> {
        ask!(self, evidence.items(), made => {
            made.evidence.iter().map(|(item, _)| item.clone()).collect()
        })
    }

    pub(super) fn read_evidence(&self, name: &str) -> Result<Vec<u8>, EvidenceError> {
        ask!(self, evidence.read(name), made => {
            match made.evidence.iter().find(|(item, _)| item.name == name) {
                Some((_, Some(bytes))) => Ok(bytes.clone()),
                Some((_, None)) => Err(EvidenceError::NotGranted),
                None => Err(EvidenceError::Unknown),
            }
        })
    }

    pub(super) fn list_folder(&self, folder: &str) -> Result<Vec<String>, TreeError> {
        ask!(self, tree.entries(folder), made => made.list_folder(folder))
    }

    pub(super) fn read_file(&self, path: &str) -> Result<Vec<u8>, TreeError> {
        ask!(self, tree.read(path), made => {
            made.files.get(path).cloned().ok_or(TreeError::Missing)
        })
    }

    pub(super) fn send(&self, request: &HttpRequest) -> Result<HttpResponse, HttpError> {
        ask!(self, http.send(request), made => match made.answers.get(&request.url) {
            Some(answer) => answer.clone(),
            None => Err(HttpError::NotGranted(format!("no answer was made for {}", request.url))),
        })
    }

    pub(super) fn secret_placeholder(&self, name: &str) -> Option<String> {
        ask!(self, secrets.placeholder(name), made => {
            made.secrets.contains(name).then(|| format!("placeholder-of-{name}"))
        })
    }
}

fn page<T: Clone>(all: &[T], start: u32, count: u32) -> Vec<T> {
    all.iter()
        .skip(start as usize)
        .take(count as usize)
        .cloned()
        .collect()
}
