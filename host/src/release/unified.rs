//! Two texts as a unified difference, for people.

use std::fmt::Write as _;
use std::ops::Range;

use gix::diff::blob::{Algorithm, Diff, InternedInput};

use crate::model::Text;

/// Lines that are shown around what differs, as `git diff` does.
const CONTEXT_LINES: u32 = 3;

/// What git writes below a last line that no line break ends.
const NO_LINE_BREAK: &str = "\\ No newline at end of file\n";

/// How two texts differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Lines that only the new text has.
    pub insertions: u32,
    /// Lines that only the old text has.
    pub deletions: u32,
    /// The places that differ, each below an `@@` line, in the form of `diff -u` without its first
    /// two lines; empty for equal texts.
    pub unified: Text,
}

/// How `old` differs from `new`, by lines.
///
/// ```
/// use holdpoint::release::difference;
///
/// let difference = difference("a\nb\n", "a\nc\n");
/// assert_eq!((difference.insertions, difference.deletions), (1, 1));
/// assert_eq!(difference.unified.raw(), "@@ -1,2 +1,2 @@\n a\n-b\n+c\n");
/// ```
#[must_use]
pub fn difference(old: &str, new: &str) -> Difference {
    let input = InternedInput::new(old, new);
    let mut diff = Diff::compute(Algorithm::Histogram, &input);
    diff.postprocess_lines(&input);
    let old_lines: Vec<&str> = old.split_inclusive('\n').collect();
    let new_lines: Vec<&str> = new.split_inclusive('\n').collect();
    let mut unified = String::new();
    let mut group: Vec<(Range<u32>, Range<u32>)> = Vec::new();
    for hunk in diff.hunks() {
        let is_near = group
            .last()
            .is_none_or(|(old, _)| hunk.before.start - old.end <= 2 * CONTEXT_LINES);
        if !is_near {
            put(&mut unified, &group, &old_lines, &new_lines);
            group.clear();
        }
        group.push((hunk.before, hunk.after));
    }
    put(&mut unified, &group, &old_lines, &new_lines);
    Difference {
        insertions: diff.count_additions(),
        deletions: diff.count_removals(),
        unified: unified.into(),
    }
}

/// Writes hunks that lie close together below one `@@` line.
fn put(unified: &mut String, group: &[(Range<u32>, Range<u32>)], old: &[&str], new: &[&str]) {
    let (Some(first), Some(last)) = (group.first(), group.last()) else {
        return;
    };
    let before = CONTEXT_LINES.min(first.0.start);
    let after = CONTEXT_LINES.min(length(old) - last.0.end);
    let shown_old = first.0.start - before..last.0.end + after;
    let shown_new = first.1.start - before..last.1.end + after;
    let _ = writeln!(
        unified,
        "@@ -{} +{} @@",
        place(&shown_old),
        place(&shown_new)
    );
    let mut at = shown_old.start;
    for (removed, added) in group {
        lines(unified, ' ', old, at..removed.start);
        lines(unified, '-', old, removed.clone());
        lines(unified, '+', new, added.clone());
        at = removed.end;
    }
    lines(unified, ' ', old, at..shown_old.end);
}

/// A range of lines as it stands in an `@@` line: counted from 1, or after which line nothing is.
fn place(range: &Range<u32>) -> String {
    match range.len() {
        0 => format!("{},0", range.start),
        1 => format!("{}", range.start + 1),
        length => format!("{},{length}", range.start + 1),
    }
}

fn lines(unified: &mut String, sign: char, text: &[&str], range: Range<u32>) {
    let [start, end] = [range.start, range.end].map(|line| line as usize);
    for line in text.get(start..end).unwrap_or_default() {
        unified.push(sign);
        unified.push_str(line);
        if !line.ends_with('\n') {
            unified.push('\n');
            unified.push_str(NO_LINE_BREAK);
        }
    }
}

fn length(lines: &[&str]) -> u32 {
    u32::try_from(lines.len()).unwrap_or(u32::MAX)
}
