//! Who has run the command of a run again, and with what result: what a contract with `determinism` asks of gate
//! 2, and what takes the place of a cell that nobody here has seen.

use crate::cell::{Demand, Layer};
use crate::facts::reruns::{Rerun, Reruns};
use crate::facts::run::Held;
use crate::policy::{Policy, Role};
use crate::record::determinism::{DeterminismReport, RUNS, Sameness};
use crate::record::path::unquote;
use crate::record::{Finding, IdentityName, ObjectId, Rule, RunId, Sha256, Subject, TaskId};
use crate::sys::shell;

use super::remedy;

/// What a report must show.
pub struct Wanted<'a> {
    /// How many runs.
    pub runs: u32,
    /// The tree that each must make.
    pub output: ObjectId,
    /// The layers of the cell that must have held.
    pub layers: &'static [Layer],
    /// Whether somebody made the run, or a part of it, and so cannot speak for it.
    pub is_own: &'a dyn Fn(&IdentityName) -> bool,
    /// The record that uses it; none for one that is still to come.
    pub used_by: Option<Sha256>,
}

/// Why no report shows what it must.
pub enum Lacks {
    /// A reviewer has found a difference.
    Differs(String),
    /// None counts, for these reasons; by one of a reviewer the command makes another tree.
    Otherwise(String),
    /// None counts, for these reasons.
    Uncounted(String),
}

impl Lacks {
    /// Returns why.
    pub fn why(self) -> String {
        match self {
            Self::Differs(why) | Self::Otherwise(why) | Self::Uncounted(why) => why,
        }
    }
}

/// Judges whether a reviewer has shown what is wanted.
pub fn shown(reruns: &Reruns, wanted: &Wanted<'_>) -> Result<(), Lacks> {
    let mut reasons = Vec::new();
    let (mut counts, mut otherwise) = (false, false);
    if reruns.recipe.is_none() {
        reasons.push("what ran is not known here".to_owned());
    }
    for it in &reruns.reports {
        let record = it.record.digest();
        if let Some(why) = stranger(it, wanted) {
            reasons.push(format!("{why} ({record})"));
            continue;
        }
        let report = &it.record.predicate().report;
        if report.verdict == Sameness::Differs {
            let difference = report.difference.as_ref().map(ToString::to_string);
            let difference = difference.unwrap_or_default();
            let who = it.record.signer();
            return Err(Lacks::Differs(format!(
                "{who} ran it {} times: {difference}",
                report.runs.len()
            )));
        }
        otherwise |= made_another(report, wanted.output).is_some();
        match too_little(report, wanted) {
            Some(why) => reasons.push(format!("{why} ({record})")),
            None => counts = true,
        }
    }
    if counts {
        return Ok(());
    }
    if reasons.is_empty() {
        reasons.push("nobody has run its command again".to_owned());
    }
    let reasons = reasons.join("; ");
    Err(match otherwise {
        true => Lacks::Otherwise(reasons),
        false => Lacks::Uncounted(reasons),
    })
}

/// Returns why a report says nothing here: it came too late, or by somebody who is no reviewer of the run.
fn stranger(it: &Rerun, wanted: &Wanted<'_>) -> Option<String> {
    let who = it.record.signer();
    let role = &it.record.predicate().context.role;
    if wanted
        .used_by
        .is_some_and(|used| !it.before.contains(&used))
    {
        return Some(format!("the report of {who} came later"));
    }
    if role != Role::Reviewer.word() {
        return Some(format!("the report of {who} is signed as {role}"));
    }
    if (wanted.is_own)(who) {
        return Some(format!("{who} made the run"));
    }
    None
}

/// Returns what a report of runs that made the same lacks.
fn too_little(report: &DeterminismReport, wanted: &Wanted<'_>) -> Option<String> {
    if report.verdict == Sameness::Failed {
        return Some("the command fails".to_owned());
    }
    if report.runs.len() < wanted.runs as usize {
        return Some(format!("only {} runs", report.runs.len()));
    }
    let lacks = |layer: &&Layer| !report.cell.held.contains(&layer.to_string());
    let lacking: Vec<_> = wanted.layers.iter().filter(lacks).collect();
    if !lacking.is_empty() {
        let names: Vec<_> = lacking.iter().map(ToString::to_string).collect();
        return Some(format!("of its cells did not hold: {}", names.join(", ")));
    }
    made_another(report, wanted.output)
}

/// Returns what runs that agree have made, if it is not this tree.
fn made_another(report: &DeterminismReport, tree: ObjectId) -> Option<String> {
    if report.verdict != Sameness::Same {
        return None;
    }
    match report.output() {
        Some(output) if output == tree => None,
        Some(output) => Some(format!("it makes the tree {output}")),
        None => Some("it makes nothing".to_owned()),
    }
}

