//! The organization's base policy: a project tightens it or is refused.

use std::fmt::Write as _;

use holdpoint::model::{
    Answer, Assessment, Basis, Finding, Location, Outcome, RuleId, ScaleReason, Score, Severity,
    Text, Verdict,
};
use holdpoint::pipeline::{
    ConfigurationError, Layer, Mode, OnFault, Origin, Percentile, Plan, Trust, order, parse,
    source, tighten, worst,
};
use proptest::prelude::*;

fn plan(name: &str, text: &str, layer: Layer) -> Result<Plan, ConfigurationError> {
    let bytes = text.as_bytes().to_vec();
    let source = source(Origin::Embedded, Text::from(name), bytes, Trust::Trusted)?;
    Plan::new(parse(&source)?, &source, layer)
}

fn merged(base: &str, project: &str) -> Result<Plan, ConfigurationError> {
    let plan = tighten(
        plan("base.toml", base, Layer::Policy)?,
        plan("project.toml", project, Layer::Pipeline)?,
    )?;
    order(&plan.stages)?;
    Ok(plan)
}

#[track_caller]
fn looser(base: &str, project: &str, message: &str) {
    let error = merged(base, project).expect_err("it is looser");
    assert_eq!(error.to_string(), message);
    assert!(
        error
            .help()
            .is_some_and(|help| help.contains("never loosen"))
    );
}

const BASE: &str = "[[stages]]\nid = \"policy\"\nuse = [\"p\"]\n";
const OWN: &str = "[[stages]]\nid = \"own\"\nuse = [\"q\"]\n";

fn with(stages: &str, table: &str) -> String {
    format!("{stages}{table}\n")
}

#[test]
fn the_stages_of_the_base_stay_and_come_first() {
    let plan = merged(BASE, OWN).expect("an addition");
    let ids: Vec<&str> = plan.stages.iter().map(|stage| stage.id.as_str()).collect();
    assert_eq!(ids, ["policy", "own"]);
}

#[test]
fn what_the_base_sets_about_the_release_is_fixed() {
    let cases = [
        ("project = \"a\"", "project = \"b\"", "project", "a", "b"),
        (
            "tag = \"v{version}\"",
            "tag = \"x{version}\"",
            "tag",
            "v{version}",
            "x{version}",
        ),
        ("path = \"a\"", "path = \"a/b\"", "path", "a", "a/b"),
        (
            "initial = \"1.0.0\"",
            "initial = \"0.1.0\"",
            "initial",
            "1.0.0",
            "0.1.0",
        ),
        ("owners = \"a\"", "owners = \"b\"", "owners", "a", "b"),
        (
            "zone = \"UTC\"",
            "zone = \"Europe/Berlin\"",
            "zone",
            "UTC",
            "Europe/Berlin",
        ),
        (
            "targets = [\"a\"]",
            "targets = [\"a\", \"b\"]",
            "targets",
            "a",
            "a, b",
        ),
    ];
    for (base, project, key, was, is) in cases {
        let base = with(BASE, &format!("[release]\n{base}"));
        let changed = with(OWN, &format!("[release]\n{project}"));
        let message = format!(
            "`release.{key}` is {is} in project.toml line 5, which is looser than {was} in base.toml line 5"
        );
        looser(&base, &changed, &message);
        let same = with(OWN, base.trim_start_matches(BASE));
        assert!(merged(&base, &same).is_ok(), "{key} may be repeated");
        // What is judged, what it is compared with and what time it is are the base's to say.
        let is_free = !["path", "tag", "zone"].contains(&key);
        assert_eq!(
            merged(BASE, &changed).is_ok(),
            is_free,
            "{key} where the base does not set it"
        );
    }
}

#[test]
fn a_project_cannot_narrow_the_range() {
    looser(
        BASE,
        &with(OWN, "[release]\npath = \"a\""),
        "`release.path` is a in project.toml line 5, which is looser than the whole repository in base.toml line 1",
    );
}

#[test]
fn a_project_has_fewer_targets() {
    let base = with(BASE, "[release]\ntargets = [\"staging\", \"production\"]");
    let plan = merged(&base, &with(OWN, "[release]\ntargets = [\"staging\"]")).expect("fewer");
    assert_eq!(plan.release.targets.expect("set").value, ["staging"]);
}

