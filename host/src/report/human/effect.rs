use anstyle::Style;

use super::{Page, answer, page};
use crate::model::{EffectState, MessageState, Outcome, Part, Text};
use crate::pipeline::{EffectRecord, RunRecord, StageRecord};
use crate::report::commits::Commits;
use crate::report::json::{health_name, instant};
use crate::report::{journal, outcome, words};

/// Puts on a page what a stage waits for, who let it go, what it runs and what became of that.
pub(super) fn put(page: &mut Page, stage: &StageRecord, is_rehearsal: bool) {
    if let Some(over) = stage.overriding.as_ref().filter(|over| over.is_given) {
        page.led(
            2,
            page::heading(),
            "OVERRIDDEN",
            &format!(
                ": its verdict is still {}, and it was let go by",
                stage.verdict
            ),
        );
        for counted in &over.counted {
            let reason = counted
                .reason
                .as_ref()
                .map_or_else(String::new, |reason| format!(": {}", reason.terminal()));
            page.text(
                4,
                &format!(
                    "{} at {}{reason}",
                    counted.principals.terminal(),
                    counted.issued
                ),
            );
        }
    }
    for missing in &stage.missing {
        page.led(
            2,
            page::heading(),
            "Missing: ",
            &missing.terminal().to_string(),
        );
    }
    if let Some(approval) = &stage.approval {
        for counted in &approval.counted {
            page.text(
                2,
                &format!(
                    "Approved by {} at {}",
                    counted.principals.terminal(),
                    counted.issued
                ),
            );
        }
        for refusal in &approval.refusals {
            page.led(
                2,
                page::heading(),
                "Refused ",
                &format!(
                    "by {} at {}: {}",
                    refusal.principals.terminal(),
                    refusal.issued,
                    refusal.reason.terminal()
                ),
            );
        }
        for rejected in &approval.rejected {
            page.text(
                2,
                &format!("A signed statement does not count: {}", rejected.why),
            );
        }
    }
    if !stage.commands.is_empty() && stage.effects.is_empty() {
        let lead = if is_rehearsal {
            "It would run (nothing is run):"
        } else {
            "It runs, once it and everything before it is go:"
        };
        page.text(2, lead);
        for command in &stage.commands {
            // As a list, so that it is seen where each argument ends.
            let list = serde_json::to_string(command).unwrap_or_default();
            page.line(4, Style::new(), &Text::from(list));
        }
    }
    for record in &stage.effects {
        let why = match &record.state {
            EffectState::Failed(_, why) | EffectState::NotBegun(_, why) => {
                format!(": {}", why.terminal())
            }
            _ => String::new(),
        };
        page.led(
            2,
            page::heading(),
            &format!("{} {}", record.effect, record.state.name()),
            &format!("{why} ({})", record.state.intent().what.terminal()),
        );
    }
}

/// Puts on a page what was measured of what a stage deployed, and why the last measurement came to
/// what it did.
pub(super) fn put_measured(
    page: &mut Page,
    stage: &StageRecord,
    record: &RunRecord,
    commits: &Commits<'_>,
) {
    for measured in &stage.measured {
        page.text(
            2,
            &format!(
                "Measured at {}, attempt {}: {}",
                instant(measured.at.as_second()),
                measured.attempt,
                health_name(measured.health)
            ),
        );
    }
    let last = stage.measured.last().map(|measured| &measured.calls);
    for (plugin, call) in last.into_iter().flatten() {
        match outcome::words(&call.outcome) {
            None => page.led(4, page::heading(), plugin, ""),
            Some(happened) => {
                let happened = format!(": it {}", happened.terminal());
                page.led(4, page::heading(), plugin, &happened);
                let origin = &record.configuration.pipeline.origin;
                if let Some(help) = outcome::help(&call.outcome, plugin, origin) {
                    page.led(6, page::heading(), "Help: ", &help);
                }
            }
        }
        if let Outcome::Answered(answer) = &call.outcome {
            answer::put(page, 6, answer, commits);
        }
    }
}

