use std::error::Error;
use std::io::{self, Write as _};

use anstyle::{AnsiColor, Style};
use clap::error::ErrorKind;
use miette::{GraphicalReportHandler, GraphicalTheme};

use super::{ExitCode, Format, Output, plugin};
use crate::pipeline::ConfigurationError;
use crate::release;
use crate::report::json::{ErrorBody, ErrorReport, FilePlace};
use crate::report::{Page, inert};
use crate::sandbox::LoadError;

/// Columns of an error on standard error that is not a terminal.
const COLUMNS: usize = 100;

/// Why a command came to no verdict.
#[derive(Debug)]
pub(super) enum Failure {
    /// The configuration was refused.
    Configuration(ConfigurationError),
    /// The release could not be read.
    Release(release::Error),
    /// A plugin was not built or shown.
    Plugin(plugin::Error),
    /// The sandbox cannot be had.
    Sandbox(LoadError),
    /// The current folder is gone or cannot be seen.
    CurrentFolder(io::Error),
    /// Standard output cannot be written to.
    Output(io::Error),
    /// Threads or signals cannot be had.
    Runtime(io::Error),
}

impl From<ConfigurationError> for Failure {
    fn from(error: ConfigurationError) -> Self {
        Self::Configuration(error)
    }
}

impl From<release::Error> for Failure {
    fn from(error: release::Error) -> Self {
        Self::Release(error)
    }
}

impl From<plugin::Error> for Failure {
    fn from(error: plugin::Error) -> Self {
        Self::Plugin(error)
    }
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        Self::Sandbox(error)
    }
}

impl Failure {
    /// Says what went wrong, why, and what to do next; gives what the process ends with.
    pub(super) fn report(&self, output: Output) -> ExitCode {
        if output.format == Format::Json {
            // Where standard output is gone, standard error still says it.
            if output.put_json(&self.document()).is_ok() {
                return self.code();
            }
        }
        let mut page = Page::new(COLUMNS);
        if let Self::Configuration(error) = self
            && error.site().is_some()
        {
            output.put_error_raw(&snippet(error, output.colors_errors()));
        } else {
            page.led(0, error_style(), "error: ", &self.message());
            if let Some(help) = self.help() {
                page.led(2, Style::new().bold(), "help: ", &help);
            }
        }
        for cause in self.causes() {
            page.led(2, Style::new().dimmed(), "because: ", &cause);
        }
        output.put_error(page);
        self.code()
    }

    /// What the process ends with.
    fn code(&self) -> ExitCode {
        match self {
            Self::Configuration(_)
            | Self::Release(_)
            | Self::Plugin(_)
            | Self::CurrentFolder(_) => ExitCode::USAGE,
            Self::Sandbox(_) | Self::Output(_) | Self::Runtime(_) => ExitCode::FAULT,
        }
    }

    fn error(&self) -> &(dyn Error + 'static) {
        match self {
            Self::Configuration(error) => error,
            Self::Release(error) => error,
            Self::Plugin(error) => error,
            Self::Sandbox(error) => error,
            Self::Output(error) | Self::Runtime(error) | Self::CurrentFolder(error) => error,
        }
    }

    fn message(&self) -> String {
        match self {
            Self::Output(error) => format!("cannot write to standard output: {error}"),
            Self::Runtime(error) => format!("cannot start: {error}"),
            Self::CurrentFolder(error) => format!("cannot see the current folder: {error}"),
            other => other.error().to_string(),
        }
    }

    fn help(&self) -> Option<String> {
        match self {
            Self::Configuration(error) => error.help(),
            Self::Release(error) => error.help(),
            Self::Plugin(error) => Some(error.help()),
            Self::Sandbox(error) => Some(error.help().to_owned()),
            Self::CurrentFolder(_) => Some("go to a folder that is there".to_owned()),
            Self::Output(_) => Some("check that there is room where it goes".to_owned()),
            Self::Runtime(_) => {
                Some("check how many threads and files this user may have".to_owned())
            }
        }
    }

    /// Why, from the nearest cause to the first one.
    fn causes(&self) -> Vec<String> {
        std::iter::successors(self.error().source(), |&error| error.source())
            .map(ToString::to_string)
            .collect()
    }

    fn document(&self) -> ErrorReport {
        let place = match self {
            Self::Configuration(error) => error.site().map(|site| FilePlace {
                file: site.source.name.raw().to_owned(),
                line: u32::try_from(site.line()).ok(),
            }),
            _ => None,
        };
        ErrorReport {
            error: ErrorBody {
                message: self.message(),
                help: self.help(),
                causes: self.causes(),
                place,
                exit_code: self.code().number(),
            },
        }
    }
}

/// The line of the file that is wrong, with what is wrong below it.
fn snippet(error: &ConfigurationError, colors: bool) -> String {
    let theme = if colors {
        GraphicalTheme::unicode()
    } else {
        GraphicalTheme::unicode_nocolor()
    };
    let mut snippet = String::new();
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_width(COLUMNS)
        .with_links(false)
        // Causes come after it, escaped.
        .without_cause_chain();
    match handler.render_report(&mut snippet, error) {
        Ok(()) => inert(&snippet),
        Err(_) => format!("error: {error}\n"),
    }
}

fn error_style() -> Style {
    Style::new().bold().fg_color(Some(AnsiColor::Red.into()))
}

/// What is said of a command line that is not understood, or that asks for help.
pub(super) fn usage(error: &clap::Error) -> ExitCode {
    let asked = matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
    );
    if !asked && wants_json(std::env::args_os().skip(1)) {
        let (message, help) = first_paragraph(&error.to_string());
        let document = ErrorReport {
            error: ErrorBody {
                message,
                help,
                causes: Vec::new(),
                place: None,
                exit_code: ExitCode::USAGE.number(),
            },
        };
        if Output::bare().put_json(&document).is_ok() {
            return ExitCode::USAGE;
        }
    }
    // A reader that has seen enough is no failure.
    if asked {
        let _ = error.print();
        return ExitCode::GO;
    }
    // What was typed stands in it, line breaks and all.
    let mut page = Page::new(COLUMNS);
    for line in error.render().to_string().lines() {
        let body = line.trim_start();
        if body.is_empty() {
            page.gap();
        } else {
            page.text(line.len() - body.len(), body);
        }
    }
    let _ = std::io::stderr().write_all(page.finish().as_bytes());
    ExitCode::USAGE
}

/// Whether `--format json` stands among arguments that could not be understood as a whole.
fn wants_json(arguments: impl Iterator<Item = std::ffi::OsString>) -> bool {
    let arguments: Vec<_> = arguments.collect();
    arguments.iter().any(|argument| argument == "--format=json")
        || arguments
            .windows(2)
            .any(|pair| pair[0] == "--format" && pair[1] == "json")
}

/// What is wrong, and the hints after it.
fn first_paragraph(text: &str) -> (String, Option<String>) {
    let text = text.strip_prefix("error: ").unwrap_or(text).trim();
    match text.split_once("\n\n") {
        None => (text.to_owned(), None),
        Some((message, help)) => (message.to_owned(), Some(help.to_owned())),
    }
}
