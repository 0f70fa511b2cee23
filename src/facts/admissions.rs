//! Admissions: which records admit the repository that a contract names.

use crate::policy::Verified;
use crate::record::contract::Contract;
use crate::record::{ObjectId, Sha256};
use crate::records::{AdmissionPredicate, Kind, LedgerPath};

use super::Error;
use super::groundwork::{AdmissionFacts, Admitted};
use super::run::Collector;

impl Collector<'_> {
    /// Returns what bears on the admission of the repository that a contract names, where a record uses it
    /// that names this policy; without one, where a run is to come. Nothing is asked of a record that was
    /// accepted before such were asked.
    pub fn admission(
        &self,
        contract: &Contract,
        used_by: Option<(Sha256, ObjectId)>,
    ) -> Result<Option<AdmissionFacts>, Error> {
        let judging = self.judging();
        let by_record = match used_by {
            None => self.history.current().policy.admits_by_record(),
            Some((record, names)) => {
                let accepted = judging.accepted_by(record, names);
                let by_record = accepted.is_some_and(|(policy, _)| policy.admits_by_record());
                if !by_record && !judging.comes_now(record) {
                    return Ok(None);
                }
                by_record
            }
        };
        let used_by = used_by.map(|it| it.0);
        let records = match by_record {
            true => self.admissions_of(&contract.target.locator, used_by)?,
            false => Vec::new(),
        };
        Ok(Some(AdmissionFacts { by_record, records }))
    }

    /// Returns the admissions of a locator that hold by themselves: all that are here, or those that were
    /// there when a record came that uses them, as they stood then.
    pub fn admissions_of(
        &self,
        locator: &str,
        used_by: Option<Sha256>,
    ) -> Result<Vec<Admitted>, Error> {
        let (judging, key) = (self.judging(), AdmissionPredicate::key_of(locator));
        let mut found = Vec::new();
        for (path, ..) in self.records.ledger().about(&key.to_string())?.iter() {
            let Some(record) = self.admission_at(path)? else {
                continue;
            };
            let came = used_by.is_none_or(|it| judging.came_with(record.digest(), it));
            if came && record.predicate().locator.as_str() == locator {
                let withdrawn = self.no_longer_admits(&record, key, used_by)?;
                found.push(Admitted { record, withdrawn });
            }
        }
        found.sort_by_key(|it| it.record.digest());
        Ok(found)
    }

    /// Returns the admission at a path, if there is one and it holds by itself.
    pub fn admission_at(
        &self,
        path: &LedgerPath,
    ) -> Result<Option<Verified<AdmissionPredicate>>, Error> {
        if path.kind() != Some(Kind::Admission) {
            return Ok(None);
        }
        let envelope = self.records.envelope(path)?;
        Ok(envelope.and_then(|it| self.verify(&it).ok()))
    }

    /// Tells whether an operator has withdrawn an admission: at all, or before a record came that uses it, or
    /// with that if it comes now.
    fn no_longer_admits(
        &self,
        admission: &Verified<AdmissionPredicate>,
        key: Sha256,
        used_by: Option<Sha256>,
    ) -> Result<bool, Error> {
        let revocation = self.revocation_of(admission.digest())?;
        let names = revocation.filter(|it| it.predicate().admission == Some(key));
        let judging = self.judging();
        let stands = |it: Sha256| used_by.is_none_or(|used| judging.stands_against(it, used));
        Ok(names.is_some_and(|it| stands(it.digest())))
    }
}
