//! Work packets: what one version carries on from the one before, and what must have been decided before it
//! is approved and executed.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use crate::facts::groundwork::{Before, Pinned, WorkFacts};
use crate::facts::opening::Opening;
use crate::facts::work::refinement_of;
use crate::record::ceiling::{Autonomy, Deed, Figure};
use crate::record::contract::{CeilingTerms, Contract};
use crate::record::path::quote;
use crate::record::{DecisionId, Findings, Gate, Rule, Subject};
use crate::records::Target;

use super::opening::{self, Opens};

/// What helps where a contract itself would have to change.
const NEW_VERSION: &str = "import the packet as a new version: git awo task import FILE";

/// Decisions on a work packet that count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ready {
    /// The one that signed the refinement.
    pub refinement: Option<DecisionId>,
    /// The one that permitted what the version changes.
    pub scope_change: Option<DecisionId>,
}

/// Judges a version of a packet that arrives: it names the one before, and drops none of its criteria in
/// silence.
pub fn version(contract: &Contract, before: &Before, subject: &Subject, findings: &mut Findings) {
    let mut refuse = |rule: Rule, found: String, expected: String, remedy: &str| {
        let finding = rule.finding(subject.clone()).found(found);
        findings.push(finding.expected(expected).remedy(remedy));
    };
    match before {
        Before::None | Before::External(_) => {}
        Before::Unnamed(there) => {
            let (found, expected) = match there {
                Some(id) => (
                    format!("a version that does not name the contract {id}"),
                    format!("{id} as its predecessor, by the digest of its contract"),
                ),
                None => (
                    "a version without its predecessor".to_owned(),
                    "the contract of the version before, or a packet outside of the ledger"
                        .to_owned(),
                ),
            };
            let remedy = "git awo task import FILE --predecessor FILE";
            refuse(Rule::LineagePredecessor, found, expected, remedy);
        }
        Before::Skipped(last) => {
            let found = format!("a version that skips those after {last}");
            let expected = "the contract of the version before in the ledger".to_owned();
            let next = last.later().map_or("later".to_owned(), |it| it.to_string());
            let remedy = format!("import the versions between first, or number this one {next}");
            refuse(Rule::LineagePredecessor, found, expected, &remedy);
        }
        Before::Contract(before) => {
            let explained = explained(before, contract);
            for criterion in dropped(before, contract) {
                if !explained.contains(criterion) {
                    let found = format!("neither kept nor dropped: {}", shown(criterion));
                    let expected =
                        "word for word among the criteria, or under changed or dropped with a reason"
                            .to_owned();
                    let remedy = "mend the packet and import it again";
                    refuse(Rule::LineageComplete, found, expected, remedy);
                }
            }
        }
    }
}

/// Judges what must have been decided before a packet is approved or executed, and returns what was.
pub fn ready(
    contract: &Contract,
    facts: &WorkFacts,
    subject: &Subject,
    findings: &mut Findings,
) -> Ready {
    let task = &contract.id;
    if let Some(later) = &facts.superseded_by {
        findings.push(
            Rule::VersionSuperseded
                .finding(subject.clone())
                .found(format!("{later} follows {task}"))
                .expected("the last version of the packet")
                .remedy(format!("git awo approve {later}")),
        );
    }
    let delegation = contract
        .packet
        .as_ref()
        .and_then(|it| it.delegation.as_ref());
    if delegation.is_some_and(|it| it.allowed) && !facts.may_delegate {
        let tier = contract.risk_tier.as_deref().unwrap_or_default();
        findings.push(
            Rule::DelegationTier
                .finding(subject.clone())
                .found(format!(
                    "a contract that allows delegation, of the risk tier {}",
                    quote(tier.as_bytes())
                ))
                .expected("a contract that does not, or a risk tier to which the policy permits it")
                .remedy(NEW_VERSION),
        );
    }
    match &facts.before {
        Before::External(None) => findings.push(
            Rule::LineagePredecessor
                .finding(subject.clone())
                .found("a predecessor outside of the ledger without its SHA-256")
                .expected("its path, its SHA-256 and the word external")
                .remedy(NEW_VERSION),
        ),
        // Imported before versions were compared.
        before @ (Before::Unnamed(_) | Before::Skipped(_)) => {
            version(contract, before, subject, findings)
        }
        Before::None | Before::External(Some(_)) | Before::Contract(_) => {}
    }
    if let Some(file) = &facts.spec_target {
        pinned(file, "specification", subject, findings);
    }
    Ready {
        refinement: refinement(contract, facts, subject, findings),
        scope_change: scope_change(contract, facts, subject, findings),
    }
}

