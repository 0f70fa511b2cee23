//! The whole sweep, which takes too long for every change.

use super::*;

/// `cargo test --release --test awo -- --ignored --nocapture hostile::sweep::long`
#[test]
#[ignore = "long: every byte of every governance object, an hour"]
fn every_flipped_byte_is_found() {
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
        found(what, || golden.on_the_disk(1, &[0x01]));
        found(what, || golden.made_to_fit(1, &[0x01]));
    }
}
