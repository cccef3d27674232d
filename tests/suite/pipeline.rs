//! The pipeline file: what is read, what is refused and where, in which order stages run, and what
//! an answer comes to.

mod fold;
mod load;

use std::fmt::Write as _;
use std::sync::Arc;

use holdpoint::model::{Kind, Text, Verdict};
use holdpoint::pipeline::{
    ConfigurationError, FILE_BYTES_MAX, Layer, Origin, Plan, Size, Source, Span, Trust, order,
    parse, schema, source, trust_of_revision, worst,
};
use proptest::prelude::*;

fn file(text: &str) -> Result<Arc<Source>, ConfigurationError> {
    let name = Text::from("holdpoint.toml");
    source(
        Origin::Embedded,
        name,
        text.as_bytes().to_vec(),
        Trust::Trusted,
    )
}

fn plan(text: &str) -> Result<Plan, ConfigurationError> {
    let source = file(text)?;
    let plan = Plan::new(parse(&source)?, &source, Layer::Pipeline)?;
    order(&plan.stages)?;
    Ok(plan)
}

/// A file is refused with this message, at this line, with this in its help.
#[track_caller]
fn refused(text: &str, line: usize, message: &str, help: &str) {
    let error = plan(text).expect_err("the file is refused");
    assert_eq!(error.to_string(), message);
    let found = error.site().expect("an error of the file has a place");
    assert_eq!(found.line(), line, "{message}");
    let said = error.help().unwrap_or_default();
    assert!(said.contains(help), "help is {said:?}");
}

const STAGE: &str = "[[stages]]\nid = \"policy\"\nuse = [\"conventional-commits\"]\n";

#[test]
fn a_small_file_is_read() {
    let plan = plan(STAGE).expect("it is read");
    assert_eq!(plan.stages.len(), 1);
    assert!(plan.plugins.contains_key("conventional-commits"));
}

#[test]
fn unknown_keys_name_the_nearest_at_every_level() {
    let cases = [
        (
            "stage = 1\n",
            1,
            "unknown key `stage` in the pipeline file",
            "`stages`",
        ),
        (
            "[release]\nprojct = \"a\"\n",
            2,
            "unknown key `projct` in [release]",
            "`project`",
        ),
        (
            "[release.versioning]\nzero-braking = \"minor\"\n",
            2,
            "unknown key `zero-braking` in [release.versioning]",
            "`zero-breaking`",
        ),
        (
            "[[release.artifacts]]\nname = \"a\"\npth = \"b\"\n",
            3,
            "unknown key `pth` in [release.artifacts]",
            "`path`",
        ),
        (
            "[limits]\nwal-time = \"1m\"\n",
            2,
            "unknown key `wal-time` in [limits]",
            "`wall-time`",
        ),
        (
            "[plugins.ticket]\nsorce = \"x\"\n",
            2,
            "unknown key `sorce` in [plugins.ticket]",
            "`source`",
        ),
        (
            "[plugins.ticket.limits]\ntimeuot = \"1s\"\n",
            2,
            "unknown key `timeuot` in [plugins.ticket.limits]",
            "`timeout`",
        ),
        (
            "[[stages]]\nid = \"a\"\nuses = []\n",
            3,
            "unknown key `uses` in [stages]",
            "`use`",
        ),
        (
            "[[stages]]\nid = \"a\"\nuse = [{ plugin = \"b\", modus = \"advise\" }]\n",
            3,
            "unknown key `modus` in [stages.use]",
            "`mode`",
        ),
        (
            "[[waivers]]\nrul = \"a/b\"\n",
            2,
            "unknown key `rul` in [waivers]",
            "`rule`",
        ),
    ];
    for (text, line, message, help) in cases {
        refused(text, line, message, help);
    }
}

#[test]
fn a_key_like_no_other_is_told_the_known_ones() {
    refused(
        "[release]\nzzzzzzzz = 1\n",
        2,
        "unknown key `zzzzzzzz` in [release]",
        "`project`, `tag`",
    );
}

#[test]
fn settings_may_have_any_key() {
    let text =
        format!("{STAGE}[plugins.conventional-commits.settings]\nany.thing = [{{ a = 1 }}]\n");
    let plan = plan(&text).expect("they are the plugin's own");
    let settings = plan.plugins["conventional-commits"]
        .settings
        .as_ref()
        .expect("settings");
    assert_eq!(settings.value["any"]["thing"][0]["a"], 1);
}

