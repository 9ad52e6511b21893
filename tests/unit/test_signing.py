"""Signing in and out: every step, every refusal, the lock, and what the trail says of each.

Above 400 lines: one list of ways in, kept together so that what is missing from it shows.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from supervision.access import passwords, ruling
from supervision.access.admission import SECOND
from supervision.access.events import (
    PEOPLE,
    PersonDisabled,
    RoleGranted,
    SecondFactorRenewed,
    SignInRefused,
)
from supervision.access.passwords import PasswordUnfit
from supervision.access.rights import INSPECTOR, SECURITY
from supervision.access.ruling import ByConsole, NameUnfit, PersonExists, UnknownPerson
from supervision.access.signing import (
    ADDRESS_A_MINUTE,
    ALL_A_MINUTE,
    LOCKED_AFTER,
    From,
    Opened,
    OutOfStep,
    SignInFailed,
    TooManyTries,
)
from tests.access import (
    AT,
    CONSOLE,
    ELSEWHERE,
    HERE,
    OTHER,
    PASSWORD,
    Office,
    Time,
    cheap,
    office_at,
    secrets_in,
)

QUARTER = 15 * 60
WRONG = "correct-horse-batterie"


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    """Zhang works there."""
    cheap(monkeypatch)
    with office_at(tmp_path, Time()) as opened:
        opened.add("zhang", "manager")
        yield opened


def fails(act: Callable[[], object], kind: type[SignInFailed] = SignInFailed) -> str:
    """The reason for the trail; what the one refused is told is the same for all."""
    with pytest.raises(kind) as refused:
        act()
    assert str(refused.value) == str(SignInFailed(""))
    return refused.value.why


def fail(office: Office, times: int, person: str = "zhang") -> list[str]:
    """Try a wrong password, from an address each; the reasons."""
    places = [From(f"10.1.0.{n}") for n in range(times)]
    return [fails(lambda p=place: office.sign_in(person, WRONG, p)) for place in places]


def locked(office: Office) -> bool:
    """Whether the right password is refused."""
    try:
        office.sign_in("zhang", place=ELSEWHERE)
    except SignInFailed as refused:
        return refused.why == "locked"
    return False


def live(office: Office, opened: Opened) -> bool:
    """Whether a session admits now."""
    office.admissions.forget()
    return office.admissions.admit(opened.secret, HERE.address) is not None


# By password


def test_the_right_password_signs_in(office: Office) -> None:
    """However the name is typed; the trail says who, how and from where."""
    opened = office.sign_in(" ＺＨＡＮＧ")
    assert live(office, opened)
    told: Any = office.trailed()[-1]
    assert (told.by, told.how, told.address) == ("zhang", "password", HERE.address)
    assert opened.session.digest.startswith(told.session)
    assert opened.session.ends_at == office.instant() + 12 * 3600 * SECOND


@pytest.mark.parametrize("password", [WRONG, "", PASSWORD + " ", PASSWORD.upper(), "密" * 9_000])
def test_a_wrong_password_does_not(office: Office, password: str) -> None:
    """The trail says whose it was."""
    assert fails(lambda: office.sign_in("zhang", password)) == "password"
    told: Any = office.trailed()[-1]
    assert (type(told), told.by, told.why) == (SignInRefused, "zhang", "password")


def test_a_name_that_nobody_has_is_told_the_same(office: Office) -> None:
    """And locked the same; the trail keeps no such name, as it may be a password."""
    assert fail(office, 6, "hunter2-in-the-wrong-field") == ["password"] * 5 + ["locked"]
    refused = [told for told in office.trailed() if isinstance(told, SignInRefused)]
    assert {(told.by, told.why) for told in refused} == {("", "password"), ("", "locked")}
    assert secrets_in(office.home, ["hunter2"]) == []


def test_who_is_disabled_is_told_the_same(office: Office) -> None:
    """With the right password."""
    office.note(PersonDisabled(at=AT, by=CONSOLE, person="zhang"))
    assert fails(lambda: office.sign_in("zhang")) == "password"


def test_who_has_no_password_is_told_the_same(office: Office) -> None:
    """Whose account is a provider's."""
    office.add("li", subject="s-1", password="")
    assert fails(lambda: office.sign_in("li", "")) == "password"


