//! What a long history costs: the commands of the main road, `fetch` and `verify` in ledgers of
//! several sizes, a first fetch, a verification of everything, and what the server stores.

mod build;
mod desk;
mod steps;
mod storage;
mod template;
mod whole;

use std::path::PathBuf;

use super::measure;
use desk::Desk;

/// How many runs the ledgers have.
const SIZES: [usize; 2] = [100, 10_000];
/// The largest ledger that is fetched, verified and packed whole.
const LARGEST_WHOLE: usize = 10_000;
const PARTS: [&str; 4] = ["steps", "first", "verify", "storage"];

/// `AWO_BENCH_LEDGER=100,10000` chooses the sizes, `AWO_BENCH_PARTS=steps,first,verify,storage` what
/// is measured. `AWO_BENCH_KEEP=DIRECTORY` keeps the ledgers there and uses them again: each gains
/// a run a round.
#[test]
#[ignore = "benchmark: run by hand with cargo test --release --test awo -- --ignored --nocapture bench_ledger"]
fn bench_ledger() {
    let list = |variable: &str| {
        let text = std::env::var(variable).ok()?;
        Some(text.split(',').map(|it| it.trim().to_owned()).collect())
    };
    let sizes = list("AWO_BENCH_LEDGER").map_or(SIZES.to_vec(), |list: Vec<String>| {
        list.iter().map(|it| it.parse().unwrap()).collect()
    });
    let parts = list("AWO_BENCH_PARTS").unwrap_or_else(|| PARTS.map(str::to_owned).to_vec());
    let temporary = assert_fs::TempDir::new().unwrap();
    let kept = std::env::var_os("AWO_BENCH_KEEP").map(PathBuf::from);
    let root = kept.unwrap_or_else(|| temporary.path().to_owned());
    let desks: Vec<Desk> = sizes
        .iter()
        .map(|runs| Desk::take_up(&root, *runs))
        .collect();
    let whole: Vec<&Desk> = desks.iter().filter(|it| it.runs <= LARGEST_WHOLE).collect();
    for part in parts {
        println!("\n{part}: {}\n", measure::machine());
        match part.as_str() {
            "steps" => steps::measure(&desks),
            "first" => whole::first_fetch(whole[whole.len() - 1]),
            "verify" => whole::verify(&whole),
            "storage" => whole.iter().for_each(|it| storage::measure(it)),
            _ => panic!("{part} is none of {PARTS:?}"),
        }
    }
}
