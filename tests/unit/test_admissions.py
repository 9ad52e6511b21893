"""Who is admitted, and how soon no longer: half a second, whichever process took the right away."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from msgspec import Struct

from supervision.access.admission import AHEAD, FRESH, OUTAGE, SECOND, Admission, shown_name
from supervision.access.events import (
    PEOPLE,
    PersonAdded,
    PersonDisabled,
    PersonEnabled,
    RoleRevoked,
    UnitRemoved,
)
from supervision.access.people import People
from supervision.access.port import Session
from supervision.access.rights import EVERYWHERE, Reach, Right
from supervision.access.ruling import PersonExists, add_person, disable, enable
from supervision.access.store_sqlite import SqliteAccess
from supervision.errors import StoreDown
from tests.access import AT, CONSOLE, ELSEWHERE, HERE, Office, Time, cheap, office_at


class Fragile(SqliteAccess):
    """A store whose server may be down; counts how often it was asked for a session."""

    down = False
    asked = 0

    def session(self, digest: str) -> Session | None:
        self.asked += 1
        if self.down:
            raise StoreDown("access", "no answer")
        return super().session(digest)


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap(monkeypatch)


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def store(tmp_path: Path) -> Fragile:
    (tmp_path / "one").mkdir()
    return Fragile(tmp_path / "one")


@pytest.fixture
def office(tmp_path: Path, time: Time, store: Fragile) -> Iterator[Office]:
    """Zhang works there, as a manager of the north."""
    opened = Office(tmp_path / "one", time, store)
    opened.place("north", "district")
    opened.place("police", "department", "north")
    opened.place("water", "department")
    opened.add("zhang", name="张三")
    opened.grant("zhang", "manager", "north")
    yield opened
    store.down = False
    opened.close()


@pytest.fixture
def other(office: Office, time: Time) -> Iterator[Office]:
    """Another process of the same system."""
    with office_at(office.home, time) as opened:
        yield opened


@pytest.fixture
def secret(office: Office) -> str:
    """Of zhang's session."""
    return office.sign_in("zhang").secret


def admit(office: Office, secret: str, place: str = HERE.address) -> Admission | None:
    return office.admissions.admit(secret, place)


def cases(office: Office, secret: str) -> Reach | None:
    """Over which part zhang sees cases."""
    admission = admit(office, secret)
    return admission.reach(Right.CASES) if admission else None


def test_a_session_admits_its_person_with_their_rights(office: Office, secret: str) -> None:
    """Under the name people call them."""
    admission = admit(office, secret)
    assert admission is not None
    assert (admission.person, admission.name, admission.stage) == ("zhang", "张三", "")
    assert admission.reach(Right.CASES) == Reach(frozenset({"police"}))
    assert admission.reach(Right.AUDIT) is None
    assert shown_name(office.admissions.people().persons["zhang"]._replace(name="")) == "zhang"


@pytest.mark.parametrize("forged", ["", "x", "张", "\ud800", "a" * 10_000])
def test_a_secret_that_nobody_was_given_admits_nobody(office: Office, forged: str) -> None:
    """Nor does the digest of one that somebody was."""
    assert admit(office, forged) is None
    assert admit(office, office.sign_in("zhang").session.digest) is None


def test_who_stands_before_a_step_has_no_right(office: Office) -> None:
    """The rights are there, and held back."""
    office.signing.drop_factor("zhang", CONSOLE)
    told = office.signing.reset_password("zhang", CONSOLE)
    assert cases(office, office.sign_in("zhang", told).secret) is None


def test_what_was_found_is_good_for_half_a_second(
    office: Office, store: Fragile, time: Time, secret: str
) -> None:
    """Asked a thousand times, the store is asked once; then again."""
    admit(office, secret)
    before = store.asked
    for _ in range(1_000):
        assert office.admissions.known(secret, HERE.address)[0]
    assert store.asked == before
    time.pass_by(FRESH)
    assert office.admissions.known(secret, HERE.address) == (False, None)


def test_a_session_ended_by_another_process_is_over_within_the_half_second(
    office: Office, other: Office, time: Time, secret: str
) -> None:
    """There it is over at once."""
    session = admit(office, secret)
    assert session is not None
    other.signing.out(session.session)
    assert admit(other, secret) is None
    time.pass_by(FRESH)
    assert admit(office, secret) is None


