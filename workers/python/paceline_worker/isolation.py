"""Runs a unit or a test in a process of its own, forked from the worker.

`file`: a child collects the unit and runs it; the worker never imports the file. `test`: a child
collects the unit and forks once more for each test. A child sends over the worker's connection;
the worker waits, and speaks for a child that died.
"""

import mmap
import os
import signal
import struct
import sys
from collections import deque
from functools import partial
from typing import Any, Callable, Optional, Tuple

from paceline_worker.protocol import Message, cut

_STATE = struct.Struct("qqq")


class _Progress:
    """How far a child has come, in memory that parent and child share."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, mmap.PAGESIZE)
        #: The index of the test that was begun last, how many were begun, how many there are.
        self._write(-1, 0, -1)

    def total(self, count: int) -> None:
        index, begun, _ = self.read()
        self._write(index, begun, count)

    def begin(self, index: int) -> None:
        _, begun, total = self.read()
        self._write(index, begun + 1, total)

    def read(self) -> Tuple[int, int, int]:
        index, begun, total = _STATE.unpack_from(self._memory, 0)
        return index, begun, total

    def close(self) -> None:
        self._memory.close()

    def _write(self, index: int, begun: int, total: int) -> None:
        _STATE.pack_into(self._memory, 0, index, begun, total)


class LeaveChild(Exception):
    """Raised in a child when its part is done, to leave pytest the way a worker does."""


def run_apart(worker: Any, run: Any) -> None:
    """Runs a unit in children: one, and one more for each that dies."""
    number = run.unit.number
    if not hasattr(os, "fork"):
        text = "isolation needs a platform that can fork"
        worker.connection.send({"kind": "error", "fatal": True, "text": text})
        return
    worker.connection.leave_journal()
    worker.connection.send({"kind": "unit_started", "unit": number})
    _share_temporary_directory(worker)
    done = 0
    while True:
        progress = _Progress()
        died = _fork_and_wait(worker, partial(_run_unit, worker, run, done, progress))
        index, begun, total = progress.read()
        progress.close()
        if died is None:
            break
        if not begun:
            text = "the process ended while it collected: " + _words(died)
            error = {"kind": "collect_error", "unit": number, "text": text, "exit": died}
            worker.connection.put({**error, **_last_output(worker)})
            break
        done += begun
        if run.isolation == "file":
            worker.connection.put({**crashed(number, index, died), **_last_output(worker)})
        if begun >= total:
            break
    worker.connection.put({"kind": "unit_finished", "unit": number})


def _run_unit(worker: Any, run: Any, done: int, progress: _Progress) -> None:
    """In a child: runs the tests of a unit but for the first `done`."""
    worker.become_child(run.unit, progress.begin if run.isolation == "file" else None)
    worker.ready(run)
    run.todo = deque(list(run.todo)[done:])
    progress.total(len(run.todo))
    if run.isolation == "file":
        worker.run_tests(run)
        return
    worker.connection.flush()
    for index in list(run.todo):
        progress.begin(index)
        own = _Progress()
        died = _fork_and_wait(worker, partial(_run_test, worker, run, index, own))
        _, begun, _ = own.read()
        own.close()
        if died is not None:
            if not begun:
                worker.connection.put(
                    {"kind": "test_started", "unit": run.unit.number, "test": index}
                )
            message = crashed(run.unit.number, index, died)
            worker.connection.put({**message, **_last_output(worker)})


def _run_test(worker: Any, run: Any, index: int, progress: _Progress) -> None:
    """In a child of a child: runs one test."""
    worker.become_child(run.unit, progress.begin)
    run.todo = deque([index])
    worker.run_tests(run)


def _share_temporary_directory(worker: Any) -> None:
    # The children share the worker's base of temporary directories, and must not clear it.
    factory = getattr(worker.session.config, "_tmp_path_factory", None)
    if factory is not None:
        factory.getbasetemp()


def _fork_and_wait(worker: Any, act: Callable[[], None]) -> Optional[Message]:
    """Runs `act` in a child; what ended the child unless it ended well."""
    worker.connection.flush()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        # The child goes back through pytest like a worker that is done, so that plugins save
        # their data; LeaveChild carries it there.
        act()
        worker.connection.flush()
        raise LeaveChild
    while True:
        try:
            _, status = os.waitpid(pid, 0)
            break
        except InterruptedError:
            continue
    return exit_of(status)


def _last_output(worker: Any) -> Message:
    """What the child that died has printed since its last phase, as `sections`.

    Parent and child share the files of the capture. What is taken here is gone from them: the next
    child must not report it as its own.
    """
    manager = worker.session.config.pluginmanager.getplugin("capturemanager")
    if manager is None or manager._global_capturing is None:
        return {}
    titles = ("Captured stdout", "Captured stderr")
    found = zip(titles, manager.read_global_capture())
    sections = [[title, cut(text)] for title, text in found if text]
    return {"sections": sections} if sections else {}


def exit_of(status: int) -> Optional[Message]:
    """How a process ended, from its wait status; None for exit code 0."""
    if os.WIFSIGNALED(status):
        return {"signal": os.WTERMSIG(status)}
    code = os.WEXITSTATUS(status)
    return {"code": code} if code else None


def crashed(unit: int, index: int, died: Message) -> Message:
    """The `test_finished` of a test that ended its process."""
    return {
        "kind": "test_finished",
        "unit": unit,
        "test": index,
        "outcome": "crashed",
        "durations": [0, 0, 0],
        "exit": died,
        "problems": [
            {"phase": "call", "outcome": "crashed", "message": "the process ended: " + _words(died)}
        ],
    }


def _words(died: Message) -> str:
    if "signal" in died:
        try:
            name = signal.Signals(died["signal"]).name
        except ValueError:
            name = "signal %d" % died["signal"]
        return "signal %d (%s)" % (died["signal"], name)
    return "exit code %d" % died["code"]
