//! The reporters of paceline: one module each, fed with [`paceline_engine::event::Event`]s and
//! nothing else, so that no two of them can disagree.
//!
//! - [`logs`]: one log a suite
//! - [`json`]: `test-report.json`
//! - [`events`]: the events themselves, one JSON object a line
//! - [`environment`], [`human`]: what the others share

mod atomic;
pub mod environment;
pub mod events;
pub mod human;
pub mod json;
pub mod logs;
mod model;
mod reporter;
pub mod schemas;
#[cfg(test)]
mod test_events;

pub use reporter::{Destination, ReportError, Reporter};
