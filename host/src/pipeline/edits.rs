use crate::model::{Answer, Edit, Outcome};
use crate::release::{Difference, Tree, TreeError, difference};

/// Bytes of a file of the judged commit that an edit is held against.
pub(super) const ORIGINAL_BYTES_MAX: u64 = 16 << 20;

/// What an edit would change in the judged commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EditRecord {
    /// What is there now.
    pub before: Before,
    /// What would change; none where what is there has no lines to be compared.
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

/// Holds the edits of an answer against the files of the judged commit.
pub(super) fn edits(outcome: &Outcome, tree: &Tree) -> Vec<EditRecord> {
    match outcome {
        Outcome::Answered(Answer::Edits(edits)) => {
            edits.iter().map(|edit| compare(edit, tree)).collect()
        }
        _ => Vec::new(),
    }
}

fn compare(edit: &Edit, tree: &Tree) -> EditRecord {
    let (before, old) = match tree.read(edit.path.raw(), ORIGINAL_BYTES_MAX) {
        Ok(bytes) => match String::from_utf8(bytes) {
            Ok(text) => (Before::File, Some(text)),
            Err(_) => (Before::NotText, None),
        },
        Err(TreeError::Missing) => (Before::Absent, Some(String::new())),
        Err(TreeError::NotThat) => (Before::NotAFile, None),
        Err(TreeError::TooLarge) => (Before::TooLarge, None),
        Err(TreeError::Repository(_)) => (Before::Unreadable, None),
    };
    EditRecord {
        before,
        difference: old.map(|old| difference(&old, edit.content.raw())),
    }
}
