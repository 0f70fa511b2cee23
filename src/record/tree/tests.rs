use super::*;

fn raw(list: &[(&str, &str)]) -> Vec<u8> {
    let mut raw = Vec::new();
    for (mode, name) in list {
        raw.extend_from_slice(format!("{mode} {name}\0").as_bytes());
        raw.extend_from_slice(&[7; 20]);
    }
    raw
}

fn parse(list: &[(&str, &str)]) -> Result<Tree, BadTree> {
    Tree::parse(&raw(list), HashKind::Sha1)
}

#[test]
fn a_good_tree_round_trips() {
    let list = [
        ("100644", "a"),
        ("100755", "a-b"),
        ("40000", "a.c"),
        ("120000", "a0"),
        ("160000", "b"),
        ("40000", "b-"),
    ];
    let tree = parse(&list).unwrap();
    assert_eq!(tree.to_bytes(), raw(&list));
    assert_eq!(tree.get(b"a0").unwrap().mode, Mode::Symlink);
    assert!(tree.get(b"z").is_none());
    let mut shuffled = tree.entries.clone();
    shuffled.reverse();
    assert_eq!(Tree::from_entries(shuffled).unwrap(), tree);
    assert_eq!(Tree::parse(b"", HashKind::Sha256).unwrap(), Tree::default());
}

#[test]
fn an_entry_is_of_some_object() {
    let mut none = raw(&[("100644", "a"), ("160000", "b")]);
    let end = none.len();
    none[end - 20..].fill(0);
    let bad = check(&none, HashKind::Sha1).unwrap_err();
    assert_eq!(
        (bad.name.as_slice(), bad.why),
        (b"b".as_slice(), "an object id is all zeros")
    );
    none[end - 1] = 1;
    assert_eq!(check(&none, HashKind::Sha1), Ok(()));
}

#[test]
fn skipping_ends_before_the_first_entry_that_differs_in_anything() {
    let (a, b, c) = (("100644", "a"), ("100644", "b"), ("100644", "c"));
    let skipped = |one: &[u8], other: &[u8]| {
        let (mut one, mut other) = (entries(one, HashKind::Sha1), entries(other, HashKind::Sha1));
        let skipped = skip_common(&mut [&mut one, &mut other]);
        let name = |it: &mut Entries| it.next().map(|it| it.unwrap().name.to_vec());
        (skipped, name(&mut one), name(&mut other))
    };
    let text = |name: &str| Some(name.as_bytes().to_vec());
    let whole = raw(&[a, b]);
    assert_eq!(skipped(&whole, &whole), (2, None, None));
    assert_eq!(skipped(&whole, &raw(&[a])), (1, text("b"), None));
    assert_eq!(skipped(&raw(&[a, c]), &whole), (1, text("c"), text("b")));
    let mode = raw(&[a, ("100755", "b")]);
    assert_eq!(skipped(&mode, &whole), (1, text("b"), text("b")));
    let mut id = whole.clone();
    *id.last_mut().unwrap() = 8;
    assert_eq!(skipped(&id, &whole), (1, text("b"), text("b")));
    let cut = &whole[..whole.len() - 1];
    assert_eq!(
        skip_common(&mut [
            &mut entries(cut, HashKind::Sha1),
            &mut entries(cut, HashKind::Sha1)
        ]),
        1,
        "what is cut off is left for who reads it"
    );
}

#[test]
fn trees_git_would_not_write_are_refused() {
    for list in [
        &[("100644", "f"), ("100644", "f")][..],
        &[("100644", "b"), ("100644", "a")],
        &[("0100644", "a")],
        &[("100664", "a")],
        &[("040000", "a")],
        &[("100600", "a")],
        &[("", "a")],
        &[("100644", "")],
        &[("100644", "src/evil")],
        &[("40000", "a"), ("100644", "a.")],
        // A file and a directory of the same name, also with names between.
        &[("100644", "a"), ("40000", "a")],
        &[("100644", "a"), ("100644", "a-"), ("40000", "a")],
        &[
            ("100644", "a"),
            ("100644", "a-"),
            ("40000", "a-b"),
            ("100644", "a."),
            ("40000", "a"),
        ],
        &[("40000", "a"), ("100644", "a")],
    ] {
        assert!(parse(list).is_err(), "{list:?} is refused");
    }
    let good = raw(&[("100644", "a")]);
    for end in 1..good.len() {
        assert!(
            Tree::parse(&good[..end], HashKind::Sha1).is_err(),
            "cut at {end}"
        );
    }
    assert!(Tree::parse(&good, HashKind::Sha256).is_err());
    let entry = |name: &str| Entry {
        mode: Mode::File,
        name: name.into(),
        id: ObjectId::Sha1([0; 20]),
    };
    assert!(Tree::from_entries(vec![entry("a"), entry("a")]).is_err());
    assert!(Tree::from_entries(vec![entry("a/b")]).is_err());
    assert!(Tree::from_entries(vec![entry("a"), entry("b")]).is_ok());
}
