"""A mapping applied to the records of a file: facts of one case, or refusals with their lines."""

from __future__ import annotations

import collections.abc
from collections import Counter
from hashlib import sha256
from typing import NamedTuple

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from ..facts import instant
from ..record import Incoming
from .envelope import read_line
from .mapping import LINE_HASH, RECEIVED, Field, Mapping, Rule, Whole
from .reading import FactUnreadable, Refused, form_of, read_fact, shown
from .rows import Row
from .take import Convert, Take, as_time, converter

Values = collections.abc.Mapping[str, str]
"""A record's values by column."""

HASH_DIGITS = 32
"""Of a SHA-256 in hexadecimal, as an id: 128 bits."""


class Refusal(NamedTuple):
    """A record, or a fact of a case, that cannot be read."""

    line: int
    case_no: str
    reason: str


class Told(NamedTuple):
    """A fact and the line that told it."""

    line: int
    incoming: Incoming


class OpenCase(Struct):
    """What was read of one case so far. `merged` are its columns, `clashes` those that differ,
    `passed` its lines that the mapping passes over.
    """

    case_no: str
    line: int
    lines: int = 0
    passed: int = 0
    told: list[Told] = []
    merged: dict[str, str] = {}
    clashes: dict[str, int] = {}
    hashes: Counter[str] = msgspec.field(default_factory=Counter)


