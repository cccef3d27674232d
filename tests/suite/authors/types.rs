//! The types that editors and type checkers read: what the tools of each language make of the
//! contract, and the kit and the examples held against them.

use std::collections::BTreeMap;

use super::languages::{OTHER_KINDS, tool, tools};
use super::*;

/// With this variable the tests write the types anew.
const UPDATE: &str = "HOLDPOINT_UPDATE_TYPES";

/// The contract as one text: a package may be named once in a file.
fn contract() -> String {
    let mut files = holdpoint_build::WIT_FILES.iter();
    let (_, first) = files.next().expect("a file");
    let mut text = (*first).to_owned();
    for (_, more) in files {
        let lines = more.lines().filter(|line| !line.starts_with("package "));
        for line in lines {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

/// The files below a folder, without blanks at the ends of lines and what Python has compiled.
fn files(folder: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            if path.file_name().is_some_and(|name| name == "__pycache__") {
                continue;
            }
            for entry in fs::read_dir(&path).expect("a folder") {
                waiting.push(entry.expect("an entry").path());
            }
        } else {
            let text = fs::read_to_string(&path).expect("a text");
            let lines = text.lines().map(|line| line.trim_end().to_owned() + "\n");
            let name = path.strip_prefix(folder).expect("a path below it");
            found.insert(name.to_owned(), lines.collect());
        }
    }
    found
}

/// Holds a folder of the kit against what a tool has made.
#[track_caller]
fn hold(made: &Path, folder: &str) {
    let kept = root().join(folder);
    let made = files(made);
    assert!(made.len() > 10, "{made:?}");
    if std::env::var_os(UPDATE).is_some() {
        let _ = fs::remove_dir_all(&kept);
        for (name, text) in &made {
            let path = kept.join(name);
            fs::create_dir_all(path.parent().expect("its folder")).expect("a folder");
            fs::write(path, text).expect("a file of the kit");
        }
    }
    let kept = if kept.is_dir() {
        files(&kept)
    } else {
        BTreeMap::new()
    };
    let names = made.keys().chain(kept.keys());
    let differ: Vec<_> = names
        .filter(|name| made.get(*name) != kept.get(*name))
        .collect();
    assert!(
        differ.is_empty(),
        "{folder} is not what the contract makes: run this test with {UPDATE}=1 and commit it: {differ:?}"
    );
}

#[track_caller]
fn run(command: &mut Command) {
    let ran = command.output().expect("the tool can be started");
    assert!(ran.status.success(), "{ran:?}");
}

#[test]
fn types_of_javascript_are_those_of_the_contract() {
    tool("javascript/node_modules/@bytecodealliance/jco-transpile/package.json");
    let context = Context::new();
    let text = context.write("contract.wit", contract());
    let made = context.path().join("made");
    run(Command::new("node")
        .arg(root().join("tests/suite/authors/types.mjs"))
        .arg(fs::canonicalize(tools().join("javascript")).expect("the tools"))
        .args([&text, &made]));
    hold(&made, "sdk/js/contract");
}

#[test]
fn types_of_python_are_those_of_the_contract() {
    let program = tool("python/bin/componentize-py");
    let context = Context::new();
    let made = context.path().join("made");
    run(Command::new(program)
        .args(["--quiet", "--world", "every-kind", "--wit-path"])
        .arg(root().join("wit/since-v0.1.0"))
        .arg("bindings")
        .arg(&made));
    // What a tool needs when the plugin runs is nothing that an author writes against.
    let kept = context.path().join("kept");
    fs::create_dir(&kept).expect("a folder");
    for name in ["wit_world", "componentize_py_types.py"] {
        fs::rename(made.join(name), kept.join(name)).expect("it is made");
    }
    hold(&kept, "sdk/python/contract");
}

/// What a checker says of a plugin with mistakes in the folder that an author has. The plugin imports
/// the one of every kind and the examples, in which nothing is to be found.
fn checked(language: &str, ending: &str, sources: [&str; 2], mut checker: Command) -> String {
    let context = Context::new();
    let new = ["plugin", "new", "no-drafts", "--lang", language];
    ran(&context, context.path(), &new).expect_code(0);
    let plugin = context.path().join("no-drafts");
    let module = format!("plugin.{ending}");
    for kind in OTHER_KINDS.into_iter().chain(["policy"]) {
        let example = root().join("host/templates").join(kind).join(&module);
        let named = plugin.join(format!("{kind}_example.{ending}"));
        fs::copy(example, named).expect("the example");
    }
    let [every_kind, mistaken] = sources;
    let named = plugin.join(format!("every_kind.{ending}"));
    fs::write(named, every_kind).expect("the plugin of every kind");
    fs::write(plugin.join(module), mistaken).expect("the plugin");
    let refused = Ran::of(checker.current_dir(&plugin).output());
    assert!(refused.code != 0, "{}", refused.stdout);
    refused.stdout
}

#[test]
fn an_editor_knows_the_types_in_javascript() {
    let mut checker = Command::new(tool("javascript/node_modules/.bin/tsc"));
    checker.args(["--project", "jsconfig.json"]);
    let mistaken = "import \"./every_kind.js\";\nimport \"./policy_example.js\";\n\
                    /** @type {import(\"./vendor/holdpoint/types\").Check} */\n\
                    export const check = ({ subject }) => [{ rule: subject.title, words: \"m\" }];\n";
    let sources = [include_str!("every_kind/plugin.js"), mistaken];
    insta::assert_snapshot!(checked("javascript", "js", sources, checker));
}

#[test]
fn an_editor_knows_the_types_in_python() {
    let mut checker = Command::new(tool("python/bin/mypy"));
    checker.args(["--strict", "--no-color-output", "--cache-dir=/dev/null"]);
    let mistaken = "from typing import Any\n\
                    import every_kind, policy_example\n\
                    from holdpoint import Finding, Release, finding\n\n\n\
                    def check(release: Release, settings: dict[str, Any]) -> list[Finding]:\n    \
                        return [finding(release.subject.title, words=\"m\")]\n";
    let sources = [include_str!("every_kind/plugin.py"), mistaken];
    insta::assert_snapshot!(checked("python", "py", sources, checker));
}
