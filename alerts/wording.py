"""The words of messages that come with the product, in Chinese and English."""

from __future__ import annotations

from typing import NamedTuple

LANGS = ("zh", "en")
MARKS = {"red": "▲", "yellow": "●", "reminder": "◆"}
"""Shapes of the severities, for whoever sees no colours."""

FIGURES: dict[str, tuple[str, str]] = {
    "issued": ("今日新发", "issued today"),
    "standing": ("在牌", "standing"),
    "red": ("红牌", "red cards"),
    "yellow": ("黄牌", "yellow cards"),
    "reminder": ("预警", "reminders"),
    "unacknowledged": ("未签收", "not acknowledged"),
    "overdue": ("答复超期", "answers overdue"),
}
"""The words for a digest's numbers; a key that is not here stands for itself."""


class Source(NamedTuple):
    """A template: a mail has all three, others only the body."""

    subject: str = ""
    body: str = ""
    html: str = ""


def builtin_source(kind: str, channel: str, lang: str) -> Source:
    """The product's template; of a kind that is none, that of a test."""
    kind = kind if (kind, lang) in SUBJECTS else "test"
    if channel == "sms":
        return Source(body=SMS.get((kind, lang), BODIES[kind, lang].replace("\n", " ")))
    if channel == "chat":
        return Source(body=BODIES[kind, lang])
    return Source(SUBJECTS[kind, lang], BODIES[kind, lang], _html(kind, lang))


_BY_MAIL = {
    "zh": "{{ '短信' if channel == 'sms' else '邮件' if channel == 'mail' else '群消息' }}",
    "en": "{{ 'SMS' if channel == 'sms' else 'e-mail' if channel == 'mail' else 'chat' }}",
}
_SINCE = {
    "zh": "{% if until %}自 {{ until }} 起{% endif %}",
    "en": "{% if until %} since {{ until }}{% endif %}",
}

SUBJECTS: dict[tuple[str, str], str] = {
    ("card", "zh"): "{{ mark }}{{ label_zh }}：{{ department }} {{ count }} 件"
    "{% if why_zh %}，{{ why_zh }}{% endif %}【{{ district }}】",
    ("card", "en"): "{{ mark }} {{ label_en }}: {{ department }}, {{ count }}"
    "{% if why_en %}, {{ why_en }}{% endif %} [{{ district }}]",
    ("digest", "zh"): "每日汇总 {{ department }}【{{ district }}】",
    ("digest", "en"): "Daily digest {{ department }} [{{ district }}]",
    ("silence_ended", "zh"): "静默已结束：{{ reason|truncate(40) }}【{{ district }}】",
    ("silence_ended", "en"): "Silence ended: {{ reason|truncate(40) }} [{{ district }}]",
    ("gateway_down", "zh"): "通道中断：" + _BY_MAIL["zh"] + "【{{ district }}】",
    ("gateway_down", "en"): "Channel down: " + _BY_MAIL["en"] + " [{{ district }}]",
    ("gateway_up", "zh"): "通道恢复：" + _BY_MAIL["zh"] + "【{{ district }}】",
    ("gateway_up", "en"): "Channel up again: " + _BY_MAIL["en"] + " [{{ district }}]",
    ("test", "zh"): "测试消息【{{ district }}】",
    ("test", "en"): "Test message [{{ district }}]",
}

