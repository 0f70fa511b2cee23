//! Reads a run with all its records and its evidence, and checks that they belong together.

use crate::check;
use crate::evidence::{self, RunFiles, inventory};
use crate::facts::policies::PolicyFiles;
use crate::facts::run::Collector;
use crate::record::envelope::Envelope;
use crate::record::predicate::{ApprovalPredicate, Approves, RunPredicate};
use crate::record::statement::Predicate;
use crate::record::{
    Code, Finding, Findings, ObjectId, Refusal, Rule, RunId, Sha256, Subject, TaskId,
};
use crate::rules::absent;
use crate::store::layout::LedgerPath;

use super::dossier::{Dossier, Rules, Signed};
use super::error::Error;

/// Reads and checks everything of a run. All that does not hold is reported.
pub fn gather(collector: &Collector<'_>, id: &RunId) -> Result<Dossier, Error> {
    let mut it = Gather {
        collector,
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
    id: &'a RunId,
    findings: Findings,
}

impl Gather<'_> {
    fn dossier(&mut self) -> Result<Option<Dossier>, check::Error> {
        let records = self.collector.records;
        let id = self.id;
        let Some(run) = self.required::<RunPredicate>(&LedgerPath::Run(id.clone()))? else {
            return Ok(None);
        };
        let says = run.says.clone();
        let contract = self.required(&LedgerPath::Contract(says.task.clone()))?;
        let packet = self.packet(&says.task)?;
        let mut spent = Vec::new();
        if let Some(blob) = records.contract_blob(&says.task)? {
            spent = records.approvals_of(blob)?;
            spent.retain(|it| says.approvals.contains(&it.digest()));
        }
        let task_approvals = self.all::<ApprovalPredicate>(spent);
        let (mut logs, mut overrides) = (Vec::new(), Vec::new());
        for (path, envelope) in records.run_records(id)? {
            match path {
                LedgerPath::Independence(..) => logs.push(envelope),
                _ => overrides.push(envelope),
            }
        }
        let independence = self.all(logs);
        let overrides = self.all(overrides);
        let audit_approvals = self.all(records.approvals_of(says.commit)?);
        let attestations = self.all(records.attestations_of(says.commit)?);
        let finalization = self.optional(&LedgerPath::Finalization(id.clone()))?;
        let outcome = self.optional(&LedgerPath::Outcome(id.clone()))?;
        let evidence = self.evidence(&says)?;
        let (Some(contract), Some(packet), Some(evidence)) = (contract, packet, evidence) else {
            return Ok(None);
        };
        let mut dossier = Dossier {
            run,
            contract,
            packet,
            task_approvals,
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
        Ok(Some(dossier))
    }

    fn refuse(&mut self, rule: Rule, found: impl ToString, expected: impl ToString) {
        let remedy = match rule.code() {
            Code::Str002 => "git awo fetch".to_owned(),
            _ => format!("git awo chain {}", self.id),
        };
        self.findings.push(
            rule.finding(Subject::of_run(self.id))
                .found(found.to_string())
                .expected(expected.to_string())
                .remedy(remedy),
        );
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
            Err(finding) => {
                let subject = finding.subject.clone().run(self.id);
                self.findings.push(Finding { subject, ..finding });
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
                let found = format!("no {}", path.to_path());
                self.refuse(Rule::RecordPresent, found, "the record");
                Ok(None)
            }
        }
    }

    fn packet(&mut self, task: &TaskId) -> Result<Option<Vec<u8>>, check::Error> {
        let packet = self
            .collector
            .records
            .file(&LedgerPath::Packet(task.clone()))?;
        if packet.is_none() {
            let found = format!("no packet of {task}");
            self.refuse(Rule::RecordPresent, found, "the packet");
        }
        Ok(packet)
    }

    fn evidence(&mut self, run: &RunPredicate) -> Result<Option<RunFiles>, check::Error> {
        let records = self.collector.records;
        let limits = &self.collector.history.current().policy.document().limits;
        let Some(files) = records.evidence(&run.evidence, self.id, limits.evidence_bytes)? else {
            let found = format!("no evidence in {}: expired, or not fetched", run.evidence);
            self.refuse(Rule::EvidencePresent, found, "the evidence of the run");
            return Ok(None);
        };
        let (findings, root) = evidence::verify(&files);
        for finding in findings {
            let subject = finding.subject.clone().run(self.id);
            self.findings.push(Finding { subject, ..finding });
        }
        if let Some(root) = root.filter(|root| *root != run.root) {
            self.refuse(Rule::EvidenceRoot, root, run.root);
        }
        let kept = records.file(&LedgerPath::Inventory(self.id.clone()))?;
        match kept {
            None => self.refuse(Rule::InventoryPresent, "no inventory", run.root),
            Some(bytes) if files.get(&inventory::SUMS.into()) != Some(&bytes) => {
                let found = "an inventory in the ledger that differs from the evidence's";
                self.refuse(Rule::InventoryRoot, found, Sha256::of(&bytes));
            }
            Some(_) => {}
        }
        Ok(Some(files))
    }

    /// Without the clock and the policy's counts: those are for `verify`; here only that nothing
    /// of another run or another commit is handed out under this one's name.
    fn bindings(&mut self, dossier: &Dossier) {
        let run = &dossier.run;
        let says = &run.says;
        let own = |it: &RunId, commit: ObjectId, root: Sha256| {
            it == self.id && commit == says.commit && root == says.root
        };
        let mut bad: Vec<(&'static str, Sha256)> = Vec::new();
        if says.run != *self.id {
            bad.push(("the run record", run.digest));
        }
        if dossier.contract.digest != says.contract
            || Sha256::of(&dossier.packet) != dossier.contract.says.contract.source_sha256
        {
            bad.push(("the contract", dossier.contract.digest));
        }
        let gate_1 =
            |it: &ApprovalPredicate| it.approves == Approves::Task && it.contract == says.contract;
        let approvals = &dossier.task_approvals;
        bad.extend(strays("the task approval", approvals, gate_1));
        bad.extend(strays(
            "the independence log",
            &dossier.independence,
            |it| it.run_id == *self.id && it.commit == says.commit,
        ));
        bad.extend(strays("the override", &dossier.overrides, |it| {
            own(&it.run, it.commit, it.root)
        }));
        bad.extend(strays(
            "the audit approval",
            &dossier.audit_approvals,
            |it| {
                it.approves == Approves::Audit
                    && it.run.as_ref() == Some(self.id)
                    && it.commit == Some(says.commit)
                    && it.root == Some(says.root)
            },
        ));
        let logged = |digest: Sha256| dossier.independence.iter().any(|it| it.digest == digest);
        for it in &dossier.attestations {
            let attested = &it.says;
            let fits = own(&attested.run, attested.commit, attested.root)
                && attested.tree == says.tree
                && attested.contract == says.contract
                && attested.run_record == run.digest
                && attested.reviewer == it.signer
                && attested.reviewer_sha256 == Sha256::of(it.signer.as_str().as_bytes())
                && logged(attested.independence);
            if !fits {
                bad.push(("the attestation", it.digest));
            }
        }
        if let Some(it) = &dossier.finalization {
            let last = &it.says;
            let attested = dossier
                .attestations
                .iter()
                .any(|it| it.digest == last.attestation);
            let fits = own(&last.run, last.commit, last.root)
                && last.run_record == run.digest
                && logged(last.independence)
                && attested;
            if !fits {
                bad.push(("the finalization", it.digest));
            }
        }
        if let Some(it) = &dossier.outcome
            && !own(&it.says.run, it.says.commit, it.says.root)
        {
            bad.push(("the outcome", it.digest));
        }
        let missing: Vec<_> = says
            .approvals
            .iter()
            .filter(|digest| !approvals.iter().any(|it| it.digest == **digest))
            .collect();
        for (what, digest) in bad {
            let found = format!("{what} {digest} binds something else");
            let expected = format!("{} at {} with root {}", self.id, says.commit, says.root);
            self.refuse(Rule::BindsRun, found, expected);
        }
        for digest in missing {
            let found = format!("no approval {digest}");
            self.refuse(
                Rule::RecordPresent,
                found,
                "the approval that the run spends",
            );
        }
    }

    fn policies(&self, dossier: &Dossier) -> Result<Vec<Rules>, check::Error> {
        let mut named = vec![
            dossier.run.says.context.policy,
            dossier.contract.says.context.policy,
        ];
        named.extend(contexts(&dossier.task_approvals));
        named.extend(contexts(&dossier.independence));
        named.extend(contexts(&dossier.overrides));
        named.extend(contexts(&dossier.audit_approvals));
        named.extend(contexts(&dossier.attestations));
        named.extend(contexts(dossier.finalization.as_slice()));
        named.extend(contexts(dossier.outcome.as_slice()));
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

fn contexts<P: Predicate>(records: &[Signed<P>]) -> impl Iterator<Item = ObjectId> {
    records
        .iter()
        .filter_map(|it| it.says.context().map(|context| context.policy))
}

/// Returns the records that do not belong to the run.
fn strays<P>(
    what: &'static str,
    records: &[Signed<P>],
    own: impl Fn(&P) -> bool,
) -> Vec<(&'static str, Sha256)> {
    let strays = records.iter().filter(|it| !own(&it.says));
    strays.map(|it| (what, it.digest)).collect()
}
