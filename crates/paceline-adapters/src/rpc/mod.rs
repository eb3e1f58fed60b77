//! paceline-rpc: tests against a live RPC server, in test binaries that are workers themselves.
//!
//! The host is started by `cargo test`, which builds the binary first, and tells the engine where it
//! is; workers are started without cargo.

pub(crate) mod targets;

use std::path::Path;
use std::time::Duration;

use paceline_engine::plan::{Framework, Launch};
use serde_json::{Value, json};

use crate::adapter::{Adapter, Missing, Prepared, Request, Suite, TestOption};
use crate::machine::{Machine, is_program};
use crate::shell;
use targets::Target;

/// A build from nothing takes its time.
const BUILD_PATIENCE: Duration = Duration::from_secs(60 * 60);

/// The adapter.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rpc;

/// What starts the host.
struct Start {
    argv: Vec<String>,
    /// As a user would type it, without arguments for the tests.
    display: String,
    /// Whether arguments for the tests come after `--`.
    through_cargo: bool,
    evidence: String,
}

impl Adapter for Rpc {
    fn name(&self) -> &'static str {
        "paceline-rpc"
    }

    fn keys(&self) -> &'static [&'static str] {
        &[
            "test",
            "program",
            "cargo-args",
            "args",
            "workers",
            "override",
        ]
    }

    fn options(&self) -> &'static [TestOption] {
        &[
            TestOption::Targets,
            TestOption::Deselect,
            TestOption::Native,
        ]
    }

    fn prepare(&self, suite: &Suite<'_>, request: &Request, on: &Machine) -> Prepared {
        let settings = &suite.settings;
        let on = on.with(&suite.env);
        let found = match &settings.program {
            Some(program) => existing(suite, program),
            None => built(suite, &on),
        };
        let mut missing = None;
        let start = found.unwrap_or_else(|what| {
            missing = Some(what);
            let name = settings.test.as_deref().unwrap_or("…");
            Start {
                argv: vec!["cargo".to_owned()],
                display: format!("cargo test --test {}", shell::quote(name)),
                through_cargo: true,
                evidence: String::new(),
            }
        });
        let args = [&settings.args[..], &request.native].concat();
        let mut options = settings.options.clone();
        let mut say = |key: &str, value: Value| options.insert(key.to_owned(), value);
        say("args", json!(args));
        if !request.targets.is_empty() {
            say("only", json!(request.targets));
        }
        if !request.deselect.is_empty() {
            say("except", json!(request.deselect));
        }
        if !settings.overrides.is_empty() {
            say("overrides", json!(settings.overrides));
        }
        let start_hint = format!(
            "It was started by `{}`. It has to call `Harness::main`, and to be built with \
             paceline-rpc's feature `worker`, which is on by default.",
            start.display
        );
        let shown = if request.targets.is_empty() {
            args
        } else {
            let exact = std::iter::once("--exact".to_owned());
            let all = args.iter().cloned().chain(exact);
            all.chain(request.targets.iter().cloned()).collect()
        };
        Prepared {
            launch: Launch {
                display: start.line(&shown),
                argv: start.argv.iter().map(Into::into).collect(),
                dir: suite.dir.clone(),
                env: suite.env.clone(),
            },
            framework: Framework {
                fork: false,
                stays: false,
                options,
                workers: settings.workers,
                rerun: start.line(&["--exact".to_owned()]),
                start_hint: Some(start_hint),
                boot_patience: start.through_cargo.then_some(BUILD_PATIENCE),
                ..Framework::default()
            },
            evidence: match &missing {
                None => start.evidence,
                Some(missing) => format!("nothing ({})", missing.what),
            },
            missing,
        }
    }

    fn target(&self, _dir: &Path, id: &str) -> Option<String> {
        // A name, and no path: whether there is such a test only the program knows.
        (!id.is_empty()).then(|| id.to_owned())
    }
}

impl Start {
    fn line(&self, args: &[String]) -> String {
        match (args, self.through_cargo) {
            ([], _) => self.display.clone(),
            (args, true) => format!("{} -- {}", self.display, shell::join(args)),
            (args, false) => format!("{} {}", self.display, shell::join(args)),
        }
    }
}

/// A program that is there already.
fn existing(suite: &Suite<'_>, program: &Path) -> Result<Start, Missing> {
    let path = suite.root.join(program);
    let shown = program.display().to_string();
    if !is_program(&path) {
        let what = if path.exists() {
            format!("`{shown}` cannot be executed")
        } else {
            format!("the program `{shown}` does not exist")
        };
        let help = "build it first, or name a test target by `test = \"…\"`";
        return Err(Missing {
            what,
            help: Some(help.to_owned()),
        });
    }
    let Some(text) = path.to_str() else {
        let what = format!("the path of `{shown}` is not UTF-8");
        return Err(Missing { what, help: None });
    };
    Ok(Start {
        argv: vec![text.to_owned()],
        display: shell::quote(text),
        through_cargo: false,
        evidence: format!("the program {shown}"),
    })
}

