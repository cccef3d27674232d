use super::template::{Names, Template};
use super::{CommandPlan, CommandsPlan};
use crate::model::{RunId, Subject, Text};
use crate::pipeline::ARTIFACTS_FOLDER;

/// Bytes of one rendered argument. Linux takes 128 KiB, its end included.
pub const ARGUMENT_BYTES_MAX: usize = 64 << 10;

/// The commands of a stage for one release: programs with their arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderedCommands {
    /// What the stage does, in order.
    pub run: Vec<Vec<String>>,
    /// What takes it back, in order.
    pub undo: Vec<Vec<String>>,
}

/// Why the commands of a stage cannot be rendered for a release.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("argument {argument} of command {command} of `{list}` in stage `{stage}`: {problem}")]
pub struct RenderError {
    /// The stage.
    pub stage: String,
    /// `run` or `undo`.
    pub list: &'static str,
    /// Which command of it, from 1.
    pub command: usize,
    /// Which argument of it, from 1, the program being the first.
    pub argument: usize,
    /// What is wrong.
    pub problem: RenderProblem,
}

/// What is wrong with an argument.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RenderProblem {
    /// Something that this release does not have.
    #[error("this release has no `{}`", .0.terminal())]
    Missing(Text),
    /// The engine stopped.
    #[error("{}", .0.terminal())]
    Engine(Text),
    /// It would be taken for an option.
    #[error("`{}` begins with `-`", .0.terminal())]
    Dash(Text),
    /// Nothing is left of it.
    #[error("nothing is left of `{}`", .0.terminal())]
    Empty(Text),
    /// No argument can have a zero byte.
    #[error("it contains a zero byte")]
    ZeroByte,
    /// More than [`ARGUMENT_BYTES_MAX`].
    #[error("it has more than {ARGUMENT_BYTES_MAX} bytes")]
    TooLong,
}

impl RenderError {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> &'static str {
        match self.problem {
            RenderProblem::Engine(_) => "write a simpler template",
            RenderProblem::Missing(_) => {
                "what a release may not have is written with a default: \
                 `{{ subject.previous | default('none') }}`"
            }
            RenderProblem::Dash(_) => {
                "a program would take it for an option: say `dashes = true` in the stage if that \
                 is meant, or write `--name={{ … }}`"
            }
            RenderProblem::Empty(_) => {
                "a program would take the next argument for this one: give it a default"
            }
            RenderProblem::ZeroByte | RenderProblem::TooLong => "hand it over in a file instead",
        }
    }
}

impl CommandsPlan {
    /// The commands for a release: all of them, so that what cannot be rendered is known before
    /// the first one runs, and the way back is known before the way forth. The same release and run
    /// give the same commands in every sitting.
    ///
    /// # Errors
    ///
    /// Names the command and the argument.
    pub fn render(
        &self,
        stage: &str,
        subject: &Subject,
        run: &RunId,
    ) -> Result<RenderedCommands, RenderError> {
        let names = names(subject, run);
        let rendered = |list: &'static str, commands: &[CommandPlan]| {
            let mut rendered = Vec::with_capacity(commands.len());
            for (at, command) in commands.iter().enumerate() {
                let mut arguments = Vec::with_capacity(command.arguments.len());
                for (number, template) in command.arguments.iter().enumerate() {
                    let argument = self.argument(template, &names);
                    arguments.push(argument.map_err(|problem| RenderError {
                        stage: stage.to_owned(),
                        list,
                        command: at + 1,
                        argument: number + 1,
                        problem,
                    })?);
                }
                rendered.push(arguments);
            }
            Ok(rendered)
        };
        Ok(RenderedCommands {
            run: rendered("run", &self.run.value)?,
            undo: rendered("undo", self.undo())?,
        })
    }

    fn argument(&self, template: &Template, names: &Names) -> Result<String, RenderProblem> {
        let argument = template.render(names)?;
        if argument.is_empty() && !template.source().is_empty() {
            return Err(RenderProblem::Empty(Text::from(template.source())));
        }
        if argument.contains('\0') {
            return Err(RenderProblem::ZeroByte);
        }
        if argument.len() > ARGUMENT_BYTES_MAX {
            return Err(RenderProblem::TooLong);
        }
        // A dash that the file itself has there is what the operator meant.
        let is_from_release = template.has_expression() && !template.begins_with_dash();
        if argument.starts_with('-') && is_from_release && !self.allows_dashes() {
            return Err(RenderProblem::Dash(Text::from(argument)));
        }
        Ok(argument)
    }
}

/// What templates can name. What the release does not have is not there.
fn names(subject: &Subject, run: &RunId) -> Names {
    let raw = |text: &Option<Text>| text.as_ref().map(|text| text.raw().to_owned());
    let fields = [
        ("project", Some(subject.project.raw().to_owned())),
        ("head", Some(subject.head.to_string())),
        ("version", subject.version.as_ref().map(ToString::to_string)),
        (
            "previous",
            subject.previous.as_ref().map(ToString::to_string),
        ),
        ("base", subject.base.as_ref().map(ToString::to_string)),
        ("target", raw(&subject.target)),
        ("path", raw(&subject.path)),
    ];
    let artifacts = subject.artifacts.iter().map(|artifact| {
        let name = artifact.name.raw();
        // Relative, so that it is the same in every sitting: it is part of what is approved.
        let path = format!("../{ARTIFACTS_FOLDER}/{name}");
        (name, [path, artifact.digest.to_string()])
    });
    let fields = fields
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)));
    Names::new(fields, artifacts, run.as_str())
}

/// A command for people, as one would write it in a shell. No shell ever reads it.
///
/// ```
/// use holdpoint::pipeline::command_words;
///
/// assert_eq!(command_words(&["./deploy.sh", "a b", ""]).raw(), "./deploy.sh 'a b' ''");
/// ```
#[must_use]
pub fn command_words<S: AsRef<str>>(arguments: &[S]) -> Text {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"%+,-./:=@_{}".contains(&byte);
    let words: Vec<String> = arguments
        .iter()
        .map(|argument| {
            let argument = argument.as_ref();
            if !argument.is_empty() && argument.bytes().all(is_plain) {
                argument.to_owned()
            } else {
                format!("'{}'", argument.replace('\'', r"'\''"))
            }
        })
        .collect();
    Text::from(words.join(" "))
}
