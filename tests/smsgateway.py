"""A gateway for short messages over HTTP, for tests: it checks signatures, and can misbehave.

    with sms_gateway() as server:
        server.url                           on 127.0.0.1; key and secret: KEY, SECRET
        server.received                      the bodies it took, in order
        server.wait(3)                       until it took so many
        server.say(429, "isv.BUSINESS_LIMIT_CONTROL", {"Retry-After": "7"}, times=2)
        server.refuse("+8613800138000")      for good
        server.hang()                        taken, but no answer until go_on()
        server.lose()                        taken, and the connection is cut, once
        server.tell(receipts=[...], replies=[...])       for whoever asks; kept until acknowledged
        server.drop()                        every open connection is cut now
        server.stop(); server.start()        nobody listens; again, on the same port

It is also a robot of a chat: whatever is posted to /robot/... is in `robots`, signed or not.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import socket
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

KEY, SECRET = "office", "under-the-seal"
PATIENCE = 30
"""Seconds until a wait is a failed test."""
SIGNED = re.compile(
    r"HMAC-SHA256 Credential=(\S+), Timestamp=(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ),"
    r" Nonce=([0-9a-f]{32}), Signature=([0-9a-f]{64})"
)


class SmsGateway:
    """See the module's docstring; made by sms_gateway."""

    def __init__(self) -> None:
        self.received: list[dict[str, str]] = []
        self.robots: list[dict[str, Any]] = []
        self.asked: list[str] = []
        """Method and target of each request, in order."""
        self.stamps: list[str] = []
        self.port = 0
        self.connections = 0
        self._says: deque[tuple[int, str, dict[str, str]]] = deque()
        self._refused: set[str] = set()
        self._nonces: set[str] = set()
        self._told: list[dict[str, Any]] = []
        self._hanging: threading.Event | None = None
        self._lose = False
        self._open: set[socket.socket] = set()
        self._changed = threading.Condition()
        self.start()

    @property
    def url(self) -> str:
        """Where messages go."""
        return f"http://127.0.0.1:{self.port}/sms/v1/messages"

    def say(
        self,
        status: int,
        code: str = "",
        headers: dict[str, str] | None = None,
        times: int = 1,
    ) -> None:
        """The next answers to messages."""
        self._says.extend([(status, code, headers or {})] * times)

    def refuse(self, phone: str) -> None:
        """No such number, for good."""
        self._refused.add(phone)

    def hang(self) -> None:
        """No answers until go_on."""
        self._hanging = threading.Event()

    def go_on(self) -> None:
        """All answers that were held back, to whoever still listens."""
        hanging, self._hanging = self._hanging, None
        if hanging is not None:
            hanging.set()

    def lose(self) -> None:
        """The next request is taken, and its connection cut."""
        self._lose = True

    def tell(self, receipts: list[Any] = [], replies: list[Any] = []) -> None:  # noqa: B006
        """News, told to everybody until they acknowledge it by asking for what comes after."""
        self._told.append({"receipts": receipts, "replies": replies})

    def drop(self) -> None:
        """Cut all connections."""
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._until(lambda: not self._open, "connections to end")

    def stop(self) -> None:
        """Nobody listens any more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(PATIENCE)
        self.drop()

    def start(self) -> None:
        """Listen, on the port from before if there was one."""
        owner = self

        class Handler(_Handler):
            gateway = owner

        self._server = _Server(("127.0.0.1", self.port), Handler)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._thread.start()

    def wait(self, count: int) -> None:
        """Until so many messages were taken."""
        self._until(lambda: len(self.received) >= count, f"{count} messages")

    def close(self) -> None:
        """The end of it all."""
        self.go_on()
        self.stop()

    # What a request asks.

    def opened(self, connection: socket.socket) -> None:
        with self._changed:
            self.connections += 1
            self._open.add(connection)

    def ended(self, connection: socket.socket) -> None:
        with self._changed:
            self._open.discard(connection)
            self._changed.notify_all()

    def authentic(self, how: str, target: str, body: bytes, header: str) -> bool:
        """As the agreement says, and never twice under one nonce."""
        found = SIGNED.fullmatch(header)
        if found is None or found[1] != KEY or found[3] in self._nonces:
            return False
        self._nonces.add(found[3])
        self.stamps.append(found[2])
        path, _, query = target.partition("?")
        pairs = "&".join(sorted(query.split("&"))) if query else ""
        digest = hashlib.sha256(body).hexdigest()
        lines = "\n".join((how, path, pairs, digest, found[2], found[3]))
        due = hmac.new(SECRET.encode(), lines.encode(), hashlib.sha256).hexdigest()
        return hmac.compare_digest(due, found[4])

    def take(self, body: bytes) -> tuple[int, dict[str, str], dict[str, str]]:
        """Status, headers and answer to a message."""
        status, code, headers = self._says.popleft() if self._says else (200, "OK", {})
        message = json.loads(body)
        if message["phone"] in self._refused:
            status, code = 400, "isv.MOBILE_NUMBER_ILLEGAL"
        answer = {"code": code, "message": f"about {message['phone']}"}
        if code == "OK":
            with self._changed:
                self.received.append(message)
                answer["id"] = f"B{len(self.received):05}"
                self._changed.notify_all()
        return status, headers, answer

    def robot(self, body: bytes) -> None:
        with self._changed:
            self.robots.append(json.loads(body))
            self._changed.notify_all()

    def next_status(self) -> int:
        return self._says.popleft()[0] if self._says else 200

    def news(self, query: str) -> dict[str, Any]:
        """What was told and not acknowledged by `after`."""
        after = int(dict(parse_qsl(query)).get("after") or "0")
        waiting = self._told[after:]
        return {
            "receipts": [each for told in waiting for each in told["receipts"]],
            "replies": [each for told in waiting for each in told["replies"]],
            "next": str(len(self._told)),
        }

    def hold(self) -> bool:
        """Wait while it hangs; whether the connection is to be cut."""
        if self._hanging is not None:
            self._hanging.wait(PATIENCE)
        lose, self._lose = self._lose, False
        return lose

    def _until(self, what: Any, words: str) -> None:
        with self._changed:
            assert self._changed.wait_for(what, PATIENCE), f"waited in vain for {words}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    gateway: SmsGateway

    def setup(self) -> None:
        super().setup()
        self.gateway.opened(self.connection)

    def finish(self) -> None:
        try:
            super().finish()
        finally:
            self.gateway.ended(self.connection)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.gateway.asked.append(f"POST {self.path}")
        if self.path.startswith("/robot/"):
            self._post_robot(body)
        elif not self._authentic(body):
            self._answer(403, {}, {"code": "SignatureDoesNotMatch"})
        else:
            self._answer_held(*self.gateway.take(body))

    def do_GET(self) -> None:
        self.gateway.asked.append(f"GET {self.path}")
        if not self._authentic(b""):
            self._answer(403, {}, {"code": "SignatureDoesNotMatch"})
        else:
            self._answer_held(200, {}, self.gateway.news(urlsplit(self.path).query))

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""

    def _authentic(self, body: bytes) -> bool:
        header = self.headers.get("Authorization", "")
        return self.gateway.authentic(self.command, self.path, body, header)

    def _post_robot(self, body: bytes) -> None:
        status = self.gateway.next_status()
        if status == 200:
            self.gateway.robot(body)
        self._answer_held(status, {}, {})

    def _answer_held(self, status: int, headers: dict[str, str], answer: dict[str, Any]) -> None:
        if self.gateway.hold():
            self.close_connection = True
            return
        self._answer(status, headers, answer)

    def _answer(self, status: int, headers: dict[str, str], answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def sms_gateway() -> Iterator[SmsGateway]:
    """A gateway that listens."""
    server = SmsGateway()
    try:
        yield server
    finally:
        server.close()
