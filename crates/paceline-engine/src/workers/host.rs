//! The host of a suite.

use std::time::Instant;

use paceline_protocol::Goodbye;

use crate::attempt::Handle;
use crate::event::AttemptResult;
use crate::run::Link;

/// Where a host is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum HostState {
    /// It boots and lists units.
    Booting,
    /// It is there, and forks workers or is the only one.
    Serving,
    /// It was the suite's only worker and has died as that; workers boot by themselves from now on.
    Lost,
    /// It has been told to end.
    Ending,
    /// It has ended.
    Gone,
}

/// The host of a suite.
pub(super) struct Host {
    pub(super) state: HostState,
    pub(super) handle: Option<Handle>,
    pub(super) link: Option<Link>,
    /// When it has to be ready.
    pub(super) deadline: Option<Instant>,
    pub(super) goodbye: Option<Goodbye>,
    /// How its process has ended, while its connection is still read.
    pub(super) ended: Option<AttemptResult>,
    pub(super) is_closed: bool,
    /// Whether it has not kept to the protocol, and is being ended.
    pub(super) misbehaves: bool,
    /// What it said before it ended.
    pub(super) errors: Vec<String>,
}

impl HostState {
    /// Whether units can be handed out.
    pub(super) fn has_workers(self) -> bool {
        matches!(self, Self::Serving | Self::Lost)
    }
}

impl Host {
    pub(super) fn new() -> Self {
        Self {
            state: HostState::Booting,
            handle: None,
            link: None,
            deadline: None,
            goodbye: None,
            ended: None,
            is_closed: false,
            misbehaves: false,
            errors: Vec::new(),
        }
    }
}
