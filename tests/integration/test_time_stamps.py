"""Time stamps on checkpoints, by a real authority (`openssl ts`): kept if they hold, else told."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from replay.notes import read_note
from replay.seals import SealFolder
from replay.stamping import (
    RootsUnfit,
    StampBroken,
    StampDown,
    Stamper,
    StampRefused,
    check_stamp,
    read_roots,
    read_stamp,
)
from supervision.runners.sealing import stamp
from tests.product import free_port
from tests.seals import Tampered, seal
from tests.tsa import Authority, authority

pytestmark = pytest.mark.integration
TEXT = b"supervision/test\n3\nAAAA\n"


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    """One that the settings do not name."""
    with authority(tmp_path_factory.mktemp("other") / "tsa", "Other TSA") as made:
        yield made


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    """The one that they name."""
    with authority(tmp_path_factory.mktemp("tsa") / "tsa") as made:
        yield made


@pytest.fixture
def tsa(shared: Authority) -> Authority:
    """The same, well."""
    shared.says, shared.status = None, 200
    shared.asked.clear()
    return shared


def stamper(tsa: Authority) -> Stamper:
    """Asks it, and trusts its roots."""
    return Stamper(tsa.url, read_roots(tsa.roots))


@pytest.fixture
def folder(tmp_path: Path) -> SealFolder:
    """Seals with one checkpoint of three events."""
    return seal(tmp_path, Tampered(3))


def test_a_checkpoint_is_stamped_once(tsa: Authority, folder: SealFolder) -> None:
    """Over the text of its note; what the file says is what the authority said."""
    notes = folder.checkpoints
    assert ["", ""] == [stamp(notes, 3, stamper(tsa)) for _ in range(2)]
    assert 1 == len(tsa.asked)
    (kept,) = folder.stamps(3)
    assert "CN=Test TSA" == kept.authority
    assert abs(datetime.now(UTC) - datetime.fromisoformat(kept.at)) < timedelta(hours=1)
    answer = notes.stamp(3)
    assert answer is not None
    text = read_note(notes.note(3)).text
    found = check_stamp(answer, text, read_roots(tsa.roots))
    assert found == read_stamp(answer) == check_stamp(found.token, text, read_roots(tsa.roots))


def test_a_stamp_is_verified_without_this_program(
    tsa: Authority, folder: SealFolder, tmp_path: Path
) -> None:
    """By sed and openssl, as docs/integrity.md says."""
    notes = folder.checkpoints
    stamp(notes, 3, stamper(tsa))
    text = tmp_path / "text"
    with text.open("wb") as out:
        subprocess.run(["sed", "/^$/,$d", notes.path(3)], stdout=out, check=True)
    words = ("-in", notes.stamp_path(3), "-data", text, "-CAfile", tsa.roots)
    done = subprocess.run(["openssl", "ts", "-verify", *words], capture_output=True, check=False)
    assert b"Verification: OK" in done.stdout + done.stderr
    text.write_bytes(text.read_bytes() + b"more\n")
    assert subprocess.run(
        ["openssl", "ts", "-verify", *words], capture_output=True, check=False
    ).returncode


def test_a_witness_that_signs_later_breaks_no_stamp(tsa: Authority, folder: SealFolder) -> None:
    """Signatures stand below the text."""
    notes = folder.checkpoints
    stamp(notes, 3, stamper(tsa))
    notes.add(3, "— w AAAAAAAA\n".encode())
    answer = notes.stamp(3)
    assert answer is not None
    assert check_stamp(answer, read_note(notes.note(3)).text, read_roots(tsa.roots))


def test_no_personal_data_goes_to_the_authority(tsa: Authority) -> None:
    """A hash of the text, and nothing of it."""
    stamper(tsa).stamp(TEXT)
    assert not any(b"supervision" in query for query in tsa.asked)


def test_a_stamp_on_another_text_does_not_hold(tsa: Authority) -> None:
    """Neither answer nor token."""
    answer = stamper(tsa).stamp(TEXT)
    for form in (answer, read_stamp(answer).token):
        with pytest.raises(StampRefused):
            check_stamp(form, TEXT + b"more\n", read_roots(tsa.roots))


def test_an_authority_that_nobody_vouches_for_is_refused(
    tsa: Authority, other: Authority, folder: SealFolder
) -> None:
    """Nothing is kept, the checkpoint stands, and it is told."""
    why = stamp(folder.checkpoints, 3, Stamper(other.url, read_roots(tsa.roots)))
    assert "does not hold" in why
    assert folder.stamps(3) == []
    assert folder.latest()


def test_an_old_answer_is_no_answer(tsa: Authority) -> None:
    """Each is asked for anew."""
    tsa.says = stamper(tsa).stamp(TEXT)
    with pytest.raises(StampRefused, match="Nonce"):
        stamper(tsa).stamp(TEXT)


REFUSED = bytes.fromhex("3005300302010 2".replace(" ", ""))


@pytest.mark.parametrize(
    ("says", "status", "error"),
    [
        (REFUSED, 200, StampRefused),
        (b"", 200, StampBroken),
        (b"<html>log in first</html>", 200, StampBroken),
        (b"\x30\x80" * 500, 200, StampBroken),
        (b"x" * 100_000, 200, StampDown),
        (b"", 403, StampRefused),
        (b"", 503, StampDown),
    ],
)
def test_an_answer_that_is_no_stamp_is_told(
    tsa: Authority, folder: SealFolder, says: bytes, status: int, error: type[Exception]
) -> None:
    """In one line; asked again the next time, it may stamp."""
    tsa.says, tsa.status = says, status
    with pytest.raises(error):
        stamper(tsa).stamp(TEXT)
    why = stamp(folder.checkpoints, 3, stamper(tsa))
    assert why
    assert "\n" not in why
    tsa.says, tsa.status = None, 200
    assert "" == stamp(folder.checkpoints, 3, stamper(tsa))


def test_an_authority_that_does_not_answer_is_told(folder: SealFolder, tsa: Authority) -> None:
    """With its address."""
    url = f"http://127.0.0.1:{free_port()}/tsr"
    why = stamp(folder.checkpoints, 3, Stamper(url, read_roots(tsa.roots)))
    assert f"{url} does not answer" in why


def test_a_kept_stamp_that_was_damaged_is_told(tsa: Authority) -> None:
    """Wherever a byte was changed: no crash; what still holds says the same."""
    answer, dice, roots = stamper(tsa).stamp(TEXT), Random(3), read_roots(tsa.roots)
    held = 0
    for _ in range(300):
        at = dice.randrange(len(answer))
        damaged = answer[:at] + bytes([answer[at] ^ 1 << dice.randrange(8)]) + answer[at + 1 :]
        with suppress(StampRefused, StampBroken):
            held += check_stamp(damaged, TEXT, roots)[:2] != read_stamp(answer)[:2]
    assert held == 0


def test_a_stamp_that_names_nobody_is_named_by_its_certificate(tmp_path: Path) -> None:
    """An authority need not name itself."""
    with authority(tmp_path / "tsa", "Quiet TSA", named=False) as quiet:
        assert "CN=Quiet TSA" == read_stamp(stamper(quiet).stamp(TEXT)).authority


@pytest.mark.parametrize("content", [b"", b"no certificate", None])
def test_roots_that_are_none_are_told_at_the_start(tmp_path: Path, content: bytes | None) -> None:
    """By their path."""
    path = tmp_path / "roots.pem"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RootsUnfit, match=r"roots\.pem"):
        read_roots(path)
