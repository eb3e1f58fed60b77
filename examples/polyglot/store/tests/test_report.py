import unittest
from fractions import Fraction

from lexi_store import report

ROWS = [("the", 4), ("dog", 2), ("river", 1), ("ferry", 1)]


class Report(unittest.TestCase):
    def test_variety_is_distinct_words_for_each_word(self):
        self.assertEqual(report.variety(ROWS), Fraction(1, 2))

    def test_a_text_without_words_has_no_variety(self):
        self.assertEqual(report.variety([]), 0)

    def test_longest_words_come_by_length_count_and_alphabet(self):
        self.assertEqual(report.longest(ROWS, 3), ["ferry", "river", "the"])

    def test_a_page_has_at_most_the_top_words(self):
        page = report.page("Ferry", ROWS, top=2)
        self.assertIn("| the | 4 |\n| dog | 2 |\n", page)
        self.assertNotIn("| river |", page)

    def test_an_empty_text_has_a_page_too(self):
        page = report.page("Nothing", [])
        self.assertIn("- words: 0\n", page)
        self.assertIn("- longest: none\n", page)


if __name__ == "__main__":
    unittest.main()
