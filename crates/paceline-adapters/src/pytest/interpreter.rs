//! Which Python runs a suite, and why that one.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::adapter::Missing;
use crate::machine::{Machine, is_program};
use crate::program::{self, shown};

/// What Python is called where nothing says which.
pub(crate) const USUAL: &str = if cfg!(windows) { "python" } else { "python3" };

/// Python in a virtual environment.
const IN_ENVIRONMENT: &str = if cfg!(windows) {
    "Scripts/python.exe"
} else {
    "bin/python"
};

/// What virtual environments in a project are called.
const ENVIRONMENTS: [&str; 2] = [".venv", "venv"];

/// A program that keeps a project's environment.
struct Manager {
    /// The file that it leaves.
    lock: &'static str,
    name: &'static str,
    /// Where its environment is, if not in the project.
    elsewhere: Elsewhere,
    /// How it makes the environment.
    install: &'static str,
}

enum Elsewhere {
    /// Only it can run something there: `NAME run python`.
    Run,
    /// It tells the directory when it is started with these arguments.
    Ask(&'static [&'static str]),
}

const MANAGERS: [Manager; 4] = [
    Manager {
        lock: "uv.lock",
        name: "uv",
        elsewhere: Elsewhere::Run,
        install: "uv sync",
    },
    Manager {
        lock: "poetry.lock",
        name: "poetry",
        elsewhere: Elsewhere::Ask(&["env", "info", "--path"]),
        install: "poetry install",
    },
    Manager {
        lock: "pdm.lock",
        name: "pdm",
        elsewhere: Elsewhere::Run,
        install: "pdm install",
    },
    Manager {
        lock: "Pipfile.lock",
        name: "pipenv",
        elsewhere: Elsewhere::Ask(&["--venv"]),
        install: "pipenv install --dev",
    },
];

/// A Python to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Interpreter {
    /// Starts it; a script and arguments follow.
    pub(crate) argv: Vec<OsString>,
    /// The same as a user would type it in the suite's directory.
    pub(crate) display: String,
    /// Why this one.
    pub(crate) evidence: String,
}

impl Interpreter {
    /// To show something where there is none.
    pub(crate) fn unknown() -> Self {
        Self {
            argv: vec![USUAL.into()],
            display: USUAL.to_owned(),
            evidence: "not found".to_owned(),
        }
    }
}

/// A Python, found without starting anything.
#[derive(Clone, Debug)]
pub(crate) enum Found {
    /// This one.
    Interpreter(Interpreter),
    /// That of an environment which another program tells.
    Ask {
        program: PathBuf,
        name: &'static str,
        arguments: &'static [&'static str],
        install: &'static str,
        dir: PathBuf,
        evidence: String,
    },
}

impl Found {
    /// Runs pytest with it, as a user would type it.
    pub(crate) fn rerun(&self) -> String {
        match self {
            Self::Interpreter(interpreter) => format!("{} -m pytest", interpreter.display),
            Self::Ask { name, .. } => format!("{name} run python -m pytest"),
        }
    }

    /// Asks where something has to be asked.
    pub(crate) fn settle(self) -> Result<Interpreter, Missing> {
        let (program, name, arguments, install, dir, evidence) = match self {
            Self::Interpreter(interpreter) => return Ok(interpreter),
            Self::Ask {
                program,
                name,
                arguments,
                install,
                dir,
                evidence,
            } => (program, name, arguments, install, dir, evidence),
        };
        let question = format!("{name} {}", arguments.join(" "));
        let failed = |why: &str| Missing {
            what: format!("`{question}` tells no environment: {why}"),
            help: Some(format!(
                "run `{install}`, or name the interpreter by `python`"
            )),
        };
        let output = Command::new(program)
            .args(arguments)
            .current_dir(dir)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| failed(&error.to_string()))?;
        let text = String::from_utf8_lossy(&output.stdout);
        let path = Path::new(text.trim()).join(IN_ENVIRONMENT);
        if !output.status.success() || !path.is_absolute() || !is_program(&path) {
            let stderr = String::from_utf8_lossy(&output.stderr);
            let last = stderr.lines().rev().find(|line| !line.trim().is_empty());
            let status = output.status.to_string();
            return Err(failed(last.map_or(&*status, str::trim)));
        }
        Ok(Interpreter {
            argv: vec![path.into_os_string()],
            display: format!("{name} run python"),
            evidence,
        })
    }
}

