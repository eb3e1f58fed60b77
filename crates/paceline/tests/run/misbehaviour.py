"""A worker program that lists three units of one test each and misbehaves as CASE says: in unit 1,
where nothing else is said. It stands where the engine expects PHP."""

import json
import os
import socket
import sys
import time

CASE = os.environ["CASE"]


class Connection:
    def __init__(self, role, token, worker=None):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(os.environ["PACELINE_CONNECT"][len("unix:") :])
        self.lines = self.socket.makefile("r")
        hello = {"role": role, "token": token, "protocol": 1, "pid": os.getpid()}
        if CASE == "pid":
            hello["pid"] = 0 if worker is None else -1
        if worker is not None:
            hello["worker"] = worker
        php = {"name": "php", "version": "8.2"}
        self.say("hello", framework={"name": "phpunit", "version": "11.5"}, language=php, **hello)
        self.hear()

    def say(self, kind, **message):
        self.write(json.dumps(dict(message, kind=kind)))

    def write(self, line):
        try:
            self.socket.sendall(line.encode() + b"\n")
        except OSError:
            os._exit(0)  # the engine has had enough

    def hear(self):
        line = self.lines.readline()
        return json.loads(line) if line else {"kind": "shutdown"}


def work(own, host):
    while True:
        message = own.hear()
        if message["kind"] == "shutdown":
            break
        if message["kind"] != "run":
            continue
        unit = message["unit"]
        bad = CASE if unit == 1 else None
        if CASE == "goodbye":
            break
        if bad == "dies-idle":
            os._exit(3)
        own.say("unit_started", unit=unit)
        tests = [{"id": "%s::it" % message["key"]}]
        own.say("collected", unit=unit, digest="d", count=1, first=0, tests=tests)
        own.say("test_started", unit=unit, test=0)
        if bad == "pid":
            time.sleep(600)
        if bad == "two-starts":
            own.say("test_started", unit=unit, test=0)
        if bad == "wrong-test":
            own.say("test_finished", unit=unit, test=7, outcome="passed", durations=[0, 0, 0])
        if bad == "nonsense":
            own.write("no JSON at all")
        if bad == "units" and host is not None:
            late = [{"unit": 3, "key": "late", "path": "late"}]
            host.say("discovered", units=late, complete=True)
        own.say("test_finished", unit=unit, test=0, outcome="passed", durations=[0, 0, 0])
        own.say("unit_finished", unit=unit)
    own.say("goodbye", exit_status=0)


def main():
    token = os.environ["PACELINE_TOKEN"]
    if os.environ["PACELINE_ROLE"] == "worker":
        work(Connection("worker", token, int(os.environ["PACELINE_WORKER_ID"])), None)
        return
    host = Connection("host", token)
    units = [{"unit": n, "key": "u%d" % n, "path": "u%d" % n} for n in range(3)]
    host.say("discovered", units=units, complete=True)
    host.say("ready", can_fork=True, can_stay=True, collect="whole", rootdir=os.getcwd())
    while True:
        message = host.hear()
        if message["kind"] == "shutdown":
            break
        if message["kind"] == "fork":
            host.say("fork_failed", worker=message["worker"], reason="no more processes")
        if message["kind"] == "stay":
            work(Connection("worker", message["token"], message["worker"]), host)
    host.say("goodbye", exit_status=0)


if "PACELINE_CONNECT" in os.environ:
    main()
else:
    sys.stdout.write("PHP 8.2.0 (cli)\n")
