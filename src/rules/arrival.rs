//! A record that arrives stands where its content says, and binds what is there.

use std::collections::BTreeSet;

use crate::facts::arrived::{Arrived, InLedger, Noted, Proposal};
use crate::facts::run::RunFacts;
use crate::policy::Policy;
use crate::record::{
    Coded as _, Finding, Findings, ObjectId, RefName, Rule, RunId, Sha256, Subject,
};
use crate::records::{Binding, Kind, LedgerPath, Location, Record, Scope};

use crate::store::layout;

use super::{Reviews, contract, reviews, run_binds};

/// Judges a file of the ledger.
pub fn file(path: &LedgerPath, arrived: Arrived, findings: &mut Findings) {
    let subject = || Subject::of_record(path.to_path());
    match arrived {
        Arrived::Record(it) => {
            findings.extend(misplaced(path, it.belongs.as_ref(), subject()));
            findings.extend(packet(&it, subject()));
            findings.extend(signed(&it, subject()));
        }
        Arrived::Refused(finding) => findings.push(Finding {
            subject: subject(),
            ..finding
        }),
        Arrived::Proposal(it) => match proposal(&it, subject()) {
            Some(finding) => findings.push(finding),
            None => findings.extend(misplaced(path, it.belongs.as_ref(), subject())),
        },
        Arrived::Companion(_, true) => {}
        Arrived::Companion(of, false) => findings.push(
            Rule::RecordOfSomething
                .finding(subject())
                .found(format!(
                    "no {} beside it",
                    of.trim_start_matches("a ").trim_start_matches("the ")
                ))
                .expected(of)
                .remedy("git awo push"),
        ),
    }
}

fn misplaced(path: &LedgerPath, belongs: Option<&Location>, subject: Subject) -> Option<Finding> {
    let belongs = match belongs {
        Some(Location::Ledger(belongs)) if belongs == path => return None,
        Some(Location::Ledger(belongs)) => Some(belongs),
        _ => None,
    };
    let rule = match (path, belongs) {
        // The directory of a proposal is the digest of what is signed.
        (
            LedgerPath::Record(Scope::Proposal(found), ..),
            Some(LedgerPath::Record(Scope::Proposal(digest), ..)),
        ) if found != digest => Rule::Proposal,
        _ => Rule::RecordPlace,
    };
    let found = match belongs {
        Some(belongs) => format!("a record that belongs at {}", belongs.to_path()),
        None => "a record that belongs nowhere in the ledger".to_owned(),
    };
    let finding = rule.finding(subject).found(found);
    let finding = finding.expected("the record that its path names");
    Some(finding.remedy("git awo fetch"))
}

fn packet(it: &InLedger, subject: Subject) -> Option<Finding> {
    let bound = it
        .record
        .predicate()
        .binds()
        .into_iter()
        .find_map(|it| match it {
            Binding::Packet(digest) => Some(digest),
            _ => None,
        });
    let bound = bound.filter(|bound| it.packet != Some(*bound))?;
    Some(
        Rule::BindsPacket
            .finding(subject)
            .found("the packet beside the contract is missing or another")
            .expected(bound)
            .remedy("git awo task import FILE"),
    )
}

/// A user signature belongs to one contract, which the ledger lists for it.
fn signed(it: &InLedger, subject: Subject) -> Option<Finding> {
    let (listed, task) = (it.signed.as_ref()?, it.record.predicate().task()?);
    match listed {
        Some(listed) if *listed == task => None,
        listed => Some(contract::signature_once(listed.as_ref(), subject)),
    }
}

fn proposal(it: &Proposal, subject: Subject) -> Option<Finding> {
    let propose = "git awo policy propose FILE";
    match &it.signed {
        None => Some(
            Rule::PolicyLinked
                .finding(subject)
                .found("a proposal that follows no policy of this repository")
                .expected("a successor of a policy")
                .remedy(propose),
        ),
        Some(Err(error)) => Some(error.to_finding(subject)),
        Some(Ok(says)) if it.files == [Some(says.policy), Some(says.allowed_signers)] => None,
        Some(Ok(_)) => Some(
            Rule::Proposal
                .finding(subject)
                .found("the files are not those that were signed")
                .expected("the policy.toml and allowed_signers of which the digests were signed")
                .remedy(propose),
        ),
    }
}

/// Judges a line of a note; returns the run whose reviews must be judged with it. A review of
/// anything but a run of record would count for nothing, and stand in the way of those that do.
pub fn note(it: &Noted, findings: &mut Findings) -> Option<RunId> {
    let subject = || Subject::of_record(it.record.digest()).at(it.object);
    let says = it.record.predicate();
    if let Some(belongs) = it.belongs_in.filter(|belongs| *belongs != it.segment) {
        findings.push(
            Rule::NoteObject
                .finding(subject())
                .found(format!(
                    "the {} stands in {}",
                    says.kind().title(),
                    layout::notes(it.segment)
                ))
                .expected(layout::notes(belongs))
                .remedy(again(&**says)),
        );
    }
    // What is not there says so itself.
    if !matches!(it.belongs, Some(None)) && it.belongs != Some(Some(it.object)) {
        findings.push(
            Rule::NoteObject
                .finding(subject())
                .found(format!(
                    "a note on another object than the {} binds",
                    says.kind().title()
                ))
                .expected("a note on the object that it binds")
                .remedy(again(&**says)),
        );
    }
    let run = says.run()?;
    let Some(record) = it.run.as_ref()? else {
        findings.push(
            Rule::RunOfRecord
                .finding(subject().run(&run))
                .found("no such run")
                .expected("a run record")
                .remedy(
                    "git awo fetch, then git awo push; or git awo push by whoever made the run",
                ),
        );
        return None;
    };
    if !binds(&**says, &**record) {
        findings.push(
            Rule::BindsRun
                .finding(subject().run(&run))
                .found("a review that binds another commit, root or contract")
                .expected(bound(&**record))
                .remedy(format!("git awo gate {run}")),
        );
    }
    Some(run)
}

