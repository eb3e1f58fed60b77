//! What becomes of what workers report.

use std::sync::Arc;
use std::time::Duration;

use paceline_protocol::{Place, ProblemMessage, SubtestMessage, TestFinished, TestOutcome};

use super::death::log_output;
use super::messages::Misfit;
use super::part::Part;
use super::suite::FrameworkSuite;
use super::unit::{Test, TestState};
use super::worker::{KillCause, RunningTest, Worker};
use crate::event::{
    AttemptFinished, AttemptResult, EventKind, NotRun, Problem, Subtest, TestDetails, Usage,
};
use crate::ledger::TestEntry;
use crate::outcome::{Exit, Outcome};
use crate::plan::Framework;
use crate::run::Core;

/// An outcome and what belongs to it.
pub(super) struct Ended {
    pub(super) result: AttemptResult,
    pub(super) details: TestDetails,
}

impl<'env> FrameworkSuite<'env> {
    /// The id of a test in the run.
    pub(super) fn test_name(&self, native: &str) -> Arc<str> {
        format!("{}::{native}", self.suite.name).into()
    }

    pub(super) fn test_finished(
        &mut self,
        core: &mut Core<'_, '_, 'env>,
        number: u32,
        finished: TestFinished,
    ) -> Result<(), Misfit> {
        let is_announced =
            |running: &RunningTest| (running.unit, running.test) == (finished.unit, finished.test);
        let worker = self.workers.get_mut(&number);
        let Some(running) = worker.and_then(|worker| worker.running.take_if(|r| is_announced(r)))
        else {
            return Err(Misfit("the end of a test that has not begun".to_owned()));
        };
        let mut result = attempt_of(&finished, running.at);
        let test = self.units[finished.unit as usize].test(finished.test);
        result.attempt = test.map_or(0, |test| test.attempts.len()) as u32 + 1;
        self.measured.0 += result.duration;
        self.measured.1 += 1;
        let mut details = details_of(finished, number);
        if result.outcome == Outcome::Crashed {
            // Its process was a child of the worker.
            let output = self.workers.get(&number).and_then(log_output);
            details.sections.extend(output);
        }
        let (unit, test) = (running.unit as usize, running.test);
        self.ended(core, unit, test, Ended { result, details });
        Ok(())
    }

    /// An attempt of a test has ended: another one, or the final word.
    pub(super) fn ended(
        &mut self,
        core: &mut Core<'_, '_, 'env>,
        unit: usize,
        index: u32,
        ended: Ended,
    ) {
        // Also a test that killed its worker is a step ahead.
        self.deaths = 0;
        self.note_crash(unit, index, ended.result.outcome);
        let over = core.stopping.is_some() || self.ended_early.is_some();
        let Some(test) = self.units[unit].test_mut(index) else {
            return;
        };
        let retries = test.settings.retries.unwrap_or(self.suite.retries);
        let failed = ended.result.outcome.is_failure();
        let retrying = failed && test.attempts.len() < retries as usize && !over;
        let (id, settings) = (test.id.clone(), test.settings.clone());
        if !retrying {
            self.settle_test(core, unit, index, Some(ended), None);
            return;
        }
        test.attempts.push(ended.result.clone());
        core.tell(EventKind::AttemptFinished(AttemptFinished {
            suite: self.suite.name.clone(),
            test: self.test_name(&id),
            result: ended.result,
            retrying,
        }));
        let constraints = core.constraints_of(&settings, self.constraints());
        let mut part = Part::of(unit, vec![index]);
        part.isolation.clone_from(&settings.isolation);
        part.serial = settings.serial;
        self.add_part(
            core,
            part,
            constraints.unwrap_or_else(|_| self.constraints()),
            None,
        );
    }

