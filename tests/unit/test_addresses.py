"""Where people are reached has one form."""

from __future__ import annotations

import pytest

from alerts.channels.addresses import mailbox, mobile
from alerts.channels.robots import robot
from alerts.channels.said import said
from alerts.errors import AddressUnfit


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("13800138000", "+8613800138000"),
        ("138 0013 8000", "+8613800138000"),
        ("138-0013-8000", "+8613800138000"),
        ("+86 138 0013 8000", "+8613800138000"),
        ("0086 13800138000", "+8613800138000"),
        ("8613800138000", "+8613800138000"),
        ("+85291234567", "+85291234567"),
        ("+49 170 1234567", "+491701234567"),
    ],
)
def test_a_number_is_one_number_however_it_is_written(written: str, number: str) -> None:
    """E.164, with +86 where no country is named."""
    assert number == mobile(written)


@pytest.mark.parametrize("written", ["+861065512345", "+86 1234567890", "+8612345678901"])
def test_a_fixed_line_of_china_takes_no_short_message(written: str) -> None:
    """With +86 only mobile numbers are numbers."""
    with pytest.raises(AddressUnfit):
        mobile(written)


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("Li.Ming+desk@Example.GOV.cn", "Li.Ming+desk@example.gov.cn"),
        ("li@江湖市.政务.cn", "li@xn--7stq33aepb.xn--zfr164b.cn"),
        ("li@localhost", "li@localhost"),
    ],
)
def test_a_mailbox_keeps_its_name_and_has_its_domain_in_ascii(written: str, address: str) -> None:
    """What stands before the @ is the server's affair; the domain has no capital letters."""
    assert address == mailbox(written)


def test_a_mailbox_of_254_letters_is_the_longest() -> None:
    """RFC 5321."""
    longest = "l" * 64 + "@" + ".".join(["d" * 61] * 3) + ".dd"
    assert len(longest) == 253
    assert longest + "d" == mailbox(longest + "d")
    with pytest.raises(AddressUnfit):
        mailbox(longest + "dd")


def test_a_robots_address_has_one_form() -> None:
    """With or without a stroke at its end."""
    assert robot("dingtalk://SEC1@abc/") == robot("dingtalk://SEC1@abc") == "dingtalk://SEC1@abc"


@pytest.mark.parametrize(
    ("answer", "line"),
    [
        ("550 5.1.1 <li@example.gov.cn>: no such user", "550 5.1.1 …: no such user"),
        ("unknown subscriber +86 138 0013 8000\r\nbye", "unknown subscriber … bye"),
        ("4.7.1\x00 try\u2028again", "4.7.1 try again"),
        ("x" * 500, "x" * 200),
    ],
)
def test_what_a_gateway_says_is_one_line_without_addresses(answer: str, line: str) -> None:
    """It goes into the log of messages, which nobody may learn an address from."""
    assert line == said(answer)
