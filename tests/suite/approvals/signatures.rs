//! Signatures of every kind, against `ssh-keygen -Y verify`.

use std::fs;

use holdpoint::model::Text;
use holdpoint::plugin::ssh::{
    AllowedSigners, CERTIFICATE_PRINCIPALS_MAX, CertificateProblem, KeyProblem, NotAllowed,
    SIGNATURE_BYTES_MAX, Signature, SignatureError,
};
use jiff::Timestamp;

use super::keys::{Keys, NAMESPACE, Parts, armoured, output_of, signed_data, string, unarmoured};

const DOCUMENT: &[u8] = b"what is signed\n";

/// The time of most questions, in both forms.
const NOW: (&str, &str) = ("2027-01-31T10:00:00Z", "20270131100000");

/// What we say: whether a signature is one of `ada`.
fn is_of_ada(signers: &str, signature: &str, document: &[u8], time: &str) -> bool {
    let Ok(signers) = AllowedSigners::read(signers.as_bytes()) else {
        return false;
    };
    let time: Timestamp = time.parse().expect("a time");
    Signature::read(signature).is_ok_and(|signature| {
        signature.verify(NAMESPACE, document).is_ok()
            && signers.check("ada", &signature, NAMESPACE, time).is_ok()
    })
}

/// Asks both, which have to agree, and gives the answer.
#[track_caller]
fn agreed(keys: &Keys, signers: &str, signature: &str, document: &[u8]) -> bool {
    agreed_at(keys, signers, signature, document, NOW)
}

#[track_caller]
fn agreed_at(
    keys: &Keys,
    signers: &str,
    signature: &str,
    document: &[u8],
    (time, theirs): (&str, &str),
) -> bool {
    let ours = is_of_ada(signers, signature, document, time);
    let theirs = keys.verifies(signers, "ada", (signature, document), theirs);
    assert_eq!(ours, theirs, "we say {ours} of\n{signers}\n{signature}");
    ours
}

fn read(armour: &str) -> Result<Signature, SignatureError> {
    Signature::read(armour)
}

#[track_caller]
fn refused(armour: &str, error: &SignatureError) {
    let found = read(armour).and_then(|signature| signature.verify(NAMESPACE, DOCUMENT));
    assert_eq!(found.as_ref(), Err(error));
    assert!(!error.help().is_empty());
}

#[test]
fn every_kind_of_key_that_is_taken_is_verified_as_ssh_keygen_does() {
    let kinds = [
        "-t ed25519",
        "-t ecdsa -b 256",
        "-t ecdsa -b 384",
        "-t rsa -b 2048",
        "-t rsa -b 4096",
    ];
    for kind in kinds {
        let keys = Keys::new();
        keys.make("ada", kind);
        keys.make("eve", kind);
        let signers = format!("ada {}\n", keys.public("ada"));
        let signature = keys.sign("ada", NAMESPACE, DOCUMENT);
        assert!(agreed(&keys, &signers, &signature, DOCUMENT), "{kind}");
        assert!(!agreed(&keys, &signers, &signature, b"another"), "{kind}");
        let of_eve = keys.sign("eve", NAMESPACE, DOCUMENT);
        assert!(!agreed(&keys, &signers, &of_eve, DOCUMENT), "{kind}");
        // The signature of one key under the name of another.
        let mut parts = Parts::of(&of_eve);
        parts.key = Parts::of(&signature).key;
        assert!(
            !agreed(&keys, &signers, &parts.armour(), DOCUMENT),
            "{kind}"
        );
    }
}

#[test]
fn both_hashes_are_taken_and_no_other() {
    let keys = Keys::new();
    keys.make("ada", "-t ed25519");
    let signers = format!("ada {}\n", keys.public("ada"));
    let path = keys.path("ada");
    let path = path.to_str().expect("UTF-8");
    for hash in ["sha256", "sha512"] {
        let option = format!("-Ohashalg={hash}");
        let arguments = ["-Y", "sign", "-q", "-n", NAMESPACE, "-f", path, &option];
        let signature = output_of("ssh-keygen", &arguments, DOCUMENT);
        let signature = String::from_utf8(signature).expect("armour");
        assert_eq!(Parts::of(&signature).hash, hash);
        assert!(agreed(&keys, &signers, &signature, DOCUMENT));
    }
    let mut parts = Parts::of(&keys.sign("ada", NAMESPACE, DOCUMENT));
    parts.hash = "sha1".to_owned();
    assert!(!agreed(&keys, &signers, &parts.armour(), DOCUMENT));
    refused(&parts.armour(), &SignatureError::Hash(Text::from("sha1")));
}

