"""The socket to the engine."""

import os
import socket
import sys
from typing import TYPE_CHECKING, List, Optional

from paceline_worker.protocol import MAX_LINE, Message, decode, encode

if TYPE_CHECKING:
    from paceline_worker.journal import Journal

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

# Tests like to close or count low descriptors; ours keep away from those.
_HIGH_FD = 200


class ConnectionClosed(Exception):
    """The engine is gone."""


class Connection:
    """Messages to and from the engine.

    Outgoing messages gather in a buffer until `flush`, so that several leave in one system call.
    Only the process that connected can send: a child that a test forked must not.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        #: The file to which stdout and stderr go, past the framework's capture.
        self.log: Optional[str] = None
        self.closed = False
        self._pid = os.getpid()
        self._out: List[bytes] = []
        #: Whether there is something in the journal that the engine has not been told of.
        self._untold = False
        self._in = bytearray()
        self._messages: List[Message] = []
        self._journal: Optional["Journal"] = None
        self._socket = _connect(address)

    def write_to(self, journal: "Journal") -> None:
        """Sends what follows by way of a journal."""
        self._journal = journal

    def adopt(self) -> None:
        """Makes this process the one that sends: for a child that acts in its parent's place."""
        self._pid = os.getpid()
        self._out = []

    def leave_journal(self) -> None:
        """Sends what follows directly, for a process that others are going to speak for."""
        self.flush()
        journal, self._journal = self._journal, None
        if journal is not None:
            journal.close()

    def abandon(self) -> None:
        """Closes this process's end without telling the engine anything."""
        self.closed = True
        self._out = []
        self._socket.close()

    def fileno(self) -> int:
        return self._socket.fileno()

    def put(self, message: Message) -> None:
        """Adds a message to the buffer."""
        self._out.append(encode(message))

    def put_line(self, line: bytes) -> None:
        """Adds a message that is encoded already."""
        self._out.append(line)

    def send(self, message: Message) -> None:
        """Sends a message and all that is in the buffer."""
        self._out.append(encode(message))
        self.flush()

    def flush(self, soon: bool = False) -> None:
        """Sends what is in the buffer, in one system call if the socket takes it.

        With `soon` the engine may get it some milliseconds later, but gets it, whatever becomes of
        this process.
        """
        out, self._out = self._out, []
        if self.closed or not (out or self._untold) or os.getpid() != self._pid:
            return
        data = b"".join(out)
        if self._journal is not None:
            data = self._journal.write(data)
            if not data:
                news = self._journal.news(now=not soon)
                self._untold = news is None
                if news is None:
                    return
                data = encode(news)
            else:
                # The disk is full.
                journal, self._journal = self._journal, None
                self._untold = False
                journal.close()
        try:
            self._socket.sendall(data)
        except OSError:
            self.closed = True

    def poll(self) -> Optional[Message]:
        """A message that is there already, or None."""
        if not self._messages and not self.closed:
            self._read(block=False)
        return self._messages.pop(0) if self._messages else None

    def receive(self) -> Message:
        """The next message.

        Raises ConnectionClosed when there will be none.
        """
        while not self._messages:
            if self.closed:
                raise ConnectionClosed
            self._read(block=True)
        return self._messages.pop(0)

    def _read(self, block: bool) -> None:
        try:
            if block:
                data = self._socket.recv(65536)
            elif _DONTWAIT:
                data = self._socket.recv(65536, _DONTWAIT)
            else:
                self._socket.setblocking(False)
                try:
                    data = self._socket.recv(65536)
                finally:
                    self._socket.setblocking(True)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.closed = True
            return
        self._in += data
        if b"\n" in data:
            *lines, rest = self._in.split(b"\n")
            self._in = rest
            for line in lines:
                self._accept(bytes(line))
        if len(self._in) > MAX_LINE:
            self.send({"kind": "error", "fatal": True, "text": "a line is longer than 16 MiB"})
            self.closed = True

    def _accept(self, line: bytes) -> None:
        if not line.strip():
            return
        try:
            self._messages.append(decode(line))
        except ValueError as error:
            text = "cannot read a message: %s" % error
            self.send({"kind": "error", "fatal": False, "text": text})


_DONTWAIT = getattr(socket, "MSG_DONTWAIT", 0)


def _connect(address: str) -> socket.socket:
    scheme, _, rest = address.partition(":")
    if scheme == "unix":
        # A longer path does not fit sockaddr_un; a relative one may.
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.connect(rest)
        except OSError as error:
            if len(rest) < 100:
                raise
            sys.stderr.write("the socket's path may be too long: %s\n" % rest)
            raise error
    elif scheme == "tcp":
        host, _, port = rest.rpartition(":")
        sock = socket.create_connection((host, int(port)))
        sock.settimeout(None)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    else:
        raise ValueError("PACELINE_CONNECT must be unix:PATH or tcp:HOST:PORT, not %r" % address)
    return _away_from_low_descriptors(sock)


def _away_from_low_descriptors(sock: socket.socket) -> socket.socket:
    if fcntl is None:
        return sock
    try:
        high = fcntl.fcntl(sock.fileno(), fcntl.F_DUPFD_CLOEXEC, _HIGH_FD)
    except OSError:  # the limit of open files is lower
        return sock
    moved = socket.socket(sock.family, sock.type, sock.proto, fileno=high)
    sock.close()
    return moved


def move_high(fd: int) -> int:
    """Moves a descriptor to a high number where that is possible."""
    if fcntl is None:
        return fd
    try:
        high = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, _HIGH_FD)
    except OSError:
        return fd
    os.close(fd)
    return high
