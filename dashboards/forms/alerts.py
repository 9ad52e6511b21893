"""The pages of alerts: who is told, by what rules and words, what is silenced, who was told."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from fastapi import APIRouter

from alerts.book import Addresses, Book
from alerts.links import Links, secret_of
from alerts.ruling import FITS, Fit
from supervision.access.office import Access
from supervision.intake.rights import Items

from .alerts_ack import ack_desk
from .alerts_contacts import contacts_desk
from .alerts_desk import Alerting
from .alerts_messages import messages_desk
from .alerts_policy import policy_desk
from .alerts_silences import silences_desk
from .alerts_templates import templates_desk
from .offices_desk import Office

DESKS = (contacts_desk, templates_desk, policy_desk, silences_desk, messages_desk, ack_desk)


def alerts_pages(access: Access, *, zone: str, fit: Fit = FITS) -> APIRouter:
    """All of them. `zone`: in which times are told. `fit`: the channels there are."""
    record = access.record
    office = Office(access, Items(record), ZoneInfo(zone), "", access.instant)
    book = Book(record)
    links = Links(secret_of(record.vault))
    alerting = Alerting(office, book, Addresses(book), links, fit)
    router = APIRouter(include_in_schema=False)
    for desk in DESKS:
        router.include_router(desk(alerting))
    return router
