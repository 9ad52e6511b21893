"""What the administrators' pages share: the time, who asks, units to choose, refusals in words.

FormUnfit    a form was filled in so that nothing can be done with it
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from alerts.ruling import NoSuchContact, NoSuchSilence, SetupRefused
from alerts.templates import TemplateUnfit
from supervision.access.office import Access
from supervision.access.people import (
    DEPARTMENT,
    DISTRICT,
    TOP,
    People,
    Person,
    departments_under,
    name_of,
)
from supervision.access.ruling import (
    GrantUnfit,
    NameUnfit,
    NotAllowed,
    OwnRights,
    UnitUnfit,
    UnknownPerson,
)
from supervision.access.web import Form, form_of, whoever
from supervision.errors import ClockJumped, StoreError, StreamConflict, SupervisionError
from supervision.facts import Instant
from supervision.intake.keys import KeyUnfit, KeyUnknown
from supervision.intake.reading import FactUnreadable
from supervision.intake.rights import Items
from supervision.store.mapping import moment

from ..words import either, side
from ..words_entry import ROLES
from ..words_offices import WORDS
from .page import address, lang_of, page, told

Sent = Annotated[Form, Depends(form_of)]
"""The form that was sent."""

T = TypeVar("T")

A_PAGE = 100
"""Lines of a list."""
DEEPEST = 9
"""Levels of the tree that are set in from one another."""
KEPT = ("q", "role", "book", "person", "kind", "state", "before", "after", "unit")
"""Fields of an address that the language switch keeps."""
WHOLE, PARTS = "whole", "parts"


class FormUnfit(SupervisionError):
    """What is wrong with a form, as WORDS have it."""

    def __init__(self, key: str, status: HTTPStatus = HTTPStatus.UNPROCESSABLE_ENTITY) -> None:
        self.zh, self.en = WORDS[key]
        super().__init__(f"{self.zh} {self.en}")
        self.status = status


class Choice(NamedTuple):
    """A unit that may be chosen; `depth` in the tree, `placed` whether it is in the tree."""

    unit: str
    kind: str
    depth: int
    placed: bool = True
    parent: str = TOP


class Office(NamedTuple):
    """Everything that the pages need of the system. `time` tells the time of day (µs)."""

    access: Access
    items: Items
    zone: ZoneInfo
    public_url: str
    time: Callable[[], Instant]

    def people(self) -> People:
        """Everybody and everything as of now. StoreError."""
        return self.access.admissions.people(at_once=True)

    def person(self, name: str) -> Person:
        """Somebody; UnknownPerson."""
        found = self.people().persons.get(name_of(name))
        if found is None:
            raise UnknownPerson(name[:64])
        return found

    def another(self, name: str) -> Person:
        """Somebody who is not the one who asks; UnknownPerson, OwnRights."""
        found = self.person(name)
        if found.person == by():
            raise OwnRights(found.person)
        return found

    def moment(self) -> datetime:
        """The time of day."""
        return moment(self.time())

    def when(self, at: datetime | Instant) -> str:
        """An instant as people read it here, to the second."""
        given = at if isinstance(at, datetime) else moment(at)
        return f"{given.astimezone(self.zone):%Y-%m-%d %H:%M:%S}"

    def departments(self) -> list[str]:
        """The departments that published items name."""
        return sorted(filter(None, set(self.items.departments().values())))

    def choices(self, people: People, held: Iterable[str] = ()) -> list[Choice]:
        """What rights may be over: the tree, then what is published or held but not in it."""
        others = {*self.departments(), *held} - set(people.units)
        return [*tree(people), *(Choice(unit, DEPARTMENT, 0, False) for unit in sorted(others))]

    def show(
        self,
        request: Request,
        template: str,
        status: int = HTTPStatus.OK,
        *,
        here: str = "",
        problem: str = "",
        **context: Any,
    ) -> HTMLResponse:
        """A page; what was done before is told as the address says (`done=KEY`)."""
        asked = request.query_params
        key = "done_" + asked.get("done", "")
        done = WORDS[key][side(lang_of(request))] if key in WORDS and not problem else ""
        given = {name: asked[name] for name in KEPT if asked.get(name)}
        answer = page(
            template,
            lang_of(request),
            status,
            words=WORDS,
            here=here or request.url.path,
            kept=given,
            problem=problem,
            done=done,
            asked=asked,
            role_word=lambda role: either(ROLES, role, lang_of(request)),
            **context,
        )
        answer.headers["Cache-Control"] = "no-store"
        return answer


def by() -> str:
    """Who asks, as events name them."""
    return whoever().person


def tree(people: People) -> list[Choice]:
    """The tree, each unit below what it hangs under; what hangs nowhere comes last."""
    below: dict[str, list[str]] = {}
    for unit, at in people.units.items():
        parent = at.parent if at.parent in people.units else TOP
        below.setdefault(parent, []).append(unit)
    left = [(unit, 0) for unit in _in_order(people, below.pop(TOP, []))]
    found: list[Choice] = []
    while left:
        unit, depth = left.pop()
        at = people.units[unit]
        found.append(Choice(unit, at.kind, min(depth, DEEPEST), True, at.parent))
        left += [(each, depth + 1) for each in _in_order(people, below.pop(unit, []))]
    return found


def _in_order(people: People, units: list[str]) -> list[str]:
    """As they are taken from the end: what hangs nowhere last, departments before districts."""

    def rank(unit: str) -> tuple[bool, bool, str]:
        at = people.units[unit]
        return at.parent != TOP and at.parent not in people.units, at.kind == DISTRICT, unit

    return sorted(units, key=rank, reverse=True)


def scope_words(people: People, units: Sequence[str], lang: str) -> str:
    """Over what a role is held: each unit, of a district how many departments."""
    if not units:
        return WORDS["whole_long"][side(lang)]
    return "、".join(_unit_words(people, unit, lang) for unit in units)


def _unit_words(people: People, unit: str, lang: str) -> str:
    at = people.units.get(unit)
    if at is None or at.kind == DEPARTMENT:
        return unit
    n = len(departments_under(people.units, [unit]))
    return WORDS["part_district"][side(lang)].format(unit=unit, n=n)


def units_given(form: Form, offered: Iterable[Choice]) -> tuple[str, ...]:
    """The units of a form, none for the whole, which must have been chosen so; FormUnfit."""
    given = tuple(dict.fromkeys(form.all("unit")))
    return some_of(form["scope"], given, {c.unit for c in offered}, ("choose_scope", "scope_both"))


def some_of(
    choice: str, given: tuple[str, ...], known: Iterable[str], words: tuple[str, str]
) -> tuple[str, ...]:
    """What was chosen of what there is; none only if all was chosen in so many words; FormUnfit."""
    unchosen, both = words
    if choice not in (WHOLE, PARTS) or (choice == PARTS and not given):
        raise FormUnfit(unchosen)
    if choice == WHOLE and given:
        raise FormUnfit(both)
    if set(given) - set(known):
        raise FormUnfit("unit_unknown")
    return given


def tried(do: Callable[[], T], done: Callable[[T], Response], again: Again) -> Response:
    """What was done, or the page again, with why it was not."""
    try:
        result = do()
    except SupervisionError as error:
        return again(error)
    return done(result)


Again = Callable[[SupervisionError], Response]


def back(request: Request, path: str, done: str, **query: str) -> Response:
    """On to a page that tells what was done."""
    there = address(path, lang=lang_of(request), done=done, **query)
    return RedirectResponse(there, HTTPStatus.SEE_OTHER)


def status_of(error: SupervisionError) -> HTTPStatus:
    """What an error is over HTTP."""
    match error:
        case FormUnfit():
            return error.status
        case UnknownPerson() | KeyUnknown() | NoSuchContact() | NoSuchSilence():
            return HTTPStatus.NOT_FOUND
        case NameUnfit() | GrantUnfit() | UnitUnfit() | KeyUnfit() | FactUnreadable():
            return HTTPStatus.UNPROCESSABLE_ENTITY
        case SetupRefused() | TemplateUnfit():
            return HTTPStatus.UNPROCESSABLE_ENTITY
        case NotAllowed() | StreamConflict():
            return HTTPStatus.CONFLICT
    return HTTPStatus.SERVICE_UNAVAILABLE


def problem_of(error: SupervisionError, lang: str) -> str:
    """An error in words that say what to do."""
    for kind, key in (
        (StreamConflict, "office_conflict"),
        (ClockJumped, "office_clock_jumped"),
        (StoreError, "office_store_down"),
    ):
        if isinstance(error, kind):
            return WORDS[key][side(lang)]
    return told(error, lang)


class OfficeRoute(APIRoute):
    """A route whose refusals nobody else answers get a page of their own."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, guarded."""
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            try:
                return await handle(request)
            except SupervisionError as error:
                return failed(request, error)

        return guarded


def failed(request: Request, error: SupervisionError) -> Response:
    """A page that only says what is wrong."""
    lang = lang_of(request)
    parts = request.url.path.strip("/").split("/")
    area = "/" + "/".join(parts[: 2 if parts[0] == "alerts" else 1])
    return page(
        "offices_failed.html",
        lang,
        status_of(error),
        words=WORDS,
        here=area,
        problem=problem_of(error, lang),
        area=area,
    )


def desk_router() -> APIRouter:
    """A router of pages, which no API document tells of."""
    return APIRouter(include_in_schema=False, route_class=OfficeRoute)
