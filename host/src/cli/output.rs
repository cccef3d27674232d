use std::io::{self, IsTerminal as _, Write};

use anstream::AutoStream;
use clap::ValueEnum;
use serde::Serialize;

use super::{Failure, Global};
use crate::report::{Detail, Page, json};

/// Columns where the output is not a terminal.
const COLUMNS_WITHOUT_TERMINAL: usize = 100;

/// Whom the output is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    #[default]
    Human,
    /// For machines, by the schema in host/schema
    Json,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum ColorChoice {
    /// On terminals, unless the environment says otherwise (`NO_COLOR`, `CLICOLOR`)
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Where a command writes to, and how.
#[derive(Clone, Copy, Debug)]
pub(super) struct Output {
    pub(super) format: Format,
    pub(super) detail: Detail,
    color: ColorChoice,
}

impl Output {
    pub(super) fn new(global: &Global, format: Format) -> Self {
        let detail = match (global.quiet, global.verbose) {
            (true, _) => Detail::Brief,
            (false, 0) => Detail::Normal,
            (false, _) => Detail::Full,
        };
        Self {
            format,
            detail,
            color: global.color,
        }
    }

    /// For people, before it is known what the operator wants.
    pub(super) fn bare() -> Self {
        Self {
            format: Format::Human,
            detail: Detail::Normal,
            color: ColorChoice::Auto,
        }
    }

    /// An empty page as wide as standard output's terminal.
    #[expect(clippy::unused_self, reason = "a page belongs to an output")]
    pub(super) fn page(self) -> Page {
        let columns = if io::stdout().is_terminal() {
            terminal_size::terminal_size().map(|(columns, _)| usize::from(columns.0))
        } else {
            None
        };
        Page::new(columns.unwrap_or(COLUMNS_WITHOUT_TERMINAL))
    }

    /// Writes a page to standard output.
    pub(super) fn put(self, page: Page) -> Result<(), Failure> {
        let mut stream = AutoStream::new(io::stdout(), self.choice());
        written(write_all(&mut stream, &page.finish()))
    }

    /// Writes a page to standard error.
    pub(super) fn put_error(self, page: Page) {
        let mut stream = AutoStream::new(io::stderr(), self.choice());
        // Where standard error is gone there is nobody left to tell.
        let _ = write_all(&mut stream, &page.finish());
    }

    /// Writes text to standard error that may have colours and is known to be harmless.
    pub(super) fn put_error_raw(self, text: &str) {
        let mut stream = AutoStream::new(io::stderr(), self.choice());
        let _ = write_all(&mut stream, text);
    }

    /// Writes a document to standard output.
    #[expect(clippy::unused_self, reason = "a document belongs to an output")]
    pub(super) fn put_json(self, document: &impl Serialize) -> Result<(), Failure> {
        let mut stream = io::BufWriter::new(io::stdout());
        written(json::write(&mut stream, document).and_then(|()| stream.flush()))
    }

    /// Writes bytes to standard output as they are: for what this program alone made.
    #[expect(clippy::unused_self, reason = "bytes belong to an output")]
    pub(super) fn put_bytes(self, bytes: &[u8]) -> Result<(), Failure> {
        let mut stream = io::stdout();
        written(stream.write_all(bytes).and_then(|()| stream.flush()))
    }

    /// Whether colours go to standard error.
    pub(super) fn colors_errors(self) -> bool {
        AutoStream::new(io::stderr(), self.choice()).current_choice()
            != anstream::ColorChoice::Never
    }

    /// Whether somebody looks at standard error and wants to see what goes on.
    pub(super) fn shows_progress(self) -> bool {
        self.detail > Detail::Brief && io::stderr().is_terminal()
    }

    fn choice(self) -> anstream::ColorChoice {
        match self.color {
            ColorChoice::Auto => anstream::ColorChoice::Auto,
            ColorChoice::Always => anstream::ColorChoice::Always,
            ColorChoice::Never => anstream::ColorChoice::Never,
        }
    }
}

fn write_all(stream: &mut dyn Write, text: &str) -> io::Result<()> {
    stream.write_all(text.as_bytes())?;
    stream.flush()
}

/// A reader that has seen enough, such as `head`, is no failure.
fn written(result: io::Result<()>) -> Result<(), Failure> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(Failure::Output),
    }
}