/// A file that the packet names is as it was when the packet was imported.
fn pinned(file: &Pinned, what: &str, subject: &Subject, findings: &mut Findings) {
    let path = quote(file.path.as_bytes());
    let mut refuse = |rule: Rule, found: String, expected: String| {
        let finding = rule.finding(subject.clone()).found(found);
        findings.push(finding.expected(expected).remedy(NEW_VERSION));
    };
    let Some(blob) = file.blob else {
        let found = format!("a contract without the blob of {path}, its {what}");
        let expected = format!("a {what} that the branch had when the packet was imported");
        return refuse(Rule::PacketFiles, found, expected);
    };
    for (commit, found) in &file.others {
        let found = found.map(|it| it.to_string());
        let found = found.as_deref().unwrap_or("not there");
        let found = format!("{path}, the {what}, is {found} in {commit}");
        let expected = format!("{blob}, as when the packet was imported");
        refuse(Rule::BindingStale, found, expected);
    }
}

/// The refinement is signed as it stands at the base.
fn refinement(
    contract: &Contract,
    facts: &WorkFacts,
    subject: &Subject,
    findings: &mut Findings,
) -> Option<DecisionId> {
    let file = facts.refinement.as_ref()?;
    pinned(file, "refinement", subject, findings);
    let blob = file.blob?;
    let task = &contract.id;
    let path = quote(file.path.as_bytes());
    let on = refinement_of(task);
    let gate = Gate::RefinementSign;
    let again =
        format!("git awo decide {gate} {on} approve --file REVISION:{path} --rationale CODE");
    if facts.signed.is_empty() {
        let finding = Rule::RefinementSigned.finding(subject.clone());
        let finding = finding.found(format!("no decision {gate} on {path} as it is ({blob})"));
        findings.push(
            finding
                .expected(format!("an approval of {on}"))
                .remedy(again),
        );
        return None;
    }
    let opens = Opens {
        gate,
        on,
        what: "the refinement",
        target: Target::Object(blob),
        base: None,
        again,
    };
    counts(&facts.signed, &opens, subject, findings)
}

/// What a version asks for beyond the one before was permitted.
fn scope_change(
    contract: &Contract,
    facts: &WorkFacts,
    subject: &Subject,
    findings: &mut Findings,
) -> Option<DecisionId> {
    let Before::Contract(before) = &facts.before else {
        return None;
    };
    let more = more(before, contract);
    if more.is_empty() {
        return None;
    }
    let task = &contract.id;
    let (gate, on) = (Gate::ScopeChange, format!("task/{task}"));
    let again = format!("git awo decide {gate} {on} approve --rationale CODE");
    if facts.scope_changes.is_empty() {
        findings.push(
            Rule::ScopeChanged
                .finding(subject.clone())
                .found(format!("against {}: {}", before.id, more.join("; ")))
                .expected(format!("a decision {gate} on {on}"))
                .remedy(again),
        );
        return None;
    }
    let opens = Opens {
        gate,
        on,
        what: "the contract",
        target: Target::Record(facts.digest),
        base: None,
        again,
    };
    counts(&facts.scope_changes, &opens, subject, findings)
}

/// Returns the decision that counts; if none does, the findings say why of the last.
pub(super) fn counts(
    openings: &[Opening],
    opens: &Opens<'_>,
    subject: &Subject,
    findings: &mut Findings,
) -> Option<DecisionId> {
    let mut last = Findings::new();
    for opening in openings {
        let mut own = Findings::new();
        opening::used(opening, opens, subject, &mut own);
        if own.is_empty() {
            return Some(opening.decision.predicate().id().clone());
        }
        last = own;
    }
    findings.extend(last);
    None
}

/// Returns the criteria of the version before that a version does not have word for word.
fn dropped<'a>(before: &'a Contract, now: &Contract) -> Vec<&'a str> {
    let kept: BTreeSet<_> = now.success_criteria.iter().collect();
    let criteria = before.success_criteria.iter();
    let gone = criteria.filter(|it| !kept.contains(it));
    gone.map(String::as_str).collect()
}

/// Returns the criteria of the version before of which a version says why it changes or drops them: an entry begins
/// with the criterion, in quotation marks or not, and goes on with `:`, `->`, `-` or `—` and a reason. It counts for
/// the longest criterion with which it begins: else one entry on `Fast: under 1 s.` would drop `Fast` as well.
fn explained<'a>(before: &'a Contract, now: &Contract) -> BTreeSet<&'a str> {
    let Some(packet) = &now.packet else {
        return BTreeSet::new();
    };
    let criteria = || before.success_criteria.iter().map(String::as_str);
    let mut spelled: BTreeMap<String, &str> =
        criteria().map(|it| (format!("\"{it}\""), it)).collect();
    spelled.extend(criteria().map(|it| (it.to_owned(), it)));
    let lineage = &packet.lineage;
    let entries = lineage.changed.iter().chain(&lineage.dropped);
    let explained = entries.filter_map(|entry| {
        let (criterion, rest) = begins_with(entry, &spelled)?;
        let rest = rest.trim_start();
        let reason = [":", "->", "—", "-"]
            .iter()
            .find_map(|it| rest.strip_prefix(it))?;
        reason
            .chars()
            .any(char::is_alphanumeric)
            .then_some(criterion)
    });
    explained.collect()
}

