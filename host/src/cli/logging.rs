use std::io::{self, Write};

use clap::ValueEnum;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::FmtSpan;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt};

use super::Global;
use crate::model::is_unsafe_on_terminal;

/// Form of the log on standard error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum LogFormat {
    /// A line an event
    #[default]
    Text,
    /// A JSON object a line
    Json,
}

/// Sends spans and events to standard error: warnings, with `-v` what goes on, with `-vv`
/// everything of this program. Libraries speak up from warnings on.
pub(super) fn start(global: &Global) {
    let level = match (global.quiet, global.verbose) {
        (true, _) => LevelFilter::ERROR,
        (false, 0) => LevelFilter::WARN,
        (false, 1) => LevelFilter::INFO,
        (false, _) => LevelFilter::DEBUG,
    };
    let filter = Targets::new()
        .with_default(level.min(LevelFilter::WARN))
        .with_target("holdpoint", level);
    // No colours, so that whatever could control a terminal is somebody else's and is escaped.
    // A span says how long it took when it closes.
    let layer = fmt::layer()
        .with_ansi(false)
        .with_span_events(FmtSpan::CLOSE);
    let layer = match global.log_format {
        LogFormat::Text => layer
            .with_writer(|| Harmless { json: false })
            .with_timer(fmt::time::uptime())
            .with_filter(filter)
            .boxed(),
        LogFormat::Json => layer
            .json()
            .with_writer(|| Harmless { json: true })
            .with_filter(filter)
            .boxed(),
    };
    // Only a second start can fail, and the first one holds then.
    let _ = tracing_subscriber::registry().with(layer).try_init();
}

/// Standard error, with all that could control a terminal escaped. An event comes in one piece.
struct Harmless {
    json: bool,
}

impl Write for Harmless {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        use std::fmt::Write as _;

        let text = String::from_utf8_lossy(bytes);
        let mut safe = String::with_capacity(text.len());
        for character in text.chars() {
            if character == '\n' || !is_unsafe_on_terminal(character) {
                safe.push(character);
            } else if self.json {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    let _ = write!(safe, "\\u{unit:04x}");
                }
            } else {
                let _ = write!(safe, "{}", character.escape_unicode());
            }
        }
        io::stderr().write_all(safe.as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
