"""Lists files as units without importing them; expands a unit into its tests.

pytest's own collection does the walk. What this module adds is that it stops at files: the
collect report of a `pytest.File` that is no directory is answered here with an empty one, so that
order, `testpaths`, ignores and custom collectors are pytest's. Where arguments name tests inside a
file, pytest has to expand it at once, and does.
"""

import sys
from pathlib import Path
from typing import Any, Callable, Dict, FrozenSet, Iterable, List, Optional

import pytest
from _pytest.reports import CollectReport

from paceline_worker.protocol import Message

_DIRECTORIES = (pytest.Package,) + ((pytest.Directory,) if hasattr(pytest, "Directory") else ())

#: Plugins whose `pytest_collection_modifyitems` has to see all tests at once.
_WHOLE_PLUGINS = {
    "pytest_order": "pytest-order",
    "order": "pytest-order",
    "pytest_ordering": "pytest-ordering",
    "pytest_split": "pytest-split",
    "pytestsplit": "pytest-split",
    "randomly": "pytest-randomly",
    "random_order": "pytest-random-order",
    "random-order": "pytest-random-order",
    "pytest_reverse": "pytest-reverse",
    "reverse": "pytest-reverse",
    "dependency": "pytest-dependency",
    "pytest_dependency": "pytest-dependency",
    "testmon": "pytest-testmon",
    "shard": "pytest-shard",
    "pytest_shard": "pytest-shard",
}
#: Options of pytest that look at all tests at once.
_WHOLE_OPTIONS = {
    "lf": "--last-failed",
    "failedfirst": "--failed-first",
    "newfirst": "--new-first",
    "stepwise": "--stepwise",
}


class Unit:
    """A file (or the tests of it that the arguments name), as pytest meets it in its order."""

    __slots__ = ("expanded", "held", "items", "key", "node", "number", "sent", "tests")

    def __init__(self, number: int, key: str, node: Any) -> None:
        self.number = number
        #: The file node's id, with `#2` and so on where one file makes several units.
        self.key = key
        #: The file node.
        self.node = node
        #: The items that make it up where pytest had to expand it during the walk.
        self.items: Optional[List[Any]] = None
        #: Its tests in the order in which they would run; what indexes count.
        self.tests: List[Any] = []
        #: Whether `tests` is complete.
        self.expanded = False
        #: Indexes of the tests that only run when they are asked for; None if not known yet.
        self.held: Optional[FrozenSet[int]] = None
        #: Whether the engine has been told of the tests.
        self.sent = False

    def message(self) -> Message:
        return {
            "unit": self.number,
            "key": self.key,
            "path": _root_relative(self.node),
            "type": type(self.node).__name__,
        }


class _Uncalled:
    """Stands for a hook that nobody's implementation is called of for a while.

    Conftests that the walk finds register theirs, which have to be there afterwards.
    """

    def __init__(self, caller: Any) -> None:
        self._caller = caller

    def __call__(self, **_: Any) -> List[Any]:
        return []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._caller, name)


class Discovery:
    """The units of a session, and the plugin that collects them."""

    def __init__(self, on_units: Callable[[List[Unit]], None]) -> None:
        self.units: List[Unit] = []
        self.by_key: Dict[str, Unit] = {}
        #: Why everything is collected at once; None where files are units.
        self.whole_because: Optional[str] = None
        self._on_units = on_units
        self._announced = 0
        self._seen: Dict[str, int] = {}
        self._walking = False
        self._inside_session = False

    # The walk.

    def walk(self, session: Any) -> Any:
        """Stands in for `session.perform_collect`: finds the units."""
        real = type(session).perform_collect
        if self.whole_because is not None:
            items = real(session)
            for item in session.items:
                self._add_item(item)
            for unit in self.units:
                unit.tests = unit.items or []
                unit.expanded = True
            self._announce()
            return items
        hook = session.config.hook
        names = ("pytest_collection_modifyitems", "pytest_collection_finish")
        callers = {name: getattr(hook, name) for name in names}
        for name, caller in callers.items():
            # Plugins see these when there are tests to see.
            setattr(hook, name, _Uncalled(caller))
        self._walking = True
        try:
            items = real(session)
        finally:
            self._walking = False
            for name, caller in callers.items():
                setattr(hook, name, caller)
        session.items = []
        if session.config.getoption("importmode") == "prepend":
            _insert_roots(unit.node for unit in self.units)
        self._announce()
        return items

    def pytest_collectstart(self, collector: Any) -> None:
        if self._walking and collector is collector.session:
            self._inside_session = True

    def pytest_collectreport(self, report: Any) -> None:
        if self._inside_session and report.nodeid == "":
            self._inside_session = False

    @pytest.hookimpl(tryfirst=True)
    def pytest_make_collect_report(self, collector: Any) -> Optional[CollectReport]:
        if (
            not self._walking
            or self._inside_session
            or not isinstance(collector, pytest.File)
            or isinstance(collector, _DIRECTORIES)
        ):
            return None
        self._add(collector)
        return CollectReport(collector.nodeid, "passed", None, [])

    def pytest_itemcollected(self, item: Any) -> None:
        if self._walking:
            self._add_item(item)

    def _add_item(self, item: Any) -> None:
        node = item.getparent(pytest.File) or item
        last = self.units[-1] if self.units else None
        if last is None or last.node is not node or last.items is None:
            last = self._add(node)
            last.items = []
        assert last.items is not None
        last.items.append(item)

    def _add(self, node: Any) -> Unit:
        count = self._seen.get(node.nodeid, 0) + 1
        self._seen[node.nodeid] = count
        key = node.nodeid if count == 1 else "%s#%d" % (node.nodeid, count)
        unit = Unit(len(self.units), key, node)
        self.units.append(unit)
        self.by_key[key] = unit
        if self.whole_because is None and len(self.units) - self._announced >= 256:
            self._announce()
        return unit

    def _announce(self) -> None:
        new = self.units[self._announced :]
        # The last one may still grow where arguments name tests, which its message does not show.
        self._announced = len(self.units)
        if new:
            self._on_units(new)


