//! Building, stamping, reading and inspecting plugins, and holding settings against their schema.

mod inspect;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use holdpoint::model::{Grants, TreeGrant};
use holdpoint::plugin::{self, Source};
use holdpoint_build::{
    API_VERSION, BuildError, BuildRequest, BuiltPlugin, Capability, CapabilityRequest, Import,
    Kind, MANIFEST_SECTION, Manifest, PluginToml, ReadError, Rule, SchemaError, SettingsSchema,
    Severity, WorldError, build_plugin, check_world, inspect, read_manifest, stamp,
};
use proptest::prelude::*;
use semver::Version;
use serde_json::{Value, json};
use wasm_encoder::ComponentSection as _;

use crate::context::{Context, Ran};

/// A component with nothing in it.
const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

fn manifest() -> Manifest {
    Manifest {
        name: "example".to_owned(),
        version: Version::new(1, 2, 3),
        api: API_VERSION,
        description: "An example.".to_owned(),
        kinds: vec![Kind::Policy],
        license: "Apache-2.0".to_owned(),
        authors: vec!["Ada Author".to_owned()],
        rules: vec![Rule {
            id: "rule".to_owned(),
            title: "A rule.".to_owned(),
            severity: Severity::Error,
            help: "Keep it.".to_owned(),
        }],
        settings: json!({
            "type": "object",
            "properties": {"types": {"type": "array", "items": {"type": "string"}}, "mode": {"enum": ["a", "b"]}},
            "additionalProperties": false,
        }),
        capabilities: Vec::new(),
    }
}

fn stamped() -> Vec<u8> {
    stamp(EMPTY.to_vec(), &manifest()).expect("a valid manifest")
}

fn with_section(mut component: Vec<u8>, json: &str) -> Vec<u8> {
    wasm_encoder::CustomSection {
        name: MANIFEST_SECTION.into(),
        data: json.as_bytes().into(),
    }
    .append_to_component(&mut component);
    component
}

/// A component that imports and exports empty instances of these names.
fn component(imports: &[&str], exports: &[&str]) -> Vec<u8> {
    let mut text = String::from("(component ");
    for name in imports {
        let _ = write!(text, "(import \"{name}\" (instance))");
    }
    text.push_str("(component $c) (instance $i (instantiate $c))");
    for name in exports {
        let _ = write!(text, "(export \"{name}\" (instance $i))");
    }
    text.push(')');
    wat::parse_str(&text).expect("a component")
}

fn requests(capability: Capability) -> Vec<CapabilityRequest> {
    vec![CapabilityRequest {
        capability,
        reason: "to look".to_owned(),
    }]
}

/// Writes a Rust plugin whose check is `body`, and gives its folder.
fn scaffold(context: &Context, folder: &str, plugin_toml: &str, body: &str) -> std::path::PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let root = fs::canonicalize(root).expect("the repository");
    let sdk = root.join("sdk").display().to_string();
    context.write(
        &format!("{folder}/Cargo.toml"),
        format!(
            "[package]\nname = \"sample\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\
             [lib]\ncrate-type = [\"cdylib\", \"rlib\"]\n\
             [dependencies]\nholdpoint-sdk = {{ path = {sdk:?} }}\n[workspace]\n"
        ),
    );
    // The versions of the repository, so that nothing has to be fetched.
    let lock = fs::read_to_string(root.join("Cargo.lock")).expect("the lockfile");
    context.write(&format!("{folder}/Cargo.lock"), lock);
    context.write(&format!("{folder}/plugin.toml"), plugin_toml);
    context.write(
        &format!("{folder}/src/lib.rs"),
        format!(
            "#![forbid(unsafe_code)]\n#![deny(warnings)]\n\
             use holdpoint_sdk::{{Fault, Finding, Plugin, Policy, Release}};\n\
             /// Settings.\n#[holdpoint_sdk::settings]\npub struct Settings {{\n\
             /// The most commits.\n pub commits_max: u32 }}\n\
             struct Sample;\nimpl Plugin for Sample {{ type Settings = Settings; }}\n\
             impl Policy for Sample {{\n\
             fn check(release: &Release, settings: &Settings) -> Result<Vec<Finding>, Fault> {{\n\
             {body}\n}}\n}}\nholdpoint_sdk::export!(Sample: policy);\n"
        ),
    );
    context.path().join(folder)
}

