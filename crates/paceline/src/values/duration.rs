//! Durations as people write them: `2m`, `1m30s`, `500ms`.

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::str::FromStr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error as _, Visitor};
use serde::ser::{Serialize, Serializer};
use thiserror::Error;

/// The units, from the longest to the shortest, with their length in nanoseconds.
const UNITS: [(&str, u64); 5] = [
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
];

/// The longest duration that is accepted. It keeps sums of deadlines far from overflow.
const LONGEST: Duration = Duration::from_secs(10 * 365 * 86_400);

/// A duration with its unit: one or more numbers, each with `d`, `h`, `m`, `s` or `ms`, the longest
/// unit first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct HumanDuration(pub Duration);

/// A text that is not a [`HumanDuration`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InvalidDuration {
    /// There is nothing in it.
    #[error("a duration is missing\nhelp: write it like `90s`, `2m` or `1m30s`")]
    Empty,
    /// A number without a unit, which could mean anything.
    #[error(
        "`{text}` has no unit\nhelp: write `{number}s` for seconds or `{number}ms` for milliseconds"
    )]
    NoUnit {
        /// The whole text.
        text: String,
        /// The number that lacks a unit.
        number: String,
    },
    /// A unit that does not exist.
    #[error("`{unit}` is not a unit of time\nhelp: the units are `d`, `h`, `m`, `s` and `ms`")]
    UnknownUnit {
        /// What stands in the unit's place.
        unit: String,
    },
    /// Something that is neither a number nor a unit.
    #[error("`{text}` is not a duration\nhelp: write it like `90s`, `2m` or `1m30s`")]
    NotADuration {
        /// The whole text.
        text: String,
    },
    /// Units that repeat, or a shorter one before a longer one.
    #[error(
        "`{text}` does not name its units from the longest to the shortest\nhelp: write it like `1h30m` or `1m30s`"
    )]
    Order {
        /// The whole text.
        text: String,
    },
    /// More than ten years.
    #[error("`{text}` is longer than ten years")]
    TooLong {
        /// The whole text.
        text: String,
    },
}

impl FromStr for HumanDuration {
    type Err = InvalidDuration;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut rest = text.trim();
        if rest.is_empty() {
            return Err(InvalidDuration::Empty);
        }
        let text = || text.to_owned();
        let mut total = Duration::ZERO;
        let mut longest_allowed = 0;
        while !rest.is_empty() {
            let end = rest
                .find(|c: char| !c.is_ascii_digit() && c != '.')
                .unwrap_or(rest.len());
            let (number, after) = rest.split_at(end);
            let after = after.trim_start();
            let end = after
                .find(|c: char| !c.is_alphabetic())
                .unwrap_or(after.len());
            let (unit, after) = after.split_at(end);
            rest = after.trim_start();
            if number.is_empty() || (unit.is_empty() && !rest.is_empty()) {
                return Err(InvalidDuration::NotADuration { text: text() });
            }
            if unit.is_empty() {
                return Err(InvalidDuration::NoUnit {
                    text: text(),
                    number: number.to_owned(),
                });
            }
            let place = UNITS.iter().position(|(name, _)| *name == unit);
            let Some(place) = place else {
                return Err(InvalidDuration::UnknownUnit {
                    unit: unit.to_owned(),
                });
            };
            if place < longest_allowed {
                return Err(InvalidDuration::Order { text: text() });
            }
            longest_allowed = place + 1;
            let number: f64 = number
                .parse()
                .map_err(|_| InvalidDuration::NotADuration { text: text() })?;
            let part = Duration::try_from_secs_f64(number * (UNITS[place].1 as f64 / 1e9))
                .map_err(|_| InvalidDuration::TooLong { text: text() })?;
            total = total.saturating_add(part);
            if total > LONGEST {
                return Err(InvalidDuration::TooLong { text: text() });
            }
        }
        Ok(Self(total))
    }
}

/// The shortest way to write it that loses nothing above a nanosecond: `1m30s`, `500ms`, `1.5ms`.
impl fmt::Display for HumanDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = u64::try_from(self.0.as_nanos()).unwrap_or(u64::MAX);
        if rest == 0 {
            return f.pad("0s");
        }
        let mut text = String::new();
        for (unit, nanos) in UNITS {
            let count = rest / nanos;
            rest %= nanos;
            if unit == "ms" && rest > 0 {
                let millis = count as f64 + rest as f64 / 1e6;
                // Writing to a string cannot fail.
                let _ = write!(text, "{millis}{unit}");
            } else if count > 0 {
                let _ = write!(text, "{count}{unit}");
            }
        }
        f.pad(&text)
    }
}