    /// Keeps in mind which tests have ended their process.
    fn note_crash(&mut self, unit: usize, index: u32, outcome: Outcome) {
        let key = &self.units[unit].key;
        if matches!(outcome, Outcome::Crashed | Outcome::TimedOut) {
            let indexes = self.crashed.entry(key.clone()).or_default();
            if !indexes.contains(&index) {
                indexes.push(index);
            }
        } else if let Some(indexes) = self.crashed.get_mut(key) {
            indexes.retain(|other| *other != index);
        }
    }

    /// The final word on a test: how its last attempt ended, or why it has not run.
    pub(super) fn settle_test(
        &mut self,
        core: &mut Core<'_, '_, 'env>,
        unit: usize,
        index: u32,
        ended: Option<Ended>,
        reason: Option<NotRun>,
    ) {
        let path = self.path_of(unit);
        let framework = self.framework;
        let Some(test) = self.units[unit].test_mut(index) else {
            return;
        };
        if test.state == TestState::Done {
            return;
        }
        test.state = TestState::Done;
        let mut details = describe(test, path, framework);
        let mut attempts = std::mem::take(&mut test.attempts);
        if let Some(ended) = ended {
            attempts.push(ended.result);
            let told = ended.details;
            details = TestDetails {
                worker: told.worker,
                phases: told.phases,
                native_outcome: told.native_outcome,
                assertions: told.assertions,
                problems: told.problems,
                sections: told.sections,
                properties: told.properties,
                subtests: told.subtests,
                subtests_passed: told.subtests_passed,
                ..details
            };
        }
        // Kept small: the outcome is all that is needed from here on.
        test.attempts = attempts.last().cloned().into_iter().collect();
        if let Some(last) = test.attempts.last_mut() {
            last.tail = Vec::new();
        }
        let name = self.test_name(&details.native_id);
        core.settle_test(
            self.id,
            unit,
            &TestEntry {
                name,
                position: [unit as u32, index],
                attempts,
                not_run: reason,
                details: Some(Box::new(details)),
            },
        );
        self.stop_after_failures(core);
    }

    /// Ends the suite where its framework is configured to stop after so many failures.
    fn stop_after_failures(&mut self, core: &mut Core<'_, '_, 'env>) {
        let most = self.ready.as_ref().map_or(0, |ready| ready.maxfail);
        let failures = core.ledger.suite_counts(self.id).failures();
        if most == 0 || failures < u64::from(most) || self.ended_early.is_some() {
            return;
        }
        let plural = if most == 1 { "failure" } else { "failures" };
        let framework = self.suite.framework;
        let reason = format!("{framework} is configured to stop after {most} {plural}");
        self.break_off(core, &reason);
        self.halt(core);
    }

    /// Ends tests in flight, where the framework does so when it stops.
    pub(super) fn halt(&mut self, core: &mut Core<'_, '_, 'env>) {
        if !self.ready.as_ref().is_some_and(|ready| ready.halts) {
            return;
        }
        // A worker may have begun a test of which it has not been heard.
        self.is_halting = true;
        let running = |(number, worker): (&u32, &Worker)| worker.running.map(|_| *number);
        for number in self.workers.iter().filter_map(running).collect::<Vec<_>>() {
            self.kill(number, KillCause::Stopped, core);
        }
    }

    /// A test that ended without its framework saying how.
    pub(super) fn enter_test_error(
        &mut self,
        core: &mut Core<'_, '_, 'env>,
        unit: usize,
        index: u32,
        text: &str,
    ) {
        let result = blank(Outcome::Errored, text, core.now());
        let details = TestDetails {
            problems: vec![Problem {
                phase: "setup".to_owned(),
                outcome: "errored".to_owned(),
                message: Some(text.to_owned()),
                ..Problem::default()
            }],
            ..TestDetails::default()
        };
        self.settle_test(core, unit, index, Some(Ended { result, details }), None);
    }

