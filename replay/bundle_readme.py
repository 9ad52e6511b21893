"""README.txt of a bundle: what is in it, how it is checked, what that proves and what not."""

from __future__ import annotations

from .casefile import CaseFile

TEXT = """\
卷宗  {case_no}  {item_name}  {department}
来源系统 {source}，截至 {as_of}，日志“{origin}”

一、文件
case.pdf        供阅读
case.json       供核验：每条事件的原文、存在证明、检查点
case.xes        流程挖掘（XES 1849-2016）
case.ocel.json  流程挖掘（OCEL 2.0）
manifest.txt    各文件的 SHA-256 摘要，由日志密钥签名

二、怎样核验
在任何装有 Python 3.9 以上的机器上，用核验程序 check_case_file.py（一个文件，只用标准库）：

    python3 -I -S check_case_file.py FILE.zip --key 公钥

公钥请从本卷宗以外取得（例如向监察机关索取，或见其公布处）。本卷宗里所记的公钥只能说明是谁签的，
不能证明签名人就是监察机关。退出码：0 属实；1 有问题；2 无法读取；3 未获证明。

三、证明了什么
1. 各文件自签名后未被改动。
2. 每条事件按其原文在日志的那个位置上，日志当时由检查点签名封存。
3. 本办件自己的各事件流从第一条起没有缺号。
四、没有证明什么
1. 在日志的树里、由此获得证明的，只有每条事件的“原文”（case.json 里的 envelope）及其位置。
   以下各项是系统写入、随文件一并签名的，即“签名人如此说”，树并不证明：
   事项、部门、办件状态、灯、各事件的人名与说明、所列出的个人信息与自由文本（原文里只有密文或其名称）；
   期限、材料等由事件推算的各表（可由原系统依同样的事件重新推算）；告知后来的结果；
   case.pdf、case.xes、case.ocel.json 全部内容。
   牌与告知由核验程序与其事件逐条双向核对；XES、OCEL 和 PDF 有疑问时以 case.json 的原文为准。
2. 部门报送的内容是否真实。
3. 取卷之后本办件是否又有新的事件；各事件流之末是否还有事件，以签名时所列版本为准；
   整个没有列入的事件流，从本卷宗看不出来，请在原系统用 supervise verify 核验日志后重新取卷。
4. 时间戳（若有）在 case.json 的 proof.stamps，盖在检查点的正文上（签名之前，含末尾换行）；
   核验程序只报其数，请用 openssl ts -verify -token_in -in token.der -data 正文 -CAfile 根证书。
{unsealed_zh}{texts_zh}
================================================================================

Case file  {case_no}  {item_name}  {department}
of the source system {source}, as of {as_of}, log "{origin}"

1. Files
case.pdf        to read
case.json       to check: each event's exact bytes, its inclusion proof, the checkpoint
case.xes        for process mining (XES 1849-2016)
case.ocel.json  for process mining (OCEL 2.0)
manifest.txt    the SHA-256 of each file, signed by the log's key

2. How to check it
On any machine with Python 3.9 or later, with check_case_file.py (one file, the standard library
alone):

    python3 -I -S check_case_file.py FILE.zip --key VKEY

Have the key from elsewhere than this file: from the supervisors, or where they publish it. The one
named in here says who signed, not that the signer is who it claims to be.
Exit code: 0 true, 1 findings, 2 unreadable, 3 not proved.

3. What that proves
- No file was changed since it was signed.
- Each event stands with these very bytes at its position of the log, which a checkpoint sealed.
- The case's own streams have no event missing from their first on.
4. What it does not prove
- What stands in the tree, and so is proved, is each event's envelope in case.json and its position.
  All of this is written by the system and signed with the file: the signer says so, no tree proves
  it: item, department, status and light of the case; names and descriptions of events; personal
  data and free text that are shown (an envelope holds them enciphered, or only their names);
  deadlines, materials and other tables worked out from the events (the system works them out again
  from the same events); what became of messages; the whole of case.pdf, case.xes, case.ocel.json.
  Cards, and who was told of them, are checked against their events both ways; where PDF, XES or
  OCEL are in doubt, the envelopes in case.json are what counts.
- Whether what the department reported is true.
- Whether the case had further events later; where its streams ended is as was listed and signed. A
  stream that is not listed at all cannot be missed here: have the log verified where it is
  (supervise verify) and the file taken again.
- Time stamps, if any, stand in case.json as proof.stamps, over the checkpoint's text (what comes
  before its signatures, with the line break at its end). The program only counts them; check them
  with: openssl ts -verify -token_in -in token.der -data text -CAfile roots.pem
{unsealed_en}{texts_en}"""


def readme(file: CaseFile) -> str:
    """The text, Chinese first."""
    unsealed = ", ".join(map(str, file.unsealed))
    some_zh = f"\n尚未封存、未获证明的事件（位置）：{unsealed}\n" if unsealed else ""
    some_en = f"\nEvents not yet sealed, and so not proved, at: {unsealed}\n" if unsealed else ""
    if not file.proof.checkpoint:
        some_zh = "\n取卷时日志尚无检查点：没有一条事件获得证明。\n"
        some_en = "\nThe log had no checkpoint yet: none of its events is proved.\n"
    texts_zh = (
        "\n个人信息与自由文本：已列出，请依法保管。\n"
        if file.texts
        else "\n个人信息与自由文本：已遮蔽。\n"
    )
    texts_en = (
        "\nPersonal data and free text are shown: keep it as the law demands.\n"
        if file.texts
        else "\nPersonal data and free text are masked.\n"
    )
    return TEXT.format(
        source=file.source,
        case_no=file.case_no,
        item_name=file.item_name,
        department=file.department,
        as_of=file.as_of,
        origin=file.origin,
        unsealed_zh=some_zh,
        unsealed_en=some_en,
        texts_zh=texts_zh,
        texts_en=texts_en,
    )
