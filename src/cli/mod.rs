//! The command line. One file a command: its arguments beside its `run`, which
//! stays short because the work lives below.

mod answer;
mod commands;
mod context;
mod error;
mod out;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use serde_json::Value;

pub use answer::Answer;
pub use context::Context;

use crate::ops::{Error, Process};
use crate::record::path::escape_json;
use crate::render;

use crate::sys::Environment;
use out::{print, printed, say};

use commands as c;

/// Governed work on a Git repository: contracts, approvals, evidence and attestations that every clone can verify
#[derive(Debug, Parser)]
#[command(name = "git-awo", bin_name = "git awo", version, max_term_width = 100)]
struct Cli {
    /// Run as if started in DIR
    #[arg(short = 'C', value_name = "DIR", global = true)]
    directory: Option<PathBuf>,
    /// Print the result as JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[cfg(feature = "selftest")]
    Quickstart(c::quickstart::QuickstartArgs),
    Init(c::init::InitArgs),
    Clone(c::clone::CloneArgs),
    Hooks(c::hooks::HooksArgs),
    Trust(c::trust::TrustArgs),
    Policy(c::policy::PolicyArgs),
    Doctor(c::doctor::DoctorArgs),
    Task(c::task::TaskArgs),
    Admit(c::admit::AdmitArgs),
    Approve(c::approve::ApproveArgs),
    Decide(c::decide::DecideArgs),
    Decisions(c::decisions::DecisionsArgs),
    Waive(c::waive::WaiveArgs),
    Override(c::lift::OverrideArgs),
    Escalate(c::escalate::EscalateArgs),
    Amu0(c::amu0::Amu0Args),
    Claim(c::claim::ClaimArgs),
    Unclaim(c::unclaim::UnclaimArgs),
    Packet(c::packet::PacketArgs),
    Run(c::run::RunArgs),
    Cancel(c::cancel::CancelArgs),
    Cell(c::cell::CellArgs),
    Determinism(c::determinism::DeterminismArgs),
    Gate(c::gate::GateArgs),
    Attest(c::attest::AttestArgs),
    Finalize(c::finalize::FinalizeArgs),
    Push(c::push::PushArgs),
    Fetch(c::fetch::FetchArgs),
    Outcome(c::outcome::OutcomeArgs),
    Revoke(c::revoke::RevokeArgs),
    Rollback(c::rollback::RollbackArgs),
    Vouch(c::vouch::VouchArgs),
    Verify(c::verify::VerifyArgs),
    Status(c::status::StatusArgs),
    Log(c::log::LogArgs),
    Show(c::show::ShowArgs),
    Chain(c::chain::ChainArgs),
    Receipt(c::receipt::ReceiptArgs),
    Events(c::events::EventsArgs),
    Write(c::write::WriteArgs),
    Index(c::index::IndexArgs),
    Integrity(c::integrity::IntegrityArgs),
    Tar(c::tar::TarArgs),
    Provenance(c::provenance::ProvenanceArgs),
    Export(c::export::ExportArgs),
    Gc(c::gc::GcArgs),
    #[cfg(feature = "selftest")]
    Selftest(c::selftest::SelftestArgs),
    #[command(hide = true)]
    Hook(c::hook::HookArgs),
}

/// Runs the program; a panic, which is our bug, ends it with exit code 4.
pub fn main() -> ExitCode {
    std::panic::catch_unwind(program).unwrap_or_else(|_| {
        say(concat!(
            "hint: this is a bug in git-awo ",
            env!("CARGO_PKG_VERSION"),
            "\n"
        ));
        ExitCode::from(4)
    })
}

/// Parses the arguments, runs the command, prints, and returns the exit code.
fn program() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are results; everything else is a wrong use, exit 2.
            let wrong = error.use_stderr();
            if !wrong {
                return ended(0, printed(error.print()));
            }
            let mut told = Ok(());
            if std::env::args_os().any(|word| word == "--json") {
                let first = error.to_string();
                let first = first
                    .lines()
                    .next()
                    .unwrap_or_default()
                    .trim_start_matches("error: ");
                let error = Error::usage(first).hint("git awo -h");
                told = print(&pretty(&error::to_json(&error)));
            }
            // It repeats what was typed, and a script may have taken that from a stranger.
            say(&error.to_string());
            return ended(2, told);
        }
    };
    if let Command::Hook(args) = &cli.command {
        return ExitCode::from(c::hook::run(args));
    }
    // Before anything that could start a thread.
    if let Command::Cell(args) = &cli.command
        && args.is_inside()
    {
        return ExitCode::from(c::cell::enter(args));
    }
    let answered = Environment::of_process()
        .map_err(|error| Error::from(Process::Directory(error)))
        .map(|environment| Context::new(cli.directory.as_deref(), cli.json, environment))
        .and_then(|context| dispatch(&context, cli.command));
    match answered {
        Ok(answer) => {
            // Nothing that a command prints goes out in any other way.
            let told = print(&match (cli.json, answer.document) {
                (true, _) => pretty(&answer.value),
                (false, true) => escape_json(&answer.text),
                (false, false) => render::lines(&answer.text),
            });
            ended(answer.code, told)
        }
        Err(error) => {
            let told = match cli.json {
                true => print(&pretty(&error::to_json(&error))),
                false => Ok(()),
            };
            say(&error::to_text(&error));
            ended(error::exit_code(&error), told)
        }
    }
}