#[test]
fn bytes_that_are_no_pipeline_file_are_refused() {
    let read = |bytes: &[u8]| {
        let error = source(
            Origin::Embedded,
            Text::from("p.toml"),
            bytes.to_vec(),
            Trust::Trusted,
        )
        .expect_err("refused");
        error.to_string()
    };
    assert_eq!(read(b" \n"), "p.toml is empty");
    assert_eq!(
        read(b"a = \"\xff\""),
        "p.toml is not UTF-8: byte 5 is not part of a character"
    );
    assert_eq!(
        read(b"\xef\xbb\xbfa = 1"),
        "p.toml starts with a byte order mark"
    );
    let length = usize::try_from(FILE_BYTES_MAX).expect("it is small");
    assert_eq!(
        read(&vec![b'#'; length + 1]),
        "p.toml is larger than 1048576 bytes"
    );
    assert!(
        source(
            Origin::Embedded,
            Text::from("p"),
            vec![b'#'; length],
            Trust::Trusted
        )
        .is_ok(),
        "as many as the bound are read"
    );
}

#[test]
fn what_is_not_toml_is_shown_at_its_line() {
    let error = plan("[release]\nproject = \n").expect_err("not TOML");
    assert!(error.to_string().starts_with("not TOML: "), "{error}");
    assert_eq!(error.site().map(holdpoint::pipeline::Site::line), Some(2));
}

#[test]
fn values_of_the_wrong_form_are_shown_at_their_line() {
    let cases = [
        (
            "[limits]\nwall-time = \"5\"\n",
            2,
            "expected one of the units",
        ),
        (
            "[limits]\nwall-time = \"soon\"\n",
            2,
            "expected a whole number",
        ),
        ("[limits]\nwall-time = \"25h\"\n", 2, "at most 24h"),
        (
            "[limits]\nmemory = \"0 MiB\"\n",
            2,
            "expected more than zero",
        ),
        (
            "[limits]\nmemory = \"99999999999999999999 GiB\"\n",
            2,
            "at most 64 GiB",
        ),
        ("[limits]\nplugins = 0\n", 2, "nonzero"),
        (
            "[release]\ntag = \"v\"\n",
            2,
            "must contain `{version}` once",
        ),
        (
            "[release]\nzone = \"Mars/Olympus\"\n",
            2,
            "is not an IANA time zone",
        ),
        ("[release]\ninitial = \"one\"\n", 2, "unexpected character"),
        (
            "[plugins.a.rules]\nb = \"fatal\"\n",
            2,
            "expected one of `off`",
        ),
        (
            "[[stages]]\nid = \"a\"\nuse = [5]\n",
            3,
            "the name of a plugin",
        ),
        ("[plugins.a.settings]\nb = inf\n", 1, "infinite"),
        (
            "[[stages]]\nid = \"a\"\napprove-at = 100.5\n",
            3,
            "percentile from 0 to 100",
        ),
        (
            "[[stages]]\nid = \"a\"\nblock-at = -1\n",
            3,
            "percentile from 0 to 100",
        ),
        (
            "[[stages]]\nid = \"a\"\nblock-at = nan\n",
            3,
            "percentile from 0 to 100",
        ),
        (
            "[[stages]]\nid = \"a\"\nblock-at = inf\n",
            3,
            "percentile from 0 to 100",
        ),
        (
            "[[stages]]\nid = \"a\"\nblock-at = \"99\"\n",
            3,
            "invalid type: string",
        ),
        (
            "[[stages]]\nid = \"a\"\nuse = [\"p\"]\nblock-at = 74\napprove-at = 75\n",
            5,
            "`approve-at` is 75, which is above `block-at`, 74",
        ),
    ];
    for (text, line, message) in cases {
        let error = plan(text).expect_err("refused");
        assert!(error.to_string().contains(message), "{error}");
        assert_eq!(error.site().expect("a place").line(), line, "{error}");
    }
}

#[test]
fn names_are_kebab_case_and_not_the_hosts() {
    for name in ["Ticket", "a--b", "-a", "a-", "holdpoint", "1a", "a_b"] {
        let error = plan(&format!("[plugins.\"{name}\"]\n")).expect_err("refused");
        assert_eq!(
            error.to_string(),
            format!("`{name}` cannot be the name of a plugin")
        );
        assert!(plan(&format!("[[stages]]\nid = \"{name}\"\nuse = [\"a\"]\n")).is_err());
    }
}

#[test]
fn stages_are_unique_and_use_plugins() {
    refused(
        &format!("{STAGE}{STAGE}"),
        5,
        "there are two stages named `policy`",
        "of its own",
    );
    refused(
        "[[stages]]\nid = \"a\"\n",
        2,
        "stage `a` has neither a plugin, a command nor approvals, so it would do nothing",
        "use = [",
    );
    refused(
        "[[stages]]\nid = \"a\"\nuse = [\"b\", \"b\"]\n",
        3,
        "there are two uses named `b`",
        "of its own",
    );
    refused(
        "[[stages]]\nuse = [\"b\"]\n",
        1,
        "[stages] lacks `id`",
        "Its name",
    );
}

