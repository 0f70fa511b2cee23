//! Judges the growth of governance refs: only forward, only growing, and every record that
//! arrives checked by itself and against what it binds.

use std::collections::{BTreeMap, BTreeSet};

use crate::git::{self, Reader};
use crate::policy::keyring::Verified;
use crate::policy::rules;
use crate::record::envelope::Envelope;
use crate::record::predicate::{
    ApprovalPredicate, Approves, AttestationPredicate, ContractPredicate, FinalizationPredicate,
    IndependencePredicate, OutcomePredicate, OverridePredicate, RunPredicate,
};
use crate::record::sentence;
use crate::record::statement::{Kind, Statement};
use crate::record::tree::Mode;
use crate::record::{
    Code, Finding, Findings, ObjectId, RefName, RepoPath, RunId, Sha256, Subject, TaskId,
};
use crate::store;
use crate::store::index::{Entry, Index};
use crate::store::layout::{self, LedgerPath, Place};
use crate::store::ledger::{self, Records, note_lines};

use super::Error;
use super::run::{Gatherer, kind_of};

/// What arrived on governance refs: to be judged together, since records bind each other.
#[derive(Default)]
pub struct Arrivals {
    ledger: Vec<(LedgerPath, ObjectId)>,
    shards: Vec<(LedgerPath, Option<ObjectId>, ObjectId)>,
    notes: Vec<(Place, ObjectId, Envelope)>,
    evidence: Vec<(RefName, RunId)>,
    digests: BTreeSet<Sha256>,
}

impl Arrivals {
    /// Returns the digests of the records that arrived.
    pub fn digests(&self) -> &BTreeSet<Sha256> {
        &self.digests
    }

    /// Returns how many records arrived.
    pub fn len(&self) -> usize {
        self.ledger.len() + self.notes.len()
    }

    /// Tells whether nothing arrived.
    pub fn is_empty(&self) -> bool {
        self.ledger.is_empty()
            && self.shards.is_empty()
            && self.notes.is_empty()
            && self.evidence.is_empty()
    }

    /// Collects what a movement of a governance ref brings; what it takes away or changes is a
    /// finding.
    pub fn collect(
        &mut self,
        reader: &Reader,
        reference: &RefName,
        old: Option<ObjectId>,
        new: ObjectId,
        findings: &mut Findings,
    ) -> Result<(), Error> {
        if let Some(old) = old
            && !reader.is_ancestor(old, new)?
        {
            findings.push(
                Finding::new(Code::Rep002, "forward-only", Subject::of_ref(reference))
                    .found(format!("moved to {new}, which does not contain {old}"))
                    .expected(format!("a descendant of {old}"))
                    .remedy("git awo fetch, then git awo push"),
            );
        }
        let tree = |id: ObjectId| reader.commit(id).map(|commit| commit.tree);
        let (old, new) = (old.map(tree).transpose()?, tree(new)?);
        match Place::of(reference) {
            Some(Place::Ledger) => self.collect_ledger(reader, reference, old, new, findings),
            Some(Place::Evidence) => self.collect_evidence(reader, reference, old, new, findings),
            Some(place @ (Place::Approvals | Place::Attestations)) => {
                self.collect_notes(reader, reference, place, old, new, findings)
            }
            _ => Ok(()),
        }
    }

    fn collect_ledger(
        &mut self,
        reader: &Reader,
        reference: &RefName,
        old: Option<ObjectId>,
        new: ObjectId,
        findings: &mut Findings,
    ) -> Result<(), Error> {
        for change in reader.changes(old, Some(new))? {
            let Some(path) = LedgerPath::parse(&change.path) else {
                findings.push(unknown(reference, &change.path));
                continue;
            };
            match (change.old, change.new, &path) {
                (before, Some((Mode::File, id)), LedgerPath::Shard(..)) => {
                    self.shards.push((path, before.map(|(_, id)| id), id));
                }
                (None, Some((Mode::File, id)), _) => {
                    if change
                        .path
                        .to_str()
                        .is_some_and(|text| text.ends_with(".dsse.json"))
                        && let Ok(envelope) = Envelope::parse(&reader.blob_limited(id, MAX_RECORD)?)
                    {
                        self.digests.insert(envelope.digest());
                    }
                    self.ledger.push((path, id));
                }
                (None, Some(_), _) => findings.push(unknown(reference, &change.path)),
                _ => findings.push(rewritten(reference, &change.path, change.new.is_none())),
            }
        }
        Ok(())
    }

