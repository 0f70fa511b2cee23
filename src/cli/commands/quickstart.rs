//! `git awo quickstart`

mod scene;
mod world;

use crate::record::Rule;
use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::cli::{Answer, CliError, Context};

use world::World;

/// Walk the whole road in a fresh directory
///
/// Makes a bare server with hooks, an operator, an orchestrator and a reviewer with their own keys
/// and clones; imports a packet, approves, runs, reviews, attests and pushes; shows refused
/// pushes, verification on a fresh clone, tampering found, and a roll-back. Every command is
/// printed as one would type it.
#[derive(Debug, Args)]
pub struct QuickstartArgs {
    /// The directory, new or empty [default: a new one in the temporary directory]
    // Not `directory`: clap would take it for -C.
    #[arg(value_name = "DIRECTORY")]
    place: Option<PathBuf>,
}

/// Runs the command.
pub fn run(context: &Context, args: &QuickstartArgs) -> Result<Answer, CliError> {
    let root = match &args.place {
        Some(directory) => context.directory().join(directory),
        None => tempfile::Builder::new()
            .prefix("git-awo-quickstart-")
            .tempdir()
            .map_err(|error| {
                CliError::unusable(Rule::QuickstartFiles, "cannot make a directory", &error)
            })?
            .keep(),
    };
    let mut world = World::new(root, context.json())?;
    scene::play(&mut world)?;
    let refusals = world.steps().iter().filter(|step| step.refused).count();
    let place = world.root().display();
    let text = format!(
        "\nDone in {:.1} s: {} commands, {refusals} refusals, all as expected.\n\
         It is all still there: {place}\nTry next:\n  \
         export PATH=\"{place}/bin:$PATH\"   # so that git finds this program\n  \
         cd {place}/vera\n  git awo log; git awo status; git awo chain {RUN}; git awo verify\n  \
         echo x >> src/strings.py && git commit -am x && git push   # refused\n",
        world.seconds(),
        world.steps().len(),
        RUN = scene::RUN,
    );
    let steps: Vec<_> = world
        .steps()
        .iter()
        .map(|step| json!({ "who": step.who, "command": step.command, "exit": step.code, "refused": step.refused }))
        .collect();
    Ok(Answer::new(
        "quickstart",
        json!({ "directory": world.root().display().to_string(), "steps": steps }),
        text,
    ))
}
