//! What must hold of any bytes at all: one function for each thing that is read from strangers.
//!
//! A target takes arbitrary bytes and asserts properties: what is accepted has one spelling and
//! means the same when read again, what is refused says why. It returns whether anything was accepted.
//! `tests/fuzzing.rs` runs the targets over the seeds and over mutations of them with every
//! `cargo test`; `tests/fuzz` hands the same functions to libFuzzer.

pub mod catalogue;
mod events;
mod objects;
mod records;
mod rules;
mod runs;
mod signatures;

/// A target: its name, which is also that of its directory of seeds, and its body.
pub type Target = (&'static str, fn(&[u8]) -> bool);

/// Every target.
pub const TARGETS: &[Target] = &[
    ("commit", objects::commit),
    ("envelope", records::envelope),
    ("events", events::events),
    ("hook", rules::hook),
    ("json", records::json),
    ("keys", signatures::keys),
    ("ledger", records::ledger),
    ("manifest", records::manifest),
    ("names", records::names),
    ("packet", rules::packet),
    ("pattern", rules::pattern),
    ("policy", rules::policy),
    ("run_dir", runs::run_dir),
    ("signature", signatures::signature),
    ("statement", records::statement),
    ("sums", runs::sums),
    ("tree", objects::tree),
];

/// Splits at the first NUL: some targets need two inputs.
fn halves(data: &[u8]) -> (&[u8], &[u8]) {
    match data.iter().position(|b| *b == 0) {
        Some(at) => (&data[..at], &data[at + 1..]),
        None => (data, &[]),
    }
}

/// Asserts that a message holds nothing that could move a terminal's cursor.
fn is_harmless(text: &str) {
    let harmful = text
        .chars()
        .find(|c| c.is_control() && !"\n\t".contains(*c));
    assert_eq!(
        harmful, None,
        "a message shows only what is harmless: {text:?}"
    );
}
