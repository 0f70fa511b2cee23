//! One change of a protected artefact: what is signed to lift its protection.

use serde::{Deserialize, Serialize};

use super::tree::{Change, Mode};
use super::{ObjectId, RepoPath, Sha256, json};

/// What a path holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Held {
    /// The object.
    pub id: ObjectId,
    /// Its mode.
    pub mode: Mode,
}

/// A change of one path, from exactly this to exactly that.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Protection {
    /// What the path holds before; nothing if it does not exist.
    pub from: Option<Held>,
    /// The path.
    pub path: RepoPath,
    /// What it holds after; nothing if it is deleted.
    pub to: Option<Held>,
}

/// How the `target_ref` of a decision names such a change: this, and its digest.
const PREFIX: &str = "protection/";

impl Protection {
    /// Returns what a commit does to one path.
    pub fn of(change: &Change) -> Self {
        let held = |side: Option<(Mode, ObjectId)>| side.map(|(mode, id)| Held { id, mode });
        Self {
            from: held(change.old),
            path: change.path.clone(),
            to: held(change.new),
        }
    }

    /// Returns the digest under which all decisions on this change are found.
    pub fn digest(&self) -> Sha256 {
        Sha256::of(&json::canonical(self))
    }

    /// Returns the `target_ref` of a decision on this change.
    pub fn target_ref(&self) -> String {
        format!("{PREFIX}{}", self.digest())
    }

    /// Returns the digest that a `target_ref` names, if it is one of such a change.
    pub fn named(target_ref: &str) -> Option<Sha256> {
        target_ref.strip_prefix(PREFIX)?.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_has_one_digest_which_says_all_of_it() {
        let held = |digit: &str, mode| Held {
            id: digit.repeat(40).parse().unwrap(),
            mode,
        };
        let one = Protection {
            from: Some(held("1", Mode::File)),
            path: RepoPath::from("ci/run.sh"),
            to: Some(held("2", Mode::File)),
        };
        let same = json::parse_canonical::<Protection>(&json::canonical(&one)).unwrap();
        assert_eq!(same, one);
        assert_eq!(Protection::named(&one.target_ref()), Some(one.digest()));
        assert_eq!(Protection::named("task/T-1"), None);
        let mut others = vec![one.clone(); 5];
        others[0].path = RepoPath::from("ci/Run.sh");
        others[1].from = Some(held("1", Mode::Executable));
        others[2].to = Some(held("2", Mode::Executable));
        others[3].to = None;
        others[4].from = Some(held("2", Mode::File));
        for other in others {
            assert_ne!(other.digest(), one.digest(), "{other:?}");
        }
    }

    #[test]
    fn a_path_has_one_spelling() {
        for path in [&b"a b"[..], b"a\xff", b"\"a", "\u{e5}/x".as_bytes()] {
            let path = RepoPath::new(path);
            let text = serde_json::to_string(&path).unwrap();
            assert_eq!(serde_json::from_str::<RepoPath>(&text).unwrap(), path);
        }
        for bad in [r#""\"a""#, r#""\"a\"""#, r#""\"\\303\\245\"""#, "1"] {
            assert!(serde_json::from_str::<RepoPath>(bad).is_err(), "{bad}");
        }
    }
}
