//! Delivery of messages: what is sent, how often, in which order, and what the store has of it at
//! every moment. The store here is a list of what was written; the real ones are held elsewhere.

mod trouble;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use holdpoint::model::{MessageKey, MessageState, OutboxMessage, RunId, Sharing, Text};
use holdpoint::pipeline::{Delivery, Destination, RetryPolicy, deliver, idempotency_key};
use holdpoint::sandbox::{HttpClient, HttpLimits, HttpRoute, HttpUrl, Secret, SecretHeader};
use holdpoint::store::{Changes, Leased, Sitting, StoreError};
use jiff::Timestamp;
use proptest::prelude::*;

use crate::loopback::{Received, Reply, Server, wait};

/// Waits that a test does not notice.
const QUICK: RetryPolicy = RetryPolicy {
    attempts_max: 5,
    backoff_first: Duration::from_millis(2),
    backoff_max: Duration::from_millis(10),
    retry_after_max: Duration::from_millis(200),
    attempt_time_min: Duration::from_millis(1),
};

/// A budget that nothing here uses up that ends by itself.
const LONG: Duration = Duration::from_secs(30);

/// The time of every sitting.
const NOW: &str = "2026-11-22T10:00:00Z";

fn now() -> Timestamp {
    NOW.parse().expect("a time")
}

/// What was written, in order, one entry a transaction.
type Written = Arc<Mutex<Vec<Vec<(MessageKey, MessageState)>>>>;

/// A sitting that keeps what is written to it, and fails from a given write on.
#[derive(Debug, Default)]
pub struct Ledger {
    written: Written,
    fails_from: Option<usize>,
}

#[async_trait]
impl Sitting for Ledger {
    fn number(&self) -> u32 {
        1
    }

    async fn write(&mut self, changes: Changes) -> Result<(), StoreError> {
        let mut written = self.written.lock().expect("nobody panicked");
        if self.fails_from.is_some_and(|from| written.len() >= from) {
            return Err(StoreError::NoRun {
                run: Text::from("gone"),
                place: "a test".to_owned(),
            });
        }
        written.push(changes.message_states);
        Ok(())
    }

    async fn lease(&mut self, _: &str, _: Sharing, _: Timestamp) -> Result<Leased, StoreError> {
        Ok(Leased::Held)
    }

