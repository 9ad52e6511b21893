"""What the owner of a database does before anybody else opens it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import LiteralString

from psycopg.sql import SQL, Identifier

from ..errors import StoreBroken
from .postgres_connection import Rows, connect, translated, where

PREPARE = "its owner runs `supervise database prepare`"
"""What to do where something is missing."""

ONE_AT_A_TIME = 7216310934655042631
"""Key of the advisory lock under which tables are created; any number that nobody else takes."""


def prepare(owner_url: str, app_role: str, script: LiteralString) -> None:
    """Run statements in one transaction, all or none; `{role}` in them is the application's role.

    They MUST be such as may be run again. StoreDown, StoreBusy, StoreBroken.
    """
    with preparing(owner_url) as db:
        db.execute(SQL(script).format(role=Identifier(app_role)))


@contextmanager
def preparing(owner_url: str) -> Iterator[Rows]:
    """A transaction of the owner for which others wait; StoreBroken for one not in UTF-8."""
    place = where(owner_url)
    with translated(place), connect(owner_url, "prepare") as db, db.transaction():
        encoding = db.info.parameter_status("server_encoding")
        if encoding != "UTF8":
            raise StoreBroken(place, f"is in {encoding}: CREATE DATABASE … ENCODING 'UTF8'")
        db.execute("SELECT pg_advisory_xact_lock(%s)", (ONE_AT_A_TIME,))
        db.execute("SET LOCAL client_min_messages = warning")
        yield db