/// Returns what the longest of these keys stands for with which a text begins, and what follows it.
fn begins_with<'a, 'e>(
    entry: &'e str,
    spelled: &BTreeMap<String, &'a str>,
) -> Option<(&'a str, &'e str)> {
    let mut text = entry;
    loop {
        // Every key with which the text begins sorts before it, and the longest of them last; any other key there
        // shortens the text to what the two have in common.
        let (key, criterion) = spelled
            .range::<str, _>((Bound::Unbounded, Bound::Included(text)))
            .next_back()?;
        if text.starts_with(key.as_str()) {
            return Some((criterion, entry.strip_prefix(key.as_str())?));
        }
        let same = text.char_indices().zip(key.chars());
        let (at, _) = same.clone().find(|((_, a), b)| a != b).map(|(it, _)| it)?;
        text = text.get(..at)?;
    }
}

/// Returns what a version asks for, or leaves out, beyond the one before.
fn more(before: &Contract, now: &Contract) -> Vec<String> {
    let mut more = Vec::new();
    let listed = |list: &[String]| list.iter().cloned().collect::<BTreeSet<String>>();
    let mut without = |what: &str, from: BTreeSet<String>, of: BTreeSet<String>| {
        let gone: Vec<_> = of.difference(&from).map(|it| shown(it)).collect();
        if !gone.is_empty() {
            more.push(format!("{what} {}", gone.join(", ")));
        }
    };
    let actions = |it: &Contract| {
        it.forbidden_actions
            .iter()
            .map(ToString::to_string)
            .collect()
    };
    without(
        "allows",
        listed(&before.allowed_paths),
        listed(&now.allowed_paths),
    );
    without(
        "no longer forbids",
        listed(&now.forbidden_paths),
        listed(&before.forbidden_paths),
    );
    without("no longer forbids", actions(now), actions(before));
    without(
        "drops",
        listed(&now.success_criteria),
        listed(&before.success_criteria),
    );
    without(
        "reads in its cell",
        listed(&before.cell.read),
        listed(&now.cell.read),
    );
    without(
        "no longer asks for",
        listed(&now.evidence),
        listed(&before.evidence),
    );
    more.extend(looser(&before.ceiling, &now.ceiling));
    let base = |it: &Contract| it.base.map_or("none".to_owned(), |it| it.to_string());
    let tier = |it: &Contract| it.risk_tier.clone().unwrap_or_else(|| "none".to_owned());
    let changed = [
        ("base", base(before), base(now)),
        (
            "branch",
            before.target_ref.to_string(),
            now.target_ref.to_string(),
        ),
        ("risk tier", tier(before), tier(now)),
        (
            "limits of the cell",
            before.cell.limits.to_string(),
            now.cell.limits.to_string(),
        ),
    ];
    for (what, old, new) in changed {
        if old != new {
            more.push(format!("{what} {} instead of {}", shown(&new), shown(&old)));
        }
    }
    let delegates = |it: &Contract| {
        let packet = it.packet.as_ref();
        packet
            .and_then(|it| it.delegation.as_ref())
            .is_some_and(|it| it.allowed)
    };
    for (what, is) in [
        ("no skeleton", before.skeleton && !now.skeleton),
        ("no post-work", before.post_work && !now.post_work),
        ("delegation", !delegates(before) && delegates(now)),
        ("the network", !before.cell.network && now.cell.network),
    ] {
        if is {
            more.push(what.to_owned());
        }
    }
    more
}

