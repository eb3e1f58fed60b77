import pytest


def pytest_collect_file(file_path, parent):
    if file_path.suffix == ".check":
        return CheckFile.from_parent(parent, path=file_path)


class CheckFile(pytest.File):
    def collect(self):
        for number, line in enumerate(self.path.read_text().splitlines()):
            yield CheckItem.from_parent(self, name=line, number=number)


class CheckItem(pytest.Item):
    def __init__(self, number, **kwargs):
        super().__init__(**kwargs)
        self.number = number

    def runtest(self):
        if "bad" in self.name:
            raise ValueError(self.name)

    def repr_failure(self, excinfo):
        return "check failed: %s" % excinfo.value

    def reportinfo(self):
        return self.path, self.number, "check: %s" % self.name
