"""The pages for alerts behind the gate, with whoever may see them, for tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.responses import PlainTextResponse
from starlette.staticfiles import StaticFiles
from starlette.testclient import TestClient

from dashboards.forms.alerts import alerts_pages
from dashboards.forms.page import ASSETS
from dashboards.headers import content_policy
from supervision.access import rights as roles
from supervision.access.gate import Gate, GateConfig
from supervision.access.rules import OPEN, Rules
from supervision.notices import OUTBOX, CardRef, ContactSet, MessageIntended, message_id
from tests.offices_town import SITE, SYSTEM, Farewell, Town, publish, town_in

INSPECTOR, LOCAL, HEAD, AUDITOR = "wang", "li", "zhang", "sun"
"""An inspector of the whole, one of the water alone, a department's head, an auditor."""
WATER, WOODS = "市水务局", "市林业局"
AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
HOUR = 3_600_000_000


@contextmanager
def alerts_in(home: Path) -> Iterator[Town]:
    """A town with these pages alone."""
    with town_in(home) as made:
        app = FastAPI()
        app.include_router(alerts_pages(made.access, zone="Asia/Shanghai"))
        refusal = GateConfig(
            policy=content_policy([]),
            farewell=Farewell,
            refusal=lambda status, lang: PlainTextResponse("refused", status),
            secure=True,
        )
        app.mount("/assets", StaticFiles(directory=ASSETS))
        rules = Rules(lambda: app.router.routes)
        rules.declare({"/assets": OPEN})
        gate = Gate(app, made.access, rules, refusal)
        with TestClient(gate, base_url=SITE) as client:
            town = made._replace(client=client)
            town.add(INSPECTOR, roles.INSPECTOR)
            town.add(LOCAL, roles.INSPECTOR, units=(WATER,))
            town.add(AUDITOR, roles.AUDITOR)
            publish(town, WATER, WOODS)
            yield town


def contact(person: str, *departments: str) -> ContactSet:
    """Somebody who is told of these departments' cards, of all if none."""
    return ContactSet(at=AT, by=SYSTEM, person=person, rung=0, departments=departments)


def intended(town: Town, person: str, *cards: CardRef, **says: Any) -> str:
    """A message to somebody, in the outbox; its id."""
    version = town.record.version(OUTBOX) + 1
    event = MessageIntended(
        **{
            "message": message_id(version), "at": AT, "kind": "card", "channel": "mail",
            "person": person, "severity": "red", "why": "issued", "cards": cards,
            "subject": f"致 {person}", "text": "…", **says,
        }
    )  # fmt: skip
    town.record.append(OUTBOX, [event], version - 1)
    return message_id(version)
