//! Results for people on stdout, progress on stderr.
//!
//! - [`reporter`](Terminal): what is said when
//! - `lines`, `failures`, `summary`, `words`: what is said
//! - `units`, `test_failures`, `test_summary`: what is said of tests that frameworks run
//! - `running`: what runs, for `live` and `lines`
//! - `verbose`: all output, each line with its suite's name
//! - `live`: the window at the bottom of a terminal
//! - `github`: annotations
//! - `options`, `style`, `size`, `columns`, `shell`: what it depends on and how it looks

mod columns;
mod failures;
mod github;
mod lines;
mod live;
mod options;
mod reporter;
mod running;
mod shell;
mod size;
mod style;
mod summary;
mod test_failures;
mod test_summary;
mod units;
mod verbose;
mod words;

#[cfg(test)]
mod tests;

pub use options::{Order, Stream, TerminalOptions};
pub use reporter::Terminal;
pub use size::Size;
pub use style::{ColorChoice, wants_color, wants_unicode};

pub(crate) use failures::last_lines;
pub(crate) use shell::{from_here, quote};
pub(crate) use summary::verdict;
pub(crate) use words::{counts as counts_in_words, test_status};
