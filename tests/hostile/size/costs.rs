//! What is hostile costs little: time and memory of the hook that refuses it.

use git_awo::record::envelope::Envelope;
use git_awo::records::{Kind, Statement};

use crate::bench::measure::{self, Cost, WRAPPER};
use crate::hostile::door::Door;
use crate::hostile::forge::approvals_until;
use crate::world::{PROGRAM, RUN, World};

/// Seconds of CPU and KiB that `pre-receive` may take, in a build without optimisation too. The
/// clock on the wall tells more of what else the machine does.
const MOST: (f64, f64) = (2.0, 256.0 * 1024.0);

/// Makes `pre-receive` measure itself.
pub fn measured(door: &Door) {
    let (out, script) = (door.world.path("cost"), door.world.path("wrapper.py"));
    std::fs::write(&script, WRAPPER).unwrap();
    let hook = format!(
        "#!/bin/sh\nexec python3 {} {} {PROGRAM} hook pre-receive\n",
        script.display(),
        out.display()
    );
    std::fs::write(door.world.path("server.git/hooks/pre-receive"), hook).unwrap();
}

#[track_caller]
pub fn cheap(door: &Door, what: &str) {
    let text = std::fs::read_to_string(door.world.path("cost")).unwrap();
    let Cost { cpu, resident, .. } = measure::read(&text);
    println!("{what}: {cpu:.2} s, {:.0} MiB", resident / 1024.0);
    assert!(cpu < MOST.0, "{what} takes {cpu} s");
    assert!(resident < MOST.1, "{what} takes {resident} KiB");
}

#[test]
fn hostile_pushes_cost_little() {
    let door = Door::of_otto();
    measured(&door);
    let raw = door.raw();
    let blob = raw.blob("x\n");
    let names: Vec<String> = (0..10).map(|at| format!("{at}")).collect();
    let mut tree = blob.clone();
    for level in 0..9 {
        let mode = if level == 0 { "100644" } else { "40000" };
        let entries: Vec<_> = names
            .iter()
            .map(|it| (mode, it.as_bytes(), tree.as_str()))
            .collect();
        tree = raw.tree(&entries);
    }
    let billion = door.commit_in_src(&[("40000", b"bomb", &tree)]);
    door.refuses("a billion paths", &billion, &["INT-006"]);
    cheap(&door, "a billion paths");
    // The same without one file: trees of trees, and nothing in the end.
    let mut tree = raw.tree(&[]);
    for _ in 0..9 {
        let entries: Vec<_> = names
            .iter()
            .map(|it| ("40000", it.as_bytes(), tree.as_str()))
            .collect();
        tree = raw.tree(&entries);
    }
    let hollow = door.commit_in_src(&[("40000", b"bomb", &tree)]);
    door.refuses("a billion directories", &hollow, &["INT-006"]);
    cheap(&door, "a billion directories");
    let mut deep = raw.tree(&[("100644", b"x", &blob)]);
    for _ in 0..1_500 {
        deep = raw.tree(&[("40000", b"d", &deep)]);
    }
    let deep = door.commit_in_src(&[("40000", b"deep", &deep)]);
    door.refuses("1,500 directories in each other", &deep, &["INT-006"]);
    cheap(&door, "1,500 directories in each other");
    let (tip, _) = door.base();
    let refspecs: Vec<String> = (0..5_000)
        .map(|at| format!("{tip}:refs/heads/wip/{at}"))
        .collect();
    let refspecs: Vec<&str> = refspecs.iter().map(String::as_str).collect();
    door.refuses_push("5,000 refs", &refspecs, &["INT-006"]);
    cheap(&door, "5,000 refs");
    // A file may be large: no rule speaks of it, and the hook need not read it.
    let zeros = raw.blob(vec![0; 64 << 20]);
    let large = door.commit_in_src(&[("100644", b"zeros", &zeros)]);
    door.accepts("64 MiB of zeros", &large);
    cheap(&door, "64 MiB of zeros");
}

#[test]
fn a_hundred_thousand_refs_are_verified_soon() {
    let door = Door::of_otto();
    let world = &door.world;
    let (tip, _) = door.base();
    world.fresh_clone();
    let packed = world.path("vera/.git/packed-refs");
    world.ok("vera", "vera", &["git", "pack-refs", "--all"]);
    let mut text = std::fs::read_to_string(&packed).unwrap();
    let more: String = (0..100_000)
        .map(|at| format!("{tip} refs/remotes/origin/wip/{at:06}\n"))
        .collect();
    text.push_str(&more);
    std::fs::write(&packed, text.replace(" sorted", "")).unwrap();
    let out = world.path("cost");
    let words = [
        "python3",
        "-c",
        WRAPPER,
        out.to_str().unwrap(),
        PROGRAM,
        "verify",
        "--json",
    ];
    let done = world.run("vera", "vera", &words);
    let figures = std::fs::read_to_string(out).unwrap();
    let took: f64 = figures.split_whitespace().nth(1).unwrap().parse().unwrap();
    println!("100,000 refs verified in {took:.2} s");
    assert_eq!(done.code, 0, "{}", done.text);
    assert!(took < 10.0, "100,000 refs take {took} s");
}

#[test]
fn a_note_of_many_lines_costs_little() {
    let door = Door::new(World::executed(), "rita");
    for words in [&["gate", RUN][..], &["approve", RUN], &["push"]] {
        let words = [&["git", "awo"], words].concat();
        door.world.ok("rita", "rita", &words);
    }
    measured(&door);
    let commit = door.run_says().commit;
    let says = door.approval();
    let notes = approvals_until(says.expires);
    let push = |lines: Vec<Vec<u8>>| {
        let lines: Vec<&[u8]> = lines.iter().map(Vec::as_slice).collect();
        format!("{}:{notes}", door.noted(&notes, commit, &lines))
    };
    let unsigned = |at: usize| Envelope::new(at.to_string().into_bytes(), Vec::new()).to_bytes();
    let many = push((0..8_000).map(unsigned).collect());
    door.refuses_push("8,000 lines without a key", &[&many], &["INT-006"]);
    cheap(&door, "8,000 lines");
    // The twin: a reviewer who approves often.
    let approved = |at: usize| {
        let mut again = says.clone();
        again.nonce = format!("n{at}");
        let payload = Statement::new(again).to_payload();
        door.sealed(Kind::Approval, payload).to_bytes()
    };
    let often = push((0..100).map(approved).collect());
    door.accepts_push("a hundred approvals", &[&often]);
}