def expand(unit: Unit, session: Any) -> None:
    """Collects a unit's tests, as `session.perform_collect` does for all of them."""
    if unit.items is not None:
        items = list(unit.items)
    else:
        items = list(session.genitems(unit.node))
    session.items = items
    session.config.hook.pytest_collection_modifyitems(
        session=session, config=session.config, items=items
    )
    session.items = items
    session.testscollected += len(items)
    unit.tests = list(items)
    unit.expanded = True


def in_collection_context(session: Any, collect: Callable[[], None]) -> None:
    """Calls `collect` as pytest calls `perform_collect`: warnings and logs are recorded."""
    manager = session.config.pluginmanager
    keep = ("main", "warnings", "logging-plugin")
    others = [plugin for name, plugin in manager.list_name_plugin() if name not in keep]
    caller = manager.subset_hook_caller(
        "pytest_collection", remove_plugins=[plugin for plugin in others if plugin is not None]
    )
    session.perform_collect = collect
    caller(session=session)


def reason_for_whole(config: Any, asked: str) -> Optional[str]:
    """Why all tests have to be collected before the first runs; None if they need not be."""
    if asked == "whole":
        return "it was asked for"
    if asked == "files":
        return None
    manager = config.pluginmanager
    for name, plugin in manager.list_name_plugin():
        if plugin is not None and name in _WHOLE_PLUGINS:
            known = _WHOLE_PLUGINS[name]
            if known == "pytest-randomly" and not config.getoption("randomly_reorganize", True):
                continue
            if known == "pytest-random-order" and not _random_order_is_on(config):
                continue
            if known == "pytest-split" and not config.getoption("splits", None):
                continue
            return "%s needs all tests at once" % known
    for option, name in _WHOLE_OPTIONS.items():
        if config.getoption(option, False):
            return "%s needs all tests at once" % name
    for impl in config.hook.pytest_collection_finish.get_hookimpls():
        module = getattr(impl.function, "__module__", "") or ""
        if module.split(".")[0] not in ("_pytest", "paceline_worker", "xdist"):
            return "%s has a pytest_collection_finish hook" % (
                getattr(impl.plugin, "__file__", None) or impl.plugin_name
            )
    return None


def _random_order_is_on(config: Any) -> bool:
    return bool(
        config.getoption("random_order_bucket", None) not in (None, "none")
        or config.getoption("random_order_seed", None)
    )


def _root_relative(node: Any) -> str:
    nodeid = str(node.nodeid).partition("::")[0]
    return nodeid or str(getattr(node, "path", ""))


def _insert_roots(nodes: Iterable[Any]) -> None:
    """Puts on sys.path what importing all test modules in order would have put there."""
    roots: Dict[Path, str] = {}
    for node in nodes:
        if not isinstance(node, pytest.Module) and type(node).__name__ != "DoctestModule":
            continue
        directory = node.path.parent
        root = roots.get(directory)
        if root is None:
            root = roots[directory] = str(_import_root(directory))
        if sys.path[0] != root:
            sys.path.insert(0, root)


def _import_root(directory: Path) -> Path:
    while (directory / "__init__.py").is_file() and directory.name.isidentifier():
        if directory.parent == directory:
            break
        directory = directory.parent
    return directory
