//! What refers to a plugin and is no signature of it, or one of too many.

use std::collections::BTreeMap;

use holdpoint::plugin::registry::SIGNATURES_MAX;

use super::*;

const BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";
const OTHER: &str = "application/spdx+json";

/// What refers to the plugin: as the index calls it, as it calls itself, what its layer is, and who
/// signed the bundle in it.
type Referrer = (
    Option<&'static str>,
    Option<&'static str>,
    &'static str,
    &'static str,
);

const SIGNATURE: Referrer = (Some(BUNDLE), Some(BUNDLE), BUNDLE, "acme");

/// What a registry has beside the plugin, by the end of the path.
type Shelf = BTreeMap<String, Reply>;

/// Puts what refers to the plugin on a shelf.
fn shelf(world: &World, referrers: &[Referrer]) -> Shelf {
    let file = world.component("hostile");
    let mut shelf = Shelf::new();
    let mut index = Vec::new();
    for (number, (named, own, layer, signer)) in referrers.iter().enumerate() {
        world.sign(&file, signer);
        let bundle = fs::read(file.with_extension("wasm.sigstore.json")).expect("a bundle");
        let bundle_digest = Digest::of(&bundle).to_string();
        let mut manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {
                "mediaType": "application/vnd.oci.empty.v1+json",
                "digest": Digest::of(b"{}").to_string(),
                "size": 2,
            },
            "layers": [{ "mediaType": layer, "digest": bundle_digest, "size": bundle.len() }],
            "annotations": { "number": number.to_string() },
        });
        if let Some(own) = own {
            manifest["artifactType"] = json!(own);
        }
        let manifest = serde_json::to_vec(&manifest).expect("JSON");
        let digest = Digest::of(&manifest).to_string();
        let mut entry = json!({
            "mediaType": MANIFEST,
            "digest": digest,
            "size": manifest.len(),
        });
        if let Some(named) = named {
            entry["artifactType"] = json!(named);
        }
        index.push(entry);
        shelf.insert(format!("/manifests/{digest}"), bytes(MANIFEST, &manifest));
        let blob = bytes("application/octet-stream", &bundle);
        shelf.insert(format!("/blobs/{bundle_digest}"), blob);
    }
    let index = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": index,
    });
    let index = bytes(
        "application/vnd.oci.image.index.v1+json",
        index.to_string().as_bytes(),
    );
    shelf.insert("/referrers/".to_owned(), index);
    shelf
}

/// What `plugin add` says where this refers to the plugin and `acme` is trusted, and how many of them
/// were looked at.
fn taken(referrers: &[Referrer]) -> (Ran, usize) {
    wait(async {
        let stock = Stock::new();
        let shelf_there: Arc<Mutex<Shelf>> = Arc::default();
        let server = {
            let shelf = Arc::clone(&shelf_there);
            Server::asking(move |_, received| {
                let path = received.head.split(' ').nth(1).expect("a path").to_owned();
                let shelf = shelf.lock().expect("nobody panicked");
                let mut found = shelf.iter().filter(|(end, _)| path.contains(end.as_str()));
                found
                    .next()
                    .map_or_else(|| stock.honest(received), |(_, reply)| reply.clone())
            })
            .await
        };
        let world = World::new(server.address);
        *shelf_there.lock().expect("nobody panicked") = shelf(&world, referrers);
        world.pipeline(server.address, &trusting("acme"));
        let reference = format!("oci://{}/judge:1", server.address);
        let ran = tokio::task::spawn_blocking(move || {
            world.plugin(&["add", &reference, "--name", "judge"])
        });
        let ran = ran.await.expect("it ends");
        let received = server.received();
        let looked_at = received
            .iter()
            .filter(|one| one.head.starts_with("GET /v2/judge/manifests/sha256:"));
        (ran, looked_at.count())
    })
}

#[test]
fn what_is_no_signature_is_not_taken_for_one() {
    let (ran, _) = taken(&[SIGNATURE]);
    ran.expect_code(0);
    // What does not say what it is is looked at, and is one.
    let (ran, _) = taken(&[(Some(BUNDLE), None, BUNDLE, "acme")]);
    ran.expect_code(0);
    for (referrer, looked_at) in [
        ((Some(OTHER), Some(BUNDLE), BUNDLE, "acme"), 0),
        ((None, Some(BUNDLE), BUNDLE, "acme"), 0),
        ((Some(BUNDLE), Some(OTHER), BUNDLE, "acme"), 1),
        ((Some(BUNDLE), Some(BUNDLE), OTHER, "acme"), 1),
    ] {
        let (ran, count) = taken(&[referrer]);
        let ran = ran.expect_code(2);
        assert!(
            super::super::words(&ran.stderr).contains("there is no signature of it in"),
            "{referrer:?}: {}",
            ran.stderr
        );
        assert_eq!(count, looked_at, "{referrer:?}");
        // It keeps nothing else from being one.
        let (ran, _) = taken(&[referrer, SIGNATURE]);
        ran.expect_code(0);
    }
}

#[test]
fn only_so_many_signatures_are_looked_at() {
    let zeta = (Some(BUNDLE), Some(BUNDLE), BUNDLE, "zeta");
    let mut all = vec![zeta; SIGNATURES_MAX - 1];
    all.push(SIGNATURE);
    let (ran, count) = taken(&all);
    ran.expect_code(0);
    assert_eq!(count, SIGNATURES_MAX);
    all.insert(0, zeta);
    let (ran, count) = taken(&all);
    let ran = ran.expect_code(2);
    assert!(
        super::super::words(&ran.stderr).contains("of none of the keys"),
        "{}",
        ran.stderr
    );
    assert_eq!(count, SIGNATURES_MAX);
}
