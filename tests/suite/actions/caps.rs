//! What the requests of a sitting may come to.

use super::*;

#[test]
fn the_time_of_the_requests_of_a_stage_is_bounded() {
    let runtime = runtime();
    let server = runtime.block_on(Server::new([
        Reply::with(503, "retry-after: 21\r\n", ""),
        Reply::with(201, "", "{}"),
    ]));
    let project = Project::new();
    let steps = [step(&server, "one", ""), step(&server, "two", "")];
    let text = pipeline(&grants(&server), &steps);
    // There is no time to wait for who is busy.
    project.pipeline(&format!("[limits]\nrequests-time = \"20s\"\n{text}"));
    let report = project.run().expect_code(3).json();
    assert_eq!(came(&server), ["POST /api/one"]);
    assert_eq!(states(&report), ["publish/request/1 not-done"]);
    let missing = report["stages"][0]["missing"].to_string();
    assert!(
        missing.contains("publish/request/1: answered 503"),
        "{missing}"
    );
    // The next sitting has a time of its own.
    project.run().expect_code(0);
    assert_eq!(came(&server).len(), 3);
}

#[test]
fn an_action_that_may_ask_for_no_more_goes_on_in_another_sitting() {
    let runtime = runtime();
    let server = runtime.block_on(Server::new([Reply::with(201, "", "{}")]));
    let project = Project::new();
    let steps = [
        step(&server, "one", &undo(&server, "one")),
        step(&server, "two", ""),
    ];
    let text = pipeline(&grants(&server), &steps);
    project.pipeline(&format!("[limits]\nrequests = 1\n{text}"));
    let report = project.run().expect_code(3).json();
    assert_eq!(
        states(&report),
        ["publish/request/1 done", "publish/request/2 not-done"]
    );
    let missing = report["stages"][0]["missing"].to_string();
    assert!(
        missing.contains("at most 1 requests in one sitting: raise `requests` under `[limits]`"),
        "{missing}"
    );
    project.run().expect_code(0);
    assert_eq!(came(&server), ["POST /api/one", "POST /api/two"]);
}

#[test]
fn what_takes_back_is_not_counted() {
    // All that is allowed is used up when something fails.
    taken_back("[limits]\nrequests = 1\n");
}
