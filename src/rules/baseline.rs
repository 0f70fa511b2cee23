//! Baselines: who makes one, what it holds and binds, how they follow each other, and that they stay.
//!
//! The same functions judge a baseline where it is made, where it arrives and where a clone is verified.

use crate::facts::baseline::{Baseline, Flaw};
use crate::facts::run::RunFacts;
use crate::policy::{Policy, Position, Role};
use crate::record::baseline::{BadManifest, Difference, Kind, Manifest, Place, Scope};
use crate::record::{
    Coded, DirectoryPath, Finding, Findings, ObjectId, RefName, Rule, RunId, Subject, TaskId,
};
use crate::records::Verdict;
use crate::store::baselines::{Lines, Standing};
use crate::store::layout;

/// Who may make baselines.
pub const MAKERS: &[Role] = &[Role::Operator, Role::Orchestrator];
/// So many paths of one baseline are named.
const MOST_NAMED: usize = 20;
const AGAIN: &str = "git awo amu0 create NAME";
const DAMAGED: &str = "git awo fetch, then compare with another clone, which has what was received; one that nobody \
     received is made again: git awo amu0 create NAME";

/// Judges a baseline by itself: its form, what it holds, who signed it, what it binds.
pub fn baseline(case: &Baseline, position: &Position<'_>, findings: &mut Findings) {
    for flaw in case.flaws.iter().take(MOST_NAMED) {
        findings.push(flawed(case, flaw));
    }
    match &case.signer {
        Err(error) => findings.push(error.to_finding(case.subject()).remedy(DAMAGED)),
        Ok(signer) => {
            let is_maker = MAKERS
                .iter()
                .any(|role| position.policy.holds(&signer.person, *role));
            if !is_maker || position.policy.holds(&signer.person, Role::Draft) {
                let held = position.policy.roles_of(&signer.person);
                findings.push(
                    Rule::RoleHeld
                        .finding(case.subject())
                        .found(format!("made by {}, who holds {held}", signer.person))
                        .expected("the role operator or orchestrator")
                        .remedy("ask a person who holds the role"),
                );
            }
        }
    }
    if case.commit.parents.len() > 1 {
        findings.push(
            Rule::BaselineForm
                .finding(case.subject())
                .found(format!("{} parents", case.commit.parents.len()))
                .expected("the baseline before it, or none")
                .remedy(AGAIN),
        );
    }
    if let Some(manifest) = &case.manifest {
        binds(case, manifest, position, findings);
    }
}

fn binds(case: &Baseline, manifest: &Manifest, position: &Position<'_>, findings: &mut Findings) {
    let mut differs = |what: &str, found: String, expected: String| {
        findings.push(
            Rule::BaselineBinds
                .finding(case.subject())
                .found(format!("{what} {found}"))
                .expected(expected)
                .remedy(AGAIN),
        );
    };
    let shown = |id: Option<ObjectId>| id.map_or("none".to_owned(), |id| id.to_string());
    if manifest.repository != position.repository {
        let expected = position.repository.to_string();
        differs("the repository", manifest.repository.to_string(), expected);
    }
    if !position.policies.contains(&manifest.policy) {
        let expected = "a policy in force at that time".to_owned();
        differs("the policy", manifest.policy.to_string(), expected);
    }
    if manifest.place() != case.place {
        let expected = case.place.to_string();
        differs("the name", manifest.place().to_string(), expected);
    }
    let before = case.commit.parents.first().copied();
    if manifest.predecessor != before {
        differs(
            "the predecessor",
            shown(manifest.predecessor),
            shown(before),
        );
    }
    let subject = case.subject();
    findings.extend(rooted(&manifest.root, position.policy, subject));
}

/// A baseline holds the directory that the policy names.
pub fn rooted(root: &DirectoryPath, policy: &Policy, subject: Subject) -> Option<Finding> {
    match policy.state_root() {
        Some(own) if own == root => None,
        Some(own) => Some(
            Rule::StateRootNamed
                .finding(subject)
                .found(format!("a baseline of {root}"))
                .expected(own)
                .remedy(AGAIN),
        ),
        None => Some(no_root(subject)),
    }
}

