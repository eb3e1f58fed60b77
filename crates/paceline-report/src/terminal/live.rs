//! The live region: a window of a few lines at the bottom of the terminal that is redrawn in place.

use std::fmt::Write as _;
use std::time::Duration;

use paceline_engine::outcome::Counts;
use unicode_width::UnicodeWidthStr;

use super::columns::{cut_end, cut_middle};
use super::running::{self, Progress, Running};
use super::size::Size;
use super::style::{Role, Theme};
use crate::human::{Clock, HumanDuration};
use crate::model::{Model, Phase};

/// At least this much time is between two frames.
const FRAME: Duration = Duration::from_millis(100);
/// A frame is drawn after this time even if nothing has happened.
const IDLE: Duration = Duration::from_secs(1);
/// So many running suites are listed.
const RUNNING: usize = 8;
/// So many columns of a name are shown before what else is to be said of what runs.
const SHORTEST_NAME: usize = 20;
/// A suite is not called slow before this.
const SLOW: Duration = Duration::from_secs(10);

const HIDE_CURSOR: &str = "\u{1b}[?25l";
const SHOW_CURSOR: &str = "\u{1b}[?25h";
const BEGIN_FRAME: &str = "\u{1b}[?2026h";
const END_FRAME: &str = "\u{1b}[?2026l";

/// What is on the terminal, and when it was drawn.
#[derive(Debug, Default)]
pub(super) struct Window {
    /// The widths of the lines that are drawn.
    drawn: Vec<usize>,
    drawn_at: Duration,
}

impl Window {
    /// Whether it is time for another frame.
    pub(super) fn is_due(&self, at: Duration, changed: bool) -> bool {
        let wait = if changed { FRAME } else { IDLE };
        at >= self.drawn_at + wait
    }

    /// What begins a frame: it leaves the cursor where the window began.
    pub(super) fn begin(&mut self, size: Size) -> String {
        let mut text = format!("{HIDE_CURSOR}{BEGIN_FRAME}");
        text.push_str(&self.erase(size));
        text
    }

    /// What ends a frame: the window itself.
    pub(super) fn end(&mut self, at: Duration, lines: &[Line]) -> String {
        let mut text = String::new();
        for line in lines {
            text.push_str(&line.text);
            text.push('\n');
        }
        self.drawn = lines.iter().map(|line| line.width).collect();
        self.drawn_at = at;
        text.push_str(END_FRAME);
        text.push_str(SHOW_CURSOR);
        text
    }

    /// Takes the window away, if it is there.
    pub(super) fn close(&mut self, size: Size) -> String {
        if self.drawn.is_empty() {
            return String::new();
        }
        let erased = self.erase(size);
        format!("{erased}{SHOW_CURSOR}")
    }

    fn erase(&mut self, size: Size) -> String {
        let columns = usize::from(size.columns).max(1);
        // Lines that were drawn on a wider terminal take several rows now.
        let rows: usize = self
            .drawn
            .iter()
            .map(|width| width.div_ceil(columns).max(1))
            .sum();
        self.drawn.clear();
        if rows == 0 {
            return String::new();
        }
        format!("\r\u{1b}[{rows}A\u{1b}[J")
    }
}

/// A line and the columns that it takes.
#[derive(Debug)]
pub(super) struct Line {
    text: String,
    width: usize,
}

/// Puts a line together piece by piece, and stops at its last column.
struct LineWriter {
    line: Line,
    theme: Theme,
    columns: usize,
}

impl LineWriter {
    fn new(theme: Theme, columns: usize) -> Self {
        let line = Line {
            text: String::new(),
            width: 0,
        };
        Self {
            line,
            theme,
            columns,
        }
    }

    /// The columns that are left.
    fn room(&self) -> usize {
        self.columns.saturating_sub(self.line.width)
    }

    fn push(&mut self, role: Role, text: &str) {
        let shown = cut_end(text, self.room(), self.theme.ellipsis());
        self.line.width += shown.width();
        // Writing to a string does not fail.
        let _ = write!(self.line.text, "{}", self.theme.paint(role, shown));
    }
}

/// The window for a run as it stands.
pub(super) fn render(model: &Model, theme: Theme, size: Size) -> Vec<Line> {
    // The last column stays free: terminals differ in what they do after it.
    let columns = usize::from(size.columns).saturating_sub(1);
    let room = usize::from(size.rows).saturating_sub(2);
    if room == 0 || model.run.is_none() {
        return Vec::new();
    }
    let mut lines = vec![status_line(model, theme, columns)];
    let room = room - 1;
    let all = running::all(model);
    let running = all.len();
    let shown = if running <= room.min(RUNNING) {
        running
    } else {
        // One line for the rest.
        room.saturating_sub(1).min(RUNNING)
    };
    let shown_lines = all.iter().take(shown);
    lines.extend(shown_lines.map(|running| running_line(model, running, theme, columns)));
    if running > shown && room > 0 {
        let mut line = LineWriter::new(theme, columns);
        let more = format!(
            "          {} {} more running",
            theme.ellipsis(),
            running - shown
        );
        line.push(Role::Dim, &more);
        lines.push(line.line);
    }
    lines
}

