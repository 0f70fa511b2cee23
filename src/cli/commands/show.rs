//! `git awo show`

use clap::Args;
use serde_json::{Value, json};

use super::{decisions, events};
use crate::cli::{Answer, Context};
use crate::ops::ceiling::Measured;
use crate::ops::decision::Decision;
use crate::ops::life::{Reached, RunLife, State};
use crate::ops::{Error, show};
use crate::record::ceiling::{Figure, Figures};
use crate::record::path::escape_json;
use crate::render::one_line;

/// Show a task, a run, a decision or a commit with everything recorded about it
///
/// Of a task it shows the admissions of its target too, and of a locator those alone. Of a decision it tells first how it stands: what others answer or supersede, the run that used it, and
/// its events. Of a run it
/// draws its life: the states that it has come to, where it is, and what may follow.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// A task, a run, a decision, a commit or the locator of an admission
    id: String,
}

pub fn run(context: &Context, args: &ShowArgs) -> Result<Answer, Error> {
    let shown = show::show(&context.session()?, &args.id)?;
    let mut text = String::new();
    let mut rows = Vec::new();
    if let Some(it) = &shown.decision {
        text.push_str(&decided(it));
    }
    if let Some(it) = &shown.life {
        text.push_str(&lived(&args.id, it));
    }
    if let Some(it) = &shown.gate1 {
        let (id, gate, target) = (&it.decision_id, &it.gate_type, &it.target_ref);
        text.push_str(&format!(
            "gate 1 opened by the decision {id} of {gate} {target}: git awo show {id}\n\n"
        ));
    }
    if let Some(it) = &shown.ceiling {
        text.push_str(&measured(it));
    }
    if shown.unconfined {
        text.push_str("its commands were not confined: its evidence names no cell\n");
    }
    if let Some(it) = &shown.cell {
        let line = one_line(&it.cell.to_string());
        text.push_str(&format!(
            "its commands were confined, its orchestrator says: {line}\n"
        ));
        for path in &it.terms.read {
            text.push_str(&format!("  they could read {}\n", one_line(path)));
        }
        if it.terms.network {
            text.push_str("  they had the network\n");
        }
        if it.terms.limits.named().next().is_some() {
            text.push_str(&format!("  limits: {}\n", it.terms.limits));
        }
        text.push('\n');
    }
    for (place, envelope, recorded) in &shown.found {
        let statement: Value = serde_json::from_slice(envelope.payload()).unwrap_or(Value::Null);
        let digest = envelope.digest();
        let signatures = envelope.signatures().iter();
        let keys: Vec<_> = signatures.map(|it| it.keyid.as_str()).collect();
        let signed_by = one_line(&keys.join(", "));
        let when = recorded.map_or_else(String::new, |it| format!("  recorded {it}"));
        text.push_str(&format!("{place}  {digest}  signed by {signed_by}{when}\n"));
        text.push_str(&escape_json(&String::from_utf8_lossy(envelope.payload())));
        text.push_str("\n\n");
        rows.push(json!({
            "record": place, "digest": digest, "signed_by": keys, "recorded": recorded,
            "statement": statement,
        }));
    }
    text.push_str(
        "(records are shown as stored, not verified; git awo chain RUN or git awo verify judges)\n",
    );
    let mut value = json!({ "id": args.id, "records": rows });
    if let Some(it) = &shown.decision {
        extend(&mut value, json!({ "decision": of(it)? }));
    }
    if let Some(it) = &shown.life {
        extend(&mut value, json!({ "life": life(it) }));
    }
    if let Some(it) = &shown.ceiling {
        extend(&mut value, json!({ "ceiling": ceiling(it) }));
    }
    if let Some(it) = &shown.gate1 {
        extend(&mut value, json!({ "gate1": it }));
    }
    if let Some(it) = &shown.cell {
        extend(
            &mut value,
            json!({ "cell": it.cell, "cell_terms": it.terms }),
        );
    }
    Ok(Answer::new("show", value, text))
}

/// Returns what counts against a ceiling, for programs.
pub(super) fn ceiling(it: &Measured) -> Value {
    let figures = |it: &Figures| json!({ "files": it.files, "directories": it.directories, "lines": it.lines });
    let whose: serde_json::Map<_, _> = it
        .whose
        .iter()
        .map(|(figure, whose)| (figure.word().to_owned(), json!(whose.words())))
        .collect();
    let window = it.window.as_ref().map(|(days, measured, limits)| {
        json!({ "days": days, "measured": figures(measured), "ceiling": figures(limits) })
    });
    json!({
        "task": it.base, "person": it.person, "level": it.level, "runs": it.runs,
        "measured": figures(&it.figures), "ceiling": figures(&it.limits), "whose": whose, "window": window,
    })
}

/// Returns figures beside their limits, on a line.
pub(super) fn figures(measured: &Figures, limits: &Figures) -> String {
    let one = |it: &Figure| format!("{} of {} {it}", measured.of(*it), limits.of(*it));
    let all: Vec<_> = Figure::ALL.iter().map(one).collect();
    all.join(", ")
}