const BODY: &str = "let many = release.commits().count() > settings.commits_max as usize; \
    Ok(many.then(|| Finding::new(\"many\", \"too many\")).into_iter().collect())";

const PLUGIN_TOML: &str = r#"
name = "sample"
version = "0.1.0"
description = "A sample."
license = "Apache-2.0"
authors = ["Ada Author"]
kinds = ["policy"]

[[rules]]
id = "many"
title = "There are few commits."
severity = "error"
help = "Release more often."

[capabilities]
commits = "to count them"
"#;

fn build(context: &Context, folder: &Path) -> Result<BuiltPlugin, BuildError> {
    build_plugin(&BuildRequest {
        folder: folder.to_owned(),
        target_folder: context.path().join("target"),
        offline: true,
    })
}

/// Runs `holdpoint plugin build` with the compiler of this machine.
fn build_command(context: &Context, arguments: &[&str]) -> Ran {
    let mut command = context.command_with_compiler(context.path());
    command
        .args(["plugin", "build", "--offline"])
        .args(arguments);
    Ran::of(command.output())
}

/// The page of a plugin without what differs from build to build.
fn redacted(page: &str) -> String {
    let lines = page
        .lines()
        .map(|line| match line.trim_start().split_once(' ') {
            Some(("digest", _)) => "  digest    [digest]",
            Some(("size", _)) => "  size      [size]",
            _ => line,
        });
    lines.collect::<Vec<_>>().join("\n")
}

/// Builds the second folder with the command, which gives these bytes and says what they are.
fn build_through_the_binary(context: &Context, expected: &[u8]) {
    let written = |path: &str| fs::read(context.path().join(path)).expect("it was written");
    let ran = build_command(context, &["second", "--out", "sample.wasm"]).expect_code(0);
    assert!(written("sample.wasm") == expected, "not reproducible");
    insta::assert_snapshot!(redacted(&ran.stdout));

    let ran = build_command(context, &["second", "--format", "json"]).expect_code(0);
    assert!(written("second/target/sample.wasm") == expected);
    let document = ran.json();
    assert_eq!(document["size"], expected.len());
    assert_eq!(document["kinds"], json!(["policy"]));
    assert_eq!(document["manifest"]["name"], "sample");
    let digest = holdpoint::model::Digest::of(expected).to_string();
    assert_eq!(document["digest"], digest);

    let refused = |arguments: &[&str], says: &[&str]| {
        let ran = build_command(context, arguments).expect_code(2);
        assert_eq!(ran.stdout, "");
        for words in says {
            assert!(ran.stderr.contains(words), "{words}\n{}", ran.stderr);
        }
    };
    refused(
        &["second", "--out", "none/sample.wasm"],
        &["none/sample.wasm cannot be written", "`--out`"],
    );
    // A capability that is asked for and not used.
    let more = "commits = \"to count them\"\ntree = \"to read files\"";
    let unused = PLUGIN_TOML.replace("commits = \"to count them\"", more);
    context.write("second/plugin.toml", unused);
    let ran = build_command(context, &["second"]).expect_code(0);
    let row = "tree: to read files (not imported: leave it out of plugin.toml)";
    assert!(ran.stdout.contains(row), "{}", ran.stdout);
    let ran = build_command(context, &["second", "--format", "json"]).expect_code(0);
    assert_eq!(ran.json()["not-imported"], json!(["tree"]));

    let undeclared = PLUGIN_TOML.replace("commits = \"to count them\"", "");
    context.write("second/plugin.toml", undeclared);
    refused(
        &["second"],
        &["the plugin in second was not built", "`commits = "],
    );
}

#[test]
fn what_cannot_be_built_is_refused_before_anything_is_compiled() {
    let context = Context::new();
    context.write("empty/README.md", "");
    context.write(
        "wrong/plugin.toml",
        PLUGIN_TOML.replace("license", "licence"),
    );
    for (folder, words) in [
        ("missing", &["missing", "plugin.toml"][..]),
        ("empty", &["empty", "plugin.toml"]),
        (
            "wrong",
            &["plugin.toml:5", "licence", "did you mean `license`?"],
        ),
    ] {
        let ran = build_command(&context, &[folder]).expect_code(2);
        assert_eq!(ran.stdout, "");
        for word in words {
            assert!(ran.stderr.contains(word), "{word}\n{}", ran.stderr);
        }
        let ran = build_command(&context, &[folder, "--format", "json"]).expect_code(2);
        assert_eq!(ran.json()["error"]["exit_code"], 2);
    }
}

