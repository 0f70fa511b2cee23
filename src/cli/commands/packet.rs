//! `git awo packet`

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::{Answer, Context};
use crate::ops::Error;
use crate::ops::packet::{self, Computed};
use crate::record::{Report, TaskId, json};
use crate::render::one_line;

/// Plan what a run of a work packet is to change, and compute what it changed
#[derive(Debug, Args)]
pub struct PacketArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    PreWork(PreWorkArgs),
    PostWork(PostWorkArgs),
    Sha1(Sha1Args),
}

/// Record what a run is to change, file by file
///
/// FILE is TOML: `[[file]]` with `path`, `window = "FIRST-LAST"` (lines of the base that stay as they are;
/// 0 and `end` are the edges of the file), `anchors` (texts that occur once), `delta` (lines added minus lines
/// deleted), and `new = true` or `delete = true`. A rename is a deletion and an addition. Push it before the run.
#[derive(Debug, Args)]
struct PreWorkArgs {
    /// The task
    #[arg(value_name = "TASK")]
    task: String,
    /// The plan
    #[arg(long, value_name = "FILE")]
    plan: PathBuf,
    /// The commit to start from [default: the base of the contract, else the tip of its branch]
    #[arg(long, value_name = "REV")]
    base: Option<String>,
}

/// Compute what changed, and the ten gates of it
///
/// Of a run from its records; of a task from the base of its newest pre-work to HEAD. Exits with 1 if a gate
/// refuses. With --json, `manifest` is what stands in the evidence as post_work.json.
#[derive(Debug, Args)]
struct PostWorkArgs {
    /// The task or the run
    #[arg(value_name = "TASK|RUN")]
    what: String,
    /// Of a task: from where to where; it starts at the base of the pre-work
    #[arg(long, value_name = "A..B")]
    range: Option<String>,
    /// Print the manifest alone, byte for byte as it stands in the evidence
    #[arg(long)]
    manifest: bool,
}

/// Print the hashes of a file
///
/// Its SHA-1, the id that git gives its content, and how many lines it has.
#[derive(Debug, Args)]
struct Sha1Args {
    /// The path, from the top of the repository
    #[arg(value_name = "PATH")]
    path: String,
    /// As this revision has it [default: as the work tree has it]
    #[arg(long, value_name = "REV")]
    rev: Option<String>,
}

pub fn run(context: &Context, args: &PacketArgs) -> Result<Answer, Error> {
    match &args.command {
        Command::PreWork(args) => pre_work(context, args),
        Command::PostWork(args) => post_work(context, args),
        Command::Sha1(args) => sha1(context, args),
    }
}

fn pre_work(context: &Context, args: &PreWorkArgs) -> Result<Answer, Error> {
    let plan = context.read(&args.plan)?;
    let task = TaskId::new(args.task.as_str())?;
    let done = packet::pre_work(&context.session()?, &task, &plan, args.base.as_deref())?;
    let says = &done.says;
    let mut text = format!("planned {} on {}:\n", task, says.base.short());
    for it in &says.files {
        let window = it
            .window
            .map_or(String::new(), |it| format!("  lines {it}"));
        text.push_str(&format!(
            "  {:6}  {:+}  {}{window}\n",
            it.change.to_string(),
            it.delta,
            it.repo_path()
        ));
    }
    text.push_str(&format!(
        "next: git awo push, then git awo fetch, then git awo run {task} -- COMMAND\n"
    ));
    let value = json!({
        "record": done.record, "task": task, "base": says.base, "files": says.files,
    });
    Ok(Answer::new("pre-work", value, text))
}

fn post_work(context: &Context, args: &PostWorkArgs) -> Result<Answer, Error> {
    let session = context.session()?;
    let done = packet::post_work(&session, &args.what, args.range.as_deref())?;
    let mut report = Report::default();
    report.findings.extend(done.findings.iter().cloned());
    let text = match args.manifest {
        true => String::from_utf8_lossy(&json::canonical(&done.manifest)).into_owned(),
        false => table(&done, &report),
    };
    let value = json!({ "manifest": done.manifest });
    let answer = Answer::new("post-work-report", value, text).with_findings(&report);
    Ok(match args.manifest {
        true => answer.document(),
        false => answer,
    })
}

fn table(done: &Computed, report: &Report) -> String {
    let mut text = crate::render::report::lines(&report.findings);
    for file in &done.files {
        let lines = match file.lines {
            Some((first, last)) => format!("  lines {first}-{last}"),
            None => String::new(),
        };
        let delta = match file.delta {
            Some(delta) => format!("  {delta:+}"),
            None => String::new(),
        };
        text.push_str(&format!("{}  {}{lines}{delta}\n", file.path, file.happened));
        for it in &file.gates {
            text.push_str(&format!(
                "  {:34}  {:11}  {}\n",
                it.gate.name(),
                it.outcome,
                one_line(&it.evidence)
            ));
        }
    }
    text
}

fn sha1(context: &Context, args: &Sha1Args) -> Result<Answer, Error> {
    let found = packet::sha1(&context.session()?, &args.path, args.rev.as_deref())?;
    let word = |it: Option<String>| it.unwrap_or_else(|| "none".to_owned());
    let text = format!(
        "sha1   {}\nblob   {}\nlines  {}\nbytes  {}\n",
        word(found.sha1.map(|it| it.to_string())),
        word(found.blob.map(|it| it.to_string())),
        word(found.lines.map(|it| it.to_string())),
        found.bytes
    );
    let value = json!({
        "path": args.path, "sha1": found.sha1, "blob": found.blob, "lines": found.lines,
        "bytes": found.bytes, "mode": found.mode.map(|it| it.as_str()),
    });
    Ok(Answer::new("file-hashes", value, text))
}
