use std::time::Duration;

use super::{End, Seat, SittingError};
use crate::model::{
    Answer, Digest, Event, EventKind, MessageKey, MessageState, OutboxMessage, Outcome, Verdict,
};
use crate::pipeline::MessageRecord;
use crate::pipeline::delivery::{Until, deliver};
use crate::pipeline::event;
use crate::pipeline::load::Stage;
use crate::store::Changes;

/// Time for posting what happened when it happens: a channel that does not answer holds up the
/// release for no longer than this. What is left then is posted at the end.
const DELIVERY_TIME_AT_ONCE: Duration = Duration::from_secs(5);

/// Digits of the digest that tells apart two events of one kind in one stage.
const DIGEST_DIGITS: usize = 12;

impl Seat<'_> {
    pub(super) async fn announce_beginning(&mut self) -> Result<(), SittingError> {
        let stages = &self.session.configuration.stages;
        let occasions = event::beginning(self.run.id.as_str(), stages);
        for occasion in occasions {
            let id = occasion.kind.name().to_owned();
            self.announce(id, occasion).await?;
        }
        Ok(())
    }

    /// Says of a stage that it waits or is stopped, or that what it waited for has come.
    pub(super) async fn announce_decision(&mut self, stage: &Stage) -> Result<(), SittingError> {
        let Some(record) = self.stages.last() else {
            return Ok(());
        };
        let occasions = event::of_decision(self.run.id.as_str(), record);
        for occasion in occasions {
            // The same reason once: who waits for days does not hear of it in every sitting.
            let digest = Digest::of_json(&(&occasion.reason, &occasion.findings));
            let digits = &digest.hex()[..DIGEST_DIGITS];
            let id = format!("{}/{}/{digits}", occasion.kind.name(), stage.id);
            self.announce(id, occasion).await?;
        }
        Ok(())
    }

    pub(super) async fn announce_deployed(&mut self, stage: &Stage) -> Result<(), SittingError> {
        let reason = format!("Stage {} was carried out.", stage.id);
        self.announce_of_stage(EventKind::Deployed, stage, reason)
            .await
    }

    pub(super) async fn announce_verified(&mut self, stage: &Stage) -> Result<(), SittingError> {
        let reason = format!("What stage {} deployed was found healthy.", stage.id);
        self.announce_of_stage(EventKind::Verified, stage, reason)
            .await
    }

    async fn announce_of_stage(
        &mut self,
        kind: EventKind,
        stage: &Stage,
        reason: String,
    ) -> Result<(), SittingError> {
        let run = self.run.id.as_str();
        let occasion = event::of_stage(run, kind, &stage.id, Some(Verdict::Go), reason);
        let id = format!("{}/{}", kind.name(), stage.id);
        self.announce(id, occasion).await
    }

    pub(super) async fn announce_undone(&mut self) -> Result<(), SittingError> {
        let reason = "What was carried out was undone.".to_owned();
        let occasion = event::of_run(self.run.id.as_str(), EventKind::Undone, None, reason);
        self.announce(EventKind::Undone.name().to_owned(), occasion)
            .await
    }

    /// The messages that say that the run is over. They are written with its last entry: no sitting
    /// comes after it that could make up for them.
    pub(super) async fn compose_end(&mut self, end: End, verdict: Verdict) -> Vec<OutboxMessage> {
        let undone = end == End::Undone;
        let occasion = event::finished(self.run.id.as_str(), &self.stages, verdict, undone);
        self.compose(EventKind::Finished.name(), occasion).await
    }

    /// Has the plugins of channels compose messages for an event that is recorded, puts them into
    /// the outbox, and posts what can be posted at once. Each event is told once a run.
    async fn announce(&mut self, id: String, occasion: Event) -> Result<(), SittingError> {
        let messages = self.compose(&id, occasion).await;
        if messages.is_empty() {
            return Ok(());
        }
        self.place(|| format!("before-outbox:{id}")).await;
        self.sitting
            .write(Changes {
                messages,
                ..Changes::default()
            })
            .await?;
        self.place(|| format!("after-outbox:{id}")).await;
        self.deliver(DELIVERY_TIME_AT_ONCE).await?;
        Ok(())
    }

    /// Has the plugins of channels compose messages for an event, as far as it was not told before.
    /// Where everything is to end there are none: a later sitting tells it.
    async fn compose(&mut self, id: &str, occasion: Event) -> Vec<OutboxMessage> {
        let channels = &self.session.configuration.plan.channels;
        let untold: Vec<String> = channels
            .keys()
            .filter(|channel| !self.told.contains(&(id.to_owned(), (*channel).clone())))
            .cloned()
            .collect();
        if untold.is_empty() {
            return Vec::new();
        }
        let mut cancelled = self.desk.cancelled.clone();
        let hears = |channel: &str| untold.iter().any(|name| name == channel);
        let telling = event::tell(
            &self.calls,
            self.session.configuration,
            self.session.prepared,
            self.session.judged,
            vec![occasion],
            &hears,
        );
        let mut records = tokio::select! {
            biased;
            _ = cancelled.wait_for(Option::is_some) => return Vec::new(),
            records = telling => records,
        };
        let messages: Vec<OutboxMessage> = records
            .iter()
            .flat_map(|record| self.outbox_messages(id, record))
            .collect();
        for record in &mut records {
            record.event_id = Some(id.to_owned());
            self.told.insert((id.to_owned(), record.channel.clone()));
        }
        self.messages.extend(records);
        messages
    }

    /// The messages of one answer, for a channel that has an address.
    fn outbox_messages(&self, id: &str, record: &MessageRecord) -> Vec<OutboxMessage> {
        let Outcome::Answered(Answer::Messages(messages)) = &record.call.outcome else {
            return Vec::new();
        };
        if !self.desk.destinations.contains_key(&record.channel) {
            return Vec::new();
        }
        let now = (self.desk.clock)();
        (1..)
            .zip(messages)
            .map(|(number, message)| OutboxMessage {
                key: MessageKey {
                    run: self.run.id.clone(),
                    event: id.to_owned(),
                    channel: record.channel.clone(),
                    number,
                },
                media_type: message.media_type.clone(),
                body: message.body.clone(),
                summary: message.summary.clone(),
                state: MessageState::Pending {
                    attempts: 0,
                    not_before: now,
                    said: None,
                },
            })
            .collect()
    }

    /// Posts what waits in the outbox, for so long; gives back every message as it then is. Whatever
    /// becomes of it, no verdict changes.
    pub(super) async fn deliver(
        &mut self,
        budget: Duration,
    ) -> Result<Vec<OutboxMessage>, SittingError> {
        let messages = self.desk.store.messages(&self.run.id).await?;
        let Some(http) = &self.desk.http else {
            return Ok(messages);
        };
        let until = Until {
            budget,
            cancelled: self.cancelled_flag(),
        };
        Ok(deliver(
            self.sitting.as_mut(),
            messages,
            &self.desk.destinations,
            http,
            &self.desk.retry,
            self.desk.clock,
            until,
        )
        .await?)
    }

    /// A flag that becomes true when everything is to end, for those who need no more.
    pub(super) fn cancelled_flag(&self) -> tokio::sync::watch::Receiver<bool> {
        let mut from = self.desk.cancelled.clone();
        let (to, flag) = tokio::sync::watch::channel(self.is_cancelled());
        tokio::spawn(async move {
            tokio::select! {
                _ = from.wait_for(Option::is_some) => { let _ = to.send(true); }
                () = to.closed() => {}
            }
        });
        flag
    }
}
