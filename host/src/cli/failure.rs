use std::error::Error;
use std::io::{self, Write as _};
use std::path::PathBuf;

use anstyle::{AnsiColor, Style};
use clap::error::ErrorKind;
use miette::{GraphicalReportHandler, GraphicalTheme};

use super::{ExitCode, Format, Output, plugin};
use crate::model::{RunId, StatementProblem, Text, TranscriptError};
use crate::pipeline::{ConfigurationError, SittingError};
use crate::plugin::ssh::{SignError, SignatureError};
use crate::release;
use crate::report::json::{ErrorBody, ErrorReport, FilePlace};
use crate::report::{Page, inert};
use crate::sandbox::{LoadError, ProxyUrlError};
use crate::store::StoreError;

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
    /// The store of runs.
    Store(StoreError),
    /// A run could not be sat on.
    Sitting(SittingError),
    /// What is to be signed, or was, is no statement.
    Statement(StatementProblem),
    /// Nothing was signed.
    Sign(SignError),
    /// A signature that was made elsewhere.
    Signature(SignatureError),
    /// What is recorded of a call cannot be read.
    Transcript(TranscriptError),
    /// What the record or the options do not have.
    Lacking(Lacking),
}

/// What the record of runs or the options do not have.
#[derive(Debug, thiserror::Error)]
pub(super) enum Lacking {
    /// No run at all.
    #[error("no run is recorded")]
    Recorded,
    /// No open run.
    #[error("no run is open")]
    Open,
    /// Several open runs.
    #[error("several runs are open")]
    OneOpen,
    /// A stage that was not decided about.
    #[error(
        "{} of run {} was decided about in the last sitting",
        stage.as_ref().map_or_else(
            || "no stage that waits".to_owned(),
            |stage| format!("no stage `{}`", stage.terminal())
        ),
        run.short()
    )]
    Stage {
        /// The run.
        run: RunId,
        /// The stage; none for the one that waits.
        stage: Option<Text>,
    },
    /// A call that is not recorded.
    #[error("no call of `{}` is recorded of run {}", .plugin.terminal(), .run.short())]
    Call {
        /// The run.
        run: RunId,
        /// The plugin.
        plugin: Text,
    },
    /// A key to sign with.
    #[error("nothing says which key signs")]
    Key,
    /// A folder for what commands need.
    #[error("nothing says where this user keeps the state of programs")]
    StateFolder,
    /// A proxy that can be asked.
    #[error("`--proxy` or HOLDPOINT_PROXY names no proxy that can be asked")]
    ProxyUrl(#[source] ProxyUrlError),
    /// A proxy that checks.
    #[error("a proxy is to check where names lead, and none is named")]
    Proxy,
    /// A document of something else.
    #[error("the document is not of the act `{act}` on run {}", run.short())]
    Statement {
        /// The run.
        run: RunId,
        /// What was to be said.
        act: &'static str,
    },
    /// A file that cannot be read.
    #[error("cannot read {}", Text::from(path.to_string_lossy()).terminal())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl Lacking {
    fn help(&self) -> &'static str {
        match self {
            Self::Recorded => "begin one with `holdpoint run`, or name the store with --store",
            Self::Open => {
                "begin one with `holdpoint run`, or name the run: `holdpoint history` lists them"
            }
            Self::OneOpen => "name the run: `holdpoint history --in open` lists them",
            Self::Stage { .. } => {
                "`holdpoint status` shows the stages; name one with --stage, or let the run sit first \
                 with `holdpoint resume`"
            }
            Self::Call { .. } => "`holdpoint status` shows which plugins were asked",
            Self::Key => {
                "name one with --key, or write the document with --print and sign it elsewhere"
            }
            Self::StateFolder => "set HOME or XDG_STATE_HOME",
            Self::ProxyUrl(_) => {
                "name it as `http://HOST:PORT`, or with `http://USER:PASSWORD@HOST:PORT` in the variable"
            }
            Self::Proxy => "name it with --proxy or HOLDPOINT_PROXY",
            Self::Statement { .. } => "write it anew with --print, for this run and this act",
            Self::File { .. } => "check its name and whether this user may read it",
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<SittingError> for Failure {
    fn from(error: SittingError) -> Self {
        match error {
            SittingError::Store(error) => Self::Store(error),
            SittingError::Configuration(error) => Self::Configuration(error),
            error => Self::Sitting(error),
        }
    }
}

impl From<Lacking> for Failure {
    fn from(lacking: Lacking) -> Self {
        Self::Lacking(lacking)
    }
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
            Self::Sandbox(_) | Self::Output(_) | Self::Runtime(_) => ExitCode::FAULT,
            // What was named is not there, or cannot be used by this program or user.
            Self::Store(error) => match error {
                StoreError::NoRun { .. }
                | StoreError::NotARun { .. }
                | StoreError::Ambiguous { .. }
                | StoreError::InWorkTree { .. }
                | StoreError::Foreign { .. }
                | StoreError::Refused { .. }
                | StoreError::TooManyStatements { .. }
                | StoreError::Address { .. }
                | StoreError::NewerLayout { .. }
                | StoreError::OlderLayout { .. }
                | StoreError::NotAStore { .. } => ExitCode::USAGE,
                _ => ExitCode::FAULT,
            },
            Self::Sitting(error) => match error {
                // It can be had later.
                SittingError::Taken { .. } | SittingError::StillRunning { .. } => ExitCode::WAIT,
                SittingError::InTheWay { .. } => ExitCode::PERSON_NEEDED,
                SittingError::Checkout(_) | SittingError::WorkTree(_) => ExitCode::FAULT,
                _ => ExitCode::USAGE,
            },
            Self::Configuration(_)
            | Self::Release(_)
            | Self::Plugin(_)
            | Self::CurrentFolder(_)
            | Self::Statement(_)
            | Self::Sign(_)
            | Self::Signature(_)
            | Self::Transcript(_)
            | Self::Lacking(_) => ExitCode::USAGE,
        }
    }

    fn error(&self) -> &(dyn Error + 'static) {
        match self {
            Self::Configuration(error) => error,
            Self::Release(error) => error,
            Self::Plugin(error) => error,
            Self::Sandbox(error) => error,
            Self::Output(error) | Self::Runtime(error) | Self::CurrentFolder(error) => error,
            Self::Store(error) => error,
            Self::Sitting(error) => error,
            Self::Statement(error) => error,
            Self::Sign(error) => error,
            Self::Signature(error) => error,
            Self::Transcript(error) => error,
            Self::Lacking(error) => error,
        }
    }

    /// What went wrong, with its causes, in one line.
    pub(super) fn words(&self) -> String {
        std::iter::once(self.message())
            .chain(self.causes())
            .collect::<Vec<_>>()
            .join(": ")
    }

    fn message(&self) -> String {
        match self {
            Self::Output(error) => format!("cannot write to standard output: {error}"),
            Self::Runtime(error) => format!("cannot start: {error}"),
            Self::CurrentFolder(error) => format!("cannot see the current folder: {error}"),
            other => other.error().to_string(),
        }
    }

    pub(super) fn help(&self) -> Option<String> {
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
            Self::Store(error) => Some(error.help().to_owned()),
            Self::Sitting(error) => error.help(),
            Self::Statement(error) => Some(error.help().to_owned()),
            Self::Sign(error) => Some(error.help()),
            Self::Signature(error) => Some(error.help()),
            Self::Transcript(error) => Some(error.help().to_owned()),
            Self::Lacking(error) => Some(error.help().to_owned()),
        }
    }

    /// Why, from the nearest cause to the first one, without those that what is said before ends with.
    fn causes(&self) -> Vec<String> {
        let mut said = self.message();
        std::iter::successors(self.error().source(), |&error| error.source())
            .map(ToString::to_string)
            .filter(|cause| {
                let is_new = !said.ends_with(cause.as_str());
                if is_new {
                    said.clone_from(cause);
                }
                is_new
            })
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
