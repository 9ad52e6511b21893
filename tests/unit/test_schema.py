"""A warehouse belongs to the tables that it was made with."""

from __future__ import annotations

from pathlib import Path

import pytest

from projections import chdb
from projections.schema import SLOTS, TABLES, VERSION, Column, Table, version_of

CHANGED = {
    "a column more": SLOTS._replace(columns=(*SLOTS.columns, Column("hours", "Int32"))),
    "a column less": SLOTS._replace(columns=SLOTS.columns[:-1]),
    "another type": SLOTS._replace(
        columns=(*SLOTS.columns[:-1], SLOTS.columns[-1]._replace(type="Int8"))
    ),
    "another order": SLOTS._replace(order=("department", "slot")),
    "another engine": SLOTS._replace(engine="MergeTree()"),
}


@pytest.mark.parametrize("what", CHANGED)
def test_other_tables_have_another_version(what: str) -> None:
    """Whatever it is that differs."""
    changed: tuple[Table, ...] = (*TABLES[:-1], CHANGED[what])

    assert version_of(TABLES) == VERSION
    assert version_of(changed) != VERSION
    assert len(version_of(changed)) == 8


def test_what_other_tables_left_in_a_folder_goes(tmp_path: Path) -> None:
    """The warehouse is filled from the log; nobody will read the old one again."""
    for name in ("chdb", "chdb-00000000", f"chdb-{VERSION}"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "data").touch()
    (tmp_path / "LOCK").touch()

    assert chdb._only(tmp_path, f"chdb-{VERSION}") == tmp_path / f"chdb-{VERSION}"

    assert {path.name for path in tmp_path.rglob("*")} == {"LOCK", f"chdb-{VERSION}", "data"}
