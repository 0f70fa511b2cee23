//! What the commands say when they are refused or cannot decide: a table of situations, each with a
//! world of its own, where the same is typed twice: for programs (`--json`) and for people.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt as _;
use std::process::Output;
use std::sync::Mutex;

use git_awo::record::Code;
use serde_json::Value;

mod files;

use crate::world::{PACKET, PROGRAM, RUN, SENTENCE, TASK, World};

/// A situation: where it begins, what is done to the world, who then types what where, and what
/// exit code and which code of the taxonomy follow.
struct Row {
    name: &'static str,
    stage: fn() -> World,
    prepare: fn(&World),
    who: &'static str,
    place: &'static str,
    words: &'static [&'static str],
    exit: i32,
    code: &'static str,
}

fn nothing(_: &World) {}

const fn row(
    name: &'static str,
    stage: fn() -> World,
    prepare: fn(&World),
    (who, place): (&'static str, &'static str),
    words: &'static [&'static str],
    (exit, code): (i32, &'static str),
) -> Row {
    Row {
        name,
        stage,
        prepare,
        who,
        place,
        words,
        exit,
        code,
    }
}

const VERA: (&str, &str) = ("vera", "home/vera");
const OLGA: (&str, &str) = ("olga", "olga");
const OTTO: (&str, &str) = ("otto", "otto");
const RITA: (&str, &str) = ("rita", "rita");

fn git(world: &World, who: &str, words: &[&str]) {
    world.ok(who, who, words);
}

/// Makes a file unreadable for the program: root reads everything, so a directory stands there.
fn directory_at(world: &World, path: &str) {
    let path = world.path(path);
    if path.exists() {
        std::fs::remove_file(&path).unwrap();
    }
    std::fs::create_dir_all(path).unwrap();
}

fn empty_repository(world: &World) {
    world.ok("vera", "home/vera", &["git", "init", "--quiet", "."]);
}

/// Clones the server without records or trust; a file address, so that nothing is linked.
fn plain_clone(world: &World, more: &[&str]) {
    let url = format!("file://{}", world.path("server.git").display());
    let words = [&["git", "clone", "--quiet"], more, &[&url, "home/vera/c"]].concat();
    world.ok("vera", ".", &words);
}

fn loose(world: &World, place: &str, id: &str) -> std::path::PathBuf {
    let (fan, rest) = id.split_at(2);
    let path = world.path(&format!("{place}/.git/objects/{fan}/{rest}"));
    if !path.exists() {
        let packs = world.path(&format!("{place}/.git/objects/pack"));
        let moved = world.path("packs");
        std::fs::rename(&packs, &moved).unwrap();
        std::fs::create_dir(&packs).unwrap();
        for entry in std::fs::read_dir(&moved).unwrap() {
            let pack = entry.unwrap().path();
            if pack.extension().is_some_and(|it| it == "pack") {
                let text = format!("git unpack-objects -q < {}", pack.display());
                world.ok(place, place, &["sh", "-c", &text]);
            }
        }
    }
    assert!(path.exists(), "{id} is loose");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    path
}

fn ledger_object(world: &World) -> std::path::PathBuf {
    let id = world.rev("otto", "refs/awo/ledger");
    loose(world, "otto", &id)
}

fn another_key(world: &World) {
    let generate = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "other"];
    world.ok("rita", "home/rita", &generate);
    git(
        world,
        "rita",
        &["git", "config", "user.signingkey", "~/other"],
    );
}

fn direct_commit(world: &World) {
    world.write("otto/src/strings.py", "print('direct')\n");
    world.commit("otto", "Direct");
}

fn no_client_hooks(world: &World) {
    git(world, "otto", &["git", "awo", "hooks", "uninstall"]);
}

