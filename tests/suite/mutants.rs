//! The patches of `tests/mutants`, each of which takes one check away: they must fit the present
//! tree and name a test that exists. That the test then fails is shown by `make mutants`, which
//! takes long.

use std::fs;
use std::path::{Path, PathBuf};

use crate::context::git_command;

/// What the header of a patch says.
#[derive(Debug, PartialEq, Eq)]
struct Header<'a> {
    removes: &'a str,
    binary: &'a str,
    test: &'a str,
}

/// Reads the lines above the first `diff`.
fn header(patch: &str) -> Result<Header<'_>, String> {
    let lines = patch.lines().take_while(|line| !line.starts_with("diff "));
    let field = |name: &str| {
        let mut values = lines.clone().filter_map(|line| line.strip_prefix(name));
        match (values.next(), values.next()) {
            (Some(value), None) if !value.trim().is_empty() => Ok(value.trim()),
            (Some(_), None) => Err(format!("{name:?} says nothing")),
            (Some(_), Some(_)) => Err(format!("{name:?} stands there twice")),
            (None, _) => Err(format!("{name:?} is missing")),
        }
    };
    let removes = field("Removes: ")?;
    let killed_by = field("Killed-by: ")?;
    let (binary, test) = killed_by
        .split_once(' ')
        .ok_or_else(|| format!("{killed_by:?} is not a test binary and a test"))?;
    Ok(Header {
        removes,
        binary,
        test,
    })
}

/// The files of the suite in which a test can be, by the path of its module, and its function.
fn places(test: &str) -> Option<(Vec<String>, &str)> {
    let (modules, function) = test.rsplit_once("::")?;
    let modules: Vec<&str> = modules.split("::").collect();
    // The last module may stand in the file of the one above it.
    let file = |length: usize| {
        let modules = modules.get(..length).filter(|part| !part.is_empty())?;
        Some(format!("tests/suite/{}.rs", modules.join("/")))
    };
    let lengths = [modules.len(), modules.len() - 1];
    Some((lengths.into_iter().filter_map(file).collect(), function))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn patches() -> Vec<(PathBuf, String)> {
    let folder = root().join("tests/mutants");
    let mut patches: Vec<_> = fs::read_dir(folder)
        .expect("tests/mutants can be read")
        .map(|entry| entry.expect("the entry can be read").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "patch")
        })
        .map(|path| {
            let text = fs::read_to_string(&path).expect("a patch is text");
            (path, text)
        })
        .collect();
    patches.sort();
    assert!(!patches.is_empty(), "there are no patches");
    patches
}

#[test]
fn every_patch_names_a_test_that_exists() {
    let mut complaints = Vec::new();
    for (path, patch) in patches() {
        let name = path.display();
        match header(&patch) {
            Err(complaint) => complaints.push(format!("{name}: {complaint}")),
            Ok(header) if header.binary != "suite" => {
                complaints.push(format!("{name}: {} is not the suite", header.binary));
            }
            Ok(header) => {
                let found = places(header.test).is_some_and(|(files, function)| {
                    files.iter().any(|file| {
                        fs::read_to_string(root().join(file))
                            .is_ok_and(|source| source.contains(&format!("fn {function}(")))
                    })
                });
                if !found {
                    complaints.push(format!("{name}: there is no test {}", header.test));
                }
            }
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn every_patch_applies() {
    let mut complaints = Vec::new();
    for (path, _) in patches() {
        let output = git_command(&root())
            .args(["apply", "--check"])
            .arg(&path)
            .output()
            .expect("git can be started");
        if !output.status.success() {
            complaints.push(format!(
                "{}: {}",
                path.display(),
                String::from_utf8_lossy(&output.stderr)
            ));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn a_header_says_what_is_removed_and_which_test_notices() {
    let patch = "Removes: the limit\nKilled-by: suite sandbox::fuel\n\ndiff --git a/a b/a\n";
    assert_eq!(
        header(patch),
        Ok(Header {
            removes: "the limit",
            binary: "suite",
            test: "sandbox::fuel"
        })
    );
    for patch in [
        "Removes: the limit\n",
        "Killed-by: suite sandbox::fuel\n",
        "Removes: the limit\nKilled-by: sandbox::fuel\n",
        "Removes:  \nKilled-by: suite sandbox::fuel\n",
        "Removes: the limit\nKilled-by: suite a::b\nKilled-by: suite a::c\n",
        "diff --git a/a b/a\nRemoves: the limit\nKilled-by: suite sandbox::fuel\n",
    ] {
        assert!(header(patch).is_err(), "{patch}");
    }
}

#[test]
fn a_test_is_looked_for_in_the_file_of_its_module() {
    let files = |test| places(test).map(|(files, function)| (files.join(" "), function));
    assert_eq!(
        files("sandbox::fuel"),
        Some(("tests/suite/sandbox.rs".to_owned(), "fuel"))
    );
    assert_eq!(
        files("sandbox::limits::fuel"),
        Some((
            "tests/suite/sandbox/limits.rs tests/suite/sandbox.rs".to_owned(),
            "fuel"
        ))
    );
    assert_eq!(files("fuel"), None);
}
