#!/bin/sh
# Runs the tests of the PHP worker with the PHP and the PHPUnit that are found, or with those that
# PACELINE_TEST_PHP and PACELINE_TEST_PHPUNIT name (commands with their arguments).
set -eu
cd "$(dirname "$0")"
# Words, since a command can have arguments.
${PACELINE_TEST_PHP:-php} -r 'echo "== PHP ", PHP_VERSION, "\n";'
${PACELINE_TEST_PHPUNIT:-phpunit} --version </dev/null
exec "${PYTHON:-python3}" -m unittest discover -t . -s . -p 'test_*.py'
