"""Suites with all that the frameworks have, against plain runs of the same."""

import re
import subprocess
import unittest

from support import RUBY, SUITES, plainly, results, run

SEED = ("--seed", "42")


def unnumbered(rows):
    return [[re.sub(r" #\d+$", "", id), *rest] for id, *rest in rows]


def settled(rows):
    """The tests that minitest itself runs in threads end in any order."""
    free = [index for index, row in enumerate(rows) if row[0].startswith("ParallelTest#")]
    rows = list(rows)
    for index, row in zip(free, sorted((rows[index] for index in free), key=str)):
        rows[index] = row
    return rows


def ordered(engine):
    """Whether a seed alone says what the order is: before 5.16 minitest's depended on all random
    numbers that had been used before, by the names of temporary files too."""
    framework = engine.host.hello["framework"]
    version = tuple(int(part) for part in framework["version"].split(".")[:2])
    return framework["name"] != "minitest" or version >= (5, 16)


class Parity:
    framework = None
    directory = None
    args = ()
    plain_args = ("test",)
    ruby_options = ()

    @classmethod
    def setUpClass(cls):
        rows = plainly(cls.directory, cls.framework, *cls.plain_args, ruby_options=cls.ruby_options)
        # Errors beside the tests.
        cls.plain = [row for row in rows if not row[0].startswith("(")]
        cls.beside = len(rows) - len(cls.plain)

    def compare(self, **options):
        engine = run(
            self.directory, self.framework, *self.args, ruby_options=self.ruby_options, **options
        )
        self.addCleanup(engine.cleanup)
        found, plain = unnumbered(results(engine)), self.plain
        if not ordered(engine):
            found, plain = sorted(found, key=str), sorted(plain, key=str)
        self.assertEqual(settled(found), settled(plain))
        self.assertEqual(len(engine.collect_errors), self.beside, engine.collect_errors)
        ids = [id for id, *_ in results(engine)]
        self.assertEqual(len(set(ids)), len(ids))
        self.assertEqual(engine.errors, [])
        return engine

    def test_the_plain_run_is_worth_comparing_with(self):
        outcomes = {outcome for _, outcome, *_ in self.plain}
        self.assertEqual(outcomes, {"passed", "failed", "errored", "skipped"})

    def test_forked(self):
        for workers in 1, 2, 8:
            with self.subTest(workers=workers):
                engine = self.compare(workers=workers)
                self.assertTrue(engine.ready["can_fork"])

    def test_spawned(self):
        self.compare(start="spawn", workers=2)

    def test_over_tcp(self):
        self.compare(tcp=True, workers=2)

    def test_every_text_is_one_of_the_plain_run(self):
        done = subprocess.run(
            [RUBY, "-e", self.plain_script, "--", *self.plain_options],
            cwd=self.directory,
            capture_output=True,
            text=True,
            errors="replace",
        )
        engine = self.compare()
        texts = [
            text
            for _, _, result in engine.results()
            for text in (
                *(problem["text"] for problem in result.get("problems", ())),
                *(section[1] for section in result.get("sections", ())),
            )
        ]
        self.assertGreater(len(texts), 10)
        for text in texts:
            # An empty example fails in minitest itself, which has no place to say.
            if "(no tests defined)" not in text:
                self.assertIn(text.strip(), done.stdout)
            self.assertNotIn("paceline_worker", text)

    def test_one_at_a_time_without_claims(self):
        self.compare(prefetch=False, claims=False)

    def test_each_unit_in_a_process_of_its_own(self):
        self.compare(isolation="file")


class TestUnit(Parity, unittest.TestCase):
    framework = "test-unit"
    directory = SUITES / "test_unit"
    args = ("test",)
    plain_script = 'require "test/unit"; exit(Test::Unit::AutoRunner.run(true))'
    plain_options = ("test",)

    def test_groups_and_settings(self):
        engine = self.compare()
        described = {test["id"]: test for unit in engine.units for test in unit.tests}
        self.assertEqual(described["test_1(StartupTest)"]["group"], "class")
        self.assertEqual(
            described["test_outer(OuterStartupTest)"]["group"],
            described["test_inner(OuterStartupTest::inner)"]["group"],
        )
        self.assertNotIn("group", described["test_pass(TestOutcomes)"])
        self.assertEqual(described["test_by_itself(TestMarks)"]["paceline"], {"serial": True})
        self.assertEqual(
            described["test_with_needs(TestMarks)"]["paceline"],
            {"needs": ["database"], "retries": 2},
        )
        self.assertEqual(engine.held, ["test_by_itself(TestMarks)", "test_with_needs(TestMarks)"])
        units = {unit.key: unit for unit in engine.units}
        self.assertEqual(len(units["OuterStartupTest"].tests), 2)
        self.assertEqual(units["StartupTest"].path, "test/deep/startup-test.rb")

    def test_errors_of_startup_are_told_beside_the_tests(self):
        engine = self.compare()
        (error,) = engine.collect_errors
        self.assertEqual(error["id"], "startup(StartupFailsTest)")
        self.assertEqual(error["message"], "RuntimeError: no start")
        self.assertEqual(error["location"]["line"], 31)

    def test_texts_are_those_of_the_console(self):
        engine = self.compare()
        texts = {id: result for id, _, result in engine.results()}
        (problem,) = texts["test_failure(TestOutcomes)"]["problems"]
        self.assertIn('Failure: test_failure(TestOutcomes)\n', problem["text"])
        self.assertIn('=> 12:     assert_equal("a\\nb\\n", "a\\nc\\n")', problem["text"])
        self.assertIn("diff:\n  a\n", problem["text"])
        self.assertEqual(problem["location"]["line"], 12)
        (problem,) = texts["test_error(TestOutcomes)"]["problems"]
        self.assertEqual((problem["phase"], problem["outcome"]), ("call", "errored"))
        self.assertNotIn("paceline_worker", problem["text"])
        phases = [p["phase"] for p in texts["test_teardown_after_failure(TestFixtures)"]["problems"]]
        self.assertEqual(phases, ["call", "teardown"])
        (problem,) = texts["test_setup_error(TestFixtures)"]["problems"]
        self.assertEqual(problem["phase"], "setup")
        (note,) = texts["test_notification(TestOutcomes)"]["sections"]
        self.assertEqual(note[0], "Notification")
        self.assertIn("look here", note[1])


