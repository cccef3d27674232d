//! What a pipeline file says of approvals, and what of it is refused.

use std::path::{Path, PathBuf};

use holdpoint::model::Verdict;
use holdpoint::pipeline::{
    APPROVALS_VALID, Configuration, ConfigurationError, Flags, Layer, Life, Origin, Plan, Problem,
    Request, Trust, load, parse, source, tighten,
};
use holdpoint::release::Repository;

use super::keys::Keys;
use crate::context::{self, Context};

/// A checkout, and a pipeline outside of it beside its list of signers.
struct Place {
    context: Context,
    checkout: context::Repository,
    keys: Keys,
}

impl Place {
    fn new() -> Self {
        let context = Context::new();
        let checkout = context.repository("checkout");
        checkout.commit_file("a", "a", "feat: a");
        let keys = Keys::new();
        let mut list = String::new();
        for name in ["ada", "ben"] {
            keys.make(name, "-t ed25519");
            list += &format!("{name} {}\n", keys.public(name));
        }
        context.write("outside/signers", list);
        Self {
            context,
            checkout,
            keys,
        }
    }

    fn load(&self, text: &str) -> Result<Configuration, ConfigurationError> {
        let path = self.context.write("outside/holdpoint.toml", text);
        self.load_from(&path, None)
    }

    fn load_from(
        &self,
        path: &Path,
        policy: Option<&PathBuf>,
    ) -> Result<Configuration, ConfigurationError> {
        let repository = Repository::open(self.checkout.path()).expect("a repository");
        load(Request {
            components: None,
            repository: &repository,
            folder: self.checkout.path(),
            pipeline: path.to_str(),
            policy: policy.and_then(|policy| policy.to_str()),
            flags: Flags::default(),
        })
    }

    /// The error of a file: its words, and the line that it points at.
    #[track_caller]
    fn refused(&self, text: &str) -> (String, Option<usize>) {
        let error = self.load(text).expect_err("it is refused");
        (
            error.to_string(),
            error.site().map(holdpoint::pipeline::Site::line),
        )
    }
}

const APPROVERS: &str =
    "[approvers]\nsigners = \"signers\"\nroles = { managers = [\"ada\", \"ben\"] }\n";
const POLICY: &str = "[[stages]]\nid = \"policy\"\nuse = [\"conventional-commits\"]\n";

fn gate(approvals: &str) -> String {
    format!("{APPROVERS}[[stages]]\nid = \"gate\"\napprovals = {approvals}\n")
}

#[test]
fn a_stage_of_approvals_alone_is_a_gate_and_waits() {
    let place = Place::new();
    let configuration = place
        .load(&gate("[{ role = \"managers\", count = 2 }]"))
        .expect("a gate");
    assert_eq!(configuration.trust, Trust::Trusted);
    let stage = &configuration.stages[0];
    assert_eq!((stage.uses.len(), stage.approvals.len()), (0, 1));
    let rule = &stage.approvals[0];
    assert_eq!(
        (rule.count, rule.role.as_deref(), rule.at),
        (2, Some("managers"), None)
    );
    assert!(rule.four_eyes);
    assert_eq!(stage.approvals_valid, APPROVALS_VALID);
    let path = place.context.path().join("outside/holdpoint.toml");
    let path = path.to_str().expect("UTF-8");
    let ran = place.context.holdpoint(
        place.checkout.path(),
        ["run", "--format", "json", "--pipeline", path],
    );
    assert_eq!(
        ran.expect_code(4).json()["verdict"],
        Verdict::Wait.to_string()
    );
}

#[test]
fn what_is_left_out_is_one_signer_by_four_eyes() {
    let place = Place::new();
    let configuration = place
        .load(&gate(
            "[{}, { four-eyes = false }]\napprovals-valid = \"30d\"",
        ))
        .expect("a gate");
    let stage = &configuration.stages[0];
    let rules: Vec<_> = stage
        .approvals
        .iter()
        .map(|rule| (rule.count, rule.role.is_none(), rule.four_eyes))
        .collect();
    assert_eq!(rules, [(1, true, true), (1, true, false)]);
    assert_eq!(
        stage.approvals_valid,
        "30d".parse::<Life>().expect("a life")
    );
}