/// Returns the finding that the policy names no directory.
pub fn no_root(subject: Subject) -> Finding {
    Rule::StateRootNamed
        .finding(subject)
        .found("the policy names no directory for baselines")
        .expected("[state] with a root")
        .remedy("ask a root to add it: git awo policy propose FILE")
}

/// A baseline of a task is of one that there is, and one of a plan has the name of no task.
pub fn scoped(scope: &Scope, is_task: bool, subject: Subject) -> Option<Finding> {
    match (scope, is_task) {
        (Scope::Task(task), false) => Some(
            Rule::RecordPresent
                .finding(subject)
                .found(format!("no contract of {task}"))
                .expected("a task that the ledger has")
                .remedy("git awo fetch; git awo task list"),
        ),
        (Scope::Plan(plan), true) => Some(
            Rule::BaselineBinds
                .finding(subject)
                .found(format!("a plan {plan}, and there is a task of that name"))
                .expected("a plan that no task is called like")
                .remedy(format!("git awo amu0 create NAME --task {plan}")),
        ),
        _ => None,
    }
}

/// Returns the finding that the commit of a run has no state.
pub fn stateless(run: &RunId, scope: &Scope, root: &DirectoryPath) -> Finding {
    let task = scope.task().map_or("TASK", TaskId::as_str);
    Rule::StatePresent
        .finding(Subject::of_run(run))
        .found(format!("the commit of the run has no {root}"))
        .expected("the directory that the policy names in [state]")
        .remedy(format!(
            "git awo amu0 create NAME --task {task}, which freezes what stands in the work tree"
        ))
}

fn flawed(case: &Baseline, flaw: &Flaw) -> Finding {
    let subject = match flaw {
        Flaw::Entry(path, _) | Flaw::Differs(path, _) => case.subject().path(path),
        _ => case.subject(),
    };
    let of = |rule: Rule, found: String, expected: &str| {
        let finding = rule.finding(subject).found(found);
        finding.expected(expected).remedy(DAMAGED)
    };
    let what_it_lists = "what manifest.json lists";
    match flaw {
        Flaw::Entries(found) => of(
            Rule::BaselineFiles,
            found.clone(),
            "files/ and manifest.json, and nothing else",
        ),
        Flaw::Manifest(bad) => {
            let (rule, expected) = match bad {
                BadManifest::Limit { .. } => (Rule::BaselineLimit, "a state within the limits"),
                BadManifest::Json(bad) if bad.limit => {
                    (Rule::BaselineLimit, "a manifest within the limits")
                }
                _ => (
                    Rule::BaselineForm,
                    "a canonical manifest of a possible state",
                ),
            };
            of(rule, format!("manifest.json: {bad}"), expected)
        }
        Flaw::Entry(_, why) => of(
            Rule::BaselineEntry,
            (*why).to_owned(),
            "files, symlinks and directories",
        ),
        Flaw::Differs(_, Difference::Added) => of(
            Rule::BaselineFiles,
            "not in manifest.json".to_owned(),
            what_it_lists,
        ),
        Flaw::Differs(_, Difference::Removed) => of(
            Rule::BaselineFiles,
            "in manifest.json, and not in files/".to_owned(),
            what_it_lists,
        ),
        Flaw::Differs(_, how) => {
            let found = match how {
                Difference::Mode => "another executable bit",
                Difference::Kind => "another kind of entry",
                _ => "other content",
            };
            of(Rule::BaselineContent, found.to_owned(), what_it_lists)
        }
        Flaw::Missing(id) => of(
            Rule::BaselineFiles,
            format!("object {id} is missing"),
            "every object of it",
        ),
        Flaw::TooMany(most) => of(
            Rule::BaselineLimit,
            format!("more than {most} paths"),
            "a state within the limits",
        ),
    }
}

