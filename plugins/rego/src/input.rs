//! The release as a document: `input.schema.json` describes it. Names have `_` where those of the
//! contract have `-`, because Rego reads `a.b-c` as a difference.

use holdpoint_sdk::{
    Artifact, Bump, Change, ChangeKind, Circumstances, Commit, CommitText, Fault, Person, Release,
    Subject, Totals,
};
use serde_json::{Value, json};

/// All that is known about the release, but for what needs a grant.
pub(crate) fn release(release: &Release) -> Result<regorus::Value, Fault> {
    let commits = release.commits().zip(release.commit_texts());
    let commits: Vec<Value> = commits.map(|(thin, text)| commit(&thin, text)).collect();
    let changes: Vec<Value> = release.changes().map(|item| change(&item)).collect();
    let artifacts: Vec<Value> = release.artifacts().map(|item| artifact(&item)).collect();
    let document = json!({
        "subject": subject(&release.subject),
        "circumstances": circumstances(&release.circumstances),
        "totals": totals(&release.totals),
        "commits": commits,
        "changes": changes,
        "artifacts": artifacts,
    });
    Ok(serde_json::from_value(document)?)
}

fn subject(subject: &Subject) -> Value {
    json!({
        "project": subject.project,
        "version": subject.version,
        "previous": subject.previous,
        "head": subject.head,
        "base": subject.base,
        "target": subject.target,
        "path": subject.path,
        "versioning": {
            "zero_breaking": bump(subject.versioning.zero_breaking),
            "zero_feature": bump(subject.versioning.zero_feature),
        },
        "digest": subject.digest,
    })
}

fn bump(bump: Bump) -> &'static str {
    match bump {
        Bump::Patch => "patch",
        Bump::Minor => "minor",
        Bump::Major => "major",
    }
}

fn circumstances(circumstances: &Circumstances) -> Value {
    json!({
        "time": circumstances.time,
        "zone": circumstances.zone,
        "utc_offset": circumstances.utc_offset,
        "initiator": circumstances.initiator,
        "ci": circumstances.ci,
        "job_url": circumstances.job_url,
        "dirty": circumstances.dirty,
        "dry_run": circumstances.dry_run,
    })
}

fn totals(totals: &Totals) -> Value {
    json!({
        "commits": totals.commits,
        "merges": totals.merges,
        "files": totals.files,
        "insertions": totals.insertions,
        "deletions": totals.deletions,
        "artifacts": totals.artifacts,
    })
}

fn commit(thin: &Commit, text: CommitText) -> Value {
    let trailers = text.trailers.into_iter();
    let trailers: Vec<Value> = trailers
        .map(|trailer| json!({ "key": trailer.key, "value": trailer.value }))
        .collect();
    json!({
        "id": thin.id,
        "summary": thin.summary,
        "body": text.body,
        "trailers": trailers,
        "author": person(&text.author),
        "time": thin.time,
        "committer": person(&text.committer),
        "committed": text.committed,
        "parents": thin.parents,
        "signed": thin.signed,
        "measures": {
            "files": thin.measures.files,
            "directories": thin.measures.directories,
            "subsystems": thin.measures.subsystems,
            "insertions": thin.measures.insertions,
            "deletions": thin.measures.deletions,
            "entropy": thin.measures.entropy,
            "fix": thin.measures.fix,
        },
    })
}

fn person(person: &Person) -> Value {
    json!({ "name": person.name, "email": person.email })
}

fn change(change: &Change) -> Value {
    json!({
        "path": change.path,
        "old_path": change.old_path,
        "how": match change.how {
            ChangeKind::Added => "added",
            ChangeKind::Modified => "modified",
            ChangeKind::Deleted => "deleted",
            ChangeKind::Renamed => "renamed",
            ChangeKind::Retyped => "retyped",
        },
        "insertions": change.insertions,
        "deletions": change.deletions,
        "binary": change.binary,
        "owners": change.owners,
        "owners_trusted": change.owners_trusted,
    })
}

fn artifact(artifact: &Artifact) -> Value {
    json!({ "name": artifact.name, "digest": artifact.digest, "size": artifact.size })
}
