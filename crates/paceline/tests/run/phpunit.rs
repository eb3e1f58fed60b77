//! PHPUnit suites, run by real PHPUnit.
//!
//! `php` and `phpunit` on the search path are used. Where `PACELINE_TEST_PHP` is `skip`, these tests
//! say so and pass; `cargo xtask test` installs both and never skips them.

use std::process::Command;

use serde_json::Value;

use crate::environment::TestEnvironment;
use crate::following::{await_death, is_alive};
use crate::pytest::without_times;

/// Whether there is no PHPUnit and that is meant to be so.
pub(crate) fn is_skipped() -> bool {
    if std::env::var_os("PACELINE_TEST_PHP").is_some_and(|value| value == "skip") {
        return true;
    }
    let works = Command::new("phpunit").arg("--version").output();
    assert!(
        works.is_ok_and(|output| output.status.success()),
        "phpunit is missing: run `cargo xtask test`, or set PACELINE_TEST_PHP=skip"
    );
    false
}

const CONFIGURATION: &str = "<phpunit><testsuites><testsuite name='all'><directory>tests</directory>\
     <directory suffix='.phpt'>tests</directory></testsuite></testsuites></phpunit>";

/// A repository with one PHPUnit suite of these files.
pub(crate) fn suite(keys: &str, files: &[(&str, &str)]) -> TestEnvironment {
    let config = format!("kill-grace = '100ms'\n[suite.unit]\nframework = 'phpunit'\n{keys}\n");
    let env = TestEnvironment::with_config(&config);
    env.write("phpunit.xml", CONFIGURATION);
    for (name, text) in files {
        env.write(name, text);
    }
    env
}

/// A file with a test class of its name that has these members.
pub(crate) fn class(name: &str, members: &str) -> String {
    format!(
        "<?php\nuse PHPUnit\\Framework\\TestCase;\nfinal class {name} extends TestCase {{\n{members}\n}}\n"
    )
}

/// Native id and outcome of every test of the last run, in the order of the report.
pub(crate) fn outcomes(env: &TestEnvironment) -> Vec<(String, String)> {
    let report = env.report();
    let tests = report.suite("unit")["tests"].as_array().unwrap().clone();
    let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
    tests
        .iter()
        .map(|test| {
            let native = text(&test["native_outcome"]);
            let outcome = text(&test["outcome"]);
            let outcome = match native.as_str() {
                "" => outcome,
                native => format!("{outcome} {native}"),
            };
            (text(&test["native_id"]), outcome)
        })
        .collect()
}

#[track_caller]
pub(crate) fn assert_outcomes(env: &TestEnvironment, expected: &[(&str, &str)]) {
    let found = outcomes(env);
    let found: Vec<(&str, &str)> = found
        .iter()
        .map(|(id, outcome)| (id.as_str(), outcome.as_str()))
        .collect();
    assert_eq!(found, expected);
}

/// The message of a test of the last run.
fn message(env: &TestEnvironment, id: &str) -> String {
    let report = env.report();
    let tests = report.suite("unit")["tests"].as_array().unwrap().clone();
    let test = tests.iter().find(|test| test["native_id"] == id).unwrap();
    test["message"].as_str().unwrap_or("").to_owned()
}

const OUTCOMES: &str = r#"
    public function testPasses(): void { $this->assertTrue(true); }
    public function testFails(): void { $this->assertSame(1, 2); }
    public function testErrors(): void { throw new RuntimeException('boom'); }
    public function testSkipped(): void { $this->markTestSkipped('why not'); }
    public function testIncomplete(): void { $this->markTestIncomplete('later'); }
    public function testRisky(): void { }
    /** @dataProvider data */
    public function testData(int $a, int $b): void { $this->assertSame($a, $b); }
    public static function data(): array { return ['a b' => [1, 1], 'ü "q" ::' => [2, 2], [3, 3]]; }
    public function testFirst(): int { $this->assertTrue(true); return 7; }
    /** @depends testFirst */
    public function testSecond(int $seven): void { $this->assertSame(7, $seven); }
    /** @depends testFails */
    public function testThird(): void { $this->assertTrue(true); }
    public function testPrints(): void { echo "hello\n"; $this->assertTrue(true); }
