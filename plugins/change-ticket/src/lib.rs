//! Holds a release to the tickets of its commits: see `README.md`.

#![forbid(unsafe_code)]

mod settings;
#[cfg(test)]
mod tests;
mod tickets;
mod tracker;

use std::collections::BTreeMap;

use holdpoint_sdk::{Fault, Finding, Plugin, Policy, Release};

pub use settings::Settings;
use tracker::Answer;

/// Tickets that are asked for at most: as many requests as the host makes in one call.
const TICKETS_MAX: usize = 100;

/// The plugin.
pub struct ChangeTicket;

impl Plugin for ChangeTicket {
    type Settings = Settings;
}

impl Policy for ChangeTicket {
    fn check(release: &Release, settings: &Settings) -> Result<Vec<Finding>, Fault> {
        settings.check()?;
        let mut findings = Vec::new();
        // The newest commit that names each ticket.
        let mut named: BTreeMap<String, String> = BTreeMap::new();
        for (commit, text) in release.commits().zip(release.commit_texts()) {
            let message = format!("{}\n{}", commit.summary, text.body);
            let tickets = tickets::named_in(&message, &settings.prefix);
            if tickets.is_empty() && commit.parents < 2 {
                let words = format!("No ticket such as `{}1` is named.", settings.prefix);
                findings.push(Finding::new("named", words).at_commit(&commit.id));
            }
            for ticket in tickets {
                named.entry(ticket).or_insert_with(|| commit.id.clone());
            }
        }
        if named.len() > TICKETS_MAX {
            return Err(Fault::settings(format!(
                "the release names {} tickets, and at most {TICKETS_MAX} can be asked for",
                named.len()
            )));
        }
        for (ticket, commit) in &named {
            let found = match tracker::ask(release, settings, ticket)? {
                Answer::Unknown => {
                    vec![Finding::new(
                        "known",
                        format!("There is no ticket {ticket}."),
                    )]
                }
                Answer::Known { status, project } => judge(settings, ticket, &status, project),
            };
            findings.extend(found.into_iter().map(|finding| finding.at_commit(commit)));
        }
        Ok(findings)
    }
}

/// What is wrong with a ticket.
fn judge(settings: &Settings, ticket: &str, status: &str, project: Option<String>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !settings.approved.iter().any(|approved| approved == status) {
        let words = format!("The ticket {ticket} is `{status}`, and not approved.");
        findings.push(Finding::new("approved", words));
    }
    if let (Some(project), Some(expected)) = (project, &settings.project_is)
        && project != *expected
    {
        let words = format!("The ticket {ticket} belongs to `{project}`, and not to `{expected}`.");
        findings.push(Finding::new("project", words));
    }
    findings
}

holdpoint_sdk::export!(ChangeTicket: policy);
