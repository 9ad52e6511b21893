"""A mail server in a process of its own that tells when it had which message.

`python -m tests.bench.mail_sink` prints its port, then for each message it accepts a line: the time
(seconds since 1970) at which its last byte had come, and the message's id.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session


class Sink:
    """Takes everything."""

    async def handle_DATA(self, server: Any, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """One more message."""
        at, raw = time.time(), envelope.original_content or b""
        head, _, _ = raw.partition(b"\r\n\r\n")
        _, _, rest = head.partition(b"Message-ID: <")
        print(f"{at} {rest.partition(b'@')[0].decode()}", flush=True)
        return "250 2.0.0 Ok: queued as 4F00000000"


async def listen() -> None:
    """Until the process is ended."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Sink(), loop=loop), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


class Arrived:
    """The server, as the bench sees it: its port, and when it had which message."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self._lines = process.stdout
        self.port = int(self._lines.readline())
        self.at: dict[str, float] = {}
        Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        for line in self._lines:
            at, message = line.split()
            self.at.setdefault(message, float(at))


@contextmanager
def mail_sink() -> Iterator[Arrived]:
    """The server, running."""
    command = [sys.executable, "-m", "tests.bench.mail_sink"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield Arrived(process)
        finally:
            process.terminate()


if __name__ == "__main__":
    asyncio.run(listen())
