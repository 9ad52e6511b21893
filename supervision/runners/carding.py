"""`supervise card`: a card shown, acted on, and its papers, from the machine itself.

Whoever stands at the machine may make every move; each is on record as done by the console.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec
from msgspec import Struct
from rich.console import Console

from dashboards.card_moves import CHOICES, TO, Asked, HandAsked, Place, draft_of, hand_draft_of

from ..access.events import ACCESS, Exported, TextsSeen
from ..acts import ZH, CardAct, DeskAct
from ..errors import SupervisionError
from ..judgement.cards import ID_LENGTH
from ..loop.commands import REASON, NoSuchCard
from ..loop.desk import Desk
from ..record import Record
from ..streams import parse
from .desk import CaseAmbiguous, NoCase, NoRecord, looked
from .doors import console
from .settings import has_record, open_record, settings

if TYPE_CHECKING:  # importing them takes a second, which most commands need not
    from dashboards.card_desk import CardBook
    from dashboards.card_view import CardView
    from dashboards.papers import PaperKind

PAPERS = ("notice", "order", "closing")
MOVES: dict[str, tuple[str, str]] = {
    "acknowledge": ("CardAcknowledged", "签收 Say that the card was received."),
    "explain": ("CardExplained", "说明 Accept the breach; rectification begins."),
    "appeal": ("CardAppealed", "申诉 Say that it was not due."),
    "refer": ("AppealReferred", "上报 Have the appeal decided higher up."),
    "decide": ("AppealDecided", "裁定 Uphold the appeal, or reject it."),
    "report": ("RectificationReported", "反馈 Say what was put right."),
    "verify": ("RectificationVerified", "核查 Accept the report, or order once more."),
    "order": ("SupervisionOrdered", "督办 Order rectification, one rung higher."),
    "close": ("CardClosed", "销号 Close it where nothing is left to rectify."),
    "withdraw": ("WithdrawalDecided", "撤牌 Decide that it was never due."),
    "transfer": ("CardTransferred", "移交 Hand the matter to another organ."),
    "propose": ("ProposalDecided", "审定 Issue a proposed card, or decline it."),
    "dispute": ("DisputeVerified", "核实 Say whether the late fact behind a dispute is true."),
}
"""The command of each move: the act's name, and what it does."""
WAYS = {
    "upheld": "--upheld/--rejected",
    "accepted": "--accepted/--not-accepted",
    "issued": "--issued/--declined",
    "removed": "--removed/--kept",
}
"""The option of each decision."""
A_READ = 5_000
"""Events that are looked through at a time."""


