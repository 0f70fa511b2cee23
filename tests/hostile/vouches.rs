//! Commits by people outside the project, and the members who vouch for them.

use git_awo::records::Kind;

use super::Case;
use super::door::Door;
use super::forge::LEDGER;
use crate::world::{RUN, World};

pub const CASES: &[Case] = &[
    Case {
        id: "V-60",
        attack: "commits without a signature, for which nobody vouches",
        answer: "ATT-003",
        tests: &[
            "hostile::vouches::a_range_lands_as_it_was_vouched_for",
            "src/check/tests/vouches::a_range_lands_whole_if_somebody_vouches_for_it",
        ],
    },
    Case {
        id: "V-61",
        attack: "one commit more than the vouch is for, or a part of its range",
        answer: "ATT-003",
        tests: &[
            "hostile::vouches::a_range_lands_as_it_was_vouched_for",
            "src/check/tests/vouches::a_range_lands_whole_if_somebody_vouches_for_it",
        ],
    },
    Case {
        id: "V-62",
        attack: "a vouch for one branch, used on another",
        answer: "ATT-003",
        tests: &[
            "hostile::vouches::a_range_lands_as_it_was_vouched_for",
            "src/check/tests/vouches::a_range_lands_whole_if_somebody_vouches_for_it",
        ],
    },
    Case {
        id: "V-62a",
        attack: "what main took by a vouch, pushed to a branch for which no vouch for main counts",
        answer: "ATT-003, and what lets it count",
        tests: &[
            "hostile::vouches::a_branch_on_a_main_that_took_a_vouch_is_refused_until_that_counts_there",
            "src/check/tests/vouches::a_range_lands_whole_if_somebody_vouches_for_it",
        ],
    },
    Case {
        id: "V-63",
        attack: "a vouch by somebody whom the policy does not name for the branch, also a root",
        answer: "ATT-001",
        tests: &[
            "hostile::vouches::only_those_vouch_whom_the_policy_names",
            "src/check/tests/vouches::a_vouch_is_by_whom_the_policy_names_and_of_its_range",
        ],
    },
    Case {
        id: "V-64",
        attack: "a vouch with the number or the digest of other commits, or from another base",
        answer: "ATT-002",
        tests: &["src/check/tests/vouches::a_vouch_is_by_whom_the_policy_names_and_of_its_range"],
    },
    Case {
        id: "V-65",
        attack: "a vouch for a commit that changes protected paths, paths of others, or ones that are not granted",
        answer: "GOV-003",
        tests: &[
            "hostile::vouches::a_vouch_opens_no_path",
            "src/check/tests/vouches::whoever_vouches_answers_for_each_path",
        ],
    },
    Case {
        id: "V-66",
        attack: "a vouch for commits with the trailers of a run, or of a roll-back of one",
        answer: "GOV-002, GOV-008",
        tests: &[
            "hostile::vouches::a_vouch_stands_for_no_run",
            "src/check/tests/vouches::a_vouch_makes_nothing_governed",
        ],
    },
    Case {
        id: "V-67",
        attack: "others' commits where only runs land, and the policy names nobody who may vouch",
        answer: "ATT-003, GOV-002",
        tests: &["hostile::vouches::a_range_lands_as_it_was_vouched_for"],
    },
    Case {
        id: "V-68",
        attack: "a vouch used after its maker may vouch no more; what landed by it stays",
        answer: "GOV-003",
        tests: &[
            "src/check/tests/vouches::what_landed_by_a_vouch_stays_when_its_maker_may_vouch_no_more",
        ],
    },
];

/// olga may vouch on `wip/**`, below `src/` and `keys/`.
fn vouching() -> Door {
    let world = World::landed();
    world.next_policy(2, None, |text| {
        let paths = "paths = [\"src/\", \"docs/\", \"test_strings.py\"]\n";
        let vouched =
            "[[ref.vouched]]\nwriters = [\"olga\"]\npaths = [\"src/\", \"keys/\", \".github/\"]\n";
        text.replace(
            "accept = [\"direct\"]",
            "accept = [\"direct\", \"vouched\"]",
        )
        .replace(paths, &format!("{paths}\n{vouched}"))
    });
    Door::new(world, "olga")
}

/// A commit by nobody whom the policy knows, with this file besides, in olga's clone.
fn foreign(door: &Door, parents: &[&str], path: &str, message: &str) -> String {
    let world = &door.world;
    let script = format!(
        "export GIT_INDEX_FILE=$(mktemp -u) GIT_AUTHOR_NAME=Eve GIT_AUTHOR_EMAIL=eve@example.org \
         GIT_COMMITTER_NAME=Eve GIT_COMMITTER_EMAIL=eve@example.org\n\
         git read-tree {} && blob=$(echo '{path}' | git hash-object -w --stdin) && \
         git update-index --add --cacheinfo 100644,$blob,{path} && \
         printf '%s' \"$1\" | git commit-tree --no-gpg-sign {} $(git write-tree); rm -f $GIT_INDEX_FILE",
        parents[0],
        parents
            .iter()
            .map(|it| format!("-p {it} "))
            .collect::<String>(),
    );
    let words = ["sh", "-c", &script, "sh", message];
    world.ok("olga", "olga", &words).trim().to_owned()
}

