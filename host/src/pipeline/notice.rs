use super::fold::sort;
use super::load::Configuration;
use super::quantity::Span;
use super::waiver::Waiver;
use super::{JudgedFinding, MessageRecord, StageRecord};
use crate::model::{BaseSource, Finding, Location, Outcome, Release, RuleId, Severity, Text};
use crate::release::{Jump, Narrowing, PassedOver, Place};

/// What a person should know about the range, beyond what is in it.
#[derive(Clone, Debug, Default)]
pub struct RangeNotes {
    /// Commits that an option or a path leaves out.
    pub narrowing: Vec<Narrowing>,
    /// A last release that does not follow the one before it.
    pub jump: Option<Jump>,
    /// What says where the range begins; none where that is not known any more.
    pub source: Option<BaseSource>,
    /// What runs on the target by the record, where the range cannot begin there.
    pub passed_over: Option<PassedOver>,
}

/// The name under which the host has findings.
const HOST: &str = "holdpoint";

/// What the host itself has to say about a run. None of it blocks: what blocks is the operator's
/// to decide, through plugins.
pub(super) fn findings(
    configuration: &Configuration,
    (stages, messages): (&[StageRecord], &[MessageRecord]),
    release: &Release,
    range: &RangeNotes,
) -> Vec<JudgedFinding> {
    let mut findings = Vec::new();
    for narrowing in &range.narrowing {
        if configuration.is_narrowed_by_flag(narrowing.by) {
            findings.push(range_narrowed(narrowing));
        }
    }
    findings.extend(range.jump.as_ref().map(version_jump));
    let passed_over = range.passed_over.as_ref().zip(range.source.as_ref());
    findings.extend(passed_over.map(|(passed, source)| release_passed_over(passed, source)));
    if release.circumstances.dirty == Some(true) {
        findings.push(notice(
            "dirty-tree",
            Severity::Warning,
            "the working tree differs from the judged commit".to_owned(),
            "what lies in the working tree is not judged: commit it or put it aside",
        ));
    }
    for (name, resolved) in &configuration.plugins {
        let in_force = resolved.grants.asked(&resolved.plugin.manifest);
        for capability in resolved.grants.granted() {
            if !in_force.allow(capability) {
                findings.push(grant_unused(name, capability.name()));
            }
        }
        if !resolved.grants.requests.is_empty() && in_force.requests.is_empty() {
            findings.push(grant_unused(name, "requests"));
        }
    }
    for waiver in &configuration.plan.waivers {
        if waiver.is_expired(release.circumstances.time) {
            findings.push(waiver_expired(waiver));
        } else if !is_used(waiver, configuration, stages, release) {
            findings.push(waiver_unused(waiver));
        }
    }
    let wall_time = configuration.plan.limits.wall_time;
    let cut_short = stages
        .iter()
        .flat_map(|stage| &stage.plugins)
        .map(|plugin| &plugin.call)
        .chain(messages.iter().map(|message| &message.call))
        .filter(|call| matches!(call.outcome, Outcome::RunOutOfTime { .. }))
        .count();
    if cut_short > 0 {
        findings.push(notice(
            "run-out-of-time",
            Severity::Warning,
            format!(
                "{} not made or cut short: the run may take {}",
                match cut_short {
                    1 => "1 call was".to_owned(),
                    calls => format!("{calls} calls were"),
                },
                Span(wall_time)
            ),
            "raise wall-time in [limits], or use fewer plugins",
        ));
    }
    sort(&mut findings);
    findings
}

pub(super) fn notice(rule: &str, severity: Severity, message: String, help: &str) -> JudgedFinding {
    JudgedFinding {
        finding: Finding {
            rule: RuleId::new(HOST, rule),
            severity,
            message: Text::from(message),
            location: Location::Release,
            help: Some(Text::from(help)),
        },
        blocks: false,
        waiver: None,
    }
}

