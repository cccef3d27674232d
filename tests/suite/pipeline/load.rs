//! Loading: which files are read, whether they are trusted, and whether plugins fit.

use std::path::Path;

use holdpoint::model::Kind;
use holdpoint::pipeline::{
    Configuration, ConfigurationError, Flags, Problem, Request, Trust, load,
};
use holdpoint::release::Repository;
use holdpoint_build::{Manifest, Rule, Severity};

use crate::context::{self, Context};

const STAGE: &str = "[[stages]]\nid = \"policy\"\nuse = [\"conventional-commits\"]\n";

fn loaded(
    checkout: &context::Repository,
    pipeline: Option<&str>,
    policy: Option<&str>,
) -> Result<Configuration, ConfigurationError> {
    with_flags(checkout, pipeline, policy, Flags::default())
}

fn with_flags(
    checkout: &context::Repository,
    pipeline: Option<&str>,
    policy: Option<&str>,
    flags: Flags,
) -> Result<Configuration, ConfigurationError> {
    let repository = Repository::open(checkout.path()).expect("a repository");
    load(Request {
        components: None,
        repository: &repository,
        folder: checkout.path(),
        pipeline,
        policy,
        flags,
    })
}

fn words(path: &Path) -> &str {
    path.to_str().expect("a temporary path is UTF-8")
}

fn checkout(context: &Context) -> context::Repository {
    let repository = context.repository("checkout");
    repository.commit_file("a", "a", "feat: a");
    repository
}

#[test]
fn without_a_file_the_embedded_pipeline_is_used_and_trusted() {
    let context = Context::new();
    let configuration = loaded(&checkout(&context), None, None).expect("it loads");
    assert_eq!(configuration.pipeline.origin.raw(), "embedded");
    assert_eq!(configuration.trust, Trust::Trusted);
    assert_eq!(configuration.stages[0].uses[0].kind, Kind::Policy);
}

#[test]
fn a_file_of_the_checkout_is_used_and_not_trusted() {
    let context = Context::new();
    let checkout = checkout(&context);
    checkout.write("holdpoint.toml", STAGE);
    let configuration = loaded(&checkout, None, None).expect("it loads");
    assert_eq!(configuration.trust, Trust::Untrusted);
    let named = loaded(&checkout, Some("holdpoint.toml"), None).expect("it loads");
    assert_eq!(named.trust, Trust::Untrusted);
    let in_git = checkout.path().join(".git/holdpoint.toml");
    checkout.write(".git/holdpoint.toml", STAGE);
    let configuration = loaded(&checkout, Some(words(&in_git)), None).expect("it loads");
    assert_eq!(configuration.trust, Trust::Untrusted);
}

#[test]
fn a_file_from_elsewhere_is_trusted() {
    let context = Context::new();
    let checkout = checkout(&context);
    let outside = context.write("outside/holdpoint.toml", STAGE);
    let configuration = loaded(&checkout, Some(words(&outside)), None).expect("it loads");
    assert_eq!(configuration.trust, Trust::Trusted);
    let relative = loaded(&checkout, Some("../outside/holdpoint.toml"), None).expect("it loads");
    assert_eq!(relative.trust, Trust::Trusted);
    assert_eq!(configuration.digest, relative.digest);
}

#[cfg(unix)]
#[test]
fn a_link_through_the_checkout_is_not_trusted() {
    use std::os::unix::fs::symlink;

    let context = Context::new();
    let checkout = checkout(&context);
    let outside = context.write("outside/holdpoint.toml", STAGE);
    checkout.write("inside.toml", STAGE);
    symlink(&outside, checkout.path().join("out.toml")).expect("a link");
    symlink(
        checkout.path().join("inside.toml"),
        context.path().join("in.toml"),
    )
    .expect("a link");
    symlink(
        checkout.path().join("out.toml"),
        context.path().join("through.toml"),
    )
    .expect("a link");
    symlink("outside", context.path().join("folder")).expect("a link");
    let trust = |path: &Path| {
        loaded(&checkout, Some(words(path)), None)
            .expect("it loads")
            .trust
    };
    assert_eq!(trust(&context.path().join("in.toml")), Trust::Untrusted);
    for out in [
        checkout.path().join("out.toml"),
        context.path().join("through.toml"),
    ] {
        let error = loaded(&checkout, Some(words(&out)), None).expect_err("it leads out");
        assert!(matches!(error.problem(), Problem::LeadsOut(_)), "{error}");
    }
    assert_eq!(
        trust(&context.path().join("folder/holdpoint.toml")),
        Trust::Trusted
    );
    symlink("loop.toml", context.path().join("loop.toml")).expect("a link");
    let circle = context.path().join("loop.toml");
    let error = loaded(&checkout, Some(words(&circle)), None).expect_err("a circle");
    assert!(matches!(error.problem(), Problem::Read { .. }), "{error}");
}

