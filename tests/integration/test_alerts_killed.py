"""kill -9 in the middle of delivering: every message once, at most one twice, none not at all."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from alerts.book import Addresses, Book
from alerts.ruling import FITS
from supervision.clock import SystemClock
from supervision.notices import OUTBOX, MessageAccepted, MessageIntended, message_stream
from supervision.record import Record
from supervision.runners.lists import first_lists
from supervision.streams import cards_stream
from tests.alerting import card, contact
from tests.mailserver import MailServer, mail_server

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]
RECIPIENTS = 500


def fill(home: Path) -> list[str]:
    """A red card, and five hundred people who handle it; their addresses."""
    record = Record(home, SystemClock())
    try:
        first_lists(record)
        addresses = Addresses(Book(record))
        given = [f"clerk{n:03d}@example.org" for n in range(RECIPIENTS)]
        for n, address in enumerate(given):
            who = contact(f"clerk{n:03d}", 0)
            addresses.set_contact(lambda _, who=who: who, {"mail": address}, FITS)
        now = datetime.now(UTC) - timedelta(minutes=1)
        issued = card("1", "red", at=f"{now.astimezone():%Y-%m-%d %H:%M}")
        record.append(cards_stream("s", "1"), [issued], 0)
        return given
    finally:
        record.close()


@contextmanager
def alerts(home: Path, server: MailServer) -> Iterator[subprocess.Popen[str]]:
    """Alerts in a process; killed at the end, if nobody did before."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.alert_process", str(home),
         f"smtp+plain://127.0.0.1:{server.port}"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        cwd=Path(__file__).parents[2],
    )  # fmt: skip
    try:
        assert process.stdout
        assert "started\n" == process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.communicate()


def accepted(home: Path) -> tuple[int, int]:
    """Messages that were intended, and how many the log knows to be accepted."""
    record = Record(home, SystemClock())
    try:
        messages = [
            event
            for stored in record.read_stream(OUTBOX)
            if isinstance(event := stored.event, MessageIntended)
        ]
        done = sum(
            any(
                isinstance(stored.event, MessageAccepted)
                for stored in record.read_stream(message_stream(each.message))
            )
            for each in messages
        )
        return len(messages), done
    finally:
        record.close()


def test_each_of_five_hundred_recipients_is_told_once_though_alerts_are_killed(
    tmp_path: Path,
) -> None:
    """Killed in the middle; who starts again delivers the rest, and repeats at most one."""
    recipients = fill(tmp_path)
    with mail_server() as server:
        with alerts(tmp_path, server) as process:
            server.wait(200)
            process.kill()
            process.wait()
        before = len(server.messages)
        with alerts(tmp_path, server):
            server.wait(RECIPIENTS)
            while accepted(tmp_path) != (RECIPIENTS, RECIPIENTS):
                server.wait(len(server.messages))
        counts = Counter(each.recipient for each in server.messages)
    assert 200 <= before < RECIPIENTS
    assert set(recipients) == set(counts)
    assert len([who for who, times in counts.items() if times > 1]) <= 1
    assert max(counts.values()) <= 2


def test_a_message_whose_answer_was_lost_to_a_kill_is_sent_once_more(tmp_path: Path) -> None:
    """The server had it, and we died before we knew: twice rather than not at all."""
    fill(tmp_path)
    with mail_server() as server:
        server.hang("ANSWER")
        with alerts(tmp_path, server) as process:
            server.wait(1)
            process.kill()
            process.wait()
        server.go_on()
        (first,) = server.messages
        with alerts(tmp_path, server):
            server.wait(RECIPIENTS + 1)
        counts = Counter(each.recipient for each in server.messages)
    assert {first.recipient: 2} == {who: n for who, n in counts.items() if n > 1}
    assert RECIPIENTS == len(counts)
    repeated = [m.message["Message-ID"] for m in server.messages if m.recipient == first.recipient]
    assert 1 == len(set(repeated))
