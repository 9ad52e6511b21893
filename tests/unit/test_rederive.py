"""Acts derived again and compared: equal, or what differs and why."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from random import Random

import msgspec
import pytest
from msgspec import Struct
from msgspec.structs import replace

from projections.keeping import program_digest
from projections.programs import note_program, programs
from replay import reasons
from replay.changes import mode_change
from replay.every_case import Cancelled, NoSuchSource, Watching
from replay.reasons import (
    BROKEN,
    CONTENT,
    FACT,
    HALTED,
    LIST,
    MISSING,
    NOT_DERIVED,
    NOT_JUDGED,
    ORDER,
    PROGRAM_CHANGED,
    TOO_NEW,
    UNEXPLAINED,
    UNREADABLE,
    Difference,
)
from replay.rederive import Rederived, rederive
from replay.what_if import Scope, what_if
from supervision.acts import CardAct, CardIssued
from supervision.facts import Instant, instant
from supervision.judgement.cards import moment
from supervision.lists import ItemPublished
from supervision.notices import CardNotTold
from supervision.store.mapping import encode
from supervision.store.stored import Stored
from supervision.streams import INCIDENTS, PROGRAM, cards_stream, facts_stream, notices_stream
from supervision.system import IncidentRecorded
from tests.court import at, fact, item
from tests.histories import START, bundled_some, history
from tests.memorylog import DAY, SECOND, Schedule, Transaction, run, stream_of
from tests.replayed import Readable, began

SEED = 7
HOUR = 3_600 * SECOND
C1 = cards_stream("s", "C1")


def lived() -> Readable:
    """A history that this program judged as time passed, from its beginning, and said so."""
    told, until = history(SEED, cases=2)
    noted = Transaction(START - 2 * DAY, [began(START - 2 * DAY)])
    return Readable(run([noted, *told], until, Schedule(beat=100), Random(SEED)), until + 10)


def compare(log: Readable, program: str = "") -> Rederived:
    return rederive(log, program=program, processes=0)


def counted(made: Rederived) -> dict[tuple[str, str], int]:
    return {(what, why): count for what, why, count in made.counts}


def only(made: Rederived) -> Difference:
    """The one difference there is."""
    (difference,) = made.differences
    return difference


def acts_of(log: Readable, stream: str = C1) -> list[Stored]:
    return [s for s in log.stored if s.stream == stream]


def changed(log: Readable, stored: Stored, become: Callable[[Stored], Stored | None]) -> None:
    """One event of the log, behind its back: other, or gone."""
    place = log.stored.index(stored)
    other = become(stored)
    log.stored[place : place + 1] = [other] if other else []


def test_a_log_that_was_judged_as_it_is_derived_is_equal() -> None:
    """Every case is looked at, every act is there, nothing differs."""
    made = compare(lived())
    assert made.equal
    assert made.cases == 2
    assert made.acts == sum(s.stream.endswith("/cards") for s in lived().stored) > 0
    assert made.differences == ()
    assert made.unexplained == 0


def test_an_act_that_says_something_else_is_named_with_its_fields() -> None:
    """Changed behind the log's back: which act, where it stands, which field, both values."""
    log = lived()
    issued = next(s for s in acts_of(log) if isinstance(s.event, CardIssued))
    changed(
        log,
        issued,
        lambda s: s._replace(payload=encode(replace(s.event, department="别局"))[1]),
    )
    found = only(compare(log))
    assert (found.what, found.why) == (CONTENT, UNEXPLAINED)
    assert (found.position, found.version) == (issued.position, issued.version)
    assert [(f.name, f.recorded) for f in found.fields] == [("department", '"别局"')]


def test_an_act_that_was_taken_out_is_missing() -> None:
    """It follows and is not there; nothing later is reported in its place."""
    log = lived()
    gone = next(s for s in acts_of(log) if isinstance(s.event, CardIssued))
    changed(log, gone, lambda _: None)
    found = only(compare(log))
    assert (found.what, found.why) == (MISSING, UNEXPLAINED)
    assert isinstance(gone.event, CardIssued)
    assert (found.card, found.position) == (gone.event.card, 0)


