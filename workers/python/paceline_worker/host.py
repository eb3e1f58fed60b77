"""Waits with a booted pytest, and forks workers from it."""

import gc
import os
import random
import select
import signal
import sys
from typing import Any, Dict, Optional

from paceline_worker import forking, xdist_compat
from paceline_worker.connection import Connection
from paceline_worker.protocol import Message


class Fork:
    """In a child: what it was forked for."""

    def __init__(self, message: Message, worker_input: Dict[str, Any], random_state: Any) -> None:
        self.message = message
        self.worker_input = worker_input
        self.random_state = random_state


class Host:
    """Forks a worker for each `fork`, tells when one has ended, until `shutdown`."""

    def __init__(self, connection: Connection, config: Any) -> None:
        #: What `shutdown` said of the run.
        self.tests = 0
        self.failed = 0
        self._connection = connection
        self._worker_input = xdist_compat.host_input(config)
        self._children: Dict[int, int] = {}

    def serve(self) -> Optional[Fork]:
        """Returns None when the run is over, and a Fork in each child."""
        # What exists now lives as long as the workers: no collection need touch their pages.
        gc.freeze()
        read_end, write_end = os.pipe()
        os.set_blocking(read_end, False)
        os.set_blocking(write_end, False)
        old_handler = None
        old_wakeup = -1
        if hasattr(signal, "SIGCHLD"):
            old_handler = signal.signal(signal.SIGCHLD, lambda *_: None)
            old_wakeup = signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
        try:
            return self._loop(read_end)
        finally:
            # In children too: they must not wake the host.
            if hasattr(signal, "SIGCHLD"):
                signal.set_wakeup_fd(old_wakeup)
                signal.signal(signal.SIGCHLD, old_handler or signal.SIG_DFL)
            os.close(read_end)
            os.close(write_end)

    def _loop(self, wakeup: int) -> Optional[Fork]:
        connection = self._connection
        ending = False
        while True:
            message = connection.poll()
            while message is not None:
                kind = message["kind"]
                if kind == "fork":
                    fork = self._fork(message)
                    if fork is not None:
                        return fork
                elif kind == "shutdown":
                    self.tests = int(message.get("tests") or 0)
                    self.failed = int(message.get("failed") or 0)
                    ending = True
                elif kind != "welcome":
                    text = "unknown kind %r" % kind
                    connection.send({"kind": "error", "fatal": False, "text": text})
                message = connection.poll()
            self._reap()
            # Plugins combine the workers' data at the end: the workers have to be gone by then.
            if connection.closed or (ending and not self._children):
                return None
            waiting = [wakeup] if connection.closed else [connection.fileno(), wakeup]
            ready, _, _ = select.select(waiting, [], [])
            if wakeup in ready:
                try:
                    os.read(wakeup, 4096)
                except BlockingIOError:
                    pass

    def _fork(self, message: Message) -> Optional[Fork]:
        number = message.get("worker")
        connection = self._connection
        threads = forking.running_threads() if hasattr(os, "fork") else ["no fork here"]
        if not isinstance(number, int) or threads:
            reason = "cannot fork: " + (", ".join(threads) or "no worker number")
            connection.send({"kind": "fork_failed", "worker": number, "reason": reason})
            return None
        sys.stdout.flush()
        sys.stderr.flush()
        state = random.getstate()
        try:
            pid = os.fork()
        except OSError as error:
            reason = "cannot fork: %s" % error
            connection.send({"kind": "fork_failed", "worker": number, "reason": reason})
            return None
        if pid == 0:
            connection.abandon()
            forking.leave_the_host(message)
            return Fork(message, self._worker_input, state)
        try:
            os.setpgid(pid, pid)  # whoever is first
        except OSError:
            pass
        self._children[pid] = number
        connection.send({"kind": "forked", "worker": number, "pid": pid})
        return None

    def _reap(self) -> None:
        for pid in list(self._children):
            try:
                done, status = os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                done, status = pid, 0
            if not done:
                continue
            exited: Message = {"kind": "exited", "worker": self._children.pop(pid), "pid": pid}
            if os.WIFSIGNALED(status):
                exited["signal"] = os.WTERMSIG(status)
            else:
                exited["code"] = os.WEXITSTATUS(status)
            self._connection.send(exited)
