import logging
import os
import sys
import subprocess

import pytest


@pytest.fixture
def noisy():
    print("set-up out")
    yield
    print("tear-down out", file=sys.stderr)


def test_output_of_failure(noisy):
    print("call out")
    print("call err", file=sys.stderr)
    logging.getLogger("x").warning("logged %s", "here")
    assert False


def test_output_of_children():
    subprocess.run("echo child; echo err >&2", shell=True, check=True)
    os.write(1, b"raw \xff bytes\n")
    assert False


def test_output_of_pass(noisy):
    print("quiet pass")


def test_capsys(capsys):
    print("captured")
    assert capsys.readouterr().out == "captured\n"


def test_capfd(capfd):
    os.system("echo fd")
    assert capfd.readouterr().out == "fd\n"


def test_caplog(caplog):
    logging.getLogger().error("oops")
    assert "oops" in caplog.text


def test_surrogates():
    print("\udc80 lone")
    assert False, "\udc80"


def test_stdin():
    with pytest.raises(OSError):
        input()


def test_properties(record_property, record_testsuite_property):
    record_property("key", 1)
    record_property("other", "\u00e9")


def test_properties_of_failure(record_property):
    record_property("key", [1, 2])
    assert False
