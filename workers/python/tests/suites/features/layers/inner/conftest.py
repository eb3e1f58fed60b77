import pytest


@pytest.fixture
def layer(layer):
    return layer + " inner"


def pytest_runtest_setup(item):
    item.user_properties.append(("layer", "inner"))
