//! What an executed command did, and what a run that took place elsewhere consists of.

use crate::cell::{Demand, Held, Layer};
use crate::evidence::{self, Demands, RunFiles};
use crate::facts::case::CommitCase;
use crate::record::commit::Commit;
use crate::record::contract::Contract;
use crate::record::json;
use crate::record::path::quote;
use crate::record::{
    Finding, Findings, IdentityName, ObjectId, RepoPath, Rule, RunId, Sha256, Subject,
};

use crate::sys::shell;

use super::remedy;
use super::scope::{contract_scope, policy_paths, untouched};
use super::skeleton;
use super::tree::entries;

/// The most components of a path: below the directory of a run on its ref, git must read it.
const DEEPEST: usize = 60;

/// Judges what the commit of a run changes, by the rules of the server and those of the contract.
/// Without a person, which is a finding of the gate, restrictions of persons are not checked.
pub fn changes(
    case: &CommitCase<'_>,
    contract: &Contract,
    makes_skeleton: bool,
    person: Option<&IdentityName>,
    run: &RunId,
    findings: &mut Findings,
) {
    let (count, most) = (
        case.changes.len(),
        case.rules.policy().document().limits.paths,
    );
    if count > most {
        let found = format!("{count} changed paths");
        findings.push(limit(Subject::of_run(run), found, most, "split the task"));
    }
    if count == 0 {
        findings.push(
            Rule::SomethingChanged
                .finding(Subject::of_run(run))
                .found("nothing is changed")
                .expected("a change within the contract")
                .remedy(format!(
                    "mend the command and run it again, the approval is not spent: git awo run {} \
                     -- COMMAND",
                    contract.id
                )),
        );
    }
    let subject = case.subject().run(run);
    paths(case, contract, makes_skeleton, person, &subject, findings);
}

/// Judges each path that a run under a contract changes, or is about to change.
pub(super) fn paths(
    case: &CommitCase<'_>,
    contract: &Contract,
    makes_skeleton: bool,
    person: Option<&IdentityName>,
    subject: &Subject,
    findings: &mut Findings,
) {
    entries(case, findings);
    if let Some(person) = person {
        policy_paths(case, person, findings);
    }
    match makes_skeleton {
        true => {
            skeleton::changes(contract, case.changes, subject, findings);
            untouched(contract, case.changes, subject, findings);
        }
        false => {
            let follows = |path: &RepoPath| case.artefacts.generated.contains(path);
            contract_scope(contract, case.changes, follows, subject, findings);
        }
    }
}

/// Returns the finding that something of a run is larger than `most`.
pub fn limit(
    subject: Subject,
    found: impl ToString,
    most: impl std::fmt::Display,
    remedy: &str,
) -> Finding {
    Rule::Limits
        .finding(subject)
        .found(found.to_string())
        .expected(format!("at most {most}"))
        .remedy(remedy)
}

/// Judges whether of a cell held what is demanded.
pub fn cell_holds(held: &Held, demand: Demand, subject: &Subject) -> Findings {
    let mut findings = Findings::new();
    for (layer, why) in held.lacking(demand.layers()) {
        let kernel = &held.kernel;
        let remedy = match layer {
            Layer::OwnRoot => {
                "let this user have namespaces of users, or run it as root, outside of other containers; git awo cell --own-root -- COMMAND shows what holds"
            }
            _ => {
                "run it on Linux 6.12 or newer with Landlock enabled, and keep homes and clones out of what a cell reads; git awo cell -- COMMAND shows what holds"
            }
        };
        findings.push(
            Rule::CellHolds
                .finding(subject.clone())
                .found(format!("{layer} did not hold: {why} (kernel {kernel})"))
                .expected("a cell of which every layer holds that the policy demands")
                .remedy(remedy),
        );
    }
    findings
}

/// Returns the finding that a run which took place elsewhere may not be recorded: its commands have to be confined,
/// which nobody here has seen, and no reviewer has run it again in a cell.
pub fn imported(run: &RunId, why: &str, remedy: String) -> Finding {
    Rule::Invariants
        .finding(Subject::of_run(run))
        .found(format!("a run that took place elsewhere: {why}"))
        .expected("commands that git-awo confines to a cell, as the policy requires, or a reviewer who ran it again in one")
        .remedy(remedy)
}

/// Returns the finding that something stands in a work tree that no commit can hold.
pub fn no_file(path: &RepoPath, what: &str) -> Finding {
    Rule::TreeEntryMode
        .finding(Subject::none().path(path))
        .found(what)
        .expected("files")
        .remedy("let the command leave it out")
}

