"""Single rules of docs/protocol.md, with an engine that says one thing at a time."""

import json
import os
import signal
import socket
import subprocess
import tempfile
import textwrap
import unittest
from pathlib import Path

from compare import PYTHON
from engine import PATIENCE, WORKER_PROGRAM


class Conversation:
    """One process, spoken to line by line."""

    def __init__(self, directory, role="worker", welcome=None, token="t", env=None):
        self.directory = Path(directory)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(PATIENCE)
        self.address = "tcp:127.0.0.1:%d" % self.listener.getsockname()[1]
        environment = {
            **os.environ,
            "PACELINE_CONNECT": self.address,
            "PACELINE_TOKEN": token,
            "PACELINE_ROLE": role,
            "PACELINE_LOG": str(self.directory / "log"),
            **(env or {}),
        }
        if role == "worker":
            environment["PACELINE_WORKER_ID"] = "3"
        self.output = open(self.directory / "log", "wb")
        self.process = subprocess.Popen(
            [PYTHON, str(WORKER_PROGRAM)],
            cwd=directory,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=self.output,
            stderr=self.output,
        )
        self.accept()
        self.hello = self.hear("hello")
        options = {"run": "r", "args": ["-p", "no:randomly"], **(welcome or {})}
        self.say(kind="welcome", protocol=1, **options)

    def accept(self):
        sock, _ = self.listener.accept()
        sock.settimeout(PATIENCE)
        self.sock = sock
        self.file = sock.makefile("rb")

    def say(self, **message):
        self.sock.sendall(json.dumps(message).encode() + b"\n")

    def hear(self, *kinds):
        """The next message of one of these kinds; others are kept from view."""
        while True:
            line = self.file.readline()
            if not line:
                log = (self.directory / "log").read_text(errors="replace")
                raise AssertionError("connection closed waiting for %s: %s" % (kinds, log))
            message = json.loads(line)
            if message["kind"] in kinds:
                return message
            if message["kind"] == "error" and "error" not in kinds:
                raise AssertionError(message)

    def hear_all(self):
        return [json.loads(line) for line in self.file]

    def close(self):
        self.file.close()
        self.sock.close()
        self.listener.close()
        self.output.close()
        if self.process.poll() is None:
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise


class ProtocolCase(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="protocol-")
        self.addCleanup(temporary.cleanup)
        self.directory = Path(temporary.name)

    def write(self, **files):
        for name, text in files.items():
            path = self.directory / (name.replace("__", "/") + ".py")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(textwrap.dedent(text))

    def talk(self, **options):
        conversation = Conversation(self.directory, **options)
        self.addCleanup(conversation.close)
        return conversation


THREE = "def test_a():\n    pass\n\ndef test_b():\n    pass\n\ndef test_c():\n    pass\n"


