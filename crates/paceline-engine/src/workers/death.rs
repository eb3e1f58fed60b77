//! What becomes of the work of a worker that has gone.

use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use paceline_protocol::Stacks;

use super::results::{Ended, blank};
use super::stacks;
use super::suite::FrameworkSuite;
use super::worker::{KillCause, RunningTest, Worker};
use crate::duration::Human;
use crate::event::{AttemptResult, Problem, TestDetails};
use crate::outcome::{Exit, Outcome};
use crate::run::Core;
use crate::schedule::TaskId;

/// How much of a dead worker's last output a failure shows, in bytes.
const LAST_OUTPUT: u64 = 16 * 1024;
/// How many workers may die while they collect a file before the file is to blame.
const MOST_COLLECTING_DEATHS: u32 = 2;

impl<'env> FrameworkSuite<'env> {
    /// A worker has gone in the midst of a part.
    pub(super) fn part_was_cut(
        &mut self,
        core: &mut Core<'_, '_, 'env>,
        worker: &Worker,
        number: u32,
        task: TaskId,
        ended_well: bool,
    ) {
        let Some(part) = self.parts.get(&task).cloned() else {
            return;
        };
        if let Some(began) = part.began {
            core.measure(self.id, began, self.longest_of(&part));
        }
        let stopped = matches!(worker.kill, Some((KillCause::Stopped, _)))
            || (ended_well && self.ended_early.is_some());
        if let Some(running) = worker.running {
            self.running_test_was_cut(core, worker, number, running, stopped);
        } else if self.units[part.unit].tests.is_none() && !stopped {
            let timed_out = matches!(worker.kill, Some((KillCause::Timeout(_), _)));
            self.units[part.unit].deaths += 1;
            if !timed_out && self.units[part.unit].deaths < MOST_COLLECTING_DEATHS {
                // It may have been anybody's fault; another worker will tell.
                self.hand_on(core, task);
                return;
            }
            let text = match &worker.kill {
                Some((KillCause::Timeout(timeout), _)) => {
                    format!("collecting the file timed out after {}", Human(*timeout))
                }
                _ => format!(
                    "the worker died while it collected the file: {}",
                    how(worker)
                ),
            };
            let mut text = with_output(&text, worker);
            if let Some(stacks) = stacks_of(worker) {
                text = format!("{text}\nStacks of all threads:\n{stacks}");
            }
            self.deaths = 0;
            self.units[part.unit].tests = Some(Vec::new());
            self.enter_unit(core, part.unit, Outcome::Errored, Some(&text), None);
            self.end_part(core, task);
            return;
        }
        if self.units[part.unit].tests.is_some() {
            let rest = self.units[part.unit].waiting_for(task);
            if rest.is_empty() {
                self.end_part(core, task);
                return;
            }
            if let Some(part) = self.parts.get_mut(&task) {
                part.tests = Some(rest);
            }
        }
        self.hand_on(core, task);
    }

    fn running_test_was_cut(
        &mut self,
        core: &mut Core<'_, '_, 'env>,
        worker: &Worker,
        number: u32,
        running: RunningTest,
        stopped: bool,
    ) {
        let (unit, index) = (running.unit as usize, running.test);
        if stopped {
            let reason = core.stopping.clone().or_else(|| self.ended_early.clone());
            self.settle_test(core, unit, index, None, reason);
            return;
        }
        let (outcome, message) = match &worker.kill {
            Some((KillCause::Timeout(timeout), _)) => (
                Outcome::TimedOut,
                format!("timed out after {}", Human(*timeout)),
            ),
            Some((KillCause::Misbehaved(what), _)) => (
                Outcome::Errored,
                format!("the worker does not keep to the protocol: {what}"),
            ),
            _ => (
                Outcome::Crashed,
                format!("the worker died: {}", how(worker)),
            ),
        };
        let attempts = self.units[unit]
            .test(index)
            .map_or(0, |test| test.attempts.len());
        let result = AttemptResult {
            attempt: attempts as u32 + 1,
            exit: worker.exit,
            started_at: running.at,
            duration: running.since.elapsed(),
            ..blank(outcome, &message, running.at)
        };
        let mut sections = last_output(worker);
        let unanswered = (outcome == Outcome::TimedOut && worker.stacks.is_some()).then(|| {
            "(the worker did not write them; its interpreter may have been kept from it)".to_owned()
        });
        if let Some(stacks) = stacks_of(worker).or(unanswered) {
            sections.push(("Stacks of all threads".to_owned(), stacks));
        }
        let details = TestDetails {
            worker: Some(number),
            problems: vec![Problem {
                phase: "call".to_owned(),
                outcome: outcome.as_str().to_owned(),
                message: Some(message),
                ..Problem::default()
            }],
            sections,
            ..TestDetails::default()
        };
        self.ended(core, unit, index, Ended { result, details });
    }
}