def test_who_is_disabled_by_another_process_is_out_within_the_half_second(
    office: Office, other: Office, time: Time, secret: str
) -> None:
    """And what was taken from them, and where they were moved to."""
    admit(office, secret)
    other.note(PersonDisabled(at=AT, by=CONSOLE, person="zhang"))
    time.pass_by(FRESH)
    assert admit(office, secret) is None
    other.note(PersonEnabled(at=AT, by=CONSOLE, person="zhang"))
    other.note(RoleRevoked(at=AT, by=CONSOLE, person="zhang", role="manager"))
    time.pass_by(FRESH)
    assert cases(office, secret) is None


def test_rights_follow_the_tree(office: Office, other: Office, time: Time, secret: str) -> None:
    """Of another grant, of a department placed elsewhere, of one taken away."""
    admission = admit(office, secret)
    assert admission is not None
    other.place("water", "department", "north")
    time.pass_by(FRESH)
    assert cases(office, secret) == Reach(frozenset({"police", "water"}))
    assert not admission.is_as(admit(office, secret))
    other.note(UnitRemoved(at=AT, by=CONSOLE, unit="police"))
    time.pass_by(FRESH)
    assert cases(office, secret) == Reach(frozenset({"water"}))
    other.grant("zhang", "manager")
    time.pass_by(FRESH)
    assert cases(office, secret) == EVERYWHERE


def test_nothing_changed_is_the_same_admission(office: Office, time: Time, secret: str) -> None:
    """Another session's is not, though its rights are."""
    admission = admit(office, secret)
    assert admission is not None
    time.pass_by(FRESH)
    assert admission.is_as(admit(office, secret))
    assert not admission.is_as(admit(office, office.sign_in("zhang").secret))
    assert not admission.is_as(None)


# The store is down


def test_while_the_store_is_down_what_was_known_holds_for_a_minute(
    office: Office, store: Fragile, time: Time, secret: str
) -> None:
    """Then nobody is admitted; who was not known is not admitted before."""
    admit(office, secret)
    unknown = office.sign_in("zhang").secret
    store.down = True
    time.pass_by(OUTAGE - 1)
    assert cases(office, secret) is not None
    with pytest.raises(StoreDown):
        admit(office, unknown)
    time.pass_by(1)
    with pytest.raises(StoreDown):
        admit(office, secret)
    store.down = False
    time.pass_by(FRESH)
    assert cases(office, secret) is not None


