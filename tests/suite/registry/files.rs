//! `holdpoint.lock`, `plugin add` and the pipeline file, without a registry.

use holdpoint::plugin::lock::{Lock, Locked};
use holdpoint::plugin::registry::{Reference, ReferenceError};
use proptest::prelude::*;

use super::*;

/// No registry is asked here.
fn nowhere() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 9))
}

#[test]
fn a_file_is_taken_into_a_pipeline_that_is_made_for_it() {
    let world = World::new(nowhere());
    fs::remove_file(world.gate().join("holdpoint.toml")).expect("it was there");
    let file = world.component("hostile");
    let added = world
        .plugin(&["add", file.to_str().expect("a path"), "--name", "judge"])
        .expect_code(0);
    assert!(added.stdout.contains("judge"), "{}", added.stdout);
    let text = world.read("holdpoint.toml");
    assert!(text.contains("[plugins.judge]\nsource = \""), "{text}");
    assert!(
        text.contains("[[stages]]\nid = \"policy\"\nuse = ["),
        "{text}"
    );
    let settings = "\nsettings.behaviour = \"nothing\"\n\n[[stages]]";
    let text = text.replace("\n\n[[stages]]", settings);
    world.context.write("gate/holdpoint.toml", text);
    world.judged(&[]);
    // What it was is written down, and another file in its place is refused.
    fs::copy(program("reader"), &file).expect("a copy");
    let ran = world.run(&[]).expect_code(2);
    assert!(
        super::words(&ran.stderr).contains("not what holdpoint.lock says"),
        "{}",
        ran.stderr
    );
    assert!(
        super::words(&ran.stderr).contains("plugin update"),
        "{}",
        ran.stderr
    );
}

#[test]
fn what_is_in_the_file_stays_as_it_is() {
    let world = World::new(nowhere());
    let before = "# Ours, with care.\n[release]   # of payments\nzone = 'Europe/Berlin'\n\n[[stages]]\n\
                  id = \"policy\"\nuse = [ \"conventional-commits\" ]  # for now\n";
    world.context.write("gate/holdpoint.toml", before);
    let file = world.context.path().join("gate/judge.wasm");
    fs::copy(program("hostile"), &file).expect("a copy");
    let add = ["add", "judge.wasm", "--name", "judge", "--stage", "policy"];
    world.plugin(&add).expect_code(0);
    insta::assert_snapshot!(world.read("holdpoint.toml"));
    let once = world.read("holdpoint.toml");
    world.plugin(&add).expect_code(0);
    assert_eq!(world.read("holdpoint.toml"), once);
    // One name is one plugin.
    fs::copy(program("reader"), world.gate().join("other.wasm")).expect("a copy");
    let ran = world
        .plugin(&["add", "other.wasm", "--name", "judge"])
        .expect_code(2);
    assert!(
        super::words(&ran.stderr).contains("`judge` comes from `judge.wasm`"),
        "{}",
        ran.stderr
    );
    assert_eq!(world.read("holdpoint.toml"), once);
}

#[test]
fn nobody_takes_the_place_of_what_is_used() {
    let world = World::new(nowhere());
    let file = world.gate().join("judge.wasm");
    fs::copy(program("hostile"), &file).expect("a copy");
    // By the name of a standard plugin.
    let standard = ["add", "judge.wasm", "--name", "conventional-commits"];
    let ran = world.plugin(&standard).expect_code(2);
    assert!(
        super::words(&ran.stderr).contains("comes from `embedded`"),
        "{}",
        ran.stderr
    );
    // By the name of its manifest, where the file has something of that name.
    world.context.write(
        "gate/holdpoint.toml",
        "[plugins.hostile]\ngrants.tree = [\"docs/\"]\n",
    );
    let ran = world.plugin(&["add", "judge.wasm"]).expect_code(2);
    assert!(
        super::words(&ran.stderr).contains("comes from `embedded`"),
        "{}",
        ran.stderr
    );
    assert!(!world.gate().join("holdpoint.lock").exists());
    world
        .plugin(&["add", "judge.wasm", "--name", "hostile"])
        .expect_code(0);
}

