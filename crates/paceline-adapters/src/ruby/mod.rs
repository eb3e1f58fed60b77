//! Ruby: test-unit and minitest. Both have one worker program, with a driver for each.

mod adapter;
mod arguments;
mod framework;
pub(crate) mod interpreter;
mod names;

pub(crate) use adapter::Ruby;
pub(crate) use framework::Framework;
