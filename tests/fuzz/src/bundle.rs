//! A signature of a component: what a stranger laid beside it, or has a registry refer to it.

use holdpoint::model::Digest;
use holdpoint::plugin::signature::{PublicKey, Signature};

/// Of a private key that nobody has any more, and that signed nothing.
const KEY: &[u8] = include_bytes!("../seeds/bundle.pub");

/// Reads the bytes as a bundle.
///
/// # Panics
///
/// When what must hold does not.
pub fn look(bytes: &[u8]) {
    let Ok(signature) = Signature::read(bytes) else {
        return;
    };
    // What the seeds are signatures of.
    let component = Digest::of(b"a component");
    let key = PublicKey::read(KEY).expect("a key");
    assert!(
        signature.verify(&component, &key).is_err(),
        "a key signed what it never saw"
    );
    // What is written is read again as the same.
    let written = signature.bytes();
    let read = Signature::read(&written).expect("what was written");
    assert_eq!(read.bytes(), written);
    assert_eq!(
        read.check_digest(&component),
        signature.check_digest(&component)
    );
}
