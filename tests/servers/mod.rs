//! Pushes through the servers that people have, with the real programs: the same verdicts as on
//! a bare repository, heard by the client, with nothing moved where they are "no".

mod clients;
mod dispatch;
mod gitolite;
mod service;

use std::process::Stdio;

use base64ct::{Base64, Encoding as _};
use git_awo::store::chain::ENTRY;
use serde_json::Value;

use crate::world::{RUN, World};
use service::{PERSONS, Service, Transport, configure};

/// Whether the server's objects and refs are files of their own or packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Storage {
    Loose,
    Packed,
}

/// The governed push of a finalized run.
const GOVERNED: [&str; 4] = [
    "main",
    "refs/awo/ledger",
    "refs/awo/evidence/*",
    "refs/notes/awo/*",
];

impl World {
    fn store(&self, storage: Storage) {
        let git = |words: &[&str]| self.ok("server", "server.git", &[&["git"], words].concat());
        if storage == Storage::Packed {
            git(&["repack", "-adq"]);
            git(&["pack-refs", "--all"]);
            git(&["gc", "--quiet", "--prune=now"]);
            let left = git(&["count-objects"]);
            assert!(left.starts_with("0 objects"), "all is packed: {left}");
        }
    }

    /// Nothing of a refused push stays on the server.
    #[track_caller]
    fn nothing_left(&self) {
        let left: Vec<_> = std::fs::read_dir(self.path("server.git/objects"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.starts_with("tmp_objdir") || name.starts_with("incoming"))
            .collect();
        assert!(left.is_empty(), "no quarantine is left: {left:?}");
    }

    /// Returns the newest receipt on the server: what it says.
    fn newest_receipt(&self) -> Value {
        let text = self.ok("server", "server.git", &["git", "awo", "--json", "receipt"]);
        let answer: Value = serde_json::from_str(&text).unwrap();
        predicate(answer["receipt"].as_str().unwrap())
    }

    /// No entry of the log tells of a movement past the hooks, also of pushes that overlap.
    #[track_caller]
    fn all_recorded(&self) {
        let git = |words: &[&str]| self.ok("server", "server.git", &[&["git"], words].concat());
        for commit in git(&["rev-list", "refs/awo/log"]).lines() {
            let entry = predicate(&git(&["show", &format!("{commit}:{ENTRY}")]));
            assert_eq!(
                entry["unrecorded"].as_array().map(Vec::len),
                Some(0),
                "{entry}"
            );
        }
    }

    /// The newest receipt names this ref as moved to where it is, and who pushed it.
    #[track_caller]
    fn receipt_of(&self, reference: &str, pusher: &str) {
        let receipt = self.newest_receipt();
        let movements = receipt["movements"].as_array().unwrap();
        let tip = self.rev("server.git", reference);
        assert!(
            movements
                .iter()
                .any(|it| it["ref"] == reference && it["new"] == tip.as_str()),
            "the receipt of {reference} at {tip}: {receipt}"
        );
        assert_eq!(receipt["unrecorded"].as_array().map(Vec::len), Some(0));
        assert_eq!(receipt["pusher"], pusher, "{receipt}");
    }

    /// A clone made by this transport, and everything in it judged again.
    #[track_caller]
    fn cloned_afresh(&self, service: &Service) {
        let url = service.url("vera");
        self.ok("vera", ".", &["git", "clone", "--quiet", &url, "vera"]);
        self.ok(
            "vera",
            "vera",
            &["git", "awo", "trust", &self.fingerprint()],
        );
        self.ok("vera", "vera", &["git", "awo", "fetch"]);
        let said = self.ok("vera", "vera", &["git", "awo", "verify"]);
        assert!(said.contains("1 runs"), "the run was judged: {said}");
        self.ok("vera", "vera", &["git", "awo", "verify", RUN]);
    }
}

/// Returns what a statement in an envelope says.
fn predicate(envelope: &str) -> Value {
    let envelope: Value = serde_json::from_str(envelope).unwrap();
    let payload = Base64::decode_vec(envelope["payload"].as_str().unwrap()).unwrap();
    let statement: Value = serde_json::from_slice(&payload).unwrap();
    statement["predicate"].clone()
}

/// Who the receive log says pushed, where the transport tells the server.
fn pusher(transport: Transport, who: &str) -> String {
    match transport {
        Transport::File => "unknown".to_owned(),
        _ => who.to_owned(),
    }
}

fn refuses(transport: Transport, storage: Storage) {
    let world = World::finalized();
    let otto = ["git", "switch", "--quiet", "--create", "bad", "origin/main"];
    world.ok("otto", "otto", &otto);
    world.write("otto/lib/other.py", "x = 1\n");
    world.commit("otto", "Outside");
    let earlier = world.rev("server.git", "refs/awo/ledger^");
    world.store(storage);
    let service = Service::start(&world, transport);

    let doctor = world.run("server", "server.git", &["git", "awo", "doctor"]);
    assert_eq!(doctor.code, 0, "{transport:?}: {}", doctor.text);
    let bad: [(&[&str], &str); 3] = [
        (&["bad:refs/heads/wip/otto"], "GOV-003"),
        (&[&format!("+{earlier}:refs/awo/ledger")], "REP-002"),
        (&["main"], "GOV-002"),
    ];
    for (refspecs, code) in bad {
        let said = world.push_refused("otto", refspecs, code);
        let heard = |line: &str| line.starts_with("remote: ") && line.contains(code);
        assert!(said.lines().any(heard), "the server says it: {said}");
        world.nothing_left();
    }
    // Nothing of this stands in the way of the good.
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.receipt_of("refs/heads/main", &pusher(transport, "otto"));
    drop(service);
}

fn accepts(transport: Transport, storage: Storage, plainly: bool) {
    let world = World::finalized();
    world.store(storage);
    let service = Service::start(&world, transport);
    if plainly {
        world.push_accepted("otto", &GOVERNED);
    } else {
        world.ok("otto", "otto", &["git", "awo", "push"]);
    }
    world.receipt_of("refs/heads/main", &pusher(transport, "otto"));
    let words = ["outcome", RUN, "accepted", "--reason", "as agreed"];
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    world.ok("olga", "olga", &[&["git", "awo"], &words[..]].concat());
    if plainly {
        world.ok("olga", "olga", &["git", "awo", "push"]);
    } else {
        world.push_accepted("olga", &["refs/awo/ledger", "refs/notes/awo/*"]);
    }
    world.receipt_of("refs/awo/ledger", &pusher(transport, "olga"));
    world.cloned_afresh(&service);
}

macro_rules! matrix {
    ($($name:ident: $transport:ident;)*) => {$(
        mod $name {
            use super::*;

            #[test]
            #[ignore = "needs sshd, nginx, fcgiwrap and gitolite3"]
            fn refuses_with_loose_objects() {
                refuses(Transport::$transport, Storage::Loose);
            }

            #[test]
            #[ignore = "needs sshd, nginx, fcgiwrap and gitolite3"]
            fn refuses_with_packed_objects() {
                refuses(Transport::$transport, Storage::Packed);
            }

            #[test]
            #[ignore = "needs sshd, nginx, fcgiwrap and gitolite3"]
            fn takes_a_plain_push_and_then_one_of_ours_with_loose_objects() {
                accepts(Transport::$transport, Storage::Loose, true);
            }

            #[test]
            #[ignore = "needs sshd, nginx, fcgiwrap and gitolite3"]
            fn takes_a_push_of_ours_and_then_a_plain_one_with_packed_objects() {
                accepts(Transport::$transport, Storage::Packed, false);
            }
        }
    )*};
}

matrix! {
    by_file: File;
    by_ssh: Ssh;
    by_http: Http;
    by_gitolite: Gitolite;
}

/// Five pushes at once, by three persons, to a branch each.
fn takes_many_at_once(transport: Transport) {
    let world = World::landed();
    let service = Service::start(&world, transport);
    let branches = [
        ("olga", "a"),
        ("otto", "b"),
        ("rita", "c"),
        ("otto", "d"),
        ("olga", "e"),
    ];
    for (who, _) in &branches[..3] {
        world.write(&format!("{who}/src/{who}.py"), "x = 1\n");
        world.commit(who, "Work");
    }
    let started: Vec<_> = branches
        .iter()
        .map(|(who, branch)| {
            let refspec = format!("HEAD:refs/heads/wip/{branch}");
            let words = ["git", "push", "--atomic", "origin", refspec.as_str()];
            let mut command = world.command(who, who, &words);
            command.stdout(Stdio::piped()).stderr(Stdio::piped());
            command.spawn().unwrap()
        })
        .collect();
    for child in started {
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        assert!(!said.contains("no receipt"), "{said}");
    }
    for (who, branch) in branches {
        let reference = format!("refs/heads/wip/{branch}");
        assert_eq!(world.rev("server.git", &reference), world.rev(who, "HEAD"));
    }
    world.all_recorded();
    world.cloned_afresh(&service);
}

#[test]
#[ignore = "needs sshd, nginx, fcgiwrap and gitolite3"]
fn five_pushes_at_once_through_sshd_all_land() {
    takes_many_at_once(Transport::Ssh);
}

#[test]
#[ignore = "needs sshd, nginx, fcgiwrap and gitolite3"]
fn five_pushes_at_once_through_nginx_all_land() {
    takes_many_at_once(Transport::Http);
}

#[test]
#[ignore = "needs root"]
fn a_repository_of_another_account_is_judged_where_git_is_told_to_trust_it() {
    let world = World::finalized();
    let owner = ["chown", "-R", "nobody", "server.git"];
    world.ok("server", ".", &owner);
    let push = ["git", "push", "--no-verify", "--atomic", "origin", "main"];
    let said = world.run("otto", "otto", &push).text;
    assert!(said.contains("dubious ownership"), "git refuses: {said}");
    for who in PERSONS {
        configure(&world, who, "[safe]\n\tdirectory = *\n");
    }
    world.ok("server", "server.git", &["git", "awo", "doctor"]);
    world.push_refused("otto", &["main"], "GOV-002");
    world.push_accepted("otto", &GOVERNED);
    world.receipt_of("refs/heads/main", "unknown");
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}
