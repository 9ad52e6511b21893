"""The record: append and read streams, batches, idempotence."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from eventsourcing.application import Application
from eventsourcing.persistence import InfrastructureFactory, InfrastructureFactoryError
from eventsourcing.utils import Environment
from msgspec import Struct
from msgspec.structs import replace

from .acts import DeskAct
from .clock import Clock
from .errors import StoreBroken, StreamConflict
from .facts import Fact, Instant
from .store.library import LogFactory
from .store.mapping import encode, moment
from .store.port import MOST, Recorder, Transaction
from .store.stored import Stored
from .streams import (
    CLOCK,
    ERASURES,
    FACTS,
    INCIDENTS,
    LISTS,
    Family,
    case_prefix,
    facts_stream,
    parse,
)
from .system import ClockConfirmed, TextErased
from .taking import (
    APPLICANT,
    HAS_CASE,
    NO_ID,
    OTHER_CONTENT,
    Draft,
    Incoming,
    Outcome,
    Taking,
    put_incident,
    sealed_draft,
    sealing,
)
from .vault import Sealing, open_vault

__all__ = [
    "APPLICANT",
    "HAS_CASE",
    "NO_ID",
    "OTHER_CONTENT",
    "Append",
    "Incoming",
    "Log",
    "Outcome",
    "Record",
]


class Append(NamedTuple):
    """Events for one stream, of which `expected` is the last version; 0 for a new one."""

    stream: str
    expected: int
    events: Sequence[Struct]


class Log(Application[str]):
    """The eventsourcing application that carries the record: names its parts, keeps no state."""

    env = {
        "PERSISTENCE_MODULE": "supervision.store.sqlite",
        "MAPPER_TOPIC": "supervision.store.mapping:RecordMapper",
        "TRANSCODER_TOPIC": "supervision.store.mapping:NullTranscoder",
        "ORIGINATOR_ID_TYPE": "text",
    }

    def __init__(self, clock: Clock, env: dict[str, str]) -> None:
        self._clock = clock
        super().__init__(env)

    def construct_factory(self, env: Environment) -> InfrastructureFactory[Any]:
        """The store's factory, with our clock; StoreBroken if the module named is no store."""
        module = str(env.get(InfrastructureFactory.PERSISTENCE_MODULE))
        try:
            factory = super().construct_factory(env)
        except InfrastructureFactoryError as error:
            raise StoreBroken(module, f"is no store: {error.__cause__ or error}") from error
        if not isinstance(factory, LogFactory):
            raise StoreBroken(module, "is no store of this system")
        factory.clock = self._clock
        return factory

    @property
    def store(self) -> Recorder:
        """The recorder, as what the record asks of it."""
        assert isinstance(self.recorder, Recorder)
        return self.recorder


