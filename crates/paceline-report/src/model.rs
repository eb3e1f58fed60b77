//! What is known of a run so far: the state that reporters build from events. Pure; no output.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use paceline_engine::event::{
    AttemptStarted, Event, EventKind, NoteKind, RunFinished, RunStarted, Stopping, SuiteFinished,
    SuiteInfo, TestFinished, Warning,
};
use paceline_engine::outcome::{Counts, Outcome};

use crate::slowest::Slowest;
use crate::test_warnings::TestWarnings;

/// Which tests to remember one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keep {
    /// All of them.
    All,
    /// Those that a person is told about: all but the passes without incident.
    Notable,
    /// All of commands, and of frameworks, which may have very many, the notable ones.
    Commands,
}

/// A run as far as it has come.
#[derive(Debug)]
pub(crate) struct Model {
    keep: Keep,
    /// Its suites are in `suites`.
    pub(crate) run: Option<RunStarted>,
    /// In plan order.
    pub(crate) suites: Vec<SuiteState>,
    places: HashMap<Arc<str>, usize>,
    /// When the last event or tick was.
    pub(crate) at: Duration,
    /// Tests that have their outcomes.
    pub(crate) counts: Counts,
    pub(crate) stopping: Option<Stopping>,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) finished: Option<RunFinished>,
    /// Whether a report that was asked for could not be written.
    pub(crate) report_failed: bool,
    /// Places of the running suites, the longest-running first.
    pub(crate) running: Vec<usize>,
    /// How many suites have finished.
    pub(crate) suites_finished: usize,
    /// How many suites have been reported; as they come in plan order, also the place of the next.
    pub(crate) suites_reported: usize,
    /// What frameworks have warned of.
    pub(crate) test_warnings: TestWarnings,
    /// What frameworks want to be said at the end, with the places of their suites.
    pub(crate) summaries: Vec<(usize, String)>,
    /// The slowest tests that frameworks have run.
    pub(crate) slowest: Slowest,
    /// How many tests have each of their frameworks' own outcomes.
    pub(crate) native_outcomes: BTreeMap<String, u64>,
    /// How many assertions the tests made; `None` where no framework counts them.
    pub(crate) assertions: Option<u64>,
}

/// A suite as far as it has come.
#[derive(Debug)]
pub(crate) struct SuiteState {
    pub(crate) info: SuiteInfo,
    pub(crate) phase: Phase,
    /// When its first attempt started.
    pub(crate) started_at: Option<Duration>,
    /// The slot of its last attempt.
    pub(crate) slot: Option<u32>,
    /// Its tests, as far as they are kept: in plan order once it has finished.
    pub(crate) tests: Vec<TestFinished>,
    /// Tests that its framework runs now, the longest-running first.
    pub(crate) running_tests: Vec<RunningTest>,
    /// How many tests the units hold that have been collected.
    pub(crate) collected: u64,
    /// How many units have not been collected, where that is known.
    pub(crate) uncollected: Option<u64>,
    /// Its tests that have their outcomes.
    pub(crate) counts: Counts,
    /// By the name of a unit, which several can share: the places of those that have tests with
    /// outcomes and have not been reported.
    open_units: HashMap<Arc<str>, BTreeSet<u32>>,
    /// The place of the unit that was reported last, of those that have tests.
    pub(crate) reported_unit: Option<u32>,
}

/// A test that runs.
#[derive(Debug)]
pub(crate) struct RunningTest {
    pub(crate) test: Arc<str>,
    /// Counted from 1.
    pub(crate) attempt: u32,
    /// The slot that it takes, from 0.
    pub(crate) slot: u32,
    pub(crate) started_at: Duration,
}

/// How far a suite has come.
#[derive(Debug)]
pub(crate) enum Phase {
    Waiting,
    Running {
        /// The attempt that runs, from 1.
        attempt: u32,
    },
    Finished(SuiteFinished),
}

impl SuiteState {
    /// Whether it is one command, and not tests that a framework runs.
    pub(crate) fn is_command(&self) -> bool {
        self.info.framework == "command"
    }

    /// How many tests it is known to have.
    pub(crate) fn known_tests(&self) -> u64 {
        if self.is_command() {
            1
        } else {
            self.collected.max(self.counts.total)
        }
    }

    /// Whether it may have more tests than are known.
    pub(crate) fn may_have_more(&self) -> bool {
        !self.is_command()
            && self.finished().is_none()
            && self.uncollected.is_none_or(|uncollected| uncollected > 0)
    }

    /// Whether its failure leaves the run green.
    pub(crate) fn is_allowed(&self, outcome: Outcome) -> bool {
        self.info.allow_failure && outcome.is_failure()
    }