/// Returns the command that makes a noted record again.
fn again(says: &dyn Record) -> String {
    let run = says.run().map_or("RUN".to_owned(), |run| run.to_string());
    match says.kind() {
        Kind::Attestation => format!("git awo attest {run}"),
        _ => format!("git awo approve {run}"),
    }
}

/// Tells whether a record binds commit, root and contract of a run, as far as it binds any; a
/// commit and a root it binds.
fn binds(record: &dyn Record, run: &dyn Record) -> bool {
    let (bound, of_run) = (record.binds(), run.binds());
    let same = |it: &Binding| of_run.contains(it);
    let commits = |it: &Binding| matches!(it, Binding::Commit(_));
    let roots = |it: &Binding| matches!(it, Binding::Root(_));
    let contracts = |it: &Binding| matches!(it, Binding::Contract(_));
    let mut told = bound
        .iter()
        .filter(|it| commits(it) || roots(it) || contracts(it));
    bound.iter().any(commits) && bound.iter().any(roots) && told.all(same)
}

/// Returns the commit and the root of a run, in words.
fn bound(run: &dyn Record) -> String {
    let of_run = |it: &Binding| matches!(it, Binding::Commit(_) | Binding::Root(_));
    let words: Vec<_> = run
        .binds()
        .iter()
        .filter(|it| of_run(it))
        .map(ToString::to_string)
        .collect();
    words.join(" with root ")
}

/// Judges what the records of one run bind, those that arrived in focus; returns its reviews.
pub fn run(
    facts: &RunFacts,
    arrived: &BTreeSet<Sha256>,
    policy: &Policy,
    findings: &mut Findings,
) -> Reviews {
    let record = facts.run.valid().map(|it| it.digest());
    if record.is_some_and(|it| arrived.contains(&it)) {
        run_binds(facts, policy, findings);
        // What cannot be compared with the evidence now would be compared once it comes.
        findings.extend(facts.absent.iter().map(|id| absent(facts, id)));
    }
    let reviews = reviews(facts, policy, Some(arrived), findings);
    let again = format!("git awo gate {} --allow-self-approval", facts.id);
    for it in facts
        .overrides
        .iter()
        .filter(|it| arrived.contains(&it.digest()))
    {
        // Exactly this spelling, or it permits nothing and must not look as if it did.
        let spelled = &it.predicate().allow_self_approval;
        if spelled != "1" {
            findings.push(
                Rule::SelfApprovalForm
                    .finding(Subject::of_record(it.digest()).run(&facts.id))
                    .found(format!("allow_self_approval={spelled:?}"))
                    .expected(r#""1""#)
                    .remedy(&again),
            );
        }
        binds_run(facts, it.predicate(), &again, findings);
    }
    if let Some(it) = facts
        .outcome
        .valid()
        .filter(|it| arrived.contains(&it.digest()))
    {
        let again = format!("git awo outcome {} rejected --reason TEXT", facts.id);
        binds_run(facts, it.predicate(), &again, findings);
    }
    reviews
}

/// Returns the finding that the repository lacks what the record of a run names.
fn absent(facts: &RunFacts, id: &ObjectId) -> Finding {
    Rule::ObjectPresent
        .finding(Subject::of_run(&facts.id))
        .found(format!("no object {id}"))
        .expected("commit, base and tree of the run with its record")
        .remedy("git awo push by whoever made the run: the evidence brings its commit")
}

/// Judges that a record about a run binds its commit and root.
fn binds_run(facts: &RunFacts, says: &dyn Record, again: &str, findings: &mut Findings) {
    if let Some(run) = facts.held().map(|it| it.says())
        && !binds(says, run)
    {
        let title = says.kind().title();
        let finding = Rule::BindsCommit.finding(Subject::of_run(&facts.id));
        let finding = finding.found(format!("the {title} binds another commit or root"));
        findings.push(finding.expected(bound(run)).remedy(again));
    }
}

/// Judges evidence that arrived: some run record names it.
pub fn evidence(reference: &RefName, run: &RunId, claimed: bool) -> Option<Finding> {
    let finding = Rule::EvidenceOfARun
        .finding(Subject::of_ref(reference).run(run))
        .found("evidence that no run record names")
        .expected("a run record in the same push")
        .remedy("git awo push");
    (!claimed).then_some(finding)
}

/// Judges the record of a run whose commit nothing holds that others fetch.
pub fn unheld(record: &LedgerPath, evidence: &RefName, commit: ObjectId) -> Finding {
    let mut subject = Subject::of_record(record.to_path()).at(commit);
    if let Some(run) = record.run() {
        subject = subject.run(run);
    }
    Rule::Evidence
        .finding(subject)
        .found(format!(
            "a commit that is neither behind {evidence} nor on its branch"
        ))
        .expected("evidence with the commit of its run behind it")
        .remedy("git awo push by whoever made the run: the evidence brings its commit")
}

/// Judges a line of a note that does not hold by itself.
pub fn refused_note(finding: Finding, digest: Sha256, object: ObjectId) -> Finding {
    Finding {
        subject: Subject::of_record(digest).at(object),
        ..finding
    }
}
