"""python3 -m lexi_store report TITLE | add DATABASE TITLE | export DATABASE [TITLE]"""

import sys

from lexi_store import table
from lexi_store.database import Database
from lexi_store.report import page


def main(args, stdin, stdout):
    match args:
        case ["report", title]:
            stdout.write(page(title, table.parse(stdin)))
        case ["add", path, title]:
            rows = table.parse(stdin)
            with Database(path) as database:
                database.add(title, rows)
        case ["export", path]:
            with Database(path) as database:
                stdout.write(table.render(database.total()))
        case ["export", path, title]:
            with Database(path) as database:
                stdout.write(table.render(database.rows(title)))
        case _:
            print(f"usage: {__doc__}", file=sys.stderr)
            return 2
    return 0


if __name__ == "__main__":
    for stream in (sys.stdin, sys.stdout):
        stream.reconfigure(encoding="utf-8")
    try:
        sys.exit(main(sys.argv[1:], sys.stdin, sys.stdout))
    except table.TableError as error:
        sys.exit(f"lexi_store: {error}")
    except KeyError as error:
        sys.exit(f"lexi_store: no text with the title {error}")
