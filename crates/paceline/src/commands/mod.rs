//! The commands beside `run`.

pub mod completions;
pub mod graph;
pub mod init;
pub mod list;
