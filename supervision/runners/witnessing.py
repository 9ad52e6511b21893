"""`supervise witness`: a witness of other logs (C2SP tlog-witness).

It knows nothing of cases: of each log it holds the last checkpoint that it has vouched for. Two
installations may so witness each other, and neither can rewrite its log unseen.
"""

from __future__ import annotations

from pathlib import Path

import click

from replay.cosigning import Cosigner, CosigningWitness
from replay.notes import read_key
from replay.seal_keys import make_signer, private_key

from ..errors import SupervisionError
from . import logs


class ListenUnfit(SupervisionError):
    """No address to listen on."""

    def __init__(self, given: str) -> None:
        super().__init__(f"--listen {given!r} is not HOST:PORT, such as 127.0.0.1:8070")


def cosigner(path: Path, name: str) -> Cosigner:
    """The witness's key, made if there is none, its name beside it. KeyUnfit, NameUnfit."""
    signer = make_signer(path, name)
    return Cosigner(signer.key.name, private_key(path, path.read_bytes()))


@click.command()
@click.option("--key", "key", required=True, type=click.Path(path_type=Path))
@click.option("--name", default="", help="The witness's name; else that beside the key, or made.")
@click.option("--listen", default="127.0.0.1:8070", metavar="HOST:PORT", show_default=True)
@click.option("--folder", required=True, type=click.Path(path_type=Path), help="What it knows.")
@click.option("--log", "vkeys", multiple=True, required=True, metavar="VKEY")
@click.option("--new", is_flag=True, help="Begin with logs that it does not know yet; once.")
def witness(
    key: Path, name: str, listen: str, folder: Path, vkeys: tuple[str, ...], new: bool
) -> None:
    """见证 Vouch for other logs: that each only ever grew (docs/integrity.md).

    --log is what `supervise seal vkey` prints there, once for each log. --new belongs to the first
    start with a log alone: without it a memory that is gone, such as a disk that is not mounted, is
    told. Checkpoints are signed, so plain HTTP loses nothing but who asks when; beyond this machine
    a proxy may add TLS.
    """
    from .witness_server import serve

    logs.setup("text", "info", "witness", logs.instance_name())
    keys = [read_key(each) for each in vkeys]
    host, port = _address(listen)
    made = CosigningWitness(folder, cosigner(key, name), keys, new=new)
    try:
        click.echo(f"见证方 witness: {made.key.vkey}@http://{listen}")
        serve(made, host, port)
    finally:
        made.close()


def _address(listen: str) -> tuple[str, int]:
    host, _, port = listen.rpartition(":")
    if not host or not (port.isascii() and port.isdecimal()) or not 0 < int(port) < 65_536:
        raise ListenUnfit(listen)
    return host.strip("[]"), int(port)
