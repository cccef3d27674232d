//! Reading a release from git.

use holdpoint::model::Text;
use holdpoint::release::{Collected, Error, Query, Repository as Opened};

use crate::context::Repository;

mod changes;
mod ci;
mod compare;
mod earlier;
mod edges;
mod files;
mod hostile;
mod messages;
mod range;

/// Reads everything since the last release.
#[track_caller]
fn collected(repository: &Repository, query: &Query) -> Collected {
    tried(repository, query).unwrap_or_else(|error| panic!("{error}: {:?}", error.help()))
}

fn tried(repository: &Repository, query: &Query) -> Result<Collected, Error> {
    Opened::open(repository.path())?.collect(query, &|_| ())
}

/// What a person is told: the message, and what to do.
#[track_caller]
fn told<T>(result: Result<T, Error>) -> String {
    match result {
        Ok(_) => panic!("it should have failed"),
        Err(error) => format!("{error}; {}", error.help().unwrap_or_default()),
    }
}

/// First lines of the commits.
fn summaries(collected: &Collected) -> Vec<&str> {
    let commits = &collected.subject.commits;
    commits.iter().map(|commit| commit.summary.raw()).collect()
}

fn raw(texts: &[Text]) -> Vec<&str> {
    texts.iter().map(Text::raw).collect()
}