#[test]
fn needs_names_stages() {
    let text = format!("{STAGE}needs = [\"polici\"]\n");
    refused(
        &text,
        4,
        "stage `policy` needs `polici`, which is not a stage",
        "`policy`",
    );
}

fn stages(stages: &[(&str, &[&str])]) -> String {
    use std::fmt::Write as _;
    stages.iter().fold(String::new(), |mut text, (id, needs)| {
        let _ = writeln!(
            text,
            "[[stages]]\nid = \"{id}\"\nuse = [\"p\"]\nneeds = {needs:?}"
        );
        text
    })
}

#[test]
fn a_cycle_is_named() {
    let text = stages(&[("a", &[]), ("b", &["d"]), ("c", &["b"]), ("d", &["c"])]);
    let error = plan(&text).expect_err("a cycle");
    assert_eq!(
        error.to_string(),
        "stages wait for each other: b → d → c → b"
    );
    let error = plan(&stages(&[("a", &["a"])])).expect_err("a cycle of one");
    assert_eq!(error.to_string(), "stages wait for each other: a → a");
}

#[test]
fn stages_keep_the_order_of_the_file_where_needs_allow() {
    let text = stages(&[("a", &["c"]), ("b", &[]), ("c", &[]), ("d", &[])]);
    let plan = plan(&text).expect("an order");
    let order = order(&plan.stages).expect("an order");
    let ids: Vec<&str> = order
        .iter()
        .map(|number| plan.stages[*number].id.as_str())
        .collect();
    assert_eq!(ids, ["b", "c", "a", "d"]);
}

