//! What CI systems claim.

use std::collections::BTreeMap;

use holdpoint::model::ContinuousIntegration;
use holdpoint::release::continuous_integration;

fn read(variables: &[(&str, &str)]) -> Option<ContinuousIntegration> {
    let map: BTreeMap<&str, &str> = variables.iter().copied().collect();
    continuous_integration(|name| map.get(name).map(|value| (*value).to_owned()))
}

#[track_caller]
fn claims(variables: &[(&str, &str)], expected: [Option<&str>; 6]) -> String {
    let ci = read(variables).expect("a CI system");
    let fields = [
        ci.initiator,
        ci.commit,
        ci.reference,
        ci.repository,
        ci.job,
        ci.url,
    ];
    let fields = fields.map(|field| field.map(|text| text.raw().to_owned()));
    assert_eq!(fields, expected.map(|text| text.map(str::to_owned)));
    ci.system
}

#[test]
fn github() {
    let system = claims(
        &[
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_ACTOR", "ada"),
            ("GITHUB_TRIGGERING_ACTOR", "bob"),
            ("GITHUB_SHA", "1234"),
            ("GITHUB_REF", "refs/tags/v1"),
            ("GITHUB_REPOSITORY", "acme/pay"),
            ("GITHUB_RUN_ID", "7"),
            ("GITHUB_RUN_ATTEMPT", "2"),
            ("GITHUB_SERVER_URL", "https://git.example.com"),
        ],
        [
            Some("bob"),
            Some("1234"),
            Some("refs/tags/v1"),
            Some("acme/pay"),
            Some("7/2"),
            Some("https://git.example.com/acme/pay/actions/runs/7"),
        ],
    );
    assert_eq!(system, "github");
}

#[test]
fn gitlab() {
    let system = claims(
        &[
            ("CI_PIPELINE_ID", "3"),
            ("CI_JOB_ID", "4"),
            ("CI_COMMIT_SHA", "1234"),
            ("CI_COMMIT_TAG", ""),
            ("CI_COMMIT_BRANCH", "main"),
            ("GITLAB_USER_LOGIN", "ada"),
        ],
        [
            Some("ada"),
            Some("1234"),
            Some("main"),
            None,
            Some("4"),
            None,
        ],
    );
    assert_eq!(system, "gitlab");
}

#[test]
fn jenkins() {
    let system = claims(
        &[
            ("JENKINS_URL", "https://ci.example.com/"),
            ("GIT_COMMIT", "1234"),
            ("BRANCH_NAME", "main"),
            ("BUILD_URL", "https://ci.example.com/7"),
        ],
        [
            None,
            Some("1234"),
            Some("main"),
            None,
            None,
            Some("https://ci.example.com/7"),
        ],
    );
    assert_eq!(system, "jenkins");
}

#[test]
fn buildkite() {
    let system = claims(
        &[
            ("BUILDKITE", "true"),
            ("BUILDKITE_COMMIT", "1234"),
            ("BUILDKITE_BRANCH", "main"),
            ("BUILDKITE_TAG", "v1"),
            ("BUILDKITE_BUILD_URL", "https://ci.example.com/7"),
        ],
        [
            None,
            Some("1234"),
            Some("v1"),
            None,
            None,
            Some("https://ci.example.com/7"),
        ],
    );
    assert_eq!(system, "buildkite");
}

#[test]
fn outside_of_a_known_system() {
    assert_eq!(read(&[("CI", "true"), ("GITHUB_ACTIONS", "")]), None);
}
