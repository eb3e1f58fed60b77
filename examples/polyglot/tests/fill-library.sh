#!/bin/sh
# Fills build/lexi.db from all texts, and checks the sum of the counts against the counter's own.
set -eu
cd "$(dirname "$0")/.."
database=build/lexi.db
mkdir -p build
rm -f "$database"

for text in texts/*.txt; do
    bin/lexi add "$database" "$text"
    echo "added $text"
done

counted=$(bin/lexi count texts/*.txt)
stored=$(cd store && PYTHONDONTWRITEBYTECODE=1 python3 -m lexi_store export "../$database")
sort_table() { LC_ALL=C sort; }
if [ "$(echo "$counted" | sort_table)" != "$(echo "$stored" | sort_table)" ]; then
    echo "the database and the counter disagree about the library" >&2
    exit 1
fi
echo "$(echo "$stored" | wc -l) distinct words"
