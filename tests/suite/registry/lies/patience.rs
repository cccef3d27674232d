//! Registries that give one byte after the other.

use std::time::Duration;

use holdpoint::plugin::registry::{
    ANSWER_TIME, Access, Reference, Registry, RegistryError, TRANSFER_TIME,
};
use holdpoint::sandbox::{HttpClient, HttpError, HttpLimits};

use super::*;

/// The time of whoever cannot wait as long as a registry may take.
const TIME: Duration = Duration::from_millis(300);

/// What a test waits at most, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(8);

/// Says that so many bytes come, and lets them come one by one.
fn drip(media_type: &str, length: usize) -> Reply {
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {media_type}\r\ncontent-length: {length}\r\n\r\n"
    );
    Reply::Drip(head.into_bytes())
}

#[track_caller]
fn assert_out_of_time(error: &RegistryError, host: SocketAddr) {
    assert!(
        matches!(error, RegistryError::Http(HttpError::Deadline { deadline, .. }) if *deadline == TIME),
        "{error}"
    );
    let said = error.to_string();
    assert!(
        said.contains(&host.to_string()) && said.contains("within 300 ms"),
        "{said}"
    );
    assert!(error.help().contains("how long it takes"), "{error}");
}

#[test]
fn who_gives_one_byte_after_the_other_takes_no_more_than_its_time() {
    wait(async {
        let stock = Stock::new();
        let server = Server::asking(move |_, received| {
            let is_document =
                received.head.contains("/manifests/slow") || received.head.contains("/referrers/");
            if is_document {
                drip(MANIFEST, 100_000)
            } else if is_blob(received) {
                drip("application/octet-stream", stock.component.len())
            } else {
                stock.honest(received)
            }
        })
        .await;
        let client = HttpClient::new(HttpLimits::default());
        let access = Access {
            is_plain: true,
            addresses: vec!["127.0.0.0/8".parse().expect("a range")],
            authorities: None,
        };
        let host = server.address.to_string();
        let registry = Registry::new(&client, &host, &access).within(TIME);
        let reference = |tag: &str| -> Reference {
            let text = format!("oci://{host}/judge:{tag}");
            text.parse().expect("a reference")
        };
        let slow = reference("slow");
        let found = tokio::time::timeout(PATIENCE, registry.find(&slow));
        let error = found.await.expect("in time").expect_err("no manifest");
        assert_out_of_time(&error, server.address);
        let found = registry.find(&reference("1")).await.expect("a manifest");
        let component = tokio::time::timeout(PATIENCE, registry.component("judge", &found));
        let error = component.await.expect("in time").expect_err("no component");
        assert_out_of_time(&error, server.address);
        let bundles = tokio::time::timeout(PATIENCE, registry.bundles("judge", &found.manifest));
        let error = bundles.await.expect("in time").expect_err("no signatures");
        assert_out_of_time(&error, server.address);
    });
}

#[test]
fn what_a_registry_may_take_is_what_the_documents_say() {
    assert_eq!(TRANSFER_TIME, Duration::from_mins(10));
    assert_eq!(ANSWER_TIME, Duration::from_secs(20));
    let documents = Path::new(env!("CARGO_MANIFEST_DIR")).join("../host/docs/registries.md");
    let documents = words(&fs::read_to_string(documents).expect("a page"));
    assert!(
        documents.contains("10 minutes on each request for bytes and 20 seconds on any other"),
        "{documents}"
    );
}
