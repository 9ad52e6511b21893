"""What signing in must remember is kept, counted and forgotten alike in SQLite and PostgreSQL.

Above 400 lines: one behavioural suite of one port over two adapters, and what each adds.
"""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from threading import Barrier
from typing import Any, NamedTuple, TypeVar

import psycopg
import pytest
from msgspec.structs import replace

from supervision.access.open import open_access
from supervision.access.port import AccessStore, Failures, Password, Session
from supervision.access.store_postgres import prepare_access
from supervision.access.store_sqlite import SqliteAccess
from supervision.errors import StoreBroken, StoreBusy, StoreFull
from tools.services import Postgres

T = TypeVar("T")

HOUR = 3_600_000_000
NOW = 1_770_000_000_000_000
HASH = "$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA"
PASSWORD = Password(hash=HASH, temporary=True, changed_at=NOW)
SESSION = Session(
    digest="d1",
    person="zhang",
    kind="person",
    how="password",
    stage="totp",
    made_at=NOW,
    seen_at=NOW,
    ends_at=NOW + HOUR,
    address="10.0.0.7",
    agent="Mozilla/5.0",
)
ODD = ("a\0b", "a\x01b", "a\x01\x01b", "a\x01\x02b", "ab", "\0", "", "张三", "🦆'\"", "A")
"""Texts that PostgreSQL cannot hold, and others that must not be taken for them."""


class Place(NamedTuple):
    """Where a store lies, and the settings that say so."""

    home: Path
    env: Mapping[str, str]

    def open(self) -> AccessStore:
        """Another holder of it, as another process would be."""
        return open_access(self.home, self.env)


@pytest.fixture(scope="module")
def urls(postgres: Postgres) -> tuple[str, str]:
    """Of a prepared database: the owner's and the system's."""
    owner_url, url = postgres.fresh("access")
    prepare_access(owner_url, postgres.USER)
    return owner_url, url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.cluster)])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """An empty place for a store."""
    if request.param == "sqlite":
        return Place(tmp_path, {})
    owner_url, url = request.getfixturevalue("urls")
    with closing(psycopg.connect(owner_url, autocommit=True)) as db:
        db.execute("TRUNCATE access.passwords, access.failures, access.sessions, access.uses")
    return Place(tmp_path, {"SUPERVISION_DATABASE": url})


@pytest.fixture
def store(place: Place) -> Iterator[AccessStore]:
    """A store of its own."""
    with closing(place.open()) as opened:
        yield opened


@pytest.fixture
def holders(place: Place) -> Iterator[list[AccessStore]]:
    """Eight for as many threads: four of their own, and one that the others share."""
    with ExitStack() as opened:
        stores = [opened.enter_context(closing(place.open())) for _ in range(5)]
        yield stores + stores[-1:] * 3


def at_once(holders: list[AccessStore], act: Callable[[int, AccessStore], T]) -> list[T]:
    """What `act` gives with each holder, by its number, in threads that begin together."""
    barrier = Barrier(len(holders))

    def one(number: int) -> T:
        barrier.wait()
        return act(number, holders[number])

    with ThreadPoolExecutor(len(holders)) as pool:
        return list(pool.map(one, range(len(holders))))


# Passwords


def test_a_password_is_given_back_as_it_was_set(store: AccessStore, place: Place) -> None:
    """To every holder; nobody else has one."""
    store.set_password("zhang", PASSWORD)
    with closing(place.open()) as other:
        assert other.password("zhang") == PASSWORD
        assert other.password("li") is None


def test_a_new_password_stands_in_the_place_of_the_old(store: AccessStore) -> None:
    """All of it: who chose it is not asked to choose again."""
    store.set_password("zhang", PASSWORD)
    chosen = Password(hash="another", temporary=False, changed_at=NOW + 1)
    store.set_password("zhang", chosen)
    assert store.password("zhang") == chosen


# Failures


def test_failures_are_counted_for_each_person(store: AccessStore) -> None:
    """And when the last was; of two that come in the wrong order, the later."""
    assert store.failures("zhang") == Failures()
    assert [store.fail("zhang", NOW), store.fail("zhang", NOW + 2)] == [1, 2]
    assert [store.fail("li", NOW), store.fail("zhang", NOW + 1)] == [1, 3]
    assert store.failures("zhang") == Failures(count=3, last_at=NOW + 2)
    assert store.failures("li") == Failures(count=1, last_at=NOW)


