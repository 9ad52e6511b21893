"""The administrators' pages: each for its own role, every change in words, nothing shown twice."""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from fastapi import FastAPI
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from dashboards.forms.offices import offices
from dashboards.headers import content_policy
from supervision.access import rights as roles
from supervision.access.admission import digest_of
from supervision.access.events import (
    ACCESS,
    PEOPLE,
    AuditRead,
    Exported,
    KioskClosed,
    KioskOpened,
    PasswordChanged,
    PersonAdded,
    PersonDisabled,
    RoleGranted,
    RoleRevoked,
    SecondFactorRenewed,
    SignedIn,
    SignInRefused,
    UnitPlaced,
)
from supervision.access.gate import COOKIE, Gate, GateConfig
from supervision.access.office import Access
from supervision.access.people import DEPARTMENT, DISTRICT
from supervision.access.port import Session
from supervision.access.rules import Rules
from supervision.access.store_sqlite import SqliteAccess
from supervision.clock import SystemClock
from supervision.intake.keys import KEYS, Rights, keys, new_key
from supervision.intake.rights import ITEMS
from supervision.lists import ItemPublished
from supervision.record import Record
from supervision.store.mapping import moment

pytestmark = pytest.mark.integration

START = 1_800_000_000_000_000
HOUR = 3_600_000_000
SITE = "https://testserver"
SYSTEM, SECURITY, AUDIT = "xitong", "anquan", "shenji"
OFFICES = {
    SYSTEM: ("/people", "/units", "/keys"),
    SECURITY: ("/rights", "/rights/xitong", "/kiosks"),
    AUDIT: ("/trail", "/trail.csv"),
}
MARKUP = "<script>alert(1)</script>"


class Farewell:
    """No websocket here."""

    def heard(self, text: str) -> None:
        """Nothing."""

    def words(self) -> list[str]:
        """Nothing."""
        return []


class Town(NamedTuple):
    """A system with three administrators and a manager, behind the gate."""

    access: Access
    client: TestClient

    @property
    def record(self) -> Record:
        return self.access.record

    def events(self, stream: str) -> list[object]:
        """What a stream says."""
        return [stored.event for stored in self.record.read_stream(stream)]

    def last(self, stream: str) -> object:
        return self.events(stream)[-1]

    def get(self, who: str, path: str) -> httpx.Response:
        """A page, as somebody signed in sees it."""
        return self.client.get(path, headers=self._headers(who), follow_redirects=False)

    def post(
        self, who: str, path: str, *, csrf: str | None = None, **fields: str | list[str]
    ) -> httpx.Response:
        """A form sent, with its token."""
        token = self.access.admissions.csrf(digest_of(secret_of(who))) if csrf is None else csrf
        return self.client.post(
            path,
            data={"csrf": token, **fields},
            headers=self._headers(who) | {"Origin": SITE},
            follow_redirects=False,
        )

    def add(self, person: str, *granted: str, name: str = "", units: tuple[str, ...] = ()) -> None:
        """A person, signed in."""
        at = moment(START)
        events = [
            PersonAdded(at=at, by="console:root", person=person, name=name),
            *(
                RoleGranted(at=at, by="console:root", person=person, role=role, units=units)
                for role in granted
            ),
        ]
        self.record.append(PEOPLE, events, self.record.version(PEOPLE))
        self.sign_in(person)

    def sign_in(self, person: str) -> None:
        """A session, without its steps."""
        now = self.access.now()
        self.access.store.add_session(
            Session(
                digest=digest_of(secret_of(person)), person=person, kind="person",
                how="password+totp", made_at=now, seen_at=now, ends_at=now + HOUR,
                address="10.0.0.7", agent="Firefox",
            )
        )  # fmt: skip

    def _headers(self, who: str) -> dict[str, str]:
        return {"Cookie": f"{COOKIE}={secret_of(who)}", "Accept": "text/html"}


def secret_of(person: str) -> str:
    return f"secret-of-{person}"


