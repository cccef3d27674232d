use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Enumerator, Object, Value};
use minijinja::{Environment, ErrorKind, UndefinedBehavior, filters, tests};
use serde::{Serialize, Serializer};

use super::render::RenderProblem;
use crate::model::Text;

/// Bytes of one template: a page of text. What is longer belongs in a file.
pub(super) const TEMPLATE_BYTES_MAX: usize = 4 << 10;

/// Fuel for rendering one template. The engine counts an instruction as one, and 64 bytes that are
/// made as one too, before it makes them: so this is a millisecond, and 1 MiB of memory.
const FUEL_MAX: u64 = 16 << 10;

/// The fields of `subject`.
const FIELDS: [&str; 8] = [
    "project",
    "version",
    "previous",
    "head",
    "base",
    "target",
    "path",
    "artifacts",
];

/// The fields of one of `subject.artifacts`.
const ARTIFACT_FIELDS: [&str; 2] = ["path", "digest"];

/// One argument of a command: text in which `{{ … }}` stands for something of the release. It is
/// rendered to one argument, whatever that contains: there is no shell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    source: String,
}

/// What is wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateProblem {
    /// It is not a template.
    #[error("not a template: {}", .0.terminal())]
    Syntax(Text),
    /// It is larger than a template may be.
    #[error("a template has at most {TEMPLATE_BYTES_MAX} bytes")]
    TooLong,
    /// It names something that no release has.
    #[error("there is no `{}` in a template", .0.terminal())]
    UnknownName(Text),
    /// A filter, test, function or method that does not exist.
    #[error("{}", .0.terminal())]
    UnknownCall(Text),
    /// A zero byte, which no argument can have.
    #[error("it contains a zero byte")]
    ZeroByte,
}

impl TemplateProblem {
    /// What to do about it.
    #[must_use]
    pub fn help(&self) -> String {
        match self {
            Self::Syntax(_) => "write `{{ subject.version }}` for what changes from release to \
                release; for braces as such, `{{ '{{' }}`"
                .to_owned(),
            Self::TooLong => "put the text into a file of the repository".to_owned(),
            Self::UnknownName(_) => {
                let fields = FIELDS.map(|field| format!("`subject.{field}`"));
                format!(
                    "there are {} (each artifact with `path` and `digest`) and `run`",
                    fields.join(", ")
                )
            }
            Self::UnknownCall(_) => {
                "there are the filters `default`, `first`, `join`, `last`, `lower`, `replace`, \
                 `split`, `trim` and `upper`, and the test `defined`"
                    .to_owned()
            }
            Self::ZeroByte => "remove it".to_owned(),
        }
    }
}

impl Template {
    pub(super) fn new(source: String) -> Result<Self, TemplateProblem> {
        if source.len() > TEMPLATE_BYTES_MAX {
            return Err(TemplateProblem::TooLong);
        }
        if source.contains('\0') {
            return Err(TemplateProblem::ZeroByte);
        }
        let environment = environment();
        environment
            .template_from_str(&source)
            .map_err(|error| TemplateProblem::Syntax(words(&error)))?;
        Ok(Self { source })
    }

    /// As the file has it.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether something of the release goes into it.
    #[must_use]
    pub fn has_expression(&self) -> bool {
        self.source.contains("{{") || self.source.contains("{%")
    }

    /// Whether it begins with `-`, whatever the release is.
    pub(super) fn begins_with_dash(&self) -> bool {
        self.source.starts_with('-')
    }

    /// Renders it; the error names what is not there.
    pub(super) fn render(&self, names: &Names) -> Result<String, RenderProblem> {
        names.missing().clear();
        let rendered = environment()
            .template_from_str(&self.source)
            .and_then(|template| template.render(names.value.clone()));
        rendered.map_err(|error| {
            // What has a default was asked for before.
            match names.missing().pop() {
                Some(name) if error.kind() == ErrorKind::UndefinedError => {
                    RenderProblem::Missing(name)
                }
                _ => RenderProblem::Engine(words(&error)),
            }
        })
    }

    /// Looks for names that no release with these artifacts has. What only a value can tell is seen
    /// when it is rendered, which is before anything runs.
    pub(super) fn check(&self, artifacts: &[&str]) -> Result<(), TemplateProblem> {
        if !self.has_expression() {
            return Ok(());
        }
        let environment = environment();
        let template = environment
            .template_from_str(&self.source)
            .map_err(|error| TemplateProblem::Syntax(words(&error)))?;
        let mut names: Vec<String> = template.undeclared_variables(true).into_iter().collect();
        names.sort();
        if let Some(name) = names.into_iter().find(|name| !is_known(name, artifacts)) {
            return Err(TemplateProblem::UnknownName(Text::from(name)));
        }
        // The names in brackets, and what filters there are, are seen by rendering it for a release
        // that has everything.
        let names = sample(artifacts);
        let rendered = template.render(names.value.clone());
        if let Some(name) = names.missing().first() {
            return Err(TemplateProblem::UnknownName(name.clone()));
        }
        match rendered {
            Err(error) if is_unknown_call(&error) => {
                Err(TemplateProblem::UnknownCall(words(&error)))
            }
            _ => Ok(()),
        }
    }
}

