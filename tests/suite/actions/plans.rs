//! Plans that are refused, before anything of them is made, and plans that people sign.

use super::*;

#[track_caller]
fn refused(server: &Server, steps: &[String], expected: &str) {
    let project = planning(server, steps);
    let report = project.run().expect_code(3).json();
    let plugin = &report["stages"][0]["plugins"][0];
    assert_eq!(plugin["outcome"], "malformed", "{plugin:#}");
    let words = plugin.to_string();
    assert!(words.contains(expected), "{expected}: {words}");
    assert!(came(server).is_empty());
}

#[test]
fn a_plan_that_could_not_be_carried_out_is_no_answer() {
    let runtime = runtime();
    let server = runtime.block_on(Server::asking(things));
    let one = |request: &str| vec![format!("{{ name = \"one\", request = {{ {request} }} }}")];
    let url = server.url("/api/one");
    for (request, expected) in [
        (
            format!("url = \"{}\"", server.url("/admin")),
            "is not granted: it takes grants.requests = [",
        ),
        (
            "url = \"https://evil.example/\"".to_owned(),
            "is not granted",
        ),
        (
            "method = \"PUT\", url = \"https://example.net/x\"".to_owned(),
            "PUT to this path of https://example.net is not granted",
        ),
        (
            format!("method = \"GET\", url = \"{url}\""),
            "has the method `GET`",
        ),
        (
            format!("method = \"TRACE\", url = \"{url}\""),
            "has the method",
        ),
        (
            format!("url = \"{url}\", success = []"),
            "without a status code",
        ),
        (
            format!("url = \"{url}\", success = [42]"),
            "without a status code",
        ),
        (
            format!("url = \"{url}/{{{{two./id}}}}\""),
            "refers to `two`, which is no earlier step",
        ),
        (
            format!("url = \"{url}/{{{{one./id}}}}\""),
            "refers to `one`, which is no earlier step",
        ),
        (format!("url = \"{url}/{{{{one\""), "without `}}`"),
        (
            format!("url = \"{url}/{{{{one}}}}\""),
            "is not the name of a step",
        ),
        (
            "url = \"http://{{one./host}}/\"".to_owned(),
            "an answer says nothing about the server",
        ),
        (
            format!("url = \"{url}\", header = [\"host\", \"x\"]"),
            "the host's own to set",
        ),
        (
            format!("url = \"{url}\", header = [\"Idempotency-Key\", \"x\"]"),
            "the host's own to set",
        ),
        (
            format!("url = \"{url}\", header = [\"x-http-method-override\", \"PUT\"]"),
            "would make another method of it",
        ),
        (
            format!("url = \"{url}\", artifact = \"app\""),
            "sends the artifact `app`, which there is not",
        ),
    ] {
        refused(&server, &one(&request), expected);
    }
}

#[test]
fn a_plan_is_bounded_and_makes_sense_as_a_whole() {
    let runtime = runtime();
    let server = runtime.block_on(Server::asking(things));
    let url = server.url("/api/one");
    let named = |name: &str| format!("{{ name = \"{name}\", request = {{ url = \"{url}\" }} }}");
    let many: Vec<String> = (0..101)
        .map(|number| named(&format!("n{number}")))
        .collect();
    let large = format!(
        "{{ name = \"one\", request = {{ url = \"{url}\", fill = {} }} }}",
        (1 << 20) + 1
    );
    for (steps, expected) in [
        (many, "a plan of 101 steps"),
        (vec![large], "sends more than 1048576 bytes"),
        (vec![named("one"), named("one")], "two steps have the name"),
        (vec![named("One")], "another name than"),
        (vec![named("")], "another name than"),
        (
            vec![format!(
                "{{ name = \"one\", request = {{ url = \"{url}\" }}, probe = \"{}\" }}",
                server.url("/other")
            )],
            "GET to this path",
        ),
        (
            vec![format!(
                "{{ name = \"one\", request = {{ url = \"{url}\" }}, undo = {{ method = \"DELETE\", \
                 url = \"{}\" }} }}",
                server.url("/other")
            )],
            "DELETE to this path",
        ),
    ] {
        refused(&server, &steps, expected);
    }
}

#[test]
fn an_action_without_a_grant_is_refused_with_the_line_to_add() {
    let runtime = runtime();
    let server = runtime.block_on(Server::asking(things));
    let project = Project::new();
    let asking = format!(
        "grants.http = [{{ methods = [\"GET\"], url = \"https://example.net/\" }}]\n{UNUSED}"
    );
    project.pipeline(&pipeline(&asking, &[step(&server, "one", "")]));
    let error = project.run().expect_code(2).json()["error"].clone();
    assert!(
        error["help"]
            .to_string()
            .contains("grants.requests = [{ methods"),
        "{error:#}"
    );
    // A secret that no request could carry is of no use.
    project.pipeline(&pipeline(UNUSED, &[step(&server, "one", "")]));
    let error = project.run().expect_code(2).json()["error"].clone();
    assert!(
        error["message"].to_string().contains("could never be sent"),
        "{error:#}"
    );
    let grants = grants(&server).replace(UNUSED, "");
    project.pipeline(&pipeline(&grants, &[step(&server, "one", "")]));
    let error = project.run().expect_code(2).json()["error"].clone();
    assert!(error["help"].to_string().contains("grants.secrets.NAME"));
    // Of another kind, nothing that it is granted counts.
    let text = format!(
        "[plugins.conventional-commits]\n{}\n[[stages]]\nid = \"policy\"\nuse = \
         [\"conventional-commits\"]\n",
        grants.trim()
    );
    project.pipeline(&text);
    let report = project.run().expect_code(0).json();
    assert!(
        report["findings"]
            .to_string()
            .contains("is granted `requests` and does not ask for it"),
        "{report:#}"
    );
}

#[test]
fn a_project_has_no_more_done_than_its_base_policy() {
    let runtime = runtime();
    let server = runtime.block_on(Server::asking(things));
    let project = Project::new();
    let base = pipeline(&grants(&server), &[step(&server, "one", "")]).replace(
        "use = [\"planner\"]",
        "use = [{ plugin = \"planner\", mode = \"advise\" }]",
    );
    let policy = project.context.write("policy.toml", base);
    let refused = |text: &str| {
        project.pipeline(text);
        let mut command = project.arguments(project.command(), ["run"]);
        let ran = Ran::of(command.arg("--policy").arg(&policy).output());
        ran.expect_code(2).json()["error"].clone()
    };
    for (text, key) in [
        (
            "[[stages]]\nid = \"publish\"\nuse = [{ plugin = \"planner\", mode = \"enforce\" }]\n",
            "stages.publish.mode of `planner`",
        ),
        (
            "[[stages]]\nid = \"again\"\nuse = [\"planner\"]\n",
            "stages.again.use",
        ),
    ] {
        let error = refused(text);
        assert!(error.to_string().contains(key), "{error:#}");
    }
    assert!(came(&server).is_empty());
}

#[test]
fn check_says_what_an_action_may_have_made() {
    let runtime = runtime();
    let server = runtime.block_on(Server::asking(things));
    let project = planning(&server, &[step(&server, "one", "")]);
    let mut command = project.command();
    command
        .args(["check", "--pipeline"])
        .arg(project.context.path().join("holdpoint.toml"));
    let page = Ran::of(command.output()).expect_code(0).stdout;
    assert!(
        page.contains("May have the host ask: GET, POST, PUT, PATCH, DELETE http://127.0.0.1"),
        "{page}"
    );
}
