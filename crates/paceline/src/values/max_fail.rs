//! After how many failures a run stops.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use thiserror::Error;

/// After how many failures a run stops, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxFail {
    /// The number of failures that stop it.
    pub count: NonZeroU32,
    /// What happens to what is running then.
    pub then: OnMaxFail,
}

/// What happens to running suites when a run stops because of failures. What is queued never
/// starts, in either case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnMaxFail {
    /// They may finish.
    #[default]
    Wait,
    /// They are stopped.
    Immediate,
}

/// A text that is not a [`MaxFail`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InvalidMaxFail {
    /// It does not begin with a number from 1.
    #[error("`{0}` is not a number of failures from 1")]
    Count(String),
    /// What follows the colon is not known.
    #[error("`{0}` is neither `wait` nor `immediate`")]
    Then(String),
}

impl MaxFail {
    /// What `--fail-fast` means.
    pub const FIRST: Self = Self {
        count: NonZeroU32::MIN,
        then: OnMaxFail::Wait,
    };
}

impl FromStr for MaxFail {
    type Err = InvalidMaxFail;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (count, then) = match text.split_once(':') {
            None => (text, OnMaxFail::Wait),
            Some((count, "wait")) => (count, OnMaxFail::Wait),
            Some((count, "immediate")) => (count, OnMaxFail::Immediate),
            Some((_, other)) => return Err(InvalidMaxFail::Then(other.to_owned())),
        };
        let count = count
            .parse()
            .map_err(|_| InvalidMaxFail::Count(count.to_owned()))?;
        Ok(Self { count, then })
    }
}

impl fmt::Display for MaxFail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.then {
            OnMaxFail::Wait => self.count.fmt(f),
            OnMaxFail::Immediate => write!(f, "{}:immediate", self.count),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_a_number_and_a_mode() {
        for (text, shown) in [("3", "3"), ("3:wait", "3"), ("1:immediate", "1:immediate")] {
            assert_eq!(text.parse::<MaxFail>().unwrap().to_string(), shown);
        }
        assert_eq!("1".parse(), Ok(MaxFail::FIRST));
    }

    #[test]
    fn refuses_anything_else() {
        for text in ["0", "", "x", "-1", ":wait"] {
            let count = text.split(':').next().unwrap().to_owned();
            assert_eq!(text.parse::<MaxFail>(), Err(InvalidMaxFail::Count(count)));
        }
        let error = InvalidMaxFail::Then("now".into());
        assert_eq!("1:now".parse::<MaxFail>(), Err(error));
    }
}
