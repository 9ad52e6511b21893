"""`supervise alert`: the same from the machine as on the pages, and who was told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from alerts.book import Addresses, Book
from supervision import notices
from supervision.clock import SystemClock
from supervision.facts import CaseAccepted
from supervision.notices import (
    ALERTS,
    OUTBOX,
    CardNotTold,
    CardRef,
    CardTold,
    CardWaits,
    MessageDelivered,
    MessageIntended,
    message_stream,
)
from supervision.record import Incoming, Record
from supervision.runners.cli import main
from supervision.streams import notices_stream

AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
ADDRESS = ("--mail", "z@jiancha.gov.cn")


@pytest.fixture
def record(home: Path) -> Iterator[Record]:
    """A record of its own, in the home that the commands use."""
    with closing(Record(home, SystemClock())) as opened:
        yield opened


def alert(*words: str) -> Result:
    """What a command `supervise alert …` says."""
    return CliRunner().invoke(main, ["alert", *words])


def done(*words: str) -> str:
    """The same of one that must succeed."""
    result = alert(*words)
    assert result.exit_code == 0, result.output
    return result.output


def refused(*words: str) -> str:
    """Why it was not done; never with a traceback."""
    result = alert(*words)
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    return result.output


def test_a_contact_is_set_listed_tested_and_removed(record: Record) -> None:
    """By the console, and without the address anywhere."""
    done("contact", "set", "zhang", "--rung", "1", "--department", "市水务局", *ADDRESS)
    contact = Book(record).setup().contacts["zhang"]
    assert contact.by.startswith("console:")
    assert (contact.rung, contact.departments) == (1, ("市水务局",))
    assert Addresses(Book(record)).of(contact, "mail") == ADDRESS[1]
    listed = done("contact", "list")
    assert "zhang" in listed
    assert "市水务局" in listed
    assert "jiancha" not in listed
    done("test", "zhang")
    assert isinstance(record.read_stream(ALERTS)[-1].event, notices.TestAsked)
    done("contact", "remove", "zhang")
    assert Book(record).setup().contacts == {}


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("contact", "set", "zhang", "--rung", "1"), "缺地址"),
        (("contact", "set", "zhang", "--rung", "1", "--mail", "none"), "电子邮箱应形如"),
        (("contact", "set", "a\nb", "--rung", "1", *ADDRESS), "登录名"),
        (("contact", "remove", "nobody"), "没有此接收人"),
        (("test", "nobody"), "没有此接收人"),
        (("silence", "set", "--reason", "升级", "--hours", "2"), "选定范围"),
        (("silence", "lift", "s1"), "没有此静默"),
        (("told", "no such case"), "no case"),
        (("policy", "set", "missing.json"), "missing.json"),
        (("template", "check", "missing.txt"), "missing.txt"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(
    record: Record, words: tuple[str, ...], why: str
) -> None:
    """And nothing is recorded."""
    assert why in refused(*words)
    assert record.version(ALERTS) == 0


def test_a_silence_is_set_listed_and_lifted(record: Record) -> None:
    """Of one matter, or of everything where that is said."""
    assert "s1" in done("silence", "set", "--reason", "升级", "--hours", "2", "--item", "qushui")
    done("silence", "set", "--reason", "演练", "--hours", "1", "--all")
    listed = done("silence", "list")
    assert "item=qushui" in listed
    assert "全部 all" in listed
    done("silence", "lift", "s1")
    assert list(Book(record).setup().silences) == ["s2"]


def test_a_template_is_checked_set_listed_and_reset(record: Record, tmp_path: Path) -> None:
    """Checking sets nothing; parts are told apart by their headings."""
    path = tmp_path / "card.txt"
    path.write_text("== subject ==\n{{ count }} 件\n== body ==\n{{ label_zh }}\n", "utf-8")
    assert done("template", "check", str(path)).splitlines() == ["5 件", "", "红牌"]
    assert record.version(ALERTS) == 0
    done("template", "set", str(path), "--kind", "card", "--channel", "mail")
    assert Book(record).setup().templates["card", "mail", "zh"].subject == "{{ count }} 件"
    assert "card mail zh" in done("template", "list")
    done("template", "reset", "--kind", "card", "--channel", "mail")
    assert done("template", "list") == ""


@pytest.mark.parametrize("text", ["{{ nothing }}", "{% if", "before\n== body ==\nx"])
def test_a_template_that_does_not_do_is_refused(record: Record, tmp_path: Path, text: str) -> None:
    """With what is wrong."""
    path = tmp_path / "card.txt"
    path.write_text(text, "utf-8")
    refused("template", "set", str(path), "--kind", "card", "--channel", "sms")
    assert record.version(ALERTS) == 0


def test_the_rules_shown_may_be_changed_and_given_back(record: Record, tmp_path: Path) -> None:
    """When and by whom is not taken from the file."""
    shown = json.loads(done("policy", "show"))
    path = tmp_path / "policy.json"
    path.write_text(json.dumps({**shown, "tries": 3, "version": "2026-1", "by": "somebody"}))
    assert "2026-1" in done("policy", "set", str(path))
    policy = Book(record).setup().policy
    assert (policy.tries, policy.version) == (3, "2026-1")
    assert policy.by.startswith("console:")


@pytest.mark.parametrize(
    "text", ["[]", "{", '{"tries": "many"}', '{"attempts": 3}', '{"quiet": [["08:30"]]}']
)
def test_rules_that_cannot_be_read_are_refused(record: Record, tmp_path: Path, text: str) -> None:
    """In a line that names the file."""
    path = tmp_path / "policy.json"
    path.write_text(text)
    assert "policy.json" in refused("policy", "set", str(path)).replace("\n", "")
    assert record.version(ALERTS) == 0


def test_who_was_told_of_a_case_is_a_line_each(record: Record) -> None:
    """Who was, with what became of the message; who waits, and who was not, and why."""
    fact = CaseAccepted(id="1", source="hz", case_no="A-1", occurred_at=AT)
    record.append_facts([Incoming(fact)])
    says = {"source": "hz", "case_no": "A-1", "card": "C1", "at": AT, "rung": 1, "why": "issued"}
    decided = [
        CardTold(**says, person="zhang", channel="sms", message="m1"),  # type: ignore[arg-type]
        CardWaits(**says, person="li", stage="muted", until=AT),  # type: ignore[arg-type]
        CardNotTold(**says, stage="no_contact"),  # type: ignore[arg-type]
    ]
    record.append(notices_stream("hz", "A-1"), decided, 0)
    intended = MessageIntended(
        message="m1", at=AT, kind="card", channel="sms", person="zhang", text="…",
        cards=(CardRef("hz", "A-1", "C1"),),
    )  # fmt: skip
    record.append(OUTBOX, [intended], 0)
    delivered = MessageDelivered(message="m1", at=AT, gateway_id="g7")
    record.append(message_stream("m1"), [delivered], 0)
    first, second, third = done("told", "A-1").splitlines()
    assert first.endswith("→ zhang sms m1  delivered")
    assert "新发牌 newly issued" in first
    assert "… li muted" in second
    assert third.endswith("× – no_contact")
    assert "m1" in done("messages", "--state", "delivered")
    assert done("messages", "--state", "failed") == ""
