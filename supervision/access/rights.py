"""Which role may do what, and over which part of the tree. Pure.

Three administrators hold each other in check (三员分立: 系统管理员, 安全管理员, 审计管理员): one
says who is there, one what they may do, one reads what both did. As such none of them sees a case.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from .people import Kiosk, People, Person, departments_under


class Right(StrEnum):
    """Something that may be done."""

    WALL = "wall"
    """See the wall."""
    CASES = "cases"
    """See lists of cases and each case, personal data and free text masked."""
    EXPORT = "export"
    """Take a list away as a file."""
    TEXTS = "texts"
    """Look at personal data and free text of a case, with a reason."""
    HEALTH = "health"
    """See how the system is."""
    PEOPLE = "people"
    """Add persons, place districts and departments."""
    KEYS = "keys"
    """Give source systems keys, and take them away."""
    RIGHTS = "rights"
    """Grant and revoke roles and walls, disable and unlock accounts, end sessions."""
    AUDIT = "audit"
    """Read who did what."""
    ANSWER = "answer"
    """Answer for the department about its cards: sign, explain, appeal, report."""
    SUPERVISE = "supervise"
    """Decide about cards: verify, order, close, withdraw, issue by hand; silence alerts."""
    ALERTS = "alerts"
    """Say who is told of cards, by what rules and in what words."""
    TOLD = "told"
    """See who was told of cards, and what became of it."""
    REPLAY = "replay"
    """See the wall as it was, and what other rules would have given; draw samples of cases."""
    VERIFY = "verify"
    """Verify the log against its checkpoints."""


INSPECTOR, MANAGER, WINDOW, AUDITOR = "inspector", "manager", "window", "auditor"
SYSTEM, SECURITY, AUDIT = "system_admin", "security_admin", "audit_admin"

ROLES: dict[str, frozenset[Right]] = {
    INSPECTOR: frozenset({
        Right.WALL, Right.CASES, Right.EXPORT, Right.HEALTH, Right.SUPERVISE, Right.TOLD,
        Right.REPLAY, Right.VERIFY,
    }),
    MANAGER: frozenset({Right.WALL, Right.CASES, Right.EXPORT, Right.ANSWER, Right.TOLD}),
    WINDOW: frozenset({Right.CASES, Right.ANSWER}),
    AUDITOR: frozenset({
        Right.CASES, Right.EXPORT, Right.HEALTH, Right.TOLD, Right.REPLAY, Right.VERIFY,
    }),
    SYSTEM: frozenset({Right.PEOPLE, Right.KEYS, Right.HEALTH, Right.ALERTS}),
    SECURITY: frozenset({Right.RIGHTS, Right.HEALTH}),
    AUDIT: frozenset({Right.AUDIT, Right.HEALTH, Right.VERIFY}),
}  # fmt: skip
ADMINISTRATORS = frozenset({SYSTEM, SECURITY, AUDIT})
"""Of these nobody holds two, each is over the whole, and each signs in with a second factor."""


class Reach(NamedTuple):
    """A part of the world: departments by name; None is the whole, cases of no department too."""

    departments: frozenset[str] | None = frozenset()

    def covers(self, department: str) -> bool:
        """Whether a department's cases are in it."""
        return self.departments is None or department in self.departments

    def __or__(self, other: object) -> Reach:
        """Both parts together."""
        if not isinstance(other, Reach):
            return NotImplemented
        if self.departments is None or other.departments is None:
            return EVERYWHERE
        return Reach(self.departments | other.departments)


EVERYWHERE = Reach(None)

Rights = dict[Right, Reach]
"""What somebody may do, each over which part; what is missing they may not."""


def rights_of(people: People, person: Person) -> Rights:
    """What a person may do now."""
    found: Rights = {}
    if person.disabled:
        return found
    for grant in person.grants:
        reach = _reach(people, grant.units)
        rights = ROLES.get(grant.role, frozenset())
        if grant.texts and Right.CASES in rights:
            rights |= {Right.TEXTS}
        for right in rights:
            found[right] = found[right] | reach if right in found else reach
    return found


def rights_of_kiosk(people: People, kiosk: Kiosk) -> Rights:
    """A wall without a person shows itself and nothing behind it."""
    return {Right.WALL: _reach(people, kiosk.units)}


def is_administrator(person: Person) -> bool:
    """Whether a second factor is needed."""
    return any(grant.role in ADMINISTRATORS for grant in person.grants)


def was_administrator(person: Person) -> bool:
    """Whether the person is one, or was: whose role was taken away may be given it again."""
    return not ADMINISTRATORS.isdisjoint(person.held)


def _reach(people: People, units: tuple[str, ...]) -> Reach:
    return Reach(departments_under(people.units, units)) if units else EVERYWHERE
