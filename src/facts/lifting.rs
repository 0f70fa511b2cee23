//! What lifts the protection of an artefact for one commit: who signed for exactly this change, and which other
//! commit has used that before.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeSet;

use crate::git::Reader;
use crate::policy::{Policy, Verified};
use crate::record::commit::Commit;
use crate::record::tree::Change;
use crate::record::{
    Choice, DecisionId, Gate, IdentityName, ObjectId, OverrideUse, Protection, RepoPath, Sha256,
    Timestamp,
};
use crate::records::{DecisionPredicate, ReceiptPredicate, Target};
use crate::store::layout::{self, Refs};

use super::log;
use super::remembered::At;
use super::run::Collector;
use super::{Error, PolicyHistory};

/// What is known of the protection of one path that a commit changes.
pub struct Lifting {
    /// The change.
    pub protection: Protection,
    /// Every approval of exactly this change, as it stands.
    pub approvals: Vec<Signed>,
    /// The rejections that stand, and by whom.
    pub against: Vec<(DecisionId, IdentityName)>,
    /// Whether this very commit has used them before, on another branch.
    pub used_before: bool,
    /// The push with which this very commit landed first, where what it landed on is gone.
    pub landed: Option<Landed>,
    /// Whom the commit names as having a part in it, folded for comparison.
    pub makers: BTreeSet<String>,
}

/// An approval of a change, as it stands.
pub struct Signed {
    pub decision: Verified<DecisionPredicate>,
    pub expired: bool,
    pub withdrawn: bool,
    /// What has taken its place.
    pub superseded_by: Option<DecisionId>,
    /// The commit that has used it before.
    pub used_by: Option<ObjectId>,
    /// Whether it may have come after the commit: the log tells of pushes of one second as of one.
    pub may_be_later: bool,
}

/// The first landing of a commit that was not judged here, as its receipt tells.
#[derive(Clone)]
pub struct Landed {
    /// The policy in force then: it says who had to sign.
    pub policy: Policy,
    /// The entry of the log, by its place.
    pub entry: usize,
    told: OverrideUse,
}

impl Lifting {
    /// Returns the approvals that a use uses up.
    pub fn unused(&self) -> impl Iterator<Item = &Signed> {
        self.approvals.iter().filter(|it| it.used_by.is_none())
    }

    /// Returns the use of all that is left by a commit.
    pub fn used_by(&self, commit: ObjectId) -> Made {
        let id = |it: &Signed| it.decision.predicate().id().clone();
        let ids: BTreeSet<_> = self.unused().map(id).collect();
        Made {
            used: OverrideUse {
                commit,
                decisions: ids.into_iter().collect(),
                path: self.protection.path.clone(),
            },
            in_doubt: self.unused().filter(|it| it.may_be_later).map(id).collect(),
            told_by: self.landed.as_ref().map(|it| it.entry),
        }
    }

    /// Returns what the receipt of the first landing tells, where that was not judged here.
    pub fn told(&self) -> Option<&OverrideUse> {
        self.landed.as_ref().map(|it| &it.told)
    }
}

/// When a commit comes, and how.
#[derive(Clone, Copy)]
pub struct When {
    pub time: Timestamp,
    /// Whether it arrives now, so that everything that is here counts.
    pub arriving: bool,
}

/// A use that was judged.
#[derive(Clone)]
pub struct Made {
    pub used: OverrideUse,
    /// Those of its decisions that may have come later, in the same second.
    pub in_doubt: BTreeSet<DecisionId>,
    /// The entry of the log that tells of it, by its place, if it is not the one that brought the commit here.
    pub told_by: Option<usize>,
}

impl Made {
    /// Tells whether a receipt tells of this use.
    pub fn is_told(&self, told: &OverrideUse) -> bool {
        let known = |id: &DecisionId| self.used.decisions.contains(id);
        let same = told.commit == self.used.commit && told.path == self.used.path;
        let mut sure = self.used.decisions.iter();
        let all = sure.all(|it| self.in_doubt.contains(it) || told.decisions.contains(it));
        same && all && !told.decisions.is_empty() && told.decisions.iter().all(known)
    }
}

