//! Signing with `ssh-keygen`, as git does.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use holdpoint::model::Text;
use holdpoint::plugin::ssh::{SignError, Signature, Signer};

use super::keys::{Keys, NAMESPACE};

const DOCUMENT: &[u8] = b"what is signed\n";

fn sign(signer: &Signer) -> (Result<String, SignError>, Vec<String>) {
    let mut heard = Vec::new();
    let armour = signer.sign(NAMESPACE, DOCUMENT, &mut |line: &Text| {
        heard.push(line.raw().to_owned());
    });
    (armour, heard)
}

/// A program that stands for `ssh-keygen`.
fn stand_in(keys: &Keys, script: &str) -> PathBuf {
    let path = keys.path("stand-in");
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a script");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).expect("it can be run");
    path
}

fn with(program: &Path, key: &Path) -> Signer {
    Signer::with_program(key, program.as_os_str())
}

#[test]
fn a_key_signs_and_the_signature_verifies() {
    let keys = Keys::new();
    keys.make("ada", "-t ed25519");
    let (signed, _) = sign(&Signer::new(&keys.path("ada")));
    let signature = Signature::read(&signed.expect("it signs")).expect("a signature");
    assert!(signature.verify(NAMESPACE, DOCUMENT).is_ok());
    assert!(signature.verify(NAMESPACE, b"another").is_err());
}

#[test]
fn a_missing_program_is_named_with_another_way() {
    let keys = Keys::new();
    let signer = Signer::with_program(&keys.path("ada"), OsStr::new("no-such-ssh-keygen"));
    let error = sign(&signer).0.expect_err("it is missing");
    assert_eq!(error.to_string(), "cannot start no-such-ssh-keygen");
    assert!(error.help().contains("--print"), "{}", error.help());
}

#[test]
fn a_key_that_is_not_there_is_said_in_the_words_of_the_program() {
    let keys = Keys::new();
    let (signed, heard) = sign(&Signer::new(&keys.path("nobody")));
    let error = signed.expect_err("there is no key").to_string();
    assert!(
        error.starts_with("ssh-keygen did not sign with "),
        "{error}"
    );
    assert!(error.contains("No such file"), "{error}");
    assert!(!heard.is_empty());
}

#[test]
fn a_program_that_fails_in_silence_is_said_to_have() {
    let keys = Keys::new();
    let signer = with(&stand_in(&keys, "exit 3"), Path::new("key"));
    let error = sign(&signer).0.expect_err("it fails").to_string();
    assert!(
        error.ends_with("did not sign with key: it ended with exit status: 3"),
        "{error}"
    );
}

#[test]
fn what_the_program_says_is_passed_on_line_by_line() {
    let keys = Keys::new();
    let script = "printf 'touch it\\n\\033[2Jnow\\n' >&2; exit 1";
    let (signed, heard) = sign(&with(&stand_in(&keys, script), Path::new("key")));
    assert_eq!(heard, ["touch it", "\u{1b}[2Jnow"]);
    let error = signed.expect_err("it fails").to_string();
    assert!(error.ends_with("\\u{1b}[2Jnow"), "{error}");
}

#[test]
fn what_is_no_signature_of_the_document_is_not_taken() {
    let keys = Keys::new();
    keys.make("ada", "-t ed25519");
    fs::write(keys.path("other"), keys.sign("ada", NAMESPACE, b"another")).expect("a file");
    let other = keys.path("other");
    for script in [
        "echo hello".to_owned(),
        format!("cat {}", other.display()),
        "cat >/dev/null; yes".to_owned(),
    ] {
        let error = sign(&with(&stand_in(&keys, &script), Path::new("key")))
            .0
            .expect_err("it is none");
        let is_known = matches!(
            error,
            SignError::NotASignature { .. } | SignError::Failed { .. }
        );
        assert!(is_known, "{script}: {error}");
        assert!(!error.help().is_empty());
    }
}
