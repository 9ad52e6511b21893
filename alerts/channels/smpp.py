"""Short messages by SMPP 3.4: one connection, bound to send and to hear.

What the gateway says when a message is handed over:

throttled, its queue is full                                       Throttled
the recipient, the length or the content is no good                Refused
no connection, no TLS, a wrong password, trouble of its own        Unavailable
nothing, once a part was handed over                               InDoubt

Texts of several parts go part by part, joined on the handset by a header. Their ids are kept joined
by ","; `smpp_texts.names` tells whether a receipt speaks of them.
"""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from contextlib import suppress

from msgspec import Struct
from smpplib import consts

from ..errors import DeliveryFailed, InDoubt, Refused, Throttled, Unavailable
from .addresses import mobile
from .given import fitted, utf8
from .hosts import is_loopback
from .port import SMS, Accepted, Outgoing, Receipt, Reply
from .said import said
from .smpp_link import TURNS, Link, LinkClosed, LinkLost, Unit
from .smpp_texts import HAS_HEADER, Ids, Joined, told
from .sms_parts import GSM, MOST_PARTS, UCS2, cut, parts_of

THROTTLED = {consts.SMPP_ESME_RTHROTTLED, consts.SMPP_ESME_RMSGQFUL}
REFUSED = {
    consts.SMPP_ESME_RINVDSTADR, consts.SMPP_ESME_RINVDSTTON, consts.SMPP_ESME_RINVDSTNPI,
    consts.SMPP_ESME_RINVMSGLEN, consts.SMPP_ESME_RX_P_APPN, consts.SMPP_ESME_RX_R_APPN,
}  # fmt: skip
"""5.1.3 of the standard; whatever is in neither set is the gateway's own trouble."""

CODING = {GSM.name: consts.SMPP_ENCODING_DEFAULT, UCS2.name: consts.SMPP_ENCODING_ISO10646}
ON_REQUEST = 1
"""registered_delivery: a receipt, whatever becomes of the message."""
LONGEST_FIELD = {"system_id": 15, "password": 8, "source": 20}
"""Letters, 4.1.5 and 5.2: smpplib cuts what is longer without a word."""


class Gateway(Struct, frozen=True, kw_only=True):
    """An SMSC and our account there. Times in seconds.

    `source`: the number or name that messages come from, "" the account's own. `tls`: who vouches
    for the gateway; None: no TLS, only on this machine or where `trusted_network` says that nobody
    listens. `receipt_ids`: how receipts write the ids in their text if not as they were given:
    "decimal" for ids that were given in hexadecimal, and the other way round. `answer`: how long
    one answer may take; `idle`: after how long the gateway is asked whether it is still there, and
    how soon a lost connection is opened again only to hear.
    """

    host: str
    port: int = 2775
    system_id: str
    password: str
    system_type: str = ""
    source: str = ""
    tls: ssl.SSLContext | None = None
    trusted_network: bool = False
    receipt_ids: Ids = "same"
    connect: float = 10.0
    answer: float = 10.0
    idle: float = 30.0

    def __post_init__(self) -> None:
        """ValueError: a field too long for the protocol, or it would send in the clear."""
        for field, most in LONGEST_FIELD.items():
            value = getattr(self, field)
            if len(value) > most or not value.isascii():
                raise ValueError(f"SMPP's {field} is at most {most} ASCII letters")
        if self.tls is None and not (self.trusted_network or is_loopback(self.host)):
            raise ValueError(
                f"messages to {self.host} would go in the clear: use tls,"
                " or say that the network is trusted"
            )


