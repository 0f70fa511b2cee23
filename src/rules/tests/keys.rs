//! From an envelope to a statement that counts: every check of a key and of a signature alone.

use super::story::*;
use crate::policy::{Keyring, Policy};
use crate::record::envelope::{Envelope, EnvelopeSignature};
use crate::record::{Coded, Finding, Subject, Timestamp};
use crate::records::{
    Kind, OutcomePredicate, PolicyPredicate, Predicate, SelfApprovalPredicate, Statement, Verdict,
};
use crate::signing::{Signature, Signer};

fn says() -> OutcomePredicate {
    outcome(&told(&[]), Verdict::Accepted)
}

fn judged<P: Predicate>(envelope: &Envelope, policy: &Policy) -> String {
    match Keyring::verify::<P>(envelope, &position(policy)) {
        Ok(_) => "holds".to_owned(),
        Err(error) => {
            let finding = error.to_finding(Subject::of_record(envelope.digest()));
            let record = finding.subject.record.clone();
            let digest = envelope.digest().to_string();
            assert_eq!(record, Some(digest), "the finding names the record");
            code(&finding)
        }
    }
}

fn code(finding: &Finding) -> String {
    format!("{} {}", finding.code.as_str(), finding.rule)
}

fn outcome_found(edit: fn(&mut OutcomePredicate), by: &str) -> String {
    let mut says = says();
    edit(&mut says);
    judged::<OutcomePredicate>(&sealed(says, by), &policy(&document()))
}

#[test]
fn a_statement_is_by_whom_it_claims_in_a_role_they_hold() {
    for (what, edit, by, expected) in [
        (
            "in order",
            (|_| {}) as fn(&mut OutcomePredicate),
            "olga",
            "holds",
        ),
        ("by another", |_| {}, "anna", "ATT-001 signer-is-claimed"),
        ("by a stranger", |_| {}, "stranger", "ATT-004 key-known"),
        (
            "another repository",
            |it| it.context.repository = id(2),
            "olga",
            "ATT-002 binds-repository",
        ),
        (
            "another policy",
            |it| it.context.policy = id(2),
            "olga",
            "ATT-002 binds-policy",
        ),
        (
            "a role that may not",
            |it| it.context = context("rita", "reviewer"),
            "rita",
            "ATT-001 role-held",
        ),
        (
            "a role not held",
            |it| it.context = context("rita", "operator"),
            "rita",
            "ATT-001 role-held",
        ),
        (
            "no role",
            |it| it.context.role = "king".to_owned(),
            "olga",
            "ATT-001 role-held",
        ),
    ] {
        assert_eq!(outcome_found(edit, by), expected, "{what}");
    }
}

#[test]
fn an_override_is_by_those_whom_the_policy_names_for_it() {
    for (by, expected) in [("olga", "holds"), ("anna", "ATT-001 role-held")] {
        let outcome = says();
        let says = SelfApprovalPredicate {
            allow_self_approval: "1".to_owned(),
            commit: outcome.commit,
            context: context(by, "operator"),
            reason: "so".to_owned(),
            root: outcome.root,
            run: outcome.run,
        };
        let found = judged::<SelfApprovalPredicate>(&sealed(says, by), &policy(&document()));
        assert_eq!(found, expected, "{by}");
    }
    let policy = policy(&document());
    assert!(policy.may_override(&name("olga")) && !policy.may_override(&name("anna")));
}