def app_of(access: Access) -> Gate:
    """The pages behind the gate."""
    app = FastAPI()
    app.include_router(offices(access, zone="Asia/Shanghai"))
    rules = Rules(lambda: app.router.routes)
    refusal = GateConfig(
        policy=content_policy([]),
        farewell=Farewell,
        refusal=lambda status, lang: PlainTextResponse("refused", status),
        secure=True,
    )
    return Gate(app, access, rules, refusal)


def town_of(record: Record, home: Path) -> Town:
    """Time stands still for it; what was found is looked up again at each request."""
    ticks = iter(range(10**9))
    access = Access(record, SqliteAccess(home), now=lambda: START, ticks=lambda: float(next(ticks)))
    town = Town(access, TestClient(app_of(access), base_url=SITE))
    town.add(SYSTEM, roles.SYSTEM, name="李系统")
    town.add(SECURITY, roles.SECURITY, name="王安全")
    town.add(AUDIT, roles.AUDIT, name="赵审计")
    town.add("zhang", roles.MANAGER, name="张三", units=("市场监管局",))
    return town


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """The administrators' pages over a record of their own."""
    record = Record(tmp_path / "home", SystemClock())
    made = town_of(record, tmp_path / "home")
    yield made
    made.access.close()
    record.close()


def text_of(answer: httpx.Response) -> str:
    """What a page says, without its markup."""
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", answer.text)))


def told(answer: httpx.Response) -> str:
    """What went wrong, as the page has it on top."""
    found = re.search(r'<p class="told problem"[^>]*>(.*?)</p>', answer.text, re.DOTALL)
    return html.unescape(found[1]) if found else ""


def shown_once(answer: httpx.Response) -> str:
    """The secret on a page."""
    found = re.search(r'id="secret"[^>]* value="([^"]+)"', answer.text)
    assert found is not None, answer.text
    return html.unescape(found[1])


def place(town: Town, unit: str, kind: str = DEPARTMENT, parent: str = "") -> httpx.Response:
    return town.post(SYSTEM, "/units", unit=unit, kind=kind, parent=parent)


def publish(town: Town, *departments: str) -> None:
    """Items of these departments."""
    at = moment(START)
    items = [
        ItemPublished(
            version="1", announced_at=at, effective=at.date(), code=f"item-{number}",
            name="许可", department=department,
        )
        for number, department in enumerate(departments)
    ]  # fmt: skip
    town.record.append(ITEMS, items, town.record.version(ITEMS))


# Whose the pages are.


@pytest.mark.parametrize("who", [*OFFICES, "zhang"])
def test_each_page_is_for_its_own_administrator(town: Town, who: str) -> None:
    """三员分立: what one of them reads, the others and everybody else are refused."""
    answers = {path: town.get(who, path).status_code for paths in OFFICES.values() for path in paths}
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
        town.post(
            SECURITY, "/rights/li/grant", role=roles.MANAGER, scope="parts", unit=MARKUP
        ),
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


# Rights.


def grant(town: Town, person: str, role: str, **more: str | list[str]) -> httpx.Response:
    """Granted at once, as the confirmation's form does."""
    return town.post(
        SECURITY, f"/rights/{person}/grant",
        **{"role": role, "scope": "whole", "confirmed": "yes", **more},
    )  # fmt: skip


