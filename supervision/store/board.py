"""What each running role tells of itself, outside the log: for health pages and metrics.

The table is not logged: a crash of the server empties it, and each role tells again.
"""

from __future__ import annotations

from typing import NamedTuple

from ..facts import Instant
from .postgres_connection import Connections
from .postgres_prepare import prepare

FORGOTTEN_AFTER = 600_000_000
"""Microseconds after which `tell` removes the rows of those who tell nothing any more."""

SCHEMA = """
CREATE SCHEMA IF NOT EXISTS coordination;
CREATE UNLOGGED TABLE IF NOT EXISTS coordination.board (
    role text COLLATE "C" NOT NULL,
    instance text COLLATE "C" NOT NULL,
    told_at bigint NOT NULL,
    stamp bigint NOT NULL,
    position bigint NOT NULL,
    head bigint NOT NULL,
    says bytea NOT NULL,
    PRIMARY KEY (role, instance)
) WITH (fillfactor = 50);
REVOKE ALL ON coordination.board FROM {role};
GRANT USAGE ON SCHEMA coordination TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON coordination.board TO {role};
"""
TELL = """
WITH gone AS (
    DELETE FROM coordination.board WHERE (role, instance) IN (
        SELECT role, instance FROM coordination.board
        WHERE told_at < %(limit)s AND (role, instance) <> (%(role)s, %(instance)s)
        FOR UPDATE SKIP LOCKED))
INSERT INTO coordination.board
VALUES (%(role)s, %(instance)s, %(at)s, %(stamp)s, %(position)s, %(head)s, %(says)s)
ON CONFLICT (role, instance) DO UPDATE SET told_at = excluded.told_at, stamp = excluded.stamp,
    position = excluded.position, head = excluded.head, says = excluded.says
"""
READ = """
SELECT role, instance, told_at, stamp, position, head, says FROM coordination.board
ORDER BY role, instance
"""
FORGET = "DELETE FROM coordination.board WHERE role = %s AND instance = %s"


def prepare_board(owner_url: str, app_role: str) -> None:
    """Create what is missing and give the role what it needs. StoreDown, StoreBroken."""
    prepare(owner_url, app_role, SCHEMA)


class Told(NamedTuple):
    """One running instance of a role.

    `told_at`: by its own clock. `stamp`: up to when time has passed for it. `position`: up to which
    it has come in the log; `head`: the log's, as it knows it. Instants in µs. `says`: JSON.
    """

    role: str
    instance: str
    told_at: Instant
    stamp: Instant
    position: int
    head: int
    says: bytes


class Board:
    """One row for each role and instance; for any number of threads.

    StoreDown, StoreBusy, StoreFull, StoreBroken.
    """

    def __init__(self, url: str, *, forgotten_after: int = FORGOTTEN_AFTER) -> None:
        self._connections = Connections(url, "board")
        self._forgotten_after = forgotten_after

    def tell(
        self,
        role: str,
        instance: str,
        *,
        at: Instant,
        stamp: Instant,
        position: int,
        head: int = 0,
        says: bytes = b"{}",
    ) -> None:
        """Put this in the place of what the instance told before."""
        told = Told(role, instance, at, stamp, position, head, says)
        row = told._asdict() | {"at": at, "limit": at - self._forgotten_after}
        with self._connections.use() as db:
            db.execute(TELL, row)

    def read(self) -> list[Told]:
        """All rows, in order of role and instance."""
        with self._connections.use() as db, db.cursor(binary=True) as cursor:
            return list(map(Told._make, cursor.execute(READ)))

    def forget(self, role: str, instance: str) -> None:
        """Remove what an instance told: it stopped in order."""
        with self._connections.use() as db:
            db.execute(FORGET, (role, instance))

    def close(self) -> None:
        """Close its connections."""
        self._connections.close()