#[test]
fn a_file_at_a_ref_is_trusted_and_at_head_is_not() {
    let context = Context::new();
    let checkout = checkout(&context);
    let before = checkout.commit_file("ci/holdpoint.toml", STAGE, "ci: add");
    let judged = checkout.commit_file("b", "b", "feat: b");
    let trust = |revision: &str| {
        let option = format!("{revision}:ci/holdpoint.toml");
        loaded(&checkout, Some(&option), None)
            .expect("it loads")
            .trust
    };
    assert_eq!(trust("main"), Trust::Trusted);
    assert_eq!(trust("refs/heads/main"), Trust::Trusted);
    assert_eq!(trust(&before), Trust::Trusted);
    assert_eq!(trust(&judged), Trust::Untrusted);
    assert_eq!(trust("HEAD"), Trust::Untrusted);
    let missing = loaded(&checkout, Some("main:no.toml"), None).expect_err("no such file");
    assert!(
        matches!(missing.problem(), Problem::Revision { .. }),
        "{missing}"
    );
}

#[test]
fn the_judged_commit_by_its_own_name_is_not_trusted() {
    let context = Context::new();
    let checkout = checkout(&context);
    let commit = checkout.commit_file("p.toml", STAGE, "ci: add");
    checkout.git(["tag", "--annotate", "--message", "a", "v1"]);
    let tag = checkout.git(["rev-parse", "refs/tags/v1"]);
    checkout.commit_file("b", "b", "feat: b");
    let trust = |name: &str, to: Option<&str>| {
        let flags = Flags {
            to: to.map(str::to_owned),
            ..Flags::default()
        };
        with_flags(&checkout, Some(&format!("{name}:p.toml")), None, flags)
            .expect("it loads")
            .trust
    };
    assert_eq!(trust(&commit, None), Trust::Trusted);
    assert_eq!(trust(&commit, Some("v1")), Trust::Untrusted);
    assert_eq!(trust(&tag, Some("main~1")), Trust::Untrusted);
    assert_eq!(trust("v1", Some("v1")), Trust::Trusted);
}

#[test]
fn a_tag_does_not_take_the_place_of_a_branch() {
    let context = Context::new();
    let checkout = checkout(&context);
    let trusted = checkout.commit_file("p.toml", STAGE, "ci: add");
    checkout.git(["update-ref", "refs/remotes/origin/main", "HEAD"]);
    let origin = |option: &str| {
        loaded(&checkout, Some(option), None).map(|loaded| loaded.pipeline.origin.raw().to_owned())
    };
    let expected = format!("refs/remotes/origin/main:p.toml at {trusted}");
    assert_eq!(origin("origin/main:p.toml").expect("it loads"), expected);
    assert_eq!(
        origin("remotes/origin/main:p.toml").expect("it loads"),
        expected
    );
    checkout.commit_file("p.toml", format!("# weaker\n{STAGE}"), "ci: weaken");
    // What has the name of a remote's branch is nothing else, whether the branch is there or not.
    checkout.tag("origin/main");
    assert_eq!(origin("origin/main:p.toml").expect("it loads"), expected);
    for name in ["origin/gone", "upstream/main", "origin/branch", "pay/v1"] {
        checkout.tag(name);
        checkout.git(["update-ref", "refs/heads/origin/branch", "HEAD"]);
        let error = origin(&format!("{name}:p.toml")).expect_err(name);
        assert!(error.to_string().contains("cannot read"), "{error}");
        origin(&format!("tags/{name}:p.toml")).expect("it loads");
    }
    // A CI system's checkout has the branch of the server only.
    checkout.git(["update-ref", "refs/remotes/origin/stable", "HEAD~1"]);
    checkout.tag("stable");
    let error = origin("stable:p.toml").expect_err("ambiguous");
    let Problem::Revision { source, .. } = error.problem() else {
        panic!("{error}");
    };
    assert_eq!(
        source.to_string(),
        "`stable` is the name of several refs: refs/tags/stable, refs/remotes/origin/stable"
    );
    assert!(error.help().expect("help").contains("`refs/…`"));
    assert_eq!(
        origin("refs/remotes/origin/main:p.toml").expect("it loads"),
        expected
    );
    // A full name is not looked for below other names.
    checkout.git(["update-ref", "refs/tags/refs/heads/gone", "HEAD"]);
    for name in [
        "refs/heads/gone",
        "main-worktree/HEAD",
        "origin",
        "refs/stash",
    ] {
        let error = origin(&format!("{name}:p.toml")).expect_err(name);
        assert!(
            matches!(error.problem(), Problem::Revision { .. }),
            "{error}"
        );
    }
}

