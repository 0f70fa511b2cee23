//! Names.

use crate::hostile::door::Door;

use super::commits_in_src;

#[test]
fn disguises_at_any_depth() {
    let door = Door::of_otto();
    let disguises = [
        ".git",
        ".GIT",
        ".Git",
        "git~1",
        "GIT~1",
        "gIt~2",
        "git~1.",
        "gi2837~1",
        ".g\u{200c}it",
        "\u{feff}.git",
        ".gi\u{ad}t",
        ".git. ",
        ".git ",
        ".git...",
        ".git::$INDEX_ALLOCATION",
        ".git:x",
        ".git .:x",
        ".gitmodules:x",
        "GITMOD~1",
        "gitmod~4",
        "gi7eba~1",
        "GI7EBA~9",
        "gi~12345",
        "gitatt~1",
        "gi7d29~1",
        "gitign~1",
        "mailma~1",
        "MABA30~1",
        "lfscon~1",
        "..",
        ".",
        "..\u{200d}",
        "...",
        ".. ",
        " ",
        "src\\..\\.git\\config",
        "a\\b",
        "a::$DATA",
        "trailing.",
        "trailing ",
        "a\u{202e}b",
        "a\u{2066}b",
        "a\u{200c}b",
        "a\u{200b}b",
        "a\u{61c}b",
        "a\u{ad}b",
        "a\u{2060}b",
        "a\u{2064}b",
        "a\u{fff9}b",
        "a\u{fffb}",
        "a\u{e0041}",
    ];
    let names: Vec<&[u8]> = disguises.iter().map(|it| it.as_bytes()).collect();
    let mut table = commits_in_src(&door, &names);
    // The same as a directory, and below others.
    let blob = door.raw().blob("x\n");
    let inner = door.raw().tree(&[("100644", b"config", &blob)]);
    for name in [".git", "git~1", "..", ".g\u{200c}it"] {
        let one = door.raw().tree(&[("40000", name.as_bytes(), &inner)]);
        let two = door.raw().tree(&[("40000", b"b", &one)]);
        let commit = door.commit_in_src(&[("40000", b"a", &two)]);
        table.push((format!("a/b/{name}/config"), commit));
    }
    door.refuses_all(&table, "INT-003");
    let plain = [
        ".gitignore",
        ".github",
        ".gitkeep",
        "git~12",
        "\u{1f3f4}\u{e0067}\u{e0062}\u{e0065}\u{e006e}\u{e0067}\u{e007f}",
        "\u{1780}\u{200b}\u{1781}",
        "git~a",
        "gitmod",
        "gi7eba",
        "a~1",
        "x.git",
        "a..b",
        "..a",
        "a:b",
        "aux.c",
        "CON",
        "nul",
        "file~",
        "#file#",
        "\u{2764}\u{fe0f}.md",
        "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}.md",
    ];
    let names: Vec<&[u8]> = plain.iter().map(|it| it.as_bytes()).collect();
    door.accepts_all(&commits_in_src(&door, &names));
}

#[test]
fn disguises_of_protected_files_are_found_twice() {
    let door = Door::of_otto();
    let names: [&[u8]; 5] = [
        b".gitmodules ",
        b".gitattributes.",
        b".git\xe2\x80\x8cmodules",
        b".mailmap. .",
        b".ma\xc2\xadilmap",
    ];
    let table = commits_in_src(&door, &names);
    let codes: &[&str] = &["INT-003", "GOV-003"];
    let table: Vec<_> = table
        .into_iter()
        .map(|(what, id)| (what, id, codes))
        .collect();
    door.refuses_each(&table);
}

#[test]
fn names_that_a_reader_of_lines_would_split() {
    let door = Door::of_otto();
    let names: [&[u8]; 9] = [
        b"ok\n.github",
        b"a\rb",
        b"a\tb",
        b"a\x1b[2Jb",
        b"a\x01",
        b"a\x7fb",
        b"\xc2\x85",
        b"a\xe2\x80\xa8b",
        b"a\xe2\x80\xa9b",
    ];
    door.refuses_all(&commits_in_src(&door, &names), "INT-003");
    let plain = [
        "plain.py",
        "\u{e9}t\u{e9}.py",
        "with space.py",
        "quote'.py",
        "\"quoted\"",
        "-rf",
        "*",
    ];
    let names: Vec<&[u8]> = plain.iter().map(|it| it.as_bytes()).collect();
    door.accepts_all(&commits_in_src(&door, &names));
}

#[test]
fn names_that_are_no_text() {
    let door = Door::of_otto();
    let names: [&[u8]; 7] = [
        b"\xff\xfe",
        b"a\xc3",
        b"\xed\xa0\x80",
        b"\xc0\xaf",
        b"\x80",
        b"\xf4\x90\x80\x80",
        b"caf\xe9.py",
    ];
    door.refuses_all(&commits_in_src(&door, &names), "INT-003");
    let plain = [
        "caf\u{e9}.py",
        "\u{65e5}\u{672c}\u{8a9e}",
        "\u{1f600}.md",
        "\u{10ffff}",
    ];
    let names: Vec<&[u8]> = plain.iter().map(|it| it.as_bytes()).collect();
    door.accepts_all(&commits_in_src(&door, &names));
}

#[test]
fn a_tree_as_people_make_them() {
    let door = Door::of_otto();
    let (world, who) = (&door.world, door.who);
    let stems = [
        "Main",
        "lib.rs",
        "v1.2.3",
        "R\u{e9}sum\u{e9}",
        "stra\u{df}e",
        "\u{441}\u{43b}\u{43e}\u{432}\u{43e}",
        "\u{4f60}\u{597d}",
        "with blanks in it",
        "under_score",
        "UPPER-lower",
        ".hidden",
        "#hash#",
        "a+b=c",
        "(copy)",
        "it's",
        "\u{1f469}\u{200d}\u{1f4bb}",
        "100%",
        "k8s",
        "aux",
        "$var",
    ];
    for (at, stem) in stems.iter().cycle().take(1_000).enumerate() {
        let directory = match at % 4 {
            0 => "docs".to_owned(),
            1 => format!("src/part {}", at % 7),
            2 => format!("src/deep/{}", ["level"; 12].join("/")),
            _ => format!("docs/{}", "long".repeat(60)),
        };
        world.write(&format!("{who}/{directory}/{stem} {at}.txt"), "text\n");
    }
    world.commit(who, "A thousand files");
    door.accepts("a thousand files", &world.rev(who, "HEAD"));
    world.ok(who, who, &["git", "mv", "docs", "src/moved docs"]);
    world.commit(who, "Moved");
    door.accepts("a directory moved", &world.rev(who, "HEAD"));
    world.ok(who, who, &["git", "rm", "-rq", "src/deep"]);
    world.commit(who, "Removed");
    door.accepts("a directory removed", &world.rev(who, "HEAD"));
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}
