//! Judges what arrived, record by record and run by run.

use super::notes::judge_note;
use super::*;
use crate::check::PolicyHistory;
use crate::facts::case::RunFacts;
use crate::facts::index;
use crate::record::predicate::PolicyPredicate;
use crate::record::{Coded, Rule};

impl Arrivals {
    /// Judges everything that arrived.
    pub fn judge(&self, collector: &Collector<'_>, findings: &mut Findings) -> Result<(), Error> {
        let mut runs: BTreeSet<RunId> = BTreeSet::new();
        for (path, id) in &self.ledger {
            self.judge_record(collector, path, *id, findings)?;
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
        index::judge(collector.records, &self.shards, findings)?;
        for (place, object, envelope) in &self.notes {
            if let Some(run) = judge_note(collector, *place, *object, envelope, findings)? {
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
                return judge_spent(collector, path, approval, &bytes, findings);
            }
            LedgerPath::ProposedPolicy(digest) | LedgerPath::ProposedSigners(digest) => {
                let signed = records.list(&format!("proposals/{digest}"))?.len() > 2;
                orphan_unless(signed, path, "a signature by a root", findings);
                return Ok(());
            }
            _ => match ledger::parse(path.to_path(), &bytes) {
                Ok(envelope) => envelope,
                Err(error) => {
                    findings.extend(error.denies(subject()).into_iter().flatten());
                    return Ok(());
                }
            },
        };
        let fail = |finding: Finding| Finding {
            subject: subject(),
            ..finding
        };
        let misplaced = |found: String| {
            Rule::RecordPlace
                .finding(subject())
                .found(found)
                .expected("the record that its path names")
                .remedy("git awo fetch")
        };
        let place = |fits: bool, found: String| (!fits).then(|| misplaced(found));
        let outcome: Result<(), Finding> = match path {
            LedgerPath::Contract(task) => {
                collector.verify::<ContractPredicate>(&envelope).map(|it| {
                    let contract = &it.predicate().contract;
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
                            Rule::BindsPacket
                                .finding(subject())
                                .found("the packet beside the contract is missing or another")
                                .expected(contract.source_sha256)
                                .remedy("git awo task import FILE"),
                        );
                    }
                })
            }
            LedgerPath::Run(run) => collector.verify::<RunPredicate>(&envelope).map(|it| {
                findings.extend(place(
                    it.predicate().run == *run,
                    format!("the run {}", it.predicate().run),
                ))
            }),
            LedgerPath::Independence(run, digest) => collector
                .verify::<IndependencePredicate>(&envelope)
                .map(|it| {
                    findings.extend(place(
                        it.predicate().run_id == *run && it.digest() == *digest,
                        format!("a log of {}", it.predicate().run_id),
                    ));
                }),
            LedgerPath::Override(run, digest) => {
                collector.verify::<OverridePredicate>(&envelope).map(|it| {
                    findings.extend(place(
                        it.predicate().run == *run && it.digest() == *digest,
                        format!("an override of {}", it.predicate().run),
                    ));
                    // Exactly this spelling, or it permits nothing and must not look as if it did.
                    if it.predicate().allow_self_approval != "1" {
                        let found = format!(
                            "allow_self_approval={:?}",
                            it.predicate().allow_self_approval
                        );
                        findings.push(
                            Rule::OverrideForm
                                .finding(subject())
                                .found(found)
                                .expected(r#""1""#)
                                .remedy(format!("git awo gate {run} --allow-self-approval")),
                        );
                    }
                })
            }
            LedgerPath::Finalization(run) => collector
                .verify::<FinalizationPredicate>(&envelope)
                .map(|it| {
                    findings.extend(place(
                        it.predicate().run == *run,
                        format!("a finalization of {}", it.predicate().run),
                    ))
                }),
            LedgerPath::Outcome(run) => collector.verify::<OutcomePredicate>(&envelope).map(|it| {
                findings.extend(place(
                    it.predicate().run == *run,
                    format!("an outcome of {}", it.predicate().run),
                ));
            }),
            LedgerPath::ProposalSignature(digest, _) => {
                judge_proposal(collector, digest, &envelope)
            }
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
            ("the override", it.digest(), says.commit, says.root, again)
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
            .envelope(&LedgerPath::Run(run.clone()))
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
        && let Some(envelope) = collector.records.envelope(&LedgerPath::Run(run))?
        && let Ok(statement) = Statement::<RunPredicate>::parse(envelope.payload())
    {
        spends = statement.predicate.approvals.contains(approval);
    }
    orphan_unless(spends, path, "a run that spends the approval", findings);
    Ok(())
}

fn judge_proposal(
    collector: &Collector<'_>,
    digest: &Sha256,
    envelope: &Envelope,
) -> Result<(), Finding> {
    let about = || Subject::of_record(digest);
    if envelope.digest() != *digest {
        return Err(Rule::Proposal
            .finding(about())
            .found("a signature over another proposal"));
    }
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
    Ok(())
}
