"""The small HTTP listener through which a role tells of itself: health, readiness, metrics.

It may stand on any address, as nothing personal is told (telling.py): whoever reaches it can read,
and nobody can change anything.
"""

from __future__ import annotations

import logging
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from threading import BoundedSemaphore, Thread
from typing import Any

from ..errors import SupervisionError
from .telling import Answer, Telling

PATIENCE = 10.0
"""Seconds that one who asks may take to say what."""
CLOSED_WITHIN = 0.1
"""Seconds between two looks whether the listener was closed."""
AT_ONCE = 64
"""Who are answered at a time; others are turned away rather than given threads without end."""

log = logging.getLogger(__name__)


class ListenerBusy(SupervisionError):
    """The address of health and metrics cannot be had."""

    def __init__(self, host: str, port: int, why: OSError) -> None:
        super().__init__(
            f"{host}:{port} cannot be listened on for health and metrics "
            f"({why.strerror or why}); set another SUPERVISION_TOLD_PORT, or SUPERVISION_TOLD_HOST"
        )


class Listener:
    """The HTTP listener of a Telling, in threads of its own, until closed."""

    def __init__(self, telling: Telling, host: str, port: int) -> None:
        """Port 0 takes a free one. ListenerBusy."""
        try:
            self._server = _Server(telling, host, port)
        except OSError as error:
            raise ListenerBusy(host, port, error) from error
        self.port: int = self._server.server_address[1]
        self._thread = Thread(
            target=self._server.serve_forever, args=(CLOSED_WITHIN,), name="telling", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@contextmanager
def listening(telling: Telling, host: str, port: int) -> Iterator[None]:
    """Told as long as it lasts; port 0 tells nobody. ListenerBusy."""
    listener = Listener(telling, host, port) if port else None
    try:
        yield
    finally:
        if listener:
            listener.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = AT_ONCE

    def __init__(self, telling: Telling, host: str, port: int) -> None:
        self.telling = telling
        self._places = BoundedSemaphore(AT_ONCE)
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        """Without asking for the name of the address, which may wait for a name server."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = "", self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        """In a thread of its own, while there is a place."""
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """The request; then its place is free."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: object, client_address: object) -> None:
        """Who asked and went away is nobody's business; another failure is a defect."""
        error = sys.exception()
        level = logging.DEBUG if isinstance(error, OSError) else logging.ERROR
        log.log(level, "a request was not answered", exc_info=error)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = PATIENCE

    def version_string(self) -> str:
        """No version: it would tell what to try."""
        return "supervision"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the library's name
        """Nothing: probes come every few seconds."""

    def do_GET(self) -> None:
        """The answer to the path, whatever stands behind its question mark."""
        path = self.path.partition("?")[0]
        self._send(self.server.telling.answer(path, self.headers.get("Accept", "")))

    def do_HEAD(self) -> None:
        """The same without the body."""
        self.do_GET()

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(answer.body)
