//! How many lines differ between two texts: the numbers of `git diff --numstat`.
//!
//! The search is Myers' with git's heuristics. Most changes of a history are small beside their
//! files, so what the search cannot change is answered without it, and what it needs to know of the
//! lines around a change is read once for both sides.

use gix::diff::blob::sources::byte_lines;
use gix::diff::blob::{Algorithm, Diff, InternedInput, Token};

/// Bytes that are compared at a time when equal ends are looked for.
const STEP_BYTES: usize = 64;

/// Lines that only `new` has, and lines that only `old` has.
pub(super) fn differ(old: &[u8], new: &[u8]) -> (u32, u32) {
    let start = common_start(old, new);
    let (prefix, old) = old.split_at(start);
    let (_, new) = new.split_at(start);
    let end = common_end(old, new);
    let (old, suffix) = old.split_at(old.len() - end);
    let (new, _) = new.split_at(new.len() - end);
    if old.is_empty() || new.is_empty() {
        return (count(new), count(old));
    }
    let mut input = InternedInput::default();
    input.update_before(byte_lines(old));
    let distinct = input.interner.num_tokens();
    input.update_after(byte_lines(new));
    if input.after.iter().all(|line| line.0 >= distinct) {
        // Whatever is searched, no line of one side is found in the other.
        return (length(&input.after), length(&input.before));
    }
    // How often a line stands in the whole file decides whether the search considers it.
    let prefix: Vec<Token> = byte_lines(prefix)
        .map(|line| input.interner.intern(line))
        .collect();
    let suffix: Vec<Token> = byte_lines(suffix)
        .map(|line| input.interner.intern(line))
        .collect();
    let before = [prefix.as_slice(), &input.before, &suffix].concat();
    let after = [prefix.as_slice(), &input.after, &suffix].concat();
    let mut diff = Diff::default();
    diff.compute_with(
        Algorithm::Myers,
        &before,
        &after,
        input.interner.num_tokens(),
    );
    (diff.count_additions(), diff.count_removals())
}

fn length(lines: &[Token]) -> u32 {
    u32::try_from(lines.len()).unwrap_or(u32::MAX)
}

/// Lines of a text; the last one need not end with a line break.
fn count(text: &[u8]) -> u32 {
    let breaks = breaks(text);
    let unfinished = text.last().is_some_and(|byte| *byte != b'\n');
    u32::try_from(breaks + usize::from(unfinished)).unwrap_or(u32::MAX)
}

/// Line breaks of a text.
#[expect(
    clippy::naive_bytecount,
    reason = "the compiler makes vector code of it, and a crate for this alone would be one more"
)]
pub(super) fn breaks(text: &[u8]) -> usize {
    text.iter().filter(|byte| **byte == b'\n').count()
}

/// Bytes of the whole lines that both texts begin with.
fn common_start(old: &[u8], new: &[u8]) -> usize {
    let steps = old
        .chunks_exact(STEP_BYTES)
        .zip(new.chunks_exact(STEP_BYTES));
    let whole = steps.take_while(|(old, new)| old == new).count() * STEP_BYTES;
    let rest = old.iter().zip(new).skip(whole);
    let equal = whole + rest.take_while(|(old, new)| old == new).count();
    if equal == old.len() && equal == new.len() {
        return equal;
    }
    let start = old.iter().take(equal).rposition(|byte| *byte == b'\n');
    start.map_or(0, |at| at + 1)
}

/// Bytes of the whole lines that both texts end with.
fn common_end(old: &[u8], new: &[u8]) -> usize {
    let steps = old
        .rchunks_exact(STEP_BYTES)
        .zip(new.rchunks_exact(STEP_BYTES));
    let whole = steps.take_while(|(old, new)| old == new).count() * STEP_BYTES;
    let rest = old.iter().rev().zip(new.iter().rev()).skip(whole);
    let equal = whole + rest.take_while(|(old, new)| old == new).count();
    let begins_line = |text: &[u8]| {
        let before = text.len() - equal;
        before == 0 || text.get(before - 1) == Some(&b'\n')
    };
    if begins_line(old) && begins_line(new) {
        return equal;
    }
    let (_, end) = old.split_at(old.len() - equal);
    let first = end.iter().position(|byte| *byte == b'\n');
    first.map_or(0, |at| equal - at - 1)
}
