"""Cases that bring their own limit, told to a cluster and read from its wall without a browser.

A red card is issued at the very instant of a case's deadline, so that nothing waits for minutes.
"""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from msgspec import Struct
from prometheus_client.parser import text_string_to_metric_families

from supervision.lists import CalendarPublished
from supervision.published import bundled
from tests.cluster.town import Process
from tests.court import CHINA, default_policy, item, policy

SOURCE = "permits"
ITEM = "自带时限"
RED = next(rule for rule in default_policy().rules if rule.code == "legal_past")
FIGURES = re.compile(r"received ([\d,]+), accepted ([\d,]+), concluded ([\d,]+)")


def lists() -> list[Struct]:
    """The product's calendars, an item whose cases bring their limit, one rule: late is red."""
    return [
        *(event for event in bundled() if isinstance(event, CalendarPublished)),
        policy(mode="to_the_second", settle_seconds=0, rules=(RED,)),
        item(code=ITEM, name=ITEM, kind="10", promise="", legal="5wd", case_limits=True),
    ]


def now() -> datetime:
    """In China."""
    return datetime.now(CHINA)


def event(case: str, kind: str, at: datetime | None = None, **data: Any) -> dict[str, Any]:
    """A CloudEvent of a case, now if no time is given."""
    return {
        "specversion": "1.0",
        "id": f"{case}-{kind}",
        "source": SOURCE,
        "type": kind,
        "subject": case,
        "time": (at or now()).isoformat(),
        "data": {"item": ITEM, **data},
    }


def begun(case: str, deadline: datetime) -> list[dict[str, Any]]:
    """Received and accepted, to be done by a deadline."""
    received = event(case, "ApplicationReceived", deadline=deadline.isoformat())
    return [received, event(case, "CaseAccepted")]


def post(intake: Process, key: str, events: Any) -> list[dict[str, Any]]:
    """Report events; what became of each. HTTPError for a problem of the whole request."""
    request = urllib.request.Request(
        f"http://127.0.0.1:{intake.port}/api/v1/events",
        data=json.dumps(events).encode(),
        headers={"Content-Type": "application/json", "Authorization": f"Bearer {key}"},
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        results: list[dict[str, Any]] = json.load(answer)["results"]
        return results


class Sight(Struct):
    """What somebody before the wall sees: places by id, in English."""

    places: dict[str, str]
    now: float
    """The instant shown, ms."""

    @property
    def today(self) -> tuple[int, int, int]:
        """Received, accepted, concluded today."""
        found = FIGURES.search(self.places["wall-curve"])
        assert found, self.places["wall-curve"]
        first, second, third = (int(text.replace(",", "")) for text in found.groups())
        return first, second, third


def look(wall: Process) -> Sight:
    """At the wall."""
    frame = wall.get("/_wall/frame?lang=en&since=0")
    places = {name: " ".join(texts(value)) for name, what, value in frame["changes"]}
    return Sight(places, frame["pulse"]["now"])


def page(wall: Process, path: str) -> str:
    """All that a page behind the wall says, as its browser asks for it."""
    outputs = [("page", "children"), ("pulse", "data"), ("mount", "data")]
    asked = {
        "output": f"..{'...'.join(f'{name}.{what}' for name, what in outputs)}..",
        "outputs": [{"id": name, "property": what} for name, what in outputs],
        "inputs": [
            {"id": "url", "property": "pathname", "value": path},
            {"id": "url", "property": "search", "value": "?lang=en"},
        ],
        "changedPropIds": ["url.pathname"],
    }
    request = urllib.request.Request(
        f"http://127.0.0.1:{wall.port}/_dash-update-component",
        data=json.dumps(asked).encode(),
        headers={"Content-Type": "application/json", **wall.posting},
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return " ".join(texts(json.load(answer)["response"]["page"]["children"]))


def texts(value: Any) -> Iterator[str]:
    """What a component says, its alternative texts and addresses included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, int | float):
        yield str(value)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)
    elif isinstance(value, dict):
        for name in ("children", "alt", "href", "title"):
            yield from texts(value.get("props", {}).get(name))


def readiness(process: Process) -> dict[str, Any]:
    """What a role says of its readiness, ready or not; nothing while it does not listen."""
    try:
        told: dict[str, Any] = process.get("/ready", process.told)
    except urllib.error.HTTPError as error:
        told = json.load(error)
    except OSError:
        return {"ready": False, "alarms": {}}
    return told


def metric(process: Process, name: str, **labels: str) -> float | None:
    """One value that a process tells Prometheus; None if it does not."""
    for family in text_string_to_metric_families(process.text("/metrics")):
        for sample in family.samples:
            if sample.name == name and labels.items() <= sample.labels.items():
                return float(sample.value)
    return None
