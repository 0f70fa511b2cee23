//! A pre-work plans what its contract allows, on what its base really has.

use crate::facts::post_work::{Content, Standing};
use crate::facts::pre_work::PreWorkFacts;
use crate::facts::run::Lookup;
use crate::record::path::quote;
use crate::record::tree::{Change, Mode};
use crate::record::{Findings, RepoPath, Rule, Subject};
use crate::records::{PlannedChange, PlannedFile, Rails, Window};

use super::post_work::gates::{canonical, occurrences, rails_of};
use super::post_work::text::{is_binary, lines};
use super::scope::contract_scope;
use super::{absent, claim, execution, skeleton, work};

/// Judges a pre-work.
pub fn pre_work(facts: &PreWorkFacts<'_>, subject: &Subject) -> Findings {
    let mut findings = Findings::new();
    let says = facts.record.predicate();
    let again = format!("git awo packet pre-work {} --plan FILE", says.task);
    let contract = match &facts.contract {
        Lookup::Valid(contract) => contract,
        Lookup::Invalid(finding) => {
            findings.push(finding.clone());
            return findings;
        }
        Lookup::Missing => {
            findings.push(absent::contract(&says.task));
            return findings;
        }
    };
    let mut refuse = |rule: Rule, found: String, expected: String| {
        let finding = rule.finding(subject.clone()).found(found);
        findings.push(finding.expected(expected).remedy(&again));
    };
    if says.contract != contract.digest() {
        let found = format!("the pre-work binds {}", says.contract);
        refuse(Rule::BindsContract, found, contract.digest().to_string());
    }
    let it = &contract.predicate().contract;
    if !it.post_work {
        let found = "a plan for a contract that asks for none".to_owned();
        let expected = "a contract with post_work = true".to_owned();
        refuse(Rule::PreWorkPlan, found, expected);
    }
    if !facts.in_history {
        let found = format!("{} is not in the history of {}", says.base, it.target_ref);
        let expected = format!("a commit that {} has", it.target_ref);
        refuse(Rule::ContractBase, found, expected);
    } else if let Some(base) = it.base.filter(|base| *base != says.base) {
        let found = format!("a plan on {}", says.base);
        refuse(
            Rule::ContractBase,
            found,
            format!("{base}, the base of the contract"),
        );
    }
    if says.files.is_empty() {
        let (found, expected) = ("no file", "at least one");
        refuse(Rule::PreWorkPlan, found.to_owned(), expected.to_owned());
    }
    let pairs = says.files.iter().zip(says.files.iter().skip(1));
    for (before, after) in pairs {
        if before.repo_path() >= after.repo_path() {
            let found = match before.path == after.path {
                true => format!("{} twice", after.repo_path()),
                false => format!("{} after {}", after.repo_path(), before.repo_path()),
            };
            refuse(
                Rule::PreWorkPlan,
                found,
                "each path once, sorted".to_owned(),
            );
        }
    }
    for (at, file) in says.files.iter().enumerate() {
        let subject = subject.clone().path(&file.repo_path());
        let mut refuse = |rule: Rule, found: String, expected: String| {
            let finding = rule.finding(subject.clone()).found(found);
            findings.push(finding.expected(expected).remedy(&again));
        };
        if let Err(why) = canonical(&file.repo_path()) {
            let expected = "the one form of a path".to_owned();
            refuse(Rule::PreWorkPlan, why, expected);
            continue;
        }
        if facts.in_history {
            let there = facts.there.get(at).and_then(Option::as_ref);
            planned(file, there, &mut refuse);
        }
    }
    let changes: Vec<_> = says.files.iter().map(change).collect();
    let policy = facts.judged_by.0;
    let follows = |path: &RepoPath| policy.is_index_page(path);
    contract_scope(it, &changes, follows, subject, &mut findings);
    prerequisites(facts, subject, &mut findings);
    findings
}

/// What must stand before anything is planned, besides the contract: the admission, what the packet rests on,
/// the claim. What else a plan rests on is asked here and nowhere else.
fn prerequisites(facts: &PreWorkFacts<'_>, subject: &Subject, findings: &mut Findings) {
    let Some(contract) = facts.contract.valid() else {
        return;
    };
    let (says, digest) = (&contract.predicate().contract, contract.digest());
    let (policy, time) = facts.judged_by;
    if let Some(admission) = &facts.admission {
        findings.extend(execution::admitted(says, admission, subject));
    }
    if let Some(packet) = &facts.work {
        work::ready(says, packet, subject, findings);
    }
    if says.skeleton {
        let mut refused = Findings::new();
        let mut all = facts.skeletons.iter();
        if !all.any(|it| skeleton::approved(digest, it, policy, subject, &mut refused).is_some()) {
            findings.push(skeleton::missing(&says.id, subject));
        }
    }
    let who = (&says.id, facts.record.signer());
    findings.extend(claim::holds(policy, &facts.live, who, time, subject));
}

