"""What may be done with persons, roles and the tree, and what is refused, by its command."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from supervision.access.events import (
    KioskOpened,
    PersonAdded,
    PersonDisabled,
    RoleGranted,
    UnitPlaced,
)
from supervision.access.people import People, fold
from supervision.access.rights import ADMINISTRATORS, ROLES
from supervision.access.ruling import (
    GrantUnfit,
    LastOfItsKind,
    NameUnfit,
    NotAllowed,
    OwnRights,
    PersonExists,
    TreeCycle,
    TwoAdministrators,
    UnitUnfit,
    UnknownPerson,
    add_person,
    disable,
    enable,
    grant,
    place,
    remove,
    revoke,
)
from tests.access import AT, CONSOLE

Command = Callable[[People], Struct]


def adding(person: str, by: str = "sys", **fields: Any) -> Command:
    return lambda people: add_person(people, PersonAdded(at=AT, by=by, person=person, **fields))


def granting(person: str, role: str, by: str = "sec", **fields: Any) -> Command:
    return lambda people: grant(
        people, RoleGranted(at=AT, by=by, person=person, role=role, **fields)
    )


def revoking(person: str, role: str, by: str = "sec") -> Command:
    return lambda people: revoke(people, person, role, by, AT)


def disabling(person: str, by: str = "sec") -> Command:
    return lambda people: disable(people, person, by, AT, "left")


def enabling(person: str, by: str = "sec") -> Command:
    return lambda people: enable(people, person, by, AT)


def placing(unit: str, kind: str = "district", parent: str = "") -> Command:
    return lambda people: place(
        people, UnitPlaced(at=AT, by="sys", unit=unit, kind=kind, parent=parent)
    )


def removing(unit: str) -> Command:
    return lambda people: remove(people, unit, "sys", AT)


NOBODY = People()


def after(*commands: Command, people: People = NOBODY) -> People:
    """What is known after each was obeyed."""
    for command in commands:
        people = fold(people, [command(people)])
    return people


OFFICE = after(
    adding("sys", CONSOLE, subject="s-1"),
    adding("sec", CONSOLE),
    adding("zhang", CONSOLE),
    granting("sys", "system_admin", CONSOLE),
    granting("sec", "security_admin", CONSOLE),
    granting("zhang", "manager"),
    placing("city"),
    placing("north", parent="city"),
    placing("police", "department", "north"),
    people=fold(People(), [KioskOpened(at=AT, by=CONSOLE, kiosk="hall", address="", until=AT)]),
)


@pytest.mark.parametrize(
    ("command", "error"),
    [
        (adding(""), NameUnfit),
        (adding("two words"), NameUnfit),
        (adding("console:root"), NameUnfit),
        (adding("x" * 65), NameUnfit),
        (adding("a\nb"), NameUnfit),
        (adding("li", name="a\nb"), NameUnfit),
        (adding("li", name="x" * 101), NameUnfit),
        (adding("li", department="\u202egnp"), NameUnfit),
        (adding("li", subject="\0"), NameUnfit),
        (adding("ZHANG "), PersonExists),
        (adding("hall"), PersonExists),
        (adding("li", subject="s-1"), PersonExists),
        (granting("ghost", "manager"), UnknownPerson),
        (granting("zhang", "emperor"), GrantUnfit),
        (granting("zhang", "audit_admin", units=("north",)), GrantUnfit),
        (granting("zhang", "audit_admin", texts=True), GrantUnfit),
        (granting("zhang", "window", units=("",)), UnitUnfit),
        (granting("zhang", "window", units=("a\nb",)), UnitUnfit),
        (granting("sec", "inspector"), OwnRights),
        (granting("SEC", "inspector"), OwnRights),
        (granting("sys", "audit_admin"), TwoAdministrators),
        (revoking("ghost", "manager"), UnknownPerson),
        (revoking("zhang", "window"), GrantUnfit),
        (revoking("sec", "security_admin"), OwnRights),
        (revoking("sec", "security_admin", "zhang"), LastOfItsKind),
        (disabling("ghost"), UnknownPerson),
        (disabling("sec"), OwnRights),
        (disabling("sec", "zhang"), LastOfItsKind),
        (enabling("ghost"), UnknownPerson),
        (enabling("sec"), OwnRights),
        (placing(""), UnitUnfit),
        (placing("x" * 101), UnitUnfit),
        (placing("a\tb"), UnitUnfit),
        (placing("south", "county"), UnitUnfit),
        (placing("south", parent="nowhere"), UnitUnfit),
        (placing("south", parent="police"), UnitUnfit),
        (placing("city", "department"), UnitUnfit),
        (placing("city", parent="city"), TreeCycle),
        (placing("city", parent="north"), TreeCycle),
        (placing("new", parent="new"), TreeCycle),
        (removing("nowhere"), UnitUnfit),
        (removing("city"), UnitUnfit),
    ],
)
def test_what_is_not_allowed_is_named(command: Command, error: type[NotAllowed]) -> None:
    """By an error of its own, in Chinese and English; the name of a rule, no stack of code."""
    with pytest.raises(error) as refused:
        command(OFFICE)
    assert type(refused.value) is error
    assert str(refused.value).startswith(f"{error.zh} {error.en}")


@pytest.mark.parametrize(
    "command",
    [
        adding("李.四@city+1"),
        adding("li", department="police", subject="s-2"),
        granting("zhang", "inspector", texts=True, units=("north", "elsewhere")),
        granting("zhang", "audit_admin"),
        granting("sys", "system_admin"),
        granting("sys", "window"),
        revoking("zhang", "manager"),
        disabling("zhang"),
        enabling("zhang"),
        placing("police", "department", "city"),
        placing("north"),
        placing("desk", "department", "police"),
        removing("police"),
    ],
)
def test_what_is_allowed_gives_one_event(command: Command) -> None:
    """By whoever asked, when they asked; folding it changes what is known, or says it again."""
    event: Any = command(OFFICE)
    assert event.at == AT
    assert event.by in ("sys", "sec")


@pytest.mark.parametrize(
    "command",
    [revoking("sec", "security_admin", CONSOLE), disabling("sec", CONSOLE)],
)
def test_the_console_may_do_what_a_person_may_not(command: Command) -> None:
    """The last security administrator can be replaced from where the machine stands."""
    assert command(OFFICE)


def test_the_console_may_not_make_one_of_two_administrators() -> None:
    """三员分立 holds there too."""
    with pytest.raises(TwoAdministrators):
        granting("sys", "audit_admin", CONSOLE)(OFFICE)


def test_one_of_two_security_administrators_may_go() -> None:
    """As long as the other may sign in."""
    two = after(adding("li"), granting("li", "security_admin"), people=OFFICE)
    assert disabling("sec", "li")(two)
    gone = fold(two, [PersonDisabled(at=AT, by=CONSOLE, person="li")])
    with pytest.raises(LastOfItsKind):
        revoking("sec", "security_admin", "zhang")(gone)


def test_a_name_is_kept_as_it_is_compared() -> None:
    """So it is found however it is typed."""
    event: Any = adding(" ＬＩ.Si ")(OFFICE)
    assert event.person == "li.si"


def test_units_are_granted_once_each() -> None:
    """Without the spaces around them."""
    event: Any = granting("zhang", "window", units=(" north", "north ", "city"))(OFFICE)
    assert event.units == ("north", "city")


who = st.sampled_from(["sys", "sec", "zhang", "li"])
asking = st.sampled_from(["sys", "sec", "zhang", "li", CONSOLE])
commands = st.one_of(
    st.builds(adding, who, asking),
    st.builds(granting, who, st.sampled_from(sorted(ROLES)), asking),
    st.builds(revoking, who, st.sampled_from(sorted(ROLES)), asking),
    st.builds(disabling, who, asking),
    st.builds(enabling, who, asking),
)


@given(st.lists(commands, max_size=25))
def test_nobody_ever_holds_two_of_the_three(tried: list[Command]) -> None:
    """Whatever is tried in whatever order, by whomever."""
    people = OFFICE
    for command in tried:
        try:
            people = fold(people, [command(people)])
        except NotAllowed:
            continue
        for person in people.persons.values():
            assert len({grant.role for grant in person.grants} & ADMINISTRATORS) <= 1


@given(st.lists(commands, max_size=25))
def test_somebody_always_grants_and_revokes(tried: list[Command]) -> None:
    """Unless the console took it from them."""
    people = OFFICE
    for command in tried:
        try:
            event: Any = command(people)
        except NotAllowed:
            continue
        if event.by == CONSOLE:
            continue
        people = fold(people, [event])
        assert any(
            "security_admin" in {grant.role for grant in person.grants} and not person.disabled
            for person in people.persons.values()
        )
