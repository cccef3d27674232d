use schemars::JsonSchema;
use semver::Version;
use serde::Serialize;

use crate::model::BaseSource;

/// What says where a range starts.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct BaseSourceReport {
    /// Which kind of source it is.
    pub kind: BaseSourceKind,
    /// The same in words.
    pub words: String,
    /// The recorded run whose release runs on the target; none for any other kind.
    pub run: Option<String>,
    /// The version that the run released.
    pub version: Option<Version>,
    /// The tag; none for any other kind.
    pub tag: Option<String>,
}

/// A kind of source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BaseSourceKind {
    /// The operator named the start.
    Option,
    /// The last recorded release of the target.
    Run,
    /// The last tag.
    Tag,
    /// Nothing was released before.
    Beginning,
}

impl BaseSourceReport {
    pub(super) fn new(source: &BaseSource) -> Self {
        let (run, version) = match source {
            BaseSource::Run { run, version } => (Some(run.to_string()), version.clone()),
            _ => (None, None),
        };
        let tag = match source {
            BaseSource::Tag { tag } => Some(tag.raw().to_owned()),
            _ => None,
        };
        Self {
            kind: match source {
                BaseSource::Option { .. } => BaseSourceKind::Option,
                BaseSource::Run { .. } => BaseSourceKind::Run,
                BaseSource::Tag { .. } => BaseSourceKind::Tag,
                BaseSource::Beginning => BaseSourceKind::Beginning,
            },
            words: source.words().raw().to_owned(),
            run,
            version,
            tag,
        }
    }
}
