"""The log in PostgreSQL: an eventsourcing persistence module with tables of its own.

The same promises as in SQLite: positions without a gap, final once they can be read; one
`recorded_at` a transaction, later than every earlier one; durable when acknowledged. How the lock
makes that so: postgres_writing.py. The owner of the database prepares it once (`prepare`); the role
of the running system may insert into the log and read it, and triggers refuse to change it to
anybody. A connection that was lost is made anew by the next call.

Connections are direct or pooled by session, never by transaction: they keep settings and prepared
statements.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from operator import itemgetter
from threading import Lock
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from eventsourcing.persistence import Notification, StoredEvent
from psycopg.sql import SQL, Identifier

from ..clock import Clock, stamp
from ..errors import StoreBroken, TooNew
from ..facts import Instant
from . import checking
from .fault import Fault
from .library import LogFactory, LogRecorder
from .port import MOST
from .postgres_connection import Connections, Rows, where
from .postgres_form import GUARDS, OUR_FORM, astray, form_of
from .postgres_prepare import PREPARE, preparing
from .postgres_writing import (
    ESCAPE,
    FORM,
    GRANTS,
    GUARD,
    SCHEMA,
    Transaction,
    commit,
    given,
    kept,
    lock,
)
from .stored import Stored

PLANS = {"enable_seqscan": "off", "jit": "off"}
"""Every query here has its index: a plan that was made while the tables were small must not read
them from end to end when they are large."""

BEATING = PLANS | {"synchronous_commit": "off"}
"""The next durable commit makes the heartbeats before it durable too."""

ROW = "position, stream, version, topic, recorded_at, payload"
STAMP = "SELECT head, last FROM stamp WHERE one"
AFTER = f"""
SELECT {ROW} FROM log WHERE position > %(after)s::bigint AND position < coalesce((
    SELECT min(position) FROM log WHERE position > %(last)s::bigint AND recorded_at <> (
        SELECT recorded_at FROM log WHERE position = %(last)s::bigint)), 9223372036854775807)
ORDER BY position
"""
"""Up to the position behind `last` at which another transaction begins; `last` is the position that
the limit comes to."""
STREAM = f"SELECT {ROW} FROM log WHERE stream = %s AND version > %s ORDER BY version LIMIT %s"
VERSION = "SELECT max(version) FROM log WHERE stream = %s"
HAS = "SELECT EXISTS (SELECT FROM log WHERE stream = %s)"
UNDER = f"SELECT {ROW} FROM log WHERE stream >= %s AND stream < %s ORDER BY position"
STREAMS = """
SELECT DISTINCT stream FROM log WHERE stream > %s AND stream < %s ORDER BY stream LIMIT %s
"""
NEXT_SOURCE = "SELECT min(source) FROM seen WHERE source > %s"
EVENTS = """
SELECT stream, version, topic, payload FROM log WHERE stream = %(stream)s
AND (%(gt)s::bigint IS NULL OR version > %(gt)s) AND (%(lte)s::bigint IS NULL OR version <= %(lte)s)
"""
SCAN = f"SELECT {ROW} FROM log WHERE position >= %s::bigint ORDER BY position LIMIT %s"
STAMP_AGREES = """
SELECT last, wall, boot, lag, (SELECT recorded_at FROM log ORDER BY position DESC LIMIT 1),
    head, (SELECT max(position) FROM log)
