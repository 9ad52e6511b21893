"""Signing in and one's account, by the pages themselves, with the gate in front of them.

Above 400 lines: each page of signing in and of one's account, in the order a person meets them.
"""

from __future__ import annotations

import html
from collections.abc import Iterator
from pathlib import Path

import pytest

from supervision.access.events import PEOPLE, LinkIssued, SignedIn, SignedOut, SignInRefused
from supervision.access.factor import picture_of
from supervision.access.rights import AUDIT, INSPECTOR, MANAGER, SECURITY
from supervision.access.signing import From
from supervision.errors import StoreDown
from tests.front_door import (
    ANOTHER,
    BY,
    PAGE,
    PASSWORD,
    SECOND,
    Browser,
    FrontDoor,
    front_door,
    leads_to,
    quick_hashes,
    secret_on,
)

FAILED = "登录失败"


@pytest.fixture
def door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FrontDoor]:
    """The front door of a system where an inspector, li, has a password."""
    quick_hashes(monkeypatch)
    with front_door(tmp_path / "door") as opened:
        opened.add("li", INSPECTOR, name="李明")
        yield opened


@pytest.fixture
def browser(door: FrontDoor) -> Browser:
    """A browser without cookies."""
    return door.browser()


def events(door: FrontDoor, kind: type) -> list[object]:
    """What the trail says of a kind."""
    return [event for event in door.trail() if isinstance(event, kind)]