    fn collect_evidence(
        &mut self,
        reader: &Reader,
        reference: &RefName,
        old: Option<ObjectId>,
        new: ObjectId,
        findings: &mut Findings,
    ) -> Result<(), Error> {
        let mut runs = BTreeSet::new();
        for change in reader.changes(old, Some(new))? {
            if change.old.is_some() {
                findings.push(rewritten(reference, &change.path, change.new.is_none()));
                continue;
            }
            let run = change
                .path
                .to_str()
                .and_then(|text| RunId::new(text.split('/').nth(2)?).ok());
            let below = run.as_ref().is_some_and(|run| {
                change
                    .path
                    .as_bytes()
                    .starts_with(format!("{}/", layout::run_directory(run)).as_bytes())
            });
            match run {
                Some(run) if below && matches!(change.new, Some((Mode::File, _))) => {
                    _ = runs.insert(run)
                }
                _ => findings.push(unknown(reference, &change.path)),
            }
        }
        for run in runs {
            let directory = RepoPath::from(layout::run_directory(&run).as_str());
            // A run's evidence arrives once and whole.
            let there = old
                .map(|old| reader.entry(old, &directory))
                .transpose()?
                .flatten();
            if there.is_some() {
                findings.push(
                    Finding::new(
                        Code::Int002,
                        "evidence-whole",
                        Subject::of_ref(reference).run(&run),
                    )
                    .found("files added to evidence that was there before")
                    .expected("evidence that never changes")
                    .remedy("git awo run, with a new run id"),
                );
            }
            self.evidence.push((reference.clone(), run));
        }
        Ok(())
    }

    fn collect_notes(
        &mut self,
        reader: &Reader,
        reference: &RefName,
        place: Place,
        old: Option<ObjectId>,
        new: ObjectId,
        findings: &mut Findings,
    ) -> Result<(), Error> {
        let before: BTreeMap<ObjectId, ObjectId> = match old {
            Some(old) => git::all_notes(reader, old)?.into_iter().collect(),
            None => BTreeMap::new(),
        };
        let after: BTreeMap<ObjectId, ObjectId> =
            git::all_notes(reader, new)?.into_iter().collect();
        for object in before.keys().filter(|object| !after.contains_key(object)) {
            findings.push(rewritten_note(reference, *object, "the note was removed"));
        }
        for (object, blob) in after {
            let earlier = before.get(&object);
            if earlier == Some(&blob) {
                continue;
            }
            let text = reader.blob_limited(blob, MAX_NOTE)?;
            let earlier = earlier
                .map(|id| reader.blob(*id))
                .transpose()?
                .unwrap_or_default();
            let lines: BTreeSet<_> = note_lines(&text).collect();
            let known: BTreeSet<_> = note_lines(&earlier).collect();
            if !known.is_subset(&lines) {
                findings.push(rewritten_note(
                    reference,
                    object,
                    "a line was removed or changed",
                ));
            }
            for line in lines.difference(&known) {
                match ledger::parse(format!("note on {object}"), line) {
                    Ok(envelope) => {
                        self.digests.insert(envelope.digest());
                        self.notes.push((place, object, envelope));
                    }
                    Err(error) => {
                        findings.extend(Error::from(error).findings(Subject::of_ref(reference)))
                    }
                }
            }
        }
        Ok(())
    }

    /// Judges everything that arrived.
    pub fn judge(&self, gatherer: &Gatherer<'_>, findings: &mut Findings) -> Result<(), Error> {
        let mut runs: BTreeSet<RunId> = BTreeSet::new();
        for (path, id) in &self.ledger {
            self.judge_record(gatherer, path, *id, findings)?;
            match path {
                LedgerPath::Run(run)
                | LedgerPath::Inventory(run)
                | LedgerPath::Independence(run, _)
                | LedgerPath::Override(run, _)
                | LedgerPath::Finalization(run)
                | LedgerPath::Outcome(run) => _ = runs.insert(run.clone()),
                _ => {}
            }
        }
        for (path, before, after) in &self.shards {
            judge_shard(gatherer, path, *before, *after, findings)?;
        }
        for (place, object, envelope) in &self.notes {
            if let Some(run) = judge_note(gatherer, *place, *object, envelope, findings)? {
                runs.insert(run);
            }
        }
        for (reference, run) in &self.evidence {
            self.judge_evidence(gatherer, reference, run, findings)?;
        }
        for run in runs {
            self.judge_run(gatherer, &run, findings)?;
        }
        Ok(())
    }

