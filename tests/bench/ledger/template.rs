//! One real run, made by the commands, from which the others are made: every text with the names,
//! ids and digests of another run, signed again.

use std::path::Path;

use bstr::ByteSlice as _;
use git_awo::evidence::RunFiles;
use git_awo::evidence::inventory::{Inventory, SUMS};
use git_awo::git::{Reader, Repo};
use git_awo::record::envelope::{Envelope, EnvelopeSignature, pae};
use git_awo::record::{Month, ObjectId, RepoPath, RunId, Sha256, TaskId};
use git_awo::records::{Kind, RunPredicate, Statement};
use git_awo::signing::{FileKey, Signer as _};
use git_awo::store::layout::{self, LedgerPath};
use git_awo::store::ledger::{Records, Refs};

use crate::world::{RUN, TASK};

/// The records of the real run.
pub struct Template {
    pub packet: String,
    pub contract: Envelope,
    pub approval: Envelope,
    pub run: Envelope,
    pub independence: Envelope,
    pub audit: Envelope,
    pub attestation: Envelope,
    pub finalization: Envelope,
    pub outcome: Envelope,
    pub evidence: RunFiles,
    pub says: RunPredicate,
}

impl Template {
    /// Reads it from the server.
    pub fn read(server: &Path) -> Self {
        let repo = Repo::open(server).unwrap();
        let reader: &Reader = &repo;
        let refs: Refs = reader.references("refs/").unwrap().into_iter().collect();
        let records = Records::open(reader, &refs).unwrap();
        let (run, task) = (RunId::new(RUN).unwrap(), TaskId::new(TASK).unwrap());
        let of = |path: &LedgerPath| {
            records
                .envelope(path)
                .unwrap()
                .expect("the record is there")
        };
        let record = of(&Kind::Run.of(&run));
        let says = Statement::<RunPredicate>::parse(record.payload())
            .unwrap()
            .predicate;
        let contract = records.contract_blob(&task).unwrap().unwrap();
        let packet = records
            .file(&LedgerPath::Packet(task.clone()))
            .unwrap()
            .unwrap();
        let one = |mut list: Vec<Envelope>| {
            assert_eq!(list.len(), 1, "one note");
            list.remove(0)
        };
        let limit = 64 << 20;
        Self {
            packet: String::from_utf8(packet).unwrap(),
            contract: of(&Kind::Contract.of(task)),
            approval: one(records.approvals_of(contract).unwrap()),
            run: record,
            independence: records
                .of_run(&run, Kind::Independence)
                .unwrap()
                .remove(0)
                .1,
            audit: one(records.approvals_of(says.commit).unwrap()),
            attestation: one(records.attestations_of(says.commit).unwrap()),
            finalization: of(&Kind::Finalization.of(&run)),
            outcome: of(&Kind::Outcome.of(&run)),
            evidence: records
                .evidence(&says.evidence, &run, limit)
                .unwrap()
                .unwrap(),
            says,
        }
    }
}

/// What stands for what in another run.
#[derive(Default)]
pub struct Words(Vec<(String, String)>);

impl Words {
    /// Another run of another task.
    pub fn of(template: &Template, run: &RunId, task: &TaskId, month: Month) -> Self {
        let mut words = Self::default();
        let old = RunId::new(RUN).unwrap();
        let task_directory = |task: &TaskId| Kind::Contract.of(task).to_path().to_string();
        words.put(layout::run_directory(&old), layout::run_directory(run));
        words.put(
            task_directory(&TaskId::new(TASK).unwrap()),
            task_directory(task),
        );
        words.put(RUN, run);
        words.put(TASK, task);
        words.put(&template.says.evidence, layout::evidence(month));
        words
    }

    pub fn put(&mut self, old: impl ToString, new: impl ToString) {
        self.0.push((old.to_string(), new.to_string()));
    }

    /// Replaces all words in one pass: a replacement is not looked at again.
    pub fn text(&self, text: &str) -> String {
        let find = |old: &str, from: usize| Some(from + text.as_bytes()[from..].find(old)?);
        let mut next: Vec<_> = self.0.iter().map(|(old, _)| find(old, 0)).collect();
        let mut out = String::with_capacity(text.len());
        let mut done = 0;
        loop {
            for (at, (old, _)) in next.iter_mut().zip(&self.0) {
                if at.is_some_and(|at| at < done) {
                    *at = find(old, done);
                }
            }
            let found = next.iter().zip(&self.0);
            let found = found.filter_map(|(at, words)| Some(((*at)?, words)));
            let Some((at, (old, new))) = found.min_by_key(|(at, _)| *at) else {
                return out + &text[done..];
            };
            out.push_str(&text[done..at]);
            out.push_str(new);
            done = at + old.len();
        }
    }

    /// Returns a record of the other run, signed.
    pub fn sign(&self, template: &Envelope, kind: Kind, key: &FileKey) -> Envelope {
        let payload = self.text(std::str::from_utf8(template.payload()).unwrap());
        sign(payload.into_bytes(), kind, key)
    }

    /// Returns the evidence of the other run, with its inventory, and its root.
    pub fn evidence(&self, template: &RunFiles) -> (RunFiles, Sha256) {
        let sums = RepoPath::from(SUMS);
        let text = |bytes: &[u8]| self.text(std::str::from_utf8(bytes).unwrap()).into_bytes();
        let mut files: RunFiles = template
            .iter()
            .filter(|(path, _)| **path != sums)
            .map(|(path, bytes)| (path.clone(), text(bytes)))
            .collect();
        let artifact = RepoPath::from("artifacts/changed_paths.json");
        let digests = format!(
            "{{\n  \"artifacts/changed_paths.json\": \"{}\"\n}}",
            Sha256::of(&files[&artifact])
        );
        files.insert(
            RepoPath::from("artifact_digests.json"),
            digests.into_bytes(),
        );
        let listed = git_awo::evidence::digests(&files);
        let inventory = Inventory::of(&listed).unwrap();
        files.insert(sums, inventory.to_bytes());
        let (findings, root) = git_awo::evidence::verify(&files);
        assert!(findings.is_empty(), "the evidence holds");
        (files, root.unwrap())
    }
}

/// Signs a payload in the namespace of its kind.
pub fn sign(payload: Vec<u8>, kind: Kind, key: &FileKey) -> Envelope {
    let signature = key.sign(kind.namespace(), &pae(&payload)).unwrap();
    let signature = EnvelopeSignature {
        keyid: signature.public_key().fingerprint().to_owned(),
        sig: signature.to_blob().to_vec(),
    };
    Envelope::new(payload, vec![signature])
}

/// Returns the tree and the first parent of a commit.
pub fn links(reader: &Reader, commit: ObjectId) -> (ObjectId, ObjectId) {
    let commit = reader.commit(commit).unwrap();
    (commit.tree, commit.parents[0])
}
