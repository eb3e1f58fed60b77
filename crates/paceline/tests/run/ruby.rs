//! test-unit and minitest suites, run by the real frameworks.
//!
//! `PACELINE_TEST_RUBY` names a Ruby that has both; `cargo xtask test` sets it. Without it the tests
//! run with the `ruby` on the path, and are passed over where there is none.

use std::path::PathBuf;
use std::process::Command;

use rustix::process::Signal;
use serde_json::Value;

use crate::environment::TestEnvironment;
use crate::following::{await_death, is_alive};

/// A Ruby with both frameworks.
fn ruby() -> Option<PathBuf> {
    let named = std::env::var_os("PACELINE_TEST_RUBY");
    let is_named = named.is_some();
    let ruby = named.map_or_else(|| PathBuf::from("ruby"), PathBuf::from);
    let script = "require 'test/unit/version'; require 'minitest'";
    let found = Command::new(&ruby).args(["-e", script]).output();
    let works = found.is_ok_and(|output| output.status.success());
    assert!(
        works || !is_named,
        "{} cannot load test-unit and minitest",
        ruby.display()
    );
    works.then_some(ruby)
}

/// A repository with one suite of these files; `None` where there is no Ruby.
fn suite(framework: &str, keys: &str, files: &[(&str, &str)]) -> Option<TestEnvironment> {
    let ruby = ruby()?;
    let config = format!(
        "kill-grace = '100ms'\n[suite.unit]\nframework = '{framework}'\nruby = '{}'\n{keys}\n",
        ruby.display()
    );
    let env = TestEnvironment::with_config(&config);
    for (name, text) in files {
        env.write(name, text);
    }
    Some(env)
}

fn tests(env: &TestEnvironment) -> Vec<Value> {
    env.report().suite("unit")["tests"]
        .as_array()
        .unwrap()
        .clone()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or("")
}

/// Native id, outcome and the framework's own word for it, of every test of the last run, in the
/// order of the report.
#[track_caller]
fn assert_outcomes(env: &TestEnvironment, expected: &[(&str, &str)]) {
    let tests = tests(env);
    let found: Vec<(&str, String)> = tests
        .iter()
        .map(|test| {
            let (outcome, native) = (text(&test["outcome"]), text(&test["native_outcome"]));
            let outcome = if native.is_empty() {
                outcome.to_owned()
            } else {
                format!("{outcome}/{native}")
            };
            (text(&test["native_id"]), outcome)
        })
        .collect();
    let found: Vec<(&str, &str)> = found.iter().map(|(id, o)| (*id, o.as_str())).collect();
    assert_eq!(found, expected);
}

const TEST_UNIT: &str = r#"
require "test/unit"
class TestFeatures < Test::Unit::TestCase
  def test_pass; assert_equal 1, 1; assert true; end
  def test_fail; assert_equal({a: 1}, {a: 2}); end
  def test_error; raise "boom"; end
  def test_omission; omit "not now"; end
  def test_pending; pend "later"; end
  def test_notification; notify "by the way"; assert true; end
  data("one" => 1, "b (c)" => 2)
  def test_data(x); assert x < 2; end
  sub_test_case "within (it)" do
    test("it works") { assert true }
  end
end
"#;

const TEST_UNIT_OUTCOMES: [(&str, &str); 9] = [
    ("test_data[one](TestFeatures)", "passed"),
    ("test_data[b (c)](TestFeatures)", "failed"),
    ("test_error(TestFeatures)", "errored"),
    ("test_fail(TestFeatures)", "failed"),
    ("test_notification(TestFeatures)", "passed/notification"),
    ("test_omission(TestFeatures)", "skipped/omission"),
    ("test_pass(TestFeatures)", "passed"),
    ("test_pending(TestFeatures)", "skipped/pending"),
    ("test: it works(TestFeatures::within (it))", "passed"),
];

const MINITEST: &str = r#"
require "minitest/autorun"
class FeaturesTest < Minitest::Test
  i_suck_and_my_tests_are_order_dependent!
  def test_pass; assert_equal 1, 1; assert true; end
  def test_fail; assert_equal 1, 2; end
  def test_error; raise "boom"; end
  def test_skip; skip "not now"; end
end
"#;

const MINITEST_OUTCOMES: [(&str, &str); 4] = [
    ("FeaturesTest#test_error", "errored"),
    ("FeaturesTest#test_fail", "failed"),
    ("FeaturesTest#test_pass", "passed"),
    ("FeaturesTest#test_skip", "skipped"),
];

