"""Texts are secret, bound to their place, and gone when erased: in SQLite and in PostgreSQL."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from supervision.errors import StoreBroken, StoreFull, Unreadable
from supervision.vault import Sealed, Sealing, Vault, open_vault
from tests.contract.vaults import Database, Files, Place, prepared
from tools.services import Postgres

TEXTS = {"opinion": "材料齐全，同意。", "applicant": "张三 13800000000"}
ITEM = Sealing("hz", "A-1", "f1", 1, TEXTS, "张三 13800000000")


@pytest.fixture(scope="module")
def urls(postgres: Postgres) -> tuple[str, str]:
    """Of a prepared database: the owner's and the system's."""
    return prepared(postgres)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.cluster)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """An empty place for a vault."""
    if request.param == "sqlite":
        return Files(tmp_path)
    server, urls = map(request.getfixturevalue, ("postgres", "urls"))
    return Database(tmp_path, server, *urls)


@pytest.fixture
def vault(place: Place) -> Iterator[Vault]:
    """A vault of its own."""
    with closing(place.open()) as opened:
        yield opened


def sealed(vault: Vault, item: Sealing = ITEM) -> str:
    """The HMAC of an item sealed now."""
    return vault.seal_many([item])[0].sealed


def test_a_sealed_text_is_opened_as_it_was_given(vault: Vault) -> None:
    """By its place, and by its HMAC."""
    seal = sealed(vault)
    assert vault.open("hz", "A-1", "f1", 1) == TEXTS
    assert vault.open("hz", "A-1", "f1", 1, seal) == TEXTS


ODD = ("a\0b", "a\x01b", "a\x01\x01b", "a\x01\x02b", "a\0\x01b", "ab", "\0")
"""Names that a text of PostgreSQL cannot hold, and others that must not be taken for them."""


@pytest.mark.parametrize("part", ["source", "case_no", "id"])
def test_any_character_may_stand_in_a_name(part: str, vault: Vault, place: Place) -> None:
    """U+0000 too: each finds its own texts and no other's, also for another holder; each erased
    case takes its own along.
    """
    items = [ITEM._replace(**{part: odd}, texts={"note": f"第{odd}"}) for odd in ODD]
    seals = vault.seal_many(items)
    assert len({seal.sealed for seal in seals}) == len(ODD)
    with closing(place.open()) as other:
        assert other.seal_many(items) == seals
        for item, seal in zip(items, seals, strict=True):
            assert other.open(*item[:4], seal.sealed) == item.texts
            assert other.open(*item[:4]) == item.texts
        if part != "id":
            other.erase(items[0].source, items[0].case_no)
            opened = [other.open(*item[:4]) for item in items]
            assert [each is None for each in opened] == [True] + [False] * (len(ODD) - 1)
            assert vault.seal_many(items)[0].erased


def test_any_character_may_stand_in_a_text_and_in_an_identity(vault: Vault) -> None:
    """U+0000 too, in a text's own name as well."""
    texts = {f"note {odd}": f"张\0三 {odd}" for odd in ODD}
    items = [ITEM._replace(id=f"f{n}", texts=texts, applicant=odd) for n, odd in enumerate(ODD)]
    seals = vault.seal_many(items)
    assert vault.open(*ITEM[:2], "f0", 1, seals[0].sealed) == texts
    refs = [seal.applicant_ref for seal in seals]
    assert len(set(refs)) == len(ODD)
    assert [vault.applicant_ref(odd) for odd in ODD] == refs


def test_a_batch_is_sealed_in_its_order(vault: Vault) -> None:
    """Of any cases, with texts and without, with applicants and without."""
    items = [
        ITEM._replace(
            case_no=f"A-{n % 70}",
            id=f"f{n}",
            texts={"note": f"第{n}"} if n % 3 else {},
            applicant=f"张{n % 11}" if n % 2 else "",
        )
        for n in range(300)
    ]
    for item, seal in zip(items, vault.seal_many(items), strict=True):
        assert bool(item.texts) == bool(seal.sealed)
        assert bool(item.applicant) == bool(seal.applicant_ref)
        if item.texts:
            assert vault.open(*item[:4], seal.sealed) == item.texts
        if item.applicant:
            assert vault.applicant_ref(item.applicant) == seal.applicant_ref


def test_an_empty_batch_stores_nothing(vault: Vault, place: Place) -> None:
    """Nor does it fail."""
    assert vault.seal_many([]) == []
    assert place.run("keys", "SELECT * FROM secrets") == []


def test_no_text_lies_readable_on_the_disk(vault: Vault, place: Place) -> None:
    """Neither opinion nor telephone number is found in any file; the case's number is."""
    item = ITEM._replace(case_no="FINDME-1", texts={"opinion": "13812345678同意"})
    sealed(vault, item)
    assert place.holds(b"FINDME-1")
    assert not place.holds("8同意".encode())
    assert not place.holds(b"13812345678")


