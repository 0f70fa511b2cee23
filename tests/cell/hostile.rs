//! A hostile command. Each attack succeeds outside of a cell, so that a refusal means something.

use std::collections::BTreeMap;
use std::net::{TcpListener, UdpSocket};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::{SocketAddr, UnixListener};

use super::governed::{asked, evidence};
use super::{Sibling, here, told};
use crate::hostile::Case;
use crate::world::{PROGRAM, RUN, World};

pub const CASES: &[Case] = &[
    Case {
        id: "J-01",
        attack: "a run's command reads a key, another clone or another process, writes outside of its work tree, opens a socket, \
                 or takes along an open file",
        answer: "denied in a cell",
        tests: &[
            "cell::hostile::each_attack_is_denied_in_a_cell",
            "cell::hostile::each_denial_is_in_the_evidence_of_a_run",
            "cell::hostile::an_open_file_does_not_come_along",
            "cell::hostile::nothing_outlives_the_cell",
        ],
    },
    Case {
        id: "J-02",
        attack: "a cell on a kernel without one of its layers",
        answer: "said; the command does not start where all are required",
        tests: &[
            "cell::pretend::what_cannot_be_had_is_said",
            "cell::pretend::the_inner_form_starts_nothing_where_a_layer_is_missing",
        ],
    },
];

/// Tries each attack, and prints its name with `done` or the error.
const SCRIPT: &str = include_str!("attacks.py");

/// What the attacks aim at, besides the clones.
struct Victims {
    world: World,
    _sibling: Sibling,
    arguments: Vec<String>,
    /// Whatever listens.
    _open: (
        TcpListener,
        UdpSocket,
        Option<TcpListener>,
        UnixListener,
        UnixListener,
        std::os::unix::net::UnixDatagram,
    ),
}

impl Victims {
    fn new(world: World) -> Self {
        world.write("home/otto/.ssh/id", "secret");
        for victim in ["victim", "victim2", "victim3"] {
            world.write(victim, "whole\n");
        }
        world.write("etc/shadow", "secret");
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let tcp6 = TcpListener::bind("[::1]:0").ok();
        let port6 = tcp6
            .as_ref()
            .map_or(9, |it| it.local_addr().unwrap().port());
        let agent = UnixListener::bind(world.path("agent")).unwrap();
        let datagrams = std::os::unix::net::UnixDatagram::bind(world.path("datagrams")).unwrap();
        let name = format!("git-awo-{}", std::process::id());
        let address = SocketAddr::from_abstract_name(&name).unwrap();
        let hidden = UnixListener::bind_addr(&address).unwrap();
        let sibling = world
            .command("otto", ".", &["sleep", "600"])
            .spawn()
            .unwrap();
        let sibling = Sibling(sibling);
        let arguments = vec![
            world
                .path("")
                .to_str()
                .unwrap()
                .trim_end_matches('/')
                .to_owned(),
            tcp.local_addr().unwrap().port().to_string(),
            udp.local_addr().unwrap().port().to_string(),
            port6.to_string(),
            sibling.0.id().to_string(),
            name,
        ];
        Self {
            world,
            _sibling: sibling,
            arguments,
            _open: (tcp, udp, tcp6, agent, hidden, datagrams),
        }
    }

    /// Runs the attacks after these words, and returns how each went.
    fn attacked(&self, place: &str, before: &[&str]) -> BTreeMap<String, String> {
        let mut words = before.to_vec();
        words.extend(["/usr/bin/python3", "-c", SCRIPT]);
        words.extend(self.arguments.iter().map(String::as_str));
        told(&self.world.ok("otto", place, &words))
    }
}

/// What outside of a cell depends on the machine or on the user.
const NOT_EVERYWHERE: &[&str] = &[
    "make a device",
    "raw 4",
    "raw 6",
    "tcp 6",
    "udp 6",
    "ptrace",
    "io_uring",
    "namespace",
    "mount",
    "chroot",
    "keys",
    "shared memory",
    "chown",
    "limits of another",
    "other architecture",
    "x32",
    "bind mount",
    "open tree",
    "open by handle",
    "bpf",
    "perf",
    "faults",
    "enter a namespace",
    "memory by proc",
    "memory of another",
    "descriptor of another",
    "packets",
    "vsock",
    "kernel ciphers",
    "semaphores",
    "messages",
    "posix messages",
];

