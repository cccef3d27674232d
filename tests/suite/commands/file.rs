//! The keys of a stage with commands: what is read, what is refused and where, and what a project
//! may say about a stage of its organization.

use std::sync::Arc;
use std::time::Duration;

use holdpoint::model::Text;
use holdpoint::pipeline::{
    Configuration, ConfigurationError, Flags, Layer, Origin, Plan, Request, Source, Trust, load,
    parse, source, tighten,
};
use holdpoint::release::Repository as Opened;

use crate::context::Context;

fn file(name: &str, text: &str) -> Result<Arc<Source>, ConfigurationError> {
    let bytes = text.as_bytes().to_vec();
    source(Origin::Embedded, Text::from(name), bytes, Trust::Trusted)
}

fn plan(name: &str, text: &str, layer: Layer) -> Result<Plan, ConfigurationError> {
    let source = file(name, text)?;
    Plan::new(parse(&source)?, &source, layer)
}

fn loaded(text: &str) -> Result<Configuration, ConfigurationError> {
    let context = Context::new();
    let repository = super::repository(&context);
    let path = context.write("holdpoint.toml", text);
    load(Request {
        components: None,
        repository: &Opened::open(repository.path()).expect("a repository"),
        folder: context.path(),
        pipeline: path.to_str(),
        policy: None,
        flags: Flags::default(),
    })
}

#[track_caller]
fn refused(text: &str, line: usize, message: &str, help: &str) {
    let error = loaded(text).expect_err("the file is refused");
    assert_eq!(error.to_string(), message);
    let site = error.site().expect("an error of the file has a place");
    assert_eq!(site.line(), line, "{message}");
    let said = error.help().unwrap_or_default();
    assert!(said.contains(help), "help is {said:?}");
}

const STAGE: &str = "[[stages]]\nid = \"deploy\"\n";

#[track_caller]
fn stage_refused(keys: &str, message: &str, help: &str) {
    let message = format!("stage `deploy`: {message}");
    refused(&format!("{STAGE}{keys}\n"), 3, &message, help);
}

#[test]
fn a_stage_may_have_commands_only() {
    let configuration = loaded(&format!(
        "{STAGE}run = [[\"./deploy.sh\", \"{{{{ subject.version }}}}\"], [\"true\"]]\n\
         undo = [[\"./undo.sh\", \"\"]]\ntimeout = \"20m\"\nenvironment = [\"B\", \"A\", \"B\"]\n\
         repeatable = true\ndashes = true\n"
    ))
    .expect("it loads");
    let stage = &configuration.stages[0];
    assert!(stage.uses.is_empty());
    assert!(!stage.write_edits);
    let commands = stage.commands.as_ref().expect("commands");
    assert_eq!(commands.run.value.len(), 2);
    assert_eq!(
        commands.run.value[0].words().raw(),
        "./deploy.sh '{{ subject.version }}'"
    );
    assert_eq!(commands.undo()[0].words().raw(), "./undo.sh ''");
    assert_eq!(commands.timeout(), Duration::from_mins(20));
    assert_eq!(commands.environment(), ["A", "B"]);
    assert!(commands.is_repeatable() && commands.allows_dashes());
}

#[test]
fn what_is_not_said_is_the_careful_thing() {
    let configuration = loaded(&format!("{STAGE}run = [[\"true\"]]\n")).expect("it loads");
    let commands = configuration.stages[0].commands.as_ref().expect("commands");
    assert_eq!(commands.timeout(), Duration::from_mins(10));
    assert!(commands.undo().is_empty() && commands.environment().is_empty());
    assert!(!commands.is_repeatable() && !commands.allows_dashes());
}

#[test]
fn commands_without_sense_are_refused_at_their_line() {
    for key in [
        "undo = [[\"a\"]]",
        "timeout = \"5m\"",
        "environment = [\"A\"]",
        "repeatable = false",
        "dashes = true",
    ] {
        let name = key.split(' ').next().expect("a key");
        stage_refused(
            &format!("{key}\nuse = [\"conventional-commits\"]"),
            &format!("`{name}` is about commands, and there is no `run`"),
            "add the commands",
        );
    }
    stage_refused("run = []", "`run` has no command", "run = [[");
    stage_refused(
        "run = [[]]",
        "a command of `run` has neither program nor arguments",
        "first word",
    );
    stage_refused(
        "run = [[\"\", \"a\"]]",
        "a command of `run` has an empty program",
        "first word",
    );
    stage_refused(
        "undo = []\nrun = [[\"a\"]]",
        "`undo` has no command",
        "remove `undo`",
    );
    stage_refused(
        "timeout = \"361m\"\nrun = [[\"a\"]]",
        "`timeout` is 361m, and a command has at most 6h",
        "split the command",
    );
    stage_refused(
        "environment = [\"A=b\"]\nrun = [[\"a\"]]",
        "`A=b` cannot be the name of an environment variable",
        "only",
    );
    stage_refused(
        "environment = [\"HOLDPOINT_RUN\"]\nrun = [[\"a\"]]",
        "`HOLDPOINT_RUN` is a variable that the host sets itself",
        "every command has it",
    );
    stage_refused(
        "write-edits = true\nuse = [\"conventional-commits\"]",
        "`write-edits` is set, and no plugin of kind document is used",
        "changelog",
    );
    refused(
        &format!("{STAGE}run = [[\"a\"]]\ntimeout = \"0s\"\n"),
        4,
        "expected more than zero and at most 24h",
        "",
    );
}

