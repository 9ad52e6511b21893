"""The page that verifies the log: the state of its seals, a verification, what came of it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient

from dashboards.forms.verify import verify_pages
from dashboards.headers import content_policy
from dashboards.show import case_address
from replay.evidence import Evidence
from replay.notes import Key
from replay.seals import NOTES, VKEY
from supervision.access import rights as roles
from supervision.access.events import ACCESS, LogVerified
from supervision.access.gate import Gate, GateConfig
from supervision.access.office import Access
from supervision.access.rules import Rules
from supervision.access.store_sqlite import SqliteAccess
from supervision.errors import StoreDown
from supervision.record import Record
from supervision.store.sqlite import Recorder
from tests.offices_town import AUDIT, SITE, START, SYSTEM, Farewell, Town, text_of, told
from tests.sealed import Sealing, Steady, fill

pytestmark = pytest.mark.integration
INSPECTOR = "jiancha"


class Sealed:
    """A town whose log is sealed, and the page."""

    def __init__(
        self, home: Path, record: Record, access: Access, keys: tuple[Key, ...] = ()
    ) -> None:
        self.home, self.record = home, record
        self.alarm = ""
        app = FastAPI()
        evidence = Evidence(home / "seals", keys)
        app.include_router(
            verify_pages(access, evidence, zone="Asia/Shanghai", broken=lambda: self.alarm)
        )
        rules = Rules(lambda: app.router.routes)
        config = GateConfig(
            policy=content_policy([]),
            farewell=Farewell,
            refusal=lambda status, lang: PlainTextResponse("refused", status),
            secure=True,
        )
        client = TestClient(Gate(app, access, rules, config), base_url=SITE)
        self.town = Town(access, client)

    def seal(self) -> None:
        """What is recorded now, as the folder keeps it."""
        sealing = Sealing(self.home / "seals")
        sealing.seal(self.record)
        (self.home / "seals" / VKEY).write_text(sealing.key.key.vkey + "\n")
        notes = self.home / "seals" / NOTES
        notes.mkdir(exist_ok=True)
        (notes / sealing.notes[0].name).write_bytes(sealing.notes[0].data)

    def verified(self, who: str = AUDIT) -> str:
        """Verify and wait; what the page then says."""
        answer = self.town.post(who, "/verify")
        assert (303, "/verify?done=verifying") == (answer.status_code, answer.headers["location"])
        for _ in range(10_000):
            text = text_of(self.town.get(who, "/verify"))
            if "正在核验" not in text:
                return text
        raise AssertionError("it never ended")


@pytest.fixture
def sealed(tmp_path: Path) -> Iterator[Sealed]:
    """With an inspector and an audit administrator."""
    ticks = iter(range(10**9))
    with closing(Record(tmp_path, Steady())) as record:
        fill(record, 1, 30)
        access = Access(
            record, SqliteAccess(tmp_path), now=lambda: START, ticks=lambda: float(next(ticks))
        )
        with closing(access):
            made = Sealed(tmp_path, record, access)
            made.town.add(AUDIT, roles.AUDIT, name="赵审计")
            made.town.add(INSPECTOR, roles.INSPECTOR, name="钱监察")
            made.town.add(SYSTEM, roles.SYSTEM, name="李系统")
            yield made


def test_a_log_that_was_never_sealed_is_not_called_good(sealed: Sealed) -> None:
    """The page says that there is nothing to compare with, before and after."""
    assert "尚无签名的检查点" in text_of(sealed.town.get(AUDIT, "/verify"))
    assert "未能证明" in sealed.verified()


@pytest.mark.parametrize("method", ["scan", "faults"])
def test_a_database_that_does_not_answer_is_told_and_nothing_put_on_record(
    sealed: Sealed, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    """It is no finding: nobody is sent for a backup, and it is said why."""

    def lost(*_: object) -> object:
        raise StoreDown("db:5432/log", "gone")

    sealed.seal()
    with monkeypatch.context() as patch:
        patch.setattr(Recorder, method, lost)
        text = sealed.verified()
    assert "未能证明" in text
    assert "db:5432/log: gone" in text
    assert "备份" not in text
    assert not [each for each in sealed.town.events(ACCESS) if isinstance(each, LogVerified)]


def test_a_sealed_log_is_proved_and_that_is_on_record(sealed: Sealed) -> None:
    """By whoever asked, as the list of earlier ones shows."""
    sealed.seal()
    before = text_of(sealed.town.get(INSPECTOR, "/verify"))
    assert "尚未核验过" in before
    assert "有效" in before
    text = sealed.verified(INSPECTOR)
    assert "✓ 完好" in text
    event = sealed.town.last(ACCESS)
    assert isinstance(event, LogVerified)
    assert (INSPECTOR, sealed.record.head() - 1, 0) == (event.by, event.sealed, event.findings)
    assert "尚未核验过" not in text


def test_whose_word_the_key_is_stands_on_the_page(sealed: Sealed, tmp_path: Path) -> None:
    """The folder's own says no more than who signed; one that was given needs no such word."""
    sealed.seal()
    assert "公钥取自封存目录本身" in text_of(sealed.town.get(AUDIT, "/verify"))
    assert "from the folder of seals itself" in text_of(sealed.town.get(AUDIT, "/verify?lang=en"))
    access = sealed.town.access
    known = Sealed(tmp_path, sealed.record, access, (Sealing(tmp_path / "seals").key.key,))
    known.town.add("zhou", roles.AUDIT, name="周审计")
    assert "公钥取自封存目录本身" not in text_of(known.town.get("zhou", "/verify"))


