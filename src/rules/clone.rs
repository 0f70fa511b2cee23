//! What a clone knows from before: the pinned root, high-water marks, the receive log, saved
//! receipts. A server that was rewound or forked is noticed.

use std::collections::BTreeSet;

use crate::facts::PolicyHistory;
use crate::facts::log::Log;
use crate::facts::policies::Version;
use crate::policy::Policy;
use crate::record::{
    Finding, Findings, IdentityName, ObjectId, RefName, Report, Rule, Sha256, Subject, Timestamp,
};
use crate::records::Movement;
use crate::store::layout::{self, Place};
use crate::sys::shell::quote;

use super::remote::FORGET_MARKS;

/// A clone has the policy by which it is judged.
pub fn policy_fetched() -> Finding {
    Rule::PolicyFetched
        .finding(Subject::of_ref(&layout::policy()))
        .found("no refs/awo/policy in this clone")
        .expected("the policy and its records")
        .remedy("git awo fetch")
}

/// What is cloned has a policy by which it can be verified.
pub fn ungoverned_server(url: &str) -> Finding {
    Rule::PolicyFetched
        .finding(Subject::of_ref(&layout::policy()))
        .found(format!("no refs/awo/policy at {url}"))
        .expected("a governed repository")
        .remedy("git clone, then git awo init, by whoever founds its policy")
}

/// A remote has the policy and the records; this one has branches alone, as a mirror of them.
pub fn without_records(remote: &str) -> Finding {
    Rule::PolicyFetched
        .finding(Subject::of_ref(&layout::policy()))
        .found(format!("{remote} has no refs/awo/policy"))
        .expected("a remote with the policy and its records")
        .remedy(format!(
            "clone from the server, or name it here: git remote set-url {} URL, then git awo fetch; or who \
             keeps this mirror has it follow refs/awo/* and refs/notes/awo/* too",
            quote(remote)
        ))
}

/// Leaves undecided what may be found only because this clone is behind: first `git awo fetch` has to
/// bring what is missing. Unchanged if it is not behind.
pub fn or_fetch(mut report: Report, may_be_behind: bool) -> Report {
    if may_be_behind {
        let findings = std::mem::take(&mut report.findings).into_iter();
        let fetch = |it: Finding| it.remedy("git awo fetch");
        report.undecided.extend(findings.map(fetch));
    }
    report
}

/// Names `git awo push` for what is found only because a push leaves out records that are here: with them
/// less is found.
pub fn or_push(report: &mut Report, with_records: &Report) {
    let about = |it: &Finding| (it.subject.clone(), it.rule.clone());
    let left: BTreeSet<_> = with_records.findings.iter().map(about).collect();
    let findings = std::mem::take(&mut report.findings).into_iter();
    let named = findings.map(|it| match left.contains(&about(&it)) {
        true => it,
        false => it.remedy(
            "git awo push, which takes the records along; then push what is left, such as tags",
        ),
    });
    report.findings = named.collect();
}

/// Without a pinned root nothing is decided.
pub fn unpinned() -> Finding {
    Rule::PinnedRoot
        .finding(Subject::of_ref(&layout::policy()))
        .found("no pinned root: nothing says that this policy is the right one")
        .expected("the first policy commit or a fingerprint, from somebody you trust")
        .remedy("git awo trust FINGERPRINT")
}

/// Commits of a ref without rules cannot be judged. `asked` are the commits as one would ask for
/// them, `branch` one by whose rules they could be judged.
pub fn without_rules(subject: Subject, asked: &str, branch: Option<&RefName>) -> Finding {
    let found = match subject.reference {
        Some(_) => "a ref that no rule governs",
        None => "commits that no governed branch of this clone contains",
    };
    let branch = branch.and_then(RefName::branch).unwrap_or("BRANCH");
    Rule::UngovernedRef
        .finding(subject)
        .found(found)
        .expected("a branch that the policy names")
        .remedy(format!("git awo verify {asked} --ref {branch}"))
}

