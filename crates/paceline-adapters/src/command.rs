//! Suites that are commands.

use std::ffi::OsString;
use std::path::PathBuf;

use paceline_engine::plan::Launch;

use crate::shell;

/// What [`paceline_engine::plan::Suite::framework`] says for suites of this module.
pub const FRAMEWORK: &str = "command";

/// What a suite runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A text for `sh -c`.
    Shell(String),
    /// A program and its arguments; not empty.
    Argv(Vec<String>),
}

impl Command {
    /// The command as a user would type it in a shell.
    pub fn display(&self) -> String {
        match self {
            Self::Shell(text) => text.trim().to_owned(),
            Self::Argv(argv) => shell::join(argv),
        }
    }

    /// How to start it in `dir`, with `env` on top of the environment.
    pub fn launch(&self, dir: PathBuf, env: Vec<(OsString, OsString)>) -> Launch {
        let argv = match self {
            Self::Shell(text) => vec![SHELL.into(), "-c".into(), text.into()],
            Self::Argv(argv) => argv.iter().map(OsString::from).collect(),
        };
        Launch {
            argv,
            display: self.display(),
            dir,
            env,
        }
    }
}

/// POSIX has `sh` there in practice, and an absolute path saves the search. Elsewhere `PATH` has it.
const SHELL: &str = if cfg!(unix) { "/bin/sh" } else { "sh" };

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_for_the_shell_and_an_array_is_not() {
        let shell = Command::Shell(" a && b\n".into());
        let launch = shell.launch("dir".into(), vec![("K".into(), "v".into())]);
        assert_eq!(launch.argv[1..], ["-c", " a && b\n"]);
        assert_eq!(launch.display, "a && b");
        assert_eq!(launch.dir, PathBuf::from("dir"));
        assert_eq!(launch.env, [("K".into(), "v".into())]);

        let argv = Command::Argv(vec!["go".into(), "test".into(), "-run=a b".into()]);
        let launch = argv.launch("dir".into(), vec![]);
        assert_eq!(launch.argv, ["go", "test", "-run=a b"]);
        assert_eq!(launch.display, "go test '-run=a b'");
    }
}
