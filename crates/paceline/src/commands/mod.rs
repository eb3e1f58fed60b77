//! The commands beside `run`.

pub mod completions;