/// Which overrides were used before: by what was judged so far, and by what the receive log tells.
pub struct Uses<'a> {
    told: Option<Told<'a>>,
    /// What was judged, and which decisions that used up.
    made: RefCell<Vec<(Made, Vec<DecisionId>)>>,
    /// What receipts tell of pushes before the one that is judged: some of what they brought may be gone.
    receipts: RefCell<Vec<Receipt>>,
}

/// What one receipt tells of one use.
struct Receipt {
    entry: usize,
    at: At,
    used: OverrideUse,
}

/// The receive log, read from its end as far as somebody asks.
struct Told<'a> {
    reader: &'a Reader,
    tip: Option<ObjectId>,
    entries: OnceCell<RefCell<Entries>>,
    /// Whether a commit that has used an override, as the log tells, has done so.
    believed: bool,
}

#[derive(Default)]
struct Entries {
    next: Option<ObjectId>,
    /// The last entry that was read.
    last: Option<Timestamp>,
    uses: Vec<(Timestamp, OverrideUse)>,
}

impl<'a> Uses<'a> {
    /// Knows what the receive log tells, the newest first: that of a server, or the one that a clone has.
    pub fn by_log(reader: &'a Reader, refs: &Refs) -> Self {
        Self::told(reader, refs, true)
    }

    /// The same, for who judges again what the log tells: the use of a commit by itself proves nothing.
    pub fn of_others(reader: &'a Reader, refs: &Refs) -> Self {
        Self::told(reader, refs, false)
    }

    /// Knows nothing but what is judged from now on, in order.
    pub fn from_the_beginning() -> Self {
        Self {
            told: None,
            made: RefCell::default(),
            receipts: RefCell::default(),
        }
    }

    fn told(reader: &'a Reader, refs: &Refs, believed: bool) -> Self {
        Self {
            told: Some(Told {
                reader,
                tip: refs.get(&layout::log()).copied(),
                entries: OnceCell::new(),
                believed,
            }),
            made: RefCell::default(),
            receipts: RefCell::default(),
        }
    }

    /// Learns what the receipt of a push tells, before a later one is judged.
    pub fn hear(&self, entry: usize, at: At, uses: &[OverrideUse]) {
        let uses = uses.iter().cloned();
        let uses = uses.map(|used| Receipt { entry, at, used });
        self.receipts.borrow_mut().extend(uses);
    }

    /// Returns the first landing of a commit, if a receipt tells of it and it was not judged here.
    fn landed(
        &self,
        commit: ObjectId,
        path: &RepoPath,
        history: &PolicyHistory,
    ) -> Option<(Landed, Timestamp)> {
        if self.made_by(commit, path).is_some() {
            return None;
        }
        let receipts = self.receipts.borrow();
        let mut receipts = receipts.iter();
        let first = receipts.find(|it| it.used.commit == commit && it.used.path == *path)?;
        let (version, time) = first.at;
        let landed = Landed {
            policy: history.version(version).policy.clone(),
            entry: first.entry,
            told: first.used.clone(),
        };
        Some((landed, time))
    }

    /// Remembers a use, of which the receipt of its push may tell.
    pub fn add(&self, made: Made, receipt: &[OverrideUse]) {
        let told = receipt.iter().find(|told| made.is_told(told));
        let up = told.unwrap_or(&made.used).decisions.clone();
        self.made.borrow_mut().push((made, up));
    }

    /// Returns what was judged, in order.
    pub fn made(&self) -> Vec<Made> {
        let made = self.made.borrow();
        made.iter().map(|(it, _)| it.clone()).collect()
    }

    /// Returns the use of an override of a path by a commit, if that was judged here.
    pub fn made_by(&self, commit: ObjectId, path: &RepoPath) -> Option<OverrideUse> {
        let made = self.made.borrow();
        let mut made = made.iter().map(|(it, _)| &it.used);
        made.find(|it| it.commit == commit && it.path == *path)
            .cloned()
    }

