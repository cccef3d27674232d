//! Plugins that a program signs, such as one that asks a hardware key or a service. OpenSSL is the one
//! here.

use super::*;

impl World {
    /// Has a program sign, with more options before it, in the folder of the checkout.
    fn signed_by(&self, public: &str, options: &[&str], signer: &[&str]) -> Ran {
        let mut command = self.sign_command(public);
        command
            .args(options)
            .arg("--signer")
            .args(signer)
            .env("KEY", "../acme.pem")
            .env("OTHER", "seen");
        Ran::of(command.output())
    }

    /// A program that a shell runs.
    pub(super) fn script(&self, words: &str) -> String {
        let path = self
            .context
            .write("signer", format!("#!/bin/sh\n{words}\n"));
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(&path, mode).expect("it can be run");
        text(&path).to_owned()
    }
}

#[test]
fn openssl_signs_what_it_reads() {
    let world = World::new();
    // More than a pipe holds, so that it is read while it is written.
    let size = fs::metadata(&world.plugin).expect("a file").len();
    assert!(size > 64 << 10, "{size}");
    let openssl = ["openssl", "dgst", "-sha256", "-sign", "../acme.pem"];
    let ran = world.signed_by("acme", &[], &openssl).expect_code(0);
    assert!(ran.stdout.contains("signed by"), "{}", ran.stdout);
    world.verify("acme").expect_code(0);
    world.verify("zeta").expect_code(2);
}

#[test]
fn a_program_prints_base64_and_sees_what_is_named() {
    let world = World::new();
    let seen = world.context.path().join("seen");
    let script = world.script(&format!(
        "tr '\\0' '\\n' < /proc/$$/environ > {}\n\
         openssl dgst -sha256 -sign \"$KEY\" | openssl enc -base64",
        seen.display()
    ));
    let with_key = ["--signer-env", "KEY"];
    world
        .signed_by("acme", &with_key, &[&script])
        .expect_code(0);
    world.verify("acme").expect_code(0);
    let seen = fs::read_to_string(seen).expect("what it saw");
    let mut names: Vec<&str> = seen
        .lines()
        .map(|line| line.split('=').next().unwrap_or(line))
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["HOME", "KEY", "PATH"]);
    // A program is found from here on, too.
    let relative = ["../signer"];
    world.signed_by("acme", &with_key, &relative).expect_code(0);
    let unset = ["--signer-env", "NOT_SET"];
    let ran = world.signed_by("acme", &unset, &[&script]).expect_code(2);
    assert!(
        ran.stderr.contains("the variable `NOT_SET` is not set"),
        "{}",
        ran.stderr
    );
}

#[test]
fn what_the_key_does_not_confirm_is_not_written() {
    let world = World::new();
    for (public, words, options, expected) in [
        (
            "zeta",
            "exec openssl dgst -sha256 -sign ../acme.pem",
            &[][..],
            "did not make this signature",
        ),
        (
            "acme",
            "echo something else | openssl dgst -sha256 -sign ../acme.pem",
            &[],
            "did not make this signature",
        ),
        ("acme", "true", &[], "not one of ECDSA on P-256"),
        ("acme", "echo hello", &[], "not one of ECDSA on P-256"),
        (
            "acme",
            "printf 'the key is \\033[31mlocked' >&2; exit 3",
            &[],
            "it exited with 3, and said: the key is \\u{1b}[31mlocked",
        ),
        (
            "acme",
            "printf '%09000d' 0",
            &[],
            "it put out more than 8194 bytes",
        ),
        (
            "acme",
            "exec sleep 600",
            &["--signer-timeout", "200ms"],
            "it was not done within 200ms",
        ),
    ] {
        let script = world.script(words);
        let ran = world.signed_by(public, options, &[&script]);
        world.not_signed(ran, expected);
    }
    let ran = world
        .signed_by("acme", &[], &["no-such-program"])
        .expect_code(2);
    assert!(
        ran.stderr.contains("there is no program `no-such-program`"),
        "{}",
        ran.stderr
    );
    // What was signed before stays.
    world.sign("acme");
    let script = world.script("exit 1");
    world.signed_by("acme", &[], &[&script]).expect_code(2);
    world.verify("acme").expect_code(0);
}

#[test]
fn who_signs_is_said_in_one_way() {
    let world = World::new();
    let (key, public) = (world.key("acme"), world.public("acme"));
    let sign = ["plugin", "sign", text(&world.plugin)];
    for (more, words) in [
        (&["--signer", "true"][..], "--public-key"),
        (
            &["--key", text(&key), "--public-key", text(&public)],
            "cannot be used with",
        ),
        (
            &[
                "--key",
                text(&key),
                "--public-key",
                text(&public),
                "--signer",
                "true",
            ],
            "cannot be used with",
        ),
        (
            &[
                "--public-key",
                text(&public),
                "--signer-timeout",
                "6m",
                "--signer",
                "true",
            ],
            "at most 5m",
        ),
        (&[], "--key"),
        // Whose key it is does not say how it signs.
        (&["--public-key", text(&public)], "<--key <FILE>|--agent|"),
    ] {
        let ran = world.holdpoint(&[&sign[..], more].concat()).expect_code(2);
        assert!(ran.stderr.contains(words), "{more:?}: {}", ran.stderr);
        assert!(!world.bundle().exists(), "{more:?}");
    }
}
