"""Alerts of a home in a process of their own: python -m tests.alert_process HOME MAIL_URL."""

from __future__ import annotations

import sys
from pathlib import Path

from supervision.clock import SystemClock
from supervision.record import Record
from supervision.runners.alerts import Alerts, place_of
from supervision.runners.gateways import channels_of
from supervision.runners.settings_fields import Settings


def main(home: Path, mail: str) -> None:
    """Run until standard input ends."""
    record = Record(home, SystemClock())
    given = Settings(home=home, mail=mail, mail_from="wall@example.org")
    place = place_of(record, "演示区", "Asia/Shanghai", "")
    channels = channels_of(given, record.last_stamp)
    alerts = Alerts(record, SystemClock(), channels, place, keep=home / "alerts" / "ledger")
    alerts.start()
    print("started", flush=True)
    sys.stdin.read()
    alerts.stop()
    record.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