    /// One entry for a whole unit: its tests are not known.
    pub(super) fn enter_unit(
        &mut self,
        core: &mut Core<'_, '_, 'env>,
        unit: usize,
        outcome: Outcome,
        text: Option<&str>,
        reason: Option<NotRun>,
    ) {
        let problem = Problem {
            phase: "collect".to_owned(),
            outcome: outcome.as_str().to_owned(),
            message: text.map(str::to_owned),
            ..Problem::default()
        };
        let problems = text.map(|_| problem).into_iter().collect();
        let details = TestDetails {
            problems,
            ..TestDetails::default()
        };
        let id = self.units[unit].key.clone();
        self.enter_extra(core, Some(unit), &id, outcome, details, reason);
    }

    /// One entry for the suite as a whole.
    pub(super) fn enter_suite_error(
        &mut self,
        core: &mut Core<'_, '_, 'env>,
        outcome: Outcome,
        text: &str,
        result: Option<AttemptResult>,
    ) {
        let output = result.map(|result| String::from_utf8_lossy(&result.tail).into_owned());
        let sections = output.filter(|text| !text.trim().is_empty());
        let message = text.lines().next().unwrap_or(text).to_owned();
        let details = TestDetails {
            problems: vec![Problem {
                phase: "suite".to_owned(),
                outcome: outcome.as_str().to_owned(),
                message: Some(message),
                text: (text.lines().count() > 1).then(|| text.to_owned()),
                ..Problem::default()
            }],
            sections: sections
                .map(|text| ("Last output".to_owned(), text))
                .into_iter()
                .collect(),
            ..TestDetails::default()
        };
        self.enter_extra(core, None, "", outcome, details, None);
    }

    /// An entry that is no test of a unit.
    pub(super) fn enter_extra(
        &mut self,
        core: &mut Core<'_, '_, 'env>,
        unit: Option<usize>,
        id: &str,
        outcome: Outcome,
        details: TestDetails,
        not_run: Option<NotRun>,
    ) {
        let message = details
            .problems
            .first()
            .and_then(|problem| problem.message.clone().or_else(|| problem.reason.clone()));
        let name = match id {
            "" => self.suite.name.clone(),
            id => self.test_name(id),
        };
        if let Some(unit) = unit {
            self.units[unit].reported.insert(id.to_owned());
            self.units[unit].tests.get_or_insert_default();
        }
        let path = unit.map_or_else(|| self.suite.name.clone(), |unit| self.path_of(unit));
        let mut result = blank(outcome, message.as_deref().unwrap_or_default(), core.now());
        result.message = message;
        if outcome == Outcome::Errored && !self.suite.allow_failure {
            core.broken = true;
        }
        let place = unit.unwrap_or(self.units.len());
        core.settle_test(
            self.id,
            place,
            &TestEntry {
                name,
                position: [place as u32, 0],
                attempts: if not_run.is_some() {
                    Vec::new()
                } else {
                    vec![result]
                },
                not_run,
                details: Some(Box::new(TestDetails {
                    native_id: if id.is_empty() {
                        path.to_string()
                    } else {
                        id.to_owned()
                    },
                    unit: path,
                    ..details
                })),
            },
        );
    }

    /// What tests are expected to take together.
    pub(super) fn expected_of(&self, unit: usize, tests: &[u32]) -> Duration {
        let usual = self.usual_duration();
        let expected = |index: &u32| {
            let id = self.units[unit].test(*index).map(|test| &*test.id);
            id.and_then(|id| self.framework.expected_tests.get(id).copied())
                .unwrap_or(usual)
        };
        tests.iter().map(expected).sum()
    }

    /// The mean of the tests that have ended.
    pub(super) fn usual_duration(&self) -> Duration {
        let (sum, count) = self.measured;
        sum.checked_div(count).unwrap_or_default()
    }
}

pub(super) fn blank(outcome: Outcome, message: &str, at: Duration) -> AttemptResult {
    AttemptResult {
        attempt: 1,
        outcome,
        exit: None,
        message: Some(message.to_owned()),
        started_at: at,
        duration: Duration::ZERO,
        usage: Usage::default(),
        output_bytes: 0,
        tail: Vec::new(),
        leaked: Vec::new(),
    }
}

