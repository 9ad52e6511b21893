"""The real permit log, imported as history: its cards derived again by other means.

Here a deadline is compared with an end, and two working days are counted back over a list of
Dutch holidays made from another package; nothing of the product's judgement is used.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import holidays
import pytest

from tests.product import Product, stats, supervise, until

pytestmark = pytest.mark.integration

RECEIPT = Path(__file__).parents[2].parent / "shared" / "data" / "receipt.csv"
MAPPING = Path(__file__).parents[2] / "examples" / "receipt" / "mapping.toml"
pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not RECEIPT.exists(), reason="the receipt log is not here"),
]
DUTCH = ZoneInfo("Europe/Amsterdam")
NOT_OFF = ("Good Friday", "Goede Vrijdag")


class Permit:
    """A case of the log: when it began, when it was due, when it ended."""

    def __init__(self, row: dict[str, str]) -> None:
        self.start = datetime.fromisoformat(row["case:startdate"])
        self.due = datetime.fromisoformat(row["case:deadline"])
        self.end = datetime.fromisoformat(row["case:enddate"]) if row["case:enddate"] else None

    @property
    def warned_from(self) -> datetime:
        """The end of the third working day before the deadline's, its own day included as one."""
        day, left = self.due.astimezone(DUTCH).date() + timedelta(days=1), 2
        while left:
            day = before(day)
            left -= 1
        first = before(day) + timedelta(days=1)
        begins = datetime(first.year, first.month, first.day, tzinfo=DUTCH)
        return max(begins, self.start)


OFF = {
    day
    for day, name in holidays.country_holidays("NL", years=range(2010, 2014)).items()
    if not any(word in name for word in NOT_OFF)
}


def before(day: date) -> date:
    """The working day before a day."""
    day -= timedelta(days=1)
    while day.isoweekday() > 5 or day in OFF:
        day -= timedelta(days=1)
    return day


@pytest.fixture(scope="module")
def permits() -> list[Permit]:
    """The 1,434 cases."""
    with RECEIPT.open(newline="") as file:
        rows = {row["case:concept:name"]: row for row in csv.DictReader(file)}
    return [Permit(row) for row in rows.values()]


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The log imported into a running product, watched to the end."""
    home = tmp_path_factory.mktemp("receipt") / "home"
    with Product(home, "--empty") as product:
        done = supervise(home, "import", str(RECEIPT), "--mapping", str(MAPPING), "--history")
        assert done.returncode == 0, done.stderr
        until(lambda: product.get("/api/v1/health")["behind"] == 0, "the watch to catch up")
        until(lambda: stats(home)["cards"].get("red"), "red cards")
        yield product


def test_the_counts_are_those_of_the_file(watched: Product, permits: list[Permit]) -> None:
    """1,434 cases, 8,577 steps, 377 concluded after their own deadline, 105 still open."""
    counts = stats(watched.home)
    assert counts["cases"] == len(permits) == 1_434
    assert counts["steps"] == 8_577
    assert counts["open"] == sum(p.end is None for p in permits) == 105
    late = sum(p.end is not None and p.end > p.due for p in permits)
    assert counts["late_concluded"] == {"legal": late}
    assert late == 377


def test_the_cards_are_those_derived_by_other_means(
    watched: Product, permits: list[Permit]
) -> None:
    """Red for each deadline passed, a reminder for each case open two working days before."""
    now = datetime.now(DUTCH)
    red = sum((p.end or now) > p.due for p in permits)
    # A conclusion dated before its receipt ends the case before it can be warned.
    reminded = sum((p.end or now) >= p.warned_from for p in permits)
    counts = until(
        lambda: (c := stats(watched.home))["acts"].get("CardIssued", 0) >= red + reminded and c,
        "all cards to be issued",
    )
    assert {s: sum(states.values()) for s, states in counts["cards"].items()} == {
        "red": red,
        "reminder": reminded,
    }


def test_a_second_import_adds_nothing(watched: Product) -> None:
    """Every line is had already, and the log keeps its length."""
    before = stats(watched.home)
    done = supervise(watched.home, "import", str(RECEIPT), "--mapping", str(MAPPING), "--history")
    assert done.returncode == 0, done.stderr
    after = stats(watched.home)
    assert {k: v for k, v in after.items() if k != "as_of"} == {
        k: v for k, v in before.items() if k != "as_of"
    }


def test_a_case_tells_its_whole_story(watched: Product) -> None:
    """`supervise case` has the facts, the clock with its deadline, and the red card's reason."""
    done = supervise(watched.home, "case", "case-10011", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert [e["kind"] for e in told["entries"][:2]] == ["ApplicationReceived", "CaseAccepted"]
    assert [c["deadline"] for c in told["clocks"]] == ["2011-12-06"]
    reds = [c for c in told["cards"] if c["severity"] == "red"]
    assert len(reds) == 1
    assert reds[0]["crossed_at"].startswith("2011-12-06 13:41:31")