impl Serialize for HumanDuration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for HumanDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct DurationVisitor;

        impl Visitor<'_> for DurationVisitor {
            type Value = HumanDuration;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration like \"90s\" or \"1m30s\"")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Self::Value, E> {
                Err(E::custom(format!(
                    "a duration needs a unit\nhelp: write `\"{number}s\"` for seconds"
                )))
            }
        }

        deserializer.deserialize_any(DurationVisitor)
    }
}

impl JsonSchema for HumanDuration {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": r"^\s*([0-9.]+\s*(d|h|m|s|ms)\s*)+$",
        })
    }
}

/// A [`HumanDuration`] that is longer than nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timeout(HumanDuration);

/// A text that is not a [`Timeout`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InvalidTimeout {
    /// It is not a duration.
    #[error(transparent)]
    Duration(#[from] InvalidDuration),
    /// It is zero.
    #[error(
        "a timeout of 0 would stop everything at once\nhelp: write a longer one, `\"1h\"` for instance"
    )]
    Zero,
}

impl Timeout {
    /// A timeout of this many seconds; `None` for 0.
    pub const fn from_secs(secs: u64) -> Option<Self> {
        if secs == 0 {
            None
        } else {
            Some(Self(HumanDuration(Duration::from_secs(secs))))
        }
    }

    /// How long it is; never zero.
    pub fn get(self) -> Duration {
        self.0.0
    }
}

impl TryFrom<HumanDuration> for Timeout {
    type Error = InvalidTimeout;

    fn try_from(duration: HumanDuration) -> Result<Self, InvalidTimeout> {
        if duration.0.is_zero() {
            return Err(InvalidTimeout::Zero);
        }
        Ok(Self(duration))
    }
}

impl FromStr for Timeout {
    type Err = InvalidTimeout;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::try_from(text.parse::<HumanDuration>()?)
    }
}

impl fmt::Display for Timeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Timeout {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Timeout {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::try_from(HumanDuration::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl JsonSchema for Timeout {
    fn schema_name() -> Cow<'static, str> {
        HumanDuration::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        HumanDuration::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(text: &str) -> Result<u128, InvalidDuration> {
        text.parse::<HumanDuration>().map(|d| d.0.as_millis())
    }

    #[test]
    fn reads_what_people_write() {
        assert_eq!(millis("2m"), Ok(120_000));
        assert_eq!(millis("1m30s"), Ok(90_000));
        assert_eq!(millis(" 1h 2m 3s 4ms "), Ok(3_723_004));
        assert_eq!(millis("500ms"), Ok(500));
        assert_eq!(millis("1.5s"), Ok(1500));
        assert_eq!(millis("1d"), Ok(86_400_000));
        assert_eq!(millis("0s"), Ok(0));
    }

    #[test]
    fn refuses_what_could_be_misread() {
        let no_unit = InvalidDuration::NoUnit {
            text: "90".into(),
            number: "90".into(),
        };
        assert_eq!(millis("90"), Err(no_unit));
        let no_unit = InvalidDuration::NoUnit {
            text: "1m30".into(),
            number: "30".into(),
        };
        assert_eq!(millis("1m30"), Err(no_unit));
        assert_eq!(millis(""), Err(InvalidDuration::Empty));
        for text in ["s", "-1s", "1.2.3s", "1,5s", "soon", "1s!"] {
            let text = text.to_owned();
            assert_eq!(millis(&text), Err(InvalidDuration::NotADuration { text }));
        }
        for text in ["1s1m", "1s1s", "5ms1s"] {
            let text = text.to_owned();
            assert_eq!(millis(&text), Err(InvalidDuration::Order { text }));
        }
        let unknown = InvalidDuration::UnknownUnit { unit: "min".into() };
        assert_eq!(millis("5min"), Err(unknown));
        for text in ["4000d", "1e", "99999999999999999999d"] {
            assert!(millis(text).is_err(), "{text}");
        }
    }

    #[test]
    fn is_shown_as_it_would_be_written_and_read_back_the_same() {
        for text in ["0s", "2m", "1m30s", "500ms", "1h1s", "1d2h3m4s5ms", "1.5ms"] {
            let duration: HumanDuration = text.parse().unwrap();
            assert_eq!(duration.to_string(), text);
        }
        let odd: HumanDuration = "1.0005s".parse().unwrap();
        assert_eq!(odd.to_string(), "1s0.5ms");
        assert_eq!(odd.to_string().parse(), Ok(odd));
    }

    #[test]
    fn a_timeout_is_not_zero() {
        assert_eq!("0s".parse::<Timeout>(), Err(InvalidTimeout::Zero));
        assert_eq!("1ms".parse::<Timeout>().unwrap().get().as_millis(), 1);
    }
}