/// Judges an action that the command reports, however its name is spelt.
pub fn action(contract: &Contract, action: &str, subject: Subject) -> Option<Finding> {
    let plain = action.trim().to_lowercase().replace(['-', ' ', '.'], "_");
    let mut names = contract.forbidden_actions.iter().map(|it| it.as_str());
    let forbidden = names.find(|name| *name == plain)?;
    Some(
        Rule::ForbiddenAction
            .finding(subject)
            .found(format!("the command reports {forbidden}"))
            .expected(format!("no {forbidden}: the contract forbids it"))
            .remedy(format!(
                "let the command not do it; git awo task show {} lists what is forbidden",
                contract.id
            )),
    )
}

/// Returns the finding on a key of the repository's configuration that is not what it was.
pub fn configuration_key(key: &[u8], how: &str) -> Finding {
    let rule = match key.starts_with(b"remote.") {
        true => Rule::RemoteChange,
        false => Rule::ConfigChange,
    };
    reconfigured(rule, key, how)
}

/// Returns the finding on a file that decides what git does, and is not what it was.
pub fn configuration_file(name: &[u8], how: &str) -> Finding {
    reconfigured(Rule::ConfigChange, name, how)
}

/// Returns the finding that the work tree of a run is not where it was made: nothing of what is there
/// now was measured, and nothing of it may be touched.
pub fn work_tree_replaced() -> Finding {
    Rule::ConfigChange
        .finding(Subject::none())
        .found("the run's work tree, or the directory around it, was replaced during the run")
        .expected("a command that leaves its work tree in its place")
        .remedy("mend the command and run it again: nothing was recorded")
}

/// Returns the finding on a hook that is not what it was.
pub fn hook(name: &[u8], how: &str) -> Finding {
    reconfigured(Rule::HookChange, name, how)
}

fn reconfigured(rule: Rule, name: &[u8], how: &str) -> Finding {
    rule.finding(Subject::none())
        .found(format!("{} was {how} during the run", quote(name)))
        .expected("a repository whose configuration and hooks stay as they are")
        .remedy("undo it by hand before anything else: git may run what it names")
}

/// Returns the finding on a file that says what this clone trusts, and is not what it was.
pub fn trust(name: &[u8], how: &str) -> Finding {
    Rule::TrustChange
        .finding(Subject::none())
        .found(format!("{} was {how} during the run", quote(name)))
        .expected("what this clone trusts stays as it is")
        .remedy("put it back by hand: git awo trust FINGERPRINT, then git awo fetch")
}

/// Returns the finding on a ref that is not where it was.
pub fn ref_moved(name: &[u8], how: &str, now: Option<&[u8]>, then: Option<&[u8]>) -> Finding {
    let value = |it: Option<&[u8]>| it.map_or("nothing".to_owned(), quote);
    let subject = Subject {
        reference: Some(quote(name)),
        ..Subject::none()
    };
    let shown = shell::quote(&quote(name));
    let back = match then {
        Some(then) => format!("git update-ref {shown} {}", shell::quote(&quote(then))),
        None => format!("git update-ref -d {shown}"),
    };
    Rule::RefMove
        .finding(subject)
        .found(format!("{how} during the run: {}", value(now)))
        .expected(value(then))
        .remedy(back)
}

/// The branch, the policy and the contract are what they were when the run began.
pub fn fresh(
    contract: &Contract,
    subject: Subject,
    what: &str,
    now: Option<ObjectId>,
    then: ObjectId,
) -> Option<Finding> {
    if now == Some(then) {
        return None;
    }
    let now = now.map_or("nothing".to_owned(), |id| id.to_string());
    let finding = Rule::Freshness
        .finding(subject)
        .found(format!("{what} moved meanwhile to {now}"))
        .expected(then);
    Some(finding.remedy(remedy::run_again(&contract.id)))
}

/// Returns the finding that the validation command has changed a file.
pub fn changed_by_validation(run: &RunId, path: &RepoPath) -> Finding {
    Rule::ValidationChangesNothing
        .finding(Subject::of_run(run).path(path))
        .found("changed by the validation command")
        .expected("what the command left there")
        .remedy("let the validation write elsewhere")
}

/// Returns the finding that an approval was spent while the run went on.
pub fn spent_meanwhile(run: &RunId, marker: &RepoPath, approval: Sha256) -> Finding {
    Rule::OneApprovalOneRun
        .finding(Subject::of_run(run).record(marker))
        .found(format!("the approval {approval} was spent meanwhile"))
        .expected("an unused approval")
        .remedy("git awo approve TASK --again, then git awo run TASK -- COMMAND")
}

