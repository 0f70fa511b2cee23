//! Each kind of record of a run: truncated, under another record's signature, and rewritten once it was
//! taken.

use std::collections::BTreeSet;

use super::cancellations::{by_olga, put};
use super::world::Stage::*;
use super::world::*;
use crate::record::RepoPath;
use crate::record::envelope::Envelope;
use crate::records::Kind;
use crate::store::layout::LedgerPath;

/// A world in which a run has every kind of record, or was cancelled.
fn worlds() -> [(World, Stage); 2] {
    let whole = World::new(&[Edit::Override(|_| {}), Edit::Outcome(|_| {})]);
    [(whole, Judged), (World::new(&[]), Executed)]
}

/// What stands on the refs, with a cancellation where the run was not reviewed.
fn told(world: &World, stage: Stage) -> Shelf {
    let mut shelf = world.shelf(stage);
    if stage == Executed {
        put(&mut shelf, by_olga(world));
    }
    shelf
}

/// The records of the run that a shelf has in its ledger.
fn records(shelf: &mut Shelf) -> Vec<(String, Kind)> {
    let names = shelf.ledger().keys();
    let of_run = names.filter_map(|name| {
        let path = LedgerPath::parse(&RepoPath::from(name.as_str()))?;
        path.run()?;
        Some((name.clone(), path.kind()?))
    });
    of_run.collect()
}

#[test]
fn each_record_of_a_run_is_whole_signed_and_said_once() {
    let mut kinds = BTreeSet::new();
    for (world, stage) in worlds() {
        let whole = told(&world, stage);
        let start = world.refs(Approved);
        let there = world.commit(&start, &whole);
        assert_eq!(codes(&world.judge(&start, &there)), [""; 0], "{stage:?}");
        for (name, kind) in records(&mut whole.clone()) {
            kinds.insert(kind);
            type Change<'a> = &'a dyn Fn(&[u8]) -> Vec<u8>;
            let stranger = |bytes: &[u8]| {
                let own = Envelope::parse(bytes).unwrap();
                let other = world.contract.signatures().to_vec();
                Envelope::new(own.payload().to_vec(), other).to_bytes()
            };
            let changes: [(&str, Change<'_>, &str); 2] = [
                (
                    "truncated",
                    &|bytes| bytes[..bytes.len() / 2].to_vec(),
                    "INT-004",
                ),
                ("under another signature", &stranger, "ATT-003"),
            ];
            for (what, change, code) in changes {
                let mut shelf = whole.clone();
                let file = shelf.ledger().get_mut(&name).unwrap();
                file.1 = change(&file.1);
                let found = codes(&world.judge(&start, &world.commit(&start, &shelf)));
                assert!(
                    found.iter().any(|it| it.starts_with(code)),
                    "{what} {name}: {found:?}"
                );
                let rewritten = world.commit(&there, &shelf);
                let found = codes(&world.judge(&there, &rewritten));
                let refused = ["REP-001", "REP-002"];
                let refused = found
                    .iter()
                    .any(|it| refused.iter().any(|code| it.starts_with(code)));
                assert!(refused, "rewritten, {what} {name}: {found:?}");
                assert_eq!(found, codes(&world.judge(&there, &rewritten)), "each time");
            }
        }
    }
    let expected = [
        Kind::Run,
        Kind::Independence,
        Kind::SelfApproval,
        Kind::Finalization,
        Kind::Outcome,
        Kind::Cancellation,
    ];
    assert_eq!(kinds, expected.into());
}
