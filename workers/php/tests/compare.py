"""Runs a suite with plain PHPUnit and with a worker, and tells where they differ."""

import collections
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent.parent / "python" / "tests"))

import engine as engine_module  # noqa: E402
from engine import Engine  # noqa: E402

held_back_without_conflicts = engine_module.is_held_back
engine_module.is_held_back = lambda test: (
    "conflicts" in test.get("paceline", {}) or held_back_without_conflicts(test)
)

WORKER = str(HERE.parent / "worker.php")
#: How PHP is called, and which PHPUnit with it; another pair of them can be tried.
PHP = os.environ.get("PACELINE_TEST_PHP", "php").split()
PHPUNIT = os.environ.get("PACELINE_TEST_PHPUNIT", "phpunit").split()
WORKER_COMMAND = [*PHP, WORKER]


def plain(directory, args=(), env=None):
    """The results of PHPUnit itself: {(class, name): [(status, assertions), ...]}, and its exit status."""
    with tempfile.TemporaryDirectory() as temporary:
        report = Path(temporary) / "junit.xml"
        command = [*PHPUNIT, *args, "--log-junit", str(report)]
        done = subprocess.run(
            command,
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
        )
        if not report.exists():
            raise AssertionError(done.stdout.decode(errors="replace"))
        tree = xml.etree.ElementTree.parse(report)
    results = collections.defaultdict(list)
    for case in tree.iter("testcase"):
        status = "passed"
        for child in case:
            if child.tag in ("failure", "error", "skipped", "warning"):
                status = child.tag
                if child.tag == "error" and child.get("type", "").endswith("RiskyTestError"):
                    status = "risky"
        kind, name = case.get("class", ""), case.get("name")
        if name.endswith(".phpt"):
            # The worker names it by its path, from the suite's directory.
            kind, name = "", os.path.relpath(case.get("file", name), Path(directory).resolve())
        results[kind, name].append((status, int(case.get("assertions", 0))))
    return results, done.returncode


def through_worker(directory, args=(), workers=2, start="fork", **options):
    """The same from a worker's messages, and the engine that has them."""
    engine = Engine(
        directory, workers=workers, start=start, command=WORKER_COMMAND, args=args, **options
    )
    engine.run()
    results = collections.defaultdict(list)
    for name, outcome, result in engine.results():
        kind, rest = ("", name) if name.endswith(".phpt") else name.split("::", 1)
        native = result.get("native")
        status = {"failed": "failure", "errored": "error"}.get(outcome, outcome)
        if outcome == "passed" and native in ("warning", "risky"):
            status = native
        results[kind, rest].append((status, result.get("assertions", 0)))
    return results, engine


def differences(one, other, statuses=None):
    """Lines that say what differs."""
    lines = []
    for key in sorted(set(one) | set(other)):
        left, right = sorted(one.get(key, [])), sorted(other.get(key, []))
        if left != right:
            lines.append("%s: plain %s, worker %s" % ("::".join(key), left, right))
    return lines


def main():
    directory, start, workers, *args = sys.argv[1:]
    expected, _ = plain(directory, args)
    results, engine = through_worker(directory, args, int(workers), start)
    lines = differences(expected, results)
    for line in lines:
        print(line)
    for error in engine.errors + engine.collect_errors:
        print(error)
    total = sum(map(len, expected.values()))
    print("%d tests plain, %d here, %d differences" % (total, sum(map(len, results.values())), len(lines)))


if __name__ == "__main__":
    main()
