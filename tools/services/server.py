"""A server program as a child of this one: started, asked, held, killed, stopped.

What PostgreSQL, ClickHouse and Kafka have in common when they run in a folder of their own on a
port of 127.0.0.1. The errors:

    ServerError            one line: what is wrong, and what to do
    ├── PortInUse          somebody else listens there
    ├── Missing            a program or package is not installed
    ├── FolderInUse        another process has its servers in this folder
    └── DidNotStart        it ended, or did not answer in time; the end of its log
"""

from __future__ import annotations

import json
import os
import random
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from functools import cached_property
from pathlib import Path
from typing import ClassVar, NamedTuple

HOST = "127.0.0.1"
PATIENCE = 90.0
"""Seconds until a server that does not answer, or does not end, is given up."""
GLANCE = 0.05
"""Seconds between two questions whether it answers."""
LOWEST_PORT = 15_000
"""Ports are chosen from here up to what the system gives to outgoing connections: a client that
tries a port of that range while its server is down can be connected to itself and so hold it."""
ENDED = ("Z", "X")
HELD = ("T", "t", *ENDED)
"""States, as /proc has them, of a process that has ended, and of one that does nothing more."""
HANDED_ON = ("HOME", "PATH", "TMPDIR", "JAVA_HOME")
"""Of the environment; PGOPTIONS or KAFKA_OPTS of whoever starts us are not meant for these."""


class ServerError(Exception):
    """In one line, what is wrong and what to do."""


class PortInUse(ServerError):
    """Another process listens where the server should."""

    def __init__(self, name: str, port: int) -> None:
        super().__init__(
            f"{name}: port {port} of {HOST} is in use: end what listens there "
            f"(`ss -ltnp 'sport = :{port}'` tells), or give another port"
        )


class Missing(ServerError):
    """A program that is not installed."""

    def __init__(self, name: str, what: str, kind: str) -> None:
        super().__init__(f"{name}: {what} was not found: run tools/system-packages {kind}")


class FolderInUse(ServerError):
    """Another process has its servers in this folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__(f"{folder} is in use by another process: stop that, or give a --folder")


class DidNotStart(ServerError):
    """It ended while starting, or did not answer in time."""

    def __init__(self, name: str, what: str, log: Path) -> None:
        super().__init__(f"{name} {what}: {last_words(log)} (more in {log})")


class NotYet(Exception):
    """The server does not answer as it should; starting, it may later."""


def last_words(log: Path) -> str:
    """The last lines of a log that say something, in one."""
    with suppress(OSError):
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        return " / ".join([line.strip() for line in lines if line.strip()][-3:])[-600:]
    return "it wrote no log"


def is_free(port: int) -> bool:
    """Whether a server could listen there now."""
    with closing(socket.socket()) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port of 127.0.0.1 that nobody has, and that no outgoing connection will get."""
    outgoing = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").split()
    above = max(int(outgoing[0]), LOWEST_PORT + 1000)
    ports = random.SystemRandom().sample(range(LOWEST_PORT, above), 200)
    return next(port for port in ports if is_free(port))


def write_private(path: Path, text: str) -> None:
    """Whole or not at all, readable by its owner alone."""
    beside = path.with_name(f"{path.name}.new")
    beside.unlink(missing_ok=True)
    beside.touch(0o600, exist_ok=False)
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def as_child(user: str | None) -> list[str]:
    """What to put before a command: it dies with us, and runs as `user` if one is given."""
    before = ["setpriv", "--pdeathsig", "KILL"]
    if user is not None:
        before += ["--reuid", user, "--regid", user, "--init-groups"]
    return before


def environment() -> dict[str, str]:
    """What a server sees of ours: messages in English, no settings by accident."""
    ours = {name: os.environ[name] for name in HANDED_ON if name in os.environ}
    return {**ours, "LC_ALL": "C.UTF-8", "TZ": "UTC"}


_parent = ThreadPoolExecutor(max_workers=1, thread_name_prefix="servers")
"""The system ends a child with the thread that started it: this one lives as long as we do."""


def begun(command: Sequence[str], log: Path, env: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """A process in a session of its own, so that Ctrl-C is ours; what it says goes to its log."""

    def begin() -> subprocess.Popen[bytes]:
        with log.open("ab") as told:
            return subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=told, stderr=subprocess.STDOUT,
                cwd="/", env=env, start_new_session=True,
            )  # fmt: skip

    return _parent.submit(begin).result()


def done(name: str, command: Sequence[str], log: Path) -> None:
    """Run a command to its end. Raises DidNotStart if it fails."""
    if begun(command, log, environment()).wait() != 0:
        raise DidNotStart(name, f"could not be made ready ({Path(command[-1]).name})", log)


class Process(NamedTuple):
    """One that exists: T is held, Z and X have ended."""

    pid: int
    parent: int
    state: str


def process(pid: int) -> Process | None:
    """What the system knows of it; None if there is none."""
    try:
        told = Path(f"/proc/{pid}/stat").read_text("latin-1")
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, parent = told.rpartition(")")[2].split()[:2]
    return Process(pid, int(parent), state)