/// How a worker's process ended, in words.
fn how(worker: &Worker) -> String {
    match worker.exit {
        Some(Exit::Signal(signal)) => match crate::outcome::signal_name(signal) {
            Some(name) => format!("killed by {name}"),
            None => format!("killed by signal {signal}"),
        },
        Some(exit @ Exit::Code(_)) => exit.to_string(),
        None => "nobody could see how".to_owned(),
    }
}

/// How a worker ended, and what it printed last.
pub(super) fn last_words(worker: &Worker) -> String {
    with_output(&format!("the last one: {}", how(worker)), worker)
}

fn with_output(text: &str, worker: &Worker) -> String {
    let mut text = text.to_owned();
    for (title, output) in last_output(worker) {
        text = format!("{text}\n{title}:\n{output}");
    }
    text
}

/// What the running test, or its worker, has printed last.
fn last_output(worker: &Worker) -> Vec<(String, String)> {
    let captured = worker.captured.clone().unwrap_or_default();
    let files = [
        ("Captured stdout", captured.stdout),
        ("Captured stderr", captured.stderr),
    ];
    let captured = files.into_iter().filter_map(|(title, file)| {
        let text = end_of(Path::new(&file?), 0)?;
        (!text.trim().is_empty()).then(|| (title.to_owned(), text))
    });
    captured.chain(log_output(worker)).collect()
}

/// What a worker, or a child of it that ran the last test, has written past the framework's capture.
pub(super) fn log_output(worker: &Worker) -> Option<(String, String)> {
    let text = end_of(&worker.log, worker.log_from)?;
    let title = || "Last output of the worker".to_owned();
    (!text.trim().is_empty()).then(|| (title(), without_own(worker, text)))
}

/// The stacks that a worker was asked for: its file may have those of an earlier worker with its
/// number too.
fn stacks_of(worker: &Worker) -> Option<String> {
    if !matches!(worker.kill, Some((KillCause::Timeout(_), _))) {
        return None;
    }
    let stacks = worker.stacks.as_ref()?;
    let text = end_of(Path::new(&stacks.file), worker.stacks_from)?;
    (!text.trim().is_empty()).then(|| without_own(worker, text))
}

/// A text with stacks, as far as they are the test's.
fn without_own(worker: &Worker, text: String) -> String {
    match &worker.stacks {
        Some(Stacks { own, .. }) if !own.is_empty() => stacks::without_own(&text, own),
        _ => text,
    }
}

/// The end of a file, from `from` on.
fn end_of(path: &Path, from: u64) -> Option<String> {
    let mut file = fs::File::open(path).ok()?;
    let length = file.metadata().ok()?.len();
    let from = from.max(length.saturating_sub(LAST_OUTPUT));
    file.seek(SeekFrom::Start(from)).ok()?;
    let mut bytes = Vec::new();
    file.take(LAST_OUTPUT).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use paceline_protocol::Captured;

    use super::*;
    use crate::workers::worker::Origin;

    #[test]
    fn the_last_words_are_those_of_this_worker_and_not_too_many() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("worker-0.log");
        fs::write(&log, "of an earlier worker\n").unwrap();
        let mut worker = Worker::new(Origin::Forked, log.clone(), Instant::now());
        assert_eq!(last_output(&worker), []);
        let noise = "x".repeat(2 * LAST_OUTPUT as usize);
        fs::write(&log, format!("of an earlier worker\n{noise}the end")).unwrap();
        let stdout = dir.path().join("stdout");
        fs::write(&stdout, "captured").unwrap();
        worker.captured = Some(Captured {
            stdout: Some(stdout.display().to_string()),
            stderr: Some(dir.path().join("none").display().to_string()),
        });
        worker.exit = Some(Exit::Signal(11));
        let output = last_output(&worker);
        assert_eq!(
            output[0],
            ("Captured stdout".to_owned(), "captured".to_owned())
        );
        let (title, text) = &output[1];
        assert_eq!(title, "Last output of the worker");
        assert_eq!(text.len(), LAST_OUTPUT as usize);
        assert!(text.ends_with("the end"));
        assert!(
            last_words(&worker).starts_with("the last one: killed by SIGSEGV\nCaptured stdout:\n")
        );
        worker.mark_log(None);
        assert_eq!(log_output(&worker), None);
        // The test has printed before its start was read.
        let length = fs::metadata(&log).unwrap().len();
        worker.mark_log(Some(length - 3));
        let (_, text) = log_output(&worker).unwrap();
        assert_eq!(text, "end");
    }
}
