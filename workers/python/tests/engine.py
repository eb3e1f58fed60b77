"""A small engine that speaks the worker protocol, for the tests of workers.

It runs a whole suite with some workers, forked or spawned, and gives every test one result. What a
worker sends is checked against the rules of `docs/protocol.md` on the way.
"""

import json
import os
import selectors
import socket
import subprocess
import sys
import tempfile
from collections import deque
from pathlib import Path

WORKER_PROGRAM = Path(__file__).resolve().parent.parent / "paceline_worker"
#: A run that makes no progress for so long has a bug.
PATIENCE = 120
#: Seconds after which journals are looked at unasked.
LOOK_AGAIN = 0.004


class Journal:
    """The file that a process writes its messages to, and how far it has been read."""

    def __init__(self, path):
        self.path = path
        self.files = 1
        self.begun = b""
        self.file = open(path, "rb")

    def lines(self):
        *lines, self.begun = (self.begun + self.file.read()).split(b"\n")
        return lines

    def turn_over(self):
        assert self.begun == b""
        self.file.close()
        self.file = open("%s.%d" % (self.path, self.files), "rb")
        self.files += 1


class Peer:
    """A connected process."""

    def __init__(self, sock):
        self.sock = sock
        self.buffer = b""
        self.journal = None
        self.look = False  # at the journal, a little after it was told of
        self.role = None
        self.worker = None
        self.pid = None
        self.hello = None
        self.goodbye = None
        self.queue = deque()  # units sent, the first one running
        self.running = None  # (unit, test) announced and not reported
        self.started = None  # the unit announced
        self.shutdown = False

    def send(self, **message):
        try:
            self.sock.sendall(json.dumps(message).encode() + b"\n")
        except OSError:
            pass


class Unit:
    def __init__(self, message):
        self.number = message["unit"]
        self.key = message["key"]
        self.path = message["path"]
        self.tests = None
        self.digest = None
        self.deselected = 0
        self.results = {}
        self.crashes = 0


def is_held_back(test):
    settings = test.get("paceline", {})
    return (
        settings.get("serial", False)
        or settings.get("late", False)
        or "needs" in settings
        or settings.get("weight", 1) > 1
        or "isolation" in settings
    )


