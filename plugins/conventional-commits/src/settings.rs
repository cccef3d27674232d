use holdpoint_sdk::Fault;

/// Whether a project has to use Conventional Commits.
#[holdpoint_sdk::settings]
#[derive(Copy, Default, PartialEq, Eq)]
pub enum Adoption {
    /// Every message is judged.
    #[default]
    Required,
    /// Messages are judged when at least half of them have the form and one of the types; a project
    /// that does not use them is told so once.
    Detected,
}

/// What an operator can set.
#[holdpoint_sdk::settings]
#[serde(default)]
pub struct Settings {
    /// Whether messages are judged in a project that does not use the form.
    pub adoption: Adoption,
    /// Types that are allowed, in lower case. Case does not matter in a message.
    pub types: Vec<String>,
    /// Scopes that are allowed; any when this is not set.
    pub scopes: Option<Vec<String>>,
    /// Whether every commit has a scope.
    pub scope_required: bool,
    /// The longest first line, in characters.
    pub subject_length_max: u32,
}

impl Default for Settings {
    fn default() -> Self {
        let types = [
            "build", "chore", "ci", "docs", "feat", "fix", "perf", "refactor", "revert", "style",
            "test",
        ];
        Self {
            adoption: Adoption::default(),
            types: types.map(str::to_owned).to_vec(),
            scopes: None,
            scope_required: false,
            subject_length_max: 100,
        }
    }
}

impl Settings {
    /// Refuses what fits the schema and would let no commit pass.
    pub(crate) fn check(&self) -> Result<(), Fault> {
        if self.types.is_empty() {
            return Err(Fault::settings(
                "`types` is empty, so that no commit could pass: name at least one type",
            ));
        }
        if self.subject_length_max == 0 {
            return Err(Fault::settings(
                "`subject-length-max` is 0, so that no commit could pass",
            ));
        }
        Ok(())
    }
}
