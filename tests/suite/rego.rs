//! The standard plugin `rego`, built from its folder: policies in Rego with the conventions of
//! conftest, through the real binary.

mod conftest;
mod document;
mod files;
mod folders;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use holdpoint_build::{BuildRequest, build_plugin};
use serde_json::Value;

use crate::context::{Context, Ran, Repository};

/// The time of every sitting here.
const TIME: &str = "2026-12-24T12:00:00Z";

/// The component: compiled when something of it has changed, and else found as it is.
fn component() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../rego");
    let built = build_plugin(&BuildRequest {
        folder: root.join("plugins/rego"),
        target_folder: target.clone(),
        offline: false,
    });
    let built = built.unwrap_or_else(|error| panic!("{error}\n{}", error.help()));
    let file = target.join("rego.wasm");
    if fs::read(&file).ok().as_ref() != Some(&built.component) {
        // Another test may be reading it.
        let new = tempfile::NamedTempFile::new_in(&target).expect("a file");
        fs::write(new.path(), &built.component).expect("the component");
        new.persist(&file).expect("the component");
    }
    fs::canonicalize(file).expect("the component")
}

/// A folder with a repository, and a pipeline beside it.
struct Scene {
    context: Context,
    repository: Repository,
    component: PathBuf,
}

impl Scene {
    fn new() -> Self {
        let context = Context::new();
        let repository = context.repository("payments");
        repository.commit_file("pay.rs", "one\n", "feat: begin");
        repository.tag("v1.0.0");
        repository.commit_file(
            "pay.rs",
            "two\n",
            "fix: round\n\nHalf to even.\n\nReviewed-by: Ada",
        );
        Self {
            context,
            repository,
            component: component(),
        }
    }

    /// The text of a pipeline with this in the plugin's table. What the plugin asks for is granted.
    fn pipeline(&self, table: &str) -> String {
        let grants = if table.contains("grants.tree") {
            ""
        } else {
            "grants.tree = [\"deploy/\"]\n"
        };
        let source = self.component.display().to_string();
        format!(
            "[plugins.rego]\nsource = {source:?}\n{grants}{table}\n\n\
             [[stages]]\nid = \"policy\"\nuse = [\"rego\"]\n"
        )
    }

    /// Runs with a pipeline that is named like this.
    fn run(&self, pipeline: &str) -> Ran {
        Ran::of(
            self.command()
                .args([
                    "run",
                    "--at",
                    TIME,
                    "--format",
                    "json",
                    "--pipeline",
                    pipeline,
                ])
                .output(),
        )
    }

    /// The binary with what it compiles kept: the component is large.
    fn command(&self) -> Command {
        let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join("rego-kept");
        let mut command = self.context.command(self.repository.path());
        command
            .env("XDG_CACHE_HOME", kept.join("cache"))
            .env("XDG_STATE_HOME", kept.join("state"));
        command
    }

    /// Runs with these policies in a folder outside of the checkout.
    fn judge(&self, policies: &[(&str, &str)], table: &str) -> Ran {
        for (name, text) in policies {
            self.context.write(&format!("policy/{name}"), text);
        }
        let table = format!("settings-files.policies = \"policy/\"\n{table}");
        let file = self.context.write("holdpoint.toml", self.pipeline(&table));
        self.run(&file.display().to_string())
    }
}

/// Runs with one policy, and nothing set.
fn judge(policy: &str) -> Ran {
    Scene::new().judge(&[("main.rego", policy)], "")
}

/// The findings: rule and message.
fn findings(report: &Value) -> Vec<(&str, &str)> {
    let findings = report["stages"][0]["findings"]
        .as_array()
        .expect("findings");
    findings
        .iter()
        .map(|finding| {
            (
                finding["rule"].as_str().expect("a rule"),
                finding["message"].as_str().expect("a message"),
            )
        })
        .collect()
}

/// The fault of the only plugin.
#[track_caller]
fn fault(ran: Ran) -> String {
    let report = ran.expect_code(3).json();
    let fault = &report["stages"][0]["plugins"][0]["fault"]["message"];
    fault
        .as_str()
        .unwrap_or_else(|| panic!("no fault: {report:#}"))
        .to_owned()
}

#[test]
fn a_denial_blocks_and_a_warning_does_not() {
    let report = judge(
        "package main\n\
         deny contains msg if {\n  some commit in input.commits\n  startswith(commit.summary, \"fix\")\n  \
         msg := sprintf(\"%s is a fix\", [commit.summary])\n}\n\
         warn contains \"look\" if input.subject.previous == \"1.0.0\"\n",
    );
    let report = report.expect_code(1).json();
    assert_eq!(report["verdict"], "no-go");
    assert_eq!(
        findings(&report),
        [
            ("rego/deny", "fix: round is a fix (main.deny)"),
            ("rego/warn", "look (main.warn)")
        ]
    );
    let report = judge("package main\nwarn contains \"look\"\n");
    let report = report.expect_code(0).json();
    assert_eq!(report["stages"][0]["findings"][0]["severity"], "warning");
}

