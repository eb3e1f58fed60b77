//! The worker protocol, as `docs/protocol.md` describes it: messages, framing, transport.

pub mod framing;
mod from_worker;
mod to_worker;
pub mod transport;

pub use from_worker::{
    Binding, Captured, CollectError, CollectSkipped, Collected, Discovered, ExitMessage, Exited,
    Forked, FrameworkVersion, FromWorker, Goodbye, Hello, InvalidMessage, JournalGrown,
    LanguageVersion, Place, ProblemMessage, Ready, Role, Settings, Stacks, Stopping,
    SubtestMessage, TakenBack, TestDescription, TestFinished, TestOutcome, TestStarted,
    UnitDescription, WarningMessage, WorkerError, WorkerLaunch,
};
pub use to_worker::{Fork, Run, Shutdown, TakeBack, ToWorker, Welcome};

/// The version of the protocol that this crate speaks.
pub const PROTOCOL_VERSION: u32 = 1;