def test_cleared_failures_are_counted_anew(store: AccessStore) -> None:
    """Those of nobody else are; clearing what is not there is harmless."""
    for who in ("zhang", "li"):
        store.fail(who, NOW)
    store.clear_failures("zhang")
    store.clear_failures("wang")
    assert store.failures("zhang") == Failures()
    assert store.failures("li").count == 1
    assert store.fail("zhang", NOW) == 1


def test_failures_at_the_same_time_are_all_counted(
    store: AccessStore, holders: list[AccessStore]
) -> None:
    """Each is told another number."""
    told = at_once(holders, lambda n, own: [own.fail("zhang", NOW + n) for _ in range(10)])
    assert sorted(number for each in told for number in each) == list(range(1, 81))
    assert store.failures("zhang") == Failures(count=80, last_at=NOW + 7)


# Sessions


def test_a_session_is_given_back_as_it_was_added(store: AccessStore, place: Place) -> None:
    """All of it, to every holder; whether its time is over is not the store's to judge."""
    over = replace(SESSION, digest="d2", ends_at=0, stage="", address="", agent="")
    for each in (SESSION, over):
        store.add_session(each)
    with closing(place.open()) as other:
        assert other.session("d1") == SESSION
        assert other.session("d2") == over
        assert other.session("d3") is None


def test_a_session_added_twice_is_there_once(store: AccessStore) -> None:
    """As after an answer that was lost."""
    store.add_session(SESSION)
    store.add_session(SESSION)
    assert store.sessions() == [SESSION]


def test_sessions_come_newest_first(store: AccessStore) -> None:
    """All, or those of one person; those of one moment in the order of their digests."""
    began = {"d3": NOW, "d1": NOW + 2, "d4": NOW + 1, "d2": NOW}
    for digest, made_at in began.items():
        who = "li" if digest == "d4" else "zhang"
        store.add_session(replace(SESSION, digest=digest, made_at=made_at, person=who))
    assert [each.digest for each in store.sessions()] == ["d1", "d4", "d2", "d3"]
    assert [each.digest for each in store.sessions("zhang")] == ["d1", "d2", "d3"]
    assert store.sessions("wang") == []


def test_when_a_session_was_seen_never_goes_back(store: AccessStore, place: Place) -> None:
    """By whomever it is told, in whatever order; nothing else of it changes, and no other's."""
    store.add_session(SESSION)
    store.add_session(replace(SESSION, digest="d2"))
    with closing(place.open()) as other:
        other.seen("d1", NOW + 5)
        store.seen("d1", NOW + 3)
        assert other.session("d1") == replace(SESSION, seen_at=NOW + 5)
    assert store.session("d2") == replace(SESSION, digest="d2")


def test_what_is_no_session_is_not_seen(store: AccessStore) -> None:
    """Nor is it one afterwards."""
    store.seen("d1", NOW)
    assert store.sessions() == []


def test_an_ended_session_is_told_and_gone(store: AccessStore) -> None:
    """With when it was last seen; the second time there is none, and no other is touched."""
    store.add_session(SESSION)
    store.add_session(replace(SESSION, digest="d2"))
    store.seen("d1", NOW + 5)
    assert store.end_session("d1") == replace(SESSION, seen_at=NOW + 5)
    assert store.end_session("d1") is None
    assert [each.digest for each in store.sessions()] == ["d2"]


def test_of_several_that_end_a_session_one_is_given_it(
    store: AccessStore, holders: list[AccessStore]
) -> None:
    """As with a link that signs in once."""
    for n in range(20):
        store.add_session(replace(SESSION, digest=f"d{n}"))
    ended = at_once(holders, lambda _, own: [own.end_session(f"d{n}") for n in range(20)])
    told = Counter(each.digest for whole in ended for each in whole if each)
    assert told == {f"d{n}": 1 for n in range(20)}
    assert store.sessions() == []


