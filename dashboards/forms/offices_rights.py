"""The security administrator's desk: who may do what, over which part; accounts and sessions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from supervision.access.events import RoleGranted
from supervision.access.office import Decide
from supervision.access.people import Grant, People, Person, departments_under
from supervision.access.port import Password
from supervision.access.rights import ADMINISTRATORS, ROLES, Right
from supervision.access.rules import needs
from supervision.access.ruling import LONGEST, disable, enable, grant, revoke
from supervision.access.signing import LOCKED_AFTER, LOCKED_FOR
from supervision.access.web import Form
from supervision.errors import SupervisionError

from .. import words_offices as words
from ..words import side
from .offices_desk import (
    FormUnfit,
    Office,
    Sent,
    back,
    by,
    desk_router,
    problem_of,
    scope_words,
    status_of,
    tried,
    units_given,
)
from .offices_people import listed
from .page import lang_of

NO_ROLE = "-"
"""In the place of a role: people without any."""


def rights_desk(office: Office) -> APIRouter:
    """The list of people with their roles, and a page each."""
    router = desk_router()
    desk = _Desk(office)

    @router.get("/rights")
    @needs(Right.RIGHTS)
    def rights(request: Request) -> Response:
        """Everybody, with roles and units."""
        return desk.everybody(request)

    @router.get("/rights/{person}")
    @needs(Right.RIGHTS)
    def rights_of_one(request: Request, person: str) -> Response:
        """One person."""
        return desk.one(request, person)

    @router.post("/rights/{person}/grant")
    @needs(Right.RIGHTS)
    def give(request: Request, person: str, form: Sent) -> Response:
        """First what would be granted, in words; granted when that was confirmed."""
        return desk.grant(request, person, form)

    @router.post("/rights/{person}/revoke")
    @needs(Right.RIGHTS)
    def take(request: Request, person: str, form: Sent) -> Response:
        """Take a role away."""
        role = form["role"]
        return desk.ruled(
            request, person, "revoked", lambda p, at: revoke(p, person, role, by(), at)
        )

    @router.post("/rights/{person}/disable")
    @needs(Right.RIGHTS)
    def stop(request: Request, person: str, form: Sent) -> Response:
        """Nobody signs in by that account any more."""
        return desk.disable(request, person, form["reason"])

    @router.post("/rights/{person}/enable")
    @needs(Right.RIGHTS)
    def go(request: Request, person: str) -> Response:
        """They may again."""
        return desk.ruled(request, person, "enabled", lambda p, at: enable(p, person, by(), at))

    @router.post("/rights/{person}/unlock")
    @needs(Right.RIGHTS)
    def unlock(request: Request, person: str) -> Response:
        """Forgive failures."""
        return desk.acted(request, person, "unlocked", office.access.signing.unlock)

    @router.post("/rights/{person}/sessions")
    @needs(Right.RIGHTS)
    def end(request: Request, person: str) -> Response:
        """End all sessions."""
        return desk.acted(request, person, "ended", office.access.signing.out_all)

    @router.post("/rights/{person}/factor")
    @needs(Right.RIGHTS)
    def drop(request: Request, person: str) -> Response:
        """Another second factor at the next sign-in."""
        return desk.acted(request, person, "factor", office.access.signing.drop_factor)

    @router.post("/rights/{person}/password")
    @needs(Right.RIGHTS)
    def reset(request: Request, person: str) -> Response:
        """A first password, told once."""
        return desk.reset(request, person)

    return router


class _Desk:
    """What the routes do."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._signing = office.access.signing

    def everybody(self, request: Request) -> Response:
        asked = request.query_params
        people, role = self._office.people(), asked.get("role", "")
        persons = [p for p in people.persons.values() if _has_role(p, role)]
        found = listed(persons, asked.get("q", ""), asked.get("after", ""))
        return self._office.show(
            request,
            "offices_rights.html",
            found=found,
            grants={p.person: self._grants(people, p, lang_of(request)) for p in found.people},
            roles=list(ROLES),
            no_role=NO_ROLE,
        )

    def one(
        self,
        request: Request,
        name: str,
        error: SupervisionError | None = None,
        form: Form | None = None,
    ) -> Response:
        """A person's page; with an error, as it was filled in."""
        lang, people = lang_of(request), self._office.people()
        person = self._office.person(name)
        held = {unit for each in person.grants for unit in each.units}
        return self._office.show(
            request,
            "offices_person.html",
            status_of(error) if error else HTTPStatus.OK,
            here=f"/rights/{person.person}",
            problem=problem_of(error, lang) if error else "",
            who=person,
            own=person.person == by(),
            grants=self._grants(people, person, lang),
            roles=list(ROLES),
            choices=self._office.choices(people, held),
            given=_given(form),
            **self._account(person, lang),
        )

    def grant(self, request: Request, name: str, form: Form) -> Response:
        people = self._office.people()
        person = self._office.person(name)
        held = [unit for each in person.grants for unit in each.units]

        def wanted() -> RoleGranted:
            return RoleGranted(
                at=self._office.moment(),
                by=by(),
                person=person.person,
                role=form["role"],
                units=units_given(form, self._office.choices(people, held)),
                texts=form["texts"] == "yes",
            )

        if form["confirmed"] == "yes":
            return tried(
                lambda: self._granted(wanted()),
                lambda _: back(request, f"/rights/{person.person}", "granted"),
                lambda error: self.one(request, name, error, form),
            )
        return tried(
            lambda: grant(people, wanted()),
            lambda event: self._look(request, people, person, event),
            lambda error: self.one(request, name, error, form),
        )

    def _granted(self, wanted: RoleGranted) -> None:
        """Recorded, when nothing stands against it now."""
        self._office.access.rule(
            lambda people, at: grant(
                people,
                RoleGranted(
                    at=at, by=wanted.by, person=wanted.person, role=wanted.role,
                    units=wanted.units, texts=wanted.texts,
                ),
            )
        )  # fmt: skip

    def _look(
        self, request: Request, people: People, person: Person, event: RoleGranted
    ) -> Response:
        """What is about to be granted, in words."""
        lang = lang_of(request)
        instead = next((each for each in person.grants if each.role == event.role), None)
        below = departments_under(people.units, event.units) if event.units else frozenset()
        return self._office.show(
            request,
            "offices_grant.html",
            here=f"/rights/{person.person}",
            who=person,
            wanted=event,
            scope=_scope(people, event.role, event.units, lang),
            departments=sorted(below) if set(below) != set(event.units) else [],
            may=may_words(event.role, lang),
            instead=_scope(people, event.role, instead.units, lang) if instead else "",
            is_admin=event.role in ADMINISTRATORS,
        )

    def disable(self, request: Request, name: str, reason: str) -> Response:
        def done() -> object:
            if not reason or len(reason) > LONGEST or not reason.isprintable():
                raise FormUnfit("reason_needed")
            return self._office.access.rule(lambda p, at: disable(p, name, by(), at, reason))

        return self._tried(request, name, "disabled", done)

    def ruled(self, request: Request, name: str, done: str, decide: Decide) -> Response:
        """A command of ruling.py."""
        return self._tried(request, name, done, lambda: self._office.access.rule(decide))

    def acted(
        self, request: Request, name: str, done: str, act: Callable[[str, str], object]
    ) -> Response:
        """Something done to the account of somebody else."""
        return self._tried(
            request, name, done, lambda: act(self._office.another(name).person, by())
        )

    def reset(self, request: Request, name: str) -> Response:
        """Not one's own: that is the account's page."""
        return tried(
            lambda: self._signing.reset_password(self._office.another(name).person, by()),
            lambda password: self._office.show(
                request,
                "offices_reset.html",
                here=f"/rights/{name}",
                person=name,
                password=password,
            ),
            lambda error: self.one(request, name, error),
        )

    def _tried(self, request: Request, name: str, done: str, do: Callable[[], object]) -> Response:
        return tried(
            do,
            lambda _: back(request, f"/rights/{name}", done),
            lambda error: self.one(request, name, error),
        )

    def _grants(self, people: People, person: Person, lang: str) -> list[tuple[Grant, str]]:
        """Each role, and over what in words."""
        return [(each, _scope(people, each.role, each.units, lang)) for each in person.grants]

    def _account(self, person: Person, lang: str) -> dict[str, Any]:
        store, when = self._office.access.store, self._office.when
        password, failures = store.password(person.person), store.failures(person.person)
        locked = failures.count >= LOCKED_AFTER and (
            self._office.time() - failures.last_at < LOCKED_FOR
        )
        return {
            "password": _password_words(password, lang, when),
            "failures": failures,
            "failed_at": when(failures.last_at),
            "locked": locked,
            "when": when,
            "sessions": [s for s in self._signing.sessions(person.person) if s.kind == "person"],
        }