#[test]
fn a_missing_file_a_folder_and_a_link_to_nothing_are_errors() {
    let context = Context::new();
    let checkout = checkout(&context);
    let missing = loaded(&checkout, Some("no.toml"), None).expect_err("not there");
    assert_eq!(missing.to_string(), "there is no file no.toml");
    let folder = loaded(&checkout, Some(".git"), None).expect_err("a folder");
    assert!(matches!(folder.problem(), Problem::NotAFile(_)), "{folder}");
    #[cfg(unix)]
    {
        let link = checkout.path().join("holdpoint.toml");
        std::os::unix::fs::symlink("nowhere", link).expect("a link");
        let error = loaded(&checkout, None, None).expect_err("it leads nowhere");
        assert!(matches!(error.problem(), Problem::Missing(_)), "{error}");
    }
}

#[test]
fn a_base_policy_is_the_pipeline_where_there_is_no_other() {
    let context = Context::new();
    let checkout = checkout(&context);
    let base = context.write("base.toml", STAGE);
    let alone = loaded(&checkout, None, Some(words(&base))).expect("it loads");
    assert_eq!(alone.trust, Trust::Trusted);
    assert_eq!(
        alone.pipeline.digest,
        alone.policy.as_ref().expect("a base").digest
    );
    checkout.write("holdpoint.toml", "[release]\nproject = \"a\"\n");
    let both = loaded(&checkout, None, Some(words(&base))).expect("it loads");
    assert_eq!(both.trust, Trust::Untrusted);
    assert_eq!(both.stages.len(), 1);
    checkout.write("holdpoint.toml", format!("{STAGE}mode = \"advise\"\n"));
    let error = loaded(&checkout, None, Some(words(&base))).expect_err("looser");
    assert!(matches!(error.problem(), Problem::Looser { .. }), "{error}");
}

#[test]
fn a_file_without_stages_checks_nothing() {
    let context = Context::new();
    let checkout = checkout(&context);
    checkout.write("holdpoint.toml", "[release]\nproject = \"a\"\n");
    let error = loaded(&checkout, None, None).expect_err("nothing to check");
    assert!(
        error
            .to_string()
            .ends_with("has no stage, so nothing would be checked"),
        "{error}"
    );
}

#[test]
fn every_flag_that_decides_is_in_the_digest() {
    let context = Context::new();
    let checkout = checkout(&context);
    let digest = |flags| {
        with_flags(&checkout, None, None, flags)
            .expect("it loads")
            .digest
    };
    let text = || Some("a".to_owned());
    let flags = [
        Flags::default(),
        Flags {
            from: text(),
            ..Flags::default()
        },
        Flags {
            to: text(),
            ..Flags::default()
        },
        Flags {
            path: text(),
            ..Flags::default()
        },
        Flags {
            target: text(),
            ..Flags::default()
        },
        Flags {
            version: "1.0.0".parse().ok(),
            ..Flags::default()
        },
        Flags {
            at: "2026-01-01T00:00:00Z".parse().ok(),
            ..Flags::default()
        },
    ];
    let digests: std::collections::BTreeSet<_> = flags.clone().map(&digest).into();
    assert_eq!(digests.len(), flags.len());
}