class TestUnitSelection(unittest.TestCase):
    directory = SUITES / "test_unit"

    def test_selections(self):
        for args in (
            ["-n", "test_pass"],
            ["--name", "/\\Atest_(pass|hash)/"],
            ["--ignore-name", "/error|fail/"],
            ["-t", "TestNested"],
            ["--testcase", "/Nested|Data/"],
            ["--ignore-testcase", "/Start/"],
            ["--location", "test_outcomes.rb:12"],
            ["--attribute", "speed == :slow"],
            ["-x", "data|start"],
            ["-v", "-n", "test_hash[two]"],
        ):
            with self.subTest(args=args):
                args = [*args, "test"]
                plain = [row for row in plainly(self.directory, "test-unit", *args) if row[0][0] != "("]
                engine = run(self.directory, "test-unit", *args)
                self.addCleanup(engine.cleanup)
                self.assertEqual(unnumbered(results(engine)), plain)
                self.assertTrue(plain)

    def test_files_and_globs(self):
        engine = run(self.directory, "test-unit", "test/test_d*.rb", "test/test_marks.rb")
        self.addCleanup(engine.cleanup)
        self.assertEqual({unit.key for unit in engine.units}, {"TestData", "TestMarks", "TestInOrder"})

    def test_the_first_failure_is_for_the_engine_to_stop_at(self):
        engine = run(self.directory, "test-unit", "--stop-on-failure", "-n", "test_outer", "test")
        self.addCleanup(engine.cleanup)
        self.assertEqual(engine.ready["maxfail"], 1)


class Minitest(Parity, unittest.TestCase):
    framework = "minitest"
    directory = SUITES / "minitest"
    args = ("test", *SEED)
    plain_args = ("test", "--", *SEED)
    plain_script = 'require "minitest/autorun"; Dir["test/*.rb"].sort.each { |f| require "./#{f}" }'
    plain_options = (*SEED, "--verbose")

    def test_groups(self):
        engine = self.compare()
        described = {test["id"]: test for unit in engine.units for test in unit.tests}
        self.assertEqual(described["OrderTest#test_1"]["group"], "class")
        self.assertEqual(described["AroundTest#test_a"]["group"], "class")
        self.assertNotIn("group", described["ParallelTest#test_1"])
        self.assertNotIn("group", described["OutcomesTest#test_pass"])
        self.assertEqual(described["OutcomesTest#test_pass"]["line"], 6)

    def test_texts_are_those_of_the_summary(self):
        engine = self.compare()
        texts = {id: result for id, _, result in engine.results()}
        (problem,) = texts["OutcomesTest#test_error"]["problems"]
        self.assertTrue(
            problem["text"].startswith("Error:\nOutcomesTest#test_error:\nArgumentError: boom\n"),
            problem["text"],
        )
        self.assertNotIn("paceline_worker", problem["text"])
        (problem,) = texts["OutcomesTest#test_skip"]["problems"]
        self.assertEqual((problem["outcome"], problem["reason"]), ("skipped", "not now"))
        problems = texts["FixturesTest#test_teardown_after_failure"]["problems"]
        self.assertEqual([p["outcome"] for p in problems], ["failed", "errored"])

    def test_the_seed_is_shared_and_said(self):
        engine = run(self.directory, "minitest", "test", start="spawn")
        self.addCleanup(engine.cleanup)
        seed = engine.ready["worker_input"]["seed"]
        self.assertEqual(engine.host.goodbye["summary"], "Run options: --seed %d" % seed)
        self.assertEqual(sum(len(unit.results) for unit in engine.units), len(self.plain))


class MinitestSelection(unittest.TestCase):
    directory = SUITES / "minitest"

    def test_selections(self):
        for args in (
            ["-n", "test_pass"],
            ["-n", "/shared/"],
            ["-n", "SharedATest#test_shared"],
            ["--name", "/Thing/"],
            ["-e", "/test_0/"],
            ["-v", "-n", "/_1$/", "-e", "OrderTest#test_1"],
        ):
            with self.subTest(args=args):
                plain = plainly(self.directory, "minitest", "test", "--", *SEED, *args)
                engine = run(self.directory, "minitest", *SEED, *args, "test")
                self.addCleanup(engine.cleanup)
                self.assertEqual(sorted(unnumbered(results(engine)), key=str), sorted(plain, key=str))
                self.assertTrue(plain)


if __name__ == "__main__":
    unittest.main()
