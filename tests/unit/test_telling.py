"""What a role tells: figures, whether it lives, whether it is ready; to whoever asks by HTTP."""

from __future__ import annotations

import json
import logging
import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from http import HTTPStatus
from http.client import HTTPConnection, RemoteDisconnected
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from supervision.acts import CardAcknowledged, CardIssued, CardLapsed
from supervision.errors import StoreBusy
from supervision.notices import MessageAccepted, MessageGivenUp
from supervision.record import HAS_CASE, NO_ID, OTHER_CONTENT, Outcome
from supervision.runners.listening import AT_ONCE, Listener, ListenerBusy, listening
from supervision.runners.telling import ALIVE, Answer, Telling

ROOT = Path(__file__).parents[2]
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SECOND = 1_000_000


class Hand:
    """A clock that goes when it is moved."""

    def __init__(self) -> None:
        self.at = 1_000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def clock() -> Hand:
    return Hand()


@pytest.fixture
def telling(clock: Hand) -> Telling:
    return Telling("watch", "host-1", clock)


def figures(telling: Telling) -> dict[str, float]:
    """The samples of /metrics by name and labels."""
    text = telling.answer("/metrics").body.decode()
    return {
        sample.name + "".join(f" {k}={v}" for k, v in sorted(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def body(answer: Answer) -> Any:
    return json.loads(answer.body)


def issued(severity: str) -> CardIssued:
    return CardIssued(
        source="s",
        case_no="1",
        card="C",
        at=NOON,
        rule="legal",
        severity=severity,
        colour="",
        label_zh="",
        label_en="",
        crossed_at=NOON,
    )


class TestHealth:
    """It lives while its main loop gives signs of life."""

    def test_it_lives_for_thirty_seconds_after_a_beat(self, telling: Telling, clock: Hand) -> None:
        """To the second."""
        clock.at += 500
        telling.beat()
        clock.at += ALIVE
        assert telling.answer("/health").status == HTTPStatus.OK
        clock.at += 1
        answer = telling.answer("/health")
        assert answer.status == HTTPStatus.SERVICE_UNAVAILABLE
        assert body(answer) == {
            "alive": False,
            "role": "watch",
            "instance": "host-1",
            "seconds_since_beat": ALIVE + 1,
        }

    def test_it_lives_again_after_another_beat(self, telling: Telling, clock: Hand) -> None:
        """A pause is no death."""
        clock.at += 300
        telling.beat()
        assert telling.answer("/health").status == HTTPStatus.OK

    def test_a_process_that_begins_has_as_long(self, telling: Telling, clock: Hand) -> None:
        """Before its first beat."""
        assert telling.answer("/health").status == HTTPStatus.OK
        clock.at += ALIVE + 1
        assert telling.answer("/health").status == HTTPStatus.SERVICE_UNAVAILABLE


class TestReadiness:
    """It is ready when it says so, and nothing keeps it from its work."""

    def test_it_is_not_ready_until_it_says_so(self, telling: Telling) -> None:
        """With nothing known yet."""
        answer = telling.answer("/ready")
        assert answer.status == HTTPStatus.SERVICE_UNAVAILABLE
        assert body(answer) == {
            "ready": False,
            "role": "watch",
            "instance": "host-1",
            "position": None,
            "head": None,
            "lag": None,
            "followers": {},
            "alarms": {},
        }
        telling.ready()
        assert telling.answer("/ready").status == HTTPStatus.OK

    def test_an_alarm_that_makes_it_useless_takes_that_back(self, telling: Telling) -> None:
        """Until it is cleared; another alarm is told all the same."""
        telling.ready()
        telling.alarm("case_halted", "3 cases are halted", useless=False)
        assert telling.answer("/ready").status == HTTPStatus.OK
        telling.alarm("store_failed", "the database does not answer")
        answer = telling.answer("/ready")
        assert answer.status == HTTPStatus.SERVICE_UNAVAILABLE
        assert body(answer)["alarms"] == {
            "case_halted": "3 cases are halted",
            "store_failed": "the database does not answer",
        }
        assert figures(telling)["supervision_alarm code=store_failed"] == 1
        telling.clear("store_failed")
        assert telling.answer("/ready").status == HTTPStatus.OK
        assert "supervision_alarm code=store_failed" not in figures(telling)

    def test_one_that_stops_is_ready_no_more(self, telling: Telling) -> None:
        """So that nobody sends it work."""
        telling.ready()
        telling.ready(is_ready=False)
        assert telling.answer("/ready").status == HTTPStatus.SERVICE_UNAVAILABLE

    def test_the_slowest_follower_counts(self, telling: Telling) -> None:
        """The least position, the highest head, the greatest lag."""
        telling.reached("watch-0", 90, 100, 5 * SECOND, 5 * SECOND)
        telling.reached("watch-1", 40, 95, 2 * SECOND, 5 * SECOND)
        told = body(telling.answer("/ready"))
        assert (told["position"], told["head"], told["lag"]) == (40, 100, 55)
        assert told["followers"]["watch-1"] == {
            "position": 40,
            "lag_events": 55,
            "lag_seconds": 3.0,
        }


class TestFigures:
    """What is told is what is counted."""

    def test_lag_grows_while_a_follower_says_nothing(self, telling: Telling, clock: Hand) -> None:
        """Who hangs must not look as it last did."""
        telling.reached("rows", 7, 10, 98 * SECOND, 100 * SECOND)
        clock.at += 60
        told = figures(telling)
        assert told["supervision_position follower=rows"] == 7
        assert told["supervision_head"] == 10
        assert told["supervision_lag_events follower=rows"] == 3
        assert told["supervision_lag_seconds follower=rows"] == 62

    def test_what_is_ahead_does_not_lag(self, telling: Telling) -> None:
        """A head read before the position, a clock behind the stamp."""
        telling.reached("rows", 12, 10, 100 * SECOND, 99 * SECOND)
        told = figures(telling)
        assert told["supervision_lag_events follower=rows"] == 0
        assert told["supervision_lag_seconds follower=rows"] == 0

    def test_a_follower_without_a_stamp_has_no_age(self, telling: Telling) -> None:
        """Rather than one of half a century."""
        telling.reached("rows", 0, 10, 0, 100 * SECOND)
        assert "supervision_lag_seconds follower=rows" not in figures(telling)
        assert body(telling.answer("/ready"))["followers"]["rows"]["lag_seconds"] is None

    def test_a_follower_that_left_is_not_told(self, telling: Telling) -> None:
        """Its partition is another process's."""
        telling.reached("watch-3", 7, 10, SECOND, SECOND)
        telling.left("watch-3")
        assert not [name for name in figures(telling) if "watch-3" in name]

    def test_facts_are_counted_by_what_became_of_them(self, telling: Telling) -> None:
        """Refused ones by the reason, those that could not be read too."""
        telling.took(
            [
                Outcome("stored", 1),
                Outcome("stored", 2),
                Outcome("had", 1),
                Outcome("refused", 0, NO_ID),
                Outcome("refused", 3, OTHER_CONTENT),
                Outcome("refused", 0, HAS_CASE),
                Outcome("refused", 0, "of another kind"),
            ]
        )
        telling.unreadable(4)
        found = {
            name.removeprefix("supervision_facts_total "): value
            for name, value in figures(telling).items()
            if name.startswith("supervision_facts_total")
        }
        assert found == {
            "outcome=stored reason=": 2,
            "outcome=had reason=": 1,
            "outcome=refused reason=no_id": 1,
            "outcome=refused reason=other_content": 1,
            "outcome=refused reason=has_case": 1,
            "outcome=refused reason=other": 1,
            "outcome=refused reason=unreadable": 4,
        }

    def test_acts_are_counted_by_severity(self, telling: Telling) -> None:
        """Cards by theirs, from naught on; other acts by name."""
        assert figures(telling)["supervision_acts_total act=CardIssued severity=red"] == 0
        lapsed = CardLapsed(source="s", case_no="1", card="C", at=NOON)
        heard = CardAcknowledged(id="a", source="s", case_no="1", card="C", at=NOON)
        telling.acted([issued("red"), issued("yellow"), issued("red"), lapsed, heard])
        told = figures(telling)
        assert told["supervision_acts_total act=CardIssued severity=red"] == 2
        assert told["supervision_acts_total act=CardIssued severity=yellow"] == 1
        assert told["supervision_acts_total act=CardLapsed severity="] == 1
        assert told["supervision_acts_total act=CardAcknowledged severity="] == 1

    def test_everything_else_is_told_under_its_name(self, telling: Telling) -> None:
        """Each method moves its own figure."""
        telling.watched(cases=1_000_000, halted=2)
        telling.judged(0.015)
        telling.published(3)
        for _ in range(2):
            telling.messages("mail", MessageAccepted(message="m1", at=NOON, attempt=1))
        telling.messages("sms", MessageGivenUp(message="m2", at=NOON, reason="ended"))
        telling.elected("publisher", holds=True)
        telling.elected("clock", holds=False)
        telling.rows("events", 500)
        telling.failed(StoreBusy("log", "locked"))
        told = figures(telling)
        expected = {
            "supervision_watched_cases": 1_000_000,
            "supervision_halted_cases": 2,
            "supervision_judge_seconds_bucket le=0.01": 0,
            "supervision_judge_seconds_bucket le=0.02": 1,
            "supervision_judge_seconds_count": 1,
            "supervision_published_messages_total": 3,
            "supervision_messages_total channel=mail outcome=accepted": 2,
            "supervision_messages_total channel=sms outcome=given_up": 1,
            "supervision_elected role=publisher": 1,
            "supervision_elected role=clock": 0,
            "supervision_rows_total table=events": 500,
            "supervision_store_errors_total kind=StoreBusy": 1,
        }
        assert expected == {name: told[name] for name in expected}
        assert told["process_resident_memory_bytes"] > 1e6
        assert [n for n in told if n.startswith("supervision_build_info role=watch version=")]

    def test_two_tellings_do_not_meet(self, telling: Telling) -> None:
        """No registry is shared."""
        other = Telling("rows", "host-2", Hand())
        telling.published(3)
        assert figures(other)["supervision_published_messages_total"] == 0

    def test_the_page_has_every_figure(self, telling: Telling) -> None:
        """docs/settings.md: names and labels."""
        page = (ROOT / "docs/settings.md").read_text(encoding="utf-8")
        rows = re.findall(r"^\| `(supervision_\w+)` \| ([^|]*)\|", page, re.MULTILINE)
        described = {name: set(re.findall(r"`(\w+)`", labels)) for name, labels in rows}
        telling.reached("rows", 7, 10, SECOND, SECOND)
        telling.alarm("a", "b")
        telling.messages("mail", MessageAccepted(message="m1", at=NOON, attempt=1))
        telling.elected("publisher", holds=True)
        telling.rows("events", 1)
        telling.failed(StoreBusy("log", "locked"))
        text = telling.answer("/metrics").body.decode()
        told: dict[str, set[str]] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                name = re.sub("_(bucket|count|sum)$", "", sample.name)
                if name.startswith("supervision") and not name.endswith("_created"):
                    told.setdefault(name, set()).update(sample.labels)
        assert described == told


@pytest.fixture
def listener(telling: Telling) -> Iterator[Listener]:
    found = Listener(telling, "127.0.0.1", 0)
    yield found
    found.close()


def ask(listener: Listener, path: str, method: str = "GET") -> tuple[int, dict[str, str], bytes]:
    connection = HTTPConnection("127.0.0.1", listener.port, timeout=30)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


@contextmanager
def silence(listener: Listener, count: int) -> Iterator[None]:
    """So many who connect and say nothing."""
    with ExitStack() as held:
        for _ in range(count):
            held.enter_context(socket.create_connection(("127.0.0.1", listener.port)))
        yield


class TestListener:
    """HTTP, for probes and for Prometheus."""

    def test_it_answers_what_is_told(self, listener: Listener, telling: Telling) -> None:
        """Status and body; a question behind the path is nothing to it."""
        telling.published(3)
        status, headers, text = ask(listener, "/metrics?name=x")
        assert (status, headers["Content-Type"].split(";")[0]) == (200, "text/plain")
        assert b"supervision_published_messages_total 3.0" in text
        assert ask(listener, "/health")[0] == HTTPStatus.OK
        status, headers, text = ask(listener, "/ready")
        assert (status, headers["Content-Type"]) == (503, "application/json")
        assert json.loads(text)["role"] == "watch"

    def test_there_is_nothing_else(self, listener: Listener) -> None:
        """Neither other paths nor other methods, nor a version to attack."""
        assert ask(listener, "/")[0] == HTTPStatus.NOT_FOUND
        assert ask(listener, "/health", "POST")[0] == HTTPStatus.NOT_IMPLEMENTED
        assert ask(listener, "/health")[1]["Server"] == "supervision"

    def test_the_head_of_an_answer_can_be_asked_for(self, listener: Listener) -> None:
        """Without its body."""
        status, headers, text = ask(listener, "/health", "HEAD")
        assert (status, text) == (200, b"")
        assert int(headers["Content-Length"]) > 0

    def test_who_says_nothing_does_not_keep_others_waiting(self, listener: Listener) -> None:
        """Each is answered in a thread, up to the last place."""
        with silence(listener, AT_ONCE - 1):
            assert ask(listener, "/health")[0] == HTTPStatus.OK

    def test_those_above_the_number_are_turned_away(self, listener: Listener) -> None:
        """Without an answer: threads are not made without end."""
        with silence(listener, AT_ONCE), pytest.raises((RemoteDisconnected, ConnectionError)):
            ask(listener, "/health")

    def test_a_defect_is_logged_and_the_listener_goes_on(
        self,
        listener: Listener,
        telling: Telling,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        """One request goes unanswered."""
        with monkeypatch.context() as patch, caplog.at_level(logging.ERROR):
            patch.setattr(telling, "answer", lambda path, accept: 1 / 0)
            with pytest.raises((RemoteDisconnected, ConnectionResetError)):
                ask(listener, "/health")
        assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [
            ZeroDivisionError
        ]
        assert ask(listener, "/health")[0] == HTTPStatus.OK

    def test_an_address_that_cannot_be_had_is_named(
        self, listener: Listener, telling: Telling
    ) -> None:
        """In one line, with the settings to change."""
        with pytest.raises(ListenerBusy, match=f":{listener.port} .* SUPERVISION_TOLD_PORT"):
            Listener(telling, "127.0.0.1", listener.port)
        with pytest.raises(ListenerBusy, match=r"192\.0\.2\.1:9464 "):
            Listener(telling, "192.0.2.1", 9464)

    def test_port_zero_tells_nobody_and_another_tells_as_long_as_it_lasts(
        self, telling: Telling
    ) -> None:
        """The setting's default; and the address is free afterwards."""
        with listening(telling, "no.such.host.invalid", 0):
            pass
        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        with listening(telling, "127.0.0.1", port):
            socket.create_connection(("127.0.0.1", port)).close()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))
