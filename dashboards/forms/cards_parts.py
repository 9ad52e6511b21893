"""What a card's page is made of beside the card: the line of stages, a form for each move. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from supervision.acts import DESK_ACTS
from supervision.loop.commands import NEEDS_REASON
from supervision.loop.stage import STAGES_ZH, Stage

from ..card_moves import CHOICES, TO, right_of
from ..card_view import CardView
from ..words import side
from ..words_cards import WORDS

LINE = (
    Stage.ISSUED, Stage.ACKNOWLEDGED, Stage.RECTIFYING, Stage.REPORTED, Stage.CLOSED,
)  # fmt: skip
BEFORE = (Stage.ASKED, Stage.PROPOSED)
BRANCHES = (Stage.APPEALED, Stage.REFERRED, Stage.ORDERED)
ENDS = (Stage.LAPSED, Stage.WITHDRAWN, Stage.TRANSFERRED)
REACHED: dict[str, Stage] = {
    "IssuedByHand": Stage.ASKED,
    "CardIssued": Stage.ISSUED,
    "CardAcknowledged": Stage.ACKNOWLEDGED,
    "CardExplained": Stage.RECTIFYING,
    "CardAppealed": Stage.APPEALED,
    "AppealReferred": Stage.REFERRED,
    "SupervisionOrdered": Stage.ORDERED,
    "RectificationReported": Stage.REPORTED,
    "CardClosed": Stage.CLOSED,
    "CardLapsed": Stage.LAPSED,
    "CardWithdrawn": Stage.WITHDRAWN,
    "CardTransferred": Stage.TRANSFERRED,
}
"""Which stage an act led to."""
NEXT = frozenset({
    "CardAcknowledged", "CardExplained", "RectificationReported", "RectificationVerified",
    "AppealDecided", "ProposalDecided", "DisputeVerified",
})  # fmt: skip
"""What the loop waits for: its form is open."""
SIGNS = {"here": "◉", "been": "✓", "not": "○"}


class StageShown(NamedTuple):
    """A stage: its name, whether the card is there (here), was (been) or not, and the sign."""

    name: str
    how: str
    sign: str


class StagesShown(NamedTuple):
    """All stages: those before the issue, the straight line, its branches, other ends."""

    before: tuple[StageShown, ...]
    line: tuple[StageShown, ...]
    branches: tuple[StageShown, ...]
    ends: tuple[StageShown, ...]


class Field(NamedTuple):
    """A choice of a form: name, word of its being chosen, value."""

    value: str
    word: str
    is_chosen: bool


class MoveForm(NamedTuple):
    """A form for a move. `action`: the end of its address. `given`: what was typed before."""

    kind: str
    title: str
    about: str
    action: str
    choices: tuple[Field, ...]
    to: str
    reason: str
    needs_reason: bool
    is_open: bool
    given: Mapping[str, str]


def stages(view: CardView, lang: str) -> StagesShown:
    """The loop with where the card is and where it was."""
    been = {REACHED[act.kind] for act in view.acts if act.kind in REACHED and not act.moot}
    if view.proposed:
        been.add(Stage.PROPOSED)
    if view.stage == Stage.PROPOSED:
        been.discard(Stage.ISSUED)

    def shown(some: Iterable[Stage]) -> tuple[StageShown, ...]:
        return tuple(_shown(each, view, been, lang) for each in some)

    return StagesShown(shown(BEFORE), shown(LINE), shown(BRANCHES), shown(ENDS))


def _shown(stage: Stage, view: CardView, been: set[Stage], lang: str) -> StageShown:
    how = "here" if view.stage == stage else "been" if stage in been else "not"
    return StageShown(stage_word(stage, lang), how, SIGNS[how])


def stage_word(stage: str, lang: str) -> str:
    """A stage's name."""
    return str(stage) if lang == "en" else STAGES_ZH[Stage(stage)]


def move_forms(
    offered: Iterable[str], lang: str, tried: str = "", typed: Mapping[str, str] | None = None
) -> tuple[MoveForm, ...]:
    """The forms; that of the move which was tried in vain is open and as it was filled in."""
    kinds = list(offered)
    return tuple(
        _form(kind, lang, typed or {} if kind == tried else {}, is_open=_opens(kind, kinds, tried))
        for kind in kinds
    )


def _opens(kind: str, kinds: list[str], tried: str) -> bool:
    wanted = tried or next((each for each in kinds if each in NEXT), "")
    return kind == wanted


def _form(kind: str, lang: str, given: Mapping[str, str], *, is_open: bool) -> MoveForm:
    at = side(lang)
    made = DESK_ACTS[kind]
    needs = made in NEEDS_REASON
    own = WORDS.get(f"reason_{kind}", WORDS["reason" if needs else "reason_optional"])
    return MoveForm(
        kind=kind,
        title=WORDS[f"do_{kind}"][at],
        about=WORDS[f"about_{kind}"][at],
        action=str(right_of(kind)),
        choices=_choices(kind, lang, given.get("choice", "")),
        to=WORDS[f"to_{kind}"][at] if kind in TO else "",
        reason=own[at],
        needs_reason=needs,
        is_open=is_open,
        given=given,
    )


def _choices(kind: str, lang: str, chosen: str) -> tuple[Field, ...]:
    if kind not in CHOICES:
        return ()
    name = CHOICES[kind]
    return tuple(
        Field(value, WORDS[f"{name}_{value}"][side(lang)], chosen == value)
        for value in ("yes", "no")
    )