fn measured(it: &Measured) -> String {
    let runs = match it.runs {
        1 => "1 run".to_owned(),
        runs => format!("{runs} runs"),
    };
    let (person, base, level) = (&it.person, &it.base, it.level);
    let mut text = format!("ceiling of {person}, level {level}: {runs} of {base}\n");
    for (figure, whose) in &it.whose {
        let (measured, limit) = (it.figures.of(*figure), it.limits.of(*figure));
        let whose = whose.words();
        text.push_str(&format!("  {measured} of {limit} {figure}, {whose}\n"));
    }
    if let Some((days, measured, limits)) = &it.window {
        let figures = figures(measured, limits);
        text.push_str(&format!("  of {person} in {days} days: {figures}\n"));
    }
    text.push('\n');
    text
}

fn extend(value: &mut Value, more: Value) {
    if let (Value::Object(all), Value::Object(more)) = (value, more) {
        all.extend(more);
    }
}

fn life(it: &RunLife) -> Value {
    let passed = |it: &Reached| {
        json!({
            "state": it.state.word(), "by": it.by, "record": it.record, "recorded": it.recorded,
        })
    };
    let next =
        |(state, command): &(State, String)| json!({ "state": state.word(), "command": command });
    json!({
        "state": it.state().word(), "passed": it.passed.iter().map(passed).collect::<Vec<_>>(),
        "next": it.next.iter().map(next).collect::<Vec<_>>(),
    })
}

/// Draws the life of a run: a line a state, where it is, and what may follow.
fn lived(id: &str, it: &RunLife) -> String {
    let state = it.state();
    let mut text = format!("{}: {}\n", one_line(id), state.word());
    for at in &it.passed {
        let mark = if at.state == state { '*' } else { '|' };
        let by = at.by.as_ref().map_or("", |it| it.as_str());
        let when = at.recorded.map_or_else(String::new, |it| it.to_string());
        let line = format!("{mark} {:<12} {by:<12} {when}", at.state.word());
        text.push_str(line.trim_end());
        text.push('\n');
    }
    for (state, command) in &it.next {
        text.push_str(&format!(
            "  {:<12} {command}\n",
            format!("> {}", state.word())
        ));
    }
    text.push('\n');
    text
}

fn of(it: &Decision) -> Result<Value, Error> {
    let says = &it.listed.says;
    let mut value = decisions::value(&it.listed);
    let more = json!({
        "target": says.target, "base": says.base, "note": says.note,
        "auto_signature": it.auto_signature, "answered_by": it.answered_by,
        "superseded_by": it.superseded_by, "used_by": it.used_by, "used_by_commit": it.lifted_for,
        "events": events::values(&it.events)?,
    });
    extend(&mut value, more);
    Ok(value)
}

/// Returns a decision as lines: the values of the record, and what follows from others.
fn decided(it: &Decision) -> String {
    let says = &it.listed.says;
    let decision = &says.decision;
    let mut text = format!(
        "{}: {} {} {}, {}\n",
        decision.decision_id,
        decision.decision,
        decision.gate_type,
        decision.target_ref,
        it.listed.standing.word()
    );
    let mut line = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            text.push_str(&format!("{name:<15} {}\n", one_line(&value)));
        }
    };
    let model = decision.actor.model_id.as_deref();
    let model = model.map_or_else(String::new, |it| format!(", the model {it}"));
    let confidence = decision.confidence.map(|it| format!(", confidence {it}"));
    let confidence = confidence.unwrap_or_default();
    let by = &says.context.identity;
    line("by", Some(format!("{by}{model}{confidence}")));
    line("level", Some(says.level.to_string()));
    line("rationale", Some(decision.rationale.to_string()));
    line("note", says.note.as_ref().map(ToString::to_string));
    line("binds", Some(says.target.to_string()));
    line("base", says.base.map(|it| it.to_string()));
    if let Some(protection) = &says.protection {
        line("changes", Some(protection.path.to_string()));
        line("from", Some(decisions::held(protection.from)));
        line("to", Some(decisions::held(protection.to)));
    }
    for evidence in &decision.evidence_refs {
        line("evidence", Some(evidence.to_string()));
    }
    line("decided", Some(decision.timestamp.to_string()));
    line("expires", Some(says.expires.to_string()));
    line("auto-signature", it.auto_signature.map(|it| it.to_string()));
    line("answers", says.answers.as_ref().map(ToString::to_string));
    line(
        "answered by",
        it.answered_by.as_ref().map(ToString::to_string),
    );
    line(
        "supersedes",
        says.supersedes.as_ref().map(ToString::to_string),
    );
    line(
        "superseded by",
        it.superseded_by.as_ref().map(ToString::to_string),
    );
    line("used by", it.used_by.as_ref().map(ToString::to_string));
    line("used by", it.lifted_for.map(|it| format!("commit {it}")));
    for event in &it.events {
        line("event", Some(format!("{} {}", event.timestamp, event.kind)));
    }
    text.push('\n');
    text
}
