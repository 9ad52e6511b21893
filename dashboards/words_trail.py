"""The words of the audit trail: every event that it holds, the fields of events, why and where."""

from __future__ import annotations

from .words_samples import SEVERITIES

__all__ = [
    "BOOK_WORDS",
    "CHANNELS",
    "EVENTS",
    "FACTOR",
    "FIELDS",
    "KINDS",
    "LANGS",
    "LOOKS",
    "PLACES",
    "SEVERITIES",
    "THINGS",
    "WHY",
]

Pairs = dict[str, tuple[str, str]]

EVENTS: dict[str, tuple[str, str, str, str]] = {
    # people and rights
    "PersonAdded": ("登记人员", "person added", "登记人员 {person}", "{person} was added"),
    "PersonDisabled": (
        "停用账号", "account disabled", "停用 {person} 的账号", "{person} was disabled",
    ),
    "PersonEnabled": (
        "恢复账号", "account enabled", "恢复 {person} 的账号", "{person} was enabled",
    ),
    "RoleGranted": (
        "授予角色", "role granted",
        "授予 {person} 角色“{role}”，范围：{units}", "{person} is {role} over: {units}",
    ),
    "RoleRevoked": (
        "收回角色", "role revoked", "收回 {person} 的角色“{role}”", "{person} is {role} no more",
    ),
    "UnitPlaced": (
        "列入单位", "unit placed",
        "将{kind} {unit} 列于 {parent} 之下", "{kind} {unit} hangs under {parent}",
    ),
    "UnitRemoved": ("移除单位", "unit removed", "移除单位 {unit}", "{unit} was removed"),
    "SecondFactorRenewed": (
        "变更第二因素", "second factor",
        "{person} 的第二因素：{number}", "the second factor of {person}: {number}",
    ),
    "KioskOpened": (
        "开通终端", "kiosk opened",
        "开通大屏终端 {kiosk}，仅限地址 {address}，范围：{units}，有效至 {until}",
        "{kiosk} at {address} may show the wall over: {units}, until {until}",
    ),
    "KioskClosed": ("关闭终端", "kiosk closed", "关闭大屏终端 {kiosk}", "{kiosk} was closed"),
    # sign-ins and access
    "SignedIn": ("登录", "signed in", "登录，方式：{how}", "signed in by {how}"),
    "SignInRefused": (
        "登录被拒", "sign-in refused", "登录被拒：{why}", "signing in was refused: {why}",
    ),
    "SignedOut": (
        "会话结束", "session ended", "{person} 的会话结束", "a session of {person} ended",
    ),
    "PasswordChanged": (
        "变更密码", "password changed", "{person} 的密码已变更", "{person} has another password",
    ),
    "AccountUnlocked": (
        "解除锁定", "account unlocked", "解除 {person} 的锁定", "{person} was unlocked",
    ),
    "LinkIssued": (
        "发放登录链接", "link issued",
        "为 {person} 生成一次性登录链接，有效至 {until}",
        "a link that signs {person} in once, until {until}",
    ),
    "AccessRefused": (
        "访问被拒", "access refused", "访问 {what} 被拒：{why}", "{what} was refused: {why}",
    ),
    "TextsSeen": (
        "查看个人信息", "personal data seen",
        "查看办件 {case_no}（{source}）的个人信息和意见原文，理由：{reason}",
        "looked at personal data of case {case_no} of {source}, reason: {reason}",
    ),
    "Exported": ("导出", "exported", "导出“{what}”", "exported {what}"),
    "CaseSeen": (
        "查看办件", "case looked at",
        "查看办件 {case_no}（{source}）", "looked at case {case_no} of {source}",
    ),
    "CaseFileTaken": (
        "调取卷宗", "case file taken",
        "调取办件 {case_no}（{source}）的卷宗", "took the file of case {case_no} of {source}",
    ),
    "SampleDrawn": (
        "抽取案卷", "sample drawn",
        "抽取样本 {sample}：种子 {seed}，总体 {population} 件",
        "drew sample {sample}: seed {seed}, of {population} cases",
    ),
    "SampleChecked": (
        "评查案卷", "case of a sample checked",
        "评查样本 {sample} 的办件 {case_no}（{source}）：{result}",
        "checked case {case_no} of {source} in sample {sample}: {result}",
    ),
    "LogVerified": (
        "核验日志", "log verified",
        "核验日志至第 {position} 条（已封存 {sealed} 条），发现 {findings} 项",
        "verified the log up to {position} (sealed: {sealed}), findings: {findings}",
    ),
    "AuditRead": ("查看审计", "trail read", "查看审计记录“{book}”", "read the trail: {book}"),
    # keys
    "KeyIssued": (
        "发放密钥", "key given",
        "向 {source} 发放密钥 {id}，部门：{departments}，事实种类：{kinds}，到期：{expires_at}",
        "{source} got key {id}; departments: {departments}; kinds: {kinds}; end: {expires_at}",
    ),
    "KeyExpirySet": (
        "密钥到期变更", "key's end set",
        "{source} 的密钥 {id} 可用至 {expires_at}", "key {id} of {source} opens until {expires_at}",
    ),
    "KeyRevoked": (
        "收回密钥", "key revoked", "收回 {source} 的密钥 {id}", "key {id} of {source} was revoked",
    ),
    # the system
    "IncidentRecorded": (
        "异常", "incident", "异常：{kind}", "incident: {kind}",
    ),
    "ClockConfirmed": (
        "确认时钟", "clock confirmed",
        "时钟跳变后确认：{before} 之后为 {after}", "clock confirmed: {after} after {before}",
    ),
    "ProgramBegan": (
        "程序变更", "program changed",
        "自此由程序 {version} 判定", "from here on program {version} judges",
    ),
    "TextErased": (
        "销毁个人信息", "personal data erased",
        "销毁办件 {case_no}（{source}）的个人信息和意见原文",
        "personal data and free text of case {case_no} of {source} were destroyed",
    ),
    # alerts
    "ContactSet": (
        "设置接收人", "contact set",
        "告知 {person}，层级 {rung}，部门：{departments}，事项：{items}，方式：{channels}",
        "{person} is told at rung {rung}; departments: {departments}; items: {items}: {channels}",
    ),
    "ContactRemoved": (
        "移除接收人", "contact removed",
        "不再告知 {person}，其地址已销毁", "{person} is told no more; the addresses are destroyed",
    ),
    "TestAsked": (
        "测试告知", "test asked",
        "要求向 {person} 发送测试消息", "a test message to {person} was asked for",
    ),
    "SilenceSet": (
        "设置静默", "silenced",
        "静默 {silence} 至 {until}，理由：{reason}", "{silence} until {until}, reason: {reason}",
    ),
    "SilenceLifted": (
        "解除静默", "silence lifted", "解除静默 {silence}", "silence {silence} was lifted",
    ),
    "TemplateSet": (
        "设置模板", "template set",
        "{kind}的模板（{channel}，{lang}）", "template of {kind}, {channel}, {lang}",
    ),
    "AlertPolicySet": (
        "设置告知规则", "policy set", "告知规则 {version}", "rules of alerts: {version}",
    ),
}  # fmt: skip
"""Every event: its short name and its sentence, Chinese and English each."""

