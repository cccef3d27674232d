//! Templates become arguments, for one release.

use std::sync::Arc;

use holdpoint::model::{Artifact, Digest, Subject, Text};
use holdpoint::pipeline::{
    CommandsPlan, Layer, Origin, Plan, RenderError, Trust, command_words, parse, source,
};
use holdpoint::release::Query;

use super::{RUN, repository, run_id};
use crate::context::Context;

fn commands(keys: &str) -> CommandsPlan {
    let text = format!("[[stages]]\nid = \"deploy\"\n{keys}\n");
    let source = source(
        Origin::Embedded,
        Text::from("holdpoint.toml"),
        text.into(),
        Trust::Trusted,
    )
    .expect("a source");
    let source = Arc::clone(&source);
    let plan = Plan::new(parse(&source).expect("a file"), &source, Layer::Pipeline);
    let mut plan = plan.expect("a plan");
    plan.stages.remove(0).commands.expect("commands")
}

fn subject() -> Subject {
    let context = Context::new();
    let repository = repository(&context);
    let mut subject = super::subject(
        &repository,
        &Query {
            project: Some("pay ments; $(reboot)".into()),
            ..Query::default()
        },
    );
    subject.artifacts.push(Artifact {
        name: Text::from("app.tar"),
        digest: Digest::of(b"app"),
        size: 3,
    });
    subject
}

fn argument(template: &str, keys: &str, subject: &Subject) -> Result<String, RenderError> {
    let plan = commands(&format!("run = [[\"a\", '''{template}''']]\n{keys}"));
    let mut rendered = plan.render("deploy", subject, &run_id())?;
    let mut command = rendered.run.remove(0);
    assert_eq!(command.len(), 2, "one template is one argument");
    Ok(command.remove(1))
}

#[test]
fn a_template_is_one_argument_whatever_is_in_it() {
    let subject = subject();
    let cases = [
        ("{{ subject.project }}", "pay ments; $(reboot)"),
        (
            "v{{ subject.version }} of {{subject.previous}}",
            "v1.2.4 of 1.2.3",
        ),
        ("{{ subject.head }}", subject.head.as_str()),
        (
            "{{ subject.base }}",
            subject.base.as_ref().expect("a base").as_str(),
        ),
        (
            "{{ subject.artifacts['app.tar'].path }}",
            "../artifacts/app.tar",
        ),
        (
            "{{ subject.artifacts['app.tar'].digest }}",
            "sha256:a172cedcae47474b615c54d510a5d84a8dea3032e958587430b413538be3f333",
        ),
        ("{{ run }}", RUN),
        ("{{ subject.target | default('no target') }}", "no target"),
        (
            "{% if subject.target is defined %}a{% else %}b{% endif %}",
            "b",
        ),
        ("{{ (subject.version | split('.'))[0] }}", "1"),
        (
            "{{ subject.project | upper | replace(' ', '-') | trim }}",
            "PAY-MENTS;-$(REBOOT)",
        ),
        ("no expression, <&>\n", "no expression, <&>\n"),
        ("", ""),
    ];
    for (template, expected) in cases {
        let rendered = argument(template, "", &subject);
        assert_eq!(rendered.as_deref(), Ok(expected), "{template}");
    }
}

#[track_caller]
fn refused(template: &str, subject: &Subject, problem: &str, help: &str) {
    let error = argument(template, "", subject).expect_err(template);
    let expected = format!("argument 2 of command 1 of `run` in stage `deploy`: {problem}");
    assert_eq!(error.to_string(), expected);
    assert!(error.help().contains(help), "{}", error.help());
}

#[test]
fn what_a_release_does_not_have_is_an_error() {
    let mut subject = subject();
    refused(
        "{{ subject.target }}",
        &subject,
        "this release has no `subject.target`",
        "default(",
    );
    subject.previous = None;
    let plan = commands("run = [[\"a\"]]\nundo = [[\"b\"], [\"c\", \"{{ subject.previous }}\"]]");
    let error = plan
        .render("deploy", &subject, &run_id())
        .expect_err("the way back is known before the way forth");
    assert_eq!(
        (error.list, error.command, error.argument),
        ("undo", 2, 2),
        "{error}"
    );
}

#[test]
fn what_would_be_taken_for_an_option_is_refused() {
    let mut subject = subject();
    subject.target = Some(Text::from("--force"));
    refused(
        "{{ subject.target }}",
        &subject,
        "`--force` begins with `-`",
        "dashes = true",
    );
    refused(
        "{{ '' }}{{ subject.target }}",
        &subject,
        "`--force` begins with `-`",
        "",
    );
    let allowed = argument("{{ subject.target }}", "dashes = true", &subject);
    assert_eq!(allowed.as_deref(), Ok("--force"));
    // What the operator wrote is what the operator meant.
    for (template, expected) in [
        ("--now", "--now"),
        ("--to={{ subject.target }}", "--to=--force"),
        ("to {{ subject.target }}", "to --force"),
    ] {
        assert_eq!(argument(template, "", &subject).as_deref(), Ok(expected));
    }
}

#[test]
fn what_no_argument_can_be_is_refused() {
    let mut subject = subject();
    subject.target = Some(Text::from(""));
    refused(
        "{{ subject.target }}",
        &subject,
        "nothing is left of `{{ subject.target }}`",
        "default",
    );
    subject.target = Some(Text::from("a\0b"));
    refused(
        "{{ subject.target }}",
        &subject,
        "it contains a zero byte",
        "file",
    );
    subject.target = Some(Text::from("a".repeat(65_536)));
    assert!(argument("{{ subject.target }}", "", &subject).is_ok());
    subject.target = Some(Text::from("a".repeat(65_537)));
    refused(
        "{{ subject.target }}",
        &subject,
        "it has more than 65536 bytes",
        "file",
    );
}

#[test]
fn a_command_is_shown_as_one_would_write_it() {
    let words = command_words(&["./a.sh", "it's", "$(b)", "", "c=d", "-e"]);
    assert_eq!(words.raw(), r"./a.sh 'it'\''s' '$(b)' '' c=d -e");
}
