import os


def test_tmp_path(tmp_path):
    (tmp_path / "x").write_text("1")
    assert os.listdir(str(tmp_path)) == ["x"]


def test_tmp_path_again(tmp_path, tmp_path_factory):
    assert not os.listdir(str(tmp_path))
    assert tmp_path.parent == tmp_path_factory.getbasetemp()


def test_tmpdir(tmpdir):
    assert tmpdir.check()


def test_monkeypatch(monkeypatch):
    monkeypatch.setenv("SOME_VARIABLE", "1")
    assert os.environ["SOME_VARIABLE"] == "1"


def test_current_test():
    assert os.environ["PYTEST_CURRENT_TEST"] == "test_tmp.py::test_current_test (call)"


def test_working_directory(request):
    assert os.getcwd() == str(request.config.invocation_params.dir)
