"""Samples of cases (案卷抽查): drawn, looked at, checked, taken along, by whoever may replay."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from anyio.to_thread import run_sync
from fastapi import APIRouter

from supervision.access.office import Access

from ..sights import Sights
from .samples_desk import SamplesDesk
from .samples_draw import draw_desk
from .samples_one import one_desk
from .samples_work import Work


def samples(sights: Sights, access: Access, *, zone: str) -> APIRouter:
    """All of it. `zone`: in which times are told. What is being drawn ends with the server."""
    desk = SamplesDesk(sights, access, zone)
    work = Work(desk.sampling)

    @asynccontextmanager
    async def life(_: object) -> AsyncIterator[None]:
        yield
        await run_sync(work.stop)

    router = APIRouter(include_in_schema=False, lifespan=life)
    router.include_router(draw_desk(desk, work))
    router.include_router(one_desk(desk))
    return router
