"""The words of messages: the product's, edited ones, and what becomes of those that fail."""

from __future__ import annotations

from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from alerts.channels.sms_parts import parts_of
from alerts.setup import NOTHING_SET, Setup, with_setup
from alerts.templates import (
    CHANNELS,
    KINDS,
    LONGEST_SMS,
    MOST_PARTS,
    SAMPLE,
    CardLine,
    Fields,
    TemplateUnfit,
    check,
    preview,
    words_of,
)
from alerts.wording import LANGS
from supervision.notices import TemplateSet

AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
EVERY = [(kind, channel, lang) for kind in KINDS for channel in CHANNELS for lang in LANGS]


def edited(kind: str = "card", channel: str = "sms", lang: str = "zh", **says: Any) -> TemplateSet:
    return TemplateSet(at=AT, by="xitong", kind=kind, channel=channel, lang=lang, **says)


def with_template(template: TemplateSet) -> Setup:
    return with_setup(NOTHING_SET, template)


def sample(kind: str = "card", **says: Any) -> Fields:
    return replace(SAMPLE, kind=kind, **says)


class Balanced(HTMLParser):
    """Notes whether what is opened is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


# The product's own.


@pytest.mark.parametrize(("kind", "channel", "lang"), EVERY)
def test_the_product_has_words_for_everything(kind: str, channel: str, lang: str) -> None:
    """A subject and HTML for a mail, and for a mail alone; the HTML is well formed."""
    words = words_of(NOTHING_SET, kind, channel, lang, sample(kind))
    assert words.text
    assert bool(words.subject) == bool(words.html) == (channel == "mail")
    assert (words.template, words.fault) == (f"builtin/{kind}-{channel}-{lang}", "")
    parser = Balanced()
    parser.feed(words.html.removeprefix("<!doctype html>"))
    assert parser.open == []


@pytest.mark.parametrize(("kind", "channel", "lang"), EVERY)
def test_the_products_own_words_may_be_set_as_they_are(kind: str, channel: str, lang: str) -> None:
    """They pass their own check: six parts of an SMS at most, with the sample."""
    check(edited(kind, channel, lang))


@pytest.mark.parametrize(("kind", "channel", "lang"), EVERY)
def test_every_message_has_words_when_there_is_nothing_to_say(
    kind: str, channel: str, lang: str
) -> None:
    """No card, no figure, no link."""
    assert words_of(NOTHING_SET, kind, channel, lang, Fields(kind=kind, district="市")).text


def test_a_message_names_its_cards_and_counts_the_others() -> None:
    """With what acknowledges them."""
    text = words_of(NOTHING_SET, "card", "mail", "zh", sample()).text
    for card in SAMPLE.cards:
        assert card.case_no in text
        assert card.law in text
    assert "另有 3 件未列出" in text
    assert SAMPLE.link in text
    assert SAMPLE.code in text


def test_shape_and_word_of_a_severity_stand_together() -> None:
    """For whoever sees no colours, or is sent none."""
    for severity, mark in (("red", "▲"), ("yellow", "●"), ("reminder", "◆")):
        fields = sample(severity=severity, label_zh="某牌")
        words = words_of(NOTHING_SET, "card", "mail", "zh", fields)
        assert f"{mark}某牌" in words.subject
        assert f"{mark}某牌" in words.html
        assert f"{mark}某牌" in words_of(NOTHING_SET, "card", "sms", "zh", fields).text


def test_what_is_said_in_html_cannot_be_markup() -> None:
    """A name of an item stays a name."""
    bad = CardLine(case_no="<script>", item='"><img src=x onerror=alert(1)>')
    html = words_of(NOTHING_SET, "card", "mail", "zh", sample(cards=(bad,))).html
    assert "<script>" not in html
    assert "<img" not in html


def test_a_subject_is_one_line_whatever_stands_in_a_name() -> None:
    """No header can be added by it."""
    fields = sample(department="局\r\nBcc: all@x.cn\u2028X: y")
    words = words_of(NOTHING_SET, "card", "mail", "zh", fields)
    assert words.subject.splitlines() == [words.subject]
    assert "局 Bcc: all@x.cn X: y" in words.subject
    assert "\r" not in words.text


def test_a_language_that_is_none_is_chinese() -> None:
    """Better than nothing."""
    there = words_of(NOTHING_SET, "card", "sms", "fr", sample())
    assert there == words_of(NOTHING_SET, "card", "sms", "zh", sample())


def test_an_sms_names_as_many_cards_as_there_is_room_for() -> None:
    """The others are counted, none is cut in two, and the link is whole."""
    cards = tuple(CardLine(case_no=f"HZ-2026-{n:06d}-{'X' * 20}") for n in range(40))
    text = words_of(NOTHING_SET, "card", "sms", "zh", sample(cards=cards, more=5, count=45)).text
    named = sum(card.case_no in text for card in cards)
    assert len(text) <= LONGEST_SMS
    assert 3 < named < 40
    assert f"另 {45 - named} 件" in text
    assert SAMPLE.link in text


LONG = st.text(max_size=2_000)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(EVERY), LONG, LONG, st.integers(0, 30), st.integers(0, 10**9))
def test_there_are_words_whatever_the_fields(
    which: tuple[str, str, str], text: str, link: str, cards: int, count: int
) -> None:
    """Never an error, never an SMS that is too long."""
    kind, channel, lang = which
    card = CardLine(**dict.fromkeys(CardLine.__struct_fields__, text))
    fields = Fields(
        kind=kind, district="海州市" + text, severity=text, label_zh="牌" + text,
        label_en="card" + text, why_zh=text, why_en=text, department=text, count=count,
        cards=(card,) * cards, link=link, wall=link, code=text, until=text, reason=text,
        channel=text, figures={text: count},
    )  # fmt: skip
    words = words_of(NOTHING_SET, kind, channel, lang, fields)
    assert words.text
    assert channel != "sms" or len(words.text) <= LONGEST_SMS


def test_the_figures_of_a_digest_have_words() -> None:
    """One without is told by its key."""
    figures = {"red": 2, "some_other": 5}
    text = words_of(NOTHING_SET, "digest", "mail", "zh", sample("digest", figures=figures)).text
    assert "红牌: 2" in text
    assert "some_other: 5" in text


# Edited ones.


def test_an_edited_template_is_used_and_named_with_its_time() -> None:
    """What it leaves empty is the product's."""
    template = edited(channel="mail", subject="{{ count }} 件待办")
    words = words_of(with_template(template), "card", "mail", "zh", sample())
    product = words_of(NOTHING_SET, "card", "mail", "zh", sample())
    assert words.subject == "5 件待办"
    assert (words.text, words.html) == (product.text, product.html)
    assert words.template == "card-mail-zh@2026-03-02T01:00:00+00:00"


