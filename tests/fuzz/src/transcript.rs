//! The transcript of a call, and the record of one that was cut: documents of a store that somebody may
//! have changed.

use holdpoint::model::{CutCall, PlannedStep, Record, Transcript};

/// Reads the bytes as each of the documents of a call.
///
/// # Panics
///
/// When what must hold does not.
pub fn look(bytes: &[u8]) {
    if let Ok(transcript) = Transcript::read(bytes) {
        // There is one form of it.
        let again = transcript.bytes();
        let read = Transcript::read(&again).expect("what was written can be read");
        assert_eq!(read.bytes(), again);
    }
    if let Some(cut) = CutCall::read(bytes) {
        assert!(CutCall::read(&cut.bytes()).is_some());
    }
    let _ = serde_json::from_slice::<Record>(bytes);
    let _ = serde_json::from_slice::<Vec<PlannedStep>>(bytes);
}
