"""The pages for alerts: each for its own right, bad input told in words.

Above 400 lines: the pages share one town, one way to refuse and one list of who may.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from alerts.book import Addresses, Book
from alerts.links import Links, secret_of
from supervision import notices
from supervision.notices import (
    ALERTS,
    AlertPolicySet,
    CardRef,
    ContactRemoved,
    ContactSet,
    MessageAccepted,
    SilenceSet,
    TemplateSet,
    message_stream,
)
from supervision.store.mapping import moment
from tests.alerts_town import (
    AT,
    AUDITOR,
    HEAD,
    HOUR,
    INSPECTOR,
    LOCAL,
    alerts_in,
    contact,
    intended,
)
from tests.offices_town import (
    MARKUP,
    START,
    SYSTEM,
    Town,
    text_of,
    told,
)

pytestmark = pytest.mark.integration

PAGES = {
    SYSTEM: ("/alerts/contacts", "/alerts/templates", "/alerts/policy"),
    INSPECTOR: ("/alerts/silences", "/alerts/messages"),
    HEAD: ("/alerts/messages",),
    AUDITOR: ("/alerts/messages",),
}
CONTACT = {
    "person": "zhang", "name": "张三", "rung": "1", "departments": "whole", "items": "",
    "channel_1": "mail", "channel_2": "sms", "channel_3": "", "mail": "z@jiancha.gov.cn",
    "sms": "138 0013 8000", "chat": "", "language": "zh",
}  # fmt: skip
POLICY = {
    "quiet": "08:30-12:00 14:00-18:00", "awake": "red", "all_channels": "red",
    "digest_at": "17:30", "group_wait": "0.2", "group_interval": "300", "group_burst": "3",
    "link_hours": "48", "tries": "8", "retry_first": "15", "retry_most": "1800",
    "most_cards": "20", "wait_red_0": "0wh", "wait_red_1": "4wh",
}  # fmt: skip


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    """The pages behind the gate, over a record of their own."""
    with alerts_in(tmp_path / "home") as made:
        yield made


def setup_of(town: Town) -> Any:
    return Book(town.record).setup()


# Whose the pages are.


@pytest.mark.parametrize("who", sorted({*PAGES, "anquan", "shenji"}))
def test_each_page_is_for_those_with_its_right(town: Town, who: str) -> None:
    """The system administrator sets up, supervisors silence, they, heads and auditors read."""
    every = {path for paths in PAGES.values() for path in paths}
    answers = {path: town.get(who, path).status_code for path in every}
    assert answers == {path: 200 if path in PAGES.get(who, ()) else 403 for path in every}


def test_every_form_is_for_those_with_its_right(town: Town) -> None:
    """Whoever has another is refused, and nothing changes."""
    forms = {
        SYSTEM: (
            "/alerts/contacts", "/alerts/contacts/remove", "/alerts/contacts/test",
            "/alerts/templates", "/alerts/templates/preview", "/alerts/templates/reset",
            "/alerts/policy",
        ),
        INSPECTOR: ("/alerts/silences", "/alerts/silences/lift"),
    }  # fmt: skip
    everybody = {SYSTEM, INSPECTOR, HEAD, AUDITOR, "anquan", "shenji"}
    answers = {
        town.post(who, path).status_code
        for owner, paths in forms.items()
        for path in paths
        for who in everybody - {owner}
    }
    assert answers == {403}
    assert town.record.version(ALERTS) == 0


def test_a_form_without_its_token_changes_nothing(town: Town) -> None:
    """Another site cannot send it in somebody's name."""
    assert town.post(SYSTEM, "/alerts/contacts", csrf="", **CONTACT).status_code == 403
    assert town.record.version(ALERTS) == 0


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_pages_are_whole_in_both_languages_and_kept_by_nobody(town: Town, lang: str) -> None:
    """No blank is left, no script and no style stands in them."""
    for who, paths in PAGES.items():
        for path in paths:
            answer = town.get(who, f"{path}?lang={lang}")
            assert answer.headers["cache-control"] == "no-store"
            ours = re.sub(r"<textarea.*?</textarea>", "", answer.text, flags=re.DOTALL)
            assert [bad for bad in ("<script", "style=", "{{") if bad in ours] == []


# Contacts.


