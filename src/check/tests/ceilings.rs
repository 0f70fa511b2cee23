//! What a mission has changed is counted the same however it is split.

use std::collections::{BTreeMap, BTreeSet};

use super::world::*;
use crate::facts::ceiling::{Counted, Landing, Window};
use crate::facts::position::{Logged, Positions};
use crate::facts::run::Collector;
use crate::record::ceiling::Figures;
use crate::record::contract::Contract;
use crate::record::tree::Mode;
use crate::record::{ObjectId, RunId, TaskId, Timestamp, lines};
use crate::records::*;
use crate::store::layout::{self, LedgerPath};
use crate::store::ledger::{Records, Refs, spent};

const TABLE: &str = "requires = [\"ceiling/1\"]\nschema =";

fn set(text: &mut String) {
    *text = text.replacen("schema =", TABLE, 1);
    text.push_str("[[ceiling]]\nfor = [\"orchestrator\"]\nlevel = \"L0\"\n");
}

/// A generator of numbers, the same each time.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, most: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % most
    }
}

/// Runs that have landed, one after the other.
struct Mission {
    world: World,
    shelf: Shelf,
    /// Where all refs are after each step.
    steps: Vec<Refs>,
    /// What the runs have changed, counted by hand.
    expected: Figures,
    paths: BTreeSet<String>,
    last: (RunId, ObjectId, ObjectId),
}

impl Mission {
    fn new() -> Self {
        let world = World::new(&[Edit::Policy(set)]);
        let shelf = world.shelf(Stage::Founded);
        let steps = vec![world.refs(Stage::Founded)];
        let last = (run_id(), world.base, world.base);
        Self {
            world,
            shelf,
            steps,
            expected: Figures::default(),
            paths: BTreeSet::new(),
            last,
        }
    }

    fn context(&self, who: &str, role: &str) -> Context {
        Context {
            identity: name(who),
            policy: self.world.policy,
            repository: self.world.repository,
            role: role.to_owned(),
        }
    }

    fn contract(&self, task: &TaskId) -> Contract {
        let mut draft = texts_contract();
        draft.id = task.clone();
        draft.check().unwrap()
    }

    /// Writes what makes a run of a task, from one commit to another.
    fn run(&mut self, number: usize, task: &TaskId, base: ObjectId, commit: ObjectId) {
        let run = RunId::new(format!("run_{number}")).unwrap();
        let says = ContractPredicate {
            context: self.context("olga", "operator"),
            contract: self.contract(task),
        };
        let contract = sealed(says, "olga");
        self.shelf
            .put(&Kind::Contract.of(task), contract.to_bytes());
        let blob = self.world.repo.write_blob(&contract.to_bytes()).unwrap();
        let mut says = self.world.approval_says();
        says.contract = contract.digest();
        says.task = task.clone();
        says.nonce = format!("n{number}");
        let approval = sealed(says, "olga");
        self.shelf.note(segment(&approval), blob, &approval);
        self.shelf
            .put(&LedgerPath::Spent(approval.digest()), spent(&run));
        let says = RunPredicate {
            approvals: vec![approval.digest()],
            base,
            commit,
            contract: contract.digest(),
            run: run.clone(),
            task: task.clone(),
            tree: self.world.repo.tree_of(commit).unwrap(),
            ..self.world.run.clone()
        };
        self.shelf
            .put(&Kind::Run.of(&run), sealed(says, "otto").to_bytes());
        // It is there, and nothing else is asked of it.
        let finalization = self.world.finalization.to_bytes();
        self.shelf.put(&Kind::Finalization.of(&run), finalization);
        self.last = (run, base, commit);
    }

    /// The branch is there now, with all records.
    fn step(&mut self, tip: ObjectId) {
        self.shelf.branches.insert(main(), tip);
        let before = self.steps.last().unwrap();
        let after = self.world.commit(before, &self.shelf);
        self.steps.push(after);
    }

