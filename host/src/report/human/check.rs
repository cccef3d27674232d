use std::time::Duration;

use anstyle::Style;

use super::{Detail, Page, page};
use crate::pipeline::{Mode, OnFault};
use crate::report::json::{
    CheckReport, CheckedChannelReport, CheckedEffectsReport, CheckedOverrideReport,
    CheckedPluginReport, CheckedStageReport, CheckedWaiverReport, GrantsReport, SecretGrantReport,
};
use crate::report::words;

/// Puts on a page what a run would do. Everything on it goes through the page, which escapes it.
pub fn human_check(page: &mut Page, report: &CheckReport, detail: Detail) {
    let configuration = &report.configuration;
    page.led(0, page::heading(), "The configuration is in order", "");
    let trust = if configuration.trusted {
        "trusted"
    } else {
        "not trusted: the change under judgement could have written some of it, so a go ends with \
         exit 2 unless --allow-untrusted says that it is only a rehearsal"
    };
    page.field("Pipeline", &configuration.pipeline.origin);
    if let Some(policy) = &configuration.policy {
        page.field("Policy", &policy.origin);
    }
    page.field("Trust", trust);
    if let Some(project) = &report.project {
        page.field("Project", project);
    }
    page.field(
        "Tags",
        report.tag.as_deref().unwrap_or("v{version} or {version}"),
    );
    if let Some(targets) = &report.targets {
        page.field("Targets", &targets.join(", "));
    }
    if let Some(range) = &report.range {
        page.field("Range", &format!("begins at {}", range.source.words));
        if let Some(passed_over) = &range.passed_over {
            page.text(2, &format!("Warning: {passed_over}."));
        }
    }
    page.field("Zone", &report.zone);
    for file in &report.artifacts {
        page.field("Ships", &format!("{}, from {}", file.name, file.path));
    }
    for file in &report.evidence {
        page.field(
            "Evidence",
            &format!("{}, {}, from {}", file.name, file.media_type, file.path),
        );
    }
    page.field("Digest", &configuration.digest);
    page.gap();
    for stage in &report.stages {
        page.led(0, page::heading(), &format!("Stage {}", stage.id), "");
        for (threshold, comes_to) in [
            (stage.approve_at, "waits for an approval (approve-at)"),
            (stage.block_at, "is a no-go (block-at)"),
        ] {
            if let Some(threshold) = threshold {
                page.text(
                    2,
                    &format!("From a risk of {threshold} of 100 on it {comes_to}."),
                );
            }
        }
        put_approvals(page, stage);
        if let Some(effects) = &stage.effects {
            put_effects(page, effects);
        }
        for plugin in &stage.plugins {
            put_plugin(page, plugin, detail);
        }
        page.gap();
    }
    if let Some(over) = &report.overriding {
        put_override(page, over);
        page.gap();
    }
    if !report.waivers.is_empty() {
        page.led(0, page::heading(), "Waivers", "");
        for waiver in &report.waivers {
            put_waiver(page, waiver);
        }
        page.gap();
    }
    if !report.channels.is_empty() {
        page.led(0, page::heading(), "Channels", "");
        for channel in &report.channels {
            put_channel(page, channel);
        }
        page.gap();
    }
    page.text(0, "No plugin was called. `holdpoint run` decides.");
}

/// Who is needed before a stage is go.
fn put_approvals(page: &mut Page, stage: &CheckedStageReport) {
    for approval in &stage.approvals {
        page.text(2, &format!("Needs {}.", approval.words));
    }
    let problem = stage.approvals.iter().find_map(|one| one.problem.as_ref());
    if let Some(problem) = problem {
        page.text(2, &format!("Nobody can approve it: {problem}."));
    } else if !stage.approvals.is_empty() {
        let valid = Duration::from_secs(stage.approvals_valid_seconds);
        page.text(
            2,
            &format!("An approval counts for at most {}.", words::duration(valid)),
        );
    }
    if stage.may_ask_for_more {
        page.text(
            2,
            "Its plugins may ask for more approvals when they are called.",
        );
    }
}

fn put_effects(page: &mut Page, effects: &CheckedEffectsReport) {
    for command in &effects.run {
        page.text(2, &format!("Runs {command}"));
    }
    match &effects.undo {
        Some(undo) => {
            for command in undo {
                page.text(2, &format!("Undone with {command}"));
            }
        }
        None if !effects.run.is_empty() => page.text(2, "Nothing undoes it."),
        None => {}
    }
    if effects.writes_edits {
        page.text(2, "Writes the edits of its plugins into the working tree.");
    }
}

fn put_override(page: &mut Page, over: &CheckedOverrideReport) {
    let who = match &over.role {
        Some(role) if over.people.is_empty() => format!("in the role {role}"),
        Some(role) => format!("in the role {role} ({})", over.people.join(", ")),
        None => "in the list of signers".to_owned(),
    };
    page.led(0, page::heading(), "Override", "");
    page.text(
        2,
        &format!(
            "{} people {who} together can let a stage go, for {}.",
            over.count,
            words::duration(Duration::from_secs(over.valid_seconds))
        ),
    );
}