FROM (SELECT 1) AS always LEFT JOIN stamp ON one
"""
NOTIFICATIONS = """
SELECT stream, version, topic, payload, position FROM log
WHERE position >= %(first)s AND (%(stop)s::bigint IS NULL OR position <= %(stop)s)
AND (%(topics)s::text[] = '{}' OR topic = ANY(%(topics)s)) ORDER BY position LIMIT %(limit)s
"""
CASES_AT_ONCE = 10_000
"""Rows that a walk over all cases reads in one go, so that it holds up no vacuum."""


class Recorder(LogRecorder):
    """The log of one database; any number of threads and processes may hold one."""

    CONFLICT = psycopg.errors.UniqueViolation

    def __init__(self, url: str, clock: Clock) -> None:
        super().__init__()
        self.clock = clock
        self.place = where(url)
        self._writing, self._beating = Lock(), Lock()
        self._writer = Connections(url, "writer", settings=PLANS)
        self._beat = Connections(url, "heartbeat", settings=BEATING)
        self._readers = Connections(url, "reader", settings=PLANS)

    def create_tables(self) -> None:
        """See that the owner has: StoreBroken if not, TooNew if a newer program's owner has."""
        with self._reading() as db:
            version = _form(db)
        _check_form(self.place, version)
        if version < FORM:
            raise StoreBroken(self.place, f"holds no log of this version: {PREPARE}")

    @contextmanager
    def transaction(self, *, confirmed: bool = False) -> Iterator[Transaction]:
        """The write lock, a stamp, and at the end one durable commit or nothing.

        ClockJumped unless `confirmed`; StoreFull, StoreBusy, StoreBroken; in each case nothing is
        stored. StoreDown: it may be stored. Listeners are called after the commit, outside the
        lock.
        """
        with self._writing, self._writer.use() as db, _undone(db):
            head, before = lock(db, self.place)
            now = stamp(before, self.clock(), confirmed=confirmed)
            writing = Transaction(db, now, before, head)
            yield writing
            count = writing.commit()
        if count:
            self.tell()

    def heartbeat(self) -> tuple[Instant, int]:
        """A new stamp and the head position, under the write lock; ClockJumped as for appending.

        The stamp outlives the death of the process, but not always that of the server.
        """
        with self._beating, self._beat.use() as db, _undone(db):
            head, before = lock(db, self.place)
            now = stamp(before, self.clock())
            commit(db, head, now)
            return now.last, head

    def last_stamp(self) -> Instant:
        """The last stamp given, 0 before the first."""
        return self._stamp()[1]

    def head(self) -> int:
        """The position of the last event, 0 for an empty log."""
        return self._stamp()[0]

    def data_version(self) -> int:
        """A number that changes whenever any process has committed: no two have one stamp."""
        return self._stamp()[1]

    def _stamp(self) -> tuple[int, Instant]:
        with self._reading() as db:
            row = db.execute(STAMP).fetchone()
        return (row[0], row[1] or 0) if row else (0, 0)

    def after(self, position: int, limit: int) -> list[Stored]:
        """Events behind a position, in order, on to the end of the transaction the limit cuts."""
        return self._stored(AFTER, {"after": position, "last": position + limit})

    def stream(self, stream: str, after: int = 0, limit: int = MOST) -> list[Stored]:
        """Up to `limit` events of one stream behind version `after`, in order; all, by default."""
        return self._stored(STREAM, (kept(stream), after, limit))

    def version(self, stream: str) -> int:
        """The last version of a stream, 0 for one not yet there."""
        return int(self._rows(VERSION, (kept(stream),))[0][0] or 0)

    def has(self, stream: str) -> bool:
        """Whether there is such a stream."""
        return bool(self._rows(HAS, (kept(stream),))[0][0])

    def under(self, prefix: str) -> list[Stored]:
        """All streams whose names begin with `prefix`, which ends in "/", in log order."""
        begin = kept(prefix)
        return self._stored(UNDER, (begin, begin[:-1] + "0"))

    def streams(self, prefix: str) -> Iterator[str]:
        """Names of the streams that begin with `prefix`, which ends in "/", in order of name."""
        last = kept(prefix)
        end = last[:-1] + "0"
        while rows := self._rows(STREAMS, (last, end, CASES_AT_ONCE)):
            yield from (given(name) for (name,) in rows)
            last = rows[-1][0]

    def sources(self) -> list[str]:
        """The source systems that the log has facts of."""
        found: list[str] = []
        while (last := self._rows(NEXT_SOURCE, (found[-1] if found else "",))[0][0]) is not None:
            found.append(last)
        return [given(source) for source in found]

    def scan(self, position: int, limit: int) -> list[Stored]:
        """Up to `limit` rows from a position on, in order, as they stand: for verifying alone."""
        return self._stored(SCAN, (position, limit))

    def faults(self, most: int, passed: Callable[[int, int], object]) -> Iterator[Fault]:
        """What does not agree with the log: its tables as the owner made them and their indexes,
        versions, `seen`, the stamp and its head; triggers that are gone or do nothing.
        """
        with self._reading() as db:
            there, lead = form_of(db), list(astray(db))
        wrong = [name for name, is_ in GUARDS.items() if there.get(name) != is_]
        yield from checking.guard([name.rpartition(".")[2] for name in wrong])
        rest = ({n: is_ for n, is_ in of.items() if n not in GUARDS} for of in (there, OUR_FORM))
        yield from checking.form(*rest)
        yield from checking.astray(lead)
        yield from checking.places(self._select, most)
        yield from checking.gaps(self._select, most)
        for *stamped, newest, head, position in self._rows(STAMP_AGREES, ()):
            yield from checking.stamp(stamped, newest)
            yield from checking.head(head, position)
        yield from checking.seen(self._select, most, passed)

    def _select(self, query: str, says: Sequence[Any]) -> list[tuple[Any, ...]]:
        told = [kept(each) if isinstance(each, str) else each for each in says]
        with self._reading() as db:
            rows = db.execute(query.replace("?", "%s").encode(), told, binary=True).fetchall()
        return [tuple(given(e) if isinstance(e, str) else e for e in row) for row in rows]

    def _stored(self, query: LiteralString, says: Any) -> list[Stored]:
        with self._reading() as db, db.cursor(binary=True, row_factory=_as_stored) as cursor:
            found = cursor.execute(query, says).fetchall()
        if ESCAPE in "".join(map(_NAME, found)):
            return [row._replace(stream=given(row.stream)) for row in found]
        return found

    def _rows(self, query: LiteralString, says: Any) -> list[tuple[Any, ...]]:
        with self._reading() as db:
            return db.execute(query, says, binary=True).fetchall()

    def _reading(self) -> AbstractContextManager[Rows]:
        return self._readers.use()

    def close(self) -> None:
        """Close every connection that is not in use, and the others when they come back."""
        for connections in (self._writer, self._beat, self._readers):
            connections.close()

    # What the library asks of a recorder.

    def select_events(
        self,
        originator_id: UUID | str,
        *,
        gt: int | None = None,
        lte: int | None = None,
        desc: bool = False,
        limit: int | None = None,
    ) -> Sequence[StoredEvent]:
        """Events of one stream, with versions above `gt` up to `lte`."""
        order: LiteralString = "DESC" if desc else "ASC"
        query = f"{EVENTS} ORDER BY version {order} LIMIT %(limit)s"
        says = {"stream": kept(str(originator_id)), "gt": gt, "lte": lte, "limit": limit}
        return [StoredEvent(given(name), *rest) for name, *rest in self._rows(query, says)]

    def select_notifications(
        self,
        start: int | None,
        limit: int,
        stop: int | None = None,
        topics: Sequence[str] = (),
        *,
        inclusive_of_start: bool = True,
    ) -> Sequence[Notification]:
        """Events in the order of the log, from or behind `start` up to `stop`."""
        first = (start or 0) + (not inclusive_of_start)
        says = {"first": first, "stop": stop, "topics": list(topics), "limit": limit}
        return [Notification(given(name), *rest) for name, *rest in self._rows(NOTIFICATIONS, says)]


