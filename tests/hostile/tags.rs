//! Tags: who creates them, in which form, of what; moved and deleted; beside branches in one push.

use std::collections::BTreeSet;

use git_awo::hook::speak::heard;

use super::Case;

pub const CASES: &[Case] = &[];
use crate::hostile::door::Door;
use crate::world::World;

/// Releases are signed by olga or otto; builds come and go.
pub const TAGS: &str = r#"
[[tag]]
pattern = "refs/tags/v*"
creators = ["otto", "role:operator"]

[[tag]]
pattern = "refs/tags/note-*"
creators = ["*"]
form = "annotated"

[[tag]]
pattern = "refs/tags/build/**"
creators = ["*"]
form = "any"
of = ["refs/heads/wip/**"]
move = true
delete = true
"#;

/// What a push came to.
struct Pushed {
    code: i32,
    codes: BTreeSet<String>,
    text: String,
}

impl World {
    /// The policy takes tags, and these besides from before adoption.
    fn takes_tags(&self, more: &str) {
        self.next_policy(2, None, |text| format!("{text}{TAGS}{more}"));
        for who in ["otto", "rita"] {
            self.ok(who, who, &["git", "awo", "fetch"]);
        }
    }

    /// A push by plain git.
    fn pushes(&self, who: &str, words: &[&str]) -> Pushed {
        let done = self.run(who, who, &[&["git", "push"], words].concat());
        Pushed {
            code: done.code,
            codes: heard(&done.text)
                .into_iter()
                .map(|it| it.code.to_string())
                .collect(),
            text: done.text,
        }
    }

    /// A new commit on a branch of otto's own.
    fn work(&self, branch: &str) -> String {
        self.ok(
            "otto",
            "otto",
            &["git", "switch", "-q", "-C", branch, "origin/main"],
        );
        self.write("otto/src/work.py", format!("# {branch}\n"));
        self.commit("otto", "Work")
    }

    fn tag(&self, who: &str, words: &[&str]) {
        self.ok(who, who, &[&["git", "tag"], words].concat());
    }

    /// Where a ref of the server is; empty if it is not there.
    fn at_server(&self, name: &str) -> String {
        let format = "--format=%(objectname)";
        self.ok(
            "server",
            "server.git",
            &["git", "for-each-ref", format, name],
        )
        .trim()
        .to_owned()
    }

    fn another_clone(&self) {
        let _ = std::fs::remove_dir_all(self.path("vera"));
        self.fresh_clone();
    }

    #[track_caller]
    fn clone_verifies(&self) {
        self.another_clone();
        let done = self.run("vera", "vera", &["git", "awo", "verify"]);
        assert_eq!(done.code, 0, "{}", done.text);
    }
}

fn codes(of: &[&str]) -> BTreeSet<String> {
    of.iter().map(|code| (*code).to_owned()).collect()
}

/// The object of a tag, with these headers and signed or not by otto.
fn tag_object(door: &Door, header: &str, signed: bool) -> String {
    let mut text = format!("{header}tagger otto <otto@example.org> 1700000000 +0000\n\nA tag\n");
    if signed {
        let signature = door.actor().sign_raw("git", text.as_bytes()).unwrap();
        text.push_str(&signature.to_armor());
    }
    door.raw().object("tag", text.as_bytes())
}

#[test]
fn a_tag_lands_with_its_branch() {
    let world = World::founded();
    world.takes_tags("");
    let commit = world.work("wip/one");
    world.tag("otto", &["-s", "-m", "One", "v1"]);
    // With the client's own hooks, as people push.
    let pushed = world.pushes("otto", &["-q", "--follow-tags", "origin", "wip/one"]);
    assert_eq!(pushed.code, 0, "{}", pushed.text);
    assert_eq!(world.at_server("refs/heads/wip/one"), commit);
    assert_eq!(world.at_server("refs/tags/v1"), world.rev("otto", "v1"));
    world.clone_verifies();
    let named = world.run("vera", "vera", &["git", "awo", "verify", "v1"]);
    assert_eq!(named.code, 0, "{}", named.text);
}