fn range_narrowed(narrowing: &Narrowing) -> JudgedFinding {
    let commits = match narrowing.commits {
        1 => "1 commit".to_owned(),
        commits => format!("{commits} commits"),
    };
    let words = narrowing.words.raw();
    notice(
        "range-narrowed",
        Severity::Warning,
        format!("{commits} since the last release are not judged: `{words}` leaves them out"),
        "leave the option out to judge the whole release",
    )
}

/// Whoever may push a tag says with it where the range begins.
fn version_jump(jump: &Jump) -> JudgedFinding {
    let commits = match jump.commits {
        1 => "1 commit".to_owned(),
        commits => format!("{commits} commits"),
    };
    notice(
        "version-jump",
        Severity::Warning,
        format!(
            "the range begins at the tag {}, whose version does not follow that of {}: {commits} \
             between them count as released",
            jump.to.raw(),
            jump.from.raw()
        ),
        "if that tag was not a release, remove it, or name the last release with `--from`",
    )
}

/// What is released is not what follows what runs.
fn release_passed_over(passed: &PassedOver, source: &BaseSource) -> JudgedFinding {
    let help = match passed.place {
        Place::Ahead => "this takes the target back: that it is meant to is for you to know",
        Place::Apart | Place::Contained => {
            "the history was written anew, or goes on elsewhere: look at what of it this release \
             would take away, or name the start with `--from`"
        }
        Place::Missing => {
            "fetch its commit; where the history was written anew, name the start with `--from`"
        }
    };
    let words = passed_over_words(passed, source);
    notice(
        "release-passed-over",
        Severity::Warning,
        words.raw().to_owned(),
        help,
    )
}

/// Why a range does not begin at what runs on the target, in a sentence without a full stop.
#[must_use]
pub fn passed_over_words(passed: &PassedOver, source: &BaseSource) -> Text {
    let release = &passed.release;
    let version = match &release.version {
        Some(version) => version.to_string(),
        None => "a release without a version".to_owned(),
    };
    let target = release
        .key
        .target
        .as_ref()
        .map_or("", |target| target.raw());
    let why = match passed.place {
        Place::Ahead => "is newer than what is judged",
        Place::Apart | Place::Contained => "is not part of what is judged",
        Place::Missing => "is not in this repository",
    };
    Text::from(format!(
        "what runs on {target} by the record, {version} (commit {}, run {}), {why}: the range \
         begins at {}",
        release.head.short(),
        release.id.short(),
        source.words().raw()
    ))
}

fn grant_unused(plugin: &str, what: &str) -> JudgedFinding {
    notice(
        "grant-unused",
        Severity::Warning,
        format!("plugin `{plugin}` is granted `{what}` and does not ask for it"),
        "remove the grant: a later version of the plugin could use it",
    )
}

fn waiver_expired(waiver: &Waiver) -> JudgedFinding {
    notice(
        "waiver-expired",
        Severity::Warning,
        format!(
            "{} ended at {} and is not applied",
            words(waiver),
            waiver.expires
        ),
        "mend what it was for and remove it, or let its owner give a new one",
    )
}

fn waiver_unused(waiver: &Waiver) -> JudgedFinding {
    notice(
        "waiver-unused",
        Severity::Info,
        format!("{} releases nothing", words(waiver)),
        "remove it when it is not needed any more",
    )
}

fn words(waiver: &Waiver) -> String {
    format!(
        "the waiver of {} for {} by {} ({})",
        waiver.rule,
        waiver.place.words().raw(),
        waiver.owner.raw(),
        waiver.site.words()
    )
}

/// Whether a waiver releases a finding of this run, be it together with another one.
fn is_used(
    waiver: &Waiver,
    configuration: &Configuration,
    stages: &[StageRecord],
    release: &Release,
) -> bool {
    configuration
        .stages
        .iter()
        .zip(stages)
        .filter_map(|(stage, record)| {
            let planned = configuration.plan.stages.get(stage.number)?;
            Some((planned.layer, record))
        })
        .any(|(layer, record)| {
            record
                .plugins
                .iter()
                .flat_map(|plugin| &plugin.findings)
                .any(|judged| waiver.releases(&judged.finding, layer, release.circumstances.time))
        })
}