def test_what_would_be_granted_is_said_in_words_before_it_is(town: Town) -> None:
    """Whom, which role, over which departments, with what; then one button."""
    place(town, "东城区", DISTRICT)
    place(town, "公安局", DEPARTMENT, "东城区")
    before = town.record.version(PEOPLE)
    look = grant(
        town, "zhang", roles.MANAGER, scope="parts", unit=["东城区"], texts="yes", confirmed=""
    )
    said = text_of(look)
    assert 200 == look.status_code
    assert "将授予 张三（zhang）角色“部门负责人”，范围：东城区（含 1 个部门）" in said
    assert "即这 1 个部门：公安局" in said
    assert "可以查看个人信息和意见原文" in said
    assert "原有同一角色（范围：市场监管局）将被取代" in said
    assert before == town.record.version(PEOPLE)

    fields: dict[str, str | list[str]] = dict(
        re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', look.text.partition("confirm")[2])
    )
    fields.pop("csrf")
    assert 303 == town.post(SECURITY, "/rights/zhang/grant", **fields).status_code
    granted = town.last(PEOPLE)
    assert isinstance(granted, RoleGranted)
    assert (SECURITY, "zhang", roles.MANAGER, ("东城区",), True) == (
        granted.by, granted.person, granted.role, granted.units, granted.texts,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"scope": ""}, "请选择范围"),
        ({"scope": "parts"}, "请选择范围"),
        ({"scope": "whole", "unit": "公安局"}, "请二者取一"),
        ({"scope": "parts", "unit": "没有的局"}, "没有这个区划或部门"),
        ({"role": "king"}, "授权内容不符"),
        ({"role": roles.AUDITOR, "texts": "yes", "scope": ""}, "请选择范围"),
        ({"role": roles.SYSTEM, "scope": "parts", "unit": "公安局"}, "管理员的职责不分区域"),
        ({"role": roles.AUDIT, "texts": "yes"}, "该角色不看办件"),
    ],
)
@pytest.mark.parametrize("confirmed", ["", "yes"])
def test_a_grant_that_does_not_fit_is_refused(
    town: Town, fields: dict[str, str], words: str, confirmed: str
) -> None:
    """The whole is never granted because a field was left empty."""
    publish(town, "公安局")
    before = town.record.version(PEOPLE)
    answer = grant(town, "zhang", **{"role": roles.INSPECTOR, "confirmed": confirmed, **fields})
    assert 422 == answer.status_code
    assert words in told(answer)
    assert before == town.record.version(PEOPLE)


def test_nobody_changes_his_own_rights_or_account(town: Town) -> None:
    """Another security administrator must do it; the page offers no button."""
    before = town.record.version(PEOPLE)
    own = f"/rights/{SECURITY}"
    answers = [
        grant(town, SECURITY, roles.INSPECTOR),
        *(
            town.post(SECURITY, f"{own}/{act}", role=roles.SECURITY, reason="x")
            for act in (
                "revoke", "disable", "enable", "unlock", "sessions", "factor", "password",
            )
        ),
    ]  # fmt: skip
    assert {409} == {answer.status_code for answer in answers}
    assert all("不得变更本人的权限" in told(answer) for answer in answers)
    assert "/grant" not in town.get(SECURITY, own).text
    assert before == town.record.version(PEOPLE)


def test_nobody_holds_two_of_the_three_administrators(town: Town) -> None:
    """三员分立, said so."""
    for confirmed in ("", "yes"):
        answer = grant(town, SYSTEM, roles.AUDIT, confirmed=confirmed)
        assert 409 == answer.status_code
        assert "三员分立" in told(answer)


def test_the_last_security_administrator_stays(town: Town) -> None:
    """A second may be taken away again; of two that go at once, one stays."""
    town.add("second", roles.SECURITY)
    assert 303 == town.post(
        "second", f"/rights/{SECURITY}/disable", reason="离岗"
    ).status_code
    town.post(SYSTEM, "/people", person="third")
    town.add("fourth", roles.SECURITY)
    gone = town.post("fourth", "/rights/second/revoke", role=roles.SECURITY)
    assert 303 == gone.status_code
    assert isinstance(town.last(PEOPLE), RoleRevoked)
    assert 403 == town.post("second", "/rights/fourth/revoke", role=roles.SECURITY).status_code


def test_an_account_is_disabled_with_a_reason_and_enabled_again(town: Town) -> None:
    """Without a reason it is not."""
    refused = town.post(SECURITY, "/rights/zhang/disable", reason=" ")
    assert (422, True) == (refused.status_code, "请填写理由" in told(refused))
    assert 303 == town.post(SECURITY, "/rights/zhang/disable", reason="离岗").status_code
    disabled = town.last(PEOPLE)
    assert isinstance(disabled, PersonDisabled)
    assert "离岗" == disabled.reason
    assert "已停用" in text_of(town.get(SECURITY, "/rights/zhang"))
    assert 303 == town.post(SECURITY, "/rights/zhang/enable").status_code
    assert not town.access.admissions.people(at_once=True).persons["zhang"].disabled