    fn commit(&self, files: &Files, parents: &[ObjectId], message: &str) -> ObjectId {
        let tree = tree(&self.world.repo, files);
        commit(&self.world.repo, tree, parents, message, Some("otto"))
    }

    /// Counts by hand what changed between two trees.
    fn count(&mut self, before: &Files, after: &Files) {
        let all: BTreeSet<_> = before.keys().chain(after.keys()).cloned().collect();
        for path in all {
            let content = |files: &Files| files.get(&path).map(|it| it.1.clone());
            let (old, new) = (content(before), content(after));
            if before.get(&path) != after.get(&path) {
                self.expected.lines += lines::changed(old.as_deref(), new.as_deref());
                self.paths.insert(path);
            }
        }
        let parent = |path: &String| {
            path.rsplit_once('/')
                .map_or(String::new(), |it| it.0.to_owned())
        };
        let directories: BTreeSet<_> = self.paths.iter().map(parent).collect();
        self.expected.files = self.paths.len() as u64;
        self.expected.directories = directories.len() as u64;
    }

    /// Returns the refs after the steps up to each of these, with a receipt each.
    fn pushed(&self, cuts: &[usize], at: impl Fn(usize) -> Timestamp) -> Refs {
        let mut before = Refs::new();
        for cut in cuts {
            let mut after = self.steps[*cut].clone();
            after.extend(before.get(&layout::log()).map(|it| (layout::log(), *it)));
            let time = at(*cut);
            self.world
                .receive(&before, &mut after, |it| it.says.time = time);
            before = after;
        }
        before
    }

    /// Returns what is counted of the task and of otto, at the door, or as `verify` does at the last entry.
    fn counted(&self, refs: &Refs, logged: bool, time: Timestamp) -> (Counted, Window) {
        let (history, nothing) = (self.world.history(), BTreeSet::new());
        let log = Logged::default();
        let records = Records::open(&self.world.repo, refs).unwrap();
        let collector = Collector {
            records: &records,
            history: &history,
            positions: match logged {
                true => Positions::Logged(&log),
                false => Positions::Arriving(&nothing),
            },
            time,
            arriving_policies: None,
            measures: Default::default(),
        };
        let entry = refs.get(&layout::log()).copied();
        let landing = Landing {
            logged: entry.filter(|_| logged),
            time,
        };
        let (run, base, commit) = &self.last;
        let tree = |it: ObjectId| self.world.repo.tree_of(it).unwrap();
        let trees = (Some(tree(*base)), tree(*commit));
        let policy = &history.current().policy;
        let contract = self.contract(&task());
        let of = (&name("otto"), policy);
        let facts = collector
            .ceiling(of, &contract, (run, trees), landing)
            .unwrap();
        (facts.task, facts.window)
    }
}

fn texts_contract() -> crate::record::contract::ContractDraft {
    let world = World::new(&[]);
    let says: ContractPredicate = Statement::parse(world.contract.payload())
        .unwrap()
        .predicate;
    says.contract.into()
}

/// Changes some of the files: new ones, gone ones, renamed and changed ones.
fn change(files: &mut Files, numbers: &mut Numbers) {
    for _ in 0..=numbers.next(3) {
        let path = format!("src/{}/{}", numbers.next(3), numbers.next(4));
        let text: String = (0..numbers.next(6))
            .map(|_| format!("{}\n", numbers.next(4)))
            .collect();
        let known: Vec<_> = files.keys().cloned().collect();
        let old = known[numbers.next(known.len())].clone();
        match numbers.next(4) {
            0 if files.len() > 2 => _ = files.remove(&old),
            1 if files.len() > 2 => {
                let content = files.remove(&old).unwrap();
                files.insert(path, content);
            }
            _ => _ = files.insert(path, (Mode::File, text.into_bytes())),
        }
    }
}

