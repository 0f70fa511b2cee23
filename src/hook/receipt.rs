//! `post-receive`: appends a receipt to `refs/awo/log`, signed with the server's key.
//!
//! Pushes overlap, so a later one may write first. Its entry then tells the earlier movement as
//! unrecorded, and the earlier push's own entry, which names the same movement, resolves it.

use std::collections::BTreeSet;

use crate::actor::{Actor, Clock};
use crate::check::{self, PolicyHistory};
use crate::facts::log::{self, State};
use crate::git::Reader;
use crate::policy::{Keyring, Role};
use crate::record::{Coded, IdentityName, ObjectId, OverrideUse, Overrides, RefName, Subject};
use crate::records::{Context, Movement, ReceiptPredicate};
use crate::store::chain::New;
use crate::store::layout::{self, Place};
use crate::store::ledger::Refs;

use super::Error;
use super::gaps::{self, View};
use super::pushes::Judged;

/// Number of entries that are searched for a movement that was reported as unrecorded.
const LOOK_BACK: usize = 1_000;
/// The longest name of who pushed.
const LONGEST_PUSHER: usize = 120;

/// A push that landed.
pub struct Pushed<'a> {
    /// What it moved.
    pub movements: &'a [Movement],
    /// By what it was judged, if that is still known.
    pub judged: Option<&'a Judged>,
    /// Who pushed.
    pub pusher: String,
    /// Asks for the movements of other pushes under way.
    pub others: &'a dyn Fn() -> Vec<Movement>,
}

/// What became of the receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// It stands in the log.
    Written {
        /// The log's new tip.
        commit: ObjectId,
    },
    /// It was written before git told the client.
    Before,
    /// This server cannot write any: why not, and what to do.
    Impossible(String),
}

/// Appends the receipt of a push.
pub fn record(actor: &Actor, pushed: &Pushed<'_>) -> Result<Receipt, Error> {
    let repo = &actor.repo;
    let key = actor.settings.server_key();
    if !key.exists() {
        return Ok(impossible(
            "this server has no key; git awo init --server --anchor FINGERPRINT",
        ));
    }
    let server = actor.again()?.with_key(&key);
    let own_key = server.signer()?.public_key().clone();
    let known = actor.settings.known_policies();
    let history = actor.history_after(known.as_ref())?;
    let own_policy = judged_by(pushed, &history);
    let mut movements = pushed.movements.to_vec();
    movements.sort();
    let overrides = match pushed.judged {
        Some(judged) => overrides(&judged.overrides, &movements),
        None => overrides(&judged_again(actor, &history, &movements)?, &movements),
    };
    let appended = log::chain().append::<ReceiptPredicate, Stop>(repo, |last| {
        let state = match last {
            Some((entry, _)) => State::parse(&entry.beside)
                .map_err(|error| Error::Log(format!("{}: {error}", entry.commit)))?,
            None => State::default(),
        };
        // Whoever wrote it may have been killed before that was remembered.
        if let Some(judged) = pushed.judged.filter(|judged| judged.time.is_some())
            && let Some((entry, _)) = last
            && is_recorded(repo, entry.commit, judged.log, &movements)
        {
            return Err(Stop::Before);
        }
        // After the last entry is read: whoever lands in between has an entry by then, or is still
        // listed.
        let refs = check::push::refs(repo)?;
        let present = followed(&refs, &history, &state.refs);
        let others = (pushed.others)();
        let last_policy = last.and_then(|(_, says)| history.index_of(says.context.policy));
        // An entry never goes back behind the policy of the one before.
        let policy = own_policy.max(last_policy.unwrap_or_default());
        let version = history.version(policy);
        let person = version.policy.keyring().person_of(&own_key);
        let person = person.ok_or_else(|| {
            no("the policy does not know this server's key; git awo policy propose FILE")
        })?;
        if !version.policy.holds(person, Role::Server) {
            return Err(no(
                "the policy gives this server's key no role `server`; git awo policy propose FILE",
            ));
        }
        // Others judge what it brought by this time: it is that of the verdict, however long git and
        // the client took since.
        let judged = pushed.judged.and_then(|judged| judged.time);
        let now = judged.unwrap_or_else(|| Clock::system().now());
        let time = last.map_or(now, |(_, says)| says.time.max(now));
        let mut unrecorded = gaps::unrecorded(&View {
            logged: &state.refs,
            present: &present,
            own: &movements,
            others: &others,
            reported: &|movement| was_reported(repo, last.map(|it| it.0.commit), movement),
        });
        let last_commit = last.map(|it| it.0.commit);
        unrecorded.retain(|gap| {
            let is_own = movements.iter().any(|it| it.reference == gap.reference);
            is_own || !is_missed(repo, last_commit, gap, &history)
        });
        let says = ReceiptPredicate {
            context: context(&history, person, policy)?,
            movements: movements.clone(),
            overrides: overrides.clone(),
            previous: last.map(|(entry, _)| entry.envelope.digest()),
            pusher: pushed.pusher.clone(),
            sequence: last.map_or(1, |(_, says)| says.sequence.saturating_add(1)),
            time,
            unrecorded,
        };
        let envelope = server.sign(says.clone())?;
        // An entry that does not verify would end the log for everybody.
        let position = history.position(policy, Some(time));
        if let Err(error) = Keyring::verify::<ReceiptPredicate>(&envelope, &position) {
            let finding = error.to_finding(Subject::none());
            let why = format!("{}, expected {}", finding.found, finding.expected);
            return Err(no(&why));
        }
        if known.as_ref().is_some_and(|known| known.failed()) {
            return Err(Error::Log("a policy of before cannot be read".to_owned()).into());
        }
        let mut state = state;
        state.apply(&says);
        Ok(New {
            says,
            envelope,
            beside: state.to_bytes(),
        })
    });
    match appended {
        Ok(commit) => Ok(Receipt::Written { commit }),
        Err(Stop::Before) => Ok(Receipt::Before),
        Err(Stop::Impossible(why)) => Ok(Receipt::Impossible(why)),
        Err(Stop::Failed(error)) => Err(error),
    }
}

