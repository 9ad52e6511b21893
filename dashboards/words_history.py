"""The words of a case's two lines: as known then, as it truly was, and what they do not share."""

from __future__ import annotations

Pairs = dict[str, tuple[str, str]]

WORDS: Pairs = {
    "title": ("历史重放", "History, replayed"),
    "open": ("历史重放", "Replay its history"),
    "back": ("返回办件", "Back to the case"),
    "missing": (
        "到此刻为止没有这个办件的事件",
        "Nothing of this case has been recorded by now",
    ),
    # the two lines
    "axis": ("时间轴", "Time line"),
    "known": ("当时所知", "As known then"),
    "known_long": ("按入库时间", "by the time of recording"),
    "true": ("实际情况", "As it truly was"),
    "true_long": (
        "按发生时间，补录与更正归位",
        "by the time of occurrence, late facts and corrections in their place",
    ),
    "rails": (
        "两条时间轴：上为当时所知，下为实际情况；斜线连着同一事件的两处",
        "Two lines: above as known then, below as it truly was; threads join what is the same",
    ),
    # playing
    "slider": ("时刻", "Moment"),
    "first": ("最早", "First"),
    "previous": ("上一时刻", "Previous"),
    "play": ("播放", "Play"),
    "pause": ("暂停", "Pause"),
    "next": ("下一时刻", "Next"),
    "last": ("最新", "Last"),
    "speed": ("速度", "Speed"),
    "speed_moment": ("每秒一个时刻", "a moment a second"),
    "speed_day": ("每秒一天", "a day a second"),
    "speed_week": ("每秒一周", "a week a second"),
    "keys": (
        "键盘：← → 逐个时刻，Home / End 首尾，空格播放，A 换轴",
        "Keys: ← → by moment, Home / End, Space plays, A changes the line",
    ),
    # the state at a moment
    "state": ("此刻", "At this moment"),
    "status": ("状态", "Status"),
    "next_crossing": ("下一个时限", "Next limit"),
    "nothing_next": ("无", "none"),
    "truly": ("实情应为", "truly"),
    "known_as": ("当时所知为", "known then as"),
    "crossed": ("时限经过", "passed by time alone"),
    "over": ("届满", "is over"),
    "near": ("临近", "is near"),
    "clocks": ("时限", "Clocks"),
    "cards": ("发牌", "Cards"),
    "no_clocks": ("此刻没有时限在计", "No clock at this moment"),
    "no_cards": ("此刻没有发过牌", "No card so far"),
    "used_days": ("已用 {used} / {total} 日，余 {left} 日", "{used} of {total} days, {left} left"),
    "over_days": ("已用 {total} 日，已超 {over} 日", "{total} days used, {over} over"),
    "used_hours": ("已用 {used} / {total} 小时", "{used} of {total} hours"),
    "over_hours": ("已用 {total} 小时，已超 {over} 小时", "{total} hours used, {over} over"),
    "ends": ("到期", "ends"),
    "unknown_count": (
        "此刻已发生而未入库：{n} 项",
        "Happened by now, and not yet recorded: {n}",
    ),
    # entries
    "entries": ("到此刻为止的事件，最新在前", "Events up to this moment, newest first"),
    "position": ("位置", "Position"),
    "occurred": ("实际时间", "True time"),
    "recorded": ("入库时间", "Recorded"),
    "what": ("事件", "Event"),
    "who": ("经办", "Who"),
    "unknown": ("当时未知", "not yet known"),
    "would": ("未发，实应发", "not issued, truly due"),
    "never": ("实情无此项", "truly never was"),
    "list": ("清单", "list"),
    # differences
    "differences": ("两轴的差别", "Where the two lines differ"),
    "no_differences": (
        "两轴无差别：没有补录、更正或迟到的清单，发牌相同。",
        "No difference: no late fact, correction or late list; the same cards on both.",
    ),
    "because": ("起因", "because of"),
    "unexplained": (
        "没有一项补录、更正或迟到的清单能解释：请看重新推导",
        "no late input explains it: see the re-derivation",
    ),
    "go": ("看这一时刻", "Go to this moment"),
    "late": (
        "{what}发生于 {true}，{recorded} 才入库：晚 {late}（{days} 个工作日）",
        "{what} happened {true}, recorded {recorded}: {late} late ({days} working days)",
    ),
    "corrected": (
        "{recorded} {what}：实情自 {true} 起如此，晚 {late}（{days} 个工作日）",
        "{what}, recorded {recorded}: it was so since {true}, {late} earlier ({days} w. days)",
    ),
    "voided": ("{recorded} {what}：实情无此事", "{what}, recorded {recorded}: it truly never was"),
    "resent": (
        "{what}于 {recorded} 重报：实情自 {true} 起如此，晚 {late}（{days} 个工作日）",
        "{what} was sent again {recorded}: it was so since {true}, {late} earlier ({days} w. days)",
    ),
    "late_list": (
        "{what}公布于 {true}，{recorded} 才入库：晚 {late}（{days} 个工作日）",
        "{what} was announced {true}, recorded {recorded}: {late} late ({days} working days)",
    ),
    "not_due": (
        "{recorded} 已发，实情不应发 — {what}",
        "issued {recorded}, truly not due — {what}",
    ),
    "not_issued": (
        "实应于 {true} 发牌，当时未发 — {what}",
        "truly due {true}, not issued — {what}",
    ),
    "later": (
        "实应于 {true} 发牌，{recorded} 才发，晚 {late} — {what}",
        "truly due {true}, issued {recorded}, {late} later — {what}",
    ),
    "earlier": (
        "实应于 {true} 发牌，{recorded} 已发，早 {late} — {what}",
        "truly due {true}, issued {recorded}, {late} earlier — {what}",
    ),
    # what is cut
    "joined": (
        "事件过多：{n} 个时刻并入其后的时刻一起显示。",
        "Too many events: {n} moments are shown together with the one that follows them.",
    ),
    "not_compared": (
        "此办件有 {n} 个事件，超过 {most} 个：只重放当时所知，不比对实情。",
        "This case has {n} events, more than {most}: it is replayed as known then only.",
    ),
    # marks of the rails
    "mark_fact": ("事实", "fact"),
    "mark_late": ("补录", "late"),
    "mark_correction": ("更正", "correction"),
    "mark_desk": ("处置", "answer"),
    "mark_list": ("清单", "list"),
    "mark_time": ("时限", "limit"),
    "mark_act": ("解除、撤牌", "card ended"),
}
SPANS: dict[str, tuple[str, str, str]] = {
    "d": ("{n} 天", "{n} day", "{n} days"),
    "h": ("{n} 小时", "{n} hour", "{n} hours"),
    "m": ("{n} 分钟", "{n} minute", "{n} minutes"),
    "s": ("{n} 秒", "{n} second", "{n} seconds"),
}
"""Spans of time: Chinese, one in English, more in English."""
MARKS = {
    "fact": "┃",
    "late": "◇",
    "correction": "✎",
    "desk": "■",
    "list": "▤",
    "time": "○",
    "act": "×",
}
"""What stands on the rails for each kind of entry; a card has the shape of its light."""
