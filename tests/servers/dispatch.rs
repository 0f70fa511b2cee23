//! Servers that run the hooks of a directory, played by scripts of our own that do what theirs
//! do: Gitea and Forgejo below git, GitLab's Gitaly in a process that git has not started.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;

use super::GOVERNED;
use super::service::{Service, spawn};
use crate::world::{RUN, World};

/// A hook as Gitea and Forgejo keep it for themselves: every executable of `<hook>.d`, in order,
/// each with the same input, also after one that refuses.
const DISPATCHER: &str = r#"#!/usr/bin/env bash
all=$(cat)
codes=""
for each in "${GIT_DIR:-.}/hooks/$(basename "$0").d/"*; do
	[ -x "$each" ] && [ -f "$each" ] || continue
	echo "$all" | "$each"
	codes="$codes $?"
done
for code in $codes; do [ "$code" -eq 0 ] || exit "$code"; done
"#;

/// Stands for the server's own check: it hears the push, and refuses while there is a file `deny`.
const THEIRS: &str = "#!/bin/sh\ncat >> heard\n[ ! -e deny ] || { echo theirs: no >&2; exit 1; }\n";

impl World {
    fn script(&self, below: &str, text: &str) {
        self.write(below, text);
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(self.path(below), mode).unwrap();
    }

    fn on_server(&self, words: &[&str]) -> String {
        self.ok("server", "server.git", words)
    }

    /// Writes Gitea's own hooks, as it also does when it is upgraded.
    fn written_by_gitea(&self) {
        for hook in ["pre-receive", "post-receive"] {
            self.script(&format!("server.git/hooks/{hook}"), DISPATCHER);
            self.script(&format!("server.git/hooks/{hook}.d/gitea"), THEIRS);
        }
    }

    /// A commit outside of what the policy grants; returns what otto may push instead.
    fn outside(&self) {
        let switch = ["git", "switch", "--quiet", "--create", "bad", "origin/main"];
        self.ok("otto", "otto", &switch);
        self.write("otto/lib/other.py", "x = 1\n");
        self.commit("otto", "Outside");
    }

    fn remembered(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.path("server.git/awo/pushes")).unwrap();
        let name = |entry: std::io::Result<std::fs::DirEntry>| entry.unwrap().file_name();
        entries
            .map(|entry| name(entry).into_string().unwrap())
            .collect()
    }
}

fn gitea() -> World {
    let world = World::finalized();
    world.on_server(&["git", "awo", "hooks", "uninstall", "--server"]);
    world.written_by_gitea();
    world.refused(
        "server",
        "server.git",
        &["git", "awo", "doctor"],
        "hooks-installed",
    );
    world.on_server(&["git", "awo", "hooks", "install", "--server"]);
    world
}

