"""Who in the invented city is told of cards: somebody everywhere, nobody real."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from alerts.book import Addresses, Book
from alerts.ruling import FITS
from supervision.clock import SteppedClock
from supervision.demonstration.city import City
from supervision.demonstration.contacts import Reached, contacts
from supervision.demonstration.office import DAY
from supervision.facts import CaseAccepted
from supervision.notices import ALERTS
from supervision.record import Record
from supervision.runners.city_alerts import set_contacts
from tests.court import when

CITY = City(1, date(2026, 3, 2), 60)


def everybody() -> list[Reached]:
    """Who is told in the city."""
    return contacts(CITY.departments, when("2026-03-02"), "test")


def test_each_department_has_somebody_at_each_rung() -> None:
    """承办人, 科室负责人, 分管领导; and 纪检监察 for all of them."""
    for department in CITY.departments:
        theirs = [c for c, _ in everybody() if not c.departments or department in c.departments]
        assert {0, 1, 2, 3} == {contact.rung for contact in theirs}


def test_nobody_can_be_reached() -> None:
    """Addresses that the channels take, of a domain and a country that do not exist."""
    given = [pair for _, addresses in everybody() for pair in addresses.items()]
    assert len(given) == len(set(given))
    for way, address in given:
        assert FITS[way](address) == address
        assert address.endswith("@example.invalid") or address.startswith("+999")


def test_who_handles_cases_is_among_those_who_are_told() -> None:
    """So that a card goes to who has the case, not to the whole section."""
    reported = CITY.facts_between(CITY.begins, CITY.begins + 2 * DAY)
    handlers = {i.fact.actor.id for _, i in reported if isinstance(i.fact, CaseAccepted)}
    assert handlers
    assert handlers <= {contact.person for contact, _ in everybody()}


def test_who_was_removed_is_not_told_again_after_a_restart(tmp_path: Path) -> None:
    """The city's people are set up once; what somebody changed stays."""
    record = Record(tmp_path, SteppedClock(CITY.begins))
    set_contacts(record, CITY)
    book = Book(record)
    Addresses(book).remove("a0101", "inspector")
    version = record.version(ALERTS)
    set_contacts(record, CITY)
    assert version == record.version(ALERTS)
    assert len(everybody()) - 1 == len(book.setup().contacts)
    record.close()
