//! Reads a run with all its records and its evidence, and checks that they belong together.

use std::collections::BTreeMap;

use crate::check;
use crate::evidence::{self, RunFiles, inventory};
use crate::facts::policies::PolicyFiles;
use crate::facts::received::{Push, Received};
use crate::facts::run::Collector;
use crate::record::envelope::Envelope;
use crate::record::{Findings, Refusal, RunId, Sha256, TaskId};
use crate::records::{
    ApprovalPredicate, Approves, Binding, ContractPredicate, Kind, OpenedBy, Predicate,
    RunPredicate, RunWork,
};
use crate::rules::{absent, export as rules};
use crate::store::layout::{self, LedgerPath};
use crate::store::ledger::Records;

use super::dossier::{Any, Dossier, Rules, Signed};
use super::error::Error;

/// Reads and checks everything of a run. All that does not hold is reported.
pub fn gather(
    collector: &Collector<'_>,
    received: Option<&Received<'_>>,
    id: &RunId,
) -> Result<Dossier, Error> {
    let mut it = Gather {
        collector,
        received,
        id,
        findings: Findings::new(),
    };
    let dossier = it.dossier()?;
    match dossier {
        Some(dossier) if it.findings.is_empty() => Ok(dossier),
        _ => Err(Error::Refused(Refusal::or(
            it.findings,
            absent::run_record(id),
        ))),
    }
}

struct Gather<'a> {
    collector: &'a Collector<'a>,
    received: Option<&'a Received<'a>>,
    id: &'a RunId,
    findings: Findings,
}

