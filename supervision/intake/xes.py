"""XES (IEEE 1849) in pieces: one Row an event, with its trace's attributes as "case:…" beside it.

So one mapping fits a log as XES and as the CSV that tools of process mining write. A document type
is refused, entities are not resolved and nothing is fetched. Nested and list attributes are passed
over: no fact has a place for them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from lxml import etree

from .rows import FileCutShort, FileUnreadable, Row, opened

TRACE_MOST = 100_000
"""Events of one trace, which is held in memory until it ends."""

PROLOGUE = 1 << 16
"""Bytes at the beginning in which a document type would have to stand."""

VALUES = frozenset({"string", "date", "int", "float", "boolean", "id"})


def read_xes(path: Path) -> Iterator[Row]:
    """The events in the order of the file. FileUnreadable, FileCutShort."""
    with opened(path) as raw:
        seen = 0
        try:
            _check_prologue(path, raw)
            for row in _events(path, raw):
                seen = row.line
                yield row
        except EOFError:
            raise FileCutShort(path, seen) from None
        except etree.XMLSyntaxError as error:
            if "Premature end" in str(error) or "Couldn't find end" in str(error):
                raise FileCutShort(path, seen) from None
            why = f"it is not XML from line {error.lineno} on ({error.msg})"
            raise FileUnreadable(path, why) from None


def _check_prologue(path: Path, raw: IO[bytes]) -> None:
    """Before the parser sees it: a document type may define entities that grow without end."""
    if b"<!DOCTYPE" in raw.read(PROLOGUE):
        raise _forbidden(path)
    raw.seek(0)


def _forbidden(path: Path) -> FileUnreadable:
    return FileUnreadable(path, "it has a document type (DTD), which is not allowed")


def _events(path: Path, raw: IO[bytes]) -> Iterator[Row]:
    walk = etree.iterparse(
        raw,
        events=("start", "end"),
        tag=("{*}log", "{*}trace", "{*}event"),
        resolve_entities=False,
        no_network=True,
        huge_tree=False,
        load_dtd=False,
    )
    events: list[tuple[int, dict[str, str], str]] = []
    for what, node in walk:
        if what == "start":
            if node.getroottree().docinfo.doctype:
                raise _forbidden(path)
            continue
        name = etree.QName(node).localname if isinstance(node.tag, str) else ""
        if name == "event":
            events.append((node.sourceline, *_values(node)))
            if len(events) > TRACE_MOST:
                raise FileUnreadable(path, f"a trace has more than {TRACE_MOST:,} events")
            _forget(node)
        elif name == "trace":
            yield from _of_trace(node, events)
            events = []
            _forget(node)


def _of_trace(node: Any, events: list[tuple[int, dict[str, str], str]]) -> Iterator[Row]:
    own, problem = _values(node)
    shared = {f"case:{key}": value for key, value in own.items()}
    for line, values, wrong in events:
        yield Row(line, shared | values, problem or wrong)


def _values(node: Any) -> tuple[dict[str, str], str]:
    """The attributes of a trace or event by key, and what is wrong with them."""
    found: dict[str, str] = {}
    for child in node.iterchildren(tag=etree.Element):
        if etree.QName(child).localname not in VALUES:
            continue
        key, value = child.get("key"), child.get("value")
        if key is None or value is None:
            return found, "an attribute without key or value"
        if key in found:
            return found, f"the attribute {key!r} stands twice"
        found[key] = value
    return found, ""


def _forget(node: Any) -> None:
    """Free the element and those before it; an empty one stays where parsing goes on."""
    node.clear()
    parent = node.getparent()
    if parent is None:
        return
    for before in list(node.itersiblings(preceding=True)):
        if isinstance(before.tag, str) and etree.QName(before).localname in ("event", "trace"):
            parent.remove(before)