class Greeting(ProtocolCase):
    def test_hello(self):
        self.write(test_x=THREE)
        worker = self.talk(token="secret")
        hello = worker.hello
        self.assertEqual(hello["protocol"], 1)
        self.assertEqual(hello["token"], "secret")
        self.assertEqual((hello["role"], hello["worker"]), ("worker", 3))
        self.assertEqual(hello["pid"], worker.process.pid)
        self.assertEqual(hello["framework"]["name"], "pytest")
        self.assertEqual(hello["language"]["name"], "python")
        worker.say(kind="shutdown")
        self.assertEqual(worker.hear("goodbye")["exit_status"], 5)

    def test_the_secret_is_kept_from_tests(self):
        self.write(
            test_x="""
                import os

                def test_environment():
                    ours = sorted(name for name in os.environ if name.startswith("PACELINE_"))
                    assert ours == ["PACELINE_WORKER_ID"]
                    assert os.environ["PYTEST_XDIST_WORKER"] == "gw3"
                    assert os.environ["PYTEST_XDIST_WORKER_COUNT"] == "7"
                    assert os.environ["PYTEST_XDIST_TESTRUNUID"] == "r"

                def test_fixtures(worker_id, testrun_uid, request):
                    assert (worker_id, testrun_uid) == ("gw3", "r")
                    assert request.config.workerinput["workercount"] == 7

                def test_modules_are_out_of_the_way():
                    import importlib.util
                    assert importlib.util.find_spec("discovery") is None
            """
        )
        worker = self.talk(welcome={"workers": 7})
        worker.say(kind="run", unit=0, key="test_x.py", tests=None)
        for _ in range(3):
            result = worker.hear("test_finished")
            self.assertEqual(result["outcome"], "passed", result)
            if result["test"] == 1:
                # The last test's tear-down asks what comes next.
                worker.say(kind="shutdown")

    def test_refused(self):
        self.write(test_x=THREE)
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        process = subprocess.Popen(
            [PYTHON, str(WORKER_PROGRAM)],
            cwd=self.directory,
            stderr=subprocess.PIPE,
            env={
                **os.environ,
                "PACELINE_CONNECT": "tcp:127.0.0.1:%d" % listener.getsockname()[1],
                "PACELINE_ROLE": "host",
            },
        )
        sock, _ = listener.accept()
        with sock:
            sock.makefile("rb").readline()
            sock.sendall(b'{"kind":"refused","reason":"not today"}\n')
            _, errors = process.communicate(timeout=PATIENCE)
        self.assertIn(b"not today", errors)
        self.assertNotEqual(process.returncode, 0)

    def test_a_wrong_option_is_an_error(self):
        worker = self.talk(welcome={"isolation": "galaxy"})
        error = worker.hear("error")
        self.assertTrue(error["fatal"])
        self.assertIn("galaxy", error["text"])

    def test_started_by_hand(self):
        process = subprocess.run([PYTHON, str(WORKER_PROGRAM)], stderr=subprocess.PIPE, check=False)
        self.assertEqual(process.returncode, 2)
        self.assertIn(b"started by paceline", process.stderr)


