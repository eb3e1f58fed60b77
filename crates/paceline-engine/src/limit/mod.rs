//! The limit: a proven lower bound on the time that the measured work could have taken.

mod bound;
#[cfg(test)]
mod properties;
mod term;

pub use bound::{MeasuredWork, lower_bound};
pub use term::{Limit, LimitTerm};
