//! What fields of several messages have in common.

use serde::{Deserialize, Deserializer};

/// A field that may be missing or `null`, both of which mean its default.
pub(super) fn or_default<'de, T: Deserialize<'de> + Default, D: Deserializer<'de>>(
    from: D,
) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(from)?.unwrap_or_default())
}

/// A file, and a line from 1 where it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Place {
    /// The file.
    pub file: String,
    /// The line.
    pub line: Option<u32>,
}
