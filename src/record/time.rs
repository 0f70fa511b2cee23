//! Points in time, to the second, in UTC.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A point in time in whole seconds since 1970; written `2026-11-21T01:52:49Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Timestamp(jiff::Timestamp);

/// The text is not a time of the form `YYYY-MM-DDTHH:MM:SSZ`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a time of the form 2026-01-31T23:59:59Z")]
pub struct BadTimestamp(pub String);

impl Timestamp {
    /// The beginning of 1970.
    pub const EPOCH: Self = Self(jiff::Timestamp::UNIX_EPOCH);

    /// Returns the time of so many seconds since 1970, if it can be represented.
    pub fn from_seconds(seconds: i64) -> Option<Self> {
        jiff::Timestamp::from_second(seconds).ok().map(Self)
    }

    /// Returns the seconds since 1970.
    pub fn seconds(self) -> i64 {
        self.0.as_second()
    }

    /// Returns the time `days` later, or the latest possible one.
    pub fn plus_days(self, days: u32) -> Self {
        self.plus_hours(days.saturating_mul(24))
    }

    /// Returns the time so many hours later; the last possible one if that is beyond it.
    pub fn plus_hours(self, hours: u32) -> Self {
        let seconds = self
            .seconds()
            .saturating_add(i64::from(hours).saturating_mul(3_600));
        Self::from_seconds(seconds).unwrap_or(Self(jiff::Timestamp::MAX))
    }

    /// Returns the month.
    pub fn month(self) -> Month {
        let date = self.0.to_zoned(jiff::tz::TimeZone::UTC).date();
        Month {
            // No record says a time before year 0: it has no text that would be read again.
            year: u16::try_from(date.year()).unwrap_or(0),
            month: u8::try_from(date.month()).unwrap_or(1),
        }
    }

    /// Returns the day, in UTC.
    pub fn day(self) -> Day {
        let date = self.0.to_zoned(jiff::tz::TimeZone::UTC).date();
        Day {
            month: self.month(),
            day: u8::try_from(date.day()).unwrap_or(1),
        }
    }

    /// Returns the time as in AWO's run ids: `2026-11-21T01-52-49Z`.
    pub fn for_file_names(self) -> String {
        self.0.strftime("%Y-%m-%dT%H-%M-%SZ").to_string()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.strftime("%Y-%m-%dT%H:%M:%SZ").fmt(f)
    }
}

impl FromStr for Timestamp {
    type Err = BadTimestamp;

    fn from_str(text: &str) -> Result<Self, BadTimestamp> {
        let parsed: Result<jiff::Timestamp, _> = text.parse();
        match parsed.map(Self) {
            // Accept only the form that is written, since others would not round-trip.
            Ok(time) if time.to_string() == text => Ok(time),
            _ => Err(BadTimestamp(text.to_owned())),
        }
    }
}

impl TryFrom<String> for Timestamp {
    type Error = BadTimestamp;

    fn try_from(text: String) -> Result<Self, BadTimestamp> {
        text.parse()
    }
}

impl From<Timestamp> for String {
    fn from(time: Timestamp) -> Self {
        time.to_string()
    }
}

/// A month, in UTC; written `2026-11`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Month {
    year: u16,
    month: u8,
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.year, self.month)
    }
}

impl FromStr for Month {
    type Err = BadTimestamp;

    fn from_str(text: &str) -> Result<Self, BadTimestamp> {
        // The form is that of a time, so that its rules are those of months.
        match format!("{text}-01T00:00:00Z").parse::<Timestamp>() {
            Ok(time) => Ok(time.month()),
            Err(_) => Err(BadTimestamp(text.to_owned())),
        }
    }
}

/// A day, in UTC; written `2026-11-21`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Day {
    month: Month,
    day: u8,
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:02}", self.month, self.day)
    }
}

impl FromStr for Day {
    type Err = BadTimestamp;

    fn from_str(text: &str) -> Result<Self, BadTimestamp> {
        // The form is that of a time, so that its rules are those of days.
        match format!("{text}T00:00:00Z").parse::<Timestamp>() {
            Ok(time) => Ok(time.day()),
            Err(_) => Err(BadTimestamp(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_have_one_form_and_an_order() {
        let month = |text: &str| text.parse::<Month>();
        for text in ["0000-01", "2026-11", "9999-12"] {
            assert_eq!(month(text).unwrap().to_string(), text);
        }
        assert!(month("2026-12").unwrap() < month("2027-01").unwrap());
        for bad in [
            "2026-13", "2026-00", "2026-1", "226-01", "-026-01", "2026-11-", "",
        ] {
            assert!(month(bad).is_err(), "{bad:?} is refused");
        }
        let last: Timestamp = "2026-11-30T23:59:59Z".parse().unwrap();
        assert_eq!(last.month(), month("2026-11").unwrap());
        let first = Timestamp::from_seconds(last.seconds() + 1).unwrap();
        assert_eq!(first.month(), month("2026-12").unwrap());
    }

    #[test]
    fn days_have_one_form_and_an_order() {
        let day = |text: &str| text.parse::<Day>();
        for text in ["2026-11-30", "2028-02-29", "0000-01-01"] {
            assert_eq!(day(text).unwrap().to_string(), text);
        }
        assert!(day("2026-11-30").unwrap() < day("2026-12-01").unwrap());
        for bad in ["2026-11-31", "2026-11", "2026-1-1", "2027-02-29", ""] {
            assert!(day(bad).is_err(), "{bad:?} is refused");
        }
    }

    #[test]
    fn one_form_only() {
        let time: Timestamp = "2026-11-21T01:52:49Z".parse().unwrap();
        assert_eq!(time.to_string(), "2026-11-21T01:52:49Z");
        assert_eq!(time.month().to_string(), "2026-11");
        assert_eq!(time.for_file_names(), "2026-11-21T01-52-49Z");
        for bad in [
            "2026-11-21 01:52:49Z",
            "2026-11-21T01:52:49+00:00",
            "2026-11-21T01:52:49.5Z",
            "now",
            "",
        ] {
            assert!(bad.parse::<Timestamp>().is_err(), "{bad:?} is refused");
        }
    }
}