@pytest.mark.parametrize(
    "body",
    [
        "{{ cards[7].case_no }}",
        "{{ nothing }}",
        "{% if link %}{{ link",
        "{% if count == 7 %}x{% endif %}",
        "{{ 1 / 0 }}",
        "{{ district" + "x" * 600 + " }}",
        "x" * 501,
    ],
)
def test_a_template_that_fails_gives_way_to_the_products_words(body: str) -> None:
    """Somebody is told all the same, and why other words were meant is kept."""
    words = words_of(with_template(edited(body=body)), "card", "sms", "zh", sample())
    product = words_of(NOTHING_SET, "card", "sms", "zh", sample())
    assert words.text == product.text
    assert words.template == "builtin/card-sms-zh"
    assert words.fault.startswith("body: ")


@pytest.mark.parametrize(
    "body",
    [
        "{{ nothing }}",
        "{{ card.case_no }}",
        "{% for card in cards %}{{ card.phone }}{% endfor %}",
        "{{ count",
        "{% unknown %}",
        "   \n",
        "{% if more > 100 %}x{% endif %}",
        "牌" * (67 * MOST_PARTS + 1),
        "{% for a in cards %}{% for b in cards %}x{% endfor %}{% endfor %}",
        "{% for a in 'abc' %}x{% endfor %}",
        "{% for card in cards recursive %}x{% endfor %}",
        "{{ 'x' * 1000000000 }}",
        "{{ 'x'.__class__.__mro__ }}",
        "{{ cards.__class__ }}",
        "{{ district.format(1) }}",
        "{{ range(10) }}",
        "{% set x = 1 %}{{ x }}",
        "{% macro f() %}{% endmacro %}x",
        "{% include 'x' %}",
        "{% extends 'x' %}",
        "{{ district | safe }}",
        "{{ district | replace('a', 'b') }}",
        "{{ '%1000000000d' | format(1) }}",
        "{{ 'a' ~ 'b' }}",
    ],
)
def test_a_template_that_could_not_be_used_is_not_set(body: str) -> None:
    """It does not parse, asks for what there is not, is empty, too long, or could hang."""
    with pytest.raises(TemplateUnfit):
        check(edited(body=body or "x") if body.strip() else edited(body="{{ '' }}"))


