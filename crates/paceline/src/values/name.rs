//! Names of categories, groups and resources.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Serialize, Serializer};
use thiserror::Error;

/// The name of a category, group or resource: not empty, without commas and control characters, no
/// space around it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

/// A text that is not a [`Name`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{}` cannot be a name\nhelp: write a word like `unit`, without commas and without space around it", .0.escape_debug())]
pub struct InvalidName(String);

impl Name {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refused = text.is_empty()
            || text.trim() != text
            || text.contains(|c: char| c == ',' || c.is_control());
        if refused {
            return Err(InvalidName(text.to_owned()));
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

impl JsonSchema for Name {
    fn schema_name() -> Cow<'static, str> {
        "Name".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": r"^[^,\s]([^,]*[^,\s])?$" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_what_the_command_line_can_name() {
        assert_eq!("unit".parse::<Name>().unwrap().as_str(), "unit");
        assert_eq!("end to end".parse::<Name>().unwrap().as_str(), "end to end");
        for text in ["", " unit", "a,b", "a\nb"] {
            let error = InvalidName(text.to_owned());
            assert_eq!(text.parse::<Name>(), Err(error));
        }
    }
}
