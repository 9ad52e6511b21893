"""Slow pages, and requests that make no sense, hold up nobody else."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import httpx
import pytest

from projections.chdb import ChdbEngine
from supervision.access.rights import MANAGER
from tests.product import until
from tests.visitor import Visitor
from tests.whole import ORIGIN, PAGE_INPUTS, PAGE_OUTPUT, WATER, Whole, payload, whole_at

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory, chdb: ChdbEngine) -> Iterator[Whole]:
    """The application over two departments' cases."""
    with whole_at(tmp_path_factory.mktemp("slow"), chdb) as found:
        yield found


@pytest.fixture
def manager(whole: Whole) -> Visitor:
    """Of one department."""
    return whole.visit(MANAGER, WATER)


def test_pages_leave_the_threads_of_the_gate_alone(whole: Whole, manager: Visitor) -> None:
    """With all of those taken, a page is still made: none of it waits for one of them, so slow
    pages keep none of them either.
    """
    asked = {"output": PAGE_OUTPUT, "inputs": list(PAGE_INPUTS), "state": []}
    sent = json.dumps(payload(asked, pathname="/cases", search=""))
    whole.ask("GET", "/api/v1/health", manager)  # the gate knows who asks

    async def ask() -> httpx.Response:
        over, threads = Event(), ThreadPoolExecutor(1)
        loop = asyncio.get_running_loop()
        loop.set_default_executor(threads)
        taken = loop.run_in_executor(None, over.wait)
        try:
            transport = httpx.ASGITransport(whole.app, client=("127.0.0.1", 1))
            async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as client:
                headers = {**manager.posting(ORIGIN), "Content-Type": "application/json"}
                return await asyncio.wait_for(
                    client.post("/_dash-update-component", content=sent, headers=headers), 60
                )
        finally:
            over.set()
            await taken

    answer = asyncio.run(ask())
    assert answer.status_code == 200
    assert "case-lines" in answer.text


@pytest.mark.parametrize("since", ["9" * 5_000, "-1", "x", "\u0665", ""])
def test_any_version_asked_for_gives_a_frame(whole: Whole, manager: Visitor, since: str) -> None:
    """What is no version, or none that there was, is answered like any other."""

    def frame() -> httpx.Response | None:
        found = whole.ask("GET", "/_wall/frame", manager, params={"since": since})
        return None if found.status_code == 503 else found

    assert until(frame, "a frame").status_code == 200
