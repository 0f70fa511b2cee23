//! The one door through which time enters, and what the environment says to whoever acts.

use crate::record::Timestamp;

use super::Error;

/// Tells the time: the system's, or a pinned one.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock {
    pinned: Option<Timestamp>,
}

impl Clock {
    /// Returns a clock that stands still at this time, as in a closed world.
    pub fn at(time: Timestamp) -> Self {
        Self { pinned: Some(time) }
    }

    /// Returns the system's clock, whatever the environment says: at a server's door the
    /// environment may be the pusher's.
    pub fn system() -> Self {
        Self { pinned: None }
    }

    /// Returns the present time.
    pub fn now(&self) -> Timestamp {
        self.pinned.unwrap_or_else(|| {
            let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            let seconds = since.map_or(0, |it| i64::try_from(it.as_secs()).unwrap_or(i64::MAX));
            Timestamp::from_seconds(seconds).unwrap_or(Timestamp::EPOCH)
        })
    }
}

/// What the environment of a process says to whoever acts in it. The default says nothing.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    /// `SOURCE_DATE_EPOCH` (seconds since 1970) pins the clock.
    pub clock: Clock,
    /// `GIT_COMMITTER_NAME`.
    pub committer_name: Option<String>,
    /// `GIT_COMMITTER_EMAIL`.
    pub committer_email: Option<String>,
}

impl Environment {
    /// Reads the environment, in which this function looks variables up.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let given = |name: &str| variable(name).filter(|value| !value.is_empty());
        let clock = match variable("SOURCE_DATE_EPOCH") {
            None => Clock::system(),
            Some(text) => {
                let time = text.parse().ok().and_then(Timestamp::from_seconds);
                let bad = || Error::Clock(format!("SOURCE_DATE_EPOCH is {text:?}"));
                Clock::at(time.ok_or_else(bad)?)
            }
        };
        Ok(Self {
            clock,
            committer_name: given("GIT_COMMITTER_NAME"),
            committer_email: given("GIT_COMMITTER_EMAIL"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_pins_the_clock_or_is_refused() {
        let with = |value: &'static str| {
            Environment::read(move |name| (name == "SOURCE_DATE_EPOCH").then(|| value.to_owned()))
        };
        assert_eq!(with("86400").unwrap().clock.now().seconds(), 86_400);
        assert!(with("").is_err());
        assert!(with("tomorrow").is_err());
        let silent = Environment::read(|_| Some(String::new()).filter(|_| false)).unwrap();
        assert!(silent.clock.now().seconds() > 86_400 && silent.committer_name.is_none());
    }
}
