//! What stands around the output of an attempt in its log.

use std::fmt::Write as _;

use jiff::Timestamp;
use paceline_engine::event::AttemptResult;
use paceline_engine::plan::Suite;

use crate::human::{HumanBytes, HumanDuration};

const RULE: &str = "------------------------------------------------------------------------\n";

/// What stands above the output of an attempt.
pub(super) fn header(suite: &Suite, attempt: u32, run: &str, now: Timestamp) -> String {
    let mut text = String::with_capacity(512);
    let attempts = suite.retries.saturating_add(1);
    // Writing to a string does not fail.
    let _ = write!(
        text,
        "command:   {}\ndirectory: {}\nstarted:   {}\nrun:       {}\nsuite:     {}\nattempt:   \
         {attempt} of {attempts}\n",
        suite.launch.display,
        suite.launch.dir.display(),
        now,
        run,
        suite.name,
    );
    for (name, value) in &suite.launch.env {
        let (name, value) = (name.to_string_lossy(), value.to_string_lossy());
        let _ = if value.chars().any(char::is_control) {
            writeln!(text, "set:       {name}={value:?}")
        } else {
            writeln!(text, "set:       {name}={value}")
        };
    }
    text.push_str(RULE);
    text
}

/// What stands below the output of an attempt, which may have ended within a line.
pub(super) fn footer(result: &AttemptResult, is_at_line_start: bool) -> String {
    let mut text = String::with_capacity(384);
    if !is_at_line_start {
        text.push('\n');
    }
    text.push_str(RULE);
    // Writing to a string does not fail.
    text.push_str("outcome:   ");
    if let Some(words) = &result.message {
        // `timed out after 5s` says it by itself.
        if !words.starts_with(result.outcome.as_str()) {
            let _ = write!(text, "{}: ", result.outcome);
        }
        text.push_str(words);
    } else {
        let _ = write!(text, "{}", result.outcome);
        if let Some(exit) = &result.exit {
            let _ = write!(text, ": {exit}");
        }
    }
    let usage = &result.usage;
    let _ = write!(
        text,
        "\nduration:  {} ({:.3} s)\ncpu time:  {:.3} s user, {:.3} s system\nmemory:    {} at most\n",
        HumanDuration(result.duration),
        result.duration.as_secs_f64(),
        usage.user.as_secs_f64(),
        usage.system.as_secs_f64(),
        HumanBytes(usage.peak_memory),
    );
    for process in &result.leaked {
        let _ = writeln!(text, "leaked:    {process}");
    }
    text
}
