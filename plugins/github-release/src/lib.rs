//! Publishes a release on GitHub: see `README.md`.

#![forbid(unsafe_code)]

#[cfg(test)]
mod tests;

use holdpoint_sdk::{
    Action, Content, Element, Fault, Header, Member, PlannedRequest, Plugin, Probe, Release, Step,
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

/// The secret that it asks for.
const TOKEN: &str = "github-token";

/// The same for the server that files are sent to, where that is another one.
const UPLOAD_TOKEN: &str = "github-upload-token";

/// What is encoded in a query: all but the unreserved characters (RFC 3986, section 2.3).
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The version of the API that it speaks.
const API_VERSION: &str = "2022-11-28";

/// The notes of a release, in characters: GitHub takes 125,000.
const NOTES_CHARACTERS_MAX: usize = 120_000;

/// Files that are attached, at most: as many as one page of GitHub's answer lists, so that each can
/// be found there.
const FILES_MAX: usize = 100;

/// What an operator can set.
#[holdpoint_sdk::settings]
pub struct Settings {
    /// The repository, as `OWNER/NAME`.
    repository: String,
    /// How tags are written: text around one `{version}`.
    #[serde(default = "tag")]
    tag: String,
    /// Whether it stays a draft, which a person publishes.
    #[serde(default)]
    draft: bool,
    /// Names of the artifacts that are attached; without it all of them.
    #[serde(default)]
    artifacts: Option<Vec<String>>,
    /// Address of the API.
    #[serde(default = "api")]
    api: String,
    /// Address that files are sent to.
    #[serde(default = "uploads")]
    uploads: String,
    /// Address of the pages, for the links in the notes.
    #[serde(default = "pages")]
    pages: String,
}

fn tag() -> String {
    "v{version}".to_owned()
}

fn api() -> String {
    "https://api.github.com".to_owned()
}

fn uploads() -> String {
    "https://uploads.github.com".to_owned()
}

fn pages() -> String {
    "https://github.com".to_owned()
}

/// The plugin.
pub struct GithubRelease;

impl Plugin for GithubRelease {
    type Settings = Settings;
}

impl Action for GithubRelease {
    fn plan(release: &Release, settings: &Settings) -> Result<Vec<Step>, Fault> {
        let place = Place::new(release, settings)?;
        let notes_settings = holdpoint_notes::Settings {
            repository: Some(format!("{}/{}", settings.pages, settings.repository)),
            tag: settings.tag.clone(),
            ..holdpoint_notes::Settings::default()
        };
        let Some(version) = &release.subject.version else {
            return Err(Fault::missing(
                "the release has no version, so that there is no tag to publish it under",
            ));
        };
        let tag = notes_settings.tag_of(version)?;
        let notes = holdpoint_notes::write(release, &notes_settings)?;
        let mut steps = vec![place.create(release, &tag, version, &body_of(&notes))];
        let files = files(release, settings)?;
        let uploads = (1..).zip(&files);
        steps.extend(uploads.map(|(number, name)| place.upload(number, name)));
        if !settings.draft {
            steps.push(place.publish());
        }
        Ok(steps)
    }
}

holdpoint_sdk::export!(GithubRelease: action);

/// The notes without their title, which GitHub shows beside them.
fn body_of(notes: &str) -> String {
    let body = match notes.split_once('\n') {
        Some((title, rest)) if title.starts_with("# ") => rest.trim_start(),
        _ => notes,
    };
    if body.chars().nth(NOTES_CHARACTERS_MAX).is_none() {
        return body.to_owned();
    }
    let kept: String = body.chars().take(NOTES_CHARACTERS_MAX).collect();
    let whole_lines = kept
        .rsplit_once('\n')
        .map_or(kept.as_str(), |(lines, _)| lines);
    format!("{whole_lines}\n\n…\n")
}

/// The names of the artifacts that are attached.
fn files(release: &Release, settings: &Settings) -> Result<Vec<String>, Fault> {
    let known: Vec<String> = release.artifacts().map(|artifact| artifact.name).collect();
    let files = match &settings.artifacts {
        None => known,
        Some(named) => {
            if let Some(other) = named.iter().find(|name| !known.contains(name)) {
                return Err(Fault::settings(format!(
                    "`artifacts` names `{other}`, which the release does not have"
                )));
            }
            named.clone()
        }
    };
    let is_kept = |byte: u8| byte.is_ascii_alphanumeric() || b"-._+".contains(&byte);
    if let Some(other) = files.iter().find(|name| !name.bytes().all(is_kept)) {
        return Err(Fault::settings(format!(
            "GitHub would give the artifact `{other}` another name: use letters, digits and `-._+`"
        )));
    }
    if files.len() > FILES_MAX {
        return Err(Fault::settings(format!(
            "{} artifacts are to be attached, and GitHub lists {FILES_MAX} at once: name fewer in \
             `artifacts`",
            files.len()
        )));
    }
    Ok(files)
}

/// Where the release is published, and by whom.
struct Place {
    releases: String,
    uploads: String,
    token: String,
    upload_token: String,
}

impl Place {
    fn new(release: &Release, settings: &Settings) -> Result<Self, Fault> {
        let is_name = |name: &str| {
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
            !matches!(name, "" | "." | "..") && name.bytes().all(is_plain)
        };
        let repository = settings.repository.as_str();
        match repository.split_once('/') {
            Some((owner, name)) if is_name(owner) && is_name(name) => {}
            _ => return Err(Fault::settings("`repository` is not `OWNER/NAME`")),
        }
        let token = release.secret_placeholder(TOKEN).ok_or_else(|| {
            Fault::missing(format!(
                "the secret `{TOKEN}` is not granted: grants.secrets.{TOKEN} = {{ env = \
                 \"GITHUB_TOKEN\", for = \"{}\" }}",
                settings.api
            ))
        })?;
        let releases = |address: &str| format!("{address}/repos/{repository}/releases");
        Ok(Self {
            releases: releases(&settings.api),
            uploads: releases(&settings.uploads),
            upload_token: release
                .secret_placeholder(UPLOAD_TOKEN)
                .unwrap_or_else(|| token.clone()),
            token,
        })
    }

    fn headers(&self, media_type: &str) -> Vec<Header> {
        headers_of(&self.token, media_type)
    }

    fn request(&self, method: &str, url: String, body: &Value, success: u16) -> PlannedRequest {
        PlannedRequest {
            method: method.into(),
            url,
            headers: self.headers("application/json"),
            content: Content::Bytes(body.to_string().into_bytes()),
            success: vec![success],
            idempotency_key: String::new(),
        }
    }

    /// Takes something away; that it is gone already is as good.
    fn delete(&self, url: String) -> PlannedRequest {
        PlannedRequest {
            method: "DELETE".into(),
            url,
            headers: self.headers(""),
            content: Content::Bytes(Vec::new()),
            success: vec![204, 404],
            idempotency_key: String::new(),
        }
    }

    fn probe(&self, url: String, members: &[(&str, &str)]) -> Probe {
        let members = members.iter().map(|(pointer, value)| Member {
            pointer: (*pointer).into(),
            value: (*value).into(),
        });
        Probe {
            url,
            headers: self.headers(""),
            success: vec![200],
            element: Some(Element {
                list: String::new(),
                members: members.collect(),
            }),
        }
    }

    /// The release that the first step made.
    fn created(&self) -> String {
        format!("{}/{{{{create./id}}}}", self.releases)
    }

    /// A draft, which nobody sees before it is whole.
    fn create(&self, release: &Release, tag: &str, version: &str, notes: &str) -> Step {
        let head = release.subject.head.as_str();
        let body = json!({
            "tag_name": tag,
            "target_commitish": head,
            "name": tag,
            "body": notes,
            "draft": true,
            // A version of Semantic Versioning has its `-` before its `+`.
            "prerelease": version.split('+').next().unwrap_or_default().contains('-'),
        });
        let members = [
            ("/tag_name", tag),
            ("/target_commitish", head),
            ("/draft", "true"),
        ];
        Step {
            name: "create".into(),
            title: format!("draft the release {tag}"),
            request: self.request("POST", self.releases.clone(), &body, 201),
            // Drafts come first. A page of more of them may be larger than an answer may be.
            probe: Some(self.probe(format!("{}?per_page=20", self.releases), &members)),
            undo: Some(self.delete(self.created())),
        }
    }

    fn upload(&self, number: usize, file: &str) -> Step {
        let name = format!("upload-{number}");
        let assets = format!("{}/assets", self.created());
        Step {
            title: format!("attach {file}"),
            request: PlannedRequest {
                method: "POST".into(),
                url: format!(
                    "{}/{{{{create./id}}}}/assets?name={}",
                    self.uploads,
                    utf8_percent_encode(file, ENCODED)
                ),
                headers: headers_of(&self.upload_token, "application/octet-stream"),
                content: Content::Artifact(file.into()),
                success: vec![201],
                idempotency_key: String::new(),
            },
            probe: Some(self.probe(
                format!("{assets}?per_page=100"),
                &[("/name", file), ("/state", "uploaded")],
            )),
            undo: Some(self.delete(format!("{}/assets/{{{{{name}./id}}}}", self.releases))),
            name,
        }
    }

    fn publish(&self) -> Step {
        // To publish what is published changes nothing.
        let change = |draft: bool| PlannedRequest {
            idempotency_key: "publish".into(),
            ..self.request("PATCH", self.created(), &json!({ "draft": draft }), 200)
        };
        Step {
            name: "publish".into(),
            title: "publish it".into(),
            request: change(false),
            probe: None,
            undo: Some(change(true)),
        }
    }
}

/// The headers of a request, by whom it is made and what it carries.
fn headers_of(token: &str, media_type: &str) -> Vec<Header> {
    let header = |name: &str, value: &str| Header {
        name: name.into(),
        value: value.into(),
    };
    let mut headers = vec![
        header("accept", "application/vnd.github+json"),
        header("authorization", token),
        header("x-github-api-version", API_VERSION),
    ];
    if !media_type.is_empty() {
        headers.push(header("content-type", media_type));
    }
    headers
}
