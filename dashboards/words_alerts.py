"""The words of the pages for alerts, Chinese and English, in one place."""

from __future__ import annotations

from .words_offices import WORDS as OFFICE_WORDS

Pairs = dict[str, tuple[str, str]]

WORDS: Pairs = {
    **OFFICE_WORDS,
    # in common
    "alerts_change": ("变更", "Change"),
    "alerts_remove": ("移除", "Remove"),
    "alerts_save": ("保存", "Save"),
    "alerts_all": ("全部", "all"),
    "alerts_by": ("设置人", "Set by"),
    "alerts_severity": ("级别", "Severity"),
    "alerts_any": ("不限", "any"),
    "severity_red": ("红牌", "red card"),
    "severity_yellow": ("黄牌", "yellow card"),
    "severity_reminder": ("预警", "reminder"),
    "channel_mail": ("邮件", "e-mail"),
    "channel_sms": ("短信", "SMS"),
    "channel_chat": ("群消息", "chat"),
    "rung_0": ("承办人", "handler"),
    "rung_1": ("科室负责人", "head of section"),
    "rung_2": ("分管领导", "deputy head"),
    "rung_3": ("纪检监察", "discipline inspection"),
    "kind_card": ("牌", "cards"),
    "kind_digest": ("每日汇总", "daily digest"),
    "kind_silence_ended": ("静默结束", "silence ended"),
    "kind_gateway_down": ("通道中断", "channel down"),
    "kind_gateway_up": ("通道恢复", "channel up"),
    "kind_test": ("测试", "test"),
    "lang_zh": ("中文", "Chinese"),
    "lang_en": ("英文", "English"),
    # contacts
    "contacts": ("接收人", "Contacts"),
    "contacts_long": (
        "谁接到哪些部门和事项的牌、在哪一层级、用什么方式。地址和号码加密保存，本页不显示。",
        (
            "Who is told of which departments' and items' cards, at which rung, and how. Addresses "
            "and numbers are kept encrypted and are not shown here."
        ),
    ),
    "contact_add": ("添加接收人", "Add a contact"),
    "contact_change": ("变更接收人 {person}", "Change {person}"),
    "contact_person": ("登录名", "Sign-in name"),
    "contact_person_hint": (
        "与登录名一致，签收时记入其名下",
        "As they sign in: what they acknowledge is on record under it",
    ),
    "contact_unknown": ("未登记", "no such user"),
    "contact_rung": ("层级", "Rung"),
    "contact_departments": ("部门", "Departments"),
    "contact_any_departments": ("所有部门", "All departments"),
    "contact_some_departments": ("下列部门", "These departments"),
    "contact_choose": (
        "请选择部门：选“所有部门”，或选“下列部门”并至少勾选一项",
        "Say of which departments: all, or some with at least one of them chosen",
    ),
    "contact_both": (
        "选了“所有部门”又勾选了部门：请二者取一",
        "Both all departments and some were chosen: choose one",
    ),
    "contact_items": ("事项编码", "Item codes"),
    "contact_items_hint": ("用空格分隔；留空为全部事项", "With spaces between; empty: all items"),
    "contact_channels": ("方式", "Channels"),
    "contact_channel_1": ("首选方式", "First channel"),
    "contact_channel_2": ("备用方式", "Second channel"),
    "contact_channel_3": ("第三方式", "Third channel"),
    "contact_none": ("不用", "none"),
    "contact_mail": ("电子邮箱", "E-mail address"),
    "contact_sms": ("手机号", "Mobile number"),
    "contact_chat": ("群机器人地址", "Address of the chat robot"),
    "contact_kept": ("已登记；留空则不变", "On record; empty: as it was"),
    "contact_lang": ("语言", "Language"),
    "contact_digest": ("接收每日汇总", "Gets the daily digest"),
    "contact_operator": ("通道中断时通知此人", "Is told when a channel is down"),
    "contact_quiet_red": ("免打扰时段内红牌也不打扰", "Quiet hours hold for red cards too"),
    "contact_digest_mark": ("汇总", "digest"),
    "contact_operator_mark": ("运维", "operator"),
    "contact_quiet_mark": ("红牌不打扰", "quiet for red"),
    "contact_test": ("发送测试", "Send a test"),
    "contacts_none": ("尚无接收人，任何人都不会接到告知", "Nobody is told of anything yet"),
    "done_contact_set": ("已保存接收人", "The contact was saved"),
    "done_contact_removed": (
        "已移除接收人，其地址已销毁",
        "The contact was removed, and the addresses destroyed",
    ),
    "done_contact_test": (
        "已要求发送测试消息；结果见“告知记录”",
        "A test message was asked for; see who was told for what becomes of it",
    ),
    # silences
    "silences": ("静默", "Silences"),
    "silences_long": (
        "静默期间，符合条件的牌不告知任何人，但照常发牌、计时；结束时自动通知。最长 90 天。",
        (
            "While one lasts nobody is told of the cards it is about; they are issued and "
            "their clocks run as ever. Its end is announced. At most 90 days."
        ),
    ),
    "silence_set": ("设置静默", "Silence"),
    "silence_reason": ("理由", "Why"),
    "silence_until": ("至", "Until"),
    "silence_from": ("自", "From"),
    "silence_until_hint": ("{zone} 时间", "Time in {zone}"),
    "silence_department": ("部门", "Department"),
    "silence_item": ("事项编码", "Item code"),
    "silence_rule": ("规则", "Rule"),
    "silence_source": ("来源系统", "Source system"),
    "silence_case": ("办件编号", "Case number"),
    "silence_about": ("范围", "About"),
    "silence_everything": ("全部牌（须明确勾选）", "All cards (say so)"),
    "silence_state": ("状态", "State"),
    "silence_running": ("静默中", "in force"),
    "silence_over": ("已结束", "over"),
    "silence_lift": ("解除", "Lift"),
    "silences_none": ("没有静默", "There is none"),
    "silence_not_yours": (
        "只能静默本人权限范围内的部门：请填写部门",
        "Only of departments within your reach: name one of them",
    ),
    "done_silence_set": ("已设置静默", "It is silenced"),
    "done_silence_lifted": ("已解除静默", "The silence was lifted"),
    # templates
    "templates": ("消息模板", "Templates"),
    "templates_long": (
        (
            "消息的文字。可用 Jinja 的 if 和 for（遍历 cards 或 figures）；不能使用的模板不会保存。"
            "短信不得含个人信息，模板中也没有个人信息可用。"
        ),
        (
            "The words of messages, in a small part of Jinja: if, and for over cards or figures. "
            "What does not render is not saved. There is no personal data to put into one."
        ),
    ),
    "template_kind": ("消息", "Message"),
    "template_product": ("产品自带", "the product's"),
    "template_edited": ("已编辑", "edited"),
    "template_edit": ("编辑", "Edit"),
    "template_subject": ("标题", "Subject"),
    "template_body": ("正文", "Text"),
    "template_html": ("HTML", "HTML"),
    "template_empty_hint": ("留空则用产品自带的", "Empty: the product's"),
    "template_preview": ("预览", "Preview"),
    "template_previewed": ("预览（示例数据）", "Preview, of invented cards"),
    "template_parts": ("{n} 条短信", "{n} SMS parts"),
    "template_source": ("HTML 源码", "HTML as written"),
    "template_reset": ("恢复产品自带的", "Use the product's again"),
    "template_fields": ("可用字段", "What a template may say"),
    "done_template_set": ("已保存模板", "The template was saved"),
    "done_template_reset": ("已恢复产品自带的模板", "The product's template is in use again"),
    # policy
    "policy": ("告知规则", "Policy"),
    "policy_long": (
        (
            "发牌后多久告知哪一层级，何时不打扰。有人签收、说明或申诉后即停止逐级告知；"
            "免打扰时段内积压的告知在时段结束后发出。"
        ),
        (
            "How long after a card's issue each rung is told, and when nobody is disturbed. Once "
            "somebody acknowledges, explains or appeals, no further rung is told; what came in "
            "quiet hours is told when they are over."
        ),
    ),
    "policy_version": ("现行规则：{version}", "In force: {version}"),
    "policy_waits": ("逐级等待", "Waits"),
    "policy_waits_hint": (
        "0wh 立即，4wh 四个工作小时，1wd 一个工作日，2nd 两个自然日；留空不告知该层级",
        (
            "0wh at once, 4wh four working hours, 1wd a working day, 2nd two natural days; "
            "empty: that rung is not told"
        ),
    ),
    "policy_quiet": ("告知时段", "Hours"),
    "policy_quiet_hint": (
        "工作日内的时段，例如 08:30-12:00 14:00-18:00；其余时间不打扰",
        "Of working days, such as 08:30-12:00 14:00-18:00; nobody is disturbed at other times",
    ),
    "policy_awake": ("不受时段限制", "Told at any hour"),
    "policy_all_channels": ("同时用全部方式", "Told by all channels"),
    "policy_digest_at": ("每日汇总时刻", "Daily digest at"),
    "policy_group_wait": ("首条消息等待（秒）", "First message of a group waits (seconds)"),
    "policy_group_interval": ("归并间隔（秒）", "Interval of a group (seconds)"),
    "policy_group_burst": ("每间隔至多消息数", "Messages in an interval, at most"),
    "policy_group_hint": (
        "同一接收人同一方式，间隔内超出的并入下一条",
        "To one person by one channel; what comes more is gathered into the next",
    ),
    "policy_link_hours": ("签收链接有效（小时）", "A link acknowledges for (hours)"),
    "policy_tries": ("最多发送次数", "Tries of a message"),
    "policy_retry_first": ("首次重发间隔（秒）", "First retry after (seconds)"),
    "policy_retry_most": ("最长重发间隔（秒）", "Retries at most apart (seconds)"),
    "policy_most_cards": ("一条消息列出的牌数", "Cards named in a message"),
    "policy_number": ("{name}：请填写数字", "{name}: a number, please"),
    "done_policy_set": (
        "已保存规则，对尚未告知的牌即时生效",
        "Saved; it holds for what is yet to be told",
    ),
    # messages
    "messages": ("告知记录", "Who was told"),
    "messages_long": (
        "每一条消息：发给谁、说了什么、网关如何答复。",
        "Every message: to whom, what it said, what its gateway answered.",
    ),
    "message_at": ("时间", "When"),
    "message_to": ("接收人", "To"),
    "message_channel": ("方式", "By"),
    "message_why": ("事由", "Why"),
    "message_what": ("内容", "What"),
    "message_cards": ("{n} 张牌", "{n} cards"),
    "message_state": ("状态", "State"),
    "message_gateway": ("网关", "Gateway"),
    "message_attempts": ("发送 {n} 次", "tried {n} times"),
    "message_parts": ("{n} 条", "{n} parts"),
    "message_again": ("{at} 再发", "again at {at}"),
    "message_shown": ("原文", "As it was said"),
    "messages_none": ("没有符合条件的消息", "No such messages"),
    "messages_any_state": ("所有状态", "any state"),
    "messages_any_channel": ("所有方式", "any channel"),
    "messages_older": ("更早的", "Older"),
    "messages_newest": ("回到最新", "Newest"),
    "messages_show": ("显示", "Show"),
    "messages_only": (
        "仅显示发给本人权限范围内部门接收人的消息",
        "Only messages to contacts of departments within your reach",
    ),
    "state_waiting": ("待发", "waiting"),
    "state_sending": ("发送中", "being sent"),
    "state_deferred": ("等待重发", "to be tried again"),
    "state_accepted": ("网关已收", "accepted"),
    "state_delivered": ("已送达", "delivered"),
    "state_failed": ("未送达", "failed"),
    "state_given_up": ("已放弃", "given up"),
    # the link
    "ack": ("签收", "Acknowledge"),
    "ack_asks": (
        "{person}，您将以本人名义签收下列牌。签收只表示知悉，说明或申诉请登录后办理。",
        (
            "{person}: you are about to acknowledge these cards in your name. That says only that "
            "you know of them; sign in to explain or appeal."
        ),
    ),
    "ack_go": ("签收以上 {n} 张牌", "Acknowledge these {n} cards"),
    "ack_none": ("这些牌都无须再签收。", "None of these cards waits to be acknowledged."),
    "ack_done": ("已签收 {n} 张牌。", "{n} cards were acknowledged."),
    "ack_card": ("牌", "Card"),
    "ack_case": ("办件", "Case"),
    "ack_answer_by": ("答复期限", "Answer by"),
    "ack_stands": ("状态", "Stands at"),
    "ack_now": ("本次签收", "acknowledged now"),
    "ack_over_title": ("不能签收", "Not to be acknowledged"),
    "ack_not_you": (
        "您已不是此消息的接收人，请登录后办理",
        "You are not told of these cards any more: sign in instead",
    ),
    "ack_too_many": (
        "操作过于频繁，请一分钟后再试",
        "Too many at once: try again in a minute",
    ),
}

SHAPES = {
    "waiting": "◇",
    "sending": "◇",
    "deferred": "◆",
    "accepted": "○",
    "delivered": "✓",
    "failed": "✕",
    "given_up": "✕",
}
"""A shape for each state of a message."""
MARKS = {"red": "▲", "yellow": "●", "reminder": "◆"}
