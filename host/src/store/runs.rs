//! The rows of runs. What counts is the summary as JSON with its digest; the other columns are for
//! searching.

use serde::{Deserialize, Serialize};

use super::StoreError;
use super::connection::{Connection, Row};
use super::sealed::{self, column};
use super::state::{Filter, NewRun};
use crate::model::{
    Digest, Effects, Holder, RunId, RunKey, RunState, RunSummary, Text, is_run_prefix,
};

/// How many runs are named where a prefix is ambiguous.
const AMBIGUOUS_MAX: u32 = 9;

/// Runs that are read at once where not every one of them counts.
const PAGE_RUNS: u32 = 100;

/// What is kept of a run.
#[derive(Serialize, Deserialize)]
pub(super) struct Kept {
    /// What a list shows.
    pub(super) summary: RunSummary,
    /// Lines of its journal: fewer than this, and some are lost.
    pub(super) entries: u32,
    /// Who sat down last, whether they still sit there or not.
    pub(super) holder: Option<Holder>,
}

impl Kept {
    /// A run that was just made.
    pub(super) fn of(new: &NewRun) -> Self {
        Self {
            summary: RunSummary {
                id: new.id.clone(),
                key: new.key.clone(),
                version: new.version.clone(),
                head: new.head.clone(),
                began: new.began,
                changed: new.began,
                sittings: 0,
                state: RunState::Open,
                verdict: None,
                overridden: false,
                effects: Effects::None,
                extent: new.extent.clone(),
            },
            entries: 0,
            holder: None,
        }
    }

    fn read(row: &Row) -> Result<Self, StoreError> {
        sealed::opened(row, 0, 1, "the summary of a run")
    }
}

/// Adds a run. Of one key one run can be open.
pub(super) async fn add(connection: &mut Connection, kept: &Kept) -> Result<(), StoreError> {
    let summary = &kept.summary;
    let (run, seal) = sealed::sealed("the summary of a run", kept)?;
    let insert = "INSERT INTO runs (id, key, project, target, state, run, seal) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
    let values = [
        summary.id.as_str().into(),
        key_digits(&summary.key).into(),
        column(summary.key.project.raw()).into(),
        summary
            .key
            .target
            .as_ref()
            .map(|target| column(target.raw()))
            .into(),
        summary.state.name().into(),
        run.into(),
        seal.into(),
    ];
    if connection.execute(insert, values).await? == 1 {
        return Ok(());
    }
    match open_of(connection, &summary.key).await? {
        Some(open) => Err(StoreError::OpenAlready {
            run: open.id,
            place: connection.place(),
        }),
        None => Err(StoreError::Statement {
            place: connection.place(),
            why: format!("the run {} is there already", summary.id.short()),
        }),
    }
}

/// Writes down what has become of a run.
pub(super) async fn save(connection: &mut Connection, kept: &Kept) -> Result<(), StoreError> {
    let (run, seal) = sealed::sealed("the summary of a run", kept)?;
    let update = "UPDATE runs SET state = $2, run = $3, seal = $4 WHERE id = $1";
    let values = [
        kept.summary.id.as_str().into(),
        kept.summary.state.name().into(),
        run.into(),
        seal.into(),
    ];
    connection.execute(update, values).await.map(drop)
}

/// A run that this transaction is about to change: others wait until its end.
pub(super) async fn for_writing(
    connection: &mut Connection,
    id: &RunId,
) -> Result<Kept, StoreError> {
    let select = connection.pick(
        "SELECT run, seal FROM runs WHERE id = $1",
        "SELECT run, seal FROM runs WHERE id = $1 FOR UPDATE",
    );
    match connection.row(select, [id.as_str().into()]).await? {
        Some(row) => Kept::read(&row),
        None => Err(no_run(connection, id.as_str())),
    }
}

/// The open run of a key.
pub(super) async fn open_of(
    connection: &mut Connection,
    key: &RunKey,
) -> Result<Option<RunSummary>, StoreError> {
    let select = "SELECT run, seal FROM runs WHERE key = $1 AND state = 'open'";
    let row = connection.row(select, [key_digits(key).into()]).await?;
    row.map(|row| Ok(Kept::read(&row)?.summary)).transpose()
}

