"""Plugins that suites have, as far as they are installed beside the pytest that is tested."""

import re
import subprocess
import unittest

from compare import PYTHON, differences, over_protocol, plain
from test_faults import SuiteCase


def installed(*modules):
    code = "import " + ", ".join(modules)
    return (
        subprocess.run([PYTHON, "-c", code], stderr=subprocess.DEVNULL, check=False).returncode == 0
    )


class PluginCase(SuiteCase):
    def same(self, args=(), random=False, ordered=True, **options):
        """Runs the suite both ways and in both starts; the results have to agree."""
        args = [*args] if random else ["-p", "no:randomly", *args]
        expected, _, order = plain(self.directory, args)
        self.assertTrue(expected)
        for start in ("fork", "spawn"):
            with self.subTest(start=start):
                results, engine, actual_order = over_protocol(
                    self.directory, args, start=start, **options
                )
                self.addCleanup(engine.cleanup)
                self.assertEqual(engine.errors, [])
                self.assertEqual(differences(expected, results), [])
                if ordered:
                    self.assertEqual(actual_order, order)
        return engine


@unittest.skipUnless(installed("pytest_cov"), "pytest-cov is not installed")
class Coverage(PluginCase):
    def setUp(self):
        super().setUp()
        self.write(
            conftest="import code_under_test\n",
            code_under_test="""
                def first(n):
                    if n:
                        return 1
                    return 2

                def second():
                    return 3

                def never():
                    return 4
            """,
            test_a="from code_under_test import first\n\ndef test_a():\n    assert first(1) == 1\n",
            test_b="from code_under_test import first\n\ndef test_b():\n    assert first(0) == 2\n",
            test_c="import code_under_test as c\n\ndef test_c():\n    assert c.second() == 3\n",
        )

    def test_the_report_is_that_of_a_sequential_run(self):
        args = [
            "-p",
            "no:randomly",
            "-p",
            "no:cacheprovider",
            "--cov=.",
            "--cov-report=term-missing",
        ]
        for more in ([], ["--cov-branch"]):
            sequential = subprocess.run(
                [PYTHON, "-m", "pytest", *args, *more],
                cwd=self.directory,
                check=False,
                stdout=subprocess.PIPE,
                universal_newlines=True,
            ).stdout
            expected = self.table(sequential)
            self.assertIn("code_under_test.py", expected)
            for options in (
                {"start": "fork"},
                {"start": "spawn"},
                {"start": "fork", "isolation": "file"},
                {"start": "fork", "isolation": "test"},
                {"start": "fork", "collect": "whole"},
            ):
                with self.subTest(**options, more=more):
                    self.run_suite(args[2:] + more, workers=2, **options)
                    self.assertEqual(self.engine.errors, [])
                    summary = self.engine.host.goodbye["summary"]
                    self.assertEqual(self.table(summary), expected)
                    left = sorted(path.name for path in self.directory.glob(".coverage*"))
                    self.assertEqual(left, [".coverage"])

    def test_too_little_coverage_fails_the_host(self):
        for limit, status in (("50", 0), ("99", 1)):
            self.run_suite(["--cov=code_under_test", "--cov-fail-under=" + limit], workers=2)
            self.assertEqual(self.engine.host.goodbye["exit_status"], status)

    def table(self, output):
        lines = re.findall(r"^(?:\S+\.py|TOTAL)\s+\d.*$", output, re.MULTILINE)
        return "\n".join(" ".join(line.split()) for line in lines)


@unittest.skipUnless(installed("xdist"), "pytest-xdist is not installed")
class Xdist(PluginCase):
    def test_n_in_addopts_does_nothing(self):
        self.write(test_x="def test_x(worker_id):\n    assert worker_id.startswith('gw')\n")
        (self.directory / "pytest.ini").write_text("[pytest]\naddopts = -n 3 --dist loadgroup\n")
        for start in ("fork", "spawn"):
            outcomes = self.run_suite(workers=1, start=start)
            self.assertEqual(outcomes, {"test_x.py::test_x": "passed"})


@unittest.skipUnless(installed("pytest_randomly"), "pytest-randomly is not installed")
class Randomly(PluginCase):
    def test_the_order_and_the_seeds_are_those_of_the_seed(self):
        body = "import random\n" + "\n".join(
            "def test_%d():\n    assert random.random() < 0.5\n" % number for number in range(5)
        )
        self.write(test_a=body, test_b=body, test_c=body)
        engine = self.same(
            ["-p", "randomly", "-p", "no:cacheprovider", "--randomly-seed=42"],
            random=True,
            workers=2,
        )
        self.assertEqual(engine.ready["collect"], "whole")

    def test_workers_share_a_seed_that_nobody_set(self):
        self.write(
            **{
                "test_%d" % number: """
                import random

                def test_x(record_property, request):
                    record_property("seed", request.config.getoption("randomly_seed"))
            """
                for number in range(4)
            }
        )
        for start in ("fork", "spawn"):
            results, engine, _ = over_protocol(
                self.directory, ["-p", "no:cacheprovider"], start=start, prefetch=False
            )
            self.addCleanup(engine.cleanup)
            seeds = {str(result["properties"]) for result in results.values()}
            self.assertEqual(len(seeds), 1)


