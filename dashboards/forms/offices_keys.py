"""The system administrator's list of keys with which source systems send."""

from __future__ import annotations

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from supervision.access.people import DEPARTMENT
from supervision.access.rights import Right
from supervision.access.rules import needs
from supervision.access.web import Form
from supervision.errors import SupervisionError
from supervision.facts import FACTS
from supervision.intake.keys import (
    Issued,
    Key,
    KeyUnfit,
    Rights,
    end_of,
    find,
    new_key,
    revoke,
    rotate,
)
from supervision.intake.keys import keys as keys_of
from supervision.intake.reading import ID_LONGEST, NOT_REPORTED

from ..words import kind_name
from .offices_desk import (
    FormUnfit,
    Office,
    Sent,
    back,
    by,
    desk_router,
    problem_of,
    some_of,
    status_of,
    tried,
)
from .page import lang_of

SOON = timedelta(days=30)
"""Before its end a key is marked."""
NEVER = "never"
NOTE_LONGEST = 100
KINDS = tuple(kind for kind in FACTS if kind not in NOT_REPORTED)
SHAPES = {"valid": "✓", "soon": "◆", "expired": "■", "revoked": "✕"}
"""What marks a key's state beside its word."""
NOT_FILLED = {
    "source": "", "note": "", "expires": "365d", "departments": "", "department": [],
    "kinds": "", "kind": [], "signed": False,
}  # fmt: skip


def keys_desk(office: Office) -> APIRouter:
    """List, give, rotate, revoke."""
    router = desk_router()
    desk = _Desk(office)

    @router.get("/keys")
    @needs(Right.KEYS)
    def keys(request: Request) -> Response:
        """All keys, the newest first."""
        return desk.all(request)

    @router.post("/keys")
    @needs(Right.KEYS)
    def give(request: Request, form: Sent) -> Response:
        """One more; its secret is told once."""
        return tried(
            lambda: desk.given(form),
            lambda issued: desk.told(request, issued, form["source"]),
            lambda error: desk.all(request, error, form),
        )

    @router.get("/keys/{key}")
    @needs(Right.KEYS)
    def one_key(request: Request, key: str) -> Response:
        """One key, and what may be done with it."""
        return desk.one(request, key)

    @router.post("/keys/{key}/rotate")
    @needs(Right.KEYS)
    def turn(request: Request, key: str, form: Sent) -> Response:
        """Another in its place; the secret is told once."""
        return tried(
            lambda: desk.rotated(key, form),
            lambda made: desk.told(request, *made),
            lambda error: desk.one(request, key, error, form),
        )

    @router.post("/keys/{key}/revoke")
    @needs(Right.KEYS)
    def take(request: Request, key: str) -> Response:
        """Take it away at once."""
        return tried(
            lambda: desk.revoked(key),
            lambda _: back(request, "/keys", "key_revoked"),
            lambda error: desk.one(request, key, error),
        )

    return router


class _Desk:
    """What the routes do."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._record = office.access.record

    def all(
        self, request: Request, error: SupervisionError | None = None, form: Form | None = None
    ) -> Response:
        now = self._office.moment()
        known = [(key, state_of(key, now)) for key in keys_of(self._record)]
        only = request.query_params.get("state") == "valid"
        return self._show(
            request,
            "offices_keys.html",
            error,
            known=[(key, s) for key, s in known if not only or s in ("valid", "soon")],
            total=len(known),
            departments=self._departments(),
            kinds=KINDS,
            given=_given(form),
        )

    def one(
        self,
        request: Request,
        key: str,
        error: SupervisionError | None = None,
        form: Form | None = None,
    ) -> Response:
        known = keys_of(self._record)
        found = self._found(known, key)
        return self._show(
            request,
            "offices_key.html",
            error,
            here=f"/keys/{found.id}",
            key=found,
            key_state=state_of(found, self._office.moment()),
            before=next((k for k in known if k.id == found.after), None),
            given={
                "overlap": form["overlap"] if form else "7d",
                "expires": form["expires"] if form else "365d",
            },
        )

    def told(self, request: Request, issued: Issued, source: str) -> Response:
        """The page that tells a secret."""
        return self._show(
            request, "offices_secret.html", None, here="/keys", issued=issued, source=source
        )

    def given(self, form: Form) -> Issued:
        """A new key. FormUnfit and what new_key raises."""
        source, note = form["source"], form["note"]
        if not 1 <= len(source) <= ID_LONGEST or not source.isprintable():
            raise FormUnfit("source_unfit")
        if len(note) > NOTE_LONGEST or not note.isprintable():
            raise FormUnfit("note_unfit")
        rights = Rights(
            departments=some_of(
                form["departments"], tuple(form.all("department")), self._departments(),
                ("choose_departments", "limits_both"),
            ),
            kinds=some_of(
                form["kinds"], tuple(form.all("kind")), KINDS, ("choose_kinds", "limits_both")
            ),
            expires_at=self._end(form["expires"]),
            signed=form["signed"] == "yes",
        )  # fmt: skip
        return new_key(self._record, source, rights=rights, by=by(), note=note)

    def rotated(self, key: str, form: Form) -> tuple[Issued, str]:
        """The key in the place of another, and whose it is."""
        old = self._found(keys_of(self._record), key)
        if old.revoked_at is not None:
            raise FormUnfit("key_over", HTTPStatus.CONFLICT)
        until = self._end(form["overlap"])
        if until is None:
            raise FormUnfit("expires_unfit")
        expires_at = self._end(form["expires"])
        issued = rotate(self._record, old.id, until=until, expires_at=expires_at, by=by())
        return issued, old.source

    def revoked(self, key: str) -> None:
        """FormUnfit where it was over, or is none."""
        old = self._found(keys_of(self._record), key)
        if not revoke(self._record, old.id, by=by()):
            raise FormUnfit("key_over", HTTPStatus.CONFLICT)

    def _end(self, text: str) -> datetime | None:
        if text == NEVER:
            return None
        try:
            return end_of(text, self._office.moment(), self._office.zone)
        except KeyUnfit:
            raise FormUnfit("expires_unfit") from None

    def _found(self, known: list[Key], key: str) -> Key:
        try:
            return find(known, key)
        except SupervisionError:
            raise FormUnfit("key_unknown", HTTPStatus.NOT_FOUND) from None

    def _departments(self) -> list[str]:
        """Those of the published items and of the tree."""
        units = self._office.people().units.items()
        placed = {unit for unit, at in units if at.kind == DEPARTMENT}
        return sorted({*self._office.departments(), *placed})

    def _show(
        self,
        request: Request,
        template: str,
        error: SupervisionError | None,
        here: str = "/keys",
        **context: Any,
    ) -> Response:
        lang = lang_of(request)
        return self._office.show(
            request,
            template,
            status_of(error) if error else HTTPStatus.OK,
            here=here,
            problem=problem_of(error, lang) if error else "",
            when=self._office.when,
            shapes=SHAPES,
            kind_name=lambda kind: kind_name(kind, lang),
            **context,
        )


def state_of(key: Key, now: datetime) -> str:
    """valid, soon (it ends within 30 days), expired, revoked."""
    state, end = key.state(now), key.rights.expires_at
    return "soon" if state == "valid" and end is not None and end - now <= SOON else state


def _given(form: Form | None) -> dict[str, Any]:
    if form is None:
        return dict(NOT_FILLED)
    return {
        "source": form["source"],
        "note": form["note"],
        "expires": form["expires"],
        "departments": form["departments"],
        "department": form.all("department"),
        "kinds": form["kinds"],
        "kind": form.all("kind"),
        "signed": form["signed"] == "yes",
    }
