"""The grid of cards, over every engine: what a filter shows is what a count by hand finds, each
card once, newest first, whichever way the pages are turned.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from projections import card_queries
from projections.card_queries import FIRST, LAST, SOON, CardLine, CardPage, Turn, Wanted
from projections.rows import CardRow
from projections.view import View
from projections.warehouse import Engine, Warehouse
from tests.warehouse_history import DAY_OF, DEPARTMENTS, NOW, ZONE, History

LIMIT = 7
TODAY = DAY_OF(NOW)
WEEK = timedelta(days=7)
Key = tuple[int, str, str, str]


@pytest.fixture(scope="module")
def history() -> History:
    """Some hundred cards, most of them changed several times."""
    return History(seed=23, changes=2_400)


@pytest.fixture(scope="module")
def filled(engine: Engine, history: History) -> View:
    """Their rows, in two blocks."""
    made = Warehouse(engine, DAY_OF)
    made.drop_all()
    made.create()
    for after, to in ((0, 1_500), (1_500, len(history.events))):
        made.write(history.batch(after, to))
    return View(made, None)


def page(view: View, wanted: Wanted, turn: Turn = FIRST, limit: int = LIMIT) -> CardPage:
    """One page at the test's present."""
    return card_queries.page(view, NOW, ZONE, wanted, turn, limit)


def turned(view: View, wanted: Wanted) -> list[CardPage]:
    """All pages, from the first on."""
    pages = [page(view, wanted)]
    while pages[-1].next:
        pages.append(page(view, wanted, Turn(pages[-1].next)))
    return pages


def lines(pages: list[CardPage]) -> list[CardLine]:
    return [line for each in pages for line in each.lines]


def key(card: CardRow | CardLine) -> Key:
    return card.issued_at, card.source, card.case_no, card.card


Fits = Callable[[CardRow], object]
FILTERS: dict[str, tuple[Wanted, Fits]] = {
    "all": (Wanted(), lambda card: True),
    "stage": (Wanted(stages=frozenset(("issued",))), lambda card: card.stage == "issued"),
    "stages": (
        Wanted(stages=frozenset(("issued", "withdrawn"))),
        lambda card: card.stage in ("issued", "withdrawn"),
    ),
    "severity": (Wanted(severity="red"), lambda card: card.severity == "red"),
    "department": (
        Wanted(department=DEPARTMENTS[2]),
        lambda card: card.department == DEPARTMENTS[2],
    ),
    "item's code": (Wanted(item="i2"), lambda card: card.item == "i2"),
    "item's name": (Wanted(item="许"), lambda card: True),
    "rule": (Wanted(rule="r"), lambda card: True),
    "person": (Wanted(person="p1"), lambda card: card.person == "p1"),
    "overdue": (Wanted(answer="overdue"), lambda card: 0 < card.answer_at <= NOW),
    "soon": (Wanted(answer="soon"), lambda card: NOW < card.answer_at <= NOW + SOON),
    "later": (Wanted(answer="later"), lambda card: card.answer_at > NOW + SOON),
    "none": (Wanted(answer="none"), lambda card: not card.answer_at),
    "since": (Wanted(since=TODAY - WEEK), lambda card: DAY_OF(card.issued_at) >= TODAY - WEEK),
    "until": (Wanted(until=TODAY - WEEK), lambda card: DAY_OF(card.issued_at) <= TODAY - WEEK),
    "case": (Wanted(text="案-0001"), lambda card: "案-0001" in card.case_no),
    "several": (
        Wanted(severity="yellow", answer="overdue", since=TODAY - 2 * WEEK),
        lambda card: (
            card.severity == "yellow"
            and 0 < card.answer_at <= NOW
            and DAY_OF(card.issued_at) >= TODAY - 2 * WEEK
        ),
    ),
}


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_shows_what_a_count_by_hand_finds(
    filled: View, history: History, name: str
) -> None:
    """Each card once and as it stands, newest first; every page tells how many there are."""
    wanted, fits = FILTERS[name]
    expected = sorted(filter(fits, history.cards.values()), key=key, reverse=True)
    assert expected, "the history has none such"

    pages = turned(filled, wanted)

    assert [key(line) for line in lines(pages)] == [key(card) for card in expected]
    assert {each.total for each in pages} == {len(expected)}
    for line, card in zip(lines(pages), expected, strict=True):
        shown = {name: getattr(card, name) for name in card_queries.FIELDS}
        told = {name: getattr(line, name) for name in card_queries.FIELDS}
        assert told == shown
        assert line.overdue == (0 < card.answer_at <= NOW)


