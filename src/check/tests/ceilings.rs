//! What a mission has changed is counted the same however it is split.

use std::collections::BTreeSet;

use super::world::*;
use crate::facts::ceiling::{Counted, Landing, Window};
use crate::facts::position::{Logged, Positions};
use crate::facts::run::Collector;
use crate::facts::span::Span;
use crate::record::ceiling::{Figure, Figures};
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

/// How a run comes to the branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum How {
    Plain,
    /// A merge brings it, and it counts once.
    Merged,
    /// A roll-back takes it back: that is not subtracted, and not counted.
    Reverted,
}

impl Mission {
    /// A run of a task turns what the branch has into other files, and lands.
    fn lands(
        &mut self,
        (number, task): (usize, &TaskId),
        tip: ObjectId,
        (before, after): (&Files, &Files),
        how: How,
    ) -> ObjectId {
        let message = format!(
            "It\n\nAWO-Run: run_{number}\nAWO-Task: {task}\nAWO-Root: {}\n",
            sha(1)
        );
        let own = self.commit(after, &[tip], &message);
        self.run(number, task, tip, own);
        self.count(before, after);
        let tip = match how {
            How::Plain => own,
            How::Merged => self.commit(after, &[tip, own], "Merge\n"),
            How::Reverted => {
                let message = format!("Back\n\nAWO-Rollback: run_{number}\n");
                self.commit(before, &[own], &message)
            }
        };
        self.step(tip);
        tip
    }

    /// However it came in pushes, the same is counted, at the door and by the log.
    #[track_caller]
    fn counts_the_same(&mut self, runs: usize, numbers: &mut Numbers) {
        for round in 0..4 {
            // All in one push, each in one of its own, and between.
            let cut = |_: &usize| match round {
                0 => false,
                1 => true,
                _ => numbers.next(2) == 0,
            };
            let mut cuts: BTreeSet<_> = (1..runs).filter(cut).collect();
            cuts.extend([0, runs]);
            let cuts: Vec<_> = cuts.into_iter().collect();
            let refs = self.pushed(&cuts, |_| time(NOW));
            for logged in [false, true] {
                let (task, window) = self.counted(&refs, logged, time(NOW));
                assert_eq!(task.figures, self.expected, "{cuts:?} {logged}");
                assert_eq!(task.runs, runs, "{cuts:?} {logged}");
                let Window::Counted(window) = window else {
                    panic!("there is a log");
                };
                assert_eq!(window.figures, self.expected, "{cuts:?} {logged}");
                assert_eq!(window.runs, runs);
                assert!(window.figures.lines > 0);
            }
        }
    }
}

const HOW: [How; 3] = [How::Plain, How::Merged, How::Reverted];

#[test]
fn a_change_counts_the_same_however_it_is_split() {
    let versions = ["T-1", "T-1-v2", "T-1-v7", "t-1-v3"].map(|it| TaskId::new(it).unwrap());
    let mut seen = BTreeSet::new();
    for (seed, runs) in [(1, 2), (2, 20), (3, 5), (4, 11)] {
        let mut numbers = Numbers(seed);
        let mut mission = Mission::new();
        let (mut tip, mut files) = (mission.world.base, sources());
        for number in 0..runs {
            let mut after = files.clone();
            change(&mut after, &mut numbers);
            // One that changes nothing is none.
            let always = format!("{number}\n").into_bytes();
            after.insert("src/always".to_owned(), (Mode::File, always));
            let (how, task) = (HOW[numbers.next(3)], &versions[numbers.next(4)]);
            seen.insert(how);
            tip = mission.lands((number, task), tip, (&files, &after), how);
            if how != How::Reverted {
                files = after;
            }
        }
        mission.counts_the_same(runs, &mut numbers);
    }
    assert_eq!(seen.len(), HOW.len());
}

