import pytest

events = []


@pytest.fixture(scope="module")
def module_fixture():
    events.append("module")
    yield len(events)
    events.append("module down")


@pytest.fixture(scope="class")
def class_fixture():
    events.append("class")
    yield
    events.append("class down")


@pytest.fixture(scope="module", params=["one", "two"])
def module_param(request):
    return request.param


@pytest.fixture(autouse=True)
def each(request):
    yield


def setup_module():
    events.append("setup_module")


def teardown_module():
    assert events[0] == "setup_module"


class TestOne:
    @classmethod
    def setup_class(cls):
        cls.state = []

    def test_first(self, class_fixture, module_fixture):
        self.state.append(1)
        assert events.count("module") == 1

    def test_second(self, class_fixture, module_fixture):
        assert self.state == [1]

    class TestNested:
        def test_inner(self, session_fixture):
            session_fixture.append("inner")


class TestTwo:
    def test_class_is_fresh(self, class_fixture):
        assert events[-1] == "class"


@pytest.mark.parametrize("x", [1, 2])
def test_module_param(module_param, x):
    assert module_param in ("one", "two")


def test_plain():
    assert "setup_module" in events
