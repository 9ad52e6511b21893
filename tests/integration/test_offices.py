"""The administrators' pages: each for its own role, every change in words, nothing shown twice."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI

from dashboards.forms.offices import offices
from supervision.access import rights as roles
from supervision.access.events import (
    ACCESS,
    PEOPLE,
    PasswordChanged,
    PersonAdded,
    UnitPlaced,
)
from supervision.access.people import DEPARTMENT, DISTRICT
from supervision.access.rules import Rules
from supervision.errors import StoreDown
from supervision.intake.keys import KEYS, keys, new_key
from supervision.store.mapping import moment
from tests.offices_town import (
    AUDIT,
    MARKUP,
    OFFICES,
    SECURITY,
    START,
    SYSTEM,
    Town,
    place,
    publish,
    shown_once,
    text_of,
    told,
    town_in,
)

pytestmark = pytest.mark.integration


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """The administrators' pages over a record of their own."""
    with town_in(tmp_path / "home") as made:
        yield made


# Whose the pages are.


@pytest.mark.parametrize("who", [*OFFICES, "zhang"])
def test_each_page_is_for_its_own_administrator(town: Town, who: str) -> None:
    """三员分立: what one of them reads, the others and everybody else are refused."""
    answers = {
        path: town.get(who, path).status_code for paths in OFFICES.values() for path in paths
    }
    expected = {
        path: 200 if who == office else 403 for office, paths in OFFICES.items() for path in paths
    }
    assert answers == expected


def test_every_form_is_for_its_own_administrator(town: Town) -> None:
    """Whatever changes something is refused to who may not see its page; nothing changes."""
    people, keyed = town.record.version(PEOPLE), town.record.version(KEYS)
    forms = {
        SYSTEM: ("/people", "/units", "/units/remove", "/keys", "/keys/k/rotate", "/keys/k/revoke"),
        SECURITY: (
            *(
                f"/rights/zhang/{act}"
                for act in (
                    "grant", "revoke", "disable", "enable", "unlock", "sessions", "factor",
                    "password",
                )
            ),
            "/kiosks",
            "/kiosks/close",
        ),
    }  # fmt: skip
    answers = {
        town.post(who, path).status_code
        for office, paths in forms.items()
        for path in paths
        for who in {*OFFICES, "zhang"} - {office}
    }
    assert {403} == answers
    assert (people, keyed) == (town.record.version(PEOPLE), town.record.version(KEYS))


def test_every_route_of_the_offices_says_its_right(town: Town) -> None:
    """A page added without a right would be found here."""
    app = FastAPI()
    app.include_router(offices(town.access, zone="Asia/Shanghai"))
    rules = Rules(lambda: app.router.routes)
    ours = [r for r in rules.all() if not r.path.startswith(("/docs", "/redoc", "/openapi"))]
    assert len(ours) > 20
    assert [route.path for route in ours if rules.of(route) is None] == []


def test_a_form_without_its_token_changes_nothing(town: Town) -> None:
    """Another site cannot send it in the administrator's name."""
    before = town.record.version(PEOPLE)
    assert 403 == town.post(SYSTEM, "/people", csrf="", person="li").status_code
    assert 403 == town.post(SYSTEM, "/people", csrf="0" * 64, person="li").status_code
    assert before == town.record.version(PEOPLE)


def test_pages_are_not_kept_by_browsers(town: Town) -> None:
    """Neither lists nor secrets are for the next one at the machine."""
    for who, paths in OFFICES.items():
        for path in paths:
            assert "no-store" == town.get(who, path).headers["cache-control"]


# People.


