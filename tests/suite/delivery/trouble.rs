//! What goes wrong on the way, and what of it is known afterwards.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use holdpoint::model::{MessageState, OutboxMessage, Text};
use holdpoint::pipeline::{Delivery, Destination, RetryPolicy, deliver};
use holdpoint::sandbox::{HttpRoute, HttpUrl};
use holdpoint::store::StoreError;

use super::{
    ARRIVED, LONG, Ledger, QUICK, client, delivered, destination, destinations, key, message, now,
    one, pending, quickly, said, stored,
};
use crate::loopback::{Reply, Server, wait};

#[test]
fn a_channel_that_answers_with_ten_gigabytes_has_answered() {
    wait(async {
        let flood = |status: u16| {
            let head = format!("HTTP/1.1 {status} X\r\ncontent-length: 10737418240\r\n\r\n");
            Reply::Flood(head.into_bytes(), vec![b'x'; 1 << 16])
        };
        let server = Server::new([flood(500), flood(200)]).await;
        let sent = one(&server, Delivery::MaybeTwice, pending()).await;
        assert_eq!(sent.states, [ARRIVED()]);
        assert_eq!(server.received().len(), 2);
        assert!(server.written() < 64 << 20, "{} bytes", server.written());
    });
}

#[test]
fn what_cannot_be_sent_is_given_up_and_says_why() {
    wait(async {
        let server = Server::new([Reply::status(200)]).await;
        let malformed = OutboxMessage {
            media_type: Text::from("text/plain\r\nhost: b"),
            ..message("a", 1, pending())
        };
        let refused = Destination::new(
            HttpUrl::new(&server.url("/s3cret-path")).expect("a URL"),
            None,
            HttpRoute::default(),
            Delivery::MaybeTwice,
        );
        let destinations = BTreeMap::from([
            ("a".to_owned(), destination(&server, Delivery::MaybeTwice)),
            ("b".to_owned(), refused),
        ]);
        let messages = vec![
            malformed,
            message("b", 1, pending()),
            message("c", 1, pending()),
        ];
        let mut ledger = Ledger::default();
        let delivered = quickly(&mut ledger, messages, &destinations);
        let delivered = delivered.await.expect("the store takes it");
        let words = ["content-type", "is a loopback address", "no address"];
        for (message, words) in delivered.iter().zip(words) {
            assert!(said(&message.state).contains(words), "{:?}", message.state);
        }
        assert!(matches!(
            delivered[0].state,
            MessageState::Undelivered { .. }
        ));
        assert!(matches!(
            delivered[1].state,
            MessageState::Undelivered { .. }
        ));
        assert!(matches!(
            delivered[2].state,
            MessageState::Pending { attempts: 0, .. }
        ));
        assert!(server.received().is_empty());
    });
}

#[test]
fn nothing_is_sent_that_the_store_does_not_have() {
    wait(async {
        let server = Server::new([Reply::status(500)]).await;
        let destinations = destinations(&[(&server, Delivery::MaybeTwice)]);
        for (fails_from, requests) in [(0, 0), (1, 1), (2, 1), (3, 2)] {
            let before = server.received().len();
            let mut ledger = Ledger {
                fails_from: Some(fails_from),
                ..Ledger::default()
            };
            let messages = vec![message("a", 1, pending())];
            let delivered = quickly(&mut ledger, messages, &destinations);
            let error = delivered.await.expect_err("the store is gone");
            assert!(matches!(error, StoreError::NoRun { .. }));
            assert_eq!(server.received().len() - before, requests, "{fails_from}");
        }
    });
}

#[test]
fn what_is_cut_short_stays_as_being_sent() {
    wait(async {
        let (taken, taking) = tokio::sync::oneshot::channel();
        let taken = Mutex::new(Some(taken));
        let server = Server::asking(move |_, _| {
            if let Some(taken) = taken.lock().expect("nobody panicked").take() {
                taken.send(()).expect("the test waits for it");
            }
            Reply::Silence
        })
        .await;
        let mut ledger = Ledger::default();
        let written = Arc::clone(&ledger.written);
        let destinations = destinations(&[(&server, Delivery::MaybeTwice)]);
        let client = client(LONG);
        let messages = vec![message("a", 1, pending())];
        tokio::select! {
            _ = deliver(&mut ledger, messages, &destinations, &client, &QUICK, &now, LONG) => {
                panic!("nobody answered");
            }
            taken = taking => taken.expect("the server was asked"),
        }
        let state = stored(&written, &key("a", 1));
        assert_eq!(state, Some(MessageState::Sending { attempts: 0 }));
    });
}

#[test]
fn an_attempt_is_not_begun_without_time_for_it() {
    wait(async {
        let server = Server::new([Reply::status(200)]).await;
        let slow = RetryPolicy {
            attempt_time_min: Duration::from_secs(2),
            ..QUICK
        };
        let messages = vec![message("a", 1, pending())];
        let servers = [(&server, Delivery::MaybeLost)];
        let budget = Duration::from_secs(1);
        let began = Instant::now();
        let sent = delivered(messages, &servers, &slow, LONG, budget).await;
        assert!(matches!(
            sent.states[0],
            MessageState::Pending { attempts: 0, .. }
        ));
        assert!(said(&sent.states[0]).contains("the time for messages was over"));
        assert!(server.received().is_empty());
        assert!(began.elapsed() < budget, "{:?}", began.elapsed());
    });
}
