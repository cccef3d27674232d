//! Artifacts and evidence: files that the operator names, opened once and hashed while read.

#![expect(
    clippy::disallowed_methods,
    reason = "this room reads artifacts and evidence"
)]

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read, Write as _};
use std::path::Path;

use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions, OpenOptionsExt as _};

use super::{Error, EvidenceBytes, NamedFile, bounds, discovery, is_file_name};
use crate::model::{Artifact, Digest, DigestWriter, Evidence, Text};

/// What evidence is when nothing says so.
pub(super) const UNKNOWN_MEDIA_TYPE: &str = "application/octet-stream";

/// Reads what is shipped.
pub(super) fn artifacts(files: &[NamedFile]) -> Result<Vec<Artifact>, Error> {
    refuse_duplicates(files)?;
    files
        .iter()
        .map(|file| {
            let mut digest = DigestWriter::default();
            let size = read("artifact", file, bounds::ARTIFACT_BYTES_MAX, &mut digest)?;
            Ok(Artifact {
                name: Text::from(file.name.as_str()),
                digest: digest.finish(),
                size,
            })
        })
        .collect()
}

/// Reads the files about the release, and keeps their bytes: what plugins are given is what was
/// hashed.
pub(super) fn evidence(files: &[NamedFile]) -> Result<(Vec<Evidence>, EvidenceBytes), Error> {
    refuse_duplicates(files)?;
    if files.len() > bounds::EVIDENCE_FILES_MAX {
        return Err(Error::EvidenceBound {
            most: bounds::EVIDENCE_FILES_MAX as u64,
            what: "files",
        });
    }
    let (mut evidence, mut kept) = (Vec::new(), Vec::new());
    let mut sum = 0_u64;
    for file in files {
        let mut bytes = Vec::new();
        let size = read("evidence", file, bounds::EVIDENCE_BYTES_MAX, &mut bytes)?;
        sum = sum.saturating_add(size);
        if sum > bounds::EVIDENCE_SUM_BYTES_MAX {
            return Err(Error::EvidenceBound {
                most: bounds::EVIDENCE_SUM_BYTES_MAX,
                what: "bytes",
            });
        }
        let media_type = file.media_type.as_deref().unwrap_or(UNKNOWN_MEDIA_TYPE);
        evidence.push(Evidence {
            name: Text::from(file.name.as_str()),
            media_type: Text::from(media_type),
            digest: Digest::of(&bytes),
            size,
        });
        kept.push(bytes);
    }
    Ok((evidence, EvidenceBytes::new(kept)))
}

fn refuse_duplicates(files: &[NamedFile]) -> Result<(), Error> {
    let mut names = HashSet::new();
    match files.iter().find(|file| !names.insert(&file.name)) {
        None => Ok(()),
        Some(file) => Err(Error::DuplicateName {
            name: Text::from(file.name.as_str()),
        }),
    }
}

/// Reads a file once, and hands on what is in it. Gives its size.
fn read(
    what: &'static str,
    file: &NamedFile,
    bytes_max: u64,
    to: &mut dyn io::Write,
) -> Result<u64, Error> {
    let name = Text::from(file.name.as_str());
    let path = Text::from_bytes(file.path.as_os_str().as_encoded_bytes());
    let failed = |source| Error::File {
        what,
        name: name.clone(),
        path: path.clone(),
        source,
    };
    let opened = open(&file.path, file.within.as_deref()).map_err(failed)?;
    if !opened.metadata().map_err(failed)?.is_file() {
        return Err(Error::NotAFile { what, name, path });
    }
    // One byte more than allowed tells a file at the bound from one above it.
    let size = io::copy(&mut opened.take(bytes_max.saturating_add(1)), to).map_err(failed)?;
    if size > bytes_max {
        return Err(Error::TooLarge { path, bytes_max });
    }
    Ok(size)
}

/// Bytes of an artifact that are copied at once.
const COPY_BYTES: usize = 1 << 20;

/// Copies an artifact, under its own name, into a folder where there is nothing of that name. What
/// is copied is what was judged: bytes with the digest that the subject has.
///
/// # Errors
///
/// When it cannot be read or written, is another one than was judged, its name is no file name, or
/// `is_cancelled` says so. Then no copy is left.
pub fn copy_artifact(
    file: &NamedFile,
    judged: &Artifact,
    into: &Dir,
    is_cancelled: &dyn Fn() -> bool,
) -> Result<(), Error> {
    let name = judged.name.raw();
    if !is_file_name(name.as_bytes()) {
        return Err(Error::CheckoutName {
            path: judged.name.clone(),
            why: "its name is no file name",
        });
    }
    let written = |source| Error::CheckoutWrite {
        path: judged.name.clone(),
        source,
    };
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let copy = into.open_with(name, &options).map_err(written)?.into_std();
    let copied = copy_judged(file, judged, copy, is_cancelled);
    if copied.is_err() {
        into.remove_file(name).map_err(written)?;
    }
    copied
}

