//! test-unit and minitest suites, run by the real frameworks.
//!
//! `PACELINE_TEST_RUBY` names a Ruby that has both; `cargo xtask test` sets it. Without it the tests
//! run with the `ruby` on the path, and are passed over where there is none.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::environment::TestEnvironment;

/// A Ruby with both frameworks.
pub(crate) fn ruby() -> Option<PathBuf> {
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
pub(crate) fn suite(
    framework: &str,
    keys: &str,
    files: &[(&str, &str)],
) -> Option<TestEnvironment> {
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

pub(crate) fn tests(env: &TestEnvironment) -> Vec<Value> {
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
pub(crate) fn assert_outcomes(env: &TestEnvironment, expected: &[(&str, &str)]) {
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

#[test]
fn classes_of_one_file_are_told_apart() {
    let text =
        format!("{TEST_UNIT}\nclass TestOther < Test::Unit::TestCase\ndef test_a; end\nend\n");
    let files = [
        ("test/test_features.rb", text.as_str()),
        ("test/test_more.rb", MORE),
    ];
    let Some(env) = suite("test-unit", "", &files) else {
        return;
    };
    let run = env.expect(1, &["--color", "never"]);
    let lines = run.stdout.lines().filter(|line| line.contains("test-unit"));
    let lines: Vec<&str> = lines
        .filter_map(|line| line.split("test-unit").nth(1)?.split("  ").nth(1))
        .collect();
    assert_eq!(
        lines,
        [
            "test/test_features.rb::TestFeatures",
            "test/test_features.rb::TestFeatures::within (it)",
            "test/test_more.rb",
            "test/test_features.rb::TestOther",
        ]
    );
    // What is shown can be asked for.
    env.expect(0, &["run", lines[1]]);
    assert_outcomes(
        &env,
        &[("test: it works(TestFeatures::within (it))", "passed")],
    );
}

#[test]
fn gems_are_those_of_the_bundle() {
    if ruby().is_none() {
        return;
    }
    let env = TestEnvironment::new();
    // The framework is a gem that is installed; nothing has to be fetched.
    let gem = Command::new("ruby")
        .args([
            "-e",
            "print Gem::Specification.find_by_name('minitest').version",
        ])
        .output();
    let version = gem.ok().filter(|output| output.status.success());
    let is_there = |program: &str| {
        let output = Command::new(program).arg("--version").output();
        output.is_ok_and(|output| output.status.success())
    };
    let (Some(version), true) = (version, is_there("bundle")) else {
        return;
    };
    let version = String::from_utf8(version.stdout).unwrap();
    env.write("Gemfile", "gem 'minitest'\n");
    env.write(
        "Gemfile.lock",
        &format!(
            "GEM\n  specs:\n    minitest ({version})\n\nPLATFORMS\n  ruby\n\nDEPENDENCIES\n  minitest\n"
        ),
    );
    let text = "require 'minitest/autorun'\nclass BundleTest < Minitest::Test\n\
        def test_bundle; assert_equal File.expand_path('../Gemfile', __dir__), ENV['BUNDLE_GEMFILE']; end\n\
        def test_others; assert_raises(LoadError) { require 'test/unit' }; end\nend\n";
    env.write("test/bundle_test.rb", text);
    let run = env.expect(0, &["--color", "never"]);
    let evidence = "Gemfile.lock has minitest  bundle exec ruby -Ilib -Itest";
    assert!(run.stderr.contains(evidence), "{run}");
    for (ruby, start) in [("bundle exec ruby", "fork"), ("bundle exec ruby", "spawn")] {
        env.write(
            "paceline.toml",
            &format!("[suite.unit]\nframework = 'minitest'\nruby = '{ruby}'\nstart = '{start}'\n"),
        );
        env.expect(0, &["-j", "2"]);
        assert_eq!(tests(&env).len(), 2);
    }
}

/// How many tests run with each of these options for the framework.
#[track_caller]
fn assert_chosen(env: &TestEnvironment, expected: &[(&[&str], usize)]) {
    for (options, count) in expected {
        let mut arguments = vec!["--"];
        arguments.extend(*options);
        env.expect(0, &arguments);
        assert_eq!(tests(env).len(), *count, "{options:?}");
    }
}

#[test]
fn options_choose_what_they_choose_in_test_unit() {
    let text = "require 'test/unit'\nclass TestA < Test::Unit::TestCase\n\
        attribute :speed, 'slow'\ndef test_one; end\ndef test_two; end\n\
        attribute :speed, 'fast'\ndef test_three; end\n\
        priority :must\ndef test_must; end\nend\n\
        class TestB < Test::Unit::TestCase\n\
        def test_one; end\nattribute :parallel, false\ndef test_serial; end\nend\n";
    let Some(env) = suite("test-unit", "", &[("test/test_o.rb", text)]) else {
        return;
    };
    assert_chosen(
        &env,
        &[
            (&["--name=test_one"], 2),
            (&["-n", "/t(wo|hree)/"], 2),
            (&["--ignore-name=/one/"], 4),
            (&["--testcase=TestB"], 2),
            (&["--ignore-testcase", "TestB"], 4),
            (&["--location=test/test_o.rb:12"], 1),
            (&["--attribute=speed=='slow'"], 1),
            (&["--priority-mode"], 6),
            (&["--default-priority", "must"], 6),
            (&["--order=random", "--seed", "3"], 6),
        ],
    );
    env.expect(0, &["-j", "1", "--", "--order=random", "--seed", "3"]);
    let order = |env| {
        let ids = tests(env).into_iter();
        ids.map(|test| test["native_id"].clone())
            .collect::<Vec<_>>()
    };
    let first = order(&env);
    env.expect(0, &["-j", "2", "--", "--order=random", "--seed", "3"]);
    assert_eq!(order(&env), first);
    env.expect(5, &["--", "--no-such-option"]);
}

#[test]
fn options_choose_what_they_choose_in_minitest() {
    let text = "require 'minitest/autorun'\nclass TestA < Minitest::Test\nparallelize_me!\n\
        def test_one; end\ndef test_two; end\ndef test_three; end\nend\n\
        class TestB < Minitest::Test\ni_suck_and_my_tests_are_order_dependent!\n$order = []\n\
        def test_a; $order << 1; end\ndef test_b; refute_equal [2], $order; end\nend\n\
        describe('spec') { it('is one') { _(1).must_equal 1 } }\n";
    let Some(env) = suite("minitest", "", &[("test/o_test.rb", text)]) else {
        return;
    };
    assert_chosen(
        &env,
        &[
            (&["-n", "test_one"], 1),
            (&["--name=/one/"], 2),
            (&["-n", "TestB#test_b"], 1),
            (&["-n", "spec#test_0001_is one"], 1),
            (&["-e", "test_one"], 5),
            (&["--exclude", "/o/"], 3),
            (&["--seed", "5"], 6),
        ],
    );
    env.expect(5, &["--", "--no-such-option"]);
}

#[test]
fn temporary_files_are_gone_after_the_run() {
    let test = |name: &str| {
        format!(
            "require 'minitest/autorun'\nrequire 'tempfile'\nclass Test{name} < Minitest::Test\n\
             def test_it; KEPT{name} << Tempfile.new('{name}', 'files'); assert File.exist?(KEPT{name}[0].path); end\n\
             end\nKEPT{name} = []\n"
        )
    };
    let [a, b] = ["A", "B"].map(test);
    for keys in ["", "isolation = 'test'", "start = 'spawn'"] {
        for jobs in ["1", "2"] {
            let files = [
                ("test/test_a.rb", a.as_str()),
                ("test/test_b.rb", b.as_str()),
                ("files/keep", ""),
            ];
            let Some(env) = suite("minitest", keys, &files) else {
                return;
            };
            env.expect(0, &["-j", jobs]);
            let left: Vec<_> = std::fs::read_dir(env.root().join("files"))
                .unwrap()
                .map(|entry| entry.unwrap().file_name())
                .collect();
            assert_eq!(left, ["keep"], "{keys} {jobs}");
        }
    }
}