_HEAD_ZH = """\
{{ mark }}{{ label_zh }}：{{ department }} {{ count }} 件\
{% if why_zh %}，{{ why_zh }}{% endif %}\
{% if rung_name %}（告知层级：{{ rung_name }}）{% endif %}。
"""
_HEAD_EN = """\
{{ mark }} {{ label_en }}: {{ department }}, {{ count }}\
{% if why_en %}, {{ why_en }}{% endif %}\
{% if rung_name %} (told as: {{ rung_name }}){% endif %}.
"""
_FIGURES = """\
{% for name in figures %}
{{ name }}: {{ figures[name] }}
{% endfor %}
"""
_CARDS_ZH = """
{% for card in cards %}
{{ loop.index }}. {{ card.label }} {{ card.case_no }} {{ card.item }}{{ ' 环节 ' if card.step }}\
{{ card.step }}
   {{ card.why_zh }} {{ card.law }}
   {{ card.crossed }}{% if card.answer_by %}，限 {{ card.answer_by }} 前答复{% endif %}

{% endfor %}
{% if more %}
另有 {{ more }} 件未列出。
{% endif %}

{% if code %}
回复 {{ code }} 签收。
{% endif %}
{% if link %}
签收：{{ link }}
{% endif %}
{% if wall %}
查看：{{ wall }}
{% endif %}
"""
_CARDS_EN = """
{% for card in cards %}
{{ loop.index }}. {{ card.label }} {{ card.case_no }} {{ card.item }}{{ ', step ' if card.step }}\
{{ card.step }}
   {{ card.why_en }} {{ card.law }}
   {{ card.crossed }}{% if card.answer_by %}, answer by {{ card.answer_by }}{% endif %}

{% endfor %}
{% if more %}
{{ more }} more are not listed.
{% endif %}

{% if code %}
Reply {{ code }} to acknowledge.
{% endif %}
{% if link %}
Acknowledge: {{ link }}
{% endif %}
{% if wall %}
See: {{ wall }}
{% endif %}
"""
BODIES: dict[tuple[str, str], str] = {
    ("card", "zh"): _HEAD_ZH + _CARDS_ZH,
    ("card", "en"): _HEAD_EN + _CARDS_EN,
    ("digest", "zh"): "每日汇总 {{ department }}\n" + _FIGURES + _CARDS_ZH,
    ("digest", "en"): "Daily digest {{ department }}\n" + _FIGURES + _CARDS_EN,
    ("silence_ended", "zh"): "静默已于 {{ until }} 结束，恢复告知"
    "{% if count %}；其间 {{ count }} 件仍在，将继续告知{% endif %}。\n原因：{{ reason }}",
    ("silence_ended", "en"): "A silence ended at {{ until }}; people are told again"
    "{% if count %}, of {{ count }} cards of that time too{% endif %}.\nIts reason: {{ reason }}",
    ("gateway_down", "zh"): _BY_MAIL["zh"] + "通道" + _SINCE["zh"] + "不能发送：{{ reason }}\n"
    "消息已保留，恢复后自动补发。请检查网关。",
    ("gateway_down", "en"): "The " + _BY_MAIL["en"] + " channel takes nothing" + _SINCE["en"]
    + ": {{ reason }}\nMessages are kept, and sent when it is back. Check the gateway.",
    ("gateway_up", "zh"): _BY_MAIL["zh"] + "通道已恢复，保留的消息正在补发。",
    ("gateway_up", "en"): "The " + _BY_MAIL["en"] + " channel works again; "
    "what was kept is being sent.",
    ("test", "zh"): "这是一条测试消息。收到即表示通道可用，无须办理。【{{ district }}】",
    ("test", "en"): "This is a test message: the channel works, nothing need be done."
    " [{{ district }}]",
}  # fmt: skip

SMS: dict[tuple[str, str], str] = {
    ("card", "zh"): """\
{{ mark }}{{ label_zh }}：{{ department|truncate(40) }} {{ count }} 件\
{% if why_zh %}，{{ why_zh|truncate(40) }}{% endif %}。\
{% for card in cards %}{{ card.case_no|truncate(40) }}{{ '、' if not loop.last }}{% endfor %}\
{% if more %}{{ ' ' if cards }}另 {{ more }} 件{% endif %}{{ '。' if cards or more }}\
{% if code %}回复 {{ code }} 签收。{% endif %}{% if link %}签收 {{ link }}{% endif %}""",
    ("card", "en"): """\
{{ mark }}{{ label_en }}: {{ department|truncate(40) }}, {{ count }}\
{% if why_en %}, {{ why_en|truncate(60) }}{% endif %}. \
{% for card in cards %}{{ card.case_no|truncate(40) }}{{ ', ' if not loop.last }}{% endfor %}\
{% if more %}{{ ' and ' if cards }}{{ more }} more{% endif %}{{ '. ' if cards or more }}\
{% if code %}Reply {{ code }} to acknowledge. {% endif %}{{ link }}""",
    ("digest", "zh"): """\
每日汇总 {{ department|truncate(40) }}：{% for name in figures %}\
{{ name }} {{ figures[name] }}{{ '，' if not loop.last }}{% endfor %}。{{ wall }}""",
    ("digest", "en"): """\
Daily digest {{ department|truncate(40) }}: {% for name in figures %}\
{{ name }} {{ figures[name] }}{{ ', ' if not loop.last }}{% endfor %}. {{ wall }}""",
}
"""The kinds that an SMS says in other words than a mail."""