/// What a person types in a directory that is no repository.
const EVERYWHERE: &[&[&str]] = &[
    &["status"],
    &["verify"],
    &["log"],
    &["doctor"],
    &["receipt"],
    &["init"],
    &["trust"],
    &["push"],
    &["fetch"],
    &["show", TASK],
    &["chain", RUN],
    &["gate", RUN],
    &["attest", RUN],
    &["finalize", RUN],
    &["rollback", RUN],
    &["outcome", RUN, "accepted", "--reason", "x"],
    &["approve", TASK, "--sentence", SENTENCE],
    &["run", TASK, "--", "true"],
    &[
        "run", "import", "..", "--task", TASK, "--commit", "HEAD", "--run-id", "r",
    ],
    &["integrity", "verify", RUN],
    &["tar", RUN, "-o", "out.tar.gz"],
    &["export", RUN, "out"],
    &["export", "--all", "out"],
    &["provenance", "show"],
    &["provenance", "export"],
    &["provenance", "verify"],
    &["provenance", "rebuild"],
    &["task", "list"],
    &["task", "show", TASK],
    &["policy", "show"],
    &["policy", "log"],
    &["policy", "sign"],
    &["policy", "apply"],
    &["hooks", "status"],
    &["hooks", "install"],
    &["hooks", "uninstall"],
];

/// The same in a repository that has nothing in it; `init` founds it, `log` has no commit.
const WITHOUT_POLICY: &[(&[&str], i32, &str)] = &[
    (&["status"], 3, "GOV-006"),
    (&["verify"], 3, "STR-002"),
    (&["doctor"], 1, "GOV-006"),
    (&["receipt"], 3, "STR-002"),
    (&["chain", RUN], 3, "GOV-006"),
    (&["gate", RUN], 3, "GOV-006"),
    (&["attest", RUN], 3, "GOV-006"),
    (&["finalize", RUN], 3, "GOV-006"),
    (&["rollback", RUN], 3, "GOV-006"),
    (&["outcome", RUN, "accepted", "--reason", "x"], 3, "GOV-006"),
    (&["approve", TASK, "--sentence", SENTENCE], 3, "GOV-006"),
    (&["run", TASK, "--", "true"], 1, "GOV-006"),
    (&["integrity", "verify", RUN], 3, "STR-002"),
    (&["tar", RUN, "-o", "out.tar.gz"], 3, "STR-002"),
    (&["export", RUN, "out"], 3, "GOV-006"),
    (&["provenance", "show", RUN], 3, "STR-002"),
    (&["provenance", "verify"], 3, "STR-002"),
    (&["task", "show", TASK], 3, "GOV-006"),
    (&["policy", "show"], 3, "GOV-006"),
    (&["policy", "log"], 3, "GOV-006"),
    (&["hooks", "status"], 1, "GOV-002"),
    (&["fetch"], 3, "INT-005"),
];

