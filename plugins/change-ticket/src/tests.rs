use holdpoint_sdk::{
    FaultCode, Finding, HttpResponse, Location, Policy as _, Release, ReleaseBuilder,
};

use crate::{ChangeTicket, Settings};

fn settings() -> Settings {
    Settings {
        prefix: "PAY-".to_owned(),
        url: "https://tickets.example.net/rest/{{ticket}}".to_owned(),
        status: "/status".to_owned(),
        approved: vec!["Done".to_owned()],
        project: Some("/project".to_owned()),
        project_is: Some("PAY".to_owned()),
        header: "authorization".to_owned(),
    }
}

fn ticket(release: ReleaseBuilder, name: &str, status: u16, body: &str) -> ReleaseBuilder {
    let response = HttpResponse {
        status,
        headers: Vec::new(),
        body: body.as_bytes().to_vec(),
    };
    release.answer(
        &format!("https://tickets.example.net/rest/{name}"),
        response,
    )
}

fn release() -> ReleaseBuilder {
    Release::builder().secret("token")
}

fn rules(findings: &[Finding]) -> Vec<&str> {
    findings
        .iter()
        .map(|finding| finding.rule.as_str())
        .collect()
}

#[test]
fn each_rule_finds_what_it_is_for_at_the_commit_that_names_the_ticket() {
    let done = "{\"status\":\"Done\",\"project\":\"PAY\"}";
    let open = "{\"status\":\"Open\",\"project\":\"PAY\"}";
    let other = "{\"status\":\"Done\",\"project\":\"OPS\"}";
    for (message, status, body, expected) in [
        ("feat: refund PAY-1", 200, done, &[][..]),
        ("feat: refund", 200, done, &["named"]),
        ("feat: refund PAY-1", 404, "", &["known"]),
        ("feat: refund\n\nPAY-1", 200, open, &["approved"]),
        ("feat: refund PAY-1", 200, other, &["project"]),
    ] {
        let release = ticket(release().commit(message), "PAY-1", status, body).build();
        let findings = ChangeTicket::check(&release, &settings()).expect("findings");
        assert_eq!(rules(&findings), expected, "{message}");
        let commit = release.commits().next().expect("a commit").id;
        for finding in findings {
            assert_eq!(finding.location, Location::Commit(commit.clone()));
        }
    }
}

#[test]
fn a_merge_needs_no_ticket() {
    let release = release().merge("Merge branch 'refund'").build();
    assert_eq!(ChangeTicket::check(&release, &settings()), Ok(Vec::new()));
}

#[test]
fn an_answer_that_says_nothing_about_the_ticket_is_a_fault() {
    for (status, body, code, retry) in [
        (401, "", FaultCode::Missing, false),
        (429, "", FaultCode::Unavailable, true),
        (503, "", FaultCode::Unavailable, true),
        (200, "<html>", FaultCode::Malformed, false),
        (200, "{\"status\":{}}", FaultCode::Malformed, false),
    ] {
        let release = ticket(release().commit("PAY-1"), "PAY-1", status, body).build();
        let fault = ChangeTicket::check(&release, &settings()).expect_err("a fault");
        assert_eq!(
            (fault.code, fault.retry),
            (Some(code), retry),
            "{}",
            fault.message
        );
    }
    let many: Vec<String> = (1..=101).map(|number| format!("PAY-{number}")).collect();
    let crowded = release()
        .commit(&format!("feat: all\n\n{}", many.join(" ")))
        .build();
    let fault = ChangeTicket::check(&crowded, &settings()).expect_err("a fault");
    assert!(fault.message.contains("101 tickets"), "{}", fault.message);
}

#[test]
fn settings_that_make_no_sense_are_a_fault() {
    let broken: [fn(&mut Settings); 5] = [
        |settings| settings.prefix.clear(),
        |settings| settings.url = "https://tickets.example.net/".to_owned(),
        |settings| settings.approved.clear(),
        |settings| settings.status = "status".to_owned(),
        |settings| settings.project_is = None,
    ];
    for breaks in broken {
        let mut settings = settings();
        breaks(&mut settings);
        let fault = ChangeTicket::check(&release().build(), &settings).expect_err("a fault");
        assert_eq!(fault.code, Some(FaultCode::Settings), "{}", fault.message);
    }
}