#[test]
fn a_signature_for_something_else_is_none() {
    let keys = Keys::new();
    keys.make("ada", "-t ed25519");
    let signature = keys.sign("ada", "git", DOCUMENT);
    let error = SignatureError::Namespace(Text::from("git"));
    refused(&signature, &error);
    assert!(error.help().contains(NAMESPACE), "{}", error.help());
    // The name alone is not what is signed.
    let mut parts = Parts::of(&signature);
    parts.namespace = NAMESPACE.to_owned();
    refused(&parts.armour(), &SignatureError::Key(KeyProblem::Wrong));
    let signers = format!("ada {}\n", keys.public("ada"));
    assert!(!agreed(&keys, &signers, &parts.armour(), DOCUMENT));
}

#[test]
fn armour_that_was_cut_or_changed_is_refused() {
    let keys = Keys::new();
    keys.make("ada", "-t ed25519");
    let signers = format!("ada {}\n", keys.public("ada"));
    let signature = keys.sign("ada", NAMESPACE, DOCUMENT);
    for (end, _) in signature.trim_end().char_indices() {
        let cut = &signature[..end];
        assert!(!is_of_ada(&signers, cut, DOCUMENT, NOW.0), "{cut}");
    }
    refused(
        &signature[..signature.len() / 2],
        &SignatureError::NotArmoured,
    );
    refused("", &SignatureError::NotArmoured);
    refused(
        &signature.replace("SSH SIGNATURE", "SIGNATURE"),
        &SignatureError::NotArmoured,
    );
    refused(
        "-----BEGIN SSH SIGNATURE-----\n!\n-----END SSH SIGNATURE-----\n",
        &SignatureError::NotBase64,
    );
    let bytes = unarmoured(&signature);
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        let changed = armoured(&changed);
        assert!(!is_of_ada(&signers, &changed, DOCUMENT, NOW.0), "byte {at}");
    }
    // What a mail program does to it is no harm here; ssh-keygen is particular about it.
    let carried = signature.replace('\n', "\r\n");
    assert!(is_of_ada(&signers, &carried, DOCUMENT, NOW.0));
    assert!(is_of_ada(
        &signers,
        &format!("\n{signature}\n\n"),
        DOCUMENT,
        NOW.0
    ));
}

#[test]
fn nothing_may_stand_where_nothing_is_signed() {
    let keys = Keys::new();
    keys.make("ada", "-t ed25519");
    let parts = Parts::of(&keys.sign("ada", NAMESPACE, DOCUMENT));
    let of = |change: fn(&mut Parts)| {
        let mut parts = parts.clone();
        change(&mut parts);
        parts.armour()
    };
    refused(
        &of(|parts| parts.rest = vec![0]),
        &SignatureError::Malformed,
    );
    refused(
        &of(|parts| parts.reserved = vec![1]),
        &SignatureError::Malformed,
    );
    refused(&of(|parts| parts.version = 2), &SignatureError::Version(2));
    refused(&of(|parts| parts.version = 0), &SignatureError::Version(0));
    refused(
        &of(|parts| parts.signature.push(0)),
        &SignatureError::Key(KeyProblem::Malformed),
    );
    refused(
        &of(|parts| parts.key.push(0)),
        &SignatureError::Key(KeyProblem::Malformed),
    );
}

#[test]
fn a_signature_has_a_largest_size() {
    let armour = "a".repeat(SIGNATURE_BYTES_MAX);
    refused(&armour, &SignatureError::NotArmoured);
    refused(&format!("{armour}a"), &SignatureError::TooLarge);
}

#[test]
fn a_short_rsa_key_is_refused_although_ssh_keygen_takes_it() {
    let keys = Keys::new();
    keys.make("ada", "-t rsa -b 1024");
    let signature = keys.sign("ada", NAMESPACE, DOCUMENT);
    let error = KeyProblem::RsaBits(1024);
    refused(&signature, &SignatureError::Key(error));
    let signers = format!("ada {}\n", keys.public("ada"));
    assert!(keys.verifies(&signers, "ada", (&signature, DOCUMENT), NOW.1));
    let error = AllowedSigners::read(signers.as_bytes()).expect_err("a short key");
    assert_eq!(
        error.to_string(),
        "line 1: an RSA key of 1024 bits is not taken, only of 2048 to 4096"
    );
}

