"""A courier: hands the messages of one channel to its gateway, one after another.

That a message is being handed over MUST stand in the log before it is; what became of it is
recorded with the beginning of the next, so that a message costs one commit. A process that dies in
between leaves one message of the channel in doubt, which is tried once more: twice rather than not
at all.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from msgspec import Struct

from supervision.errors import StreamConflict, SupervisionError
from supervision.notices import (
    GATEWAYS,
    AlertPolicySet,
    GatewayDown,
    GatewayUp,
    MessageAccepted,
    MessageAttempted,
    MessageDeferred,
    MessageFailed,
    MessageIntended,
    OutboxEvent,
    message_stream,
)
from supervision.record import Append

from .channels.port import Channel, Outgoing
from .errors import DeliveryFailed, InDoubt, Refused, Throttled, Unavailable
from .ledger import Letter

log = logging.getLogger(__name__)

DOUBTS = 2
"""Attempts of which nobody knows what became, after which it is not tried again by this way."""
DOWN_AFTER = 3
"""Failures in a row after which a gateway counts as down."""
PAUSE_FIRST, PAUSE_MOST = 2.0, 60.0
"""Seconds for which a gateway that is not there is left alone, doubled each time."""


class Recorder(Protocol):
    """What a courier asks of the record."""

    def append_many(self, appends: Sequence[Append]) -> list[int]:
        """Store all of it in one transaction, or nothing."""

    def note(self, stream: str, make: Callable[[datetime], Struct]) -> datetime:
        """Store one event at the end of a stream."""


class Courier:
    """One channel's courier; used by one thread.

    `address_of` gives the recipient's address for the channel, "" for none.
    """

    def __init__(
        self,
        channel: Channel,
        record: Recorder,
        address_of: Callable[[MessageIntended], str],
        *,
        is_down: bool = False,
        counted: Callable[[str, OutboxEvent], object] = lambda channel, event: None,
    ) -> None:
        """`counted` hears what became of each message."""
        self.channel = channel
        self._counted = counted
        self._record = record
        self._address_of = address_of
        self._late: tuple[Append, str] | None = None
        self._failures = 0
        self._since: datetime | None = None
        self._is_down = is_down

    def carry(self, letter: Letter, policy: AlertPolicySet, now: datetime) -> float:
        """Hand a message over; for how many seconds its gateway is then to be left alone.

        What became of it is recorded with the next message, or by `flush`. StreamConflict: somebody
        else has it; StoreError, ClockJumped: nothing was sent.
        """
        attempt = letter.attempts + 1
        if letter.doubts >= DOUBTS:
            self._append(letter, letter.stream, self._gave_up(letter, now, "in doubt twice"))
            self.flush()
            return 0
        begun = MessageAttempted(message=letter.id, at=now, attempt=attempt)
        self._append(letter, letter.stream, begun)
        event, failure = self._hand_over(letter, attempt, policy, now)
        self._counted(self.channel.name, event)
        self._late = (Append(message_stream(letter.id), letter.stream + 1, [event]), letter.id)
        return self._heard(failure, now)

    def flush(self) -> None:
        """Record what became of the last message; what stands there already, by a first try of
        which no answer came or by who leads since, stays.
        """
        if self._late is not None:
            try:
                self._record.append_many([self._late[0]])
            except StreamConflict as error:
                if not error.same:
                    log.warning("somebody else has a message: %s", error)
            self._late = None

    def _append(self, letter: Letter, version: int, event: OutboxEvent) -> None:
        late = [self._late[0]] if self._late else []
        self._record.append_many([*late, Append(message_stream(letter.id), version, [event])])
        self._late = None

    def _gave_up(self, letter: Letter, now: datetime, why: str) -> MessageFailed:
        return MessageFailed(message=letter.id, at=now, reason=why)

    def _hand_over(
        self, letter: Letter, attempt: int, policy: AlertPolicySet, now: datetime
    ) -> tuple[OutboxEvent, DeliveryFailed | None]:
        """What became of it, and what failed."""
        try:
            accepted = self._send(letter.intended)
        except DeliveryFailed as error:
            return self._failed(letter, attempt, error, policy, now), error
        except SupervisionError as error:
            return self._gave_up(letter, now, str(error)), None
        except Exception as error:
            log.exception("a channel failed", extra={"channel": self.channel.name})
            unknown = InDoubt(f"{type(error).__name__}")
            return self._failed(letter, attempt, unknown, policy, now), unknown
        return MessageAccepted(
            message=letter.id,
            at=now,
            attempt=attempt,
            gateway_id=accepted[0],
            parts=accepted[1],
        ), None

    def _send(self, intended: MessageIntended) -> tuple[str, int]:
        address = self._address_of(intended)
        if not address:
            raise Refused("没有地址 no address")
        accepted = self.channel.send(
            Outgoing(
                message=intended.message,
                address=self.channel.fit(address),
                subject=intended.subject,
                text=intended.text,
                html=intended.html,
            )
        )
        return accepted.gateway_id, accepted.parts

    def _failed(
        self,
        letter: Letter,
        attempt: int,
        error: DeliveryFailed,
        policy: AlertPolicySet,
        now: datetime,
    ) -> OutboxEvent:
        down = isinstance(error, Unavailable)
        if not error.retry or (not down and letter.tries + 1 >= policy.tries):
            return self._gave_up(letter, now, str(error))
        wait = min(policy.retry_first * 2 ** min(attempt - 1, 20), policy.retry_most)
        if isinstance(error, Throttled) and error.after:
            wait = max(1, min(error.after, policy.retry_most))
        return MessageDeferred(
            message=letter.id,
            at=now,
            attempt=attempt,
            reason=str(error),
            again_at=now + timedelta(seconds=wait),
            in_doubt=isinstance(error, InDoubt),
            down=down,
        )

    def _heard(self, failure: DeliveryFailed | None, now: datetime) -> float:
        """Whether the gateway is there; for how long to leave it alone."""
        if not isinstance(failure, Unavailable):
            if self._is_down:
                name = self.channel.name
                self._record.note(GATEWAYS, lambda at: GatewayUp(channel=name, at=at))
            self._failures, self._since, self._is_down = 0, None, False
            return 0
        self._failures += 1
        self._since = self._since or now
        if self._failures >= DOWN_AFTER and not self._is_down:
            self._tell_down(str(failure), self._since)
        return min(PAUSE_FIRST * 2.0 ** min(self._failures - 1, 10), PAUSE_MOST)

    def _tell_down(self, reason: str, since: datetime) -> None:
        name = self.channel.name
        self._record.note(
            GATEWAYS, lambda at: GatewayDown(channel=name, at=at, since=since, reason=reason)
        )
        self._is_down = True