def test_the_same_text_of_two_cases_has_two_hmacs(vault: Vault) -> None:
    """A digest tells nothing about another case; within a case it is the same again."""
    other = ITEM._replace(case_no="A-2")
    assert sealed(vault) == sealed(vault)
    assert sealed(vault) != sealed(vault, other)


def test_sealing_again_stores_nothing_new(vault: Vault, place: Place) -> None:
    """The second time, within a batch, and by another holder."""
    vault.seal_many([ITEM, ITEM])
    sealed(vault)
    with closing(place.open()) as other:
        sealed(other)
    assert place.run("vault", "SELECT count(*) FROM texts") == [(1,)]
    assert place.run("vault", "SELECT count(*) FROM applicants") == [(1,)]


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


def test_what_was_sealed_once_is_opened_for_good(place: Place) -> None:
    """Rows of the first release: secret, HMAC, ciphertext and reference still mean the same."""
    secret = place.blob(bytes(range(32)))
    seal = "6e02dc48b775e0bef415aa445bdfc67bab9bc17f337161bc8555289b3f613535"
    cipher = bytes.fromhex(
        "000102030405060708090a0b4afc14aab37bdba708a7f847f093efa3748a123cba40a9fe61193787c097b8af"
        "098f0f40"
    )
    who = bytes.fromhex("6b3f6eb64259f70bbcda7c14f304cf6944892c108c4375ca0628cd4c393e70da")
    place.run("keys", f"INSERT INTO secrets VALUES ('hz', 'A-1', {secret})")
    place.run("keys", f"UPDATE system SET secret = {secret}")
    row = f"'hz', 'A-1', 'f1', 1, '{seal}', {place.blob(cipher)}"
    place.run("vault", f"INSERT INTO texts VALUES ({row})")
    place.run("vault", f"INSERT INTO applicants VALUES ({place.blob(who)}, 'r1')")
    item = Sealing("hz", "A-1", "f1", 1, {"opinion": "同意"}, "张三")
    with closing(place.open()) as vault:
        assert vault.open("hz", "A-1", "f1", 1, seal) == {"opinion": "同意"}
        assert vault.seal_many([item]) == [Sealed(seal, "r1")]


def test_an_applicant_has_one_random_reference(vault: Vault, place: Place) -> None:
    """The same identity, the same reference, in every process; another identity, another."""
    first = vault.seal_many([ITEM])[0].applicant_ref
    with closing(place.open()) as again:
        assert again.applicant_ref("张三 13800000000") == first
        assert again.applicant_ref("李四") != first


def test_an_erased_reference_is_given_to_nobody_again(vault: Vault) -> None:
    """The same person gets another: nothing leads from the old one to anybody."""
    first = vault.applicant_ref("张三")
    vault.erase_applicant(first)
    assert vault.applicant_ref("张三") != first


def test_erasing_a_case_destroys_its_texts_and_its_secret(vault: Vault, place: Place) -> None:
    """Nothing is opened any more, and no row tells secret or text."""
    sealed(vault)
    vault.erase("hz", "A-1")
    assert vault.open("hz", "A-1", "f1", 1) is None
    assert place.run("keys", "SELECT secret FROM secrets") == [(None,)]
    assert place.run("vault", "SELECT * FROM texts") == []


def test_erasing_a_case_touches_no_other(vault: Vault) -> None:
    """Its neighbours are opened, and sealed as before."""
    other = ITEM._replace(case_no="A-2")
    seal = vault.seal_many([ITEM, other])[1]
    vault.erase("hz", "A-1")
    assert vault.open("hz", "A-2", "f1", 1) == TEXTS
    assert vault.seal_many([other]) == [seal]


def test_a_text_for_an_erased_case_is_not_kept(vault: Vault) -> None:
    """Not even as a digest, and the caller is told."""
    vault.erase("hz", "A-1")
    assert vault.seal_many([ITEM]) == [Sealed(erased=True)]
    assert vault.open("hz", "A-1", "f1", 1) is None


def test_an_erasure_that_was_cut_short_is_ended_by_the_next(vault: Vault, place: Place) -> None:
    """The secret went, the process died, the texts stayed: erasing again takes them too."""
    sealed(vault)
    place.run("keys", "UPDATE secrets SET secret = NULL")
    vault.erase("hz", "A-1")
    assert place.run("vault", "SELECT * FROM texts") == []


def test_what_one_process_erased_no_other_opens_or_seals(vault: Vault, place: Place) -> None:
    """Keys in memory do not outlive the erasure by another holder."""
    sealed(vault)
    with closing(place.open()) as other:
        other.erase("hz", "A-1")
    assert vault.open("hz", "A-1", "f1", 1) is None
    assert vault.seal_many([ITEM]) == [Sealed(erased=True)]


