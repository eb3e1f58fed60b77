"""The pytest plugin that hosts and workers share."""

import contextlib
import io
import os
import sys
import warnings
from typing import Any, Callable, Generator, Iterator, List, Optional

import pytest
from _pytest._io import TerminalWriter

from paceline_worker import capture, forking, xdist_compat
from paceline_worker.capture import NamedCapture
from paceline_worker.connection import Connection
from paceline_worker.discovery import Discovery, Unit, reason_for_whole
from paceline_worker.host import Fork, Host
from paceline_worker.isolation import LeaveChild
from paceline_worker.options import Options
from paceline_worker.protocol import Message, cut
from paceline_worker.reports import Reports, problem
from paceline_worker.session import Worker

_MARKERS = (
    "paceline(needs, serial, weight, timeout, retries, isolation): how paceline schedules the test",
    "xdist_group(name): tests of one group run in one worker, in order",
)


class SilentReporter:
    """Stands for the terminal reporter where plugins ask for it; reports nothing by itself."""

    def __init__(self, reporter: Any) -> None:
        self._reporter = reporter

    def __getattr__(self, name: str) -> Any:
        if name.startswith(("pytest_", "__")):
            raise AttributeError(name)
        return getattr(self._reporter, name)


@contextlib.contextmanager
def _written_to_nobody(reporter: Any) -> Iterator[io.StringIO]:
    """Keeps what a terminal reporter writes."""
    buffer = io.StringIO()
    if reporter is None:
        yield buffer
        return
    writer = reporter._tw
    reporter._tw = TerminalWriter(buffer)
    reporter._tw.fullwidth = writer.fullwidth
    try:
        yield buffer
    finally:
        reporter._tw = writer


