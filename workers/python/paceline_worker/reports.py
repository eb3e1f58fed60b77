"""Turns pytest's reports of a test into one `test_finished`.

A pass without output is the rule, and costs next to nothing here: its durations are kept while
the reports come by, and the message is formatted without JSON's help.
"""

import math
from typing import Any, Dict, List, Optional

from paceline_worker.protocol import Message, cut, encode

_PASS = (
    '{"kind":"test_finished","unit":%d,"test":%d,"outcome":"passed","durations":[%.6f,%.6f,%.6f]}\n'
)
#: How many passed subtests a message lists; the others are counted.
_MAX_PASSED_SUBTESTS = 1000
_MAX_MESSAGE = 8192


class Reports:
    """Collects the reports of the test that runs. A plugin: pytest hands the reports over."""

    def __init__(self, config: Any) -> None:
        self._config = config
        self._durations = [0.0, 0.0, 0.0]
        self._plain = True
        self._teardown: Optional[Any] = None
        self._reports: List[Any] = []
        self._subtests: List[Message] = []
        self._subtests_passed = 0
        self._subtest_failed = False
        self._reruns = 0

    def begin(self) -> None:
        """Forgets the last test."""
        self._durations = [0.0, 0.0, 0.0]
        self._plain = True
        self._teardown = None
        self._reports = []
        if self._subtests or self._subtests_passed or self._reruns:
            self._subtests = []
            self._subtests_passed = 0
            self._subtest_failed = False
            self._reruns = 0

    def pytest_runtest_logreport(self, report: Any) -> None:
        when = report.when
        state = report.__dict__
        if when == "call":
            if "context" in state:
                self._subtest(report)
                return
            self._durations[1] = report.duration
        elif when == "setup":
            if self._reports and self._durations[0]:
                # A plugin runs the test again: only the last time counts.
                self._reports = []
                self._plain = True
                self._durations = [0.0, 0.0, 0.0]
            self._durations[0] = report.duration
        else:
            self._durations[2] = report.duration
            self._teardown = report
        if report.outcome == "rerun":
            self._reruns += 1
        elif (
            report.outcome != "passed" or "wasxfail" in state or (self._subtests and when == "call")
        ):
            self._plain = False
            # Plugins (subtests among them) settle the outcome of a report in this hook.
            self._config.hook.pytest_report_teststatus(report=report, config=self._config)
        self._reports.append(report)

    def has_problem(self) -> bool:
        """Whether a phase of the running test has not passed."""
        return any(_is_problem(report) for report in self._reports)

    def finish(self, unit: int, test: int) -> bytes:
        """The message for the test that has just run, as a line."""
        teardown = self._teardown
        if (
            self._plain
            and teardown is not None
            and not teardown.sections
            and not teardown.user_properties
            and not self._subtests
            and not self._subtests_passed
            and not self._reruns
        ):
            setup, call, down = self._durations
            return (_PASS % (unit, test, setup, call, down)).encode("ascii")
        return encode(self._message(unit, test))

    def _message(self, unit: int, test: int) -> Message:
        message: Message = {
            "kind": "test_finished",
            "unit": unit,
            "test": test,
            "outcome": "passed",
            "durations": [round(value, 6) for value in self._durations],
        }
        if not self._reports:
            message["outcome"] = "errored"
            text = "pytest ran the test and reported nothing"
            message["problems"] = [{"phase": "call", "outcome": "errored", "message": text}]
            return message
        problems = [problem(report) for report in self._reports if _is_problem(report)]
        outcome = "passed"
        for found in problems:
            outcome = _worse(outcome, found["outcome"])
        for report in self._reports:
            if report.when == "call" and "wasxfail" in report.__dict__ and report.passed:
                outcome = _worse(outcome, "xpassed")
            if "wasxfail" in report.__dict__:
                message["wasxfail"] = str(report.wasxfail)
        if self._subtest_failed:
            outcome = _worse(outcome, "failed")
        message["outcome"] = outcome
        if problems:
            message["problems"] = problems
        sections = _sections(self._reports)
        if sections:
            message["sections"] = sections
        properties = self._reports[-1].user_properties
        if properties:
            message["user_properties"] = [[str(name), plain(value)] for name, value in properties]
        if self._subtests:
            message["subtests"] = self._subtests
        if self._subtests_passed:
            message["subtests_passed"] = self._subtests_passed
        if self._reruns:
            message["reruns"] = self._reruns
        return message

    def _subtest(self, report: Any) -> None:
        failed = report.failed
        if report.passed and "wasxfail" not in report.__dict__:
            self._subtests_passed += 1
            if self._subtests_passed > _MAX_PASSED_SUBTESTS:
                return
        context = report.context
        describe = getattr(report, "_sub_test_description", None) or getattr(
            report, "sub_test_description", None
        )
        entry: Message = {
            "name": str(describe()) if describe else str(context.msg or ""),
            "outcome": phase_outcome(report),
            "duration": round(report.duration, 6),
        }
        if _is_problem(report):
            entry.update(problem(report))
            del entry["phase"]
        if failed and "wasxfail" not in report.__dict__:
            self._subtest_failed = True
        sections = _sections([report])
        if sections:
            entry["sections"] = sections
        self._subtests.append(entry)


def problem(report: Any) -> Message:
    """What a report that did not simply pass says."""
    longrepr = report.longrepr
    found: Message = {"phase": report.when, "outcome": phase_outcome(report)}
    if report.skipped and isinstance(longrepr, tuple) and len(longrepr) == 3:
        path, line, reason = longrepr
        reason = str(reason)
        if reason.startswith("Skipped: "):
            reason = reason[len("Skipped: ") :]
        elif reason == "Skipped":
            reason = ""
        found["reason"] = cut(reason)
        found["location"] = {"file": str(path), "line": line}
        return found
    if longrepr is None:
        return found
    crash = getattr(longrepr, "reprcrash", None)
    text = crash.message if crash is not None else str(longrepr)
    found["message"] = cut(str(text), _MAX_MESSAGE)
    if crash is not None:
        found["location"] = {"file": str(crash.path), "line": crash.lineno}
    found["text"] = cut(report.longreprtext)
    return found


def phase_outcome(report: Any) -> str:
    """The outcome of one phase, in the words of the protocol."""
    if "wasxfail" in report.__dict__:
        if report.skipped:
            return "xfailed"
        if report.passed:
            return "xpassed"
    if report.passed:
        return "passed"
    if report.skipped:
        return "skipped"
    return "failed" if report.when == "call" else "errored"


def plain(value: Any) -> Any:
    """The value if JSON has it, else its text."""
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: plain(item) for key, item in value.items()}
    return cut(str(value))


# A test that fails and then breaks in tear-down counts as failed here; both are told.
_RANK = {"passed": 0, "xpassed": 1, "xfailed": 2, "skipped": 3, "errored": 4, "failed": 5}


def _worse(first: str, second: str) -> str:
    return second if _RANK.get(second, 5) > _RANK.get(first, 5) else first


def _is_problem(report: Any) -> bool:
    return report.outcome in ("failed", "skipped")


def _sections(reports: List[Any]) -> List[List[str]]:
    seen: Dict[Any, None] = {}
    for report in reports:
        for title, text in report.sections:
            if text:
                seen[(title, text)] = None
    return [[str(title), cut(str(text))] for title, text in seen]
