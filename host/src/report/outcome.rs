//! The words of each outcome that is not an answer: what happened, which bound, which key raises it.

use std::time::Duration;

use super::words;
use crate::model::{LimitKind, Outcome, Text};

/// What happened, after the plugin's name; none when it answered.
pub(super) fn words(outcome: &Outcome) -> Option<Text> {
    Some(Text::from(match outcome {
        Outcome::Answered(_) => return None,
        Outcome::Fault(fault) => format!("said that it could not decide: {}", fault.message.raw()),
        Outcome::Trapped { message, .. } => format!("trapped: {}", message.raw()),
        Outcome::OutOfFuel { limit } => {
            format!(
                "ran out of fuel: it may use {} units of fuel",
                words::number(*limit)
            )
        }
        Outcome::OutOfMemory { limit_bytes } => {
            format!(
                "ran out of memory: it may use {}",
                words::bytes(*limit_bytes)
            )
        }
        Outcome::TimedOut { limit_ms } => format!(
            "timed out: it has {} for an answer",
            words::duration(Duration::from_millis(*limit_ms))
        ),
        Outcome::RunOutOfTime { limit_ms } => format!(
            "timed out: the run was over, which has {} for all stages together",
            words::duration(Duration::from_millis(*limit_ms))
        ),
        Outcome::TooMuchOutput { what, limit } => {
            format!("sent too much: {}", crossed(*what, *limit))
        }
        Outcome::Malformed { message } => {
            format!(
                "answered what the contract does not allow: {}",
                message.raw()
            )
        }
    }))
}

/// The key of `limits` in the pipeline file that raises the bound which was crossed: of the plugin,
/// except for `wall-time`, `requests` and `response-data`, which are of
/// the run.
pub(super) fn limit_key(outcome: &Outcome) -> Option<&'static str> {
    match outcome {
        Outcome::OutOfFuel { .. } => Some("fuel"),
        Outcome::OutOfMemory { .. } => Some("memory"),
        Outcome::TimedOut { .. } => Some("timeout"),
        Outcome::RunOutOfTime { .. } => Some("wall-time"),
        Outcome::TooMuchOutput { what, .. } => Some(match what {
            // These bounds are the same for everybody.
            LimitKind::Handles
            | LimitKind::Messages
            | LimitKind::MessageBytes
            | LimitKind::Requests
            | LimitKind::ResponseBytes
            | LimitKind::TranscriptBytes => return None,
            LimitKind::RunRequests => "requests",
            LimitKind::RunResponseBytes => "response-data",
            LimitKind::AnswerBytes => "answer",
            LimitKind::AnswerItems => "answer-items",
            LimitKind::TextBytes => "text",
            LimitKind::LogLines => "log-lines",
            LimitKind::LogBytes => "log",
            LimitKind::HostCalls => "host-calls",
            LimitKind::HostCallBytes => "host-call-data",
        }),
        Outcome::Answered(_)
        | Outcome::Fault(_)
        | Outcome::Trapped { .. }
        | Outcome::Malformed { .. } => None,
    }
}

/// What to do about it, given where the pipeline was read from; none when it answered.
pub(super) fn help(outcome: &Outcome, plugin: &str, origin: &Text) -> Option<String> {
    if let Some(key) = limit_key(outcome) {
        let file = match origin.raw() {
            "embedded" => "a pipeline file of your own".to_owned(),
            origin => origin.to_owned(),
        };
        let is_of_run = matches!(
            outcome,
            Outcome::RunOutOfTime { .. }
                | Outcome::TooMuchOutput {
                    what: LimitKind::RunRequests | LimitKind::RunResponseBytes,
                    ..
                }
        );
        if is_of_run {
            return Some(format!(
                "If that is too little for this release, raise `{key}` under `[limits]` in \
                 {file}, or use fewer plugins."
            ));
        }
        return Some(format!(
            "If that is too little for this release, raise `limits.{key}` under \
             `[plugins.{plugin}]` in {file}; else it is a defect of the plugin: tell its author."
        ));
    }
    match outcome {
        Outcome::Fault(fault) if fault.retry => {
            Some("The plugin says that the same call may succeed later: run again.".to_owned())
        }
        Outcome::Fault(_) => {
            Some("Do what the message asks for, or tell the author of the plugin.".to_owned())
        }
        Outcome::Trapped { .. } | Outcome::Malformed { .. } | Outcome::TooMuchOutput { .. } => {
            Some(
                "This is a defect of the plugin: send its author what stands here, or use another \
             version of it."
                    .to_owned(),
            )
        }
        _ => None,
    }
}

fn crossed(what: LimitKind, limit: u64) -> String {
    match what {
        LimitKind::AnswerBytes => format!("an answer may have {}", words::bytes(limit)),
        LimitKind::AnswerItems => {
            format!(
                "an answer may have {}",
                words::count(limit, "item", "items")
            )
        }
        LimitKind::TextBytes => format!("one text may have {}", words::bytes(limit)),
        LimitKind::LogLines => {
            format!("it may log {}", words::count(limit, "line", "lines"))
        }
        LimitKind::LogBytes => format!("it may log and print {}", words::bytes(limit)),
        LimitKind::HostCalls => {
            format!(
                "it may call the host {}",
                words::count(limit, "time", "times")
            )
        }
        LimitKind::Handles => {
            format!(
                "it may hold {} at once",
                words::count(limit, "handle", "handles")
            )
        }
        LimitKind::Messages => format!(
            "for one event there may be {}",
            words::count(limit, "message", "messages")
        ),
        LimitKind::MessageBytes => format!(
            "the bodies of all messages of a run may have {} together",
            words::bytes(limit)
        ),
        LimitKind::Requests => format!(
            "it may make {} in one call",
            words::count(limit, "request", "requests")
        ),
        LimitKind::ResponseBytes => {
            format!("one response may have {}", words::bytes(limit))
        }
        LimitKind::RunRequests => format!(
            "all calls of a sitting together may make {}",
            words::count(limit, "request", "requests")
        ),
        LimitKind::RunResponseBytes => format!(
            "the responses to all requests of a sitting may have {} together",
            words::bytes(limit)
        ),
        LimitKind::HostCallBytes => format!("it may read {} from the host", words::bytes(limit)),
        LimitKind::TranscriptBytes => format!(
            "the record of its calls to the host may have {}",
            words::bytes(limit)
        ),
    }
}
