"""Which lists a change of a limit is about, and what they say then."""

from __future__ import annotations

from random import Random

import pytest
from msgspec.structs import replace

from replay.changes import LimitChanged, NoChange, changed, limit_change
from replay.what_if import what_if
from supervision.facts import instant
from supervision.judgement.shelf import Entry
from supervision.lists import ItemPublished
from tests.court import at, fact, item
from tests.histories import bundled_some
from tests.memorylog import Schedule, Transaction, run, stream_of
from tests.replayed import Readable, began


def legal_of(change: LimitChanged, published: ItemPublished) -> str:
    """The legal limit of an item's list as changed."""
    (entry,) = changed([Entry(1, 1, published)], [change])
    assert isinstance(entry.event, ItemPublished)
    return entry.event.legal


@pytest.mark.parametrize(
    ("fields", "percent", "limit"),
    [
        ({"legal": ""}, "12wd", "3wd"),
        ({"legal": "", "joint": True}, "27wd", "3wd"),
        ({"legal": "10wd"}, "6wd", "3wd"),
        ({"legal": "10wd", "kind": "08"}, "6wd", "3wd"),
    ],
)
def test_a_licence_without_a_legal_limit_has_the_act_s(
    fields: dict[str, object], percent: str, limit: str
) -> None:
    """Twenty working days, forty-five of a joint case (Administrative Licensing Act 42)."""
    assert percent == legal_of(limit_change("legal", "-40%"), item(**fields))
    assert limit == legal_of(limit_change("legal", "3wd"), item(**fields))


def test_what_has_no_legal_limit_at_all_has_no_part_of_it() -> None:
    """An item that is no licence, and a promise that nobody made, have nothing to be scaled."""
    with pytest.raises(NoChange):
        legal_of(limit_change("legal", "-40%"), item(kind="08", legal=""))
    with pytest.raises(NoChange):
        legal_of(limit_change("promise", "-40%"), item(promise=""))


def test_two_like_cases_move_alike_whether_their_list_says_the_limit_or_the_act() -> None:
    """One item lists twenty working days, the other none: both red cards come earlier."""
    bare = replace(item(), code="BARE", legal="", promise="")
    full = replace(item(), code="FULL", legal="20wd", promise="")
    lists = [(stream_of(e), e) for e in (*bundled_some(), bare, full)]
    told = [Transaction(at("2026-02-01"), [began(at("2026-02-01")), *lists])]
    for n, code in enumerate(("BARE", "FULL")):
        accepted = fact("CaseAccepted", "2026-03-02 09:00", id=code, item=code, case_no=code)
        stamp = instant(accepted.occurred_at) + 60_000_000 + n
        told.append(Transaction(stamp, [(stream_of(accepted), accepted)]))
    until = at("2026-05-01")
    log = Readable(run(told, until, Schedule(), Random(0)), until + 10)
    made = what_if(log, [limit_change("legal", "-40%")], processes=0)
    red = {t.case_no: t.crossed_at for t in made.turns if t.severity == "red"}
    assert red.keys() == {"BARE", "FULL"}
    assert len(set(red.values())) == 1