/// A bad tag: what is wrong with it, its name, its object, and the code.
type Bad = (&'static str, String, String, &'static str);

fn bad_tags(door: &Door) -> Vec<Bad> {
    let world = &door.world;
    let (tip, tree) = door.base();
    let raw = door.raw();
    let stray = raw.commit(&tree, &[&tip], "Stray\n");
    let blob = raw.blob("x\n");
    let header =
        |id: &str, kind: &str, name: &str| format!("object {id}\ntype {kind}\ntag {name}\n");
    let otto = |header: &str| tag_object(door, header, true);
    let inner = otto(&header(&tip, "commit", "v0"));
    let by = |who: &str, name: &str| {
        world.tag(who, &["-s", "-m", "x", "-f", name, &tip]);
        let tag = world.rev(who, name);
        let place = format!("{tag}:refs/keep/{who}");
        world.ok(who, who, &["git", "push", "-q", "../otto", &place]);
        tag
    };
    let signed = |name: &str, from: &str, to: &str| {
        let tag = otto(&header(&tip, "commit", name));
        let text = world.ok("otto", "otto", &["git", "cat-file", "tag", &tag]);
        raw.object("tag", text.replace(from, to).as_bytes())
    };
    let end = "-----END SSH SIGNATURE-----\n";
    let row = |what, name: &str, id: String, code| (what, format!("refs/tags/{name}"), id, code);
    vec![
        row(
            "lightweight where it must be signed",
            "v1",
            tip.clone(),
            "ATT-003",
        ),
        row(
            "not signed",
            "v2",
            tag_object(door, &header(&tip, "commit", "v2"), false),
            "ATT-003",
        ),
        row(
            "by a member who is no creator",
            "v3",
            by("rita", "v3"),
            "GOV-004",
        ),
        row("by a stranger", "v4", by("vera", "v4"), "ATT-004"),
        row(
            "with another name inside",
            "v5",
            otto(&header(&tip, "commit", "v6")),
            "GOV-004",
        ),
        row(
            "with a full name inside",
            "v6",
            otto(&header(&tip, "commit", "refs/tags/v6")),
            "GOV-004",
        ),
        row(
            "of a commit that no branch has",
            "v7",
            otto(&header(&stray, "commit", "v7")),
            "GOV-004",
        ),
        row(
            "of a tree",
            "v8",
            otto(&header(&tree, "tree", "v8")),
            "GOV-004",
        ),
        row(
            "of a blob",
            "v9",
            otto(&header(&blob, "blob", "v9")),
            "GOV-004",
        ),
        row(
            "of a tag",
            "v10",
            otto(&header(&inner, "tag", "v10")),
            "GOV-004",
        ),
        row(
            "with a header more",
            "v13",
            otto(&format!(
                "{}encoding UTF-8\n",
                header(&tip, "commit", "v13")
            )),
            "INT-003",
        ),
        row(
            "lightweight where it must be annotated",
            "note-1",
            tip.clone(),
            "GOV-004",
        ),
        row("lightweight, of a tree", "build/1", tree.clone(), "GOV-004"),
        row(
            "of a commit that no branch has, lightweight",
            "build/2",
            stray.clone(),
            "GOV-004",
        ),
        // Text behind the signature is covered by nothing.
        row(
            "with text behind its signature",
            "v14",
            signed("v14", end, &format!("{end}and more\n")),
            "ATT-003",
        ),
        row(
            "changed after it was signed",
            "v15",
            signed("v15", "A tag", "B tag"),
            "ATT-003",
        ),
        row(
            "signed with PGP",
            "v16",
            signed("v16", " SSH ", " PGP "),
            "ATT-003",
        ),
    ]
}

