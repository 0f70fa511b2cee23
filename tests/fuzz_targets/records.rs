//! JSON, envelopes, statements, and what stands beside them in the ledger.

use git_awo::facts::log::State;
use git_awo::record::baseline::{Manifest, differences};
use git_awo::record::envelope::Envelope;
use git_awo::record::json as canonical;
use git_awo::record::path::{escape, quote};
use git_awo::record::sentence;
use git_awo::record::{
    IdentityName, ObjectId, RefName, RepoPath, RunId, Sha256, TaskId, Timestamp,
};
use git_awo::records as p;
use git_awo::records::{Kind, Predicate, Statement, type_of};
use git_awo::store::layout::{self, LedgerPath};
use git_awo::store::ledger;
use git_awo::store::provenance::{Entry, Index};

pub fn json(data: &[u8]) -> bool {
    let parsed = canonical::parse(data);
    let accepted = parsed.is_ok();
    match parsed {
        Ok(value) => {
            let bytes = canonical::to_canonical(&value);
            let again = canonical::parse(&bytes).expect("what we write we read");
            assert_eq!(again, value, "writing loses nothing");
            assert_eq!(canonical::to_canonical(&again), bytes, "one spelling");
            let judged: Result<serde::de::IgnoredAny, _> = serde_json::from_slice(data);
            assert!(
                judged.is_ok(),
                "we take nothing that serde_json refuses: {judged:?}"
            );
        }
        Err(bad) => {
            assert!(bad.offset <= data.len() && bad.line >= 1 && bad.column >= 1);
            super::is_harmless(&bad.to_string());
        }
    }
    if let Ok(value) = canonical::parse_canonical::<serde_json::Value>(data) {
        assert_eq!(
            canonical::canonical(&value),
            data,
            "a record has one spelling"
        );
        let parsed = canonical::parse(data).expect("a record is JSON");
        assert_eq!(canonical::to_canonical(&parsed), data);
    }
    accepted
}

pub fn envelope(data: &[u8]) -> bool {
    let Ok(envelope) = Envelope::parse(data) else {
        return false;
    };
    assert_eq!(envelope.to_bytes(), data, "an envelope has one spelling");
    assert_eq!(
        envelope.digest(),
        Sha256::of(envelope.payload()),
        "it is named by what it says"
    );
    assert!(envelope.pae().ends_with(envelope.payload()));
    assert!(!data.contains(&b'\n'), "a note has one envelope a line");
    let turned = envelope.signatures().iter().rev().cloned().collect();
    assert_eq!(
        Envelope::new(envelope.payload().to_vec(), turned),
        envelope,
        "signatures have an order"
    );
    statement(envelope.payload());
    true
}

/// What a baseline says of itself.
pub fn manifest(data: &[u8]) -> bool {
    let (longest, most) = (1 << 20, 1_000);
    match Manifest::parse(data, longest, most) {
        Ok(manifest) => {
            assert_eq!(manifest.to_bytes(), data, "a manifest has one spelling");
            assert!(differences(&manifest.items, &manifest.items).is_empty());
            let place = manifest.place();
            assert_eq!(place.to_string().parse().ok(), Some(place));
            for item in &manifest.items {
                let mut names = item.path.components();
                assert!(!names.any(|it| matches!(it, b"" | b"." | b".." | b".git")));
            }
            true
        }
        Err(bad) => {
            super::is_harmless(&bad.to_string());
            false
        }
    }
}

pub fn statement(data: &[u8]) -> bool {
    let Ok(word) = type_of(data) else {
        return false;
    };
    let accepted = [
        read::<p::PolicyPredicate>(data),
        read::<p::AdmissionPredicate>(data),
        read::<p::ContractPredicate>(data),
        read::<p::LeasePredicate>(data),
        read::<p::ApprovalPredicate>(data),
        read::<p::RevocationPredicate>(data),
        read::<p::PreWorkPredicate>(data),
        read::<p::RunPredicate>(data),
        read::<p::DeterminismPredicate>(data),
        read::<p::IndependencePredicate>(data),
        read::<p::SelfApprovalPredicate>(data),
        read::<p::AttestationPredicate>(data),
        read::<p::FinalizationPredicate>(data),
        read::<p::OutcomePredicate>(data),
        read::<p::CancellationPredicate>(data),
        read::<p::VouchPredicate>(data),
        read::<p::DecisionPredicate>(data),
        read::<p::AutoSignaturePredicate>(data),
        read::<p::EscalationPredicate>(data),
        read::<p::ProjectionPlanPredicate>(data),
        read::<p::ConsentReceiptPredicate>(data),
        read::<p::EscalationUsePredicate>(data),
        read::<p::ReceiptPredicate>(data),
    ];
    let kinds: Vec<Kind> = accepted.into_iter().flatten().collect();
    assert!(kinds.len() <= 1, "a statement is of one kind");
    for kind in &kinds {
        assert_eq!(word, kind.predicate_type());
    }
    !kinds.is_empty()
}

