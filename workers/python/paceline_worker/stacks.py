"""Lets the engine see the stacks of a worker that hangs.

A message would have to be read by Python code, and a thread that reads would disturb tests that
fork or count threads. So the engine sends a signal: faulthandler writes the stacks of all threads
from the signal handler, in C, even while C code loops with the interpreter's lock held.
"""

import faulthandler
import os
import signal
import sys
from typing import List, Optional

from paceline_worker.connection import move_high
from paceline_worker.protocol import Message


def stacks_signal() -> Optional[int]:
    """The signal to use: one that hardly any program has a use for."""
    if not hasattr(faulthandler, "register"):  # Windows
        return None
    if hasattr(signal, "SIGRTMIN"):
        return int(signal.SIGRTMIN) + 8
    return int(getattr(signal, "SIGINFO", signal.SIGUSR2))


class Stacks:
    """Dumps of all threads' stacks, appended to a file on a signal."""

    def __init__(self, path: Optional[str]) -> None:
        self.path = path
        self.signal = stacks_signal() if path else None
        if self.signal is None or path is None:
            return
        try:
            fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            self._fd = move_high(fd)
            faulthandler.register(self.signal, file=self._fd, all_threads=True, chain=False)
        except (OSError, ValueError, RuntimeError):
            self.signal = None

    def offer(self) -> Optional[Message]:
        """What `hello` says about it."""
        if self.signal is None:
            return None
        return {"signal": self.signal, "file": self.path, "own": _own()}


def _own() -> List[str]:
    """What the frames below every test contain: those of pytest and of this program."""
    own = [os.path.dirname(os.path.abspath(__file__)) + os.sep, "<frozen runpy>", os.sep + "runpy.py"]
    for name in ("_pytest", "pluggy"):
        file = getattr(sys.modules.get(name), "__file__", None)
        if file is not None:
            own.append(os.path.dirname(file) + os.sep)
    return own
