"""The same results as with PHPUnit itself; and what makes tests stay together, or apart."""

import subprocess
import unittest

import compare
from suite import HERE, SuiteCase, php, version


class Parity(SuiteCase):
    SUITE = HERE / "suites" / "features"

    def test_results_are_those_of_phpunit(self):
        expected, _ = compare.plain(self.SUITE)
        self.assertEqual(len(expected), 22)
        for start in ("fork", "spawn"):
            for workers in (1, 2, 8):
                with self.subTest(start=start, workers=workers):
                    results, engine = compare.through_worker(self.SUITE, (), workers, start)
                    engine.cleanup()
                    results = {key: [(self.plainly(s), n) for s, n in value] for key, value in results.items()}
                    self.assertEqual(compare.differences(expected, results), [])
                    self.assertEqual(engine.errors, [])

    @unittest.skipIf(version() < (10, 0), "needs PHPUnit 10")
    def test_issues_of_the_runner_fail_where_they_fail_phpunit(self):
        self.write(OkTest="function testOk() { $this->assertTrue(true); }", EmptyTest="")
        options = subprocess.run([*compare.PHPUNIT, "--help"], stdout=subprocess.PIPE).stdout.decode()
        for arg in ("", "--fail-on-warning", "--fail-on-phpunit-warning", "--do-not-fail-on-phpunit-warning"):
            if arg not in options:
                continue
            args = [arg] if arg else []
            with self.subTest(args=args):
                _, code = compare.plain(self.directory, args)
                self.assertEqual(self.run_suite(args), {"OkTest::testOk": "passed"})
                goodbyes = self.engine.of_kind("goodbye")
                self.assertEqual([message["exit_status"] for message in goodbyes if message["exit_status"]], [1] if code else [])

    @staticmethod
    def plainly(status):
        # PHPUnit 9 writes down which tests are risky; later ones do not.
        return "passed" if status == "risky" and version() >= (10, 0) else status

    def test_selections_are_those_of_phpunit(self):
        for args in (["--filter", "Data"], ["--group", "broken"], ["--exclude-group", "broken"], ["--testsuite", "files"]):
            with self.subTest(args=args):
                expected, _ = compare.plain(self.SUITE, args)
                results, engine = compare.through_worker(self.SUITE, args)
                engine.cleanup()
                self.assertEqual(sorted(expected), sorted(results))
                self.assertTrue(expected)

    def test_a_seed_gives_phpunits_order(self):
        args = ["--order-by=random", "--random-order-seed=7"]
        expected, _ = compare.plain(self.SUITE, args)
        for start in ("fork", "spawn"):
            results, engine = compare.through_worker(self.SUITE, args, 2, start)
            engine.cleanup()
            self.assertEqual(list(results), list(expected))

    def test_spawned_workers_have_the_hosts_seed(self):
        self.run_suite(["--order-by=random"], self.SUITE, start="spawn")
        self.assertEqual(self.engine.errors, [])
        self.assertEqual(len(list(self.engine.results())), 22)
        self.assertIn("seed", self.engine.ready["worker_input"])

    def test_a_single_class(self):
        self.write(
            ATest="static function setUpBeforeClass(): void { file_put_contents('set-up', 'x', FILE_APPEND); }\n"
            "function testOne() { $this->assertTrue(true); }\nfunction testTwo() { $this->assertTrue(true); }\n"
        )
        for start in ("fork", "spawn"):
            with self.subTest(start=start):
                outcomes = self.run_suite(["tests/ATest.php"], start=start)
                self.assertEqual(outcomes, {"ATest::testOne": "passed", "ATest::testTwo": "passed"})
                self.assertEqual((self.directory / "set-up").read_text(), "x")
                (self.directory / "set-up").unlink()

    def test_repetitions_are_one_test_of_those_that_are_chosen(self):
        if version() < (13, 0):
            self.skipTest("needs PHPUnit 13")
        self.write(
            ATest="#[PHPUnit\\Framework\\Attributes\\DataProvider('data')]\n"
            "function testIt($x): void { file_put_contents('ran', $x, FILE_APPEND); $this->assertTrue(true); }\n"
            "static function data() { return ['one' => [1], 'two' => [2]]; }\n"
        )
        outcomes = self.run_suite(["--repeat", "2", "--filter", "testIt#two"])
        self.assertEqual(list(outcomes.values()), ["passed"])
        self.assertEqual((self.directory / "ran").read_text(), "22")

    def test_process_isolation(self):
        args = ["--process-isolation", "--filter", "Fixtures"]
        outcomes = self.run_suite(args, self.SUITE)
        self.assertEqual(set(outcomes.values()), {"passed"})


