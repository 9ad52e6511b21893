"""The words of the page that verifies the log, Chinese and English, in one place."""

from __future__ import annotations

from .words_offices import WORDS as OFFICE_WORDS

Pairs = dict[str, tuple[str, str]]

WORDS: Pairs = {
    **OFFICE_WORDS,
    "verify": ("日志核验", "Verify the log"),
    "verify_long": (
        "把日志逐条与库外封存的摘要和签名的检查点比对：哪一条被改动、删除、插入、对调或截断，指明位置。",
        (
            "Holds every event against the hashes and signed checkpoints kept outside the "
            "database, and names which was changed, removed, inserted, swapped or cut off."
        ),
    ),
    "seals_state": ("封存状态", "Seals"),
    "seals_none": (
        "尚无签名的检查点：没有可比对的封存，日志未能证明",
        "There is no signed checkpoint yet: nothing to compare with, the log is not proved",
    ),
    "seals_broken": ("告警：{why}", "Alarm: {why}"),
    "seal_newest": ("最新检查点", "Newest checkpoint"),
    "seal_size": ("{n} 条", "{n} events"),
    "seal_recorded": ("末条记录于", "Last event recorded"),
    "seal_root": ("根", "Root"),
    "seal_signed": ("签名", "Signature"),
    "seal_good": ("有效", "holds"),
    "seal_bad": ("无效", "does not hold"),
    "seal_witnesses": ("见证", "Witnesses"),
    "seal_stamp": ("时间戳", "Time stamp"),
    "seal_stamp_on": ("有", "present"),
    "seal_none": ("无", "none"),
    "seal_behind": ("尚未封存", "Not sealed yet"),
    "seal_behind_n": ("{n} 条", "{n} events"),
    "log_down": (
        "数据库暂时没有应答，请稍后再看",
        "The database does not answer just now: look again in a while",
    ),
    "log_unread": ("日志无法读取，情况不明", "Not known: the log cannot be read"),
    "seal_key": ("日志公钥（向外公布，供他人核对）", "The log's public key, to be published"),
    "seal_key_of_folder": (
        "公钥取自封存目录本身，只说明谁签的：请与公布的公钥核对，或用 supervise verify --key 指定",
        (
            "This key was taken from the folder of seals itself and only says who signed: compare "
            "it with the published one, or use supervise verify --key"
        ),
    ),
    "seal_take": ("下载最新检查点", "Take the newest checkpoint"),
    "verify_now": ("立即核验", "Verify now"),
    "verify_running": ("正在核验", "Verifying"),
    "phase_seals": ("核对检查点与摘要", "checkpoints and hashes"),
    "phase_log": ("逐条核对日志", "the log, event by event"),
    "phase_tables": ("核对辅助表", "helper tables"),
    "verify_rate": ("{rate} 条/秒，约剩 {left} 秒", "{rate} a second, about {left} s left"),
    "verify_by": ("{by} 于 {at} 开始", "begun by {by} at {at}"),
    "verdict": ("本次结论", "Verdict"),
    "verdict_proved": ("完好", "Proved"),
    "verdict_proved_long": (
        "日志第 1 至 {proved} 条与签名的封存一致",
        "events 1 to {proved} are what was sealed and signed",
    ),
    "verdict_findings": ("发现 {n} 项", "{n} findings"),
    "verdict_findings_long": (
        "为保全证据，本次核验未写入日志。可证明至第 {proved} 条",
        "So that nothing is covered up, this was not written into the log. Proved up to {proved}",
    ),
    "verdict_not_proved": ("未能证明", "Not proved"),
    "verdict_not_proved_long": (
        "没有可比对的签名封存，或未能比对到最新的封存",
        "there is no signed seal to compare with, or it was not compared up to the newest",
    ),
    "verify_failed": ("核验未完成：{why}", "Verifying came to nothing: {why}"),
    "finding_position": ("位置", "Position"),
    "finding_what": ("发现", "Finding"),
    "finding_now": ("现存内容", "What stands there"),
    "finding_do": ("处置", "What to do"),
    "findings_more": (
        "另有 {n} 项，见 supervise verify --json", "{n} more: supervise verify --json",
    ),
    "verified_before": ("历次核验", "Verified before"),
    "verified_never": ("尚未核验过", "Never yet"),
    "verified_at": ("时间", "When"),
    "verified_by": ("核验人", "By"),
    "verified_upto": ("日志至", "Log up to"),
    "verified_sealed": ("已证明至", "Proved up to"),
    "verified_findings": ("发现", "Findings"),
    "done_verifying": ("核验已开始", "Verifying has begun"),
    "verify_runs_already": (
        "已有一次核验正在进行", "A verification is running already",
    ),
}  # fmt: skip