proptest! {
    #[test]
    fn an_order_has_every_stage_once_after_those_that_it_needs(
        needs in prop::collection::vec(prop::collection::vec(0_usize..6, 0..3), 1..7)
    ) {
        let count = needs.len();
        let mut text = String::new();
        for (number, needs) in needs.iter().enumerate() {
            let needs: Vec<String> = needs.iter().map(|need| format!("s{}", need % count)).collect();
            let _ = writeln!(text, "[[stages]]\nid = \"s{number}\"\nuse = [\"p\"]\nneeds = {needs:?}");
        }
        let source = file(&text).expect("text");
        let plan = Plan::new(parse(&source).expect("TOML"), &source, Layer::Pipeline).expect("a plan");
        if let Ok(order) = order(&plan.stages) {
            let mut sorted = order.clone();
            sorted.sort_unstable();
            prop_assert_eq!(sorted, (0..count).collect::<Vec<_>>());
            for (position, number) in order.iter().enumerate() {
                for need in &needs[*number] {
                    let needed = order.iter().position(|other| *other == need % count);
                    prop_assert!(needed.is_some_and(|needed| needed < position));
                }
            }
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC{0,200}") {
        let _ = plan(&text);
    }

    #[test]
    fn spans_and_sizes_are_read_as_they_are_written(number in 1_u64..86_400_000, size in 1_u64..(64 << 30)) {
        let span = Span(std::time::Duration::from_millis(number));
        prop_assert_eq!(span.to_string().parse(), Ok(span));
        prop_assert_eq!(Size(size).to_string().parse(), Ok(Size(size)));
    }

    #[test]
    fn the_worst_verdict_counts(verdicts in prop::collection::vec(
        prop::sample::select(vec![Verdict::Go, Verdict::Wait, Verdict::NoGo, Verdict::Fault]), 1..6
    )) {
        let worst = worst(verdicts.iter().copied());
        prop_assert!(verdicts.contains(&worst));
        let one_is = |verdict| verdicts.contains(&verdict);
        let expected = if one_is(Verdict::Fault) { Verdict::Fault }
            else if one_is(Verdict::NoGo) { Verdict::NoGo }
            else if one_is(Verdict::Wait) { Verdict::Wait }
            else { Verdict::Go };
        prop_assert_eq!(worst, expected);
    }
}

const USE: &str = "[[stages]]\nid = \"s\"\nuse = [\"p\"]\n";

const COMMIT: &str = "4f1c2ab04f1c2ab04f1c2ab04f1c2ab04f1c2ab0";

fn waiver(place: &str, expires: &str) -> String {
    format!(
        "[[waivers]]\nrule = \"p/type\"\n{place}\nowner = \"platform\"\nreason = \"imported\"\n\
         expires = {expires}\n"
    )
}

#[test]
fn a_waiver_needs_owner_reason_expiry_and_a_place() {
    let whole = waiver("release = true", "\"2027-01-31T00:00:00+01:00\"");
    assert!(plan(&whole).is_ok());
    for key in ["owner", "reason", "expires", "rule"] {
        let without: String = whole
            .lines()
            .filter(|line| !line.starts_with(key))
            .flat_map(|line| [line, "\n"])
            .collect();
        let error = plan(&without).expect_err("refused");
        assert_eq!(error.to_string(), format!("[waivers] lacks `{key}`"));
        assert_eq!(error.site().expect("a place").line(), 1);
    }
    let places = [
        "",
        "release = false",
        "commits = []",
        "paths = []",
        "release = true\npaths = [\"a\"]",
    ];
    for place in places {
        let error = plan(&waiver(place, "\"2027-01-31T00:00:00Z\"")).expect_err("refused");
        assert!(
            error
                .to_string()
                .starts_with("a waiver is for exactly one of"),
            "{error}"
        );
    }
    let short = waiver("commits = [\"4f1c2ab\"]", "\"2027-01-31T00:00:00Z\"");
    assert!(
        plan(&short)
            .expect_err("refused")
            .to_string()
            .contains("not a full object name")
    );
    let blank = whole.replace("\"platform\"", "\" \"");
    assert!(
        plan(&blank)
            .expect_err("refused")
            .to_string()
            .contains("cannot be empty")
    );
}

#[test]
fn an_expiry_has_an_offset() {
    for expires in [
        "\"2027-01-31\"",
        "\"2027-01-31T00:00:00\"",
        "2027-01-31",
        "\"never\"",
        "5",
    ] {
        let error = plan(&waiver("release = true", expires)).expect_err("refused");
        assert!(
            error.to_string().contains("a time with its offset"),
            "{expires}: {error}"
        );
        assert_eq!(error.site().expect("a place").line(), 6);
    }
    let unquoted = plan(&waiver("release = true", "2027-01-31T00:00:00+01:00")).expect("a time");
    assert_eq!(
        unquoted.waivers[0].expires.to_string(),
        "2027-01-30T23:00:00Z"
    );
}

#[test]
fn only_names_that_the_operator_chose_are_trusted() {
    let trusted = [
        "main",
        "origin/main",
        "refs/heads/main",
        "v1.2.3",
        "feature/4-g-x",
        "0123456789012345678901234567890123456789",
    ];
    for revision in trusted {
        assert_eq!(trust_of_revision(revision), Trust::Trusted, "{revision}");
    }
    let untrusted = [
        "HEAD",
        "@",
        "FETCH_HEAD",
        "MERGE_HEAD",
        "HEAD~1",
        "main^",
        "main~2",
        "main@{1}",
        "@{upstream}",
        "4f1c2ab",
        "v1.2-3-g4f1c2ab",
        ":/fix",
        "",
    ];
    for revision in untrusted {
        assert_eq!(trust_of_revision(revision), Trust::Untrusted, "{revision}");
    }
}

#[test]
fn the_published_schema_is_current() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../host/schema/pipeline.schema.json"
    );
    let current = format!(
        "{}\n",
        serde_json::to_string_pretty(schema()).expect("JSON")
    );
    if std::env::var_os("HOLDPOINT_WRITE_SCHEMAS").is_some() {
        std::fs::write(path, &current).expect("the schema can be written");
    }
    let published = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        published == current,
        "run this test with HOLDPOINT_WRITE_SCHEMAS=1 and commit the file"
    );
}

#[test]
fn the_published_schema_agrees_with_the_reader() {
    let validator = jsonschema::validator_for(schema()).expect("a schema");
    let accepts = |text: &str| {
        let value: serde_json::Value = toml::from_str(text).expect("TOML");
        validator.is_valid(&value)
    };
    let waived = waiver("release = true", "\"2027-01-31T00:00:00Z\"");
    for text in [STAGE, USE, waived.as_str()] {
        assert!(accepts(text) && plan(text).is_ok(), "{text}");
    }
    for text in [
        "stage = 1",
        "[limits]\nmemory = \"5\"\n",
        "[[waivers]]\nrule = \"a/b\"\n",
    ] {
        assert!(!accepts(text) && plan(text).is_err(), "{text}");
    }
}

#[test]
fn control_sequences_of_a_file_do_not_reach_the_terminal() {
    let error = plan("[release]\n\"\\u001b[2J\" = 1\n").expect_err("unknown");
    assert!(!error.to_string().contains('\u{1b}'), "{error:?}");
}

#[test]
fn a_stage_says_which_kind_it_calls() {
    let text = "[[stages]]\nid = \"s\"\nkind = \"risk\"\nuse = [\"p\", { plugin = \"q\", kind = \"policy\" }]\n";
    let plan = plan(text).expect("a plan");
    let kinds: Vec<_> = plan.stages[0].uses.iter().map(|used| used.kind).collect();
    assert_eq!(kinds, [Some(Kind::Risk), Some(Kind::Policy)]);
}
