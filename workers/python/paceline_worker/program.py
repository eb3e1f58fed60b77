"""Connects, says hello, and boots pytest in the role that the program was given."""

import gc
import os
import platform
import signal
import sys
from typing import Any, Dict, List, Optional, TextIO, Tuple

# Nothing here may need pytest before it is known that there is one.
from paceline_worker.connection import Connection, ConnectionClosed
from paceline_worker.journal import Journal
from paceline_worker.options import Options
from paceline_worker.protocol import PROTOCOL, Message, cut
from paceline_worker.stacks import Stacks

_OLDEST_PYTEST = (7, 0)


class Tee:
    """Passes on what is written to stderr, and keeps its end."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.kept: List[str] = []

    def write(self, text: str) -> int:
        self.kept.append(text)
        if len(self.kept) > 2000:
            del self.kept[:1000]
        return self._stream.write(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def main(collects: bool) -> None:
    """Runs the program, and ends the process. `collects`: whether garbage is to be collected."""
    environ = dict(os.environ)
    address = os.environ.pop("PACELINE_CONNECT", "")
    token = os.environ.pop("PACELINE_TOKEN", "")
    role = os.environ.pop("PACELINE_ROLE", "")
    log = os.environ.pop("PACELINE_LOG", None)
    if not address or role not in ("host", "worker"):
        sys.stderr.write(
            "paceline_worker is started by paceline, "
            "with PACELINE_CONNECT and PACELINE_ROLE (host or worker)\n"
        )
        sys.exit(2)
    if role == "host":
        os.environ.pop("PACELINE_WORKER_ID", None)
        environ.pop("PACELINE_WORKER_ID", None)
    try:
        import pytest
    except ImportError as error:
        text = "cannot import pytest: %s (%s)" % (error, sys.executable)
        _refuse(address, token, role, None, text)
    version = pytest.__version__
    if tuple(int(part) for part in version.split(".")[:2]) < _OLDEST_PYTEST:
        text = "paceline needs pytest 7.0 or newer; this is pytest %s (%s)"
        _refuse(address, token, role, version, text % (version, sys.executable))

    number = _worker_number(environ, role)
    connection, welcome = _meet(address, token, role, number, log, version)
    try:
        options = Options(welcome, environ if role == "worker" else {})
    except ValueError as error:
        connection.send({"kind": "error", "fatal": True, "text": str(error)})
        sys.exit(2)
    run_pytest(options, connection, address, version, log, collects)


def run_pytest(
    options: Options,
    connection: Connection,
    address: str,
    version: str,
    log: Optional[str],
    collects: bool,
) -> None:
    """Boots pytest and stays in it until the engine says that the run is over."""
    import pytest

    from paceline_worker import forking, xdist_compat
    from paceline_worker.plugin import Plugin

    if options.cwd_on_path:
        sys.path.insert(0, os.getcwd())
    watch = forking.BootWatch()
    if options.worker is None:
        watch.start()
        if options.interactive:
            # Conftests are imported here and in the worker; there a person can answer.
            sys.breakpointhook = _no_breakpoint
    else:
        xdist_compat.set_environment(options, options.worker)
        if not options.interactive:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            forking.stdin_from_nowhere()

    def connect_worker(number: int, message: Message) -> Connection:
        token = str(message.get("token", ""))
        return _meet(address, token, "worker", number, message.get("log"), version)[0]

    plugin = Plugin(options, connection, watch, log, connect_worker)
    sys.argv = ["pytest"] + options.args
    tee = Tee(sys.stderr)
    sys.stderr = tee  # type: ignore[assignment,unused-ignore]
    if collects:
        gc.enable()
    try:
        status = int(pytest.main(list(options.args), plugins=[plugin]))
    except SystemExit as stop:
        status = stop.code if isinstance(stop.code, int) else 1
    finally:
        if sys.stderr is tee:
            sys.stderr = tee._stream
    connection = plugin.connection
    if not plugin.booted:
        text = "".join(tee.kept).strip() or "pytest ended with status %d" % status
        connection.send({"kind": "error", "fatal": True, "text": cut(text), "exit_status": status})
    connection.flush()
    # Without the interpreter's own end: taking a booted pytest apart object by object takes longer
    # than a small suite, and threads that tests have left would be waited for.
    forking.run_exit_handlers(lambda text: sys.stderr.write(text + "\n"))
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            pass
    os._exit(0 if plugin.booted else 1)


def _no_breakpoint(*_args: Any, **_kwargs: Any) -> None:
    pass


def _worker_number(environ: Dict[str, str], role: str) -> Optional[int]:
    if role == "host":
        return None
    try:
        return int(environ["PACELINE_WORKER_ID"])
    except (KeyError, ValueError):
        sys.stderr.write("a worker needs PACELINE_WORKER_ID, a number\n")
        sys.exit(2)


def _meet(
    address: str,
    token: str,
    role: str,
    number: Optional[int],
    log: Optional[str],
    version: Optional[str],
) -> Tuple[Connection, Message]:
    """Connects, says hello and waits to be welcome."""
    try:
        connection = Connection(address)
    except (OSError, ValueError) as error:
        sys.stderr.write("cannot connect to paceline at %s: %s\n" % (address, error))
        sys.stderr.flush()
        os._exit(3)
    connection.log = log
    hello: Message = {
        "kind": "hello",
        "protocol": PROTOCOL,
        "token": token,
        "role": role,
        "pid": os.getpid(),
        "framework": {"name": "pytest", "version": version},
        "language": {
            "name": "python",
            "version": platform.python_version(),
            "implementation": sys.implementation.name,
            "executable": sys.executable,
        },
    }
    journal = None
    if number is not None:
        hello["worker"] = number
        stacks = Stacks(log + ".stacks" if log else None).offer()
        if stacks is not None:
            hello["stacks"] = stacks
        hello["claims"] = True
        journal = Journal.beside(log)
        if journal is not None:
            hello["journal"] = journal.offer()
        if version is not None:
            from paceline_worker.capture import NamedCapture

            captured = NamedCapture(log).offer()
            if captured is not None:
                hello["captured"] = captured
    connection.send(hello)
    try:
        answer = connection.receive()
    except ConnectionClosed:
        answer = {"kind": "refused", "reason": "the connection was closed"}
    if answer["kind"] != "welcome":
        reason = answer.get("reason") or answer["kind"]
        sys.stderr.write("paceline refused this process: %s\n" % reason)
        sys.stderr.flush()
        os._exit(3)
    if journal is not None:
        if answer.get("journal"):
            connection.write_to(journal)
        else:
            journal.close()
    return connection, answer


def _refuse(address: str, token: str, role: str, version: Optional[str], text: str) -> None:
    """Tells why this interpreter cannot run the suite, and ends the process."""
    sys.stderr.write(text + "\n")
    number = _worker_number(dict(os.environ), role)
    connection, _ = _meet(address, token, role, number, None, version)
    connection.send({"kind": "error", "fatal": True, "text": text})
    sys.exit(2)
