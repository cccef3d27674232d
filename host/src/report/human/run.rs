use std::collections::HashSet;

use super::{Detail, Page, answer, edit, effect, finding, message, page, score};
use crate::model::{Answer, BaseSource, Effects, Outcome, Part, Release, Text, Verdict};
use crate::pipeline::{OnFault, PluginRecord, RunRecord, StageRecord, Trust};
use crate::report::commits::Commits;
use crate::report::json::{instant, level_name};
use crate::report::{outcome, words};

/// Puts a run on a page.
pub fn human_run(page: &mut Page, record: &RunRecord, detail: Detail) {
    effect::loudest(page, record);
    if detail > Detail::Brief {
        subject(page, record);
    }
    let commits = Commits::new(&record.release.subject);
    for stage in &record.stages {
        if detail > Detail::Brief || stage.verdict != Verdict::Go {
            put_stage(page, stage, record, &commits, detail);
        }
    }
    if !record.findings.is_empty() {
        page.led(0, page::heading(), "About the run as a whole", "");
        finding::list(page, 2, &record.findings, &commits);
        page.gap();
    }
    if detail > Detail::Brief {
        message::put(page, record, detail);
    }
    verdict(page, record);
}

fn subject(page: &mut Page, record: &RunRecord) {
    let release = &record.release;
    let subject = &release.subject;
    page.led(0, page::heading(), &title(release), "");
    page.field("Range", &range(release, record.base_source.as_ref()));
    page.field("Files", &files(release));
    if let Some(path) = &subject.path {
        page.field("Path", &format!("only what is under {}", path.terminal()));
    }
    for artifact in &subject.artifacts {
        page.field(
            "Ships",
            &format!(
                "{}, {}, {}",
                artifact.name.terminal(),
                words::bytes(artifact.size),
                artifact.digest
            ),
        );
    }
    for item in &subject.evidence {
        page.field(
            "Evidence",
            &format!(
                "{}, {}, {}, {}",
                item.name.terminal(),
                item.media_type.terminal(),
                words::bytes(item.size),
                item.digest
            ),
        );
    }
    let circumstances = &release.circumstances;
    let dry = if circumstances.dry_run {
        ", dry run"
    } else {
        ""
    };
    page.field(
        "Time",
        &format!("{} ({}){dry}", circumstances.time, circumstances.zone),
    );
    if let Some(ci) = &circumstances.ci {
        let initiator = ci.initiator.as_ref().map_or_else(
            || "somebody".to_owned(),
            |initiator| initiator.terminal().to_string(),
        );
        page.field(
            "Started",
            &format!("by {initiator}, as {} claims", ci.system),
        );
    }
    let configuration = &record.configuration;
    let trust = match configuration.trust {
        Trust::Trusted => "trusted",
        Trust::Untrusted => "not trusted: the change under judgement could have written it",
    };
    page.field(
        "Pipeline",
        &format!("{}, {trust}", configuration.pipeline.origin.terminal()),
    );
    if let Some(policy) = &configuration.policy {
        page.field("Policy", &policy.origin.terminal().to_string());
    }
    page.gap();
}

fn title(release: &Release) -> String {
    let subject = &release.subject;
    let mut title = format!("Release of {}", subject.project.terminal());
    match &subject.version {
        Some(version) => title.push_str(&format!(" {version}")),
        None => title.push_str(" without a new version"),
    }
    match &subject.previous {
        Some(previous) => title.push_str(&format!(" after {previous}")),
        None => title.push_str(", its first"),
    }
    if let Some(target) = &subject.target {
        title.push_str(&format!(", to {}", target.terminal()));
    }
    title
}

fn range(release: &Release, source: Option<&BaseSource>) -> String {
    let subject = &release.subject;
    let people: HashSet<_> = subject
        .commits
        .iter()
        .map(|commit| (&commit.author.name, &commit.author.email))
        .collect();
    let merges = match subject.totals.merges {
        0 => String::new(),
        merges => format!(" ({})", words::count(merges, "merge", "merges")),
    };
    let base = match &subject.base {
        Some(base) => match source {
            Some(source) => format!("after {} ({})", base.short(), source.words().terminal()),
            None => format!("after {}", base.short()),
        },
        None => "from the beginning".to_owned(),
    };
    format!(
        "{}{merges} by {}, {base} up to {}",
        words::count(subject.totals.commits, "commit", "commits"),
        words::count(people.len() as u64, "person", "people"),
        subject.head.short()
    )
}

