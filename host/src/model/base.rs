use semver::Version;
use serde::{Deserialize, Serialize};

use super::{ObjectName, RunId, Text, Totals};

/// What says where a range of commits begins.
///
/// ```
/// use holdpoint::model::{BaseSource, Text};
///
/// let source = BaseSource::Tag { tag: Text::from("v1.4.0") };
/// assert_eq!(source.name(), "tag");
/// assert_eq!(source.words().raw(), "the tag v1.4.0");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "source", rename_all = "kebab-case")]
pub enum BaseSource {
    /// The operator: `--from`.
    Option {
        /// What was written.
        from: Text,
    },
    /// A recorded run: what it judged is what runs on the target.
    Run {
        /// The run.
        run: RunId,
        /// The version that it released.
        version: Option<Version>,
    },
    /// A tag of the project's pattern.
    Tag {
        /// Its name.
        tag: Text,
    },
    /// Nothing was released before: the range reaches back to the root commits.
    Beginning,
}

impl BaseSource {
    /// The stable name of the kind of source.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Option { .. } => "option",
            Self::Run { .. } => "run",
            Self::Tag { .. } => "tag",
            Self::Beginning => "beginning",
        }
    }

    /// What it is, for people.
    #[must_use]
    pub fn words(&self) -> Text {
        Text::from(match self {
            Self::Option { from } => format!("--from {}", from.raw()),
            Self::Run {
                run,
                version: Some(version),
            } => format!("release {version}, recorded as run {}", run.short()),
            Self::Run { run, version: None } => {
                format!("the release recorded as run {}", run.short())
            }
            Self::Tag { tag } => format!("the tag {}", tag.raw()),
            Self::Beginning => "the beginning".to_owned(),
        })
    }
}

/// What of a subject a list of runs has to know: where its range begins, and how much is in it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Extent {
    /// The commit that the range starts after; none when it reaches back to the root commits.
    pub base: Option<ObjectName>,
    /// Version that the range starts from; none before the first release.
    pub previous: Option<Version>,
    /// Path filter: commits that do not touch it were not judged.
    pub path: Option<Text>,
    /// Sizes.
    pub totals: Totals,
    /// What said where the range begins.
    pub source: BaseSource,
}
