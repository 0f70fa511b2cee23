//! Pushes by other implementations of git, over http: what is judged is what arrives, whoever sent it.

use super::pusher;
use super::service::{Service, Transport};
use crate::world::{Done, World};

/// A program that is no git of ours: how it clones a repository, and how it pushes.
struct Client {
    clone: &'static [&'static str],
    push: &'static [&'static str],
}

const LIBGIT2_CLONE: &str = "import pygit2, sys; pygit2.clone_repository(*sys.argv[1:])";
/// libgit2 says of each ref what the server answered, and why only on the side band.
const LIBGIT2_PUSH: &str = "
import pygit2, sys

class Answers(pygit2.RemoteCallbacks):
    refused = False

    def sideband_progress(self, text):
        sys.stderr.write(text)

    def push_update_reference(self, name, message):
        if message:
            print(name, message, file=sys.stderr)
            self.refused = True

answers = Answers()
pygit2.Repository('.').remotes['origin'].push(sys.argv[1:], callbacks=answers)
sys.exit(answers.refused)
";
const DULWICH_CLONE: &str =
    "import sys; from dulwich import porcelain; porcelain.clone(*sys.argv[1:])";
const DULWICH_PUSH: &str = "
import sys
from dulwich import porcelain
refspecs = [it.encode() for it in sys.argv[1:]]
done = porcelain.push('.', 'origin', refspecs, errstream=sys.stderr.buffer)
sys.exit(any((done.ref_status or {}).values()))
";
/// Debian's `jgit` leaves out a jar that its clone needs. Java does not ask HOME where home is.
const JGIT_RUN: &str = "exec java -Duser.home=\"$HOME\" -Djava.awt.headless=true \
    -cp '/usr/share/java/*' org.eclipse.jgit.pgm.Main \"$@\"";
const LIBGIT2: Client = Client {
    clone: &["python3", "-c", LIBGIT2_CLONE],
    push: &["python3", "-c", LIBGIT2_PUSH],
};
const DULWICH: Client = Client {
    clone: &["python3", "-c", DULWICH_CLONE],
    push: &["python3", "-c", DULWICH_PUSH],
};
const JGIT: Client = Client {
    clone: &["sh", "-c", JGIT_RUN, "jgit", "clone"],
    push: &["sh", "-c", JGIT_RUN, "jgit", "push", "--atomic", "origin"],
};

impl World {
    fn by(&self, client: &Client, place: &str, refspecs: &[&str]) -> Done {
        self.run("otto", place, &[client.push, refspecs].concat())
    }

    /// Commits a file in a clone, as git makes commits with this configuration.
    fn commits(&self, place: &str, file: &str, config: &str) {
        self.write(&format!("{place}/{file}"), "x = 1\n");
        self.ok("otto", place, &["git", "add", "."]);
        let words = ["git", "-c", config, "commit", "--quiet", "--message", file];
        self.ok("otto", place, &words);
    }
}

fn is_judged_as_git_is(client: &Client) {
    let world = World::finalized();
    let service = Service::start(&world, Transport::Http);
    let url = service.url("otto");
    // JGit takes no password from an address.
    world.write(
        "home/otto/.netrc",
        "machine 127.0.0.1 login otto password secret\n",
    );
    world.ok("otto", ".", &[client.clone, &[&url, "there"]].concat());
    let server = world.server();

    for (file, config, reference, code) in [
        ("lib/other.py", "x.y=z", "refs/heads/wip/otto", "GOV-003"),
        ("src/other.py", "x.y=z", "refs/heads/main", "GOV-002"),
        (
            "src/other.py",
            "commit.gpgSign=false",
            "refs/heads/wip/otto",
            "ATT-003",
        ),
        ("src/other.py", "x.y=z", "refs/tags/v1", "GOV-004"),
        ("src/other.py", "x.y=z", "refs/awo/ledger", "REP-002"),
    ] {
        world.ok(
            "otto",
            "there",
            &["git", "switch", "--quiet", "--detach", "main"],
        );
        world.commits("there", file, config);
        world.ok("otto", "there", &["git", "branch", "--force", "bad"]);
        let done = world.by(client, "there", &[&format!("+refs/heads/bad:{reference}")]);
        assert!(
            done.text.contains(code),
            "{reference} {code}: {}",
            done.text
        );
        assert_eq!(world.server(), server, "nothing moved");
        world.nothing_left();
    }

    world.ok(
        "otto",
        "there",
        &["git", "switch", "--quiet", "--detach", "main"],
    );
    world.commits("there", "src/other.py", "x.y=z");
    world.ok("otto", "there", &["git", "branch", "--force", "good"]);
    let good = "refs/heads/good:refs/heads/wip/otto";
    let done = world.by(client, "there", &[good]);
    assert_eq!(done.code, 0, "{}", done.text);
    world.receipt_of("refs/heads/wip/otto", &pusher(Transport::Http, "otto"));

    // A run lands with its records. JGit does not keep the order of the refs, so it must be asked for
    // all or none of them.
    let listed = ["git", "for-each-ref", "--format=%(refname):%(refname)"];
    let records = [
        "refs/awo/evidence",
        "refs/notes/awo",
        "refs/awo/ledger",
        "refs/heads/main",
    ];
    let refspecs = world.ok("otto", "otto", &[&listed[..], &records].concat());
    let refspecs: Vec<&str> = refspecs.lines().collect();
    let done = world.by(client, "otto", &refspecs);
    assert_eq!(done.code, 0, "{}", done.text);
    world.receipt_of("refs/heads/main", &pusher(Transport::Http, "otto"));
    world.all_recorded();
    world.cloned_afresh(&service);
}

#[test]
#[ignore = "needs nginx, fcgiwrap and pygit2"]
fn a_push_by_libgit2_is_judged_as_one_by_git() {
    is_judged_as_git_is(&LIBGIT2);
}

#[test]
#[ignore = "needs nginx, fcgiwrap and dulwich"]
fn a_push_by_dulwich_is_judged_as_one_by_git() {
    is_judged_as_git_is(&DULWICH);
}

#[test]
#[ignore = "needs nginx, fcgiwrap and jgit"]
fn a_push_by_jgit_is_judged_as_one_by_git() {
    is_judged_as_git_is(&JGIT);
}
