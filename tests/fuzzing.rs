//! The fuzz targets over their seeds and over mutations of them, the same ones with every run.
//! libFuzzer, which also looks where the code goes, is started by `tests/fuzz/run`.

use std::time::{Duration, Instant};

use crate::figure::figure;
use crate::fuzz_targets::{TARGETS, Target, catalogue};

/// How many mutations of its seeds each target gets; `AWO_FUZZ_ROUNDS` asks for more.
const ROUNDS: u64 = 1_500;

/// No input may take longer, built without optimisation and on a busy machine. What takes time with the
/// square of a hundred thousand takes much longer; `tests/fuzz/run` allows a second.
const SLOW: Duration = Duration::from_secs(60);

/// What tends to matter somewhere, to be put anywhere.
const TOKENS: &[&[u8]] = &[
    b"\0",
    b"\n",
    b"\r\n",
    b"\xff",
    b"\x1b[2J",
    b"\"",
    b"\\",
    b"/",
    b"..",
    b"./",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b" ",
    b"  ",
    b"*",
    b"**/",
    b"?",
    b"0",
    b"-1",
    b"9007199254740992",
    b"1e9",
    b"null",
    b"\xe2\x80\xae",
    b"\xcc\x81",
    b"refs/",
    b"gpgsig ",
    b"tree ",
    b"100644 ",
    b"40000 ",
    b"```\n",
    b"- ",
    b"# ",
    b"SHA256:",
    b"=",
    b"\xff\xff\xff\xff",
    b"\0\0\0\x01",
];

/// A generator of numbers that nobody needs to be random: xorshift64*.
pub struct Numbers(pub u64);

impl Numbers {
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11
    }

    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % (end.max(1) as u64)).unwrap()
    }
}

pub fn mutated(seeds: &[Vec<u8>], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = seeds[numbers.below(seeds.len())].clone();
    for _ in 0..=numbers.below(4) {
        let at = numbers.below(bytes.len() + 1);
        let end = at + numbers.below((bytes.len() - at).min(40) + 1);
        match numbers.below(7) {
            0 if at < bytes.len() => bytes[at] ^= 1 << numbers.below(8),
            1 if at < bytes.len() => bytes[at] = u8::try_from(numbers.below(256)).unwrap(),
            2 => drop(bytes.drain(at..end)),
            3 => bytes.truncate(at),
            4 => {
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
            5 => {
                let other = &seeds[numbers.below(seeds.len())];
                let from = numbers.below(other.len() + 1);
                bytes.splice(at..end, other[from..].iter().copied());
            }
            _ => {
                let token = TOKENS[numbers.below(TOKENS.len())];
                bytes.splice(at..end, token.iter().copied());
            }
        }
    }
    bytes
}

/// Runs a target; what it cannot take is shown as text that can be made a seed.
fn takes((name, target): Target, bytes: &[u8]) -> bool {
    let start = Instant::now();
    let outcome = std::panic::catch_unwind(|| target(bytes));
    let shown = || {
        let shown: String = bytes.escape_ascii().map(char::from).take(4_000).collect();
        format!("{shown} ({} bytes)", bytes.len())
    };
    let Ok(accepted) = outcome else {
        panic!("{name} does not hold of {}", shown());
    };
    let taken = start.elapsed();
    assert!(taken < SLOW, "{name} takes {taken:?} for {}", shown());
    accepted
}

#[test]
fn every_target_holds_of_its_seeds() {
    for target in TARGETS {
        let seeds = catalogue::seeds(target.0);
        let accepted = seeds.iter().filter(|seed| takes(*target, seed)).count();
        // Else a target might hold because nothing gets beyond the door.
        assert!(accepted > 0, "{} accepts a seed", target.0);
        assert!(seeds.len() > 5, "{} has seeds", target.0);
    }
}

#[test]
fn every_target_holds_of_what_its_seeds_become() {
    let asked = std::env::var("AWO_FUZZ_ROUNDS").ok();
    let rounds = asked.map_or(ROUNDS, |it| it.parse().unwrap());
    std::thread::scope(|scope| {
        for (target, number) in TARGETS.iter().zip(1..) {
            scope.spawn(move || {
                let seeds = catalogue::seeds(target.0);
                let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15 ^ number);
                for _ in 0..rounds {
                    takes(*target, &mutated(&seeds, &mut numbers));
                }
            });
        }
    });
    figure(
        &format!("mutated inputs, {} fuzz targets", TARGETS.len()),
        TARGETS.len() * usize::try_from(rounds).unwrap(),
        "0 panics or broken properties",
        "0 of 10^7 for each target (by hand: tests/fuzz/run)",
    );
}

/// Bytes that are refused, or taken, for their size alone would only slow the others down.
#[test]
fn what_is_large_is_answered_in_time() {
    let deep = |open: &str| open.repeat(100_000).into_bytes();
    let lines = |line: &str| line.repeat(100_000).into_bytes();
    let large: &[(&str, Vec<u8>)] = &[
        ("json", deep("[")),
        ("json", deep("{\"a\":")),
        ("json", deep("[1,")),
        ("json", deep("\"\\u0041")),
        ("envelope", deep("{\"payload\":")),
        ("statement", deep("[")),
        (
            "sums",
            lines("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  ./a\n"),
        ),
        ("sums", lines("x\n")),
        ("commit", deep("tree ")),
        ("commit", lines("encoding x\n")),
        ("events", lines("{}\n")),
        ("events", deep("{\"payload\":")),
        ("events", deep("\"\\")),
        ("hook", lines("a b refs/heads/c\n")),
        ("keys", lines("a ssh-ed25519 AAAA\n")),
        ("ledger", deep("a/")),
        ("names", deep("\u{1b}[2J")),
        ("packet", lines("- a\n")),
        ("packet", lines("# a\n")),
        ("packet", lines("> a\n")),
        ("packet", deep("[a](")),
        ("packet", deep("*_`")),
        ("pattern", deep("*/")),
        ("pattern", deep("{")),
        ("pattern", deep("[a]")),
        ("policy", deep("a = [")),
        ("policy", lines("[[ref]]\n")),
        ("policy", deep("[[a.")),
        ("run_dir", lines("index.json\n{}\u{7f}")),
        ("signature", lines("-----BEGIN SSH SIGNATURE-----\n")),
        ("tree", deep("100644 a\x0012345678901234567890")),
    ];
    for (name, bytes) in large {
        let target = TARGETS.iter().find(|it| it.0 == *name).unwrap();
        takes(*target, bytes);
    }
}