#[test]
fn a_violation_is_an_object_with_its_message() {
    let report = judge(
        "package main\nviolation_size contains {\"msg\": \"too large\", \"lines\": 3, \
         \"_loc\": {\"file\": \"pay.rs\", \"line\": 1}}\n",
    );
    let report = report.expect_code(1).json();
    assert_eq!(
        findings(&report),
        [("rego/violation", "too large (main.violation_size)")]
    );
    let finding = &report["stages"][0]["findings"][0];
    assert_eq!(finding["help"], "The policy adds: {\"lines\":3}");
    let place = finding.to_string();
    assert!(
        place.contains("pay.rs") && place.contains("\"line\":1"),
        "{place}"
    );
}

#[test]
fn an_exception_takes_a_rule_away() {
    let policy = |excepted: &str| {
        judge(&format!(
            "package main\ndeny contains \"one\"\ndeny_two contains \"two\"\n\
             exception contains rules if rules := [{excepted:?}]\n"
        ))
    };
    let report = policy("two").expect_code(1).json();
    assert_eq!(
        findings(&report),
        [
            ("rego/deny", "one (main.deny)"),
            ("rego/exception", "An exception takes `main.deny_two` away.")
        ]
    );
    // The rules without more in their names are called "".
    let report = policy("").expect_code(1).json();
    assert_eq!(
        findings(&report),
        [
            ("rego/deny", "two (main.deny_two)"),
            ("rego/exception", "An exception takes `main.deny` away.")
        ]
    );
}

#[test]
fn policies_that_would_check_nothing_are_a_fault() {
    let fault_of =
        |policy: &str, table: &str| fault(Scene::new().judge(&[("main.rego", policy)], table));
    let nothing = fault_of("package main\nallow := true\n# deny\n", "");
    assert!(
        nothing.contains("no package that fits `main`")
            && nothing.contains("nothing would be checked"),
        "{nothing}"
    );
    // A name that is written wrong.
    let other = fault_of(
        "package main\ndeny contains \"no\"\n",
        "settings.namespaces = [\"main\", \"mian\"]",
    );
    assert!(
        other.contains("no package that fits `mian`") && other.contains("are `main`"),
        "{other}"
    );
    let none = fault(Scene::new().judge(&[("README.md", "nothing")], ""));
    assert!(none.contains("there is no policy"), "{none}");
}

#[test]
fn what_is_no_policy_is_named_with_file_and_line() {
    let fault = fault(judge(
        "package main\n\ndeny contains msg if {\n  msg :=\n}\n",
    ));
    assert!(fault.contains("policy/main.rego:4:7: "), "{fault}");
    let fault = self::fault(judge("package main\ndeny contains http.send({}).body\n"));
    assert!(
        fault.contains("policy/main.rego:2:") && fault.contains("http.send"),
        "{fault}"
    );
}

#[test]
fn results_of_another_form_are_a_fault() {
    for (policy, words) in [
        ("deny if true", "`main.deny` is a truth value"),
        ("deny := \"no\"", "`main.deny` is a text"),
        ("deny[\"no\"] if true", "`main.deny`: not a valid rule path"),
        ("deny contains 3", "`main.deny` has a number"),
        (
            "deny contains {\"message\": \"no\"}",
            "`main.deny` has an object",
        ),
    ] {
        let fault = fault(judge(&format!("package main\n{policy}\n")));
        assert!(fault.contains(words), "{policy}: {fault}");
    }
    // What is not defined has no result.
    judge("package main\nviolation := [{\"msg\": \"no\"}] if input.none\n").expect_code(0);
}

#[test]
fn rules_that_only_look_like_ones_that_count_are_a_fault() {
    for rule in ["deny_", "deny_no__root", "violation_", "warn_late_"] {
        let fault = fault(judge(&format!(
            "package main\ndeny contains \"no\" if false\n{rule} contains \"no\"\n"
        )));
        assert!(
            fault.contains(&format!("`main.{rule}` looks like a rule that counts")),
            "{rule}: {fault}"
        );
    }
    // Words that are no rules, and rules of packages that are not asked.
    let policies = [
        (
            "main.rego",
            "package main\n# deny_\ndeny contains \"no\" if data.deny_\n",
        ),
        ("other.rego", "package other\ndeny_ contains \"no\"\n"),
    ];
    Scene::new().judge(&policies, "").expect_code(0);
    let all = Scene::new().judge(&policies, "settings.namespaces = [\"*\"]");
    let fault = fault(all);
    assert!(fault.contains("`other.deny_` looks like"), "{fault}");
}

