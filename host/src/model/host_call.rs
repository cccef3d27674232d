use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Capability, Digest, Header, PastRelease, Text};

/// One call from a plugin to the host, with what it was answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostCall {
    /// What the plugin asked for.
    pub asked: HostQuestion,
    /// What it was given.
    pub answer: HostAnswer,
}

/// A function of the host with its arguments, as a plugin called it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "function")]
pub enum HostQuestion {
    /// Commits of the range.
    #[serde(rename = "commits.page")]
    CommitsPage {
        /// From which on, counted from 0.
        start: u32,
        /// How many.
        count: u32,
    },
    /// Messages and people of commits of the range.
    #[serde(rename = "commits.texts")]
    CommitsTexts {
        /// From which on, counted from 0.
        start: u32,
        /// How many.
        count: u32,
    },
    /// Files that differ.
    #[serde(rename = "changes.page")]
    ChangesPage {
        /// From which on, counted from 0.
        start: u32,
        /// How many.
        count: u32,
    },
    /// Files that are shipped.
    #[serde(rename = "artifacts.page")]
    ArtifactsPage {
        /// From which on, counted from 0.
        start: u32,
        /// How many.
        count: u32,
    },
    /// All that the operator named as evidence.
    #[serde(rename = "evidence.items")]
    EvidenceItems,
    /// The bytes of a piece of evidence.
    #[serde(rename = "evidence.read")]
    EvidenceRead {
        /// Its name.
        name: Text,
    },
    /// Earlier releases.
    #[serde(rename = "history.page")]
    HistoryPage {
        /// From which on, counted from 0.
        start: u32,
        /// How many.
        count: u32,
    },
    /// The names in a folder of the judged commit.
    #[serde(rename = "tree.entries")]
    TreeEntries {
        /// The folder.
        folder: Text,
    },
    /// The bytes of a file of the judged commit.
    #[serde(rename = "tree.read")]
    TreeRead {
        /// Its path.
        path: Text,
    },
    /// A request to another system.
    #[serde(rename = "http.send")]
    HttpSend {
        /// Its method.
        method: Text,
        /// Its URL, as the plugin wrote it.
        url: Text,
        /// Its headers, as the plugin wrote them: where a secret is sent, its placeholder.
        headers: Vec<Header>,
        /// Its body.
        body: Body,
    },
    /// The placeholder of a secret.
    #[serde(rename = "secrets.placeholder")]
    SecretsPlaceholder {
        /// The name of the secret.
        name: Text,
    },
    /// A line for the log. Its words stand there, and only there.
    #[serde(rename = "log.write")]
    LogWrite {
        /// Which line of the log it became, counted from 1.
        line: u32,
    },
}

/// What a plugin was given. What is in the subject, the evidence or the judged commit is named, not
/// copied: with these at hand it can be given again, and held against this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HostAnswer {
    /// The function answers nothing.
    Nothing,
    /// Items of the subject, from the one that was asked for on. Which ones follows from the subject,
    /// whose digest stands in the transcript: they are counted here, and not hashed once more.
    Items {
        /// How many.
        items: u32,
        /// What they count against the bound on what the host hands out.
        bytes: u64,
    },
    /// Names in a folder.
    Names {
        /// How many.
        items: u32,
        /// What they count against the bound on what the host hands out.
        bytes: u64,
        /// Digest of the names.
        digest: Digest,
    },
    /// A file: of the judged commit, or a piece of evidence.
    File {
        /// Its size.
        bytes: u64,
        /// Digest of its bytes.
        digest: Digest,
    },
    /// Earlier releases, whole: others may have ended when it is asked again.
    Releases(Vec<PastRelease>),
    /// It was not given.
    Refused(FileRefusal),
    /// What another system answered, whole.
    Response {
        /// The status code.
        status: u16,
        /// The headers.
        headers: Vec<Header>,
        /// The body.
        body: Body,
    },
    /// There is no response.
    NoResponse {
        /// Why.
        why: HttpRefusal,
        /// The same in words; empty where the plugin is told none.
        message: Text,
    },
    /// A placeholder; none where the secret is not granted.
    Placeholder(Option<Text>),
}

/// Why there is no response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HttpRefusal {
    /// The operator has not granted it.
    NotGranted,
    /// It is not a request that can be made.
    Malformed,
    /// The other side could not be reached or broke off.
    Unreachable,
    /// The other side took too long.
    TimedOut,
}

/// The body of a request or a response: in JSON `{"text": …}` where it is UTF-8, and
/// `{"base64": …}` where it is not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Body(pub Vec<u8>);

impl Serialize for Body {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(&self.0) {
            Ok(text) => Written::Text(text.to_owned()),
            Err(_) => Written::Base64(STANDARD.encode(&self.0)),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match Written::deserialize(deserializer)? {
            Written::Text(text) => text.into_bytes(),
            Written::Base64(text) => STANDARD.decode(text).map_err(serde::de::Error::custom)?,
        }))
    }
}

/// A body as JSON has it.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Written {
    Text(String),
    Base64(String),
}

