"""What tests ask for by markers and overrides, and that such tests wait to be asked for."""

import itertools
import re
import sys
import unittest
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from test_faults import SuiteCase  # noqa: E402
from test_protocol import ProtocolCase  # noqa: E402

from paceline_worker.settings import (  # noqa: E402
    Override,
    Pattern,
    SettingsError,
    effective,
    is_held_back,
)


def mark(*args, **kwargs):
    return SimpleNamespace(args=args, kwargs=kwargs)


class Patterns(unittest.TestCase):
    def test_examples(self):
        fits = [
            ("*", ""),
            ("*", "a/b.py::C::test[x]"),
            ("tests/*", "tests/deep/test_a.py::test_x"),
            ("*::test_*_slow", "test_a.py::C::test_x_slow"),
            ("a.py::t[*]", "a.py::t[1-2]"),
            ("a.py::t[[]x]*", "a.py::t[[]x]y"),
            ("a?c", "a\nc"),
            ("a\\d*", "a\\d7"),
        ]
        differs = [
            ("", "a"),
            ("a.py", "a.py::test"),
            ("a.py::t[12]", "a.py::t1"),
            ("a?c", "ac"),
            ("aa*aa", "aaa"),
            ("*::test_a", "x.py::test_ab"),
            ("TEST", "test"),
        ]
        for pattern, text in fits:
            self.assertTrue(Pattern(pattern).fits(text), (pattern, text))
        for pattern, text in differs:
            self.assertFalse(Pattern(pattern).fits(text), (pattern, text))

    def test_all_short_ones_agree_with_regular_expressions(self):
        for length in range(5):
            for letters in itertools.product("ab*?", repeat=length):
                pattern = "".join(letters)
                regex = re.compile(pattern.replace("*", ".*").replace("?", "."))
                # `**` says what `*` says; a regular expression has no such word.
                if "**" in pattern:
                    regex = re.compile(re.sub(r"\*+", ".*", pattern).replace("?", "."))
                ours = Pattern(pattern)
                for size in range(5):
                    for text in map("".join, itertools.product("ab", repeat=size)):
                        expected = regex.fullmatch(text) is not None
                        self.assertEqual(ours.fits(text), expected, (pattern, text))


class Merging(unittest.TestCase):
    def settings(self, markers, *overrides):
        problems = []
        found = effective("a.py::t", markers, [Override(one) for one in overrides], problems)
        self.assertEqual(problems, [])
        return found

    def test_later_overrides_win_by_key(self):
        found = self.settings(
            [],
            {"tests": "a.py::*", "serial": True, "timeout": 9.0, "needs": ["db"]},
            {"tests": "*::t", "serial": False, "needs": {"ports": 2}},
            {"tests": "b.py::*", "weight": 7},
        )
        self.assertEqual(found, {"serial": False, "timeout": 9.0, "needs": {"ports": 2}})

    def test_markers_win_over_overrides_and_near_ones_over_far_ones(self):
        found = self.settings(
            [mark(weight=3, needs=None), mark(weight=4, retries=1)],
            {"tests": "*", "weight": 2, "retries": 5, "needs": ["db"], "isolation": "test"},
        )
        self.assertEqual(found, {"weight": 3, "retries": 1, "isolation": "test"})

    def test_needs_become_what_json_can_say(self):
        for value, told in (
            ("db", ["db"]),
            (("b", "a"), ["b", "a"]),
            ({"b", "a"}, ["a", "b"]),
            ({"a": "shared"}, {"a": "shared"}),
        ):
            self.assertEqual(self.settings([mark(needs=value)]), {"needs": told})
        self.assertEqual(self.settings([mark(needs=[])]), {})

    def test_what_is_wrong_is_told_and_left_out(self):
        wrong = [
            {"serial": 1},
            {"serial": "yes"},
            {"weight": 0},
            {"weight": True},
            {"weight": "2"},
            {"weight": 2**32},
            {"retries": -1},
            {"timeout": 0},
            {"timeout": True},
            {"timeout": float("inf")},
            {"timeout": float("nan")},
            {"isolation": "process"},
            {"needs": 3},
            {"needs": [object()]},
            {"needs": {"a": object()}},
            {"slow": True},
        ]
        for settings in wrong:
            problems = []
            found = effective("a.py::t", [mark(**settings)], [], problems)
            self.assertEqual(found, {}, settings)
            self.assertEqual(len(problems), 1, settings)
            self.assertIn("`%s`" % next(iter(settings)), problems[0])
            if settings != {"slow": True}:
                self.assertRaises(SettingsError, Override, {"tests": "*", **settings})
        problems = []
        effective("a.py::t", [mark("serial")], [], problems)
        self.assertEqual(problems, ["a.py::t: the paceline marker takes keywords only"])

    def test_who_is_held_back(self):
        held = [{"serial": True}, {"needs": ["a"]}, {"weight": 2}, {"isolation": "worker"}]
        free = [None, {}, {"serial": False}, {"weight": 1}, {"timeout": 1.0, "retries": 2}]
        for settings in held:
            self.assertTrue(is_held_back(settings), settings)
        for settings in free:
            self.assertFalse(is_held_back(settings), settings)


SUITE = """
    import pytest

    def test_a():
        pass

    @pytest.mark.paceline(serial=True)
    def test_b():
        pass

    class TestC:
        pytestmark = pytest.mark.paceline(timeout=5)

        def test_d(self):
            pass

        @pytest.mark.paceline(weight=1)
        def test_e(self):
            pass
"""
OVERRIDES = [{"tests": "*::TestC::*", "weight": 2}]


