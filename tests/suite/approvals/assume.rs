//! What a person says became of an effect.

use holdpoint::model::{Act, Assumed, Digest};
use holdpoint::pipeline::Trust;
use jiff::SignedDuration;

use super::world::{World, effect, words};

fn says(number: u32, outcome: Assumed) -> Act {
    Act::Assume {
        effect: effect(number),
        outcome,
    }
}

#[test]
fn one_signer_settles_an_effect() {
    for outcome in [Assumed::Done, Assumed::NotDone] {
        let mut world = World::new("");
        assert!(world.assumption(&[]).outcome.is_none());
        world.says("ada", says(1, outcome));
        let statement = world.statements[0].digest();
        assert_eq!(world.assumption(&[]).outcome, Some((outcome, statement)));
        // More was found since; that has nothing to do with it.
        world.binding.findings = Digest::of(b"more");
        assert_eq!(world.assumption(&[]).outcome, Some((outcome, statement)));
    }
}

#[test]
fn who_may_not_override_may_not_settle() {
    let mut world = World::new("");
    world.says("dan", says(1, Assumed::Done));
    world.says("eve", says(1, Assumed::Done));
    let assumption = world.assumption(&[]);
    assert!(assumption.outcome.is_none());
    let why = words(&assumption.rejected);
    assert_eq!(
        why[0],
        "dan is not one of those who are asked for: the role `managers`"
    );
    assert!(
        why[1].ends_with("belongs to nobody in the list of signers"),
        "{why:?}"
    );
    // Without a table of overrides any signer may.
    world.plan.overriding = None;
    assert!(world.assumption(&[]).outcome.is_some());
}

#[test]
fn what_is_said_of_another_effect_settles_nothing() {
    let mut world = World::new("");
    world.says("ada", says(2, Assumed::Done));
    let assumption = world.assumption(&[]);
    assert!(assumption.outcome.is_none());
    assert_eq!(
        words(&assumption.rejected),
        ["it is about another effect, `deploy/run/2`"]
    );
}

#[test]
fn what_settled_an_effect_once_does_not_settle_it_again() {
    let mut world = World::new("");
    world.says("ada", says(1, Assumed::NotDone));
    let used = world.statements[0].clone();
    let assumption = world.assumption(&[&used]);
    assert!(assumption.outcome.is_none());
    assert_eq!(words(&assumption.rejected), ["it was used before"]);
    // The same words under another signature are the same words.
    world.says("ben", says(1, Assumed::NotDone));
    assert!(world.assumption(&[&used]).outcome.is_none());
    world.says_otherwise("ben", says(1, Assumed::NotDone), |body| {
        body.issued += SignedDuration::from_secs(1);
    });
    assert!(world.assumption(&[&used]).outcome.is_some());
}

#[test]
fn who_contradict_each_other_settle_nothing() {
    let mut world = World::new("");
    world.says("ada", says(1, Assumed::Done));
    world.says("ben", says(1, Assumed::Done));
    assert!(world.assumption(&[]).outcome.is_some());
    world.says("cleo", says(1, Assumed::NotDone));
    let assumption = world.assumption(&[]);
    assert!(assumption.outcome.is_none());
    let words = assumption.contradiction.expect("a contradiction");
    assert!(words.raw().contains("cleo says not-done"), "{words:?}");
    world.says("cleo", Act::Withdraw);
    assert!(world.assumption(&[]).outcome.is_some());
}

#[test]
fn what_is_old_or_untrusted_settles_nothing() {
    let mut world = World::new("");
    world.says("ada", says(1, Assumed::Done));
    world.trust = Trust::Untrusted;
    assert!(world.assumption(&[]).outcome.is_none());
    world.trust = Trust::Trusted;
    world.time += SignedDuration::from_hours(3);
    let assumption = world.assumption(&[]);
    assert!(assumption.outcome.is_none());
    assert_eq!(
        words(&assumption.rejected),
        ["it has expired at 2027-01-31T13:00:00Z"]
    );
}