impl Serialize for Template {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.source)
    }
}

/// What an error of the engine says.
fn words(error: &minijinja::Error) -> Text {
    Text::from(match error.detail() {
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
    })
}

fn is_unknown_call(error: &minijinja::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::UnknownFilter
            | ErrorKind::UnknownTest
            | ErrorKind::UnknownFunction
            | ErrorKind::UnknownMethod
    )
}

/// The engine with what templates may use. None of it reads anything.
fn environment<'a>() -> Environment<'a> {
    let mut environment = Environment::empty();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    // Delimiters that are not changed fit each other.
    let syntax = SyntaxConfig::builder().keep_trailing_newline(true).build();
    environment.set_syntax(syntax.unwrap_or_default());
    environment.set_fuel(Some(FUEL_MAX));
    environment.add_filter("default", filters::default);
    environment.add_filter("first", filters::first);
    environment.add_filter("join", filters::join);
    environment.add_filter("last", filters::last);
    environment.add_filter("lower", filters::lower);
    environment.add_filter("replace", filters::replace);
    environment.add_filter("split", filters::split);
    environment.add_filter("trim", filters::trim);
    environment.add_filter("upper", filters::upper);
    environment.add_test("defined", tests::is_defined);
    environment
}

/// Whether a name with dots is one of a release with these artifacts. A name may stop early where
/// it goes on in brackets.
fn is_known(name: &str, artifacts: &[&str]) -> bool {
    let mut parts = name.split('.');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some("run" | "subject"), None, ..) => true,
        (Some("subject"), Some("artifacts"), artifact, field) => {
            artifact.is_none_or(|artifact| artifacts.contains(&artifact))
                && field.is_none_or(|field| ARTIFACT_FIELDS.contains(&field))
                && parts.next().is_none()
        }
        (Some("subject"), Some(field), None, _) => FIELDS.contains(&field),
        _ => false,
    }
}

/// A release that has everything that a release can have.
fn sample(artifacts: &[&str]) -> Names {
    const SAMPLE: &str = "1.2.3-sample";
    let subject = FIELDS.map(|name| (name, SAMPLE.to_owned()));
    let artifacts = artifacts
        .iter()
        .map(|name| (*name, ARTIFACT_FIELDS.map(|_| SAMPLE.to_owned())));
    Names::new(subject, artifacts, SAMPLE)
}

/// What a template can name. What is not there is an error where it is named.
pub(super) struct Names {
    value: Value,
    missing: Arc<Mutex<Vec<Text>>>,
}

impl Names {
    /// `subject` are fields of it other than the artifacts; an artifact has a path and a digest.
    pub(super) fn new<'a>(
        subject: impl IntoIterator<Item = (&'a str, String)>,
        artifacts: impl IntoIterator<Item = (&'a str, [String; 2])>,
        run: &str,
    ) -> Self {
        let missing = Arc::default();
        let known = |name: &str, values: BTreeMap<String, Value>| {
            Value::from_object(Known {
                name: name.to_owned(),
                values,
                missing: Arc::clone(&missing),
            })
        };
        let artifacts = artifacts.into_iter().map(|(name, values)| {
            let fields = ARTIFACT_FIELDS.into_iter().zip(values);
            let fields = fields.map(|(field, value)| (field.to_owned(), Value::from(value)));
            let way = format!("subject.artifacts.{name}");
            (name.to_owned(), known(&way, fields.collect()))
        });
        let artifacts = known("subject.artifacts", artifacts.collect());
        let subject = subject.into_iter();
        let mut subject: BTreeMap<String, Value> = subject
            .map(|(field, value)| (field.to_owned(), Value::from(value)))
            .collect();
        subject.insert("artifacts".to_owned(), artifacts);
        Self {
            value: minijinja::context! { subject => known("subject", subject), run => run },
            missing,
        }
    }

    /// The names that were asked for and are not there.
    fn missing(&self) -> MutexGuard<'_, Vec<Text>> {
        // A name is put in whole.
        self.missing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Values by name, which keeps the names that were asked for and are not there.
#[derive(Debug)]
struct Known {
    name: String,
    values: BTreeMap<String, Value>,
    missing: Arc<Mutex<Vec<Text>>>,
}

impl Object for Known {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let found = key.as_str().and_then(|key| self.values.get(key)).cloned();
        if found.is_none() {
            let name = format!("{}.{key}", self.name);
            self.missing
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(Text::from(name));
        }
        found
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.values.keys().map(Value::from).collect())
    }
}
