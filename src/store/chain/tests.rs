//! The same sequence with a kind of entry that only these tests know.

use std::cell::Cell;

use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use super::*;
use crate::record::envelope::EnvelopeSignature;
use crate::records::{Binding, Context, Kind, Record};

/// A step of some plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    after: Option<Sha256>,
    does: String,
    number: u64,
    when: Timestamp,
}

impl Record for Step {
    fn kind(&self) -> Kind {
        Self::KIND
    }

    fn context(&self) -> Option<&Context> {
        None
    }

    fn binds(&self) -> Vec<Binding> {
        Vec::new()
    }
}

impl Predicate for Step {
    const KIND: Kind = Kind::Outcome;
}

impl Sequential for Step {
    fn sequence(&self) -> u64 {
        self.number
    }

    fn previous(&self) -> Option<Sha256> {
        self.after
    }

    fn time(&self) -> Timestamp {
        self.when
    }
}

impl AsRef<Step> for Step {
    fn as_ref(&self) -> &Step {
        self
    }
}

type Edit = fn(&mut Step);

struct World {
    _dir: TempDir,
    repo: Repo,
    chain: Chain,
}

impl World {
    fn new() -> Self {
        let dir = crate::sys::scratch::directory().unwrap();
        git::run(dir.path(), &["init", "-q", "--bare"]).unwrap();
        Self {
            repo: Repo::open(dir.path()).unwrap(),
            _dir: dir,
            chain: Chain {
                reference: RefName::new("refs/awo/plans/p1").unwrap(),
                beside: None,
                word: "step",
                author: "git-awo plan",
            },
        }
    }

    fn of(steps: usize) -> Self {
        let world = Self::new();
        for at in 0..steps {
            world.append(&at.to_string(), |_| {}).unwrap();
        }
        world
    }

    fn append(&self, does: &str, edit: impl Fn(&mut Step)) -> Result<ObjectId, Error> {
        self.chain.append(&self.repo, |last| {
            let mut step = next(last, does);
            edit(&mut step);
            Ok(sealed(step))
        })
    }

    /// Writes a commit by hand and moves the ref there.
    fn force(&self, new: &New<Step>, edit: impl FnOnce(&mut CommitDraft)) -> ObjectId {
        let tip = self.chain.tip(&self.repo).unwrap();
        let commit = self.chain.write(&self.repo, tip, new).unwrap();
        let tree = self.repo.commit(commit).unwrap().tree;
        let mut draft = self.chain.commit_of(&new.says, tree, tip);
        edit(&mut draft);
        let commit = self.repo.write_commit(&draft).unwrap();
        let update = RefUpdate {
            name: self.chain.reference.clone(),
            expected: tip.map_or(Expected::Absent, Expected::At),
            new: Some(commit),
        };
        self.repo.update_refs(&[update], "by hand").unwrap();
        commit
    }

    fn last(&self) -> (Entry, Step) {
        let tip = self.chain.tip(&self.repo).unwrap().unwrap();
        let entry = self.chain.read(&self.repo, tip).unwrap();
        let says = entry.parse().unwrap();
        (entry, says)
    }

    /// Loads what follows `base`: what was taken, and how it ended.
    fn load(&self, base: Option<Link>) -> (Vec<String>, Result<(), Error>) {
        let tip = self.chain.tip(&self.repo).unwrap().unwrap();
        let mut taken = Vec::new();
        let ended = self.chain.load(
            &self.repo,
            base,
            tip,
            |entry| {
                let broken = |why| self.chain.broken(entry.commit, Broken::Entry(why));
                entry.parse::<Step>().map_err(broken)
            },
            |_, step: Step| {
                taken.push(step.does);
                Ok(())
            },
        );
        (taken, ended)
    }

    fn breaks_with(&self, rule: Rule, taken: usize) {
        let (found, ended) = self.load(None);
        let findings = ended.unwrap_err().refusal(Subject::none()).findings();
        let finding = findings.iter().next().unwrap();
        assert_eq!(finding.rule, rule);
        assert_eq!(found.len(), taken, "{rule}: those before are believed");
        let place = finding.subject.reference.as_deref();
        assert_eq!(place, Some("refs/awo/plans/p1"), "{rule}: its own place");
    }
}

