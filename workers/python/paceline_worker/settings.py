"""How tests ask to be scheduled: their `paceline` markers, and the overrides of `welcome`."""

import re
from typing import Any, Callable, Dict, Iterable, List, Optional

from paceline_worker.protocol import Message

_ISOLATIONS = ("worker", "file", "test")
_MOST = 2**32 - 1


class SettingsError(ValueError):
    """Says what is wrong with a setting."""


class Pattern:
    """A glob over whole ids: `*` is any text, `?` one character, all else, `[` too, is itself."""

    def __init__(self, text: str) -> None:
        first, *rest = [
            re.compile("".join("." if c == "?" else re.escape(c) for c in part), re.DOTALL)
            for part in text.split("*")
        ]
        self._first = first
        self._rest = rest
        #: How many characters the last part takes: each stands for one.
        self._tail = len(text.rpartition("*")[2])

    def fits(self, text: str) -> bool:
        """Whether `text` fits. Takes each part at its first place, so it never goes back."""
        if not self._rest:
            return self._first.fullmatch(text) is not None
        found = self._first.match(text)
        for part in self._rest[:-1]:
            if found is None:
                return False
            found = part.search(text, found.end())
        end = len(text) - self._tail
        return (
            found is not None and found.end() <= end and self._rest[-1].match(text, end) is not None
        )


class Override:
    """What holds for the tests whose ids fit a pattern."""

    def __init__(self, told: Any) -> None:
        if not isinstance(told, dict) or not isinstance(told.get("tests"), str):
            raise SettingsError("an override needs `tests`, a pattern, not %r" % (told,))
        self.pattern = Pattern(told["tests"])
        # Fields of later versions are ignored, as everywhere in `welcome`.
        self.settings = {key: _checked(key, told[key]) for key in _CHECKS if key in told}


def effective(
    nodeid: str, markers: Iterable[Any], overrides: List[Override], problems: List[str]
) -> Message:
    """A test's settings; what its markers say wrongly is left out and added to `problems`.

    The closest marker wins over those further out, any marker over overrides, and a later override
    over earlier ones. None and an empty `needs` say that there is no such setting after all.
    """
    settings: Dict[str, Any] = {}
    for mark in markers:
        if mark.args:
            problems.append("%s: the paceline marker takes keywords only" % nodeid)
        for key, value in mark.kwargs.items():
            if key in settings:
                continue
            try:
                settings[key] = _checked(key, value)
            except SettingsError as error:
                problems.append("%s: the paceline marker: %s" % (nodeid, error))
    for override in reversed(overrides):
        if override.pattern.fits(nodeid):
            for key, value in override.settings.items():
                settings.setdefault(key, value)
    return {key: value for key, value in settings.items() if value is not None}


def is_held_back(settings: Optional[Message]) -> bool:
    """Whether the test may only run when it is asked for by index.

    Its constraints have to be taken first, or other tests of the suite run before it, which is the
    engine's to do. The engine judges by the same rule what it has to ask for.
    """
    if not settings:
        return False
    return (
        settings.get("serial") is True
        or settings.get("late") is True
        or "needs" in settings
        or settings.get("weight", 1) > 1
        or "isolation" in settings
    )


def _checked(key: str, value: Any) -> Any:
    check = _CHECKS.get(key)
    if check is None:
        raise SettingsError("it has no `%s`" % key)
    return None if value is None else check(key, value)


def _flag(key: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise SettingsError("`%s` must be True or False, not %r" % (key, value))
    return value


def _count(least: int) -> Callable[[str, Any], int]:
    def check(key: str, value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= _MOST:
            raise SettingsError("`%s` must be an integer from %d, not %r" % (key, least, value))
        return value

    return check


def _duration(key: str, value: Any) -> Any:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if isinstance(value, str) or (is_number and 0 < value < float("inf")):
        return value
    raise SettingsError('`%s` must be positive seconds or a text like "90s", not %r' % (key, value))


def _isolation(key: str, value: Any) -> str:
    if value not in _ISOLATIONS:
        raise SettingsError("`%s` must be one of %s, not %r" % (key, ", ".join(_ISOLATIONS), value))
    return str(value)


def _needs(key: str, value: Any) -> Any:
    if isinstance(value, str):
        return [value]
    if isinstance(value, (list, tuple)) and all(isinstance(name, str) for name in value):
        return list(value) or None
    if isinstance(value, (set, frozenset)) and all(isinstance(name, str) for name in value):
        return sorted(value) or None
    if isinstance(value, dict) and all(
        isinstance(name, str) and isinstance(amount, (int, str)) for name, amount in value.items()
    ):
        return dict(value) or None
    raise SettingsError("`%s` must be names, or amounts by name, not %r" % (key, value))


_CHECKS: Dict[str, Callable[[str, Any], Any]] = {
    "needs": _needs,
    "serial": _flag,
    "weight": _count(1),
    "timeout": _duration,
    "retries": _count(0),
    "isolation": _isolation,
}