/// Puts on a page, before anything else, what only a person can settle.
pub(super) fn loudest(page: &mut Page, record: &RunRecord) {
    let unknown: Vec<_> = record
        .stages
        .iter()
        .flat_map(|stage| &stage.effects)
        .filter(|effect| matches!(effect.state, EffectState::Unknown(_)))
        .collect();
    let run = record.run.get(..12).unwrap_or(&record.run);
    if record.effects == crate::model::Effects::Incomplete {
        page.led(
            0,
            page::heading(),
            "NOT UNDONE: ",
            "something was carried out, something failed, and not all of it could be taken back.",
        );
        let failed = record.stages.iter().flat_map(|stage| &stage.effects);
        for effect in failed.filter(|effect| {
            matches!(
                effect.state,
                EffectState::Failed(..) | EffectState::NotBegun(..)
            )
        }) {
            page.text(2, &format!("{} {}", effect.effect, effect.state.name()));
        }
        for effect in record.stages.iter().flat_map(requests_left) {
            page.text(
                2,
                &format!(
                    "{} has nothing that takes it back: {}",
                    effect.effect,
                    effect.state.intent().what.terminal()
                ),
            );
        }
        for stage in record.stages.iter().filter(|stage| is_without_undo(stage)) {
            page.text(
                2,
                &format!("stage {} has nothing that takes it back", stage.id),
            );
        }
        page.gap();
    }
    if record.effects == crate::model::Effects::Unknown {
        for effect in unknown {
            page.led(
                0,
                page::heading(),
                "NOT KNOWN: ",
                &format!(
                    "whether {} was carried out: {}. Look, and say it with `holdpoint resume {run} \
                     --assume {}=done` or `=not-done`.",
                    effect.effect,
                    effect.state.intent().what.terminal(),
                    effect.effect
                ),
            );
        }
        page.gap();
    }
}

/// The requests that were made and that nothing was to take back.
fn requests_left(stage: &StageRecord) -> impl Iterator<Item = &EffectRecord> {
    stage.effects.iter().filter(|made| {
        let is_reverted = |other: &&EffectRecord| {
            other.effect.part == Part::Revert && other.effect.number == made.effect.number
        };
        made.effect.part == Part::Request
            && matches!(made.state, EffectState::Done(_))
            && stage.effects.iter().find(is_reverted).is_none()
    })
}

/// Whether a stage carried something out and has no command that takes it back.
fn is_without_undo(stage: &StageRecord) -> bool {
    let parts = |part| {
        stage
            .effects
            .iter()
            .any(|effect| effect.effect.part == part)
    };
    parts(Part::Run) && !parts(Part::Undo)
}

/// Puts on a page what the record says of the run, and what was not delivered.
pub(super) fn recorded(page: &mut Page, record: &RunRecord) {
    let Some(sitting) = &record.sitting else {
        return;
    };
    page.text(
        0,
        &format!(
            "Run {}, sitting {}, {}; {}.",
            record.run.get(..12).unwrap_or(&record.run),
            sitting.number,
            sitting.state.name(),
            journal::effects(record.effects)
        ),
    );
    let left: Vec<_> = sitting
        .outbox
        .iter()
        .filter(|message| !matches!(message.state, MessageState::Sent { .. }))
        .collect();
    if !left.is_empty() {
        let count = words::count(left.len() as u64, "message was", "messages were");
        page.text(0, &format!("{count} not delivered:"));
        for message in left {
            let why = match &message.state {
                MessageState::Pending {
                    said: Some(said), ..
                }
                | MessageState::Undelivered { said } => {
                    format!(": {}", said.terminal())
                }
                _ => String::new(),
            };
            let event = Text::from(message.key.event.as_str());
            page.text(
                2,
                &format!("{}, {}{why}", message.key.channel, event.terminal()),
            );
        }
    }
}
