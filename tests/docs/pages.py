"""What the pages of docs/ tell to type, and where they lead."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click

from supervision.runners.cli import main

INLINE = re.compile(r"`(supervise [^`]+)`")
TYPED = re.compile(r"^```sh.*?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#]+)[^)]*\)")


def lines(page: str) -> Iterator[list[str]]:
    """The words of every line that is to be typed, without settings before them."""
    for block in TYPED.findall(page):
        for line in block.splitlines():
            words = shlex.split(line)
            while words and re.fullmatch(r"[A-Z_]+=.*", words[0]):
                del words[0]
            yield words


def commands(page: str) -> dict[str, list[str]]:
    """Those of `supervise`, whoever runs them, in the text too; and the words behind it."""
    asked = [words for words in lines(page) if "supervise" in words]
    asked += [line.split() for line in INLINE.findall(page)]
    return {" ".join(words): words[words.index("supervise") + 1 :] for words in asked}


def unknown_of(words: list[str]) -> set[str]:
    """What of a command does not exist: one of its names, or options."""
    command: click.Command = main
    while isinstance(command, click.Group) and words and words[0] != "…":
        if words[0] not in command.commands:
            return {words[0]}
        command, words = command.commands[words[0]], words[1:]
    options = {option for each in command.params for option in each.opts}
    return {word for word in words if word.startswith("-")} - options


def dead_links(path: Path) -> list[str]:
    """What a page links to that is not there, from its own folder."""
    targets = LINK.findall(path.read_text(encoding="utf-8"))
    inside = [target for target in targets if "://" not in target]
    assert len(inside) > 2
    return [target for target in inside if not (path.parent / target).exists()]
