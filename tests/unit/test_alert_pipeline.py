"""Who is told of a card, when and why; and why not (domain: 6, 7).

Above 400 lines: one rule of the pipeline a test, over one town.
"""

from __future__ import annotations

from datetime import timedelta

from alerts.channels.port import Reply
from alerts.replies import meant_by
from supervision import notices
from supervision.acts import (
    AppealDecided,
    CardAppealed,
    CardConfirmed,
    CardIssued,
    CardWithdrawn,
    RectificationReported,
    SupervisionOrdered,
)
from supervision.facts import instant
from supervision.judgement.shelf import NEVER
from supervision.notices import (
    ALERTS,
    GATEWAYS,
    ContactRemoved,
    GatewayDown,
    GatewayUp,
    MessageAttempted,
    MessageDeferred,
    MessageDelivered,
)
from supervision.streams import cards_stream, desk_stream
from tests.alerting import DEPARTMENT, PLACE, Town, card, contact, everybody
from tests.court import CHINA, at, when


def test_each_rung_is_told_in_its_time_and_once() -> None:
    """承办人 at once, 科室负责人 after four office hours, 分管领导 after a working day."""
    town = Town(everybody())
    issued = card()
    town.issue(issued)
    made = town.live("2026-03-20 18:00")
    assert [("clerk", "issued"), ("head", "waited"), ("chief", "waited")] == town.told(issued)
    assert ["2026-03-16 10:00", "2026-03-16 15:00", "2026-03-17 10:00"] == [
        f"{each.at.astimezone(when('2026-01-01').tzinfo):%Y-%m-%d %H:%M}" for each in made
    ]


def test_nobody_is_told_after_somebody_acknowledged() -> None:
    """签收 stops the rungs above, and it is recorded why."""
    town = Town(everybody())
    issued = card()
    town.issue(issued)
    town.live("2026-03-16 11:00")
    town.accept()
    town.acknowledge(issued)
    town.live("2026-03-20 18:00")
    assert [("clerk", "issued")] == town.told(issued)
    assert [(1, "acknowledged"), (2, "acknowledged")] == [
        (each.rung, each.stage) for each in town.notices(issued)[1:]
    ]


def test_a_yellow_card_of_the_evening_is_told_in_the_morning_and_a_red_one_at_once() -> None:
    """Quiet hours are those in which nobody works; red is excepted."""
    town = Town(everybody())
    yellow, red = card(at="2026-03-13 19:00"), card("2", "red", at="2026-03-13 19:00")
    town.issue(yellow, red)
    town.live("2026-03-13 20:00")
    assert [("clerk", "issued"), ("head", "issued")] == town.told()
    assert [] == town.told(yellow)
    town.live("2026-03-16 08:31")
    assert [("clerk", "issued")] == town.told(yellow)
    assert "muted" == town.notices(yellow)[0].stage


def test_red_is_told_instead_of_yellow_on_one_ladder() -> None:
    """Promise and legal limit are one ladder: red hides yellow in messages."""
    town = Town(everybody())
    red = card("1", "red", clock="legal")
    yellow = card("1", "yellow")
    town.issue(red, yellow)
    town.live("2026-03-16 10:05")
    assert [] == town.told(yellow)
    assert ("inhibited", red.card) == (town.notices(yellow)[0].stage, town.notices(yellow)[0].by)


def test_thirty_cards_of_a_department_are_one_message() -> None:
    """What comes together is told together, all of it."""
    town = Town(everybody())
    town.issue(*(card(str(n)) for n in range(30)))
    (message,) = town.live("2026-03-16 10:01")
    assert 30 == len(message.cards)
    assert "30" in message.subject


def test_a_thousand_cards_in_a_minute_are_a_handful_of_messages() -> None:
    """And each of them is told once, none is forgotten."""
    town = Town(everybody())
    base = when("2026-03-16 10:00")
    for second in range(60):
        town.live(base + timedelta(seconds=second))
        town.issue(*(card(f"{second}-{n}", at=f"2026-03-16 10:00:{second:02d}") for n in range(17)))
    made = town.live("2026-03-16 10:20")
    clerk = [each for each in town.messages() if each.person == "clerk"]
    assert 4 == len(clerk)
    assert 60 * 17 == sum(len(each.cards) for each in clerk)
    assert made


