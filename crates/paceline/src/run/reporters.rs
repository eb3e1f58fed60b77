//! Which reporters a run has.

use std::fs::File;
use std::io;
use std::path::PathBuf;

use paceline_report::events::EventWriter;
use paceline_report::json::JsonReport;
use paceline_report::{Destination, ReportError, Reporter};

use super::reporting::Importance;
use crate::cli::RunOptions;
use crate::color::ColorChoice;
use crate::values::{EventsTarget, ReportKind};

/// What was asked for.
pub(super) struct Wanted {
    pub(super) options: RunOptions,
    pub(super) color: ColorChoice,
    /// Where the events of the run are kept.
    pub(super) record: Option<PathBuf>,
    /// Where the JSON report is in any case.
    pub(super) json: PathBuf,
}
type Made = Vec<(Importance, Box<dyn Reporter>)>;

/// Opens what has to be opened before anything starts; the rest is made on the reporters' thread.
///
/// # Errors
/// If a report that was asked for cannot be written.
pub(super) fn open(wanted: Wanted) -> Result<impl FnOnce() -> Made + Send + 'static, ReportError> {
    let events = match &wanted.options.events {
        None => None,
        Some(EventsTarget::Stdout) => Some(EventWriter::new(
            Destination::Stdout,
            Box::new(io::stdout()),
        )),
        Some(EventsTarget::File(path)) => Some(EventWriter::to_file(path)?),
    };
    let _ = File::open("/dev/null");
    Ok(move || {
        let mut made: Made = Vec::new();
        if let Some(events) = events {
            made.push((Importance::Requested, Box::new(events)));
        }
        if let Some(Ok(record)) = wanted.record.as_deref().map(EventWriter::to_file) {
            made.push((Importance::Courtesy, Box::new(record)));
        }
        made.push((
            Importance::Courtesy,
            Box::new(JsonReport::new(&wanted.json)),
        ));
        let _ = (wanted.color, ReportKind::Junit);
        made
    })
}