impl Gather<'_> {
    fn dossier(&mut self) -> Result<Option<Dossier>, check::Error> {
        let records = self.collector.records;
        let id = self.id;
        let Some(run) = self.required::<RunPredicate>(&Kind::Run.of(id))? else {
            return Ok(None);
        };
        let says = run.says.clone();
        let contract = self.required::<ContractPredicate>(&Kind::Contract.of(&says.task))?;
        let packet = self.packet(&says.task)?;
        let mut spent = Vec::new();
        if let Some(blob) = records.contract_blob(&says.task)? {
            spent = records.approvals_of(blob)?;
            spent.retain(|it| says.approvals.contains(&it.digest()));
        }
        let task_approvals = self.all::<ApprovalPredicate>(spent);
        let (mut decision, mut auto_signature) = (None, None);
        if let Some(opened) = &says.gate1 {
            decision = self.required(&Kind::Decision.of(&opened.decision_id))?;
            auto_signature = self.optional(&Kind::AutoSignature.of(&opened.decision_id))?;
        }
        let (mut work_decisions, mut work_signatures, mut pre_work) =
            (Vec::new(), Vec::new(), None);
        for decision in says.work.iter().flat_map(RunWork::decisions) {
            work_decisions.extend(self.required(&Kind::Decision.of(decision))?);
            work_signatures.extend(self.optional(&Kind::AutoSignature.of(decision))?);
        }
        if let Some(plan) = says.work.as_ref().and_then(|it| it.pre_work) {
            let path = Kind::PreWork.one_of(says.task.clone(), plan);
            pre_work = self.required(&path)?;
        }
        let of_run = |kind| -> Result<Vec<Envelope>, crate::store::Error> {
            let found = records.of_run(id, kind)?.into_iter();
            Ok(found.map(|(_, envelope)| envelope).collect())
        };
        let independence = self.all(of_run(Kind::Independence)?);
        let overrides = self.all(of_run(Kind::SelfApproval)?);
        let mut noted = Vec::new();
        for envelope in records.approvals_of(says.commit)? {
            let approval = self.collector.verify(&envelope);
            // What was withdrawn counts for nothing; what does not hold is told of below.
            if !matches!(&approval, Ok(it) if self.collector.revoked(it, || Ok(Vec::new()))?) {
                noted.push(envelope);
            }
        }
        let audit_approvals = self.all(noted);
        let attestations = self.all(records.attestations_of(says.commit)?);
        let finalization = self.optional(&Kind::Finalization.of(id))?;
        let outcome = self.optional(&Kind::Outcome.of(id))?;
        let evidence = self.evidence(&says)?;
        let (Some(contract), Some(packet), Some(evidence)) = (contract, packet, evidence) else {
            return Ok(None);
        };
        let asks_for_work = contract.says.contract.asks_for_work();
        let mut dossier = Dossier {
            work_decisions,
            work_signatures,
            pre_work,
            received: BTreeMap::new(),
            run,
            contract,
            packet,
            task_approvals,
            decision,
            auto_signature,
            independence,
            overrides,
            audit_approvals,
            attestations,
            finalization,
            outcome,
            evidence,
            policies: Vec::new(),
        };
        self.bindings(&dossier);
        dossier.policies = self.policies(&dossier)?;
        if asks_for_work && let Some(received) = self.received {
            dossier.received = times(received, &dossier)?;
        }
        Ok(Some(dossier))
    }

    fn checked<P: Predicate>(&mut self, envelope: Envelope) -> Option<Signed<P>> {
        match self.collector.verify::<P>(&envelope) {
            Ok(verified) => Some(Signed {
                says: verified.predicate().clone(),
                digest: verified.digest(),
                signer: verified.signer().clone(),
                key: verified.key().to_owned(),
                envelope,
            }),
            Err(mut finding) => {
                finding.subject = finding.subject.run(self.id);
                self.findings.push(finding);
                None
            }
        }
    }

    fn all<P: Predicate>(&mut self, mut envelopes: Vec<Envelope>) -> Vec<Signed<P>> {
        envelopes.sort_by_cached_key(|it| (it.digest(), it.to_bytes()));
        envelopes.dedup();
        envelopes
            .into_iter()
            .filter_map(|envelope| self.checked(envelope))
            .collect()
    }

    fn optional<P: Predicate>(
        &mut self,
        path: &LedgerPath,
    ) -> Result<Option<Signed<P>>, check::Error> {
        let envelope = self.collector.records.envelope(path)?;
        Ok(envelope.and_then(|envelope| self.checked(envelope)))
    }

    fn required<P: Predicate>(
        &mut self,
        path: &LedgerPath,
    ) -> Result<Option<Signed<P>>, check::Error> {
        match self.collector.records.envelope(path)? {
            Some(envelope) => Ok(self.checked(envelope)),
            None => {
                let missing = rules::no_record(self.id, path.to_path(), "the record");
                self.findings.push(missing);
                Ok(None)
            }
        }
    }

    fn packet(&mut self, task: &TaskId) -> Result<Option<Vec<u8>>, check::Error> {
        let path = LedgerPath::Packet(task.clone());
        let packet = self.collector.records.file(&path)?;
        if packet.is_none() {
            let named = format!("packet of {task}");
            let missing = rules::no_record(self.id, named, "the packet");
            self.findings.push(missing);
        }
        Ok(packet)
    }

    fn evidence(&mut self, says: &RunPredicate) -> Result<Option<RunFiles>, check::Error> {
        let (id, records) = (self.id, self.collector.records);
        let limits = &self.collector.history.current().policy.document().limits;
        let Some(files) = records.evidence(&says.evidence, id, limits.evidence_bytes)? else {
            self.findings.push(rules::no_evidence(id, says));
            return Ok(None);
        };
        let (findings, root) = evidence::verify(&files);
        for mut finding in findings {
            finding.subject = finding.subject.run(id);
            self.findings.push(finding);
        }
        let other = root.and_then(|root| rules::root(id, says, root));
        self.findings.extend(other);
        let kept = records.file(&LedgerPath::Inventory(id.clone()))?;
        let own = files.get(&inventory::SUMS.into());
        let other = rules::inventory(id, says, kept.as_deref(), own);
        self.findings.extend(other);
        Ok(Some(files))
    }

    /// Without the clock and the policy's counts: those are for `verify`; here only that nothing
    /// of another run or another commit is handed out under this one's name.
    fn bindings(&mut self, dossier: &Dossier) {
        let says = &dossier.run.says;
        let id = self.id;
        let mut refuse = |what: &str, digest: Sha256| {
            let other = rules::of_another_run(id, says, what, digest);
            self.findings.push(other);
        };
        for it in dossier.records() {
            if !binds(&it, dossier, id) {
                refuse(it.says.kind().title(), it.digest);
            }
        }
        let tasks = dossier.task_approvals.iter().map(|it| (it, Approves::Task));
        let audits = dossier
            .audit_approvals
            .iter()
            .map(|it| (it, Approves::Audit));
        for (it, expected) in tasks.chain(audits) {
            let audit = it.says.run.is_some() && it.says.commit.is_some() && it.says.root.is_some();
            if it.says.approves != expected || (expected == Approves::Audit && !audit) {
                refuse("approval", it.digest);
            }
        }
        for it in &dossier.attestations {
            let reviewer = Sha256::of(it.signer.as_str().as_bytes());
            if it.says.reviewer != it.signer || it.says.reviewer_sha256 != reviewer {
                refuse("attestation", it.digest);
            }
        }
        if let (Some(named), Some(it)) = (&says.gate1, &dossier.decision)
            && *named != OpenedBy::of(&it.says)
        {
            refuse("decision", it.digest);
        }
        let approvals = &dossier.task_approvals;
        let decision = dossier.decision.as_ref().map(|it| it.digest);
        let missing = |digest: &&Sha256| {
            !approvals.iter().any(|it| it.digest == **digest) && decision != Some(**digest)
        };
        for digest in says.approvals.iter().filter(missing) {
            let (named, expected) = (
                format!("approval {digest}"),
                "the approval that the run spends",
            );
            self.findings.push(rules::no_record(id, named, expected));
        }
    }

    fn policies(&self, dossier: &Dossier) -> Result<Vec<Rules>, check::Error> {
        let records = dossier.records();
        let contexts = records.iter().filter_map(|it| it.says.context());
        let mut named: Vec<_> = contexts.map(|context| context.policy).collect();
        named.sort();
        named.dedup();
        let mut policies = Vec::new();
        for commit in named {
            let files = PolicyFiles::read(self.collector.records.reader(), commit)?;
            policies.push(Rules {
                commit,
                policy: files.policy,
                allowed_signers: files.allowed_signers,
            });
        }
        Ok(policies)
    }
}

