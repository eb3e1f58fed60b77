"""A file of messages beside the socket: writing to it wakes nobody.

The engine reads on when it is told that the file has grown, once more a little later, and when the
connection ends. So what follows closely on what was told need not be told (docs/protocol.md).
"""

import os
import time
from typing import Optional

from paceline_worker.connection import move_high
from paceline_worker.protocol import Message

#: Seconds within which the engine looks again without being told; half of what it promises.
_LOOKS_AGAIN = 0.002
#: A file that has become longer is followed by another, in bytes.
_LONG = 1024 * 1024
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


class Journal:
    """The file that a worker's messages go to."""

    # Not names in a module: tests that freeze the time or fake the file system exchange those.
    _clock = staticmethod(time.monotonic)
    _open = staticmethod(os.open)
    _write = staticmethod(os.write)
    _dup2 = staticmethod(os.dup2)
    _close = staticmethod(os.close)

    def __init__(self, path: str) -> None:
        self._path = path
        self._fd = move_high(self._open(path, _FLAGS, 0o600))
        self._number = 0
        self._size = 0
        self._told = float("-inf")

    @classmethod
    def beside(cls, log: Optional[str]) -> "Optional[Journal]":
        """One beside the worker's log, where that can be."""
        if log is None:
            return None
        try:
            # Not that of an earlier worker of this number, which may still be read.
            return cls("%s.%d.journal" % (log, os.getpid()))
        except OSError:
            return None

    def offer(self) -> str:
        """What `hello` says about it."""
        return self._path

    def write(self, data: bytes) -> bytes:
        """Adds whole lines. What does not fit is returned, from the start of a line."""
        written = 0
        try:
            while written < len(data):
                written += self._write(self._fd, data[written:] if written else data)
        except OSError:
            return data[data.rfind(b"\n", 0, written) + 1 :]
        self._size += written
        return b""

    def news(self, now: bool) -> Optional[Message]:
        """What to tell the engine after a write, if anything; with `now` in any case."""
        clock = self._clock()
        if not now and clock - self._told < _LOOKS_AGAIN:
            return None
        self._told = clock
        if self._size >= _LONG and self._turn_over():
            return {"kind": "journal", "next": True}
        return {"kind": "journal"}

    def _turn_over(self) -> bool:
        try:
            following = self._open("%s.%d" % (self._path, self._number + 1), _FLAGS, 0o600)
            # Under the same number: tests that count descriptors see no other.
            self._dup2(following, self._fd, False)
            self._close(following)
        except OSError:
            return False
        self._number += 1
        self._size = 0
        return True

    def close(self) -> None:
        """Ends the writing. What was written is the engine's to read."""
        try:
            self._close(self._fd)
        except OSError:
            # A test has closed all descriptors that it found.
            pass