/// Why no entry is made.
enum Stop {
    /// There is one.
    Before,
    /// This server cannot write any.
    Impossible(String),
    /// It failed.
    Failed(Error),
}

fn no(why: &str) -> Stop {
    Stop::Impossible(why.to_owned())
}

impl<E: Into<Error>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Returns who pushed, as the server's environment names them.
pub fn pusher(get: impl Fn(&str) -> Option<String>) -> String {
    // gitolite; GitLab; Gitea and Forgejo; a web server; and who logged in.
    let names = [
        "GL_USER",
        "GL_USERNAME",
        "GITEA_PUSHER_NAME",
        "REMOTE_USER",
        "GIT_PUSHER",
        "LOGNAME",
        "USER",
    ];
    let clean = |text: String| -> String {
        let plain = |c: &char| {
            c.is_ascii_graphic() || *c == ' ' || (c.is_alphanumeric() && !c.is_control())
        };
        text.chars()
            .filter(plain)
            .take(LONGEST_PUSHER)
            .collect::<String>()
            .trim()
            .to_owned()
    };
    let named = names
        .iter()
        .filter_map(|name| get(name))
        .map(clean)
        .find(|text| !text.is_empty());
    named.unwrap_or_else(|| "unknown".to_owned())
}

fn impossible(why: &str) -> Receipt {
    Receipt::Impossible(why.to_owned())
}

/// Returns which version of the policy was in force before the push: of the first push, the
/// first version, which it brought itself.
fn judged_by(pushed: &Pushed<'_>, history: &PolicyHistory) -> usize {
    let name = layout::policy();
    let moved = pushed.movements.iter().find(|it| it.reference == name);
    let before = match (pushed.judged, moved) {
        (Some(judged), _) => judged.before.get(&name).copied(),
        (None, Some(movement)) => movement.old,
        (None, None) => Some(history.current().commit),
    };
    before
        .and_then(|commit| history.index_of(commit))
        .unwrap_or_default()
}

/// Returns the overrides that a push has used, of all that it was judged to use.
fn overrides(judged: &Overrides, movements: &[Movement]) -> Vec<OverrideUse> {
    let moved = movements.iter().filter_map(|it| judged.get(&it.reference));
    // One commit may have come to several branches.
    let used: BTreeSet<_> = moved.flatten().cloned().collect();
    used.into_iter().collect()
}

