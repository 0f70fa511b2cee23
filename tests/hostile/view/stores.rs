//! Stores of objects that serve something else than what was asked for.

use git_awo::git::Reader;

use crate::world::World;

/// Unpacks every object of vera's clone, so that each is a file.
fn unpacked() -> World {
    let world = World::landed();
    world.fresh_clone();
    let unpack = "mkdir p && mv objects/pack/* p/; for i in p/*.pack; do git unpack-objects -q < $i; done; rm -rf p";
    world.ok("vera", "vera/.git", &["sh", "-c", unpack]);
    world.ok("vera", "vera", &["git", "awo", "verify"]);
    world
}

/// Verifies; returns the code of exit and all that was found.
fn verify(world: &World) -> (i32, Vec<String>, String) {
    let words = ["git", "awo", "verify", "--json"];
    let output = world.command("vera", "vera", &words).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let answer: serde_json::Value = serde_json::from_str(&text).unwrap();
    let of = |part: &str| -> Vec<String> {
        let list = answer[part].as_array().cloned().unwrap_or_default();
        list.iter()
            .map(|it| it["code"].as_str().unwrap_or_default().to_owned())
            .collect()
    };
    let codes = of("findings");
    (output.status.code().unwrap(), codes, text)
}

fn loose(id: &str) -> String {
    format!("vera/.git/objects/{}/{}", &id[..2], &id[2..])
}

fn replace(world: &World, below: &str, bytes: &[u8]) {
    let path = world.path(below);
    std::fs::remove_file(&path).unwrap();
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn every_object_swapped_for_another_is_found() {
    let world = unpacked();
    let listed = world.ok("vera", "vera", &["git", "rev-list", "--objects", "--all"]);
    let adopted = world.rev("vera", "origin/main^");
    let words = ["git", "rev-list", "--objects", &adopted];
    let before = world.ok("vera", "vera", &words);
    let ids = |text: &str| -> Vec<String> {
        text.lines()
            .filter_map(|line| line.split(' ').next())
            .map(str::to_owned)
            .collect()
    };
    let before = ids(&before);
    let mut judged: Vec<String> = ids(&listed)
        .into_iter()
        .filter(|id| !before.contains(id))
        .collect();
    judged.push(adopted);
    judged.sort();
    // Every seventh: each kind of object and of record is among them.
    let some: Vec<&String> = judged.iter().step_by(7).collect();
    assert!(some.len() > 5, "{} objects", judged.len());
    for id in some {
        let path = loose(id);
        let good = std::fs::read(world.path(&path)).unwrap();
        let kind = world.ok("vera", "vera", &["git", "cat-file", "-t", id]);
        // Another object of the same kind: git serves it as if it were good.
        let other = judged.iter().find(|other| {
            *other != id && world.ok("vera", "vera", &["git", "cat-file", "-t", other]) == kind
        });
        let decoy = std::fs::read(world.path(&loose(other.expect("another one")))).unwrap();
        let half = &good[..good.len() / 2];
        let variants: [(&str, &[u8]); 4] = [
            ("another object", &decoy),
            ("half of it", half),
            ("garbage", b"garbage"),
            ("nothing", b""),
        ];
        for (what, bytes) in variants {
            replace(&world, &path, bytes);
            let (code, codes, text) = verify(&world);
            assert_ne!(code, 0, "{what} for the {kind} {id}");
            assert!(!codes.is_empty() && code != 4, "{what}: {text}");
            let wrong = codes.iter().any(|it| it == "INT-001");
            assert!(wrong, "{what} for the {kind} {id}: {text}");
        }
        replace(&world, &path, &good);
    }
    assert_eq!(verify(&world).0, 0);
}

#[test]
fn broken_packs_are_found() {
    let world = World::landed();
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "repack", "-adq"]);
    let pack = world.ok(
        "vera",
        "vera",
        &["sh", "-c", "echo .git/objects/pack/*.pack"],
    );
    let pack = format!("vera/{}", pack.trim());
    let index = pack.replace(".pack", ".idx");
    let good = std::fs::read(world.path(&pack)).unwrap();
    assert_eq!(verify(&world).0, 0);
    let mut flipped = good.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    let variants: [(&str, &[u8]); 4] = [
        ("cut in half", &good[..good.len() / 2]),
        ("without its end", &good[..good.len() - 20]),
        ("a bit flipped", &flipped),
        ("empty", b""),
    ];
    for (what, bytes) in variants {
        replace(&world, &pack, bytes);
        let done = world.run("vera", "vera", &["git", "awo", "verify"]);
        // What lacks only the sum at the end has all its objects: each is hashed.
        let whole = what == "without its end" && done.code == 0;
        assert!(whole || matches!(done.code, 1 | 3), "{what}: {}", done.text);
        assert!(
            whole || done.text.contains("INT-00"),
            "{what}: {}",
            done.text
        );
    }
    replace(&world, &pack, &good);
    assert_eq!(verify(&world).0, 0);
    let kept = std::fs::read(world.path(&index)).unwrap();
    for (what, bytes) in [
        ("cut in half", &kept[..kept.len() / 2]),
        ("empty", &b""[..]),
        ("garbage", b"garbage"),
    ] {
        replace(&world, &index, bytes);
        let done = world.run("vera", "vera", &["git", "awo", "verify"]);
        assert!(matches!(done.code, 1 | 3), "index {what}: {}", done.text);
        assert!(done.text.contains("INT-00"), "index {what}: {}", done.text);
    }
    replace(&world, &index, &kept);
    assert_eq!(verify(&world).0, 0);
}