class TestSigningIn:
    """Name and password."""

    def test_a_page_leads_to_signing_in_and_back_to_itself(self, browser: Browser) -> None:
        """Whoever asks for a page without a session signs in, and is then where they wanted."""
        page = browser.follow(browser.get("/cases?what=red&value=%E5%B8%82"))
        assert (page.status_code, "登录名" in page.text) == (200, True)
        answer = browser.send(
            "/sign-in", name="li", password=PASSWORD, next="/cases?what=red&value=%E5%B8%82"
        )
        assert leads_to(answer) == "/cases?what=red&value=%E5%B8%82"
        assert browser.follow(answer).text == "the cases"

    def test_the_page_keeps_where_somebody_wanted_to_go(self, browser: Browser) -> None:
        """As a hidden field, as text whatever it holds."""
        page = browser.get("/sign-in?next=/cases?q=%22%3E%3Cb%3E")
        assert 'name="next" value="/cases?q=&#34;&gt;&lt;b&gt;"' in page.text

    def test_who_wanted_nothing_begins_at_home(self, browser: Browser) -> None:
        """An inspector's is the wall."""
        answer = browser.sign_in("li")
        assert leads_to(answer) == "/"
        assert browser.follow(answer).text == "the wall"

    def test_the_name_may_be_typed_in_any_width_and_case(self, browser: Browser) -> None:
        """As input methods leave it."""
        assert leads_to(browser.sign_in(" ＬＩ ")) == "/"

    def test_the_cookies_are_out_of_reach(self, browser: Browser) -> None:
        """The session's is bound to this host, unreadable for scripts, not sent by other sites."""
        cookies = browser.sign_in("li").headers.get_list("set-cookie")
        session = next(each for each in cookies if each.startswith("__Host-session="))
        wanted = ("HttpOnly", "Secure", "SameSite=lax", "Path=/")
        assert [each for each in wanted if each not in session] == []
        assert "Domain" not in session

    @pytest.mark.parametrize(
        ("name", "password"),
        [("li", "wrong"), ("nobody", PASSWORD), ("", ""), ("x" * 70_0, "y" * 3_000), ("li", "")],
        ids=["password", "name", "nothing", "long", "no-password"],
    )
    def test_whatever_was_wrong_the_words_are_the_same(
        self, browser: Browser, name: str, password: str
    ) -> None:
        """401, one message, no session."""
        answer = browser.sign_in(name, password)
        told = answer.text.partition('role="alert">')[2].partition("<")[0]
        assert answer.status_code == 401
        assert told.startswith(FAILED)
        assert browser.secret is None

    def test_a_disabled_account_is_told_the_same(self, door: FrontDoor, browser: Browser) -> None:
        """Nobody learns that it was disabled."""
        from supervision.access import ruling

        door.access.rule(lambda people, at: ruling.disable(people, "li", BY, at))
        answer = browser.sign_in("li")
        assert (answer.status_code, FAILED in answer.text) == (401, True)

    def test_five_failures_lock_and_are_told_the_same(
        self, door: FrontDoor, browser: Browser
    ) -> None:
        """The right password then fails in the same words, and works a quarter of an hour later."""
        for _ in range(5):
            browser.sign_in("li", "wrong")
        locked = browser.sign_in("li")
        assert (locked.status_code, FAILED in locked.text) == (401, True)
        door.clock.move(15 * 60 + 1)
        assert leads_to(browser.sign_in("li")) == "/"

    def test_too_many_tries_say_when_to_come_back(self, browser: Browser) -> None:
        """429 with Retry-After, and the same page."""
        browser.get("/sign-in")
        for number in range(20):
            browser.send("/sign-in", name=f"n{number}", password="")
        answer = browser.send("/sign-in", name="li", password=PASSWORD)
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
        assert "60 秒后再试" in answer.text

    def test_what_was_typed_as_a_name_is_shown_as_text(self, browser: Browser) -> None:
        """Markup in it is no markup of the page."""
        answer = browser.sign_in('"><script>alert(1)</script>')
        assert "<script>" not in answer.text
        assert "&lt;script&gt;" in answer.text

    @pytest.mark.parametrize(
        "wanted",
        [
            "https://evil.example/",
            "//evil.example/",
            "/\\evil.example/",
            "/\t/evil.example",
            "\\\\evil.example",
            "javascript:alert(1)",
            "/ok\r\nSet-Cookie: a=b",
            "/sign-out",
            "/link/abc",
            "evil.example",
            "/" + "a" * 600,
        ],
    )
    def test_next_leads_nowhere_else(self, browser: Browser, wanted: str) -> None:
        """What is no address of this server, or would loop, is home."""
        answer = browser.sign_in("li", next=wanted)
        assert leads_to(answer) == "/"

    def test_who_is_signed_in_already_is_led_on(self, browser: Browser) -> None:
        """The page for signing in is not for them."""
        browser.sign_in("li")
        assert leads_to(browser.get("/sign-in?next=/cases")) == "/cases"

    def test_the_first_administrator_is_explained(self, tmp_path: Path) -> None:
        """Where nobody can sign in yet, the page gives the command instead of a form."""
        with front_door(tmp_path / "empty") as empty:
            page = empty.browser().get("/sign-in")
        assert "supervise user add 登录名 --role security_admin" in page.text
        assert "<form" not in page.text

    def test_english_is_kept_along_the_way(self, browser: Browser) -> None:
        """The form, its failure and the way on."""
        page = browser.get("/sign-in?lang=en")
        assert 'action="/sign-in?lang=en"' in page.text
        failed = browser.send("/sign-in?lang=en", name="li", password="wrong")
        assert "Not signed in" in failed.text
        assert leads_to(browser.send("/sign-in?lang=en", name="li", password=PASSWORD)) == (
            "/?lang=en"
        )

    def test_a_form_of_another_site_is_refused(self, browser: Browser) -> None:
        """Signing somebody in as somebody else takes a page of ours."""
        headers = {**PAGE, "Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
        answer = browser.client.post(
            "/sign-in", data={"name": "li", "password": PASSWORD}, headers=headers
        )
        assert (answer.status_code, browser.secret) == (403, None)

    def test_a_jumped_clock_is_explained(self, door: FrontDoor, browser: Browser) -> None:
        """Nobody signs in, and the page says what the operator does."""
        browser.sign_in("nobody")
        door.clock.wall += 3_600 * SECOND
        answer = browser.sign_in("li")
        assert (answer.status_code, browser.secret) == (503, None)
        assert "supervise clock confirm" in answer.text

    def test_a_store_that_is_down_is_explained(
        self, door: FrontDoor, browser: Browser, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """503 in words that hold nothing of the store's own."""

        def down(person: str) -> None:
            raise StoreDown("10.1.2.3:5432/keys", "connection refused")

        browser.get("/sign-in")
        monkeypatch.setattr(door.access.store, "password", down)
        answer = browser.send("/sign-in", name="li", password=PASSWORD)
        assert (answer.status_code, "暂时连接不上数据库" in answer.text) == (503, True)
        assert "10.1.2.3" not in answer.text

    def test_a_sign_in_leaves_its_events(self, door: FrontDoor, browser: Browser) -> None:
        """One for the failure, one for the success, with the address."""
        browser.sign_in("li", "wrong")
        browser.sign_in("li")
        (refused,) = events(door, SignInRefused)
        (signed,) = events(door, SignedIn)
        assert (refused.by, refused.why, refused.address) == ("li", "password", "10.0.0.7")
        assert (signed.by, signed.how, signed.address) == ("li", "password", "10.0.0.7")


class TestSteps:
    """Second factor and first password."""

    def test_an_administrator_comes_in_by_every_step(
        self, door: FrontDoor, browser: Browser
    ) -> None:
        """First password, second factor begun, a password of one's own; `next` goes along."""
        door.add("wang", SECURITY, temporary=True)
        step = browser.sign_in("wang", next="/account?lang=en")
        assert leads_to(step).startswith("/sign-in/factor?next=")
        assert leads_to(browser.get("/account")) == "/sign-in/factor"
        page = browser.follow(step)
        assert 'src="data:image/svg+xml' in page.text
        code = door.digits(secret_on(page))
        step = browser.send("/sign-in/factor", code=code, next="/account?lang=en")
        assert leads_to(step).startswith("/sign-in/password?next=")
        browser.follow(step)
        done = browser.send(
            "/sign-in/password",
            old=PASSWORD,
            new=ANOTHER,
            new_again=ANOTHER,
            next="/account?lang=en",
        )
        assert leads_to(done) == "/account?lang=en"
        assert browser.follow(done).status_code == 200

    def test_the_secret_is_shown_in_groups_of_four(self, door: FrontDoor, browser: Browser) -> None:
        """Eight groups, to be typed where no camera is; the same as in the picture."""
        door.add("wang", SECURITY)
        page = browser.follow(browser.sign_in("wang"))
        secret = secret_on(page)
        assert len(secret) == 32
        assert html.escape(picture_of(secret, "wang")) in page.text

    def test_a_code_follows_the_password(self, door: FrontDoor, browser: Browser) -> None:
        """The wrong one is told as any failure; the right one leads on."""
        with_factor(door, "wang")
        browser.follow(browser.sign_in("wang"))
        wrong = browser.send("/sign-in/code", code="000000")
        assert (wrong.status_code, FAILED in wrong.text) == (401, True)
        right = browser.send("/sign-in/code", code=door.code("wang"))
        assert leads_to(right) == "/account"
        assert browser.follow(right).status_code == 200

    def test_a_code_is_good_once(self, door: FrontDoor, browser: Browser) -> None:
        """Who reads it over somebody's shoulder is too late."""
        with_factor(door, "wang")
        browser.follow(browser.sign_in("wang"))
        browser.send("/sign-in/code", code=door.code("wang"))
        other = door.browser("10.0.0.8")
        other.follow(other.sign_in("wang"))
        assert other.send("/sign-in/code", code=door.code("wang")).status_code == 401

    def test_nothing_else_is_open_between_the_steps(
        self, door: FrontDoor, browser: Browser
    ) -> None:
        """Every page leads back to the step that is wanted."""
        with_factor(door, "wang")
        browser.sign_in("wang")
        for path in ("/", "/account", "/account/factor", "/sign-in/password", "/sign-in/factor"):
            assert leads_to(browser.get(path)) == "/sign-in/code"

    def test_a_step_that_is_not_ones_own_begins_again(
        self, door: FrontDoor, browser: Browser
    ) -> None:
        """A code without a second factor, a second factor twice."""
        door.add("wang", SECURITY)
        browser.follow(browser.sign_in("wang"))
        assert leads_to(browser.send("/sign-in/code", code="123456")) == "/sign-in"
        assert leads_to(browser.send("/sign-in/password", old="a", new="b", new_again="b")) == (
            "/sign-in"
        )

    def test_a_first_password_must_be_changed(self, door: FrontDoor, browser: Browser) -> None:
        """To one that will do, typed twice the same; what is wrong is said."""
        door.add("chen", MANAGER, temporary=True)
        assert leads_to(browser.sign_in("chen")) == "/sign-in/password"
        page = browser.get("/sign-in/password")
        assert 'autocomplete="new-password"' in page.text
        unlike = browser.send("/sign-in/password", old=PASSWORD, new=ANOTHER, new_again="other")
        assert (unlike.status_code, "不一致" in unlike.text) == (400, True)
        short = browser.send("/sign-in/password", old=PASSWORD, new="short", new_again="short")
        assert (short.status_code, "密码须为 12 至 256 个字符<" in short.text) == (400, True)
        wrong = browser.send("/sign-in/password", old="wrong", new=ANOTHER, new_again=ANOTHER)
        assert wrong.status_code == 401
        done = browser.send("/sign-in/password", old=PASSWORD, new=ANOTHER, new_again=ANOTHER)
        assert leads_to(done) == "/"
        assert leads_to(door.browser().sign_in("chen", ANOTHER)) == "/"

    def test_whoever_stops_between_the_steps_may_begin_as_another(
        self, door: FrontDoor, browser: Browser
    ) -> None:
        """The page for signing in is there, and the half session ends."""
        with_factor(door, "wang")
        browser.sign_in("wang")
        before = browser.secret
        assert leads_to(browser.sign_in("li")) == "/"
        assert door.access.admissions.admit(before or "", "10.0.0.7") is None


class TestSigningOut:
    """The one button."""

    def test_the_button_ends_the_session(self, door: FrontDoor, browser: Browser) -> None:
        """Here, in the store and in the trail."""
        browser.sign_in("li")
        before = browser.secret or ""
        browser.get("/account")
        page = browser.follow(browser.send("/sign-out"))
        assert "您已退出" in page.text
        assert browser.secret is None
        assert door.access.admissions.admit(before, "10.0.0.7") is None
        assert [event.person for event in events(door, SignedOut)] == ["li"]

    def test_a_link_signs_nobody_out(self, browser: Browser) -> None:
        """An image of another site with that address does nothing."""
        browser.sign_in("li")
        browser.get("/sign-out")
        assert browser.get("/").text == "the wall"

    @pytest.mark.parametrize("token", ["", "0" * 64])
    def test_a_form_without_the_token_signs_nobody_out(self, browser: Browser, token: str) -> None:
        """Refused, and told no more than that."""
        browser.sign_in("li")
        answer = browser.send("/sign-out", csrf=token)
        assert (answer.status_code, "不能进行此操作" in answer.text) == (403, True)
        assert browser.get("/").text == "the wall"


class TestLinks:
    """Links that sign in once."""

    def test_looking_at_a_link_does_not_use_it(self, door: FrontDoor, browser: Browser) -> None:
        """A preview is a GET; the button is what counts, once."""
        path = f"/link/{door.access.signing.make_link('li', BY)}"
        for _ in range(2):
            assert browser.get(path).status_code == 200
        assert browser.secret is None
        assert leads_to(browser.send(path)) == "/"
        other = door.browser()
        other.get(path)
        again = other.send(path)
        assert (again.status_code, "已被使用" in again.text) == (401, True)
        assert len(events(door, LinkIssued)) == 1

    def test_a_link_is_good_for_minutes(self, door: FrontDoor, browser: Browser) -> None:
        """Later it opens nothing."""
        path = f"/link/{door.access.signing.make_link('li', BY)}"
        door.clock.move(15 * 60 + 1)
        browser.get(path)
        assert browser.send(path).status_code == 401

    def test_a_link_does_not_spare_the_second_factor(
        self, door: FrontDoor, browser: Browser
    ) -> None:
        """An administrator brings it all the same."""
        with_factor(door, "wang")
        path = f"/link/{door.access.signing.make_link('wang', BY)}"
        browser.get(path)
        assert leads_to(browser.send(path)) == "/sign-in/code"


class TestKiosks:
    """Walls without a person."""

    def test_the_address_of_a_wall_shows_it(self, door: FrontDoor) -> None:
        """From its own place; and it stays for as long as it was opened."""
        secret = door.access.signing.open_kiosk("hall", "10.0.0.9", (), BY)
        kiosk = door.browser("10.0.0.9")
        answer = kiosk.get(f"/kiosk/{secret}")
        assert leads_to(answer) == "/"
        assert "Max-Age=31536000" in answer.headers["set-cookie"]
        assert kiosk.follow(answer).text == "the wall"
        assert "<button" not in kiosk.get("/sign-in").text.partition("<main>")[0]
        assert kiosk.get("/cases").status_code == 403
        assert kiosk.get("/account").status_code == 403

    def test_elsewhere_it_shows_nothing(self, door: FrontDoor, browser: Browser) -> None:
        """Nor does what is no wall's secret: a person's, a link's, an invented one."""
        kiosk = door.access.signing.open_kiosk("hall", "10.0.0.9", (), BY)
        opened = door.access.signing.by_password("li", PASSWORD, From("10.0.0.7"))
        link = door.access.signing.make_link("li", BY)
        for secret in (kiosk, opened.secret, link, "invented"):
            answer = browser.get(f"/kiosk/{secret}")
            assert (answer.status_code, browser.secret) == (403, None)


class TestAccount:
    """Who one is, and where one is signed in."""

    def test_it_says_who_one_is_and_what_one_may(self, door: FrontDoor, browser: Browser) -> None:
        """Name, department, roles and over what, in words; everything as text."""
        door.add(
            "chen",
            MANAGER,
            name="<i>陈</i>",
            department="市<b>住建局",
            units=("城东区", "城<u>西区"),
            texts=True,
        )
        browser.sign_in("chen")
        page = browser.get("/account").text
        shown = ("&lt;i&gt;陈", "市&lt;b&gt;住建局", "部门负责人", "城东区、城&lt;u&gt;西区")
        assert [each for each in shown if each not in page] == []
        assert "可查看（须说明理由）" in page

    def test_a_browser_is_told_as_people_call_it(self, browser: Browser) -> None:
        """What it says that it is stays text."""
        agent = '<script>"Mozilla/5.0 (Windows NT 10.0) Chrome/126.0 Edg/126.0'
        browser.client.headers["user-agent"] = agent
        browser.sign_in("li")
        page = browser.get("/account").text
        assert ">Edge · Windows</span>" in page
        assert "<script>" not in page

    def test_the_bar_shows_what_one_may_open(self, door: FrontDoor, browser: Browser) -> None:
        """And nothing else."""
        browser.sign_in("li")
        bar = browser.get("/account").text.partition("<nav")[2].partition("</nav>")[0]
        places = ("/", "/cases", "/people", "/units", "/rights", "/kiosks", "/keys", "/trail")
        assert [path for path in places if f'href="{path}"' in bar] == ["/", "/cases"]

    def test_who_has_no_role_sees_the_account_alone(
        self, door: FrontDoor, browser: Browser
    ) -> None:
        """And whom to ask."""
        door.add("new")
        page = browser.follow(browser.sign_in("new"))
        bar = page.text.partition("<main>")[0]
        assert ("<nav" in bar, 'href="/account"' in bar) == (False, True)
        assert "请联系安全管理员授权" in page.text

    def test_ones_sessions_are_listed_and_ended(self, door: FrontDoor, browser: Browser) -> None:
        """Each with a button; one's own is marked; another's cannot be touched."""
        browser.sign_in("li")
        other, stranger = door.browser("10.0.0.8"), door.browser("10.0.0.9")
        other.sign_in("li")
        door.add("chen", MANAGER)
        stranger.sign_in("chen")
        page = browser.get("/account").text
        assert ("10.0.0.7" in page, "10.0.0.8" in page, "10.0.0.9" in page) == (True, True, False)
        assert page.count("本次登录") == 1
        begin = digest(door, stranger)
        browser.send(f"/account/sessions/{begin}/end")
        assert stranger.get("/").text == "the wall"
        browser.get("/account")
        ended = browser.send(f"/account/sessions/{digest(door, other)}/end")
        assert "会话已结束" in browser.follow(ended).text
        assert is_out(other)

    def test_all_others_end_at_once(self, door: FrontDoor, browser: Browser) -> None:
        """This one stays."""
        browser.sign_in("li")
        others = [door.browser(f"10.0.1.{n}") for n in range(3)]
        for other in others:
            other.sign_in("li")
        browser.get("/account")
        assert leads_to(browser.send("/account/sessions/end")) == "/account?done=sessions"
        assert [other for other in others if not is_out(other)] == []
        assert browser.get("/").text == "the wall"

    def test_ending_ones_own_is_signing_out(self, door: FrontDoor, browser: Browser) -> None:
        """The cookie goes too."""
        browser.sign_in("li")
        browser.get("/account")
        answer = browser.send(f"/account/sessions/{digest(door, browser)}/end")
        assert leads_to(answer) == "/sign-in?done=out"
        assert browser.secret is None

    def test_a_password_is_changed_by_who_knows_it(self, door: FrontDoor, browser: Browser) -> None:
        """The session goes on under a new secret; those elsewhere end."""
        browser.sign_in("li")
        other = door.browser("10.0.0.8")
        other.sign_in("li")
        before = browser.secret
        browser.get("/account/password")
        wrong = browser.send("/account/password", old="wrong", new=ANOTHER, new_again=ANOTHER)
        assert (wrong.status_code, "当前密码不正确" in wrong.text) == (401, True)
        answer = browser.send("/account/password", old=PASSWORD, new=ANOTHER, new_again=ANOTHER)
        assert leads_to(answer) == "/account?done=password"
        assert "密码已修改" in browser.follow(answer).text
        assert browser.secret not in (None, before)
        assert is_out(other)

    @pytest.mark.parametrize(
        "path",
        ["/account/password", "/account/factor", "/account/sessions/end"],
    )
    def test_nothing_changes_without_the_token(self, browser: Browser, path: str) -> None:
        """Every form of the account brings it."""
        browser.sign_in("li")
        assert browser.send(path, csrf="").status_code == 403

    def test_somebody_may_begin_a_second_factor(self, door: FrontDoor, browser: Browser) -> None:
        """With the password first; the next sign-in then asks for a code."""
        browser.sign_in("li")
        page = browser.get("/account/factor")
        assert 'autocomplete="current-password"' in page.text
        wrong = browser.send("/account/factor", given="wrong")
        assert (wrong.status_code, "data:image/svg" in wrong.text) == (401, False)
        offered = browser.send("/account/factor", given=PASSWORD)
        assert "data:image/svg" in offered.text
        proof = proof_of(offered.text)
        again = browser.send("/account/factor", proof=proof, code="000000")
        assert (again.status_code, "data:image/svg" in again.text) == (401, True)
        code = door.digits(secret_on(offered))
        done = browser.send("/account/factor", proof=proof, code=code)
        assert leads_to(done) == "/account?done=factor"
        assert leads_to(door.browser().sign_in("li")) == "/sign-in/code"

    def test_a_second_factor_is_renewed_by_who_has_it(
        self, door: FrontDoor, browser: Browser
    ) -> None:
        """The password alone does not take it away."""
        with_factor(door, "wang")
        browser.follow(browser.sign_in("wang"))
        browser.send("/sign-in/code", code=door.code("wang"))
        door.clock.move(60)
        browser.get("/account/factor")
        assert browser.send("/account/factor", given=PASSWORD).status_code == 401
        offered = browser.send("/account/factor", given=door.code("wang"))
        proof = proof_of(offered.text)
        code = door.digits(secret_on(offered))
        assert code != door.code("wang")
        done = browser.send("/account/factor", proof=proof, code=code)
        assert leads_to(done) == "/account?done=factor"

    @pytest.mark.parametrize("forgery", ["9999999999999999.00", "x", "", "٣.aa", "1" * 30])
    def test_an_invented_proof_shows_no_secret(self, browser: Browser, forgery: str) -> None:
        """Who was not asked again begins again."""
        browser.sign_in("li")
        browser.get("/account/factor")
        answer = browser.send("/account/factor", proof=forgery, code="123456")
        assert "data:image/svg" not in answer.text
        assert leads_to(answer) == "/account/factor" or answer.status_code == 401

    def test_a_proof_is_good_for_minutes_and_one_session(
        self, door: FrontDoor, browser: Browser
    ) -> None:
        """Kept, or carried to another browser, it is nothing."""
        browser.sign_in("li")
        browser.get("/account/factor")
        offered = browser.send("/account/factor", given=PASSWORD)
        proof, code = proof_of(offered.text), door.digits(secret_on(offered))
        other = door.browser("10.0.0.8")
        other.sign_in("li")
        other.get("/account/factor")
        carried = other.send("/account/factor", proof=proof, code=code)
        assert leads_to(carried) == "/account/factor"
        door.clock.move(10 * 60)
        late = browser.send("/account/factor", proof=proof, code=door.digits(secret_on(offered)))
        assert leads_to(late) == "/account/factor"

    def test_who_has_only_a_provider_has_no_password_to_change(
        self, door: FrontDoor, browser: Browser
    ) -> None:
        """Neither button is there, and the page of the factor says why."""
        door.add("zhou", AUDIT, password="", subject="s-1")
        door.add("sun", MANAGER, password="", subject="s-2")
        opened = door.access.signing.by_subject("s-2", From("10.0.0.7"))
        browser.client.cookies.set("__Host-session", opened.secret)
        page = browser.get("/account").text
        assert ("/account/password" in page, "/account/factor" in page) == (False, False)
        assert "统一身份认证" in browser.get("/account/factor").text


class TestRefusals:
    """What is told to who may not."""

    @pytest.mark.parametrize("lang", ["zh", "en"])
    @pytest.mark.parametrize("status", [403, 404, 413, 503])
    def test_a_refusal_says_what_to_do_and_no_more(self, status: int, lang: str) -> None:
        """A page with its status, in the language."""
        from dashboards.forms.refused import refusal

        answer = refusal(status, lang)
        text = bytes(answer.body).decode()
        assert answer.status_code == status
        assert ('lang="zh-CN">' in text.partition("<head>")[0]) == (lang == "zh")
        assert 'href="/sign-in' in text

    def test_without_the_right_the_page_is_refused(self, door: FrontDoor, browser: Browser) -> None:
        """403, in words."""
        door.add("wu", "window")
        browser.sign_in("wu")
        answer = browser.get("/")
        assert (answer.status_code, "安全管理员" in answer.text) == (403, True)

    def test_every_page_loads_nothing_but_files_of_this_server(self, browser: Browser) -> None:
        """No script, no inline style, the policy on every answer, nothing kept by caches."""
        browser.sign_in("li")
        for path in ("/account", "/account/password", "/account/factor"):
            answer = browser.get(path)
            assert "<script" not in answer.text
            assert " style=" not in answer.text
            assert answer.headers["cache-control"] == "no-store"
            assert "default-src 'self'" in answer.headers["content-security-policy"]


def with_factor(door: FrontDoor, person: str) -> None:
    """An administrator whose second factor is in use."""
    from supervision.access.events import SecondFactorRenewed

    door.add(person, SECURITY)
    door.record.note(
        PEOPLE, lambda at: SecondFactorRenewed(at=at, by=person, person=person, number=1)
    )


def is_out(browser: Browser) -> bool:
    """Whether the wall leads a browser to signing in."""
    return leads_to(browser.get("/")).partition("?")[0] == "/sign-in"


def digest(door: FrontDoor, browser: Browser) -> str:
    """By what a browser's session is named."""
    from supervision.access.admission import digest_of

    return digest_of(browser.secret or "")[:12]


def proof_of(text: str) -> str:
    """The proof that a page carries."""
    return text.partition('name="proof" value="')[2].partition('"')[0]
