"""A home of one process moves into PostgreSQL: all of it as it was, or nothing.

Above 400 lines: the same home, filled once, is adopted, broken, interrupted and counted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from supervision.access.open import open_access
from supervision.access.port import Failures, Password, Session
from supervision.acts import CardIssued
from supervision.clock import SystemClock
from supervision.facts import ApplicationReceived
from supervision.publishing import publish_missing
from supervision.record import APPLICANT, Incoming, Record
from supervision.runners.cli import main
from supervision.runners.cluster.commands import prepare_databases
from supervision.runners.home import Held
from supervision.runners.settings import Settings, store
from supervision.store import adoption
from supervision.store.adoption import CannotAdopt, Owners, adopt
from supervision.store.stored import Stored
from tests.cluster.agreement import agreed
from tests.cluster.permits import SOURCE, begun, lists, now, post
from tests.cluster.town import Town
from tests.court import fact
from tests.product import Product, supervise, until
from tools.services import Clickhouse, Kafka, Postgres

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

FILES = Path(__file__).parents[2] / "examples" / "guangdong"
WHO = "张三 13800000000"
ODD = "a\0b\x01c"
"""A number that a text of PostgreSQL cannot hold as it is."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Lists, a file of messages, texts and applicants, a case that was erased."""
    home = tmp_path_factory.mktemp("old") / "home"
    import_file(home)
    with closing(Record(home, SystemClock())) as record:
        told = [received(case) for case in ("A-1", "A-2", ODD)]
        assert [each.state for each in record.append_facts(told)] == ["stored"] * 3
        record.erase("s", "A-2", by="test")
        record.heartbeat()
    sign_in(home)
    return home


PASSWORD = Password(hash="$argon2id$v=19$c2FsdA$aGFzaA", temporary=True, changed_at=2**50)


def sign_in(home: Path) -> None:
    """Two who have passwords; one failed twice, is signed in, and used a number once."""
    with closing(open_access(home, {})) as store:
        store.set_password("zhang", PASSWORD)
        store.set_password(ODD, replace(PASSWORD, temporary=False))
        for at in (2**50, 2**50 + 1):
            store.fail(ODD, at)
        store.use_once("totp", ODD, 2**60)
        times = {"made_at": 2**50, "seen_at": 2**50, "ends_at": 2**60}
        store.add_session(Session(digest="d", person=ODD, kind="person", how="totp", **times))


def import_file(home: Path) -> None:
    """The example's messages."""
    words = (str(FILES / "messages.csv"), "--mapping", str(FILES / "mapping.toml"))
    done = supervise(home, "import", *words, "--refused", str(home.parent / "refused.csv"))
    assert done.returncode == 0, done.stderr


def received(case: str) -> Incoming:
    """An application with an identity and a text."""
    told = fact("ApplicationReceived", "2026-02-02", id=f"f {case}", case_no=case)
    return Incoming(told, {APPLICANT: WHO, "remark": f"请加急 {ODD}"})


class Target(NamedTuple):
    """The databases of a cluster: by whom they are owned, and the settings of its roles."""

    owners: Owners
    given: Settings

    @property
    def env(self) -> dict[str, str]:
        """Of a command."""
        given, owners = self.given, self.owners
        return {
            "SUPERVISION_HOME": str(given.home),
            "SUPERVISION_DATABASE": given.database,
            "SUPERVISION_VAULT": given.vault,
            "SUPERVISION_KEYS": given.keys,
            "SUPERVISION_OWNER": owners.log,
            "SUPERVISION_VAULT_OWNER": owners.vault,
            "SUPERVISION_KEYS_OWNER": owners.keys,
        }

    def command(self, *words: str) -> Result:
        """One of the product."""
        return CliRunner(env=self.env).invoke(main, list(words))

    def record(self) -> Record:
        """As a role opens it."""
        return Record(self.given.home, SystemClock(), store(self.given))

    def rows(self) -> int:
        """All that the tables hold."""
        found = 0
        urls = dict(zip(adoption.FILES, self.owners, strict=True))
        urls[adoption.ACCESS] = self.owners.keys
        for part in adoption.PARTS:
            with closing(psycopg.connect(urls[part.file])) as db:
                row = db.execute(f"SELECT count(*) FROM {part.into}".encode()).fetchone()
                found += row[0] if row else 0
        return found

    def prepare(self) -> None:
        """Tables and rights, without lists."""
        prepare_databases(self.given, *self.owners)


