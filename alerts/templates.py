"""The words of messages: templates that people may edit, over those that come with the product.

A template is Jinja of a small part: what the fields below say, `if`, one `for` over the cards or
the figures, and a handful of filters. It calls nothing and nests no loops, so that no template
can hang or swell. What it does not know is an error, told when it is set; should it fail all the
same when a message is made, the product's words are used and the fault is kept.

TemplateUnfit    does not parse, asks for more than that, does not render, is empty or too long
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar, NamedTuple

from jinja2 import StrictUndefined, nodes
from jinja2.sandbox import SandboxedEnvironment
from msgspec import Struct
from msgspec.structs import asdict, replace

from supervision.errors import SupervisionError
from supervision.notices import TemplateSet

from .channels.port import CHAT, MAIL, SMS
from .channels.sms_parts import parts_of
from .setup import Setup
from .wording import FIGURES, LANGS, MARKS, Source, builtin_source

KINDS = ("card", "digest", "silence_ended", "gateway_down", "gateway_up", "test")
CHANNELS = (MAIL, SMS, CHAT)

LONGEST_SMS = 500
"""Characters of an SMS."""
LONGEST_TEXT = 20_000
"""Characters of a text for mail or chat."""
LONGEST_HTML = 100_000
LONGEST_SUBJECT = 200
"""Characters; a longer subject is cut."""
LONGEST_NAME = 40
LONGEST_LINK = 250
"""Characters of a text and of a link where the product's own words would be too long."""
LONGEST_SOURCE = 20_000
"""Characters of each part of a template."""
MOST_PARTS = 6
"""In which an SMS of the sample may be sent: each is charged."""

ALLOWED: tuple[type[nodes.Node], ...] = (
    nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.For, nodes.Name,
    nodes.Const, nodes.Getattr, nodes.Getitem, nodes.Filter, nodes.Test, nodes.Compare,
    nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.CondExpr,
)  # fmt: skip
FILTERS = ("default", "e", "escape", "first", "last", "length", "lower", "trim", "truncate",
           "upper")  # fmt: skip
LOOPS = ("cards", "figures")
_CONTROL = re.compile(r"[^\S\n ]|[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]")


class TemplateUnfit(SupervisionError):
    """The message is for who edits it: which part, and what is wrong with it."""

    zh: ClassVar[str] = "模板不能使用"
    en: ClassVar[str] = "this template cannot be used"

    def __init__(self, part: str, why: str) -> None:
        self.what = f"{part}: {why}"
        super().__init__(f"{self.zh} {self.en}: {self.what}")


class CardLine(Struct, frozen=True, kw_only=True):
    """A card as a message names it; times as people read them in the district."""

    case_no: str
    item: str = ""
    label: str = ""
    why_zh: str = ""
    why_en: str = ""
    law: str = ""
    crossed: str = ""
    answer_by: str = ""
    department: str = ""
    step: str = ""


class Fields(Struct, frozen=True, kw_only=True):
    """What a message says. No personal data of applicants is ever among it.

    `severity`: reminder, yellow or red, of the gravest card. `count`: all cards; `cards`: those
    that are named; `more`: those that are not. `link`: what acknowledges, "" where nothing does;
    `wall`: where the cards can be read; `code`: what a reply begins with. `until`, `reason`,
    `channel`: of a silence or a gateway. `figures`: a digest's numbers by their keys, see FIGURES.
    """

    kind: str
    district: str = ""
    severity: str = ""
    label_zh: str = ""
    label_en: str = ""
    why: str = ""
    why_zh: str = ""
    why_en: str = ""
    department: str = ""
    rung_name: str = ""
    count: int = 0
    more: int = 0
    cards: tuple[CardLine, ...] = ()
    link: str = ""
    wall: str = ""
    code: str = ""
    until: str = ""
    reason: str = ""
    channel: str = ""
    figures: dict[str, int] = {}