def test_all_sessions_of_a_person_end_but_one(store: AccessStore) -> None:
    """What they were is told, newest first; those of others go on."""
    for n in range(4):
        store.add_session(replace(SESSION, digest=f"d{n}", made_at=NOW + n))
    store.add_session(replace(SESSION, digest="d9", person="li"))
    ended = store.end_sessions("zhang", but="d2")
    assert [each.digest for each in ended] == ["d3", "d1", "d0"]
    assert ended[0] == replace(SESSION, digest="d3", made_at=NOW + 3)
    assert [each.digest for each in store.sessions()] == ["d2", "d9"]
    assert [each.digest for each in store.end_sessions("zhang")] == ["d2"]
    assert list(store.end_sessions("zhang")) == []


def test_of_several_that_end_all_sessions_each_is_given_others(
    store: AccessStore, holders: list[AccessStore]
) -> None:
    """Nobody is told twice what ended."""
    for n in range(20):
        store.add_session(replace(SESSION, digest=f"d{n}", person=f"p{n % 5}"))
    ended = at_once(holders, lambda _, own: [list(own.end_sessions(f"p{n}")) for n in range(5)])
    told = Counter(each.digest for whole in ended for some in whole for each in some)
    assert told == {f"d{n}": 1 for n in range(20)}


def test_of_several_that_see_a_session_the_last_counts(
    store: AccessStore, holders: list[AccessStore]
) -> None:
    """Not the one that was told last."""
    for n in range(20):
        store.add_session(replace(SESSION, digest=f"d{n}"))

    def see(number: int, own: AccessStore) -> None:
        for n in range(20):
            own.seen(f"d{n}", NOW + 8 - number)

    at_once(holders, see)
    assert {each.seen_at for each in store.sessions()} == {NOW + 8}


def test_sessions_that_are_seen_while_they_end_are_told_once(
    store: AccessStore, holders: list[AccessStore]
) -> None:
    """Some end all, some one, some purge, some use them: none waits in a circle, none is left."""
    digests = [f"d{n}" for n in range(60)]
    for n, digest in enumerate(digests):
        store.add_session(replace(SESSION, digest=digest, ends_at=NOW + n % 2))

    def act(number: int, own: AccessStore) -> list[str]:
        match number % 4:
            case 0:
                return [each.digest for each in own.end_sessions("zhang")]
            case 1:
                return [digest for digest in reversed(digests) if own.end_session(digest)]
            case 2:
                return ["purged"] * own.purge(NOW)
            case _:
                for digest in digests:
                    own.seen(digest, NOW + number)
                return []

    told = Counter(each for ended in at_once(holders, act) for each in ended)
    purged = told.pop("purged", 0)
    assert set(told.values()) <= {1}
    assert purged + len(told) == len(digests)
    assert set(digests[1::2]) <= told.keys()
    assert store.sessions() == []


# What may be used once


def test_a_value_is_used_once(store: AccessStore, place: Place) -> None:
    """By any holder; the same value of another kind is another."""
    assert store.use_once("totp", "123456", NOW)
    assert not store.use_once("totp", "123456", NOW)
    with closing(place.open()) as other:
        assert not other.use_once("totp", "123456", NOW)
        assert other.use_once("link", "123456", NOW)
        assert other.use_once("totp", "654321", NOW)


def test_of_several_uses_at_the_same_time_one_is_the_first(holders: list[AccessStore]) -> None:
    """Whoever that is."""
    uses = at_once(holders, lambda _, own: [own.use_once("totp", f"v{n}", NOW) for n in range(20)])
    assert [sum(each) for each in zip(*uses, strict=True)] == [1] * 20


def test_a_use_is_remembered_until_it_is_purged(store: AccessStore) -> None:
    """Not a moment before its time is over, however often it was tried in between."""
    assert store.use_once("totp", "v", NOW)
    assert not store.use_once("totp", "v", NOW + 5)
    assert not store.use_once("totp", "v", NOW + 1)
    assert store.purge(NOW + 5) == 0
    assert not store.use_once("totp", "v", NOW)
    assert store.purge(NOW + 6) == 1
    assert store.use_once("totp", "v", NOW)


