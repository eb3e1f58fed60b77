//! Whole numbers from 1.

use std::borrow::Cow;
use std::fmt;
use std::num::NonZeroU32;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};
use thiserror::Error;

/// A weight, a capacity or an amount: a whole number from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Count(NonZeroU32);

/// A number that is not a [`Count`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{0} is not a number from 1 to 4294967295")]
pub struct InvalidCount(i64);

impl Count {
    /// 1.
    pub const ONE: Self = Self(NonZeroU32::MIN);

    /// The number; at least 1.
    pub fn get(self) -> u32 {
        self.0.get()
    }
}

impl TryFrom<i64> for Count {
    type Error = InvalidCount;

    fn try_from(number: i64) -> Result<Self, InvalidCount> {
        u32::try_from(number)
            .ok()
            .and_then(NonZeroU32::new)
            .map(Self)
            .ok_or(InvalidCount(number))
    }
}

impl fmt::Display for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Count {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Count {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct CountVisitor;

        impl Visitor<'_> for CountVisitor {
            type Value = Count;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number from 1")
            }

            fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Self::Value, E> {
                Count::try_from(number).map_err(E::custom)
            }
        }

        deserializer.deserialize_any(CountVisitor)
    }
}

impl JsonSchema for Count {
    fn schema_name() -> Cow<'static, str> {
        "Count".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "integer", "minimum": 1, "maximum": u32::MAX })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn begins_at_one() {
        assert_eq!(Count::try_from(1), Ok(Count::ONE));
        assert_eq!(Count::try_from(0), Err(InvalidCount(0)));
        assert_eq!(Count::try_from(-1), Err(InvalidCount(-1)));
        assert_eq!(Count::try_from(1 << 32), Err(InvalidCount(1 << 32)));
    }
}
