//! Suites that frameworks run.

use paceline_engine::outcome::Outcome;

use super::tests::{assert_valid, junit};
use crate::test_framework::{
    Story, eventful_suite, eventful_tests, framework_suite, play, shuffled, test_of,
};

#[test]
fn everything_that_can_happen_in_a_suite() {
    let document = junit(&eventful_suite());
    assert_valid(&document);
    insta::assert_snapshot!(document, @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <testsuites name="paceline" time="8.260" tests="14" failures="3" errors="5">
      <testsuite name="api" tests="14" failures="3" errors="5" skipped="3" time="8.260" timestamp="2026-11-20T15:00:00Z" hostname="ci-1" id="0" package="pytest" log=".paceline/logs/api.log">
        <properties>
          <property name="paceline.run_id" value="01K3F9"/>
          <property name="paceline.command" value="python -m pytest"/>
          <property name="paceline.dir" value="."/>
        </properties>
        <testcase name="test_login" classname="tests.test_auth" time="0.030"/>
        <testcase name="test_expiry[1::2]" classname="tests.test_auth.TestToken" time="0.030"/>
        <testcase name="test_renewal" classname="tests.test_auth.TestToken" time="0.030"/>
        <testcase name="test_segfault" classname="tests.test_faults" time="0.030">
          <error type="crashed" message="signal 11 (SIGSEGV)">signal 11 (SIGSEGV)
    Fatal Python error: Segmentation fault
    </error>
        </testcase>
        <testcase name="test_hang" classname="tests.test_faults" time="0.030">
          <error type="timed-out" message="timed out after 5s">File &quot;tests/test_faults.py&quot;, line 12 in test_hang</error>
        </testcase>
        <testcase name="test_network" classname="tests.test_flaky" time="0.030">
          <flakyFailure type="failed" message="ConnectionError: refused">
            <stackTrace/>
          </flakyFailure>
        </testcase>
        <testcase name="test_refund" classname="tests.test_orders" time="0.030" assertions="2">
          <failure message="assert 10 == 11&#10; +  where 10 = total()">    def test_refund():
    &gt;       assert total() == 11
    E       assert 10 == 11
    E        +  where 10 = total()

    tests/test_orders.py:12: AssertionError</failure>
          <error message="failed on teardown with &quot;OSError: disk full&quot;">E   OSError: disk full</error>
          <system-out>----------------------------- Captured stdout call -----------------------------
    refunding
    red
    ------------------------------ Captured log call -------------------------------
    INFO     orders:orders.py:3 refund
    </system-out>
          <system-err>----------------------------- Captured stderr call -----------------------------
    careful
    </system-err>
        </testcase>
        <testcase name="test_set_up" classname="tests.test_orders" time="0.030">
          <error message="failed on setup with &quot;RuntimeError: no database&quot;">E   RuntimeError: no database</error>
        </testcase>
        <testcase name="test_skipped" classname="tests.test_orders" time="0.030">
          <skipped type="pytest.skip" message="needs a network">/repo/tests/test_orders.py:7: needs a network</skipped>
        </testcase>
        <testcase name="test_skipped_too" classname="tests.test_orders" time="0.030">
          <skipped type="pytest.skip" message="needs a network">/repo/tests/test_orders.py:7: needs a network</skipped>
        </testcase>
        <testcase name="test_xfailed" classname="tests.test_orders" time="0.030">
          <skipped type="pytest.xfail" message="ticket 42"/>
        </testcase>
        <testcase name="test_xpassed" classname="tests.test_orders" time="0.030"/>
        <testcase name="test_parts" classname="tests.test_orders" time="0.030">
          <failure message="assert 2 == 3">E   assert 2 == 3</failure>
          <failure message="contains 1 failed subtest">contains 1 failed subtest</failure>
        </testcase>
        <testcase name="tests.test_broken" classname="" time="0.030">
          <error message="collection failure">tests/test_broken.py:1: in &lt;module&gt;
    E   ModuleNotFoundError: No module named &apos;nope&apos;</error>
        </testcase>
      </testsuite>
    </testsuites>
    "#);
}

#[test]
fn the_order_in_which_tests_ended_does_not_matter() {
    let document = |order: &[usize]| {
        let suites = [framework_suite("api"), framework_suite("web")];
        let tests = [eventful_tests("api"), eventful_tests("web")].concat();
        let document = junit(&play(2, &suites, &tests, order));
        assert_valid(&document);
        let mut lines: Vec<&str> = document.lines().collect();
        // When a suite ended does depend on it.
        lines.retain(|line| !line.trim_start().starts_with("<testsuite"));
        lines.join("\n")
    };
    let count = 2 * eventful_tests("api").len();
    let plan: Vec<usize> = (0..count).collect();
    assert_eq!(document(&plan), document(&shuffled(count)));
}

#[test]
fn class_names_begin_with_the_suite_where_there_are_several() {
    let suites = [framework_suite("api"), framework_suite("web")];
    let tests = [
        test_of("api", "test_a.py::test_x"),
        test_of("web", "test_a.py::test_x"),
        test_of("web", "test_b.py")
            .ended(Outcome::Skipped, "no")
            .reason("collect", "skipped", "no"),
    ];
    let document = junit(&play(1, &suites, &tests, &[0, 1, 2]));
    let root = assert_valid(&document);
    let mut cases = Vec::new();
    root.all("testcase", &mut cases);
    let classes: Vec<&str> = cases
        .iter()
        .map(|case| case.attribute("classname"))
        .collect();
    assert_eq!(classes, ["api.test_a", "web.test_a", "web"]);
    let skipped = &cases[2].children[0];
    assert_eq!(skipped.attribute("message"), "collection skipped");
    assert_eq!(skipped.text, "('/repo/test_b.py', 7, 'Skipped: no')");
}

#[test]
fn tests_of_phpunit_are_told_as_its_own_log_tells_them() {
    let mut suite = framework_suite("web");
    suite.framework = "phpunit".to_owned();
    let class = |id: &str, assertions| {
        test_of("web", id).with(|details| {
            details.unit = "tests/FooTest.php".into();
            details.file = Some("tests/FooTest.php".to_owned());
            details.assertions = Some(assertions);
        })
    };
    let tests = [
        class("App\\FooTest::testA", 1)
            .ended(Outcome::Failed, "1 is not 2.")
            .problem(
                "call",
                "failed",
                "1 is not 2.\n\n/repo/tests/FooTest.php:7",
                "1 is not 2.",
            )
            .with(|details| {
                details.problems[0].kind =
                    Some("PHPUnit\\Framework\\ExpectationFailedException".to_owned());
                details.sections = vec![("Output".to_owned(), "hello\n".to_owned())];
            }),
        class("App\\FooTest::testB with data set \"x\"", 0)
            .with(|details| details.native_outcome = Some("risky".to_owned())),
        class("App\\FooTest::testC", 0)
            .ended(Outcome::Skipped, "later")
            .reason("call", "skipped", "later")
            .with(|details| details.native_outcome = Some("incomplete".to_owned())),
        test_of("web", "tests/a.phpt"),
    ];
    let document = junit(&play(1, &[suite], &tests, &[0, 1, 2, 3]));
    assert_valid(&document);
    let (_, cases) = document.split_once("</properties>").unwrap();
    insta::assert_snapshot!(cases, @r#"
        <testcase name="testA" classname="App.FooTest" time="0.030" class="App\FooTest" file="tests/FooTest.php" line="10" assertions="1">
          <failure type="PHPUnit\Framework\ExpectationFailedException" message="1 is not 2.">App\FooTest::testA
    1 is not 2.

    /repo/tests/FooTest.php:7</failure>
          <system-out>hello
    </system-out>
        </testcase>
        <testcase name="testB with data set &quot;x&quot;" classname="App.FooTest" time="0.030" class="App\FooTest" file="tests/FooTest.php" line="10" assertions="0" status="risky"/>
        <testcase name="testC" classname="App.FooTest" time="0.030" class="App\FooTest" file="tests/FooTest.php" line="10" assertions="0" status="incomplete">
          <skipped type="incomplete" message="later"/>
        </testcase>
        <testcase name="tests/a.phpt" classname="" time="0.030" file="tests/a.phpt" line="10"/>
      </testsuite>
    </testsuites>
    "#);
}
