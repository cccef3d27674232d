use anstyle::{AnsiColor, Style};

use super::{Detail, ITEMS_SHOWN_MAX, Page, page, rest};
use crate::model::{Edit, Text};
use crate::pipeline::{Before, EditRecord};
use crate::report::words;

/// Lines of one difference that are shown before the rest is counted.
const LINES_SHOWN_MAX: usize = 40;

/// Puts on a page what a document plugin would write, as differences from the judged commit. Below it
/// stands what became of it where the run `began` to write.
pub(super) fn put(
    page: &mut Page,
    indent: usize,
    (edits, records): (&[Edit], &[EditRecord]),
    began: bool,
    detail: Detail,
) {
    if edits.is_empty() {
        page.text(indent, "It would edit nothing.");
        return;
    }
    page.text(
        indent,
        if began {
            "It edits:"
        } else {
            "It would edit (nothing is written):"
        },
    );
    for (edit, record) in edits.iter().zip(records).take(ITEMS_SHOWN_MAX) {
        let lead = edit.path.terminal().to_string();
        let body = format!(": {}, {}", edit.title.terminal(), extent(edit, record));
        page.led(indent + 2, page::heading(), &lead, &body);
        if let Some(difference) = &record.difference {
            put_lines(page, indent + 4, &difference.unified, detail);
        }
    }
    rest(page, indent + 2, edits.len());
}

/// How much an edit changes, in words.
fn extent(edit: &Edit, record: &EditRecord) -> String {
    let lines = |count: usize| words::count(count as u64, "line", "lines");
    let whole = lines(edit.content.text().raw().lines().count());
    match (record.before, &record.difference) {
        (Before::Absent, _) => format!("a new file of {whole}"),
        (Before::File, Some(difference)) => match (difference.insertions, difference.deletions) {
            (0, 0) => "as it is already".to_owned(),
            (added, 0) => format!("{} added", lines(added as usize)),
            (0, deleted) => format!("{} deleted", lines(deleted as usize)),
            (added, deleted) => format!(
                "{} added, {} deleted",
                lines(added as usize),
                words::number(deleted)
            ),
        },
        (Before::File | Before::TooLarge, _) => {
            format!("{whole} in place of a file that is too large to be compared")
        }
        (Before::NotText, _) => format!("{whole} in place of a file that is not UTF-8"),
        (Before::NotAFile, _) => {
            format!("{whole} in place of what is a folder, a link or a submodule")
        }
        (Before::Unreadable, _) => format!("{whole} in place of what could not be read"),
    }
}

fn put_lines(page: &mut Page, indent: usize, unified: &Text, detail: Detail) {
    let count = unified.raw().lines().count();
    let shown = match detail {
        Detail::Full => count,
        _ => LINES_SHOWN_MAX,
    };
    for line in unified.raw().lines().take(shown) {
        page.line(indent, style(line), &Text::from(line));
    }
    if count > shown {
        let more = words::count((count - shown) as u64, "more line", "more lines");
        page.text(indent, &format!("… {more}; -v shows all"));
    }
}

fn style(line: &str) -> Style {
    let color = |color: AnsiColor| Style::new().fg_color(Some(color.into()));
    match line.as_bytes().first() {
        Some(b'+') => color(AnsiColor::Green),
        Some(b'-') => color(AnsiColor::Red),
        Some(b'@') => color(AnsiColor::Cyan),
        _ => Style::new(),
    }
}
