"""What a storage of the vault keeps, and what it promises."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

SYSTEM_SECRET_BYTES = 32

Case = tuple[str, str]
"""Source and case_no."""


class TextRow(NamedTuple):
    """The encrypted texts of one fact; all but `cipher` is its key."""

    source: str
    case_no: str
    id: str
    data_version: int
    sealed: str
    cipher: bytes


class Secrets(NamedTuple):
    """Secrets of those of some cases that have one, None where it was destroyed.

    `mark` is another whenever any process may have destroyed a secret since; it is not newer than
    the secrets.
    """

    mark: int
    by_case: dict[Case, bytes | None]


class Storage(Protocol):
    """Texts and references in one place, secrets in another; for any number of threads.

    What a call wrote is durable when it returns. StoreDown, StoreBusy, StoreFull: nothing was
    written, or all of it; the same call may be made again. StoreBroken.
    """

    def system_secret(self) -> bytes:
        """The one secret of the whole, from which references are looked up."""

    def secrets(self, cases: Collection[Case]) -> Secrets:
        """What there is of these cases, and the mark, in any case."""

    def add_secrets(self, fresh: Mapping[Case, bytes]) -> dict[Case, bytes | None]:
        """Keep these unless another process was quicker; what each of the cases has now."""

    def add(self, texts: Sequence[TextRow], refs: Mapping[bytes, str]) -> dict[bytes, str]:
        """Keep texts and references that are not there yet; the reference of each identity."""

    def cipher(
        self, case: Case, fact_id: str, data_version: int, sealed: str
    ) -> tuple[str, bytes] | None:
        """`sealed` and ciphertext; with an empty `sealed`, of one of the texts of that id."""

    def has_texts(self, case: Case) -> bool:
        """Whether any text of a case is kept."""

    def destroy(self, case: Case) -> None:
        """Destroy the secret of a case for good, then its texts."""

    def forget(self, ref: str) -> None:
        """Forget whose reference this is."""

    def close(self) -> None:
        """Let go of files and connections."""