class Applier:
    """Turns the rows of one file into facts."""

    def __init__(self, mapping: Mapping, *, history: bool = False) -> None:
        self._mapping = mapping
        self._history = history
        self._case_columns = tuple(sorted(mapping.case_columns()))
        self._line_columns = mapping.line_columns()
        received = form_of("ApplicationReceived")
        self._event: dict[str, Convert] = {key: converter(received, key) for key in mapping.event}
        self._received = {
            key: Field(mapping.case[key], converter(received, key))
            for key in RECEIVED
            if key in mapping.case
        }

    def case_no(self, row: Row) -> str:
        """The case that a record is of; empty if it cannot be told."""
        if row.problem:
            return ""
        try:
            return self._text(row.values, self._mapping.case_no) or ""
        except FactUnreadable:
            return ""

    def take(self, row: Row, case: OpenCase) -> list[Refusal]:
        """Add the facts of a record to its case; what of it cannot be read."""
        if self._mapping.whole:
            return self._take_whole(self._mapping.whole, row, case)
        self._merge(row, case)
        if self._mapping.activity is None:
            return []
        refusals = []
        try:
            rules = self._rules(row)
            event_id = self._id(row, case)
        except FactUnreadable as error:
            return [Refusal(row.line, case.case_no, str(error))]
        for n, rule in enumerate(rules):
            fact_id = event_id if n == 0 else f"{event_id}/{rule.kind}"
            try:
                says = self._line_says(row.values, rule)
                told = self._told(row.line, case.case_no, fact_id, rule, row.values, says)
                if told:
                    case.told.append(told)
            except FactUnreadable as error:
                refusals.append(Refusal(row.line, case.case_no, str(error)))
        return refusals

    def _take_whole(self, whole: Whole, row: Row, case: OpenCase) -> list[Refusal]:
        if any(row.values.get(name, "").strip() != said for name, said in whole.only.items()):
            case.passed += 1
            return []
        text = row.values.get(whole.column, "")
        if not text.strip():
            return [Refusal(row.line, case.case_no, f"{whole.column} is empty: no fact is there")]
        read = read_line(text.encode(errors="surrogatepass"), self._mapping.source or None)
        if isinstance(read, Refused):
            return [Refusal(row.line, case.case_no, read.reason)]
        if self._history:
            read = read._replace(fact=replace(read.fact, history=True))
        case.told.append(Told(row.line, read))
        return []

    def close(self, case: OpenCase) -> tuple[list[Told], list[Refusal]]:
        """All facts of a case in the order in which they happened, and those refused."""
        told, refusals = list(case.told), []
        before: list[Told] = []
        for rules, into in ((self._mapping.start, before), (self._mapping.end, told)):
            for rule in rules:
                try:
                    into.extend(self._of_case(case, rule))
                except FactUnreadable as error:
                    refusals.append(Refusal(case.line, case.case_no, f"{rule.kind}: {error}"))
        ordered = sorted([*before, *told], key=lambda each: instant(each.incoming.fact.occurred_at))
        return ordered, refusals

    def _merge(self, row: Row, case: OpenCase) -> None:
        for column in self._case_columns:
            value = row.values.get(column, "").strip()
            if value in self._mapping.nulls:
                continue
            if case.merged.setdefault(column, value) != value:
                case.clashes.setdefault(column, row.line)

    def _rules(self, row: Row) -> tuple[Rule, ...]:
        assert self._mapping.activity is not None
        activity = self._text(row.values, self._mapping.activity)
        if activity is None:
            raise FactUnreadable("the activity is missing")
        rules = self._mapping.rules.get(activity)
        if rules is not None:
            return rules
        if self._mapping.unmapped is None:
            raise FactUnreadable(f"the mapping says nothing of the activity {shown(activity)}")
        return (self._mapping.unmapped,)

    def _id(self, row: Row, case: OpenCase) -> str:
        if self._mapping.id is None:
            return self._line_hash(row, case)
        found = self._text(row.values, self._mapping.id)
        if found is None:
            raise FactUnreadable("the id is missing")
        return found

    def _line_hash(self, row: Row, case: OpenCase) -> str:
        """From what the line says; the n-th line that says the same has "-n" behind it."""
        says = [(column, row.values.get(column, "").strip()) for column in self._line_columns]
        digest = sha256(msgspec.json.encode((LINE_HASH, case.case_no, says))).hexdigest()
        case.hashes[digest] += 1
        number = case.hashes[digest]
        return digest[:HASH_DIGITS] + (f"-{number}" if number > 1 else "")

    def _of_case(self, case: OpenCase, rule: Rule) -> list[Told]:
        for take in (rule.time, *(field.take for field in rule.fields.values())):
            for column in take.columns if take else ():
                if column in case.clashes:
                    line = case.clashes[column]
                    raise FactUnreadable(f"{column} says one thing first, another in line {line}")
        fact_id = f"{case.case_no}/{rule.kind}"
        told = self._told(case.line, case.case_no, fact_id, rule, case.merged, {})
        return [told] if told else []

    def _line_says(self, values: Values, rule: Rule) -> dict[str, object]:
        """What only a line says: who did it, when it was entered, which re-send it is."""
        mapping = self._mapping
        actor = {**mapping.actor, **rule.actor}
        says: dict[str, object] = {"actor": self._actor(values, actor)}
        for name, take in mapping.event.items():
            text = self._text(values, take)
            if text is not None:
                says[name] = _named(name, self._event[name], text, take, mapping)
        return says

    def _told(
        self,
        line: int,
        case_no: str,
        fact_id: str,
        rule: Rule,
        values: Values,
        says: dict[str, object],
    ) -> Told | None:
        """The fact; None for one of the case whose time is not given: it did not happen yet."""
        mapping = self._mapping
        take = rule.time or mapping.time
        assert take is not None
        text = self._text(values, take)
        if text is None:
            if not says:
                return None
            raise FactUnreadable("the time is missing")
        every: dict[str, object] = {
            "id": fact_id,
            "source": mapping.source,
            "case_no": case_no,
            "occurred_at": _named("time", as_time, text, take, mapping),
            **self._case_says(values, rule.kind),
            **says,
        }
        if "actor" not in every:
            every["actor"] = self._actor(values, rule.actor)
        every.update(self._fields(values, rule.fields))
        return Told(line, read_fact(rule.kind, every, history=self._history))

    def _case_says(self, values: Values, kind: str) -> dict[str, object]:
        case = self._mapping.case
        says: dict[str, object] = {}
        for name in ("item", "item_version"):
            if name in case:
                says[name] = self._text(values, case[name])
        if kind == "ApplicationReceived":
            says |= self._fields(values, self._received)
            says["applicant"] = self._applicant(values)
        return says

    def _applicant(self, values: Values) -> object:
        takes = self._mapping.applicant
        parts = {name: self._text(values, take) for name, take in takes.items()}
        return parts.get("") if "" in parts else parts or None

    def _fields(self, values: Values, fields: dict[str, Field]) -> dict[str, object]:
        found: dict[str, object] = {}
        for name, (take, convert) in fields.items():
            text = self._text(values, take)
            if text is not None:
                found[name] = _named(name, convert, text, take, self._mapping)
        return found

    def _actor(self, values: Values, takes: dict[str, Take]) -> dict[str, str]:
        department = self._mapping.case.get("department")
        every = {"department": department, **takes} if department else takes
        found = ((name, self._text(values, take)) for name, take in every.items())
        return {name: text for name, text in found if text is not None}

    def _text(self, values: Values, take: Take) -> str | None:
        return take.text(values, self._mapping.nulls)


def _named(name: str, convert: Convert, text: str, take: Take, mapping: Mapping) -> object:
    try:
        return convert(text, take, mapping.zoned)
    except FactUnreadable as error:
        raise FactUnreadable(f"{name}: {error}") from None
