//! Caps on what all requests of a sitting come to together.

use super::*;

/// A pipeline whose plugin asks a server so often, with these caps.
fn capped(server: &Server, again: u32, limits: &str) -> String {
    let request = format!("{{ url = \"{}\", again = {again} }}", server.url("/rest/"));
    format!("[limits]\n{limits}\n{}", pipeline(&rest(server), &request))
}

#[test]
fn the_cap_on_requests_of_a_run_is_kept() {
    let runtime = runtime();
    let server = runtime.block_on(Server::new([Reply::status(200)]));
    let project = Project::new();
    let enough = project.ran(&capped(&server, 2, "requests = 3"), &[]);
    enough.expect_code(0);
    assert_eq!(server.received().len(), 3);
    let outcome = project.outcome(&capped(&server, 3, "requests = 3"));
    assert_eq!(server.received().len(), 6, "{outcome:#}");
    let fault = &outcome["fault"];
    assert_eq!(fault["limit"], "requests");
    let message = fault["message"].as_str().expect("words");
    assert!(
        message.contains("all calls of a sitting together may make 3 requests"),
        "{message}"
    );
}

#[test]
fn the_cap_on_what_all_answers_have_is_kept() {
    let runtime = runtime();
    let reply = Reply::with(200, "", &"x".repeat(600));
    let server = runtime.block_on(Server::new([reply]));
    let project = Project::new();
    let enough = project.ran(&capped(&server, 1, "response-data = \"1KiB\""), &[]);
    enough.expect_code(0);
    let outcome = project.outcome(&capped(&server, 2, "response-data = \"1KiB\""));
    assert_eq!(server.received().len(), 4, "{outcome:#}");
    let fault = &outcome["fault"];
    assert_eq!(fault["limit"], "response-data");
    let message = fault["message"].as_str().expect("words");
    assert!(
        message.contains("the responses to all requests of a sitting may have"),
        "{message}"
    );
}
