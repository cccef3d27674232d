//! Cases of programs that read, ask and log what they are told to.

use super::*;
use crate::loopback::{Reply, Server};

const READER: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/reader.wasm"));
const ARCHIVIST: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/archivist.wasm"));
const ASKER: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/asker.wasm"));

/// Makes a case of the range of a repository that is called `payments`.
const RECORD: [&str; 8] = [
    "--record",
    "v1.0.0..HEAD",
    "--repo",
    "payments",
    "--pipeline",
    "holdpoint.toml",
    "--kind",
    "policy",
];

/// The folder of a plugin with one case.
fn tried(component: &[u8], case: &str, arguments: &[&str]) -> (Context, Ran) {
    let context = Context::new();
    context.write("plugin.wasm", component);
    context.write("plugin/cases/one.toml", case);
    let ran = again(&context, arguments);
    (context, ran)
}

fn again(context: &Context, arguments: &[&str]) -> Ran {
    let test = ["plugin", "test", "plugin", "--built", "plugin.wasm"];
    context.holdpoint(context.path(), [&test[..], arguments].concat())
}

/// What came of one case.
fn found(component: &[u8], case: &str) -> Value {
    let (_context, ran) = tried(component, case, &["--update", "--format", "json"]);
    let mut report = ran.expect_code(0).json();
    report["cases"][0]["found"].take()
}

#[test]
fn a_case_says_what_is_released() {
    let answer = found(
        READER,
        "kind = \"policy\"\n[settings]\nsteps = [\"commits\", \"texts\", \"changes\", \
         \"artifacts\", { file = \"docs/a.md\" }, { file = \"b.md\" }, { entries = \"docs/\" }]\n\
         [release]\ncommits = [\"feat: a\", { message = \"fix: b\\n\\nCloses: 7\", author = \
         \"Grace <grace@example.com>\" }]\n\
         changes = [\"src/a.rs\", { path = \"b\", old-path = \"c\", insertions = 3 }]\n\
         artifacts = [\"a.tar\"]\n\
         [files]\n\"docs/a.md\" = \"one\"\n\"docs/b/c.md\" = \"two\"\n",
    );
    insta::assert_json_snapshot!(answer);
}

#[test]
fn a_case_grants_what_it_says() {
    let answer = found(
        READER,
        "kind = \"policy\"\ntree = [\"docs/\"]\n\
         [settings]\nsteps = [{ file = \"docs/a.md\" }, { file = \"README.md\" }]\n\
         [files]\n\"docs/a.md\" = \"one\"\n\"README.md\" = \"two\"\n",
    );
    let words = answer.to_string();
    assert!(
        words.contains("NotGranted") || words.contains("not granted"),
        "{words}"
    );
}

#[test]
fn a_case_has_evidence_and_the_releases_before() {
    let answer = found(
        ARCHIVIST,
        "kind = \"policy\"\nevidence = [\"sbom\"]\n\
         [settings]\nsteps = [\"items\", { read = \"sbom\" }, { read = \"scan\" }, { releases = 9 }]\n\
         [[release.evidence]]\nname = \"sbom\"\nmedia-type = \"application/json\"\ncontent = \"{}\"\n\
         [[release.evidence]]\nname = \"scan\"\ncontent = \"fine\"\n\
         [[history]]\nversion = \"1.0.0\"\ntime = \"2026-01-04T09:00:00Z\"\nended = \"undone\"\n\
         [[history]]\nversion = \"0.9.0\"\ntime = \"2026-01-03T09:00:00Z\"\ncommits = 3\n",
    );
    insta::assert_json_snapshot!(answer);
}

#[test]
fn what_is_known_of_a_real_range_is_recorded() {
    let context = Context::new();
    let component = context.write("plugin.wasm", ARCHIVIST);
    let sbom = context.write("sbom.json", "{\"parts\":1}");
    let repository = context.repository("payments");
    repository.commit("feat: begin");
    repository.git(["tag", "v1.0.0"]);
    repository.commit("fix: round");
    context.write(
        "holdpoint.toml",
        format!(
            "[[release.evidence]]\nname = \"sbom\"\npath = {sbom:?}\n\
             media-type = \"application/json\"\n\
             [plugins.archivist]\nsource = {component:?}\ngrants.evidence = [\"sbom\"]\n\
             grants.history = true\n\
             settings.steps = [{{ read = \"sbom\" }}, {{ releases = 9 }}]\n\
             [[stages]]\nid = \"policy\"\nuse = [{{ plugin = \"archivist\", kind = \"policy\" }}]\n"
        ),
    );
    again(&context, &RECORD).expect_code(0);
    let expected = fs::read_to_string(
        context
            .path()
            .join("plugin/cases/v1.0.0-to-HEAD.expected.json"),
    );
    let expected = expected.expect("it was written");
    assert!(expected.contains("parts"), "{expected}");
    assert!(expected.contains("1.0.0 "), "{expected}");
    // Nothing of what it was recorded from has to be there.
    fs::remove_file(sbom).expect("it was there");
    fs::remove_dir_all(context.path().join("payments")).expect("it was there");
    again(&context, &[]).expect_code(0);
}

