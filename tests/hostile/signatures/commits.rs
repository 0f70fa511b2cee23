//! Signatures of commits.

use crate::hostile::door::Door;
use crate::world::{World, policy};

#[test]
fn a_commits_armour_has_one_spelling() {
    type Spell = fn(&str) -> String;
    let door = Door::of_otto();
    let (tip, tree) = door.base();
    let blob = door.raw().blob("x = 1\n");
    let src = door.world.rev("otto", "origin/main:src");
    let src = door.raw().tree_with(&src, &[("100644", b"a.py", &blob)]);
    let tree = door.raw().tree_with(&tree, &[("40000", b"src", &src)]);
    let who = "otto <otto@example.org> 1700000000 +0000";
    let head = format!("tree {tree}\nparent {tip}\nauthor {who}\ncommitter {who}\n");
    let armour = door
        .actor()
        .sign_raw("git", format!("{head}\nWork\n").as_bytes())
        .unwrap()
        .to_armor();
    let commit = |armour: &str| {
        let folded = armour.trim_end_matches('\n').replace('\n', "\n ");
        let raw = format!("{head}gpgsig {folded}\n\nWork\n");
        door.raw().object("commit", raw.as_bytes())
    };
    let spellings: &[(&str, Spell)] = &[
        ("carriage returns", |it| it.replace('\n', "\r\n")),
        ("lower case", |it| {
            it.replace("SSH SIGNATURE", "ssh signature")
        }),
        ("text before", |it| format!("Hello\n{it}")),
        ("text behind", |it| format!("{it}Hello\n")),
        ("twice", |it| format!("{it}{it}")),
        ("an empty line within", |it| {
            it.replacen("-----\n", "-----\n\n", 1)
        }),
        ("a header", |it| {
            it.replacen("-----\n", "-----\nComment: x\n\n", 1)
        }),
        ("lines of another length", |it| {
            let body: String = it.lines().filter(|line| !line.starts_with('-')).collect();
            let lines: Vec<_> = body
                .as_bytes()
                .chunks(64)
                .map(|it| String::from_utf8_lossy(it).into_owned())
                .collect();
            format!(
                "-----BEGIN SSH SIGNATURE-----\n{}\n-----END SSH SIGNATURE-----\n",
                lines.join("\n")
            )
        }),
        ("one line", |it| {
            let body: String = it.lines().filter(|line| !line.starts_with('-')).collect();
            format!("-----BEGIN SSH SIGNATURE-----\n{body}\n-----END SSH SIGNATURE-----\n")
        }),
        ("a space behind a line", |it| {
            it.replacen("\nAAAA", " \nAAAA", 1)
                .replace("-----\nU1NI", "----- \nU1NI")
        }),
        ("no end", |it| {
            it.replace("-----END SSH SIGNATURE-----\n", "")
        }),
        ("no begin", |it| {
            it.replace("-----BEGIN SSH SIGNATURE-----\n", "")
        }),
        ("another word", |it| {
            it.replace("SSH SIGNATURE", "PGP SIGNATURE")
        }),
        ("nothing within", |_| {
            "-----BEGIN SSH SIGNATURE-----\n-----END SSH SIGNATURE-----\n".into()
        }),
    ];
    for (what, spell) in spellings {
        let spelt = spell(&armour);
        assert_ne!(spelt, armour, "{what}");
        door.refuses(what, &commit(&spelt), &["ATT-003"]);
    }
    let other = door
        .actor()
        .sign_raw("git-awo.run", format!("{head}\nWork\n").as_bytes())
        .unwrap();
    door.refuses(
        "another namespace",
        &commit(&other.to_armor()),
        &["ATT-003"],
    );
    let other = door
        .actor()
        .sign_raw("file", format!("{head}\nWork\n").as_bytes())
        .unwrap();
    door.refuses(
        "a file's namespace",
        &commit(&other.to_armor()),
        &["ATT-003"],
    );
    door.accepts("as OpenSSH writes it", &commit(&armour));
}

#[test]
fn a_signed_commit_has_one_reading() {
    let door = Door::of_otto();
    let raw = door.raw();
    let (tip, tree) = door.base();
    let who = "otto <otto@example.org> 1700000000 +0000";
    let headers = |parents: &str, author: &str, more: &str| {
        format!("tree {tree}\n{parents}author {author}\ncommitter {who}\n{more}")
    };
    let parent = format!("parent {tip}\n");
    let signed = |headers: &str| raw.sign_commit(headers.as_bytes(), b"Work\n");
    let odd_person = |name: &str| signed(&headers(&parent, &who.replacen("otto <", name, 1), ""));
    let mut table = vec![
        (
            "a parent twice",
            signed(&headers(&parent.repeat(2), who, "")),
        ),
        ("a carriage return", odd_person("otto\r <")),
        ("an escape", odd_person("ot\x1b[1mto <")),
        ("two blanks", odd_person("otto  <")),
        ("a blank address", odd_person("otto < ")),
        (
            "latin",
            signed(&headers(&parent, who, "encoding ISO-8859-1\n")),
        ),
        ("UTF-7", signed(&headers(&parent, who, "encoding UTF-7\n"))),
    ];
    // What no signature covers, beside one that holds.
    let head = headers(&parent, who, "encoding UTF-8\n");
    let payload = format!("{head}\nWork\n");
    let armour = door
        .actor()
        .sign_raw("git", payload.as_bytes())
        .unwrap()
        .to_armor();
    let armour = armour.trim_end().replace('\n', "\n ");
    let plain = head.replace("encoding UTF-8\n", "");
    let spelt = |text: String| raw.object("commit", text.as_bytes());
    for (what, text) in [
        (
            "another signature",
            format!("{head}gpgsig {armour}\ngpgsig-sha256 x\n\nWork\n"),
        ),
        (
            "another before",
            format!("{head}gpgsig-sha256 x\n y\ngpgsig {armour}\n\nWork\n"),
        ),
        (
            "elsewhere",
            format!("{plain}gpgsig {armour}\nencoding UTF-8\n\nWork\n"),
        ),
        (
            "two",
            format!("{head}gpgsig {armour}\ngpgsig {armour}\n\nWork\n"),
        ),
    ] {
        table.push((what, spelt(text)));
    }
    let table: Vec<_> = table
        .into_iter()
        .map(|(what, id)| (what.to_owned(), id))
        .collect();
    door.refuses_all(&table, "INT-003");
    let good = format!("{head}gpgsig {armour}\n\nWork\n");
    door.accepts("one reading", &spelt(good));
    door.accepts(
        "a change id",
        &signed(&headers(&parent, who, "change-id abc\n")),
    );
}

#[test]
fn a_commit_of_two_readings_that_was_there_stays() {
    let door = Door::new(World::founded(), "olga");
    let raw = door.raw();
    let (tip, tree) = door.base();
    let who = "olga <olga@example.org> 1700000000 +0000";
    let head =
        format!("tree {tree}\nparent {tip}\nauthor {who}\ncommitter {who}\nencoding ISO-8859-1\n");
    let old = raw.sign_commit(head.as_bytes(), b"Gr\xfc\xdfe\n");
    door.world
        .force("olga", &[&format!("{old}:refs/heads/main")]);
    door.world.next_policy(2, None, |_| policy(2, &old, ""));
    let blob = raw.blob("x\n");
    let src = raw.tree_with(
        &door.world.rev("olga", "origin/main:src"),
        &[("100644", b"new.py", &blob)],
    );
    let root = raw.tree_with(&tree, &[("40000", b"src", &src)]);
    door.accepts("on top of it", &raw.commit(&root, &[&old], "Work\n"));
}
