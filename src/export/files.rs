//! What an export holds: a pure function from the records of a run to paths and bytes.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;

use serde_json::json;

use crate::record::json::canonical;
use crate::record::{ObjectId, RepoPath, Sha256, WorkflowUrl};
use crate::records::{AttestationPredicate, IndependencePredicate, Kind, Stands};
use crate::render::attestation::{Attested, text};
use crate::rules::export as rules;
use crate::signing::AllowedSigners;
use crate::store::provenance::Index;

use super::dossier::{Dossier, Signed};
use super::earlier;
use super::error::Error;
use super::tree::{Files, INDEX};

/// Returns the file that holds the whole index.
pub fn index_file(index: &Index) -> (RepoPath, Vec<u8>) {
    (RepoPath::from(INDEX), index.to_bytes())
}

/// Returns the files of a run, all but the index. Refuses two records that would have one name.
pub fn files(dossier: &Dossier) -> Result<Files, Error> {
    let mut out = Out {
        run: dossier.run.says.run.as_str(),
        files: Files::new(),
    };
    for (path, bytes) in &dossier.evidence {
        let directory = RepoPath::from(format!("runs/{}", out.run).as_str());
        out.put(directory.join(path.as_bytes()), bytes.clone())?;
    }
    out.attestations(dossier)?;
    out.logs(dossier)?;
    out.approvals(dossier)?;
    out.validation_reports(dossier)?;
    out.records(dossier)?;
    let list = earlier::list(&out.files)?;
    out.put(earlier::list_path(out.run), list)?;
    out.decisions(dossier)?;
    Ok(out.files)
}

struct Out<'a> {
    run: &'a str,
    files: Files,
}

/// Returns the first twelve hex digits of a digest, as they stand in names.
fn short(digest: Sha256) -> String {
    digest.to_string().chars().take(12).collect()
}

