//! The resources that a suite needs.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

use paceline_engine::plan::Need;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use toml::Spanned;

use crate::values::{Count, Name};

/// What a suite needs: `["postgres"]`, `{ ports = 2 }` or `{ postgres = "shared" }`.
#[derive(Clone, Debug, Default)]
pub struct Needs(Vec<(Spanned<Name>, Need)>);

impl Needs {
    /// Resources and how much of each, in the order of the file.
    pub fn iter(&self) -> impl Iterator<Item = (&Name, Need)> {
        self.0.iter().map(|(name, need)| (name.get_ref(), *need))
    }

    /// As [`Self::iter`], with the places of the names.
    pub(crate) fn spanned(&self) -> impl Iterator<Item = (Range<usize>, &Name, Need)> {
        let needs = self.0.iter();
        needs.map(|(name, need)| (name.span(), name.get_ref(), *need))
    }

    /// Whether nothing is needed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<'de> Deserialize<'de> for Needs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NeedsVisitor;

        impl<'de> Visitor<'de> for NeedsVisitor {
            type Value = Needs;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array like [\"postgres\"] or a table like { ports = 2 }")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut needs = Vec::new();
                while let Some(name) = seq.next_element()? {
                    needs.push((name, Need::Amount(1)));
                }
                Ok(Needs(needs))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut needs: Vec<(Spanned<Name>, Need)> = Vec::new();
                while let Some((name, Amount(need))) = map.next_entry()? {
                    needs.push((name, need));
                }
                needs.sort_by_key(|(name, _)| name.span().start);
                Ok(Needs(needs))
            }
        }

        deserializer.deserialize_any(NeedsVisitor)
    }
}

/// How much of one resource.
struct Amount(Need);

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AmountVisitor;

        impl Visitor<'_> for AmountVisitor {
            type Value = Amount;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number from 1, \"shared\" or \"exclusive\"")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
                match text {
                    "shared" => Ok(Amount(Need::Shared)),
                    "exclusive" => Ok(Amount(Need::Exclusive)),
                    _ => Err(E::custom(format!(
                        "`{text}` does not say how much is needed\nhelp: write a number, `\"shared\"` or `\"exclusive\"`"
                    ))),
                }
            }

            fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Self::Value, E> {
                let count = Count::try_from(number).map_err(E::custom)?;
                Ok(Amount(Need::Amount(count.get())))
            }
        }

        deserializer.deserialize_any(AmountVisitor)
    }
}

impl Serialize for Needs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, need) in self.iter() {
            match need {
                Need::Amount(amount) => map.serialize_entry(name, &amount)?,
                Need::Shared => map.serialize_entry(name, "shared")?,
                Need::Exclusive => map.serialize_entry(name, "exclusive")?,
            }
        }
        map.end()
    }
}

impl JsonSchema for Needs {
    fn schema_name() -> Cow<'static, str> {
        "Needs".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let name = generator.subschema_for::<Name>();
        let count = generator.subschema_for::<Count>();
        json_schema!({
            "anyOf": [
                { "type": "array", "items": name },
                {
                    "type": "object",
                    "propertyNames": name,
                    "additionalProperties": {
                        "anyOf": [count, { "enum": ["shared", "exclusive"] }],
                    },
                },
            ],
        })
    }
}
