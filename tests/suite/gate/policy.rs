//! An organization's base policy in whole runs: a project tightens it or is refused.

use serde_json::Value;

use super::{AT, STAGE, conventional, run, text};
use crate::context::{Context, Ran, Repository};

/// What the organization holds its projects to. The cases below count its lines.
const BASE: &str = r#"[release]
versioning = { zero-feature = "minor" }
targets = ["staging"]
[limits]
wall-time = "1m"
[plugins.conventional-commits]
settings = { subject-length-max = 80 }
limits = { timeout = "5s" }
[plugins.conventional-commits.rules]
subject-length = "error"
[[stages]]
id = "policy"
use = ["conventional-commits"]
mode = "enforce"
on-fault = "block"
"#;

/// Runs a project under a base policy.
fn under(
    context: &Context,
    repository: &Repository,
    (base, project): (&str, &str),
    arguments: &[&str],
) -> Ran {
    let base = context.write("organization/base.toml", base);
    let project = context.write("elsewhere/pipeline.toml", project);
    let files = ["--policy", text(&base), "--pipeline", text(&project)];
    let all: Vec<&str> = files.iter().chain(arguments).copied().collect();
    run(context, repository, &all)
}

/// What a project says, and what is said of it: its key, its value and line, and those of the base.
struct Looser {
    project: &'static str,
    key: &'static str,
    says: (&'static str, u32),
    base: (&'static str, u32),
}

const fn looser(
    project: &'static str,
    key: &'static str,
    says: (&'static str, u32),
    base: (&'static str, u32),
) -> Looser {
    Looser {
        project,
        key,
        says,
        base,
    }
}

const LOOSER: &[Looser] = &[
    looser(
        "[[stages]]\nid = \"policy\"\nuse = [\"conventional-commits\"]\nmode = \"advise\"\n",
        "stages.policy.mode of `conventional-commits`",
        ("advise", 4),
        ("enforce", 14),
    ),
    looser(
        "[[stages]]\nid = \"policy\"\nuse = [\"conventional-commits\"]\non-fault = \"advise\"\n",
        "stages.policy.on-fault of `conventional-commits`",
        ("advise", 4),
        ("block", 15),
    ),
    looser(
        "[[stages]]\nid = \"policy\"\n\
         use = [{ plugin = \"conventional-commits\", mode = \"advise\" }]\n",
        "stages.policy.mode of `conventional-commits`",
        ("advise", 3),
        ("enforce", 14),
    ),
    looser(
        "[plugins.conventional-commits.rules]\nsubject-length = \"warning\"\n",
        "plugins.conventional-commits.rules.subject-length",
        ("warning", 2),
        ("error", 10),
    ),
    looser(
        "[plugins.conventional-commits.rules]\nform = \"off\"\n",
        "plugins.conventional-commits.rules.form",
        ("off", 2),
        ("left to the plugin", 6),
    ),
    looser(
        "[plugins.conventional-commits]\nsettings = { subject-length-max = 200 }\n",
        "plugins.conventional-commits.settings",
        ("{\"subject-length-max\":200}", 2),
        ("{\"subject-length-max\":80}", 7),
    ),
    looser(
        "[plugins.conventional-commits]\nsource = \"other.wasm\"\n",
        "plugins.conventional-commits.source",
        ("other.wasm", 2),
        ("embedded", 6),
    ),
    looser(
        "[plugins.conventional-commits]\nlimits = { timeout = \"1ms\" }\n",
        "plugins.conventional-commits.limits.timeout",
        ("1ms", 2),
        ("5s", 8),
    ),
    looser(
        "[limits]\nwall-time = \"1ms\"\n",
        "limits.wall-time",
        ("1ms", 2),
        ("1m", 5),
    ),
    looser(
        "[limits]\nplugins = 65\n",
        "limits.plugins",
        ("65", 2),
        ("64", 1),
    ),
    looser(
        "[release]\npath = \"docs\"\n",
        "release.path",
        ("docs", 2),
        ("the whole repository", 1),
    ),
    looser(
        "[release]\ntargets = [\"staging\", \"production\"]\n",
        "release.targets",
        ("staging, production", 2),
        ("staging", 3),
    ),
    looser(
        "[[waivers]]\nrule = \"conventional-commits/form\"\nrelease = true\nowner = \"platform\"\n\
         reason = \"in a hurry\"\nexpires = \"2027-01-31T00:00:00Z\"\n",
        "waivers.rule",
        ("conventional-commits/form", 2),
        ("enforcing `conventional-commits` without it", 13),
    ),
];

#[test]
fn a_project_that_loosens_is_refused_with_both_files_lines_and_values() {
    let context = Context::new();
    let repository = conventional(&context);
    repository.commit_file("ci/base.toml", BASE, "ci: hold releases");
    let by_path = context.write("organization/base.toml", BASE);
    for case in LOOSER {
        let project = context.write("elsewhere/pipeline.toml", case.project);
        for base in [text(&by_path), "refs/heads/main:ci/base.toml"] {
            let arguments = ["--policy", base, "--pipeline", text(&project)];
            let mut as_json = arguments.to_vec();
            as_json.extend(["--format", "json"]);
            let error = run(&context, &repository, &as_json).expect_code(2).json();
            let error = &error["error"];
            assert_eq!(
                error["message"],
                format!(
                    "`{}` is {} in {} line {}, which is looser than {} in {base} line {}",
                    case.key,
                    case.says.0,
                    text(&project),
                    case.says.1,
                    case.base.0,
                    case.base.1
                )
            );
            assert_eq!(error["place"]["line"], case.says.1);
            let help = error["help"].as_str().expect("a help");
            assert!(help.contains("never loosen"), "{help}");

            // For people both places are shown.
            let human = run(&context, &repository, &arguments).expect_code(2);
            assert_eq!(human.stdout, "");
            for (file, line) in [(text(&project), case.says.1), (base, case.base.1)] {
                let place = format!("{file}:{line}:");
                assert!(human.stderr.contains(&place), "{place}\n{}", human.stderr);
            }
        }
    }
}

#[test]
fn what_a_change_loosens_in_its_own_checkout_is_refused() {
    let context = Context::new();
    let repository = conventional(&context);
    repository.commit_file("ci/base.toml", STAGE, "ci: hold releases");
    repository.git(["checkout", "--quiet", "-b", "topic"]);
    let loose = format!("{STAGE}mode = \"advise\"\n");
    // It loosens its pipeline and, where it can, the base policy.
    repository.write("ci/base.toml", &loose);
    repository.commit_file("holdpoint.toml", &loose, "made it go");
    for base in ["main:ci/base.toml", "refs/heads/main:ci/base.toml"] {
        let ran = run(
            &context,
            &repository,
            &["--policy", base, "--allow-untrusted"],
        )
        .expect_code(2);
        assert!(ran.stderr.contains("looser than enforce"), "{}", ran.stderr);
    }
    // Its own base policy would let it go; that is not trusted.
    let own = run(&context, &repository, &["--policy", "ci/base.toml"]).expect_code(2);
    assert!(own.stdout.contains("Verdict: go"), "{}", own.stdout);
}

#[test]
fn a_project_may_tighten() {
    let context = Context::new();
    let repository = conventional(&context);
    repository.commit(&format!("fix: {}", "x".repeat(100)));
    let code = |base: &str, project: &str, code| {
        under(
            &context,
            &repository,
            (base, project),
            &["--format", "json"],
        )
        .expect_code(code)
        .json()
    };
    // The line is too long, which is a warning.
    let document = code(STAGE, "[release]\n", 0);
    assert_eq!(document["configuration"]["trusted"], true);
    let origin = document["configuration"]["policy"]["origin"].as_str();
    assert!(origin.is_some_and(|origin| origin.ends_with("base.toml")));

    let rule = "[plugins.conventional-commits.rules]\nsubject-length = \"error\"\n";
    code(STAGE, rule, 1);
    let advising = &format!("{STAGE}mode = \"advise\"\n{rule}");
    code(advising, "[release]\n", 0);
    code(advising, &format!("{STAGE}mode = \"enforce\"\n"), 1);

    let own = STAGE.replace("\"policy\"", "\"own\"");
    let document = code(STAGE, &own, 0);
    let stages = document["stages"].as_array().expect("stages");
    let ids: Vec<&Value> = stages.iter().map(|stage| &stage["id"]).collect();
    assert_eq!(ids, ["policy", "own"]);
}

#[test]
fn without_a_project_the_base_is_the_pipeline() {
    let context = Context::new();
    let repository = conventional(&context);
    repository.commit_file("ci/base.toml", BASE, "ci: hold releases");
    let ran = run(&context, &repository, &["--policy", "main:ci/base.toml"]).expect_code(0);
    assert!(
        ran.stdout.contains("refs/heads/main:ci/base.toml at "),
        "{}",
        ran.stdout
    );
    repository.commit("made it faster");
    let checked = context.holdpoint(
        repository.path(),
        ["run", "--at", AT, "--policy", "main:ci/base.toml"],
    );
    checked.expect_code(1);
}