#[test]
fn what_could_never_be_given_is_refused_with_its_line() {
    let place = Place::new();
    let without = |stage: &str| format!("{POLICY}[[stages]]\nid = \"gate\"\n{stage}\n");
    let cases = [
        (
            without("approvals = [{}]"),
            "stage `gate` needs an approval, and there are no approvers whose word counts in it",
            6,
        ),
        (
            without("use = [\"conventional-commits\"]\n[override]"),
            "an override needs signatures, and there are no approvers",
            7,
        ),
        (
            gate("[{ role = \"manager\" }]"),
            "there is no role `manager`",
            6,
        ),
        (
            gate("[{ role = \"managers\", count = 3 }]"),
            "the role `managers` has 2 of the 3 people that are needed",
            6,
        ),
        (gate("[{ count = 0 }]"), "`count` is from 1 to 20", 6),
        (gate("[{ count = 21 }]"), "`count` is from 1 to 20", 6),
        (
            gate("[{ at = 50 }]"),
            "stage `gate` has a threshold and uses no plugin of kind risk, so it would never count",
            6,
        ),
        (
            gate("[{ at = 101 }]"),
            "expected a percentile from 0 to 100",
            6,
        ),
        (
            gate("[{}]\napprovals-valid = \"31d\""),
            "expected more than zero and at most 30d",
            7,
        ),
        (
            gate("[{}]\napprovals-valid = \"5s\""),
            "expected one of the units `m`, `h` and `d` after the number, such as `72h`",
            7,
        ),
        (
            gate("[{}]\n[override]\ncount = 1"),
            "`count` is from 2 to 20",
            8,
        ),
        (
            gate("[{}]\n[override]\nvalid = \"25h\""),
            "an override holds for at most 1d",
            8,
        ),
        (
            gate("[{}]\n[override]\nrole = \"nobody\""),
            "there is no role `nobody`",
            8,
        ),
        (
            gate("[{}]\n[override]\nrole = \"managers\"\ncount = 3"),
            "the role `managers` has 2 of the 3 people that are needed",
            8,
        ),
        (
            gate("[{}]").replace("\"ben\"", "\"bem\""),
            "no line of the list of signers is for `bem`",
            3,
        ),
        (
            gate("[{}]").replace("\"ben\"", "\"ada\""),
            "there are two members named `ada`",
            3,
        ),
        (
            gate("[{}]").replace("\"ben\"", "\" \""),
            "a name or an address cannot be empty",
            3,
        ),
        (
            gate("[{}]").replace("managers", "Managers"),
            "`Managers` cannot be the name of a role",
            3,
        ),
        (
            gate("[{}]").replace("roles = {", "identities = { ada = [\"\"] }\nroles = {"),
            "a name or an address cannot be empty",
            3,
        ),
    ];
    for (text, words, line) in cases {
        let (found, at) = place.refused(&text);
        assert!(found.starts_with(words), "{found}\n{text}");
        assert_eq!(at, Some(line), "{words}\n{text}");
    }
}

#[test]
fn names_of_one_person_are_not_enough_for_two() {
    let place = Place::new();
    let two = "[{ role = \"managers\", count = 2 }]";
    let identities = "identities = { ada = [\"a@x\"], ben = [\"A@x\"] }\nroles = {";
    let (words, _) = place.refused(&gate(two).replace("roles = {", identities));
    assert_eq!(
        words,
        "the role `managers` has 1 of the 2 people that are needed"
    );
    let shared = format!("ada,ben {}\n", place.keys.public("ada"));
    place.context.write("outside/signers", shared);
    let (words, _) = place.refused(&gate(two));
    assert_eq!(
        words,
        "the role `managers` has 1 of the 2 people that are needed"
    );
}

#[test]
fn a_list_of_signers_that_is_broken_or_missing_is_refused() {
    let place = Place::new();
    place.context.write("outside/signers", "ada\n");
    let error = place.load(&gate("[{}]")).expect_err("a broken line");
    assert_eq!(error.to_string(), "signers is not a list of signers");
    let source = std::error::Error::source(&error).expect("why").to_string();
    assert_eq!(source, "line 1: it has no key");
    assert!(error.help().is_some());
    let (words, line) = place.refused(&gate("[{}]").replace("\"signers\"", "\"nothing\""));
    assert_eq!(
        (words.as_str(), line),
        ("there is no file nothing", Some(2))
    );
}

#[test]
fn who_approves_is_read_from_where_the_file_was_and_is_part_of_the_digest() {
    let place = Place::new();
    let before = place.load(&gate("[{}]")).expect("a gate").digest;
    assert_eq!(place.load(&gate("[{}]")).expect("the same").digest, before);
    place.keys.make("cleo", "-t ed25519");
    let list = ["ada", "ben", "cleo"].map(|name| format!("{name} {}\n", place.keys.public(name)));
    place.context.write("outside/signers", list.concat());
    let after = place.load(&gate("[{}]")).expect("a gate").digest;
    assert_ne!(after, before, "one signer more");
    assert_ne!(place.load(&gate("[{}, {}]")).expect("two").digest, after);
    // A list in the checkout is in reach of the change under judgement.
    place.checkout.write("signers", list.concat());
    let inside = gate("[{}]").replace("\"signers\"", "\"../checkout/signers\"");
    assert_eq!(place.load(&inside).expect("a gate").trust, Trust::Untrusted);
    place
        .checkout
        .commit_file("holdpoint.toml", gate("[{}]"), "ci: add");
    let at_a_ref = place
        .load_from(Path::new("main:holdpoint.toml"), None)
        .expect("at a ref");
    assert_eq!(at_a_ref.trust, Trust::Trusted);
}