const ROWS: &[Row] = &[
    // Nothing of that name.
    row(
        "unknown run",
        World::executed,
        nothing,
        RITA,
        &["gate", "nope"],
        (3, "STR-002"),
    ),
    row(
        "unknown run",
        World::executed,
        nothing,
        RITA,
        &["chain", "nope"],
        (3, "STR-002"),
    ),
    row(
        "unknown run",
        World::executed,
        nothing,
        RITA,
        &["attest", "nope"],
        (3, "STR-002"),
    ),
    row(
        "unknown run",
        World::executed,
        nothing,
        OTTO,
        &["finalize", "nope"],
        (3, "STR-002"),
    ),
    row(
        "unknown run",
        World::executed,
        nothing,
        OTTO,
        &["rollback", "nope"],
        (3, "STR-002"),
    ),
    row(
        "unknown run",
        World::executed,
        nothing,
        OLGA,
        &["outcome", "nope", "accepted", "--reason", "x"],
        (3, "STR-002"),
    ),
    row(
        "unknown name",
        World::approved,
        nothing,
        OLGA,
        &["approve", "nope"],
        (3, "STR-002"),
    ),
    row(
        "unknown task",
        World::approved,
        nothing,
        OTTO,
        &["task", "show", "nope"],
        (3, "STR-002"),
    ),
    row(
        "unknown task",
        World::approved,
        nothing,
        OTTO,
        &["run", "nope", "--", "true"],
        (3, "STR-002"),
    ),
    row(
        "nothing recorded",
        World::founded,
        nothing,
        OTTO,
        &["show", "HEAD"],
        (3, "STR-002"),
    ),
    row(
        "no log",
        World::founded,
        |world| plain_clone(world, &[]),
        ("vera", "home/vera/c"),
        &["receipt"],
        (3, "STR-002"),
    ),
    row(
        "no records",
        World::landed,
        |world| plain_clone(world, &[]),
        ("vera", "home/vera/c"),
        &["verify"],
        (3, "STR-002"),
    ),
    // Who.
    row(
        "wrong role",
        World::approved,
        nothing,
        OTTO,
        &["approve", TASK, "--sentence", SENTENCE],
        (1, "ATT-001"),
    ),
    row(
        "wrong role",
        World::approved,
        nothing,
        RITA,
        &["run", TASK, "--", "true"],
        (1, "ATT-001"),
    ),
    row(
        "wrong role",
        World::executed,
        |world| git(world, "olga", &["git", "awo", "fetch"]),
        OLGA,
        &["gate", RUN],
        (1, "ATT-001"),
    ),
    row(
        "wrong role",
        World::executed,
        nothing,
        RITA,
        &["outcome", RUN, "accepted", "--reason", "x"],
        (1, "ATT-001"),
    ),
    row(
        "no key",
        World::executed,
        |world| {
            git(
                world,
                "rita",
                &["git", "config", "--global", "--unset", "user.signingkey"],
            )
        },
        RITA,
        &["gate", RUN],
        (3, "ATT-004"),
    ),
    row(
        "key file gone",
        World::executed,
        |world| std::fs::remove_file(world.path("home/rita/key")).unwrap(),
        RITA,
        &["gate", RUN],
        (3, "ATT-004"),
    ),
    row(
        "no key in the file",
        World::executed,
        |world| world.write("home/rita/key", "no key\n"),
        RITA,
        &["gate", RUN],
        (3, "ATT-004"),
    ),
    row(
        "unknown key",
        World::executed,
        another_key,
        RITA,
        &["gate", RUN],
        (1, "ATT-004"),
    ),
    row(
        "unknown key",
        World::executed,
        another_key,
        RITA,
        &["doctor"],
        (1, "ATT-004"),
    ),
    row(
        "own work",
        World::executed,
        nothing,
        OTTO,
        &["gate", RUN],
        (1, "GOV-001"),
    ),
    row(
        "no root",
        World::founded,
        |world| world.write("p.toml", next_policy(world)),
        RITA,
        &["policy", "propose", "../p.toml"],
        (1, "GOV-006"),
    ),
    // The order, and what is missing.
    row(
        "not reviewed",
        World::executed,
        nothing,
        RITA,
        &["approve", RUN],
        (1, "GOV-002"),
    ),
    row(
        "not approved",
        World::executed,
        nothing,
        RITA,
        &["attest", RUN],
        (1, "GOV-002"),
    ),
    row(
        "not attested",
        World::executed,
        nothing,
        OTTO,
        &["finalize", RUN],
        (1, "GOV-002"),
    ),
    row(
        "not whole",
        World::executed,
        nothing,
        OTTO,
        &["chain", RUN],
        (1, "GOV-002"),
    ),
    row(
        "no longer clean",
        World::attested,
        |world| world.write("otto/src/strings.py", "x = 1\n"),
        OTTO,
        &["finalize", RUN],
        (1, "GOV-002"),
    ),
    row(
        "not rejected",
        World::landed,
        nothing,
        OTTO,
        &["rollback", RUN],
        (1, "GOV-008"),
    ),
    row(
        "decided already",
        World::rejected,
        nothing,
        OLGA,
        &["outcome", RUN, "accepted", "--reason", "x"],
        (1, "GOV-011"),
    ),
    // Executing.
    row(
        "not exact",
        World::approved,
        nothing,
        OLGA,
        &["approve", TASK, "--sentence", "I agree."],
        (1, "GOV-005"),
    ),
    row(
        "not approved",
        World::approved,
        |world| {
            // Nor has it come and waits to be merged.
            let notes = world.notes("otto", "approvals");
            let seen = notes.replacen("refs/", "refs/awo-remotes/origin/", 1);
            for name in [&notes, &seen] {
                git(world, "otto", &["git", "update-ref", "-d", name]);
            }
        },
        OTTO,
        &["run", TASK, "--", "true"],
        (1, "GOV-005"),
    ),
    row(
        "unclean",
        World::approved,
        |world| world.write("otto/new.txt", "x"),
        OTTO,
        &["run", TASK, "--", "true"],
        (1, "GOV-002"),
    ),
    row(
        "failing",
        World::approved,
        nothing,
        OTTO,
        &["run", TASK, "--", "false"],
        (1, "GOV-002"),
    ),
    row(
        "no program",
        World::approved,
        nothing,
        OTTO,
        &["run", TASK, "--", "no-such-program"],
        (3, "INT-005"),
    ),
    row(
        "outside",
        World::approved,
        nothing,
        OTTO,
        &["run", TASK, "--", "sh", "-c", "echo x > README.md"],
        (1, "GOV-003"),
    ),
    row(
        "failing validation",
        World::approved,
        nothing,
        OTTO,
        &["run", TASK, "--", "sh", "-c", "echo 1/0 >> src/strings.py"],
        (1, "GOV-002"),
    ),
    row(
        "name taken",
        World::executed,
        nothing,
        OTTO,
        &["run", TASK, "--run-id", RUN, "--", "true"],
        (1, "REP-001"),
    ),
    row(
        "no directory",
        World::approved,
        nothing,
        OTTO,
        &[
            "run",
            "import",
            "../nowhere",
            "--task",
            TASK,
            "--commit",
            "HEAD",
        ],
        (3, "INT-005"),
    ),
    row(
        "no run directory",
        World::approved,
        |world| world.write("ci/x", ""),
        OTTO,
        &["run", "import", "../ci", "--dry-run"],
        (1, "GOV-002"),
    ),
    // Files of our own, and the system.
    row(
        "damaged anchor",
        World::landed,
        |world| world.write("rita/.git/awo/anchor", "x\n"),
        RITA,
        &["verify"],
        (3, "INT-004"),
    ),
    row(
        "unreadable anchor",
        World::landed,
        |world| directory_at(world, "rita/.git/awo/anchor"),
        RITA,
        &["verify"],
        (3, "INT-005"),
    ),
    row(
        "no anchor",
        World::landed,
        |world| std::fs::remove_file(world.path("rita/.git/awo/anchor")).unwrap(),
        RITA,
        &["verify"],
        (3, "GOV-006"),
    ),
    row(
        "wrong anchor",
        World::landed,
        nothing,
        RITA,
        &["trust", "0123456789012345678901234567890123456789"],
        (1, "GOV-006"),
    ),
    row(
        "damaged marks",
        World::landed,
        |world| world.write("rita/.git/awo/high-water.json", "{"),
        RITA,
        &["verify"],
        (3, "INT-004"),
    ),
    row(
        "unreadable marks",
        World::landed,
        |world| directory_at(world, "rita/.git/awo/high-water.json"),
        RITA,
        &["fetch"],
        (3, "INT-005"),
    ),
    row(
        "no hooks",
        World::landed,
        no_client_hooks,
        OTTO,
        &["hooks", "status"],
        (1, "GOV-002"),
    ),
    row(
        "no hooks",
        World::landed,
        no_client_hooks,
        OTTO,
        &["doctor"],
        (1, "GOV-002"),
    ),
    row(
        "two kept hooks",
        World::landed,
        two_kept_hooks,
        OTTO,
        &["hooks", "install"],
        (3, "STR-002"),
    ),
    row(
        "hooks not writable",
        World::landed,
        |world| {
            std::fs::remove_dir_all(world.path("otto/.git/hooks")).unwrap();
            world.write("otto/.git/hooks", "");
        },
        OTTO,
        &["hooks", "install"],
        (3, "INT-005"),
    ),
    row(
        "shallow",
        World::landed,
        |world| {
            plain_clone(world, &["--depth=1"]);
            world.ok(
                "vera",
                "home/vera/c",
                &["git", "awo", "trust", &world.fingerprint()],
            );
        },
        ("vera", "home/vera/c"),
        &["verify"],
        (3, "INT-005"),
    ),
    row(
        "shallow",
        World::landed,
        |world| plain_clone(world, &["--depth=1"]),
        ("vera", "home/vera/c"),
        &["doctor"],
        (1, "INT-005"),
    ),
    row(
        "damaged object",
        World::landed,
        |world| std::fs::write(ledger_object(world), "garbage").unwrap(),
        OTTO,
        &["verify"],
        (1, "INT-001"),
    ),
    row(
        "damaged object",
        World::landed,
        |world| std::fs::write(ledger_object(world), "garbage").unwrap(),
        OTTO,
        &["status"],
        (1, "INT-001"),
    ),
    row(
        "missing object",
        World::landed,
        |world| std::fs::remove_file(ledger_object(world)).unwrap(),
        OTTO,
        &["verify"],
        (1, "INT-005"),
    ),
    row(
        "no records in the ledger",
        World::landed,
        |world| {
            git(
                world,
                "otto",
                &["git", "update-ref", "refs/awo/ledger", "main"],
            )
        },
        OTTO,
        &["verify"],
        (1, "REP-002"),
    ),
    row(
        "policy that is none",
        World::landed,
        |world| {
            git(
                world,
                "otto",
                &["git", "update-ref", "refs/awo/policy", "main"],
            )
        },
        OTTO,
        &["status"],
        (1, "GOV-006"),
    ),
    row(
        "ungoverned branch",
        World::landed,
        nothing,
        OTTO,
        &["verify", "HEAD", "--ref", "elsewhere"],
        (3, "GOV-004"),
    ),
    row(
        "no receipt",
        World::landed,
        |world| world.write("receipt", "x\n"),
        OTTO,
        &["verify", "--receipt", "../receipt"],
        (1, "INT-004"),
    ),
    // Remotes.
    row(
        "refused by the client's hook",
        World::founded,
        direct_commit,
        OTTO,
        &["push"],
        (1, "GOV-002"),
    ),
    row(
        "refused by the server's hook",
        World::founded,
        |world| {
            direct_commit(world);
            no_client_hooks(world);
        },
        OTTO,
        &["push"],
        (1, "GOV-002"),
    ),
    row(
        "refused by a stranger's hook",
        World::founded,
        |world| {
            direct_commit(world);
            no_client_hooks(world);
            let hook = world.path("server.git/hooks/pre-receive");
            std::fs::write(&hook, "#!/bin/sh\nexit 1\n").unwrap();
            std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();
        },
        OTTO,
        &["push"],
        (1, "GOV-004"),
    ),
    row(
        "no server",
        World::founded,
        |world| std::fs::rename(world.path("server.git"), world.path("gone.git")).unwrap(),
        OTTO,
        &["fetch"],
        (3, "INT-005"),
    ),
    row(
        "no server",
        World::founded,
        |world| {
            direct_commit(world);
            no_client_hooks(world);
            std::fs::rename(world.path("server.git"), world.path("gone.git")).unwrap();
        },
        OTTO,
        &["push"],
        (3, "INT-005"),
    ),
    row(
        "rewound server",
        World::landed,
        |world| {
            let old = world.rev("otto", "refs/awo/ledger^");
            world.ok(
                "server",
                "server.git",
                &["git", "update-ref", "refs/awo/ledger", &old],
            );
        },
        OTTO,
        &["fetch"],
        (1, "REP-002"),
    ),
    row(
        "second policy",
        World::founded,
        |world| plain_clone(world, &[]),
        ("vera", "home/vera/c"),
        &["init"],
        (1, "GOV-006"),
    ),
    // Files given.
    row(
        "bad policy",
        World::founded,
        |world| world.write("p.toml", "version = 0\n"),
        OLGA,
        &["policy", "check", "../p.toml"],
        (1, "GOV-006"),
    ),
    row(
        "bad policy",
        World::founded,
        |world| world.write("p.toml", "version = 0\n"),
        OLGA,
        &["policy", "propose", "../p.toml"],
        (1, "GOV-006"),
    ),
    row(
        "bad packet",
        World::founded,
        |world| world.write("p.md", "# Nothing\n"),
        OLGA,
        &["task", "import", "../p.md"],
        (1, "INT-004"),
    ),
    row(
        "another packet",
        World::approved,
        |world| world.write("p.md", PACKET.replace("align", "rewrite")),
        OLGA,
        &["task", "import", "../p.md"],
        (1, "REP-001"),
    ),
];

