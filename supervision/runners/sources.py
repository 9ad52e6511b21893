"""`supervise key`: who may send."""

from __future__ import annotations

import getpass

import click

from ..intake.keys import new_key, revoke, valid_keys
from .settings import open_record, settings


@click.group()
def key() -> None:
    """接入密钥 Keys of source systems."""


@key.command("new")
@click.argument("source")
@click.option("--note", default="", help="What it is for.")
def new(source: str, note: str) -> None:
    """Give a source system a key; it is shown this once."""
    record = open_record(settings())
    try:
        secret = new_key(record, source, by=getpass.getuser(), note=note)
    finally:
        record.close()
    click.echo(secret)
    click.echo("只显示这一次，请妥善保存。Shown this once: keep it safe.", err=True)


@key.command("list")
def list_keys() -> None:
    """The keys that open, by the beginning of their digest."""
    record = open_record(settings())
    try:
        for each in valid_keys(record):
            click.echo(f"{each.digest[:12]}  {each.source}  {each.note}")
    finally:
        record.close()


@key.command("revoke")
@click.argument("digest")
def revoke_key(digest: str) -> None:
    """Take a key away, by the beginning of its digest (see `supervise key list`)."""
    record = open_record(settings())
    try:
        matching = [
            k for k in valid_keys(record) if len(digest) >= 8 and k.digest.startswith(digest)
        ]
        if len(matching) != 1:
            raise click.ClickException(
                f"{len(matching)} keys begin with {digest!r}; give at least 8 characters of one"
            )
        revoke(record, matching[0].digest, by=getpass.getuser())
    finally:
        record.close()
    click.echo(f"已作废 revoked: {matching[0].source} {matching[0].digest[:12]}")
