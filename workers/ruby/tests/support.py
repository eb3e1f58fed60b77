"""What the tests of the Ruby worker share: suites, the engine of the Python worker's tests, and
plain runs to compare with."""

import json
import os
import socket
import subprocess
import sys
import tempfile
import textwrap
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent.parent / "python" / "tests"))

from engine import PATIENCE, Engine  # noqa: E402

RUBY = os.environ.get("WORKER_TEST_RUBY", "ruby")
PROGRAM = HERE.parent / "paceline_worker" / "main.rb"
SUITES = HERE / "suites"


def command(framework, *ruby_options):
    return [RUBY, *ruby_options, str(PROGRAM), framework]


def run(directory, framework, *args, ruby_options=(), **options):
    """Runs a suite with the engine of the tests."""
    engine = Engine(directory, command=command(framework, *ruby_options), args=args, **options)
    return engine.run()


def outcomes(engine):
    """{id: outcome}, in plan order."""
    return {id: outcome for id, outcome, _ in engine.results()}


def results(engine):
    """What `plainly` gives, of a run by the engine."""
    return [
        [id, outcome, result.get("native"), result.get("assertions", 0)]
        for id, outcome, result in engine.results()
    ]


def plainly(directory, framework, *args, ruby_options=()):
    """[id, outcome, native, assertions] of each test, in the order of a plain run."""
    with tempfile.TemporaryDirectory(prefix="plain-") as temporary:
        path = Path(temporary) / "results.json"
        script = str(HERE / "sequential.rb")
        done = subprocess.run(
            [RUBY, *ruby_options, script, framework, str(path), *args],
            cwd=directory,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
        )
        if not path.exists():
            raise AssertionError(done.stdout + done.stderr)
        return json.loads(path.read_text())


class SuiteCase(unittest.TestCase):
    """A test with a suite of its own in a temporary directory."""

    framework = "test-unit"

    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="ruby-worker-")
        self.addCleanup(temporary.cleanup)
        self.directory = Path(temporary.name).resolve()

    def write(self, name, text):
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))

    def run_suite(self, *args, **options):
        engine = run(self.directory, options.pop("framework", self.framework), *args, **options)
        self.addCleanup(engine.cleanup)
        return engine

    def talk(self, *args, **options):
        framework = options.pop("framework", self.framework)
        conversation = Conversation(self.directory, framework, args, **options)
        self.addCleanup(conversation.close)
        return conversation


class Conversation:
    """One process, spoken to line by line."""

    def __init__(self, directory, framework, args=(), role="worker", welcome=None, ruby_options=()):
        self.log = Path(directory) / "worker.log"
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.listener.settimeout(PATIENCE)
        environment = {
            **os.environ,
            "PACELINE_CONNECT": "tcp:127.0.0.1:%d" % self.listener.getsockname()[1],
            "PACELINE_TOKEN": "secret",
            "PACELINE_ROLE": role,
            "PACELINE_LOG": str(self.log),
        }
        if role == "worker":
            environment["PACELINE_WORKER_ID"] = "3"
        with open(self.log, "wb") as output:
            self.process = subprocess.Popen(
                command(framework, *ruby_options),
                cwd=directory,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        self.socket, _ = self.listener.accept()
        self.socket.settimeout(PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb")
        self.hello = self.hear("hello")
        self.say(kind="welcome", protocol=1, run="r", args=list(args), **(welcome or {}))

    def say(self, **message):
        self.socket.sendall(json.dumps(message).encode() + b"\n")

    def say_line(self, line):
        self.socket.sendall(line)

    def hear(self, *kinds):
        """The next message of one of these kinds; others are passed over."""
        while True:
            line = self.file.readline()
            if not line:
                raise AssertionError("no %s: %s" % (kinds, self.log.read_text(errors="replace")))
            message = json.loads(line)
            if message["kind"] in kinds:
                return message
            if message["kind"] == "error":
                raise AssertionError(message)

    def close(self):
        self.file.close()
        self.socket.close()
        self.listener.close()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
