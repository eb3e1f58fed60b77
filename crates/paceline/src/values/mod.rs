//! The values that arguments and configuration are made of, one type each: how it is written, what
//! is refused, and how it is shown.

mod count;
mod duration;
mod events_target;
mod jobs;
mod max_fail;
mod name;
mod report_spec;
mod suite_name;

pub use count::{Count, InvalidCount};
pub use duration::{HumanDuration, InvalidDuration, InvalidTimeout, Timeout};
pub use events_target::{EventsTarget, InvalidEventsTarget};
pub use jobs::{InvalidJobs, Jobs};
pub use max_fail::{InvalidMaxFail, MaxFail, OnMaxFail};
pub use name::{InvalidName, Name};
pub use report_spec::{InvalidReportSpec, ReportKind, ReportSpec};
pub use suite_name::{InvalidSuiteName, SuiteName};
