"""A fact from named fields, as every way in reads it; or the reason why it cannot be read.

Only what cannot be read is refused: unknown kinds and fields, values of another type, times that
do not exist or lack an offset, sizes beyond the limits below, control characters and halves of
characters. An unknown item, a time in the future or a deadline in the past is no reason.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import datetime
from difflib import get_close_matches
from functools import partial
from typing import Any, NamedTuple

import msgspec

from ..errors import SupervisionError
from ..facts import FACTS, Actor, Fact
from ..record import APPLICANT, Incoming

ID_LONGEST = 200
"""Characters of an id, a source system's name or the id that a fact refers to."""

CASE_NO_LONGEST = 50
"""Characters of a case number (domain: 2)."""

WORD_LONGEST = 500
"""Characters of every other field of one line: codes, names, document numbers, bases."""

TEXT_LONGEST = 20_000
"""Characters of a free text: some thirty pages."""

APPLICANT_LONGEST = 2_000
"""Characters of an applicant's identity in its canonical form."""

MATERIALS_MOST = 500
"""Materials that one fact may name."""

MATERIAL_LONGEST = 200
"""Characters of the name of a material."""

SHOWN_LONGEST = 60
"""Characters of a value that a message repeats."""

YEARS = (1970, 2999)
"""First and last year of any time: what lies outside is a stand-in for "none" (1900, 9999)."""

NUMBERS: dict[str, tuple[int, int]] = {
    "data_version": (1, 1_000_000),
    "round": (1, 1_000),
    "days": (0, 10_000),
    "approved_days": (0, 10_000),
    "amount": (0, 10**13),
    "standard": (0, 10**13),
    "grade": (1, 5),
}
"""Smallest and largest value of each number; amounts are in fen."""

OURS = frozenset({"texts", "sealed", "history", "applicant_ref"})
"""Fields that this system fills; no sender may."""

NOT_REPORTED = frozenset({"CaseLinked"})
"""Kinds that this system finds by itself; no department reports them."""

NOTES = "notes"
SAYS = "says"

PRIVATE: dict[str, frozenset[str]] = {
    "ApplicationReceived": frozenset({APPLICANT, NOTES}),
    "SupplementRequested": frozenset({"reason", NOTES}),
    "SupplementReceived": frozenset({NOTES}),
    "CaseAccepted": frozenset({"opinion", NOTES}),
    "CaseRefused": frozenset({"reason", "opinion", NOTES}),
    "StepCompleted": frozenset({"opinion", "reason", NOTES}),
    "SpecialProcedureStarted": frozenset({"reason", NOTES}),
    "SpecialProcedureEnded": frozenset({"opinion", NOTES}),
    "ExtensionApproved": frozenset({"reason", "opinion", NOTES}),
    "DecisionSigned": frozenset({"reason", "opinion", NOTES}),
    "CaseConcluded": frozenset({"reason", "opinion", NOTES}),
    "CertificateIssued": frozenset({NOTES}),
    "ReadyForCollection": frozenset({NOTES}),
    "ResultDelivered": frozenset({NOTES}),
    "CaseWithdrawn": frozenset({"reason", NOTES}),
    "FeeCharged": frozenset({NOTES}),
    "ServiceRated": frozenset({"text", NOTES}),
    "ComplaintFiled": frozenset({"matter", NOTES}),
    "ComplaintAnswered": frozenset({"answer", NOTES}),
    "FactCorrected": frozenset({"reason", NOTES}),
}
"""Personal data and free text of each kind: kept in the vault, apart from the log."""

_IN_A_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_IN_A_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")


class FactUnreadable(SupervisionError, ValueError):
    """Why one record is no fact; the message names the field."""


class Refused(NamedTuple):
    """A record that cannot be read; `id` and `case_no` as far as they could be."""

    id: str
    reason: str
    case_no: str = ""


def read_fact(kind: str, says: Mapping[str, object], *, history: bool = False) -> Incoming:
    """The fact of this kind with these fields, its private ones apart; a None was not given.

    Raises FactUnreadable.
    """
    form = form_of(kind)
    public: dict[str, object] = {"history": True} if history else {}
    private: dict[str, str] = {}
    for name, value in says.items():
        if value is None:
            continue
        if name in form.public:
            public[name] = value
        elif name in form.private:
            private[name] = _applicant(value) if name == APPLICANT else _text(name, value)
        else:
            raise FactUnreadable(_unknown(name, kind, form))
    if SAYS in public:
        public[SAYS] = _corrections(public[SAYS], private)
    fact = _convert(public, form)
    for name in public:
        if check := form.checks.get(name):
            check(name, getattr(fact, name))
    _check_actor(public.get("actor"), fact.actor)
    return Incoming(fact, {name: text for name, text in private.items() if text})


