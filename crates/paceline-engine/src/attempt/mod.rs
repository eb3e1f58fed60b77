//! One execution of a program: started, watched, fed to its log, stopped when its time is up, and
//! cleaned up after.

mod control;
mod file_log;
mod output;
mod phase;
mod pool;
mod program;
mod supervise;

pub(crate) use control::Stop;
pub use output::OutputBudget;
pub(crate) use pool::{Handle, Job, JobId, Notice, Pool};
pub(crate) use program::{Program, ProgramLog, Sweep};
pub(crate) use supervise::{Context, Update};
