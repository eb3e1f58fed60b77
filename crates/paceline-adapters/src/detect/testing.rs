//! Small repositories for tests.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::{DetectedSuite, detect};
use crate::machine::Machine;

/// A directory with files.
pub(crate) struct Repository {
    root: tempfile::TempDir,
}

impl Repository {
    /// With these empty files.
    pub(crate) fn new(files: &[&str]) -> Self {
        let repository = Self {
            root: tempfile::tempdir().unwrap(),
        };
        for file in files {
            repository.write(file, "");
        }
        repository
    }

    pub(crate) fn root(&self) -> &Path {
        self.root.path()
    }

    pub(crate) fn write(&self, file: &str, text: &str) {
        let path = self.root().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        if path.parent().is_some_and(|dir| dir.ends_with("bin")) {
            make_program(&path);
        }
    }

    pub(crate) fn git_init(&self) {
        self.git(&["init", "--quiet"]);
    }

    pub(crate) fn git(&self, arguments: &[&str]) {
        let git = Command::new("git")
            .args(arguments)
            .current_dir(self.root())
            .status();
        assert!(git.unwrap().success());
    }

    /// What is found with these programs on the path, one suite a block.
    pub(crate) fn detected(&self, programs: &[&str]) -> String {
        let path = tempfile::tempdir().unwrap();
        for program in programs {
            let file = format!("{program}{}", std::env::consts::EXE_SUFFIX);
            let file = path.path().join(file);
            fs::write(&file, "").unwrap();
            make_program(&file);
        }
        let machine = Machine::new(|name| (name == "PATH").then(|| path.path().into()));
        let detection = detect(self.root(), &machine);
        let mut text = String::new();
        for suite in &detection.suites {
            describe(&mut text, suite);
        }
        for (suite, reason) in &detection.left_out {
            write!(text, "left out, {reason}: ").unwrap();
            describe(&mut text, suite);
        }
        text
    }
}

/// Makes a file one that can be started.
pub(crate) fn make_program(file: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(file, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

fn describe(text: &mut String, suite: &DetectedSuite) {
    let DetectedSuite {
        name,
        framework,
        evidence,
        ..
    } = suite;
    let command = suite.how.display();
    writeln!(text, "{name} ({framework}): {command}    <- {evidence}").unwrap();
    if let Some(missing) = &suite.missing {
        writeln!(text, "    missing: {missing}").unwrap();
    }
}