def form_of(kind: str) -> Form:
    """What a kind of fact may say; FactUnreadable names the kinds that there are."""
    try:
        return FORMS[kind]
    except (KeyError, TypeError):
        known = ", ".join(FORMS)
        raise FactUnreadable(f"type {shown(kind)} is not known; known are {known}") from None


def line(name: str, value: object, longest: int) -> str:
    """A text of one line that is not empty; FactUnreadable."""
    if not isinstance(value, str):
        raise FactUnreadable(f"{name}: must be text")
    if not value or value.isspace():
        raise FactUnreadable(f"{name}: is missing or empty")
    _check_line(longest, name, value)
    return value


def shown(value: str) -> str:
    """A value as a message may show it: quoted, without control characters, cut."""
    if len(value) > SHOWN_LONGEST:
        value = value[:SHOWN_LONGEST] + "…"
    return ascii(value) if _has_half(value) else repr(value)


def suggestion(name: str, known: Mapping[str, object] | frozenset[str]) -> str:
    """ "; did you mean X?", if something like it is known."""
    near = get_close_matches(name[:SHOWN_LONGEST], list(known), 1)
    return f"; did you mean {near[0]}?" if near else ""


def _has_half(value: str) -> bool:
    return _IN_A_LINE.search(value) is not None


def _unknown(name: str, kind: str, form: Form) -> str:
    if name in OURS:
        return f"{name}: this system fills it, a sender may not"
    near = suggestion(name, form.public | form.private)
    return f"{kind} has no field {shown(name)}; it would be lost{near}"


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise FactUnreadable(f"{name}: must be text")
    if len(value) > TEXT_LONGEST:
        raise FactUnreadable(f"{name}: has more than {TEXT_LONGEST:,} characters")
    if _IN_A_TEXT.search(value):
        raise FactUnreadable(f"{name}: has a control character or half a character")
    return "" if value.isspace() else value


def _applicant(value: object) -> str:
    """The canonical form: the same words give the same identity, however they were typed."""
    if isinstance(value, Mapping):
        parts = {_plain(name): _plain(part) for name, part in value.items() if part is not None}
        given = {name: part for name, part in sorted(parts.items()) if part}
        text = msgspec.json.encode(given).decode() if given else ""
    else:
        text = _plain(value)
    if len(text) > APPLICANT_LONGEST:
        raise FactUnreadable(f"{APPLICANT}: has more than {APPLICANT_LONGEST:,} characters")
    return text