#[test]
fn a_record_has_one_signature_over_its_own_bytes() {
    let policy = policy(&document());
    let good = sealed(says(), "olga");
    let with = |signatures: Vec<EnvelopeSignature>| {
        judged::<OutcomePredicate>(&Envelope::new(good.payload().to_vec(), signatures), &policy)
    };
    let over = |message: &[u8]| vec![signature("olga", Kind::Outcome.namespace(), message)];
    let own = good.signatures().to_vec();
    assert_eq!(with(own.clone()), "holds");
    assert_eq!(with(vec![]), "ATT-003 one-signature");
    let second = sealed(says(), "anna").signatures().to_vec();
    assert_eq!(
        with([own.clone(), second].concat()),
        "ATT-003 one-signature"
    );
    assert_eq!(with(over(b"other")), "ATT-003 signature-good");
    let line = [good.payload(), b"\n"].concat();
    let line = Envelope::new(line, vec![]);
    assert_eq!(with(over(&line.pae())), "ATT-002 binds-bytes");
    let mut named = own.clone();
    named[0].keyid = key("anna").public_key().fingerprint().to_owned();
    assert_eq!(with(named), "ATT-003 signature-form");
    let mut broken = own;
    broken[0].sig.truncate(40);
    assert_eq!(with(broken), "ATT-003 signature-form");
    // The kind of the key stands in the signature: one that no policy can allow, and one cut short.
    let mut other = good.signatures().to_vec();
    let at = |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).position(|it| it == part);
    let kind = at(&other[0].sig, b"ssh-ed25519").unwrap();
    other[0].sig[kind + 10] = b'8';
    assert_eq!(with(other.clone()), "ATT-004 key-accepted");
    other[0].sig[kind + 10] = b'9';
    other[0].sig[kind + 14] -= 1;
    assert_eq!(with(other), "ATT-003 signature-form");
    let elsewhere = vec![signature("olga", Kind::Run.namespace(), &good.pae())];
    assert_eq!(with(elsewhere), "ATT-003 signature-good");
}

#[test]
fn a_payload_is_a_canonical_statement_of_its_kind() {
    let policy = policy(&document());
    let payload = Statement::new(says()).to_payload();
    let found = |payload: Vec<u8>| {
        let bare = Envelope::new(payload.clone(), vec![]);
        let signatures = vec![signature("olga", Kind::Outcome.namespace(), &bare.pae())];
        judged::<OutcomePredicate>(&Envelope::new(payload, signatures), &policy)
    };
    assert_eq!(found(payload.clone()), "holds");
    let spaced = [b" ".to_vec(), payload.clone()].concat();
    assert_eq!(found(spaced), "INT-004 record-canonical");
    let text = String::from_utf8(payload).unwrap();
    let deep = text.replacen("\"so\"", &("[".repeat(200) + &"]".repeat(200)), 1);
    assert_eq!(found(deep.into_bytes()), "INT-006 record-limit");
    let kind = text.replace(
        Kind::Outcome.predicate_type(),
        Kind::SelfApproval.predicate_type(),
    );
    assert_eq!(found(kind.into_bytes()), "ATT-003 statement-type");
    let subject = text.replacen("run_one", "run_two", 1);
    assert_eq!(found(subject.into_bytes()), "INT-004 record-canonical");
}

/// Checks olga's signature of commits, with this line of `allowed_signers` for her.
fn checked(options: &str, at: Option<&str>, namespace: &str) -> String {
    let more = format!("olga {}", key("olga").public_key().to_line());
    let text = signers().replace(
        &more,
        &format!(
            "{more}\nanna {options} {}",
            key("stranger").public_key().to_line()
        ),
    );
    let policy = Policy::parse(document().as_bytes(), text.as_bytes()).unwrap();
    let raw = signature("stranger", namespace, b"message");
    let raw = Signature::from_blob(&raw.sig).unwrap();
    let at: Option<Timestamp> = at.map(time);
    let keyring = policy.keyring();
    match keyring.check(&raw, namespace, b"message", at) {
        Ok(signer) => {
            assert_eq!(signer.person, name("anna"));
            assert_eq!(signer.key, key("stranger").public_key().fingerprint());
            "holds".to_owned()
        }
        Err(error) => {
            let finding = error.to_finding(Subject::none());
            format!("{} {}", code(&finding), finding.found)
        }
    }
}

#[test]
fn a_key_signs_in_its_namespaces_and_in_its_time() {
    let day = Some("2026-01-10T00:00:00Z");
    assert_eq!(checked("", day, "git"), "holds");
    assert_eq!(checked("namespaces=\"git\"", day, "git"), "holds");
    let narrow = checked("namespaces=\"file\"", day, "git");
    assert!(narrow.starts_with("ATT-004 key-known"), "{narrow}");
    assert!(narrow.ends_with("may not sign git"), "{narrow}");
    let late = "valid-after=\"20260111Z\"";
    let found = checked(late, day, "git");
    assert!(found.contains("is not valid at"), "{found}");
    assert_eq!(
        checked(late, None, "git"),
        "holds",
        "its window was looked at"
    );
    assert_eq!(checked("valid-before=\"20260110Z\"", day, "git"), "holds");
    let before = checked("valid-before=\"20260109Z\"", day, "git");
    assert!(before.contains("is not valid at"), "{before}");
}

