"""What `collected` tells of a test: its place, what binds it to others, its markers."""

import unittest
import zlib
from typing import Any, Dict, List, Optional

from paceline_worker.django_compat import flushes_database
from paceline_worker.protocol import Message
from paceline_worker.settings import Override, effective

# Markers that say how pytest makes tests, not what they are.
_INTERNAL_MARKERS = frozenset(("parametrize", "usefixtures", "filterwarnings", "paceline"))
_ORDER = {"class": 1, "module": 2, "package": 3}


def digest(items: List[Any]) -> str:
    """Changes when the ids of the tests or their order change."""
    ids = "\0".join(item.nodeid for item in items)
    return "%08x-%d" % (zlib.crc32(ids.encode("utf-8", "surrogatepass")), len(items))


class Describer:
    """Describes the tests of one unit."""

    def __init__(
        self, path: str, split: str, overrides: List[Override], has_django: bool = False
    ) -> None:
        self._path = path
        self._split = split
        self._overrides = overrides
        self._has_django = has_django
        #: What is wrong with the tests' own `paceline` markers.
        self.problems: List[str] = []
        self._bindings: Dict[int, Optional[str]] = {}

    def describe(self, item: Any) -> Message:
        file, line, _ = item.location
        message: Message = {"id": item.nodeid}
        if file != self._path:
            message["file"] = file
        if line is not None:
            message["line"] = line + 1
        group = self.group(item)
        if group is not None:
            message["group"] = group
        names: List[str] = []
        paceline: List[Any] = []
        for mark in item.iter_markers():
            name = mark.name
            if name == "paceline":
                paceline.append(mark)
            elif name not in _INTERNAL_MARKERS and name not in names:
                names.append(name)
        if names:
            message["markers"] = names
        if paceline or self._overrides:
            settings = effective(item.nodeid, paceline, self._overrides, self.problems)
            if settings:
                message["paceline"] = settings
        if self._has_django and flushes_database(item):
            message.setdefault("paceline", {})["late"] = True
        return message

    def group(self, item: Any) -> Optional[str]:
        """The key of the tests that have to stay with this one."""
        names = [str(_xdist_group(mark)) for mark in item.iter_markers("xdist_group")]
        if names:
            return "group:" + "_".join(sorted(set(names)))
        split = self._split
        if split == "file":
            return "file"
        if split == "test":
            return None
        bound = self._bound(item)
        if bound is None and split == "class":
            bound = "class"
        if bound == "class":
            owner = getattr(item, "cls", None)
            return None if owner is None else "class:" + owner.__qualname__
        return bound

    def _bound(self, item: Any) -> Optional[str]:
        """The widest scope below the session of the fixtures that the test is known to use."""
        info = getattr(item, "_fixtureinfo", None)
        if info is None:
            return "file"
        key = id(info)
        if key not in self._bindings:
            self._bindings[key] = _widest(info, getattr(item, "cls", None))
        return self._bindings[key]


def _widest(info: Any, owner: Any) -> Optional[str]:
    widest = None
    for name in info.names_closure:
        definitions = info.name2fixturedefs.get(name)
        if not definitions:
            continue
        for definition in definitions:
            scope = definition.scope
            if scope not in _ORDER:
                continue
            if "setUpClass_fixture" in name and not _has_class_setup(owner):
                continue
            if widest is None or _ORDER[scope] > _ORDER[widest[0]]:
                widest = (scope, str(getattr(definition, "baseid", "") or ""))
    if widest is None:
        return None
    scope, base = widest
    if scope == "package":
        return "package:" + base
    return "file" if scope == "module" else "class"


def _has_class_setup(owner: Any) -> bool:
    """Whether a TestCase class overrides what unittest calls once a class."""
    for name in ("setUpClass", "tearDownClass"):
        own = getattr(getattr(owner, name, None), "__func__", None)
        if own is not getattr(unittest.TestCase, name).__func__:
            return True
    return False


def _xdist_group(mark: Any) -> Any:
    return mark.args[0] if mark.args else mark.kwargs.get("name", "default")
