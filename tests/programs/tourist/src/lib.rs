//! A policy that looks around through its standard library, as a guest built for WASI 0.2 can.

#![forbid(unsafe_code)]

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher as _, Hasher as _};
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream, ToSocketAddrs as _, UdpSocket};
use std::time::{Duration, Instant, SystemTime};

use holdpoint_sdk::{Fault, Finding, Plugin, Policy, Release};

/// What to do.
#[holdpoint_sdk::settings]
pub struct Settings {
    /// What to try.
    errand: Errand,
}

/// What to try.
#[holdpoint_sdk::settings]
pub enum Errand {
    /// Says what there is to be seen.
    Look,
    /// Sleeps for a day.
    Sleep,
    /// Prints for ever.
    Print,
    /// Prints one line for ever.
    PrintOneLine,
    /// Prints a few lines to both streams, with control sequences.
    PrintLittle,
    /// Ends the process as if all were well.
    Exit,
}

struct Tourist;

impl Plugin for Tourist {
    type Settings = Settings;
}

impl Policy for Tourist {
    fn check(_: &Release, settings: &Settings) -> Result<Vec<Finding>, Fault> {
        match settings.errand {
            Errand::Look => Ok(look()),
            Errand::Sleep => {
                let start = Instant::now();
                std::thread::sleep(Duration::from_hours(24));
                let hours = start.elapsed().as_secs() / 3600;
                Ok(vec![seen("hours slept", &hours.to_string())])
            }
            Errand::Print => loop {
                println!("again");
            },
            Errand::PrintOneLine => loop {
                std::io::stderr().write_all(&[b'x'; 512])?;
            },
            Errand::PrintLittle => {
                println!("to \u{1b}[31moutput");
                eprintln!("to \u{1b}[31merror");
                print!("no end");
                std::io::stdout().flush()?;
                Ok(Vec::new())
            }
            Errand::Exit => std::process::exit(0),
        }
    }
}

fn look() -> Vec<Finding> {
    let mut input = Vec::new();
    let read = std::io::stdin().read_to_end(&mut input);
    let listed = std::fs::read_dir("/").map(Iterator::count);
    let written = std::fs::write("/tmp/here", "I was here");
    let file = std::fs::read("/etc/passwd");
    let parent = std::fs::read("../../../../etc/passwd");
    let connected = TcpStream::connect("127.0.0.1:22");
    let listening = TcpListener::bind("127.0.0.1:0");
    let datagram = UdpSocket::bind("127.0.0.1:0");
    let resolved = "localhost:80".to_socket_addrs().map(Iterator::count);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    vec![
        seen("environment", &std::env::vars().count().to_string()),
        seen("arguments", &std::env::args().count().to_string()),
        seen("standard input", &format!("{read:?}")),
        seen("folder", &outcome(&listed)),
        seen("write", &outcome(&written)),
        seen("file", &outcome(&file)),
        seen("parent", &outcome(&parent)),
        seen("connect", &outcome(&connected)),
        seen("listen", &outcome(&listening)),
        seen("datagram", &outcome(&datagram)),
        seen("resolve", &outcome(&resolved)),
        seen("time", &now.map_or(0, |now| now.as_secs()).to_string()),
        seen(
            "random",
            &RandomState::new().build_hasher().finish().to_string(),
        ),
    ]
}

fn outcome<T>(result: &std::io::Result<T>) -> String {
    match result {
        Ok(_) => "had".into(),
        Err(_) => "denied".into(),
    }
}

fn seen(what: &str, message: &str) -> Finding {
    Finding::new("seen", format!("{what}: {message}"))
}

holdpoint_sdk::export!(Tourist: policy);