#[test]
fn a_target_is_one_of_the_projects() {
    let context = Context::new();
    let checkout = checkout(&context);
    checkout.write(
        "holdpoint.toml",
        format!("{STAGE}[release]\ntargets = [\"staging\"]\n"),
    );
    let target = |name: &str| {
        let flags = Flags {
            target: Some(name.to_owned()),
            ..Flags::default()
        };
        with_flags(&checkout, None, None, flags)
    };
    assert!(target("staging").is_ok());
    let error = target("moon").expect_err("no such target");
    assert_eq!(error.to_string(), "`moon` is not a target of this project");
}

/// A component of a manifest that does nothing: enough for what is checked before it is loaded.
fn component(kinds: &[Kind]) -> Vec<u8> {
    let manifest = Manifest {
        name: "ticket".to_owned(),
        version: semver::Version::new(1, 0, 0),
        api: holdpoint_build::API_VERSION,
        description: "Holds tickets.".to_owned(),
        kinds: kinds.to_vec(),
        license: "Apache-2.0".to_owned(),
        authors: vec!["Ada Author".to_owned()],
        rules: vec![Rule {
            id: "open".to_owned(),
            title: "Tickets are closed.".to_owned(),
            severity: Severity::Error,
            help: "Close it.".to_owned(),
        }],
        settings: serde_json::json!({
            "type": "object",
            "properties": { "project": { "type": "string" } },
            "additionalProperties": false
        }),
        capabilities: Vec::new(),
    };
    let component = wat::parse_str("(component)").expect("a component");
    holdpoint_build::stamp(component, &manifest).expect("it is stamped")
}

/// What a pipeline outside the checkout with these lines comes to; `ticket.wasm`, a policy plugin,
/// and `both.wasm`, of two kinds, lie beside it.
fn outside(text: &str) -> Result<Configuration, ConfigurationError> {
    let context = Context::new();
    let checkout = checkout(&context);
    context.write("ci/ticket.wasm", component(&[Kind::Policy]));
    context.write("ci/both.wasm", component(&[Kind::Policy, Kind::Risk]));
    context.write("ci/notify.wasm", component(&[Kind::Notify]));
    let file = context.write("ci/holdpoint.toml", text);
    loaded(&checkout, Some(words(&file)), None)
}

fn ticket(file: &str, stage: &str, table: &str) -> String {
    format!(
        "[[stages]]\nid = \"s\"\nuse = [\"ticket\"]\n{stage}\n[plugins.ticket]\n\
         source = \"{file}\"\n{table}\n"
    )
}

#[test]
fn a_plugin_lies_beside_the_file() {
    let configuration = outside(&ticket(
        "ticket.wasm",
        "",
        "settings = { project = \"PAY\" }",
    ));
    assert_eq!(configuration.expect("it loads").trust, Trust::Trusted);
}

#[test]
fn a_plugin_of_the_checkout_takes_trust_away() {
    let context = Context::new();
    let checkout = checkout(&context);
    checkout.write("ticket.wasm", component(&[Kind::Policy]));
    let path = checkout.path().join("ticket.wasm");
    let file = context.write("holdpoint.toml", ticket(words(&path), "", ""));
    let configuration = loaded(&checkout, Some(words(&file)), None).expect("it loads");
    assert_eq!(configuration.trust, Trust::Untrusted);
}

#[test]
fn a_relative_plugin_of_a_file_at_a_ref_is_refused() {
    let context = Context::new();
    let checkout = checkout(&context);
    checkout.commit_file("p.toml", ticket("ticket.wasm", "", ""), "ci: add");
    let error = loaded(&checkout, Some("main:p.toml"), None).expect_err("no folder");
    assert!(
        matches!(error.problem(), Problem::RelativeSource(_)),
        "{error}"
    );
    assert_eq!(error.site().expect("a place").line(), 6);
}

