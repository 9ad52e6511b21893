"""The words of messages: edited, looked at with invented cards, and put back."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from alerts.channels.sms_parts import parts_of
from alerts.ruling import set_template
from alerts.setup import Setup
from alerts.templates import CHANNELS, KINDS, SAMPLE, CardLine, Words, preview
from alerts.wording import LANGS, Source, builtin_source
from supervision.access.rights import Right
from supervision.access.rules import needs
from supervision.access.web import Form
from supervision.errors import SupervisionError
from supervision.notices import TemplateSet

from .alerts_desk import Alerting
from .offices_desk import Sent, back, by, desk_router, tried

HERE = "/alerts/templates"
NAMES = ("kind", "channel", "of")
"""Fields of an address and a form that say which."""


class Which(NamedTuple):
    """The template that is edited."""

    kind: str
    channel: str
    lang: str


class Seen(NamedTuple):
    """A template with the sample: its words, and in how many parts an SMS is sent."""

    words: Words
    parts: int


def templates_desk(alerting: Alerting) -> APIRouter:
    """The list, and what changes it."""
    router = desk_router()

    def shown(
        request: Request,
        which: Which,
        error: SupervisionError | None = None,
        form: Form | None = None,
        seen: Seen | None = None,
    ) -> Response:
        context = _context(alerting.setup(), which, form, seen)
        return alerting.show(request, "alerts_templates.html", error, here=HERE, **context)

    @router.get(HERE)
    @needs(Right.ALERTS)
    def templates(request: Request) -> Response:
        """All of them; one to be edited."""
        asked = request.query_params
        return shown(request, _which(*(asked.get(name, "") for name in NAMES)))

    @router.post(HERE)
    @needs(Right.ALERTS)
    def put(request: Request, form: Sent) -> Response:
        """Save a template."""
        which, who = _of(form), by()
        return tried(
            lambda: alerting.book.rule(lambda _, at: set_template(_wanted(which, form, at, who))),
            lambda _: back(request, HERE, "template_set", **_query(which)),
            lambda error: shown(request, which, error, form),
        )

    @router.post(f"{HERE}/preview")
    @needs(Right.ALERTS)
    def look(request: Request, form: Sent) -> Response:
        """What a template would say; nothing is saved."""
        which, at, who = _of(form), alerting.office.moment(), by()
        return tried(
            lambda: _seen(set_template(_wanted(which, form, at, who))),
            lambda seen: shown(request, which, form=form, seen=seen),
            lambda error: shown(request, which, error, form),
        )

    @router.post(f"{HERE}/reset")
    @needs(Right.ALERTS)
    def reset(request: Request, form: Sent) -> Response:
        """The product's words again."""
        which, who = _of(form), by()
        return tried(
            lambda: alerting.book.rule(
                lambda _, at: set_template(TemplateSet(at=at, by=who, **which._asdict()))
            ),
            lambda _: back(request, HERE, "template_reset", **_query(which)),
            lambda error: shown(request, which, error),
        )

    return router


def _which(kind: str, channel: str, lang: str) -> Which:
    """The first, for what is none."""
    return Which(
        kind if kind in KINDS else KINDS[0],
        channel if channel in CHANNELS else CHANNELS[0],
        lang if lang in LANGS else LANGS[0],
    )


def _of(form: Form) -> Which:
    return _which(*(form[name] for name in NAMES))


def _query(which: Which) -> dict[str, str]:
    return dict(zip(NAMES, which, strict=True))


def _wanted(which: Which, form: Form, at: datetime, who: str) -> TemplateSet:
    """A template that is word for word the product's is left to the product."""
    own = builtin_source(*which)
    parts = {name: form.exact(name).replace("\r\n", "\n") for name in Source._fields}
    edited = {name: "" if text == getattr(own, name) else text for name, text in parts.items()}
    return TemplateSet(at=at, by=who, **which._asdict(), **edited)


def _seen(template: TemplateSet) -> Seen:
    words = preview(template)
    return Seen(words, parts_of(words.text))


def _context(setup: Setup, which: Which, form: Form | None, seen: Seen | None) -> dict[str, Any]:
    edited = setup.templates.get(which)
    own = builtin_source(*which)
    given = {
        name: form.exact(name) if form else getattr(edited, name, "") or getattr(own, name)
        for name in Source._fields
    }
    return {
        "which": which,
        "edited": edited,
        "given": given,
        "seen": seen,
        "kinds": KINDS,
        "channels": CHANNELS,
        "langs": LANGS,
        "templates": setup.templates,
        "fields": [*SAMPLE.__struct_fields__, "mark"],
        "card_fields": CardLine.__struct_fields__,
    }
