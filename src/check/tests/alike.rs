//! Refs that one rule governs, at the same tip: what was in order on one is not on the other.

use super::histories::found;
use super::world::*;
use crate::check::tests::world::Stage::*;
use crate::check::verify::Scope;
use crate::record::tree::Mode;
use crate::store::ledger::Refs;

const ON_MAIN: &str = "accept = [\"governed\", \"rollback\"]";
const DIRECT: &str = "[[ref.direct]]\nwriters = [\"*\"]\npaths = [\"src/\"]\n[[rule]]";

/// One rule for main and maint.
fn shared(text: &mut String) {
    *text = text.replacen("refs/heads/main", "refs/heads/main*", 1);
}

#[test]
fn a_run_is_in_order_on_its_own_branch_alone() {
    for edit in [
        Edit::Policy(|it| {
            shared(it);
            *it = it.replacen(ON_MAIN, "accept = [\"governed\"]", 1);
        }),
        Edit::Policy(|it| {
            shared(it);
            let both = "accept = [\"governed\", \"rollback\", \"direct\"]";
            *it = it.replacen(ON_MAIN, both, 1);
            let dev = it.find("[[ref]]\npattern = \"refs/heads/dev").unwrap();
            it.insert_str(dev, DIRECT.strip_suffix("[[rule]]").unwrap());
        }),
        Edit::Policy(|it| {
            shared(it);
            *it = it.replacen(ON_MAIN, "accept = [\"governed\", \"direct\"]", 1);
            let dev = it.find("[[ref]]\npattern = \"refs/heads/dev").unwrap();
            it.insert_str(dev, DIRECT.strip_suffix("[[rule]]").unwrap());
        }),
    ] {
        let world = World::new(&[edit]);
        let mut before = Refs::new();
        for stage in [Founded, Approved, Executed, Reviewed, Landed] {
            let mut shelf = world.shelf(stage);
            let tip = shelf.branches[&main()];
            shelf.branches.insert(branch("maint"), tip);
            let mut after = world.commit(&before, &shelf);
            world.receive(&before, &mut after, |_| {});
            before = after;
        }
        let told = found(&world, &before, &Scope::All);
        assert_eq!(told, ["ATT-002 binds-ref refs/heads/maint"]);
    }
}

#[test]
fn what_is_wrong_is_told_of_every_branch() {
    let world = World::new(&[Edit::Policy(|it| {
        *it = it.replacen("refs/heads/dev", "refs/heads/dev*", 1);
    })]);
    let mut files = sources();
    files.insert("other.bin".to_owned(), (Mode::File, b"x".to_vec()));
    let files = tree(&world.repo, &files);
    let bad = commit(&world.repo, files, &[world.base], "x\n", Some("otto"));
    let mut refs = world.refs(Founded);
    refs.insert(branch("dev"), bad);
    refs.insert(branch("dev2"), bad);
    world.receive(&Refs::new(), &mut refs, |_| {});
    let told = found(&world, &refs, &Scope::All);
    assert_eq!(
        told,
        [
            "GOV-003 direct-writers refs/heads/dev",
            "GOV-003 direct-writers refs/heads/dev2"
        ]
    );
}
