"""Which role may do what, over which part of the tree."""

from __future__ import annotations

import pytest

from supervision.access.people import Grant, Kiosk, People, Person, Unit
from supervision.access.rights import (
    ADMINISTRATORS,
    EVERYWHERE,
    ROLES,
    Reach,
    Right,
    is_administrator,
    rights_of,
    rights_of_kiosk,
)

TREE = People(
    units={
        "city": Unit("district"),
        "north": Unit("district", "city"),
        "police": Unit("department", "north"),
        "water": Unit("department", "city"),
    }
)


def who(*grants: Grant, disabled: bool = False) -> Person:
    return Person("zhang", grants=grants, disabled=disabled)


@pytest.mark.parametrize(
    ("role", "rights"),
    [
        ("inspector", "wall cases export health supervise told replay verify"),
        ("manager", "wall cases export answer told"),
        ("window", "cases answer"),
        ("auditor", "cases export health told replay verify"),
        ("system_admin", "people keys health alerts"),
        ("security_admin", "rights health"),
        ("audit_admin", "audit health verify"),
        ("no such role", ""),
    ],
)
def test_a_role_gives_its_rights_over_the_whole(role: str, rights: str) -> None:
    """Those and no others; a name that is no role gives none."""
    assert rights_of(TREE, who(Grant(role))) == {Right(r): EVERYWHERE for r in rights.split()}


def test_every_role_is_in_the_table_above() -> None:
    """A new one must be written down there."""
    assert len(ROLES) == 7


@pytest.mark.parametrize("role", sorted(ADMINISTRATORS))
def test_no_administrator_sees_a_case(role: str) -> None:
    """Nor a wall, an export or a text, even where the log grants texts with the role."""
    seen = {Right.WALL, Right.CASES, Right.EXPORT, Right.TEXTS, Right.ANSWER, Right.SUPERVISE}
    assert not seen & rights_of(TREE, who(Grant(role, texts=True))).keys()
    assert is_administrator(who(Grant(role)))


def test_the_three_administrators_share_no_right_but_to_see_how_the_system_is() -> None:
    """三员分立: what one does another does not."""
    shared = [ROLES[a] & ROLES[b] for a in ADMINISTRATORS for b in ADMINISTRATORS if a != b]
    assert set(shared) == {frozenset({Right.HEALTH})}


@pytest.mark.parametrize(
    ("units", "departments"),
    [
        (("city",), {"police", "water"}),
        (("north",), {"police"}),
        (("police",), {"police"}),
        (("north", "water"), {"police", "water"}),
        (("elsewhere",), {"elsewhere"}),
        (("elsewhere", "north"), {"elsewhere", "police"}),
    ],
)
def test_a_role_over_units_reaches_the_departments_below(
    units: tuple[str, ...], departments: set[str]
) -> None:
    """A name outside the tree is a department's."""
    reach = Reach(frozenset(departments))
    assert rights_of(TREE, who(Grant("window", units))) == {
        Right.CASES: reach,
        Right.ANSWER: reach,
    }


def test_a_role_over_an_empty_district_reaches_nothing() -> None:
    """It is not taken for the whole."""
    tree = People(units={"empty": Unit("district")})
    reach = rights_of(tree, who(Grant("window", ("empty",))))[Right.CASES]
    assert reach == Reach(frozenset())
    assert not reach.covers("police")


def test_two_roles_reach_together_what_each_reaches() -> None:
    """Each right over the parts of the roles that give it, and no other's."""
    rights = rights_of(TREE, who(Grant("window", ("police",)), Grant("auditor", ("water",))))
    assert rights[Right.CASES] == Reach(frozenset({"police", "water"}))
    assert rights[Right.EXPORT] == Reach(frozenset({"water"}))
    whole = rights_of(TREE, who(Grant("window", ("police",)), Grant("auditor")))
    assert whole[Right.CASES] == EVERYWHERE


def test_texts_are_a_right_of_their_own() -> None:
    """Where it was given with the role, and over that part alone."""
    rights = rights_of(TREE, who(Grant("window", ("police",), True), Grant("auditor")))
    assert rights[Right.TEXTS] == Reach(frozenset({"police"}))
    assert Right.TEXTS not in rights_of(TREE, who(Grant("inspector")))


def test_who_is_disabled_may_do_nothing() -> None:
    """Whatever was granted."""
    assert rights_of(TREE, who(Grant("inspector"), disabled=True)) == {}


def test_a_kiosk_shows_its_wall_and_nothing_behind_it() -> None:
    """Of its part, or the whole."""
    assert rights_of_kiosk(TREE, Kiosk("hall", "", ("north",))) == {
        Right.WALL: Reach(frozenset({"police"}))
    }
    assert rights_of_kiosk(TREE, Kiosk("hall", "")) == {Right.WALL: EVERYWHERE}


def test_the_whole_covers_cases_of_no_department() -> None:
    """A part does not."""
    assert EVERYWHERE.covers("")
    assert not Reach(frozenset({"police"})).covers("")
    assert EVERYWHERE | Reach(frozenset({"police"})) == EVERYWHERE