#[test]
fn a_bad_tag_is_refused_by_itself_and_found_when_forced() {
    let door = Door::of_otto();
    let world = &door.world;
    world.fresh_clone();
    world.takes_tags("");
    let good = world.work("wip/good");
    let table = bad_tags(&door);
    let unnamed = tag_object(
        &door,
        &format!("object {good}\ntype commit\ntag other\n"),
        true,
    );
    let unnamed = [
        (
            "unnamed by the policy",
            "refs/tags/other",
            unnamed.clone(),
            "GOV-004",
        ),
        (
            "unnamed, below a name",
            "refs/tags/v1/x",
            unnamed,
            "GOV-004",
        ),
    ];
    let unnamed = unnamed.map(|(what, name, id, code)| (what, name.to_owned(), id, code));
    for (at, (what, name, id, code)) in table.iter().chain(&unnamed).enumerate() {
        let branch = format!("refs/heads/wip/b{at}");
        let (tag, beside) = (format!("{id}:{name}"), format!("{good}:{branch}"));
        door.refuses_push(what, &[&tag], &[code]);
        // git throws nothing away of a push that our `pre-receive` let go on.
        let before = world.server();
        let pushed = door.push(&[&beside, &tag]);
        assert!(!pushed.accepted, "{what}: {}", pushed.text);
        assert_eq!(
            (pushed.codes, world.server()),
            (codes(&[code]), before),
            "{what}"
        );
        let pushed = world.pushes("otto", &["--no-verify", "origin", &tag, &beside]);
        assert_ne!(pushed.code, 0, "{what}: {}", pushed.text);
        assert_eq!(pushed.codes, codes(&[code]), "{what}: {}", pushed.text);
        assert_eq!(world.at_server(name), "", "{what} is not there");
        assert_eq!(world.at_server(&branch), good, "{what}\n{}", pushed.text);
    }
    world.clone_verifies();
    let forced: Vec<_> = table
        .iter()
        .map(|(_, name, id, _)| format!("{id}:{name}"))
        .collect();
    world.force(
        "otto",
        &forced.iter().map(String::as_str).collect::<Vec<_>>(),
    );
    let wanted: BTreeSet<_> = table
        .iter()
        .map(|(_, name, _, code)| (name.clone(), (*code).to_owned()))
        .collect();
    // They might be the clone's own; at the server they are not.
    let found = world.verdict_of_a_clone();
    assert_eq!((found.code, &found.all), (3, &wanted), "{}", found.text);
    let found = world.verdict_in("server", "server.git");
    assert_eq!((found.code, &found.all), (1, &wanted), "{}", found.text);
    // The next entry of the log tells of them, and then they are the server's.
    world.push_accepted("otto", &[&format!("{good}:refs/heads/wip/next")]);
    let found = world.verdict_of_a_clone();
    assert_eq!((found.code, &found.all), (1, &wanted), "{}", found.text);
    // What the policy does not name may be anybody's own.
    for (_, name, id, _) in &table {
        world.ok(
            "server",
            "server.git",
            &["git", "update-ref", "-d", name, id],
        );
    }
    world.force("otto", &[&format!("{}:{}", unnamed[0].2, unnamed[0].1)]);
    let found = world.verdict_of_a_clone();
    assert_eq!(
        (found.code, found.text.contains("refs/tags/other")),
        (0, true),
        "{}",
        found.text
    );
}

/// What `git awo verify` said.
struct Found {
    code: i32,
    /// The refs and codes of findings and of what is undecided.
    all: BTreeSet<(String, String)>,
    text: String,
}

impl World {
    /// What `git awo verify` says in a fresh clone.
    fn verdict_of_a_clone(&self) -> Found {
        self.another_clone();
        self.verdict_in("vera", "vera")
    }

    fn verdict_in(&self, who: &str, place: &str) -> Found {
        let done = self.run(who, place, &["git", "awo", "verify", "--json"]);
        let answer: serde_json::Value = serde_json::from_str(&done.text).expect(&done.text);
        let text = |it: &serde_json::Value| it.as_str().unwrap_or_default().to_owned();
        let of = |key: &str| answer[key].as_array().cloned().unwrap_or_default();
        let all = of("findings").into_iter().chain(of("undecided"));
        Found {
            code: done.code,
            all: all
                .map(|it| (text(&it["subject"]["ref"]), text(&it["code"])))
                .collect(),
            text: done.text,
        }
    }
}
