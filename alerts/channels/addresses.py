"""Where people are reached: mobile numbers in the form of E.164, and addresses of e-mail.

Both put an address into one form, so that one person is one address, or raise AddressUnfit, whose
message says in Chinese and English what it should be and never repeats what was given.
"""

from __future__ import annotations

import re

import idna

from ..errors import AddressUnfit

MOBILE_OF_CHINA = re.compile(r"(?:(?:\+|00)?86)?(1[3-9][0-9]{9})")
ABROAD = re.compile(r"\+(?!86)[1-9][0-9]{6,14}")
"""E.164: a country's code and the number in it, 15 digits at most."""
SET_APART = re.compile(r"[ -]")
"""What people write between groups of digits."""

ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
LOCAL = re.compile(rf"{ATOM}(?:\.{ATOM})*")
"""RFC 5321 4.1.2, the Dot-string; quoted ones are in no office's directory."""
LONGEST_LOCAL = 64
LONGEST_MAILBOX = 254
"""Octets, RFC 5321 4.5.3.1."""

NUMBER_NEEDED = (
    "手机号应为 11 位数字，或以 + 和国家代码开头"
    " / a mobile number has 11 digits, or begins with + and the country's code"
)
MAILBOX_NEEDED = (
    "电子邮箱应形如 name@example.gov.cn，@ 前只用英文字符"
    " / an e-mail address looks like name@example.gov.cn, in ASCII before the @"
)


def mobile(address: str) -> str:
    """A mobile number as +8613800138000; AddressUnfit."""
    digits = SET_APART.sub("", address)
    found = MOBILE_OF_CHINA.fullmatch(digits)
    if found:
        return f"+86{found[1]}"
    if ABROAD.fullmatch(digits):
        return digits
    raise AddressUnfit(NUMBER_NEEDED)


def mailbox(address: str) -> str:
    """An address of e-mail with its domain in ASCII and small letters; AddressUnfit."""
    local, at, domain = address.partition("@")
    if not at or not LOCAL.fullmatch(local) or len(local) > LONGEST_LOCAL:
        raise AddressUnfit(MAILBOX_NEEDED)
    whole = f"{local}@{_ascii(domain)}"
    if len(whole) > LONGEST_MAILBOX:
        raise AddressUnfit(MAILBOX_NEEDED)
    return whole


def _ascii(domain: str) -> str:
    """A domain's name as it stands in the domain name system."""
    try:
        return idna.encode(domain, uts46=True).decode("ascii").lower()
    except idna.IDNAError as error:
        raise AddressUnfit(MAILBOX_NEEDED) from error
