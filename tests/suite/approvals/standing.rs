//! Which approvals let a stage go, and what is missing.

use std::fs;

use holdpoint::model::{Act, Approval, Text, Verdict};
use holdpoint::pipeline::{
    Approvers, Layer, Need, Percentile, Rejection, Risk, Trust, Who, findings_digest, in_force,
};
use holdpoint::plugin::ssh::AllowedSigners;
use jiff::SignedDuration;

use super::world::{World, commit, missing, words};

const ONE: &str = "approvals = [{ role = \"managers\" }]";
const TWO: &str = "approvals = [{ count = 2, role = \"managers\" }]";
const NEEDS_ONE: &str = "an approval by the role `managers` is needed, not by who started the run \
                         or wrote a commit of it, and none is there";

#[test]
fn a_stage_waits_until_as_many_people_approve() {
    let mut world = World::new(TWO);
    let standing = world.standing();
    assert_eq!(standing.verdict, Verdict::Wait);
    assert_eq!(
        missing(&standing),
        [
            "2 approvals by the role `managers` are needed, not by who started the run or wrote a \
          commit of it, and none is there"
        ]
    );
    world.approves(&["ada"]);
    let standing = world.standing();
    assert_eq!(standing.verdict, Verdict::Wait);
    assert_eq!(
        missing(&standing),
        [
            "2 approvals by the role `managers` are needed, not by who started the run or wrote a \
          commit of it, and 1 is there"
        ]
    );
    world.approves(&["cleo"]);
    let standing = world.standing();
    assert_eq!(standing.verdict, Verdict::Go);
    assert!(standing.missing.is_empty() && standing.rejected.is_empty());
    let statements: Vec<_> = world
        .statements
        .iter()
        .map(holdpoint::model::Statement::digest)
        .collect();
    let mut counted = standing.statements();
    counted.sort();
    assert!(
        statements
            .iter()
            .all(|statement| counted.contains(statement))
    );
    assert_eq!(
        standing.counted[0].expires,
        standing.counted[0].issued + SignedDuration::from_hours(48)
    );
}

#[test]
fn a_person_counts_once_however_often_they_sign() {
    let mut world = World::new(TWO);
    world.approves(&["ada", "ada"]);
    world.says_otherwise("ada", Act::Approve, |body| {
        body.reason = Some(Text::from("once more"));
    });
    let standing = world.standing();
    assert_eq!(standing.verdict, Verdict::Wait);
    assert_eq!(standing.counted.len(), 1);
    // The same bytes are one statement; the others are right and have no place.
    assert_eq!(standing.spare.len(), 1);
}

#[test]
fn a_person_with_two_keys_is_one_person() {
    let mut world = World::new(TWO);
    world.keys.make("ada-laptop", "-t ed25519");
    let mut list = String::new();
    for (principal, key) in [("ada", "ada"), ("ada", "ada-laptop"), ("ben", "ben")] {
        list += &format!("{principal} {}\n", world.keys.public(key));
    }
    resign(&mut world, &list);
    world.approves(&["ada", "ada-laptop"]);
    assert_eq!(world.standing().verdict, Verdict::Wait);
    world.approves(&["ben"]);
    assert_eq!(world.standing().verdict, Verdict::Go);
}

/// Another list of signers for the same approvers.
fn resign(world: &mut World, list: &str) {
    let signers = AllowedSigners::read(list.as_bytes()).expect("a list");
    let plan = world.plan.approvers.as_ref().expect("approvers");
    let digest = holdpoint::model::Digest::of(list.as_bytes());
    world.approvers = Some(Approvers::new(plan, signers, digest));
}

