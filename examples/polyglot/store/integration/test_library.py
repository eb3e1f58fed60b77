"""Reads the database that tests/fill-library.sh has filled; changes nothing in it."""

import os
import unittest

from lexi_store.database import Database

PATH = os.path.join(os.path.dirname(__file__), "../../build/lexi.db")


class Library(unittest.TestCase):
    def setUp(self):
        self.assertTrue(os.path.exists(PATH), "run tests/fill-library.sh first")
        self.database = Database(PATH)
        self.addCleanup(self.database.__exit__, None, None, None)

    def test_a_text_is_most_like_itself(self):
        titles = self.database.titles()
        self.assertGreaterEqual(len(titles), 3)
        for one in titles:
            ranked = max(titles, key=lambda other: self.database.similarity(one, other))
            self.assertEqual(ranked, one)

    def test_texts_in_one_language_are_more_alike_than_in_two(self):
        alike = self.database.similarity("ferry", "lighthouse")
        self.assertGreater(alike, self.database.similarity("ferry", "station"))

    def test_accents_survived_the_way_here(self):
        self.assertIn("d'été", dict(self.database.rows("station")))


if __name__ == "__main__":
    unittest.main()
