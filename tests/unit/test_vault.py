"""Texts are secret, bound to their place, and gone when erased."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from supervision.errors import StoreFull, Unreadable
from supervision.vault import Sealed, Sealing, Vault

TEXTS = {"opinion": "材料齐全，同意。", "applicant": "张三 13800000000"}
ITEM = Sealing("hz", "A-1", "f1", 1, TEXTS, "张三 13800000000")


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    """A vault of its own."""
    with closing(Vault(tmp_path)) as opened:
        yield opened


def sealed(vault: Vault, item: Sealing = ITEM) -> str:
    """The HMAC of an item sealed now."""
    return vault.seal_many([item])[0].sealed


def files(home: Path) -> bytes:
    """Every byte that lies in the vault's folder."""
    return b"".join(path.read_bytes() for path in sorted(home.iterdir()))


def test_a_sealed_text_is_opened_as_it_was_given(vault: Vault) -> None:
    """By its place, and by its HMAC."""
    seal = sealed(vault)
    assert vault.open("hz", "A-1", "f1", 1) == TEXTS
    assert vault.open("hz", "A-1", "f1", 1, seal) == TEXTS


def test_no_text_lies_readable_on_the_disk(vault: Vault, tmp_path: Path) -> None:
    """Neither opinion nor telephone number is found in any file."""
    sealed(vault)
    stored = files(tmp_path)
    assert "同意".encode() not in stored
    assert b"13800000000" not in stored


def test_the_same_text_of_two_cases_has_two_hmacs(vault: Vault) -> None:
    """A digest tells nothing about another case; within a case it is the same again."""
    other = ITEM._replace(case_no="A-2")
    assert sealed(vault) == sealed(vault)
    assert sealed(vault) != sealed(vault, other)


def test_two_texts_for_one_id_stand_side_by_side(vault: Vault) -> None:
    """What is refused later cannot overwrite what was kept: each is found by its HMAC."""
    changed = {"opinion": "不同意"}
    first, second = sealed(vault), sealed(vault, ITEM._replace(texts=changed))
    assert vault.open("hz", "A-1", "f1", 1, first) == TEXTS
    assert vault.open("hz", "A-1", "f1", 1, second) == changed


def test_nothing_is_opened_that_was_never_given(vault: Vault) -> None:
    """An unknown case, and a known one without that fact."""
    sealed(vault)
    assert vault.open("hz", "A-9", "f1", 1) is None
    assert vault.open("hz", "A-1", "f9", 1) is None


def test_an_applicant_has_one_random_reference(vault: Vault, tmp_path: Path) -> None:
    """The same identity, the same reference, in every process; another identity, another."""
    first = vault.seal_many([ITEM])[0].applicant_ref
    with closing(Vault(tmp_path)) as again:
        assert again.applicant_ref("张三 13800000000") == first
        assert again.applicant_ref("李四") != first


def test_an_erased_reference_is_given_to_nobody_again(vault: Vault) -> None:
    """The same person gets another: nothing leads from the old one to anybody."""
    first = vault.applicant_ref("张三")
    vault.erase_applicant(first)
    assert vault.applicant_ref("张三") != first


def test_erasing_a_case_destroys_its_texts_and_its_secret(vault: Vault, tmp_path: Path) -> None:
    """Nothing is opened any more, and the secret's bytes are in no file."""
    sealed(vault)
    query = "SELECT secret FROM secrets WHERE case_no='A-1'"
    with closing(sqlite3.connect(tmp_path / "keys.db")) as db:
        secret = db.execute(query).fetchone()[0]
    vault.erase("hz", "A-1")
    assert vault.open("hz", "A-1", "f1", 1) is None
    assert secret not in files(tmp_path)


def test_a_text_for_an_erased_case_is_not_kept(vault: Vault) -> None:
    """Not even as a digest, and the caller is told."""
    vault.erase("hz", "A-1")
    assert vault.seal_many([ITEM]) == [Sealed(erased=True)]
    assert vault.open("hz", "A-1", "f1", 1) is None


def test_what_one_process_erased_no_other_opens_or_seals(vault: Vault, tmp_path: Path) -> None:
    """Keys in memory do not outlive the erasure by another holder of the files."""
    sealed(vault)
    with closing(Vault(tmp_path)) as other:
        other.erase("hz", "A-1")
    assert vault.open("hz", "A-1", "f1", 1) is None
    assert vault.seal_many([ITEM]) == [Sealed(erased=True)]


def test_two_processes_give_a_case_one_secret(vault: Vault, tmp_path: Path) -> None:
    """Whoever is first makes it, and both compute the same HMAC."""
    with closing(Vault(tmp_path)) as other:
        assert sealed(vault) == sealed(other)


def test_an_altered_or_moved_ciphertext_is_noticed(vault: Vault, tmp_path: Path) -> None:
    """A ciphertext put in another fact's place does not open as that fact's text."""
    sealed(vault)
    with closing(sqlite3.connect(tmp_path / "vault.db")) as db:
        db.execute("UPDATE texts SET id='f2'")
        db.commit()
    with pytest.raises(Unreadable, match="hz f2"):
        vault.open("hz", "A-1", "f2", 1)


def test_a_full_disk_keeps_nothing_of_a_batch(tmp_path: Path) -> None:
    """StoreFull may be tried again, and no item of the batch is there."""
    with closing(Vault(tmp_path, max_pages=12)) as vault:
        items = [ITEM._replace(id=f"f{n}", texts={"opinion": "x" * 4000}) for n in range(20)]
        with pytest.raises(StoreFull) as error:
            vault.seal_many(items)
        assert error.value.retry
        assert all(vault.open("hz", "A-1", item.id, 1) is None for item in items)


def test_the_files_are_for_their_owner_alone(vault: Vault, tmp_path: Path) -> None:
    """Nobody else on the machine may read keys or texts."""
    sealed(vault)
    assert {path.stat().st_mode & 0o077 for path in tmp_path.iterdir()} == {0}
