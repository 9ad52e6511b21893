"""What the wall of a cluster may show, and what it says when a part of the cluster is missing."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from supervision.runners.cluster.shown import SILENT, WAITING, Shown, in_use
from supervision.runners.cluster.station import Says
from supervision.store.board import Told

PARTITIONS = 3
NOW = 1_000 * SILENT


def told(
    role: str,
    instance: str = "a",
    *,
    ago: int = 0,
    stamp: int = 0,
    position: int = 0,
    head: int = 0,
    **says: object,
) -> Told:
    """A word on the board, so many microseconds old."""
    said = msgspec.json.encode(Says(**says))  # type: ignore[arg-type]
    return Told(role, instance, NOW - ago, stamp, position, head or position, said)


def watch(
    stamps: dict[int, int], instance: str = "a", *, head: int = 10, ago: int = 0, **says: object
) -> Told:
    """A worker that judged its partitions up to stamps, its acts up to `head` in the log."""
    return told("watch", instance, ago=ago, head=head, stamps=stamps, **says)


def rows(position: int = 10, stamp: int = 900, generation: int = 1, **says: object) -> Told:
    """The writer of rows."""
    return told("rows", position=position, stamp=stamp, generation=generation, **says)


PUBLISHER, ALERTS = told("publisher", position=10), told("alerts", position=10)
SEAL = told("seal", position=10)
ALL = {0: 500, 1: 500, 2: 500}


@pytest.fixture
def shown() -> Shown:
    """Of a cluster of three partitions."""
    return Shown(PARTITIONS)


def after(shown: Shown, *board: Told, head: int = 10) -> int:
    """The instant shown once the board says this."""
    shown.take(board, NOW, head)
    return shown.at


class TestTime:
    """Up to which instant the wall is complete."""

    def test_nothing_is_shown_before_anybody_said_something(self, shown: Shown) -> None:
        """Neither an instant nor a generation."""
        assert after(shown) == 0
        assert (shown.position, shown.generation, shown.watched_cases) == (0, 0, 0)

    def test_what_is_judged_and_in_the_rows_is_shown(self, shown: Shown) -> None:
        """Every partition up to its stamp, the rows up to the acts of it."""
        assert after(shown, PUBLISHER, watch(ALL), rows()) == 500
        assert shown.position == 10
        assert shown.health.watch_failed == shown.health.warehouse_failed == ""

    def test_the_slowest_partition_decides(self, shown: Shown) -> None:
        """Its cases may cross in between."""
        assert after(shown, watch({0: 500, 1: 300, 2: 400}), rows()) == 300

    def test_acts_that_the_rows_have_not_reached_are_waited_for(self, shown: Shown) -> None:
        """The card of an instant stands on the wall with that instant, not after it."""
        assert after(shown, watch(ALL, head=12), rows(position=11)) == 0
        assert after(shown, watch(ALL, head=12), rows(position=12)) == 500

    def test_facts_that_the_rows_may_lack_are_waited_for(self, shown: Shown) -> None:
        """What was recorded up to the instant is in the rows when their stamp says so."""
        assert after(shown, watch(ALL), rows(stamp=450)) == 450
        assert after(shown, watch(ALL), rows(stamp=501)) == 500

    def test_an_earlier_instant_is_shown_while_a_later_one_waits_for_its_acts(
        self, shown: Shown
    ) -> None:
        """A burst of acts does not stop time."""
        after(shown, watch(ALL, head=12), rows(position=11))
        later = watch(dict.fromkeys(ALL, 600), head=99)
        assert after(shown, later, rows(position=12)) == 500
        assert after(shown, later, rows(position=99)) == 600

    def test_of_many_instants_that_wait_the_latest_with_its_acts_is_shown(
        self, shown: Shown
    ) -> None:
        """However long the rows stood still."""
        for n in range(2 * WAITING):
            after(shown, watch(dict.fromkeys(ALL, 100 + n), head=n), rows(position=0, stamp=0))
        assert after(shown, rows(position=2 * WAITING, stamp=10_000)) == 100 + 2 * WAITING - 1

    @settings(database=None, derandomize=True, deadline=None)
    @given(
        st.lists(
            st.tuples(
                st.lists(st.integers(0, 50), min_size=3, max_size=3),
                st.integers(0, 20),
                st.integers(0, 20),
                st.integers(0, 50),
            ),
            max_size=20,
        )
    )
    def test_it_never_goes_back_nor_past_what_is_judged_and_stored(
        self, words: list[tuple[list[int], int, int, int]]
    ) -> None:
        """Whatever the roles say, as when one begins again from an older state."""
        shown, before, furthest = Shown(PARTITIONS), 0, 0
        for stamps, head, position, stamp in words:
            judged, stored = watch(dict(enumerate(stamps)), head=head), rows(position, stamp)
            at, furthest = after(shown, judged, stored), max(furthest, *stamps)
            assert before <= at <= furthest
            assert at == before or at <= stamp
            before = at


class TestWorkers:
    """Several processes of a role."""

    def test_two_workers_have_the_partitions_together(self, shown: Shown) -> None:
        """Time passes by the slower one, and the later of their acts must be in the rows."""
        board = watch({0: 500, 2: 450}, "a", head=7), watch({1: 480}, "b", head=20)
        assert after(shown, *board, rows(position=19)) == 0
        assert after(shown, *board, rows(position=20)) == 450

    def test_of_two_that_judged_one_partition_the_further_counts(self, shown: Shown) -> None:
        """As while it changes hands."""
        board = watch({0: 500, 1: 500}, "a"), watch({1: 200, 2: 500}, "b")
        assert after(shown, *board, rows()) == 500

    def test_watched_cases_are_those_of_all_workers(self, shown: Shown) -> None:
        """Each counts its own."""
        after(shown, watch({0: 1}, watched_cases=40), watch({1: 1}, "b", watched_cases=2))
        assert shown.watched_cases == 42

    def test_halted_cases_are_those_of_all_workers(self, shown: Shown) -> None:
        """With the reason."""
        after(shown, watch({0: 1}, halted=["s/1: x"]), watch({1: 1}, "b", halted=["s/2: y"]))
        assert shown.health.halted == ("s/1: x", "s/2: y")

    def test_a_standby_is_not_the_leader(self, shown: Shown) -> None:
        """Rows that wait to be elected say nothing of the rows."""
        standby = told("rows", "b", leads=False)
        assert after(shown, watch(ALL), standby, rows()) == 500
        assert after(shown, watch({0: 600, 1: 600, 2: 600}), standby) == 500
        assert "the writer of rows does not run" in shown.health.warehouse_failed


class TestMissing:
    """Time stands still and the wall says why."""

    def test_a_partition_without_a_worker_is_named(self, shown: Shown) -> None:
        """Nobody judges its cases."""
        assert after(shown, watch({0: 500, 2: 500}), rows()) == 0
        assert "nobody watches the partitions 1" in shown.health.watch_failed

    @pytest.mark.parametrize(
        ("role", "alarm", "says"),
        [
            ("publisher", "store_failed", "the publisher does not run"),
            ("watch", "watch_failed", "a watch worker does not run"),
            ("rows", "warehouse_failed", "the writer of rows does not run"),
            ("alerts", "alerts_failed", "the alerts do not run"),
            ("seal", "seals_failed", "the sealer does not run"),
        ],
    )
    def test_a_role_that_fell_silent_is_named(
        self, shown: Shown, role: str, alarm: str, says: str
    ) -> None:
        """One that tells nothing for SILENT counts as gone, and only that one."""
        board = [PUBLISHER, watch(ALL), rows(), ALERTS, SEAL]
        silent = [w._replace(told_at=NOW - SILENT) if w.role == role else w for w in board]
        heard = [w._replace(told_at=NOW - SILENT + 1) for w in board]
        after(shown, *heard)
        assert getattr(shown.health, alarm) == ""
        after(shown, *silent)
        named = {name: getattr(shown.health, name) for name in ALARMS}
        assert [alarm] == [name for name, text in named.items() if text]
        assert says in named[alarm]

    @pytest.mark.parametrize("role", ["watch", "rows"])
    def test_time_stands_still_without_a_role(self, shown: Shown, role: str) -> None:
        """Where it stood."""
        after(shown, watch(ALL), rows())
        board = {"watch": watch(dict.fromkeys(ALL, 600)), "rows": rows()}
        del board[role]
        assert after(shown, *board.values()) == 500

    def test_a_failing_role_says_what_it_waits_for(self, shown: Shown) -> None:
        """In its own words, which are more than that it is silent."""
        failing = [
            told("publisher", failed="no broker"),
            watch(ALL, failed="no log"),
            told("rows", failed="no server"),
            told("alerts", failed="no vault"),
            told("seal", failed="no key"),
        ]
        after(shown, watch(ALL), rows(position=9))
        after(shown, *failing, head=30)
        health = shown.health
        found = [getattr(health, name) for name in ALARMS[1:]]
        assert found == ["no broker", "no log", "no server", "no vault", "no key"]

    def test_rows_that_fail_leave_what_is_shown(self, shown: Shown) -> None:
        """And how far it lies behind is told on."""
        after(shown, PUBLISHER, watch(ALL), rows(position=10, generation=4))
        after(shown, PUBLISHER, watch(ALL), told("rows", failed="no server"), head=30)
        assert (shown.at, shown.position, shown.generation) == (500, 10, 4)
        assert shown.health.behind == 20

    def test_an_empty_board_says_that_nobody_runs(self, shown: Shown) -> None:
        """As after a crash of PostgreSQL, until the roles speak again."""
        after(shown, PUBLISHER, watch(ALL), rows())
        assert after(shown) == 500
        assert all(getattr(shown.health, name) for name in ALARMS[1:])

    def test_a_jump_of_the_publishers_clock_is_told(self, shown: Shown) -> None:
        """Until it is confirmed."""
        jumped = told("publisher", position=10, clock_jumped="by an hour")
        after(shown, jumped, watch(ALL), rows())
        assert shown.health.clock_jumped == "by an hour"
        after(shown, PUBLISHER, watch(ALL), rows())
        assert shown.health.clock_jumped == ""

    def test_events_that_the_rows_lack_are_counted(self, shown: Shown) -> None:
        """Against the log itself, whoever published them or not."""
        after(shown, watch(ALL), rows(position=10), head=25)
        assert shown.health.behind == 15

    def test_alerts_say_whom_they_cannot_reach(self, shown: Shown) -> None:
        """The gateways that are down, and why nobody can be told; of the one that leads."""
        waiting = told("alerts", "b", leads=False)
        leading = told("alerts", gateways=["mail: no answer"], unheard="no_contact")
        after(shown, PUBLISHER, watch(ALL), rows(), waiting, leading)
        health = shown.health
        assert (health.gateways, health.unheard) == (("mail: no answer",), "no_contact")
        assert health.alerts_failed == ""
        after(shown, PUBLISHER, watch(ALL), rows(), waiting)
        assert "the alerts do not run" in shown.health.alerts_failed

    def test_what_is_wrong_with_the_seals_is_told(self, shown: Shown) -> None:
        """Log and seals that differ, witnesses that refuse, stamps that are missing."""
        leading = told("seal", seals_broken="at 5", witnesses=["w: no"], unstamped="down")
        after(shown, PUBLISHER, watch(ALL), rows(), leading)
        health = shown.health
        found = (health.seals_broken, health.witnesses, health.stamps_failed)
        assert found == ("at 5", ("w: no",), "down")
        assert health.seals_failed == ""


ALARMS = (
    "clock_jumped",
    "store_failed",
    "watch_failed",
    "warehouse_failed",
    "alerts_failed",
    "seals_failed",
)


class TestGenerations:
    """Position and generation of the rows belong together."""

    def test_the_wall_reads_what_is_written(self, shown: Shown) -> None:
        """A rebuild is shown from the moment its rows are followed."""
        after(shown, watch(ALL), rows(generation=1))
        assert shown.generation == 1
        after(shown, watch(ALL), rows(generation=2))
        assert shown.generation == 2


def test_a_generation_is_in_use_while_somebody_writes_or_shows_it() -> None:
    """A wall that has not changed over yet counts; who has none, and who is silent, do not."""
    board = [
        PUBLISHER,
        rows(generation=3),
        told("wall", "a", generation=2),
        told("wall", "b", generation=1, ago=SILENT),
    ]
    assert in_use(board, NOW) == {2, 3}
    assert in_use([PUBLISHER], NOW) == set()
