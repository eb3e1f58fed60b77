import os
import tempfile
import unittest

from lexi_store.database import Database


class Counts(unittest.TestCase):
    def setUp(self):
        self.database = Database(":memory:")
        self.addCleanup(self.database.__exit__, None, None, None)
        self.database.add("ferry", [("the", 3), ("dog", 2)])
        self.database.add("lamp", [("the", 1), ("lamp", 2)])

    def test_texts_are_listed_by_the_alphabet(self):
        self.database.add("arrival", [("the", 1)])
        self.assertEqual(self.database.titles(), ["arrival", "ferry", "lamp"])

    def test_counts_of_all_texts_add_up(self):
        self.assertEqual(self.database.total(), [("the", 4), ("dog", 2), ("lamp", 2)])

    def test_adding_a_title_again_replaces_its_counts(self):
        self.database.add("ferry", [("boat", 1)])
        self.assertEqual(self.database.rows("ferry"), [("boat", 1)])
        self.assertEqual(len(self.database.titles()), 2)

    def test_an_unknown_title_is_a_key_error(self):
        with self.assertRaises(KeyError):
            self.database.rows("train")

    def test_similarity_is_a_cosine(self):
        self.database.add("echo", [("the", 30), ("dog", 20)])
        self.database.add("fog", [("fog", 1)])
        self.assertAlmostEqual(self.database.similarity("ferry", "echo"), 1.0)
        self.assertEqual(self.database.similarity("ferry", "fog"), 0.0)
        self.assertAlmostEqual(self.database.similarity("ferry", "lamp"), 3 / (13 * 5) ** 0.5)


class Files(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.path = os.path.join(directory.name, "lexi.db")

    def test_a_block_that_ends_well_is_kept(self):
        with Database(self.path) as database:
            database.add("ferry", [("the", 1)])
        with Database(self.path) as database:
            self.assertEqual(database.titles(), ["ferry"])

    def test_a_block_that_raises_is_not(self):
        with self.assertRaises(ZeroDivisionError), Database(self.path) as database:
            database.add("ferry", [("the", 1 // 0)])
        with self.assertRaises(ZeroDivisionError), Database(self.path) as database:
            database.add("ferry", [("the", 1)])
            raise ZeroDivisionError
        with Database(self.path) as database:
            self.assertEqual(database.titles(), [])


if __name__ == "__main__":
    unittest.main()
