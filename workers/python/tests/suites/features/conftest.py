import pytest


def pytest_generate_tests(metafunc):
    if "generated" in metafunc.fixturenames:
        metafunc.parametrize("generated", range(3), ids=lambda n: "gen-%d" % n)


def pytest_collection_modifyitems(config, items):
    for item in items:
        if "by_conftest" in item.name:
            item.add_marker(pytest.mark.skip(reason="skipped by conftest"))
    dropped = [item for item in items if "dropped" in item.name]
    if dropped:
        config.hook.pytest_deselected(items=dropped)
        items[:] = [item for item in items if item not in dropped]


def pytest_sessionfinish(session):
    import os

    if os.environ.get("FINISHED"):
        with open(os.environ["FINISHED"], "a") as out:
            role = getattr(session.config, "workerinput", {}).get("workerid", "controller")
            out.write("%s\n" % role)


@pytest.fixture(scope="session")
def session_fixture():
    made = []
    yield made
    assert "break" not in made


@pytest.fixture
def broken_setup():
    raise RuntimeError("set-up is broken")


@pytest.fixture
def broken_teardown():
    yield
    raise RuntimeError("tear-down is broken")
