//! `git awo hooks`

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use crate::cli::{Answer, CliError, Context};
use crate::git::Repo;
use crate::hook::install::{self, Side};
use crate::hook::places;
use crate::record::{Finding, Refusal, Rule, Subject};
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

/// Runs the command.
pub fn run(context: &Context, args: &HooksArgs) -> Result<Answer, CliError> {
    let actor = context.actor()?;
    let mut directory = install::hooks_dir(&actor.repo);
    if let HooksCommand::Install { gitlab: true, .. } = &args.command {
        directory = gitlab(&actor.repo)?;
    }
    let side = |server: bool| {
        if server || actor.repo.is_bare() {
            Side::Server
        } else {
            Side::Client
        }
    };
    match &args.command {
        HooksCommand::Install { server, .. } => {
            let changes = install::install(&directory, side(*server), &program()?)?;
            let mut text: String = changes
                .iter()
                .map(|change| format!("{}: {}\n", change.name, change.what))
                .collect();
            text.extend(lost(&directory));
            let names: Vec<_> = changes
                .iter()
                .map(|change| format!("{}: {}", change.name, change.what))
                .collect();
            Ok(Answer::new(
                "hooks",
                json!({ "directory": directory.display().to_string(), "changes": names }),
                text,
            ))
        }
        HooksCommand::Uninstall { server } => {
            let changes = install::uninstall(&directory, side(*server))?;
            let text: String = changes
                .iter()
                .map(|change| format!("{}: {}\n", change.name, change.what))
                .collect();
            let names: Vec<_> = changes
                .iter()
                .map(|change| format!("{}: {}", change.name, change.what))
                .collect();
            Ok(Answer::new(
                "hooks",
                json!({ "directory": directory.display().to_string(), "changes": names }),
                text,
            ))
        }
        HooksCommand::Status { server } => {
            let all = install::status(&directory, side(*server), &program()?)?;
            let rows: Vec<_> = all
                .iter()
                .map(|it| json!({ "hook": it.name, "state": word(it.state) }))
                .collect();
            let text: String = all
                .iter()
                .map(|it| format!("{:<24} {}\n", it.name, word(it.state)))
                .collect();
            let text = text + lost(&directory).as_deref().unwrap_or_default();
            let value = json!({ "directory": directory.display().to_string(), "hooks": rows });
            let Some(why) = Refusal::of(all.iter().filter_map(not_installed)) else {
                return Ok(Answer::new("hooks", value, text));
            };
            let findings = why.findings();
            let lines = findings.iter().map(render::report::line);
            let text = lines.fold(text, |text, line| format!("{text}{line}\n"));
            Ok(Answer::new("hooks", value, text).refused(&why))
        }
    }
}

/// Returns where GitLab looks for the hooks of a repository.
pub fn gitlab(repo: &Repo) -> Result<PathBuf, CliError> {
    if !repo.is_bare() {
        return Err(CliError::usage("a server is a bare repository"));
    }
    Ok(repo.git_dir().join(places::GITALY))
}

/// Returns what is lost where these hooks are all that is called, as a line.
pub fn lost(directory: &Path) -> Option<String> {
    places::is_gitaly(directory).then(|| format!("note: {}\n", places::NO_TRANSACTION))
}

/// Returns the finding that a hook is not as it should be, unless it is.
pub fn not_installed(hook: &install::HookStatus) -> Option<Finding> {
    if hook.state == install::State::Installed {
        return None;
    }
    let finding = Rule::HooksInstalled
        .finding(Subject::none())
        .found(format!("{}: {}", hook.name, word(hook.state)))
        .expected("the hooks of this version")
        .remedy("git awo hooks install");
    Some(finding)
}

/// Returns the path of this program, which the shims call.
pub fn program() -> Result<PathBuf, CliError> {
    std::env::current_exe()
        .map_err(|error| CliError::unusable(Rule::ProgramFound, "cannot find this program", &error))
}

/// Returns how a hook stands, in words.
pub fn word(state: install::State) -> &'static str {
    match state {
        install::State::Missing => "missing",
        install::State::Installed => "installed",
        install::State::Outdated => "outdated",
        install::State::NotExecutable => "not executable",
        install::State::Foreign => "another program's",
    }
}
