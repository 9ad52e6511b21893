"""What the pages of samples share: which samples somebody may see, refusals in words, the page."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from replay.sampled import Line, Sample, seen_by
from replay.samples import BETWEEN, NoSuchSample, NotOfSample, SampleRefused
from replay.sampling import Sampling
from supervision.access.office import Access
from supervision.access.rights import Reach, Right
from supervision.access.web import whoever
from supervision.errors import SupervisionError
from supervision.intake.rights import Items

from ..sights import Sights
from ..words import SHAPES, either, side
from ..words_samples import (
    CRITERIA,
    DEFECTS,
    LOOKED,
    RESULTS,
    SEVERITIES,
    STATES,
    WORDS,
    YES,
)
from ..words_samples import SHAPES as RESULT_SHAPES
from .offices_desk import failed, problem_of
from .page import address, lang_of, page, told
from .samples_work import DrawingCancelled, DrawingGoesOn, NoSuchDrawing

HERE = "/samples"
VALUES: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "severity": SEVERITIES,
    "state": STATES,
    "late": YES,
}
"""The words of the values of criteria."""


class SamplesDesk:
    """Everything that the pages need of the system."""

    def __init__(self, sights: Sights, access: Access, zone: str) -> None:
        self.sights, self.access = sights, access
        self.sampling = Sampling(access.record)
        self.items = Items(access.record)
        self.zone = ZoneInfo(zone)

    def reach(self) -> Reach:
        """Over what whoever asks may draw."""
        reach = whoever().reach(Right.REPLAY)
        assert reach is not None  # the routes ask for the right
        return reach

    def samples(self) -> list[Sample]:
        """Those that whoever asks may see, the newest first. StoreError."""
        found = self.sampling.samples().values()
        return [sample for sample in reversed(found) if _is_within(sample, self.reach())]

    def sample(self, name: str) -> Sample:
        """A sample; NoSuchSample, also for one that reaches further than whoever asks, which is on
        record.
        """
        found = self.sampling.sample(name)
        if not _is_within(found, self.reach()):
            self.sights.refuse(f"sample {found.drawn.sample}", "another department")
            raise NoSuchSample(name)
        return found

    def lines(self, sample: Sample) -> list[Line]:
        """Its cases, as far as they are still of departments that whoever asks may see."""
        return seen_by(self.sampling.lines(sample), self.reach().covers)

    def departments(self) -> list[str]:
        """What may be chosen from: the departments of published items, within reach."""
        reach = self.reach()
        names = {*self.items.departments().values(), *(reach.departments or ())}
        return sorted(name for name in names if name and reach.covers(name))

    def codes(self) -> list[str]:
        """The codes of published items of departments within reach."""
        reach = self.reach()
        return sorted(code for code, of in self.items.departments().items() if reach.covers(of))

    def when(self, at: datetime) -> str:
        """An instant as people read it here."""
        return f"{at.astimezone(self.zone):%Y-%m-%d %H:%M}"

    def show(
        self, request: Request, template: str, status: int = HTTPStatus.OK, **context: Any
    ) -> Response:
        """A page, kept by nobody."""
        lang = lang_of(request)
        answer = page(
            template,
            lang,
            status,
            words=WORDS,
            when=self.when,
            at=side(lang),
            shapes=SHAPES,
            result_shape=lambda code: RESULT_SHAPES.get(code, "◇"),
            result_word=lambda code: either(RESULTS, code, lang),
            defect_word=lambda code: either(DEFECTS, code, lang),
            look_word=lambda code: either(LOOKED, code, lang),
            criteria_words=lambda given: criteria_words(given, lang),
            **context,
        )
        answer.headers["Cache-Control"] = "no-store"
        return answer


def _is_within(sample: Sample, reach: Reach) -> bool:
    """Whether all that a sample may be of is within reach."""
    named = sample.drawn.criteria.get("department", "")
    if not named:
        return reach.departments is None
    return all(reach.covers(name) for name in named.split(BETWEEN))


def criteria_words(given: Mapping[str, str], lang: str) -> str:
    """Criteria as people read them; "" for none."""
    colon, comma = ("：", "；") if lang == "zh" else (": ", "; ")
    return comma.join(
        either(CRITERIA, name, lang) + colon + _value(name, value, lang)
        for name, value in given.items()
    )


def _value(name: str, value: str, lang: str) -> str:
    if name == "department":
        return value.replace(BETWEEN, "、" if lang == "zh" else ", ")
    return either(dict(VALUES[name]), value, lang) if name in VALUES else value


def status_of(error: SampleRefused) -> HTTPStatus:
    """What a refusal is over HTTP."""
    if isinstance(error, NoSuchSample | NotOfSample | NoSuchDrawing):
        return HTTPStatus.NOT_FOUND
    if isinstance(error, DrawingGoesOn):
        return HTTPStatus.CONFLICT
    if isinstance(error, DrawingCancelled):
        return HTTPStatus.OK
    return HTTPStatus.UNPROCESSABLE_ENTITY


def problem_words(error: SupervisionError, lang: str) -> str:
    """Why something was not done."""
    return told(error, lang) if isinstance(error, SampleRefused) else problem_of(error, lang)


class SamplesRoute(APIRoute):
    """A route whose refusals nobody else answers get a page of their own."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, guarded."""
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            try:
                return await handle(request)
            except SampleRefused as error:
                return _refused(request, error)
            except SupervisionError as error:
                return failed(request, error)

        return guarded


def _refused(request: Request, error: SampleRefused) -> Response:
    lang = lang_of(request)
    return page(
        "message.html",
        lang,
        status_of(error),
        words=WORDS,
        title=WORDS["sample_refused"][side(lang)],
        text=told(error, lang),
        onward=address(HERE, lang=lang),
    )


def samples_router() -> APIRouter:
    """A router of pages, which no API document tells of."""
    return APIRouter(include_in_schema=False, route_class=SamplesRoute)