#[test]
fn there_are_only_so_many_of_everything() {
    let many = |count: usize, item: &str| vec![item; count].join(", ");
    let commands = |count| format!("run = [{}]", many(count, "[\"a\"]"));
    assert!(loaded(&format!("{STAGE}{}\n", commands(100))).is_ok());
    stage_refused(
        &commands(101),
        "`run` has more than 100 commands",
        "script of the repository",
    );
    let arguments = |count| format!("run = [[{}]]", many(count, "\"a\""));
    assert!(loaded(&format!("{STAGE}{}\n", arguments(1_000))).is_ok());
    stage_refused(
        &arguments(1_001),
        "a command of `run` has more than 1000 arguments",
        "script of the repository",
    );
    let names = |count| format!("environment = [{}]\nrun = [[\"a\"]]", many(count, "\"A\""));
    assert!(loaded(&format!("{STAGE}{}\n", names(100))).is_ok());
    stage_refused(
        &names(101),
        "`environment` has more than 100 names",
        "in a file",
    );
    let template = |bytes: usize| format!("run = [[\"{}\"]]", "a".repeat(bytes));
    assert!(loaded(&format!("{STAGE}{}\n", template(4_096))).is_ok());
    stage_refused(
        &template(4_097),
        "argument 1 of the command: a template has at most 4096 bytes",
        "into a file",
    );
}

#[test]
fn templates_are_held_against_what_there_is() {
    let argument = |template: &str| format!("run = [[\"a\", '''{template}''']]");
    let cases = [
        (
            "{{ subject.version",
            "not a template: syntax error: ",
            "{{ subject.version }}",
        ),
        (
            "{{ subject.versoin }}",
            "there is no `subject.versoin` in a template",
            "`subject.version`",
        ),
        (
            "{{ subject.version.major }}",
            "there is no `subject.version.major` in a template",
            "",
        ),
        (
            "{{ subject['versoin'] }}",
            "there is no `subject.versoin` in a template",
            "",
        ),
        (
            "{{ subject.artifacts.web.path }}",
            "there is no `subject.artifacts.web.path` in a template",
            "",
        ),
        (
            "{{ subject.artifacts['web'].path }}",
            "there is no `subject.artifacts.web` in a template",
            "",
        ),
        (
            "{{ subject.artifacts.app.size }}",
            "there is no `subject.artifacts.app.size` in a template",
            "",
        ),
        (
            "{{ env.HOME }}",
            "there is no `env.HOME` in a template",
            "`run`",
        ),
        ("{{ range(5) }}", "there is no `range` in a template", ""),
        (
            "{{ subject.version | read }}",
            "unknown filter: filter read is unknown",
            "`default`",
        ),
        (
            "{{ subject.version is sameas(1) }}",
            "unknown test: test sameas is unknown",
            "`defined`",
        ),
        (
            "{% if subject.target is defined %}{{ subject.taget }}{% endif %}",
            "there is no `subject.taget` in a template",
            "",
        ),
        ("{% include 'a' %}", "not a template: ", ""),
    ];
    let artifact = "[[release.artifacts]]\nname = \"app\"\npath = \"app\"\n";
    for (template, message, help) in cases {
        let text = format!("{artifact}{STAGE}{}\n", argument(template));
        let error = loaded(&text).expect_err(template);
        let message = format!("stage `deploy`: argument 2 of the command: {message}");
        assert!(
            error.to_string().starts_with(&message),
            "{template}: {error}"
        );
        assert_eq!(error.site().map(holdpoint::pipeline::Site::line), Some(6));
        let said = error.help().unwrap_or_default();
        assert!(said.contains(help), "help is {said:?}");
    }
    for template in [
        "{{ subject.artifacts['app'].digest }}",
        "{{ subject.artifacts.app.path }}{{ run }}",
        "{{ subject.previous | default('none') }}",
        "{{ (subject.version | split('.'))[0] }}",
        "{{ subject.target | upper | replace('A', 'B') | trim }}",
        "{{ '{{' }} and {{ \"%}\" }}",
    ] {
        let text = format!("{artifact}{STAGE}{}\n", argument(template));
        loaded(&text).unwrap_or_else(|error| panic!("{template}: {error}"));
    }
}

#[test]
fn an_artifact_of_commands_has_the_name_of_a_file() {
    let text = |name: &str| {
        format!(
            "[[release.artifacts]]\nname = \"{name}\"\npath = \"a\"\n{STAGE}run = [[\"true\"]]\n"
        )
    };
    assert!(loaded(&text("app-1.tar.gz")).is_ok());
    for name in ["dist/app", "..", ".GIT"] {
        refused(
            &text(name),
            1,
            &format!(
                "stage `deploy`: the artifact `{name}` is copied for the commands, and its name is \
                 no file name"
            ),
            "without `/`",
        );
    }
}

