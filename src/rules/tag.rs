//! Tags: who creates them and in which form, what they name, and that they stay where they are.

use crate::facts::tag::TagCase;
use crate::policy::TagRules;
use crate::policy::document::TagForm;
use crate::record::{Coded, Finding, Findings, ObjectId, RefName, Rule, Subject};
use crate::sys::shell::quote;

/// Judges a tag that is created, or moved to another object. What the policy names at that very object,
/// from before adoption, is not asked for anything.
pub fn created(case: &TagCase<'_>, findings: &mut Findings) {
    if let Some(adopted) = case.rules.adopted().filter(|_| !case.rules.accepts_new()) {
        findings.push(
            Rule::TagMove
                .finding(case.subject())
                .found("another object than the tag had at adoption")
                .expected(adopted)
                .remedy(leave_out(case.rules.reference())),
        );
        return;
    }
    if case.rules.is_ambiguous() {
        findings.push(
            Rule::TagName
                .finding(case.subject())
                .found("a tag whose short name is that of a branch, of HEAD or of an object")
                .expected("a name that means this tag only")
                .remedy(format!(
                    "git tag NAME {}, and push that one",
                    short(case.rules.reference())
                )),
        );
    }
    form(case, findings);
    if let Some(tag) = &case.tag
        && Some(tag.name.as_slice()) != case.rules.reference().tag().map(str::as_bytes)
    {
        findings.push(
            Rule::TagName
                .finding(case.subject())
                .found(format!(
                    "a tag object that calls itself {}",
                    crate::record::path::quote(&tag.name)
                ))
                .expected(short(case.rules.reference()))
                .remedy(again(case)),
        );
    }
    if case.commit().is_none() {
        let (kind, _) = case.target;
        findings.push(
            Rule::TagOf
                .finding(case.subject())
                .found(format!("a tag of a {kind}"))
                .expected("a tag of a commit")
                .remedy(leave_out(case.rules.reference())),
        );
    }
}

fn form(case: &TagCase<'_>, findings: &mut Findings) {
    match case.rules.form() {
        TagForm::Any => {}
        TagForm::Annotated if case.tag.is_some() => {}
        TagForm::Annotated => findings.push(
            Rule::TagForm
                .finding(case.subject())
                .found("a lightweight tag")
                .expected("a tag object")
                .remedy(again(case)),
        ),
        TagForm::Signed => match &case.signer {
            Err(error) => {
                let finding = error.to_finding(case.subject());
                findings.push(match error.is_mended_by_signing() {
                    true => finding.remedy(again(case)),
                    false => finding,
                });
            }
            Ok(signer) if !case.rules.grants_creation(&signer.person) => findings.push(
                Rule::TagCreators
                    .finding(case.subject())
                    .found(format!("a tag by {}", signer.person))
                    .expected("a creator whom the policy names for this tag")
                    .remedy(format!(
                        "ask a creator whom git awo policy show names to make the tag, or a root to name \
                         you: git awo policy propose FILE; {}",
                        leave_out(case.rules.reference())
                    )),
            ),
            Ok(_) => {}
        },
    }
}

/// The commit of a tag is in the history of a branch that may have such tags; this one is not.
pub fn outside(case: &TagCase<'_>, branches: &[&RefName]) -> Finding {
    let names: Vec<_> = branches.iter().filter_map(|it| it.branch()).collect();
    let expected = match names.as_slice() {
        [] => {
            "a commit of a branch that the policy lets have such tags, and there is none".to_owned()
        }
        [one] => format!("a commit of {one}"),
        several if several.len() <= 3 => format!("a commit of one of {}", several.join(", ")),
        several => format!("a commit of one of {} branches", several.len()),
    };
    Rule::TagOf
        .finding(case.subject())
        .found(format!(
            "a tag of {}, which no such branch contains",
            case.target.1
        ))
        .expected(expected)
        .remedy(format!(
            "push the branch first, or with it: git push --atomic SERVER BRANCH {}",
            quote(case.rules.reference().as_str())
        ))
}

/// A tag is named by the policy; nothing names this one.
pub fn unnamed(reference: &RefName) -> Finding {
    Rule::TagMove
        .finding(Subject::of_ref(reference))
        .found("a push of a tag that the policy does not name")
        .expected("tags that a [[tag]] entry names")
        .remedy(format!(
            "{}; or ask a root to name it: git awo policy propose FILE",
            leave_out(reference)
        ))
}

/// Judges what a push does to a tag that was at `old`: at the door, and again where the log tells of it.
pub fn changed(
    rules: &TagRules<'_>,
    old: Option<ObjectId>,
    new: Option<ObjectId>,
) -> Option<Finding> {
    match (old, new) {
        (_, None) => deleted(rules),
        (Some(old), Some(new)) if old != new => moved(rules, old, new),
        _ => None,
    }
}

