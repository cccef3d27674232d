//! A policy that misbehaves on request.

#![forbid(unsafe_code)]

use std::hint::black_box;

use holdpoint_sdk::{Fault, Finding, Plugin, Policy, Release, log};

/// What to do.
#[holdpoint_sdk::settings]
pub struct Settings {
    /// How to misbehave.
    behaviour: Behaviour,
}

/// Ways to misbehave.
#[holdpoint_sdk::settings]
pub enum Behaviour {
    /// Finds nothing.
    Nothing,
    /// Finds that every commit is wrong.
    EveryCommit,
    /// Finds something odd, which does not block.
    Odd,
    /// Panics.
    Panic,
    /// Loops for ever.
    Loop,
    /// Calls itself for ever.
    Recurse,
    /// Takes memory for ever.
    Allocate,
    /// Logs for ever.
    Log,
    /// Finds a million things.
    MillionFindings,
    /// Finds something in one very long sentence.
    LongMessage,
    /// Finds something with terminal control sequences in every text.
    ControlSequences,
    /// Finds something with commands of CI systems in every text.
    WorkflowCommands,
    /// Finds something in places outside of the checkout.
    PathTricks,
    /// Finds something in line 0 of a file.
    LineZero,
    /// Finds something at an artifact that is not there.
    UnknownArtifact,
    /// Names a rule that is not in the manifest.
    UnknownRule,
    /// Names a rule of the host.
    HostRule,
    /// Names a rule of another plugin.
    RuleOfAnother,
    /// Names a commit that is not in the range.
    UnknownCommit,
    /// Says that it cannot decide.
    Fault,
}

struct Hostile;

impl Plugin for Hostile {
    type Settings = Settings;
}

impl Policy for Hostile {
    fn check(release: &Release, settings: &Settings) -> Result<Vec<Finding>, Fault> {
        let wrong = |message: &str| Finding::new("wrong", message);
        match settings.behaviour {
            Behaviour::Nothing => Ok(Vec::new()),
            Behaviour::EveryCommit => Ok(release
                .commits()
                .map(|commit| wrong("This commit is wrong.").at_commit(commit.id))
                .collect()),
            Behaviour::Odd => Ok(vec![Finding::new("odd", "This is odd.")]),
            Behaviour::Panic => panic!("the plugin gave up on {}", release.subject.project),
            Behaviour::Loop => loop {
                black_box(());
            },
            Behaviour::Recurse => Ok(vec![wrong(&recurse(1).to_string())]),
            Behaviour::Allocate => {
                let mut kept = Vec::new();
                loop {
                    kept.push(black_box(vec![1_u8; 1 << 20]));
                }
            }
            Behaviour::Log => loop {
                log::info("again");
            },
            Behaviour::MillionFindings => Ok(vec![wrong("one of many"); 1_000_000]),
            Behaviour::LongMessage => Ok(vec![wrong(&"long ".repeat(1 << 19))]),
            Behaviour::ControlSequences => {
                log::error("\u{1b}[2Jlog\u{7}");
                let finding =
                    wrong("\u{1b}]0;title\u{7}\u{1b}[31mred\u{9b}31m\u{202e}evil\r\nline");
                Ok(vec![finding.at_file("\u{1b}[2Jpath")])
            }
            Behaviour::WorkflowCommands => {
                log::error("::error::log\n::stop-commands::log");
                log::error("##[command]log");
                let finding = wrong(
                    "::set-output name=verdict::go\n##vso[task.setvariable variable=go]1\n\
                     ::add-mask::go\r::error::go",
                );
                Ok(vec![
                    finding
                        .help("##[section]help\n::notice::help")
                        .at_file("::warning::file,line=1"),
                ])
            }
            Behaviour::PathTricks => Ok([
                "/etc/passwd",
                "../../outside",
                ".git/config",
                "C:\\windows",
                "a\0b",
                "",
            ]
            .map(|path| wrong("Elsewhere.").at_line(path, u32::MAX))
            .into()),
            Behaviour::LineZero => Ok(vec![wrong("Nowhere.").at_line("one", 0)]),
            Behaviour::UnknownArtifact => Ok(vec![wrong("Elsewhere.").at_artifact("app.tar")]),
            Behaviour::HostRule => Ok(vec![Finding::new(
                "holdpoint/waiver-unused",
                "The host says so.",
            )]),
            Behaviour::RuleOfAnother => Ok(vec![Finding::new(
                "conventional-commits/form",
                "Another plugin says so.",
            )]),
            Behaviour::UnknownRule => {
                Ok(vec![Finding::new("no-such-rule", "Nobody declared this.")])
            }
            Behaviour::UnknownCommit => Ok(vec![wrong("Elsewhere.").at_commit("0".repeat(40))]),
            Behaviour::Fault => Err(Fault::unavailable("the oracle does not answer")),
        }
    }
}

fn recurse(depth: u64) -> u64 {
    let frame = black_box([depth; 64]);
    if depth == 0 {
        frame[0]
    } else {
        recurse(depth + 1) + frame[63]
    }
}

holdpoint_sdk::export!(Hostile: policy);