"#;

#[test]
fn every_outcome_is_phpunits_own_in_plan_order_for_any_number_of_workers() {
    if is_skipped() {
        return;
    }
    let a_class = class(
        "ATest",
        "public function testOne(): void { $this->assertTrue(true); }",
    );
    let b_class = class("BTest", OUTCOMES);
    let phpt = "--TEST--\nprints\n--FILE--\n<?php echo 'x';\n--EXPECT--\nx\n";
    let files = [
        ("tests/BTest.php", b_class.as_str()),
        ("tests/ATest.php", a_class.as_str()),
        ("tests/c.phpt", phpt),
    ];
    let env = suite("", &files);
    let config = env.read("paceline.toml");
    let mut outputs = Vec::new();
    for start in ["fork", "spawn"] {
        env.write("paceline.toml", &format!("{config}start = '{start}'\n"));
        for jobs in ["1", "2", "4", "8"] {
            let run = env.expect(1, &["-j", jobs, "--color", "never"]);
            assert_outcomes(
                &env,
                &[
                    ("ATest::testOne", "passed"),
                    ("BTest::testPasses", "passed"),
                    ("BTest::testFails", "failed"),
                    ("BTest::testErrors", "errored"),
                    ("BTest::testSkipped", "skipped"),
                    ("BTest::testIncomplete", "skipped incomplete"),
                    ("BTest::testRisky", "passed risky"),
                    ("BTest::testData with data set \"a b\"", "passed"),
                    ("BTest::testData with data set \"ü \"q\" ::\"", "passed"),
                    ("BTest::testData with data set #0", "passed"),
                    ("BTest::testFirst", "passed"),
                    ("BTest::testSecond", "passed"),
                    ("BTest::testThird", "skipped"),
                    ("BTest::testPrints", "passed"),
                    ("tests/c.phpt", "passed"),
                ],
            );
            outputs.push(without_times(&run.stdout));
        }
    }
    assert!(
        outputs.windows(2).all(|pair| pair[0] == pair[1]),
        "{outputs:#?}"
    );
    assert!(
        outputs[0].contains("also 1 incomplete, 1 risky; "),
        "{}",
        outputs[0]
    );
}

#[test]
fn a_test_that_ends_its_process_hurts_nobody_else() {
    if is_skipped() {
        return;
    }
    let members = r"
    public function testA(): void { $this->assertTrue(true); }
    public function testExit(): void { exit(3); }
    public function testZero(): void { exit(0); }
    public function testFatal(): void { (function (int $x) {})->bindTo(null); eval('class ATest2 extends Missing {} ; function f() {} function f() {}'); }
    public function testMemory(): void { ini_set('memory_limit', '48M'); $a = []; while (true) { $a[] = str_repeat('x', 1000000); } }
    public function testKill(): void { posix_kill(posix_getpid(), SIGKILL); }
    public function testSegfault(): void { posix_kill(posix_getpid(), SIGSEGV); }
    public function testB(): void { $this->assertTrue(true); }
";
    for start in ["fork", "spawn"] {
        let text = class("ATest", members);
        let env = suite(&format!("start = '{start}'"), &[("tests/ATest.php", &text)]);
        env.expect(1, &["-j", "2"]);
        assert_outcomes(
            &env,
            &[
                ("ATest::testA", "passed"),
                ("ATest::testExit", "crashed"),
                ("ATest::testZero", "crashed"),
                ("ATest::testFatal", "crashed"),
                ("ATest::testMemory", "crashed"),
                ("ATest::testKill", "crashed"),
                ("ATest::testSegfault", "crashed"),
                ("ATest::testB", "passed"),
            ],
        );
        let died = |test: &str| message(&env, &format!("ATest::{test}"));
        assert_eq!(died("testExit"), "the worker died: exit code 3");
        assert_eq!(died("testKill"), "the worker died: killed by SIGKILL");
        assert_eq!(died("testSegfault"), "the worker died: killed by SIGSEGV");
    }
}

