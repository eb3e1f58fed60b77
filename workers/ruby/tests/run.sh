#!/bin/sh
# Runs the tests of the Ruby worker: `tests/run.sh [RUBY...]`, for each interpreter in turn, with the
# test-unit and minitest that are installed there. The engine in them is written in Python.
set -eu
cd "$(dirname "$0")"
[ $# -gt 0 ] || set -- "${RUBY:-ruby}"
for ruby in "$@"; do
    echo "== $("$ruby" -e 'require "test/unit/version"; require "minitest"
puts "ruby #{RUBY_VERSION}, test-unit #{Test::Unit::VERSION}, minitest #{Minitest::VERSION}"')"
    WORKER_TEST_RUBY="$ruby" "${PYTHON:-python3}" -B -m unittest discover -t . -s . -p 'test_*.py'
done
