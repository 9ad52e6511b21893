"""What gateways tell later is recorded, whatever the log does just then."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec import Struct

from alerts.channels.port import Receipt, Reply
from supervision.errors import StoreBusy
from supervision.notices import GATEWAYS, ReplyHeard
from supervision.streams import desk_stream
from tests.alerting import contact
from tests.integration.test_alert_service import Gateway, post_at

pytestmark = pytest.mark.integration
CLERK = "13800000000"


def test_a_receipt_that_the_log_did_not_take_at_once_is_recorded_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The gateway tells it only once."""
    sms = Gateway("sms")
    with post_at(tmp_path, sms) as post:
        post.add(contact("clerk", 0, channels=("sms",)), sms=CLERK)
        post.start()
        post.issue(severity="yellow")
        post.until(lambda: "MessageAccepted" in post.became("m1"))
        append, refused = post.record.append, list[str]()

        def busy_at_first(
            stream: str, events: Sequence[Struct], expected_version: int
        ) -> list[int]:
            if not refused:
                refused.append(stream)
                raise StoreBusy("log", "locked")
            return append(stream, events, expected_version)

        monkeypatch.setattr(post.record, "append", busy_at_first)
        sms.tells.put(Receipt("q-m1", "delivered"))
        post.until(lambda: "MessageDelivered" in post.became("m1"))
        assert 1 == len(refused)
        assert 1 == post.became("m1").count("MessageDelivered")


def test_receipts_of_messages_that_nobody_knows_keep_nothing_from_being_heard(
    tmp_path: Path,
) -> None:
    """As of an installation that was here before, or told twice."""
    sms = Gateway("sms")
    with post_at(tmp_path, sms) as post:
        post.add(contact("clerk", 0, channels=("sms",)), sms=CLERK)
        post.start()
        post.issue(severity="yellow")
        post.until(lambda: "MessageAccepted" in post.became("m1"))
        for number in range(100):
            sms.tells.put(Receipt(f"of-others-{number}", "failed", "UNDELIV"))
        sms.tells.put(Receipt("q-m1", "delivered"))
        sms.tells.put(Receipt("q-m1", "delivered"))
        sms.tells.put(Reply(CLERK, "签收"))
        post.until(lambda: post.record.read_stream(desk_stream("s", "1")))
        assert ["MessageAttempted", "MessageAccepted", "MessageDelivered"] == post.became("m1")
        heard = [each.event for each in post.record.read_stream(GATEWAYS)]
        assert ["clerk"] == [each.person for each in heard if isinstance(each, ReplyHeard)]
