//! What a check finds, and what it does not depend on.

use serde_json::Value;

use crate::cell::here::{confines, gives_a_root};
use crate::world::{Done, World, confining};

/// What somebody would type to check a script of the shell.
fn words<'a>(options: &[&'a str], script: &'a str) -> Vec<&'a str> {
    let check = ["git", "awo", "determinism", "check"];
    let command = ["--", "sh", "-ec", script];
    [&check, options, &command].concat()
}

/// Checks a script as otto; returns the exit code and the report.
fn checked(world: &World, options: &[&str], script: &str) -> (i32, Value) {
    let options = [&["--runs", "2", "--json"], options].concat();
    let done = world.run("otto", "otto", &words(&options, script));
    let report: Value =
        serde_json::from_str(&done.text).unwrap_or_else(|_| panic!("{}", done.text));
    assert_eq!(report["schema"], "awo.determinism/1");
    (done.code, report)
}

#[test]
fn what_differs_from_run_to_run_is_found_with_path_and_offset() {
    let world = World::founded();
    // The least offset at which it can differ, and whether it is always that one.
    for (what, script, path, what_differs, offset, exactly) in [
        (
            "the time",
            "printf 'at '; date +%s.%N",
            "src/out",
            "content",
            3,
            false,
        ),
        (
            "the second",
            "printf 'at '; date +%s",
            "src/out",
            "content",
            3,
            false,
        ),
        (
            "the process",
            "printf 'pid '; echo $$",
            "src/out",
            "content",
            4,
            false,
        ),
        (
            "random numbers",
            "printf 'r '; python3 -c 'import os; print(os.urandom(16).hex())'",
            "src/out",
            "content",
            2,
            false,
        ),
        (
            "the order of a set",
            "printf 'set '; python3 -c 'print(\"\".join(set(\"abcdefgh\")))'",
            "src/out",
            "content",
            4,
            false,
        ),
        (
            "a temporary path",
            "echo $TMPDIR",
            "src/out",
            "content",
            1,
            false,
        ),
        ("a home", "echo $HOME", "src/out", "content", 1, false),
        ("the work tree", "pwd", "src/out", "content", 1, false),
        (
            "the length of a path",
            "printf %s \"$TMPDIR\" | wc -c",
            "src/out",
            "content",
            0,
            false,
        ),
        (
            "the byte",
            "head -c 1000 /dev/zero | tr '\\0' x; printf $PYTHONHASHSEED; echo more",
            "src/out",
            "content",
            1000,
            true,
        ),
        (
            "the end",
            "printf abc; test $PYTHONHASHSEED = 1 || printf d",
            "src/out",
            "content",
            3,
            true,
        ),
    ] {
        let script = format!("( {script} ) > src/out");
        let (code, report) = checked(&world, &[], &script);
        let found = &report["difference"];
        assert_eq!(code, 1, "{what}: {report}");
        assert_eq!(report["verdict"], "differs", "{what}");
        let expected = (path, what_differs, 2);
        let at = (
            found["path"].as_str().unwrap_or_default(),
            found["what"].as_str().unwrap_or_default(),
            found["run"].as_u64().unwrap_or_default(),
        );
        assert_eq!(at, expected, "{what}: {found}");
        let at = found["offset"].as_u64().unwrap();
        assert!(
            at >= offset && (at == offset || !exactly),
            "{what}: {found}"
        );
    }
    for (what, script, expected) in [
        (
            "a file more",
            "touch src/z; test $PYTHONHASHSEED = 1 || touch src/b",
            ["src/b", "existence"],
        ),
        (
            "a mode",
            "touch src/z; test $PYTHONHASHSEED = 1 || chmod +x src/z",
            ["src/z", "mode"],
        ),
        ("a symlink", "ln -s \"$TMPDIR\" src/z", ["src/z", "content"]),
        (
            "the exit code",
            "test $PYTHONHASHSEED = 1",
            ["", "exit-code"],
        ),
    ] {
        let (code, report) = checked(&world, &[], script);
        let found = &report["difference"];
        let text = |key: &str| found[key].as_str().unwrap_or_default().to_owned();
        assert_eq!(
            (code, [text("path"), text("what")]),
            (1, expected.map(str::to_owned)),
            "{what}"
        );
    }
}

