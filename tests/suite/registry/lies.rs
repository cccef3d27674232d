//! Registries that lie, lead elsewhere, have no end, or ask for a login.

mod patience;
mod referrers;

use std::sync::{Arc, Mutex};

use holdpoint::model::Digest;
use serde_json::json;

use super::*;
use crate::loopback::{Received, Reply, Server, wait};

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// What a registry has of one plugin.
struct Stock {
    component: Vec<u8>,
    manifest: Vec<u8>,
}

impl Stock {
    fn new() -> Self {
        let component = fs::read(program("hostile")).expect("a component");
        let manifest = manifest(&component, component.len());
        Self {
            component,
            manifest,
        }
    }

    /// What a registry that does not lie answers.
    fn honest(&self, received: &Received) -> Reply {
        let line = received.head.lines().next().expect("a line");
        if line.contains("/manifests/sha256-") || line.contains("/referrers/") {
            return Reply::status(404);
        }
        if line.contains("/manifests/") {
            return bytes(MANIFEST, &self.manifest);
        }
        bytes("application/octet-stream", &self.component)
    }
}

fn manifest(component: &[u8], size: usize) -> Vec<u8> {
    let config = b"{}";
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {
            "mediaType": "application/vnd.wasm.config.v0+json",
            "digest": Digest::of(config).to_string(),
            "size": config.len(),
        },
        "layers": [{
            "mediaType": "application/wasm",
            "digest": Digest::of(component).to_string(),
            "size": size,
        }],
    });
    serde_json::to_vec(&manifest).expect("JSON")
}

fn bytes(media_type: &str, body: &[u8]) -> Reply {
    let mut reply = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {media_type}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    )
    .into_bytes();
    reply.extend(body);
    Reply::Raw(reply)
}

fn is_blob(received: &Received) -> bool {
    received.head.starts_with("GET /v2/judge/blobs/")
}

/// What `plugin add` says of a registry that answers like this.
fn adding(
    answer: impl Fn(&Stock, &Received) -> Option<Reply> + Send + Sync + 'static,
) -> (Ran, Vec<Received>) {
    wait(async {
        let stock = Stock::new();
        let server = Server::asking(move |_, received| {
            answer(&stock, received).unwrap_or_else(|| stock.honest(received))
        })
        .await;
        let world = World::new(server.address);
        (added(world, server.address).await, server.received())
    })
}

#[test]
fn a_registry_that_does_not_lie_is_believed() {
    let (ran, received) = adding(|_, _| None);
    let ran = ran.expect_code(0);
    assert!(
        super::words(&ran.stdout).contains("is taken into"),
        "{}",
        ran.stdout
    );
    assert!(
        received
            .iter()
            .all(|one| one.header("authorization").is_none())
    );
}

#[test]
fn what_is_not_what_its_digest_says_is_refused() {
    let (ran, _) = adding(|stock, received| {
        let mut other = stock.component.clone();
        other[9] ^= 1;
        is_blob(received).then(|| bytes("application/octet-stream", &other))
    });
    let ran = ran.expect_code(2);
    assert!(
        super::words(&ran.stderr).contains("somebody changed it, or it lies"),
        "{}",
        ran.stderr
    );
    let (ran, _) = adding(|stock, received| {
        let short = &stock.component[..stock.component.len() - 1];
        is_blob(received).then(|| bytes("application/octet-stream", short))
    });
    let ran = ran.expect_code(2);
    assert!(
        super::words(&ran.stderr).contains("bytes of a content of"),
        "{}",
        ran.stderr
    );
}

#[test]
fn what_has_no_end_is_not_read_to_its_end() {
    // More than the manifest says, and said beforehand: 10 GB.
    let huge = || Reply::Raw(b"HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n".to_vec());
    let (ran, _) = adding(move |_, received| is_blob(received).then(huge));
    let ran = ran.expect_code(2);
    assert!(
        super::words(&ran.stderr).contains("with a body of more than"),
        "{}",
        ran.stderr
    );
    // Without an end.
    let endless = || {
        let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
        Reply::Flood(head, b"4\r\nabcd\r\n".to_vec())
    };
    let (ran, _) = adding(move |_, received| is_blob(received).then(endless));
    let ran = ran.expect_code(2);
    assert!(
        super::words(&ran.stderr).contains("with a body of more than"),
        "{}",
        ran.stderr
    );
    let (ran, _) = adding(move |_, received| received.head.contains("/manifests/1").then(endless));
    let ran = ran.expect_code(2);
    assert!(
        super::words(&ran.stderr).contains("a manifest of more than 1048576 bytes"),
        "{}",
        ran.stderr
    );
    // A component that would be too large is not asked for.
    let (ran, received) = adding(|stock, received| {
        let large = manifest(&stock.component, 65 << 20);
        received
            .head
            .contains("/manifests/1")
            .then(|| bytes(MANIFEST, &large))
    });
    let ran = ran.expect_code(2);
    assert!(
        super::words(&ran.stderr).contains("64 MiB are the most"),
        "{}",
        ran.stderr
    );
    assert_eq!(received.len(), 1);
}

