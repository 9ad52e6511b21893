"""Silences: the supervisors' page, over the departments within their reach."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from alerts.ruling import ABOUT, SEVERITIES, NoSuchSilence, SilenceUnfit, lift_silence, set_silence
from alerts.setup import Setup
from supervision.access.rights import Right
from supervision.access.rules import needs
from supervision.access.web import Form
from supervision.errors import SupervisionError
from supervision.notices import SilenceLifted, SilenceSet
from supervision.store.mapping import moment

from ..words_alerts import WORDS
from .alerts_desk import Alerting, covers, reach_of
from .offices_desk import Sent, back, by, desk_router, tried

HERE = "/alerts/silences"
FIELDS = ("reason", "until", *ABOUT, "everything")
SHOWN = 200
"""Silences on the page, the last set first."""


def silences_desk(alerting: Alerting) -> APIRouter:
    """The list, and what changes it."""
    router = desk_router()

    def shown(
        request: Request, error: SupervisionError | None = None, form: Form | None = None
    ) -> Response:
        return alerting.show(
            request, "alerts_silences.html", error, here=HERE, **_context(alerting, form)
        )

    @router.get(HERE)
    @needs(Right.SUPERVISE)
    def silences(request: Request) -> Response:
        """Those that were set and not lifted, of the departments within reach."""
        return shown(request)

    @router.post(HERE)
    @needs(Right.SUPERVISE)
    def put(request: Request, form: Sent) -> Response:
        """Silence something."""
        return tried(
            lambda: alerting.book.rule(lambda setup, at: _silenced(alerting, setup, form, at)),
            lambda _: back(request, HERE, "silence_set"),
            lambda error: shown(request, error, form),
        )

    @router.post(f"{HERE}/lift")
    @needs(Right.SUPERVISE)
    def lift(request: Request, form: Sent) -> Response:
        """End a silence before its time."""
        return tried(
            lambda: alerting.book.rule(lambda setup, at: _lifted(setup, form["silence"], at)),
            lambda _: back(request, HERE, "silence_lifted"),
            lambda error: shown(request, error),
        )

    return router


def _silenced(alerting: Alerting, setup: Setup, form: Form, at: datetime) -> SilenceSet:
    about = {name: form[name] for name in ABOUT}
    until = _until(alerting, form["until"])
    wanted = SilenceSet(at=at, by=by(), silence="", reason=form["reason"], until=until, **about)
    made = set_silence(setup, wanted, everything=bool(form["everything"]))
    if not _yours(made):
        raise SilenceUnfit(" ".join(WORDS["silence_not_yours"]))
    return made


def _lifted(setup: Setup, silence: str, at: datetime) -> SilenceLifted:
    event = lift_silence(setup, silence, by(), at)
    if not _yours(setup.silences[event.silence]):
        raise NoSuchSilence(silence[:20])
    return event


def _yours(silence: SilenceSet) -> bool:
    """Whether it is about no department out of reach."""
    departments = (silence.department,) if silence.department else ()
    return covers(reach_of(Right.SUPERVISE), departments)


def _until(alerting: Alerting, text: str) -> datetime:
    """A time of day as browsers send it, here; SilenceUnfit."""
    try:
        given = datetime.fromisoformat(text)
    except ValueError as error:
        raise SilenceUnfit("结束时间 the end: 2026-03-20T18:00") from error
    return given if given.tzinfo else given.replace(tzinfo=alerting.office.zone)


def _context(alerting: Alerting, form: Form | None) -> dict[str, Any]:
    now = moment(alerting.time())
    mine = [each for each in alerting.setup().silences.values() if _yours(each)]
    newest = sorted(mine, key=lambda each: each.at, reverse=True)[:SHOWN]
    return {
        "silences": [(each, each.until > now) for each in newest],
        "given": {name: form[name] if form else "" for name in FIELDS},
        "about": ABOUT,
        "severities": SEVERITIES,
        "departments": alerting.office.departments(),
        "whole": reach_of(Right.SUPERVISE).departments is None,
        "zone": alerting.office.zone.key,
    }
