"""A mail server for tests: aiosmtpd in a thread, which can be told to misbehave.

    with mail_server(username="wall", password="secret") as server:
        server.port                          on 127.0.0.1
        server.messages                      what it accepted, in order: Mailed
        server.wait(3)                       until it accepted so many
        server.say("RCPT", "450 4.2.0 ...", times=2)     its next answers at a stage
        server.refuse("gone@example.gov.cn") for good
        server.hang("ANSWER")                no answer at a stage until go_on()
        server.lose("ANSWER")                the connection is cut at a stage, once
        server.drop()                        every open connection is cut now
        server.stop(); server.start()        nobody listens; again, on the same port

Stages: CONNECT (the greeting), MAIL, RCPT, DATA (before the letter), CONTENT (after its final dot,
when it is not taken) and ANSWER (after its final dot, when it was taken and recorded).
"""

from __future__ import annotations

import asyncio
import email
import socket
import threading
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.policy import default
from typing import Any, NamedTuple

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.certificates import Certificate

PATIENCE = 30
"""Seconds until a wait is a failed test."""
OK = "250 2.0.0 Ok"


class Mailed(NamedTuple):
    """A letter that was accepted."""

    sender: str
    recipient: str
    raw: bytes
    queue_id: str

    @property
    def message(self) -> EmailMessage:
        """Its headers and bodies."""
        read = email.message_from_bytes(self.raw, policy=default)
        assert isinstance(read, EmailMessage)
        return read

    def body(self, kind: str = "plain") -> str:
        """The text ("plain") or the page ("html"), with "\\n" ends of line."""
        part = self.message.get_body((kind,))
        assert part is not None
        return str(part.get_content()).replace("\r\n", "\n")