    /// Tells whether this commit has used an override of this path before.
    fn used_before(&self, commit: ObjectId, path: &RepoPath, asked: &Asked) -> Result<bool, Error> {
        let is = |it: &OverrideUse| it.commit == commit && it.path == *path;
        if self.made_by(commit, path).is_some() {
            return Ok(true);
        }
        match &self.told {
            Some(told) if told.believed => {
                told.read(asked.since)?;
                Ok(told.uses(asked).iter().any(is))
            }
            _ => Ok(false),
        }
    }

    /// Returns the first other commit that used a decision before.
    fn by_other(
        &self,
        commit: Option<ObjectId>,
        decision: &DecisionId,
        asked: &Asked,
    ) -> Result<Option<ObjectId>, Error> {
        let other = |by: ObjectId, up: &[DecisionId]| commit != Some(by) && up.contains(decision);
        if let Some(told) = &self.told {
            told.read(asked.since)?;
            // The newest is read first.
            let uses = told.uses(asked);
            let first = uses.iter().rev().find(|it| other(it.commit, &it.decisions));
            if let Some(first) = first {
                return Ok(Some(first.commit));
            }
        }
        let receipts = self.receipts.borrow();
        let mut receipts = receipts.iter().map(|it| &it.used);
        if let Some(first) = receipts.find(|it| other(it.commit, &it.decisions)) {
            return Ok(Some(first.commit));
        }
        let made = self.made.borrow();
        let first = made.iter().find(|(it, up)| other(it.used.commit, up));
        Ok(first.map(|(it, _)| it.used.commit))
    }
}

/// Which part of the log is asked.
struct Asked {
    /// Earlier than this no decision can have come.
    since: Option<Timestamp>,
    when: When,
}

impl Told<'_> {
    fn entries(&self) -> &RefCell<Entries> {
        self.entries.get_or_init(|| {
            RefCell::new(Entries {
                next: self.tip,
                ..Entries::default()
            })
        })
    }

    /// Reads the log back to a time.
    fn read(&self, since: Option<Timestamp>) -> Result<(), Error> {
        let mut entries = self.entries().borrow_mut();
        let Some(since) = since else {
            return Ok(());
        };
        while let Some(id) = entries.next
            && entries.last.is_none_or(|last| last >= since)
        {
            let says: ReceiptPredicate = log::chain().says(self.reader, id)?;
            let uses = says.overrides.into_iter().map(|it| (says.time, it));
            entries.uses.extend(uses);
            entries.last = Some(says.time);
            entries.next = self.reader.commit(id)?.parents.first().copied();
        }
        Ok(())
    }

    /// Returns the uses of which the part that was read tells, the newest first.
    fn uses(&self, asked: &Asked) -> Vec<OverrideUse> {
        let entries = self.entries().borrow();
        // What came later than what is judged has used nothing before it.
        let before = |time: Timestamp| asked.when.arriving || time < asked.when.time;
        let uses = entries.uses.iter().filter(|(time, _)| before(*time));
        uses.map(|(_, it)| it.clone()).collect()
    }
}

/// Tells whether an override could lift the protection of something that is changed: only then anybody looks
/// for one.
pub fn may_be_lifted(policy: &Policy, changes: &[Change]) -> bool {
    let mut changes = changes.iter();
    policy.protection_overrides().is_some() && changes.any(|it| policy.protects(&it.path).is_some())
}

/// Returns the name under which all decisions on a change are found.
fn target_key(protection: &Protection) -> Sha256 {
    Target::Record(protection.digest()).key(Gate::PolicyViolation)
}