/// One test, because each build takes seconds and they share what is compiled.
#[test]
fn a_plugin_is_built_from_a_folder() {
    let context = Context::new();
    let first = scaffold(&context, "first", PLUGIN_TOML, BODY);
    // The lockfile names more than the plugin needs; cargo takes out what it does not.
    let trimmed = std::process::Command::new("cargo")
        .args(["metadata", "--format-version=1", "--offline", "--quiet"])
        .current_dir(&first)
        .output()
        .expect("cargo can be started");
    assert!(trimmed.status.success(), "{trimmed:?}");
    let built = build(&context, &first).expect("it can be built");
    // What takes the most time, what is compiled for this machine, was compiled once.
    assert!(
        context
            .path()
            .join("target/descriptions/release")
            .is_symlink()
    );

    let inspection = inspect(&built.component).expect("it can be inspected");
    assert_eq!(inspection.kinds, [Kind::Policy]);
    assert_eq!(inspection.other_exports, [""; 0]);
    let given = [
        Import::Model,
        Import::Capability(Capability::Commits),
        Import::Capability(Capability::Log),
    ];
    assert!(
        inspection
            .imports
            .iter()
            .all(|import| given.contains(import)),
        "{:?}",
        inspection.imports
    );
    let settings = &inspection.manifest.settings;
    assert_eq!(settings["required"], json!(["commits-max"]));
    assert_eq!(settings["additionalProperties"], json!(false));
    assert_eq!(
        settings["properties"]["commits-max"]["description"],
        "The most commits."
    );

    // The command, and the same sources in another folder, give the same bytes.
    let second = scaffold(&context, "second", PLUGIN_TOML, BODY);
    fs::copy(first.join("Cargo.lock"), second.join("Cargo.lock")).expect("the lockfile");
    build_through_the_binary(&context, &built.component);

    // A capability that is used and not asked for.
    let undeclared = PLUGIN_TOML.replace("commits = \"to count them\"", "");
    context.write("first/plugin.toml", undeclared);
    let error = build(&context, &first).expect_err("undeclared");
    assert!(
        matches!(
            &error,
            BuildError::World(WorldError::Undeclared {
                capability: Capability::Commits
            })
        ),
        "{error}"
    );
    assert!(error.help().contains("`commits = "), "{}", error.help());

    // A kind that is named and not exported.
    let other = PLUGIN_TOML.replace("[\"policy\"]", "[\"policy\", \"risk\"]");
    context.write("first/plugin.toml", other);
    let error = build(&context, &first).expect_err("another kind");
    assert!(
        matches!(
            error,
            BuildError::World(WorldError::MissingKind { kind: Kind::Risk })
        ),
        "{error}"
    );

    // What does not compile says so in the compiler's words.
    context.write("first/src/lib.rs", "nonsense");
    let error = build(&context, &first).expect_err("nonsense");
    assert!(error.to_string().contains("nonsense"), "{error}");
}

#[test]
fn imports_and_exports_are_held_against_what_is_declared() {
    let commits = "holdpoint:plugin/commits@0.1.0";
    let policy = "holdpoint:plugin/policy@0.1.0";
    let check = |imports: &[&str], exports: &[&str]| {
        check_world(
            &component(imports, exports),
            &[Kind::Policy],
            &requests(Capability::Changes),
        )
    };
    assert!(matches!(
        check(&[commits], &[policy]),
        Err(WorldError::Undeclared {
            capability: Capability::Commits
        })
    ));
    assert!(matches!(
        check(&["acme:tools/clock@1.0.0"], &[policy]),
        Err(WorldError::UnknownImport { name }) if name == "acme:tools/clock@1.0.0"
    ));
    // A later version of the contract is not ours.
    assert!(matches!(
        check(&["holdpoint:plugin/commits@0.2.0"], &[policy]),
        Err(WorldError::UnknownImport { .. })
    ));
    assert!(matches!(
        check(&[], &[]),
        Err(WorldError::MissingKind { kind: Kind::Policy })
    ));
    assert!(matches!(
        check(&[], &[policy, "holdpoint:plugin/risk@0.1.0"]),
        Err(WorldError::ExtraKind { kind: Kind::Risk })
    ));
    // The names are right and the types are not.
    assert!(matches!(
        check(&[], &[policy]),
        Err(WorldError::Mismatch { .. })
    ));
}