def test_a_person_added_has_a_first_password_shown_once_and_no_right(town: Town) -> None:
    """The system administrator adds; the security administrator grants."""
    answer = town.post(SYSTEM, "/people", person="Li.Si", name="李四", department="公安局")
    assert 200 == answer.status_code
    password = shown_once(answer)
    assert "no-store" == answer.headers["cache-control"]
    added = next(e for e in town.events(PEOPLE)[::-1] if isinstance(e, PersonAdded))
    assert ("li.si", "李四", "公安局", SYSTEM) == (
        added.person, added.name, added.department, added.by,
    )  # fmt: skip
    changed = town.last(ACCESS)
    assert isinstance(changed, PasswordChanged)
    assert changed.temporary
    person = town.access.admissions.people(at_once=True).persons["li.si"]
    assert () == person.grants
    assert password not in town.get(SYSTEM, "/people").text


def test_a_person_of_an_identity_provider_gets_no_password(town: Town) -> None:
    """A second, weaker way in would be made otherwise."""
    answer = town.post(SYSTEM, "/people", person="li", subject="sub-1")
    assert 200 == answer.status_code
    assert "没有密码" in answer.text
    assert town.access.store.password("li") is None


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"person": "zhang"}, 409, "已被使用"),
        ({"person": "ＺＨＡＮＧ"}, 409, "已被使用"),
        ({"person": "a b"}, 422, "登录名须为"),
        ({"person": ""}, 422, "登录名须为"),
        ({"person": "li", "name": "x" * 101}, 422, "登录名须为"),
        ({"person": "../x"}, 422, "登录名须为"),
    ],
)
def test_a_name_that_will_not_do_is_refused_in_words(
    town: Town, fields: dict[str, str], status: int, words: str
) -> None:
    """The form comes back filled in, and nobody was added."""
    before = town.record.version(PEOPLE)
    answer = town.post(SYSTEM, "/people", **fields)
    assert status == answer.status_code
    assert words in told(answer)
    assert html.escape(fields["person"], quote=True) in answer.text
    assert before == town.record.version(PEOPLE)


def test_markup_in_names_is_text_on_every_page(town: Town) -> None:
    """Whoever adds a person writes no page."""
    town.post(SYSTEM, "/people", person="li", name=MARKUP, department=MARKUP)
    place(town, MARKUP)
    new_key(town.record, MARKUP, by=MARKUP, note=MARKUP)
    town.post(SECURITY, "/kiosks", kiosk="hall", address="10.0.0.1", days="1", scope="parts",
              unit=MARKUP)  # fmt: skip
    pages = [
        *(town.get(who, path) for who, paths in OFFICES.items() for path in paths[:3]),
        town.get(SECURITY, "/rights/li"),
        town.get(SYSTEM, f"/keys/{keys(town.record)[0].id}"),
        town.get(AUDIT, "/trail?book=people&person=" + MARKUP),
        town.get(AUDIT, "/trail?book=keys"),
        town.post(SECURITY, "/rights/li/grant", role=roles.MANAGER, scope="parts", unit=MARKUP),
    ]
    marked = [p for p in pages if "text/html" in p.headers["content-type"]]
    assert all(page.status_code == 200 for page in pages)
    assert [page.url.path for page in marked if "<script" in page.text] == []
    assert sum(html.escape(MARKUP) in page.text for page in marked) >= 8


# Units.


def test_the_tree_is_shown_with_each_unit_below_its_district(town: Town) -> None:
    """Placed, moved, removed: each with a word of what was done."""
    answer = place(town, "东城区", DISTRICT)
    assert (303, "/units?done=placed") == (answer.status_code, answer.headers["location"])
    place(town, "公安局")
    place(town, "公安局", DEPARTMENT, "东城区")
    shown = text_of(town.get(SYSTEM, "/units?done=placed"))
    assert "已列入" in shown
    assert shown.index("东城区 区划") < shown.index("公安局 部门")
    assert "depth-1" in town.get(SYSTEM, "/units").text
    assert 303 == town.post(SYSTEM, "/units/remove", unit="公安局").status_code
    assert ["东城区"] == list(town.access.admissions.people(at_once=True).units)


