"""The suite of all features, over the protocol and under plain pytest: the same results."""

import os
import shutil
import tempfile
import unittest
from pathlib import Path

from compare import differences, over_protocol, plain

SUITE = Path(__file__).resolve().parent / "suites" / "features"


class Features(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.directory = Path(tempfile.mkdtemp(prefix="features-")) / "suite"
        shutil.copytree(SUITE, cls.directory)
        cls.results, cls.collect, cls.order = plain(cls.directory, cls.arguments())

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.directory.parent)

    @staticmethod
    def arguments():
        # The order of pytest-randomly is random; it has a test of its own. pytest-django binds the
        # tests of every TestCase together.
        return ["-p", "no:randomly", "-p", "no:django"]

    def check(self, args=(), **options):
        args = [*self.arguments(), *args]
        results, engine, order = over_protocol(self.directory, args, **options)
        self.addCleanup(engine.cleanup)
        self.assertEqual(engine.errors, [])
        self.assertEqual(differences(self.results, results), [])
        self.assertEqual(order, self.order)
        for outcome, found in (
            ("failed", engine.collect_errors),
            ("skipped", engine.collect_skipped),
        ):
            expected = sorted(one["id"] for one in self.collect if one["outcome"] == outcome)
            # Workers that collect the same unit say the same of it.
            of_units = {(one["unit"], one["id"]) for one in found if one["unit"] is not None}
            names = [name for _, name in of_units]
            names += [one["id"] for one in found if one["unit"] is None]
            self.assertEqual(sorted(names), expected)
        return engine

    def test_the_suite_has_every_outcome(self):
        outcomes = set().union(*(result["outcomes"] for result in self.results.values()))
        expected = {"passed", "failed", "errored", "skipped", "xfailed", "xpassed"}
        self.assertEqual(outcomes, expected)
        self.assertGreater(len(self.results), 100)

    def test_one_forked_worker(self):
        engine = self.check(workers=1)
        self.assertTrue(engine.ready["can_fork"])

    def test_three_forked_workers(self):
        self.check(workers=3)

    def test_a_spawned_worker(self):
        self.check(workers=1, start="spawn")

    def test_two_spawned_workers_over_tcp(self):
        self.check(workers=2, start="spawn", tcp=True)

    def test_without_sending_ahead(self):
        self.check(workers=2, prefetch=False)

    def test_parts_of_units(self):
        self.check(workers=2, part=2)

    def test_collected_as_a_whole(self):
        engine = self.check(workers=2, collect="whole")
        self.assertEqual(engine.ready["collect"], "whole")

    def test_each_file_in_a_process(self):
        self.check(workers=2, isolation="file")

    def test_each_test_in_a_process(self):
        # This class shares state between its tests, which tests apart cannot do.
        args = [*self.arguments(), "--deselect=test_scopes.py::TestOne"]
        expected, _, _ = plain(self.directory, args)
        results, engine, _ = over_protocol(self.directory, args, isolation="test")
        self.addCleanup(engine.cleanup)
        self.assertEqual(engine.errors, [])
        self.assertEqual(differences(expected, results), [])

    def test_importlib(self):
        args = [*self.arguments(), "--import-mode=importlib", "layers", "package", "test_params.py"]
        expected, _, _ = plain(self.directory, args)
        results, engine, _ = over_protocol(self.directory, args)
        self.addCleanup(engine.cleanup)
        self.assertEqual(differences(expected, results), [])

    def test_selections(self):
        for args in (
            ["test_outcomes.py::test_fails", "test_params.py::TestX::test_method"],
            [
                "test_params.py::TestX::test_method[1]",
                "test_outcomes.py",
                "test_params.py::test_odd",
            ],
            ["-k", "odd or layer"],
            ["-m", "slow"],
            ["--deselect", "test_outcomes.py::test_fails", "test_outcomes.py"],
            ["layers/inner", "package/sub/test_relative.py"],
            ["--ignore=errors", "errors", "test_generated.py"],
        ):
            args = [*self.arguments(), *args]
            expected, _, expected_order = plain(self.directory, args)
            for start in ("fork", "spawn"):
                with self.subTest(args=args, start=start):
                    results, engine, order = over_protocol(self.directory, args, start=start)
                    self.addCleanup(engine.cleanup)
                    self.assertEqual(differences(expected, results), [])
                    self.assertEqual(order, expected_order)

    def test_ids_select(self):
        wanted = "test_params.py::test_product[named-2]"
        _, engine, _ = over_protocol(self.directory, [*self.arguments(), "test_params.py"])
        self.addCleanup(engine.cleanup)
        self.assertIn(wanted, [test["id"] for unit in engine.units for test in unit.tests])

    def test_every_worker_and_the_host_finish_their_session(self):
        with tempfile.TemporaryDirectory() as directory:
            file = os.path.join(directory, "finished")
            engine = self.check(workers=2, prefetch=False, env={"FINISHED": file})
            roles = sorted(Path(file).read_text().split())
            workers = ["gw%d" % number for number in range(engine.next_worker)]
            self.assertEqual(roles, ["controller", *workers])

    def test_warnings_are_told(self):
        engine = self.check()
        told = [(one["id"], one["message"]) for one in engine.warnings if one.get("id")]
        self.assertIn(("test_outcomes.py::test_warning", "a plain warning"), told)

    def test_what_is_told_of_tests(self):
        engine = self.check()
        tests = {test["id"]: test for unit in engine.units for test in unit.tests}
        marked = tests["test_markers.py::test_marked"]
        self.assertEqual(marked["markers"], ["database", "slow"])
        self.assertEqual(marked["line"], 6)
        paceline = {"needs": ["postgres"], "weight": 2, "timeout": "5s"}
        self.assertEqual(tests["test_markers.py::test_paceline"]["paceline"], paceline)
        groups = {
            "test_markers.py::test_group_one": "group:together",
            "test_markers.py::test_group_two": "group:together",
            "test_scopes.py::TestTwo::test_class_is_fresh": "file",  # setup_module
            "package/test_relative.py::test_value": "package:package",
            "unittests/test_cases.py::Shared::test_one": "class:Shared",
            "test_outcomes.py::test_passes": None,
            "unittests/test_cases.py::Free::test_fails": None,
            "custom/list.check::good line": "file",
        }
        self.assertEqual({key: tests[key].get("group") for key in groups}, groups)
        unit = next(
            unit for unit in engine.units if unit.key.startswith("test_outcomes") and unit.tests
        )
        self.assertEqual(unit.deselected, 1)


if __name__ == "__main__":
    unittest.main()
