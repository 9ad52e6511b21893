"""What is told of one card: where it stands, who owes what, what was done, who was told."""

from __future__ import annotations

from urllib.parse import unquote

import pytest
from msgspec.structs import replace

from dashboards.card_view import tell_card, with_outcomes
from dashboards.clock_view import clock_view
from dashboards.forms.cards_parts import move_forms, stages
from dashboards.markup import written
from dashboards.show import card_address, div, of_part, tag
from dashboards.words_cards import WORDS
from supervision.acts import DESK_ACTS
from supervision.judgement.cards import card_id
from supervision.loop.stage import MOVES, Stage
from supervision.notices import CardNotTold, CardTold, CardWaits
from tests.card_story import CLERK, ISSUED, Story, said
from tests.court import when
from tests.loops import CARD, by_hand
from tests.memorylog import stream_of

ACKNOWLEDGED = said("CardAcknowledged", "2026-03-12 10:00")
EXPLAINED = said("CardExplained", "2026-03-12 11:00")
REPORTED = said("RectificationReported", "2026-03-13 09:30")


def test_a_card_tells_why_it_was_issued_and_whose_it_is() -> None:
    """Rule, words, case, item, department, rung, both instants, in the policy's zone."""
    view = Story(until=f"{ISSUED} 09:00").view()
    assert (view.severity, view.rule, view.stage, view.rung) == (
        "yellow", "promise_past", "issued", "承办人",
    )  # fmt: skip
    assert "7个工作日的承诺时限" in view.why_zh
    assert (view.item_name, view.department, view.case_no) == ("事项", "区住建局", "1")
    assert view.crossed_at == "2026-03-12 00:00:00+08:00"


def test_an_unknown_card_is_none() -> None:
    """Whatever else the case has."""
    story = Story(until=ISSUED)
    assert tell_card(story.stored, story.shelf, story.now, "0" * 20) is None


def test_a_card_is_told_as_it_was_known_at_an_instant() -> None:
    """What was recorded later is not in it."""
    story = Story(ACKNOWLEDGED, EXPLAINED, until="2026-03-13")
    then = next(e.recorded_at for e in story.stored if e.topic.startswith("CardAcknowledged"))
    told = tell_card(story.stored, story.shelf, then, CARD)
    assert told is not None
    assert (told.stage, told.acts[-1].kind) == ("acknowledged", "CardAcknowledged")


def test_running_clocks_come_first_with_their_end_and_the_days_left() -> None:
    """One working day to acknowledge, three to explain, from the issue; both the department's."""
    clocks = Story(until=f"{ISSUED} 09:00").view().clocks
    told = [(c.kind, c.owed_by, c.state, c.deadline, c.days_left) for c in clocks]
    assert told == [
        ("acknowledge", "department", "running", "2026-03-13 24:00", 1),
        ("explain", "department", "running", "2026-03-17 24:00", 3),
    ]


def test_past_clocks_say_whether_the_answer_came_in_time() -> None:
    """And the supervisors' are theirs."""
    late = said("CardExplained", "2026-03-18 11:00")
    view = Story(ACKNOWLEDGED, late, said("RectificationReported", "2026-03-19"),
                 until="2026-03-20").view()  # fmt: skip
    states = {(c.kind, c.owed_by): c.state for c in view.clocks}
    assert states["acknowledge", "department"] == "in_time"
    assert states["explain", "department"] == "late"
    assert states["rectify", "department"] == "in_time"
    assert states["verify", "supervisor"] == "running"


def test_a_clock_past_its_end_without_an_answer_is_overdue() -> None:
    """It says to which rung the matter goes."""
    (found,) = [c for c in Story(until="2026-03-16").view().clocks if c.kind == "acknowledge"]
    assert (found.state, found.days_left, found.rung) == ("overdue", 0, "科室负责人")


def test_acts_name_person_way_and_texts_and_give_no_text() -> None:
    """In order; the issue is the system's."""
    acts = Story(ACKNOWLEDGED, EXPLAINED, until="2026-03-13").view().acts
    told = [(a.kind, a.by, a.via, a.texts) for a in acts]
    assert told == [
        ("CardIssued", "", "", ()),
        ("CardAcknowledged", CLERK, "desk", ("reason",)),
        ("CardExplained", CLERK, "desk", ("reason",)),
    ]


def test_a_moot_answer_is_told_as_moot() -> None:
    """And is no stage that was reached."""
    upheld = said("WithdrawalDecided", "2026-03-12 10:30")
    moot = said("CardExplained", "2026-03-12 12:00", moot=True)
    view = Story(upheld, moot, until="2026-03-13").view()
    assert view.acts[-1].moot
    assert (view.stage, view.moves) == ("withdrawn", ())
    line = {each.name: each.how for each in stages(view, "en").line}
    assert line["rectifying"] == "not"


def test_an_order_has_its_number() -> None:
    """Each later one the next."""
    orders = [said("SupervisionOrdered", f"2026-03-1{n} 12:00", number=n - 1) for n in (2, 3)]
    view = Story(EXPLAINED, *orders, until="2026-03-14").view()
    assert [a.number for a in view.acts if a.kind == "SupervisionOrdered"] == [1, 2]
    assert (view.orders, view.stage) == (2, "ordered")


def test_the_account_counts_the_days_as_the_card_kept_them() -> None:
    """The start is not counted, the deadline is the seventh working day."""
    account = Story(until=ISSUED).view().account
    assert account is not None
    assert (account.days[0].kind, account.days[0].number) == ("start", 0)
    last = account.days[-1]
    assert (last.day, last.number, last.marks) == ("2026-03-11", 7, ("deadline",))