FIELDS: Pairs = {
    "applicant_ref": ("申请人关联一并销毁", "and what links the applicant"),
    "after": ("取代密钥", "in the place of"),
    "basis": ("依据", "basis"),
    "case_no": ("办件编号", "case"),
    "department": ("部门", "department"),
    "detail": ("说明", "detail"),
    "digest": ("摘要", "digest"),
    "form": ("格式", "form"),
    "id": ("编号", "id"),
    "name": ("姓名", "name"),
    "note": ("备注", "note"),
    "of": ("涉及", "of"),
    "reason": ("理由", "reason"),
    "scope": ("范围", "over"),
    "session": ("会话", "session"),
    "signed": ("须签名", "signs requests"),
    "source": ("来源系统", "source"),
    "subject": ("统一身份认证标识", "subject"),
    "temporary": ("首次密码，登录后须更换", "a first one, to be changed"),
    "texts": ("含个人信息和意见原文", "with personal data and free text"),
    "value": ("条件", "value"),
    "why": ("原因", "why"),
    "how": ("方式", "by"),
    "position": ("日志位置", "position of the log"),
    # of samples, verifications, programs
    "criteria": ("条件", "criteria"),
    "cases": ("样本办件", "cases"),
    "defects": ("问题", "defects"),
    "root": ("根摘要", "root"),
    "program": ("程序摘要", "digest of the program"),
    # of alerts
    "item": ("事项", "item"),
    "lang": ("语言", "language"),
    "operator": ("通道中断时通知", "told when a channel is down"),
    "quiet_red": ("免打扰时段内红牌也不打扰", "quiet hours hold for red cards"),
    "rule": ("规则", "rule"),
    "severity": ("级别", "severity"),
    "body": ("正文", "text"),
    "html": ("HTML", "HTML"),
    "waits": ("逐级等待", "waits"),
    "group_wait": ("首条消息等待秒数", "first message waits, seconds"),
    "group_interval": ("归并间隔秒数", "interval of a group, seconds"),
    "group_burst": ("每间隔消息数", "messages in an interval"),
    "all_channels": ("同时用全部方式", "by all channels"),
    "quiet": ("告知时段", "hours"),
    "awake": ("不受时段限制", "told at any hour"),
    "digest_at": ("每日汇总时刻", "digest at"),
    "link_hours": ("链接有效小时数", "a link's hours"),
    "tries": ("发送次数", "tries"),
    "retry_first": ("首次重发间隔秒数", "first retry, seconds"),
    "retry_most": ("最长重发间隔秒数", "retries at most apart, seconds"),
    "most_cards": ("列出的牌数", "cards named"),
    "ContactSet.digest": ("接收每日汇总", "gets the daily digest"),
    "TemplateSet.subject": ("标题", "subject"),
}
"""Fields that no sentence names; those that an event means otherwise, with its name before."""

