//! The adapter of both frameworks.

use std::path::{Path, PathBuf};

use paceline_engine::plan;
use serde_json::json;

use super::interpreter::{self, Interpreter};
use super::{Framework, arguments, names};
use crate::adapter::{Adapter, Missing, Prepared, Request, Suite, TestOption};
use crate::machine::Machine;
use crate::shell;
use crate::worker::RUBY;

/// The program's file to start.
const MAIN: &str = "main.rb";

/// The adapter of a framework of Ruby.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ruby(pub(crate) Framework);

impl Adapter for Ruby {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn keys(&self) -> &'static [&'static str] {
        &[
            "ruby",
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
            TestOption::Lines,
            TestOption::Keyword,
            TestOption::Deselect,
            TestOption::Ignore,
            TestOption::NoCapture,
            TestOption::Native,
        ]
    }

    fn prepare(&self, suite: &Suite<'_>, request: &Request, on: &Machine) -> Prepared {
        let framework = self.0;
        let settings = &suite.settings;
        let on = on.with(&suite.env);
        let configured = settings.interpreter.as_deref();
        let mut missing = None;
        let found = interpreter::find(&suite.dir, suite.root, configured, &on);
        let interpreter = found.unwrap_or_else(|what| {
            missing = Some(what);
            Interpreter::unknown()
        });
        let program = suite.workers.path(&RUBY).unwrap_or_else(|error| {
            missing.get_or_insert(Missing::worker(&error));
            PathBuf::from(RUBY.directory)
        });
        let args = arguments::all(framework, &settings.args, request, &suite.dir);

        let mut ruby = vec![interpreter.display.clone()];
        ruby.extend(args.ruby.iter().map(|word| shell::quote(word)));
        let ruby = ruby.join(" ");
        let display = framework.command(&ruby, &args.framework, args.has_paths);
        let mut options = settings.options.clone();
        options.extend(args.choice);
        options.insert("args".to_owned(), json!(args.framework));
        options.insert(
            "interactive".to_owned(),
            json!(request.interactive.is_some()),
        );
        options.insert(
            "interpreter".to_owned(),
            json!({ "display": interpreter.display, "evidence": interpreter.evidence }),
        );
        if !settings.overrides.is_empty() {
            options.insert("overrides".to_owned(), json!(settings.overrides));
        }
        let start_hint = start_hint(framework, &interpreter);
        let mut argv = interpreter.argv;
        argv.extend(args.ruby.iter().map(Into::into));
        argv.push(program.join(MAIN).into_os_string());
        argv.push(framework.name().into());
        Prepared {
            launch: plan::Launch {
                argv,
                display,
                dir: suite.dir.clone(),
                env: suite.env.clone(),
            },
            framework: plan::Framework {
                fork: !settings.spawn,
                stays: true,
                options,
                workers: match request.interactive {
                    Some(_) => Some(1),
                    None => settings.workers,
                },
                rerun: format!("{ruby} {}", framework.require()),
                rerun_names: Some(match framework {
                    Framework::TestUnit => names::of_test_unit,
                    Framework::Minitest => names::of_minitest,
                }),
                class_of: Some(match framework {
                    Framework::TestUnit => |id| names::class(Framework::TestUnit, id),
                    Framework::Minitest => |id| names::class(Framework::Minitest, id),
                }),
                start_hint: Some(start_hint),
                ..plan::Framework::default()
            },
            evidence: match &missing {
                None => format!("{} ({})", interpreter.display, interpreter.evidence),
                Some(missing) => format!("no interpreter ({})", missing.what),
            },
            missing,
        }
    }

    fn target(&self, dir: &Path, id: &str) -> Option<String> {
        // A file that could not be loaded goes by its path; other ids are names of tests alone.
        let is_file = Path::new(id)
            .extension()
            .is_some_and(|ending| ending == "rb");
        let is_path = names::parts(self.0, id).is_none() && is_file;
        (!is_path || dir.join(id).exists()).then(|| id.to_owned())
    }

    fn is_name(&self, argument: &str) -> bool {
        // `TestFoo#test_x` is understood for both.
        names::parts(self.0, argument).is_some()
            || names::parts(Framework::Minitest, argument).is_some()
    }
}

