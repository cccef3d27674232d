use std::collections::BTreeMap;

use holdpoint_documents::Repository;
use holdpoint_sdk::Fault;

/// What an operator can set.
#[holdpoint_sdk::settings]
#[serde(default)]
pub struct Settings {
    /// The file, relative to the root of the repository. `grants.tree` has to name it too.
    pub path: String,
    /// Whether a file that is not there is begun; else nothing is written then.
    pub create: bool,
    /// Whether a release without a version is a fault; else nothing is written then.
    pub version_required: bool,
    /// Whether commits become entries; else only what stands under `Unreleased` is moved.
    pub commits: bool,
    /// Address of the repository's pages, such as `https://github.com/owner/name`, for links; without
    /// it the links of the file are continued.
    pub repository: Option<String>,
    /// How tags are written: text around one `{version}`.
    pub tag: String,
    /// The section of each type of commit; types that are not named here have no entries, unless they
    /// are breaking changes.
    pub sections: BTreeMap<String, Section>,
    /// The most entries of commits in one section; the others are counted.
    pub entries_max: u32,
}

/// The sections of Keep a Changelog, in its order.
#[holdpoint_sdk::settings]
#[derive(Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// New features.
    Added,
    /// Changes in existing functionality.
    Changed,
    /// Features that will be removed.
    Deprecated,
    /// Features that are gone.
    Removed,
    /// Bug fixes.
    Fixed,
    /// Vulnerabilities.
    Security,
}

impl Section {
    pub(crate) const ALL: [Self; 6] = [
        Self::Added,
        Self::Changed,
        Self::Deprecated,
        Self::Removed,
        Self::Fixed,
        Self::Security,
    ];

    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Added => "Added",
            Self::Changed => "Changed",
            Self::Deprecated => "Deprecated",
            Self::Removed => "Removed",
            Self::Fixed => "Fixed",
            Self::Security => "Security",
        }
    }

    /// The section with a title, however it is capitalised.
    pub(crate) fn of_title(title: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|section| section.title().eq_ignore_ascii_case(title.trim()))
    }
}

impl Default for Settings {
    fn default() -> Self {
        let sections = [
            ("feat", Section::Added),
            ("fix", Section::Fixed),
            ("perf", Section::Changed),
            ("refactor", Section::Changed),
            ("revert", Section::Changed),
            ("deprecate", Section::Deprecated),
            ("remove", Section::Removed),
            ("security", Section::Security),
        ];
        Self {
            path: "CHANGELOG.md".to_owned(),
            create: true,
            version_required: true,
            commits: true,
            repository: None,
            tag: "v{version}".to_owned(),
            sections: sections
                .map(|(kind, section)| (kind.to_owned(), section))
                .into(),
            entries_max: 200,
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
    pub(crate) fn tag_of(&self, version: &str) -> Result<String, Fault> {
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