/// A tag stays where it is; this one moved.
pub fn moved(rules: &TagRules<'_>, old: ObjectId, new: ObjectId) -> Option<Finding> {
    (!rules.accepts_move()).then(|| {
        Rule::TagMove
            .finding(Subject::of_ref(rules.reference()).at(new))
            .found("a tag that is moved")
            .expected(format!("at {old}, where it was created"))
            .remedy(format!(
                "{}; or a root sets move = true in each [[tag]] that matches it: git awo policy propose FILE",
                take_back(rules.reference())
            ))
    })
}

/// A tag stays; this one was deleted.
fn deleted(rules: &TagRules<'_>) -> Option<Finding> {
    (!rules.accepts_delete()).then(|| {
        Rule::TagMove
            .finding(Subject::of_ref(rules.reference()))
            .found("a tag that is deleted")
            .expected("a tag that is kept")
            .remedy(format!(
                "{}; or a root sets delete = true in each [[tag]] that matches it: git awo policy propose FILE",
                take_back(rules.reference())
            ))
    })
}

/// A tag of a server is where the last push moved it; this one is elsewhere. `now`: where it is.
pub fn logged(reference: &RefName, now: Option<ObjectId>, logged: Option<ObjectId>) -> Finding {
    Rule::TagMove
        .finding(Subject::of_ref(reference))
        .found(match now {
            Some(now) => format!("at {now}"),
            None => "no such tag".to_owned(),
        })
        .expected(match logged {
            Some(logged) => format!("at {logged}, as the receive log says"),
            None => "no such tag, as the receive log says".to_owned(),
        })
        .remedy(format!(
            "{}; if the server has it so too, it was moved past the hooks: compare with another clone",
            match logged {
                Some(_) => take_back(reference),
                None => format!("git tag -d {}", short(reference)),
            }
        ))
}

/// A server has the tags of its log; this one is gone past its hooks.
pub fn lacked(reference: &RefName, logged: ObjectId) -> Finding {
    Rule::TagMove
        .finding(Subject::of_ref(reference))
        .found("the server has no such tag")
        .expected(format!("at {logged}, as the receive log says"))
        .remedy(restore(reference, logged))
}

/// A clone that lacks a tag of the log knows that the server has it; nobody has asked for this one.
pub fn unasked(reference: &RefName, logged: ObjectId) -> Finding {
    Rule::TagMove
        .finding(Subject::of_ref(reference))
        .found("no such tag in this clone, and it is not known whether the server has it")
        .expected(format!("at {logged}, as the receive log says"))
        .remedy("git awo fetch")
}

/// Notes that a tag was rightly moved or deleted since a clone got it.
pub fn elsewhere(reference: &RefName, now: Option<ObjectId>) -> String {
    let (now, remedy) = match now {
        Some(now) => (
            format!("is at {now}"),
            "git fetch --tags --prune-tags --force".to_owned(),
        ),
        None => (
            "was deleted".to_owned(),
            format!("git tag -d {}", short(reference)),
        ),
    };
    format!("{reference} {now} since, as the receive log says: {remedy}")
}

/// A tag object stays what it is; here stands its commit alone, which the clone itself may have written.
pub fn peeled(reference: &RefName, here: ObjectId, logged: Option<ObjectId>) -> Finding {
    let logged = logged.map_or_else(String::new, |id| id.to_string());
    Rule::TagMove
        .finding(Subject::of_ref(reference))
        .found(format!(
            "at {here}, which is the commit of the tag: checkouts of CI write a tag so"
        ))
        .expected(format!("at {logged}, as the receive log says"))
        .remedy("git awo fetch --whole")
}

/// Returns how a tag becomes what the server has.
fn take_back(reference: &RefName) -> String {
    let tag = quote(reference.as_str());
    format!("git fetch SERVER +{tag}:{tag}")
}

/// Returns how a tag of the server comes back to where it was.
fn restore(reference: &RefName, at: ObjectId) -> String {
    let tag = quote(reference.as_str());
    format!(
        "ask the server's administrator to restore it: git update-ref {tag} {at}; or who has it pushes it \
         back: git push SERVER {tag}; then git awo fetch"
    )
}

fn leave_out(reference: &RefName) -> String {
    format!(
        "leave it out of the push: git push --no-follow-tags, without {}",
        short(reference)
    )
}

fn short(reference: &RefName) -> String {
    quote(reference.tag().unwrap_or(reference.as_str()))
}

/// Returns how a tag is made again in the form that the policy demands.
fn again(case: &TagCase<'_>) -> String {
    let (name, commit) = (short(case.rules.reference()), case.target.1);
    match case.rules.form() {
        TagForm::Signed => format!("git -c gpg.format=ssh tag -f -s -m MESSAGE {name} {commit}"),
        _ => format!("git tag -f -a -m MESSAGE {name} {commit}"),
    }
}
