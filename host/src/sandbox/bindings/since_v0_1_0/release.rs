//! The model as the guest sees it.

use super::exports::{notify, policy};
use super::interfaces::{evidence, history, model};
use crate::model::{
    Artifact, Change, ChangeKind, Channel, Commit, Ending, Event, EventKind, Evidence, Finding,
    Location, Owners, PastRelease, Person, Release, Severity, Text, Totals, Verdict,
};
use holdpoint_conventional::Bump;

/// The release as every export takes it.
pub(in crate::sandbox) fn release(release: &Release) -> policy::Release {
    let subject = &release.subject;
    let circumstances = &release.circumstances;
    let artifacts = u32::try_from(subject.artifacts.len()).unwrap_or(u32::MAX);
    model::Release {
        subject: model::Subject {
            project: subject.project.raw().to_owned(),
            version: subject.version.as_ref().map(ToString::to_string),
            previous: subject.previous.as_ref().map(ToString::to_string),
            head: subject.head.to_string(),
            base: subject.base.as_ref().map(ToString::to_string),
            target: optional(subject.target.as_ref()),
            path: optional(subject.path.as_ref()),
            versioning: model::Versioning {
                zero_breaking: bump(subject.versioning.zero_breaking),
                zero_feature: bump(subject.versioning.zero_feature),
            },
            digest: release.digest.to_string(),
        },
        circumstances: model::Circumstances {
            time: circumstances.time.as_second(),
            zone: circumstances.zone.clone(),
            utc_offset: circumstances.utc_offset_seconds(),
            initiator: circumstances
                .ci
                .as_ref()
                .and_then(|ci| optional(ci.initiator.as_ref())),
            ci: circumstances.ci.as_ref().map(|ci| ci.system.clone()),
            job_url: circumstances
                .ci
                .as_ref()
                .and_then(|ci| optional(ci.url.as_ref())),
            dirty: circumstances.dirty,
            dry_run: circumstances.dry_run,
        },
        totals: totals(subject.totals, artifacts),
    }
}

fn totals(totals: Totals, artifacts: u32) -> model::Totals {
    model::Totals {
        commits: totals.commits,
        merges: totals.merges,
        files: totals.files,
        insertions: totals.insertions,
        deletions: totals.deletions,
        artifacts,
    }
}

pub(super) fn commit(commit: &Commit) -> model::Commit {
    let measures = commit.measures;
    model::Commit {
        id: commit.id.to_string(),
        author: commit.author.name.raw().to_owned(),
        time: commit.authored,
        summary: commit.summary.raw().to_owned(),
        parents: u32::try_from(commit.parents.len()).unwrap_or(u32::MAX),
        signed: commit.signed,
        measures: model::Measures {
            files: measures.files,
            directories: measures.directories,
            subsystems: measures.subsystems,
            insertions: measures.insertions,
            deletions: measures.deletions,
            entropy: measures.entropy,
            fix: measures.fix,
        },
    }
}

pub(super) fn commit_text(commit: &Commit) -> model::CommitText {
    model::CommitText {
        id: commit.id.to_string(),
        body: commit.body.raw().to_owned(),
        trailers: commit
            .trailers
            .iter()
            .map(|trailer| model::Trailer {
                key: trailer.key.raw().to_owned(),
                value: trailer.value.raw().to_owned(),
            })
            .collect(),
        author: person(&commit.author),
        committer: person(&commit.committer),
        committed: commit.committed,
    }
}

pub(super) fn change(change: &Change) -> model::Change {
    model::Change {
        path: change.path.raw().to_owned(),
        old_path: optional(change.old_path.as_ref()),
        how: match change.how {
            ChangeKind::Added => model::ChangeKind::Added,
            ChangeKind::Modified => model::ChangeKind::Modified,
            ChangeKind::Deleted => model::ChangeKind::Deleted,
            ChangeKind::Renamed => model::ChangeKind::Renamed,
            ChangeKind::Retyped => model::ChangeKind::Retyped,
        },
        insertions: change.insertions,
        deletions: change.deletions,
        binary: change.binary,
        owners: change
            .owners
            .names()
            .iter()
            .map(|name| name.raw().to_owned())
            .collect(),
        owners_trusted: matches!(change.owners, Owners::Trusted(_)),
    }
}

pub(super) fn artifact(artifact: &Artifact) -> model::Artifact {
    model::Artifact {
        name: artifact.name.raw().to_owned(),
        digest: artifact.digest.to_string(),
        size: artifact.size,
    }
}

/// Nobody has verified who vouches for it.
pub(super) fn evidence(item: &Evidence) -> evidence::Item {
    evidence::Item {
        name: item.name.raw().to_owned(),
        media_type: item.media_type.raw().to_owned(),
        digest: item.digest.to_string(),
        size: item.size,
        verified_by: None,
    }
}

