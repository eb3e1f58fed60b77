#!/bin/sh
# Runs the tests of the Python worker: `tests/run.sh [PYTHON...]`, for each interpreter in turn,
# with the pytest that is installed there.
set -eu
cd "$(dirname "$0")"
[ $# -gt 0 ] || set -- "${PYTHON:-python3}"
for python in "$@"; do
    echo "== $("$python" --version), pytest $("$python" -c 'import pytest; print(pytest.__version__)')"
    WORKER_TEST_PYTHON="$python" "$python" -m unittest discover -t . -s . -p 'test_*.py'
done
