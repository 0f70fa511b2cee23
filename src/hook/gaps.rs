//! What the receive log has not recorded yet: movements past the hooks, told apart from those of
//! pushes that are still under way.

use std::collections::BTreeSet;

use crate::record::{ObjectId, RefName};
use crate::records::Movement;
use crate::store::ledger::Refs;

/// What is known when an entry is written.
pub struct View<'a> {
    /// Where every ref stood after the last entry.
    pub logged: &'a Refs,
    /// Where every ref is, among those that the log follows.
    pub present: &'a Refs,
    /// What this push moved.
    pub own: &'a [Movement],
    /// What pushes move that are under way and have no entry yet.
    pub others: &'a [Movement],
    /// Whether an earlier entry has reported this movement already, as unrecorded.
    pub reported: &'a dyn Fn(&Movement) -> bool,
}

/// Returns the movements that no entry has recorded.
///
/// For a ref that this push moved they lead from where the log saw it to where the push found
/// it. Pieces that another push under way made are told one by one, so that its own entry, which
/// comes later, can be recognised as the same movements.
pub fn unrecorded(view: &View<'_>) -> Vec<Movement> {
    let mut found = Vec::new();
    for movement in view.own {
        let logged = view.logged.get(&movement.reference).copied();
        if logged == movement.old || (view.reported)(movement) {
            continue;
        }
        let (gap, pieces) = explain(&movement.reference, logged, movement.old, view.others);
        found.extend(gap);
        found.extend(pieces);
    }
    let own: BTreeSet<&RefName> = view.own.iter().map(|it| &it.reference).collect();
    let names: BTreeSet<&RefName> = view.logged.keys().chain(view.present.keys()).collect();
    for name in names.difference(&own) {
        let (logged, present) = (
            view.logged.get(name).copied(),
            view.present.get(name).copied(),
        );
        if logged != present {
            // What another push made, its own entry will tell.
            found.extend(explain(name, logged, present, view.others).0);
        }
    }
    found
}

/// Goes back from `to` along the movements of others. Returns what they leave unexplained, and
/// then their movements from there on.
fn explain(
    name: &RefName,
    from: Option<ObjectId>,
    to: Option<ObjectId>,
    others: &[Movement],
) -> (Option<Movement>, Vec<Movement>) {
    let mut left: Vec<&Movement> = others.iter().filter(|it| it.reference == *name).collect();
    let mut pieces = Vec::new();
    let mut at = to;
    while at != from {
        let Some(index) = left.iter().position(|it| it.new == at) else {
            break;
        };
        let piece = left.swap_remove(index);
        at = piece.old;
        pieces.push(piece.clone());
    }
    pieces.reverse();
    let gap = (at != from).then(|| Movement {
        reference: name.clone(),
        old: from,
        new: at,
    });
    (gap, pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(digit: char) -> Option<ObjectId> {
        (digit != '0').then(|| digit.to_string().repeat(40).parse().unwrap())
    }

    fn movement(text: &str) -> Movement {
        let mut digits = text.chars();
        let (old, new) = (digits.next().unwrap(), digits.next().unwrap());
        Movement {
            reference: main(),
            old: id(old),
            new: id(new),
        }
    }

    fn main() -> RefName {
        RefName::new("refs/heads/main").unwrap()
    }

    fn refs(digit: char) -> Refs {
        id(digit).map(|id| (main(), id)).into_iter().collect()
    }

    /// Where the log saw main, where it is, what this push moved, what others move.
    fn gaps(logged: char, present: char, own: &[&str], others: &[&str]) -> Vec<Movement> {
        unrecorded(&View {
            logged: &refs(logged),
            present: &refs(present),
            own: &own.iter().map(|it| movement(it)).collect::<Vec<_>>(),
            others: &others.iter().map(|it| movement(it)).collect::<Vec<_>>(),
            reported: &|_| false,
        })
    }

    #[test]
    fn a_push_that_follows_the_log_leaves_no_gap() {
        assert_eq!(gaps('1', '2', &["12"], &[]), []);
        assert_eq!(gaps('0', '1', &["01"], &[]), []);
        assert_eq!(gaps('1', '1', &[], &[]), []);
    }

    #[test]
    fn a_movement_past_the_hooks_is_a_gap() {
        assert_eq!(gaps('1', '3', &["23"], &[]), [movement("12")]);
        assert_eq!(gaps('1', '2', &[], &[]), [movement("12")]);
        assert_eq!(gaps('1', '0', &[], &[]), [movement("10")]);
    }

    #[test]
    fn a_push_under_way_is_no_gap_and_one_overtaken_is_told_piece_by_piece() {
        assert_eq!(gaps('1', '2', &[], &["12"]), []);
        assert_eq!(
            gaps('1', '4', &["34"], &["23", "12"]),
            [movement("12"), movement("23")]
        );
        // Somebody went past the hooks first, and then two pushes came.
        assert_eq!(
            gaps('1', '4', &["34"], &["23"]),
            [movement("12"), movement("23")]
        );
        assert_eq!(gaps('1', '3', &[], &["23"]), [movement("12")]);
        assert_eq!(gaps('1', '2', &[], &["21", "12"]), []);
    }

    #[test]
    fn movements_in_a_circle_end() {
        assert_eq!(
            gaps('9', '1', &[], &["12", "21"]),
            [Movement {
                new: id('1'),
                ..movement("91")
            }]
        );
    }
}