/// Returns which overrides a push has used of which it is not known any more how it was judged.
fn judged_again(
    actor: &Actor,
    history: &PolicyHistory,
    movements: &[Movement],
) -> Result<Overrides, Error> {
    let mut versions = history.versions();
    if !versions.any(|it| it.policy.protection_overrides().is_some()) {
        return Ok(Overrides::new());
    }
    let reader = &actor.repo;
    let mut before = check::push::refs(reader)?;
    for it in movements {
        match it.old {
            Some(old) => _ = before.insert(it.reference.clone(), old),
            None => _ = before.remove(&it.reference),
        }
    }
    let report = check::push::judge(&check::push::Push {
        reader,
        before: &before,
        movements,
        anchor: actor.settings.anchor()?.as_ref(),
        known: actor.settings.known_policies().as_ref(),
        door: check::push::Door::Clone,
        time: Clock::system().now(),
    });
    Ok(report.overrides)
}

/// Returns the refs that the log follows: governance but the log itself, governed branches and tags, and
/// what it has `logged`: a branch that a later policy no longer names has not gone away.
pub fn followed(refs: &Refs, history: &PolicyHistory, logged: &Refs) -> Refs {
    let policy = &history.current().policy;
    let follows = |name: &RefName| match Place::of(name) {
        Some(place) => place != Place::Log,
        None => policy.ref_rules(name).is_some() || logged.contains_key(name),
    };
    // A tag that is as it was adopted is told by the policy.
    let is_new_tag = |name: &RefName, id: &ObjectId| {
        let rules = policy.tag_rules(name);
        rules.is_some_and(|rules| rules.adopted() != Some(*id))
    };
    refs.iter()
        .filter(|(name, id)| follows(name) || is_new_tag(name, id))
        .map(|(name, id)| (name.clone(), *id))
        .collect()
}

fn context(
    history: &PolicyHistory,
    person: &IdentityName,
    policy: usize,
) -> Result<Context, Error> {
    let commit = history.commits().get(policy).copied();
    Ok(Context {
        identity: person.clone(),
        policy: commit.ok_or_else(|| Error::Log("the policy has no such version".to_owned()))?,
        repository: history.repository(),
        role: Role::Server.word().to_owned(),
    })
}

/// Tells whether an entry up to this one, and after the one that was the newest when the push was
/// judged, has recorded these movements.
fn is_recorded(
    reader: &Reader,
    last: ObjectId,
    before: Option<ObjectId>,
    movements: &[Movement],
) -> bool {
    let since = entries(reader, Some(last)).take_while(|(id, _)| Some(*id) != before);
    let mut since = since.map(|(_, says)| says.movements);
    since.any(|recorded| recorded == movements)
}

/// Tells whether a tag was taken from where a push put it, and must be there: the log goes on to say
/// so, until it is back. An entry that told of it would let it be made anew at another object.
fn is_missed(
    reader: &Reader,
    last: Option<ObjectId>,
    gap: &Movement,
    history: &PolicyHistory,
) -> bool {
    let rules = history.current().policy.tag_rules(&gap.reference);
    let must_stay = rules
        .filter(|_| gap.old.is_some())
        .is_some_and(|rules| match gap.new {
            Some(new) => !rules.accepts_move() && rules.adopted() != Some(new),
            None => !rules.accepts_delete(),
        });
    if !must_stay {
        return false;
    }
    let is_there = |it: &Movement| it.reference == gap.reference && it.new == gap.old;
    // However long ago it was.
    for (_, says) in every_entry(reader, last) {
        if says.movements.iter().any(is_there) {
            return true;
        }
        if says.unrecorded.iter().any(is_there) {
            return false;
        }
    }
    false
}

/// Returns what this entry says and those before it, the newest first, as far as they can be read.
fn entries(
    reader: &Reader,
    last: Option<ObjectId>,
) -> impl Iterator<Item = (ObjectId, ReceiptPredicate)> {
    every_entry(reader, last).take(LOOK_BACK)
}

fn every_entry(
    reader: &Reader,
    last: Option<ObjectId>,
) -> impl Iterator<Item = (ObjectId, ReceiptPredicate)> {
    let before = |id: &ObjectId| reader.commit(*id).ok()?.parents.first().copied();
    let ids = std::iter::successors(last, before);
    ids.map_while(|id| {
        let entry = log::chain().read(reader, id).ok()?;
        Some((id, entry.parse::<ReceiptPredicate>().ok()?))
    })
}

/// Returns whether an earlier entry told the movement as unrecorded: then this push was overtaken.
fn was_reported(reader: &Reader, last: Option<ObjectId>, movement: &Movement) -> bool {
    for (_, says) in entries(reader, last) {
        // The same movement pushed twice: the earlier one has its entry already.
        if says.movements.contains(movement) {
            return false;
        }
        if says.unrecorded.contains(movement) {
            return true;
        }
    }
    false
}