/// A checkout of CI that no branch here contains is judged as proposed for some branch.
pub fn head_unjudged(head: ObjectId) -> Finding {
    Rule::UngovernedRef
        .finding(Subject::of_commit(head))
        .found("HEAD is at a commit that no branch of this clone contains")
        .expected("the branch that it is proposed for")
        .remedy("git awo verify --ci --ref BRANCH")
}

/// The policy by which a clone is verified may have expired meanwhile: the server has refused every
/// push since then, or has a newer one.
pub fn policy_unexpired(policy: &Policy, time: Timestamp) -> Option<Finding> {
    policy.expired_at(time).then(|| {
        Rule::PolicyUnexpired
            .finding(Subject::of_ref(&layout::policy()))
            .found("the policy has expired")
            .expected("a policy in force")
            .remedy("git awo fetch")
    })
}

/// What is known of the server is not older than so many days.
pub fn fresh(last: Option<Timestamp>, days: u32, time: Timestamp) -> Option<Finding> {
    let found = match last {
        Some(last) if last.plus_days(days) >= time => return None,
        Some(last) => format!("nothing was heard of the server since {last}"),
        None => "nothing says when the server was heard of last".to_owned(),
    };
    Some(
        Rule::Fresh
            .finding(Subject::of_ref(&layout::log()))
            .found(found)
            .expected(format!("a fetch or a receipt of the last {days} days"))
            .remedy("git awo fetch"),
    )
}

/// A ref contains what was seen there before; this one does not. `is_here` tells whether the clone
/// still has what was seen.
pub fn high_water_mark(
    reference: &RefName,
    now: Option<ObjectId>,
    seen: ObjectId,
    is_here: bool,
    findings: &mut Findings,
) {
    findings.extend(older_policy(reference, now, seen));
    findings.push(
        Rule::HighWaterMark
            .finding(Subject::of_ref(reference))
            .found(now.map_or("the ref is gone".to_owned(), |id| {
                format!("{id}, which does not contain it")
            }))
            .expected(format!("a descendant of {seen}, seen before"))
            .remedy(match is_here {
                true => format!(
                    "git update-ref {reference} {seen}, if it was moved here; else the server was \
                     rewound or forked: compare with another clone"
                ),
                false => FORGET_MARKS.to_owned(),
            }),
    );
}

/// An older policy is validly signed too: only that a newer one was in force tells it apart.
fn older_policy(reference: &RefName, now: Option<ObjectId>, seen: ObjectId) -> Option<Finding> {
    (*reference == layout::policy()).then(|| {
        Rule::PolicyDowngraded
            .finding(Subject::of_ref(reference))
            .found(now.map_or("no policy".to_owned(), |id| id.to_string()))
            .expected(format!("{seen}, which was in force, or a successor"))
            .remedy("git awo fetch; else the server was rewound")
    })
}

/// Returns the finding on a replace ref: git shows other objects by it than are there, and git-awo
/// does not.
pub fn replace_ref(name: &RefName) -> Finding {
    Rule::ReplaceRef
        .finding(Subject::of_ref(name))
        .found("a replace ref, which shows other objects to git than to git-awo")
        .expected("none")
        .remedy(format!("git update-ref -d {name}"))
}

/// Git and git-awo see the same objects.
pub fn no_replace_refs<'a>(refs: impl IntoIterator<Item = &'a RefName>, findings: &mut Findings) {
    let refs = refs.into_iter();
    let replaced = refs.filter(|name| name.as_str().starts_with("refs/replace/"));
    findings.extend(replaced.map(replace_ref));
}

/// Without its log a server can rewind everything alike, and nobody would notice.
pub fn log_present(history: &PolicyHistory) -> Option<Finding> {
    let server = history.current().policy.log_writers().next()?;
    let expected = format!("the log that {} writes, as the policy says", server.name);
    let finding = Rule::LogPresent
        .finding(Subject::of_ref(&layout::log()))
        .found("no refs/awo/log")
        .expected(expected);
    Some(finding.remedy("git awo fetch; before the first push: git awo push"))
}