/// What to try where the framework cannot be loaded.
fn start_hint(framework: Framework, interpreter: &Interpreter) -> String {
    let name = framework.name();
    let Interpreter {
        display, evidence, ..
    } = interpreter;
    let get = match interpreter.bundle {
        Some(lock) => format!(
            "If gems are missing there: `bundle install`; {name} has to be among those of {lock}. \
             `ruby = \"ruby\"` in paceline.toml runs without Bundler."
        ),
        None => format!(
            "If {name} is missing there: `gem install {name}` (Debian: `apt-get install \
             ruby-{name}`), or name another one by `ruby = \"…\"` in paceline.toml."
        ),
    };
    format!("The interpreter is {display} ({evidence}). {get}")
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::adapter::Settings;
    use crate::detect::testing::Repository;
    use crate::worker::Workers;

    fn prepared(
        framework: Framework,
        settings: Settings,
        request: &Request,
    ) -> (Repository, Prepared) {
        let repository = Repository::new(&["bin/ruby", "gem/lib/x.rb", "gem/test/test_a.rb"]);
        let workers = Workers::named(repository.root().join("cache"));
        let suite = Suite {
            root: repository.root(),
            dir: repository.root().join("gem"),
            env: vec![("A".into(), "1".into())],
            settings,
            workers: &workers,
        };
        let path = repository.root().join("bin");
        let machine = Machine::new(|name| (name == "PATH").then(|| path.clone().into()));
        let prepared = Ruby(framework).prepare(&suite, request, &machine);
        (repository, prepared)
    }

    #[test]
    fn a_suite_starts_the_worker_with_its_load_path_in_its_directory() {
        let settings = Settings {
            args: ["-w", "--order", "defined"].map(str::to_owned).to_vec(),
            workers: Some(3),
            spawn: true,
            options: [("split".to_owned(), json!("class"))].into_iter().collect(),
            ..Settings::default()
        };
        let (repository, prepared) = prepared(Framework::TestUnit, settings, &Request::default());
        assert_eq!(prepared.missing, None);
        let argv = &prepared.launch.argv;
        let words: Vec<&str> = argv.iter().map(|word| word.to_str().unwrap()).collect();
        assert_eq!(Path::new(words[0]), repository.root().join("bin/ruby"));
        assert_eq!(words[1..4], ["-Ilib", "-Itest", "-w"]);
        assert!(Path::new(words[4]).starts_with(repository.root().join("cache/workers")));
        assert!(Path::new(words[4]).ends_with("paceline_worker/main.rb"));
        assert_eq!(words[5..], ["test-unit"]);
        assert_eq!(prepared.launch.dir, repository.root().join("gem"));
        assert_eq!(
            prepared.launch.display,
            "ruby -Ilib -Itest -w -rtest/unit -e 'exit Test::Unit::AutoRunner.run(true)' -- \
             --order defined test"
        );
        assert_eq!(prepared.framework.rerun, "ruby -Ilib -Itest -w -rtest/unit");
        assert!(!prepared.framework.fork);
        assert_eq!(
            Value::Object(prepared.framework.options),
            json!({
                "args": ["--order", "defined"],
                "interactive": false,
                "interpreter": { "display": "ruby", "evidence": "found on PATH" },
                "split": "class",
            })
        );
    }

    #[test]
    fn what_is_missing_is_told_beside_what_can_be_shown() {
        let settings = Settings {
            interpreter: Some("ruby9".to_owned()),
            ..Settings::default()
        };
        let prepared = prepared(Framework::Minitest, settings, &Request::default()).1;
        let missing = prepared.missing.unwrap();
        assert_eq!(missing.what, "the interpreter `ruby9` is not on PATH");
        assert!(
            prepared
                .launch
                .display
                .starts_with("ruby -Ilib -Itest -rminitest/autorun")
        );
    }

    #[test]
    fn ids_and_files_that_are_there_can_be_asked_for() {
        let repository = Repository::new(&["test/test_a.rb"]);
        let target = |id| Ruby(Framework::TestUnit).target(repository.root(), id);
        assert_eq!(target("test_x(TestA)").as_deref(), Some("test_x(TestA)"));
        assert_eq!(target("test/test_a.rb").as_deref(), Some("test/test_a.rb"));
        assert_eq!(target("test/test_gone.rb"), None);
    }
}
