//! Plugins in registries: pushed to a real one and taken from it, held against `holdpoint.lock` each
//! time, and what is said when a registry lies.

mod files;
mod folders;
mod lies;

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;

use crate::context::{Context, Ran, Repository};
use crate::hostile::program;
use crate::server::RealServer;

/// The registry of the distribution project.
struct RealRegistry(RealServer);

impl RealRegistry {
    #[track_caller]
    fn start() -> Self {
        let program = crate::server::program("docker-registry", "registry");
        let command = |folder: &Path, address: SocketAddr| {
            let configuration = format!(
                "version: 0.1\nstorage: {{ filesystem: {{ rootdirectory: \"{}\" }} }}\n\
                 http: {{ addr: \"{address}\" }}\n",
                folder.join("data").display()
            );
            let file = folder.join("registry.yml");
            fs::write(&file, configuration).expect("its configuration");
            let mut command = Command::new(&program);
            command.arg("serve").arg(&file);
            command
        };
        let is_ready = |address: SocketAddr| {
            TcpStream::connect_timeout(&address, Duration::from_secs(5)).is_ok()
        };
        Self(RealServer::start(command, is_ready))
    }

    fn reference(&self, name: &str) -> String {
        format!("oci://{}/{name}", self.0.address())
    }
}

/// A checkout, a folder outside of it with the pipeline, and who publishes a plugin.
struct World {
    context: Context,
    repository: Repository,
}

impl World {
    /// A world whose pipeline file asks this registry without TLS.
    fn new(registry: SocketAddr) -> Self {
        let context = Context::new();
        let repository = context.repository("payments");
        repository.commit_file("pay.rs", "one\n", "feat: pay");
        repository.tag("v1.0.0");
        repository.commit_file("pay.rs", "two\n", "fix: round half to even");
        let world = Self {
            context,
            repository,
        };
        world.pipeline(registry, "");
        world
    }

    /// Writes the pipeline file anew.
    fn pipeline(&self, registry: SocketAddr, more: &str) {
        let text = format!(
            "# Ours.\n[registries.\"{registry}\"]\naddresses = [\"127.0.0.0/8\"]\nwithout-tls = true\n\
             [plugins.judge]\nsettings.behaviour = \"nothing\"\n{more}"
        );
        self.context.write("gate/holdpoint.toml", text);
    }

    fn gate(&self) -> PathBuf {
        self.context.path().join("gate")
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.gate().join(name)).expect("it is there")
    }

    /// Runs the program beside the pipeline.
    fn plugin(&self, arguments: &[&str]) -> Ran {
        let arguments = [&["plugin"], arguments].concat();
        self.context.holdpoint(&self.gate(), arguments)
    }

    /// A dry run in the checkout, as trusted.
    fn run(&self, arguments: &[&str]) -> Ran {
        let pipeline = self.gate().join("holdpoint.toml");
        let mut command = self.context.command(self.repository.path());
        command
            .args(["run", "--dry-run", "--pipeline"])
            .arg(pipeline);
        Ran::of(command.args(arguments).output())
    }

    /// The report of such a run that came to a verdict.
    #[track_caller]
    fn judged(&self, arguments: &[&str]) -> Value {
        let report = self
            .run(&[arguments, &["--format", "json"]].concat())
            .json();
        assert!(report["verdict"].is_string(), "{report:#}");
        report
    }

    /// A component of the tests as a file of a vendor.
    fn component(&self, name: &str) -> PathBuf {
        let bytes = fs::read(program(name)).expect("a component");
        self.context.write(&format!("vendor/{name}.wasm"), bytes)
    }

    /// Makes a key pair, with the public half beside the pipeline, and signs a file with it.
    fn sign(&self, file: &Path, name: &str) {
        let key = self.context.path().join(format!("{name}.pem"));
        if !key.exists() {
            let key = key.to_str().expect("a path");
            let new = [
                "ecparam",
                "-name",
                "prime256v1",
                "-genkey",
                "-noout",
                "-out",
                key,
            ];
            self.context.openssl(new);
            let public = format!("gate/{name}.pub");
            self.context
                .openssl(["pkey", "-in", key, "-pubout", "-out", &public]);
        }
        self.context
            .command(self.context.path())
            .args(["plugin", "sign"])
            .arg(file)
            .arg("--key")
            .arg(&key)
            .output()
            .map(|output| Ran::of(Ok(output)).expect_code(0))
            .expect("it can be started");
    }

    /// Pushes a file.
    fn push(&self, file: &Path, reference: &str) -> Ran {
        let file = file.to_str().expect("a path");
        let plain = ["--without-tls", "--addresses", "127.0.0.0/8"];
        self.plugin(&[&["push", file, reference], &plain[..]].concat())
    }
}