def test_the_log_may_be_down_too(
    office: Office, time: Time, secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was known holds alike."""

    def down(stream: str) -> int:
        raise StoreDown("log", "no answer")

    admit(office, secret)
    monkeypatch.setattr(office.record, "version", down)
    time.pass_by(OUTAGE - 1)
    assert cases(office, secret) is not None
    time.pass_by(1)
    with pytest.raises(StoreDown):
        admit(office, secret)


def test_a_store_that_is_down_is_asked_twice_a_second(
    office: Office, store: Fragile, time: Time, secret: str
) -> None:
    """However many ask: nobody queues for its silence."""
    admit(office, secret)
    store.down = True
    time.pass_by(1)
    before = store.asked
    for _ in range(100):
        assert cases(office, secret) is not None
    assert store.asked == before + 1
    time.pass_by(FRESH)
    admit(office, secret)
    assert store.asked == before + 2


def test_a_log_that_is_silent_is_waited_for_twice_a_second(
    office: Office, time: Time, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who signs in, or asks for a page of an office, queues no more for it than the others."""
    asked = []

    def down(stream: str) -> int:
        asked.append(stream)
        raise StoreDown("log", "no answer")

    monkeypatch.setattr(office.record, "version", down)
    for _ in range(5):
        with pytest.raises(StoreDown):
            office.admissions.people(at_once=True)
        with pytest.raises(StoreDown):
            office.admissions.people_at()
    assert len(asked) == 1
    time.pass_by(FRESH)
    with pytest.raises(StoreDown):
        office.admissions.people(at_once=True)
    assert len(asked) == 2


def test_a_session_is_over_in_an_outage_as_otherwise(
    office: Office, store: Fragile, time: Time, secret: str
) -> None:
    """Its time ends, though nobody could look."""
    time.pass_by(12 * 3600 - 30)
    assert office.store.seen(next(iter(office.store.sessions())).digest, time.wall) is None
    admit(office, secret)
    store.down = True
    time.pass_by(30)
    assert admit(office, secret) is None


# Time


def test_a_session_is_over_when_nobody_used_it_for_half_an_hour(
    office: Office, time: Time, secret: str
) -> None:
    """Each use, noted once a minute, begins the half hour anew."""
    for _ in range(3):
        time.pass_by(29 * 60)
        assert admit(office, secret) is not None
    time.pass_by(31 * 60)
    assert admit(office, secret) is None


def test_a_session_is_over_after_twelve_hours(office: Office, time: Time, secret: str) -> None:
    """However busy."""
    for _ in range(12 * 4 - 1):
        time.pass_by(15 * 60)
        assert admit(office, secret) is not None
    time.pass_by(15 * 60)
    assert admit(office, secret) is None


def test_a_session_of_a_clock_that_was_ahead_is_over(
    office: Office, time: Time, secret: str
) -> None:
    """Set back by more than some minutes, what was made before is not trusted for longer."""
    time.jump(-AHEAD / SECOND)
    assert admit(office, secret) is not None
    time.jump(-1)
    assert admit(office, secret) is None


def test_a_kiosk_is_never_idle(office: Office, time: Time) -> None:
    """A wall is looked at, not clicked at; from elsewhere its cookie is nobody's."""
    secret = office.signing.open_kiosk("hall", HERE.address, ("north",), CONSOLE)
    time.pass_by(90 * 86_400)
    admission: Any = admit(office, secret)
    assert admission.rights == {Right.WALL: Reach(frozenset({"police"}))}
    assert admit(office, secret, ELSEWHERE.address) is None
    time.pass_by(275 * 86_400)
    assert admit(office, secret) is None


# The log


def test_a_log_restored_from_an_older_copy_is_read_anew(
    office: Office, tmp_path: Path, time: Time
) -> None:
    """Shorter than before, or longer by other events: nobody keeps what only the lost one said."""
    copytree(office.home, tmp_path / "copy")
    office.add("li", "inspector", password="")
    office.add("wu", "inspector", password="")
    assert office.admissions.people(at_once=True).persons.keys() == {"zhang", "li", "wu"}
    with office_at(tmp_path / "copy", time) as restored:
        office.admissions._record = restored.record
        assert office.admissions.people(at_once=True).persons.keys() == {"zhang"}
        office.admissions._record = office.record
        assert "li" in office.admissions.people(at_once=True).persons
        for number in range(9):
            restored.add(f"sun{number}", password="")
        office.admissions._record = restored.record
        found = office.admissions.people(at_once=True)
        assert found == restored.admissions.people(at_once=True)
        assert "li" not in found.persons
        office.admissions._record = office.record


def test_the_version_is_that_of_what_was_read(office: Office, other: Office) -> None:
    """So a decision on it conflicts with whatever came since."""
    people, version = office.admissions.people_at()
    assert version == office.record.version(PEOPLE)
    other.add("li", password="")
    after, later = office.admissions.people_at()
    assert later == version + 1
    assert after.persons.keys() - people.persons.keys() == {"li"}


def test_who_was_disabled_and_enabled_again_signs_in_again(office: Office, secret: str) -> None:
    """The sessions of before are over for good."""
    office.add("sec", "security_admin")
    office.rule(lambda people, at: disable(people, "ZHANG", "sec", at))
    office.rule(lambda people, at: enable(people, "zhang", "sec", at))
    assert admit(office, secret) is None
    assert office.told()[-1] == "SignedOut"
    assert office.sign_in("zhang")


def test_a_decision_is_made_again_when_others_were_faster(office: Office, other: Office) -> None:
    """On what they did: of two that add the same person one is told that the name is taken."""
    others = iter([PersonAdded(at=AT, by=CONSOLE, person="li", name="first")])

    def decide(people: People, at: datetime) -> Struct:
        for event in others:
            other.note(event)
        return add_person(people, PersonAdded(at=at, by=CONSOLE, person="li", name="second"))

    with pytest.raises(PersonExists):
        office.rule(decide)
    assert office.admissions.people(at_once=True).persons["li"].name == "first"
