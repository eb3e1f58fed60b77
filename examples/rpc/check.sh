#!/bin/sh
# Sets up what is missing, and runs both suites. Arguments are those of the test binaries.
set -eu
cd "$(dirname "$0")"
sh setup.sh
exec cargo test --quiet --test ledger --test language_server -- "$@"