/// A baseline stands in its line: named like no other, after one that is there, and alone after it.
pub fn lined(own: &Standing, lines: &Lines, findings: &mut Findings) {
    let subject = || Subject::of_ref(&own.reference).at(own.id);
    let line = || lines.of(own.line());
    for other in line().filter(|it| it.reference != own.reference) {
        if other.is_alike(own) || other.place.scope() != own.place.scope() {
            findings.push(alike(&other.place, subject()));
        }
        if other.before == own.before {
            findings.push(second(own, other, subject()));
        }
    }
    if let Some(before) = own.before
        && !line().any(|it| it.id == before)
    {
        findings.push(
            Rule::BaselinePresent
                .finding(subject())
                .found(format!("follows {before}, which is no baseline of it"))
                .expected("the baseline before it, under its name")
                .remedy("git awo fetch"),
        );
    }
}

/// Returns the finding that some file system takes the name of a baseline for that of another one.
pub fn alike(other: &Place, subject: Subject) -> Finding {
    Rule::BaselineName
        .finding(subject)
        .found(format!("beside {other}"))
        .expected("names that differ in more than case and Unicode form")
        .remedy("git awo amu0 create NAME, with another name")
}

fn second(own: &Standing, other: &Standing, subject: Subject) -> Finding {
    let found = match own.before {
        Some(before) => format!("follows {}, as {} does", before.short(), other.place),
        None => format!(
            "begins the line of {}, as {} does",
            own.place.scope(),
            other.place
        ),
    };
    Rule::BaselineLine
        .finding(subject)
        .found(found)
        .expected("one line of baselines")
        .remedy("git awo fetch, then git awo push, then make it again after the newest one: git awo amu0 list")
}

/// Returns the finding that a server has another successor of the same baseline, or another one of the
/// name: what was made here is set aside.
pub fn overtaken(place: &Place) -> Finding {
    Rule::BaselineLine
        .finding(Subject::of_ref(&layout::baseline(place)))
        .found("somebody else's baseline came first")
        .expected("one line of baselines")
        .remedy(
            "it is kept under refs/awo-displaced/; if it is still wanted, make it again: git awo amu0 list, then \
             git awo amu0 create NAME",
        )
}

/// Returns the finding that a push moves a baseline.
pub fn moved(reference: &RefName, old: ObjectId, new: ObjectId) -> Finding {
    Rule::BaselineFixed
        .finding(Subject::of_ref(reference).at(new))
        .found(format!("moved from {old}"))
        .expected("a baseline that stays")
        .remedy("leave it out of the push; git awo amu0 create NAME makes a new one")
}

/// Returns the finding that a baseline is not the commit that the receive log tells of.
pub fn logged(reference: &RefName, now: ObjectId, logged: ObjectId) -> Finding {
    Rule::BaselineLogged
        .finding(Subject::of_ref(reference).at(now))
        .found(now)
        .expected(format!("{logged}, as the receive log says"))
        .remedy(DAMAGED)
}

/// Returns the finding that the name of a new baseline is taken.
pub fn taken(place: &Place, id: Option<ObjectId>) -> Finding {
    let by = id.map_or("somebody else".to_owned(), |id| id.short());
    Rule::BaselineTaken
        .finding(Subject::of_ref(&layout::baseline(place)))
        .found(format!("the name is taken by {by}"))
        .expected("a free name")
        .remedy("git awo amu0 list, then git awo amu0 create NAME, with another name")
}

/// Returns the finding that a state cannot be a baseline.
pub fn impossible(bad: &BadManifest, subject: Subject) -> Finding {
    let rule = match bad {
        BadManifest::Limit { .. } => Rule::BaselineLimit,
        BadManifest::Json(bad) if bad.limit => Rule::BaselineLimit,
        _ => Rule::BaselineForm,
    };
    rule.finding(subject)
        .found(bad)
        .expected("a state within the limits")
        .remedy("move a part of it elsewhere; or ask a root to raise the limit: git awo policy propose FILE")
}

