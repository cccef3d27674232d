//! Attacks through the real program: a pipeline outside of the checkout with one plugin in it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use holdpoint_build::{Capability, CapabilityRequest, Kind, Manifest, stamp};
use serde_json::Value;
use toml::Table;

use super::{Attack, Cost, Seen, folder, table};
use crate::canary::{self, CANARY};
use crate::context::{Context, Ran};
use crate::hostile::program;
use crate::loopback::{Certificate, Received, Reply, Server};

/// A repository and machine code for all attacks of a group, and a folder with the run of each.
pub struct Ground {
    context: Context,
    checkout: PathBuf,
    limits: Table,
    certificate: OnceLock<Certificate>,
}

/// Bytes of a file about the release.
const EVIDENCE_BYTES: usize = 64 << 10;

/// One attack, ready to be run.
pub struct Prepared {
    pub folder: PathBuf,
    pub pipeline: PathBuf,
}

/// The servers that an attack may ask, and what keeps them up.
struct Servers {
    runtime: tokio::runtime::Runtime,
    server: Server,
    other: Server,
    is_tls: bool,
}

impl Ground {
    pub fn new() -> Self {
        let context = Context::new();
        let repository = context.repository("project");
        repository.commit_file("one", "1\n", "feat: begin");
        repository.tag("v1.0.0");
        for number in 2..5 {
            repository.commit_file("one", format!("{number}\n"), "fix: go on");
        }
        let checkout = repository.path().to_owned();
        Self {
            context,
            checkout,
            limits: table().0,
            certificate: OnceLock::new(),
        }
    }

    /// Runs what the table says about an attack.
    pub fn run(&self, attack: &Attack) -> Seen {
        let servers = attack.text("serves").map(|serves| self.servers(serves));
        let component = match (attack.text("guest"), attack.text("program")) {
            (Some(guest), None) => {
                let kind = attack.text("kind").unwrap_or("policy");
                self.written(attack, &component(attack, guest, kind))
            }
            (None, Some(name)) => program(name),
            _ => panic!("{} has neither a guest nor a program", attack.name),
        };
        let prepared = self.prepare(attack, &component, servers.as_ref());
        let ran = self.ran(&prepared, &["--format", "json", "-vv"]);
        let mut seen = seen(&ran);
        self.unharmed(attack, &prepared, &ran);
        if attack.group == "text" && seen.outcome == "answered" {
            let human = self.ran(&prepared, &["--dry-run", "-vv"]);
            for text in [&ran.stdout, &ran.stderr, &human.stdout, &human.stderr] {
                assert_harmless(&attack.name, text);
            }
            "harmless text".clone_into(&mut seen.outcome);
        }
        if let Some(servers) = servers {
            servers.assert_reached(attack, &seen);
        }
        seen
    }

    /// Runs a component that is no guest of the table.
    pub fn run_component(&self, attack: &Attack, component: &[u8]) -> Seen {
        let prepared = self.prepare(attack, &self.written(attack, component), None);
        let ran = self.ran(&prepared, &["--format", "json", "-vv"]);
        self.unharmed(attack, &prepared, &ran);
        seen(&ran)
    }

    fn written(&self, attack: &Attack, component: &[u8]) -> PathBuf {
        let path = format!("{}/attack.wasm", attack.name);
        self.context.write(&path, component)
    }

