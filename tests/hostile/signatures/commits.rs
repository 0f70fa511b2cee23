//! Signatures of commits.

use crate::hostile::door::Door;

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
