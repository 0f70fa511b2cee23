//! Paths: what the policy protects and restricts, what a contract allows.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use super::{protection, remedy};
use crate::facts::case::CommitCase;
use crate::policy::pattern::{BadPattern, PathSet};
use crate::record::contract::Contract;
use crate::record::tree::Change;
use crate::record::{Findings, IdentityName, RepoPath, Rule, Subject};

/// Refuses changes of protected artefacts that no override lets this commit make, and changes that a restriction keeps from the person.
pub fn policy_paths(case: &CommitCase<'_>, person: &IdentityName, findings: &mut Findings) {
    let policy = case.rules.policy();
    for change in case.changes {
        let subject = || case.subject().path(&change.path);
        if let Some(name) = policy.keeps_git_file(&change.path, person) {
            let plain = change.path.components().last() == Some(name.as_bytes());
            let remedy = match plain {
                true => remedy::leave_out_or_allow(case, &change.path, "git_files"),
                false => remedy::leave_out(case, &change.path),
            };
            findings.push(
                Rule::ProtectedArtefact
                    .finding(subject())
                    .found(format!("a file that git obeys, changed by {person}"))
                    .expected(format!("a writer whom git_files names for {name}"))
                    .remedy(remedy),
            );
        }
        if let Some(pattern) = policy.protects(&change.path) {
            protection::kept(case, change, pattern, person, findings);
        }
        if let Some(rule) = case.rules.restricts(person, &change.path) {
            findings.push(
                Rule::restriction(rule, subject())
                    .found(format!("changed by {person}"))
                    .expected(format!("a writer that the rule {rule} names"))
                    .remedy(remedy::leave_out(case, &change.path)),
            );
        }
    }
}

/// Refuses changes outside the contract's allowed paths or inside its forbidden ones. What follows from other changes need
/// not be allowed.
pub fn contract_scope(
    contract: &Contract,
    changes: &[Change],
    follows: impl Fn(&RepoPath) -> bool,
    subject: &Subject,
    findings: &mut Findings,
) {
    scope(contract, changes, follows, subject, findings);
}

/// Refuses changes inside the contract's forbidden paths.
pub fn untouched(
    contract: &Contract,
    changes: &[Change],
    subject: &Subject,
    findings: &mut Findings,
) {
    scope(contract, changes, |_| true, subject, findings);
}

fn scope(
    contract: &Contract,
    changes: &[Change],
    may_be_outside: impl Fn(&RepoPath) -> bool,
    subject: &Subject,
    findings: &mut Findings,
) {
    let sets = match Sets::of(contract) {
        Ok(sets) => sets,
        // Contracts are checked when made; one that does not compile allows nothing.
        Err(error) => {
            findings.push(
                Rule::ContractPatterns
                    .finding(subject.clone())
                    .found(error)
                    .expected("patterns in gitignore syntax")
                    .remedy(remedy::TASK_OF_ITS_OWN),
            );
            return;
        }
    };
    for change in changes {
        let deny = |rule: Rule, expected: String| {
            rule.finding(subject.clone().path(&change.path))
                .found(describe(change))
                .expected(expected)
                .remedy(format!(
                    "let the command leave it as it is; git awo task show {} lists what it may touch",
                    contract.id
                ))
        };
        if !sets.allowed.matches(&change.path) && !may_be_outside(&change.path) {
            findings.push(deny(
                Rule::AllowedPaths,
                format!("within {}", contract.allowed_paths.join(" ")),
            ));
        }
        if sets.forbidden.matches(&change.path) {
            let which = sets.forbidden.which(&change.path).unwrap_or_default();
            findings.push(deny(
                Rule::ForbiddenPaths,
                format!("nothing under {which} touched"),
            ));
        }
    }
}

/// The patterns of a contract, compiled.
struct Sets {
    allowed: PathSet,
    forbidden: PathSet,
}

/// Allowed and forbidden patterns.
type Patterns = (Vec<String>, Vec<String>);

thread_local! {
    /// What was compiled last: many contracts are about the same paths.
    static RECENT: RefCell<BTreeMap<Patterns, Rc<Sets>>> = const { RefCell::new(BTreeMap::new()) };
}

/// So many are kept.
const MOST_RECENT: usize = 32;

impl Sets {
    fn of(contract: &Contract) -> Result<Rc<Self>, BadPattern> {
        let (allowed_paths, forbidden_paths) = (&contract.allowed_paths, &contract.forbidden_paths);
        let patterns = (allowed_paths.clone(), forbidden_paths.clone());
        RECENT.with_borrow_mut(|recent| {
            if let Some(sets) = recent.get(&patterns) {
                return Ok(Rc::clone(sets));
            }
            let sets = Rc::new(Self {
                allowed: PathSet::exact(allowed_paths)?,
                forbidden: PathSet::broad(forbidden_paths)?,
            });
            if recent.len() >= MOST_RECENT {
                recent.clear();
            }
            recent.insert(patterns, Rc::clone(&sets));
            Ok(sets)
        })
    }
}

fn describe(change: &Change) -> &'static str {
    match (change.old, change.new) {
        (None, _) => "added",
        (_, None) => "deleted",
        _ => "changed",
    }
}
