//! A vouch: a member answers for commits by others, so that these may go to a branch.

use serde::{Deserialize, Serialize};

use super::kind::Kind;
use super::place::Stands;
use super::record::{Binding, Record, Signers, about};
use super::statement::{Context, Subject};
use crate::record::{ObjectId, Reason, RefName, Sha256};

about! {
    Vouch, "vouch", VouchPredicate,
    title: "vouch",
    purpose: "a member answers for a range of commits that others made; `<COMMIT>` is the tip of the range",
    signers: Signers::Vouchers,
    stands: Stands::ManyPerCommit,
    after: &[],
    fields: "`reference` (the branch), `tip` and `base` (the range: the commits behind `tip` that are not behind one of `base`), `commits` (their number), `digest` (SHA-256 of their ids, sorted, each followed by a line feed), `reason`",
}

/// A vouch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VouchPredicate {
    /// What the range begins after, sorted: none of what lies behind these belongs to it.
    pub base: Vec<ObjectId>,
    /// Number of commits.
    pub commits: usize,
    /// Who vouches.
    pub context: Context,
    /// SHA-256 of the ids of the commits, sorted, each followed by a line feed.
    pub digest: Sha256,
    /// Why.
    pub reason: Reason,
    /// The branch to which they may go.
    pub reference: RefName,
    /// The last commit.
    pub tip: ObjectId,
}

impl VouchPredicate {
    /// Returns the digest of these commits, in any order.
    pub fn digest_of(commits: &[ObjectId]) -> Sha256 {
        let mut ids: Vec<_> = commits.iter().map(ObjectId::to_string).collect();
        ids.sort();
        let lines = ids.into_iter().flat_map(|id| [id, "\n".to_owned()]);
        Sha256::of(lines.collect::<String>().as_bytes())
    }
}

impl Record for VouchPredicate {
    fn kind(&self) -> Kind {
        Kind::Vouch
    }

    fn context(&self) -> Option<&Context> {
        Some(&self.context)
    }

    fn binds(&self) -> Vec<Binding> {
        let mut binds = vec![
            Binding::Reference(self.reference.clone()),
            Binding::Commit(self.tip),
        ];
        binds.extend(self.base.iter().copied().map(Binding::Base));
        binds
    }

    fn subject(&self) -> Vec<Subject> {
        vec![Subject::commit(self.reference.as_str(), self.tip)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_that_of_the_sorted_list() {
        let id = |digit: &str| digit.repeat(40).parse().unwrap();
        let (a, b) = (id("a"), id("1"));
        let digest = VouchPredicate::digest_of(&[a, b]);
        assert_eq!(digest, VouchPredicate::digest_of(&[b, a]));
        let text = format!("{b}\n{a}\n");
        assert_eq!(digest, Sha256::of(text.as_bytes()));
    }
}
