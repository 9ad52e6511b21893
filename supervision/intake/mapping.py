"""A mapping: which column of a file is what, which activity which fact (docs/mapping.md).

It is TOML. What it says is checked when it is read: unknown keys, kinds and fields are refused
with the nearest that there is, so that no column is lost by a slip of the pen.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple, NoReturn
from zoneinfo import ZoneInfo

from ..errors import SupervisionError
from ..facts import Actor
from .csvfile import ENCODINGS
from .reading import FORMS, ID_LONGEST, FactUnreadable, Form, form_of, line, shown, suggestion
from .take import ISO, NULLS, SPLIT, Convert, Take, Zoned, converter, is_format

LINE_HASH = "line-hash"
FORMATS = ("csv", "xes")
UNMAPPED = ("step", "refuse")
ENVELOPE = frozenset({"id", "source", "case_no", "occurred_at", "actor", "says"})
"""Fields that a rule cannot take: they have keys of their own, or no column could hold them."""

TOP = frozenset(
    {
        "source", "zone", "format", "encoding", "delimiter", "nulls", "times", "lists",
        "case", "event", "fact", "start", "end", "unmapped", "cloudevent",
    }
)  # fmt: skip
RECEIVED = ("channel", "deadline", "limit", "applicant")
"""Keys of [case] that every ApplicationReceived of the case is given."""

CASE = frozenset({"case_no", "item", "item_version", "department", *RECEIVED})
EVENT = frozenset({"id", "activity", "time", "entered_at", "data_version", "actor"})
RULE = frozenset({"kind", "time", "fields", "actor"})
TAKE = frozenset(
    {"column", "columns", "const", "values", "keep", "default", "format", "split", "scale"}
)
ACTOR = frozenset(Actor.__struct_fields__)
CLOUDEVENT = frozenset({"column", "only"})
BESIDE_CLOUDEVENT = ("zone", "nulls", "times", "event", "fact", "start", "end", "unmapped")
"""Keys that say how a fact is put together: they have no use where a line holds a whole one."""


class MappingWrong(SupervisionError, ValueError):
    """Which key of which mapping file is wrong, and how."""


class Field(NamedTuple):
    """A field of a fact: where its text is, and how it becomes a value."""

    take: Take
    convert: Convert


class Rule(NamedTuple):
    """One fact: of which kind, when it happened, its fields, who did it."""

    kind: str
    time: Take | None
    fields: dict[str, Field]
    actor: dict[str, Take]


class Whole(NamedTuple):
    """A column that holds whole facts as CloudEvents; lines that do not say `only` are passed over.

    `only`: what columns must say, by their names.
    """

    column: str
    only: dict[str, str]


class Mapping(NamedTuple):
    """A checked mapping. `applicant` takes a text, or several parts by name.

    With `whole` each line tells a fact by itself; a `source` that is not "" is then the only one
    whose facts are taken.
    """

    name: str
    source: str
    zoned: Zoned
    format: str
    encoding: str
    delimiter: str
    nulls: frozenset[str]
    lists: Path | None
    case_no: Take
    case: dict[str, Take]
    applicant: dict[str, Take]
    id: Take | None
    activity: Take | None
    time: Take | None
    event: dict[str, Take]
    actor: dict[str, Take]
    rules: dict[str, tuple[Rule, ...]]
    start: tuple[Rule, ...]
    end: tuple[Rule, ...]
    unmapped: Rule | None
    whole: Whole | None = None

    def columns(self) -> set[str]:
        """Every column that it names."""
        whole = {self.whole.column, *self.whole.only} if self.whole else set()
        return whole | {column for take in self._takes() for column in take.columns}

    def case_columns(self) -> set[str]:
        """Columns that speak of the case, not of a line: they must not differ within one."""
        takes = [*self.case.values(), *self.applicant.values()]
        takes += [take for rule in (*self.start, *self.end) for take in _takes_of(rule)]
        return {column for take in takes for column in take.columns}

    def line_columns(self) -> list[str]:
        """Columns that speak of a line, in order: what tells one line from another."""
        takes = [self.case_no, self.activity, self.time, *self.event.values()]
        takes += self.actor.values()
        takes += [take for rule in self._line_rules() for take in _takes_of(rule)]
        return sorted({column for take in takes if take for column in take.columns})

    def _line_rules(self) -> Iterable[Rule]:
        yield from (rule for rules in self.rules.values() for rule in rules)
        if self.unmapped:
            yield self.unmapped

    def _takes(self) -> Iterable[Take]:
        rules = (*self._line_rules(), *self.start, *self.end)
        yield from (take for rule in rules for take in _takes_of(rule))
        takes = (self.case_no, self.id, self.activity, self.time)
        yield from (take for take in takes if take)
        for table in (self.case, self.applicant, self.event, self.actor):
            yield from table.values()


def _takes_of(rule: Rule) -> list[Take]:
    times = [rule.time] if rule.time else []
    return [*times, *(field.take for field in rule.fields.values()), *rule.actor.values()]


def load_mapping(path: Path) -> Mapping:
    """The mapping of a file; MappingWrong names the key."""
    try:
        raw = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise MappingWrong(f"{path.name}: cannot be read ({error.strerror})") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise MappingWrong(f"{path.name}: is not TOML in UTF-8 ({error})") from error
    return _Loader(path).mapping(raw)


class _Loader:
    """Reads the tables of one file, knowing where it is."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def mapping(self, raw: dict[str, Any]) -> Mapping:
        """All of it."""
        top = self._table("", raw, TOP)
        case = self._table("case", top.get("case", {}), CASE)
        whole = self._whole(top, case)
        event = self._table("event", top.get("event", {}), EVENT)
        rules = self._rules("fact", top.get("fact", []), RULE | {"activity"})
        unmapped = self._unmapped(top.get("unmapped", {"as": "refuse"}), event)
        found = Mapping(
            name=self._path.name,
            source="" if whole and "source" not in top else self._source(top.get("source")),
            zoned=Zoned(self._zone(top.get("zone")), self._formats("times", top)),
            format=self._one_of("format", top.get("format", "csv"), FORMATS),
            encoding=self._one_of("encoding", top.get("encoding", "auto"), ENCODINGS),
            delimiter=self._delimiter(top.get("delimiter", ",")),
            nulls=frozenset(self._words("nulls", top["nulls"])) if "nulls" in top else NULLS,
            lists=self._lists(top.get("lists")),
            case_no=self._need("case", case, "case_no"),
            case=self._takes("case", case, CASE - {"case_no", "applicant"}),
            applicant=self._applicant(case.get("applicant")),
            id=self._id(event),
            activity=self._need("event", event, "activity") if event else None,
            time=self._need("event", event, "time") if event else None,
            event=self._takes("event", event, {"entered_at", "data_version"}),
            actor=self._actor("event.actor", event.get("actor", {})),
            rules=self._by_activity(top.get("fact", []), rules),
            start=tuple(self._rules("start", top.get("start", []), RULE)),
            end=tuple(self._rules("end", top.get("end", []), RULE)),
            unmapped=unmapped,
            whole=whole,
        )
        self._check(found, bool(event))
        return found

    def _check(self, found: Mapping, has_event: bool) -> None:
        ends = [*found.start, *found.end]
        kinds = [rule.kind for rule in ends]
        if len(set(kinds)) < len(kinds):
            self._wrong("start, end", "a kind stands twice: their ids would be the same")
        if any(rule.time is None for rule in ends):
            self._wrong("start, end", "time is missing: which column says when?")
        if not found.whole and not has_event and (found.rules or found.unmapped or not ends):
            self._wrong("event", "is missing: id, activity and time of a line")

    def _whole(self, top: dict[str, Any], case: dict[str, Any]) -> Whole | None:
        if "cloudevent" not in top:
            return None
        table = self._table("cloudevent", top["cloudevent"], CLOUDEVENT)
        more = [key for key in BESIDE_CLOUDEVENT if key in top]
        more += [f"case.{key}" for key in case if key != "case_no"]
        if more:
            self._wrong("cloudevent", f"holds whole facts: {', '.join(more)} would change nothing")
        column, only = table.get("column"), table.get("only", {})
        if not isinstance(column, str):
            self._wrong("cloudevent.column", "is missing: which column holds the fact?")
        if not isinstance(only, dict) or not all(isinstance(said, str) for said in only.values()):
            self._wrong("cloudevent.only", "must be a table of columns and what they must say")
        return Whole(column, only)

    def _wrong(self, where: str, why: str) -> NoReturn:
        place = f"{self._path.name}, {where}" if where else self._path.name
        raise MappingWrong(f"{place}: {why}")

    def _table(self, where: str, raw: Any, keys: frozenset[str]) -> dict[str, Any]:
        if not isinstance(raw, dict):
            self._wrong(where, "must be a table")
        for key in raw:
            if key not in keys:
                self._wrong(where, f"no key {shown(key)}{suggestion(key, keys)}")
        return raw

    def _source(self, raw: Any) -> str:
        try:
            return line("source", raw, ID_LONGEST)
        except FactUnreadable as error:
            self._wrong("", str(error))

    def _zone(self, raw: Any) -> ZoneInfo | None:
        if raw is None:
            return None
        try:
            return ZoneInfo(raw)
        except (KeyError, ValueError, TypeError, OSError):
            self._wrong("zone", f"{raw!r} is no time zone; write Asia/Shanghai or another")

    def _one_of(self, where: str, raw: Any, known: tuple[str, ...]) -> str:
        if raw not in known:
            self._wrong(where, f"must be one of {', '.join(known)}")
        return str(raw)

    def _delimiter(self, raw: Any) -> str:
        if not isinstance(raw, str) or len(raw) != 1 or raw in '"\r\n\0':
            self._wrong("delimiter", "must be one sign")
        return raw

    def _words(self, where: str, raw: Any) -> list[str]:
        if not isinstance(raw, list) or not all(isinstance(word, str) for word in raw):
            self._wrong(where, "must be a list of texts")
        return list(raw)

    def _formats(self, key: str, table: dict[str, Any]) -> tuple[str, ...]:
        raw = table.get(key, [ISO])
        formats = self._words(key, [raw] if isinstance(raw, str) else raw)
        for pattern in formats:
            if not is_format(pattern):
                why = "is no form of a whole date; write iso, epoch, epoch-ms or %Y-%m-%d …"
                self._wrong(key, f"{shown(pattern)} {why}")
        return tuple(formats)

    def _lists(self, raw: Any) -> Path | None:
        if raw is not None and not isinstance(raw, str):
            self._wrong("lists", "must be the path of a file of lists")
        return self._path.parent / raw if raw else None

    def _id(self, event: dict[str, Any]) -> Take | None:
        if not event or event.get("id") == LINE_HASH:
            return None
        return self._need("event", event, "id")

    def _need(self, where: str, table: dict[str, Any], key: str) -> Take:
        if key not in table:
            self._wrong(where, f"{key} is missing: which column is it?")
        return self._take(f"{where}.{key}", table[key])

    def _takes(self, where: str, table: dict[str, Any], keys: Iterable[str]) -> dict[str, Take]:
        return {key: self._take(f"{where}.{key}", table[key]) for key in keys if key in table}

    def _applicant(self, raw: Any) -> dict[str, Take]:
        if raw is None:
            return {}
        if isinstance(raw, dict):
            return {key: self._take(f"case.applicant.{key}", part) for key, part in raw.items()}
        return {"": self._take("case.applicant", raw)}

    def _actor(self, where: str, raw: Any) -> dict[str, Take]:
        table = self._table(where, raw, ACTOR)
        return self._takes(where, table, ACTOR)

    def _take(self, where: str, raw: Any) -> Take:
        if isinstance(raw, str):
            return Take(columns=(raw,))
        if isinstance(raw, list):
            return Take(columns=tuple(self._words(where, raw)))
        table = self._table(where, raw, TAKE)
        if len(table.keys() & {"column", "columns", "const"}) != 1:
            self._wrong(where, "needs one of column, columns or const")
        columns = self._words(where, table.get("columns", [table.get("column", "")]))
        const = table.get("const")
        values = table.get("values", {})
        if not isinstance(values, dict) or not isinstance(table.get("scale", 1), int):
            self._wrong(where, "values must be a table and scale a whole number")
        return Take(
            columns=() if "const" in table else tuple(columns),
            const=None if const is None else _plain(const),
            values={key: _plain(value) for key, value in values.items()},
            keep=table.get("keep") is True,
            default=_plain(table["default"]) if "default" in table else None,
            formats=self._formats("format", table) if "format" in table else (),
            split=str(table.get("split", SPLIT)),
            scale=table.get("scale", 1),
        )

    def _rules(self, where: str, raw: Any, keys: frozenset[str]) -> list[Rule]:
        if not isinstance(raw, list):
            self._wrong(where, f"must be a list of tables: write [[{where}]]")
        return [self._rule(f"{where} {n}", each, keys) for n, each in enumerate(raw, 1)]

    def _rule(self, where: str, raw: Any, keys: frozenset[str]) -> Rule:
        table = self._table(where, raw, keys)
        kind = table.get("kind")
        if kind not in FORMS:
            near = suggestion(str(kind), frozenset(FORMS))
            self._wrong(where, f"kind {kind!r} is no kind of fact{near}")
        return Rule(
            kind=str(kind),
            time=self._take(f"{where}.time", table["time"]) if "time" in table else None,
            fields=self._fields(where, form_of(str(kind)), table.get("fields", {})),
            actor=self._actor(f"{where}.actor", table.get("actor", {})),
        )

    def _fields(self, where: str, form: Form, raw: Any) -> dict[str, Field]:
        known = (form.public | form.private) - ENVELOPE
        table = self._table(f"{where}.fields", raw, known)
        missing = form.required - ENVELOPE - table.keys()
        if missing:
            self._wrong(f"{where}.fields", f"{', '.join(sorted(missing))} is missing")
        return {
            name: Field(self._take(f"{where}.fields.{name}", value), converter(form, name))
            for name, value in table.items()
        }

    def _by_activity(self, raw: list[Any], rules: list[Rule]) -> dict[str, tuple[Rule, ...]]:
        found: dict[str, tuple[Rule, ...]] = {}
        for n, (table, rule) in enumerate(zip(raw, rules, strict=True), 1):
            given = table.get("activity")
            names = [given] if isinstance(given, str) else given
            if not names:
                self._wrong(f"fact {n}", "activity is missing: which values of it?")
            for name in self._words(f"fact {n}.activity", names):
                found[name] = (*found.get(name, ()), rule)
        return found

    def _unmapped(self, raw: Any, event: dict[str, Any]) -> Rule | None:
        table = self._table("unmapped", raw, frozenset({"as", "fields"}))
        if self._one_of("unmapped.as", table.get("as"), UNMAPPED) == "refuse":
            return None
        fields = {"step": event.get("activity", ""), **table.get("fields", {})}
        return self._rule("unmapped", {"kind": "StepCompleted", "fields": fields}, RULE)


def _plain(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
