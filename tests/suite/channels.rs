//! Where the messages of channels are posted: what a pipeline file says of it, what of it decides,
//! and when the values are read that do not stand in it.

mod commands;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::sync::Mutex;
use std::time::Duration;

use holdpoint::model::{MessageKey, MessageState, OutboxMessage, RunId, Text, ValueSource};
use holdpoint::pipeline::{
    ADDRESS_RANGES_MAX, AddressPlan, Configuration, ConfigurationError, Delivery, Destination,
    Flags, Layer, Origin, Plan, Problem, Request, RetryPolicy, Trust, VALUE_BYTES_MAX, deliver,
    load, parse, source, tighten,
};
use holdpoint::release::Repository;
use holdpoint::sandbox::{HttpClient, HttpLimits};

use crate::context::{self, Context};
use crate::loopback::{Certificate, Reply, Server, wait};

const STAGE: &str = "[[stages]]\nid = \"policy\"\nuse = [\"conventional-commits\"]\n";
const CHANNEL: &str = "[channels.releases]\nuse = \"slack\"\n";

fn plan(keys: &str) -> Result<Plan, ConfigurationError> {
    plan_of(keys, Layer::Pipeline)
}

fn plan_of(keys: &str, layer: Layer) -> Result<Plan, ConfigurationError> {
    let text = format!("{STAGE}{CHANNEL}{keys}\n").into_bytes();
    let name = Text::from("holdpoint.toml");
    let source = source(Origin::Embedded, name, text, Trust::Trusted)?;
    Plan::new(parse(&source)?, &source, layer)
}

fn checkout(context: &Context) -> context::Repository {
    let repository = context.repository("checkout");
    repository.commit("feat: begin");
    repository
}

/// Loads a pipeline file with one channel; a relative path is one in the checkout.
fn loaded(
    checkout: &context::Repository,
    path: &std::path::Path,
) -> Result<Configuration, ConfigurationError> {
    let repository = Repository::open(checkout.path()).expect("a repository");
    load(Request {
        components: None,
        repository: &repository,
        folder: checkout.path(),
        pipeline: path.to_str(),
        policy: None,
        flags: Flags::default(),
    })
}

/// A configuration from outside of the checkout.
fn trusted(context: &Context, checkout: &context::Repository, keys: &str) -> Configuration {
    let file = context.write(
        "outside/holdpoint.toml",
        format!("{STAGE}{CHANNEL}{keys}\n"),
    );
    loaded(checkout, &file).unwrap_or_else(|error| panic!("{keys}: {error}"))
}

/// The destinations under variables of a test.
fn destinations(
    configuration: &Configuration,
    checkout: &context::Repository,
    variables: &[(&str, &str)],
) -> Result<BTreeMap<String, Destination>, ConfigurationError> {
    let repository = Repository::open(checkout.path()).expect("a repository");
    configuration.destinations(&repository, &|wanted| {
        let found = variables.iter().find(|(name, _)| *name == wanted);
        found.map(|(_, value)| OsString::from(value))
    })
}

#[test]
fn a_channel_says_where_its_messages_are_posted() {
    let plan = plan(
        "address = { env = \"HOOK\" }\n\
         secret = { file = \"/run/secrets/hook\", header = \"x-token\" }\n\
         addresses = [\"127.0.0.0/8\", \"10.1.2.3\", \"fd00::/8\", \"10.1.2.3/32\"]\n\
         ca = \"authority.pem\"\ndelivery = \"maybe-lost\"",
    )
    .expect("a plan");
    let destination = plan.channels["releases"]
        .destination
        .as_ref()
        .expect("a destination");
    let env = ValueSource::Env("HOOK".to_owned());
    assert_eq!(destination.address.value, AddressPlan::Value(env));
    let secret = destination.secret.as_ref().expect("a secret");
    assert_eq!(
        secret.value.value,
        ValueSource::File("/run/secrets/hook".into())
    );
    assert_eq!(
        (secret.header.as_str(), secret.prefix.as_str()),
        ("x-token", "")
    );
    assert_eq!(destination.addresses.len(), 3);
    assert_eq!(destination.delivery, Delivery::MaybeLost);
    assert_eq!(
        destination.words(),
        "to the variable `HOOK` with the file `/run/secrets/hook` in `x-token` at 10.1.2.3/32, \
         127.0.0.0/8, fd00::/8 trusting `authority.pem`, maybe-lost"
    );
}