impl Collector<'_> {
    /// Returns what lifts the protection of each protected path that a commit changes, or would change.
    pub fn lifting(
        &self,
        policy: &Policy,
        uses: &Uses<'_>,
        (commit, changes): (Option<&Commit>, &[Change]),
        when: When,
    ) -> Result<Vec<Lifting>, Error> {
        if !may_be_lifted(policy, changes) {
            return Ok(Vec::new());
        }
        let protected = changes
            .iter()
            .filter(|it| policy.protects(&it.path).is_some());
        let lifting = protected.map(|it| self.lifting_of(uses, Protection::of(it), commit, when));
        lifting.collect()
    }

    /// Returns every decision on exactly this change that holds by itself.
    pub fn decisions_on_change(
        &self,
        protection: &Protection,
    ) -> Result<Vec<Verified<DecisionPredicate>>, Error> {
        let mut all = self.decisions_on(target_key(protection))?;
        all.retain(|it| it.predicate().protection.as_ref() == Some(protection));
        Ok(all)
    }

    fn lifting_of(
        &self,
        uses: &Uses<'_>,
        protection: Protection,
        commit: Option<&Commit>,
        when: When,
    ) -> Result<Lifting, Error> {
        let judging = self.judging();
        let landed = commit.and_then(|it| uses.landed(it.id, &protection.path, self.history));
        // It was judged with the push that landed it first, and is so again.
        let (landed, when) = match landed {
            Some((landed, time)) => {
                let arriving = false;
                (Some(landed), When { time, arriving })
            }
            None => (None, when),
        };
        // What came with it counts; what took something back, only if it surely came before.
        let there = |it: Sha256| {
            let arrival = judging.arrival(it).map(|time| time <= when.time);
            when.arriving || arrival.unwrap_or(!judging.comes_now(it))
        };
        let before = |it: Sha256| {
            let arrival = judging.arrival(it).map(|time| time < when.time);
            when.arriving || arrival.unwrap_or(!judging.comes_now(it))
        };
        let mut all = self.decisions_on_change(&protection)?;
        all.retain(|it| there(it.digest()));
        let superseder = |says: &DecisionPredicate| {
            let mut others = all.iter().filter(|it| before(it.digest()));
            let other = others.find(|it| it.predicate().replaces(says));
            other.map(|it| it.predicate().id().clone())
        };
        let asked = Asked {
            since: self.since(&all),
            when,
        };
        let (mut approvals, mut against) = (Vec::new(), Vec::new());
        for decision in &all {
            let says = decision.predicate();
            let signed = Signed {
                expired: says.expires <= when.time,
                withdrawn: self.withdrew(decision, before)?,
                superseded_by: superseder(says),
                used_by: uses.by_other(commit.map(|it| it.id), says.id(), &asked)?,
                may_be_later: !before(decision.digest()),
                decision: decision.clone(),
            };
            match says.decision.decision {
                Choice::Approve => approvals.push(signed),
                Choice::Reject => {
                    let over = signed.expired || signed.withdrawn || signed.superseded_by.is_some();
                    if !over && !signed.may_be_later {
                        against.push((says.id().clone(), decision.signer().clone()));
                    }
                }
                Choice::Defer => {}
            }
        }
        let used_before = match commit {
            Some(commit) => uses.used_before(commit.id, &protection.path, &asked)?,
            None => false,
        };
        Ok(Lifting {
            protection,
            approvals,
            against,
            used_before,
            landed,
            makers: commit.map(Commit::makers).unwrap_or_default(),
        })
    }

    /// Returns a time before which none of these decisions can have come: each holds for as many days as the
    /// policy permitted then, at most.
    fn since(&self, decisions: &[Verified<DecisionPredicate>]) -> Option<Timestamp> {
        let first = decisions.iter().map(|it| it.predicate().expires).min()?;
        let days = longest(self.history).saturating_add(1);
        let seconds = i64::from(days).saturating_mul(86_400);
        let since = Timestamp::from_seconds(first.seconds().saturating_sub(seconds));
        Some(since.unwrap_or(Timestamp::EPOCH))
    }
}

/// Returns for how many days any version of the policy let a decision hold.
fn longest(history: &PolicyHistory) -> u32 {
    let versions = history.versions();
    let days = versions.map(|it| it.policy.document().gates.approval_days);
    days.max().unwrap_or_default()
}