/// What a page says, without the breaks of its lines and the frame around them.
fn words(page: &str) -> String {
    page.replace('│', " ")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

/// A key that may sign anything.
fn trusting(name: &str) -> String {
    format!("[[trust.keys]]\nname = \"{name}\"\nkey = \"{name}.pub\"\n")
}

#[test]
fn a_signed_plugin_is_pushed_taken_and_run_without_its_registry() {
    let registry = RealRegistry::start();
    let world = World::new(registry.0.address());
    world.pipeline(registry.0.address(), &trusting("acme"));
    let file = world.component("hostile");
    world.sign(&file, "acme");
    let reference = registry.reference("vendor/judge:1");
    let pushed = world.push(&file, &reference).expect_code(0);
    // The same again is the same.
    assert_eq!(
        world.push(&file, &reference).expect_code(0).stdout,
        pushed.stdout
    );
    let added = world
        .plugin(&[
            "add", &reference, "--name", "judge", "--stage", "policy", "--format", "json",
        ])
        .expect_code(0)
        .json();
    assert_eq!(added["source"], reference.as_str());
    assert_eq!(added["signers"].as_array().map(Vec::len), Some(1));
    let text = world.read("holdpoint.toml");
    assert!(text.starts_with("# Ours.\n"), "{text}");
    assert!(
        text.contains("[[stages]]\nid = \"policy\"\nuse = [\"judge\"]\n"),
        "{text}"
    );
    let report = world.judged(&[]);
    let plugin = &report["stages"][0]["plugins"][0];
    assert_eq!(plugin["name"], "judge", "{report:#}");
    world.plugin(&["vendor"]).expect_code(0);
    // The signature that came along is one of OpenSSL's.
    let digest = added["digest"]
        .as_str()
        .expect("a digest")
        .replace(':', "-");
    let vendored = world.gate().join("holdpoint-vendor");
    let bundle = fs::read(vendored.join(format!("{digest}.1.sigstore.json"))).expect("a bundle");
    let bundle: Value = serde_json::from_slice(&bundle).expect("JSON");
    let signature = bundle["messageSignature"]["signature"]
        .as_str()
        .expect("a signature");
    let signature = BASE64_STANDARD.decode(signature).expect("Base64");
    world.context.write("signature.der", signature);
    let component = vendored.join(format!("{digest}.wasm"));
    let component = component.to_str().expect("a path");
    world.context.openssl([
        "dgst",
        "-sha256",
        "-verify",
        "gate/acme.pub",
        "-signature",
        "signature.der",
        component,
    ]);
    // Nobody has to be there any more, and nothing that was kept.
    drop(registry);
    let again = world.judged(&["--offline"]);
    assert_eq!(again["stages"][0]["plugins"][0]["digest"], plugin["digest"]);
    world.judged(&["--offline", "--no-cache"]);
    fs::remove_dir_all(&vendored).expect("it was there");
    let ran = world.run(&["--offline", "--no-cache"]).expect_code(2);
    assert!(
        words(&ran.stderr).contains("nothing is fetched"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_tag_that_names_something_else_changes_nothing_until_it_is_taken() {
    let registry = RealRegistry::start();
    let world = World::new(registry.0.address());
    let reference = registry.reference("vendor/judge:1");
    let (first, second) = (world.component("reader"), world.component("asker"));
    world.push(&first, &reference).expect_code(0);
    let add = ["add", &reference, "--name", "judge"];
    world.plugin(&add).expect_code(0);
    let locked = world.read("holdpoint.lock");
    let replaced = world.push(&second, &reference).expect_code(0);
    assert!(replaced.stdout.contains("replaced"), "{}", replaced.stdout);
    // Taking it once more is no way around an update.
    let again = world.plugin(&add).expect_code(2);
    assert!(
        words(&again.stderr).contains("is something else now"),
        "{}",
        again.stderr
    );
    assert!(again.stderr.contains("plugin update"), "{}", again.stderr);
    assert_eq!(world.read("holdpoint.lock"), locked);
    // The bytes that were taken are what is checked, from the registry too.
    let vendored = world.plugin(&["vendor", "--no-cache"]).expect_code(0);
    let digest = |text: &str| {
        let at = text.find("sha256:").expect("a digest");
        text[at..at + 71].to_owned()
    };
    let locked_digest = digest(&locked[locked.find("\ndigest").expect("a digest")..]);
    assert!(
        vendored.stdout.contains(&locked_digest),
        "{}",
        vendored.stdout
    );
    // What asks for more is shown and not taken.
    let refused = world.plugin(&["update"]).expect_code(2);
    insta::with_settings!({filters => [
        (r"sha256:[0-9a-f]{64}", "sha256:…"),
        (r"\d{5,}", "SIZE"),
    ]}, {
        insta::assert_snapshot!(refused.stdout);
    });
    assert_eq!(world.read("holdpoint.lock"), locked);
    let report = world
        .plugin(&["update", "--format", "json"])
        .expect_code(2)
        .json();
    assert_eq!(report["written"], false);
    let wider: Vec<&str> = report["plugins"][0]["wider"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert!(
        wider.contains(&"http") && wider.contains(&"secrets"),
        "{wider:?}"
    );
    world
        .plugin(&["update", "judge", "--accept"])
        .expect_code(0);
    assert_ne!(world.read("holdpoint.lock"), locked);
    let same = world.plugin(&["update"]).expect_code(0);
    assert!(same.stdout.contains("Nothing differs"), "{}", same.stdout);
    let unknown = world.plugin(&["update", "jugde"]).expect_code(2);
    assert!(
        unknown.stderr.contains("no plugin `jugde`"),
        "{}",
        unknown.stderr
    );
}

#[test]
fn a_signature_by_somebody_else_is_not_taken_unseen() {
    let registry = RealRegistry::start();
    let world = World::new(registry.0.address());
    let reference = registry.reference("vendor/judge:1");
    let file = world.component("hostile");
    world.push(&file, &reference).expect_code(0);
    world.sign(&world.component("reader"), "acme");
    world.pipeline(registry.0.address(), &trusting("acme"));
    // Not signed at all.
    let add = ["add", &reference, "--name", "judge", "--stage", "policy"];
    let ran = world.plugin(&add).expect_code(2);
    assert!(
        words(&ran.stderr).contains("there is no signature of it in"),
        "{}",
        ran.stderr
    );
    assert!(!world.gate().join("holdpoint.lock").exists());
    // By somebody who is not trusted.
    world.sign(&file, "zeta");
    world.push(&file, &reference).expect_code(0);
    let ran = world.plugin(&add).expect_code(2);
    assert!(
        words(&ran.stderr).contains("of none of the keys"),
        "{}",
        ran.stderr
    );
    // By both: one that counts is enough.
    world.sign(&file, "acme");
    world.push(&file, &reference).expect_code(0);
    world.plugin(&add).expect_code(0);
    world.judged(&[]);
    // Only the other one counts now: a run stops, and an update is not taken unseen.
    let text = world.read("holdpoint.toml");
    world
        .context
        .write("gate/holdpoint.toml", text.replace("acme", "zeta"));
    let ran = world.run(&[]).expect_code(2);
    assert!(
        words(&ran.stderr).contains("holdpoint.lock says"),
        "{}",
        ran.stderr
    );
    let ran = world.plugin(&["update"]).expect_code(2);
    assert!(
        words(&ran.stdout).contains("Somebody else signed it"),
        "{}",
        ran.stdout
    );
    world.plugin(&["update", "--accept"]).expect_code(0);
    world.judged(&[]);
}

/// What an organization asks for beside what the project does: the lock beside the project's file has
/// nothing of it.
#[test]
fn an_organization_asks_for_signatures_of_plugins_that_are_locked() {
    let registry = RealRegistry::start();
    let world = World::new(registry.0.address());
    let file = world.component("hostile");
    world.sign(&file, "acme");
    let reference = registry.reference("vendor/judge:1");
    world.push(&file, &reference).expect_code(0);
    world
        .plugin(&["add", &reference, "--name", "judge", "--stage", "policy"])
        .expect_code(0);
    let policy = world.context.write("gate/policy.toml", trusting("acme"));
    let policy = policy.to_str().expect("a path");
    let report = world.judged(&["--policy", policy]);
    let signers = &report["stages"][0]["plugins"][0]["signers"];
    assert_eq!(signers[0]["name"], "acme", "{report:#}");
    world.sign(&file, "zeta");
    world.context.write("gate/policy.toml", trusting("zeta"));
    let ran = world.run(&["--policy", policy]).expect_code(2);
    assert!(
        words(&ran.stderr).contains("of none of the keys"),
        "{}",
        ran.stderr
    );
}

#[test]
fn another_version_in_the_pipeline_file_is_taken_by_an_update() {
    let registry = RealRegistry::start();
    let world = World::new(registry.0.address());
    let (first, second) = (registry.reference("judge:1"), registry.reference("judge:2"));
    let file = world.component("hostile");
    world.push(&file, &first).expect_code(0);
    world.push(&file, &second).expect_code(0);
    world
        .plugin(&["add", &first, "--name", "judge", "--stage", "policy"])
        .expect_code(0);
    let text = world.read("holdpoint.toml").replace(&first, &second);
    world.context.write("gate/holdpoint.toml", text);
    let ran = world.run(&[]).expect_code(2);
    assert!(
        words(&ran.stderr).contains("the source is"),
        "{}",
        ran.stderr
    );
    let updated = world.plugin(&["update", "judge"]).expect_code(0);
    assert!(
        words(&updated.stdout).contains(&second),
        "{}",
        updated.stdout
    );
    world.judged(&[]);
    // What the file does not name any more is asked about no more, and not kept.
    world.plugin(&["vendor"]).expect_code(0);
    world.pipeline(registry.0.address(), "");
    drop(registry);
    world.plugin(&["update"]).expect_code(0);
    let vendored = world.plugin(&["vendor"]).expect_code(0);
    assert!(
        words(&vendored.stdout).contains("removed"),
        "{}",
        vendored.stdout
    );
}

#[test]
fn what_is_kept_and_was_changed_is_not_used() {
    let registry = RealRegistry::start();
    let world = World::new(registry.0.address());
    let reference = registry.reference("vendor/judge:1");
    world
        .push(&world.component("hostile"), &reference)
        .expect_code(0);
    world
        .plugin(&["add", &reference, "--name", "judge", "--stage", "policy"])
        .expect_code(0);
    let change = |folder: &Path| {
        let mut changed = 0;
        for entry in fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            if name.starts_with("component") || path.extension().is_some_and(|end| end == "wasm") {
                let mut bytes = fs::read(&path).expect("a file");
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
                fs::write(&path, bytes).expect("it can be written");
                changed += 1;
            }
        }
        assert_eq!(changed, 1, "{folder:?}");
    };
    let cache = world.context.path().join("cache/holdpoint");
    change(&cache);
    let ran = world.run(&["--offline"]).expect_code(2);
    assert!(
        words(&ran.stderr).contains("nothing is fetched"),
        "{}",
        ran.stderr
    );
    // It is fetched again.
    world.judged(&[]);
    world.judged(&["--offline"]);
    world.plugin(&["vendor"]).expect_code(0);
    change(&world.gate().join("holdpoint-vendor"));
    let ran = world.run(&["--offline", "--no-cache"]).expect_code(2);
    assert!(
        words(&ran.stderr).contains("nothing is fetched"),
        "{}",
        ran.stderr
    );
}
