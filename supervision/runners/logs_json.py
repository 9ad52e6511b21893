"""A log record as one object of JSON a line; apart, as python-json-logger is the cluster's."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Any

from pythonjsonlogger.msgspec import MsgspecFormatter

from .logs import OWN, STEERING
from .scrubbing import scrubbed

NAMES = {
    "asctime": "time",
    "levelname": "level",
    "name": "logger",
    "exc_info": "exception",
    "stack_info": "stack",
    **{name: f"{name}_" for name in ("time", "level", "logger", "role", "instance")},
}
"""Of the record and of callers' fields; theirs give way to ours."""


class JsonLines(MsgspecFormatter):
    """time (RFC 3339, UTC), level, logger, message, role, instance; then the caller's fields, and
    the exception as one string.
    """

    def __init__(self, role: str, instance: str) -> None:
        super().__init__(
            ["asctime", "levelname", "name", "message"],
            rename_fields=NAMES,
            reserved_attrs=sorted(OWN),
        )
        self._process = {"role": role, "instance": instance}

    def format(self, record: logging.LogRecord) -> str:
        """One line, whatever splits lines."""
        return STEERING.sub(lambda sign: f"\\u{ord(sign[0]):04x}", super().format(record))

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802
        """The record's time."""
        at = datetime.fromtimestamp(record.created, UTC)
        return at.isoformat(timespec="microseconds").replace("+00:00", "Z")

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        """Scrubbed, and with the process that says it."""
        said = {name: _clean(value) for name, value in log_data.items()}
        return {**said, "level": str(said["level"]).lower(), **self._process}


def _clean(value: object) -> object:
    """A field that any JSON reader takes, scrubbed."""
    if isinstance(value, str):
        return scrubbed(value.encode("utf-8", "backslashreplace").decode())
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else str(value)
    if isinstance(value, dict):
        return {str(_clean(name)): _clean(each) for name, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(each) for each in value]
    return _clean(str(value))
