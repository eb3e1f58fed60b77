//! How a suite starts: as a command, or by its framework.

use std::ffi::OsString;

use paceline_adapters::adapter::{self, Adapter, Prepared, Request};
use paceline_engine::plan::Launch;

use super::settings::settings;
use super::tools::Tools;
use crate::config::{Config, ConfigError, SuiteConfig};
use crate::diagnostic::Diagnostic;

/// Of a suite that is a command.
pub(super) fn launch(
    config: &Config,
    name: &str,
    suite: &SuiteConfig,
) -> Result<Launch, ConfigError> {
    // The configuration was checked for this; here it is for configurations made otherwise.
    let missing = || ConfigError::new(Diagnostic::new(format!("suite `{name}` has no command")));
    let command = suite.command.as_ref().ok_or_else(missing)?;
    Ok(command.0.launch(config.dir_of(suite), env(suite)))
}

fn env(suite: &SuiteConfig) -> Vec<(OsString, OsString)> {
    let env = suite.env.iter();
    env.map(|(name, value)| (name.as_str().into(), value.as_str().into()))
        .collect()
}

/// Of a suite that a framework runs.
pub(super) fn prepare(
    config: &Config,
    suite: &SuiteConfig,
    adapter: &dyn Adapter,
    request: &Request,
    tools: &Tools,
) -> Prepared {
    let suite = adapter::Suite {
        root: &config.root,
        dir: config.dir_of(suite),
        env: env(suite),
        settings: settings(suite),
        workers: &tools.workers,
    };
    adapter.prepare(&suite, request, &tools.machine)
}
