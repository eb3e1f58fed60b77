//! Why a test did not pass.

use std::error::Error;
use std::fmt;
use std::panic::Location;

use crate::connect::BoxError;

/// What a test's body returns.
///
/// `?` turns any error into a [`Failure`] that remembers the line.
pub type TestResult = Result<(), Failure>;

/// Why a test did not pass: an assertion that did not hold, an error, a panic; or that the test
/// skipped itself.
pub struct Failure {
    pub(crate) kind: Kind,
    location: Option<String>,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Skip(String),
    Assertion {
        message: String,
        /// Expected and got, to be shown as a diff.
        sides: Option<Box<(String, String)>>,
    },
    Error(BoxError),
    Panic(String),
}

impl Failure {
    /// An assertion that did not hold.
    #[track_caller]
    pub fn new(message: impl Into<String>) -> Self {
        Self::at_caller(Kind::Assertion {
            message: message.into(),
            sides: None,
        })
    }

    /// An assertion on two texts that should be the same; they are shown as a diff.
    #[track_caller]
    pub fn mismatch(
        message: impl Into<String>,
        expected: impl Into<String>,
        got: impl Into<String>,
    ) -> Self {
        Self::at_caller(Kind::Assertion {
            message: message.into(),
            sides: Some(Box::new((expected.into(), got.into()))),
        })
    }

    /// Not a failure: the test is skipped for this reason.
    #[track_caller]
    pub fn skip(reason: impl Into<String>) -> Self {
        Self::at_caller(Kind::Skip(reason.into()))
    }

    /// For error types such as `anyhow::Error` that are not [`std::error::Error`] themselves.
    #[track_caller]
    pub fn from_boxed(error: impl Into<BoxError>) -> Self {
        Self::at_caller(Kind::Error(error.into()))
    }

    pub(crate) fn panic(message: String, location: Option<String>) -> Self {
        Self {
            kind: Kind::Panic(message),
            location,
        }
    }

    /// Of the harness itself, where no line of the test is to blame.
    pub(crate) fn harness(message: impl Into<String>) -> Self {
        Self {
            kind: Kind::Assertion {
                message: message.into(),
                sides: None,
            },
            location: None,
        }
    }

    #[track_caller]
    fn at_caller(kind: Kind) -> Self {
        Self {
            kind,
            location: Some(Location::caller().to_string()),
        }
    }

    /// Why the test is skipped, if it is.
    pub fn skip_reason(&self) -> Option<&str> {
        match &self.kind {
            Kind::Skip(reason) => Some(reason),
            _ => None,
        }
    }

    /// Where in the source, `file:line:column`.
    pub fn location(&self) -> Option<&str> {
        self.location.as_deref()
    }

    /// Whether it is a panic.
    pub fn is_panic(&self) -> bool {
        matches!(self.kind, Kind::Panic(_))
    }

    /// Whether it is an error rather than an assertion.
    pub fn is_error(&self) -> bool {
        matches!(self.kind, Kind::Error(_))
    }

    /// What was expected and what was got, if the failure is about two values.
    pub fn sides(&self) -> Option<(&str, &str)> {
        match &self.kind {
            Kind::Assertion {
                sides: Some(sides), ..
            } => Some((&sides.0, &sides.1)),
            _ => None,
        }
    }

    /// The error, if it is one of this type.
    pub fn downcast_ref<E: Error + 'static>(&self) -> Option<&E> {
        match &self.kind {
            Kind::Error(error) => error.downcast_ref(),
            _ => None,
        }
    }
}

impl fmt::Display for Failure {
    /// The message, with the causes of an error after colons.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Skip(reason) => write!(f, "skipped: {reason}"),
            Kind::Assertion { message, .. } => f.write_str(message),
            Kind::Panic(message) => write!(f, "panicked: {message}"),
            Kind::Error(error) => {
                write!(f, "{error}")?;
                let mut source = error.source();
                while let Some(cause) = source {
                    write!(f, ": {cause}")?;
                    source = cause.source();
                }
                Ok(())
            }
        }
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        if let Some(location) = &self.location {
            write!(f, " (at {location})")?;
        }
        Ok(())
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for Failure {
    #[track_caller]
    fn from(error: E) -> Self {
        Self::at_caller(Kind::Error(Box::new(error)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<i32, Failure> {
        Ok(text.parse::<i32>()?)
    }

    #[test]
    fn an_error_remembers_the_line_of_its_question_mark() {
        let failure = parse("x").unwrap_err();
        let location = failure.location().unwrap();
        assert!(location.contains("failure.rs:"), "{location}");
        assert!(failure.downcast_ref::<std::num::ParseIntError>().is_some());
        assert_eq!(failure.to_string(), "invalid digit found in string");
    }

    #[test]
    fn causes_are_shown() {
        #[derive(Debug, thiserror::Error)]
        #[error("outer")]
        struct Outer(#[source] fmt::Error);
        let failure = Failure::from(Outer(fmt::Error));
        assert_eq!(
            failure.to_string(),
            "outer: an error occurred when formatting an argument"
        );
    }
}
