//! Manifests that say what is not so, or more than a reader can take.

use holdpoint_build::{Kind, MANIFEST_SECTION, Manifest, stamp};
use serde_json::{Value, json};
use wasm_encoder::ComponentSection as _;

use super::files::HONEST;
use super::guests::{Ground, stamped, unstamped};
use super::{Attack, Seen};

pub fn run(ground: &Ground, attack: &Attack) -> Seen {
    if attack.text("guest").or(attack.text("program")).is_some() {
        return ground.run(attack);
    }
    let component = match attack.name.as_str() {
        "manifest-of-another" => {
            let manifest = Manifest {
                kinds: vec![Kind::Policy],
                ..crate::sandbox::manifest()
            };
            let action = unstamped("nested-lists.wat", "", "action");
            stamp(action, &manifest).expect("a valid manifest")
        }
        "two-manifests" => {
            let honest = stamped(HONEST, "", "policy", []);
            with_manifest(honest, &manifest().to_string())
        }
        "newer-contract" => {
            let mut newer = manifest();
            newer["api"] = "0.2.0".into();
            lying(&newer)
        }
        "huge-manifest" => {
            let mut huge = manifest();
            huge["description"] = "x".repeat(2 << 20).into();
            lying(&huge)
        }
        "bottomless-manifest" => {
            let bottomless = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
            let text = manifest().to_string();
            let text = text.replace("\"settings\":{}", &format!("\"settings\":{bottomless}"));
            with_manifest(unstamped(HONEST, "", "policy"), &text)
        }
        other => {
            let mut manifest = manifest();
            manifest["settings"] = schema(other);
            lying(&manifest)
        }
    };
    ground.run_component(attack, &component)
}

/// The manifest of the honest component.
fn manifest() -> Value {
    serde_json::to_value(crate::sandbox::manifest()).expect("JSON")
}

fn lying(manifest: &Value) -> Vec<u8> {
    with_manifest(unstamped(HONEST, "", "policy"), &manifest.to_string())
}

/// A component with these bytes where a manifest stands: nobody held them to anything.
fn with_manifest(mut component: Vec<u8>, manifest: &str) -> Vec<u8> {
    let section = wasm_encoder::CustomSection {
        name: MANIFEST_SECTION.into(),
        data: manifest.as_bytes().into(),
    };
    section.append_to_component(&mut component);
    component
}

fn schema(name: &str) -> Value {
    match name {
        "huge-schema" => json!({ "description": "x".repeat(300 << 10) }),
        "deep-schema" => (0..100).fold(json!({}), |schema, _| json!({ "not": schema })),
        "endless-schema" => json!({ "allOf": [{ "$ref": "#" }] }),
        "doubling-schema" => {
            let definition = |number: u32| {
                let next = json!({ "$ref": format!("#/$defs/d{}", number + 1) });
                (format!("d{number}"), json!({ "allOf": [next, next] }))
            };
            let mut definitions: serde_json::Map<String, Value> = (0..40).map(definition).collect();
            definitions.insert("d40".to_owned(), json!({}));
            json!({ "$ref": "#/$defs/d0", "$defs": definitions })
        }
        "remote-schema" => json!({ "$ref": "file:///etc/passwd" }),
        "slow-pattern" => json!({ "properties": { "a": { "pattern": "^(?=a)(a+)+$" } } }),
        "huge-pattern" => json!({ "properties": { "a": { "pattern": "(a{300}){300}" } } }),
        other => panic!("{other} is no lie"),
    }
}
