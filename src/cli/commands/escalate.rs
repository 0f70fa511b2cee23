//! `git awo escalate`

use std::ffi::OsString;
use std::io::{self, IsTerminal as _};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::integrity::write_out;
use crate::cli::{Answer, Context};
use crate::ops::escalate::{self, Listed, Projection};
use crate::ops::integrity::shown;
use crate::ops::{Error, Process, Session};
use crate::record::{EscalationId, Reason, RunId, TaskId, Token};
use crate::records::CloudEscalation;
use crate::render;
use crate::sys::file::keeps_nothing;

/// Hand content to a model elsewhere, with a person's consent to exactly these bytes
///
/// Somebody asks (request), and plans what is handed over (plan). A person consents or refuses
/// (consent). `send` writes the bytes to standard output, once, after the server has recorded that.
/// Nothing of the content is recorded but its digest and size, and nothing is sent by itself.
#[derive(Debug, Args)]
pub struct EscalateArgs {
    #[command(subcommand)]
    command: EscalateCommand,
}

#[derive(Debug, Subcommand)]
enum EscalateCommand {
    /// Ask to hand content to a model elsewhere
    Request {
        /// The task that it is for
        #[arg(
            long,
            value_name = "ID",
            required_unless_present = "run",
            conflicts_with = "run"
        )]
        task: Option<String>,
        /// A run that did not succeed without it
        #[arg(long, value_name = "RUN")]
        run: Option<String>,
        /// The model that is to get it
        #[arg(long, value_name = "NAME")]
        model: String,
        /// A label for where the model is reached
        #[arg(long, value_name = "LABEL")]
        endpoint: Option<String>,
        /// Why, as a reason code: a word of A-Z a-z 0-9 _ . : / -
        #[arg(long, value_name = "CODE")]
        reason: String,
    },
    /// Plan what exactly is handed over
    Plan {
        /// The request
        request: String,
        /// The file with exactly the bytes that are handed over
        file: OsString,
        /// From what they were made: an object id, ID:path, task/ID or run/ID
        #[arg(long, value_name = "REF")]
        include: Vec<String>,
        /// What was taken out of them: secrets, pii
        #[arg(long, value_name = "NAME")]
        redacted: Vec<String>,
        /// So many bytes the file may have
        #[arg(long, value_name = "N")]
        max_bytes: u64,
    },
    /// Consent to a plan as a person, or refuse
    Consent {
        /// The request whose plan it is
        plan: String,
        /// Consent
        #[arg(long, required_unless_present = "no", conflicts_with = "no")]
        yes: bool,
        /// Refuse
        #[arg(long)]
        no: bool,
        /// Consent only if this is the planned file
        #[arg(long, value_name = "FILE")]
        file: Option<OsString>,
        /// So long it holds, in hours [default: as long as the policy lets it]
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
        hours: Option<u32>,
        /// Why, in words
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
    /// Record the use of a consent at the server, then write the bytes to standard output
    Send {
        /// The request whose plan it is
        plan: String,
        /// The planned file
        file: OsString,
        /// The remote whose server records the use
        #[arg(long, value_name = "NAME", default_value = "origin")]
        remote: String,
    },
    /// Show one escalation: what is planned, and what a person has said
    Show {
        /// The request
        request: String,
    },
    /// List escalations
    List {
        /// Only those with which something is left to be done
        #[arg(long)]
        open: bool,
    },
}

