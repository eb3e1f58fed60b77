//! One log a suite: a header, the raw bytes of both streams in the order in which they came, and a
//! footer; with retries one after another for each attempt.
//!
//! A log is written to the record of its run and appears in the directory where users look (a hard
//! link to the same file) as soon as it is opened, so that `tail -f` follows it. The next run
//! replaces the link, and the record keeps the file.

mod attempt_log;
mod frame;
mod suite_logs;
#[cfg(test)]
mod tests;

pub use suite_logs::SuiteLogs;
