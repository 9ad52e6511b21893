"""Who holds a name, and what the running roles tell of themselves, while processes die."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from threading import Barrier

import psycopg
import pytest

from supervision.errors import StoreBroken, StoreDown
from supervision.store.board import Board, Told, prepare_board
from supervision.store.election import Election, lock_key, prepare_elections
from supervision.store.postgres_connection import connect
from tools.services import Postgres

pytestmark = pytest.mark.cluster

MINUTE = 60_000_000
"""In µs."""


@pytest.fixture(scope="module")
def urls(postgres: Postgres) -> tuple[str, str]:
    """Of a prepared database: the owner's and the system's."""
    owner_url, url = postgres.fresh("coordination")
    prepare_elections(owner_url, postgres.USER)
    prepare_board(owner_url, postgres.USER)
    return owner_url, url


@pytest.fixture
def url(postgres: Postgres, urls: tuple[str, str]) -> Iterator[str]:
    """Of the running system's role, the tables empty; its server answers again afterwards."""
    with closing(psycopg.connect(urls[0], autocommit=True)) as owner:
        owner.execute("TRUNCATE coordination.elections, coordination.board")
    yield urls[1]
    postgres.start()


@pytest.fixture
def board(url: str) -> Iterator[Board]:
    """An empty board."""
    with closing(Board(url)) as opened:
        yield opened


def tell(board: Board, role: str, instance: str = "a", at: int = 1_000, position: int = 0) -> Told:
    """Tell something; what is to be read of it."""
    board.tell(
        role, instance, at=at, stamp=at - 1, position=position, head=position + 5, says=b'{"n":1}'
    )
    return Told(role, instance, at, at - 1, position, position + 5, b'{"n":1}')


class TestBoard:
    """One row for each instance of each role."""

    def test_what_each_tells_is_read_in_order(self, board: Board) -> None:
        """By role and instance, with all that was told."""
        told = [tell(board, "wall", "b"), tell(board, "publisher"), tell(board, "wall", "a")]
        assert board.read() == sorted(told)

    def test_what_is_told_later_stands_alone(self, board: Board) -> None:
        """One row an instance."""
        tell(board, "wall", at=1_000, position=7)
        assert [tell(board, "wall", at=2_000, position=9)] == board.read()

    def test_who_stops_in_order_is_forgotten(self, board: Board) -> None:
        """At once, and nobody else."""
        tell(board, "wall", "a")
        left = tell(board, "wall", "b")
        board.forget("wall", "a")
        assert board.read() == [left]

    def test_who_tells_nothing_for_long_is_cleaned_away_by_the_others(self, board: Board) -> None:
        """At the limit not yet; who comes back after longer than that is there again."""
        tell(board, "wall", "dead", at=MINUTE)
        kept = tell(board, "wall", "kept", at=2 * MINUTE)
        new = tell(board, "wall", "new", at=12 * MINUTE)
        assert board.read() == [kept, new]
        back = tell(board, "wall", "kept", at=30 * MINUTE)
        assert board.read() == [back]

    def test_many_tell_at_once(self, url: str) -> None:
        """None waits for another for good, or is lost, while the old are cleaned away."""
        start = Barrier(4)
        with closing(Board(url, forgotten_after=0)) as careless, closing(Board(url)) as board:

            def work(number: int) -> None:
                start.wait()
                for n in range(50):
                    tell(careless if n % 2 else board, "worker", str(number), at=1_000 + n)

            with ThreadPoolExecutor(4) as pool:
                list(pool.map(work, range(4)))
            for number in range(4):
                tell(board, "worker", str(number), at=2_000)
            assert [told.instance for told in board.read()] == ["0", "1", "2", "3"]

    def test_who_tells_waits_for_nobody_who_cleans_away(self, url: str, board: Board) -> None:
        """An old row that another holds is left to that one."""
        tell(board, "wall", "dead", at=MINUTE)
        with closing(psycopg.connect(url)) as other:
            other.execute("SELECT * FROM coordination.board FOR UPDATE")
            tell(board, "wall", "new", at=30 * MINUTE)
            assert [told.instance for told in board.read()] == ["dead", "new"]

    def test_a_crash_of_the_server_may_empty_it_and_nothing_else(
        self, postgres: Postgres, board: Board
    ) -> None:
        """While it is down StoreDown; afterwards the next to tell is there."""
        tell(board, "wall")
        postgres.kill()
        with pytest.raises(StoreDown):
            tell(board, "wall")
        postgres.start()
        assert board.read() == []
        assert [tell(board, "wall", at=2_000)] == board.read()

    def test_an_ordered_restart_keeps_it(self, postgres: Postgres, board: Board) -> None:
        """And nobody who tells or reads notices."""
        told = tell(board, "wall")
        postgres.stop()
        postgres.start()
        assert board.read() == [told]


CANDIDATE = """
import sys
from supervision.store.election import Election

election = Election(sys.argv[1], "publisher", lease_seconds=float(sys.argv[2]))
for line in sys.stdin:
    held = getattr(election, line.strip())()
    print(held, election.epoch, election.reason, flush=True)
"""


