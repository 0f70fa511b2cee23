use std::time::{Duration, Instant};

use proptest::prelude::*;
use pulldown_cmark::{Event, Parser, Tag, TagEnd};

use super::super::links::{Leads, leads};
use super::*;

fn set<'a>(paths: impl IntoIterator<Item = &'a str>) -> BTreeSet<RepoPath> {
    paths.into_iter().map(RepoPath::from).collect()
}

fn page(paths: &[&str]) -> Vec<u8> {
    render(&"docs/specs".into(), &set(paths.iter().copied()))
}

/// Returns the texts and destinations of the links in a page, as a reader of CommonMark sees them.
fn read(page: &[u8]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for event in Parser::new(std::str::from_utf8(page).unwrap()) {
        match event {
            Event::Start(Tag::Link { dest_url, .. }) => {
                found.push((String::new(), dest_url.into_string()));
            }
            Event::Text(text) if !found.is_empty() => found.last_mut().unwrap().0.push_str(&text),
            Event::Start(Tag::List(_) | Tag::Item | Tag::Paragraph | Tag::Heading { .. })
            | Event::End(TagEnd::Link | TagEnd::List(_) | TagEnd::Item)
            | Event::End(TagEnd::Paragraph | TagEnd::Heading(_))
            | Event::Text(_)
            | Event::Code(_) => {}
            other => panic!("only links: {other:?}"),
        }
    }
    found
}

#[test]
fn a_page_names_its_files_in_the_order_of_their_bytes() {
    let expected = "# Index of docs/specs/\n\n\
        Made by `git awo index reconcile`; what is written by hand is lost.\n\n\
        - [A_v1.0.md](A_v1.0.md)\n- [a b/\\[x\\].md](a%20b/%5Bx%5D.md)\n- [a/INDEX.md](a/INDEX.md)\n\
        - [\u{e9}](%C3%A9)\n";
    let found = page(&["\u{e9}", "a/INDEX.md", "A_v1.0.md", "a b/[x].md"]);
    assert_eq!(String::from_utf8(found).unwrap(), expected);
    assert!(render(&"".into(), &set(["a"])).starts_with(b"# Index of /\n"));
    assert_eq!(
        render(&"docs/specs/".into(), &set(["a"])),
        page(&["a"]),
        "with a slash or without"
    );
}

#[test]
fn every_name_is_shown_as_it_is_and_its_link_leads_there() {
    let names: &[&[u8]] = &[
        b"a [b] (c) <d> &amp; *e* _f_ `g`.md",
        b"__init__.py",
        b"snake_case_name_v1.0.md",
        b"![x](y)",
        b"back\\slash \\",
        b"https:/e.org/x",
        b"mailto:a@e.org",
        b"#x?y%20z",
        b"$a$ ~~b~~ ^c^ |d| \"e\" 'f'",
        b" leading and trailing ",
        b"1. x",
        b"- x",
        b"[ ] x",
        b"line\nfeed\ttab",
        b"\xff\xfe[x].md",
        "\u{202e}txt.\u{200b}".as_bytes(),
        "\u{e9}_\u{e9} _\u{e9}_".as_bytes(),
    ];
    for name in names {
        let path = RepoPath::new(*name);
        let page = render(&"docs".into(), &BTreeSet::from([path.clone()]));
        let [(text, destination)] = &read(&page)[..] else {
            panic!("one link: {}", String::from_utf8_lossy(&page));
        };
        let file = RepoPath::from("docs/INDEX.md");
        let there = RepoPath::from("docs").join(name);
        assert_eq!(leads(&file, destination), Leads::To(there), "{path}");
        let plain = path.to_str().filter(|it| !it.chars().any(hidden));
        let plain = plain.filter(|it| !it.contains(['\n', '\t']));
        match plain {
            Some(plain) => assert_eq!(text.trim(), plain.trim()),
            None => assert!(
                !text.chars().any(|c| c.is_control() || hidden(c)),
                "{text:?}"
            ),
        }
        assert_eq!(parse(&page), Some(vec![path]));
    }
}

