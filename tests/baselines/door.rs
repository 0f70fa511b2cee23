//! What the server takes, and what it refuses.

use git_awo::record::baseline::{Item, Kind};
use git_awo::record::tree::Mode;
use git_awo::record::{BaselineName, DirectoryPath, ObjectId, RepoPath, TaskId};

use super::forge::{Forge, entry};
use super::{with_files, with_root, with_state, with_task};
use crate::hostile::door::Door;
use crate::world::World;

const BASE: &str = "refs/awo/amu0/-/BASE";

/// otto has a baseline that he has not pushed.
fn door() -> Door {
    let world = with_task();
    world.amu0("otto", &["create", "BASE"]);
    Door::new(world, "otto")
}

fn as_base(id: ObjectId) -> String {
    format!("{id}:{BASE}")
}

#[test]
fn only_operators_and_orchestrators_make_baselines() {
    let door = door();
    let world = &door.world;
    let forged = |who: &'static str, signed| {
        world.ok(who, who, &["git", "fetch", "-q", "../otto", BASE]);
        let mut forge = Forge::from(world, who, "FETCH_HEAD");
        forge.signed = signed;
        forge.write()
    };
    let by_rita = forged("rita", true);
    let said = world.push_refused("rita", &[&as_base(by_rita)], "ATT-001");
    assert!(said.contains("made by rita, who holds reviewer"), "{said}");
    let unsigned = forged("otto", false);
    door.refuses_push("unsigned", &[&as_base(unsigned)], &["ATT-003"]);
    // The signature of another commit.
    let raw = world.ok("otto", "otto", &["git", "cat-file", "commit", BASE]);
    world.write("otto/raw", raw.replace("awo: baseline", "awo: Baseline"));
    let hash = ["git", "hash-object", "-t", "commit", "-w", "raw"];
    let other = world.ok("otto", "otto", &hash).trim().parse().unwrap();
    door.refuses_push("another message", &[&as_base(other)], &["ATT-003"]);

    let by_olga = forged("olga", true);
    world.push_accepted("olga", &[&as_base(by_olga)]);
}

