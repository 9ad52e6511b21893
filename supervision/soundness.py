"""What a list must not say: found before it is published, for what is stored stays for good."""

from __future__ import annotations

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from zoneinfo import ZoneInfo

from msgspec import Struct

from .judgement.deadline import LONGEST, MODES, LimitUnreadable, parse_limit
from .judgement.pauses import ARTICLE_45, KIND_OF
from .lists import CalendarPublished, ItemPublished, PolicyPublished, Published

SEVERITIES = ("reminder", "yellow", "red")


def faults(event: Struct) -> Iterator[str]:
    """What is wrong with a list, each in words that say what to write instead."""
    if isinstance(event, Published) and not event.version:
        yield "version is empty; name the publication"
    match event:
        case CalendarPublished():
            yield from _of_calendar(event)
        case ItemPublished():
            yield from _of_item(event)
        case PolicyPublished():
            yield from _of_policy(event)


def _limit(name: str, text: str) -> Iterator[str]:
    try:
        parse_limit(text)
    except LimitUnreadable as error:
        yield f"{name}: {error}"


def _of_calendar(event: CalendarPublished) -> Iterator[str]:
    if not 1970 <= event.year <= 2999:
        yield f"year {event.year} is not from 1970 to 2999"
    if len({day.date for day in event.days}) < len(event.days):
        yield "a day is named twice"
    for low, high in event.hours:
        if not (_clock(low) and _clock(high) and low < high):
            yield f"hours {low}–{high} are not two times HH:MM, the first before the second"


def _clock(text: str) -> bool:
    hour, _, minute = text.partition(":")
    digits = len(hour) == 2 and len(minute) == 2 and hour.isdecimal() and minute.isdecimal()
    return digits and int(hour) < 24 and int(minute) < 60


def _of_item(event: ItemPublished) -> Iterator[str]:
    if not event.code:
        yield "code is empty"
    for name in ("legal", "promise", "notice", "delivery"):
        yield from _limit(name, getattr(event, name))
    for step in event.steps:
        yield from _limit(f"step {step.code}", step.limit)
    yield from _flow(event)
    for special in event.specials:
        if special.cap is not None and not 0 < special.cap <= LONGEST:
            yield f"special {special.kind}: cap {special.cap} is not from 1 to {LONGEST}"
        kind = KIND_OF.get(special.kind, special.kind)
        if kind not in ARTICLE_45 and not special.basis:
            yield f"special {special.kind} is not in article 45 and names no basis"
    if event.extension_days is not None and not 0 <= event.extension_days <= LONGEST:
        yield f"extension_days {event.extension_days} is not from 0 to {LONGEST}"
    yield from _running(event.applies_to_running, event)


def _flow(event: ItemPublished) -> Iterator[str]:
    codes = [step.code for step in event.steps]
    if len(set(codes)) < len(codes):
        yield "a step's code stands twice"
    for step in event.steps:
        for before in step.after:
            if before not in codes:
                yield f"step {step.code} follows {before}, which the flow does not have"
    try:
        tuple(TopologicalSorter({s.code: s.after for s in event.steps}).static_order())
    except CycleError as error:
        yield f"the steps follow each other in a circle: {' → '.join(error.args[1])}"


def _of_policy(event: PolicyPublished) -> Iterator[str]:
    try:
        ZoneInfo(event.zone)
    except (KeyError, ValueError, OSError):
        yield f"zone {event.zone!r} is none; write one such as Asia/Shanghai"
    if event.mode not in MODES:
        yield f"mode {event.mode!r} is none of {', '.join(MODES)}"
    if not 0 <= event.settle_seconds <= 86_400:
        yield f"settle_seconds {event.settle_seconds} is not from 0 to 86400"
    codes = [rule.code for rule in event.rules]
    if len(set(codes)) < len(codes):
        yield "a rule's code stands twice"
    for rule in event.rules:
        if rule.severity not in SEVERITIES:
            yield f"rule {rule.code}: severity {rule.severity!r} is none of {', '.join(SEVERITIES)}"
        if rule.on == "standing" and rule.count < 1:
            yield f"rule {rule.code}: count must be 1 or more"
        for name in ("left", "left_short", "left_hours"):
            yield from _limit(f"rule {rule.code}: {name}", getattr(rule, name))
    for kind, limit in event.answers.items():
        yield from _limit(f"answers: {kind}", limit)
    yield from _running(event.applies_to_running, event)


def _running(applies: bool, event: Published) -> Iterator[str]:
    if applies and event.effective > event.announced_at.date():
        yield (
            "applies_to_running takes effect at once; publish it on its effective day "
            f"({event.effective.isoformat()}), or announce it no earlier"
        )
