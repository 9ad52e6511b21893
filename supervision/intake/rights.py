"""What a key may send: facts of its kinds, and of its departments' cases.

A fact is of the department that its item was last published for, or of its actor's where the item
is unknown. A fact without an item is of its case's, and a case is of the department of its first
item: who may not send of that department adds nothing to the case under another item's name. A
correction, and what is sent again in the place of an earlier fact, must be allowed for what it
changes, and for what it makes of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from threading import Lock

from msgspec import Struct

from ..facts import FACTS, ZH, Fact, FactCorrected
from ..fold import Folded
from ..lists import ItemPublished
from ..record import Record
from ..streams import LISTS, facts_stream
from .keys import Key

ITEMS = LISTS + "ItemPublished"
"""The stream of all published items."""

NAMES = {cls: name for name, cls in FACTS.items()}


class Items:
    """The departments of the published items, read on when asked. For any number of threads."""

    def __init__(self, record: Record) -> None:
        self._record = record
        self._lock = Lock()
        self._version = 0
        self._departments: dict[str, str] = {}

    def departments(self) -> Mapping[str, str]:
        """By an item's code, the department of its last publication."""
        with self._lock:
            for stored in self._record.read_stream(ITEMS, self._version):
                event = stored.event
                if isinstance(event, ItemPublished):
                    self._departments[event.code] = event.department
                self._version = stored.version
            return dict(self._departments)


class _Case(Struct):
    """What the log, and this request so far, say of a case."""

    item: str = ""
    department: str = ""
    kinds: dict[str, str] = {}
    """Of each fact, by id."""


class Bounds:
    """Says which facts of one request its key may not send. Not for several threads."""

    def __init__(self, record: Record, items: Items, key: Key) -> None:
        self._record = record
        self._source = key.source
        self._departments = frozenset(key.rights.departments)
        self._kinds = frozenset(key.rights.kinds)
        self._published = items.departments() if key.rights.departments else {}
        self._cases: dict[str, _Case] = {}
        self._limited = bool(self._departments or self._kinds)
        self._says_kinds = _kinds_told(key.rights.kinds)
        self._says_departments = _departments_told(key.rights.departments)

    def refusal(self, fact: Fact) -> str:
        """Why the key may not send this, empty if it may; what it may is part of its case then."""
        if not self._limited:
            return ""
        case = self._case(fact.case_no)
        if self._kinds and not set(_kinds(fact, case)) <= self._kinds:
            return self._says_kinds
        if self._departments and not set(self._concerned(fact, case)) <= self._departments:
            return self._says_departments
        case.item = case.item or fact.item
        case.department = case.department or fact.actor.department
        case.kinds.setdefault(fact.id, NAMES[type(fact)])
        return ""

    def _case(self, case_no: str) -> _Case:
        found = self._cases.get(case_no)
        if found is None:
            stored = self._record.read_stream(facts_stream(self._source, case_no))
            folded = Folded(stored)
            case = folded.case()
            kinds = {known.fact.id: NAMES[type(known.fact)] for known in folded.facts}
            found = self._cases[case_no] = _Case(case.item, case.department, kinds)
        return found

    def _concerned(self, fact: Fact, case: _Case) -> Iterator[str]:
        """The departments that a fact concerns; "" is one that is not known."""
        actor = fact.actor.department or case.department
        yield self._of(fact.item or case.item, actor)
        if case.kinds:
            yield self._of(case.item, case.department) or actor
        if isinstance(fact, FactCorrected):
            yield self._of(_said_item(fact) or case.item, _said_department(fact) or actor)

    def _of(self, item: str, otherwise: str) -> str:
        return self._published.get(item) or otherwise


def _kinds(fact: Fact, case: _Case) -> Iterator[str]:
    """The kind of a fact, and of what it changes; "" is one that is not known."""
    kind = NAMES[type(fact)]
    yield kind
    if isinstance(fact, FactCorrected):
        yield case.kinds.get(fact.corrects, "")
    if fact.data_version > 1:
        yield case.kinds.get(fact.id, kind)


def _said_item(fact: FactCorrected) -> str:
    said = fact.says.get("item")
    return said if isinstance(said, str) else ""


def _said_department(fact: FactCorrected) -> str:
    said = fact.says.get("actor")
    department = said.get("department") if isinstance(said, dict) else ""
    return department if isinstance(department, str) else ""


def _kinds_told(kinds: tuple[str, ...]) -> str:
    zh = "、".join(f"{ZH[kind]}（{kind}）" for kind in kinds if kind in ZH)
    return (
        f"此密钥只可报送、更正或重报：{zh}。This key may send, correct or send again "
        f"{', '.join(kinds)} only, and correct no fact that is not known"
    )


def _departments_told(departments: tuple[str, ...]) -> str:
    return (
        f"此密钥只可报送以下部门的办件：{'、'.join(departments)}；此条属于其他部门，或部门不明。"
        f"This key may send for {', '.join(departments)} only; this is of another department, or "
        "of one that is not known"
    )
