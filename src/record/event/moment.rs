//! When an event happened, as its writer spelled it.

use std::fmt;
use std::str::FromStr;

use crate::record::Timestamp;

/// A point in time in a form of RFC 3339, kept as it was spelled.
///
/// Other programs write fractions of a second and offsets; git-awo writes whole seconds in UTC.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Moment(String);

/// The text is not a time of RFC 3339.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a time of RFC 3339, such as 2026-01-31T23:59:59.250Z")]
pub struct BadMoment(pub String);

impl Moment {
    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl From<Timestamp> for Moment {
    fn from(time: Timestamp) -> Self {
        Self(time.to_string())
    }
}

impl FromStr for Moment {
    type Err = BadMoment;

    fn from_str(text: &str) -> Result<Self, BadMoment> {
        // The library also reads other forms of ISO 8601, so the shape is asked for first.
        let is_time = has_shape(text) && text.parse::<jiff::Timestamp>().is_ok();
        match is_time {
            true => Ok(Self(text.to_owned())),
            false => Err(BadMoment(text.to_owned())),
        }
    }
}

/// Returns whether the text looks like `2026-01-31T23:59:59`, up to nine digits of a fraction, and `Z` or
/// an offset.
fn has_shape(text: &str) -> bool {
    let alike = |text: &str, form: &str| {
        text.len() == form.len()
            && text.bytes().zip(form.bytes()).all(|(b, of)| match of {
                b'0' => b.is_ascii_digit(),
                of => b == of,
            })
    };
    let Some((time, rest)) = text.split_at_checked(19) else {
        return false;
    };
    let zone = match rest.strip_prefix('.') {
        None => rest,
        Some(fraction) => {
            let zone = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
            let digits = fraction.len().saturating_sub(zone.len());
            if !(1..=9).contains(&digits) {
                return false;
            }
            zone
        }
    };
    // The library takes hours up to 25.
    let hours = zone.get(1..3).is_some_and(|hours| hours <= "23");
    let offset = hours && (alike(zone, "+00:00") || alike(zone, "-00:00"));
    alike(time, "0000-00-00T00:00:00") && (zone == "Z" || offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_of_rfc_3339_are_kept_as_they_are_spelled() {
        for text in [
            "2026-02-19T14:59:33Z",
            "2026-02-19T14:59:33.593Z",
            "2026-02-19T14:59:33.123456789Z",
            "2026-02-19T14:59:33+01:00",
            "2026-02-19T14:59:33.5-11:30",
            "2024-02-29T00:00:00Z",
        ] {
            assert_eq!(text.parse::<Moment>().unwrap().as_str(), text);
        }
        for bad in [
            "",
            "2026-02-19",
            "2026-02-19 14:59:33Z",
            "2026-02-19t14:59:33z",
            "2026-02-19T14:59:33+24:00",
            "2026-02-19T14:59:33-25:00",
            "2026-02-19T14:59:33",
            "2026-02-19T14:59Z",
            "2026-02-19T14:59:33.Z",
            "2026-02-19T14:59:33.1234567890Z",
            "2026-02-19T14:59:33,5Z",
            "2026-02-19T14:59:33+0100",
            "2026-02-19T14:59:33+01",
            "2026-02-19T14:59:33Z[UTC]",
            "2026-02-19T24:00:00Z",
            "2026-02-30T00:00:00Z",
            "2025-02-29T00:00:00Z",
            "20260219T145933Z",
            "+002026-02-19T14:59:33Z",
            "2026-02-19T14:59:33\u{2212}01:00",
            "1771513173",
            " 2026-02-19T14:59:33Z",
            "2026-02-19T14:59:33Z\n",
        ] {
            assert!(bad.parse::<Moment>().is_err(), "{bad:?} is refused");
        }
        let time: Timestamp = "2026-11-21T01:52:49Z".parse().unwrap();
        assert_eq!(Moment::from(time).as_str(), "2026-11-21T01:52:49Z");
    }
}