#[test]
fn a_file_that_is_a_link_stays_one() {
    let world = World::new(nowhere());
    let file = world.gate().join("judge.wasm");
    fs::copy(program("hostile"), &file).expect("a copy");
    let link = world.context.path().join("link.toml");
    std::os::unix::fs::symlink(world.gate().join("holdpoint.toml"), &link).expect("a link");
    world
        .plugin(&[
            "add",
            "judge.wasm",
            "--name",
            "judge",
            "--pipeline",
            "../link.toml",
        ])
        .expect_code(0);
    assert!(link.is_symlink());
    assert!(world.read("holdpoint.toml").contains("judge.wasm"));
    assert!(world.gate().join("holdpoint.lock").is_file());
    // Nor is anything written through one.
    let elsewhere = world.context.path().join("elsewhere");
    fs::create_dir(&elsewhere).expect("a folder");
    std::os::unix::fs::symlink(&elsewhere, world.gate().join("holdpoint-vendor")).expect("a link");
    let ran = world.plugin(&["vendor"]).expect_code(2);
    assert!(
        super::words(&ran.stderr).contains("holdpoint-vendor is a link"),
        "{}",
        ran.stderr
    );
}

#[test]
fn what_cannot_be_added_leaves_everything_as_it_was() {
    let world = World::new(nowhere());
    let before = world.read("holdpoint.toml");
    world.context.write("gate/no.wasm", "no component");
    for (source, words) in [
        ("missing.wasm", "missing.wasm"),
        ("no.wasm", "cannot be used"),
        ("oci://vendor/judge:1", "names no host"),
        (
            "oci://registry.example.com/judge",
            "neither a tag nor a digest",
        ),
        ("oci://registry.example.com/Judge:1", "no reference"),
    ] {
        let ran = world.plugin(&["add", source]).expect_code(2);
        assert!(
            super::words(&ran.stderr).contains(words),
            "{source}: {}",
            ran.stderr
        );
        assert_eq!(world.read("holdpoint.toml"), before);
        assert!(!world.gate().join("holdpoint.lock").exists());
    }
    fs::copy(program("hostile"), world.gate().join("judge.wasm")).expect("a copy");
    let ran = world
        .plugin(&["add", "judge.wasm", "--name", "No Name"])
        .expect_code(2);
    assert!(
        super::words(&ran.stderr).contains("No Name"),
        "{}",
        ran.stderr
    );
    assert_eq!(world.read("holdpoint.toml"), before);
    assert!(!world.gate().join("holdpoint.lock").exists());
    world.context.write("gate/holdpoint.toml", "stages = 1\n");
    let ran = world.plugin(&["add", "no.wasm"]).expect_code(2);
    assert!(
        super::words(&ran.stderr).contains("stages"),
        "{}",
        ran.stderr
    );
}

/// What has no `oci://` before it is a path. Where nothing is there, it is said how it is written.
#[test]
fn a_reference_without_its_scheme_is_told_how_it_is_written() {
    let world = World::new(nowhere());
    let digest = format!("localhost:1/x@sha256:{}", "a1".repeat(32));
    for written in [
        "localhost:1/x:1",
        "registry.example.com/vendor/x:2.0.1",
        &digest,
    ] {
        let ran = world.plugin(&["add", written]).expect_code(2);
        let said = super::words(&ran.stderr).replace(' ', "");
        assert!(
            said.contains(&format!("holdpointpluginaddoci://{written}`")),
            "{written}: {said}"
        );
        // Other commands read files.
        for command in ["sign", "verify", "inspect", "push"] {
            for written in [written.to_owned(), format!("oci://{written}")] {
                let more: &[&str] = match command {
                    "sign" | "verify" => &["--key", "acme.pub"],
                    "push" => &["oci://localhost:1/x:1"],
                    _ => &[],
                };
                let ran = world
                    .plugin(&[&[command, &written], more].concat())
                    .expect_code(2);
                let said = super::words(&ran.stderr);
                assert!(
                    said.contains("it looks like a plugin in a registry"),
                    "{command} {written}: {said}"
                );
            }
        }
    }
    let ran = world.plugin(&["add", "target/missing.wasm"]).expect_code(2);
    let said = super::words(&ran.stderr);
    assert!(
        said.contains("there is no file target/missing.wasm") && said.contains("oci://HOST/NAME"),
        "{said}"
    );
    fs::copy(program("hostile"), world.gate().join("judge.wasm")).expect("a copy");
    let ran = world
        .plugin(&["push", "judge.wasm", "localhost:1/x:1"])
        .expect_code(2);
    let said = super::words(&ran.stderr);
    assert!(said.contains("write `oci://localhost:1/x:1`"), "{said}");
    // As the source of a plugin in the file, too.
    let text = "source = \"localhost:1/x:1\"\n[[stages]]\nid = \"policy\"\nuse = [\"judge\"]\n";
    world.pipeline(nowhere(), text);
    let said = super::words(&world.run(&[]).expect_code(2).stderr);
    assert!(
        said.contains("holdpoint plugin add oci://localhost:1/x:1"),
        "{said}"
    );
}