def test_a_silence_holds_a_card_up_and_its_end_is_told() -> None:
    """Nothing is suppressed for ever."""
    town = Town(everybody())
    town.go("2026-03-16 09:00")
    town.silence("2026-03-16 14:00", department="市住建局")
    issued = card()
    town.issue(issued)
    town.live("2026-03-16 13:59")
    assert [] == town.told()
    made = town.live("2026-03-16 14:05")
    assert [("clerk", "issued")] == town.told(issued)
    assert ["card", "silence_ended"] == sorted(each.kind for each in made)


def test_where_nobody_is_at_a_rung_the_next_one_is_told_at_once() -> None:
    """A card of a department without contacts is not lost."""
    town = Town([contact("chief", 2)])
    issued = card()
    town.issue(issued)
    town.live("2026-03-16 10:05")
    assert [("chief", "unreached")] == town.told(issued)
    assert ["no_contact", "no_contact"] == [
        each.stage for each in town.notices(issued) if hasattr(each, "stage")
    ]


def test_what_one_channel_cannot_deliver_another_does() -> None:
    """A number that is none does not leave a card untold."""
    town = Town([contact("clerk", 0, channels=("sms", "mail"))], ("mail", "sms"))
    issued = card()
    town.issue(issued)
    town.live("2026-03-16 10:01")
    assert ["sms"] == [each.intended.channel for each in town.refuse("sms")]
    town.live("2026-03-16 10:02")
    assert [("clerk", "issued"), ("clerk", "failed")] == town.told(issued)
    assert ["clerk"] == [each.intended.person for each in town.accept("mail")]


def test_who_was_told_at_one_rung_is_not_told_again_at_another() -> None:
    """Somebody who rose in between knows of the card already."""
    town = Town([contact("li", 0)])
    issued = card()
    town.issue(issued)
    town.live("2026-03-16 10:05")
    town.accept()
    town.put([(ALERTS, contact("li", 1))])
    town.live("2026-03-16 15:05")
    assert [("li", "issued")] == town.told(issued)
    (_, again) = town.notices(issued)[:2]
    assert ("li", 1, "told") == (again.person, again.rung, again.stage)


def test_the_card_page_can_say_when_the_next_message_goes() -> None:
    """To which rung, at which instant; nothing once somebody acknowledged."""
    town = Town(everybody())
    issued = card()
    town.issue(issued)
    town.live("2026-03-16 10:05")
    town.accept()
    following = town.next_of(issued)
    assert following is not None
    assert at("2026-03-16 15:00") == following.at // 1_000_000 * 1_000_000
    assert (1, "waited", "") == following[1:]
    town.acknowledge(issued)
    assert town.next_of(issued) is None


def test_a_message_that_waits_for_its_gateway_is_dropped_once_acknowledged() -> None:
    """The gateway comes back, and nobody is told what they answered long ago."""
    town = Town([contact("clerk", 0)])
    issued = card()
    town.issue(issued)
    town.live("2026-03-16 10:01")
    town.acknowledge(issued)
    town.live("2026-03-16 10:10")
    assert [] == town.letters()


def test_a_yellow_message_whose_gateway_comes_back_at_night_waits_for_the_morning() -> None:
    """Held up is no reason to wake anybody."""
    town = Town([contact("clerk", 0)])
    town.issue(card(at="2026-03-16 17:50"))
    (letter,) = (town.live("2026-03-16 17:51"), town.letters())[1]
    later = when("2026-03-16 19:00")
    town.become(
        letter,
        MessageAttempted(message=letter.id, at=town.now, attempt=1),
        MessageDeferred(message=letter.id, at=town.now, attempt=1, reason="down", again_at=later),
    )
    town.live("2026-03-16 22:00")
    assert [] == town.letters()
    town.live("2026-03-17 08:31")
    assert [letter.id] == [each.id for each in town.letters()]


def test_a_message_that_was_deferred_rings_when_it_may_be_tried_again() -> None:
    """Also where nothing else happens meanwhile."""
    town = Town([contact("clerk", 0)])
    town.issue(card())
    town.live("2026-03-16 10:01")
    (letter,) = town.letters()
    later = town.now + timedelta(seconds=15)
    town.become(
        letter,
        MessageAttempted(message=letter.id, at=town.now, attempt=1),
        MessageDeferred(message=letter.id, at=town.now, attempt=1, reason="450", again_at=later),
    )
    assert [] == town.letters()
    assert instant(later) == town.pipeline.retry_at(town.stamp)
    town.go(later)
    assert [letter.id] == [each.id for each in town.letters()]
    assert NEVER == town.pipeline.retry_at(town.stamp)