fn attempt_of(finished: &TestFinished, at: Duration) -> AttemptResult {
    let outcome = match finished.outcome {
        TestOutcome::Passed => Outcome::Passed,
        TestOutcome::Failed => Outcome::Failed,
        TestOutcome::Errored => Outcome::Errored,
        TestOutcome::Skipped => Outcome::Skipped,
        TestOutcome::Xfailed => Outcome::Xfailed,
        TestOutcome::Xpassed => Outcome::Xpassed,
        TestOutcome::Crashed => Outcome::Crashed,
    };
    let seconds: f64 = finished.durations.iter().sum();
    let exit = finished.exit.unwrap_or_default();
    let exit = exit.signal.map(Exit::Signal).or(exit.code.map(Exit::Code));
    let said = finished.problems.iter().find_map(|problem| {
        let reason = problem.reason.clone().filter(|reason| !reason.is_empty());
        problem.message.clone().or(reason)
    });
    let said = said.or_else(|| finished.wasxfail.clone());
    AttemptResult {
        exit,
        message: said.or_else(|| exit.map(|exit| exit.to_string())),
        duration: Duration::try_from_secs_f64(seconds).unwrap_or_default(),
        ..blank(outcome, "", at)
    }
}

pub(super) fn location(place: &Place) -> (String, Option<u32>) {
    (place.file.clone(), place.line)
}

fn details_of(finished: TestFinished, worker: u32) -> TestDetails {
    let wasxfail = finished.wasxfail;
    let problem = |problem: ProblemMessage| Problem {
        phase: problem.phase,
        reason: problem
            .reason
            .or_else(|| wasxfail.clone().filter(|_| problem.outcome == "xfailed")),
        outcome: problem.outcome,
        kind: problem.kind,
        message: problem.message,
        text: problem.text,
        location: problem.location.as_ref().map(location),
    };
    let mut problems: Vec<Problem> = finished.problems.into_iter().map(problem).collect();
    if finished.outcome == TestOutcome::Xpassed && problems.is_empty() {
        problems.push(Problem {
            phase: "call".to_owned(),
            outcome: "xpassed".to_owned(),
            reason: wasxfail.clone(),
            ..Problem::default()
        });
    }
    let subtest = |subtest: SubtestMessage| Subtest {
        name: subtest.name,
        outcome: subtest.outcome,
        duration: subtest.duration,
        message: subtest.message,
        text: subtest.text,
    };
    let text = |value: serde_json::Value| match value {
        serde_json::Value::String(text) => text,
        other => other.to_string(),
    };
    TestDetails {
        worker: Some(worker),
        phases: Some(finished.durations),
        native_outcome: finished.native,
        assertions: finished.assertions,
        problems,
        sections: finished.sections,
        properties: finished
            .user_properties
            .into_iter()
            .map(|(n, v)| (n, text(v)))
            .collect(),
        subtests: finished.subtests.into_iter().map(subtest).collect(),
        subtests_passed: finished.subtests_passed,
        ..TestDetails::default()
    }
}

/// What is known of a test before it has run.
fn describe(test: &Test, unit: Arc<str>, framework: &Framework) -> TestDetails {
    let description = &test.description;
    let file = description.file.clone().unwrap_or_else(|| unit.to_string());
    TestDetails {
        native_id: test.id.to_string(),
        unit,
        rerun: rerun(framework, &test.id, &file),
        file: Some(file),
        line: description.line,
        markers: description.markers.clone(),
        ..TestDetails::default()
    }
}

/// The framework's own command for a test.
fn rerun(framework: &Framework, id: &str, file: &str) -> Option<String> {
    if framework.rerun.is_empty() {
        return None;
    }
    let names = match framework.rerun_names {
        Some(names) => names(id, file),
        None => vec![id.to_owned()],
    };
    let words: Vec<String> = names.iter().map(|word| quoted(word)).collect();
    Some(format!("{} {}", framework.rerun, words.join(" ")))
}

/// A word as a POSIX shell reads it back.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}
