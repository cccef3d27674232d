//! What `make fuzz` feeds with bytes, fed with the seeds: they still are what they were made for, and
//! what was found once is not found again.

use std::path::Path;

/// Every seed of a target.
#[track_caller]
fn feed(target: &str, look: impl Fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/seeds")
        .join(target);
    let mut count = 0;
    for seed in std::fs::read_dir(folder).expect("the seeds") {
        let bytes = std::fs::read(seed.expect("a seed").path()).expect("a seed");
        look(&bytes);
        count += 1;
    }
    assert!(count > 0, "{target} has no seeds");
}

#[test]
fn seeds_of_manifests() {
    feed("manifest", holdpoint_fuzz::manifest::look);
}

#[test]
fn seeds_of_pipeline_files() {
    feed("pipeline-file", holdpoint_fuzz::pipeline_file::look);
}

#[test]
fn seeds_of_grants() {
    feed("grants", holdpoint_fuzz::grants::look);
}

#[test]
fn seeds_of_transcripts() {
    feed("transcript", holdpoint_fuzz::transcript::look);
}

#[test]
fn seeds_of_components() {
    feed("component", holdpoint_fuzz::component::look);
}

#[test]
fn seeds_of_bundles() {
    feed("bundle", |bytes| {
        let read = holdpoint::plugin::signature::Signature::read(bytes);
        assert!(read.is_ok(), "{read:?}");
        holdpoint_fuzz::bundle::look(bytes);
    });
}