/// The first policy of the plugin's page.
fn documented_policy() -> &'static str {
    let page = include_str!("../../plugins/rego/README.md");
    let (_, rest) = page.split_once("```rego\n").expect("a policy");
    let (policy, _) = rest.split_once("```").expect("its end");
    policy
}

#[test]
fn the_documented_policy_asks_for_owners() {
    for (owners, code) in [
        (None, 1),
        (Some("* @ada\n"), 0),
        (Some("*.rs @ada\n"), 1),
        (Some("* @ada\nmigrations/\n"), 1),
    ] {
        let scene = Scene::new();
        scene
            .repository
            .commit_file("migrations/1.sql", "drop\n", "feat: migrate");
        scene.context.write("policy/main.rego", documented_policy());
        let pipeline = scene.pipeline("settings-files.policies = \"policy/\"");
        let mut release = "[release]\n".to_owned();
        if let Some(owners) = owners {
            scene.context.write("CODEOWNERS", owners);
            release.push_str("owners = \"CODEOWNERS\"\n");
        }
        let file = scene
            .context
            .write("holdpoint.toml", format!("{release}\n{pipeline}"));
        let run = ["run", "--at", TIME, "--target", "production", "--pipeline"];
        let ran = Ran::of(scene.command().args(run).arg(file).output());
        assert_eq!(ran.code, code, "{owners:?}: {}{}", ran.stdout, ran.stderr);
    }
}

#[test]
fn both_versions_of_the_language_are_read() {
    let old = "package main\ndeny[msg] { input.subject.project == \"payments\"; msg := \"old\" }\n";
    let new = "package main\ndeny contains \"new\" if input.subject.project == \"payments\"\n";
    for (policy, version, code) in [
        (old, "v0", 1),
        (new, "v1", 1),
        (old, "v1", 3),
        (new, "v0", 3),
    ] {
        let table = format!("settings.rego-version = {version:?}");
        let ran = Scene::new().judge(&[("main.rego", policy)], &table);
        assert_eq!(ran.code, code, "{version}: {}{}", ran.stdout, ran.stderr);
    }
}

#[test]
fn namespaces_choose_packages() {
    let policies = [
        ("main.rego", "package main\ndeny contains \"main\"\n"),
        (
            "lib/a.rego",
            "package main.a\nimport data.lib\ndeny contains lib.name\n",
        ),
        ("lib/lib.rego", "package lib\nname := \"a\"\n"),
        (
            "odd.rego",
            "package odd[\"1.0\"]\nwarn_odd contains \"odd\"\n",
        ),
    ];
    for (namespaces, expected) in [
        ("[\"main\"]", &["main (main.deny)"][..]),
        ("[\"main.*\"]", &["a (main.a.deny)"]),
        (
            "[\"*\"]",
            &[
                "main (main.deny)",
                "a (main.a.deny)",
                "odd (odd[\"1.0\"].warn_odd)",
            ],
        ),
    ] {
        let ran = Scene::new().judge(&policies, &format!("settings.namespaces = {namespaces}"));
        let report = ran.json();
        let mut messages: Vec<_> = findings(&report)
            .iter()
            .map(|(_, message)| *message)
            .collect();
        messages.sort_unstable();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(messages, expected, "{namespaces}");
    }
}

#[test]
fn the_clock_is_that_of_the_sitting() {
    let report = judge("package main\nwarn contains time.format(time.now_ns())\n");
    let report = report.expect_code(0).json();
    assert_eq!(
        findings(&report),
        [("rego/warn", "2026-12-24T12:00:00Z (main.warn)")]
    );
}

#[test]
fn an_evaluation_without_an_end_is_a_fault() {
    for (policy, limits) in [
        ("numbers.range(1, 900000000)[_] == -1", ""),
        (
            "some a in numbers.range(1, 3000); some b in numbers.range(1, 3000); a * b == -1",
            "limits.fuel = 500000000",
        ),
    ] {
        let policy = format!("package main\ndeny contains \"never\" if {{ {policy} }}\n");
        let ran = Scene::new().judge(&[("main.rego", &policy)], limits);
        let report = ran.expect_code(3).json();
        let outcome = report["stages"][0]["plugins"][0]["outcome"].to_string();
        assert!(
            ["out-of-fuel", "out-of-memory", "trapped"]
                .iter()
                .any(|word| outcome.contains(word)),
            "{outcome}"
        );
    }
}
