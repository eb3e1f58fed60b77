#!/bin/sh
# No line of a source file is longer than 110 characters or ends in white space.
cd "$(dirname "$0")/.." || exit
files=$(find bin chart cloud counter/src counter/tests store tests Makefile paceline.toml \
    -type f ! -name '*.pyc')
# File names here have no spaces, so the list can be split.
# shellcheck disable=SC2086
awk '
    length($0) > 110 { print FILENAME ":" FNR ": " length($0) " characters"; bad = 1 }
    /[ \t\r]$/ { print FILENAME ":" FNR ": white space at the end"; bad = 1 }
    END { exit bad }
' $files
