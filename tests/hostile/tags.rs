//! Tags: who creates them, in which form, of what; moved and deleted; beside branches in one push.

use std::collections::BTreeSet;

use git_awo::hook::speak::heard;

use super::Case;

pub const CASES: &[Case] = &[
    Case {
        id: "V-11",
        attack: "a tag that the policy does not name; lightweight, not signed, signed with PGP, by a stranger, by a member who may not create it; with another name inside; of a commit that no branch took, of a tree, a blob or another tag; with a header more, changed or with text behind its signature: alone, beside a good branch, atomic, and past the hooks",
        answer: "ATT-003, ATT-004, GOV-004, INT-003: the tag alone, unless the push is atomic; verify: the same once the log tells of it, undecided before",
        tests: &["hostile::tags::a_bad_tag_is_refused_by_itself_and_found_when_forced"],
    },
    Case {
        id: "V-12",
        attack: "a tag moved or deleted, by a push and past the hooks",
        answer: "GOV-004, and accepted where the policy lets it",
        tests: &[
            "hostile::tags::a_tag_stays_where_it_is_unless_the_policy_lets_it_move",
            "hostile::tags::a_tag_that_was_deleted_past_the_hooks_comes_back_where_it_was",
            "hostile::tags::a_tag_that_was_rightly_deleted_or_moved_denies_no_clone_later",
            "hostile::tags::a_tag_from_before_adoption_that_may_move_moves_without_a_word",
            "checkouts::a_tag_that_was_forced_on_the_server_is_found_in_every_checkout",
            "checkouts::a_tag_that_was_deleted_on_the_server_is_found_in_every_checkout",
        ],
    },
    Case {
        id: "V-13",
        attack: "tags from before adoption brought at another object or under another name, moved, and their history brought to a branch",
        answer: "GOV-003, GOV-004",
        tests: &["hostile::tags::tags_from_before_adoption_come_as_they_are_and_no_other_way"],
    },
    Case {
        id: "V-14",
        attack: "a server whose `update` hook is missing, another's, or lets everything through",
        answer: "GOV-004, ATT-003 or REP-003 for the whole push",
        tests: &["hostile::tags::where_git_asks_for_no_single_ref_the_whole_push_is_refused"],
    },
    Case {
        id: "V-15",
        attack: "a bad tag beside bad records, an unknown ref or a deletion of the ledger",
        answer: "all of it refused",
        tests: &["hostile::tags::where_git_asks_for_no_single_ref_the_whole_push_is_refused"],
    },
    Case {
        id: "V-16",
        attack: "a creator who may create no more tags",
        answer: "GOV-004 for new ones; earlier ones stay",
        tests: &["hostile::tags::what_is_accepted_once_stays_so_and_is_remembered"],
    },
    Case {
        id: "V-17",
        attack: "a tag of a clone under a name of the policy, never pushed",
        answer: "undecided; denied when it is named",
        tests: &["hostile::tags::what_is_accepted_once_stays_so_and_is_remembered"],
    },
    Case {
        id: "V-18",
        attack: "a signed tag pushed with its branch, a thousand tags in one push, with SHA-256 ids too",
        answer: "accepted",
        tests: &[
            "hostile::tags::a_tag_lands_with_its_branch",
            "hostile::tags::a_thousand_tags_come_in_one_push",
        ],
    },
    Case {
        id: "V-90",
        attack: "a tag named before its new branch in one push, not atomic",
        answer: "REP-003 for the whole push; accepted with --atomic, or the branch first",
        tests: &[
            "hostile::tags::a_tag_that_git_would_move_before_its_branch_is_refused_with_what_helps",
        ],
    },
    Case {
        id: "V-19",
        attack: "several entries for one tag, of which one forbids it",
        answer: "GOV-004",
        tests: &["hostile::tags::a_client_says_so_first_and_stops_what_is_refused_as_a_whole"],
    },
];
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
    pub fn takes_tags(&self, more: &str) {
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

#[test]
fn a_tag_that_git_would_move_before_its_branch_is_refused_with_what_helps() {
    let world = World::founded();
    world.takes_tags("");
    let commit = world.work("wip/one");
    world.tag("otto", &["-s", "-m", "One", "v1"]);
    // git moves new refs in the order in which they were named, each by itself, and ends at the first
    // that is refused.
    let before = world.server();
    let pushed = world.pushes("otto", &["-q", "origin", "v1", "wip/one"]);
    assert_eq!(pushed.codes, codes(&["REP-003"]), "{}", pushed.text);
    assert_eq!(world.server(), before);
    let told = heard(&pushed.text);
    let remedy = told.first().unwrap().remedy.replace("SERVER", "origin");
    let wanted = "git push --atomic origin refs/heads/wip/one refs/tags/v1";
    assert_eq!(remedy, wanted);
    let words: Vec<_> = remedy.split(' ').skip(2).collect();
    let pushed = world.pushes("otto", &words);
    assert_eq!(pushed.code, 0, "{}", pushed.text);
    assert_eq!(world.at_server("refs/heads/wip/one"), commit);
    assert_eq!(world.at_server("refs/tags/v1"), world.rev("otto", "v1"));
    // The branch first, or one that is there already, needs no such thing.
    let commit = world.work("wip/two");
    world.tag("otto", &["-s", "-m", "Two", "v2"]);
    let pushed = world.pushes("otto", &["-q", "origin", "wip/two", "v2"]);
    assert_eq!(pushed.code, 0, "{}", pushed.text);
    assert_eq!(world.at_server("refs/heads/wip/two"), commit);
    world.write("otto/src/work.py", "# more\n");
    let commit = world.commit("otto", "More");
    world.tag("otto", &["-s", "-m", "Three", "v3"]);
    let pushed = world.pushes("otto", &["-q", "origin", "v3", "wip/two"]);
    assert_eq!(pushed.code, 0, "{}", pushed.text);
    assert_eq!(world.at_server("refs/heads/wip/two"), commit);
    world.clone_verifies();
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

#[test]
fn a_tag_stays_where_it_is_unless_the_policy_lets_it_move() {
    let door = Door::of_otto();
    let world = &door.world;
    world.takes_tags("");
    let first = world.work("wip/one");
    world.tag("otto", &["-s", "-m", "One", "v1"]);
    world.tag("otto", &["build/1"]);
    let one = world.rev("otto", "v1");
    world.push_accepted("otto", &["wip/one", "v1", "build/1"]);
    // A clone that has it as it was.
    world.another_clone();
    world.write("otto/src/more.py", "x = 1\n");
    let second = world.commit("otto", "More");
    world.tag("otto", &["-s", "-f", "-m", "Two", "v1"]);
    let two = world.rev("otto", "v1");
    for (what, tag) in [("moved", "+v1"), ("deleted", ":v1")] {
        door.refuses_push(what, &[tag], &["GOV-004"]);
        let before = (
            world.at_server("refs/tags/v1"),
            world.at_server("refs/heads/wip/one"),
        );
        let pushed = door.push(&["wip/one", tag]);
        assert_eq!(
            (pushed.accepted, pushed.codes),
            (false, codes(&["GOV-004"])),
            "{what}"
        );
        let after = (
            world.at_server("refs/tags/v1"),
            world.at_server("refs/heads/wip/one"),
        );
        assert_eq!(after, before, "{what}, atomic");
    }
    let pushed = world.pushes("otto", &["--no-verify", "origin", "wip/one", "+v1"]);
    assert_eq!(
        (pushed.code, pushed.codes),
        (1, codes(&["GOV-004"])),
        "{}",
        pushed.text
    );
    assert_eq!(world.at_server("refs/tags/v1"), one);
    assert_eq!(world.at_server("refs/heads/wip/one"), second);
    // What may move, moves and goes.
    assert_eq!(world.at_server("refs/tags/build/1"), first);
    world.push_accepted("otto", &[&format!("+{second}:refs/tags/build/1")]);
    assert_eq!(world.at_server("refs/tags/build/1"), second);
    world.ok("vera", "vera", &["git", "fetch", "-q", "origin"]);
    let fetch = ["git", "fetch", "-q", "origin", "+refs/awo/*:refs/awo/*"];
    world.ok("vera", "vera", &fetch);
    let behind = world.verdict_in("vera", "vera");
    assert_eq!(behind.code, 0, "{}", behind.text);
    assert!(
        behind
            .text
            .contains("git fetch --tags --prune-tags --force"),
        "{}",
        behind.text
    );
    // It has moved on, and the clone has not heard so from the log.
    let (tip, _) = door.base();
    world.push_accepted("otto", &[&format!("+{tip}:refs/tags/build/1")]);
    let fetch = ["git", "fetch", "-q", "--tags", "--force", "origin"];
    world.ok("vera", "vera", &fetch);
    assert_eq!(world.rev("vera", "build/1"), tip);
    let ahead = world.verdict_in("vera", "vera");
    assert_eq!(ahead.code, 0, "{}", ahead.text);
    world.push_accepted("otto", &[":build/1"]);
    world.clone_verifies();

    // Past the hooks: moved, then deleted. A clone that has the log finds the first at once, and the
    // second when it has asked the server for its tags; whatever was pushed meanwhile.
    let found = |what: &str, code: i32| {
        let v1 = BTreeSet::from([("refs/tags/v1".to_owned(), "GOV-004".to_owned())]);
        let found = world.verdict_of_a_clone();
        assert_eq!(
            (found.code, &found.all),
            (code, &v1),
            "{what}: {}",
            found.text
        );
        world.ok("vera", "vera", &["git", "awo", "fetch"]);
        let found = world.verdict_in("vera", "vera");
        assert_eq!((found.code, &found.all), (1, &v1), "{what}: {}", found.text);
        let cloned = world.run("vera", ".", &["git", "awo", "clone", "server.git", "new"]);
        assert_eq!(cloned.code, 1, "{what}: {}", cloned.text);
        let found = world.verdict_in("server", "server.git");
        assert_eq!(
            (found.code, found.all.len()),
            (1, 1),
            "{what}, at the server: {}",
            found.text
        );
        let doctor = ["git", "awo", "doctor"];
        let said = world.refused("server", "server.git", &doctor, "refs/tags/v1");
        let remedy = format!("git update-ref refs/tags/v1 {one}");
        assert!(said.contains(&remedy), "{what}: {said}");
    };
    let delete = ["git", "update-ref", "-d", "refs/tags/v1"];
    let put_back = ["git", "update-ref", "refs/tags/v1", &one];
    world.force("otto", &[&format!("{two}:refs/tags/v1")]);
    found("moved", 1);
    world.ok("server", "server.git", &delete);
    found("deleted", 3);
    world.push_accepted("otto", &[&format!("{second}:refs/heads/wip/two")]);
    found("deleted, and another push", 3);
    // Nobody can make it anew elsewhere.
    door.refuses_push("made anew", &["+v1"], &["GOV-004"]);
    world.ok("server", "server.git", &put_back);
    world.clone_verifies();
    world.ok("vera", "vera", &["git", "awo", "fetch"]);
    world.ok("vera", "vera", &["git", "awo", "verify"]);
    world.force("otto", &[&format!("{two}:refs/tags/v1")]);
    world.push_accepted("otto", &[&format!("{second}:refs/heads/wip/three")]);
    found("moved, and another push", 1);
    // Put back, all is well: by a push too.
    world.ok("server", "server.git", &put_back);
    world.clone_verifies();
    world.force("otto", &[&format!("{two}:refs/tags/v1")]);
    world.push_accepted("otto", &[&format!("+{one}:refs/tags/v1")]);
    world.clone_verifies();
    world.ok("server", "server.git", &delete);
    world.push_accepted("otto", &[&format!("{one}:refs/tags/v1")]);
    world.clone_verifies();
    // One that no push ever brought may go as it came.
    world.force("otto", &[&format!("{second}:refs/tags/v2")]);
    world.push_accepted("otto", &[&format!("{second}:refs/heads/wip/four")]);
    assert_eq!(world.verdict_of_a_clone().code, 1);
    let remove = ["git", "update-ref", "-d", "refs/tags/v2"];
    world.ok("server", "server.git", &remove);
    world.push_accepted("otto", &[&format!("{second}:refs/heads/wip/five")]);
    world.clone_verifies();
    // Who has another one is told, by the tag's name too.
    world.tag("vera", &["-f", "v1", &second]);
    for words in [
        &["git", "awo", "verify"][..],
        &["git", "awo", "verify", "refs/tags/v1"],
    ] {
        let said = world.refused("vera", "vera", words, "GOV-004");
        assert!(
            said.contains("git fetch origin +refs/tags/v1:refs/tags/v1"),
            "{said}"
        );
    }
}

#[test]
fn a_tag_that_was_deleted_past_the_hooks_comes_back_where_it_was() {
    let door = Door::of_otto();
    let world = &door.world;
    world.takes_tags("");
    world.work("wip/one");
    world.tag("otto", &["-s", "-m", "One", "v1"]);
    world.tag("otto", &["build/1"]);
    world.push_accepted("otto", &["wip/one", "v1", "build/1"]);
    let gone = "git update-ref -d refs/tags/v1; git update-ref -d refs/tags/build/1";
    world.ok("server", "server.git", &["sh", "-c", gone]);
    let genuine = world.rev("otto", "v1");
    world.tag("otto", &["-s", "-f", "-m", "Another", "v1"]);
    door.refuses_push("made again", &["v1"], &["GOV-004"]);
    world.ok(
        "otto",
        "otto",
        &["git", "update-ref", "refs/tags/v1", &genuine],
    );
    // One that may be deleted may also be made again.
    world.ok(
        "otto",
        "otto",
        &["git", "tag", "-f", "build/1", "wip/one~1"],
    );
    world.push_accepted("otto", &["v1", "build/1"]);
    world.clone_verifies();
}

/// What the policy of then let a push do stays right, whatever a later one says.
#[test]
fn a_tag_that_was_rightly_deleted_or_moved_denies_no_clone_later() {
    let world = World::founded();
    world.takes_tags("");
    let first = world.work("wip/one");
    for tag in ["build/gone", "build/moved", "build/kept"] {
        world.tag("otto", &[tag]);
    }
    world.push_accepted(
        "otto",
        &["wip/one", "build/gone", "build/moved", "build/kept"],
    );
    world.another_clone();
    world.write("otto/src/more.py", "x = 1\n");
    let second = world.commit("otto", "More");
    let moved = format!("+{second}:refs/tags/build/moved");
    world.push_accepted("otto", &["wip/one", ":build/gone", &moved]);
    let strict = TAGS.replace("move = true\ndelete = true\n", "");
    world.next_policy(3, None, |text| format!("{text}{strict}"));
    let verify = || {
        world.ok("vera", "vera", &["git", "fetch", "-q", "origin"]);
        let fetch = ["git", "fetch", "-q", "origin", "+refs/awo/*:refs/awo/*"];
        world.ok("vera", "vera", &fetch);
        world.verdict_in("vera", "vera")
    };
    assert_eq!(world.rev("vera", "build/moved"), first);
    let found = verify();
    assert_eq!(found.code, 0, "{}", found.text);
    let deleted =
        "refs/tags/build/gone was deleted since, as the receive log says: git tag -d build/gone";
    assert!(found.text.contains(deleted), "{}", found.text);
    assert!(
        found.text.contains("refs/tags/build/moved is at"),
        "{}",
        found.text
    );
    // The remedies.
    world.ok("vera", "vera", &["git", "tag", "-d", "build/gone"]);
    let fetch = ["git", "fetch", "-q", "--tags", "--force", "origin"];
    world.ok("vera", "vera", &fetch);
    let found = verify();
    assert_eq!(found.code, 0, "{}", found.text);
    assert!(!found.text.contains("refs/tags/"), "{}", found.text);
    // Past the hooks it is not right: who has it has lost nothing, whatever others push.
    let gone = ["git", "update-ref", "-d", "refs/tags/build/kept"];
    world.ok("server", "server.git", &gone);
    world.push_accepted("otto", &[&format!("{second}:refs/heads/wip/two")]);
    let found = verify();
    assert_eq!(found.code, 0, "{}", found.text);
    world.ok("vera", "vera", &["git", "tag", "-d", "build/kept"]);
    let kept = BTreeSet::from([("refs/tags/build/kept".to_owned(), "GOV-004".to_owned())]);
    let found = verify();
    assert_eq!((found.code, &found.all), (3, &kept), "{}", found.text);
    world.ok("vera", "vera", &["git", "awo", "fetch"]);
    let found = verify();
    assert_eq!((found.code, &found.all), (1, &kept), "{}", found.text);
}

#[test]
fn what_is_accepted_once_stays_so_and_is_remembered() {
    let world = World::founded();
    world.takes_tags("");
    world.work("wip/one");
    world.tag("otto", &["-s", "-m", "One", "v1"]);
    world.push_accepted("otto", &["wip/one", "v1"]);
    // otto may create no more of them.
    world.next_policy(3, None, |text| {
        format!("{text}{}", TAGS.replace("\"otto\", ", ""))
    });
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.tag("otto", &["-s", "-m", "Two", "v2"]);
    world.push_refused("otto", &["v2"], "GOV-004");
    world.clone_verifies();
    for named in ["v1", "refs/tags/v1"] {
        let done = world.run("vera", "vera", &["git", "awo", "verify", named]);
        assert_eq!(done.code, 0, "{}", done.text);
    }
    // The second time from what is remembered; a tag that is not, is judged.
    let again = world.verdict_in("vera", "vera");
    assert_eq!(again.code, 0, "{}", again.text);
    world.ok("vera", "vera", &["git", "update-ref", "-d", "refs/tags/v1"]);
    let without = world.verdict_in("vera", "vera");
    assert_eq!(without.code, 3, "{}", without.text);
    world.ok("vera", "vera", &["git", "awo", "fetch"]);
    let without = world.verdict_in("vera", "vera");
    assert_eq!(without.code, 0, "{}", without.text);
    assert!(
        without
            .text
            .contains("1 tags of the receive log are not in this clone")
    );
    world.ok("vera", "vera", &["git", "fetch", "-q", "--tags", "origin"]);
    let back = world.verdict_in("vera", "vera");
    assert_eq!(back.code, 0, "{}", back.text);
    // Somebody's own, which the policy would refuse: not the server's for sure.
    world.tag("vera", &["v3", "v1^{}"]);
    let own = world.verdict_in("vera", "vera");
    assert_eq!(own.code, 3, "{}", own.text);
    world.refused("vera", "vera", &["git", "awo", "verify", "v3"], "ATT-003");
    world.tag("vera", &["-d", "v3"]);
    world.tag("vera", &["mine"]);
    assert_eq!(world.verdict_in("vera", "vera").code, 0);
}

#[test]
fn tags_from_before_adoption_come_as_they_are_and_no_other_way() {
    let door = Door::of_otto();
    let world = &door.world;
    let (tip, tree) = door.base();
    let raw = door.raw();
    let stray = raw.commit(&tree, &[&tip], "A release of old\n");
    let old = tag_object(
        &door,
        &format!("object {stray}\ntype commit\ntag v0.9\n"),
        false,
    );
    // One is at the server already.
    world.force("otto", &[&format!("{tip}:refs/tags/was-there")]);
    world.takes_tags(&format!(
        "\n[tags.adopted]\n\"refs/tags/v0.9\" = \"{old}\"\n\"refs/tags/junk\" = \"{tree}\"\n\
         \"refs/tags/was-there\" = \"{tip}\"\n"
    ));
    for (what, refspec) in [
        ("another object", format!("{tip}:refs/tags/junk")),
        ("another name", format!("{tree}:refs/tags/junk2")),
        (
            "what was there, moved",
            format!("+{stray}:refs/tags/was-there"),
        ),
        ("what was there, deleted", ":refs/tags/was-there".to_owned()),
    ] {
        door.refuses_push(what, &[&refspec], &["GOV-004"]);
    }
    let branch = format!("{stray}:refs/heads/wip/old");
    let (old, junk) = (
        format!("{old}:refs/tags/v0.9"),
        format!("{tree}:refs/tags/junk"),
    );
    door.accepts_push("what the policy names", &[&old, &junk]);
    world.clone_verifies();
    // Its commit is not one of a branch thereby.
    let edited = raw.tree_with(&tree, &[("100644", b"Makefile", &raw.blob("x\n"))]);
    let other = raw.commit(&edited, &[&stray], "Not of otto's paths\n");
    door.refuses_push(
        "a branch on it",
        &[&format!("{other}:refs/heads/wip/new")],
        &["GOV-003"],
    );
    door.accepts_push("a commit of otto's own", &[&branch]);
    world.clone_verifies();
    // Forced elsewhere it is found, in a clone and at the server.
    world.force("otto", &[&format!("{stray}:refs/tags/was-there")]);
    let found = world.verdict_of_a_clone();
    assert_eq!(found.code, 3, "{}", found.text);
    assert_eq!(world.verdict_in("server", "server.git").code, 1);
    // The doctor knows where it was.
    let doctor = ["git", "awo", "doctor"];
    let said = world.refused("server", "server.git", &doctor, "refs/tags/was-there");
    let remedy = format!("git update-ref refs/tags/was-there {tip}");
    assert!(said.contains(&remedy), "{said}");
    let words: Vec<_> = remedy.split(' ').collect();
    world.ok("server", "server.git", &words);
    world.clone_verifies();
    let healthy = world.run("server", "server.git", &doctor);
    assert!(!healthy.text.contains("was-there"), "{}", healthy.text);
    world.force("otto", &[&format!("{stray}:refs/tags/was-there")]);
    world.push_accepted("otto", &[&format!("{stray}:refs/heads/wip/next")]);
    let found = world.verdict_of_a_clone();
    assert_eq!(found.code, 1, "{}", found.text);
}

#[test]
fn a_tag_from_before_adoption_that_may_move_moves_without_a_word() {
    let door = Door::of_otto();
    let world = &door.world;
    let (tip, _) = door.base();
    world.force("otto", &[&format!("{tip}:refs/tags/build/latest")]);
    world.takes_tags(&format!(
        "\n[tags.adopted]\n\"refs/tags/build/latest\" = \"{tip}\"\n"
    ));
    let work = world.work("wip/one");
    world.push_accepted("otto", &["wip/one"]);
    world.push_accepted("otto", &[&format!("+{work}:refs/tags/build/latest")]);
    let verify = || {
        world.another_clone();
        world.ok("vera", "vera", &["git", "awo", "verify"])
    };
    let said = verify();
    assert!(!said.contains("without a receipt"), "{said}");
    // Past the hooks is another matter.
    world.force("otto", &[&format!("{tip}:refs/tags/build/other")]);
    world.push_accepted("otto", &[&format!("{work}:refs/heads/wip/two")]);
    world.another_clone();
    let said = world.run("vera", "vera", &["git", "awo", "verify"]).text;
    assert!(said.contains("without a receipt"), "{said}");
}

#[test]
fn where_git_asks_for_no_single_ref_the_whole_push_is_refused() {
    let door = Door::of_otto();
    let world = &door.world;
    world.takes_tags("");
    let good = world.work("wip/good");
    let push = |hook: &str| {
        let refspecs = [
            format!("{good}:refs/heads/wip/x"),
            format!("{good}:refs/tags/v1"),
        ];
        let pushed = world.pushes(
            "otto",
            &["--no-verify", "origin", &refspecs[0], &refspecs[1]],
        );
        assert_ne!(pushed.code, 0, "{hook}: {}", pushed.text);
        assert_eq!(
            world.at_server("refs/heads/wip/x"),
            "",
            "{hook}: {}",
            pushed.text
        );
        assert_eq!(
            world.at_server("refs/tags/v1"),
            "",
            "{hook}: {}",
            pushed.text
        );
        pushed
    };
    let hook = world.path("server.git/hooks/update");
    std::fs::remove_file(&hook).unwrap();
    let pushed = push("no hook");
    assert_eq!(pushed.codes, codes(&["ATT-003"]));
    assert!(pushed.text.contains("no update hook"), "{}", pushed.text);
    world.refused(
        "server",
        "server.git",
        &["git", "awo", "doctor"],
        "hooks-installed",
    );
    world.write("server.git/hooks/update", "#!/bin/sh\nexit 0\n");
    world.ok("server", "server.git", &["chmod", "+x", "hooks/update"]);
    assert_eq!(push("another's hook").codes, codes(&["ATT-003"]));
    // Ours beside another's, which then has its say.
    world.ok(
        "server",
        "server.git",
        &["git", "awo", "hooks", "install", "--server"],
    );
    let theirs = "#!/bin/sh\n[ \"$1\" != refs/heads/wip/no ]\n";
    world.write("server.git/hooks/update.before-awo", theirs);
    let refspecs = ["x", "no"].map(|it| format!("{good}:refs/heads/wip/{it}"));
    let tag = format!("{good}:refs/tags/v1");
    let pushed = world.pushes(
        "otto",
        &["--no-verify", "origin", &refspecs[0], &refspecs[1], &tag],
    );
    assert_ne!(pushed.code, 0, "{}", pushed.text);
    assert_eq!(world.at_server("refs/heads/wip/x"), good, "{}", pushed.text);
    assert_eq!(world.at_server("refs/heads/wip/no"), "", "{}", pushed.text);
    assert_eq!(world.at_server("refs/tags/v1"), "", "{}", pushed.text);
    // A hook that says yes to all: the transaction refuses what was not allowed.
    let text = std::fs::read_to_string(&hook).unwrap();
    let yes = text.replacen("#!/bin/sh\n", "#!/bin/sh\nexit 0\n", 1);
    std::fs::write(&hook, yes).unwrap();
    let pushed = world.pushes(
        "otto",
        &[
            "--no-verify",
            "origin",
            &format!("{good}:refs/heads/wip/y"),
            &tag,
        ],
    );
    assert!(pushed.text.contains("REP-003"), "{}", pushed.text);
    assert_eq!(world.at_server("refs/tags/v1"), "", "{}", pushed.text);
    // Bad records refuse all.
    world.ok(
        "server",
        "server.git",
        &["git", "awo", "hooks", "install", "--server"],
    );
    let push = |more: &str| {
        let before = world.server();
        let beside = format!("{good}:refs/heads/wip/z");
        let pushed = world.pushes("otto", &["--no-verify", "origin", &beside, more, &tag]);
        assert_ne!(pushed.code, 0, "{more}: {}", pushed.text);
        assert_eq!(world.server(), before, "{more}: {}", pushed.text);
    };
    push(&format!("{good}:refs/awo/other"));
    push(&format!("{good}:refs/heads/unnamed"));
    push(":refs/awo/ledger");
}

#[test]
fn a_client_says_so_first_and_stops_what_is_refused_as_a_whole() {
    let world = World::founded();
    world.takes_tags("");
    let good = world.work("wip/good");
    world.tag("otto", &["-a", "-m", "Not signed", "v1"]);
    let alone = world.pushes("otto", &["-q", "origin", "v1"]);
    let both = codes(&["ATT-003", "GOV-004"]);
    assert_eq!((alone.code, &alone.codes), (1, &both), "{}", alone.text);
    assert!(
        !alone.text.contains("remote:"),
        "the client's own hook: {}",
        alone.text
    );
    let both = world.pushes("otto", &["-q", "--follow-tags", "origin", "wip/good"]);
    assert_eq!(
        (both.code, &both.codes),
        (1, &codes(&["ATT-003"])),
        "{}",
        both.text
    );
    assert!(
        both.text.contains("refused by themselves: refs/tags/v1"),
        "{}",
        both.text
    );
    assert_eq!(world.at_server("refs/heads/wip/good"), good);
    assert_eq!(world.at_server("refs/tags/v1"), "");
    // Tags are not in the way of our own commands.
    world.ok("otto", "otto", &["git", "awo", "push"]);
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    // All entries that match must allow it.
    world.next_policy(3, None, |text| {
        format!("{text}{TAGS}\n[[tag]]\npattern = \"refs/tags/v1*\"\ncreators = [\"olga\"]\n")
    });
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    world.tag("otto", &["-s", "-f", "-m", "Signed", "v1"]);
    world.tag("otto", &["-s", "-f", "-m", "Signed", "v2"]);
    world.push_refused("otto", &["v1"], "GOV-004");
    world.push_accepted("otto", &["v2"]);
    world.clone_verifies();
}

#[test]
fn a_thousand_tags_come_in_one_push() {
    let world = World::founded_as("sha256");
    world.takes_tags("");
    world.work("wip/one");
    let make = "i=1; while [ $i -lt 999 ]; do echo \"create refs/tags/build/$i HEAD\"; i=$((i+1)); done | \
                git update-ref --stdin";
    world.ok("otto", "otto", &["sh", "-c", make]);
    world.tag("otto", &["-s", "-m", "One", "v1"]);
    let words = ["origin", "wip/one", "refs/tags/*:refs/tags/*"];
    let pushed = world.pushes("otto", &[&["-q", "--atomic"], &words[..]].concat());
    assert_eq!(pushed.code, 0, "{}", pushed.text);
    let listed = world.ok(
        "server",
        "server.git",
        &["git", "for-each-ref", "refs/tags"],
    );
    assert_eq!(listed.lines().count(), 999);
    world.clone_verifies();
    // One of them is wrong.
    world.tag("otto", &["bad"]);
    let pushed = world.pushes(
        "otto",
        &["-q", "--no-verify", "origin", "v1:refs/tags/build/x", "bad"],
    );
    assert_eq!(
        (pushed.code, pushed.codes),
        (1, codes(&["GOV-004"])),
        "{}",
        pushed.text
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