def test_the_clock_behind_a_reminder_had_not_crossed() -> None:
    """It was near its end when the card was issued."""
    reminder = card_id("s", "1", ("promise_near", "", "reminder"), 0)
    states = []
    for card in (reminder, CARD):
        account = Story(until=ISSUED).view(card).account
        states.append(account.state if account else "")
    assert states == ["running", "crossed"]


def test_who_was_told_not_told_and_told_later_stands_in_order() -> None:
    """With the message and what became of it; of another card nothing."""
    told = CardTold(
        source="s", case_no="1", card=CARD, at=when("2026-03-12 09:00"), rung=0, why="issued",
        person="zhang", channel="mail", message="m7",
    )  # fmt: skip
    about = {"source": "s", "case_no": "1", "at": when("2026-03-12 09:01"), "why": "issued"}
    notices = [
        told,
        CardNotTold(**about, card=CARD, rung=1, stage="no_contact"),
        CardWaits(**about, card=CARD, rung=1, stage="muted", until=when("2026-03-13 08:30")),
        CardNotTold(**about, card="1" * 20, rung=0, stage="history"),
    ]
    view = with_outcomes(Story(until="2026-03-13", notices=notices).view(), f"{{{0}}}".format)
    assert [(n.kind, n.person, n.rung, n.stage) for n in view.notices] == [
        ("told", "zhang", "承办人", ""),
        ("not_told", "", "科室负责人", "no_contact"),
        ("waits", "", "科室负责人", "muted"),
    ]
    assert (view.notices[0].message, view.notices[0].outcome) == ("m7", "m7")
    assert view.notices[1].outcome == ""
    assert view.notices[2].until == "2026-03-13 08:30:00+08:00"


def test_a_card_by_hand_is_told_before_it_is_issued() -> None:
    """Whose it is and what for; nothing can be done about it yet."""
    story = Story(until=ISSUED)
    hand = by_hand(said("IssuedByHand", "2026-03-12", severity="red", department="区民政局"))
    story.log.put(story.now, [(stream_of(hand), hand)])
    view = story.view(hand.card)
    assert (view.stage, view.department, view.severity) == ("asked", "区民政局", "red")
    assert (view.moves, view.clocks, view.issued_at, view.by_hand) == ((), (), "", True)


def test_a_card_by_hand_that_was_issued_is_told_like_any_other() -> None:
    """Its law, its causes, its clocks."""
    cause = "CaseAccepted-2026-03-02 10:00"
    hand = by_hand(
        said("IssuedByHand", "2026-03-12", severity="red", department="区民政局", law="某条",
             causes=(cause,))
    )  # fmt: skip
    view = Story(hand, until="2026-03-13").view(hand.card)
    assert (view.stage, view.law, view.causes) == ("issued", "某条", (cause,))
    assert [c.kind for c in view.clocks] == ["acknowledge", "explain"]
    assert view.why_zh == "监察人员人工发牌"


@pytest.mark.parametrize("stage", list(Stage))
def test_each_stage_is_drawn_once_and_the_current_one_marked(stage: Stage) -> None:
    """All of them, whatever the card's."""
    view = replace(Story(until=ISSUED).view(), stage=stage.value)
    drawn = [each for part in stages(view, "zh") for each in part]
    assert len(drawn) == len(Stage)
    assert [each.sign for each in drawn if each.how == "here"] == ["◉"]


def test_every_move_has_a_form_in_both_languages() -> None:
    """Its title, what it means, and what it asks; a form tried in vain keeps what was typed."""
    kinds = [kind.__name__ for kind in MOVES]
    typed = {"reason": "因故", "choice": "no"}
    for lang in ("zh", "en"):
        forms = {form.kind: form for form in move_forms(kinds, lang, "AppealDecided", typed)}
        assert set(forms) == set(kinds)
        tried = forms["AppealDecided"]
        assert (tried.is_open, tried.given["reason"]) == (True, "因故")
        assert [choice.is_chosen for choice in tried.choices] == [False, True]
        assert not any(form.is_open or form.given for form in forms.values() if form != tried)
    assert set(DESK_ACTS) - {"IssuedByHand"} == set(kinds)


def test_every_word_is_in_both_languages() -> None:
    """None is empty."""
    assert [key for key, pair in WORDS.items() if not all(pair)] == []


@pytest.mark.parametrize("number", ["2026-1", "a/b", "100%", "a%2Fb", "甲〔2026〕1号"])
def test_an_address_brings_back_the_number_that_it_was_made_of(number: str) -> None:
    """Also one with a slash, which servers would take for another part."""
    path = unquote(card_address("s/1", number, CARD, "zh"))
    assert [of_part(part) for part in path.split("/")[2:]] == ["s/1", number, CARD]


def test_elements_are_written_out_with_their_text_escaped() -> None:
    """As a browser would build them."""
    made = div(tag("B", "<x>"), None, "&", cls="a b", title='"', data_day="1")
    assert written(made) == (
        '<div class="a b" title="&#34;" data-day="1"><b>&lt;x&gt;</b>&amp;</div>'
    )


def test_a_drawn_clock_is_written_as_the_case_page_has_it() -> None:
    """The same cells."""
    account = Story(until=ISSUED).view().account
    assert account is not None
    text = str(written(clock_view(account, "zh")))
    assert text.count('data-day="') == len(account.days)
