//! Runs from elsewhere, with `-C` and `--config`: what is printed holds where the user is.

use std::process::Command;

use crate::environment::{Invocation, TestEnvironment};

const FAILS: &str = r#"
    [suite.fails]
    command = "exit 3"
    "#;

impl Invocation {
    /// What stands after a word at the beginning of a line.
    #[track_caller]
    fn after(&self, word: &str) -> &str {
        let lines = self.stdout.lines().map(str::trim);
        let found = lines.filter_map(|line| line.strip_prefix(word)?.strip_prefix(' '));
        let found: Vec<&str> = found.collect();
        match found[..] {
            [one] => one.trim(),
            _ => panic!("not once `{word}`: {self}"),
        }
    }
}

/// Runs a command that was printed, with paceline on the `PATH`.
fn paste(environment: &TestEnvironment, command: &str) -> Invocation {
    let mut shell = environment.command([""]);
    let program = std::path::Path::new(shell.get_program()).to_owned();
    let path = std::env::var("PATH").unwrap();
    let path = format!("{}:{path}", program.parent().unwrap().display());
    shell = Command::new("sh");
    shell.args(["-c", command]).current_dir(environment.root());
    environment.finish(shell.env("PATH", path))
}

#[test]
fn a_command_to_copy_has_the_options_that_lead_to_the_configuration() {
    let environment = TestEnvironment::new();
    environment.write("a b/live it.toml", FAILS);
    let cases = [
        (
            "-C",
            "a b",
            "live it.toml",
            "paceline -C 'a b' --config 'live it.toml' run fails",
        ),
        (
            "-C",
            ".",
            "a b/live it.toml",
            "paceline -C . --config 'a b/live it.toml' run fails",
        ),
    ];
    for (option, dir, config, command) in cases {
        let summary = environment.root().join("summary.md");
        let mut first = environment.command([option, dir, "--config", config]);
        let first = environment.finish(first.env("GITHUB_STEP_SUMMARY", &summary));
        assert_eq!(first.code, Some(1), "{first}");
        assert_eq!(first.after("rerun"), command);
        assert_eq!(first.after("next"), format!("{command}   (1 failed)"));
        assert!(
            environment
                .read("summary.md")
                .contains(&format!("\n{command}\n"))
        );
        std::fs::remove_file(summary).unwrap();
        let again = paste(&environment, command);
        assert_eq!(again.code, Some(1), "{again}");
        assert!(again.stdout.contains("FAILED"), "{again}");
        let native = paste(&environment, first.after("native"));
        assert_eq!(native.code, Some(3), "{native}");
    }
}

#[test]
fn paths_start_where_the_user_is_and_not_where_paceline_went() {
    let environment = TestEnvironment::new();
    environment.write("sub/paceline.toml", FAILS);
    environment.write("other/x", "");
    let from = |dir: &str, args: &[&str]| {
        let mut command = environment.command(args);
        environment.finish(command.current_dir(environment.root().join(dir)))
    };
    let report = ["--report", "junit=junit.xml"];
    let above = from(".", &[&["-C", "sub"][..], &report].concat());
    assert_eq!(above.after("log"), "sub/.paceline/logs/fails.log");
    assert_eq!(above.after("logs"), "sub/.paceline/logs");
    let reports = "sub/.paceline/logs/test-report.json  sub/junit.xml";
    assert_eq!(above.after("reports"), reports);
    assert_eq!(above.after("native"), "(cd sub && exit 3)");
    let beside = from("other", &["-C", "../sub"]);
    assert_eq!(beside.after("log"), "../sub/.paceline/logs/fails.log");
    assert_eq!(beside.after("rerun"), "paceline -C ../sub run fails");

    environment.write("sub/paceline.toml", "jobs = 0\n");
    let wrong = from(".", &["-C", "sub"]);
    assert!(
        wrong.stderr.contains("--> sub/paceline.toml:1:8"),
        "{wrong}"
    );
    let wrong = from(".", &["-C", "sub", "--config", "no.toml"]);
    assert!(
        wrong
            .stderr
            .contains("the configuration sub/no.toml does not exist"),
        "{wrong}"
    );
}

#[test]
fn the_root_is_written_without_detours() {
    let environment = TestEnvironment::new();
    environment.write("q.toml", FAILS);
    environment.write("sub dir/x", "");
    let invocation = environment.run(["--config", "sub dir/../q.toml"]);
    assert_eq!(invocation.after("logs"), ".paceline/logs");
    assert_eq!(invocation.after("native"), "exit 3");
    let command = "paceline --config 'sub dir/../q.toml' run fails";
    assert_eq!(invocation.after("rerun"), command);
    let report = environment.read(".paceline/logs/test-report.json");
    assert!(!report.contains("sub dir"), "{report}");
}
