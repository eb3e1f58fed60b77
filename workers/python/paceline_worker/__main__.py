"""Starts the worker program: `python /path/to/paceline_worker` or `python -m paceline_worker`."""

# This file has to parse under every Python there is, to say what is wrong with an old one.
import sys

if sys.version_info < (3, 8):
    sys.stderr.write(
        "paceline needs Python 3.8 or newer to run pytest; this is Python %s (%s)\n"
        % (sys.version.split()[0], sys.executable)
    )
    sys.exit(2)


def start():
    import gc

    # While pytest is imported a collection finds nothing; `program.run_pytest` ends this before
    # anything of the project is loaded.
    collects = gc.isenabled()
    gc.disable()
    if not __package__:
        # Started as a directory: sys.path[0] is this directory. It must not stay there, or its
        # modules could be imported under names that belong to the project.
        import os

        here = os.path.dirname(os.path.abspath(__file__))
        sys.path[0] = os.path.dirname(here)
        try:
            import paceline_worker.program as program
        finally:
            del sys.path[0]
        program.main(collects)
    else:
        from paceline_worker import program

        # `-m` has put the working directory first; the engine says whether it belongs there.
        del sys.path[0]
        program.main(collects)


if __name__ == "__main__":
    start()
