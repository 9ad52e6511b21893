"""A folder in the place of a gateway: for demonstrations and for trying things out.

Each message is a file, named by its id: sent again, it is the same file. E-mail is an .eml, which
any mail program opens; a short message or a chat's a .txt with the address in its first line, then
an empty one, then the text.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from supervision.facts import Instant

from ..errors import Unavailable
from .addresses import mailbox, mobile
from .given import fitted, utf8
from .letters import letter, plain
from .port import CHAT, MAIL, SMS, Accepted, Outgoing, Receipt, Reply
from .robots import robot
from .sms_parts import parts_of

FITS: dict[str, Callable[[str], str]] = {MAIL: mailbox, SMS: mobile, CHAT: robot}
SENDER = "supervision@localhost"
"""Who writes the letters that nobody sends."""


class Folder:
    """The channel, in the place of that of the name; `at` gives the instant a letter bears."""

    def __init__(self, path: Path, name: str, at: Callable[[], Instant]) -> None:
        self._path = path
        self._name = name
        self._at = at

    @property
    def name(self) -> str:
        """Of the channel that it stands for."""
        return self._name

    def fit(self, address: str) -> str:
        """As that channel does; AddressUnfit."""
        return FITS[self._name](address)

    def parts(self, text: str) -> int:
        """As that channel counts."""
        return parts_of(text) if self._name == SMS else 1

    def send(self, outgoing: Outgoing) -> Accepted:
        """Write the file, whole or not at all; its name is the gateway's id."""
        written = self._written(outgoing)
        ending = ".eml" if self._name == MAIL else ".txt"
        file = self._path / f"{plain(outgoing.message)}{ending}"
        unfinished = file.with_suffix(".unfinished")
        try:
            self._path.mkdir(parents=True, exist_ok=True)
            unfinished.write_bytes(written)
            unfinished.replace(file)
        except OSError as error:
            raise Unavailable(f"{self._path}: {error.strerror}") from error
        return Accepted(file.name, self.parts(outgoing.text))

    def heard(self) -> list[Receipt | Reply]:
        """Nothing: nobody reads."""
        return []

    def close(self) -> None:
        """Nothing is open."""

    def _written(self, outgoing: Outgoing) -> bytes:
        if self._name == MAIL:
            return letter(outgoing, SENDER, "", self._at()).as_bytes()
        address = fitted(self.fit, outgoing.address)
        return utf8(f"{address}\n\n{outgoing.text}")
