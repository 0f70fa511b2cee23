//! Proves baselines alone.

use crate::record::Report;
use crate::store::baselines::Lines;

use super::named::{find, gone, prove};
use crate::ops::{Error, Session};

/// Proves one baseline, or all of them, by what is in this clone.
pub fn verify(session: &Session, name: Option<&str>) -> Result<Report, Error> {
    let lines = Lines::read(session.repo(), session.refs()?);
    let asked = match name {
        Some(name) => vec![find(&lines, name)?],
        None => lines.all().to_vec(),
    };
    let mut report = prove(session, lines, asked.iter())?;
    if name.is_none() {
        report.absorb(gone(session)?);
    }
    Ok(report)
}