/// A second file, so that there is something to run beside the first.
const MORE: &str = r#"
require "test/unit"
class TestMore < Test::Unit::TestCase
  20.times { |i| define_method(format("test_%02d", i)) { puts "output #{i}"; assert i != 7 } }
end
"#;

/// The output without durations, the lines that hold nothing else, and what pads them.
fn without_times(text: &str) -> String {
    let is_time = |word: &str| {
        let rest = word.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.' || c == 'm');
        word.starts_with(|c: char| c.is_ascii_digit()) && rest == "s"
    };
    let mut in_slowest = false;
    let mut kept = String::new();
    for line in text.lines() {
        in_slowest = line.starts_with(" SLOWEST") || (in_slowest && !line.is_empty());
        if in_slowest || line.starts_with(" time ") || line.starts_with(" limit ") {
            continue;
        }
        let words = line.split_whitespace().filter(|word| !is_time(word));
        let line = words.collect::<Vec<_>>().join(" ");
        if line.is_empty() && kept.ends_with("\n\n") {
            continue;
        }
        kept.push_str(&line);
        kept.push('\n');
    }
    kept
}

/// Runs with 1, 2, 4 and 8 workers, forked, and spawned, over TCP: what is printed is the same.
fn same_for_any_number_of_workers(env: &TestEnvironment, expected: &[(&str, &str)]) {
    let config = env.read("paceline.toml");
    let mut outputs: Vec<String> = Vec::new();
    for (jobs, start, transport) in [
        ("1", "fork", "auto"),
        ("2", "fork", "auto"),
        ("4", "fork", "tcp"),
        ("8", "fork", "auto"),
        ("2", "spawn", "auto"),
        ("8", "spawn", "tcp"),
    ] {
        env.write("paceline.toml", &format!("{config}start = '{start}'\n"));
        let arguments = ["-j", jobs, "--transport", transport, "--color", "never"];
        let run = env.expect(1, &arguments);
        assert_outcomes(env, expected);
        outputs.push(without_times(&run.stdout));
    }
    for pair in outputs.windows(2) {
        assert_eq!(pair[0], pair[1]);
    }
}

#[test]
fn every_outcome_of_test_unit_is_its_own_in_plan_order_for_any_number_of_workers() {
    let files = [
        ("test/test_features.rb", TEST_UNIT),
        ("test/test_more.rb", MORE),
    ];
    let Some(env) = suite("test-unit", "", &files) else {
        return;
    };
    let more: Vec<String> = (0..20).map(|i| format!("test_{i:02}(TestMore)")).collect();
    let mut expected = TEST_UNIT_OUTCOMES.to_vec();
    let outcome = |i| if i == 7 { "failed" } else { "passed" };
    expected.extend(
        more.iter()
            .enumerate()
            .map(|(i, id)| (id.as_str(), outcome(i))),
    );
    same_for_any_number_of_workers(&env, &expected);
}

#[test]
fn every_outcome_of_minitest_is_its_own_in_plan_order_for_any_number_of_workers() {
    let more = "require 'minitest/autorun'\ndescribe 'more' do\n  20.times { |i| it(\"has #{i}\") { _(i).wont_equal 7 } }\nend\n";
    let files = [
        ("test/features_test.rb", MINITEST),
        ("test/more_test.rb", more),
    ];
    let Some(env) = suite("minitest", "args = ['--seed', '7']", &files) else {
        return;
    };
    // The order is that of minitest itself with this seed.
    env.expect(1, &["-j", "1"]);
    let tests = tests(&env);
    assert_eq!(tests.len(), 24);
    let expected: Vec<(&str, &str)> = tests
        .iter()
        .map(|test| (text(&test["native_id"]), text(&test["outcome"])))
        .collect();
    for one in MINITEST_OUTCOMES {
        assert!(expected.contains(&one), "{expected:?}");
    }
    same_for_any_number_of_workers(&env, &expected);
    let plain = Command::new(ruby().unwrap())
        .args(["-Itest", "-e"])
        .arg("Dir['test/*_test.rb'].sort.each { |f| require './' + f }")
        .args(["--", "--seed", "7", "-v"])
        .current_dir(env.root())
        .output()
        .unwrap();
    let plain = String::from_utf8(plain.stdout).unwrap();
    let order = plain.lines().filter_map(|line| line.rsplit_once(" = "));
    let order: Vec<&str> = order
        .filter_map(|(start, _)| {
            start
                .split_once(" = ")
                .map_or(Some(start), |(id, _)| Some(id))
        })
        .collect();
    let ids: Vec<&str> = expected.iter().map(|(id, _)| *id).collect();
    assert_eq!(order, ids, "{plain}");
}