#[test]
fn a_signature_over_a_sha_1_hash_is_refused() {
    let keys = Keys::new();
    keys.make("ada", "-t rsa -b 2048 -m PEM");
    let mut parts = Parts::of(&keys.sign("ada", NAMESPACE, DOCUMENT));
    let path = keys.path("ada");
    let path = path.to_str().expect("UTF-8");
    let data = signed_data("sha512", DOCUMENT);
    for (name, hash, is_taken) in [
        ("rsa-sha2-256", "-sha256", true),
        ("rsa-sha2-512", "-sha512", true),
        ("ssh-rsa", "-sha1", false),
    ] {
        let signed = output_of("openssl", &["dgst", hash, "-sign", path], &data);
        parts.signature = [string(name), string(signed)].concat();
        let signers = format!("ada {}\n", keys.public("ada"));
        assert_eq!(agreed(&keys, &signers, &parts.armour(), DOCUMENT), is_taken);
    }
    refused(&parts.armour(), &SignatureError::Key(KeyProblem::Sha1));
}

#[test]
fn keys_of_other_types_are_refused_by_name() {
    let keys = Keys::new();
    keys.make("ada", "-t ecdsa -b 521");
    let error = KeyProblem::Type(Text::from("ecdsa-sha2-nistp521"));
    assert!(error.help().contains("-t ed25519"));
    refused(
        &keys.sign("ada", NAMESPACE, DOCUMENT),
        &SignatureError::Key(error),
    );
    let signers = format!("ada {}\n", keys.public("ada"));
    let error = AllowedSigners::read(signers.as_bytes()).expect_err("its type");
    assert_eq!(
        error.to_string(),
        "line 1: keys of the type `ecdsa-sha2-nistp521` are not taken"
    );
}

#[test]
fn a_signature_of_another_algorithm_than_its_keys_is_refused() {
    let keys = Keys::new();
    keys.make("ada", "-t ed25519");
    keys.make("ben", "-t ecdsa -b 256");
    let mut parts = Parts::of(&keys.sign("ada", NAMESPACE, DOCUMENT));
    parts.signature = Parts::of(&keys.sign("ben", NAMESPACE, DOCUMENT)).signature;
    refused(
        &parts.armour(),
        &SignatureError::Key(KeyProblem::OtherAlgorithm(Text::from(
            "ecdsa-sha2-nistp256",
        ))),
    );
}

/// A signature of a hardware key, made by a key of `openssl` in the way in which hardware makes it.
fn of_hardware(keys: &Keys, kind: &str, flags: u8) -> (String, String) {
    let application = b"ssh:";
    let private = keys.path("hardware.pem");
    let private = private.to_str().expect("UTF-8");
    let ec = [
        "genpkey",
        "-algorithm",
        "EC",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
    ];
    let arguments = match kind {
        "sk-ssh-ed25519@openssh.com" => &["genpkey", "-algorithm", "ed25519"][..],
        _ => &ec[..],
    };
    fs::write(private, output_of("openssl", arguments, b"")).expect("a key");
    let public = output_of(
        "openssl",
        &["pkey", "-in", private, "-pubout", "-outform", "DER"],
        b"",
    );
    let hash = |bytes: &[u8]| output_of("openssl", &["dgst", "-sha256", "-binary"], bytes);
    let counter = 7_u32.to_be_bytes();
    let data = [
        hash(application),
        vec![flags],
        counter.to_vec(),
        hash(&signed_data("sha512", DOCUMENT)),
    ]
    .concat();
    let (key, inner) = if kind == "sk-ssh-ed25519@openssh.com" {
        let file = keys.path("data");
        fs::write(&file, &data).expect("the data");
        let file = file.to_str().expect("UTF-8");
        let arguments = ["pkeyutl", "-sign", "-inkey", private, "-rawin", "-in", file];
        let point = &public[public.len() - 32..];
        (string(point), output_of("openssl", &arguments, b""))
    } else {
        let signed = output_of("openssl", &["dgst", "-sha256", "-sign", private], &data);
        let point = &public[public.len() - 65..];
        let key = [string("nistp256"), string(point)].concat();
        (key, of_der(&signed))
    };
    let key = [string(kind), key, string(application)].concat();
    let mut signature = [string(kind), string(inner)].concat();
    signature.push(flags);
    signature.extend(counter);
    let parts = Parts {
        version: 1,
        key: key.clone(),
        namespace: NAMESPACE.to_owned(),
        reserved: Vec::new(),
        hash: "sha512".to_owned(),
        signature,
        rest: Vec::new(),
    };
    let line: String = armoured(&key)
        .lines()
        .filter(|line| !line.starts_with('-'))
        .collect();
    (format!("ada {kind} {line}\n"), parts.armour())
}