def _plain(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**30:
        value = str(value)
    if not isinstance(value, str):
        raise FactUnreadable(f"{APPLICANT}: must be text, or an object of texts")
    if _IN_A_TEXT.search(value):
        raise FactUnreadable(f"{APPLICANT}: has a control character or half a character")
    return " ".join(unicodedata.normalize("NFKC", value).split())


def _convert(public: dict[str, object], form: Form) -> Fact:
    try:
        return msgspec.convert(public, form.cls)
    except msgspec.ValidationError as error:
        raise FactUnreadable(_said(str(error))) from None
    except (UnicodeError, RecursionError, OverflowError):
        raise FactUnreadable("a value is too deep, too large or half a character") from None


def _said(error: str) -> str:
    """The library's message in the form "field: what is wrong"."""
    what, _, path = error.partition(" - at `$")
    if "RFC3339" in what:
        what = "is no time that exists, written as 2026-11-20T09:30:00+08:00"
    elif missing := re.fullmatch("Object missing required field `(.*)`", what):
        return f"{path.strip('.`')}{'.' if path else ''}{missing[1]}: is missing"
    field = path.strip(".`")
    return f"{field}: {what[:1].lower()}{what[1:]}" if field else what


def _corrections(value: object, private: dict[str, str]) -> object:
    """What a correction says, its free texts moved to `private` as "says.NAME"."""
    if not isinstance(value, Mapping):
        raise FactUnreadable(f"{SAYS}: must be an object of fields")
    kept: dict[str, object] = {}
    for name, part in value.items():
        if name in FREE_TEXTS:
            text = _applicant(part) if name == APPLICANT else _text(name, part)
            private[f"{SAYS}.{name}"] = text
        elif name in CORRECTABLE:
            _check_correction(name, part)
            kept[name] = part
        else:
            near = suggestion(str(name), CORRECTABLE)
            raise FactUnreadable(f"{SAYS}: {shown(name)} cannot be corrected{near}")
    return kept


def _check_correction(name: str, value: object) -> None:
    """Readable as that field of some kind of fact."""
    reason: FactUnreadable | None = None
    for hint, check in CORRECTABLE[name]:
        try:
            read = msgspec.convert(value, hint)
            check(name, read)
            if isinstance(read, Actor):
                _check_actor(value, read)
            return
        except FactUnreadable as error:
            reason = error
        except (msgspec.ValidationError, UnicodeError, RecursionError, OverflowError) as error:
            reason = FactUnreadable(f"{name}: {_said(str(error))}")
    raise FactUnreadable(f"{SAYS}: {reason}")


Check = Callable[[str, Any], None]


def _check_time(name: str, value: datetime | None) -> None:
    if value is None:
        return
    offset = value.utcoffset()
    if offset is None:
        raise FactUnreadable(f"{name}: has no offset; write +08:00 or another after it")
    if not YEARS[0] <= value.year <= YEARS[1]:
        raise FactUnreadable(f"{name}: the year {value.year} is not in {YEARS[0]} to {YEARS[1]}")
    if offset.seconds % 60 or offset.microseconds:
        raise FactUnreadable(f"{name}: the offset is not of whole minutes")


def _check_number(name: str, value: int | None) -> None:
    low, high = NUMBERS[name]
    if value is not None and not low <= value <= high:
        raise FactUnreadable(f"{name}: must be {low:,} to {high:,}")


def _check_line(longest: int, name: str, value: str) -> None:
    if len(value) <= longest and value.isprintable():
        return
    if len(value) > longest:
        raise FactUnreadable(f"{name}: has more than {longest} characters")
    if _IN_A_LINE.search(value):
        raise FactUnreadable(f"{name}: has a control character, line break or half a character")


def _check_materials(name: str, value: tuple[str, ...]) -> None:
    if len(value) > MATERIALS_MOST:
        raise FactUnreadable(f"{name}: has more than {MATERIALS_MOST} entries")
    for each in value:
        _check_line(MATERIAL_LONGEST, name, each)


def _check_name(longest: int, name: str, value: str) -> None:
    line(name, value, longest)


def _check_nothing(name: str, value: object) -> None:
    """A truth value, an actor and a correction are checked elsewhere, or need none."""


def _check_actor(given: object, actor: Actor) -> None:
    if given is None:
        return
    if isinstance(given, Mapping) and (more := given.keys() - set(Actor.__struct_fields__)):
        raise FactUnreadable(f"actor: has no field {shown(min(more, key=str))}; it would be lost")
    for name in Actor.__struct_fields__:
        _check_line(WORD_LONGEST, f"actor.{name}", getattr(actor, name))


LONGEST = {"id": ID_LONGEST, "source": ID_LONGEST, "case_no": CASE_NO_LONGEST}
"""Fields of one line that must not be empty."""

NAMES = frozenset({"step", "kind", "corrects"})
"""Words without which a fact says nothing."""


def _check_of(name: str, hint: Any) -> Check:
    """The check of a field, by its type."""
    if name in LONGEST:
        return partial(_check_name, LONGEST[name])
    if name in NAMES:
        return partial(_check_name, ID_LONGEST)
    if hint is str:
        return partial(_check_line, WORD_LONGEST)
    if name in NUMBERS:
        return _check_number
    if name == "materials":
        return _check_materials
    if "datetime" in str(hint):
        return _check_time
    return _check_nothing


class Form(NamedTuple):
    """What one kind of fact may say. `types` are those of the public fields."""

    cls: type[Fact]
    public: frozenset[str]
    private: frozenset[str]
    checks: dict[str, Check]
    types: dict[str, Any]
    required: frozenset[str]


def _form(kind: str, cls: type[Fact]) -> Form:
    fields = [field for field in msgspec.structs.fields(cls) if field.name not in OURS]
    types = {field.name: field.type for field in fields}
    checks = {name: _check_of(name, hint) for name, hint in types.items()}
    return Form(
        cls=cls,
        public=frozenset(types),
        private=PRIVATE[kind],
        checks={name: check for name, check in checks.items() if check is not _check_nothing},
        types=types,
        required=frozenset(field.name for field in fields if field.required),
    )


FORMS: dict[str, Form] = {
    kind: _form(kind, cls) for kind, cls in FACTS.items() if kind not in NOT_REPORTED
}
"""The kinds that a department may report."""

FREE_TEXTS = frozenset().union(*PRIVATE.values())

FIXED = frozenset({"id", "source", "case_no", "data_version", "says", "void", "corrects"})
"""What no correction changes."""


def _correctable() -> dict[str, list[tuple[Any, Check]]]:
    found: dict[str, list[tuple[Any, Check]]] = {}
    for form in FORMS.values():
        for name, hint in form.types.items():
            kinds = found.setdefault(name, [])
            if name not in FIXED and hint not in [known for known, _ in kinds]:
                kinds.append((hint, _check_of(name, hint)))
    return {name: kinds for name, kinds in found.items() if kinds}


CORRECTABLE = _correctable()
"""Fields that a correction may give, with what they may be in the kinds that have them."""
