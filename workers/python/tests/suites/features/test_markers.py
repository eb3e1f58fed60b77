import pytest

pytestmark = pytest.mark.slow


@pytest.mark.database("main")
def test_marked():
    pass


@pytest.mark.paceline(needs=["postgres"], weight=2, timeout="5s")
def test_paceline():
    pass


@pytest.mark.xdist_group("together")
def test_group_one():
    pass


@pytest.mark.xdist_group(name="together")
def test_group_two():
    pass
