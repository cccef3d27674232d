use super::run::window;
use super::{ITEMS_SHOWN_MAX, Page, finding, rest};
use crate::model::{Answer, Demand, Sharing};
use crate::report::commits::Commits;
use crate::report::json::health_name;
use crate::report::words;

/// Puts on a page what a plugin answered, apart from findings.
pub(super) fn put(page: &mut Page, indent: usize, answer: &Answer, commits: &Commits<'_>) {
    let (heading, items): (String, Vec<String>) = match answer {
        // What is shown of these stands in files of their own.
        Answer::Findings(_) | Answer::Edits(_) => return,
        Answer::Assessment(assessment) => (
            format!("Magnitude {}, because of:", assessment.magnitude),
            assessment
                .factors
                .iter()
                .map(|factor| {
                    let thumb = if factor.heuristic {
                        ", a rule of thumb"
                    } else {
                        ""
                    };
                    format!(
                        "{} ({}{thumb}): {}, at {}",
                        factor.name.terminal(),
                        factor.weight,
                        factor.evidence.terminal(),
                        finding::place(&factor.location, commits)
                    )
                })
                .collect(),
        ),
        Answer::Requirements(requirements) => (
            "It claims:".to_owned(),
            requirements
                .iter()
                .map(|requirement| {
                    format!(
                        "{}, because: {}",
                        demand(&requirement.demand),
                        requirement.reason.terminal()
                    )
                })
                .collect(),
        ),
        Answer::Messages(messages) => (
            "It would say (nothing is sent):".to_owned(),
            messages
                .iter()
                .map(|message| {
                    format!(
                        "{} ({})",
                        message.summary.terminal(),
                        message.media_type.terminal()
                    )
                })
                .collect(),
        ),
        Answer::Steps(steps) => (
            "It would ask for (nothing is sent):".to_owned(),
            steps
                .iter()
                .map(|step| {
                    format!(
                        "{}: {} {}",
                        step.title.terminal(),
                        step.request.method.terminal(),
                        step.request.url.terminal()
                    )
                })
                .collect(),
        ),
        Answer::Reading(reading) => (
            format!(
                "It finds the target {}: {}",
                health_name(reading.health),
                reading.reason.terminal()
            ),
            reading
                .measures
                .iter()
                .map(|measure| {
                    let value = measure
                        .value
                        .map_or_else(|| "no data".to_owned(), |value| value.to_string());
                    format!(
                        "{}: {value} {}, to be {}",
                        measure.name.terminal(),
                        measure.unit.terminal(),
                        measure.bound.terminal()
                    )
                })
                .collect(),
        ),
    };
    page.text(indent, &heading);
    for item in items.iter().take(ITEMS_SHOWN_MAX) {
        page.text(indent + 2, item);
    }
    if items.is_empty() {
        page.text(indent + 2, "nothing");
    }
    rest(page, indent + 2, items.len());
}

fn demand(demand: &Demand) -> String {
    match demand {
        Demand::Lease(lease) => format!(
            "{} lease on {}",
            match lease.sharing {
                Sharing::Exclusive => "an exclusive",
                Sharing::Shared => "a shared",
            },
            lease.key.terminal()
        ),
        Demand::Window(span) => format!("a window {}", window(span.start, span.end)),
        Demand::Approval(approval) => format!(
            "{} by {}",
            words::count(approval.count, "approval", "approvals"),
            approval.principal.terminal()
        ),
    }
}
