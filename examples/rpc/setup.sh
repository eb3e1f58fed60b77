#!/bin/sh
# Installs what the second suite tests, a language server from PyPI, below target/.
set -eu
cd "$(dirname "$0")"
[ -x target/ruff/bin/ruff ] && exit 0
python3 -m venv target/ruff
target/ruff/bin/python -m pip install --quiet --disable-pip-version-check ruff==0.17.5