/// Returns the exit code. A result that nobody has got in full is no success.
fn ended(code: u8, told: Result<(), Error>) -> ExitCode {
    let Err(error) = told else {
        return ExitCode::from(code);
    };
    say(&error::to_text(&error));
    ExitCode::from(match code {
        0 => error::exit_code(&error),
        code => code,
    })
}

fn pretty(value: &Value) -> String {
    // The canonical form: the same state gives the same bytes. What a terminal would obey is
    // escaped in it, since many a one reads it there.
    let text = crate::record::json::canonical(value);
    let text = String::from_utf8_lossy(&text);
    let mut text = escape_json(&text);
    text.push('\n');
    text
}

fn dispatch(context: &Context, command: Command) -> Result<Answer, Error> {
    match command {
        #[cfg(feature = "selftest")]
        Command::Quickstart(args) => c::quickstart::run(context, &args),
        Command::Init(args) => c::init::run(context, &args),
        Command::Clone(args) => c::clone::run(context, &args),
        Command::Hooks(args) => c::hooks::run(context, &args),
        Command::Trust(args) => c::trust::run(context, &args),
        Command::Policy(args) => c::policy::run(context, &args),
        Command::Doctor(args) => c::doctor::run(context, &args),
        Command::Task(args) => c::task::run(context, &args),
        Command::Admit(args) => c::admit::run(context, &args),
        Command::Approve(args) => c::approve::run(context, &args),
        Command::Decide(args) => c::decide::run(context, &args),
        Command::Decisions(args) => c::decisions::run(context, &args),
        Command::Waive(args) => c::waive::run(context, &args),
        Command::Override(args) => c::lift::run(context, &args),
        Command::Amu0(args) => c::amu0::run(context, &args),
        Command::Escalate(args) => c::escalate::run(context, &args),
        Command::Claim(args) => c::claim::run(context, &args),
        Command::Unclaim(args) => c::unclaim::run(context, &args),
        Command::Packet(args) => c::packet::run(context, &args),
        Command::Run(args) => c::run::run(context, &args),
        Command::Cancel(args) => c::cancel::run(context, &args),
        Command::Cell(args) => c::cell::run(context, &args),
        Command::Determinism(args) => c::determinism::run(context, &args),
        Command::Gate(args) => c::gate::run(context, &args),
        Command::Attest(args) => c::attest::run(context, &args),
        Command::Finalize(args) => c::finalize::run(context, &args),
        Command::Push(args) => c::push::run(context, &args),
        Command::Fetch(args) => c::fetch::run(context, &args),
        Command::Outcome(args) => c::outcome::run(context, &args),
        Command::Vouch(args) => c::vouch::run(context, &args),
        Command::Revoke(args) => c::revoke::run(context, &args),
        Command::Rollback(args) => c::rollback::run(context, &args),
        Command::Verify(args) => c::verify::run(context, &args),
        Command::Status(args) => c::status::run(context, &args),
        Command::Log(args) => c::log::run(context, &args),
        Command::Show(args) => c::show::run(context, &args),
        Command::Chain(args) => c::chain::run(context, &args),
        Command::Receipt(args) => c::receipt::run(context, &args),
        Command::Events(args) => c::events::run(context, &args),
        Command::Write(args) => c::write::run(context, &args),
        Command::Index(args) => c::index::run(context, &args),
        Command::Integrity(args) => c::integrity::run(context, &args),
        Command::Tar(args) => c::tar::run(context, &args),
        Command::Provenance(args) => c::provenance::run(context, &args),
        Command::Gc(args) => c::gc::run(context, &args),
        Command::Export(args) => c::export::run(context, &args),
        #[cfg(feature = "selftest")]
        Command::Selftest(args) => c::selftest::run(context, &args),
        Command::Hook(_) => Err(Error::usage("hooks are called by git")),
    }
}
