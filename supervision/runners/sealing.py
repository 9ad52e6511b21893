"""Sealing beside whatever else runs: one thread seals, another shows witnesses what was sealed.

Neither holds up the log's writers, and a witness or an authority that is slow holds up no sealing.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Event, Thread

from msgspec.structs import replace

from alerts.alarms import Health
from replay.notes import Ed25519Signer, Signer
from replay.seal_keys import KeyLost, make_signer, read_signer
from replay.sealing import MINUTE, READ, Sealer, SealsBroken
from replay.seals import VKEY, Checkpoints, SealFolder
from replay.stamping import SECONDS, Stamper, read_roots
from replay.witnesses import Round, Seen, read_witnesses

from ..errors import SupervisionError
from ..facts import Instant
from ..follow import Follower
from ..record import Record
from .settings import Settings

log = logging.getLogger(__name__)

SEALS = "seals"
"""In the home: the folder of seals, unless the settings name another."""
KEY = Path("keys", "seal.pem")
"""In the home: the key, unless the settings name another."""
ASKED = "asked"
"""In the folder: somebody asks for a checkpoint now."""
SEAL, VOUCH = "seal", "vouch"
"""The two threads."""
GLANCE = 1.0
"""Seconds between two looks for more: a checkpoint comes by the minute."""
RETRY = 2.0
"""Seconds before what failed is tried again."""
ANEW = 60.0
"""Seconds before the log is compared again that was not what was sealed, and before a witness is
asked again that did not answer.
"""
FINISH = 20.0
"""Seconds that sealing has at the end."""
LAST = 2 * SECONDS + RETRY
"""Seconds that the last checkpoint then has to be stamped and shown."""


class NotAsked(SupervisionError):
    """The process that seals cannot be reached by its folder."""

    def __init__(self, folder: Path, why: object) -> None:
        super().__init__(
            f"{folder} cannot be written ({why}): ask where the log is sealed, by the same account"
        )


def folder_of(given: Settings) -> Path:
    """The folder of seals."""
    return Path(given.seals) if given.seals else given.home / SEALS


def key_of(given: Settings) -> Path:
    """The file of the key."""
    return Path(given.seal_key) if given.seal_key else given.home / KEY


def seals_of(given: Settings) -> SealFolder:
    """What seals the log, for those that prove by it; signing asks for the key then."""
    return SealFolder(folder_of(given), lambda: read_signer(key_of(given), given.seal_name))


def signer_of(given: Settings) -> Ed25519Signer:
    """The key, made at the first start where the settings name no other place. KeyLost, KeyUnfit,
    NameUnfit.
    """
    path, folder = key_of(given), folder_of(given)
    if given.seal_key or path.exists():
        return read_signer(path, given.seal_name)
    if (folder / VKEY).exists() or Checkpoints(folder).last():
        raise KeyLost(path)
    return make_signer(path, given.seal_name)


def stamper_of(given: Settings) -> Stamper | None:
    """The time stamp authority, if one is set. RootsUnfit."""
    if not given.stamp_url:
        return None
    return Stamper(given.stamp_url, read_roots(Path(given.stamp_roots)))


class Sealing:
    """Seals a record by the settings, from `start` to `stop`. One process of an installation."""

    def __init__(self, record: Record, given: Settings) -> None:
        """WitnessUnfit, RootsUnfit; whatever else is wrong is told while it runs."""
        self._record, self._given = record, given
        self._folder = folder_of(given)
        self._notes = Checkpoints(self._folder)
        self._round, self._stamper = Round(read_witnesses(given.witnesses)), stamper_of(given)
        self._stop, self._sealed = Event(), Event()
        self._threads: list[Thread] = []
        self._failed: dict[str, str] = {}
        self.broken = ""
        """That the log is not what was sealed."""
        self.unstamped = ""
        """Why checkpoints have no time stamp."""
        self.position = 0
        """Up to where the log is taken in."""

    @staticmethod
    def check(given: Settings) -> None:
        """WitnessUnfit, RootsUnfit."""
        read_witnesses(given.witnesses)
        stamper_of(given)

    @property
    def failed(self) -> str:
        """Why nothing is sealed just now, or nobody shown it; "" while all is well."""
        return "; ".join(filter(None, self._failed.values()))

    @property
    def unwitnessed(self) -> tuple[str, ...]:
        """What is wrong with witnesses, a line each."""
        return (*self._round.refused.values(), *self._round.down.values())

    def health(self, known: Health) -> Health:
        """With what is known of the seals."""
        return replace(
            known,
            seals_broken=self.broken,
            seals_failed=self.failed,
            witnesses=self.unwitnessed,
            stamps_failed=self.unstamped,
        )

    def start(self) -> None:
        """Seal, and show what is sealed."""
        for name, work in ((SEAL, self._seal), (VOUCH, self._vouch)):
            self._failed[name] = ""
            self._threads.append(_started(name, partial(self._keep, name, work)))

    def stop(self) -> None:
        """Seal what is recorded up to now, have that stamped and shown too, and end. Who does not
        answer then is shown it after the next start.
        """
        self._stop.set()
        self._sealed.set()
        for thread in self._threads:
            thread.join(timeout=FINISH if thread.name == SEAL else RETRY)
        if self._threads and not any(thread.is_alive() for thread in self._threads):
            _started("last", self._last).join(timeout=LAST)

    def _last(self) -> None:
        try:
            self._show()
        except SupervisionError as error:
            log.warning("the last checkpoint is shown after the next start: %s", error)

    def _keep(self, name: str, work: Callable[[], None]) -> None:
        """Work until told to stop; what fails is told and tried again."""
        while not self._stop.is_set():
            pause = RETRY
            try:
                work()
            except SealsBroken as error:
                self.broken, pause = str(error), ANEW
            except SupervisionError as error:
                self._tell(name, str(error))
            except Exception as error:
                log.exception("%s failed", name)
                self._tell(name, f"{type(error).__name__}: {error}")
            self._stop.wait(pause)

    def _tell(self, name: str, why: str) -> None:
        if why != self._failed[name]:
            log.error("sealing failed: %s", why)
        self._failed[name] = why

    def _seal(self) -> None:
        """The sealer's loop; at the end all that is recorded is sealed."""
        sealer = open_sealer(self._record, self._given, signer_of(self._given))
        follower = Follower(self._record)
        try:
            while not self._stop.is_set():
                self._look(sealer)
                follower.position = self.position = sealer.size
                follower.wait(GLANCE, self._stop)
            self._finish(sealer)
        finally:
            follower.close()
            sealer.close()

    def _look(self, sealer: Sealer) -> None:
        """What is new, and a checkpoint where one is due or asked for."""
        caught_up = False
        while not (caught_up or self._stop.is_set()):
            caught_up = sealer.follow() < READ
            self.position = sealer.size
            self._sign_if_due(sealer, caught_up=caught_up)
        self._failed[SEAL] = self.broken = ""

    def _sign_if_due(self, sealer: Sealer, *, caught_up: bool) -> None:
        asked = caught_up and (self._folder / ASKED).exists()
        if asked:
            (self._folder / ASKED).unlink(missing_ok=True)
            _drain(sealer)
        if asked or sealer.due(_now(), caught_up=caught_up):
            sealer.sign(_now())
            self._sealed.set()

    def _finish(self, sealer: Sealer) -> None:
        _drain(sealer)
        sealer.sign(_now())

    def _vouch(self) -> None:
        """The newest checkpoint stamped and shown to the witnesses; again where that failed."""
        while not self._stop.is_set():
            self._sealed.wait(ANEW)
            self._sealed.clear()
            if not self._stop.is_set():
                self._show()
                self._failed[VOUCH] = ""

    def _show(self) -> None:
        if size := self._notes.last():
            self.unstamped = stamp(self._notes, size, self._stamper)
            self._round.show(Seen(self._folder, size), _now())