/// Returns what the ceiling of a version leaves that the one before did not. What is absent is the policy's, and more than
/// anything that a contract may say.
fn looser(before: &CeilingTerms, now: &CeilingTerms) -> Vec<String> {
    let mut looser = Vec::new();
    let words = |said: Option<String>| said.unwrap_or_else(|| "the policy's".to_owned());
    for figure in Figure::ALL {
        let (old, new) = (before.figure(*figure), now.figure(*figure));
        if let Some(said) = old
            && new.is_none_or(|it| it > said)
        {
            let new = words(new.map(|it| it.to_string()));
            looser.push(format!("ceiling.{figure}: {new} instead of {said}"));
        }
    }
    let level = |it: &CeilingTerms| it.level.as_deref().map(Autonomy::of_word);
    if let (Some(Ok(old)), new) = (level(before), level(now))
        && !matches!(new, Some(Ok(new)) if new >= old)
    {
        let new = words(now.level.clone());
        looser.push(format!("ceiling.level: {new} instead of {old}"));
    }
    // A word that is no action needs a decision that names it: with it nothing is looser, and without it something is.
    let is_action = |it: &String| Deed::of_word(it).is_some();
    for (what, old, new, is_paths) in [
        ("paths", &before.paths, &now.paths, true),
        ("actions", &before.actions, &now.actions, false),
    ] {
        if old.is_empty() {
            continue;
        }
        if new.is_empty() {
            looser.push(format!("ceiling.{what}: {}", words(None)));
        }
        let added = new.iter().filter(|it| !old.contains(it));
        let added = added.filter(|it| is_paths || is_action(it));
        looser.extend(added.map(|it| format!("ceiling.{what}: with {}", shown(it))));
        let gone = old.iter().filter(|it| !new.contains(it));
        let gone = gone.filter(|it| !is_paths && !is_action(it));
        looser.extend(gone.map(|it| format!("ceiling.{what}: without {}", shown(it))));
    }
    looser
}

fn shown(text: &str) -> String {
    let short: String = text.chars().take(80).collect();
    match short.len() < text.len() {
        true => quote(format!("{short}…").as_bytes()),
        false => quote(text.as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_ceiling_leaves_beyond_the_one_before_is_named() {
        let terms = |files, level: &str, paths: &[&str], actions: &[&str]| CeilingTerms {
            level: Some(level.to_owned()).filter(|it| !it.is_empty()),
            files,
            paths: paths.iter().copied().map(str::to_owned).collect(),
            actions: actions.iter().copied().map(str::to_owned).collect(),
            ..CeilingTerms::default()
        };
        let none = CeilingTerms::default();
        let some = terms(Some(5), "L4", &["src/**"], &["change", "deploy"]);
        for (now, expected) in [
            (some.clone(), ""),
            (terms(Some(4), "L4", &["src/**"], &["deploy"]), ""),
            (
                terms(Some(5), "L4", &["src/**"], &["change", "deploy", "ship"]),
                "",
            ),
            (
                terms(Some(6), "L4", &["src/**"], &["change", "deploy"]),
                "ceiling.files: 6 instead of 5",
            ),
            (
                terms(None, "L4", &["src/**"], &["change", "deploy"]),
                "ceiling.files: the policy's instead of 5",
            ),
            (
                terms(Some(5), "L3", &["src/**"], &["change", "deploy"]),
                "ceiling.level: L3 instead of L4",
            ),
            (
                terms(Some(5), "", &["src/**"], &["change", "deploy"]),
                "ceiling.level: the policy's instead of L4",
            ),
            (
                terms(Some(5), "L4", &["src/**", "docs/**"], &["change", "deploy"]),
                "ceiling.paths: with docs/**",
            ),
            (
                terms(Some(5), "L4", &[], &["change", "deploy"]),
                "ceiling.paths: the policy's",
            ),
            (
                terms(Some(5), "L4", &["src/**"], &["create", "deploy"]),
                "ceiling.actions: with create",
            ),
            (
                terms(Some(5), "L4", &["src/**"], &["change"]),
                "ceiling.actions: without deploy",
            ),
            (
                terms(Some(5), "L4", &["src/**"], &[]),
                "ceiling.actions: the policy's; ceiling.actions: without deploy",
            ),
        ] {
            assert_eq!(looser(&some, &now).join("; "), expected);
            assert!(looser(&none, &now).is_empty(), "{expected}");
        }
    }

    #[test]
    fn an_entry_counts_for_the_longest_criterion_with_which_it_begins() {
        let keys = [
            "Fast",
            "\"Fast\"",
            "Fast: under 1 s.",
            "Fast: z",
            "\u{e9}t\u{e9}",
        ];
        let spelled = keys.map(|it| (it.to_owned(), it)).into();
        for (entry, expected) in [
            (
                "Fast: under 1 s.: too dear",
                Some(("Fast: under 1 s.", ": too dear")),
            ),
            (
                "Fast: under 2 s.: too dear",
                Some(("Fast", ": under 2 s.: too dear")),
            ),
            ("Fast: no", Some(("Fast", ": no"))),
            ("\"Fast\": under 1 s.", Some(("\"Fast\"", ": under 1 s."))),
            ("\u{e9}t\u{e9}: no", Some(("\u{e9}t\u{e9}", ": no"))),
            ("\u{e9}ta: no", None),
            ("Fas", None),
            ("", None),
            ("A", None),
        ] {
            assert_eq!(begins_with(entry, &spelled), expected, "{entry}");
        }
    }
}