#[test]
fn the_keyring_knows_whose_key_is_whose() {
    let policy = policy(&document());
    let keyring = policy.keyring();
    let person = |who: &str| keyring.person_of(key(who).public_key()).cloned();
    assert_eq!(person("olga"), Some(name("olga")));
    assert_eq!(person("stranger"), None);
    assert!(keyring.has_key_of(&name("olga")) && !keyring.has_key_of(&name("stranger")));
    assert!(keyring.may_sign(&name("olga"), "git") && !keyring.may_sign(&name("stranger"), "git"));
    let entries = keyring.entries();
    assert_eq!(entries.len(), 6);
    let anna = (
        name("anna"),
        key("anna").public_key().fingerprint().to_owned(),
    );
    assert_eq!(entries.first(), Some(&anna));
    let verified = verified(&policy, says());
    assert_eq!(verified.key(), key("olga").public_key().fingerprint());
    assert_eq!(verified.signer(), &name("olga"));
}

#[test]
fn a_touch_that_is_demanded_is_looked_for_in_the_signature() {
    let text = document().replace("[gates]\n", "[gates]\nrequire_touch = [\"outcome\"]\n");
    let found = judged::<OutcomePredicate>(&sealed(says(), "olga"), &policy(&text));
    assert_eq!(found, "ATT-004 key-touched");
}

#[test]
fn a_policy_is_signed_by_roots_alone() {
    let policy = policy(&document());
    let says = PolicyPredicate {
        allowed_signers: sha(1),
        policy: sha(2),
        predecessor: Some(id(1)),
        repository: Some(id(1)),
        version: 2,
    };
    let payload = Statement::new(says).to_payload();
    let bare = Envelope::new(payload.clone(), vec![]);
    let found = |by: &[&str]| {
        let sign = |who: &&str| signature(who, Kind::Policy.namespace(), &bare.pae());
        let envelope = Envelope::new(payload.clone(), by.iter().map(sign).collect());
        match Keyring::verify_policy(&envelope, &policy, time("2026-01-10T00:00:00Z")) {
            Ok((says, signers)) => format!("version {} by {}", says.version, signers.len()),
            Err(error) => code(&error.to_finding(Subject::none())),
        }
    };
    assert_eq!(found(&["olga"]), "version 2 by 1");
    assert_eq!(found(&[]), "ATT-003 one-signature");
    assert_eq!(found(&["anna"]), "GOV-006 policy-roots");
    assert_eq!(found(&["olga", "anna"]), "GOV-006 policy-roots");
    assert_eq!(found(&["stranger"]), "ATT-004 key-known");
}

#[test]
fn a_draft_signs_nothing_not_even_where_no_role_is_asked_for() {
    let text = |roles: &str| {
        let text = document().replace(
            "name = \"vera\"\nroles = [\"reviewer\"]",
            &format!("name = \"vera\"\nroles = [{roles}]"),
        );
        let names = "self_approval_override = [\"olga\"";
        text.replace(names, &format!("{names}, \"vera\""))
    };
    let story = told(&[]);
    let run = story.facts.run.valid().unwrap().predicate();
    let says = |role: &str| SelfApprovalPredicate {
        allow_self_approval: "1".to_owned(),
        commit: run.commit,
        context: context("vera", role),
        reason: "so".to_owned(),
        root: run.root,
        run: run.run.clone(),
    };
    for (roles, role, expected) in [
        ("\"reviewer\"", "reviewer", "holds"),
        ("", "override", "holds"),
        ("\"draft\"", "override", "ATT-001 role-held"),
        ("\"draft\"", "draft", "ATT-001 role-held"),
    ] {
        let policy = policy(&text(roles));
        let envelope = sealed(says(role), "vera");
        let found = judged::<SelfApprovalPredicate>(&envelope, &policy);
        assert_eq!(found, expected, "{roles} as {role}");
    }
    // Where a role is asked for, draft is none of them.
    let mut says = self::says();
    for (roles, role) in [("\"draft\"", "draft"), ("\"draft\"", "operator")] {
        says.context = context("vera", role);
        let policy = policy(&text(roles));
        let found = judged::<OutcomePredicate>(&sealed(says.clone(), "vera"), &policy);
        assert_eq!(found, "ATT-001 role-held", "as {role}");
    }
}
