//! The same acts give the same bytes, whoever acts where: time zone, language, umask, directory, home,
//! host name and user are others each time, and the clock stands still. Only the receive log tells the
//! server's real time.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use assert_fs::TempDir;
use git_awo::record::Sha256;
use git_awo::sandbox::{AGENT, RUN, Setting, TASK, World};

use crate::figure::figure;
use crate::world::PROGRAM;

/// Where somebody acts.
#[derive(Clone, Copy)]
struct Elsewhere {
    name: &'static str,
    /// Below the temporary directory: how long paths are differs too.
    place: &'static str,
    variables: &'static [(&'static str, &'static str)],
    umask: &'static str,
    /// Whether each command starts in `/` and is told where to go.
    afar: bool,
    /// Whether each person's home is another directory.
    moved: bool,
    /// Needs root: another host name and another user.
    stranger: bool,
}

const PLAIN: Elsewhere = Elsewhere {
    name: "plain",
    place: "w",
    variables: &[],
    umask: "022",
    afar: false,
    moved: false,
    stranger: false,
};

const OTHERS: &[Elsewhere] = &[
    Elsewhere {
        name: "plain again",
        ..PLAIN
    },
    Elsewhere {
        name: "Turkish, far east, for nobody else",
        place: "a longer place/with blanks",
        variables: &[
            ("TZ", "Pacific/Kiritimati"),
            ("LC_ALL", "tr_TR.UTF-8"),
            ("LANG", "tr_TR.UTF-8"),
            ("LANGUAGE", "tr:de"),
            ("USER", "somebody"),
            ("HOSTNAME", "elsewhere"),
        ],
        umask: "077",
        ..PLAIN
    },
    Elsewhere {
        name: "far west, for everybody, from afar, another home",
        place: "x",
        variables: &[
            ("TZ", "Etc/GMT+12"),
            ("LC_ALL", "POSIX"),
            ("COLUMNS", "20"),
            ("TERM", "dumb"),
            ("TMPDIR", "/var/tmp"),
        ],
        umask: "000",
        afar: true,
        moved: true,
        ..PLAIN
    },
];

const STRANGER: Elsewhere = Elsewhere {
    name: "another host name and another user",
    place: "s",
    stranger: true,
    ..PLAIN
};

/// Everything that was recorded, exported and packed.
#[derive(Debug, PartialEq, Eq)]
struct Made {
    refs: String,
    files: BTreeMap<PathBuf, String>,
    tarball: String,
}

/// Walks the main road to a landed commit.
fn walk(elsewhere: Elsewhere) -> Made {
    let temporary = TempDir::new().unwrap();
    let open = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(temporary.path(), open).unwrap();
    let program = temporary.path().join("git-awo");
    std::fs::copy(PROGRAM, &program).unwrap();
    let world = World::new(
        &temporary.path().join(elsewhere.place),
        &program,
        Setting::STILL,
    )
    .unwrap();
    world.found().unwrap();
    if elsewhere.moved {
        std::fs::rename(world.path("home"), world.path("people")).unwrap();
    }
    if elsewhere.stranger {
        let owner = ["chown", "-R", "65534:65534", "."];
        world.ok("server", ".", &owner).unwrap();
    }
    let new = [
        "task",
        "new",
        TASK,
        "--task",
        "align",
        "--allow",
        "src/",
        "--allow",
        "test_strings.py",
        "--validate",
        Setting::STILL.validation,
    ];
    let sentence = format!("I approve {TASK}.");
    let approve = ["approve", TASK, "--sentence", &sentence];
    let run = ["run", TASK, "--run-id", RUN, "--", "sh", "-c", AGENT];
    for (who, words) in [
        ("olga", &new[..]),
        ("olga", &approve),
        ("olga", &["push"]),
        ("otto", &["fetch"]),
        ("otto", &run),
        ("otto", &["push"]),
        ("rita", &["fetch"]),
        ("rita", &["gate", RUN]),
        ("rita", &["approve", RUN]),
        ("rita", &["attest", RUN]),
        ("rita", &["push"]),
        ("otto", &["fetch"]),
        ("otto", &["finalize", RUN]),
        ("otto", &["push"]),
        ("olga", &["fetch"]),
        ("olga", &["outcome", RUN, "rejected", "--reason", "no"]),
        ("olga", &["push"]),
        ("otto", &["fetch"]),
        ("otto", &["rollback", RUN]),
        ("otto", &["push"]),
        ("otto", &["export", RUN, "../out"]),
        ("otto", &["tar", RUN, "-o", "../run.tar.gz"]),
    ] {
        act(&world, &program, elsewhere, who, words);
    }
    if elsewhere.stranger {
        let back = ["chown", "-R", "0:0", "."];
        world.ok("server", ".", &back).unwrap();
    }
    let refs = world.refs("server.git").unwrap();
    let refs = refs.lines().filter(|it| !it.starts_with("refs/awo/log "));
    let mut files = BTreeMap::new();
    collect(&world.path("out"), Path::new(""), &mut files);
    assert!(files.len() > 20, "{files:?}");
    Made {
        refs: refs.collect::<Vec<_>>().join("\n"),
        files,
        tarball: Sha256::of(&world.read("run.tar.gz").unwrap()).to_string(),
    }
}

