use schemars::JsonSchema;
use serde::Serialize;

/// What a command writes with `--format json` when there is nothing to decide.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(title = "Holdpoint error")]
pub struct ErrorReport {
    /// What went wrong.
    pub error: ErrorBody,
}

/// What went wrong.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ErrorBody {
    /// What was touched and what is wrong with it.
    pub message: String,
    /// What to do next.
    pub help: Option<String>,
    /// Why, from the nearest cause to the first one.
    pub causes: Vec<String>,
    /// Where in which file, when a file is wrong.
    pub place: Option<FilePlace>,
    /// What the process ends with.
    pub exit_code: u8,
}

/// A place in a file of the configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FilePlace {
    /// The file, as the operator knows it: a path or `REF:PATH`.
    pub file: String,
    /// Line, counted from 1.
    pub line: Option<u32>,
}
