//! The list of signers, against `ssh-keygen -Y verify`.

use std::fmt::Write as _;

use holdpoint::plugin::ssh::{
    AllowedSigners, LINE_BYTES_MAX, NotAllowed, SIGNERS_BYTES_MAX, SIGNERS_LINES_MAX, Signature,
    SignersError,
};
use jiff::Timestamp;

use super::keys::{Keys, NAMESPACE};

const DOCUMENT: &[u8] = b"what is signed\n";
const NOW: (&str, &str) = ("2027-01-31T10:00:00Z", "20270131100000");

fn one_key() -> (Keys, String, String) {
    let keys = Keys::new();
    keys.make("key", "-t ed25519");
    let public = keys.public("key");
    let signature = keys.sign("key", NAMESPACE, DOCUMENT);
    (keys, public, signature)
}

fn list(text: &str) -> Result<AllowedSigners, SignersError> {
    AllowedSigners::read(text.as_bytes())
}

fn check(text: &str, principal: &str, signature: &str, time: &str) -> Result<(), NotAllowed> {
    let time: Timestamp = time.parse().expect("a time");
    let signature = Signature::read(signature).expect("a signature");
    list(text)
        .expect("a list")
        .check(principal, &signature, NAMESPACE, time)
}

#[track_caller]
fn words_of(text: &str) -> String {
    let error = list(text).expect_err("it is refused");
    assert!(!error.help().is_empty());
    error.to_string()
}

#[test]
fn whose_a_line_is_is_what_ssh_keygen_says() {
    let (keys, public, signature) = one_key();
    let lines = [
        ("ada {key}", true),
        ("ben {key}", false),
        ("ben,ada {key}", true),
        ("ada,!ada {key}", false),
        ("!ben,ada {key}", true),
        ("* {key}", true),
        ("a?a {key}", true),
        ("a??a {key}", false),
        ("*d* {key}", true),
        ("*b*,?d? {key}", true),
        ("ADA {key}", false),
        ("\"ada\" {key}", true),
        ("\"ben,ada\"   {key}  a comment # not one", true),
        ("  \tada\t{key}", true),
        ("ada {key}\r", true),
        ("# ada {key}\nada {key}", true),
        ("\n\r\n   \nada {key}\n\n", true),
        ("ben {key}\nada {key}", true),
        ("ada namespaces=\"holdpoint-approval@v1\" {key}", true),
        ("ada namespaces=\"git\" {key}", false),
        ("ada namespaces=\"git,holdpoint-*\" {key}", true),
        ("ada NAMESPACES=\"*,!holdpoint-approval@v1\" {key}", false),
        ("ada namespaces=\"git\" {key}\nada {key}", true),
        ("ada namespaces=\"a b\" {key}", false),
        ("ada cert-authority {key}", false),
        ("ada valid-after=\"20270131Z\" {key}", true),
        ("ada valid-after=\"20270201Z\" {key}", false),
        ("ada valid-after=\"202701311000Z\" {key}", true),
        ("ada valid-after=\"20270131100000Z\" {key}", true),
        ("ada valid-after=\"20270131100001Z\" {key}", false),
        ("ada valid-before=\"20270131095959Z\" {key}", false),
        ("ada valid-before=\"20270131100000Z\" {key}", true),
        ("ada valid-before=\"20270131\" {key}", false),
        ("ada valid-before=\"20270201\" {key}", true),
        (
            "ada valid-after=\"20270101\",valid-before=\"20280101\" {key}",
            true,
        ),
        (
            "ada valid-after=\"20270101\",namespaces=\"holdpoint-*\" {key}",
            true,
        ),
    ];
    for (line, expected) in lines {
        let text = line.replace("{key}", &public);
        let ours = check(&text, "ada", &signature, NOW.0).is_ok();
        let theirs = keys.verifies(&text, "ada", (&signature, DOCUMENT), NOW.1);
        assert_eq!((ours, theirs), (expected, expected), "{text}");
    }
}

