"""A case can be told at any instant, whatever happened to it."""

from __future__ import annotations

from random import Random

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from replay.telling import MASK, tell
from supervision.judgement.shelf import Entry, Shelf
from supervision.lists import LISTS
from tests.histories import SPAN, START, history
from tests.memorylog import Schedule, run


@settings(max_examples=30, deadline=None, database=None, derandomize=True)
@given(st.integers(0, 1_000_000))
def test_every_case_is_told_at_any_instant(seed: int) -> None:
    """All that was recorded by then, in order, and nothing of what came later; never a failure."""
    random = Random(seed)
    told, end = history(seed, cases=2)
    log = run(told, end, Schedule(), Random(seed))
    lists = [s for s in log.stored if s.topic.partition("/")[0] in LISTS]
    shelf = Shelf(Entry(s.position, s.recorded_at, s.event) for s in lists)
    for case_no in ("C1", "C2"):
        stored = log.case("s", case_no)
        for now in (START, START + random.randrange(2 * SPAN), end + 2):
            known = [s for s in stored if s.recorded_at <= now]
            story = tell(stored, shelf, now)
            assert (story is None) == (not any(s.stream.endswith("/facts") for s in known))
            if story is None:
                continue
            assert [entry.position for entry in story.entries] == [s.position for s in known]
            texts = {text for entry in story.entries for _, text in entry.texts}
            assert texts <= {MASK}
            assert msgspec.json.encode(story)
