//! What the process that compiles cannot do any more, and where that is said.

use std::fs::File;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::process::Command;

use holdpoint::model::Digest;
use holdpoint::sandbox::compile_confined;
use serde_json::json;

use super::*;

/// Variables of the test's own process, for the one that it starts.
const FILE: &str = "HOLDPOINT_TEST_FILE";
const ADDRESS: &str = "HOLDPOINT_TEST_ADDRESS";

#[test]
fn what_compiles_opens_no_file_connects_to_nobody_and_starts_nothing() {
    let context = Context::new();
    let file = context.write("file", "text");
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port of loopback");
    let address = listener.local_addr().expect("an address").to_string();
    let run = |is_confined: &str| {
        let output = Command::new(std::env::current_exe().expect("this program"))
            .args([
                "--exact",
                "compile::confined::inside",
                "--ignored",
                "--nocapture",
            ])
            .env(FILE, &file)
            .env(ADDRESS, &address)
            .env("HOLDPOINT_TEST_CONFINED", is_confined)
            .output();
        let said = Ran::of(output).expect_code(0).stdout;
        let line = said.lines().find(|line| line.starts_with("can: "));
        line.expect("what it can").to_owned()
    };
    // What is tried succeeds in a process that was not confined.
    assert_eq!(run("no"), "can: read connect send execute thread");
    assert_eq!(run("yes"), "can: thread");
}

/// Confines this process as one that compiles, and tries what such a process has no use for.
#[test]
#[ignore = "run by another test, in a process of its own"]
fn inside() {
    let variable = |name| std::env::var(name).expect("the other test sets it");
    let (file, address) = (variable(FILE), variable(ADDRESS));
    if variable("HOLDPOINT_TEST_CONFINED") == "yes" {
        // Another program asked, so that nothing is compiled.
        let error = compile_confined(60, 4 << 30, &Digest::of(b"another"), std::io::empty())
            .expect_err("it is refused");
        assert!(error.contains("another version"), "{error}");
    }
    // In a thread that began afterwards, as those that compile.
    let tried = std::thread::spawn(move || {
        [
            ("read", File::open(file).is_ok()),
            ("connect", TcpStream::connect(&address).is_ok()),
            ("send", UdpSocket::bind("127.0.0.1:0").is_ok()),
            ("execute", Command::new("/bin/true").status().is_ok()),
            ("thread", std::thread::spawn(|| ()).join().is_ok()),
        ]
    });
    let tried = tried.join().expect("it came to its end");
    let can: Vec<&str> = tried
        .into_iter()
        .filter(|(_, is_possible)| *is_possible)
        .map(|(what, _)| what)
        .collect();
    println!("\ncan: {}", can.join(" "));
}

#[test]
fn a_run_says_what_confined_the_process_that_compiled() {
    let context = Context::new();
    repository(&context);
    let both = json!({ "landlock": true, "seccomp": true });
    let plugin = |ran: &Ran| ran.json()["stages"][0]["plugins"][0].clone();
    let first = run(stranger(&context).arg("-v"));
    assert_eq!(plugin(&first)["machine_code"], "process");
    assert_eq!(
        plugin(&first)["confinement"],
        both,
        "this test needs a kernel with Landlock (Linux 5.13 or newer) and seccomp"
    );
    assert!(
        first
            .stderr
            .contains("confined by limits, Landlock and seccomp"),
        "{}",
        first.stderr
    );
    let second = run(stranger(&context).arg("-v"));
    // What is kept says who made it.
    assert_eq!(plugin(&second)["machine_code"], "process");
    assert_eq!(plugin(&second)["confinement"], both);
    assert!(!second.stderr.contains("compiled in a process"));
}
