"""Who there is, what they may do and what hangs under what, folded from whatever the log says."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from supervision.access.events import (
    KioskClosed,
    KioskOpened,
    PersonAdded,
    PersonDisabled,
    PersonEnabled,
    RoleGranted,
    RoleRevoked,
    SecondFactorRenewed,
    SignedIn,
    UnitPlaced,
    UnitRemoved,
)
from supervision.access.people import (
    Grant,
    Kiosk,
    People,
    Person,
    Unit,
    above,
    departments_under,
    fold,
    makes_a_cycle,
    name_of,
)
from tests.access import AT

WHO = {"at": AT, "by": "root"}
UNITS = ["a", "b", "c", "d", ""]


def placed(unit: str, parent: str = "", kind: str = "district") -> UnitPlaced:
    return UnitPlaced(**WHO, unit=unit, kind=kind, parent=parent)


def person(name: str, /, **fields: Any) -> PersonAdded:
    return PersonAdded(**WHO, person=name, **fields)


units = st.one_of(
    st.builds(placed, st.sampled_from(UNITS), st.sampled_from(UNITS)),
    st.builds(placed, st.sampled_from(UNITS), st.sampled_from(UNITS), st.just("department")),
    st.builds(lambda unit: UnitRemoved(**WHO, unit=unit), st.sampled_from(UNITS)),
)
names = st.sampled_from(["zhang", "li", "nobody"])
people_events = st.one_of(
    units,
    st.builds(person, names),
    st.builds(lambda p: PersonDisabled(**WHO, person=p), names),
    st.builds(lambda p: PersonEnabled(**WHO, person=p), names),
    st.builds(
        lambda p, r, u: RoleGranted(**WHO, person=p, role=r, units=tuple(u)),
        names,
        st.sampled_from(["manager", "no such role", "system_admin"]),
        st.lists(st.sampled_from(UNITS), max_size=2),
    ),
    st.builds(lambda p: RoleRevoked(**WHO, person=p, role="manager"), names),
    st.builds(lambda p, n: SecondFactorRenewed(**WHO, person=p, number=n), names, st.integers(0)),
    st.builds(lambda k: KioskOpened(**WHO, kiosk=k, address="::1", until=AT), names),
    st.builds(lambda k: KioskClosed(**WHO, kiosk=k), names),
    st.just(SignedIn(**WHO, how="password")),
)


def test_people_are_what_the_log_says_of_them() -> None:
    """Each event changes what it is about."""
    events: list[Struct] = [
        person("zhang", name="张三", department="市局", subject="s-1"),
        RoleGranted(**WHO, person="zhang", role="manager", units=("市局",), texts=True),
        SecondFactorRenewed(**WHO, person="zhang", number=7),
        KioskOpened(**WHO, kiosk="hall", address="10.0.0.9", units=("市局",), until=AT),
    ]
    people = fold(People(), events)
    grants = (Grant("manager", ("市局",), True),)
    assert people.persons == {
        "zhang": Person("zhang", "张三", "市局", "s-1", grants, False, 7, ("manager",))
    }
    assert people.kiosks == {"hall": Kiosk("hall", "10.0.0.9", ("市局",))}
    assert people.by_subject("s-1") == people.persons["zhang"]


def test_nobody_is_meant_by_an_empty_subject() -> None:
    """A local account has none, and a provider that names nobody names nobody."""
    assert fold(People(), [person("zhang")]).by_subject("") is None


def test_a_role_granted_again_stands_in_the_place_of_the_first() -> None:
    """Over other units; other roles stay."""
    events = [
        person("zhang"),
        RoleGranted(**WHO, person="zhang", role="manager", units=("a",)),
        RoleGranted(**WHO, person="zhang", role="auditor"),
        RoleGranted(**WHO, person="zhang", role="manager", units=("b",)),
    ]
    assert {Grant("auditor"), Grant("manager", ("b",))} == set(
        fold(People(), events).persons["zhang"].grants
    )


def test_a_person_added_again_is_who_they_were() -> None:
    """A name is taken for good: adding it once more gives nobody another's rights or subject."""
    events = [person("zhang", subject="s-1"), person("zhang", subject="s-2")]
    assert fold(People(), events).persons["zhang"].subject == "s-1"


