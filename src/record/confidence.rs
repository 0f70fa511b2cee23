//! How confident a model says it is.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Ten thousand: one has four decimals.
const ONE: u16 = 10_000;

/// A confidence from 0.0 to 1.0, with at most four decimals. It is a claim of the model's and proves
/// nothing.
///
/// Kept as an integer, so that a threshold is met exactly or not at all. JSON has it as a number with one
/// spelling, TOML and the command line as text with the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Confidence(u16);

/// The text is not a confidence.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a confidence: 0.0 to 1.0 with at most four decimals and no zero too many, as 0.92"
)]
pub struct BadConfidence(String);

impl Confidence {
    /// Returns so many ten-thousandths.
    pub fn of_ten_thousandths(parts: u16) -> Option<Self> {
        (parts <= ONE).then_some(Self(parts))
    }

    /// Returns how many ten-thousandths it is.
    pub fn ten_thousandths(self) -> u16 {
        self.0
    }

    /// Returns the confidence that a JSON number is exactly.
    pub(super) fn of_number(value: f64) -> Option<Self> {
        // The shortest text that is this number and no other.
        format!("{value:?}").parse().ok()
    }

    fn of_text(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.')?;
        let digits = fraction.bytes().all(|b| b.is_ascii_digit());
        let zero_too_many = fraction.len() > 1 && fraction.ends_with('0');
        if !digits || zero_too_many || !(1..=4).contains(&fraction.len()) {
            return None;
        }
        let parts: u16 = format!("{fraction:0<4}").parse().ok()?;
        match whole {
            "0" => Self::of_ten_thousandths(parts),
            "1" => Self::of_ten_thousandths(ONE.checked_add(parts)?),
            _ => None,
        }
    }

    fn to_number(self) -> f64 {
        f64::from(self.0) / f64::from(ONE)
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The shortest text of the number, which has a decimal in any case.
        write!(f, "{:?}", self.to_number())
    }
}

impl FromStr for Confidence {
    type Err = BadConfidence;

    fn from_str(text: &str) -> Result<Self, BadConfidence> {
        Self::of_text(text).ok_or_else(|| BadConfidence(text.to_owned()))
    }
}

impl Serialize for Confidence {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.to_number())
    }
}

impl<'de> Deserialize<'de> for Confidence {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = f64::deserialize(deserializer)?;
        let bad = || serde::de::Error::custom(BadConfidence(value.to_string()));
        Self::of_number(value).ok_or_else(bad)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::json;

    #[test]
    fn each_has_one_spelling_in_text_and_in_json() {
        for parts in 0..=ONE {
            let it = Confidence::of_ten_thousandths(parts).unwrap();
            let text = it.to_string();
            assert_eq!(text.parse(), Ok(it), "{text}");
            let bytes = json::canonical(&it);
            assert_eq!(bytes, text.as_bytes(), "as a record has it");
            assert_eq!(json::parse_canonical::<Confidence>(&bytes).unwrap(), it);
        }
        assert_eq!(Confidence::of_ten_thousandths(ONE + 1), None);
    }

    #[test]
    fn other_spellings_and_numbers_are_none() {
        for text in [
            "",
            "1",
            "0",
            "1.00",
            "0.90",
            "00.9",
            ".9",
            "0.",
            "+0.9",
            "-0.0",
            "-0.1",
            "1.0001",
            "2.0",
            "0.12345",
            "9e-1",
            "0.9e0",
            "1E0",
            "NaN",
            "nan",
            "inf",
            "Infinity",
            " 0.9",
            "0.9 ",
            "0,9",
            "0.\u{661}",
            "0x1",
            "0.99999999999999999",
        ] {
            assert!(text.parse::<Confidence>().is_err(), "{text:?}");
            assert!(
                json::parse_canonical::<Confidence>(text.as_bytes()).is_err(),
                "{text:?}"
            );
        }
        // Neither as text in JSON, nor any other float in a record.
        assert!(json::parse_canonical::<Confidence>(b"\"0.9\"").is_err());
        assert!(json::parse_canonical::<f64>(b"0.12345").is_err());
        assert!(json::parse_canonical::<f64>(b"1.5").is_err());
    }

    #[test]
    fn they_are_ordered_as_numbers_are() {
        let of = |text: &str| text.parse::<Confidence>().unwrap();
        assert!(of("0.8") == of("0.8") && of("0.7999") < of("0.8") && of("0.8001") > of("0.8"));
    }
}