def test_an_account_is_unlocked_and_its_sessions_ended(town: Town) -> None:
    """A page shows failures and sessions, and what was done about them."""
    for _ in range(5):
        town.access.store.fail("zhang", START)
    shown = text_of(town.get(SECURITY, "/rights/zhang"))
    assert "已锁定：连续 5 次" in shown
    assert "10.0.0.7" in shown
    assert 303 == town.post(SECURITY, "/rights/zhang/unlock").status_code
    assert 0 == town.access.store.failures("zhang").count
    assert 303 == town.post(SECURITY, "/rights/zhang/sessions").status_code
    assert [] == town.access.store.sessions("zhang")
    assert "没有进行中的会话" in text_of(town.get(SECURITY, "/rights/zhang"))


def test_a_password_reset_is_shown_once_and_ends_sessions(town: Town) -> None:
    """It stands on the answer alone, in no address, and in no event."""
    answer = town.post(SECURITY, "/rights/zhang/password")
    password = shown_once(answer)
    assert (200, "no-store") == (answer.status_code, answer.headers["cache-control"])
    assert [] == town.access.store.sessions("zhang")
    log = b"".join(stored.payload for stored in town.record.read(0, 10**6))
    assert password.encode() not in log
    assert password not in town.get(SECURITY, "/rights/zhang").text


def test_a_second_factor_is_dropped(town: Town) -> None:
    """For a lost telephone; sessions end with it."""
    at = moment(START)
    begun = SecondFactorRenewed(at=at, by="zhang", person="zhang", number=3)
    town.record.append(PEOPLE, [begun], town.record.version(PEOPLE))
    assert "解除第二因素" in town.get(SECURITY, "/rights/zhang").text
    assert 303 == town.post(SECURITY, "/rights/zhang/factor").status_code
    assert 0 == town.access.admissions.people(at_once=True).persons["zhang"].factor


def test_a_person_that_is_not_there_is_not_found(town: Town) -> None:
    """In words, for reading and for every act."""
    assert 404 == town.get(SECURITY, "/rights/nobody").status_code
    acts = ("grant", "revoke", "enable", "unlock", "sessions", "factor", "password")
    answers = {town.post(SECURITY, f"/rights/nobody/{act}", role="x").status_code for act in acts}
    assert {404} == answers


# Kiosks.


def test_a_kiosk_opens_with_an_address_shown_once_and_closes(town: Town) -> None:
    """The secret is in no list afterwards; closed, its session is over."""
    fields = {"kiosk": "Hall-1", "address": "10.1.2.3", "days": "30", "scope": "whole"}
    answer = town.post(SECURITY, "/kiosks", **fields)
    link = shown_once(answer)
    assert link.startswith(f"{SITE}/kiosk/")
    opened = town.last(PEOPLE)
    assert isinstance(opened, KioskOpened)
    assert ("hall-1", "10.1.2.3", SECURITY) == (opened.kiosk, opened.address, opened.by)
    assert timedelta(days=30) == opened.until - opened.at
    shown = town.get(SECURITY, "/kiosks").text
    assert "hall-1" in shown
    assert link.rpartition("/")[2] not in shown
    assert 409 == town.post(SECURITY, "/kiosks", **fields).status_code
    assert 303 == town.post(SECURITY, "/kiosks/close", kiosk="hall-1").status_code
    assert isinstance(town.last(PEOPLE), KioskClosed)
    assert [] == town.access.store.sessions("hall-1")
    assert 404 == town.post(SECURITY, "/kiosks/close", kiosk="hall-1").status_code


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"address": "hall.example"}, "这不是一个 IP 地址"),
        ({"address": ""}, "这不是一个 IP 地址"),
        ({"days": "0"}, "有效天数"),
        ({"days": "1096"}, "有效天数"),
        ({"days": "１０"}, "有效天数"),
        ({"scope": ""}, "请选择范围"),
        ({"kiosk": "a b"}, "登录名须为"),
    ],
)
def test_a_kiosk_that_does_not_fit_is_not_opened(
    town: Town, fields: dict[str, str], words: str
) -> None:
    """An address that is none would shut the wall out, no address would open it to all."""
    given = {"kiosk": "hall", "address": "10.1.2.3", "days": "30", "scope": "whole"} | fields
    before = town.record.version(PEOPLE)
    answer = town.post(SECURITY, "/kiosks", **given)
    assert 422 == answer.status_code
    assert words in told(answer)
    assert before == town.record.version(PEOPLE)