#[test]
fn the_order_of_a_directory_and_the_number_of_processors_are_found_where_the_system_has_them() {
    let world = World::founded();
    let (code, report) = checked(&world, &[], "nproc > src/out");
    let several = std::thread::available_parallelism().unwrap().get() > 1;
    assert_eq!(code, i32::from(several), "{report}");
    assert_eq!(report["runs"][1]["planned"]["processors"], "one");

    // Some file systems list a directory in the order in which its files were made.
    let place = world.path("tmp/orders");
    let list = |names: [&str; 3]| {
        std::fs::create_dir_all(&place).unwrap();
        for name in names {
            std::fs::write(place.join(name), "").unwrap();
        }
        let entries = std::fs::read_dir(&place).unwrap();
        let names: Vec<_> = entries.map(|it| it.unwrap().file_name()).collect();
        std::fs::remove_dir_all(&place).unwrap();
        names
    };
    let ordered = list(["a", "b", "c"]) != list(["c", "b", "a"]);
    for name in ["b", "a", "c"] {
        world.write(&format!("otto/src/names/{name}"), name);
    }
    world.commit("otto", "Names");
    let (code, report) = checked(&world, &[], "ls -U src/names > src/out");
    assert_eq!(code, i32::from(ordered), "{report}");
}

#[test]
fn what_stays_the_same_over_the_check_is_not_found() {
    let world = World::founded();
    // Midnight in between would be found.
    let today = "date +%F > src/out; id -u >> src/out; uname -n >> src/out";
    let tried = (0..3).any(|_| checked(&world, &[], today).0 == 0);
    assert!(tried, "the day, the user and the host stay the same");
    // What is the same for everybody cannot differ.
    let fixed = "echo $LANG $LC_ALL $TZ > src/out; umask >> src/out; locale >> src/out; env | cut -d= -f1 | sort >> src/out";
    let (code, report) = checked(&world, &[], fixed);
    assert_eq!(
        (code, &report["verdict"]),
        (0, &Value::from("same")),
        "{report}"
    );
}

