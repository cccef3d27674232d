//! What holds for whatever comes in: nothing panics, and no statement more or less makes a stage go
//! that should not.

use std::sync::LazyLock;

use holdpoint::model::{Act, Statement, StatementBody, Verdict};
use holdpoint::plugin::ssh::{AllowedSigners, Signature};
use jiff::SignedDuration;
use proptest::prelude::*;
use proptest::sample::subsequence;

use super::keys::{Parts, armoured, unarmoured};
use super::world::World;

/// What everybody might say, signed once.
struct Said {
    world: World,
    all: Vec<Statement>,
    strangers: Vec<Statement>,
}

static SAID: LazyLock<std::sync::Mutex<Said>> = LazyLock::new(|| {
    let mut world = World::new(
        "approvals = [{ count = 2, role = \"managers\" }, { role = \"security\" }, { four-eyes = false }]",
    );
    world.subject.commits.push(super::world::commit(
        "ben@example.com",
        "wim@example.com",
        &[],
    ));
    for key in ["ada", "ben", "cleo", "dan"] {
        world.approves(&[key]);
        for (act, seconds) in [(Act::Refuse, 1), (Act::Withdraw, 2), (Act::Approve, 3)] {
            world.says_otherwise(key, act, |body| {
                body.issued += SignedDuration::from_secs(seconds);
            });
        }
    }
    let all = std::mem::take(&mut world.statements);
    for act in [Act::Approve, Act::Refuse, Act::Withdraw, Act::Override] {
        world.says("eve", act);
    }
    let strangers = std::mem::take(&mut world.statements);
    std::sync::Mutex::new(Said {
        world,
        all,
        strangers,
    })
});

/// Better for the release.
fn rank(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Go => 2,
        Verdict::Wait => 1,
        Verdict::NoGo | Verdict::Fault => 0,
    }
}

fn armour() -> String {
    let said = SAID
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    said.all[0].signature.clone()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_stranger_changes_nothing(numbers in subsequence((0..16).collect::<Vec<usize>>(), 0..=16)) {
        let said = SAID.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut heard: Vec<Statement> =
            numbers.into_iter().map(|number| said.all[number].clone()).collect();
        let before = said.world.standing_of(&heard);
        heard.extend(said.strangers.iter().cloned());
        let after = said.world.standing_of(&heard);
        prop_assert_eq!(before.verdict, after.verdict);
        prop_assert_eq!(before.missing, after.missing);
        prop_assert_eq!(before.counted, after.counted);
        prop_assert_eq!(before.refusals, after.refusals);
    }

    #[test]
    fn the_order_of_the_store_does_not_matter(
        numbers in subsequence((0..16).collect::<Vec<usize>>(), 0..=16).prop_shuffle(),
    ) {
        let said = SAID.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let of = |numbers: &[usize]| {
            let heard: Vec<Statement> =
                numbers.iter().map(|number| said.all[*number].clone()).collect();
            let standing = said.world.standing_of(&heard);
            (standing.verdict, standing.missing, standing.counted, standing.refusals)
        };
        let mut sorted = numbers.clone();
        sorted.sort_unstable();
        prop_assert_eq!(of(&numbers), of(&sorted));
    }

    #[test]
    fn without_an_approval_nothing_is_nearer_to_go(
        numbers in subsequence((0..16).collect::<Vec<usize>>(), 1..=16),
        left_out in any::<prop::sample::Index>(),
    ) {
        let said = SAID.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let heard: Vec<Statement> =
            numbers.into_iter().map(|number| said.all[number].clone()).collect();
        let before = said.world.standing_of(&heard);
        let approvals: Vec<usize> = (0..heard.len())
            .filter(|number| {
                StatementBody::read(&heard[*number].document)
                    .is_ok_and(|body| body.act == Act::Approve)
            })
            .collect();
        prop_assume!(!approvals.is_empty());
        let mut without = heard.clone();
        without.remove(approvals[left_out.index(approvals.len())]);
        let after = said.world.standing_of(&without);
        prop_assert!(rank(after.verdict) <= rank(before.verdict));
        prop_assert!(after.counted.len() <= before.counted.len());
    }
}

proptest! {
    #[test]
    fn no_list_of_signers_panics(bytes in any::<Vec<u8>>(), text in "[a-z@*!,\" =\\\\\n\r#A-Z0-9-]{0,200}") {
        let _ = AllowedSigners::read(&bytes);
        let _ = AllowedSigners::read(text.as_bytes());
    }

    #[test]
    fn no_line_with_a_key_panics(
        options in "[a-z]{0,3}(valid-after|namespaces|cert-authority|valid-before)?=?\"?[0-9Zé*]{0,14}\"?,?",
    ) {
        let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILM+rvN+ot98qgEN796jTiQfZfG1KaT0PtFDJ/XFSqti";
        let _ = AllowedSigners::read(format!("ada {options} {key}").as_bytes());
        let _ = AllowedSigners::read(format!("{options} {key}").as_bytes());
    }

    #[test]
    fn no_signature_panics(bytes in any::<Vec<u8>>(), text in any::<String>()) {
        let _ = Signature::read(&text);
        let _ = Signature::read(&armoured(&bytes));
        let _ = Signature::read(&armoured(&[b"SSHSIG\0\0\0\x01".as_slice(), &bytes].concat()));
    }

    #[test]
    fn no_signature_with_other_bytes_panics_or_verifies(
        at in any::<prop::sample::Index>(),
        bytes in any::<[u8; 4]>(),
    ) {
        let armour = armour();
        let mut changed = unarmoured(&armour);
        let at = at.index(changed.len() - bytes.len());
        changed[at..at + bytes.len()].copy_from_slice(&bytes);
        let changed = armoured(&changed);
        prop_assume!(changed != armour);
        if let Ok(signature) = Signature::read(&changed) {
            prop_assert!(signature.verify(super::keys::NAMESPACE, b"another").is_err());
        }
    }

    #[test]
    fn no_key_of_other_bytes_panics(
        kind in prop::sample::select(vec![
            "ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "sk-ssh-ed25519@openssh.com",
            "ssh-ed25519-cert-v01@openssh.com", "ssh-rsa-cert-v01@openssh.com",
            "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", "",
        ]),
        fields in prop::collection::vec(any::<Vec<u8>>(), 0..14),
        signature in any::<Vec<u8>>(),
    ) {
        let mut parts = Parts::of(&armour());
        parts.key = super::keys::string(kind);
        for field in fields {
            parts.key.extend(super::keys::string(field));
        }
        if let Ok(read) = Signature::read(&parts.armour()) {
            prop_assert!(read.verify(super::keys::NAMESPACE, b"a").is_err());
        }
        parts.signature = signature;
        let _ = Signature::read(&parts.armour());
    }

    #[test]
    fn no_document_panics_and_what_is_read_is_written_the_same(
        bytes in any::<Vec<u8>>(),
        text in "[{}\":,a-z0-9 \n]{0,100}",
    ) {
        for document in [bytes, text.into_bytes()] {
            if let Ok(body) = StatementBody::read(&document) {
                prop_assert_eq!(body.write(), Ok(document));
            }
        }
    }
}
