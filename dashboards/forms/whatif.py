"""The page of what-if and re-derivation: asked for here, worked out behind it, told case by case.

A viewer sees the cases of the departments over which the right to replay is held, and no others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from http import HTTPStatus
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from replay.changes import Change, PolicyChanged, day_change, limit_change, mode_change
from replay.every_case import Log, Watching, processes_for
from replay.rederive import Rederived, rederive
from replay.what_if import GAINED, LOST, MOVED, Figure, Scope, WhatIf, what_if
from supervision.access.office import Access
from supervision.access.rights import Reach, Right
from supervision.access.rules import needs
from supervision.access.web import Form, whoever
from supervision.errors import SupervisionError
from supervision.facts import Instant, instant
from supervision.intake.rights import Items
from supervision.judgement.cards import moment
from supervision.judgement.deadline import MODES
from supervision.why import MODES as MODE_WORDS

from ..show import case_address
from ..whatif_jobs import Jobs
from ..words import either, side
from ..words_whatif import BECAUSE, SEVERITIES, WHAT, WHY, WORDS
from .offices_desk import Sent, desk_router, problem_of
from .page import address, lang_of, page

HERE = "/what-if"
FIELDS = (
    "promise", "legal", "item", "department", "mode", "holiday", "workday", "settle", "since",
    "before", "nothing_late", "following",
)  # fmt: skip
KINDS = (GAINED, LOST, MOVED)
LISTED = 200
"""Cards, or differences, of one page."""
SETTLE_MOST = 86_400
REDERIVE = "rederive"


class AskedUnfit(SupervisionError):
    """What is wrong with what was asked for, as WORDS have it."""

    def __init__(self, key: str, **fill: str) -> None:
        self.zh, self.en = (text.format(**fill) for text in WORDS[key])
        super().__init__(f"{self.zh} {self.en}")


def whatif(
    log: Log, access: Access, jobs: Jobs, zone: str, processes: int | None = None
) -> APIRouter:
    """The pages. `zone`: in which days begin and times are told. `processes`: how many others
    work on it; None: as many as are worth it, and half of the cores at the most.
    """
    desk = _Desk(log, access, jobs, ZoneInfo(zone), processes)
    router = desk_router()

    @router.get(HERE)
    @needs(Right.REPLAY)
    def shown(request: Request) -> Response:
        """The form, how far the work is, or what came of it."""
        return desk.show(request)

    @router.post(HERE)
    @needs(Right.REPLAY)
    def ask(request: Request, form: Sent) -> Response:
        """Begin: what if."""
        given = {name: form[name] for name in FIELDS if form[name]}
        try:
            changes, scope = asked_of(form, _reach(), desk.zone)
            late = bool(form["nothing_late"])
        except SupervisionError as error:
            return desk.show(request, error, given)
        return desk.start(request, given, desk.what_if(changes, scope, nothing_late=late))

    @router.post(HERE + "/rederive")
    @needs(Right.REPLAY)
    def again(request: Request, form: Sent) -> Response:
        """Begin: re-derive."""
        return desk.start(request, {"kind": REDERIVE}, desk.rederive(_reach()))

    @router.post(HERE + "/cancel")
    @needs(Right.REPLAY)
    def cancel(request: Request, form: Sent) -> Response:
        """End what was begun."""
        jobs.cancel(whoever().person)
        return _back(request)

    @router.get(HERE + "/cases")
    @needs(Right.REPLAY)
    def cases(request: Request) -> Response:
        """The cases behind a figure."""
        return desk.cases(request)

    return router


def asked_of(form: Form, reach: Reach, zone: ZoneInfo) -> tuple[list[Change], Scope]:
    """What a form asks for, within a part of the world. AskedUnfit, ChangeUnreadable."""
    items = [form["item"]] if form["item"] else []
    changes: list[Change] = [
        limit_change(which, form[which], items) for which in ("promise", "legal") if form[which]
    ]
    if form["mode"]:
        changes.append(mode_change(form["mode"]))
    if form["settle"]:
        changes.append(PolicyChanged(settle_seconds=_settle(form["settle"])))
    changes += [day_change(form["holiday"], works=False)] if form["holiday"] else []
    changes += [day_change(form["workday"], works=True)] if form["workday"] else []
    if not changes and not form["nothing_late"]:
        raise AskedUnfit("nothing_asked")
    return changes, Scope(
        departments=_within(form["department"], reach),
        since=_day(form["since"], zone),
        before=_day(form["before"], zone),
        following=bool(form["following"]),
    )


def _within(department: str, reach: Reach) -> frozenset[str] | None:
    """The departments looked at: the one chosen, if it is within reach, else all within reach."""
    if not department:
        return reach.departments
    return frozenset({department} if reach.covers(department) else ())


def _settle(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 5 and int(text) <= SETTLE_MOST):
        raise AskedUnfit("no_number")
    return int(text)


def _day(text: str, zone: ZoneInfo) -> Instant:
    if not text:
        return 0
    try:
        return instant(datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=zone))
    except ValueError:
        raise AskedUnfit("no_day", text=text[:20]) from None


def _reach() -> Reach:
    reach = whoever().reach(Right.REPLAY)
    assert reach is not None  # the routes ask for the right
    return reach


def _back(request: Request) -> Response:
    return RedirectResponse(address(HERE, lang=lang_of(request)), HTTPStatus.SEE_OTHER)


class _Desk:
    """What the pages need of the system."""

    def __init__(
        self, log: Log, access: Access, jobs: Jobs, zone: ZoneInfo, processes: int | None
    ) -> None:
        self.zone = zone
        self._log, self._jobs, self._processes = log, jobs, processes
        self._items = Items(access.record)

    def what_if(
        self, changes: list[Change], scope: Scope, *, nothing_late: bool
    ) -> Callable[[Watching], WhatIf]:
        """The work: what if."""
        return lambda watching: what_if(
            self._log,
            changes,
            scope,
            nothing_late=nothing_late,
            processes=self._others(2),
            watching=watching,
        )

    def rederive(self, reach: Reach) -> Callable[[Watching], Rederived]:
        """The work: re-derive."""
        return lambda watching: rederive(
            self._log,
            departments=reach.departments,
            processes=self._others(1),
            watching=watching,
        )

    def _others(self, times: int) -> int:
        if self._processes is not None:
            return self._processes
        return processes_for(times * self._log.head(), spare=True)

    def start(
        self,
        request: Request,
        given: dict[str, str],
        work: Callable[[Watching], WhatIf] | Callable[[Watching], Rederived],
    ) -> Response:
        """Begin, and on to the page; or why not."""
        if not self._jobs.start(whoever().person, _reach(), given, work):
            return self.show(request, AskedUnfit("busy"), given)
        return _back(request)

    def show(
        self,
        request: Request,
        error: SupervisionError | None = None,
        given: dict[str, str] | None = None,
    ) -> Response:
        """The page."""
        lang, job = lang_of(request), self._jobs.of(whoever().person, _reach())
        result = job.result if job and error is None else None
        asked = given if given is not None else (job.asked if job else {})
        return self._page(
            request,
            "whatif.html",
            HTTPStatus.UNPROCESSABLE_ENTITY if error else HTTPStatus.OK,
            problem=problem_of(error, lang) if error else "",
            job=None if error else job,
            busy=self._jobs.is_busy(),
            failed=problem_of(job.why, lang) if job and job.why and not error else "",
            made=result if isinstance(result, WhatIf) else None,
            derived=result if isinstance(result, Rederived) else None,
            given={name: asked.get(name, "") for name in FIELDS},
            departments_named=[(name, name) for name in self._departments()],
            codes=self._codes(),
            modes_named=[(mode, either(MODE_WORDS, mode, lang)) for mode in MODES],
        )

    def cases(self, request: Request) -> Response:
        """The cards of one figure, with their cases."""
        job = self._jobs.of(whoever().person, _reach())
        made = job.result if job else None
        if not isinstance(made, WhatIf):
            return _back(request)
        asked = request.query_params
        wanted = {name: asked.get(name, "") for name in ("department", "item", "severity", "kind")}
        turns = [t for t in made.turns if all(getattr(t, n) == w for n, w in wanted.items() if w)]
        figures = [f for f in made.figures if _is_of(f, wanted)]
        kinds = [wanted["kind"]] if wanted["kind"] in KINDS else KINDS
        return self._page(
            request,
            "whatif_cases.html",
            made=made,
            wanted=wanted,
            turns=turns[:LISTED],
            total=sum(getattr(figure, kind) for figure in figures for kind in kinds),
        )

    def _departments(self) -> list[str]:
        reach = _reach()
        names = {*self._items.departments().values(), *(reach.departments or ())}
        return sorted(name for name in names if name and reach.covers(name))

    def _codes(self) -> list[str]:
        reach = _reach()
        return sorted(code for code, of in self._items.departments().items() if reach.covers(of))

    def _page(
        self,
        request: Request,
        template: str,
        status: int = HTTPStatus.OK,
        problem: str = "",
        **context: Any,
    ) -> Response:
        lang = lang_of(request)
        answer = page(
            template,
            lang,
            status,
            words=WORDS,
            here=HERE,
            problem=problem,
            at=side(lang),
            when=self._when,
            severity=lambda code: either(SEVERITIES, code, lang),
            what=lambda code: either(WHAT, code, lang),
            why=lambda code: either(WHY, code, lang),
            because=lambda code: either(BECAUSE, code, lang),
            case_link=lambda turn: case_address(turn.source, turn.case_no, lang),
            kinds=KINDS,
            most=LISTED,
            severities=tuple(SEVERITIES),
            by_department=by_department,
            **context,
        )
        answer.headers["Cache-Control"] = "no-store"
        return answer

    def _when(self, at: Instant) -> str:
        return f"{moment(at, self.zone):%Y-%m-%d %H:%M:%S}"


def _is_of(figure: Figure, wanted: dict[str, str]) -> bool:
    return all(
        not wanted[name] or getattr(figure, name) == wanted[name]
        for name in ("department", "item", "severity")
    )


def by_department(made: WhatIf) -> Iterator[tuple[str, list[Figure]]]:
    """The figures of each department."""
    for department in sorted({figure.department for figure in made.figures}):
        yield department, [f for f in made.figures if f.department == department]