#[test]
fn names_that_share_a_key_are_one_person_and_one_signature_is_one() {
    let mut world = World::new(TWO);
    // One key for two names, and each has one of their own.
    let keys = &world.keys;
    let list = format!(
        "ada,ben {}\nada {}\nben {}\n",
        keys.public("eve"),
        keys.public("ada"),
        keys.public("ben")
    );
    resign(&mut world, &list);
    world.approves(&["eve"]);
    assert_eq!(world.standing().counted.len(), 1, "one signature");
    // Who holds the shared key could be either, so that nobody knows that these are two.
    world.approves(&["ada", "ben"]);
    let standing = world.standing();
    assert_eq!(standing.verdict, Verdict::Wait);
    assert_eq!(standing.counted.len(), 1);
}

#[test]
fn names_with_one_identity_are_one_person() {
    let people = "[approvers]\nsigners = \"s\"\n[approvers.identities]\nada = [\"ada@x\"]\n\
                  admin = [\"ADA@x\"]\nwim = [\"wim@example.com\"]\n";
    for second in ["admin", "ada@X"] {
        let mut world = World::with(people, "approvals = [{ count = 2 }]", |keys| {
            keys.make("one", "-t ed25519");
            keys.make("two", "-t ed25519");
            format!(
                "ada {}\n{second} {}\n",
                keys.public("one"),
                keys.public("two")
            )
        });
        world.approves(&["one", "two"]);
        let standing = world.standing();
        assert_eq!(standing.verdict, Verdict::Wait, "{second}");
        assert_eq!(standing.counted.len(), 1, "{second}");
    }
}

#[test]
fn nobody_fills_two_places() {
    let stage = "approvals = [{ role = \"managers\" }, { role = \"security\" }]";
    let mut world = World::new(stage);
    world.approves(&["cleo"]);
    assert_eq!(world.standing().verdict, Verdict::Wait, "she is in both");
    // She moves over for who can only be a manager.
    world.approves(&["ada"]);
    assert_eq!(world.standing().verdict, Verdict::Go);
    let mut world = World::new(stage);
    world.approves(&["dan", "cleo"]);
    assert_eq!(world.standing().verdict, Verdict::Go);
    let mut world = World::new(stage);
    world.approves(&["ada", "ben"]);
    let standing = world.standing();
    assert_eq!(standing.verdict, Verdict::Wait, "two managers");
    assert!(missing(&standing)[0].contains("the role `security`"));
    assert_eq!(standing.spare.len(), 1);
}

#[test]
fn risk_decides_how_many() {
    let stage = "approvals = [{ at = 50 }, { at = 75, role = \"security\" }]\napprove-at = 90";
    let mut world = World::new(stage);
    let needs = |world: &World| {
        let needs = in_force(&world.rules, world.risk, &[], None);
        needs.iter().map(|need| need.count).sum::<u32>()
    };
    for (risk, people) in [
        (Risk::Unrated, 0),
        (Risk::Score(49.9), 0),
        (Risk::Score(50.0), 1),
        (Risk::Score(75.0), 2),
        (Risk::Score(90.0), 3),
        (Risk::Score(f64::NAN), 3),
        (Risk::Unknown, 3),
    ] {
        world.risk = risk;
        assert_eq!(needs(&world), people, "{risk:?}");
    }
    world.risk = Risk::Score(80.0);
    world.approves(&["ada"]);
    assert_eq!(world.standing().verdict, Verdict::Wait);
    world.approves(&["dan"]);
    assert_eq!(world.standing().verdict, Verdict::Go);
    world.risk = Risk::Score(10.0);
    let standing = world.standing();
    assert_eq!((standing.verdict, standing.spare.len()), (Verdict::Go, 2));
    let shorthand = world.rules.last().expect("that of approve-at");
    assert_eq!(shorthand.at.map(Percentile::value), Some(90.0));
    assert!(shorthand.four_eyes && shorthand.role.is_none() && shorthand.count == 1);
}

