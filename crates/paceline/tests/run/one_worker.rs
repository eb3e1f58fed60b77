//! Suites that run on one worker, which is their host where that is possible.

use std::collections::BTreeSet;

use crate::environment::TestEnvironment;
use crate::{phpunit, ruby};

const PHP_BOOT: &str = "<?php\nfile_put_contents('boots', getmypid() . \"\\n\", FILE_APPEND);\n";
const RUBY_BOOT: &str = "File.write('boots', \"#{Process.pid}\\n\", mode: 'a')\n";

/// A PHPUnit class whose tests write down in which process they run, and then do this.
fn php(tests: &[(&str, &str)]) -> Option<TestEnvironment> {
    if phpunit::is_skipped() {
        return None;
    }
    let members = tests.iter().map(|(name, body)| {
        format!(
            "public function test{name}(): void {{ \
             file_put_contents('pids', getmypid() . \"\\n\", FILE_APPEND); \
             $this->assertTrue(true); {body} }}\n"
        )
    });
    let text = phpunit::class("ATest", &members.collect::<String>());
    let keys = "timeout = '1s'\nargs = ['--bootstrap', 'boot.php']";
    let files = [("boot.php", PHP_BOOT), ("tests/ATest.php", text.as_str())];
    Some(phpunit::suite(keys, &files))
}

/// The same for a framework of Ruby.
fn rb(framework: &str, tests: &[(&str, &str)], more: &str) -> Option<TestEnvironment> {
    let (library, class) = match framework {
        "test-unit" => ("test/unit", "Test::Unit::TestCase"),
        _ => ("minitest/autorun", "Minitest::Test"),
    };
    let members = tests.iter().map(|(name, body)| {
        format!(
            "def test_{name}\nFile.write('pids', \"#{{Process.pid}}\\n\", mode: 'a')\n{body}\nend\n"
        )
    });
    // In the order of their names, which for minitest is not a matter of course.
    let order = match framework {
        "test-unit" => "",
        _ => "i_suck_and_my_tests_are_order_dependent!\n",
    };
    let members: String = members.collect();
    let text = format!(
        "require '{library}'\n{RUBY_BOOT}{more}\nclass TestA < {class}\n{order}{members}end\n"
    );
    ruby::suite(framework, "timeout = '1s'", &[("test/test_a.rb", &text)])
}

/// What a test does.
#[derive(Clone, Copy)]
enum Does {
    Pass,
    Exit,
    Kill,
    Hang,
}

/// A suite of such tests, `test_a`, `test_b`, …, for each framework that is there.
fn all(tests: &[Does]) -> Vec<TestEnvironment> {
    let named = |body: fn(Does) -> &'static str| -> Vec<(&str, &str)> {
        let names = ["a", "b", "c", "d", "e"].into_iter();
        names.zip(tests.iter().map(|test| body(*test))).collect()
    };
    let in_php = named(|test| match test {
        Does::Pass => "",
        Does::Exit => "exit(3);",
        Does::Kill => "posix_kill(getmypid(), 9);",
        Does::Hang => "while (true) { usleep(1000); }",
    });
    let in_ruby = named(|test| match test {
        Does::Pass => "",
        Does::Exit => "exit!(3)",
        Does::Kill => "Process.kill(:KILL, Process.pid); sleep",
        Does::Hang => "sleep",
    });
    let made = [
        php(&in_php),
        rb("test-unit", &in_ruby, ""),
        rb("minitest", &in_ruby, ""),
    ];
    made.into_iter().flatten().collect()
}

fn lines(env: &TestEnvironment, file: &str) -> BTreeSet<String> {
    env.read(file).lines().map(str::to_owned).collect()
}

fn outcomes(env: &TestEnvironment) -> Vec<String> {
    let mut tests = ruby::tests(env);
    tests
        .iter_mut()
        .map(|test| test["outcome"].take().as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn the_host_is_the_only_worker() {
    for env in all(&[Does::Pass, Does::Pass]) {
        let run = env.expect(0, &["-j", "1"]);
        assert_eq!(lines(&env, "boots").len(), 1, "{run}");
        assert_eq!(lines(&env, "pids"), lines(&env, "boots"), "{run}");
        // Known to be too little for two, it is again.
        let run = env.expect(0, &["-j", "2"]);
        assert_eq!(lines(&env, "boots").len(), 2, "{run}");
        assert_eq!(lines(&env, "pids"), lines(&env, "boots"), "{run}");
    }
}

#[test]
fn a_test_that_ends_it_is_to_blame_and_the_rest_runs_elsewhere() {
    let tests = [Does::Pass, Does::Exit, Does::Pass, Does::Kill, Does::Pass];
    for env in all(&tests) {
        let run = env.expect(1, &["-j", "1"]);
        assert_eq!(
            outcomes(&env),
            ["passed", "crashed", "passed", "crashed", "passed"],
            "{run}"
        );
        assert!(run.stdout.contains("the worker died: exit code 3"), "{run}");
        assert!(
            run.stdout.contains("the worker died: killed by SIGKILL"),
            "{run}"
        );
        assert_eq!(lines(&env, "boots").len(), 3, "{run}");
        assert_eq!(lines(&env, "pids"), lines(&env, "boots"), "{run}");
    }
}

#[test]
fn a_test_that_hangs_is_ended_and_the_rest_runs_elsewhere() {
    for env in all(&[Does::Pass, Does::Hang, Does::Pass]) {
        let run = env.expect(1, &["-j", "1"]);
        assert_eq!(outcomes(&env), ["passed", "timed-out", "passed"], "{run}");
        assert_eq!(lines(&env, "boots").len(), 2, "{run}");
    }
}

#[test]
fn what_follows_the_last_test_is_the_hosts() {
    for (framework, hook) in [
        (
            "test-unit",
            "Test::Unit.at_exit { puts \"after #{Process.pid}\" }",
        ),
        (
            "minitest",
            "Minitest.after_run { puts \"after #{Process.pid}\" }",
        ),
    ] {
        let Some(env) = rb(framework, &[("a", "")], hook) else {
            return;
        };
        env.expect(0, &["-j", "1"]);
        let log = env.read(".paceline/logs/unit.log");
        let pid = env.read("pids");
        assert_eq!(log.matches(&format!("after {pid}")).count(), 1, "{log}");
    }
}

#[test]
fn an_abort_at_the_exit_that_a_test_has_asked_for_is_a_failure() {
    for framework in ["test-unit", "minitest"] {
        let Some(env) = rb(
            framework,
            &[("a", "at_exit { exit!(0) if $!.nil?; abort }")],
            "",
        ) else {
            return;
        };
        let run = env.expect(5, &["-j", "1"]);
        assert!(
            run.stdout
                .contains("after the last test the process ended with exit code 1"),
            "{run}"
        );
    }
}
