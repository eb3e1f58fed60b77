"""What a forked worker has to renew; whether forking is safe."""

import _thread
import atexit
import os
import random
import signal
import sys
import threading
from typing import Any, Callable, List, Optional

from paceline_worker.connection import move_high
from paceline_worker.protocol import Message
from paceline_worker.xdist_compat import worker_name

#: Names in a hook's code that show that it tells workers from the controller.
_WORKER_NAMES = frozenset(
    ("workerinput", "is_xdist_worker", "is_xdist_controller", "get_xdist_worker_id")
)
#: Who may look at the variables of a worker without anything following from it.
_INDIFFERENT = tuple(
    os.sep + name + os.sep for name in ("xdist", "_pytest", "hypothesis", "pytest_cov")
)


class BootWatch:
    """Notices what a host does while it boots that a forked worker could not make up for."""

    def __init__(self) -> None:
        #: The file that asked which worker it is in, before there was one.
        self.asked_for_worker: Optional[str] = None
        #: Whether the suite has seeded `random`.
        self.seeded = False
        self._encodekey: Any = None
        self._seed: Any = None

    def start(self) -> None:
        # Every look-up in os.environ goes through this instance attribute.
        self._encodekey = encodekey = getattr(os.environ, "encodekey", None)
        if encodekey is not None:
            names = ("PYTEST_XDIST_WORKER", "PACELINE_WORKER_ID")

            def watching(key: Any) -> Any:
                if key in names and self.asked_for_worker is None:
                    self.asked_for_worker = _asking_file()
                return encodekey(key)

            os.environ.encodekey = watching
        self._seed = seed = random.seed

        def noticing(*args: Any, **kwargs: Any) -> None:
            self.seeded = True
            seed(*args, **kwargs)

        random.seed = noticing

    def stop(self) -> None:
        if self._encodekey is not None:
            os.environ.encodekey = self._encodekey
        if self._seed is not None:
            random.seed = self._seed


def _asking_file() -> Optional[str]:
    frame = sys._getframe(2)
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith("<") and os.path.basename(file) not in (
            "os.py",
            "_collections_abc.py",
        ):
            return None if any(part in file for part in _INDIFFERENT) else file
        frame = frame.f_back  # type: ignore[assignment]
    return None


def why_not(config: Any, watch: BootWatch) -> Optional[str]:
    """Why workers should boot by themselves; None where they can be forked."""
    if not hasattr(os, "fork"):
        return "this platform cannot fork"
    if sys.platform == "darwin":
        return "system libraries of macOS do not survive a fork"
    threads = running_threads()
    if threads:
        return "threads are running after start-up: " + ", ".join(threads)
    if watch.asked_for_worker:
        return "%s asks for PYTEST_XDIST_WORKER at start-up" % watch.asked_for_worker
    for plugin in config.pluginmanager.get_plugins():
        file = getattr(plugin, "__file__", None)
        if not file or os.path.basename(file) != "conftest.py":
            continue
        for hook in ("pytest_configure", "pytest_sessionstart"):
            if _names_of(getattr(plugin, hook, None)) & _WORKER_NAMES:
                return "%s of %s tells workers from the controller" % (hook, file)
        if hasattr(plugin, "pytest_sessionstart") and hasattr(plugin, "pytest_sessionfinish"):
            return "%s has pytest_sessionstart and pytest_sessionfinish" % file
    return None


def running_threads() -> List[str]:
    """The names of Python's threads other than this one."""
    me = threading.current_thread()
    names = [thread.name for thread in threading.enumerate() if thread is not me]
    unknown = _thread._count() - len(names)
    # Before 3.13 the count leaves the main thread out.
    if sys.version_info >= (3, 13):
        unknown -= 1
    if unknown > 0:
        names.append("%d without a name" % unknown)
    return names


def _names_of(function: Any) -> "frozenset[str]":
    code = getattr(function, "__code__", None)
    if code is None:
        return frozenset()
    constants = [value for value in code.co_consts if isinstance(value, str)]
    return frozenset(code.co_names) | frozenset(constants)


def leave_the_host(message: Message) -> None:
    """The first steps of a forked child, before it connects."""
    os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    log = message.get("log")
    if log:
        fd = os.open(str(log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        sys.stdout.flush()
        sys.stderr.flush()
        os.dup2(fd, 1)
        os.dup2(fd, 2)
        os.close(fd)
    stdin_from_nowhere()
    for name, value in (message.get("env") or {}).items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = str(value)
    # The host's handlers are the host's to run; multiprocessing's checks whose process it is in.
    atexit._clear()
    multiprocessing_util = sys.modules.get("multiprocessing.util")
    if multiprocessing_util is not None:
        atexit.register(multiprocessing_util._exit_function)


def stdin_from_nowhere() -> None:
    """Tests read nothing from stdin."""
    fd = os.open(os.devnull, os.O_RDONLY)
    os.dup2(fd, 0)
    if fd != 0:
        os.close(fd)


def renew(config: Any, number: int, watch: BootWatch, random_state: Any) -> None:
    """Renews what a fork must not share with the host and its other workers."""
    _renew_random(watch, random_state)
    _renew_temporary_directory(config, worker_name(number))
    _renew_faulthandler(config)


def _renew_random(watch: BootWatch, state: Any) -> None:
    # Python gives a forked child a fresh seed. A suite that set one wants that one.
    if watch.seeded:
        random.setstate(state)
        return
    numpy = sys.modules.get("numpy")
    seed = getattr(getattr(numpy, "random", None), "seed", None)
    if seed is not None:
        seed()


def _renew_temporary_directory(config: Any, name: str) -> None:
    factory = getattr(config, "_tmp_path_factory", None)
    if factory is None or factory._basetemp is None:
        return
    # The factory is changed in place, for others hold it too. Its clean-up is the host's.
    factory._given_basetemp = factory._basetemp / ("popen-" + name)
    factory._basetemp = None
    if hasattr(factory, "_exit_stack"):
        factory._exit_stack = type(factory._exit_stack)()
    if hasattr(factory, "_next_number"):
        factory._next_number = {}


def _renew_faulthandler(config: Any) -> None:
    faulthandler = sys.modules.get("faulthandler")
    if faulthandler is None or not faulthandler.is_enabled():
        return
    # Not to descriptor 2 itself: that is a captured one while a test runs.
    log = move_high(os.dup(2))
    faulthandler.enable(file=log)
    try:
        from _pytest.faulthandler import fault_handler_stderr_fd_key
    except ImportError:
        return
    fd = config.stash.get(fault_handler_stderr_fd_key, None)
    if isinstance(fd, int):
        os.dup2(log, fd, inheritable=False)


def run_exit_handlers(warn: Callable[[str], object]) -> None:
    """Runs the atexit handlers that were registered in this process."""
    try:
        atexit._run_exitfuncs()
    except BaseException as error:  # noqa: BLE001 - the process ends here in any case
        warn("an exit handler failed: %r" % error)
