"""What suites prepared for pytest-xdist look for, and pytest-cov's data.

A worker is to a suite what a worker of pytest-xdist is: `config.workerinput`, the environment
variables, the fixtures `worker_id` and `testrun_uid`. A host is the controller: it has none of
them.
"""

import os
import socket
from types import SimpleNamespace
from typing import Any, Dict

import pytest

from paceline_worker.options import Options


def worker_name(number: int) -> str:
    """The name that pytest-xdist gives to the worker with this number."""
    return "gw%d" % number


def set_environment(options: Options, number: int) -> None:
    """Sets the environment variables of a worker."""
    os.environ["PYTEST_XDIST_WORKER"] = worker_name(number)
    os.environ["PYTEST_XDIST_WORKER_COUNT"] = str(options.workers)
    os.environ["PYTEST_XDIST_TESTRUNUID"] = options.run


def make_worker(config: Any, options: Options, number: int) -> None:
    """Makes a configuration that of a worker."""
    config.workerinput = {
        "workerid": worker_name(number),
        "workercount": options.workers,
        "testrunuid": options.run,
        "mainargv": ["pytest"] + options.args,
        **options.worker_input.get("workerinput", {}),
    }
    config.workeroutput = {}


def host_input(config: Any) -> Dict[str, Any]:
    """What `config.workerinput` has to hold for plugins that fill it in the controller."""
    given: Dict[str, Any] = {
        "cov_master_host": socket.gethostname(),
        "cov_master_topdir": os.getcwd(),
        "cov_master_rsync_roots": [],
    }
    seed = config.getoption("randomly_seed", None)
    if seed is not None:
        given["randomly_seed"] = seed
    caller = getattr(config.hook, "pytest_configure_node", None)
    if caller is not None:
        node = SimpleNamespace(
            config=config,
            workerinput=given,
            gateway=SimpleNamespace(id="gw0", spec=SimpleNamespace(popen=True)),
            nodemanager=SimpleNamespace(roots=[]),
        )
        try:
            caller(node=node)
        except AttributeError:
            # A plugin reaches for parts of pytest-xdist that do not exist here.
            pass  # what it would have filled in, nobody reads
    return {key: value for key, value in given.items() if _is_plain(value)}


def disable_xdist(config: Any) -> None:
    """Keeps pytest-xdist from distributing tests itself: `-n` may be in `addopts`."""
    for option, off in (
        ("dist", "no"),
        ("distload", False),
        ("numprocesses", None),
        ("maxprocesses", None),
        ("tx", []),
        ("looponfail", False),
    ):
        if hasattr(config.option, option):
            setattr(config.option, option, off)


class Fixtures:
    """The fixtures of pytest-xdist, where that is not installed."""

    @pytest.fixture(scope="session")
    def worker_id(self, request: Any) -> str:
        """The id of the worker: gw0, gw1, and so on."""
        return str(request.config.workerinput["workerid"])

    @pytest.fixture(scope="session")
    def testrun_uid(self, request: Any) -> str:
        """Names the run; the same in all its workers."""
        return str(request.config.workerinput["testrunuid"])


def adopt_coverage(session: Any) -> None:
    """Makes pytest-cov save this forked worker's data under a name of its own.

    pytest-cov has started in the host, as the one process of a plain run or as the controller of
    a distributed one. In either case it combines all data files at the end of the host.
    """
    manager = session.config.pluginmanager
    plugin = manager.getplugin("_cov")
    controller = getattr(plugin, "cov_controller", None)
    if controller is None:
        return
    try:
        from pytest_cov import engine
    except ImportError:
        return
    session.config.workerinput.update(
        cov_master_host=socket.gethostname(),
        cov_master_topdir=str(getattr(controller, "topdir", os.getcwd())),
        cov_master_rsync_roots=[],
    )
    # What the host has measured so far, the host saves.
    controller.cov.stop()
    plugin.pid = os.getpid()
    plugin.start(engine.DistWorker, session.config, session.config.workerinput["workerid"])
    contexts = manager.getplugin("_cov_contexts")
    if contexts is not None:
        contexts.cov_controller = plugin.cov_controller


def keep_coverage(config: Any) -> None:
    """Tells pytest-cov before 7 that a child of the worker is measured as the worker was."""
    plugin = config.pluginmanager.getplugin("_cov")
    if plugin is not None:
        plugin.pid = os.getpid()


def _is_plain(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return all(_is_plain(item) for item in value)
    return value is None or isinstance(value, (str, int, float, bool))
