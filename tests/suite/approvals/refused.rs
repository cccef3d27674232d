//! Statements that do not count, each in its own words.

use holdpoint::model::{Act, Digest, RunId, StatementBody, Text, Verdict};
use jiff::SignedDuration;

use super::keys::NAMESPACE;
use super::world::{World, time, words};

const STAGE: &str = "approvals = [{ role = \"managers\" }]";

/// What a statement that somebody signed otherwise comes to: it must not count.
#[track_caller]
fn refused(act: Act, change: impl FnOnce(&mut StatementBody), why: &str) {
    let mut world = World::new(STAGE);
    let is_override = act == Act::Override;
    if is_override {
        world.says("ben", Act::Override);
    }
    world.says_otherwise("ada", act, change);
    let rejected = if is_override {
        let overriding = world.overriding();
        assert!(!overriding.is_given);
        assert_eq!(overriding.missing, Some(1));
        overriding.rejected
    } else {
        let standing = world.standing();
        assert_eq!(standing.verdict, Verdict::Wait);
        assert!(standing.counted.is_empty());
        standing.rejected
    };
    assert_eq!(words(&rejected), [why]);
}

#[track_caller]
fn both(change: impl Fn(&mut StatementBody), why: &str) {
    refused(Act::Approve, &change, why);
    refused(Act::Override, &change, why);
}

fn digest(text: &[u8]) -> (Digest, String) {
    let digest = Digest::of(text);
    (digest, digest.short())
}

#[test]
fn what_was_given_to_another_run_is_refused() {
    both(
        |body| body.binding.run = RunId::from_bits(2),
        "it was given to another run, 00000000000000000000000000000002",
    );
    // The store says that it is of this run; the document does not.
    let mut world = World::new(STAGE);
    let statement = world.signed("ada", &world.body(Act::Approve));
    world.binding.run = RunId::from_bits(2);
    world.statements.push(holdpoint::model::Statement {
        run: RunId::from_bits(2),
        ..statement.clone()
    });
    assert_eq!(
        words(&world.standing().rejected),
        ["it was given to another run, 00000000000000000000000000000001"]
    );
    world.statements = vec![statement];
    assert_eq!(
        words(&world.standing().rejected),
        ["it was given to another run, 00000000000000000000000000000001"]
    );
}

#[test]
fn what_repeats_another_nonce_is_refused() {
    both(
        |body| body.binding.nonce = "f".repeat(32),
        "it does not repeat the random text of this run",
    );
}

#[test]
fn what_was_given_to_another_stage_is_refused() {
    both(
        |body| body.binding.stage = "deploy-2".to_owned(),
        "it was given to another stage, `deploy-2`",
    );
}

#[test]
fn what_was_given_to_another_subject_is_refused() {
    let (other, was) = digest(b"other");
    let (_, is) = digest(b"subject");
    both(
        |body| body.binding.subject = other,
        &format!("the subject has changed since: it was {was}, and is {is}"),
    );
}

#[test]
fn what_was_given_under_another_configuration_is_refused() {
    let (other, was) = digest(b"other");
    let (_, is) = digest(b"configuration");
    both(
        |body| body.binding.configuration = other,
        &format!("the configuration has changed since: it was {was}, and is {is}"),
    );
}

#[test]
fn what_was_given_to_other_findings_is_refused() {
    let (other, was) = digest(b"other");
    let (_, is) = digest(b"findings");
    both(
        |body| body.binding.findings = other,
        &format!("what the stage found has changed since: it was {was}, and is {is}"),
    );
}

#[test]
fn what_showed_something_else_than_it_is_bound_to_is_refused() {
    both(
        |body| body.binding.project = Text::from("toys"),
        "it names another project: toys, not payments",
    );
    both(
        |body| body.binding.target = Some(Text::from("staging")),
        "it names another target: staging, not production",
    );
    both(
        |body| body.binding.target = None,
        "it names another target: none, not production",
    );
    both(
        |body| body.binding.version = None,
        "it names another version: none, not 1.2.0",
    );
    both(
        |body| body.binding.commands.clear(),
        "it names another list of commands: [], not [[\"./deploy.sh\",\"1.2.0\"]]",
    );
    // None is not a target of that name.
    let mut world = World::new(STAGE);
    world.binding.target = None;
    world.says_otherwise("ada", Act::Approve, |body| {
        body.binding.target = Some(Text::from("none"));
    });
    assert_eq!(
        words(&world.standing().rejected),
        ["it names another target: none, not none"]
    );
}

