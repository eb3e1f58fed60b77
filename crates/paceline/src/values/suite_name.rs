//! What a suite may be called.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Serialize, Serializer};
use thiserror::Error;

/// The longest name, in bytes.
const LONGEST: usize = 100;

/// The name of a suite. It becomes the name of its log file, the beginning of its tests' ids and an
/// argument on the command line, and so must do for all of them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SuiteName(String);

/// A text that is not a [`SuiteName`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InvalidSuiteName {
    /// It is empty, or a part of it between slashes is.
    #[error(
        "`{0}` cannot name a suite: it has an empty part\nhelp: write parts like `web/unit`, with one `/` between them"
    )]
    EmptyPart(String),
    /// A part is `.` or `..`, which would lead out of the log directory.
    #[error("`{name}` cannot name a suite: `{part}` is not allowed as a part of it")]
    Dots {
        /// The whole name.
        name: String,
        /// `.` or `..`.
        part: String,
    },
    /// It begins with a hyphen and would be taken for an option.
    #[error("`{0}` cannot name a suite: it begins with `-`, as options do")]
    Hyphen(String),
    /// A character is not allowed.
    #[error(
        "`{name}` cannot name a suite: `{character}` is not allowed in it\nhelp: use letters, digits, `-`, `_`, `.`, `+`, `@`, and `/` between parts"
    )]
    Character {
        /// The whole name.
        name: String,
        /// The first such character, escaped where it cannot be shown.
        character: String,
    },
    /// It is too long for a file name.
    #[error("`{0}` cannot name a suite: it is longer than 100 bytes")]
    TooLong(String),
}

impl SuiteName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SuiteName {
    type Err = InvalidSuiteName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let name = || text.to_owned();
        let allowed = |c: char| c.is_alphanumeric() || "-_.+@/".contains(c);
        if let Some(character) = text.chars().find(|c| !allowed(*c)) {
            return Err(InvalidSuiteName::Character {
                name: text.escape_debug().to_string(),
                character: character.escape_debug().to_string(),
            });
        }
        if text.len() > LONGEST {
            return Err(InvalidSuiteName::TooLong(name()));
        }
        for part in text.split('/') {
            match part {
                "" => return Err(InvalidSuiteName::EmptyPart(name())),
                "." | ".." => {
                    return Err(InvalidSuiteName::Dots {
                        name: name(),
                        part: part.to_owned(),
                    });
                }
                _ => {}
            }
        }
        if text.starts_with('-') {
            return Err(InvalidSuiteName::Hyphen(name()));
        }
        Ok(Self(name()))
    }
}

impl fmt::Display for SuiteName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Serialize for SuiteName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for SuiteName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

impl JsonSchema for SuiteName {
    fn schema_name() -> Cow<'static, str> {
        "SuiteName".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": r"^[\p{L}\p{N}_.+@][\p{L}\p{N}_.+@/-]*$",
            "maxLength": LONGEST,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_do_everywhere() {
        for name in [
            "unit",
            "web/unit",
            "a-b_c.d+e@f",
            "naïve",
            ".hidden",
            "a..b",
        ] {
            assert_eq!(name.parse::<SuiteName>().unwrap().as_str(), name);
        }
    }

    #[test]
    fn names_that_would_break_a_path_an_id_or_an_argument() {
        for (name, error) in [
            ("", InvalidSuiteName::EmptyPart(String::new())),
            ("a//b", InvalidSuiteName::EmptyPart("a//b".into())),
            ("/a", InvalidSuiteName::EmptyPart("/a".into())),
            ("-x", InvalidSuiteName::Hyphen("-x".into())),
            (
                "a/../b",
                InvalidSuiteName::Dots {
                    name: "a/../b".into(),
                    part: "..".into(),
                },
            ),
            (
                "a::b",
                InvalidSuiteName::Character {
                    name: "a::b".into(),
                    character: ":".into(),
                },
            ),
            (
                "a\nb",
                InvalidSuiteName::Character {
                    name: "a\\nb".into(),
                    character: "\\n".into(),
                },
            ),
        ] {
            assert_eq!(name.parse::<SuiteName>(), Err(error));
        }
        let long = "x".repeat(101);
        let error = InvalidSuiteName::TooLong(long.clone());
        assert_eq!(long.parse::<SuiteName>(), Err(error));
    }
}
