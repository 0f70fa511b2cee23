//! All cells of the matrix, for `.ci/figures`.

use super::{ACTS, End, matrix};
use crate::figure::figure;

/// `AWO_CELL=attested/` plays the cells of one stage: `STAGE/CHANGE/WHETHER PUSHED BEFORE`.
#[test]
#[ignore = "takes minutes"]
fn what_was_accepted_stays_so_whatever_the_policy_says_later() {
    let cell = std::env::var("AWO_CELL").unwrap_or_default();
    let ends = matrix(|number, change, is_pushed| {
        let name = format!("{}/{}/{is_pushed}", ACTS[number].0, change.name);
        name.contains(&cell)
    });
    let cells = ends.values().sum::<usize>();
    let count = |end| ends.get(&end).copied().unwrap_or(0);
    let result = format!(
        "0 not verified by an old, a new or a lagging clone; {} same run, {} another run, {} not allowed by the policy",
        count(End::SameRun),
        count(End::AnotherRun),
        count(End::None)
    );
    figure(
        "stages of a run × changes of the policy × both orders",
        cells,
        result,
        "0",
    );
}
