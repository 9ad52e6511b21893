"""One sample: its cases with who looked at them since, what was found in each, and as a file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from http import HTTPStatus
from typing import NamedTuple

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from replay.sampled import Line, Sample, totals
from replay.samples import DEFECTS, RESULTS, NotOfSample, SampleRefused
from supervision.access.events import Exported
from supervision.access.rights import Right
from supervision.access.rules import needs
from supervision.access.web import place_of, whoever
from supervision.errors import SupervisionError

from ..answers import file_of, line_of
from ..show import case_address
from ..sights import title_of
from ..words import either, side
from ..words_samples import DEFECTS as DEFECT_WORDS
from ..words_samples import LOOKED, SEVERITIES, STATES, WORDS
from ..words_samples import RESULTS as RESULT_WORDS
from .offices_desk import Sent
from .offices_desk import status_of as office_status
from .page import address, lang_of
from .samples_desk import HERE, SamplesDesk, problem_words, samples_router, status_of

ONE = HERE + "/{sample}"
PRINT = "print"
HEAD = (
    "sample_number", "sample_source", "sample_case", "sample_item", "sample_item_name",
    "sample_department", "sample_received", "sample_state", "sample_severities", "sample_looks",
    "sample_result", "sample_defects", "sample_checked_by", "sample_checked_at",
)  # fmt: skip
"""The columns of the file."""


class Given(NamedTuple):
    """The form of a finding as it is filled in."""

    result: str = ""
    defects: tuple[str, ...] = ()


def one_desk(desk: SamplesDesk) -> APIRouter:
    """The routes."""
    router = samples_router()

    def shown_check(
        request: Request,
        sample: Sample,
        line: Line,
        error: SupervisionError | None = None,
        given: Given | None = None,
    ) -> Response:
        lang = lang_of(request)
        before = Given(line.check.result, line.check.defects) if line.check else Given()
        key = {"source": line.case.source, "case_no": line.case.case_no}
        return desk.show(
            request,
            "samples_check.html",
            _status(error) if error else HTTPStatus.OK,
            here=_path(sample) + "/check",
            kept=key,
            problem=problem_words(error, lang) if error else "",
            sample=sample.drawn,
            line=line,
            given=given or before,
            results=RESULTS,
            defects=DEFECTS,
            case_path=_case_path(line),
        )

    @router.get(ONE)
    @needs(Right.REPLAY)
    def one(request: Request, sample: str) -> Response:
        """The sample; with `view=print` as it is put on paper."""
        found = desk.sample(sample)
        lines = desk.lines(found)
        view = PRINT if request.query_params.get("view") == PRINT else ""
        return desk.show(
            request,
            "samples_one.html",
            here=_path(found),
            kept={"view": view},
            done=_done(request, found),
            sample=found.drawn,
            lines=lines,
            totals=totals(lines),
            left_out=len(found.keys) - len(lines),
            printing=bool(view),
            case_path=_case_path,
        )

    @router.get(ONE + "/check")
    @needs(Right.REPLAY)
    def ask(request: Request, sample: str, source: str = "", case_no: str = "") -> Response:
        """The form for what was found in a case."""
        found = desk.sample(sample)
        return shown_check(request, found, line_of_case(desk, found, source, case_no))

    @router.post(ONE + "/check")
    @needs(Right.REPLAY)
    def check(
        request: Request, sample: str, form: Sent, source: str = "", case_no: str = ""
    ) -> Response:
        """Record what was found."""
        found = desk.sample(sample)
        line = line_of_case(desk, found, source, case_no)
        given = Given(form["result"], tuple(form.all("defect")))
        try:
            desk.sampling.check(
                found.drawn.sample, line.case.key, given.result, given.defects, whoever().person
            )
        except SupervisionError as error:
            return shown_check(request, found, line, error, given)
        there = address(_path(found), lang=lang_of(request), done="checked", case=line.case.case_no)
        return RedirectResponse(f"{there}#case-{line.number}", HTTPStatus.SEE_OTHER)

    @router.get(ONE + "/cases.csv")
    @needs(Right.REPLAY)
    def file(request: Request, sample: str) -> Response:
        """The cases as a file, as far as they may be taken away; on record before it leaves."""
        found, lang = desk.sample(sample), lang_of(request)
        lines = [
            line
            for line in desk.lines(found)
            if desk.sights.covers(Right.EXPORT, line.case.department)
        ]
        _record(desk, request, found)
        return file_of(as_csv(desk, lines, lang), f"sample-{found.drawn.sample}.csv")

    return router


def line_of_case(desk: SamplesDesk, sample: Sample, source: str, case_no: str) -> Line:
    """A case of a sample as whoever asks may see it; NotOfSample."""
    for line in desk.lines(sample):
        if line.case.key == (source, case_no):
            return line
    raise NotOfSample(sample.drawn.sample, case_no)


def as_csv(desk: SamplesDesk, lines: list[Line], lang: str) -> Iterator[str]:
    """Lines of the file, with the mark by which spreadsheets know UTF-8."""
    yield "\ufeff" + line_of([WORDS[key][side(lang)] for key in HEAD])
    for line in lines:
        yield line_of(_cells(desk, line, lang))


def _cells(desk: SamplesDesk, line: Line, lang: str) -> list[str]:
    case, check = line.case, line.check
    comma = "、" if lang == "zh" else ", "
    looks = (
        f"{look.by} {either(LOOKED, look.how, lang)} {desk.when(look.at)}" for look in line.looks
    )
    return [
        str(line.number),
        case.source,
        case.case_no,
        case.item,
        case.item_name,
        case.department,
        case.received.isoformat(),
        either(STATES, "concluded" if case.is_over else "open", lang),
        comma.join(
            either(SEVERITIES, each, lang) for each in SEVERITIES if each in case.severities
        ),
        comma.join(looks),
        either(RESULT_WORDS, check.result, lang) if check else "",
        comma.join(either(DEFECT_WORDS, each, lang) for each in check.defects) if check else "",
        check.by if check else "",
        desk.when(check.at) if check else "",
    ]


def _record(desk: SamplesDesk, request: Request, sample: Sample) -> None:
    admission, address_ = whoever(), place_of(request).address
    reach = admission.reach(Right.EXPORT)

    def exported(at: datetime) -> Exported:
        return Exported(
            at=at,
            by=admission.person,
            what="sample",
            value=sample.drawn.sample,
            scope=title_of(reach) if reach else "",
            address=address_,
        )

    desk.access.trail.note(exported)


def _case_path(line: Line) -> str:
    return case_address(line.case.source, line.case.case_no, "zh")


def _path(sample: Sample) -> str:
    return f"{HERE}/{sample.drawn.sample}"


def _status(error: SupervisionError) -> HTTPStatus:
    return status_of(error) if isinstance(error, SampleRefused) else office_status(error)


def _done(request: Request, sample: Sample) -> str:
    """What was done before the page, in words, if the address says so."""
    asked, at = request.query_params, side(lang_of(request))
    drawn = sample.drawn
    if asked.get("done") == "checked":
        numbers = {case_no for _, case_no in sample.keys}
        case_no = asked.get("case", "")
        return WORDS["sample_recorded"][at].format(case_no=case_no) if case_no in numbers else ""
    if asked.get("done") != "drawn":
        return ""
    n = asked.get("n", "")
    told = WORDS["sample_drawn"][at].format(sample=drawn.sample)
    if n.isascii() and n.isdecimal() and len(n) <= 6 and int(n) > drawn.population:
        more = WORDS["sample_took_all"][at].format(n=n, population=drawn.population)
        return f"{told}{'' if at == 0 else ' '}{more}"
    return told
