//! The page docs/servers/moving.md, typed as it stands: moving a server, mirrors to read from, push mirrors.

use crate::world::{RUN, World};

const PAGE: &str = include_str!("../docs/servers/moving.md");

/// Returns the commands of the page, block by block.
fn blocks() -> Vec<String> {
    let mut blocks = Vec::new();
    let mut rest = PAGE;
    while let Some((_, after)) = rest.split_once("```sh\n") {
        let (block, after) = after.split_once("```").unwrap();
        blocks.push(block.to_owned());
        rest = after;
    }
    assert_eq!(blocks.len(), 9, "the tests below play each of them");
    blocks
}

const FREEZE: usize = 0;
const MOVE: usize = 1;
const LARGE: usize = 2;
const FOLLOW: usize = 3;
const NEW_KEY: usize = 4;
const MIRROR: usize = 5;
const UPDATE: usize = 6;
const FROM_MIRROR: usize = 7;
const PUSH_MIRROR: usize = 8;

/// Types a block of the page; the server is `server.git`, the new one `new.git`.
fn types(world: &World, who: &str, place: &str, block: usize) -> crate::world::Done {
    let url = |name: &str| world.path(name).display().to_string();
    let script = blocks()[block]
        .replace("scp ", "cp ")
        .replace("/srv/git/old.git", &url("server.git"))
        .replace("/srv/git/", &url(""))
        .replace("SHA256:…", &world.fingerprint())
        .replace("NEW", &url("new.git"))
        .replace("MIRROR work", &format!("{} work", url("mirror.git")));
    let server = match block {
        PUSH_MIRROR => script.replace("MIRROR", &url("pushed.git")),
        _ => script,
    };
    let script = server
        .replace("OLD", &url("server.git"))
        .replace("SERVER", &url("server.git"));
    let words = ["sh", "-ec", &script];
    let mut command = world.command(who, place, &words);
    let program = std::path::Path::new(crate::world::PROGRAM)
        .parent()
        .unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let output = command.env("PATH", path).output().unwrap();
    let text = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    crate::world::Done {
        code: output.status.code().unwrap(),
        text: String::from_utf8_lossy(&text).into_owned(),
    }
}

#[track_caller]
fn typed(world: &World, who: &str, place: &str, block: usize) -> String {
    let done = types(world, who, place, block);
    assert_eq!(done.code, 0, "{}\n{}", blocks()[block], done.text);
    done.text
}

/// A clone of vera's of this repository, verified.
fn verified(world: &World, from: &str, to: &str) {
    let url = format!("file://{}", world.path(from).display());
    let anchor = world.fingerprint();
    let clone = ["git", "awo", "clone", "--anchor", &anchor, &url, to];
    world.ok("vera", ".", &clone);
}

#[test]
fn a_server_moves_with_its_key_and_its_log_goes_on() {
    let world = World::finalized();
    typed(&world, "server", ".", FREEZE);
    let push = ["git", "awo", "push"];
    let frozen = world.run("otto", "otto", &push);
    assert_ne!(
        frozen.code, 0,
        "the old server takes nothing: {}",
        frozen.text
    );
    let large = "lfs/objects/4d/7a/4d7a";
    world.write(&format!("server.git/{large}"), "large");
    let said = typed(&world, "server", ".", MOVE);
    assert!(!world.path("new.git/lfs").exists(), "in no ref");
    typed(&world, "server", ".", LARGE);
    assert!(world.path(&format!("new.git/{large}")).exists());
    assert!(said.contains("next: git awo verify"), "{said}");
    assert!(!said.contains("alone, as its first push"), "{said}");
    let log = world.rev("new.git", "refs/awo/log");
    for who in ["olga", "otto", "rita"] {
        typed(&world, who, who, FOLLOW);
    }
    world.ok("otto", "otto", &push);
    let told = ["git", "merge-base", "--is-ancestor", &log, "refs/awo/log"];
    world.ok("server", "new.git", &told);
    assert_ne!(world.rev("new.git", "refs/awo/log"), log, "a receipt");
    verified(&world, "new.git", "moved");
    world.ok("vera", "moved", &["git", "awo", "verify", RUN]);
    world.ok("server", "new.git", &["git", "awo", "doctor"]);
}

