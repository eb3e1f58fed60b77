#!/bin/sh
# The command as its users call it.
cd "$(dirname "$0")/.." || exit
lexi=bin/lexi
failures=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# check NAME EXPECTED ACTUAL
check() {
    if [ "$2" = "$3" ]; then
        echo "ok - $1"
    else
        echo "not ok - $1"
        printf '  expected: %s\n  found:    %s\n' "$2" "$3"
        failures=$((failures + 1))
    fi
}

# code COMMAND...: the exit code of a command whose output does not matter
code() {
    "$@" >"$scratch/out" 2>"$scratch/err"
    echo $?
}

tab=$(printf '\t')

check "counts the standard input" "2${tab}tick" "$(echo 'tick tock tick' | $lexi count | head -n 1)"
check "help names every command" "5" "$($lexi help | grep -c 'lexi ')"
check "no arguments are a question for help" "0" "$(code $lexi)"
check "an unknown command is refused" "2" "$(code $lexi sing)"
check "and named" "lexi: there is no command 'sing'" "$(tail -n 1 "$scratch/err")"
check "a report is of one file" "2" "$(code $lexi report)"
check "a text that is not there fails the report" "2" "$(code $lexi report texts/no-such.txt)"
check "and prints no half of a page" "" "$(cat "$scratch/out")"

check "a report has the title of its text" "# station" "$($lexi report texts/station.txt | head -n 1)"

printf 'red red red green' >"$scratch/two words.txt"
check "file names may have spaces" "# two words" "$($lexi report "$scratch/two words.txt" | head -n 1)"
check "a cloud has each word" "2" "$($lexi cloud "$scratch/two words.txt" | grep -c '<span')"
check "a chart has a bar for each word" "2" "$($lexi chart "$scratch/two words.txt" | grep -c '<rect')"

check "stores a text" "0" "$(code $lexi add "$scratch/lexi.db" texts/ferry.txt)"
check "stores it again" "0" "$(code $lexi add "$scratch/lexi.db" texts/ferry.txt)"
check "under its title, once" "ferry" "$(cd store && PYTHONDONTWRITEBYTECODE=1 python3 -c '
import sys
from lexi_store.database import Database
with Database(sys.argv[1]) as database:
    print(*database.titles())' "$scratch/lexi.db")"

echo
[ "$failures" -eq 0 ] && echo "all passed" || echo "$failures failed"
[ "$failures" -eq 0 ]
