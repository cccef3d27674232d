use crate::model::{ContinuousIntegration, Text};

/// Reads what a CI system claims in its environment variables; none outside a known one.
///
/// `lookup` gives the value of a variable. All values are claims: whoever starts the process sets
/// them. When several systems are named, the first of GitHub, GitLab, Buildkite and Jenkins counts.
///
/// ```
/// use holdpoint::release::continuous_integration;
///
/// let ci = continuous_integration(|name| match name {
///     "GITHUB_ACTIONS" => Some("true".to_owned()),
///     "GITHUB_ACTOR" => Some("ada".to_owned()),
///     _ => None,
/// });
/// assert_eq!(ci.unwrap().initiator, Some("ada".into()));
/// assert_eq!(continuous_integration(|_| None), None);
/// ```
pub fn continuous_integration(
    lookup: impl Fn(&str) -> Option<String>,
) -> Option<ContinuousIntegration> {
    let text = |names: &[&str]| {
        names
            .iter()
            .find_map(|name| lookup(name).filter(|value| !value.is_empty()))
            .map(Text::from)
    };
    let is_there = |name: &str| text(&[name]).is_some();
    if is_there("GITHUB_ACTIONS") || is_there("GITHUB_RUN_ID") {
        Some(ContinuousIntegration {
            system: "github".to_owned(),
            initiator: text(&["GITHUB_TRIGGERING_ACTOR", "GITHUB_ACTOR"]),
            commit: text(&["GITHUB_SHA"]),
            reference: text(&["GITHUB_REF", "GITHUB_REF_NAME"]),
            repository: text(&["GITHUB_REPOSITORY"]),
            job: github_job(&text),
            url: github_url(&text),
        })
    } else if is_there("GITLAB_CI") || is_there("CI_PIPELINE_ID") {
        Some(ContinuousIntegration {
            system: "gitlab".to_owned(),
            initiator: text(&["GITLAB_USER_LOGIN"]),
            commit: text(&["CI_COMMIT_SHA"]),
            reference: text(&["CI_COMMIT_TAG", "CI_COMMIT_BRANCH", "CI_COMMIT_REF_NAME"]),
            repository: text(&["CI_PROJECT_PATH"]),
            job: text(&["CI_JOB_ID", "CI_PIPELINE_ID"]),
            url: text(&["CI_JOB_URL", "CI_PIPELINE_URL"]),
        })
    } else if is_there("BUILDKITE") || is_there("BUILDKITE_BUILD_URL") {
        Some(ContinuousIntegration {
            system: "buildkite".to_owned(),
            initiator: text(&["BUILDKITE_BUILD_CREATOR", "BUILDKITE_UNBLOCKER"]),
            commit: text(&["BUILDKITE_COMMIT"]),
            reference: text(&["BUILDKITE_TAG", "BUILDKITE_BRANCH"]),
            repository: text(&["BUILDKITE_REPO"]),
            job: text(&["BUILDKITE_JOB_ID", "BUILDKITE_BUILD_ID"]),
            url: text(&["BUILDKITE_BUILD_URL"]),
        })
    } else if is_there("JENKINS_URL") || (is_there("BUILD_URL") && is_there("BUILD_TAG")) {
        Some(ContinuousIntegration {
            system: "jenkins".to_owned(),
            initiator: text(&["BUILD_USER_ID", "CHANGE_AUTHOR"]),
            commit: text(&["GIT_COMMIT"]),
            reference: text(&["TAG_NAME", "BRANCH_NAME", "GIT_BRANCH"]),
            repository: text(&["GIT_URL"]),
            job: text(&["BUILD_TAG", "BUILD_ID"]),
            url: text(&["BUILD_URL"]),
        })
    } else {
        None
    }
}

/// The run and its attempt, which together name one job's start.
fn github_job(text: &impl Fn(&[&str]) -> Option<Text>) -> Option<Text> {
    let run = text(&["GITHUB_RUN_ID"])?;
    Some(match text(&["GITHUB_RUN_ATTEMPT"]) {
        Some(attempt) => Text::from(format!("{}/{}", run.raw(), attempt.raw())),
        None => run,
    })
}

fn github_url(text: &impl Fn(&[&str]) -> Option<Text>) -> Option<Text> {
    let server = text(&["GITHUB_SERVER_URL"])?;
    let repository = text(&["GITHUB_REPOSITORY"])?;
    let run = text(&["GITHUB_RUN_ID"])?;
    Some(Text::from(format!(
        "{}/{}/actions/runs/{}",
        server.raw(),
        repository.raw(),
        run.raw()
    )))
}
