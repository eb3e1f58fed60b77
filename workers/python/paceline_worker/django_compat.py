"""pytest-django sorts the tests of a whole run: those that flush the database come last.

A flush takes away what migrations have put into a worker's database, and a later test may need
that. Files are collected one at a time here, so that the plugin sees and sorts those of one file.
That the others of the suite go first is the engine's to do: see `late` in the protocol.
"""

import sys
from typing import Any

# Fixtures with which pytest-django lets a test commit, and flushes the database behind it.
_FIXTURES = frozenset(("transactional_db", "live_server", "django_db_reset_sequences"))


def has_pytest_django(config: Any) -> bool:
    """Whether the plugin takes part in the run."""
    return bool(config.pluginmanager.hasplugin("django"))


def flushes_database(item: Any) -> bool:
    """Whether the database is flushed after the test, as pytest-django judges."""
    # Nothing is derived from a class of a module that has not been imported.
    django = sys.modules.get("django.test.testcases")
    owner = getattr(item, "cls", None)
    if django is not None and owner is not None and issubclass(owner, django.TransactionTestCase):
        # TestCase, which rolls back, is derived from it.
        return not issubclass(owner, django.TestCase)
    mark = item.get_closest_marker("django_db")
    if mark is not None:
        transaction, reset_sequences = (list(mark.args) + [False, False])[:2]
        if mark.kwargs.get("transaction", transaction):
            return True
        if mark.kwargs.get("reset_sequences", reset_sequences):
            return True
    return not _FIXTURES.isdisjoint(getattr(item, "fixturenames", ()))