    /// A folder of its own with the pipeline.
    fn prepare(&self, attack: &Attack, path: &Path, servers: Option<&Servers>) -> Prepared {
        let name = &attack.name;
        let mut plugin = Table::new();
        plugin.insert("source".into(), path.display().to_string().into());
        let mut limits = self.limits.clone();
        if let Some(toml::Value::Table(own)) = attack.table.get("limits") {
            limits.extend(own.clone());
        }
        plugin.insert("limits".into(), limits.into());
        if let Some(settings) = attack.table.get("settings") {
            plugin.insert("settings".into(), settings.clone());
        }
        // What these programs find is of no weight by itself.
        let rule = match attack.text("program") {
            Some("archivist") => Some("read"),
            Some("asker") => Some("answer"),
            Some("tourist") => Some("seen"),
            _ => None,
        };
        if let Some(rule) = rule {
            plugin.insert(
                "rules".into(),
                Table::from_iter([(rule.into(), "error".into())]).into(),
            );
        }
        let mut grants = servers
            .map(|servers| servers.grants(self))
            .unwrap_or_default();
        if let Some(toml::Value::Table(own)) = attack.table.get("grants") {
            grants.extend(own.clone());
        }
        if grants.contains_key("secrets")
            && let Some(toml::Value::Array(http)) = grants.get_mut("http")
        {
            http.push(unused().into());
        }
        if !grants.is_empty() {
            plugin.insert("grants".into(), grants.into());
        }
        let kind = attack.text("kind").unwrap_or("policy");
        let mut text = toml::to_string(&Table::from_iter([(
            "plugins".into(),
            Table::from_iter([("attack".into(), plugin.into())]).into(),
        )]))
        .expect("a pipeline");
        text += &format!("[[stages]]\nid = \"attacked\"\nuse = [\"attack\"]\nkind = {kind:?}\n");
        if let Some(servers) = servers {
            text = servers.named(&text);
        }
        let evidence = attack.table.get("evidence").and_then(toml::Value::as_array);
        for file in evidence.into_iter().flatten() {
            let file = file.as_str().expect("a name");
            let path = format!("{name}/evidence/{file}");
            let path = self.context.write(&path, vec![b'e'; EVIDENCE_BYTES]);
            text += &format!(
                "[[release.evidence]]\nname = {file:?}\npath = {}\nmedia-type = \"text/plain\"\n",
                quoted(&path)
            );
        }
        let pipeline = self.context.write(&format!("{name}/pipeline.toml"), text);
        Prepared {
            folder: self.context.path().join(name),
            pipeline,
        }
    }

    /// The program with this pipeline, in the environment of an attack: to be given arguments.
    pub fn command(&self, prepared: &Prepared) -> Command {
        let mut command = self.context.command(&self.checkout);
        command
            .env("TOKEN", CANARY)
            .arg("run")
            .arg("--state")
            .arg(prepared.folder.join("run.state"))
            .arg("--pipeline")
            .arg(&prepared.pipeline);
        command
    }

    fn ran(&self, prepared: &Prepared, arguments: &[&str]) -> Ran {
        Ran::of(self.command(prepared).args(arguments).output())
    }

    /// A pipeline of one's own, in a folder of this name.
    pub fn pipeline(&self, name: &str, text: &str) -> Prepared {
        let pipeline = self.context.write(&format!("{name}/pipeline.toml"), text);
        Prepared {
            folder: self.context.path().join(name),
            pipeline,
        }
    }

    /// The host came to its end by itself, is not go, and wrote no secret.
    fn unharmed(&self, attack: &Attack, prepared: &Prepared, ran: &Ran) {
        let name = &attack.name;
        assert!(matches!(ran.code, 1..=3), "{name} ended the host: {ran:?}");
        assert!(
            !ran.stderr.contains("defect of Holdpoint"),
            "{name}: {}",
            ran.stderr
        );
        canary::assert_none(ran.stdout.as_bytes(), name);
        canary::assert_none(ran.stderr.as_bytes(), name);
        canary::assert_none_below(&prepared.folder);
        let changed = crate::context::git_command(&self.checkout)
            .args(["status", "--porcelain"])
            .output();
        assert_eq!(Ran::of(changed).stdout, "", "{name} changed the checkout");
    }

    /// No secret is in what all attacks together left, machine code and sealing keys included.
    pub fn assert_no_secret(&self) {
        canary::assert_none_below(self.context.path());
    }

    fn certificate(&self) -> &Certificate {
        self.certificate
            .get_or_init(|| Certificate::new(&self.context, "IP:127.0.0.1"))
    }

    fn servers(&self, serves: &str) -> Servers {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let head = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
        let there = "http://169.254.169.254/latest/";
        let other = runtime.block_on(async {
            match serves {
                "echo" => Server::tls_asking(self.certificate(), echo).await,
                _ => Server::new([Reply::status(200)]).await,
            }
        });
        let reply = match serves {
            "echo" | "nothing" => Reply::status(200),
            "redirect-to-metadata" => {
                Reply::with(302, &format!("location: {there}\r\nx-to: {there}\r\n"), "")
            }
            "redirect-to-other" => {
                let location = format!("location: {}\r\nx-location-was: other\r\n", other.url("/"));
                Reply::with(302, &location, "")
            }
            "slow" => Reply::Drip(head),
            "silence" => Reply::Silence,
            "flood" => Reply::Flood(head, vec![b'x'; 1 << 16]),
            "compressed" => compressed(),
            other => panic!("nobody serves {other}"),
        };
        let asked = runtime.block_on(async {
            match serves {
                "echo" => Server::tls_asking(self.certificate(), echo).await,
                _ => Server::new([reply]).await,
            }
        });
        Servers {
            runtime,
            server: asked,
            other,
            is_tls: serves == "echo",
        }
    }
}

