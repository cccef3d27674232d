//! Commit messages: first line, body and trailers.

use super::bounds;
use crate::model::{Text, Trailer};

/// Lines that git itself writes into a last paragraph; one of them makes it a block of trailers
/// when a quarter of its lines are.
const GIT_TRAILERS: [&str; 2] = ["Signed-off-by: ", "(cherry picked from commit "];

/// Words that name a defect, in lower case and in order: those by which the studies of changes that
/// bring defects know a fix ("bug", "fix", "defect" or "patch": Kamei et al., *A large-scale
/// empirical study of just-in-time quality assurance*, 2013), with their plurals, past forms and
/// compounds.
const DEFECT_WORDS: [&str; 16] = [
    "bug", "bugfix", "bugfixes", "bugs", "defect", "defects", "fix", "fixed", "fixes", "fixing",
    "hotfix", "hotfixes", "patch", "patched", "patches", "patching",
];

/// A commit message in parts.
pub(super) struct Message {
    pub(super) summary: Text,
    pub(super) body: Text,
    pub(super) trailers: Vec<Trailer>,
}

impl Message {
    /// Splits a message. One that is longer than [`bounds::MESSAGE_BYTES_MAX`] is cut, and says so.
    pub(super) fn parse(bytes: &[u8]) -> Self {
        let kept = bytes.get(..bounds::MESSAGE_BYTES_MAX).unwrap_or(bytes);
        let is_cut = kept.len() < bytes.len();
        let bytes = trim_blank_lines(kept);
        let (summary, rest) = match bytes.iter().position(|byte| *byte == b'\n') {
            Some(end) => bytes.split_at(end),
            None => (bytes, &[][..]),
        };
        let body_bytes = trim_blank_lines(rest);
        let mut body = Text::from_bytes(body_bytes);
        if is_cut {
            body = Text::from(format!("{}{}", body.raw(), bounds::MESSAGE_CUT));
        }
        Self {
            summary: Text::from_bytes(summary.trim_ascii()),
            body,
            trailers: trailers(bytes),
        }
    }

    /// Whether the summary or the body has one of [`DEFECT_WORDS`], in any case. A word ends where
    /// something that is neither a letter nor a digit stands, so that `prefix` is none.
    pub(super) fn names_a_defect(&self) -> bool {
        [&self.summary, &self.body]
            .into_iter()
            .flat_map(|text| text.raw().split(|letter: char| !letter.is_alphanumeric()))
            .any(|word| {
                DEFECT_WORDS
                    .iter()
                    .any(|defect| defect.eq_ignore_ascii_case(word))
            })
    }
}

/// Without blank lines before and white space after.
fn trim_blank_lines(bytes: &[u8]) -> &[u8] {
    let mut rest = bytes;
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
        let (line, after) = rest.split_at(end);
        if !line.trim_ascii().is_empty() {
            break;
        }
        rest = after.strip_prefix(b"\n").unwrap_or(after);
    }
    rest.trim_ascii_end()
}

/// The trailers of a message, as `git interpret-trailers --parse` reads them: the last paragraph
/// after the first, when all of its lines are trailers, or at least a quarter of them and
/// one that git writes. A line that starts with white space goes on with the trailer above it. What
/// stands below a line `---` is a patch and not read.
fn trailers(message: &[u8]) -> Vec<Trailer> {
    let lines: Vec<&[u8]> = message
        .split(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .collect();
    let end = lines
        .iter()
        .position(|line| is_divider(line))
        .unwrap_or(lines.len());
    let lines = lines.get(..end).unwrap_or_default();
    let is_blank = |line: &&[u8]| line.trim_ascii().is_empty();
    let end = lines
        .iter()
        .rposition(|line| !is_blank(line))
        .map_or(0, |last| last + 1);
    let Some(start) = lines
        .get(..end)
        .unwrap_or_default()
        .iter()
        .rposition(is_blank)
        .map(|blank| blank + 1)
    else {
        return Vec::new();
    };
    let paragraph = lines.get(start..end).unwrap_or_default();
    let mut trailers: Vec<Trailer> = Vec::new();
    let mut counted = 0;
    let mut other = 0;
    let mut by_git = false;
    let mut after_trailer = false;
    for line in paragraph {
        if line.starts_with(b"#") {
            continue;
        }
        if line.first().is_some_and(u8::is_ascii_whitespace) {
            if after_trailer && let Some(last) = trailers.last_mut() {
                let more = Text::from_bytes(line.trim_ascii());
                let folded = format!("{} {}", last.value.raw(), more.raw());
                last.value = Text::from(folded.trim_start());
                continue;
            }
            other += 1;
            continue;
        }
        let is_git = GIT_TRAILERS
            .iter()
            .any(|prefix| line.starts_with(prefix.as_bytes()));
        by_git |= is_git;
        match split_trailer(line) {
            Some((key, value)) => {
                counted += 1;
                after_trailer = true;
                trailers.push(Trailer {
                    key: Text::from_bytes(key),
                    value: Text::from_bytes(value),
                });
            }
            None if is_git => {
                counted += 1;
                after_trailer = false;
            }
            None => {
                other += 1;
                after_trailer = false;
            }
        }
    }
    let is_block = counted > 0 && (other == 0 || (by_git && counted * 3 >= other));
    if is_block { trailers } else { Vec::new() }
}

fn is_divider(line: &[u8]) -> bool {
    line.strip_prefix(b"---")
        .is_some_and(|rest| rest.first().is_none_or(u8::is_ascii_whitespace))
}

/// `key: value`, where the key is of letters, digits and `-`, with blanks before the colon allowed.
fn split_trailer(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let (key, value) = line.split_at(colon);
    let key = key.trim_ascii_end();
    let is_key = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-';
    if key.is_empty() || !key.iter().all(is_key) {
        return None;
    }
    Some((key, value.strip_prefix(b":")?.trim_ascii()))
}
