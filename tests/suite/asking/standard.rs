//! The standard plugins that ask other systems.

use super::secrets::secret;
use super::*;
use crate::loopback::{Certificate, Received};

/// What a tracker answers for a ticket: only the first one is as it should be.
fn tracker(_: usize, received: &Received) -> Reply {
    let ticket = |status: &str, project: &str| {
        let body = format!("{{\"status\":\"{status}\",\"project\":\"{project}\"}}");
        Reply::with(200, "", &body)
    };
    let path = received.head.split(' ').nth(1).unwrap_or_default();
    match path {
        "/rest/PAY-1" => ticket("Done", "PAY"),
        "/rest/PAY-2" => ticket("Open", "PAY"),
        "/rest/PAY-3" => ticket("Done", "OPS"),
        _ => Reply::status(404),
    }
}

/// For each rule about tickets a commit message that trips it alone.
pub const TICKET_RULES: [(&str, &str); 4] = [
    ("fix: round", "named"),
    ("fix: round PAY-2", "approved"),
    ("fix: round PAY-3", "project"),
    ("fix: round PAY-4", "known"),
];

#[test]
fn every_rule_about_tickets_is_tripped_alone() {
    let runtime = runtime();
    for (message, rule) in TICKET_RULES {
        let context = Context::new();
        let repository = context.repository("payments");
        repository.commit("feat: begin PAY-1");
        repository.commit(message);
        let project = Project {
            context,
            repository,
        };
        let certificate = Certificate::new(&project.context, "IP:127.0.0.1");
        let server = runtime.block_on(Server::tls_asking(&certificate, tracker));
        let text = format!(
            "[plugins.change-ticket]\n{}\nsettings.prefix = \"PAY-\"\n\
             settings.url = \"https://{}/rest/{{{{ticket}}}}\"\nsettings.status = \"/status\"\n\
             settings.approved = [\"Done\"]\nsettings.project = \"/project\"\n\
             settings.project-is = \"PAY\"\n\
             [[stages]]\nid = \"policy\"\nuse = [\"change-ticket\"]\n",
            secret(&server, &certificate, ""),
            server.address
        );
        let report = project.ran(&text, &[]).expect_code(1).json();
        let findings = report["stages"][0]["findings"].as_array();
        let rules: Vec<_> = findings
            .expect("findings")
            .iter()
            .map(|finding| finding["rule"].clone())
            .collect();
        assert_eq!(rules, [format!("change-ticket/{rule}")]);
        let sent = format!("Bearer {CANARY}");
        for request in server.received() {
            assert_eq!(request.header("authorization"), Some(sent.as_str()));
        }
    }
}

#[test]
fn the_standard_plugin_measures_whether_what_was_deployed_answers() {
    let runtime = runtime();
    let deploy = "run = [[\"true\"]]\nundo = [[\"true\"]]";
    let nothing = "use = [\"conventional-commits\"]";
    // What does not answer as it should is undone, where anything was done.
    for (body, first, code, effects, measured) in [
        ("version 0.1.0", deploy, 0, "done", 1),
        ("version 0.0.9", deploy, 5, "undone", 1),
        // A release of which nothing was carried out is judged anew.
        ("version 0.0.9", nothing, 1, "none", 2),
    ] {
        let server = runtime.block_on(Server::new([Reply::with(200, "", body)]));
        let project = Project::new();
        let url = server.url("/health");
        let text = format!(
            "[plugins.http-health]\ngrants.http = [{{ methods = [\"GET\"], url = \"{url}\", \
             addresses = [\"127.0.0.0/8\"] }}]\n\
             settings.checks = [{{ url = \"{url}\", contains = \"version {{{{version}}}}\" }}]\n\
             [[stages]]\nid = \"first\"\n{first}\n\
             [[stages]]\nid = \"verify\"\nuse = [\"http-health\"]\n"
        );
        let file = project.context.write("holdpoint.toml", text);
        let run = || {
            let mut command = project.context.command(project.repository.path());
            command
                .args(["run", "--format", "json", "--pipeline"])
                .arg(&file);
            Ran::of(command.output()).expect_code(code).json()
        };
        assert_eq!(run()["effects"], effects, "{body}");
        // It is over, and says the same again.
        assert_eq!(run()["effects"], effects, "{body}");
        assert_eq!(server.received().len(), measured);
    }
}
