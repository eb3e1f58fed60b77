import unittest


class Shared(unittest.TestCase):
    made = []

    @classmethod
    def setUpClass(cls):
        cls.made.append(1)

    def test_one(self):
        self.assertEqual(self.made, [1])

    def test_two(self):
        self.assertEqual(self.made, [1])


class Free(unittest.TestCase):
    def test_fails(self):
        self.assertEqual(1, 2)

    @unittest.skip("by unittest")
    def test_skipped(self):
        pass

    @unittest.expectedFailure
    def test_expected_failure(self):
        self.fail("as expected")

    @unittest.expectedFailure
    def test_unexpected_success(self):
        pass

    def test_skips_itself(self):
        self.skipTest("by itself")

    def tearDown(self):
        if self.id().endswith("test_breaks_down"):
            raise RuntimeError("tear-down")

    def test_breaks_down(self):
        pass


class BrokenClass(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise RuntimeError("class set-up")

    def test_never_runs(self):
        pass

    def test_nor_this(self):
        pass


class Async(unittest.IsolatedAsyncioTestCase):
    async def test_async(self):
        self.assertTrue(True)
