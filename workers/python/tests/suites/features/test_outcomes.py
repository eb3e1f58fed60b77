import unittest
import warnings

import pytest


def test_passes():
    pass


def test_fails():
    left, right = [1, 2, 3], [1, 2, 4]
    assert left == right, "they differ"


def test_raises():
    def inner():
        raise ValueError("from inside")

    try:
        inner()
    except ValueError as error:
        raise KeyError("outer") from error


def test_setup_error(broken_setup):
    pass


def test_teardown_error(broken_teardown):
    pass


def test_fails_and_teardown_error(broken_teardown):
    assert False


def test_skips():
    pytest.skip("at run time")


@pytest.mark.skip(reason="by a mark")
def test_skip_mark():
    pass


@pytest.mark.skipif(True, reason="by a condition")
def test_skipif():
    pass


@pytest.mark.xfail(reason="known")
def test_xfail():
    assert 0


@pytest.mark.xfail
def test_xpass():
    pass


@pytest.mark.xfail(strict=True, reason="must fail")
def test_xpass_strict():
    pass


@pytest.mark.xfail(run=False, reason="would hang")
def test_xfail_norun():
    raise SystemExit


@pytest.mark.xfail(raises=ValueError)
def test_xfail_other_error():
    raise TypeError("not that one")


@pytest.mark.xfail
def test_xfail_in_setup(broken_setup):
    pass


def test_imperative_xfail():
    pytest.xfail("gave up")


def test_by_conftest():
    assert False


def test_dropped():
    assert False


def test_system_exit():
    raise SystemExit(3)


def test_fail_without_trace():
    pytest.fail("no trace", pytrace=False)


def test_warning_is_error():
    warnings.warn("later", FutureWarning)


def test_warning():
    warnings.warn("a plain warning")


def test_importorskip():
    pytest.importorskip("a_module_that_does_not_exist")
