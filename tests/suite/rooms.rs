//! The rules of the house, held against the source text: which room may use which, what a file may
//! be called and how long it may be, and what may not stand in it. Each rule is a function from
//! text to complaints, with an example of what it must refuse.

use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The rooms of `host/src` from high to low. A room uses only what comes after it.
const ROOMS: [&str; 8] = [
    "cli", "report", "pipeline", "plugin", "sandbox", "store", "release", "model",
];

/// Crates that one room keeps to itself, so that it can be replaced or audited in one place.
const KEPT_BY: [(&str, &str); 10] = [
    ("clap", "cli"),
    ("clap_complete", "cli"),
    ("gix", "release"),
    ("hyper", "sandbox"),
    ("hyper_util", "sandbox"),
    ("sqlx", "store"),
    ("ssh_key", "plugin"),
    ("tokio_rustls", "sandbox"),
    ("wasmtime", "sandbox"),
    ("wasmtime_wasi", "sandbox"),
];

/// Which packages of the workspace may not depend on which. `plugins/*` stands for every package in
/// that folder: nothing is built on a standard plugin, for all of them are reached as built files.
const FORBIDDEN_DEPENDENCIES: [(&str, &[&str]); 8] = [
    (
        "holdpoint",
        &["holdpoint-sdk", "holdpoint-sdk-macros", STANDARD_PLUGINS],
    ),
    (
        "holdpoint-build",
        &["holdpoint", "holdpoint-sdk", STANDARD_PLUGINS],
    ),
    (
        "holdpoint-conventional",
        &[
            "holdpoint",
            "holdpoint-build",
            "holdpoint-sdk",
            "wasmtime",
            STANDARD_PLUGINS,
        ],
    ),
    (
        "holdpoint-documents",
        &[
            "holdpoint",
            "holdpoint-build",
            "holdpoint-sdk",
            "wasmtime",
            STANDARD_PLUGINS,
        ],
    ),
    (
        "holdpoint-sdk",
        &[
            "holdpoint",
            "holdpoint-build",
            "holdpoint-notes",
            "wasmtime",
            STANDARD_PLUGINS,
        ],
    ),
    (
        "holdpoint-notes",
        &["holdpoint", "holdpoint-build", "wasmtime", STANDARD_PLUGINS],
    ),
    ("holdpoint-tests", &["holdpoint-sdk", STANDARD_PLUGINS]),
    (
        STANDARD_PLUGINS,
        &["holdpoint", "holdpoint-build", "wasmtime", STANDARD_PLUGINS],
    ),
];

const STANDARD_PLUGINS: &str = "plugins/*";

/// The files that may hold `unsafe`: the attribute of an export that the SDK makes, and the one place
/// where machine code is taken as such.
const MAY_BE_UNSAFE: [&str; 2] = ["host/src/sandbox/machine_code.rs", "sdk/src/export.rs"];

const LINES_MAX: usize = 800;

/// Names that say nothing about what is in a file.
const EMPTY_NAMES: [&str; 9] = [
    "mod", "util", "utils", "common", "helper", "helpers", "imp", "misc", "shared",
];

// Rooms

/// What the file of module `module` names that its room may not use. `insides` are the modules that
/// their room does not show.
fn room_complaints(module: &[String], insides: &[Vec<String>], text: &str) -> Vec<String> {
    let Some(room) = module.first() else {
        return Vec::new();
    };
    let mut complaints = Vec::new();
    let tokens = tokens(text);
    for path in paths(&tokens, module) {
        let name = format!("crate::{}", path.join("::"));
        let Some(used) = path.first() else {
            complaints.push(format!(
                "{name} stands for the whole house: name what is used"
            ));
            continue;
        };
        match (number(room), number(used)) {
            (Some(own), Some(other)) if own > other => {
                complaints.push(format!("{name} is above the room {room}"));
            }
            (_, None) => complaints.push(format!("{name} is in no room")),
            _ => {}
        }
        if room != used
            && let Some(inside) = insides.iter().find(|inside| path.starts_with(inside))
        {
            complaints.push(format!("{name}: {} is an inside", inside.join("::")));
        }
    }
    for (kept, by) in KEPT_BY {
        if by != room && any_ident(&tokens, &|ident| ident == kept) {
            complaints.push(format!("{kept} is kept by the room {by}"));
        }
    }
    complaints
}

fn number(room: &str) -> Option<usize> {
    ROOMS.iter().position(|known| *known == room)
}

