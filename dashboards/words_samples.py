"""The words of samples (案卷抽查): their criteria, results and defects, and their page."""

from __future__ import annotations

Pairs = dict[str, tuple[str, str]]

CRITERIA: Pairs = {
    "department": ("部门", "department"),
    "item": ("事项编码", "item"),
    "severity": ("曾发牌", "card ever issued"),
    "state": ("状态", "state"),
    "from": ("收件自", "received from"),
    "to": ("收件至", "received to"),
    "late": ("有补录", "with late entry"),
}
"""By what a population is chosen."""

STATES: Pairs = {"open": ("在办", "open"), "concluded": ("办结", "concluded")}

YES: Pairs = {"yes": ("是", "yes")}

SEVERITIES: Pairs = {
    "red": ("红牌", "red card"),
    "yellow": ("黄牌", "yellow card"),
    "reminder": ("预警", "reminder"),
}

RESULTS: Pairs = {
    "good": ("合格", "good"),
    "fair": ("基本合格", "fair"),
    "bad": ("不合格", "bad"),
}

DEFECTS: Pairs = {
    "missing_materials": ("材料不全", "materials missing"),
    "missing_notice": ("告知缺失", "notice not given"),
    "missing_procedure": ("程序缺失", "step of the procedure missing"),
    "improper_pause": ("特别程序不当", "improper special procedure"),
    "beyond_authority": ("越权办理", "done without authority"),
    "irregular_document": ("文书不规范", "irregular document"),
    "late_entry": ("补录", "late entry"),
    "unexplained_overdue": ("超期未说明", "overdue, not explained"),
}

SHAPES = {"good": "✓", "fair": "◇", "bad": "✕"}
"""A shape for each result."""

LOOKED: Pairs = {
    "page": ("办件页", "page"),
    "history": ("时间线", "time line"),
    "card": ("监察牌页", "card"),
    "api": ("接口", "API"),
    "command": ("命令行", "command"),
    "texts": ("个人信息和意见原文", "personal data"),
    "file": ("卷宗", "case file"),
}
"""How a case of a sample was looked at."""