#[test]
fn only_what_is_rendered_is_a_page() {
    let good = String::from_utf8(page(&["a.md", "b c.md"])).unwrap();
    assert!(parse(good.as_bytes()).is_some());
    for (what, other) in [
        ("another title", "# Contents of "),
        ("no line feed", "b c.md](b%20c.md)"),
    ] {
        let bad = match what {
            "another title" => good.replace(TITLE, other),
            _ => good.trim_end().to_owned(),
        };
        assert_eq!(parse(bad.as_bytes()), None, "{what}");
    }
    for (from, to) in [
        (NOTE, "By hand."),
        ("](b%20c.md)", "](b c.md)"),
        ("](b%20c.md)", "](%62%20c.md)"),
        ("](a.md)", "](../a.md)"),
        ("](a.md)", "](./a.md)"),
        ("](a.md)", "](/a.md)"),
        ("](a.md)", "](a%00.md)"),
        ("[a.md]", "[A]"),
        ("- [a.md]", "* [a.md]"),
        ("- [a.md]", "text\n- [a.md]"),
        ("(a.md)\n", "(a.md)\r\n"),
        ("(a.md)\n", "(a.md)\n\n"),
    ] {
        let bad = good.replace(from, to);
        assert_ne!(bad, good);
        assert_eq!(parse(bad.as_bytes()), None, "{from} as {to}");
    }
    assert_eq!(parse(b""), None);
    assert_eq!(parse(&page(&[])), Some(vec![]));
}

#[test]
fn a_difference_is_named_for_what_it_is() {
    let root = RepoPath::from("docs/specs");
    let entries = set(["a", "b", "c"]);
    let differs = |page: &[u8]| compare(&root, &entries, Some(page));
    assert!(differs(&page(&["a", "b", "c"])).is_empty());
    let found = differs(&page(&["a", "c", "d"]));
    assert_eq!(found.missing, [RepoPath::from("b")]);
    assert_eq!(found.orphaned, [RepoPath::from("d")]);
    assert!(found.reordered.is_empty() && !found.otherwise);
    let text = String::from_utf8(page(&["a", "b", "c"])).unwrap();
    let swapped = text.replace("- [a](a)\n- [b](b)\n", "- [b](b)\n- [a](a)\n");
    let found = differs(swapped.as_bytes());
    assert_eq!(found.reordered, [RepoPath::from("a")]);
    assert!(found.missing.is_empty() && found.orphaned.is_empty() && !found.otherwise);
    for other in [
        text.replace("- [b](b)\n", "- [b](b)\n- [b](b)\n"),
        text.replace("docs/specs", "docs/other"),
        text.replace("- [b](b)\n", "text\n"),
        text.replace('\n', "\r\n"),
    ] {
        assert!(differs(other.as_bytes()).otherwise, "{other}");
    }
    assert_eq!(compare(&root, &entries, None).missing.len(), 3);
    assert!(compare(&root, &set([]), None).is_empty());
    assert!(compare(&root, &set([]), Some(&page(&[]))).otherwise);
}

#[test]
fn two_sides_are_merged_entry_by_entry() {
    let root = RepoPath::from("docs/specs");
    let base = page(&["a", "b", "c"]);
    let (ours, theirs) = (page(&["a", "b", "c", "d"]), page(&["b", "c", "e"]));
    let merged = merge(&root, &base, &ours, &theirs).unwrap();
    assert_eq!(merged, page(&["b", "c", "d", "e"]));
    assert_eq!(merge(&root, &base, &theirs, &ours).unwrap(), merged);
    for none in [&b""[..], &page(&[])] {
        let both = merge(&root, none, &page(&["x"]), &page(&["y", "x"]));
        assert_eq!(both.unwrap(), page(&["x", "y"]));
    }
    assert_eq!(merge(&root, &base, &ours, b"by hand\n"), None);
    assert_eq!(merge(&root, &base, b"", &theirs), None);
}

