"""What was set up, and who was told, over every store of the log: written by many, read by all."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from msgspec import Struct
from msgspec.structs import replace

from alerts.book import SOURCE, Addresses, Book
from alerts.ruling import FITS, ContactUnfit, NoSuchContact, set_policy, set_silence
from alerts.told import Wanted, look, message_of, outcome_of, told_of
from supervision.clock import SystemClock
from supervision.errors import StreamConflict
from supervision.notices import (
    ALERTS,
    OUTBOX,
    AlertPolicySet,
    CardNotTold,
    CardRef,
    CardTold,
    ContactSet,
    MessageAccepted,
    MessageAttempted,
    MessageDeferred,
    MessageDelivered,
    MessageGivenUp,
    MessageIntended,
    SilenceSet,
    message_id,
    message_stream,
)
from supervision.record import Record
from supervision.streams import notices_stream
from tests.contract.record_stores import PostgresStore, SqliteStore, Store

AT = datetime.fromisoformat("2026-03-02T09:00:00+08:00")
MAIL, MOBILE = "zhang@jiancha.example.gov.cn", "+8613800138000"

Open = Callable[[], Record]


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.cluster)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """Each database that carries a log, empty."""
    if request.param == "postgres":
        return PostgresStore(request.getfixturevalue("postgres"))
    return SqliteStore(tmp_path)


@pytest.fixture
def open_record(store: Store, tmp_path: Path) -> Iterator[Open]:
    """The same home again and again, each time as another process would."""
    with ExitStack() as opened:

        def open_one() -> Record:
            record = Record(tmp_path, SystemClock(), store.settings)
            opened.callback(record.close)
            return record

        yield open_one


@pytest.fixture
def book(open_record: Open) -> Book:
    """Nothing set up yet."""
    return Book(open_record())


def silence_of(item: str) -> Callable[[object, datetime], Struct]:
    """A command that silences an item for an hour."""

    def decide(setup: object, at: datetime) -> Struct:
        until = at + timedelta(hours=1)
        wanted = SilenceSet(at=at, by="wang", silence="", reason="升级", until=until, item=item)
        return set_silence(setup, wanted)  # type: ignore[arg-type]

    return decide


def wants(person: str = "zhang", **says: object) -> Callable[[datetime], ContactSet]:
    """A contact as it is asked for."""
    return lambda at: ContactSet(at=at, by="wang", person=person, rung=0, **says)  # type: ignore[arg-type]


def told(addresses: Addresses, *, given: Mapping[str, str], **says: object) -> ContactSet:
    """Set a contact."""
    return addresses.set_contact(wants(**says), given, FITS)


# The book.


def test_what_one_process_sets_up_others_know_at_once(open_record: Open) -> None:
    """They ask for the version, and read what is new alone."""
    mine, other = Book(open_record()), Book(open_record())
    assert other.setup().silences == {}
    mine.rule(silence_of("qushui"))
    assert list(other.setup().silences) == ["s1"]
    mine.rule(silence_of("caifa"))
    assert list(other.setup().silences) == ["s1", "s2"]
    assert Book(open_record()).setup() == other.setup()


def test_a_refused_command_leaves_nothing(book: Book) -> None:
    """It is decided before anything is written."""
    with pytest.raises(NoSuchContact):
        Addresses(book).remove("nobody", "wang")
    assert book.record.version(ALERTS) == 0


def test_of_many_who_write_at_once_each_is_decided_on_what_the_others_wrote(
    open_record: Open,
) -> None:
    """Their silences have names of their own."""
    books = [Book(open_record()) for _ in range(4)]
    failed: list[Exception] = []

    def write(book: Book, number: int) -> None:
        try:
            book.rule(silence_of(f"item-{number}"))
        except StreamConflict as error:
            failed.append(error)

    threads = [threading.Thread(target=write, args=(b, n)) for n, b in enumerate(books)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert failed == []
    silences = books[0].setup().silences
    assert sorted(silences) == ["s1", "s2", "s3", "s4"]
    assert {each.item for each in silences.values()} == {f"item-{n}" for n in range(4)}


def test_the_policy_in_force_is_the_last_one_set(book: Book) -> None:
    """With its version."""
    for tries in (3, 5):
        book.rule(
            lambda _, at, n=tries: set_policy(AlertPolicySet(at=at, by="w", version="", tries=n))
        )
    assert book.setup().policy.tries == 5
    assert book.setup().policy.version != "builtin"


# Addresses.


def test_an_address_is_in_the_vault_and_nowhere_in_the_log(book: Book) -> None:
    """Neither whole nor in part."""
    addresses = Addresses(book)
    contact = told(
        addresses, given={"mail": MAIL, "sms": "138 0013 8000"}, channels=("mail", "sms")
    )
    assert addresses.of(contact, "mail") == MAIL
    assert addresses.of(contact, "sms") == MOBILE
    assert addresses.of(contact, "chat") == ""
    log = b"".join(stored.payload for stored in book.record.read(0, 100))
    assert b"13800138000" not in log
    assert b"example.gov.cn" not in log


def test_what_is_not_given_anew_stays_and_what_is_not_used_goes(book: Book) -> None:
    """The page never shows an address, so it cannot send it back."""
    addresses = Addresses(book)
    told(addresses, given={"mail": MAIL, "sms": MOBILE}, channels=("mail", "sms"))
    changed = told(addresses, given={"mail": "new@x.cn"}, channels=("mail", "sms"))
    assert changed.number == 2
    assert (addresses.of(changed, "mail"), addresses.of(changed, "sms")) == ("new@x.cn", MOBILE)
    only = told(addresses, given={}, channels=("sms",))
    assert addresses.known(only) == {"sms"}


def test_an_address_that_was_changed_is_destroyed(book: Book) -> None:
    """Who still holds the contact as it was is given the new one."""
    addresses = Addresses(book)
    before = told(addresses, given={"mail": MAIL})
    told(addresses, given={"mail": "new@x.cn"})
    place = f"contact/{before.person}/{before.number}"
    vault = book.record.vault
    assert vault.open(SOURCE, place, before.person, before.number, before.sealed) is None
    assert addresses.of(before, "mail") == "new@x.cn"


def test_who_was_removed_has_no_address_and_may_come_back(book: Book) -> None:
    """With another one; the old stays destroyed."""
    addresses = Addresses(book)
    before = told(addresses, given={"mail": MAIL})
    addresses.remove("zhang", "wang")
    assert addresses.of(before, "mail") == ""
    with pytest.raises(ContactUnfit):
        told(addresses, given={})
    again = told(addresses, given={"mail": "new@x.cn"})
    assert again.number == 2
    assert addresses.of(again, "mail") == "new@x.cn"


def test_a_contact_whose_addresses_were_altered_by_hand_has_none(book: Book) -> None:
    """The log says by which seal they are known."""
    addresses = Addresses(book)
    contact = told(addresses, given={"mail": MAIL})
    forged = replace(contact, person="li", sealed="0" * 64)
    assert addresses.of(forged, "mail") == ""


# Who was told.


def intended(version: int, person: str = "zhang", channel: str = "mail") -> MessageIntended:
    return MessageIntended(
        message=message_id(version), at=AT, kind="card", channel=channel, person=person,
        text="…", cards=(CardRef("hz", "A-1", "C1"),),
    )  # fmt: skip


@pytest.fixture
def record(book: Book) -> Record:
    """Five messages: one that waits, one accepted, one delivered, one given up, one to another."""
    record = book.record
    channels = ("mail", "sms", "mail", "sms", "mail")
    record.append(
        OUTBOX,
        [intended(n, "li" if n == 5 else "zhang", c) for n, c in enumerate(channels, 1)],
        0,
    )
    became: dict[int, list[Struct]] = {
        2: [
            MessageAttempted(message="m2", at=AT, attempt=1),
            MessageDeferred(message="m2", at=AT, attempt=1, reason="busy", again_at=AT),
            MessageAttempted(message="m2", at=AT, attempt=2),
            MessageAccepted(message="m2", at=AT, attempt=2, gateway_id="g7", parts=2),
        ],
        3: [
            MessageAttempted(message="m3", at=AT, attempt=1),
            MessageAccepted(message="m3", at=AT, attempt=1, gateway_id="q1"),
            MessageDelivered(message="m3", at=AT, gateway_id="q1"),
        ],
        4: [MessageGivenUp(message="m4", at=AT, reason="acknowledged")],
    }
    for number, events in became.items():
        record.append(message_stream(f"m{number}"), events, 0)
    return record


def test_messages_come_newest_first_with_what_became_of_them(record: Record) -> None:
    """State, tries, the gateway's ids and parts, the last reason."""
    found = look(record, Wanted())
    assert [line.message for line in found.lines] == ["m5", "m4", "m3", "m2", "m1"]
    states = [line.outcome.state for line in found.lines]
    assert states == ["waiting", "given_up", "delivered", "accepted", "waiting"]
    accepted = found.lines[3].outcome
    assert (accepted.attempts, accepted.gateway_ids, accepted.parts) == (2, ("g7",), 2)
    assert accepted.again_at is None
    assert found.before == 0


