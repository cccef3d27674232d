//! The manifest of a component: what a stranger wrote into a section of it.

use holdpoint_build::{Manifest, read_manifest, stamp};

/// An empty component (the WebAssembly header of one), which the manifest is put into.
const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

/// Reads the bytes as a component, and as the text of a manifest.
///
/// # Panics
///
/// When what must hold does not.
pub fn look(bytes: &[u8]) {
    let _ = read_manifest(bytes);
    let Ok(manifest) = serde_json::from_slice::<Manifest>(bytes) else {
        return;
    };
    // What is written is read again as the same.
    if let Ok(component) = stamp(EMPTY.to_vec(), &manifest) {
        match read_manifest(&component) {
            Ok(read) => assert_eq!(
                serde_json::to_value(&read).ok(),
                serde_json::to_value(&manifest).ok()
            ),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}
