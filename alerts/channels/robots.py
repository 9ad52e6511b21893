"""Addresses of group robots: DingTalk (钉钉), WeCom (企业微信) and Feishu (飞书).

    dingtalk://secret@token   or dingtalk://token     wecombot://key     feishu://token

Nothing else that apprise would understand is an address here: neither other services, nor options
in a query, of which one turns the checking of certificates off.
"""

from __future__ import annotations

import re

from ..errors import AddressUnfit

ADDRESS = re.compile(
    r"dingtalk://(?:[A-Za-z0-9]{1,128}@)?[A-Za-z0-9]{1,128}/?"
    r"|wecombot://[A-Za-z0-9_-]{1,128}/?"
    r"|feishu://[A-Za-z0-9_-]{1,128}/?"
)
NEEDED = (
    "群机器人地址应形如 dingtalk://密钥@令牌、wecombot://密钥 或 feishu://令牌"
    " / a robot's address looks like dingtalk://secret@token, wecombot://key or feishu://token"
)


def robot(address: str) -> str:
    """The address, without a stroke at its end; AddressUnfit, without the address."""
    if not ADDRESS.fullmatch(address):
        raise AddressUnfit(NEEDED)
    return address.rstrip("/")
