//! Plugins that an SSH agent signs: OpenSSH's own, and what only says that it is one.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::{Child, Command, Stdio};
use std::thread;

use holdpoint::plugin::signature::Signature;

use super::*;

/// OpenSSH's agent, until the end of the test.
struct SshAgent {
    child: Child,
    socket: PathBuf,
}

impl SshAgent {
    /// Starts one that asks `confirms` where a key is to be confirmed.
    fn start(world: &World, confirms: &str) -> Self {
        let socket = world.context.path().join("agent");
        // The one before left its own.
        let _ = fs::remove_file(&socket);
        let mut child = Command::new("ssh-agent")
            .args(["-D", "-a"])
            .arg(&socket)
            .env("SSH_ASKPASS", confirms)
            .env("SSH_ASKPASS_REQUIRE", "force")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("ssh-agent has to be installed for this test: {error}"));
        // It says where it listens once it does.
        let stdout = child.stdout.take().expect("a pipe");
        let mut line = String::new();
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("it says where it listens");
        assert!(line.contains("SSH_AUTH_SOCK"), "{line}");
        Self { child, socket }
    }

    /// Gives it a key, which has to be confirmed each time where `-c` is among the options.
    fn add(&self, key: &Path, options: &[&str]) {
        fs::set_permissions(key, fs::Permissions::from_mode(0o600)).expect("a private file");
        let mut command = Command::new("ssh-add");
        let ran = command
            .args(options)
            .arg(key)
            .env("SSH_AUTH_SOCK", &self.socket);
        Ran::of(ran.output()).expect_code(0);
    }
}

impl Drop for SshAgent {
    fn drop(&mut self) {
        self.child.kill().expect("it was started here");
        self.child.wait().expect("it ends");
    }
}

impl World {
    fn signed_by_agent(&self, public: &str, socket: &Path, options: &[&str]) -> Ran {
        let mut command = self.sign_command(public);
        command
            .arg("--agent")
            .args(options)
            .env("SSH_AUTH_SOCK", socket);
        Ran::of(command.output())
    }
}

#[test]
fn an_agent_signs_with_the_key_that_it_holds() {
    let world = World::new();
    let agent = SshAgent::start(&world, "false");
    let ran = world.signed_by_agent("acme", &agent.socket, &[]);
    world.not_signed(ran, "(it holds 0)");
    agent.add(&world.key("acme"), &[]);
    let ran = world.signed_by_agent("zeta", &agent.socket, &[]);
    world.not_signed(ran, "(it holds 1)");
    // The fingerprint is the one that `ssh-add -l` would show.
    let key = world.key("zeta");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("a private file");
    let mut listed = Command::new("ssh-keygen");
    let listed = Ran::of(listed.arg("-lf").arg(&key).output()).expect_code(0);
    let fingerprint = listed.stdout.split(' ').nth(1).expect("a fingerprint");
    let ran = world.signed_by_agent("zeta", &agent.socket, &[]);
    world.not_signed(ran, fingerprint);

    let ran = world.signed_by_agent("acme", &agent.socket, &[]);
    let ran = ran.expect_code(0);
    assert!(ran.stdout.contains("signed by"), "{}", ran.stdout);
    world.verify("acme").expect_code(0);
    world.verify("zeta").expect_code(2);
    world.run(&trusted("acme", "")).expect_code(0);

    let bytes = fs::read(world.bundle()).expect("a bundle");
    let read = Signature::read(&bytes).expect("a signature");
    assert_eq!(read.bytes(), bytes);
    let bundle: Value = serde_json::from_slice(&bytes).expect("JSON");
    let envelope = &bundle["dsseEnvelope"];
    let decoded = |text: &Value| {
        let text = text.as_str().expect("text");
        BASE64_STANDARD.decode(text).expect("base64")
    };
    let payload = decoded(&envelope["payload"]);
    let statement: Value = serde_json::from_slice(&payload).expect("JSON");
    assert_eq!(statement["_type"], "https://in-toto.io/Statement/v1");
    assert_eq!(statement["predicateType"], SIGN);
    let found = world
        .context
        .openssl(["dgst", "-sha256", "-r", text(&world.plugin)]);
    assert_eq!(
        statement["subject"][0]["digest"]["sha256"],
        found.stdout.split(' ').next().expect("a digest")
    );
    // OpenSSL, which knows nothing of agents and envelopes.
    let kind = envelope["payloadType"].as_str().expect("text");
    world.context.write("payload", pae(kind, &payload));
    let signature = decoded(&envelope["signatures"][0]["sig"]);
    world.context.write("payload.sig", signature);
    let public = world.public("acme");
    let verify = ["dgst", "-sha256", "-verify", text(&public), "-signature"];
    let files = ["payload.sig", "payload"];
    let ran = world.context.openssl([&verify[..], &files].concat());
    assert_eq!(ran.stdout.trim(), "Verified OK");
}

#[test]
fn an_agent_that_is_not_allowed_to_sign_says_no() {
    let world = World::new();
    let agent = SshAgent::start(&world, "false");
    agent.add(&world.key("acme"), &["-c"]);
    let ran = world.signed_by_agent("acme", &agent.socket, &[]);
    world.not_signed(ran, "the SSH agent did not sign");
    let ran = world.signed_by_agent("acme", &agent.socket, &[]);
    world.not_signed(ran, "it refused");
    // A locked one does not even say what it holds.
    let password = world.script("echo secret");
    let mut lock = Command::new("ssh-add");
    lock.arg("-x")
        .env("SSH_AUTH_SOCK", &agent.socket)
        .env("SSH_ASKPASS", password)
        .env("SSH_ASKPASS_REQUIRE", "force");
    Ran::of(lock.output()).expect_code(0);
    let ran = world.signed_by_agent("acme", &agent.socket, &[]);
    world.not_signed(ran, "unlock it with `ssh-add -X`");
    drop(agent);
    let agent = SshAgent::start(&world, "true");
    agent.add(&world.key("acme"), &["-c"]);
    world
        .signed_by_agent("acme", &agent.socket, &[])
        .expect_code(0);
}