#[test]
fn a_baseline_never_moves() {
    let door = door();
    let world = &door.world;
    world.ok("otto", "otto", &["git", "awo", "push"]);
    let base = world.rev("otto", BASE);
    let mut next = Forge::from(world, "otto", BASE);
    next.follow(base.parse().ok());
    let next = next.write();
    for what in [as_base(next), format!("+{}", as_base(next))] {
        door.refuses_push("forward", &[&what], &["REP-002"]);
    }
    let other = Forge::from(world, "otto", BASE).write();
    door.refuses_push(
        "elsewhere",
        &[&format!("+{}", as_base(other))],
        &["REP-002"],
    );
    door.refuses_push("deleted", &[&format!(":{BASE}")], &["GOV-004", "REP-002"]);
    let main = world.rev("otto", "origin/main");
    let to_main = format!("+{main}:{BASE}");
    door.refuses_push("to a branch", &[&to_main], &["REP-002"]);
    // The same push again, and a next one, are taken.
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.amu0("otto", &["create", "NEXT"]);
    door.accepts_push("the next", &["refs/awo/amu0/-/NEXT"]);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn a_baseline_holds_exactly_what_it_says() {
    let door = door();
    let world = &door.world;
    type Change = fn(&mut Forge<'_>);
    let rows: &[(&str, &str, Change)] = &[
        ("a file more", "INT-002", |it| {
            let id = it.blob("x");
            it.edit(&[("more", Some((Mode::File, id)))]);
        }),
        ("a file less", "INT-002", |it| it.edit(&[("plain", None)])),
        ("other content", "INT-001", |it| {
            let id = it.blob("eno\n");
            it.edit(&[("plain", Some((Mode::File, id)))]);
        }),
        ("longer content", "INT-001", |it| {
            let id = it.blob("one\n\n");
            it.edit(&[("plain", Some((Mode::File, id)))]);
        }),
        ("an executable bit", "INT-001", |it| {
            let id = it.blob("one\n");
            it.edit(&[("plain", Some((Mode::Executable, id)))]);
        }),
        ("a symlink for a file", "INT-001", |it| {
            let id = it.blob("one\n");
            it.edit(&[("plain", Some((Mode::Symlink, id)))]);
        }),
        ("a submodule", "INT-003", |it| {
            let id = it.parents.first().copied();
            let id = id.unwrap_or(ObjectId::Sha1([7; 20]));
            it.edit(&[("sub", Some((Mode::Gitlink, id)))]);
        }),
        ("a .git", "INT-003", |it| {
            let id = it.blob("gitdir: x");
            let tree = it
                .repo
                .write_tree(vec![entry(b".GIT", Mode::File, id)])
                .unwrap();
            it.edit(&[("sub", Some((Mode::Tree, tree)))]);
        }),
        ("a symlink in the place of .gitmodules", "INT-003", |it| {
            let id = it.blob("x");
            it.edit(&[(".gitmodules", Some((Mode::Symlink, id)))]);
            let path = RepoPath::from(".gitmodules");
            it.add(Item::new(path, Kind::Symlink, false, b"x"));
        }),
        ("a .gitmodules with an option", "INT-003", |it| {
            let text = "[submodule \"x\"]\n\tpath = -x\n";
            let id = it.blob(text);
            it.edit(&[("deep/.gitmodules", Some((Mode::File, id)))]);
            let path = RepoPath::from("deep/.gitmodules");
            it.add(Item::new(path, Kind::File, false, text.as_bytes()));
        }),
        ("an empty directory in git", "INT-003", |it| {
            let tree = it.repo.write_tree(Vec::new()).unwrap();
            it.edit(&[("sub", Some((Mode::Tree, tree)))]);
        }),
        ("a third entry", "INT-002", |it| {
            let id = it.blob("x");
            it.more.push(entry(b"README", Mode::File, id));
        }),
        ("another digest", "INT-001", |it| {
            let mut items = it.manifest.items.iter_mut();
            let first = items.find(|it| it.kind == Kind::File).unwrap();
            first.sha256 = git_awo::record::Sha256::of(b"other");
        }),
        ("an item less", "INT-002", |it| {
            it.manifest
                .items
                .retain(|it| it.path != RepoPath::from("plain"));
        }),
        ("an item more", "INT-002", |it| {
            it.add(Item::new(RepoPath::from("zz"), Kind::File, false, b""));
        }),
        ("an item twice", "INT-004", |it| {
            let again = it.manifest.items.last().unwrap().clone();
            it.manifest.items.push(again);
        }),
        ("an item elsewhere", "INT-004", |it| {
            it.add(Item::new(
                RepoPath::from("zz/../../x"),
                Kind::File,
                false,
                b"",
            ));
        }),
        ("another schema", "INT-004", |it| {
            it.manifest.schema = "awo.baseline/2".to_owned();
        }),
        ("a line feed at the end", "INT-004", |it| {
            let mut bytes = it.manifest.to_bytes();
            bytes.push(b'\n');
            it.bytes = Some(bytes);
        }),
        ("no JSON", "INT-004", |it| it.bytes = Some(b"{".to_vec())),
    ];
    for (what, code, change) in rows {
        let mut forge = Forge::from(world, "otto", BASE);
        change(&mut forge);
        door.refuses_push(what, &[&as_base(forge.write())], &[code]);
    }
    let forge = Forge::from(world, "otto", BASE);
    let only = vec![entry(b"files", Mode::Tree, forge.files)];
    let only = forge.write_tree(only);
    door.refuses_push("no manifest", &[&as_base(only)], &["INT-002"]);
    let manifest = forge.repo.write_blob(&forge.manifest.to_bytes()).unwrap();
    let only = forge.write_tree(vec![entry(b"manifest.json", Mode::File, manifest)]);
    door.refuses_push("no files", &[&as_base(only)], &["INT-002"]);
    let base = world.rev("otto", "origin/main");
    door.refuses_push(
        "a commit of main",
        &[&format!("{base}:{BASE}")],
        &["INT-002"],
    );
    let blob = world.rev("otto", "origin/main:README.md");
    let said = door.refused_push("a blob", &[&format!("{blob}:{BASE}")]);
    assert!(said.codes.contains("INT-003"), "{}", said.text);
    door.accepts_push("as it was made", &[BASE]);
}

#[test]
fn a_baseline_is_bound_to_where_it_stands() {
    let door = door();
    let world = &door.world;
    type Change = fn(&mut Forge<'_>);
    let rows: &[(&str, &str, Change)] = &[
        ("another repository", "ATT-002", |it| {
            it.manifest.repository = ObjectId::Sha1([3; 20]);
        }),
        ("another policy", "ATT-002", |it| {
            it.manifest.policy = ObjectId::Sha1([3; 20]);
        }),
        ("another name", "ATT-002", |it| {
            it.manifest.name = BaselineName::new("OTHER").unwrap();
        }),
        ("a task", "ATT-002", |it| {
            it.manifest.task = Some(TaskId::new("T-1").unwrap());
        }),
        ("another predecessor", "ATT-002", |it| {
            it.manifest.predecessor = Some(ObjectId::Sha1([3; 20]));
        }),
        ("another directory", "GOV-003", |it| {
            it.manifest.root = DirectoryPath::new("docs/").unwrap();
        }),
    ];
    for (what, code, change) in rows {
        let mut forge = Forge::from(world, "otto", BASE);
        change(&mut forge);
        door.refuses_push(what, &[&as_base(forge.write())], &[code]);
    }
    let elsewhere = format!("{BASE}:refs/awo/amu0/T-1/BASE");
    door.refuses_push("under another ref", &[&elsewhere], &["ATT-002"]);
    for unknown in [
        "refs/awo/amu0/BASE",
        "refs/awo/amu0/-/A/B",
        "refs/awo/amu0/-/\u{e9}",
    ] {
        door.refuses_push(unknown, &[&format!("{BASE}:{unknown}")], &["STR-002"]);
    }
    door.accepts_push("as it was made", &[BASE]);
}

#[test]
fn names_that_are_one_to_some_file_system_collide() {
    let door = door();
    let world = &door.world;
    door.accepts_push("the first", &[BASE]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.amu0_refused("otto", &["create", "base"], "INT-003");
    world.amu0_refused("otto", &["create", "BASE"], "REP-003");
    let base: ObjectId = world.rev("otto", BASE).parse().unwrap();
    let mut forge = Forge::from(world, "otto", BASE);
    forge.manifest.name = BaselineName::new("base").unwrap();
    forge.follow(Some(base));
    let other = format!("{}:refs/awo/amu0/-/base", forge.write());
    door.refuses_push("another case", &[&other], &["INT-003"]);
    world.amu0("otto", &["create", "ONE", "--task", "T-1"]);
    let mut forge = Forge::from(world, "otto", "refs/awo/amu0/T-1/ONE");
    forge.manifest.name = BaselineName::new("TWO").unwrap();
    forge.manifest.task = Some(TaskId::new("t-1").unwrap());
    forge.follow(world.rev("otto", "refs/awo/amu0/T-1/ONE").parse().ok());
    let other = format!("{}:refs/awo/amu0/t-1/TWO", forge.write());
    let both = ["refs/awo/amu0/T-1/ONE", &other];
    door.refuses_push("another case of the task", &both, &["INT-003", "STR-002"]);
    door.accepts_push("one of them", &["refs/awo/amu0/T-1/ONE"]);
}

#[test]
fn baselines_are_taken_only_where_the_policy_names_their_directory() {
    let world = World::founded();
    let other = with_state();
    super::fill(&other.path("otto").join(super::ROOT));
    other.amu0("otto", &["create", "BASE"]);
    world.ok(
        "otto",
        "otto",
        &[
            "git",
            "fetch",
            "-q",
            &other.path("otto").display().to_string(),
            BASE,
        ],
    );
    let door = Door::new(world, "otto");
    let said = door.refused_push("of another world", &[&format!("FETCH_HEAD:{BASE}")]);
    assert!(said.codes.contains("GOV-003"), "{}", said.text);
    // The directory changes: what was made before is not put back any more, and holds.
    let world = with_files();
    world.amu0("otto", &["create", "BASE"]);
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.next_policy(3, None, |text| {
        with_root(text).replace("src/state/", "docs/")
    });
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    let said = world.amu0_refused("otto", &["restore", "BASE", "--force"], "GOV-003");
    assert!(said.contains("a baseline of src/state/"), "{said}");
    world.amu0("otto", &["verify"]);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
    // One that comes now is of the new one.
    world.fresh_clone();
    let mut forge = Forge::from(&world, "otto", BASE);
    forge.manifest.name = BaselineName::new("LATE").unwrap();
    forge.follow(world.rev("otto", BASE).parse().ok());
    let late = format!("{}:refs/awo/amu0/-/LATE", forge.write());
    world.push_refused("otto", &[&late], "GOV-003");
}
