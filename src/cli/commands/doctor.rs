//! `git awo doctor`

use clap::Args;

use crate::cli::commands::hooks::program;
use crate::cli::{Answer, Context};
use crate::ops::{Error, doctor};

/// Find everything that would make enforcement silently absent
#[derive(Debug, Args)]
pub struct DoctorArgs {}

pub fn run(context: &Context, _args: &DoctorArgs) -> Result<Answer, Error> {
    let report = doctor::doctor(&context.session()?, &program()?)?;
    Ok(Answer::of(&report))
}
