//! PHPUnit.

mod address;
mod arguments;
pub(crate) mod installed;

use std::path::{Path, PathBuf};

use paceline_engine::plan::{Framework, Launch};
use serde_json::{Value, json};

use crate::adapter::{Adapter, Missing, Prepared, Request, Suite, TestOption};
use crate::machine::Machine;
use crate::shell;
use crate::worker::PHP;

use installed::Installed;

/// The file of the worker program that is started.
const WORKER: &str = "worker.php";

/// The adapter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Phpunit;

impl Adapter for Phpunit {
    fn name(&self) -> &'static str {
        "phpunit"
    }

    fn keys(&self) -> &'static [&'static str] {
        &[
            "php",
            "args",
            "split",
            "isolation",
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
            TestOption::Native,
        ]
    }

    fn prepare(&self, suite: &Suite<'_>, request: &Request, on: &Machine) -> Prepared {
        let settings = &suite.settings;
        let on = on.with(&suite.env);
        let configured = settings.interpreter.as_deref();
        let found = installed::find(&suite.dir, suite.root, configured, &on);
        let mut missing = None;
        let installed = found.unwrap_or_else(|what| {
            missing = Some(what);
            Installed::unknown()
        });
        let program = suite.workers.path(&PHP).unwrap_or_else(|error| {
            missing.get_or_insert(Missing::worker(&error));
            PathBuf::from(PHP.directory)
        });
        let arguments = arguments::all(&settings.args, request, &suite.dir);
        let arguments = arguments.unwrap_or_else(|what| {
            missing.get_or_insert(what);
            arguments::Arguments::default()
        });
        let rerun = arguments::rerun(&settings.args, &suite.dir);
        let command = |args: &[String]| {
            let words = args.iter().map(|arg| shell::quote(arg));
            let words = [installed.display.clone()].into_iter().chain(words);
            words.collect::<Vec<_>>().join(" ")
        };
        let mut options = settings.options.clone();
        let mut say = |key: &str, value: Value| options.insert(key.to_owned(), value);
        say("args", json!(arguments.words));
        for (key, list) in [
            ("targets", &arguments.targets),
            ("deselect", &request.deselect),
            ("ignore", &request.ignore),
        ] {
            if !list.is_empty() {
                say(key, json!(list));
            }
        }
        if !settings.overrides.is_empty() {
            say("overrides", json!(settings.overrides));
        }
        let mut argv = vec![
            installed.php.clone().into_os_string(),
            program.join(WORKER).into_os_string(),
        ];
        if let Some(phpunit) = &installed.phpunit {
            argv.extend(["--phpunit".into(), phpunit.clone().into_os_string()]);
        }
        let start_hint = format!(
            "This was {}. `php = \"…\"` in paceline.toml names another PHP.",
            installed.evidence
        );
        Prepared {
            launch: Launch {
                argv,
                display: command(&[arguments.words, arguments.targets].concat()),
                dir: suite.dir.clone(),
                env: suite.env.clone(),
            },
            framework: Framework {
                fork: !settings.spawn,
                stays: true,
                options,
                workers: settings.workers,
                rerun: command(&rerun),
                rerun_names: Some(address::words),
                start_hint: Some(start_hint),
                ..Framework::default()
            },
            evidence: match &missing {
                None => installed.evidence,
                Some(missing) => format!("nothing ({})", missing.what),
            },
            missing,
        }
    }

    /// Ids are names of classes and methods, but for `.phpt` files.
    fn target(&self, dir: &Path, id: &str) -> Option<String> {
        (address::is_name(id) || dir.join(id).exists()).then(|| id.to_owned())
    }

    fn is_name(&self, argument: &str) -> bool {
        address::is_name(argument)
    }
}
