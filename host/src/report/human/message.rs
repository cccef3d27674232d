use super::{Detail, Page, page};
use crate::model::{Answer, Outcome, Text};
use crate::pipeline::{MessageRecord, RunRecord};
use crate::report::outcome;

/// Puts on a page what the channels would be told: a line a message, and its body for those who
/// want to see everything.
pub(super) fn put(page: &mut Page, record: &RunRecord, detail: Detail) {
    if record.messages.is_empty() {
        return;
    }
    let title = if record
        .sitting
        .as_ref()
        .is_some_and(|sitting| !sitting.outbox.is_empty())
    {
        "Messages"
    } else {
        "Messages (shown, not sent)"
    };
    page.led(0, page::heading(), title, "");
    for told in &record.messages {
        let lead = lead(told);
        match &told.call.outcome {
            Outcome::Answered(Answer::Messages(messages)) => {
                if messages.is_empty() && detail == Detail::Full {
                    page.led(2, page::heading(), &lead, ": nothing to say");
                }
                for message in messages {
                    let summary = message.summary.shortened(SUMMARY_CHARACTERS_MAX);
                    let summary = format!(": {}", summary.terminal());
                    page.led(2, page::heading(), &lead, &summary);
                    if detail == Detail::Full {
                        page.text(4, &message.media_type.terminal().to_string());
                        page.block(4, &indented(&message.body));
                    }
                }
            }
            happened => put_fault(page, record, told, &lead, happened),
        }
    }
    page.gap();
}

/// The longest summary on a page, in characters.
const SUMMARY_CHARACTERS_MAX: usize = 200;

fn lead(told: &MessageRecord) -> String {
    match &told.stage {
        Some(stage) => format!("{}, {} (stage {stage})", told.channel, told.event.name()),
        None => format!("{}, {}", told.channel, told.event.name()),
    }
}

/// It changes no verdict, and it is said.
fn put_fault(
    page: &mut Page,
    record: &RunRecord,
    told: &MessageRecord,
    lead: &str,
    happened: &Outcome,
) {
    let words = outcome::words(happened).unwrap_or_else(|| "did not compose messages".into());
    let plugin = &told.plugin;
    page.led(
        2,
        page::heading(),
        lead,
        &format!(": no message, because {plugin} {}", words.terminal()),
    );
    let origin = &record.configuration.pipeline.origin;
    if let Some(help) = outcome::help(happened, plugin, origin) {
        page.led(4, page::heading(), "Help: ", &help);
    }
}

/// JSON over several lines; anything else as it is.
fn indented(body: &Text) -> Text {
    serde_json::from_str::<serde_json::Value>(body.raw())
        .and_then(|value| serde_json::to_string_pretty(&value))
        .map_or_else(|_| body.clone(), Text::from)
}
