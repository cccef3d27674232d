//! The journals. Each line has a digest over everything that it says and whose it is.

use jiff::Timestamp;

use super::StoreError;
use super::connection::{Connection, Row};
use super::runs::{self, Kept};
use super::sealed;
use crate::model::{Digest, Entry, Record, RunId};

/// Adds lines to the journal of a run that is being written.
pub(super) async fn add(
    connection: &mut Connection,
    kept: &mut Kept,
    sitting: u32,
    entries: &[(Timestamp, Record)],
) -> Result<(), StoreError> {
    let insert = "INSERT INTO journal (run, number, sitting, time, record, seal) \
         VALUES ($1, $2, $3, $4, $5, $6)";
    for (time, record) in entries {
        let record = sealed::written("a line of the journal", record)?;
        let run = &kept.summary.id;
        let number = kept.entries + 1;
        let time_text = time.to_string();
        let values = [
            run.as_str().into(),
            number.into(),
            sitting.into(),
            time_text.clone().into(),
            record.clone().into(),
            seal(run, number, sitting, &time_text, &record).into(),
        ];
        connection.execute(insert, values).await?;
        kept.entries = number;
        kept.summary.changed = *time;
    }
    Ok(())
}

/// The whole journal of a run, in order.
pub(super) async fn of(connection: &mut Connection, run: &RunId) -> Result<Vec<Entry>, StoreError> {
    // One statement sees one state of the database.
    let select = "SELECT runs.run, runs.seal, \
         journal.number, journal.sitting, journal.time, journal.record, journal.seal \
         FROM runs LEFT JOIN journal ON journal.run = runs.id WHERE runs.id = $1 \
         ORDER BY journal.number";
    let rows = connection.rows(select, [run.as_str().into()]).await?;
    let Some(first) = rows.first() else {
        return Err(runs::no_run(connection, run.as_str()));
    };
    let kept: Kept = sealed::opened(first, 0, 1, "the summary of a run")?;
    let mut entries = Vec::with_capacity(rows.len());
    for row in &rows {
        // A run without a journal is one row with nothing in it.
        if row.maybe_number(2)?.is_some() {
            entries.push(entry(row, run)?);
        }
    }
    let counted = entries.iter().map(|entry| entry.number);
    if !counted.eq(1..=kept.entries) {
        return Err(connection.corrupt(format!(
            "lines of the journal of the run {} are missing: there are {} of {}",
            run.short(),
            entries.len(),
            kept.entries
        )));
    }
    Ok(entries)
}

fn entry(row: &Row, run: &RunId) -> Result<Entry, StoreError> {
    let (number, sitting) = (row.number(2)?, row.number(3)?);
    let (time, record) = (row.text(4)?, row.text(5)?);
    let wrong = |how: &str| {
        row.corrupt(format!(
            "line {number} of the journal of the run {} {how}",
            run.short()
        ))
    };
    if seal(run, number, sitting, &time, &record) != row.text(6)? {
        return Err(wrong("is not what was written"));
    }
    Ok(Entry {
        number,
        sitting,
        time: time.parse().map_err(|_| wrong("has a time that is none"))?,
        record: serde_json::from_str(&record)
            .map_err(|error| wrong(&format!("cannot be read: {error}")))?,
    })
}

/// The digest of a line. It is over the text as it stands there: a number that is read and written
/// again need not look the same.
fn seal(run: &RunId, number: u32, sitting: u32, time: &str, record: &str) -> String {
    Digest::of_json(&(run, number, sitting, time, record)).hex()
}