#[test]
fn why_a_key_does_not_count_is_said_with_its_line() {
    let (keys, public, signature) = one_key();
    let why = |line: &str| {
        let text = format!("# a list\n{}", line.replace("{key}", &public));
        let not = check(&text, "ada", &signature, NOW.0).expect_err("it does not");
        assert!(!not.help().is_empty());
        not
    };
    assert_eq!(why("ben {key}"), NotAllowed::Others { line: 2 });
    assert_eq!(why("b* {key}"), NotAllowed::Nameless { line: 2 });
    assert_eq!(
        why("ada namespaces=\"git\" {key}"),
        NotAllowed::Namespace { line: 2 }
    );
    assert_eq!(
        why("ada valid-after=\"20280101\" {key}"),
        NotAllowed::NotYetValid { line: 2 }
    );
    assert_eq!(
        why("ada valid-before=\"20260101\" {key}"),
        NotAllowed::Expired { line: 2 }
    );
    keys.make("other", "-t ed25519");
    let stranger = why(&format!("ada {}", keys.public("other")));
    assert!(
        matches!(&stranger, NotAllowed::Stranger(key) if key.raw().starts_with("SHA256:")),
        "{stranger}"
    );
}

#[test]
fn names_are_those_of_the_line_and_those_that_are_known_and_fit() {
    let (_keys, public, signature) = one_key();
    let signature = Signature::read(&signature).expect("a signature");
    let time = NOW.0.parse().expect("a time");
    let names = |line: &str, known: &[&str]| {
        let text = line.replace("{key}", &public);
        let list = list(&text).expect("a list");
        let known = known.iter().copied();
        let found = list.principals(&signature, NAMESPACE, time, known);
        found.map(|found| found.into_iter().map(str::to_owned).collect::<Vec<_>>())
    };
    let of = |names: &[&str]| Ok(names.iter().map(|&name| name.to_owned()).collect());
    assert_eq!(names("ada,ben {key}", &[]), of(&["ada", "ben"]));
    assert_eq!(names("ada,ben,!ben {key}", &["cleo"]), of(&["ada"]));
    assert_eq!(names("*@x {key}", &["a@x", "b@y"]), of(&["a@x"]));
    assert_eq!(
        names("*@x {key}", &["b@y"]),
        Err(NotAllowed::Nameless { line: 1 })
    );
    assert_eq!(names("ada {key}\nben {key}", &[]), of(&["ada", "ben"]));
    assert_eq!(
        names("ada {key}\nben namespaces=\"git\" {key}", &[]),
        of(&["ada"])
    );
}

#[test]
fn names_that_share_a_key_are_known_to() {
    let keys = Keys::new();
    keys.make("a", "-t ed25519");
    keys.make("b", "-t ed25519");
    let (a, b) = (keys.public("a"), keys.public("b"));
    let text = format!(
        "ada {a}\nben {b}\nada-too {a}\n* cert-authority {b}\neve namespaces=\"git\" {a}\n"
    );
    let list = list(&text).expect("a list");
    let shared: Vec<Vec<&str>> = list
        .shared(NAMESPACE, ["cleo"])
        .into_iter()
        .map(|names| names.into_iter().collect())
        .collect();
    assert_eq!(shared, [vec!["ada", "ada-too"], vec!["ben"]]);
    assert!(list.is_known("ada", NAMESPACE));
    assert!(
        list.is_known("cleo", NAMESPACE),
        "the authority may speak for her"
    );
    let git_only = AllowedSigners::read(format!("eve namespaces=\"git\" {a}").as_bytes());
    assert!(!git_only.expect("a list").is_known("eve", NAMESPACE));
}

