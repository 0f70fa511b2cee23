//! A hostile command. Each attack succeeds outside of a cell, so that a refusal means something.

use std::collections::BTreeMap;
use std::net::{TcpListener, UdpSocket};
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::process::Child;

use super::governed::{asked, evidence};
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
const SCRIPT: &str = r#"
import ctypes, os, signal, socket, sys
out, tcp4, udp4, tcp6, sibling, abstract = sys.argv[1:7]
libc = ctypes.CDLL(None, use_errno=True)

def call(number, *args):
    if libc.syscall(number, *args) < 0:
        raise OSError(ctypes.get_errno(), "call")

def read(path):
    open(path, "rb").read(1)

def append(path):
    open(path, "ab").write(b"\n")

def linked(target, how):
    how(target, "link")
    append("link")

def connect(family, kind, where):
    socket.socket(family, kind).connect(where)

def send(family, where):
    socket.socket(family, socket.SOCK_DGRAM).sendto(b"x", where)

def pair():
    a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    a.sendto(b"x", out + "/datagrams")

def big():
    with open("big", "wb") as file:
        file.truncate(5 << 30)

def shared():
    segment = libc.syscall(29, 0, 4096, 0o1600)
    if segment < 0:
        raise OSError(ctypes.get_errno(), "shmget")
    # Not to be left behind where it could be made.
    call(31, segment, 0, 0)

def chown():
    open("own", "w").close()
    os.chown("own", 1, 1)

def other():
    import mmap
    child = os.fork()
    if child == 0:
        m = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        # getpid of the 32-bit system calls.
        m.write(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")
        ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(m)))()
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if status:
        raise OSError(status, "signal")

otto, rita = out + "/otto", out + "/rita"
attacks = {
    "read a key": lambda: read(out + "/home/otto/.ssh/id"),
    "read another clone": lambda: read(rita + "/README.md"),
    "read the real clone": lambda: read(otto + "/README.md"),
    "read its settings": lambda: read(otto + "/.git/config"),
    "read a process": lambda: read("/proc/%s/environ" % sibling),
    "read by proc root": lambda: read("/proc/self/root" + rita + "/README.md"),
    "list a home": lambda: os.listdir(out + "/home/otto"),
    "write outside": lambda: append(out + "/victim"),
    "write by a symlink": lambda: linked(out + "/victim", os.symlink),
    "write by a hard link": lambda: (os.unlink("link") if os.path.lexists("link") else 0, linked(out + "/victim", os.link)),
    "write by proc root": lambda: append("/proc/self/root" + out + "/victim"),
    "move out": lambda: (open("moved", "w").close(), os.rename("moved", out + "/moved")),
    "write a ref": lambda: append(otto + "/.git/refs/heads/evil"),
    "write a hook": lambda: append(otto + "/.git/hooks/evil"),
    "write settings": lambda: append(otto + "/.git/config"),
    "write an object": lambda: append(otto + "/.git/objects/evil"),
    "cut a file": lambda: os.truncate(out + "/victim", 0),
    "make a device": lambda: os.mknod("null", 0o20666, os.makedev(1, 3)),
    "agent": lambda: connect(socket.AF_UNIX, socket.SOCK_STREAM, out + "/agent"),
    "abstract": lambda: connect(socket.AF_UNIX, socket.SOCK_STREAM, "\0" + abstract),
    "datagram pair": pair,
    "tcp 4": lambda: connect(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", int(tcp4))),
    "udp 4": lambda: send(socket.AF_INET, ("127.0.0.1", int(udp4))),
    "raw 4": lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1),
    "tcp 6": lambda: connect(socket.AF_INET6, socket.SOCK_STREAM, ("::1", int(tcp6))),
    "udp 6": lambda: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM),
    "raw 6": lambda: socket.socket(socket.AF_INET6, socket.SOCK_RAW, 58),
    "netlink": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0),
    "ptrace": lambda: call(101, 16, int(sibling), 0, 0),
    "signal": lambda: os.kill(int(sibling), 0),
    "limits of another": lambda: __import__("resource").prlimit(int(sibling), 4, (0, -1)),
    "io_uring": lambda: call(425, 1, ctypes.create_string_buffer(120)),
    "namespace": lambda: call(272, 0x10000000),
    # Of a kind that there is not: whoever may mount is told so, and nothing is mounted.
    "mount": lambda: call(165, b"none", b".", b"no-such-kind", 0, 0),
    "chroot": lambda: os.chroot("."),
    "keys": lambda: call(248, b"user", b"x", b"y", 1, -2),
    "shared memory": shared,
    "big file": big,
    "chown": chown,
    "other architecture": other,
}
for name, attack in attacks.items():
    # In a process of its own: one that has entered a namespace fails at other things.
    if os.fork() == 0:
        try:
            attack()
            print(name, "done", sep=": ", flush=True)
        except OSError as error:
            print(name, error.errno, sep=": ", flush=True)
        os._exit(0)
    os.wait()
"#;

