from ..helper import VALUE


class TestSub:
    def test_value(self, package_fixture):
        assert VALUE == 42

    def test_package_is_up(self, package_fixture):
        assert "down" not in package_fixture