SAMPLE = Fields(
    kind="card",
    district="海州市",
    severity="red",
    label_zh="红牌",
    label_en="red card",
    why="issued",
    why_zh="新发牌",
    why_en="newly issued",
    department="市住建局",
    rung_name="科室负责人",
    count=5,
    more=3,
    cards=(
        CardLine(
            case_no="HZ-2026-000123",
            item="建筑工程施工许可证核发",
            label="红牌",
            why_zh="超法定期限",
            why_en="past the legal limit",
            law="《行政许可法》第四十二条",
            crossed="2026-03-16 00:00",
            answer_by="2026-03-19",
            department="市住建局",
            step="审核",
        ),
        CardLine(
            case_no="HZ-2026-000131",
            item="商品房预售许可",
            label="黄牌",
            why_zh="超承诺期限",
            why_en="past the promised limit",
            law="《行政许可法》第四十二条",
            crossed="2026-03-16 00:00",
            answer_by="2026-03-19",
            department="市住建局",
            step="受理",
        ),
    ),
    link="https://jiancha.example.gov.cn/ack/lG0xMjM.3xM4bq",
    wall="https://jiancha.example.gov.cn/cards",
    code="K7W3D",
    until="2026-03-20 18:00",
    reason="系统升级",
    channel="sms",
    figures={"issued": 12, "red": 2, "yellow": 7, "reminder": 3, "unacknowledged": 4},
)
"""For previews, and what an edited template must render."""


class Words(NamedTuple):
    """What is said. `template`: of what it was made; `fault`: why the edited words were not used,
    "" where they were or there are none.
    """

    subject: str
    text: str
    html: str
    template: str
    fault: str = ""


def words_of(setup: Setup, kind: str, channel: str, lang: str, fields: Fields) -> Words:
    """The words of a message; never an error. A language that is none is Chinese."""
    lang = lang if lang in LANGS else LANGS[0]
    edited = setup.templates.get((kind, channel, lang))
    fault = ""
    if edited is not None:
        try:
            return _made(edited, fields)
        except TemplateUnfit as error:
            fault = error.what
    return _builtin(kind, channel, lang, fields)._replace(fault=fault)


def check(template: TemplateSet) -> None:
    """TemplateUnfit unless it can be used: with the sample, and with nothing to name."""
    if template.kind not in KINDS or template.channel not in CHANNELS or template.lang not in LANGS:
        raise TemplateUnfit("template", f"{template.kind}/{template.channel}/{template.lang}"[:100])
    if template.channel != MAIL and (template.subject or template.html):
        raise TemplateUnfit("subject", "只有邮件有标题和 HTML only a mail has a subject and HTML")
    for name in ("subject", "body", "html"):
        if len(getattr(template, name)) > LONGEST_SOURCE:
            raise TemplateUnfit(name, f"> {LONGEST_SOURCE}")
    sample = replace(SAMPLE, kind=template.kind)
    bare = replace(sample, cards=(), more=0, link="", wall="", code="", rung_name="", figures={})
    _made(template, bare)
    for severity in ("reminder", "yellow"):
        _made(template, replace(sample, severity=severity, more=0))
    words = _made(template, sample)
    if template.channel == SMS and parts_of(words.text) > MOST_PARTS:
        raise TemplateUnfit("body", f"{parts_of(words.text)} > {MOST_PARTS} 条 parts")


def preview(template: TemplateSet) -> Words:
    """What an edited template says of the sample; TemplateUnfit."""
    return _made(template, replace(SAMPLE, kind=template.kind))


def name_of(template: TemplateSet) -> str:
    """The name and version of an edited template."""
    return f"{template.kind}-{template.channel}-{template.lang}@{template.at.isoformat()}"


def _made(template: TemplateSet, fields: Fields) -> Words:
    """Of an edited template; what it leaves empty is the product's. TemplateUnfit."""
    own = builtin_source(template.kind, template.channel, template.lang)
    source = Source(*(getattr(template, n) or getattr(own, n) for n in Source._fields))
    return _said(source, template.channel, template.lang, fields)._replace(
        template=name_of(template)
    )


def _builtin(kind: str, channel: str, lang: str, fields: Fields) -> Words:
    """Of the product's, whatever the fields."""
    source = builtin_source(kind, channel, lang)
    name = f"builtin/{kind}-{channel}-{lang}"
    try:
        return _said(source, channel, lang, fields)._replace(template=name)
    except TemplateUnfit:
        return _said(source, channel, lang, _short(fields))._replace(template=name)


