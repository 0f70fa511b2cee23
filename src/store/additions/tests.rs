//! A ledger says the same with and without its index, whatever has happened to that.

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use super::*;
use crate::git::testing::{Kept, bare};
use crate::git::{CommitDraft, Expected, RefUpdate, Repo};
use crate::record::TaskId;
use crate::record::commit::Person;
use crate::records::Kind;

struct Site {
    dir: TempDir,
    repo: Repo,
    /// Every commit, and what stands in the ledger there.
    steps: Vec<(ObjectId, BTreeMap<String, ObjectId>)>,
}

impl Site {
    fn new() -> Self {
        let dir = bare();
        let repo = Repo::open(dir.path()).unwrap();
        let steps = Vec::new();
        Self { dir, repo, steps }
    }

    /// Adds these files on top of some steps; returns the number of the step.
    fn add(&mut self, files: &[(&str, &str)], on: &[usize]) -> usize {
        let mut stands = BTreeMap::new();
        for step in on {
            stands.extend(self.steps[*step].1.clone());
        }
        let mut edits = Vec::new();
        for (name, text) in files {
            let blob = self.repo.write_blob(text.as_bytes()).unwrap();
            stands.insert((*name).to_owned(), blob);
            edits.push((RepoPath::from(*name), Some((Mode::File, blob))));
        }
        let person = Person {
            name: b"x".to_vec(),
            email: b"x@x".to_vec(),
            time: self.steps.len() as i64,
        };
        let draft = CommitDraft {
            tree: self.repo.edit_tree(None, &edits).unwrap(),
            parents: on.iter().map(|step| self.steps[*step].0).collect(),
            author: person.clone(),
            committer: person,
            message: b"x\n".to_vec(),
            signature: None,
        };
        let commit = self.repo.write_commit(&draft).unwrap();
        self.steps.push((commit, stands));
        self.steps.len() - 1
    }

    /// Moves the ref to a step.
    fn move_to(&self, step: usize) {
        point(&self.repo, self.steps[step].0);
    }

    /// Everything that the ledger says at a step, by looking up all that any step has.
    #[track_caller]
    fn asks(&self, step: usize, what: &str) {
        let (tip, stands) = &self.steps[step];
        let ledger = Additions::at(&self.repo, Some(*tip));
        let mut names: Vec<&String> = self.steps.iter().flat_map(|it| it.1.keys()).collect();
        names.sort();
        names.dedup();
        for name in names {
            let path = LedgerPath::parse(&RepoPath::from(name.as_str())).unwrap();
            let found = ledger.find(&path).unwrap().map(|(_, id)| id);
            assert_eq!(found, stands.get(name).copied(), "{what}: {name} at {step}");
        }
    }

    fn index(&self) -> PathBuf {
        self.dir.path().join("awo-index/ledger")
    }

    /// A ledger of some steps, and two that were merged.
    fn grown() -> Self {
        let mut site = Self::new();
        let mut last = site.add(&[("T-0@packet", "0")], &[]);
        for number in 1..40 {
            let names = [
                format!("T-{number}@packet"),
                format!("run_{}@run.dsse.json", number / 2),
            ];
            let text = format!("{}", number / 2);
            last = site.add(&[(&names[0], &text), (&names[1], &text)], &[last]);
        }
        let aside = site.add(&[("aside@packet", "aside")], &[20]);
        last = site.add(&[], &[last, aside]);
        site.add(&[("late@packet", "late")], &[last]);
        site
    }
}

/// Points the ref of the ledger to a commit; another writer may come first.
fn point(repo: &Repo, commit: ObjectId) {
    let there = repo.reference(&layout::ledger()).unwrap();
    let update = RefUpdate {
        name: layout::ledger(),
        expected: there.map_or(Expected::Absent, Expected::At),
        new: Some(commit),
    };
    let _ = repo.update_refs(&[update], "x");
}

#[test]
fn every_view_says_what_its_commits_added_however_the_index_grew() {
    let site = Site::grown();
    let last = site.steps.len() - 1;
    for step in [0, 1, 2, 7, 20, 30, last - 2, last - 1, last] {
        site.move_to(step);
        for view in [step, 0, 5, last - 2, last] {
            site.asks(view, "grown");
        }
    }
    let segments = fs::read_dir(site.index()).unwrap().count() - 1;
    assert!((1..8).contains(&segments), "{segments} segments");
    // The ref of another history: the index of the one before is no good for it.
    site.move_to(20);
    site.asks(20, "put back");
    site.asks(last, "put back");
}

#[test]
fn no_damage_to_the_index_changes_an_answer() {
    let site = Site::grown();
    let last = site.steps.len() - 1;
    for step in [10, 25, last] {
        site.move_to(step);
        site.asks(step, "whole");
    }
    let kept = Kept::of(&[site.index()]);
    let tried = kept.damage(|_| 7, |what| site.asks(last, what));
    assert!(tried > 100, "{tried} damages");
    // Segments in the wrong places.
    let segment = |name: &str| site.index().join(name);
    kept.restore();
    if segment("1").exists() {
        fs::copy(segment("1"), segment("0")).unwrap();
        site.asks(last, "the second in place of the first");
    }
    kept.restore();
    fs::copy(segment("0"), segment("9")).unwrap();
    fs::copy(segment("0"), segment("1")).unwrap();
    site.asks(last, "the first twice");
    fs::remove_dir_all(site.index()).unwrap();
    site.asks(last, "gone");
    fs::remove_dir_all(site.index()).unwrap();
    fs::write(site.index(), "").unwrap();
    site.asks(last, "a file in its place");
}

