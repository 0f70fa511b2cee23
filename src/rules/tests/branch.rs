//! Commits without a run: who may make them, and what may stand in their trees.

use super::story::*;
use crate::facts::case::{CommitKind, RollbackTarget};
use crate::record::tree::{Change, Fault, Mode, What};
use crate::record::{Findings, RepoPath};
use crate::rules;

const NOTHING: [&str; 0] = [];

/// A policy whose main takes direct commits, and whose entry has these further lines.
fn direct(more: &str) -> Told {
    let mut story = told(&[]);
    let text = document().replace(
        "accept = [\"governed\", \"rollback\"]\n",
        &format!("accept = [\"direct\"]\ndirect = [{{ writers = [\"role:operator\", \"rita\"], paths = [\"src/\"] }}]\n{more}"),
    );
    story.policy = policy(&text);
    story
}

impl Told {
    fn by(mut self, who: &str) -> Self {
        self.committer = name(who);
        self
    }

    fn with(mut self, changes: &[Change]) -> Self {
        self.changes = changes.to_vec();
        self
    }

    fn direct(&self) -> Vec<String> {
        self.judged(|case, _, findings| rules::direct(case, findings))
    }

    fn entries(&self) -> Vec<String> {
        self.judged(|case, _, findings| rules::entries(case, findings))
    }
}

#[test]
fn direct_commits_are_by_those_whom_the_policy_names() {
    assert_eq!(direct("").by("olga").direct(), NOTHING, "by role");
    assert_eq!(direct("").by("rita").direct(), NOTHING, "by name");
    assert_eq!(direct("").by("vera").direct(), ["GOV-003 direct-writers"]);
    assert_eq!(
        direct("").by("stranger").direct(),
        ["GOV-003 direct-writers"],
        "a person whom the policy does not name"
    );
    assert_eq!(
        direct("").by("olga").with(&[change("docs/a")]).direct(),
        ["GOV-003 direct-writers"]
    );
    assert_eq!(
        direct("")
            .by("rita")
            .with(&[change("src/keys/a"), change("src/b")])
            .direct(),
        ["GOV-003 keys"]
    );
    assert_eq!(
        direct("").by("olga").with(&[change("src/keys/a")]).direct(),
        NOTHING
    );
    assert_eq!(
        direct("").by("vera").with(&[]).direct(),
        ["GOV-003 direct-writers"],
        "even if nothing is changed"
    );
    let governed = told(&[]).with(&[change("src/keys/a")]);
    assert_eq!(
        governed.direct(),
        ["GOV-002 complete-chain", "GOV-003 keys"],
        "what else is wrong is told too"
    );
}

#[test]
fn merges_and_rewinds_need_the_policys_word() {
    for (parents, more, expected) in [
        (1, "", vec![]),
        (2, "merges = true\n", vec![]),
        (2, "", vec!["GOV-004 merge".to_owned()]),
        (3, "merges = false\n", vec!["GOV-004 merge".to_owned()]),
    ] {
        let mut story = direct(more);
        story.commit.parents = vec![id(9); parents];
        let found = story.judged(|case, _, findings| rules::merge(case, findings));
        assert_eq!(found, expected, "{parents} {more}");
    }
    for (more, rewinds) in [("", false), ("rewind = true\n", true)] {
        let story = direct(more);
        let rules = story.policy.ref_rules(&main()).unwrap();
        assert_eq!(rules.accepts_rewind(), rewinds);
    }
}