/// Where the secret could be sent that nobody uses.
fn unused() -> Table {
    let text = "methods = [\"GET\"]\nurl = \"https://example.net/\"";
    text.parse().expect("a grant")
}

/// Answers with what came.
fn echo(_: usize, received: &Received) -> Reply {
    let authorization = received.header("authorization").unwrap_or_default();
    let headers = format!("x-echo: {authorization}\r\n");
    Reply::with(200, &headers, &format!("you sent {authorization}"))
}

/// Sixteen megabytes of nothing, compressed.
fn compressed() -> Reply {
    use std::io::Write as _;

    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&vec![0; 16 << 20]).expect("memory");
    let body = encoder.finish().expect("memory");
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\nx-bytes: {length}\r\ncontent-length: {length}\r\n\r\n",
        length = body.len()
    );
    Reply::Raw([head.into_bytes(), body].concat())
}

impl Servers {
    /// What stands for the servers in the table, with their addresses.
    fn named(&self, text: &str) -> String {
        let scheme = if self.is_tls { "https" } else { "http" };
        text.replace("SERVER", &format!("{scheme}://{}", self.server.address))
            .replace("OTHER", &format!("{scheme}://{}", self.other.address))
            .replace("PORT", &self.server.address.port().to_string())
    }

    /// What is granted where an attack says nothing else: to ask the server below `/rest/`, or both
    /// with a secret for one.
    fn grants(&self, ground: &Ground) -> Table {
        let text = if self.is_tls {
            format!(
                "http = [\
                 {{ methods = [\"GET\", \"POST\"], read-only-post = true, url = \"SERVER/\", addresses = [\"127.0.0.0/8\"] }}, \
                 {{ methods = [\"GET\"], url = \"OTHER/\", addresses = [\"127.0.0.0/8\"] }}]\n\
                 ca = {:?}\nsecrets.token = {{ env = \"TOKEN\", for = \"SERVER\" }}",
                ground.certificate().authority.display().to_string()
            )
        } else {
            "http = [{ methods = [\"GET\", \"POST\"], read-only-post = true, url = \"SERVER/rest/\", \
             addresses = [\"127.0.0.0/8\"] }]\n\
             secrets.unused = { env = \"TOKEN\", for = \"https://example.net\" }"
                .to_owned()
        };
        self.named(&text).parse().expect("grants")
    }

    /// As many requests came as the attack may have made, and none anywhere else.
    fn assert_reached(&self, attack: &Attack, seen: &Seen) {
        let reaches = attack
            .table
            .get("reaches")
            .and_then(toml::Value::as_integer);
        let came = self.server.received().len();
        assert_eq!(
            i64::try_from(came).ok(),
            reaches.or(Some(0)),
            "{}: {}",
            attack.name,
            seen.words
        );
        assert!(self.other.received().is_empty(), "{}", attack.name);
        let _ = &self.runtime;
    }
}

/// A guest of the corpus as a component with a manifest.
fn component(attack: &Attack, guest: &str, kind: &str) -> Vec<u8> {
    let capabilities = attack
        .table
        .get("capabilities")
        .and_then(toml::Value::as_array);
    let capabilities = capabilities.into_iter().flatten().map(|name| {
        let named = Capability::ALL
            .into_iter()
            .find(|one| Some(one.name()) == name.as_str());
        named.unwrap_or_else(|| panic!("{name} is no capability"))
    });
    let world = attack.text("world").unwrap_or_default();
    stamped(guest, world, kind, capabilities)
}

/// A guest of the corpus whose world has this beside its kind, with a manifest that asks for these.
pub fn stamped(
    guest: &str,
    world: &str,
    kind: &str,
    capabilities: impl IntoIterator<Item = Capability>,
) -> Vec<u8> {
    let manifest = manifest(kind, capabilities);
    stamp(unstamped(guest, world, kind), &manifest).expect("a valid manifest")
}

/// The manifest of a guest of this kind that asks for these.
pub fn manifest(kind: &str, capabilities: impl IntoIterator<Item = Capability>) -> Manifest {
    Manifest {
        kinds: vec![
            Kind::ALL
                .into_iter()
                .find(|one| one.name() == kind)
                .expect("a kind"),
        ],
        capabilities: capabilities
            .into_iter()
            .map(|capability| CapabilityRequest {
                capability,
                reason: "to misuse it".into(),
            })
            .collect(),
        ..crate::sandbox::manifest()
    }
}