/// Returns the finding that a baseline which was named is not here.
pub fn absent(what: &str) -> Finding {
    Rule::BaselinePresent
        .finding(Subject::none())
        .found(format!("no baseline {what} in this clone"))
        .expected("one of those that git awo amu0 list names")
        .remedy("git awo fetch, then git awo amu0 list")
}

/// What is promoted is the result of a finalized run; and of a run that was rejected only if that came later.
pub fn promotes(
    run: &RunId,
    facts: &RunFacts,
    arriving: bool,
    subject: Subject,
) -> Option<Finding> {
    let found = if facts.held().is_none() {
        format!("there is no run {run} that holds")
    } else if facts.finalization.valid().is_none() {
        format!("run {run} is not finalized")
    } else if arriving && is_rejected(facts) {
        format!("run {run} was rejected")
    } else {
        return None;
    };
    let remedy = match arriving && is_rejected(facts) {
        true => "git awo push --set-aside, which keeps a baseline that was made of it, and pushes the rest".to_owned(),
        false => format!("git awo finalize {run}, once it is attested"),
    };
    Some(
        Rule::BaselineRun
            .finding(subject)
            .found(found)
            .expected("a finalized run that was not rejected")
            .remedy(remedy),
    )
}

fn is_rejected(facts: &RunFacts) -> bool {
    let outcome = facts.outcome.valid();
    outcome.is_some_and(|it| it.predicate().outcome == Verdict::Rejected)
}

/// A promoted baseline is of the task of the run and holds what its commit has. `state` is the tree of that.
pub fn promoted(
    case: &Baseline,
    run: &RunId,
    facts: &RunFacts,
    state: Option<ObjectId>,
    findings: &mut Findings,
) {
    let Some(held) = facts.held() else { return };
    let mut differs = |found: String, expected: String| {
        findings.push(
            Rule::BaselinePromoted
                .finding(case.subject())
                .found(found)
                .expected(expected)
                .remedy(format!("git awo amu0 promote {run} NAME")),
        );
    };
    let task = &held.says().task;
    if case.manifest.as_ref().and_then(|it| it.task.as_ref()) != Some(task) {
        differs(
            format!("a baseline of {}", case.place.scope()),
            format!("one of {task}"),
        );
    }
    if case.files != state {
        let shown = |id: Option<ObjectId>| id.map_or("nothing".to_owned(), |id| id.to_string());
        differs(
            shown(case.files),
            format!("{}, as the commit has", shown(state)),
        );
    }
    let directories = case.manifest.iter().flat_map(|it| &it.items);
    let mut directories = directories.filter(|it| it.kind == Kind::Directory);
    if let Some(first) = directories.next() {
        let found = format!("an empty directory {}", first.path);
        differs(found, "what a commit can have".to_owned());
    }
    if case.commit.parents.is_empty() {
        findings.push(before(&case.place, case.subject()));
    }
}

/// Returns the finding that a promotion has no baseline to follow.
pub fn before(place: &Place, subject: Subject) -> Finding {
    let scope = place.scope();
    Rule::BaselineBefore
        .finding(subject)
        .found(format!("no baseline of {scope} yet"))
        .expected("a baseline that it follows")
        .remedy(format!("git awo amu0 create NAME --task {scope}"))
}

/// Returns the finding that a restore would lose what is saved nowhere.
pub fn unsaved(paths: &[String], place: &Place) -> Option<Finding> {
    let named: Vec<_> = paths.iter().take(MOST_NAMED).map(String::as_str).collect();
    let mut found = named.join(", ");
    let rest = paths.len().saturating_sub(MOST_NAMED);
    if rest > 0 {
        found.push_str(&format!(" and {rest} more"));
    }
    let finding = Rule::WorkTreeClean
        .finding(Subject::of_ref(&layout::baseline(place)))
        .found(format!("would be lost: {found}"))
        .expected("nothing that neither a baseline nor HEAD has")
        .remedy(format!(
            "git awo amu0 create NAME, to keep it; or git awo amu0 restore {place} --force"
        ));
    (!paths.is_empty()).then_some(finding)
}