class MailServer:
    """See the module's docstring; made by mail_server."""

    def __init__(
        self,
        tls: Certificate | None = None,
        *,
        from_first_byte: bool = False,
        username: str = "",
        password: str = "",
        greylist: bool = False,
    ) -> None:
        self.messages: list[Mailed] = []
        self.attempts: list[str] = []
        """The recipient of each RCPT, in order, whatever became of it."""
        self.connections = 0
        self.port = 0
        self._tls = tls.server() if tls else None
        self._from_first_byte = from_first_byte
        self._login = (username, password)
        self._greylist = greylist
        self._known: set[str] = set()
        self._refused: dict[str, str] = {}
        self._says: dict[str, deque[str]] = defaultdict(deque)
        self._hangs: dict[str, asyncio.Event] = {}
        self._open: set[_Session] = set()
        self._changed = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server: asyncio.Server | None = None

    def say(self, stage: str, answer: str, times: int = 1) -> None:
        """The next answers at a stage; "" is the good one, "cut" ends the connection."""
        self._says[stage].extend([answer] * times)

    def refuse(self, recipient: str, answer: str = "550 5.1.1 no such user here") -> None:
        """For good."""
        self._refused[recipient] = answer

    def hang(self, stage: str) -> None:
        """Whoever comes there waits until go_on."""
        self._hangs[stage] = asyncio.Event()

    def go_on(self) -> None:
        """All who wait get their answer."""
        waiting, self._hangs = self._hangs, {}
        for event in waiting.values():
            self._loop.call_soon_threadsafe(event.set)

    def lose(self, stage: str) -> None:
        """The next connection that comes there is cut instead of answered."""
        self.say(stage, "cut")

    def drop(self) -> None:
        """Cut all connections; returns when they are."""
        self._do(self._drop())

    def stop(self) -> None:
        """Nobody listens any more."""
        self._do(self._stop())

    def start(self) -> None:
        """Listen, on the port from before if there was one."""
        self._do(self._start())

    def wait(self, count: int) -> None:
        """Until so many letters were accepted."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.messages) >= count, PATIENCE), (
                f"{len(self.messages)} letters of {count} came"
            )

    def wait_for_attempts(self, count: int) -> None:
        """Until so many recipients were named."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.attempts) >= count, PATIENCE)

    def close(self) -> None:
        """The end of it all."""
        self.go_on()
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    # What aiosmtpd asks: a handler's hooks.

    async def handle_MAIL(  # noqa: N802
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = await self.at("MAIL", server)
        if not answer:
            envelope.mail_from = address
        return answer or OK

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self._note_attempt(address)
        answer = await self.at("RCPT", server)
        answer = answer or self._refused.get(address, "") or self._grey(address)
        if not answer:
            envelope.rcpt_tos.append(address)
        return answer or OK

    async def handle_DATA(  # noqa: N802
        self, server: Any, session: Session, envelope: Envelope
    ) -> str:
        answer = await self.at("CONTENT", server)
        if answer:
            return answer
        queue_id = self._accept(envelope)
        answer = await self.at("ANSWER", server)
        return answer or f"250 2.0.0 Ok: queued as {queue_id}"

    async def at(self, stage: str, server: _Session) -> str:
        """What is said at a stage, "" if nothing special; waits while it hangs."""
        if stage in self._hangs:
            await self._hangs[stage].wait()
        says = self._says[stage]
        answer = says.popleft() if says else ""
        if answer == "cut":
            server.cut()
            await asyncio.Event().wait()
        return answer

    def authenticate(
        self, server: Any, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        good = isinstance(data, LoginPassword) and self._login == (
            data.login.decode(),
            data.password.decode(),
        )
        return AuthResult(success=good, handled=False)

    def begun(self, session: _Session) -> None:
        if session not in self._open:
            self._open.add(session)
            self.connections += 1

    def ended(self, session: _Session) -> None:
        self._open.discard(session)

    def _note_attempt(self, address: str) -> None:
        with self._changed:
            self.attempts.append(address)
            self._changed.notify_all()

    def _grey(self, address: str) -> str:
        if not self._greylist or address in self._known:
            return ""
        self._known.add(address)
        return "450 4.2.0 greylisted, come again later"

    def _accept(self, envelope: Envelope) -> str:
        with self._changed:
            queue_id = f"4F{len(self.messages):08X}"
            raw = envelope.original_content
            assert isinstance(raw, bytes)
            assert envelope.mail_from is not None
            sender = envelope.mail_from
            self.messages += [Mailed(sender, to, raw, queue_id) for to in envelope.rcpt_tos]
            self._changed.notify_all()
        return queue_id

    def _do(self, coroutine: Any) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(PATIENCE)

    async def _start(self) -> None:
        self._server = await self._loop.create_server(
            self._session,
            "127.0.0.1",
            self.port,
            ssl=self._tls if self._from_first_byte else None,
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        if self._server is not None:
            self._server.close()
        self._server = None
        await self._drop()

    async def _drop(self) -> None:
        open_now = list(self._open)
        for session in open_now:
            session.cut()
        for session in open_now:
            await session.gone.wait()

    def _session(self) -> _Session:
        by_command = None if self._from_first_byte else self._tls
        return _Session(
            self,
            any(self._login),
            hostname="localhost",
            tls_context=by_command,
            require_starttls=by_command is not None,
            auth_require_tls=by_command is not None,
            authenticator=self.authenticate,
            loop=self._loop,
        )


class _Session(SMTP):
    """One connection."""

    def __init__(self, owner: MailServer, login: bool, **options: Any) -> None:
        super().__init__(owner, **options)
        self._auth_required = login
        self.owner = owner
        self.gone = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Also once more when TLS begins."""
        self.owner.begun(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        super().connection_lost(error)
        self.owner.ended(self)
        self.gone.set()

    def cut(self) -> None:
        if isinstance(self.transport, asyncio.Transport):
            self.transport.abort()
        self.gone.set()

    async def _handle_client(self) -> None:
        with suppress(ConnectionError):
            greeting = await self.owner.at("CONNECT", self)
            if greeting:
                await self.push(greeting)
                self.cut()
                return
            await super()._handle_client()

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802
        answer = await self.owner.at("DATA", self)
        if answer:
            await self.push(answer)
            return
        await super().smtp_DATA(arg)


@contextmanager
def mail_server(tls: Certificate | None = None, **options: Any) -> Iterator[MailServer]:
    """A server that listens; options: those of MailServer."""
    server = MailServer(tls, **options)
    server.start()
    try:
        yield server
    finally:
        server.close()


def closed_port() -> int:
    """A port of this machine on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
