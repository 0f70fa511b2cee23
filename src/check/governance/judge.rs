//! Judges what arrived, record by record and run by run.

use super::notes::judge_note;
use super::*;
use crate::check::PolicyHistory;
use crate::facts::case::RunFacts;
use crate::facts::index;
use crate::record::{Coded, Rule};
use crate::records::{Binding, Kind, Location, PolicyPredicate, Record, Scope, Signers};
use crate::store::ledger::Records;

impl Arrivals {
    /// Judges everything that arrived.
    pub fn judge(&self, collector: &Collector<'_>, findings: &mut Findings) -> Result<(), Error> {
        let mut runs: BTreeSet<RunId> = BTreeSet::new();
        for (path, id) in &self.ledger {
            self.judge_record(collector, path, *id, findings)?;
            runs.extend(path.run().cloned());
        }
        index::judge(collector.records, &self.shards, findings)?;
        for (notes, object, envelope) in &self.notes {
            if let Some(run) = judge_note(collector, *notes, *object, envelope, findings)? {
                runs.insert(run);
            }
        }
        for (reference, run) in &self.evidence {
            self.judge_evidence(collector, reference, run, findings)?;
        }
        for run in runs {
            self.judge_run(collector, &run, findings)?;
        }
        Ok(())
    }

    fn judge_record(
        &self,
        collector: &Collector<'_>,
        path: &LedgerPath,
        id: ObjectId,
        findings: &mut Findings,
    ) -> Result<(), Error> {
        let records = collector.records;
        let limit = match path {
            LedgerPath::Inventory(_) => crate::evidence::inventory::MAX_LEN as u64,
            _ => MAX_RECORD,
        };
        let bytes = records.reader().blob_limited(id, limit)?;
        let subject = || Subject::of_record(path.to_path());
        let kind = match path {
            LedgerPath::Record(_, kind, _) => *kind,
            LedgerPath::Packet(task) => {
                let there = records.contract_blob(task)?.is_some();
                orphan_unless(there, path, "a contract", findings);
                return Ok(());
            }
            LedgerPath::Inventory(run) => {
                let there = records.file(&Kind::Run.of(run))?.is_some();
                orphan_unless(there, path, "a run record", findings);
                return Ok(());
            }
            LedgerPath::Spent(approval) => {
                return judge_spent(collector, path, approval, &bytes, findings);
            }
            LedgerPath::ProposedPolicy(digest) | LedgerPath::ProposedSigners(digest) => {
                let signed = records.about(&Scope::Proposal(*digest))?.len() > 2;
                orphan_unless(signed, path, "a signature by a root", findings);
                return Ok(());
            }
            LedgerPath::Shard(..) => return Ok(()),
        };
        let envelope = match ledger::parse(path.to_path(), &bytes) {
            Ok(envelope) => envelope,
            Err(error) => {
                findings.extend(error.denies(subject()).into_iter().flatten());
                return Ok(());
            }
        };
        let checked = match kind.signers() {
            Signers::Roots => judge_proposal(collector, &envelope),
            _ => collector
                .verify_as(kind, &envelope)
                .map(Verified::into_predicate),
        };
        match checked {
            Ok(record) => {
                let implied = record.place(&envelope);
                findings.extend(misplaced(path, implied.as_ref(), subject()));
                findings.extend(packet_bound(records, &*record, subject())?);
            }
            Err(finding) => findings.push(Finding {
                subject: subject(),
                ..finding
            }),
        }
        Ok(())
    }