#[test]
fn what_a_channel_leaves_out_has_a_default() {
    let shown = plan("").expect("a plan");
    assert!(shown.channels["releases"].destination.is_none());
    let plan = plan("address = \"https://hooks.example.com/s3cret\"\nsecret = { env = \"TOKEN\" }")
        .expect("a plan");
    let destination = plan.channels["releases"]
        .destination
        .as_ref()
        .expect("a destination");
    let secret = destination.secret.as_ref().expect("a secret");
    assert_eq!(
        (secret.header.as_str(), secret.prefix.as_str()),
        ("authorization", "Bearer ")
    );
    assert_eq!(destination.delivery, Delivery::MaybeTwice);
    assert!(destination.addresses.is_empty() && destination.ca.is_none());
    assert_eq!(
        destination.words(),
        "to https://hooks.example.com/… with the variable `TOKEN` in `authorization`, maybe-twice"
    );
}

#[test]
fn what_is_wrong_with_a_destination_is_said() {
    let many = vec!["\"10.0.0.1\""; ADDRESS_RANGES_MAX + 1].join(", ");
    let many = format!("address = \"https://example.com\"\naddresses = [{many}]");
    let with = |keys: &str| format!("address = \"https://example.com\"\n{keys}");
    for (keys, words) in [
        (
            "secret = { env = \"A\" }".to_owned(),
            "`secret` says how messages are sent",
        ),
        ("addresses = []".to_owned(), "`addresses` says how"),
        ("ca = \"a.pem\"".to_owned(), "`ca` says how"),
        (
            "delivery = \"maybe-lost\"".to_owned(),
            "`delivery` says how",
        ),
        ("address = 5".to_owned(), "a URL, or a table"),
        (
            "address = {}".to_owned(),
            "exactly one of `env`, `file` and",
        ),
        (
            "address = { env = \"A\", file = \"/a\" }".to_owned(),
            "exactly one of",
        ),
        ("address = { evn = \"A\" }".to_owned(), "unknown key `evn`"),
        (
            "address = { env = \"A-B\" }".to_owned(),
            "the name of a variable",
        ),
        (
            "address = { env = \"\" }".to_owned(),
            "the name of a variable",
        ),
        (
            "address = { env = \"1A\" }".to_owned(),
            "the name of a variable",
        ),
        (
            "address = { file = \"secrets/hook\" }".to_owned(),
            "an absolute path",
        ),
        (with("secret = { header = \"x\" }"), "exactly one of"),
        (
            with("secret = { env = \"A\", value = \"b\" }"),
            "unknown key `value`",
        ),
        (
            with("secret = { env = \"A\", header = \"Host\" }"),
            "the secret of channel `releases`",
        ),
        (
            with("secret = { env = \"A\", header = \"a b\" }"),
            "the secret of channel `releases`",
        ),
        (
            with("secret = { env = \"A\", prefix = \"a\\nb\" }"),
            "the secret of channel `releases`",
        ),
        (
            with("addresses = [\"localhost\"]"),
            "expected a range of addresses",
        ),
        (
            with("addresses = [\"10.1.2.3/8\"]"),
            "that range is written `10.0.0.0/8`",
        ),
        (
            with("addresses = [\"10.0.0.0/33\"]"),
            "expected a range of addresses",
        ),
        (
            with("addresses = [\"::ffff:10.0.0.0/104\"]"),
            "write a range of IPv4 addresses",
        ),
        (many, "at most 64 ranges"),
        (with("delivery = \"maybe\""), "unknown variant `maybe`"),
        (
            "url = \"https://example.com\"".to_owned(),
            "unknown key `url`",
        ),
    ] {
        let error = plan(&keys).expect_err(&keys);
        assert!(error.to_string().contains(words), "{keys}: {error}");
    }
    let error = plan("webhook = \"https://example.com\"").expect_err("no such key");
    let help = error.help().expect("help");
    assert!(
        help.contains("`address`") && help.contains("`secret`"),
        "{help}"
    );
}