/// What it shipped is not recorded.
pub(super) fn past_release(release: &PastRelease) -> history::PastRelease {
    history::PastRelease {
        version: release.version.as_ref().map(ToString::to_string),
        head: release.head.to_string(),
        time: release.time,
        totals: totals(release.totals, 0),
        ended: release.ended.map(|ended| match ended {
            Ending::Released => history::Ending::Released,
            Ending::Undone => history::Ending::Undone,
            Ending::Blocked => history::Ending::Blocked,
            Ending::Stopped => history::Ending::Stopped,
        }),
    }
}

/// The event that a notify plugin is told of.
pub(in crate::sandbox) fn event(event: &Event) -> notify::Event {
    notify::Event {
        kind: match event.kind {
            EventKind::Planned => notify::EventKind::Planned,
            EventKind::Started => notify::EventKind::Started,
            EventKind::Waiting => notify::EventKind::Waiting,
            EventKind::Approved => notify::EventKind::Approved,
            EventKind::Blocked => notify::EventKind::Blocked,
            EventKind::Overridden => notify::EventKind::Overridden,
            EventKind::Deployed => notify::EventKind::Deployed,
            EventKind::Verified => notify::EventKind::Verified,
            EventKind::Undone => notify::EventKind::Undone,
            EventKind::Finished => notify::EventKind::Finished,
        },
        run: event.run.clone(),
        stage: event.stage.clone(),
        verdict: event.verdict.map(|verdict| match verdict {
            Verdict::Go => notify::Verdict::Go,
            Verdict::NoGo => notify::Verdict::NoGo,
            Verdict::Wait => notify::Verdict::Wait,
            Verdict::Fault => notify::Verdict::Fault,
        }),
        reason: event.reason.raw().to_owned(),
        findings: event.findings.iter().map(finding).collect(),
    }
}

/// The channel that a notify plugin composes for.
pub(in crate::sandbox) fn channel(channel: &Channel) -> notify::Channel {
    notify::Channel {
        name: channel.name.clone(),
        media_type: channel.media_type.clone(),
        body_bytes_max: channel.body_bytes_max,
    }
}

fn finding(finding: &Finding) -> model::Finding {
    model::Finding {
        rule: finding.rule.as_str().to_owned(),
        severity: Some(match finding.severity {
            Severity::Info => model::Severity::Info,
            Severity::Warning => model::Severity::Warning,
            Severity::Error => model::Severity::Error,
        }),
        message: finding.message.raw().to_owned(),
        location: match &finding.location {
            Location::Release => model::Location::Release,
            Location::Commit(id) => model::Location::Commit(id.to_string()),
            Location::File { path, line } => model::Location::File(model::FileLocation {
                path: path.raw().to_owned(),
                line: *line,
            }),
            Location::Artifact(name) => model::Location::Artifact(name.raw().to_owned()),
        },
        help: optional(finding.help.as_ref()),
    }
}

/// What a page of commits is charged with, in bytes: its texts and a fixed part for the rest.
pub(super) fn bytes_of_commits(commits: &[model::Commit]) -> usize {
    commits
        .iter()
        .map(|commit| 64 + commit.id.len() + commit.author.len() + commit.summary.len())
        .sum()
}

pub(super) fn bytes_of_texts(texts: &[model::CommitText]) -> usize {
    let person = |person: &model::Person| person.name.len() + person.email.len();
    texts
        .iter()
        .map(|text| {
            let trailers: usize = text
                .trailers
                .iter()
                .map(|trailer| 16 + trailer.key.len() + trailer.value.len())
                .sum();
            64 + text.id.len()
                + text.body.len()
                + trailers
                + person(&text.author)
                + person(&text.committer)
        })
        .sum()
}

pub(super) fn bytes_of_changes(changes: &[model::Change]) -> usize {
    changes
        .iter()
        .map(|change| {
            let owners: usize = change.owners.iter().map(|owner| 8 + owner.len()).sum();
            48 + change.path.len() + change.old_path.as_ref().map_or(0, String::len) + owners
        })
        .sum()
}

pub(super) fn bytes_of_artifacts(artifacts: &[model::Artifact]) -> usize {
    artifacts
        .iter()
        .map(|artifact| 24 + artifact.name.len() + artifact.digest.len())
        .sum()
}

pub(super) fn bytes_of_evidence(items: &[evidence::Item]) -> usize {
    items
        .iter()
        .map(|item| 32 + item.name.len() + item.media_type.len() + item.digest.len())
        .sum()
}

fn bump(bump: Bump) -> model::Bump {
    match bump {
        Bump::Patch => model::Bump::Patch,
        Bump::Minor => model::Bump::Minor,
        Bump::Major => model::Bump::Major,
    }
}

fn person(person: &Person) -> model::Person {
    model::Person {
        name: person.name.raw().to_owned(),
        email: person.email.raw().to_owned(),
    }
}

fn optional(text: Option<&Text>) -> Option<String> {
    text.map(|text| text.raw().to_owned())
}