#[test]
fn a_broken_line_is_refused_with_its_number() {
    let (_, public, _) = one_key();
    let (kind, base64) = public.split_once(' ').expect("a type and a key");
    let cases = [
        ("ada".to_owned(), "it has no key"),
        ("ada ssh-ed25519".to_owned(), "it has no key"),
        ("ada cert-authority".to_owned(), "it has no key"),
        (format!("\"ada {public}"), "a quote is not closed"),
        (format!("\"ada\"{public}"), "a quote is not closed"),
        (format!("!ada {public}"), "it names nobody before its key"),
        (format!(", {public}"), "it names nobody before its key"),
        (
            format!("ada no-touch-required {public}"),
            "unknown option `no-touch-required`",
        ),
        (
            format!("ada cert-authority=\"yes\" {public}"),
            "unknown option `cert-authority`",
        ),
        (format!("ada cert-authority, {public}"), "unknown option ``"),
        (
            format!("ada namespaces {public}"),
            "unknown option `namespaces`",
        ),
        (
            format!("ada namespaces=git {public}"),
            "the value of `namespaces` is not in double quotes",
        ),
        (
            format!("ada namespaces=\"git {public}"),
            "a quote is not closed",
        ),
        (
            format!("ada namespaces=\"a\",namespaces=\"b\" {public}"),
            "the option `namespaces` is there twice",
        ),
        (
            format!("ada namespaces=\"a\"x {public}"),
            "unknown option `x`",
        ),
        (
            format!("ada valid-after=\"tomorrow\" {public}"),
            "the value of `valid-after` is not a time: YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS, and `Z`",
        ),
        (
            format!("ada valid-before=\"20270230\" {public}"),
            "the value of `valid-before` is not a time: YYYYMMDD, YYYYMMDDHHMM or YYYYMMDDHHMMSS, and `Z`",
        ),
        (
            format!("ada valid-after=\"20270101\",valid-before=\"20270101\" {public}"),
            "`valid-before` is not after `valid-after`",
        ),
        (format!("ada {kind}"), "it has no key"),
        (
            format!("ada {kind} {}", &base64[..20]),
            "the key or what it made is malformed",
        ),
        (format!("ada {kind} !!!!"), "its key is not base64"),
        (
            format!("ada ssh-rsa {base64}"),
            "its key is not of the type `ssh-rsa` that stands before it",
        ),
        (
            format!("ada ssh-ed25519-cert-v01@openssh.com {base64}"),
            "a certificate stands where a key should",
        ),
    ];
    for (line, problem) in cases {
        let text = format!("# first\nben {public}\n{line}\n");
        assert_eq!(words_of(&text), format!("line 3: {problem}"), "{line}");
    }
    let bytes = [format!("ada {public}\n").as_bytes(), b"ad\xff"].concat();
    let error = AllowedSigners::read(&bytes).expect_err("not text");
    assert_eq!(error.to_string(), "line 2: it is not UTF-8");
}

#[test]
fn a_list_has_bounds_and_somebody_in_it() {
    let (_, public, _) = one_key();
    assert_eq!(words_of(""), "the list of signers names nobody");
    assert_eq!(words_of("# nobody\n\n"), "the list of signers names nobody");
    let line = format!("ada {public} ");
    let long = line.clone() + &"x".repeat(LINE_BYTES_MAX - line.len());
    assert!(list(&long).is_ok());
    assert_eq!(
        words_of(&(long + "x")),
        format!("line 1: it is longer than {LINE_BYTES_MAX} bytes")
    );
    let mut many = line.clone();
    for _ in 1..SIGNERS_LINES_MAX {
        many.push('\n');
    }
    assert!(list(&many).is_ok());
    assert_eq!(
        words_of(&(many + "\n")),
        "the list of signers has more than 10000 lines"
    );
    let mut large = line;
    while large.len() < SIGNERS_BYTES_MAX {
        let left = (SIGNERS_BYTES_MAX - large.len()).min(LINE_BYTES_MAX);
        let _ = write!(large, "\n{}", "#".repeat(left - 1));
    }
    assert!(list(&large).is_ok());
    assert_eq!(
        words_of(&(large + "#")),
        format!("the list of signers is larger than {SIGNERS_BYTES_MAX} bytes")
    );
    let pattern = "a".repeat(1022);
    assert!(list(&format!("{pattern} {public}")).is_ok());
    assert_eq!(
        words_of(&format!("{pattern}a {public}")),
        "line 1: a pattern is longer than 1022 bytes"
    );
}
