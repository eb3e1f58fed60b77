import pytest

odd = ["a/b", "c::d", "e\nf", "tab\t", "\u00e9\u4e16", "", "[x]", "a b", "-k", "\0", "same", "same", "../up"]


@pytest.mark.parametrize("value", odd)
def test_odd(value):
    assert value in odd


@pytest.mark.parametrize("value", [b"\xff\x00", 1.5, None, object, lambda: 0])
def test_types(value):
    pass


@pytest.mark.parametrize("a", [1, 2])
@pytest.mark.parametrize("b", ["x", pytest.param("y", marks=pytest.mark.xfail), pytest.param("z", id="named")])
def test_product(a, b):
    assert b != "y"


@pytest.mark.parametrize("nothing", [])
def test_empty(nothing):
    pass


def test_same_name():
    pass


class TestX:
    @pytest.mark.parametrize("n", range(3))
    def test_method(self, n):
        assert n != 1
