//! Real keys, certificates and signatures, made by `ssh-keygen` and `openssl`, and the judgement of
//! `ssh-keygen -Y verify`. Both programs have to be there: nothing here skips.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// What approvals are signed for.
pub const NAMESPACE: &str = holdpoint::model::STATEMENT_NAMESPACE;

/// A folder of keys.
pub struct Keys {
    folder: tempfile::TempDir,
}

/// Runs a program that the tests cannot do without.
#[track_caller]
pub fn program(name: &str, arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(name)
        .args(arguments)
        .env("TZ", "UTC")
        .env_remove("SSH_AUTH_SOCK")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{name} has to be installed for these tests: {error}"));
    let mut stdin = child.stdin.take().expect("a pipe");
    // A program that ends before it has read everything says so with its status.
    let _ = stdin.write_all(input);
    drop(stdin);
    child.wait_with_output().expect("it ends")
}

/// The standard output of a program that succeeds.
#[track_caller]
pub fn output_of(name: &str, arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let output = program(name, arguments, input);
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name} {arguments:?}: {words}");
    output.stdout
}

impl Keys {
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("a temporary folder"),
        }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn words(&self, name: &str) -> String {
        let path = self.path(name);
        path.to_str().expect("a temporary path is UTF-8").to_owned()
    }

    /// A new key pair: `kind` are options of `ssh-keygen`, such as `-t ed25519`.
    #[track_caller]
    pub fn make(&self, name: &str, kind: &str) {
        let path = self.words(name);
        let mut arguments = vec!["-q", "-N", "", "-C", name, "-f", &path];
        arguments.extend(kind.split(' '));
        output_of("ssh-keygen", &arguments, b"");
    }

    /// A public key as a line has it: its type and its base64.
    pub fn public(&self, name: &str) -> String {
        let text = fs::read_to_string(self.path(&format!("{name}.pub"))).expect("a public key");
        let mut fields = text.split(' ');
        let (kind, base64) = (
            fields.next().expect("a type"),
            fields.next().expect("a key"),
        );
        format!("{kind} {base64}")
    }

    /// Signs a document.
    #[track_caller]
    pub fn sign(&self, name: &str, namespace: &str, document: &[u8]) -> String {
        let path = self.words(name);
        let arguments = ["-Y", "sign", "-q", "-n", namespace, "-f", &path];
        String::from_utf8(output_of("ssh-keygen", &arguments, document)).expect("armour")
    }

    /// Has an authority certify a key, which signs by its certificate from then on.
    #[track_caller]
    pub fn certify(&self, authority: &str, name: &str, options: &[&str]) {
        let (authority, public) = (self.words(authority), self.words(&format!("{name}.pub")));
        let mut arguments = vec!["-q", "-s", &authority, "-I", "a test"];
        arguments.extend(options);
        arguments.push(&public);
        output_of("ssh-keygen", &arguments, b"");
        fs::copy(
            self.path(&format!("{name}-cert.pub")),
            self.path(&format!("{name}.pub")),
        )
        .expect("the certificate stands for the key");
    }

    /// What `ssh-keygen -Y verify` says: `time` is `YYYYMMDDHHMMSS` in UTC.
    #[track_caller]
    pub fn verifies(
        &self,
        signers: &str,
        principal: &str,
        (signature, document): (&str, &[u8]),
        time: &str,
    ) -> bool {
        let (list, file) = (self.words("signers"), self.words("signature"));
        fs::write(&list, signers).expect("the list");
        fs::write(&file, signature).expect("the signature");
        let time = format!("-Overify-time={time}");
        let arguments = [
            "-Y", "verify", "-q", "-n", NAMESPACE, "-I", principal, "-f", &list, "-s", &file, &time,
        ];
        program("ssh-keygen", &arguments, document).status.success()
    }
}

/// A string of RFC 4251.
pub fn string(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    let bytes = bytes.as_ref();
    let length = u32::try_from(bytes.len()).expect("it is short");
    [&length.to_be_bytes(), bytes].concat()
}

/// The bytes that an armour holds.
pub fn unarmoured(armour: &str) -> Vec<u8> {
    let lines = armour.lines().filter(|line| !line.starts_with('-'));
    STANDARD.decode(lines.collect::<String>()).expect("base64")
}

/// An armour around bytes.
pub fn armoured(bytes: &[u8]) -> String {
    let base64 = STANDARD.encode(bytes);
    let mut armour = "-----BEGIN SSH SIGNATURE-----\n".to_owned();
    for line in base64.as_bytes().chunks(70) {
        armour.push_str(std::str::from_utf8(line).expect("ASCII"));
        armour.push('\n');
    }
    armour + "-----END SSH SIGNATURE-----\n"
}

/// The parts of a signature that its armour holds, to be put together otherwise.
#[derive(Clone, Debug)]
pub struct Parts {
    pub version: u32,
    pub key: Vec<u8>,
    pub namespace: String,
    pub reserved: Vec<u8>,
    pub hash: String,
    pub signature: Vec<u8>,
    pub rest: Vec<u8>,
}

impl Parts {
    pub fn of(armour: &str) -> Self {
        let bytes = unarmoured(armour);
        let mut rest = bytes.strip_prefix(b"SSHSIG").expect("its beginning");
        let mut take = |length: usize| {
            let (taken, left) = rest.split_at(length);
            rest = left;
            taken.to_vec()
        };
        let version = u32::from_be_bytes(take(4).try_into().expect("four bytes"));
        let mut next = || {
            let length = u32::from_be_bytes(take(4).try_into().expect("four bytes"));
            take(length as usize)
        };
        let text = |bytes| String::from_utf8(bytes).expect("text");
        Self {
            version,
            key: next(),
            namespace: text(next()),
            reserved: next(),
            hash: text(next()),
            signature: next(),
            rest: Vec::new(),
        }
    }

    pub fn armour(&self) -> String {
        let mut bytes = b"SSHSIG".to_vec();
        bytes.extend(self.version.to_be_bytes());
        for part in [
            self.key.as_slice(),
            self.namespace.as_bytes(),
            &self.reserved,
            self.hash.as_bytes(),
            &self.signature,
        ] {
            bytes.extend(string(part));
        }
        bytes.extend(&self.rest);
        armoured(&bytes)
    }
}

/// What an SSHSIG is over.
pub fn signed_data(hash: &str, document: &[u8]) -> Vec<u8> {
    let digest = output_of(
        "openssl",
        &["dgst", &format!("-{hash}"), "-binary"],
        document,
    );
    let mut data = b"SSHSIG".to_vec();
    for part in [NAMESPACE.as_bytes(), b"", hash.as_bytes(), &digest] {
        data.extend(string(part));
    }
    data
}