def test_an_act_that_was_put_in_does_not_follow() -> None:
    """A card that no rule issued is named by its position."""
    log = lived()
    issued = next(s for s in acts_of(log) if isinstance(s.event, CardIssued))
    made_up = encode(replace(issued.event, card="0" * 20))[1]
    invented = issued._replace(position=log.head() + 1, version=99, payload=made_up)
    log.stored.append(invented)
    found = only(compare(log))
    assert (found.what, found.why) == (NOT_DERIVED, UNEXPLAINED)
    assert found.position == invented.position


def test_an_act_written_otherwise_that_says_the_same_differs() -> None:
    """Byte for byte: what the watch did not write is named, though it reads alike."""
    log = lived()
    issued = next(s for s in acts_of(log) if isinstance(s.event, CardIssued))
    changed(log, issued, lambda s: s._replace(payload=s.payload.replace(b"{", b"{ ", 1)))
    found = only(compare(log))
    assert (found.what, found.position, found.fields) == (CONTENT, issued.position, ())


def test_an_act_of_a_day_to_come_does_not_follow() -> None:
    """It was recorded by now, whenever it says that it was made."""
    log = lived()
    issued = next(s for s in acts_of(log) if isinstance(s.event, CardIssued))
    assert isinstance(issued.event, CardIssued)
    ahead = replace(issued.event, card="0" * 20, at=moment(log.until + DAY))
    put_in(log, C1, ahead, log.until, version=99)
    assert (only(compare(log)).what, only(compare(log)).why) == (NOT_DERIVED, UNEXPLAINED)


GHOST = cards_stream("s", "GHOST")


def ghostly(log: Readable) -> Stored:
    """A card of a case of which nothing was ever reported."""
    issued = next(s.event for s in acts_of(log) if isinstance(s.event, CardIssued))
    assert isinstance(issued, CardIssued)
    forged = replace(issued, case_no="GHOST", card="0" * 20, department="市水务局")
    return put_in(log, GHOST, forged, log.until)


def test_a_card_of_a_case_without_facts_does_not_follow() -> None:
    """A red card forged for a case that there is not is found, by whoever may see its department
    or all.
    """
    log = lived()
    forged = ghostly(log)
    found = only(compare(log))
    assert (found.what, found.why, found.case_no) == (NOT_DERIVED, UNEXPLAINED, "GHOST")
    assert found.position == forged.position
    assert not rederive(log, departments=frozenset({"市水务局"}), processes=0).equal
    assert rederive(log, departments=frozenset({"区住建局"}), processes=0).equal


def test_acts_whose_case_lost_its_facts_do_not_follow() -> None:
    """The whole stream of facts is gone, and the acts are left: each is named."""
    log = lived()
    log.stored = [s for s in log.stored if s.stream != facts_stream("s", "C1")]
    made = compare(log)
    assert {d.what for d in made.differences} == {NOT_DERIVED}
    assert {d.position for d in made.differences} == {s.position for s in acts_of(log)}
    assert (made.cases, made.unexplained) == (2, len(acts_of(log)))


def test_acts_that_are_all_gone_are_explained_by_no_list() -> None:
    """Without its policy nothing follows for any case: that is no reason for one to have none."""
    log = lived()
    log.stored = [s for s in log.stored if s.stream != C1]
    made = compare(log)
    assert {(d.what, d.why) for d in made.differences} == {(MISSING, UNEXPLAINED)}


def test_acts_that_were_swapped_are_out_of_order() -> None:
    """The same acts in another order are a difference, named once a case."""
    log = lived()
    first, second = acts_of(log)[:2]
    places = log.stored.index(first), log.stored.index(second)
    log.stored[places[0]] = second._replace(position=first.position, version=first.version)
    log.stored[places[1]] = first._replace(position=second.position, version=second.version)
    found = only(compare(log))
    assert (found.what, found.why) == (ORDER, UNEXPLAINED)


def test_what_another_program_judged_has_that_reason() -> None:
    """The log says that other rules judged then, and from which position on."""
    other = replace_program(lived(), "f" * 64, "0.1")
    issued = next(s for s in acts_of(other) if isinstance(s.event, CardIssued))
    changed(other, issued, lambda s: s._replace(payload=encode(replace(s.event, law="旧"))[1]))
    found = only(compare(other))
    assert (found.what, found.why) == (CONTENT, PROGRAM_CHANGED)
    assert found.about == 1
    assert found.detail == "0.1 " + "f" * 12