/// Every path that begins with `crate`, `self` or `super`, written out from the crate's root. Trees
/// in braces are taken apart. Macro bodies are read like any other code.
fn paths(tokens: &[TokenTree], module: &[String]) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        match &tokens[at] {
            TokenTree::Ident(word) if word == "mod" => {
                if let (Some(TokenTree::Ident(name)), Some(TokenTree::Group(body))) =
                    (tokens.get(at + 1), tokens.get(at + 2))
                {
                    let mut inner = module.to_vec();
                    inner.push(name.to_string());
                    found.extend(paths(&list(body.stream()), &inner));
                    at += 2;
                }
            }
            TokenTree::Ident(word) if follows_no_path(tokens, at) => {
                let start = match word.to_string().as_str() {
                    "crate" => Some(Vec::new()),
                    "self" => Some(module.to_vec()),
                    "super" => Some(parent(module)),
                    _ => None,
                };
                if let Some(start) = start {
                    let renamed = is_ident(tokens.get(at + 1), "as");
                    if renamed && word != "self" {
                        found.push(start);
                    } else if is_path_separator(tokens, at + 1) {
                        path_tree(&tokens[at + 3..], start, &mut found);
                    }
                }
            }
            TokenTree::Group(group) => found.extend(paths(&list(group.stream()), module)),
            _ => {}
        }
        at += 1;
    }
    found
}

/// The rest of a path after `::`, with its branches.
fn path_tree(tokens: &[TokenTree], mut path: Vec<String>, found: &mut Vec<Vec<String>>) {
    match tokens.first() {
        Some(TokenTree::Ident(word)) => {
            match word.to_string().as_str() {
                "super" => path = parent(&path),
                "self" => {}
                name => path.push(name.to_owned()),
            }
            if is_path_separator(tokens, 1) {
                path_tree(&tokens[3..], path, found);
            } else {
                found.push(path);
            }
        }
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
            for branch in list(group.stream())
                .split(|token| matches!(token, TokenTree::Punct(mark) if mark.as_char() == ','))
                .filter(|branch| !branch.is_empty())
            {
                path_tree(branch, path.clone(), found);
            }
        }
        _ => found.push(path),
    }
}

fn parent(module: &[String]) -> Vec<String> {
    module[..module.len().saturating_sub(1)].to_vec()
}

fn follows_no_path(tokens: &[TokenTree], at: usize) -> bool {
    at < 2 || !is_path_separator(tokens, at - 2)
}

fn is_path_separator(tokens: &[TokenTree], at: usize) -> bool {
    let colon =
        |at: usize| matches!(tokens.get(at), Some(TokenTree::Punct(mark)) if mark.as_char() == ':');
    colon(at) && colon(at + 1)
}

fn is_ident(token: Option<&TokenTree>, name: &str) -> bool {
    matches!(token, Some(TokenTree::Ident(word)) if word == name)
}

/// The modules that the file of module `module` declares and does not show to everybody. The
/// compiler keeps the rooms out of what is private; this is for what is `pub(crate)`.
fn insides(module: &[String], text: &str) -> Vec<Vec<String>> {
    let tokens = tokens(text);
    tokens
        .iter()
        .enumerate()
        .filter(|(at, token)| {
            is_ident(Some(token), "mod") && (*at == 0 || !is_ident(tokens.get(at - 1), "pub"))
        })
        .filter_map(|(at, _)| match tokens.get(at + 1) {
            Some(TokenTree::Ident(name)) => {
                let mut inside = module.to_vec();
                inside.push(name.to_string());
                Some(inside)
            }
            _ => None,
        })
        .collect()
}

/// The module of a file below `src`: `a/b.rs` is `a::b`.
fn module_of(file: &str) -> Option<Vec<String>> {
    let stem = file.strip_suffix(".rs")?;
    match stem {
        "lib" | "main" => Some(Vec::new()),
        _ => Some(stem.split('/').map(str::to_owned).collect()),
    }
}

// Dependencies

/// What the package of a `Cargo.toml` depends on and may not.
fn dependency_complaints(plugins: &[String], manifest: &str) -> Vec<String> {
    let manifest: toml::Table = manifest.parse().expect("a Cargo.toml is TOML");
    let Some(name) = manifest
        .get("package")
        .and_then(|package| package.get("name"))
        .and_then(toml::Value::as_str)
    else {
        return Vec::new();
    };
    let is = |package: &str, named: &str| {
        package == named
            || (named == STANDARD_PLUGINS && plugins.iter().any(|known| known == package))
    };
    let depends_on = dependencies(&manifest);
    FORBIDDEN_DEPENDENCIES
        .iter()
        .filter(|(package, _)| is(name, package))
        .flat_map(|(_, forbidden)| forbidden.iter())
        .flat_map(|forbidden| depends_on.iter().filter(|found| is(found, forbidden)))
        .map(|found| format!("{name} depends on {found}"))
        .collect()
}