def test_a_digest_goes_once_on_each_working_day() -> None:
    """日清 at half past five, with what stands; not on Saturday."""
    town = Town([contact("head", 1, digest=True)])
    town.issue(card(), card("2", "red"))
    made = town.live("2026-03-23 09:00")
    digests = [each for each in made if each.kind == "digest"]
    assert ["2026-03-16", "2026-03-17", "2026-03-18", "2026-03-19", "2026-03-20"] == [
        each.why for each in digests
    ]
    assert "17:30" == f"{digests[0].at.astimezone(CHINA):%H:%M}"


def test_a_proposed_card_is_told_to_the_supervisors_alone_until_it_is_confirmed() -> None:
    """Then it is told like any other, from its confirmation on."""
    town = Town(everybody())
    issued = card(proposed=True)
    town.issue(issued)
    town.live("2026-03-16 11:00")
    town.accept()
    assert [("inspector", "proposed")] == town.told(issued)
    confirmed = CardConfirmed(source="s", case_no="1", card=issued.card, at=town.now)
    town.put([(cards_stream("s", "1"), confirmed)])
    town.live("2026-03-16 11:05")
    assert [("inspector", "proposed"), ("clerk", "issued")] == town.told(issued)


def test_history_is_never_messaged_about() -> None:
    """What happened before it was watched is shown, and told to nobody."""
    town = Town(everybody())
    town.issue(card(history=True))
    assert [] == town.live("2026-03-20 18:00")


def test_a_test_that_was_asked_for_goes_by_each_channel() -> None:
    """And says that nothing need be done."""
    town = Town([contact("clerk", 0, channels=("mail", "sms"))], ("mail", "sms"))
    town.put([(ALERTS, notices.TestAsked(at=town.now, by="admin", person="clerk"))])
    assert [("test", "mail"), ("test", "sms")] == [(m.kind, m.channel) for m in town.run()]


def test_personal_data_never_comes_into_a_message() -> None:
    """What a message says comes from the card and the lists, which hold none."""
    town = Town([contact("clerk", 0, channels=("sms",))], ("sms",))
    town.issue(card(person="A0101"))
    (message,) = town.live("2026-03-16 10:01")
    assert "A0101" not in message.text
    assert len(message.text) <= 500


def test_of_the_handlers_the_one_who_handled_the_case_is_told() -> None:
    """However a source writes the name; all of them where it names none of them."""
    town = Town([contact("a0101", 0), contact("a0102", 0)])
    theirs, nobodys = card("1", person="A0102"), card("2", person="A0999")
    town.issue(theirs, nobodys)
    town.live("2026-03-16 10:01")
    assert [("a0102", "issued")] == town.told(theirs)
    assert [("a0101", "issued"), ("a0102", "issued")] == town.told(nobodys)


def test_what_stands_is_told_once_there_is_somebody_to_tell() -> None:
    """Before that nothing is decided; what is over by then is told to nobody."""
    town = Town()
    standing, over = card("1"), card("2")
    town.issue(standing, over)
    town.put(
        [
            (
                cards_stream("s", "2"),
                CardWithdrawn(source="s", case_no="2", card=over.card, at=town.now),
            )
        ]
    )
    assert [] == town.live("2026-03-17 09:00")
    assert [] == town.notices()
    town.put([(ALERTS, each) for each in everybody()])
    town.live("2026-03-17 09:05")
    assert {("clerk", "issued"), ("head", "waited")} == set(town.told(standing))
    assert [] == town.notices(over)


def test_a_long_outage_of_the_gateway_leaves_nobody_untold() -> None:
    """Whoever waits behind a gateway that is not there is told when it is back."""
    town = Town(everybody())
    issued = card()
    town.issue(issued)
    town.live("2026-03-16 10:01")
    (letter,) = town.letters()
    for attempt in range(1, 40):
        again = town.now + timedelta(minutes=5)
        town.become(
            letter,
            MessageAttempted(message=letter.id, at=town.now, attempt=attempt),
            MessageDeferred(
                message=letter.id, at=town.now, attempt=attempt, reason="down", again_at=again,
                down=True,
            ),
        )  # fmt: skip
        town.live(again)
    assert 0 == town.ledger.letters[letter.id].tries
    assert letter.id in [each.id for each in town.letters()]
    assert [("clerk", "issued")] == town.told(issued)