#[test]
fn the_versions_of_a_task_are_found_by_what_exists() {
    let mut site = Site::new();
    let ids = ["T-1", "T-1-v2", "t-1-v9", "T-1-v2000", "T-10", "T-1-v02"];
    let mut last = None;
    for (number, id) in ids.into_iter().enumerate() {
        let name = Kind::Contract.of(TaskId::new(id).unwrap()).to_path();
        let name = name.to_string();
        let files = [(name.as_str(), id), ("T-1-v5@packet", "no contract")];
        let on: Vec<_> = last.into_iter().collect();
        let at = site.add(&files, &on);
        if number % 2 == 0 {
            site.move_to(at);
        }
        let ledger = Additions::at(&site.repo, Some(site.steps[at].0));
        let found = ledger.versions(&TaskId::new("t-1").unwrap()).unwrap();
        let is = |it: &&&str| !matches!(**it, "T-10" | "T-1-v02");
        let expected = ids.iter().take(number + 1).filter(is);
        let expected: BTreeSet<_> = expected.map(|it| TaskId::new(*it).unwrap()).collect();
        assert_eq!(found, expected);
        let places = ledger.read_anew().unwrap();
        let anew = Additions::by(&site.repo, Some(site.steps[at].0), places);
        assert_eq!(anew.versions(&TaskId::new("T-1").unwrap()).unwrap(), found);
        assert_eq!(ledger.unfound().unwrap().0, None);
        last = Some(at);
    }
}

#[test]
fn two_contents_of_one_name_are_neither() {
    let mut site = Site::new();
    let first = site.add(&[("T-1@packet", "one")], &[]);
    let again = site.add(&[("T-1@packet", "one"), ("T-2@packet", "x")], &[first]);
    site.move_to(again);
    site.asks(again, "the same again");
    let other = site.add(&[("T-1@packet", "two")], &[again]);
    site.move_to(other);
    let ledger = Additions::at(&site.repo, Some(site.steps[other].0));
    let task = TaskId::new("T-1").unwrap();
    let found = ledger.find(&LedgerPath::Packet(task.clone()));
    assert!(matches!(found, Err(Error::Twice { .. })), "{found:?}");
    assert_eq!(ledger.find(&Kind::Contract.of(task)).unwrap(), None);
    assert_eq!(ledger.about("T-1").unwrap().len(), 2);
}

#[test]
fn an_index_that_hides_a_file_is_noticed_by_whoever_compares_it() {
    let site = Site::grown();
    let last = site.steps.len() - 1;
    let tip = site.steps[last].0;
    site.move_to(last);
    let ledger = Additions::at(&site.repo, Some(tip));
    assert_eq!(ledger.unfound().unwrap(), (None, last + 1));
    let hidden = Key::of_id(b"T-7");
    let mut places = Vec::new();
    for (commit, _) in &site.steps {
        let found = places_of(&site.repo, *commit).unwrap().into_iter();
        places.extend(found.filter(|it| it.key != hidden));
    }
    places.sort_by_key(|it| it.key);
    fs::remove_dir_all(site.index()).unwrap();
    Index::none(&site.repo).add(tip, &places);
    let (unfound, _) = Additions::at(&site.repo, Some(tip)).unfound().unwrap();
    assert_eq!(unfound, Some(site.steps[7].0));
    // Whoever must not be deceived reads the ledger itself.
    let ledger = Additions::at(&site.repo, Some(tip));
    assert_eq!(ledger.about("T-7").unwrap().len(), 0);
    let places = ledger.read_anew().unwrap();
    let anew = Additions::by(&site.repo, Some(tip), places);
    assert_eq!(anew.about("T-7").unwrap().len(), 1);
    crate::store::beside::remove(&site.repo).unwrap();
    let ledger = Additions::at(&site.repo, Some(tip));
    assert_eq!(ledger.unfound().unwrap(), (None, last + 1));
}

#[test]
fn many_writers_leave_an_index_that_is_right() {
    let site = Site::grown();
    let last = site.steps.len() - 1;
    site.move_to(last);
    std::thread::scope(|scope| {
        for worker in 0..8 {
            let (dir, steps) = (site.dir.path(), &site.steps);
            scope.spawn(move || {
                for round in 0..20 {
                    let repo = Repo::open(dir).unwrap();
                    let step = (worker * 5 + round) % steps.len();
                    point(&repo, steps[step].0);
                    let _ = Additions::at(&repo, Some(steps[step].0)).prepare();
                }
            });
        }
    });
    for step in 0..=last {
        site.asks(step, "after many writers");
    }
    site.move_to(last);
    site.asks(last, "and when it is continued");
    site.asks(last, "and read again");
}