#[test]
fn a_lock_that_was_edited_is_refused_with_what_differs() {
    let world = World::new(nowhere());
    let file = world.context.path().join("gate/judge.wasm");
    fs::copy(program("hostile"), &file).expect("a copy");
    world
        .plugin(&["add", "judge.wasm", "--name", "judge", "--stage", "policy"])
        .expect_code(0);
    let lock = world.read("holdpoint.lock");
    let line = |key: &str| {
        let line = lock.lines().find(|line| line.starts_with(key));
        line.expect("a line").to_owned()
    };
    let digest = format!("digest = \"sha256:{}\"", "0".repeat(64));
    for (from, to, words) in [
        (line("digest"), digest, "the digest is sha256:"),
        (line("size"), "size = 7".to_owned(), "the size is "),
        (
            line("version"),
            "version = \"9.9.9\"".to_owned(),
            "holdpoint.lock says 9.9.9",
        ),
        (
            line("kinds"),
            "kinds = [\"risk\"]".to_owned(),
            "holdpoint.lock says risk",
        ),
        (
            line("capabilities"),
            "capabilities = []".to_owned(),
            "holdpoint.lock says nothing",
        ),
        (
            line("source"),
            "source = \"other.wasm\"".to_owned(),
            "holdpoint.lock says `other.wasm`",
        ),
        (
            line("format"),
            "format = 2".to_owned(),
            "it has the format 2",
        ),
        (line("size"), "bytes = 7".to_owned(), "line "),
        (line("size"), "size = -1".to_owned(), "line "),
        (line("[plugins.judge]"), "[plugins".to_owned(), "line "),
    ] {
        world
            .context
            .write("gate/holdpoint.lock", lock.replace(&from, &to));
        let ran = world.run(&[]).expect_code(2);
        assert!(
            super::words(&ran.stderr).contains(words),
            "{to}: {}",
            ran.stderr
        );
    }
    world.context.write("gate/holdpoint.lock", &lock);
    world.judged(&[]);
}