@pytest.fixture(params=["one database", "three databases"])
def target(request: pytest.FixtureRequest, postgres: Postgres, tmp_path: Path) -> Target:
    """New databases; three as docker-compose.yml has them."""
    return new_target(postgres, tmp_path, 1 if request.param == "one database" else 3)


@pytest.fixture
def one(postgres: Postgres, tmp_path: Path) -> Target:
    """One new database."""
    return new_target(postgres, tmp_path, 1)


def new_target(server: Postgres, folder: Path, count: int) -> Target:
    names = ("adopted", "adopted_vault", "adopted_keys")[:count]
    pairs = [server.fresh(name) for name in names] * (4 - count)
    owners, (log, vault, keys) = (
        Owners(*(owner for owner, _ in pairs[:3])),
        [url for _, url in pairs[:3]],
    )
    given = Settings(home=folder / "new", database=log, vault=vault, keys=keys)
    return Target(owners, given)


def all_of(record: Record) -> list[Stored]:
    """The whole log."""
    return record.read(0, 1_000_000)


@pytest.fixture
def old(home: Path) -> Iterator[Record]:
    """The home's record."""
    with closing(Record(home, SystemClock())) as record:
        yield record


def test_a_home_is_adopted_as_it_was(home: Path, target: Target) -> None:
    """Log, last stamp, texts, references and what was erased; the digest is that of the log."""
    done = target.command("database", "adopt", str(home))
    assert done.exit_code == 0, done.output
    with closing(Record(home, SystemClock())) as old, closing(target.record()) as new:
        before = all_of(old)
        assert before == all_of(new)
        assert [each.envelope for each in before] == [each.envelope for each in all_of(new)]
        whole = b"".join(each.envelope + b"\n" for each in before)
        assert hashlib.sha256(whole).hexdigest() in done.output
        assert f"{len(before):,}" in done.output
        assert old.last_stamp() == new.last_stamp()
        assert list(old.cases()) == list(new.cases())
        for each in before:
            if isinstance(each.event, ApplicationReceived):
                assert old.texts(each.event) == new.texts(each.event)
        assert old.vault.applicant_ref(WHO) == new.vault.applicant_ref(WHO)


def test_the_log_goes_on_where_it_was(home: Path, target: Target) -> None:
    """What it has is had, what is new comes next and later; what was erased stays so."""
    assert target.command("database", "adopt", str(home)).exit_code == 0
    with closing(target.record()) as new:
        head, last = new.head(), new.last_stamp()
        told = [received(case) for case in ("A-1", ODD, "A-3")]
        outcomes = new.append_facts(told)
        assert [each.state for each in outcomes] == ["had", "had", "stored"]
        assert outcomes[-1].position == head + 1
        assert new.recorded_at(head + 1) > last
        again = received("A-2")
        new.append_facts([again._replace(fact=fact("CaseAccepted", "2026-02-03", case_no="A-2"))])
        (accepted,) = new.read(head + 1, 1)
        assert new.texts(accepted.event) is None  # type: ignore[arg-type]
    prepared = target.command("database", "prepare")
    assert prepared.exit_code == 0, prepared.output
    assert "0 个清单入库" in prepared.output


def test_who_could_sign_in_still_can(home: Path, target: Target) -> None:
    """With the same password, temporary or not, after the same failures, and with no number that
    was used; who was signed in signs in again. Each table is told with its digest.
    """
    done = target.command("database", "adopt", str(home))
    assert done.exit_code == 0, done.output
    assert {"passwords", "failures", "uses"} <= {line.split()[0] for line in lines(done)}
    with closing(open_access(target.given.home, target.env)) as store:
        assert store.password("zhang") == PASSWORD
        assert store.password(ODD) == replace(PASSWORD, temporary=False)
        assert store.failures(ODD) == Failures(count=2, last_at=2**50 + 1)
        assert store.failures("zhang") == Failures()
        assert not store.use_once("totp", ODD, 2**60)
        assert store.use_once("totp", "another", 2**60)
        assert store.sessions() == []
        assert store.fail(ODD, 2**50 + 2) == 3


