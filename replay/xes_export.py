"""Cases as XES (IEEE 1849), for tools of process mining: a trace a case, an event an event.

A trace's item and department are those that the case's corrected facts name first. Each event
stands where it happened (time:timestamp, with the offset that was reported), with when
it was recorded beside it (supervision:recorded_at). supervision:family tells what was reported
("facts") from what supervision did ("cards", "desk", "notices") and found ("links"). An event of a
fact also carries the whole fact as a CloudEvent (supervision:cloudevent): examples/xes/mapping.toml
imports exactly these again. The single attributes beside it are for reading: in them a list is
joined to one text, and what XML cannot hold (control characters) is U+FFFD, as it is not in the
CloudEvent, whose JSON escapes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime

from supervision.facts import Fact
from supervision.fold import Folded
from supervision.intake.envelope import write_event

from .exporting import FACTS, CaseEvents, Plain, Texts, Told, told

PREFIX = "supervision"
EXTENSION_URI = "urn:supervision:xes"
"""Of the extension that examples/xes/supervision.xesext defines."""

EXTENSIONS = (
    ("Concept", "concept", "http://www.xes-standard.org/concept.xesext"),
    ("Time", "time", "http://www.xes-standard.org/time.xesext"),
    ("Organizational", "org", "http://www.xes-standard.org/org.xesext"),
    ("Lifecycle", "lifecycle", "http://www.xes-standard.org/lifecycle.xesext"),
    ("Supervision", PREFIX, EXTENSION_URI),
)
CLASSIFIERS = (
    ("Activity", "concept:name"),
    ("ActivityAndLifecycle", "concept:name lifecycle:transition"),
    ("Kind", f"{PREFIX}:event"),
)
"""Names as the schema wants them (NCName), and keys, which are all among the globals."""

NO_TIME = datetime.fromisoformat("1970-01-01T00:00:00+00:00")
NOTHING = "__INVALID__"
"""What a global attribute stands for where an event lacks it; no event of ours does."""

_ESCAPED = re.compile('[&<>"\x00-\x1f\ud800-\udfff\ufffe\uffff]')
_REFERENCES = (
    ("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("\t", "&#9;"), ("\n", "&#10;"),
    ("\r", "&#13;"),
)  # fmt: skip
"""In the order in which they are replaced."""
_NO_CHARACTER = re.compile("[\x00-\x1f\ud800-\udfff\ufffe\uffff]")
_NOT_XML = re.compile("[\ufffe\uffff]")


def xes(
    cases: Iterable[CaseEvents], *, texts: Texts | None = None, several: bool = False
) -> Iterator[bytes]:
    """The bytes of an XES file in UTF-8, one piece a case; holds one case at a time.

    A trace is named by its case's number; with `several` sources, of which two may use the same
    number, by SOURCE/CASE_NO. TooNew, Unreadable.
    """
    yield "".join(_head()).encode()
    for case in cases:
        yield "".join(_trace(case, texts, several)).encode()
    yield b"</log>\n"


def _head() -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield '<log xmlns="http://www.xes-standard.org/" xes.version="1849.2016" xes.features="">\n'
    for name, prefix, uri in EXTENSIONS:
        yield f'<extension name="{name}" prefix="{prefix}" uri="{uri}"/>\n'
    yield '<global scope="trace">\n'
    for key in ("concept:name", f"{PREFIX}:source", f"{PREFIX}:case_no"):
        yield _attribute(key, NOTHING)
    yield '</global>\n<global scope="event">\n'
    for key in ("concept:name", "lifecycle:transition", f"{PREFIX}:event", f"{PREFIX}:family"):
        yield _attribute(key, NOTHING)
    yield _attribute("time:timestamp", NO_TIME)
    yield _attribute(f"{PREFIX}:recorded_at", NO_TIME)
    yield _attribute(f"{PREFIX}:position", 0)
    yield "</global>\n"
    for name, keys in CLASSIFIERS:
        yield f'<classifier name="{name}" keys="{keys}"/>\n'
    yield _attribute("concept:name", "行政审批电子监察 Electronic supervision of approvals")


def _trace(case: CaseEvents, texts: Texts | None, several: bool) -> Iterator[str]:
    events = told(case, texts)
    yield "<trace>\n"
    yield _attribute("concept:name", f"{case.source}/{case.case_no}" if several else case.case_no)
    yield _attribute(f"{PREFIX}:source", case.source)
    yield _attribute(f"{PREFIX}:case_no", case.case_no)
    as_told = Folded(case.in_order()).case()
    yield from _given(f"{PREFIX}:item", as_told.item)
    yield from _given(f"{PREFIX}:department", as_told.department)
    for each in events:
        yield from _event(each)
    yield "</trace>\n"


def _event(each: Told) -> Iterator[str]:
    yield "<event>\n"
    yield _attribute("concept:name", each.activity)
    yield from _given("concept:instance", each.id)
    yield _attribute("time:timestamp", each.at)
    yield _attribute("lifecycle:transition", "complete")
    yield from _given("org:resource", each.who.id)
    yield from _given("org:role", each.who.post)
    yield from _given("org:group", each.who.department)
    yield _attribute(f"{PREFIX}:event", each.name)
    yield _attribute(f"{PREFIX}:family", each.family)
    yield _attribute(f"{PREFIX}:recorded_at", each.recorded_at)
    yield _attribute(f"{PREFIX}:position", each.position)
    for name, value in each.fields():
        yield _attribute(f"{PREFIX}:{name}", value)
    for name, text in each.texts.items():
        yield _attribute(f"{PREFIX}:text.{name}", text)
    if each.family == FACTS and isinstance(each.event, Fact):
        yield _attribute(f"{PREFIX}:cloudevent", _cloudevent(each.event, each))
    yield "</event>\n"


def _cloudevent(fact: Fact, each: Told) -> str:
    """In JSON; the two characters that neither XML holds nor JSON must escape are escaped."""
    text = write_event(fact, each.texts).decode()
    return _NOT_XML.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _given(key: str, text: str) -> Iterator[str]:
    if text:
        yield _attribute(key, text)


def _attribute(key: str, value: Plain) -> str:
    if isinstance(value, str):
        text = _escaped(value) if _ESCAPED.search(value) else value
        return f'<string key="{key}" value="{text}"/>\n'
    if isinstance(value, bool):
        return f'<boolean key="{key}" value="{"true" if value else "false"}"/>\n'
    if isinstance(value, int):
        return f'<int key="{key}" value="{value}"/>\n'
    return f'<date key="{key}" value="{value.isoformat()}"/>\n'


def _escaped(text: str) -> str:
    for character, reference in _REFERENCES:
        text = text.replace(character, reference)
    return _NO_CHARACTER.sub("\ufffd", text)