fn read<P: Predicate>(data: &[u8]) -> Option<Kind> {
    let statement = match Statement::<P>::parse(data) {
        Ok(statement) => statement,
        Err(bad) => {
            super::is_harmless(&bad.to_string());
            return None;
        }
    };
    assert_eq!(statement.to_payload(), data, "a statement has one spelling");
    assert_eq!(
        Statement::new(statement.predicate.clone()).to_payload(),
        data,
        "all follows from the predicate"
    );
    Some(P::KIND)
}

pub fn ledger(data: &[u8]) -> bool {
    let mut accepted = false;
    let path = RepoPath::new(data);
    if let Some(parsed) = LedgerPath::parse(&path) {
        assert_eq!(parsed.to_path(), path, "a record has one place");
        accepted = true;
    }
    if let Ok(index) = Index::parse(data) {
        accepted = true;
        assert_eq!(index.to_bytes(), data, "an index has one spelling");
        for entry in &index.entries {
            assert!(index.get(&entry.run_id).is_some());
        }
    }
    if let Ok(entry) = Entry::parse(data) {
        accepted = true;
        assert_eq!(entry.to_bytes(), data, "an entry has one spelling");
    }
    if let Ok(state) = State::parse(data) {
        accepted = true;
        assert_eq!(state.to_bytes(), data);
    }
    if let Some(run) = ledger::parse_spent(data) {
        accepted = true;
        assert_eq!(ledger::spent(&run), data);
    }
    for line in ledger::note_lines(data) {
        assert!(!line.is_empty() && !line.contains(&b'\n'));
    }
    accepted
}

pub fn names(data: &[u8]) -> bool {
    for shown in [quote(data), escape(data), RepoPath::new(data).to_string()] {
        super::is_harmless(&shown);
    }
    let path = RepoPath::new(data);
    assert!(path.components().count() <= data.len() + 1);
    let sentence = "I approve T-1.";
    if sentence::compare(sentence, data).is_ok() {
        assert_eq!(
            data.strip_suffix(b"\n").unwrap_or(data),
            sentence.as_bytes()
        );
    }
    let mut accepted = false;
    let Ok(text) = std::str::from_utf8(data) else {
        return false;
    };
    if let Err(bad) = sentence::compare(text, b"I approve T-1.") {
        super::is_harmless(&bad.to_string());
    }
    if let Ok(time) = text.parse::<Timestamp>() {
        accepted = true;
        assert_eq!(time.to_string(), text, "a time has one spelling");
        assert_eq!(Timestamp::from_seconds(time.seconds()), Some(time));
        assert!(time.plus_days(u32::MAX) >= time);
        let evidence = layout::evidence(time.month());
        assert_eq!(RefName::new(evidence.as_str()).as_ref(), Ok(&evidence));
    }
    if let Ok(seconds) = text.parse::<i64>()
        && let Some(time) = Timestamp::from_seconds(seconds)
    {
        let _ = layout::evidence(time.month());
        assert_eq!(time.seconds(), seconds);
    }
    if let Ok(id) = text.parse::<ObjectId>() {
        accepted = true;
        assert_eq!(id.to_string(), text);
        assert!(text.starts_with(&id.short()));
    }
    if let Ok(digest) = text.parse::<Sha256>() {
        accepted = true;
        assert_eq!(digest.to_string(), text);
    }
    if let Ok(run) = RunId::new(text) {
        accepted = true;
        for part in layout::run_directory(&run).split('/') {
            assert!(
                !matches!(part, "" | "." | ".."),
                "a run id is one component"
            );
        }
    }
    if let Ok(task) = TaskId::new(text) {
        accepted = true;
        let path = Kind::Contract.of(&task).to_path();
        assert_eq!(LedgerPath::parse(&path), Some(Kind::Contract.of(task)));
    }
    if let Ok(name) = IdentityName::new(text) {
        accepted = true;
        assert!(name.as_str().is_ascii());
    }
    if let Ok(name) = RefName::new(text) {
        accepted = true;
        assert!(name.as_str().starts_with("refs/"));
        // git takes C1 controls in names; who shows one escapes it.
        super::is_harmless(&quote(name.as_str().as_bytes()));
        if let Some(tracking) = layout::tracking("origin", &name) {
            assert_ne!(tracking, name);
        }
    }
    accepted
}
