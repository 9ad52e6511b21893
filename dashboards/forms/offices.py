"""The pages of the three administrators: who there is, what they may do, what was done (三员)."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from fastapi import APIRouter

from supervision.access.office import Access
from supervision.intake.rights import Items

from .offices_desk import Office
from .offices_keys import keys_desk
from .offices_kiosks import kiosks_desk
from .offices_people import people_desk
from .offices_rights import rights_desk
from .offices_trail import trail_desk
from .offices_units import units_desk


def offices(access: Access, *, zone: str, public_url: str = "") -> APIRouter:
    """All of them. `zone`: in which times are told. `public_url`: the origin under which people
    reach the server, "" for whatever they reached it by.
    """
    office = Office(access, Items(access.record), ZoneInfo(zone), public_url, access.instant)
    router = APIRouter(include_in_schema=False)
    for desk in (people_desk, units_desk, rights_desk, kiosks_desk, keys_desk, trail_desk):
        router.include_router(desk(office))
    return router