fn files(release: &Release) -> String {
    let totals = release.subject.totals;
    format!(
        "{} changed, {} added, {} deleted",
        words::count(totals.files, "file", "files"),
        words::count(totals.insertions, "line", "lines"),
        words::number(totals.deletions)
    )
}

fn put_stage(
    page: &mut Page,
    stage: &StageRecord,
    record: &RunRecord,
    commits: &Commits<'_>,
    detail: Detail,
) {
    page.led(
        0,
        page::of_verdict(stage.verdict),
        &if stage.reached {
            format!("Stage {}: {}", stage.id, stage.verdict)
        } else {
            format!("Stage {}: not reached", stage.id)
        },
        "",
    );
    for plugin in &stage.plugins {
        put_plugin(page, (plugin, stage), record, commits, detail);
    }
    effect::put(page, stage, record.sitting.is_none());
    effect::put_measured(page, stage, record, commits);
    page.gap();
}

fn put_plugin(
    page: &mut Page,
    (plugin, stage): (&PluginRecord, &StageRecord),
    record: &RunRecord,
    commits: &Commits<'_>,
    detail: Detail,
) {
    let outcome = &plugin.call.outcome;
    let lead = format!("{} {} ({})", plugin.name, plugin.version, plugin.kind);
    match outcome::words(outcome) {
        None => {
            let findings = match plugin.findings.len() {
                0 => String::new(),
                length => format!(", {}", words::count(length as u64, "finding", "findings")),
            };
            page.led(
                2,
                page::heading(),
                &lead,
                &format!(": {}{findings}", plugin.verdict),
            );
        }
        Some(happened) => {
            page.led(
                2,
                page::heading(),
                &lead,
                &format!(": {}, because it {}", plugin.verdict, happened.terminal()),
            );
            if plugin.on_fault == OnFault::Advise {
                page.text(4, "Its faults do not block, as the pipeline says.");
            }
            let origin = &record.configuration.pipeline.origin;
            if let Some(help) = outcome::help(outcome, &plugin.name, origin) {
                page.led(4, page::heading(), "Help: ", &help);
            }
        }
    }
    if let Some(score) = &plugin.score {
        score::put(page, 4, score);
    }
    if let Outcome::Answered(answer) = outcome {
        match answer {
            Answer::Edits(edits) => {
                let mut effects = stage.effects.iter();
                let began = effects.any(|known| known.effect.part == Part::Edit);
                edit::put(page, 4, (edits, &plugin.edits), began, detail);
            }
            _ => answer::put(page, 4, answer, commits),
        }
    }
    finding::list(page, 4, &plugin.findings, commits);
    if detail == Detail::Full || !matches!(outcome, Outcome::Answered(_)) {
        log(page, plugin);
    }
    if detail == Detail::Full {
        page.text(
            4,
            &format!(
                "It used {} units of fuel, {} of memory and {}.",
                words::number(plugin.call.fuel),
                words::bytes(plugin.call.memory_bytes),
                words::duration(plugin.call.duration)
            ),
        );
    }
}

/// What the author of a plugin needs to find the defect.
fn log(page: &mut Page, plugin: &PluginRecord) {
    if !plugin.call.log.is_empty() {
        page.text(4, "It logged:");
        for line in &plugin.call.log {
            let text = format!("{}: {}", level_name(line.level), line.text.raw());
            page.block(4, &Text::from(text));
        }
    }
    if let Outcome::Trapped { backtrace, .. } = &plugin.call.outcome
        && !backtrace.is_empty()
    {
        page.text(4, "It was here, innermost first:");
        for frame in backtrace {
            page.block(4, frame);
        }
    }
}

