"""What was set up for alerts, folded from its events; and what may be set up."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from alerts.ruling import (
    FITS,
    AddressRefused,
    ContactUnfit,
    NoSuchContact,
    NoSuchSilence,
    PolicyUnfit,
    RecipientUnfit,
    SilenceUnfit,
    ask_test,
    fit_addresses,
    lift_silence,
    remove_contact,
    set_contact,
    set_policy,
    set_silence,
)
from alerts.setup import BUILTIN, NOTHING_SET, Setup, matches, recipients, with_setup
from supervision.notices import (
    AlertPolicySet,
    ContactRemoved,
    ContactSet,
    GatewayUp,
    RungWait,
    SilenceLifted,
    SilenceSet,
    TemplateSet,
)

AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
BY = "xitong"


def contact(person: str = "zhang", rung: int = 0, **says: Any) -> ContactSet:
    return ContactSet(at=AT, by=BY, person=person, rung=rung, **says)


def silence(name: str = "s1", **says: Any) -> SilenceSet:
    until = says.pop("until", AT + timedelta(hours=2))
    return SilenceSet(at=AT, by=BY, silence=name, reason="升级", until=until, **says)


def template(**says: Any) -> TemplateSet:
    return TemplateSet(at=AT, by=BY, kind="card", channel="sms", lang="zh", **says)


def policy(**says: Any) -> AlertPolicySet:
    return AlertPolicySet(at=AT, by=BY, version="", **says)


def folded(*events: Any) -> Setup:
    setup = NOTHING_SET
    for event in events:
        setup = with_setup(setup, event)
    return setup


def named(contacts: list[ContactSet]) -> list[str]:
    return [each.person for each in contacts]


# The fold.


def test_before_anything_is_set_up_nobody_is_told_by_the_products_rules() -> None:
    """And those rules have a version, so that it can be said by which somebody was told."""
    assert NOTHING_SET.policy.version == BUILTIN
    assert recipients(NOTHING_SET, "市水务局", "qushui", 0) == []


def test_a_contact_set_again_is_changed_and_removed_is_gone() -> None:
    """The number of the last addresses stays, so that none is used twice."""
    setup = folded(contact(number=1), contact(number=2, rung=3))
    assert setup.contacts == {"zhang": contact(number=2, rung=3)}
    after = with_setup(setup, ContactRemoved(at=AT, by=BY, person="zhang"))
    assert after.contacts == {}
    assert after.numbers == {"zhang": 2}


def test_a_silence_stays_until_it_is_lifted_over_or_not() -> None:
    """Also when it is over by itself."""
    setup = folded(silence("s1"), silence("s2", until=AT + timedelta(days=2)))
    assert ["s1", "s2"] == sorted(setup.silences)
    lifted = with_setup(setup, SilenceLifted(at=AT, by=BY, silence="s1"))
    assert list(lifted.silences) == ["s2"]
    assert lifted.silenced == 2


def test_a_template_of_nothing_is_the_products_again() -> None:
    """As is a reset."""
    setup = folded(template(body="您有新牌"))
    assert setup.templates["card", "sms", "zh"].body == "您有新牌"
    assert with_setup(setup, template()).templates == {}


def test_what_is_no_setup_changes_nothing() -> None:
    """The fold is total."""
    setup = folded(contact(), silence())
    assert with_setup(setup, GatewayUp(channel="sms", at=AT)) == setup


def test_the_fold_changes_no_setup_that_was_given_out() -> None:
    """Others may hold it."""
    setup = folded(contact(), silence(), template(body="x"))
    before = replace(setup)
    gone = ContactRemoved(at=AT, by=BY, person="zhang")
    folded_on = with_setup(with_setup(setup, contact("li")), gone)
    assert folded_on != setup
    assert setup == before


# Who is told.


def test_those_of_the_rung_the_department_and_the_item_are_told() -> None:
    """Without departments, or items, of all of them; in the order of their names."""
    setup = folded(
        contact("wang", 1),
        contact("li", 0, departments=("市水务局",)),
        contact("chen", 0, items=("qushui",)),
        contact("zhao", 0, departments=("市林业局",)),
        contact("an", 0),
    )
    assert named(recipients(setup, "市水务局", "qushui", 0)) == ["an", "chen", "li"]
    assert named(recipients(setup, "市水务局", "else", 0)) == ["an", "li"]
    assert named(recipients(setup, "", "", 1)) == ["wang"]


CARD = {
    "department": "市水务局",
    "item": "qushui",
    "rule": "promise",
    "severity": "red",
    "source": "shuiwu",
    "case_no": "SW-1",
}


@given(st.sets(st.sampled_from(sorted(CARD))), st.sampled_from(sorted(CARD)))
def test_a_silence_matches_where_all_that_it_names_is_the_same(
    fields: set[str], other: str
) -> None:
    """And does not as soon as one of them differs."""
    about = silence(**{name: CARD[name] for name in fields})
    assert matches(about, **CARD)
    assert matches(about, **{**CARD, other: "another"}) == (other not in fields)


# What may be set up.


@pytest.mark.parametrize("name", ["", "a b", "a\r\nBcc: all@x.cn", "x" * 65, "<b>"])
def test_a_recipient_has_a_name_that_one_signs_in_with(name: str) -> None:
    """Nothing that could become a header, or somebody nobody knows."""
    with pytest.raises(RecipientUnfit):
        set_contact(contact(name))


@pytest.mark.parametrize(
    "says",
    [
        {"rung": 4},
        {"rung": -1},
        {"lang": "fr"},
        {"channels": ()},
        {"channels": ("fax",)},
        {"name": "张三\r\nBcc: all@x.cn"},
        {"departments": ("\u202e局",)},
        {"items": tuple(f"i{n}" for n in range(201))},
    ],
)
def test_a_contact_that_could_not_be_told_is_refused(says: dict[str, Any]) -> None:
    """Each field with its reason."""
    with pytest.raises(ContactUnfit):
        set_contact(contact(**says))


def test_a_contacts_names_are_as_they_are_compared() -> None:
    """In whatever width and case they were typed; doubles once."""
    made = set_contact(
        contact("ＺHANG", channels=("sms", "mail", "sms"), departments=(" 局 ", "局"))
    )
    assert (made.person, made.channels, made.departments) == ("zhang", ("sms", "mail"), ("局",))


def test_each_channel_has_an_address_of_its_own_kind() -> None:
    """Given now, or there before; of other channels none is kept."""
    had = {"mail": "old@x.cn", "chat": "feishu://abc"}
    found = fit_addresses(("sms", "mail"), {"sms": "138 0013 8000"}, had, FITS)
    assert found == {"sms": "+8613800138000", "mail": "old@x.cn"}


def test_a_channel_without_an_address_is_refused() -> None:
    """Else somebody would be thought told."""
    with pytest.raises(ContactUnfit):
        fit_addresses(("sms",), {"mail": "z@x.cn"}, {}, FITS)


def test_a_channel_that_there_is_not_takes_no_address() -> None:
    """It could not be said whether it does."""
    with pytest.raises(ContactUnfit):
        fit_addresses(("chat",), {"chat": "feishu://abc"}, {}, {})


@pytest.mark.parametrize("number", ["1380013800", "12", "abc", "+86 1", "١٣٨٠٠١٣٨٠٠٠"])
def test_a_number_that_is_none_is_refused_and_not_repeated(number: str) -> None:
    """An address stands in no message of ours."""
    with pytest.raises(AddressRefused) as refused:
        fit_addresses(("sms",), {"sms": number}, {}, FITS)
    assert number not in str(refused.value)


def test_nobody_unknown_is_removed_or_tested() -> None:
    """An unknown recipient is told to be one."""
    with pytest.raises(NoSuchContact):
        remove_contact(NOTHING_SET, "zhang", BY, AT)
    with pytest.raises(NoSuchContact):
        ask_test(NOTHING_SET, "zhang", BY, AT)
    assert ask_test(folded(contact()), " ZHANG ", BY, AT).person == "zhang"


@pytest.mark.parametrize(
    "says",
    [
        {"until": AT},
        {"until": AT + timedelta(days=90, seconds=1)},
        {"severity": "purple"},
        {"case_no": "SW-1"},
        {"department": "x" * 101},
        {"department": "局\n甲"},
    ],
)
def test_a_silence_without_an_end_or_with_nonsense_is_refused(says: dict[str, Any]) -> None:
    """It ends in ninety days at most."""
    with pytest.raises(SilenceUnfit):
        set_silence(NOTHING_SET, silence(**{"item": "qushui", **says}))


@pytest.mark.parametrize("reason", ["", "  ", "a\x00b", "x" * 501])
def test_a_silence_has_a_reason(reason: str) -> None:
    """It will be asked for."""
    with pytest.raises(SilenceUnfit):
        set_silence(NOTHING_SET, replace(silence(item="qushui"), reason=reason))


def test_everything_is_silenced_only_if_that_is_said() -> None:
    """And then nothing in particular."""
    with pytest.raises(SilenceUnfit):
        set_silence(NOTHING_SET, silence())
    with pytest.raises(SilenceUnfit):
        set_silence(NOTHING_SET, silence(item="qushui"), everything=True)
    assert set_silence(NOTHING_SET, silence(), everything=True).silence == "s1"


def test_silences_are_numbered_for_good() -> None:
    """A lifted one's name is not given again."""
    setup = folded(silence("s1"), SilenceLifted(at=AT, by=BY, silence="s1"))
    assert set_silence(setup, silence("whatever", item="qushui")).silence == "s2"


