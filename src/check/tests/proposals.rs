//! Proposals of a policy, for which signatures are collected; and commits about to be made.

use super::world::*;
use crate::check::tests::world::Stage::*;
use crate::check::verify::Scope;
use crate::check::{PolicyHistory, staged};
use crate::record::envelope::Envelope;
use crate::record::tree::{Change, Mode};
use crate::record::{ObjectId, Sha256, Timestamp};
use crate::records::{self, Kind, PolicyPredicate, Statement};
use crate::rules::tests::people::signature as signed_by;
use crate::store::layout::{self, LedgerPath};
use crate::store::ledger::Refs;

/// What a proposal is, before it is signed.
struct Proposal {
    says: PolicyPredicate,
    text: String,
    by: &'static str,
    /// Whether it stands under its own digest.
    own: bool,
    /// Under whose key name it stands, if not under that of who signed.
    under: Option<&'static str>,
}

/// Puts the proposal of a successor of this version on the ledger.
fn propose(world: &World, shelf: &mut Shelf, after: &[ObjectId], edit: impl FnOnce(&mut Proposal)) {
    let version = u32::try_from(after.len()).unwrap() + 1;
    let text = world.policy_text();
    let old = format!("version = {}\n", world.history().commits().len());
    let text = text.replacen(&old, &format!("version = {version}\n"), 1);
    let mut it = Proposal {
        says: PolicyPredicate {
            allowed_signers: Sha256::of(signers().as_bytes()),
            policy: Sha256::of(text.as_bytes()),
            predecessor: after.last().copied(),
            repository: after.first().copied(),
            version,
        },
        text,
        by: "olga",
        own: true,
        under: None,
    };
    edit(&mut it);
    let bare = Envelope::new(Statement::new(it.says).to_payload(), vec![]);
    let one = signed_by(it.by, Kind::Policy.namespace(), &bare.pae());
    let key = match it.under {
        None => Sha256::of(one.keyid.as_bytes()),
        Some(other) => {
            let other = signed_by(other, Kind::Policy.namespace(), &bare.pae());
            Sha256::of(other.keyid.as_bytes())
        }
    };
    let envelope = Envelope::new(bare.payload().to_vec(), vec![one]);
    let digest = if it.own { envelope.digest() } else { sha(1) };
    shelf.put(&LedgerPath::ProposedPolicy(digest), it.text);
    shelf.put(&LedgerPath::ProposedSigners(digest), signers());
    let path = Kind::Policy.one_of(records::Scope::Proposal(digest), key);
    shelf.put(&path, envelope.to_bytes());
}

#[test]
fn a_proposal_follows_a_policy_and_is_signed_by_a_root() {
    let world = World::new(&[]);
    for (what, edit, expected) in [
        ("in order", (|_| {}) as fn(&mut Proposal), ""),
        ("by no root", |it| it.by = "rita", "GOV-006 policy-roots"),
        (
            "by a stranger",
            |it| it.by = "stranger",
            "ATT-004 key-known",
        ),
        (
            "after nothing",
            |it| it.says.predecessor = Some(id(1)),
            "GOV-006 policy-linked",
        ),
        (
            "with another file",
            |it| it.text.push('\n'),
            "ATT-002 proposal",
        ),
        (
            "with other keys",
            |it| it.says.allowed_signers = sha(1),
            "ATT-002 proposal",
        ),
        ("elsewhere", |it| it.own = false, "ATT-002 proposal"),
        (
            "in the place of another root",
            |it| it.under = Some("rita"),
            "INT-004 record-place",
        ),
    ] {
        let report = world.push(Approved, &|world, shelf| {
            propose(world, shelf, &[world.policy], edit);
        });
        assert_eq!(codes(&report).join(", "), expected, "{what}");
    }
}