#[test]
fn a_manifest_is_read_back_as_it_was_written() {
    assert_eq!(read_manifest(&stamped()).expect("a manifest"), manifest());
    assert!(matches!(
        stamp(stamped(), &manifest()),
        Err(ReadError::SeveralManifests)
    ));
}

#[test]
fn what_is_not_a_plugin_is_refused_by_type() {
    let newer = json!({"api": "0.2.0", "something": "new"}).to_string();
    let patch = json!({"api": "0.1.1"}).to_string();
    let huge = " ".repeat((1 << 20) + 1);
    let nested = {
        let mut outer = EMPTY.to_vec();
        let inner = stamped();
        wasm_encoder::RawSection {
            id: 4,
            data: &inner,
        }
        .append_to_component(&mut outer);
        outer
    };
    let refused = |bytes: &[u8]| read_manifest(bytes).expect_err("it is refused");
    assert!(matches!(refused(b""), ReadError::NotWasm));
    assert!(matches!(refused(b"#!/bin/sh"), ReadError::NotWasm));
    assert!(matches!(refused(b"\0asm\x01\0\0\0"), ReadError::CoreModule));
    assert!(matches!(refused(b"\0asm"), ReadError::Damaged { .. }));
    let stamped = stamped();
    assert!(matches!(
        refused(&stamped[..stamped.len() - 1]),
        ReadError::Damaged { .. }
    ));
    assert!(matches!(refused(EMPTY), ReadError::NoManifest));
    assert!(matches!(refused(&nested), ReadError::NoManifest));
    assert!(matches!(
        refused(&with_section(stamped, "{}")),
        ReadError::SeveralManifests
    ));
    assert!(matches!(
        refused(&with_section(EMPTY.to_vec(), "{")),
        ReadError::Malformed(_)
    ));
    assert!(matches!(
        refused(&with_section(EMPTY.to_vec(), &huge)),
        ReadError::ManifestTooLarge { .. }
    ));
    assert!(matches!(
        refused(&with_section(EMPTY.to_vec(), &patch)),
        ReadError::UnsupportedApi { .. }
    ));
    insta::assert_snapshot!(
        refused(&with_section(EMPTY.to_vec(), &newer)),
        @"built against version 0.2.0 of holdpoint:plugin; this host speaks 0.1.0 to 0.1.0"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn reading_survives_any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        let mut component = EMPTY.to_vec();
        component.extend(&bytes);
        let _ = inspect(&component);
        let _ = inspect(&bytes);
    }

    #[test]
    fn reading_survives_any_damage(cut in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let component = plugin::embedded("conventional-commits").expect("it is embedded");
        let cut = cut.index(component.len());
        prop_assert!(inspect(&component[..cut]).is_err());
        let mut damaged = component.to_vec();
        let at = at.index(damaged.len());
        damaged[at] = byte;
        let _ = inspect(&damaged);
    }
}

/// What a plugin.toml is refused with, or nothing.
fn refusal(change: impl FnOnce(String) -> String) -> String {
    let context = Context::new();
    let text = change(PLUGIN_TOML.trim_start().to_owned());
    context.write("plugin.toml", &text);
    let error = match PluginToml::parse(Path::new("plugin.toml"), &text) {
        Err(error) => error,
        Ok(read) => match read.into_manifest(context.path(), json!({})) {
            Err(error) => error,
            Ok(_) => return String::new(),
        },
    };
    let message = error.to_string();
    let folder = format!("{}/", context.path().display());
    format!("{}\n{}", message.replace(&folder, ""), error.help())
}