# The lock


def test_five_failures_lock_and_a_quarter_of_an_hour_opens(office: Office) -> None:
    """Counted from the last, and five more lock again."""
    assert fail(office, 6) == ["password"] * 5 + ["locked"]
    office.time.pass_by(QUARTER - 1)
    assert locked(office)
    office.time.pass_by(1)
    assert not locked(office)
    assert fail(office, 6) == ["password"] * 5 + ["locked"]


def test_signing_in_forgives_what_failed_before(office: Office) -> None:
    """Four failures, and four again, lock nobody."""
    fail(office, 4)
    office.sign_in("zhang")
    fail(office, 4)
    assert not locked(office)


def test_a_clock_that_jumps_locks_nobody_for_long(office: Office) -> None:
    """Set back by days after the failures, the lock of another time is none."""
    fail(office, 5)
    office.time.jump(-60)
    assert locked(office)
    office.time.jump(-3 * 86_400)
    assert office.signing._is_locked("zhang", office.admissions.people().persons["zhang"]) is False


def test_failures_at_the_same_moment_do_not_slip_the_lock(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twelve come in before any is counted; the right one among them is checked last."""
    tries, turn = Barrier(12), count()
    check = passwords.is_right

    def slow(stored: str | None, password: str) -> bool:
        if next(turn) < 12:
            tries.wait(30)
        right = check(stored, password)
        while right and office.store.failures("zhang").count < 5:
            pass
        return right

    monkeypatch.setattr(passwords, "is_right", slow)

    def one(number: int) -> str:
        password = PASSWORD if number == 0 else WRONG
        return fails(lambda: office.sign_in("zhang", password, From(f"10.1.0.{number}")))

    with ThreadPoolExecutor(12) as pool:
        assert list(pool.map(one, range(12))) == ["locked"] + ["password"] * 11


def test_an_administrator_unlocks(office: Office) -> None:
    """And the trail says who did."""
    fail(office, 5)
    office.signing.unlock("Zhang", "sec")
    assert "AccountUnlocked" in office.told()
    assert not locked(office)


# Throttling


def test_an_address_gets_so_many_tries_a_minute(office: Office) -> None:
    """Whoever it tries; others are not kept waiting."""
    for number in range(ADDRESS_A_MINUTE):
        fails(lambda n=number: office.sign_in(f"nobody-{n}", WRONG))
    assert fails(lambda: office.sign_in("zhang"), TooManyTries) == "too many"
    assert office.sign_in("zhang", place=ELSEWHERE)


def test_all_together_get_so_many_tries_a_minute(office: Office) -> None:
    """From whatever addresses; the trail counts what it does not list."""
    for number in range(ALL_A_MINUTE):
        fails(lambda n=number: office.sign_in(f"nobody-{n}", WRONG, From(f"10.2.0.{n}")))
    assert fails(lambda: office.sign_in("zhang"), TooManyTries) == "too many"
    refused = [e for e in office.trailed() if isinstance(e, SignInRefused)]
    assert sum(each.count for each in refused) == ALL_A_MINUTE + 1


# The second factor


def test_who_administers_begins_a_second_factor_first(office: Office) -> None:
    """Then is asked for it at every sign-in; each session ends with its step."""
    office.add("sec", "security_admin")
    first = office.sign_in("sec")
    assert first.session.stage == "enrol"
    second, secret = office.enrol(first)
    assert (second.session.stage, live(office, first), live(office, second)) == ("", False, True)
    office.time.pass_by(60)
    third = office.sign_in("sec")
    assert third.session.stage == "totp"
    fourth = office.signing.by_code(third.session, office.code(secret), HERE)
    assert (fourth.session.stage, fourth.session.how) == ("", "password+totp")
    signed: Any = office.trailed()[-1]
    assert (signed.by, signed.how) == ("sec", "password+totp")


@pytest.fixture
def guarded(office: Office) -> tuple[Office, str]:
    """Sec has a second factor, whose secret this is."""
    office.add("sec", "security_admin")
    secret = office.enrol(office.sign_in("sec"))[1]
    office.time.pass_by(90)
    return office, secret


def test_a_code_is_right_once(guarded: tuple[Office, str]) -> None:
    """Who read it over a shoulder comes too late, also in another session."""
    office, secret = guarded
    code = office.code(secret)
    office.signing.by_code(office.sign_in("sec").session, code, HERE)
    again = office.sign_in("sec").session
    assert fails(lambda: office.signing.by_code(again, code, HERE)) == "code"


@pytest.mark.parametrize("away", [-61, 61])
def test_a_code_of_another_time_is_wrong(guarded: tuple[Office, str], away: float) -> None:
    """More than one half minute away."""
    office, secret = guarded
    session, code = office.sign_in("sec").session, office.code(secret)
    office.time.pass_by(away)
    assert fails(lambda: office.signing.by_code(session, code, HERE)) == "code"


@pytest.mark.parametrize(
    "code", ["", "12345", "1234567", "abcdef", "١٢٣٤٥٦", "²²²²²²", "0" * 9_000]
)
def test_what_is_no_code_is_wrong(guarded: tuple[Office, str], code: str) -> None:
    """Digits of other scripts too, without an error of the program's."""
    office, _ = guarded
    assert fails(lambda: office.signing.by_code(office.sign_in("sec").session, code, HERE))


def test_a_code_typed_in_full_width_is_right(guarded: tuple[Office, str]) -> None:
    """As a Chinese keyboard gives it, with a space."""
    office, secret = guarded
    wide = office.code(secret).translate({ord("0") + n: 0xFF10 + n for n in range(10)})
    typed = f"{wide[:3]} {wide[3:]}"
    assert office.signing.by_code(office.sign_in("sec").session, typed, HERE)


def test_codes_are_locked_after_five_too(guarded: tuple[Office, str]) -> None:
    """The right password in between forgives nothing."""
    office, secret = guarded
    for number in range(5):
        session = office.sign_in("sec", place=From(f"10.1.0.{number}")).session
        assert fails(lambda s=session: office.signing.by_code(s, "000000", ELSEWHERE)) == "code"
    assert fails(lambda: office.signing.by_code(session, office.code(secret), HERE)) == "locked"


def test_nobody_slips_the_second_factor_by_another_step(guarded: tuple[Office, str]) -> None:
    """Whoever has the password alone begins no factor, sees no secret and changes no password."""
    office, secret = guarded
    session = office.sign_in("sec").session
    signing, code = office.signing, office.code(secret)
    fails(lambda: signing.factor_offered(session), OutOfStep)
    fails(lambda: signing.begin_factor(session, code, HERE), OutOfStep)
    fails(lambda: signing.change_password(session, PASSWORD, OTHER, HERE), OutOfStep)
    fails(lambda: signing.confirm(session, code, HERE), OutOfStep)
    assert signing.by_code(session, code, HERE)


def test_a_step_is_made_once(guarded: tuple[Office, str]) -> None:
    """Its session is over, and a session without that step makes none."""
    office, secret = guarded
    session = office.sign_in("sec").session
    opened = office.signing.by_code(session, office.code(secret), HERE)
    office.time.pass_by(60)
    fails(lambda: office.signing.by_code(session, office.code(secret), HERE), OutOfStep)
    fails(lambda: office.signing.by_code(opened.session, office.code(secret), HERE), OutOfStep)


def test_a_factor_offered_once_is_offered_to_nobody_else(office: Office) -> None:
    """Who saw the secret in a session that went no further does not know the one begun later."""
    office.add("sec", "security_admin")
    seen = office.signing.factor_offered(office.sign_in("sec").session)
    assert office.enrol(office.sign_in("sec"))[1] != seen


def test_a_factor_dropped_is_never_right_again(guarded: tuple[Office, str]) -> None:
    """The telephone that was lost shows no code of the next one; sessions end."""
    office, secret = guarded
    session = office.signing.by_code(office.sign_in("sec").session, office.code(secret), HERE)
    office.signing.drop_factor("sec", CONSOLE)
    assert not live(office, session)
    opened = office.sign_in("sec")
    assert opened.session.stage == "enrol"
    assert office.enrol(opened)[1] != secret
    numbers = [
        each.event.number
        for each in office.record.read_stream(PEOPLE)
        if isinstance(each.event, SecondFactorRenewed)
    ]
    assert numbers[1] == 0
    assert len(set(numbers)) == 3


def test_no_administrator_can_become_another(guarded: tuple[Office, str]) -> None:
    """三员分立: who could reset an administrator's sign-in could sign in as one."""
    office, secret = guarded
    with pytest.raises(ByConsole):
        office.signing.reset_password("sec", "sec2")
    with pytest.raises(ByConsole):
        office.signing.drop_factor("sec", "sec2")
    opened = office.signing.by_code(office.sign_in("sec").session, office.code(secret), HERE)
    assert live(office, opened)


def test_who_was_an_administrator_is_not_reset_and_made_one_again(
    guarded: tuple[Office, str],
) -> None:
    """Take the role away, reset, give it back: one person would act as two."""
    office, _ = guarded
    office.rule(lambda people, at: ruling.revoke(people, "sec", SECURITY, CONSOLE, at))
    with pytest.raises(ByConsole):
        office.signing.reset_password("sec", "sec2")
    assert office.signing.reset_password("sec", CONSOLE)


def test_who_becomes_an_administrator_signs_in_with_a_second_factor(
    office: Office,
) -> None:
    """A session begun by a password alone is over when the role is given."""
    office.add("li", INSPECTOR)
    opened = office.sign_in("li")
    assert live(office, opened)
    given = RoleGranted(at=AT, by=CONSOLE, person="li", role=SECURITY)
    office.rule(lambda people, at: ruling.grant(people, given))
    assert not live(office, opened)
    assert office.sign_in("li").session.stage == "enrol"


def test_a_sign_in_that_crosses_a_reset_is_none(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old password was right when it was looked at, and is not when the session begins."""
    office.add("li", INSPECTOR)
    right = passwords.is_right

    def slowly(stored: str | None, password: str) -> bool:
        found = right(stored, password)
        office.signing.reset_password("li", CONSOLE)
        return found

    monkeypatch.setattr(passwords, "is_right", slowly)
    with pytest.raises(SignInFailed):
        office.sign_in("li")
    assert office.signing.sessions("li") == []


def test_a_name_that_nobody_has_asks_the_store_as_often(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the time that it takes would tell who is there."""
    store, asked = office.store, [""]

    def counted(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def called(*given: Any) -> Any:
            asked.append(name)
            return call(*given)

        return called

    for name in ("password", "failures", "fail"):
        monkeypatch.setattr(store, name, counted(name, getattr(store, name)))

    def tried(who: str) -> list[str]:
        asked.clear()
        fails(lambda: office.signing.by_password(who, WRONG, HERE))
        return sorted(asked)

    assert tried("zhang") == tried("nobody") == ["fail", "failures", "password"]


def test_a_new_password_forgives_the_typing_errors_before(office: Office) -> None:
    """Whoever chose one knows it."""
    office.add("li", INSPECTOR, password="")
    first = office.signing.reset_password("li", CONSOLE)
    for _ in range(LOCKED_AFTER - 1):
        fails(lambda: office.signing.by_password("li", "wrong-password-this", HERE))
        office.time.pass_by(5)
    opened = office.signing.by_password("li", first, HERE)
    office.signing.change_password(opened.session, first, OTHER, HERE)
    assert office.store.failures("li").count == 0


def test_a_factor_is_renewed_by_who_shows_that_it_is_still_they(
    guarded: tuple[Office, str],
) -> None:
    """By a code of the one in use; the proof is of that session, for some minutes."""
    office, secret = guarded
    session = office.signing.by_code(office.sign_in("sec").session, office.code(secret), HERE)
    fails(lambda: office.signing.factor_offered(session.session), OutOfStep)
    office.time.pass_by(60)
    fails(lambda: office.signing.confirm(session.session, PASSWORD, HERE))
    proof = office.signing.confirm(session.session, office.code(secret), HERE)
    new = office.signing.factor_offered(session.session, proof)
    assert new != secret
    opened = office.signing.begin_factor(session.session, office.code(new), HERE, proof)
    assert live(office, opened)
    fails(lambda: office.signing.factor_offered(opened.session, proof), OutOfStep)


@pytest.mark.parametrize("proof", ["", ".", "9" * 30, "9" * 18 + ".00", "²." + "0" * 64, "x.y"])
def test_a_proof_that_is_none_begins_nothing(office: Office, proof: str) -> None:
    """Whatever it looks like."""
    session = office.sign_in("zhang").session
    fails(lambda: office.signing.factor_offered(session, proof), OutOfStep)


# Passwords


def test_a_first_password_is_changed_before_all_else(office: Office) -> None:
    """Sessions of the old one end; the new is not asked to be changed."""
    before = office.sign_in("zhang")
    told = office.signing.reset_password("zhang", "sec")
    assert not live(office, before)
    opened = office.sign_in("zhang", told)
    assert opened.session.stage == "password"
    after = office.signing.change_password(opened.session, told, OTHER, HERE)
    assert after.session.stage == ""
    assert office.sign_in("zhang", OTHER).session.stage == ""
    assert office.told().count("PasswordChanged") == 3


def test_changing_the_password_ends_the_sessions_elsewhere(office: Office) -> None:
    """And this one goes on under another secret."""
    here, there = office.sign_in("zhang"), office.sign_in("zhang", place=ELSEWHERE)
    after = office.signing.change_password(here.session, PASSWORD, OTHER, HERE)
    assert [live(office, each) for each in (here, there, after)] == [False, False, True]


@pytest.mark.parametrize(
    "new", ["short", PASSWORD, "x" * 257, "aaaaaaaaaaaa", "1234567890123", "my-name-is-zhang"]
)
def test_a_password_that_will_not_do_changes_nothing(office: Office, new: str) -> None:
    """Too short, the old one, too long, too plain, the name in it."""
    session = office.sign_in("zhang").session
    with pytest.raises(PasswordUnfit):
        office.signing.change_password(session, PASSWORD, new, HERE)
    assert office.sign_in("zhang")


def test_a_short_name_forbids_no_password(office: Office) -> None:
    """That two letters are in it is chance."""
    assert passwords.fit("correct-horse-lining", "li")


def test_guesses_of_the_old_password_are_locked_too(office: Office) -> None:
    """Of whoever sits down at somebody's browser."""
    session = office.sign_in("zhang").session
    guess = [WRONG] * 5 + [PASSWORD]
    whys = [
        fails(lambda old=old: office.signing.change_password(session, old, OTHER, HERE))
        for old in guess
    ]
    assert whys == ["password"] * 5 + ["locked"]


def test_nobody_changes_what_is_nobodys(office: Office) -> None:
    """A name that is not there is said to be none, to the administrator who gave it."""
    for act in (office.signing.reset_password, office.signing.unlock, office.signing.make_link):
        with pytest.raises(UnknownPerson):
            act("ghost", "sec")


# By a provider, a link, a kiosk


def test_a_provider_vouches_for_whom_it_names(office: Office) -> None:
    """Who administers brings the second factor all the same; a stranger is refused."""
    office.add("li", "manager", subject="s-1", password="")
    office.add("sec", "security_admin", subject="s-2", password="")
    assert office.signing.by_subject("s-1", HERE).session.stage == ""
    assert office.signing.by_subject("s-2", HERE).session.stage == "enrol"
    for stranger in ("s-3", ""):
        assert fails(lambda s=stranger: office.signing.by_subject(s, HERE)) == "subject"


def test_a_link_signs_in_once(office: Office) -> None:
    """The second who follows it is refused."""
    link = office.signing.make_link("zhang", CONSOLE)
    assert live(office, office.signing.by_link(link, HERE))
    assert fails(lambda: office.signing.by_link(link, HERE)) == "link"
    assert {"LinkIssued", "SignedIn", "SignInRefused"} <= set(office.told())


def test_a_link_is_over_after_its_minutes(office: Office) -> None:
    """And opens nothing as a cookie before."""
    link = office.signing.make_link("zhang", CONSOLE)
    assert office.admissions.admit(link, HERE.address) is None
    office.time.pass_by(QUARTER)
    assert fails(lambda: office.signing.by_link(link, HERE)) == "link"


def test_the_secret_of_a_session_is_no_link(office: Office) -> None:
    """And tried as one it does not end the session."""
    opened = office.sign_in("zhang")
    assert fails(lambda: office.signing.by_link(opened.secret, HERE)) == "link"
    assert live(office, opened)


def test_a_kiosk_is_good_from_its_address_until_closed(office: Office) -> None:
    """From another it is nobody."""
    secret = office.signing.open_kiosk("Hall", HERE.address, ("north",), "sec")
    assert office.signing.by_kiosk(secret, HERE).person == "hall"
    assert fails(lambda: office.signing.by_kiosk(secret, ELSEWHERE)) == "kiosk"
    assert office.signing.close_kiosk("hall", "sec")
    assert fails(lambda: office.signing.by_kiosk(secret, HERE)) == "kiosk"
    assert not office.signing.close_kiosk("hall", "sec")


def test_a_kiosk_opened_again_knows_the_new_secret_only(office: Office) -> None:
    """Even where the old session was left behind in the store."""
    old = office.signing.open_kiosk("hall", HERE.address, (), "sec")
    kept = office.store.sessions("hall")[0]
    new = office.signing.open_kiosk("hall", HERE.address, (), "sec")
    office.store.add_session(kept)
    assert fails(lambda: office.signing.by_kiosk(old, HERE)) == "kiosk"
    assert office.signing.by_kiosk(new, HERE)


def test_a_kiosk_has_a_name_that_no_person_has(office: Office) -> None:
    """So what one did is not taken for the other's."""
    with pytest.raises(PersonExists):
        office.signing.open_kiosk("zhang", HERE.address, (), "sec")
    with pytest.raises(NameUnfit):
        office.signing.open_kiosk("two words", HERE.address, (), "sec")


def test_a_kiosk_takes_no_step_of_a_person(office: Office) -> None:
    """It has no password to change and no factor to begin."""
    office.signing.open_kiosk("hall", HERE.address, (), "sec")
    session = office.store.sessions("hall")[0]
    fails(lambda: office.signing.change_password(session, PASSWORD, OTHER, HERE), OutOfStep)
    fails(lambda: office.signing.confirm(session, PASSWORD, HERE), OutOfStep)


# Out


def test_signing_out_ends_the_session_once(office: Office) -> None:
    """In the trail too."""
    opened = office.sign_in("zhang")
    office.signing.out(opened.session)
    office.signing.out(opened.session)
    assert not live(office, opened)
    assert office.told().count("SignedOut") == 1


def test_all_sessions_of_somebody_are_ended_by_another(office: Office) -> None:
    """The trail says who did it, and why."""
    office.sign_in("zhang")
    kept = office.sign_in("zhang")
    assert office.signing.out_all("zhang", "sec", but=kept.session.digest, why="left") == 1
    assert office.signing.sessions("zhang") == [kept.session]
    told: Any = office.trailed()[-1]
    assert (told.by, told.person, told.why) == ("sec", "zhang", "left")


def test_nothing_secret_is_recorded(office: Office, caplog: pytest.LogCaptureFixture) -> None:
    """No password, code, secret or token, in no file of the home and no line that is logged."""
    caplog.set_level(logging.DEBUG)
    signing = office.signing
    office.add("sec", "security_admin")
    opened, secret = office.enrol(office.sign_in("sec"))
    link, kiosk = signing.make_link("zhang", "sec"), signing.open_kiosk("hall", "::1", (), "sec")
    used = office.code(secret)
    first = signing.reset_password("zhang", "sec")
    changing = office.sign_in("zhang", first)
    changed = signing.change_password(changing.session, first, OTHER, HERE)
    fails(lambda: office.sign_in("zhang", WRONG))
    fails(lambda: signing.by_link(link + "x", HERE))
    fails(lambda: signing.by_kiosk(kiosk + "x", HERE))
    office.trailed()
    sessions = [opened, changing, changed]
    secret_things = [PASSWORD, OTHER, WRONG, first, secret, link, kiosk]
    secret_things += [each.secret for each in sessions]
    secret_things += [office.admissions.csrf(each.session.digest) for each in sessions]
    assert secrets_in(office.home, secret_things) == []
    assert [each for each in [*secret_things, used] if each in caplog.text] == []
    payloads = b"".join(each.payload for each in office.record.read(0, 1_000))
    assert f'"{used}"'.encode() not in payloads
