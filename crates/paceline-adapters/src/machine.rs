//! What the machine has to run tests with: the programs on the search path, and the environment
//! variables by which environments of a language are chosen.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// Variables that decide which programs run.
const VARIABLES: [&str; 5] = [
    "PATH",
    "HOME",
    "VIRTUAL_ENV",
    "UV_PROJECT_ENVIRONMENT",
    "RBENV_ROOT",
];

/// The programs and variables of the machine.
#[derive(Clone, Debug, Default)]
pub struct Machine {
    variables: BTreeMap<&'static str, OsString>,
}

impl Machine {
    /// What this process sees.
    pub fn of_process() -> Self {
        Self::new(|name| std::env::var_os(name))
    }

    /// A machine with these variables.
    pub fn new(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let known = VARIABLES.into_iter();
        Self {
            variables: known
                .filter_map(|name| Some((name, variable(name)?)))
                .collect(),
        }
    }

    /// The same with these variables set.
    #[must_use]
    pub fn with(&self, env: &[(OsString, OsString)]) -> Self {
        let mut machine = self.clone();
        for (name, value) in env {
            if let Some(known) = VARIABLES.into_iter().find(|known| name == known) {
                machine.variables.insert(known, value.clone());
            }
        }
        machine
    }

    /// The value of a variable that is set and not empty.
    pub(crate) fn variable(&self, name: &str) -> Option<&OsStr> {
        let value = self.variables.get(name).map(OsString::as_os_str);
        value.filter(|value| !value.is_empty())
    }

    /// The program of this name that a shell would start.
    pub(crate) fn find(&self, name: &str) -> Option<PathBuf> {
        let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
        let path = self.variable("PATH")?;
        std::env::split_paths(path)
            .filter(|dir| dir.is_absolute())
            .map(|dir| dir.join(&file))
            .find(|path| is_program(path))
    }

    /// What to tell if a program is not there.
    pub(crate) fn missing(&self, name: &str, how_to_get_it: &str) -> Option<String> {
        self.find(name)
            .is_none()
            .then(|| format!("`{name}` is not on PATH: {how_to_get_it}"))
    }
}

/// Whether this is a file that can be started.
pub(crate) fn is_program(path: &Path) -> bool {
    let Ok(metadata) = path.metadata() else {
        return false;
    };
    #[cfg(unix)]
    let executable = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o111 != 0;
    #[cfg(not(unix))]
    let executable = true;
    metadata.is_file() && executable
}
