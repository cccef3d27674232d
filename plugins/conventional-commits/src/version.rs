use holdpoint_conventional::{Bump, History, Versioning, next_version, parse};
use holdpoint_sdk::{Commit, Finding, Severity, Subject};
use semver::Version;

use crate::messages::name;

/// What the commits ask for together: the largest bump, and the commit that asks for it.
#[derive(Default)]
pub(crate) struct Asks {
    largest: Option<(Bump, String)>,
}

impl Asks {
    /// Reads one commit. The last one read that asks for the most is the one that is named.
    pub(crate) fn read(&mut self, commit: &Commit, body: &str) {
        let message = format!("{}\n\n{body}", commit.summary);
        let Some(bump) = parse(&message).ok().and_then(|read| read.bump()) else {
            return;
        };
        if self
            .largest
            .as_ref()
            .is_none_or(|(largest, _)| bump >= *largest)
        {
            self.largest = Some((bump, name(commit)));
        }
    }
}

/// What speaks against the version of the release; nothing when it has none yet.
pub(crate) fn check(subject: &Subject, asks: &Asks) -> Option<Finding> {
    let find = |message| Some(Finding::new("version", message));
    let stated = subject.version.as_deref()?;
    let Ok(version) = Version::parse(stated) else {
        return find(format!(
            "The version `{stated}` is not a semantic version such as 1.4.0."
        ));
    };
    let previous = subject.previous.as_deref()?;
    let Ok(previous) = Version::parse(previous) else {
        return find(format!(
            "The previous version `{previous}` is not a semantic version, so that {version} \
             cannot be held against it."
        ))
        .map(|finding| finding.severity(Severity::Warning));
    };
    if version <= previous {
        return find(format!(
            "The version {version} is not higher than the previous one, {previous}."
        ));
    }
    let (bump, asking) = asks.largest.as_ref()?;
    let required = next_version(
        &History {
            latest: Some(previous.clone()),
            last_final: None,
            asked_since_latest: Some(*bump),
            asked_since_final: None,
        },
        &previous,
        versioning(subject),
        None,
    )
    .version?;
    // A pre-release of the required version holds what the commits ask for.
    let numbers = Version::new(version.major, version.minor, version.patch);
    if numbers >= required {
        return None;
    }
    let change = match bump {
        Bump::Major => "a breaking change",
        Bump::Minor => "a feature",
        Bump::Patch => "a fix",
    };
    find(format!(
        "The version {version} is too low: after {previous}, {change} asks for at least \
         {required}. {asking} is {change}."
    ))
}

fn versioning(subject: &Subject) -> Versioning {
    let bump = |bump| match bump {
        holdpoint_sdk::Bump::Patch => Bump::Patch,
        holdpoint_sdk::Bump::Minor => Bump::Minor,
        holdpoint_sdk::Bump::Major => Bump::Major,
    };
    Versioning {
        zero_breaking: bump(subject.versioning.zero_breaking),
        zero_feature: bump(subject.versioning.zero_feature),
    }
}