#[test]
fn versions_may_only_ask_for_more() {
    let project = |bump: &str| {
        with(
            OWN,
            &format!("[release.versioning]\nzero-feature = \"{bump}\""),
        )
    };
    let base = with(BASE, "[release.versioning]\nzero-feature = \"minor\"");
    assert!(merged(BASE, &project("minor")).is_ok());
    assert!(merged(&base, &project("patch")).is_err());
}

#[test]
fn artifacts_and_evidence_are_added() {
    let base = with(BASE, "[[release.artifacts]]\nname = \"app\"\npath = \"a\"");
    let other = with(OWN, "[[release.artifacts]]\nname = \"app\"\npath = \"b\"");
    looser(
        &base,
        &other,
        "`release.artifacts `app`` is b in project.toml line 4, which is looser than a in base.toml line 4",
    );
    let more = with(OWN, "[[release.artifacts]]\nname = \"more\"\npath = \"b\"");
    assert_eq!(
        merged(&base, &more).expect("more").release.artifacts.len(),
        2
    );
}

#[test]
fn caps_of_the_run_are_fixed_but_for_fewer_plugins() {
    let base = with(BASE, "[limits]\nplugins = 10\nmemory = \"1 GiB\"");
    let project = |table: &str| with(OWN, &format!("[limits]\n{table}"));
    assert_eq!(
        merged(&base, &project("plugins = 5"))
            .expect("fewer")
            .limits
            .plugins,
        5
    );
    assert_eq!(
        merged(&base, OWN).expect("as in the base").limits.plugins,
        10
    );
    looser(
        &base,
        &project("plugins = 11"),
        "`limits.plugins` is 11 in project.toml line 5, which is looser than 10 in base.toml line 5",
    );
    looser(
        &base,
        &project("memory = \"512 MiB\""),
        "`limits.memory` is 512 MiB in project.toml line 5, which is looser than 1 GiB in base.toml line 6",
    );
    looser(
        &base,
        &project("wall-time = \"1s\""),
        "`limits.wall-time` is 1s in project.toml line 5, which is looser than 10m in base.toml line 1",
    );
    assert!(merged(&base, &project("concurrent-calls = 1")).is_err());
    looser(
        &base,
        &project("requests = 3000"),
        "`limits.requests` is 3000 in project.toml line 5, which is looser than 2000 in base.toml line 1",
    );
    for other in [
        "requests = 1",
        "response-data = \"1 GiB\"",
        "requests-time = \"2h\"",
    ] {
        assert!(merged(&base, &project(other)).is_err(), "{other}");
    }
}

#[test]
fn a_plugin_of_the_base_is_fixed() {
    let base = with(
        BASE,
        "[plugins.p]\nsource = \"/a.wasm\"\nsettings = { a = 1 }\nlimits = { timeout = \"5s\" }",
    );
    let project = |line: &str| with(OWN, &format!("[plugins.p]\n{line}"));
    for same in [
        "source = \"/a.wasm\"",
        "settings = { a = 1 }",
        "limits = { timeout = \"5s\" }",
        "",
    ] {
        assert!(merged(&base, &project(same)).is_ok(), "{same}");
    }
    looser(
        &base,
        &project("source = \"/b.wasm\""),
        "`plugins.p.source` is /b.wasm in project.toml line 5, which is looser than /a.wasm in base.toml line 5",
    );
    for other in [
        "settings = { a = 2 }",
        "limits = { timeout = \"4s\" }",
        "limits = { timeout = \"6s\" }",
    ] {
        assert!(merged(&base, &project(other)).is_err(), "{other}");
    }
    let table = "[plugins.p]\nsettings = { a = 2 }";
    assert!(
        merged(BASE, &with(OWN, table)).is_err(),
        "a plugin that the base uses without a table"
    );
}

#[test]
fn rules_are_only_raised() {
    let base = with(BASE, "[plugins.p.rules]\na = \"warning\"\nb = \"off\"");
    let project = |rule: &str| with(OWN, &format!("[plugins.p.rules]\n{rule}"));
    for raised in [
        "a = \"error\"",
        "a = \"warning\"",
        "b = \"info\"",
        "c = \"error\"",
    ] {
        assert!(merged(&base, &project(raised)).is_ok(), "{raised}");
    }
    looser(
        &base,
        &project("a = \"info\""),
        "`plugins.p.rules.a` is info in project.toml line 5, which is looser than warning in base.toml line 5",
    );
    looser(
        &base,
        &project("c = \"warning\""),
        "`plugins.p.rules.c` is warning in project.toml line 5, which is looser than left to the plugin in base.toml line 4",
    );
}

