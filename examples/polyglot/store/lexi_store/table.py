"""The table that lexi-count prints: a count, a tab and a word on each line."""


class TableError(ValueError):
    """A line that is not a count, a tab and a word."""


def parse(lines):
    """Return [(word, count)] in the order of the lines."""
    rows = []
    seen = set()
    for number, line in enumerate(lines, start=1):
        line = line.rstrip("\n")
        count, tab, word = line.partition("\t")
        if not tab or not word or not count.isdecimal() or int(count) == 0:
            raise TableError(f"line {number}: expected COUNT<TAB>WORD, found {line!r}")
        if word in seen:
            raise TableError(f"line {number}: {word!r} occurs twice")
        seen.add(word)
        rows.append((word, int(count)))
    return rows


def render(rows):
    """The inverse of parse."""
    return "".join(f"{count}\t{word}\n" for word, count in rows)
