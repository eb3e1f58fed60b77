"""A pytest plugin that writes what a plain run found to the file in PLAIN_RESULTS.

It sees the same reports as pytest's terminal reporter and counts as that does, so that the tests
can hold a run over the worker protocol against it.
"""

import json
import os

entries = []
collect = []
sections = {}


def _text(report):
    return report.longreprtext


def pytest_runtest_logreport(report):
    category, _, _ = CONFIG.hook.pytest_report_teststatus(report=report, config=CONFIG)
    subtest = "context" in report.__dict__
    if report.when == "teardown":
        sections[report.nodeid] = [list(section) for section in report.sections]
    if category or (report.when == "call" and not subtest) or report.failed:
        entries.append(
            {
                "id": report.nodeid,
                "when": report.when,
                "category": category,
                "subtest": subtest,
                "failed": report.failed,
                "text": _text(report) if report.longrepr is not None else None,
                "reason": report.longrepr[2] if isinstance(report.longrepr, tuple) else None,
                "wasxfail": getattr(report, "wasxfail", None),
                "properties": [list(pair) for pair in report.user_properties],
            }
        )


def pytest_collectreport(report):
    if not report.passed:
        collect.append({"id": report.nodeid, "outcome": report.outcome, "text": _text(report)})


def pytest_configure(config):
    global CONFIG
    CONFIG = config


def pytest_unconfigure(config):
    for entry in entries:
        entry["sections"] = sections.get(entry["id"], [])
    with open(os.environ["PLAIN_RESULTS"], "w", encoding="utf-8", errors="backslashreplace") as out:
        json.dump({"entries": entries, "collect": collect}, out)
