"""Samples of cases (案卷抽查): drawn, looked at, checked, taken along, by whoever may replay."""

from __future__ import annotations

from fastapi import APIRouter

from supervision.access.office import Access

from ..sights import Sights
from .samples_desk import SamplesDesk
from .samples_draw import draw_desk
from .samples_one import one_desk


def samples(sights: Sights, access: Access, *, zone: str) -> APIRouter:
    """All of it. `zone`: in which times are told."""
    desk = SamplesDesk(sights, access, zone)
    router = APIRouter(include_in_schema=False)
    router.include_router(draw_desk(desk))
    router.include_router(one_desk(desk))
    return router