class Engine:
    """Runs one suite."""

    def __init__(
        self,
        directory,
        workers=2,
        start="fork",
        python=None,
        args=(),
        command=None,
        tcp=False,
        prefetch=True,
        claims=True,
        part=None,
        journal=True,
        kill=None,
        crash_limit=3,
        env=None,
        **welcome,
    ):
        self.directory = Path(directory)
        self.workers = workers
        self.start = start
        self.command = command or [python or sys.executable, str(WORKER_PROGRAM)]
        self.prefetch = prefetch
        self.claims = claims
        self.journal = journal
        self.part = part  # at most so many tests of a unit at a time
        self.kill = kill  # called with the engine after each message
        self.crash_limit = (
            crash_limit  # deaths before a unit counts as one that cannot be collected
        )
        self.env = env or {}
        self.welcome = {"args": list(args), "workers": workers, "run": "run-1", **welcome}
        self.units = []
        self.by_number = {}
        self.messages = []  # (role, worker, message) in order of arrival
        self.errors = []
        self.held = []  # ids of the tests that were held back
        self.warnings = []
        self.collect_errors = []
        self.collect_skipped = []
        self.stopping = None
        self.ready = None
        self.host = None
        self.discovered = False
        self.exited = []
        self.processes = []
        self.peers = {}
        self.pending = deque()  # (unit, tests or None)
        self.pending_workers = set()
        self.next_worker = 0
        self.claimed = 0
        self.host_output = ""
        self._temporary = tempfile.TemporaryDirectory(prefix="pl-")
        self.root = Path(self._temporary.name)
        self.selector = selectors.DefaultSelector()
        if tcp:
            self.listener = socket.create_server(("127.0.0.1", 0))
            self.address = "tcp:127.0.0.1:%d" % self.listener.getsockname()[1]
        else:
            self.listener = socket.socket(socket.AF_UNIX)
            self.listener.bind(str(self.root / "s"))
            self.listener.listen()
            self.address = "unix:%s" % (self.root / "s")
        self.selector.register(self.listener, selectors.EVENT_READ, None)

    # The run.

    def run(self):
        try:
            self._spawn("host", None)
            while not self._over():
                looking = [peer for peer in self.peers.values() if peer.look]
                patience = PATIENCE if self.host else 1
                events = self.selector.select(LOOK_AGAIN if looking else patience)
                if self.host is None and self.processes[0].poll() is not None:
                    output = (self.root / "host.log").read_text(errors="replace")
                    raise AssertionError("the host ended at once: " + output)
                if looking and not events:
                    for peer in looking:
                        peer.look = False
                        self._read_journal(peer)
                elif not events and self.host is not None:
                    raise AssertionError("no progress; last messages: %r" % self.messages[-5:])
                for key, _ in events:
                    if key.data is None:
                        sock, _ = self.listener.accept()
                        self.selector.register(sock, selectors.EVENT_READ, Peer(sock))
                    else:
                        self._read(key.data)
                if self.kill is not None:
                    self.kill(self)
                self._dispatch()
            for process in self.processes:
                process.wait(PATIENCE)
            self.host_output = (self.root / "host.log").read_text(errors="replace")
            return self
        finally:
            for process in self.processes:
                if process.poll() is None:
                    process.kill()
                    process.wait()
            for key in list(self.selector.get_map().values()):
                key.fileobj.close()
            self.selector.close()

    def log_of(self, worker):
        return (self.root / ("worker-%d.log" % worker)).read_text(errors="replace")

    def cleanup(self):
        self._temporary.cleanup()

    def results(self):
        """(id, outcome, message) in plan order."""
        for unit in self.units:
            for index, test in enumerate(unit.tests or ()):
                result = unit.results.get(index)
                if result is not None:
                    yield test["id"], result["outcome"], result

    def of_kind(self, kind):
        return [message for _, _, message in self.messages if message["kind"] == kind]

    def _over(self):
        return self.host is not None and self.host.sock is None and not self.peers

    def _spawn(self, role, worker):
        env = {
            **os.environ,
            **self.env,
            "PACELINE_CONNECT": self.address,
            "PACELINE_TOKEN": "secret",
            "PACELINE_ROLE": role,
        }
        name = "host" if worker is None else "worker-%d" % worker
        log = self.root / (name + ".log")
        env["PACELINE_LOG"] = str(log)
        if worker is not None:
            env["PACELINE_WORKER_ID"] = str(worker)
        with open(log, "ab") as out:
            process = subprocess.Popen(
                self.command,
                cwd=self.directory,
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        self.processes.append(process)

    def _read(self, peer):
        try:
            data = peer.sock.recv(1 << 16)
        except OSError:
            data = b""
        if not data:
            self._read_journal(peer)
            self._gone(peer)
            return
        peer.buffer += data
        *lines, peer.buffer = peer.buffer.split(b"\n")
        for line in lines:
            # A process goes over from its journal to the connection, and not back.
            self._read_journal(peer)
            self._handle(peer, line)

    def _handle(self, peer, line):
        assert len(line) < 16 * 1024 * 1024
        message = json.loads(line.decode("utf-8"))
        self.messages.append((peer.role, peer.worker, message))
        getattr(self, "_on_" + message["kind"])(peer, message)

    def _read_journal(self, peer):
        for line in peer.journal.lines() if peer.journal else ():
            self._handle(peer, line)

    def _on_journal(self, peer, message):
        self._read_journal(peer)
        if message.get("next"):
            peer.journal.turn_over()
            self._read_journal(peer)
        peer.look = True

    def _gone(self, peer):
        self.selector.unregister(peer.sock)
        peer.sock.close()
        peer.sock = None
        if peer.journal:
            peer.journal.file.close()
        if peer.role == "host":
            self._host_gone(peer)
            return
        if peer.role is None:
            return
        del self.peers[peer.worker]
        rest = list(peer.queue)
        peer.queue.clear()
        if peer.goodbye is None and peer.started is not None and rest:
            unit, tests = rest.pop(0)
            unit.crashes += 1
            if peer.running is not None:
                number, test = peer.running
                assert number == unit.number
                unit.results[test] = {"outcome": "crashed"}
            elif unit.tests is None and unit.crashes >= self.crash_limit:
                self.collect_errors.append({"unit": unit.number, "text": "crashed", "id": unit.key})
                unit.tests = []
            if self.stopping is None and unit.crashes < 3 * self.crash_limit:
                if unit.tests is None:
                    rest.insert(0, (unit, tests))
                else:
                    wanted = tests if tests is not None else range(len(unit.tests))
                    left = [index for index in wanted if index not in unit.results]
                    if left:
                        rest.insert(0, (unit, left))
        if self.stopping is None:
            self.pending.extendleft(reversed(rest))

    def _host_gone(self, peer):
        self.host = peer
        peer.role = "host"

    # Messages.

    def _on_hello(self, peer, message):
        assert message["protocol"] == 1, message
        peer.role, peer.pid, peer.hello = message["role"], message["pid"], message
        if message["token"] != "secret":
            peer.send(kind="refused", reason="wrong token")
            return
        welcome = dict(self.welcome)
        if peer.role == "host":
            self.host = peer
        else:
            peer.worker = message["worker"]
            self.pending_workers.discard(peer.worker)
            self.peers[peer.worker] = peer
            if self.ready is not None:
                welcome["worker_input"] = self.ready.get("worker_input")
            if self.journal and "journal" in message:
                peer.journal = Journal(message["journal"])
                welcome["journal"] = True
        peer.send(kind="welcome", protocol=1, **welcome)

    def _on_discovered(self, peer, message):
        for described in message["units"]:
            unit = Unit(described)
            assert unit.number == len(self.units)
            self.units.append(unit)
            self.by_number[unit.number] = unit
            self.pending.append((unit, None))
        self.discovered = message["complete"]

    def _on_ready(self, peer, message):
        self.ready = message
        if not message["can_fork"]:
            self.start = "spawn"

    def _on_forked(self, peer, message):
        pass

    def _on_fork_failed(self, peer, message):
        raise AssertionError(message)

    def _on_exited(self, peer, message):
        self.exited.append(message)
        self.pending_workers.discard(message["worker"])

    def _on_unit_started(self, peer, message):
        assert peer.running is None
        assert peer.queue and peer.queue[0][0].number == message["unit"], message
        peer.started = message["unit"]

    def _on_collected(self, peer, message):
        unit = self.by_number[message["unit"]]
        if message.get("more"):
            if message["first"] == 0:
                unit.parts = []
            unit.parts += message["tests"]
            return
        if "tests" in message:
            tests = (unit.parts if message["first"] else []) + message["tests"]
            assert len(tests) == message["count"]
            if unit.tests is None:
                unit.tests = tests
        if unit.digest is None:
            unit.digest = message["digest"]
        else:
            # Ids may hold the time or an address; how many there are has to be the same.
            assert len(unit.tests) == message["count"]
        unit.deselected = message.get("deselected", 0)
        self._hold_back(peer, unit)

    def _hold_back(self, peer, unit):
        """Hands out tests that take more than a worker one by one, with what they ask for."""
        current, tests = peer.queue[0]
        assert current is unit
        if tests is not None:
            return
        held = [index for index, test in enumerate(unit.tests) if is_held_back(test)]
        free = [index for index in range(len(unit.tests)) if index not in held]
        peer.queue[0] = (unit, free)
        self.held += [unit.tests[index]["id"] for index in held]
        self.pending.extend((unit, [index]) for index in held)

    def _on_test_started(self, peer, message):
        assert peer.running is None, message
        assert peer.started == message["unit"]
        tests = peer.queue[0][1]
        assert tests is not None and message["test"] in tests, ("not asked for", message)
        peer.running = (message["unit"], message["test"])

    def _on_test_finished(self, peer, message):
        assert peer.running == (message["unit"], message["test"]), (peer.running, message)
        peer.running = None
        unit = self.by_number[message["unit"]]
        assert message["test"] not in unit.results, ("reported twice", unit.key, message)
        unit.results[message["test"]] = message

    def _on_unit_finished(self, peer, message):
        assert peer.running is None
        unit, _ = peer.queue.popleft()
        assert unit.number == message["unit"]
        peer.started = None

    def _on_taken_back(self, peer, message):
        if message["ok"] and "tests" not in message:
            for entry in peer.queue:
                if entry[0].number == message["unit"]:
                    peer.queue.remove(entry)
                    break

    def _on_need_next(self, peer, message):
        if not self._give(peer):
            if peer.shutdown or not self.pending:
                self._shut(peer)
            else:
                peer.send(kind="wait")

    def _on_collect_error(self, peer, message):
        self.collect_errors.append(message)

    def _on_collect_skipped(self, peer, message):
        self.collect_skipped.append(message)

    def _on_warning(self, peer, message):
        self.warnings.append(message)

    def _on_error(self, peer, message):
        self.errors.append(message)

    def _on_stopping(self, peer, message):
        self.stopping = message
        self.pending.clear()

    def _on_goodbye(self, peer, message):
        peer.goodbye = message

    # Decisions.

    def _dispatch(self):
        if self.host is None or self.host.sock is None:
            return
        if self.ready is None:
            return
        alive = len(self.peers) + len(self.pending_workers)
        while self.pending and alive < self.workers and alive < len(self.pending) + len(self.peers):
            worker = self.next_worker
            self.next_worker += 1
            self.pending_workers.add(worker)
            if self.start == "fork":
                self.host.send(
                    kind="fork",
                    worker=worker,
                    token="secret",
                    env={"PACELINE_WORKER_ID": str(worker)},
                    log=str(self.root / ("worker-%d.log" % worker)),
                )
            else:
                self._spawn("worker", worker)
            alive += 1
        for peer in list(self.peers.values()):
            while len(peer.queue) < (2 if self.prefetch else 1) and self._give(peer):
                pass
            if not self.pending and not peer.queue:
                self._shut(peer)
        if not self.pending and not self.peers and not self.pending_workers:
            if not self.host.shutdown:
                self.host.shutdown = True
                results = [result for _, result, _ in self.results()]
                failed = sum(result in ("failed", "errored", "crashed") for result in results)
                self.host.send(kind="shutdown", tests=len(results), failed=failed)

    def _give(self, peer):
        if not self.pending or peer.shutdown:
            return False
        unit, tests = self.pending.popleft()
        if self.part is not None and unit.tests == []:
            return self._give(peer)
        message = {"kind": "run", "unit": unit.number, "key": unit.key, "path": unit.path}
        if self.part is not None and unit.tests is not None:
            wanted = list(range(len(unit.tests))) if tests is None else list(tests)
            wanted = [index for index in wanted if index not in unit.results]
            tests, rest = wanted[: self.part], wanted[self.part :]
            if rest:
                self.pending.append((unit, rest))
        elif self.part is not None:
            # Learn what it holds, then hand it out in parts.
            tests = []
            self.pending.append((unit, None))
        message["tests"] = tests
        if tests and len(tests) == 1:
            isolation = unit.tests[tests[0]].get("paceline", {}).get("isolation")
            if isolation is not None:
                message["isolation"] = isolation
        crashed = {
            other.key: [at for at, result in other.results.items() if result["outcome"] == "crashed"]
            for other in self.units
        }
        crashed = {key: indexes for key, indexes in crashed.items() if indexes}
        if crashed:
            message["crashed"] = crashed
        if unit.digest is not None:
            message["known"] = unit.digest
        if peer.queue and self.claims and peer.hello.get("claims"):
            self.claimed += 1
            message["claim"] = str(self.root / ("claim-%d" % self.claimed))
        peer.queue.append((unit, tests))
        peer.send(**message)
        return True

    def _shut(self, peer):
        if not peer.shutdown:
            peer.shutdown = True
            peer.send(kind="shutdown")
