//! `git awo admit`

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::cli::{Answer, Context};
use crate::ops::{Error, admit};
use crate::record::Line;

/// Admit the repository that packets call by a locator, as an operator
///
/// Where the policy says `admission = "record"`, a task runs only if an admission that stands has its
/// locator, its class of risk and, if its packet names one, its owner. git awo revoke withdraws it.
#[derive(Debug, Args)]
pub struct AdmitArgs {
    /// What the packets call the repository, exactly
    locator: String,
    /// Who owns it
    #[arg(long, value_name = "NAME")]
    owner: String,
    /// The class of its risk
    #[arg(long, value_name = "CLASS")]
    risk: String,
    /// The file that says so; its name and its SHA-256 are recorded
    #[arg(long, value_name = "FILE")]
    source: Option<PathBuf>,
}

pub fn run(context: &Context, args: &AdmitArgs) -> Result<Answer, Error> {
    let source = args.source.as_ref().map(|file| {
        let bytes = context.read(file)?;
        let name = file.file_name().and_then(|it| it.to_str());
        let name = name
            .ok_or_else(|| Error::usage(format!("{} has no name that is text", file.display())))?;
        Ok::<_, Error>((Line::new(name)?, bytes))
    });
    let request = admit::AdmitRequest {
        locator: Line::new(args.locator.as_str())?,
        owner: Line::new(args.owner.as_str())?,
        risk: Line::new(args.risk.as_str())?,
        source: source.transpose()?,
    };
    let done = admit::admit(&context.session()?, request)?;
    let says = &done.says;
    let (locator, owner, risk) = (&says.locator, &says.owner, &says.risk);
    let how = match done.added {
        true => "is admitted",
        false => "was admitted already",
    };
    let text = format!(
        "{locator} {how} for {owner} with the risk {risk}: {}\nnext: git awo push\n",
        done.record
    );
    let value = json!({
        "record": done.record, "locator": locator, "owner": owner, "risk": risk, "source": says.source,
        "added": done.added,
    });
    Ok(Answer::new("admission", value, text))
}
