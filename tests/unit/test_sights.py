"""One producer for each part of the world that somebody watches, and none for one nobody does."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from dashboards import sights
from dashboards.past import NotTold, Past
from dashboards.producer import Producer
from dashboards.sights import Producers, title_of
from dashboards.source import CasePage
from projections.card_queries import CardPage, Turn, Wanted
from projections.figures import Wall
from replay.history import CaseHistory
from replay.lines import Timeline
from supervision.access.rights import EVERYWHERE, Reach


class World:
    """An empty wall for each part, under its title."""

    def __init__(self, title: str = "全市") -> None:
        self.title = title

    def within(self, departments: Iterable[str] | None, title: str = "") -> World:
        return World(title or self.title)

    def wall(self) -> Wall:
        return Wall(now=1, measured=0.0, position=0, zone="UTC", district=self.title)

    def past(self) -> Past:
        raise NotTold("empty")

    def case(self, source: str, case_no: str, reveal: bool = False) -> CaseHistory | None:
        return None

    def timeline(self, source: str, case_no: str) -> Timeline | None:
        return None

    def find(self, text: str) -> list[tuple[str, str, str]]:
        return []

    def cases(self, what: str, value: str, after: str, limit: int) -> CasePage:
        return CasePage()

    def cards(self, wanted: Wanted, turn: Turn, limit: int) -> CardPage:
        return CardPage()


@pytest.fixture
def producers() -> Iterator[Producers]:
    """That read once an hour: time does not matter here."""
    made = Producers(World(), lambda wall, _: {("d", "t"): wall.district}, 3_600, 3_600)
    yield made
    made.stop()


def part(*departments: str) -> Reach:
    return Reach(frozenset(departments))


def test_all_who_see_the_same_part_share_its_producer(producers: Producers) -> None:
    """And who sees another has another."""
    assert producers.of(part("甲", "乙")) is producers.of(part("乙", "甲"))
    assert producers.of(part("甲")) is not producers.of(part("乙"))
    assert producers.of(EVERYWHERE) is not producers.of(part("甲"))


def test_a_part_that_nobody_watches_is_dropped_and_the_whole_is_not(
    producers: Producers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its first look is never a wait."""
    whole, first = producers.of(EVERYWHERE), producers.of(part("甲"))
    monkeypatch.setattr(Producer, "is_watched", lambda _: False)
    producers.of(part("乙"))
    assert producers.of(EVERYWHERE) is whole
    assert producers.of(part("甲")) is not first


def test_of_too_many_parts_the_oldest_goes_and_its_viewers_are_told(
    producers: Producers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who followed it follows no more, rather than looking at a wall that stands still."""
    monkeypatch.setattr(sights, "MOST", 3)
    whole, oldest = producers.of(EVERYWHERE), producers.of(part("甲"))

    async def follow() -> list[Any]:
        following = oldest.follow("", 0)
        seen = [(await anext(following)).wall.district]

        async def watch() -> None:
            seen.extend([frame.wall.district async for frame in following])

        watching = asyncio.create_task(watch())
        await asyncio.to_thread(lambda: [producers.of(part(name)) for name in "乙丙"])
        await asyncio.wait_for(watching, 30)
        return seen

    assert asyncio.run(follow()) == ["甲"]
    assert producers.of(EVERYWHERE) is whole


@pytest.mark.parametrize(
    ("reach", "title"),
    [
        (EVERYWHERE, ""),
        (part(), "–"),
        (part("甲局"), "甲局"),
        (part("丙局", "甲局", "乙局"), "丙局、乙局、甲局"),
        (part("1", "2", "3", "4"), "1、2、3 等 4 个部门"),
    ],
)
def test_a_part_is_called_by_its_departments(reach: Reach, title: str) -> None:
    """The whole has its district's own name."""
    assert title_of(reach) == title