/// Tries the attacks in a cell, and returns how they went. None succeeds.
fn denied(victims: &Victims, words: &[&str]) -> BTreeMap<String, String> {
    let server = victims.world.server();
    let mut found = victims.attacked("otto", words);
    found.remove("cell");
    let done: Vec<_> = found.iter().filter(|(_, how)| *how == "done").collect();
    assert!(done.is_empty(), "{done:?}");
    for victim in ["victim", "victim2", "victim3"] {
        let whole = std::fs::read(victims.world.path(victim)).unwrap();
        assert_eq!(whole, b"whole\n");
    }
    let status = ["git", "status", "--short"];
    assert_eq!(victims.world.ok("otto", "otto", &status), "");
    assert_eq!(victims.world.server(), server);
    found
}

#[cfg(target_arch = "x86_64")]
#[test]
fn each_attack_is_denied_in_a_cell() {
    if !here::gives_a_root() {
        return;
    }
    let victims = Victims::new(World::founded());
    let found = denied(&victims, &["git", "awo", "cell", "--"]);
    let errno = |found: &BTreeMap<String, String>, name: &str| found[name].parse::<i32>().unwrap();
    for (name, expected) in [
        ("read a key", libc::EACCES),
        ("agent", libc::EPERM),
        ("tcp 4", libc::EPERM),
        ("io_uring", libc::ENOSYS),
        ("x32", libc::ENOSYS),
        ("other architecture", libc::SIGSYS),
        ("big file", libc::EFBIG),
        ("chown", libc::EPERM),
        ("ptrace", libc::EPERM),
        ("mount", libc::EPERM),
        ("bind mount", libc::EPERM),
        ("open tree", libc::EPERM),
        ("open by handle", libc::EPERM),
        ("memory of another", libc::EPERM),
        ("descriptor of another", libc::EPERM),
        ("shared memory", libc::EPERM),
        ("signal", libc::EPERM),
    ] {
        assert_eq!(errno(&found, name), expected, "{name}");
    }
    // With a root of its own, where what is not granted is not there.
    let rooted = denied(&victims, &["git", "awo", "cell", "--own-root", "--"]);
    let names: Vec<_> = found.keys().collect();
    assert_eq!(names, rooted.keys().collect::<Vec<_>>(), "the same attacks");
    for (name, expected) in [
        ("read a key", libc::ENOENT),
        ("read another clone", libc::ENOENT),
        ("read a process", libc::ENOENT),
        ("signal", libc::ESRCH),
        ("tcp 4", libc::EPERM),
    ] {
        assert_eq!(errno(&rooted, name), expected, "{name}");
    }
    // The twin: the same command, not confined.
    victims.world.ok("otto", ".", &["mkdir", "free"]);
    let free = victims.attacked("free", &[]);
    assert_eq!(names, free.keys().collect::<Vec<_>>(), "the same attacks");
    let closed =
        |name: &&&String| free[**name] != "done" && !NOT_EVERYWHERE.contains(&name.as_str());
    let closed: Vec<_> = names.iter().filter(closed).collect();
    assert!(closed.is_empty(), "{closed:?} should succeed: {free:?}");
}

