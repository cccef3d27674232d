//! The contract of released versions: its files never change, and what was built against them runs in
//! every later version and comes to the same.

use std::fs;
use std::path::{Path, PathBuf};

use holdpoint::model::Digest;

use crate::context::Context;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The names in a folder, in order.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("an entry").file_name())
        .map(|name| name.into_string().expect("UTF-8"))
        .collect();
    names.sort();
    names
}

#[test]
fn the_files_of_a_released_contract_do_not_change() {
    let wit = root().join("wit");
    let mut released = 0;
    for list in names(&wit) {
        let Some(version) = list.strip_suffix(".sha256") else {
            continue;
        };
        released += 1;
        let folder = wit.join(version);
        let lines = names(&folder).into_iter().map(|name| {
            let bytes = fs::read(folder.join(&name)).expect("a file");
            let digest = Digest::of(&bytes).to_string();
            [digest.trim_start_matches("sha256:"), "  ", &name, "\n"].concat()
        });
        let found = lines.collect::<Vec<_>>().concat();
        let frozen = fs::read_to_string(wit.join(&list)).expect("the digests");
        assert_eq!(
            found, frozen,
            "{version} is released: a change of the contract is a folder of its own, and another version"
        );
    }
    assert_eq!(released, 1);
}

#[test]
fn what_was_built_against_a_released_contract_comes_to_the_same() {
    let context = Context::new();
    let frozen = root().join("tests/frozen");
    let mut kinds = std::collections::BTreeSet::new();
    for version in names(&frozen) {
        for plugin in names(&frozen.join(&version)) {
            let folder = frozen.join(&version).join(&plugin);
            let component = folder.join("plugin.wasm");
            let (folder, component) = (folder.to_str(), component.to_str());
            let (folder, component) = (folder.expect("a path"), component.expect("a path"));
            let test = ["plugin", "test", folder, "--built", component];
            let ran = context.holdpoint(context.path(), test);
            assert_eq!(ran.code, 0, "{version}/{plugin}\n{}", ran.stdout);
            let inspect = ["plugin", "inspect", component, "--format", "json"];
            let inspected = context
                .holdpoint(context.path(), inspect)
                .expect_code(0)
                .json();
            let found = inspected["manifest"]["kinds"].as_array().expect("kinds");
            kinds.extend(
                found
                    .iter()
                    .map(|kind| kind.as_str().expect("a kind").to_owned()),
            );
        }
    }
    // Every kind is among them.
    assert_eq!(kinds.len(), 7, "{kinds:?}");
}
