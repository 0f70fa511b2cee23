//! One target for libFuzzer, named by `AWO_FUZZ_TARGET`. `AWO_FUZZ_SEEDS` names a directory that gets
//! the seeds, those that are made by code too.
#![no_main]

use std::sync::OnceLock;

#[path = "../fuzz_targets/mod.rs"]
mod fuzz_targets;

use fuzz_targets::{TARGETS, Target, catalogue};

static TARGET: OnceLock<Target> = OnceLock::new();

fn begin() {
    let name = std::env::var("AWO_FUZZ_TARGET").expect("AWO_FUZZ_TARGET names a target");
    let target = TARGETS.iter().find(|it| it.0 == name);
    let target = *target.unwrap_or_else(|| panic!("there is no target {name}"));
    TARGET.set(target).expect("it is set once");
    if let Some(directory) = std::env::var_os("AWO_FUZZ_SEEDS") {
        for (seed, number) in catalogue::seeds(target.0).iter().zip(0..) {
            let file = std::path::Path::new(&directory).join(format!("seed-{number}"));
            std::fs::write(file, seed).expect("the directory of seeds can be written");
        }
    }
}

libfuzzer_sys::fuzz_target!(
    init: begin(),
    |data: &[u8]| {
        let (_, target) = TARGET.get().expect("it was set at the beginning");
        target(data);
    }
);
