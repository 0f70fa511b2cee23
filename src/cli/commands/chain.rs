//! `git awo chain`

use clap::Args;
use serde_json::json;

use crate::cli::{Answer, Context};
use crate::ops::{Error, chain};
use crate::record::RunId;
use crate::render;

/// Show each link of a run's chain, when it was recorded, what it binds, and whether it holds
///
/// A link is held, missing, bad (it does not hold), failed (a review that the run did not pass) or
/// withdrawn. Dates are those of the commits that recorded it, as their makers' clocks had them.
#[derive(Debug, Args)]
pub struct ChainArgs {
    /// The run
    run: String,
}

pub fn run(context: &Context, args: &ChainArgs) -> Result<Answer, Error> {
    let run = RunId::new(args.run.as_str())?;
    let chain = chain::chain(&context.session()?, &run)?;
    let mut text = format!("{run}\n");
    let mut rows = Vec::new();
    for link in &chain.links {
        let (name, state, binds) = (link.name, link.state.word(), &link.binds);
        let recorded = render::date(link.recorded);
        text.push_str(&format!(
            "  {name:<18} {state:<9} {recorded:<20}  {binds}\n"
        ));
        rows.push(json!({
            "link": name, "state": state, "recorded": link.recorded, "binds": binds,
        }));
    }
    text.push_str(&render::report::report(&chain.report));
    let mut value = chain.report.to_json();
    if let Some(map) = value.as_object_mut() {
        map.insert("links".to_owned(), json!(rows));
    }
    Ok(Answer::new("verdict", value, text).judged(&chain.report))
}
