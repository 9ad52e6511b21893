"""`serve alerts`: two processes of which one tells people, and what comes through when one dies.

PostgreSQL alone, as the role needs nothing else, and a mail server of the test.
"""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from alerts.book import Addresses, Book
from alerts.ruling import FITS
from supervision.notices import (
    OUTBOX,
    MessageAccepted,
    MessageIntended,
    message_stream,
)
from supervision.record import Record
from supervision.runners.cluster.station import Says
from supervision.store.board import Board
from supervision.streams import cards_stream, notices_stream
from tests.alerting import card, contact
from tests.cluster.permits import metric, readiness
from tests.cluster.town import Process, Town
from tests.mailserver import MailServer, mail_server
from tests.product import SUPERVISE, until
from tools.services import Clickhouse, Kafka, Postgres

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]
MANY = 200
"""Recipients of one card."""


@pytest.fixture
def town(
    tmp_path: Path, postgres: Postgres, kafka: Kafka, clickhouse: Clickhouse
) -> Iterator[Town]:
    """Databases and lists; no role runs."""
    try:
        with Town(tmp_path / "home", postgres, kafka, clickhouse) as made:
            yield made
    finally:
        postgres.start()


def gateway(server: MailServer) -> dict[str, str]:
    """The settings of who sends by a server."""
    return {
        "SUPERVISION_MAIL": f"smtp+plain://127.0.0.1:{server.port}",
        "SUPERVISION_MAIL_FROM": "wall@example.org",
    }


def register(record: Record, people: int) -> set[str]:
    """So many who handle the cases of a department; their addresses."""
    addresses = Addresses(Book(record))
    given = [f"clerk{n:03d}@example.org" for n in range(people)]
    for n, address in enumerate(given):
        who = contact(f"clerk{n:03d}", 0)
        addresses.set_contact(lambda _, who=who: who, {"mail": address}, FITS)
    return set(given)


def issue(record: Record, case_no: str) -> None:
    """A red card, now: it is told at night too."""
    now = datetime.now(UTC) - timedelta(minutes=1)
    issued = card(case_no, "red", at=f"{now.astimezone():%Y-%m-%d %H:%M}")
    record.append(cards_stream("s", case_no), [issued], 0)


def leads(process: Process) -> bool:
    return metric(process, "supervision_elected", role="alerts") == 1


def leader(processes: list[Process]) -> Process:
    """The one that leads, once exactly one says so."""
    until(lambda: sum(map(leads, processes)) == 1, "one to lead")
    return next(each for each in processes if leads(each))


def pair(town: Town, server: MailServer) -> list[Process]:
    """Two processes, ready."""
    started = [town.start("alerts", **gateway(server)) for _ in range(2)]
    return [each.ready() for each in started]


def said(town: Town, process: Process) -> Says:
    """What a process has told the others; nothing yet where it is not on the board."""
    instance = process.get("/health", process.told)["instance"]
    with closing(Board(town.url)) as board:
        found = [each.says for each in board.read() if each.instance == instance]
    return msgspec.json.decode(found[0], type=Says) if found else Says()


def said_position(town: Town, process: Process) -> int:
    """Up to where a process has told the others that it has read the log."""
    instance = process.get("/health", process.told)["instance"]
    with closing(Board(town.url)) as board:
        return max((each.position for each in board.read() if each.instance == instance), default=0)


def unrecorded(record: Record) -> list[str]:
    """Messages of which the log does not know that a gateway took them."""
    messages = [
        event.message
        for stored in record.read_stream(OUTBOX)
        if isinstance(event := stored.event, MessageIntended)
    ]
    return [
        message
        for message in messages
        if not any(
            isinstance(stored.event, MessageAccepted)
            for stored in record.read_stream(message_stream(message))
        )
    ]


