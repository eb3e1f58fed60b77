//! Options of PHPUnit suites: paceline's own and PHPUnit's.

use std::collections::BTreeSet;
use std::process::Command;

use crate::environment::TestEnvironment;
use crate::phpunit::{assert_outcomes, class, is_skipped, outcomes, suite};

/// A class of three tests that write down which process runs them.
fn writes_pids(name: &str) -> String {
    let member = |test| {
        format!(
            "public function test{test}(): void {{ \
             file_put_contents('pids', '{name} ' . getmypid() . \"\\n\", FILE_APPEND); \
             $this->assertTrue(true); }}\n"
        )
    };
    class(name, &["A", "B", "C"].map(member).concat())
}

/// The processes that have run tests of classes whose names begin so.
fn pids(env: &TestEnvironment, prefix: &str) -> BTreeSet<String> {
    let text = env.read("pids");
    let of_class = text.lines().filter(|line| line.starts_with(prefix));
    of_class
        .map(|line| line.split(' ').next_back().unwrap().to_owned())
        .collect()
}

#[test]
fn failed_and_a_path_choose_the_failed_tests_of_that_path() {
    if is_skipped() {
        return;
    }
    let members = "public function testBad(): void { $this->fail('no'); }
                   public function testGood(): void { $this->assertTrue(true); }";
    let files = [
        ("tests/ATest.php", class("ATest", members)),
        ("tests/sub/BTest.php", class("BTest", members)),
    ];
    let files = files.each_ref().map(|(name, text)| (*name, text.as_str()));
    let env = suite("", &files);
    env.expect(1, &["run"]);
    env.expect(1, &["run", "--failed"]);
    assert_outcomes(
        &env,
        &[("ATest::testBad", "failed"), ("BTest::testBad", "failed")],
    );
    env.expect(1, &["run", "--failed", "tests/sub/BTest.php"]);
    assert_outcomes(&env, &[("BTest::testBad", "failed")]);
    env.expect(1, &["run"]);
    env.expect(1, &["run", "--failed", "tests/sub"]);
    assert_outcomes(&env, &[("BTest::testBad", "failed")]);
}

#[test]
fn workers_are_at_most_as_many_as_configured() {
    if is_skipped() {
        return;
    }
    let texts = ["ATest", "BTest", "CTest", "DTest"].map(|name| {
        let file = format!("tests/{name}.php");
        (file, writes_pids(name))
    });
    let files = texts
        .each_ref()
        .map(|(name, text)| (name.as_str(), text.as_str()));
    for start in ["fork", "spawn"] {
        let env = suite(&format!("workers = 1\nstart = '{start}'"), &files);
        env.expect(0, &["-j", "4"]);
        assert_eq!(outcomes(&env).len(), 12);
        assert_eq!(pids(&env, "").len(), 1, "{start}");
    }
}

#[test]
fn isolation_gives_classes_or_tests_a_process_each() {
    if is_skipped() {
        return;
    }
    let [a, b] = ["ATest", "BTest"].map(writes_pids);
    let files = [
        ("tests/ATest.php", a.as_str()),
        ("tests/BTest.php", b.as_str()),
    ];
    for (isolation, of_class) in [("file", 1), ("test", 3)] {
        let env = suite(&format!("isolation = '{isolation}'"), &files);
        env.expect(0, &["-j", "1"]);
        assert_eq!(outcomes(&env).len(), 6);
        assert_eq!(pids(&env, "ATest").len(), of_class, "{isolation}");
        assert_eq!(pids(&env, "").len(), 2 * of_class, "{isolation}");
    }
}

#[test]
fn a_spawned_worker_boots_by_itself_and_a_forked_one_does_not() {
    if is_skipped() {
        return;
    }
    let boot = "<?php\nfile_put_contents('boots', getmypid() . \"\\n\", FILE_APPEND);\n";
    let test = writes_pids("ATest");
    let files = [("boot.php", boot), ("tests/ATest.php", test.as_str())];
    for start in ["fork", "spawn"] {
        let keys = format!("start = '{start}'\nargs = ['--bootstrap', 'boot.php']");
        let env = suite(&keys, &files);
        env.expect(0, &["-j", "2"]);
        let boots: BTreeSet<String> = env.read("boots").lines().map(str::to_owned).collect();
        let workers = pids(&env, "");
        assert_eq!(workers.len(), 1);
        assert_eq!(workers.is_subset(&boots), start == "spawn", "{start}");
        assert_eq!(boots.len(), if start == "spawn" { 2 } else { 1 }, "{start}");
    }
}

#[test]
fn a_test_suite_is_chosen_by_its_name() {
    if is_skipped() {
        return;
    }
    let member = "public function testIt(): void { $this->assertTrue(true); }";
    let [a, b] = ["ATest", "BTest"].map(|name| class(name, member));
    let env = suite(
        "",
        &[("tests/one/ATest.php", &a), ("tests/two/BTest.php", &b)],
    );
    env.write(
        "phpunit.xml",
        "<phpunit><testsuites><testsuite name='one'><directory>tests/one</directory></testsuite>\
         <testsuite name='two'><directory>tests/two</directory></testsuite></testsuites></phpunit>",
    );
    env.expect(0, &["run", "--", "--testsuite", "two"]);
    assert_outcomes(&env, &[("BTest::testIt", "passed")]);
    let config = env.read("paceline.toml");
    env.write(
        "paceline.toml",
        &format!("{config}args = ['--testsuite', 'one']\n"),
    );
    env.expect(0, &["run"]);
    assert_outcomes(&env, &[("ATest::testIt", "passed")]);
}

