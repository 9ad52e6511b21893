"""The moves of the loop as people and programs ask for them: what is told with each, and by which
right. Pure.

LoopRefused
├── NoSuchMove     the loop has no move of that name
└── NotTheirs      the right to it is missing over the card's department
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from supervision.access.rights import Right
from supervision.acts import DESK_ACTS, DeskAct, IssuedByHand
from supervision.loop.commands import REASON, SHORT, FieldUnfit, LoopRefused
from supervision.loop.desk import Draft
from supervision.loop.stage import DEPARTMENT, MOVES

ID_FORM = "^[A-Za-z0-9._:-]{1,48}$"
"""What makes a request known when it is sent again."""
NAME_FORM = r"^[\w .,、（）()《》〔〕-]*$"
"""Names and titles that are surely taken; others must print, too."""

CHOICES: dict[str, str] = {
    "AppealDecided": "upheld",
    "RectificationVerified": "accepted",
    "ProposalDecided": "issued",
    "DisputeVerified": "removed",
}
"""Moves that decide something: the field that says how."""
TO: frozenset[str] = frozenset({"AppealReferred", "CardTransferred"})
"""Moves that say to whom."""
MOVE_NAMES: tuple[str, ...] = tuple(each.__name__ for each in MOVES)
HAND = "IssuedByHand"


class NoSuchMove(LoopRefused):
    """The name is no act of the loop."""

    zh, en = "没有这种办理", "there is no such move"


class NotTheirs(LoopRefused):
    """Another department's card, or another's work."""

    zh = "您无权对该部门的牌作此办理"
    en = "you have no right to do this about that department's cards"


class Asked(NamedTuple):
    """A move as it was asked for. `id`: the same when it is sent again. `choice`: how, of those
    that decide something; None: not said.
    """

    kind: str
    id: str
    reason: str = ""
    to: str = ""
    choice: bool | None = None

    @property
    def private(self) -> Mapping[str, str]:
        """What goes to the vault."""
        return {REASON: self.reason}


class HandAsked(NamedTuple):
    """A card by hand as it was asked for."""

    id: str
    severity: str
    department: str
    person: str = ""
    step: str = ""
    law: str = ""
    causes: tuple[str, ...] = ()
    reason: str = ""

    @property
    def private(self) -> Mapping[str, str]:
        """What goes to the vault."""
        return {REASON: self.reason}


class Place(NamedTuple):
    """Which card, and who asks by what: desk, api, console."""

    source: str
    case_no: str
    card: str
    by: str
    via: str


def right_of(kind: str) -> Right:
    """The right that a move asks for."""
    return Right.ANSWER if DESK_ACTS[kind] in DEPARTMENT else Right.SUPERVISE


def draft_of(place: Place, asked: Asked) -> Draft:
    """The act; NoSuchMove, FieldUnfit. Asked twice with one id, it is one act."""
    if asked.kind not in MOVE_NAMES:
        raise NoSuchMove(asked.kind[:SHORT])
    made = DESK_ACTS[asked.kind]
    fields: dict[str, object] = {**place._asdict(), "id": act_id(place.card, asked)}
    if asked.kind in CHOICES:
        if asked.choice is None:
            raise FieldUnfit("请选择其一 choose one of the two")
        fields[CHOICES[asked.kind]] = asked.choice
    if asked.kind in TO:
        fields["to"] = _named(asked.to)
    if asked.kind == "SupervisionOrdered":
        fields["number"] = 0
    return lambda at: _made(made, fields, at)


def hand_draft_of(place: Place, asked: HandAsked) -> Draft:
    """The act by which a card is issued by hand; FieldUnfit."""
    fields = {
        **place._asdict(),
        "id": f"hand-{_checked(asked.id)}",
        "severity": asked.severity,
        "department": _named(asked.department),
        "person": _named(asked.person),
        "step": _named(asked.step),
        "law": _named(asked.law),
        "causes": asked.causes,
    }
    return lambda at: _made(IssuedByHand, fields, at)


def act_id(card: str, asked: Asked) -> str:
    """The id of an act: of a card and a move, whatever was asked for twice is the same."""
    return f"{card}-{asked.kind}-{_checked(asked.id)}"


def _checked(given: str) -> str:
    if not re.fullmatch(ID_FORM, given.strip()):
        raise FieldUnfit(f"id {ID_FORM}")
    return given.strip()


def _named(given: str) -> str:
    text = given.strip()
    if len(text) > SHORT or not text.isprintable():
        raise FieldUnfit(
            f"名称须在 {SHORT} 字以内 names have at most {SHORT} characters that print"
        )
    return text


def _made(made: type[DeskAct], fields: Mapping[str, object], at: object) -> DeskAct:
    return made(**fields, at=at)  # type: ignore[arg-type]
