"""A wire between a reader and a server that runs: it can be cut, go silent or be slow."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

_MOST = 16 << 10


@dataclass
class Wire:
    """What becomes of the bytes that the server sends, over all connections. ``port`` is where the reader comes in."""

    server: int
    cut_after: int | None = None  # bytes; then every connection is closed, and so is every later one
    silent_after: int | None = None  # bytes; then nothing comes any more
    delay_seconds: float = 0.0  # before each answer
    passed: int = 0
    port: int = 0
    _open: list[socket.socket] = field(default_factory=list)

    def carry(self, reader: socket.socket) -> None:
        """Carry one connection, both ways, until one side closes it."""
        with suppress(OSError):
            server = socket.create_connection(("127.0.0.1", self.server))
            self._open += [reader, server]
            threading.Thread(target=self._forward, args=(reader, server), daemon=True).start()
            self._back(server, reader)
            for end in (reader, server):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        for end in self._open:
            end.close()

    @staticmethod
    def _forward(reader: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := reader.recv(_MOST):
                server.sendall(data)
            server.shutdown(socket.SHUT_WR)

    def _back(self, server: socket.socket, reader: socket.socket) -> None:
        while data := server.recv(_MOST):
            time.sleep(self.delay_seconds)
            for limit in (self.cut_after, self.silent_after):
                data = data if limit is None else data[: max(0, limit - self.passed)]
            self.passed += len(data)
            reader.sendall(data)
            if self.cut_after is not None and self.passed >= self.cut_after:
                return


@contextmanager
def wired(wire: Wire) -> Iterator[Wire]:
    """The wire hangs on a free port of loopback while the block runs."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        wire.port = door.getsockname()[1]

        def listen() -> None:
            with suppress(OSError):
                while True:
                    reader, _ = door.accept()
                    threading.Thread(target=wire.carry, args=(reader,), daemon=True).start()

        listener = threading.Thread(target=listen, daemon=True)
        listener.start()
        try:
            yield wire
        finally:
            door.shutdown(socket.SHUT_RDWR)
            listener.join(timeout=5)
            wire.close()