#[test]
fn one_change_in_many_parts_counts_as_in_one() {
    for (seed, parts) in [(1, 2), (2, 20), (3, 9)] {
        let mut numbers = Numbers(seed);
        let mut before = sources();
        for number in 0..30 {
            let path = format!("src/{}/old-{number}", number % 4);
            before.insert(path, (Mode::File, format!("{number}\n").into_bytes()));
        }
        let mut whole = before.clone();
        for number in 0..30 {
            let (old, new) = (
                format!("src/{}/old-{number}", number % 4),
                format!("src/{}/new-{number}", number % 5),
            );
            match number % 3 {
                // A rename is two paths, in one part or in two.
                0 => {
                    let content = whole.remove(&old).unwrap();
                    whole.insert(new, content);
                }
                1 => _ = whole.remove(&old),
                _ => _ = whole.insert(old, (Mode::File, b"other\n".to_vec())),
            }
        }
        let base = {
            let mission = Mission::new();
            let root = mission.commit(&before, &[mission.world.base], "Before\n");
            let mut one = mission;
            let contract = TaskId::new("T-1").unwrap();
            one.lands((0, &contract), root, (&before, &whole), How::Plain);
            one.counts_the_same(1, &mut numbers);
            one.expected
        };
        let mut mission = Mission::new();
        let mut tip = mission.commit(&before, &[mission.world.base], "Before\n");
        let paths: BTreeSet<_> = before.keys().chain(whole.keys()).cloned().collect();
        let differ = |it: &String| before.get(it) != whole.get(it);
        let mut left: Vec<_> = paths.into_iter().filter(differ).collect();
        let mut now = before.clone();
        for number in 0..parts {
            let mut after = now.clone();
            // At least one each, and the last one the rest.
            let most = left.len() - (parts - number - 1);
            let size = match number + 1 == parts {
                true => left.len(),
                false => 1 + numbers.next(most.min(6)),
            };
            for path in left.split_off(left.len() - size) {
                match whole.get(&path) {
                    Some(content) => _ = after.insert(path, content.clone()),
                    None => _ = after.remove(&path),
                }
            }
            let task = TaskId::new(format!("T-1-v{}", 1 + numbers.next(5))).unwrap();
            let how = HOW[numbers.next(3)];
            tip = mission.lands((number, &task), tip, (&now, &after), how);
            if how != How::Reverted {
                now = after;
            }
        }
        assert_eq!(mission.expected, base, "{seed}");
        mission.counts_the_same(parts, &mut numbers);
    }
}

#[test]
fn what_is_above_the_ceiling_is_not_counted_to_its_end() {
    let mut mission = Mission::new();
    let (mut before, mut after) = (sources(), sources());
    let lines: Vec<_> = (0..1_500).map(|it| format!("{it}\n")).collect();
    for number in 0..3 {
        let path = format!("src/{number}");
        before.insert(path.clone(), (Mode::File, lines.concat().into_bytes()));
        let reversed: String = lines.iter().rev().map(String::as_str).collect();
        after.insert(path, (Mode::File, reversed.into_bytes()));
    }
    let base = mission.commit(&before, &[mission.world.base], "Before\n");
    let task = TaskId::new("T-1").unwrap();
    mission.lands((0, &task), base, (&before, &after), How::Plain);
    let refs = mission.pushed(&[0, 1], |_| time(NOW));
    let (counted, _) = mission.counted(&refs, false, time(NOW));
    assert_eq!(mission.expected.lines, 3 * 2_998);
    // One file is above the 2,000 lines that are built in: the other two are not looked at.
    assert!(counted.has_more);
    assert_eq!(counted.found(Figure::Lines), "at least 2998");
    assert_eq!(counted.found(Figure::Files), "3");
}

#[test]
fn a_window_that_is_moved_along_says_what_one_read_anew_says() {
    let mut mission = Mission::new();
    let (mut tip, mut files, mut numbers) = (mission.world.base, sources(), Numbers(7));
    for number in 0..12 {
        let mut after = files.clone();
        let content = format!("{number}\n").into_bytes();
        after.insert(format!("src/{number}"), (Mode::File, content));
        let task = TaskId::new(format!("T-{}", number + 5)).unwrap();
        let how = HOW[numbers.next(2)];
        tip = mission.lands((number, &task), tip, (&files, &after), how);
        files = after;
    }
    let reader = &mission.world.repo;
    // Some pushes on one day, and a gap.
    let at = |cut: usize| match cut {
        0..=3 => time("2026-01-02T00:00:00Z").plus_days(u32::try_from(cut / 2).unwrap()),
        _ => time("2026-01-02T00:00:00Z").plus_days(u32::try_from(cut * 2).unwrap()),
    };
    let cuts: Vec<_> = (0..=12).collect();
    let refs = mission.pushed(&cuts, at);
    let mut entries = Vec::new();
    let mut next = refs.get(&layout::log()).copied();
    while let Some(entry) = next {
        let commit = reader.commit(entry).unwrap();
        let time = Timestamp::from_seconds(commit.committer.time).unwrap();
        entries.push((entry, time));
        next = commit.parents.first().copied();
    }
    entries.reverse();
    for days in [1, 2, 5, 30] {
        for step in [1, 2, 4] {
            let mut moved = 0;
            let mut span = Span::read(reader, entries[0], days).unwrap();
            for entry in entries.iter().skip(step).step_by(step) {
                let anew = Span::read(reader, *entry, days).unwrap();
                span = match span.moved(reader, *entry).unwrap() {
                    Some(span) => {
                        moved += 1;
                        span
                    }
                    None => Span::read(reader, *entry, days).unwrap(),
                };
                assert_eq!(span.commits, anew.commits, "{days} {step} {entry:?}");
            }
            assert!(moved > 0 || days < 30, "{days} {step}");
        }
    }
    // Not backwards.
    let span = Span::read(reader, entries[9], 30).unwrap();
    assert!(span.moved(reader, entries[4]).unwrap().is_none());
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