fn plan(name: &str, text: &str, layer: Layer) -> Plan {
    let source = source(Origin::Embedded, name.into(), text.into(), Trust::Trusted);
    let source = source.expect("a source");
    Plan::new(parse(&source).expect("a file"), &source, layer).expect("a plan")
}

fn merged(base: &str, project: &str) -> Result<Plan, ConfigurationError> {
    tighten(
        plan("base.toml", base, Layer::Policy),
        plan("project.toml", project, Layer::Pipeline),
    )
}

#[track_caller]
fn looser(base: &str, project: &str, words: &str) {
    let error = merged(base, project).expect_err("it is looser");
    assert!(matches!(error.problem(), Problem::Looser { .. }), "{error}");
    assert_eq!(error.to_string(), words);
}

#[test]
fn a_project_keeps_the_approvers_of_its_base() {
    let own = "[[stages]]\nid = \"own\"\nuse = [\"q\"]\n";
    let base = gate("[{}]") + "[override]\nrole = \"managers\"\n";
    assert!(merged(&base, own).expect("none").approvers.is_some());
    let same = format!("{own}[override]\nrole = \"managers\"\n{APPROVERS}");
    let plan = merged(&base, &same).expect("the same");
    assert_eq!(plan.approvers.expect("approvers").layer, Layer::Policy);
    let other = APPROVERS.replace("\"ben\"", "\"eve\"");
    looser(
        &base,
        &format!("{own}{other}"),
        "`approvers` is signers with managers (ada, eve); no identities in project.toml line 4, which \
         is looser than signers with managers (ada, ben); no identities in base.toml line 1",
    );
    for (change, words) in [
        ("count = 3", "3 of any signers for 4h"),
        (
            "role = \"managers\"\nvalid = \"1h\"",
            "2 of managers for 1h",
        ),
    ] {
        looser(
            &base,
            &format!("{own}[override]\n{change}\n"),
            &format!(
                "`override` is {words} in project.toml line 4, which is looser than 2 of managers for 4h in base.toml line 7"
            ),
        );
    }
    for (key, other) in [
        ("\"signers\"", "\"others\""),
        ("roles = {", "identities = { ada = [\"a\"] }\nroles = {"),
    ] {
        assert!(merged(&base, &format!("{own}{}", APPROVERS.replace(key, other))).is_err());
    }
}

#[test]
fn a_project_adds_approvals_and_takes_none_away() {
    let base = gate("[{ role = \"managers\" }]");
    let stage =
        |keys: &str| format!("[[stages]]\nid = \"gate\"\napprovals = [{{ count = 2 }}]\n{keys}\n");
    let plan = merged(&base, &stage("approvals-valid = \"24h\"")).expect("more");
    let counts: Vec<u32> = plan.stages[0]
        .approvals
        .iter()
        .map(|rule| rule.count)
        .collect();
    assert_eq!(counts, [1, 2]);
    assert_eq!(
        plan.stages[0]
            .approvals_valid
            .as_ref()
            .expect("set")
            .value
            .to_string(),
        "1d"
    );
    looser(
        &base,
        &stage("approvals-valid = \"73h\""),
        "`stages.gate.approvals-valid` is 73h in project.toml line 4, which is looser than 3d in base.toml line 5",
    );
    let short = format!("{base}approvals-valid = \"1h\"\n");
    looser(
        &short,
        &stage("approvals-valid = \"2h\""),
        "`stages.gate.approvals-valid` is 2h in project.toml line 4, which is looser than 1h in base.toml line 7",
    );
}

#[test]
fn approvers_of_a_project_are_none_in_a_stage_of_its_base() {
    let place = Place::new();
    let base = place.context.write("outside/base.toml", POLICY);
    let own = format!("{APPROVERS}[[stages]]\nid = \"own\"\napprovals = [{{}}]\n");
    let path = place.context.write("outside/holdpoint.toml", own);
    let configuration = place.load_from(&path, Some(&base)).expect("of its own");
    let approvers = configuration.approvers.expect("approvers");
    assert!(approvers.counts_in(Layer::Pipeline) && !approvers.counts_in(Layer::Policy));
    let added = format!("{APPROVERS}[[stages]]\nid = \"policy\"\napprovals = [{{}}]\n");
    let path = place.context.write("outside/holdpoint.toml", added);
    let error = place
        .load_from(&path, Some(&base))
        .expect_err("of the base");
    assert_eq!(
        error.to_string(),
        "stage `policy` needs an approval, and there are no approvers whose word counts in it"
    );
}
