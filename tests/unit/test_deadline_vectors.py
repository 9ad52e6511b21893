"""31 deadlines worked out by law, through the public functions and the command."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from supervision.deadlines import Asked, PauseAsked, answer
from supervision.judgement.calendar import Calendar
from supervision.published import calendars
from supervision.runners.cli import main

VECTORS = Path(__file__).parents[2].parent / "shared" / "data" / "deadline_vectors.json"
pytestmark = pytest.mark.skipif(not VECTORS.exists(), reason="the deadline vectors are not here")
ALL: list[dict[str, Any]] = json.loads(VECTORS.read_text()) if VECTORS.exists() else []


def as_known(day: str | None) -> Calendar:
    """China's calendar as it stood before the notice of a day, or as it stands."""
    until = date.fromisoformat(day) if day else date.max
    return Calendar([n for n in calendars() if n.announced_at.date() < until])


def asked(vector: dict[str, Any]) -> Asked:
    pauses = tuple(
        PauseAsked(start=p["from_"], end=p["to"], approved=p["approved"])
        for p in vector.get("pauses", ())
    )
    return Asked(start=vector["start"], limit=f"{vector['working_days']}wd", pauses=pauses)


@pytest.mark.parametrize("vector", ALL, ids=[v["id"] for v in ALL])
def test_the_deadline_is_the_one_worked_out_by_law(vector: dict[str, Any]) -> None:
    """The day, its weekday, and the credited days."""
    told = answer(as_known(None), asked(vector))
    assert told.deadline == vector["expect"]
    assert told.credit == vector.get("excluded", 0)
    if "weekday" in vector:
        assert "一二三四五六日"[told.weekday - 1] == vector["weekday"]


@pytest.mark.parametrize("vector", ALL, ids=[v["id"] for v in ALL])
def test_the_account_counts_up_to_the_limit_on_the_deadline(vector: dict[str, Any]) -> None:
    """Day by day: as many days are counted as the limit has, the last on the deadline's day."""
    told = answer(as_known(None), asked(vector))
    counted = [day for day in told.days if day.kind in ("counted", "makeup")]
    assert len(counted) == counted[-1].number == vector["working_days"]
    assert counted[-1].day == told.deadline == told.days[-1].day


@pytest.mark.parametrize(
    "vector", [v for v in ALL if "notice_published" in v], ids=lambda v: str(v["id"])
)
def test_a_notice_that_changed_gives_the_deadline_before_it_too(vector: dict[str, Any]) -> None:
    """As known the day before the change was published."""
    told = answer(as_known(vector["notice_published"]), asked(vector))
    assert told.deadline == vector["expect_before"]


def test_the_batch_answers_every_line() -> None:
    """`supervise deadline --batch`: one answer a line, the change's earlier deadline with it."""
    lines = "".join(json.dumps(vector) + "\n" for vector in ALL)
    done = CliRunner().invoke(main, ["deadline", "--batch"], input=lines)
    assert done.exit_code == 0, done.output
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [a["deadline"] for a in answers] == [v["expect"] for v in ALL]
    assert [a["before"] for a in answers if a.get("before")] == [
        v["expect_before"] for v in ALL if "expect_before" in v
    ]


def test_a_line_that_cannot_be_read_is_answered_with_its_error() -> None:
    """Never a traceback, never a line less."""
    lines = '{"start": "2026-02-30", "working_days": 5}\nnonsense\n\xff\n{"start": "2026-02-09"}\n'
    done = CliRunner().invoke(main, ["deadline", "--batch"], input=lines)
    assert done.exit_code == 0
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [bool(a["error"]) for a in answers] == [True, True, True, True]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--start", "2026-02-09", "--limit", "20wd"], "2026-03-13"),
        (["--start", "2026-02-09", "--limit", "20wd", "--extend", "10"], "2026-03-27"),
        (
            ["--start", "2026-02-09", "--limit", "20wd", "--pause", "2026-02-11..2026-02-24:8"],
            "2026-03-19",
        ),
        (["--start", "2020-01-13", "--limit", "10wd", "--as-known", "2020-01-20"], "2020-01-31"),
        (["--start", "2026-02-09T14:30", "--limit", "5wd", "--mode", "to_the_second"], "14:30:00"),
    ],
)
def test_the_desk_is_told_a_deadline(words: list[str], said: str) -> None:
    """`supervise deadline` says the deadline and its account, in a table and as JSON."""
    table = CliRunner().invoke(main, ["deadline", *words])
    assert table.exit_code == 0, table.output
    assert said in table.output
    told = json.loads(CliRunner().invoke(main, ["deadline", *words, "--json"]).output)
    assert said in told["deadline"] + told["crosses_at"]


@pytest.mark.parametrize(
    "words",
    [
        ["--start", "2026-02-30", "--limit", "20wd"],
        ["--start", "2026-02-09", "--limit", "20 days"],
        ["--start", "2026-02-09", "--limit", "20wd", "--pause", "yesterday"],
        ["--start", "2026-02-09", "--limit", "99999999wd"],
        ["--start", "2026-02-09", "--limit", "20wd", "--as-known", "then"],
        ["--limit", "20wd"],
    ],
)
def test_what_cannot_be_read_is_said_in_a_line(words: list[str]) -> None:
    """An error with what to write instead, exit code 1, no traceback."""
    done = CliRunner().invoke(main, ["deadline", *words])
    assert done.exit_code == 1
    assert done.exception is None or isinstance(done.exception, SystemExit)
