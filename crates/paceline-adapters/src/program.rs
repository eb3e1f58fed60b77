//! Programs that a configuration names, and paths as they would be typed.

use std::path::{Path, PathBuf};

use crate::adapter::Missing;
use crate::machine::{Machine, is_program};
use crate::shell;

/// A program to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Program {
    pub(crate) path: PathBuf,
    /// The same as a user would type it in the suite's directory.
    pub(crate) display: String,
}

/// The interpreter that the configuration of a suite in `dir` names by `key`.
pub(crate) fn configured(
    dir: &Path,
    root: &Path,
    key: &str,
    configured: &str,
    machine: &Machine,
) -> Result<Program, Missing> {
    let missing = |why: &str| Missing {
        what: format!("the interpreter `{configured}` {why}"),
        help: Some(format!("`{key}` is a name, or a path relative to the root")),
    };
    let is_path = configured.contains(['/', std::path::MAIN_SEPARATOR]);
    if !is_path {
        let found = machine.find(configured);
        return Ok(Program {
            path: found.ok_or_else(|| missing("is not on PATH"))?,
            display: shell::quote(configured),
        });
    }
    let path = root.join(configured);
    if !is_program(&path) {
        let why = if path.exists() {
            "is no program"
        } else {
            "does not exist"
        };
        return Err(missing(why));
    }
    Ok(Program {
        display: shown(dir, root, &path),
        path,
    })
}

/// A path as it would be typed in `dir`: relative within `root`.
pub(crate) fn shown(dir: &Path, root: &Path, path: &Path) -> String {
    let mut up = String::new();
    for around in dir.ancestors() {
        if let Ok(below) = path.strip_prefix(around) {
            return shell::quote(&format!("{up}{}", below.display()));
        }
        if around == root || !dir.starts_with(root) {
            break;
        }
        up.push_str("../");
    }
    shell::quote(&path.display().to_string())
}