#[test]
fn a_plugin_of_a_registry_needs_a_lock_and_a_change_cannot_have_one_fetched() {
    let world = World::new(nowhere());
    let text = "source = \"oci://127.0.0.1:9/judge:1\"\n\
                [[stages]]\nid = \"policy\"\nuse = [\"judge\"]\n";
    world.pipeline(nowhere(), text);
    let ran = world.run(&[]).expect_code(2);
    assert!(
        super::words(&ran.stderr).contains("does not say which bytes"),
        "{}",
        ran.stderr
    );
    assert!(
        ran.stderr
            .contains("plugin add oci://127.0.0.1:9/judge:1 --name judge"),
        "{}",
        ran.stderr
    );
    // In the checkout nothing is asked of anybody, whatever the lock beside it says.
    let lock = format!(
        "format = 1\n[plugins.judge]\nsource = \"oci://127.0.0.1:9/judge:1\"\n\
         manifest = \"sha256:{zeros}\"\ndigest = \"sha256:{zeros}\"\nsize = 7\nversion = \"1.0.0\"\n\
         kinds = [\"policy\"]\n",
        zeros = "0".repeat(64)
    );
    world
        .repository
        .write("holdpoint.toml", world.read("holdpoint.toml"));
    world.repository.write("holdpoint.lock", &lock);
    let mut command = world.context.command(world.repository.path());
    let ran = Ran::of(command.args(["run", "--dry-run"]).output()).expect_code(2);
    assert!(
        super::words(&ran.stderr).contains("nothing is fetched"),
        "{}",
        ran.stderr
    );
    // Where it is trusted the registry is asked, and is not there.
    world.context.write("gate/holdpoint.lock", &lock);
    let ran = world.run(&[]).expect_code(2);
    assert!(
        super::words(&ran.stderr).contains("cannot connect to http://127.0.0.1:9"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_registry_is_asked_without_tls_in_named_networks_only() {
    let world = World::new(nowhere());
    for (table, words) in [
        ("without-tls = true", "add `addresses`"),
        ("addresses = [\"10.0.0.0/40\"]", "10.0.0.0/40"),
        ("ca = 7", "ca"),
        ("tls = false", "tls"),
    ] {
        let text = format!("[registries.\"localhost:5000\"]\n{table}\n");
        world.context.write("gate/holdpoint.toml", text);
        let ran = world.run(&[]).expect_code(2);
        assert!(
            super::words(&ran.stderr).contains(words),
            "{table}: {}",
            ran.stderr
        );
    }
    world.context.write(
        "gate/holdpoint.toml",
        "[registries.\"https://a.example/x\"]\n",
    );
    let ran = world.run(&[]).expect_code(2);
    assert!(
        super::words(&ran.stderr).contains("expected a host"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_reference_names_a_registry_a_name_and_a_version() {
    let digest = format!("sha256:{}", "a1".repeat(32));
    for (text, host, name, tag) in [
        ("oci://a.example/b:1", "a.example", "b", Some("1")),
        (
            "oci://a.example:5000/b/c/d:v1.2_3-4",
            "a.example:5000",
            "b/c/d",
            Some("v1.2_3-4"),
        ),
        ("oci://localhost/b:1", "localhost", "b", Some("1")),
        (
            &format!("oci://a.example/b@{digest}"),
            "a.example",
            "b",
            None,
        ),
    ] {
        let reference: Reference = text
            .parse()
            .unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!((reference.host(), reference.name()), (host, name));
        assert_eq!(reference.tag(), tag);
        assert_eq!(reference.to_string(), text);
    }
    for text in [
        "a.example/b:1",
        "oci:/a.example/b:1",
        "oci://",
        "oci://a.example",
        "oci://b:1",
        "oci://a.example/b:",
        "oci://a.example/../b:1",
        "oci://a.example/b:1@sha256:12",
        "oci://a.example/b:1\n",
        "oci://me@a.example/b:1",
    ] {
        assert!(text.parse::<Reference>().is_err(), "{text}");
    }
    let host = "oci://vendor/b:1".parse::<Reference>();
    assert!(matches!(host, Err(ReferenceError::Host(_))));
}

proptest! {
    /// What is written is what is read.
    #[test]
    fn a_lock_is_read_as_it_was_written(
        name in "[a-z]{1,8}",
        source in "\\PC{0,40}",
        byte in any::<u8>(),
        size in 0..u64::from(u32::MAX),
    ) {
        let digest = holdpoint::model::Digest::of(&[byte]);
        let locked = Locked {
            source,
            manifest: (byte > 99).then_some(digest),
            digest,
            size,
            version: "1.2.3-rc.1+x".parse().expect("a version"),
            signers: (byte > 9).then_some(digest).into_iter().collect(),
            kinds: [holdpoint::model::Kind::Policy].into(),
            capabilities: [holdpoint::model::Capability::Http].into(),
        };
        let mut lock = Lock::empty();
        lock.insert(&name, locked);
        prop_assert_eq!(Lock::read(&lock.text()).expect("it can be read"), lock);
    }

    /// Nothing that is read ends the program.
    #[test]
    fn what_is_no_lock_is_refused(text in "\\PC{0,200}") {
        let _ = Lock::read(&text);
        let _ = text.parse::<Reference>();
    }
}