def test_what_is_over_is_purged_and_nothing_else(store: AccessStore) -> None:
    """Sessions that ended and uses; passwords and failures stay, however old."""
    store.set_password("zhang", PASSWORD)
    store.fail("zhang", 1)
    for n in range(3):
        store.add_session(replace(SESSION, digest=f"d{n}", ends_at=NOW + n))
        store.use_once("totp", f"v{n}", NOW + n)
    assert store.purge(NOW + 1) == 3
    assert [each.digest for each in store.sessions()] == ["d2"]
    assert store.purge(NOW + 1) == 0
    assert store.password("zhang") == PASSWORD
    assert store.failures("zhang").count == 1


# Any text, any holder


def test_any_character_may_stand_in_a_text(store: AccessStore, place: Place) -> None:
    """U+0000 too: each finds its own and no other's, and is given back as it was."""
    texts = ("digest", "person", "kind", "how", "stage", "address", "agent")
    sessions = [
        replace(SESSION, made_at=NOW - n, **dict.fromkeys(texts, odd)) for n, odd in enumerate(ODD)
    ]
    for n, odd in enumerate(ODD):
        store.set_password(odd, replace(PASSWORD, hash=odd))
        assert [store.fail(odd, NOW) for _ in range(n + 1)][-1] == n + 1
        store.add_session(sessions[n])
        assert store.use_once("totp", odd, NOW)
        assert store.use_once(odd, "v", NOW)
    with closing(place.open()) as other:
        assert other.sessions() == sessions
        for n, odd in enumerate(ODD):
            assert other.password(odd) == replace(PASSWORD, hash=odd)
            assert other.failures(odd).count == n + 1
            assert other.sessions(odd) == [sessions[n]]
            other.seen(odd, NOW + n)
            assert other.end_session(odd) == replace(sessions[n], seen_at=NOW + n)


def test_a_closed_store_is_broken(place: Place) -> None:
    """Closing it again is harmless."""
    store = place.open()
    store.close()
    store.close()
    with pytest.raises(StoreBroken):
        store.session("d1")
    with pytest.raises(StoreBroken):
        store.fail("zhang", NOW)


USER = """
import sys
from pathlib import Path
from supervision.access.open import open_access

home, url = Path(sys.argv[1]), sys.argv[2]
print("ready", flush=True)
sys.stdin.readline()
store = open_access(home, {"SUPERVISION_DATABASE": url} if url else {})
for n in range(100):
    print("failed", store.fail("zhang", n))
    if store.use_once("totp", str(n), n):
        print("used", n)
    if store.end_session(f"d{n}"):
        print("ended", n)
    store.seen("d", n)
for each in store.end_sessions("li"):
    print("all", each.digest)
store.close()
"""


@pytest.mark.integration
def test_two_processes_at_once_are_one_store(place: Place) -> None:
    """Each count is told once, each value used once, each session ended once."""
    with closing(place.open()) as store:
        store.add_session(replace(SESSION, digest="d", seen_at=0))
        for n in range(100):
            store.add_session(replace(SESSION, digest=f"d{n}"))
            store.add_session(replace(SESSION, digest=f"e{n}", person="li"))
    told = Counter(line for lines in both(place, USER) for line in lines)
    expected = [f"failed {n + 1}" for n in range(200)]
    for n in range(100):
        expected += [f"used {n}", f"ended {n}", f"all e{n}"]
    assert told == dict.fromkeys(expected, 1)
    with closing(place.open()) as store:
        assert store.failures("zhang") == Failures(count=200, last_at=99)
        assert store.sessions() == [replace(SESSION, digest="d", seen_at=99)]


def both(place: Place, program: str) -> list[list[str]]:
    """What two processes that run it at the same time print."""
    url = place.env.get("SUPERVISION_DATABASE", "")
    users = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(place.home), url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for user in users:
        assert user.stdout is not None
        assert user.stdout.readline() == "ready\n"
    for user in users:
        assert user.stdin is not None
        user.stdin.write("go\n")
        user.stdin.flush()
    lines = [user.communicate()[0].splitlines() for user in users]
    assert [user.returncode for user in users] == [0, 0]
    return lines


WHOLE: dict[str, Callable[[AccessStore], object]] = {
    "fail": lambda store: store.fail("zhang", NOW),
    "use_once": lambda store: store.use_once("totp", "v", NOW),
    "end_session": lambda store: store.end_session("d1"),
    "end_sessions": lambda store: store.end_sessions("zhang"),
}
"""What takes two statements in SQLite."""


