//! The id of a request.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What ties a response to its request: a number, a string, or null where the server could not tell.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Id {
    /// A number. Fractions are allowed by the specification, though it advises against them.
    Number(serde_json::Number),
    /// A string.
    String(String),
    /// Null: the answer to a request whose id could not be read.
    Null,
}

impl From<u64> for Id {
    fn from(number: u64) -> Self {
        Self::Number(number.into())
    }
}

impl From<i64> for Id {
    fn from(number: i64) -> Self {
        Self::Number(number.into())
    }
}

impl From<&str> for Id {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => write!(f, "{number}"),
            Self::String(text) => write!(f, "{text:?}"),
            Self::Null => f.write_str("null"),
        }
    }
}

/// Which ids a client gives its requests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum IdStyle {
    /// 1, 2, 3, …
    #[default]
    Numbers,
    /// "1", "2", "3", …
    Strings,
}