/// A saved receipt can be looked up.
pub fn log_for_receipts() -> Finding {
    Rule::LogPresent
        .finding(Subject::of_ref(&layout::log()))
        .found("a receipt that cannot be looked up: no receive log")
        .expected("the log that holds the receipt")
        .remedy("git awo fetch")
}

/// The log contains the receipts that were saved; this one it does not.
pub fn receipt_in_log(digest: Sha256, sequence: u64) -> Finding {
    Rule::ReceiptInLog
        .finding(Subject::of_record(digest))
        .found("the receive log does not contain the receipt")
        .expected(format!("entry {sequence} of the log"))
        .remedy("git awo fetch; else the server has hidden a push")
}

/// A movement past the hooks takes nothing away; this one does.
pub fn moved_back(gap: &Movement) -> Finding {
    Rule::ForwardOnly
        .finding(Subject::of_ref(&gap.reference))
        .found(format!("moved past the hooks to {}", place(gap.new)))
        .expected(format!("a descendant of {}", place(gap.old)))
        .remedy("compare with another clone: the server was rewound or forked")
}

/// Says where a ref is.
pub fn place(id: Option<ObjectId>) -> String {
    id.map_or("nothing".to_owned(), |id| id.to_string())
}

/// The log is the first that there was. From when the policy names who writes it every push has an
/// entry, so that a first entry cannot find a later policy, nor records from then on. A server that
/// died before the receipt of its founding push leaves the policy behind, and no more.
pub fn log_begins(log: &Log, history: &PolicyHistory) -> Option<Finding> {
    let receipt = &log.entries.first()?.receipt;
    // What a push under way had moved is told again by its own entry.
    let mut before = receipt
        .predicate()
        .unrecorded
        .iter()
        .filter(|it| it.old.is_none() && log.unrecorded.contains(it));
    let policy = layout::policy();
    let found = before.clone().find(|it| it.reference == policy)?.new;
    let found = found.and_then(|id| history.index_of(id))?;
    let own: (IdentityName, String) = (receipt.signer().clone(), receipt.key().to_owned());
    let names_it = |version: &Version| {
        let mut writers = version.policy.log_writers();
        writers.any(|it| it.name == own.0) && version.policy.keyring().entries().contains(&own)
    };
    let since = history.versions().position(names_it)?;
    let founded = history.version(0).policy.log_writers().next().is_some();
    let is_record = |it: &Movement| {
        let place = Place::of(&it.reference);
        place.is_some_and(|it| !matches!(it, Place::Policy | Place::Log | Place::Unknown))
    };
    let what = match found > since {
        true => format!("policy version {}", history.version(found).policy.version()),
        // Whatever key a policy named: without one that it names no records were accepted.
        false if founded => before.find(|it| is_record(it))?.reference.to_string(),
        false => return None,
    };
    let found = format!("the first entry finds {what} there, of which no entry tells");
    let finding = Rule::LogBegins
        .finding(Subject::of_ref(&layout::log()))
        .found(found)
        .expected("the log from when the policy names who writes it");
    Some(
        finding
            .remedy("compare with an older clone: it has the log that was deleted on the server"),
    )
}

/// A ref contains what the log says was there; this one does not.
pub fn logged_state(
    reference: &RefName,
    now: Option<ObjectId>,
    logged: ObjectId,
    findings: &mut Findings,
) {
    findings.extend(older_policy(reference, now, logged));
    findings.push(
        Rule::LoggedState
            .finding(Subject::of_ref(reference))
            .found(now.map_or("no such ref".to_owned(), |id| id.to_string()))
            .expected(format!("a descendant of {logged}, as the receive log says"))
            .remedy("git fetch, git awo fetch; else the server was rewound"),
    );
}

/// Records that the log knows stay; this one is gone.
pub fn records_kept(record: Sha256) -> Finding {
    Rule::RecordsKept
        .finding(Subject::of_record(record))
        .found("a record that the receive log knows is gone")
        .expected("every record kept")
        .remedy("git awo fetch; else compare with another clone")
}
