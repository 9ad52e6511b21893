"""The front end as one Dash application on the product's own ASGI server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from anyio import to_thread
from dash import ClientsideFunction, Dash, Input, Output, ctx, dcc, html, set_props
from fastapi import FastAPI, Request, Response
from msgspec import Struct

from projections.figures import Wall
from supervision.access.admission import Admission
from supervision.access.gate import admitted
from supervision.access.rights import EVERYWHERE, Right
from supervision.access.rules import CLOSED, OPEN, SESSION, Rule, needs

from .headers import content_policy
from .pages import Asked, page_for
from .past_frames import TRUE, Replays, serve_past
from .past_page import Replay, replay_page
from .producer import written
from .show import Child
from .sights import Producers, Sights
from .source import WholeSource
from .truths import Truths
from .wall import WAYS, Shown, Way, shown, wall_page
from .words import LANGS

INDEX = """<!DOCTYPE html>
<html lang="zh-CN">
<head>
{%metas%}
<meta name="color-scheme" content="dark light">
<title>{%title%}</title>
{%favicon%}
{%css%}
</head>
<body>
{%app_entry%}
<footer hidden>{%config%}{%scripts%}{%renderer%}</footer>
</body>
</html>"""


class Settings(Struct, frozen=True, kw_only=True):
    """What the front end may be told, each with its default."""

    interval: float = 1.0
    """Seconds between readings of the wall while somebody watches."""
    idle_interval: float = 5.0
    """Seconds between readings while nobody does."""
    lease: float = 60.0
    """Seconds after which a viewer must show that it is still there."""
    page_size: int = 50
    """Lines of a list of cases."""
    ways: tuple[Way, ...] = WAYS
    """How to bring data in, told while there is none."""


DASH_RULES = {
    "/": SESSION,
    "{path:path}": SESSION,
    "/assets": OPEN,
    "/_favicon.ico": OPEN,
    "/_dash-component-suites/{package_name}/{fingerprinted_path:path}": SESSION,
    "/_dash-layout": SESSION,
    "/_dash-dependencies": SESSION,
    "/_dash-update-component": SESSION,
    "/_reload-hash": CLOSED,
    "/_dash-ws-callback": Rule("right", Right.WALL),
}
"""What Dash's own routes ask: its code and the frame of a page tell nothing; what stands in a page
follows from the rights of whoever asks for it (pages.py, sights.py).
"""


class Front(NamedTuple):
    """The front end as built: the Dash application, what people see of it, the header that says
    what its pages may load. Whoever serves it calls `producers.stop()` at the end.
    """

    app: Dash
    sights: Sights
    producers: Producers
    policy: str


Refused = Callable[[Admission, str, str], object]
"""Hears who asked for what that he may not have, and why not."""
Looked = Callable[[Admission, str, str, str], object]
"""Hears who is about to be shown which case (source, case_no), and how (looks.py)."""


def build(
    source: WholeSource,
    server: FastAPI,
    refused: Refused,
    looked: Looked,
    settings: Settings | None = None,
    truths: Truths | None = None,
) -> Front:
    """The front end on `server`, which stands behind a gate. `truths`: what tells past walls as
    they truly were; whoever serves it stops them.
    """
    given = settings or Settings()

    def draw(wall: Wall, lang: str, known: Wall | None = None) -> Shown:
        return shown(wall, lang, given.ways, known)

    producers = Producers(source, draw, given.interval, given.idle_interval)
    sights = Sights(source, producers, refused, looked)
    serve_frames(server, sights)
    replays = Replays(sights, draw, truths)
    serve_past(server, replays)
    # _setup_server, called below before serving: else a page that outlives a restart of the server
    # finds no callbacks, and its websocket stays silent for ever.
    app = Dash(
        __name__,
        server=server,  # type: ignore[arg-type]  # its types know Flask only
        backend="fastapi",
        assets_folder=str(Path(__file__).parent / "assets"),
        title="行政审批电子监察",
        update_title="",
        suppress_callback_exceptions=True,
        index_string=INDEX,
    )
    app.layout = layout
    route(app, sights, replays, given)
    push(app, sights, given)
    on_pulse = ClientsideFunction("wall", "pulse")
    app.clientside_callback(on_pulse, Input("pulse", "data"))  # type: ignore[no-untyped-call]
    app._setup_server()  # type: ignore[no-untyped-call]
    producers.of(EVERYWHERE)
    return Front(app, sights, producers, content_policy(app.csp_hashes()))


def layout() -> html.Div:
    """What every page has; the page itself follows from its address."""
    return html.Div(
        [
            dcc.Location(id="url", refresh=False),
            dcc.Store(id="mount"),
            dcc.Store(id="pulse"),
            html.Div(id="page"),
        ],
        id="root",
    )


def caller() -> str:
    """How the person behind this request is called; "" for a wall without a person."""
    admission = admitted()
    return admission.name if admission and admission.session.kind != "kiosk" else ""


def route(app: Dash, sights: Sights, replays: Replays, settings: Settings) -> None:
    """The page for an address."""

    @app.callback(
        Output("page", "children"),
        Output("pulse", "data"),
        Output("mount", "data"),
        Input("url", "pathname"),
        Input("url", "search"),
    )
    async def show_page(pathname: str | None, search: str | None) -> tuple[Any, Any, Any]:
        query = dict(parse_qsl((search or "").lstrip("?"), keep_blank_values=True))
        lang = query.get("lang", "zh")
        lang = lang if lang in LANGS else "zh"
        on_wall = (pathname or "/") == "/"
        may_live, may_replay = sights.may(Right.WALL), sights.may(Right.REPLAY)
        if on_wall and "at" in query:
            on_true = query.get("axis") == TRUE and replays.truths is not None
            department = query.get("department", "")
            past = Replay(query["at"], department, lang, caller(), may_live, on_true)
            body = await to_thread.run_sync(replay_page, replays, past, limiter=replays.limiter)
            return body, None, {"page": "replay"}
        producer = sights.producer() if on_wall else None
        if producer is None:
            asked = Asked(pathname or "/", query, lang, settings.page_size, caller())
            # Not asyncio's own threads: the gate's look-ups must not queue behind slow pages.
            body = await to_thread.run_sync(page_for, sights, asked)
            return body, None, {"page": "other"}
        producer.touch()
        frame = producer.latest
        values = frame.shown[lang] if frame else None
        children: list[Child] = wall_page(values, lang, caller(), replays=may_replay)
        mount = {"page": "wall", "lang": lang, "boot": "", "version": 0, "full": frame is None}
        if frame is None:
            return children, None, mount
        mount |= {"boot": frame.boot, "version": frame.version}
        return children, frame.pulse(lang), mount


def push(app: Dash, sights: Sights, settings: Settings) -> None:
    """To every wall that is open, what changed; nothing while nothing does but the pulse.

    The gate decides at every message anew whether it may be sent.
    """

    @app.callback(websocket=True, persistent=True)
    async def follow_wall() -> None:
        socket = ctx.websocket
        mount = await mounted(socket) if socket else None
        producer = sights.producer()
        if mount is None or mount["page"] != "wall" or producer is None:
            return
        lang, boot, seen = mount["lang"], mount["boot"], mount["version"]
        loop = asyncio.get_running_loop()
        renewed = loop.time()
        async for frame in producer.follow(boot, seen):
            if socket.is_shutdown:
                return
            if seen == 0 and mount["full"]:
                may = sights.may(Right.REPLAY)
                children = wall_page(frame.shown[lang], lang, caller(), replays=may)
                set_props("page", {"children": children})
            else:
                for name, prop, value in frame.since(lang, boot, seen):
                    set_props(name, {prop: value})
            set_props("pulse", {"data": frame.pulse(lang)})
            boot, seen = frame.boot, frame.version
            if loop.time() - renewed > settings.lease:
                await socket.get_prop("mount", "data", timeout=10)  # TimeoutError: it is gone
                renewed = loop.time()


async def mounted(socket: Any) -> dict[str, Any] | None:
    """What page the browser shows, as soon as it shows one."""
    for _ in range(200):
        mount: dict[str, Any] | None = await socket.get_prop("mount", "data", timeout=10)
        if mount is not None:
            return mount
        await asyncio.sleep(0.05)
    return None


def serve_frames(server: FastAPI, sights: Sights) -> None:
    """The same changes over plain HTTP, for browsers that get no websocket."""

    @server.get("/_wall/frame", include_in_schema=False)
    @needs(Right.WALL)
    async def frame(request: Request) -> Response:
        asked = request.query_params
        lang = "en" if asked.get("lang") == "en" else "zh"
        since = asked.get("since", "0")
        producer = sights.producer()
        latest = producer.latest if producer else None
        if latest is None:
            return Response(status_code=503)
        version = int(since[:18]) if since.isdecimal() else 0
        changes = latest.since(lang, asked.get("boot", ""), version)
        body = written({"changes": changes, "pulse": latest.pulse(lang)})
        return Response(body, media_type="application/json", headers={"Cache-Control": "no-store"})