_FRAME = """\
<!doctype html>
<html lang="LANG"><body style="margin:0;font:16px/1.5 sans-serif;color:#1b1f23">
<div style="max-width:640px;margin:0 auto;padding:16px">
<div style="border-left:8px solid \
{{ '#D55E00' if severity == 'red' else '#F0E442' if severity == 'yellow' else \
'#56B4E9' if severity == 'reminder' else '#57606a' }};padding:4px 12px">TITLE</div>
MIDDLE
<p style="color:#57606a;font-size:13px">{{ district }}</p>
</div></body></html>
"""
_CELL = '<td style="padding:6px 8px;border-bottom:1px solid #d0d7de;vertical-align:top">'
_FIGURE_ROWS = (
    '<table style="border-collapse:collapse">{% for name in figures %}\n<tr>'
    f"{_CELL}{{{{ name }}}}</td>{_CELL}<b>{{{{ figures[name] }}}}</b></td></tr>\n"
    "{% endfor %}</table>\n"
)
_CARD_ROWS = (
    '{% if cards %}<table style="border-collapse:collapse;width:100%">{% for card in cards %}\n<tr>'
    f"{_CELL}<b>{{{{ card.label }}}}</b><br>{{{{ card.case_no }}}}</td>"
    f"{_CELL}{{{{ card.item }}}}<br>{{{{ card.why_LANG }}}}<br>{{{{ card.law }}}}</td>"
    f"{_CELL}{{{{ card.crossed }}}}{{% if card.answer_by %}}<br>ANSWER_BY{{% endif %}}</td></tr>\n"
    "{% endfor %}</table>{% endif %}\n"
    "{% if more %}<p>MORE</p>{% endif %}\n"
    '{% if link %}<p><a href="{{ link }}" style="display:inline-block;padding:8px 16px;'
    'background:#0b57a4;color:#fff">ACKNOWLEDGE</a></p>{% endif %}\n'
    "{% if code %}<p>REPLY</p>{% endif %}\n"
    '{% if wall %}<p><a href="{{ wall }}">SEE</a></p>{% endif %}'
)
_ROW_WORDS = {
    "ANSWER_BY": ("限 {{ card.answer_by }} 前答复", "answer by {{ card.answer_by }}"),
    "MORE": ("另有 {{ more }} 件未列出。", "{{ more }} more are not listed."),
    "ACKNOWLEDGE": ("签收", "Acknowledge"),
    "REPLY": ("回复 {{ code }} 签收。", "Reply {{ code }} to acknowledge."),
    "SEE": ("查看", "See them"),
}


def _html(kind: str, lang: str) -> str:
    """The same as the body, with the colour of the severity; cards and figures in tables."""
    rows = _CARD_ROWS.replace("LANG", lang)
    for key, pair in _ROW_WORDS.items():
        rows = rows.replace(key, pair[LANGS.index(lang)])
    title, middle = SUBJECTS[kind, lang], f"<p>{BODIES[kind, lang]}</p>".replace("\n", "<br>")
    if kind == "card":
        title, middle = {"zh": _HEAD_ZH, "en": _HEAD_EN}[lang], rows
    elif kind == "digest":
        middle = _FIGURE_ROWS + rows
    return _FRAME.replace("LANG", lang).replace("TITLE", title.strip()).replace("MIDDLE", middle)