fn next_policy(world: &World) -> String {
    let text = std::fs::read_to_string(world.path("policy/policy.toml")).unwrap();
    text.replace("version = 1", "version = 2")
}

fn two_kept_hooks(world: &World) {
    for name in ["pre-push", "pre-push.before-awo"] {
        let path = world.path(&format!("otto/.git/hooks/{name}"));
        std::fs::write(&path, format!("#!/bin/sh\n# {name}\nexit 0\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
}

/// What the remedies name, each looked up once.
static KNOWN: Mutex<BTreeMap<String, bool>> = Mutex::new(BTreeMap::new());

/// Tells whether a command of git or of this program exists.
fn exists(world: &World, program: &str, words: &[&str]) -> bool {
    let key = format!("{program} {}", words.join(" "));
    let mut known = KNOWN.lock().unwrap();
    *known.entry(key).or_insert_with(|| {
        if program == "git" {
            let list = world.ok("vera", ".", &["git", "--list-cmds=main"]);
            return words.iter().all(|word| list.lines().any(|it| it == *word));
        }
        let mut command = world.command("vera", ".", &[PROGRAM]);
        command
            .args(words)
            .arg("--help")
            .output()
            .unwrap()
            .status
            .success()
    })
}

/// Asserts that what a remedy tells one to type can be typed.
fn assert_remedy(world: &World, name: &str, remedy: &str) {
    let word = |text: &str| -> String {
        let fits = |c: &char| c.is_ascii_lowercase() || *c == '-';
        text.chars().take_while(fits).collect()
    };
    for (at, _) in remedy.match_indices("git ") {
        if remedy[..at].ends_with(|c: char| c.is_alphanumeric()) {
            continue;
        }
        let rest = &remedy[at + 4..];
        if let Some(rest) = rest.strip_prefix("awo ") {
            let mut words = vec![word(rest)];
            let more = rest[words[0].len()..].trim_start();
            if matches!(
                words[0].as_str(),
                "hooks" | "integrity" | "policy" | "provenance" | "task"
            ) {
                words.push(word(more));
            }
            let words: Vec<_> = words.iter().map(String::as_str).collect();
            assert!(exists(world, "git awo", &words), "{name}: {remedy}");
        } else if !word(rest).is_empty() && !word(rest).starts_with('-') {
            assert!(exists(world, "git", &[&word(rest)]), "{name}: {remedy}");
        }
    }
}

fn output(world: &World, row: &Row, json: bool) -> Output {
    let mut words = vec!["git", "awo"];
    if json {
        words.push("--json");
    }
    words.extend(row.words);
    let mut command = world.command(row.who, row.place, &words);
    // Nothing above the world is a repository of its own.
    command.env("GIT_CEILING_DIRECTORIES", world.path(""));
    command.output().unwrap()
}

/// Returns the findings of what was answered: those that deny, else those that leave it undecided.
fn findings(value: &Value) -> Vec<Value> {
    let list = |key: &str| value[key].as_array().cloned().unwrap_or_default();
    let mut all = list("findings");
    all.extend(list("undecided"));
    all
}

fn check(row: &Row) {
    let name = format!("{}: {}", row.name, row.words.join(" "));
    let world = (row.stage)();
    (row.prepare)(&world);
    let answered = output(&world, row, true);
    let text = String::from_utf8_lossy(&answered.stdout);
    let stderr = String::from_utf8_lossy(&answered.stderr);
    let said = format!("{name}\n{text}\n{stderr}");
    assert_eq!(answered.status.code(), Some(row.exit), "{said}");
    let value: Value =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {said}"));
    let findings = findings(&value);
    assert!(!findings.is_empty(), "a finding: {said}");
    let mut codes = BTreeSet::new();
    for finding in &findings {
        let part = |key: &str| {
            let text = finding[key].as_str().unwrap_or_default();
            assert!(!text.trim().is_empty(), "{key} says something: {said}");
            text
        };
        let code = part("code");
        assert!(Code::ALL.iter().any(|it| it.as_str() == code), "{said}");
        codes.insert(code.to_owned());
        for key in ["rule", "found", "expected"] {
            part(key);
        }
        assert_remedy(&world, &name, part("remedy"));
    }
    assert!(codes.contains(row.code), "{} is said: {said}", row.code);

    // In the same world: a refusal changes nothing, so it is given again.
    let answered = output(&world, row, false);
    assert_eq!(answered.status.code(), Some(row.exit), "alike: {said}");
    let mut text = String::from_utf8_lossy(&answered.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&answered.stderr));
    for code in codes {
        assert!(
            text.contains(&code),
            "{name}: people read {code} too: {text}"
        );
    }
}

/// Runs every row, and tells all that fail.
fn check_all(rows: &[Row]) {
    let failed: Vec<_> = rows
        .iter()
        .filter_map(|row| {
            let caught = std::panic::catch_unwind(|| check(row)).err()?;
            let text = caught.downcast_ref::<String>().cloned();
            Some(text.unwrap_or_else(|| format!("{}: {:?}", row.name, row.words)))
        })
        .collect();
    assert!(
        failed.is_empty(),
        "{} rows:\n{}",
        failed.len(),
        failed.join("\n----\n")
    );
}

#[test]
fn every_command_names_a_code_where_there_is_no_repository() {
    let rows: Vec<_> = EVERYWHERE
        .iter()
        .map(|words| {
            row(
                "no repository",
                World::founded,
                nothing,
                VERA,
                words,
                (3, "INT-005"),
            )
        })
        .collect();
    check_all(&rows);
}

#[test]
fn every_command_names_a_code_where_there_is_no_policy() {
    let rows: Vec<_> = WITHOUT_POLICY
        .iter()
        .map(|(words, exit, code)| {
            row(
                "no policy",
                World::founded,
                empty_repository,
                VERA,
                words,
                (*exit, code),
            )
        })
        .collect();
    check_all(&rows);
}

#[test]
fn every_refusal_names_its_code_to_programs_and_people() {
    assert!(ROWS.len() > 40, "{} rows", ROWS.len());
    check_all(ROWS);
}

#[test]
#[ignore = "waits some seconds for a lock that never goes, twice"]
fn a_lock_that_never_goes_is_named_by_its_code() {
    let lock = |world: &World| world.write("olga/.git/refs/awo/ledger.lock", "");
    let words = &["outcome", RUN, "accepted", "--reason", "x"];
    check_all(&[row(
        "locked ref",
        World::landed,
        lock,
        OLGA,
        words,
        (3, "REP-003"),
    )]);
}