fn verdict(page: &mut Page, record: &RunRecord) {
    page.led(
        0,
        page::of_verdict(record.verdict),
        &format!("Verdict: {}", record.verdict),
        &format!(". {}", why(record)),
    );
    if record.overridden {
        page.led(
            0,
            page::heading(),
            "OVERRIDDEN",
            ": people who may do so let it go although this is its verdict.",
        );
    }
    if record.effects == Effects::Undone {
        page.led(
            0,
            page::heading(),
            "UNDONE",
            ": an effect failed, and all that was carried out was taken back.",
        );
    }
    effect::recorded(page, record);
    let origin = record.configuration.pipeline.origin.terminal().to_string();
    let untrusted = record.configuration.trust == Trust::Untrusted;
    if untrusted && record.verdict == Verdict::Go {
        page.text(
            0,
            "This is a rehearsal: a go counts only when the change under judgement could not have \
             written the pipeline.",
        );
    }
    let next = match record.verdict {
        Verdict::Go if untrusted => {
            "Name the pipeline from a place that the change cannot reach, such as `--pipeline \
             main:holdpoint.toml` or a file outside the checkout."
                .to_owned()
        }
        Verdict::Go => return,
        Verdict::NoGo if is_only_the_hosts(record) => {
            "Do what the help beside each finding says and run again. A risk cannot be waived."
                .to_owned()
        }
        Verdict::NoGo if origin == "embedded" => {
            "Correct what blocks and run again, or write a pipeline file of your own with a waiver \
             that has an owner, a reason and an expiry."
                .to_owned()
        }
        Verdict::NoGo => format!(
            "Correct what blocks and run again, or give a waiver with an owner, a reason and an \
             expiry in {origin}."
        ),
        Verdict::Wait => match &record.sitting {
            None => "Run again when what is missing is there.".to_owned(),
            Some(_) => format!(
                "When what is missing is there: holdpoint resume {}",
                record.run.get(..12).unwrap_or(&record.run)
            ),
        },
        Verdict::Fault => {
            "Do what the help beside each fault says and run again. A fault cannot be waived."
                .to_owned()
        }
    };
    page.led(0, page::heading(), "Next: ", &next);
}

/// Whether nothing blocks but what the host itself found, which is a risk that is too high.
fn is_only_the_hosts(record: &RunRecord) -> bool {
    let plugins = record.stages.iter().flat_map(|stage| &stage.plugins);
    plugins
        .flat_map(|plugin| &plugin.findings)
        .filter(|judged| judged.blocks)
        .all(|judged| judged.finding.rule.as_str().starts_with("holdpoint/"))
}

/// Why the verdict is what it is, in one sentence.
fn why(record: &RunRecord) -> String {
    let worst: Vec<&str> = record
        .stages
        .iter()
        .filter(|stage| stage.verdict == record.verdict)
        .map(|stage| stage.id.as_str())
        .collect();
    let stages = format!(
        "{} {}",
        if worst.len() == 1 { "stage" } else { "stages" },
        worst.join(", ")
    );
    let judged = || {
        record
            .stages
            .iter()
            .flat_map(|stage| &stage.plugins)
            .flat_map(|plugin| &plugin.findings)
            .chain(&record.findings)
    };
    let blocking = judged().filter(|judged| judged.blocks).count() as u64;
    let waived = judged().filter(|judged| judged.waiver.is_some()).count() as u64;
    let advisory = judged().count() as u64 - blocking - waived;
    if !record.stages.is_empty() && record.stages.iter().all(|stage| !stage.reached) {
        return "That is what the run came to before; nothing was decided or carried out now. \
                `holdpoint run --again` begins anew."
            .to_owned();
    }
    match record.verdict {
        Verdict::Go => {
            let mut why = match record.stages.len() {
                1 => format!("The one stage, {}, is go", worst.join(", ")),
                length => format!(
                    "All {} are go",
                    words::count(length as u64, "stage", "stages")
                ),
            };
            if waived > 0 {
                let findings = words::count(waived, "finding is", "findings are");
                why.push_str(&format!("; {findings} waived"));
            }
            if advisory > 0 {
                let findings = words::count(advisory, "finding does", "findings do");
                why.push_str(&format!("; {findings} not block"));
            }
            format!("{why}.")
        }
        Verdict::NoGo => {
            let findings = words::count(blocking, "finding blocks", "findings block");
            match worst.len() {
                0 => format!("{findings} the run as a whole."),
                _ => format!("{findings}, in {stages}."),
            }
        }
        Verdict::Wait => format!("Something is missing in {stages}."),
        Verdict::Fault => {
            format!("A plugin could not decide in {stages}, and what cannot be decided blocks.")
        }
    }
}

/// A half-open span of time in words.
pub(super) fn window(start: Option<i64>, end: Option<i64>) -> String {
    match (start, end) {
        (Some(start), Some(end)) => format!("from {} until {}", instant(start), instant(end)),
        (Some(start), None) => format!("from {} on", instant(start)),
        (None, Some(end)) => format!("until {}", instant(end)),
        (None, None) => "at any time".to_owned(),
    }
}