def test_only_a_silence_in_force_is_lifted() -> None:
    """Neither an unknown one nor one that is over."""
    setup = folded(silence("s1"))
    assert lift_silence(setup, "s1", BY, AT).silence == "s1"
    for name, at in (("s2", AT), ("s1", AT + timedelta(hours=2))):
        with pytest.raises(NoSuchSilence):
            lift_silence(setup, name, BY, at)


def test_the_products_own_rules_may_be_set() -> None:
    """They are an example of good ones; the version is when they were set."""
    assert set_policy(policy()) == replace(policy(), version="2026-03-02T01:00:00Z")


@pytest.mark.parametrize(
    "says",
    [
        {"waits": ()},
        {"waits": (RungWait("red", 0, "soon"),)},
        {"waits": (RungWait("red", 4, "1wd"),)},
        {"waits": (RungWait("pink", 0, "1wd"),)},
        {"waits": (RungWait("red", 0, "1wd"), RungWait("red", 0, "2wd"))},
        {"quiet": ()},
        {"quiet": (("18:00", "08:30"),)},
        {"quiet": (("08:30", "12:00"), ("11:00", "18:00"))},
        {"quiet": (("8", "9"),)},
        {"quiet": (("08:30", "24:00"),)},
        {"awake": ("pink",)},
        {"all_channels": ("pink",)},
        {"digest_at": "soon"},
        {"tries": 0},
        {"tries": 21},
        {"link_hours": 0},
        {"retry_first": 60, "retry_most": 30},
        {"group_wait": float("nan")},
        {"group_wait": 61},
        {"group_burst": 0},
        {"most_cards": 51},
        {"version": "a\nb"},
    ],
)
def test_rules_that_would_tell_nobody_or_flood_somebody_are_refused(says: dict[str, Any]) -> None:
    """Each number within its limits, each hour one."""
    with pytest.raises(PolicyUnfit):
        set_policy(replace(policy(), **says))
