from .helper import VALUE


def test_value(package_fixture):
    assert VALUE == 42
    assert package_fixture == [1]