/// A test target that cargo builds and starts.
fn built(suite: &Suite<'_>, on: &Machine) -> Result<Start, Missing> {
    let settings = &suite.settings;
    let found = targets::of_package(&suite.dir);
    let names = || {
        let names = found.iter().map(|target| format!("`{}`", target.name));
        names.collect::<Vec<_>>().join(", ")
    };
    let target = match (&settings.test, &found[..]) {
        (Some(name), _) => {
            let known = found.iter().find(|target| target.name == *name);
            // What detection does not know, cargo may.
            known.cloned().unwrap_or_else(|| Target::named(name))
        }
        (None, [only]) => only.clone(),
        (None, []) => {
            return Err(Missing {
                what: "no test target that uses paceline-rpc was found".to_owned(),
                help: Some(
                    "name it by `test = \"…\"`, and the package's directory by `dir`".to_owned(),
                ),
            });
        }
        (None, _) => {
            return Err(Missing {
                what: format!("there are several test targets: {}", names()),
                help: Some("name one by `test = \"…\"`; each is a suite of its own".to_owned()),
            });
        }
    };
    let Some(cargo) = on.find("cargo") else {
        return Err(Missing {
            what: "`cargo` is not on PATH".to_owned(),
            help: Some("install Rust".to_owned()),
        });
    };
    let words = target.words(&settings.cargo_args);
    let argv = std::iter::once(cargo.display().to_string()).chain(words.iter().cloned());
    Ok(Start {
        argv: argv.collect(),
        display: format!("cargo {}", shell::join(&words)),
        through_cargo: true,
        evidence: format!("the test target {}", target.name),
    })
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::adapter::Settings;
    use crate::detect::testing::Repository;
    use crate::worker::Workers;

    const MANIFEST: &str = "[package]\nname = 'a'\n[dev-dependencies]\npaceline-rpc = '0.1'\n\
        [[test]]\nname = 'rpc'\nharness = false\nrequired-features = ['live']\n";

    fn repository(manifest: &str) -> Repository {
        let repository = Repository::new(&["bin/cargo", "bin/suite"]);
        repository.write("a/Cargo.toml", manifest);
        repository.write("a/tests/rpc.rs", "use paceline_rpc::Harness;\n");
        repository.write("a/tests/more.rs", "use paceline_rpc::Harness;\n");
        repository
    }

    fn prepared(repository: &Repository, settings: Settings, request: &Request) -> Prepared {
        let workers = Workers::named(repository.root().join("cache"));
        let suite = Suite {
            root: repository.root(),
            dir: repository.root().join("a"),
            env: vec![("A".into(), "1".into())],
            settings,
            workers: &workers,
        };
        let path = repository.root().join("bin");
        let machine = Machine::new(|name| (name == "PATH").then(|| path.clone().into()));
        Rpc.prepare(&suite, request, &machine)
    }

    #[test]
    fn a_target_is_built_and_started_by_cargo() {
        let repository = repository(MANIFEST);
        let settings = Settings {
            args: vec!["--tag".to_owned(), "a b".to_owned()],
            cargo_args: vec!["--release".to_owned()],
            ..Settings::default()
        };
        let prepared = prepared(&repository, settings, &Request::default());
        assert_eq!(prepared.missing, None);
        let cargo = repository.root().join("bin/cargo");
        let argv: Vec<_> = prepared.launch.argv.iter().map(PathBuf::from).collect();
        let words = ["test", "--test", "rpc", "--features", "live", "--release"];
        assert_eq!(argv[0], cargo);
        assert_eq!(argv[1..], words.map(PathBuf::from));
        assert_eq!(
            prepared.launch.display,
            "cargo test --test rpc --features live --release -- --tag 'a b'"
        );
        assert_eq!(
            prepared.framework.rerun,
            "cargo test --test rpc --features live --release -- --exact"
        );
        assert_eq!(
            Value::Object(prepared.framework.options),
            json!({"args": ["--tag", "a b"]})
        );
        assert_eq!(prepared.framework.boot_patience, Some(BUILD_PATIENCE));
        assert_eq!(prepared.evidence, "the test target rpc");
    }

    #[test]
    fn a_program_is_started_as_it_is() {
        let repository = repository(MANIFEST);
        let settings = Settings {
            program: Some("bin/suite".into()),
            ..Settings::default()
        };
        let request = Request {
            targets: vec!["echo returns".to_owned()],
            deselect: vec!["slow".to_owned()],
            native: vec!["--timeout=1".to_owned()],
            ..Request::default()
        };
        let prepared = prepared(&repository, settings, &request);
        let program = repository.root().join("bin/suite");
        assert_eq!(prepared.launch.argv, std::slice::from_ref(&program));
        assert_eq!(
            prepared.launch.display,
            format!("{} --timeout=1 --exact 'echo returns'", program.display())
        );
        assert_eq!(
            Value::Object(prepared.framework.options),
            json!({"args": ["--timeout=1"], "only": ["echo returns"], "except": ["slow"]})
        );
        assert_eq!(prepared.framework.boot_patience, None);
    }

    #[test]
    fn what_is_missing_is_told() {
        let missing = |manifest: &str, settings: Settings| {
            let prepared = prepared(&repository(manifest), settings, &Request::default());
            prepared.missing.unwrap().to_string()
        };
        let program = |path: &str| Settings {
            program: Some(path.into()),
            ..Settings::default()
        };
        insta::assert_snapshot!(missing(MANIFEST, program("bin/gone")), @"the program `bin/gone` does not exist: build it first, or name a test target by `test = \"…\"`");
        insta::assert_snapshot!(missing(MANIFEST, program("a/Cargo.toml")), @"`a/Cargo.toml` cannot be executed: build it first, or name a test target by `test = \"…\"`");
        insta::assert_snapshot!(missing("[package]", Settings::default()), @"no test target that uses paceline-rpc was found: name it by `test = \"…\"`, and the package's directory by `dir`");
        let two = format!("{MANIFEST}[[test]]\nname = 'more'\nharness = false\n");
        insta::assert_snapshot!(missing(&two, Settings::default()), @"there are several test targets: `rpc`, `more`: name one by `test = \"…\"`; each is a suite of its own");
    }
}
