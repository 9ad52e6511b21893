"""Whether the log is what was sealed: events against leaves, leaves against signed checkpoints.

What was signed is believed, and nothing else: leaves are believed up to the largest checkpoint
whose root they give. Behind it, or without leaves, the log's own hashes are held against the
checkpoints' roots, and what differs is between two of them. Erasing texts touches no event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from enum import StrEnum

from msgspec import Struct

from supervision.errors import StoreBroken, StoreError
from supervision.store.fault import Fault

from .comparing import Comparing, Hashes
from .findings import BETWEEN, LOCATED, Finding, Kind
from .hashing import hashes
from .leaves import LeavesError
from .merkle import EMPTY, SIZE, Frontier
from .rows import BATCH, FIRST, Contents, Rows, Scan, Told
from .weighing import Sealed, Seals, disagree, weighed

SUSPECTS = 20
"""Positions that are named where it cannot be told which of two sides was changed."""

Progress = Callable[[str, int, int], object]
"""(what is being done: seals, log, tables; how much of it, of how much; 0: not known)."""


class Verdict(StrEnum):
    """What came of it."""

    PROVED = "proved"
    FINDINGS = "findings"
    NOT_PROVED = "not_proved"


class Verification(Struct, frozen=True, kw_only=True):
    """What verifying found.

    `position`: the log's last. `sealed`: how many events the largest checkpoint has; `proved`: up
    to where the log is what was signed; `root` (hex) of what is proved; `start`: how many events
    before were left out. `checkpoints`, `witnessed`: how many were good, how many of them some
    witness had signed. `untold`: findings beyond those told. `not_sealed`: the first position that
    no checkpoint has, 0 if each has. `unread`: why it could not be looked at to the end, as where a
    server did not answer; then it is to be verified again.
    """

    verdict: Verdict
    position: int
    sealed: int
    proved: int
    root: str
    start: int
    checkpoints: int
    witnessed: int
    not_sealed: int
    findings: tuple[Finding, ...]
    untold: int = 0
    unread: str = ""

    @property
    def count(self) -> int:
        """How many findings."""
        return len(self.findings) + self.untold


def verify(
    scan: Scan,
    seals: Seals,
    *,
    start: int = 0,
    tables: Callable[[], Iterable[Finding]] = tuple,
    progress: Progress = lambda *_: None,
) -> Verification:
    """Compare the whole log, or all behind the checkpoint of `start` events, with its seals.

    `tables` finds what else the database holds that does not agree with the log. Whatever is given
    here, it ends with a verdict: NOT_PROVED where the database did not answer and nothing was found
    before. LeavesError where the leaves cannot be read.
    """
    told = Told()
    good = weighed(seals, told)
    vouched = _vouched_for(seals.leaves, good, start, told, progress)
    rows = Rows(scan, start + 1 if start else FIRST, _telling(progress, good))
    proved, root = _log(rows, seals.leaves, good, start, vouched, told)
    _tell_missing(seals, good, told)
    found = [*told.found, *([rows.broken] if rows.broken else [])]
    unread = rows.unread
    if not rows.stopped:
        try:
            found.extend(tables())
        except StoreError as error:
            unread = str(error)
    order = _unexplained([*rows.order.found, *found], found)
    sealed = max((each.size for each in good), default=0)
    last = rows.last.position if rows.last else start
    untold = told.untold + rows.order.untold
    if not order and not untold and (rows.below or last < proved):
        order = [_moved_down(rows.below, last, proved)]
    clean = not order and not untold
    return Verification(
        verdict=_verdict(clean, bool(good) and not unread, proved, sealed, start),
        position=last,
        sealed=sealed,
        proved=proved,
        root=root.hex() if proved else "",
        start=start,
        checkpoints=len(good),
        witnessed=sum(bool(each.witnesses) for each in good),
        not_sealed=sealed + 1 if last > sealed else 0,
        findings=tuple(sorted(order, key=lambda each: (each.position, each.kind))),
        untold=untold,
        unread=unread,
    )


def _moved_down(below: int, last: int, proved: int) -> Finding:
    """All is what was sealed, but some of it stands where no follower reads it."""
    first, upto = (last + 1, proved) if last < proved else (1, below)
    return Finding(kind=Kind.POSITION_GAP, position=first, upto=upto)


def _verdict(clean: bool, whole: bool, proved: int, sealed: int, start: int) -> Verdict:
    if not clean:
        return Verdict.FINDINGS
    if not whole or proved < sealed or proved < start:
        return Verdict.NOT_PROVED
    return Verdict.PROVED


def _telling(progress: Progress, good: Sequence[Sealed]) -> Callable[[int], object]:
    total = max((each.size for each in good), default=0)
    return lambda count: progress("log", count, total)


# Leaves against checkpoints.


def _vouched_for(
    leaves: Hashes, good: Sequence[Sealed], start: int, told: Told, progress: Progress
) -> Frontier:
    """The right edge of the leaves that a signed checkpoint vouches for."""
    frontier, known = _begun(leaves, start), Frontier()
    agreed, others = -1, []
    for each in (each for each in good if each.size >= start):
        if frontier is None or not _grow(frontier, leaves, each.size, progress):
            break
        if frontier.root() == each.root:
            agreed, known = each.size, Frontier(each.size, frontier.peaks)
        else:
            others.append(each)
    for each in others:
        if each.size < agreed:
            told.add(disagree(each.size, agreed))
    return known


def _begun(leaves: Hashes, start: int) -> Frontier | None:
    if not start:
        return Frontier()
    with suppress(LeavesError):
        return leaves.frontier(start)
    return None


def _grow(frontier: Frontier, leaves: Hashes, size: int, progress: Progress) -> bool:
    """Push leaves up to a size; whether there are so many."""
    if leaves.size < size:
        return False
    while frontier.size < size:
        frontier.extend(leaves.read(frontier.size, min(BATCH, size - frontier.size)))
        progress("seals", frontier.size, leaves.size)
    return True


# The log.


def _log(
    rows: Rows, leaves: Hashes, good: Sequence[Sealed], start: int, vouched: Frontier, told: Told
) -> tuple[int, bytes]:
    """Walk the whole of it: up to where it is proved, and the root there."""
    before, trusted = len(told.found), vouched.size
    comparing = Comparing(rows, leaves, start, max(trusted, start), told)
    comparing.run()
    spoilt = _is_spoilt(told.found[before:]) or bool(rows.stopped)
    roots = {each.size: each.root for each in good}
    proved = _up_to(told.found[before:], rows.stopped, roots, trusted) if spoilt else trusted
    later = [each for each in good if each.size > trusted >= start]
    if later and not rows.stopped:
        reached = _by_roots(comparing, leaves, vouched, later, told)
        if not spoilt and reached > trusted:
            proved = reached
    contents = Contents(told)
    while batch := rows.batch():
        for row in batch:
            contents.look(row)
        rows.drop(len(batch))
    return proved, roots.get(proved, EMPTY)


def _up_to(found: Iterable[Finding], stopped: int, sizes: Iterable[int], trusted: int) -> int:
    """The largest checkpoint before the first thing that is not as it was."""
    firsts = [each.position + (each.kind is Kind.RESTORED_FROM_OLDER) for each in found]
    firsts += [stopped] if stopped else []
    return max((size for size in sizes if size < min(firsts) and size <= trusted), default=0)


def _is_spoilt(found: Iterable[Finding]) -> bool:
    return any(each.kind in LOCATED for each in found)


def _by_roots(
    comparing: Comparing, leaves: Hashes, frontier: Frontier, later: Sequence[Sealed], told: Told
) -> int:
    """The log's own hashes against the roots of checkpoints that the leaves do not give; up to
    where they do.
    """
    rows, reached = comparing.rows, frontier.size
    contents = Contents(told)
    for each in later:
        suspects: list[int] = []
        while (left := each.size - frontier.size) and (batch := rows.batch(min(BATCH, left))):
            for row in batch:
                contents.look(row)
            made = hashes(batch, frontier.size + 1, comparing.versions)
            suspects += _differing(made, leaves, frontier.size)
            frontier.extend(b"".join(made))
            rows.drop(len(batch))
        if frontier.size < each.size:
            if not rows.stopped:
                _tell_short(told, reached, frontier.size, later[-1].size)
            return reached
        if frontier.root() != each.root:
            _tell_unproved(told, reached, each.size, suspects)
            return reached
        for first, last in _runs(suspects):
            told.add(Finding(kind=Kind.LEAVES_CHANGED, position=first, upto=last))
        reached = each.size
    return reached


def _tell_missing(seals: Seals, good: Sequence[Sealed], told: Told) -> None:
    """Leaves that the folder's own checkpoints have, and the folder has not."""
    size = max((each.size for each in good if not each.copy), default=0)
    if seals.leaves.size < size:
        told.add(Finding(kind=Kind.LEAVES_CHANGED, position=seals.leaves.size + 1, upto=size))


