"""The file that a worker writes its messages to."""

import os
import sys
import tempfile
import textwrap
import unittest
from pathlib import Path

from compare import PYTHON
from engine import WORKER_PROGRAM, Engine

sys.path.insert(0, str(WORKER_PROGRAM.parent))

from paceline_worker.journal import Journal  # noqa: E402

SUITE = """
    import os

    import pytest

    @pytest.mark.parametrize("number", range(20))
    def test_quick(number):
        pass

    def test_fails_at_length():
        print("x" * 300_000)
        assert False

    def test_fails_again():
        print("y" * 300_000)
        assert False

    def test_ends_the_process():
        os._exit(3)

    def test_last():
        pass
"""


class WholeRuns(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="journal-")
        self.addCleanup(temporary.cleanup)
        self.directory = Path(temporary.name)
        (self.directory / "test_x.py").write_text(textwrap.dedent(SUITE))

    def outcomes(self, **options):
        args = ["-p", "no:randomly"]
        engine = Engine(self.directory, workers=1, python=PYTHON, args=args, **options).run()
        self.addCleanup(engine.cleanup)
        return engine, [(name, outcome) for name, outcome, _ in engine.results()]

    def test_says_what_the_connection_would_say(self):
        for start in "fork", "spawn":
            with self.subTest(start=start):
                engine, by_journal = self.outcomes(start=start)
                _, by_socket = self.outcomes(start=start, journal=False)
                self.assertEqual(by_journal, by_socket)
                self.assertEqual(len(by_journal), 24)
                # Most of what quick tests say needs no word on the connection.
                self.assertLess(len(engine.of_kind("journal")), 20)

    def test_has_what_isolated_tests_say(self):
        for isolation in "file", "test":
            with self.subTest(isolation=isolation):
                _, found = self.outcomes(isolation=isolation)
                self.assertEqual(len(found), 24)
                self.assertEqual(found[-1], ("test_x.py::test_last", "passed"))
                self.assertEqual(found[-2], ("test_x.py::test_ends_the_process", "crashed"))


class File(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="journal-")
        self.addCleanup(temporary.cleanup)
        self.log = os.path.join(temporary.name, "log")
        self.now = 0.0
        self.journal = Journal.beside(self.log)
        self.addCleanup(self.journal.close)
        self.journal._clock = lambda: self.now

    def test_tells_at_first_and_then_when_the_engine_has_stopped_looking(self):
        self.assertEqual(self.journal.write(b"one\n"), b"")
        self.assertEqual(self.journal.news(now=False), {"kind": "journal"})
        self.now = 0.001
        self.assertIsNone(self.journal.news(now=False))
        self.assertEqual(self.journal.news(now=True), {"kind": "journal"})
        self.now = 0.0029
        self.assertIsNone(self.journal.news(now=False))
        self.now = 0.0031
        self.assertEqual(self.journal.news(now=False), {"kind": "journal"})

    def test_goes_on_in_another_file_when_it_is_long(self):
        line = b"x" * (1024 * 1024) + b"\n"
        self.journal.write(line)
        self.assertEqual(self.journal.news(now=False), {"kind": "journal", "next": True})
        self.journal.write(b"two\n")
        self.now = 1.0
        self.assertEqual(self.journal.news(now=False), {"kind": "journal"})
        path = self.journal.offer()
        self.assertEqual(Path(path).read_bytes(), line)
        self.assertEqual(Path(path + ".1").read_bytes(), b"two\n")

    def test_stays_where_it_is_while_others_write_to_it(self):
        self.journal.share()
        self.journal.write(b"x" * (1024 * 1024) + b"\n")
        self.assertEqual(self.journal.news(now=False), {"kind": "journal"})

    @unittest.skipUnless(os.path.exists("/dev/full"), "the system has no full device")
    def test_gives_back_what_does_not_fit(self):
        os.dup2(os.open("/dev/full", os.O_WRONLY), self.journal._fd)
        self.assertEqual(self.journal.write(b"one\ntwo\n"), b"one\ntwo\n")

    def test_is_none_where_none_can_be(self):
        self.assertIsNone(Journal.beside(None))
        self.assertIsNone(Journal.beside("/nowhere/log"))


if __name__ == "__main__":
    unittest.main()
