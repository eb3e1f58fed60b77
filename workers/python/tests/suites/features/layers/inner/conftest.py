import pytest


@pytest.fixture
def layer(layer):
    return layer + " inner"


def pytest_runtest_setup(item):
    item.user_properties.append(("layer", "inner"))


def pytest_collection_modifyitems(items):
    # No argument names this directory: the conftest is found while files are looked for.
    for item in items:
        if item.name == "test_layer_skipped":
            item.add_marker(pytest.mark.skip(reason="the inner layer says so"))
