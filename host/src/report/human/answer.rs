use super::run::window;
use super::{FACTORS_SHOWN_MAX, ITEMS_SHOWN_MAX, Page, finding, rest_after};
use crate::model::{Answer, Demand, Factor, Location, Sharing};
use crate::report::commits::Commits;
use crate::report::json::health_name;
use crate::report::words;

/// Puts on a page what a plugin answered, apart from findings.
pub(super) fn put(page: &mut Page, indent: usize, answer: &Answer, commits: &Commits<'_>) {
    let (heading, items): (String, Vec<String>) = match answer {
        // What is shown of these stands in files of their own.
        Answer::Findings(_) | Answer::Edits(_) => return,
        Answer::Assessment(assessment) => (
            format!("Magnitude {}, because of:", rounded(assessment.magnitude)),
            assessment
                .factors
                .iter()
                .map(|factor| self::factor(factor, commits))
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
            "It plans these requests, for the host to make once the stage and everything before it \
             is go:"
                .to_owned(),
            steps
                .iter()
                .map(|step| {
                    let undo = step.undo.as_ref().map_or_else(
                        || "nothing takes it back".to_owned(),
                        |undo| {
                            let (method, url) = (&undo.method, &undo.url);
                            format!("taken back with {} {}", method.terminal(), url.terminal())
                        },
                    );
                    format!(
                        "{}: {} {}; {undo}",
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
                    // `1` is the unit of what has none.
                    let unit = match measure.unit.raw() {
                        "" | "1" => String::new(),
                        _ => format!(" {}", measure.unit.terminal()),
                    };
                    format!(
                        "{}: {value}{unit}, to be {}",
                        measure.name.terminal(),
                        measure.bound.terminal()
                    )
                })
                .collect(),
        ),
    };
    page.text(indent, &heading);
    let shown = match answer {
        Answer::Assessment(_) => FACTORS_SHOWN_MAX,
        _ => ITEMS_SHOWN_MAX,
    };
    for item in items.iter().take(shown) {
        page.text(indent + 2, item);
    }
    if items.is_empty() {
        page.text(indent + 2, "nothing");
    }
    rest_after(page, indent + 2, items.len(), shown);
}

/// What was seen comes before where: a factor of the release as a whole has no place.
fn factor(factor: &Factor, commits: &Commits<'_>) -> String {
    let mut weight = String::new();
    if factor.weight != 0.0 || !factor.heuristic {
        weight.push_str(&rounded(factor.weight));
    }
    if factor.heuristic {
        weight.push_str(if weight.is_empty() { "" } else { ", " });
        weight.push_str("a rule of thumb");
    }
    let place = match &factor.location {
        Location::Release => String::new(),
        location => format!(", at {}", finding::place(location, commits)),
    };
    format!(
        "{} ({weight}): {}{place}",
        factor.name.terminal(),
        factor.evidence.terminal()
    )
}

/// With at most three digits after the point; JSON has the whole number.
fn rounded(number: f64) -> String {
    if number.abs() >= 1e15 {
        return format!("{number:e}");
    }
    let text = format!("{number:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0" } else { text }.to_owned()
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
