"""The page where samples are drawn and listed."""

from __future__ import annotations

import secrets
from http import HTTPStatus
from typing import NamedTuple

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from replay.sampled import Sample
from replay.samples import (
    BETWEEN,
    CONCLUDED,
    MOST,
    OPEN,
    SEED_LONGEST,
    SEVERITIES,
    Criteria,
    SampleRefused,
    SampleUnfit,
    criteria_of,
    number_of,
    seed_of,
)
from replay.sampling import Asked
from supervision.access.rights import Reach, Right
from supervision.access.rules import needs
from supervision.access.web import Form, whoever
from supervision.errors import SupervisionError

from ..words_samples import WORDS
from .offices_desk import Sent
from .offices_desk import status_of as office_status
from .page import address, lang_of
from .samples_desk import HERE, SamplesDesk, problem_words, samples_router, status_of
from .samples_work import Drawing, DrawingGoesOn, NoSuchDrawing, Work

FIELDS = ("seed", "n", "item", "severity", "state", "from", "to", "late")
USUAL = "20"
"""Cases that the form offers to draw."""
SEED_DIGITS = 16
STEP = 50
"""Lines of the list of samples."""


class Given(NamedTuple):
    """The form as it is filled in."""

    fields: dict[str, str]
    departments: frozenset[str]


def draw_desk(desk: SamplesDesk, work: Work) -> APIRouter:
    """The routes."""
    router = samples_router()

    def shown(
        request: Request, error: SupervisionError | None = None, given: Given | None = None
    ) -> Response:
        lang, found = lang_of(request), desk.samples()
        form = given or Given({"seed": random_seed(), "n": USUAL}, frozenset())
        first = _first(request, len(found))
        return desk.show(
            request,
            "samples.html",
            _status(error) if error else HTTPStatus.OK,
            here=HERE,
            going=work.going(whoever().person),
            problem=problem_words(error, lang) if error else "",
            samples=[_line(sample) for sample in found[first : first + STEP]],
            later=first + STEP if first + STEP < len(found) else 0,
            is_first=first == 0,
            given={name: form.fields.get(name, "") for name in FIELDS},
            chosen=form.departments,
            departments=desk.departments(),
            codes=desk.codes(),
            severities=SEVERITIES,
            states=(OPEN, CONCLUDED),
            most=MOST,
            longest=SEED_LONGEST,
        )

    def ended(request: Request, drawing: Drawing) -> Response:
        """What came of a drawing, or how far it has come."""
        lang = lang_of(request)
        if drawing.drawn is not None:
            there = f"{HERE}/{drawing.drawn.sample}"
            more = {"n": str(drawing.asked.n)} if drawing.asked.n > drawing.drawn.population else {}
            where = address(there, lang=lang, done="drawn", **more)
            return RedirectResponse(where, HTTPStatus.SEE_OTHER)
        if drawing.error is not None:
            return shown(request, drawing.error, _given_of(drawing.asked))
        if request.method == "POST":
            return _to_drawing(request, drawing)
        return desk.show(request, "samples_drawing.html", drawing=drawing)

    @router.get(HERE)
    @needs(Right.REPLAY)
    def samples(request: Request) -> Response:
        """The form, and the samples that whoever asks may see."""
        return shown(request)

    @router.post(HERE)
    @needs(Right.REPLAY)
    def draw(request: Request, form: Sent) -> Response:
        """Draw one."""
        given = Given({name: form[name] for name in FIELDS}, frozenset(form.all("department")))
        try:
            drawing = work.begin(asked_of(form, desk.reach()), whoever().person)
        except (SampleUnfit, DrawingGoesOn) as error:
            return shown(request, error, given)
        return ended(request, drawing)

    @router.get(HERE + "/drawing/{drawing}")
    @needs(Right.REPLAY)
    def progress(request: Request, drawing: str) -> Response:
        """How far it has come."""
        return ended(request, _own(work, drawing))

    @router.post(HERE + "/drawing/{drawing}/cancel")
    @needs(Right.REPLAY)
    def cancel(request: Request, drawing: str, form: Sent) -> Response:
        """End it, and on to what came of it."""
        found = _own(work, drawing)
        work.cancel(found)
        return _to_drawing(request, found)

    return router


def _own(work: Work, number: str) -> Drawing:
    """A drawing of whoever asks; NoSuchDrawing."""
    found = work.find(number, whoever().person)
    if found is None:
        raise NoSuchDrawing(*WORDS["drawing_gone"])
    return found


def _to_drawing(request: Request, drawing: Drawing) -> Response:
    """On to the page of a drawing."""
    where = address(f"{HERE}/drawing/{drawing.id}", lang=lang_of(request))
    return RedirectResponse(where, HTTPStatus.SEE_OTHER)


def random_seed() -> str:
    """A seed that nobody chose: digits, to be read out and typed in again."""
    return f"{secrets.randbelow(10**SEED_DIGITS):0{SEED_DIGITS}d}"


def asked_of(form: Form, reach: Reach) -> Asked:
    """What a form asks for, of departments within reach; SampleUnfit."""
    names = form.all("department")
    criteria = criteria_of({name: form[name] for name in FIELDS if name not in ("seed", "n")})
    departments = frozenset(names) or reach.departments or frozenset()
    if reach.departments is not None and not departments:
        raise SampleUnfit(*WORDS["sample_outside"])
    if any(not reach.covers(name) or BETWEEN in name for name in departments):
        raise SampleUnfit(*WORDS["sample_outside"])
    return Asked(
        seed_of(form["seed"]),
        number_of(form["n"]),
        criteria._replace(departments=departments),
    )


def _given_of(asked: Asked) -> Given:
    criteria: Criteria = asked.criteria
    fields = {"seed": asked.seed, "n": str(asked.n), **criteria.says()}
    return Given(fields, criteria.departments)


def _status(error: SupervisionError) -> HTTPStatus:
    return status_of(error) if isinstance(error, SampleRefused) else office_status(error)


def _first(request: Request, all_of_them: int) -> int:
    """Where the page of the list begins; what makes no sense is its beginning."""
    asked = request.query_params.get("after", "")
    first = int(asked) if asked.isascii() and asked.isdecimal() and len(asked) <= 6 else 0
    return first if first < all_of_them else 0


class Listed(NamedTuple):
    """A sample in the list."""

    sample: Sample
    drawn: int
    checked: int


def _line(sample: Sample) -> Listed:
    return Listed(sample, len(sample.drawn.cases), len(sample.checks))
