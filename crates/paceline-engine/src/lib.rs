//! The engine of paceline: plan → schedule → run → ledger.
//!
//! It knows no language, no terminal and no file format. What happens in a run leaves it as
//! [`event::Event`]s.

pub mod attempt;
pub mod capture;
pub mod dispatch;
pub mod duration;
pub mod event;
pub mod ledger;
pub mod limit;
pub mod outcome;
pub mod plan;
mod run;
pub mod schedule;
pub mod sys;
mod workers;
