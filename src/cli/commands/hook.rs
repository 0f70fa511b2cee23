//! `git awo hook`: what git calls.

use std::ffi::OsString;

use clap::Args;

use crate::hook;
use crate::sys::Environment;

/// Called by git's hooks
#[derive(Debug, Args)]
pub struct HookArgs {
    /// The hook: pre-receive, pre-push …
    name: String,
    /// What git passes to it
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<OsString>,
}

/// Runs the hook and returns its exit code.
pub fn run(args: &HookArgs) -> u8 {
    let code = hook::dispatch(
        &args.name,
        &args.args,
        Environment::of_process(),
        &mut std::io::stdin().lock(),
        &mut std::io::stderr().lock(),
    );
    // Anything that is no plain exit code must refuse.
    u8::try_from(code).unwrap_or(4)
}
