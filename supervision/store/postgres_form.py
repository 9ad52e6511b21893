"""What the log's tables in PostgreSQL are made of, and whether each index has every row.

Whoever may do everything can hide or show rows without changing an event: by a policy, a rule, a
child table or a view in the place of the log; by a key taken away, so that a row stands at no
position; by an index that was out of use while a row came. Readings by position and by stream then
differ, and only one of them is verified. So the tables are compared with what SCHEMA and GUARD
make, and what stands in a table with what its indexes lead to.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, LiteralString

from psycopg.sql import SQL, Identifier

from .postgres_connection import Rows
from .postgres_writing import GUARD

TABLES = ["log", "log_form", "seen", "stamp"]
FORM_OF: LiteralString = """
WITH ours AS (
    SELECT c.oid, c.relname AS name, c.relkind, c.relpersistence,
        c.relrowsecurity OR c.relforcerowsecurity AS secured
    FROM unnest(%s::text[]) AS given(name) JOIN pg_class c ON c.oid = to_regclass(given.name)
), columns AS (
    SELECT 'column ' || name || '.' || attname, concat_ws(' ', attnum,
        format_type(atttypid, atttypmod), CASE WHEN attnotnull THEN 'not null' END,
        (SELECT collname FROM pg_collation l WHERE l.oid = attcollation AND collname <> 'default'),
        nullif(attgenerated, ''), nullif(attidentity, ''), pg_get_expr(adbin, adrelid))
    FROM ours JOIN pg_attribute ON attrelid = ours.oid AND attnum > 0 AND NOT attisdropped
    LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
), indexes AS (
    SELECT 'index ' || i.relname, concat_ws(' ', amname, name, (
            SELECT string_agg(coalesce(attname, '?') || ' ' || opcname, ', ' ORDER BY n)
            FROM unnest(indkey, indclass) WITH ORDINALITY AS part(key, class, n)
            JOIN pg_opclass o ON o.oid = class AND opcnamespace = 'pg_catalog'::regnamespace
            LEFT JOIN pg_attribute a ON a.attrelid = indrelid AND a.attnum = key),
        CASE WHEN indisprimary THEN 'primary' END, CASE WHEN indisunique THEN 'unique' END,
        CASE WHEN indpred IS NOT NULL THEN 'of some rows' END,
        CASE WHEN NOT (indisvalid AND indisready AND indislive) THEN 'out of use' END)
    FROM ours JOIN pg_index ON indrelid = ours.oid JOIN pg_class i ON i.oid = indexrelid
    JOIN pg_am ON pg_am.oid = i.relam
), triggers AS (
    SELECT 'trigger ' || name || '.' || tgname,
        concat_ws(' ', tgenabled, pg_get_triggerdef(t.oid, true), lanname, prosrc)
    FROM ours JOIN pg_trigger t ON tgrelid = ours.oid AND NOT tgisinternal
    JOIN pg_proc p ON p.oid = tgfoid JOIN pg_language l ON l.oid = prolang
), constraints AS (
    SELECT 'constraint ' || name || '.' || conname, concat_ws(' ', contype,
        CASE WHEN contype = 'c' THEN pg_get_constraintdef(c.oid) END)
    FROM ours JOIN pg_constraint c ON conrelid = ours.oid AND contype <> 'n'
)
SELECT 'table ' || name, concat_ws(' ', relkind, relpersistence,
    CASE WHEN secured THEN 'row level security' END) FROM ours
UNION ALL TABLE columns
UNION ALL TABLE indexes
UNION ALL TABLE triggers
UNION ALL TABLE constraints
UNION ALL SELECT 'rule ' || name || '.' || rulename, '' FROM ours
    JOIN pg_rewrite ON ev_class = ours.oid
UNION ALL SELECT 'policy ' || name || '.' || polname, '' FROM ours
    JOIN pg_policy ON polrelid = ours.oid
UNION ALL SELECT 'table ' || inhrelid::regclass || ' as a part of ' || name, '' FROM ours
    JOIN pg_inherits ON inhparent = ours.oid
UNION ALL SELECT 'table ' || name || ' as a part of ' || inhparent::regclass, '' FROM ours
    JOIN pg_inherits ON inhrelid = ours.oid