#[test]
fn an_address_that_cannot_be_asked_is_not_shown() {
    let context = Context::new();
    let checkout = checkout(&context);
    let keys = "address = \"https://example.com/s3cret#there\"";
    let file = context.write(
        "outside/holdpoint.toml",
        format!("{STAGE}{CHANNEL}{keys}\n"),
    );
    let file = file.to_str().expect("a path");
    let ran = context
        .holdpoint(checkout.path(), ["check", "--pipeline", file])
        .expect_code(2);
    let said = ran.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("the address of channel `releases`"), "{said}");
    assert!(said.contains("line 6"), "{said}");
    assert!(!said.contains("s3cret"), "{said}");
}

#[test]
fn a_project_sends_nothing_elsewhere_than_its_base_says() {
    let base = "address = { env = \"HOOK\" }\nsecret = { env = \"TOKEN\" }\n\
                addresses = [\"10.0.0.0/8\"]\nca = \"a.pem\"";
    let merged = |project: &str| {
        tighten(
            plan_of(base, Layer::Policy).expect("a base"),
            plan_of(project, Layer::Pipeline).expect("a project"),
        )
    };
    assert!(merged(base).is_ok());
    for (from, to) in [
        ("{ env = \"HOOK\" }", "{ env = \"OTHER\" }"),
        ("{ env = \"HOOK\" }", "{ file = \"/HOOK\" }"),
        ("{ env = \"HOOK\" }", "\"https://example.com/s3cret\""),
        ("{ env = \"TOKEN\" }", "{ env = \"HOOK\" }"),
        ("{ env = \"TOKEN\" }", "{ env = \"TOKEN\", header = \"x\" }"),
        ("{ env = \"TOKEN\" }", "{ env = \"TOKEN\", prefix = \"\" }"),
        ("secret = { env = \"TOKEN\" }\n", ""),
        ("10.0.0.0/8", "10.0.0.0/9"),
        ("a.pem", "b.pem"),
        (
            "\nca = \"a.pem\"",
            "\nca = \"a.pem\"\ndelivery = \"maybe-lost\"",
        ),
    ] {
        let project = base.replace(from, to);
        assert_ne!(project, base);
        let error = merged(&project).expect_err(&project);
        assert!(matches!(error.problem(), Problem::Looser { .. }), "{error}");
        assert!(!error.to_string().contains("s3cret"), "{error}");
    }
    assert!(merged("").is_err());
}

#[test]
fn a_destination_is_part_of_the_configuration_digest_by_name() {
    let context = Context::new();
    let checkout = checkout(&context);
    let certificate = Certificate::new(&context, "DNS:localhost");
    let pem = std::fs::read(&certificate.authority).expect("a certificate");
    context.write("outside/a.pem", &pem);
    let keys = "address = { env = \"HOOK\" }\nca = \"a.pem\"";
    let first = trusted(&context, &checkout, keys);
    assert_eq!(first.trust, Trust::Trusted);
    // Values are not looked at, so that they cannot be part of it.
    destinations(&first, &checkout, &[("HOOK", "https://a.example/")]).expect("a value");
    assert_eq!(trusted(&context, &checkout, keys).digest, first.digest);
    // The file of certificates is part of it with its content.
    context.write("outside/a.pem", [&b"another one\n"[..], &pem].concat());
    assert_ne!(trusted(&context, &checkout, keys).digest, first.digest);
    let other = trusted(
        &context,
        &checkout,
        "address = { env = \"OTHER\" }\nca = \"a.pem\"",
    );
    assert_ne!(other.digest, first.digest);
}

#[test]
fn certificates_in_reach_of_the_change_are_not_trusted() {
    let context = Context::new();
    let checkout = checkout(&context);
    let certificate = Certificate::new(&context, "DNS:localhost");
    let pem = std::fs::read(&certificate.authority).expect("a certificate");
    checkout.write("authority.pem", pem);
    let path = checkout.path().join("authority.pem");
    let keys = format!("address = {{ env = \"HOOK\" }}\nca = {path:?}");
    let configuration = trusted(&context, &checkout, &keys);
    assert_eq!(configuration.trust, Trust::Untrusted);
    context.write("outside/empty.pem", "nothing\n");
    let keys = "address = { env = \"HOOK\" }\nca = \"empty.pem\"";
    let file = context.write(
        "outside/holdpoint.toml",
        format!("{STAGE}{CHANNEL}{keys}\n"),
    );
    let error = loaded(&checkout, &file).expect_err("no certificate");
    assert!(
        matches!(error.problem(), Problem::Authorities { .. }),
        "{error}"
    );
}

