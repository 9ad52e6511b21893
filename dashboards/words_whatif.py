"""Words of re-derivation and what-if: pages and commands, Chinese and English."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "what_if": ("推演与复算", "What if, and re-derivation"),
    "what_if_long": (
        "用另一套规则重判全部办件：多发哪些牌、少发哪些牌，逐件可查。只读推演，不写入任何数据。",
        "Cases judged again under other rules: cards gained and lost, by case; nothing written.",
    ),
    "rederive": ("复算", "Re-derivation"),
    "rederive_long": (
        "仅凭办件事件与清单重新推出全部自动发牌，与记录逐条比对：完全一致，或逐条说明差异原因。",
        "Every automatic act made again from facts and lists alone: equal, or each difference why.",
    ),
    "rederive_start": ("开始复算", "Re-derive"),
    "change": ("改变的规则", "The change"),
    "promise": ("承诺时限", "Promise"),
    "legal": ("法定时限", "Legal limit"),
    "limit_hint": (
        "如 -40%（向上取整）或 5wd（工作日）；空为不变",
        "-40% (rounded up) or 5wd (working days); empty: as it is",
    ),
    "of_item": ("仅限事项（编码）", "Of this item only (code)"),
    "of_department": ("仅限部门", "Of this department only"),
    "all_departments": ("全部部门", "All departments"),
    "mode": ("计时方式", "How days are counted"),
    "as_it_is": ("不变", "As it is"),
    "holiday": ("改为放假的日子", "A day that is off"),
    "workday": ("改为上班的日子", "A day that is worked"),
    "day_hint": ("节日移动：填写两项", "A festival moved: both"),
    "settle": ("等待秒数", "Settling, seconds"),
    "settle_hint": ("0 至 86400；空为不变", "0 to 86400; empty: as it is"),
    "since": ("自（发牌条件成立日）", "From (the day of crossing)"),
    "before": ("至（不含）", "To (not including)"),
    "nothing_late": ("假设无任何迟报、更正", "As if nothing had been late or corrected"),
    "following": ("包括因牌生牌", "With cards about cards"),
    "following_hint": (
        "推演中的牌无人答复，其后续牌默认不计",
        "nobody answered a card that was never issued",
    ),
    "start": ("开始推演", "Start"),
    "cancel": ("取消", "Cancel"),
    "running": ("正在计算", "Running"),
    "running_long": (
        "已完成 {done} / {total} 件，页面自动刷新。",
        "{done} of {total} cases; this page refreshes itself.",
    ),
    "busy": (
        "已有一项计算正在进行，请等其结束或取消后再试。",
        "One is running already; wait until it ends, or cancel it.",
    ),
    "not_yours": ("另一人的计算正在进行。", "Somebody else's is running."),
    "job_failed": ("未能完成：{why}", "It failed: {why}"),
    "job_cancelled": ("已取消。", "It was cancelled."),
    "nothing_asked": (
        "请至少填写一项改变，例如承诺时限 -40%。",
        "Say at least one change, the promise -40% for example.",
    ),
    "no_number": ("等待秒数应为 0 至 86400 的整数。", "Settling is a whole number, 0 to 86400."),
    "no_day": ("{text} 不是日期，请写成 2026-10-09。", "{text} is no date; write 2026-10-09."),
    "result": ("结果", "Result"),
    "result_of": (
        "截至 {at}，位置 {head:,}；共 {cases:,} 件。",
        "Up to {at}, position {head:,}; {cases:,} cases.",
    ),
    "gained": ("多发", "gained"),
    "lost": ("少发", "lost"),
    "moved": ("时间改变", "at another time"),
    "before_after": ("现行 → 推演", "as published → as changed"),
    "left_out": (
        "因牌生牌 {n:,} 张未计入。",
        "{n:,} cards about cards were left out.",
    ),
    "unreadable_cases": (
        "▲ {n:,} 件无法读取，未参与推演（见复算）。",
        "▲ {n:,} cases cannot be read and were left out (see re-derivation).",
    ),
    "no_turns": (
        "没有任何牌因此改变。",
        "No card would be different.",
    ),
    "department": ("部门", "Department"),
    "item": ("事项", "Item"),
    "severity": ("牌", "Card"),
    "case": ("办件", "Case"),
    "why": ("缘由", "Why"),
    "crossed": ("条件成立时间", "Crossed at"),
    "was": ("原为", "was"),
    "cases_of": ("对应办件", "The cases"),
    "shown_most": (
        "只列出前 {shown:,} 张，共 {n:,} 张。",
        "The first {shown:,} of {n:,} are listed.",
    ),
    "back": ("返回", "Back"),
    "again": ("另作推演", "Another one"),
    "equal": (
        "✓ 完全一致：{cases:,} 件、{acts:,} 条自动行为，全部可由事实与清单重新推出。",
        "✓ Equal: {cases:,} cases, {acts:,} automatic acts, each follows from facts and lists.",
    ),
    "differs": (
        "▲ {n:,} 处不一致，其中 {unexplained:,} 处原因不明。",
        "▲ {n:,} differences, {unexplained:,} of them unexplained.",
    ),
    "no_cases": (
        "▲ 没有可看的办件，未作任何比对。",
        "▲ There is no case to look at: nothing was compared.",
    ),
    "young": (
        "最近一分钟的 {n:,} 条尚在写入途中。",
        "{n:,} acts of the last minute are on their way into the log.",
    ),
    "program_now": ("当前程序 {program}", "This program: {program}"),
    "program_from": (
        "自位置 {position:,} 起：{version} {program}",
        "from position {position:,}: {version} {program}",
    ),
    "what": ("差异", "Difference"),
    "reason": ("原因", "Reason"),
    "count": ("数量", "Count"),
    "recorded": ("记录", "recorded"),
    "derived": ("应为", "derived"),
    "at_position": ("位置 {position:,}", "position {position:,}"),
}
WHAT: dict[str, tuple[str, str]] = {
    "missing": ("应有而未记录", "follows, not recorded"),
    "not_derived": ("已记录而推不出", "recorded, does not follow"),
    "content": ("内容不同", "other content"),
    "order": ("次序不同", "in another place"),
    "unreadable": ("无法读取", "cannot be read"),
}
"""What differs (replay.reasons)."""
WHY: dict[str, tuple[str, str]] = {
    "program": ("当时由另一版程序判定", "another program judged"),
    "not_judged": ("尚未判到此处", "not judged yet"),
    "halted": ("该办件已停止判定", "the case was halted"),
    "too_new": ("由更新的程序写入", "a newer program wrote it"),
    "broken": ("数据损坏", "its bytes are broken"),
    "list": ("当时未计入某份清单", "one list had not been heard"),
    "fact": ("当时未计入某条事件", "one event had not been heard"),
    "unexplained": ("▲ 原因不明", "▲ unexplained"),
}
"""Why (replay.reasons)."""
BECAUSE: dict[str, tuple[str, str]] = {
    "late_fact": ("事件迟报", "a fact came late"),
    "correction": ("更正或重报", "a correction or re-send"),
    "late_list": ("清单迟录", "a list was recorded late"),
    "several": ("多种原因共同所致", "several of these together"),
}
"""What was late (replay.what_if)."""
SEVERITIES: dict[str, tuple[str, str]] = {
    "red": ("▲ 红牌", "▲ red"),
    "yellow": ("● 黄牌", "● yellow"),
    "reminder": ("◆ 预警", "◆ reminder"),
}
"""Cards by shape and word."""


def both(table: dict[str, tuple[str, str]], key: str) -> str:
    """A word in both languages, as a command prints it."""
    zh, en = table.get(key, (key, ""))
    return f"{zh} {en}".strip()