#[test]
fn what_php_says_of_its_end_is_shown() {
    if is_skipped() {
        return;
    }
    let members = "public function testMemory(): void { ini_set('memory_limit', '48M'); \
                   $a = []; while (true) { $a[] = str_repeat('x', 1000000); } }";
    let text = class("ATest", members);
    let env = suite("", &[("tests/ATest.php", &text)]);
    let run = env.expect(1, &[]);
    assert!(run.stdout.contains("Allowed memory size of"), "{run}");
}

#[test]
fn a_test_that_hangs_is_timed_out_with_its_stack() {
    if is_skipped() {
        return;
    }
    let members = "
    public function testA(): void { $this->assertTrue(true); }
    private function whereItHangs(): void { while (true) { usleep(1000); } }
    public function testHang(): void { $this->whereItHangs(); }
    public function testB(): void { $this->assertTrue(true); }
";
    let text = class("ATest", members);
    let env = suite("timeout = '1s'", &[("tests/ATest.php", &text)]);
    let run = env.expect(1, &[]);
    assert_outcomes(
        &env,
        &[
            ("ATest::testA", "passed"),
            ("ATest::testHang", "timed-out"),
            ("ATest::testB", "passed"),
        ],
    );
    assert!(run.stdout.contains("whereItHangs"), "{run}");
}

#[test]
fn a_file_that_cannot_be_parsed_is_told_as_phpunit_tells_it() {
    if is_skipped() {
        return;
    }
    let ok = class(
        "OkTest",
        "public function testOk(): void { $this->assertTrue(true); }",
    );
    let files = [
        (
            "tests/BadTest.php",
            "<?php\nclass BadTest {\n  public function (\n",
        ),
        ("tests/OkTest.php", ok.as_str()),
    ];
    let env = suite("", &files);
    let run = env.expect(5, &["-j", "2"]);
    assert!(run.stdout.contains("syntax error"), "{run}");
    assert!(run.stdout.contains("BadTest.php"), "{run}");
}

#[test]
fn a_bootstrap_that_fails_is_an_error_of_the_suite_and_dependents_say_why() {
    if is_skipped() {
        return;
    }
    let ok = class(
        "OkTest",
        "public function testOk(): void { $this->assertTrue(true); }",
    );
    let files = [
        (
            "boot.php",
            "<?php\nthrow new RuntimeException('broken bootstrap');\n",
        ),
        ("tests/OkTest.php", ok.as_str()),
    ];
    let env = suite("args = ['--bootstrap', 'boot.php']", &files);
    let config = env.read("paceline.toml");
    env.write(
        "paceline.toml",
        &format!("{config}[suite.after]\ncommand = 'true'\ndepends-on = ['unit']\n"),
    );
    let run = env.expect(5, &[]);
    assert!(run.stdout.contains("broken bootstrap"), "{run}");
    assert_eq!(env.report().message("after"), "needs unit, which errored");
}

#[test]
fn php_or_phpunit_that_is_missing_is_named_before_anything_runs() {
    let env = suite("", &[]);
    let mut command = env.command(["run"]);
    let run = env.finish(command.env("PATH", env.root()));
    assert_eq!(run.code, Some(2), "{run}");
    assert!(run.stderr.contains("`phpunit` is not on PATH"), "{run}");
    let env = suite("php = 'php-of-another-time'", &[("vendor/bin/phpunit", "")]);
    let run = env.expect(2, &["run"]);
    let what = "the interpreter `php-of-another-time` is not on PATH";
    assert!(run.stderr.contains(what), "{run}");
}

