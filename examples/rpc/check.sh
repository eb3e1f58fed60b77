#!/bin/sh
# Sets up what is missing, and runs both suites under every runner that there is: cargo, cargo-nextest,
# paceline. Arguments are those of the test binaries, and then only cargo runs them.
set -eu
cd "$(dirname "$0")"
sh setup.sh
if [ $# -gt 0 ]; then
    exec cargo test --quiet --test ledger --test language_server -- "$@"
fi
echo "== cargo test"
cargo test --quiet --test ledger --test language_server
if command -v cargo-nextest >/dev/null; then
    echo "== cargo nextest run"
    cargo nextest run
else
    echo "== cargo-nextest is not installed and was left out"
fi
echo "== paceline"
cargo build --quiet --manifest-path ../../Cargo.toml -p paceline
"${CARGO_TARGET_DIR:-../../target}/debug/paceline" run