def _tell_short(told: Told, reached: int, size: int, end: int) -> None:
    """The log ends before a checkpoint does."""
    told.add(Finding(kind=Kind.TAIL_CUT, position=size + 1, upto=end, other=reached))


def _tell_unproved(told: Told, reached: int, size: int, suspects: Sequence[int]) -> None:
    named = ", ".join(map(str, suspects[:SUSPECTS]))
    more = " …" if len(suspects) > SUSPECTS else ""
    if named:
        detail = f"可疑位置：{named}{more}{BETWEEN}positions in doubt: {named}{more}"
    else:
        detail = f"库外摘要缺失或一并被改{BETWEEN}the hashes outside are gone or changed with it"
    told.add(
        Finding(
            kind=Kind.EVENTS_UNPROVED, position=reached + 1, upto=size, other=reached, detail=detail
        )
    )


def _differing(made: Sequence[bytes], leaves: Hashes, first: int) -> list[int]:
    """The positions whose leaf is there and another."""
    count = min(len(made), leaves.size - first)
    data = leaves.read(first, count) if count > 0 else b""
    return [
        first + n + 1 for n in range(max(count, 0)) if data[n * SIZE : (n + 1) * SIZE] != made[n]
    ]


def _runs(positions: Sequence[int]) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for at in positions:
        if found and found[-1][1] + 1 == at:
            found[-1] = found[-1][0], at
        else:
            found.append((at, at))
    return found