#[test]
fn a_plugin_toml_is_refused_at_its_line() {
    assert_eq!(refusal(|text| text), "");
    insta::assert_snapshot!(
        refusal(|text| text.replace("license", "licence")),
        @r#"
    plugin.toml:4: unknown key "licence"
    did you mean `license`?
    "#
    );
    insta::assert_snapshot!(
        refusal(|text| text.replace("title", "titel")),
        @r#"
    plugin.toml:10: unknown key "titel"
    did you mean `title`?
    "#
    );
    insta::assert_snapshot!(
        refusal(|text| text.replace("commits =", "comits =")),
        @r#"
    plugin.toml:15: unknown key "comits"
    did you mean `commits`?
    "#
    );
    insta::assert_snapshot!(
        refusal(|text| text.replace("\"many\"", "\"Many Things\"")),
        @r#"
    plugin.toml:9: `rules[0].id` is "Many Things", expected kebab-case: lower-case letters, digits and single hyphens, a letter first
    correct that line
    "#
    );
    insta::assert_snapshot!(
        refusal(|text| text.replace("[\"policy\"]", "[]")),
        @"
    plugin.toml:6: `kinds` is empty
    correct that line
    "
    );
    assert!(refusal(|text| text.replace("\"A sample.\"", "7")).starts_with("plugin.toml:3: "));
    assert!(refusal(|_| "name = ".to_owned()).starts_with("plugin.toml:1: "));
}

#[test]
fn the_bounds_of_a_manifest_are_kept() {
    let refused = |change: fn(&mut Manifest)| {
        let mut manifest = manifest();
        change(&mut manifest);
        manifest.validate().expect_err("it is refused").to_string()
    };
    assert!(refused(|manifest| manifest.name = "a".repeat(65)).contains("at most 64"));
    assert!(refused(|manifest| manifest.description = "a".repeat(4097)).contains("at most 4096"));
    assert!(refused(|manifest| manifest.authors = vec!["a".to_owned(); 65]).contains("at most 64"));
    assert!(refused(|manifest| manifest.rules.clear()).contains("at least one rule"));
    assert!(refused(|manifest| manifest.kinds.push(Kind::Policy)).contains("already there"));
    assert!(
        refused(|manifest| manifest.rules = vec![manifest.rules[0].clone(); 2])
            .contains("already there")
    );
    assert!(
        refused(|manifest| {
            let rule = manifest.rules[0].clone();
            manifest.rules = (0..257)
                .map(|number| Rule {
                    id: format!("rule-{number}"),
                    ..rule.clone()
                })
                .collect();
        })
        .contains("at most 256")
    );
}

fn refused_schema(schema: &Value) -> SchemaError {
    SettingsSchema::new(schema).expect_err("it is refused")
}

#[test]
fn a_schema_reaches_nothing_and_costs_little() {
    let remote = json!({"properties": {"a": {"$ref": "https://example.com/schema.json"}}});
    assert!(matches!(
        refused_schema(&remote),
        SchemaError::RemoteReference { pointer, .. } if pointer == "/properties/a/$ref"
    ));
    let file = json!({"$ref": "file:///etc/passwd"});
    assert!(matches!(
        refused_schema(&file),
        SchemaError::RemoteReference { .. }
    ));
    for pattern in ["(?=a)b", r"(a)\1", &format!("({}){{1000}}", "a{1000}")] {
        for schema in [
            json!({"pattern": pattern}),
            json!({"patternProperties": {pattern: {}}}),
        ] {
            assert!(
                matches!(refused_schema(&schema), SchemaError::Pattern { .. }),
                "{pattern}"
            );
        }
    }
    let draft = json!({"$schema": "http://json-schema.org/draft-07/schema#"});
    assert!(matches!(
        refused_schema(&draft),
        SchemaError::WrongDraft { .. }
    ));
    assert!(matches!(
        refused_schema(&json!([])),
        SchemaError::NotAnObject
    ));
    assert!(matches!(
        refused_schema(&json!({"type": 7})),
        SchemaError::Invalid { .. }
    ));
    let large = json!({"description": "a".repeat(256 << 10)});
    assert!(matches!(
        refused_schema(&large),
        SchemaError::TooLarge { .. }
    ));
    let deep = (0..100).fold(json!({}), |schema, _| json!({"items": schema}));
    assert!(matches!(refused_schema(&deep), SchemaError::TooDeep));
}

