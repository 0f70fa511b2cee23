//! Proves baselines alone.

use crate::record::Report;
use crate::store::baselines::Lines;

use super::named::{find, prove};
use crate::ops::{Error, Session};

/// Proves one baseline, or all of them, by what is in this clone.
pub fn verify(session: &Session, name: Option<&str>) -> Result<Report, Error> {
    let lines = Lines::read(session.repo(), session.refs()?);
    let one = name.map(|name| find(&lines, name)).transpose()?;
    prove(session, lines, one.as_ref())
}
