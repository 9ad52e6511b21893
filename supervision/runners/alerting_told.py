"""`supervise alert told`, `supervise alert messages`: who was told, from the log."""

from __future__ import annotations

import click

from alerts.messages import occasion_words
from alerts.templates import CHANNELS
from alerts.told import A_PAGE, ALL_STATES, Outcome, Told, Wanted, look, told_of

from ..notices import CardNotTold, CardTold, CardWaits
from .desk import CaseAmbiguous, NoCase
from .settings import open_record, settings


@click.command("told")
@click.argument("case_no")
@click.option("--source", default="", help="The source system, where several have that number.")
def told(case_no: str, source: str) -> None:
    """告知记录 Who was told of the cards of CASE_NO, when, by what, and if not, why."""
    record = open_record(settings())
    try:
        sources = [each for each in record.find_case(case_no) if not source or each == source]
        if not sources:
            raise NoCase(case_no)
        if len(sources) > 1:
            raise CaseAmbiguous(case_no, sources)
        for each in told_of(record, sources[0], case_no):
            click.echo(_told_line(each))
    finally:
        record.close()


@click.command("messages")
@click.option("--state", type=click.Choice(ALL_STATES))
@click.option("--channel", type=click.Choice(CHANNELS))
@click.option("--most", type=click.IntRange(1, 1_000), default=A_PAGE)
@click.option("--before", type=click.IntRange(0), default=0, help="Older than that message.")
def messages(state: str | None, channel: str | None, most: int, before: int) -> None:
    """消息 Messages, the newest first, and what became of them."""
    record = open_record(settings())
    try:
        found = look(record, Wanted(state or "", channel or ""), before, most)
    finally:
        record.close()
    for line in found.lines:
        was = line.intended
        at = was.at.astimezone().isoformat(timespec="seconds")
        what = was.subject or f"{was.kind} {len(was.cards)}"
        click.echo(
            f"{line.message}  {at}  {was.person}  {was.channel}  {what}  {_became(line.outcome)}"
        )
    if found.before:
        click.echo(f"更早的 older: --before {found.before}", err=True)


def _told_line(told: Told) -> str:
    notice = told.notice
    at = notice.at.astimezone().isoformat(timespec="seconds")
    occasion = " ".join(dict.fromkeys(occasion_words(notice.why)))
    line = f"{at}  {notice.card}  {notice.rung}  {occasion}"
    match notice:
        case CardTold():
            became = _became(told.outcome or Outcome())
            return f"{line}  → {notice.person} {notice.channel} {notice.message}  {became}"
        case CardNotTold():
            return f"{line}  × {notice.person or '–'} {notice.stage} {notice.by}".rstrip()
        case CardWaits():
            until = notice.until.astimezone().isoformat(timespec="seconds")
            return f"{line}  … {notice.person or '–'} {notice.stage} → {until} {notice.by}".rstrip()
    return line


def _became(outcome: Outcome) -> str:
    parts = [outcome.state, *outcome.gateway_ids]
    if outcome.attempts > 1:
        parts.append(f"×{outcome.attempts}")
    return " ".join([*parts, outcome.reason]).strip()
