"""The file that a worker writes its messages to."""

import errno
import os
import sys
import tempfile
import textwrap
import unittest
from pathlib import Path
from unittest import mock

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

    def test_has_what_isolated_tests_say(self):
        for isolation in "file", "test":
            with self.subTest(isolation=isolation):
                _, found = self.outcomes(isolation=isolation)
                self.assertEqual(len(found), 24)
                self.assertEqual(found[-1], ("test_x.py::test_last", "passed"))
                self.assertEqual(found[-2], ("test_x.py::test_ends_the_process", "crashed"))


    def test_goes_over_to_the_connection_where_the_disk_is_full(self):
        conftest = """
            import errno
            import itertools
            import os
            import pytest
            from paceline_worker.journal import Journal

            counter = itertools.count()

            def full(fd, data):
                number = next(counter)
                if number == 9:
                    # In the midst of a line.
                    return os.write(fd, data[:-5])
                if number > 9:
                    raise OSError(errno.ENOSPC, "full")
                return os.write(fd, data)

            @pytest.fixture(autouse=True, scope="session")
            def full_disk():
                Journal._write = staticmethod(full)
        """
        (self.directory / "conftest.py").write_text(textwrap.dedent(conftest))
        _, by_journal = self.outcomes()
        _, by_socket = self.outcomes(journal=False)
        self.assertEqual(by_journal, by_socket)
        self.assertEqual(len(by_journal), 24)


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

    @unittest.skipUnless(os.path.exists("/dev/full"), "the system has no full device")
    def test_gives_back_what_does_not_fit(self):
        os.dup2(os.open("/dev/full", os.O_WRONLY), self.journal._fd)
        self.assertEqual(self.journal.write(b"one\ntwo\n"), b"one\ntwo\n")

    def test_gives_back_what_was_begun(self):
        def two_bytes_more(fd, data):
            if written:
                raise OSError(errno.ENOSPC, "full")
            written.append(data)
            return 6

        written = []
        self.journal._write = two_bytes_more
        self.assertEqual(self.journal.write(b"one\ntwo\nthree\n"), b"two\nthree\n")

    def test_is_not_disturbed_by_tests_that_fake_the_system(self):
        def fake(*_):
            raise OSError(errno.EBADF, "fake")

        with mock.patch.multiple(os, open=fake, write=fake, close=fake, dup2=fake):
            self.assertEqual(self.journal.write(b"x" * (1024 * 1024) + b"\n"), b"")
            self.assertEqual(self.journal.news(now=True), {"kind": "journal", "next": True})
            self.assertEqual(self.journal.write(b"two\n"), b"")
        self.assertEqual(Path(self.journal.offer() + ".1").read_bytes(), b"two\n")

    def test_closing_it_twice_harms_nothing(self):
        self.journal.close()

    def test_is_none_where_none_can_be(self):
        self.assertIsNone(Journal.beside(None))
        self.assertIsNone(Journal.beside("/nowhere/log"))


if __name__ == "__main__":
    unittest.main()