/// The same without a manifest.
pub fn unstamped(guest: &str, world: &str, kind: &str) -> Vec<u8> {
    let wat = std::fs::read_to_string(folder().join(guest)).expect("a guest");
    let world = format!("{world} export holdpoint:plugin/{kind}@0.1.0;");
    crate::sandbox::component(&wat, &world)
}

/// What the program said about its one plugin.
#[track_caller]
fn seen(ran: &Ran) -> Seen {
    let document = ran.json();
    if let Value::Object(error) = &document["error"] {
        assert_eq!(ran.code, 2, "{ran:?}");
        let words = format!("{} {} {}", error["message"], error["causes"], error["help"]);
        return Seen::new("refused before it runs", words.replace("\\\"", "\""));
    }
    assert_ne!(document["verdict"], "go", "{document:#}");
    let plugin = &document["stages"][0]["plugins"][0];
    let outcome = plugin["outcome"].as_str().expect("an outcome");
    let is_answer = outcome == "answered";
    let verdict = if is_answer {
        ("no-go", 1)
    } else {
        ("fault", 3)
    };
    assert_eq!(document["verdict"], verdict.0, "{document:#}");
    assert_eq!(ran.code, verdict.1, "{document:#}");
    assert_eq!(plugin["verdict"], verdict.0, "{plugin:#}");
    let number = |value: &Value| value.as_u64().expect("a number");
    let cost = Cost {
        milliseconds: number(&plugin["duration_ms"]),
        milliseconds_max: number(&plugin["limits"]["timeout_ms"]),
        memory_bytes: number(&plugin["memory_bytes"]),
        memory_bytes_max: number(&plugin["limits"]["memory_bytes"]),
    };
    assert!(
        cost.milliseconds <= 10 * cost.milliseconds_max
            && cost.memory_bytes <= cost.memory_bytes_max,
        "{plugin:#}"
    );
    let findings = document["stages"][0]["findings"]
        .as_array()
        .expect("findings");
    let messages: Vec<&str> = findings
        .iter()
        .filter_map(|finding| finding["message"].as_str())
        .collect();
    let fault = &plugin["fault"];
    let words = format!(
        "{}{}",
        fault["message"].as_str().unwrap_or_default(),
        messages.join("\n")
    );
    let outcome = match messages.first() {
        Some(message) if is_answer => answered(message),
        _ => outcome.to_owned(),
    };
    Seen {
        outcome,
        words: format!("{words}\n{}", plugin["log"]),
        limit: fault["limit"].as_str().map(str::to_owned),
        cost: Some(cost),
    }
}

/// What became of a request, where an answer says so.
fn answered(message: &str) -> String {
    let first = message.split([' ', ':']).next().unwrap_or_default();
    if message.starts_with("not granted: ") {
        "request not granted".to_owned()
    } else if message.starts_with("malformed: ") {
        "malformed request".to_owned()
    } else if message == "no such secret" {
        message.to_owned()
    } else if first.len() == 3 && first.bytes().all(|byte| byte.is_ascii_digit()) {
        format!("answered with {first}")
    } else {
        "answered".to_owned()
    }
}

/// Nothing in it is for a terminal or a CI system to obey.
fn assert_harmless(name: &str, text: &str) {
    let odd = text.chars().find(|character| {
        (character.is_control() && *character != '\n')
            || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    });
    assert_eq!(odd, None, "{name}: {text:?}");
    for line in text.lines() {
        assert!(!line.trim_start().starts_with("::"), "{name}: {line}");
        assert!(
            !line.contains("##[") && !line.contains("##vso["),
            "{name}: {line}"
        );
    }
}

/// The record of a call without what differs from run to run.
pub fn lasting(record: &Value) -> Value {
    let mut record = record.clone();
    record
        .as_object_mut()
        .expect("an object")
        .remove("duration_ms");
    record
}

/// Runs a pipeline of one's own as a rehearsal and gives the report.
#[track_caller]
pub fn rehearsed(ground: &Ground, prepared: &Prepared, code: i32) -> Value {
    let arguments = ["--at", "2026-11-22T10:00:00Z", "--format", "json"];
    ground.ran(prepared, &arguments).expect_code(code).json()
}

/// The path of a file as it stands in a pipeline.
pub fn quoted(path: &Path) -> String {
    format!("{:?}", path.display().to_string())
}