/// Where a secret is sent, in words.
fn secret_words(grant: &SecretGrantReport) -> String {
    let place = match (&grant.header, &grant.query, &grant.body) {
        (Some(header), ..) => format!("in `{header}`"),
        (None, Some(name), _) => format!("as `{name}` of the query"),
        (None, None, place) => {
            let place = place.as_deref().unwrap_or_default();
            format!("as `{place}` of the body")
        }
    };
    format!(
        "May use and never sees: {}, sent to {} {place}.",
        grant.name, grant.origin
    )
}

fn put_plugin(page: &mut Page, plugin: &CheckedPluginReport, detail: Detail) {
    let kinds: Vec<&str> = plugin.kinds.iter().map(|kind| kind.name()).collect();
    page.led(
        2,
        page::heading(),
        &format!("{} {}", plugin.name, plugin.version),
        &format!(" is asked as {}; it is {}", plugin.kind, kinds.join(", ")),
    );
    page.text(4, &plugin.digest);
    page.text(
        4,
        match plugin.mode {
            Mode::Enforce => "Findings of severity error block.",
            Mode::Advise => "Findings are shown and do not block.",
        },
    );
    page.text(
        4,
        match plugin.on_fault {
            OnFault::Block => "A fault blocks.",
            OnFault::Advise => "A fault is shown and does not block.",
        },
    );
    for rule in &plugin.rules {
        match rule.severity {
            Some(severity) => page.led(
                4,
                page::of_severity(severity),
                &format!("{:<8}", severity.to_string()),
                &format!("{}: {}", rule.rule, rule.title),
            ),
            None => page.led(
                4,
                Style::new().dimmed(),
                "off     ",
                &format!("{}: {}", rule.rule, rule.title),
            ),
        }
    }
    put_grants(page, &plugin.grants);
    for signer in &plugin.signers {
        page.text(
            4,
            &format!("Signed by {}, key {}.", signer.name, signer.key),
        );
    }
    let limits = &plugin.limits;
    page.text(
        4,
        &format!(
            "Limits: {} units of fuel, {}, {}.",
            words::number(limits.fuel),
            words::duration(Duration::from_millis(limits.timeout_ms)),
            words::bytes(limits.memory_bytes)
        ),
    );
    if detail == Detail::Full {
        page.text(
            4,
            &format!(
                "Limits: an answer of {} and {}, a text of {}, a log of {} and {}, {} to the host \
                 for {}.",
                words::bytes(limits.answer_bytes),
                words::count(limits.answer_items, "item", "items"),
                words::bytes(limits.text_bytes),
                words::bytes(limits.log_bytes),
                words::count(limits.log_lines, "line", "lines"),
                words::count(limits.host_calls, "call", "calls"),
                words::bytes(limits.host_call_bytes)
            ),
        );
    }
}

/// What a plugin may use beyond the release itself.
fn put_grants(page: &mut Page, grants: &GrantsReport) {
    if !grants.tree.is_empty() {
        page.text(
            4,
            &format!("May read of the judged commit: {}.", grants.tree.join(", ")),
        );
    }
    if !grants.evidence.is_empty() {
        let evidence = grants.evidence.join(", ");
        page.text(4, &format!("May read evidence: {evidence}."));
    }
    if grants.history {
        page.text(4, "May know the earlier releases on the target.");
    }
    let asking = grants.http.iter().map(|grant| ("May ask", grant));
    let planned = grants.requests.iter();
    let planned = planned.map(|grant| ("May have the host ask", grant));
    for (lead, grant) in asking.chain(planned) {
        let addresses = if grant.addresses.is_empty() {
            String::new()
        } else {
            format!(" at {}", grant.addresses.join(", "))
        };
        let methods = grant.methods.join(", ");
        page.text(4, &format!("{lead}: {methods} {}{addresses}.", grant.url));
    }
    for grant in &grants.secrets {
        page.text(4, &secret_words(grant));
    }
}

fn put_channel(page: &mut Page, channel: &CheckedChannelReport) {
    let events: Vec<&str> = channel.events.iter().map(|event| event.name()).collect();
    page.led(
        2,
        page::heading(),
        &channel.name,
        &format!(
            ": {} {} composes {} of at most {}, for {}",
            channel.plugin,
            channel.version,
            channel.media_type,
            words::bytes(channel.body_bytes_max.into()),
            events.join(", ")
        ),
    );
    page.text(4, &channel.digest);
    match &channel.posted {
        Some(posted) => page.text(4, &format!("Messages are posted {posted}.")),
        None => page.text(4, "Messages are shown, not sent: it has no address."),
    }
}

fn put_waiver(page: &mut Page, waiver: &CheckedWaiverReport) {
    let state = if waiver.expired {
        "expired, not applied"
    } else {
        "holds"
    };
    page.led(
        2,
        page::heading(),
        &waiver.rule,
        &format!(
            ": {state}, until {}, for {}, by {}, because: {} ({})",
            waiver.expires, waiver.place, waiver.owner, waiver.reason, waiver.at
        ),
    );
}
