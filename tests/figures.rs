//! What a long test publishes: one line for each figure, and its size from the environment.
//! docs/design/testing.md says what the lines and the variables are.

use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Prints `figure: NAME | N | RESULT | TARGET`, with N the size of what was measured.
pub fn figure(
    name: &str,
    n: impl std::fmt::Display,
    result: impl std::fmt::Display,
    target: impl std::fmt::Display,
) {
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
