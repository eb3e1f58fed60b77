//! Which reporters a run has.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use paceline_report::environment::Environment;
use paceline_report::events::EventWriter;
use paceline_report::json::JsonReport;
use paceline_report::junit::JunitReport;
use paceline_report::step_summary::StepSummary;
use paceline_report::terminal::{self, Terminal, TerminalOptions};
use paceline_report::{Destination, Program, ReportError, Reporter};

use super::reporting::Importance;
use crate::cli::{Order, RunOptions};
use crate::color::ColorChoice;
use crate::values::{EventsTarget, ReportKind};

/// So many directories up, a relative path is easier to read than an absolute one.
const NEAR: usize = 2;

/// What was asked for, and where things are.
pub(super) struct Wanted {
    pub(super) options: RunOptions,
    pub(super) color: ColorChoice,
    pub(super) cwd: PathBuf,
    /// The directory that the user is in.
    pub(super) started_in: PathBuf,
    /// How commands to copy begin.
    pub(super) program: Program,
    pub(super) root: PathBuf,
    pub(super) log_dir: PathBuf,
    /// Where the events of the run are kept.
    pub(super) record: Option<PathBuf>,
}

type Made = Vec<(Importance, Box<dyn Reporter>)>;

/// Opens where the events go that were asked for.
///
/// # Errors
/// If the file cannot be made.
pub(super) fn open_events(target: &EventsTarget, cwd: &Path) -> Result<EventWriter, ReportError> {
    match target {
        EventsTarget::Stdout => {
            let stdout = Box::new(io::stdout());
            Ok(EventWriter::new(Destination::Stdout, stdout))
        }
        EventsTarget::File(path) => EventWriter::to_file(&cwd.join(path)),
    }
}

/// Makes the reporters, on their thread.
pub(super) fn make(
    wanted: Wanted,
    events: Option<EventWriter>,
) -> impl FnOnce() -> Made + Send + 'static {
    move || {
        let environment = Environment::from_process();
        let mut made = Made::new();
        // The terminal first: what it says of a suite comes before what is only written. It also
        // finishes last.
        made.push((
            Importance::Requested,
            Box::new(Terminal::new(wanted.terminal())),
        ));
        if let Some(events) = events {
            made.push((Importance::Requested, Box::new(events)));
        }
        if let Some(record) = wanted.record.as_deref().map(EventWriter::to_file) {
            match record {
                Ok(record) => made.push((Importance::Courtesy, Box::new(record))),
                Err(error) => made.push((Importance::Courtesy, Box::new(Unopened(Some(error))))),
            }
        }
        let json = JsonReport::new(&wanted.default_json());
        made.push((Importance::Courtesy, Box::new(json)));
        for report in &wanted.options.reports {
            let path = wanted.cwd.join(&report.path);
            made.push((
                Importance::Requested,
                match report.kind {
                    ReportKind::Json => Box::new(JsonReport::new(&path)),
                    ReportKind::Junit => Box::new(JunitReport::new(&path, hostname())),
                },
            ));
        }
        if let Some(summary) = StepSummary::from_environment(&environment) {
            let summary = summary.with_program(wanted.program);
            made.push((Importance::Courtesy, Box::new(summary)));
        }
        made
    }
}

impl Wanted {
    fn default_json(&self) -> PathBuf {
        self.log_dir.join("test-report.json")
    }

    fn terminal(&self) -> TerminalOptions {
        let verbosity = |count: u8| i8::try_from(count).unwrap_or(i8::MAX);
        let verbosity = verbosity(self.options.verbose) - verbosity(self.options.quiet);
        let order = self.options.order.map(|order| match order {
            Order::Plan => terminal::Order::Plan,
            Order::Completion => terminal::Order::Completion,
        });
        let color = match self.color {
            ColorChoice::Auto => terminal::ColorChoice::Auto,
            ColorChoice::Always => terminal::ColorChoice::Always,
            ColorChoice::Never => terminal::ColorChoice::Never,
        };
        let mut options = TerminalOptions::from_process(verbosity, order, color);
        if self.options.events == Some(EventsTarget::Stdout) {
            // Standard output is the events' own.
            options.stdout = terminal::Stream {
                writer: Box::new(io::stderr()),
                is_terminal: io::stderr().is_terminal(),
            };
        }
        options.has_terminal = self.options.interactive().is_none();
        options.root = shown(&self.root, &self.started_in);
        options.program = self.program.clone();
        options.log_dir = Some(self.below_root(&self.log_dir));
        let reports = self.options.reports.iter();
        let reports = reports.map(|report| self.cwd.join(&report.path));
        options.reports = std::iter::once(self.default_json())
            .chain(reports)
            .map(|path| {
                let shown = self.below_root(&path);
                (path, shown)
            })
            .collect();
        options
    }

    /// A path relative to the root, where it is below it: the reporters put the way to the root
    /// before it.
    fn below_root(&self, path: &Path) -> String {
        let below = path.strip_prefix(&self.root).unwrap_or(path);
        below.display().to_string()
    }
}

/// A path as one would type it in the directory `from`: relative where that is short.
pub(super) fn shown(path: &Path, from: &Path) -> String {
    if path == from {
        return ".".to_owned();
    }
    if let Ok(below) = path.strip_prefix(from) {
        return below.display().to_string();
    }
    if let Ok(below) = from.strip_prefix(path) {
        return vec![".."; below.components().count()].join("/");
    }
    // Below a directory that is not far up, but for that of everything.
    let near = (1..=NEAR).find_map(|up| {
        let dir = from
            .ancestors()
            .nth(up)
            .filter(|dir| dir.parent().is_some())?;
        Some((up, path.strip_prefix(dir).ok()?))
    });
    match near {
        Some((up, below)) => format!("{}/{}", vec![".."; up].join("/"), below.display()),
        None => path.display().to_string(),
    }
}

/// A reporter that could not be opened; says so at the first event.
struct Unopened(Option<ReportError>);

impl Reporter for Unopened {
    fn event(&mut self, _event: &paceline_engine::event::Event) -> Result<(), ReportError> {
        self.0.take().map_or(Ok(()), Err)
    }
}

fn hostname() -> Option<String> {
    let name = rustix::system::uname();
    name.nodename().to_str().ok().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_where_that_is_short() {
        let shown = |path: &str, from: &str| shown(Path::new(path), Path::new(from));
        assert_eq!(shown("/r/a", "/r/a"), ".");
        assert_eq!(shown("/r/a/b", "/r/a"), "b");
        assert_eq!(shown("/r", "/r/a/b/c"), "../../..");
        assert_eq!(shown("/r/x/y", "/r/a/b"), "../../x/y");
        assert_eq!(shown("/r/x", "/r/a/b/c"), "/r/x");
        assert_eq!(shown("/s/x", "/r/a"), "/s/x");
    }
}