#[test]
fn what_a_plugin_asks_for_is_needed_too() {
    let demand = |principal: &str, count| Approval {
        principal: Text::from(principal),
        count,
    };
    let mut world = World::new("");
    world.demands = vec![demand("security", 2), demand("ada", 0), demand("nobody", 1)];
    let needs = in_force(
        &world.rules,
        world.risk,
        &world.demands,
        world.approvers.as_ref(),
    );
    let need = |count, who| Need {
        count,
        who,
        four_eyes: true,
    };
    assert_eq!(
        needs,
        [
            need(2, Who::Role("security".to_owned())),
            need(1, Who::Principal("ada".to_owned())),
            need(1, Who::Principal("nobody".to_owned())),
        ]
    );
    world.approves(&["ada", "ben", "cleo", "dan"]);
    let standing = world.standing();
    assert_eq!(standing.verdict, Verdict::Wait);
    assert_eq!(
        missing(&standing),
        [
            "an approval by `nobody` is needed, not by who started the run or wrote a commit of it, \
          and none is there"
        ]
    );
    world.demands.pop();
    assert_eq!(world.standing().verdict, Verdict::Go);
    world.demands = vec![demand("security", u32::MAX)];
    assert_eq!(world.standing().verdict, Verdict::Wait);
}

#[test]
fn without_a_role_any_signer_approves_and_a_stranger_does_not() {
    let mut world = World::new("approvals = [{}]");
    world.approves(&["eve"]);
    let standing = world.standing();
    assert_eq!(standing.verdict, Verdict::Wait);
    let why = words(&standing.rejected);
    assert!(why[0].starts_with("the key SHA256:"), "{why:?}");
    assert!(
        why[0].ends_with(" belongs to nobody in the list of signers"),
        "{why:?}"
    );
    world.approves(&["dan"]);
    assert_eq!(world.standing().verdict, Verdict::Go);
}

#[test]
fn somebody_of_another_role_is_not_asked() {
    let mut world = World::new(ONE);
    world.approves(&["dan"]);
    let standing = world.standing();
    assert_eq!(missing(&standing), [NEEDS_ONE]);
    assert_eq!(
        words(&standing.rejected),
        ["dan is not one of those who are asked for: the role `managers`"]
    );
}

#[test]
fn nobody_who_had_a_hand_in_it_approves() {
    let cases = [
        (
            commit("ADA@example.com", "wim@example.com", &[]),
            "it is signed by an author of the range, ada@example.com",
        ),
        (
            commit("wim@example.com", "ada@users.example.com", &[]),
            "it is signed by a committer of the range, ada@users.example.com",
        ),
        (
            commit(
                "wim@example.com",
                "wim@example.com",
                &["Wim <wim@example.com>", "Ada <ada@EXAMPLE.com>"],
            ),
            "it is signed by a co-author of the range, ada@example.com",
        ),
    ];
    for (commit, why) in cases {
        let mut world = World::new(ONE);
        world.subject.commits.push(commit);
        world.approves(&["ada"]);
        let standing = world.standing();
        assert_eq!(standing.verdict, Verdict::Wait, "{why}");
        assert_eq!(words(&standing.rejected), [why]);
        assert_eq!(missing(&standing), [NEEDS_ONE]);
        world.approves(&["ben"]);
        assert_eq!(world.standing().verdict, Verdict::Go, "{why}");
        // Where four eyes are not asked for, an author may.
        world.rules[0].four_eyes = false;
        world.statements.pop();
        assert_eq!(world.standing().verdict, Verdict::Go, "{why}");
    }
}

#[test]
fn who_started_the_run_does_not_approve_it() {
    let mut world = World::new(ONE);
    world.initiators = vec![Text::from("wim@example.com"), Text::from("Ada@example.com")];
    world.approves(&["ada"]);
    let standing = world.standing();
    assert_eq!(standing.verdict, Verdict::Wait);
    assert_eq!(
        words(&standing.rejected),
        ["it is signed by who started the run, ada@example.com"]
    );
    world.approves(&["ben"]);
    assert_eq!(world.standing().verdict, Verdict::Go);
}

