"""E-mail by SMTP (RFC 5321), with aiosmtplib, on an event loop of the channel's own.

One recipient a message, so that each has an outcome. The connection is kept between messages; one
that the server closed meanwhile is opened again without a word, as nothing was handed over by it.

4xx to the message (greylisting, too many at once)                            Throttled
5xx to the recipient or the content                                           Refused
no connection, no TLS, a stranger's certificate, a wrong password,
a sender who may not, no answer in time                                       Unavailable
no answer once the final dot was sent                                         InDoubt
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Callable
from contextlib import suppress
from typing import Literal

from aiosmtplib import SMTP, SMTPException
from aiosmtplib.errors import (
    SMTPConnectResponseError,
    SMTPDataError,
    SMTPHeloError,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)
from msgspec import Struct

from supervision.facts import Instant

from ..errors import DeliveryFailed, InDoubt, Refused, Throttled, Unavailable
from .addresses import mailbox
from .hosts import is_loopback
from .letters import letter
from .port import MAIL, Accepted, Outgoing, Receipt, Reply
from .said import said

QUEUED = re.compile(
    r"(?:\bqueued as |\bid=)([\w.-]+)|^2\.\d\.\d+ (\S+) Message accepted", re.IGNORECASE
)
"""How servers tell their id: Postfix; Exim; Sendmail."""
GO_AHEAD, DONE = 354, 250
OF_THE_MESSAGE = (SMTPSenderRefused, SMTPRecipientRefused, SMTPDataError)
"""Answers after which the connection serves the next message."""
LATER = (*OF_THE_MESSAGE, SMTPConnectResponseError, SMTPHeloError)
"""Answers whose 4xx means: come again."""


class Relay(Struct, frozen=True, kw_only=True):
    """The server that takes our mail. Times in seconds; `sender` is an address, `name` for people.

    `security`: "starttls"; "tls" from the first byte; "plain", which is only for this machine
    unless `trusted_network` says that nobody listens on the way. `trust`: who vouches for the
    server, None: the authorities of this machine. `connect`: for the connection, TLS and each
    answer until a letter may go; `patience`: for a message in all.
    """

    host: str
    port: int = 587
    security: Literal["starttls", "tls", "plain"] = "starttls"
    trusted_network: bool = False
    trust: ssl.SSLContext | None = None
    username: str = ""
    password: str = ""
    sender: str
    name: str = ""
    connect: float = 10.0
    patience: float = 30.0

    def __post_init__(self) -> None:
        """ValueError: it would send in the clear; AddressUnfit: the sender is no address."""
        mailbox(self.sender)
        if self.security == "plain" and not (self.trusted_network or is_loopback(self.host)):
            raise ValueError(
                f"mail to {self.host} would go in the clear: use starttls or tls,"
                " or say that the network is trusted"
            )


class Mail:
    """The channel; `at` gives the instant that a letter bears as its date."""

    name = MAIL

    def __init__(self, relay: Relay, at: Callable[[], Instant]) -> None:
        self._relay = relay
        self._at = at
        self._sender = mailbox(relay.sender)
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._smtp: SMTP | None = None
        self._handed_over = False

    def fit(self, address: str) -> str:
        """As a mailbox; AddressUnfit."""
        return mailbox(address)

    def parts(self, text: str) -> int:
        """Always one."""
        return 1

    def send(self, outgoing: Outgoing) -> Accepted:
        """Hand a letter over; the gateway's id is the one of the server's queue."""
        made = letter(outgoing, self._sender, self._relay.name, self._at())
        return self._runner.run(self._send(mailbox(outgoing.address), made.as_bytes()))

    def heard(self) -> list[Receipt | Reply]:
        """Nothing: what a server tells later comes as mail, to the sender's mailbox."""
        return []

    def close(self) -> None:
        """Say QUIT, if the server still listens."""
        if self._smtp is not None:
            self._runner.run(self._quit(self._smtp))
        self._smtp = None
        self._runner.close()

    async def _send(self, address: str, written: bytes) -> Accepted:
        self._handed_over = False
        try:
            async with asyncio.timeout(self._relay.patience):
                smtp = await self._connected()
                await self._envelope(smtp, address)
                return await self._content(smtp, written)
        except (SMTPException, OSError) as failure:  # a TimeoutError is an OSError
            if not isinstance(failure, OF_THE_MESSAGE):
                self._drop()
            raise self._outcome(failure) from None

    async def _connected(self) -> SMTP:
        """The connection that was kept if it answers, else a new one."""
        if self._smtp is not None and await _answers(self._smtp, self._relay.connect):
            return self._smtp
        self._drop()
        smtp = self._client()
        await smtp.connect()
        self._smtp = smtp
        return smtp

    def _client(self) -> SMTP:
        relay = self._relay
        return SMTP(
            hostname=relay.host,
            port=relay.port,
            use_tls=relay.security == "tls",
            start_tls=relay.security == "starttls",
            tls_context=relay.trust,
            username=relay.username or None,
            password=relay.password or None,
            local_hostname=self._sender.rpartition("@")[2],
            timeout=relay.connect,
        )

    async def _envelope(self, smtp: SMTP, address: str) -> None:
        """From whom and to whom."""
        wait = self._relay.patience
        await smtp.mail(self._sender, timeout=wait)
        await smtp.rcpt(address, timeout=wait)

    async def _content(self, smtp: SMTP, written: bytes) -> Accepted:
        """The letter. aiosmtplib's own way does not tell before the final dot from after it."""
        wait = self._relay.patience
        answer = await smtp.execute_command(b"DATA", timeout=wait)
        if answer.code != GO_AHEAD:
            raise SMTPDataError(answer.code, answer.message)
        if smtp.protocol is None:
            raise SMTPServerDisconnected("Connection lost")
        self._handed_over = True
        smtp.protocol.write(written + b".\r\n")  # bodies are base64: no line begins with a dot
        answer = await smtp.protocol.read_response(wait)
        self._handed_over = False
        if answer.code != DONE:
            raise SMTPDataError(answer.code, answer.message)
        return Accepted(_queue_id(answer.message))

    def _outcome(self, failure: Exception) -> DeliveryFailed:
        """What a failure means for the message."""
        if self._handed_over:
            return InDoubt("no answer once the letter was handed over")
        if not isinstance(failure, SMTPResponseException):
            return Unavailable(said(str(failure)) or "no answer in time")
        answer = f"{failure.code} {said(failure.message)}"
        if isinstance(failure, LATER) and 400 <= failure.code < 500:
            return Throttled(answer)
        if isinstance(failure, SMTPRecipientRefused | SMTPDataError):
            return Refused(answer)
        return Unavailable(answer)

    def _drop(self) -> None:
        if self._smtp is not None:
            self._smtp.close()
        self._smtp = None

    async def _quit(self, smtp: SMTP) -> None:
        with suppress(SMTPException, OSError):
            await smtp.quit(timeout=self._relay.connect)
        smtp.close()


async def _answers(smtp: SMTP, wait: float) -> bool:
    """Whether a kept connection is one still; it forgets the message before."""
    try:
        await smtp.rset(timeout=wait)
    except (SMTPException, OSError):
        return False
    return True


def _queue_id(answer: str) -> str:
    found = QUEUED.search(answer)
    return (found[1] or found[2]) if found else ""
