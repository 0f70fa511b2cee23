//! The one door through which time enters.

use crate::record::Timestamp;

use super::Error;

/// Tells the time: the system's, or the one that the environment pins.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    pinned: Option<Timestamp>,
}

impl Clock {
    /// Returns the clock that the environment asks for: `SOURCE_DATE_EPOCH` (seconds since 1970)
    /// pins it.
    pub fn from_environment() -> Result<Self, Error> {
        let Ok(text) = std::env::var("SOURCE_DATE_EPOCH") else {
            return Ok(Self { pinned: None });
        };
        let pinned = text.parse().ok().and_then(Timestamp::from_seconds);
        match pinned {
            Some(_) => Ok(Self { pinned }),
            None => Err(Error::Clock(format!("SOURCE_DATE_EPOCH is {text:?}"))),
        }
    }

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
