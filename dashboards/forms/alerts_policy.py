"""By what rules people are told: the system administrator's page, with what each rule does."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from alerts.ruling import LIMITS, RUNGS, SEVERITIES, PolicyUnfit, set_policy
from supervision.access.rights import Right
from supervision.access.rules import needs
from supervision.access.web import Form
from supervision.errors import SupervisionError
from supervision.notices import AlertPolicySet, RungWait

from ..words_alerts import WORDS
from .alerts_desk import Alerting
from .offices_desk import Sent, back, by, desk_router, tried

HERE = "/alerts/policy"
NUMBERS = tuple(LIMITS)
SPAN = re.compile(r"(\S+?)\s*[-–—~至]\s*(\S+)")


def policy_desk(alerting: Alerting) -> APIRouter:
    """The rules, and what changes them."""
    router = desk_router()

    def shown(
        request: Request, error: SupervisionError | None = None, form: Form | None = None
    ) -> Response:
        policy = alerting.setup().policy
        return alerting.show(
            request,
            "alerts_policy.html",
            error,
            here=HERE,
            policy=policy,
            given=_given(form) if form else _filled(policy),
            severities=SEVERITIES,
            rungs=RUNGS,
            numbers=NUMBERS,
            limits=LIMITS,
        )

    @router.get(HERE)
    @needs(Right.ALERTS)
    def policy(request: Request) -> Response:
        """As they are."""
        return shown(request)

    @router.post(HERE)
    @needs(Right.ALERTS)
    def put(request: Request, form: Sent) -> Response:
        """Other rules."""
        who = by()
        return tried(
            lambda: alerting.book.rule(lambda _, at: set_policy(_wanted(form, at, who))),
            lambda _: back(request, HERE, "policy_set"),
            lambda error: shown(request, error, form),
        )

    return router


def _wanted(form: Form, at: datetime, who: str) -> AlertPolicySet:
    numbers = {name: _number(name, form[name]) for name in NUMBERS}
    whole = {name: int(n) for name, n in numbers.items() if name != "group_wait"}
    return AlertPolicySet(
        at=at,
        by=who,
        version="",
        waits=tuple(
            RungWait(severity, rung, wait)
            for severity in SEVERITIES
            for rung in RUNGS
            if (wait := form[f"wait_{severity}_{rung}"])
        ),
        quiet=tuple(_spans(form["quiet"])),
        awake=tuple(form.all("awake")),
        all_channels=tuple(form.all("all_channels")),
        digest_at=form["digest_at"],
        group_wait=numbers["group_wait"],
        **whole,
    )


def _number(name: str, text: str) -> float:
    """PolicyUnfit for what is none."""
    try:
        number = float(text) if name == "group_wait" else int(text)
    except ValueError as error:
        zh, en = WORDS["policy_number"]
        word_zh, word_en = WORDS[f"policy_{name}"]
        raise PolicyUnfit(f"{zh.format(name=word_zh)} {en.format(name=word_en)}") from error
    return number


def _spans(text: str) -> list[tuple[str, str]]:
    """ "08:30-12:00 14:00-18:00" as pairs; PolicyUnfit where something is left over."""
    if SPAN.sub("", text).strip(" ,，、;；"):
        raise PolicyUnfit("告知时段应为起止时刻 quiet: such as 08:30-12:00 14:00-18:00")
    return [(first, last.strip(",，、;；")) for first, last in SPAN.findall(text)]


def _given(form: Form) -> dict[str, Any]:
    waits = {(s, r): form[f"wait_{s}_{r}"] for s in SEVERITIES for r in RUNGS}
    lists = {name: form.all(name) for name in ("awake", "all_channels")}
    return (
        {name: form[name] for name in (*NUMBERS, "quiet", "digest_at")} | lists | {"waits": waits}
    )


def _filled(policy: AlertPolicySet) -> dict[str, Any]:
    return {
        "waits": {(each.severity, each.rung): each.wait for each in policy.waits},
        "quiet": " ".join(f"{first}-{last}" for first, last in policy.quiet),
        "awake": policy.awake,
        "all_channels": policy.all_channels,
        "digest_at": policy.digest_at,
        **{name: f"{getattr(policy, name):g}" for name in NUMBERS},
    }
