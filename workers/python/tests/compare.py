"""Runs a suite under plain pytest and over the worker protocol, and compares the results."""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from engine import Engine

HERE = Path(__file__).resolve().parent
#: The interpreter whose pytest is tested.
PYTHON = os.environ.get("WORKER_TEST_PYTHON", sys.executable)
_CATEGORY = {"error": "errored", "": "passed", "subtests passed": "passed"}


def plain(directory, args=(), env=None, continue_on_errors=True):
    """What plain pytest finds: ({id: result}, collect reports, ids in order)."""
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        command = [PYTHON, "-m", "pytest", "-p", "plain_results", *args]
        if continue_on_errors:
            command.append("--continue-on-collection-errors")
        path = os.pathsep.join(filter(None, [str(HERE), os.environ.get("PYTHONPATH")]))
        subprocess.run(
            command,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            env={**os.environ, "PYTHONPATH": path, "PLAIN_RESULTS": out.name, **(env or {})},
        )
        found = json.loads(Path(out.name).read_text(encoding="utf-8"))
    results, order = {}, []
    for entry in found["entries"]:
        key = entry["id"]
        if key not in results:
            order.append(key)
        result = results.setdefault(
            key, {"outcomes": set(), "texts": {}, "reasons": [], "sections": [], "properties": []}
        )
        category = entry["category"]
        if entry["subtest"] and category != "failed":
            continue
        result["outcomes"].add(_CATEGORY.get(category, category))
        if entry["failed"] and not entry["subtest"]:
            result["texts"][entry["when"]] = normal(entry["text"])
        if entry["reason"] is not None:
            result["reasons"].append(re.sub(r"^Skipped: ", "", entry["reason"]))
        result["wasxfail"] = entry["wasxfail"] or result.get("wasxfail")
        result["sections"] = entry["sections"]
        result["properties"] = entry["properties"]
    return results, found["collect"], order


def over_protocol(directory, args=(), **options):
    """What the worker finds, in the same form, and the engine that it ran under."""
    options.setdefault("python", PYTHON)
    engine = Engine(directory, args=args, **options)
    engine.run()
    results, order = {}, []
    for unit in engine.units:
        for index, test in enumerate(unit.tests or ()):
            message = unit.results.get(index)
            assert message is not None, "no result for %s" % test["id"]
            key = test["id"]
            if key not in results:
                order.append(key)
            result = results.setdefault(
                key,
                {"outcomes": set(), "texts": {}, "reasons": [], "sections": [], "properties": []},
            )
            problems = message.get("problems", [])
            # pytest counts a passing test with a failing tear-down twice.
            phases = {problem["phase"] for problem in problems}
            result["outcomes"].add(message["outcome"])
            if message["outcome"] in ("errored", "failed") and phases == {"teardown"}:
                result["outcomes"].add("passed")
            for problem in problems:
                if problem["outcome"] in ("failed", "errored"):
                    result["texts"][problem["phase"]] = normal(problem.get("text"))
                    result["outcomes"].add(problem["outcome"])
                if "reason" in problem:
                    result["reasons"].append(problem["reason"])
            result["wasxfail"] = message.get("wasxfail") or result.get("wasxfail")
            result["sections"] = message.get("sections", [])
            result["properties"] = message.get("user_properties", [])
            result["message"] = message
    return results, engine, order


def normal(text):
    """A failure text without what differs from process to process."""
    if text is None:
        return None
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    text = re.sub(r"0x[0-9a-f]{6,}", "0x...", text)
    # These two are there because pytest-xdist would bring them.
    text = re.sub(r", (worker_id|testrun_uid)\b", "", text)
    return re.sub(r"pytest-of-[^/]+/pytest-\d+(/popen-gw\d+)?", "pytest-of/pytest-N", text)


def differences(expected, actual):
    """What differs between two results, as lines."""
    lines = []
    for key in expected.keys() | actual.keys():
        one, two = expected.get(key), actual.get(key)
        if one is None or two is None:
            lines.append("%s: only %s" % (key, "over the protocol" if one is None else "plain"))
            continue
        for field in ("outcomes", "texts", "reasons", "wasxfail", "properties"):
            if (one.get(field) or None) != (two.get(field) or None):
                lines.append("%s: %s: %r, not %r" % (key, field, two.get(field), one.get(field)))
        failed = one["outcomes"] & {"failed", "errored"}
        if failed and _sections(one) != _sections(two):
            lines.append("%s: sections: %r, not %r" % (key, two["sections"], one["sections"]))
    return sorted(lines)


def _sections(result):
    return sorted([title, normal(text)] for title, text in result["sections"])
