//! What a suite's table says to its framework.

use paceline_adapters::adapter::Settings;
use serde_json::{Map, Value, json};

use crate::config::{OverrideConfig, Start, SuiteConfig};

/// The settings of a suite.
pub(super) fn settings(suite: &SuiteConfig) -> Settings {
    let mut options = Map::new();
    let mut say = |key: &str, value: Option<Value>| {
        options.extend(value.map(|value| (key.to_owned(), value)));
    };
    say(
        "split",
        suite.split.as_ref().map(|split| json!(split.get_ref())),
    );
    say(
        "isolation",
        suite
            .isolation
            .as_ref()
            .map(|isolation| json!(isolation.get_ref())),
    );
    say(
        "collect",
        suite
            .collect
            .as_ref()
            .map(|collect| json!(collect.get_ref())),
    );
    let start = suite.start.as_ref().map(|start| *start.get_ref());
    Settings {
        interpreter: suite.interpreter().map(str::to_owned),
        test: suite.test.as_ref().map(|test| test.get_ref().clone()),
        cargo_args: suite
            .cargo_args
            .as_ref()
            .map(|args| args.get_ref().clone())
            .unwrap_or_default(),
        program: suite
            .program
            .as_ref()
            .map(|program| program.get_ref().clone()),
        args: suite
            .args
            .as_ref()
            .map(|args| args.get_ref().clone())
            .unwrap_or_default(),
        spawn: start == Some(Start::Spawn),
        workers: suite
            .workers
            .as_ref()
            .map(|workers| workers.get_ref().get()),
        options,
        overrides: suite.overrides.iter().map(override_of).collect(),
    }
}

/// An override in the words of a test's own `paceline` marker; durations are seconds.
fn override_of(one: &OverrideConfig) -> Value {
    let mut said = Map::new();
    let mut say = |key: &str, value: Option<Value>| {
        said.extend(value.map(|value| (key.to_owned(), value)));
    };
    say("tests", Some(json!(one.tests.get_ref())));
    say("needs", (!one.needs.is_empty()).then(|| json!(one.needs)));
    say("serial", one.serial.map(Value::from));
    say("weight", one.weight.map(|weight| json!(weight.get())));
    say(
        "timeout",
        one.timeout
            .map(|timeout| json!(timeout.get().as_secs_f64())),
    );
    say("retries", one.retries.map(Value::from));
    say("isolation", one.isolation.map(|isolation| json!(isolation)));
    Value::Object(said)
}