#[test]
fn mode_and_on_fault_are_only_raised() {
    let base = with(BASE, "mode = \"advise\"\non-fault = \"advise\"");
    let raised = with(BASE, "mode = \"enforce\"\non-fault = \"block\"");
    let plan = merged(&base, &raised).expect("raised");
    assert_eq!(plan.stages[0].uses[0].mode(), Mode::Enforce);
    assert_eq!(plan.stages[0].uses[0].on_fault(), OnFault::Block);
    let kept = merged(&base, BASE).expect("unsaid");
    assert_eq!(kept.stages[0].uses[0].mode(), Mode::Advise);
    looser(
        BASE,
        &with(BASE, "mode = \"advise\""),
        "`stages.policy.mode of `p`` is advise in project.toml line 4, which is looser than enforce in base.toml line 3",
    );
    assert!(merged(BASE, &with(BASE, "on-fault = \"advise\"")).is_err());
}

#[test]
fn thresholds_are_only_lowered_or_added() {
    let base = with(BASE, "approve-at = 50\nblock-at = 90");
    let thresholds = |project: &str| {
        let plan = merged(&base, &with(BASE, project)).expect("tighter");
        let thresholds = plan.stages[0].thresholds();
        (
            thresholds.approve_at.map(Percentile::value),
            thresholds.block_at.map(Percentile::value),
        )
    };
    assert_eq!(thresholds(""), (Some(50.0), Some(90.0)));
    assert_eq!(thresholds("approve-at = 50"), (Some(50.0), Some(90.0)));
    assert_eq!(thresholds("approve-at = 0"), (Some(0.0), Some(90.0)));
    assert_eq!(thresholds("block-at = 50"), (Some(50.0), Some(50.0)));
    looser(
        &base,
        &with(BASE, "approve-at = 50.5"),
        "`stages.policy.approve-at` is 50.5 in project.toml line 4, which is looser than 50 in base.toml line 4",
    );
    looser(
        &base,
        &with(BASE, "block-at = 100"),
        "`stages.policy.block-at` is 100 in project.toml line 4, which is looser than 90 in base.toml line 5",
    );
    let added = merged(BASE, &with(BASE, "block-at = 99")).expect("added");
    let added = added.stages[0].thresholds();
    assert_eq!(added.block_at.map(Percentile::value), Some(99.0));
    let error = merged(&base, &with(BASE, "block-at = 40")).expect_err("approve-at is above");
    assert_eq!(
        error.to_string(),
        "`approve-at` is 50, which is above `block-at`, 40"
    );
    let file = error.site().map(|site| site.source.name.raw().to_owned());
    assert_eq!(file.as_deref(), Some("project.toml"));
}

#[test]
fn a_stage_of_the_base_gets_no_plugins_and_no_needs() {
    looser(
        BASE,
        "[[stages]]\nid = \"policy\"\nuse = [\"q\"]\n",
        "`stages.policy.use` is q in project.toml line 3, which is looser than p in base.toml line 2",
    );
    let needs = format!("{}{OWN}", with(BASE, "needs = [\"own\"]"));
    assert!(merged(BASE, &needs).is_err());
    let error = merged(&with(BASE, "needs = [\"own\"]"), OWN).expect_err("the base stands alone");
    assert!(
        error.to_string().contains("which is not a stage"),
        "{error}"
    );
}

fn waiver(rule: &str) -> String {
    format!(
        "[[waivers]]\nrule = \"{rule}\"\nrelease = true\nowner = \"a\"\nreason = \"b\"\n\
         expires = \"2027-01-01T00:00:00Z\""
    )
}

#[test]
fn a_project_waives_findings_of_its_own_stages_only() {
    assert!(merged(BASE, &with(OWN, &waiver("q/a"))).is_ok());
    looser(
        BASE,
        &with(OWN, &waiver("p/a")),
        "`waivers.rule` is p/a in project.toml line 5, which is looser than enforcing `p` without it in base.toml line 3",
    );
    assert!(
        merged(&with(BASE, &waiver("p/a")), OWN).is_ok(),
        "the base may"
    );
}

