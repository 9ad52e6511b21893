"""What clickhouse-driver raises, as the errors of warehouse.py: a line that says what to do. Pure.

Never with a password in it: the driver's messages tell host and port, the server's the user.
"""

from __future__ import annotations

import re

from clickhouse_driver import errors
from clickhouse_driver.errors import Error, ErrorCodes, ServerException

from .warehouse import (
    WarehouseDown,
    WarehouseError,
    WarehouseFull,
    WarehouseMissing,
    WarehouseRefused,
)

TAKEN = ErrorCodes.FUNCTION_THROW_IF_VALUE_IS_NON_ZERO
"""What the statement that stores a block fails with when its claim is not the last."""

NO_ANSWER = (
    OSError, EOFError, errors.NetworkError, errors.SocketTimeoutError,
    errors.UnexpectedPacketFromServerError, errors.UnknownPacketFromServerError,
    errors.PartiallyConsumedQueryError,
)  # fmt: skip

TOLD = 300
"""Characters of what the server said."""

AUTHENTICATION_FAILED, ACCESS_DENIED, TOO_LARGE_TO_DROP = 516, 497, 359
"""Of later servers; the driver does not name them."""

PASSWORDS = frozenset({
    ErrorCodes.UNKNOWN_USER, ErrorCodes.WRONG_PASSWORD, ErrorCodes.REQUIRED_PASSWORD,
    ErrorCodes.IP_ADDRESS_NOT_ALLOWED, AUTHENTICATION_FAILED,
})  # fmt: skip
RIGHTS = frozenset({ErrorCodes.READONLY, ErrorCodes.DATABASE_ACCESS_DENIED, ACCESS_DENIED})
PASSING = frozenset({
    ErrorCodes.QUERY_WAS_CANCELLED, ErrorCodes.TIMEOUT_EXCEEDED, ErrorCodes.SOCKET_TIMEOUT,
    ErrorCodes.NETWORK_ERROR, ErrorCodes.ABORTED,
})  # fmt: skip

FULL = {
    ErrorCodes.TOO_MANY_PARTS: "its merges are behind; if it lasts, give it faster disks",
    ErrorCodes.MEMORY_LIMIT_EXCEEDED: "out of memory; if it lasts, raise max_memory_usage",
    ErrorCodes.NOT_ENOUGH_SPACE: "make room on its disk",
    ErrorCodes.TOO_MANY_SIMULTANEOUS_QUERIES: "if it lasts, raise max_concurrent_queries",
}
NO_SPACE = "No space left"
"""How the system's own words for a full disk begin, under whatever code they come."""


def code_of(error: BaseException | None) -> int | None:
    """The code that a server gave; None if no server did."""
    return error.code if isinstance(error, ServerException) else None


def translated(error: Exception, where: str, user: str) -> WarehouseError:
    """`where` names server and database."""
    code, said = code_of(error), _line(error)
    if isinstance(error, NO_ANSWER):
        return WarehouseDown(f"{where}: no answer ({said}): is the server up, its address right?")
    if code in PASSWORDS:
        return WarehouseRefused(f"{where}: user {user} is not let in: correct user or password")
    if code in RIGHTS:
        return WarehouseRefused(f"{where}: user {user} may not do this ({said}): give it the right")
    if code in FULL or NO_SPACE in said:
        why = FULL.get(code, FULL[ErrorCodes.NOT_ENOUGH_SPACE])
        return WarehouseFull(f"{where}: no room ({said}): {why}")
    if code == ErrorCodes.UNKNOWN_DATABASE:
        return WarehouseMissing(f"{where}: there is no such database: make it, or correct the name")
    if code == ErrorCodes.UNKNOWN_TABLE:
        return WarehouseMissing(f"{where}: {said}: make the tables, or correct the name")
    if code in PASSING:
        return WarehouseDown(f"{where}: {said}: it will be tried again")
    if code == TOO_LARGE_TO_DROP:
        return WarehouseError(
            f"{where}: {said}: set max_table_size_to_drop and max_partition_size_to_drop to 0 there"
        )
    return WarehouseError(f"{where}: {said}")


def _line(error: Exception) -> str:
    """What was said, without code, stack trace and line breaks."""
    said = str(error.message if isinstance(error, Error) and error.message else error)
    said = said.partition("Stack trace:")[0].replace("DB::Exception:", " ")
    said = re.sub(r"\s+", " ", said).strip(" .,") or type(error).__name__
    return said if len(said) <= TOLD else said[:TOLD] + " …"
