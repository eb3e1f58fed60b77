//! A failure as people read it.

use std::fmt;

use similar::{ChangeTag, TextDiff};

use crate::report::{FailureKind, FailureReport, Stage};

/// How many of the server's last lines are shown.
const OUTPUT_LINES: usize = 50;

impl fmt::Display for FailureReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.stage != Stage::Body && self.kind != FailureKind::Timeout {
            write!(f, "{}: ", self.stage.as_str())?;
        }
        writeln!(f, "{}", self.message)?;
        if let Some(location) = &self.location {
            writeln!(f, "  at {location}")?;
        }
        if let Some((expected, got)) = &self.sides {
            writeln!(f, "\n  - expected\n  + got")?;
            difference(f, expected, got)?;
        }
        let connection = &self.connection;
        if let Some(reason) = &connection.closed {
            writeln!(f, "\nthe connection is closed: {reason}")?;
        }
        if let Some(exit) = &self.server_exit {
            writeln!(f, "\nthe server has ended: {exit}")?;
        }
        if !connection.in_flight.is_empty() {
            let calls = connection.in_flight.join(", ");
            writeln!(f, "\ncalls without an answer: {calls}")?;
        }
        if connection.unmatched > 0 {
            let count = connection.unmatched;
            writeln!(f, "\n{count} messages of the server belonged to no call")?;
        }
        if connection.dropped > 0 {
            let count = connection.dropped;
            writeln!(
                f,
                "\n{count} notifications were dropped, the buffer being full"
            )?;
        }
        if !connection.frames.is_empty() {
            writeln!(f, "\nlast frames of the connection:")?;
            for frame in &connection.frames {
                writeln!(f, "  {frame}")?;
            }
        }
        if !self.server_output.is_empty() {
            let lines: Vec<_> = self.server_output.lines().collect();
            let skipped = lines.len().saturating_sub(OUTPUT_LINES);
            match skipped {
                0 => writeln!(f, "\nthe server's output since the test began:")?,
                _ => writeln!(
                    f,
                    "\nthe last {OUTPUT_LINES} lines of the server's output since the test began, \
                     of {}:",
                    lines.len()
                )?,
            }
            for line in &lines[skipped..] {
                writeln!(f, "  {line}")?;
            }
        }
        Ok(())
    }
}

/// Lines that differ, with three around them.
fn difference(f: &mut fmt::Formatter<'_>, expected: &str, got: &str) -> fmt::Result {
    let diff = TextDiff::from_lines(expected, got);
    for (number, group) in diff.grouped_ops(3).iter().enumerate() {
        if number > 0 {
            writeln!(f, "    …")?;
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let sign = match change.tag() {
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
                ChangeTag::Equal => ' ',
            };
            writeln!(f, "  {sign} {}", change.value().trim_end_matches('\n'))?;
        }
    }
    Ok(())
}