WORDS: Pairs = {
    "samples": ("案卷抽查", "Samples of cases"),
    "samples_long": (
        (
            "按条件和种子随机抽取办件供评查。同一种子、同一日志位置，任何人都抽得同样的办件；"
            "抽取后谁看过哪一件、评查结果如何，都有记录。"
        ),
        (
            "Cases drawn at random by criteria and a seed, to be checked. The same seed at the "
            "same position of the log gives the same cases to anybody; who looked at which case "
            "since, and what was found, is on record."
        ),
    ),
    "sample_draw": ("抽取样本", "Draw a sample"),
    "sample_seed": ("种子", "Seed"),
    "sample_seed_hint": (
        "随机给出，可改为公开约定的种子，如当天的公开数字。",
        "Given at random; change it to one agreed in public, such as a published number.",
    ),
    "sample_n": ("件数", "Cases"),
    "sample_n_hint": ("1 至 {most} 件", "1 to {most}"),
    "sample_departments": ("部门（不选：范围内全部）", "Departments (none chosen: all in reach)"),
    "sample_item": ("事项编码", "Item code"),
    "sample_severity": ("曾发牌", "Card ever issued"),
    "sample_state": ("状态", "State"),
    "sample_from": ("收件自", "Received from"),
    "sample_to": ("收件至", "Received to"),
    "sample_late": ("只要有补录的", "Only those with late entry"),
    "sample_any": ("不限", "any"),
    "samples_list": ("已抽样本", "Samples drawn"),
    "samples_first": ("首页", "First"),
    "samples_none": ("还没有您可以查看的样本。", "There is no sample that you may see yet."),
    "sample": ("样本 {sample}", "Sample {sample}"),
    "sample_no": ("样本", "Sample"),
    "sample_at": ("抽取时刻", "Drawn at"),
    "sample_by": ("抽取人", "Drawn by"),
    "sample_criteria": ("条件", "Criteria"),
    "sample_all": ("全部办件", "all cases"),
    "sample_of": ("抽取 / 总体", "Drawn / population"),
    "sample_position": ("日志位置", "Position of the log"),
    "sample_checked": ("已评查", "Checked"),
    "sample_looked": ("已查看", "Looked at"),
    "sample_drawn": ("已抽取样本 {sample}。", "Sample {sample} was drawn."),
    "sample_took_all": (
        "要求 {n} 件，符合条件的只有 {population} 件，已全部抽取。",
        "{n} were asked for; only {population} meet the criteria, and all of them were taken.",
    ),
    "sample_again": (
        (
            "重新抽取：取日志第 {position} 条及以前符合条件的全部办件，各算 SHA-256（种子、零字节、"
            "来源系统、零字节、办件编号，UTF-8），取最小的 {n} 件，从小到大排列。"
        ),
        (
            "To draw it again: of all cases that meet the criteria by the log up to position "
            "{position}, take SHA-256 of seed, zero byte, source, zero byte, case number (UTF-8), "
            "and of these the {n} lowest, the lowest first."
        ),
    ),
    "sample_totals": ("按部门汇总", "By department"),
    "sample_total": ("合计", "All"),
    "sample_cases": ("样本办件", "Cases of the sample"),
    "sample_number": ("序号", "No."),
    "sample_case": ("办件", "Case"),
    "sample_now": ("现况", "Now"),
    "sample_received": ("收件", "Received"),
    "sample_looks": ("抽取后谁看过", "Looked at since"),
    "sample_not_looked": ("未查看", "not yet"),
    "sample_result": ("评查", "Finding"),
    "sample_not_checked": ("未评查", "not checked"),
    "sample_check": ("评查", "Check"),
    "sample_check_again": ("重新评查", "Check again"),
    "sample_check_of": ("评查办件 {case_no}", "Check case {case_no}"),
    "sample_defects": ("问题（合格时不选）", "Defects (none where it is good)"),
    "sample_record": ("记录评查结果", "Record the finding"),
    "sample_recorded": (
        "已记录办件 {case_no} 的评查结果。",
        "The finding on {case_no} is recorded.",
    ),
    "sample_page": ("办件页", "Case"),
    "sample_history": ("时间线", "Time line"),
    "sample_file": ("卷宗", "Case file"),
    "sample_csv": ("下载 CSV", "Take as CSV"),
    "sample_print": ("打印版", "To print"),
    "sample_screen": ("返回样本", "Back to the sample"),
    "sample_back": ("返回样本", "Back to the sample"),
    "sample_department": ("部门", "Department"),
    "sample_item_name": ("事项", "Item"),
    "sample_source": ("来源系统", "Source"),
    "sample_severities": ("曾发牌", "Cards"),
    "sample_late_entry": ("补录", "late entry"),
    "sample_left_out": (
        "有 {n} 件现属您范围以外的部门或已作废，未列出。",
        "{n} now belong to departments out of your reach, or are void: not listed.",
    ),
    "sample_signature": ("评查人签名", "Signature"),
    "sample_day": ("日期", "Date"),
    "sample_checked_by": ("评查人", "Checked by"),
    "sample_checked_at": ("评查时刻", "Checked at"),
    "drawing": ("正在抽取样本", "Drawing the sample"),
    "drawing_far": (
        "已查看 {n} 件办件，共 {total} 件。本页会自动刷新，可以离开后再回来。",
        "{n} of {total} cases looked through. This page renews itself; leave and come back.",
    ),
    "drawing_yours": ("您的一次抽取正在进行", "A sample of yours is being drawn"),
    "drawing_cancel": ("取消抽取", "Cancel the drawing"),
    "drawing_waits": (
        "前面还有别的抽取，请稍候；本页会自动刷新。",
        "Another sample is being drawn first; this page renews itself.",
    ),
    "drawing_gone": (
        "没有这次抽取，或系统已重新启动。请到样本列表查看是否已抽取。",
        (
            "There is no such drawing, or the system was restarted. See in the list whether it is "
            "there."
        ),
    ),
    "sample_outside": (
        "所选部门不在您的范围内",
        "a chosen department is out of your reach",
    ),
    "sample_refused": ("不能办理", "This cannot be done"),
    "severity_red": SEVERITIES["red"],
    "severity_yellow": SEVERITIES["yellow"],
    "severity_reminder": SEVERITIES["reminder"],
    "state_open": STATES["open"],
    "state_concluded": STATES["concluded"],
}
