//! Many who write at once, and two who must not both win. Nothing is lost, nothing is there twice,
//! and nothing lands in an order that its rules forbid.
//!
//! The module `long` plays the same with the numbers that are published.

mod clients;
mod decisions;
mod doors;
mod gc;
mod order;
mod receipts;
mod writers;

use std::process::Stdio;
use std::time::Duration;

use crate::figure::size;
use crate::world::{Done, World};

/// Starts a command and leaves it running.
fn start(world: &World, who: &str, place: &str, words: &[&str]) -> std::process::Child {
    let mut command = world.command(who, place, words);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// Waits for a command that was started.
fn ended(child: std::process::Child) -> Done {
    let output = child.wait_with_output().unwrap();
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    Done {
        code: output.status.code().unwrap_or(-1),
        text,
    }
}

/// Waits for a moment that differs from trial to trial, up to `AWO_RACE_STAGGER` ms, so that races
/// are met at all their places. As long as a push takes is the right size.
fn stagger(trial: usize) {
    let most = size("AWO_RACE_STAGGER", 200);
    std::thread::sleep(Duration::from_millis((trial * 7919 % (most + 1)) as u64));
}

/// Verifies the server as a fresh clone sees it.
fn verified(world: &World) {
    world.fresh_clone();
    world.ok("vera", "vera", &["git", "awo", "verify"]);
    std::fs::remove_dir_all(world.path("vera")).unwrap();
}