def living() -> dict[int, Process]:
    """All that live, by pid."""
    numbers = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    found = [known for pid in numbers if (known := process(pid)) and known.state not in ENDED]
    return {known.pid: known for known in found}


def family(first: int) -> list[int]:
    """A process and all that descend from it."""
    all_living = living().values()
    found = [first]
    for one in found:
        found += [known.pid for known in all_living if known.parent == one]
    return found


def signal_all(pids: Sequence[int], number: signal.Signals) -> None:
    """Send it to each that still lives."""
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


class Server:
    """A server in a folder, on 127.0.0.1; what differs is said by the subclasses.

    `port` is the one given, else that of last time if it is still free, else a free one. The
    server does not outlive this process, whatever ends it.
    """

    name: ClassVar[str]
    stop_signal: ClassVar[signal.Signals] = signal.SIGTERM

    def __init__(self, folder: Path, port: int | None = None) -> None:
        self.folder = folder.resolve()
        self._given_port = port
        self._process: subprocess.Popen[bytes] | None = None

    def prepare(self) -> None:
        """Make what it needs in the folder before it starts; on later starts, what has changed."""
        raise NotImplementedError

    def command(self) -> list[str]:
        """The program with its arguments, to be run as a child."""
        raise NotImplementedError

    def ask(self) -> None:
        """Ask something that only a ready server answers. Raises NotYet."""
        raise NotImplementedError

    def settle(self) -> None:
        """Make what must be inside the running server, unless it is there."""

    @property
    def log(self) -> Path:
        """What the server writes while it runs."""
        return self.folder / "log"

    @cached_property
    def port(self) -> int:
        """Where it listens."""
        kept = self._kept.get("port")
        if self._given_port is not None:
            return self._given_port
        return kept if isinstance(kept, int) and is_free(kept) else free_port()

    @property
    def ports(self) -> list[int]:
        """All ports where it listens."""
        return [self.port]

    def password(self, of: str) -> str:
        """A role's own, random, kept in the folder: letters, digits, - and _ only."""
        if not isinstance(found := self._kept.get(of), str):
            self._keep(**{of: (found := secrets.token_urlsafe(24))})
        return found

    @cached_property
    def _kept(self) -> dict[str, str | int]:
        path = self.folder / "secrets.json"
        return dict(json.loads(path.read_text(encoding="ascii"))) if path.exists() else {}

    def _keep(self, **more: str | int) -> None:
        self.folder.mkdir(0o700, parents=True, exist_ok=True)
        self._kept.update(more)
        write_private(self.folder / "secrets.json", json.dumps(self._kept, indent=1))

    @property
    def running(self) -> bool:
        """Whether its process lives, held or not."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """Its first process; ServerError if it was never started."""
        if self._process is None:
            raise ServerError(f"{self.name} was not started")
        return self._process.pid

    def start(self) -> None:
        """Start it, on the same port and data as before; returns when it answers.

        Raises PortInUse, Missing, DidNotStart.
        """
        self.launch()
        self.await_answer()

    def launch(self) -> None:
        """The first half of `start`: its process runs, and may not answer yet."""
        if self.running:
            return
        for port in self.ports:
            if not is_free(port):
                raise PortInUse(self.name, port)
        self._keep(port=self.port)
        self.prepare()
        self._process = begun(self.command(), self.log, environment())

    def await_answer(self) -> None:
        """The second half of `start`."""
        try:
            self._await_answer()
            self.settle()
        except BaseException:
            self.kill()
            raise

    def _await_answer(self) -> None:
        assert self._process is not None
        until = time.monotonic() + PATIENCE
        while True:
            try:
                return self.ask()
            except NotYet as not_yet:
                if time.monotonic() > until:
                    raise DidNotStart(self.name, f"does not answer ({not_yet})", self.log) from None
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(GLANCE)
                raise DidNotStart(self.name, "ended while starting", self.log)

    def stop(self) -> None:
        """End it in order; by force if it does not end within PATIENCE."""
        if self._process is None or not self.running:
            return
        self.resume()
        self._process.send_signal(self.stop_signal)
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """SIGKILL to all its processes at once, as a power cut; returns when they are gone."""
        if self._process is None or not self.running:
            return
        pids = self._hold_first()
        signal_all(pids, signal.SIGKILL)
        self._process.wait()
        while living().keys() & set(pids):
            time.sleep(GLANCE / 10)

    def pause(self) -> None:
        """Hold all its processes: connections stay, nothing is answered."""
        if self.running:
            signal_all(self._hold_first(), signal.SIGSTOP)

    def _hold_first(self) -> list[int]:
        """Hold its first process, so that no more are born; all there are."""
        signal_all([self.pid], signal.SIGSTOP)
        while (first := process(self.pid)) and first.state not in HELD:
            time.sleep(GLANCE / 10)
        return family(self.pid)

    def resume(self) -> None:
        """Let all its processes go on."""
        if self.running:
            signal_all(family(self.pid), signal.SIGCONT)
