use super::super::quantity::Span;
use super::template::TemplateProblem;
use super::{ARGUMENTS_MAX, COMMAND_TIMEOUT_MAX, COMMANDS_MAX, ENVIRONMENT_NAMES_MAX};
use crate::model::Text;

/// What is wrong with the commands or the edits of a stage.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommandsProblem {
    /// A key that says something about commands, where there are none.
    #[error("`{0}` is about commands, and there is no `run`")]
    WithoutRun(&'static str),
    /// A list without a command.
    #[error("`{0}` has no command")]
    NoCommands(&'static str),
    /// A command without anything.
    #[error("a command of `{0}` has neither program nor arguments")]
    NoArguments(&'static str),
    /// A command whose program has no name.
    #[error("a command of `{0}` has an empty program")]
    NoProgram(&'static str),
    /// More than [`COMMANDS_MAX`].
    #[error("`{0}` has more than {COMMANDS_MAX} commands")]
    TooManyCommands(&'static str),
    /// More than [`ARGUMENTS_MAX`].
    #[error("a command of `{0}` has more than {ARGUMENTS_MAX} arguments")]
    TooManyArguments(&'static str),
    /// An argument that cannot be rendered.
    #[error("argument {argument} of the command: {problem}")]
    Template {
        /// Which one, the program being the first.
        argument: usize,
        /// What is wrong with it.
        problem: TemplateProblem,
    },
    /// More than [`COMMAND_TIMEOUT_MAX`].
    #[error("`timeout` is {0}, and a command has at most {max}", max = Span(COMMAND_TIMEOUT_MAX))]
    Timeout(Span),
    /// More than [`ENVIRONMENT_NAMES_MAX`].
    #[error("`environment` has more than {ENVIRONMENT_NAMES_MAX} names")]
    TooManyNames,
    /// A name that no variable has.
    #[error("`{}` cannot be the name of an environment variable", .0.terminal())]
    Variable(Text),
    /// A variable that the host sets itself.
    #[error("`{0}` is a variable that the host sets itself")]
    OwnVariable(String),
    /// An artifact whose copy could not lie under its name.
    #[error("the artifact `{}` is copied for the commands, and its name is no file name", .0.terminal())]
    ArtifactName(Text),
    /// Edits that nobody makes.
    #[error("`write-edits` is set, and no plugin of kind document is used")]
    NoEdits,
}

impl CommandsProblem {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::WithoutRun(key) => {
                format!("add the commands, run = [[\"./deploy.sh\"]], or remove `{key}`")
            }
            Self::NoCommands(key) => format!(
                "write each command as a list, {key} = [[\"./deploy.sh\", \"--now\"]], or remove \
                 `{key}`"
            ),
            Self::NoArguments(_) | Self::NoProgram(_) => {
                "the first word of a command is its program: [\"./deploy.sh\", \"--now\"]"
                    .to_owned()
            }
            Self::TooManyCommands(_) | Self::TooManyArguments(_) => {
                "put them into a script of the repository, and run that".to_owned()
            }
            Self::Template { problem, .. } => problem.help(),
            Self::Timeout(_) => "split the command, or let it start the work and let another \
                one wait for it"
                .to_owned(),
            Self::TooManyNames => "hand them over in a file, and name that".to_owned(),
            Self::Variable(_) => {
                "name the variable only, such as `KUBECONFIG`: its value comes from the \
                 environment that holdpoint runs in"
                    .to_owned()
            }
            Self::OwnVariable(_) => "remove it: every command has it".to_owned(),
            Self::ArtifactName(_) => {
                "give it a name without `/`, such as that of the file".to_owned()
            }
            Self::NoEdits => "move it to the stage that uses the document plugin, or add one: \
                 use = [\"changelog\"]"
                .to_owned(),
        }
    }
}