#[test]
fn a_change_counts_the_same_however_it_is_split() {
    for seed in 1..=6 {
        let mut numbers = Numbers(seed);
        let mut mission = Mission::new();
        let versions = ["T-1", "T-1-v2", "T-1-v7"].map(|it| TaskId::new(it).unwrap());
        let (mut tip, mut files) = (mission.world.base, sources());
        let number_of_runs = 2 + numbers.next(5);
        let mut runs = BTreeMap::new();
        for number in 0..number_of_runs {
            let before = files.clone();
            change(&mut files, &mut numbers);
            // One that changes nothing is none.
            files.insert(
                "src/always".to_owned(),
                (Mode::File, format!("{number}\n").into_bytes()),
            );
            let message = format!(
                "It\n\nAWO-Run: run_{number}\nAWO-Task: T-1\nAWO-Root: {}\n",
                sha(1)
            );
            let base = tip;
            let own = mission.commit(&files, &[base], &message);
            mission.run(number, &versions[numbers.next(3)], base, own);
            mission.count(&before, &files);
            tip = own;
            runs.insert(number, own);
            match numbers.next(3) {
                // What takes it back is not subtracted, and not counted.
                0 => {
                    let message = format!("Back\n\nAWO-Rollback: run_{number}\n");
                    tip = mission.commit(&before, &[tip], &message);
                    files = before;
                }
                // A merge that brings it counts it once.
                1 => tip = mission.commit(&files, &[base, own], "Merge\n"),
                _ => {}
            }
            mission.step(tip);
        }
        let all = number_of_runs;
        let mut last = None;
        for _ in 0..4 {
            let mut cuts: BTreeSet<_> = (1..all).filter(|_| numbers.next(2) == 0).collect();
            cuts.extend([0, all]);
            let cuts: Vec<_> = cuts.into_iter().collect();
            let refs = mission.pushed(&cuts, |_| time(NOW));
            for logged in [false, true] {
                let (task, window) = mission.counted(&refs, logged, time(NOW));
                assert_eq!(task.figures, mission.expected, "{seed}: {cuts:?} {logged}");
                assert_eq!(task.runs, number_of_runs, "{seed}: {cuts:?} {logged}");
                let Window::Counted(window) = window else {
                    panic!("there is a log");
                };
                assert_eq!(
                    window.figures, mission.expected,
                    "{seed}: {cuts:?} {logged}"
                );
                assert_eq!(window.runs, number_of_runs);
                last = Some(window);
            }
        }
        assert!(last.is_some_and(|it| it.figures.lines > 0));
    }
}

#[test]
fn what_landed_before_the_window_does_not_count() {
    let mut mission = Mission::new();
    let mut files = sources();
    let mut tip = mission.world.base;
    for number in 0..3 {
        let task = TaskId::new(format!("T-{}", number + 5)).unwrap();
        files.insert(format!("src/{number}"), (Mode::File, b"one\n".to_vec()));
        let message = format!(
            "It\n\nAWO-Run: run_{number}\nAWO-Task: {task}\nAWO-Root: {}\n",
            sha(1)
        );
        let own = mission.commit(&files, &[tip], &message);
        mission.run(number, &task, tip, own);
        tip = own;
        mission.step(tip);
    }
    let days = [
        "2026-01-02T00:00:00Z",
        "2026-01-03T00:00:00Z",
        "2026-01-03T00:00:01Z",
        NOW,
    ];
    let refs = mission.pushed(&[0, 1, 2, 3], |cut| time(days[cut]));
    for logged in [false, true] {
        let (_, window) = mission.counted(&refs, logged, time(NOW));
        let Window::Counted(window) = window else {
            panic!("there is a log");
        };
        // The one of exactly seven days before is out, that of a second later is in.
        assert_eq!((window.runs, window.figures.files), (2, 2), "{logged}");
    }
    // Without a log nobody can tell.
    let mut without = refs;
    without.remove(&layout::log());
    let (task, window) = mission.counted(&without, false, time(NOW));
    assert!(matches!(window, Window::Unknown));
    assert_eq!(task.runs, 1, "of a task of its own");
}
