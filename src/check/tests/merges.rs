//! What a merge itself changes.

use std::collections::BTreeSet;

use super::world::*;
use crate::check::branch::changes_of;
use crate::git;
use crate::record::ObjectId;
use crate::record::tree::Mode;

fn at(world: &World, files: &[(&str, &str)], parents: &[ObjectId]) -> ObjectId {
    let file = |(path, text): &(&str, &str)| {
        let bytes = text.as_bytes().to_vec();
        ((*path).to_owned(), (Mode::File, bytes))
    };
    let files: Files = files.iter().map(file).collect();
    let id = tree(&world.repo, &files);
    commit(&world.repo, id, parents, "x\n", None)
}

fn own(world: &World, id: ObjectId) -> Vec<String> {
    let (_, found) = changes_of(&world.repo, id, 100).unwrap();
    let paths = found.changes.iter().map(|it| it.path.to_string());
    paths.collect()
}

#[test]
fn a_merge_takes_what_one_side_changed_and_the_other_left_alone() {
    let world = World::new(&[]);
    let base = at(&world, &[("a", "0"), ("b", "0"), ("c", "0")], &[]);
    let one = at(&world, &[("a", "1"), ("b", "0"), ("c", "0")], &[base]);
    // Changes b, adds d and takes c away.
    let other = at(&world, &[("a", "0"), ("b", "2"), ("d", "2")], &[base]);
    let later = at(&world, &[("a", "3"), ("b", "0"), ("c", "0")], &[one]);
    let none: &[&str] = &[];
    let plain = &[("a", "1"), ("b", "2"), ("d", "2")][..];
    for (files, parents, expected) in [
        (plain, vec![one, other], none),
        (plain, vec![other, one], none),
        (plain, vec![one, other, one, base], none),
        // Each side's change taken back, alone and together.
        (
            &[("a", "0"), ("b", "2"), ("d", "2")],
            vec![one, other],
            &["a"],
        ),
        (
            &[("a", "1"), ("b", "0"), ("d", "2")],
            vec![one, other],
            &["b"],
        ),
        (&[("a", "1"), ("b", "2")], vec![one, other], &["d"]),
        (
            &[("a", "1"), ("b", "2"), ("c", "0"), ("d", "2")],
            vec![one, other],
            &["c"],
        ),
        (
            &[("a", "0"), ("b", "0"), ("c", "0")],
            vec![one, other],
            &["a", "b", "c", "d"],
        ),
        // What neither has.
        (
            &[("a", "9"), ("b", "2"), ("d", "2"), ("e", "9")],
            vec![one, other],
            &["a", "e"],
        ),
        // An ancestor beside its descendant: what it had is gone.
        (
            &[("a", "1"), ("b", "0"), ("c", "0")],
            vec![later, one],
            &["a"],
        ),
        (
            &[("a", "3"), ("b", "0"), ("c", "0")],
            vec![later, one],
            none,
        ),
        (
            &[("a", "0"), ("b", "0"), ("c", "0")],
            vec![later, base],
            &["a"],
        ),
        // Of three, one has it from the side that changed it last.
        (
            &[("a", "3"), ("b", "2"), ("d", "2")],
            vec![one, other, later],
            none,
        ),
        (
            &[("a", "1"), ("b", "2"), ("d", "2")],
            vec![one, other, later],
            &["a"],
        ),
        // A directory where a file was.
        (
            &[("a/x", "1"), ("b", "2"), ("d", "2")],
            vec![one, other],
            &["a", "a/x"],
        ),
    ] {
        let merge = at(&world, files, &parents);
        assert_eq!(own(&world, merge), expected, "{files:?}");
    }
}

#[test]
fn histories_with_nothing_in_common_add_up() {
    let world = World::new(&[]);
    let one = at(&world, &[("a", "1"), ("both", "1")], &[]);
    let other = at(&world, &[("b", "2"), ("both", "2")], &[]);
    for (files, expected) in [
        (&[("a", "1"), ("b", "2"), ("both", "1")][..], &["both"][..]),
        (&[("a", "1"), ("b", "2"), ("both", "2")], &["both"]),
        (&[("a", "1"), ("both", "1")], &["b", "both"]),
        (&[("a", "1"), ("b", "2")], &["both"]),
    ] {
        let merge = at(&world, files, &[one, other]);
        assert_eq!(own(&world, merge), expected, "{files:?}");
    }
}

