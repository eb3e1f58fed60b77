//! Messages of hosts and workers.

mod collecting;
mod ends;
mod field;
mod greeting;
mod host;
mod message;
mod running;
mod trouble;

pub use collecting::{Binding, CollectError, CollectSkipped, Collected, Settings, TestDescription};
pub use ends::{Goodbye, Stopping};
pub use field::Place;
pub use greeting::{
    Captured, FrameworkVersion, Hello, JournalGrown, LanguageVersion, Role, Stacks,
};
pub use host::{Discovered, Exited, Forked, Ready, UnitDescription, WorkerLaunch};
pub use message::{FromWorker, InvalidMessage};
pub use running::{
    ExitMessage, ProblemMessage, SubtestMessage, TakenBack, TestFinished, TestOutcome, TestStarted,
};
pub use trouble::{WarningMessage, WorkerError};
