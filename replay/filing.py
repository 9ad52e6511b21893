"""A case file made: the case's events gathered from the record, told, and proved.

`gather` reads, `case_file` makes of it what a file says: the same gathering, at the same instant,
under the same checkpoint, gives the same file.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct, json

from alerts.told import outcome_from
from supervision.acts import DeskAct
from supervision.facts import Fact, Instant
from supervision.fold import Folded
from supervision.judgement.shelf import Entry as Listed
from supervision.judgement.shelf import Shelf
from supervision.lists import (
    CalendarPublished,
    ItemPublished,
    ListChangeAnnounced,
    OutageRecorded,
    PolicyPublished,
    PostGranted,
    PostRevoked,
)
from supervision.notices import (
    OUTBOX,
    CardNotTold,
    CardTold,
    CardWaits,
    MessageIntended,
    Notice,
    message_stream,
    version_of,
)
from supervision.record import Record
from supervision.store.mapping import moment
from supervision.store.stored import Stored
from supervision.streams import ERASURES, case_prefix, notices_stream, parse
from supervision.system import TextErased

from .casefile import (
    CARD,
    DESK,
    ERASED,
    ERASURE,
    FACT,
    LINK,
    LINK_OPEN,
    LIST,
    MASKED,
    MESSAGE,
    NOTICE,
    OTHER_CASES,
    SHOWN,
    CaseFile,
    FiledEvent,
    MessageFiled,
    Proof,
    Seals,
    StreamFiled,
    TextShown,
)
from .casefile_words import name_of, says
from .history import CaseHistory, Entry
from .materials import materials_of
from .merkle import leaf_hash
from .telling import Reveal, tell

FAMILY_OF = {"facts": FACT, "links": LINK, "cards": CARD, "desk": DESK, "notices": NOTICE}
DECISIONS: dict[type[Notice], str] = {
    CardTold: "told",
    CardNotTold: "not_told",
    CardWaits: "waits",
}
HAPPENED = ("occurred_at", "at", "announced_at", "since")
IDS = ("id", "card", "message")
"""Where an event says when it happened, and what it is called; the first that it has."""
MESSAGES = message_stream("")
"""What the names of the streams of messages begin with."""


class Gathered(NamedTuple):
    """What the log holds about a case up to `head`, each in log order.

    `case`: its own streams; `messages`: what was sent about its cards, with what became of it;
    `erasures`: of its texts; `lists`: all that was published.
    """

    head: int
    case: list[Stored]
    messages: list[Stored]
    erasures: list[Stored]
    lists: list[Stored]


class Filing(NamedTuple):
    """A case while its file is made: its story, what else is known, and by what it is proved."""

    source: str
    case_no: str
    told: CaseHistory
    zone: str
    now: Instant
    reveal: Reveal | None
    seals: Seals
    sealed: int
    """How many events the checkpoint covers; 0 without one."""


def gather(record: Record, source: str, case_no: str) -> Gathered:
    """Everything about a case that the log holds now. StoreError, Unreadable."""
    head = record.head()
    case = _until(head, record.read_case(source, case_no))
    messages = _until(head, _messages(record, notices_stream(source, case_no), case))
    erasures = [
        each
        for each in _until(head, record.read_stream(ERASURES))
        if isinstance(event := each.event, TextErased)
        and (event.source, event.case_no) == (source, case_no)
    ]
    return Gathered(head, case, messages, erasures, _until(head, record.read_lists()))


def _until(head: int, stored: Iterable[Stored]) -> list[Stored]:
    return sorted(each for each in stored if each.position <= head)


def _messages(record: Record, stream: str, case: Sequence[Stored]) -> Iterator[Stored]:
    decided = (each.event for each in case if each.stream == stream)
    for name in dict.fromkeys(e.message for e in decided if isinstance(e, CardTold)):
        if version := version_of(name):
            yield from record.read_stream(OUTBOX, version - 1, 1)
        yield from record.read_stream(message_stream(name))


def case_file(
    gathered: Gathered, seals: Seals, now: Instant, reveal: Reveal | None = None
) -> CaseFile | None:
    """The file of a case as recorded up to an instant; None when nothing of it is known.

    `reveal` gives the texts to whoever has the right; without it they are named, and masked.
    SealError where the seals cannot be read; StoreError; Unreadable for what a newer program wrote.
    """
    known = Gathered(
        gathered.head, *([e for e in some if e.recorded_at <= now] for some in gathered[1:])
    )
    shelf = Shelf(Listed(s.position, s.recorded_at, s.event) for s in known.lists)
    told = tell(known.case, shelf, now)
    if told is None:
        return None
    folded = Folded(known.case)
    case = folded.case()
    checkpoint = seals.latest()
    size = checkpoint.size if checkpoint else 0
    filing = Filing(
        source=told.source,
        case_no=told.case_no,
        told=told,
        zone=_zone(folded, shelf, now),
        now=now,
        reveal=reveal,
        seals=seals,
        sealed=size,
    )
    own = sorted((*known.case, *known.messages, *known.erasures))
    return CaseFile(
        origin=seals.origin,
        source=told.source,
        case_no=told.case_no,
        as_of=_utc(now),
        position=known.head,
        zone=filing.zone,
        item=told.item,
        item_name=told.item_name,
        department=told.department,
        status_zh=told.status_zh,
        status_en=told.status_en,
        light=told.light,
        history=told.history,
        texts=reveal is not None,
        events=tuple(_filed(filing, told.entries, own)),
        streams=tuple(_streams(filing, own)),
        materials=materials_of(case),
        clocks=told.clocks,
        cards=told.cards,
        findings=told.findings,
        messages=tuple(_sent(known.case, known.messages)),
        lists=tuple(_filed(filing, (), _judged_by(folded, told, known.lists))),
        proof=Proof(
            origin=seals.origin,
            vkey=seals.vkey,
            checkpoint=checkpoint.note.decode(errors="replace") if checkpoint else "",
            size=size,
            stamps=tuple(seals.stamps(size)) if checkpoint else (),
        ),
    )


def _zone(folded: Folded, shelf: Shelf, now: Instant) -> str:
    case = folded.case()
    if not case.facts:
        return "Asia/Shanghai"
    first = case.facts[0]
    return folded.lists(shelf, case, now).policy(case.source, first.at, first.known_at).zone


def _utc(at: Instant) -> str:
    return moment(at).isoformat(timespec="microseconds").replace("+00:00", "Z")


# Events.


def _filed(
    filing: Filing, entries: Iterable[Entry], stored: Sequence[Stored]
) -> Iterator[FiledEvent]:
    told = {entry.position: entry for entry in entries}
    covered = [each.position for each in stored if each.position <= filing.sealed]
    paths = filing.seals.prove_many(covered, filing.sealed) if covered else []
    proofs = dict(zip(covered, paths, strict=True))
    for each in stored:
        yield _event(filing, each, told.get(each.position), proofs.get(each.position))


def _event(
    filing: Filing, stored: Stored, told: Entry | None, path: list[bytes] | None
) -> FiledEvent:
    event, envelope = stored.event, stored.envelope
    payload = json.decode(stored.payload, type=dict[str, object])
    kind = stored.topic.partition("/")[0]
    zh, en = name_of(kind)
    what_zh, what_en = says(event)
    withheld = _withheld(filing, event)
    return FiledEvent(
        position=stored.position,
        stream=stored.stream,
        version=stored.version,
        topic=stored.topic,
        kind=kind,
        family=_family(stored),
        zh=zh,
        en=en,
        recorded_at=_utc(stored.recorded_at),
        occurred_at=_first(payload, *HAPPENED),
        id=_first(payload, *IDS),
        who=told.who if told else getattr(event, "by", ""),
        what_zh="" if withheld else what_zh,
        what_en="" if withheld else what_en,
        severity="" if withheld else _first(payload, "severity"),
        late=told is not None and told.late,
        future=told is not None and told.future,
        corrected=told is not None and told.corrected,
        texts=_texts(event, told, filing.reveal),
        envelope="" if withheld else envelope.decode(errors="replace"),
        withheld=withheld,
        leaf=leaf_hash(envelope).hex(),
        sealed=path is not None,
        proof=tuple(b64encode(step).decode() for step in path or ()),
    )


def _family(stored: Stored) -> str:
    if stored.stream == OUTBOX or stored.stream.startswith(MESSAGES):
        return MESSAGE
    if stored.stream == ERASURES:
        return ERASURE
    case = parse(stored.stream)
    return FAMILY_OF.get(case.family, case.family) if case else LIST


def _withheld(filing: Filing, event: Struct) -> str:
    """A message may be about many departments' cards, and its link signs for its recipient."""
    if not isinstance(event, MessageIntended):
        return ""
    case = (filing.source, filing.case_no)
    if any((card.source, card.case_no) != case for card in event.cards):
        return OTHER_CASES
    return LINK_OPEN if event.expires_at and event.expires_at > moment(filing.now) else ""