    /// Judges what the records of one run bind, those that arrived in focus.
    fn judge_run(
        &self,
        collector: &Collector<'_>,
        run: &RunId,
        findings: &mut Findings,
    ) -> Result<(), Error> {
        let facts = collector.run(run)?;
        let arrived = |digest: Sha256| self.digests.contains(&digest);
        let record = facts.run.valid().map(|it| it.digest());
        if record.is_some_and(arrived) {
            rules::run_binds(&facts, collector.judging().policy_of(record), findings);
        }
        // By whose policy the reviews count matters only if some arrived.
        let last = facts.finalization.valid().map(|it| it.digest());
        let last = last.filter(|_| self.brings_reviews(&facts));
        let focus = Some(&self.digests);
        rules::reviews(&facts, collector.judging().policy_of(last), focus, findings);
        for it in facts.overrides.iter().filter(|it| arrived(it.digest())) {
            // Exactly this spelling, or it permits nothing and must not look as if it did.
            let spelled = &it.predicate().allow_self_approval;
            if spelled != "1" {
                findings.push(
                    Rule::SelfApprovalForm
                        .finding(Subject::of_record(it.digest()).run(run))
                        .found(format!("allow_self_approval={spelled:?}"))
                        .expected(r#""1""#)
                        .remedy(format!("git awo gate {run} --allow-self-approval")),
                );
            }
        }
        let Some(record) = facts.run.valid().map(|it| it.predicate()) else {
            return Ok(());
        };
        let outcome = facts.outcome.valid().map(|it| {
            let says = it.predicate();
            let again = format!("git awo outcome {run}");
            ("the outcome", it.digest(), says.commit, says.root, again)
        });
        let overrides = facts.overrides.iter().map(|it| {
            let says = it.predicate();
            let again = format!("git awo gate {run} --allow-self-approval");
            (
                "the self-approval",
                it.digest(),
                says.commit,
                says.root,
                again,
            )
        });
        for (what, digest, commit, root, remedy) in outcome.into_iter().chain(overrides) {
            if arrived(digest) && (commit != record.commit || root != record.root) {
                findings.push(
                    Rule::BindsCommit
                        .finding(Subject::of_run(run))
                        .found(format!("{what} binds {commit} with root {root}"))
                        .expected(format!("{} with root {}", record.commit, record.root))
                        .remedy(remedy),
                );
            }
        }
        Ok(())
    }

    /// Tells whether a review of the run arrived, or its finalization.
    fn brings_reviews(&self, facts: &RunFacts) -> bool {
        let arrived = |digest: Sha256| self.digests.contains(&digest);
        let finalization = facts.finalization.valid().map(|it| it.digest());
        finalization.is_some_and(arrived)
            || facts.independence.iter().any(|it| arrived(it.digest()))
            || facts.overrides.iter().any(|it| arrived(it.digest()))
            || facts.audit_approvals.iter().any(|it| arrived(it.digest()))
            || facts.attestations.iter().any(|it| arrived(it.digest()))
    }

    fn judge_evidence(
        &self,
        collector: &Collector<'_>,
        reference: &RefName,
        run: &RunId,
        findings: &mut Findings,
    ) -> Result<(), Error> {
        // The run may be bad in itself, which is found there; here only that it claims this evidence.
        let envelope = collector
            .records
            .envelope(&Kind::Run.of(run))
            .ok()
            .flatten();
        let claims = envelope
            .and_then(|envelope| Statement::<RunPredicate>::parse(envelope.payload()).ok())
            .is_some_and(|statement| statement.predicate.evidence == *reference);
        if !claims {
            findings.push(
                Rule::EvidenceOfARun
                    .finding(Subject::of_ref(reference).run(run))
                    .found("evidence that no run record names")
                    .expected("a run record in the same push")
                    .remedy("git awo push"),
            );
        }
        Ok(())
    }
}

fn judge_spent(
    collector: &Collector<'_>,
    path: &LedgerPath,
    approval: &Sha256,
    bytes: &[u8],
    findings: &mut Findings,
) -> Result<(), Error> {
    let mut spends = false;
    if let Some(run) = ledger::parse_spent(bytes)
        && let Some(envelope) = collector.records.envelope(&Kind::Run.of(run))?
        && let Ok(statement) = Statement::<RunPredicate>::parse(envelope.payload())
    {
        spends = statement.predicate.approvals.contains(approval);
    }
    orphan_unless(spends, path, "a run that spends the approval", findings);
    Ok(())
}

/// Returns the finding on a record that stands elsewhere than its content says.
fn misplaced(path: &LedgerPath, implied: Option<&Location>, subject: Subject) -> Option<Finding> {
    let rule = match (path, implied) {
        (_, Some(Location::Ledger(implied))) if implied == path => return None,
        // The directory of a proposal is the digest of what is signed.
        (
            LedgerPath::Record(Scope::Proposal(found), ..),
            Some(Location::Ledger(LedgerPath::Record(Scope::Proposal(implied), ..))),
        ) if found != implied => Rule::Proposal,
        _ => Rule::RecordPlace,
    };
    let implied = match implied {
        Some(Location::Ledger(implied)) => {
            format!("a record that belongs at {}", implied.to_path())
        }
        _ => "a record that belongs nowhere in the ledger".to_owned(),
    };
    Some(
        rule.finding(subject)
            .found(implied)
            .expected("the record that its path names")
            .remedy("git awo fetch"),
    )
}

/// Returns the finding on a record that binds another packet than the one beside it.
fn packet_bound(
    records: &Records<'_>,
    record: &dyn Record,
    subject: Subject,
) -> Result<Option<Finding>, Error> {
    let packet = record.binds().into_iter().find_map(|it| match it {
        Binding::Packet(digest) => Some(digest),
        _ => None,
    });
    let (Some(bound), Some(task)) = (packet, record.task()) else {
        return Ok(None);
    };
    let there = records.file(&LedgerPath::Packet(task)).ok().flatten();
    if there.map(|bytes| Sha256::of(&bytes)) == Some(bound) {
        return Ok(None);
    }
    Ok(Some(
        Rule::BindsPacket
            .finding(subject)
            .found("the packet beside the contract is missing or another")
            .expected(bound)
            .remedy("git awo task import FILE"),
    ))
}

/// Judges a signature of a proposal: it is one of the roots of the policy that the proposal follows.
fn judge_proposal(
    collector: &Collector<'_>,
    envelope: &Envelope,
) -> Result<Box<dyn Record>, Finding> {
    let digest = &envelope.digest();
    let about = || Subject::of_record(digest);
    // Signatures are collected under the policy that the proposal follows.
    let history = collector.history;
    let parsed = Statement::<PolicyPredicate>::parse(envelope.payload()).ok();
    let predecessor = parsed.and_then(|it| it.predicate.predecessor);
    let follows = |history: &PolicyHistory| predecessor.and_then(|id| history.index_of(id));
    let newer = collector.arriving_policies.unwrap_or(history);
    let Some(at) = follows(newer) else {
        return Err(Rule::PolicyLinked
            .finding(about())
            .found("a proposal that follows no policy of this repository")
            .expected("a successor of a policy")
            .remedy("git awo policy propose FILE"));
    };
    let policy = &newer.version(at).policy;
    // The time of a proposal is that of its first signature, which may have come before.
    let time = collector.judging().first_arrival(*digest);
    let (statement, _) = crate::policy::Keyring::verify_policy(envelope, policy, time)
        .map_err(|error| error.to_finding(about()))?;
    if collector.judging().arrives(*digest) && follows(history).is_some() {
        // Whoever is no root any more adds no signature to an older proposal.
        let current = &history.current().policy;
        crate::policy::Keyring::verify_policy(envelope, current, collector.time)
            .map_err(|error| error.to_finding(about()))?;
    }
    let read = |path| {
        collector
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
        return Err(Rule::Proposal
            .finding(about())
            .found("the files are not those that were signed")
            .expected("the policy.toml and allowed_signers of which the digests were signed")
            .remedy("git awo policy propose FILE"));
    }
    Ok(Box::new(statement))
}