def test_a_contact_who_is_added_later_is_told_of_what_stands() -> None:
    """Contacts are set up one by one; the first of another department closes nothing for good."""
    town = Town([contact("other", 0, departments=("市水利局",))])
    issued = card("1", "red")
    town.issue(issued)
    town.live("2026-03-16 10:05")
    assert [] == town.told(issued)
    town.put([(ALERTS, contact("clerk", 0, departments=(issued.department,)))])
    town.live("2026-03-16 10:10")
    assert [("clerk", "issued")] == town.told(issued)


def test_an_address_that_was_put_right_is_used() -> None:
    """It bounced; whoever corrects it need not wait for the next card."""
    town = Town([contact("clerk", 0)])
    issued = card()
    town.issue(issued)
    town.live("2026-03-16 10:01")
    town.refuse()
    town.live("2026-03-16 10:02")
    assert [] == town.letters()
    town.put([(ALERTS, contact("clerk", 0, number=2))])
    town.live("2026-03-16 10:05")
    assert ["clerk"] == [each.intended.person for each in town.letters()]


def test_a_reply_minutes_after_delivery_is_understood() -> None:
    """By its code, and by a plain yes; it never means a message that nobody has seen yet."""
    town = Town([contact("clerk", 0, channels=("sms",))], ("sms",))
    town.issue(card("1"))
    town.live("2026-03-16 10:01")
    (seen,) = town.accept("sms")
    town.become(seen, MessageDelivered(message=seen.id, at=town.now))
    town.live("2026-03-16 10:10")
    town.issue(card("2", at="2026-03-16 10:10"))
    town.live("2026-03-16 10:11")
    for text in ("收到", PLACE.code(seen.id)):
        meant = meant_by(town.ledger, "sms", Reply("1", text), ["clerk"], PLACE.code)
        assert meant.letter is not None
        assert seen.id == meant.letter.id


def test_after_an_order_nobody_above_is_told_that_it_was_not_acknowledged() -> None:
    """An order takes the place of the acknowledgement, which is not possible any more."""
    town = Town(everybody())
    issued = card("1", "red")
    town.issue(issued)
    town.live("2026-03-16 10:01")
    town.accept()
    order = SupervisionOrdered(
        id="o1", source="s", case_no="1", card=issued.card, at=town.now, by="li", number=1
    )
    town.put([(desk_stream("s", "1"), order)])
    town.live("2026-03-20 18:00")
    assert {"clerk", "head"} == {person for person, _ in town.told(issued)}


def ordered(town: Town, issued: CardIssued, number: int = 1) -> None:
    """督办, now."""
    order = SupervisionOrdered(
        id=f"o{number}", source="s", case_no="1", card=issued.card, at=town.now, by="li",
        number=number,
    )  # fmt: skip
    town.put([(desk_stream("s", "1"), order)])


def told_why(town: Town, why: str) -> list[str]:
    """Whom a notice with this occasion says that was told."""
    return sorted(person for person, occasion in town.told() if occasion == why)


def test_an_order_is_told_to_the_handlers_and_one_rung_higher_each_time() -> None:
    """Also to who was told of the card before; the second order goes higher, none to inspectors."""
    town = Town(everybody())
    issued = card("1", "yellow")
    town.issue(issued)
    town.live("2026-03-16 10:01")
    town.accept()
    ordered(town, issued)
    town.live("2026-03-16 10:03")
    assert ["clerk", "head"] == told_why(town, "ordered 1")
    town.accept()
    ordered(town, issued, 2)
    town.live("2026-03-16 10:05")
    assert ["chief", "clerk"] == told_why(town, "ordered 2")
    assert {"ordered"} == {x.intended.why for x in town.letters("mail")}


def test_an_order_is_told_whatever_is_silenced_and_by_a_process_that_comes_after() -> None:
    """It is told once, by whoever goes on."""
    town = Town(everybody())
    issued = card("1", "yellow")
    town.issue(issued)
    town.live("2026-03-16 10:01")
    town.silence("2026-03-18 10:00", department=DEPARTMENT)
    ordered(town, issued)
    town.live("2026-03-16 10:03")
    town.restart()
    town.live("2026-03-16 10:10")
    assert ["clerk", "head"] == told_why(town, "ordered 1")


