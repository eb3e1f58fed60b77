//! What paceline remembers of earlier runs, in one SQLite file.
//!
//! The file can be deleted at any time: it is rebuilt from the records of the runs that are kept.
//! Nothing here decides over a verdict: who calls treats an error as a warning.

mod record;
mod store;

pub use record::RunRecord;
pub use store::{History, HistoryError};
