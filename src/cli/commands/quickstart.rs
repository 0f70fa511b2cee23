//! `git awo quickstart`

mod scene;
mod teller;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use clap::Args;
use serde_json::json;

use crate::cli::commands::hooks::program;
use crate::cli::{Answer, Context};
use crate::ops::{Error, quickstart};
use crate::sandbox::RUN;

use scene::Scene;
use teller::Teller;

/// Walk the whole road in a fresh directory
///
/// Makes a bare server with hooks, an operator, an orchestrator and a reviewer with their own keys
/// and clones; imports a packet, approves, runs, reviews, attests and pushes; shows refused
/// pushes, verification on a fresh clone, tampering found, and a roll-back; and a model that opens one
/// task by itself, asks a person about another, and opens none under LOCKED. Every command is printed
/// as one would type it.
#[derive(Debug, Args)]
pub struct QuickstartArgs {
    /// The directory, new or empty [default: a new one in the temporary directory]
    // Not `directory`: clap would take it for -C.
    #[arg(value_name = "DIRECTORY")]
    place: Option<PathBuf>,
}

pub fn run(context: &Context, args: &QuickstartArgs) -> Result<Answer, Error> {
    let root = match &args.place {
        Some(directory) => context.directory().join(directory),
        None => quickstart::place()?,
    };
    let began = Instant::now();
    let teller = Arc::new(Teller::new(context.json()));
    let world = quickstart::stage(&root, &program()?)?;
    let scene = Scene::new(world.clone(), &teller);
    scene.play().map_err(quickstart::failed)?;
    let steps = teller.steps();
    let refusals = steps.iter().filter(|step| step.refused).count();
    let place = world.root().display();
    let text = format!(
        "\nDone in {:.1} s: {} commands, {refusals} refusals, all as expected.\n\
         It is all still there: {place}\nTry next:\n  \
         export PATH=\"{place}/bin:$PATH\"   # so that git finds this program\n  \
         cd {place}/vera\n  git awo log; git awo status; git awo chain {RUN}; git awo verify\n  \
         echo x >> src/strings.py && git commit -am x && git push   # refused\n",
        began.elapsed().as_secs_f64(),
        steps.len(),
    );
    let steps: Vec<_> = steps
        .iter()
        .map(|step| json!({ "who": step.who, "command": step.command, "exit": step.code, "refused": step.refused }))
        .collect();
    Ok(Answer::new(
        "quickstart",
        json!({ "directory": world.root().display().to_string(), "steps": steps }),
        text,
    ))
}