class Subtests(PluginCase):
    @unittest.skipUnless(installed("_pytest.subtests"), "this pytest has no subtests")
    def test_subtests(self):
        self.write(
            test_x="""
                import unittest, pytest

                def test_some_fail(subtests):
                    for n in range(4):
                        with subtests.test("step", n=n):
                            print("in", n)
                            assert n % 2 == 0

                def test_all_pass(subtests):
                    for n in range(1500):
                        with subtests.test(n=n):
                            pass

                def test_skips_and_fails(subtests):
                    with subtests.test():
                        pytest.skip("not this")
                    with subtests.test():
                        pytest.xfail("known")
                    assert False, "the test itself"
            """
        )
        engine = self.same()
        found = {name: result for name, _, result in engine.results()}
        some = found["test_x.py::test_some_fail"]
        self.assertEqual(some["outcome"], "failed")
        failed = [one for one in some["subtests"] if one["outcome"] == "failed"]
        self.assertEqual([one["name"] for one in failed], ["[step] (n=1)", "[step] (n=3)"])
        self.assertIn("assert (1 % 2) == 0", failed[0]["text"])
        self.assertEqual(failed[0]["sections"], [["Captured stdout call", "in 1\n"]])
        many = found["test_x.py::test_all_pass"]
        self.assertEqual((many["outcome"], many["subtests_passed"]), ("passed", 1500))
        self.assertEqual(len(many["subtests"]), 1000)

    @unittest.skipUnless(installed("_pytest.subtests"), "this pytest has no subtests")
    def test_a_failed_subtest_of_unittest_fails_its_test(self):
        # pytest counts a passed test and a failed subtest here; a test has one outcome.
        self.write(
            test_x="""
                import unittest

                class TestCase(unittest.TestCase):
                    def test_sub(self):
                        for n in range(3):
                            with self.subTest(n=n):
                                self.assertNotEqual(n, 1)
            """
        )
        self.assertEqual(self.run_suite(), {"test_x.py::TestCase::test_sub": "failed"})
        (result,) = self.engine.of_kind("test_finished")
        outcomes = [one["outcome"] for one in result["subtests"]]
        self.assertEqual(outcomes.count("failed"), 1)