#[test]
fn something_else_in_place_of_phpunit_is_an_error_of_the_suite() {
    if is_skipped() {
        return;
    }
    let env = suite("", &[("vendor/bin/phpunit", "<?php echo 'not it';")]);
    let run = env.expect(5, &["run"]);
    assert!(run.stdout.contains("vendor/bin/phpunit"), "{run}");
}

#[test]
fn a_killed_host_ends_the_suite_and_nothing_is_left() {
    if is_skipped() {
        return;
    }
    let members = "public function testA(): void {
        file_put_contents('host', (string) posix_getppid());
        file_put_contents('worker', (string) posix_getpid());
        posix_kill(posix_getppid(), SIGKILL);
        sleep(60);
    }";
    let text = class("ATest", members);
    let env = suite("", &[("tests/ATest.php", &text)]);
    env.expect(5, &["-j", "2"]);
    assert!(!is_alive(env.process("host")));
    await_death(env.process("worker"));
}

#[test]
fn an_interrupt_ends_workers_and_reports_what_ran() {
    if is_skipped() {
        return;
    }
    let members = "
    public function testA(): void { $this->assertTrue(true); }
    public function testB(): void { file_put_contents('worker', (string) posix_getpid()); sleep(60); }
    public function testC(): void { $this->assertTrue(true); }
";
    let text = class("ATest", members);
    let env = suite("", &[("tests/ATest.php", &text)]);
    env.interrupt_in("unit::ATest::testB");
    assert_outcomes(
        &env,
        &[
            ("ATest::testA", "passed"),
            ("ATest::testB", "not-run"),
            ("ATest::testC", "not-run"),
        ],
    );
    await_death(env.process("worker"));
}

#[test]
fn a_flaky_test_passes_on_its_second_attempt() {
    if is_skipped() {
        return;
    }
    let members = "public function testFlaky(): void {
        if (!file_exists('mark')) { touch('mark'); $this->fail('first'); }
        $this->assertTrue(true);
    }";
    let text = class("ATest", members);
    let env = suite("retries = 1", &[("tests/ATest.php", &text)]);
    env.expect(0, &[]);
    assert_eq!(env.report().0["counts"]["flaky"], 1);
}

#[test]
fn tests_are_selected_by_class_method_path_and_group() {
    if is_skipped() {
        return;
    }
    let first = class(
        "ATest",
        "/** @group slow */ public function testOne(): void { $this->assertTrue(true); }
         public function testTwo(): void { $this->assertTrue(true); }",
    );
    let second = class(
        "BTest",
        "/** @dataProvider data */
         public function testOne(int $x): void { $this->assertSame(1, $x); }
         public static function data(): array { return ['good' => [1], 'bad' => [2]]; }",
    );
    let files = [
        ("tests/ATest.php", first.as_str()),
        ("tests/sub/BTest.php", second.as_str()),
    ];
    let env = suite("", &files);
    let selected = |code: i32, arguments: &[&str]| {
        env.expect(code, &[&["run"], arguments].concat());
        let ids = outcomes(&env).into_iter().map(|(id, _)| id);
        ids.collect::<Vec<String>>().join(" | ")
    };
    let one = "ATest::testOne";
    let two = "ATest::testTwo";
    let good = "BTest::testOne with data set \"good\"";
    let bad = "BTest::testOne with data set \"bad\"";
    let all = [one, two, good, bad].join(" | ");
    assert_eq!(selected(1, &[]), all);
    assert_eq!(selected(1, &["--failed"]), bad);
    assert_eq!(selected(0, &["tests/ATest.php"]), [one, two].join(" | "));
    assert_eq!(selected(1, &["tests/sub"]), [good, bad].join(" | "));
    assert_eq!(selected(0, &["tests/ATest.php::testTwo"]), two);
    assert_eq!(selected(0, &["ATest::testTwo"]), two);
    assert_eq!(selected(1, &["BTest::testOne"]), [good, bad].join(" | "));
    assert_eq!(selected(0, &[good]), good);
    assert_eq!(
        selected(0, &[&format!("unit::{good}"), one]),
        [one, good].join(" | ")
    );
    assert_eq!(selected(1, &["-k", "data set"]), [good, bad].join(" | "));
    assert_eq!(selected(0, &["-m", "slow"]), one);
    assert_eq!(
        selected(1, &["-m", "not slow"]),
        [two, good, bad].join(" | ")
    );
    assert_eq!(
        selected(1, &["--", "--filter", "BTest"]),
        [good, bad].join(" | ")
    );
    assert_eq!(
        selected(0, &["--deselect", "BTest::testOne"]),
        [one, two].join(" | ")
    );
    assert_eq!(
        selected(0, &["--ignore", "tests/sub"]),
        [one, two].join(" | ")
    );
}

