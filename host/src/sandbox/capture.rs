//! What a guest logs and prints, kept up to its bounds. More than that ends the call: a plugin that
//! floods has no right to an answer, and a cut record would be worth less than none.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

use super::meter::Exceeded;
use crate::model::{LimitKind, Limits, LogLevel, LogLine, Text};

/// The log of one call; clones share it.
#[derive(Clone)]
pub(super) struct Capture(Arc<Mutex<Captured>>);

struct Captured {
    lines: Vec<LogLine>,
    /// Bytes of a line that has no end yet, of standard output and of standard error.
    partial: [Vec<u8>; 2],
    bytes: u64,
    limits: Limits,
}

impl Capture {
    pub(super) fn new(limits: &Limits) -> Self {
        Self(Arc::new(Mutex::new(Captured {
            lines: Vec::new(),
            partial: [Vec::new(), Vec::new()],
            bytes: 0,
            limits: *limits,
        })))
    }

    /// A line of the `log` import; gives its number in the log, from 1.
    pub(super) fn line(&self, level: LogLevel, text: String) -> Result<u32, Exceeded> {
        let mut captured = self.lock();
        captured.charge(text.len())?;
        captured.push(level, text.into())?;
        Ok(u32::try_from(captured.lines.len()).unwrap_or(u32::MAX))
    }

    /// A stream that prints into this log.
    pub(super) fn stream(&self, stream: Stream) -> Printer {
        Printer {
            capture: self.clone(),
            stream,
        }
    }

    /// All lines, with the ends of unfinished ones.
    pub(super) fn finish(&self) -> Vec<LogLine> {
        let mut captured = self.lock();
        for stream in [Stream::Output, Stream::Error] {
            let rest = std::mem::take(&mut captured.partial[stream.index()]);
            if !rest.is_empty() {
                captured.lines.push(LogLine {
                    level: stream.level(),
                    text: Text::from_bytes(&rest),
                });
            }
        }
        std::mem::take(&mut captured.lines)
    }

    fn lock(&self) -> MutexGuard<'_, Captured> {
        // A line is pushed whole or not at all, so a panic elsewhere leaves nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Captured {
    fn charge(&mut self, bytes: usize) -> Result<(), Exceeded> {
        self.bytes = self
            .bytes
            .saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
        if self.bytes > self.limits.log_bytes {
            return Err(Exceeded::Output {
                what: LimitKind::LogBytes,
                limit: self.limits.log_bytes,
            });
        }
        Ok(())
    }

    fn push(&mut self, level: LogLevel, text: Text) -> Result<(), Exceeded> {
        if u64::try_from(self.lines.len()).unwrap_or(u64::MAX) >= self.limits.log_lines {
            return Err(Exceeded::Output {
                what: LimitKind::LogLines,
                limit: self.limits.log_lines,
            });
        }
        self.lines.push(LogLine { level, text });
        Ok(())
    }

    fn print(&mut self, stream: Stream, bytes: &[u8]) -> Result<(), Exceeded> {
        self.charge(bytes.len())?;
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            let partial = &mut self.partial[stream.index()];
            partial.extend_from_slice(piece);
            if partial.last() == Some(&b'\n') {
                partial.pop();
                let line = std::mem::take(partial);
                self.push(stream.level(), Text::from_bytes(&line))?;
            }
        }
        Ok(())
    }
}

/// One of the two streams that a guest prints to.
#[derive(Clone, Copy)]
pub(super) enum Stream {
    Output,
    Error,
}

impl Stream {
    fn index(self) -> usize {
        match self {
            Self::Output => 0,
            Self::Error => 1,
        }
    }

    fn level(self) -> LogLevel {
        match self {
            Self::Output => LogLevel::Info,
            Self::Error => LogLevel::Warn,
        }
    }
}

/// A stream of the guest that prints into a [`Capture`].
#[derive(Clone)]
pub(super) struct Printer {
    capture: Capture,
    stream: Stream,
}

/// Bytes that a guest may write at once; it asks again for more.
const WRITE_BYTES_MAX: usize = 64 << 10;

impl OutputStream for Printer {
    fn write(&mut self, bytes: bytes::Bytes) -> StreamResult<()> {
        let printed = self.capture.lock().print(self.stream, &bytes);
        printed.map_err(|exceeded| StreamError::Trap(exceeded.into()))
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_BYTES_MAX)
    }
}

#[async_trait]
impl Pollable for Printer {
    async fn ready(&mut self) {}
}

impl IsTerminal for Printer {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Printer {
    fn async_stream(&self) -> Box<dyn tokio::io::AsyncWrite + Send + Sync> {
        // Only WASI 0.3 asks for this one, which no plugin is linked to.
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}
