"""The words of the pages, Chinese and English, in one place."""

from __future__ import annotations

from supervision.acts import ZH as ACTS_ZH
from supervision.facts import ZH as FACTS_ZH

LANGS = ("zh", "en")

WORDS: dict[str, tuple[str, str]] = {
    "title": ("行政审批电子监察", "Approvals Supervision"),
    "demonstration": ("演示 ×{speed}", "DEMO ×{speed}"),
    "history": ("史", "hist"),
    "imported": ("历史导入", "imported"),
    "history_long": ("历史数据：导入的旧办件，不发消息", "History: imported, nobody is messaged"),
    "history_cases": ("{n}", "{n}"),
    "provisional_cases": ("暂定 {n}", "prov. {n}"),
    "provisional": ("暂定", "prov."),
    "search": ("查询办件", "Find cases"),
    "search_go": ("查询", "Find"),
    "search_hint": ("办件编号或事项名称", "Case number or item"),
    "other_language": ("EN", "中文"),
    "other_language_long": ("Switch to English", "切换为中文"),
    "wall": ("监察大屏", "Wall"),
    "live": ("实时", "live"),
    "polling": ("轮询", "polling"),
    "stopped": ("已停止", "stopped"),
    "age": ("数据 {s} 秒前", "data {s} s old"),
    "data_stopped": ("数据已停止更新", "Data has stopped"),
    "data_stopped_long": (
        "屏上数字不是现在的情况，系统正在自动重连。",
        "The figures on this screen are not current. Reconnecting by itself.",
    ),
    "starting": ("正在读取数据 …", "Reading the data …"),
    # figures
    "received": ("今日收件", "Received"),
    "accepted": ("今日受理", "Accepted"),
    "concluded": ("今日办结", "Concluded"),
    "open": ("在办", "Open"),
    "due_today": ("今日到期", "Due today"),
    "on_time": ("按时办结率", "On time"),
    "early": ("提前办结率", "Early"),
    "speed_up": ("法定提速率", "Speed-up"),
    "plus_today": ("今日 +{n}", "+{n} today"),
    "this_month": ("本月", "mth"),
    "on_time_long": (
        "按时办结率（本月）＝承诺时限内办结 ÷ 办结",
        "On time (this month) = stopped before the promise's crossing / concluded",
    ),
    "early_long": (
        "提前办结率（本月）＝到期日之前办结 ÷ 办结",
        "Early (this month) = stopped before the day of the deadline / concluded",
    ),
    "speed_up_long": (
        "法定提速率（本月）＝（法定日数－实用日数）÷ 法定日数",
        "Faster than law (this month) = (legal days − days used) / legal days",
    ),
    # lights
    "normal": ("正常", "normal"),
    "reminder": ("预警", "reminder"),
    "yellow": ("黄牌", "yellow"),
    "red": ("红牌", "red"),
    # panels
    "departments": ("部门 · 问题多者在前", "Departments · worst first"),
    "department": ("部门", "Department"),
    "lights": ("在办构成", "Open by light"),
    "on_time_short": ("按时", "On time"),
    "score": ("得分", "Score"),
    "unranked": (
        "本期办件不足 20 件，只列示、不排名",
        "Fewer than 20 cases in the period: shown, not ranked",
    ),
    "deadlines": ("即将到期", "Next deadlines"),
    "overdue": ("已超 {t}", "over {t}"),
    "due_days": ("未来五个工作日到期", "Due in the next five working days"),
    "cards": ("最新发牌", "Latest cards"),
    "stream": ("实时办件", "As it comes in"),
    "curve": ("今日曲线", "Today"),
    "curve_alt": (
        "今日累计：收件 {r}，受理 {a}，办结 {c}",
        "So far today: received {r}, accepted {a}, concluded {c}",
    ),
    "curve_received": ("收件", "received"),
    "curve_accepted": ("受理", "accepted"),
    "curve_concluded": ("办结", "concluded"),
    "nothing": ("暂无", "None"),
    "no_alarms": ("系统与清单无告警", "No alarms of the system or its lists"),
    "more_alarms": ("另有 {n} 条", "{n} more"),
    "alarms": ("系统告警", "System alarms"),
    "legend": ("图例", "Legend"),
    # empty
    "empty_title": ("还没有办件", "No cases yet"),
    "empty_lead": (
        "系统已就绪。接入办件后，本屏自动开始显示，无需刷新。",
        "The system is ready. The wall comes to life with the first case; no reload needed.",
    ),
    # lists
    "cases": ("办件列表", "Cases"),
    "cards_grid": ("监察牌", "Cards"),
    "found": ("查询“{q}”", "Found for “{q}”"),
    "total": ("共 {n} 件", "{n} in all"),
    "case_no": ("办件编号", "Case number"),
    "item": ("事项", "Item"),
    "state": ("状态", "State"),
    "light": ("灯", "Light"),
    "deadline": ("最近期限", "Next deadline"),
    "previous": ("上一页", "Previous"),
    "next": ("下一页", "Next"),
    "none_listed": ("没有这样的办件。", "There are no such cases."),
    "what_open": ("在办", "Open"),
    "what_due_today": ("今日到期", "Due today"),
    "what_reminder": ("预警", "Reminders"),
    "what_yellow": ("黄牌", "Yellow cards"),
    "what_red": ("红牌", "Red cards"),
    "what_received_today": ("今日收件", "Received today"),
    "what_accepted_today": ("今日受理", "Accepted today"),
    "what_concluded_today": ("今日办结", "Concluded today"),
    "what_reminders_today": ("今日新增预警", "Reminders of today"),
    "what_yellows_today": ("今日新发黄牌", "Yellow cards of today"),
    "what_reds_today": ("今日新发红牌", "Red cards of today"),
    "what_concluded_month": ("本月办结", "Concluded this month"),
    "what_accepted_month": ("本月受理", "Accepted this month"),
    "what_department": ("部门在办", "Open in a department"),
    "what_due_day": ("某日到期", "Due on a day"),
    "what_history": ("历史办件", "History"),
    "what_provisional": ("暂定期限", "Provisional deadlines"),
    # the case
    "as_of": ("截至", "as of"),
    "position": ("日志位置", "log position"),
    "case_cards": ("发牌", "Cards"),
    "case_clocks": ("时限", "Clocks"),
    "case_entries": ("全部经过", "Everything that happened"),
    "case_findings": ("数据问题", "Data errors"),
    "no_cards": ("本办件没有发过牌。", "No card was ever issued on this case."),
    "no_clocks": ("没有可显示的时限。", "No clock to show."),
    "no_entries": ("没有记录。", "Nothing on record."),
    "masked": (
        "个人信息与自由文本已遮蔽（••••）。",
        "Personal data and free text are masked (••••).",
    ),
    "masked_for_you": ("查看须另行授权。", "To see them takes a right of its own."),
    "reveal": ("申请查看", "Look at them"),
    "texts_title": ("查看个人信息与自由文本", "Personal data and free text"),
    "texts_lead": (
        "请说明事由。每次查看都连同事由记入审计日志，只显示一次。",
        "Say why. Each look goes on record with its reason, and is shown once.",
    ),
    "texts_reason": ("事由", "Reason"),
    "texts_look": ("记录并查看", "Record it and look"),
    "texts_reason_wrong": (
        "请填写事由（4 至 500 个字符）。",
        "Give a reason of 4 to 500 characters.",
    ),
    "texts_recorded": ("已记录，事由：{reason}", "On record, with the reason: {reason}"),
    "texts_field": ("字段", "Field"),
    "texts_text": ("内容", "Text"),
    "texts_nothing": (
        "本办件没有个人信息或自由文本，或者已依法删除。",
        "There is none on this case, or it was erased by law.",
    ),
    "texts_back": ("返回办件", "Back to the case"),
    "export": ("导出 CSV", "Export CSV"),
    "export_long": ("导出整个列表；导出会留下记录", "The whole list as a file; it goes on record"),
    "my_account": ("账号", "Account"),
    "signed_out": ("已退出或权限已变更", "Signed out, or rights have changed"),
    "signed_out_long": (
        "本页不再更新。请重新登录。",
        "This page shows nothing any more. Sign in again.",
    ),
    "no_right": ("没有权限", "No right"),
    "no_right_long": (
        "您的账号不能查看此页。需要时请联系安全管理员。",
        "Your account may not see this page. Ask the security administrator if you need it.",
    ),
    "why": ("为何发牌", "Why"),
    "law": ("依据", "Law"),
    "crossed_at": ("越限时刻", "Crossed"),
    "issued_at": ("发牌时刻", "Issued"),
    "answer_by": ("答复期限", "Answer by"),
    "responsible": ("责任", "Responsible"),
    "causes": ("原因事件", "Causes"),
    "policy_version": ("规则版本", "Policy version"),
    "item_version": ("事项版本", "Item version"),
    "calendar_version": ("日历版本", "Calendar versions"),
    "account": ("计算依据", "Account"),
    "started_at": ("起算", "Started"),
    "stopped_at": ("停止", "Stopped"),
    "limit": ("时限", "Limit"),
    "ends": ("到期", "Deadline"),
    "crosses_at": ("越限", "Crosses"),
    "credit": ("扣除", "Credit"),
    "extension": ("延长", "Extension"),
    "mode": ("方式", "Mode"),
    "occurred": ("发生时间", "Occurred"),
    "recorded": ("入库时间", "Recorded"),
    "what": ("事项", "What"),
    "who": ("经办", "Who"),
    "late": ("补录", "late entry"),
    "future": ("未来时间", "in the future"),
    "corrected": ("已更正", "corrected"),
    "print": ("打印", "Print"),
    "back": ("返回", "Back"),
    "corrects": ("更正", "Correction"),
    # days of a clock
    "day_start": ("起算", "start"),
    "day_counted": ("计入", "counted"),
    "day_weekend": ("休", "weekend"),
    "day_holiday": ("节假日", "holiday"),
    "day_makeup": ("班", "make-up"),
    "day_paused": ("停", "paused"),
    "day_deadline": ("限", "deadline"),
    "day_warned": ("预警", "warned"),
    "day_stopped": ("办", "stopped"),
    "day_today": ("今", "today"),
    "day_provisional": ("暂", "provisional"),
    # not found
    "not_found": ("没有这一页", "There is no such page"),
    "not_found_case": ("没有这个办件", "There is no such case"),
    "not_found_long": (
        "请核对办件编号与来源系统；也可以在上方查询，或回到监察大屏。",
        "Check the case number and its source system, search above, or go back to the wall.",
    ),
    "failed": ("暂时读不到数据", "The data cannot be read just now"),
    "failed_long": (
        "请稍后重试；若一直如此，请联系系统管理员。",
        "Try again in a moment; if it stays so, tell the system administrator.",
    ),
    "clock_jumped": ("系统时钟跳变", "The clock jumped"),
    "clock_jumped_long": (
        "查看办件须留痕，时钟确认之前不能查看。请联系系统管理员。",
        "A look at a case is recorded: none until the clock is confirmed. Tell the administrator.",
    ),
}

