"""A short message centre for tests: npm's `smpp` as a process, which can be told to misbehave.

    with smsc(password="secret") as server:
        server.port                          on 127.0.0.1
        server.submitted                     each part it took, in order: Submitted
        server.received()                    whole texts, put together, in order: Short
        server.wait(3)                       until it took so many parts
        server.say("SUBMIT", "ESME_RTHROTTLED", times=2)     its next answers at a stage
        server.refuse("8613800138000")       for good
        server.hang("SUBMIT")                taken, but no answer until go_on()
        server.lose("SUBMIT")                taken, and the connection is cut, once
        server.receipt(id, "UNDELIV")        now, or when somebody is bound again
        server.reply("8613800138000", "1")   the same
        server.drop()                        every open connection is cut now
        server.stop(); server.start()        nobody listens; again, on the same port

Stages: BIND, SUBMIT. What nobody acknowledged it tells again to whoever binds next.
"""

from __future__ import annotations

import fcntl
import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tests.certificates import Certificate

FOLDER = Path(__file__).parent / "smsc"
PATIENCE = 30
"""Seconds until a wait is a failed test."""
UCS2 = 8


class Submitted(NamedTuple):
    """A part that was taken. `header` joins parts, in hexadecimal; `coding` is 0 or 8."""

    id: str
    address: str
    source: str
    text: str
    header: str
    coding: int
    registered: int


class Short(NamedTuple):
    """A whole text, as a handset shows it."""

    address: str
    text: str
    ids: tuple[str, ...]

    @property
    def parts(self) -> int:
        """Of how many parts."""
        return len(self.ids)


class Smsc:
    """See the module's docstring; made by smsc."""

    def __init__(
        self,
        tls: Certificate | None = None,
        *,
        system_id: str = "wall",
        password: str = "secret",
        ids: str = "decimal",
        receipt_ids: str = "",
        receipts: str = "",
    ) -> None:
        """`ids`, `receipt_ids`: decimal or hexadecimal. `receipts`: the state (DELIVRD) that is
        told of each part at once; "" none.
        """
        self._submitted: list[Submitted] = []
        self.events: list[str] = []
        """What else happened, in order: connected, bound, turned_away, enquired, noted, gone."""
        self.port = 0
        self._done: set[int] = set()
        self._asked = 0
        self._over = False
        self._changed = threading.Condition()
        options = {
            "system_id": system_id,
            "password": password,
            "ids": ids,
            "receipt_ids": receipt_ids,
            "receipts": receipts,
            "refused": [],
            "key": str(tls.key) if tls else "",
            "cert": str(tls.chain) if tls else "",
        }
        self._process = subprocess.Popen(
            [_node(), "server.js", json.dumps(options)],
            cwd=FOLDER,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        self._until(lambda: self.port > 0, "the message centre to listen")

    @property
    def submitted(self) -> list[Submitted]:
        """Every part that was taken until now."""
        self._do("sync")
        return list(self._submitted)

    def received(self) -> list[Short]:
        """Texts of which every part was taken; a part taken twice counts once until it is whole."""
        whole: list[Short] = []
        begun: dict[tuple[str, str], dict[int, Submitted]] = {}
        for part in self.submitted:
            if not part.header:
                whole.append(Short(part.address, part.text, (part.id,)))
                continue
            _, _, _, _, count, number = bytes.fromhex("050003" + part.header[-6:])
            parts = begun.setdefault((part.address, part.header[-6:-2]), {})
            parts[number] = part
            if len(parts) == count:
                inorder = [parts[place] for place in sorted(parts)]
                text = "".join(each.text for each in inorder)
                whole.append(Short(part.address, text, tuple(each.id for each in inorder)))
                parts.clear()
        return whole

    def say(self, stage: str, answer: str, times: int = 1) -> None:
        """The next answers at a stage: the name of a status, "" for the good one, "cut"."""
        self._do("say", stage=stage, answer=answer, times=times)

    def refuse(self, address: str) -> None:
        """No such number, for good."""
        self._do("refuse", address=address)

    def hang(self, stage: str) -> None:
        """No answers at a stage until go_on."""
        self._do("hang", stage=stage)

    def go_on(self) -> None:
        """All answers that were held back, to whoever still listens."""
        self._do("go_on")

    def lose(self, stage: str) -> None:
        """The next connection that comes there is cut instead of answered."""
        self.say(stage, "cut")

    def receipt(self, id: str, stat: str = "DELIVRD", by_field: bool = False) -> None:
        """What became of a part; `by_field`: by fields of its own, with no text."""
        self._do("receipt", id=id, stat=stat, by_field=by_field)

    def reply(
        self,
        address: str,
        text: str = "",
        coding: int = UCS2,
        octets: bytes = b"",
        has_header: bool = False,
    ) -> None:
        """Somebody sends a message; `octets`: these, whatever the coding says; with a header that
        joins parts before the text, if so.
        """
        kind = 0x40 if has_header else 0
        told = {"address": address, "text": text, "coding": coding, "octets": octets.hex()}
        self._do("reply", kind=kind, **told)

    def enquire(self) -> None:
        """Ask whoever is bound whether it is still there; `answered` is the event."""
        self._do("enquire")

    def drop(self) -> None:
        """Cut all connections."""
        self._do("drop")

    def stop(self) -> None:
        """Nobody listens any more."""
        self._do("stop")

    def start(self) -> None:
        """Listen again."""
        self._do("start")

    def wait(self, count: int) -> None:
        """Until so many parts were taken."""
        self._until(lambda: len(self._submitted) >= count, f"{count} parts")

    def wait_for(self, event: str, count: int = 1) -> None:
        """Until something happened so often."""
        self._until(lambda: self.events.count(event) >= count, f"{event}, {count} times")

    def close(self) -> None:
        """The end of it all."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(PATIENCE)
        self._thread.join(PATIENCE)
        self._process.stdout.close()

    def _do(self, command: str, **fields: Any) -> None:
        """A command, and wait until it is done."""
        assert self._process.stdin is not None
        with self._changed:
            self._asked += 1
            number = self._asked
            line = json.dumps({"n": number, "do": command, **fields})
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        self._until(lambda: number in self._done, command)

    def _until(self, what: Any, words: str) -> None:
        with self._changed:
            came = self._changed.wait_for(lambda: what() or self._over, PATIENCE)
        assert came, f"waited in vain for {words}"
        assert what(), f"the message centre ended before {words}"

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with self._changed:
                self._happened(json.loads(line))
                self._changed.notify_all()
        with self._changed:
            self._over = True
            self._changed.notify_all()

    def _happened(self, said: dict[str, Any]) -> None:
        event = said.pop("event")
        if event == "listening":
            self.port = said["port"]
        elif event == "done":
            self._done.add(said["n"])
        elif event == "submitted":
            self._submitted.append(Submitted(**said))
        else:
            self.events.append(event)


@contextmanager
def smsc(tls: Certificate | None = None, **options: Any) -> Iterator[Smsc]:
    """A message centre that listens; options: those of Smsc."""
    server = Smsc(tls, **options)
    try:
        yield server
    finally:
        server.close()


def _node() -> str:
    """Node's path, once its packages are here; they are fetched if they are not."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        raise RuntimeError("the message centre of the tests needs Node: tools/system-packages node")
    with (FOLDER / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (FOLDER / "node_modules/smpp").is_dir():
            subprocess.run([npm, "ci", "--no-audit", "--no-fund"], cwd=FOLDER, check=True)
    return node