def test_what_was_tampered_with_is_named_and_nothing_is_written(sealed: Sealed) -> None:
    """Position, what stands there with a way to the case, what is to be done."""
    sealed.seal()
    with closing(sqlite3.connect(sealed.home / "log.db")) as db:
        db.execute("DROP TRIGGER log_is_not_changed")
        db.execute("UPDATE log SET recorded_at = recorded_at + 1 WHERE position = 8")
        db.commit()
    head = sealed.record.head()
    text = sealed.verified()
    assert "▲ 发现 2 项" in text
    assert "第 8 条事件被改动" in text
    assert "停止写入" in text
    assert f'href="{case_address("hz", "A-3", "zh")}"' in sealed.town.get(INSPECTOR, "/verify").text
    assert "event 8 was changed" in text_of(sealed.town.get(AUDIT, "/verify?lang=en"))
    assert head == sealed.record.head()


def test_an_audit_administrator_is_told_of_no_case(sealed: Sealed) -> None:
    """Position, kind and time are what they need."""
    sealed.seal()
    with closing(sqlite3.connect(sealed.home / "log.db")) as db:
        db.execute("DROP TRIGGER log_is_not_changed")
        db.execute("UPDATE log SET recorded_at = recorded_at + 1 WHERE position = 8")
        db.commit()
    sealed.verified()
    assert "A-3" in sealed.town.get(INSPECTOR, "/verify").text
    assert "A-3" not in sealed.town.get(AUDIT, "/verify").text


def test_the_alarm_of_the_process_that_seals_stands_on_top(sealed: Sealed) -> None:
    """Whatever the last verification here said."""
    sealed.alarm = "the log is not what was sealed, at position 7"
    assert sealed.alarm in told(sealed.town.get(AUDIT, "/verify"))


def test_a_broken_folder_of_seals_is_told_on_the_page(sealed: Sealed) -> None:
    """In words, with what to do."""
    sealed.seal()
    (sealed.home / "seals" / VKEY).write_text("nonsense")
    answer = sealed.town.get(AUDIT, "/verify")
    assert 200 == answer.status_code
    assert 'role="alert"' in answer.text
    assert "核验未完成" in sealed.verified()


def test_the_newest_checkpoint_may_be_taken_away(sealed: Sealed) -> None:
    """As it stands in the folder; without one the page says so."""
    assert 'role="alert"' in sealed.town.get(AUDIT, "/verify/checkpoint").text
    sealed.seal()
    answer = sealed.town.get(AUDIT, "/verify/checkpoint")
    note = next((sealed.home / "seals" / NOTES).iterdir())
    assert (note.read_bytes(), True) == (
        answer.content, note.name in answer.headers["content-disposition"]
    )  # fmt: skip


def test_only_who_may_verify_sees_the_page(sealed: Sealed) -> None:
    """Nor can others begin one; a form without its token begins none."""
    assert 403 == sealed.town.get(SYSTEM, "/verify").status_code
    assert 403 == sealed.town.post(SYSTEM, "/verify").status_code
    assert 403 == sealed.town.post(AUDIT, "/verify", csrf="x").status_code
    assert 403 == sealed.town.get(SYSTEM, "/verify/checkpoint").status_code
