//! Which programs are there to run tests with.

use std::ffi::OsStr;
use std::path::PathBuf;

/// The programs of a search path.
#[derive(Clone, Debug, Default)]
pub struct Programs {
    directories: Vec<PathBuf>,
}

impl Programs {
    /// The programs that the value of `PATH` leads to.
    pub fn new(path: Option<&OsStr>) -> Self {
        let directories = path.into_iter().flat_map(std::env::split_paths);
        Self {
            directories: directories.filter(|dir| dir.is_absolute()).collect(),
        }
    }

    /// Whether there is a program of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
        self.directories.iter().any(|dir| dir.join(&file).is_file())
    }

    /// What to tell if a program is not there.
    pub(crate) fn missing(&self, name: &str, how_to_get_it: &str) -> Option<String> {
        (!self.has(name)).then(|| format!("`{name}` is not on PATH: {how_to_get_it}"))
    }
}
