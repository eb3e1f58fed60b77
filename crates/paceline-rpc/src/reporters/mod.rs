//! What is written about a run.
//!
//! - [`Pretty`]: for people, as the Rust test harness writes it
//! - [`Terse`]: a character a test
//! - [`LibtestJson`]: the events of the Rust test harness, one JSON object a line
//! - [`JsonReport`]: one JSON document at the end
//! - [`JUnit`]: JUnit XML, valid against the schema that Jenkins reads by

mod json;
mod junit;
mod pretty;

pub use json::{JsonReport, LibtestJson};
pub use junit::JUnit;
pub use pretty::{Pretty, Terse};