    /// Notes which unit has been reported: the first of its name that has not been, as units are
    /// reported in plan order.
    fn unit_reported(&mut self, unit: &str) {
        let open = self.open_units.get_mut(unit);
        self.reported_unit = open.and_then(BTreeSet::pop_first);
    }

    fn no_longer_runs(&mut self, test: &str) {
        self.running_tests.retain(|running| &*running.test != test);
    }

    fn settle(&mut self) {
        self.tests.sort_by_key(|test| test.position);
    }

    /// How it ended, if it has.
    pub(crate) fn finished(&self) -> Option<&SuiteFinished> {
        match &self.phase {
            Phase::Finished(finished) => Some(finished),
            _ => None,
        }
    }
}

impl Model {
    pub(crate) fn new(keep: Keep) -> Self {
        Self {
            keep,
            run: None,
            suites: Vec::new(),
            places: HashMap::new(),
            at: Duration::ZERO,
            counts: Counts::default(),
            stopping: None,
            warnings: Vec::new(),
            finished: None,
            report_failed: false,
            running: Vec::new(),
            suites_finished: 0,
            suites_reported: 0,
            test_warnings: TestWarnings::default(),
            summaries: Vec::new(),
            slowest: Slowest::default(),
            native_outcomes: BTreeMap::new(),
            assertions: None,
        }
    }

    /// The place of a suite in plan order. Events speak of suites of the plan only; a recorded
    /// event that does not is passed over.
    pub(crate) fn place(&self, suite: &str) -> Option<usize> {
        self.places.get(suite).copied()
    }

    /// Whether the run ends with exit code 3, whatever became of its tests.
    pub(crate) fn has_errors(&self) -> bool {
        self.report_failed || self.warnings.iter().any(|warning| warning.fatal)
    }

    /// Whether the log of a suite is not there, or not whole.
    pub(crate) fn lacks_log(&self, suite: &str) -> bool {
        let mut fatal = self.warnings.iter().filter(|warning| warning.fatal);
        fatal.any(|warning| warning.suite.as_deref() == Some(suite))
    }

    /// Moves the clock.
    pub(crate) fn tick(&mut self, at: Duration) {
        self.at = self.at.max(at);
    }

    /// Takes an event in.
    pub(crate) fn event(&mut self, event: &Event) {
        self.tick(event.at);
        match &event.kind {
            EventKind::RunStarted(started) => self.run_started(started),
            EventKind::SuiteStarted(started) => {
                if let Some(place) = self.place(&started.suite) {
                    self.suites[place].phase = Phase::Running { attempt: 1 };
                    self.suites[place].started_at = Some(event.at);
                    self.running.push(place);
                }
            }
            EventKind::AttemptStarted(started) => self.attempt_started(started),
            EventKind::AttemptFinished(finished) => {
                if let Some(place) = self.place(&finished.suite) {
                    self.suites[place].no_longer_runs(&finished.test);
                }
            }
            EventKind::UnitCollected(collected) => {
                if let Some(place) = self.place(&collected.suite) {
                    self.suites[place].collected += collected.tests;
                    self.suites[place].uncollected = collected.uncollected;
                }
            }
            EventKind::UnitReported(reported) if reported.counts.total > 0 => {
                if let Some(place) = self.place(&reported.suite) {
                    self.suites[place].unit_reported(&reported.unit);
                }
            }
            EventKind::TestWarning(warning) => self.test_warnings.add(warning),
            EventKind::SuiteNote(note) if note.about == NoteKind::Summary => {
                if let Some(place) = self.place(&note.suite) {
                    self.summaries.push((place, note.text.clone()));
                    self.summaries.sort_by_key(|(place, _)| *place);
                }
            }
            EventKind::TestFinished(test) => self.test_finished(test),
            EventKind::SuiteFinished(finished) => {
                if let Some(place) = self.place(&finished.suite) {
                    self.suites[place].settle();
                    self.suites[place].phase = Phase::Finished(finished.clone());
                    self.running.retain(|&running| running != place);
                    self.suites_finished += 1;
                }
            }
            EventKind::SuiteReported(_) => self.suites_reported += 1,
            EventKind::Stopping(stopping) => self.stopping = Some(stopping.clone()),
            EventKind::Warning(warning) => self.warnings.push(warning.clone()),
            EventKind::RunFinished(finished) => self.finished = Some(finished.clone()),
            _ => {}
        }
    }

    fn attempt_started(&mut self, started: &AttemptStarted) {
        let Some(place) = self.place(&started.suite) else {
            return;
        };
        let suite = &mut self.suites[place];
        let attempt = started.attempt;
        if suite.is_command() {
            suite.phase = Phase::Running { attempt };
            suite.slot = Some(started.slot);
        } else {
            suite.running_tests.push(RunningTest {
                test: started.test.clone(),
                attempt,
                slot: started.slot,
                started_at: self.at,
            });
        }
    }

