//! Figures that are published. A test prints them; `.ci/figures` collects them into
//! `docs/design/figures.md`. Nothing else reads them: what fails, fails by its assertions.

use std::fmt::Display;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Prints one figure: what was tried, how often, what came of it, and what should.
///
/// Figures of the same name, result and target are added up. A result that begins with `0 ` says
/// that nothing failed, and gets the upper bound 3/n beside it.
pub fn figure(name: &str, n: usize, result: impl Display, target: &str) {
    // One call, so that tests at work beside this one do not print into the line.
    println!("figure: {name} | {n} | {result} | {target}");
}

/// Returns the size that an environment variable gives, or this one.
pub fn size(variable: &str, otherwise: usize) -> usize {
    match std::env::var(variable) {
        Ok(text) => text.parse().expect("a number"),
        Err(_) => otherwise,
    }
}

/// How long each of many acts took.
#[derive(Default)]
pub struct Times(Mutex<Vec<Duration>>);

impl Times {
    /// Measures an act.
    pub fn of<T>(&self, act: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = act();
        self.add(start.elapsed());
        result
    }

    /// Adds what was measured elsewhere.
    pub fn add(&self, time: Duration) {
        self.0.lock().unwrap().push(time);
    }
}

impl std::fmt::Display for Times {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut times = self.0.lock().unwrap().clone();
        times.sort();
        let at = |percent: usize| match times.get(times.len().saturating_sub(1) * percent / 100) {
            Some(time) => format!("{:.0} ms", time.as_secs_f64() * 1_000.0),
            None => "-".to_owned(),
        };
        write!(f, "p50 {}, p99 {}, longest {}", at(50), at(99), at(100))
    }
}
