use std::collections::{BTreeMap, BTreeSet};

use super::approvers::Approvers;
use super::reject::Rejection;
use crate::model::{Subject, Text};

/// Who had a hand in a release: whose second pair of eyes an approval is.
#[derive(Clone, Debug, Default)]
pub struct People {
    /// By address, in lower case.
    authors: BTreeMap<String, Part>,
    /// Who started the run, in lower case.
    initiators: BTreeSet<String>,
}

/// What somebody did.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Wrote a commit.
    Author,
    /// Is named in a `Co-authored-by` line.
    CoAuthor,
    /// Committed what somebody wrote.
    Committer,
}

impl Part {
    /// In words.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            Self::Author => "an author",
            Self::CoAuthor => "a co-author",
            Self::Committer => "a committer",
        }
    }
}

impl People {
    /// The people of a range of commits, and those who started the run, as the environment of each
    /// sitting claims.
    pub fn new<'a>(subject: &Subject, initiators: impl IntoIterator<Item = &'a Text>) -> Self {
        let mut authors = BTreeMap::new();
        let mut add = |address: &str, part: Part| {
            let part_before = authors.entry(address.trim().to_lowercase()).or_insert(part);
            *part_before = part.min(*part_before);
        };
        for commit in &subject.commits {
            add(commit.author.email.raw(), Part::Author);
            add(commit.committer.email.raw(), Part::Committer);
            for trailer in &commit.trailers {
                if trailer.key.raw().eq_ignore_ascii_case("co-authored-by") {
                    add(address(trailer.value.raw()), Part::CoAuthor);
                }
            }
        }
        Self {
            authors,
            initiators: initiators
                .into_iter()
                .map(|initiator| initiator.raw().trim().to_lowercase())
                .filter(|initiator| !initiator.is_empty())
                .collect(),
        }
    }

    /// What keeps a person from being a second pair of eyes; none where nothing does.
    pub(super) fn against(
        &self,
        approvers: &Approvers,
        person: &str,
        principals: &BTreeSet<String>,
    ) -> Option<Rejection> {
        let identities = approvers.identities(person);
        let names = principals.iter().map(|name| name.to_lowercase());
        let own: BTreeSet<String> = identities
            .iter()
            .map(|identity| (*identity).to_owned())
            .chain(names)
            .collect();
        let of_the_range = own
            .iter()
            .find_map(|name| Some((name, *self.authors.get(name)?)));
        if let Some((address, part)) = of_the_range {
            let address = Text::from(address.as_str());
            return Some(Rejection::OfTheRange { part, address });
        }
        if let Some(name) = own.intersection(&self.initiators).next() {
            return Some(Rejection::Initiator(Text::from(name.as_str())));
        }
        if identities.is_empty() {
            return Some(Rejection::NoIdentity(Text::from(person)));
        }
        // Somebody nobody knows may be this one.
        self.unmapped(approvers).into_iter().next()
    }

    /// Who of them is in nobody's list.
    pub(super) fn unmapped(&self, approvers: &Approvers) -> Vec<Rejection> {
        let authors = self
            .authors
            .iter()
            .filter(|(address, _)| !approvers.is_mapped(address))
            .map(|(address, part)| Rejection::UnmappedAuthor {
                part: *part,
                address: Text::from(address.as_str()),
            });
        let initiators = self
            .initiators
            .iter()
            .filter(|initiator| !approvers.is_mapped(initiator))
            .map(|initiator| Rejection::UnmappedInitiator(Text::from(initiator.as_str())));
        authors.chain(initiators).collect()
    }
}

/// The address in `Name <address>`; all of it where there is none, so that it stands for somebody
/// who is not known.
fn address(value: &str) -> &str {
    value
        .rsplit_once('<')
        .and_then(|(_, rest)| rest.split_once('>'))
        .map_or(value, |(address, _)| address)
}