impl Out<'_> {
    fn put(&mut self, path: RepoPath, bytes: Vec<u8>) -> Result<(), Error> {
        match self.files.entry(path) {
            Slot::Vacant(slot) => _ = slot.insert(bytes),
            Slot::Occupied(there) if *there.get() == bytes => {}
            Slot::Occupied(there) => {
                return Err(Error::Refused(
                    rules::same_name(self.run, there.key()).into(),
                ));
            }
        }
        Ok(())
    }

    fn text(&mut self, path: String, bytes: Vec<u8>) -> Result<(), Error> {
        self.put(RepoPath::from(path.as_str()), bytes)
    }

    fn attestations(&mut self, dossier: &Dossier) -> Result<(), Error> {
        let main = dossier.attestation().map(|it| it.digest);
        let mut last = None;
        for attestation in &dossier.attestations {
            // The same statement signed twice is one attestation; the records hold both envelopes.
            if last.replace(attestation.digest) == Some(attestation.digest) {
                continue;
            }
            let stem = match main {
                Some(digest) if digest == attestation.digest => "ATTESTATION".to_owned(),
                _ => format!("ATTESTATION-{}", short(attestation.digest)),
            };
            let directory = format!("governance/attestations/{}", self.run);
            let people = self.attested(dossier, attestation, &stem);
            self.text(format!("{directory}/{stem}.txt"), people.into_bytes())?;
            let payload = attestation.envelope.payload().to_vec();
            self.text(format!("{directory}/{stem}.json"), payload)?;
            let envelope = attestation.envelope.to_bytes();
            self.text(format!("{directory}/{stem}.dsse.json"), envelope)?;
        }
        Ok(())
    }

    fn attested(
        &self,
        dossier: &Dossier,
        attestation: &Signed<AttestationPredicate>,
        stem: &str,
    ) -> String {
        let says = &attestation.says;
        let persons = |digests: &[Sha256], from: &[Signed<_>]| {
            let mut found: Vec<_> = from
                .iter()
                .filter(|it: &&Signed<crate::records::ApprovalPredicate>| {
                    digests.contains(&it.digest)
                })
                .map(|it| (it.digest, it.signer.clone()))
                .collect();
            found.dedup();
            found
        };
        let manifest = dossier.evidence.get(&RepoPath::from("run_manifest.json"));
        let (signers, principal) = signers_of(dossier, attestation);
        text(&Attested {
            says,
            digest: attestation.digest,
            key: &attestation.key,
            run: &dossier.run.says,
            orchestrator: &dossier.run.signer,
            gate_1: persons(&dossier.run.says.approvals, &dossier.task_approvals),
            decision: dossier.decision.as_ref().map(|it| (it.digest, &it.signer)),
            gate_2: dossier
                .independence
                .iter()
                .find(|it| it.digest == says.independence)
                .map(|it| &it.says),
            gate_3: persons(&says.approvals, &dossier.audit_approvals),
            manifest: manifest.map(|bytes| Sha256::of(bytes)),
            payload_length: attestation.envelope.payload().len(),
            stem,
            signers: &format!("../../records/{}/{signers}", self.run),
            principal: &principal,
        })
    }

    fn logs(&mut self, dossier: &Dossier) -> Result<(), Error> {
        let decisive = dossier.decisive_log().map(|it| it.digest);
        for log in &dossier.independence {
            let more = match decisive {
                Some(digest) if digest == log.digest => String::new(),
                _ => format!("-{}", short(log.digest)),
            };
            let path = format!("governance/logs/{}_independence{more}.json", self.run);
            self.text(path, log_bytes(&log.says))?;
        }
        Ok(())
    }

    fn approvals(&mut self, dossier: &Dossier) -> Result<(), Error> {
        let says = &dossier.run.says;
        let directory = format!("governance/approvals/{}", self.run);
        let gate_1: Vec<_> = dossier.task_approvals.iter().collect();
        if !gate_1.is_empty() || says.gate1.is_some() {
            let mut scope = json!({
                "approvals": says.approvals,
                "approved_by": persons(&gate_1),
                "base": says.base,
                "contract": says.contract,
                "run_id": says.run,
                "sentence": gate_1.first().and_then(|it| it.says.sentence.as_ref()),
                "task": says.task,
                "workflow_run_url": url(gate_1.iter().map(|it| &it.says.workflow_run_url)),
            });
            if let (Some(opened), Some(object)) = (&says.gate1, scope.as_object_mut()) {
                object.insert("gate1".to_owned(), json!(opened));
            }
            self.text(
                format!("{directory}/scope_approval.json"),
                canonical(&scope),
            )?;
        }
        let attestation = dossier.attestation();
        let counted = match &dossier.finalization {
            Some(it) => Some(&it.says.approvals),
            None => attestation.map(|it| &it.says.approvals),
        };
        let gate_3: Vec<_> = dossier
            .audit_approvals
            .iter()
            .filter(|it| counted.is_none_or(|counted| counted.contains(&it.digest)))
            .collect();
        if gate_3.is_empty() {
            return Ok(());
        }
        let mut digests: Vec<_> = gate_3.iter().map(|it| it.digest).collect();
        digests.dedup();
        let last = dossier
            .finalization
            .iter()
            .map(|it| &it.says.workflow_run_url);
        let attested = attestation.iter().map(|it| &it.says.workflow_run_url);
        let own = gate_3.iter().map(|it| &it.says.workflow_run_url);
        let audit = json!({
            "approvals": digests,
            "approved_by": persons(&gate_3),
            "commit": says.commit,
            "contract": says.contract,
            "root": says.root,
            "run_id": says.run,
            "task": says.task,
            "workflow_run_url": url(last.chain(attested).chain(own)),
        });
        self.text(format!("{directory}/approval.json"), canonical(&audit))
    }

    /// What a work packet calls its validation reports: the results of gate 2 and the approvals of gate 3, in
    /// the order in which the server received them. What it is not known to have received comes last.
    fn validation_reports(&mut self, dossier: &Dossier) -> Result<(), Error> {
        if !dossier.contract.says.contract.asks_for_work() {
            return Ok(());
        }
        let gate_2 = dossier.independence.iter().map(|log| {
            let says = &log.says;
            let report = json!({
                "by": log.signer, "gate": 2, "invariants_ok": says.invariants_ok,
                "invariants_reasons": says.invariants_reasons, "record": log.digest, "status": says.status,
            });
            (2, log.digest, report)
        });
        let gate_3 = dossier.audit_approvals.iter().map(|approval| {
            let report = json!({"by": approval.signer, "gate": 3, "record": approval.digest});
            (3, approval.digest, report)
        });
        let mut reports: Vec<_> = gate_2.chain(gate_3).collect();
        reports.dedup_by_key(|it| it.1);
        let push = |digest: Sha256| dossier.received.get(&digest).copied();
        reports.sort_by_key(|(gate, digest, _)| {
            let push = push(*digest).map(|it| it.0);
            (push.is_none(), push, *gate, *digest)
        });
        let reports = reports.into_iter().map(|(_, digest, mut report)| {
            if let Some(members) = report.as_object_mut() {
                let time = push(digest).map(|it| it.1);
                members.insert("received".to_owned(), json!(time));
            }
            report
        });
        let reports = json!({
            "reports": reports.collect::<Vec<_>>(),
            "run_id": self.run,
            "schema": "awo.validation-reports/1",
            "task": dossier.run.says.task,
        });
        let path = format!("governance/validation_reports/{}.json", self.run);
        self.text(path, canonical(&reports))
    }

    /// The decisions that a run rests on, in the form of the original system: they are no part of the run,
    /// and stand apart; nor are they in the list of its files.
    fn decisions(&mut self, dossier: &Dossier) -> Result<(), Error> {
        for decision in dossier.decision.iter().chain(&dossier.work_decisions) {
            let path = format!("governance/decisions/{}.json", decision.says.id());
            self.text(path, canonical(&decision.says.decision))?;
        }
        for signature in dossier
            .auto_signature
            .iter()
            .chain(&dossier.work_signatures)
        {
            let signature = &signature.says.signature;
            let id = &signature.decision_id;
            let path = format!("governance/decisions/{id}.auto-signature.json");
            self.text(path, canonical(signature))?;
        }
        Ok(())
    }

    fn records(&mut self, dossier: &Dossier) -> Result<(), Error> {
        self.record("packet", dossier.packet.clone())?;
        let mut times: BTreeMap<Sha256, usize> = BTreeMap::new();
        for it in dossier.records() {
            let kind = it.says.kind();
            let name = match kind.stands() {
                Stands::OncePerTask | Stands::OncePerRun => format!("{kind}.dsse.json"),
                _ => {
                    let time = times.entry(it.digest).or_default();
                    *time = time.saturating_add(1);
                    let more = match *time {
                        1 => String::new(),
                        // The same statement under another signature.
                        time => format!("-{time}"),
                    };
                    format!("{kind}-{}{more}.dsse.json", it.digest)
                }
            };
            self.record(&name, it.envelope.to_bytes())?;
        }
        for rules in &dossier.policies {
            let signers = rules.allowed_signers.clone();
            self.record(&policy_name(dossier, rules.commit), rules.policy.clone())?;
            self.record(&signers_name(dossier, rules.commit), signers)?;
        }
        Ok(())
    }

    fn record(&mut self, name: &str, bytes: Vec<u8>) -> Result<(), Error> {
        self.text(format!("governance/records/{}/{name}", self.run), bytes)
    }
}

