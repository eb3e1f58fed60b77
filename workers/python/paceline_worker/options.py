"""What the engine's `welcome` says."""

from typing import Any, Dict, List, Mapping

from paceline_worker.protocol import Message
from paceline_worker.settings import Override


class Options:
    """The suite's options, with what holds where the engine says nothing."""

    def __init__(self, welcome: Message, environ: Mapping[str, str]) -> None:
        #: Names the run; the same for all its workers.
        self.run: str = _text(welcome, "run", "paceline")
        #: Arguments for pytest.
        self.args: List[str] = [str(arg) for arg in welcome.get("args") or []]
        #: worker, file or test.
        self.isolation: str = _choice(welcome, "isolation", ("worker", "file", "test"))
        #: fixture, file, class or test.
        self.split: str = _choice(welcome, "split", ("fixture", "file", "class", "test"))
        #: auto, files or whole.
        self.collect: str = _choice(welcome, "collect", ("auto", "files", "whole"))
        #: What holds for some of the tests; later ones win.
        self.overrides: List[Override] = [Override(one) for one in welcome.get("overrides") or []]
        #: How many workers the run may have.
        self.workers: int = max(1, int(welcome.get("workers") or 1))
        #: Whether sys.path begins with the working directory, as under `python -m pytest`.
        self.cwd_on_path: bool = bool(welcome.get("cwd_on_path", True))
        #: Whether a person may be at the other end of stdin.
        self.interactive: bool = bool(welcome.get("interactive", False))
        #: What the host's `ready` gave for workers that boot by themselves.
        self.worker_input: Dict[str, Any] = dict(welcome.get("worker_input") or {})
        #: This worker's number; None in a host.
        self.worker = _number(environ.get("PACELINE_WORKER_ID"))


def _number(text: Any) -> Any:
    try:
        return int(text)
    except (TypeError, ValueError):
        return None


def _text(message: Message, key: str, default: str) -> str:
    value = message.get(key)
    return value if isinstance(value, str) and value else default


def _choice(message: Message, key: str, choices: Any) -> str:
    value = message.get(key)
    if value is None:
        return str(choices[0])
    if value not in choices:
        raise ValueError("%s must be one of %s, not %r" % (key, ", ".join(choices), value))
    return str(value)