def test_what_is_said_of_somebody_unknown_is_passed_over() -> None:
    """Nobody comes to be by being granted something."""
    events: list[Struct] = [
        RoleGranted(**WHO, person="ghost", role="system_admin"),
        RoleRevoked(**WHO, person="ghost", role="system_admin"),
        PersonDisabled(**WHO, person="ghost"),
        PersonEnabled(**WHO, person="ghost"),
        SecondFactorRenewed(**WHO, person="ghost", number=1),
        UnitRemoved(**WHO, unit="nowhere"),
        KioskClosed(**WHO, kiosk="none"),
    ]
    assert fold(People(), events) == People()


def test_folding_changes_nothing_that_was_known_before() -> None:
    """Whoever holds the earlier state goes on holding it."""
    before = fold(People(), [person("zhang"), placed("a")])
    fold(before, [PersonDisabled(**WHO, person="zhang"), UnitRemoved(**WHO, unit="a")])
    assert before.units == {"a": Unit("district")}
    assert not before.persons["zhang"].disabled
    assert People() == People({}, {}, {})


@given(st.lists(people_events, max_size=12), st.integers(0, 12))
def test_a_log_folded_in_two_parts_says_what_it_says_at_once(
    events: list[Struct], cut: int
) -> None:
    """Whatever it holds, and nothing in it raises."""
    assert fold(fold(People(), events[:cut]), events[cut:]) == fold(People(), events)


@given(st.lists(units, max_size=20))
def test_the_tree_never_bites_its_tail(events: list[Struct]) -> None:
    """Whatever is placed and removed: no unit hangs under itself, and every way up ends."""
    tree = fold(People(), events).units
    for unit in tree:
        way = above(tree, unit)
        assert unit not in way
        assert len(way) == len(set(way))


@given(st.dictionaries(st.sampled_from(UNITS), st.builds(Unit, st.just("district"), names)))
def test_the_way_up_ends_in_a_tree_that_was_never_folded_too(tree: dict[str, Unit]) -> None:
    """Even of units that hang under each other."""
    bent = {**tree, "x": Unit("district", "y"), "y": Unit("district", "x")}
    assert set(above(bent, "x")) <= {"x", "y"}


def test_moving_a_unit_under_what_hangs_under_it_is_passed_over() -> None:
    """Also where what hangs there hangs under nothing that is placed."""
    events = [placed("a"), placed("b", "a"), placed("a", "b")]
    assert fold(People(), events).units["a"] == Unit("district")
    dangling = fold(People(), [placed("b", "a")]).units
    assert makes_a_cycle(dangling, "a", "b")


def test_departments_under_a_district_are_all_below_it() -> None:
    """However deep; the district itself is none; a department takes along what hangs under it."""
    tree = fold(
        People(),
        [
            placed("city"),
            placed("north", "city"),
            placed("police", "north", "department"),
            placed("passports", "police", "department"),
            placed("south", "city"),
            placed("water", "south", "department"),
        ],
    ).units
    assert departments_under(tree, ["city"]) == {"police", "passports", "water"}
    assert departments_under(tree, ["north"]) == {"police", "passports"}
    assert departments_under(tree, ["police"]) == {"police", "passports"}
    assert departments_under(tree, ["south", "passports"]) == {"water", "passports"}
    assert departments_under(tree, []) == frozenset()


def test_a_name_outside_the_tree_is_a_department() -> None:
    """And reaches nothing that says it hangs there: a district that was removed gives no rights."""
    tree = fold(People(), [placed("police", "gone", "department")]).units
    assert departments_under(tree, ["gone"]) == {"gone"}


@pytest.mark.parametrize("typed", ["Zhang.San", " zhang.san ", "ＺＨＡＮＧ．ＳＡＮ", "zhang.san"])
def test_a_name_is_the_same_however_it_is_typed(typed: str) -> None:
    """Width, case and the spaces around it are nobody's name."""
    assert name_of(typed) == "zhang.san"


def test_a_name_as_compared_is_compared_as_itself() -> None:
    """Of every character: a stored name is found by itself."""
    characters = map(chr, range(0x110000))
    found = [c for c in characters if (name := name_of(c)) != c and name_of(name) != name]
    assert [f"{unicodedata.name(c, '?')} {ord(c):x}" for c in found] == []
