"""What a viewer may see of the warehouse: the rows of some departments, or all.

There is no other way for what is shown to ask the warehouse. Every read of one of its tables says
where it is narrowed, directly behind the table's name:

    select … from open_cases where {scope} and …

`{scope}` becomes the condition that the row is of one of the viewer's departments. A subquery that
only picks among rows that the query around it narrows says `{unscoped}` in its place. SQL that says
neither is refused before it is sent, so a new query that was forgotten shows nothing at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from .rows import UNLISTED
from .schema import TABLES
from .warehouse import Scalar, Warehouse

SCOPE, UNSCOPED = "{scope}", "{unscoped}"
NOBODYS = frozenset(("", UNLISTED))
"""What stands as the department of marks, of cases that are void, and of those that name none."""

NAMES = "|".join(table.name for table in TABLES)
READ = re.compile(rf"\b(?:from|join)\s+(?:\w+\.)?[`\"]?({NAMES})\b", re.IGNORECASE)
MARKED = re.compile(r"\s+where\s+\{(scope|unscoped)\}(?=\s+(and|group|order|limit)\b|\s*\)|\s*$)")
WORD = re.compile(r"'(?:[^'\\]|\\.)*'|\w+|[()]")
ENDS = frozenset(("group", "having", "order", "limit", "union"))
"""Words behind a `where`."""


class Unscoped(Exception):
    """A query that reads a table of the warehouse does not say how it is narrowed."""

    def __init__(self, table: str, sql: str) -> None:
        super().__init__(
            f"write `from {table} where {SCOPE}`, then nothing or `and …`, and no `or` outside "
            f"parentheses, in: {sql.strip()}"
        )


class View:
    """A warehouse narrowed to some departments. May be asked from many threads."""

    def __init__(self, warehouse: Warehouse, departments: Iterable[str] | None) -> None:
        """None: everything. What names no department is seen by nobody who is narrowed."""
        self._warehouse = warehouse
        self.departments = None if departments is None else frozenset(departments) - NOBODYS
        self._params: dict[str, object] = {
            f"department_{n}": name for n, name in enumerate(sorted(self.departments or ()))
        }
        self._scope = self._condition()

    def within(self, departments: Iterable[str] | None) -> View:
        """What of it is of these departments too: never more than is seen here."""
        if departments is None or self.departments is None:
            return View(self._warehouse, self.departments if departments is None else departments)
        return View(self._warehouse, self.departments.intersection(departments))

    def sees(self, department: str) -> bool:
        """Whether what is of a department is seen."""
        return self.departments is None or department in self.departments

    def query(self, sql: str, **params: object) -> list[tuple[Scalar, ...]]:
        """As Warehouse.query, of the rows that are seen. Raises Unscoped, WarehouseError."""
        check(sql)
        narrowed = sql.replace(SCOPE, self._scope).replace(UNSCOPED, "1")
        return self._warehouse.query(narrowed, **params, **self._params)

    def highest(self, table: str) -> int:
        """The log position up to which a table is complete, for all departments alike."""
        return self._warehouse.highest(table)

    def _condition(self) -> str:
        """SQL that an engine of 2018 decides by a set, and by the key where there is one."""
        if self.departments is None:
            return "1"
        names = ", ".join(f"{{{name}:String}}" for name in self._params)
        return f"department in ({names})" if names else "0"


@lru_cache(maxsize=256)
def check(sql: str) -> None:
    """Raises Unscoped for SQL that reads a table of ours without a marker, or narrows none."""
    tables = list(READ.finditer(sql))
    for table in tables:
        marker = MARKED.match(sql, table.end())
        if marker is None or _alternative(sql[marker.end() :]):
            raise Unscoped(table.group(1), sql)
    if tables and SCOPE not in sql:
        raise Unscoped(tables[0].group(1), sql)


def _alternative(rest: str) -> bool:
    """Whether the condition goes on with an `or` that is as strong as the marker."""
    depth = 0
    for found in WORD.finditer(rest):
        word = found.group().lower()
        depth += (word == "(") - (word == ")")
        if depth < 0 or (depth == 0 and word in ENDS):
            return False
        if depth == 0 and word == "or":
            return True
    return False