def test_a_contact_is_set_changed_tested_and_removed(town: Town) -> None:
    """The address is never on the page, and left as it was where none is given."""
    assert town.post(SYSTEM, "/alerts/contacts", **CONTACT).status_code == 303
    some = {"departments": "parts", "department": ["市水务局"], "mail": "", "sms": "", "rung": "2"}
    assert town.post(SYSTEM, "/alerts/contacts", **{**CONTACT, **some}).status_code == 303
    contact = setup_of(town).contacts["zhang"]
    assert (contact.rung, contact.departments, contact.by) == (2, ("市水务局",), SYSTEM)
    assert Addresses(Book(town.record)).of(contact, "sms") == "+8613800138000"
    page = town.get(SYSTEM, "/alerts/contacts?person=zhang")
    assert "已登记；留空则不变" in page.text
    assert "jiancha.gov.cn" not in page.text
    assert "13800138000" not in page.text
    assert town.post(SYSTEM, "/alerts/contacts/test", person="zhang").status_code == 303
    asked = town.last(ALERTS)
    assert isinstance(asked, notices.TestAsked)
    assert (asked.person, asked.by) == ("zhang", SYSTEM)
    assert town.post(SYSTEM, "/alerts/contacts/remove", person="zhang").status_code == 303
    assert isinstance(town.last(ALERTS), ContactRemoved)


@pytest.mark.parametrize(
    ("says", "why"),
    [
        ({"person": "张三\r\nBcc: all@x.cn"}, "登录名"),
        ({"name": "张三\r\nBcc: all@x.cn"}, "接收人设置不符"),
        ({"sms": "12345"}, "手机号应为 11 位数字"),
        ({"mail": "not an address"}, "电子邮箱应形如"),
        ({"mail": "a@x.cn\r\nBcc: all@x.cn"}, "电子邮箱应形如"),
        ({"rung": "four"}, "层级"),
        ({"channel_1": "fax"}, "通道"),
        ({"channel_1": "", "channel_2": ""}, "通道"),
        ({"language": "fr"}, "语言"),
        ({"departments": ""}, "请选择部门"),
        ({"department": ["市水务局"]}, "请二者取一"),
        ({"channel_2": "chat"}, "缺地址"),
    ],
)
def test_a_contact_that_could_not_be_told_is_refused_in_words(
    town: Town, says: dict[str, Any], why: str
) -> None:
    """What was typed is still there, but no address; nothing is recorded."""
    answer = town.post(SYSTEM, "/alerts/contacts", **{**CONTACT, **says})
    assert answer.status_code == 422
    assert why in told(answer)
    assert "z@jiancha.gov.cn" not in answer.text
    assert town.record.version(ALERTS) == 0


def test_an_unknown_recipient_is_told_to_be_one(town: Town) -> None:
    """Whoever tests or removes them."""
    for form in ("test", "remove"):
        answer = town.post(SYSTEM, f"/alerts/contacts/{form}", person="nobody")
        assert (answer.status_code, told(answer)) == (404, "没有此接收人：nobody")


def test_a_name_is_no_markup(town: Town) -> None:
    """Nor is one in a list."""
    town.post(SYSTEM, "/alerts/contacts", **{**CONTACT, "name": MARKUP})
    page = town.get(SYSTEM, "/alerts/contacts")
    assert html.escape(MARKUP) in page.text
    assert MARKUP not in page.text


def test_contacts_are_found_and_listed_by_pages(town: Town) -> None:
    """A hundred to each."""
    for n in range(101):
        event = ContactSet(at=AT, by=SYSTEM, person=f"p{n:03d}", rung=0)
        town.record.append(ALERTS, [event], n)
    first = town.get(SYSTEM, "/alerts/contacts")
    assert "p099" in first.text
    assert "p100" not in text_of(first)
    assert "p100" in text_of(town.get(SYSTEM, "/alerts/contacts?after=p099"))
    assert "p042" in text_of(found := town.get(SYSTEM, "/alerts/contacts?q=P042"))
    assert "p041" not in text_of(found)


# Silences.


def silenced(town: Town, who: str, **says: str) -> httpx.Response:
    """Asked for until tomorrow, as the log's clock has it."""
    end = moment(town.record.heartbeat()[0] + 24 * HOUR).astimezone()
    fields = {"reason": "系统升级", "until": f"{end:%Y-%m-%dT%H:%M%z}", **says}
    return town.post(who, "/alerts/silences", **fields)


def test_a_supervisor_silences_and_lifts(town: Town) -> None:
    """Both on record under the name."""
    assert silenced(town, INSPECTOR, department="市水务局", severity="yellow").status_code == 303
    event = town.last(ALERTS)
    assert isinstance(event, SilenceSet)
    assert (event.by, event.department, event.severity) == (INSPECTOR, "市水务局", "yellow")
    shown = text_of(town.get(INSPECTOR, "/alerts/silences"))
    assert "系统升级" in shown
    assert "黄牌" in shown
    lifted = town.post(INSPECTOR, "/alerts/silences/lift", silence=event.silence)
    assert lifted.status_code == 303
    assert setup_of(town).silences == {}
    again = town.post(INSPECTOR, "/alerts/silences/lift", silence=event.silence)
    assert (again.status_code, told(again)) == (404, "没有此静默：s1")