def watched(
    home: Path, before: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> AccessStore:
    """A store that calls `before` with each statement before it runs."""

    class Watched(sqlite3.Connection):
        def execute(self, statement: str, *says: Any) -> sqlite3.Cursor:
            before(statement)
            return super().execute(statement, *says)

    with monkeypatch.context() as patched:
        patched.setattr(sqlite3, "connect", partial(sqlite3.connect, factory=Watched))
        return open_access(home, {})


class TestFile:
    """What holds for SQLite alone."""

    @pytest.mark.integration
    def test_two_processes_may_make_the_file_at_once(self, tmp_path: Path) -> None:
        """Neither is refused, and both have the same."""
        told = Counter(line for lines in both(Place(tmp_path, {}), USER) for line in lines)
        assert told["failed 200"] == 1

    def test_the_file_is_for_its_owner_alone(self, tmp_path: Path) -> None:
        """And what the driver keeps beside it."""
        with closing(open_access(tmp_path, {})) as store:
            store.add_session(SESSION)
            modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}
        assert modes == dict.fromkeys(("access.db", "access.db-wal", "access.db-shm"), 0o600)

    def test_a_file_that_is_no_database_is_named(self, tmp_path: Path) -> None:
        """StoreBroken says which."""
        (tmp_path / "access.db").write_bytes(b"not a database, surely" * 100)
        with pytest.raises(StoreBroken, match=r"access\.db"):
            open_access(tmp_path, {})

    def test_a_full_disk_stores_nothing(self, tmp_path: Path) -> None:
        """StoreFull may be tried again; what was there is read, and may be ended."""
        with closing(SqliteAccess(tmp_path, max_pages=12)) as store:
            store.add_session(SESSION)
            large = replace(SESSION, digest="d2", agent="x" * 40_000)
            with pytest.raises(StoreFull) as error:
                store.add_session(large)
            assert error.value.retry
            assert store.sessions() == [SESSION]
            assert store.end_session("d1") == SESSION

    def test_who_reads_waits_for_nobody(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """While another process writes, nor does who has nothing new to tell of a session; who
        has is told that it is busy, after the time allowed.
        """
        monkeypatch.setattr("supervision.store.connection.BUSY_SECONDS", 0.01)
        with closing(open_access(tmp_path, {})) as store:
            store.add_session(SESSION)
            with closing(sqlite3.connect(tmp_path / "access.db", isolation_level=None)) as other:
                other.execute("BEGIN IMMEDIATE")
                assert store.session("d1") == SESSION
                store.seen("d1", NOW)
                with pytest.raises(StoreBusy) as error:
                    store.seen("d1", NOW + 1)
                assert error.value.retry
                with pytest.raises(StoreBusy):
                    store.fail("zhang", NOW)
            assert store.fail("zhang", NOW) == 1

    def test_a_password_that_was_replaced_is_not_in_the_file(self, tmp_path: Path) -> None:
        """Its place is overwritten, so that no backup of the file holds it."""
        with closing(open_access(tmp_path, {})) as store:
            store.set_password("zhang", PASSWORD)
        assert HASH.encode() in (tmp_path / "access.db").read_bytes()
        with closing(open_access(tmp_path, {})) as store:
            store.set_password("zhang", replace(PASSWORD, hash="x" * 300))
        assert HASH.encode() not in (tmp_path / "access.db").read_bytes()

    @pytest.mark.parametrize("act", WHOLE)
    def test_nobody_writes_while_something_is_counted_or_ended(
        self, act: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Before each of its statements another process that wants the same has to wait."""
        monkeypatch.setattr("supervision.store.connection.BUSY_SECONDS", 0.01)
        waited: list[str] = []
        with closing(open_access(tmp_path, {})) as other:
            other.add_session(SESSION)

            def before(statement: str) -> None:
                if not statement.startswith(("PRAGMA", "BEGIN")):
                    with pytest.raises(StoreBusy):
                        WHOLE[act](other)
                    waited.append(statement)

            with closing(watched(tmp_path, before, monkeypatch)) as store:
                assert WHOLE[act](store) in (1, True, SESSION, [SESSION])
        assert len(waited) == 3

    def test_what_another_saw_meanwhile_is_not_set_back(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Between the look whether there is something to tell and the telling."""
        with closing(open_access(tmp_path, {})) as other:
            other.add_session(SESSION)

            def before(statement: str) -> None:
                if statement.startswith("BEGIN"):
                    other.seen("d1", NOW + 5)

            with closing(watched(tmp_path, before, monkeypatch)) as store:
                store.seen("d1", NOW + 3)
            assert other.session("d1") == replace(SESSION, seen_at=NOW + 5)


WAITS = "SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'"


@pytest.mark.cluster
class TestDatabase:
    """What holds for PostgreSQL alone."""

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE access.sessions SET person = 'li'",
            "UPDATE access.sessions SET ends_at = 9",
            "DELETE FROM access.passwords",
            "TRUNCATE access.sessions",
            "DROP TABLE access.uses",
            "CREATE TABLE access.more (id int)",
        ],
    )
    def test_the_role_of_the_system_may_not(self, statement: str, urls: tuple[str, str]) -> None:
        """Make a session another's or longer, or do what the port does not say."""
        refused = psycopg.errors.InsufficientPrivilege
        with closing(psycopg.connect(urls[1], autocommit=True)) as db, pytest.raises(refused):
            db.execute(statement.encode())

    @pytest.mark.parametrize("ended", ["all of a person", "what is over"])
    def test_two_that_end_sessions_never_wait_for_each_other_in_a_circle(
        self, ended: str, urls: tuple[str, str], tmp_path: Path
    ) -> None:
        """Sessions are taken in the order of their digests, whatever that of the table: who waits
        for the first of them does not yet hold the last.
        """
        owner_url, url = urls
        with (
            closing(open_access(tmp_path, {"SUPERVISION_DATABASE": url})) as store,
            closing(psycopg.connect(owner_url)) as other,
            closing(psycopg.connect(owner_url, autocommit=True)) as watcher,
            ThreadPoolExecutor(1) as pool,
        ):
            watcher.execute("TRUNCATE access.sessions, access.uses")
            for digest in ("d2", "d1"):
                store.add_session(replace(SESSION, digest=digest))
            other.execute("UPDATE access.sessions SET how = 'oidc' WHERE digest = 'd1'")
            if ended == "what is over":
                ending = pool.submit(lambda: store.purge(SESSION.ends_at))
            else:
                ending = pool.submit(lambda: len(store.end_sessions("zhang")))
            while not ending.done() and not watcher.execute(WAITS).fetchone():
                pass
            other.execute("UPDATE access.sessions SET how = 'oidc' WHERE digest = 'd2'")
            other.commit()
            assert ending.result() == 2
            assert store.sessions() == []

    def test_preparing_again_changes_nothing(self, urls: tuple[str, str], tmp_path: Path) -> None:
        """What was stored is there."""
        with closing(open_access(tmp_path, {"SUPERVISION_KEYS": urls[1]})) as store:
            store.set_password("zhang", PASSWORD)
            prepare_access(urls[0], Postgres.USER)
            assert store.password("zhang") == PASSWORD

    def test_it_lies_in_the_database_of_the_keys(
        self, urls: tuple[str, str], postgres: Postgres, tmp_path: Path
    ) -> None:
        """Where it is another than that of the rest; nothing is made in the home."""
        nothing = postgres.url.rpartition("/")[0] + "/nothing"
        env = {"SUPERVISION_DATABASE": nothing, "SUPERVISION_KEYS": urls[1]}
        with closing(open_access(tmp_path, env)) as store:
            assert store.session("none") is None
        assert list(tmp_path.iterdir()) == []

    def test_a_database_that_nobody_prepared_is_named(
        self, postgres: Postgres, tmp_path: Path
    ) -> None:
        """When it is opened, with what to do; the password is not in the message."""
        _, url = postgres.fresh("access_unprepared")
        with pytest.raises(StoreBroken, match=r"/access_unprepared: .*database prepare") as error:
            open_access(tmp_path, {"SUPERVISION_DATABASE": url})
        assert postgres.password(postgres.USER) not in str(error.value)
