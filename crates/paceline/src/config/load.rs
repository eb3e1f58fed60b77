//! Finding and reading `paceline.toml`.

use std::io;
use std::path::{Path, PathBuf};

use paceline_adapters::Machine;
use paceline_adapters::detect::{Detection, detect};

use super::detected;
use super::error::ConfigError;
use super::file::{ConfigFile, SuiteConfig};
use super::{check, structure};
use crate::cli::GlobalArgs;
use crate::diagnostic::{Diagnostic, Source};

/// What the configuration is called.
pub const FILE_NAME: &str = "paceline.toml";

/// A configuration without mistakes.
#[derive(Clone, Debug)]
pub struct Config {
    /// The directory that everything is relative to; absolute.
    pub root: PathBuf,
    /// Where it is from.
    pub origin: Origin,
    /// What it says.
    pub file: ConfigFile,
}

impl Config {
    /// The directory of one of its suites; absolute.
    pub(crate) fn dir_of(&self, suite: &SuiteConfig) -> PathBuf {
        match &suite.dir {
            Some(dir) => self.root.join(dir.get_ref()),
            None => self.root.clone(),
        }
    }
}

/// Where a configuration is from.
#[derive(Clone, Debug)]
pub enum Origin {
    /// From a file.
    File {
        /// Its path.
        path: PathBuf,
        /// Its text, for messages.
        source: Source,
    },
    /// There is no file; these suites were found in the working directory.
    Detected(Detection),
}

/// Reads the configuration: that of `--config` if it is given, else the nearest `paceline.toml`
/// upwards from `cwd`, which has to be absolute. `None` if there is none.
///
/// # Errors
/// If the file cannot be read or has mistakes, with all of them.
pub fn load(cwd: &Path, global: &GlobalArgs) -> Result<Option<Config>, ConfigError> {
    let Some((path, shown)) = find(cwd, global) else {
        return Ok(None);
    };
    let text = std::fs::read(&path).map_err(|error| unreadable(&shown, &error))?;
    let text = String::from_utf8(text).map_err(|error| {
        let line = String::from_utf8_lossy(&error.as_bytes()[..error.utf8_error().valid_up_to()])
            .matches('\n')
            .count();
        let line = line + 1;
        ConfigError::new(Diagnostic::new(format!(
            "{shown} is not UTF-8 (line {line})"
        )))
    })?;
    let root = root_of(&path, cwd);
    let source = Source {
        name: shown,
        text: text.as_str().into(),
    };
    let read = structure::read(&text);
    let mut mistakes = read.mistakes;
    if let Some(file) = &read.file {
        mistakes.extend(check::check(file, &root, &read.left_out));
    }
    match read.file {
        Some(file) if mistakes.is_empty() => Ok(Some(Config {
            root,
            origin: Origin::File { path, source },
            file,
        })),
        _ => {
            mistakes.sort_by_key(|mistake| mistake.labels.first().map(|label| label.span.start));
            Err(ConfigError {
                source_text: Some(source),
                diagnostics: mistakes,
            })
        }
    }
}

/// As [`load`], and where there is no file, what is found in `cwd`.
///
/// # Errors
/// As [`load`]; and if there is no file and nothing is found.
pub fn load_or_detect(cwd: &Path, global: &GlobalArgs) -> Result<Config, ConfigError> {
    if let Some(config) = load(cwd, global)? {
        return Ok(config);
    }
    let detection = detect(cwd, &Machine::of_process());
    if detection.suites.is_empty() {
        let title = format!("no {FILE_NAME} here or above, and no tests that paceline knows");
        let mistake = Diagnostic::new(title)
            .note(format!("looked in {}", cwd.display()))
            .help(format!("`paceline init` writes a {FILE_NAME} to fill in"));
        return Err(ConfigError::new(mistake));
    }
    let file = detected::config(&detection)?;
    Ok(Config {
        root: cwd.to_owned(),
        origin: Origin::Detected(detection),
        file,
    })
}

/// The directory of the file, without links and `..`: it is in every path that is shown.
fn root_of(path: &Path, cwd: &Path) -> PathBuf {
    let dir = path.parent().unwrap_or(cwd);
    if dir == cwd {
        return cwd.to_owned();
    }
    dir.canonicalize().unwrap_or_else(|_| dir.to_owned())
}

/// The file and how to call it.
fn find(cwd: &Path, global: &GlobalArgs) -> Option<(PathBuf, String)> {
    let start = global.directory.clone().unwrap_or_default();
    if let Some(path) = &global.config {
        return Some((cwd.join(path), start.join(path).display().to_string()));
    }
    let mut up = start;
    for dir in cwd.ancestors() {
        let path = dir.join(FILE_NAME);
        // What cannot be read is an error, and no reason to look further up.
        if path.symlink_metadata().is_ok() {
            return Some((path, up.join(FILE_NAME).display().to_string()));
        }
        up.push("..");
    }
    None
}

fn unreadable(shown: &str, error: &io::Error) -> ConfigError {
    let title = match error.kind() {
        io::ErrorKind::NotFound => format!("the configuration {shown} does not exist"),
        io::ErrorKind::IsADirectory => {
            format!("the configuration {shown} is a directory")
        }
        _ => format!("cannot read the configuration {shown}: {error}"),
    };
    ConfigError::new(Diagnostic::new(title))
}
