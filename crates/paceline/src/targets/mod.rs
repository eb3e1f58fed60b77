//! What the command line says of single tests: paths, ids and expressions, and which suite each is
//! about.

mod around;
mod options;
mod places;
mod query;
mod requests;

pub(crate) use options::{can_be_narrowed, not_understood};
pub use query::{Failure, TestQuery};
pub(crate) use requests::Targets;