#[test]
fn where_two_parted_twice_both_places_count() {
    let world = World::new(&[]);
    let base = at(&world, &[("a", "0"), ("b", "0")], &[]);
    let one = at(&world, &[("a", "1"), ("b", "0")], &[base]);
    let other = at(&world, &[("a", "0"), ("b", "1")], &[base]);
    let left = at(&world, &[("a", "1"), ("b", "1")], &[one, other]);
    let right = at(&world, &[("a", "1"), ("b", "1")], &[other, one]);
    let further = at(&world, &[("a", "2"), ("b", "1")], &[left]);
    // Both places together have 1 for a: each changed one of the two files.
    let back = at(&world, &[("a", "0"), ("b", "1")], &[left]);
    for (files, expected) in [
        (&[("a", "2"), ("b", "1")][..], &[][..]),
        (&[("a", "1"), ("b", "1")], &["a"]),
    ] {
        let merge = at(&world, files, &[further, right]);
        assert_eq!(own(&world, merge), expected, "{files:?}");
    }
    // One of the two places has 0, but what has it now has it anew.
    let undone = at(&world, &[("a", "1"), ("b", "1")], &[back, right]);
    assert_eq!(own(&world, undone), ["a"]);
    let taken = at(&world, &[("a", "0"), ("b", "1")], &[right, back]);
    assert_eq!(own(&world, taken), [""; 0]);
    // Where the two places do not agree either, nothing was left alone.
    let one = at(&world, &[("a", "5"), ("b", "0")], &[base]);
    let other = at(&world, &[("a", "6"), ("b", "0")], &[base]);
    let left = at(&world, &[("a", "5"), ("b", "0")], &[one, other]);
    let right = at(&world, &[("a", "6"), ("b", "0")], &[other, one]);
    let merge = at(&world, &[("a", "5"), ("b", "0")], &[left, right]);
    assert_eq!(own(&world, merge), ["a"]);
    let (left, right) = (left, at(&world, &[("a", "6"), ("b", "7")], &[right]));
    let merge = at(&world, &[("a", "5"), ("b", "7")], &[left, right]);
    assert_eq!(own(&world, merge), ["a"]);
    assert_eq!(own(&world, same_of(&world, left, right)), ["a"]);
}

fn same_of(world: &World, one: ObjectId, other: ObjectId) -> ObjectId {
    at(world, &[("a", "6"), ("b", "7")], &[one, other])
}

#[test]
fn what_two_places_have_alike_counts() {
    let world = World::new(&[]);
    let base = at(&world, &[("a", "0"), ("b", "0")], &[]);
    let one = at(&world, &[("a", "0"), ("b", "1")], &[base]);
    let other = at(&world, &[("a", "0"), ("b", "2")], &[base]);
    let left = at(&world, &[("a", "0"), ("b", "1")], &[one, other]);
    let right = at(&world, &[("a", "0"), ("b", "1")], &[other, one]);
    let same = at(&world, &[("a", "0"), ("b", "1")], &[left, right]);
    assert_eq!(own(&world, same), [""; 0]);
}

#[test]
fn a_merge_answers_for_what_is_wrong_in_none_of_its_sides() {
    let world = World::new(&[]);
    let steals = "[submodule \"../x\"]\n\tpath = ../x\n\turl = ./x\n";
    let base = at(&world, &[("a", "0")], &[]);
    let one = at(&world, &[("a", "0"), ("d/q ", "1"), ("e/x", "1")], &[base]);
    let gone = at(&world, &[("a", "0"), ("e/x", "1")], &[one]);
    let modules = at(&world, &[("a", "0"), (".gitmodules", steals)], &[base]);
    let other = at(&world, &[("a", "0"), ("e/X", "2")], &[base]);
    let third = at(&world, &[("a", "3")], &[base]);
    for (files, parents, expected) in [
        // One side's own.
        (
            &[("a", "3"), ("d/q ", "1"), ("e/x", "1")][..],
            vec![one, third],
            &[][..],
        ),
        (
            &[("a", "3"), (".gitmodules", steals)],
            vec![third, modules],
            &[],
        ),
        // Nobody's but the merge's.
        (&[("a", "3"), ("d/q ", "4")], vec![third, other], &["d/q "]),
        (
            &[("a", "3"), ("f/q ", "1"), ("e/X", "2")],
            vec![third, other],
            &["f/q "],
        ),
        (
            &[("a", "3"), ("e/X", "2"), (".gitmodules", steals)],
            vec![third, other],
            &[".gitmodules"],
        ),
        // Each side has one of two names that some take for one.
        (
            &[("a", "0"), ("d/q ", "1"), ("e/X", "2"), ("e/x", "1")],
            vec![one, other],
            &["e/X"],
        ),
        // A side took it away; that one of its ancestors stands beside it is no excuse.
        (
            &[("a", "0"), ("d/q ", "1"), ("e/x", "1")],
            vec![gone, one],
            &["d/q "],
        ),
        (
            &[("a", "0"), ("d/q ", "1"), ("e/x", "1")],
            vec![gone, one, third],
            &["d/q "],
        ),
    ] {
        let merge = at(&world, files, &parents);
        let (_, found) = changes_of(&world.repo, merge, 100).unwrap();
        // Either of two that collide is told.
        let plain = |path: &[u8]| path.to_ascii_lowercase();
        let told = found.faults.iter().map(|it| plain(it.path.as_bytes()));
        let told: Vec<_> = told.collect();
        let expected: Vec<_> = expected.iter().map(|it| plain(it.as_bytes())).collect();
        assert_eq!(told, expected, "{files:?}");
    }
}

struct Made {
    id: ObjectId,
    values: Vec<usize>,
    above: BTreeSet<usize>,
}