def may_words(role: str, lang: str) -> str:
    """What a role may do."""
    rights = [pair[side(lang)] for right, pair in words.RIGHTS.items() if right in ROLES[role]]
    return ("、" if lang == "zh" else ", ").join(rights)


def _scope(people: People, role: str, units: Sequence[str], lang: str) -> str:
    """Over what a role is held; an administrator has the whole, and no cases in it."""
    if role in ADMINISTRATORS and not units:
        return words.WORDS["whole"][side(lang)]
    return scope_words(people, units, lang)


def _password_words(password: Password | None, lang: str, when: Callable[[int], str]) -> str:
    if password is None:
        return words.WORDS["password_none"][side(lang)]
    key = "password_first" if password.temporary else "password_own"
    return words.WORDS[key][side(lang)].format(at=when(password.changed_at))


def _given(form: Form | None) -> dict[str, Any]:
    """The form for a grant as it was filled in."""
    if form is None:
        return {"role": "", "scope": "", "units": [], "texts": False, "reason": ""}
    return {
        "role": form["role"],
        "scope": form["scope"],
        "units": form.all("unit"),
        "texts": form["texts"] == "yes",
        "reason": form["reason"],
    }


def _has_role(person: Person, role: str) -> bool:
    roles = {grant.role for grant in person.grants}
    return not role or (not roles if role == NO_ROLE else role in roles)
