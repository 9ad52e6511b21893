"""The papers of a card: 监察牌通知书, 督办通知书, 销号单, with the fields of GB/T 39046—2020.

The same log gives the same bytes: nothing here knows the time, and files carry that of the act.
Nothing is fetched while a paper is drawn.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from replay.history import ClockDrawn
from supervision.judgement.explain import COUNTED, KINDS, MAKEUP, ROLLED
from supervision.loop.stage import Stage
from supervision.why import CLOCKS

from .card_view import ActTold, CardView

NOTICE, ORDER, CLOSING = "notice", "order", "closing"
FORMS: dict[str, str] = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
"""Media types, by how a file's name ends."""
WARNING_CODES = {"reminder": "1", "yellow": "2", "red": "3"}
"""监察预警类型代码 n1 [choice]."""
MASKED = "（内容已遮蔽，查看须另行授权）"
NONE = "（无）"
UNFIT = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069"
    "\ud800-\udfff\ufffe\uffff]"
)
"""What XML forbids, and what turns the writing around."""


class PaperKind(NamedTuple):
    """A paper that can be made now; of orders, which one."""

    kind: str
    number: int = 0


class Line(NamedTuple):
    """A line of a table: its name and what stands there."""

    name: str
    value: str


class Days(NamedTuple):
    """Consecutive days of one kind in a clock's account: from, to, kind, counted at the end."""

    first: str
    last: str
    kind: str
    counted: str


class Paper(NamedTuple):
    """What stands on a paper, top to bottom. `at`: of the act behind it, ISO 8601."""

    kind: str
    title: str
    number: str
    to: str
    says: tuple[str, ...]
    lines: tuple[Line, ...]
    clock: str
    days: tuple[Days, ...]
    organ: str
    at: str
    printed: str = ""

    @property
    def day(self) -> str:
        """The day of the act, as papers write it."""
        return f"{int(self.at[:4])}年{int(self.at[5:7])}月{int(self.at[8:10])}日" if self.at else ""


def organ_of(district: str) -> str:
    """Who issues a district's papers."""
    return f"{district}行政审批电子监察"


def kinds_of(view: CardView) -> tuple[PaperKind, ...]:
    """The papers that can be made of a card as it stands."""
    found = [PaperKind(NOTICE)] if _issue(view) is not None else []
    found += [PaperKind(ORDER, act.number) for act in _orders(view)]
    if view.stage == Stage.CLOSED:
        found.append(PaperKind(CLOSING))
    return tuple(found)


def act_behind(view: CardView, wanted: PaperKind) -> ActTold | None:
    """The act that a paper is about, whose text it may hold; None: it cannot be made."""
    if wanted not in kinds_of(view):
        return None
    if wanted.kind == ORDER:
        return next(act for act in _orders(view) if act.number == wanted.number)
    if wanted.kind == CLOSING:
        ends = ("CardClosed", "RectificationVerified")
        return next((act for act in reversed(view.acts) if act.kind in ends), None)
    return _issue(view)


def paper_of(
    view: CardView, wanted: PaperKind, text: str | None, organ: str, printed: str = ""
) -> Paper | None:
    """A paper; None where it cannot be made. `text`: what the act says, None: it is not to be seen.
    `organ`: who issues it. `printed`: a time of printing, where one is wanted.
    """
    act = act_behind(view, wanted)
    if act is None:
        return None
    made = {NOTICE: _notice, ORDER: _order, CLOSING: _closing}[wanted.kind]
    paper = made(view, act, MASKED if text is None else text or NONE, organ)
    return _clean(paper._replace(printed=printed))


def file_of(paper: Paper, form: str) -> bytes:
    """The paper as a file of one of FORMS."""
    if form == "docx":
        from .papers_docx import docx_of

        return docx_of(paper)
    from .papers_pdf import pdf_of

    return pdf_of(paper)


def _issue(view: CardView) -> ActTold | None:
    """The act by which it was issued; None while it is only asked for or proposed."""
    if view.stage in (Stage.ASKED, Stage.PROPOSED):
        return None
    return next((act for act in view.acts if act.kind == "CardIssued"), None)


def _orders(view: CardView) -> list[ActTold]:
    return [act for act in view.acts if act.kind == "SupervisionOrdered" and act.number]


def _notice(view: CardView, act: ActTold, _: str, organ: str) -> Paper:
    signed, said = (_until(view, kind, view.issued_at) for kind in ("acknowledge", "explain"))
    asks = f"请于{signed}前签收" if signed else ""
    asks += f"{'，' if asks else '请'}于{said}前说明情况或者提出申诉。" if said else ""
    says = (f"{_matter(view)}，现发出{view.label_zh}。", asks)
    return _paper(view, NOTICE, f"{view.label_zh}通知书", view.card, says, act, organ, ())