/// The two numbers of an ECDSA signature, from DER into the form of SSH: both have the same bytes.
fn of_der(der: &[u8]) -> Vec<u8> {
    let mut numbers = Vec::new();
    let mut rest = &der[2..];
    while let [2, length, after @ ..] = rest {
        let (number, left) = after.split_at(usize::from(*length));
        numbers.extend(string(number));
        rest = left;
    }
    numbers
}

#[test]
fn hardware_keys_are_verified_as_ssh_keygen_does_and_have_to_be_touched() {
    for kind in [
        "sk-ssh-ed25519@openssh.com",
        "sk-ecdsa-sha2-nistp256@openssh.com",
    ] {
        let keys = Keys::new();
        let (signers, signature) = of_hardware(&keys, kind, 1);
        assert!(agreed(&keys, &signers, &signature, DOCUMENT), "{kind}");
        assert!(!agreed(&keys, &signers, &signature, b"another"), "{kind}");
        let (signers, untouched) = of_hardware(&keys, kind, 0);
        assert!(!is_of_ada(&signers, &untouched, DOCUMENT, NOW.0), "{kind}");
        refused(&untouched, &SignatureError::Key(KeyProblem::Untouched));
    }
}

#[test]
fn certificates_count_where_their_authority_does() {
    for kind in [
        "-t ed25519",
        "-t ecdsa -b 256",
        "-t ecdsa -b 384",
        "-t rsa -b 2048",
    ] {
        let keys = Keys::new();
        keys.make("authority", kind);
        keys.make("other", kind);
        keys.make("ada", kind);
        let own = format!("ada {}\n", keys.public("ada"));
        keys.certify("authority", "ada", &["-n", "ada,admin"]);
        let signature = keys.sign("ada", NAMESPACE, DOCUMENT);
        let line = |principals: &str, options: &str, key: &str| {
            format!("{principals} {options}{}\n", keys.public(key))
        };
        let ask = |signers: &str| agreed(&keys, signers, &signature, DOCUMENT);
        assert!(ask(&line("ada", "cert-authority ", "authority")), "{kind}");
        assert!(ask(&line("*", "CERT-Authority ", "authority")), "{kind}");
        assert!(!ask(&line("ada", "", "authority")), "not an authority");
        assert!(
            !ask(&line("ada", "cert-authority ", "other")),
            "another one"
        );
        assert!(
            !ask(&line("ben", "cert-authority ", "authority")),
            "of others"
        );
        assert!(
            !ask(&line("*,!ada", "cert-authority ", "authority")),
            "but not of ada"
        );
        assert!(!ask(&own), "the key without its certificate");
    }
}