    fn run_started(&mut self, started: &RunStarted) {
        let mut run = started.clone();
        self.suites = std::mem::take(&mut run.suites)
            .into_iter()
            .map(|info| SuiteState {
                info,
                phase: Phase::Waiting,
                started_at: None,
                slot: None,
                tests: Vec::new(),
                running_tests: Vec::new(),
                collected: 0,
                uncollected: None,
                counts: Counts::default(),
                open_units: HashMap::new(),
                reported_unit: None,
            })
            .collect();
        let names = self.suites.iter().map(|suite| suite.info.name.clone());
        self.places = names
            .enumerate()
            .map(|(place, name)| (name, place))
            .collect();
        self.run = Some(run);
    }

    fn test_finished(&mut self, test: &TestFinished) {
        let Some(place) = self.place(&test.suite) else {
            return;
        };
        let suite = &mut self.suites[place];
        let allowed = suite.info.allow_failure;
        self.counts.add(test.outcome, test.flaky, allowed);
        suite.counts.add(test.outcome, test.flaky, allowed);
        suite.no_longer_runs(&test.test);
        if !suite.is_command() {
            self.slowest.add(place, &suite.info, test);
        }
        if let Some(details) = &test.details {
            if let Some(word) = &details.native_outcome {
                *self.native_outcomes.entry(word.clone()).or_default() += 1;
            }
            if let Some(count) = details.assertions {
                *self.assertions.get_or_insert(0) += count;
            }
            let open = suite.open_units.entry(details.unit.clone());
            open.or_default().insert(test.position[0]);
        }
        let keep = match self.keep {
            Keep::All => true,
            Keep::Notable => is_notable(test),
            Keep::Commands => suite.is_command() || is_notable(test),
        };
        if keep {
            suite.tests.push(test.clone());
        }
    }

    /// Puts the tests into plan order also of suites that have not finished, at the end of a run
    /// that broke off.
    pub(crate) fn settle(&mut self) {
        for suite in &mut self.suites {
            suite.settle();
        }
    }

    /// All tests that were kept, in plan order.
    pub(crate) fn tests(&self) -> impl Iterator<Item = (&SuiteState, &TestFinished)> {
        self.suites
            .iter()
            .flat_map(|suite| suite.tests.iter().map(move |test| (suite, test)))
    }

    /// Whether every suite is a single command, so that suites are what people count.
    pub(crate) fn is_commands_only(&self) -> bool {
        self.suites.iter().all(SuiteState::is_command)
    }
}

fn is_notable(test: &TestFinished) -> bool {
    test.outcome != Outcome::Passed
        || test.flaky
        || test
            .attempts
            .iter()
            .any(|attempt| !attempt.leaked.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_events::{Script, eventful, seconds, suite};

    fn model(keep: Keep, events: &[Event]) -> Model {
        let mut model = Model::new(keep);
        for event in events {
            model.event(event);
        }
        model
    }

    #[test]
    fn running_suites_stand_in_the_order_in_which_they_started() {
        let mut script = Script::new(3, vec![suite("a"), suite("b"), suite("c")]);
        script
            .start("c")
            .at(1.0)
            .start("a")
            .start("b")
            .at(2.0)
            .pass("a");
        let model = model(Keep::All, &script.events);
        let names: Vec<&str> = model
            .running
            .iter()
            .map(|&place| &*model.suites[place].info.name)
            .collect();
        assert_eq!(names, ["c", "b"]);
        assert_eq!((model.suites_finished, model.suites_reported), (1, 1));
        assert_eq!(model.at, seconds(2.0));
    }

    #[test]
    fn the_counts_it_keeps_are_those_of_the_run() {
        let model = model(Keep::Notable, &eventful());
        let finished = model.finished.as_ref().unwrap();
        assert_eq!(model.counts, finished.counts);
        assert_eq!(finished.counts.total, 9);
    }

    #[test]
    fn passes_without_incident_are_kept_only_on_demand() {
        let names = |keep| -> Vec<String> {
            model(keep, &eventful())
                .tests()
                .map(|(_, test)| test.test.to_string())
                .collect()
        };
        let mut script = Script::new(1, vec![suite("a")]);
        script.start("a").pass("a").finish();
        assert_eq!(model(Keep::Notable, &script.events).tests().count(), 0);
        assert_eq!(model(Keep::All, &script.events).tests().count(), 1);
        assert_eq!(names(Keep::Notable), names(Keep::All));
    }

    #[test]
    fn events_of_suites_that_are_not_in_the_plan_are_passed_over() {
        let mut script = Script::new(1, vec![suite("a"), suite("b")]);
        script.start("b").at(1.0).pass("b");
        let mut model = Model::new(Keep::All);
        for event in &script.events[1..] {
            model.event(event);
        }
        assert!(model.suites.is_empty());
    }
}
