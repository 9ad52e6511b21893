"""Logs: one form for all, one line a record, and nothing personal in them."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest

from supervision.runners import logs
from supervision.runners.logs import ACCESS, LIBRARIES, LibraryMissing, setup
from supervision.runners.scrubbing import scrubbed

RESIDENT = "11010519491231002X"
"""The example of GB 11643—1999."""

Begin = Callable[..., StringIO]


@pytest.fixture
def begin() -> Iterator[Begin]:
    """Logging set up on a stream that is read; afterwards all is as it was."""
    root = logging.getLogger()
    named = [logging.getLogger(name) for name in (*LIBRARIES, *ACCESS)]
    loggers = [(each, list(each.handlers), each.level, each.propagate) for each in (root, *named)]
    hooks, shown = (sys.excepthook, threading.excepthook), warnings.showwarning

    def on(form: str = "json", level: str = "info") -> StringIO:
        stream = StringIO()
        setup(form, level, "watch", "host-1", stream)
        return stream

    yield on
    for each, handlers, level, propagate in loggers:
        each.handlers[:] = handlers
        each.propagate = propagate
        each.setLevel(level)
    logging.captureWarnings(capture=False)
    (sys.excepthook, threading.excepthook), warnings.showwarning = hooks, shown


def objects(stream: StringIO) -> list[dict[str, Any]]:
    """The lines, each an object."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def one(stream: StringIO) -> dict[str, Any]:
    (only,) = objects(stream)
    return only


