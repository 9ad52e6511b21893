"""Two cases of one applicant: found by a follower, judged like any fact."""

from __future__ import annotations

from projections.links import Link, Links
from supervision.facts import CaseLinked, Fact, instant
from supervision.published import bundled
from supervision.streams import links_stream
from tests.court import at, fact, item, policy
from tests.memorylog import MemoryLog, stream_of


def told(log: MemoryLog, *facts: Fact) -> None:
    """Record facts a second after they happened."""
    for each in facts:
        log.put(instant(each.occurred_at) + 1_000_000, [(stream_of(each), each)])


def story(returned: str, result: str = "退件", again_by: str = "A") -> list[Link]:
    """A case accepted on 1 July with seven days promised, ended then; and the next on 20 July."""
    log = MemoryLog()
    log.put(1, [(stream_of(e), e) for e in (*bundled(), item(), policy())])
    told(
        log,
        fact("ApplicationReceived", "2026-07-01", applicant_ref="A", case_no="1"),
        fact("CaseAccepted", "2026-07-01 10:00", case_no="1"),
        fact("CaseConcluded", returned, result=result, texts=("reason",), case_no="1"),
        fact("ApplicationReceived", "2026-07-20", applicant_ref=again_by, case_no="2"),
    )
    return Links(log.case).take(log.read(0))


def test_a_return_near_the_deadline_links_the_next_case() -> None:
    """The deadline is 10 July; on the 9th two working days are left."""
    (link,) = story("2026-07-09")
    assert link.stream == links_stream("s", "2")
    assert isinstance(link.fact, CaseLinked)
    assert (link.fact.case_no, link.fact.earlier_case) == ("2", "1")
    assert instant(link.fact.returned_at or link.fact.occurred_at) == at("2026-07-09")


def test_a_return_well_before_the_deadline_links_nothing() -> None:
    """On the 8th three days are left."""
    assert story("2026-07-08") == []


def test_another_applicant_or_another_end_links_nothing() -> None:
    """Only the same applicant, only after a return."""
    assert story("2026-07-09", again_by="B") == []
    assert story("2026-07-09", result="出证") == []


def test_reading_the_log_again_makes_the_same_link() -> None:
    """It is a function of the log: whoever derives it derives the same."""
    assert story("2026-07-10") == story("2026-07-10")
