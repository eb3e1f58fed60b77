//! The words in which outcomes, counts and limits are told.

use std::fmt::Write as _;

use paceline_engine::event::TestFinished;
use paceline_engine::limit::LimitTerm;
use paceline_engine::outcome::{Counts, Exit, Outcome, signal_name};

use super::style::Role;
use crate::model::SuiteState;

/// What stands before a suite or test that has ended, and what kind of news it is.
pub(crate) fn status(suite: &SuiteState, outcome: Outcome) -> (String, Role) {
    let test = suite.tests.iter().find(|test| test.outcome == outcome);
    let word = match outcome {
        Outcome::Passed => {
            if let Some(flaky) = suite.tests.iter().find(|test| test.flaky) {
                let status = if suite.is_command() {
                    flaky_status(suite, flaky)
                } else {
                    "FLAKY".to_owned()
                };
                return (status, Role::Note);
            }
            "PASS"
        }
        Outcome::Crashed => test.and_then(ending_signal).unwrap_or("CRASH"),
        outcome => word(outcome),
    };
    (word.to_owned(), role(suite, outcome))
}

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => "PASS",
        Outcome::Failed => "FAIL",
        Outcome::Errored => "ERROR",
        Outcome::TimedOut => "TIMEOUT",
        Outcome::Crashed => "CRASH",
        Outcome::Skipped => "SKIP",
        Outcome::Xfailed => "XFAIL",
        Outcome::Xpassed => "XPASS",
        Outcome::NotRun => "NOT RUN",
    }
}

/// The same for a unit of a suite, with tests of these outcomes.
pub(crate) fn unit_status(suite: &SuiteState, counts: &Counts) -> (&'static str, Role) {
    let allowed = suite.info.allow_failure;
    if counts.failures() > 0 {
        return ("FAIL", if allowed { Role::Note } else { Role::Bad });
    }
    if counts.flaky > 0 {
        return ("FLAKY", Role::Note);
    }
    let only = |outcome| counts.of(outcome) == counts.total;
    let outcome = [Outcome::Skipped, Outcome::NotRun]
        .into_iter()
        .find(|outcome| only(*outcome));
    let outcome = outcome.unwrap_or(Outcome::Passed);
    (word(outcome), role(suite, outcome))
}

/// The same for one test of a suite.
pub(crate) fn test_status(suite: &SuiteState, test: &TestFinished) -> (String, Role) {
    if test.outcome == Outcome::Passed && test.flaky {
        return (flaky_status(suite, test), Role::Note);
    }
    let word = match test.outcome {
        Outcome::Crashed => ending_signal(test).unwrap_or("CRASH"),
        outcome => word(outcome),
    };
    (word.to_owned(), role(suite, test.outcome))
}

/// The framework's own word for the outcome of a test, where it has a finer one.
pub(crate) fn native(test: &TestFinished) -> Option<&str> {
    test.details.as_ref()?.native_outcome.as_deref()
}

fn role(suite: &SuiteState, outcome: Outcome) -> Role {
    match outcome {
        _ if suite.is_allowed(outcome) => Role::Note,
        Outcome::Passed | Outcome::Xfailed => Role::Good,
        Outcome::NotRun | Outcome::Xpassed => Role::Note,
        Outcome::Skipped => Role::Dim,
        _ => Role::Bad,
    }
}

fn flaky_status(suite: &SuiteState, test: &TestFinished) -> String {
    let attempt = test.attempts.last().map_or(1, |last| last.attempt);
    format!(
        "FLAKY {attempt}/{}",
        suite.info.retries.saturating_add(1).max(attempt)
    )
}

fn ending_signal(test: &TestFinished) -> Option<&'static str> {
    match test.attempts.last()?.exit? {
        Exit::Signal(signal) => signal_name(signal),
        Exit::Code(_) => None,
    }
}

/// The counts as a sentence whose numbers sum to the total: `9 passed (1 flaky), 2 failed`.
pub(crate) fn counts(counts: &Counts) -> String {
    let mut text = String::new();
    for outcome in Outcome::ALL {
        let count = counts.of(outcome);
        if count == 0 {
            continue;
        }
        if !text.is_empty() {
            text.push_str(", ");
        }
        // Writing to a string does not fail.
        let _ = write!(text, "{count} {outcome}");
        if outcome == Outcome::Passed && counts.flaky > 0 {
            let _ = write!(text, " ({} flaky)", counts.flaky);
        }
    }
    if counts.allowed > 0 {
        let _ = write!(
            text,
            "; {} allowed",
            number(counts.allowed, "failure is", "failures are")
        );
    }
    text
}

/// `1 suite`, `2 suites`.
pub(crate) fn number(count: u64, one: &str, more: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { more })
}

/// What a run's limit is due to.
pub(crate) fn limit_term(term: &LimitTerm, jobs: u32) -> String {
    match term {
        LimitTerm::Work => format!("all work on {}", number(jobs.into(), "job", "jobs")),
        LimitTerm::Longest { suite } => format!("suite {suite}"),
        LimitTerm::Chain { suites } => format!("chain {}", suites.join(" -> ")),
        LimitTerm::Resource { resource } => format!("resource {resource}"),
        LimitTerm::Group { group } => format!("group {group}"),
        LimitTerm::Serial => "serial suites".to_owned(),
        LimitTerm::Sizes => "suites that do not fit beside each other".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_name_what_there_is() {
        let mut all = Counts::default();
        all.add(Outcome::Passed, false, false);
        all.add(Outcome::Passed, true, false);
        assert_eq!(counts(&all), "2 passed (1 flaky)");
        all.add(Outcome::TimedOut, false, true);
        all.add(Outcome::NotRun, false, true);
        assert_eq!(
            counts(&all),
            "2 passed (1 flaky), 1 timed out, 1 not run; 1 failure is allowed"
        );
    }

    #[test]
    fn every_limit_has_words() {
        let words = [
            LimitTerm::Work,
            LimitTerm::Longest { suite: "a".into() },
            LimitTerm::Chain {
                suites: vec!["a".into(), "b".into()],
            },
            LimitTerm::Resource {
                resource: "db".into(),
            },
            LimitTerm::Group {
                group: "acceptance".into(),
            },
            LimitTerm::Serial,
            LimitTerm::Sizes,
        ]
        .map(|term| limit_term(&term, 2));
        assert_eq!(
            words,
            [
                "all work on 2 jobs",
                "suite a",
                "chain a -> b",
                "resource db",
                "group acceptance",
                "serial suites",
                "suites that do not fit beside each other",
            ]
        );
    }
}