@pytest.mark.parametrize(
    "says",
    [
        {"kind": "other"},
        {"channel": "fax"},
        {"lang": "fr"},
        {"subject": "x"},
        {"channel": "mail", "html": "x" * 20_001},
        {"channel": "mail", "subject": "{{ '' }}"},
        {"channel": "mail", "html": "{{ '' }}"},
    ],
)
def test_a_template_for_what_there_is_not_is_not_set(says: dict[str, Any]) -> None:
    """Its kind, channel and language are known; only a mail has a subject and HTML."""
    with pytest.raises(TemplateUnfit):
        check(edited(**{"body": "x", **says}))


@pytest.mark.parametrize("kind", KINDS)
def test_a_template_must_do_with_nothing_to_name_too(kind: str) -> None:
    """A card's message may have all cards counted and none named."""
    with pytest.raises(TemplateUnfit):
        check(edited(kind, body="{{ cards[0].case_no }}"))


def test_what_a_template_may_say_is_the_fields_and_simple_choices() -> None:
    """Loops over cards and figures, if, filters that only shorten."""
    body = (
        "{{ mark }}{{ label_zh }}{% for card in cards %} {{ loop.index }}"
        "{{ card.case_no|truncate(20) }}{% endfor %}{% if more and not code == '' %}等{% endif %}"
        "{% for name in figures %}{{ name }}{{ figures[name] }}{% endfor %}"
        "{{ link|default('') }}{{ 'x' if count > 1 else 'y' }}"
    )
    check(edited(body=body))
    text = preview(edited(body=body)).text
    assert text.startswith("▲红牌 1HZ-2026-000123 2HZ-2026-000131等")
    assert parts_of(text) <= MOST_PARTS


def test_line_ends_and_control_characters_are_put_right() -> None:
    """Gateways take exception to them."""
    body = "一\r\n二\r三\x07\n\n\n\n四  \n"
    words = words_of(with_template(edited(body=body)), "card", "sms", "zh", sample())
    assert words.text == "一\n二\n三\n\n四"


def test_a_mail_that_is_edited_is_escaped_as_html_and_only_there() -> None:
    """The text says what was said."""
    template = edited(channel="mail", body="{{ department }}", html="<b>{{ department }}</b>")
    words = words_of(with_template(template), "card", "mail", "zh", sample(department="a<b&c"))
    assert words.text == "a<b&c"
    assert words.html == "<b>a&lt;b&amp;c</b>"


@pytest.mark.parametrize(
    "body",
    [
        "{{ department|truncate(2) }}",
        "{% if severity == 'yellow' %}{{ department|truncate(2) }}{% endif %}{{ count }}",
        "{% if severity == 'reminder' and count is divisibleby 0 %}x{% endif %}{{ count }}",
    ],
)
def test_a_template_that_fails_in_its_own_way_is_refused_and_never_stops_a_message(
    body: str,
) -> None:
    """Whatever a filter or a test raises, for whatever severity."""
    template = edited(body=body)
    with pytest.raises(TemplateUnfit):
        check(template)
    for severity in ("reminder", "yellow", "red"):
        words = words_of(with_setup(NOTHING_SET, template), "card", "mail", "zh",
                         replace(SAMPLE, severity=severity))  # fmt: skip
        assert words.text
