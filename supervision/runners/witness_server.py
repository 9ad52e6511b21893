"""The server of a witness: checkpoints come by HTTP and go back cosigned (C2SP tlog-witness)."""

from __future__ import annotations

import logging
import time

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from replay.cosigning import LONGEST, Answer, CosigningWitness, MemoryBroken
from replay.witnesses import ADD

from .server import free

log = logging.getLogger(__name__)

TOO_LONG = Answer(400, b"the request is too long\n")
BROKEN = Answer(500, b"what this witness knows cannot be read; its owner was told\n")


def serve(witness: CosigningWitness, host: str, port: int) -> None:
    """Answer until interrupted. PortBusy."""
    free(host, port, "--listen")
    uvicorn.run(application(witness), host=host, port=port, log_config=None, access_log=False)


def application(witness: CosigningWitness) -> Starlette:
    """POST /add-checkpoint, GET /vkey."""

    async def add(request: Request) -> Response:
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > LONGEST:
                return _answered(TOO_LONG)
        return _answered(await run_in_threadpool(_add, witness, bytes(body)))

    async def vkey(request: Request) -> Response:
        return PlainTextResponse(f"{witness.key.vkey}\n")

    return Starlette(routes=[Route(ADD, add, methods=["POST"]), Route("/vkey", vkey)])


def _add(witness: CosigningWitness, body: bytes) -> Answer:
    try:
        answer = witness.add(body, int(time.time()))
    except MemoryBroken as error:
        log.error("%s", error)
        return BROKEN
    if answer.status != 200:
        log.warning("refused a checkpoint with %d: %s", answer.status, _first_line(answer.body))
    return answer


def _first_line(body: bytes) -> str:
    return body.decode(errors="replace").partition("\n")[0]


def _answered(answer: Answer) -> Response:
    return Response(answer.body, answer.status, headers={"Content-Type": answer.kind})
