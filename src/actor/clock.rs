//! The one door through which time enters.

use crate::record::Timestamp;
use crate::sys::{Environment, clock};

use super::error::Error;

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

    /// Returns the clock that the environment asks for: `SOURCE_DATE_EPOCH` (seconds since 1970)
    /// pins it.
    pub fn told(environment: &Environment) -> Result<Self, Error> {
        let Some(text) = environment.text("SOURCE_DATE_EPOCH") else {
            return Ok(Self::system());
        };
        let time = text.parse().ok().and_then(Timestamp::from_seconds);
        let time = time.ok_or_else(|| Error::Clock(format!("SOURCE_DATE_EPOCH is {text:?}")))?;
        Ok(Self::at(time))
    }

    /// Returns the present time.
    pub fn now(&self) -> Timestamp {
        let system = || Timestamp::from_seconds(clock::seconds()).unwrap_or(Timestamp::EPOCH);
        self.pinned.unwrap_or_else(system)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_pins_the_clock_or_is_refused() {
        let told = |value: &str| {
            let pair = ("SOURCE_DATE_EPOCH", value);
            Clock::told(&Environment::new("/".as_ref(), [pair]))
        };
        assert_eq!(told("86400").unwrap().now().seconds(), 86_400);
        assert!(told("").is_err());
        assert!(told("tomorrow").is_err());
        let silent = Clock::told(&Environment::default()).unwrap();
        assert!(silent.now().seconds() > 86_400);
    }
}