WHY: Pairs = {
    "password": ("密码", "password"),
    "code": ("验证码", "code"),
    "locked": ("账号已锁定", "locked"),
    "subject": ("没有对应的人员", "nobody of that subject"),
    "link": ("链接无效", "the link"),
    "kiosk": ("终端无效", "the kiosk"),
    "factor": ("变更第二因素", "second factor"),
    "console": ("由主机控制台", "by the console"),
    "too many": ("次数过多", "too many tries"),
    "no session": ("未登录", "not signed in"),
    "no right": ("没有权限：{right}", "no right to {right}"),
    "foreign site": ("来自其他网站", "from another site"),
    "foreign origin": ("来源不符", "foreign origin"),
    "csrf": ("缺少防伪令牌", "no token"),
    "form": ("表单过大", "form too large"),
    "disabled": ("账号已停用", "disabled"),
    "role": ("权限变更", "rights changed"),
    "no rule": ("没有这个地址", "no such address"),
    "message": ("报文无法识别", "a message that makes no sense"),
    "another department": ("属于其他部门", "another department's"),
    "no key": ("没有密钥", "no key"),
    "unknown key": ("密钥不存在", "unknown key"),
    "expired key": ("密钥已到期", "expired key"),
    "revoked key": ("密钥已收回", "revoked key"),
    "plain key": ("须签名报送", "must be signed"),
    "signing secret sent": ("直接发送了签名密钥", "the signing secret was sent"),
    "bad signature": ("签名不符", "wrong signature"),
    "replayed signature": ("签名重复使用", "signature used before"),
    "clock": ("时间相差过大", "time too far off"),
    "rights": ("超出密钥权限", "beyond the key's rights"),
}
"""Why something was refused or ended."""

KINDS: Pairs = {
    "district": ("区划", "district"),
    "department": ("部门", "department"),
    "same_id_other_content": ("同一编号报来不同内容", "the same id with other content"),
    "card_conflict": ("发牌记录冲突", "cards in conflict"),
    "card": ("发牌告知", "messages of cards"),
    "digest": ("每日汇总", "the daily digest"),
    "silence_ended": ("静默结束", "the end of a silence"),
    "gateway_down": ("通道中断", "a channel that is down"),
    "gateway_up": ("通道恢复", "a channel that is up again"),
    "test": ("测试消息", "test messages"),
}
"""Kinds of units, of incidents and of messages."""

LOOKS: Pairs = {
    "page": ("办件页", "the case's page"),
    "history": ("时间线", "the time line"),
    "card": ("监察牌页", "a card's page"),
    "api": ("接口", "the API"),
    "command": ("命令行", "a command"),
}
"""How a case was looked at."""

CHANNELS: Pairs = {
    "mail": ("邮件", "e-mail"),
    "sms": ("短信", "SMS"),
    "chat": ("群消息", "chat"),
}
LANGS: Pairs = {"zh": ("中文", "Chinese"), "en": ("英文", "English")}

PLACES: Pairs = {"": ("最上级", "the top")}
"""What a unit hangs under, beside other units."""

THINGS: Pairs = {
    "trail": ("审计记录", "the audit trail"),
    "sample": ("案卷抽查样本", "a sample of cases"),
    "event_log": ("过程挖掘事件日志", "an event log for process mining"),
    "paper_notice": ("监察牌通知书", "the notice of a card"),
    "paper_order": ("督办通知书", "a supervision order"),
    "paper_closing": ("销号单", "the closing form of a card"),
}
"""What is exported, beside lists of cases."""

BOOK_WORDS: Pairs = {
    "access": ("登录与访问", "sign-ins and access"),
    "people": ("人员与权限", "people and rights"),
    "samples": ("案卷抽查", "samples of cases"),
    "keys": ("密钥", "keys"),
    "system": ("系统", "system"),
    "alerts": ("告知设置", "alerts"),
}
"""The trail's books."""

FACTOR: Pairs = {"0": ("已解除", "dropped"), "n": ("启用第 {n} 个", "number {n} in use")}
"""The second factor in use."""