    fn judge_record(
        &self,
        gatherer: &Gatherer<'_>,
        path: &LedgerPath,
        id: ObjectId,
        findings: &mut Findings,
    ) -> Result<(), Error> {
        let records = gatherer.records;
        let bytes = records.reader().blob_limited(id, MAX_RECORD)?;
        let subject = || Subject::of_record(path.to_path());
        let envelope = match path {
            LedgerPath::Packet(task) => {
                orphan_unless(
                    records.contract_blob(task)?.is_some(),
                    path,
                    "a contract",
                    findings,
                );
                return Ok(());
            }
            LedgerPath::Inventory(run) => {
                orphan_unless(
                    records.file(&LedgerPath::Run(run.clone()))?.is_some(),
                    path,
                    "a run record",
                    findings,
                );
                return Ok(());
            }
            LedgerPath::Spent(approval) => {
                return judge_spent(gatherer, path, approval, &bytes, findings);
            }
            LedgerPath::ProposedPolicy(digest) | LedgerPath::ProposedSigners(digest) => {
                let signed = records.list(&format!("proposals/{digest}"))?.len() > 2;
                orphan_unless(signed, path, "a signature by a root", findings);
                return Ok(());
            }
            LedgerPath::Shard(..) => return Ok(()),
            _ => match ledger::parse(path.to_path(), &bytes) {
                Ok(envelope) => envelope,
                Err(error) => {
                    findings.extend(Error::from(error).findings(subject()));
                    return Ok(());
                }
            },
        };
        let fail = |finding: Finding| Finding {
            subject: subject(),
            ..finding
        };
        let misplaced = |found: String| {
            Finding::new(Code::Int004, "record-place", subject())
                .found(found)
                .expected("the record that its path names")
                .remedy("git awo fetch")
        };
        let place = |fits: bool, found: String| (!fits).then(|| misplaced(found));
        let outcome: Result<(), Finding> = match path {
            LedgerPath::Contract(task) => {
                gatherer.verify::<ContractPredicate>(&envelope).map(|it| {
                    let contract = &it.says().contract;
                    findings.extend(place(
                        contract.id == *task,
                        format!("the contract {}", contract.id),
                    ));
                    let packet = records
                        .file(&LedgerPath::Packet(task.clone()))
                        .ok()
                        .flatten();
                    if packet.map(|bytes| Sha256::of(&bytes)) != Some(contract.source_sha256) {
                        findings.push(
                            Finding::new(Code::Att002, "binds-packet", subject())
                                .found("the packet beside the contract is missing or another")
                                .expected(contract.source_sha256)
                                .remedy("git awo task import FILE"),
                        );
                    }
                })
            }
            LedgerPath::Run(run) => gatherer.verify::<RunPredicate>(&envelope).map(|it| {
                findings.extend(place(
                    it.says().run == *run,
                    format!("the run {}", it.says().run),
                ))
            }),
            LedgerPath::Independence(run, digest) => gatherer
                .verify::<IndependencePredicate>(&envelope)
                .map(|it| {
                    findings.extend(place(
                        it.says().run_id == *run && it.digest() == *digest,
                        format!("a log of {}", it.says().run_id),
                    ));
                }),
            LedgerPath::Override(run, digest) => {
                gatherer.verify::<OverridePredicate>(&envelope).map(|it| {
                    findings.extend(place(
                        it.says().run == *run && it.digest() == *digest,
                        format!("an override of {}", it.says().run),
                    ));
                    // Exactly this spelling, or it permits nothing and must not look as if it did.
                    if it.says().allow_self_approval != "1" {
                        let found =
                            format!("allow_self_approval={:?}", it.says().allow_self_approval);
                        findings.push(
                            Finding::new(Code::Gov001, "override-form", subject())
                                .found(found)
                                .expected(r#""1""#)
                                .remedy(format!("git awo gate {run} --allow-self-approval")),
                        );
                    }
                })
            }
            LedgerPath::Finalization(run) => gatherer
                .verify::<FinalizationPredicate>(&envelope)
                .map(|it| {
                    findings.extend(place(
                        it.says().run == *run,
                        format!("a finalization of {}", it.says().run),
                    ))
                }),
            LedgerPath::Outcome(run) => gatherer.verify::<OutcomePredicate>(&envelope).map(|it| {
                findings.extend(place(
                    it.says().run == *run,
                    format!("an outcome of {}", it.says().run),
                ));
            }),
            LedgerPath::ProposalSignature(digest, _) => judge_proposal(gatherer, digest, &envelope),
            _ => Ok(()),
        };
        if let Err(finding) = outcome {
            findings.push(fail(finding));
        }
        Ok(())
    }

    /// Judges what the records of one run bind, those that arrived in focus.
    fn judge_run(
        &self,
        gatherer: &Gatherer<'_>,
        run: &RunId,
        findings: &mut Findings,
    ) -> Result<(), Error> {
        let facts = gatherer.run(run)?;
        let policy = &gatherer.history.current().policy;
        let arrived = |digest: Sha256| self.digests.contains(&digest);
        if facts.run.held().is_some_and(|it| arrived(it.digest())) {
            rules::run_binds(&facts, policy, findings);
        }
        rules::reviews(&facts, policy, Some(&self.digests), findings);
        if let (Some(record), Some(outcome)) = (facts.run.held(), facts.outcome.held())
            && arrived(outcome.digest())
            && (outcome.says().commit != record.says().commit
                || outcome.says().root != record.says().root)
        {
            findings.push(
                Finding::new(Code::Att002, "binds-commit", Subject::of_run(run))
                    .found(format!("the outcome binds {}", outcome.says().commit))
                    .expected(record.says().commit)
                    .remedy(format!("git awo outcome {run}")),
            );
        }
        if let Some(finalization) = facts.finalization.held()
            && arrived(finalization.digest())
            && !facts.indexed
        {
            findings.push(
                Finding::new(Code::Str001, "provenance-index", Subject::of_run(run))
                    .found("a finalization without an entry in the provenance index")
                    .expected("both")
                    .remedy(format!("git awo finalize {run}")),
            );
        }
        Ok(())
    }

    fn judge_evidence(
        &self,
        gatherer: &Gatherer<'_>,
        reference: &RefName,
        run: &RunId,
        findings: &mut Findings,
    ) -> Result<(), Error> {
        // The run may be bad in itself, which is found there; here only that it claims this evidence.
        let envelope = gatherer
            .records
            .envelope(&LedgerPath::Run(run.clone()))
            .ok()
            .flatten();
        let claims = envelope
            .and_then(|envelope| Statement::<RunPredicate>::parse(envelope.payload()).ok())
            .is_some_and(|statement| statement.predicate.evidence == *reference);
        if !claims {
            findings.push(
                Finding::new(
                    Code::Str001,
                    "evidence-of-a-run",
                    Subject::of_ref(reference).run(run),
                )
                .found("evidence that no run record names")
                .expected("a run record in the same push")
                .remedy("git awo push"),
            );
        }
        Ok(())
    }
}

/// The largest record.
const MAX_RECORD: u64 = 2 * 1024 * 1024;
/// The largest note: many envelopes.
const MAX_NOTE: u64 = 16 * 1024 * 1024;

fn judge_spent(
    gatherer: &Gatherer<'_>,
    path: &LedgerPath,
    approval: &Sha256,
    bytes: &[u8],
    findings: &mut Findings,
) -> Result<(), Error> {
    let mut spends = false;
    if let Some(run) = ledger::parse_spent(bytes)
        && let Some(envelope) = gatherer.records.envelope(&LedgerPath::Run(run))?
        && let Ok(statement) = Statement::<RunPredicate>::parse(envelope.payload())
    {
        spends = statement.predicate.approvals.contains(approval);
    }
    orphan_unless(spends, path, "a run that spends the approval", findings);
    Ok(())
}

fn judge_proposal(
    gatherer: &Gatherer<'_>,
    digest: &Sha256,
    envelope: &Envelope,
) -> Result<(), Finding> {
    let about = || Subject::of_record(digest);
    if envelope.digest() != *digest {
        return Err(Finding::new(Code::Att002, "proposal", about())
            .found("a signature over another proposal"));
    }
    let current = &gatherer.history.current().policy;
    let (statement, _) = crate::policy::Keyring::verify_policy(envelope, current, gatherer.time)?;
    let read = |path| {
        gatherer
            .records
            .file(&path)
            .ok()
            .flatten()
            .map(|bytes| Sha256::of(&bytes))
    };
    let files = (
        read(LedgerPath::ProposedPolicy(*digest)),
        read(LedgerPath::ProposedSigners(*digest)),
    );
    if files != (Some(statement.policy), Some(statement.allowed_signers)) {
        return Err(Finding::new(Code::Att002, "proposal", about())
            .found("the files are not those that were signed"));
    }
    Ok(())
}

/// A shard is a function of the finalizations: what it gains must be what they imply.
fn judge_shard(
    gatherer: &Gatherer<'_>,
    path: &LedgerPath,
    before: Option<ObjectId>,
    after: ObjectId,
    findings: &mut Findings,
) -> Result<(), Error> {
    let reader = gatherer.records.reader();
    let read = |id: ObjectId| -> Result<Index, Error> {
        let bytes = reader.blob_limited(id, MAX_NOTE)?;
        Index::parse(&bytes).map_err(|source| {
            store::Error::Malformed {
                path: path.to_path(),
                source,
            }
            .into()
        })
    };
    let before = before.map(read).transpose()?.unwrap_or_default();
    let after = read(after)?;
    let subject = |run: &RunId| Subject::of_run(run).record(path.to_path());
    let differs = |run: &RunId, found: &str| {
        Finding::new(Code::Int008, "provenance-index", subject(run))
            .found(found)
            .expected("the entries that the finalizations imply")
            .remedy("git awo index rebuild")
    };
    if Index::of(after.entries.clone()) != after {
        findings.push(
            Finding::new(
                Code::Int008,
                "provenance-index",
                Subject::of_record(path.to_path()),
            )
            .found("entries out of order or twice")
            .expected("entries sorted by run id")
            .remedy("git awo index rebuild"),
        );
    }
    for entry in before
        .entries
        .iter()
        .filter(|entry| !after.entries.contains(entry))
    {
        findings.push(Finding {
            code: Code::Rep002,
            ..differs(&entry.run_id, "an entry was removed or changed")
        });
    }
    for entry in after
        .entries
        .iter()
        .filter(|entry| !before.entries.contains(entry))
    {
        let finalization = gatherer
            .records
            .envelope(&LedgerPath::Finalization(entry.run_id.clone()))?;
        let implied = finalization
            .and_then(|envelope| Statement::<FinalizationPredicate>::parse(envelope.payload()).ok())
            .map(|statement| Entry::of(&statement.predicate));
        match implied {
            None => findings.push(Finding {
                code: Code::Str001,
                ..differs(&entry.run_id, "an entry without a finalization")
            }),
            Some(implied) if implied != *entry || LedgerPath::shard_of(&entry.run_id) != *path => {
                findings.push(differs(
                    &entry.run_id,
                    "an entry that differs from its finalization",
                ));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// Judges a note by itself; returns the run whose reviews must be judged with it.
fn judge_note(
    gatherer: &Gatherer<'_>,
    place: Place,
    object: ObjectId,
    envelope: &Envelope,
    findings: &mut Findings,
) -> Result<Option<RunId>, Error> {
    let subject = || Subject::of_record(envelope.digest()).at(object);
    let wrong = |found: &str| {
        Finding::new(Code::Att002, "note-object", subject())
            .found(found)
            .expected("a note on the object that it binds")
            .remedy("git awo approve")
    };
    if place == Place::Attestations {
        return Ok(match gatherer.verify::<AttestationPredicate>(envelope) {
            Ok(attestation) => {
                if attestation.says().commit != object {
                    findings.push(wrong("an attestation of another commit"));
                }
                run_of_record(gatherer, &attestation.says().run, subject(), findings)?
            }
            Err(finding) => {
                findings.push(Finding {
                    subject: subject(),
                    ..finding
                });
                None
            }
        });
    }
    let approval = match gatherer.verify::<ApprovalPredicate>(envelope) {
        Ok(approval) => approval,
        Err(finding) => {
            findings.push(Finding {
                subject: subject(),
                ..finding
            });
            return Ok(None);
        }
    };
    match approval.says().approves {
        Approves::Task => {
            judge_task_approval(gatherer, object, &approval, subject(), findings)?;
            Ok(None)
        }
        Approves::Audit => {
            if approval.says().commit != Some(object) {
                findings.push(wrong("an approval of another commit"));
            }
            match &approval.says().run {
                Some(run) => run_of_record(gatherer, run, subject(), findings),
                None => Ok(None),
            }
        }
    }
}

fn run_of_record(
    gatherer: &Gatherer<'_>,
    run: &RunId,
    subject: Subject,
    findings: &mut Findings,
) -> Result<Option<RunId>, Error> {
    if gatherer
        .records
        .file(&LedgerPath::Run(run.clone()))?
        .is_none()
    {
        findings.push(
            Finding::new(Code::Str001, "run-of-record", subject.run(run))
                .found("no such run")
                .expected("a run record")
                .remedy("git awo push"),
        );
        return Ok(None);
    }
    Ok(Some(run.clone()))
}

fn judge_task_approval(
    gatherer: &Gatherer<'_>,
    object: ObjectId,
    approval: &Verified<ApprovalPredicate>,
    subject: Subject,
    findings: &mut Findings,
) -> Result<(), Error> {
    let says = approval.says();
    let task: &TaskId = &says.task;
    let mut bind = |rule: &str, found: String, expected: String| {
        findings.push(
            Finding::new(Code::Att002, rule, subject.clone())
                .found(found)
                .expected(expected)
                .remedy(format!("git awo approve {task}")),
        );
    };
    let envelope = gatherer
        .records
        .envelope(&LedgerPath::Contract(task.clone()))?;
    let Some(envelope) = envelope.filter(|it| kind_of(it) == Some(Kind::Contract)) else {
        bind(
            "binds-contract",
            format!("no contract {task}"),
            "a contract in the ledger".to_owned(),
        );
        return Ok(());
    };
    if gatherer.records.contract_blob(task)? != Some(object) {
        bind(
            "note-object",
            format!("noted on {object}"),
            "a note on the contract".to_owned(),
        );
    }
    if says.contract != envelope.digest() {
        bind(
            "binds-contract",
            says.contract.to_string(),
            envelope.digest().to_string(),
        );
    }
    if says.base.is_none() || says.commit.is_some() || says.run.is_some() || says.root.is_some() {
        bind(
            "binds-base",
            "not exactly a base commit".to_owned(),
            "a base commit, and no run".to_owned(),
        );
    }
    if let Ok(statement) = Statement::<ContractPredicate>::parse(envelope.payload()) {
        let expected = &statement.predicate.contract.approval_sentence;
        let given = says.sentence.as_deref().unwrap_or_default();
        if let Err(mismatch) = sentence::compare(expected, given.as_bytes()) {
            findings.push(
                Finding::new(Code::Gov005, "exact-sentence", subject.clone())
                    .found(mismatch)
                    .expected(format!("{expected:?}"))
                    .remedy(format!("git awo approve {task}")),
            );
        }
    }
    if let Some(time) = gatherer.arrival(approval.digest())
        && says.expires <= time
    {
        findings.push(
            Finding::new(Code::Gov005, "approval-unexpired", subject)
                .found(format!("expired at {}", says.expires))
                .expected(format!("valid at {time}"))
                .remedy(format!("git awo approve {task}")),
        );
    }
    Ok(())
}

fn orphan_unless(there: bool, path: &LedgerPath, what: &str, findings: &mut Findings) {
    if !there {
        findings.push(
            Finding::new(
                Code::Str001,
                "record-of-something",
                Subject::of_record(path.to_path()),
            )
            .found(format!("no {} beside it", what.trim_start_matches("a ")))
            .expected(what)
            .remedy("git awo push"),
        );
    }
}

fn unknown(reference: &RefName, path: &RepoPath) -> Finding {
    Finding::new(
        Code::Str002,
        "record-kind",
        Subject::of_ref(reference).path(path),
    )
    .found("a file of an unknown kind")
    .expected("a record of this version")
    .remedy("upgrade git-awo, or push with git awo push")
}

fn rewritten(reference: &RefName, path: &RepoPath, removed: bool) -> Finding {
    Finding::new(
        Code::Rep002,
        "records-never-change",
        Subject::of_ref(reference).path(path),
    )
    .found(if removed {
        "a record was removed"
    } else {
        "a record was changed"
    })
    .expected("every record kept as it was")
    .remedy("git awo fetch, then git awo push")
}

fn rewritten_note(reference: &RefName, object: ObjectId, found: &str) -> Finding {
    Finding::new(
        Code::Rep002,
        "records-never-change",
        Subject::of_ref(reference).at(object),
    )
    .found(found)
    .expected("lines only added")
    .remedy("git awo fetch, then git awo push")
}

/// Returns the records below these refs, or an error if they cannot be opened.
pub fn open<'a>(reader: &'a Reader, refs: &'a ledger::Refs) -> Result<Records<'a>, Error> {
    Ok(Records::open(reader, refs)?)
}