#[test]
fn values_are_read_when_messages_are_sent() {
    let context = Context::new();
    let checkout = checkout(&context);
    let secret = context.write("secrets/token", "t0ken\r\n");
    let keys = format!("address = {{ env = \"HOOK\" }}\nsecret = {{ file = {secret:?} }}");
    let configuration = trusted(&context, &checkout, &keys);
    let hook = "https://hooks.example.com/s3cret";
    let found = destinations(&configuration, &checkout, &[("HOOK", hook)]).expect("values");
    assert_eq!(found["releases"].origin(), "https://hooks.example.com");
    assert_eq!(found.len(), 1);
    assert!(!format!("{found:?}").contains("s3cret"));
}

#[test]
fn a_value_that_is_of_no_use_is_named_and_not_shown() {
    let context = Context::new();
    let checkout = checkout(&context);
    let configuration = trusted(
        &context,
        &checkout,
        "address = { env = \"HOOK\" }\nsecret = { env = \"TOKEN\" }",
    );
    let hook = ("HOOK", "https://hooks.example.com/s3cret");
    let refused = |variables: &[(&str, &str)]| {
        let error = destinations(&configuration, &checkout, variables).expect_err("of no use");
        assert!(
            !format!("{error} {error:?}").contains("s3cret"),
            "{error:?}"
        );
        assert!(error.help().is_some() && error.site().is_some());
        error
    };
    let is_missing = |error: &ConfigurationError, name: &str| matches!(error.problem(), Problem::NoVariable { variable, .. } if variable == name);
    assert!(is_missing(&refused(&[]), "HOOK"));
    assert!(is_missing(&refused(&[("HOOK", "")]), "HOOK"));
    assert!(is_missing(&refused(&[hook]), "TOKEN"));
    assert!(
        refused(&[hook])
            .to_string()
            .contains("`secret` of channel `releases`")
    );
    let long = "s3cret".repeat(VALUE_BYTES_MAX);
    for token in [
        "s3cret\nx",
        "s3cret\n\n",
        " s3cret",
        "s3cret ",
        "s3cret\u{0}",
        &long,
    ] {
        let error = refused(&[hook, ("TOKEN", token)]);
        assert!(
            matches!(error.problem(), Problem::ValueText { .. }),
            "{error}"
        );
    }
    for address in [
        "s3cret",
        "https://a@b.example/s3cret",
        "ftp://b.example/s3cret",
    ] {
        let error = refused(&[("HOOK", address)]);
        assert!(
            matches!(error.problem(), Problem::Address { .. }),
            "{error}"
        );
    }
}

#[test]
fn a_value_in_reach_of_the_change_is_not_read() {
    let context = Context::new();
    let checkout = checkout(&context);
    checkout.write("hook", "https://evil.example/");
    let inside = checkout.path().join("hook");
    let link = context.path().join("link");
    std::os::unix::fs::symlink(&inside, &link).expect("a link");
    for path in [&inside, &link] {
        let configuration = trusted(
            &context,
            &checkout,
            &format!("address = {{ file = {path:?} }}"),
        );
        let error = destinations(&configuration, &checkout, &[]).expect_err("it is in reach");
        assert!(
            matches!(error.problem(), Problem::ValueInReach { .. }),
            "{error}"
        );
    }
    let missing = context.path().join("missing");
    let configuration = trusted(
        &context,
        &checkout,
        &format!("address = {{ file = {missing:?} }}"),
    );
    let error = destinations(&configuration, &checkout, &[]).expect_err("it is not there");
    assert!(matches!(error.problem(), Problem::Missing(_)), "{error}");
}

