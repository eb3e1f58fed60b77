import pytest


@pytest.mark.parametrize("x", [1])
def test_without_argument():
    pass
