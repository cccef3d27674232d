//! Delivers the messages of a run to their channels: at least once or at most once, as the operator
//! chooses, never without a record, and never in the way of a release.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::address_table::Delivery;
use super::destination::Destination;
use super::kill_point::kill_point;
use super::retry::{Attempt, MAY_HAVE_ARRIVED, RetryPolicy, random};
use crate::model::{Digest, MessageKey, MessageState, OutboxMessage, Text};
use crate::sandbox::{HttpClient, HttpError, HttpRequest, HttpResponse, IDEMPOTENCY_KEY};
use crate::store::{Changes, Sitting, StoreError};

/// The longest time that messages are delivered for: whoever asks for more means without an end.
const BUDGET_MAX: Duration = Duration::from_hours(24);

/// What names a message to its receiver: a digest of run, event, channel and number, so that two
/// attempts have the same one and no two messages do.
#[must_use]
pub fn idempotency_key(key: &MessageKey) -> String {
    Digest::of_json(key).hex()
}

/// When delivering ends, whatever is left.
#[derive(Clone, Debug)]
pub struct Until {
    /// The longest time that it takes.
    pub budget: Duration,
    /// Becomes true when everything is to end.
    pub cancelled: watch::Receiver<bool>,
}

impl From<Duration> for Until {
    /// Ends after this time, and nobody ends it before.
    fn from(budget: Duration) -> Self {
        Self {
            budget,
            cancelled: watch::channel(false).1,
        }
    }
}

impl Until {
    /// Waits for somebody to say so. When nobody can any more, nobody will.
    async fn is_cancelled(&mut self) {
        let said = self.cancelled.wait_for(|cancelled| *cancelled).await;
        if said.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// A place where a build for tests can be ended; where it was asked to end, it goes on when this
    /// has heard of it.
    async fn place(&mut self, name: &str, event: &str) {
        if kill_point(|| format!("{name}:{event}")) {
            self.is_cancelled().await;
        }
    }
}

/// Delivers what is pending, for at most as long as a budget and a day, and gives back every message
/// as it then is, in the same order.
///
/// The channels are served side by side, the messages of one in their order: a message waits until
/// the one before it has arrived or is given up. Before each attempt the store has it that the
/// message is being sent, and afterwards what came of it, before the next one of the channel is
/// sent. What is left when the time is over stays pending, and so does what has no destination. Where
/// everything is to end, this ends between two writes, never within one: a connection that is left in
/// the middle of a transaction takes its sitting along.
///
/// A message that the store has as being sent was left so by a process that ended: it may have
/// arrived. It is sent again, with the same key, or given up, as its destination says.
///
/// # Errors
///
/// When the store cannot be written to. What was being sent then stays so in the store, and the
/// next sitting finds it.
pub async fn deliver(
    sitting: &mut dyn Sitting,
    messages: Vec<OutboxMessage>,
    destinations: &BTreeMap<String, Destination>,
    client: &HttpClient,
    retry: &RetryPolicy,
    clock: &(dyn Fn() -> Timestamp + Sync),
    until: impl Into<Until>,
) -> Result<Vec<OutboxMessage>, StoreError> {
    let mut until = until.into();
    let mut post = Post {
        unwritten: BTreeSet::new(),
        queues: Vec::new(),
        messages,
        retry,
        clock,
        end: Instant::now() + until.budget.min(BUDGET_MAX),
    };
    post.sort(destinations);
    // Attempts end with this call, whichever way it ends.
    let mut attempts = JoinSet::new();
    let mut settled: Vec<String> = Vec::new();
    while !*until.cancelled.borrow() {
        let begun = post.begin();
        for (_, message) in &begun {
            until.place("before-sending", &message.key.event).await;
        }
        // What came of the last attempts and what is begun now, in one transaction. Nothing is sent
        // before it is written that it may have been.
        post.write(sitting).await?;
        for (queue, message) in begun {
            until.place("before-post", &message.key.event).await;
            // It is known here that it was not sent, whatever its channel makes of one that may have
            // been.
            if *until.cancelled.borrow() {
                post.put_back(queue);
                continue;
            }
            let (client, destination) = (client.clone(), post.queues[queue].destination.clone());
            let time_left = post.end.saturating_duration_since(Instant::now());
            attempts.spawn(async move {
                let exchange = send(&client, &destination, &message, time_left).await;
                (queue, message.key.event, exchange)
            });
        }
        for event in settled.drain(..) {
            until.place("after-sent", &event).await;
        }
        let next = post.next();
        if attempts.is_empty() && next.is_none() {
            break;
        }
        tokio::select! {
            () = until.is_cancelled() => {}
            Some(ended) = attempts.join_next() => {
                let mut ended = Some(ended);
                while let Some(attempt) = ended {
                    match attempt {
                        Ok((queue, event, exchange)) => {
                            until.place("after-post", &event).await;
                            post.settle(queue, exchange);
                            settled.push(event);
                        }
                        // Nobody cancels them: what is left is a panic of the host.
                        Err(error) => std::panic::resume_unwind(error.into_panic()),
                    }
                    ended = attempts.try_join_next();
                }
            }
            () = sleep_until(next.unwrap_or(post.end)), if next.is_some() => {}
        }
    }
    post.leave();
    post.write(sitting).await?;
    Ok(post.messages)
}

/// One attempt at one message.
async fn send(
    client: &HttpClient,
    destination: &Destination,
    message: &OutboxMessage,
    time_left: Duration,
) -> Result<HttpResponse, HttpError> {
    let posting = destination.posting();
    let key = idempotency_key(&message.key);
    let headers = [
        ("content-type", message.media_type.raw()),
        (IDEMPOTENCY_KEY, key.as_str()),
    ];
    let body = message.body.raw().to_owned();
    let request = HttpRequest::new("POST", &posting.url, &headers, body).and_then(|request| {
        match &posting.secret {
            Some(secret) => request.with_secret(secret),
            None => Ok(request),
        }
    });
    let request = request.map_err(|why| HttpError::Request {
        host: destination.origin(),
        why,
    })?;
    client.send(&request, &posting.route, time_left).await
}

/// The messages of one channel that are not delivered yet.
struct Queue {
    /// Their places in the list of messages, in order.
    waiting: VecDeque<usize>,
    destination: Destination,
    /// When the first of them may be tried.
    due: Instant,
    /// Whether the first of them is being sent.
    is_busy: bool,
}

struct Post<'a> {
    messages: Vec<OutboxMessage>,
    queues: Vec<Queue>,
    /// Places of messages whose state the store does not have yet.
    unwritten: BTreeSet<usize>,
    retry: &'a RetryPolicy,
    clock: &'a (dyn Fn() -> Timestamp + Sync),
    end: Instant,
}

