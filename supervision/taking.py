"""Facts taken into the record: each stored once, had already, or refused."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from .facts import ApplicationReceived, Fact
from .store.mapping import decode, encode, moment
from .store.port import Transaction
from .store.stored import Key
from .streams import INCIDENTS, facts_stream
from .system import IncidentRecorded
from .vault import Sealed, Sealing

APPLICANT = "applicant"
"""The private field of ApplicationReceived that says who applied."""

OTHER_CONTENT = "same id, other content"
HAS_CASE = "history of a case that the log already has"
NO_ID = "no id, source or case number"


class Incoming(NamedTuple):
    """A fact as it came, and its personal data and free text by name."""

    fact: Fact
    private: Mapping[str, str] = MappingProxyType({})


class Outcome(NamedTuple):
    """What became of an incoming fact; `position` is where the log has it, 0 if it has not."""

    state: Literal["stored", "had", "refused"]
    position: int = 0
    reason: str = ""


class Draft(NamedTuple):
    """A fact ready to be stored; `erased`: its case's secret was destroyed."""

    fact: Fact
    topic: str
    payload: bytes
    erased: bool = False


class Taking:
    """One batch of facts, under the lock."""

    def __init__(self, writing: Transaction, drafts: Sequence[Draft]) -> None:
        self._writing = writing
        self._drafts = drafts
        self._keys = [(d.fact.source, d.fact.id, d.fact.data_version) for d in drafts]
        self._seen = writing.seen(set(self._keys))
        cases = {(draft.fact.source, draft.fact.case_no) for draft in drafts}
        self._streams = {case: facts_stream(*case) for case in cases}
        self._versions = writing.versions([*self._streams.values(), INCIDENTS])
        self._had = {name for name, version in self._versions.items() if version}

    def take_all(self) -> list[Outcome]:
        """The outcome of each draft, in order."""
        return [self._take(*each) for each in zip(self._keys, self._drafts, strict=True)]

    def _take(self, key: Key, draft: Draft) -> Outcome:
        fact, topic, payload, _ = draft
        if not (fact.id and fact.source and fact.case_no):
            return Outcome("refused", 0, NO_ID)
        if key in self._seen:
            return self._again(key, draft)
        stream = self._streams[fact.source, fact.case_no]
        if fact.history and stream in self._had:
            return Outcome("refused", 0, HAS_CASE)
        version = self._versions[stream] = self._versions[stream] + 1
        position = self._seen[key] = self._writing.put(stream, version, topic, payload)
        self._writing.see(key, position)
        return Outcome("stored", position)

    def _again(self, key: Key, draft: Draft) -> Outcome:
        position = self._seen[key]
        stored = self._writing.at(position)
        if (draft.topic, draft.payload) == stored or _says_the_same(draft, decode(*stored)):
            return Outcome("had", position)
        self._other_content(key, draft)
        return Outcome("refused", position, OTHER_CONTENT)

    def _other_content(self, key: Key, draft: Draft) -> None:
        name = f"{key[0]} {key[1]} {key[2]}"
        digest = hashlib.sha256(draft.topic.encode() + draft.payload).hexdigest()[:16]
        says = (f"{name} {digest}", "same_id_other_content", key[0], draft.fact.case_no, name)
        if put_incident(self._writing, self._versions[INCIDENTS] + 1, says):
            self._versions[INCIDENTS] += 1


def _says_the_same(draft: Draft, stored: Struct) -> bool:
    """Whether the department said the same: whether it came as history is not part of that.

    The texts are compared by their HMAC, but for a case whose secret was destroyed.
    """
    if type(stored) is not type(draft.fact):
        return False
    return _said(draft.fact, draft.erased) == _said(stored, draft.erased)


def _said(fact: Struct, erased: bool) -> bytes:
    ours: dict[str, Any] = {"history": False}
    if isinstance(fact, ApplicationReceived):
        ours["applicant_ref"] = ""
    if erased:
        ours["sealed"] = ""
    return encode(replace(fact, **ours))[1]


def put_incident(writing: Transaction, version: int, says: tuple[str, str, str, str, str]) -> bool:
    """Store it once, whether it is new: an id without a source marks in `seen` that it was."""
    incident_id, kind, source, case_no, detail = says
    key = ("", incident_id, 1)
    if writing.seen([key]):
        return False
    at = moment(writing.recorded_at)
    event = IncidentRecorded(
        id=incident_id, kind=kind, source=source, case_no=case_no, detail=detail, at=at
    )
    writing.see(key, writing.put(INCIDENTS, version, *encode(event)))
    return True


def sealing(incoming: Incoming) -> Sealing:
    """What the vault is asked to keep of a fact."""
    fact, private = incoming
    applicant = private.get(APPLICANT, "") if isinstance(fact, ApplicationReceived) else ""
    return Sealing(fact.source, fact.case_no, fact.id, fact.data_version, private, applicant)


def sealed_draft(incoming: Incoming, seal: Sealed) -> Draft:
    """The fact with what the vault made of its texts."""
    fact, private = incoming
    ours: dict[str, Any] = {"texts": tuple(sorted(private)), "sealed": seal.sealed}
    if isinstance(fact, ApplicationReceived):
        ours["texts"] = tuple(sorted(set(private) - {APPLICANT}))
        ours["applicant_ref"] = seal.applicant_ref
    filled = replace(fact, **ours)
    return Draft(filled, *encode(filled), seal.erased)