def test_another_program_is_no_reason_for_what_this_one_judged() -> None:
    """An old program at the beginning, this one from the last card on, and that card forged."""
    log = replace_program(lived(), "f" * 64, "0.1")
    last = [s for s in acts_of(log) if isinstance(s.event, CardIssued)][-1]
    put_in(log, *began(last.recorded_at), last.recorded_at - 1, version=2)
    assert compare(log).equal
    forged = [s for s in acts_of(log) if isinstance(s.event, CardIssued)][-1]
    changed(log, forged, lambda s: s._replace(payload=encode(replace(s.event, law="假"))[1]))
    found = only(compare(log))
    assert (found.what, found.why, found.position) == (CONTENT, UNEXPLAINED, forged.position)


def test_what_rests_on_another_program_s_act_has_that_reason_too() -> None:
    """It judged otherwise earlier in the same case, and this one went on from there."""
    log = replace_program(lived(), "f" * 64, "0.1")
    first, *_, last = (s for s in acts_of(log) if isinstance(s.event, CardIssued))
    put_in(log, *began(last.recorded_at), last.recorded_at - 1, version=2)
    for position in (first.position, last.position + 1):
        old = next(s for s in log.stored if s.position == position)
        changed(log, old, lambda s: s._replace(payload=encode(replace(s.event, law="旧"))[1]))
    made = compare(log)
    assert [(d.why, d.about) for d in made.differences] == [(PROGRAM_CHANGED, 1)] * 2


def replace_program(log: Readable, program: str, version: str) -> Readable:
    """The same log, judged by another program."""
    changed(
        log,
        log.stored[0],
        lambda s: s._replace(payload=encode(began(s.recorded_at, program, version)[1])[1]),
    )
    return log