@pytest.mark.parametrize(
    ("says", "why"),
    [
        ({"reason": ""}, "请说明理由"),
        ({"until": "some day"}, "结束时间"),
        ({"until": "2026-01-01T00:00"}, "结束时间"),
        ({"until": "2099-01-01T00:00"}, "结束时间"),
        ({"department": ""}, "选定范围"),
        ({"severity": "pink"}, "级别"),
        ({"everything": "yes"}, "选定范围"),
    ],
)
def test_a_silence_that_says_too_little_is_refused(
    town: Town, says: dict[str, str], why: str
) -> None:
    """In words; nothing is silenced."""
    answer = silenced(town, INSPECTOR, **{"department": "市水务局", **says})
    assert answer.status_code == 422
    assert why in told(answer)
    assert town.record.version(ALERTS) == 0


def test_who_supervises_a_department_silences_that_alone(town: Town) -> None:
    """Neither another, nor everything, nor what is of no department; and lifts no other's."""
    for says in ({"department": "市林业局"}, {"item": "qushui"}, {"everything": "yes"}):
        assert silenced(town, LOCAL, **says).status_code == 422
    assert silenced(town, LOCAL, department="市水务局").status_code == 303
    assert silenced(town, INSPECTOR, department="市林业局").status_code == 303
    assert "市林业局" not in town.get(LOCAL, "/alerts/silences").text.partition("<tbody>")[2]
    refused = town.post(LOCAL, "/alerts/silences/lift", silence="s2")
    assert refused.status_code == 404
    assert sorted(setup_of(town).silences) == ["s1", "s2"]


# Templates.


WHICH = {"kind": "card", "channel": "sms", "of": "zh"}


def test_a_template_is_looked_at_saved_and_put_back(town: Town) -> None:
    """Looking saves nothing."""
    says = {**WHICH, "body": "{{ mark }}{{ label_zh }}共{{ count }}件"}
    seen = town.post(SYSTEM, "/alerts/templates/preview", **says)
    assert "▲红牌共5件" in text_of(seen)
    assert "1 条短信" in text_of(seen)
    assert town.record.version(ALERTS) == 0
    assert town.post(SYSTEM, "/alerts/templates", **says).status_code == 303
    event = town.last(ALERTS)
    assert isinstance(event, TemplateSet)
    assert event.body == says["body"]
    assert town.post(SYSTEM, "/alerts/templates/reset", **WHICH).status_code == 303
    assert setup_of(town).templates == {}


def test_the_html_of_a_mail_is_shown_as_it_is_written(town: Town) -> None:
    """It is never part of our page."""
    says = {"kind": "card", "channel": "mail", "of": "zh", "html": "<h1 id='x'>{{ count }}</h1>"}
    seen = town.post(SYSTEM, "/alerts/templates/preview", **says)
    assert "&lt;h1 id=&#39;x&#39;&gt;5&lt;/h1&gt;" in seen.text
    assert "<h1 id=" not in seen.text


@pytest.mark.parametrize("form", ["/alerts/templates", "/alerts/templates/preview"])
@pytest.mark.parametrize("body", ["{{ nothing }}", "{% if", "{{ '' }}", "牌" * 600])
def test_a_template_that_does_not_render_is_refused(town: Town, form: str, body: str) -> None:
    """With what is wrong; the text is still there to be put right."""
    answer = town.post(SYSTEM, form, **WHICH, body=body)
    assert answer.status_code == 422
    assert told(answer).startswith("模板不能使用：body: ")
    assert html.escape(body[:20], quote=False) in html.unescape(answer.text)
    assert town.record.version(ALERTS) == 0


def test_the_products_own_words_saved_stay_the_products(town: Town) -> None:
    """Else a later release could not better them."""
    page = town.get(SYSTEM, "/alerts/templates?kind=test&channel=sms&of=zh").text
    body = html.unescape(page.partition('name="body"')[2].partition(">")[2].partition("</")[0])
    says = {"kind": "test", "channel": "sms", "of": "zh", "body": body.removeprefix("\n")}
    assert town.post(SYSTEM, "/alerts/templates", **says).status_code == 303
    assert setup_of(town).templates == {}


# Policy.


