import unittest

from lexi_store import table


class Parse(unittest.TestCase):
    def test_keeps_the_order_of_the_lines(self):
        self.assertEqual(table.parse(["3\tthe\n", "1\tdog\n"]), [("the", 3), ("dog", 1)])

    def test_is_undone_by_render(self):
        text = "12\tl'été\n2\tà\n"
        self.assertEqual(table.render(table.parse(text.splitlines(keepends=True))), text)

    def test_names_the_line_that_is_wrong(self):
        for line in ("three\tthe", "3 the", "3\t", "-3\tthe", "0\tthe", ""):
            with self.subTest(line=line), self.assertRaisesRegex(table.TableError, "^line 2: "):
                table.parse(["1\tdog\n", line])

    def test_refuses_a_word_twice(self):
        with self.assertRaisesRegex(table.TableError, "line 3: 'dog' occurs twice"):
            table.parse(["2\tdog", "1\tcat", "1\tdog"])


if __name__ == "__main__":
    unittest.main()