/// The names of the packages in `plugins`: those of their folders.
fn standard_plugins() -> Vec<String> {
    sources()
        .into_iter()
        .filter_map(|source| {
            let folder = source
                .path
                .strip_prefix("plugins/")?
                .strip_suffix("/Cargo.toml")?;
            Some(folder.to_owned())
        })
        .collect()
}

/// The packages in every table of dependencies, also in those for one target.
fn dependencies(table: &toml::Table) -> Vec<String> {
    let mut found = Vec::new();
    for (key, value) in table {
        let toml::Value::Table(value) = value else {
            continue;
        };
        if key.ends_with("dependencies") {
            found.extend(value.iter().map(|(name, dependency)| {
                let renamed = dependency.get("package").and_then(toml::Value::as_str);
                renamed.unwrap_or(name).to_owned()
            }));
        } else {
            found.extend(dependencies(value));
        }
    }
    found
}

// Files

/// What is wrong with the name or the length of a file with code in it.
fn file_complaints(path: &str, text: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    let lines = text.lines().count();
    if lines > LINES_MAX {
        complaints.push(format!("{lines} lines; at most {LINES_MAX}"));
    }
    for part in path.split('/') {
        let stem = part.split('.').next().unwrap_or(part);
        if EMPTY_NAMES.contains(&stem) {
            complaints.push(format!("{stem} says nothing about what is in it"));
        }
    }
    complaints
}

/// What stands in Rust code and may not.
fn code_complaints(path: &str, text: &str) -> Vec<String> {
    let tokens = tokens(text);
    let mut complaints: Vec<String> = ["todo", "unimplemented", "dbg"]
        .into_iter()
        .filter(|name| calls_macro(&tokens, name))
        .map(|name| format!("{name}! is for the time of writing"))
        .collect();
    if !MAY_BE_UNSAFE.contains(&path) && any_ident(&tokens, &|word| word == "unsafe") {
        complaints.push("unsafe stands only where compiled code is mapped".to_owned());
    }
    if has_path_attribute(&tokens) {
        complaints.push("#[path] hides which room a file belongs to".to_owned());
    }
    complaints
}

fn calls_macro(tokens: &[TokenTree], name: &str) -> bool {
    let here = tokens.windows(2).any(|pair| {
        is_ident(pair.first(), name)
            && matches!(&pair[1], TokenTree::Punct(mark) if mark.as_char() == '!')
    });
    here || groups(tokens).any(|inner| calls_macro(&inner, name))
}

fn has_path_attribute(tokens: &[TokenTree]) -> bool {
    let here = tokens.windows(2).any(|pair| match pair {
        [TokenTree::Punct(mark), TokenTree::Group(attribute)] if mark.as_char() == '#' => {
            is_ident(list(attribute.stream()).first(), "path")
        }
        _ => false,
    });
    here || groups(tokens).any(|inner| has_path_attribute(&inner))
}

fn any_ident(tokens: &[TokenTree], holds: &dyn Fn(&str) -> bool) -> bool {
    tokens
        .iter()
        .any(|token| matches!(token, TokenTree::Ident(word) if holds(&word.to_string())))
        || groups(tokens).any(|inner| any_ident(&inner, holds))
}

fn groups(tokens: &[TokenTree]) -> impl Iterator<Item = Vec<TokenTree>> + '_ {
    tokens.iter().filter_map(|token| match token {
        TokenTree::Group(group) => Some(list(group.stream())),
        _ => None,
    })
}

fn tokens(text: &str) -> Vec<TokenTree> {
    list(text.parse().expect("the file is Rust"))
}

fn list(stream: TokenStream) -> Vec<TokenTree> {
    stream.into_iter().collect()
}

/// Words that belong to one person's machine or to unfinished work, in any text.
fn word_complaints(text: &str) -> Vec<String> {
    // Taken apart, so that this file can be held against its own rule.
    let words = [
        concat!("/ho", "me/"),
        concat!("/ro", "ot/"),
        concat!("/Us", "ers/"),
        concat!("/wo", "rk/"),
        concat!("../sha", "red"),
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
    ];
    words
        .into_iter()
        .filter(|word| text.contains(word))
        .map(|word| format!("{word} belongs to a machine or to unfinished work"))
        .collect()
}