/// The run whose identifier begins with these digits.
pub(super) async fn beginning_with(
    connection: &mut Connection,
    prefix: &str,
) -> Result<RunSummary, StoreError> {
    if !is_run_prefix(prefix) {
        return Err(StoreError::NotARun {
            given: Text::from(prefix),
        });
    }
    let select = "SELECT id, run, seal FROM runs WHERE id >= $1 AND id <= $2 ORDER BY id LIMIT $3";
    let values = [
        format!("{prefix:0<width$}", width = RunId::DIGITS).into(),
        format!("{prefix:f<width$}", width = RunId::DIGITS).into(),
        AMBIGUOUS_MAX.into(),
    ];
    let rows = connection.rows(select, values).await?;
    match rows.as_slice() {
        [] => Err(no_run(connection, prefix)),
        [row] => Ok(sealed::opened::<Kept>(row, 1, 2, "the summary of a run")?.summary),
        rows => Err(StoreError::Ambiguous {
            prefix: prefix.to_owned(),
            runs: rows
                .iter()
                .map(|row| id(row, 0))
                .collect::<Result<_, _>>()?,
            place: connection.place(),
        }),
    }
}

/// Runs, the newest first.
pub(super) async fn history(
    connection: &mut Connection,
    filter: &Filter,
    count: u32,
) -> Result<Vec<RunSummary>, StoreError> {
    let select = "SELECT run, seal FROM runs \
         WHERE (CAST($1 AS TEXT) IS NULL OR project = $1) \
         AND (CAST($2 AS TEXT) IS NULL OR target = $2) \
         AND (CAST($3 AS TEXT) IS NULL OR state = $3) \
         ORDER BY position DESC LIMIT $4";
    let values = [
        filter.project.as_deref().map(column).into(),
        filter.target.as_deref().map(column).into(),
        filter.state.map(|state| state.name().to_owned()).into(),
        count.into(),
    ];
    let rows = connection.rows(select, values).await?;
    rows.iter()
        .map(|row| Ok(Kept::read(row)?.summary))
        .collect()
}

/// What was released on a target, the newest first.
pub(super) async fn releases(
    connection: &mut Connection,
    project: &str,
    target: &str,
    count: u32,
) -> Result<Vec<RunSummary>, StoreError> {
    let select = "SELECT run, seal, position FROM runs \
         WHERE project = $1 AND target = $2 AND state = 'finished' AND position < $3 \
         ORDER BY position DESC LIMIT $4";
    on_target(
        connection,
        select,
        (project, target),
        count,
        RunSummary::is_release,
    )
    .await
}

/// Every run of a target, the newest first.
pub(super) async fn of_target(
    connection: &mut Connection,
    project: &str,
    target: &str,
    count: u32,
) -> Result<Vec<RunSummary>, StoreError> {
    let select = "SELECT run, seal, position FROM runs \
         WHERE project = $1 AND target = $2 AND position < $3 ORDER BY position DESC LIMIT $4";
    on_target(connection, select, (project, target), count, |_| true).await
}

/// Runs of a target, the newest first. What counts may stand in the summary only, so that runs are
/// read page by page until there are enough.
async fn on_target(
    connection: &mut Connection,
    select: &'static str,
    (project, target): (&str, &str),
    count: u32,
    counts: impl Fn(&RunSummary) -> bool + Send,
) -> Result<Vec<RunSummary>, StoreError> {
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    let mut found = Vec::new();
    let mut before = i64::MAX;
    while found.len() < count {
        let values = [
            column(project).into(),
            column(target).into(),
            before.into(),
            PAGE_RUNS.into(),
        ];
        let rows = connection.rows(select, values).await?;
        for row in &rows {
            before = row.integer(2)?;
            let summary = Kept::read(row)?.summary;
            if counts(&summary) && found.len() < count {
                found.push(summary);
            }
        }
        if rows.is_empty() {
            break;
        }
    }
    Ok(found)
}

/// An identifier in a row.
pub(super) fn id(row: &Row, index: usize) -> Result<RunId, StoreError> {
    let text = row.text(index)?;
    RunId::new(&text).ok_or_else(|| row.corrupt("a run has an identifier that is none"))
}

/// What names a key in the database.
fn key_digits(key: &RunKey) -> String {
    Digest::of_json(key).hex()
}

pub(super) fn no_run(connection: &Connection, run: &str) -> StoreError {
    StoreError::NoRun {
        run: Text::from(run),
        place: connection.place(),
    }
}
