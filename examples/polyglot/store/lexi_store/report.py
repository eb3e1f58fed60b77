"""A page of Markdown about the words of one text."""

from fractions import Fraction


def variety(rows):
    """Distinct words for each word of the text: 1 if none is repeated."""
    total = sum(count for _, count in rows)
    return Fraction(len(rows), total) if total else Fraction(0)


def longest(rows, limit):
    """The longest words, the more frequent and then the earlier one first among equals."""
    ranked = sorted(rows, key=lambda row: (-len(row[0]), -row[1], row[0]))
    return [word for word, _ in ranked[:limit]]


def page(title, rows, top=5):
    """The whole page."""
    lines = [
        f"# {title}",
        "",
        f"- words: {sum(count for _, count in rows)}",
        f"- distinct words: {len(rows)}",
        f"- variety: {float(variety(rows)):.3f}",
        f"- longest: {', '.join(longest(rows, 3)) or 'none'}",
        "",
        "| word | count |",
        "|---|---:|",
    ]
    lines += [f"| {word} | {count} |" for word, count in rows[:top]]
    return "\n".join(lines) + "\n"