class Record:
    """The log and the vault of one home. Any number of threads and processes may hold one.

    `env` names what carries them (PERSISTENCE_MODULE and the settings of that module); without it
    they are files in the home.
    """

    def __init__(self, home: Path, clock: Clock, env: dict[str, str] | None = None) -> None:
        home.mkdir(parents=True, exist_ok=True)
        with ExitStack() as opened:
            self.log = Log(clock, {"SQLITE_DBNAME": str(home / "log.db"), **(env or {})})
            opened.callback(self.log.close)
            self.vault = open_vault(home, env or {})
            opened.callback(self.vault.close)
            self._recorder = self.log.store
            self.apply_erasures()
            opened.pop_all()

    # Writing.

    def append_facts(self, batch: Sequence[Incoming]) -> list[Outcome]:
        """Store facts of any cases in one transaction; one outcome each, in order.

        A fact is stored once for its source, id and data_version: the same content again is "had",
        other content is "refused" and an incident. History is refused for a case that the log had
        before this call, so one call must bring the whole history of a case. Texts are durable in
        the vault before the log refers to them. ClockJumped, StoreFull, StoreBusy, StoreBroken:
        nothing is stored. StoreDown: it may be, and asked for again it is "had".
        """
        if not batch:
            return []
        drafts = self._draft(batch)
        with self._recorder.transaction() as writing:
            return Taking(writing, drafts).take_all()

    def _draft(self, batch: Sequence[Incoming]) -> list[Draft]:
        private = [sealing(i) for i in batch if i.private]
        seals = iter(self.vault.seal_many(private) if private else ())
        return [
            sealed_draft(i, next(seals)) if i.private else Draft(i.fact, *encode(i.fact))
            for i in batch
        ]

    def append(self, stream: str, events: Sequence[Struct], expected_version: int) -> list[int]:
        """Store events behind that version of a stream; their positions.

        StreamConflict, telling whether what stands there is the same; and as for append_facts.
        """
        return self.append_many([Append(stream, expected_version, events)])

    def append_many(
        self, appends: Sequence[Append | tuple[str, int, Sequence[Struct]]]
    ) -> list[int]:
        """The same for many streams in one transaction: all of it is stored, or nothing."""
        wanted = [Append(*each) for each in appends]
        encoded = [[encode(event) for event in each.events] for each in wanted]
        positions: list[int] = []
        with self._recorder.transaction() as writing:
            versions = writing.versions({each.stream for each in wanted})
            for each, says in zip(wanted, encoded, strict=True):
                _expect(writing, each, says, versions[each.stream])
                for version, (topic, payload) in enumerate(says, each.expected + 1):
                    positions.append(writing.put(each.stream, version, topic, payload))
                versions[each.stream] += len(says)
        return positions

    def note(self, stream: str, make: Callable[[datetime], Struct]) -> datetime:
        """Store one event at the end of a stream, whatever stands there; when it was recorded."""
        with self._recorder.transaction() as writing:
            at = moment(writing.recorded_at)
            version = writing.versions([stream])[stream] + 1
            writing.put(stream, version, *encode(make(at)))
            return at

    def seal(self, act: DeskAct, private: Mapping[str, str]) -> DeskAct:
        """The act, ready to be appended, with its texts durable in the vault."""
        (sealed,) = self.seal_many([(act, private)])
        return sealed

    def seal_many(self, acts: Sequence[tuple[DeskAct, Mapping[str, str]]]) -> list[DeskAct]:
        """The same for many acts, in order, at the cost of one."""
        items = [Sealing(act.source, act.case_no, act.id, 1, private) for act, private in acts]
        return [
            replace(act, texts=tuple(sorted(private)), sealed=sealed.sealed)
            for (act, private), sealed in zip(acts, self.vault.seal_many(items), strict=True)
        ]

    def incident(
        self, incident_id: str, kind: str, source: str = "", case_no: str = "", detail: str = ""
    ) -> bool:
        """Record an incident unless one of that id was; whether it is new."""
        with self._recorder.transaction() as writing:
            version = writing.versions([INCIDENTS])[INCIDENTS] + 1
            return put_incident(writing, version, (incident_id, kind, source, case_no, detail))

    def confirm_clock(self, by: str) -> Instant:
        """An operator says that the clock is right now: intake and time go on; the new stamp.

        Stamps do not go back: behind a clock that was ahead they stand still until it catches up.
        """
        with self._recorder.transaction(confirmed=True) as writing:
            before = writing.before.last if writing.before else writing.recorded_at
            event = ClockConfirmed(before=moment(before), after=moment(writing.now.wall), by=by)
            version = writing.versions([CLOCK])[CLOCK] + 1
            writing.put(CLOCK, version, *encode(event))
            return writing.recorded_at

    def erase(
        self, source: str, case_no: str, by: str, basis: str = "", applicant_ref: str = ""
    ) -> None:
        """Destroy the secret and the texts of a case, and say so in the log first."""
        with self._recorder.transaction() as writing:
            at = moment(writing.recorded_at)
            event = TextErased(
                source=source,
                case_no=case_no,
                at=at,
                by=by,
                basis=basis,
                applicant_ref=applicant_ref,
            )
            version = writing.versions([ERASURES])[ERASURES] + 1
            writing.put(ERASURES, version, *encode(event))
        self._erase(event)

    def apply_erasures(self) -> None:
        """Erase again what the log says was erased: after a restore, or a death in between."""
        for stored in self.read_stream(ERASURES):
            event = stored.event
            if isinstance(event, TextErased):
                self._erase(event)

    def _erase(self, event: TextErased) -> None:
        self.vault.erase(event.source, event.case_no)
        if event.applicant_ref:
            self.vault.erase_applicant(event.applicant_ref)

    # Reading.

    def read(self, after: int, limit: int) -> list[Stored]:
        """Up to `limit` events behind a position, on to the end of the transaction it cuts."""
        return self._recorder.after(after, limit)

    def read_stream(self, stream: str, after: int = 0, limit: int = MOST) -> list[Stored]:
        """Up to `limit` events of one stream behind version `after`, in order; all, by default."""
        return self._recorder.stream(stream, after, limit)

    def version(self, stream: str) -> int:
        """The last version of a stream, 0 for one not yet there."""
        return self._recorder.version(stream)

    def read_case(self, source: str, case_no: str) -> list[Stored]:
        """All streams of one case, in log order."""
        return self._recorder.under(case_prefix(source, case_no))

    def read_lists(self) -> list[Stored]:
        """All that was published, in log order."""
        return self._recorder.under(LISTS)

    def texts(self, fact: Fact | DeskAct) -> dict[str, str] | None:
        """The personal data and free text of a fact or act; None when erased or never given."""
        if not fact.sealed:
            return None
        data_version = fact.data_version if isinstance(fact, Fact) else 1
        return self.vault.open(fact.source, fact.case_no, fact.id, data_version, fact.sealed)

    def cases(self, families: Collection[Family] = (FACTS,)) -> Iterator[tuple[str, str]]:
        """Source and case_no of every case that has a stream of one of these families, each once,
        in order of stream name.
        """
        last = None
        for name in self._recorder.streams("case/"):
            case = parse(name)
            if case and case.family in families and case[:2] != last:
                last = case[:2]
                yield last

    def find_case(self, case_no: str) -> list[str]:
        """The source systems that have a case of this number."""
        return [
            source
            for source in self._recorder.sources()
            if self._recorder.has(facts_stream(source, case_no))
        ]

    def head(self) -> int:
        """The position of the last event, 0 for an empty log."""
        return self._recorder.head()

    def last_stamp(self) -> Instant:
        """The last stamp given (µs), 0 before the first."""
        return self._recorder.last_stamp()

    def recorded_at(self, position: int) -> Instant:
        """When the event at a position was recorded (µs); 0 where there is none.

        A log that was restored from an older copy, and went on, tells another instant.
        """
        found = self._recorder.after(position - 1, 1)[:1] if position > 0 else []
        return found[0].recorded_at if found else 0

    # Following.

    def heartbeat(self) -> tuple[Instant, int]:
        """A new stamp (µs) and the head position: nothing up to the stamp comes behind the head."""
        return self._recorder.heartbeat()

    def subscribe(self, callback: Callable[[], object]) -> Callable[[], None]:
        """Call back after each commit of this process that stored events; gives its ending."""
        return self._recorder.on_commit(callback)

    def changed(self) -> int:
        """A number that changes whenever any process has committed, heartbeats included."""
        return self._recorder.data_version()

    def close(self) -> None:
        """Close the log and the vault."""
        self.log.close()
        self.vault.close()


def _expect(
    writing: Transaction, each: Append, says: list[tuple[str, bytes]], version: int
) -> None:
    if version != each.expected:
        stored = writing.stored(each.stream, each.expected, len(says))
        raise StreamConflict(each.stream, version, same=stored == says)