#[test]
fn a_server_moves_without_its_key_by_a_policy_that_names_the_new_one() {
    let world = World::finalized();
    world.ok("olga", "olga", &["git", "awo", "fetch"]);
    let script = blocks()[MOVE].clone();
    let without = |line: &str| !line.starts_with("mkdir") && !line.starts_with("scp");
    let script: String = script
        .lines()
        .filter(|it| without(it))
        .map(|it| format!("{it}\n"))
        .collect();
    let server = world.path("server.git").display().to_string();
    let script = script
        .replace("OLD", &server)
        .replace("/srv/git/", &world.path("").display().to_string())
        .replace("SHA256:…", &world.fingerprint())
        .replace("git awo doctor\n", "");
    world.write("move.sh", &script);
    let program = std::path::Path::new(crate::world::PROGRAM)
        .parent()
        .unwrap();
    let path = format!(
        "PATH={}:{}",
        program.display(),
        std::env::var("PATH").unwrap()
    );
    world.ok("server", ".", &["env", &path, "sh", "-e", "move.sh"]);
    world.refused("server", "new.git", &["git", "awo", "doctor"], "log-key");
    world.ok(
        "otto",
        "otto",
        &["git", "remote", "set-url", "origin", "../new.git"],
    );
    world.refused("otto", "otto", &["git", "awo", "push"], "log-key");
    // The new policy and signers, beside olga's clone.
    let key = |server: &str| {
        let line = std::fs::read_to_string(world.path(server).join("awo/server_key.pub")).unwrap();
        line.split(' ').nth(1).unwrap().to_owned()
    };
    let signers = std::fs::read_to_string(world.path("policy/allowed_signers")).unwrap();
    assert!(signers.contains(&key("server.git")), "{signers}");
    let signers = signers.replace(&key("server.git"), &key("new.git"));
    let policy = std::fs::read_to_string(world.path("policy/policy.toml")).unwrap();
    let policy = policy.replacen("version = 1", "version = 2", 1);
    world.write("olga/policy.toml", policy);
    world.write("olga/allowed_signers", signers);
    typed(&world, "olga", "olga", NEW_KEY);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.ok("server", "new.git", &["git", "awo", "doctor"]);
    verified(&world, "new.git", "moved");
}

#[test]
fn a_server_is_not_set_up_over_a_policy_of_somebody_else() {
    let world = World::landed();
    let mirror = ["git", "clone", "-q", "--mirror", "server.git", "new.git"];
    world.ok("server", ".", &mirror);
    let other = "1".repeat(40);
    let init = ["git", "awo", "init", "--server", "--anchor", &other];
    world.refused("server", "new.git", &init, "GOV-006");
    let hooks = std::fs::read_dir(world.path("new.git/hooks"));
    let hooks = hooks.map_or(0, |entries| entries.count());
    assert_eq!(hooks, 0, "nothing was set up");
}

#[test]
fn a_mirror_is_verified_as_the_server_is() {
    let world = World::finalized();
    world.ok("server", "server.git", &["git", "tag", "v1", "main"]);
    typed(&world, "server", ".", MIRROR);
    assert_eq!(world.rev("mirror.git", "v1"), world.rev("server.git", "v1"));
    verified(&world, "mirror.git", "early");
    // It takes no push.
    let past = ["git", "push", "--no-verify", "../mirror.git", "main:wip/x"];
    let done = world.run("otto", "otto", &past);
    assert_ne!(done.code, 0, "{}", done.text);
    world.ok("otto", "otto", &["git", "awo", "push"]);
    typed(&world, "server", ".", UPDATE);
    typed(&world, "vera", ".", FROM_MIRROR);
    world.ok("vera", "work", &["git", "awo", "verify", RUN]);
    world.ok("vera", "early", &["git", "awo", "fetch"]);
    world.ok("vera", "early", &["git", "awo", "verify"]);
}

#[test]
fn a_mirror_that_lags_is_a_remote_of_its_own() {
    let world = World::finalized();
    typed(&world, "server", ".", MIRROR);
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.ok(
        "otto",
        "otto",
        &["git", "remote", "add", "mirror", "../mirror.git"],
    );
    world.ok("otto", "otto", &["git", "awo", "fetch", "mirror"]);
    world.ok("otto", "otto", &["git", "awo", "verify"]);
    // Under the server's name it looks like a server that was rewound.
    world.ok(
        "otto",
        "otto",
        &["git", "remote", "set-url", "origin", "../mirror.git"],
    );
    let said = world.refused("otto", "otto", &["git", "awo", "fetch"], "REP-002");
    assert!(said.contains("mirror"), "{said}");
    world.ok(
        "otto",
        "otto",
        &["git", "remote", "set-url", "origin", "../server.git"],
    );
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.ok("otto", "otto", &["git", "awo", "verify"]);
}

#[test]
fn what_is_put_into_a_mirror_is_found() {
    let world = World::landed();
    typed(&world, "server", ".", MIRROR);
    let forge = "git update-ref refs/heads/main $(git -c user.name=x -c user.email=x commit-tree -p main \
         -m x main^{tree})";
    world.ok("server", "mirror.git", &["sh", "-c", forge]);
    let url = format!("file://{}", world.path("mirror.git").display());
    let anchor = world.fingerprint();
    let clone = ["git", "awo", "clone", "--anchor", &anchor, &url, "work"];
    let done = world.run("vera", ".", &clone);
    assert_eq!(done.code, 1, "{}", done.text);
    assert!(done.text.contains("GOV-002"), "{}", done.text);
    assert!(!world.path("work").exists());
    // The next update takes it away.
    typed(&world, "server", ".", UPDATE);
    world.ok("vera", ".", &clone);
}