# What follows from what.


def _unexplained(found: Sequence[Finding], named: Sequence[Finding]) -> list[Finding]:
    """All but what only follows from what was named: the gap that a removed event leaves, the
    time that goes back from one that was changed, versions and tables that followed it, a content
    that cannot be read.
    """
    removed, touched = _removed(named), _touched(named)
    anything = _is_spoilt(named)

    def follows(each: Finding) -> bool:
        match each.kind:
            case Kind.POSITION_GAP:
                return any(a <= each.position and each.upto <= b for a, b in removed)
            case Kind.TIME_WENT_BACK:
                return bool(touched & {each.position - 1, each.position})
            case Kind.VERSION_GAP | Kind.TABLE_DIFFERS:
                return anything
            case Kind.UNREADABLE | Kind.TOO_NEW:
                return each.position in touched
        return False

    return [each for each in found if not follows(each)]


def _removed(named: Sequence[Finding]) -> list[tuple[int, int]]:
    kinds = (Kind.EVENT_REMOVED, Kind.TAIL_CUT)
    return [(each.position, each.upto) for each in named if each.kind in kinds]


def _touched(named: Sequence[Finding]) -> set[int]:
    found: set[int] = set()
    for each in named:
        if each.kind in LOCATED:
            found |= {each.position, each.other}
            if each.upto - each.position < BATCH:
                found |= set(range(each.position, each.upto + 1))
    return found


FAULTS = {
    "version": Kind.VERSION_GAP,
    "seen": Kind.TABLE_DIFFERS,
    "stamp": Kind.TABLE_DIFFERS,
    "head": Kind.TABLE_DIFFERS,
    "guard": Kind.GUARD_MISSING,
    "form": Kind.FORM_CHANGED,
    "place": Kind.NO_PLACE,
    "file": Kind.STORE_UNREADABLE,
}


def tables_of(faults: Callable[[], Iterable[Fault]]) -> Iterator[Finding]:
    """What a store finds wrong with itself (Recorder.faults), as findings.

    That it is broken is one; StoreDown, StoreBusy, StoreFull.
    """
    try:
        for what, position, zh, en in faults():
            detail = zh if zh == en else f"{zh}{BETWEEN}{en}"
            yield Finding(kind=FAULTS[what], position=position, detail=detail)
    except StoreBroken as error:
        yield Finding(kind=Kind.STORE_UNREADABLE, detail=str(error))
