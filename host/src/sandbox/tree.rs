use std::sync::Arc;

use super::bindings::since_v0_1_0::interfaces::tree::TreeError;
use super::failure::Refusal;
use crate::model::{Grants, Text};
use crate::release::{Tree, TreeError as ReadError};

/// Bytes of one file that a guest reads. A value this large crosses in one piece.
const FILE_BYTES_MAX: u64 = 16 << 20;
/// Names in one folder that a guest reads.
const FOLDER_NAMES_MAX: usize = 10_000;

/// The files of the judged commit as one guest may see them. Without a tree there is nothing.
pub(super) struct GrantedTree {
    grants: Arc<Grants>,
    tree: Option<Arc<Tree>>,
}

type Answer<T> = wasmtime::Result<Result<T, TreeError>>;

impl GrantedTree {
    pub(super) fn new(grants: Arc<Grants>, tree: Option<Arc<Tree>>) -> Self {
        Self { grants, tree }
    }

    /// The bytes of a file.
    pub(super) fn read(&self, path: &str) -> Answer<Vec<u8>> {
        match &self.tree {
            Some(tree) if self.grants.allow_file(path) => {
                answered(path, tree.read(path, FILE_BYTES_MAX))
            }
            _ => Ok(Err(TreeError::NotGranted)),
        }
    }

    /// The names in a folder.
    pub(super) fn entries(&self, folder: &str) -> Answer<Vec<String>> {
        match &self.tree {
            Some(tree) if self.grants.allow_folder(folder) => {
                let plain = folder.strip_suffix('/').unwrap_or(folder);
                let names = tree.entries(plain, FOLDER_NAMES_MAX).map(|names| {
                    let names = names.iter().map(|name| name.raw().to_owned());
                    names.collect()
                });
                answered(folder, names)
            }
            _ => Ok(Err(TreeError::NotGranted)),
        }
    }
}

/// A repository that cannot be read ends the call: it is no answer that a guest could go on with.
fn answered<T>(path: &str, read: Result<T, ReadError>) -> Answer<T> {
    Ok(Err(match read {
        Ok(value) => return Ok(Ok(value)),
        Err(ReadError::Missing) => TreeError::Missing,
        Err(ReadError::NotThat) => TreeError::NotAFile,
        Err(ReadError::TooLarge) => TreeError::TooLarge,
        Err(ReadError::Repository(error)) => {
            return Err(Refusal(Text::from(format!(
                "`{path}` of the judged commit could not be read for it: {error}"
            )))
            .into());
        }
    }))
}