class Plugin:
    """Takes over pytest's collection and its run-test loop."""

    def __init__(
        self,
        options: Options,
        connection: Connection,
        watch: forking.BootWatch,
        log: Optional[str],
        connect_worker: Callable[[int, Message], Connection],
    ) -> None:
        self.options = options
        self.connection = connection
        self.is_host = options.worker is None
        self.watch = watch
        #: Whether `pytest_runtestloop` was reached.
        self.booted = False
        self.discovery = Discovery(self._announce)
        self.worker: Optional[Worker] = None
        self._log = log
        self._connect_worker = connect_worker
        self._forked = False
        self._done_apart = False
        self._collected = False
        self._warnings = 0
        self._summary = ""
        self._maxfail = 0

    # Configuration.

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_load_initial_conftests(self, early_config: Any) -> Generator[None, Any, None]:
        if not self.is_host and hasattr(early_config.known_args_namespace, "cov_append"):
            # A worker that starts late must not erase the data of one that has ended.
            early_config.known_args_namespace.cov_append = True
        yield

    @pytest.hookimpl(tryfirst=True)
    def pytest_cmdline_main(self, config: Any) -> None:
        xdist_compat.disable_xdist(config)
        if not self.is_host:
            xdist_compat.make_worker(config, self.options, self.options.worker)
            base = self.options.worker_input.get("basetemp")
            if base:
                name = "popen-" + xdist_compat.worker_name(self.options.worker)
                config.option.basetemp = os.path.join(base, name)

    @pytest.hookimpl(tryfirst=True)
    def pytest_configure(self, config: Any) -> None:
        for marker in _MARKERS:
            config.addinivalue_line("markers", marker)
        manager = config.pluginmanager
        if not manager.hasplugin("xdist"):
            manager.register(xdist_compat.Fixtures(), "paceline-fixtures")
        manager.register(self.discovery, "paceline-discovery")
        self.reports = Reports(config)
        self._maxfail = int(config.getoption("maxfail") or 0)
        config.option.maxfail = 0
        if self.is_host:
            # The terminal is the worker's.
            config.option.usepdb = False
            config.option.trace = False

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_sessionstart(self, session: Any) -> Generator[None, Any, None]:
        # `pytest_collection` of pytest itself calls this, in the midst of everybody's hooks.
        session.perform_collect = lambda *_, **__: self.discovery.walk(session)
        if self.is_host:
            yield
            return
        reporter = session.config.pluginmanager.getplugin("terminalreporter")
        self._silence(session.config)
        # The session's header is written by the reporter all the same: this hook is under way.
        with _written_to_nobody(reporter):
            yield

    # Collection.

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_collection(self, session: Any) -> Generator[None, Any, None]:
        if self.worker is None:
            self.discovery.whole_because = reason_for_whole(session.config, self.options.collect)
        yield

    def _announce(self, units: List[Unit]) -> None:
        if self.is_host:
            described = [unit.message() for unit in units]
            self.connection.send({"kind": "discovered", "units": described, "complete": False})

    def pytest_collectreport(self, report: Any) -> None:
        if report.passed or (self.worker is None and not self.is_host):
            # What a spawned worker's own walk meets, the host has told already.
            return
        found = problem(report)
        found.pop("phase", None)
        found.pop("outcome", None)
        kind = "collect_error" if report.failed else "collect_skipped"
        message: Message = {"kind": kind, "id": report.nodeid}
        worker = self.worker
        if worker is not None and worker.unit is not None:
            message["unit"] = worker.unit.number
        else:
            message["unit"] = None
        message.update(found)
        if report.failed and "text" not in message:
            message["text"] = cut(report.longreprtext)
        sections = [[str(title), cut(str(text))] for title, text in report.sections if text]
        if sections:
            message["sections"] = sections
        self.connection.put(message)

    def pytest_deselected(self, items: List[Any]) -> None:
        if self.worker is not None:
            self.worker.deselected += len(items)

    # The loop.

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: Any) -> bool:
        self.booted = True
        if self.is_host:
            fork = self._host(session)
            if fork is None:
                return True
            self._begin_forked(session, fork)
        elif self.options.interactive is False:
            manager = session.config.pluginmanager.getplugin("capturemanager")
            if manager is not None:
                capture.stop(manager)
                NamedCapture(self._log).restart(manager)
        self.worker = Worker(session, self.connection, self.discovery, self.reports, self.options)
        session.config.pluginmanager.register(self.reports, "paceline-reports")
        try:
            self.worker.work()
        except LeaveChild:
            self._done_apart = True
        return True

    def _host(self, session: Any) -> Optional[Fork]:
        config = session.config
        manager = config.pluginmanager.getplugin("capturemanager")
        if manager is not None:
            capture.stop(manager)
        factory = getattr(config, "_tmp_path_factory", None)
        base = str(factory.getbasetemp()) if factory is not None else None
        self.watch.stop()
        reason = forking.why_not(config, self.watch)
        whole = self.discovery.whole_because
        ready: Message = {
            "kind": "ready",
            "can_fork": reason is None,
            "collect": "files" if whole is None else "whole",
            "rootdir": str(config.rootpath),
            "config_file": str(config.inipath) if config.inipath else None,
            "maxfail": self._maxfail,
            "worker_input": {"basetemp": base, "workerinput": xdist_compat.host_input(config)},
        }
        if reason is not None:
            ready["why_not"] = reason
        if whole is not None:
            ready["collect_because"] = whole
        self.connection.put({"kind": "discovered", "units": [], "complete": True})
        self.connection.send(ready)
        host = Host(self.connection, config)
        fork = host.serve()
        if fork is None:
            session.testscollected = host.tests
            session.testsfailed = host.failed
            if manager is not None:
                manager.start_global_capturing()
                manager.suspend_global_capture()
        return fork

    def _begin_forked(self, session: Any, fork: Fork) -> None:
        """Turns a forked copy of the host into a worker."""
        config = session.config
        message = fork.message
        number = int(message["worker"])
        self.is_host = False
        self._forked = True
        self.options.worker = number
        self.connection = self._connect_worker(number, message)
        xdist_compat.set_environment(self.options, number)
        xdist_compat.make_worker(config, self.options, number)
        for key, value in fork.worker_input.items():
            config.workerinput.setdefault(key, value)
        forking.renew(config, number, self.watch, fork.random_state)
        self._silence(config)
        manager = config.pluginmanager.getplugin("capturemanager")
        if manager is not None:
            NamedCapture(message.get("log")).restart(manager)
        xdist_compat.adopt_coverage(session)

    def _silence(self, config: Any) -> None:
        manager = config.pluginmanager
        reporter = manager.getplugin("terminalreporter")
        if reporter is not None:
            manager.unregister(reporter)
            manager.register(SilentReporter(reporter), "terminalreporter")

    # The end.

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: Any) -> Generator[None, Any, None]:
        outcome = yield
        if self.worker is not None and self.worker.isolated:
            # The worker speaks for its children; a code says that this one did not get through.
            self._leave(0 if self._done_apart else 1)
        if outcome.excinfo is not None:
            text = "".join(_traceback(outcome.excinfo[1]))
            self.connection.put({"kind": "error", "fatal": False, "text": text})
        goodbye: Message = {"kind": "goodbye", "exit_status": int(session.exitstatus)}
        if self._summary.strip():
            goodbye["summary"] = cut(self._summary)
        self.connection.send(goodbye)
        if self._forked:
            forking.run_exit_handlers(lambda text: sys.stderr.write(text + "\n"))
            self._leave(0)

    def _leave(self, code: int) -> None:
        self.connection.flush()
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError):
                pass
        os._exit(code)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_terminal_summary(self, terminalreporter: Any) -> Generator[None, Any, None]:
        # Only plugins have something to say: pytest's own part would be about this process.
        if not self.is_host:
            yield
            return
        terminalreporter.stats.clear()
        with _written_to_nobody(terminalreporter) as buffer:
            yield
        self._summary = buffer.getvalue()

    # What goes wrong beside the tests.

    def pytest_internalerror(self, excrepr: Any) -> None:
        # A child of the worker is not the worker: that goes on.
        fatal = self.worker is None or not self.worker.isolated
        self.connection.send({"kind": "error", "fatal": fatal, "text": cut(str(excrepr))})

    def pytest_warning_recorded(
        self, warning_message: warnings.WarningMessage, when: str, nodeid: str, location: Any
    ) -> None:
        message = warning_message.message
        told: Message = {
            "kind": "warning",
            "when": when,
            "category": getattr(warning_message.category, "__name__", "Warning"),
            "message": cut(str(message), 8192),
            "file": warning_message.filename,
            "line": warning_message.lineno,
        }
        if nodeid:
            told["id"] = nodeid
        worker = self.worker
        if worker is not None and worker.unit is not None:
            told["unit"] = worker.unit.number
            if worker.test is not None:
                told["test"] = worker.test
        elif not self.is_host and not self.booted:
            # What a spawned worker meets while it boots, the host has met too.
            return
        told["text"] = cut(
            warnings.formatwarning(
                str(message),
                warning_message.category,
                warning_message.filename,
                warning_message.lineno,
                warning_message.line,
            ),
            8192,
        )
        self.connection.put(told)


def _traceback(error: BaseException) -> List[str]:
    import traceback

    return traceback.format_exception(type(error), error, error.__traceback__)