/// Finds the Python for the tests in `dir`: the configured one, else that of the nearest directory
/// from there up to `root` which has the lock file of a manager or a virtual environment, else that
/// of the active environment, else that on the search path.
pub(crate) fn find(
    dir: &Path,
    root: &Path,
    configured: Option<&str>,
    machine: &Machine,
) -> Result<Found, Missing> {
    if let Some(configured) = configured {
        let program = program::configured(dir, root, "python", configured, machine)?;
        return Ok(Found::Interpreter(Interpreter {
            argv: vec![program.path.into_os_string()],
            display: program.display,
            evidence: "as configured".to_owned(),
        }));
    }
    // What was passed over for want of its program.
    let mut passed_over = None;
    for around in dir.ancestors() {
        for manager in &MANAGERS {
            if !around.join(manager.lock).is_file() {
                continue;
            }
            match by_manager((dir, root), around, manager, machine) {
                Some(found) => return Ok(found),
                None => passed_over = passed_over.or(Some(manager)),
            }
        }
        for name in ENVIRONMENTS {
            let path = around.join(name).join(IN_ENVIRONMENT);
            if is_program(&path) {
                return Ok(Found::Interpreter(Interpreter {
                    display: shown(dir, root, &path),
                    argv: vec![path.into_os_string()],
                    evidence: format!("found by {name}"),
                }));
            }
        }
        if around == root || !dir.starts_with(root) {
            break;
        }
    }
    let but = passed_over.map_or(String::new(), |manager| {
        let Manager { lock, name, .. } = manager;
        format!("; there is {lock}, but no environment, and `{name}` is not on PATH")
    });
    if let Some(active) = machine.variable("VIRTUAL_ENV") {
        let path = Path::new(active).join(IN_ENVIRONMENT);
        if is_program(&path) {
            return Ok(Found::Interpreter(Interpreter {
                display: shown(dir, root, &path),
                argv: vec![path.into_os_string()],
                evidence: format!("found by $VIRTUAL_ENV{but}"),
            }));
        }
    }
    for name in ["python3", "python"] {
        if let Some(path) = machine.find(name) {
            return Ok(Found::Interpreter(Interpreter {
                argv: vec![path.into_os_string()],
                display: name.to_owned(),
                evidence: format!("found on PATH{but}"),
            }));
        }
    }
    Err(match passed_over {
        Some(Manager {
            lock,
            name,
            install,
            ..
        }) => Missing {
            what: format!("{lock} asks for `{name}`, which is not on PATH"),
            help: Some(format!("install {name} and run `{install}`")),
        },
        None => Missing {
            what: format!("`{USUAL}` is not on PATH"),
            help: Some("install Python".to_owned()),
        },
    })
}