KINDS_EN: dict[str, str] = {
    "ApplicationReceived": "Received",
    "SupplementRequested": "Supplement?",
    "SupplementReceived": "Supplement",
    "CaseAccepted": "Accepted",
    "CaseRefused": "Refused",
    "StepCompleted": "Step done",
    "SpecialProcedureStarted": "Paused",
    "SpecialProcedureEnded": "Resumed",
    "ExtensionApproved": "Extended",
    "DecisionSigned": "Decided",
    "CaseConcluded": "Concluded",
    "CertificateIssued": "Certificate",
    "ReadyForCollection": "Ready",
    "ResultDelivered": "Delivered",
    "CaseWithdrawn": "Withdrawn",
    "FeeCharged": "Fee",
    "ServiceRated": "Rated",
    "ComplaintFiled": "Complaint",
    "ComplaintAnswered": "Answered",
    "CaseLinked": "Linked",
    "FactCorrected": "Corrected",
    "CardIssued": "Card",
    "CardLapsed": "Lapsed",
    "CardWithdrawn": "Voided",
    "CardDisputed": "Disputed",
    "CardConfirmed": "Confirmed",
    "CardAcknowledged": "Signed for",
    "CardExplained": "Explained",
    "CardAppealed": "Appealed",
    "AppealDecided": "Appeal",
    "RectificationReported": "Reported",
    "RectificationVerified": "Verified",
    "DisputeVerified": "Checked",
    "AppealReferred": "Referred",
    "SupervisionOrdered": "Ordered",
    "CardClosed": "Closed",
    "WithdrawalDecided": "To void",
    "CardTransferred": "Transferred",
    "ProposalDecided": "Proposal",
    "IssuedByHand": "By hand",
}
"""Short enough for the wall's narrow column."""