#[test]
fn a_push_mirror_has_what_the_server_has() {
    let world = World::finalized();
    world.ok(
        "server",
        ".",
        &["git", "init", "-q", "--bare", "-b", "main", "pushed.git"],
    );
    world.ok("server", "server.git", &["git", "tag", "v1", "main"]);
    typed(&world, "server", ".", FREEZE);
    typed(&world, "server", ".", MOVE);
    for who in ["olga", "otto", "rita"] {
        typed(&world, who, who, FOLLOW);
    }
    for push in [false, true] {
        if push {
            world.ok("otto", "otto", &["git", "awo", "push"]);
        }
        typed(&world, "server", ".", PUSH_MIRROR);
        let list = ["git", "for-each-ref", "--format=%(refname) %(objectname)"];
        let (there, here) = (
            world.ok("server", "pushed.git", &list),
            world.ok("server", "new.git", &list),
        );
        assert_eq!(there, here);
    }
    verified(&world, "pushed.git", "work");
    // A mirror of branches alone can prove nothing.
    let records = "for it in $(git for-each-ref --format='%(refname)' refs/awo refs/notes); do \
         git update-ref -d $it; done";
    world.ok("server", "pushed.git", &["sh", "-c", records]);
    let url = format!("file://{}", world.path("pushed.git").display());
    let done = world.run("vera", ".", &["git", "awo", "clone", &url, "bare"]);
    assert_eq!(done.code, 3, "{}", done.text);
    assert!(done.text.contains("STR-002"), "{}", done.text);
    world.ok("vera", ".", &["git", "clone", "-q", &url, "plain"]);
    let anchor = world.fingerprint();
    let vera = |words: &[&str]| world.run("vera", "plain", words);
    let ci = ["git", "awo", "verify", "--ci", "--anchor", &anchor];
    for words in [&ci[..], &["git", "awo", "fetch"]] {
        let done = vera(words);
        assert_eq!(done.code, 3, "{}", done.text);
        let remedy = "git remote set-url origin URL, then git awo fetch";
        assert!(done.text.contains(remedy), "{}", done.text);
    }
    let server = world.path("new.git").display().to_string();
    world.ok(
        "vera",
        "plain",
        &["git", "remote", "set-url", "origin", &server],
    );
    world.ok("vera", "plain", &["git", "awo", "fetch"]);
    world.ok("vera", "plain", &ci);
}

#[test]
fn a_closed_server_says_so_and_where_to_push() {
    let world = World::landed();
    world.ok(
        "otto",
        "otto",
        &["git", "switch", "-q", "-c", "wip/work", "origin/main"],
    );
    world.write("otto/src/work.py", "# work\n");
    let work = world.commit("otto", "Work");
    typed(&world, "server", ".", FREEZE);
    let before = world.server();
    for words in [
        &["git", "push", "origin", "wip/work"][..],
        &["git", "push", "--no-verify", "origin", "HEAD:main"],
        &["git", "awo", "push"],
    ] {
        let done = world.run("otto", "otto", words);
        assert_eq!(done.code, 1, "{}", done.text);
        assert!(done.text.contains("git remote set-url"), "{}", done.text);
        assert!(!done.text.contains("then push again"), "{}", done.text);
        assert_eq!(world.server(), before);
    }
    let open = ["git", "config", "--unset", "receive.hideRefs"];
    world.ok("server", "server.git", &open);
    world.ok("otto", "otto", &["git", "awo", "push"]);
    assert_eq!(world.rev("server.git", "wip/work"), work);
}

#[test]
fn a_fetch_names_the_branches_that_have_moved() {
    let world = World::landed();
    world.ok("rita", "rita", &["git", "awo", "fetch"]);
    let script = "git update-ref refs/heads/main $(git -c user.name=x -c user.email=x@x commit-tree \
                  --no-gpg-sign -p main -m evil main^{tree})";
    world.ok("server", "server.git", &["sh", "-c", script]);
    let said = world.ok("rita", "rita", &["git", "awo", "fetch"]);
    let tip = world.rev("server.git", "main");
    let wanted = format!("origin/main is at {}", &tip[..7]);
    assert!(said.contains(&wanted), "{said}");
    assert!(
        said.contains("git awo verify") && !said.contains("nothing new"),
        "{said}"
    );
    assert_eq!(world.run("rita", "rita", &["git", "awo", "verify"]).code, 1);
    let said = world.ok("rita", "rita", &["git", "awo", "fetch"]);
    assert!(said.contains("nothing new"), "{said}");
}