/// What is done to the world, and what is said then.
type Case<'a> = (&'a dyn Fn(&mut World), &'a str);

#[test]
fn an_author_or_initiator_whom_nobody_knows_means_wait_in_words() {
    let cases: [Case; 5] = [
        (
            &|world| {
                world
                    .subject
                    .commits
                    .push(commit("x@example.com", "wim@example.com", &[]));
            },
            "x@example.com is an author of the range and in no list of `identities`, so that nobody knows who that is",
        ),
        (
            &|world| {
                world
                    .subject
                    .commits
                    .push(commit("wim@example.com", "x@example.com", &[]));
            },
            "x@example.com is a committer of the range and in no list of `identities`, so that nobody knows who that is",
        ),
        (
            &|world| {
                world.subject.commits.push(commit(
                    "wim@example.com",
                    "wim@example.com",
                    &["Just A Name"],
                ));
            },
            "just a name is a co-author of the range and in no list of `identities`, so that nobody knows who that is",
        ),
        (
            &|world| {
                world
                    .subject
                    .commits
                    .push(commit("", "wim@example.com", &[]));
            },
            "somebody without an address is an author of the range and in no list of `identities`, so that nobody knows who that is",
        ),
        (
            &|world| world.initiators.push(Text::from("octocat")),
            "octocat started the run and is in no list of `identities`, so that nobody knows who that is",
        ),
    ];
    for (change, why) in cases {
        let mut world = World::new(ONE);
        change(&mut world);
        world.approves(&["ada", "ben", "cleo"]);
        let standing = world.standing();
        assert_eq!(standing.verdict, Verdict::Wait, "{why}");
        assert_eq!(missing(&standing), [NEEDS_ONE, why]);
        assert_eq!(words(&standing.rejected), [why]);
        world.rules[0].four_eyes = false;
        assert_eq!(world.standing().verdict, Verdict::Go, "{why}");
    }
    // A machine is mapped to a name of its own.
    let mut world = World::new(ONE);
    world.initiators.push(Text::from("Web-Flow"));
    world.approves(&["ada"]);
    assert_eq!(world.standing().verdict, Verdict::Go);
}

#[test]
fn who_has_no_identities_is_no_second_pair_of_eyes() {
    let people = "[approvers]\nsigners = \"s\"\n[approvers.identities]\nwim = [\"wim@example.com\"]\n\
                  ben = []\n";
    let mut world = World::with(people, "approvals = [{}]", |keys| {
        keys.make("ada", "-t ed25519");
        keys.make("ben", "-t ed25519");
        format!("ada {}\nben {}\n", keys.public("ada"), keys.public("ben"))
    });
    world.approves(&["ada", "ben"]);
    let standing = world.standing();
    assert_eq!(standing.verdict, Verdict::Wait);
    assert_eq!(
        words(&standing.rejected),
        [
            "ada has no `identities`, so that nobody knows whether the commits are theirs",
            "ben has no `identities`, so that nobody knows whether the commits are theirs",
        ]
    );
    world.rules[0].four_eyes = false;
    assert_eq!(world.standing().verdict, Verdict::Go);
}

#[test]
fn a_refusal_by_who_could_approve_is_a_no_go_until_the_same_person_withdraws() {
    let mut world =
        World::new("approvals = [{ role = \"managers\" }, { role = \"security\", at = 99 }]");
    world.approves(&["ada"]);
    world.says("dan", Act::Refuse);
    let standing = world.standing();
    // What she could approve is not even needed at this risk.
    assert_eq!(standing.verdict, Verdict::NoGo);
    assert_eq!(standing.refusals[0].principals.raw(), "dan");
    assert_eq!(standing.refusals[0].reason.raw(), "because");
    assert!(
        standing
            .statements()
            .contains(&world.statements[1].digest())
    );
    // Another's word, and an approval of their own, change nothing.
    world.says("cleo", Act::Withdraw);
    world.approves(&["dan"]);
    assert_eq!(world.standing().verdict, Verdict::NoGo);
    world.says("dan", Act::Withdraw);
    let standing = world.standing();
    assert_eq!(standing.verdict, Verdict::Go);
    assert_eq!(
        words(&standing.rejected),
        [
            "dan is not one of those who are asked for: the role `managers`".to_owned(),
            format!(
                "the same person took it back at {}",
                world.body(Act::Withdraw).issued
            ),
        ]
        .iter()
        .skip(1)
        .cloned()
        .collect::<Vec<_>>()
    );
}

