//! A message, and how it is read from a line.

use serde::Deserialize;
use thiserror::Error;

use super::collecting::{CollectError, CollectSkipped, Collected};
use super::ends::{Goodbye, Stopping};
use super::greeting::{Hello, JournalGrown};
use super::host::{Discovered, Exited, Forked, Ready};
use super::running::{TakenBack, TestFinished, TestStarted};
use super::trouble::{WarningMessage, WorkerError};

/// A message from a host or worker to the engine.
#[derive(Clone, Debug)]
pub enum FromWorker {
    /// The first message.
    Hello(Box<Hello>),
    /// Host: units in plan order.
    Discovered(Discovered),
    /// Host: all units are told, and workers can be forked.
    Ready(Box<Ready>),
    /// Host: a worker has been forked.
    Forked(Forked),
    /// Host: a worker could not be forked.
    ForkFailed {
        /// Its number.
        worker: u32,
        /// Why.
        reason: String,
    },
    /// Host: a forked worker has ended.
    Exited(Exited),
    /// Worker: it begins with a unit.
    UnitStarted {
        /// The unit's number.
        unit: u32,
    },
    /// Worker: what a unit holds.
    Collected(Collected),
    /// A file could not be collected.
    CollectError(Box<CollectError>),
    /// A file says that it is to be skipped.
    CollectSkipped(CollectSkipped),
    /// A test begins.
    TestStarted(TestStarted),
    /// A test has ended.
    TestFinished(Box<TestFinished>),
    /// All that was asked of a unit is done.
    UnitFinished {
        /// The unit's number.
        unit: u32,
    },
    /// The last test of what was sent is about to be torn down.
    NeedNext {
        /// The unit's number.
        unit: u32,
    },
    /// Answers `take_back`.
    TakenBack(TakenBack),
    /// The whole run is to end.
    Stopping(Stopping),
    /// The framework warns of something.
    Warning(Box<WarningMessage>),
    /// Something went wrong beside the tests.
    Error(WorkerError),
    /// There is more in the process's journal.
    Journal(JournalGrown),
    /// The last message.
    Goodbye(Goodbye),
}

/// Why a line is no message.
#[derive(Debug, Error)]
pub enum InvalidMessage {
    /// No JSON object with a `kind`.
    #[error("a line that is no message: {0}")]
    NoMessage(serde_json::Error),
    /// A kind that this version does not know.
    #[error("a message of the unknown kind `{0}`")]
    UnknownKind(String),
    /// Fields are missing or of the wrong type.
    #[error("a malformed `{kind}` message: {source}")]
    Malformed {
        /// The message's kind.
        kind: &'static str,
        /// What is wrong.
        source: serde_json::Error,
    },
}

impl FromWorker {
    /// Reads a message from a line.
    pub fn parse(line: &str) -> Result<Self, InvalidMessage> {
        #[derive(Deserialize)]
        struct Kind<'a> {
            #[serde(borrow)]
            kind: std::borrow::Cow<'a, str>,
        }
        #[derive(Deserialize)]
        struct UnitOnly {
            unit: u32,
        }
        #[derive(Deserialize)]
        struct ForkFailed {
            worker: u32,
            #[serde(default)]
            reason: String,
        }
        fn read<'a, T: Deserialize<'a>>(
            kind: &'static str,
            line: &'a str,
        ) -> Result<T, InvalidMessage> {
            serde_json::from_str(line).map_err(|source| InvalidMessage::Malformed { kind, source })
        }
        let Kind { kind } = serde_json::from_str(line).map_err(InvalidMessage::NoMessage)?;
        let unit = |kind| read(kind, line).map(|UnitOnly { unit }| unit);
        Ok(match kind.as_ref() {
            "hello" => Self::Hello(read("hello", line)?),
            "discovered" => Self::Discovered(read("discovered", line)?),
            "ready" => Self::Ready(read("ready", line)?),
            "forked" => Self::Forked(read("forked", line)?),
            "fork_failed" => {
                let ForkFailed { worker, reason } = read("fork_failed", line)?;
                Self::ForkFailed { worker, reason }
            }
            "exited" => Self::Exited(read("exited", line)?),
            "unit_started" => Self::UnitStarted {
                unit: unit("unit_started")?,
            },
            "collected" => Self::Collected(read("collected", line)?),
            "collect_error" => Self::CollectError(read("collect_error", line)?),
            "collect_skipped" => Self::CollectSkipped(read("collect_skipped", line)?),
            "test_started" => Self::TestStarted(read("test_started", line)?),
            "test_finished" => Self::TestFinished(read("test_finished", line)?),
            "unit_finished" => Self::UnitFinished {
                unit: unit("unit_finished")?,
            },
            "need_next" => Self::NeedNext {
                unit: unit("need_next")?,
            },
            "taken_back" => Self::TakenBack(read("taken_back", line)?),
            "stopping" => Self::Stopping(read("stopping", line)?),
            "warning" => Self::Warning(read("warning", line)?),
            "error" => Self::Error(read("error", line)?),
            "journal" => Self::Journal(read("journal", line)?),
            "goodbye" => Self::Goodbye(read("goodbye", line)?),
            other => return Err(InvalidMessage::UnknownKind(other.to_owned())),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::from_worker::TestOutcome;

    #[test]
    fn a_pass_needs_few_fields() {
        let line = r#"{"kind":"test_finished","unit":3,"test":1,"outcome":"passed","durations":[0.1,0.2,0.3]}"#;
        let Ok(FromWorker::TestFinished(test)) = FromWorker::parse(line) else {
            panic!("not a test_finished");
        };
        assert_eq!(
            (test.unit, test.test, test.outcome),
            (3, 1, TestOutcome::Passed)
        );
        assert!(
            test.durations
                .iter()
                .zip([0.1, 0.2, 0.3])
                .all(|(a, b)| (a - b).abs() < 1e-9)
        );
    }

    #[test]
    fn null_is_as_good_as_missing_and_unknown_fields_are_ignored() {
        let line = r#"{"kind":"collected","unit":0,"tests":null,"more":null,"digest":"x","count":2,"new":1}"#;
        assert!(matches!(
            FromWorker::parse(line),
            Ok(FromWorker::Collected(_))
        ));
    }

    #[test]
    fn what_is_no_message_is_refused_with_what_is_wrong() {
        let error = |line: &str| FromWorker::parse(line).unwrap_err().to_string();
        assert_eq!(
            error(r#"{"kind":"dance"}"#),
            "a message of the unknown kind `dance`"
        );
        assert!(
            error("[]").starts_with("a line that is no message"),
            "{}",
            error("[]")
        );
        let malformed = error(r#"{"kind":"test_started","unit":"x","test":0}"#);
        assert!(
            malformed.starts_with("a malformed `test_started` message"),
            "{malformed}"
        );
        let outcome = error(r#"{"kind":"test_finished","unit":0,"test":0,"outcome":"green"}"#);
        assert!(outcome.contains("green"), "{outcome}");
    }
}