def _first(payload: Mapping[str, object], *names: str) -> str:
    """The first of these that was stored, as it was stored."""
    return next((str(given) for name in names if (given := payload.get(name))), "")


def _texts(event: Struct, told: Entry | None, reveal: Reveal | None) -> tuple[TextShown, ...]:
    names = [name for name, _ in told.texts] if told else []
    if reveal is None or not names:
        return tuple(TextShown(name=name, state=MASKED) for name in names)
    said = (reveal(event) if isinstance(event, Fact | DeskAct) else None) or {}
    return tuple(
        TextShown(name=name, state=SHOWN, text=said[name])
        if name in said
        else TextShown(name=name, state=ERASED)
        for name in names
    )


def _streams(filing: Filing, stored: Iterable[Stored]) -> Iterator[StreamFiled]:
    """By name; of the case's own, and of its messages, all that there is is in the file."""
    last = {each.stream: each.version for each in stored}
    own = (case_prefix(filing.source, filing.case_no), MESSAGES)
    for stream in sorted(last):
        yield StreamFiled(stream=stream, version=last[stream], whole=stream.startswith(own))


# Messages and lists.


def _sent(case: Iterable[Stored], messages: Sequence[Stored]) -> Iterator[MessageFiled]:
    for stored in case:
        notice = stored.event
        if isinstance(notice, CardTold | CardNotTold | CardWaits):
            yield _decision(stored.position, notice, messages)


