//! What a stage runs, as its file says it: programs with their arguments, each argument a template.

mod problem;
mod render;
mod template;

use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::at::At;
use super::file::{CommandWords, StageTable};
use super::plan::Set;
use super::problem::{ConfigurationError, Problem};
use super::quantity::Span;
use super::source::{Site, Source};
use crate::model::Text;

pub use problem::CommandsProblem;
pub use render::{ARGUMENT_BYTES_MAX, RenderError, RenderProblem, RenderedCommands, command_words};
pub use template::Template;

/// Commands in one list of a stage. With more of them a script is easier to read, and to test.
pub const COMMANDS_MAX: usize = 100;

/// Arguments of one command, its program included. Systems take more; people do not read more.
pub const ARGUMENTS_MAX: usize = 1_000;

/// Names in `environment`. A command that needs more has a file for them.
pub const ENVIRONMENT_NAMES_MAX: usize = 100;

/// Time that one command has where the file does not say.
pub const COMMAND_TIMEOUT: Duration = Duration::from_mins(10);

/// The longest time that one command can be given. Hosted CI jobs last six hours; what takes longer
/// outlives the sitting that watches it.
pub const COMMAND_TIMEOUT_MAX: Duration = Duration::from_hours(6);

/// What the names of the host's own variables begin with.
pub(super) const OWN_PREFIX: &str = "HOLDPOINT_";

/// The commands of a stage.
#[derive(Clone, Debug)]
pub struct CommandsPlan {
    /// What the stage does, in order.
    pub run: Set<Vec<CommandPlan>>,
    /// What takes it back, in order; none where nothing does.
    pub undo: Option<Set<Vec<CommandPlan>>>,
    /// Time that each command has; none where the file does not say.
    pub timeout: Option<Set<Duration>>,
    /// Names of variables of the operator that the commands may see, sorted.
    pub environment: Option<Set<Vec<String>>>,
    /// Whether a command may be run again when its outcome is not known.
    pub repeatable: Option<Set<bool>>,
    /// Whether a rendered argument may begin with `-`.
    pub dashes: Option<Set<bool>>,
}

/// One command.
#[derive(Clone, Debug)]
pub struct CommandPlan {
    /// The program and its arguments: never empty.
    pub arguments: Vec<Template>,
    /// Where it is.
    pub site: Site,
}

impl PartialEq for CommandPlan {
    /// Compares what it does, not where it is written.
    fn eq(&self, other: &Self) -> bool {
        self.arguments == other.arguments
    }
}

impl CommandPlan {
    /// The templates as the file has them, for people.
    #[must_use]
    pub fn words(&self) -> Text {
        let sources: Vec<&str> = self.arguments.iter().map(Template::source).collect();
        command_words(&sources)
    }
}

/// What of [`CommandsPlan`] decides: part of the configuration digest.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Decisive<'a> {
    run: Vec<&'a [Template]>,
    undo: Vec<&'a [Template]>,
    timeout_ms: u128,
    environment: &'a [String],
    repeatable: bool,
    dashes: bool,
}

impl CommandsPlan {
    /// What takes the stage back; nothing where the file does not say.
    #[must_use]
    pub fn undo(&self) -> &[CommandPlan] {
        self.undo.as_ref().map_or(&[], |undo| &undo.value)
    }

    /// Time that each command has.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.timeout
            .as_ref()
            .map_or(COMMAND_TIMEOUT, |timeout| timeout.value)
    }

    /// Names of variables of the operator that the commands may see, sorted.
    #[must_use]
    pub fn environment(&self) -> &[String] {
        self.environment.as_ref().map_or(&[], |names| &names.value)
    }

    /// Whether a command may be run again when its outcome is not known: it promises that the same
    /// `HOLDPOINT_IDEMPOTENCY_KEY` does the same thing once.
    #[must_use]
    pub fn is_repeatable(&self) -> bool {
        self.repeatable.as_ref().is_some_and(|set| set.value)
    }

    /// Whether a rendered argument may begin with `-`.
    #[must_use]
    pub fn allows_dashes(&self) -> bool {
        self.dashes.as_ref().is_some_and(|set| set.value)
    }

    pub(super) fn decisive(&self) -> Decisive<'_> {
        fn templates(commands: &[CommandPlan]) -> Vec<&[Template]> {
            commands
                .iter()
                .map(|command| command.arguments.as_slice())
                .collect()
        }
        Decisive {
            run: templates(&self.run.value),
            undo: templates(self.undo()),
            timeout_ms: self.timeout().as_millis(),
            environment: self.environment(),
            repeatable: self.is_repeatable(),
            dashes: self.allows_dashes(),
        }
    }

    /// Holds what can be known of the templates before there is a release against the names of its
    /// artifacts, which lie beside the checkout under their own names.
    pub(super) fn check(&self, stage: &str, artifacts: &[&str]) -> Result<(), ConfigurationError> {
        for command in self.run.value.iter().chain(self.undo()) {
            for (at, template) in command.arguments.iter().enumerate() {
                template.check(artifacts).map_err(|problem| {
                    let problem = CommandsProblem::Template {
                        argument: at + 1,
                        problem,
                    };
                    command.site.error(Problem::commands(stage, problem))
                })?;
            }
        }
        Ok(())
    }
}

