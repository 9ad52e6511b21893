"""Who works in the city: opaque ids and their posts (岗位), a few to each department."""

from __future__ import annotations

from datetime import date, datetime

from ..lists import PostGranted

CLERK, REVIEWER, SIGNER, HEAD = "窗口受理岗", "审核岗", "签发岗", "单位负责人"
HANDS: dict[str, int] = {CLERK: 3, REVIEWER: 2, SIGNER: 1, HEAD: 1}
"""How many of each post a department has."""
SINCE = datetime.fromisoformat("2019-12-01T00:00:00+08:00")


def people(number: int) -> dict[str, tuple[str, ...]]:
    """By post, the persons of the n-th department: "A0307" is the seventh of the third."""
    found: dict[str, tuple[str, ...]] = {}
    first = 1
    for post, hands in HANDS.items():
        found[post] = tuple(f"A{number:02d}{n:02d}" for n in range(first, first + hands))
        first += hands
    return found


def posts(departments: int, source: str) -> list[PostGranted]:
    """Who may do what in all departments, since before the city's first case."""
    return [
        PostGranted(
            version="demo-1",
            announced_at=SINCE,
            effective=date(2020, 1, 1),
            title="演示岗位",
            source=source,
            person=person,
            post=post,
        )
        for number in range(1, departments + 1)
        for post, persons in people(number).items()
        for person in persons
    ]
