use holdpoint_sdk::Fault;

/// What an operator can set.
#[holdpoint_sdk::settings]
pub struct Settings {
    /// What a ticket's name begins with, such as `PAY-`; digits follow.
    pub prefix: String,
    /// Where the tracker tells about a ticket: `{{ticket}}` is its whole name, `{{number}}` its digits.
    pub url: String,
    /// JSON pointer to the status in the tracker's answer.
    pub status: String,
    /// The values of the status that are approved.
    pub approved: Vec<String>,
    /// JSON pointer to the project in the tracker's answer.
    pub project: Option<String>,
    /// The value that it has to have.
    pub project_is: Option<String>,
    /// The header that the secret is sent in: the one of its grant.
    #[serde(default = "authorization")]
    pub header: String,
}

fn authorization() -> String {
    "authorization".to_owned()
}

impl Settings {
    /// Refuses what fits the schema and makes no sense.
    pub(crate) fn check(&self) -> Result<(), Fault> {
        let is_pointer = |pointer: &String| pointer.starts_with('/');
        let words = if self.prefix.is_empty() {
            "`prefix` is empty, so that every number would be a ticket"
        } else if !self.url.contains("{{ticket}}") && !self.url.contains("{{number}}") {
            "`url` has neither `{{ticket}}` nor `{{number}}`, so that it names no ticket"
        } else if self.approved.is_empty() {
            "`approved` is empty, so that no ticket could be approved"
        } else if !is_pointer(&self.status) || !self.project.iter().all(is_pointer) {
            "`status` and `project` are JSON pointers, which begin with `/`"
        } else if self.project.is_some() != self.project_is.is_some() {
            "`project` and `project-is` belong together: set both or neither"
        } else {
            return Ok(());
        };
        Err(Fault::settings(words))
    }
}