#[test]
fn a_template_cannot_use_up_the_machine() {
    for template in [
        "{{ 'a' * 100000000 }}",
        "{% for a in 'aaaaaaaaaa' %}{% for b in 'aaaaaaaaaa' %}{% for c in 'aaaaaaaaaa' %}\
         {% for d in 'aaaaaaaaaa' %}{% for e in 'aaaaaaaaaa' %}{{ subject.head }}\
         {% endfor %}{% endfor %}{% endfor %}{% endfor %}{% endfor %}",
    ] {
        let text = format!("{STAGE}run = [[\"a\", '''{template}''']]\n");
        let configuration = loaded(&text).expect("only its rendering is too much");
        let context = Context::new();
        let repository = super::repository(&context);
        let subject = super::subject(&repository, &holdpoint::release::Query::default());
        let commands = configuration.stages[0].commands.as_ref().expect("commands");
        let error = commands
            .render("deploy", &subject, &super::run_id())
            .expect_err("too much");
        let message = "argument 2 of command 1 of `run` in stage `deploy`: engine ran out of fuel";
        assert!(error.to_string().starts_with(message), "{error}");
    }
}

#[test]
fn every_key_is_part_of_the_configuration_digest() {
    let base = "run = [[\"a\", \"b\"]]\nuse = [\"changelog\"]\n";
    let digest = |keys: &str| {
        let grants = "[plugins.changelog]\ngrants.tree = [\"CHANGELOG.md\"]\n";
        loaded(&format!("{grants}{STAGE}{base}{keys}\n"))
            .expect("it loads")
            .digest
    };
    let plain = digest("");
    for key in [
        "undo = [[\"a\"]]",
        "timeout = \"9m\"",
        "environment = [\"A\"]",
        "repeatable = true",
        "dashes = true",
        "write-edits = true",
    ] {
        assert_ne!(digest(key), plain, "{key}");
    }
}

const BASE: &str = "[[stages]]\nid = \"deploy\"\nrun = [[\"a\", \"b\"]]\nundo = [[\"c\"]]\n\
                    environment = [\"A\"]\nuse = [\"p\"]\n";

fn merged(base: &str, project: &str) -> Result<Plan, ConfigurationError> {
    tighten(
        plan("base.toml", base, Layer::Policy)?,
        plan("project.toml", project, Layer::Pipeline)?,
    )
}

#[test]
fn what_a_stage_of_the_base_does_is_fixed() {
    let run = "run = [[\"a\", \"b\"]]\n";
    let cases = [
        ("run = [[\"a\", \"c\"]]\n".to_owned(), "run", "a c", "a b"),
        (
            "run = [[\"a\", \"b\"], [\"c\"]]\n".to_owned(),
            "run",
            "a b; c",
            "a b",
        ),
        (format!("{run}undo = [[\"true\"]]\n"), "undo", "true", "c"),
        (format!("{run}timeout = \"1m\"\n"), "timeout", "1m", "10m"),
        (
            format!("{run}environment = [\"A\", \"B\"]\n"),
            "environment",
            "A, B",
            "A",
        ),
        (
            format!("{run}repeatable = true\n"),
            "repeatable",
            "true",
            "false",
        ),
        (format!("{run}dashes = true\n"), "dashes", "true", "false"),
        (
            format!("{run}write-edits = true\n"),
            "write-edits",
            "true",
            "false",
        ),
    ];
    for (keys, key, is, was) in cases {
        let error = merged(BASE, &format!("{STAGE}{keys}")).expect_err(key);
        let line = if key == "run" { 3 } else { 4 };
        assert_eq!(
            error.to_string(),
            format!(
                "`stages.deploy.{key}` is {is} in project.toml line {line}, which is looser than \
                 {was} in base.toml line 2"
            )
        );
    }
    let same = format!(
        "{STAGE}{run}undo = [[\"c\"]]\ntimeout = \"10m\"\nenvironment = [\"A\"]\n\
         repeatable = false\ndashes = false\nwrite-edits = false\n"
    );
    let plan = merged(BASE, &same).expect("the same is no looser");
    assert!(plan.stages[0].commands.is_some());
}

#[test]
fn a_project_does_not_run_commands_in_a_stage_of_the_base() {
    let base = "[[stages]]\nid = \"deploy\"\nuse = [\"p\"]\n";
    let error = merged(base, &format!("{STAGE}run = [[\"a\"]]\n")).expect_err("looser");
    assert_eq!(
        error.to_string(),
        "`stages.deploy.run` is a in project.toml line 3, which is looser than not set in \
         base.toml line 2"
    );
    let own = "[[stages]]\nid = \"own\"\nrun = [[\"a\"]]\n";
    let plan = merged(base, own).expect("a stage of its own");
    assert_eq!(plan.stages.len(), 2);
    assert!(plan.stages[1].commands.is_some());
}