#[test]
fn other_systems_answer_what_the_case_says_and_nobody_is_asked() {
    let ask = |url: &str, answers: &str| {
        found(
            ASKER,
            &format!(
                "kind = \"policy\"\n[settings]\nrequests = [{{ url = \"{url}\" }}]\n{answers}"
            ),
        )
    };
    let url = "https://tickets.example.com/1";
    let answered = ask(
        url,
        &format!("[[answers]]\nurl = \"{url}\"\nstatus = 404\n"),
    );
    assert!(answered.to_string().contains("404"), "{answered}");
    let failed = ask(
        url,
        &format!("[[answers]]\nurl = \"{url}\"\nerror = \"timed-out\"\n"),
    );
    assert!(failed["answered"].is_object(), "{failed}");
    let none = ask(url, "");
    let words = none["malformed"]["message"].as_str().expect("malformed");
    assert!(
        words.contains("has no answer to") && words.contains(url),
        "{words}"
    );
}

#[test]
fn what_a_server_answered_is_recorded_once() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let server = runtime.block_on(Server::new([Reply::with(200, "", "approved")]));
    let context = Context::new();
    let component = context.write("plugin.wasm", ASKER);
    let repository = context.repository("payments");
    repository.commit("feat: begin");
    repository.git(["tag", "v1.0.0"]);
    repository.commit("fix: round");
    let url = server.url("/ticket");
    context.write(
        "holdpoint.toml",
        format!(
            "[plugins.asker]\nsource = {component:?}\ngrants.http = [{{ methods = [\"GET\"], url = \
             \"{url}\", addresses = [\"127.0.0.0/8\"] }}]\n\
             grants.secrets.token = {{ env = \"TOKEN\", for = \"https://example.com\" }}\n\
             settings.requests = [{{ url = \"{url}\" }}]\n\
             [[plugins.asker.grants.requests]]\nmethods = [\"GET\"]\nurl = \"https://example.com/\"\n\
             [[stages]]\nid = \"policy\"\nuse = [{{ plugin = \"asker\", kind = \"policy\" }}]\n"
        ),
    );
    let test = ["plugin", "test", "plugin", "--built", "plugin.wasm"];
    let mut command = context.command(context.path());
    command.env("TOKEN", "a secret of some length");
    let ran = Ran::of(command.args(test).args(RECORD).output()).expect_code(0);
    assert!(ran.stdout.contains("v1.0.0-to-HEAD"), "{}", ran.stdout);
    assert_eq!(server.received().len(), 1);
    let expected = fs::read_to_string(
        context
            .path()
            .join("plugin/cases/v1.0.0-to-HEAD.expected.json"),
    );
    assert!(expected.expect("it was written").contains("approved"));
    drop(server);
    again(&context, &[]).expect_code(0);
    // A name that was chosen twice does not take the place of the case that has it.
    let mut command = context.command(context.path());
    command.env("TOKEN", "a secret of some length");
    let twice = Ran::of(command.args(test).args(RECORD).output()).expect_code(2);
    assert!(twice.stderr.contains("already there"), "{}", twice.stderr);
}

#[test]
fn a_case_that_is_none_is_refused_with_its_line() {
    for (case, words) in [
        ("[release]\ncomits = []\n", &["line 2", "comits"][..]),
        (
            "[release]\ncommits = [7]\n",
            &["line 2", "a text or a table"],
        ),
        ("[release]\nversion = \"one\"\n", &["line 2"]),
        ("[release]\ntime = \"today\"\n", &["line 2"]),
        (
            "kind = \"risk\"\n[settings]\nsteps = []\n",
            &["not of the kind `risk`"],
        ),
        ("[settings]\nsteps = []\n", &["several kinds", "\"policy\""]),
        (
            "kind = \"policy\"\n[settings]\nstep = []\n",
            &["settings", "steps"],
        ),
        (
            "recorded = \"a.json\"\nkind = \"policy\"\n",
            &["a.json", "cannot be read"],
        ),
        (
            "recorded = \"a.json\"\n[release]\n",
            &["`recorded` says what the release is"],
        ),
        ("requests = [\"https://*.net/\"]\n", &["requests"]),
        ("tree = [\"../a\"]\n", &["../a"]),
    ] {
        let (_context, ran) = tried(READER, case, &[]);
        let ran = ran.expect_code(2);
        for word in words {
            assert!(ran.stderr.contains(word), "{case}\n{word}\n{}", ran.stderr);
        }
    }
}

#[test]
fn a_case_that_is_not_there_is_named() {
    let (_context, ran) = tried(READER, "", &["--case", "two"]);
    let ran = ran.expect_code(2);
    assert!(ran.stderr.contains("no case `two`"), "{}", ran.stderr);
}

#[test]
fn a_case_that_is_too_large_is_not_read() {
    let (context, _) = tried(READER, "", &[]);
    let file = fs::File::create(context.path().join("plugin/cases/one.toml"));
    file.and_then(|file| file.set_len((64 << 20) + 1))
        .expect("a file with nothing in it");
    let ran = again(&context, &[]).expect_code(2);
    assert!(
        ran.stderr.contains("67108864 are the most"),
        "{}",
        ran.stderr
    );
}