pub fn run(context: &Context, args: &EscalateArgs) -> Result<Answer, Error> {
    match &args.command {
        EscalateCommand::Request {
            task,
            run,
            model,
            endpoint,
            reason,
        } => request(
            &context.session()?,
            escalate::Request {
                task: task.as_deref().map(TaskId::new).transpose()?,
                run: run.as_deref().map(RunId::new).transpose()?,
                model: Token::new(model.as_str())?,
                endpoint: endpoint.as_deref().map(Token::new).transpose()?,
                reason: Token::new(reason.as_str())?,
            },
        ),
        EscalateCommand::Plan {
            request,
            file,
            include,
            redacted,
            max_bytes,
        } => {
            let tokens = |texts: &[String]| {
                let tokens = texts.iter().map(|it| Token::new(it.as_str()));
                tokens.collect::<Result<Vec<_>, _>>()
            };
            let path = context.directory().join(file);
            let id = EscalationId::new(request.as_str())?;
            let request = escalate::PlanRequest {
                id,
                file: (&path, &shown(file)),
                includes: tokens(include)?,
                redactions: tokens(redacted)?,
                max_bytes: *max_bytes,
            };
            plan(&context.session()?, request)
        }
        EscalateCommand::Consent {
            plan,
            yes,
            hours,
            note,
            file,
            ..
        } => {
            let named = file
                .as_ref()
                .map(|it| (context.directory().join(it), shown(it)));
            let request = escalate::ConsentRequest {
                id: EscalationId::new(plan.as_str())?,
                approved: *yes,
                hours: *hours,
                note: note.as_deref().map(Reason::new).transpose()?,
                file: named.as_ref().map(|(path, name)| (&**path, &**name)),
            };
            consent(&context.session()?, request)
        }
        EscalateCommand::Send { plan, file, remote } => send(context, plan, file, remote),
        EscalateCommand::Show { request } => {
            let id = EscalationId::new(request.as_str())?;
            show(&escalate::escalation(&context.session()?, id)?)
        }
        EscalateCommand::List { open } => list(&context.session()?, *open),
    }
}

fn request(session: &Session, request: escalate::Request) -> Result<Answer, Error> {
    let id = escalate::request(session, request)?;
    let text = format!("{id}\nnext: git awo escalate plan {id} FILE --max-bytes N\n");
    Ok(Answer::new("escalation", json!({ "escalation": id }), text))
}

fn plan(session: &Session, request: escalate::PlanRequest<'_>) -> Result<Answer, Error> {
    let id = request.id.clone();
    let done = escalate::plan(session, request)?;
    let (bytes, payload) = (done.bytes, done.payload);
    let value = json!({
        "escalation": id, "bytes": bytes, "payload_sha256": payload, "record": done.record,
    });
    let text = format!(
        "planned {bytes} bytes, SHA-256 {payload}\n\
         next: git awo push, and a person: git awo escalate consent {id} --yes\n"
    );
    Ok(Answer::new("escalation-plan", value, text))
}

fn consent(session: &Session, request: escalate::ConsentRequest<'_>) -> Result<Answer, Error> {
    let (id, approved) = (request.id.clone(), request.approved);
    let done = escalate::consent(session, request)?;
    let plan = &done.plan.plan;
    let value = json!({
        "escalation": id, "approved": approved, "bytes": done.plan.bytes,
        "payload_sha256": plan.payload_sha256, "model": done.request.requested_model_id,
        "decision": done.decided.id, "expires": done.expires, "record": done.record,
    });
    let mut text = asked(&done.request) + &planned(&done.plan);
    text.push_str(&match approved {
        true => format!(
            "you consent, once, until {}\nnext: git awo push, then git awo escalate send {id} FILE\n",
            done.expires
        ),
        false => "you refuse\nnext: git awo push\n".to_owned(),
    });
    Ok(Answer::new("escalation-consent", value, text))
}

fn send(context: &Context, plan: &str, file: &OsString, remote: &str) -> Result<Answer, Error> {
    let id = EscalationId::new(plan)?;
    if context.json() {
        return Err(Error::usage(
            "standard output cannot take both the bytes and JSON",
        ));
    }
    if io::stdout().is_terminal() {
        let hint = format!("git awo escalate send {id} {} > OUTPUT", shown(file));
        return Err(Error::usage("the bytes are nothing for a terminal").hint(hint));
    }
    if keeps_nothing(&io::stdout()) {
        // What the shell closes (`>&-`) is opened as /dev/null before this program begins.
        let hint = format!("git awo escalate send {id} {} > OUTPUT", shown(file));
        return Err(Error::from(Process::Nowhere).hint(hint));
    }
    let path = context.directory().join(file);
    let sent = escalate::send(&context.session()?, &id, (&path, &shown(file)), remote)?;
    write_out(&mut sent.bytes.as_slice())?;
    context.say(format!(
        "{} bytes for {}; the consent to {id} is used",
        sent.bytes.len(),
        sent.request.requested_model_id
    ));
    if !sent.aside.is_empty() {
        context.say("other records were set aside, which the server will never take:");
        context.say(render::report::lines(&sent.aside).trim_end());
    }
    let value = json!({ "escalation": id, "bytes": sent.bytes.len(), "record": sent.record });
    Ok(Answer::new("escalation-send", value, ""))
}

