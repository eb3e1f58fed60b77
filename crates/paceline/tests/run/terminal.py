"""Runs a program on a terminal of its own and talks to it.

Arguments: a JSON list of [text to wait for, text to type], and the program with its arguments. Prints
all that came from the terminal, and ends with the program's exit code.
"""

import json
import os
import pty
import sys

dialogue = json.loads(sys.argv[1])
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[2], sys.argv[2:])
seen = ""
start = 0
while True:
    try:
        data = os.read(terminal, 4096)
    except OSError:  # nobody has the other end any more
        break
    if not data:
        break
    seen += data.decode("utf-8", "replace")
    while dialogue and dialogue[0][0] in seen[start:]:
        wanted, typed = dialogue.pop(0)
        start = seen.index(wanted, start) + len(wanted)
        os.write(terminal, typed.encode())
sys.stdout.write(seen.replace("\r\n", "\n"))
if dialogue:
    sys.stdout.write("\nnever came: %r\n" % dialogue[0][0])
sys.stdout.flush()
_, status = os.waitpid(pid, 0)
sys.exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))
