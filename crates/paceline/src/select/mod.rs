//! From a configuration and what was asked for to a plan.

mod launch;
mod names;
mod plan;
mod query;
mod resources;
mod settings;
mod suites;
#[cfg(test)]
mod tests;
mod tools;

pub use plan::{Selected, select};
pub use query::{Overrides, Query};
pub use tools::Tools;
