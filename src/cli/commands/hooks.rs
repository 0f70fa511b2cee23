//! `git awo hooks`

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::{Answer, Context};
use crate::hook::install::HookChange;
use crate::ops::hooks::{self, Changed, Request, Standing, word};
use crate::ops::{Error, Process};
use crate::render;

/// Install, list and remove the hooks
#[derive(Debug, Args)]
pub struct HooksArgs {
    #[command(subcommand)]
    command: HooksCommand,
}

#[derive(Debug, Subcommand)]
enum HooksCommand {
    /// Install the hooks; existing ones are kept and still run
    Install {
        /// The server's hooks instead of a clone's
        #[arg(long)]
        server: bool,
        /// Below custom_hooks/, where GitLab looks for those of a repository
        #[arg(long, requires = "server")]
        gitlab: bool,
    },
    /// Say for each hook whether it is there and up to date
    Status {
        /// The server's hooks instead of a clone's
        #[arg(long)]
        server: bool,
    },
    /// Remove the hooks and put back what was there before
    Uninstall {
        /// The server's hooks instead of a clone's
        #[arg(long)]
        server: bool,
    },
}

pub fn run(context: &Context, args: &HooksArgs) -> Result<Answer, Error> {
    let session = context.session()?;
    let program = program()?;
    let request = |server: bool, gitlab: bool| Request {
        server,
        gitlab,
        program: &program,
    };
    match args.command {
        HooksCommand::Install { server, gitlab } => {
            let done = hooks::install(&session, &request(server, gitlab))?;
            let note = lost(&done.directory);
            Ok(changed(&done, &note))
        }
        HooksCommand::Uninstall { server } => Ok(changed(&hooks::uninstall(&session, server)?, "")),
        HooksCommand::Status { server } => {
            Ok(standing(&hooks::status(&session, &request(server, false))?))
        }
    }
}

fn changed(done: &Changed, note: &str) -> Answer {
    let directory = done.directory.display().to_string();
    let lines = lines(&done.changes);
    let value = json!({ "directory": directory, "changes": lines });
    Answer::new("hooks", value, unlines(&lines) + note)
}

fn standing(found: &Standing) -> Answer {
    let directory = found.directory.display().to_string();
    let mut rows = Vec::new();
    let mut text = String::new();
    for hook in &found.hooks {
        let (name, state) = (hook.name, word(hook.state));
        text.push_str(&format!("{name:<24} {state}\n"));
        rows.push(json!({ "hook": name, "state": state }));
    }
    text.push_str(&lost(&found.directory));
    text.push_str(&render::report::lines(&found.report.findings));
    let value = json!({ "directory": directory, "hooks": rows });
    Answer::new("hooks", value, text).with_findings(&found.report)
}

/// Returns what is lost where these hooks are all that is called, as a line.
pub fn lost(directory: &Path) -> String {
    let lost = hooks::lost(directory);
    lost.map_or_else(String::new, |lost| format!("note: {lost}\n"))
}

/// Returns what was done to each hook.
pub fn lines(changes: &[HookChange]) -> Vec<String> {
    let line = |change: &HookChange| format!("{}: {}", change.name, change.what);
    changes.iter().map(line).collect()
}

/// Returns lines as text.
pub fn unlines(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// Returns the path of this program, which the shims call.
pub fn program() -> Result<PathBuf, Error> {
    Ok(std::env::current_exe().map_err(Process::Program)?)
}