/// Says what is asked for.
fn asked(request: &CloudEscalation) -> String {
    let at = request.endpoint.as_ref();
    let at = at.map(|it| format!(" at {it}")).unwrap_or_default();
    format!(
        "for {}{at}: {}, task {}\n",
        request.requested_model_id, request.reason, request.wp_id
    )
}

/// Says what is planned.
fn planned(says: &Projection) -> String {
    let words = |tokens: &[Token]| match tokens {
        [] => "nothing named".to_owned(),
        tokens => {
            let words: Vec<_> = tokens.iter().map(Token::as_str).collect();
            words.join(", ")
        }
    };
    let plan = &says.plan;
    format!(
        "{} bytes, SHA-256 {}\nmade from: {}\ntaken out: {}\n",
        says.bytes,
        plan.payload_sha256,
        words(&plan.include_artifact_refs),
        words(&plan.redactions_applied)
    )
}

fn show(it: &Listed) -> Result<Answer, Error> {
    let request = it.there.request.predicate();
    let mut text = format!(
        "{}  {}, by {}\n",
        it.id,
        it.state.word(),
        it.there.request.signer()
    );
    text.push_str(&asked(&request.request));
    if let Some(run) = &request.run {
        text.push_str(&format!("after run {run}\n"));
    }
    if let Some(plan) = it.plan() {
        text.push_str(&planned(&plan));
    }
    if let Some(plan) = &it.there.plan {
        text.push_str(&format!("planned by {}\n", plan.signer()));
    }
    if let Some(consent) = &it.there.consent {
        let says = consent.predicate();
        let word = match says.consent.approved {
            true => "consents",
            false => "refuses",
        };
        text.push_str(&format!(
            "{} {word}, until {}, as {}\n",
            consent.signer(),
            says.expires,
            says.decision
        ));
    }
    if let Some(used) = &it.there.used {
        let time = used.predicate().time;
        text.push_str(&format!("used by {} at {time}\n", used.signer()));
    }
    Ok(Answer::new("escalation", value(it), text))
}

/// Returns an escalation for `--json`.
fn value(it: &Listed) -> Value {
    let plan = it.plan();
    let consent = it.there.consent.as_ref().map(|it| it.predicate());
    let request = it.there.request.predicate();
    json!({
        "escalation": it.id, "state": it.state.word(), "by": it.there.request.signer(),
        "request": request.request, "run": request.run,
        "plan": plan.as_ref().map(|it| &it.plan), "bytes": plan.as_ref().map(|it| it.bytes),
        "consent": consent.map(|it| &it.consent), "decision": consent.map(|it| &it.decision),
        "expires": consent.map(|it| it.expires),
        "used_by": it.there.used.as_ref().map(|it| it.signer()),
    })
}

fn list(session: &Session, open: bool) -> Result<Answer, Error> {
    let mut all = escalate::escalations(session)?;
    all.retain(|it| !open || it.state.is_open());
    let mut text = String::new();
    for it in &all {
        text.push_str(&line(it));
    }
    if all.is_empty() {
        text.push_str("no escalations\n");
    }
    let value = json!({ "escalations": all.iter().map(value).collect::<Vec<_>>() });
    Ok(Answer::new("escalations", value, text))
}

fn line(it: &Listed) -> String {
    let request = &it.there.request.predicate().request;
    let bytes = it.there.plan.as_ref().map(|it| it.predicate().bytes);
    let bytes = bytes.map(|it| format!(", {it} bytes")).unwrap_or_default();
    format!(
        "{}  {} for {} by {}: {}{bytes}, {}\n",
        it.id,
        request.wp_id,
        request.requested_model_id,
        it.there.request.signer(),
        request.reason,
        it.state.word()
    )
}
