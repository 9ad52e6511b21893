"""The words of the replayed wall, and of what cannot be replayed, Chinese and English."""

from __future__ import annotations

from .words import side

WORDS: dict[str, tuple[str, str]] = {
    "replay": ("回放", "Replay"),
    "replay_band": ("回放", "REPLAY"),
    "replay_long": (
        "当时大屏所示，不是现在的情况；点开的清单和办件是现在的",
        "What the wall showed then, not now; lists and cases opened from it are those of now",
    ),
    "at": ("时刻", "Instant"),
    "day": ("日期", "Day"),
    "day_before": ("前一天", "Day before"),
    "day_after": ("后一天", "Day after"),
    "play": ("播放", "Play"),
    "pause": ("暂停", "Pause"),
    "speed": ("倍速", "Speed"),
    "department": ("部门", "Department"),
    "all": ("全部", "All"),
    "back": ("返回实时", "Back to live"),
    "back_cases": ("返回办件", "Back to the cases"),
    "keys": (
        "空格 播放/暂停 · ←→ 一分钟 · Shift+←→ 十秒 · PgUp/PgDn 一小时",
        "Space plays or pauses · ←→ a minute · Shift+←→ ten seconds · PgUp/PgDn an hour",
    ),
    "issued": ("当日发牌", "Cards issued that day"),
    "issued_none": ("当日没有发牌", "No cards were issued that day"),
    "end_reached": ("已到最新一刻", "This is the latest instant"),
    "away": ("服务器没有回答，正在重试", "The server does not answer; trying again"),
    "then": ("当时 {n}", "then {n}"),
    "axis": ("时间轴", "Axis"),
    "known": ("当时所知", "As known then"),
    "known_long": ("大屏当时所示，按入库时间", "What the wall showed, by the time of recording"),
    "true": ("实际情况", "As it truly was"),
    "true_long": (
        "假设无任何迟报：补录、更正、名录都在发生之时",
        "Had nothing been late: facts, corrections and lists at the time that they happened",
    ),
    "band_true": ("回放 · 实际情况", "REPLAY · AS IT TRULY WAS"),
    "making": ("正在按实际时间重算", "Telling it anew, as it truly was"),
    "cancel": ("取消", "Cancel"),
    "made": ("据截至 {at} 的记录重算", "Told anew from what was recorded by {at}"),
    "left_out": ("，{n} 件无法读取、未计入", "; {n} cases cannot be read and are left out"),
    "again": ("重新计算", "Tell anew"),
    "newer": ("此后又有记录", "More was recorded since"),
    "truth_failed": ("重算失败：{why}", "It could not be told anew: {why}"),
    "differences": ("差异", "Differences"),
    "no_differences": (
        "大屏当时所知与实际情况没有差异",
        "The wall knew all that had happened by then",
    ),
    "close": ("关闭", "Close"),
    "more": ("只列最近 {n} 条，共 {total} 条", "The newest {n} of {total}"),
    "missing": ("应发未发", "Due and not issued"),
    "undue": ("已发而不应发", "Issued and not due"),
    "late": ("已发生、当时未入库", "Happened, not recorded yet"),
    "corrected": ("后来更正", "Corrected later"),
    "resent": ("后来重报", "Sent again later"),
    "imported": ("后来导入的历史", "History, imported later"),
    "see_log": ("请重试；原因见服务器日志", "try again; the server's log says why"),
    "cancelled": ("已取消重算", "Cancelled"),
    "void": ("当时误认、后来作废或更正", "Believed then, void or corrected since"),
    "list": ("名录已公布、当时未入库", "A list announced, not recorded yet"),
    "until": ("至", "until"),
    "for_good": ("至今", "to this day"),
    "truth": ("实际", "truly"),
    "title": ("这一刻不能回放", "This instant cannot be shown"),
}
FINDINGS: dict[str, tuple[str, str]] = {
    "unreadable": (
        "无法识别时刻“{what}”：请写成 2026-03-16T10:00 或 2026-03-16T10:00:30（{zone}）",
        "{what} is no instant: write 2026-03-16T10:00 or 2026-03-16T10:00:30 ({zone})",
    ),
    "empty": ("系统尚无任何记录，没有可回放的时刻", "Nothing was recorded yet: there is no past"),
    "before": (
        "{at} 早于系统的第一条记录（{first}）：那时还没有大屏",
        "{at} lies before the first event that was recorded ({first}): there was no wall then",
    ),
    "not_kept": (
        "{at} 的数据已按保留期限清理，只能回放 {first} 以后；日志仍在，办件可逐件回放",
        "The rows of {at} were dropped in their time; walls go back to {first}. The log keeps all",
    ),
    "future": (
        "{at} 还没有到：大屏现在是 {last}",
        "{at} has not come yet: the wall is at {last}",
    ),
    "starting": (
        "数据正在补齐，请稍后再试",
        "The rows are still being written: ask again in a moment",
    ),
    "truth_none": (
        "尚未按实际时间重算：先选“实际情况”",
        "It was not told anew yet, or the server ended what was: choose As it truly was again",
    ),
    "truth_behind": (
        "重算只到较早一刻，请“重新计算”",
        "What was told anew ends earlier: tell it anew",
    ),
    "no_department": ("没有部门“{what}”", "There is no department {what}"),
    "no_right": ("您没有回放的权限", "You have no right to replay"),
}


def say(key: str, lang: str) -> str:
    """The word for a key in a language."""
    return WORDS[key][side(lang)]


def finding(code: str, lang: str, **fill: object) -> str:
    """Why there is nothing to show, with its blanks filled."""
    return FINDINGS[code][side(lang)].format(**fill)