fn copy_judged(
    file: &NamedFile,
    judged: &Artifact,
    mut copy: File,
    is_cancelled: &dyn Fn() -> bool,
) -> Result<(), Error> {
    let metadata = read_judged(file, judged, &mut copy, is_cancelled)?;
    let is_executable =
        rustix::fs::Mode::from_raw_mode(mode(&metadata)).intersects(rustix::fs::Mode::XUSR);
    let mode = rustix::fs::Mode::from_raw_mode(if is_executable { 0o755 } else { 0o644 });
    rustix::fs::fchmod(&copy, mode).map_err(|error| unwritten(judged, error.into()))
}

/// Reads an artifact into memory: the bytes with the digest that the subject has.
///
/// # Errors
///
/// When it cannot be read, is another one than was judged, or `is_cancelled` says so.
pub fn read_artifact(
    file: &NamedFile,
    judged: &Artifact,
    is_cancelled: &dyn Fn() -> bool,
) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::with_capacity(usize::try_from(judged.size).unwrap_or_default());
    read_judged(file, judged, &mut bytes, is_cancelled)?;
    Ok(bytes)
}

/// Hands on what was judged, piece by piece; whoever takes it keeps nothing of it after an error.
fn read_judged(
    file: &NamedFile,
    judged: &Artifact,
    to: &mut dyn io::Write,
    is_cancelled: &dyn Fn() -> bool,
) -> Result<std::fs::Metadata, Error> {
    let path = Text::from_bytes(file.path.as_os_str().as_encoded_bytes());
    let unreadable = |source| Error::File {
        what: "artifact",
        name: judged.name.clone(),
        path: path.clone(),
        source,
    };
    let opened = open(&file.path, file.within.as_deref()).map_err(unreadable)?;
    let metadata = opened.metadata().map_err(unreadable)?;
    let mut digest = DigestWriter::default();
    // One byte more than was judged tells a longer one.
    let mut opened = opened.take(judged.size.saturating_add(1));
    let mut buffer = vec![0; COPY_BYTES];
    loop {
        if is_cancelled() {
            return Err(Error::Cancelled);
        }
        let length = match opened.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(unreadable(error)),
        };
        let bytes = buffer.get(..length).unwrap_or_default();
        let unwritten = |source| unwritten(judged, source);
        digest.write_all(bytes).map_err(unwritten)?;
        to.write_all(bytes).map_err(unwritten)?;
    }
    if digest.finish() != judged.digest {
        return Err(Error::ChangedArtifact {
            name: judged.name.clone(),
            path,
        });
    }
    Ok(metadata)
}

fn unwritten(judged: &Artifact, source: io::Error) -> Error {
    Error::CheckoutWrite {
        path: judged.name.clone(),
        source,
    }
}

/// The permissions of a file.
fn mode(metadata: &std::fs::Metadata) -> u32 {
    use std::os::unix::fs::MetadataExt as _;

    metadata.mode() & 0o7777
}

/// Opens a file without waiting: a named pipe nobody writes to must not stop the run. A path that
/// has to lie within a folder is opened below it, so that neither `..` nor a link leads out.
fn open(path: &Path, within: Option<&Path>) -> io::Result<File> {
    let Some(folder) = within else {
        refuse_special(std::fs::metadata(path)?.file_type())?;
        return File::open(path);
    };
    // What is git's own may hold the keys to the server.
    let is_bare = discovery::is_bare(folder);
    let path = path.strip_prefix(folder).unwrap_or(path);
    let folder = cap_std::fs::Dir::open_ambient_dir(folder, ambient_authority())?;
    let is_git = |part: std::path::Component<'_>| part.as_os_str().eq_ignore_ascii_case(".git");
    if is_bare || folder.canonicalize(path)?.components().any(is_git) {
        return Err(io::Error::other("it lies in a git folder"));
    }
    let kind = folder.metadata(path)?.file_type();
    if !kind.is_file() && !kind.is_dir() {
        return Err(special());
    }
    folder.open(path).map(cap_std::fs::File::into_std)
}

fn refuse_special(kind: std::fs::FileType) -> io::Result<()> {
    if kind.is_file() || kind.is_dir() {
        Ok(())
    } else {
        Err(special())
    }
}

fn special() -> io::Error {
    io::Error::other("it is a pipe, a socket or a device")
}