class Words(SuiteCase):
    SUITE = HERE / "suites" / "features"

    def native(self, name):
        return self.result("Features\\OutcomesTest::" + name).get("native")

    def test_finer_outcomes_have_phpunits_words(self):
        self.run_suite((), self.SUITE)
        self.assertEqual(self.native("testIsIncomplete"), "incomplete")
        self.assertEqual(self.native("testIsRisky"), "risky")
        self.assertIsNone(self.native("testPasses"))
        self.assertEqual([w["category"] for w in self.engine.warnings if "test" in w], ["risky"])

    def test_a_failure_has_message_difference_and_place(self):
        self.run_suite((), self.SUITE)
        problem = self.result("Features\\OutcomesTest::testFails")["problems"][0]
        self.assertEqual(problem["message"], "Failed asserting that two arrays are identical.")
        self.assertIn("--- Expected\n+++ Actual\n", problem["text"])
        self.assertTrue(problem["location"]["file"].endswith("OutcomesTest.php"))
        self.assertEqual(problem["location"]["line"], 21)
        problem = self.result("Features\\OutcomesTest::testErrs")["problems"][0]
        self.assertEqual(problem["message"], "RuntimeException: outer")
        self.assertEqual(problem["text"].count("LogicException: inner"), 1)
        self.assertNotIn("worker.php", problem["text"])

    def test_output_is_with_the_result(self):
        self.run_suite((), self.SUITE)
        sections = self.result("Features\\OutcomesTest::testPrints")["sections"]
        self.assertEqual(sections, [["Output", "some output"]])

    def test_what_phpunit_shall_fail_for_fails(self):
        outcomes = self.run_suite(["--fail-on-risky", "--fail-on-incomplete", "--fail-on-skipped"], self.SUITE)
        for name in ("testIsRisky", "testIsIncomplete", "testIsSkipped"):
            self.assertEqual(outcomes["Features\\OutcomesTest::" + name], "failed", name)

    def test_what_phpunit_shall_stop_at(self):
        self.run_suite(["--stop-on-failure"], self.SUITE)
        self.assertEqual(self.engine.ready["maxfail"], 1)
        self.assertIsNone(self.engine.stopping)
        self.run_suite(["--stop-on-skipped"], self.SUITE, workers=1)
        self.assertEqual(self.engine.ready["maxfail"], 0)
        self.assertIn("skipped", self.engine.stopping["reason"])


