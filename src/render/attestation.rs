//! An attestation as a plain text for people, with what it takes to check it by hand.

use crate::record::envelope::PAYLOAD_TYPE;
use crate::record::{IdentityName, Sha256};
use crate::records::{AttestationPredicate, IndependencePredicate, Kind, RunPredicate};
use crate::sys::shell::quote;

use super::one_line;

/// An attestation with what stands around it.
pub struct Attested<'a> {
    /// What it says.
    pub says: &'a AttestationPredicate,
    /// Its digest.
    pub digest: Sha256,
    /// The fingerprint of the key that signed it.
    pub key: &'a str,
    /// The run record.
    pub run: &'a RunPredicate,
    /// Who signed the run record.
    pub orchestrator: &'a IdentityName,
    /// The task approvals that the run spent, and by whom.
    pub gate_1: Vec<(Sha256, IdentityName)>,
    /// The decision that opened gate 1, and by whom.
    pub decision: Option<(Sha256, &'a IdentityName)>,
    /// The log of gate 2 that it binds.
    pub gate_2: Option<&'a IndependencePredicate>,
    /// The audit approvals that it binds, and by whom.
    pub gate_3: Vec<(Sha256, IdentityName)>,
    /// The SHA-256 of `run_manifest.json`, if the evidence has one.
    pub manifest: Option<Sha256>,
    /// The length of the payload in bytes.
    pub payload_length: usize,
    /// The name of its files without their endings.
    pub stem: &'a str,
    /// The `allowed_signers` to check with, seen from the directory of its files.
    pub signers: &'a str,
    /// The name of the signer there.
    pub principal: &'a str,
}

/// Returns the text. It depends on the records alone.
pub fn text(it: &Attested<'_>) -> String {
    let says = it.says;
    let namespace = Kind::Attestation.namespace();
    let approvals = |list: &[(Sha256, IdentityName)]| -> Vec<String> {
        list.iter()
            .map(|(digest, who)| format!("{digest} by {}", one_line(who.as_str())))
            .collect()
    };
    let none = || "none".to_owned();
    let mut lines: Vec<(&str, String)> = vec![
        ("Run", says.run.to_string()),
        ("Task", it.run.task.to_string()),
        (
            "Repository",
            format!("{} (first policy commit)", says.context.repository),
        ),
        ("Policy", says.context.policy.to_string()),
        ("Commit", says.commit.to_string()),
        ("Tree", says.tree.to_string()),
        ("Contract", says.contract.to_string()),
        ("Orchestrator", one_line(it.orchestrator.as_str())),
        ("Reviewer", one_line(says.reviewer.as_str())),
        ("Reviewer SHA-256", says.reviewer_sha256.to_string()),
    ];
    let decided = it.says.gate1.as_ref().zip(it.decision);
    let decided = decided.map(|(opened, (digest, who))| {
        let who = one_line(who.as_str());
        format!("{digest} by {who} (decision {})", opened.decision_id)
    });
    let gate_1 = decided.into_iter().chain(approvals(&it.gate_1));
    lines.extend(rows("Gate 1 (scope)", gate_1.collect()));
    let gate_2 = it.gate_2.map_or_else(none, |log| {
        format!("{} (log {})", log.status.word(), says.independence)
    });
    lines.push(("Gate 2 (machine)", gate_2));
    lines.extend(rows("Gate 3 (audit)", approvals(&it.gate_3)));
    let url = says
        .workflow_run_url
        .as_ref()
        .map(|it| one_line(it.as_str()));
    lines.extend([
        ("Workflow run", url.unwrap_or_else(none)),
        (
            "SHA256SUMS.txt",
            format!("{} (the root of the run)", says.root),
        ),
        (
            "run_manifest.json",
            it.manifest.map_or_else(none, |digest| digest.to_string()),
        ),
        ("Run record", says.run_record.to_string()),
        ("Attestation", it.digest.to_string()),
        ("Signed with", one_line(it.key)),
        ("Namespace", namespace.to_owned()),
    ]);
    let mut out = format!("AWO attestation of {}\n\n", says.run);
    for (name, value) in lines {
        out.push_str(&format!("{name:<18} {value}\n"));
    }
    out.push_str(&by_hand(it, namespace));
    out
}

fn rows(name: &'static str, values: Vec<String>) -> Vec<(&'static str, String)> {
    if values.is_empty() {
        return vec![(name, "none".to_owned())];
    }
    let names = std::iter::once(name).chain(std::iter::repeat(""));
    names.zip(values).collect()
}

fn by_hand(it: &Attested<'_>, namespace: &str) -> String {
    let Attested {
        stem,
        payload_length,
        ..
    } = it;
    let (signers, principal) = (quoted(it.signers), quoted(it.principal));
    let run = &it.says.run;
    let length = PAYLOAD_TYPE.len();
    format!(
        r#"
The evidence, from the directory of this file; the last line printed begins with the root:

cd ../../../runs/{run} && sha256sum --check --quiet SHA256SUMS.txt && sha256sum SHA256SUMS.txt

The signature, from the directory of this file, with OpenSSH:

t=$(mktemp -d) && {{ printf 'DSSEv1 {length} {PAYLOAD_TYPE} {payload_length} '; cat {stem}.json; }} > "$t/pae"
{{ echo '-----BEGIN SSH SIGNATURE-----'; sed 's/.*"sig":"//; s/".*//' {stem}.dsse.json | fold -w 70; echo; echo '-----END SSH SIGNATURE-----'; }} > "$t/sig"
ssh-keygen -Y verify -f {signers} -I {principal} -n {namespace} -s "$t/sig" < "$t/pae"
"#
    )
}

/// Returns a word as a shell takes it. A name in a policy may hold anything but a line end.
fn quoted(word: &str) -> String {
    quote(&one_line(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_approvals_stand_under_one_name() {
        let values = vec!["a".to_owned(), "b".to_owned()];
        let expected = vec![("Gate", "a".to_owned()), ("", "b".to_owned())];
        assert_eq!(rows("Gate", values), expected);
        assert_eq!(rows("Gate", Vec::new()), [("Gate", "none".to_owned())]);
    }
}
