//! What is kept of runs: the history and the records. Opened before a run, tidied beside it, added to
//! after it.

use std::env;
use std::io;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use paceline_engine::plan::{Plan, Work};
use paceline_history::{History, HistoryError, RunRecord};

use super::record::StateDir;
use crate::Context;
use crate::diagnostic::Diagnostic;

/// Opens the history, feeding it the recorded runs where it is new, and tells the plan what to
/// expect.
pub(super) fn open_history(state: &StateDir, plan: &mut Plan) -> Result<History, HistoryError> {
    let mut history = History::open(&state.history())?;
    if history.is_new() {
        for events in state.recorded() {
            let mut record = RunRecord::default();
            for event in &events {
                record.note(event);
            }
            history.add(&record)?;
        }
    }
    let expected = history.expected()?;
    for suite in &mut plan.suites {
        suite.expected = expected.get(&*suite.name).copied();
        if let Work::Framework(framework) = &mut suite.work
            // Who looks on wants the order of the files, not the longest first.
            && !framework.interactive
        {
            let prefix = format!("{}::", suite.name);
            let tests = expected.iter().filter_map(|(id, time)| {
                let native = id.strip_prefix(&prefix)?;
                Some((native.to_owned(), *time))
            });
            framework.expected_tests = tests.collect();
            // Without it a suite of quick tests would boot first of all, and run last.
            let tests: Duration = framework.expected_tests.values().sum();
            suite.expected = suite.expected.map(|boot| boot + tests);
        }
    }
    Ok(history)
}

pub(super) fn warn_of(context: &Context, error: Option<HistoryError>) {
    if let Some(error) = error {
        let help = "it can be deleted: it is rebuilt from the records of earlier runs";
        // On a full disk, or where nothing may be written, it is not to blame.
        let help = error.is_damaged().then_some(help);
        let text = Diagnostic::new(error.to_string())
            .maybe_help(help.map(str::to_owned))
            .note("the results of this run are not affected")
            .render_warning(None, context.stderr.look());
        context.stderr.print(&text);
    }
}

/// The history of a run that goes on, while it is being tidied.
pub(super) struct Memory {
    tidying: JoinHandle<Tidied>,
}

struct Tidied {
    history: Option<History>,
    /// What went wrong with the history.
    history_error: Option<HistoryError>,
    /// What went wrong with the records.
    records_error: Option<io::Error>,
}

impl Memory {
    /// Tidies beside the run: waiting for the disk at its end would be felt. Records but the newest
    /// `keep` are deleted; none where it is `None`.
    pub(super) fn tidy(
        history: Option<History>,
        state: &StateDir,
        keep: Option<u32>,
    ) -> io::Result<Self> {
        let state = state.clone();
        let tidying = thread::Builder::new()
            .name("tidying".into())
            .spawn(move || Tidied {
                history_error: history.as_ref().and_then(|history| history.tidy().err()),
                history,
                records_error: keep.and_then(|keep| state.prune(keep).err()),
            })?;
        Ok(Self { tidying })
    }

    /// Adds the run to the history.
    pub(super) fn add(self, record: &RunRecord) -> Remembered {
        let Ok(tidied) = self.tidying.join() else {
            let panicked = io::Error::other("the thread that tidies has failed");
            return Remembered {
                history_error: None,
                records_error: Some(panicked),
            };
        };
        let added = tidied
            .history
            .and_then(|mut history| remember(&mut history, record).err());
        Remembered {
            history_error: tidied.history_error.or(added),
            records_error: tidied.records_error,
        }
    }
}

fn remember(history: &mut History, record: &RunRecord) -> Result<(), HistoryError> {
    history.add(record)?;
    // There the file is taken into a cache.
    match env::var_os("CI") {
        Some(_) => history.gather(),
        None => Ok(()),
    }
}

/// What went wrong while a run was remembered.
#[derive(Default)]
pub(super) struct Remembered {
    history_error: Option<HistoryError>,
    records_error: Option<io::Error>,
}

impl Remembered {
    pub(super) fn warn(self, context: &Context) {
        warn_of(context, self.history_error);
        if let Some(error) = self.records_error {
            let text = Diagnostic::new(format!("cannot delete the record of an old run: {error}"))
                .render_warning(None, context.stderr.look());
            context.stderr.print(&text);
        }
    }
}
