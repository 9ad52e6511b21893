"""Rights, accounts and walls on the security administrator's pages: said in words, then done."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from msgspec import Struct

from supervision.access import rights as roles
from supervision.access.events import (
    PEOPLE,
    KioskClosed,
    KioskOpened,
    PersonDisabled,
    RoleGranted,
    RoleRevoked,
    SecondFactorRenewed,
)
from supervision.access.office import Decide
from supervision.access.people import DEPARTMENT, DISTRICT
from supervision.access.ruling import disable
from supervision.store.mapping import moment
from tests.offices_town import (
    SECURITY,
    SITE,
    START,
    SYSTEM,
    Town,
    grant,
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


def test_the_last_security_administrator_stays(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two who take each other's rights away at the same moment, one stays."""
    town.add("second", roles.SECURITY)
    rule = town.access.rule

    def after_the_other(decide: Decide) -> Struct:
        rule(lambda people, at: disable(people, SECURITY, "second", at))
        return rule(decide)

    monkeypatch.setattr(town.access, "rule", after_the_other)
    answer = town.post(SECURITY, "/rights/second/revoke", role=roles.SECURITY)
    assert (409, True) == (answer.status_code, "最后一名安全管理员" in told(answer))
    assert isinstance(town.last(PEOPLE), PersonDisabled)


def test_who_lost_the_right_grants_nothing_more(town: Town) -> None:
    """The next request already is refused."""
    town.add("second", roles.SECURITY)
    assert 303 == town.post("second", f"/rights/{SECURITY}/revoke", role=roles.SECURITY).status_code
    assert isinstance(town.last(PEOPLE), RoleRevoked)
    assert 403 == grant(town, "zhang", roles.INSPECTOR).status_code


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
