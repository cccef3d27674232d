//! Signatures of plugins: made by the program and by OpenSSL, held against keys on the command line
//! and by `[trust]` of a pipeline file whenever a plugin is loaded.

mod agents;
mod programs;
mod statements;

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use holdpoint::plugin::signature::{BUNDLE_BYTES_MAX, PrivateKey};
use serde_json::{Value, json};

use crate::context::{Context, Ran, Repository};
use crate::hostile::program;

/// The kind of statement that says that something is signed.
const SIGN: &str = "https://sigstore.dev/cosign/sign/v1";

/// A checkout, a plugin outside of it and whoever signs it.
struct World {
    context: Context,
    repository: Repository,
    plugin: PathBuf,
}

impl World {
    fn new() -> Self {
        let context = Context::new();
        let repository = context.repository("payments");
        repository.commit_file("pay.rs", "one\n", "feat: pay");
        repository.tag("v1.0.0");
        repository.commit_file("pay.rs", "two\n", "fix: round half to even");
        let component = fs::read(program("hostile")).expect("a component");
        let plugin = context.write("gate/vendor/judge.wasm", component);
        let world = Self {
            context,
            repository,
            plugin,
        };
        for name in ["acme", "zeta"] {
            world.make_key(name);
        }
        world
    }

    /// A key pair as the help says how to make one, with the public half beside the pipeline.
    fn make_key(&self, name: &str) {
        let key = self.key(name);
        let arguments = [
            "ecparam",
            "-name",
            "prime256v1",
            "-genkey",
            "-noout",
            "-out",
        ];
        self.context
            .openssl([&arguments[..], &[text(&key)]].concat());
        fs::create_dir_all(self.context.path().join("gate")).expect("a folder");
        let public = self.public(name);
        self.context
            .openssl(["pkey", "-in", text(&key), "-pubout", "-out", text(&public)]);
    }

    fn key(&self, name: &str) -> PathBuf {
        self.context.path().join(format!("{name}.pem"))
    }

    fn public(&self, name: &str) -> PathBuf {
        self.context.path().join(format!("gate/{name}.pub"))
    }

    fn bundle(&self) -> PathBuf {
        self.context
            .path()
            .join("gate/vendor/judge.wasm.sigstore.json")
    }

    fn holdpoint(&self, arguments: &[&str]) -> Ran {
        self.context.holdpoint(self.repository.path(), arguments)
    }

    #[track_caller]
    fn sign(&self, name: &str) -> Ran {
        let key = self.key(name);
        let arguments = ["plugin", "sign", text(&self.plugin), "--key", text(&key)];
        self.holdpoint(&arguments).expect_code(0)
    }

    /// Signing for a public key, to be told how.
    fn sign_command(&self, public: &str) -> std::process::Command {
        let arguments = ["plugin", "sign", text(&self.plugin), "--public-key"];
        let mut command = self.context.command(self.repository.path());
        command.args(arguments).arg(self.public(public));
        command
    }

    /// That it was refused with these words, and nothing was written.
    #[track_caller]
    fn not_signed(&self, ran: Ran, expected: &str) {
        let ran = ran.expect_code(2);
        let said = ran.stderr.replace('│', " ");
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains(expected), "{said}");
        assert!(said.contains("help:"), "{said}");
        assert!(!self.bundle().exists(), "{said}");
    }

    /// What OpenSSL signs of these bytes with a key.
    fn openssl_signature(&self, name: &str, signed: impl AsRef<[u8]>) -> Vec<u8> {
        let key = self.key(name);
        self.context.write("signed", signed);
        let sign = ["dgst", "-sha256", "-sign", text(&key), "-out", "signature"];
        self.context.openssl([&sign[..], &["signed"]].concat());
        fs::read(self.context.path().join("signature")).expect("a signature")
    }

    fn verify(&self, name: &str) -> Ran {
        let key = self.public(name);
        self.holdpoint(&["plugin", "verify", text(&self.plugin), "--key", text(&key)])
    }

    /// Runs the plugin under a pipeline with this in it.
    fn run(&self, trust: &str) -> Ran {
        self.run_with(trust, &[])
    }

    fn run_with(&self, trust: &str, more: &[&str]) -> Ran {
        let text_of = format!(
            "{trust}\n[plugins.judge]\nsource = \"vendor/judge.wasm\"\n\
             settings = {{ behaviour = \"nothing\" }}\n\
             [[stages]]\nid = \"policy\"\nuse = [\"judge\"]\n"
        );
        let pipeline = self.context.write("gate/pipeline.toml", text_of);
        let arguments = [
            "run",
            "--dry-run",
            "--pipeline",
            text(&pipeline),
            "--format",
            "json",
        ];
        self.holdpoint(&[&arguments[..], more].concat())
    }

    /// The error of a run that was refused before anything was asked.
    #[track_caller]
    fn refused(&self, trust: &str) -> Value {
        let ran = self.run(trust).expect_code(2);
        ran.json()["error"].clone()
    }
}

