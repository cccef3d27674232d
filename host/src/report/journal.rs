use super::words;
use crate::model::{EffectOutcome, Effects, Entry, Health, Part, Record};

/// An entry in one sentence, escaped.
#[expect(clippy::too_many_lines, reason = "one arm a record")]
pub(super) fn sentence(entry: &Entry) -> String {
    match &entry.record {
        Record::Began { initiator, .. } => match initiator {
            Some(initiator) => format!(
                "The run was made, started by {} as the environment claims.",
                initiator.terminal()
            ),
            None => "The run was made.".to_owned(),
        },
        Record::Sat {
            version,
            holder,
            circumstances,
        } => format!(
            "Sitting {} began on {}, process {}, at {} ({}), with Holdpoint {version}.",
            entry.sitting,
            holder.host.terminal(),
            holder.process,
            circumstances.time,
            circumstances.zone
        ),
        Record::Decided(decision) => {
            let score = decision
                .score
                .map_or_else(String::new, |score| format!(" with a score of {score:.1}"));
            let mut sentence = format!("Stage {} is {}{score}.", decision.stage, decision.verdict);
            let calls: Vec<_> = decision
                .calls
                .iter()
                .map(|call| format!("{} {}, {}", call.plugin, call.outcome, call.verdict))
                .collect();
            if !calls.is_empty() {
                sentence.push_str(&format!(" Asked: {}.", calls.join("; ")));
            }
            if !decision.statements.is_empty() {
                let signed = decision.statements.len() as u64;
                sentence.push_str(&format!(
                    " {}.",
                    words::count(
                        signed,
                        "signed statement counted",
                        "signed statements counted"
                    )
                ));
            }
            for missing in &decision.missing {
                sentence.push_str(&format!(" Missing: {}.", missing.terminal()));
            }
            sentence
        }
        Record::Planned(planned) => {
            format!(
                "What the actions of stage {} plan is settled.",
                planned.stage
            )
        }
        Record::Intended(intent) => {
            format!("{} begins: {}.", intent.effect, intent.what.terminal())
        }
        Record::Settled(settlement) => {
            let said = if settlement.assumed.is_some() {
                ", as a person says"
            } else {
                ""
            };
            match &settlement.outcome {
                EffectOutcome::Done => format!(
                    "{} was carried out in {} ms{said}.",
                    settlement.effect, settlement.duration_ms
                ),
                EffectOutcome::Failed(why) => {
                    format!("{} failed: {}.", settlement.effect, why.terminal())
                }
                EffectOutcome::NotBegun(why) => {
                    let words = match settlement.effect.part {
                        Part::Request | Part::Revert => "was not made",
                        _ => "did not begin",
                    };
                    format!("{} {words}: {}.", settlement.effect, why.terminal())
                }
                EffectOutcome::NotDone => {
                    format!("{} was not carried out{said}.", settlement.effect)
                }
            }
        }
        Record::Measuring(measuring) => format!(
            "Stage {} is measured at {}, attempt {}.",
            measuring.stage, measuring.circumstances.time, measuring.attempt
        ),
        Record::Asked(asked) => format!(
            "Stage {}, attempt {}: {} was answered from outside, {}.",
            asked.stage, asked.attempt, asked.plugin, asked.calls
        ),
        Record::Measured(measured) => format!(
            "Stage {} was measured at {}, attempt {}: {}.",
            measured.stage,
            measured.at,
            measured.attempt,
            health(measured.health)
        ),
        Record::Overridden {
            stage,
            verdict,
            statements,
        } => format!(
            "Stage {stage} was OVERRIDDEN by {}; its verdict is still {verdict}.",
            words::count(statements.len() as u64, "signature", "signatures")
        ),
        Record::Cancelled { signal } => format!("The sitting was cancelled by {signal}."),
        Record::Rested {
            verdict,
            overridden,
            effects: became,
            finished,
        } => format!(
            "The sitting ended: {verdict}{}, {}{}.",
            if *overridden { ", overridden" } else { "" },
            effects(*became),
            if *finished { "; the run is over" } else { "" }
        ),
        Record::Aborted { by, reason } => match by {
            Some(by) => format!("Ended by {}: {}.", by.terminal(), reason.terminal()),
            None => format!("Ended: {}.", reason.terminal()),
        },
        Record::Superseded { by } => format!("Run {} took its place.", by.short()),
    }
}

/// What became of the effects, in words.
pub(super) fn effects(effects: Effects) -> &'static str {
    match effects {
        Effects::None => "nothing was carried out",
        Effects::Done => "what began was carried out",
        Effects::Undone => "what was carried out was undone",
        Effects::Incomplete => "what was carried out could not be undone, or not all of it",
        Effects::Unknown => "what became of an effect is not known",
    }
}

fn health(health: Health) -> &'static str {
    match health {
        Health::Healthy => "healthy",
        Health::Degraded => "degraded",
        Health::Failing => "failing",
        Health::Inconclusive => "inconclusive",
    }
}
