"""What verifying the log can find: a closed set, each with where, what it means and what to do."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from msgspec import Struct

from supervision.facts import Instant
from supervision.store.stored import Stored


class Kind(StrEnum):
    """What was found."""

    EVENT_CHANGED = "event_changed"
    EVENT_REMOVED = "event_removed"
    EVENT_INSERTED = "event_inserted"
    EVENTS_SWAPPED = "events_swapped"
    TAIL_CUT = "tail_cut"
    RESTORED_FROM_OLDER = "restored_from_older"
    EVENTS_UNPROVED = "events_unproved"
    TIME_WENT_BACK = "time_went_back"
    POSITION_GAP = "position_gap"
    VERSION_GAP = "version_gap"
    TOO_NEW = "too_new"
    UNREADABLE = "unreadable"
    STORE_UNREADABLE = "store_unreadable"
    GUARD_MISSING = "guard_missing"
    TABLE_DIFFERS = "table_differs"
    FORM_CHANGED = "form_changed"
    NO_PLACE = "no_place"
    LEAVES_CHANGED = "leaves_changed"
    CHECKPOINT_FORGED = "checkpoint_forged"
    CHECKPOINT_UNREADABLE = "checkpoint_unreadable"
    CHECKPOINT_OF_ANOTHER_LOG = "checkpoint_of_another_log"
    CHECKPOINTS_DISAGREE = "checkpoints_disagree"
    CHECKPOINT_MISSING = "checkpoint_missing"


class Says(NamedTuple):
    """A finding in words, Chinese and English: what it is (a template), what is to be done."""

    zh: str
    en: str
    do_zh: str
    do_en: str


KEEP = (
    "停止写入，保全数据库和封存文件的副本，报告监察和审计；由此前的备份比对后恢复",
    (
        "stop writing, keep copies of the database and of the seals, tell supervision and audit; "
        "restore after comparing with a backup from before"
    ),
)
WORDS: dict[Kind, Says] = {
    Kind.EVENT_CHANGED: Says(
        "第 {where} 条事件被改动", "event {where} was changed", *KEEP
    ),
    Kind.EVENT_REMOVED: Says(
        "第 {where} 条事件被删除", "event {where} was removed", *KEEP
    ),
    Kind.EVENT_INSERTED: Says(
        "第 {where} 条事件是后来插入的", "event {where} was inserted afterwards", *KEEP
    ),
    Kind.EVENTS_SWAPPED: Says(
        "第 {position} 条与第 {other} 条事件被对调", "events {position} and {other} were swapped",
        *KEEP,
    ),
    Kind.TAIL_CUT: Says(
        "日志尾部被截断：缺第 {where} 条", "the tail was cut off: {where} missing", *KEEP
    ),
    Kind.RESTORED_FROM_OLDER: Says(
        "日志在第 {position} 条之后与封存的不同：曾截断于此（如由较早的副本恢复），之后另行记录",
        (
            "behind event {position} the log is another: it was cut off there (as by restoring an "
            "older copy) and went on differently"
        ),
        *KEEP,
    ),
    Kind.EVENTS_UNPROVED: Says(
        "检查点 {other} 与 {upto} 之间（第 {position}–{upto} 条）的事件与封存不符；{detail}",
        (
            "between the checkpoints of {other} and {upto} (events {position}-{upto}) the log is "
            "not what was sealed; {detail}"
        ),
        *KEEP,
    ),
    Kind.TIME_WENT_BACK: Says(
        "第 {where} 条事件的记录时间早于前一条",
        "event {where} was recorded earlier than the one before it", *KEEP,
    ),
    Kind.POSITION_GAP: Says("缺少位置 {where}", "positions {where} are missing", *KEEP),
    Kind.VERSION_GAP: Says(
        "第 {where} 条事件在其流中不接前一版本",
        "event {where} does not follow on the version before it in its stream", *KEEP,
    ),
    Kind.TOO_NEW: Says(
        "第 {where} 条事件由更新的程序写入：{detail}",
        "event {where} was written by a newer program: {detail}",
        "不是篡改；升级本程序后重新核验", "no tampering; upgrade this program and verify again",
    ),
    Kind.UNREADABLE: Says(
        "第 {where} 条事件的内容无法读取：{detail}",
        "the content of event {where} cannot be read: {detail}", *KEEP,
    ),
    Kind.STORE_UNREADABLE: Says(
        "数据库自第 {position} 条起无法读取：{detail}",
        "the database cannot be read from position {position} on: {detail}",
        "检查磁盘和文件；由备份恢复后重新核验",
        "see to the disk and the file; restore a backup and verify again",
    ),
    Kind.GUARD_MISSING: Says(
        "数据库防改动的保护缺失：{detail}",
        "what keeps the database from being changed is gone: {detail}",
        "查明由谁移除；`supervise database prepare`（集群）或重启程序可恢复保护",
        (
            "find out who took it away; `supervise database prepare` (a cluster) or a start of "
            "the program puts it back"
        ),
    ),
    Kind.TABLE_DIFFERS: Says(
        "辅助表与日志不符（第 {position} 条）：{detail}",
        "a helper table does not agree with the log (event {position}): {detail}", *KEEP,
    ),
    Kind.FORM_CHANGED: Says(
        "数据库的结构不是本程序建立的样子：{detail}",
        "the database is not built as this program builds it: {detail}", *KEEP,
    ),
    Kind.NO_PLACE: Says(
        "日志表中有记录不在自己的位置上：{detail}",
        "the log's table holds what stands at no place of its own: {detail}", *KEEP,
    ),
    Kind.LEAVES_CHANGED: Says(
        "库外的摘要文件被改动（第 {where} 条）；日志本身与签名的检查点相符",
        (
            "the file of hashes outside the database was changed (at {where}); the log itself is "
            "what the signed checkpoint says"
        ),
        "查明由谁改动；从日志重建摘要文件，并与见证方的副本比对",
        "find out by whom; make the hashes anew from the log and compare with a witness's copy",
    ),
    Kind.CHECKPOINT_FORGED: Says(
        "检查点 {detail} 的签名无效或非本日志密钥所签",
        "checkpoint {detail} is not signed by the log's key, or was changed",
        "核对公钥；该检查点不予采信", "compare the public key; this checkpoint was not believed",
    ),
    Kind.CHECKPOINT_UNREADABLE: Says(
        "检查点 {detail} 无法读取", "checkpoint {detail} cannot be read",
        "由见证方的副本恢复该文件", "put the file back from a witness's copy",
    ),
    Kind.CHECKPOINT_OF_ANOTHER_LOG: Says(
        "检查点 {detail} 属于另一日志", "checkpoint {detail} is of another log",
        "检查封存目录是否用错", "see whether this is the right folder of seals",
    ),
    Kind.CHECKPOINTS_DISAGREE: Says(
        "两个有效签名的检查点互相矛盾（{position} 条与 {other} 条）：密钥曾为两段不同的历史签名",
        (
            "two signed checkpoints contradict each other (of {position} and {other} events): the "
            "key has signed two histories"
        ),
        *KEEP,
    ),
    Kind.CHECKPOINT_MISSING: Says(
        "最新的检查点被删除：他处存有 {position} 条的检查点，此处只到 {other} 条",
        (
            "the newest checkpoint is gone: elsewhere there is one of {position} events, here they "
            "end with {other}"
        ),
        *KEEP,
    ),
}  # fmt: skip
"""Each finding in words."""

LOCATED = frozenset((
    Kind.EVENT_CHANGED, Kind.EVENT_REMOVED, Kind.EVENT_INSERTED, Kind.EVENTS_SWAPPED,
    Kind.TAIL_CUT, Kind.RESTORED_FROM_OLDER, Kind.EVENTS_UNPROVED,
))  # fmt: skip
"""Found by comparing the log with what was sealed."""


class Finding(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something found.

    `position`: of the event, as it was sealed (of an inserted one: as it stands); of a cut log the
    last that is right. `upto`: the last position, where several stand together. `other`: the second
    of two. `stream`, `version`, `topic`, `recorded_at` (µs): what stands there now.
    """

    kind: Kind
    position: int = 0
    upto: int = 0
    other: int = 0
    stream: str = ""
    version: int = 0
    topic: str = ""
    recorded_at: Instant = 0
    detail: str = ""

    @property
    def where(self) -> str:
        """The position, or the first and the last."""
        return f"{self.position}–{self.upto}" if self.upto > self.position else str(self.position)

    def said(self, lang: str) -> str:
        """What it is, in a language (zh, en)."""
        words = WORDS[self.kind]
        return (words.en if lang == "en" else words.zh).format(
            where=self.where,
            position=self.position,
            upto=self.upto,
            other=self.other,
            detail=_half(self.detail, lang),
        )

    def to_do(self, lang: str) -> str:
        """What is to be done, in a language (zh, en)."""
        words = WORDS[self.kind]
        return words.do_en if lang == "en" else words.do_zh


BETWEEN = " | "
"""Between the two languages of a detail that has them."""


def _half(detail: str, lang: str) -> str:
    zh, parted, en = detail.partition(BETWEEN)
    return en if parted and lang == "en" else zh


def standing(kind: Kind, row: Stored, position: int, **more: int | str) -> Finding:
    """A finding about an event that stands in the log, with what it says there."""
    return Finding(
        kind=kind,
        position=position,
        stream=_text(row.stream),
        version=_whole(row.version),
        topic=_text(row.topic),
        recorded_at=_whole(row.recorded_at),
        **more,  # type: ignore[arg-type]
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ascii(value)


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
