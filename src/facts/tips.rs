//! Where the branches of a clone are, and which branch of the server each stands for.

use std::collections::{BTreeMap, BTreeSet};

use super::Error;
use crate::git::Reader;
use crate::record::{ObjectId, RefName, Report};
use crate::store::layout::{self, Place};
use crate::store::ledger::Refs;

/// The commits of each ref that were judged with all that lies behind them.
pub type Judged = BTreeMap<RefName, Vec<ObjectId>>;

/// Returns every tip of every branch: local ones and those last seen at the servers.
pub fn tips(reader: &Reader, refs: &Refs) -> BTreeSet<(RefName, ObjectId)> {
    let remotes = Remotes::of(reader, refs);
    refs.iter()
        .filter(|(name, _)| Place::of(name).is_none())
        .flat_map(|(name, id)| {
            let branches = remotes.stands_for(name).into_iter();
            branches.map(|branch| (branch, *id))
        })
        .collect()
}

/// The remotes of a clone: servers of what is governed, and others, as a contributor's fork.
///
/// A server is whose policy the clone has fetched. Where it has fetched none, every remote may be one.
pub struct Remotes {
    servers: Vec<String>,
    others: Vec<String>,
}

impl Remotes {
    pub fn of(reader: &Reader, refs: &Refs) -> Self {
        Self::among(reader.remotes(), refs)
    }

    fn among(remotes: Vec<String>, refs: &Refs) -> Self {
        let follows = |remote: &String| {
            let policy = layout::tracking(remote, &layout::policy());
            policy.is_some_and(|name| refs.contains_key(&name))
        };
        let (mut servers, mut others): (Vec<_>, Vec<_>) = remotes.into_iter().partition(follows);
        if servers.is_empty() {
            servers.append(&mut others);
        }
        Self { servers, others }
    }

    /// Returns the refs on a server that a local ref may stand for: none if it tracks another remote.
    pub fn stands_for(&self, name: &RefName) -> Vec<RefName> {
        match self.other(name) {
            Some(_) => Vec::new(),
            None => stands_for(name, &self.servers),
        }
    }

    /// Returns the remote that is no server and whose ref this one tracks.
    fn other(&self, name: &RefName) -> Option<&String> {
        let rest = name.as_str().strip_prefix("refs/remotes/")?;
        let is_of = |remote: &&String| {
            let rest = rest.strip_prefix(remote.as_str());
            rest.is_some_and(|rest| rest.starts_with('/'))
        };
        let other = self.others.iter().find(is_of);
        other.filter(|_| !self.servers.iter().any(|it| is_of(&it)))
    }

    /// Notes which refs are not judged since they track a remote that is no server.
    pub fn note_others(&self, refs: &Refs, report: &mut Report) {
        let names = refs.keys().filter(|it| !it.as_str().ends_with("/HEAD"));
        let mut unjudged: BTreeMap<&String, Vec<&RefName>> = BTreeMap::new();
        for name in names {
            if let Some(remote) = self.other(name) {
                unjudged.entry(remote).or_default().push(name);
            }
        }
        let servers = self.servers.join(", ");
        for (remote, names) in unjudged {
            let first = names.first().map_or("", |it| it.as_str());
            let first = first.trim_start_matches("refs/remotes/");
            report.notes.push(format!(
                "{} branches of {remote} are not judged, as {first}: this clone has the policy of \
                 {servers}; git awo verify {first} judges that one",
                names.len()
            ));
        }
    }
}