CLOCKS: dict[str, tuple[str, str]] = {
    "notice": ("告知", "notice"),
    "promise": ("承诺", "promise"),
    "legal": ("法定", "legal"),
    "step": ("环节", "step"),
    "special": ("特别程序", "special"),
    "hearing": ("听证", "hearing"),
    "delivery": ("送达", "delivery"),
    "complaint": ("投诉", "complaint"),
    "rating": ("差评", "rating"),
    "list": ("清单", "list"),
    "answer": ("答复", "answer"),
}
CLOCK_STATES: dict[str, tuple[str, str]] = {
    "running": ("进行中", "running"),
    "paused": ("暂停", "paused"),
    "stopped": ("已停止", "stopped"),
    "crossed": ("已越限", "crossed"),
    "stopped late": ("越限后停止", "stopped late"),
}
CARD_STATES: dict[str, tuple[str, str]] = {
    "standing": ("在牌", "standing"),
    "issued": ("已发", "issued"),
    "acknowledged": ("已签收", "acknowledged"),
    "rectifying": ("整改中", "rectifying"),
    "reported": ("已反馈", "reported"),
    "appealed": ("申诉中", "appealed"),
    "verified": ("已核查", "verified"),
    "closed": ("已销号", "closed"),
    "lapsed": ("已解除", "lapsed"),
    "withdrawn": ("已撤牌", "withdrawn"),
    "disputed": ("存疑", "disputed"),
    "proposed": ("拟发", "proposed"),
    "asked": ("待发", "to be issued"),
    "referred": ("已上报", "referred up"),
    "ordered": ("督办中", "under an order"),
    "transferred": ("已移交", "transferred"),
}
TEXTS: dict[str, tuple[str, str]] = {
    "applicant": ("申请人", "applicant"),
    "opinion": ("意见", "opinion"),
    "reason": ("理由", "reason"),
    "notes": ("备注", "notes"),
    "matter": ("事由", "matter"),
    "answer": ("答复", "answer"),
    "text": ("内容", "text"),
}
"""Personal data and free text by name."""
WEEKDAYS: tuple[tuple[str, str], ...]
WEEKDAYS = (("一", "Mon"), ("二", "Tue"), ("三", "Wed"), ("四", "Thu"), ("五", "Fri"))
WEEKDAYS += (("六", "Sat"), ("日", "Sun"))
SHAPES = {"normal": "✓", "reminder": "◆", "yellow": "●", "red": "▲"}
FAMILIES = {"fact": ("办件", "fact"), "card": ("监察", "card"), "desk": ("处置", "desk")}


def side(lang: str) -> int:
    """Where in a pair (Chinese, English) the language stands."""
    return 1 if lang == "en" else 0


def say(key: str, lang: str, **fill: object) -> str:
    """The word for a key in a language, with its blanks filled."""
    text = WORDS[key][side(lang)]
    return text.format(**fill) if fill else text


def either(pairs: dict[str, tuple[str, str]], code: str, lang: str) -> str:
    """The name of a code; the code itself, readable, where no name is known."""
    pair = pairs.get(code)
    return pair[side(lang)] if pair else code.replace("_", " ")


def kind_name(kind: str, lang: str) -> str:
    """The name of a fact or act: its Chinese word, or a short English one."""
    if lang == "zh":
        return FACTS_ZH.get(kind) or ACTS_ZH.get(kind) or kind
    if kind in KINDS_EN:
        return KINDS_EN[kind]
    spaced = "".join(f" {c.lower()}" if c.isupper() else c for c in kind).strip()
    return spaced[:1].upper() + spaced[1:]
