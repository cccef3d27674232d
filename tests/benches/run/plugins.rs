//! What the smallest plugin in each language weighs, and how long it takes from `plugin add` to its first
//! answer.

use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{fs, io};

use super::{Bench, Start, median, start};

/// Times that a plugin is added and asked for one figure: the engine of a script language takes its time
/// to be compiled.
const TURNS: usize = 3;

/// Adds the plugin of `plugin new` in each language to a project, and lets it judge a release: cold, with
/// nothing compiled yet, and warm, with the machine code that the cold start left.
pub(super) fn first_answers(bench: &Bench, tools: &Path) {
    let repository = bench.repository("answers", 100, "fix: step");
    println!();
    println!(
        "a plugin in            bytes    add, cold ms    run, cold ms    add, warm ms    run, warm ms"
    );
    for (language, linked) in [
        ("rust", None),
        (
            "javascript",
            Some(("javascript/node_modules", "node_modules")),
        ),
        ("python", Some(("python", ".venv"))),
    ] {
        let component = build(
            bench,
            language,
            linked.map(|(from, to)| (tools.join(from), to)),
        );
        let bytes = fs::metadata(&component).expect("the component").len();
        let (mut cold, mut warm) = ((Vec::new(), Vec::new()), (Vec::new(), Vec::new()));
        for turn in 0..TURNS {
            let kept = format!("{language}-{turn}");
            for starts in [&mut cold, &mut warm] {
                let (add, run) = answer(bench, &repository, &component, &kept);
                starts.0.push(add);
                starts.1.push(run);
            }
        }
        let [a, b, c, d] =
            [&cold.0, &cold.1, &warm.0, &warm.1].map(|starts| median(starts).milliseconds);
        println!("{language:<16} {bytes:>11} {a:>15.1} {b:>15.1} {c:>15.1} {d:>15.1}");
    }
}

/// The component that `plugin new` and `plugin build` make, with the tools of the language from a folder.
fn build(bench: &Bench, language: &str, linked: Option<(PathBuf, &str)>) -> PathBuf {
    let folder = bench.folder.path().join(format!("plugin-{language}"));
    let run = |command: &mut Command| {
        let command = command.stdout(Stdio::null());
        let status = command.status().expect("the program starts");
        assert!(status.success(), "{command:?} ended with {status}");
    };
    let name = folder.file_name().expect("a name");
    let mut new = bench.holdpoint("tools");
    run(new
        .args(["plugin", "new", "--lang", language])
        .arg(name)
        .current_dir(bench.folder.path()));
    if let Some((from, to)) = linked {
        let from = from
            .canonicalize()
            .expect("the tools, which `make bench` installs");
        symlink(from, folder.join(to)).expect("a link");
    }
    run(bench
        .holdpoint("tools")
        .args(["plugin", "build"])
        .arg(&folder));
    let built = fs::read_dir(folder.join("target")).expect("the folder of the component");
    let mut built = built
        .collect::<io::Result<Vec<_>>>()
        .expect("its entries")
        .into_iter();
    let component = built.find(|entry| entry.path().extension().is_some_and(|end| end == "wasm"));
    component.expect("a component").path()
}

/// What `plugin add` and the run after it cost, in a project of their own.
fn answer(bench: &Bench, repository: &Path, component: &Path, kept: &str) -> (Start, Start) {
    let project = tempfile::tempdir_in(bench.folder.path()).expect("a folder for the project");
    let mut add = bench.holdpoint(kept);
    add.args(["plugin", "add"])
        .arg(component)
        .current_dir(&project);
    let add = start(&mut add);
    let mut run = bench.holdpoint(kept);
    run.args([
        "run",
        "--dry-run",
        "--format",
        "json",
        "--pipeline",
        "holdpoint.toml",
        "--repo",
    ]);
    run.arg(repository).current_dir(&project);
    (add, start(&mut run))
}
