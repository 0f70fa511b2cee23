//! What stands on the refs at each stage, and how it is pushed, logged and verified.

use crate::check::Marks;
use crate::store::additions::since;

use super::*;
use std::num::NonZero;

/// What a case asks: what is changed before it is signed, the stage that is pushed, what is
/// changed on the refs, and what is found, as `CODE rule`.
pub type Case = (
    &'static str,
    &'static [Edit],
    Stage,
    fn(&World, &mut Shelf),
    &'static [&'static str],
);

/// Rules about what changed at a ref: `verify` sees the end alone, and finds by other rules what is
/// wrong with that. What is told of a landing out of its turn it tells of the links that are missing.
const AT_THE_DOOR: &[&str] = &[
    "evidence-whole",
    "records-never-change",
    "record-mode",
    "run-in-turn",
];

/// Pushes what each case says onto the stage before; tells which of them find something else.
#[track_caller]
pub fn finds(cases: &[Case]) {
    let mut wrong = String::new();
    for (what, edits, stage, change, expected) in cases {
        let world = World::new(edits);
        let report = world.push(*stage, change);
        let found = codes(&report);
        if found != *expected {
            let why: Vec<_> = report.findings.iter().map(|it| &it.found).collect();
            wrong.push_str(&format!("{what}: {found:?}, not {expected:?}: {why:?}\n"));
        }
        // Whoever does the same past the hooks is found out by everybody who verifies: at once, or by
        // a receipt that says it was judged.
        let verified = [false, true].map(|receipt| codes(&world.forged(*stage, change, receipt)));
        let verified = verified.concat();
        let missed: Vec<_> = expected
            .iter()
            .filter(|it| !verified.iter().any(|found| found == *it))
            .filter(|it| !AT_THE_DOOR.iter().any(|rule| it.ends_with(rule)))
            .collect();
        if !missed.is_empty() {
            wrong.push_str(&format!(
                "{what}: verify misses {missed:?} of {verified:?}\n"
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Returns `CODE rule` of each finding, sorted, each once; with a `?` where it is undecided.
pub fn codes(report: &Report) -> Vec<String> {
    let word = |it: &Finding| format!("{} {}", it.code.as_str(), it.rule);
    let mut words: Vec<_> = report.findings.iter().map(word).collect();
    words.extend(report.undecided.iter().map(|it| word(it) + "?"));
    words.sort();
    words.dedup();
    words
}

impl Stage {
    fn before(self) -> Self {
        match self {
            Stage::Founded | Stage::Approved => Stage::Founded,
            Stage::Executed => Stage::Approved,
            Stage::Reviewed => Stage::Executed,
            Stage::Landed => Stage::Reviewed,
            Stage::Judged => Stage::Landed,
        }
    }
}

impl World {
    /// Returns what stands on the refs at a stage.
    pub fn shelf(&self, stage: Stage) -> Shelf {
        let mut shelf = Shelf::default();
        shelf.branches.insert(layout::policy(), self.policy);
        shelf.branches.insert(main(), self.base);
        if stage >= Stage::Approved {
            shelf.put(&Kind::Contract.of(task()), self.contract.to_bytes());
            shelf.put(&LedgerPath::Packet(task()), PACKET);
            shelf.note(segment(&self.approval), self.contract_blob, &self.approval);
        }
        if stage >= Stage::Executed {
            let run = self.run.run.clone();
            shelf.put(&Kind::Run.of(&run), self.run_record.to_bytes());
            let sums = self.evidence[&RepoPath::from(SUMS)].clone();
            shelf.put(&LedgerPath::Inventory(run.clone()), sums);
            shelf.put(&LedgerPath::Spent(self.approval.digest()), spent(&run));
            let directory = layout::run_directory(&run);
            for (path, bytes) in &self.evidence {
                let file = (Mode::File, bytes.clone());
                let files = shelf.of(month());
                files.insert(format!("{directory}/{path}"), file);
            }
        }
        if stage >= Stage::Reviewed {
            let run = self.run.run.clone();
            let path = Kind::Independence.one_of(&run, self.log.digest());
            shelf.put(&path, self.log.to_bytes());
            for it in &self.overrides {
                let path = Kind::SelfApproval.one_of(&run, it.digest());
                shelf.put(&path, it.to_bytes());
            }
            for it in [&self.audit, &self.attestation] {
                shelf.note(segment(it), self.commit, it);
            }
        }
        if stage >= Stage::Landed {
            let path = Kind::Finalization.of(&self.run.run);
            shelf.put(&path, self.finalization.to_bytes());
            let path = LedgerPath::Provenance(self.run.run.clone());
            shelf.put(&path, Entry::of(&self.finalized).to_bytes());
            shelf.branches.insert(main(), self.commit);
        }
        if stage >= Stage::Judged {
            for it in &self.outcomes {
                shelf.put(&Kind::Outcome.of(&self.run.run), it.to_bytes());
            }
        }
        shelf
    }

    /// Writes the commits by which the refs come from there to this shelf.
    pub fn commit(&self, before: &Refs, shelf: &Shelf) -> Refs {
        let mut after = shelf.branches.clone();
        for (reference, files) in &shelf.governance {
            let old = before.get(reference).copied();
            if *reference == layout::ledger() {
                after.insert(reference.clone(), self.add(old, files));
                continue;
            }
            let tree = tree(&self.repo, files);
            let same = |id: ObjectId| self.repo.commit(id).unwrap().tree == tree;
            let id = match old {
                Some(old) if same(old) => old,
                _ => {
                    let held = (*reference == month()).then_some(self.commit);
                    let parents: Vec<_> = old.into_iter().chain(held).collect();
                    commit(&self.repo, tree, &parents, "records\n", None)
                }
            };
            after.insert(reference.clone(), id);
        }
        after
    }

    /// Writes the commit of the ledger that adds what is not there yet, or one that begins anew if
    /// something is there that must not be.
    fn add(&self, old: Option<ObjectId>, files: &Files) -> ObjectId {
        let there = old.map(|old| since(&self.repo, None, old).unwrap());
        let there: Vec<_> = there.into_iter().flatten().collect();
        let gone = |(path, ..): &(RepoPath, Mode, ObjectId)| !files.contains_key(&path.to_string());
        if there.iter().any(gone) {
            return commit(&self.repo, tree(&self.repo, files), &[], "records\n", None);
        }
        let mut new = files.clone();
        new.retain(|path, (mode, bytes)| {
            let blob = self.repo.write_blob(bytes).unwrap();
            let path = RepoPath::from(path.as_str());
            !there.contains(&(path, *mode, blob))
        });
        match old {
            Some(old) if new.is_empty() => old,
            _ => {
                let parents: Vec<_> = old.into_iter().collect();
                commit(
                    &self.repo,
                    tree(&self.repo, &new),
                    &parents,
                    "records\n",
                    None,
                )
            }
        }
    }

    /// Returns the refs at a stage.
    pub fn refs(&self, stage: Stage) -> Refs {
        let before = match stage {
            Stage::Founded => Refs::new(),
            _ => self.refs(stage.before()),
        };
        self.commit(&before, &self.shelf(stage))
    }

    /// Judges the push that brings a stage, with this change of what it brings.
    pub fn push(&self, stage: Stage, change: &dyn Fn(&Self, &mut Shelf)) -> Report {
        let before = self.refs(stage.before());
        let mut shelf = self.shelf(stage);
        change(self, &mut shelf);
        let after = self.commit(&before, &shelf);
        self.judge(&before, &after)
    }

    /// Verifies a clone to which a stage came past the hooks, with this change; with a receipt as if it
    /// had been judged, or without one.
    pub fn forged(
        &self,
        stage: Stage,
        change: &dyn Fn(&Self, &mut Shelf),
        receipt: bool,
    ) -> Report {
        let before = match stage {
            Stage::Founded => Refs::new(),
            _ => self.logged(stage.before()),
        };
        let mut shelf = self.shelf(stage);
        change(self, &mut shelf);
        let mut after = self.commit(&before, &shelf);
        let log = layout::log();
        after.extend(before.get(&log).map(|tip| (log, *tip)));
        if receipt {
            self.receive(&before, &mut after, |_| {});
        }
        self.set(&after);
        let clone = Cloned {
            reader: &Repo::open(self.dir.path()).unwrap(),
            anchor: Some(&self.anchor()),
            marks: &Marks::default(),
            receipts: &[],
            time: time(NOW),
            fresh: None,
            cache: false,
        };
        verify::verify_on(&clone, &Scope::All, NonZero::new(1))
    }

    /// Returns what the approval of the task says.
    pub fn approval_says(&self) -> ApprovalPredicate {
        let statement = Statement::parse(self.approval.payload()).unwrap();
        statement.predicate
    }

    pub fn judge(&self, before: &Refs, after: &Refs) -> Report {
        self.judge_at(Door::Clone, before, after, time(NOW))
    }

    pub fn judge_at(&self, door: Door, before: &Refs, after: &Refs, time: Timestamp) -> Report {
        push::judge(&Push {
            reader: &Repo::open(self.dir.path()).unwrap(),
            before,
            movements: &movements(before, after),
            anchor: Some(&self.anchor()),
            known: None,
            door,
            time,
        })
    }

    /// Judges these movements alone.
    pub fn judge_moves(&self, before: &Refs, to: &[(RefName, Option<ObjectId>)]) -> Report {
        let movement = |(name, new): &(RefName, Option<ObjectId>)| Movement {
            reference: name.clone(),
            old: before.get(name).copied(),
            new: *new,
        };
        push::judge(&Push {
            reader: &Repo::open(self.dir.path()).unwrap(),
            before,
            movements: &to.iter().map(movement).collect::<Vec<_>>(),
            anchor: Some(&self.anchor()),
            known: None,
            door: Door::Clone,
            time: time(NOW),
        })
    }

    /// Returns the first version of the policy.
    pub fn policy_text(&self) -> String {
        let tree = self.repo.commit(self.policy).unwrap().tree;
        let path = RepoPath::from("policy.toml");
        let (_, id) = self.repo.entry(tree, &path).unwrap().unwrap();
        String::from_utf8(self.repo.blob(id).unwrap()).unwrap()
    }

    /// Writes an object that our own writer would not write.
    pub fn raw(&self, kind: crate::git::Kind, bytes: &[u8]) -> ObjectId {
        let id = self.repo.hash(kind, bytes).unwrap();
        self.overwrite(id, kind, bytes);
        id
    }

    /// Writes an object under a name, which may be another's.
    pub fn overwrite(&self, id: ObjectId, kind: crate::git::Kind, bytes: &[u8]) {
        use std::io::Write as _;
        let word = format!("{kind:?}").to_lowercase();
        let hex = id.to_string();
        let directory = self.dir.path().join("objects").join(&hex[..2]);
        std::fs::create_dir_all(&directory).unwrap();
        // Object files are read-only.
        let path = directory.join(&hex[2..]);
        _ = std::fs::remove_file(&path);
        let file = std::fs::File::create(path).unwrap();
        let mut packed = flate2::write::ZlibEncoder::new(file, flate2::Compression::fast());
        let header = format!("{word} {}\0", bytes.len());
        packed.write_all(header.as_bytes()).unwrap();
        packed.write_all(bytes).unwrap();
        packed.finish().unwrap();
    }

    /// Takes an object away.
    pub fn lose(&self, id: ObjectId) {
        let hex = id.to_string();
        let objects = self.dir.path().join("objects");
        std::fs::remove_file(objects.join(&hex[..2]).join(&hex[2..])).unwrap();
    }

    pub fn anchor(&self) -> Anchor {
        Anchor::Commit(self.repository)
    }

    pub fn history(&self) -> PolicyHistory {
        PolicyHistory::load(&self.repo, self.policy).unwrap()
    }

    pub fn path(&self) -> &std::path::Path {
        self.dir.path()
    }

    /// Puts the refs where they are said to be.
    pub fn set(&self, refs: &Refs) {
        let mut text = "# pack-refs with: peeled fully-peeled sorted \n".to_owned();
        for (name, id) in refs {
            text.push_str(&format!("{id} {name}\n"));
        }
        std::fs::write(self.dir.path().join("packed-refs"), text).unwrap();
    }

    /// Verifies a clone in which the refs are there.
    pub fn verify(&self, refs: &Refs, scope: &Scope) -> Report {
        self.verify_with(refs, scope, &Seen::default())
    }

    pub fn verify_with(&self, refs: &Refs, scope: &Scope, seen: &Seen<'_>) -> Report {
        self.set(refs);
        let (anchor, none) = (self.anchor(), Marks::default());
        let mut clone = Cloned {
            reader: &Repo::open(self.dir.path()).unwrap(),
            anchor: seen.anchor.unwrap_or(Some(&anchor)),
            marks: seen.marks.unwrap_or(&none),
            receipts: seen.receipts,
            fresh: None,
            time: time(NOW),
            cache: false,
        };
        let report = verify::verify(&clone, scope);
        for threads in [1, 3] {
            let again = verify::verify_on(&clone, scope, NonZero::new(threads));
            assert_eq!(again, report, "{threads} threads");
        }
        // What was verified before, here or when the refs stood elsewhere, changes nothing.
        clone.cache = true;
        for times in ["once", "twice"] {
            let again = verify::verify(&clone, scope);
            assert_eq!(again, report, "{times} with what was verified before");
        }
        report
    }

    /// Appends the receipt of a push to the log; returns its envelope.
    pub fn receive(
        &self,
        before: &Refs,
        after: &mut Refs,
        edit: impl FnOnce(&mut Receipt),
    ) -> Envelope {
        let last = before.get(&layout::log()).map(|tip| {
            let entry = crate::facts::log::chain().read(&self.repo, *tip).unwrap();
            let says: ReceiptPredicate = entry.parse().unwrap();
            let state = State::parse(&entry.beside).unwrap();
            (entry.envelope.digest(), says, state)
        });
        let mut receipt = Receipt {
            says: ReceiptPredicate {
                context: Context {
                    identity: name("server"),
                    policy: self.policy,
                    repository: self.repository,
                    role: "server".to_owned(),
                },
                movements: movements(before, after),
                previous: last.as_ref().map(|it| it.0),
                pusher: "otto".to_owned(),
                sequence: last.as_ref().map_or(1, |it| it.1.sequence + 1),
                time: time(NOW),
                unrecorded: vec![],
                overrides: vec![],
            },
            by: "server",
            state: last.map(|it| it.2).unwrap_or_default(),
            files: |_| {},
            commit: |_| {},
        };
        edit(&mut receipt);
        let envelope = sealed(receipt.says.clone(), receipt.by);
        receipt.state.apply(&receipt.says);
        let mut files: Files = [
            (crate::store::chain::ENTRY, envelope.to_bytes()),
            (STATE, receipt.state.to_bytes()),
        ]
        .map(|(path, bytes)| (path.to_owned(), (Mode::File, bytes)))
        .into();
        (receipt.files)(&mut files);
        let parent = before.get(&layout::log()).copied();
        let tree = tree(&self.repo, &files);
        let mut draft = crate::facts::log::chain().commit_of(&receipt.says, tree, parent);
        (receipt.commit)(&mut draft);
        let id = self.repo.write_commit(&draft).unwrap();
        after.insert(layout::log(), id);
        envelope
    }

    /// Returns the refs at a stage, with a log in which each stage has its receipt.
    pub fn logged(&self, stage: Stage) -> Refs {
        self.logged_as(stage, stage, |_| {})
    }

    /// As [`World::logged`], with this change of the receipt of one stage.
    pub fn logged_as(&self, stage: Stage, of: Stage, edit: fn(&mut Receipt)) -> Refs {
        let before = match stage {
            Stage::Founded => Refs::new(),
            _ => self.logged_as(stage.before(), of, edit),
        };
        let mut after = self.commit(&before, &self.shelf(stage));
        let edit = if stage == of {
            edit
        } else {
            |_: &mut Receipt| {}
        };
        self.receive(&before, &mut after, edit);
        after
    }
}

/// What a clone knows from before, and whom it trusts if not the first policy.
#[derive(Default)]
pub struct Seen<'a> {
    pub anchor: Option<Option<&'a Anchor>>,
    pub marks: Option<&'a Marks>,
    pub receipts: &'a [Envelope],
}

/// A receipt before it is signed and stored.
pub struct Receipt {
    pub says: ReceiptPredicate,
    pub by: &'static str,
    pub state: State,
    pub files: fn(&mut Files),
    pub commit: fn(&mut CommitDraft),
}

/// Returns what moved from there to here, sorted.
pub fn movements(before: &Refs, after: &Refs) -> Vec<Movement> {
    let names: std::collections::BTreeSet<_> = before.keys().chain(after.keys()).collect();
    let movement = |name: &RefName| Movement {
        reference: name.clone(),
        old: before.get(name).copied(),
        new: after.get(name).copied(),
    };
    let log = layout::log();
    let names = names.into_iter().filter(|name| **name != log);
    names.map(movement).filter(|it| it.old != it.new).collect()
}