class Messages(ProtocolCase):
    def test_unknown_kinds_and_broken_lines(self):
        self.write(test_x=THREE)
        for role in ("host", "worker"):
            with self.subTest(role=role):
                process = self.talk(role=role)
                process.say(kind="dance", with_whom="you")
                error = process.hear("error")
                self.assertFalse(error["fatal"])
                self.assertIn("'dance'", error["text"])
                process.sock.sendall(b"this is no JSON\n")
                self.assertFalse(process.hear("error")["fatal"])
                process.say(kind="shutdown", unknown_field=1)
                process.hear("goodbye")

    def test_some_tests_in_the_order_asked_for(self):
        self.write(test_x=THREE)
        worker = self.talk()
        worker.say(kind="run", unit=4, key="test_x.py", tests=[2, 0])
        worker.say(kind="shutdown")
        messages = worker.hear_all()
        kinds = [one["kind"] for one in messages]
        self.assertEqual(
            kinds,
            ["unit_started", "collected"]
            + 2 * ["test_started", "test_finished"]
            + ["unit_finished", "goodbye"],
        )
        tests = [one["test"] for one in messages if one["kind"] == "test_finished"]
        self.assertEqual(tests, [2, 0])
        self.assertEqual({one["unit"] for one in messages if "unit" in one}, {4})

    def test_collect_only_and_known(self):
        self.write(test_x=THREE)
        worker = self.talk()
        worker.say(kind="run", unit=0, key="test_x.py", tests=[])
        collected = worker.hear("collected")
        self.assertEqual(
            [test["id"][-6:] for test in collected["tests"]], ["test_a", "test_b", "test_c"]
        )
        self.assertEqual(collected["count"], 3)
        worker.hear("unit_finished")
        worker.say(kind="shutdown")
        second = self.talk()
        second.say(kind="run", unit=0, key="test_x.py", tests=[], known=collected["digest"])
        again = second.hear("collected")
        self.assertNotIn("tests", again)
        self.assertEqual(again["digest"], collected["digest"])
        second.say(kind="shutdown")

    def test_collect_only_as_an_argument(self):
        self.write(test_x=THREE)
        worker = self.talk(welcome={"args": ["-p", "no:randomly", "--collect-only"]})
        worker.say(kind="run", unit=0, key="test_x.py", tests=None)
        worker.say(kind="shutdown")
        kinds = [one["kind"] for one in worker.hear_all()]
        self.assertEqual(kinds, ["unit_started", "collected", "unit_finished", "goodbye"])

    def test_ids(self):
        self.write(test_x=THREE)
        worker = self.talk()
        worker.say(kind="run", unit=0, key="test_x.py", tests=None, ids=["test_x.py::test_b"])
        worker.say(kind="shutdown")
        finished = [one["test"] for one in worker.hear_all() if one["kind"] == "test_finished"]
        self.assertEqual(finished, [1])

    def test_unknown_units_and_tests(self):
        self.write(test_x=THREE)
        worker = self.talk()
        worker.say(kind="run", unit=9, key="gone.py", tests=None)
        worker.say(kind="run", unit=0, key="test_x.py", tests=[7])
        worker.say(kind="shutdown")
        messages = worker.hear_all()
        self.assertIn("gone.py", messages[0]["text"])
        self.assertEqual(messages[1], {"kind": "unit_finished", "unit": 9})
        (result,) = [one for one in messages if one["kind"] == "test_finished"]
        self.assertEqual((result["test"], result["outcome"]), (7, "errored"))

    def test_many_tests_are_told_in_several_messages(self):
        self.write(
            test_x="""
                import pytest

                @pytest.mark.parametrize("n", range(5000))
                def test_n(n):
                    pass
            """
        )
        worker = self.talk()
        worker.say(kind="run", unit=0, key="test_x.py", tests=[])
        parts = [worker.hear("collected") for _ in range(3)]
        self.assertEqual([part["first"] for part in parts], [0, 2000, 4000])
        self.assertEqual([part.get("more") for part in parts], [True, True, None])
        self.assertEqual(sum(len(part["tests"]) for part in parts), parts[2]["count"])
        worker.say(kind="shutdown")

    def test_a_line_that_is_too_long_is_cut(self):
        self.write(
            test_x="""
                def test_properties(record_property):
                    for n in range(30):
                        record_property("p%d" % n, "\\x01" * 900_000)
            """
        )
        worker = self.talk()
        worker.say(kind="run", unit=0, key="test_x.py", tests=None)
        worker.say(kind="shutdown")
        while True:
            line = worker.file.readline()
            self.assertLessEqual(len(line), 16 * 1024 * 1024)
            message = json.loads(line)
            if message["kind"] == "test_finished":
                break
        self.assertEqual(message["outcome"], "passed")
        self.assertIn("characters cut", message["user_properties"][0][1])

    def test_the_end_of_the_connection_ends_the_process(self):
        self.write(test_x=THREE)
        for role in ("host", "worker"):
            with self.subTest(role=role):
                process = self.talk(role=role)
                process.sock.shutdown(socket.SHUT_RDWR)
                process.process.wait(PATIENCE)


class TakingBack(ProtocolCase):
    # The test waits for a file, so that the engine's messages are there when it ends.
    GATED = """
        import os, time

        def test_gate():
            while not os.path.exists("open"):
                time.sleep(0.001)

        def test_second():
            pass

        def test_third():
            pass
    """

    def setUp(self):
        super().setUp()
        self.write(test_a=self.GATED, test_b=THREE)
        self.worker = self.talk()
        self.worker.say(kind="run", unit=0, key="test_a.py", tests=None)
        self.worker.hear("test_started")

    def open(self):
        (self.directory / "open").touch()

    def test_a_unit(self):
        worker = self.worker
        worker.say(kind="run", unit=1, key="test_b.py", tests=None)
        worker.say(kind="take_back", unit=1)
        worker.say(kind="shutdown")
        self.open()
        self.assertEqual(worker.hear("taken_back"), {"kind": "taken_back", "unit": 1, "ok": True})
        self.assertNotIn(1, [one.get("unit") for one in worker.hear_all()])

    def test_a_unit_that_was_never_sent(self):
        self.worker.say(kind="take_back", unit=5)
        self.worker.say(kind="shutdown")
        self.open()
        self.assertFalse(self.worker.hear("taken_back")["ok"])

    def test_tests_of_the_running_unit(self):
        worker = self.worker
        worker.say(kind="take_back", unit=0, tests=[0, 1])
        worker.say(kind="shutdown")
        self.open()
        self.assertEqual(
            worker.hear("taken_back"), {"kind": "taken_back", "unit": 0, "ok": True, "tests": [1]}
        )
        finished = [one["test"] for one in worker.hear_all() if one["kind"] == "test_finished"]
        self.assertEqual(finished, [2])

    def test_a_claim_that_the_engine_made(self):
        claim = self.directory / "claim"
        self.worker.say(kind="run", unit=1, key="test_b.py", tests=None, claim=str(claim))
        claim.touch()
        self.worker.say(kind="shutdown")
        self.open()
        self.assertTrue(self.worker.hear("taken_back")["ok"])
        self.assertNotIn("test_started", [one["kind"] for one in self.worker.hear_all()])

    def test_a_claim_that_the_worker_makes(self):
        claim = self.directory / "claim"
        self.worker.say(kind="run", unit=1, key="test_b.py", tests=None, claim=str(claim))
        self.worker.say(kind="shutdown")
        self.open()
        finished = [one["unit"] for one in self.worker.hear_all() if one["kind"] == "test_finished"]
        self.assertEqual(finished, [0, 0, 0, 1, 1, 1])
        self.assertTrue(claim.exists())

    def test_shutdown_now(self):
        self.worker.say(kind="shutdown", now=True)
        self.open()
        finished = [one["test"] for one in self.worker.hear_all() if one["kind"] == "test_finished"]
        self.assertEqual(finished, [0])


