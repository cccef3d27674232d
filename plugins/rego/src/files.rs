//! The files of the judged commit that are judged.

use globset::GlobBuilder;
use holdpoint_sdk::{Fault, Release, TreeError};
use regorus::Value;

use crate::{Parser, Settings};

/// A file, and what is judged of it.
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) documents: Vec<Value>,
}

/// Reads the files that `inputs` names. A pattern that fits nothing is a fault: nothing would be
/// judged by it.
pub(crate) fn read(release: &Release, settings: &Settings) -> Result<Vec<File>, Fault> {
    let mut paths = Vec::new();
    for pattern in &settings.inputs {
        let found = find(release, pattern)?;
        if found.is_empty() {
            return Err(Fault::missing(format!(
                "no file of the judged commit fits `{pattern}` of `inputs`, so that nothing would be judged"
            )));
        }
        paths.extend(found);
    }
    paths.sort();
    paths.dedup();
    paths
        .into_iter()
        .map(|path| file(release, path, settings.parser))
        .collect()
}

/// All files as one document, as conftest has it.
pub(crate) fn combined(files: Vec<File>) -> Value {
    let mut items = Vec::new();
    for file in files {
        for document in file.documents {
            let mut item = Value::new_object();
            if let Ok(members) = item.as_object_mut() {
                members.insert("path".into(), file.path.as_str().into());
                members.insert("contents".into(), document);
            }
            items.push(item);
        }
    }
    Value::from(items)
}

fn file(release: &Release, path: String, parser: Option<Parser>) -> Result<File, Fault> {
    let parser = parser.or_else(|| Parser::of(&path)).ok_or_else(|| {
        Fault::settings(format!(
            "`{path}` is a file of `inputs`, and its name does not end with .json, .toml, .yaml or .yml: set `parser`, or name other files"
        ))
    })?;
    let bytes = release
        .read_file(&path)
        .map_err(|error| unreadable(&path, error))?;
    let text =
        String::from_utf8(bytes).map_err(|_| Fault::malformed(format!("`{path}` is not UTF-8")))?;
    let documents = parser
        .documents(&text)
        .map_err(|error| Fault::malformed(format!("`{path}` cannot be read: {error}")))?;
    if documents.is_empty() {
        return Err(Fault::malformed(format!("`{path}` has no document")));
    }
    Ok(File { path, documents })
}

/// The files that fit a pattern, looked for below the folders that it begins with. How much is
/// looked at is bounded by what the call may use.
fn find(release: &Release, pattern: &str) -> Result<Vec<String>, Fault> {
    let Some(wild) = pattern.find(['*', '?', '[', '{']) else {
        return Ok(vec![pattern.to_owned()]);
    };
    let matcher = GlobBuilder::new(pattern)
        .literal_separator(true)
        .build()
        .map_err(|error| Fault::settings(format!("`{pattern}` of `inputs`: {error}")))?
        .compile_matcher();
    let first = pattern[..wild].rsplit_once('/');
    let mut folders = vec![first.map_or(String::new(), |(folder, _)| folder.to_owned())];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        let entries = release
            .list_folder(&folder)
            .map_err(|error| unreadable(&folder, error))?;
        for entry in entries {
            let path = if folder.is_empty() {
                entry
            } else {
                format!("{folder}/{entry}")
            };
            match path.strip_suffix('/') {
                Some(folder) => folders.push(folder.to_owned()),
                None if matcher.is_match(&path) => found.push(path),
                None if goes_on_below(pattern, &path) => must_be_a_file(release, pattern, &path)?,
                None => {}
            }
        }
    }
    Ok(found)
}

/// Whether a pattern could fit something below a path.
fn goes_on_below(pattern: &str, path: &str) -> bool {
    pattern.contains("**") || pattern.matches('/').count() > path.matches('/').count()
}

/// A list of names shows links and submodules as files, and only who reads one is told. What is below
/// them would not be judged, and nobody would know.
fn must_be_a_file(release: &Release, pattern: &str, path: &str) -> Result<(), Fault> {
    match release.read_file(path) {
        Ok(_) | Err(TreeError::TooLarge) => Ok(()),
        Err(TreeError::NotAFile) => Err(Fault::missing(format!(
            "`{path}` is a link or a submodule: what `{pattern}` of `inputs` could fit below it cannot be judged; name files, or folders without it"
        ))),
        Err(error) => Err(unreadable(path, error)),
    }
}

fn unreadable(path: &str, error: TreeError) -> Fault {
    let shown = if path.is_empty() { "the root" } else { path };
    Fault::missing(match error {
        TreeError::Missing => format!("`{shown}` of `inputs` is not in the judged commit"),
        TreeError::NotAFile => format!("`{shown}` of `inputs` is a folder, a link or a submodule"),
        TreeError::NotGranted => {
            format!("`{shown}` of `inputs` is not granted: name it in `grants.tree`")
        }
        TreeError::TooLarge => format!("`{shown}` of `inputs` is too large"),
    })
}
