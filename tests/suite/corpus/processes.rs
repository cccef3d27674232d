//! The secret in what the host gives to the processes that it starts, as Linux shows them.

use std::fs;
use std::process::Stdio;

use super::files::HONEST;
use super::guests::{Ground, quoted, stamped};
use crate::canary::{self, CANARY};

/// Every process below this one.
fn below(process: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{process}/task"))
        .into_iter()
        .flatten();
    let children =
        tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("children")).ok());
    let children: Vec<u32> = children
        .flat_map(|text| text.split_whitespace().map(str::parse).collect::<Vec<_>>())
        .filter_map(Result::ok)
        .collect();
    children
        .iter()
        .flat_map(|child| [vec![*child], below(*child)].concat())
        .collect()
}

/// The process that compiles is watched from outside for as long as it is there. What it says about
/// itself is read after its arguments, which it has only when it has its own environment.
#[test]
fn the_process_that_compiles_knows_no_secret() {
    let ground = Ground::new();
    let prepared = ground.pipeline("compiled", "");
    let path = prepared.folder.join("honest.wasm");
    // Functions that nobody calls make it take as long as it needs to be seen.
    let honest = stamped(HONEST, "", "policy", []);
    let mut slow = crate::compile::bomb(4_000);
    slow.drain(..8);
    fs::write(&path, [honest, slow].concat()).expect("a component");
    let text = format!(
        "[plugins.honest]\nsource = {}\n[[stages]]\nid = \"policy\"\nuse = [\"honest\"]\n",
        quoted(&path)
    );
    let prepared = ground.pipeline("compiled", &text);
    let mut host = ground
        .command(&prepared)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let mut seen = 0;
    while host.try_wait().expect("it can be waited for").is_none() {
        for process in below(host.id()) {
            let read = |what: &str| fs::read(format!("/proc/{process}/{what}")).unwrap_or_default();
            let arguments = read("cmdline");
            if !String::from_utf8_lossy(&arguments).contains("compile-component") {
                continue;
            }
            let environment = read("environ");
            canary::assert_none(&arguments, "the arguments of the compiler");
            canary::assert_none(&environment, "the environment of the compiler");
            let names = String::from_utf8_lossy(&environment).into_owned();
            let mut names = names.split('\0').filter_map(|pair| pair.split('=').next());
            assert!(
                names.all(|name| ["", "RAYON_NUM_THREADS", "TOKIO_WORKER_THREADS"].contains(&name)),
                "{}",
                String::from_utf8_lossy(&environment)
            );
            seen += usize::from(!environment.is_empty());
        }
        std::thread::yield_now();
    }
    assert!(seen > 0, "the process that compiles was not seen");
}

/// A command of a stage writes down all that it is given.
#[test]
fn a_command_knows_no_secret_that_is_not_its_own() {
    let ground = Ground::new();
    let script = "env >env; cat /proc/self/cmdline >cmdline; ls -l /proc/self/fd >fd; \
                  cp env cmdline fd \"$OUT\"";
    let prepared = ground.pipeline("command", "");
    let out = prepared.folder.join("out");
    fs::create_dir_all(&out).expect("a folder");
    let text = format!(
        "[[stages]]\nid = \"deploy\"\nrun = [[\"sh\", \"-c\", {script:?}]]\nenvironment = [\"OUT\"]\n"
    );
    let prepared = ground.pipeline("command", &text);
    let ran = ground
        .command(&prepared)
        .env("OUT", &out)
        .env("CHANNEL", CANARY)
        .output();
    crate::context::Ran::of(ran).expect_code(0);
    assert_eq!(canary::files(&out).len(), 3);
    for path in canary::files(&out) {
        canary::assert_none(
            &fs::read(&path).expect("a file"),
            &path.display().to_string(),
        );
    }
    assert!(
        canary::assert_none_below(&prepared.folder) > 0,
        "a run has documents"
    );
}