#[test]
fn an_adopted_tip_counts_if_every_entry_names_it() {
    let tip = |n: u8| format!("adopted = \"{}\"\n", id(n));
    let second = |more: &str| {
        format!(
            "[[ref]]\npattern = \"refs/heads/*\"\naccept = [\"direct\"]\ndirect = [{{ writers = [\"*\"], paths = [\"**\"] }}]\n{more}"
        )
    };
    for (first, more, adopted, all) in [
        (String::new(), String::new(), vec![], vec![]),
        (tip(5), String::new(), vec![id(5)], vec![id(5)]),
        (tip(5), second(&tip(5)), vec![id(5)], vec![id(5), id(5)]),
        (tip(5), second(&tip(6)), vec![], vec![id(5), id(6)]),
        (tip(5), second(""), vec![], vec![id(5)]),
        (String::new(), second(&tip(6)), vec![], vec![id(6)]),
    ] {
        let story = direct(&format!("{first}{more}"));
        let rules = story.policy.ref_rules(&main()).unwrap();
        assert_eq!(rules.adopted(), adopted, "{first}{more}");
        assert_eq!(story.policy.adopted().collect::<Vec<_>>(), all);
    }
}

#[test]
fn restrictions_are_of_the_refs_that_they_name() {
    let story = told(&[Edit::Policy(|it| {
        it.push_str("[[rule]]\nname = \"dev\"\nrefs = [\"refs/heads/dev\"]\npaths = [\"**\"]\nwriters = []\n");
    })]);
    let rules = story.policy.ref_rules(&main()).unwrap();
    assert_eq!(
        rules.restrictions().into_iter().collect::<Vec<_>>(),
        ["keys"]
    );
    assert_eq!(rules.reference(), &main());
}

fn entry(path: &str, old: Option<Mode>, new: Option<Mode>) -> Change {
    Change {
        path: RepoPath::from(path),
        old: old.map(|mode| (mode, id(21))),
        new: new.map(|mode| (mode, id(22))),
    }
}

#[test]
fn modes_need_a_place_in_the_policy() {
    use Mode::{Executable, File, Gitlink, Symlink};
    let story = || {
        told(&[Edit::Policy(|it| {
            *it = it.replace(
                "[tree]\n",
                "[tree]\nexecutable = [\"bin/\"]\nsymlinks = [\"links/\"]\n",
            );
        })])
    };
    for (path, old, new, refused) in [
        ("src/a", None, Some(File), false),
        ("src/a", None, Some(Executable), true),
        ("src/a", Some(File), Some(Executable), true),
        ("src/a", Some(Executable), Some(Executable), false),
        ("bin/a", None, Some(Executable), false),
        ("src/a", None, Some(Symlink), true),
        ("src/a", Some(Symlink), Some(Symlink), true),
        ("links/a", None, Some(Symlink), false),
        ("src/a", None, Some(Gitlink), true),
        ("bin/a", None, Some(Gitlink), true),
        ("src/a", Some(Gitlink), None, false),
    ] {
        let found = story().with(&[entry(path, old, new)]).entries();
        let expected: &[&str] = if refused {
            &["INT-003 tree-entry-mode"]
        } else {
            &[]
        };
        assert_eq!(found, expected, "{path} {old:?} {new:?}");
    }
}

#[test]
fn long_and_deep_paths_are_refused_where_they_are_new() {
    let limits = "[limits]\npath_bytes = 20\ncomponent_bytes = 10\ntree_depth = 3\n";
    let mut story = told(&[]);
    story.policy = policy(&format!("{}{limits}", document()));
    for (path, expected) in [
        ("a234567890", None),
        ("a2345678901", Some("INT-003 tree-entry-length")),
        ("a23456789/b234567890", None),
        ("a23456789/b23456789/c", Some("INT-003 tree-entry-length")),
        ("a2345678901/b2345678", Some("INT-003 tree-entry-length")),
        ("a/b/c/d", None),
        ("a/b/c/d/e", Some("INT-006 tree-depth")),
    ] {
        for (old, expected) in [(None, expected), (Some(Mode::File), None)] {
            story.changes = vec![entry(path, old, Some(Mode::File))];
            let expected: Vec<_> = expected.into_iter().map(str::to_owned).collect();
            assert_eq!(story.entries(), expected, "{path} {old:?}");
        }
    }
    story.changes = vec![entry("a23456789/b23456789/c", None, Some(Mode::File))];
    story.judged(|case, _, findings| {
        rules::entries(case, findings);
        let found: Vec<_> = findings.iter().map(|it| it.found.clone()).collect();
        assert_eq!(found, ["a path or a component of 21 bytes"]);
    });
}

