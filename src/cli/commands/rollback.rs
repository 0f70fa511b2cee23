//! `git awo rollback`

use clap::Args;
use serde_json::json;

use crate::actor::Actor;
use crate::check::branch::signer_of;
use crate::cli::context::{catch_up, facts_of, follow, require_clean, ungoverned, unheld};
use crate::cli::{Answer, CliError, Context};
use crate::facts::case::CommitCase;
use crate::git::{CommitDraft, Expected, RefUpdate};
use crate::record::{Findings, ObjectId, RefName, Refusal, Rule, RunId, Subject};
use crate::rules::{self, Reverted};
use crate::store::ledger::Records;

/// Take back a rejected run: one commit, its exact inverse
#[derive(Debug, Args)]
pub struct RollbackArgs {
    /// The run
    run: String,
}

/// Runs the command.
pub fn run(context: &Context, args: &RollbackArgs) -> Result<Answer, CliError> {
    let run = RunId::new(args.run.as_str()).map_err(|error| CliError::usage(error.to_string()))?;
    let actor = context.actor()?;
    let history = actor.history()?;
    let refs = actor.refs()?;
    let records = Records::open(&actor.repo, &refs)?;
    let collector = actor.collector(&records, &history);
    let facts = facts_of(&collector, &run)?;
    let policy = &history.current().policy;
    let refuse = |why: Refusal| CliError::denied(format!("{run} cannot be rolled back"), why);
    let Some(record) = facts.run.valid() else {
        return Err(refuse(unheld(&facts, &history)));
    };
    let says = record.predicate();
    let reader = &actor.repo;
    let gone =
        || CliError::usage(format!("{} does not exist here", says.reference)).hint("git fetch");
    let tip = reader.reference(&says.reference)?.ok_or_else(gone)?;
    let ancestor = reader.is_ancestor(says.commit, tip)?;
    let earlier = if ancestor {
        crate::check::rollback::earlier_rollback(reader, &[tip], says.commit, &run)?
    } else {
        None
    };
    if let Some(earlier) = earlier {
        let remark = match reader.commit(earlier)?.parents.as_slice() {
            [before] if earlier == tip => catch_up(&actor, &says.reference, *before, tip)?,
            _ => String::new(),
        };
        let subject = Subject::of_run(&run).at(earlier);
        let finding = Rule::RollbackOnce
            .finding(subject)
            .found(format!("taken back before by {earlier}"))
            .expected("one roll-back")
            .remedy("git awo push");
        let refusal = CliError::denied(format!("{run} is rolled back already"), [finding]);
        return Err(match remark.is_empty() {
            true => refusal,
            false => refusal.hint(remark.trim_end()),
        });
    }
    let tip_tree = reader.commit(tip)?.tree;
    let harness = reader.commit(says.commit)?;
    let changes = reader.changes(Some(reader.commit(says.base)?.tree), Some(harness.tree))?;
    let mut stale = Findings::new();
    let mut edits = Vec::new();
    for change in &changes {
        if reader.entry(tip_tree, &change.path)? != change.new {
            stale.push(
                Rule::ExactInverse
                    .finding(Subject::of_run(&run).path(&change.path))
                    .found("changed by others since")
                    .expected("as the run left it")
                    .remedy("undo it by a task of its own: git awo task new"),
            );
        }
        edits.push((change.path.clone(), change.old));
    }
    if let Some(why) = Refusal::of(stale) {
        return Err(refuse(why));
    }
    behind(&actor, &says.reference, tip)?;
    require_clean(&actor, &says.reference, tip)?;
    let author = actor.author();
    let mut draft = CommitDraft {
        tree: reader.edit_tree(Some(tip_tree), &edits)?,
        parents: vec![tip],
        author: author.clone(),
        committer: author,
        message: format!(
            "Roll back {run}\n\nThe exact inverse of {}.\n\nAWO-Rollback: {run}\n",
            says.commit
        )
        .into_bytes(),
        signature: None,
    };
    let signature = actor.sign_raw("git", &draft.payload(reader.hash_kind()))?;
    draft.signature = Some(signature.to_armor().into_bytes());
    let id = reader.write_commit(&draft)?;
    // Judge it as the server will, before anything moves.
    let commit = reader.commit(id)?;
    let Some(rules) = policy.ref_rules(&says.reference) else {
        return Err(CliError::undecided(
            format!("{} is not governed", says.reference),
            ungoverned(&says.reference),
        ));
    };
    let most = policy.document().limits.paths;
    let inverse = reader.compare(Some(tip_tree), Some(commit.tree), most)?;
    let signer = signer_of(policy, &says.reference, &commit, actor.now());
    let case = CommitCase {
        rules: &rules,
        commit: &commit,
        changes: &inverse.changes,
        faults: &inverse.faults,
        signer,
    };
    let reverted = Reverted {
        commit: &harness,
        changes: &changes,
        ancestor,
        earlier,
    };
    let mut findings = Findings::new();
    rules::rollback(&case, &facts, &reverted, &mut findings);
    if let Some(why) = Refusal::of(findings) {
        return Err(refuse(why).hint(format!("git awo outcome {run} rejected --reason TEXT")));
    }
    let update = RefUpdate {
        name: says.reference.clone(),
        expected: Expected::At(tip),
        new: Some(id),
    };
    reader
        .update_refs(&[update], &format!("awo: rollback {run}"))
        .map_err(crate::store::Error::from)?;
    follow(&actor, &says.reference, tip, id)?;
    let text = format!(
        "rolled {run} back: {} is at {}\nnext: git awo push\n",
        says.reference,
        id.short()
    );
    Ok(Answer::new(
        "rollback",
        json!({ "run": run, "commit": id, "ref": says.reference }),
        text,
    ))
}

/// Refuses to roll back on a branch that is behind what was last seen at a remote.
fn behind(actor: &Actor, reference: &RefName, tip: ObjectId) -> Result<(), CliError> {
    let branch = reference.branch().unwrap_or_default();
    for (name, theirs) in actor.repo.references("refs/remotes/")? {
        let same = name.as_str().ends_with(&format!("/{branch}"));
        if same && !actor.repo.is_ancestor(theirs, tip)? {
            return Err(CliError::denied(
                format!("{reference} is behind {name}"),
                [Rule::BranchMoved
                    .finding(Subject::of_ref(reference))
                    .found(tip)
                    .expected(format!("a descendant of {theirs}"))
                    .remedy(format!("git merge --ff-only {name}"))],
            ));
        }
    }
    Ok(())
}
