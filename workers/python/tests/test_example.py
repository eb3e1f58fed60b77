"""The example worker of docs/protocol.md, in Perl, under the same engine."""

import shutil
import tempfile
import unittest
from pathlib import Path

from engine import Engine

WORKER = Path(__file__).resolve().parents[3] / "docs" / "examples" / "tap_worker.pl"


@unittest.skipUnless(shutil.which("perl"), "perl is not installed")
class Example(unittest.TestCase):
    def test_it_is_as_short_as_the_document_says(self):
        self.assertLessEqual(len(WORKER.read_text().splitlines()), 60)

    def test_it_runs_tap_tests(self):
        with tempfile.TemporaryDirectory() as directory:
            tests = Path(directory, "t", "deep")
            tests.mkdir(parents=True)
            for name, text in (
                ("good.t", "print qq(1..2\\nok 1\\nok 2 - caf\\xc3\\xa9\\n);"),
                ("bad.t", "print qq(1..1\\nnot ok 1 - broken\\n);"),
                ("dies.t", "die qq(at once\\n);"),
                ("todo.t", "print qq(1..1\\nnot ok 1 # TODO later\\n);"),
                ("skip.t", "print qq(1..0 # SKIP no network\\n);"),
            ):
                (tests / name).write_text(text)
            for workers, tcp in ((1, False), (2, True)):
                engine = Engine(directory, workers=workers, tcp=tcp, command=["perl", str(WORKER)])
                engine.run()
                engine.cleanup()
                self.assertEqual(engine.errors, [])
                self.assertEqual(
                    {name: outcome for name, outcome, _ in engine.results()},
                    {
                        "t/deep/good.t": "passed",
                        "t/deep/bad.t": "failed",
                        "t/deep/dies.t": "failed",
                        "t/deep/todo.t": "passed",
                        "t/deep/skip.t": "skipped",
                    },
                )
                results = {name: message for name, _, message in engine.results()}
                self.assertEqual(results["t/deep/skip.t"]["problems"][0]["reason"], "no network")
                self.assertIn("broken", results["t/deep/bad.t"]["problems"][0]["text"])


if __name__ == "__main__":
    unittest.main()