@contextmanager
def told(town: Town, server: MailServer) -> Iterator[list[Process]]:
    """Two processes and many recipients of a card; what is done to them, is done in the middle.
    In the end everybody has the message once, at most one of them twice.
    """
    with town.record() as record:
        recipients = register(record, MANY)
        processes = pair(town, server)
        leader(processes)
        issue(record, "1")
    server.wait(MANY // 4)
    yield processes
    server.wait(MANY)
    with town.record() as record:
        until(lambda: not unrecorded(record), "the log to know that all were taken")
    counts = Counter(each.recipient for each in server.messages)
    assert recipients == set(counts)
    assert len([who for who, times in counts.items() if times > 1]) <= 1
    assert max(counts.values()) <= 2


def test_of_two_one_tells_people_and_counts_it(town: Town) -> None:
    """A card becomes a message; the other is ready and sends nothing."""
    with mail_server() as server:
        processes = pair(town, server)
        first = leader(processes)
        with town.record() as record:
            (address,) = register(record, 1)
            issue(record, "1")
            server.wait(1)
            until(lambda: not unrecorded(record), "it to be recorded")
            head = record.head()
        assert [address] == [each.recipient for each in server.messages]
        accepted = {"channel": "mail", "outcome": "accepted"}
        assert [1, None] == [
            metric(each, "supervision_messages_total", **accepted)
            for each in sorted(processes, key=lambda each: each is not first)
        ]
        until(lambda: (metric(first, "supervision_position", follower="alerts") or 0) >= head, "it")
        assert all(each.get("/ready", each.told)["alarms"] == {} for each in processes)


def test_when_the_leader_is_killed_in_the_middle_nobody_is_forgotten(town: Town) -> None:
    """kill -9: the other goes on, and repeats at most the one message that was in hand."""
    with mail_server() as server, told(town, server) as processes:
        first = leader(processes)
        first.kill()
        assert len(server.messages) < MANY
        (other,) = [each for each in processes if each is not first]
        until(lambda: leads(other), "the other to lead")


def test_when_postgresql_is_killed_in_the_middle_it_goes_on(town: Town) -> None:
    """What was sent and not recorded is recorded then; later cards are told, too."""
    with mail_server() as server:
        with told(town, server) as processes:
            town.postgres.kill()
            assert len(server.messages) < MANY
            town.postgres.start()
        before = len(server.messages)
        with town.record() as record:
            issue(record, "2")
        server.wait(before + MANY)
        leader(processes)


def test_a_gateway_that_is_down_is_an_alarm_until_it_is_back(town: Town) -> None:
    """The role is ready all the same: it does what can be done."""
    with mail_server() as server:
        server.stop()
        process = town.start("alerts", **gateway(server)).ready()
        with town.record() as record:
            register(record, 4)
            issue(record, "1")
        until(lambda: "gateway_down" in readiness(process)["alarms"], "the alarm")
        assert readiness(process)["ready"]
        until(lambda: said(town, process).gateways, "the wall to be told")
        server.start()
        server.wait(4)
        until(lambda: readiness(process)["alarms"] == {}, "it to be well")
        until(lambda: said(town, process).gateways == [], "the wall to be told")


def test_without_a_gateway_it_runs_and_says_that_nobody_is_told(town: Town) -> None:
    """Nothing is decided meanwhile: once there is a gateway, what stands is told."""
    process = town.start("alerts").ready()
    until(lambda: said(town, process).unheard == "no_channel", "it to say so")
    with town.record() as record:
        register(record, 1)
        issue(record, "1")
        until(lambda: said_position(town, process) >= record.head(), "it to have read that")
        assert [] == record.read_stream(notices_stream("s", "1"))
    assert readiness(process)["alarms"] == {}
    process.kill()
    with mail_server() as server:
        town.start("alerts", **gateway(server)).ready()
        server.wait(1)


def test_with_a_gateway_and_no_contacts_it_says_so(town: Town) -> None:
    """Until somebody is registered."""
    with mail_server() as server:
        process = town.start("alerts", **gateway(server)).ready()
        until(lambda: said(town, process).unheard == "no_contact", "it to say so")
        with town.record() as record:
            register(record, 1)
        until(lambda: said(town, process).unheard == "", "it to be content")


def test_a_gateway_that_cannot_be_used_ends_the_role_with_a_line(town: Town) -> None:
    """Which names the setting, and no password."""
    url = "smtp+plain://wall:hush-hush@mail.example.org"
    env = {**town.env, "SUPERVISION_MAIL": url, "SUPERVISION_MAIL_FROM": "wall@example.org"}
    done = subprocess.run(
        [*SUPERVISE, "serve", "alerts"], env=env, capture_output=True, text=True, check=False
    )
    (line,) = (done.stdout + done.stderr).strip().splitlines()
    assert 1 == done.returncode
    assert "SUPERVISION_MAIL: mail to mail.example.org would go in the clear" in line
    assert "hush" not in line