#[test]
fn what_is_no_plugin_is_refused() {
    let index = json!({ "schemaVersion": 2, "manifests": [] });
    let nested = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [{
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "digest": Digest::of(b"").to_string(),
            "size": 0,
        }],
    });
    let container = json!({
        "schemaVersion": 2,
        "config": {
            "mediaType": "application/vnd.oci.image.config.v1+json",
            "digest": Digest::of(b"").to_string(),
            "size": 0,
        },
        "layers": [],
    });
    let sha512 = String::from_utf8(Stock::new().manifest).expect("text");
    let at = sha512.find("\"layers\"").expect("layers");
    let (before, after) = sha512.split_at(at);
    let sha512 = format!(
        "{before}{}",
        after.replace("sha256:", &format!("sha512:{}", "0".repeat(64)))
    );
    for (body, words) in [
        (index.to_string(), "an index of several"),
        (nested.to_string(), "an index of several"),
        (container.to_string(), "its configuration is"),
        (sha512, "not one of SHA-256"),
        ("[]".to_owned(), "no manifest of a plugin"),
        ("no".to_owned(), "no manifest of a plugin"),
        (String::new(), "no manifest of a plugin"),
    ] {
        let shown = body.clone();
        let (ran, received) = adding(move |_, received| {
            received
                .head
                .contains("/manifests/1")
                .then(|| bytes(MANIFEST, body.as_bytes()))
        });
        let ran = ran.expect_code(2);
        assert!(
            super::words(&ran.stderr).contains(words),
            "{shown}: {}",
            ran.stderr
        );
        assert_eq!(received.len(), 1, "{shown}");
    }
}

#[test]
fn a_registry_that_is_of_no_use_is_named() {
    for (status, body, words) in [
        (404, "", "has no judge:1"),
        (500, "", "answered 500 to judge:1"),
        (
            429,
            r#"{"errors":[{"code":"TOOMANYREQUESTS","message":"slow\u001b[2Jly"}]}"#,
            "answered 429 to judge:1: TOOMANYREQUESTS slow",
        ),
        (
            403,
            r#"{"errors":[{"code":"DENIED"}]}"#,
            "refuses judge:1: it answered 403: DENIED",
        ),
        (302, "", "answered 302 to judge:1"),
    ] {
        let (ran, _) = adding(move |_, _| Some(Reply::with(status, "", body)));
        let ran = ran.expect_code(2);
        assert!(
            super::words(&ran.stderr).contains(words),
            "{words}: {}",
            ran.stderr
        );
        assert!(!ran.stderr.contains('\u{1b}'), "{}", ran.stderr);
    }
}

/// A registry and the server that it leads to, with a login for the registry.
fn led(
    lead: impl Fn(&str) -> String + Send + Sync + 'static,
) -> (Ran, Vec<Received>, Vec<Received>) {
    wait(async {
        let stock = Arc::new(Stock::new());
        let elsewhere = {
            let stock = Arc::clone(&stock);
            Server::asking(move |_, _| bytes("application/octet-stream", &stock.component)).await
        };
        let other = elsewhere.address.to_string();
        let server = Server::asking(move |_, received| {
            if received.header("authorization").is_none() {
                return Reply::with(401, "www-authenticate: Basic realm=\"r\"\r\n", "");
            }
            if is_blob(received) {
                let location = format!("location: {}\r\n", lead(&other));
                return Reply::with(307, &location, "");
            }
            stock.honest(received)
        })
        .await;
        let world = World::new(server.address);
        log_in(&world, server.address);
        let ran = added(world, server.address).await;
        (ran, server.received(), elsewhere.received())
    })
}

/// Takes the plugin of a registry; it answers meanwhile.
async fn added(world: World, registry: SocketAddr) -> Ran {
    let reference = format!("oci://{registry}/judge:1");
    let ran = tokio::task::spawn_blocking(move || world.plugin(&["add", &reference]));
    ran.await.expect("it ends")
}

/// What `docker login` writes.
fn log_in(world: &World, registry: SocketAddr) {
    let login = BASE64_STANDARD.encode("robot:passw0rd");
    let file = json!({ "auths": { registry.to_string(): { "auth": login } } });
    world.context.write(".docker/config.json", file.to_string());
}

#[test]
fn a_login_goes_to_no_server_that_the_registry_leads_to() {
    let (ran, received, elsewhere) = led(|other| format!("http://{other}/bucket/1?key=2"));
    ran.expect_code(0);
    let basic = format!("Basic {}", BASE64_STANDARD.encode("robot:passw0rd"));
    assert!(
        received
            .iter()
            .any(|one| one.header("authorization") == Some(basic.as_str()))
    );
    assert_eq!(elsewhere.len(), 1);
    assert_eq!(elsewhere[0].header("authorization"), None);
    assert!(
        elsewhere[0].head.starts_with("GET /bucket/1?key=2 "),
        "{}",
        elsewhere[0].head
    );
}

