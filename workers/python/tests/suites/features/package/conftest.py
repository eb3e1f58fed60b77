import pytest


@pytest.fixture(scope="package")
def package_fixture():
    made = [1]
    yield made
    made.append("down")
