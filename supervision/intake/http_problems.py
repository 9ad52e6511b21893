"""What ends a whole request of intake, and when its sender should come back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from fastapi import Response

from ..errors import (
    ClockJumped,
    StoreBusy,
    StoreDown,
    StoreError,
    StreamConflict,
    SupervisionError,
)
from .problem import problem

RETRY_BUSY = 1
"""Seconds after which to come back when the store or this process is busy."""

RETRY_DOWN = 5
"""Seconds after which to come back when the store's server does not answer: it may be starting."""

RETRY_STOPPED = 60
"""Seconds after which to come back when somebody has to make room or confirm the clock."""


NOT_STORED = "未入库，请稍后重发 nothing was stored, send it again later"
MAYBE_STORED = (
    "可能已经入库，请稍后重发，重发无害 "
    "it may be stored already: send it again later, which does no harm"
)
"""What became of a request that was not answered as it should be. An event that is sent again is
known by its source, id and data_version, and answered `had`."""


class Problem(Exception):
    """Ends a request with this answer."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


def stop(status: HTTPStatus, detail: str, **headers: str) -> Problem:
    """To be raised; "_" in the name of a header stands for "-"."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Problem(problem(status, detail, named))


@contextmanager
def nothing_stored() -> Iterator[None]:
    """What goes wrong in here does so before anything of the request was stored."""
    try:
        yield
    except SupervisionError as error:
        raise unavailable(error, NOT_STORED) from error


def unavailable(error: SupervisionError, outcome: str) -> Problem:
    """What became of the request, and when to come back; or have somebody look at the store."""
    if isinstance(error, StoreBusy | StreamConflict):
        seconds = RETRY_BUSY
    elif isinstance(error, StoreDown):
        seconds = RETRY_DOWN
    elif isinstance(error, StoreError | ClockJumped):
        seconds = RETRY_STOPPED
    else:
        raise error
    return stop(
        HTTPStatus.SERVICE_UNAVAILABLE,
        f"{outcome}: {error}",
        Retry_After=str(seconds),
    )
