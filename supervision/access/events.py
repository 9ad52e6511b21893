"""What is recorded of people, rights and access, as events of streams of their own.

Names are kept for good. None holds a password, a secret, or what was read; addresses and names of
the people who use the system are in clear, as the audit needs them (docs/decisions/0015).
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

PEOPLE = "system/people"
"""Persons, their roles, the tree of districts and departments: what rights follow from."""
ACCESS = "system/access"
"""Sign-ins, refusals, looks at personal data, exports: what was done with them."""


SAMPLES = "system/samples"
"""Samples of cases (案卷抽查), and what was found in them."""


class AccessEvent(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """When, and by whom: a person's name, or `console:` and the user of the machine."""

    at: datetime
    by: str


class PersonAdded(AccessEvent, frozen=True, kw_only=True, omit_defaults=True):
    """A person may sign in from now on: `person` is the name for it, `name` how people call them.

    `subject` is how an OpenID provider names them; without it the account is local.
    """

    person: str
    name: str = ""
    department: str = ""
    subject: str = ""


class PersonDisabled(AccessEvent, frozen=True, kw_only=True, omit_defaults=True):
    """They may not sign in any more."""

    person: str
    reason: str = ""


class PersonEnabled(AccessEvent, frozen=True, kw_only=True, omit_defaults=True):
    """They may again."""

    person: str


class RoleGranted(AccessEvent, frozen=True, kw_only=True, omit_defaults=True):
    """A role over a part of the tree; `units` are districts and departments, none: the whole.

    `texts` adds the right to look at personal data and free text there.
    """

    person: str
    role: str
    units: tuple[str, ...] = ()
    texts: bool = False


class RoleRevoked(AccessEvent, frozen=True, kw_only=True, omit_defaults=True):
    """The person has the role no more, over whatever part."""

    person: str
    role: str


class UnitPlaced(AccessEvent, frozen=True, kw_only=True, omit_defaults=True):
    """A district or a department under a district; "" is the top. Placed again, it is moved.

    A department's name is that of the published items.
    """

    unit: str
    kind: str
    parent: str = ""


class UnitRemoved(AccessEvent, frozen=True, kw_only=True, omit_defaults=True):
    """It is no part of the tree any more; what is below it hangs nowhere until placed again."""

    unit: str


class SecondFactorRenewed(AccessEvent, frozen=True, kw_only=True, omit_defaults=True):
    """The person's second factor is another from now on; the number makes its secret."""

    person: str
    number: int


class SignedIn(AccessEvent, frozen=True, kw_only=True, omit_defaults=True):
    """`by` signed in: how (password, totp, oidc, link, kiosk), from where; `session` is the
    beginning of the digest under which it is listed.
    """

    how: str
    address: str = ""
    session: str = ""


class SignInRefused(AccessEvent, frozen=True, kw_only=True, omit_defaults=True):
    """Signing in failed, and why; `by` is whom it was tried as. `count` tries in one minute."""

    why: str
    address: str = ""
    count: int = 1


class SignedOut(AccessEvent, frozen=True, kw_only=True, omit_defaults=True):
    """A session was ended: by its person, by somebody else, or as rights changed."""

    person: str
    session: str
    why: str = ""


class PasswordChanged(AccessEvent, frozen=True, kw_only=True, omit_defaults=True):
    """A person has another password; a temporary one is to be changed at the next sign-in."""

    person: str
    temporary: bool = False


class AccountUnlocked(AccessEvent, frozen=True, kw_only=True, omit_defaults=True):
    """Failed sign-ins of a person were forgiven."""

    person: str


class LinkIssued(AccessEvent, frozen=True, kw_only=True, omit_defaults=True):
    """A link that signs a person in, once, was made."""

    person: str
    until: datetime


class KioskOpened(AccessEvent, frozen=True, kw_only=True, omit_defaults=True):
    """A wall may be shown at an address, without a person, of a part of the tree."""

    kiosk: str
    address: str
    units: tuple[str, ...] = ()
    until: datetime
    session: str = ""


class KioskClosed(AccessEvent, frozen=True, kw_only=True, omit_defaults=True):
    """No longer."""

    kiosk: str


class AccessRefused(AccessEvent, frozen=True, kw_only=True, omit_defaults=True):
    """Something was asked without the right to it: what, from where, and which rule refused.

    `count` refusals of the same kind, from the same, within one minute.
    """

    what: str
    why: str
    address: str = ""
    count: int = 1


class TextsSeen(AccessEvent, frozen=True, kw_only=True, omit_defaults=True):
    """Personal data and free text of a case were shown to `by`, who gave this reason."""

    source: str
    case_no: str
    reason: str
    address: str = ""


class Exported(AccessEvent, frozen=True, kw_only=True, omit_defaults=True):
    """A list left the system as a file: which, in what form, of which units ("" all), how long."""

    what: str
    value: str = ""
    form: str = "csv"
    scope: str = ""
    address: str = ""


class CaseSeen(AccessEvent, frozen=True, kw_only=True, omit_defaults=True):
    """A case was looked at by `by`: `how` is page, history, card, api or command."""

    source: str
    case_no: str
    how: str
    address: str = ""


class CaseFileTaken(AccessEvent, frozen=True, kw_only=True, omit_defaults=True):
    """The case file (卷宗) of a case left the system; `digest` is the SHA-256 of its manifest.

    With personal data and free text (`texts`) only for a reason.
    """

    source: str
    case_no: str
    digest: str
    texts: bool = False
    reason: str = ""
    address: str = ""


class CaseDrawn(Struct, frozen=True):
    """One case of a sample."""

    source: str
    case_no: str


class SampleDrawn(AccessEvent, frozen=True, kw_only=True, omit_defaults=True):
    """Cases drawn at random for 案卷抽查, so that anybody can draw them again.

    Of the `population` cases that the log has up to `position` and that meet the criteria, `cases`
    are those that `seed` gives. `criteria` by name: department, item, severity, from, to, state.
    """

    sample: str
    seed: str
    criteria: dict[str, str] = {}
    position: int
    population: int
    cases: tuple[CaseDrawn, ...]


class SampleChecked(AccessEvent, frozen=True, kw_only=True, omit_defaults=True):
    """A case of a sample was checked: `result` is good, fair or bad; `defects` are codes."""

    sample: str
    source: str
    case_no: str
    result: str
    defects: tuple[str, ...] = ()


class LogVerified(AccessEvent, frozen=True, kw_only=True, omit_defaults=True):
    """`by` verified the log: up to which position, how far that was sealed, how many findings."""

    position: int
    sealed: int
    root: str
    findings: int = 0


class AuditRead(AccessEvent, frozen=True, kw_only=True, omit_defaults=True):
    """`by` read the trail: which book, of whom."""

    book: str
    of: str = ""


ACCESS_EVENTS: dict[str, type[Struct]] = {
    event.__name__: event
    for event in (
        PersonAdded,
        PersonDisabled,
        PersonEnabled,
        RoleGranted,
        RoleRevoked,
        UnitPlaced,
        UnitRemoved,
        SecondFactorRenewed,
        SignedIn,
        SignInRefused,
        SignedOut,
        PasswordChanged,
        AccountUnlocked,
        LinkIssued,
        KioskOpened,
        KioskClosed,
        AccessRefused,
        TextsSeen,
        Exported,
        CaseSeen,
        CaseFileTaken,
        SampleDrawn,
        SampleChecked,
        LogVerified,
        AuditRead,
    )
}
