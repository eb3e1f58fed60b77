//! Where the time of a run goes, from its events.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::bench::rounds::Sample;

/// Seconds of all slots together, but for `wall`. The parts sum to the slots times the wall time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Spent {
    pub(super) wall: f64,
    /// Until a worker's first unit was collected: paceline's start, pytest's, the worker's, and the
    /// collection of that unit.
    pub(super) boot: f64,
    /// From a worker's last test before a unit until the unit was collected.
    pub(super) collect: f64,
    /// Durations of tests.
    pub(super) run: f64,
    /// Between a worker's tests otherwise.
    pub(super) between: f64,
    /// From a worker's last test to the last test of all; everything for a slot without a worker.
    pub(super) idle: f64,
    /// From the last test to the end of the run.
    pub(super) end: f64,
}

/// What happened in a worker, at what time.
enum Happened {
    Collected,
    Ran { duration: f64 },
}

impl Spent {
    pub(super) const HEADER: &str = "| suite | wall | of all slots: boot | collect | run | between tests | idle | end |\n\
         |---|---:|---:|---:|---:|---:|---:|---:|";

    pub(super) fn read(events: &Path, slots: usize) -> Result<Self> {
        let reading = || format!("reading the events in {}", events.display());
        let text = fs::read_to_string(events).with_context(reading)?;
        Self::parse(&text, slots).with_context(reading)
    }

    fn parse(text: &str, slots: usize) -> Result<Self> {
        let mut collected = BTreeMap::<String, Vec<f64>>::new();
        let mut workers = BTreeMap::<u64, Vec<(f64, Happened)>>::new();
        let mut units = BTreeMap::<String, u64>::new();
        let mut wall = None;
        for line in text.lines() {
            let event: Value = serde_json::from_str(line).context("an event is not JSON")?;
            let number = |value: &Value, key: &str| {
                let number = value[key].as_f64();
                number.with_context(|| format!("{key} is missing in {value}"))
            };
            match event["kind"].as_str().context("an event has no kind")? {
                "unit-collected" => {
                    let unit = event["unit"].as_str().context("no unit")?;
                    let at = number(&event, "at")?;
                    collected.entry(unit.to_owned()).or_default().push(at);
                }
                "test-finished" => {
                    let Some(worker) = event["details"]["worker"].as_u64() else {
                        continue;
                    };
                    let unit = event["details"]["unit"].as_str().context("no unit")?;
                    units.entry(unit.to_owned()).or_insert(worker);
                    let happened = workers.entry(worker).or_default();
                    for attempt in event["attempts"].as_array().into_iter().flatten() {
                        let duration = number(attempt, "duration")?;
                        let at = number(attempt, "started_at")?;
                        happened.push((at, Happened::Ran { duration }));
                    }
                }
                "run-finished" => wall = Some(number(&event, "wall")?),
                _ => {}
            }
        }
        let wall = wall.context("the run did not finish")?;
        for (unit, times) in collected {
            if let Some(happened) = units.get(&unit).and_then(|of| workers.get_mut(of)) {
                happened.extend(times.into_iter().map(|at| (at, Happened::Collected)));
            }
        }

        let mut spent = Self {
            wall,
            ..Self::default()
        };
        let mut ends = Vec::new();
        for mut happened in workers.into_values() {
            happened.sort_by(|(one, _), (other, _)| one.total_cmp(other));
            let mut now = 0.0_f64;
            let mut has_booted = false;
            for (at, what) in happened {
                // Clocks of two processes: what seems to begin before the end of what was before.
                let gap = (at - now).max(0.0);
                now = now.max(at);
                match what {
                    _ if !has_booted => spent.boot += gap,
                    Happened::Collected => spent.collect += gap,
                    Happened::Ran { .. } => spent.between += gap,
                }
                has_booted = true;
                if let Happened::Ran { duration } = what {
                    spent.run += duration;
                    now += duration;
                }
            }
            ends.push(now);
        }
        ensure!(!ends.is_empty(), "no test was run by a worker");
        let last = ends.iter().copied().fold(0.0, f64::max);
        // More workers than slots: one took the place of another.
        let missing = slots.saturating_sub(ends.len());
        spent.idle = ends.iter().map(|end| last - end).sum::<f64>() + last * missing as f64;
        spent.end = (wall - last).max(0.0) * slots.max(ends.len()) as f64;
        Ok(spent)
    }

    /// The median of each part.
    pub(super) fn median(all: &[Self]) -> Self {
        let of = |part: fn(&Self) -> f64| {
            let mut sample = Sample::default();
            for one in all {
                sample.push(part(one));
            }
            sample.median()
        };
        Self {
            wall: of(|one| one.wall),
            boot: of(|one| one.boot),
            collect: of(|one| one.collect),
            run: of(|one| one.run),
            between: of(|one| one.between),
            idle: of(|one| one.idle),
            end: of(|one| one.end),
        }
    }
}

/// The cells after the first of a row below [`Spent::HEADER`].
impl fmt::Display for Spent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in [
            self.wall,
            self.boot,
            self.collect,
            self.run,
            self.between,
            self.idle,
            self.end,
        ] {
            write!(f, "| {:.0} ", part * 1e3)?;
        }
        f.write_str("|")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_second_of_every_slot_is_somewhere() {
        let test = |unit: &str, worker: u64, at: f64, duration: f64| {
            format!(
                r#"{{"kind":"test-finished","attempts":[{{"started_at":{at},"duration":{duration}}}],"details":{{"unit":"{unit}","worker":{worker}}}}}"#
            )
        };
        let lines = [
            r#"{"kind":"unit-collected","at":0.5,"unit":"a"}"#.to_owned(),
            r#"{"kind":"unit-collected","at":0.75,"unit":"b"}"#.to_owned(),
            test("a", 0, 0.5, 0.5),
            test("b", 1, 0.75, 0.75),
            r#"{"kind":"unit-collected","at":1.25,"unit":"c"}"#.to_owned(),
            test("c", 0, 1.5, 0.75),
            r#"{"kind":"run-finished","wall":2.5}"#.to_owned(),
        ];
        let spent = Spent::parse(&lines.join("\n"), 2).unwrap();
        let expected = Spent {
            wall: 2.5,
            boot: 1.25,
            collect: 0.25,
            run: 2.0,
            between: 0.25,
            idle: 0.75,
            end: 0.5,
        };
        assert_eq!(spent, expected);
        let whole = spent.boot + spent.collect + spent.run + spent.between + spent.idle + spent.end;
        assert!((whole - 2.0 * spent.wall).abs() < 1e-9);
        assert!(Spent::parse(&lines[..6].join("\n"), 2).is_err());
    }
}