#[test]
fn a_registry_leads_on_only_so_often_and_only_where_it_may() {
    let (ran, received, _) = led(|_| "/v2/judge/blobs/again".to_owned());
    let ran = ran.expect_code(2);
    assert!(
        super::words(&ran.stderr).contains("leads on more than 3 times"),
        "{}",
        ran.stderr
    );
    let blobs = received.iter().filter(|one| is_blob(one));
    assert_eq!(blobs.count(), 4);
    for (location, words) in [
        ("http://10.0.0.1/a", "10.0.0.1 is a private address"),
        (
            "http://169.254.169.254/a",
            "hands out this machine's credentials",
        ),
        ("file:///etc/passwd", "names a place that cannot be asked"),
        (
            "http://user@127.0.0.1/",
            "names a place that cannot be asked",
        ),
    ] {
        let (ran, _, _) = led(move |_| location.to_owned());
        let ran = ran.expect_code(2);
        assert!(
            super::words(&ran.stderr).contains(words),
            "{location}: {}",
            ran.stderr
        );
    }
}

#[test]
fn a_token_is_asked_for_with_the_login_and_the_scope() {
    let (ran, registry, tokens) = wait(async {
        let stock = Stock::new();
        let tokens = Server::asking(|_, _| Reply::with(200, "", "{\"token\":\"t0ken\"}")).await;
        let realm = tokens.url("/token");
        let server = Server::asking(move |_, received| {
            if received.header("authorization") == Some("Bearer t0ken") {
                return stock.honest(received);
            }
            let challenge = format!(
                "www-authenticate: Bearer realm=\"{realm}\",service=\"the registry\",scope=\"repository:judge:pull\"\r\n"
            );
            Reply::with(401, &challenge, "")
        })
        .await;
        let world = World::new(server.address);
        log_in(&world, server.address);
        let ran = added(world, server.address).await;
        (ran, server.received(), tokens.received())
    });
    let ran = ran.expect_code(0);
    assert!(
        !super::words(&ran.stdout).contains("t0ken")
            && !super::words(&ran.stderr).contains("t0ken")
    );
    // It is asked for once, and used from then on.
    assert_eq!(tokens.len(), 1);
    let line = tokens[0].head.lines().next().expect("a line");
    assert_eq!(
        line,
        "GET /token?service=the+registry&scope=repository%3Ajudge%3Apull HTTP/1.1"
    );
    let basic = format!("Basic {}", BASE64_STANDARD.encode("robot:passw0rd"));
    assert_eq!(tokens[0].header("authorization"), Some(basic.as_str()));
    let without = registry
        .iter()
        .filter(|one| one.header("authorization").is_none());
    assert_eq!(without.count(), 1);
}

#[test]
fn a_login_that_nobody_knows_is_refused_in_words() {
    for (challenge, words) in [
        (
            "Negotiate",
            "asks for a login that Holdpoint does not know: Negotiate",
        ),
        ("Bearer realm=\"not a url\"", "does not know"),
        ("Basic realm=\"r\"", "without a user name and a password"),
        ("", "does not know"),
    ] {
        let (ran, received) = adding(move |_, _| {
            let headers = format!("www-authenticate: {challenge}\r\n");
            Some(Reply::with(401, &headers, ""))
        });
        let ran = ran.expect_code(2);
        assert!(
            super::words(&ran.stderr).contains(words),
            "{challenge}: {}",
            ran.stderr
        );
        assert!(
            super::words(&ran.stderr).contains("login")
                || super::words(&ran.stderr).contains("Bearer"),
            "{}",
            ran.stderr
        );
        assert_eq!(received.len(), 1);
    }
}

#[test]
fn what_is_pushed_goes_to_the_registry_itself_only() {
    let elsewhere: Arc<Mutex<Vec<String>>> = Arc::default();
    wait(async {
        let other = Server::new([Reply::status(201)]).await;
        let place = other.url("/upload");
        let server = Server::asking(move |_, received| {
            if received.head.starts_with("POST ") {
                let location = format!("location: {place}\r\n");
                Reply::with(202, &location, "")
            } else {
                Reply::status(404)
            }
        })
        .await;
        let world = World::new(server.address);
        let file = world.component("hostile");
        let reference = format!("oci://{}/judge:1", server.address);
        let ran = tokio::task::spawn_blocking(move || world.push(&file, &reference));
        let ran = ran.await.expect("it ends").expect_code(2);
        assert!(
            super::words(&ran.stderr).contains("would have what is pushed sent to"),
            "{}",
            ran.stderr
        );
        let heads = other.received().into_iter().map(|one| one.head);
        elsewhere.lock().expect("nobody panicked").extend(heads);
    });
    assert!(elsewhere.lock().expect("nobody panicked").is_empty());
}
