"""What the tests of the worker share: a suite in a directory, run through the worker."""

import os
import subprocess
import tempfile
import textwrap
import unittest
from pathlib import Path

import compare

HERE = Path(__file__).resolve().parent
CONFIGURATION = (
    "<phpunit%s><testsuites><testsuite name='all'><directory>tests</directory></testsuite>"
    "</testsuites>%s</phpunit>"
)


def php(code):
    """What a piece of PHP prints."""
    done = subprocess.run([*compare.PHP, "-r", code], stdout=subprocess.PIPE, check=True)
    return done.stdout.decode()


def version():
    """PHPUnit's, as numbers."""
    done = subprocess.run(
        [*compare.PHPUNIT, "--version"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True
    )
    return tuple(int(part) for part in done.stdout.split()[1].split(b".")[:2])


class SuiteCase(unittest.TestCase):
    """Tests that write a suite and run it."""

    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="suite-")
        self.addCleanup(temporary.cleanup)
        self.directory = Path(temporary.name)

    def write(self, attributes="", more="", **classes):
        """Writes a test class for each name: the body of the class."""
        (self.directory / "phpunit.xml").write_text(CONFIGURATION % (attributes, more))
        (self.directory / "tests").mkdir(exist_ok=True)
        for name, body in classes.items():
            text = "<?php\nclass %s extends PHPUnit\\Framework\\TestCase\n{\n%s}\n"
            path = self.directory / "tests" / (name + ".php")
            path.write_text(text % (name, textwrap.dedent(body)))

    def run_suite(self, args=(), directory=None, **options):
        """The outcomes by id."""
        _, self.engine = compare.through_worker(directory or self.directory, args, **options)
        self.addCleanup(self.engine.cleanup)
        return {name: outcome for name, outcome, _ in self.engine.results()}

    def result(self, name):
        return next(result for test, _, result in self.engine.results() if test == name)

    def descriptions(self):
        return {test["id"]: test for unit in self.engine.units for test in unit.tests}
