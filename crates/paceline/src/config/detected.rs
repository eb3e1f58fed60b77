//! What is found in a repository without a file, as a configuration.

use std::fmt::Write as _;

use paceline_adapters::detect::{DetectedSuite, Detection, How};
use toml::Spanned;

use super::command::CommandLine;
use super::error::ConfigError;
use super::file::{ConfigFile, SuiteConfig};
use super::framework::FrameworkName;
use super::load::FILE_NAME;
use crate::diagnostic::Diagnostic;
use crate::values::SuiteName;

/// The configuration that `paceline init` would write.
pub(super) fn config(detection: &Detection) -> Result<ConfigFile, ConfigError> {
    let suites: Result<Vec<_>, _> = detection.suites.iter().map(suite).collect();
    let suites = suites?;
    Ok(ConfigFile {
        suite: suites.into_iter().collect(),
        ..ConfigFile::default()
    })
}

fn suite(found: &DetectedSuite) -> Result<(SuiteName, SuiteConfig), ConfigError> {
    let name: SuiteName = found
        .name
        .parse()
        .map_err(|error| ConfigError::new(Diagnostic::from_message(&format!("{error}"))))?;
    let is_root = found.dir.as_os_str().is_empty();
    let framework = |name| FrameworkName::find(name).map(|name| Spanned::new(0..0, name));
    let (command, framework, test) = match &found.how {
        How::Command(command) => (Some(CommandLine(command.clone())), None, None),
        How::Framework(name, _) => (None, framework(name), None),
        How::Target {
            framework: name,
            test,
            ..
        } => {
            let test = Spanned::new(0..0, test.clone());
            (None, framework(name), Some(test))
        }
    };
    let suite = SuiteConfig {
        command,
        framework,
        test,
        dir: (!is_root).then(|| Spanned::new(0..0, found.dir.clone())),
        description: Some(found.description.clone()),
        category: found.category.parse().ok(),
        ..SuiteConfig::default()
    };
    Ok((name, suite))
}

/// Says what was found, from what, and what is going to run; ends with a line break.
pub(crate) fn notice(detection: &Detection) -> String {
    let count = detection.suites.len();
    let plural = if count == 1 { "" } else { "s" };
    let mut text = format!(
        "no {FILE_NAME}; detected {count} suite{plural} (`paceline init` writes a configuration)\n"
    );
    let width = |of: fn(&DetectedSuite) -> &str| {
        let lengths = detection
            .suites
            .iter()
            .map(|suite| of(suite).chars().count());
        lengths.max().unwrap_or(0)
    };
    let (name, evidence) = (width(|suite| &suite.name), width(|suite| &suite.evidence));
    for suite in &detection.suites {
        let command = suite.how.display();
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "  {:name$}  {:evidence$}  {command}",
            suite.name, suite.evidence
        );
    }
    for suite in &detection.suites {
        if let Some(missing) = &suite.missing {
            let _ = writeln!(text, "warning: {}: {missing}", suite.name);
        }
    }
    text
}