def test_a_list_of_messages_goes_on_where_it_ended(record: Record) -> None:
    """New ones do not shift it."""
    first = look(record, Wanted(), most=2)
    record.append(OUTBOX, [intended(6)], 5)
    second = look(record, Wanted(), first.before, most=2)
    third = look(record, Wanted(), second.before, most=2)
    got = [line.message for page in (first, second, third) for line in page.lines]
    assert got == ["m5", "m4", "m3", "m2", "m1"]
    assert third.before == 0


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted(state="delivered"), ["m3"]),
        (Wanted(channel="sms"), ["m4", "m2"]),
        (Wanted(state="waiting", channel="mail"), ["m5", "m1"]),
        (Wanted(seen=lambda message: message.person == "li"), ["m5"]),
    ],
)
def test_messages_are_chosen_by_state_channel_and_who_may_see_them(
    record: Record, wanted: Wanted, expected: list[str]
) -> None:
    """All that fits and nothing else."""
    assert [line.message for line in look(record, wanted).lines] == expected


@pytest.mark.parametrize("message", ["", "m0", "m6", "x", "m-1", "m99999999999999999999"])
def test_what_is_no_message_is_none(record: Record, message: str) -> None:
    """Whatever somebody puts into a link."""
    assert message_of(record, message) is None
    assert outcome_of(record, message).state == "waiting"


def test_of_a_case_every_decision_is_told_with_its_outcome(record: Record) -> None:
    """Who was told, and who was not, and why."""
    says = {"source": "hz", "case_no": "A-1", "card": "C1", "at": AT, "rung": 0, "why": "issued"}
    notices = [
        CardTold(**says, person="zhang", channel="mail", message="m3"),  # type: ignore[arg-type]
        CardNotTold(**says, stage="no_contact"),  # type: ignore[arg-type]
    ]
    record.append(notices_stream("hz", "A-1"), notices, 0)
    found = told_of(record, "hz", "A-1")
    assert [each.notice for each in found] == notices
    assert [each.outcome and each.outcome.state for each in found] == ["delivered", None]
    assert told_of(record, "hz", "A-2") == []
