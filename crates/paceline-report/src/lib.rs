//! The reporters of paceline: one module each, fed with [`paceline_engine::event::Event`]s and
//! nothing else, so that no two of them can disagree.
//!
//! - [`terminal`] tells people: results on stdout, progress on stderr.
//! - [`logs`] writes one log a suite.
//! - [`json`] writes `test-report.json`.
//! - [`junit`] writes JUnit XML as Jenkins' schema has it.
//! - [`events`] writes the events themselves, one JSON object a line, and reads them back.
//! - [`step_summary`] writes the job summary of GitHub Actions.
//! - [`schemas`] has the JSON Schemas of what is written.
//! - [`environment`] and [`human`] are what the others share.

mod atomic;
pub mod environment;
pub mod events;
pub mod human;
pub mod json;
pub mod junit;
pub mod logs;
mod model;
mod naming;
mod program;
mod reporter;
mod sanitize;
pub mod schemas;
mod slowest;
pub mod step_summary;
pub mod terminal;
#[cfg(test)]
mod test_events;
#[cfg(test)]
mod test_framework;
mod test_warnings;

pub use program::Program;
pub use reporter::{Destination, ReportError, Reporter};