def test_a_home_in_which_nobody_ever_signed_in_is_adopted(
    home: Path, one: Target, tmp_path: Path
) -> None:
    """It has no passwords, and gets no file for them."""
    old = tmp_path / "old"
    old.mkdir()
    for each in adoption.FILES:
        (old / each).write_bytes((home / each).read_bytes())
    done = one.command("database", "adopt", str(old))
    assert done.exit_code == 0, done.output
    assert "passwords" not in {line.split()[0] for line in lines(done)}
    assert not (old / adoption.ACCESS).exists()


def lines(done: Result) -> list[str]:
    """What a command printed, without what is empty."""
    return [line for line in done.output.splitlines() if line.strip()]


def refused(done: Result, *words: str) -> None:
    """In one line, with a reason."""
    assert done.exit_code == 1, done.output
    (line,) = done.output.strip().splitlines()
    for each in words:
        assert each in line


def test_a_database_that_holds_something_is_refused(home: Path, one: Target) -> None:
    """Lists that were prepared into it are enough; nothing is added."""
    assert one.command("database", "prepare").exit_code == 0
    before = one.rows()
    refused(one.command("database", "adopt", str(home)), "log in 127.0.0.1", "is not empty")
    assert before == one.rows()


def test_a_second_adoption_is_refused(home: Path, one: Target) -> None:
    """The first stays as it is."""
    assert one.command("database", "adopt", str(home)).exit_code == 0
    before = one.rows()
    refused(one.command("database", "adopt", str(home)), "is not empty")
    assert before == one.rows()


def test_a_database_in_which_time_has_passed_is_refused(home: Path, one: Target) -> None:
    """A publisher may have told it to Kafka."""
    one.prepare()
    with closing(one.record()) as record:
        record.heartbeat()
    refused(one.command("database", "adopt", str(home)), "time has passed", "roles have run")


def test_a_database_in_use_is_refused(home: Path, one: Target) -> None:
    """By whoever opened it as a role."""
    one.prepare()
    with closing(one.record()):
        done = one.command("database", "adopt", str(home))
    refused(done, "is in use (supervision ", "stop all roles")
    assert one.rows() == 0


def test_a_home_at_work_is_refused(home: Path, one: Target) -> None:
    """`supervise run` holds its folder."""
    with closing(Held(home)):
        refused(one.command("database", "adopt", str(home)), "supervise run", str(home))