fn status_line(model: &Model, theme: Theme, columns: usize) -> Line {
    let progress = Progress::of(model);
    let done = progress.fraction();
    let mut line = LineWriter::new(theme, columns);
    line.push(Role::Plain, " ");
    line.push(Role::Good, &theme.bar((columns / 3).clamp(3, 24), done));
    let percent = (done * 100.0).floor();
    let progress = format!("  {progress}  {percent}%  {}", Clock(model.at));
    line.push(Role::Plain, &progress);
    if let Some(eta) = eta(model) {
        line.push(Role::Plain, &format!("  eta {}", Clock(eta)));
    }
    if model.stopping.is_some() {
        line.push(Role::Note, "  stopping");
    }
    let Counts {
        flaky,
        skipped,
        not_run,
        allowed,
        ..
    } = model.counts;
    let blocking = model.counts.blocking_failures();
    for (count, word, role) in [
        (blocking, "failed", Role::Bad),
        (allowed, "failed (allowed)", Role::Note),
        (flaky, "flaky", Role::Note),
        (skipped, "skipped", Role::Dim),
        (not_run, "not run", Role::Note),
    ] {
        if count > 0 {
            line.push(role, &format!("  {count} {word}"));
        }
    }
    line.line
}

fn running_line(model: &Model, running: &Running<'_>, theme: Theme, columns: usize) -> Line {
    let suite = running.suite;
    let elapsed = model.at.saturating_sub(running.started_at());
    let mut line = LineWriter::new(theme, columns);
    line.push(Role::Plain, &format!("  {:>7}  ", HumanDuration(elapsed)));
    if let Some(test) = running.test {
        line.push(Role::Dim, &format!("w{}  ", test.slot));
    }
    let mut notes: Vec<(Role, String)> = Vec::new();
    let attempt = match (running.test, &suite.phase) {
        (Some(test), _) => test.attempt,
        (None, Phase::Running { attempt }) => *attempt,
        (None, _) => 1,
    };
    if attempt > 1 {
        let attempts = suite.info.retries.saturating_add(1).max(attempt);
        notes.push((Role::Note, format!("  attempt {attempt} of {attempts}")));
    }
    if running.test.is_none() && !suite.is_command() {
        notes.push((Role::Dim, "  collecting".to_owned()));
    } else if let Some(expected) = suite.info.expected
        && suite.is_command()
        && elapsed > SLOW.max(expected * 3)
    {
        notes.push((Role::Note, "  SLOW".to_owned()));
        let expected = format!("  expected {}", HumanDuration(expected));
        notes.push((Role::Dim, expected));
    }
    let room = line.room();
    let of_notes: usize = notes.iter().map(|(_, note)| note.width()).sum();
    let of_name = room.saturating_sub(of_notes).max(room.min(SHORTEST_NAME));
    let name = cut_middle(&running.name(), of_name, theme.ellipsis());
    line.push(Role::Strong, &name);
    for (role, note) in notes {
        line.push(role, &note);
    }
    line.line
}

