"""A case on its two lines: what was known when, what truly was, and what they do not share."""

from __future__ import annotations

from replay.lines import (
    CORRECTED,
    LATE,
    LATE_LIST,
    LIST,
    NOT_DUE,
    OTHER_TIME,
    RESENT,
    VOIDED,
    Difference,
    Moment,
    Timeline,
)
from replay.telling import MASK
from replay.timeline import COMPARED, timeline
from replay.walk import STEPS
from supervision.lists import CalendarPublished, Day
from tests.court import at, item, when
from tests.told_late import (
    Tale,
    correction,
    in_time,
    one_fact,
    told_late,
    very_long,
    watched,
)

UNTIL = "2026-03-02"
ACCEPTED = "CaseAccepted-2026-02-03 10:00"
CONCLUDED = "CaseConcluded-2026-02-10 16:00"
CONCLUDED_THEN = "CaseConcluded-2026-02-05 16:00"
RECEIVED = Tale("ApplicationReceived", "2026-02-02 09:10")


def told(tales: list[Tale], *lists: tuple[str, CalendarPublished], until: str = UNTIL) -> Timeline:
    made = timeline(*watched(tales, until, *lists))
    assert made is not None
    return made


def named(made: Timeline, difference: Difference) -> list[str]:
    """The ids of the inputs that a difference names."""
    return [made.entries[place].entry.id for place in difference.because]


def of_card(made: Timeline, label: str) -> Difference:
    """The difference of the only card whose line begins like that."""
    (found,) = (
        d
        for d in made.differences
        if d.severity and made.entries[d.entry].entry.what_zh.startswith(label)
    )
    return found


def moment_of(line: tuple[Moment, ...], text: str) -> Moment:
    """What held at an instant."""
    return [moment for moment in line if moment.at <= at(text)][-1]


class TestInTime:
    """Nothing late, nothing corrected: what was known is what was."""

    def test_both_lines_are_one(self) -> None:
        """The same moments, with the same of everything."""
        made = told(in_time())
        assert made.known == made.true
        assert made.differences == ()

    def test_each_moment_shows_what_it_brings(self) -> None:
        """A fact each, then the last moment, at which nothing happens."""
        made = told(in_time())
        assert [moment.shown for moment in made.known] == [(0,), (1,), (2,), (3,), (4,), (5,), ()]
        assert made.known[-1].at == made.now

    def test_a_case_of_one_fact_has_two_moments(self) -> None:
        """The fact's, and that of now."""
        made = told(one_fact(), until="2026-02-03")
        assert [moment.status_zh for moment in made.known] == ["待受理", "待受理"]
        assert made.differences == ()

    def test_nothing_is_told_of_a_case_before_its_first_event(self) -> None:
        """None, rather than an empty page."""
        stored, shelf, _ = watched(in_time(), UNTIL)
        assert timeline(stored, shelf, at("2026-02-02 09:09")) is None

    def test_what_was_recorded_later_is_not_told_yet(self) -> None:
        """A replay up to an instant knows nothing of what came after it."""
        stored, shelf, _ = watched(told_late(), UNTIL)
        made = timeline(stored, shelf, at("2026-02-12"))
        assert made is not None
        assert CONCLUDED not in [placed.entry.id for placed in made.entries]
        assert max(moment.at for moment in (*made.known, *made.true)) == at("2026-02-12")


class TestTime:
    """What time alone does stands between the events."""

    def test_a_limit_that_passes_has_a_moment_of_its_own(self) -> None:
        """The warning, then the end of the promise, then of the law's limit."""
        made = told([RECEIVED, Tale("CaseAccepted", "2026-02-02 15:00")], until="2026-03-20")
        passed = [(m.text[:10], c.zh, c.severity, c.past) for m in made.known for c in m.crossed]
        assert passed == [
            ("2026-02-10", "承诺时限", "reminder", False),
            ("2026-02-12", "承诺时限", "yellow", True),
            ("2026-03-07", "法定时限", "red", True),
        ]

    def test_the_next_limit_is_told_before_it_passes(self) -> None:
        """The nearest of all that run."""
        made = told([RECEIVED, Tale("CaseAccepted", "2026-02-02 15:00")], until="2026-02-04")
        following = made.known[-1].next
        assert following is not None
        assert (following.text[:16], following.past) == ("2026-02-10 00:00", False)

    def test_days_are_counted_to_the_moment(self) -> None:
        """The day of the start is none; a weekend counts nothing."""
        made = told([RECEIVED, Tale("CaseAccepted", "2026-02-05 15:00")], until="2026-02-09 08:00")
        used = {made.clocks[place].kind: used for place, used in made.known[-1].clocks}
        assert used["promise"] == 2
        assert made.clocks[made.known[-1].clocks[-1][0]].total == 7

    def test_silence_of_the_department_is_an_acceptance(self) -> None:
        """Deemed accepted by time alone: the clocks that follow from it begin."""
        made = told(one_fact(), until="2026-02-20")
        assert [m.status_zh for m in made.known if m.crossed][-1] == "视为受理，办理中"


