//! `git awo quickstart`

mod scene;
mod teller;

use crate::record::{Rule, Subject};
use crate::sandbox::{self, RUN, Setting, World};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use clap::Args;
use serde_json::json;

use crate::cli::{Answer, CliError, Context};

use scene::Scene;
use teller::Teller;

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
    let began = Instant::now();
    let teller = Arc::new(Teller::new(context.json()));
    let world = stage(&root)?;
    let scene = Scene::new(world.clone(), &teller);
    scene.play().map_err(failed)?;
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

/// Makes an empty world, and puts this very program where `git awo` will find it.
fn stage(root: &Path) -> Result<World, CliError> {
    let program = crate::cli::commands::hooks::program()?;
    let secret = crate::sys::random::bytes().map_err(|_| crate::store::Error::Random)?;
    let setting = Setting {
        secret,
        ..Setting::LIVE
    };
    let world = World::new(root, &program, setting).map_err(failed)?;
    let bin = world.path("bin");
    std::fs::create_dir_all(&bin)
        .and_then(|()| std::os::unix::fs::symlink(&program, bin.join("git-awo")))
        .map_err(|source| failed(sandbox::Error::Io { path: bin, source }))?;
    Ok(world)
}

fn failed(error: sandbox::Error) -> CliError {
    let what = crate::record::chain_of(&error);
    match error {
        sandbox::Error::NotEmpty { path } => {
            CliError::usage(format!("{} is not empty", path.display()))
                .hint("git awo quickstart NEW-DIR")
        }
        sandbox::Error::Failed { .. } | sandbox::Error::NotRefused { .. } => {
            let finding = Rule::QuickstartStep
                .finding(Subject::none())
                .found(what.lines().next().unwrap_or_default())
                .expected("a system on which every step goes as it should")
                .remedy("git --version, and ssh-keygen on the PATH");
            CliError::undecided(what, finding)
        }
        error => CliError::unusable(Rule::QuickstartFiles, what, &error),
    }
}