// The tests over this repository

/// A text file of this repository.
struct Source {
    /// From the root, with slashes.
    path: String,
    text: String,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every file of this repository that is text, apart from what was built.
fn sources() -> Vec<Source> {
    fn walk(root: &Path, folder: &Path, sources: &mut Vec<Source>) {
        for entry in fs::read_dir(folder).expect("the folder can be read") {
            let path = entry.expect("the entry can be read").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            let built = ["target", "node_modules", "__pycache__", ".git"].contains(&&*name);
            if built || path.is_symlink() {
                continue;
            }
            if path.is_dir() {
                walk(root, &path, sources);
            } else if path.is_file()
                && let Ok(text) = fs::read_to_string(&path)
            {
                let path = path.strip_prefix(root).expect("it lies below the root");
                sources.push(Source {
                    path: path.to_string_lossy().replace('\\', "/"),
                    text,
                });
            }
        }
    }
    let mut sources = Vec::new();
    walk(&root(), &root(), &mut sources);
    assert!(
        sources
            .iter()
            .any(|source| source.path == "host/src/lib.rs"),
        "the walk missed the host"
    );
    sources
}

/// Holds every source whose path ends with one of `endings` against a rule.
#[track_caller]
fn hold(endings: &[&str], rule: impl Fn(&Source) -> Vec<String>) {
    let complaints: Vec<String> = sources()
        .iter()
        .filter(|source| endings.iter().any(|ending| source.path.ends_with(ending)))
        .flat_map(|source| {
            rule(source)
                .into_iter()
                .map(|complaint| format!("{}: {complaint}", source.path))
        })
        .collect();
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn rooms_use_lower_rooms_and_no_insides() {
    let in_house = |source: &Source| module_of(source.path.strip_prefix("host/src/")?);
    let mut hidden = Vec::new();
    for source in sources() {
        let Some(module) = in_house(&source) else {
            continue;
        };
        if let Some(room) = module.first() {
            assert!(number(room).is_some(), "{} is in no room", source.path);
            hidden.extend(insides(&module, &source.text));
        }
    }
    hold(&[".rs"], |source| {
        in_house(source).map_or_else(Vec::new, |module| {
            room_complaints(&module, &hidden, &source.text)
        })
    });
}

#[test]
fn packages_depend_in_one_direction() {
    let plugins = standard_plugins();
    assert!(plugins.iter().any(|name| name == "conventional-commits"));
    hold(&["/Cargo.toml"], |source| {
        dependency_complaints(&plugins, &source.text)
    });
}

#[test]
fn files_are_short_and_named_for_what_is_in_them() {
    hold(&[".rs", ".js", ".py", ".wit"], |source| {
        file_complaints(&source.path, &source.text)
    });
}

#[test]
fn code_is_finished_and_safe() {
    hold(&[".rs"], |source| {
        code_complaints(&source.path, &source.text)
    });
}

#[test]
fn texts_name_no_machine() {
    hold(&[""], |source| word_complaints(&source.text));
}

// The tests of the rules

fn split(path: &str) -> Vec<String> {
    path.split("::").map(str::to_owned).collect()
}

/// The complaints of `text` as the file of `module`, in a house with two insides.
fn judged(module: &str, text: &str) -> Vec<String> {
    let insides = [split("model::text"), split("sandbox::bindings")];
    room_complaints(&split(module), &insides, text)
}

#[test]
fn a_higher_room_is_refused_however_it_is_written() {
    for text in [
        "use crate::pipeline::Record;",
        "use crate :: pipeline\n    :: Record;",
        "use crate::{model::Text, pipeline::{self, Record}};",
        "use super::super::pipeline::Record;",
        "use crate::{self as house};",
        "use crate as house;",
        "use crate::*;",
        "fn f() -> crate::pipeline::Record { g() }",
        "fn f() { println!(\"{}\", crate::pipeline::NAME) }",
        "mod inner { use super::super::super::pipeline::Record; }",
        "pub use crate::pipeline as below;",
    ] {
        assert_ne!(judged("sandbox::engine", text), [""; 0], "{text}");
    }
}

#[test]
fn lower_rooms_and_neighbours_are_allowed() {
    for text in [
        "use crate::model::{Text, Verdict};",
        "use super::limits::Limits;",
        "use super::bindings;",
        "use crate::release::{self, Collected};",
        "// use crate::pipeline::Record;\nfn f() { let _ = \"crate::pipeline::Record\"; }",
        "pub(in crate::sandbox) fn f() {}",
        "mod tests { use super::*; }",
        "fn f(&self) { self.call() }",
        "use std::{self, fmt};",
    ] {
        assert_eq!(judged("sandbox::engine", text), [""; 0], "{text}");
    }
}

#[test]
fn the_inside_of_another_room_is_refused() {
    assert_eq!(
        judged("sandbox::engine", "use crate::model::text::Escaped;"),
        ["crate::model::text::Escaped: model::text is an inside"]
    );
    for text in [
        "use super::bindings::first::Api;",
        "use crate::model::Text;",
        "use crate::model::shown::Text;",
    ] {
        assert_eq!(judged("sandbox::engine", text), [""; 0], "{text}");
    }
}

#[test]
fn a_module_is_an_inside_unless_it_is_public() {
    let text = "pub mod json; mod human; pub(crate) mod words; #[cfg(unix)] pub mod unix;";
    assert_eq!(
        insides(&split("report"), text),
        [split("report::human"), split("report::words")]
    );
}

#[test]
fn a_crate_that_another_room_keeps_is_refused() {
    assert_eq!(
        judged("pipeline", "use gix::Repository;"),
        ["gix is kept by the room release"]
    );
    assert_eq!(judged("release", "use gix::Repository;"), [""; 0]);
}

#[test]
fn a_dependency_upwards_is_refused() {
    for dependency in [
        "[dependencies]\nholdpoint-sdk.workspace = true",
        "[dev-dependencies]\nholdpoint-sdk = { path = \"../sdk\" }",
        "[build-dependencies]\nrenamed = { package = \"holdpoint-sdk\", version = \"1\" }",
        "[target.'cfg(unix)'.dependencies]\nholdpoint-sdk = \"1\"",
    ] {
        let manifest = format!("[package]\nname = \"holdpoint\"\n{dependency}\n");
        assert_eq!(
            dependency_complaints(&[], &manifest),
            ["holdpoint depends on holdpoint-sdk"],
            "{dependency}"
        );
    }
    assert_eq!(
        dependency_complaints(
            &[],
            "[package]\nname = \"holdpoint\"\n[dependencies]\ngix = \"1\"\n"
        ),
        [""; 0]
    );
    let plugins = ["one".to_owned(), "other".to_owned()];
    for (name, dependency) in [("holdpoint", "one"), ("one", "wasmtime"), ("one", "other")] {
        let manifest =
            format!("[package]\nname = \"{name}\"\n[dependencies]\n{dependency} = \"1\"\n");
        assert_eq!(
            dependency_complaints(&plugins, &manifest),
            [format!("{name} depends on {dependency}")]
        );
    }
}

#[test]
fn long_files_and_empty_names_are_refused() {
    let long = "line\n".repeat(LINES_MAX + 1);
    assert_eq!(
        file_complaints("host/src/model.rs", &long),
        ["801 lines; at most 800"]
    );
    assert_eq!(
        file_complaints("host/src/model.rs", &"line\n".repeat(LINES_MAX)),
        [""; 0]
    );
    for path in [
        "host/src/model/mod.rs",
        "sdk/js/utils.js",
        "host/src/common/text.rs",
    ] {
        assert_eq!(file_complaints(path, "").len(), 1, "{path}");
    }
}

#[test]
fn unfinished_and_unsafe_code_is_refused() {
    for code in [
        "fn f() { todo!() }",
        "fn f() { unimplemented ! (\"later\") }",
        "fn f() { let a = dbg!(1); }",
        "fn f() { unsafe { g() } }",
        "unsafe impl Send for A {}",
        "#[path = \"elsewhere.rs\"] mod a;",
    ] {
        assert_eq!(
            code_complaints("host/src/model.rs", code).len(),
            1,
            "{code}"
        );
    }
    assert_eq!(
        code_complaints(
            "host/src/model.rs",
            "// todo!() and unsafe are only words here\nfn f() -> &'static str { \"dbg!\" }"
        ),
        [""; 0]
    );
}

#[test]
fn words_of_a_machine_are_refused() {
    assert_eq!(word_complaints(concat!("see /ho", "me/ada/notes")).len(), 1);
    assert_eq!(word_complaints(concat!("TO", "DO: later")).len(), 1);
    assert_eq!(word_complaints("the home of the tool"), [""; 0]);
}