def test_a_rule_changed_in_the_deriving_program_is_a_change_of_the_program(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Judged by one program, derived by another: every difference is named, none unexplained."""
    log = lived()
    monkeypatch.setattr("supervision.judgement.reconcile._answer_by", lambda *_: "2030-01-01")
    made = compare(log, program="e" * 64)
    assert set(counted(made)) == {(CONTENT, PROGRAM_CHANGED)}
    assert {field.name for d in made.differences for field in d.fields} == {"answer_by"}
    assert made.unexplained == 0


def test_the_same_change_under_the_same_digest_is_unexplained(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing is excused by a program that says it is the one that judged."""
    log = lived()
    monkeypatch.setattr("supervision.judgement.reconcile._answer_by", lambda *_: "2030-01-01")
    made = compare(log)
    assert set(counted(made)) == {(CONTENT, UNEXPLAINED)}
    assert not made.equal


def test_where_no_program_was_noted_nothing_is_excused_by_one() -> None:
    """A log of before programs were noted: unexplained, and the detail says why it is."""
    told, until = history(SEED, cases=1)
    log = Readable(run(told, until, Schedule(), Random(SEED)), until + 10)
    changed(log, acts_of(log)[0], lambda _: None)
    found = only(compare(log))
    assert (found.why, found.detail) == (UNEXPLAINED, reasons.UNKNOWN)


def test_what_was_not_judged_yet_is_said_to_be_so() -> None:
    """Behind the last act of the log, what follows waits for the watch: no alarm."""
    log = lived()
    cards = [s for s in log.stored if s.stream.endswith("/cards")]
    last = max(s.recorded_at for s in cards)
    log.stored = [s for s in log.stored if s not in cards or s.recorded_at < last]
    made = compare(log)
    assert set(counted(made)) == {(MISSING, NOT_JUDGED)}


def last_acts_gone(log: Readable) -> tuple[Instant, Stored]:
    """Take out the last acts that the log has; their stamp, and one that issued a card."""
    cards = [s for s in log.stored if s.stream.endswith("/cards")]
    last = max(s.recorded_at for s in cards if isinstance(s.event, CardIssued))
    gone = [s for s in cards if s.recorded_at >= last]
    log.stored = [s for s in log.stored if s not in gone]
    return last, next(s for s in gone if isinstance(s.event, CardIssued))


def not_told(case_no: str, card: str) -> CardNotTold:
    """That nobody could be told of a card."""
    return CardNotTold(
        source="s", case_no=case_no, card=card, at=moment(START), rung=0, why="issued",
        stage="no_contact",
    )  # fmt: skip


def test_where_the_log_shows_that_the_watch_ran_later_nothing_was_not_judged_yet() -> None:
    """Another case's halt, a message about a card, or a program that began a while ago stand behind
    the acts that are gone: somebody took them out.
    """
    told = not_told("C2", "0" * 20)
    later: list[tuple[str, Struct]] = [
        (INCIDENTS, replace(halted(START), case_no="C2")),
        (notices_stream("s", "C2"), told),
        began(START),
    ]
    for stream, event in later:
        log = lived()
        last, _ = last_acts_gone(log)
        assert {why for _, why in counted(compare(log))} == {NOT_JUDGED}
        put_in(log, stream, event, last + 2 * HOUR, version=2)
        log.until = max(log.until, last + 4 * HOUR)
        assert UNEXPLAINED in {why for _, why in counted(compare(log))}


def test_a_program_that_has_just_begun_has_not_judged_what_was_before_it() -> None:
    """It is given an hour to catch up before what is missing is held against it."""
    log = lived()
    last, _ = last_acts_gone(log)
    put_in(log, *began(START), last + HOUR, version=2)
    log.until = last + HOUR + 2 * 60 * SECOND
    assert {why for _, why in counted(compare(log))} == {NOT_JUDGED}


def test_a_card_of_which_somebody_was_told_was_there() -> None:
    """The last acts of the log are gone, but not the message about one of their cards."""
    log = lived()
    _, gone = last_acts_gone(log)
    issued = gone.event
    assert isinstance(issued, CardIssued)
    assert {why for _, why in counted(compare(log))} == {NOT_JUDGED}
    told = not_told(issued.case_no, issued.card)
    put_in(log, notices_stream("s", issued.case_no), told, instant(issued.at) - 1)
    found = {d.card: d.why for d in compare(log).differences if d.act == "CardIssued"}
    assert found[issued.card] == UNEXPLAINED


def test_an_act_of_the_last_minute_is_on_its_way() -> None:
    """A running system is not accused of what it is about to write."""
    log = lived()
    newest = max((s for s in log.stored if s.stream.endswith("/cards")), key=instant_of)
    log.stored = [s for s in log.stored if s is not newest]
    log.until = instant_of(newest) + 5 * SECOND
    made = compare(log)
    assert made.equal
    assert made.young == 1


def instant_of(stored: Stored) -> Instant:
    act = stored.event
    assert isinstance(act, CardAct)
    return instant(act.at)


def put_in(log: Readable, stream: str, event: Struct, stamp: Instant, version: int = 1) -> Stored:
    """An event behind all that was recorded by an instant; what follows moves on by one."""
    position = next((s.position for s in log.stored if s.recorded_at > stamp), log.head() + 1)
    topic, payload = encode(event)
    stored = Stored(position, stream, version, topic, stamp, payload)
    moved = [s._replace(position=s.position + (s.position >= position)) for s in log.stored]
    log.stored = sorted([*moved, stored], key=lambda s: s.position)
    return stored


def halted(stamp: Instant) -> IncidentRecorded:
    """That case C1 was halted."""
    return IncidentRecorded(
        id="1", kind="card_conflict", source="s", case_no="C1", at=moment(stamp)
    )


def test_what_a_halted_case_lacks_from_then_on_has_that_reason() -> None:
    """The watch stopped judging the case, and said so in an incident."""
    log = lived()
    last = acts_of(log)[2]
    log.stored = [s for s in log.stored if s.stream != C1 or s.version <= last.version]
    incident = put_in(log, INCIDENTS, halted(last.recorded_at), last.recorded_at)
    made = compare(log)
    assert {why for _, why in counted(made)} == {HALTED}
    assert {d.about for d in made.differences} == {incident.position}


def test_a_halt_excuses_nothing_that_was_due_before_it() -> None:
    """An act is taken out, and the watch halts the case for it: that is no reason for the act."""
    log = lived()
    gone = next(s for s in acts_of(log) if isinstance(s.event, CardIssued))
    changed(log, gone, lambda _: None)
    incident = put_in(log, INCIDENTS, halted(log.until), log.until)
    found = only(compare(log))
    assert (found.what, found.why, found.about) == (MISSING, UNEXPLAINED, incident.position)


@pytest.mark.parametrize(
    ("become", "why"),
    [
        (lambda s: s._replace(topic=s.topic.replace("/1", "/99")), TOO_NEW),
        (lambda s: s._replace(payload=b"{"), BROKEN),
    ],
    ids=["newer", "broken"],
)
def test_what_cannot_be_read_is_a_finding(become: Callable[[Stored], Stored], why: str) -> None:
    """A fact, an act or a list of a newer program, or broken bytes: named by position, no failure,
    and the other cases are compared all the same.
    """
    for family in ("/facts", "/cards", "lists/"):
        log = lived()
        stored = next(s for s in log.stored if family in s.stream)
        changed(log, stored, become)
        made = compare(log)
        found = [d for d in made.differences if d.what == UNREADABLE]
        assert [(d.position, d.why) for d in found] == [(stored.position, why)]
        assert not made.equal
        assert made.cases == 2


@pytest.mark.parametrize("left", ["some", "none"], ids=["some facts", "no fact"])
def test_what_cannot_be_read_is_told_to_whoever_may_see_its_case(left: str) -> None:
    """The department is told by the facts that can be read; where there is none, only who may see
    all is told.
    """
    log = lived()
    facts = [s for s in log.stored if s.stream == facts_stream("s", "C1")]
    for each in facts if left == "none" else facts[-1:]:
        changed(log, each, lambda s: s._replace(payload=b"{"))
    whole = rederive(log, processes=0)
    ours = rederive(log, departments=frozenset({"区住建局"}), processes=0)
    others = rederive(log, departments=frozenset({"别局"}), processes=0)
    assert {d.case_no for d in whole.differences} == {"C1"}
    assert {d.case_no for d in ours.differences} == ({"C1"} if left == "some" else set())
    assert (others.cases, others.differences) == (0, ())
    change = [mode_change("to_the_second")]
    counts = [
        what_if(log, change, Scope(departments=of), processes=0).unreadable
        for of in (None, frozenset({"区住建局"}), frozenset({"别局"}))
    ]
    assert counts == [1, int(left == "some"), 0]


def test_a_list_that_had_not_been_heard_is_the_reason() -> None:
    """Recorded as it follows without one list of the log: that list is named."""
    log = lived()
    late = next(s for s in log.stored if isinstance(s.event, ItemPublished))
    changed_item = replace(late.event, version="3", promise="1wd", applies_to_running=True)
    stamp = START + 5 * DAY
    topic, payload = encode(changed_item)
    position = next(s.position for s in log.stored if s.recorded_at > stamp)
    inserted = Stored(position, late.stream, 99, topic, stamp, payload)
    moved = [s._replace(position=s.position + (s.position >= position)) for s in log.stored]
    log.stored = sorted([*moved, inserted], key=lambda s: s.position)
    made = compare(log)
    assert {why for _, why in counted(made)} == {LIST}
    assert {d.about for d in made.differences} == {position}


def test_a_fact_that_had_not_been_heard_is_the_reason() -> None:
    """Recorded as it follows without one fact that the log has: that fact is named."""
    lists = [(stream_of(e), e) for e in (*bundled_some(), item())]
    accepted = fact("CaseAccepted", "2026-03-02 09:00")
    told = [
        Transaction(at("2026-02-01"), [began(at("2026-02-01")), *lists]),
        Transaction(at("2026-03-02 09:01"), [(stream_of(accepted), accepted)]),
    ]
    until = at("2026-04-01")
    log = Readable(run(told, until, Schedule(), Random(0)), until + 10)
    concluded = fact("CaseConcluded", "2026-03-10 10:00", result="出证")
    topic, payload = encode(concluded)
    stamp = at("2026-03-10 10:01")
    position = next((s.position for s in log.stored if s.recorded_at > stamp), 0)
    moved = [s._replace(position=s.position + (s.position >= position)) for s in log.stored]
    late = Stored(position, stream_of(concluded), 2, topic, stamp, payload)
    log.stored = sorted([*moved, late], key=lambda s: s.position)
    made = compare(log)
    assert {why for _, why in counted(made)} == {FACT}
    assert {d.about for d in made.differences} == {position}


def test_only_the_sources_and_departments_that_are_asked_for_are_compared() -> None:
    """Nobody is told about cases that are not his."""
    log = lived()
    changed(log, acts_of(log)[0], lambda _: None)
    assert rederive(log, sources=["s"], processes=0).cases == 2
    with pytest.raises(NoSuchSource, match="other"):
        rederive(log, sources=["other", "s"], processes=0)
    assert rederive(log, departments=frozenset({"别局"}), processes=0).equal
    assert rederive(log, departments=frozenset({"区住建局"}), processes=0).cases == 2


def test_it_tells_how_far_it_is_and_ends_when_it_is_asked_to() -> None:
    """Progress goes to the number of cases; a cancelled one gives no result."""
    told: list[tuple[int, int]] = []
    rederive(lived(), processes=0, watching=Watching(lambda *how: told.append(how)))
    assert (told[0], told[-1]) == ((0, 2), (2, 2))
    with pytest.raises(Cancelled):
        rederive(lived(), processes=0, watching=Watching(cancelled=lambda: True))


class Growing(Readable):
    """A log in which a case is found that was not there when the cases were counted."""

    walks = 0

    def cases(self, families: Collection[str] = ("facts",)) -> Iterator[tuple[str, str]]:
        """The second walk finds one more."""
        self.walks += 1
        yield from super().cases(families)
        if self.walks > 1:
            yield "s", "NEW"


def test_cases_are_counted_and_then_walked_not_held() -> None:
    """What is new meanwhile is walked through as well, and the progress goes to all of them."""
    log = Growing.__new__(Growing)
    log.__dict__.update(lived().__dict__)
    told: list[tuple[int, int]] = []
    made = rederive(log, processes=0, watching=Watching(lambda *how: told.append(how)))
    assert (made.cases, made.equal, log.walks) == (2, True, 2)
    assert (told[0], told[-1]) == ((0, 2), (3, 3))


def test_other_processes_find_the_same() -> None:
    """Spread over processes: the same counts and the same differences."""
    log = lived()
    changed(log, acts_of(log)[0], lambda _: None)
    assert compare(log) == rederive(log, processes=1)


def test_a_result_is_json() -> None:
    """What came of it can be told to a program."""
    assert msgspec.json.encode(compare(lived()))


class Noted:
    """What note_program asks of a record."""

    def __init__(self) -> None:
        self.stored: list[Stored] = []

    def version(self, stream: str) -> int:
        assert stream == PROGRAM
        return len(self.stored)

    def read_stream(self, stream: str, after: int) -> list[Stored]:
        assert stream == PROGRAM
        return self.stored[after:]

    def note(self, stream: str, make: Callable[[datetime], Struct]) -> datetime:
        topic, payload = encode(make(moment(START)))
        n = len(self.stored) + 1
        self.stored.append(Stored(n, stream, n, topic, START, payload))
        return moment(START)


def test_a_program_is_noted_once_for_each_change() -> None:
    """The same program starting again adds nothing; another one, or the old one back, does."""
    record = Noted()
    noted = [note_program(record, "1", p) for p in ("a", "a", "b", "a", "a")]
    assert noted == [True, False, True, True, False]
    assert [(b.program, b.version) for b in programs(record.stored)] == [
        ("a", "1"), ("b", "1"), ("a", "1"),
    ]  # fmt: skip
    assert note_program(record, "2")
    assert programs(record.stored)[-1].program == program_digest()


def test_an_unreadable_note_is_no_program() -> None:
    """What a newer program noted is not taken for ours, and ours is noted behind it."""
    record = Noted()
    note_program(record, "1")
    record.stored[0] = record.stored[0]._replace(topic="ProgramBegan/99")
    assert programs(record.stored)[0].program == ""
    assert note_program(record, "1")