/// Five commits by others on main, one of them a merge; the last of them.
fn range(door: &Door) -> Vec<String> {
    let (tip, _) = door.base();
    let mut commits = vec![foreign(door, &[&tip], "src/a.py", "One\n")];
    let first = commits[0].clone();
    for (path, from) in [("src/b.py", &first), ("src/c.py", &first)] {
        commits.push(foreign(door, &[from], path, "More\n"));
    }
    let (left, right) = (commits[1].clone(), commits[2].clone());
    commits.push(foreign(door, &[&left, &right], "src/c.py", "Merge\n"));
    let last = foreign(door, &[&commits[3]], "src/d.py", "Last\n");
    commits.push(last);
    commits
}

fn vouches(door: &Door, range: &str, branch: &str) -> String {
    let words = [
        "git", "awo", "vouch", range, "--ref", branch, "--reason", "reviewed",
    ];
    door.world.ok("olga", "olga", &words)
}

/// A world in whose ledger at olga's stands a vouch that the server does not have.
pub fn vouched() -> World {
    let door = vouching();
    vouches(&door, &range(&door)[4], "wip/topic");
    door.world
}

#[test]
fn a_range_lands_as_it_was_vouched_for() {
    let door = vouching();
    let world = &door.world;
    let commits = range(&door);
    let (first, tip) = (&commits[0], &commits[4]);
    let (main, _) = door.base();
    let to = |id: &str, name: &str| format!("{id}:refs/heads/{name}");
    door.refuses("without a vouch", tip, &["ATT-003"]);
    let said = door
        .refuses_push("the same", &[&to(tip, "wip/topic")], &["ATT-003"])
        .text;
    let said: String = said
        .replace("remote:", " ")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    let remedy = "--ref refs/heads/wip/topic --reason TEXT";
    assert!(
        said.contains("git awo vouch") && said.contains(remedy),
        "{said}"
    );
    door.verify_finds_all(&[(tip, "ATT-003")]);

    let said = vouches(&door, tip, "wip/topic");
    assert!(
        said.contains("vouch for 5 commits on refs/heads/wip/topic"),
        "{said}"
    );
    assert!(said.contains("Eve"), "{said}");
    let more = foreign(&door, &[tip], "src/e.py", "More\n");
    for (what, refspec, codes) in [
        ("one more", to(&more, "wip/topic"), &["ATT-003"][..]),
        ("a part", to(first, "wip/topic"), &["ATT-003"]),
        ("another branch", to(tip, "wip/other"), &["ATT-003"]),
        (
            "where only runs land",
            to(tip, "main"),
            &["ATT-003", "GOV-002", "GOV-004"],
        ),
    ] {
        door.refuses_push(what, &[&refspec, LEDGER], codes);
    }
    // A member merges it into what others have done meanwhile.
    let tree = world.rev("olga", &format!("{tip}^{{tree}}"));
    let merge = door.raw().commit(&tree, &[&main, tip], "Merge topic\n");
    door.accepts_push("merged", &[&to(&merge, "wip/topic"), LEDGER]);
    let said = world.ok("olga", "olga", &["git", "awo", "show", first]);
    assert!(
        said.contains("vouch") && said.contains("reviewed"),
        "{said}"
    );
    let said = world.ok("olga", "olga", &["git", "awo", "log", tip]);
    assert!(said.contains("[vouched for by olga]"), "{said}");
    // Moved forward to it, the whole of it.
    vouches(&door, tip, "wip/whole");
    door.accepts_push("moved forward", &[&to(tip, "wip/whole"), LEDGER]);
}

/// main takes olga's direct commits and those for which she vouches; `wip/**` too, if there is more
/// about that.
fn vouching_on_main(world: &World, version: u32, more: &str) {
    let vouched = "vouched = [{ writers = [\"olga\"], paths = [\"src/\"] }]\n";
    let direct = "direct = [{ writers = [\"olga\"], paths = [\"src/\"] }]\n";
    let main = format!("accept = [\"direct\", \"vouched\"]\nmerges = true\n{direct}{vouched}");
    let wip = match more {
        "" => "accept = [\"direct\"]\n".to_owned(),
        more => format!("accept = [\"direct\", \"vouched\"]\n{more}{vouched}"),
    };
    world.next_policy(version, None, |text| {
        let text = text.replace("accept = [\"direct\"]\n", &wip);
        text.replace("accept = [\"governed\", \"rollback\"]\n", &main)
    });
}

