//! The component itself, up to the moment where it could be called: bytes alone, and a standard plugin
//! that was changed and cut.

use std::sync::{Arc, LazyLock};

use holdpoint::plugin::embedded;
use holdpoint::sandbox::Sandbox;
use holdpoint_build::{inspect, read_manifest};

static SANDBOX: LazyLock<Sandbox> = LazyLock::new(|| Sandbox::new().expect("an engine"));

/// The plugin that is changed.
static HONEST: LazyLock<&[u8]> = LazyLock::new(|| embedded("slack").expect("it is embedded"));

/// How many places of it are written over.
const CHANGES_MAX: usize = 64;

/// A place, as four bytes, and what is written there.
const CHANGE_BYTES: usize = 5;

/// Loads the bytes as a component; then a standard plugin that was cut and changed as they say.
///
/// # Panics
///
/// When what must hold does not.
pub fn look(bytes: &[u8]) {
    load(bytes);
    let mut changed = HONEST.to_vec();
    let mut places = bytes.chunks_exact(CHANGE_BYTES);
    // The first one says how much is cut off: zero leaves it whole.
    if let Some(cut) = places.next() {
        changed.truncate(changed.len() - place(cut, changed.len()));
    }
    for change in places.take(CHANGES_MAX) {
        let at = place(change, changed.len());
        changed[at] = change[CHANGE_BYTES - 1];
    }
    load(&changed);
}

/// One of so many places.
fn place(bytes: &[u8], places: usize) -> usize {
    let number = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
    number as usize % places
}

fn load(bytes: &[u8]) {
    let _ = inspect(bytes);
    if let Ok(manifest) = read_manifest(bytes)
        && let Err(error) = SANDBOX.load(bytes, Arc::new(manifest))
    {
        assert!(!error.to_string().is_empty());
    }
}
