//! A look into `test-report.json`.

use serde_json::Value;

use crate::environment::{Invocation, TestEnvironment};

impl TestEnvironment {
    /// Runs paceline and checks its exit code.
    #[track_caller]
    pub(crate) fn expect(&self, code: i32, args: &[&str]) -> Invocation {
        let invocation = self.run(args);
        assert_eq!(invocation.code, Some(code), "{invocation}");
        invocation
    }

    /// `test-report.json` of the last run.
    pub(crate) fn report(&self) -> Report {
        Report(serde_json::from_str(&self.read(".paceline/logs/test-report.json")).unwrap())
    }

    /// The log of a suite's last run, with U+FFFD for what is not text.
    pub(crate) fn log(&self, suite: &str) -> String {
        let path = self
            .root()
            .join(".paceline/logs")
            .join(format!("{suite}.log"));
        String::from_utf8_lossy(&std::fs::read(path).unwrap()).into_owned()
    }
}

pub(crate) struct Report(pub(crate) Value);

impl Report {
    #[track_caller]
    pub(crate) fn suite(&self, name: &str) -> &Value {
        let suites = self.0["suites"].as_array().unwrap();
        let suite = suites.iter().find(|suite| suite["name"] == name);
        suite.unwrap_or_else(|| panic!("the report has no suite {name}"))
    }

    #[track_caller]
    pub(crate) fn outcome(&self, name: &str) -> &str {
        self.suite(name)["outcome"].as_str().unwrap()
    }

    #[track_caller]
    pub(crate) fn message(&self, name: &str) -> &str {
        self.suite(name)["error_message"]
            .as_str()
            .unwrap_or_default()
    }

    /// `[total, passed, failed, skipped]`.
    pub(crate) fn summary(&self) -> [u64; 4] {
        ["total", "passed", "failed", "skipped"].map(|key| self.0["summary"][key].as_u64().unwrap())
    }
}