#[test]
fn what_is_from_the_future_is_refused() {
    let to_come = time(super::world::NOW) + SignedDuration::from_nanos(1);
    both(
        |body| body.issued = to_come,
        "it is not yet valid: it was issued at 2027-01-31T10:00:00.000000001Z, which is to come",
    );
    // A withdrawal from the future takes nothing back yet, and a refusal does not count yet.
    let mut world = World::new(STAGE);
    world.approves(&["ada"]);
    for act in [Act::Withdraw, Act::Refuse] {
        world.says_otherwise("ada", act, |body| body.issued = to_come);
    }
    assert_eq!(world.standing().verdict, Verdict::Go);
    world.time = to_come;
    assert_eq!(
        world.standing().verdict,
        Verdict::Wait,
        "both were taken back"
    );
}

#[test]
fn what_has_expired_is_refused() {
    let now = time(super::world::NOW);
    both(
        |body| body.expires = Some(now),
        "it has expired at 2027-01-31T10:00:00Z",
    );
    let mut world = World::new(STAGE);
    world.says_otherwise("ada", Act::Approve, |body| {
        body.expires = Some(now + SignedDuration::from_nanos(1));
    });
    assert_eq!(world.standing().verdict, Verdict::Go);
}

#[test]
fn nothing_lives_longer_than_the_stage_allows() {
    let long = |body: &mut StatementBody| body.expires = Some(jiff::Timestamp::MAX);
    let mut world = World::new(STAGE);
    world.says_otherwise("ada", Act::Approve, long);
    assert_eq!(world.standing().verdict, Verdict::Go);
    world.time += SignedDuration::from_hours(71) - SignedDuration::from_nanos(1);
    assert_eq!(world.standing().verdict, Verdict::Go);
    world.time += SignedDuration::from_nanos(1);
    assert_eq!(
        words(&world.standing().rejected),
        ["it has expired at 2027-02-03T09:00:00Z"]
    );
    let mut world = World::new(STAGE);
    world.says_otherwise("ada", Act::Override, long);
    world.says_otherwise("ben", Act::Override, long);
    assert!(world.overriding().is_given);
    world.time += SignedDuration::from_hours(3);
    let overriding = world.overriding();
    assert!(!overriding.is_given, "four hours after it was signed");
    assert_eq!(
        words(&overriding.rejected),
        ["it has expired at 2027-01-31T13:00:00Z"]
    );
}

#[test]
fn what_is_signed_for_something_else_is_refused() {
    let mut world = World::new(STAGE);
    let body = world.body(Act::Approve);
    let mut statement = world.signed("ada", &body);
    statement.signature = world.keys.sign("ada", "git", &statement.document);
    world.statements.push(statement);
    let standing = world.standing();
    assert_eq!(standing.verdict, Verdict::Wait);
    assert_eq!(
        words(&standing.rejected),
        ["the signature was made for the namespace `git`"]
    );
}

#[test]
fn a_document_that_was_changed_after_it_was_signed_is_refused() {
    let mut world = World::new(STAGE);
    let mut statement = world.signed("ada", &world.body(Act::Approve));
    let other = world.signed("ada", &world.body(Act::Override));
    statement.document = other.document;
    world.statements.push(statement);
    assert!(!world.overriding().is_given);
    assert_eq!(
        words(&world.overriding().rejected),
        ["the signature is not one of this key over this document"]
    );
    // A document that is none is said of the approvals.
    let mut statement = world.signed("ada", &world.body(Act::Approve));
    statement.document.push(b'\n');
    statement.signature = world.keys.sign("ada", NAMESPACE, &statement.document);
    world.statements = vec![statement];
    assert_eq!(
        words(&world.standing().rejected),
        ["the bytes are not those that Holdpoint writes for this statement"]
    );
}

#[test]
fn a_signature_that_was_cut_is_refused() {
    let mut world = World::new(STAGE);
    let mut statement = world.signed("ada", &world.body(Act::Approve));
    statement.signature.truncate(100);
    world.statements.push(statement);
    let standing = world.standing();
    assert_eq!(standing.verdict, Verdict::Wait);
    assert_eq!(
        words(&standing.rejected),
        ["the signature is not whole: it lacks its first or its last line"]
    );
}

#[test]
fn what_is_said_of_other_things_is_no_approval() {
    let mut world = World::new(STAGE);
    world.says("ada", Act::Override);
    world.says("ada", Act::Withdraw);
    let standing = world.standing();
    assert_eq!(standing.verdict, Verdict::Wait);
    assert!(standing.rejected.is_empty() && standing.counted.is_empty());
    let mut world = World::new(STAGE);
    world.approves(&["ada", "ben"]);
    assert!(!world.overriding().is_given);
}
