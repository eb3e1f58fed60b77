import pytest

collect_ignore = ["test_ignored.py"]
collect_ignore_glob = ["*_left_out.py"]


@pytest.fixture
def layer():
    return "outer"


@pytest.fixture(scope="session")
def shared():
    return []