#[test]
fn what_does_not_fit_a_plugin_is_shown_at_its_line() {
    let cases = [
        (
            "[[stages]]\nid = \"s\"\nuse = [\"conventional-comits\"]\n".to_owned(),
            3,
            "there is no plugin `conventional-comits`",
            "did you mean `conventional-commits`?",
        ),
        (ticket("no.wasm", "", ""), 6, "there is no file no.wasm", ""),
        (
            ticket("holdpoint.toml", "", ""),
            6,
            "cannot read plugin `ticket`",
            "",
        ),
        (
            ticket("ticket.wasm", "", "settings = { projct = \"PAY\" }"),
            7,
            "plugin `ticket` does not accept these settings",
            "did you mean `project`?",
        ),
        (
            ticket("ticket.wasm", "", "rules = { opem = \"error\" }"),
            7,
            "plugin `ticket` has no rule `opem`",
            "did you mean `open`?",
        ),
        (
            ticket("ticket.wasm", "", "rules = { open = \"off\" }"),
            2,
            "every rule of the plugins of stage `s` is off, so it would check nothing",
            "turn a rule on",
        ),
        (
            ticket("ticket.wasm", "kind = \"risk\"", ""),
            3,
            "plugin `ticket` is not of kind risk",
            "it is of kind policy",
        ),
        (
            ticket("both.wasm", "", ""),
            3,
            "plugin `ticket` is of several kinds, and the stage does not say which it calls",
            "policy, risk",
        ),
        (
            ticket("notify.wasm", "", ""),
            3,
            "plugin `ticket` is of kind notify, which a stage cannot call",
            "policy, risk, resource",
        ),
        (
            ticket("ticket.wasm", "", "limits = { memory = \"3 GiB\" }"),
            7,
            "the memory limit of plugin `ticket` is more than the cap of the run, memory = \"2 GiB\"",
            "[limits]",
        ),
        (
            format!(
                "{}[limits]\nplugins = 1\n[[stages]]\nid = \"t\"\nuse = [\"ticket\"]\n",
                ticket("ticket.wasm", "", "")
            ),
            9,
            "2 uses of plugins is more than the cap of the run, 1 plugins",
            "[limits]",
        ),
        (
            format!(
                "{}[[waivers]]\nrule = \"ticket/opem\"\nrelease = true\nowner = \"a\"\nreason = \"b\"\n\
                 expires = 2027-01-01T00:00:00Z\n",
                ticket("ticket.wasm", "", "")
            ),
            9,
            "plugin `ticket` has no rule `opem`",
            "`open`",
        ),
    ];
    for (text, line, message, help) in cases {
        let error = outside(&text).expect_err(message);
        assert_eq!(error.to_string(), message);
        assert_eq!(error.site().expect("a place").line(), line, "{message}");
        let said = error.help().unwrap_or_default();
        assert!(said.contains(help), "{message}: help is {said:?}");
    }
}

#[test]
fn a_plugin_of_several_kinds_is_called_for_the_named_one() {
    let configuration = outside(&ticket("both.wasm", "kind = \"risk\"", "")).expect("it loads");
    assert_eq!(configuration.stages[0].uses[0].kind, Kind::Risk);
}

#[test]
fn owners_come_from_where_the_file_does() {
    let context = Context::new();
    let checkout = checkout(&context);
    let text = format!("{STAGE}[release]\nowners = \"CODEOWNERS\"\n");
    checkout.write("CODEOWNERS", "* @checkout");
    checkout.commit_file("ci/holdpoint.toml", &text, "ci: add");
    context.write("outside/CODEOWNERS", "* @outside");
    let file = context.write("outside/holdpoint.toml", &text);
    let owners = |option: &str| {
        let repository = Repository::open(checkout.path()).expect("a repository");
        let configuration = loaded(&checkout, Some(option), None).expect("it loads");
        configuration.query(&repository).trusted_owners
    };
    assert_eq!(owners(words(&file)).as_deref(), Some(&b"* @outside"[..]));
    assert_eq!(
        owners("main:ci/holdpoint.toml").as_deref(),
        Some(&b"* @checkout"[..])
    );
    assert_eq!(owners("HEAD:ci/holdpoint.toml"), None);
}
