//! One execution of a program: started, watched, fed to its log, stopped when its time is up, and
//! cleaned up after.

mod output;
mod pool;
mod supervise;

pub use output::OutputBudget;
pub(crate) use pool::{Handle, Job, JobId, Notice, Pool};
pub(crate) use supervise::{Context, Program, ProgramLog, Stop, Sweep, Update};