#[test]
fn a_certificate_is_for_whom_and_when_it_says() {
    let keys = Keys::new();
    keys.make("authority", "-t ed25519");
    keys.make("ada", "-t ed25519");
    let public = keys.public("ada");
    let signers = format!("* cert-authority {}\n", keys.public("authority"));
    let certified = |options: &[&str]| {
        fs::write(keys.path("ada.pub"), &public).expect("the public key");
        keys.certify("authority", "ada", options);
        keys.sign("ada", NAMESPACE, DOCUMENT)
    };
    let why = |signature: &str, time: &str| {
        let list = AllowedSigners::read(signers.as_bytes()).expect("a list");
        let signature = read(signature).expect("a signature");
        let time = time.parse().expect("a time");
        let principals = list
            .principals(&signature, NAMESPACE, time, [])
            .map(|found| found.into_iter().map(str::to_owned).collect::<Vec<_>>());
        match principals {
            Ok(found) => Ok(found),
            Err(NotAllowed::Certificate { line: 1, problem }) => Err(problem),
            Err(other) => panic!("{other}"),
        }
    };
    let days = certified(&["-n", "ada", "-V", "20270101000000:20270201000000"]);
    let cases = [
        (
            ("2026-12-31T23:59:59Z", "20261231235959"),
            Err(CertificateProblem::NotYetValid),
        ),
        (
            ("2027-01-01T00:00:00Z", "20270101000000"),
            Ok(vec!["ada".to_owned()]),
        ),
        (
            ("2027-01-31T23:59:59Z", "20270131235959"),
            Ok(vec!["ada".to_owned()]),
        ),
        (
            ("2027-02-01T00:00:00Z", "20270201000000"),
            Err(CertificateProblem::Expired),
        ),
    ];
    for (time, expected) in cases {
        assert_eq!(
            agreed_at(&keys, &signers, &days, DOCUMENT, time),
            expected.is_ok()
        );
        assert_eq!(why(&days, time.0), expected);
    }
    // For nobody in particular is for nobody.
    let nobody = certified(&[]);
    assert!(!agreed(&keys, &signers, &nobody, DOCUMENT));
    assert_eq!(why(&nobody, NOW.0), Err(CertificateProblem::NoPrincipal));
    let another = certified(&["-n", "ben"]);
    assert!(!agreed(&keys, &signers, &another, DOCUMENT));
    assert_eq!(why(&another, NOW.0), Ok(vec!["ben".to_owned()]));
}

#[test]
fn a_certificate_with_what_cannot_be_checked_is_refused() {
    let keys = Keys::new();
    keys.make("authority", "-t ed25519");
    keys.make("ada", "-t ed25519");
    let public = keys.public("ada");
    let certified = |options: &[&str]| {
        fs::write(keys.path("ada.pub"), &public).expect("the public key");
        keys.certify("authority", "ada", options);
        keys.sign("ada", NAMESPACE, DOCUMENT)
    };
    let certificate = |problem| SignatureError::Key(KeyProblem::Certificate(Box::new(problem)));
    refused(
        &certified(&["-n", "ada", "-O", "force-command=/bin/true"]),
        &certificate(CertificateProblem::CriticalOption(Text::from(
            "force-command",
        ))),
    );
    refused(
        &certified(&["-n", "ada", "-h"]),
        &certificate(CertificateProblem::NotOfAUser),
    );
    // Extensions may be there: they allow, and demand nothing.
    let signers = format!("ada cert-authority {}\n", keys.public("authority"));
    let permitted = certified(&["-n", "ada", "-O", "permit-pty"]);
    assert!(agreed(&keys, &signers, &permitted, DOCUMENT));
    // A principal more, put in after the authority signed.
    let mut parts = Parts::of(&permitted);
    let at = parts
        .key
        .windows(7)
        .position(|window| window == b"\0\0\0\x03ada")
        .expect("the principal");
    parts.key[at + 4..at + 7].copy_from_slice(b"ben");
    refused(
        &parts.armour(),
        &certificate(CertificateProblem::Authority(KeyProblem::Wrong)),
    );
}

#[test]
fn a_certificate_has_a_most_of_principals() {
    let keys = Keys::new();
    keys.make("authority", "-t ed25519");
    keys.make("ada", "-t ed25519");
    let names: Vec<String> = (0..CERTIFICATE_PRINCIPALS_MAX)
        .map(|number| format!("n{number}"))
        .collect();
    keys.certify("authority", "ada", &["-n", &names.join(",")]);
    let signature = keys.sign("ada", NAMESPACE, DOCUMENT);
    assert!(read(&signature).is_ok());
    // ssh-keygen writes no more than these: one is put in by hand.
    let mut parts = Parts::of(&signature);
    let first = b"\0\0\0\x02n0";
    let at = parts
        .key
        .windows(first.len())
        .position(|window| window == first)
        .expect("the first principal");
    let length = u32::from_be_bytes(parts.key[at - 4..at].try_into().expect("four bytes"));
    let more = length + u32::try_from(first.len()).expect("it is short");
    parts
        .key
        .splice(at - 4..at, [more.to_be_bytes().as_slice(), first].concat());
    let problem = Box::new(CertificateProblem::ManyPrincipals);
    refused(
        &parts.armour(),
        &SignatureError::Key(KeyProblem::Certificate(problem)),
    );
}
