"""Keys of source systems: what their events make of them, and how operators give and take them.

Above 400 lines: the life of a key, folded and by command, over one set of helpers.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, strategies

from supervision.clock import SystemClock
from supervision.errors import StreamConflict
from supervision.intake import door
from supervision.intake.door import Door, KeyRing, Turned
from supervision.intake.keys import (
    KEYS,
    Issued,
    Key,
    KeyUnfit,
    KeyUnknown,
    Rights,
    digest_of,
    end_of,
    find,
    fold,
    keys,
    new_key,
    revoke,
    rotate,
)
from supervision.intake.reading import FactUnreadable
from supervision.record import Record
from supervision.runners.cli import main
from supervision.store.mapping import encode
from supervision.system import KeyExpirySet, KeyIssued, KeyRevoked

CHINA = timezone(timedelta(hours=8))
NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
DAY = timedelta(days=1)
MUCH = Rights(("D01", "D02"), ("StepCompleted",), NOW + 30 * DAY)


@pytest.fixture
def record(home: Path) -> Iterator[Record]:
    """A record of its own, in the home that the commands use."""
    with closing(Record(home, SystemClock())) as opened:
        yield opened


def only(record: Record, key_id: str) -> Key:
    """The key of an id."""
    return find(keys(record), key_id)


def supervise(*words: str) -> Result:
    """What a command `supervise key …` says."""
    return CliRunner().invoke(main, ["key", *words])


class TestFold:
    """Whatever the log tells of keys, they can be read."""

    def test_a_key_of_an_older_log_is_called_by_its_digest(self) -> None:
        """It may send everything, for good, and is revoked by its digest alone."""
        digest = digest_of("sk_old")
        issued = KeyIssued(source="s", digest=digest, at=NOW, by="b")
        (key,) = fold([issued]).values()
        assert (key.id, key.rights) == (digest[:12], Rights())
        assert key.state(NOW + 10_000 * DAY) == "valid"
        revoked = KeyRevoked(source="s", digest=digest, at=NOW, by="c")
        (key,) = fold([issued, revoked]).values()
        assert (key.state(NOW), key.revoked_at, key.revoked_by) == ("revoked", NOW, "c")

    def test_a_new_key_revoked_by_an_older_program_is_revoked(self) -> None:
        """That one names no id."""
        issued = KeyIssued(source="s", digest="d" * 64, at=NOW, by="b", id="k1")
        revoked = KeyRevoked(source="s", digest="d" * 64, at=NOW, by="b")
        assert fold([issued, revoked])["k1"].revoked_at == NOW

    def test_a_second_revocation_changes_nothing(self) -> None:
        """Since when, and by whom, is what the first says."""
        issued = KeyIssued(source="s", digest="d", at=NOW, by="b", id="k1")
        revocations = [
            KeyRevoked(source="s", digest="d", at=NOW + n * DAY, by=f"b{n}", id="k1")
            for n in (1, 2)
        ]
        assert fold([issued, *revocations])["k1"].revoked_by == "b1"

    @given(
        strategies.lists(
            strategies.sampled_from(
                [
                    KeyIssued(source="s", digest="d1", at=NOW, by="b", id="k1"),
                    KeyIssued(source="s", digest="d2", at=NOW, by="b"),
                    KeyIssued(source="s", digest="", at=NOW, by="b", kinds=("Unheard",)),
                    KeyExpirySet(id="k1", source="s", expires_at=NOW, at=NOW, by="b"),
                    KeyExpirySet(id="nobody", source="s", expires_at=NOW, at=NOW, by="b"),
                    KeyRevoked(source="s", digest="d2", at=NOW, by="b"),
                    KeyRevoked(source="s", digest="d1", at=NOW, by="b", id="k1"),
                    KeyRevoked(source="s", digest="nobody", at=NOW, by="b"),
                ]
            )
        )
    )
    def test_every_order_of_events_has_a_meaning(self, events: list[KeyIssued]) -> None:
        """And to read on gives what reading all gives."""
        whole = fold(events)
        assert whole == fold(events[3:], fold(events[:3]))
        for key in whole.values():
            assert (key.ended_at(NOW) is None) == (key.state(NOW) == "valid")


class TestGiven:
    """Giving, rotating, revoking."""

    def test_a_key_is_as_it_was_given(self, record: Record) -> None:
        """Rights, note and who gave it; departments and kinds once each."""
        rights = MUCH._replace(departments=("D01", "D02", "D01"))
        issued = new_key(record, "permits", rights=rights, by="li", note="窗口")
        key = only(record, issued.id)
        assert (key.source, key.rights, key.issued_by, key.note) == ("permits", MUCH, "li", "窗口")
        assert key.digest == digest_of(issued.secret)
        assert abs(key.issued_at - datetime.now(UTC)) < DAY

    def test_keys_are_told_newest_first_also_those_that_are_over(self, record: Record) -> None:
        """With since when."""
        first, second = (new_key(record, "s", rights=MUCH).id for _ in "12")
        revoke(record, first, by="li")
        assert [key.id for key in keys(record)] == [second, first]
        later = NOW + 31 * DAY
        told = {key.id: (key.state(later), key.ended_at(later)) for key in keys(record)}
        assert told[second] == ("expired", MUCH.expires_at)
        assert told[first] == ("revoked", only(record, first).revoked_at)

    def test_a_key_is_over_at_its_end_and_not_before(self, record: Record) -> None:
        """To the microsecond."""
        key = only(record, new_key(record, "s", rights=MUCH).id)
        end = NOW + 30 * DAY
        assert key.state(end - timedelta(microseconds=1)) == "valid"
        assert key.state(end) == "expired"

    @pytest.mark.parametrize("signed", [False, True])
    def test_a_rotation_gives_the_same_rights_and_ends_the_old_key(
        self, record: Record, signed: bool
    ) -> None:
        """Until then both open; what follows on what can be read."""
        old = new_key(record, "s", rights=MUCH._replace(signed=signed), note="n")
        until, end = NOW + 7 * DAY, NOW + 90 * DAY
        fresh = rotate(record, old.id, until=until, expires_at=end, by="li")
        assert fresh.secret != old.secret
        after, before = only(record, fresh.id), only(record, old.id)
        assert after.rights == MUCH._replace(signed=signed, expires_at=end)
        assert (after.after, after.note, after.source) == (old.id, "n", "s")
        assert before.rights.expires_at == until
        assert [key.state(NOW + 6 * DAY) for key in (before, after)] == ["valid", "valid"]
        assert [key.state(until) for key in (before, after)] == ["expired", "valid"]

    def test_a_rotation_never_lengthens_the_old_key(self, record: Record) -> None:
        """An end that comes sooner stays."""
        old = new_key(record, "s", rights=MUCH)
        rotate(record, old.id, until=NOW + 60 * DAY)
        assert only(record, old.id).rights.expires_at == MUCH.expires_at

    def test_what_was_revoked_is_not_rotated(self, record: Record) -> None:
        """It may have been lost: who takes its place is for an operator to say."""
        old = new_key(record, "s")
        assert revoke(record, old.id)
        with pytest.raises(KeyUnfit, match="was revoked"):
            rotate(record, old.id, until=NOW)
        assert len(keys(record)) == 1

    def test_two_rotations_at_a_time_both_hold(
        self, record: Record, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Who comes second writes behind the first."""
        old = new_key(record, "s")
        append = record.append
        others = iter([True])

        def interrupted(*says: object) -> list[int]:
            if next(others, False):
                new_key(record, "other")
            return append(*says)  # type: ignore[arg-type]

        monkeypatch.setattr(record, "append", interrupted)
        fresh = rotate(record, old.id, until=NOW)
        assert {key.id for key in keys(record)} >= {old.id, fresh.id}
        assert len(keys(record)) == 3

    def test_a_rotation_gives_up_where_others_always_come_first(
        self, record: Record, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """And says so; nothing of it happened."""
        old = new_key(record, "s")

        def never(*says: object) -> list[int]:
            raise StreamConflict(KEYS, 9, same=False)

        monkeypatch.setattr(record, "append", never)
        with pytest.raises(StreamConflict):
            rotate(record, old.id, until=NOW)
        assert [key.id for key in keys(record)] == [old.id]

    @pytest.mark.parametrize(
        ("rights", "error"),
        [
            (Rights(departments=("",)), FactUnreadable),
            (Rights(departments=("D\n01",)), FactUnreadable),
            (Rights(kinds=("StepComplete",)), FactUnreadable),
            (Rights(kinds=("CaseLinked",)), FactUnreadable),
            (Rights(expires_at=NOW.replace(tzinfo=None)), KeyUnfit),
        ],
    )
    def test_rights_that_mean_nothing_are_not_given(
        self, record: Record, rights: Rights, error: type[Exception]
    ) -> None:
        """Nothing is stored."""
        with pytest.raises(error):
            new_key(record, "s", rights=rights)
        assert keys(record) == []

    def test_the_secret_of_a_key_that_signs_is_stored_nowhere(self, record: Record) -> None:
        """It is derived; another process derives the same, another system another."""
        issued = new_key(record, "s", rights=Rights(signed=True))
        stored = b"".join(each.payload for each in record.read_stream(KEYS))
        assert issued.secret.encode() not in stored
        assert KeyRing(record).secret_of(only(record, issued.id)) == issued.secret

    def test_derived_secrets_differ_by_purpose_name_and_system(
        self, record: Record, tmp_path: Path
    ) -> None:
        """Each is of 32 bytes, and the same whenever it is asked for."""
        with closing(Record(tmp_path / "other", SystemClock())) as other:
            found = [
                record.vault.derived("signing", "a"),
                record.vault.derived("signing", "b"),
                record.vault.derived("other", "a"),
                other.vault.derived("signing", "a"),
            ]
        assert len(set(found)) == 4
        assert {len(each) for each in found} == {32}
        assert record.vault.derived("signing", "a") == found[0]


class TestFinding:
    """A key is named by its id, or by the beginning of id or digest."""

    def test_eight_characters_are_enough(self, record: Record) -> None:
        """Of either."""
        issued = new_key(record, "s")
        key = only(record, issued.id)
        for beginning in (key.id, key.id[:8], key.digest[:8], key.digest):
            assert find([key], beginning) == key

    @pytest.mark.parametrize("beginning", ["", "abcdefg", "x" * 64])
    def test_what_names_no_key_is_said(self, record: Record, beginning: str) -> None:
        """Seven characters name none, even if they are right."""
        key = only(record, new_key(record, "s").id)
        with pytest.raises(KeyUnknown, match="0 keys begin with"):
            find([key], beginning or key.id[:7])

    def test_a_beginning_of_two_names_neither(self) -> None:
        """But the id of one names it."""
        events = [
            KeyIssued(source="s", digest="d" * 64, at=NOW, by="b", id=f"12345678{n}") for n in "12"
        ]
        found = list(fold(events).values())
        with pytest.raises(KeyUnknown, match="2 keys begin with"):
            find(found, "12345678")
        assert find(found, "123456781").id == "123456781"


ENDS = {
    "90d": NOW + 90 * DAY,
    "12h": NOW + timedelta(hours=12),
    "0d": NOW,
    "2026-11-20": datetime(2026, 11, 21, tzinfo=CHINA),
    "2027-02-28": datetime(2027, 3, 1, tzinfo=CHINA),
}


@pytest.mark.parametrize(("text", "end"), ENDS.items())
def test_an_end_is_written_as_a_span_or_a_last_day(text: str, end: datetime) -> None:
    """The last day counts, in the zone of the settings."""
    assert end_of(text, NOW, CHINA) == end


@pytest.mark.parametrize(
    "text", ["", "d", "90", "9 d", "-1d", "12345d", "９d", "2027-02-29", "9999-12-31", "2026-11-19"]
)
def test_what_is_no_end_to_come_is_refused(text: str) -> None:
    """Nor is a day that is past."""
    with pytest.raises(KeyUnfit):
        end_of(text, NOW, CHINA)


class TestRing:
    """Keys are looked up as the log has them."""

    @pytest.mark.parametrize("which", ["first", "last", "none"])
    def test_looking_for_a_key_tells_nothing_by_its_time(
        self, record: Record, monkeypatch: pytest.MonkeyPatch, which: str
    ) -> None:
        """It is compared with all, in constant time, wherever it stands, or nowhere."""
        given = [new_key(record, "s") for _ in range(3)]
        ring = KeyRing(record)
        compared: list[bytes] = []

        def counted(one: bytes, other: bytes) -> bool:
            compared.append(one)
            return hmac.compare_digest(one, other)

        class Counting:
            compare_digest = staticmethod(counted)

        monkeypatch.setattr(door, "hmac", Counting)
        secrets = {"first": given[0].secret, "last": given[2].secret, "none": "sk_none"}
        found = ring.holder(secrets[which])
        assert [digest_of(each.secret).encode() for each in given] == compared
        assert (found is None) == (which == "none")

    def test_what_changed_elsewhere_is_seen(self, record: Record, home: Path) -> None:
        """Given, rotated and revoked by another holder of the log."""
        ring = KeyRing(record)
        with closing(Record(home, SystemClock())) as elsewhere:
            old = new_key(elsewhere, "s")
            assert ring.holder(old.secret) == only(record, old.id)
            fresh = rotate(elsewhere, old.id, until=NOW)
            assert ring.named(fresh.id) == only(record, fresh.id)
            revoke(elsewhere, old.id)
            key = ring.named(old.id)
            assert key is not None
            assert (key.rights.expires_at, key.state(NOW)) == (NOW, "revoked")

    def test_a_key_is_compared_with_the_clock_that_is_given(self, record: Record) -> None:
        """No other is read."""
        issued = new_key(record, "s", rights=MUCH)
        clock = [(NOW + 30 * DAY).timestamp() - 1]
        at_door = Door(KeyRing(record), lambda: clock[0])
        assert at_door.by_key(issued.secret) == only(record, issued.id)
        clock[0] += 1
        assert at_door.by_key(issued.secret) == Turned("expired key", issued.id)
        clock[0] -= 1
        assert isinstance(at_door.by_key(issued.secret), Key)


class TestCommands:
    """`supervise key …`."""

    def test_the_secret_stands_alone_on_standard_output(
        self, record: Record, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """So that a script may take it; its id is told beside."""
        main.main(["key", "new", "permits", "--note", "first"], standalone_mode=False)
        told = capsys.readouterr()
        (key,) = keys(record)
        assert digest_of(told.out.strip()) == key.digest
        assert key.id in told.err

    def test_a_key_is_given_with_all_its_rights(self, record: Record) -> None:
        """Departments and kinds repeat."""
        words = ["--department", "D01", "--department", "D02", "--kind", "CaseAccepted"]
        told = supervise("new", "permits", *words, "--expires", "90d", "--signed")
        (key,) = keys(record)
        assert told.stdout.startswith("ss_")
        assert key.rights[:2] == (("D01", "D02"), ("CaseAccepted",))
        assert key.rights.signed
        end = key.rights.expires_at
        assert end is not None
        assert timedelta(days=89) < end - datetime.now(UTC) <= timedelta(days=90)

    @pytest.mark.parametrize(
        ("words", "says"),
        [
            (("--kind", "Nothing"), "Invalid value for '--kind'"),
            (("--expires", "soon"), "'soon' is no end of a key; write 90d"),
            (("--expires", "2020-01-01"), "2020-01-01 is past"),
            (("--department", ""), "department: is missing or empty"),
        ],
    )
    def test_what_is_wrong_is_said_and_no_key_is_given(
        self, record: Record, words: tuple[str, ...], says: str
    ) -> None:
        """In a line."""
        told = supervise("new", "permits", *words)
        assert told.exit_code in (1, 2)
        assert says in " ".join(told.output.split())
        assert keys(record) == []

    def test_the_list_tells_rights_end_and_state(self, record: Record) -> None:
        """Those that open, the newest first; with --all the others too."""
        plain = new_key(record, "permits", note="窗口")
        now = datetime.now(UTC)
        soon = new_key(record, "tax", rights=MUCH._replace(expires_at=now + 3 * DAY, signed=True))
        gone = new_key(record, "old")
        over = new_key(record, "over", rights=Rights(expires_at=now - DAY))
        revoke(record, gone.id)
        first, second = supervise("list").output.splitlines()
        assert first.startswith(f"{soon.id}  tax  部门 departments: D01, D02  种类 kinds: Step")
        assert "签名 signs" in first
        assert "即将到期 expires soon" in first
        assert second == f"{plain.id}  permits  有效 valid  窗口"
        every = supervise("list", "--all").output.splitlines()
        assert [line.split()[0] for line in every] == [over.id, gone.id, soon.id, plain.id]
        assert "已到期 expired" in every[0]
        assert "已作废 revoked" in every[1]

    def test_rotating_tells_until_when_the_old_key_opens(
        self, record: Record, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The new secret stands alone on standard output."""
        old = new_key(record, "permits")
        main.main(["key", "rotate", old.id, "--overlap", "12h"], standalone_mode=False)
        told = capsys.readouterr()
        fresh = keys(record)[0]
        assert digest_of(told.out.strip()) == fresh.digest
        assert fresh.after == old.id
        end = only(record, old.id).rights.expires_at
        assert end is not None
        assert end.astimezone(CHINA).strftime("%Y-%m-%d %H:%M") in told.err

    def test_the_key_after_one_with_an_end_is_given_an_end(self, record: Record) -> None:
        """A rotation does not make a key for good of one that was not."""
        now = datetime.now(UTC)
        old = new_key(record, "permits", rights=Rights(expires_at=now + DAY))
        told = supervise("rotate", old.id)
        assert told.exit_code == 1
        assert "--expires" in told.output
        assert supervise("rotate", old.id, "--expires", "90d").exit_code == 0
        assert keys(record)[0].rights.expires_at is not None

    def test_a_key_is_revoked_by_the_beginning_of_its_digest(self, record: Record) -> None:
        """A second time there is none of that name."""
        issued = new_key(record, "permits")
        digest = digest_of(issued.secret)
        assert supervise("revoke", digest[:7]).exit_code == 1
        assert supervise("revoke", digest[:8]).exit_code == 0
        assert only(record, issued.id).revoked_at is not None
        assert "0 keys begin with" in supervise("revoke", digest[:8]).output


def test_an_event_without_the_new_fields_takes_the_bytes_that_it_always_took() -> None:
    """A plain key for everything says nothing of rights."""
    _, payload = encode(KeyIssued(source="s", digest="d", at=NOW, by="b"))
    assert payload == b'{"source":"s","digest":"d","at":"2026-11-20T09:30:00Z","by":"b"}'


def test_no_secret_shows_in_a_key(record: Record) -> None:
    """Only Issued has it, which nobody keeps."""
    issued = new_key(record, "s")
    assert isinstance(issued, Issued)
    assert issued.secret not in repr(keys(record))
