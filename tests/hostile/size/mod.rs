//! Resource limits: at the limit accepted, at one more refused; what is hostile costs little.

mod bombs;
mod costs;
mod files;
mod pushes;
mod records;

use super::Case;
use super::door::Door;
use crate::figure::figure;
use crate::world::policy;

pub const CASES: &[Case] = &[
    Case {
        id: "D-01",
        attack: "components of 256 bytes, paths of 4,097, directories 65 deep",
        answer: "INT-003, INT-006",
        tests: &["hostile::size::components_and_paths_at_the_limit_and_one_more"],
    },
    Case {
        id: "D-02",
        attack: "1,001 refs in one push; 5,000 of them",
        answer: "INT-006",
        tests: &[
            "hostile::size::pushes::refs_at_the_limit_and_one_more",
            "hostile::size::costs::hostile_pushes_cost_little",
        ],
    },
    Case {
        id: "D-03",
        attack: "10,001 commits in one push",
        answer: "INT-006",
        tests: &[
            "hostile::size::pushes::commits_at_the_limit_and_one_more",
            "hostile::size::pushes::ten_thousand_commits_and_one_more",
        ],
    },
    Case {
        id: "D-04",
        attack: "100,001 changed paths in one push, over one commit or several",
        answer: "INT-006",
        tests: &[
            "hostile::size::pushes::paths_at_the_limit_and_one_more",
            "hostile::size::pushes::a_hundred_thousand_paths_and_one_more",
        ],
    },
    Case {
        id: "V-80",
        attack: "more work in one push than the policy allows, on one branch and on two",
        answer: "INT-006, said once; in parts it is accepted",
        tests: &["hostile::size::pushes::work_beyond_the_limit_goes_in_parts"],
    },
    Case {
        id: "D-05",
        attack: "evidence, records and inventories larger than the policy allows",
        answer: "INT-006",
        tests: &["hostile::size::records::a_run_at_the_limits_of_its_policy_and_one_more"],
    },
    Case {
        id: "D-06, R-21",
        attack: "a record of 100 MB, of 64 MiB zeros in a small pack, of 100,000 levels",
        answer: "INT-006",
        tests: &["hostile::size::records::huge_and_deep_records"],
    },
    Case {
        id: "D-07",
        attack: "10^9 paths from 9 tree objects; large trees in many commits, commits with many parents, \
                 merges with a distant merge base, bad names, empty trees, on every kind of ref",
        answer: "INT-006",
        tests: &[
            "hostile::size::bombs::merges_of_what_parted_long_ago_cost_little",
            "hostile::size::bombs::a_merge_of_very_many_costs_little",
            "hostile::size::costs::hostile_pushes_cost_little",
            "hostile::size::bombs::what_small_pushes_stand_for_costs_little_however_it_is_divided",
        ],
    },
    Case {
        id: "D-09",
        attack: "governance refs with symlinks or executable files in an intermediate commit; governance \
                 refs without records",
        answer: "INT-003, STR-002",
        tests: &["hostile::size::bombs::a_governance_ref_keeps_what_was_recorded_in_every_commit"],
    },
    Case {
        id: "D-08",
        attack: "benign: 100,000 refs on the server",
        answer: "accepted",
        tests: &["hostile::size::costs::a_hundred_thousand_refs_are_verified_soon"],
    },
    Case {
        id: "U-09",
        attack: "a file beyond the limit, also undone by the next commit, and by a run",
        answer: "INT-006, with the key of the policy",
        tests: &[
            "hostile::size::files::a_file_at_the_limit_and_one_more",
            "hostile::size::files::a_run_makes_no_file_beyond_the_limit",
        ],
    },
    Case {
        id: "U-09a",
        attack: "benign: files of hundreds of mebibytes, one as a delta of another",
        answer: "accepted, and verified in little memory",
        tests: &[
            "hostile::size::files::files_of_hundreds_of_mebibytes_verify_in_little_memory",
            "src/git/large::what_is_hashed_in_pieces_is_what_git_stored",
        ],
    },
    Case {
        id: "U-46",
        attack: "a note of thousands of lines, without a key; an approval of one run again and again",
        answer: "INT-006 beyond 1,000 lines in a push, soon; a hundred approvals are accepted",
        tests: &[
            "hostile::size::costs::a_note_of_many_lines_costs_little",
            "src/check/tests/notes::one_push_adds_so_many_lines_to_a_note",
        ],
    },
];

