//! Somebody in the middle changes what a server sends.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;

use super::Case;
use crate::world::World;

pub const CASES: &[Case] = &[
    Case {
        id: "M-14a",
        attack: "bytes of a pack are changed in transit",
        answer: "documented: git itself refuses, and nothing arrives",
        tests: &["hostile::network::a_pack_changed_on_the_way_does_not_arrive"],
    },
    Case {
        id: "M-14b",
        attack: "the refs that a server announces are changed in transit",
        answer: "REP-002",
        tests: &["hostile::network::refs_exchanged_on_the_way_are_noticed"],
    },
];

/// What happens to the bytes that come from the server: all of one connection so far, how many of
/// them went on already, the new ones to change.
type Change = Box<dyn Fn(usize, &mut Vec<u8>) + Send + Sync>;

/// `git daemon` behind a proxy. Both go away with the value.
struct Middle {
    daemon: Child,
    port: u16,
    change: Arc<Mutex<Option<Change>>>,
}

impl Middle {
    fn of(world: &World) -> Self {
        let (listener, port) = free_port();
        let (inner, inner_port) = free_port();
        drop(inner);
        let port_option = format!("--port={inner_port}");
        let base = format!("--base-path={}", world.path("").display());
        let words = [
            "git",
            "-c",
            "safe.directory=*",
            "daemon",
            "--listen=127.0.0.1",
            &port_option,
            "--export-all",
            "--reuseaddr",
            &base,
        ];
        let mut daemon = world.command("server", ".", &words);
        let daemon = daemon
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let change: Arc<Mutex<Option<Change>>> = Arc::new(Mutex::new(None));
        let shared = Arc::clone(&change);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                thread::spawn(move || pass_on(client, inner_port, &shared));
            }
        });
        while TcpStream::connect(("127.0.0.1", inner_port)).is_err() {
            thread::sleep(std::time::Duration::from_millis(20));
        }
        Self {
            daemon,
            port,
            change,
        }
    }

    fn url(&self) -> String {
        format!("git://127.0.0.1:{}/server.git", self.port)
    }

    fn changes(&self, change: impl Fn(usize, &mut Vec<u8>) + Send + Sync + 'static) {
        *self.change.lock().unwrap() = Some(Box::new(change));
    }

    fn passes(&self) {
        *self.change.lock().unwrap() = None;
    }
}

impl Drop for Middle {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

fn free_port() -> (TcpListener, u16) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

fn pass_on(mut client: TcpStream, port: u16, change: &Mutex<Option<Change>>) {
    let mut server = TcpStream::connect(("127.0.0.1", port)).unwrap();
    // A changed length leaves both sides waiting for each other.
    let patience = std::time::Duration::from_secs(2);
    server.set_read_timeout(Some(patience)).unwrap();
    let (mut asks, mut asked) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    thread::spawn(move || {
        let _ = std::io::copy(&mut asks, &mut asked);
        let _ = asked.shutdown(Shutdown::Write);
    });
    let (mut sent, mut buffer) = (0, vec![0; 1 << 16]);
    while let Ok(many @ 1..) = server.read(&mut buffer) {
        let mut bytes = buffer[..many].to_vec();
        if let Some(change) = change.lock().unwrap().as_ref() {
            change(sent, &mut bytes);
        }
        sent += many;
        if client.write_all(&bytes).is_err() {
            break;
        }
    }
    let _ = client.shutdown(Shutdown::Both);
    let _ = server.shutdown(Shutdown::Both);
}

fn refs_of(world: &World, place: &str) -> String {
    let words = [
        "git",
        "for-each-ref",
        "--format=%(objectname) %(refname)",
        "refs/awo",
        "refs/remotes",
    ];
    world.ok("vera", place, &words)
}

#[test]
fn a_pack_changed_on_the_way_does_not_arrive() {
    let world = World::landed();
    let middle = Middle::of(&world);
    let url = middle.url();
    let clone = |name: &str| {
        let words = [
            "git",
            "clone",
            "--quiet",
            "--config",
            "remote.origin.fetch=+refs/awo/*:refs/awo/*",
            &url,
            name,
        ];
        world.run("vera", ".", &words)
    };
    middle.passes();
    let good = clone("good");
    assert_eq!(good.code, 0, "{}", good.text);
    let wanted = refs_of(&world, "good");
    let mut refused = 0;
    for number in 0..24 {
        // Spread over the answer: the announcement of refs, the head of the pack, its inside.
        let at: usize = 40 + number * 997;
        middle.changes(move |sent, bytes| {
            if let Some(byte) = at.checked_sub(sent).and_then(|at| bytes.get_mut(at)) {
                *byte ^= 1;
            }
        });
        let name = format!("bad{number}");
        if clone(&name).code == 0 {
            // Not in what matters, as a word of progress: then everything is as it should be.
            assert_eq!(refs_of(&world, &name), wanted, "byte {at}");
            world.ok("vera", &name, &["git", "fsck", "--strict"]);
        } else {
            refused += 1;
        }
    }
    assert!(refused > 6, "{refused} of 24 were changes that mattered");
}

#[test]
fn refs_exchanged_on_the_way_are_noticed() {
    let world = World::landed();
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    let middle = Middle::of(&world);
    world.ok(
        "rita",
        "rita",
        &["git", "remote", "set-url", "origin", &middle.url()],
    );
    for name in ["refs/awo/ledger", "refs/awo/policy", "refs/heads/main"] {
        let now = world.rev("server.git", name);
        let other = match name {
            "refs/awo/policy" => world.rev("server.git", "refs/heads/main"),
            _ => world.rev("server.git", &format!("{name}^")),
        };
        let line = format!("{now} {name}").into_bytes();
        let lie = format!("{other} {name}").into_bytes();
        middle.changes(move |_, bytes| {
            while let Some(at) = bytes.windows(line.len()).position(|window| window == line) {
                bytes[at..at + lie.len()].copy_from_slice(&lie);
            }
        });
        let before = world.rev("rita", "refs/awo/ledger");
        if name != "refs/heads/main" {
            let done = world.run("rita", "rita", &["git", "awo", "fetch"]);
            assert_ne!(done.code, 0, "{name}: {}", done.text);
            assert!(
                done.text.contains("REP-002") || done.text.contains("GOV-006"),
                "{name}: {}",
                done.text
            );
        }
        assert_eq!(
            world.rev("rita", "refs/awo/ledger"),
            before,
            "nothing was merged"
        );
        // A clone that never saw anything else has the log to compare with.
        let fresh = format!("fresh-{}", name.replace('/', "-"));
        world.ok(
            "vera",
            ".",
            &["git", "clone", "--quiet", &middle.url(), &fresh],
        );
        world.ok(
            "vera",
            &fresh,
            &["git", "awo", "trust", &world.fingerprint()],
        );
        let specs = [
            "+refs/awo/*:refs/awo/*",
            "+refs/notes/awo/*:refs/notes/awo/*",
        ];
        world.ok(
            "vera",
            &fresh,
            &[&["git", "fetch", "--quiet", "origin"], &specs[..]].concat(),
        );
        let done = world.run("vera", &fresh, &["git", "awo", "verify"]);
        assert_ne!(done.code, 0, "{name}: {}", done.text);
        let code = if name == "refs/awo/policy" {
            "GOV-006"
        } else {
            "REP-002"
        };
        assert!(done.text.contains(code), "{name}: {}", done.text);
    }
    // The benign twin: the same road without the change.
    middle.passes();
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    world.ok("rita", "rita", &["git", "awo", "verify"]);
}