/// Tells whether a tip of that branch contains where it moved: a clone may be behind the log.
pub fn contained(
    reader: &Reader,
    tips: &BTreeSet<(RefName, ObjectId)>,
    reference: &RefName,
    new: ObjectId,
) -> Result<bool, Error> {
    for (_, tip) in tips.iter().filter(|(name, _)| name == reference) {
        if reader.is_ancestor(new, *tip)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Returns the refs on the server that a local ref may stand for, by the names of the remotes.
///
/// `refs/remotes/up/stream/main` is `stream/main` of the remote `up`, or `main` of `up/stream`: of
/// both if there are both. Without any such remote its name is taken to have no slash.
pub fn stands_for(name: &RefName, remotes: &[String]) -> Vec<RefName> {
    if name.branch().is_some() || Place::of(name).is_some() {
        return vec![name.clone()];
    }
    let Some(rest) = name.as_str().strip_prefix("refs/remotes/") else {
        return Vec::new();
    };
    let of = |remote: &String| rest.strip_prefix(remote.as_str())?.strip_prefix('/');
    let mut branches: Vec<_> = remotes.iter().filter_map(of).collect();
    if branches.is_empty() {
        branches.extend(rest.split_once('/').map(|(_, branch)| branch));
    }
    let branches = branches.into_iter().filter(|branch| *branch != "HEAD");
    let names = branches.map(|branch| RefName::new(format!("refs/heads/{branch}")));
    names.filter_map(Result::ok).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_remote_whose_policy_is_here_is_a_server_if_there_is_any() {
        let refname = |name: &str| RefName::new(name).unwrap();
        let remotes = ["fork", "fork/more", "up"].map(str::to_owned).to_vec();
        let id = ObjectId::Sha1([1; 20]);
        let names = [
            "fork/main",
            "fork/HEAD",
            "fork/more/x",
            "up/main",
            "gone/main",
        ];
        let refs = names.map(|name| (refname(&format!("refs/remotes/{name}")), id));
        let mut refs = Refs::from(refs);
        let stand = |refs: &Refs| {
            let remotes = Remotes::among(remotes.clone(), refs);
            let mut report = Report::default();
            remotes.note_others(refs, &mut report);
            let stands = refs.keys().flat_map(|name| remotes.stands_for(name));
            let stands: Vec<_> = stands.map(|it| it.to_string()).collect();
            (stands, report.notes.len())
        };
        let (main, x) = ("refs/heads/main", "refs/heads/x");
        let all = [main, "refs/heads/more/x", x, main, main];
        assert_eq!(stand(&refs), (all.map(str::to_owned).to_vec(), 0));
        let policy = |remote| layout::tracking(remote, &layout::policy()).unwrap();
        refs.insert(policy("fork/more"), id);
        assert_eq!(stand(&refs), ([x, main].map(str::to_owned).to_vec(), 2));
        refs.insert(policy("up"), id);
        assert_eq!(
            stand(&refs),
            ([x, main, main].map(str::to_owned).to_vec(), 1)
        );
        refs.insert(policy("fork"), id);
        assert_eq!(stand(&refs), (all.map(str::to_owned).to_vec(), 0));
    }

    #[test]
    fn a_tracking_ref_stands_for_the_branch_of_its_remote() {
        let stands = |name: &str, remotes: &[&str]| {
            let remotes: Vec<_> = remotes.iter().map(|it| (*it).to_owned()).collect();
            let found = stands_for(&RefName::new(name).unwrap(), &remotes);
            found.iter().map(RefName::to_string).collect::<Vec<_>>()
        };
        let deep = "refs/remotes/up/stream/main";
        for (name, remotes, expected) in [
            (
                "refs/heads/up/main",
                &["up"][..],
                &["refs/heads/up/main"][..],
            ),
            ("refs/remotes/up/main", &["up"], &["refs/heads/main"]),
            ("refs/remotes/up/HEAD", &["up"], &[]),
            ("refs/remotes/gone/main", &["up"], &["refs/heads/main"]),
            ("refs/remotes/up", &["up"], &[]),
            (deep, &["up"], &["refs/heads/stream/main"]),
            (deep, &["up/stream"], &["refs/heads/main"]),
            (
                deep,
                &["up", "up/stream"],
                &["refs/heads/stream/main", "refs/heads/main"],
            ),
            ("refs/remotes/up/stream/HEAD", &["up/stream"], &[]),
            ("refs/tags/main", &["up"], &[]),
            ("refs/awo/ledger", &["up"], &["refs/awo/ledger"]),
        ] {
            assert_eq!(stands(name, remotes), expected, "{name} {remotes:?}");
        }
    }
}