#[test]
fn a_refusal_does_not_end_and_holds_for_what_is_found_later() {
    let mut world = World::new(ONE);
    world.says("ben", Act::Refuse);
    world.time += SignedDuration::from_hours(24 * 365);
    world.binding.findings = holdpoint::model::Digest::of(b"more");
    world.binding.commands.clear();
    world.approves(&["ada"]);
    assert_eq!(world.standing().verdict, Verdict::NoGo);
}

#[test]
fn a_refusal_outlives_its_key_and_an_approval_does_not() {
    let mut world = World::new(ONE);
    let keys = &world.keys;
    let list = format!(
        "ada valid-before=\"20270131093000Z\" {}\nben {}\n",
        keys.public("ada"),
        keys.public("ben")
    );
    resign(&mut world, &list);
    world.approves(&["ada"]);
    let standing = world.standing();
    assert_eq!(
        words(&standing.rejected),
        ["line 1 of the list of signers has its key valid until an earlier time"]
    );
    world.approves(&["ben"]);
    world.says("ada", Act::Refuse);
    assert_eq!(world.standing().verdict, Verdict::NoGo);
}

#[test]
fn an_author_may_refuse_and_a_stranger_may_not() {
    let mut world = World::new(ONE);
    world
        .subject
        .commits
        .push(commit("ada@example.com", "wim@example.com", &[]));
    world.says("ada", Act::Refuse);
    assert_eq!(world.standing().verdict, Verdict::NoGo);
    let mut world = World::new(ONE);
    world.approves(&["ben"]);
    world.says("eve", Act::Refuse);
    world.says("dan", Act::Refuse);
    let standing = world.standing();
    assert_eq!(standing.verdict, Verdict::Go);
    assert_eq!(
        words(&standing.rejected)[0],
        "dan is not one of those who are asked for: the role `managers`"
    );
    let mut world = World::new("");
    world.says("ada", Act::Refuse);
    assert_eq!(
        words(&world.standing().rejected),
        ["ada is not one of those who are asked for: nobody"]
    );
}

#[test]
fn an_approval_is_withdrawn_by_the_same_person_and_given_again() {
    let mut world = World::new(ONE);
    world.approves(&["ada"]);
    world.says("ben", Act::Withdraw);
    assert_eq!(world.standing().verdict, Verdict::Go, "that was another");
    world.says("ada", Act::Withdraw);
    let standing = world.standing();
    assert_eq!(standing.verdict, Verdict::Wait);
    assert_eq!(
        words(&standing.rejected),
        [format!(
            "the same person took it back at {}",
            world.body(Act::Withdraw).issued
        )]
    );
    world.says_otherwise("ada", Act::Approve, |body| {
        body.issued += SignedDuration::from_secs(1);
    });
    assert_eq!(world.standing().verdict, Verdict::Go);
}

#[test]
fn what_the_change_under_judgement_could_have_written_lets_nobody_approve() {
    let mut world = World::new(ONE);
    world.approves(&["ada"]);
    world.trust = Trust::Untrusted;
    let standing = world.standing();
    assert_eq!(standing.verdict, Verdict::Wait);
    let why = "the configuration is not trusted, and under such a one nobody can let a stage go";
    assert_eq!(missing(&standing), [NEEDS_ONE, why]);
    assert_eq!(words(&standing.rejected), [why]);
}

