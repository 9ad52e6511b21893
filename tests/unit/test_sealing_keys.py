"""The key that seals, its name, and what is said of one that cannot be used."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from replay import seal_keys
from replay.notes import read_note, vouchers
from replay.seal_keys import KeyLost, KeyUnfit, NameUnfit, make_signer, read_signer
from replay.seals import NotSealed, SealFolder, TextUnfit
from supervision.runners.sealing import key_of, seals_of, signer_of
from supervision.runners.settings_fields import Settings
from tests.seals import NAME, Tampered, folder_at, seal


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a key is to stand."""
    return tmp_path / "keys" / "seal.pem"


def test_a_key_is_made_once_with_a_name_of_its_own(path: Path, tmp_path: Path) -> None:
    """For its owner alone; the next start finds both; another home has another name."""
    made = make_signer(path)
    assert 0o600 == path.stat().st_mode & 0o777
    assert made.key.name.startswith("supervision/")
    assert made.key == make_signer(path).key == read_signer(path).key
    assert made.key.name != make_signer(tmp_path / "other" / "seal.pem").key.name


def test_of_two_first_starts_at_once_both_have_the_firsts_key(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second comes between the first's look and its writing: no key is lost."""
    made, put = [], seal_keys._put_first

    def late(to: Path, data: bytes, mode: int = 0o644) -> None:
        monkeypatch.setattr(seal_keys, "_put_first", put)
        if to == path:
            made.append(make_signer(path))
        put(to, data, mode)

    make_signer(path)
    path.unlink()
    monkeypatch.setattr(seal_keys, "_put_first", late)
    made.append(make_signer(path))
    assert made[0].key == made[1].key == read_signer(path).key
    assert 0o600 == path.stat().st_mode & 0o777
    assert sorted(each.name for each in path.parent.iterdir()) == ["seal.name", "seal.pem"]


def test_of_two_first_starts_at_once_both_have_the_firsts_name(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with the key."""
    made, put = [], seal_keys._put_first

    def late(to: Path, data: bytes, mode: int = 0o644) -> None:
        monkeypatch.setattr(seal_keys, "_put_first", put)
        made.append(make_signer(path))
        put(to, data, mode)

    monkeypatch.setattr(seal_keys, "_put_first", late)
    made.append(make_signer(path))
    assert made[0].key == made[1].key


def test_a_name_that_is_given_wins(path: Path) -> None:
    """None is made then."""
    assert "supervision/city" == make_signer(path, "supervision/city").key.name
    assert not path.with_suffix(".name").exists()
    with pytest.raises(NameUnfit, match="SUPERVISION_SEAL_NAME"):
        read_signer(path)


@pytest.mark.parametrize("name", ["two words", "a+b", "x" * 201, "a\tb"])
def test_a_name_that_no_log_can_have_is_refused(path: Path, name: str) -> None:
    """Before a key is made for it."""
    with pytest.raises(NameUnfit, match="without spaces"):
        make_signer(path, name)
    assert not path.exists()


def test_a_key_that_is_not_there_is_asked_for(path: Path) -> None:
    """With the setting that names its place."""
    with pytest.raises(KeyLost, match="SUPERVISION_SEAL_KEY"):
        read_signer(path, NAME)


@pytest.mark.parametrize("mode", [0o640 | 0o004, 0o660, 0o666])
def test_a_key_that_others_may_read_or_change_is_refused(path: Path, mode: int) -> None:
    """It might have been copied."""
    make_signer(path)
    path.chmod(mode)
    with pytest.raises(KeyUnfit, match="chmod 600"):
        read_signer(path)


def test_a_key_that_a_group_may_read_is_taken(path: Path) -> None:
    """As containers get their secrets."""
    made = make_signer(path)
    path.chmod(0o440)
    assert made.key == read_signer(path).key


PKCS8 = (Encoding.PEM, PrivateFormat.PKCS8)
UNFIT = {
    "nothing": b"",
    "no key": b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    "another algorithm": generate_private_key(SECP256R1()).private_bytes(*PKCS8, NoEncryption()),
    "a password": Ed25519PrivateKey.generate().private_bytes(
        *PKCS8, BestAvailableEncryption(b"secret")
    ),
}


@pytest.mark.parametrize("what", UNFIT)
def test_a_file_that_holds_no_such_key_is_told_in_a_line(path: Path, what: str) -> None:
    """By its path, and nothing of what it holds."""
    path.parent.mkdir()
    path.write_bytes(UNFIT[what])
    path.chmod(0o600)
    with pytest.raises(KeyUnfit, match=path.name) as refused:
        read_signer(path, NAME)
    assert "\n" not in str(refused.value)


class TestOfTheSettings:
    """What a home begins with."""

    def test_a_new_home_makes_its_key(self, tmp_path: Path) -> None:
        """Beside its log; it is found again, by those that only read too."""
        given = Settings(home=tmp_path)
        assert signer_of(given).key == signer_of(given).key == seals_of(given).key

    def test_a_sealed_home_whose_key_is_lost_gets_no_other(self, tmp_path: Path) -> None:
        """A new key would seal as if nothing had been sealed before."""
        given = Settings(home=tmp_path)
        seal(tmp_path, Tampered(3))
        key_of(given).unlink()
        with pytest.raises(KeyLost, match="bring it back"):
            signer_of(given)
        assert not key_of(given).exists()

    def test_a_place_that_is_set_is_where_the_key_is(self, tmp_path: Path) -> None:
        """Nothing is made there: whoever set it has the key."""
        given = Settings(home=tmp_path, seal_key=str(tmp_path / "secret.pem"))
        with pytest.raises(KeyLost):
            signer_of(given)
        assert not (tmp_path / "secret.pem").exists()


class TestSigning:
    """Other texts signed by the log's key."""

    def test_a_manifest_is_signed(self, tmp_path: Path) -> None:
        """And verified by the public key."""
        folder = seal(tmp_path, Tampered(3))
        note = read_note(folder.sign(b"case-file/v1\nsha256 00\n"))
        assert [folder.key] == [each.key for each in vouchers(note, [folder.key])]

    @pytest.mark.parametrize("text", [b"no end", b"", f"{NAME}\n3\nAAAA\n".encode()])
    def test_what_could_be_taken_for_a_checkpoint_is_not(self, tmp_path: Path, text: bytes) -> None:
        """Nor what is no text."""
        folder = seal(tmp_path, Tampered(3))
        with pytest.raises(TextUnfit):
            folder.sign(text)

    def test_without_the_key_nothing_is_signed(self, tmp_path: Path) -> None:
        """Who reads needs none."""
        seal(tmp_path, Tampered(3))
        reader = SealFolder(tmp_path / "seals")
        assert (NAME, folder_at(tmp_path).vkey) == (reader.origin, reader.vkey)
        with pytest.raises(TextUnfit, match="no key"):
            reader.sign(b"text\n")

    def test_a_folder_without_seals_says_how_to_begin(self, tmp_path: Path) -> None:
        """Nothing is made by asking."""
        reader = SealFolder(tmp_path / "seals")
        assert reader.latest() is None
        with pytest.raises(NotSealed, match="supervise run"):
            _ = reader.vkey
        assert [] == list(tmp_path.iterdir())