fn act(world: &World, program: &Path, elsewhere: Elsewhere, who: &str, words: &[&str]) {
    let script = format!("umask {}; exec \"$@\"", elsewhere.umask);
    let mut all = vec![];
    if elsewhere.stranger {
        let name = "hostname elsewhere.example; exec \"$@\"";
        all.extend(["unshare", "--uts", "sh", "-ec", name, "sh"]);
        all.extend([
            "setpriv",
            "--reuid=65534",
            "--regid=65534",
            "--clear-groups",
        ]);
    }
    all.extend(["sh", "-ec", &script, "sh"]);
    let place = world.path(who);
    all.push(program.to_str().unwrap());
    if elsewhere.afar {
        all.extend(["-C", place.to_str().unwrap()]);
    }
    all.extend(words);
    let mut command = world.command(who, who, &all);
    command.envs(elsewhere.variables.iter().copied());
    if elsewhere.moved {
        command.env("HOME", world.path("people").join(who));
    }
    if elsewhere.afar {
        command.current_dir("/");
    }
    let output = command.output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    assert!(
        output.status.success(),
        "{}: {who} {words:?}: {said}",
        elsewhere.name
    );
}

fn collect(root: &Path, below: &Path, files: &mut BTreeMap<PathBuf, String>) {
    for entry in std::fs::read_dir(root.join(below)).unwrap() {
        let entry = entry.unwrap();
        let path = below.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            collect(root, &path, files);
        } else {
            let bytes = std::fs::read(entry.path()).unwrap();
            files.insert(path, Sha256::of(&bytes).to_string());
        }
    }
}

fn same(others: &[Elsewhere]) {
    let first = walk(PLAIN);
    for other in others {
        let made = walk(*other);
        for (path, digest) in &first.files {
            assert_eq!(
                made.files.get(path),
                Some(digest),
                "{}: {path:?}",
                other.name
            );
        }
        assert_eq!(made, first, "{}", other.name);
    }
    let names: Vec<_> = others.iter().map(|it| it.name).collect();
    figure(
        &format!(
            "the main road walked again elsewhere ({})",
            names.join("; ")
        ),
        others.len() * (first.files.len() + first.refs.lines().count() + 1),
        "0 refs, exported files or tarballs differ",
        "0: byte-identical",
    );
}

#[test]
fn the_main_road_gives_the_same_bytes_elsewhere() {
    same(OTHERS);
}

#[test]
#[ignore = "needs root to take another host name and become another user"]
fn another_host_and_another_user_make_the_same_bytes() {
    same(&[STRANGER]);
}