class Candidate:
    """Another process that would hold the name."""

    def __init__(self, url: str, lease_seconds: float = 60) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", CANDIDATE, url, str(lease_seconds)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, what: str) -> str:
        """The answer to try_win, held or resign; epoch; reason."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{what}\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def end(self) -> None:
        """Kill it if it lives."""
        self.process.kill()
        self.process.communicate()


@contextmanager
def candidate(url: str, lease_seconds: float = 60) -> Iterator[Candidate]:
    """Another process, ended afterwards."""
    process = Candidate(url, lease_seconds)
    try:
        yield process
    finally:
        process.end()


def wait_until_free(url: str) -> None:
    """Queue for the name's lock at the server until whoever has it lets go."""
    with closing(connect(url, "test")) as db:
        db.execute("SELECT pg_advisory_lock(%s)", (lock_key("publisher"),))
        db.execute("SELECT pg_advisory_unlock(%s)", (lock_key("publisher"),))


class TestElection:
    """At most one holds a name."""

    def test_of_many_at_once_one_wins(self, url: str) -> None:
        """And the others know why not."""
        elections = [Election(url, "publisher") for _ in range(6)]
        start = Barrier(6)

        def run(election: Election) -> bool:
            start.wait()
            return election.try_win()

        with ThreadPoolExecutor(6) as pool:
            won = list(pool.map(run, elections))
        assert won.count(True) == 1
        assert [e.held() for e in elections] == won
        assert {(e.epoch, e.reason) for e in elections} == {
            (1, ""),
            (0, "another process holds it"),
        }
        for election in elections:
            election.resign()

    def test_who_holds_it_wins_again_without_a_new_epoch(self, url: str) -> None:
        """Asking is free."""
        with Election(url, "publisher") as election:
            assert election.try_win()
            assert election.try_win()
            assert election.epoch == 1

    def test_names_are_apart(self, url: str) -> None:
        """The publisher is not the scheduler."""
        with Election(url, "publisher") as one, Election(url, "scheduler") as other:
            assert one.try_win()
            assert other.try_win()

    def test_the_key_of_a_name_never_changes(self) -> None:
        """Else two releases would both hold it."""
        assert lock_key("publisher") == 7234260663736309390

    def test_each_win_has_the_next_epoch(self, url: str) -> None:
        """Whoever wins."""
        with Election(url, "publisher") as one, Election(url, "publisher") as other:
            epochs = []
            for election in (one, other, one):
                assert election.try_win()
                epochs.append(election.epoch)
                election.resign()
                assert not election.held()
                assert election.reason == "resigned"
        assert epochs == [1, 2, 3]

    def test_who_resigns_lets_the_next_win_at_once(self, url: str) -> None:
        """By leaving the block, too."""
        with candidate(url) as other:
            with Election(url, "publisher") as election:
                assert election.try_win()
                assert other.ask("try_win") == "False 0 another process holds it"
            assert other.ask("try_win") == "True 2"

    def test_the_name_of_a_killed_holder_is_free(self, url: str) -> None:
        """As soon as the server learns it, and the next epoch is another."""
        with candidate(url) as leader, Election(url, "publisher") as follower:
            assert leader.ask("try_win") == "True 1"
            assert not follower.try_win()
            leader.process.send_signal(signal.SIGKILL)
            wait_until_free(url)
            assert follower.try_win()
            assert follower.epoch == 2

    def test_a_holder_that_was_stopped_loses_the_name_and_learns_it(self, url: str) -> None:
        """The server ends its session after the lease; awake again, it knows before it goes on."""
        with candidate(url, lease_seconds=0.5) as leader, Election(url, "publisher") as follower:
            assert leader.ask("try_win") == "True 1"
            leader.process.send_signal(signal.SIGSTOP)
            wait_until_free(url)
            assert follower.try_win()
            leader.process.send_signal(signal.SIGCONT)
            assert leader.ask("held").startswith("False 1 127.0.0.1:")
            assert leader.ask("try_win") == "False 1 another process holds it"
            assert follower.held()

    def test_a_server_that_restarts_takes_the_name_and_gives_it_again(
        self, postgres: Postgres, url: str
    ) -> None:
        """Killed, so that the epoch shows to be durable; meanwhile nobody holds it, and why."""
        with Election(url, "publisher") as leader, Election(url, "publisher") as follower:
            assert leader.try_win()
            assert not follower.try_win()
            postgres.kill()
            assert not leader.held()
            for election in (leader, follower):
                assert not election.try_win()
                assert f"127.0.0.1:{postgres.port}/coordination: " in election.reason
            postgres.start()
            assert follower.try_win()
            assert follower.epoch == 2
            assert not leader.try_win()
            assert leader.reason == "another process holds it"

    def test_a_holder_whose_session_was_ended_does_not_hold(
        self, postgres: Postgres, url: str
    ) -> None:
        """It may win again, with the next epoch."""
        with Election(url, "publisher") as election:
            assert election.try_win()
            with closing(psycopg.connect(postgres.superuser_url, autocommit=True)) as operator:
                operator.execute(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                    " WHERE application_name = 'supervision election publisher'"
                )
            assert not election.held()
            assert "terminating connection" in election.reason
            assert election.try_win()
            assert election.epoch == 2

    def test_a_holder_is_fenced_by_a_newer_epoch(self, url: str) -> None:
        """Whatever let another win, the older one gives up."""
        with Election(url, "publisher") as election:
            assert election.try_win()
            with closing(psycopg.connect(url, autocommit=True)) as db:
                db.execute("UPDATE coordination.elections SET epoch = epoch + 1")
            assert not election.held()
            assert election.reason == "another process won since"

    def test_a_database_that_nobody_prepared_is_an_error(self, postgres: Postgres) -> None:
        """Waiting does not help, and the lock is not kept."""
        _, url = postgres.fresh("unprepared")
        for _ in range(2):
            with Election(url, "publisher") as election:
                with pytest.raises(StoreBroken, match="supervise database prepare"):
                    election.try_win()
                assert not election.held()
