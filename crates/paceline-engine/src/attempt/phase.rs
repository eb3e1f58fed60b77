//! The way of an attempt to its end, and what that means.

use std::time::{Duration, Instant};

use crate::outcome::{Exit, Outcome, signal_name};

/// Why an attempt was told to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    Timeout,
    Stopped,
}

/// Where an attempt is on the way to its end.
#[derive(Clone, Copy, Debug)]
pub(super) enum Phase {
    Running { deadline: Instant },
    Terminating { cause: Cause, kill_at: Instant },
    Killed { cause: Cause },
}

impl Phase {
    pub(super) fn cause(self) -> Option<Cause> {
        match self {
            Self::Running { .. } => None,
            Self::Terminating { cause, .. } | Self::Killed { cause } => Some(cause),
        }
    }

    pub(super) fn next_deadline(self) -> Option<Instant> {
        match self {
            Self::Running { deadline } => Some(deadline),
            Self::Terminating { kill_at, .. } => Some(kill_at),
            Self::Killed { .. } => None,
        }
    }
}

/// What an end means.
pub(super) fn verdict(
    cause: Option<Cause>,
    exit: Option<Exit>,
    timeout: Duration,
) -> (Outcome, Option<String>) {
    match (cause, exit) {
        (Some(Cause::Timeout), _) => {
            let text = format!("timed out after {}", crate::duration::Human(timeout));
            (Outcome::TimedOut, Some(text))
        }
        (Some(Cause::Stopped), _) => (Outcome::NotRun, Some("stopped while it ran".to_owned())),
        (None, Some(Exit::Code(0))) => (Outcome::Passed, None),
        (None, Some(Exit::Code(code))) => {
            // The shell's own codes, which POSIX fixes.
            let meaning = match code {
                126 => ": found, but not executable",
                127 => ": command not found",
                _ => "",
            };
            (Outcome::Failed, Some(format!("exit code {code}{meaning}")))
        }
        (None, Some(Exit::Signal(signal))) => {
            let text = match signal_name(signal) {
                Some(name) => format!("killed by {name}"),
                None => format!("killed by signal {signal}"),
            };
            (Outcome::Crashed, Some(text))
        }
        (None, None) => (
            Outcome::Errored,
            Some("its exit status was lost".to_owned()),
        ),
    }
}
