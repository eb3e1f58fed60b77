//! What a JSON value has to look like.
//!
//! - [`Pattern`]: a JSON value with placeholders that another has to match, as a subset or exactly
//! - [`Mismatch`]: where it does not, and why
//! - [`query`], [`find`]: `JSONPath` (feature `jsonpath`)
//! - `conforms`: JSON Schema (feature `schema`)

#[cfg(feature = "jsonpath")]
mod path;
mod pattern;
mod placeholder;
#[cfg(feature = "schema")]
mod schema;

#[cfg(feature = "jsonpath")]
pub use path::{PathError, find, query};
pub use pattern::{Mismatch, Pattern};
#[cfg(feature = "schema")]
pub use schema::{SchemaError, conforms};
pub use serde_json::json;