impl Post<'_> {
    /// Makes a queue of each channel that has a destination and messages.
    fn sort(&mut self, destinations: &BTreeMap<String, Destination>) {
        let mut waiting: BTreeMap<String, VecDeque<usize>> = BTreeMap::new();
        for place in 0..self.messages.len() {
            let channel = self.messages[place].key.channel.clone();
            match destinations.get(&channel) {
                Some(destination) => {
                    if self.take_up(place, destination.posting().delivery) {
                        waiting.entry(channel).or_default().push_back(place);
                    }
                }
                None => self.note(place, "the channel has no address to be sent to"),
            }
        }
        for (channel, waiting) in waiting {
            if let Some(destination) = destinations.get(&channel) {
                self.queues.push(Queue {
                    due: self.due(&waiting),
                    waiting,
                    destination: destination.clone(),
                    is_busy: false,
                });
            }
        }
    }

    /// Whether a message is still to be sent. What a process that ended left behind is settled.
    fn take_up(&mut self, place: usize, delivery: Delivery) -> bool {
        let (attempts, said) = match &self.messages[place].state {
            MessageState::Sent { .. } | MessageState::Undelivered { .. } => return false,
            MessageState::Pending { attempts, said, .. } => (*attempts, said.clone()),
            MessageState::Sending { attempts } => {
                let said = format!("its process ended while it was being sent: {MAY_HAVE_ARRIVED}");
                if delivery == Delivery::MaybeLost {
                    self.set(place, MessageState::Undelivered { said: said.into() });
                    return false;
                }
                let attempts = attempts.saturating_add(1);
                let said = Some(Text::from(said));
                let state = MessageState::Pending {
                    attempts,
                    not_before: (self.clock)(),
                    said: said.clone(),
                };
                self.set(place, state);
                (attempts, said)
            }
        };
        if attempts >= self.retry.attempts_max {
            let said = said.as_ref().map_or("", Text::raw);
            self.give_up(place, attempts, said);
            return false;
        }
        true
    }

    /// When the first message of a queue may be tried. By the store's time, which may have jumped
    /// since it was written: nothing waits longer than it ever has to.
    fn due(&self, waiting: &VecDeque<usize>) -> Instant {
        let first = waiting.front().and_then(|place| self.messages.get(*place));
        let wait = match first.map(|message| &message.state) {
            Some(MessageState::Pending { not_before, .. }) => {
                let wait = not_before.duration_since((self.clock)());
                Duration::try_from(wait).unwrap_or_default()
            }
            _ => Duration::ZERO,
        };
        Instant::now() + wait.min(self.retry.wait_max())
    }

    /// Takes the first message of every channel whose turn it is.
    fn begin(&mut self) -> Vec<(usize, OutboxMessage)> {
        let now = Instant::now();
        let mut begun = Vec::new();
        for number in 0..self.queues.len() {
            let queue = &self.queues[number];
            let Some(place) = queue.waiting.front().copied() else {
                continue;
            };
            let is_time = queue.due <= now && now + self.retry.attempt_time_min <= self.end;
            if queue.is_busy || !is_time {
                continue;
            }
            let MessageState::Pending { attempts, .. } = self.messages[place].state else {
                continue;
            };
            self.queues[number].is_busy = true;
            self.set(place, MessageState::Sending { attempts });
            begun.push((number, self.messages[place].clone()));
        }
        begun
    }

    /// Takes back that the first message of a queue is being sent.
    fn put_back(&mut self, number: usize) {
        let Some(place) = self.queues[number].waiting.front().copied() else {
            return;
        };
        if let MessageState::Sending { attempts } = self.messages[place].state {
            let state = MessageState::Pending {
                attempts,
                not_before: (self.clock)(),
                said: None,
            };
            self.set(place, state);
        }
        self.queues[number].is_busy = false;
    }

    /// When the next attempt can be begun; none when there is nothing more to wait for.
    fn next(&self) -> Option<Instant> {
        self.queues
            .iter()
            .filter(|queue| !queue.is_busy && !queue.waiting.is_empty())
            .map(|queue| queue.due)
            .min()
            .filter(|due| *due + self.retry.attempt_time_min <= self.end)
    }

    /// Makes of an attempt what it means for its message.
    fn settle(&mut self, number: usize, exchange: Result<HttpResponse, HttpError>) {
        let Some(place) = self.queues[number].waiting.front().copied() else {
            return;
        };
        let MessageState::Sending { attempts } = self.messages[place].state else {
            return;
        };
        let now = (self.clock)();
        let destination = &self.queues[number].destination;
        let (host, delivery) = (destination.origin(), destination.posting().delivery);
        let attempts = attempts.saturating_add(1);
        let attempt = Attempt::new(exchange, &host, delivery, now);
        tracing::debug!(
            channel = %self.messages[place].key.channel,
            host,
            attempts,
            outcome = ?attempt,
            "a message was posted"
        );
        match attempt {
            Attempt::Arrived => self.set(place, MessageState::Sent { at: now }),
            Attempt::GivenUp { said } => {
                self.set(place, MessageState::Undelivered { said: said.into() });
            }
            Attempt::Again { said, .. } if attempts >= self.retry.attempts_max => {
                self.give_up(place, attempts, &said);
            }
            Attempt::Again { said, asked } => {
                let wait = self.retry.wait(attempts, random(), asked);
                let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
                let state = MessageState::Pending {
                    attempts,
                    not_before: now.saturating_add(wait).unwrap_or(Timestamp::MAX),
                    said: Some(said.into()),
                };
                self.set(place, state);
            }
        }
        let queue = &mut self.queues[number];
        queue.is_busy = false;
        if !matches!(self.messages[place].state, MessageState::Pending { .. }) {
            queue.waiting.pop_front();
        }
        let waiting = std::mem::take(&mut self.queues[number].waiting);
        self.queues[number].due = self.due(&waiting);
        self.queues[number].waiting = waiting;
    }

    fn give_up(&mut self, place: usize, attempts: u32, said: &str) {
        let said = Text::from(format!("given up after {attempts} attempts: {said}"));
        self.set(place, MessageState::Undelivered { said });
    }

    /// Says of what was never tried why it was not.
    fn leave(&mut self) {
        let left: Vec<usize> = self
            .queues
            .iter()
            .flat_map(|queue| queue.waiting.iter().copied())
            .collect();
        for place in left {
            self.note(place, "the time for messages was over before its turn");
        }
    }

    /// Says why a message waits, where nothing was said yet.
    fn note(&mut self, place: usize, words: &str) {
        if let MessageState::Pending {
            attempts,
            not_before,
            said: None,
        } = self.messages[place].state
        {
            let said = Some(Text::from(words));
            let state = MessageState::Pending {
                attempts,
                not_before,
                said,
            };
            self.set(place, state);
        }
    }

    fn set(&mut self, place: usize, state: MessageState) {
        self.messages[place].state = state;
        self.unwritten.insert(place);
    }

    /// Writes what has changed, all of it or nothing.
    async fn write(&mut self, sitting: &mut dyn Sitting) -> Result<(), StoreError> {
        if self.unwritten.is_empty() {
            return Ok(());
        }
        let message_states = std::mem::take(&mut self.unwritten)
            .into_iter()
            .map(|place| {
                let message = &self.messages[place];
                (message.key.clone(), message.state.clone())
            })
            .collect();
        sitting
            .write(Changes {
                message_states,
                ..Changes::default()
            })
            .await
    }
}