class Factory(LogFactory[Recorder]):
    """What the library builds from PERSISTENCE_MODULE=supervision.store.postgres.

    SUPERVISION_DATABASE: libpq's URL of a database that was prepared; the schema may be chosen in
    it by `options=-csearch_path%3D…`.
    """

    SUPERVISION_DATABASE = "SUPERVISION_DATABASE"

    def open_log(self, clock: Clock) -> Recorder:
        """The log in the database that the settings name."""
        url = self.env.get(self.SUPERVISION_DATABASE)
        if not url:
            raise StoreBroken(
                self.SUPERVISION_DATABASE, "is not set: postgresql://user@host:port/database"
            )
        return Recorder(url, clock)


def _as_stored(_: Any) -> Callable[[Sequence[Any]], Stored]:
    """How the driver makes rows."""
    return Stored._make


_NAME = itemgetter(Stored._fields.index("stream"))


def prepare(owner_url: str, app_role: str) -> None:
    """Create what the log needs and is missing, and give the role its rights; any number of times.

    The schema is the first of the owner's search_path, created if it is not there. TooNew: a newer
    program has prepared it. StoreBroken: there is no such role, or it could do what the owner can;
    the database is not in UTF-8. StoreDown, StoreBusy.
    """
    place = where(owner_url)
    with preparing(owner_url) as db:
        _check_role(db, place, app_role)
        schema = _schema(db)
        _check_form(place, _form(db))
        db.execute(SCHEMA)
        db.execute(GUARD)
        db.execute("INSERT INTO log_form VALUES (true, %s) ON CONFLICT DO NOTHING", (FORM,))
        names = {"role": Identifier(app_role), "schema": Identifier(schema)}
        db.execute(SQL(GRANTS).format(**names))


def _form(db: Rows) -> int:
    """The version of the log's tables in the schema that is ours, 0 if there are none."""
    found = _one(db, "SELECT to_regclass(quote_ident(current_schema()) || '.log_form')")
    return int(_one(db, "SELECT version FROM log_form")) if found else 0


def _check_form(place: str, version: int) -> None:
    if version > FORM:
        raise TooNew(f"the log in {place}")


def _check_role(db: Rows, place: str, role: str) -> None:
    row = db.execute(
        "SELECT rolsuper OR pg_has_role(oid, current_user, 'MEMBER') FROM pg_roles"
        " WHERE rolname = %s",
        (role,),
    ).fetchone()
    if row is None:
        raise StoreBroken(place, f"has no role {role}: CREATE ROLE {role} LOGIN PASSWORD '…'")
    if row[0]:
        raise StoreBroken(
            place, f"the role {role} could change the log: name one that is not its owner"
        )


def _schema(db: Rows) -> str:
    """The schema to prepare, created if need be; no other is looked at from here on."""
    name = _one(db, "SELECT current_schema()")
    if name is None:
        name = _one(
            db, "SELECT (parse_ident(split_part(current_setting('search_path'), ',', 1)))[1]"
        )
        db.execute(SQL("CREATE SCHEMA {}").format(Identifier(name)))
    db.execute(SQL("SET LOCAL search_path = {}, pg_temp").format(Identifier(name)))
    return str(name)


def _one(db: Rows, query: LiteralString) -> Any:
    row = db.execute(query).fetchone()
    return row[0] if row else None


@contextmanager
def _undone(db: Rows) -> Iterator[None]:
    """Undo at once what a block began and failed to commit, so that nobody waits for its lock."""
    try:
        yield
    except BaseException:
        with suppress(psycopg.Error):
            db.rollback()
        raise
