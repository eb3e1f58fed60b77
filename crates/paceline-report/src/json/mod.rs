//! `test-report.json`: the whole run in one JSON object, kept up to date while the run goes on.
//!
//! The keys `timestamp`, `duration`, `suites` (with `name` to `log_file`) and `summary` are those of
//! an established format and keep its meaning; everything else is an addition to it.
//! `docs/report-schema.md` explains the format.

mod entries;
mod format;
mod reporter;
#[cfg(test)]
mod tests;

pub use format::{
    AttemptReport, REPORT_SCHEMA_VERSION, Report, Status, SuiteReport, Summary, TestAttempt,
    TestReport, json_schema,
};
pub use reporter::JsonReport;
