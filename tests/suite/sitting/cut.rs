//! A measurement that is cut in the middle: it goes on where it was, at its own time, and asks nobody
//! again what it was answered.

use super::{DEPLOY, Project, entries, kills};
use crate::context::Ran;
use crate::hostile::program;
use crate::loopback::{Reply, Server};

/// The time of the second sitting; that of the first is in `kills`.
const LATER: &str = "2026-11-25T10:00:00Z";

/// A pipeline that deploys, and then asks a server twice whether it is healthy.
fn measured(server: &Server) -> String {
    format!(
        "{DEPLOY}\n[plugins.asker]\nsource = \"{}\"\n\
         grants.http = [{{ methods = [\"GET\"], url = \"{}\", addresses = [\"127.0.0.0/8\"] }}, \
         {{ methods = [\"GET\"], url = \"https://example.net/\" }}]\n\
         grants.secrets.unused = {{ env = \"PATH\", for = \"https://example.net\" }}\n\
         settings.requests = [{{ url = \"{}\", secret = \"unused\" }}, {{ url = \"{}\" }}]\n\
         [[stages]]\nid = \"verify\"\nuse = [\"asker\"]\nkind = \"verify\"\n",
        program("asker").display(),
        server.url("/"),
        server.url("/one"),
        server.url("/two"),
    )
}

/// What was asked, in order.
fn asked(server: &Server) -> Vec<String> {
    let path = |head: &str| head.split(' ').nth(1).map(str::to_owned);
    let received = server.received();
    received
        .iter()
        .filter_map(|received| path(&received.head))
        .collect()
}

/// Kills a run at a place of its first measurement, and lets it go on a few days later; gives what was
/// asked before and in all, and what is recorded.
fn cut(place: &str) -> (Vec<String>, Vec<String>, serde_json::Value) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let server = runtime.block_on(Server::new([Reply::status(200)]));
    let project = Project::new();
    project.pipeline(&measured(&server));
    kills::kill(&project, place, None);
    let before = asked(&server);
    let mut command = project.arguments(project.failpoints(LATER), ["run"]);
    Ran::of(command.output()).expect_code(0);
    assert_eq!(project.ledger(), ["deploy 1.1.0"], "{place}");
    (before, asked(&server), project.status())
}

#[test]
fn what_was_answered_and_recorded_is_not_asked_again() {
    let (before, all, status) = cut("after-asked:verify/1/asker");
    assert_eq!(before, ["/one"]);
    assert_eq!(all, ["/one", "/two"]);
    // A placeholder is the same in every sitting, and is not recorded for one.
    let names = entries(&status);
    let of = |name: &str| names.iter().filter(|entry| **entry == name).count();
    assert_eq!((of("measuring"), of("asked"), of("measured")), (1, 2, 1));
    // The measurement is that of the first sitting, to the second.
    let journal = status["journal"].to_string();
    assert!(
        journal.contains("was measured at 2026-11-22T10:00:00Z, attempt 1: healthy"),
        "{journal}"
    );
}

#[test]
fn what_was_answered_and_not_recorded_is_asked_again() {
    for place in ["before-asked:verify/1/asker", "after-measuring:verify/1"] {
        let (before, all, status) = cut(place);
        assert_eq!([before, vec!["/one".into(), "/two".into()]].concat(), all);
        let journal = status["journal"].to_string();
        assert!(journal.contains("attempt 1: healthy"), "{journal}");
        assert!(!journal.contains("attempt 2"), "{journal}");
    }
}

#[test]
fn a_measurement_that_came_to_its_end_is_not_gone_on_with() {
    let (before, all, _) = cut("after-measured:verify/1");
    assert_eq!(before, ["/one", "/two"]);
    assert_eq!(all, before);
}