class Marks(SuiteCase):
    SUITE = HERE / "suites" / "marks"

    def test_serial_tests_and_conflicts(self):
        self.run_suite((), self.SUITE)
        said = {name: test["paceline"] for name, test in self.descriptions().items() if "paceline" in test}
        self.assertEqual(
            said,
            {
                "AnnotatedTest::testAlone": {"serial": True},
                "AttributesTest::testAlone": {"serial": True},
                "ChildTest::testAlone": {"serial": True},
                "tests/all.phpt": {"serial": True},
                "tests/keys.phpt": {"conflicts": ["database", "port-80"]},
            },
        )
        self.assertEqual(set(self.engine.held), set(said))

    def test_what_stays_together(self):
        self.run_suite((), self.SUITE)
        groups = {name: test.get("group") for name, test in self.descriptions().items()}
        self.assertIsNone(groups["DependingTest::testFree"])
        self.assertIsNone(groups["AttributesTest::testFree"])
        self.assertEqual(groups["DependingTest::testFirst"], groups["DependingTest::testSecond"])
        self.assertTrue(groups["DependingTest::testFirst"].startswith("depends:"))
        # A class with fixtures is whole; what depends on it comes along.
        self.assertTrue(groups["ProvidingTest::testOther"].startswith("group:"))
        for name in ("ProvidingTest::testProvides", "DependingTest::testOfOther"):
            self.assertEqual(groups[name], groups["ProvidingTest::testOther"])

    def test_what_other_workers_provide_is_there(self):
        # This engine does not keep the classes of a group together.
        for workers in (1, 2, 8):
            outcomes = self.run_suite((), self.SUITE, workers=workers)
            self.assertEqual(set(outcomes.values()), {"passed"})

    def test_overrides(self):
        overrides = [
            {"tests": "DependingTest::*", "weight": 2},
            {"tests": "*::testFree", "needs": ["db"]},
        ]
        self.run_suite((), self.SUITE, overrides=overrides)
        said = {name: test.get("paceline") for name, test in self.descriptions().items()}
        self.assertEqual(said["DependingTest::testFree"], {"needs": ["db"], "weight": 2})
        self.assertEqual(said["DependingTest::testFirst"], {"weight": 2})
        self.assertEqual(said["ProvidingTest::testOther"], None)

    def test_classes_stay_whole_where_asked(self):
        self.run_suite((), self.SUITE, split="class")
        self.assertEqual(self.descriptions()["AttributesTest::testFree"]["group"], "class:AttributesTest")

    def test_targets(self):
        for targets, expected in (
            (["tests/ProvidingTest.php"], {"ProvidingTest::testOther", "ProvidingTest::testProvides"}),
            (["tests/ProvidingTest.php::testOther", "tests/all.phpt"], {"ProvidingTest::testOther", "tests/all.phpt"}),
            (["AttributesTest"], {"AttributesTest::testFree", "AttributesTest::testAlone"}),
            (["nothing"], set()),
        ):
            with self.subTest(targets=targets):
                for start in ("fork", "spawn"):
                    self.assertEqual(set(self.run_suite((), self.SUITE, targets=targets, start=start)), expected)
        left = self.run_suite((), self.SUITE, ignore=["tests/all.phpt"], deselect=["DependingTest", "ChildTest::testAlone"])
        self.assertEqual(len(left), 6)


class Coverage(SuiteCase):
    CODE = """<?php
        class Code
        {
            static function one()
            {
                return 1;
            }
            static function two()
            {
                return 2;
            }
        }
        """

    def test_merged_reports_are_those_of_one_process(self):
        if not php("echo extension_loaded('pcov');"):
            self.skipTest("needs pcov")
        source = "<source><include><directory>src</directory></include></source>"
        if version() < (10, 0):
            source = "<coverage><include><directory>src</directory></include></coverage>"
        load = "function test() { require_once __DIR__ . '/../src/Code.php'; $this->assertSame(%d, Code::%s()); }\n"
        self.write(more=source, ATest=load % (1, "one"), BTest=load % (2, "two"))
        (self.directory / "src").mkdir()
        (self.directory / "src" / "Code.php").write_text(self.CODE)
        report = self.directory / "report.txt"
        compare.plain(self.directory, ["--coverage-text=" + str(report)])
        expected = self.totals(report.read_text())
        self.assertIn("Lines: 100.00%", expected)
        for start in ("fork", "spawn"):
            self.run_suite(["--coverage-text"], start=start)
            summary = self.engine.host.goodbye["summary"]
            self.assertEqual(self.totals(summary), expected)

    @staticmethod
    def totals(text):
        lines = [" ".join(line.split()) for line in text.splitlines() if "%" in line]
        return "\n".join(lines)


if __name__ == "__main__":
    unittest.main()