#[test]
fn assertions_are_counted() {
    let Some(env) = suite("test-unit", "", &[("test/test_a.rb", TEST_UNIT)]) else {
        return;
    };
    env.expect(1, &[]);
    let of = |id: &str| {
        let tests = tests(&env);
        let test = tests.iter().find(|test| test["native_id"] == id).unwrap();
        test["assertions"].clone()
    };
    assert_eq!(of("test_pass(TestFeatures)"), 2);
    assert_eq!(of("test_notification(TestFeatures)"), 1);
    let report = env.root().join("junit.xml");
    env.expect(1, &["--report", &format!("junit={}", report.display())]);
    let junit = env.read("junit.xml");
    assert!(
        junit.contains(r#"<testcase name="test_data[b (c)]" classname="TestFeatures""#),
        "{junit}"
    );
    assert!(
        junit.contains(r#"<testcase name="test: it works" classname="TestFeatures::within (it)""#),
        "{junit}"
    );
}

#[test]
fn a_test_that_ends_its_process_hurts_nobody_else() {
    let text = "require 'test/unit'\nrequire 'fiddle'\nclass TestCrash < Test::Unit::TestCase\n\
        def test_a; end\n\
        def test_b_exit; exit!(3); end\n\
        def test_c_zero; exit!(0); end\n\
        def test_d_kill; Process.kill(:KILL, Process.pid); sleep; end\n\
        def test_e_segv; Process.kill(:SEGV, Process.pid); sleep; end\n\
        def test_f_abort; Kernel.exit!(1) if false; Process.kill(:ABRT, Process.pid); sleep; end\n\
        def test_g; end\nend\n";
    let Some(env) = suite("test-unit", "", &[("test/test_crash.rb", text)]) else {
        return;
    };
    env.expect(1, &["-j", "2"]);
    assert_outcomes(
        &env,
        &[
            ("test_a(TestCrash)", "passed"),
            ("test_b_exit(TestCrash)", "crashed"),
            ("test_c_zero(TestCrash)", "crashed"),
            ("test_d_kill(TestCrash)", "crashed"),
            ("test_e_segv(TestCrash)", "crashed"),
            ("test_f_abort(TestCrash)", "crashed"),
            ("test_g(TestCrash)", "passed"),
        ],
    );
    let tests = tests(&env);
    assert_eq!(tests[1]["message"], "the worker died: exit code 3");
    assert_eq!(tests[3]["message"], "the worker died: killed by SIGKILL");
}

#[test]
fn an_exit_within_a_minitest_test_is_never_green() {
    let text = "require 'minitest/autorun'\nclass ExitTest < Minitest::Test\n\
        def test_exit; exit!(0); end\ndef test_other; end\nend\n";
    let Some(env) = suite("minitest", "", &[("test/exit_test.rb", text)]) else {
        return;
    };
    env.expect(1, &["-j", "2"]);
    let counts = env.report().0["counts"].clone();
    assert_eq!(
        (&counts["passed"], &counts["crashed"]),
        (&1.into(), &1.into())
    );
}

#[test]
fn a_test_that_hangs_is_timed_out_with_the_stacks_of_its_threads() {
    let text = "require 'test/unit'\nclass TestHang < Test::Unit::TestCase\n\
        def in_a_thread; sleep; end\ndef where_it_hangs; Thread.new { in_a_thread }; sleep; end\n\
        def test_a; end\ndef test_hang; where_it_hangs; end\ndef test_z; end\nend\n";
    let Some(env) = suite(
        "test-unit",
        "timeout = '1s'",
        &[("test/test_hang.rb", text)],
    ) else {
        return;
    };
    let run = env.expect(1, &[]);
    assert_outcomes(
        &env,
        &[
            ("test_a(TestHang)", "passed"),
            ("test_hang(TestHang)", "timed-out"),
            ("test_z(TestHang)", "passed"),
        ],
    );
    assert!(run.stdout.contains("where_it_hangs"), "{run}");
    assert!(run.stdout.contains("in_a_thread"), "{run}");
}

#[test]
fn files_that_cannot_be_loaded_are_errors_and_the_rest_runs() {
    for framework in ["test-unit", "minitest"] {
        let ok = match framework {
            "test-unit" => {
                "require 'test/unit'\nclass TestOk < Test::Unit::TestCase\ndef test_ok; end\nend\n"
            }
            _ => {
                "require 'minitest/autorun'\nclass TestOk < Minitest::Test\ndef test_ok; end\nend\n"
            }
        };
        let files = [
            ("test/test_load.rb", "require 'nothing_of_this_name'\n"),
            ("test/test_ok.rb", ok),
            ("test/test_syntax.rb", "class Broken\n"),
        ];
        let Some(env) = suite(framework, "", &files) else {
            return;
        };
        let run = env.expect(5, &["-j", "2"]);
        let counts = env.report().0["counts"].clone();
        assert_eq!(
            (&counts["passed"], &counts["errored"]),
            (&1.into(), &2.into()),
            "{framework}: {run}"
        );
        assert!(run.stdout.contains("nothing_of_this_name"), "{run}");
        assert!(run.stdout.contains("test_syntax.rb"), "{run}");
    }
}

#[test]
fn an_abort_at_the_end_fails_the_suite() {
    let text = "require 'test/unit'\nmain = Process.pid\n\
        at_exit { abort 'not enough coverage' if Process.pid == main }\n\
        class TestA < Test::Unit::TestCase\ndef test_a; end\nend\n";
    let Some(env) = suite("test-unit", "", &[("test/test_a.rb", text)]) else {
        return;
    };
    let run = env.run(&["-j", "1"]);
    assert_ne!(run.code, Some(0), "{run}");
    assert_eq!(tests(&env)[0]["outcome"], "passed");
}

#[test]
fn a_missing_ruby_and_a_missing_framework_are_named_with_what_to_do() {
    let Some(env) = suite("test-unit", "", &[("test/test_a.rb", "")]) else {
        return;
    };
    let config = env.read("paceline.toml");
    let ruby = format!("ruby = '{}'", ruby().unwrap().display());
    env.write("paceline.toml", &config.replace(&ruby, "ruby = 'ruby-9.9'"));
    let run = env.run([""; 0]);
    assert_eq!(run.code, Some(2), "{run}");
    let told = "suite `unit` cannot start: the interpreter `ruby-9.9` is not on PATH";
    assert!(run.stderr.contains(told), "{run}");

    env.write(
        "hidden/test/unit.rb",
        "raise LoadError, 'no test-unit here'\n",
    );
    env.write(
        "paceline.toml",
        &format!("{config}env = {{ RUBYLIB = 'hidden' }}\n"),
    );
    let run = env.expect(5, &[]);
    assert!(run.stdout.contains("test-unit"), "{run}");
    assert!(run.stdout.contains("gem install test-unit"), "{run}");
}

#[test]
fn tests_that_fork_and_start_threads_stay_one_test() {
    let text = "require 'test/unit'\nclass TestFork < Test::Unit::TestCase\n\
        def test_a_fork; pid = fork { exit 7 }; Process.wait(pid); assert_equal 7, $?.exitstatus; end\n\
        def test_b_raise; pid = fork { raise 'in the child' }; Process.wait(pid); assert_equal 1, $?.exitstatus; end\n\
        def test_c_thread; Thread.new { sleep }; assert true; end\n\
        def test_d_output; system('echo from a child'); assert false; end\nend\n";
    let Some(env) = suite("test-unit", "", &[("test/test_fork.rb", text)]) else {
        return;
    };
    let run = env.expect(1, &["-j", "2"]);
    assert_outcomes(
        &env,
        &[
            ("test_a_fork(TestFork)", "passed"),
            ("test_b_raise(TestFork)", "passed"),
            ("test_c_thread(TestFork)", "passed"),
            ("test_d_output(TestFork)", "failed"),
        ],
    );
    assert!(run.stdout.contains("from a child"), "{run}");
}

#[test]
fn a_killed_host_ends_the_suite_and_nothing_is_left() {
    let text = "require 'test/unit'\nclass TestA < Test::Unit::TestCase\ndef test_a\n\
        File.write('host', Process.ppid.to_s)\nFile.write('worker', Process.pid.to_s)\n\
        Process.kill(:KILL, Process.ppid)\nsleep\nend\nend\n";
    let Some(env) = suite("test-unit", "", &[("test/test_a.rb", text)]) else {
        return;
    };
    env.expect(5, &["-j", "2"]);
    assert!(!is_alive(env.process("host")));
    await_death(env.process("worker"));
}

#[test]
fn an_interrupt_ends_workers_and_reports_what_ran() {
    let text = "require 'test/unit'\nclass TestA < Test::Unit::TestCase\ndef test_a; end\n\
        def test_b; File.write('pid', Process.pid.to_s); File.rename('pid', 'worker'); sleep; end\ndef test_c; end\nend\n";
    let Some(env) = suite("test-unit", "", &[("test/test_a.rb", text)]) else {
        return;
    };
    let mut run = env.follow(&["-j", "1"]);
    run.until(|event| event["kind"] == "attempt-started" && event["test"] == "unit::test_b(TestA)");
    while !env.root().join("worker").exists() {
        std::thread::yield_now();
    }
    run.signal(Signal::INT);
    assert_eq!(run.end(), Some(130));
    assert_outcomes(
        &env,
        &[
            ("test_a(TestA)", "passed"),
            ("test_b(TestA)", "not-run"),
            ("test_c(TestA)", "not-run"),
        ],
    );
    await_death(env.process("worker"));
}

#[test]
fn tests_with_a_start_up_travel_together_and_others_are_shared() {
    let text = "require 'test/unit'\nclass TestHeavy < Test::Unit::TestCase\n\
        def self.startup; File.write('startups', 'x', mode: 'a'); end\n\
        10.times { |i| define_method(\"test_#{i}\") { sleep 0.01 } }\nend\n\
        class TestFree < Test::Unit::TestCase\n\
        60.times { |i| define_method(\"test_#{i}\") { sleep 0.02; File.write('pids', \"#{Process.pid}\\n\", mode: 'a') } }\nend\n";
    let Some(env) = suite("test-unit", "", &[("test/test_one.rb", text)]) else {
        return;
    };
    env.expect(0, &["-j", "2"]);
    assert_eq!(tests(&env).len(), 70);
    assert_eq!(env.read("startups"), "x");
    let pids = env.read("pids");
    let pids: std::collections::BTreeSet<&str> = pids.lines().collect();
    assert_eq!(pids.len(), 2, "one class is shared by two workers");
}

#[test]
fn what_is_asked_for_is_what_runs() {
    let files = [
        ("test/test_features.rb", TEST_UNIT),
        ("test/sub/test_more.rb", MORE),
    ];
    let Some(env) = suite("test-unit", "", &files) else {
        return;
    };
    let count = |code, arguments: &[&str]| {
        env.expect(code, arguments);
        tests(&env).len()
    };
    assert_eq!(count(1, &[]), 29);
    // Those that failed, by their ids.
    assert_eq!(count(1, &["--failed"]), 4);
    assert_eq!(count(1, &["run", "test/test_features.rb"]), 9);
    assert_eq!(count(1, &["run", "test/sub"]), 20);
    assert_eq!(count(0, &["run", "unit::test_pass(TestFeatures)"]), 1);
    assert_eq!(
        count(1, &["run", "test/test_features.rb::TestFeatures#test_data"]),
        2
    );
    assert_eq!(count(0, &["run", "test/test_features.rb:4"]), 1);
    assert_eq!(count(1, &["-k", "data or (more and 07)"]), 3);
    assert_eq!(count(1, &["--ignore", "test/sub"]), 9);
    assert_eq!(count(1, &["--deselect", "test/sub/test_more.rb"]), 9);
    assert_eq!(count(1, &["--", "--name=/data/"]), 2);
    assert_eq!(count(1, &["--", "-t", "TestMore"]), 20);
    env.expect(4, &["-k", "nothing_is_called_so"]);
}

#[test]
fn isolation_and_variables_of_workers() {
    let text = "require 'minitest/autorun'\nclass EnvTest < Minitest::Test\n\
        6.times { |i| define_method(\"test_#{i}\") do\n\
          assert_nil ENV['PACELINE_TOKEN']\nassert_includes ['', '2'], ENV['TEST_ENV_NUMBER']\n\
          File.write('pids', \"#{Process.pid}\\n\", mode: 'a')\nend }\nend\n";
    let Some(env) = suite(
        "minitest",
        "isolation = 'test'",
        &[("test/env_test.rb", text)],
    ) else {
        return;
    };
    env.expect(0, &["-j", "2"]);
    let pids = env.read("pids");
    let pids: std::collections::BTreeSet<&str> = pids.lines().collect();
    assert_eq!(pids.len(), 6, "each test has a process of its own");
}

#[test]
fn without_a_configuration_a_suite_is_found_and_runs() {
    if suite("test-unit", "", &[]).is_none() {
        return;
    }
    let env = TestEnvironment::new();
    env.write("test/test_a.rb", TEST_UNIT);
    let run = env.expect(1, &["--color", "never"]);
    assert!(run.stderr.contains("test/test_a.rb has test/unit"), "{run}");
    let ids = env.report().suite("ruby")["tests"]
        .as_array()
        .unwrap()
        .len();
    assert_eq!(ids, 9);
}
