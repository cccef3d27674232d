//! Breaking the glass.

use holdpoint::model::Act;
use holdpoint::pipeline::{Layer, Trust};

use super::world::{PEOPLE, World, words};

#[test]
fn two_people_let_a_stage_go_whatever_it_came_to() {
    let mut world = World::new("approvals = [{ role = \"security\" }]");
    assert_eq!(world.overriding().missing, Some(2));
    world.says("ada", Act::Override);
    assert!(!world.overriding().is_given);
    assert_eq!(world.overriding().missing, Some(1));
    world.says("ben", Act::Override);
    let overriding = world.overriding();
    assert!(overriding.is_given && overriding.rejected.is_empty());
    let mut statements = overriding.statements();
    statements.sort();
    let mut given: Vec<_> = world
        .statements
        .iter()
        .map(holdpoint::model::Statement::digest)
        .collect();
    given.sort();
    assert_eq!(statements, given);
    assert!(
        overriding
            .counted
            .iter()
            .all(|counted| counted.reason.is_some())
    );
    // What stands against the stage still does.
    assert_eq!(world.standing().verdict, holdpoint::model::Verdict::Wait);
}

#[test]
fn nobody_breaks_the_glass_alone() {
    let mut world = World::new("");
    world.says("ada", Act::Override);
    world.says_otherwise("ada", Act::Override, |body| {
        body.reason = Some("once more".into());
    });
    let overriding = world.overriding();
    assert!(!overriding.is_given);
    assert_eq!((overriding.missing, overriding.counted.len()), (Some(1), 1));
}

#[test]
fn an_override_is_taken_back_by_who_gave_it() {
    let mut world = World::new("");
    world.says("ada", Act::Override);
    world.says("ben", Act::Override);
    world.says("cleo", Act::Withdraw);
    assert!(world.overriding().is_given);
    world.says("ben", Act::Withdraw);
    assert!(!world.overriding().is_given);
}

#[test]
fn strangers_and_other_roles_do_not_override() {
    let mut world = World::new("");
    for key in ["ada", "dan", "eve"] {
        world.says(key, Act::Override);
    }
    let overriding = world.overriding();
    assert!(!overriding.is_given);
    let why = words(&overriding.rejected);
    assert_eq!(
        why[0],
        "dan is not one of those who are asked for: the role `managers`"
    );
    assert!(
        why[1].ends_with("belongs to nobody in the list of signers"),
        "{why:?}"
    );
}

#[test]
fn more_people_are_asked_for_where_the_file_says_so() {
    let people = PEOPLE.replace("[override]", "[override]\ncount = 3");
    let mut world = World::with(&people, "", |keys| {
        ["ada", "ben", "cleo"]
            .map(|name| {
                keys.make(name, "-t ed25519");
                format!("{name} {}\n", keys.public(name))
            })
            .concat()
    });
    for key in ["ada", "ben"] {
        world.says(key, Act::Override);
    }
    assert_eq!(world.overriding().missing, Some(1));
    world.says("cleo", Act::Override);
    assert!(world.overriding().is_given);
}

#[test]
fn an_untrusted_file_or_none_lets_nobody_override() {
    let mut world = World::new("");
    world.says("ada", Act::Override);
    world.says("ben", Act::Override);
    assert!(world.overriding().is_given);
    world.trust = Trust::Untrusted;
    let overriding = world.overriding();
    assert!(!overriding.is_given);
    assert_eq!(overriding.missing, None);
    assert_eq!(
        words(&overriding.rejected),
        ["the configuration is not trusted, and under such a one nobody can let a stage go"]
    );
    world.trust = Trust::Trusted;
    world.layer = Layer::Policy;
    assert!(
        !world.overriding().is_given,
        "a project overrides nothing of its base policy"
    );
    world.layer = Layer::Pipeline;
    world.plan.overriding = None;
    let overriding = world.overriding();
    assert!(!overriding.is_given);
    assert_eq!(
        words(&overriding.rejected),
        ["no file says who can override this stage"]
    );
}
