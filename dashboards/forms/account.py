"""One's own account: who one is, what one may, one's sessions, password and second factor."""

from __future__ import annotations

from functools import wraps
from http import HTTPStatus
from typing import Any, NamedTuple

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from supervision.access.admission import Admission
from supervision.access.people import Grant, Person
from supervision.access.port import Session
from supervision.access.rules import SESSION, needs
from supervision.access.signing import SESSION_SHOWN
from supervision.access.web import form_of, place_of, signed_out, whoever

from ..show import local
from ..words_entry import role_name, say
from .entrance import E, Entrance, see, shown_factor, standing, told_done
from .page import address, lang_of, page
from .refused import refusal

BROWSERS = (
    ("MicroMessenger", "微信"),
    ("Edg", "Edge"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
SYSTEMS = (
    ("HarmonyOS", "HarmonyOS"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
)
"""What a browser says that it is, and how people call it; the first that is found."""


class SessionLine(NamedTuple):
    """A session as its person reads it; `begin` names it, `own` is the one that reads,
    `stage` the step at which it stands."""

    begin: str
    own: bool
    stage: str
    how: str
    since: str
    seen: str
    address: str
    browser: str
    agent: str


class GrantLine(NamedTuple):
    """A role as its person reads it."""

    role: str
    over: str
    texts: bool


def persons(endpoint: E) -> E:
    """For persons: a wall without one has no account."""

    @wraps(endpoint)
    async def answered(self: Any, request: Request) -> Response:
        if whoever().session.kind != "person":
            return refusal(HTTPStatus.FORBIDDEN, lang_of(request))
        return await endpoint(self, request)

    return answered  # type: ignore[return-value]  # the same signature, as far as routes see


class Account:
    """The pages of it."""

    def __init__(self, entrance: Entrance, zone: str) -> None:
        self._entrance, self._access, self._zone = entrance, entrance.access, zone
        self._signing = entrance.access.signing

    @needs(SESSION)
    @standing
    @persons
    async def show(self, request: Request) -> Response:
        """Who one is."""
        lang, admission = lang_of(request), whoever()
        context = await to_thread.run_sync(self._account, admission, lang)
        return page("account.html", lang, here="/account", done=told_done(request, lang), **context)

    @needs(SESSION)
    @standing
    @persons
    async def show_password(self, request: Request) -> Response:
        """Change one's password."""
        return self._password_page(lang_of(request))

    @needs(SESSION)
    @standing
    @persons
    async def change_password(self, request: Request) -> Response:
        """Change it: sessions elsewhere end."""
        form, place, session = await form_of(request), place_of(request), whoever().session
        old, new, lang = form.exact("old"), form.exact("new"), lang_of(request)
        if new != form.exact("new_again"):
            return self._password_page(lang, say("not_the_same", lang), HTTPStatus.BAD_REQUEST)

        def act() -> Response:
            opened = self._signing.change_password(session, old, new, place)
            return self._entrance.land(opened, place, lang, done("password", lang))

        async def again(problem: str, status: int) -> Response:
            wrong = say("old_wrong", lang) if status == HTTPStatus.UNAUTHORIZED else problem
            return self._password_page(lang, wrong, status)

        return await self._entrance.attempt(request, act, again)

    @needs(SESSION)
    @standing
    @persons
    async def show_factor(self, request: Request) -> Response:
        """Begin a second factor, or renew it: first one shows that it is still oneself."""
        return await self._factor_page(lang_of(request))

    @needs(SESSION)
    @standing
    @persons
    async def renew_factor(self, request: Request) -> Response:
        """The proof that it is oneself; then the first code of the new one."""
        form, place, session = await form_of(request), place_of(request), whoever().session
        lang, proof, code = lang_of(request), form["proof"], form["code"]

        async def again(problem: str, status: int) -> Response:
            return await self._factor_page(lang, proof, problem, status)

        if proof:

            def renew() -> Response:
                opened = self._signing.begin_factor(session, code, place, proof)
                return self._entrance.land(opened, place, lang, done("factor", lang))

            return await self._entrance.attempt(request, renew, again, "/account/factor")

        def confirm() -> Response:
            proved = self._signing.confirm(session, form.exact("given"), place)
            return self._offer(lang, proved, "", HTTPStatus.OK)

        return await self._entrance.attempt(request, confirm, again)

    @needs(SESSION)
    @standing
    @persons
    async def end_others(self, request: Request) -> Response:
        """End all sessions but this."""
        session = whoever().session
        await to_thread.run_sync(self._end_others, session)
        return see(done("sessions", lang_of(request)))

    @needs(SESSION)
    @standing
    @persons
    async def end_one(self, request: Request) -> Response:
        """End one of one's sessions; this one: sign out."""
        lang, session = lang_of(request), whoever().session
        begin = request.path_params["begin"]
        await to_thread.run_sync(self._end, session.person, begin)
        if session.digest[:SESSION_SHOWN] == begin:
            gone = see(address("/sign-in", lang=lang, done="out"))
            return signed_out(gone, self._access.admissions)
        return see(done("session", lang))

    def _end_others(self, session: Session) -> None:
        self._signing.out_all(session.person, session.person, but=session.digest)

    def _end(self, person: str, begin: str) -> None:
        for session in self._sessions(person):
            if session.digest[:SESSION_SHOWN] == begin:
                self._signing.out(session)

    def _sessions(self, person: str) -> list[Session]:
        """A person's; a wall may bear the same name."""
        return [each for each in self._signing.sessions(person) if each.kind == "person"]

    def _person(self, admission: Admission) -> Person:
        return self._access.admissions.people().persons[admission.person]

    def _account(self, admission: Admission, lang: str) -> dict[str, Any]:
        person = self._person(admission)
        lines = [self._line(each, admission, lang) for each in self._sessions(person.person)]
        return {
            "person": person,
            "name": admission.name,
            "grants": [grant_line(grant, lang) for grant in person.grants],
            "sessions": sorted(lines, key=lambda line: not line.own),
            "local": self._has_password(person),
        }

    def _has_password(self, person: Person) -> bool:
        return self._access.store.password(person.person) is not None

    def _line(self, session: Session, admission: Admission, lang: str) -> SessionLine:
        return SessionLine(
            session.digest[:SESSION_SHOWN],
            session.digest == admission.session.digest,
            session.stage,
            how_name(session.how, lang),
            f"{local(session.made_at, self._zone):%Y-%m-%d %H:%M}",
            f"{local(session.seen_at, self._zone):%Y-%m-%d %H:%M}",
            session.address,
            browser_name(session.agent, lang),
            session.agent,
        )

    def _password_page(self, lang: str, problem: str = "", status: int = 200) -> Response:
        return page(
            "password.html",
            lang,
            status,
            here="/account/password",
            problem=problem,
            next="",
            action=address("/account/password", lang=lang),
            person=whoever().person,
            first=False,
        )

    async def _factor_page(
        self, lang: str, proof: str = "", problem: str = "", status: int = 200
    ) -> Response:
        if proof:
            return await to_thread.run_sync(self._offer, lang, proof, problem, status)
        return await to_thread.run_sync(self._ask, lang, problem, status)

    def _ask(self, lang: str, problem: str, status: int) -> Response:
        person = self._person(whoever())
        return page(
            "confirm.html",
            lang,
            status,
            here="/account/factor",
            problem=problem,
            person=person,
            possible=bool(person.factor) or self._has_password(person),
        )

    def _offer(self, lang: str, proof: str, problem: str, status: int) -> Response:
        admission = whoever()
        secret = self._signing.factor_offered(admission.session, proof)
        return page(
            "factor.html",
            lang,
            status,
            here="/account/factor",
            problem=problem,
            next="",
            action=address("/account/factor", lang=lang),
            proof=proof,
            person=admission.person,
            first=False,
            **shown_factor(secret, admission.person),
        )


def done(what: str, lang: str) -> str:
    """The account's address, which says what was done."""
    return address("/account", lang=lang, done=what)


def grant_line(grant: Grant, lang: str) -> GrantLine:
    """A role and over what."""
    over = say("between", lang).join(grant.units) or say("the_whole", lang)
    return GrantLine(role_name(grant.role, lang), over, grant.texts)


def how_name(how: str, lang: str) -> str:
    """By what a session was begun."""
    return " + ".join(say(f"how_{part}", lang) for part in how.split("+"))


def browser_name(agent: str, lang: str) -> str:
    """A browser and its system as people call them."""
    names = [_first(BROWSERS, agent), _first(SYSTEMS, agent)]
    return " · ".join(name for name in names if name) or say("unknown_browser", lang)


def _first(names: tuple[tuple[str, str], ...], agent: str) -> str:
    return next((name for mark, name in names if mark in agent), "")