@pytest.mark.parametrize("name", ["all", "severity", "none"])
def test_the_pages_are_the_same_from_the_end(filled: View, name: str) -> None:
    """Turned back from the last page, until there is none before."""
    wanted, _ = FILTERS[name]
    pages = [page(filled, wanted, LAST)]
    while pages[0].previous:
        pages.insert(0, page(filled, wanted, Turn(pages[0].previous, back=True)))
    assert not pages[-1].next
    assert [key(line) for line in lines(pages)] == [
        key(line) for line in lines(turned(filled, wanted))
    ]


def test_a_page_is_followed_by_the_one_that_is_followed_by_it(filled: View) -> None:
    """Forth and back again gives the lines that were there."""
    first, second, third = turned(filled, Wanted())[:3]
    assert not first.previous
    assert page(filled, Wanted(), Turn(third.previous, back=True)).lines == second.lines
    assert page(filled, Wanted(), Turn(second.previous, back=True)).lines == first.lines


def test_the_counts_of_a_filter_are_those_of_its_other_choices(
    filled: View, history: History
) -> None:
    """Of the stages, with the severity that is chosen; of the severities, with the stage."""
    shown = page(filled, Wanted(stages=frozenset(("issued",)), severity="red"))
    cards = history.cards.values()
    assert shown.stages == Counter(card.stage for card in cards if card.severity == "red")
    assert shown.severities == Counter(card.severity for card in cards if card.stage == "issued")
    owed = Counter(
        "none"
        if not card.answer_at
        else "overdue"
        if card.answer_at <= NOW
        else "soon"
        if card.answer_at <= NOW + SOON
        else "later"
        for card in cards
        if card.stage == "issued" and card.severity == "red"
    )
    assert shown.answers == owed
    both = [card for card in cards if card.stage == "issued" and card.severity == "red"]
    assert shown.departments == Counter(card.department for card in both)
    assert shown.total == len(both)


def test_a_narrowed_view_holds_the_cards_of_its_departments(filled: View, history: History) -> None:
    """On its pages, in its counts, and behind the key of somebody else's page."""
    own = filled.within([DEPARTMENTS[0]])
    expected = {key(card) for card in history.cards.values() if card.department == DEPARTMENTS[0]}
    pages = turned(own, Wanted())
    assert {key(line) for line in lines(pages)} == expected
    assert pages[0].departments == {DEPARTMENTS[0]: len(expected)}
    assert page(own, Wanted(department=DEPARTMENTS[1])).lines == ()
    behind = page(own, Wanted(), Turn(page(filled, Wanted()).next))
    assert behind.lines
    assert {line.department for line in behind.lines} == {DEPARTMENTS[0]}
    assert page(filled.within([]), Wanted()).total == 0


def test_a_card_is_found_by_the_beginning_of_its_number(filled: View, history: History) -> None:
    """In small letters too; not by what stands within it."""
    card = next(iter(history.cards))
    assert [line.card for line in page(filled, Wanted(text=card.lower())).lines] == [card]
    assert page(filled, Wanted(text=card[2:])).lines == ()


@pytest.mark.parametrize("wrong", ["[1,", "{}", '["a","b","c","d"]', "[1e40,1,1,1]", "null"])
def test_a_broken_key_gives_an_empty_page(filled: View, wrong: str) -> None:
    """Whatever stands in an address."""
    assert page(filled, Wanted(), Turn(wrong)) == CardPage(now=NOW, zone=ZONE)


def test_days_that_cannot_be_give_an_empty_page(filled: View) -> None:
    """From a day that lies behind the last."""
    assert page(filled, Wanted(since=TODAY, until=TODAY - WEEK)).total == 0


TEXTS = st.text(max_size=12)


@settings(max_examples=40)
@given(
    wanted=st.builds(
        Wanted,
        stages=st.frozensets(TEXTS, max_size=3),
        severity=TEXTS,
        department=TEXTS,
        item=TEXTS,
        rule=TEXTS,
        answer=st.sampled_from(("", *card_queries.ANSWERS)),
        since=st.none() | st.dates(),
        until=st.none() | st.dates(),
        person=TEXTS,
        text=TEXTS,
    ),
    turn=st.builds(Turn, TEXTS, st.booleans()),
)
def test_whatever_is_asked_is_answered(filled: View, wanted: Wanted, turn: Turn) -> None:
    """By cards, or by none; by no error."""
    assert len(page(filled, wanted, turn).lines) <= LIMIT


def test_who_owes_an_answer_is_known_at_a_start(filled: View, history: History) -> None:
    """No case on whose card an answer is owed is left out."""
    breaches = {
        (card.source, card.case_no)
        for card in history.cards.values()
        if card.answer_at and card.severity != "reminder" and not card.history
    }
    assert breaches
    assert breaches <= set(card_queries.owing_keys(filled))