class Fixtures(ProtocolCase):
    """What stays set up between units."""

    def setUp(self):
        super().setUp()
        self.write(
            conftest="""
                import pytest

                def note(text):
                    with open("events", "a") as out:
                        out.write(text + "\\n")

                @pytest.fixture(scope="session", autouse=True)
                def session_wide():
                    note("session up")
                    yield
                    note("session down")

                @pytest.fixture(scope="package")
                def package_wide(request):
                    note("package up")
                    yield
                    note("package down")
            """,
            one____init__="",
            two____init__="",
            one__test_a="def test_a(package_wide):\n    pass\n",
            one__test_b="def test_b(package_wide):\n    pass\n",
            two__test_c="def test_c(package_wide):\n    pass\n",
        )

    def events(self):
        return (self.directory / "events").read_text().splitlines()

    def test_a_unit_sent_ahead_keeps_what_it_shares(self):
        worker = self.talk()
        for unit, key in enumerate(("one/test_a.py", "one/test_b.py", "two/test_c.py")):
            worker.say(kind="run", unit=unit, key=key, tests=None)
        worker.say(kind="shutdown")
        outcomes = [one["outcome"] for one in worker.hear_all() if one["kind"] == "test_finished"]
        self.assertEqual(outcomes, ["passed"] * 3)
        self.assertEqual(self.events()[0], "session up")
        self.assertEqual(self.events()[-1], "session down")
        self.assertEqual(self.events().count("session up"), 1)

    def test_waiting_keeps_the_session(self):
        worker = self.talk()
        worker.say(kind="run", unit=0, key="one/test_a.py", tests=None)
        worker.hear("need_next")
        worker.say(kind="wait")
        worker.hear("test_finished", "unit_finished")
        worker.say(kind="run", unit=2, key="two/test_c.py", tests=None)
        worker.hear("need_next")
        worker.say(kind="shutdown")
        self.assertEqual(worker.hear_all()[-1]["kind"], "goodbye")
        events = self.events()
        self.assertEqual(events.count("session up"), 1)
        self.assertEqual(events.count("package up"), events.count("package down"))

    def test_an_error_in_the_last_tear_down_is_the_tests(self):
        self.write(
            conftest="""
                import pytest

                @pytest.fixture(scope="session", autouse=True)
                def breaks():
                    yield
                    raise RuntimeError("session cannot be torn down")
            """
        )
        worker = self.talk()
        worker.say(kind="run", unit=0, key="one/test_a.py", tests=None)
        worker.say(kind="shutdown")
        # package_wide is gone with the old conftest: a set-up error, and the tear-down's.
        (result,) = [one for one in worker.hear_all() if one["kind"] == "test_finished"]
        phases = {one["phase"]: one for one in result["problems"]}
        self.assertIn("session cannot be torn down", phases["teardown"]["text"])

    def test_hooks_can_ask_for_the_next_test(self):
        self.write(
            conftest="""
                import pytest

                def pytest_runtest_teardown(item, nextitem):
                    with open("events", "a") as out:
                        out.write("%s then %s\\n" % (item.name, nextitem and nextitem.name))
            """,
            one__test_a="def test_a():\n    pass\n",
            one__test_b="def test_b():\n    pass\n",
        )
        worker = self.talk()
        worker.say(kind="run", unit=0, key="one/test_a.py", tests=None)
        worker.say(kind="run", unit=1, key="one/test_b.py", tests=None)
        worker.say(kind="shutdown")
        kinds = [one["kind"] for one in worker.hear_all()]
        self.assertNotIn("error", kinds)
        self.assertEqual(self.events(), ["test_a then test_b", "test_b then None"])


