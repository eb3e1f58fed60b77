//! What happens in a run, as the reporters see it. Nothing else reaches them.
//!
//! Events come in the order in which things happened. `docs/events.md` documents their NDJSON form,
//! which is what serde makes of [`Event`].

mod attempt;
mod form;
mod kind;
mod not_run;
mod run;
mod suite;
mod test;
mod unit;

pub use attempt::{AttemptFinished, AttemptResult, AttemptStarted, LeakedProcess, Output, Usage};
pub(crate) use form::seconds;
pub use kind::{EVENT_FORMAT_VERSION, Event, EventKind};
pub use not_run::{FailedDependency, NotRun};
pub use run::{RunFinished, RunStarted, Stopping, Warning};
pub use suite::{NoteKind, SuiteFinished, SuiteInfo, SuiteNote, SuiteReported, SuiteStarted};
pub use test::{Problem, Subtest, TestDetails, TestFinished, TestWarning};
pub use unit::{UnitCollected, UnitReported};
