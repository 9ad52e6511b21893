"""What all server-written pages share: head, language, messages, forms. No script, no inline style.

A template is given `say(key, **fill)` (the word of a key in the page's language), `to(path,
**query)` (an address of this server that keeps the language), `asset(name)`, `lang`, `csrf` (what
every form must bring along, "" without a session), `bar` (the head bar), `problem` and `done` (the
messages on top), and whatever else `page` was given. What it does not know is an error.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from supervision.access.admission import Admission
from supervision.access.gate import admitted
from supervision.access.rights import Right

from .. import words, words_entry

HERE = Path(__file__).parent
ASSETS = HERE.parent / "assets"
LINKS: tuple[tuple[Right, str, str], ...] = (
    (Right.WALL, "/", "wall"),
    (Right.CASES, "/cases", "cases"),
    (Right.CASES, "/cards", "cards_grid"),
    (Right.PEOPLE, "/people", "bar_people"),
    (Right.PEOPLE, "/units", "bar_units"),
    (Right.RIGHTS, "/rights", "bar_rights"),
    (Right.RIGHTS, "/kiosks", "bar_kiosks"),
    (Right.KEYS, "/keys", "bar_keys"),
    (Right.AUDIT, "/trail", "bar_trail"),
    (Right.VERIFY, "/verify", "bar_verify"),
    (Right.SUPERVISE, "/alerts/silences", "bar_silences"),
    (Right.TOLD, "/alerts/messages", "bar_told"),
    (Right.ALERTS, "/alerts/contacts", "bar_alerts"),
    (Right.REPLAY, "/samples", "bar_samples"),
    (Right.REPLAY, "/what-if", "bar_what_if"),
)
"""What each right leads to in the head bar: address and key of its word."""

BOTH = re.compile(r"(.*[^\x00-\x7f])\s+([\x00-\x7f]*[a-z][\x00-\x7f]*)", re.DOTALL)
"""A text in Chinese, and in English behind it."""

Words = Mapping[str, tuple[str, str]]
"""Words by key, Chinese and English."""

_environment = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


class Bar(NamedTuple):
    """The head bar: who is signed in (nobody: ""), links as (address, word, whether it is this
    page), the address of the same page in the other language; whether there is a way out (a wall
    without a person has none) and an account to look at (between the steps there is none).
    """

    name: str
    links: tuple[tuple[str, str, bool], ...]
    switch: str
    out: bool = False
    account: bool = False


def page(
    template: str,
    lang: str,
    status: int = 200,
    *,
    words: Words | None = None,
    here: str = "",
    kept: Mapping[str, str] | None = None,
    problem: str = "",
    done: str = "",
    **context: Any,
) -> HTMLResponse:
    """A page from templates/*.html, for whoever is signed in.

    words: a table of the page's own beside words_entry and words. here: the path under which the
    page is read, marked in the head bar and kept by the language switch ("": whatever address the
    browser shows). kept: the fields of the query that the switch keeps. problem, done: what went
    wrong, what was done, told on top of the page.
    """
    say, to = partial(_say, words or {}, lang), partial(address, lang=lang)
    admission = admitted()
    text = _environment.get_template(template).render(
        context,
        lang=lang,
        say=say,
        to=to,
        asset=asset,
        csrf=admission.csrf if admission else "",
        bar=_bar(admission, lang, here, kept or {}),
        problem=problem,
        done=done,
    )
    return HTMLResponse(text, status)


def lang_of(request: Request) -> str:
    """The language of a page: English where the address asks for it, otherwise Chinese."""
    return "en" if request.query_params.get("lang") == "en" else "zh"


def address(path: str, *, lang: str, **query: str) -> str:
    """An address of this server in a language; fields that are "" are left out."""
    fields = {name: value for name, value in query.items() if value}
    fields |= {"lang": "en"} if lang == "en" else {}
    between = "&" if "?" in path else "?"
    return path + (between + urlencode(fields) if fields else "")


@cache
def asset(name: str) -> str:
    """The address of a file of the assets, another whenever its content is."""
    return f"/assets/{name}?v={hashlib.sha256((ASSETS / name).read_bytes()).hexdigest()[:12]}"


def told(error: Exception, lang: str) -> str:
    """An error in a language; its message is in that alone, or Chinese with English behind it."""
    pair = getattr(error, "zh", ""), getattr(error, "en", "")
    if not all(pair):
        return _half(str(error), lang)
    what = _half(getattr(error, "what", ""), lang)
    between = ": " if lang == "en" else "："
    return pair[words.side(lang)] + (between + what if what else "")


def _half(text: str, lang: str) -> str:
    """The one language of a text in both."""
    both = BOTH.fullmatch(text)
    return both[1 + words.side(lang)] if both else text


def _say(own: Words, lang: str, key: str, **fill: object) -> str:
    table = next(each for each in (own, words_entry.WORDS, words.WORDS) if key in each)
    text = table[key][words.side(lang)]
    return text.format(**fill) if fill else text


def _bar(admission: Admission | None, lang: str, here: str, kept: Mapping[str, str]) -> Bar:
    other = {name: value for name, value in kept.items() if value}
    other["lang"] = "zh" if lang == "en" else "en"
    switch = f"{here}?{urlencode(other)}"
    if admission is None:
        return Bar("", (), switch)
    person = admission.session.kind == "person"
    if admission.stage or not person:
        return Bar(admission.name, (), switch, out=person)
    links = tuple(
        (address(path, lang=lang), _say({}, lang, word), path == here)
        for right, path, word in LINKS
        if right in admission.rights
    )
    return Bar(admission.name, links, switch, out=True, account=True)
