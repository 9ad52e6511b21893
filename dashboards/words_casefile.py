"""The words of the case file (卷宗), Chinese and English: of its page and of its PDF."""

from __future__ import annotations

Pairs = dict[str, tuple[str, str]]

WORDS: Pairs = {
    "casefile_title": ("取卷", "Take the case file"),
    "casefile_link": ("取卷", "Case file"),
    "casefile_lead": (
        "一个压缩包：PDF 供阅读，JSON 供核验，XES 与 OCEL 供流程挖掘，附签名清单。取卷会留下记录。",
        (
            "An archive: a PDF to read, JSON to check, XES and OCEL for process mining, and a "
            "signed manifest. Taking it is recorded."
        ),
    ),
    "casefile_take": ("取卷", "Take it"),
    "casefile_texts": (
        "包括个人信息与自由文本（须说明理由，并留下记录）",
        "With personal data and free text (say why; that is recorded)",
    ),
    "casefile_reason": ("理由（包括文本时必填）", "Why (needed with texts)"),
    "casefile_reason_wrong": (
        "请写明理由：4 至 500 个字，不含控制字符",
        "Say why: 4 to 500 characters, no control characters",
    ),
    "casefile_no_texts": (
        "你没有查看此办件个人信息与自由文本的权限；卷宗中它们被遮蔽。",
        "You may not see this case's personal data and free text; in the file they are masked.",
    ),
    "casefile_sealed": (
        "日志已封存至第 {size} 条事件；本办件的最近一条是第 {last} 条。",
        "The log is sealed up to event {size}; this case's last is {last}.",
    ),
    "casefile_younger": (
        "之后的事件尚未封存：卷宗会注明，且不称其已获证明。",
        "Later events are not sealed yet: the file says so, and does not call them proved.",
    ),
    "casefile_unsealed": (
        "日志尚无检查点：卷宗中没有一条事件获得证明，卷宗会注明。",
        "The log has no checkpoint yet: the file proves none of its events, and says so.",
    ),
    "casefile_key": (
        "核验所用公钥（请另行告知收卷人，不要只凭卷宗所载）",
        "The public key to check with (tell the recipient by another way than the file itself)",
    ),
    "casefile_back": ("返回办件", "Back to the case"),
    "casefile_failed": ("现在不能取卷", "The case file cannot be made now"),
    # its PDF
    "pdf_title": ("卷宗", "Case file"),
    "pdf_events": ("事件", "Events"),
    "pdf_materials": ("材料", "Materials"),
    "pdf_clocks": ("时限逐日计算", "Clocks, day by day"),
    "pdf_cards": ("监察牌", "Cards"),
    "pdf_messages": ("告知", "Who was told"),
    "pdf_findings": ("数据错误", "Data errors"),
    "pdf_lists": ("所依据的清单", "Lists it was judged by"),
    "pdf_proof": ("证明", "Proof"),
    "pdf_none": ("（无）", "(none)"),
}
MATERIAL_STATES: Pairs = {
    "given": ("已收", "given"),
    "missing": ("待补正", "missing"),
    "supplemented": ("已补正", "supplemented"),
}
TEXT_STATES: Pairs = {
    "masked": ("已遮蔽", "masked"),
    "erased": ("已销毁或未保存", "erased, or never kept"),
}
DECISIONS: Pairs = {
    "told": ("告知", "told"),
    "not_told": ("未告知", "not told"),
    "waits": ("暂缓", "waits"),
}
WITHHELD: Pairs = {
    "other_cases": (
        "原文从略：消息同时涉及其他办件",
        "bytes withheld: the message speaks of other cases too",
    ),
    "link_open": (
        "原文从略：消息中的签收链接仍然有效",
        "bytes withheld: the message holds a link that is still good",
    ),
}
