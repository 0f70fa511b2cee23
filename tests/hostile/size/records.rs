//! Records, inventories and evidence.

use git_awo::record::envelope::{Envelope, EnvelopeSignature};

use crate::hostile::door::Door;
use crate::world::{AGENT, RUN, TASK, World, policy};

/// olga's world in which otto has executed the contract, and has not pushed it.
fn executed_here() -> World {
    let world = World::approved();
    world.write("agent.sh", AGENT);
    let agent = world.path("agent.sh").display().to_string();
    let words = [
        "git", "awo", "run", TASK, "--run-id", RUN, "--", "sh", &agent,
    ];
    world.ok("otto", "otto", &words);
    world
}

/// The sizes of what otto has to push: evidence bytes, payload bytes of the run record, bytes and
/// lines of the inventory.
fn sizes(world: &World) -> [u64; 4] {
    let month = world.ok(
        "otto",
        "otto",
        &[
            "git",
            "for-each-ref",
            "--format=%(refname)",
            "refs/awo/evidence/",
        ],
    );
    let listed = world.ok("otto", "otto", &["git", "ls-tree", "-rl", month.trim()]);
    let size = |line: &str| {
        line.split_whitespace()
            .nth(3)
            .unwrap()
            .parse::<u64>()
            .unwrap()
    };
    let evidence = listed.lines().map(size).sum();
    let ledger = world.ledger_of("otto");
    let read = |end: &str| {
        let file = ledger.iter().find(|(path, _)| path.ends_with(end));
        String::from_utf8(file.unwrap().1.clone()).unwrap()
    };
    let record = Envelope::parse(read(&format!("{RUN}@run.dsse.json")).as_bytes()).unwrap();
    let sums = read("@SHA256SUMS.txt");
    [
        evidence,
        record.payload().len() as u64,
        sums.len() as u64,
        sums.lines().count() as u64,
    ]
}

#[test]
fn a_run_at_the_limits_of_its_policy_and_one_more() {
    let world = executed_here();
    let [evidence, record, bytes, lines] = sizes(&world);
    let door = Door::new(world, "otto");
    let world = &door.world;
    let adopted = world.ok(
        "olga",
        "olga",
        &["git", "rev-list", "--max-parents=0", "refs/heads/main"],
    );
    let month = world.ok(
        "otto",
        "otto",
        &[
            "git",
            "for-each-ref",
            "--format=%(refname)",
            "refs/awo/evidence/",
        ],
    );
    let refspecs = [
        "refs/awo/ledger",
        "refs/notes/awo/approvals/*",
        month.trim(),
    ];
    let mut version = 1;
    let mut set = |limits: &str| {
        version += 1;
        let limits = format!("[limits]\n{limits}\n");
        world.next_policy(version, None, |_| policy(version, adopted.trim(), &limits));
        world.ok("otto", "otto", &["git", "awo", "fetch"]);
    };
    for (limit, is) in [
        ("evidence_bytes", evidence),
        ("record_bytes", record),
        ("inventory_bytes", bytes),
        ("inventory_lines", lines),
    ] {
        set(&format!("{limit} = {}", is - 1));
        let pushed = door.push(&refspecs);
        assert!(
            !pushed.accepted,
            "{limit} is exceeded by one\n{}",
            pushed.text
        );
        assert!(pushed.codes.contains("INT-006"), "{limit}\n{}", pushed.text);
    }
    set("record_depth = 2");
    let pushed = door.push(&refspecs);
    assert!(pushed.codes.contains("INT-006"), "{}", pushed.text);
    set(&format!(
        "evidence_bytes = {evidence}\nrecord_bytes = {record}\ninventory_bytes = {bytes}\n\
         inventory_lines = {lines}"
    ));
    door.accepts_push("at every limit", &refspecs);
    // A stricter policy does not reach back.
    set("evidence_bytes = 1024\nrecord_bytes = 64\ninventory_bytes = 64\ninventory_lines = 1");
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
    super::held(4);
}

#[test]
fn huge_and_deep_records() {
    let door = Door::new(World::approved(), "otto");
    let world = &door.world;
    let raw = door.raw();
    let ledger = world.rev("otto", "refs/awo/ledger");
    let commit_of = |bytes: &[u8]| {
        let blob = raw.blob(bytes);
        let name = b"HUGE-1@contract.dsse.json";
        let tree = raw.tree(&[("100644", name, &blob)]);
        raw.commit(&tree, &[&ledger], "records\n")
    };
    let envelope = |payload: Vec<u8>| {
        let signature = EnvelopeSignature {
            keyid: "SHA256:AAAA".to_owned(),
            sig: vec![1; 100],
        };
        Envelope::new(payload, vec![signature]).to_bytes()
    };
    let nested = |depth: usize| [vec![b'['; depth], vec![b']'; depth]].concat();
    for (what, bytes) in [
        ("100 MB of text", vec![b'a'; 100_000_000]),
        ("64 MiB of zeros", vec![0; 64 << 20]),
        (
            "a payload of 1 MiB and a byte",
            envelope(vec![b'1'; (1 << 20) + 1]),
        ),
        ("100,000 levels", envelope(nested(100_000))),
        ("33 levels", envelope(nested(33))),
    ] {
        let commit = commit_of(&bytes);
        door.refuses_push(what, &[&format!("{commit}:refs/awo/ledger")], &["INT-006"]);
    }
    let commit = commit_of(&nested(100_000));
    let pushed = door.push(&[&format!("{commit}:refs/awo/ledger")]);
    assert!(!pushed.accepted, "{}", pushed.text);
    let known = pushed
        .codes
        .iter()
        .all(|code| code == "INT-006" || code == "INT-004");
    assert!(known && !pushed.codes.is_empty(), "{}", pushed.text);
}