fn next(last: Option<&(Entry, Step)>, does: &str) -> Step {
    Step {
        after: last.map(|(entry, _)| entry.envelope.digest()),
        does: does.to_owned(),
        number: last.map_or(1, |(_, step)| step.number + 1),
        when: Timestamp::from_seconds(1_800_000_000).unwrap(),
    }
}

fn sealed(says: Step) -> New<Step> {
    let signature = EnvelopeSignature {
        keyid: "SHA256:x".to_owned(),
        sig: b"x".to_vec(),
    };
    let payload = Statement::new(says.clone()).to_payload();
    New {
        says,
        envelope: Envelope::new(payload, vec![signature]),
        beside: Vec::new(),
    }
}

#[test]
fn what_is_appended_is_loaded_whole_or_after_an_entry_that_is_known() {
    let world = World::of(3);
    let (taken, ended) = world.load(None);
    ended.unwrap();
    assert_eq!(taken, ["0", "1", "2"]);
    let (entry, says) = world.last();
    let known = entry.link(&says);
    assert_eq!(known.sequence, 3);
    world.append("3", |_| {}).unwrap();
    world.append("4", |_| {}).unwrap();
    let (taken, ended) = world.load(Some(known));
    ended.unwrap();
    assert_eq!(taken, ["3", "4"]);
    let tip = world.repo.commit(world.last().0.commit).unwrap();
    assert_eq!(tip.message, b"step 5\n");
    assert_eq!(tip.author.name, b"git-awo plan");
}

#[test]
fn an_entry_that_does_not_follow_is_not_appended() {
    let world = World::of(2);
    let before = world.chain.tip(&world.repo).unwrap();
    let edits: [(Edit, Broken); 3] = [
        (|step| step.number += 1, Broken::Linked),
        (|step| step.after = None, Broken::Linked),
        (|step| step.when = Timestamp::EPOCH, Broken::Time),
    ];
    for (edit, expected) in edits {
        let error = world.append("x", edit).unwrap_err();
        assert!(matches!(error, Error::Broken { broken, .. } if broken == expected));
    }
    assert_eq!(world.chain.tip(&world.repo).unwrap(), before);
}

#[test]
fn one_that_was_put_there_is_found_by_its_rule() {
    let follows = |world: &World| {
        let last = world.last();
        next(Some(&last), "x")
    };
    let edits: [(Edit, Rule); 4] = [
        (|step| step.number = 1, Rule::LogLinked),
        (|step| step.number += 1, Rule::LogLinked),
        (|step| step.after = Some(Sha256::of(b"x")), Rule::LogLinked),
        (|step| step.when = Timestamp::EPOCH, Rule::LogTime),
    ];
    for (edit, rule) in edits {
        let world = World::of(2);
        let mut step = follows(&world);
        edit(&mut step);
        world.force(&sealed(step), |_| {});
        world.breaks_with(rule, 2);
    }
    let world = World::of(2);
    world.force(&sealed(follows(&world)), |_| {});
    world.load(None).1.unwrap();

    let world = World::of(2);
    let tip = world.chain.tip(&world.repo).unwrap();
    world.force(&sealed(follows(&world)), |draft| draft.parents.extend(tip));
    world.breaks_with(Rule::LogLinear, 0);

    let world = World::of(2);
    world.force(&sealed(follows(&world)), |draft| draft.message.push(b'!'));
    world.breaks_with(Rule::LogEntry, 2);

    let world = World::of(2);
    let blob = world.repo.write_blob(b"more").unwrap();
    world.force(&sealed(follows(&world)), |draft| {
        let more = (RepoPath::from("more"), Some((Mode::File, blob)));
        draft.tree = world.repo.edit_tree(Some(draft.tree), &[more]).unwrap();
    });
    world.breaks_with(Rule::LogEntry, 2);
}

#[test]
fn who_loses_the_race_follows_the_winner() {
    let world = World::of(1);
    let tries = Cell::new(0);
    let appended = world.chain.append::<Step, Error>(&world.repo, |last| {
        tries.set(tries.get() + 1);
        let step = next(last, "late");
        if tries.get() == 1 {
            world.append("early", |_| {})?;
        }
        Ok(sealed(step))
    });
    appended.unwrap();
    let (taken, ended) = world.load(None);
    ended.unwrap();
    assert_eq!(taken, ["0", "early", "late"]);
    assert_eq!(tries.get(), 2);
}