def _decision(
    position: int, notice: CardTold | CardNotTold | CardWaits, messages: Sequence[Stored]
) -> MessageFiled:
    message = notice.message if isinstance(notice, CardTold) else ""
    stream = message_stream(message)
    outcome = outcome_from(each for each in messages if each.stream == stream)
    return MessageFiled(
        position=position,
        at=notice.at.isoformat(),
        decision=DECISIONS[type(notice)],
        card=notice.card,
        rung=notice.rung,
        why=notice.why,
        person=notice.person,
        channel=getattr(notice, "channel", ""),
        stage=getattr(notice, "stage", ""),
        until=notice.until.isoformat() if isinstance(notice, CardWaits) else "",
        message=message,
        state=outcome.state if message else "",
        state_at=outcome.at.isoformat() if outcome.at else "",
        attempts=outcome.attempts,
        parts=outcome.parts,
        gateway_ids=outcome.gateway_ids,
        reason=outcome.reason,
    )


def _judged_by(folded: Folded, told: CaseHistory, lists: Iterable[Stored]) -> list[Stored]:
    """The versions of its item and policy, the notices that decided its days, posts of its people,
    and, where a card asks for an answer, the times that this system was down.
    """
    case = folded.case()
    people = {known.fact.actor.id for known in folded.facts}
    notices = {version for clock in told.clocks for version in clock.calendar}

    def counts(event: Struct) -> bool:
        match event:
            case CalendarPublished(version=version):
                return version in notices
            case ItemPublished(code=code) | ListChangeAnnounced(code=code):
                return code == case.item
            case PolicyPublished(sources=sources):
                return not sources or case.source in sources
            case PostGranted() | PostRevoked():
                return event.source == case.source and event.person in people
            case OutageRecorded():
                return bool(told.cards)
        return False

    return [each for each in lists if counts(each.event)]