/// Returns the change of a file as far as the scope of a contract matters.
fn change(file: &PlannedFile) -> Change {
    let some = file.pre_blob.map(|id| (Mode::File, id));
    Change {
        path: file.repo_path(),
        old: some,
        new: some.filter(|_| file.change != PlannedChange::Delete),
    }
}

type Refuse<'a> = &'a mut dyn FnMut(Rule, String, String);

/// Judges the plan of one file by what the base has there.
fn planned(file: &PlannedFile, there: Option<&Standing>, refuse: Refuse<'_>) {
    let plan = Rule::PreWorkPlan;
    let Some(there) = there else {
        if file.change != PlannedChange::Add {
            refuse(
                Rule::BindingStale,
                format!("{} of a file that the base does not have", file.change),
                "a file of the base, or new = true".to_owned(),
            );
            return;
        }
        let has_none = file.anchors.is_empty()
            && (file.window, &file.rails, file.pre_blob, file.pre_sha1)
                == (None, &None, None, None);
        if !has_none {
            let found = "window, anchors or content of a file that is new".to_owned();
            refuse(plan, found, "a path and the number of lines".to_owned());
        }
        if file.delta < 0 {
            let found = format!("{:+} lines", file.delta);
            refuse(
                plan,
                found,
                "the number of lines of the new file".to_owned(),
            );
        }
        return;
    };
    if file.change == PlannedChange::Add {
        let found = "a new file, and the base has something there".to_owned();
        refuse(Rule::BindingStale, found, "nothing there".to_owned());
        return;
    }
    let bytes = match &there.content {
        Content::Bytes(bytes) => bytes,
        Content::None => {
            refuse(plan, "no file".to_owned(), "a file".to_owned());
            return;
        }
        Content::TooLarge(size) => {
            let found = format!("{size} bytes, more than are looked at");
            refuse(plan, found, "a smaller file".to_owned());
            return;
        }
    };
    if file.pre_sha1 != there.sha1 || file.pre_sha1.is_none() || file.pre_blob != Some(there.id) {
        let blob = file
            .pre_blob
            .map_or("nothing".to_owned(), |it| it.to_string());
        let found = format!("the plan begins with {blob}");
        refuse(
            Rule::BindingStale,
            found,
            format!("{}, as the base has it", there.id),
        );
    }
    for anchor in &file.anchors {
        let word = match occurrences(bytes, anchor.as_bytes()) {
            1 => continue,
            0 => "nowhere",
            _ => "more than once",
        };
        let found = format!("{} stands there {word}", quote(anchor.as_bytes()));
        refuse(plan, found, "an anchor that occurs once".to_owned());
    }
    let has_lines = there.mode != Mode::Symlink && !is_binary(bytes);
    let lines = if has_lines { lines(bytes) } else { Vec::new() };
    if file.change == PlannedChange::Delete {
        let all = i64::try_from(lines.len())
            .unwrap_or(i64::MAX)
            .saturating_neg();
        if file.delta != all {
            let found = format!("{:+} lines", file.delta);
            refuse(plan, found, format!("{all:+}, the whole file"));
        }
        if file.window.is_some() || file.rails.is_some() {
            let found = "a window of a file that goes away".to_owned();
            refuse(plan, found, "none".to_owned());
        }
        return;
    }
    let expected = match has_lines {
        true => format!(
            "first and last line, from 0 to {}, of which each stays as it is",
            lines.len().saturating_add(1)
        ),
        false => "no window of a content without lines".to_owned(),
    };
    match file.window {
        Some(window) if has_lines => match rails_of(window, &lines) {
            None => refuse(plan, format!("the window {window}"), expected),
            Some(rails) if too_long(&rails) => {
                let found =
                    format!("the window {window}, with a line of more than {LONGEST} bytes");
                refuse(plan, found, "another window".to_owned());
            }
            Some(rails) if file.rails.as_ref() != Some(&rails) => {
                let found = "rails that are not the lines of the base".to_owned();
                refuse(
                    Rule::BindingStale,
                    found,
                    "the rails of the base".to_owned(),
                );
            }
            Some(_) => {}
        },
        None if !has_lines && file.rails.is_none() => {}
        Some(window) => refuse(plan, format!("the window {window}"), expected),
        None => refuse(plan, "no window".to_owned(), expected),
    }
}

/// The longest rail, in bytes as it is quoted.
const LONGEST: usize = 4_000;

fn too_long(rails: &Rails) -> bool {
    let mut both = rails.first.iter().chain(&rails.last);
    both.any(|it| it.len() > LONGEST)
}

/// Returns the rails of a window as the base has them, if it is one.
pub fn rails(window: Window, there: &Standing) -> Option<Rails> {
    match &there.content {
        Content::Bytes(bytes) => rails_of(window, &lines(bytes)),
        _ => None,
    }
}

/// Returns how many lines something has that stands in a base; nothing where it has none.
pub fn count_of_lines(there: &Standing) -> Option<u64> {
    match &there.content {
        Content::Bytes(bytes) if there.mode != Mode::Symlink && !is_binary(bytes) => {
            Some(lines(bytes).len() as u64)
        }
        _ => None,
    }
}