def test_the_rules_are_changed_and_say_since_when_they_hold(town: Town) -> None:
    """All of them at once."""
    assert town.post(SYSTEM, "/alerts/policy", **POLICY).status_code == 303
    policy = setup_of(town).policy
    assert policy.quiet == (("08:30", "12:00"), ("14:00", "18:00"))
    assert [(each.severity, each.rung, each.wait) for each in policy.waits] == [
        ("red", 0, "0wh"),
        ("red", 1, "4wh"),
    ]
    assert policy.version in text_of(town.get(SYSTEM, "/alerts/policy"))


@pytest.mark.parametrize(
    ("says", "why"),
    [
        ({"tries": "many"}, "请填写数字"),
        ({"tries": "99"}, "发送次数须在 1 至 20 之间"),
        ({"group_wait": "nan"}, "首条消息等待须在"),
        ({"group_wait": "1e999"}, "首条消息等待须在"),
        ({"quiet": "all day"}, "告知时段应为起止时刻"),
        ({"quiet": "18:00-08:30"}, "先后有序"),
        ({"wait_red_0": "soon"}, "等待应填"),
        ({"wait_red_0": "", "wait_red_1": ""}, "至少告知一个层级"),
        ({"awake": "pink"}, "不受时段限制的级别"),
        ({"digest_at": "25:00"}, "每日汇总时刻"),
    ],
)
def test_rules_that_make_no_sense_are_refused_in_words(
    town: Town, says: dict[str, str], why: str
) -> None:
    """Nothing changes."""
    answer = town.post(SYSTEM, "/alerts/policy", **{**POLICY, **says})
    assert answer.status_code == 422
    assert why in told(answer)
    assert not [e for e in town.events(ALERTS) if isinstance(e, AlertPolicySet)]


# Messages.


def test_a_message_is_shown_with_what_became_of_it_but_not_with_its_link(town: Town) -> None:
    """Who reads the list could else acknowledge in another's name."""
    token = Links(secret_of(town.record.vault)).make("m1", "zhang", START + HOUR)
    text = f"签收：https://testserver/ack/{token}"
    message = intended(town, "zhang", CardRef("hz", "A-1", "C1"), text=text)
    accepted = MessageAccepted(message=message, at=AT, attempt=1, gateway_id="Q-4711", parts=2)
    town.record.append(message_stream(message), [accepted], 0)
    page = town.get(INSPECTOR, "/alerts/messages")
    shown = text_of(page)
    assert "网关已收" in shown
    assert "Q-4711" in shown
    assert "新发牌" in shown
    assert "/ack/…" in shown
    assert token not in page.text


def test_a_list_of_messages_is_chosen_and_goes_on(town: Town) -> None:
    """Fifty to a page; what makes no sense in an address is passed over."""
    for n in range(60):
        intended(town, f"p{n:02d}")
    first = town.get(INSPECTOR, "/alerts/messages?state=nonsense&before=x")
    assert "致 p59" in first.text
    assert "致 p09" not in first.text
    (older,) = re.findall(r'href="(/alerts/messages\?before=[^"]*)"', first.text)
    onward = html.unescape(older)
    assert "致 p09" in town.get(INSPECTOR, onward).text
    assert "没有符合条件的消息" in town.get(INSPECTOR, "/alerts/messages?state=delivered").text


def test_who_may_see_a_department_sees_messages_to_its_contacts_alone(town: Town) -> None:
    """Not those to somebody who is told of other departments too, nor to who is not told now."""
    for version, event in enumerate(
        [
            contact("shui", "市水务局"),
            contact("shuilin", "市水务局", "市林业局"),
            contact("quanshi"),
        ]
    ):
        town.record.append(ALERTS, [event], version)
    for person in ("shui", "shuilin", "quanshi", "gone"):
        intended(town, person)
    shown = text_of(town.get(LOCAL, "/alerts/messages"))
    whole = text_of(town.get(INSPECTOR, "/alerts/messages"))
    assert [p for p in ("shui", "shuilin", "quanshi", "gone") if f"致 {p} " in shown] == ["shui"]
    assert all(f"致 {p} " in whole for p in ("shui", "shuilin", "quanshi", "gone"))


def test_a_message_about_cards_goes_by_their_departments_whoever_it_went_to(town: Town) -> None:
    """A contact who moved takes no old messages along; one who left hides none."""
    town.record.append(ALERTS, [contact("moved", "市水务局")], 0)
    ref = CardRef("hz", "A-1", "C1")
    intended(town, "moved", ref, departments=("市林业局",), text="林业旧事")
    intended(town, "gone", ref, departments=("市水务局",), text="水务旧事")
    shown = text_of(town.get(LOCAL, "/alerts/messages"))
    assert "水务旧事" in shown
    assert "林业旧事" not in shown