def _started(name: str, work: Callable[[], object]) -> Thread:
    thread = Thread(target=work, name=name, daemon=True)
    thread.start()
    return thread


def stamp(notes: Checkpoints, size: int, stamper: Stamper | None) -> str:
    """Have a checkpoint stamped unless it is; why it could not be, or ""."""
    if stamper is None or notes.stamp(size) is not None:
        return ""
    try:
        notes.write_stamp(size, stamper.stamp(notes.checkpoint(size).text))
    except SupervisionError as error:
        log.warning("checkpoint %d has no time stamp: %s", size, error)
        return str(error)
    return ""


def open_sealer(record: Record, given: Settings, signer: Signer) -> Sealer:
    """The sealer of the settings; to be closed. LeavesInUse where another process seals."""
    return Sealer(record, folder_of(given), signer, given.seal_minutes * MINUTE)


def _drain(sealer: Sealer) -> None:
    """What was recorded up to now; writers that go on do not hold it here for good."""
    ends = time.monotonic() + FINISH / 2
    while sealer.follow() >= READ and time.monotonic() < ends:
        pass


def ask(folder: Path) -> None:
    """Have whoever seals into a folder make a checkpoint now. NotAsked."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ASKED).touch()
    except OSError as error:
        raise NotAsked(folder, error.strerror) from error


def _now() -> Instant:
    return time.time_ns() // 1000
