//! `git awo receipt`

use clap::Args;
use serde_json::json;

use crate::cli::{Answer, Context};
use crate::ops::{Error, receipt};

/// Print the newest entry of the receive log, to be saved and shown to `git awo verify --receipt`
#[derive(Debug, Args)]
pub struct ReceiptArgs {}

pub fn run(context: &Context, _args: &ReceiptArgs) -> Result<Answer, Error> {
    let receipt = receipt::newest(&context.session()?)?;
    let text = String::from_utf8_lossy(&receipt.bytes).into_owned();
    let value = json!({ "commit": receipt.commit, "receipt": text });
    Ok(Answer::new("receipt", value, format!("{text}\n")).document())
}