fn text(path: &Path) -> &str {
    path.to_str().expect("a temporary path is UTF-8")
}

/// What is signed of an envelope: <https://github.com/secure-systems-lab/dsse/blob/master/protocol.md>.
fn pae(kind: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

/// The table of a key.
fn trusted(name: &str, more: &str) -> String {
    format!("[[trust.keys]]\nname = \"{name}\"\nkey = \"{name}.pub\"\n{more}\n")
}

#[track_caller]
fn assert_says(error: &Value, message: &str, cause: &str) {
    let said = error["message"].as_str().expect("a message");
    assert!(said.contains(message), "{error:#}");
    assert!(error["causes"].to_string().contains(cause), "{error:#}");
    assert!(
        !error["help"].as_str().unwrap_or_default().is_empty(),
        "{error:#}"
    );
}

#[test]
fn what_is_signed_is_verified_by_the_program_and_by_openssl() {
    let world = World::new();
    let signed = world.sign("acme");
    let bundle: Value =
        serde_json::from_slice(&fs::read(world.bundle()).expect("a bundle")).expect("JSON");
    assert_eq!(
        bundle["mediaType"],
        "application/vnd.dev.sigstore.bundle.v0.3+json"
    );
    let key = fs::read(world.key("acme")).expect("a key");
    let key = PrivateKey::read(&key).expect("a key of P-256");
    let hint = &bundle["verificationMaterial"]["publicKey"]["hint"];
    assert_eq!(*hint, key.public().id().to_string());
    assert!(
        signed.stdout.contains(&key.public().id().to_string()),
        "{}",
        signed.stdout
    );
    world.verify("acme").expect_code(0);

    // OpenSSL, which knows nothing of bundles.
    let signature = bundle["messageSignature"]["signature"]
        .as_str()
        .expect("text");
    let signature = BASE64_STANDARD.decode(signature).expect("base64");
    let signature = world.context.write("judge.sig", signature);
    let public = world.public("acme");
    let ran = world.context.openssl([
        "dgst",
        "-sha256",
        "-verify",
        text(&public),
        "-signature",
        text(&signature),
        text(&world.plugin),
    ]);
    assert_eq!(ran.stdout.trim(), "Verified OK");
    // The id of a key is what anybody can work out.
    let arguments = [
        "pkey",
        "-pubin",
        "-in",
        text(&public),
        "-outform",
        "DER",
        "-out",
        "key.der",
    ];
    world.context.openssl(arguments);
    let ran = world.context.openssl(["dgst", "-sha256", "-r", "key.der"]);
    assert_eq!(
        format!("sha256:{}", ran.stdout.split(' ').next().expect("a digest")),
        *hint
    );

    // The same bytes and key, the same signature.
    let before = fs::read(world.bundle()).expect("a bundle");
    world.sign("acme");
    assert_eq!(fs::read(world.bundle()).expect("a bundle"), before);
}

#[test]
fn a_signature_that_was_made_elsewhere_becomes_a_bundle() {
    let world = World::new();
    let (key, public) = (world.key("acme"), world.public("acme"));
    let arguments = ["dgst", "-sha256", "-sign", text(&key), "-out", "judge.sig"];
    world
        .context
        .openssl([&arguments[..], &[text(&world.plugin)]].concat());
    let signature = world.context.path().join("judge.sig");
    let sign = |public: &Path| {
        let arguments = ["plugin", "sign", text(&world.plugin), "--signature"];
        let more = [text(&signature), "--public-key", text(public)];
        world.holdpoint(&[&arguments[..], &more].concat())
    };
    sign(&world.public("zeta")).expect_code(2);
    assert!(
        !world.bundle().exists(),
        "nothing is written for another key's signature"
    );
    sign(&public).expect_code(0);
    world.verify("acme").expect_code(0);
    // The width of a page breaks lines.
    let said = world.verify("zeta").expect_code(2).stderr;
    let said: Vec<&str> = said.split_whitespace().collect();
    let said = said.join(" ");
    assert!(said.contains("did not make this signature"), "{said}");
}

#[test]
fn what_people_see_of_a_signature() {
    let world = World::new();
    world.sign("acme");
    let shown = |ran: Ran| {
        let key = PrivateKey::read(&fs::read(world.key("acme")).expect("a key")).expect("a key");
        let digest = ran.stdout.split("sha256:").nth(1).unwrap_or_default();
        let digest = digest.split_whitespace().next().unwrap_or_default();
        ran.stdout
            .replace(&key.public().id().to_string(), "KEY")
            .replace(digest, "DIGEST")
            .replace(text(world.context.path()), "FOLDER")
    };
    insta::assert_snapshot!(shown(world.verify("acme")), @r"
    hostile 1.0.0
      file      FOLDER/gate/vendor/judge.wasm
      digest    sha256:DIGEST
      signed by key KEY
      signature FOLDER/gate/vendor/judge.wasm.sigstore.json
    ");
    let ran = world.verify("zeta");
    let help = ran
        .stderr
        .lines()
        .any(|line| line.contains("help") || line.contains("somebody"));
    assert!(help, "{}", ran.stderr);
}

#[test]
fn keys_that_cannot_be_used_say_why() {
    let world = World::new();
    let sign = |path: &Path| {
        let arguments = ["plugin", "sign", text(&world.plugin), "--key", text(path)];
        world.holdpoint(&arguments).expect_code(2).stderr
    };
    let said = sign(&world.public("acme"));
    assert!(said.contains("only a private key signs"), "{said}");
    world
        .context
        .openssl(["genpkey", "-algorithm", "ED25519", "-out", "other.pem"]);
    let said = sign(&world.context.path().join("other.pem"));
    assert!(said.contains("not a key of the curve P-256"), "{said}");
    let key = world.key("acme");
    let arguments = ["pkcs8", "-topk8", "-in", text(&key), "-out", "locked.pem"];
    world
        .context
        .openssl([&arguments[..], &["-passout", "pass:secret"]].concat());
    let said = sign(&world.context.path().join("locked.pem"));
    assert!(
        said.contains("encrypted") && said.contains("--signature"),
        "{said}"
    );
    let said = sign(&world.plugin);
    assert!(
        said.contains("not a key in PEM") || said.contains("larger than"),
        "{said}"
    );
    let said = sign(&world.context.path().join("nothing.pem"));
    assert!(said.contains("cannot be read"), "{said}");
    // OpenSSH has a form of its own for both.
    let ssh = world.context.path().join("ssh-key");
    let mut made = std::process::Command::new("ssh-keygen");
    let made = made.args(["-q", "-t", "ecdsa", "-b", "256", "-N", "", "-f", text(&ssh)]);
    Ran::of(made.output()).expect_code(0);
    let said = sign(&ssh);
    assert!(said.contains("as OpenSSH writes it"), "{said}");
    let public = world.context.path().join("ssh-key.pub");
    let arguments = [
        "plugin",
        "verify",
        text(&world.plugin),
        "--key",
        text(&public),
    ];
    let said = world.holdpoint(&arguments).expect_code(2).stderr;
    assert!(said.contains("ssh-keygen -e -m PKCS8"), "{said}");
    // A private key is not handed to who only verifies.
    let arguments = ["plugin", "verify", text(&world.plugin), "--key", text(&key)];
    let said = world.holdpoint(&arguments).expect_code(2).stderr;
    assert!(said.contains("should not have it"), "{said}");
    // PKCS #8 without a password is as good as the older form.
    let arguments = [
        "pkcs8",
        "-topk8",
        "-nocrypt",
        "-in",
        text(&key),
        "-out",
        "plain.pem",
    ];
    world.context.openssl(arguments);
    let plain = world.context.path().join("plain.pem");
    let arguments = ["plugin", "sign", text(&world.plugin), "--key", text(&plain)];
    world.holdpoint(&arguments).expect_code(0);
    world.verify("acme").expect_code(0);
}

#[test]
fn only_a_plugin_is_signed() {
    let world = World::new();
    let file = world.context.write("notes.txt", "not a plugin\n");
    let key = world.key("acme");
    let ran = world.holdpoint(&["plugin", "sign", text(&file), "--key", text(&key)]);
    ran.expect_code(2);
    assert!(
        !world
            .context
            .path()
            .join("notes.txt.sigstore.json")
            .exists()
    );
}

#[test]
fn a_plugin_runs_with_the_signature_that_is_asked_for() {
    let world = World::new();
    let without = world.run("").expect_code(0).json();
    assert_eq!(without["stages"][0]["plugins"][0]["signers"], json!([]));
    let error = world.refused(&trusted("acme", ""));
    assert_says(
        &error,
        "`judge` is not signed as [trust] asks",
        "there is no signature",
    );
    world.sign("acme");
    let report = world.run(&trusted("acme", "")).expect_code(0).json();
    let signers = &report["stages"][0]["plugins"][0]["signers"];
    assert_eq!(signers[0]["name"], "acme");
    assert_ne!(
        report["configuration"]["digest"], without["configuration"]["digest"],
        "who may sign is part of what decides"
    );
    // A key that was replaced: both count until the older one is taken out.
    let both = trusted("zeta", "") + &trusted("acme", "");
    let report = world.run(&both).expect_code(0).json();
    assert_eq!(
        report["stages"][0]["plugins"][0]["signers"][0]["name"],
        "acme"
    );
    let error = world.refused(&trusted("zeta", ""));
    assert_says(
        &error,
        "of none of the keys that may sign it: zeta",
        "did not make",
    );
    // The same pipeline and plugin, signed by the other one.
    world.sign("zeta");
    let other = world.run(&both).expect_code(0).json();
    assert_eq!(
        other["stages"][0]["plugins"][0]["signers"][0]["name"],
        "zeta"
    );
    assert_ne!(
        other["configuration"]["digest"], report["configuration"]["digest"],
        "who signed is part of what decides"
    );
}

#[test]
fn what_was_changed_after_it_was_signed_does_not_run() {
    let world = World::new();
    world.sign("acme");
    let mut bytes = fs::read(&world.plugin).expect("a component");
    // A custom section more: the same plugin with other bytes.
    bytes.extend_from_slice(b"\x00\x04\x03abc");
    fs::write(&world.plugin, &bytes).expect("the component");
    let error = world.refused(&trusted("acme", ""));
    assert_says(&error, "of none of the keys", "is the signature of sha256:");
    world.verify("acme").expect_code(2);
    // Nor does it with the digest that the bundle names put right.
    let digest = holdpoint::model::Digest::of(&bytes);
    let digest = BASE64_STANDARD.encode(digest.bytes());
    let mut bundle: Value =
        serde_json::from_slice(&fs::read(world.bundle()).expect("a bundle")).expect("JSON");
    bundle["messageSignature"]["messageDigest"]["digest"] = digest.into();
    fs::write(world.bundle(), bundle.to_string()).expect("the bundle");
    let error = world.refused(&trusted("acme", ""));
    assert_says(&error, "of none of the keys", "did not make this signature");
    // Nor without one.
    bundle["messageSignature"]
        .as_object_mut()
        .expect("an object")
        .remove("messageDigest");
    fs::write(world.bundle(), bundle.to_string()).expect("the bundle");
    world.refused(&trusted("acme", ""));
}

#[test]
fn bundles_of_another_kind_are_refused() {
    let world = World::new();
    world.sign("acme");
    let good: Value =
        serde_json::from_slice(&fs::read(world.bundle()).expect("a bundle")).expect("JSON");
    let refused = |change: &dyn Fn(&mut Value), says: &str| {
        let mut bundle = good.clone();
        change(&mut bundle);
        fs::write(world.bundle(), bundle.to_string()).expect("the bundle");
        assert_says(
            &world.refused(&trusted("acme", "")),
            "is not signed as",
            says,
        );
    };
    refused(
        &|bundle| bundle["mediaType"] = "text/plain".into(),
        "not a Sigstore bundle",
    );
    refused(
        &|bundle| {
            bundle["mediaType"] = "application/vnd.dev.sigstore.bundle+json;version=0.1".into();
        },
        "only version 0.3 is read",
    );
    refused(
        &|bundle| {
            bundle["verificationMaterial"] = json!({ "certificate": { "rawBytes": "AAAA" } });
        },
        "with a certificate",
    );
    refused(
        &|bundle| bundle["messageSignature"]["messageDigest"]["algorithm"] = "SHA2_512".into(),
        "another digest",
    );
    refused(
        &|bundle| bundle["messageSignature"]["signature"] = "AAAA".into(),
        "not one of ECDSA",
    );
    refused(
        &|bundle| {
            bundle["padding"] = " "
                .repeat(usize::try_from(BUNDLE_BYTES_MAX).expect("a small number"))
                .into();
        },
        "larger than",
    );
    fs::write(world.bundle(), "").expect("the bundle");
    assert_says(
        &world.refused(&trusted("acme", "")),
        "is not signed as",
        "not a Sigstore bundle",
    );
}

#[test]
fn a_key_signs_what_it_may_sign() {
    let world = World::new();
    world.sign("acme");
    // The manifest calls the plugin `hostile`, whatever the pipeline calls it.
    world
        .run(&trusted(
            "acme",
            "plugins = [\"host*\"]\nsources = [\"vendor/*.wasm\"]",
        ))
        .expect_code(0);
    let error = world.refused(&trusted("acme", "plugins = [\"judge\"]"));
    assert_says(&error, "no key of [trust] may sign plugin `judge`", "");
    assert!(
        error["message"].to_string().contains("hostile"),
        "{error:#}"
    );
    let error = world.refused(&trusted("acme", "sources = [\"*.wasm\"]"));
    assert_says(&error, "vendor/judge.wasm", "");
    // Another's key does not come in for the one that may.
    let both = trusted("acme", "plugins = [\"other\"]") + &trusted("zeta", "");
    let error = world.refused(&both);
    assert_says(&error, "of none of the keys that may sign it: zeta", "");
}

#[test]
fn what_is_denied_is_refused_whoever_signed_it() {
    let world = World::new();
    world.sign("acme");
    let shown = world
        .holdpoint(&[
            "plugin",
            "verify",
            text(&world.plugin),
            "--format",
            "json",
            "--key",
            text(&world.public("acme")),
        ])
        .expect_code(0)
        .json();
    let deny = |what: &str| format!("[trust]\ndeny = [{}]\n", shown[what]) + &trusted("acme", "");
    assert_says(&world.refused(&deny("digest")), "which is refused", "");
    assert_says(
        &world.refused(&deny("key")),
        "is signed with the key sha256:",
        "",
    );
    // Without a key in the table, too, and for plugins of the program.
    let only = format!("[trust]\ndeny = [{}]\n", shown["digest"]);
    assert_says(&world.refused(&only), "which is refused", "");
    let inspected = world
        .holdpoint(&[
            "plugin",
            "inspect",
            "embedded:conventional-commits",
            "--format",
            "json",
        ])
        .expect_code(0)
        .json();
    let denied = format!(
        "[trust]\ndeny = [{}]\n[[stages]]\nid = \"policy\"\nuse = [\"conventional-commits\"]\n",
        inspected["digest"]
    );
    let pipeline = world.context.write("gate/embedded.toml", denied);
    let ran = world.holdpoint(&["check", "--pipeline", text(&pipeline)]);
    assert!(ran.expect_code(2).stderr.contains("which is refused"));
    let error = world.refused("[trust]\ndeny = [\"sha256:1234\"]\n");
    assert!(
        error["message"].to_string().contains("not a digest"),
        "{error:#}"
    );
}

#[test]
fn plugins_of_the_program_need_no_signature() {
    let world = World::new();
    let pipeline =
        trusted("acme", "") + "[[stages]]\nid = \"policy\"\nuse = [\"conventional-commits\"]\n";
    let pipeline = world.context.write("gate/pipeline.toml", pipeline);
    let ran = world.holdpoint(&["run", "--dry-run", "--pipeline", text(&pipeline)]);
    ran.expect_code(0);
}

#[test]
fn a_project_cannot_take_away_what_its_organization_asks_for() {
    let world = World::new();
    world.sign("zeta");
    let policy =
        trusted("acme", "") + "[[stages]]\nid = \"base\"\nuse = [\"conventional-commits\"]\n";
    let policy = world.context.write("gate/policy.toml", policy);
    let more = ["--policy", text(&policy)];
    // The project's own word is not enough.
    for trust in ["", &trusted("zeta", "")] {
        let ran = world.run_with(trust, &more).expect_code(2);
        assert_says(
            &ran.json()["error"],
            "of none of the keys that may sign it: acme",
            "",
        );
    }
    world.sign("acme");
    let report = world.run_with("", &more).expect_code(0).json();
    let stages = report["stages"].as_array().expect("stages");
    let judged = stages
        .iter()
        .find(|stage| stage["id"] == "policy")
        .expect("the project's");
    assert_eq!(judged["plugins"][0]["signers"][0]["name"], "acme");
    // And a project that asks for its own key as well has to have it.
    let ran = world.run_with(&trusted("zeta", ""), &more).expect_code(2);
    assert_says(
        &ran.json()["error"],
        "of none of the keys that may sign it: zeta",
        "",
    );
}

#[test]
fn a_key_in_reach_of_the_change_is_not_trusted() {
    let world = World::new();
    world.sign("acme");
    let key = fs::read(world.public("acme")).expect("a key");
    world.repository.write("keys/acme.pub", key);
    let inside = world.repository.path().join("keys/acme.pub");
    let trust = format!(
        "[[trust.keys]]\nname = \"acme\"\nkey = {:?}\n",
        text(&inside)
    );
    let report = world.run(&trust).expect_code(2).json();
    assert_eq!(report["configuration"]["trusted"], false, "{report:#}");
}

#[test]
fn keys_of_a_pipeline_file_are_checked() {
    let world = World::new();
    world.sign("acme");
    let twice = trusted("acme", "") + &trusted("acme", "");
    assert_says(&world.refused(&twice), "acme", "");
    let error = world.refused("[[trust.keys]]\nname = \"acme\"\nkey = \"vendor/judge.wasm\"\n");
    assert!(
        error["message"]
            .to_string()
            .contains("cannot be used as a key"),
        "{error:#}"
    );
    let error = world.refused("[[trust.keys]]\nname = \"acme\"\nkey = \"nobody.pub\"\n");
    assert!(
        error["message"].to_string().contains("nobody.pub"),
        "{error:#}"
    );
    let many: String = (0..101)
        .map(|number| trusted(&format!("k{number}"), ""))
        .collect();
    let error = world.refused(&many);
    assert!(error["message"].to_string().contains("101"), "{error:#}");
}

#[test]
fn check_says_who_signed() {
    let world = World::new();
    world.sign("acme");
    world.run(&trusted("acme", "")).expect_code(0);
    let pipeline = world.context.path().join("gate/pipeline.toml");
    let ran = world
        .holdpoint(&["check", "--pipeline", text(&pipeline)])
        .expect_code(0);
    assert!(
        ran.stdout.contains("Signed by acme, key sha256:"),
        "{}",
        ran.stdout
    );
}