class HoldingBack(ProtocolCase):
    def started(self, worker):
        return [m["test"] for m in self.messages(worker) if m["kind"] == "test_started"]

    def messages(self, worker):
        worker.say(kind="shutdown")
        self.heard = worker.hear_all()
        return self.heard

    def test_all_leaves_out_what_has_to_be_asked_for(self):
        self.write(test_x=SUITE)
        worker = self.talk(welcome=dict(overrides=OVERRIDES))
        worker.say(kind="run", unit=0, key="test_x.py", tests=None)
        collected = worker.hear("collected")
        settings = [test.get("paceline") for test in collected["tests"]]
        marked = {"timeout": 5, "weight": 2}, {"timeout": 5, "weight": 1}
        self.assertEqual(settings, [None, {"serial": True}, *marked])
        self.assertEqual(self.started(worker), [0, 3])

    def test_indexes_are_obeyed_also_by_a_worker_that_left_them_out(self):
        self.write(test_x=SUITE)
        worker = self.talk(welcome=dict(overrides=OVERRIDES))
        worker.say(kind="run", unit=0, key="test_x.py", tests=None)
        worker.say(kind="run", unit=0, key="test_x.py", tests=[2, 1])
        self.assertEqual(self.started(worker), [0, 3, 2, 1])

    def test_a_known_digest_changes_nothing(self):
        self.write(test_x=SUITE)
        worker = self.talk(welcome=dict(overrides=OVERRIDES))
        worker.say(kind="run", unit=0, key="test_x.py", tests=[])
        digest = worker.hear("collected")["digest"]
        worker.say(kind="shutdown")
        worker.hear_all()
        other = self.talk(welcome=dict(overrides=OVERRIDES))
        other.say(kind="run", unit=0, key="test_x.py", tests=None, known=digest)
        self.assertNotIn("tests", other.hear("collected"))
        self.assertEqual(self.started(other), [0, 3])

    def test_ids_leave_them_out_too(self):
        self.write(test_x=SUITE)
        worker = self.talk()
        ids = ["test_x.py::test_a", "test_x.py::test_b"]
        worker.say(kind="run", unit=0, key="test_x.py", tests=None, ids=ids)
        self.assertEqual(self.started(worker), [0])

    def test_isolated_units_leave_them_out(self):
        self.write(test_x=SUITE)
        for isolation in ("file", "test"):
            worker = self.talk(welcome=dict(isolation=isolation))
            worker.say(kind="run", unit=0, key="test_x.py", tests=None)
            self.assertEqual(self.started(worker), [0, 2, 3])

    def test_a_unit_with_nothing_else_between_others(self):
        self.write(
            test_w="import pytest\npytestmark = pytest.mark.paceline(serial=True)\n\n"
            "def test_w():\n    pass\n",
            test_x=SUITE,
            test_y="def test_y():\n    pass\n",
        )
        for collect in ("files", "whole"):
            worker = self.talk(welcome=dict(collect=collect))
            for unit, name in enumerate(["test_w.py", "test_x.py", "test_y.py"]):
                worker.say(kind="run", unit=unit, key=name, tests=None)
            worker.say(kind="run", unit=0, key="test_w.py", tests=[0])
            self.assertEqual(self.started(worker), [0, 2, 3, 0, 0])
            self.assertNotIn("error", [m["kind"] for m in self.heard])

    def test_a_wrong_marker_is_an_error_of_the_unit(self):
        self.write(
            test_x="import pytest\n\n@pytest.mark.paceline(weight='2')\ndef test_a():\n    pass\n"
        )
        worker = self.talk()
        worker.say(kind="run", unit=0, key="test_x.py", tests=None)
        error = worker.hear("collect_error")
        self.assertEqual(error["unit"], 0)
        self.assertEqual(
            error["text"],
            "test_x.py::test_a: the paceline marker: `weight` must be an integer from 1, not '2'",
        )
        self.assertEqual(self.started(worker), [0])


class Runs(SuiteCase):
    def test_every_test_runs_once_with_forked_and_spawned_workers(self):
        self.write(
            conftest="""
                import pytest

                @pytest.fixture(scope="module")
                def module():
                    return []
            """,
            test_x="""
                import os
                import pytest

                def test_a(module):
                    module.append(1)

                @pytest.mark.paceline(needs=["db"])
                def test_b(module):
                    pass

                @pytest.mark.paceline(isolation="test")
                def test_exit():
                    os._exit(3)

                @pytest.mark.paceline(isolation="test")
                def test_segfault():
                    import ctypes
                    ctypes.string_at(0)

                def test_c(module):
                    assert module == [1]
            """,
            test_y="def test_y():\n    pass\n",
        )
        ids = ["test_x.py::test_" + name for name in ("b", "exit", "segfault")]
        for start in ("fork", "spawn"):
            outcomes = self.run_suite(
                start=start, workers=2, overrides=[{"tests": "test_y.py*", "serial": True}]
            )
            self.assertEqual(
                outcomes,
                {
                    "test_x.py::test_a": "passed",
                    "test_x.py::test_b": "passed",
                    "test_x.py::test_exit": "crashed",
                    "test_x.py::test_segfault": "crashed",
                    "test_x.py::test_c": "passed",
                    "test_y.py::test_y": "passed",
                },
            )
            self.assertEqual(sorted(self.engine.held), [*ids, "test_y.py::test_y"])
            # Nobody else was hurt: every worker said goodbye.
            goodbyes = [m for role, _, m in self.engine.messages if m["kind"] == "goodbye"]
            workers = {n for role, n, _ in self.engine.messages if role == "worker"}
            self.assertEqual(len(goodbyes), len(workers) + 1)
