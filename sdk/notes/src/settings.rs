use holdpoint_documents::Repository;
use holdpoint_sdk::Fault;

/// What an operator can set.
#[holdpoint_sdk::settings]
#[serde(default)]
pub struct Settings {
    /// The file that holds the notes afterwards, relative to the root of the repository.
    pub path: String,
    /// Address of the repository's pages, such as `https://github.com/owner/name`, for links to
    /// commits, issues and the comparison; without it there are none.
    pub repository: Option<String>,
    /// How tags are written: text around one `{version}`.
    pub tag: String,
    /// Title of the section of breaking changes, which comes first.
    pub breaking_title: String,
    /// The other sections, in order. A type that no section has is told under `other-title`.
    pub sections: Vec<Section>,
    /// Title of the last section; empty to leave out what no section has.
    pub other_title: String,
    /// Whether those who made the changes are named at the end.
    pub authors: bool,
    /// The most entries of one section; the others are counted.
    pub entries_max: u32,
}

/// A section of the notes.
#[holdpoint_sdk::settings]
pub struct Section {
    /// Its title.
    pub title: String,
    /// The types of commits that it tells, in lower case.
    pub types: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        let sections = [
            ("Features", &["feat"][..]),
            ("Fixes", &["fix"]),
            ("Performance", &["perf"]),
            ("Security", &["security"]),
            ("Deprecations", &["deprecate"]),
            ("Removals", &["remove"]),
            ("Reverts", &["revert"]),
            ("Documentation", &["docs"]),
        ];
        Self {
            path: "RELEASE_NOTES.md".to_owned(),
            repository: None,
            tag: "v{version}".to_owned(),
            breaking_title: "Breaking changes".to_owned(),
            sections: sections
                .map(|(title, types)| Section {
                    title: title.to_owned(),
                    types: types.iter().copied().map(str::to_owned).collect(),
                })
                .into(),
            other_title: "Other changes".to_owned(),
            authors: false,
            entries_max: 100,
        }
    }
}

impl Settings {
    /// The pages to link to.
    pub(crate) fn repository(&self) -> Result<Option<Repository>, Fault> {
        self.repository
            .as_deref()
            .map(Repository::new)
            .transpose()
            .map_err(|error| Fault::settings(format!("`repository`: {error}")))
    }

    /// The tag of a version.
    ///
    /// # Errors
    ///
    /// When `tag` is not text around one `{version}`.
    pub fn tag_of(&self, version: &str) -> Result<String, Fault> {
        let is_safe = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/+@{}".contains(&byte);
        if self.tag.matches("{version}").count() != 1 || !self.tag.bytes().all(is_safe) {
            return Err(Fault::settings(
                "`tag` is text around one `{version}`, such as `v{version}`, of letters, digits and \
                 `-._~/+@`",
            ));
        }
        Ok(self.tag.replace("{version}", version))
    }
}