/// So many limits hold: what is at the limit was accepted, and one more refused.
fn held(limits: usize) {
    let name = "limits tried: accepted at the limit, refused at one more";
    figure(name, limits, "0 fail", "0 fail");
}

/// otto's door, with a policy of these limits.
fn door_with(limits: &str) -> Door {
    let door = Door::of_otto();
    let (tip, _) = door.base();
    let limits = format!("[limits]\n{limits}\n");
    door.world
        .next_policy(2, None, |_| policy(2, &tip, &limits));
    door
}

/// A commit with a file at this path below `src/`, whatever the path is.
fn commit_at(door: &Door, path: &[&str]) -> String {
    let raw = door.raw();
    let blob = raw.blob("x\n");
    let (file, directories) = path.split_last().unwrap();
    let mut entry = ("100644", *file, blob);
    for name in directories.iter().rev() {
        let tree = raw.tree(&[(entry.0, entry.1.as_bytes(), &entry.2)]);
        entry = ("40000", name, tree);
    }
    door.commit_in_src(&[(entry.0, entry.1.as_bytes(), &entry.2)])
}

#[test]
fn components_and_paths_at_the_limit_and_one_more() {
    let door = Door::of_otto();
    let long = "n".repeat(256);
    // `src/` and fifteen directories of 255 bytes with their slashes are 3,844 bytes.
    let path = |rest: usize| {
        let mut path = vec![&long[..255]; 15];
        path.push(&long[..rest]);
        commit_at(&door, &path)
    };
    let names = ["d"; 65];
    door.accepts(
        "a component of 255 bytes",
        &commit_at(&door, &[&long[..255]]),
    );
    door.accepts(
        "a directory of 255 bytes",
        &commit_at(&door, &[&long[..255], "x"]),
    );
    door.accepts("a path of 4,096 bytes", &path(252));
    // src itself is one of the 64.
    door.accepts("64 directories", &commit_at(&door, &names[..64]));
    let int3: &[&str] = &["INT-003"];
    let table = [
        ("a component of 256 bytes", commit_at(&door, &[&long]), int3),
        (
            "a directory of 256 bytes",
            commit_at(&door, &[&long, "x"]),
            int3,
        ),
        ("a path of 4,097 bytes", path(253), int3),
        ("65 directories", commit_at(&door, &names), &["INT-006"]),
    ];
    let table = table.map(|(what, id, codes)| (what.to_owned(), id, codes));
    door.refuses_each(&table);
    let forced: Vec<_> = table.iter().map(|it| (it.1.as_str(), it.2[0])).collect();
    door.verify_finds_all(&forced);
    held(table.len());
}

#[test]
fn a_policy_lowers_lengths_and_depth() {
    let door = door_with("component_bytes = 12\npath_bytes = 20\ntree_depth = 3");
    door.accepts("within", &commit_at(&door, &["a", "b", "c"]));
    door.accepts(
        "a path of 20 bytes",
        &commit_at(&door, &["abcdefg", "abcdefgh"]),
    );
    door.accepts(
        "a component of 12 bytes",
        &commit_at(&door, &["abcdefghijkl"]),
    );
    let table = [
        (
            "a path of 21 bytes",
            commit_at(&door, &["abcdefg", "abcdefghi"]),
            "INT-003",
        ),
        (
            "a component of 13 bytes",
            commit_at(&door, &["abcdefghijklm"]),
            "INT-003",
        ),
        (
            "4 directories",
            commit_at(&door, &["a", "b", "c", "d"]),
            "INT-006",
        ),
    ];
    for (what, commit, code) in &table {
        door.refuses(what, commit, &[code]);
    }
    held(table.len());
}