/// What the attacks aim at, besides the clones.
struct Victims {
    world: World,
    sibling: Child,
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
        world.write("victim", "whole\n");
        world.write("attack.py", SCRIPT);
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
            sibling.id().to_string(),
            name,
        ];
        Self {
            world,
            sibling,
            arguments,
            _open: (tcp, udp, tcp6, agent, hidden, datagrams),
        }
    }

    /// Runs the attacks after these words, and returns how each went.
    fn attacked(&self, place: &str, before: &[&str]) -> BTreeMap<String, String> {
        let mut words = before.to_vec();
        words.extend(["/usr/bin/python3", "-c", SCRIPT]);
        words.extend(self.arguments.iter().map(String::as_str));
        let text = self.world.ok("otto", place, &words);
        let lines = text.lines().filter_map(|line| line.split_once(": "));
        lines
            .map(|(name, how)| (name.to_owned(), how.to_owned()))
            .collect()
    }
}

impl Drop for Victims {
    fn drop(&mut self) {
        let _ = self.sibling.kill();
        let _ = self.sibling.wait();
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
];

#[cfg(target_arch = "x86_64")]
#[test]
fn each_attack_is_denied_in_a_cell() {
    let victims = Victims::new(World::founded());
    let server = victims.world.server();
    let mut found = victims.attacked("otto", &["git", "awo", "cell", "--"]);
    found.remove("cell");
    let done: Vec<_> = found.iter().filter(|(_, how)| *how == "done").collect();
    assert!(done.is_empty(), "{done:?}");
    let errno = |name: &str| found[name].parse::<i32>().unwrap();
    for (name, expected) in [
        ("read a key", libc::EACCES),
        ("agent", libc::EPERM),
        ("tcp 4", libc::EPERM),
        ("io_uring", libc::ENOSYS),
        ("big file", libc::EFBIG),
        ("chown", libc::EPERM),
        ("ptrace", libc::EPERM),
        ("mount", libc::EPERM),
        ("shared memory", libc::EPERM),
        ("signal", libc::EPERM),
    ] {
        assert_eq!(errno(name), expected, "{name}");
    }
    let whole = std::fs::read(victims.world.path("victim")).unwrap();
    assert_eq!(whole, b"whole\n");
    assert_eq!(
        victims
            .world
            .ok("otto", "otto", &["git", "status", "--short"]),
        ""
    );
    assert_eq!(victims.world.server(), server);
    // The twin: the same command, not confined.
    victims.world.ok("otto", ".", &["mkdir", "free"]);
    let free = victims.attacked("free", &[]);
    let mut names: Vec<_> = found.keys().collect();
    assert_eq!(names, free.keys().collect::<Vec<_>>(), "the same attacks");
    names.retain(|name| free[*name] != "done" && !NOT_EVERYWHERE.contains(&name.as_str()));
    assert!(names.is_empty(), "{names:?} should succeed: {free:?}");
}

/// The same in a run: it is recorded, and its evidence has what the command was told.
#[cfg(target_arch = "x86_64")]
#[test]
fn each_denial_is_in_the_evidence_of_a_run() {
    let victims = Victims::new(asked("required"));
    let world = &victims.world;
    // Beside the work tree: what the attacks make there is none of the contract's paths.
    let script = "cd \"$TMPDIR\"; \"$@\"; cd \"$OLDPWD\"; mkdir -p src; echo one > src/one.txt";
    let mut words = vec!["git", "awo", "run", "C-1", "--run-id", RUN, "--"];
    words.extend(["sh", "-ec", script, "-", "/usr/bin/python3", "-c", SCRIPT]);
    words.extend(victims.arguments.iter().map(String::as_str));
    world.ok("otto", "otto", &words);
    let log = evidence(world, "logs/stdout.log");
    assert!(!log.contains(": done"), "{log}");
    for line in [
        "read a key: 13",
        "agent: 1",
        "tcp 6: 1",
        "io_uring: 38",
        "big file: 27",
    ] {
        assert!(log.lines().any(|it| it == line), "{line}: {log}");
    }
    assert_eq!(std::fs::read(world.path("victim")).unwrap(), b"whole\n");
    world.ok("otto", "otto", &["git", "awo", "push"]);
}

/// What docs/cell.md says of what a cell does not do.
#[test]
fn what_stays_open_is_as_the_page_says() {
    let world = World::founded();
    world.write("victim", "whole\n");
    let victim = world.path("victim").display().to_string();
    let script = format!(
        "import fcntl, os\nv = {victim:?}\nos.stat(v)\nos.chmod(v, 0o640)\nos.utime(v, (1, 1))\n\
         fcntl.flock(os.open('/etc/passwd', os.O_RDONLY), fcntl.LOCK_SH)\n\
         os.getpriority(os.PRIO_PROCESS, os.getppid())\n\
         try: open(v)\nexcept PermissionError: print('closed')"
    );
    let words = [
        "git",
        "awo",
        "cell",
        "--",
        "/usr/bin/python3",
        "-c",
        &script,
    ];
    assert!(world.ok("otto", "otto", &words).contains("closed"));
    let changed = std::fs::metadata(world.path("victim")).unwrap();
    assert_eq!(changed.permissions().mode() & 0o777, 0o640);
}

#[test]
fn an_open_file_does_not_come_along() {
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