#[test]
fn what_phpunit_stops_at_ends_tests_in_flight() {
    if is_skipped() {
        return;
    }
    // The first class fails when the second is in the middle of a test that does not end by itself.
    let fails = "public function testFails(): void {
        while (!file_exists('began')) { usleep(1000); clearstatcache(); }
        $this->fail('no');
    }";
    let hangs = "public function testHangs(): void { touch('began'); sleep(600); touch('ended'); }
                 public function testNext(): void { touch('ended'); }";
    let [a, b] = [class("ATest", fails), class("BTest", hangs)];
    let files = [
        ("tests/ATest.php", a.as_str()),
        ("tests/BTest.php", b.as_str()),
    ];
    for start in ["fork", "spawn"] {
        let env = suite(&format!("start = '{start}'"), &files);
        env.expect(1, &["run", "-j", "2", "--", "--stop-on-failure"]);
        assert_outcomes(
            &env,
            &[
                ("ATest::testFails", "failed"),
                ("BTest::testHangs", "not-run"),
                ("BTest::testNext", "not-run"),
            ],
        );
        assert!(!env.root().join("ended").exists());
    }
}

#[test]
fn a_phpt_file_that_is_stopped_cleans_up() {
    if is_skipped() {
        return;
    }
    let fails = "public function testFails(): void {
        while (!file_exists(__DIR__ . '/dirty')) { usleep(1000); clearstatcache(); }
        $this->fail('no');
    }";
    let phpt = "--TEST--\nx\n--FILE--\n<?php\ntouch(__DIR__ . '/dirty');\nsleep(600);\necho 'x';\n\
                --CLEAN--\n<?php\nunlink(__DIR__ . '/dirty');\n--EXPECT--\nx\n";
    let text = class("ATest", fails);
    let env = suite("", &[("tests/ATest.php", &text), ("tests/b.phpt", phpt)]);
    let config = env.read("paceline.toml");
    // Long enough for what cleans up to start on a busy machine.
    env.write("paceline.toml", &config.replace("'100ms'", "'60s'"));
    env.expect(1, &["run", "-j", "2", "--", "--stop-on-failure"]);
    assert_outcomes(
        &env,
        &[("ATest::testFails", "failed"), ("tests/b.phpt", "not-run")],
    );
    assert!(!env.root().join("tests/dirty").exists());
}

#[test]
fn a_seed_gives_phpunits_own_random_order() {
    if is_skipped() {
        return;
    }
    let member =
        |test| format!("public function test{test}(): void {{ $this->assertTrue(true); }}\n");
    let texts = ["ATest", "BTest", "CTest"].map(|name| {
        let members: String = (0..6).map(member).collect();
        (format!("tests/{name}.php"), class(name, &members))
    });
    let files = texts
        .each_ref()
        .map(|(name, text)| (name.as_str(), text.as_str()));
    let env = suite("", &files);
    let options = ["--order-by=random", "--random-order-seed=7"];
    let ids = |env: &TestEnvironment| -> Vec<String> {
        outcomes(env).into_iter().map(|(id, _)| id).collect()
    };
    env.expect(0, &["run"]);
    let usual = ids(&env);
    let plain = Command::new("phpunit")
        .args(options)
        .args(["--log-junit", "plain.xml"])
        .current_dir(env.root())
        .output()
        .unwrap();
    assert!(plain.status.success(), "{plain:?}");
    let log = env.read("plain.xml");
    let attribute = |line: &str, name: &str| {
        let (_, rest) = line.split_once(&format!(" {name}=\"")).unwrap();
        rest.split_once('"').unwrap().0.to_owned()
    };
    let cases = log.lines().filter(|line| line.contains("<testcase "));
    let expected: Vec<String> = cases
        .map(|line| format!("{}::{}", attribute(line, "class"), attribute(line, "name")))
        .collect();
    assert_eq!(expected.len(), 18);
    assert_ne!(expected, usual);
    let config = env.read("paceline.toml");
    for start in ["fork", "spawn"] {
        env.write("paceline.toml", &format!("{config}start = '{start}'\n"));
        for jobs in ["1", "4"] {
            env.expect(0, &[&["run", "-j", jobs, "--"], &options[..]].concat());
            assert_eq!(ids(&env), expected, "{start} {jobs}");
        }
    }
}

#[test]
fn tests_that_need_what_a_dead_worker_has_run_get_it() {
    if is_skipped() {
        return;
    }
    let members = "
    public function testFirst(): int { file_put_contents('first', 'x', FILE_APPEND); $this->assertTrue(true); return 7; }
    public function testExits(): void { exit(0); }
    /** @depends testFirst */
    #[\\PHPUnit\\Framework\\Attributes\\Depends('testFirst')]
    public function testSecond(int $seven): void { $this->assertSame(7, $seven); }
    /** @depends testExits */
    #[\\PHPUnit\\Framework\\Attributes\\Depends('testExits')]
    public function testThird(): void { $this->assertTrue(true); }
";
    let text = class("ATest", members);
    for start in ["fork", "spawn"] {
        let env = suite(&format!("start = '{start}'"), &[("tests/ATest.php", &text)]);
        env.expect(1, &["-j", "1"]);
        assert_outcomes(
            &env,
            &[
                ("ATest::testFirst", "passed"),
                ("ATest::testExits", "crashed"),
                ("ATest::testSecond", "passed"),
                ("ATest::testThird", "skipped"),
            ],
        );
        assert_eq!(env.read("first"), "xx", "{start}");
    }
}
