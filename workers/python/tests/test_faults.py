"""Tests that end their process, hang, print without end; workers that are killed."""

import os
import signal
import tempfile
import textwrap
import time
import unittest
from pathlib import Path

from compare import over_protocol

NO_RANDOM = ("-p", "no:randomly")


class SuiteCase(unittest.TestCase):
    """Tests that write a suite and run it."""

    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="suite-")
        self.addCleanup(temporary.cleanup)
        self.directory = Path(temporary.name)

    def write(self, **files):
        for name, text in files.items():
            path = self.directory / (name.replace("__", "/") + ".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))

    def run_suite(self, args=(), **options):
        results, engine, _ = over_protocol(self.directory, [*NO_RANDOM, *args], **options)
        self.addCleanup(engine.cleanup)
        self.engine = engine
        return {key: result["message"]["outcome"] for key, result in results.items()}


class Crashes(SuiteCase):
    SUITE = """
        import os, signal

        def test_before():
            pass

        def test_exit():
            os._exit(3)

        def test_between():
            pass

        def test_segfault():
            import ctypes
            print("last words", flush=True)
            ctypes.string_at(0)

        def test_after():
            assert 1 == 2
    """
    EXPECTED = {
        "test_x.py::test_before": "passed",
        "test_x.py::test_exit": "crashed",
        "test_x.py::test_between": "passed",
        "test_x.py::test_segfault": "crashed",
        "test_x.py::test_after": "failed",
    }

    def test_the_rest_runs_on_a_fresh_worker(self):
        self.write(test_x=self.SUITE)
        self.assertEqual(self.run_suite(workers=1), self.EXPECTED)
        ends = [
            {key: one[key] for key in one if key in ("code", "signal")}
            for one in self.engine.exited
        ]
        self.assertEqual(ends, [{"code": 3}, {"signal": signal.SIGSEGV}, {"code": 0}])

    def test_spawned(self):
        self.write(test_x=self.SUITE)
        self.assertEqual(self.run_suite(workers=1, start="spawn"), self.EXPECTED)

    def test_what_a_crashed_test_printed_is_kept(self):
        self.write(test_x=self.SUITE)
        self.run_suite(workers=1)
        hellos = {one["worker"]: one for one in self.engine.of_kind("hello") if "worker" in one}
        captured = Path(hellos[1]["captured"]["stdout"])
        self.assertIn("last words", captured.read_text())
        # And the traceback that faulthandler wrote is in the worker's log.
        self.assertIn("test_segfault", self.engine.log_of(1))

    def test_isolation_keeps_the_worker(self):
        self.write(test_x=self.SUITE)
        for isolation in ("file", "test"):
            with self.subTest(isolation=isolation):
                self.assertEqual(self.run_suite(workers=1, isolation=isolation), self.EXPECTED)
                self.assertEqual(self.engine.next_worker, 1)

    def test_what_an_isolated_test_printed_is_told_once(self):
        self.write(
            test_x="""
                import os

                def test_dies():
                    print("last words")
                    os.write(2, b"of stderr")
                    os._exit(1)

                def test_fails():
                    print("own words")
                    assert False
            """
        )
        for isolation in ("file", "test"):
            with self.subTest(isolation=isolation):
                self.run_suite(workers=1, isolation=isolation)
                died, failed = self.engine.of_kind("test_finished")
                self.assertEqual(
                    died["sections"],
                    [["Captured stdout", "last words\n"], ["Captured stderr", "of stderr"]],
                )
                self.assertEqual(failed["sections"], [["Captured stdout call", "own words\n"]])

    def test_isolation_keeps_what_a_test_spoils_to_itself(self):
        self.write(
            conftest="spoilt = []\n",
            test_a="""
                import sys, conftest

                def test_spoils():
                    conftest.spoilt.append(1)
                    sys.path_spoilt = True

                def test_sees():
                    assert not conftest.spoilt
            """,
            test_b="""
                import conftest

                def test_other_file():
                    assert not conftest.spoilt
            """,
        )
        spoils, sees, other = (
            "test_a.py::test_spoils",
            "test_a.py::test_sees",
            "test_b.py::test_other_file",
        )
        failed, passed = "failed", "passed"
        expected = {
            "worker": {spoils: passed, sees: failed, other: failed},
            "file": {spoils: passed, sees: failed, other: passed},
            "test": {spoils: passed, sees: passed, other: passed},
        }
        for isolation, outcomes in expected.items():
            with self.subTest(isolation=isolation):
                self.assertEqual(self.run_suite(workers=1, isolation=isolation), outcomes)

    def test_a_module_that_ends_the_process(self):
        self.write(
            test_a="import os\nos._exit(5)\n",
            test_b="def test_b():\n    pass\n",
        )
        for isolation in ("worker", "file"):
            with self.subTest(isolation=isolation):
                outcomes = self.run_suite(workers=1, isolation=isolation)
                self.assertEqual(outcomes, {"test_b.py::test_b": "passed"})
                self.assertEqual([one["unit"] for one in self.engine.collect_errors], [0])

    def test_a_forked_child_of_a_test_reports_nothing(self):
        self.write(
            test_x="""
                import os

                def test_forks():
                    if os.fork() == 0:
                        return
                    os.wait()

                def test_next():
                    pass
            """
        )
        expected = {"test_x.py::test_forks": "passed", "test_x.py::test_next": "passed"}
        self.assertEqual(self.run_suite(workers=1), expected)

    def test_killed_workers(self):
        self.write(
            **{
                "test_%d" % number: "\n".join("def test_%d():\n    pass\n" % n for n in range(30))
                for number in range(6)
            }
        )
        killed = []

        def kill(engine):
            # One worker for every 20 messages, wherever it may be.
            if len(engine.messages) // 20 > len(killed) and len(killed) < 15:
                for peer in engine.peers.values():
                    if peer.sock is not None and peer.pid not in killed:
                        killed.append(peer.pid)
                        os.kill(peer.pid, signal.SIGKILL)
                        break

        outcomes = self.run_suite(workers=2, kill=kill, crash_limit=100)
        self.assertGreater(len(killed), 3)
        self.assertEqual(len(outcomes), 180)
        self.assertLessEqual(set(outcomes.values()), {"passed", "crashed"})
        self.assertLessEqual(list(outcomes.values()).count("crashed"), len(killed))


class Hangs(SuiteCase):
    def stacks_of(self, body):
        self.write(
            test_x="import signal, time\n\ndef test_hangs():\n" + textwrap.indent(body, "    ")
        )
        asked = []

        def ask(engine):
            for peer in list(engine.peers.values()):
                if peer.running is None or peer.pid in asked or peer.sock is None:
                    continue
                asked.append(peer.pid)
                stacks = peer.hello["stacks"]
                path = Path(stacks["file"])
                deadline = time.monotonic() + 60
                # The signal may come before the test is where it hangs.
                while "in test_hangs" not in (path.read_text() if path.exists() else ""):
                    self.assertLess(time.monotonic(), deadline, "no stacks")
                    os.kill(peer.pid, stacks["signal"])
                    time.sleep(0.01)
                self.dump = path.read_text()
                os.kill(peer.pid, signal.SIGKILL)

        outcomes = self.run_suite(workers=1, kill=ask)
        self.assertEqual(outcomes, {"test_x.py::test_hangs": "crashed"})
        return self.dump

    def test_loop_in_python(self):
        dump = self.stacks_of("while True:\n    pass\n")
        self.assertRegex(dump, r'test_x.py", line [45] in test_hangs')

    def test_loop_in_c(self):
        # `sum` over an endless C iterator never comes back to the interpreter's loop.
        body = "import itertools\nsum(itertools.repeat(0))\n"
        self.assertIn('test_x.py", line 5 in test_hangs', self.stacks_of(body))

    def test_sleep(self):
        self.assertIn('test_x.py", line 4 in test_hangs', self.stacks_of("time.sleep(3600)\n"))


class Output(SuiteCase):
    def test_a_hundred_megabytes(self):
        self.write(
            test_x="""
                def test_prints():
                    for _ in range(100):
                        print("x" * 1024 * 1024)
                    assert False, "y" * 30_000_000
            """
        )
        self.assertEqual(self.run_suite(workers=1), {"test_x.py::test_prints": "failed"})
        (result,) = [one for one in self.engine.of_kind("test_finished")]
        ((_, text),) = result["sections"]
        self.assertIn("characters cut", text)

    def test_prints_to_stdout_do_not_disturb(self):
        self.write(
            conftest="""
                import os, sys

                print("conftest prints")
                os.write(1, b'{"kind":"test_finished"}\\n')

                def pytest_runtest_logreport(report):
                    print('{"kind":"goodbye"}', flush=True)
                    os.write(2, b"plugin prints\\n")
            """,
            test_x="def test_x():\n    pass\n",
        )
        for start in ("fork", "spawn"):
            outcomes = self.run_suite(workers=1, start=start)
            self.assertEqual(outcomes, {"test_x.py::test_x": "passed"})
            self.assertIn("plugin prints", self.engine.log_of(0))

    def test_no_capture(self):
        self.write(test_x="def test_x():\n    print('straight through')\n")
        self.run_suite(["-s"], workers=1)
        self.assertIn("straight through", self.engine.log_of(0))


class NoRun(SuiteCase):
    """The host cannot boot."""

    def error_of(self, args=()):
        self.run_suite(args, workers=1)
        (error,) = self.engine.errors
        self.assertTrue(error["fatal"])
        return error

    def test_conftest_raises(self):
        self.write(conftest="raise RuntimeError('conftest is broken')\n")
        error = self.error_of()
        self.assertIn("conftest is broken", error["text"])
        self.assertEqual(error["exit_status"], 4)

    def test_missing_path(self):
        error = self.error_of(["no_such_file.py"])
        self.assertIn("no_such_file.py", error["text"])
        self.assertEqual(error["exit_status"], 4)

    def test_unknown_option(self):
        self.assertIn("--no-such-option", self.error_of(["--no-such-option"])["text"])

    def test_missing_test(self):
        self.write(test_x="def test_x():\n    pass\n")
        self.assertIn("test_y", self.error_of(["test_x.py::test_y"])["text"])

    def test_missing_pytest(self):
        python = self.directory / "python"
        python.write_text('#!/bin/sh\nexec /usr/bin/env python3 -I -S "$@"\n')
        python.chmod(0o755)
        error = self.error_of_python(str(python))
        self.assertIn("cannot import pytest", error["text"])

    def error_of_python(self, python):
        self.run_suite(workers=1, python=python)
        (error,) = self.engine.errors
        return error


class Stops(SuiteCase):
    def test_pytest_exit(self):
        self.write(
            test_x="""
                import pytest

                def test_first():
                    pass

                def test_exits():
                    pytest.exit("enough", returncode=7)

                def test_never():
                    pass
            """
        )
        # What was announced and never reported has no result.
        with self.assertRaisesRegex(AssertionError, "no result for test_x.py::test_exits"):
            self.run_suite(workers=1)

    def test_pytest_exit_in_an_isolated_test(self):
        self.write(
            test_x="""
                import pytest

                def test_exits():
                    pytest.exit("enough", returncode=7)
            """
        )
        for isolation in ("file", "test"):
            with self.subTest(isolation=isolation):
                outcomes = self.run_suite(workers=1, isolation=isolation)
                self.assertEqual(outcomes, {"test_x.py::test_exits": "crashed"})
                self.assertEqual(self.engine.stopping["exit_status"], 7)
                self.assertEqual(len(self.engine.of_kind("goodbye")), 2)

    def test_maxfail_of_the_project_is_told_and_left_to_the_engine(self):
        self.write(test_x="def test_a():\n    assert 0\n\ndef test_b():\n    assert 0\n")
        (self.directory / "pytest.ini").write_text("[pytest]\naddopts = --maxfail=1\n")
        outcomes = self.run_suite(workers=1)
        self.assertEqual(set(outcomes.values()), {"failed"})
        self.assertEqual(self.engine.ready["maxfail"], 1)


if __name__ == "__main__":
    unittest.main()
