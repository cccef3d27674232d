use super::{Detail, Page, history, page};
use crate::model::{Entry, Record, RunSummary, Text};
use crate::report::journal;
use crate::report::json::StatusReport;

/// Puts what is recorded of a run on a page: what became of it, what is not known, its journal.
pub fn human_status(
    page: &mut Page,
    run: &RunSummary,
    entries: &[Entry],
    report: &StatusReport,
    detail: Detail,
) {
    history::put(page, 0, run);
    let unknown: Vec<_> = report
        .effects
        .iter()
        .filter(|effect| effect.state == "unknown")
        .collect();
    for effect in unknown {
        page.led(
            0,
            page::heading(),
            "NOT KNOWN: ",
            &format!(
                "whether {} was carried out: {}. Look, and say it with `holdpoint resume {} --assume \
                 {}=done` or `=not-done`.",
                Text::from(effect.effect.as_str()).terminal(),
                Text::from(effect.what.as_str()).terminal(),
                run.id.short(),
                Text::from(effect.effect.as_str()).terminal(),
            ),
        );
    }
    page.gap();
    page.led(0, page::heading(), "Journal", "");
    for entry in entries {
        let style = match &entry.record {
            Record::Overridden { .. } | Record::Aborted { .. } => page::heading(),
            _ => anstyle::Style::new(),
        };
        page.led(
            2,
            style,
            &format!("{} ", entry.time),
            &journal::sentence(entry),
        );
    }
    if !report.messages.is_empty() {
        page.gap();
        page.led(0, page::heading(), "Messages", "");
        for message in &report.messages {
            let why = message.why.as_ref().map_or_else(String::new, |why| {
                format!(": {}", Text::from(why.as_str()).terminal())
            });
            page.text(
                2,
                &format!(
                    "{}, {}: {}{why}",
                    message.channel,
                    Text::from(message.event.as_str()).terminal(),
                    message.state
                ),
            );
        }
    }
    if detail == Detail::Full && !report.statements.is_empty() {
        page.gap();
        page.led(0, page::heading(), "Signed statements", "");
        for statement in &report.statements {
            page.text(2, &format!("{}, {}", statement.time, statement.digest));
            page.block(4, &Text::from(statement.document.as_str()));
        }
    }
}
