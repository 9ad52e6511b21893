"""The words of the grid of cards, Chinese and English."""

from __future__ import annotations

from supervision.judgement.cards import RED, REMINDER, YELLOW
from supervision.loop.stage import STAGES_ZH, Stage

Pairs = dict[str, tuple[str, str]]

WORDS: Pairs = {
    "cards": ("监察牌", "Cards"),
    "total": ("共 {n} 张", "{n} in all"),
    "export": ("导出", "Export"),
    "export_long": ("按当前筛选导出全部，CSV 文件", "All that these filters show, as a CSV file"),
    "any": ("全部", "All"),
    "severity": ("种类", "Kind"),
    "answer": ("答复", "Answer"),
    "stage": ("状态", "Stage"),
    "department": ("责任部门", "Department"),
    "item": ("事项", "Item"),
    "person": ("责任人", "Person"),
    "rule": ("规则", "Rule"),
    "since": ("发牌日期自", "Issued from"),
    "until": ("至", "to"),
    "text": ("办件或监察编号", "Case or card number"),
    "day_hint": ("如 2026-11-01", "e.g. 2026-11-01"),
    "item_hint": ("编码或名称", "Code or name"),
    "apply": ("筛选", "Filter"),
    "clear": ("清除筛选", "Clear filters"),
    "none_fit": ("没有符合筛选条件的牌。", "No card fits these filters."),
    "none_yet": ("还没有发过牌。", "No card was issued yet."),
    "day_wrong": (
        "日期请写成 2026-11-01 的样子；现在按不限日期显示。",
        "Write days as 2026-11-01; shown without a limit of days.",
    ),
    "first": ("首页", "First"),
    "last": ("末页", "Last"),
    "previous": ("上一页", "Previous"),
    "next": ("下一页", "Next"),
    "pages": ("翻页", "Pages"),
    "filters": ("筛选", "Filters"),
    "more_filters": ("更多筛选", "More filters"),
    # columns
    "card": ("牌", "Card"),
    "card_no": ("监察编号", "Card number"),
    "case": ("办件", "Case"),
    "case_item": ("办件 · 事项", "Case · item"),
    "whose": ("责任部门 · 责任人", "Department · person"),
    "why": ("缘由", "Why"),
    "issued": ("发牌时刻", "Issued"),
    "answer_until": ("答复期限", "Answer until"),
    "overdue": ("已逾期", "overdue"),
    "owed_by": ("答复方", "Owed by"),
    "orders": ("督办", "Orders"),
    "source": ("来源系统", "Source system"),
    "by_supervisor": ("监察方", "supervisor"),
    "by_department": ("部门", "department"),
    "n_orders": ("{n} 次", "{n}"),
    "yes": ("是", "yes"),
    "history": ("历史", "history"),
    "provisional": ("暂定", "prov."),
}
SEVERITIES: Pairs = {
    RED: ("红牌", "Red"),
    YELLOW: ("黄牌", "Yellow"),
    REMINDER: ("预警", "Reminder"),
}
"""The worst first."""
ANSWERS: Pairs = {
    "overdue": ("已逾期", "Overdue"),
    "soon": ("一日内到期", "Due within a day"),
    "later": ("未到期", "Due later"),
    "none": ("无须答复", "None owed"),
}
STAGES_EN: dict[Stage, str] = {
    Stage.PROPOSED: "Proposed",
    Stage.ISSUED: "Issued",
    Stage.ACKNOWLEDGED: "Acknowledged",
    Stage.APPEALED: "Appealed",
    Stage.REFERRED: "Appeal referred",
    Stage.RECTIFYING: "Rectifying",
    Stage.ORDERED: "Ordered",
    Stage.REPORTED: "Reported",
    Stage.CLOSED: "Closed",
    Stage.LAPSED: "Lapsed",
    Stage.WITHDRAWN: "Withdrawn",
    Stage.TRANSFERRED: "Transferred",
}
STAGES: Pairs = {stage: (STAGES_ZH[stage], name) for stage, name in STAGES_EN.items()}
"""In the order of the loop."""


def say(key: str, lang: str, **fill: object) -> str:
    """The word for a key in a language, with its blanks filled."""
    text = WORDS[key][lang == "en"]
    return text.format(**fill) if fill else text
