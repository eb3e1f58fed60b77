"""The Python worker program of paceline: runs pytest's tests over the worker protocol.

`docs/protocol.md` describes the messages. The program needs the standard library and the
project's own pytest, nothing else, and drives the real pytest through its hooks.

    __main__      starts the program; refuses interpreters that are too old
    program       connects, says hello, boots pytest in the role it was given
    protocol      how messages become lines, and how long a line may be
    connection    the socket to the engine
    options       what the engine's `welcome` says
    plugin        the pytest plugin that hosts and workers share
    discovery     lists files as units without importing them; expands a unit into its tests
    settings      what tests ask for by markers and overrides; which are held back
    describe      what `collected` tells of a test: place, group, markers
    reports       turns pytest's reports into `test_finished`
    host          boots once, discovers, forks workers
    capture       pytest's capture, restarted in a worker
    forking       what a forked worker has to renew; whether forking is safe
    session       runs the units that a worker is handed
    nextitem      what pytest is told about the test that comes next
    isolation     runs a unit or a test in a process of its own
    stacks        lets the engine see the stacks of a worker that hangs
    django_compat which tests pytest-django has run after all others
    xdist_compat  what suites prepared for pytest-xdist look for; pytest-cov
"""