/// Returns when the server received the results of gate 2 and the audit approvals.
fn times(
    received: &Received<'_>,
    dossier: &Dossier,
) -> Result<BTreeMap<Sha256, Push>, check::Error> {
    let says = &dossier.run.says;
    let ledger = layout::ledger();
    let mut times = BTreeMap::new();
    for log in &dossier.independence {
        let has = |records: &Records<'_>| {
            let logs = records.of_run(&says.run, Kind::Independence)?;
            Ok(logs.iter().any(|(_, it)| it.digest() == log.digest))
        };
        times.extend(
            received
                .first(ledger.as_str(), has)?
                .map(|it| (log.digest, it)),
        );
    }
    for approval in &dossier.audit_approvals {
        let has = |records: &Records<'_>| {
            let noted = records.approvals_of(says.commit)?;
            Ok(noted.iter().any(|it| it.digest() == approval.digest))
        };
        let push = received.first(layout::NOTES_PREFIX, has)?;
        times.extend(push.map(|it| (approval.digest, it)));
    }
    Ok(times)
}

/// Returns whether all that a record binds is what this run has.
fn binds(it: &Any<'_>, dossier: &Dossier, id: &RunId) -> bool {
    let run = &dossier.run.says;
    it.says.binds().into_iter().all(|binding| match binding {
        // A decision on a skeleton names the run that made it.
        Binding::Run(run) => run == *id || it.says.kind() == Kind::Decision,
        Binding::RunRecord(it) => it == dossier.run.digest,
        Binding::Commit(it) => it == run.commit,
        Binding::Tree(it) => it == run.tree,
        Binding::Root(it) => it == run.root,
        Binding::Contract(it) => it == dossier.contract.digest && it == run.contract,
        Binding::Packet(it) => it == Sha256::of(&dossier.packet),
        Binding::Independence(log) => dossier.independence.iter().any(|it| it.digest == log),
        Binding::Attestation(of) => dossier.attestations.iter().any(|it| it.digest == of),
        // Which approvals count is for `verify`; the others are of the run record itself.
        _ => true,
    })
}