/// The same in a run: it is recorded, and its evidence has what the command was told.
#[cfg(target_arch = "x86_64")]
#[test]
fn each_denial_is_in_the_evidence_of_a_run() {
    if !here::gives_a_root() {
        return;
    }
    for (how, lines) in [
        (
            "required",
            ["read a key: 13", "read another clone: 13", "signal: 1"],
        ),
        (
            "own-root",
            ["read a key: 2", "read a process: 2", "signal: 3"],
        ),
    ] {
        let victims = Victims::new(asked(how));
        let world = &victims.world;
        // Beside the work tree: what the attacks make there is none of the contract's paths.
        let script = "cd \"$TMPDIR\"; \"$@\"; echo \"exit: $?\"; cd \"$OLDPWD\"; mkdir -p src; echo one > src/one.txt";
        let mut words = vec!["git", "awo", "run", "C-1", "--run-id", RUN, "--"];
        words.extend(["sh", "-ec", script, "-", "/usr/bin/python3", "-c", SCRIPT]);
        words.extend(victims.arguments.iter().map(String::as_str));
        world.ok("otto", "otto", &words);
        let log = evidence(world, "logs/stdout.log");
        assert!(!log.contains(": done"), "{log}");
        let both = [
            "agent: 1",
            "tcp 6: 1",
            "udp 4: 1",
            "raw 4: 1",
            "raw 6: 1",
            "ptrace: 1",
            "bind mount: 1",
            "io_uring: 38",
            "big file: 27",
            "other architecture: 31",
            "x32: 38",
            "exit: 0",
        ];
        for line in lines.into_iter().chain(both) {
            assert!(log.lines().any(|it| it == line), "{how}: {line}: {log}");
        }
        assert_eq!(std::fs::read(world.path("victim")).unwrap(), b"whole\n");
        world.ok("otto", "otto", &["git", "awo", "push"]);
    }
}

#[test]
fn an_open_file_does_not_come_along() {
    if !here::confines() {
        return;
    }
    let world = World::founded();
    world.write("secret", "secret");
    let read = "exec 7<secret; cd otto; exec \"$@\"";
    let inner = "cat <&7";
    let twin = ["sh", "-c", read, "-", "sh", "-c", inner];
    assert_eq!(world.ok("otto", ".", &twin), "secret");
    let cell = [
        "sh", "-c", read, "-", PROGRAM, "cell", "--", "sh", "-c", inner,
    ];
    let done = world.run("otto", ".", &cell);
    assert_ne!(done.code, 0);
    assert!(!done.text.contains("secret"), "{}", done.text);
    assert!(
        done.text.contains("held: calls, capabilities, descriptors"),
        "{}",
        done.text
    );
}

#[test]
fn a_directory_as_standard_output_opens_nothing_in_it() {
    if !here::confines() {
        return;
    }
    let world = World::founded();
    world.write("outside/victim", "whole\n");
    let words = "exec 1<\"$0\"; cd otto; exec \"$@\"";
    let outside = world.path("outside").display().to_string();
    let script = format!("echo x > '{outside}/victim' || echo closed >&2");
    let cell = [
        "sh", "-c", words, &outside, PROGRAM, "cell", "--", "sh", "-c", &script,
    ];
    let done = world.run("otto", ".", &cell);
    assert!(done.text.contains("closed"), "{}", done.text);
    let whole = std::fs::read(world.path("outside/victim")).unwrap();
    assert_eq!(whole, b"whole\n");
}

#[test]
fn nothing_outlives_the_cell() {
    if !here::confines() {
        return;
    }
    let world = World::founded();
    let lives = |pid: &str| std::path::Path::new("/proc").join(pid.trim()).exists();
    let script = "(setsid sh -c 'echo $$; sleep 600 & sleep 600' &) ; sleep 0.3";
    let twin = world.command("otto", ".", &["sh", "-c", script]);
    let mut twin = twin;
    let output = twin.stderr(std::process::Stdio::null());
    let mut child = output
        .stdout(std::fs::File::create(world.path("pid")).unwrap())
        .spawn()
        .unwrap();
    child.wait().unwrap();
    let pid = std::fs::read_to_string(world.path("pid")).unwrap();
    assert!(lives(&pid), "the twin outlives its parent");
    world.ok("otto", ".", &["sh", "-c", "kill -- -$(cat pid)"]);
    let words = ["git", "awo", "cell", "--", "sh", "-c", script];
    let output = world.command("otto", "otto", &words).output().unwrap();
    let pid = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(pid.trim().parse::<u32>().is_ok(), "{pid}");
    assert!(!lives(&pid), "{pid} lives");
}