/// How long the rest may take: `None` unless at least half of what remains has been seen before.
fn eta(model: &Model) -> Option<Duration> {
    let jobs = model.run.as_ref()?.jobs.max(1);
    let mut remaining = 0_u32;
    let mut known = 0_u32;
    let mut sum = Duration::ZERO;
    let mut longest = Duration::ZERO;
    for suite in &model.suites {
        let elapsed = match suite.phase {
            Phase::Finished(_) => continue,
            Phase::Waiting => Duration::ZERO,
            Phase::Running { .. } => model
                .at
                .saturating_sub(suite.started_at.unwrap_or(model.at)),
        };
        remaining += 1;
        if let Some(expected) = suite.info.expected {
            known += 1;
            let rest = expected.saturating_sub(elapsed);
            sum += rest;
            longest = longest.max(rest);
        }
    }
    if known == 0 || known * 2 < remaining {
        return None;
    }
    // What has not been seen before is taken to be as long as the rest is on average.
    let all = sum * remaining / known;
    let eta = longest.max(all / jobs);
    // All that runs is late: how late is not known.
    (eta > Duration::ZERO).then_some(eta)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Keep;
    use crate::test_events::{Script, seconds, suite};

    const PLAIN: Theme = Theme {
        color: false,
        unicode: true,
    };

    fn model(script: &Script) -> Model {
        let mut model = Model::new(Keep::Notable);
        for event in &script.events {
            model.event(event);
        }
        model
    }

    fn shown(model: &Model, columns: u16, rows: u16) -> String {
        let lines = render(model, PLAIN, Size { columns, rows });
        let lines: Vec<&str> = lines.iter().map(|line| line.text.trim_end()).collect();
        lines.join("\n")
    }

    fn expecting(name: &str, expected: f64) -> paceline_engine::event::SuiteInfo {
        let mut suite = suite(name);
        suite.expected = Some(seconds(expected));
        suite
    }

    #[test]
    fn running_suites_are_listed_longest_first_and_slow_ones_are_marked() {
        let suites = vec![
            expecting("unit", 2.0),
            expecting("acceptance", 4.0),
            suite("lint"),
        ];
        let mut script = Script::new(2, suites);
        script
            .start("acceptance")
            .at(8.0)
            .start("unit")
            .at(9.0)
            .pass("unit")
            .start("lint");
        let mut model = model(&script);
        model.tick(seconds(12.2));
        insta::assert_snapshot!(shown(&model, 80, 24), @"
        ████████                  1/3  33%  00:12
           12.2s  acceptance  SLOW  expected 4.00s
           3.20s  lint
        ");
    }

    #[test]
    fn counts_follow_what_has_ended() {
        let mut allowed = suite("lint");
        allowed.allow_failure = true;
        let mut script = Script::new(2, vec![suite("a"), allowed, suite("b"), suite("c")]);
        script
            .start("a")
            .start("lint")
            .fail("lint", "")
            .fail("a", "");
        script.stopping(
            paceline_engine::event::NotRun::MaxFail { after: "a".into() },
            false,
        );
        script.at(3723.0).start("b");
        insta::assert_snapshot!(shown(&model(&script), 100, 24), @"
        ████████████              2/4  50%  1:02:03  stopping  1 failed  1 failed (allowed)
           0.00s  b
        ");
    }

    #[test]
    fn the_window_never_takes_more_than_its_rows_and_columns() {
        let names: Vec<String> = (0..12)
            .map(|i| format!("{}-{i}", "試験".repeat(9)))
            .collect();
        let mut script = Script::new(12, names.iter().map(|name| suite(name)).collect());
        for name in &names {
            script.start(name);
        }
        let model = model(&script);
        for theme in [
            PLAIN,
            Theme {
                color: true,
                unicode: false,
            },
        ] {
            for columns in 1..60 {
                for rows in 1..16 {
                    let lines = render(&model, theme, Size { columns, rows });
                    assert!(lines.len() <= usize::from(rows).saturating_sub(2));
                    for line in lines {
                        assert!(line.width < usize::from(columns), "{line:?}");
                    }
                }
            }
        }
        insta::assert_snapshot!(shown(&model, 30, 24), @"
                0/12  0%  00:00
        0.00s  試験…験試験試験-0
        0.00s  試験…験試験試験-1
        0.00s  試験…験試験試験-2
        0.00s  試験…験試験試験-3
        0.00s  試験…験試験試験-4
        0.00s  試験…験試験試験-5
        0.00s  試験…験試験試験-6
        0.00s  試験…験試験試験-7
              … 4 more running
        ");
        insta::assert_snapshot!(shown(&model, 30, 5), @"
                0/12  0%  00:00
        0.00s  試験…験試験試験-0
              … 11 more running
        ");
    }

    #[test]
    fn an_estimate_needs_half_of_what_remains() {
        let mut script = Script::new(2, vec![expecting("a", 10.0), suite("b"), suite("c")]);
        script.start("a").start("b");
        assert_eq!(eta(&model(&script)), None, "one of three");
        script.at(4.0).pass("b");
        assert_eq!(
            eta(&model(&script)),
            Some(seconds(6.0)),
            "one of two; 6 s of a, as much of c"
        );
        script.at(20.0).start("c");
        assert_eq!(eta(&model(&script)), None, "late");
    }

    #[test]
    fn frames_come_at_most_every_100_ms_and_at_least_every_second() {
        let mut window = Window::default();
        assert!(!window.is_due(seconds(0.09), true));
        assert!(window.is_due(seconds(0.1), true));
        window.end(seconds(0.1), &[]);
        assert!(!window.is_due(seconds(0.19), true));
        assert!(!window.is_due(seconds(1.0), false));
        assert!(window.is_due(seconds(1.1), false));
    }

    #[test]
    fn a_window_on_a_terminal_that_became_narrower_is_erased_whole() {
        let mut window = Window::default();
        let line = |width| Line {
            text: "x".repeat(width),
            width,
        };
        window.end(Duration::ZERO, &[line(50), line(10), line(0)]);
        assert_eq!(
            window.close(Size {
                columns: 20,
                rows: 24
            }),
            "\r\u{1b}[5A\u{1b}[J\u{1b}[?25h"
        );
        assert_eq!(
            window.close(Size {
                columns: 20,
                rows: 24
            }),
            ""
        );
    }
}