class TestLate:
    """A fact that was told late stands where it happened, and is answerable for what it did."""

    def test_a_card_that_truly_was_not_due_names_the_late_fact(self) -> None:
        """The conclusion was in time; it was reported after the promise had passed."""
        made = told(told_late())
        card = of_card(made, "黄牌：已超过7个工作日的承诺时限")
        assert card.kind == NOT_DUE
        assert CONCLUDED in named(made, card)
        assert ACCEPTED not in named(made, card)

    def test_what_follows_from_such_a_card_names_the_same(self) -> None:
        """A card for not answering one that was not due."""
        made = told(told_late())
        late_entry = of_card(made, "黄牌：补录")
        assert named(made, late_entry) == [ACCEPTED]
        unanswered = [d for d in made.differences if d.true == 0 and d.severity == "reminder"]
        assert named(made, unanswered[0]) == [ACCEPTED]

    def test_the_wall_did_not_know_it_yet(self) -> None:
        """Between the two, and at no other moment."""
        made = told(told_late())
        ids = [placed.entry.id for placed in made.entries]
        place = ids.index(CONCLUDED)
        for moment in made.known:
            unknown = at("2026-02-10 16:00") <= moment.at < at("2026-02-27 09:20")
            assert (place in moment.unknown) == unknown

    def test_the_lights_of_the_two_lines_differ(self) -> None:
        """Red as known then, nothing as it truly was."""
        made = told(told_late())
        assert moment_of(made.known, "2026-02-13 12:00").light == "red"
        assert moment_of(made.true, "2026-02-13 12:00").light == "normal"
        assert moment_of(made.true, "2026-02-13 12:00").status_zh == "办结: 出证"

    def test_it_is_told_how_late_it_was(self) -> None:
        """In working days, weekends and the Spring Festival left out, and to the second."""
        made = told(told_late())
        (late,) = (
            d
            for d in made.differences
            if d.kind == LATE and made.entries[d.entry].entry.id == ACCEPTED
        )
        assert made.entries[late.entry].late_days == 2
        assert late.recorded - late.true == at("2026-02-05 09:30") - at("2026-02-03 10:00")

    def test_a_red_card_that_a_late_fact_hid_is_named(self) -> None:
        """The limit of the law had passed before anybody reported that there was such a case."""
        received = Tale("ApplicationReceived", "2026-02-02 09:10", "2026-03-20 10:00")
        made = told([received], until="2026-03-25")
        card = of_card(made, "红牌：已超过20个工作日的法定时限")
        assert card.kind == OTHER_TIME
        assert card.true == at("2026-03-07 00:00")
        assert card.recorded == at("2026-03-20 10:10")
        assert named(made, card) == ["ApplicationReceived-2026-02-02 09:10"]
        assert moment_of(made.true, "2026-03-10").light == "red"


