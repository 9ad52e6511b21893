"""The product as one process, against a real log, a real warehouse and kill -9."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import urllib.error
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from projections.watch import Watch
from supervision.clock import SystemClock
from supervision.facts import Fact
from supervision.record import Record
from tests.court import CHINA
from tests.product import Product, supervise, until

pytestmark = pytest.mark.integration

LIVES = 4
CASES_A_POST = 4
SUMS = """
import sys, json
from pathlib import Path
from projections.chdb import ChdbEngine
from projections.contributions import days_in
from projections.schema import TABLES
from projections.warehouse import Warehouse
KEYS = ("step", "slot")
warehouse = Warehouse(ChdbEngine(Path(sys.argv[1])), days_in("Asia/Shanghai"))
told = {}
for table in TABLES:
    kinds = {c.name: c.type for c in table.columns}
    numbers = [n for n, t in kinds.items() if t in ("Int32", "Int64") and n not in KEYS]
    sign = "sign * " if "sign" in kinds else ""
    where = "where source != ''" if "source" in kinds else ""
    sums = ", ".join(f"sum({sign}{name})" for name in numbers)
    told[table.name] = []
    if sums:
        told[table.name] += warehouse.query(f"select {sums} from {table.name} {where}")[0]
    if sign:
        told[table.name].append(warehouse.query(f"select sum(sign) from {table.name} {where}")[0])
print(json.dumps(told))
warehouse.close()
"""


def event(number: int, kind: str, case: str, at: datetime, **data: Any) -> dict[str, Any]:
    """A CloudEvent of source "kill"."""
    return {
        "specversion": "1.0",
        "id": f"{number}-{kind}",
        "source": "kill",
        "type": kind,
        "subject": case,
        "time": at.isoformat(),
        "data": {"item": "不在清单", **data},
    }


def burst(number: int) -> list[dict[str, Any]]:
    """Some cases received and accepted, the first of them late enough for a late entry."""
    now = datetime.now(CHINA).replace(microsecond=0)
    told = []
    for n in range(CASES_A_POST):
        case, at = f"K-{number}-{n}", now - timedelta(days=20 if n == 0 else 0)
        told.append(event(number, "ApplicationReceived", case, at) | {"id": f"{number}-{n}-r"})
        told.append(event(number, "CaseAccepted", case, at) | {"id": f"{number}-{n}-a"})
    return told


def keep_posting(
    product: Product, key: str, first: int, had: list[str], numbers: list[int]
) -> None:
    """Post bursts until the product is gone; the ids acknowledged as stored go to `had`, the
    number of the next burst to `numbers`.
    """
    number = first
    with suppress(urllib.error.URLError, OSError, json.JSONDecodeError):
        while True:
            answers = product.post(burst(number), key)["results"]
            had += [answer["id"] for answer in answers if answer["status"] == "stored"]
            number += 1
    numbers.append(number + 1)


def sums(folder: Path) -> Any:
    """What a warehouse's tables add up to."""
    done = subprocess.run(
        [sys.executable, "-c", SUMS, str(folder)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_killed_anywhere_nothing_acknowledged_is_lost_and_no_act_is_doubled(home: Path) -> None:
    """After kill -9 at arbitrary instants: every acknowledged fact once, the acts are those that
    follow from the log, and the warehouse equals one that is made anew from it.
    """
    chance = random.Random(20_261_121)
    product, had, number = Product(home, "--empty"), list[str](), 0
    key = supervise(home, "key", "new", "kill").stdout.strip()
    for _ in range(LIVES):
        product.start()
        numbers: list[int] = []
        posting = Thread(target=keep_posting, args=(product, key, number, had, numbers))
        posting.start()
        wanted = len(had) + chance.randrange(40, 400)
        until(lambda w=wanted: len(had) >= w, "facts to be acknowledged")
        product.kill()
        posting.join()
        number = numbers[0]
    with product:
        until(lambda: product.get("/api/v1/health")["behind"] == 0, "the rows to catch up")
        product.stop()
    assert_the_log_holds(home, had)
    before = sums(home / "warehouse")
    assert supervise(home, "rebuild").returncode == 0
    with product:
        until(lambda: product.get("/api/v1/health")["behind"] == 0, "the rows to be made anew")
        product.stop()
    assert before == sums(home / "warehouse")


def assert_the_log_holds(home: Path, had: list[str]) -> None:
    """Every acknowledged fact once; acts as derived, none missing, none more."""
    record = Record(home, SystemClock())
    watch = Watch(record.read_case)
    ids: list[str] = []
    after = 0
    while batch := record.read(after, 5_000):
        watch.take(batch)
        after = batch[-1].position
        ids += [s.event.id for s in batch if isinstance(s.event, Fact)]
    record.close()
    assert len(had) > 100
    assert set(had) <= set(ids)
    assert len(ids) == len(set(ids))
    assert watch.halted == {}
    assert watch.pending() == []


def test_two_processes_do_not_run_one_home(home: Path) -> None:
    """The second is refused in a line that says what to do."""
    with Product(home, "--empty"):
        second = supervise(home, "run", "--empty", "--port", "1")
        assert second.returncode == 1
        assert "another `supervise run` works in" in second.stderr
        assert "Traceback" not in second.stderr


def test_a_port_that_is_taken_is_named(home: Path) -> None:
    """Before anything is begun, in a line that says what to do."""
    with Product(home, "--empty") as product:
        other = supervise(home.parent / "other", "run", "--empty", "--port", str(product.port))
        assert other.returncode == 1
        assert "--port" in other.stderr
        assert not (home.parent / "other" / "log.db").exists()


def test_a_listener_beyond_this_machine_is_refused(home: Path) -> None:
    """Where nobody speaks TLS the server listens on loopback only, and says so."""
    refused = supervise(home, "run", "--empty", "--host", "0.0.0.0")
    assert refused.returncode == 1
    assert "loopback" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_what_one_process_imports_another_shows(home: Path) -> None:
    """An import beside the running product reaches its rows."""
    guangdong = Path(__file__).parents[2] / "examples" / "guangdong"
    sample = next(guangdong.glob("*.csv"))
    with Product(home, "--empty") as product:
        done = supervise(home, "import", str(sample), "--mapping", str(guangdong / "mapping.toml"))
        assert done.returncode == 0, done.stderr
        until(lambda: product.get("/api/v1/health")["watched_cases"] > 0, "the cases to be watched")
        until(lambda: product.get("/api/v1/health")["behind"] == 0, "the rows to catch up")


def test_a_known_id_with_other_content_is_refused_kept_and_told(home: Path) -> None:
    """The sender is told, the log keeps the incident, and health says so until a day has passed."""

    def incidents(product: Product) -> list[str]:
        alarms = product.get("/api/v1/health")["alarms"]
        return [alarm for alarm in alarms if "same id, other content" in alarm]

    with Product(home, "--empty") as product:
        key = supervise(home, "key", "new", "kill").stdout.strip()
        now = datetime.now(CHINA).replace(microsecond=0)
        first = event(1, "CaseAccepted", "K-1", now)
        assert product.post([first], key)["results"][0]["status"] == "stored"
        other = first | {"data": {"item": "另一事项"}}
        assert product.post([other], key)["results"][0]["status"] == "refused"
        assert 1 == len(until(lambda: incidents(product), "the incident to be told"))