class Host(ProtocolCase):
    def ready(self, **options):
        host = self.talk(role="host", **options)
        ready = host.hear("ready")
        host.say(kind="shutdown")
        host.hear("goodbye")
        return ready

    def test_discovery_imports_nothing(self):
        self.write(test_x="raise RuntimeError('imported')\n", sub__test_y="raise SystemExit\n")
        host = self.talk(role="host")
        units = host.hear("discovered")["units"]
        self.assertEqual(sorted(unit["key"] for unit in units), ["sub/test_y.py", "test_x.py"])
        self.assertEqual([unit["unit"] for unit in units], [0, 1])
        self.assertTrue(host.hear("ready")["can_fork"])
        host.say(kind="shutdown")
        host.hear("goodbye")

    def test_threads_speak_against_forking(self):
        self.write(
            conftest="""
                import threading
                threading.Thread(target=threading.Event().wait, name="poller", daemon=True).start()
            """
        )
        ready = self.ready()
        self.assertFalse(ready["can_fork"])
        self.assertIn("poller", ready["why_not"])

    def test_a_conftest_that_asks_for_its_worker_speaks_against_forking(self):
        asking = {
            "asks for PYTEST_XDIST_WORKER": """
                import os
                DATABASE = os.environ.get("PYTEST_XDIST_WORKER", "main")
            """,
            "tells workers from the controller": """
                def pytest_configure(config):
                    config.main = not hasattr(config, "workerinput")
            """,
            "pytest_sessionstart and pytest_sessionfinish": """
                def pytest_sessionstart():
                    pass

                def pytest_sessionfinish():
                    pass
            """,
        }
        for reason, text in asking.items():
            with self.subTest(reason):
                self.write(conftest=text)
                ready = self.ready()
                self.assertFalse(ready["can_fork"])
                self.assertIn(reason, ready["why_not"])
        self.write(conftest="import os\nHOME = os.environ.get('HOME')\n")
        self.assertTrue(self.ready()["can_fork"])

    def test_a_collection_finish_hook_wants_all_tests(self):
        self.write(conftest="def pytest_collection_finish(session):\n    pass\n", test_x=THREE)
        ready = self.ready()
        self.assertEqual(ready["collect"], "whole")
        self.assertIn("conftest.py", ready["collect_because"])

    def test_fork(self):
        self.write(test_x=THREE)
        host = self.talk(role="host")
        host.hear("ready")
        log = self.directory / "worker.log"
        host.say(
            kind="fork", worker=5, token="other", env={"MINE": "1", "HOME": None}, log=str(log)
        )
        forked = host.hear("forked")
        worker = Conversation.__new__(Conversation)
        worker.listener, worker.directory = host.listener, self.directory
        worker.accept()
        self.addCleanup(worker.sock.close)
        self.addCleanup(worker.file.close)
        hello = worker.hear("hello")
        self.assertEqual(
            (hello["token"], hello["worker"], hello["pid"]), ("other", 5, forked["pid"])
        )
        self.assertEqual(os.getpgid(forked["pid"]), forked["pid"])
        worker.say(kind="welcome", protocol=1)
        os.kill(forked["pid"], signal.SIGKILL)
        exited = host.hear("exited")
        self.assertEqual((exited["worker"], exited["signal"]), (5, 9))
        host.say(kind="shutdown", tests=1, failed=0)
        self.assertEqual(host.hear("goodbye")["exit_status"], 0)


if __name__ == "__main__":
    unittest.main()