#[test]
fn where_there_is_no_agent_it_is_said() {
    let world = World::new();
    let ran = world.signed_by_agent("acme", &world.context.path().join("nobody"), &[]);
    world.not_signed(ran, "nobody answers at");
    let public = world.public("acme");
    let sign = ["plugin", "sign", text(&world.plugin), "--agent"];
    let with_key = [&sign[..], &["--public-key", text(&public)]].concat();
    world.not_signed(world.holdpoint(&with_key), "SSH_AUTH_SOCK is not set");
    // Who signs is said in one way.
    let ran = world.holdpoint(&sign).expect_code(2);
    assert!(ran.stderr.contains("--public-key"), "{}", ran.stderr);
    let both = [&with_key[..], &["--signer", "true"]].concat();
    let ran = world.holdpoint(&both).expect_code(2);
    assert!(ran.stderr.contains("cannot be used with"), "{}", ran.stderr);
}

/// What listens at a socket and answers each message with what is next; then it ends, or says nothing more
/// while `stays`.
fn liar(world: &World, answers: Vec<Vec<u8>>, stays: bool) -> (PathBuf, thread::JoinHandle<()>) {
    let socket = world.context.path().join("liar");
    let _ = fs::remove_file(&socket);
    let listener = UnixListener::bind(&socket).expect("a socket");
    let answering = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("somebody asks");
        for answer in answers {
            if read_message(&mut stream).is_none() || stream.write_all(&answer).is_err() {
                return;
            }
        }
        if stays {
            // Until who asks has gone.
            let _ = stream.read_to_end(&mut Vec::new());
        }
    });
    (socket, answering)
}

fn read_message(stream: &mut UnixStream) -> Option<Vec<u8>> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).ok()?;
    let mut message = vec![0; usize::try_from(u32::from_be_bytes(length)).ok()?];
    stream.read_exact(&mut message).ok()?;
    Some(message)
}

/// A string of the protocol: its length, and its bytes.
fn string(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).expect("a short string");
    [&length.to_be_bytes()[..], bytes].concat()
}

/// What an agent says that holds this key alone.
fn holds(world: &World, name: &str) -> Vec<u8> {
    let public = world.public(name);
    let arguments = ["pkey", "-pubin", "-in", text(&public), "-outform", "DER"];
    let out = ["-out", "key.der"];
    world.context.openssl([&arguments[..], &out].concat());
    let document = fs::read(world.context.path().join("key.der")).expect("a key");
    let point = &document[document.len() - 65..];
    let blob = [
        string(b"ecdsa-sha2-nistp256"),
        string(b"nistp256"),
        string(point),
    ];
    let one = 1_u32.to_be_bytes();
    string(&[&[12][..], &one, &string(&blob.concat()), &string(b"acme")].concat())
}

/// What an agent says that signed: this algorithm, and what it gave.
fn signature(algorithm: &[u8], parts: &[Vec<u8>]) -> Vec<u8> {
    let blob = [string(algorithm), string(&parts.concat())].concat();
    string(&[&[14][..], &string(&blob)].concat())
}

/// Waits for the end of who answers, also where nobody asked.
fn join(socket: &Path, answering: thread::JoinHandle<()>) {
    drop(UnixStream::connect(socket));
    answering.join().expect("it answered");
}

#[test]
fn what_only_says_that_it_is_an_agent_signs_nothing() {
    let world = World::new();
    let held = holds(&world, "acme");
    let refuses = string(&[5]);
    let huge = [&u32::MAX.to_be_bytes()[..], &[12]].concat();
    let of_ecdsa = |number| signature(b"ecdsa-sha2-nistp256", &[string(&[number]), string(&[1])]);
    for (answers, expected) in [
        (vec![], "cannot be read"),
        (vec![b"hello, who is there?".to_vec()], "cannot be read"),
        (vec![huge.clone()], "cannot be read"),
        (vec![string(&[6])], "cannot be read"),
        // What it holds is no answer to whether it signs.
        (vec![held.clone()], "unexpected message"),
        (vec![refuses.clone(), held.clone()], "it refused"),
        (vec![refuses.clone(), huge], "(it holds 0)"),
        (vec![refuses.clone()], "(it holds 0)"),
        (vec![of_ecdsa(1)], "did not make this signature"),
        (vec![of_ecdsa(0)], "cannot be read"),
        (
            vec![signature(b"ssh-ed25519", &[vec![1; 64]])],
            "it is no signature of ECDSA on P-256",
        ),
    ] {
        let (socket, answering) = liar(&world, answers, false);
        let ran = world.signed_by_agent("acme", &socket, &[]);
        world.not_signed(ran, expected);
        join(&socket, answering);
    }
    // Nor one that has time without end, at whatever point.
    for answers in [vec![], vec![refuses]] {
        let (socket, answering) = liar(&world, answers, true);
        let ran = world.signed_by_agent("acme", &socket, &["--signer-timeout", "200ms"]);
        world.not_signed(ran, "it did not answer within 200 ms");
        join(&socket, answering);
    }
}
