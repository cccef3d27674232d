//! Bundles whose signature is one of a statement of in-toto, as `cosign sign` makes them. OpenSSL signs
//! them here, over what the specification of the envelope says is signed.

use super::*;

const IN_TOTO: &str = "application/vnd.in-toto+json";

impl World {
    /// A statement of this kind about subjects with these digests.
    fn statement(predicate: &str, digests: &[Value]) -> Value {
        let subjects: Vec<Value> = digests
            .iter()
            .map(|digest| json!({ "name": "judge.wasm", "digest": digest }))
            .collect();
        json!({
            "_type": "https://in-toto.io/Statement/v1",
            "subject": subjects,
            "predicateType": predicate,
            "predicate": {},
        })
    }

    /// That the component is signed.
    fn signing_statement(&self) -> Value {
        Self::statement(SIGN, &[self.sha256()])
    }

    fn sha256(&self) -> Value {
        let ran = self
            .context
            .openssl(["dgst", "-sha256", "-r", text(&self.plugin)]);
        json!({ "sha256": ran.stdout.split(' ').next().expect("a digest") })
    }

    /// Lays a bundle beside the plugin with what a key signed.
    fn envelope(&self, name: &str, payload_type: &str, payload: &str) -> Value {
        let signature = self.openssl_signature(name, pae(payload_type, payload.as_bytes()));
        let bundle = json!({
            "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
            "verificationMaterial": { "publicKey": { "hint": name } },
            "dsseEnvelope": {
                "payload": BASE64_STANDARD.encode(payload),
                "payloadType": payload_type,
                "signatures": [{ "sig": BASE64_STANDARD.encode(signature), "keyid": "" }],
            },
        });
        self.lay(&bundle);
        bundle
    }

    fn lay(&self, bundle: &Value) {
        fs::write(self.bundle(), bundle.to_string()).expect("the bundle");
    }
}

#[test]
fn a_statement_that_a_component_is_signed_counts() {
    let world = World::new();
    let statement = world.signing_statement();
    world.envelope("acme", IN_TOTO, &statement.to_string());
    world.verify("acme").expect_code(0);
    world.verify("zeta").expect_code(2);
    world.run(&trusted("acme", "")).expect_code(0);
    assert_says(
        &world.refused(&trusted("zeta", "")),
        "is of none of the keys",
        "did not make this signature",
    );
    // One of several, and written in another way.
    let other = json!({ "sha256": "00".repeat(32) });
    let several = World::statement(SIGN, &[other, world.sha256()]);
    let spread = serde_json::to_string_pretty(&several).expect("JSON");
    world.envelope("acme", IN_TOTO, &spread);
    world.run(&trusted("acme", "")).expect_code(0);
    // What was changed afterwards is another component.
    let mut component = fs::read(&world.plugin).expect("a component");
    component.extend([0, 2, 1, b'x']);
    fs::write(&world.plugin, component).expect("it can be written");
    let ran = world.run(&trusted("acme", "")).expect_code(2);
    assert!(
        ran.stdout.contains("it is the signature of"),
        "{}",
        ran.stdout
    );
}

/// Who trusts a key to sign plugins does not take whatever else it signed about one for that.
#[test]
fn what_a_trusted_key_says_of_a_component_is_no_signature_of_it() {
    let world = World::new();
    let sha256 = || vec![world.sha256()];
    for predicate in [
        "https://slsa.dev/provenance/v1",
        "https://cosign.sigstore.dev/attestation/vuln/v1",
        "https://sigstore.dev/cosign/sign/v2",
        "",
    ] {
        let statement = World::statement(predicate, &sha256());
        world.envelope("acme", IN_TOTO, &statement.to_string());
        assert_says(
            &world.refused(&trusted("acme", "")),
            "is not signed as",
            "does not say that the component is signed",
        );
    }
    let refused = |payload_type: &str, statement: &str, says: &str| {
        world.envelope("acme", payload_type, statement);
        assert_says(
            &world.refused(&trusted("acme", "")),
            "is not signed as",
            says,
        );
    };
    let good = world.signing_statement().to_string();
    refused("text/plain", &good, "a signed `text/plain`");
    refused(IN_TOTO, "hello", "the statement in it cannot be read");
    refused(IN_TOTO, "{}", "the statement in it cannot be read");
    let older = good.replace("Statement/v1", "Statement/v0.1");
    refused(IN_TOTO, &older, "only statements of in-toto v1 are read");
    let nothing = World::statement(SIGN, &[]).to_string();
    refused(IN_TOTO, &nothing, "names nothing that it is about");
    let mut more = world.signing_statement();
    more["predicate"] = json!({ "but": "only for tests" });
    refused(IN_TOTO, &more.to_string(), "says more than");
    let sha512 = json!({ "sha512": "00".repeat(64) });
    let sha512 = World::statement(SIGN, &[sha512]).to_string();
    refused(IN_TOTO, &sha512, "another digest than one of SHA-256");
    let other = json!({ "sha256": "00".repeat(32) });
    let other = World::statement(SIGN, &[other]).to_string();
    world.envelope("acme", IN_TOTO, &other);
    assert_says(
        &world.refused(&trusted("acme", "")),
        "is of none of the keys",
        "it is the signature of sha256:0000",
    );
}

#[test]
fn an_envelope_that_was_changed_does_not_count() {
    let world = World::new();
    let statement = world.signing_statement();
    let other = json!({ "sha256": "00".repeat(32) });
    let about_another = World::statement(SIGN, &[other]);
    let mut bundle = world.envelope("acme", IN_TOTO, &about_another.to_string());
    // What another component's signature is made to say of this one.
    bundle["dsseEnvelope"]["payload"] = BASE64_STANDARD.encode(statement.to_string()).into();
    world.lay(&bundle);
    assert_says(
        &world.refused(&trusted("acme", "")),
        "is of none of the keys",
        "did not make this signature",
    );
    // The signature of the bare statement, without what it is called.
    let mut bundle = world.envelope("acme", IN_TOTO, &statement.to_string());
    let bare = world.openssl_signature("acme", statement.to_string());
    bundle["dsseEnvelope"]["signatures"][0]["sig"] = BASE64_STANDARD.encode(bare).into();
    world.lay(&bundle);
    assert_says(
        &world.refused(&trusted("acme", "")),
        "is of none of the keys",
        "did not make this signature",
    );
    // Two signatures, of which one might be the good one.
    let mut bundle = world.envelope("acme", IN_TOTO, &statement.to_string());
    let signatures = bundle["dsseEnvelope"]["signatures"]
        .as_array_mut()
        .expect("a list");
    signatures.push(signatures[0].clone());
    world.lay(&bundle);
    assert_says(
        &world.refused(&trusted("acme", "")),
        "is not signed as",
        "exactly one signature",
    );
}
