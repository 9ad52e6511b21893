"""Which one of several is in use: a number for each name, in PostgreSQL, changed by who read it."""

from __future__ import annotations

from .postgres_connection import Connections
from .postgres_prepare import prepare

SCHEMA = """
CREATE SCHEMA IF NOT EXISTS coordination;
CREATE TABLE IF NOT EXISTS coordination.pointers (
    name text COLLATE "C" PRIMARY KEY,
    value bigint NOT NULL
);
REVOKE ALL ON coordination.pointers FROM {role};
GRANT USAGE ON SCHEMA coordination TO {role};
GRANT SELECT, INSERT, UPDATE ON coordination.pointers TO {role};
"""
MOVE = """
INSERT INTO coordination.pointers AS p VALUES (%(name)s, %(to)s)
ON CONFLICT (name) DO UPDATE SET value = %(to)s WHERE p.value = %(of)s
RETURNING value
"""
READ = "SELECT value FROM coordination.pointers WHERE name = %s"


def prepare_pointers(owner_url: str, app_role: str) -> None:
    """Create what is missing and give the role what it needs. StoreDown, StoreBroken."""
    prepare(owner_url, app_role, SCHEMA)


class Pointers:
    """Named numbers; for any number of threads. StoreDown, StoreBusy, StoreFull, StoreBroken."""

    def __init__(self, url: str) -> None:
        self._connections = Connections(url, "pointers")

    def read(self, name: str) -> int:
        """The number of that name, 0 where none was set."""
        with self._connections.use() as db:
            row = db.execute(READ, (name,)).fetchone()
        return int(row[0]) if row else 0

    def move(self, name: str, of: int, to: int) -> bool:
        """Set it to `to` if it still is `of`; whether it was. Without one, `of` is 0."""
        with self._connections.use() as db:
            row = db.execute(MOVE, {"name": name, "of": of, "to": to}).fetchone()
        return row is not None

    def close(self) -> None:
        """Close its connections."""
        self._connections.close()