#[test]
fn phpt_conflicts_are_locks_that_need_no_declaration() {
    if is_skipped() {
        return;
    }
    let phpt = |section: &str| {
        format!(
            "--TEST--\nx\n{section}\n--FILE--\n<?php\n$lock = getcwd() . '/lock';\n\
             echo @mkdir($lock) ? 'alone' : 'not alone';\nusleep(20000);\n@rmdir($lock);\n--EXPECT--\nalone\n"
        )
    };
    let conflicting = phpt("--CONFLICTS--\nthe-lock");
    let files: Vec<(String, String)> = (0..6)
        .map(|i| (format!("tests/{i}.phpt"), conflicting.clone()))
        .collect();
    let files: Vec<(&str, &str)> = files
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let env = suite("", &files);
    let run = env.expect(0, &["-j", "4"]);
    assert_eq!(outcomes(&env).len(), 6, "{run}");
}

#[test]
fn fixtures_of_a_class_are_set_up_once_and_other_classes_are_shared_out() {
    if is_skipped() {
        return;
    }
    let many: String = (0..40)
        .map(|i| {
            format!(
                "public function test{i}(): void {{ usleep(20000); \
                 file_put_contents('pids', posix_getpid() . \"\\n\", FILE_APPEND); $this->assertTrue(true); }}\n"
            )
        })
        .collect();
    let heavy: String = (0..10)
        .map(|i| {
            format!(
                "public function test{i}(): void {{ usleep(5000); $this->assertTrue(true); }}\n"
            )
        })
        .collect();
    let heavy = format!(
        "public static function setUpBeforeClass(): void {{ file_put_contents('setups', 'x', FILE_APPEND); }}\n{heavy}"
    );
    let free = class("FreeTest", &many);
    let heavy = class("HeavyTest", &heavy);
    let files = [
        ("tests/FreeTest.php", free.as_str()),
        ("tests/HeavyTest.php", heavy.as_str()),
    ];
    let env = suite("", &files);
    env.expect(0, &["-j", "2"]);
    assert_eq!(outcomes(&env).len(), 50);
    assert_eq!(env.read("setups"), "x");
    let pids: std::collections::BTreeSet<String> =
        env.read("pids").lines().map(str::to_owned).collect();
    assert_eq!(pids.len(), 2, "the class without fixtures was split");
}

#[test]
fn fail_fast_leaves_the_rest_not_run_and_so_does_phpunits_own_option() {
    if is_skipped() {
        return;
    }
    let text = |name: &str| {
        class(
            name,
            "public function testA(): void { $this->fail('no'); }
             public function testB(): void { usleep(1000); $this->assertTrue(true); }",
        )
    };
    let texts = ["ATest", "BTest", "CTest"].map(|name| (format!("tests/{name}.php"), text(name)));
    let files: Vec<(&str, &str)> = texts
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let env = suite("", &files);
    for arguments in [
        &["run", "-x", "-j", "1"][..],
        &["run", "-j", "1", "--", "--stop-on-failure"],
    ] {
        env.expect(1, arguments);
        let counts = env.report().0["counts"].clone();
        assert_eq!(counts["failed"], 1, "{counts}");
        assert!(counts["not_run"].as_u64().unwrap() >= 2, "{counts}");
    }
}