/// The verdict of all stages whose plugins answer as `answers` says.
fn verdict(plan: &Plan, answers: &dyn Fn(&str) -> Outcome) -> Verdict {
    let time = "2026-06-01T00:00:00Z".parse().expect("a time");
    worst(plan.stages.iter().map(|stage| {
        worst(stage.uses.iter().map(|used| {
            let outcome = answers(&used.plugin);
            let mut judge = plan.judge(stage, used, time);
            judge.score = score(&outcome);
            judge.judge(&outcome).verdict
        }))
    }))
}

/// The magnitude itself as a score.
fn score(outcome: &Outcome) -> Option<Score> {
    match outcome {
        Outcome::Answered(Answer::Assessment(assessment)) => Some(Score {
            value: assessment.magnitude,
            basis: Basis::Scale(ScaleReason::TooFew),
            releases: 0,
            recorded: 0,
            left_out: 0,
            unfinished: 0,
        }),
        _ => None,
    }
}

fn stage(id: &'static str) -> impl Strategy<Value = String> {
    let mode = prop::sample::select(vec!["", "mode = \"advise\"\n", "mode = \"enforce\"\n"]);
    let fault = prop::sample::select(vec![
        "",
        "on-fault = \"advise\"\n",
        "on-fault = \"block\"\n",
    ]);
    let uses = prop::sample::subsequence(vec!["\"p\"", "\"q\"", "\"r\""], 1..=3);
    let approve = prop::sample::select(vec!["", "approve-at = 10\n", "approve-at = 60\n"]);
    let block = prop::sample::select(vec!["", "block-at = 60\n", "block-at = 90.5\n"]);
    (mode, fault, uses, approve, block).prop_map(move |(mode, fault, uses, approve, block)| {
        format!(
            "[[stages]]\nid = \"{id}\"\nuse = [{}]\n{mode}{fault}{approve}{block}",
            uses.join(", ")
        )
    })
}

fn tables() -> impl Strategy<Value = String> {
    let setting = prop::sample::select(vec!["", "off", "info", "warning", "error"]);
    let rules = prop::collection::vec((prop::sample::select(vec!["p", "q", "r"]), setting), 0..3);
    let waivers = prop::collection::vec(prop::sample::select(vec!["p/a", "q/a", "r/a"]), 0..2);
    (rules, waivers).prop_map(|(rules, waivers)| {
        let mut text = String::new();
        let mut seen = std::collections::BTreeSet::new();
        for (plugin, setting) in rules {
            if !setting.is_empty() && seen.insert(plugin) {
                let _ = writeln!(text, "[plugins.{plugin}.rules]\na = \"{setting}\"");
            }
        }
        for rule in waivers {
            let _ = writeln!(text, "{}", waiver(rule));
        }
        text
    })
}

fn outcome() -> impl Strategy<Value = Outcome> {
    let severity = prop::sample::select(vec![Severity::Info, Severity::Warning, Severity::Error]);
    prop_oneof![
        1 => Just(Outcome::OutOfFuel { limit: 1 }),
        2 => prop::sample::select(vec![0.0, 10.0, 60.0, 75.0, 90.5, 100.0]).prop_map(|magnitude| {
            let factors = Vec::new();
            Outcome::Answered(Answer::Assessment(Assessment { magnitude, factors }))
        }),
        3 => prop::collection::vec(severity, 0..3).prop_map(|severities| {
            let findings = severities.into_iter().map(|severity| Finding {
                rule: RuleId::new("p", "a"),
                severity,
                message: Text::from("no"),
                location: Location::Release,
                help: None,
            });
            Outcome::Answered(Answer::Findings(findings.collect()))
        }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn no_project_makes_a_verdict_of_the_base_better(
        base in (stage("one"), tables()),
        project in (prop::option::of(stage("one")), prop::option::of(stage("two")), tables()),
        answers in (outcome(), outcome(), outcome()),
    ) {
        let base = format!("{}{}", base.0, base.1);
        let project = format!(
            "# a project\n{}{}{}",
            project.0.unwrap_or_default(), project.1.unwrap_or_default(), project.2
        );
        let answer = |plugin: &str| match plugin {
            "p" => answers.0.clone(),
            "q" => answers.1.clone(),
            _ => answers.2.clone(),
        };
        let alone = plan("base.toml", &base, Layer::Policy).expect("a base");
        if let Ok(merged) = merged(&base, &project) {
            prop_assert!(
                verdict(&merged, &answer) >= verdict(&alone, &answer),
                "{base}\n---\n{project}"
            );
        }
    }
}