#[test]
fn among_the_hooks_of_gitea_ours_refuse_and_accept() {
    let world = gitea();
    let kept = std::fs::read_to_string(world.path("server.git/hooks/pre-receive")).unwrap();
    assert_eq!(kept, DISPATCHER, "Gitea's own hook is not touched");
    world.on_server(&["git", "awo", "doctor"]);
    world.outside();
    world.push_refused("otto", &["bad:refs/heads/wip/otto"], "GOV-003");
    world.push_refused("otto", &["main"], "GOV-002");
    world.push_refused("otto", &[":refs/awo/ledger"], "REP-002");
    world.nothing_left();
    world.push_accepted("otto", &GOVERNED);
    world.receipt_of("refs/heads/main", "unknown");
    let heard = std::fs::read_to_string(world.path("server.git/heard")).unwrap();
    assert!(heard.contains("refs/heads/main"), "Gitea is asked too");
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn what_gitea_refuses_after_us_leaves_nothing_behind() {
    let world = gitea();
    world.write("server.git/deny", "");
    world.push_refused("otto", &GOVERNED, "theirs: no");
    world.nothing_left();
    std::fs::remove_file(world.path("server.git/deny")).unwrap();
    world.push_accepted("otto", &GOVERNED);
    world.receipt_of("refs/heads/main", "unknown");
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn doctor_hears_of_hooks_that_gitea_no_longer_runs() {
    let world = gitea();
    let doctor = ["git", "awo", "doctor"];
    // Gitea writes its hooks anew: ours stays.
    world.written_by_gitea();
    world.on_server(&doctor);
    world.outside();
    world.push_refused("otto", &["bad:refs/heads/wip/otto"], "GOV-003");
    // It skips what is not executable, without a word.
    let ours = world.path("server.git/hooks/pre-receive.d/git-awo");
    std::fs::set_permissions(&ours, std::fs::Permissions::from_mode(0o644)).unwrap();
    world.refused("server", "server.git", &doctor, "pre-receive: not exec");
    // Then nobody has judged, and the transaction is refused all the same.
    world.push_refused("otto", &["main"], "REP-003");
    std::fs::remove_file(&ours).unwrap();
    world.refused("server", "server.git", &doctor, "pre-receive: missing");
    world.on_server(&["git", "awo", "hooks", "install", "--server"]);
    world.on_server(&doctor);
}

#[test]
fn hooks_put_over_those_of_gitea_by_hand_are_found_when_it_writes_them_again() {
    let world = World::finalized();
    // Ours stand in the place of the dispatchers, and then Gitea comes.
    world.on_server(&["git", "awo", "doctor"]);
    world.written_by_gitea();
    world.refused(
        "server",
        "server.git",
        &["git", "awo", "doctor"],
        "pre-receive: missing",
    );
    world.on_server(&["git", "awo", "hooks", "install", "--server"]);
    world.on_server(&["git", "awo", "doctor"]);
    world.push_refused("otto", &["main"], "GOV-002");
    world.push_accepted("otto", &GOVERNED);
}

/// What Gitaly does: a process that runs the hooks of `custom_hooks`, first the file, then those
/// of the directory in order, until one fails; with an environment of its own making.
const DAEMON: &str = r#"
import json, os, socketserver, subprocess, sys
root, path = os.path.realpath(sys.argv[1]), sys.argv[2]

def hooks(name):
    custom = os.path.join(root, "custom_hooks")
    below = os.path.join(custom, name + ".d")
    names = sorted(os.listdir(below)) if os.path.isdir(below) else []
    files = [os.path.join(custom, name)] + [os.path.join(below, it) for it in names]
    return [it for it in files if not it.endswith("~") and os.path.isfile(it) and os.access(it, os.X_OK)]

class Call(socketserver.StreamRequestHandler):
    def handle(self):
        asked = json.loads(self.rfile.readline())
        given = ("HOME", "PATH", "GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES")
        environment = {k: v for k, v in asked["environment"].items() if k in given}
        environment.update(GIT_DIR=root, GL_REPOSITORY="project-1", GL_PROJECT_PATH="a/b",
            GL_ID="user-7", GL_USERNAME="otto.gitlab", GL_PROTOCOL="ssh", GIT_CONFIG_NOSYSTEM="1")
        code, said = 0, ""
        for hook in hooks(asked["hook"]):
            done = subprocess.run([hook], cwd=root, env=environment, input=asked["input"], text=True,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            code, said = done.returncode, said + done.stdout
            if code:
                break
        self.wfile.write(json.dumps({"code": code, "said": said}).encode() + b"\n")

class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads, request_queue_size = True, 64

Server(path, Call).serve_forever()
"#;

/// What git runs as its hook below Gitaly: it only asks the process.
const CLIENT: &str = r#"#!/usr/bin/env python3
import json, os, socket, sys
with socket.socket(socket.AF_UNIX) as call:
    call.connect("@SOCKET@")
    asked = {"hook": os.path.basename(sys.argv[0]), "input": sys.stdin.read(), "environment": dict(os.environ)}
    call.sendall(json.dumps(asked).encode() + b"\n")
    answer = json.loads(call.makefile().readline())
sys.stderr.write(answer["said"])
sys.exit(answer["code"])
"#;

/// A repository of GitLab's. `hooks/` has nothing of ours, and is not looked at.
fn gitlab(world: &World) -> Service {
    world.on_server(&["git", "awo", "hooks", "uninstall", "--server"]);
    let said = world.on_server(&["git", "awo", "hooks", "install", "--server", "--gitlab"]);
    assert!(said.contains("no reference-transaction hook"), "{said}");
    // As Gitaly does in each of its storages.
    world.write(".gitaly-metadata", "{}");
    let socket = world.path("gitaly.sock");
    world.write("gitaly.py", DAEMON);
    let mut daemon = world.command("server", ".", &["python3", "gitaly.py", "server.git"]);
    daemon.arg(&socket);
    let mut daemon = spawn(world, "gitaly", &mut daemon);
    super::service::wait_until(world, "gitaly", &mut daemon, || socket.exists());
    let client = CLIENT.replace("@SOCKET@", &socket.display().to_string());
    for hook in ["pre-receive", "post-receive"] {
        world.script(&format!("gitaly-hooks/{hook}"), &client);
    }
    // Gitaly names its hooks in the environment of each git, and not in the repository.
    let directory = world.path("gitaly-hooks");
    let pack = format!("git -c core.hooksPath={} receive-pack", directory.display());
    for who in ["olga", "otto", "rita"] {
        let words = ["git", "config", "remote.origin.receivepack", &pack];
        world.ok(who, who, &words);
    }
    Service::new(vec![daemon], |_| String::new())
}

#[test]
fn below_gitlab_the_same_is_refused_and_accepted() {
    let world = World::finalized();
    let _service = gitlab(&world);
    let said = world.on_server(&["git", "awo", "doctor"]);
    assert!(said.contains("no reference-transaction hook"), "{said}");
    world.outside();
    world.push_refused("otto", &["bad:refs/heads/wip/otto"], "GOV-003");
    world.push_refused("otto", &["main"], "GOV-002");
    world.push_refused("otto", &[":refs/awo/ledger"], "REP-002");
    // Gitaly asks for no single ref, so that a tag is refused with all that is beside it.
    let before = world.server();
    let beside = ["origin/main:refs/heads/wip/x", "origin/main:refs/tags/v1"];
    let words = [&["git", "push", "--no-verify", "origin"], &beside[..]].concat();
    world.refused("otto", "otto", &words, "GOV-004");
    assert_eq!(world.server(), before, "nothing moved on the server");
    world.nothing_left();
    world.push_accepted("otto", &GOVERNED);
    world.receipt_of("refs/heads/main", "otto.gitlab");
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    let outcome = ["outcome", RUN, "accepted", "--reason", "as agreed"];
    world.ok("olga", "olga", &[&["git", "awo"], &outcome[..]].concat());
    world.ok("olga", "olga", &["git", "awo", "push"]);
    world.receipt_of("refs/awo/ledger", "otto.gitlab");
    assert_eq!(world.remembered(), [""; 0], "each push was known again");
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);

    std::fs::remove_dir_all(world.path("server.git/custom_hooks")).unwrap();
    world.refused(
        "server",
        "server.git",
        &["git", "awo", "doctor"],
        "pre-receive: missing",
    );
}

#[test]
fn below_gitlab_pushes_at_once_are_told_apart() {
    let world = World::landed();
    let _service = gitlab(&world);
    let persons = ["olga", "otto", "rita"];
    for who in persons {
        world.write(&format!("{who}/src/{who}.py"), "x = 1\n");
        world.commit(who, "Work");
    }
    let started: Vec<_> = (0..9)
        .map(|index| {
            let who = persons[index % persons.len()];
            let refspec = format!("HEAD:refs/heads/wip/{index}");
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
    assert_eq!(world.remembered(), [""; 0]);
    world.all_recorded();
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn doctor_says_that_a_shared_repository_is_still_for_one_account() {
    let world = World::founded();
    let doctor = ["git", "awo", "doctor"];
    let said = world.on_server(&doctor);
    assert!(!said.contains("one account"), "{said}");
    world.on_server(&["git", "config", "core.sharedRepository", "group"]);
    let said = world.on_server(&doctor);
    assert!(said.contains("one account"), "{said}");
}
