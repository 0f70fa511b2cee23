//! Admits the repository that packets call by a locator.

use crate::facts::groundwork::Admitted;
use crate::policy::Role;
use crate::record::{Line, Sha256, Token};
use crate::records::{AdmissionPredicate, AdmissionSource, Kind, Scope};
use crate::store::batch::Batch;

use super::approve::nonce;
use super::{Error, Session};

/// What is to be admitted.
pub struct AdmitRequest {
    /// What packets call the repository.
    pub locator: Line,
    /// Who owns it.
    pub owner: Line,
    /// The class of its risk.
    pub risk: Line,
    /// The file that says so: its name and its content.
    pub source: Option<(Line, Vec<u8>)>,
}

/// A recorded admission.
pub struct Recorded {
    /// The record.
    pub record: Sha256,
    /// What it says.
    pub says: AdmissionPredicate,
    /// Whether this act added it.
    pub added: bool,
}

/// Records an admission. Where the same person has said the same, and nobody has withdrawn it, that stays.
pub fn admit(session: &Session, request: AdmitRequest) -> Result<Recorded, Error> {
    let context = session.context(&[Role::Operator])?;
    let records = session.records()?;
    let collector = session.collector(&records)?;
    let there = collector.admissions_of(request.locator.as_str(), None)?;
    let source = request.source.map(|(name, bytes)| AdmissionSource {
        name,
        sha256: Sha256::of(&bytes),
    });
    let says = AdmissionPredicate {
        context,
        locator: request.locator,
        nonce: Token::new(nonce(there.len(), session.now()))?,
        owner: request.owner,
        risk: request.risk,
        source,
    };
    if let Some(same) = there.iter().find(|it| says_the_same(it, &says)) {
        return Ok(Recorded {
            record: same.record.digest(),
            says: same.record.predicate().clone(),
            added: false,
        });
    }
    let envelope = session.sign(says.clone())?;
    let record = envelope.digest();
    let locator = Scope::Locator(AdmissionPredicate::key_of(says.locator.as_str()));
    let path = Kind::Admission.one_of(locator, record);
    session.commit(&Batch::new(format!("admit {}", says.locator)).record(&path, &envelope))?;
    Ok(Recorded {
        record,
        says,
        added: true,
    })
}

/// Tells whether an admission stands and says the same.
fn says_the_same(it: &Admitted, wanted: &AdmissionPredicate) -> bool {
    let there = it.record.predicate();
    let person = there.context.identity == wanted.context.identity;
    let same =
        (&there.owner, &there.risk, &there.source) == (&wanted.owner, &wanted.risk, &wanted.source);
    person && same && !it.withdrawn
}
