"""Runs the units that a worker is handed."""

import errno
import os
from collections import deque
from typing import Any, Callable, Deque, List, Optional, Tuple

from _pytest.outcomes import Exit

from paceline_worker import isolation
from paceline_worker.connection import Connection, ConnectionClosed
from paceline_worker.describe import Describer, digest
from paceline_worker.discovery import Discovery, Unit, expand, in_collection_context
from paceline_worker.django_compat import has_pytest_django
from paceline_worker.nextitem import NextUnit
from paceline_worker.options import Options
from paceline_worker.protocol import Message, cut
from paceline_worker.reports import Reports
from paceline_worker.settings import is_held_back
from paceline_worker.xdist_compat import keep_coverage

#: How many tests a `collected` holds; a unit with more is told in several.
_TESTS_A_MESSAGE = 2000


class Run:
    """A unit, or a part of it, that this worker has been handed."""

    __slots__ = ("claim", "ids", "isolation", "known", "next_tests", "todo", "unit")

    def __init__(self, unit: Unit, message: Message, default_isolation: str) -> None:
        self.unit = unit
        tests = message.get("tests")
        #: Indexes of the tests to run; None for all that are not held back.
        self.todo: Optional[Deque[int]] = None if tests is None else deque(tests)
        ids = message.get("ids")
        self.ids = None if ids is None else frozenset(ids)
        self.known: Optional[str] = message.get("known")
        self.claim: Optional[str] = message.get("claim")
        self.isolation: str = message.get("isolation") or default_isolation


