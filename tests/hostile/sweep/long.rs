//! The whole sweep, which takes too long for every change.

use super::*;

/// `cargo test --release --test awo -- --ignored --nocapture hostile::sweep::long`; with
/// `AWO_SWEEP_STEP=7` every seventh byte.
#[test]
#[ignore = "long: every byte of every governance object, an hour"]
fn every_flipped_byte_is_found() {
    let step = std::env::var("AWO_SWEEP_STEP").map_or(1, |text| text.parse().unwrap());
    for (what, stage) in [
        ("landed", World::landed as fn() -> World),
        ("rejected", World::rejected),
    ] {
        let golden = Golden::of(stage());
        eprintln!(
            "{what}: {} objects, {} bytes",
            golden.objects.len(),
            golden.bytes()
        );
        let disk = format!("on the disk, {what}, step {step}");
        found(&disk, || golden.on_the_disk(step, &[0x01]));
        let fit = format!("hashes made to fit, {what}, step {step}");
        found(&fit, || golden.made_to_fit(step, &[0x01]));
    }
}