/// Why a file of the judged commit, or a piece of evidence, was not given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FileRefusal {
    /// There is nothing at that path, or of that name.
    Missing,
    /// Something else is at that path.
    NotAFile,
    /// The operator has not granted it.
    NotGranted,
    /// It is larger than what may cross in one value.
    TooLarge,
}

impl HostQuestion {
    /// The interface that the function belongs to.
    #[must_use]
    pub fn interface(&self) -> Capability {
        match self {
            Self::CommitsPage { .. } | Self::CommitsTexts { .. } => Capability::Commits,
            Self::ChangesPage { .. } => Capability::Changes,
            Self::ArtifactsPage { .. } => Capability::Artifacts,
            Self::EvidenceItems | Self::EvidenceRead { .. } => Capability::Evidence,
            Self::HistoryPage { .. } => Capability::History,
            Self::TreeEntries { .. } | Self::TreeRead { .. } => Capability::Tree,
            Self::HttpSend { .. } => Capability::Http,
            Self::SecretsPlaceholder { .. } => Capability::Secrets,
            Self::LogWrite { .. } => Capability::Log,
        }
    }

    /// The name of the function in its interface.
    #[must_use]
    pub fn function(&self) -> &'static str {
        match self {
            Self::CommitsPage { .. }
            | Self::ChangesPage { .. }
            | Self::ArtifactsPage { .. }
            | Self::HistoryPage { .. } => "page",
            Self::EvidenceItems => "items",
            Self::CommitsTexts { .. } => "texts",
            Self::TreeEntries { .. } => "entries",
            Self::TreeRead { .. } | Self::EvidenceRead { .. } => "read",
            Self::HttpSend { .. } => "send",
            Self::SecretsPlaceholder { .. } => "placeholder",
            Self::LogWrite { .. } => "write",
        }
    }

    /// The bytes that its texts have in a transcript at most: some characters are written as six.
    #[must_use]
    pub fn text_bytes(&self) -> u64 {
        match self {
            Self::TreeEntries { folder: text }
            | Self::TreeRead { path: text }
            | Self::EvidenceRead { name: text }
            | Self::SecretsPlaceholder { name: text } => written_bytes(text.raw().as_bytes()),
            Self::HttpSend {
                method,
                url,
                headers,
                body,
            } => {
                let texts = [method, url].map(|text| written_bytes(text.raw().as_bytes()));
                texts.iter().sum::<u64>() + headers_bytes(headers) + written_bytes(&body.0)
            }
            Self::CommitsPage { .. }
            | Self::CommitsTexts { .. }
            | Self::ChangesPage { .. }
            | Self::ArtifactsPage { .. }
            | Self::EvidenceItems
            | Self::HistoryPage { .. }
            | Self::LogWrite { .. } => 0,
        }
    }
}

/// The bytes that these have in JSON at most.
fn written_bytes(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .map(|byte| match byte {
            b'"' | b'\\' => 2,
            0..0x20 => 6,
            _ => 1,
        })
        .sum()
}

/// The same for headers, with what stands around each.
fn headers_bytes(headers: &[Header]) -> u64 {
    const AROUND: u64 = 24;
    let header = |header: &Header| {
        AROUND
            + written_bytes(header.name.raw().as_bytes())
            + written_bytes(header.value.raw().as_bytes())
    };
    headers.iter().map(header).sum()
}

impl HostAnswer {
    /// What it counts against the bound on what the host hands out, in bytes.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        match self {
            Self::Nothing | Self::Refused(_) => 0,
            Self::Items { bytes, .. } | Self::Names { bytes, .. } | Self::File { bytes, .. } => {
                *bytes
            }
            Self::Releases(releases) => releases.iter().map(PastRelease::bytes).sum(),
            Self::Response { headers, body, .. } => {
                let sizes = headers
                    .iter()
                    .map(|header| header.name.raw().len() + header.value.raw().len());
                u64::try_from(sizes.sum::<usize>() + body.0.len()).unwrap_or(u64::MAX)
            }
            Self::NoResponse { message, .. } => message.raw().len() as u64,
            Self::Placeholder(text) => text.as_ref().map_or(0, |text| text.raw().len() as u64),
        }
    }

    /// The bytes that its texts have in a transcript at most.
    #[must_use]
    pub fn text_bytes(&self) -> u64 {
        match self {
            Self::Releases(releases) => releases.iter().map(PastRelease::written_bytes).sum(),
            Self::Response { headers, body, .. } => headers_bytes(headers) + written_bytes(&body.0),
            Self::NoResponse { message, .. } => written_bytes(message.raw().as_bytes()),
            Self::Placeholder(text) => text.as_ref().map_or(0, |text| text.raw().len() as u64),
            Self::Nothing
            | Self::Items { .. }
            | Self::Names { .. }
            | Self::File { .. }
            | Self::Refused(_) => 0,
        }
    }

    /// Whether it is from outside of the run: neither the subject nor the judged commit says it, and
    /// nor does the run, so that it can only be had from a record.
    #[must_use]
    pub fn is_from_outside(&self) -> bool {
        matches!(
            self,
            Self::Releases(_) | Self::Response { .. } | Self::NoResponse { .. }
        )
    }
}