class Worker:
    """Takes units from the engine and runs them until it is told to stop."""

    def __init__(
        self,
        session: Any,
        connection: Connection,
        discovery: Discovery,
        reports: Reports,
        options: Options,
    ) -> None:
        self.session = session
        self.connection = connection
        self.discovery = discovery
        self.reports = reports
        self.options = options
        self.unit: Optional[Unit] = None
        self.test: Optional[int] = None
        self.deselected = 0
        #: Tells the parent of an isolated child which test is about to run.
        self._on_start: Optional[Callable[[int], None]] = None
        #: Whether this process is a child that runs for the worker.
        self.isolated = False
        self._queue: Deque[Run] = deque()
        self._current: Optional[Run] = None
        self._stopping = False
        self._stop_now = False
        self._waiting = False
        self._setup_fits = True
        self._pid = os.getpid()
        self._protocol = session.config.hook.pytest_runtest_protocol
        # A worker that stopped by itself at the first failure would leave tests without outcome.
        session.config.option.maxfail = 0

    # The engine's messages.

    def work(self) -> None:
        """Runs what comes until the engine says that nothing more will."""
        while not self._stop_now:
            run = self._next_run()
            if run is None:
                break
            self.run(run)
        self._finish_fixtures()

    def _next_run(self) -> Optional[Run]:
        self._take_in()
        while not self._queue:
            if self._stopping:
                return None
            self._receive()
        return self._queue.popleft()

    def _take_in(self) -> None:
        """Reads what has arrived."""
        if self.isolated:  # the messages are for the parent
            return
        message = self.connection.poll()
        while message is not None:
            self._handle(message)
            message = self.connection.poll()
        if self.connection.closed:
            self._stopping = self._stop_now = True

    def _receive(self) -> None:
        self.connection.flush()
        try:
            self._handle(self.connection.receive())
        except ConnectionClosed:
            # Without an engine: tear down and go.
            self._stopping = self._stop_now = True

    def _handle(self, message: Message) -> None:
        kind = message["kind"]
        if kind == "run":
            run = self._as_run(message)
            if run is not None:
                self._queue.append(run)
        elif kind == "wait":
            self._waiting = True
        elif kind == "take_back":
            self._take_back(message)
        elif kind == "shutdown":
            self._stopping = True
            self._stop_now = self._stop_now or bool(message.get("now"))
        elif kind != "welcome":
            self._error("unknown kind %r" % kind)

    def _as_run(self, message: Message) -> Optional[Run]:
        # The number is the host's. A worker that booted by itself may have walked another tree.
        key = message.get("key")
        number = message.get("unit")
        unit = self.discovery.by_key.get(key) if isinstance(key, str) else None
        if key is None and isinstance(number, int) and 0 <= number < len(self.discovery.units):
            unit = self.discovery.units[number]
        if unit is None:
            text = "this worker's collection has no unit %s" % (key if key else number)
            self.connection.put({"kind": "collect_error", "unit": number, "text": text})
            self.connection.send({"kind": "unit_finished", "unit": number})
            return None
        if isinstance(number, int):
            unit.number = number
        return Run(unit, message, self.options.isolation)

    def _take_back(self, message: Message) -> None:
        number = message.get("unit")
        answer: Message = {"kind": "taken_back", "unit": number, "ok": False}
        wanted = message.get("tests")
        current = self._current
        if current is not None and current.unit.number == number and wanted is not None:
            todo = current.todo or deque()
            # The first of them is what the running test has been told comes next; it can go too.
            taken = set(wanted)
            given = [index for index in todo if index in taken]
            current.todo = deque(index for index in todo if index not in taken)
            answer.update(ok=bool(given), tests=given)
        else:
            for run in self._queue:
                if run.unit.number == number:
                    self._queue.remove(run)
                    # The running test may have been told that this one comes next.
                    self._setup_fits = False
                    answer["ok"] = True
                    break
        self.connection.send(answer)

    # Running.

    def run(self, run: Run) -> None:
        """Runs a unit, or what was asked of it."""
        if run.claim is not None and not self._claim(run):
            return
        if run.isolation in ("file", "test"):
            self._current = run
            isolation.run_apart(self, run)
            self._current = None
        else:
            self.run_here(run)

    def _claim(self, run: Run) -> bool:
        assert run.claim is not None
        try:
            os.close(os.open(run.claim, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except OSError as error:
            if error.errno != errno.EEXIST:
                self._error("cannot claim unit %d: %s" % (run.unit.number, error))
            taken = {"kind": "taken_back", "unit": run.unit.number, "ok": True}
            self.connection.put(taken)
            self._setup_fits = False
            return False
        return True

    def run_here(self, run: Run) -> None:
        """Runs a unit in this process."""
        unit = run.unit
        self._current = run
        self.unit = unit
        # All that was sent so far is about earlier units: a crash from here on is this one's.
        self.connection.put({"kind": "unit_started", "unit": unit.number})
        self.connection.flush(soon=True)
        self.ready(run)
        self.run_tests(run)
        self.connection.put({"kind": "unit_finished", "unit": unit.number})
        self._current = None
        self.unit = None

    def run_tests(self, run: Run) -> None:
        """Runs the tests that are still to do of a unit that is collected."""
        items = run.unit.tests
        self.session.items = items
        assert run.todo is not None
        while run.todo and not self._stop_now:
            index = run.todo.popleft()
            if 0 <= index < len(items):
                self._run_test(run, items, index)
            else:
                self._missing(index)

    def become_child(self, unit: Unit, on_start: Optional[Callable[[int], None]]) -> None:
        """Makes this process, forked from the worker, the one that runs and reports a unit."""
        self.connection.adopt()
        self._pid = os.getpid()
        self.isolated = True
        keep_coverage(self.session.config)
        self.unit = unit
        self._on_start = on_start

    def ready(self, run: Run) -> None:
        """Collects the unit if it is not, and settles which of its tests to run."""
        unit = run.unit
        if not unit.expanded:
            self.deselected = 0
            try:
                in_collection_context(self.session, lambda: expand(unit, self.session))
            except (Exit, KeyboardInterrupt):
                raise
            except Exception as error:
                # A plugin's hook failed. pytest would end; here it is this unit's error.
                unit.tests, unit.expanded = [], True
                text = self._text_of(error)
                self.connection.put({"kind": "collect_error", "unit": unit.number, "text": text})
        if not unit.sent:
            unit.sent = True
            self._tell(run)
        todo = self._settle(run)
        if self.session.config.option.collectonly:
            todo.clear()

    def _settle(self, run: Run) -> Deque[int]:
        """Which tests of a collected unit to run."""
        if run.todo is None:
            unit = run.unit
            if unit.held is None:
                self._describe(unit)
            held = unit.held or ()
            ids = run.ids
            run.todo = deque(
                index
                for index, item in enumerate(unit.tests)
                if index not in held and (ids is None or item.nodeid in ids)
            )
        return run.todo

    def _describe(self, unit: Unit) -> Tuple[List[Message], List[str]]:
        """The descriptions of a unit's tests, and what is wrong with what they ask for."""
        options = self.options
        has_django = has_pytest_django(self.session.config)
        path = unit.message()["path"]
        describer = Describer(path, options.split, options.overrides, has_django)
        tests = [describer.describe(item) for item in unit.tests]
        unit.held = frozenset(
            index for index, test in enumerate(tests) if is_held_back(test.get("paceline"))
        )
        return tests, describer.problems

    def _tell(self, run: Run) -> None:
        unit = run.unit
        fingerprint = digest(unit.tests)
        message: Message = {
            "kind": "collected",
            "unit": unit.number,
            "digest": fingerprint,
            "count": len(unit.tests),
        }
        if self.deselected:
            message["deselected"] = self.deselected
        if run.known != fingerprint:
            tests, problems = self._describe(unit)
            if problems:
                text = cut("\n".join(problems))
                self.connection.put({"kind": "collect_error", "unit": unit.number, "text": text})
            first = 0
            while len(tests) - first > _TESTS_A_MESSAGE:
                part = tests[first : first + _TESTS_A_MESSAGE]
                more = {"kind": "collected", "unit": unit.number, "first": first, "more": True}
                self.connection.put({**more, "tests": part})
                first += _TESTS_A_MESSAGE
            message["first"] = first
            message["tests"] = tests[first:]
        self.connection.put(message)

    def _run_test(self, run: Run, items: List[Any], index: int) -> None:
        connection = self.connection
        item = items[index]
        unit = run.unit.number
        self.test = index
        if self._on_start is not None:
            self._on_start(index)
        if self.isolated:
            started = {"kind": "test_started", "unit": unit, "test": index, "pid": self._pid}
            if connection.log is not None:
                started["log"] = os.stat(connection.log).st_size
            connection.put(started)
        else:
            connection.put_line(b'{"kind":"test_started","unit":%d,"test":%d}\n' % (unit, index))
        # One write: how the last test ended, and that this one has begun.
        connection.flush(soon=True)
        if not self._setup_fits:
            self._refit(item)
        todo = run.todo
        assert todo is not None
        following = todo[0] if todo else None
        nextitem: Any
        if following is None:
            nextitem = self._next_unit()
        else:
            nextitem = items[following] if 0 <= following < len(items) else None
        self.reports.begin()
        try:
            self._protocol(item=item, nextitem=nextitem)
        except (Exit, KeyboardInterrupt) as stop:
            if self.reports.has_problem():
                # A failed test in whose debugger somebody has asked for the end has failed.
                self.test = None
                connection.put_line(self.reports.finish(unit, index))
            self._stopped_by_test(stop)
            raise
        if os.getpid() != self._pid:
            # A test forked, and the child has come back to pytest. Its results are not ours.
            os._exit(1)
        self.test = None
        connection.put_line(self.reports.finish(unit, index))
        stop_reason = self.session.shouldstop or self.session.shouldfail
        if stop_reason:
            connection.send({"kind": "stopping", "reason": str(stop_reason)})
            self._stopping = self._stop_now = True
        self._take_in()
        if run.todo:
            if run.todo[0] != following:
                self._setup_fits = False
        elif following is not None:
            self._setup_fits = False

    def _missing(self, index: int) -> None:
        text = "this worker's collection has no test %d in the unit" % index
        assert self.unit is not None
        started = {"kind": "test_started", "unit": self.unit.number, "test": index}
        self.connection.put(started)
        self.connection.put(
            {
                "kind": "test_finished",
                "unit": self.unit.number,
                "test": index,
                "outcome": "errored",
                "durations": [0, 0, 0],
                "problems": [{"phase": "setup", "outcome": "errored", "message": text}],
            }
        )

    # Fixtures between units.

    def _next_unit(self) -> Optional[NextUnit]:
        """What follows the last test of a unit."""
        if self.isolated or (self._stopping and not self._queue):
            return None
        return NextUnit(self._next_chain, self._next_item)

    def _next_chain(self) -> List[Any]:
        self._take_in()
        self._waiting = False
        if not self._queue and not self._stopping:
            assert self.unit is not None
            self.connection.put({"kind": "need_next", "unit": self.unit.number})
            while not self._queue and not self._stopping and not self._waiting:
                self._receive()
        if self._queue and not self._stop_now:
            return self._chain_of(self._queue[0])
        if self._stopping:
            return []
        # What comes is not known; what is shared by all stays.
        self._setup_fits = False
        return [self.session]

    def _chain_of(self, run: Run) -> List[Any]:
        unit = run.unit
        if run.isolation != "worker":
            return [self.session]
        if unit.expanded:
            todo = self._settle(run)
            if todo and 0 <= todo[0] < len(unit.tests):
                chain: List[Any] = unit.tests[todo[0]].listchain()
                return chain
        self._setup_fits = False
        node = unit.items[0] if unit.items else unit.node
        chain = node.listchain()
        return chain

    def _next_item(self) -> Optional[Any]:
        """The first test of the next unit, for a hook that insists."""
        self._next_chain()
        if not self._queue:
            return None
        run = self._queue[0]
        current = self.session.items
        self.ready(run)
        self.session.items = current
        return run.unit.tests[run.todo[0]] if run.todo else None

    def _refit(self, item: Any) -> None:
        """Tears down what the next test does not share, where pytest was told of another one."""
        self._setup_fits = True
        state = self.session._setupstate
        chain = item.listchain()
        stack = list(state.stack)
        if stack != chain[: len(stack)]:
            self._tear_down(item)

    def _tear_down(self, item: Optional[Any]) -> None:
        try:
            self.session._setupstate.teardown_exact(item)
        except (Exit, KeyboardInterrupt):
            raise
        except BaseException as error:  # noqa: BLE001 - pytest's outcomes are no Exceptions
            self._error("tearing down fixtures between units: %s" % self._text_of(error))

    def _finish_fixtures(self) -> None:
        if self.session._setupstate.stack:
            self._tear_down(None)

    # Telling what went wrong.

    def _text_of(self, error: BaseException) -> str:
        from _pytest._code import ExceptionInfo

        assert error.__traceback__ is not None
        info = ExceptionInfo.from_exc_info((type(error), error, error.__traceback__))
        return cut(str(info.getrepr(style="long", funcargs=False, chain=True)))

    def _error(self, text: str) -> None:
        message: Message = {"kind": "error", "fatal": False, "text": text}
        if self.unit is not None:
            message["unit"] = self.unit.number
        self.connection.send(message)

    def _stopped_by_test(self, stop: BaseException) -> None:
        reason = str(getattr(stop, "msg", "") or stop) or type(stop).__name__
        message: Message = {"kind": "stopping", "reason": "%s: %s" % (type(stop).__name__, reason)}
        status = getattr(stop, "returncode", None)
        if status is not None:
            message["exit_status"] = int(status)
        self.connection.send(message)