#[test]
fn approvers_of_a_project_do_not_count_in_a_stage_of_its_base_policy() {
    let mut world = World::new(ONE);
    world.approves(&["ada"]);
    world.layer = Layer::Policy;
    let standing = world.standing();
    assert_eq!(standing.verdict, Verdict::Wait);
    let why = "no file says whose word counts in this stage";
    assert_eq!(words(&standing.rejected), [why]);
    assert_eq!(missing(&standing)[1], why);
    world.layer = Layer::Pipeline;
    world.approvers = None;
    assert_eq!(words(&world.standing().rejected), [why]);
}

#[test]
fn a_certificate_speaks_for_the_people_of_its_authority() {
    let people = "[approvers]\nsigners = \"s\"\nroles = { managers = [\"ada\"] }\n\
                  [approvers.identities]\nada = [\"ada@x\"]\nben = [\"ben@x\"]\nwim = [\"wim@example.com\"]\n";
    let mut world = World::with(people, ONE, |keys| {
        for name in ["authority", "ada", "both"] {
            keys.make(name, "-t ed25519");
        }
        format!("ada,ben cert-authority {}\n", keys.public("authority"))
    });
    world
        .keys
        .certify("authority", "ada", &["-n", "ada,somebody-else"]);
    world.keys.certify("authority", "both", &["-n", "ada,ben"]);
    world.approves(&["both"]);
    let standing = world.standing();
    assert_eq!(standing.verdict, Verdict::Wait);
    assert_eq!(
        words(&standing.rejected),
        [
            "its certificate is for ada and ben, who are two people here, so that nobody knows whose it is"
        ]
    );
    world.approves(&["ada"]);
    assert_eq!(world.standing().verdict, Verdict::Go);
    assert!(fs::exists(world.keys.path("ada-cert.pub")).expect("a folder"));
}

#[test]
fn a_rejection_says_what_to_do() {
    let rejection = Rejection::NoIdentity(Text::from("ada"));
    assert!(rejection.help().contains("identities"));
}

#[test]
fn the_findings_digest_is_of_rule_severity_and_place_in_any_order() {
    use holdpoint::model::{Finding, Location, RuleId, Severity};
    use holdpoint::pipeline::{JudgedFinding, WaiverRecord};

    let finding = |rule: &str, severity, location, message: &str| JudgedFinding {
        finding: Finding {
            rule: RuleId::new("p", rule),
            severity,
            message: Text::from(message),
            location,
            help: None,
        },
        blocks: false,
        waiver: None,
    };
    let artifact = |name: &str| Location::Artifact(Text::from(name));
    let a = finding("a", Severity::Error, Location::Release, "one");
    let b = finding("b", Severity::Error, artifact("x"), "two");
    let of = |findings: &[&JudgedFinding]| findings_digest(findings.iter().copied());
    assert_eq!(of(&[&a, &b]), of(&[&b, &a]));
    let reworded = finding("a", Severity::Error, Location::Release, "another");
    assert_eq!(of(&[&a, &b]), of(&[&reworded, &b]));
    let different = [
        finding("c", Severity::Error, Location::Release, "one"),
        finding("a", Severity::Warning, Location::Release, "one"),
        finding("a", Severity::Error, artifact("x"), "one"),
    ];
    for other in &different {
        assert_ne!(of(&[&a, &b]), of(&[other, &b]));
    }
    assert_ne!(of(&[&a, &b]), of(&[&a, &b, &b]));
    // What a waiver releases is not in it: when it ends, the approval was for less.
    let mut waived = a.clone();
    waived.waiver = Some(WaiverRecord {
        rule: RuleId::new("p", "a"),
        owner: Text::from("o"),
        reason: Text::from("r"),
        expires: super::world::time(super::world::NOW),
    });
    assert_eq!(of(&[&waived, &b]), of(&[&b]));
}
