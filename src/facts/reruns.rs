//! Reports that the command of a run makes the same each time: which there are, and which came when.

use std::collections::BTreeSet;

use crate::git::{self, Reader};
use crate::policy::Verified;
use crate::record::determinism::Recipe;
use crate::record::{ObjectId, Sha256};
use crate::records::DeterminismPredicate;

/// What bears on the repetition of a run's command.
pub struct Reruns {
    /// What has to be repeated; nothing where the base is not here, or nothing says what ran.
    pub recipe: Option<Recipe>,
    /// All reports on it that hold by themselves, by their digests.
    pub reports: Vec<Rerun>,
}

/// A report on the command of a run.
pub struct Rerun {
    /// The report.
    pub record: Verified<DeterminismPredicate>,
    /// Those of the records that may use it before which it came, or with which.
    pub before: BTreeSet<Sha256>,
}

/// Returns what has to be repeated for a run, if its base is here and it is known what ran.
pub fn recipe(
    reader: &Reader,
    base: ObjectId,
    command: Option<Vec<String>>,
) -> Result<Option<Recipe>, git::Error> {
    let Some(command) = command.filter(|_| reader.contains(base)) else {
        return Ok(None);
    };
    let input = reader.commit(base)?.tree;
    // Of a run, all that its commit holds is compared.
    let outputs = Vec::new();
    Ok(Some(Recipe {
        command,
        input,
        outputs,
    }))
}
