"""How messages become lines, and how long a line may be."""

import codecs
import json
from typing import Any, Dict, Tuple

PROTOCOL = 1

#: The longest line in bytes, its newline included.
MAX_LINE = 16 * 1024 * 1024
#: The longest text of a single field in characters, before it is cut.
MAX_TEXT = 1024 * 1024
#: What texts are cut to where a line would still be too long.
SMALL_TEXT = 16 * 1024

Message = Dict[str, Any]


def _replacement(error: UnicodeError) -> Tuple[bytes, int]:
    # A lone surrogate has no place in UTF-8 and in JSON; its text is \\udc80, escaped as JSON asks.
    assert isinstance(error, UnicodeEncodeError)
    lone = error.object[error.start : error.end]
    return b"".join(b"\\\\u%04x" % ord(character) for character in lone), error.end


codecs.register_error("paceline-escape", _replacement)

# `default=repr`: a value that JSON cannot hold comes from a test and must not end the worker.
_dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=repr).encode
_loads = json.JSONDecoder().decode


def encode(message: Message) -> bytes:
    """The message as a line that is not longer than `MAX_LINE`."""
    line = _line(message)
    if len(line) <= MAX_LINE:
        return line
    for limit in (MAX_TEXT, SMALL_TEXT, 256):
        line = _line(_cut_all(message, limit))
        if len(line) <= MAX_LINE:
            return line
    kept = ("kind", "unit", "test", "outcome", "worker", "digest")
    return _line({**{key: message[key] for key in kept if key in message}, "cut": True})


def decode(line: bytes) -> Message:
    """The message of a line.

    Raises ValueError if it is none.
    """
    message = _loads(line.decode("utf-8"))
    if not isinstance(message, dict) or not isinstance(message.get("kind"), str):
        raise ValueError("a message is a JSON object with a string `kind`")
    return message


def cut(text: str, limit: int = MAX_TEXT) -> str:
    """The text, without its middle if it is longer than the limit."""
    if len(text) <= limit:
        return text
    half = limit // 2
    note = "\n[... %d characters cut ...]\n" % (len(text) - 2 * half)
    return text[:half] + note + text[len(text) - half :]


def _line(message: Message) -> bytes:
    return _dumps(message).encode("utf-8", "paceline-escape") + b"\n"


def _cut_all(value: Any, limit: int) -> Any:
    if isinstance(value, str):
        return cut(value, limit)
    if isinstance(value, dict):
        return {key: _cut_all(item, limit) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_cut_all(item, limit) for item in value]
    return value