/// Takes the commands out of a stage's table.
pub(super) fn commands(
    stage: &mut StageTable,
    source: &Arc<Source>,
) -> Result<Option<CommandsPlan>, ConfigurationError> {
    let id = stage.id.value.clone();
    let refused = |span: &std::ops::Range<usize>, problem| {
        Site::new(source, span).error(Problem::commands(&id, problem))
    };
    let undo = stage.undo.take();
    let timeout = stage.timeout.take();
    let environment = stage.environment.take();
    let repeatable = stage.repeatable.take();
    let dashes = stage.dashes.take();
    let Some(run) = stage.run.take() else {
        let others = [
            ("undo", undo.map(|at| at.span)),
            ("timeout", timeout.map(|at| at.span)),
            ("environment", environment.map(|at| at.span)),
            ("repeatable", repeatable.map(|at| at.span)),
            ("dashes", dashes.map(|at| at.span)),
        ];
        return match others
            .into_iter()
            .find_map(|(key, span)| Some((key, span?)))
        {
            Some((key, span)) => Err(refused(&span, CommandsProblem::WithoutRun(key))),
            None => Ok(None),
        };
    };
    let listed = |key, list| {
        command_list(key, list, source).map_err(|(span, problem)| refused(&span, problem))
    };
    if let Some(timeout) = &timeout
        && timeout.value.0 > COMMAND_TIMEOUT_MAX
    {
        let problem = CommandsProblem::Timeout(timeout.value);
        return Err(refused(&timeout.span, problem));
    }
    let environment = environment
        .map(|names| {
            environment_names(names, source).map_err(|(span, problem)| refused(&span, problem))
        })
        .transpose()?;
    Ok(Some(CommandsPlan {
        run: listed("run", run)?,
        undo: undo.map(|undo| listed("undo", undo)).transpose()?,
        timeout: timeout.map(|timeout| Set {
            site: Site::new(source, &timeout.span),
            value: timeout.value.0,
        }),
        environment,
        repeatable: repeatable.map(|value| Set::of(value, source)),
        dashes: dashes.map(|value| Set::of(value, source)),
    }))
}

/// A problem and where it is.
type Refused = (std::ops::Range<usize>, CommandsProblem);

fn command_list(
    key: &'static str,
    list: At<Vec<At<CommandWords>>>,
    source: &Arc<Source>,
) -> Result<Set<Vec<CommandPlan>>, Refused> {
    if list.value.is_empty() {
        return Err((list.span, CommandsProblem::NoCommands(key)));
    }
    if list.value.len() > COMMANDS_MAX {
        return Err((list.span, CommandsProblem::TooManyCommands(key)));
    }
    let mut commands = Vec::with_capacity(list.value.len());
    for command in list.value {
        let At { value, span } = command;
        match value.first() {
            None => return Err((span, CommandsProblem::NoArguments(key))),
            Some(program) if program.value.is_empty() => {
                return Err((program.span.clone(), CommandsProblem::NoProgram(key)));
            }
            Some(_) => {}
        }
        if value.len() > ARGUMENTS_MAX {
            return Err((span, CommandsProblem::TooManyArguments(key)));
        }
        let mut arguments = Vec::with_capacity(value.len());
        for (at, argument) in value.into_iter().enumerate() {
            arguments.push(Template::new(argument.value).map_err(|problem| {
                let problem = CommandsProblem::Template {
                    argument: at + 1,
                    problem,
                };
                (argument.span, problem)
            })?);
        }
        commands.push(CommandPlan {
            arguments,
            site: Site::new(source, &span),
        });
    }
    Ok(Set {
        value: commands,
        site: Site::new(source, &list.span),
    })
}

fn environment_names(
    names: At<Vec<At<String>>>,
    source: &Arc<Source>,
) -> Result<Set<Vec<String>>, Refused> {
    if names.value.len() > ENVIRONMENT_NAMES_MAX {
        return Err((names.span, CommandsProblem::TooManyNames));
    }
    for name in &names.value {
        if !is_variable(&name.value) {
            let problem = CommandsProblem::Variable(Text::from(name.value.as_str()));
            return Err((name.span.clone(), problem));
        }
        if name.value.starts_with(OWN_PREFIX) {
            let problem = CommandsProblem::OwnVariable(name.value.clone());
            return Err((name.span.clone(), problem));
        }
    }
    let site = Site::new(source, &names.span);
    let mut value = names.values();
    // The order says nothing, so it is not compared.
    value.sort();
    value.dedup();
    Ok(Set { value, site })
}

/// Whether a text can be the name of a variable that a shell can read.
fn is_variable(name: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    name.bytes().all(is_word) && name.starts_with(|first: char| !first.is_ascii_digit())
}

/// Words of a [`Set`] of commands, for people.
pub(super) fn list_words(commands: &[CommandPlan]) -> String {
    let words: Vec<String> = commands
        .iter()
        .map(|command| command.words().raw().to_owned())
        .collect();
    words.join("; ")
}

/// Words of a timeout, for people.
pub(super) fn timeout_words(timeout: Duration) -> String {
    Span(timeout).to_string()
}
