"""pytest's capture in a worker: restarted after a fork, and readable after a crash.

pytest captures into unlinked temporary files, which die with the process. In a worker they have
names, so that the engine can show what a test printed before it took its process with it.
"""

import io
import os
from typing import Any, Dict, List, Optional

import _pytest.capture as pytest_capture


class NamedCapture:
    """Gives the files of the global capture names beside the worker's log."""

    def __init__(self, log: Optional[str]) -> None:
        self._paths: List[str] = [log + ".stdout", log + ".stderr"] if log else []

    def offer(self) -> Optional[Dict[str, str]]:
        """What `hello` says about it."""
        if not self._paths:
            return None
        return {"stdout": self._paths[0], "stderr": self._paths[1]}

    def restart(self, manager: Any) -> None:
        """Starts the global capture again, as between tests."""
        names = iter(self._paths)
        module: Any = pytest_capture
        real = module.TemporaryFile

        def named(*args: Any, **kwargs: Any) -> Any:
            path = next(names, None)
            if path is None:
                return real(*args, **kwargs)
            return _open(path)

        # The order is stdin (which needs no file), stdout, stderr.
        module.TemporaryFile = named
        try:
            manager.start_global_capturing()
        finally:
            module.TemporaryFile = real
        manager.suspend_global_capture()


def _open(path: str) -> io.FileIO:
    flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | getattr(os, "O_CLOEXEC", 0)
    return io.FileIO(os.open(path, flags, 0o600), "w+")


def stop(manager: Any) -> None:
    """Stops the global capture of a host, so that its workers do not share its files."""
    manager.read_global_capture()
    manager.stop_global_capturing()
