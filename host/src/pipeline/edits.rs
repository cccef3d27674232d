use crate::model::{Answer, Edit, NewContent, Outcome, Text, Unfit};
use crate::release::{Difference, Tree, TreeError, difference};

/// Bytes of a file of the judged commit that an edit is held against.
pub(super) const ORIGINAL_BYTES_MAX: u64 = 16 << 20;

/// Bytes of all files that the edits of one stage change, before and after each edit.
pub const EDITED_BYTES_MAX: u64 = 64 << 20;

/// What an edit would change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditRecord {
    /// What is there now.
    pub before: Before,
    /// What would change in what the judged commit has, or in what an edit before this one makes of
    /// it; none where what is there has no lines to be compared.
    pub difference: Option<Difference>,
}

/// What the judged commit has at the path of an edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Before {
    /// Nothing.
    Absent,
    /// A file.
    File,
    /// A file that is not UTF-8.
    NotText,
    /// A file that is too large to be compared.
    TooLarge,
    /// A folder, a link or a submodule.
    NotAFile,
    /// It could not be read.
    Unreadable,
}

/// A file as the edits of a stage leave it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct EditedFile {
    /// Path relative to the root of the repository.
    pub path: Text,
    /// All that it contains.
    pub content: Text,
}

/// Why an edit cannot be made.
#[derive(Debug, thiserror::Error)]
enum Unmade {
    #[error("{0}")]
    Unfit(#[from] Unfit),
    #[error("what is there has no lines that could be edited")]
    NoLines,
    #[error("another edit of the stage changes it already, and this one would write all of it")]
    Twice,
    #[error(
        "the files that the stage edits, before and after, have more than {EDITED_BYTES_MAX} bytes"
    )]
    TooMuch,
}

/// The files that the edits of a stage change, put together in the order of the edits.
#[derive(Clone, Debug, Default)]
pub(super) struct EditedFiles {
    files: Vec<EditedFile>,
    bytes: u64,
}

impl EditedFiles {
    /// Every file once, in the order in which they are first edited.
    pub(super) fn into_files(self) -> Vec<EditedFile> {
        self.files
    }

    /// Puts the edits of an answer into the files of the judged commit. An answer with an edit that
    /// cannot be made is malformed, and none of its edits are.
    pub(super) fn put(&mut self, outcome: &mut Outcome, tree: &Tree) -> Vec<EditRecord> {
        let Outcome::Answered(Answer::Edits(edits)) = &*outcome else {
            return Vec::new();
        };
        let mut files = self.clone();
        let mut records = Vec::with_capacity(edits.len());
        for edit in edits {
            match files.edit(edit, tree) {
                Ok(record) => records.push(record),
                Err(unmade) => {
                    let message = format!("an edit of `{}`: {unmade}", edit.path.raw());
                    *outcome = Outcome::Malformed {
                        message: Text::from(message),
                    };
                    return Vec::new();
                }
            }
        }
        *self = files;
        records
    }

    fn edit(&mut self, edit: &Edit, tree: &Tree) -> Result<EditRecord, Unmade> {
        let place = self.files.iter().position(|file| file.path == edit.path);
        let (before, old) = match place.and_then(|place| self.files.get(place)) {
            Some(_) if matches!(edit.content, NewContent::Whole(_)) => return Err(Unmade::Twice),
            Some(file) => (Before::File, Some(file.content.raw().to_owned())),
            None => judged(edit.path.raw(), tree),
        };
        let content = match (before, &old, &edit.content) {
            (Before::Absent, _, content) => content.put_into(None)?,
            (_, None, NewContent::Whole(content)) => content.raw().to_owned(),
            (_, None, _) => return Err(Unmade::NoLines),
            (_, Some(old), content) => content.put_into(Some(old))?,
        };
        let bytes = old.as_ref().map_or(0, String::len) + content.len();
        self.bytes = self.bytes.saturating_add(bytes as u64);
        if self.bytes > EDITED_BYTES_MAX {
            return Err(Unmade::TooMuch);
        }
        let difference = old.map(|old| difference(&old, &content));
        let content = Text::from(content);
        match place.and_then(|place| self.files.get_mut(place)) {
            Some(file) => file.content = content,
            None => self.files.push(EditedFile {
                path: edit.path.clone(),
                content,
            }),
        }
        Ok(EditRecord { before, difference })
    }
}

/// What the judged commit has at a path; the text that an edit is held against, where it has one.
fn judged(path: &str, tree: &Tree) -> (Before, Option<String>) {
    match tree.read(path, ORIGINAL_BYTES_MAX) {
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => (Before::File, Some(text)),
            Err(_) => (Before::NotText, None),
        },
        Err(TreeError::Missing) => (Before::Absent, Some(String::new())),
        Err(TreeError::NotThat) => (Before::NotAFile, None),
        Err(TreeError::TooLarge) => (Before::TooLarge, None),
        Err(TreeError::Repository(_)) => (Before::Unreadable, None),
    }
}
