//! What workers have found in files.

use paceline_protocol::{CollectError, CollectSkipped, Collected};

use super::messages::Misfit;
use super::part::Part;
use super::results::location;
use super::suite::FrameworkSuite;
use super::unit::Test;
use crate::event::{EventKind, Problem, TestDetails, UnitCollected};
use crate::outcome::Outcome;
use crate::run::Core;
use crate::schedule::TaskId;

impl<'env> FrameworkSuite<'env> {
    pub(super) fn collected(
        &mut self,
        core: &mut Core<'_, '_, 'env>,
        number: u32,
        collected: Collected,
    ) -> Result<(), Misfit> {
        let task = self.current(number, collected.unit)?;
        let place = collected.unit as usize;
        let unit = &mut self.units[place];
        if let Some(tests) = collected.tests {
            if collected.first == 0 {
                unit.pieces.clear();
            }
            if collected.first as usize != unit.pieces.len() {
                return Err(Misfit("descriptions of tests with a gap".to_owned()));
            }
            unit.pieces.extend(tests);
        } else if unit.tests.is_none() {
            return Err(Misfit("a unit without its tests".to_owned()));
        }
        if collected.more {
            return Ok(());
        }
        if let Some(worker) = self.workers.get_mut(&number) {
            worker.collect_by = None;
        }
        let unit = &mut self.units[place];
        let descriptions = std::mem::take(&mut unit.pieces);
        if let Some(known) = &unit.tests {
            // Another worker was first. Ids may differ from process to process, their number not.
            if known.len() != collected.count as usize {
                let text = format!(
                    "worker {number} collected {} tests in {}, another one {}",
                    collected.count,
                    unit.path,
                    known.len()
                );
                self.worker_error(core, &format!("worker {number}"), &text);
            }
            return Ok(());
        }
        if descriptions.len() != collected.count as usize {
            return Err(Misfit("another number of tests than it says".to_owned()));
        }
        let began = self.parts.get(&task).and_then(|part| part.began);
        let unit = &mut self.units[place];
        unit.collect_time = core.now().saturating_sub(began.unwrap_or_default());
        unit.digest = Some(collected.digest);
        let mut mistakes = Vec::new();
        let test = |description| {
            let mut test = Test::new(description, task);
            mistakes.extend(test.settle_timeout().err());
            test
        };
        unit.tests = Some(descriptions.into_iter().map(test).collect());
        if !mistakes.is_empty() {
            let error = CollectError {
                unit: Some(collected.unit),
                text: Some(mistakes.join("\n")),
                ..CollectError::default()
            };
            self.collect_error(core, Some(number), &error);
        }
        let uncollected = self
            .units
            .iter()
            .filter(|unit| unit.tests.is_none())
            .count();
        core.tell(EventKind::UnitCollected(UnitCollected {
            suite: self.suite.name.clone(),
            unit: self.units[place].path.clone(),
            tests: u64::from(collected.count),
            deselected: collected.deselected,
            uncollected: Some(uncollected as u64),
        }));
        self.hold_back(core, task, place);
        Ok(())
    }

    /// Gives tests that take more than their worker's slot parts of their own.
    fn hold_back(&mut self, core: &mut Core<'_, '_, 'env>, task: TaskId, place: usize) {
        if self
            .parts
            .get(&task)
            .is_some_and(|part| part.tests.is_some())
        {
            return;
        }
        let tests = self.units[place].tests();
        let (held, free): (Vec<u32>, Vec<u32>) =
            (0..tests.len() as u32).partition(|index| tests[*index as usize].is_held_back());
        // Neighbours that ask for the same travel together.
        let mut groups: Vec<Vec<u32>> = Vec::new();
        for index in held {
            let settings = |index: u32| &tests[index as usize].settings;
            match groups.last_mut() {
                Some(group) if settings(group[0]) == settings(index) => group.push(index),
                _ => groups.push(vec![index]),
            }
        }
        if let Some(part) = self.parts.get_mut(&task) {
            part.tests = Some(free);
        }
        for group in groups {
            let settings = self.units[place].tests()[group[0] as usize]
                .settings
                .clone();
            match core.constraints_of(&settings, self.constraints()) {
                Ok(constraints) => {
                    let mut part = Part::of(place, group);
                    part.isolation.clone_from(&settings.isolation);
                    part.serial = settings.serial;
                    self.add_part(core, part, constraints, None);
                }
                Err(text) => {
                    for index in group {
                        self.enter_test_error(core, place, index, &text);
                    }
                }
            }
        }
    }

    pub(super) fn collect_error(
        &mut self,
        core: &mut Core<'_, '_, 'env>,
        number: Option<u32>,
        error: &CollectError,
    ) {
        let problem = Problem {
            phase: "collect".to_owned(),
            outcome: "errored".to_owned(),
            message: error.message.clone(),
            text: error.text.clone(),
            location: error.location.as_ref().map(location),
            ..Problem::default()
        };
        let details = TestDetails {
            problems: vec![problem],
            sections: error.sections.clone(),
            worker: number,
            ..TestDetails::default()
        };
        self.enter_collection(
            core,
            error.unit,
            error.id.as_deref(),
            Outcome::Errored,
            details,
        );
    }

    pub(super) fn collect_skipped(
        &mut self,
        core: &mut Core<'_, '_, 'env>,
        number: Option<u32>,
        skipped: &CollectSkipped,
    ) {
        let problem = Problem {
            phase: "collect".to_owned(),
            outcome: "skipped".to_owned(),
            reason: skipped.reason.clone(),
            location: skipped.location.as_ref().map(location),
            ..Problem::default()
        };
        let details = TestDetails {
            problems: vec![problem],
            worker: number,
            ..TestDetails::default()
        };
        self.enter_collection(
            core,
            skipped.unit,
            skipped.id.as_deref(),
            Outcome::Skipped,
            details,
        );
    }

    fn enter_collection(
        &mut self,
        core: &mut Core<'_, '_, 'env>,
        unit: Option<u32>,
        id: Option<&str>,
        outcome: Outcome,
        details: TestDetails,
    ) {
        let unit = unit
            .map(|unit| unit as usize)
            .filter(|unit| *unit < self.units.len());
        let id = match (id, unit) {
            (Some(id), _) => id.to_owned(),
            (None, Some(unit)) => self.units[unit].key.clone(),
            (None, None) => String::new(),
        };
        // Every worker that collects the unit says so.
        if unit.is_some_and(|unit| self.units[unit].reported.contains(&id)) {
            return;
        }
        let tests = unit.and_then(|unit| self.units[unit].tests.take());
        self.enter_extra(core, unit, &id, outcome, details, None);
        if let Some(unit) = unit {
            // What a unit holds besides is told by `collected`.
            self.units[unit].tests = tests;
        }
    }
}