def test_two_holders_give_a_case_one_secret(vault: Vault, place: Place) -> None:
    """Whoever is first makes it, and both compute the same HMAC."""
    with closing(place.open()) as other:
        assert sealed(vault) == sealed(other)


SEALER = """
import sys
from pathlib import Path
from supervision.vault import Sealing, open_vault

home, url, step = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
vault = open_vault(home, {"SUPERVISION_DATABASE": url} if url else {})
print("ready", flush=True)
sys.stdin.readline()
for first in range(0, 400, 40):
    numbers = range(first, first + 40)[::step]
    items = [Sealing("hz", f"A-{n}", "f1", 1, {"note": "同意"}, f"张{n}") for n in numbers]
    for item, seal in zip(items, vault.seal_many(items)):
        print(item.case_no, seal.sealed, seal.applicant_ref)
vault.close()
"""


@pytest.mark.integration
def test_two_processes_that_meet_the_same_new_cases_agree_on_every_key(place: Place) -> None:
    """At once, in batches of opposite order: the same HMAC and reference, and neither is held up
    by the other for good.
    """
    url = place.env.get("SUPERVISION_DATABASE", "")
    sealers = [
        subprocess.Popen(
            [sys.executable, "-c", SEALER, str(place.home), url, step],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for step in ("1", "-1")
    ]
    for sealer in sealers:
        assert sealer.stdout is not None
        assert sealer.stdout.readline() == "ready\n"
    for sealer in sealers:
        assert sealer.stdin is not None
        sealer.stdin.write("go\n")
        sealer.stdin.flush()
    one, two = (sorted(sealer.communicate()[0].splitlines()) for sealer in sealers)
    assert len(one) == 400
    assert one == two


def test_an_altered_ciphertext_is_noticed(vault: Vault, place: Place) -> None:
    """One other byte, and no text is made up of it."""
    sealed(vault)
    ((cipher,),) = place.run("vault", "SELECT cipher FROM texts")
    altered = cipher[:-1] + bytes([cipher[-1] ^ 1])
    place.run("vault", f"UPDATE texts SET cipher = {place.blob(altered)}")
    with pytest.raises(Unreadable, match="hz f1"):
        vault.open("hz", "A-1", "f1", 1)


def test_a_moved_ciphertext_is_noticed(vault: Vault, place: Place) -> None:
    """A ciphertext put in another fact's place does not open as that fact's text."""
    sealed(vault)
    place.run("vault", "UPDATE texts SET id = 'f2'")
    with pytest.raises(Unreadable, match="hz f2"):
        vault.open("hz", "A-1", "f2", 1)


def test_a_full_disk_keeps_nothing_of_a_batch(place: Place) -> None:
    """StoreFull may be tried again, and no item of the batch is there."""
    items = [ITEM._replace(id=f"f{n}", texts={"opinion": "x" * 4000}) for n in range(20)]
    with closing(place.open_full()) as vault:
        with pytest.raises(StoreFull) as error:
            vault.seal_many(items)
        assert error.value.retry
        assert all(vault.open("hz", "A-1", item.id, 1) is None for item in items)


class TestFiles:
    """What holds for SQLite alone."""

    def test_an_erased_secret_is_in_no_file(self, tmp_path: Path) -> None:
        """Its bytes are overwritten, in the journals too."""
        place = Files(tmp_path)
        with closing(place.open()) as vault:
            sealed(vault)
            ((secret,),) = place.run("keys", "SELECT secret FROM secrets")
            assert place.holds(secret)
            vault.erase("hz", "A-1")
            assert not place.holds(secret)

    def test_the_files_are_for_their_owner_alone(self, tmp_path: Path) -> None:
        """Nobody else on the machine may read keys or texts."""
        with closing(open_vault(tmp_path, {})) as vault:
            sealed(vault)
            modes = {path.name: path.stat().st_mode & 0o077 for path in tmp_path.iterdir()}
        assert {"vault.db", "keys.db"} <= modes.keys()
        assert set(modes.values()) == {0}


class TestSettings:
    """Where the settings put it."""

    def test_half_of_the_settings_is_refused(self, tmp_path: Path) -> None:
        """Texts in a database and keys in a file would be backed up as nobody expects."""
        url = "postgresql://supervision:secret@127.0.0.1:1/none"
        with pytest.raises(StoreBroken, match="SUPERVISION_KEYS: is not set") as error:
            open_vault(tmp_path, {"SUPERVISION_VAULT": url})
        assert "secret" not in str(error.value)
        assert list(tmp_path.iterdir()) == []


def test_a_derived_secret_is_the_same_for_every_holder(vault: Vault, place: Place) -> None:
    """Of 32 bytes, another for each purpose and name."""
    with closing(place.open()) as other:
        asked = [("signing", "a"), ("signing", "b"), ("other", "a")]
        found = [vault.derived(*each) for each in asked]
        assert found == [other.derived(*each) for each in asked]
    assert len(set(found)) == 3
    assert {len(each) for each in found} == {32}
