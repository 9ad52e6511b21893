"""Logs of every process in one form: lines for people, or an object of JSON a line.

What the libraries say (uvicorn, Faust and its mode, aiokafka, APScheduler) goes the same way, from
`warning` on. Those that speak to Kafka repeat themselves 75 times a second while it is down: each
thing is heard once in ten minutes, as what lasts is told by the role's own alarm. No line holds
personal data: messages are made of ids, positions and counts, who asked a server for what is not
logged, and scrubbing.py is the net below.

A Faust worker must be told to leave logging alone: `Worker(app, override_logging=False,
redirect_stdouts=False)`; uvicorn likewise: `log_config=None, access_log=False`.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import socket
import sys
import threading
from datetime import datetime
from types import TracebackType
from typing import TextIO

from ..errors import SupervisionError
from .scrubbing import scrubbed

LIBRARIES = ("uvicorn", "uvicorn.error", "uvicorn.asgi", "faust", "mode", "aiokafka", "apscheduler",
             "asyncio", "aiohttp", "eventsourcing", "psycopg", "weasyprint",
             "fontTools")  # fmt: skip
"""Their loggers say a lot: heard from `warning` on, at `debug` from `info`."""
ACCESS = ("uvicorn.access", "aiohttp.access")
"""Who asked for what: addresses and case numbers. Not heard at all."""
REPEATING = ("aiokafka", "faust", "mode")
"""Libraries that say the same again and again while a server is down."""
AGAIN = 600.0
"""Seconds before one is heard again with what it said."""
KINDS = 1_000
"""Different things of the libraries that are remembered."""
NUMBER = re.compile(r"[0-9a-f]*\d[0-9a-f]*")
"""What may differ in one and the same thing that is said."""
OWN = frozenset(logging.makeLogRecord({}).__dict__) | {
    "message",
    "asctime",
    "taskName",
    "color_message",
}
"""What every record has; anything else is a field that the caller gave."""
STEERING = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
"""Signs that end a line or steer a terminal."""

log = logging.getLogger(__name__)


class LibraryMissing(SupervisionError):
    """JSON needs a package that is not installed with the product alone."""

    def __init__(self) -> None:
        super().__init__(
            "log_format json needs python-json-logger: pip install 'supervision[cluster]'"
        )


def instance_name() -> str:
    """Which process this is, among all of one role: HOST-PID."""
    return f"{socket.gethostname()}-{os.getpid()}"


def setup(form: str, level: str, role: str, instance: str, stream: TextIO | None = None) -> None:
    """Log from now on as text or json, from a level on, to standard error or a stream.

    Replaces whatever handlers there were. Warnings of Python, and what ends a thread or the process
    unforeseen, are logged too. LibraryMissing.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_json(role, instance) if form == "json" else TextLines(role))
    if level != "debug":
        handler.addFilter(Repeats())
    root, grave = logging.getLogger(), getattr(logging, level.upper())
    root.handlers[:] = [handler]
    root.setLevel(grave)
    for name in LIBRARIES:
        _tame(name, max(grave, logging.INFO if grave == logging.DEBUG else logging.WARNING))
    for name in ACCESS:
        _tame(name, logging.CRITICAL + 1)
    logging.captureWarnings(capture=True)
    sys.excepthook = _ended
    threading.excepthook = _thread_ended


class Repeats(logging.Filter):
    """Lets through what a library says for the first time in a while. When it says it again then,
    the field `repeated` tells how often it did meanwhile. Why an app of Faust crashed needs
    no traceback: the role tells of it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._told: dict[tuple[str, int, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is news."""
        if record.name.partition(".")[0] not in REPEATING:
            return True
        if "Crashed reason" in str(record.msg):
            record.exc_info = None
        kind = (record.name, record.levelno, NUMBER.sub("0", str(record.msg)))
        since, repeated = self._told.get(kind, (-AGAIN, 0))
        if record.created - since < AGAIN:
            self._told[kind] = (since, repeated + 1)
            return False
        if len(self._told) >= KINDS:
            self._told.clear()
        self._told[kind] = (record.created, 0)
        if repeated:
            record.repeated = repeated
        return True


def _tame(name: str, level: int) -> None:
    """A library's logger without handlers of its own."""
    logger = logging.getLogger(name)
    logger.handlers.clear()
    logger.propagate, logger.disabled = True, False
    logger.setLevel(level)


def _json(role: str, instance: str) -> logging.Formatter:
    try:
        from .logs_json import JsonLines
    except ModuleNotFoundError as error:
        raise LibraryMissing from error
    return JsonLines(role, instance)


class TextLines(logging.Formatter):
    """`2026-11-20T09:30:00.250+08:00 WARNING watch projections.watch: message key=value`, and the
    lines of an exception below it.
    """

    def __init__(self, role: str) -> None:
        super().__init__()
        self._role = role

    def format(self, record: logging.LogRecord) -> str:
        """One record, in the machine's time zone; signs that steer a terminal are escaped."""
        at = datetime.fromtimestamp(record.created).astimezone().isoformat(timespec="milliseconds")
        fields = "".join(f" {name}={value!r}" for name, value in given_fields(record).items())
        said = _visible(record.getMessage() + fields)
        lines = [f"{at} {record.levelname} {self._role} {record.name}: {said}"]
        below = (
            self.formatException(record.exc_info) if record.exc_info else "",
            record.stack_info,
        )
        lines += [_visible(line) for text in below if text for line in text.splitlines()]
        return scrubbed("\n".join(lines))


def _visible(text: str) -> str:
    return STEERING.sub(lambda sign: repr(sign[0])[1:-1], text)


def given_fields(record: logging.LogRecord) -> dict[str, object]:
    """What the caller gave as `extra`."""
    return {name: value for name, value in vars(record).items() if name not in OWN}


def _ended(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """In place of sys.excepthook: the same form for what ends the process."""
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
    else:
        log.critical("the process ended by a defect", exc_info=(kind, error, trace))


def _thread_ended(args: threading.ExceptHookArgs) -> None:
    """In place of threading.excepthook; a thread whose work was cancelled ended in order."""
    name = args.thread.name if args.thread else "?"
    in_order = issubclass(args.exc_type, SystemExit | asyncio.CancelledError)
    if args.exc_value is not None and not in_order:
        trace = (args.exc_type, args.exc_value, args.exc_traceback)
        log.critical("the thread %s ended by a defect", name, exc_info=trace)