#[test]
fn ten_times_the_files_cost_ten_times_the_time() {
    let root = RepoPath::from("docs");
    let took = |count: usize| {
        let all: BTreeSet<_> = (0..count)
            .map(|at| RepoPath::new(format!("dir {}/artefact_{at}_v1.0.md", at % 7)))
            .collect();
        let page = render(&root, &all);
        let mut lines: Vec<_> = page.split_inclusive(|b| *b == b'\n').collect();
        lines[4..].reverse();
        let reversed = lines.concat();
        let once = || {
            let start = Instant::now();
            let found = compare(&root, &all, Some(&reversed));
            assert_eq!(found.reordered.len(), count - 1);
            assert!(merge(&root, &page, &reversed, &page).unwrap() == page);
            start.elapsed()
        };
        (0..5).map(|_| once()).min().unwrap()
    };
    let (small, large) = (took(1_000), took(10_000));
    let most = small.max(Duration::from_micros(200)) * 40;
    assert!(large < most, "{small:?} for 1,000, {large:?} for 10,000");
}

/// Names that Markdown, URLs and git read in their own ways.
fn name() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"a".to_vec()),
        Just(b"_".to_vec()),
        Just(b"[".to_vec()),
        Just(b"](".to_vec()),
        Just(b")\n- [".to_vec()),
        Just(b"%20".to_vec()),
        Just(b"\\".to_vec()),
        Just(b"\xff".to_vec()),
        Just("\u{e9}\u{202e}".as_bytes().to_vec()),
        Just(b"*`<&".to_vec()),
        Just(b" ".to_vec()),
        Just(b".md".to_vec()),
    ];
    prop::collection::vec(piece, 1..5).prop_map(|it| it.concat())
}

fn entries() -> impl Strategy<Value = BTreeSet<RepoPath>> {
    let path = prop::collection::vec(name(), 1..4).prop_map(|it| RepoPath::new(it.join(&b'/')));
    let below = |it: &RepoPath| it.components().all(|it| !matches!(it, b"." | b".."));
    prop::collection::btree_set(path.prop_filter("below", below), 0..12)
}

proptest! {
    #[test]
    fn what_is_rendered_is_read_back(all in entries()) {
        let page = render(&"docs".into(), &all);
        let stand = parse(&page).unwrap();
        prop_assert!(stand.iter().eq(all.iter()));
        prop_assert_eq!(read(&page).len(), all.len());
        if !all.is_empty() {
            prop_assert!(compare(&"docs".into(), &all, Some(&page)).is_empty());
        }
    }

    #[test]
    fn any_other_bytes_differ(all in entries(), at in any::<prop::sample::Index>(), to in any::<u8>()) {
        let root = RepoPath::from("docs");
        let mut page = render(&root, &all);
        let at = at.index(page.len());
        let is = page[at] == to;
        page[at] = to;
        prop_assert_eq!(compare(&root, &all, Some(&page)).is_empty(), is && !all.is_empty());
    }

    #[test]
    fn a_merge_is_what_the_merged_files_make(base in entries(), more in entries(), other in entries(), gone in any::<u16>()) {
        let root = RepoPath::from("docs");
        let side = |added: &BTreeSet<RepoPath>, shift: u32| -> BTreeSet<RepoPath> {
            let kept = base.iter().enumerate();
            let kept = kept.filter(|(at, _)| gone.rotate_left(shift) >> at & 1 == 0);
            kept.map(|(_, it)| it.clone()).chain(added.iter().cloned()).collect()
        };
        let (ours, theirs) = (side(&more, 0), side(&other, 7));
        let stays = |it: &&RepoPath| match base.contains(*it) {
            true => ours.contains(*it) && theirs.contains(*it),
            false => true,
        };
        let expected: BTreeSet<_> = ours.union(&theirs).filter(stays).cloned().collect();
        let pages = [&base, &ours, &theirs].map(|it| render(&root, it));
        let merged = merge(&root, &pages[0], &pages[1], &pages[2]).unwrap();
        prop_assert_eq!(merged, render(&root, &expected));
    }
}
