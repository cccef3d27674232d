//! Says in one line what became of a release.

#![forbid(unsafe_code)]

use holdpoint_sdk::{Channel, Event, Fault, Message, NoSettings, Notify, Plugin, Release, Verdict};

struct OneLine;

impl Plugin for OneLine {
    type Settings = NoSettings;
}

impl Notify for OneLine {
    fn compose(
        release: &Release,
        _: &NoSettings,
        event: &Event,
        channel: &Channel,
    ) -> Result<Vec<Message>, Fault> {
        let word = match event.verdict {
            Some(Verdict::Go) => "go",
            Some(Verdict::NoGo) => "no-go",
            Some(Verdict::Wait) => "wait",
            Some(Verdict::Fault) => "fault",
            None => return Ok(Vec::new()),
        };
        let version = release.subject.version.as_deref().unwrap_or("the next version");
        let line = format!("{} {version}: {word}. {}", release.subject.project, event.reason);
        Ok(vec![Message {
            media_type: channel.media_type.clone(),
            body: line.clone(),
            summary: line,
        }])
    }
}

holdpoint_sdk::export!(OneLine: notify);