#[test]
fn a_branch_on_a_main_that_took_a_vouch_is_refused_until_that_counts_there() {
    let door = Door::new(World::founded(), "olga");
    let world = &door.world;
    vouching_on_main(world, 2, "");
    let (main, _) = door.base();
    let tip = foreign(&door, &[&main], "src/eve.py", "Add it\n");
    vouches(&door, &tip, "main");
    let tree = world.rev("olga", &format!("{tip}^{{tree}}"));
    let merge = door.raw().commit(&tree, &[&main, &tip], "Merge it\n");
    door.accepts_push("merged", &[&format!("{merge}:refs/heads/main"), LEDGER]);
    let work = door.raw().commit(&tree, &[&merge], "Work\n");
    let said = door.refuses("on main", &work, &["ATT-003"]).text;
    let said = said.replace("remote:", " ");
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    let missing = "ask a root for `vouched` and vouched_for = [\"refs/heads/main\"] in the [[ref]]";
    assert!(said.contains(missing), "{said}");
    let own = door.raw().commit(&tree, &[&main], "Mine\n");
    door.accepts("on what main was before", &own);
    // As the remedy says.
    vouching_on_main(world, 3, "vouched_for = [\"refs/heads/main\"]\n");
    door.accepts("where it counts", &work);
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
}

#[test]
fn a_fresh_clone_verifies_what_others_wrote() {
    let door = vouching();
    let tip = &range(&door)[4];
    vouches(&door, tip, "wip/topic");
    // The record first, and the commits later.
    door.accepts_push("the record", &[LEDGER]);
    door.accepts_push("the commits", &[&format!("{tip}:refs/heads/wip/topic")]);
    door.world.fresh_clone();
    door.world.ok("vera", "vera", &["git", "awo", "verify"]);
    let range = format!("{tip}~1..{tip}");
    door.world
        .ok("vera", "vera", &["git", "awo", "verify", &range]);
    door.world.ok("rita", "rita", &["git", "awo", "fetch"]);
}

#[test]
fn only_those_vouch_whom_the_policy_names() {
    let door = vouching();
    let tip = &range(&door)[4];
    let words = |range, branch| {
        [
            "git", "awo", "vouch", range, "--ref", branch, "--reason", "reviewed",
        ]
    };
    let world = &door.world;
    world.refused("olga", "olga", &words(tip, "main"), "ATT-001");
    world.refused("olga", "olga", &words(tip, "nowhere"), "GOV-004");
    world.ok("rita", "rita", &["git", "fetch", "-q", "../olga", tip]);
    world.refused("rita", "rita", &words(tip, "wip/topic"), "ATT-001");
    // What olga says, said and signed by otto.
    vouches(&door, tip, "wip/topic");
    let listed = world.ok("olga", "olga", &["git", "ls-tree", "--name-only", LEDGER]);
    let path = listed.lines().find(|it| it.contains("@vouch-")).unwrap();
    let envelope = world.ok(
        "olga",
        "olga",
        &["git", "show", &format!("{LEDGER}:{path}")],
    );
    let envelope = git_awo::record::envelope::Envelope::parse(envelope.trim_end().as_bytes());
    let payload = envelope.unwrap().payload().to_vec();
    let payload = String::from_utf8(payload)
        .unwrap()
        .replace("\"olga\"", "\"otto\"");
    world.ok("otto", "otto", &["git", "awo", "fetch"]);
    let otto = Door::new(door.world, "otto");
    let forged = otto.sealed(Kind::Vouch, payload);
    let path = format!("{tip}@vouch-{}.dsse.json", forged.digest());
    let commit = otto.grown(LEDGER, &[(&path, Some(&forged.to_bytes()))]);
    otto.refuses_push("by otto", &[&format!("{commit}:{LEDGER}")], &["ATT-001"]);
}

#[test]
fn a_vouch_opens_no_path() {
    let door = vouching();
    let (main, _) = door.base();
    for (path, allowed) in [
        (".github/workflows/ci.yml", false),
        ("Makefile", false),
        ("keys/root.pub", true),
        ("src/fine.py", true),
    ] {
        let tip = foreign(&door, &[&main], path, "Work\n");
        let words = [
            "git",
            "awo",
            "vouch",
            &tip,
            "--ref",
            "wip/paths",
            "--reason",
            "reviewed",
        ];
        match allowed {
            true => _ = door.world.ok("olga", "olga", &words),
            false => _ = door.world.refused("olga", "olga", &words, "GOV-003"),
        }
    }
}

#[test]
fn a_vouch_stands_for_no_run() {
    let door = vouching();
    let (main, _) = door.base();
    let trailers = format!("Align\n\nAWO-Run: {RUN}\nAWO-Task: T-1\nAWO-Root: x\n");
    let back = format!("Back\n\nAWO-Rollback: {RUN}\n");
    for (message, code) in [(trailers, "GOV-002"), (back, "GOV-008")] {
        let tip = foreign(&door, &[&main], "src/x.py", &message);
        let words = [
            "git", "awo", "vouch", &tip, "--ref", "wip/runs", "--reason", "reviewed",
        ];
        door.world.refused("olga", "olga", &words, code);
    }
    // git's own revert of a contributor's commit is a change like any other.
    let plain = foreign(&door, &[&main], "src/x.py", "Work\n");
    let message = format!("Revert \"Work\"\n\nThis reverts commit {plain}.\n");
    let tip = foreign(&door, &[&plain], "src/y.py", &message);
    vouches(&door, &tip, "wip/revert");
    door.accepts_push(
        "a revert",
        &[&format!("{tip}:refs/heads/wip/revert"), LEDGER],
    );
}
