//! Clients that do not listen: git tells them that their push stands, and only then calls
//! `post-receive`.

use std::io::{Read, Write};
use std::process::{Child, Stdio};

use crate::world::{RUN, World};

/// Pushes the ledger of a clone by hand, and returns `git receive-pack` without having read what it
/// says at the end.
fn push_by_hand(world: &World, who: &str) -> Child {
    let new = world.rev(who, "refs/awo/ledger");
    let old = world.rev("server.git", "refs/awo/ledger");
    let mut pack = world
        .command(
            who,
            who,
            &["git", "pack-objects", "--revs", "--stdout", "-q"],
        )
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let wanted = format!("{new}\n^{old}\n");
    pack.stdin
        .take()
        .unwrap()
        .write_all(wanted.as_bytes())
        .unwrap();
    let pack = pack.wait_with_output().unwrap().stdout;

    let mut push = world
        .command("server", ".", &["git", "receive-pack", "server.git"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let said = push.stdout.as_mut().unwrap();
    loop {
        let mut length = [0; 4];
        said.read_exact(&mut length).unwrap();
        let length = usize::from_str_radix(std::str::from_utf8(&length).unwrap(), 16).unwrap();
        if length == 0 {
            break;
        }
        said.read_exact(&mut vec![0; length - 4]).unwrap();
    }
    let command = format!("{old} {new} refs/awo/ledger\0report-status atomic");
    let line = format!("{:04x}{command}0000", command.len() + 4);
    let mut input = push.stdin.take().unwrap();
    input.write_all(line.as_bytes()).unwrap();
    input.write_all(&pack).unwrap();
    push
}

/// Returns how many entries the receive log has.
fn entries(world: &World) -> usize {
    let count = ["git", "rev-list", "--count", "refs/awo/log"];
    world
        .ok("server", "server.git", &count)
        .trim()
        .parse()
        .unwrap()
}

#[track_caller]
fn everybody_verifies(world: &World) {
    world.fresh_clone();
    let said = world.ok("vera", "vera", &["git", "awo", "verify"]);
    assert!(!said.contains("unrecorded"), "{said}");
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.ok("otto", "otto", &["git", "awo", "verify"]);
}

#[test]
fn a_client_that_hangs_up_gets_its_receipt() {
    let world = World::executed();
    world.ok("rita", "rita", &["git", "awo", "gate", RUN]);
    let before = entries(&world);
    let mut push = push_by_hand(&world, "rita");
    drop(push.stdout.take());
    push.wait().unwrap();
    let (server, rita) = ("server.git", "rita");
    assert_eq!(
        world.rev(server, "refs/awo/ledger"),
        world.rev(rita, "refs/awo/ledger")
    );
    assert_eq!(entries(&world), before + 1);
    everybody_verifies(&world);
    // The next push has nothing to make good.
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    world.ok("rita", "rita", &["git", "awo", "approve", RUN]);
    world.ok("rita", "rita", &["git", "awo", "push"]);
    assert_eq!(entries(&world), before + 2);
}

#[test]
fn a_client_that_does_not_listen_gets_its_receipt_before_the_next_policy() {
    let world = World::executed();
    world.ok("rita", "rita", &["git", "awo", "gate", RUN]);
    let before = entries(&world);
    let mut push = push_by_hand(&world, "rita");
    while entries(&world) == before {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    // rita's role is gone by the time at which git tells her.
    world.next_policy(2, None, |text| {
        text.replace(
            "name = \"rita\"\nroles = [\"reviewer\"]",
            "name = \"rita\"\nroles = []",
        )
    });
    let mut said = Vec::new();
    push.stdout.take().unwrap().read_to_end(&mut said).unwrap();
    assert!(push.wait().unwrap().success());
    assert!(String::from_utf8_lossy(&said).contains("ok refs/awo/ledger"));
    everybody_verifies(&world);
}
