"""What may be done with persons, roles and the tree: each command gives its event, or says why not.

`by` is who asks; from the machine's own console, where whoever stands could change the files too,
it begins with `console:`, and what it does to itself or to the last security administrator is not
refused, so that a system without administrators is not lost. 三员分立 holds there too.

NotAllowed
├── UnknownPerson, PersonExists, NameUnfit
├── ByConsole            no administrator resets another's password or second factor
├── OwnRights            nobody grants to, or takes from, or disables himself
├── TwoAdministrators    of the three administrators nobody holds two
├── LastOfItsKind        the last security administrator would be gone; not at the console
├── GrantUnfit           an administrator of a part; texts for who sees no cases; no such role
└── TreeCycle, UnitUnfit
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from ..errors import SupervisionError
from .events import (
    PersonAdded,
    PersonDisabled,
    PersonEnabled,
    RoleGranted,
    RoleRevoked,
    UnitPlaced,
    UnitRemoved,
)
from .people import DEPARTMENT, DISTRICT, TOP, People, Person, makes_a_cycle, name_of
from .rights import ADMINISTRATORS, ROLES, SECURITY, Right

CONSOLE = "console:"
NAME = re.compile(r"[\w.@+-]{1,64}")
LONGEST = 100
"""Characters of a person's or unit's name as people read it."""


class NotAllowed(SupervisionError):
    """The root; the message is for the administrator who asked, in Chinese and English."""

    zh: ClassVar[str] = "不允许"
    en: ClassVar[str] = "not allowed"

    def __init__(self, what: str = "") -> None:
        super().__init__(f"{self.zh} {self.en}{': ' + what if what else ''}")
        self.what = what


class UnknownPerson(NotAllowed):
    """Nobody of that name was added."""

    zh, en = "没有此人", "no such person"


class PersonExists(NotAllowed):
    """The name is taken, for good: what was done under it stays on record."""

    zh, en = "该登录名已被使用", "that name is taken"


class NameUnfit(NotAllowed):
    """A name to sign in with has 1 to 64 letters, digits or . @ + - _ of any script."""

    zh = "登录名须为 1 至 64 个字母、汉字、数字或 . @ + - _"
    en = "a name is 1 to 64 letters, digits or . @ + - _"


class OwnRights(NotAllowed):
    """Somebody else must do it."""

    zh, en = "不得变更本人的权限，请由他人办理", "nobody changes his own rights: ask another"


class ByConsole(NotAllowed):
    """Else one administrator could sign in as another (三员分立)."""

    zh = "管理员的密码和第二因素只能在主机控制台上重置"
    en = "an administrator's password and second factor are reset at the machine's console only"


class TwoAdministrators(NotAllowed):
    """三员分立."""

    zh, en = "三员分立：一人不得兼任两种管理员", "nobody holds two of the three administrators"


class LastOfItsKind(NotAllowed):
    """Then nobody could grant anything."""

    zh, en = "这是最后一名安全管理员", "the last security administrator"


class GrantUnfit(NotAllowed):
    """The role and what was given with it do not go together."""

    zh, en = "授权内容不符", "these do not go together"


class TreeCycle(NotAllowed):
    """A unit cannot hang under itself."""

    zh, en = "不能把单位挂在它自己之下", "a unit cannot hang under itself"


class UnitUnfit(NotAllowed):
    """Its name, its kind or what it hangs under."""

    zh, en = "单位的名称、类别或上级不符", "the unit's name, kind or parent does not fit"


def add_person(people: People, who: PersonAdded) -> PersonAdded:
    """A new person."""
    name = name_of(who.person)
    if not NAME.fullmatch(name):
        raise NameUnfit(who.person[:64])
    if name in people.persons or name in people.kiosks:
        raise PersonExists(name)
    if people.by_subject(who.subject):
        raise PersonExists(who.subject)
    if not _readable(who.name, who.department) or not who.subject.isprintable():
        raise NameUnfit(who.name[:64])
    return PersonAdded(
        at=who.at, by=who.by, person=name, name=who.name, department=who.department,
        subject=who.subject,
    )  # fmt: skip


def disable(people: People, person: str, by: str, at: datetime, reason: str = "") -> PersonDisabled:
    """Somebody may not sign in any more."""
    who = _another(people, person, by)
    _leaves_one(people, who, by)
    return PersonDisabled(at=at, by=by, person=who.person, reason=reason[:LONGEST])


def enable(people: People, person: str, by: str, at: datetime) -> PersonEnabled:
    """They may again."""
    return PersonEnabled(at=at, by=by, person=_another(people, person, by).person)


def grant(people: People, wanted: RoleGranted) -> RoleGranted:
    """Give a role; the same role is given anew, over other units."""
    who = _another(people, wanted.person, wanted.by)
    rights = ROLES.get(wanted.role)
    if rights is None:
        raise GrantUnfit(wanted.role[:LONGEST])
    admin = wanted.role in ADMINISTRATORS
    if admin and any(g.role in ADMINISTRATORS - {wanted.role} for g in who.grants):
        raise TwoAdministrators(who.person)
    if admin and wanted.units:
        raise GrantUnfit("管理员的职责不分区域 an administrator is of the whole")
    if wanted.texts and Right.CASES not in rights:
        raise GrantUnfit("该角色不看办件 the role sees no cases")
    units = tuple(dict.fromkeys(unit.strip() for unit in wanted.units))
    if any(not unit or not _readable(unit) for unit in units):
        raise UnitUnfit
    return RoleGranted(
        at=wanted.at, by=wanted.by, person=who.person, role=wanted.role, units=units,
        texts=wanted.texts,
    )  # fmt: skip


def revoke(people: People, person: str, role: str, by: str, at: datetime) -> RoleRevoked:
    """Take a role away."""
    who = _another(people, person, by)
    if role not in {grant.role for grant in who.grants}:
        raise GrantUnfit(role[:LONGEST])
    if role == SECURITY:
        _leaves_one(people, who, by)
    return RoleRevoked(at=at, by=by, person=who.person, role=role)


def place(people: People, wanted: UnitPlaced) -> UnitPlaced:
    """Put a district or department into the tree, or elsewhere in it."""
    unit, parent = wanted.unit.strip(), wanted.parent.strip()
    above = people.units.get(parent)
    if not unit or not _readable(unit) or wanted.kind not in (DISTRICT, DEPARTMENT):
        raise UnitUnfit(unit[:LONGEST])
    if parent != TOP and above is None and parent != unit:
        raise UnitUnfit(f"没有上级单位 no such parent: {parent[:LONGEST]}")
    if makes_a_cycle(people.units, unit, parent):
        raise TreeCycle(unit)
    below = {each.kind for each in people.units.values() if each.parent == unit}
    misplaced = above is not None and above.kind == DEPARTMENT and wanted.kind == DISTRICT
    if misplaced or (wanted.kind == DEPARTMENT and DISTRICT in below):
        raise UnitUnfit("区划不能挂在部门之下 a district under a department")
    return UnitPlaced(at=wanted.at, by=wanted.by, unit=unit, kind=wanted.kind, parent=parent)


def remove(people: People, unit: str, by: str, at: datetime) -> UnitRemoved:
    """Take a unit out of the tree; one under which others hang stays."""
    below = [name for name, at in people.units.items() if at.parent == unit]
    if unit not in people.units or below:
        raise UnitUnfit(f"{unit[:LONGEST]} {' '.join(below[:3])}".strip())
    return UnitRemoved(at=at, by=by, unit=unit)


def _another(people: People, person: str, by: str) -> Person:
    """The person, who is not the one who asks."""
    who = people.persons.get(name_of(person))
    if who is None:
        raise UnknownPerson(person[:64])
    if who.person == by:
        raise OwnRights(by)
    return who


def _leaves_one(people: People, who: Person, by: str) -> None:
    """Raise LastOfItsKind if nobody else grants and revokes, but the console."""
    others: Sequence[Person] = [
        each
        for each in people.persons.values()
        if each.person != who.person and not each.disabled and _has(each, SECURITY)
    ]
    if _has(who, SECURITY) and not others and not by.startswith(CONSOLE):
        raise LastOfItsKind(who.person)


def _has(person: Person, role: str) -> bool:
    return role in {grant.role for grant in person.grants}


def _readable(*texts: str) -> bool:
    return all(len(text) <= LONGEST and text.isprintable() for text in texts)
