//! Where the events of a run are written.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use thiserror::Error;

/// Where the events of a run are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventsTarget {
    /// To standard output, written `-`. Nothing else is printed there then.
    Stdout,
    /// To a file, relative to the working directory.
    File(PathBuf),
}

/// An empty file name.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the file is missing; write a name, or `-` for standard output")]
pub struct InvalidEventsTarget;

impl FromStr for EventsTarget {
    type Err = InvalidEventsTarget;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "" => Err(InvalidEventsTarget),
            "-" => Ok(Self::Stdout),
            path => Ok(Self::File(path.into())),
        }
    }
}

impl fmt::Display for EventsTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdout => f.pad("-"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dash_is_standard_output() {
        assert_eq!("-".parse(), Ok(EventsTarget::Stdout));
        assert_eq!("./-".parse(), Ok(EventsTarget::File("./-".into())));
        assert_eq!("".parse::<EventsTarget>(), Err(InvalidEventsTarget));
        assert_eq!(EventsTarget::Stdout.to_string(), "-");
    }
}
