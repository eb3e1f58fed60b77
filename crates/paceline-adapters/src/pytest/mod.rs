//! pytest.

mod arguments;
pub(crate) mod interpreter;

use std::path::{Path, PathBuf};

use paceline_engine::plan::{Framework, Launch};
use serde_json::{Value, json};

use crate::adapter::{Adapter, Missing, Prepared, Request, Suite, TestOption};
use crate::machine::Machine;
use crate::shell;
use crate::worker::PYTHON;
use interpreter::Interpreter;

/// The adapter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pytest;

impl Adapter for Pytest {
    fn name(&self) -> &'static str {
        "pytest"
    }

    fn keys(&self) -> &'static [&'static str] {
        &[
            "python",
            "args",
            "split",
            "isolation",
            "collect",
            "start",
            "workers",
            "override",
        ]
    }

    fn options(&self) -> &'static [TestOption] {
        &[
            TestOption::Targets,
            TestOption::Keyword,
            TestOption::Markers,
            TestOption::Deselect,
            TestOption::Ignore,
            TestOption::NoCapture,
            TestOption::Debugger,
            TestOption::Native,
        ]
    }

    fn prepare(&self, suite: &Suite<'_>, request: &Request, on: &Machine) -> Prepared {
        let settings = &suite.settings;
        let on = on.with(&suite.env);
        let configured = settings.interpreter.as_deref();
        let found = interpreter::find(&suite.dir, suite.root, configured, &on);
        let mut missing = None;
        let interpreter = found
            .and_then(interpreter::Found::settle)
            .unwrap_or_else(|what| {
                missing = Some(what);
                Interpreter::unknown()
            });
        let program = suite.workers.path(&PYTHON).unwrap_or_else(|error| {
            missing.get_or_insert(Missing::worker(&error));
            PathBuf::from(PYTHON.directory)
        });

        let args = arguments::all(&settings.args, request, &suite.dir);
        let rerun = arguments::rerun(&settings.args, &suite.dir);
        let prefix = |args: &[String]| {
            let words = args.iter().map(|arg| shell::quote(arg));
            let words = [format!("{} -m pytest", interpreter.display)]
                .into_iter()
                .chain(words);
            words.collect::<Vec<_>>().join(" ")
        };
        let mut options = settings.options.clone();
        let mut say = |key: &str, value: Value| options.insert(key.to_owned(), value);
        say("args", json!(args));
        // What `python -m pytest` does.
        say("cwd_on_path", json!(true));
        say("interactive", json!(request.interactive.is_some()));
        say(
            "interpreter",
            json!({ "display": interpreter.display, "evidence": interpreter.evidence }),
        );
        if !settings.overrides.is_empty() {
            say("overrides", json!(settings.overrides));
        }
        let display = prefix(&args);
        let start_hint = format!(
            "The interpreter is {} ({}). If pytest is missing or too old there: `{} -m pip \
             install --upgrade pytest`, or name another one by `python = \"…\"` in paceline.toml.",
            interpreter.display, interpreter.evidence, interpreter.display
        );
        let mut argv = interpreter.argv;
        argv.push(program.into_os_string());
        Prepared {
            launch: Launch {
                argv,
                display,
                dir: suite.dir.clone(),
                env: suite.env.clone(),
            },
            framework: Framework {
                fork: !settings.spawn,
                stays: false,
                options,
                workers: settings.workers,
                interactive: request.interactive.is_some(),
                rerun: prefix(&rerun),
                start_hint: Some(start_hint),
                ..Framework::default()
            },
            evidence: match &missing {
                None => format!("{} ({})", interpreter.display, interpreter.evidence),
                Some(missing) => format!("no interpreter ({})", missing.what),
            },
            missing,
        }
    }

    /// Ids are relative to pytest's root directory, which is most often but not always that of the
    /// suite.
    fn target(&self, dir: &Path, id: &str) -> Option<String> {
        let path = id.split("::").next().unwrap_or_default();
        let rest = &id[path.len()..];
        let mut candidates = dir.ancestors().map(|base| base.join(path));
        let found = candidates.find(|full| full.exists())?;
        let shown = found.strip_prefix(dir).unwrap_or(&found);
        Some(format!("{}{rest}", shown.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapter::Settings;
    use crate::detect::testing::Repository;
    use crate::worker::Workers;

    fn prepared(settings: Settings, request: &Request) -> (Repository, Prepared) {
        let repository = Repository::new(&["api/.venv/bin/python", "api/tests/test_a.py"]);
        let workers = Workers::named(repository.root().join("cache"));
        let suite = Suite {
            root: repository.root(),
            dir: repository.root().join("api"),
            env: vec![("A".into(), "1".into())],
            settings,
            workers: &workers,
        };
        let machine = Machine::new(|_| None);
        let prepared = Pytest.prepare(&suite, request, &machine);
        (repository, prepared)
    }

    #[test]
    fn a_suite_starts_the_worker_with_the_interpreter_in_its_directory() {
        let settings = Settings {
            args: vec!["-q".to_owned(), "tests".to_owned()],
            workers: Some(3),
            overrides: vec![json!({ "tests": "*", "serial": true })],
            options: [("split".to_owned(), json!("class"))].into_iter().collect(),
            ..Settings::default()
        };
        let (repository, prepared) = prepared(settings, &Request::default());
        let api = repository.root().join("api");
        assert_eq!(prepared.missing, None);
        let [python, worker] = &prepared.launch.argv[..] else {
            panic!("{:?}", prepared.launch);
        };
        assert_eq!(*python, api.join(".venv/bin/python"));
        let worker = Path::new(worker);
        assert!(worker.starts_with(repository.root().join("cache/workers")));
        assert!(worker.ends_with("paceline_worker"));
        assert_eq!(prepared.launch.dir, api);
        assert_eq!(prepared.launch.env, [("A".into(), "1".into())]);
        assert_eq!(
            prepared.launch.display,
            ".venv/bin/python -m pytest -q tests"
        );
        assert_eq!(prepared.framework.rerun, ".venv/bin/python -m pytest -q");
        assert!(prepared.framework.fork);
        assert_eq!(prepared.framework.workers, Some(3));
        assert_eq!(
            Value::Object(prepared.framework.options),
            json!({
                "args": ["-q", "tests"],
                "cwd_on_path": true,
                "interactive": false,
                "interpreter": { "display": ".venv/bin/python", "evidence": "found by .venv" },
                "overrides": [{ "tests": "*", "serial": true }],
                "split": "class",
            })
        );
    }

    #[test]
    fn a_person_at_the_terminal_gets_one_worker() {
        let settings = Settings {
            workers: Some(3),
            spawn: true,
            ..Settings::default()
        };
        let request = Request {
            interactive: Some(crate::adapter::Interactive::NoCapture),
            ..Request::default()
        };
        let framework = prepared(settings, &request).1.framework;
        assert!(framework.interactive);
        assert!(!framework.fork);
        assert_eq!(framework.options["interactive"], json!(true));
        assert_eq!(framework.options["args"], json!(["--capture=no"]));
    }

    #[test]
    fn what_is_missing_is_told_beside_what_can_be_shown() {
        let settings = Settings {
            interpreter: Some("python9".to_owned()),
            ..Settings::default()
        };
        let prepared = prepared(settings, &Request::default()).1;
        let missing = prepared.missing.unwrap();
        assert_eq!(missing.what, "the interpreter `python9` is not on PATH");
        assert!(prepared.launch.display.ends_with("-m pytest"));
    }

    #[test]
    fn an_id_is_found_from_the_suite_wherever_pytest_has_its_root() {
        let repository = Repository::new(&["api/tests/test_a.py", "api/tests/pytest.ini"]);
        let target = |dir: &str, id| Pytest.target(&repository.root().join(dir), id);
        let id = "tests/test_a.py::test_x[a::b]";
        assert_eq!(target("api", id).as_deref(), Some(id));
        assert_eq!(
            target("api/tests", id).as_deref(),
            Some("test_a.py::test_x[a::b]")
        );
        assert_eq!(target("api", "tests/test_gone.py::test_x"), None);
    }
}