fn log_bytes(says: &IndependencePredicate) -> Vec<u8> {
    canonical(&json!({
        "allow_self_approval": says.allow_self_approval,
        "invariants_ok": says.invariants_ok,
        "invariants_reasons": says.invariants_reasons,
        "message": says.message,
        "orchestrator": says.orchestrator,
        "reviewer": says.reviewer,
        "run_id": says.run_id,
        "status": says.status,
    }))
}

fn persons<P>(records: &[&Signed<P>]) -> Vec<String> {
    let mut names: Vec<_> = records.iter().map(|it| it.signer.to_string()).collect();
    names.sort();
    names.dedup();
    names
}

/// Returns the first URL there is; AWO's files say "none" by an empty text.
fn url<'a>(urls: impl IntoIterator<Item = &'a Option<WorkflowUrl>>) -> String {
    let mut known = urls.into_iter().flatten();
    known.next().cloned().map(String::from).unwrap_or_default()
}

/// The plain names are those of the policy in force; others carry their commit.
fn policy_name(dossier: &Dossier, commit: ObjectId) -> String {
    if commit == dossier.policy_in_force() {
        return "policy.toml".to_owned();
    }
    format!("policy-{}.toml", commit.short())
}

fn signers_name(dossier: &Dossier, commit: ObjectId) -> String {
    if commit == dossier.policy_in_force() {
        return "allowed_signers".to_owned();
    }
    format!("allowed_signers-{}", commit.short())
}

/// Returns the file of signers by which an attestation is checked, and the name that its signer
/// has there: a policy may call a person otherwise than `allowed_signers` does.
fn signers_of(dossier: &Dossier, attestation: &Signed<AttestationPredicate>) -> (String, String) {
    let commit = attestation.says.context.policy;
    let person = attestation.signer.to_string();
    let rules = dossier.policies.iter().find(|it| it.commit == commit);
    let signers = rules.and_then(|it| AllowedSigners::parse(&it.allowed_signers).ok());
    let namespace = Kind::Attestation.namespace();
    let principals = signers.and_then(|signers| {
        let line = signers
            .entries()
            .iter()
            .find(|line| line.key.fingerprint() == attestation.key && line.allows(namespace))?;
        Some(line.principals.clone())
    });
    let principal = match principals {
        Some(names) if !names.contains(&person) => names.first().cloned(),
        _ => None,
    };
    (signers_name(dossier, commit), principal.unwrap_or(person))
}
