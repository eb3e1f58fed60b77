"""The word counts of many texts in one SQLite file."""

import math
import sqlite3

SCHEMA = """
CREATE TABLE IF NOT EXISTS text (id INTEGER PRIMARY KEY, title TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS word (
    text INTEGER NOT NULL REFERENCES text (id) ON DELETE CASCADE,
    word TEXT NOT NULL,
    count INTEGER NOT NULL CHECK (count > 0),
    PRIMARY KEY (text, word)
) WITHOUT ROWID;
"""


class Database:
    """Use it in a with statement; it commits when the block ends without an exception."""

    def __init__(self, path):
        self._connection = sqlite3.connect(path)
        self._connection.execute("PRAGMA foreign_keys = ON")
        self._connection.executescript(SCHEMA)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if kind is None:
            self._connection.commit()
        self._connection.close()

    def add(self, title, rows):
        """Store a text's counts, in place of what was stored under its title."""
        execute = self._connection.execute
        execute("DELETE FROM text WHERE title = ?", (title,))
        text = execute("INSERT INTO text (title) VALUES (?)", (title,)).lastrowid
        self._connection.executemany(
            "INSERT INTO word VALUES (?, ?, ?)", [(text, word, count) for word, count in rows]
        )

    def titles(self):
        """All titles, by the alphabet."""
        return [title for (title,) in self._connection.execute("SELECT title FROM text ORDER BY title")]

    def rows(self, title):
        """A text's counts as [(word, count)], ranked; KeyError if there is no such text."""
        found = self._connection.execute("SELECT id FROM text WHERE title = ?", (title,)).fetchone()
        if found is None:
            raise KeyError(title)
        return self._connection.execute(
            "SELECT word, count FROM word WHERE text = ? ORDER BY count DESC, word", found
        ).fetchall()

    def total(self):
        """The counts of all texts together, ranked."""
        return self._connection.execute(
            "SELECT word, sum(count) AS n FROM word GROUP BY word ORDER BY n DESC, word"
        ).fetchall()

    def similarity(self, one, other):
        """The cosine of two texts' counts: 1 for the same proportions, 0 for no word in common."""
        a, b = dict(self.rows(one)), dict(self.rows(other))
        norm = math.hypot(*a.values()) * math.hypot(*b.values())
        return sum(count * b.get(word, 0) for word, count in a.items()) / norm if norm else 0.0