@unittest.skipUnless(installed("pytest_django", "django"), "Django is not installed")
class Django(PluginCase):
    def test_every_worker_has_a_database(self):
        tests = """
            import os, pytest
            from django.db import connection
            from django.test import TestCase
            from shop.models import Thing

            @pytest.mark.django_db
            def test_starts_empty():
                assert Thing.objects.count() == 0
                Thing.objects.create(name="x")

            @pytest.mark.django_db(transaction=True)
            def test_starts_empty_too():
                assert Thing.objects.count() == 0
                Thing.objects.create(name="x")

            @pytest.mark.django_db
            def test_database():
                worker = os.environ.get("PYTEST_XDIST_WORKER", "")
                suffix = "_" + worker if worker else "file"
                assert connection.settings_dict["NAME"].endswith(suffix)

            def test_has_no_access():
                Thing.objects.count()

            class TestThings(TestCase):
                @classmethod
                def setUpTestData(cls):
                    cls.thing = Thing.objects.create(name="y")

                def test_one(self):
                    self.assertEqual(Thing.objects.get(), self.thing)

                def test_two(self):
                    Thing.objects.create(name="z")
                    self.assertEqual(Thing.objects.count(), 2)
        """
        self.write(
            settings="""
                import os

                FILE = os.path.join(os.path.dirname(__file__), "database-file")
                ENGINE = "django.db.backends.sqlite3"
                DATABASES = {"default": {"ENGINE": ENGINE, "NAME": FILE, "TEST": {"NAME": FILE}}}
                INSTALLED_APPS = ["shop"]
                DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
                SECRET_KEY = "of a test"
            """,
            shop__models="""
                from django.db import models

                class Thing(models.Model):
                    name = models.CharField(max_length=20)
            """,
            tests__test_a=tests,
            tests__test_b=tests,
            tests__test_c=tests,
        )
        (self.directory / "pytest.ini").write_text(
            "[pytest]\nDJANGO_SETTINGS_MODULE = settings\npythonpath = .\n"
        )
        # pytest-django sorts all tests by what they do to the database: here those of each file.
        engine = self.same(workers=3, ordered=False)
        outcomes = [result["outcome"] for _, _, result in engine.results()]
        self.assertEqual(outcomes.count("passed"), 15)
        self.assertEqual(outcomes.count("failed"), 3)

    def test_what_flushes_the_database_is_late(self):
        self.write(
            settings="""
                ENGINE = "django.db.backends.sqlite3"
                DATABASES = {"default": {"ENGINE": ENGINE, "NAME": ":memory:"}}
                INSTALLED_APPS = []
                SECRET_KEY = "of a test"
            """,
            test_x="""
                import pytest
                from django.test import SimpleTestCase, TestCase, TransactionTestCase

                class TestRolledBack(TestCase):
                    def test_x(self): pass

                class TestWithout(SimpleTestCase):
                    def test_x(self): pass

                class TestFlushed(TransactionTestCase):
                    def test_flushed(self): pass

                @pytest.mark.django_db(transaction=True)
                class TestMarked:
                    def test_flushed(self): pass

                    @pytest.mark.django_db
                    def test_x(self): pass

                @pytest.mark.django_db(True)
                def test_flushed_by_position(): pass

                @pytest.mark.django_db(reset_sequences=True)
                def test_flushed_with_sequences(): pass

                @pytest.fixture
                def through(transactional_db): pass

                def test_flushed_by_a_fixture(through): pass

                @pytest.mark.paceline(timeout="9s")
                def test_flushed_with_settings(django_db_reset_sequences): pass

                def test_x(db): pass

                def test_without(): pass
            """,
        )
        (self.directory / "pytest.ini").write_text("[pytest]\nDJANGO_SETTINGS_MODULE = settings\n")
        engine = self.same(ordered=False)
        (unit,) = engine.units
        late = [test["id"] for test in unit.tests if test.get("paceline", {}).get("late")]
        self.assertEqual(late, [test["id"] for test in unit.tests if "flushed" in test["id"]])
        self.assertEqual(len(late), 6)
        self.assertEqual(sorted(engine.held), sorted(late))

    def test_nothing_is_late_without_the_plugin(self):
        self.write(
            conftest="""
                def pytest_configure(config):
                    config.addinivalue_line("markers", "django_db: not of pytest-django")
            """,
            test_x="""
                import pytest

                @pytest.mark.django_db(transaction=True)
                def test_x(): pass
            """,
        )
        engine = self.same(["-p", "no:django"])
        self.assertEqual(engine.held, [])


class Others(PluginCase):
    @unittest.skipUnless(installed("pytest_asyncio"), "pytest-asyncio is not installed")
    def test_asyncio(self):
        self.write(
            test_x="""
                import asyncio, pytest, pytest_asyncio

                @pytest_asyncio.fixture(loop_scope="module", scope="module")
                async def made():
                    await asyncio.sleep(0)
                    yield 1

                @pytest.mark.asyncio(loop_scope="module")
                async def test_async(made):
                    assert made == 1

                @pytest.mark.asyncio
                async def test_fails():
                    await asyncio.sleep(0)
                    assert False
            """
        )
        self.same()

    @unittest.skipUnless(
        installed("hypothesis", "pytest_mock"), "hypothesis or pytest-mock is missing"
    )
    def test_hypothesis_and_mock(self):
        self.write(
            test_x="""
                import os
                from hypothesis import given, settings, strategies

                @given(strategies.integers())
                @settings(max_examples=20, derandomize=True)
                def test_property(n):
                    assert n + 1 > n

                @given(strategies.integers())
                @settings(derandomize=True, database=None)
                def test_fails(n):
                    assert n < 100

                def test_mock(mocker):
                    mocker.patch("os.getcwd", return_value="/mocked")
                    assert os.getcwd() == "/mocked"
            """
        )
        self.same()

    @unittest.skipUnless(installed("pytest_timeout"), "pytest-timeout is not installed")
    def test_timeout(self):
        self.write(
            test_x="""
                import pytest, time

                @pytest.mark.timeout(0.2)
                def test_hangs():
                    time.sleep(3600)

                def test_after():
                    pass
            """
        )
        for start in ("fork", "spawn"):
            outcomes = self.run_suite(workers=1, start=start)
            expected = {"test_x.py::test_hangs": "failed", "test_x.py::test_after": "passed"}
            self.assertEqual(outcomes, expected)


if __name__ == "__main__":
    unittest.main()
