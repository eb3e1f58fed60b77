//! A worker: runs units, with one server for all of them.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::path::Path;
use std::pin::pin;

use serde_json::{Value, json};

use super::connection::Engine;
use super::log::Log;
use super::places::Places;
use super::results::finished;
use super::units::{Member, Unit};
use crate::harness::ClientOf;
use crate::report::RunReport;
use crate::run::Run;
use crate::server::Server;
use crate::test::Mode;

/// What the engine has asked of a worker and is still to be done.
#[derive(Default)]
struct Orders {
    units: VecDeque<Value>,
    /// No more will come.
    shutdown: bool,
    /// Not even what has come is to be run.
    now: bool,
    /// The unit that runs, and the indexes of its tests that have not started.
    current: Option<(Value, VecDeque<usize>)>,
}

impl Orders {
    /// Takes in a message; between two tests, or when there is nothing to do.
    async fn take(&mut self, engine: &mut Engine, message: Value) -> io::Result<()> {
        match message["kind"].as_str() {
            Some("run") => self.units.push_back(message),
            Some("wait") => {}
            Some("shutdown") => {
                self.shutdown = true;
                self.now = message["now"] == true;
            }
            Some("take_back") => {
                let answer = self.take_back(&message);
                engine.send(&answer).await?;
            }
            _ => engine.refuse(&message).await?,
        }
        Ok(())
    }

    /// A unit that has not begun, or tests of the one that runs.
    fn take_back(&mut self, message: &Value) -> Value {
        let unit = &message["unit"];
        let Some(tests) = message["tests"].as_array() else {
            let before = self.units.len();
            self.units.retain(|order| order["unit"] != *unit);
            let ok = self.units.len() < before;
            return json!({"kind": "taken_back", "unit": unit, "ok": ok});
        };
        let mut given = Vec::new();
        if let Some((current, left)) = &mut self.current
            && current == unit
        {
            left.retain(|at| {
                let taken = tests.iter().any(|index| index.as_u64() == Some(*at as u64));
                if taken {
                    given.push(*at);
                }
                !taken
            });
        }
        given.sort_unstable();
        json!({"kind": "taken_back", "unit": unit, "ok": !given.is_empty(), "tests": given})
    }
}

struct Work<'a, S: Server> {
    engine: &'a mut Engine,
    run: &'a Run<S>,
    units: HashMap<&'a str, &'a Unit<ClientOf<S>>>,
    number: usize,
    orders: Orders,
    log: Log,
    places: Places,
    failed: bool,
}

pub(super) async fn serve<S: Server>(
    engine: &mut Engine,
    run: &Run<S>,
    units: &[Unit<ClientOf<S>>],
    number: usize,
    log: Option<&Path>,
) -> io::Result<u8> {
    let units = units.iter().map(|unit| (&*unit.key, unit));
    let mut work = Work {
        engine,
        run,
        units: units.collect(),
        number,
        orders: Orders::default(),
        log: Log::new(log),
        places: Places::new(),
        failed: false,
    };
    let result = work.until_the_end().await;
    let Work {
        engine, mut failed, ..
    } = work;
    // Whatever has happened to the engine, the server is stopped.
    let mut report = RunReport::default();
    run.finish(&mut report).await;
    if let Some(why) = &report.after_all_failed {
        failed = true;
        engine.queue(&json!({"kind": "error", "fatal": false, "text": why}));
    }
    for text in &report.warnings {
        engine.queue(&json!({
            "kind": "warning",
            "when": "runtest",
            "category": "server",
            "message": text,
            "text": text,
        }));
    }
    result?;
    engine.goodbye(if failed { 101 } else { 0 }).await
}

impl<S: Server> Work<'_, S> {
    async fn until_the_end(&mut self) -> io::Result<()> {
        let interrupt = self.run.config.interrupt.clone();
        while !self.orders.now && !interrupt.is_cancelled() {
            // What has come by now may be what goes with the results of the last unit.
            while let Some(message) = self.engine.arrived() {
                self.orders.take(self.engine, message).await?;
            }
            if self.orders.now {
                break;
            }
            if let Some(order) = self.orders.units.pop_front() {
                self.unit(&order).await?;
                continue;
            }
            self.engine.flush().await?;
            if self.orders.shutdown {
                break;
            }
            let message = tokio::select! {
                message = self.engine.next() => message,
                () = interrupt.cancelled() => None,
            };
            let Some(message) = message else { break };
            self.orders.take(self.engine, message).await?;
        }
        Ok(())
    }

    async fn unit(&mut self, order: &Value) -> io::Result<()> {
        let id = &order["unit"];
        self.engine
            .queue(&json!({"kind": "unit_started", "unit": id}));
        let key = order["key"].as_str().unwrap_or_default();
        let Some(unit) = self.units.get(key).copied() else {
            let text = format!("there is no unit {} in this program", order["key"]);
            self.engine
                .queue(&json!({"kind": "collect_error", "unit": id, "text": text}));
            self.engine
                .queue(&json!({"kind": "unit_finished", "unit": id}));
            return Ok(());
        };
        let digest = unit.digest();
        let mut collected = json!({
            "kind": "collected",
            "unit": id,
            "digest": digest,
            "count": unit.tests.len(),
        });
        if order["known"] != digest.as_str() {
            collected["first"] = json!(0);
            collected["tests"] = json!(unit.descriptions(&mut self.places));
        }
        self.engine.queue(&collected);
        self.orders.current = Some((id.clone(), unit.wanted(order).into()));
        loop {
            while let Some(message) = self.engine.arrived() {
                self.orders.take(self.engine, message).await?;
            }
            if self.orders.now || self.run.config.interrupt.is_cancelled() {
                break;
            }
            let current = self.orders.current.as_mut();
            let Some(at) = current.and_then(|(_, left)| left.pop_front()) else {
                break;
            };
            self.test(id, unit, at).await?;
        }
        self.orders.current = None;
        self.engine
            .queue(&json!({"kind": "unit_finished", "unit": id}));
        Ok(())
    }

    async fn test(&mut self, id: &Value, unit: &Unit<ClientOf<S>>, at: usize) -> io::Result<()> {
        let Some(Member { test, mode, .. }) = unit.tests.get(at) else {
            return Ok(());
        };
        let started = json!({"kind": "test_started", "unit": id, "test": at});
        // The end of the test before goes with it, in one write.
        self.engine.send(&started).await?;
        self.log.begin();
        let worker = (*mode == Mode::Parallel).then_some(self.number);
        let report = if let Some(report) = self.run.passed_over(at, test) {
            report
        } else {
            let mut attempt = pin!(self.run.attempt(at, test, worker));
            loop {
                // Tests are given back while one runs, which may take long.
                let message = tokio::select! {
                    biased;
                    report = &mut attempt => break report,
                    message = self.engine.next() => message,
                };
                let Some(message) = message else {
                    self.run.config.interrupt.cancel();
                    break attempt.await;
                };
                self.orders.take(self.engine, message).await?;
            }
        };
        if self.run.config.interrupt.is_cancelled() {
            // It has no result.
            return self.engine.flush().await;
        }
        self.failed |= report.outcome.is_failure();
        let printed = self.log.since();
        let places = &mut self.places;
        let message = finished(self.run, id, at, &report, printed, places);
        self.engine.queue(&message);
        Ok(())
    }
}