"""
"""Each table, column, index, trigger and constraint by kind and name, and what it is. Since release
18 a NOT NULL is a constraint too; the columns tell it in all of them."""
SYSTEM = "pg_catalog"
PATH: LiteralString = "SELECT pg_catalog.current_schemas(true)"
"""The schemas that are searched, in order. Where the server's own is not the first, an operator of
another is taken for its, and finds what it likes."""

GUARDS = {
    f"trigger log.{name}": (
        f"A CREATE TRIGGER {name} BEFORE {what} EXECUTE FUNCTION log_is_append_only() plpgsql "
        f"{GUARD.split('$$')[1]}"
    )
    for name, what in (
        ("log_is_not_changed", "DELETE OR UPDATE OR TRUNCATE ON log FOR EACH STATEMENT"),
        ("log_row_is_not_changed", "DELETE OR UPDATE ON log FOR EACH ROW"),
    )
}
OUR_FORM = GUARDS | {
    "search_path": SYSTEM,
    "table log": "r p",
    "column log.position": "1 bigint not null",
    "column log.stream": "2 text not null C",
    "column log.version": "3 bigint not null",
    "column log.topic": "4 text not null C",
    "column log.recorded_at": "5 bigint not null",
    "column log.payload": "6 bytea not null",
    "index log_pkey": "btree log position int8_ops primary unique",
    "index log_stream_version_key": "btree log stream text_ops, version int8_ops unique",
    "constraint log.log_pkey": "p",
    "constraint log.log_stream_version_key": "u",
    "table seen": "r p",
    "column seen.source": "1 text not null C",
    "column seen.id": "2 text not null C",
    "column seen.data_version": "3 bigint not null",
    "column seen.position": "4 bigint not null",
    "index seen_pkey": (
        "btree seen source text_ops, id text_ops, data_version int8_ops primary unique"
    ),
    "constraint seen.seen_pkey": "p",
    "table stamp": "r p",
    "column stamp.one": "1 boolean not null true",
    "column stamp.head": "2 bigint not null",
    "column stamp.last": "3 bigint",
    "column stamp.wall": "4 bigint",
    "column stamp.boot": "5 bigint",
    "column stamp.boot_id": "6 text",
    "column stamp.lag": "7 bigint",
    "index stamp_pkey": "btree stamp one bool_ops primary unique",
    "constraint stamp.stamp_pkey": "p",
    "constraint stamp.stamp_one_check": "c CHECK (one)",
    "table log_form": "r p",
    "column log_form.one": "1 boolean not null true",
    "column log_form.version": "2 integer not null",
    "index log_form_pkey": "btree log_form one bool_ops primary unique",
    "constraint log_form.log_form_pkey": "p",
    "constraint log_form.log_form_one_check": "c CHECK (one)",
}
"""FORM_OF of what was prepared and nobody touched."""

BY_TABLE: LiteralString = "SET LOCAL enable_seqscan = on; SET LOCAL enable_indexscan = off;"
BY_INDEX: LiteralString = """
SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off;
SET LOCAL enable_indexscan = on; SET LOCAL enable_indexonlyscan = on;
"""
ALIKE: LiteralString = """
SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;
SET LOCAL enable_bitmapscan = off; SET LOCAL enable_indexonlyscan = off; SET LOCAL jit = off;
"""
ROWS: tuple[tuple[str, LiteralString, LiteralString], ...] = (
    (
        "log_pkey",
        "SELECT count(*), sum(position) FROM log",
        (
            "SELECT count(*), sum(position) FROM (SELECT position FROM log"
            " WHERE position >= -9223372036854775808 ORDER BY position OFFSET 0) AS found"
        ),
    ),
    (
        "log_stream_version_key",
        "SELECT count(*), sum(hashtextextended(stream, version)) FROM log",
        (
            "SELECT count(*), sum(hashtextextended(stream, version)) FROM (SELECT stream, version"
            " FROM log ORDER BY stream, version OFFSET 0) AS found"
        ),
    ),
    (
        "seen_pkey",
        "SELECT count(*), sum(hashtextextended(id, data_version)) FROM seen",
        (
            "SELECT count(*), sum(hashtextextended(id, data_version)) FROM (SELECT id, data_version"
            " FROM seen ORDER BY source, id, data_version OFFSET 0) AS found"
        ),
    ),
)
"""Of an index: what stands in its table, and the same as the index has it."""


def form_of(db: Rows) -> dict[str, str]:
    """What the tables are made of, by kind and name; asked with the server's own operators."""
    with db.transaction():
        path = [name for name in _row(db, PATH)[0] if not name.startswith("pg_temp")]
        names = map(Identifier, (SYSTEM, *path))
        db.execute(SQL("SET LOCAL search_path = {}").format(SQL(", ").join(names)))
        found: list[tuple[Any, ...]] = db.execute(FORM_OF, (TABLES,), prepare=False).fetchall()
    return {"search_path": path[0], **dict(found)}


def astray(db: Rows) -> Iterator[tuple[str, int, int]]:
    """Indexes that do not lead to what stands in their table: how many rows there, and by them."""
    with db.transaction():
        db.execute(ALIKE)
        db.execute(BY_TABLE)
        there = [_row(db, in_table) for _, in_table, _ in ROWS]
        db.execute(BY_INDEX)
        led = [_row(db, by_index) for _, _, by_index in ROWS]
    for (name, _, _), stand, found in zip(ROWS, there, led, strict=True):
        if stand != found:
            yield name, stand[0], found[0]


def _row(db: Rows, query: LiteralString) -> tuple[Any, ...]:
    row = db.execute(query, prepare=False).fetchone()
    assert row is not None
    return row