# Keys.

KEY = {"source": "city", "expires": "90d", "departments": "whole", "kinds": "whole"}


def test_a_key_is_given_with_its_limits_and_its_secret_shown_once(town: Town) -> None:
    """The list tells what it is good for, never the secret."""
    publish(town, "公安局")
    answer = town.post(
        SYSTEM, "/keys", **KEY | {"departments": "parts", "kinds": "parts"},
        department="公安局", kind=["CaseAccepted"], signed="yes", note="一期",
    )  # fmt: skip
    secret = shown_once(answer)
    (key,) = keys(town.record)
    assert (("公安局",), ("CaseAccepted",), True, SYSTEM) == (
        key.rights.departments, key.rights.kinds, key.rights.signed, key.issued_by,
    )  # fmt: skip
    assert key.rights.expires_at == moment(START) + timedelta(days=90)
    for path in ("/keys", f"/keys/{key.id}"):
        shown = town.get(SYSTEM, path)
        assert "受理" in shown.text
        assert secret not in shown.text


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"source": ""}, "来源系统的名称"),
        ({"source": "x" * 201}, "来源系统的名称"),
        ({"expires": "yesterday"}, "期限须为"),
        ({"expires": "2001-01-01"}, "期限须为"),
        ({"departments": ""}, "请选择部门"),
        ({"departments": "parts"}, "请选择部门"),
        ({"kinds": ""}, "请选择事实种类"),
        ({"kinds": "parts", "kind": "NoFact"}, "没有这"),
        ({"note": "x" * 101}, "备注"),
    ],
)
def test_a_key_that_does_not_fit_is_not_given(
    town: Town, fields: dict[str, str], words: str
) -> None:
    """Any department and any kind are never given because a field was left empty."""
    answer = town.post(SYSTEM, "/keys", **KEY | fields)
    assert 422 == answer.status_code
    assert words in told(answer)
    assert [] == keys(town.record)


def test_a_key_that_ends_soon_is_marked_in_words_and_by_a_shape(town: Town) -> None:
    """Colour is not all that tells."""
    ends = {"a": timedelta(days=5), "b": timedelta(days=300), "c": -timedelta(days=1)}
    for source, end in ends.items():
        new_key(town.record, source, rights=Rights(expires_at=moment(START) + end))
    shown = text_of(town.get(SYSTEM, "/keys"))
    assert ["◆ 即将到期", "✓ 有效", "■ 已过期"] == [
        mark for mark in ("◆ 即将到期", "✓ 有效", "■ 已过期") if shown.count(mark) == 1
    ]
    assert "已过期" not in text_of(town.get(SYSTEM, "/keys?state=valid"))


def test_a_key_is_rotated_with_an_overlap_and_revoked(town: Town) -> None:
    """The old one opens for a while, then not; what is revoked is over for good."""
    old = new_key(town.record, "city", by=SYSTEM)
    answer = town.post(SYSTEM, f"/keys/{old.id}/rotate", overlap="7d", expires="365d")
    assert shown_once(answer)
    new, before = keys(town.record)
    assert (old.id, moment(START) + timedelta(days=7)) == (new.after, before.rights.expires_at)
    refused = town.post(SYSTEM, f"/keys/{old.id}/rotate", overlap="never", expires="365d")
    assert 422 == refused.status_code
    assert 303 == town.post(SYSTEM, f"/keys/{old.id}/revoke").status_code
    assert "已收回" in text_of(town.get(SYSTEM, f"/keys/{old.id}"))
    for act in ("revoke", "rotate"):
        again = town.post(SYSTEM, f"/keys/{old.id}/{act}", overlap="7d", expires="365d")
        assert (409, True) == (again.status_code, "已收回" in told(again))
    assert 404 == town.get(SYSTEM, "/keys/no-such-key").status_code


