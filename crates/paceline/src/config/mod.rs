//! The configuration: `paceline.toml`, or what is found in a repository without one.

mod check;
mod command;
mod detected;
mod env;
mod error;
mod file;
mod framework;
mod load;
mod needs;
pub mod reference;
mod structure;
mod table;

pub use command::CommandLine;
pub(crate) use detected::notice;
pub use env::{VariableName, VariableValue};
pub use error::ConfigError;
pub use file::{ConfigFile, SuiteConfig};
pub use framework::{Collect, FrameworkName, Isolation, OverrideConfig, Split, Start, TestPattern};
pub use load::{Config, FILE_NAME, Origin, load, load_or_detect};
pub use needs::Needs;
pub use table::Table;