/// The environment of a project; `None` where it is neither there nor its manager.
fn by_manager(
    (dir, root): (&Path, &Path),
    project: &Path,
    manager: &Manager,
    machine: &Machine,
) -> Option<Found> {
    let Manager { lock, name, .. } = manager;
    let own = match machine.variable("UV_PROJECT_ENVIRONMENT") {
        Some(own) if *name == "uv" => project.join(own),
        _ => project.join(".venv"),
    };
    let path = own.join(IN_ENVIRONMENT);
    if is_program(&path) {
        let environment = shown(project, project, &own);
        return Some(Found::Interpreter(Interpreter {
            display: shown(dir, root, &path),
            argv: vec![path.into_os_string()],
            evidence: format!("found by {lock} and {environment}"),
        }));
    }
    let program = machine.find(name)?;
    let evidence = format!("found by {lock}");
    Some(match manager.elsewhere {
        Elsewhere::Run => Found::Interpreter(Interpreter {
            argv: vec![program.into_os_string(), "run".into(), "python".into()],
            display: format!("{name} run python"),
            evidence,
        }),
        Elsewhere::Ask(arguments) => Found::Ask {
            program,
            name: manager.name,
            arguments,
            install: manager.install,
            dir: project.to_owned(),
            evidence,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::detect::testing::{Repository, make_program};

    /// Programs on a search path of their own.
    struct Programs(tempfile::TempDir);

    impl Programs {
        fn new(names: &[&str]) -> Self {
            let programs = Self(tempfile::tempdir().unwrap());
            for name in names {
                programs.add(name, "");
            }
            programs
        }

        fn add(&self, name: &str, text: &str) {
            let file = self.0.path().join(name);
            std::fs::write(&file, text).unwrap();
            make_program(&file);
        }

        fn machine(&self) -> Machine {
            Machine::new(|name| (name == "PATH").then(|| self.0.path().into()))
        }
    }

    /// What is found for a directory of a repository: the command and why, or what is missing.
    fn found(repository: &Repository, dir: &str, machine: &Machine) -> String {
        let root = repository.root();
        match find(&root.join(dir), root, None, machine) {
            Ok(Found::Interpreter(found)) => format!("{} ({})", found.display, found.evidence),
            Ok(ask @ Found::Ask { .. }) => format!("{} (asked)", ask.rerun()),
            Err(missing) => format!("missing: {missing}"),
        }
    }

    #[test]
    fn the_nearest_environment_upwards_is_taken() {
        let repository = Repository::new(&[
            ".venv/bin/python",
            "a/tests/conftest.py",
            "b/venv/bin/python",
            "b/tests/conftest.py",
        ]);
        let programs = Programs::new(&["python3"]);
        let found = |dir| found(&repository, dir, &programs.machine());
        assert_eq!(found(""), ".venv/bin/python (found by .venv)");
        assert_eq!(found("a/tests"), "../../.venv/bin/python (found by .venv)");
        assert_eq!(found("b/tests"), "../venv/bin/python (found by venv)");
    }

    #[test]
    fn an_environment_that_is_there_saves_its_manager() {
        let repository = Repository::new(&["uv.lock", ".venv/bin/python"]);
        let programs = Programs::new(&["uv", "python3"]);
        assert_eq!(
            found(&repository, "", &programs.machine()),
            ".venv/bin/python (found by uv.lock and .venv)"
        );
        let repository = Repository::new(&["uv.lock", "elsewhere/bin/python"]);
        assert_eq!(
            found(&repository, "", &programs.machine()),
            "uv run python (found by uv.lock)"
        );
        let machine = programs
            .machine()
            .with(&[("UV_PROJECT_ENVIRONMENT".into(), "elsewhere".into())]);
        assert_eq!(
            found(&repository, "", &machine),
            "elsewhere/bin/python (found by uv.lock and elsewhere)"
        );
    }

    #[test]
    fn a_manager_that_is_not_there_is_passed_over_and_told() {
        let repository = Repository::new(&["poetry.lock"]);
        assert_eq!(
            found(&repository, "", &Programs::new(&["python"]).machine()),
            "python (found on PATH; there is poetry.lock, but no environment, and `poetry` is not on PATH)"
        );
        assert_eq!(
            found(&repository, "", &Programs::new(&[]).machine()),
            "missing: poetry.lock asks for `poetry`, which is not on PATH: install poetry and run `poetry install`"
        );
        let repository = Repository::new(&[]);
        assert_eq!(
            found(&repository, "", &Programs::new(&[]).machine()),
            "missing: `python3` is not on PATH: install Python"
        );
    }

    #[test]
    fn the_active_environment_comes_before_the_search_path() {
        let repository = Repository::new(&[]);
        let active = Repository::new(&["bin/python"]);
        let programs = Programs::new(&["python3"]);
        let machine = programs
            .machine()
            .with(&[("VIRTUAL_ENV".into(), active.root().into())]);
        let python = active.root().join("bin/python");
        assert_eq!(
            found(&repository, "", &machine),
            format!("{} (found by $VIRTUAL_ENV)", python.display())
        );
        assert_eq!(
            found(&repository, "", &programs.machine()),
            "python3 (found on PATH)"
        );
    }

    #[test]
    fn what_is_configured_has_to_be_there() {
        let repository = Repository::new(&["env/bin/python", "x/conftest.py", ".venv/bin/python"]);
        let programs = Programs::new(&["python3.8"]);
        let found = |configured| {
            let root = repository.root();
            let machine = programs.machine();
            match find(&root.join("x"), root, Some(configured), &machine) {
                Ok(Found::Interpreter(found)) => format!("{} ({})", found.display, found.evidence),
                Ok(ask @ Found::Ask { .. }) => ask.rerun(),
                Err(missing) => missing.what,
            }
        };
        assert_eq!(found("env/bin/python"), "../env/bin/python (as configured)");
        assert_eq!(found("python3.8"), "python3.8 (as configured)");
        assert_eq!(
            found("x/python"),
            "the interpreter `x/python` does not exist"
        );
        assert_eq!(
            found("x/conftest.py"),
            "the interpreter `x/conftest.py` is no program"
        );
        assert_eq!(found("python4"), "the interpreter `python4` is not on PATH");
    }

    #[cfg(unix)]
    #[test]
    fn a_manager_that_keeps_environments_elsewhere_is_asked() {
        let repository = Repository::new(&["poetry.lock"]);
        let environment = Repository::new(&["bin/python"]);
        let root = environment.root().display();
        let programs = Programs::new(&[]);
        let settle = || {
            let found = find(
                repository.root(),
                repository.root(),
                None,
                &programs.machine(),
            );
            found.unwrap().settle()
        };
        programs.add(
            "poetry",
            &format!("#!/bin/sh\necho \"$*\" >asked\necho {root}\n"),
        );
        let interpreter = settle().unwrap();
        assert_eq!(
            interpreter.argv,
            [environment.root().join("bin/python").into_os_string()]
        );
        assert_eq!(interpreter.display, "poetry run python");
        let asked = std::fs::read_to_string(repository.root().join("asked"));
        assert_eq!(asked.unwrap(), "env info --path\n");

        programs.add("poetry", "#!/bin/sh\necho No environment. >&2\nexit 1\n");
        assert_eq!(
            settle().unwrap_err().to_string(),
            "`poetry env info --path` tells no environment: No environment.: \
             run `poetry install`, or name the interpreter by `python`"
        );
    }
}
