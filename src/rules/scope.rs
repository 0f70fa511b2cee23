//! Paths: what the policy protects and restricts, what a contract allows.

use crate::facts::case::CommitCase;
use crate::policy::pattern::PathSet;
use crate::record::contract::Contract;
use crate::record::tree::Change;
use crate::record::{Findings, IdentityName, Rule, Subject};

/// Refuses changes of protected artefacts, and changes that a restriction keeps from the person.
pub fn policy_paths(case: &CommitCase<'_>, person: &IdentityName, findings: &mut Findings) {
    for change in case.changes {
        let subject = || case.subject().path(&change.path);
        if let Some(pattern) = case.rules.policy().protects(&change.path) {
            findings.push(
                Rule::ProtectedArtefact
                    .finding(subject())
                    .found("a change of a protected artefact")
                    .expected(format!("nothing under {pattern} touched"))
                    .remedy("git restore --source=HEAD^ -- the path, then git commit --amend"),
            );
        }
        if let Some(rule) = case.rules.restricts(person, &change.path) {
            findings.push(
                Rule::restriction(rule, subject())
                    .found(format!("changed by {person}"))
                    .expected(format!("a writer that the rule {rule} names"))
                    .remedy("git awo policy show"),
            );
        }
    }
}

/// Refuses changes outside the contract's allowed paths or inside its forbidden ones.
pub fn contract_scope(
    contract: &Contract,
    changes: &[Change],
    subject: &Subject,
    findings: &mut Findings,
) {
    let sets = PathSet::exact(&contract.allowed_paths)
        .and_then(|allowed| Ok((allowed, PathSet::broad(&contract.forbidden_paths)?)));
    let (allowed, forbidden) = match sets {
        Ok(sets) => sets,
        // Contracts are checked when made; one that does not compile allows nothing.
        Err(error) => {
            findings.push(
                Rule::ContractPatterns
                    .finding(subject.clone())
                    .found(error)
                    .expected("patterns in gitignore syntax")
                    .remedy(format!("git awo task show {}", contract.id)),
            );
            return;
        }
    };
    for change in changes {
        let deny = |rule: Rule, expected: String| {
            rule.finding(subject.clone().path(&change.path))
                .found(describe(change))
                .expected(expected)
                .remedy(format!("git awo task show {}", contract.id))
        };
        if !allowed.matches(&change.path) {
            findings.push(deny(
                Rule::AllowedPaths,
                format!("within {}", contract.allowed_paths.join(" ")),
            ));
        }
        if forbidden.matches(&change.path) {
            let which = forbidden.which(&change.path).unwrap_or_default();
            findings.push(deny(
                Rule::ForbiddenPaths,
                format!("nothing under {which} touched"),
            ));
        }
    }
}

fn describe(change: &Change) -> &'static str {
    match (change.old, change.new) {
        (None, _) => "added",
        (_, None) => "deleted",
        _ => "changed",
    }
}
