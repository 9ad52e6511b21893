"""The key that seals the log, in a file of its own, and the log's name beside it.

SealError (notes.py)
├── KeyLost       the log is sealed, and its key is not where it should be
├── KeyUnfit      a file that holds no such key, or that others may read
├── KeyOfAnother  the key is that of another log
└── NameUnfit     a name that a log cannot have
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from threading import get_ident

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from .notes import NAME, Ed25519Signer, SealError

PREFIX = "supervision/"
"""What the names of logs begin with that nobody named."""
OTHERS_MAY = 0o027
"""Rights that a key's file must not give: a group may read it, as a container's secrets ask."""


class KeyLost(SealError):
    """No key at its place."""

    def __init__(self, path: Path, name: str = "") -> None:
        log = f" of the log {name}" if name else ""
        super().__init__(
            f"the key{log} is not at {path}: bring it back from your copy, or name its place with "
            "SUPERVISION_SEAL_KEY; a new log of seals needs a new folder and a new name "
            "(docs/integrity.md)"
        )


class KeyUnfit(SealError):
    """A file that cannot be used as a key."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} cannot seal: {why}")


class KeyOfAnother(SealError):
    """The folder's seals are by another key."""

    def __init__(self, folder: Path, known: str, given: str) -> None:
        super().__init__(
            f"{folder} is sealed by the key of {known}, and the key given is that of {given}: name "
            "the right SUPERVISION_SEAL_KEY and SUPERVISION_SEAL_NAME, or another "
            "SUPERVISION_SEALS"
        )


class NameUnfit(SealError):
    """A log's name has no spaces, no +, and at most 200 characters."""

    def __init__(self, name: str, where: str) -> None:
        super().__init__(
            f"{name!r} cannot be the name of a log: 1 to 200 characters without spaces and +, such "
            f"as supervision/example-city; set SUPERVISION_SEAL_NAME or mend {where}"
        )


def read_signer(path: Path, name: str = "") -> Ed25519Signer:
    """The key in a file (PKCS8, PEM), under a name; without one, that beside it. KeyLost,
    KeyUnfit, NameUnfit.
    """
    try:
        pem, mode = path.read_bytes(), path.stat().st_mode
    except FileNotFoundError:
        raise KeyLost(path, name) from None
    except OSError as error:
        raise KeyUnfit(path, f"{error.strerror}; check its rights") from error
    if mode & OTHERS_MAY:
        raise KeyUnfit(path, f"others may read it; chmod 600 {path}")
    return Ed25519Signer(_named(path, name), private_key(path, pem))


def private_key(path: Path, pem: bytes) -> Ed25519PrivateKey:
    """The key of a file's content. KeyUnfit."""
    try:
        key = load_pem_private_key(pem, password=None)
    except TypeError:
        raise KeyUnfit(path, "it asks for a password; keep it without one, mode 600") from None
    except ValueError:
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        why = "it holds no Ed25519 key in PKCS8 PEM; openssl genpkey -algorithm ed25519 makes one"
        raise KeyUnfit(path, why)
    return key


def make_signer(path: Path, name: str = "") -> Ed25519Signer:
    """The key in a file, made if there is none, and so its name; of two that make one at the same
    time, both have the first's. KeyUnfit, NameUnfit.
    """
    beside = name_path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not name and not beside.exists():
            _put_first(beside, f"{PREFIX}{token_hex(8)}\n".encode())
        _named(path, name)
        if not path.exists():
            made = Ed25519PrivateKey.generate()
            form = (Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            _put_first(path, made.private_bytes(*form), mode=0o600)
    except OSError as error:
        raise KeyUnfit(path, f"{error.strerror}; check the disk and its rights") from error
    return read_signer(path, name)


def name_path(path: Path) -> Path:
    """Where the name stands that goes with a key."""
    return path.with_suffix(".name")


def _named(path: Path, name: str) -> str:
    where = name_path(path)
    try:
        found = name or where.read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        found = ""
    if not NAME.fullmatch(found):
        raise NameUnfit(found, str(where))
    return found


def put(path: Path, data: bytes, mode: int = 0o644) -> None:
    """A file as a whole, on the disk when this returns; OSError."""
    _put(path, data, mode, lambda temporary: temporary.replace(path))


def _put_first(path: Path, data: bytes, mode: int = 0o644) -> None:
    """The same, unless another was first: what stands there stays. OSError."""

    def link(temporary: Path) -> None:
        with suppress(FileExistsError):
            path.hardlink_to(temporary)

    _put(path, data, mode, link)


def _put(path: Path, data: bytes, mode: int, place: Callable[[Path], object]) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{get_ident()}")
    file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(file, "wb") as open_file:
            open_file.write(data)
            open_file.flush()
            os.fsync(open_file.fileno())
        place(temporary)
    finally:
        temporary.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