fn parted(all: &[Made], one: usize, other: usize) -> Vec<usize> {
    let common: BTreeSet<_> = all[one].above.intersection(&all[other].above).collect();
    let contained = |at: usize| {
        let mut others = common.iter().filter(|it| ***it != at);
        others.any(|it| all[**it].above.contains(&at))
    };
    common
        .iter()
        .map(|it| **it)
        .filter(|it| !contained(*it))
        .collect()
}

/// What these come to together.
fn together(all: &[Made], commits: &[usize], path: usize) -> Option<usize> {
    let values: BTreeSet<_> = commits.iter().map(|it| all[*it].values[path]).collect();
    if values.len() < 2 {
        return values.first().copied();
    }
    let [one, other] = *commits else { return None };
    let base = together(all, &parted(all, one, other), path)?;
    let (one, other) = (all[one].values[path], all[other].values[path]);
    match base {
        base if base == one => Some(other),
        base if base == other => Some(one),
        _ => None,
    }
}

/// Against the words of the rule, on random histories.
#[test]
fn random_merges_follow_the_rule() {
    let world = World::new(&[]);
    let mut seed = 7_u64;
    let mut dice = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (seed >> 33) as usize % below
    };
    // Directories are taken whole, in part, or come and go.
    let names = ["a", "b/x", "b/y/x", "d/x"];
    let mut all: Vec<Made> = Vec::new();
    let mut counts = [0, 0];
    for number in 0..150 {
        let wanted = [1, 1, 2, 2, 3][dice(5)].min(number);
        let parents: BTreeSet<usize> = (0..wanted)
            .map(|_| number - 1 - dice(number.min(8)))
            .collect();
        let values: Vec<usize> = (0..names.len())
            .map(|path| {
                let from: Vec<_> = parents.iter().map(|it| all[*it].values[path]).collect();
                match from.as_slice() {
                    from if from.is_empty() || dice(6) == 0 => dice(3),
                    from => from[dice(from.len())],
                }
            })
            .collect();
        // 0 is a file that is not there.
        let texts: Vec<String> = values.iter().map(ToString::to_string).collect();
        let files = names.iter().zip(&texts).filter(|(_, text)| *text != "0");
        let mut files: Vec<_> = files.map(|(name, text)| (*name, text.as_str())).collect();
        let unique = number.to_string();
        files.push(("z", &unique));
        let ids: Vec<_> = parents.iter().map(|it| all[*it].id).collect();
        let id = at(&world, &files, &ids);
        let mut above: BTreeSet<usize> = [number].into();
        above.extend(parents.iter().flat_map(|it| all[*it].above.clone()));
        if parents.len() > 1 {
            let bases = |one: usize, other: usize| {
                let common: BTreeSet<_> = all[one].above.intersection(&all[other].above).collect();
                let best = |at: &&&usize| {
                    !common
                        .iter()
                        .any(|it| it != *at && all[**it].above.contains(at))
                };
                common
                    .iter()
                    .filter(best)
                    .map(|it| **it)
                    .collect::<Vec<_>>()
            };
            let is_own = |path: usize| {
                let of = |at: usize| all[at].values[path];
                let (same, differ): (Vec<&usize>, Vec<&usize>) =
                    parents.iter().partition(|it| of(**it) == values[path]);
                differ.iter().any(|side| {
                    !same.iter().any(|from| {
                        let bases = bases(**side, **from);
                        match bases.is_empty() {
                            true => of(**side) == 0,
                            false => together(&all, &bases, path) == Some(of(**side)),
                        }
                    })
                })
            };
            let expected: Vec<_> = (0..names.len()).filter(|it| is_own(*it)).collect();
            let mut told = own(&world, id);
            assert_eq!(told.pop().unwrap(), "z", "no other commit has it");
            let expected: Vec<_> = expected.into_iter().map(|it| names[it]).collect();
            assert_eq!(told, expected, "commit {number} of {parents:?}");
            counts[usize::from(expected.is_empty())] += 1;
        }
        all.push(Made { id, values, above });
    }
    assert!(counts.iter().all(|count| *count > 10), "{counts:?}");
}

#[test]
fn what_a_merge_costs_is_counted() {
    let world = World::new(&[]);
    let base = at(&world, &[("a", "0")], &[]);
    let one = at(&world, &[("a", "1")], &[base]);
    let other = at(&world, &[("a", "0"), ("b", "1")], &[base]);
    let merge = at(&world, &[("a", "1"), ("b", "1")], &[one, other]);
    let reader = git::Reader::open(world.repo.git_dir()).unwrap();
    assert!(changes_of(&reader, merge, 100).is_ok());
    for work in [0, 700, 1_000] {
        reader.limit_work(work);
        let error = changes_of(&reader, merge, 100).unwrap_err();
        assert!(error.is_out_of_work(), "{error}");
        assert_eq!(reader.work_left(), 0, "nor is anything left for others");
    }
    reader.limit_work(10_000);
    assert!(changes_of(&reader, merge, 100).is_ok());
}
