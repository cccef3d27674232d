//! What is refused before any of it runs.

use super::*;

#[test]
fn the_numbers_of_memories_and_tables_are_bounded() {
    let memories = Guest {
        module: with_memory(&"(memory 0)".repeat(16)),
        ..Guest::default()
    };
    let error = load_error(&memories, manifest());
    assert!(
        matches!(
            error,
            LoadError::TooManyParts {
                what: "memories",
                count: 17,
                count_max: 16
            }
        ),
        "{error:?}"
    );
    let tables = Guest {
        module: with_memory(&"(table 0 funcref)".repeat(65)),
        ..Guest::default()
    };
    let error = load_error(&tables, manifest());
    assert!(
        matches!(
            error,
            LoadError::TooManyParts {
                what: "tables",
                count: 65,
                count_max: 64
            }
        ),
        "{error:?}"
    );
}

#[test]
fn an_import_that_nobody_provides_is_refused_by_name() {
    let guest = Guest {
        imports: "import elsewhere;",
        module: format!(
            r#"(import "test:guest/elsewhere" "fetch" (func $fetch)) {}"#,
            with_memory("")
        ),
        check: "(call $fetch) (i32.const 16)".into(),
        ..Guest::default()
    };
    let error = load_error(&guest, manifest());
    assert!(
        matches!(error, LoadError::UnknownImport { .. }),
        "{error:?}"
    );
    assert!(
        error.to_string().contains("test:guest/elsewhere"),
        "{error}"
    );
}

#[test]
fn a_capability_that_is_not_granted_is_refused_by_name() {
    let guest = Guest {
        imports: "import holdpoint:plugin/secrets@0.1.0;",
        module: format!(
            r#"(import "holdpoint:plugin/secrets@0.1.0" "placeholder" (func $s (param i32 i32 i32))) {}"#,
            with_memory("")
        ),
        check: "(call $s (i32.const 0) (i32.const 0) (i32.const 0)) (i32.const 16)".into(),
        ..Guest::default()
    };
    let mut manifest = manifest();
    manifest.capabilities.push(CapabilityRequest {
        capability: Capability::Secrets,
        reason: "to try it".into(),
    });
    let error = load_error(&guest, manifest);
    assert!(
        matches!(
            error,
            LoadError::NotGranted {
                capability: Capability::Secrets
            }
        ),
        "{error:?}"
    );
}

#[test]
fn a_capability_that_is_not_declared_is_refused_by_name() {
    let guest = Guest {
        imports: "import holdpoint:plugin/commits@0.1.0;",
        module: format!(
            r#"(import "holdpoint:plugin/commits@0.1.0" "page" (func $page (param i32 i32 i32))) {}"#,
            with_memory("")
        ),
        check: "(call $page (i32.const 0) (i32.const 0) (i32.const 512)) (i32.const 16)".into(),
        ..Guest::default()
    };
    let error = load_error(
        &guest,
        Manifest {
            capabilities: Vec::new(),
            ..manifest()
        },
    );
    assert!(
        matches!(
            error,
            LoadError::Undeclared {
                capability: Capability::Commits
            }
        ),
        "{error:?}"
    );
}

#[test]
fn kinds_must_be_what_the_manifest_says() {
    let guest = Guest::default();
    let missing = Manifest {
        kinds: vec![Kind::Policy, Kind::Risk],
        ..manifest()
    };
    assert!(matches!(
        load_error(&guest, missing),
        LoadError::MissingKind { kind: Kind::Risk }
    ));
    let undeclared = Manifest {
        kinds: Vec::new(),
        ..manifest()
    };
    assert!(matches!(
        load_error(&guest, undeclared),
        LoadError::UndeclaredKind { kind: Kind::Policy }
    ));
}

#[test]
fn components_in_components_are_counted_before_they_are_compiled() {
    let nested = |count: usize| {
        wat::parse_str(format!("(component {})", "(component)".repeat(count))).expect("a component")
    };
    let load = |component: &[u8]| {
        let sandbox = Sandbox::new().expect("an engine");
        sandbox
            .load(component, Arc::new(manifest()))
            .expect_err("it must be refused")
    };
    // This one is small enough, and then it is not what its manifest says.
    assert!(matches!(
        load(&nested(256)),
        LoadError::MissingKind { kind: Kind::Policy }
    ));
    let error = load(&nested(20_000));
    assert!(
        matches!(
            error,
            LoadError::TooManyParts {
                what: "modules and components",
                count: 257,
                count_max: 256
            }
        ),
        "{error:?}"
    );
}
