//! Walking the history, compared with `git rev-list`.

use std::collections::{BTreeSet, HashMap};

use super::testing::{Dice, Sandbox, commit};
use super::*;
use crate::record::{HashKind, ObjectId};

struct Dag {
    parents: Vec<Vec<usize>>,
}

impl Dag {
    fn reach(&self, from: &[usize]) -> BTreeSet<usize> {
        let mut seen = BTreeSet::new();
        let mut stack = from.to_vec();
        while let Some(at) = stack.pop() {
            if seen.insert(at) {
                stack.extend(&self.parents[at]);
            }
        }
        seen
    }
}

fn walk_random_dags(kind: HashKind, skewed: bool, packed: bool) {
    let sandbox = Sandbox::new();
    let site = sandbox.init("r.git", kind);
    let mut dice = Dice(if skewed { 11 } else { 13 });
    let mut dag = Dag {
        parents: vec![vec![]],
    };
    let mut stream = String::new();
    let (histories, size) = (25, 30);
    for history in 0..histories {
        let first = history * size + 1;
        for mark in first..first + size {
            let wanted = [0, 1, 1, 1, 1, 2, 2, 3][dice.below(8)].min(mark - first);
            let parents: BTreeSet<usize> = (0..wanted)
                .map(|_| first + dice.below(mark - first))
                .collect();
            let parents: Vec<usize> = parents.into_iter().collect();
            let date = if skewed { dice.below(1_000) } else { mark / 3 };
            commit(
                &mut stream,
                mark,
                1_700_000_000 + date as u64,
                &parents,
                &[],
            );
            dag.parents.push(parents);
        }
    }
    let ids = site.import(stream.as_bytes());
    if packed {
        site.git(&["repack", "-adq"]);
    }
    let mark_of: HashMap<ObjectId, usize> = ids
        .iter()
        .enumerate()
        .map(|(at, id)| (*id, at + 1))
        .collect();
    let reader = site.reader();
    let mut more_than_needed = 0;
    for query in 0..150 {
        let first = (query % histories) * size + 1;
        let mut pick =
            |n: usize| -> Vec<usize> { (0..n).map(|_| first + dice.below(size)).collect() };
        let (tips, hidden) = (pick(1 + query % 3), pick(query % 4));
        let named =
            |marks: &[usize]| -> Vec<ObjectId> { marks.iter().map(|m| ids[m - 1]).collect() };
        let ours = reader.new_commits(&named(&tips), &named(&hidden)).unwrap();
        let ours_marks: BTreeSet<usize> = ours.iter().map(|id| mark_of[id]).collect();
        assert_eq!(ours_marks.len(), ours.len(), "none twice");
        let hidden_set = dag.reach(&hidden);
        let truth: BTreeSet<usize> = dag.reach(&tips).difference(&hidden_set).copied().collect();
        assert!(ours_marks.is_superset(&truth), "never fewer");
        more_than_needed += ours_marks.len() - truth.len();
        let mut before = BTreeSet::new();
        for id in &ours {
            let mark = mark_of[id];
            let parents = dag.parents[mark].iter().filter(|p| ours_marks.contains(p));
            assert!(
                parents.into_iter().all(|p| before.contains(p)),
                "parents come first"
            );
            before.insert(mark);
        }
        let mut args = vec!["rev-list".to_owned()];
        args.extend(named(&tips).iter().map(ToString::to_string));
        args.push("--not".into());
        args.extend(named(&hidden).iter().map(ToString::to_string));
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let theirs = site.git(&args);
        let theirs: BTreeSet<usize> = theirs
            .lines()
            .map(|line| mark_of[&line.parse().unwrap()])
            .collect();
        if skewed {
            // git itself may return more than there is.
            assert!(ours_marks.is_subset(&theirs), "not more than git");
        } else {
            assert_eq!(ours_marks, theirs, "as git");
        }
        let (a, b) = (tips[0], *hidden.first().unwrap_or(&tips[0]));
        assert_eq!(
            reader.is_ancestor(ids[a - 1], ids[b - 1]).unwrap(),
            dag.reach(&[b]).contains(&a)
        );
        let newer = match (dag.reach(&[b]).contains(&a), dag.reach(&[a]).contains(&b)) {
            (true, _) => Some(ids[b - 1]),
            (_, true) => Some(ids[a - 1]),
            _ => None,
        };
        assert_eq!(reader.newer(ids[a - 1], ids[b - 1]).unwrap(), newer);
        let bases = reader.merge_bases(ids[a - 1], ids[b - 1]).unwrap();
        let bases: BTreeSet<usize> = bases.iter().map(|id| mark_of[id]).collect();
        let common: BTreeSet<_> = dag
            .reach(&[a])
            .intersection(&dag.reach(&[b]))
            .copied()
            .collect();
        let contained = |at: &usize| {
            common
                .iter()
                .any(|it| it != at && dag.reach(&[*it]).contains(at))
        };
        let best: BTreeSet<_> = common.iter().copied().filter(|at| !contained(at)).collect();
        assert!(bases.is_superset(&best) && bases.is_subset(&common));
        if !skewed {
            assert_eq!(bases, best, "as git merge-base --all");
        }
    }
    assert_eq!(more_than_needed, 0);
}

#[test]
fn new_commits_are_those_of_git_rev_list() {
    walk_random_dags(HashKind::Sha1, false, false);
    walk_random_dags(HashKind::Sha256, false, true);
}

#[test]
fn new_commits_are_those_of_git_rev_list_where_clocks_were_wrong() {
    walk_random_dags(HashKind::Sha1, true, true);
    walk_random_dags(HashKind::Sha256, true, false);
}

#[test]
fn tags_are_followed_and_hidden_oddities_hide_nothing() {
    let sandbox = Sandbox::new();
    let site = sandbox.init("w", HashKind::Sha1);
    site.git(&["commit", "-q", "--allow-empty", "-m", "one"]);
    site.git(&["tag", "-a", "-m", "t", "t1"]);
    site.git(&["tag", "-a", "-m", "t", "t2", "t1"]);
    site.git(&["commit", "-q", "--allow-empty", "-m", "two"]);
    let reader = site.reader();
    let (tag, one, two) = (site.id("t2"), site.id("t2^{commit}"), site.id("HEAD"));
    assert_eq!(reader.peel(tag).unwrap(), (Kind::Commit, one));
    assert_eq!(reader.new_commits(&[two], &[tag]).unwrap(), [two]);
    let missing = ObjectId::Sha1([9; 20]);
    let tree = site.id("HEAD^{tree}");
    assert_eq!(
        reader.new_commits(&[two], &[missing, tree]).unwrap(),
        [one, two]
    );
    assert!(matches!(
        reader.new_commits(&[missing], &[]),
        Err(Error::Missing { .. })
    ));
    assert!(matches!(
        reader.new_commits(&[tree], &[]),
        Err(Error::WrongKind { .. })
    ));
}