/// Judges gate 2 of a run whose contract asks for determinism, by the log that passes it, or by one that is still to
/// come. Of a log that was accepted before, only the orchestrator is asked, as for the review itself.
pub fn gate_2(
    run: Held<'_>,
    policy: &Policy,
    log: Option<(Sha256, bool)>,
    subject: &Subject,
) -> Option<Finding> {
    let runs = run.facts.contract_says()?.determinism?;
    let is_new = log.is_none_or(|(_, is_new)| is_new);
    let is_own = |person: &IdentityName| run.is_own(person, policy, is_new);
    let id = &run.facts.id;
    let lacks = match &run.facts.reruns {
        None => Lacks::Uncounted("nobody has run its command again".to_owned()),
        Some(reruns) => {
            let wanted = Wanted {
                runs,
                output: run.says().tree,
                layers: run.facts.demand().map_or(&[], Demand::layers),
                is_own: &is_own,
                used_by: log.map(|(digest, _)| digest),
            };
            shown(reruns, &wanted).err()?
        }
    };
    let remedy = match (&lacks, &run.facts.reruns) {
        (Lacks::Differs(_) | Lacks::Otherwise(_), _) => another_run(id, &run.says().task),
        (Lacks::Uncounted(_), Some(reruns)) if reruns.recipe.is_none() => {
            format!(
                "git awo fetch; if that does not bring it, {}",
                another_run(id, &run.says().task)
            )
        }
        (Lacks::Uncounted(_), _) => format!(
            "ask a reviewer who has not made it: git awo determinism check --run {id} --sign, then git awo push"
        ),
    };
    Some(match lacks {
        Lacks::Differs(found) => Rule::Deterministic
            .finding(subject.clone())
            .found(found)
            .expected("a command that makes the same each time")
            .remedy(remedy),
        Lacks::Otherwise(found) | Lacks::Uncounted(found) => Rule::RanAgain
            .finding(subject.clone())
            .found(found)
            .expected(format!(
                "a reviewer's report of at least {runs} runs that make the tree {}",
                run.says().tree
            ))
            .remedy(remedy),
    })
}

/// Returns what helps where no further check does: the run is given up, and the task executed again.
fn another_run(run: &RunId, task: &TaskId) -> String {
    format!(
        "no other check helps: ask its orchestrator or an operator to type git awo cancel {run} --reason TEXT, then {}, \
         with a command that makes the same each time",
        remedy::run_again(task)
    )
}

/// Judges whether a run of which nobody here knows that its commands were confined was run again by a reviewer, in a
/// cell of which every layer held that is demanded. Returns why not.
pub fn in_a_cell(
    reruns: &Reruns,
    demand: Demand,
    (output, is_own): (ObjectId, &dyn Fn(&IdentityName) -> bool),
    used_by: Option<Sha256>,
) -> Option<Lacks> {
    let wanted = Wanted {
        runs: *RUNS.start(),
        output,
        layers: demand.layers(),
        is_own,
        used_by,
    };
    shown(reruns, &wanted).err()
}

/// Returns what helps a run from elsewhere: the command by which a reviewer runs it again, if that helps.
pub fn again(lacks: &Lacks, reruns: &Reruns, base: Option<ObjectId>) -> String {
    if !matches!(lacks, Lacks::Uncounted(_)) {
        return "no other check helps: execute the task here: git awo run TASK -- COMMAND"
            .to_owned();
    }
    let base = base.map_or("BASE".to_owned(), |it| it.to_string());
    let command = match &reruns.recipe {
        Some(recipe) => typed(&recipe.command),
        None => "COMMAND".to_owned(),
    };
    format!(
        "ask a reviewer to type git awo determinism check --sign --tree {base} -- {command}, then git awo push; or execute \
         the task here: git awo run TASK -- COMMAND"
    )
}

/// Returns a command of a report as one would type it.
pub fn typed(command: &[String]) -> String {
    let word = |it: &String| match unquote(it) {
        Some(word) => shell::shown(&word),
        None => shell::quote(it),
    };
    command.iter().map(word).collect::<Vec<_>>().join(" ")
}

/// The run whose command was run again, as far as its record holds.
pub struct OfRun {
    /// The run.
    pub run: RunId,
    /// Its task.
    pub task: TaskId,
    /// The tree of its commit.
    pub tree: ObjectId,
}

/// Returns the finding that a check does not show what it is made for, if it does not: the runs agree, and made the
/// tree of the run's commit if it is the command of a run.
pub fn judged(
    report: &DeterminismReport,
    of: Option<&OfRun>,
    subject: &Subject,
) -> Option<Finding> {
    let first = report.runs.first();
    Some(match report.verdict {
        Sameness::Same => {
            let of = of?;
            Rule::RanAgain
                .finding(subject.clone())
                .found(made_another(report, of.tree)?)
                .expected(format!("the tree of the run's commit, {}", of.tree))
                .remedy(another_run(&of.run, &of.task))
        }
        Sameness::Differs => {
            let difference = report.difference.as_ref().map(ToString::to_string);
            Rule::Deterministic
                .finding(subject.clone())
                .found(difference.unwrap_or_default())
                .expected("a command that makes the same each time")
                .remedy(match of {
                    Some(of) => another_run(&of.run, &of.task),
                    None => "take out of the command what differs: clocks, random numbers, process ids, orders, paths"
                        .to_owned(),
                })
        }
        Sameness::Failed => Rule::CommandSucceeds
            .finding(subject.clone())
            .found(format!(
                "exit code {} of {}",
                first.map_or(0, |it| it.exit_code),
                typed(&report.command)
            ))
            .expected("exit code 0")
            .remedy(match of {
                Some(of) => format!(
                    "check where there is what it needs: git awo determinism check --run {}; where it fails everywhere, {}",
                    of.run,
                    another_run(&of.run, &of.task)
                ),
                None => "mend the command, or what it needs of its environment".to_owned(),
            }),
    })
}

/// Returns the finding that the evidence of a run does not say what ran.
pub fn no_command(run: &RunId, task: &TaskId) -> Finding {
    Rule::RanAgain
        .finding(Subject::of_run(run))
        .found("evidence that does not say what ran")
        .expected("`command` in run_manifest.json")
        .remedy(format!(
            "git awo fetch; if that does not bring it, {}",
            another_run(run, task)
        ))
}