class Smpp:
    """The channel."""

    name = SMS

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._source = _source(gateway.source)
        self._runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self._link: Link | None = None
        self._opening: asyncio.Task[Link] | None = None
        self._checking: asyncio.Task[None] | None = None
        self._resting = False
        self._quiet: asyncio.TimerHandle | None = None
        self._joined = Joined()
        self._unnoted: list[tuple[Link, Unit]] = []
        self._closed = False

    def fit(self, address: str) -> str:
        """As a mobile number; AddressUnfit."""
        return mobile(address)

    def parts(self, text: str) -> int:
        """As charged."""
        return parts_of(text)

    def send(self, outgoing: Outgoing) -> Accepted:
        """Hand over all parts; a failure of one is one of all."""
        return self._runner.run(self._send(outgoing))

    def heard(self) -> list[Receipt | Reply]:
        """Receipts and replies. What one call gave is acknowledged to the gateway by the next.

        So whoever records them in between loses none: the gateway tells again what nobody
        acknowledged. Call again until nothing comes, as many gateways tell one at a time.

        A message of several parts is delivered when all are, and failed when one is; of one sent by
        an earlier process each part is told by itself. A lost connection is opened again, without
        waiting for it.
        """
        return self._runner.run(self._hear())

    def close(self) -> None:
        """Take leave of the gateway if it is there. What was heard last is not acknowledged."""
        if not self._closed:
            self._runner.run(self._leave())
            self._runner.close()
        self._closed = True

    async def _send(self, outgoing: Outgoing) -> Accepted:
        address = fitted(mobile, outgoing.address)
        utf8(outgoing.text)
        alphabet, texts = cut(outgoing.text)
        if len(texts) > MOST_PARTS:
            raise Refused(f"the text has more than {MOST_PARTS} parts")
        link = await self._bound()
        fields = {
            **self._source,
            "dest_addr_ton": consts.SMPP_TON_INTL,
            "dest_addr_npi": consts.SMPP_NPI_ISDN,
            "destination_addr": address.lstrip("+"),
            "esm_class": HAS_HEADER if len(texts) > 1 else 0,
            "registered_delivery": ON_REQUEST,
            "data_coding": CODING[alphabet.name],
        }
        given = []
        for number, text in enumerate(texts, 1):
            header = _header(outgoing.message, len(texts), number) if len(texts) > 1 else b""
            given.append(await self._submit(link, header + alphabet.encode(text), fields))
        accepted = Accepted(",".join(given), len(given))
        if len(given) > 1:
            self._joined.sent(accepted.gateway_id)
        return accepted

    async def _submit(self, link: Link, octets: bytes, fields: dict[str, object]) -> str:
        """One part; the id that the gateway gave it."""
        try:
            async with asyncio.timeout(self._gateway.answer):
                answer = await link.ask("submit_sm", short_message=octets, **fields)
        except LinkClosed:
            raise Unavailable("the connection was lost") from None
        except (LinkLost, TimeoutError):
            link.cut()  # an answer that comes late would be nobody's
            raise InDoubt("no answer once the message was handed over") from None
        self._listen_again()
        if answer.status == consts.SMPP_ESME_RINVBNDSTS:
            link.cut()  # it forgot us: the next message binds again
        if answer.status != consts.SMPP_ESME_ROK:
            raise _outcome(answer)
        return str((answer.message_id or b"").decode("latin-1"))

    async def _bound(self) -> Link:
        """The connection, opened if there is none; Unavailable."""
        if self._link is not None:
            await self._link.turn()
            if not self._link.lost:
                return self._link
        opening, self._opening = self._opening, None
        if opening is None or (opening.done() and opening.exception()):
            opening = asyncio.create_task(self._open())
        self._link = await opening
        self._listen_again()
        return self._link

    async def _open(self) -> Link:
        gateway = self._gateway
        link = Link()
        try:
            async with asyncio.timeout(gateway.connect):
                await asyncio.get_running_loop().create_connection(
                    lambda: link, gateway.host, gateway.port, ssl=gateway.tls
                )
                bound = await link.ask(
                    "bind_transceiver",
                    system_id=gateway.system_id,
                    password=gateway.password,
                    system_type=gateway.system_type,
                )
        except (OSError, LinkLost) as failure:  # a TimeoutError is an OSError
            link.cut()
            raise Unavailable(said(str(failure)) or "no answer in time") from None
        if bound.status != consts.SMPP_ESME_ROK:
            link.cut()
            raise Unavailable(_words(bound))
        return link

    async def _hear(self) -> list[Receipt | Reply]:
        for link, unit in self._unnoted:
            link.take_note(unit)
        self._unnoted = []
        link_now = await self._link_at_hand()
        if link_now is None:
            return []
        await link_now.turn()
        if self._quiet is None and self._checking is None:
            self._checking = asyncio.create_task(self._check(link_now))
        self._unnoted = [(link_now, unit) for unit in link_now.delivered]
        link_now.delivered.clear()
        return [news for _, unit in self._unnoted if (news := self._news(unit))]

    async def _link_at_hand(self) -> Link | None:
        """The connection if there is one; else one is on its way, or soon will be."""
        if self._link is not None and not self._link.lost:
            return self._link
        if self._opening is None and not self._resting:
            self._opening = asyncio.create_task(self._open())
        for _ in range(TURNS):
            await asyncio.sleep(0)
        if self._opening is None or not self._opening.done():
            return None
        opening, self._opening = self._opening, None
        if opening.exception():
            self._rest()
            return None
        self._link = opening.result()
        self._listen_again()
        return self._link

    def _news(self, unit: Unit) -> Receipt | Reply | None:
        news = told(unit, self._gateway.receipt_ids)
        return self._joined.gather(news) if isinstance(news, Receipt) else news

    def _rest(self) -> None:
        """A gateway that is down is not knocked at with every call that only hears."""

        def rested() -> None:
            self._resting = False

        self._resting = True
        asyncio.get_running_loop().call_later(self._gateway.idle, rested)

    def _listen_again(self) -> None:
        """Something was said: the gateway is not asked for a while."""

        def quiet() -> None:
            self._quiet = None

        if self._quiet is not None:
            self._quiet.cancel()
        self._quiet = asyncio.get_running_loop().call_later(self._gateway.idle, quiet)

    async def _check(self, link: Link) -> None:
        """Whether anybody is there at all."""
        try:
            async with asyncio.timeout(self._gateway.answer):
                await link.ask("enquire_link")
            self._listen_again()
        except (LinkLost, TimeoutError):
            link.cut()
        finally:
            self._checking = None

    async def _leave(self) -> None:
        if self._opening is not None:
            self._opening.cancel()
            with suppress(asyncio.CancelledError, Unavailable):
                await self._opening
        if self._link is not None:
            with suppress(LinkLost, TimeoutError):
                async with asyncio.timeout(self._gateway.answer):
                    await self._link.ask("unbind")
            self._link.cut()
            await self._link.turn()


def _source(source: str) -> dict[str, object]:
    """Where messages come from: a number, or a name."""
    number = source.removeprefix("+")
    if number and not number.isdigit():
        return {"source_addr_ton": consts.SMPP_TON_ALNUM, "source_addr": source}
    return {
        "source_addr_ton": consts.SMPP_TON_INTL if number != source else consts.SMPP_TON_UNK,
        "source_addr_npi": consts.SMPP_NPI_ISDN,
        "source_addr": number,
    }


def _header(message: str, count: int, number: int) -> bytes:
    """What joins parts (3GPP TS 23.040, 9.2.3.24.1).

    Its reference comes from the message's id: a part that is sent again, since another failed,
    completes the same text.
    """
    reference = hashlib.sha256(message.encode("utf-8", "surrogatepass")).digest()[0]
    return bytes([5, 0, 3, reference, count, number])


def _outcome(answer: Unit) -> DeliveryFailed:
    if answer.status in THROTTLED:
        return Throttled(_words(answer))
    if answer.status in REFUSED:
        return Refused(_words(answer))
    return Unavailable(_words(answer))


def _words(answer: Unit) -> str:
    return f"{consts.DESCRIPTIONS.get(answer.status, 'no word')} (0x{answer.status:02x})"
