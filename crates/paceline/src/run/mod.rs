//! Running suites: from a plan to an exit code.

mod dry_run;
mod mailbox;
mod memory;
mod record;
mod reporters;
mod reporting;
mod start;
mod verdict;

pub use start::run;