#[test]
fn a_forged_pack_index_is_found() {
    let world = World::landed();
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "repack", "-adq", "--depth=0"]);
    let index = world.ok(
        "vera",
        "vera",
        &["sh", "-c", "echo .git/objects/pack/*.idx"],
    );
    let index = format!("vera/{}", index.trim());
    let good = std::fs::read(world.path(&index)).unwrap();
    let words = |at: usize| u32::from_be_bytes(good[at..at + 4].try_into().unwrap()) as usize;
    let count = words(8 + 255 * 4);
    let ids = 8 + 256 * 4;
    let offsets = ids + count * 24;
    let at = |id: &str| {
        (0..count)
            .find(|at| hex(&good[ids + at * 20..ids + at * 20 + 20]) == id)
            .unwrap()
    };
    let pairs = [
        (world.rev("vera", "HEAD"), world.rev("vera", "HEAD^")),
        (
            world.rev("vera", "HEAD:src/strings.py"),
            world.rev("vera", "HEAD:README.md"),
        ),
        (
            world.rev("vera", "HEAD^{tree}"),
            world.rev("vera", "HEAD^^{tree}"),
        ),
        (
            world.rev("vera", "refs/awo/ledger"),
            world.rev("vera", "refs/awo/ledger^"),
        ),
    ];
    for multi in [false, true] {
        for (id, decoy) in &pairs {
            let mut forged = good.clone();
            let (to, from) = (offsets + at(id) * 4, offsets + at(decoy) * 4);
            forged.copy_within(from..from + 4, to);
            replace(&world, &index, &forged);
            if multi {
                world.ok("vera", "vera", &["git", "multi-pack-index", "write"]);
            }
            let (code, codes, text) = verify(&world);
            assert_eq!(code, 1, "{id} is {decoy}: {text}");
            assert!(
                codes.iter().any(|it| it == "INT-001"),
                "{id} is {decoy}: {text}"
            );
        }
    }
    replace(&world, &index, &good);
    let _ = std::fs::remove_file(world.path("vera/.git/objects/pack/multi-pack-index"));
    assert_eq!(verify(&world).0, 0);
    world.ok("vera", "vera", &["git", "multi-pack-index", "write"]);
    assert_eq!(verify(&world).0, 0, "an honest multi-pack-index");
}