def test_an_order_that_was_answered_is_told_nobody_more() -> None:
    """A report by the department takes the message back that was not yet handed over."""
    town = Town(everybody())
    issued = card("1", "yellow")
    town.issue(issued)
    town.live("2026-03-16 10:01")
    town.accept()
    ordered(town, issued)
    town.live("2026-03-16 10:03")
    report = RectificationReported(
        id="r1", source="s", case_no="1", card=issued.card, at=town.now, by="clerk"
    )
    town.put([(desk_stream("s", "1"), report)])
    town.live("2026-03-16 10:05")
    assert [] == [x.intended.why for x in town.letters("mail")]


def test_a_rejected_appeal_is_told_to_the_department() -> None:
    """That it must rectify; an appeal that is upheld ends in the withdrawal."""
    town = Town(everybody())
    issued = card("1", "yellow")
    town.issue(issued)
    town.live("2026-03-16 10:01")
    town.accept()
    says = {"source": "s", "case_no": "1", "card": issued.card, "at": town.now, "by": "li"}
    town.put([(desk_stream("s", "1"), CardAppealed(id="a1", **says))])
    town.put([(desk_stream("s", "1"), AppealDecided(id="a2", upheld=False, **says))])
    town.live("2026-03-16 10:05")
    assert ["clerk"] == told_why(town, "rejected")


def test_an_order_at_night_waits_for_the_morning_and_the_card_says_when() -> None:
    """Unless the card's severity is told at any hour."""
    town = Town(everybody())
    issued = card("1", "yellow")
    town.issue(issued)
    town.live("2026-03-16 10:01")
    town.accept()
    town.live("2026-03-16 22:00")
    ordered(town, issued)
    town.live("2026-03-16 22:05")
    assert [] == told_why(town, "ordered 1")
    expected = town.next_of(issued)
    assert expected is not None
    assert ("ordered 1", instant(when("2026-03-17 08:30"))) == (expected.why, expected.at)
    town.live("2026-03-17 09:05")
    assert ["clerk", "head"] == told_why(town, "ordered 1")


def test_what_goes_another_way_as_the_gateway_is_down_is_no_failure_of_it() -> None:
    """Should the other way fail, the first is open again."""
    town = Town([contact("clerk", 0, channels=("mail", "sms"))], ("mail", "sms"))
    issued = card()
    town.issue(issued)
    town.live("2026-03-16 10:01")
    down = GatewayDown(channel="mail", at=town.now, since=town.now, reason="refused")
    town.put([(GATEWAYS, down)])
    town.live("2026-03-16 10:02")
    assert ["sms"] == [each.intended.channel for each in town.refuse("sms")]
    town.put([(GATEWAYS, GatewayUp(channel="mail", at=town.now))])
    town.live("2026-03-16 10:03")
    assert ["mail"] == [each.intended.channel for each in town.letters("mail")]


def test_troubles_that_nobody_could_be_told_of_do_not_pile_up() -> None:
    """The newest of each channel; what is over and was never told is none."""
    town = Town([contact("op", 3, operator=True, channels=("mail",))], ("mail", "sms"))
    for _ in range(5):
        town.go(town.stamp + 60_000_000)
        down = GatewayDown(channel="mail", at=town.now, since=town.now, reason="refused")
        town.put([(GATEWAYS, down)])
        town.run()
        town.put([(GATEWAYS, GatewayUp(channel="mail", at=town.now))])
        town.run()
    assert [] == town.ledger.troubles


def test_nothing_rings_once_there_is_nobody_to_tell() -> None:
    """The last contact is gone: what was to come does not ring for ever."""
    town = Town([contact("clerk", 0), contact("head", 1)])
    town.issue(card())
    town.live("2026-03-16 10:01")
    town.put([(ALERTS, ContactRemoved(at=town.now, by="li", person=p)) for p in ("clerk", "head")])
    town.run("2026-03-17 10:00")
    assert town.pipeline.next_at() > town.stamp


def test_the_end_of_a_silence_at_night_is_told_in_the_morning() -> None:
    """None at night but red."""
    town = Town([contact("inspector", 3)])
    town.go("2026-03-16 17:00")
    town.silence("2026-03-17 02:00", department="市住建局")
    assert [] == town.live("2026-03-17 08:29")
    assert ["silence_ended"] == [each.kind for each in town.live("2026-03-17 08:31")]
