use std::time::Duration;

use anstyle::Style;

use super::{Detail, Page, page};
use crate::pipeline::{Mode, OnFault};
use crate::report::json::{
    CheckReport, CheckedChannelReport, CheckedPluginReport, CheckedWaiverReport,
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
    page.field("Zone", &report.zone);
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
        for plugin in &stage.plugins {
            put_plugin(page, plugin, detail);
        }
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
    if !plugin.grants.tree.is_empty() {
        page.text(
            4,
            &format!(
                "May read of the judged commit: {}.",
                plugin.grants.tree.join(", ")
            ),
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