def test_a_cycle_in_the_tree_is_refused(town: Town) -> None:
    """With the reason, and the tree as it was."""
    place(town, "东城区", DISTRICT)
    place(town, "街道", DISTRICT, "东城区")
    before = town.record.version(PEOPLE)
    for parent in ("街道", "东城区"):
        answer = place(town, "东城区", DISTRICT, parent)
        assert 409 == answer.status_code
        assert "不能把单位挂在它自己之下" in told(answer)
    assert before == town.record.version(PEOPLE)


def test_a_unit_under_which_others_hang_stays(town: Town) -> None:
    """Otherwise they would hang nowhere."""
    place(town, "东城区", DISTRICT)
    place(town, "公安局", DEPARTMENT, "东城区")
    assert 422 == town.post(SYSTEM, "/units/remove", unit="东城区").status_code
    assert 422 == place(town, "税务局", DEPARTMENT, "没有的区").status_code


def test_departments_of_published_items_are_offered_until_they_are_placed(town: Town) -> None:
    """Nobody types a name that is published already."""
    publish(town, "公安局", "税务局")
    place(town, "公安局")
    suggested = text_of(town.get(SYSTEM, "/units")).partition("尚未列入的部门")[2]
    assert suggested.index("税务局") < suggested.index("公安局")
    place(town, "税务局")
    assert "尚未列入的部门" not in town.get(SYSTEM, "/units").text


def test_a_unit_that_hangs_nowhere_is_marked(town: Town) -> None:
    """A log by another program may say so; the page says what is missing."""
    at = moment(START)
    lost = UnitPlaced(at=at, by="console:root", unit="公安局", kind=DEPARTMENT, parent="没有的区")
    town.record.append(PEOPLE, [lost], town.record.version(PEOPLE))
    assert "上级缺失：没有的区" in text_of(town.get(SYSTEM, "/units"))


# Much, and none.


def test_two_thousand_people_are_listed_by_pages_and_found(town: Town) -> None:
    """A hundred lines a page, none twice, none left out."""
    at = moment(START)
    many = [PersonAdded(at=at, by="console:root", person=f"p{n:04}") for n in range(2_000)]
    town.record.append(PEOPLE, many, town.record.version(PEOPLE))
    for who, path in ((SYSTEM, "/people"), (SECURITY, "/rights")):
        seen: list[str] = []
        there: str | None = path
        while there:
            page = town.get(who, there).text
            seen += re.findall(r"<td[^>]*><bdi>(p\d{4})</bdi></td>", page)
            found = re.search(r'href="([^"]*after=p\d{4})"', page)
            there = html.unescape(found[1]) if found else None
        assert [event.person for event in many] == seen
        one = text_of(town.get(who, f"{path}?q=P1234"))
        assert ("共 1 条", True) == (one[one.index("共") : one.index("条") + 1], "p1234" in one)


def test_an_empty_list_says_so(town: Town) -> None:
    """Not a table without lines."""
    assert "没有符合的人员" in town.get(SYSTEM, "/people?q=nobody").text
    assert "还没有列入任何区划或部门" in town.get(SYSTEM, "/units").text
    assert "没有密钥" in town.get(SYSTEM, "/keys").text
    assert "没有开通的终端" in town.get(SECURITY, "/kiosks").text


def test_the_pages_speak_english_where_asked(town: Town) -> None:
    """Every page and every link on it stays in the language."""
    for who, paths in OFFICES.items():
        for path in paths[:2]:
            answer = town.get(who, f"{path}?lang=en")
            if "text/html" in answer.headers["content-type"]:
                assert '<html lang="en">' in answer.text
                links = re.findall(r'(?:href|action)="(/[^"]*)"', answer.text)
                inner = [at for at in links if not at.startswith("/assets/")]
                plain = [at for at in inner if "lang=" not in at and at not in paths]
                assert plain == []


def test_a_store_that_is_down_is_told_in_words(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """503 and what to do, on the page; nothing is said to be done."""

    def down(*_: object) -> None:
        raise StoreDown("log", "gone")

    monkeypatch.setattr(town.record, "append", down)
    answer = town.post(SYSTEM, "/people", person="li")
    assert (503, True) == (answer.status_code, "数据库暂不可用" in told(answer))