def test_nothing_is_written_to_the_home_meanwhile(
    home: Path, one: Target, old: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What another command would append does not get lost: it is not stored."""
    monkeypatch.setattr("supervision.store.connection.BUSY_SECONDS", 0.01)
    one.prepare()
    states: list[str] = []

    def told(done: int, total: int) -> None:
        if not states:
            with closing(Record(home, SystemClock())) as record:
                states.append(record.append_facts([received("A-9")])[0].state)

    roles = Owners(*[Postgres.USER] * 3)
    with pytest.raises(Exception, match="is locked"):
        adopt(home, one.owners, roles, told)
    assert states == []
    assert one.rows() == 0


@pytest.mark.parametrize("name", ["log.db", "keys.db"])
def test_no_home_is_no_home(name: str, home: Path, one: Target, tmp_path: Path) -> None:
    """Neither is a folder that lacks a file; nothing is made there."""
    nowhere = tmp_path / "nowhere"
    refused(one.command("database", "adopt", str(nowhere)), "nowhere is no home")
    assert not nowhere.exists()
    nowhere.mkdir()
    for each in adoption.FILES:
        if each != name:
            (nowhere / each).write_bytes((home / each).read_bytes())
    refused(one.command("database", "adopt", str(nowhere)), "nowhere", name)
    assert not (nowhere / name).exists()


def test_a_home_that_cannot_be_locked_is_refused(home: Path, one: Target, tmp_path: Path) -> None:
    """As that of another user, told without a traceback."""
    (tmp_path / "home" / "run.lock").mkdir(parents=True)
    (tmp_path / "home" / "log.db").write_bytes((home / "log.db").read_bytes())
    done = one.command("database", "adopt", str(tmp_path / "home"))
    refused(done, "home cannot be locked (Is a directory)", "the user who owns it")


def test_an_empty_home_is_refused(one: Target, tmp_path: Path) -> None:
    """There is nothing to adopt."""
    Record(tmp_path / "empty", SystemClock()).close()
    refused(one.command("database", "adopt", str(tmp_path / "empty")), "holds no event")


def test_a_setting_that_is_missing_is_named(home: Path, one: Target) -> None:
    """The database, without which it is not known who would read what was adopted."""
    env = {name: "" for name in one.env if "OWNER" not in name} | {
        "SUPERVISION_OWNER": one.owners.log
    }
    done = CliRunner(env=env).invoke(main, ["database", "adopt", str(home)])
    refused(done, "set SUPERVISION_DATABASE")


def test_another_database_than_that_of_the_roles_is_told(
    home: Path, one: Target, postgres: Postgres
) -> None:
    """The owner's URL and the settings' name two."""
    other_owner, _ = postgres.fresh("adopted_elsewhere")
    one.prepare()
    done = one.command("database", "adopt", str(home), "--owner", other_owner)
    refused(done, "the log of SUPERVISION_DATABASE ends at 0")


ROLES = Owners(*[Postgres.USER] * 3)


class Interrupted(Exception):
    """Somebody pressed Ctrl-C."""


def test_what_is_interrupted_leaves_nothing(
    home: Path, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it was, and can be done again from the beginning."""
    monkeypatch.setattr(adoption, "TELL_EVERY", 1)
    target.prepare()
    totals: list[int] = []
    last = 1
    while not totals or last < totals[0]:

        def told(done: int, total: int, last: int = last) -> None:
            totals.append(total)
            if done == last:
                raise Interrupted

        with pytest.raises(Interrupted):
            adopt(home, target.owners, ROLES, told)
        assert target.rows() == 0
        last = min(totals[0], last * 5)
    assert target.command("database", "adopt", str(home)).exit_code == 0


def falsify(table: str, change: str) -> bytes:
    """A trigger by which what is stored is not what was copied."""
    return f"""
        CREATE FUNCTION falsify() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN {change}; RETURN NEW; END $$;
        CREATE TRIGGER falsify BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION falsify();
    """.encode()


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("log", "NEW.payload = NEW.payload || ' '::bytea"),
        ("log", "NEW.recorded_at = NEW.recorded_at + 1"),
        ("seen", "NEW.position = 1"),
        ("vault.texts", "NEW.cipher = ''"),
        ("keys.secrets", "NEW.secret = NULL"),
        ("access.passwords", "NEW.temporary = 0"),
        ("access.failures", "NEW.count = 0"),
        ("access.uses", "NEW.until = 0"),
    ],
)
def test_what_would_not_be_the_same_is_not_kept(
    table: str, change: str, home: Path, one: Target
) -> None:
    """It is read back and compared before it counts."""
    one.prepare()
    with closing(psycopg.connect(one.owners.log, autocommit=True)) as db:
        db.execute(falsify(table, change))
    with pytest.raises(
        CannotAdopt, match=f"{table.rsplit('.', maxsplit=1)[-1]} would not be the same"
    ):
        adopt(home, one.owners, ROLES, ignore)
    assert one.rows() == 0


ignore: Callable[[int, int], object] = lambda *_: None  # noqa: E731


def test_what_one_process_judged_a_cluster_goes_on_with(
    tmp_path: Path, postgres: Postgres, kafka: Kafka, clickhouse: Clickhouse
) -> None:
    """With the key of the source system, and without another card for what has one."""
    old_home = tmp_path / "old"
    with closing(Record(old_home, SystemClock())) as record:
        publish_missing(record, lists())
    with Product(old_home, "--empty") as product:
        key = supervise(old_home, "key", "new", SOURCE).stdout.strip()
        product.post(begun("R-1", now() + timedelta(seconds=1)), key)
        with closing(Record(old_home, SystemClock())) as record:
            until(lambda: issued(all_of(record)), "the card")
    with closing(Record(old_home, SystemClock())) as record:
        before = all_of(record)
    with Town(tmp_path / "new", postgres, kafka, clickhouse, lists=False) as town:
        town.supervise("database", "adopt", str(old_home), "--owner", town.owner)
        town.start_all()
        told = begun("N-1", now() + timedelta(days=9))
        answers = post(town.one("intake"), key, told)
        assert {each["status"] for each in answers} == {"stored"}
        with town.record() as record:
            reference = clickhouse.fresh("adopted_reference")
            found = agreed(town, record, {each["id"] for each in told}, reference)
            whole = all_of(record)
    assert whole[: len(before)] == before
    assert found.issued == issued(before)


def issued(events: list[Stored]) -> int:
    """How many cards."""
    return sum(isinstance(each.event, CardIssued) for each in events)
