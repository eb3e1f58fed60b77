"""What pytest is told about the test that comes next.

After each test pytest tears down what the next one does not share. The next one of the last test
of a unit is in another unit, whose file may not be imported yet. For the tear-down the collectors
above it are enough, and those are known; a hook that wants to know more gets the real test, for
the price of importing its file at that moment.
"""

from typing import Any, Callable, List, Optional


class NextUnit:
    """Stands for the first test of the unit that runs next, if one does."""

    # pytest's attributes are looked up on the real test; these names must not collide with them.
    __slots__ = ("_paceline_chain", "_paceline_item", "_paceline_resolve")

    def __init__(
        self,
        chain: Callable[[], List[Any]],
        resolve: Callable[[], Optional[Any]],
    ) -> None:
        self._paceline_chain: Any = chain
        self._paceline_resolve = resolve
        self._paceline_item: Any = None

    def listchain(self) -> List[Any]:
        """The collectors that stay set up; none where no unit follows."""
        if callable(self._paceline_chain):
            self._paceline_chain = self._paceline_chain()
        chain: List[Any] = self._paceline_chain
        return chain

    def __bool__(self) -> bool:
        # `if nextitem` and `nextitem is None` have to mean the same to a hook as far as possible.
        return bool(self.listchain())

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if self._paceline_item is None:
            self._paceline_item = self._paceline_resolve()
        return getattr(self._paceline_item, name)