def _said(source: Source, channel: str, lang: str, fields: Fields) -> Words:
    if channel == SMS:
        return Words("", _sms(source, lang, fields), "", "")
    text = _text(source, lang, fields, LONGEST_TEXT)
    if channel == CHAT:
        return Words("", text, "", "")
    subject = " ".join(_rendered("subject", source.subject, lang, fields).split())
    if not subject:
        raise TemplateUnfit("subject", "为空 empty")
    html = _rendered("html", source.html, lang, fields).strip()
    if not 0 < len(html) <= LONGEST_HTML:
        raise TemplateUnfit("html", f"{len(html)} / {LONGEST_HTML}")
    return Words(subject[:LONGEST_SUBJECT], text, html, "")


def _sms(source: Source, lang: str, fields: Fields) -> str:
    """With as many of the cards named as there is room for."""
    for named in range(len(fields.cards), 0, -1):
        fewer = _naming(fields, named)
        if len(text := _clean(_rendered("body", source.body, lang, fewer))) <= LONGEST_SMS:
            break
    else:
        return _text(source, lang, _naming(fields, 0), LONGEST_SMS)
    if not text:
        raise TemplateUnfit("body", "为空 empty")
    return text


def _naming(fields: Fields, named: int) -> Fields:
    left = len(fields.cards) - named
    return replace(fields, cards=fields.cards[:named], more=fields.more + left)


def _text(source: Source, lang: str, fields: Fields, longest: int) -> str:
    text = _clean(_rendered("body", source.body, lang, fields))
    if not 0 < len(text) <= longest:
        raise TemplateUnfit("body", f"{len(text)} / {longest}")
    return text


def _rendered(part: str, source: str, lang: str, fields: Fields) -> str:
    try:
        return str(_compiled(source, part).render(_context(fields, lang)))
    except Exception as error:
        raise TemplateUnfit(part, _line(error)) from error


@lru_cache(maxsize=256)
def _compiled(source: str, part: str) -> Any:
    environment = _HTML if part == "html" else _PLAIN
    tree = environment.parse(source)
    _walk(part, tree, inside=False)
    return environment.from_string(tree)


def _walk(part: str, node: nodes.Node, *, inside: bool) -> None:
    """TemplateUnfit for what a template may not ask for."""
    looping = isinstance(node, nodes.For)
    if not isinstance(node, ALLOWED):
        raise TemplateUnfit(part, f"{node.lineno}: 不支持 not allowed: {type(node).__name__}")
    if isinstance(node, nodes.For) and (inside or not _fit(node)):
        raise TemplateUnfit(part, f"{node.lineno}: for … in {' / '.join(LOOPS)}")
    for child in node.iter_child_nodes():
        _walk(part, child, inside=inside or looping)


def _fit(loop: nodes.For) -> bool:
    over = loop.iter
    return isinstance(over, nodes.Name) and over.name in LOOPS and not loop.recursive


def _context(fields: Fields, lang: str) -> Mapping[str, Any]:
    """The fields; `mark`: the shape of the severity; `figures`: by the words for them."""
    names = {key: pair[LANGS.index(lang)] for key, pair in FIGURES.items()}
    figures = {names.get(key, key): n for key, n in fields.figures.items()}
    given = {name: getattr(fields, name) for name in fields.__struct_fields__}
    return {**given, "mark": MARKS.get(fields.severity, ""), "figures": figures}


def _clean(text: str) -> str:
    """With line ends of one kind, without control characters and runs of empty lines."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = "\n".join(line.rstrip() for line in _CONTROL.sub(" ", lines).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", lines).strip()


def _short(fields: Fields) -> Fields:
    """With nothing that could be too long: what is left says how many cards there are."""
    texts = {name: text for name, text in asdict(fields).items() if isinstance(text, str)}
    cut = {name: text[:LONGEST_NAME] for name, text in texts.items()}
    whole = {name: texts[name] for name in ("link", "wall") if len(texts[name]) <= LONGEST_LINK}
    return replace(
        fields,
        **{**cut, "link": "", "wall": "", **whole},
        cards=(),
        more=fields.more + len(fields.cards),
        figures={},
    )


def _line(error: Exception) -> str:
    where = getattr(error, "lineno", None)
    said = " ".join(str(error).split())[:200]
    return f"{where}: {said}" if where else said


def _environment(*, escaped: bool) -> SandboxedEnvironment:
    made = SandboxedEnvironment(
        autoescape=escaped, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.globals.clear()
    made.filters = {name: made.filters[name] for name in FILTERS}
    return made


_PLAIN, _HTML = _environment(escaped=False), _environment(escaped=True)
