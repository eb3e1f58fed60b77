//! The engine of paceline: plan → schedule → run → ledger.
//!
//! It knows no language, no terminal and no file format. What happens in a run leaves it as
//! [`event::Event`]s.

pub mod capture;
pub mod event;
pub mod limit;
pub mod outcome;
pub mod plan;
pub mod schedule;