#[test]
fn a_proposal_may_follow_a_policy_that_comes_with_it() {
    let world = World::new(&[]);
    let next = policy_commit(
        &world.repo,
        &[world.policy],
        &world.policy_text(),
        &signers(),
    );
    let before = world.refs(Founded);
    let mut shelf = world.shelf(Approved);
    propose(&world, &mut shelf, &[world.policy, next], |_| {});
    let alone = world.commit(&before, &shelf);
    let found = codes(&world.judge(&before, &alone));
    assert_eq!(found, ["GOV-006 policy-linked"]);
    let mut both = alone.clone();
    both.insert(layout::policy(), next);
    assert_eq!(codes(&world.judge(&before, &both)), [""; 0]);
    // A policy that does not hold carries nothing.
    let other = commit(
        &world.repo,
        tree(&world.repo, &sources()),
        &[world.policy],
        "x\n",
        None,
    );
    both.insert(layout::policy(), other);
    let found = codes(&world.judge(&before, &both));
    assert_eq!(found, ["GOV-006 policy-files", "GOV-006 policy-linked"]);
}

#[test]
fn who_is_no_root_any_more_signs_no_older_proposal() {
    const OLGA: &str = "threshold = 1\nidentities = [\"olga\"]";
    const BOTH: &str = "threshold = 1\nidentities = [\"olga\", \"anna\"]";
    let world = World::new(&[Edit::Earlier(|it| *it = it.replace(OLGA, BOTH))]);
    let older = |shelf: &mut Shelf| {
        propose(&world, shelf, &[world.repository], |it| {
            it.by = "anna";
            it.says.version = 2;
        });
    };
    let before = world.refs(Founded);
    let mut shelf = world.shelf(Approved);
    older(&mut shelf);
    let after = world.commit(&before, &shelf);
    let found = codes(&world.judge(&before, &after));
    assert_eq!(found, ["GOV-006 policy-roots"]);
    // What came while she was one is in order for ever.
    let mut before = Refs::new();
    before.insert(layout::policy(), world.repository);
    before.insert(main(), world.base);
    let first = |it: &mut Receipt| it.says.context.policy = it.says.context.repository;
    world.receive(&Refs::new(), &mut before, first);
    let mut shelf = Shelf::default();
    shelf.branches.insert(layout::policy(), world.repository);
    shelf.branches.insert(main(), world.base);
    older(&mut shelf);
    let mut there = world.commit(&before, &shelf);
    world.receive(&before, &mut there, first);
    let mut now = there.clone();
    now.insert(layout::policy(), world.policy);
    world.receive(&there, &mut now, first);
    let found = codes(&world.verify(&now, &Scope::All));
    assert_eq!(found, [""; 0]);
}

#[test]
fn a_commit_about_to_be_made_is_judged_as_a_direct_one() {
    let world = World::new(&[]);
    world.set(&world.refs(Founded));
    let history: PolicyHistory = world.history();
    let reader = crate::git::Reader::open(world.path()).unwrap();
    let judge = |on: &str, person: Option<&str>, path: &str| {
        let change = Change {
            path: path.into(),
            old: None,
            new: Some((Mode::File, id(1))),
        };
        let person = person.map(name);
        let report = staged::judge(
            &reader,
            &history,
            &branch(on),
            person.as_ref(),
            &[change],
            None,
            Timestamp::EPOCH,
        );
        let report = report.unwrap();
        assert_eq!(report.checked["paths"], 1);
        assert!(report.findings.iter().all(|it| it.subject.commit.is_none()));
        (codes(&report).join(", "), report.notes.len())
    };
    for (on, person, path, expected) in [
        ("dev", Some("otto"), "src/x.py", ""),
        ("dev", Some("otto"), "x.txt", "GOV-003 direct-writers"),
        ("dev", Some("otto"), "src/keys/x", "GOV-003 keys"),
        ("dev", None, "src/x.py", "ATT-004 key-known"),
        ("main", Some("otto"), "src/x.py", "GOV-002 complete-chain"),
    ] {
        assert_eq!(
            judge(on, person, path),
            (expected.to_owned(), 0),
            "{on} {path}"
        );
    }
    assert_eq!(judge("x", Some("otto"), "src/x.py"), (String::new(), 1));
}