/// Runs a check as otto, from a place and with variables.
fn elsewhere(world: &World, place: &str, umask: &str, variables: &[(&str, &str)]) -> Done {
    let script = "python3 -c 'import os, time, locale
print(time.tzname, locale.setlocale(locale.LC_ALL, \"\"), os.umask(0), sorted(os.environ))
for name in (\"USER\", \"LOGNAME\", \"HOSTNAME\", \"LANGUAGE\", \"SECRET\"):
    print(os.environ.get(name))
print(hash(1.5), \"\\u00e4\".upper(), sorted(os.listdir(\".\")))' > src/out; ls -l src | cut -c 1-10 >> src/out; echo said";
    let line = format!("umask {umask}; exec \"$@\"");
    let program = crate::world::PROGRAM;
    let mut all = vec!["sh", "-ec", &line, "sh", program];
    let there = world.path("otto");
    all.extend([
        "-C",
        there.to_str().unwrap(),
        "determinism",
        "check",
        "--json",
        "--streams",
    ]);
    all.extend(["--", "sh", "-ec", script]);
    let mut command = world.command("otto", place, &all);
    command.envs(variables.iter().copied());
    let output = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{place}: {stderr}");
    Done {
        code: 0,
        text: String::from_utf8(output.stdout).unwrap(),
    }
}

#[test]
fn the_same_check_gives_the_same_report_elsewhere() {
    let world = World::founded();
    let (other, tmp) = (world.path("home/rita"), world.path("a longer/tmp"));
    std::fs::create_dir_all(&tmp).unwrap();
    let first = elsewhere(&world, "otto", "022", &[]);
    let second = elsewhere(
        &world,
        "home",
        "077",
        &[
            ("TZ", "Pacific/Kiritimati"),
            ("LANG", "tr_TR.UTF-8"),
            ("LC_ALL", "tr_TR.UTF-8"),
            ("LANGUAGE", "tr:de"),
            ("PYTHONHASHSEED", "77"),
            ("USER", "somebody"),
            ("LOGNAME", "somebody"),
            ("HOSTNAME", "elsewhere"),
            ("SECRET", "x"),
            ("HOME", other.to_str().unwrap()),
        ],
    );
    let third = elsewhere(
        &world,
        "otto/src",
        "000",
        &[
            ("TZ", "Etc/GMT+12"),
            ("LC_ALL", "POSIX"),
            ("PYTHONHASHSEED", "random"),
            ("SOURCE_DATE_EPOCH", "1"),
            ("TMPDIR", tmp.to_str().unwrap()),
        ],
    );
    assert_eq!(first.text, second.text);
    assert_eq!(first.text, third.text);
    let report: Value = serde_json::from_str(&first.text).unwrap();
    assert_eq!(report["verdict"], "same", "{report}");
    assert_eq!(report["runs"].as_array().unwrap().len(), 3);
    let held = report["cell"]["held"].as_array().unwrap().len();
    assert!(held == 6 || !confines(), "{report}");
    for place in [
        world.path(""),
        "/tmp".into(),
        "/dev/shm".into(),
        "/home".into(),
    ] {
        let place = place.to_str().unwrap();
        assert!(!first.text.contains(place), "no {place}: {}", first.text);
    }
}

#[test]
fn outputs_are_what_a_commit_would_hold_or_what_patterns_name_and_streams_if_asked() {
    let world = World::founded();
    world.write("otto/.gitignore", "build/\n");
    world.commit("otto", "Ignore");
    let script = "mkdir build; echo $$ > build/log; echo app > build/app; echo a > src/a; echo $$ >&2; echo $$";
    let (code, report) = checked(&world, &[], script);
    assert_eq!(code, 0, "what is ignored is no output: {report}");
    assert_eq!(report["runs"][0]["stdout"], Value::Null);
    let (code, report) = checked(
        &world,
        &["--output", "build/app", "--output", "*.py"],
        script,
    );
    assert_eq!(code, 0, "{report}");
    let tree = report["runs"][0]["output"]["tree"].as_str().unwrap();
    let names = world.ok(
        "otto",
        "otto",
        &["git", "ls-tree", "-r", "--name-only", tree],
    );
    assert_eq!(
        names,
        "build/app\nsrc/__init__.py\nsrc/strings.py\ntest_strings.py\n"
    );
    let (code, report) = checked(&world, &["--output", "build/"], script);
    assert_eq!(
        (code, &report["difference"]["path"]),
        (1, &Value::from("build/log"))
    );
    let (code, report) = checked(&world, &["--streams"], script);
    assert_eq!(
        (code, &report["difference"]["what"]),
        (1, &Value::from("stdout"))
    );
    let (code, report) = checked(&world, &["--streams"], "echo a; echo $$ >&2");
    assert_eq!(
        (code, &report["difference"]["what"]),
        (1, &Value::from("stderr"))
    );
    let (code, report) = checked(&world, &["--streams"], "echo a; echo b >&2");
    assert_eq!(
        (code, &report["verdict"]),
        (0, &Value::from("same")),
        "{report}"
    );
    let (code, report) = checked(&world, &[], "exit 3");
    assert_eq!(
        (code, &report["verdict"]),
        (1, &Value::from("failed")),
        "{report}"
    );
}

#[test]
fn a_check_leaves_nothing_behind_and_is_refused_for_its_form() {
    let world = World::founded();
    let state = || {
        let words = [
            "sh",
            "-ec",
            "git for-each-ref; git status --porcelain; ls -A ../tmp",
        ];
        world.ok("otto", "otto", &words)
    };
    let before = state();
    let text = world.ok("otto", "otto", &words(&[], "echo a > src/a; echo shown"));
    assert!(
        text.contains("3 runs of sh -ec") && text.contains(": same; the cell held: "),
        "{text}"
    );
    let text = world.refused(
        "otto",
        "otto",
        &words(&["--runs", "2"], "date +%s > src/a"),
        "INT-007",
    );
    let line =
        "INT-007 deterministic: found run 2 differs from run 1 in the content of src/a at byte ";
    assert!(text.contains(line), "{text}");
    assert_eq!(state(), before, "no ref, file or directory");
    for bad in [
        words(&["--runs", "1"], "true"),
        words(&["--runs", "17"], "true"),
        words(&["--output", "!x"], "true"),
        words(&["--tree", "nowhere"], "true"),
        words(&["--run", "run_x"], "true"),
        vec!["git", "awo", "determinism", "check"],
    ] {
        let done = world.run("otto", "otto", &bad);
        assert_eq!(done.code, 2, "{bad:?}: {}", done.text);
    }
    let text = world.refused(
        "otto",
        "otto",
        &words(&[], "rm src/strings.py; mkfifo src/strings.py"),
        "INT-003",
    );
    assert!(text.contains("a special file"), "{text}");
    // Of another commit.
    world.write("otto/src/late", "x");
    world.commit("otto", "Late");
    let here = words(&["--runs", "2"], "test -e src/late");
    world.ok("otto", "otto", &here);
    let there = words(&["--runs", "2", "--tree", "HEAD~1"], "test ! -e src/late");
    world.ok("otto", "otto", &there);
}

/// In a root of its own the process ids are the same each time; all else is found.
#[test]
fn a_check_has_a_root_of_its_own_where_the_policy_demands_one() {
    if !gives_a_root() {
        return;
    }
    let world = World::founded();
    let tried = ["git", "awo", "cell", "--own-root", "--json", "--", "true"];
    let tried = world.run("otto", "otto", &tried);
    let has = tried.text.contains("\"own-root\"") && !tried.text.contains("\"own-root\": \"");
    world.next_policy(2, None, |text| confining(&text, "own-root"));
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    let script = words(&["--runs", "2", "--json"], "echo $$ > src/out");
    let done = world.run("otto", "otto", &script);
    if !has {
        assert!(done.text.contains("INT-005"), "{}", done.text);
        return;
    }
    assert_eq!(done.code, 0, "{}", done.text);
    let report: Value = serde_json::from_str(&done.text).unwrap();
    let held: Vec<_> = report["cell"]["held"].as_array().unwrap().iter().collect();
    assert!(held.contains(&&Value::from("own-root")), "{held:?}");
    let (code, report) = checked(&world, &[], "echo $TMPDIR > src/out");
    assert_eq!(
        (code, &report["difference"]["path"]),
        (1, &Value::from("src/out"))
    );
}

#[test]
fn a_repository_without_a_policy_can_check_too() {
    let world = World::founded();
    std::fs::create_dir(world.path("plain")).unwrap();
    world.ok("otto", "plain", &["git", "init", "--quiet"]);
    world.write("plain/a", "a\n");
    world.ok("otto", "plain", &["git", "add", "a"]);
    let commit = [
        "git",
        "-c",
        "user.name=o",
        "-c",
        "user.email=o@o",
        "commit",
        "-qm",
        "a",
    ];
    world.ok("otto", "plain", &commit);
    world.ok("otto", "plain", &words(&["--runs", "2"], "cp a b"));
    let signed = words(&["--runs", "2", "--sign"], "cp a b");
    let done = world.run("otto", "plain", &signed);
    assert_ne!(done.code, 0, "nobody can sign: {}", done.text);
}