# The trail.


def test_the_trail_tells_what_was_done_in_words(town: Town) -> None:
    """By whom, to whom, over what; in Chinese and in English."""
    publish(town, "公安局")
    grant(town, "zhang", roles.INSPECTOR, scope="parts", unit="公安局", texts="yes")
    town.post(SECURITY, "/rights/zhang/disable", reason="离岗")
    shown = text_of(town.get(AUDIT, "/trail?book=people"))
    assert "授予 zhang 角色“监察人员”，范围：公安局；含个人信息和意见原文" in shown
    assert "停用 zhang 的账号；理由：离岗" in shown
    assert shown.index("停用 zhang") < shown.index("授予 zhang")
    english = text_of(town.get(AUDIT, "/trail?book=people&lang=en"))
    assert "zhang is inspector over: 公安局; with personal data and free text" in english


def test_reading_the_trail_is_on_the_trail(town: Town) -> None:
    """Once a page view: which book, of whom."""
    town.get(AUDIT, "/trail?book=people&person=zhang")
    read = town.last(ACCESS)
    assert isinstance(read, AuditRead)
    assert (AUDIT, "people", "zhang") == (read.by, read.book, read.of)
    assert 1 == sum(isinstance(event, AuditRead) for event in town.events(ACCESS))


def test_the_trail_is_filtered_by_person_and_by_kind(town: Town) -> None:
    """A person's lines are those by and about them."""
    note = town.access.trail.note
    note(lambda at: SignedIn(at=at, by="zhang", how="password", address="10.0.0.7"))
    note(lambda at: SignedIn(at=at, by="li", how="oidc", address="10.0.0.8"))
    note(lambda at: SignInRefused(at=at, by="zhang", why="code", address="10.0.0.7", count=12))
    town.access.signing.reset_password("zhang", SECURITY)
    of_zhang = text_of(town.get(AUDIT, "/trail?person=Zhang"))
    assert "10.0.0.8" not in of_zhang
    assert "登录被拒：验证码 10.0.0.7 12 次" in of_zhang
    assert "zhang 的密码已变更" in of_zhang
    signed = text_of(town.get(AUDIT, "/trail?kind=SignedIn"))
    assert "登录，方式：统一身份认证" in signed
    assert "密码已变更" not in signed


def test_the_trail_turns_its_pages_without_loss_or_repetition(town: Town) -> None:
    """However much is written meanwhile, the reading itself included."""
    for number in range(250):
        note_sign_in(town, f"p{number}")
    seen: list[str] = []
    path = "/trail?kind=SignedIn"
    while path:
        page = town.get(AUDIT, path).text
        seen += re.findall(r"<bdi>(p\d+)</bdi>", page)
        found = re.search(r'href="(/trail\?[^"]*before=[^"]*)"', page)
        path = html.unescape(found[1]) if found else ""
    assert [f"p{number}" for number in range(249, -1, -1)] == seen


def test_a_book_of_several_streams_is_read_in_the_order_of_the_log(town: Town) -> None:
    """Incidents and erasures, one after the other as they came."""
    for number in range(120):
        town.record.incident(f"i{number}", "card_conflict", "city", f"C{number}", "detail")
        if number % 10 == 0:
            town.record.erase("city", f"E{number}", by="console:root")
    first = town.get(AUDIT, "/trail?book=system")
    older = html.unescape(re.findall(r'href="(/trail\?[^"]*before=[^"]*)"', first.text)[0])
    both = text_of(first) + text_of(town.get(AUDIT, older))
    places = [both.index(f"办件编号：C{number};".replace(";", "；")) for number in range(119, -1, -1)]
    assert places == sorted(places)
    assert both.index("办件编号：C51；") < both.index("销毁办件 E50") < both.index("办件编号：C49；")