class TestJson:
    """An object a line."""

    def test_a_record_is_one_object(self, begin: Begin) -> None:
        """Time in UTC, who says it, what, and the caller's fields as what they are."""
        stream = begin()
        logging.getLogger("projections.watch").info(
            "took %d 件", 5, extra={"position": 7, "tables": ("a", "b")}
        )
        told = one(stream)
        assert told.pop("time").endswith("Z")
        assert told == {
            "level": "info",
            "logger": "projections.watch",
            "message": "took 5 件",
            "role": "watch",
            "instance": "host-1",
            "position": 7,
            "tables": ["a", "b"],
        }

    def test_the_time_is_that_of_the_record(self, begin: Begin) -> None:
        """RFC 3339, to the microsecond."""
        stream = begin()
        record = logging.makeLogRecord({"name": "x", "msg": "y", "levelno": 20, "created": 0.25})
        logging.getLogger().handle(record)
        assert one(stream)["time"] == "1970-01-01T00:00:00.250000Z"

    def test_an_exception_is_one_string(self, begin: Begin) -> None:
        """With its traceback, on the same line."""
        stream = begin()
        try:
            raise ValueError("no such position")
        except ValueError:
            logging.getLogger("x").exception("failed")
        told = one(stream)
        assert told["level"] == "error"
        assert told["exception"].startswith("Traceback")
        assert told["exception"].endswith("ValueError: no such position")

    @pytest.mark.parametrize(
        "text", ["a\nb", "a\u2028b\u2029c\x85d", "\x1b[31mred", "lone \udc80 surrogate", '"\\']
    )
    def test_no_sign_breaks_the_line(self, text: str, begin: Begin) -> None:
        """Whatever splits lines or steers a terminal is escaped, and comes back as it was."""
        stream = begin()
        logging.getLogger("x").info("%s", text)
        assert one(stream)["message"] == text.encode("utf-8", "backslashreplace").decode()
        assert "\x1b" not in stream.getvalue()

    def test_fields_of_callers_give_way_to_ours(self, begin: Begin) -> None:
        """They get another name, and are not lost."""
        stream = begin()
        logging.getLogger("x").info("y", extra={"role": "theirs", "logger": "theirs", "time": 3})
        told = one(stream)
        assert (told["role"], told["logger"]) == ("watch", "x")
        assert (told["role_"], told["logger_"], told["time_"]) == ("theirs", "theirs", 3)

    def test_whatever_is_given_as_a_field_is_json(self, begin: Begin) -> None:
        """Objects in words, numbers that JSON has not as words."""
        stream = begin()
        fields = {"a": float("nan"), "b": {1: ValueError("x")}, "c": 2**70, "d": {"k"}}
        logging.getLogger("x").info("y", extra=fields)
        told = one(stream)
        assert [told[n] for n in "abcd"] == ["nan", {"1": "x"}, 2**70, ["k"]]

    def test_without_its_package_it_is_refused_in_a_line(
        self, begin: Begin, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """One process is installed without it."""
        monkeypatch.setitem(sys.modules, "pythonjsonlogger.msgspec", None)
        monkeypatch.delitem(sys.modules, "supervision.runners.logs_json", raising=False)
        with pytest.raises(LibraryMissing, match="pip install 'supervision\\[cluster\\]'"):
            begin()


class TestText:
    """Lines for people."""

    def test_a_record_is_a_line(self, begin: Begin) -> None:
        """Level, role, logger, message, fields."""
        stream = begin("text")
        logging.getLogger("projections.watch").warning("took %d", 5, extra={"position": 7})
        at, _, rest = stream.getvalue().partition(" ")
        assert at[10] == "T"
        assert rest == "WARNING watch projections.watch: took 5 position=7\n"

    def test_nobody_can_write_a_line_of_ours(self, begin: Begin) -> None:
        """What a source sends stays on the line that tells of it."""
        stream = begin("text")
        logging.getLogger("x").info("refused %s", "2026-1\n2026-01-01 INFO all is well\x1b[2J")
        assert len(stream.getvalue().splitlines()) == 1
        assert "\x1b" not in stream.getvalue()

    def test_an_exception_stands_below(self, begin: Begin) -> None:
        """As Python writes it."""
        stream = begin("text")
        try:
            raise ValueError("no \x1b such")
        except ValueError:
            logging.getLogger("x").exception("failed")
        lines = stream.getvalue().splitlines()
        assert lines[1] == "Traceback (most recent call last):"
        assert lines[-1] == "ValueError: no \\x1b such"


class TestLibraries:
    """What libraries say, in the same form."""

    @pytest.mark.parametrize("name", LIBRARIES)
    def test_libraries_are_heard_from_warning_on(self, name: str, begin: Begin) -> None:
        """Through our handler, whatever they had set up themselves."""
        theirs = StringIO()
        logger = logging.getLogger(name)
        logger.addHandler(logging.StreamHandler(theirs))
        logger.propagate = False
        stream = begin()
        logger.info("chatter")
        logger.getChild("part").warning("a warning")
        assert [each["message"] for each in objects(stream)] == ["a warning"]
        assert theirs.getvalue() == ""

    def test_at_debug_they_are_heard_from_info_on(self, begin: Begin) -> None:
        """And what is ours from debug on."""
        stream = begin(level="debug")
        for name in ("aiokafka", "projections.stream"):
            logging.getLogger(name).debug("detail")
            logging.getLogger(name).info("chatter")
        told = [(each["logger"], each["message"]) for each in objects(stream)]
        assert told == [
            ("aiokafka", "chatter"),
            ("projections.stream", "detail"),
            ("projections.stream", "chatter"),
        ]

    @pytest.mark.parametrize("name", ACCESS)
    def test_who_asked_for_what_is_not_logged(self, name: str, begin: Begin) -> None:
        """Addresses and case numbers."""
        stream = begin(level="debug")
        logging.getLogger(name).error("10.0.0.7 GET /case/permit/2026-1")
        assert stream.getvalue() == ""

    def test_warnings_of_python_are_logged(self, begin: Begin) -> None:
        """As warnings."""
        stream = begin()
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            logging.captureWarnings(capture=False)
            logging.captureWarnings(capture=True)
            warnings.warn("old way", UserWarning, stacklevel=1)
        assert "old way" in one(stream)["message"]


class TestRepeats:
    """What a library says again and again while a server is down."""

    @staticmethod
    def say(words: str, *values: object, name: str = "aiokafka", at: float = 0.0) -> None:
        """A warning at a time, seconds."""
        told = {"name": name, "msg": words, "args": values, "levelno": 30, "created": at}
        logging.getLogger(name).handle(logging.makeLogRecord({**told, "levelname": "WARNING"}))

    def test_it_is_heard_once_whatever_numbers_it_names(self, begin: Begin) -> None:
        """With values, or with numbers in the words."""
        stream = begin()
        for port in (9092, 9093):
            self.say("no way to %s", f"127.0.0.1:{port}")
            self.say(f"node {port} is down")
        assert [each["message"] for each in objects(stream)] == [
            "no way to 127.0.0.1:9092",
            "node 9092 is down",
        ]

    def test_after_a_while_it_is_heard_again_and_how_often_it_was_said(self, begin: Begin) -> None:
        """Ten minutes."""
        stream = begin()
        for at in (1000.0, 1000.1, 1599.9, 1600.0, 1600.1):
            self.say("down", at=at)
        assert [each.get("repeated") for each in objects(stream)] == [None, 2]

    def test_what_is_ours_or_a_server_s_is_heard_each_time(self, begin: Begin) -> None:
        """An alarm that comes again is news; so is a defect in an answer."""
        stream = begin()
        for name in ("supervision.runners.cluster.station", "uvicorn.error"):
            for _ in range(2):
                self.say("failed", name=name)
        assert len(objects(stream)) == 4

    def test_at_debug_everything_is_heard(self, begin: Begin) -> None:
        """For whoever looks for a defect in them."""
        stream = begin(level="debug")
        for _ in range(2):
            self.say("down")
        assert len(objects(stream)) == 2


class TestEnds:
    """What ends unforeseen is logged."""

    def test_a_defect_in_a_thread_is_logged(self, begin: Begin) -> None:
        """With the thread's name."""
        stream = begin()

        def work() -> None:
            raise LookupError("no such case")

        thread = threading.Thread(target=work, name="fill")
        thread.start()
        thread.join()
        told = one(stream)
        assert told["message"] == "the thread fill ended by a defect"
        assert told["exception"].endswith("LookupError: no such case")

    def test_a_thread_that_was_cancelled_ended_in_order(self, begin: Begin) -> None:
        """As that of Faust's consumer does where Kafka does not answer."""
        stream = begin()

        def work() -> None:
            raise asyncio.CancelledError

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        assert stream.getvalue() == ""

    def test_a_defect_of_the_process_is_logged(self, begin: Begin) -> None:
        """In place of what Python writes to standard error."""
        stream = begin()
        error = LookupError("no such case")
        sys.excepthook(LookupError, error, None)
        assert (one(stream)["level"], one(stream)["exception"]) == (
            "critical",
            "LookupError: no such case",
        )

    def test_setting_up_again_replaces_what_was(self, begin: Begin) -> None:
        """One line, not two."""
        first = begin()
        second = begin()
        logging.getLogger("x").info("y")
        assert first.getvalue() == ""
        assert one(second)["message"] == "y"

    def test_a_process_has_a_name_of_its_own(self) -> None:
        """Host and number."""
        assert logs.instance_name().rpartition("-")[2].isdecimal()


KEPT = (
    "case 440100202611200001 at 2026-11-20T09:30:00 position 13800 stamp 1763602200000000",
    "mail clerk@example.org about https://example.org/case/1",
    "supervision_password is not set; the secret lies elsewhere",
    "HINT: raise max_connections",
)
SCRUBBED = {
    "postgresql://judge:p@ss/w:rd@db:5432/log": "postgresql://***@db:5432/log",
    "sasl_plain_password='a b' next": "sasl_plain_password=*** next",
    '{"password": "x", "user": "judge"}': '{"password": ***, "user": "judge"}',
    "Authorization: Bearer abc.def": "Authorization: ***",
    "duplicate key\nDETAIL:  Key (a)=(王某) already exists.": "duplicate key\nDETAIL: ***",
    "call 13800138000 now": "call *** now",
    "手机13800138000": "手机***",
    f"holder {RESIDENT}": "holder ***",
}


class TestScrubbing:
    """The net below messages that are made of ids."""

    @pytest.mark.parametrize(("text", "left"), SCRUBBED.items())
    def test_passwords_and_numbers_of_persons_are_taken_out(self, text: str, left: str) -> None:
        """The rest stays."""
        assert left == scrubbed(text)

    @pytest.mark.parametrize("text", KEPT)
    def test_what_an_operator_needs_stays(self, text: str) -> None:
        """Case numbers, positions, stamps, addresses without a password."""
        assert text == scrubbed(text)

    @pytest.mark.parametrize("form", ["json", "text"])
    def test_every_part_of_a_line_is_scrubbed(self, form: str, begin: Begin) -> None:
        """Message, fields and exception."""
        stream, where = begin(form), "postgresql://u:hunter2@h/d"
        try:
            raise ValueError(where)
        except ValueError:
            logging.getLogger("x").exception(
                "about %s", RESIDENT, extra={"who": ["13800138000"], "at": {"p": RESIDENT}}
            )
        for private in ("hunter2", RESIDENT, "13800138000"):
            assert private not in stream.getvalue()
        assert stream.getvalue().count("***") == 4
