use std::collections::VecDeque;
use std::io::Write as _;
use std::time::{Duration, Instant};

use crate::model::{Digest, DigestWriter, Text};

/// Bytes of a command's output that are kept: half of them from its beginning, half from its end. A
/// person reads the end; the beginning says what was done.
pub const OUTPUT_BYTES_MAX: usize = 1 << 20;

/// Bytes of one line that progress is told; a longer one comes in pieces.
pub const LINE_BYTES_MAX: usize = 4 << 10;

/// Bytes that progress is told of one second's output: nobody reads more of a flood, and telling
/// takes time from reading.
const TOLD_BYTES_MAX: usize = 64 << 10;

/// Lines that progress is told of one second's output, for the same reason.
const TOLD_LINES_MAX: usize = 1_000;

/// What a command put out on both outputs, in the order in which it arrived.
#[derive(Clone, PartialEq, Eq)]
pub struct Output {
    /// Bytes in all.
    pub bytes: u64,
    /// The first of them, at most half of [`OUTPUT_BYTES_MAX`].
    pub first: Vec<u8>,
    /// Bytes between, which were not kept.
    pub left_out: u64,
    /// The last of them, at most half of [`OUTPUT_BYTES_MAX`].
    pub last: Vec<u8>,
    /// Digest of all of them, also of those that were not kept.
    pub digest: Digest,
}

impl Default for Output {
    /// Nothing.
    fn default() -> Self {
        Self {
            bytes: 0,
            first: Vec::new(),
            left_out: 0,
            last: Vec::new(),
            digest: Digest::of(b""),
        }
    }
}

impl std::fmt::Debug for Output {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Output")
            .field("bytes", &self.bytes)
            .field("left_out", &self.left_out)
            .field("digest", &self.digest)
            .field("text", &self.text().shortened(200))
            .finish_non_exhaustive()
    }
}

impl Output {
    /// What was kept, for people: without the sequences that move cursors and colour text, a line
    /// saying where something was left out.
    #[must_use]
    pub fn text(&self) -> Text {
        let first = plain(&self.first);
        if self.left_out == 0 {
            let whole = [self.first.as_slice(), &self.last].concat();
            return Text::from(plain(&whole));
        }
        let last = plain(&self.last);
        let gap = if first.ends_with('\n') { "" } else { "\n" };
        Text::from(format!(
            "{first}{gap}[{} bytes were left out here]\n{last}",
            self.left_out
        ))
    }
}

/// Something for a person who watches a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OutputLine {
    /// A line, without its end.
    Line(Text),
    /// So many bytes came too fast to be told; they are kept all the same, as far as output is.
    LeftOut(usize),
}

/// Output while it arrives.
pub(super) struct Collector {
    bytes: u64,
    first: Vec<u8>,
    last: VecDeque<u8>,
    digest: DigestWriter,
    line: Vec<u8>,
    told: Told,
}

/// What progress was told in a second.
struct Told {
    since: Instant,
    bytes: usize,
    lines: usize,
    /// Bytes that it was not told of.
    left_out: usize,
}

const HALF: usize = OUTPUT_BYTES_MAX / 2;

impl Collector {
    pub(super) fn new() -> Self {
        Self {
            bytes: 0,
            first: Vec::new(),
            last: VecDeque::new(),
            digest: DigestWriter::default(),
            line: Vec::new(),
            told: Told {
                since: Instant::now(),
                bytes: 0,
                lines: 0,
                left_out: 0,
            },
        }
    }

    pub(super) fn take(&mut self, bytes: &[u8], progress: &dyn Fn(OutputLine)) {
        self.bytes = self.bytes.saturating_add(bytes.len() as u64);
        // A digest takes everything.
        let _ = self.digest.write_all(bytes);
        let room = HALF.saturating_sub(self.first.len()).min(bytes.len());
        let (first, rest) = bytes.split_at(room);
        self.first.extend_from_slice(first);
        self.last.extend(rest);
        let over = self.last.len().saturating_sub(HALF);
        self.last.drain(..over);
        self.tell(bytes, progress);
    }

    fn tell(&mut self, bytes: &[u8], progress: &dyn Fn(OutputLine)) {
        if self.told.since.elapsed() >= Duration::from_secs(1) {
            self.tell_left_out(progress);
            self.told.since = Instant::now();
            self.told.bytes = 0;
            self.told.lines = 0;
        }
        let mut left = bytes;
        while let Some((byte, after)) = left.split_first() {
            if self.told.bytes >= TOLD_BYTES_MAX || self.told.lines >= TOLD_LINES_MAX {
                self.told.left_out = self.told.left_out.saturating_add(left.len());
                return;
            }
            left = after;
            self.told.bytes += 1;
            if matches!(byte, b'\n' | b'\r') {
                // `\r\n` is one end, and a bar of progress draws itself anew after `\r`.
                if !self.line.is_empty() || *byte == b'\n' {
                    self.tell_line(progress);
                }
            } else {
                self.line.push(*byte);
                if self.line.len() >= LINE_BYTES_MAX {
                    self.tell_line(progress);
                }
            }
        }
    }

    fn tell_line(&mut self, progress: &dyn Fn(OutputLine)) {
        progress(OutputLine::Line(Text::from(plain(&self.line))));
        self.line.clear();
        self.told.lines += 1;
    }

    /// Says where something is missing, after the part of a line that came before it.
    fn tell_left_out(&mut self, progress: &dyn Fn(OutputLine)) {
        if self.told.left_out > 0 {
            if !self.line.is_empty() {
                self.tell_line(progress);
            }
            progress(OutputLine::LeftOut(self.told.left_out));
            self.told.left_out = 0;
        }
    }

    pub(super) fn finish(mut self, progress: &dyn Fn(OutputLine)) -> Output {
        if !self.line.is_empty() {
            self.tell_line(progress);
        }
        self.tell_left_out(progress);
        let kept = self.first.len().saturating_add(self.last.len()) as u64;
        Output {
            bytes: self.bytes,
            first: self.first,
            left_out: self.bytes.saturating_sub(kept),
            last: self.last.into(),
            digest: self.digest.finish(),
        }
    }
}

/// Text without the sequences that a terminal would obey.
fn plain(bytes: &[u8]) -> String {
    let text = Text::from_bytes(bytes);
    let stripped = anstream::adapter::strip_str(text.raw()).to_string();
    stripped.replace("\r\n", "\n").replace('\r', "\n")
}