#[test]
fn a_schema_cannot_ask_for_endless_work() {
    assert!(matches!(
        refused_schema(&json!({"$ref": "#"})),
        SchemaError::Endless
    ));
    assert!(matches!(
        refused_schema(&json!({"$ref": "#/$defs/none"})),
        SchemaError::NoSuchReference { .. }
    ));
    // Each level doubles the work of the next.
    let mut definitions = serde_json::Map::new();
    for level in 0..40 {
        let next = json!({"$ref": format!("#/$defs/level{}", level + 1)});
        definitions.insert(format!("level{level}"), json!({"allOf": [next, next]}));
    }
    definitions.insert("level40".to_owned(), json!({"type": "string"}));
    let doubling = json!({"$ref": "#/$defs/level0", "$defs": definitions});
    assert!(matches!(
        refused_schema(&doubling),
        SchemaError::TooMuchWork
    ));
    // A tree refers to itself, one level down: that is what references are for.
    let tree = json!({"properties": {"children": {"items": {"$ref": "#"}}}});
    assert!(SettingsSchema::new(&tree).is_ok());
}

#[test]
fn settings_are_held_against_the_schema() {
    let refused = |settings: Value| {
        plugin::check_settings(&manifest(), &settings)
            .map_or_else(|error| error.to_string(), |()| String::new())
    };
    assert_eq!(refused(json!({"types": ["fix"], "mode": "a"})), "");
    insta::assert_snapshot!(
        refused(json!({"tpyes": ["fix"]})),
        @"the settings do not fit: the key `tpyes` is not known (did you mean `types`?)"
    );
    insta::assert_snapshot!(
        refused(json!({"types": ["fix", 7]})),
        @"the settings do not fit: /types/1: expected string, found 7"
    );
    insta::assert_snapshot!(
        refused(json!({"mode": "c"})),
        @r#"the settings do not fit: /mode: expected one of ["a","b"], found "c""#
    );
    let many: serde_json::Map<_, _> = (0..100)
        .map(|number| (format!("key-{number}"), json!(1)))
        .collect();
    assert_eq!(
        refused(Value::Object(many)).matches("is not known").count(),
        20
    );
}

#[test]
fn the_standard_plugins_are_embedded() {
    for name in plugin::embedded_names() {
        let read = plugin::read(&Source::Embedded(name.to_owned())).expect("it can be read");
        assert_eq!(read.manifest.name, name);
        // What it has to be told nobody can know for it: such as where a tracker is.
        let needs = [
            "change-ticket",
            "github-release",
            "http-health",
            "prometheus",
        ];
        let needs = needs.contains(&name);
        let checked = plugin::check_settings(&read.manifest, &json!({}));
        assert_eq!(checked.is_err(), needs, "{name}");
    }
    let error = plugin::read(&Source::Embedded("conventional-comits".to_owned()))
        .expect_err("there is none");
    assert_eq!(error.help(), "did you mean `conventional-commits`?");
}

#[test]
fn a_file_is_read_within_bounds() {
    let context = Context::new();
    let read = |path: &Path| plugin::read(&Source::Path(path.to_owned()));
    let path = context.write("plugin.wasm", stamped());
    let plugin = read(&path).expect("it can be read");
    assert_eq!(*plugin.manifest, manifest());
    assert_eq!(plugin.digest, holdpoint::model::Digest::of(&stamped()));

    // Sparse: it takes no room.
    let huge = context.path().join("huge.wasm");
    let file = fs::File::create(&huge).expect("a file");
    file.set_len((64 << 20) + 1).expect("a length");
    assert!(matches!(read(&huge), Err(plugin::Error::TooLarge { .. })));
    assert!(matches!(
        read(context.path()),
        Err(plugin::Error::NotAFile { .. })
    ));
    let missing = context.path().join("missing.wasm");
    assert!(matches!(read(&missing), Err(plugin::Error::Read { .. })));

    let greedy = Manifest {
        capabilities: requests(Capability::Secrets),
        ..manifest()
    };
    let path = context.write(
        "greedy.wasm",
        stamp(EMPTY.to_vec(), &greedy).expect("valid"),
    );
    let grants = Grants {
        tree: vec![TreeGrant::new("docs/").expect("a folder")],
        ..Grants::default()
    };
    let greedy = read(&path).expect("it can be read").manifest;
    assert!(matches!(
        plugin::check_grants("greedy", &greedy, &grants),
        Err(plugin::Error::NotGranted {
            capability: Capability::Secrets,
            ..
        })
    ));
}
