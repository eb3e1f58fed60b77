//! What a configuration says of suites whose tests a framework runs one by one.

use std::borrow::Cow;
use std::fmt;

use paceline_adapters::adapter::{self, ADAPTERS, Adapter};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize, Serializer};
use toml::Spanned;

use super::needs::Needs;
use crate::suggest::closest;
use crate::values::{Count, Timeout};

/// The name of a framework that there is an adapter for.
#[derive(Clone, Copy, Debug)]
pub struct FrameworkName(&'static dyn Adapter);

impl FrameworkName {
    /// The framework of this name.
    pub fn find(name: &str) -> Option<Self> {
        adapter::by_name(name).map(Self)
    }

    /// Its adapter.
    pub fn adapter(self) -> &'static dyn Adapter {
        self.0
    }
}

impl fmt::Display for FrameworkName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0.name())
    }
}

impl Serialize for FrameworkName {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.name())
    }
}

impl<'de> Deserialize<'de> for FrameworkName {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        Self::find(&name).ok_or_else(|| {
            let known = || ADAPTERS.iter().map(|adapter| adapter.name());
            let help = closest(&name, known()).map_or_else(
                || {
                    let known: Vec<&str> = known().collect();
                    let known = known.join(", ");
                    format!("the frameworks are {known}; everything else runs as a `command`")
                },
                |known| format!("did you mean `{known}`?"),
            );
            D::Error::custom(format!("`{name}` is not a known framework\nhelp: {help}"))
        })
    }
}

impl JsonSchema for FrameworkName {
    fn schema_name() -> Cow<'static, str> {
        "Framework".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<&str> = ADAPTERS.iter().map(|adapter| adapter.name()).collect();
        json_schema!({ "enum": names })
    }
}

/// Which tests of a file have to stay together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Split {
    /// All of them.
    File,
    /// Those of a class.
    Class,
    /// Those that share a fixture.
    Fixture,
    /// None.
    Test,
}

/// What gets a process of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Isolation {
    /// A worker, for all that it runs.
    Worker,
    /// A file.
    File,
    /// A test.
    Test,
}

/// What has to be collected before the first test runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Collect {
    /// As the framework's plugins need it.
    Auto,
    /// The list of files.
    Files,
    /// Everything.
    Whole,
}

/// How workers are started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// Forked from a process that has booted the framework, where that is possible.
    Fork,
    /// Each boots by itself.
    Spawn,
}

/// A pattern of the ids of tests: `*` stands for any text, `?` for one character, everything else
/// for itself. Not empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestPattern(String);

impl TestPattern {
    /// The pattern.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Serialize for TestPattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for TestPattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.is_empty() {
            return Err(D::Error::custom(
                "the pattern of tests is empty\nhelp: `*` stands for all tests of the suite",
            ));
        }
        Ok(Self(text))
    }
}

impl JsonSchema for TestPattern {
    fn schema_name() -> Cow<'static, str> {
        "TestPattern".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "minLength": 1 })
    }
}

/// What holds for some tests of a suite.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[serde(expecting = "a table of an override's keys")]
pub struct OverrideConfig {
    /// The tests by their ids; required. `*` stands for any text, `?` for one character, and
    /// everything else, `[` too, for itself. Where several overrides fit a test, the last one that
    /// says something counts.
    #[schemars(with = "TestPattern", extend("examples" = ["tests/test_db.py::*", "*::test_*_slow"]))]
    pub tests: Spanned<TestPattern>,
    /// Resources that a test holds while it runs, beside those of its suite.
    #[serde(default)]
    #[schemars(extend("examples" = [["postgres"], { "ports": 2 }]))]
    pub needs: Needs,
    /// Whether nothing else runs beside such a test.
    pub serial: Option<bool>,
    /// Slots that a test takes.
    #[schemars(extend("examples" = [2]))]
    pub weight: Option<Count>,
    /// How long an attempt of a test may take.
    #[schemars(extend("examples" = ["90s"]))]
    pub timeout: Option<Timeout>,
    /// How many more attempts a failed test gets.
    #[schemars(extend("examples" = [2]))]
    pub retries: Option<u32>,
    /// What gets a process of its own.
    #[schemars(extend("examples" = ["test"]))]
    pub isolation: Option<Isolation>,
}

impl OverrideConfig {
    /// Whether it changes nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.needs.is_empty()
            && self.serial.is_none()
            && self.weight.is_none()
            && self.timeout.is_none()
            && self.retries.is_none()
            && self.isolation.is_none()
    }
}
