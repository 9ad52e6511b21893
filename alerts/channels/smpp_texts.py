"""What a gateway tells by deliver_sm: receipts of what became of a message, and people's replies.

SMPP 3.4, 5.2.12 (esm_class), 5.2.19 (data_coding), 5.3.2 (optional fields) and appendix B (the text
of a receipt). Gateways differ: ids in decimal or hexadecimal, letters small or large, states by
field or by text.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import Any, Literal

from ..errors import AddressUnfit
from .addresses import mobile
from .port import Receipt, Reply
from .sms_parts import from_gsm

Ids = Literal["same", "decimal", "hexadecimal"]

TYPE_OF_MESSAGE, RECEIPT = 0x3C, 0x04
HAS_HEADER = 0x40
STATES = {2: "DELIVRD", 3: "EXPIRED", 4: "DELETED", 5: "UNDELIV", 8: "REJECTD"}
"""message_state, where it is an end."""
FAILED = ("EXPIRED", "DELETED", "UNDELIV", "REJECTD")
FIELD = re.compile(rb"\b(id|stat|err):\s*([0-9A-Za-z_.-]+)", re.IGNORECASE)
MOST_JOINED = 10_000
"""Messages of several parts whose receipts are waited for; then the oldest is forgotten."""
CODECS = {1: "ascii", 3: "latin-1", 4: "latin-1", 8: "utf-16-be", 15: "gb18030"}
"""data_coding of a reply; 15 is what gateways in China took over from CMPP. Others: GSM."""


def told(unit: Any, ids: Ids = "same") -> Receipt | Reply | None:
    """What a deliver_sm says; None: a receipt that tells no end.

    `ids`: how receipts write ids, where that is not how they were given: see Gateway.
    """
    if (unit.esm_class or 0) & TYPE_OF_MESSAGE == RECEIPT:
        return _receipt(unit, ids)
    return Reply(_sender(unit), _text(unit))


def names(gateway_id: str, told: str) -> bool:
    """Whether a receipt's id speaks of a message: of it all, or of one of its parts.

    `gateway_id` is what Accepted bore, for several parts their ids joined by ",". Leading zeros and
    the size of letters make no difference.
    """
    known = {_bare(part) for part in gateway_id.split(",")}
    return bool(told) and {_bare(part) for part in told.split(",")} <= known


class Joined:
    """Messages of several parts, of which the gateway tells by part."""

    def __init__(self) -> None:
        self._missing: OrderedDict[str, set[str]] = OrderedDict()
        self._whole: dict[str, str] = {}
        self._failed: set[str] = set()

    def sent(self, gateway_id: str) -> None:
        """The parts of this message are waited for."""
        parts = {_bare(part) for part in gateway_id.split(",")}
        self._missing[gateway_id] = parts
        self._whole.update(dict.fromkeys(parts, gateway_id))
        if len(self._missing) > MOST_JOINED:
            self._forget(next(iter(self._missing)))

    def gather(self, receipt: Receipt) -> Receipt | None:
        """What a receipt says of the whole; itself, if it is of no message that is known here."""
        whole = self._whole.pop(_bare(receipt.gateway_id), None)
        if whole is None:
            return receipt
        missing = self._missing[whole]
        missing.discard(_bare(receipt.gateway_id))
        new = receipt.state == "failed" or not missing
        new = new and whole not in self._failed
        if receipt.state == "failed":
            self._failed.add(whole)
        if not missing:
            self._forget(whole)
        return Receipt(whole, receipt.state, receipt.reason) if new else None

    def _forget(self, whole: str) -> None:
        for part in self._missing.pop(whole):
            self._whole.pop(part, None)
        self._failed.discard(whole)


def _receipt(unit: Any, ids: Ids) -> Receipt | None:
    """The fields of their own go before what the text says."""
    fields = _octets(unit).partition(b"text:")[0]  # what follows is the message, whatever it says
    said = {name.lower(): value.decode() for name, value in FIELD.findall(fields)}
    own = (getattr(unit, "receipted_message_id", None) or b"").decode("latin-1")
    number = own or _as_given(said.get(b"id", ""), ids)
    state = STATES.get(getattr(unit, "message_state", None) or 0) or said.get(b"stat", "").upper()
    if not number or (state != "DELIVRD" and state not in FAILED):
        return None
    if state == "DELIVRD":
        return Receipt(number, "delivered")
    return Receipt(number, "failed", " ".join(filter(None, (state, said.get(b"err")))))


def _as_given(number: str, ids: Ids) -> str:
    """An id as it was given when the message was accepted."""
    try:
        if ids == "decimal":
            return f"{int(number):x}"
        return str(int(number, 16)) if ids == "hexadecimal" else number
    except ValueError:
        return number


def _bare(number: str) -> str:
    return number.strip().lower().lstrip("0")


def _sender(unit: Any) -> str:
    """In the form of `fit` if it has one, else as the gateway writes it."""
    number: str = (unit.source_addr or b"").decode("latin-1")
    for written in (number, f"+{number}"):
        try:
            return mobile(written)
        except AddressUnfit:
            continue
    return number


def _octets(unit: Any) -> bytes:
    return unit.short_message or getattr(unit, "message_payload", None) or b""


def _text(unit: Any) -> str:
    """Without the header that joins parts; what does not decode is U+FFFD."""
    octets = _octets(unit)
    if (unit.esm_class or 0) & HAS_HEADER and octets:
        octets = octets[octets[0] + 1 :]
    codec = CODECS.get(unit.data_coding)
    return octets.decode(codec, "replace") if codec else from_gsm(octets)
