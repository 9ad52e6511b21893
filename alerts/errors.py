"""What may go wrong in telling people, one small tree under SupervisionError.

DeliveryFailed
├── Refused        for good: the recipient, the content, the number; trying again helps nothing
├── Throttled      too much at once: again after `after` seconds
├── Unavailable    nobody there, no answer in time, not let in: the gateway is down
└── InDoubt        the connection was lost after the whole message was handed over

AddressUnfit       no address, no number
"""

from __future__ import annotations

from supervision.errors import SupervisionError


class DeliveryFailed(SupervisionError):
    """A gateway did not take a message; the message is what it said, one line, no address."""


class Refused(DeliveryFailed):
    """This message to this recipient will never be taken."""


class Throttled(DeliveryFailed):
    """It may be taken later: greylisting, a full queue, too many at once."""

    retry = True

    def __init__(self, why: str, after: float = 0) -> None:
        super().__init__(why)
        self.after = after


class Unavailable(DeliveryFailed):
    """Nothing of anybody is taken just now."""

    retry = True


class InDoubt(DeliveryFailed):
    """It may have been taken: tried again once, as a message twice is better than none."""

    retry = True


class AddressUnfit(SupervisionError):
    """Not something that the channel could send to; the message says what it should be."""