def _order(view: CardView, act: ActTold, text: str, organ: str) -> Paper:
    until = _until(view, "rectify", act.at)
    asks = "请立即整改，并通过电子监察系统反馈整改情况。"
    if until:
        asks = f"请于{until}前完成整改，并通过电子监察系统反馈整改情况。"
    says = (f"{_matter(view)}，已发出{view.label_zh}。现予以第{act.number}次督办。", asks)
    own = (
        Line("督办内容", text),
        Line("督办次数", f"第{act.number}次"),
        Line("督办发出时间", _minute(act.at)),
        Line("督办人", act.by or NONE),
        Line("整改期限", until or NONE),
    )
    number = f"{view.card}-{act.number}"
    return _paper(view, ORDER, "督办通知书", number, says, act, organ, own)


def _closing(view: CardView, act: ActTold, text: str, organ: str) -> Paper:
    says = (
        f"{_matter(view)}，曾发出{view.label_zh}。",
        "经核查，问题已经处理完毕，现予销号。",
    )
    course = tuple(
        Line(each.zh, f"{_minute(each.at)}　{each.by}".rstrip("　"))
        for each in view.acts
        if each.family == "desk" and not each.moot
    )
    own = (*course, Line("核查意见", text), Line("督办次数", str(view.orders)))
    return _paper(view, CLOSING, "销号单", view.card, says, act, organ, own)


def _paper(
    view: CardView,
    kind: str,
    title: str,
    number: str,
    says: tuple[str, ...],
    act: ActTold,
    organ: str,
    own: tuple[Line, ...],
) -> Paper:
    code = WARNING_CODES.get(view.severity, "")
    lines = (
        Line("办件编号", view.case_no),
        Line("事项名称", view.item_name),
        Line("事项类型代码", view.item_kind),
        Line("机构名称", organ),
        Line("责任部门", view.department),
        Line("责任环节", view.step),
        Line("责任人", view.person),
        Line("责任层级", view.rung),
        *own,
        Line("监察编号", view.card),
        Line("监察规则编号", view.rule),
        Line("监察预警类型代码", f"{code}（{view.label_zh}）"),
        Line("状态产生时间", _minute(act.at)),
        Line("监察结果描述", view.why_zh),
        Line("依据", view.law),
    )
    return Paper(
        kind=kind,
        title=title,
        number=number,
        to=view.department,
        says=tuple(filter(None, says)),
        lines=tuple(line for line in lines if line.value),
        clock=_clock(view.account),
        days=_days(view.account),
        organ=organ,
        at=act.at,
    )


def _matter(view: CardView) -> str:
    return f"经电子监察发现，你单位办理的“{view.item_name}”（办件编号 {view.case_no}）{view.why_zh}"


def _until(view: CardView, kind: str, since: str) -> str:
    """Until when an answer is owed of the clock that began then; "" for none."""
    found = (c.deadline for c in view.clocks if c.kind == kind and c.started_at == since)
    return next(found, "")


def _minute(text: str) -> str:
    return text[:16]


def _clock(account: ClockDrawn | None) -> str:
    """What was counted, in one sentence."""
    if account is None:
        return ""
    name, limit = CLOCKS.get(account.kind, ("期限", ""))[0], account.limit.partition(" / ")[0]
    more = f"，延长{account.extension}日" if account.extension else ""
    more += f"，扣除{account.credit}" if account.credit else ""
    calendar = "、".join(account.calendar)
    return (
        f"{name}：自{_minute(account.started_at)}起{limit}{more}，至{account.deadline}届满"
        f"（日历 {calendar}；事项版本 {account.item_version}）"
    )


def _days(account: ClockDrawn | None) -> tuple[Days, ...]:
    """The days of an account joined to runs of one kind."""
    runs: list[Days] = []
    for day in account.days if account else ():
        counted = str(day.number) if day.kind in (COUNTED, MAKEUP, ROLLED) else ""
        kind = KINDS.get(day.kind, (day.kind, ""))[0]
        if runs and runs[-1].kind == kind:
            runs[-1] = runs[-1]._replace(last=day.day, counted=counted)
        else:
            runs.append(Days(day.day, day.day, kind, counted))
    return tuple(runs)


def _clean(paper: Paper) -> Paper:
    """Without what no file may hold."""
    return paper._replace(
        title=clean(paper.title),
        number=clean(paper.number),
        to=clean(paper.to),
        organ=clean(paper.organ),
        clock=clean(paper.clock),
        says=tuple(map(clean, paper.says)),
        lines=tuple(Line(line.name, clean(line.value)) for line in paper.lines),
    )


def clean(text: str) -> str:
    """A text that fits into XML and into one direction of writing."""
    return UNFIT.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