class PaperMissing(SupervisionError):
    """The card, as it stands, has no such paper."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"此牌目前没有这种文书 there is no such paper of this card now: {kind}")


CASE = click.option("--case", "case_no", default="", help="Its case: the card is found at once.")
SOURCE = click.option("--source", default="", help="Of its case, where several have that number.")


@contextmanager
def _record() -> Iterator[Record]:
    given = settings()
    if not has_record(given):
        raise NoRecord
    record = open_record(given)
    try:
        yield record
    finally:
        record.close()


@click.group()
def card() -> None:
    """监察牌 Cards: where they stand, what is done about them, their papers."""


@card.command("show")
@click.argument("target", metavar="CARD|CASE")
@CASE
@SOURCE
@click.option("--json", "as_json", is_flag=True)
def show(target: str, case_no: str, source: str, as_json: bool) -> None:
    """A card, or all cards of a case."""
    with _record() as record:
        views = _shown(record, target, case_no, source)
        for where in dict.fromkeys((view.source, view.case_no) for view in views):
            looked(record, *where)
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(views), indent=2))
        return
    for view in views:
        _tell(view)


def _shown(record: Record, target: str, case_no: str, source: str) -> list[CardView]:
    """The card, or the cards of a case of that number; NoSuchCard."""
    if case_no or not record.find_case(target):
        return [_card(record, target, case_no, source)]
    where = _case(record, target, source)
    book, stored = _book(record), record.read_case(*where)
    numbers = {e.card for each in stored if isinstance(e := each.event, CardAct | DeskAct)}
    views = [book.card(*where, number) for number in numbers]
    found = [view for view in views if view is not None]
    return sorted(found, key=lambda view: (view.issued_at, view.card))


def _book(record: Record) -> CardBook:
    from dashboards.card_desk import CardBook

    return CardBook(record, record.last_stamp)


def _card(record: Record, card: str, case_no: str, source: str) -> CardView:
    """A card; NoSuchCard, NoCase, CaseAmbiguous."""
    number = card.upper()
    where = _case(record, case_no, source) if case_no else _case_of(record, number)
    view = _book(record).card(*where, number) if where else None
    if view is None:
        raise NoSuchCard(number[:ID_LENGTH])
    return view


def _case(record: Record, case_no: str, source: str) -> tuple[str, str]:
    sources = [each for each in record.find_case(case_no) if not source or each == source]
    if not sources:
        raise NoCase(case_no)
    if len(sources) > 1:
        raise CaseAmbiguous(case_no, sources)
    return sources[0], case_no


def _case_of(record: Record, card: str) -> tuple[str, str] | None:
    """The case of a card, looked for through the log."""
    after, wanted = 0, card.encode()
    while batch := record.read(after, A_READ):
        for each in batch:
            if wanted in each.payload and isinstance(event := each.event, CardAct | DeskAct):
                named = parse(each.stream)
                if named and event.card == card:
                    return named.source, named.case_no
        after = batch[-1].position
    return None


def _tell(view: CardView) -> None:
    out = Console(highlight=False)

    def line(text: str, style: str = "") -> None:
        out.print(text, style=style, markup=False, soft_wrap=True)

    line(f"{view.label_zh} {view.card}  {view.stage_zh} {view.stage}", "bold")
    line(f"  {view.why_zh} {view.why_en} [{view.law}]")
    line(f"  办件 case {view.case_no} · {view.item_name} · {view.department} {view.person}")
    line(f"  发牌 issued {view.issued_at} · 越限 crossed {view.crossed_at}")
    for clock in view.clocks:
        line(f"  {clock.zh} {clock.en} → {clock.deadline} ({clock.state}, {clock.owed_by})")
    for act in view.acts:
        line(f"  {act.at} {act.zh} {act.kind} {act.by} {act.via} {act.what_zh}".rstrip())
    can = "、".join(f"{ZH[kind]} {_verb(kind)}" for kind in view.moves) or "– nothing"
    line(f"  可以办理 possible: {can}")


def _verb(kind: str) -> str:
    return next(verb for verb, (name, _) in MOVES.items() if name == kind)


def _move(verb: str, kind: str, about: str) -> click.Command:
    """The command of a move."""

    def made(card: str, case_no: str, source: str, reason: str, **more: Any) -> None:
        asked = Asked(
            kind=kind,
            id=secrets.token_hex(8),
            reason=reason,
            to=more.get("to", ""),
            choice=more.get(CHOICES.get(kind, "")),
        )
        with _record() as record:
            view = _card(record, card, case_no, source)
            place = Place(view.source, view.case_no, view.card, console(), "console")
            acts = Desk(record).do(draft_of(place, asked), asked.private)
        _recorded(acts)

    params: list[click.Parameter] = [
        click.Argument(["card"]),
        click.Option(["--case", "case_no"], default="", help="Its case: found at once."),
        click.Option(["--source"], default="", help="Of its case."),
        click.Option(["--reason"], default="", help="Kept sealed; no personal data of applicants."),
    ]
    if kind in TO:
        params.append(click.Option(["--to"], default="", help="To whom."))
    if kind in CHOICES:
        params.append(click.Option([WAYS[CHOICES[kind]]], default=None, required=True))
    return click.Command(verb, callback=made, params=params, help=about)


for _name, (_kind, _about) in MOVES.items():
    card.add_command(_move(_name, _kind, _about))


def _recorded(acts: Sequence[DeskAct]) -> None:
    for act in acts:
        name = type(act).__name__
        moot = "（此牌已撤，不再有效果 moot: it had been withdrawn）" if act.moot else ""
        click.echo(f"已记录 recorded: {ZH[name]} {name} {act.card}{moot}")


@card.command("issue")
@click.argument("case_no")
@SOURCE
@click.option("--severity", type=click.Choice(["yellow", "red"]), required=True)
@click.option("--department", default="", help="The responsible one; the case's without it.")
@click.option("--person", default="")
@click.option("--step", default="")
@click.option("--law", default="")
@click.option("--cause", "causes", multiple=True, help="The id of a fact of the case.")
@click.option("--reason", default="", help="Kept sealed; no personal data of applicants.")
def issue(
    case_no: str,
    source: str,
    severity: str,
    department: str,
    person: str,
    step: str,
    law: str,
    causes: Sequence[str],
    reason: str,
) -> None:
    """人工发牌 Issue a card by hand; the watch issues it under the number that is told."""
    with _record() as record:
        where = _case(record, case_no, source)
        asked = HandAsked(
            id=secrets.token_hex(8),
            severity=severity,
            department=department or _department(record, where),
            person=person,
            step=step,
            law=law,
            causes=tuple(causes),
            reason=reason,
        )
        place = Place(*where, "", console(), "console")
        acts = Desk(record).do(hand_draft_of(place, asked), asked.private)
    _recorded(acts)


def _department(record: Record, where: tuple[str, str]) -> str:
    """The department of a case, as its story tells it."""
    from replay.telling import tell

    from ..judgement.shelf import Entry, Shelf

    shelf = Shelf(Entry(s.position, s.recorded_at, s.event) for s in record.read_lists())
    told = tell(record.read_case(*where), shelf, record.last_stamp())
    return told.department if told else ""


@card.command("paper")
@click.argument("card")
@CASE
@SOURCE
@click.option("--kind", type=click.Choice(PAPERS), required=True)
@click.option("--number", default=0, help="Which order; the newest without it.")
@click.option("--pdf", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--docx", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--printed", default="", help="A time of printing to put at its foot.")
def paper(
    card: str,
    case_no: str,
    source: str,
    kind: str,
    number: int,
    pdf: Path | None,
    docx: Path | None,
    printed: str,
) -> None:
    """文书 Write a paper of CARD: its notice, a supervision order, its closing form."""
    if not (pdf or docx):
        raise click.UsageError("--pdf 或 --docx：写到哪里 where to write it")
    from dashboards.papers import PaperKind, file_of, organ_of, paper_of

    with _record() as record:
        view = _card(record, card, case_no, source)
        wanted = PaperKind(kind, (number or view.orders) if kind == "order" else 0)
        organ = organ_of(settings().district or "本级")
        made = paper_of(view, wanted, _text(record, view, wanted), organ, printed)
        if made is None:
            raise PaperMissing(kind)
        for form, file in (("pdf", pdf), ("docx", docx)):
            if file is not None:
                _exported(record, view, wanted, form)
                file.write_bytes(file_of(made, form))
                click.echo(file)


def _text(record: Record, view: CardView, wanted: PaperKind) -> str:
    """What the act behind a paper says; the look is on record."""
    from dashboards.papers import act_behind

    act = act_behind(view, wanted)
    if act is None or REASON not in act.texts:
        return ""

    def seen(at: datetime) -> Struct:
        return TextsSeen(
            at=at,
            by=console(),
            source=view.source,
            case_no=view.case_no,
            reason=f"文书 paper: {view.card} {act.kind}",
        )

    record.note(ACCESS, seen)
    return _book(record).words(view.source, view.case_no, act.position).get(REASON, "")


def _exported(record: Record, view: CardView, wanted: PaperKind, form: str) -> None:
    value = f"{view.card}-{wanted.number}" if wanted.number else view.card

    def event(at: datetime) -> Struct:
        return Exported(
            at=at,
            by=console(),
            what=f"paper_{wanted.kind}",
            value=value,
            form=form,
            scope=view.department,
        )

    record.note(ACCESS, event)