class TestCorrections:
    """A correction stands with what it corrects."""

    def test_a_corrected_fact_stands_at_its_corrected_time(self) -> None:
        """On the true line; as known then it stands where it was first told."""
        moved = correction(CONCLUDED_THEN, "2026-02-20", occurred_at="2026-02-16")
        made = told([*in_time()[:5], moved])
        ids = [placed.entry.id for placed in made.entries]
        placed = made.entries[ids.index(CONCLUDED_THEN)]
        assert (placed.recorded, placed.true) == (at("2026-02-05 16:00"), at("2026-02-16"))
        assert moment_of(made.true, "2026-02-10").status_zh == "办理中"
        assert moment_of(made.known, "2026-02-10").status_zh == "办结: 出证"
        corrected = [d for d in made.differences if d.kind == CORRECTED]
        assert [made.entries[d.entry].entry.kind for d in corrected] == ["FactCorrected"]

    def test_a_voided_fact_truly_never_was(self) -> None:
        """It has no place on the true line, nor has what voids it."""
        made = told([*in_time()[:5], correction(CONCLUDED_THEN, "2026-02-20")])
        assert [placed.true for placed in made.entries if placed.entry.kind == "CaseConcluded"] == [
            0
        ]
        assert made.true[-1].status_zh == "办理中"
        assert [d.kind for d in made.differences if not d.severity] == [VOIDED]

    def test_what_a_correction_did_to_a_card_names_it(self) -> None:
        """The decision was dated early; corrected, it was after the promise: the card came late."""
        wrong = "DecisionSigned-2026-02-05 11:00"
        tales = [*in_time()[:4], correction(wrong, "2026-02-26", occurred_at="2026-02-25 11:00")]
        made = told(tales)
        card = of_card(made, "黄牌：已超过7个工作日的承诺时限")
        assert card.kind == OTHER_TIME
        assert named(made, card) == ["FactCorrected-2026-02-26"]

    def test_a_fact_that_was_sent_again_counts_as_it_was_sent_last(self) -> None:
        """The first version truly never was."""
        again = {"result": "退件", "data_version": 2, "id": CONCLUDED_THEN}
        tales = [*in_time()[:5], Tale("CaseConcluded", "2026-02-05 16:00", "2026-02-10", again)]
        made = told(tales)
        assert [p.true > 0 for p in made.entries if p.entry.kind == "CaseConcluded"] == [
            False,
            True,
        ]
        assert [d.kind for d in made.differences if not d.severity] == [RESENT]


HOLIDAY = CalendarPublished(
    version="CN-2026-extra",
    announced_at=when("2026-02-05"),
    effective=when("2026-02-10").date(),
    calendar="CN",
    year=2026,
    days=(Day(when("2026-02-09").date(), False, "调整"),),
    partial=True,
)
"""A day off, announced before the warning."""


class TestLists:
    """A list that came late, and what it changed."""

    def test_a_holiday_that_was_recorded_late_is_responsible(self) -> None:
        """It was announced before the warning, and recorded after it."""
        tales = [RECEIVED, Tale("CaseAccepted", "2026-02-02 15:00")]
        made = told(tales, ("2026-02-11", HOLIDAY), until="2026-02-12 12:00")
        card = of_card(made, "预警：临近7个工作日的承诺时限")
        assert [made.entries[place].entry.family for place in card.because] == [LIST]
        assert [d.kind for d in made.differences if not d.severity] == [LATE_LIST]

    def test_a_list_that_is_recorded_later_says_nothing_of_an_earlier_instant(self) -> None:
        """As of the evening before, nobody could have known it: no card is missed for it."""
        tales = [RECEIVED, Tale("CaseAccepted", "2026-02-02 15:00")]
        stored, shelf, _ = watched(tales, "2026-02-12 12:00", ("2026-02-11", HOLIDAY))
        told_then = timeline(stored, shelf, at("2026-02-10 18:00"))
        assert told_then is not None
        assert told_then.differences == ()

    def test_a_list_recorded_when_it_was_announced_changes_nothing_between_the_lines(self) -> None:
        """It is an entry of both, at one place."""
        tales = [RECEIVED, Tale("CaseAccepted", "2026-02-02 15:00")]
        made = told(tales, ("2026-02-05", HOLIDAY), until="2026-02-12 12:00")
        assert made.differences == ()
        assert [p.entry.kind for p in made.entries if p.entry.family == LIST] == [
            "CalendarPublished"
        ]


class TestLong:
    """What is too long is cut, and it is said what."""

    def test_a_long_case_is_told_as_known_then_only(self) -> None:
        """Beyond so many events nothing is compared, and neighbouring instants are joined."""
        made = told(very_long(COMPARED + 50), until="2026-02-08")
        assert not made.compared
        assert made.true == ()
        assert made.joined == 0 or len(made.known) < STEPS + 64
        assert made.differences == ()

    def test_no_event_is_lost_where_instants_are_joined(self) -> None:
        """Each is shown by one moment, in order."""
        made = told(very_long(2 * STEPS), until="2026-02-12")
        assert made.joined > 0
        shown = [place for moment in made.known for place in moment.shown]
        assert sorted(shown) == list(range(len(made.entries)))


def test_no_text_is_told() -> None:
    """Personal data and free text are named, and masked."""
    made = told(told_late())
    texts = {text for placed in made.entries for _, text in placed.entry.texts}
    assert texts == {MASK}
    assert item().name == made.item_name