/// Returns the finding that a run of this name was recorded while the run went on.
pub fn recorded_meanwhile(run: &RunId, record: &RepoPath) -> Finding {
    Rule::RunId
        .finding(Subject::of_run(run).record(record))
        .found("a run of this name was recorded meanwhile")
        .expected("a name that no run has had")
        .remedy("git awo run TASK --run-id OTHER -- COMMAND")
}

/// Judges the files of a run, which may have `most` bytes together. Returns their root too, where
/// their integrity holds.
pub fn files(
    run: &RunId,
    files: &RunFiles,
    demands: &Demands,
    most: u64,
) -> (Findings, Option<Sha256>) {
    let (mut findings, root) = evidence::verify(files);
    for reason in evidence::breaches(run, files, demands) {
        findings.push(
            Rule::Invariants
                .finding(Subject::of_run(run))
                .found(reason)
                .expected("the invariants of a run directory")
                .remedy("mend what makes the run directory, then make it again"),
        );
    }
    let total: u64 = files.values().map(|bytes| bytes.len() as u64).sum();
    if total > most {
        findings.push(too_much(
            Subject::of_run(run),
            format!("{total} bytes of evidence"),
            most,
        ));
    }
    (findings, root)
}

/// Returns the finding that a command has written more than is kept of it.
pub fn too_much(subject: Subject, found: String, most: u64) -> Finding {
    let remedy = "let the command write less";
    limit(subject, found, most, remedy)
}

/// Judges whether git can hold a path of a run directory on the ref of the evidence.
pub fn path(path: &RepoPath, findings: &mut Findings) {
    let names: Vec<_> = path.components().collect();
    let mut refuse = |rule: Rule, why: &str| {
        let finding = rule.finding(Subject::none().path(path)).found(why);
        let finding = finding.expected("a path that git can hold on the evidence ref");
        findings.push(finding.remedy(format!("remove {path} from the run directory")));
    };
    if names.iter().any(|name| name.eq_ignore_ascii_case(b".git")) {
        refuse(Rule::RunPath, "a component of the path is .git");
    }
    if names.len() > DEEPEST {
        refuse(Rule::RunLimit, "a path of more than 60 components");
    }
}

/// The manifest names the run.
pub fn names_run(files: &RunFiles, run: &RunId) -> Option<Finding> {
    let keys = ["run_id"];
    names(Rule::BindsRun, files, "run_manifest.json", &keys, run)
}

/// The run says that it started from this commit. Without a word the invariants do not hold.
pub fn names_base(files: &RunFiles, base: ObjectId) -> Option<Finding> {
    let keys = ["git", "commit"];
    names(Rule::BindsBase, files, "environment.json", &keys, base)
}

fn names(
    rule: Rule,
    files: &RunFiles,
    file: &str,
    keys: &[&str],
    expected: impl ToString,
) -> Option<Finding> {
    let path = RepoPath::from(file);
    let document = json::parse(files.get(&path)?).ok()?;
    let mut value = &document;
    for key in keys {
        value = value.get(key)?;
    }
    let expected = expected.to_string();
    if value.as_str() == Some(&expected) {
        return None;
    }
    let found = value.as_str().map_or("no text".to_owned(), |text| {
        let short: String = text.chars().take(80).collect();
        quote(short.as_bytes())
    });
    let finding = rule.finding(Subject::none().path(&path)).found(found);
    let remedy = "import the directory of this run, made on this base";
    Some(finding.expected(expected).remedy(remedy))
}

/// The commit of a run has exactly one parent, its base.
pub fn one_commit(commit: &Commit, base: Option<ObjectId>, run: &RunId) -> Option<Finding> {
    let subject = Subject::of_commit(commit.id).run(run);
    match commit.parents.as_slice() {
        [parent] => {
            let base = base.filter(|base| base != parent)?;
            Some(
                Rule::BindsBase
                    .finding(subject)
                    .found(format!("a commit on {parent}"))
                    .expected(base)
                    .remedy(format!(
                        "git rebase --onto {base} {parent} and make the run directory again, or git \
                         awo approve TASK on the new base"
                    )),
            )
        }
        parents => Some(
            Rule::SingleCommit
                .finding(subject)
                .found(format!("{} parents", parents.len()))
                .expected("exactly one commit on its base")
                .remedy("git reset --soft BASE, then git commit"),
        ),
    }
}
