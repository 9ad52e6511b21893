"""What people must know of the system itself and of its lists: alarms in words. Pure."""

from __future__ import annotations

from datetime import date

from msgspec import Struct

NOTICE_MISSING_FROM = (12, 1)
"""From 1 December the wall says that next year's notice is missing (domain: R5)."""


class Alarm(Struct, frozen=True, kw_only=True):
    """An alarm: a stable code, how grave (warning or critical), what to do, in two languages."""

    code: str
    severity: str
    zh: str
    en: str


class Health(Struct, frozen=True, kw_only=True):
    """What the runner knows of itself."""

    clock_jumped: str = ""
    store_failed: str = ""
    watch_failed: str = ""
    warehouse_failed: str = ""
    halted: tuple[str, ...] = ()
    """Cases whose recorded acts do not follow from their facts."""
    behind: int = 0
    """Events of the log that are not in the warehouse yet."""
    incidents: int = 0
    alerts_failed: str = ""
    gateways: tuple[str, ...] = ()
    """Channels that take nothing, and what they say."""
    unheard: str = ""
    """Why nobody can be told of cards: no channel, no contact."""
    overdue_lists: tuple[str, ...] = ()
    """Items whose announced change was not published in time."""
    seals_broken: str = ""
    """That the log is not what was sealed, and where."""
    seals_failed: str = ""
    """Why nothing is sealed."""
    witnesses: tuple[str, ...] = ()
    """Witnesses that do not vouch for the log or do not answer, and why."""
    stamps_failed: str = ""
    """Why checkpoints have no time stamp."""


BEHIND = 5_000
"""Events behind from which the wall says so: more than some seconds' work."""


def alarms(health: Health, today: date, known_years: frozenset[int]) -> list[Alarm]:
    """The alarms of the moment, gravest first."""
    found = [
        *_of_the_system(health),
        *_of_the_gateways(health),
        *_of_the_seals(health),
        *_of_the_lists(today, known_years),
        *_overdue(health),
    ]
    return sorted(found, key=lambda alarm: alarm.severity != "critical")


def _of_the_system(health: Health) -> list[Alarm]:
    found = []
    if health.clock_jumped:
        found.append(
            _critical(
                "clock_jumped",
                "系统时钟跳变，已停止收件和计时；核对时间后运行 supervise clock confirm",
                f"The clock jumped; intake and time stand still ({health.clock_jumped}). "
                "Check the time, then run: supervise clock confirm",
            )
        )
    for code, zh, said in (
        ("store_failed", "日志库写入失败，系统自动重试", health.store_failed),
        ("watch_failed", "监察进程出错", health.watch_failed),
        ("warehouse_failed", "数据仓写入失败，系统自动重试", health.warehouse_failed),
        ("alerts_failed", "告知服务出错，系统自动重试", health.alerts_failed),
    ):
        if said:
            found.append(_critical(code, f"{zh}：{said}", f"{code.replace('_', ' ')}: {said}"))
    if health.halted:
        found.append(
            _critical(
                "case_halted",
                f"{len(health.halted)} 件办件记录与推导不一致，已停止判定：{health.halted[0]}",
                f"{len(health.halted)} cases are halted: recorded acts do not follow from facts "
                f"({health.halted[0]})",
            )
        )
    if health.incidents:
        found.append(
            Alarm(
                code="incidents",
                severity="warning",
                zh=f"{health.incidents} 起异常上报：同一编号内容不同，已拒收并记录",
                en=f"{health.incidents} incidents: same id, other content; refused and recorded",
            )
        )
    if health.behind > BEHIND:
        found.append(
            Alarm(
                code="behind",
                severity="warning",
                zh=f"大屏落后 {health.behind} 条记录，正在追赶",
                en=f"The wall is {health.behind} events behind and catching up",
            )
        )
    return found


def _of_the_gateways(health: Health) -> list[Alarm]:
    found = [
        _critical(
            "gateway_down",
            f"告知渠道不能发送：{said}",
            f"A channel takes no messages: {said}",
        )
        for said in health.gateways
    ]
    if health.unheard:
        zh, en = UNHEARD[health.unheard]
        found.append(Alarm(code="unheard", severity="warning", zh=zh, en=en))
    return found


UNHEARD = {
    "no_channel": (
        "未配置邮件或短信网关，发牌不会通知任何人；见 docs/alerts.md",
        "No mail or SMS gateway is set: nobody is told of cards; see docs/alerts.md",
    ),
    "no_contact": (
        "未登记告知对象，发牌不会通知任何人；在“告知对象”页登记",
        "No contacts are set: nobody is told of cards; add them on the page Contacts",
    ),
}
"""Why nobody can be told, and what to do."""


def _of_the_seals(health: Health) -> list[Alarm]:
    found = []
    if said := health.seals_broken:
        zh = f"日志与封存不符，已停止封存；保留现状并运行 supervise verify：{said}"
        found.append(_critical("seals_broken", zh, f"The log does not match its seals: {said}"))
    if said := health.seals_failed:
        found.append(
            _critical("seals_failed", f"日志未能封存：{said}", f"The log is not sealed: {said}")
        )
    found += [
        _critical("witness", f"见证方未能作证：{said}", f"A witness does not vouch: {said}")
        for said in health.witnesses
    ]
    if said := health.stamps_failed:
        zh, en = f"封存未能加盖时间戳：{said}", f"Seals have no time stamp: {said}"
        found.append(Alarm(code="stamps_failed", severity="warning", zh=zh, en=en))
    return found


def _of_the_lists(today: date, known_years: frozenset[int]) -> list[Alarm]:
    if today.year not in known_years:
        return [_missing(today.year, "critical")]
    if (today.month, today.day) >= NOTICE_MISSING_FROM and today.year + 1 not in known_years:
        return [_missing(today.year + 1, "warning")]
    return []


def _overdue(health: Health) -> list[Alarm]:
    if not health.overdue_lists:
        return []
    count, first = len(health.overdue_lists), health.overdue_lists[0]
    return [
        Alarm(
            code="list_overdue",
            severity="warning",
            zh=f"{count} 项清单调整未按时公布：{first}",
            en=f"{count} announced list changes were not published in time: {first}",
        )
    ]


def _missing(year: int, severity: str) -> Alarm:
    return Alarm(
        code="calendar_missing",
        severity=severity,
        zh=f"{year} 年放假安排尚未发布入库，相关期限为暂定；发布后运行 supervise calendar import",
        en=f"The notice of working days for {year} is missing; deadlines in it are provisional. "
        "When it is published: supervise calendar import FILE",
    )


def _critical(code: str, zh: str, en: str) -> Alarm:
    return Alarm(code=code, severity="critical", zh=zh, en=en)