#[test]
fn nothing_is_read_for_a_configuration_that_is_not_trusted() {
    let context = Context::new();
    let checkout = checkout(&context);
    checkout.write(
        "holdpoint.toml",
        format!("{STAGE}{CHANNEL}address = {{ env = \"HOOK\" }}\n"),
    );
    let configuration = loaded(&checkout, "holdpoint.toml".as_ref()).expect("it loads");
    let repository = Repository::open(checkout.path()).expect("a repository");
    let asked = Mutex::new(0);
    let found = configuration.destinations(&repository, &|_| {
        *asked.lock().expect("nobody panicked") += 1;
        Some("https://example.com/".into())
    });
    assert!(found.expect("nothing is read").is_empty());
    assert_eq!(*asked.lock().expect("nobody panicked"), 0);
}

#[test]
fn a_check_reads_no_value_and_shows_none() {
    let context = Context::new();
    let checkout = checkout(&context);
    let channels = "[channels.audit]\nuse = \"webhook\"\n\
                    address = \"https://audit.example.com/s3cret\"\n";
    let keys = "address = { env = \"HOOK\" }\nsecret = { file = \"/nonexistent/s3cret-free\" }";
    let file = context.write(
        "outside/holdpoint.toml",
        format!("{STAGE}{CHANNEL}{keys}\n{channels}[channels.shown]\nuse = \"slack\"\n"),
    );
    let file = file.to_str().expect("a path");
    let check = |format: &[&str]| {
        let arguments = ["check", "--pipeline", file];
        context
            .holdpoint(checkout.path(), arguments.iter().chain(format))
            .expect_code(0)
    };
    let report = check(&["--format", "json"]).json();
    crate::schema::assert_fits("check.schema.json", &report);
    let posted = |number: usize| report["channels"][number]["posted"].as_str();
    assert_eq!(
        posted(0),
        Some("to https://audit.example.com/…, maybe-twice")
    );
    assert_eq!(
        posted(1),
        Some(
            "to the variable `HOOK` with the file `/nonexistent/s3cret-free` in `authorization`, maybe-twice"
        )
    );
    assert_eq!(posted(2), None);
    let page = check(&[]).stdout;
    assert!(
        page.contains("Messages are posted to https://audit.example.com/…"),
        "{page}"
    );
    assert!(page.contains("Messages are shown, not sent"), "{page}");
    assert!(!page.contains("com/s3cret"), "{page}");
}

/// All of it: a file, a variable, an authority of one's own, and a message that arrives.
#[test]
fn a_message_goes_where_the_file_says() {
    let context = Context::new();
    let checkout = checkout(&context);
    wait(async {
        let certificate = Certificate::new(&context, "DNS:localhost");
        let server = Server::tls(&certificate, [Reply::status(200)]).await;
        let pem = std::fs::read(&certificate.authority).expect("a certificate");
        context.write("outside/authority.pem", pem);
        let configuration = trusted(
            &context,
            &checkout,
            "address = { env = \"HOOK\" }\nsecret = { env = \"TOKEN\", header = \"x-token\" }\n\
             addresses = [\"127.0.0.0/8\", \"::1\"]\nca = \"authority.pem\"",
        );
        let hook = format!("https://localhost:{}/hook", server.address.port());
        let variables = [("HOOK", hook.as_str()), ("TOKEN", "t0ken")];
        let found = destinations(&configuration, &checkout, &variables).expect("values");
        let message = OutboxMessage {
            key: MessageKey {
                run: RunId::from_bits(1),
                event: "finished".to_owned(),
                channel: "releases".to_owned(),
                number: 1,
            },
            media_type: Text::from("application/json"),
            body: Text::from("{}"),
            summary: Text::from("done"),
            state: MessageState::Pending {
                attempts: 0,
                not_before: jiff::Timestamp::UNIX_EPOCH,
                said: None,
            },
        };
        let mut ledger = crate::delivery::Ledger::default();
        let client = HttpClient::new(HttpLimits::default());
        let retry = RetryPolicy::default();
        let delivered = deliver(
            &mut ledger,
            vec![message],
            &found,
            &client,
            &retry,
            &|| jiff::Timestamp::UNIX_EPOCH,
            Duration::from_secs(30),
        );
        let delivered = delivered.await.expect("the store takes it");
        let state = &delivered[0].state;
        assert!(matches!(state, MessageState::Sent { .. }), "{state:?}");
        assert_eq!(server.received()[0].header("x-token"), Some("t0ken"));
    });
}