#[test]
fn each_fault_of_a_tree_has_its_rule() {
    let mut story = told(&[]);
    let fault = |what| Fault {
        path: RepoPath::from("src/x"),
        what,
    };
    let with = b"src/X".to_vec();
    let (mode, link) = (Mode::Executable, false);
    for (what, rule, unseen) in [
        (What::Empty, "INT-003 tree-entry-empty", true),
        (What::Null, "INT-003 tree-entry-object", true),
        (What::Kind("tree"), "INT-003 object-kind", true),
        (
            What::Collides { with, link },
            "INT-003 tree-entry-collision",
            true,
        ),
        (What::Mode { mode }, "INT-003 tree-entry-mode", true),
        (What::Name("bad"), "INT-003 tree-entry-name", false),
        (What::Odd("odd"), "INT-003 tree-entry-name", false),
    ] {
        story.faults = vec![fault(what)];
        assert_eq!(story.entries(), [rule]);
        let found = story.judged(|case, _, findings| rules::unseen(case, findings));
        let expected: &[&str] = if unseen { &[rule] } else { &[] };
        assert_eq!(found, expected, "what no path shows");
    }
}

#[test]
fn findings_say_what_was_done_to_a_path() {
    let story = told(&[]);
    let contract = &story.facts.contract.valid().unwrap().predicate().contract;
    let subject = crate::record::Subject::none();
    for (old, new, word) in [
        (None, Some(Mode::File), "added"),
        (Some(Mode::File), None, "deleted"),
        (Some(Mode::File), Some(Mode::File), "changed"),
    ] {
        let mut findings = Findings::new();
        let changes = [entry("src/vendor/a", old, new)];
        rules::scope::contract_scope(contract, &changes, |_| false, &subject, &mut findings);
        let found: Vec<_> = findings
            .iter()
            .map(|it| (it.found.clone(), it.expected.clone()))
            .collect();
        let expected = (
            word.to_owned(),
            "nothing under src/vendor/ touched".to_owned(),
        );
        assert_eq!(found, [expected]);
    }
}

#[test]
fn a_commit_is_what_its_trailers_say() {
    let of = |trailers: &str| CommitKind::of(&commit(&format!("Title\n\n{trailers}")));
    let run = |text: &str| crate::record::RunId::new(text.to_owned()).unwrap();
    let back = |claim| CommitKind::Rollback(claim);
    assert_eq!(of(""), CommitKind::Direct);
    assert_eq!(
        of("AWO-Run: run_one\n"),
        CommitKind::Governed(run("run_one"))
    );
    assert_eq!(
        of("AWO-Rollback: run_one\n"),
        back(RollbackTarget::Run(run("run_one")))
    );
    let reverts = of(&format!("This reverts commit {}.\n", id(9)));
    assert_eq!(reverts, back(RollbackTarget::Commit(id(9))));
    for unclear in [
        "AWO-Rollback: no run\n",
        "AWO-Rollback: run_one\nAWO-Rollback: run_two\n",
    ] {
        let claim = of(unclear);
        let as_expected = matches!(claim, CommitKind::Rollback(RollbackTarget::Unclear(_)));
        assert!(as_expected, "{unclear}: {claim:?}");
    }
    for confused in [
        "AWO-Run: no run\n",
        "AWO-Task: T-1\n",
        "AWO-Root: 00\n",
        "AWO-Run: run_one\nAWO-Run: run_two\n",
        "AWO-Run: run_one\nAWO-Rollback: run_one\n",
        "AWO-Task: T-1\nAWO-Rollback: run_one\n",
        "AWO-Root: 00\nAWO-Rollback: run_one\n",
    ] {
        let claim = of(confused);
        assert!(
            matches!(claim, CommitKind::Confused(_)),
            "{confused}: {claim:?}"
        );
    }
}