#[test]
fn a_pack_beside_what_was_verified_hides_nothing() {
    let world = World::landed();
    world.fresh_clone();
    world.with_index("vera/.git");
    world.ok("vera", "vera", &["git", "repack", "-adq", "--depth=0"]);
    let list = ["sh", "-c", "echo .git/objects/pack/*.idx"];
    let index = format!("vera/{}", world.ok("vera", "vera", &list).trim());
    let reader = Reader::open(&world.path("vera/.git")).unwrap();
    for _ in 0..2 {
        assert_eq!(verify(&world).0, 0);
    }
    let files = reader.object_files(None).unwrap();
    // New objects in a new pack: what was verified counts.
    std::thread::sleep(std::time::Duration::from_millis(20));
    let blob = [
        "sh",
        "-c",
        "echo new | git hash-object -w --stdin | git pack-objects -q .git/objects/pack/pack",
    ];
    world.ok("vera", "vera", &blob);
    assert!(reader.still_has(&files), "a pack of what is new");
    // The whole pack again under another name, with an index that serves another file.
    let good = std::fs::read(world.path(&index)).unwrap();
    let words = |at: usize| u32::from_be_bytes(good[at..at + 4].try_into().unwrap()) as usize;
    let count = words(8 + 255 * 4);
    let ids = 8 + 256 * 4;
    let offset = |id: String| {
        let place = |at: &usize| hex(&good[ids + at * 20..ids + at * 20 + 20]) == id;
        ids + count * 24 + (0..count).find(place).unwrap() * 4
    };
    let mut forged = good.clone();
    let from = offset(world.rev("vera", "HEAD:README.md"));
    forged.copy_within(
        from..from + 4,
        offset(world.rev("vera", "HEAD:src/strings.py")),
    );
    let other = format!("vera/.git/objects/pack/pack-{}.idx", "a".repeat(40));
    let pack = |index: &str| index.replace(".idx", ".pack");
    std::fs::copy(world.path(&pack(&index)), world.path(&pack(&other))).unwrap();
    std::fs::write(world.path(&other), &forged).unwrap();
    assert!(!reader.still_has(&files), "a pack of what was there");
    let no_cache = ["git", "awo", "verify", "--json", "--no-cache"];
    for multi in [false, true] {
        if multi {
            world.ok("vera", "vera", &["git", "multi-pack-index", "write"]);
        }
        let output = world.command("vera", "vera", &no_cache).output().unwrap();
        let whole = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(verify(&world).2, whole, "with a multi-pack-index: {multi}");
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_forged_commit_graph_is_not_believed() {
    let world = World::landed();
    world.fresh_clone();
    // An honest commit that nobody governed, on top of main.
    world.ok(
        "vera",
        "vera",
        &[
            "git",
            "commit",
            "--quiet",
            "--allow-empty",
            "-m",
            "Nobody's",
        ],
    );
    world.ok(
        "vera",
        "vera",
        &[
            "git",
            "commit",
            "--quiet",
            "--allow-empty",
            "-m",
            "Nobody's second",
        ],
    );
    world.ok(
        "vera",
        "vera",
        &["git", "commit-graph", "write", "--reachable"],
    );
    let path = "vera/.git/objects/info/commit-graph";
    let good = std::fs::read(world.path(path)).unwrap();
    let honest = verify(&world);
    assert_eq!(honest.0, 1, "{}", honest.2);
    // Every commit loses its parents: to git the tip is a root.
    let chunk = |name: &[u8]| {
        let entry = (8..)
            .step_by(12)
            .find(|at| &good[*at..at + 4] == name)
            .unwrap();
        u64::from_be_bytes(good[entry + 4..entry + 12].try_into().unwrap()) as usize
    };
    let (data, start) = (chunk(b"CDAT"), chunk(b"OIDF"));
    let count =
        u32::from_be_bytes(good[start + 255 * 4..start + 256 * 4].try_into().unwrap()) as usize;
    let mut forged = good.clone();
    for at in 0..count {
        let parents = data + at * 36 + 20;
        forged[parents..parents + 8].copy_from_slice(&[0x70, 0, 0, 0, 0x70, 0, 0, 0]);
    }
    replace(&world, path, &forged);
    let seen = world.ok("vera", "vera", &["git", "rev-list", "--count", "HEAD"]);
    assert_eq!(seen.trim(), "1", "git believes it");
    assert_eq!(
        verify(&world).2,
        honest.2,
        "the same verdict, byte for byte"
    );
    let by = |what: &str| {
        let words = ["git", "awo", "verify", what, "--ref", "main", "--json"];
        world.run("vera", "vera", &words)
    };
    let one = by("HEAD~1");
    let range = by("origin/main..HEAD");
    std::fs::remove_file(world.path(path)).unwrap();
    assert_eq!(one.text, by("HEAD~1").text);
    assert_eq!(range.text, by("origin/main..HEAD").text);
    assert_eq!((one.code, range.code), (1, 1));
    assert_eq!(verify(&world).2, honest.2);
}

#[test]
fn objects_behind_alternates_are_hashed_too() {
    let world = World::landed();
    let server = world.path("server.git").display().to_string();
    // By an address: from a path all objects would be copied, and none be behind alternates.
    let url = format!("file://{server}");
    let records = [
        "git",
        "fetch",
        "--quiet",
        "origin",
        "+refs/awo/*:refs/awo/*",
        "+refs/notes/awo/*:refs/notes/awo/*",
    ];
    for options in [
        &["--shared", &server][..],
        &["--reference", "server.git", &url],
    ] {
        let mut words = vec!["git", "clone", "--quiet"];
        words.extend(options);
        words.push("vera");
        world.ok("vera", ".", &words);
        world.ok(
            "vera",
            "vera",
            &["git", "awo", "trust", &world.fingerprint()],
        );
        world.ok("vera", "vera", &records);
        let (code, _, text) = verify(&world);
        assert_eq!(code, 0, "{options:?}: {text}");
        // Whoever owns the other directory changes it later.
        let blob = world.rev("vera", "origin/main:src/strings.py");
        let readme = world.rev("vera", "origin/main:README.md");
        let there = |id: &str| world.path(&format!("server.git/objects/{}/{}", &id[..2], &id[2..]));
        let unpack = "for i in objects/pack/*.pack; do [ -e $i ] && mv $i p.pack && rm -f ${i%.pack}.* && git unpack-objects -q < p.pack; done; true";
        world.ok("server", "server.git", &["sh", "-c", unpack]);
        let good = std::fs::read(there(&blob)).unwrap();
        let decoy = std::fs::read(there(&readme)).unwrap();
        std::fs::remove_file(there(&blob)).unwrap();
        std::fs::write(there(&blob), decoy).unwrap();
        let (code, codes, text) = verify(&world);
        assert_eq!(
            (code, codes.as_slice()),
            (1, &["INT-001".to_owned()][..]),
            "{text}"
        );
        std::fs::remove_file(there(&blob)).unwrap();
        let (code, codes, text) = verify(&world);
        assert_eq!(
            (code, codes.as_slice()),
            (3, &["INT-005".to_owned()][..]),
            "{text}"
        );
        std::fs::write(there(&blob), good).unwrap();
        assert_eq!(verify(&world).0, 0);
        world.ok("vera", ".", &["rm", "-rf", "vera"]);
    }
}
