//! Prints what happens in the world of the quickstart as one would see it in a terminal.

use std::io::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::sandbox::{Done, Watch};

/// How many lines of what a command prints are shown.
const LINES: usize = 12;

/// A command that was run.
#[derive(Clone, Debug)]
pub struct Step {
    /// Who typed it.
    pub who: String,
    /// What was typed.
    pub command: String,
    /// How it ended.
    pub code: i32,
    /// Whether a refusal was wanted, and came.
    pub refused: bool,
}

/// Keeps the commands that were run, and prints them unless it is quiet.
#[derive(Debug)]
pub struct Teller {
    quiet: bool,
    steps: Mutex<Vec<Step>>,
}

impl Teller {
    /// Begins with no command.
    pub fn new(quiet: bool) -> Self {
        Self {
            quiet,
            steps: Mutex::default(),
        }
    }

    fn told(&self) -> MutexGuard<'_, Vec<Step>> {
        self.steps.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the commands that were run.
    pub fn steps(&self) -> Vec<Step> {
        self.told().clone()
    }

    /// Notes that the last command was refused, and was meant to be.
    pub fn refused(&self) {
        if let Some(step) = self.told().last_mut() {
            step.refused = true;
        }
    }

    /// Prints a heading.
    pub fn say(&self, text: &str) {
        if !self.quiet {
            let _ = writeln!(std::io::stdout(), "\n# {text}");
        }
    }
}

impl Watch for Teller {
    fn typed(&self, who: &str, place: &str, words: &[&str]) {
        if !self.quiet {
            let _ = writeln!(std::io::stdout(), "{who}:{place}$ {}", line(words));
        }
    }

    fn ended(&self, who: &str, words: &[&str], done: &Done) {
        if !self.quiet {
            let mut out = std::io::stdout().lock();
            for line in done.said().lines().take(LINES) {
                let _ = writeln!(out, "    {line}");
            }
        }
        self.told().push(Step {
            who: who.to_owned(),
            command: line(words),
            code: done.code,
            refused: false,
        });
    }
}

/// Returns a command as it is typed.
fn line(words: &[&str]) -> String {
    // The sandbox sets this for all: who types it must.
    let switch = match words {
        ["git", "awo", "run", ..] => "AWO_ALLOW_RUN=1 ",
        _ => "",
    };
    let words: Vec<_> = words.iter().map(|word| shown(word)).collect();
    format!("{switch}{}", words.join(" "))
}

fn shown(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@+,%^~*".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}