    async fn give_back(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn release(self: Box<Self>) -> Result<(), StoreError> {
        Ok(())
    }
}

/// The state that the store has of a message.
fn stored(written: &Written, key: &MessageKey) -> Option<MessageState> {
    let written = written.lock().expect("nobody panicked");
    let of_key =
        |(known, state): &(MessageKey, MessageState)| (known == key).then(|| state.clone());
    written.iter().flatten().rev().find_map(of_key)
}

fn key(channel: &str, number: u32) -> MessageKey {
    MessageKey {
        run: RunId::from_bits(7),
        event: "blocked/policy".to_owned(),
        channel: channel.to_owned(),
        number,
    }
}

fn pending() -> MessageState {
    MessageState::Pending {
        attempts: 0,
        not_before: now(),
        said: None,
    }
}

fn message(channel: &str, number: u32, state: MessageState) -> OutboxMessage {
    OutboxMessage {
        key: key(channel, number),
        media_type: Text::from("application/json"),
        body: Text::from(format!("{{\"number\":{number}}}")),
        summary: Text::from("a message"),
        state,
    }
}

fn destination(server: &Server, delivery: Delivery) -> Destination {
    let secret = Secret::new("s3cret-token".to_owned());
    Destination::new(
        HttpUrl::new(&server.url("/hook/s3cret-path?key=s3cret-key")).expect("a URL"),
        Some(SecretHeader::new("authorization", "Bearer ", &secret).expect("a header")),
        HttpRoute {
            addresses: vec!["127.0.0.0/8".parse().expect("a range")],
            authorities: None,
        },
        delivery,
    )
}

fn client(deadline: Duration) -> HttpClient {
    HttpClient::new(HttpLimits {
        response_bytes_max: 64 << 10,
        deadline,
        ..HttpLimits::default()
    })
}

/// Messages on their way to servers, and what came of it.
struct Sent {
    states: Vec<MessageState>,
    written: Written,
}

/// Delivers to channels that are named after their place in the list, from `a` on.
async fn delivered(
    messages: Vec<OutboxMessage>,
    servers: &[(&Server, Delivery)],
    retry: &RetryPolicy,
    deadline: Duration,
    budget: Duration,
) -> Sent {
    let mut ledger = Ledger::default();
    let written = Arc::clone(&ledger.written);
    let (destinations, client) = (destinations(servers), client(deadline));
    let before = messages.clone();
    let delivered = deliver(
        &mut ledger,
        before,
        &destinations,
        &client,
        retry,
        &now,
        budget,
    );
    let delivered = delivered.await.expect("the store takes everything");
    for (before, after) in messages.iter().zip(&delivered) {
        assert_eq!(before.key, after.key);
        let known = stored(&written, &after.key).unwrap_or_else(|| before.state.clone());
        assert_eq!(known, after.state, "the store has what is given back");
    }
    Sent {
        states: delivered.into_iter().map(|message| message.state).collect(),
        written,
    }
}

/// Delivers to these channels, with time for everything that ends by itself.
async fn quickly(
    ledger: &mut Ledger,
    messages: Vec<OutboxMessage>,
    destinations: &BTreeMap<String, Destination>,
) -> Result<Vec<OutboxMessage>, StoreError> {
    deliver(
        ledger,
        messages,
        destinations,
        &client(LONG),
        &QUICK,
        &now,
        LONG,
    )
    .await
}

fn destinations(servers: &[(&Server, Delivery)]) -> BTreeMap<String, Destination> {
    let named = ('a'..).zip(servers);
    named
        .map(|(name, (server, delivery))| (name.to_string(), destination(server, *delivery)))
        .collect()
}

/// Delivers one message to one server.
async fn one(server: &Server, delivery: Delivery, state: MessageState) -> Sent {
    let messages = vec![message("a", 1, state)];
    delivered(messages, &[(server, delivery)], &QUICK, LONG, LONG).await
}

fn said(state: &MessageState) -> &str {
    match state {
        MessageState::Pending { said, .. } => said.as_ref().map_or("", Text::raw),
        MessageState::Undelivered { said } => said.raw(),
        MessageState::Sending { .. } | MessageState::Sent { .. } => "",
    }
}

fn keys(received: &[Received]) -> BTreeSet<&str> {
    received
        .iter()
        .map(|request| request.header("idempotency-key").expect("a key"))
        .collect()
}

const ARRIVED: fn() -> MessageState = || MessageState::Sent { at: now() };

#[test]
fn a_message_is_posted_with_its_key_and_its_secret() {
    wait(async {
        let server = Server::new([Reply::status(202)]).await;
        let sent = one(&server, Delivery::MaybeTwice, pending()).await;
        assert_eq!(sent.states, [ARRIVED()]);
        let received = &server.received()[0];
        let line = "POST /hook/s3cret-path?key=s3cret-key HTTP/1.1";
        assert_eq!(received.head.lines().next(), Some(line));
        assert_eq!(received.body, "{\"number\":1}");
        assert_eq!(received.header("content-type"), Some("application/json"));
        assert_eq!(
            received.header("authorization"),
            Some("Bearer s3cret-token")
        );
        let key = idempotency_key(&key("a", 1));
        assert_eq!(received.header("idempotency-key"), Some(key.as_str()));
    });
}

#[test]
fn no_two_messages_have_the_same_key() {
    let other_run = MessageKey {
        run: RunId::from_bits(8),
        ..key("a", 1)
    };
    let other_event = MessageKey {
        event: "blocked/other".to_owned(),
        ..key("a", 1)
    };
    let keys = [
        key("a", 1),
        key("b", 1),
        key("a", 2),
        other_run,
        other_event,
    ];
    let names: BTreeSet<String> = keys.iter().map(idempotency_key).collect();
    assert_eq!(names.len(), keys.len());
    // A later version that resumes the run has to say the same.
    assert_eq!(
        idempotency_key(&keys[0]),
        "2e2d065c1792b7e83be5784725e361eceb21af38b6678ef20ba65d19516cb3f1"
    );
}

#[test]
fn the_store_has_it_before_anything_is_sent_and_after_each_attempt() {
    wait(async {
        let mut ledger = Ledger::default();
        let written = Arc::clone(&ledger.written);
        // The server looks into the store when a request is there.
        let seen = Arc::new(Mutex::new(Vec::new()));
        let server = {
            let (written, seen) = (Arc::clone(&written), Arc::clone(&seen));
            Server::asking(move |number, _| {
                let state = stored(&written, &key("a", 1));
                seen.lock().expect("nobody panicked").push(state);
                Reply::status(if number < 2 { 500 } else { 200 })
            })
            .await
        };
        let destinations = destinations(&[(&server, Delivery::MaybeTwice)]);
        let messages = vec![message("a", 1, pending())];
        let delivered = quickly(&mut ledger, messages, &destinations);
        let delivered = delivered.await.expect("the store takes it");
        assert_eq!(delivered[0].state, ARRIVED());
        let sending = |attempts| Some(MessageState::Sending { attempts });
        let seen = seen.lock().expect("nobody panicked").clone();
        assert_eq!(seen, [sending(0), sending(1), sending(2)]);
        let written = written.lock().expect("nobody panicked");
        let states: Vec<_> = written
            .iter()
            .flatten()
            .map(|(_, state)| state.clone())
            .collect();
        assert_eq!(states.len(), 6, "{states:?}");
        for (place, attempts) in [(1, 1), (3, 2)] {
            let MessageState::Pending {
                attempts: found,
                not_before,
                said,
            } = &states[place]
            else {
                panic!("{states:?}");
            };
            assert_eq!(*found, attempts);
            assert!(*not_before > now());
            let said = said.as_ref().expect("what went wrong").raw();
            assert!(
                said.ends_with("answered 500 Internal Server Error"),
                "{said}"
            );
        }
        assert_eq!(keys(&server.received()).len(), 1);
        assert_eq!(server.received().len(), 3);
    });
}

#[test]
fn what_a_status_means() {
    wait(async {
        for (status, attempts, words) in [
            (200, 1, ""),
            (204, 1, ""),
            (299, 1, ""),
            (301, 1, "redirects are not followed"),
            (304, 1, "redirects are not followed"),
            (400, 1, "answered 400 Bad Request"),
            (401, 1, "answered 401 Unauthorized"),
            (404, 1, "answered 404 Not Found"),
            (410, 1, "answered 410 Gone"),
            (499, 1, "answered 499"),
            (600, 1, "answered 600"),
            (408, 5, "given up after 5 attempts"),
            (425, 5, "given up after 5 attempts"),
            (429, 5, "given up after 5 attempts"),
            (500, 5, "given up after 5 attempts"),
            (503, 5, "given up after 5 attempts"),
            (599, 5, "given up after 5 attempts"),
        ] {
            let server = Server::new([Reply::status(status)]).await;
            let sent = one(&server, Delivery::MaybeTwice, pending()).await;
            assert_eq!(server.received().len(), attempts, "{status}");
            let is_sent = sent.states[0] == ARRIVED();
            assert_eq!(is_sent, words.is_empty(), "{status}: {:?}", sent.states);
            if !is_sent {
                assert!(
                    matches!(sent.states[0], MessageState::Undelivered { .. }),
                    "{status}"
                );
                let said = said(&sent.states[0]);
                assert!(
                    said.contains(words) && said.contains(&server.address.to_string()),
                    "{said}"
                );
            }
        }
    });
}

#[test]
fn a_redirect_leads_nowhere() {
    wait(async {
        let other = Server::new([Reply::status(200)]).await;
        let location = format!("location: {}\r\n", other.url("/"));
        let server = Server::new([Reply::with(307, &location, "")]).await;
        one(&server, Delivery::MaybeTwice, pending()).await;
        assert!(other.received().is_empty());
    });
}

#[test]
fn what_a_server_asks_to_wait_is_waited_up_to_a_bound() {
    wait(async {
        let server = Server::new([
            Reply::with(429, "retry-after: 3600\r\n", ""),
            Reply::status(200),
        ])
        .await;
        let began = Instant::now();
        let sent = one(&server, Delivery::MaybeTwice, pending()).await;
        assert_eq!(sent.states, [ARRIVED()]);
        assert!(
            began.elapsed() >= QUICK.retry_after_max,
            "{:?}",
            began.elapsed()
        );
        assert!(began.elapsed() < LONG, "{:?}", began.elapsed());
    });
}

#[test]
fn what_a_server_asks_to_wait_is_seconds_or_a_time() {
    let patient = RetryPolicy {
        retry_after_max: Duration::from_mins(10),
        ..QUICK
    };
    wait(async {
        for (asked, seconds) in [
            ("120", Some(120)),
            ("Sun, 22 Nov 2026 10:02:00 GMT", Some(120)),
            ("Sunday, 22-Nov-26 10:02:00 GMT", Some(120)),
            ("Sun Nov 22 10:02:00 2026", Some(120)),
            ("Mon Dec  7 10:02:00 2026", Some(600)),
            ("99999999999999999999999", Some(600)),
            ("Sun, 22 Nov 2026 09:00:00 GMT", None),
            ("soon", None),
            ("-5", None),
            ("", None),
        ] {
            let reply = Reply::with(503, &format!("retry-after: {asked}\r\n"), "");
            let server = Server::new([reply]).await;
            let budget = Duration::from_millis(if seconds.is_some() { 500 } else { 5_000 });
            let messages = vec![message("a", 1, pending())];
            let servers = [(&server, Delivery::MaybeTwice)];
            let sent = delivered(messages, &servers, &patient, LONG, budget).await;
            match (&sent.states[0], seconds) {
                (
                    MessageState::Pending {
                        not_before,
                        attempts: 1,
                        ..
                    },
                    Some(seconds),
                ) => {
                    assert_eq!(
                        not_before.duration_since(now()).as_secs(),
                        seconds,
                        "{asked}"
                    );
                }
                // Nothing that can be understood was asked for: the message is tried as usual.
                (MessageState::Undelivered { .. }, None) => {}
                (state, _) => panic!("{asked}: {state:?}"),
            }
        }
    });
}

#[test]
fn nothing_waits_for_a_clock_that_jumped() {
    wait(async {
        let server = Server::new([Reply::status(200)]).await;
        let far = MessageState::Pending {
            attempts: 1,
            not_before: "2036-01-01T00:00:00Z".parse().expect("a time"),
            said: None,
        };
        assert_eq!(
            one(&server, Delivery::MaybeTwice, far).await.states,
            [ARRIVED()]
        );
    });
}

#[test]
fn attempts_of_all_sittings_count() {
    wait(async {
        for (attempts, more) in [(3, 2), (4, 1), (5, 0), (u32::MAX, 0)] {
            let server = Server::new([Reply::status(500)]).await;
            let state = MessageState::Pending {
                attempts,
                not_before: now(),
                said: Some(Text::from("before")),
            };
            let sent = one(&server, Delivery::MaybeTwice, state).await;
            assert_eq!(server.received().len(), more, "{attempts}");
            assert!(matches!(sent.states[0], MessageState::Undelivered { .. }));
            assert!(
                said(&sent.states[0]).contains("given up after"),
                "{:?}",
                sent.states
            );
        }
    });
}

#[test]
fn a_channel_that_is_down_takes_only_its_own_time() {
    wait(async {
        let (down, up) = (
            Server::new([Reply::Silence]).await,
            Server::new([Reply::status(200)]).await,
        );
        let messages = vec![
            message("a", 1, pending()),
            message("a", 2, pending()),
            message("b", 1, pending()),
            message("b", 2, pending()),
        ];
        let servers = [(&down, Delivery::MaybeTwice), (&up, Delivery::MaybeTwice)];
        let budget = Duration::from_millis(700);
        let began = Instant::now();
        let sent = delivered(
            messages,
            &servers,
            &QUICK,
            Duration::from_millis(300),
            budget,
        )
        .await;
        assert!(
            began.elapsed() < Duration::from_secs(10),
            "{:?}",
            began.elapsed()
        );
        assert_eq!(sent.states[2..], [ARRIVED(), ARRIVED()]);
        let MessageState::Pending {
            attempts,
            said: Some(words),
            ..
        } = &sent.states[0]
        else {
            panic!("{:?}", sent.states);
        };
        assert!((1..=4).contains(attempts), "{attempts}");
        assert!(
            words.raw().contains("it did not answer within"),
            "{}",
            words.raw()
        );
        // The second one of the channel never had its turn.
        assert!(matches!(
            sent.states[1],
            MessageState::Pending { attempts: 0, .. }
        ));
        assert!(said(&sent.states[1]).contains("the time for messages was over"));
        assert!(
            down.received()
                .iter()
                .all(|request| request.body.contains('1'))
        );
    });
}

#[test]
fn the_messages_of_a_channel_come_in_their_order() {
    wait(async {
        let server = Server::asking(|_, request| match request.body.as_str() {
            "{\"number\":1}" => Reply::status(500),
            "{\"number\":2}" => Reply::status(404),
            _ => Reply::status(200),
        })
        .await;
        let messages = vec![
            message("a", 1, pending()),
            message("a", 2, pending()),
            message("a", 3, ARRIVED()),
            message("a", 4, pending()),
        ];
        let servers = [(&server, Delivery::MaybeTwice)];
        let sent = delivered(messages, &servers, &QUICK, LONG, LONG).await;
        let bodies: Vec<String> = server
            .received()
            .into_iter()
            .map(|request| request.body)
            .collect();
        let first = vec!["{\"number\":1}".to_owned(); 5];
        assert_eq!(bodies[..5], first);
        assert_eq!(bodies[5..], ["{\"number\":2}", "{\"number\":4}"]);
        assert!(matches!(sent.states[0], MessageState::Undelivered { .. }));
        assert!(matches!(sent.states[1], MessageState::Undelivered { .. }));
        assert_eq!(sent.states[2..], [ARRIVED(), ARRIVED()]);
    });
}

#[test]
fn a_message_that_a_process_left_is_sent_again_or_given_up() {
    wait(async {
        let left = MessageState::Sending { attempts: 1 };
        let server = Server::new([Reply::status(200)]).await;
        let sent = one(&server, Delivery::MaybeTwice, left.clone()).await;
        assert_eq!(sent.states, [ARRIVED()]);
        let key = idempotency_key(&key("a", 1));
        assert_eq!(keys(&server.received()), BTreeSet::from([key.as_str()]));
        // The attempt of the process that ended is counted.
        let first = sent.written.lock().expect("nobody panicked")[0][0]
            .1
            .clone();
        assert_eq!(first, MessageState::Sending { attempts: 2 });

        let server = Server::new([Reply::status(200)]).await;
        let sent = one(&server, Delivery::MaybeLost, left).await;
        assert!(matches!(sent.states[0], MessageState::Undelivered { .. }));
        assert!(said(&sent.states[0]).contains("it may or may not have arrived"));
        assert!(server.received().is_empty());
    });
}

#[test]
fn what_may_be_lost_is_never_sent_twice() {
    wait(async {
        let cut = Reply::Raw(b"HTTP/1.1 200".to_vec());
        for reply in [
            Reply::Close,
            cut,
            Reply::status(500),
            Reply::status(502),
            Reply::status(504),
        ] {
            let server = Server::new([reply.clone(), Reply::status(200)]).await;
            let sent = one(&server, Delivery::MaybeLost, pending()).await;
            assert_eq!(server.received().len(), 1);
            assert!(
                said(&sent.states[0]).ends_with("it may or may not have arrived"),
                "{:?}",
                sent.states
            );
            // Where it may arrive twice, it is sent until it arrives.
            let server = Server::new([reply, Reply::status(200)]).await;
            let sent = one(&server, Delivery::MaybeTwice, pending()).await;
            assert_eq!(sent.states, [ARRIVED()]);
            assert_eq!(server.received().len(), 2);
            assert_eq!(keys(&server.received()).len(), 1);
        }
        // What was never taken can be sent again.
        for status in [408, 425, 429, 503] {
            let server = Server::new([Reply::status(status), Reply::status(200)]).await;
            let sent = one(&server, Delivery::MaybeLost, pending()).await;
            assert_eq!(sent.states, [ARRIVED()], "{status}");
        }
    });
}

#[test]
fn channels_share_their_transactions() {
    wait(async {
        let server = Server::new([Reply::status(200)]).await;
        let servers = vec![(&server, Delivery::MaybeTwice); 8];
        let messages = ('a'..='h')
            .flat_map(|channel| {
                (1..=4).map(move |number| message(&channel.to_string(), number, pending()))
            })
            .collect();
        let sent = delivered(messages, &servers, &QUICK, LONG, LONG).await;
        assert!(sent.states.iter().all(|state| *state == ARRIVED()));
        let written = sent.written.lock().expect("nobody panicked");
        // All that can begin at once begins in one, and what came of one message is written with
        // the beginning of the next.
        assert_eq!(written[0].len(), 8);
        assert!(written.len() <= 1 + 32, "{}", written.len());
    });
}

#[test]
fn no_secret_is_in_what_is_said_or_stored() {
    wait(async {
        for reply in [
            Reply::Close,
            Reply::status(404),
            Reply::status(500),
            Reply::Raw(b"?\r\n\r\n".to_vec()),
        ] {
            let server = Server::new([reply]).await;
            let sent = one(&server, Delivery::MaybeTwice, pending()).await;
            let written = format!("{:?}{:?}", sent.states, sent.written);
            assert!(written.contains("127.0.0.1"), "{written}");
            assert!(!written.contains("s3cret"), "{written}");
        }
        let server = Server::new([Reply::status(200)]).await;
        let destination = destination(&server, Delivery::MaybeTwice);
        assert!(!format!("{destination:?}{}", destination.origin()).contains("s3cret"));
    });
}

proptest! {
    #[test]
    fn a_wait_lies_between_the_half_and_the_whole(attempts in 0_u32..100, random in any::<u64>()) {
        let policy = RetryPolicy::default();
        let wait = policy.backoff(attempts, random);
        let whole = policy.backoff(attempts, u64::MAX);
        prop_assert!(wait <= whole && wait >= whole / 2, "{wait:?} of {whole:?}");
        prop_assert!(whole <= policy.backoff_max);
        prop_assert!(whole >= policy.backoff(attempts.saturating_sub(1), u64::MAX));
        prop_assert!(policy.backoff(attempts, 0) < whole);
    }
}
