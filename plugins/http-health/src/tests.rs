use holdpoint_sdk::{FaultCode, Health, HttpResponse, Release, ReleaseBuilder, Verify as _};

use crate::{Check, HttpHealth, Settings};

const URL: &str = "https://payments.example.net/health";

fn settings(status: &[u16], contains: Option<&str>) -> Settings {
    Settings {
        checks: vec![Check {
            url: URL.to_owned(),
            status: status.to_vec(),
            contains: contains.map(str::to_owned),
        }],
    }
}

fn answering(status: u16, body: &str) -> ReleaseBuilder {
    let response = HttpResponse {
        status,
        headers: Vec::new(),
        body: body.as_bytes().to_vec(),
    };
    Release::builder().version("1.2.3").answer(URL, response)
}

#[test]
fn an_answer_is_healthy_when_status_and_text_are_as_they_should_be() {
    for (status, body, settings, healthy) in [
        (200, "", settings(&[200], None), true),
        (204, "", settings(&[200, 204], None), true),
        (503, "", settings(&[200], None), false),
        (
            200,
            "v1.2.3 is up",
            settings(&[200], Some("v{{version}}")),
            true,
        ),
        (
            200,
            "v1.2.2 is up",
            settings(&[200], Some("v{{version}}")),
            false,
        ),
        (200, "", settings(&[200], Some("up")), false),
        (200, "", settings(&[200], Some("")), true),
    ] {
        let release = answering(status, body).build();
        let reading = HttpHealth::measure(&release, &settings, 1).expect("a reading");
        let expected = if healthy {
            Health::Healthy
        } else {
            Health::Failing
        };
        assert_eq!(reading.health, expected, "{}", reading.reason);
        assert_eq!(reading.measures[0].value, Some(f64::from(status)));
    }
}

#[test]
fn what_says_nothing_about_what_was_deployed_is_a_fault() {
    let empty = Settings { checks: Vec::new() };
    let unasked = Release::builder().build();
    let versionless = settings(&[200], Some("{{version}}"));
    for (release, settings) in [
        (answering(200, "").build(), empty),
        (
            Release::builder().version("1.2.3").build(),
            settings(&[200], None),
        ),
        (unasked, versionless),
    ] {
        let fault = HttpHealth::measure(&release, &settings, 1).expect_err("a fault");
        assert_eq!(fault.code, Some(FaultCode::Settings), "{}", fault.message);
    }
}
